//! What every request can reach.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{
    auth::{Passwords, attempts::Attempts, tokens::Tokens},
    config::DataLicence,
    db::Db,
    observe::metrics::Metrics,
    web::client::Proxies,
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
    /// Proxies that are trusted to say where a request comes from.
    pub trusted_proxies: Arc<[Proxies]>,
    /// Places for lists that arrive: as many are held in memory at once.
    pub uploads: Arc<Semaphore>,
    /// The right to import: one request has it at a time.
    pub imports: Arc<Semaphore>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Origins whose pages may write through a browser.
    pub cors_origins: Arc<[String]>,
    /// The address under which the outside reaches the API.
    pub public_url: Arc<str>,
    /// The licence of the network's own data.
    pub data_licence: DataLicence,
}
