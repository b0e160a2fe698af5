//! Imports: lists that others keep, pushed as a whole. What a list comes to is planned without writing anything; a dry
//! run carries the plan out and takes it back, a real one lets it stand. Both leave a report.

mod dto;
mod http;
mod rules;
mod store;

use chrono::{DateTime, Utc};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::{Actor, Db, StoreError};

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

/// Mounts the operations on imports.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::create_import)
        .service(http::list_imports)
        .service(http::get_import_template)
        .service(http::get_import)
        .service(http::list_import_rows);
}
