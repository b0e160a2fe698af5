//! Imports: lists that others keep, pushed as a whole. What a list comes to is planned without writing anything; a dry
//! run carries the plan out and takes it back, a real one lets it stand. Both leave a report.

mod dto;
mod http;
mod rules;
mod store;

use chrono::{DateTime, Utc};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::{Actor, Db, StoreError, Tx},
    kernel::id::Identifier,
};

pub use self::{
    dto::ImportOut,
    rules::{Format, Mode, Order, Report, Resource, Stored, Unreadable},
    store::{Content, Stopped, has_sources, keep, read, run, stored},
};

/// Forgets reports from before a moment, and those of what was not done after a month, in small transactions, so that
/// others can write in between. Returns how many.
///
/// # Errors
/// The database's.
pub fn forget(db: &Db, before: DateTime<Utc>) -> Result<usize, StoreError> {
    const RETENTION: Actor = Actor::System("retention of reports");
    let mut forgotten = 0;
    loop {
        match db.write_blocking(&RETENTION, |tx| store::forget(tx, before))? {
            (0, 0) => return Ok(forgotten),
            (reports, _) => forgotten += reports,
        }
    }
}

/// Erases the reports that an account has made, within a transaction, and returns how many.
///
/// # Errors
/// The database's.
pub fn erase_within(tx: &mut Tx<'_>, account_id: &Identifier) -> Result<usize, StoreError> {
    let mut erased = 0;
    loop {
        match store::erase(tx, account_id)? {
            (0, 0) => return Ok(erased),
            (reports, _) => erased += reports,
        }
    }
}

/// The same in small transactions, for an account that makes no more of them.
///
/// # Errors
/// The database's.
pub fn erase(db: &Db, actor: &Actor, account_id: &Identifier) -> Result<usize, StoreError> {
    let mut erased = 0;
    loop {
        match db.write_blocking(actor, |tx| store::erase(tx, account_id))? {
            (0, 0) => return Ok(erased),
            (reports, _) => erased += reports,
        }
    }
}

/// Mounts the operations on imports.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::create_import)
        .service(http::list_imports)
        .service(http::get_import_template)
        .service(http::get_import)
        .service(http::list_import_rows);
}
