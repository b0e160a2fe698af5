//! Whether the process lives, and whether it can serve.

use actix_web::{HttpResponse, get, http::header, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::{MigrationStatus, WriteFailure, migration_status},
    state::AppState,
    web::{
        problem::{NOT_READY, Problem},
        query::{NoParameters, Query},
    },
};

/// The state of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthOut {
    /// `ok`; everything else is a problem document.
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// What the server can do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadinessOut {
    /// `ok`: the server answers reads. Everything else is a problem document.
    #[schema(example = "ok")]
    pub status: &'static str,
    /// Whether writes work: `ok`, or `failing`. It is looked at not more often than every 5 seconds.
    #[schema(example = "ok")]
    pub writes: &'static str,
    /// Why writes fail: `no_space`, `read_only`, `storage`, `database_moved` (the file of the embedded database was renamed, deleted or replaced), `locked`, `unavailable` or `error`. Null where they work. The server's log has the details.
    #[schema(example = json!(null))]
    pub cause: Option<&'static str>,
}

impl ReadinessOut {
    fn of(failure: Option<WriteFailure>) -> Self {
        let writes = if failure.is_some() { "failing" } else { "ok" };
        Self { status: "ok", writes, cause: failure.map(WriteFailure::as_str) }
    }
}

fn ok(body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

/// Whether the process lives
///
/// Answers without asking anything else, so that a supervisor restarts only what is really stuck.
#[utoipa::path(tag = "operations", operation_id = "getLiveness", responses((status = 200, description = "The process lives.", body = HealthOut)))]
#[get("/health/live")]
pub async fn live(_query: Query<NoParameters>) -> HttpResponse {
    ok(HealthOut { status: "ok" })
}

/// Whether the server can serve
///
/// Asks the database and compares its migrations with those of this binary. A server whose writes fail still serves reads:
/// it is ready, and says that they fail.
#[utoipa::path(
    tag = "operations",
    operation_id = "getReadiness",
    responses(
        (status = 200, description = "The database answers and has the schema of this binary.", body = ReadinessOut),
        (status = 503, description = "The database is away or has another schema.", body = crate::web::problem::ProblemOut, content_type = "application/problem+json"),
    )
)]
#[get("/health/ready")]
pub async fn ready(_query: Query<NoParameters>, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    // One at a time, since nobody is told to wait with this question: many of them must not fill the database's queue.
    let _turn = state.readiness.lock().await;
    let status = state.db.read(migration_status).await?;
    if status == (MigrationStatus { pending: 0, unknown: Vec::new() }) {
        return Ok(ok(ReadinessOut::of(state.db.write_failure().await)));
    }
    let detail =
        format!("{} migrations are pending, {} are unknown to this binary.", status.pending, status.unknown.len());
    Err(Problem::new(&NOT_READY, detail))
}
