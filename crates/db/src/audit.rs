//! The audit: who did what, with what was there before and after. The entry of a write belongs to the transaction of that
//! write, so there is no effect without one. Entries about events that write nothing, such as a refused request, are written
//! later, in transactions of their own, and their counts grow.

use std::net::IpAddr;

use crate::prelude::*;
use chrono::NaiveDateTime;
use serde_json::{Map, Value};

use super::{CHUNK, Change, Conn, StoreError, batch_insert, json, schema::audit_entry, visibility::is_personal};
use kernel::{
    audit::{Action, Collection},
    id::{Identifier, new_id},
};

/// Who is behind a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The program itself, doing what the name says.
    System(&'static str),
    /// Somebody with an account, by way of a request.
    Account {
        /// The account's id.
        id: String,
        /// `client` or `user`.
        kind: &'static str,
        /// The role that the account had.
        role: &'static str,
        /// The request's id.
        request: String,
    },
}

/// Something that was done.
#[derive(Debug, Clone)]
pub struct Deed {
    /// What.
    pub action: Action,
    /// The collection.
    pub resource: Collection,
    /// The resource's id, where it is one.
    pub id: Option<String>,
    /// The resource's version afterwards.
    pub version: Option<i64>,
    /// What was there before; for an update only what differs. No value of a personal column.
    pub before: Option<Value>,
    /// What is there now; likewise.
    pub after: Option<Value>,
}

impl Deed {
    /// A resource was written.
    pub(super) fn of(change: &Change) -> Self {
        let Change { kind, id, operation, version } = change;
        Self {
            action: operation.action(),
            resource: (*kind).into(),
            id: Some(id.to_string()),
            version: Some(*version),
            before: None,
            after: None,
        }
    }

    /// Reference data was brought to the state of the binary: so many resources were touched.
    #[must_use]
    pub fn loaded(set: &str, touched: usize) -> Self {
        let after = serde_json::json!({"set": set, "touched": touched});
        let (action, resource) = (Action::Loaded, Collection::Reference);
        Self { action, resource, id: None, version: None, before: None, after: Some(after) }
    }

    /// The database, restored from a backup, has another generation.
    #[must_use]
    pub fn restored(generation: &str) -> Self {
        let after = serde_json::json!({"generation": generation});
        let (action, resource) = (Action::Restored, Collection::Reference);
        Self { action, resource, id: None, version: None, before: None, after: Some(after) }
    }
}

#[derive(Insertable)]
#[diesel(table_name = audit_entry, treat_none_as_default_value = false)]
struct Row {
    id: String,
    occurred_at: NaiveDateTime,
    actor: &'static str,
    account_id: Option<String>,
    role: Option<String>,
    task: Option<String>,
    request_id: Option<String>,
    action: &'static str,
    resource: &'static str,
    resource_id: Option<String>,
    version: Option<i64>,
    before_values: Option<String>,
    after_values: Option<String>,
    remote_address: Option<String>,
    import_id: Option<String>,
}

/// What the entries of a transaction have in common beside who acted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shared<'a> {
    /// The address that they are about.
    pub address: Option<IpAddr>,
    /// The import that they belong to.
    pub import_id: Option<&'a str>,
}

impl Row {
    fn new(actor: &Actor, occurred_at: NaiveDateTime, shared: Shared<'_>, deed: Deed) -> Result<Self, StoreError> {
        let (kind, account_id, role, task, request_id) = match actor {
            Actor::System(task) => ("system", None, None, Some(*task), None),
            Actor::Account { id, kind, role, request } => {
                (*kind, Some(id.clone()), Some(*role), None, Some(request.clone()))
            }
        };
        Ok(Self {
            id: new_id().into_string(),
            occurred_at,
            actor: kind,
            account_id,
            role: role.map(str::to_owned),
            task: task.map(str::to_owned),
            request_id,
            action: deed.action.as_str(),
            resource: deed.resource.as_str(),
            resource_id: deed.id,
            version: deed.version,
            before_values: deed.before.as_ref().map(json::write).transpose()?,
            after_values: deed.after.as_ref().map(json::write).transpose()?,
            remote_address: shared.address.map(|address| address.to_string()),
            import_id: shared.import_id.map(str::to_owned),
        })
    }
}

