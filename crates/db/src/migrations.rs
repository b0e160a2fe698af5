//! Brings a database to the schema of this binary, and refuses one that a newer binary has moved on.

use std::{io, path::PathBuf};

use crate::prelude::*;
use diesel::connection::SimpleConnection as _;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    Conn, StoreError, Target,
    connection::{Access, USE_KEY, language_advice, open},
    files,
};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The key of the advisory lock under which instances migrate one after the other ("remacto" in ASCII).
const LOCK_KEY: i64 = 0x72_65_6d_61_63_74_6f;

/// Why a database could not be brought to this binary's schema; complete sentences for the operator.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database can't be opened.
    #[error("the database can't be opened: {0}")]
    Open(#[from] diesel::ConnectionError),
    /// The file that keeps two processes from migrating one file at once can't be locked.
    #[error("the lock file {0} can't be used: {1}")]
    Lock(PathBuf, io::Error),
    /// The file of an embedded database can't be made.
    #[error("the database file {0} can't be made: {1}")]
    Create(PathBuf, io::Error),
    /// Migrations are to be undone in a database that is in use.
    #[error("another process uses the database: stop every server and command that does")]
    InUse,
    /// A PostgreSQL database that can't hold every character.
    #[error("the database's encoding is {0}; it must be UTF8 (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)")]
    Encoding(String),
    /// The database has migrations that this binary does not know.
    #[error(
        "the database was migrated by a newer binary (it has {0}, which this one does not know): use that binary, or restore a backup"
    )]
    Newer(String),
    /// A migration failed; what it had done is rolled back.
    #[error("a migration failed: {0}")]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl From<MigrationError> for StoreError {
    fn from(error: MigrationError) -> Self {
        match error {
            MigrationError::Failed(cause) => match cause.downcast::<diesel::result::Error>() {
                Ok(cause) => Self::from(*cause),
                Err(cause) => Self::Corrupt(cause.to_string()),
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Runs every migration that is due, under a lock that holds across processes and instances, and returns
/// the names of those that ran.
///
/// # Errors
/// [`MigrationError`], see there.
pub fn migrate(target: &Target) -> Result<Vec<String>, MigrationError> {
    match target {
        Target::Sqlite(path) => {
            let _lock = files::lock_for_migration(path).map_err(|(lock, error)| MigrationError::Lock(lock, error))?;
            files::create(path).map_err(|error| MigrationError::Create(path.clone(), error))?;
            files::close_to_others(path);
            run_pending(&mut open(target, Access::Write)?)
        }
        Target::Postgres(_) => {
            let mut conn = open(target, Access::Write)?;
            let failed = |error: diesel::result::Error| MigrationError::Failed(Box::new(error));
            // The lock belongs to this connection and ends with it; waiting for another instance may take long.
            let encoding = diesel::dsl::sql::<diesel::sql_types::Text>(
                "SELECT pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = current_database()",
            );
            let encoding: String = encoding.get_result(&mut conn).map_err(failed)?;
            if encoding != "UTF8" {
                return Err(MigrationError::Encoding(encoding));
            }
            conn.batch_execute("SET lock_timeout = 0; SET statement_timeout = 0;").map_err(failed)?;
            conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK_KEY})")).map_err(failed)?;
            run_pending(&mut conn)
        }
    }
}

fn run_pending(conn: &mut Conn) -> Result<Vec<String>, MigrationError> {
    let applied = applied(conn)?;
    if let Some(unknown) = compare(conn, applied)?.unknown.into_iter().next() {
        return Err(MigrationError::Newer(unknown));
    }
    let ran = match conn {
        Conn::Sqlite(conn) => conn.run_pending_migrations(SQLITE),
        Conn::Postgres(conn) => conn.run_pending_migrations(POSTGRES),
    };
    let ran = ran.map_err(MigrationError::Failed)?;
    Ok(ran.iter().map(ToString::to_string).collect())
}

/// Whether a database has tables of ours, found out without writing (Diesel's own way makes its table where it is
/// missing, which two instances must not do at once).
///
/// # Errors
/// [`MigrationError`], see there.
pub fn has_schema(target: &Target) -> Result<bool, MigrationError> {
    if matches!(target, Target::Sqlite(path) if !path.exists()) {
        return Ok(false);
    }
    let mut conn = open(target, Access::Write)?;
    let found = match &conn {
        Conn::Sqlite(_) => "SELECT count(*) FROM sqlite_master WHERE name = 'reference_load'",
        Conn::Postgres(_) => "SELECT count(*) FROM pg_class WHERE oid = to_regclass('reference_load')",
    };
    let found = diesel::dsl::sql::<diesel::sql_types::BigInt>(found).get_result::<i64>(&mut conn);
    found.map(|tables| tables > 0).map_err(|error| MigrationError::Failed(Box::new(error)))
}

/// What an administrator should do about the database before it serves; nothing where all is well.
///
/// # Errors
/// [`MigrationError`], see there.
pub fn advice(target: &Target) -> Result<Option<String>, MigrationError> {
    let advice = language_advice(&mut open(target, Access::Read)?);
    advice.map_err(|error| MigrationError::Failed(Box::new(error)))
}

/// The name by which an operator confirms that a database is the one that is meant: that of the file, or PostgreSQL's.
///
/// # Errors
/// [`MigrationError`], see there.
pub fn database_name(target: &Target) -> Result<String, MigrationError> {
    if let Target::Sqlite(path) = target {
        return Ok(path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default());
    }
    let name = diesel::dsl::sql::<diesel::sql_types::Text>("SELECT current_database()::text");
    let name = name.get_result(&mut open(target, Access::Read)?);
    name.map_err(|error| MigrationError::Failed(Box::new(error)))
}

/// Undoes so many migrations, newest first, and returns their names. It deletes data, so nobody may use the database
/// meanwhile: the lock is held until it is done, and ends with the process.
///
/// # Errors
/// [`MigrationError::InUse`] where a process uses the database, or what stops a migration.
pub fn revert(target: &Target, steps: usize) -> Result<Vec<String>, MigrationError> {
    let (_files, mut conn) = alone(target)?;
    let mut reverted = Vec::new();
    while reverted.len() < steps && !applied(&mut conn)?.is_empty() {
        let undone = match &mut conn {
            Conn::Sqlite(conn) => conn.revert_last_migration(SQLITE),
            Conn::Postgres(conn) => conn.revert_last_migration(POSTGRES),
        };
        reverted.push(undone.map_err(MigrationError::Failed)?.to_string());
    }
    Ok(reverted)
}

/// Undoes every migration.
///
/// # Errors
/// Those of [`revert`].
pub fn revert_all(target: &Target) -> Result<Vec<String>, MigrationError> {
    revert(target, usize::MAX)
}

/// A connection to a database that no process uses or migrates, and what keeps others from it.
fn alone(target: &Target) -> Result<(Vec<std::fs::File>, Conn), MigrationError> {
    if let Target::Sqlite(path) = target {
        let failed = |(lock, error)| MigrationError::Lock(lock, error);
        let in_use = files::lock_for_deletion(path).map_err(failed)?.ok_or(MigrationError::InUse)?;
        let migrating = files::lock_for_migration(path).map_err(failed)?;
        return Ok((vec![in_use, migrating], open(target, Access::Write)?));
    }
    let mut conn = open(target, Access::Write)?;
    let failed = |error: diesel::result::Error| MigrationError::Failed(Box::new(error));
    conn.batch_execute("SET statement_timeout = 0;").map_err(failed)?;
    for key in [USE_KEY, LOCK_KEY] {
        let lock = format!("SELECT pg_try_advisory_lock({key})");
        let is_locked: bool =
            diesel::dsl::sql::<diesel::sql_types::Bool>(&lock).get_result(&mut conn).map_err(failed)?;
        if !is_locked {
            return Err(MigrationError::InUse);
        }
    }
    Ok((Vec::new(), conn))
}

fn applied(conn: &mut Conn) -> Result<Vec<String>, MigrationError> {
    let applied = match conn {
        Conn::Sqlite(conn) => conn.applied_migrations(),
        Conn::Postgres(conn) => conn.applied_migrations(),
    };
    Ok(applied.map_err(MigrationError::Failed)?.iter().map(ToString::to_string).collect())
}

/// A migration, and whether it has run.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, or its version where this binary does not know it.
    pub name: String,
    /// Whether it has run.
    pub applied: bool,
    /// Whether this binary has it.
    pub known: bool,
}

