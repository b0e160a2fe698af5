//! The database, one for the whole house: which one it is, its connections, the two doors through which
//! everything passes (`read` and `write`), its schema and migrations. The only place, with the stores, that
//! names Diesel.
//!
//! Diesel is synchronous: work runs on blocking threads, of which the server has as many as connections. Work
//! waits in the threads' own queue, so that a busy thread takes the next piece without anyone being woken; work
//! that finds too long a queue is refused at once.

pub use kernel;

mod audit;
mod change;
mod connection;
mod document;
mod edition;
mod error;
mod files;
mod hooks;
mod idempotency;
mod importing;
pub mod json;
pub mod keyset;
mod lock_times;
mod lookup;
mod migrations;
pub mod prelude;
mod probe;
mod reference;
pub mod schema;
pub mod search;
mod stamp;
mod statement;
mod target;
pub mod visibility;
mod wal;

use std::{
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

pub use self::{
    audit::{Actor, CountedEntry, Deed, difference},
    change::{Change, Operation, Publisher, SequenceColumn, Touched, Turn, Tx, current_sequence},
    connection::{Backend, Conn},
    document::{DocumentBody, DocumentChangedAt, DocumentHash},
    edition::Edition,
    error::{StoreError, WriteError},
    files::make_private_folder,
    hooks::{Hooks, Objection, Objections, Removal, ResourceRef},
    idempotency::{Claim, Claimed, MAKING_FOCAL_POINTS, forget_answers, forget_answers_naming, forget_answers_to},
    importing::{CHUNK, Importable, Keeper, in_pieces},
    lock_times::LockTimeCounts,
    lookup::{By, Lookup, ReferenceKind, UnknownName},
    migrations::{
        MigrationError, Status as MigrationStatus, Step, advice, database_name, has_schema, migrate, revert,
        revert_all, status as migration_status, steps,
    },
    probe::{WriteFailure, forget_probes},
    reference::{any_loaded, loaded_digest, note_loaded},
    stamp::Stamp,
    target::{PostgresUrl, Target, TargetError},
};
use self::{
    change::current_edition,
    connection::{Access, Manager, Statements},
    edition::Knowledge,
    files::DatabaseFile,
    lock_times::LockTimes,
    probe::Watch,
};
use diesel::{
    connection::{AnsiTransactionManager, TransactionManager},
    r2d2::{Pool, PooledConnection},
};
use kernel::clock::Clock;
use tokio::sync::{Semaphore, oneshot};

/// Inserts many rows (a slice or a `Vec`) at once: PostgreSQL copies them in its binary form; Diesel's SQLite takes one
/// after the other, which costs nothing inside a transaction. The rows' type must be flat and write `None` as NULL
/// (`treat_none_as_default_value = false`): then its statement is one and the same for all rows, too, and stays prepared.
#[macro_export]
macro_rules! batch_insert {
    ($conn:expr, $table:expr, $rows:expr) => {
        match $conn {
            $crate::Conn::Sqlite(conn) => {
                for row in $rows {
                    diesel::insert_into($table).values(row).execute(conn)?;
                }
            }
            $crate::Conn::Postgres(conn) => {
                let rows = $rows;
                if !rows.is_empty() {
                    let copy = diesel::copy_from($table).from_insertable(rows);
                    diesel::prelude::ExecuteCopyFromDsl::execute(copy, conn)?;
                }
            }
        }
    };
}

/// How long work waits for a connection before the database counts as unavailable.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a read may take unless the settings say otherwise.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);
/// How often those who wait for a change ask for it.
const EDITION_INTERVAL: Duration = Duration::from_millis(250);
/// How long the question for the current edition may take: whoever asks can do without.
const EDITION_DEADLINE: Duration = Duration::from_secs(1);
/// How much work may wait for each connection before more is refused.
const QUEUE_PER_CONNECTION: usize = 64;
/// How many writes may wait in any case: SQLite's one writer is quick.
const SHORTEST_WRITE_QUEUE: usize = 256;

/// What `work` returns on a blocking thread; `None` when it panicked or the runtime ended before it began. The thread is given a box, so that tokio's task is compiled
/// once and not for each kind of work.
async fn on_blocking_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    let task: Box<dyn FnOnce() + Send> = Box::new(move || drop(sender.send(work())));
    tokio::task::spawn_blocking(task);
    receiver.await.ok()
}

