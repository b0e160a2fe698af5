//! Looks up the members that the filters of lists name.

use diesel::prelude::*;

use crate::db::{By, Conn, Lookup, ReferenceKind, StoreError, schema::member};

const MEMBER: ReferenceKind = ReferenceKind { parameter: "member", code: "unknown_member", noun: "member" };

/// Looks up members by slug or id, and replaces ids by slugs.
///
/// # Errors
/// The database's.
pub fn look_up(conn: &mut Conn, lookup: &mut Lookup, named: &mut [String]) -> Result<(), StoreError> {
    lookup.addresses(MEMBER, named, |by| {
        let members = member::table.select((member::id, member::slug));
        Ok(match by {
            By::Slugs(slugs) => members.filter(member::slug.eq_any(slugs.iter().copied())).load(conn)?,
            By::Ids(ids) => members.filter(member::id.eq_any(ids.iter().copied())).load(conn)?,
        })
    })
}
