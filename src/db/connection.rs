//! One connection type for both databases, and how its connections are opened, checked and thrown away.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use diesel::{
    Connection as _, ConnectionError, PgConnection, QueryResult, SqliteConnection,
    connection::{Instrumentation, InstrumentationEvent, SimpleConnection as _},
    r2d2::ManageConnection,
};

use super::target::Target;

/// A connection to whichever database was chosen at the start.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// A PostgreSQL server.
    Postgres(PgConnection),
}

/// Diesel's backend of [`Conn`]: what boxed queries are boxed for.
pub type Backend = self::multi_connection_impl::MultiBackend;

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only read: the database itself refuses a write.
    Read,
    /// Read and write.
    Write,
}

/// How long a statement may wait for a lock.
const LOCK_TIMEOUT_MS: u32 = 5_000;
/// How long a statement may run on PostgreSQL.
const STATEMENT_TIMEOUT_MS: u32 = 20_000;
/// What PostgreSQL shall think of a page that is not the next one, beside 1 for one that is. The data fits into memory, and
/// discs that turn are gone: the default of 4 reads whole tables where a few rows are wanted by their keys.
const RANDOM_PAGE_COST: &str = "1.1";
/// How long libpq may take to reach the server, in seconds (its own minimum is 2).
const CONNECT_TIMEOUT_S: u32 = 2;

/// Opens a connection with every setting that the product relies on.
///
/// # Errors
/// The driver's error; it never holds a password.
pub fn open(target: &Target, access: Access) -> Result<Conn, ConnectionError> {
    let setup = |result: QueryResult<()>| result.map_err(ConnectionError::CouldntSetupConfiguration);
    match target {
        Target::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
            // The time limit comes first, so that the switch to WAL itself can wait for another process.
            setup(conn.batch_execute(&format!(
                "PRAGMA busy_timeout = {LOCK_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA query_only = {};",
                if access == Access::Read { "ON" } else { "OFF" }
            )))?;
            Ok(Conn::Sqlite(conn))
        }
        Target::Postgres(url) => {
            let mut conn = PgConnection::establish(&url.with_connect_timeout(CONNECT_TIMEOUT_S))?;
            setup(conn.batch_execute(&format!(
                "SET TIME ZONE 'UTC'; SET application_name = 'remacto'; SET client_min_messages = warning; \
                 SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET lock_timeout = {LOCK_TIMEOUT_MS}; \
                 SET random_page_cost = {RANDOM_PAGE_COST}; \
                 SET idle_in_transaction_session_timeout = {STATEMENT_TIMEOUT_MS}; \
                 SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ {};",
                if access == Access::Read { "ONLY" } else { "WRITE" }
            )))?;
            Ok(Conn::Postgres(conn))
        }
    }
}

/// A pooled connection and the outage count at which it was opened.
pub struct Pooled {
    /// The connection itself.
    pub conn: Conn,
    epoch: u64,
}

/// The pool's side of [`open`]. When one connection turns out to be lost, all that were opened before are
/// thrown away with it, because a server that went away took them all: no request is spent on finding out
/// for each of them, and no ping is spent on each checkout.
pub struct Manager {
    target: Target,
    access: Access,
    epoch: Arc<AtomicU64>,
    statements: Arc<Statements>,
}

impl Manager {
    /// A manager that counts outages in `epoch` and notes what is executed in `statements`.
    pub const fn new(target: Target, access: Access, epoch: Arc<AtomicU64>, statements: Arc<Statements>) -> Self {
        Self { target, access, epoch, statements }
    }
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Pooled, ConnectionError> {
        let epoch = self.epoch.load(Ordering::Acquire);
        let mut conn = open(&self.target, self.access)?;
        conn.set_instrumentation(Witness(Arc::clone(&self.statements)));
        Ok(Pooled { conn, epoch })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> Result<(), ConnectionError> {
        if pooled.epoch == self.epoch.load(Ordering::Acquire) {
            Ok(())
        } else {
            Err(ConnectionError::BadConnection("opened before an outage".to_owned()))
        }
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.epoch != self.epoch.load(Ordering::Acquire) || diesel::r2d2::R2D2Connection::is_broken(&mut pooled.conn)
    }
}

/// What is sent to the database: how many statements and, while somebody listens, their texts. Tests do, to count and
/// to read the plans of what is really asked; nothing else does, since values stand in them.
#[derive(Debug, Default)]
pub struct Statements {
    count: AtomicU64,
    is_heard: AtomicBool,
    heard: Mutex<Vec<String>>,
}

impl Statements {
    /// How many there were since the start.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The texts of those that are sent while something is done, with their values behind them.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<String>) {
        let heard = || std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        heard();
        self.is_heard.store(true, Ordering::Release);
        let done = work();
        self.is_heard.store(false, Ordering::Release);
        (done, heard())
    }
}

/// Notes the statements of a connection.
struct Witness(Arc<Statements>);

impl Instrumentation for Witness {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        let InstrumentationEvent::StartQuery { query, .. } = event else { return };
        self.0.count.fetch_add(1, Ordering::Relaxed);
        if self.0.is_heard.load(Ordering::Acquire) {
            self.0.heard.lock().unwrap_or_else(PoisonError::into_inner).push(query.to_string());
        }
    }
}