/// Somebody who may write, or read what is not public, as long as the account says so.
pub trait Author {
    /// Who it is, for the audit.
    fn actor(&self) -> Actor;

    /// Whether the account still allows it, asked on the connection that the work runs on.
    ///
    /// # Errors
    /// [`StoreError::NotAdmitted`], or the database's.
    fn admit(&self, conn: &mut Conn) -> Result<(), StoreError>;
}

/// The program itself is always admitted.
impl Author for Actor {
    fn actor(&self) -> Actor {
        self.clone()
    }

    fn admit(&self, _conn: &mut Conn) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The open database. Cloning is cheap and shares the pools.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
    deadline: Duration,
}

struct Inner {
    readers: Lane,
    writers: Lane,
    epoch: Arc<AtomicU64>,
    statements: Arc<Statements>,
    knowledge: Knowledge,
    target: Target,
    clock: Clock,
    /// Of the embedded database: its file.
    file: Option<Arc<DatabaseFile>>,
    /// Tells other processes that this one uses the embedded database.
    _in_use: Option<File>,
    writes: Watch,
    publisher: &'static dyn Publisher,
    lock_times: LockTimes,
    /// Whether the embedded database's log has still to be emptied of what was erased.
    log_holds_erased: AtomicBool,
}

/// A pool and the work that is under way on it or waits for it.
struct Lane {
    pool: Pool<Manager>,
    /// As many as connections: who has none waits without holding a thread.
    turns: Arc<Semaphore>,
    in_flight: AtomicUsize,
    most_in_flight: usize,
}

impl Db {
    /// Prepares the pools for `target`, with `connections` for reading. Connections open when first needed,
    /// so a database that is away now does not keep the server from starting. `publisher` makes the documents of what is written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the pools can't be made at all, or somebody is deleting the database.
    pub fn open(target: &Target, connections: u32, publisher: &'static dyn Publisher) -> Result<Self, StoreError> {
        let (epoch, statements) = (Arc::new(AtomicU64::new(0)), Arc::new(Statements::default()));
        // SQLite has one writer; PostgreSQL's writers wait for each other only at the end of a transaction.
        let writers = if matches!(target, Target::Sqlite(_)) { 1 } else { connections.clamp(2, 8) };
        let (file, in_use) = match target {
            Target::Sqlite(path) => (Some(Arc::new(DatabaseFile::at(path.clone()))), Some(lock_for_use(path)?)),
            Target::Postgres(_) => (None, None),
        };
        let lane = |access, size| {
            let manager = Manager::new(target.clone(), access, Arc::clone(&epoch), Arc::clone(&statements));
            let manager = manager.watching(file.clone());
            let shortest_queue = if access == Access::Write { SHORTEST_WRITE_QUEUE } else { 0 };
            Lane::new(manager, size, shortest_queue)
        };
        let inner = Inner {
            readers: lane(Access::Read, connections)?,
            writers: lane(Access::Write, writers)?,
            epoch: Arc::clone(&epoch),
            statements: Arc::clone(&statements),
            knowledge: Knowledge::default(),
            target: target.clone(),
            clock: Clock::default(),
            file: file.clone(),
            _in_use: in_use,
            writes: Watch::default(),
            publisher,
            lock_times: LockTimes::default(),
            // A process that was killed may have left it so.
            log_holds_erased: AtomicBool::new(matches!(target, Target::Sqlite(_))),
        };
        Ok(Self { inner: Arc::new(inner), deadline: DEFAULT_DEADLINE })
    }

