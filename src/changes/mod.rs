//! The feed of changes: everything that happened to published resources, in the order of the commits, so that a copy
//! elsewhere can follow without ever asking for the whole again. An entry says that something changed; what it is now is
//! read when the feed is read, so that nothing withdrawn is ever replayed.

mod dto;
mod http;
mod rules;
mod store;

use chrono::{DateTime, Utc};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::{Actor, Db, StoreError};

pub use self::{
    http::Digests,
    rules::{Generation, State},
    store::{begin_generation, state},
};

/// Mounts the operations on the feed.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(http::list_changes).service(http::get_latest_change).service(http::get_digest);
}

/// Who forgets old changes.
const RETENTION: Actor = Actor::System("retention of the change feed");

/// Forgets the changes from before a moment, the oldest first, in transactions of a bounded size, and returns how many.
/// Several instances may do it at once.
///
/// # Errors
/// The database's; what was forgotten until then stays so.
pub fn forget(db: &Db, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let mut forgotten = 0;
    loop {
        let batch = db.write_blocking(&RETENTION, |tx| store::forget(tx, before))?;
        forgotten += batch;
        if batch < store::MOST_FORGOTTEN {
            return Ok(forgotten);
        }
    }
}
