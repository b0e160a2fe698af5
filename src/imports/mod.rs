//! Imports: lists that others keep, pushed as a whole. What a list comes to is planned without writing anything; a dry
//! run carries the plan out and takes it back, a real one lets it stand. Both leave a report.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub use self::{
    dto::ImportOut,
    rules::{Format, Mode, Order, Report, Resource, Stored, Unreadable},
    store::{Content, Stopped, forget, has_sources, keep, read, run, stored},
};

/// Mounts the operations on imports.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::create_import)
        .service(http::list_imports)
        .service(http::get_import_template)
        .service(http::get_import)
        .service(http::list_import_rows);
}
