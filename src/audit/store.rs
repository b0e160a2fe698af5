//! The entries of the audit and every query on them.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::rules::{Entry, Filters};
use crate::{
    db::{Backend, Conn, Stamp, StoreError, current_sequence, json, keyset::paged, schema::audit_entry},
    kernel::paging::{Direction, Found, Key, Listing, Position},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_entry)]
struct Row {
    id: String,
    #[diesel(deserialize_as = Stamp)]
    occurred_at: NaiveDateTime,
    actor: String,
    account_id: Option<String>,
    role: Option<String>,
    task: Option<String>,
    request_id: Option<String>,
    action: String,
    resource: String,
    resource_id: Option<String>,
    version: Option<i64>,
    before_values: Option<String>,
    after_values: Option<String>,
    import_id: Option<String>,
}

impl Row {
    fn into_entry(self) -> Result<Entry, StoreError> {
        Ok(Entry {
            id: self.id,
            at: self.occurred_at.and_utc(),
            actor: self.actor,
            account_id: self.account_id,
            role: self.role,
            task: self.task,
            request_id: self.request_id,
            action: self.action,
            resource: self.resource,
            resource_id: self.resource_id,
            version: self.version,
            import_id: self.import_id,
            before: self.before_values.as_deref().map(json::read).transpose()?,
            after: self.after_values.as_deref().map(json::read).transpose()?,
        })
    }
}

/// Reads a page, with two statements, and one more for a count. Ids are made in the order of time, so they are the order.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Entry>, StoreError> {
    let sequence = current_sequence(conn)?;
    let total = if listing.count { Some(filtered(&listing.filters).count().get_result(conn)?) } else { None };
    let query = filtered(&listing.filters).select(Row::as_select());
    let after = listing.after.as_ref().map(|position| position.id.as_str());
    let query = match (listing.filters.order.direction, after) {
        (Direction::Ascending, None) => query.order(audit_entry::id.asc()),
        (Direction::Ascending, Some(id)) => query.order(audit_entry::id.asc()).filter(audit_entry::id.gt(id)),
        (Direction::Descending, None) => query.order(audit_entry::id.desc()),
        (Direction::Descending, Some(id)) => query.order(audit_entry::id.desc()).filter(audit_entry::id.lt(id)),
    };
    let rows: Vec<Row> = paged(query, listing.limit).load(conn)?;
    let entries = rows.into_iter().map(Row::into_entry).collect::<Result<_, _>>()?;
    let position = |last: &Entry| Position { key: Key::Text(String::new()), id: last.id.clone() };
    Ok(Found::of(entries, listing.limit, (sequence, total), position))
}

fn filtered(filters: &Filters) -> audit_entry::BoxedQuery<'_, Backend> {
    let mut query = audit_entry::table.into_boxed::<Backend>();
    if let Some(resource) = &filters.resource {
        query = query.filter(audit_entry::resource.eq(resource.as_str()));
    }
    if let Some(id) = &filters.resource_id {
        query = query.filter(audit_entry::resource_id.eq(id.as_str()));
    }
    if let Some(id) = &filters.account_id {
        query = query.filter(audit_entry::account_id.eq(id.as_str()));
    }
    if let Some(id) = &filters.request_id {
        query = query.filter(audit_entry::request_id.eq(id.as_str()));
    }
    if let Some(id) = &filters.import_id {
        query = query.filter(audit_entry::import_id.eq(id.as_str()));
    }
    if let Some(action) = &filters.action {
        query = query.filter(audit_entry::action.eq(action.as_str()));
    }
    if let Some(since) = filters.since {
        query = query.filter(audit_entry::occurred_at.ge(since.naive_utc()));
    }
    if let Some(until) = filters.until {
        query = query.filter(audit_entry::occurred_at.lt(until.naive_utc()));
    }
    query
}
