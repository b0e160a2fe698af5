//! The focal points: people whom the network calls about a member. They are personal data of law 09-08: only their member,
//! the secretariat and the administrator see them, no feed and no export has them, and the audit says of a change only
//! that it happened.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::{StoreError, Tx};

pub use self::{
    dto::FocalPointOut,
    rules::{Correction, FocalPoint, read_name, read_phone},
    store::{FocalPointHooks, correct, erase, forget, of_person, take_turn},
};

/// Mounts the operations on focal points.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::list_focal_points)
        .service(http::create_focal_point)
        .service(http::get_focal_point)
        .service(http::update_focal_point)
        .service(http::delete_focal_point);
}

/// Focal points that are invented for demonstration.
pub const ILLUSTRATIVE: &[&str] = &[include_str!("../../data/focal_points/illustrative.csv")];

/// Adds the illustrative focal points of members that have none.
///
/// # Errors
/// The database's, or the line of a fault in the file.
pub fn load_illustrative(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    store::seed(tx, rules::parse_reference(ILLUSTRATIVE.concat().as_str()).map_err(StoreError::Corrupt)?)
}
