//! Who may do what, and how they prove who they are: the role table, accounts, passwords, client secrets, signing keys,
//! access tokens, and the extractors that make a permission a part of a handler's type.

pub mod accounts;
pub mod attempts;
mod dto;
mod http;
pub mod issuers;
pub mod keys;
pub mod passwords;
pub mod principal;
pub mod refresh_tokens;
pub mod roles;
pub mod security_log;
pub mod sessions;
pub mod store;
pub mod tokens;

use std::{num::NonZero, sync::Arc};

use tokio::sync::Semaphore;
use utoipa_actix_web::service_config::ServiceConfig;

use self::{accounts::SecretHash, passwords::ContextWords};
use crate::{
    db::StoreError,
    threads::{apart, give_way},
};

/// Mounts the operations below the API's root.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::create_token)
        .service(http::revoke_token)
        .service(http::create_session)
        .service(http::list_sessions)
        .service(http::end_session)
        .service(http::change_password)
        .service(http::set_password)
        .service(http::get_own_account)
        .service(http::list_users)
        .service(http::create_user)
        .service(http::get_user)
        .service(http::update_user)
        .service(http::offer_password)
        .service(http::list_clients)
        .service(http::create_client)
        .service(http::get_client)
        .service(http::update_client)
        .service(http::rotate_client_secret)
        .service(http::drop_former_client_secret);
}

/// Mounts what has an address of its own on every host.
pub fn configure_well_known(config: &mut ServiceConfig<'_>) {
    config.service(http::get_authorization_server).service(http::get_key_set);
}

/// How many sign-ins may wait for each one that is under way.
const QUEUE_PER_CORE: usize = 16;

/// Checks passwords: each takes a core for tens of milliseconds and 19 MiB, so that no more are under way than there
/// are cores, and a flood of them is refused.
pub struct Passwords {
    turns: Arc<Semaphore>,
    places: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { turns: Arc::new(Semaphore::new(cores)), places: Semaphore::new(cores * (1 + QUEUE_PER_CORE)) }
    }
}

impl Passwords {
    /// Whether a password is the one of a hash; as slow without a hash.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when too many wait.
    pub async fn check(&self, password: String, hash: Option<SecretHash>) -> Result<bool, StoreError> {
        self.in_turn(move || passwords::is_password(&password, hash.as_ref().map(|hash| hash.0.as_str()))).await
    }

    /// Whether a new password is hard to guess, where words of the account are guessed first.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when too many wait. Inside: a predicate for a sentence about the password.
    pub async fn check_new(&self, password: String, context: ContextWords) -> Result<Result<(), String>, StoreError> {
        self.in_turn(move || passwords::check_strength(&password, &context)).await
    }

    /// The hash of a new password, which is as much work.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when too many wait. Inside: a predicate for a sentence about the password.
    pub async fn hash(&self, password: String) -> Result<Result<String, String>, StoreError> {
        self.in_turn(move || passwords::hash_password(&password)).await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
        let _place = self.places.try_acquire().map_err(|_full| StoreError::Overloaded)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_closed| StoreError::Aborted)?;
        let work = move || {
            let _turn = turn;
            give_way();
            work()
        };
        apart("password", work).await.ok_or(StoreError::Aborted)
    }
}
