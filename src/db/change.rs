//! The one door for writes. A transaction that goes through it leaves a change entry for everything it did,
//! and takes its numbers from the sequence as its last step: so the order of the numbers is the order of the
//! commits, on both databases and across instances, and a reader that has seen number n has seen all before.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    connection::SimpleConnection as _,
    expression::{ValidGrouping, is_aggregate},
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::BigInt,
};

use super::{
    Conn, StoreError, batch_insert,
    schema::{change_entry, sequence_counter},
};

/// Who is behind a write. Accounts come with the write operations; until then only the program itself writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The program itself, doing what the name says.
    System(&'static str),
}

/// What happened to a published resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It became public.
    Created,
    /// A public property changed.
    Updated,
    /// It is gone; the feed keeps its tombstone.
    Deleted,
}

impl Operation {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// One change of one published resource.
#[derive(Debug, Clone)]
pub struct Change {
    /// The collection, as its path names it: `territories`.
    pub resource: &'static str,
    /// The resource's id.
    pub id: String,
    /// What happened.
    pub operation: Operation,
    /// The resource's version after the change.
    pub version: i64,
}

/// An open write transaction.
pub struct Tx<'c> {
    /// The connection that the transaction runs on.
    pub conn: &'c mut Conn,
    now: DateTime<Utc>,
    changes: Vec<Change>,
}

impl<'c> Tx<'c> {
    pub(super) const fn new(conn: &'c mut Conn, now: DateTime<Utc>) -> Self {
        Self { conn, now, changes: Vec::new() }
    }

    /// The moment of the transaction, the same for everything in it.
    #[must_use]
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Notes a change for the feed. It is written, and numbered, when the transaction commits.
    pub fn record(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Keeps every other write transaction from committing before this one ends. SQLite's transactions exclude
    /// each other anyway; on PostgreSQL all of them end at the sequence counter, so its row is the lock.
    ///
    /// # Errors
    /// The database's.
    pub fn exclude_others(&mut self) -> Result<(), StoreError> {
        if let Conn::Postgres(conn) = &mut *self.conn {
            conn.batch_execute("SELECT value FROM sequence_counter FOR UPDATE")?;
        }
        Ok(())
    }

    /// Numbers and writes the recorded changes: the last step before the commit. Returns the number of the last one.
    pub(super) fn flush(self) -> Result<Option<i64>, StoreError> {
        if self.changes.is_empty() {
            return Ok(None);
        }
        let count = i64::try_from(self.changes.len()).map_err(StoreError::corrupt)?;
        let last: i64 = diesel::update(sequence_counter::table)
            .set(sequence_counter::value.eq(sequence_counter::value + count))
            .returning(sequence_counter::value)
            .get_result(self.conn)?;
        let changed_at = self.now.naive_utc();
        let rows: Vec<ChangeRow> = (last - count + 1..)
            .zip(self.changes)
            .map(|(sequence, change)| ChangeRow {
                sequence,
                resource: change.resource,
                resource_id: change.id,
                op: change.operation.as_str(),
                version: change.version,
                changed_at,
            })
            .collect();
        batch_insert!(self.conn, change_entry::table, &rows);
        Ok(Some(last))
    }
}

#[derive(Insertable)]
#[diesel(table_name = change_entry)]
struct ChangeRow {
    sequence: i64,
    resource: &'static str,
    resource_id: String,
    op: &'static str,
    version: i64,
    changed_at: NaiveDateTime,
}

/// The number of the last change as a column of a query on any table, so that rows and number come from one
/// snapshot. An expression of its own, because Diesel prepares a statement with literal SQL anew every time.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct SequenceColumn;

impl Expression for SequenceColumn {
    type SqlType = BigInt;
}

impl<Table> AppearsOnTable<Table> for SequenceColumn {}

impl<Table> SelectableExpression<Table> for SequenceColumn {}

impl<Grouping> ValidGrouping<Grouping> for SequenceColumn {
    type IsAggregate = is_aggregate::Never;
}

impl<DB: diesel::backend::Backend> QueryFragment<DB> for SequenceColumn {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("(SELECT value FROM sequence_counter)");
        Ok(())
    }
}

/// The number of the last change. Read *before* a list's rows, it is the point from which pulling changes
/// misses nothing that the list did not show.
///
/// # Errors
/// The database's.
pub fn current_sequence(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(sequence_counter::table.select(sequence_counter::value).first(conn)?)
}
