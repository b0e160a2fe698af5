//! The network itself: what it is, who is behind it, and what has been published about its composition. A
//! published figure is a dated statement with its source and its own words; it is never the truth about the
//! members, which is computed from their rows.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::{StoreError, Tx};

pub use self::{
    rules::{Facts, MemberKind, Network},
    store::find,
};

/// Mounts the operations on the network.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(http::get_network);
}

/// The embedded description of the network.
pub const REFERENCE: &[&str] = &[include_str!("../../data/network.json")];

/// Makes the stored network that of the embedded file and returns how many resources it touched.
///
/// # Errors
/// The database's, or the place of a fault in the file.
pub fn load_reference(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let facts = rules::parse_reference(REFERENCE.concat().as_str()).map_err(StoreError::Corrupt)?;
    store::load(tx, facts)
}
