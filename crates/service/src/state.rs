//! What every request can reach.

use std::{sync::Arc, time::Duration};

use crate::{
    auth::{Passwords, attempts::Attempts, issuers::Issuers, security_log::SecurityLog, tokens::Tokens},
    config::DataLicence,
    db::Db,
    kernel::clock::Clock,
    observe::metrics::Metrics,
    web::{client::Proxies, rate_limit::RateLimits, turns::Turns},
};

/// The shared state of the API.
#[derive(Clone)]
pub struct AppState {
    /// The database.
    pub db: Db,
    /// What tells the present moment and day: the clock of the database.
    pub clock: Clock,
    /// Issues and checks access tokens.
    pub tokens: Arc<Tokens>,
    /// Checks passwords.
    pub passwords: Arc<Passwords>,
    /// Who must wait before trying to sign in again.
    pub attempts: Arc<Attempts>,
    /// What the audit hears of signing in.
    pub security_log: Arc<SecurityLog>,
    /// Outside issuers whose tokens are believed.
    pub issuers: Arc<Issuers>,
    /// How many requests who may send.
    pub rate_limits: Arc<RateLimits>,
    /// How long a body may take before its rate counts, and at most between two of its pieces.
    pub body_patience: Duration,
    /// Proxies that are trusted to say where a request comes from.
    pub trusted_proxies: Arc<[Proxies]>,
    /// How long a whole body may take.
    pub body_time: Duration,
    /// Whose list arrives and is imported next.
    pub turns: Turns,
    /// The right to ask whether the server can serve.
    pub readiness: Arc<tokio::sync::Mutex<()>>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Origins whose pages may write through a browser.
    pub cors_origins: Arc<[String]>,
    /// The address under which the outside reaches the API.
    pub public_url: Arc<str>,
    /// The licence of the network's own data.
    pub data_licence: DataLicence,
}
