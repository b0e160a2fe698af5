//! The one door for writes. A transaction that goes through it leaves a change entry for everything it did,
//! and takes its numbers from the sequence as its last step: so the order of the numbers is the order of the
//! commits, on both databases and across instances, and a reader that has seen number n has seen all before.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Instant,
};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel::{
    connection::{SimpleConnection as _, TransactionManager as _},
    expression::{ValidGrouping, is_aggregate},
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{BigInt, Integer},
};
use serde_json::Value;

use crate::prelude::*;
use kernel::{audit::Action, clock, id::Identifier, kind::Kind};

use super::{
    Conn, Hooks, Objections, Removal, StoreError, Transactions,
    audit::{self, Actor, CountedEntry, Deed, ImportEntries},
    batch_insert,
    schema::{change_entry, sequence_counter},
};

/// What happened to a published resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It became public.
    Created,
    /// A public property changed.
    Updated,
    /// It is gone; the feed keeps its tombstone.
    Deleted,
    /// It is no longer public.
    Unpublished,
}

impl Operation {
    /// How the audit names a write: `Created` when the resource becomes public, `Unpublished` when it stops being public, else
    /// `Updated`.
    #[must_use]
    pub const fn between(was_public: bool, is_public: bool) -> Self {
        match (was_public, is_public) {
            (false, true) => Self::Created,
            (true, false) => Self::Unpublished,
            _ => Self::Updated,
        }
    }

    /// What the audit says of it; the feed uses the same code.
    pub(super) const fn action(self) -> Action {
        match self {
            Self::Created => Action::Created,
            Self::Updated => Action::Updated,
            Self::Deleted => Action::Deleted,
            Self::Unpublished => Action::Unpublished,
        }
    }
}

/// One change of one published resource.
#[derive(Debug, Clone)]
pub struct Change {
    /// The resource's kind.
    pub kind: Kind,
    /// Its id.
    pub id: Identifier,
    /// What happened.
    pub operation: Operation,
    /// Its version after the change.
    pub version: i64,
}

/// The resources that a transaction has written, by kind.
pub type Touched = BTreeMap<Kind, BTreeSet<Identifier>>;

/// Makes what the public may read of the resources that a transaction has written.
pub trait Publisher: Send + Sync {
    /// The form of documents that this binary writes.
    fn representation(&self) -> i64;

    /// What rooms do when a room below them writes, the lowest room first.
    fn hooks(&self) -> &'static [&'static dyn Hooks];

    /// Writes the documents of the touched resources, and of those that show facts of them, and announces what has changed
    /// for the public ([`Tx::announce`]). Says whether the public reads, or has read, anything of it: otherwise nobody waits.
    ///
    /// # Errors
    /// The database's.
    fn publish(&self, tx: &mut Tx<'_>, touched: Touched) -> Result<bool, StoreError>;
}

/// An open write transaction.
pub struct Tx<'c> {
    /// The connection that the transaction runs on.
    pub conn: &'c mut Conn,
    publisher: &'c dyn Publisher,
    actor: Actor,
    now: DateTime<Utc>,
    touched: Touched,
    changes: Vec<Change>,
    /// The number of the last change before this transaction's, once nobody else can take the next one.
    last: Option<i64>,
    /// The forms in which documents are claimed and complete, once they are known.
    forms: (i64, i64),
    locked_at: Option<Instant>,
    /// Documents that were just written, a few of them, once resources were written of which the public reads something.
    documents: Option<BTreeMap<Identifier, String>>,
    is_unannounced: bool,
    is_audited: bool,
    deeds: Vec<Deed>,
    import: Option<ImportEntries>,
    erases: bool,
    address: Option<IpAddr>,
}