/// Every migration of this binary or of the database, in their order, without writing anything.
///
/// # Errors
/// [`MigrationError`], see there.
pub fn steps(target: &Target) -> Result<Vec<Step>, MigrationError> {
    let is_new = !has_schema(target)?;
    let mut conn = open(target, Access::Read)?;
    let failed = |error: diesel::result::Error| MigrationError::Failed(Box::new(error));
    let mut applied: Vec<String> = Vec::new();
    if !is_new {
        let versions = __diesel_schema_migrations::table.select(__diesel_schema_migrations::version);
        applied = versions.load(&mut conn).map_err(failed)?;
    }
    let embedded = match conn {
        Conn::Sqlite(_) => names::<diesel::sqlite::Sqlite>(&SQLITE)?,
        Conn::Postgres(_) => names::<diesel::pg::Pg>(&POSTGRES)?,
    };
    let unknown = applied.iter().filter(|version| !embedded.iter().any(|(known, _)| known == *version));
    let unknown = unknown.map(|version| (version.clone(), Step { name: version.clone(), applied: true, known: false }));
    let known = embedded.iter().map(|(version, name)| {
        (version.clone(), Step { name: name.clone(), applied: applied.contains(version), known: true })
    });
    let mut steps: Vec<(String, Step)> = known.chain(unknown).collect();
    steps.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

/// How a database's migrations compare with the binary's.
#[derive(Debug, PartialEq, Eq)]
pub struct Status {
    /// Migrations of the binary that have not run.
    pub pending: usize,
    /// Versions that have run and that the binary does not know.
    pub unknown: Vec<String>,
}

diesel::table! {
    /// Where Diesel keeps the versions of the migrations that have run.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

/// Compares the migrations that have run with those of this binary, without writing anything (Diesel's own
/// way makes its table where it is missing).
///
/// # Errors
/// The database's.
pub fn status(conn: &mut Conn) -> Result<Status, StoreError> {
    let applied = __diesel_schema_migrations::table.select(__diesel_schema_migrations::version).load(conn)?;
    Ok(compare(conn, applied)?)
}

fn compare(conn: &Conn, applied: Vec<String>) -> Result<Status, MigrationError> {
    let embedded = match conn {
        Conn::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE)?,
        Conn::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES)?,
    };
    Ok(Status {
        pending: embedded.iter().filter(|version| !applied.contains(version)).count(),
        unknown: applied.into_iter().filter(|version| !embedded.contains(version)).collect(),
    })
}

fn versions<DB: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Result<Vec<String>, MigrationError> {
    Ok(names::<DB>(source)?.into_iter().map(|(version, _)| version).collect())
}

/// The versions of migrations and their whole names.
fn names<DB: diesel::backend::Backend>(source: &EmbeddedMigrations) -> Result<Vec<(String, String)>, MigrationError> {
    let migrations = diesel::migration::MigrationSource::<DB>::migrations(source).map_err(MigrationError::Failed)?;
    let names = migrations.iter().map(|migration| migration.name());
    Ok(names.map(|name| (name.version().to_string(), name.to_string())).collect())
}
