//! Exports: each public data set as a whole, as CSV, NDJSON and JSON, made once for each state of its collection and
//! kept as files; with the descriptions by which machines find and understand them.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

pub use self::http::{Artefacts, write_all};

/// Mounts the operations on exports.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::list_exports)
        .service(http::get_export)
        .service(http::get_data_package)
        .service(http::get_catalog);
}
