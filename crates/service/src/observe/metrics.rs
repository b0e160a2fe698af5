//! Prometheus metrics, on a listener of their own that the public never reaches.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use actix_web::{HttpResponse, http::Method, web};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::db::{Db, LockTimeCounts, WriteFailure};

/// A route's requests, told apart by method and status.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

/// The upper bounds of the duration histogram, in seconds.
const BUCKETS: [f64; 11] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// All metrics of a process.
pub struct Metrics {
    registry: Registry,
    durations: Family<Request, Histogram>,
    remembered: Counter,
}

impl Metrics {
    /// Empty metrics.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("remacto");
        let durations = Family::<Request, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let help = "Time from a request's head to its answer's head, by method, route pattern and status";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, durations.clone());
        let build = Family::<Vec<(&'static str, &'static str)>, Counter>::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION"))]).inc();
        registry.register("build", "The running binary's version", build);
        let remembered = Counter::default();
        registry.register("answers_remembered", "Answers given once more from memory", remembered.clone());
        Self { registry, durations, remembered }
    }

    /// Notes an answered request.
    pub fn observe(&self, method: &Method, route: &str, status: u16, elapsed: Duration) {
        let method = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            Method::OPTIONS => "OPTIONS",
            _ => "OTHER",
        };
        let labels = Request { method, route: route.to_owned(), status };
        self.durations.get_or_create(&labels).observe(elapsed.as_secs_f64());
    }

    /// Notes an answer that was given once more from memory.
    pub fn remembered(&self) {
        self.remembered.inc();
    }

    /// The exposition text (OpenMetrics), with the database's own count of statements and why writes fail, if they do.
    ///
    /// # Errors
    /// A formatting error, which a `String` does not give rise to.
    pub fn expose(&self, db: &Db, failure: Option<WriteFailure>) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        writeln!(text, "# HELP remacto_db_statements Statements sent to the database since the start.")?;
        writeln!(text, "# TYPE remacto_db_statements counter")?;
        writeln!(text, "remacto_db_statements_total {}", db.query_count())?;
        let help = "Time from taking the counter of changes to the end of the commit, in which no other transaction can publish";
        writeln!(text, "# HELP remacto_publication_lock_seconds {help}.")?;
        writeln!(text, "# TYPE remacto_publication_lock_seconds histogram")?;
        let LockTimeCounts { buckets, count, sum } = db.lock_times();
        for (bound, count) in buckets {
            writeln!(text, "remacto_publication_lock_seconds_bucket{{le=\"{bound}\"}} {count}")?;
        }
        writeln!(text, "remacto_publication_lock_seconds_bucket{{le=\"+Inf\"}} {count}")?;
        writeln!(text, "remacto_publication_lock_seconds_sum {sum}")?;
        writeln!(text, "remacto_publication_lock_seconds_count {count}")?;
        writeln!(text, "# HELP remacto_db_writes_failing Whether writes to the database fail (1), by cause.")?;
        writeln!(text, "# TYPE remacto_db_writes_failing gauge")?;
        for cause in WriteFailure::ALL {
            let fails = u8::from(failure == Some(cause));
            writeln!(text, "remacto_db_writes_failing{{cause=\"{}\"}} {fails}", cause.as_str())?;
        }
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// `GET /metrics` of the operations listener.
pub async fn metrics(metrics: web::Data<Arc<Metrics>>, db: web::Data<Db>) -> HttpResponse {
    match metrics.expose(&db, db.write_failure().await) {
        Ok(text) => {
            HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text)
        }
        Err(error) => {
            log::error!("the metrics can't be written: {error}");
            HttpResponse::InternalServerError().finish()
        }
    }
}
