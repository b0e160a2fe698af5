//! The members of the network: the councils (and other institutions) that have joined it, each seated on a
//! territory, with the dated history of its standing. What a list says about a day follows from that history;
//! a count is never stored.

mod dto;
mod http;
mod rules;
mod store;

use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::{Conn, StoreError, Tx, json};

pub use self::{
    dto::MemberOut,
    rules::{
        Cohort, Entry as HistoryEntry, Evidence, ExternalId, Facts, History, MemberKind, Provenance, Record, Status,
        Tally,
    },
    store::{follow, seed, tally},
};

/// Mounts the operations on members.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::list_members)
        .service(http::create_member)
        .service(http::get_member)
        .service(http::update_member)
        .service(http::delete_member)
        .service(http::get_member_history)
        .service(http::list_member_transitions)
        .service(http::create_member_transition)
        .service(http::get_member_adhesion)
        .service(http::create_member_adhesion)
        .service(http::delete_member_adhesion);
}

/// The members that official pages and the press name.
pub const NAMED: &[&str] = &[include_str!("../../data/members/named.csv")];

/// Members that are invented for demonstration, so that all states can be seen and the network has the size that
/// was published.
pub const ILLUSTRATIVE: &[&str] = &[include_str!("../../data/members/illustrative.csv")];

/// Adds the named members that are not there. What is there belongs to those who keep it, and is left alone.
///
/// # Errors
/// The database's, or the file and line of a fault in the file.
pub fn load_named(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    seed(tx, rules::parse_reference("named.csv", NAMED.concat().as_str()).map_err(StoreError::Corrupt)?)
}

/// Adds the illustrative members that are not there.
///
/// # Errors
/// The database's, or the file and line of a fault in the file.
pub fn load_illustrative(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    seed(tx, rules::parse_reference("illustrative.csv", ILLUSTRATIVE.concat().as_str()).map_err(StoreError::Corrupt)?)
}

/// What the members with these ids are now, as the API shows them.
///
/// # Errors
/// The database's.
pub fn represent(conn: &mut Conn, ids: &[&str]) -> Result<Vec<(String, Value)>, StoreError> {
    let found = store::find_by_ids(conn, ids)?;
    found.into_iter().map(|found| Ok((found.id.clone(), json::value(&MemberOut::from(found))?))).collect()
}
