//! The entries of the audit and every query on them.

use crate::db::prelude::*;
use chrono::{DateTime, NaiveDateTime, Utc};

use super::rules::{Entry, Filters};
use crate::{
    db::{Backend, Conn, Deed, Stamp, StoreError, Tx, current_sequence, json, keyset::paged, schema::audit_entry},
    kernel::{
        audit::{Action, Collection},
        id::Identifier,
        paging::{Direction, Found, Key, Listing, Position},
    },
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
    remote_address: Option<String>,
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
            address: self.remote_address,
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
    let position = |last: &Entry| Position { key: Key::Text(String::new()), id: Identifier::stored(last.id.clone()) };
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

/// Takes the addresses away that were noted before a moment, and forgets failed attempts to sign in, with an address or
/// without, because anybody can make as many as they please; of at most so many entries. Returns of how many.
///
/// # Errors
/// The database's.
pub fn forget_addresses(tx: &mut Tx<'_>, before: DateTime<Utc>, most: i64) -> Result<usize, StoreError> {
    let with_address: Vec<String> = audit_entry::table
        .filter(audit_entry::remote_address.is_not_null().and(audit_entry::occurred_at.lt(before.naive_utc())))
        .order(audit_entry::occurred_at)
        .limit(most)
        .select(audit_entry::id)
        .load(tx.conn)?;
    let left = most.saturating_sub(i64::try_from(with_address.len()).map_err(StoreError::corrupt)?);
    let attempts = audit_entry::resource
        .eq(Collection::Accounts.as_str())
        .and(audit_entry::action.eq(Action::SignInRefused.as_str()))
        .and(audit_entry::remote_address.is_null());
    let without: Vec<String> = audit_entry::table
        .filter(attempts.and(audit_entry::occurred_at.lt(before.naive_utc())))
        .limit(left)
        .select(audit_entry::id)
        .load(tx.conn)?;
    let old: Vec<&String> = with_address.iter().chain(&without).collect();
    let attempts = audit_entry::id.eq_any(&old).and(audit_entry::action.eq(Action::SignInRefused.as_str()));
    let forgotten = diesel::delete(audit_entry::table.filter(attempts)).execute(tx.conn)?;
    let erased = diesel::update(audit_entry::table.filter(audit_entry::id.eq_any(&old)))
        .set(audit_entry::remote_address.eq(None::<String>))
        .execute(tx.conn)?;
    if !old.is_empty() {
        tx.note_erasure();
        let after = Some(serde_json::json!({"addresses": erased, "attempts": forgotten}));
        tx.audit(Deed {
            action: Action::Erased,
            resource: Collection::Audit,
            id: None,
            version: None,
            before: None,
            after,
        });
    }
    Ok(old.len())
}

/// Takes the addresses away of what an account did and of who tried to sign in to it, and returns how many.
///
/// # Errors
/// The database's.
pub fn erase_addresses(tx: &mut Tx<'_>, account_id: &str) -> Result<usize, StoreError> {
    let about = audit_entry::resource.eq(Collection::Accounts.as_str()).and(audit_entry::resource_id.eq(account_id));
    let of_account = about.or(audit_entry::account_id.eq(account_id)).and(audit_entry::remote_address.is_not_null());
    Ok(diesel::update(audit_entry::table.filter(of_account))
        .set(audit_entry::remote_address.eq(None::<String>))
        .execute(tx.conn)?)
}
