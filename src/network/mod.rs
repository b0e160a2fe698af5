//! The network itself: what it is, who is behind it, and what has been published about its composition. A
//! published figure is a dated statement with its source and its own words; it is never the truth about the
//! members, which is computed from their rows.

mod dto;
mod http;
mod rules;
mod store;

use chrono::NaiveDate;
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::{Conn, StoreError, Tx, current_sequence, json},
    kernel::id::Identifier,
    members,
};

pub use self::{
    dto::NetworkRecordOut,
    rules::{Composition, Network},
};

/// Mounts the operations on the network.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(http::get_network).service(http::get_statistics);
}

/// The network, its composition on a day, and the number of the last change before they were read: they are at least
/// as new. `None` before the reference data is loaded.
///
/// # Errors
/// The database's.
pub fn overview(conn: &mut Conn, day: NaiveDate) -> Result<Option<(Network, Composition, i64)>, StoreError> {
    let sequence = current_sequence(conn)?;
    let Some(network) = store::find(conn)? else { return Ok(None) };
    Ok(Some((network, Composition::on(day, &members::tally(conn)?), sequence)))
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

/// What the network is now, without anything that is computed, if its id is among these.
///
/// # Errors
/// The database's.
pub fn represent(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<(Identifier, Value)>, StoreError> {
    let found = store::find(conn)?.filter(|network| ids.contains(&&network.id));
    found.into_iter().map(|found| Ok((found.id.clone(), json::value(&NetworkRecordOut::from(found))?))).collect()
}

/// The network without anything that is computed, if it is there.
///
/// # Errors
/// The database's.
pub fn record(conn: &mut Conn) -> Result<Option<NetworkRecordOut>, StoreError> {
    Ok(store::find(conn)?.map(NetworkRecordOut::from))
}