impl<'c> Tx<'c> {
    pub(super) const fn new(
        conn: &'c mut Conn,
        publisher: &'c dyn Publisher,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            conn,
            publisher,
            actor,
            now,
            touched: Touched::new(),
            changes: Vec::new(),
            last: None,
            forms: (0, 0),
            documents: None,
            is_unannounced: false,
            locked_at: None,
            is_audited: false,
            deeds: Vec::new(),
            import: None,
            erases: false,
            address: None,
        }
    }

    /// Notes that personal data is overwritten or deleted: when the transaction has committed, it must not be found in the
    /// embedded database's log either.
    pub fn note_erasure(&mut self) {
        self.erases = true;
    }

    pub(super) const fn erases(&self) -> bool {
        self.erases
    }

    /// Whether something was noted for the feed or the audit.
    pub(super) fn leaves_trace(&self) -> bool {
        self.is_audited || !self.deeds.is_empty() || self.import.is_some()
    }

    /// Notes that a resource was written, made or deleted. Before the commit, its document and those that show facts of it are
    /// made anew, and what differs is announced.
    pub fn touched(&mut self, kind: Kind, id: Identifier) {
        self.touched_all(kind, [id]);
    }

    /// [`Tx::touched`] of several.
    pub fn touched_all(&mut self, kind: Kind, ids: impl IntoIterator<Item = Identifier>) {
        self.touched.entry(kind).or_default().extend(ids);
    }

    /// Calls a hook of every room, the lowest room first.
    ///
    /// # Errors
    /// The database's.
    pub fn call_hooks(
        &mut self,
        mut call: impl FnMut(&'static dyn Hooks, &mut Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.publisher.hooks().iter().try_for_each(|hooks| call(*hooks, self))
    }

    /// The objections of all rooms to a removal.
    ///
    /// # Errors
    /// The database's.
    pub fn objections(&mut self, to: Removal<'_>) -> Result<Objections, StoreError> {
        let mut objections = Objections::default();
        self.call_hooks(|hooks, tx| hooks.object(tx.conn, to, &mut objections))?;
        Ok(objections)
    }

    /// Publishes what was touched until now. If the public reads anything of it, no other transaction can publish from here on before this one ends, so it must
    /// lock no row and wait for nobody. The commit publishes as well: only who needs the documents in the transaction calls this.
    ///
    /// # Errors
    /// The database's.
    pub fn publish(&mut self) -> Result<(), StoreError> {
        let touched = std::mem::take(&mut self.touched);
        if touched.is_empty() {
            return Ok(());
        }
        self.write_audit()?;
        if self.publisher.publish(self, touched)? {
            self.documents.get_or_insert_default();
        }
        Ok(())
    }

    /// Keeps every other transaction from publishing before this one ends, and returns the number of the last change.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] where a newer binary publishes, [`StoreError::Incomplete`] where the documents are not those of
    /// this binary yet; the database's.
    pub fn lock_sequence(&mut self) -> Result<i64, StoreError> {
        let last = self.exclude_publications()?;
        let ((claimed, complete), own) = (self.forms, self.publisher.representation());
        match (claimed > own, complete == own) {
            (true, _) => Err(StoreError::Superseded),
            (false, false) => Err(StoreError::Incomplete),
            (false, true) => Ok(last),
        }
    }

    /// Keeps every other transaction from publishing before this one ends, and returns the number of the last change, whatever
    /// the state of the documents: for those who make them anew.
    ///
    /// # Errors
    /// The database's.
    pub fn exclude_publications(&mut self) -> Result<i64, StoreError> {
        if let Some(last) = self.last {
            return Ok(last);
        }
        let columns = (sequence_counter::value, (sequence_counter::claimed, sequence_counter::representation));
        let row = sequence_counter::table.select(columns);
        let (last, forms): (i64, (i64, i64)) = match &mut *self.conn {
            Conn::Sqlite(conn) => row.first(conn)?,
            Conn::Postgres(conn) => row.for_update().first(conn)?,
        };
        (self.last, self.forms, self.locked_at) = (Some(last), forms, Some(Instant::now()));
        Ok(last)
    }

    /// Notes a change for the feed and returns its number. For those who publish.
    ///
    /// # Errors
    /// Those of [`Tx::lock_sequence`].
    pub fn announce(&mut self, change: Change) -> Result<i64, StoreError> {
        let last = self.lock_sequence()?;
        self.changes.push(change);
        Ok(last + i64::try_from(self.changes.len()).map_err(StoreError::corrupt)?)
    }

    /// Keeps the text of a document that was just written, for an answer that shows it. For those who publish.
    pub fn keep_document(&mut self, id: &Identifier, text: &str) {
        let documents = self.documents.get_or_insert_default();
        if documents.len() < MOST_KEPT || documents.contains_key(id) {
            documents.insert(id.clone(), text.to_owned());
        }
    }

    /// The document of a resource, if this transaction has just written it and only a few others.
    #[must_use]
    pub fn document(&self, id: &Identifier) -> Option<&str> {
        self.documents.as_ref()?.get(id).map(String::as_str)
    }

    /// Whether something was written that the feed does not tell.
    pub(super) const fn is_unannounced(&self) -> bool {
        self.is_unannounced
    }

    /// When this transaction began to keep others from publishing.
    pub(super) const fn locked_at(&self) -> Option<Instant> {
        self.locked_at
    }

    /// The moment of the transaction, the same for everything in it.
    #[must_use]
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The account by which the transaction acts, with its role; none for the program itself.
    #[must_use]
    pub fn account(&self) -> Option<(&str, &'static str)> {
        match &self.actor {
            Actor::System(_) => None,
            Actor::Account { id, role, .. } => Some((id, role)),
        }
    }

    /// The day of the transaction.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        clock::day_of(self.now)
    }

    /// Marks a resource as touched ([`Tx::touched`]) and adds an audit entry with its values before and after.
    pub fn record(&mut self, change: Change, before: Option<Value>, after: Option<Value>) {
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) => {
                let (before, after) = audit::difference(before, after);
                (Some(before), Some(after))
            }
            other => other,
        };
        self.deeds.push(Deed { before, after, ..Deed::of(&change) });
        self.touched(change.kind, change.id);
    }

    /// Says that the transaction carries out an import: from here on every row that it writes has an entry of its own in the
    /// audit, which names the import, and so has everything else that the transaction notes for the audit.
    pub fn begin_import(&mut self, import_id: &str) {
        self.import = Some(ImportEntries::of(import_id.to_owned()));
    }

    /// Notes that a resource was written by an operation that may write very many. Within an import, the audit gets an entry for
    /// each of them, with the values before and after. Elsewhere the caller writes one entry for the whole operation
    /// ([`Tx::audit`]): a transaction that changes public data without an audit entry does not commit.
    ///
    /// # Errors
    /// Those of `values`, or the database's.
    pub fn record_row(
        &mut self,
        change: Change,
        values: impl FnOnce() -> Result<(Option<Value>, Option<Value>), StoreError>,
    ) -> Result<(), StoreError> {
        if let Some(import) = &mut self.import {
            let (before, after) = values()?;
            let deed = Deed { before, after, ..Deed::of(&change) };
            import.add(self.conn, &self.actor, self.now.naive_utc(), deed)?;
        }
        self.touched(change.kind, change.id);
        Ok(())
    }

    /// Notes something for the audit only.
    pub fn audit(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }

    /// Writes an entry about counted events, or their new count. The events are not those of the transaction, so the entry has
    /// an actor of its own.
    ///
    /// # Errors
    /// The database's.
    pub fn audit_counted(&mut self, entry: CountedEntry) -> Result<(), StoreError> {
        audit::write_counted(self.conn, self.now.naive_utc(), entry)
    }

    /// Gives every audit entry of the transaction the address that its actor's request came from. An address is personal:
    /// only transactions of signing in have one, and the actor must be the account, so that an erasure finds the entries.
    pub const fn came_from(&mut self, address: IpAddr) {
        self.address = Some(address);
    }

    /// Keeps other transactions that are about to write the same kind of thing waiting until this one ends, where what
    /// one of them may write depends on all rows. SQLite's write transactions exclude each other anyway.
    ///
    /// # Errors
    /// The database's.
    pub fn take_turns(&mut self, what: Turn) -> Result<(), StoreError> {
        if let Conn::Postgres(conn) = &mut *self.conn {
            conn.batch_execute(&format!("SELECT pg_advisory_xact_lock({TURNS}, {})", what.number()))?;
        }
        Ok(())
    }

    /// Lets those who [take turns](Tx::take_turns) in something wait until this transaction ends, and not those who share it
    /// as well.
    ///
    /// # Errors
    /// The database's.
    pub fn share_turn(&mut self, what: Turn) -> Result<(), StoreError> {
        if let Conn::Postgres(conn) = &mut *self.conn {
            conn.batch_execute(&format!("SELECT pg_advisory_xact_lock_shared({TURNS}, {})", what.number()))?;
        }
        Ok(())
    }

    /// Takes the right to do something that is done once at a time, until this transaction ends; says whether it was
    /// free. SQLite's write transactions exclude each other anyway.
    ///
    /// # Errors
    /// The database's.
    pub fn try_turn(&mut self, what: Turn) -> Result<bool, StoreError> {
        let Conn::Postgres(conn) = &mut *self.conn else { return Ok(true) };
        let lock = pg_try_advisory_xact_lock(TURNS, what.number());
        Ok(diesel::select(lock).get_result(conn)?)
    }

    /// Does something and takes it back, the notes of its changes too: what it returns is all that stays.
    ///
    /// # Errors
    /// What `work` returns, or the database's.
    pub fn taken_back<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        Transactions::begin_transaction(self.conn)?;
        let mut inner = Tx::new(self.conn, self.publisher, self.actor.clone(), self.now);
        let outcome = work(&mut inner);
        Transactions::rollback_transaction(self.conn)?;
        outcome
    }

    /// Keeps every other write transaction from committing before this one ends. SQLite's transactions exclude
    /// each other anyway; on PostgreSQL all of them end at the sequence counter, so its row is the lock.
    ///
    /// # Errors
    /// The database's.
    pub fn exclude_others(&mut self) -> Result<(), StoreError> {
        self.exclude_publications().map(drop)
    }

    /// Ends the editions of the data, although the feed has no change to tell.
    ///
    /// # Errors
    /// The database's.
    pub fn note_unannounced(&mut self) -> Result<(), StoreError> {
        self.is_unannounced = true;
        diesel::update(sequence_counter::table)
            .set(sequence_counter::unannounced.eq(sequence_counter::unannounced + 1))
            .execute(self.conn)?;
        Ok(())
    }

    /// Writes the audit entries that were noted until now.
    fn write_audit(&mut self) -> Result<(), StoreError> {
        if self.address.is_some() && self.account().is_none() {
            return Err(StoreError::corrupt("an address would be noted that belongs to no account"));
        }
        if let Some(import) = &mut self.import {
            import.flush(self.conn)?;
        }
        let deeds = std::mem::take(&mut self.deeds);
        self.is_audited |= !deeds.is_empty();
        let import_id = self.import.as_ref().map(ImportEntries::import_id);
        let shared = audit::Shared { address: self.address, import_id };
        audit::write(self.conn, &self.actor, self.now.naive_utc(), shared, deeds)
    }

    /// Writes the audit, publishes, then numbers and writes the changes: the last step before the commit. Returns the number of
    /// the last one.
    pub(super) fn flush(&mut self) -> Result<Option<i64>, StoreError> {
        self.publish()?;
        self.write_audit()?;
        if self.changes.is_empty() {
            // Something may be read that no document holds.
            if self.documents.is_some() {
                self.note_unannounced()?;
            }
            return Ok(None);
        }
        if !self.is_audited {
            return Err(StoreError::corrupt("a transaction changes something and leaves no trace in the audit"));
        }
        let changes = std::mem::take(&mut self.changes);
        let before = self.lock_sequence()?;
        let last = before + i64::try_from(changes.len()).map_err(StoreError::corrupt)?;
        diesel::update(sequence_counter::table)
            .set((
                sequence_counter::value.eq(last),
                sequence_counter::publications.eq(sequence_counter::publications + 1),
            ))
            .execute(self.conn)?;
        let changed_at = self.now.naive_utc();
        let rows: Vec<ChangeRow> = (before + 1..)
            .zip(changes)
            .map(|(sequence, change)| ChangeRow {
                sequence,
                resource: change.kind.as_str(),
                resource_id: change.id.into_string(),
                op: change.operation.action().as_str(),
                version: change.version,
                changed_at,
            })
            .collect();
        if rows.len() > FEW {
            batch_insert!(self.conn, change_entry::table, &rows);
        } else {
            for row in rows {
                diesel::insert_into(change_entry::table).values(row).execute(self.conn)?;
            }
        }
        Ok(Some(last))
    }
}

