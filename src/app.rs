//! Puts the house together: mounts every resource, wraps the middlewares around them in their order, and
//! runs the listeners. Tests run exactly this.

use std::{any::Any, io, net::SocketAddr, net::TcpListener, sync::Arc, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    middleware::{Compress, from_fn},
    web::{self, Data},
};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::TcpStream;
use utoipa_actix_web::{AppExt as _, scope, service_config::ServiceConfig};

use crate::{
    action_programs, assessments, audit,
    auth::{
        self, Passwords,
        issuers::Issuers,
        principal::identify,
        security_log::{self, SecurityLog},
        tokens::Tokens,
    },
    changes, charter,
    config::{OpsBind, ServeArgs},
    consultations,
    db::Db,
    evaluations, exchange, exports, focal_points, imports, index, indicators, insight, members, network,
    observe::{access::observe, health, metrics},
    openapi, persons, portal,
    reload::{Hangups, Reload},
    retention,
    state::AppState,
    territories,
    web::{
        cache::{Answers, remember},
        cors::cors,
        fallback::{RouteTable, fallback, head_as_get},
        headers::finish,
        limits::bounds,
        rate_limit::{FORGET_INTERVAL, RateLimits},
        turns::Turns,
        unread::hold,
    },
};

/// Mounts everything that the OpenAPI document describes. To mount is to document: there is no second list.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(
            scope("/api/v1")
                .configure(index::configure)
                .configure(network::configure)
                .configure(charter::configure)
                .configure(members::configure)
                .configure(focal_points::configure)
                .configure(action_programs::configure)
                .configure(consultations::configure)
                .configure(evaluations::configure)
                .configure(exchange::configure)
                .configure(assessments::configure)
                .configure(indicators::configure)
                .configure(territories::configure)
                .configure(changes::configure)
                .configure(exports::configure)
                .configure(imports::configure)
                .configure(audit::configure)
                .configure(persons::configure)
                .configure(insight::configure)
                .configure(auth::configure),
        )
        .configure(auth::configure_well_known)
        .configure(openapi::configure)
        .service(health::live)
        .service(health::ready)
        .configure(portal::configure);
}

/// The listeners of a running server.
pub struct Running {
    /// The API; resolves when it has stopped.
    pub api: Server,
    /// Where the API listens.
    pub address: SocketAddr,
    /// The operations listener, unless it is off.
    pub operations: Option<Server>,
    /// Where the operations listener is.
    pub operations_address: Option<SocketAddr>,
    /// What the audit has still to hear of.
    security_log: Arc<SecurityLog>,
}

impl Running {
    /// Waits until the API has stopped, then stops the operations listener.
    ///
    /// # Errors
    /// The listener's.
    pub async fn wait(self) -> io::Result<()> {
        let handle = self.operations.as_ref().map(Server::handle);
        if let Some(operations) = self.operations {
            tokio::task::spawn(operations);
        }
        let outcome = self.api.await;
        self.security_log.finish().await;
        if let Some(handle) = handle {
            ServerHandle::stop(&handle, false).await;
        }
        outcome
    }
}

/// Starts both listeners over an open database.
///
/// # Errors
/// An address that can't be listened on; the message names it.
pub fn start(args: &ServeArgs, db: Db) -> io::Result<Running> {
    let metrics = Arc::new(metrics::Metrics::new());
    let keys = args.keys(db.target()).map_err(io::Error::other)?;
    let listener = listen(args.bind)?;
    let address = listener.local_addr()?;
    let rate_limits = Arc::new(RateLimits::new(args.rate_limit, args.account_rate_limit, args.contribution_rate_limit));
    let security_log = security_log::start(db.clone());
    let state = AppState {
        db: db.clone(),
        clock: db.clock().clone(),
        tokens: Arc::new(Tokens::new(keys, &args.public_url(address))),
        passwords: Arc::new(Passwords::default()),
        attempts: Arc::default(),
        security_log: Arc::clone(&security_log),
        issuers: Arc::new(Issuers::new(args.issuers().map_err(io::Error::other)?)),
        rate_limits: Arc::clone(&rate_limits),
        body_patience: Duration::from_millis(args.head_timeout_ms),
        trusted_proxies: args.trusted_proxies.clone().into(),
        body_time: Duration::from_secs(args.body_timeout_s),
        turns: Turns::default(),
        readiness: Arc::default(),
        metrics: Arc::clone(&metrics),
        cors_origins: args.cors_origins.clone().into(),
        public_url: args.public_url(address).into(),
        data_licence: args.data_licence,
    };
    tokio::task::spawn(forget_rates(rate_limits));
    let reload = Reload::new(args, db.target(), &state.tokens, &state.issuers);
    tokio::task::spawn(reload.at_hangup(Hangups::listen()?));
    tokio::task::spawn(retention::keep_house(db.clone(), args.retention()));
    let (operations, operations_address) = match args.ops_bind {
        OpsBind::Off => (None, None),
        OpsBind::At(bind) => {
            let listener = listen(bind)?;
            let address = listener.local_addr()?;
            (Some(operations(listener, metrics, db)?), Some(address))
        }
    };
    let api = api(args, listener, state)?;
    Ok(Running { api, address, operations, operations_address, security_log })
}

