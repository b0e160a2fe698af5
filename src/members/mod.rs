//! The members of the network: the councils (and other institutions) that have joined it, each seated on a
//! territory, with the dated history of its standing. What a list says about a day follows from that history;
//! a count is never stored.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::{Conn, StoreError, Tx},
    kernel::{id::Identifier, kind::Kind, register::Cells},
    publishing::{Dependency, Published},
};

pub use self::{
    dto::{EvidenceIn, MemberOut, TransitionReasonOut},
    rules::{
        Address as MemberAddress, Cohort, Entry as HistoryEntry, Evidence, ExternalId, Facts, History, Member,
        MemberKind, Period, Provenance, Record, Status, Tally,
    },
    store::{MemberList, find, history, lock, look_up, refold, seed, tally},
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

impl Published for MemberOut {
    const KIND: Kind = Kind::Members;
    const REPRESENTATION: i64 = 1;
    const TABLE: &'static str = "member";
    const DEPENDENCIES: &'static [Dependency] = &[Dependency {
        on: Kind::Territories,
        facts: &["location", "parent_code", "region_code"],
        find: store::seated_on,
    }];

    fn read(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<(bool, Self)>, StoreError> {
        let found = store::find_by_ids(conn, ids)?;
        Ok(found.into_iter().map(|member| (true, Self::from(member))).collect())
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// A member as a row of a register.
pub struct RegisterRow {
    /// The id.
    pub id: Identifier,
    /// The region that it lies in.
    pub region_code: String,
    /// Its standing.
    pub status: Status,
    /// Where the knowledge of it comes from.
    pub provenance: Provenance,
    /// The cells of the import's columns.
    pub cells: Cells,
}

/// The same as rows of a register.
///
/// # Errors
/// The database's.
pub fn walk_register(conn: &mut Conn, after: Option<&str>, limit: usize) -> Result<Vec<RegisterRow>, StoreError> {
    let row = |(member, history): (rules::Member, History)| RegisterRow {
        cells: rules::cells(&member.facts, history.since(), member.status, member.joined_on),
        region_code: member.seat.region_code.to_string(),
        status: member.status,
        provenance: member.facts.provenance,
        id: member.id,
    };
    Ok(store::walk_histories(conn, after, limit)?.into_iter().map(row).collect())
}
