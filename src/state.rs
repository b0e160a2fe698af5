//! What every request can reach.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use crate::{
    auth::{Passwords, attempts::Attempts, issuers::Issuers, security_log::SecurityLog, tokens::Tokens},
    config::DataLicence,
    db::Db,
    observe::metrics::Metrics,
    web::{client::Proxies, rate_limit::RateLimits},
};

/// The shared state of the API.
#[derive(Clone)]
pub struct AppState {
    /// The database.
    pub db: Db,
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
    /// Places for lists that arrive: as many are held in memory at once.
    pub uploads: Arc<Semaphore>,
    /// The right to import: one request has it at a time.
    pub imports: Arc<Semaphore>,
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