/// How many documents a transaction keeps for its answer.
const MOST_KEPT: usize = 16;

/// How many changes are written one by one. PostgreSQL takes longer to begin a copy than to insert a few rows.
const FEW: usize = 8;

diesel::define_sql_function! {
    /// PostgreSQL's advisory lock that is not waited for.
    fn pg_try_advisory_xact_lock(class: Integer, object: Integer) -> Bool;
}

/// The first key of the advisory locks of [`Tx::take_turns`] ("turn" in ASCII).
const TURNS: i32 = 0x74_75_72_6e;

/// What transactions take turns in writing.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    /// Members with natural keys and identifiers, each of which is there once.
    Members,
    /// Accounts, likewise.
    Accounts,
    /// Imports, of which one runs at a time.
    Imports,
    /// Focal points, whose addresses are there once a member. Who needs several turns takes that of accounts first.
    FocalPoints,
    /// Action programmes and what belongs to them. Who also locks a member does that first.
    Programs,
    /// Reporting periods: who locks one waits for those who report, and who reports for those who lock one.
    Periods,
}

impl Turn {
    const fn number(self) -> i32 {
        match self {
            Self::Members => 1,
            Self::Accounts => 2,
            Self::Imports => 3,
            Self::FocalPoints => 4,
            Self::Programs => 5,
            Self::Periods => 6,
        }
    }
}

#[derive(Insertable)]
#[diesel(table_name = change_entry, treat_none_as_default_value = false)]
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

/// What tells one edition of the data from the next: the number of the last change, and how often something was written
/// without one.
///
/// # Errors
/// The database's.
pub(super) fn current_edition(conn: &mut Conn) -> Result<(i64, i64), StoreError> {
    Ok(sequence_counter::table.select((sequence_counter::value, sequence_counter::unannounced)).first(conn)?)
}

/// The number of the last change. Read *before* a list's rows, it is the point from which pulling changes
/// misses nothing that the list did not show.
///
/// # Errors
/// The database's.
pub fn current_sequence(conn: &mut Conn) -> Result<i64, StoreError> {
    Ok(sequence_counter::table.select(sequence_counter::value).first(conn)?)
}