/// Forgets those whose requests have all come back, every minute as long as the server runs.
async fn forget_rates(limits: Arc<RateLimits>) {
    let mut interval = tokio::time::interval(FORGET_INTERVAL);
    loop {
        interval.tick().await;
        limits.forget();
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|error| io::Error::new(error.kind(), format!("can't listen on {address}: {error}")))
}

fn api(args: &ServeArgs, listener: TcpListener, state: AppState) -> io::Result<Server> {
    let mounted = openapi::mounted();
    openapi::text().map_err(io::Error::other)?;
    let collections = Data::new(index::Collections::of(mounted));
    let table = Data::new(RouteTable::of(mounted));
    let answers = Data::new(Answers::default());
    let digests = Data::new(changes::Digests::default());
    let state = Data::new(state);
    let artefacts = exports::Artefacts::new(args.export_dir.as_deref());
    let artefacts =
        Data::new(artefacts.map_err(|error| io::Error::new(error.kind(), format!("no place for exports: {error}")))?);
    let count = |number: u32| usize::try_from(number).map_err(io::Error::other);
    let workers = count(args.workers())?;
    let connections = count(args.connections(state.db.target()))?;
    // Each worker has threads of its own for the database: for reading, together as many as there are connections; for
    // writing, of which no more is under way than this in the whole process, enough in each.
    let blocking_threads = connections.div_ceil(workers) + state.db.writers();
    let patience = Duration::from_millis(args.head_timeout_ms.saturating_mul(STUCK_FACTOR));
    let server = HttpServer::new(move || {
        let (app, _document) = App::new().into_utoipa_app().configure(routes).split_for_parts();
        app.app_data(state.clone())
            .app_data(collections.clone())
            .app_data(table.clone())
            .app_data(answers.clone())
            .app_data(digests.clone())
            .app_data(artefacts.clone())
            .service(portal::interactive_docs())
            .default_service(web::to(fallback))
            // The last one wrapped is the first to see a request.
            .wrap(from_fn(head_as_get))
            .wrap(Compress::default())
            .wrap(from_fn(remember))
            .wrap(from_fn(identify))
            .wrap(from_fn(bounds))
            .wrap(from_fn(cors))
            .wrap(from_fn(finish))
            .wrap(from_fn(observe))
            .wrap(from_fn(hold))
    })
    .on_connect(move |connection, _extensions| cut_off_when_stuck(connection, patience))
    .workers(workers)
    .worker_max_blocking_threads(blocking_threads)
    .client_request_timeout(Duration::from_millis(args.head_timeout_ms))
    .client_disconnect_timeout(Duration::from_millis(args.head_timeout_ms))
    .keep_alive(Duration::from_secs(75))
    .shutdown_timeout(u64::from(args.shutdown_timeout_s));
    Ok(server.listen(listener)?.run())
}

/// How many times the time for a request's head a client may leave an answer unread.
const STUCK_FACTOR: u64 = 12;

/// Lets the system end a connection whose other end takes nothing of an answer: the framework waits for ever.
fn cut_off_when_stuck(connection: &dyn Any, patience: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>() {
        let set = SockRef::from(stream).set_tcp_user_timeout(Some(patience));
        if let Err(error) = set {
            log::debug!("a connection can't be told when to give up: {error}");
        }
    }
}

fn operations(listener: TcpListener, metrics: Arc<metrics::Metrics>, db: Db) -> io::Result<Server> {
    let metrics = Data::new(metrics);
    let db = Data::new(db);
    let server = HttpServer::new(move || {
        App::new().app_data(metrics.clone()).app_data(db.clone()).route("/metrics", web::get().to(metrics::metrics))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}
