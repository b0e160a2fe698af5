//! The network itself: what it is, who is behind it, and what has been published about its composition. A
//! published figure is a dated statement with its source and its own words; it is never the truth about the
//! members, which is computed from their rows.

mod dto;
mod http;
mod rules;
mod store;

use chrono::NaiveDate;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::{Conn, StoreError, Tx},
    kernel::{id::Identifier, kind::Kind},
    members,
    publishing::Published,
};

pub use self::{
    dto::NetworkRecordOut,
    rules::{Composition, Network},
};

/// Mounts the operations on the network.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(http::get_network).service(http::get_statistics);
}

/// The network and its composition on a day. `None` before the reference data is loaded.
///
/// # Errors
/// The database's.
pub fn overview(conn: &mut Conn, day: NaiveDate) -> Result<Option<(Network, Composition)>, StoreError> {
    let Some(network) = store::find(conn)? else { return Ok(None) };
    Ok(Some((network, Composition::on(day, &members::tally(conn)?))))
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

impl Published for NetworkRecordOut {
    const KIND: Kind = Kind::Network;
    const REPRESENTATION: i64 = 1;
    const TABLE: &'static str = "network";

    fn read(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<(bool, Self)>, StoreError> {
        let found = store::find(conn)?.filter(|network| ids.contains(&&network.id));
        Ok(found.into_iter().map(|network| (true, Self::from(network))).collect())
    }

    fn id(&self) -> &str {
        &self.facts.id
    }
}
