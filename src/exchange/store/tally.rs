//! How much members share, counted for the scorecard: one statement a kind, however many members.

use std::collections::BTreeMap;

use crate::db::prelude::*;
use chrono::NaiveDate;
use diesel::dsl::count_star;

use crate::{
    db::{
        Conn, StoreError, in_pieces,
        schema::{collaboration, collaboration_member, event, event_member, practice},
    },
    kernel::id::Identifier,
};

/// What a member shares until a day, of what is published now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Its practices that had been published.
    pub practices: i64,
    /// The collaborations that it certainly takes part in and that had begun.
    pub collaborations: i64,
    /// The events that it certainly takes part in and that had begun.
    pub events: i64,
}

/// What the members with these ids share until a day, by id; who shares nothing is not there.
///
/// # Errors
/// The database's.
pub fn tallies(
    conn: &mut Conn,
    member_ids: &[&Identifier],
    as_of: NaiveDate,
) -> Result<BTreeMap<String, Tally>, StoreError> {
    let mut found: BTreeMap<String, Tally> = BTreeMap::new();
    let practices: Vec<(String, i64)> = in_pieces(conn, member_ids, |conn, ids| {
        let own = practice::table.filter(practice::member_id.eq_any(ids.iter().map(|id| id.as_str())));
        let told = own.filter(practice::published_on.assume_not_null().le(as_of));
        Ok(told.group_by(practice::member_id).select((practice::member_id, count_star())).load(conn)?)
    })?;
    for (id, count) in practices {
        found.entry(id).or_default().practices = count;
    }
    let collaborations: Vec<(String, i64)> = in_pieces(conn, member_ids, |conn, ids| {
        Ok(collaboration_member::table
            .inner_join(collaboration::table.on(collaboration::id.eq(collaboration_member::collaboration_id)))
            .filter(collaboration_member::member_id.eq_any(ids.iter().map(|id| id.as_str())))
            .filter(collaboration_member::confirmed_at.is_not_null())
            .filter(collaboration::publication.eq("published").and(collaboration::starts_on.le(as_of)))
            .group_by(collaboration_member::member_id)
            .select((collaboration_member::member_id, count_star()))
            .load(conn)?)
    })?;
    for (id, count) in collaborations {
        found.entry(id).or_default().collaborations = count;
    }
    let events: Vec<(String, i64)> = in_pieces(conn, member_ids, |conn, ids| {
        Ok(event_member::table
            .inner_join(event::table.on(event::id.eq(event_member::event_id)))
            .filter(event_member::member_id.eq_any(ids.iter().map(|id| id.as_str())))
            .filter(event_member::confirmed_at.is_not_null())
            .filter(event::publication.eq("published").and(event::starts_on.le(as_of)))
            .group_by(event_member::member_id)
            .select((event_member::member_id, count_star()))
            .load(conn)?)
    })?;
    for (id, count) in events {
        found.entry(id).or_default().events = count;
    }
    Ok(found)
}
