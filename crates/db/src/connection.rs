//! One connection type for both databases, and how its connections are opened, checked and thrown away.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use diesel::{
    ConnectionError, PgConnection, QueryResult, SqliteConnection,
    connection::{Instrumentation, InstrumentationEvent, SimpleConnection as _},
    r2d2::ManageConnection,
    result::Error as DieselError,
    sql_types::Text,
};

use super::prelude::*;
use super::{
    files::{self, DatabaseFile},
    target::Target,
};

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
pub const LOCK_TIMEOUT_MS: u32 = 5_000;
/// How long a statement may run on PostgreSQL.
const STATEMENT_TIMEOUT_MS: u32 = 20_000;
/// What PostgreSQL shall think of a page that is not the next one, beside 1 for one that is. The data fits into memory, and
/// discs that turn are gone: the default of 4 reads whole tables where a few rows are wanted by their keys.
const RANDOM_PAGE_COST: &str = "1.1";
/// How long libpq may take to reach the server, in seconds (its own minimum is 2).
const CONNECT_TIMEOUT_S: u32 = 2;

/// The key of the advisory lock that every connection of a process that uses the database shares ("remactoS" in ASCII).
pub const USE_KEY: i64 = 0x72_65_6d_61_63_74_6f_53;

/// Asks for messages in English, by whose words errors are told apart, where they are not and the role may do so.
const SPEAK_ENGLISH: &str = "SELECT set_config('lc_messages', 'C', false) WHERE \
     current_setting('lc_messages') NOT IN ('C', 'POSIX') AND has_parameter_privilege('lc_messages', 'SET')";

/// Opens a connection to a database that is there, with every setting that the product relies on.
///
/// # Errors
/// The driver's error; it never holds a password.
pub fn open(target: &Target, access: Access) -> Result<Conn, ConnectionError> {
    let setup = |result: QueryResult<()>| result.map_err(ConnectionError::CouldntSetupConfiguration);
    match target {
        Target::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(&files::uri(path))?;
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
            if let Err(error) = conn.batch_execute(SPEAK_ENGLISH) {
                log::debug!("the language of PostgreSQL's messages stays as it is: {error}");
            }
            Ok(Conn::Postgres(conn))
        }
    }
}

/// What an administrator must run so that the program understands PostgreSQL's messages; nothing where it does. Tried with
/// an error, because the name of a locale does not say for sure in which language messages come.
///
/// # Errors
/// The database's.
pub fn language_advice(conn: &mut Conn) -> QueryResult<Option<String>> {
    let Conn::Postgres(conn) = conn else { return Ok(None) };
    let text = diesel::dsl::sql::<Text>;
    let locale: String = text("SELECT current_setting('lc_messages')").get_result(conn)?;
    if ["C", "POSIX"].contains(&locale.as_str()) {
        return Ok(None);
    }
    match conn.batch_execute("SELECT 1 / 0") {
        Err(DieselError::DatabaseError(_, info)) if info.message() == "division by zero" => Ok(None),
        Err(DieselError::DatabaseError(..)) => {
            let role: String = text("SELECT quote_ident(current_user)").get_result(conn)?;
            Ok(Some(format!(
                "PostgreSQL writes its messages in another language (lc_messages is {locale:?}), so that a lock that is \
                 waited for too long can't be told from other errors: an administrator should run \
                 GRANT SET ON PARAMETER lc_messages TO {role};"
            )))
        }
        other => other.map(|()| None),
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
    /// Of the embedded database: its file.
    file: Option<Arc<DatabaseFile>>,
    epoch: Arc<AtomicU64>,
    statements: Arc<Statements>,
}

impl Manager {
    /// A manager that counts outages in `epoch` and notes what is executed in `statements`.
    pub const fn new(target: Target, access: Access, epoch: Arc<AtomicU64>, statements: Arc<Statements>) -> Self {
        Self { target, access, file: None, epoch, statements }
    }

    /// With the file of the embedded database, which must stay where it is.
    pub fn watching(self, file: Option<Arc<DatabaseFile>>) -> Self {
        Self { file, ..self }
    }
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Pooled, ConnectionError> {
        let epoch = self.epoch.load(Ordering::Acquire);
        // What is at the path now may be another database, or half of one.
        if self.file.as_ref().is_some_and(|file| file.is_moved()) {
            return Err(ConnectionError::BadConnection(files::MOVED.to_owned()));
        }
        let mut conn = open(&self.target, self.access)?;
        if let Some(file) = &self.file {
            file.note_opened();
        }
        if let Conn::Postgres(conn) = &mut conn {
            let share = format!("SELECT pg_advisory_lock_shared({USE_KEY})");
            conn.batch_execute(&share).map_err(ConnectionError::CouldntSetupConfiguration)?;
        }
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