    /// The same database, with another bound on how long [`Db::read`] may take, the queue included.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// What the database is, without any secret.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.inner.target
    }

    /// The clock that dates what is written.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// How many statements have been sent to the database since the start.
    #[must_use]
    pub fn query_count(&self) -> u64 {
        self.inner.statements.count()
    }

    /// How long transactions have kept others from publishing.
    #[must_use]
    pub fn lock_times(&self) -> LockTimeCounts {
        self.inner.lock_times.counts()
    }

    /// What something returns, with the texts and values of the statements that are sent while it is done. For tests that
    /// read the plans of what is really asked.
    pub fn statements_during<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<String>) {
        self.inner.statements.during(work)
    }

    /// Runs `work` on a read-only connection, on a blocking thread. After an outage it runs once more on a
    /// fresh connection, so it must be repeatable.
    ///
    /// # Errors
    /// What `work` returns; [`StoreError::Overloaded`] when the queue is full, [`StoreError::DeadlineExceeded`]
    /// when the time is up.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    {
        self.read_then(work, |found| found).await
    }

    /// [`Db::read`], and what is to be made of it on the same thread when the connection has been given back. For what
    /// takes long to write down: the threads that speak HTTP must not be kept from it, and refuse in time.
    ///
    /// # Errors
    /// Those of [`Db::read`].
    pub async fn read_then<T, U, F, G>(&self, work: F, then: G) -> Result<U, StoreError>
    where
        U: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, StoreError> + Send + 'static,
        G: FnOnce(T) -> U + Send + 'static,
    {
        let db = self.clone();
        let place = Place::take(&self.inner, readers)?;
        let outcome = on_blocking_thread(move || {
            let _place = place;
            db.read_blocking(work).map(then)
        });
        match tokio::time::timeout(self.deadline, outcome).await {
            Ok(outcome) => outcome.unwrap_or(Err(StoreError::Aborted)),
            Err(_elapsed) => Err(StoreError::DeadlineExceeded),
        }
    }

    /// [`Db::read`] of what is not public, for somebody whose account is asked first, on the same connection.
    ///
    /// # Errors
    /// What `work` returns; [`StoreError::NotAdmitted`].
    pub async fn read_as<A, T, F>(&self, author: A, work: F) -> Result<T, StoreError>
    where
        A: Author + Send + 'static,
        T: Send + 'static,
        F: Fn(&mut Conn) -> Result<T, StoreError> + Send + 'static,
    {
        self.read(move |conn| {
            author.admit(conn)?;
            work(conn)
        })
        .await
    }

    /// Runs `work` in one write transaction, on a blocking thread: all of it, its change and audit entries and the
    /// sequence, or nothing. The author's account is asked first, in the same transaction.
    ///
    /// The time limit holds for waiting. A transaction that has begun is not abandoned, because nobody could tell
    /// whether it took effect; the database bounds its statements and locks.
    ///
    /// # Errors
    /// What `work` returns; [`StoreError::NotAdmitted`]; [`StoreError::Overloaded`] when too many wait already.
    pub async fn write<A, T, E, F>(&self, author: A, work: F) -> Result<T, E>
    where
        A: Author + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let place = Place::take(&self.inner, writers)?;
        let turn = Arc::clone(&self.inner.writers.turns).acquire_owned();
        let turn = tokio::time::timeout(self.deadline, turn).await.map_err(|_waited| StoreError::Overloaded)?;
        let turn = turn.map_err(|_closed| StoreError::Aborted)?;
        let db = self.clone();
        let outcome = on_blocking_thread(move || {
            let _place_and_turn = (place, turn);
            db.write_blocking(&author, work)
        });
        outcome.await.unwrap_or_else(|| Err(StoreError::Aborted.into()))
    }

    /// How many threads may be busy with writes at once.
    #[must_use]
    pub fn writers(&self) -> usize {
        usize::try_from(self.inner.writers.pool.max_size()).unwrap_or(usize::MAX)
    }

    /// The current edition of the data. The database is asked for it only now and then.
    ///
    /// # Errors
    /// The database's, when it has to be asked.
    pub async fn edition(&self) -> Result<Edition, StoreError> {
        let (epoch, knowledge) = (self.inner.epoch.load(Ordering::Acquire), &self.inner.knowledge);
        if let Some((sequence, unannounced)) = knowledge.recent() {
            return Ok(Edition { epoch, sequence, unannounced });
        }
        let before = knowledge.before_asking();
        let asked = tokio::time::timeout(EDITION_DEADLINE, self.read(current_edition)).await;
        let (sequence, unannounced) = asked.unwrap_or(Err(StoreError::DeadlineExceeded))?;
        knowledge.learn((sequence, unannounced), before);
        Ok(Edition { epoch, sequence, unannounced })
    }

    /// Waits until something has changed behind a number, or for as long as the caller has patience. Own writes end
    /// the wait at once, writes of others within half a second.
    ///
    /// # Errors
    /// The database's, when it has to be asked.
    pub async fn changed_since(&self, sequence: i64, patience: Duration) -> Result<(), StoreError> {
        let change = async {
            loop {
                let write = self.inner.knowledge.next_write();
                if self.edition().await?.sequence > sequence {
                    return Ok(());
                }
                let _ended_by_time = tokio::time::timeout(EDITION_INTERVAL, write).await;
            }
        };
        tokio::time::timeout(patience, change).await.unwrap_or(Ok(()))
    }

    /// [`Db::read`] on the caller's own thread, for the command line and the start.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn read_blocking<T>(&self, work: impl Fn(&mut Conn) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut found = None;
        self.read_with(&mut |conn| work(conn).map(|value| found = Some(value)))?;
        found.ok_or(StoreError::Aborted)
    }

    /// The part of [`Db::read_blocking`] that is compiled once.
    fn read_with(&self, work: &mut dyn FnMut(&mut Conn) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut attempt = || -> Result<Result<(), StoreError>, StoreError> {
            let mut pooled = self.inner.readers.checkout()?;
            let outcome = work(&mut pooled.conn);
            self.note_outage(&outcome);
            Ok(outcome)
        };
        match attempt()? {
            Err(StoreError::Unavailable(_)) => attempt()?,
            outcome => outcome,
        }
    }

    /// Runs `work` in one write transaction, on the caller's own thread: all of it, its change entries and
    /// the sequence, or nothing.
    ///
    /// # Errors
    /// What `work` returns, or the database's refusal; nothing is written then.
    pub fn write_blocking<T, E: From<StoreError>>(
        &self,
        author: &impl Author,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let (mut work, mut outcome) = (Some(work), None);
        self.write_with(author, &mut |tx| {
            let done = work.take().map(|work| work(tx));
            let is_done = matches!(done, Some(Ok(_)));
            outcome = done;
            is_done
        })?;
        outcome.unwrap_or_else(|| Err(StoreError::Aborted.into()))
    }

    /// The part of [`Db::write_blocking`] that is compiled once: the transaction around `work`, which is undone when `work`
    /// returns `false`.
    fn write_with(&self, author: &dyn Author, work: &mut dyn FnMut(&mut Tx<'_>) -> bool) -> Result<(), StoreError> {
        self.must_not_be_moved()?;
        let mut pooled = self.inner.writers.checkout()?;
        let conn = &mut pooled.conn;
        let begun = match conn {
            // The write lock at once: a transaction that reads first and locks later can't be waited for.
            Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE"),
            Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction(conn),
        };
        self.noted(begun)?;
        let mut tx = Tx::new(conn, self.inner.publisher, author.actor(), self.inner.clock.now());
        let is_done = author.admit(tx.conn).map(|()| work(&mut tx));
        let last = match is_done {
            Ok(true) => tx.flush().map(Some),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        let (erases, leaves_trace, locked_at) = (tx.erases(), tx.leaves_trace(), tx.locked_at());
        let is_unannounced = tx.is_unannounced();
        let Ok(Some(last)) = last else {
            if let Err(failure) = self.noted(Transactions::rollback_transaction(conn)) {
                log::warn!("a rollback failed, the connection is thrown away: {failure}");
            }
            return last.map(|_undone| ());
        };
        self.noted(Transactions::commit_transaction(conn))?;
        if let Some(locked_at) = locked_at {
            self.inner.lock_times.note(locked_at.elapsed());
        }
        if last.is_some() || is_unannounced {
            self.inner.knowledge.wrote(last);
        }
        if leaves_trace {
            self.inner.writes.wrote();
        }
        if erases {
            self.empty_log_on(conn);
        }
        Ok(())
    }

    fn noted<T>(&self, result: Result<T, diesel::result::Error>) -> Result<T, StoreError> {
        let outcome = result.map_err(StoreError::from);
        self.note_outage(&outcome);
        outcome
    }

    /// After a lost connection, no connection opened before it is trusted.
    fn note_outage<T>(&self, outcome: &Result<T, StoreError>) {
        if matches!(outcome, Err(StoreError::Unavailable(_))) {
            self.inner.epoch.fetch_add(1, Ordering::AcqRel);
            self.inner.knowledge.forget();
        }
    }
}

/// Reads several statements of one state of the data.
///
/// # Errors
/// What `work` returns, or the database's.
pub fn snapshot<T>(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<T, StoreError>) -> Result<T, StoreError> {
    match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN")?,
        Conn::Postgres(conn) => {
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            AnsiTransactionManager::begin_transaction_sql(conn, begin)?;
        }
    }
    let outcome = work(conn);
    Transactions::rollback_transaction(conn)?;
    outcome
}

