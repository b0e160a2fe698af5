//! Looks up the members that the filters of lists name.

use crate::db::prelude::*;

use crate::{
    db::{By, Conn, Lookup, ReferenceKind, StoreError, schema::member},
    kernel::id::{Address, Slug},
};

const MEMBER: ReferenceKind = ReferenceKind { parameter: "member", code: "unknown_member", noun: "member" };

/// Looks up members by slug or id, and replaces ids by slugs.
///
/// # Errors
/// The database's.
pub fn look_up(conn: &mut Conn, lookup: &mut Lookup, named: &mut [Address<Slug>]) -> Result<(), StoreError> {
    lookup.addresses(MEMBER, named, |by| {
        let members = member::table.select((member::id, member::slug));
        Ok(match by {
            By::Slugs(slugs) => {
                members.filter(member::slug.eq_any(slugs.iter().map(|slug| slug.as_str()))).load(conn)?
            }
            By::Ids(ids) => members.filter(member::id.eq_any(ids.iter().map(|id| id.as_str()))).load(conn)?,
        })
    })
}