/// Writes the entries of a transaction.
pub(super) fn write(
    conn: &mut Conn,
    actor: &Actor,
    occurred_at: NaiveDateTime,
    shared: Shared<'_>,
    deeds: Vec<Deed>,
) -> Result<(), StoreError> {
    for deed in deeds {
        let row = Row::new(actor, occurred_at, shared, deed)?;
        diesel::insert_into(audit_entry::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// An entry about events that are counted. It is written with the first of them, and its count grows with the others.
#[derive(Debug, Clone)]
pub struct CountedEntry {
    /// The id.
    pub id: Identifier,
    /// The account or system task that caused the events.
    pub actor: Actor,
    /// From where they came.
    pub address: Option<IpAddr>,
    /// What they are.
    pub deed: Deed,
}

/// Inserts an entry, or updates the values of the entry with its id.
pub(super) fn write_counted(conn: &mut Conn, at: NaiveDateTime, entry: CountedEntry) -> Result<(), StoreError> {
    let shared = Shared { address: entry.address, import_id: None };
    let row = Row { id: entry.id.into_string(), ..Row::new(&entry.actor, at, shared, entry.deed)? };
    let updated = diesel::update(audit_entry::table.filter(audit_entry::id.eq(&row.id)))
        .set(audit_entry::after_values.eq(&row.after_values))
        .execute(conn)?;
    if updated == 0 {
        diesel::insert_into(audit_entry::table).values(row).execute(conn)?;
    }
    Ok(())
}

/// The entries of one import, of which there may be very many: they are written piece by piece, so that no more of them than
/// a piece is held.
pub(super) struct ImportEntries {
    import_id: String,
    rows: Vec<Row>,
}

impl ImportEntries {
    /// No entries yet of an import.
    pub(super) const fn of(import_id: String) -> Self {
        Self { import_id, rows: Vec::new() }
    }

    /// The import.
    pub(super) fn import_id(&self) -> &str {
        &self.import_id
    }

    /// Adds an entry, with only what differs and of personal columns only that they do.
    pub(super) fn add(
        &mut self,
        conn: &mut Conn,
        actor: &Actor,
        at: NaiveDateTime,
        mut deed: Deed,
    ) -> Result<(), StoreError> {
        (deed.before, deed.after) = match (deed.before, deed.after) {
            (Some(before), Some(after)) => {
                let (before, after) = difference(before, after);
                (Some(before), Some(after))
            }
            (before, after) => (before.map(without_personal), after.map(without_personal)),
        };
        let shared = Shared { address: None, import_id: Some(&self.import_id) };
        self.rows.push(Row::new(actor, at, shared, deed)?);
        if self.rows.len() >= CHUNK { self.flush(conn) } else { Ok(()) }
    }

    /// Writes the entries that are held.
    pub(super) fn flush(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        batch_insert!(conn, audit_entry::table, &self.rows);
        self.rows.clear();
        Ok(())
    }
}

/// Leaves of personal columns only that they are there.
fn without_personal(mut values: Value) -> Value {
    for (_, value) in values.as_object_mut().into_iter().flatten().filter(|(name, _)| is_personal(name)) {
        *value = Value::from("changed");
    }
    values
}

/// Leaves only what differs between two objects; of personal ones only that they changed.
#[must_use]
pub fn difference(before: Value, after: Value) -> (Value, Value) {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return (Value::Null, Value::Null) };
    let only = |here: &Map<String, Value>, there: &Map<String, Value>| {
        let differs = |(name, value): &(&String, &Value)| there.get(*name) != Some(*value);
        let shown = |(name, value): (&String, &Value)| {
            let value = if is_personal(name) { Value::from("changed") } else { value.clone() };
            (name.clone(), value)
        };
        Value::Object(here.iter().filter(differs).map(shown).collect())
    };
    (only(&before, &after), only(&after, &before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_kept_and_nothing_personal() {
        let before = json!({"a": 1, "b": 2, "email": "old@example.org"});
        let after = json!({"a": 1, "b": 3, "email": "new@example.org", "c": null});
        let expected = (json!({"b": 2, "email": "changed"}), json!({"b": 3, "email": "changed", "c": null}));
        assert_eq!(difference(before.clone(), after), expected);
        assert_eq!(without_personal(before), json!({"a": 1, "b": 2, "email": "changed"}));
    }
}