type Transactions = <Conn as diesel::Connection>::TransactionManager;

impl Lane {
    fn new(manager: Manager, size: u32, shortest_queue: usize) -> Result<Self, StoreError> {
        let slots = usize::try_from(size).map_err(StoreError::corrupt)?;
        let pool = Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .idle_timeout(None)
            .max_lifetime(None)
            .connection_timeout(CHECKOUT_TIMEOUT)
            .build(manager)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let queue = (slots * QUEUE_PER_CONNECTION).max(shortest_queue);
        Ok(Self {
            pool,
            turns: Arc::new(Semaphore::new(slots)),
            in_flight: AtomicUsize::new(0),
            most_in_flight: slots + queue,
        })
    }

    fn checkout(&self) -> Result<PooledConnection<Manager>, StoreError> {
        self.pool.get().map_err(|error| StoreError::of_checkout(error.to_string()))
    }
}

/// Notes that this process uses a database file.
fn lock_for_use(path: &std::path::Path) -> Result<File, StoreError> {
    let unusable = |(lock, error): (std::path::PathBuf, std::io::Error)| {
        StoreError::Unavailable(format!("the lock file {} can't be used: {error}", lock.display()))
    };
    let locked = files::lock_for_use(path).map_err(unusable)?;
    locked.ok_or_else(|| StoreError::Unavailable("another process is undoing migrations of this database".to_owned()))
}

/// A place among the pieces of work of a lane that are under way or wait, given back when the work ends.
struct Place(Arc<Inner>, fn(&Inner) -> &Lane);

const fn readers(inner: &Inner) -> &Lane {
    &inner.readers
}

const fn writers(inner: &Inner) -> &Lane {
    &inner.writers
}

impl Place {
    fn take(inner: &Arc<Inner>, lane: fn(&Inner) -> &Lane) -> Result<Self, StoreError> {
        let place = Self(Arc::clone(inner), lane);
        let lane = lane(inner);
        if lane.in_flight.fetch_add(1, Ordering::AcqRel) >= lane.most_in_flight {
            return Err(StoreError::Overloaded);
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        (self.1)(&self.0).in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
