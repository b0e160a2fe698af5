//! Brings a database to the schema of this binary, and refuses one that a newer binary has moved on.

use std::{fs::File, path::Path};

use diesel::{connection::SimpleConnection as _, prelude::*};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, StoreError, Target, connection::Access, connection::open};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

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
    Lock(String, std::io::Error),
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
            let _lock = lock_file(&path.with_extension("lock"))?;
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

fn lock_file(path: &Path) -> Result<File, MigrationError> {
    let lock = || {
        let file = File::options().create(true).append(true).open(path)?;
        file.lock()?;
        Ok(file)
    };
    lock().map_err(|error| MigrationError::Lock(path.display().to_string(), error))
}

fn run_pending(conn: &mut Conn) -> Result<Vec<String>, MigrationError> {
    let applied = match conn {
        Conn::Sqlite(conn) => conn.applied_migrations(),
        Conn::Postgres(conn) => conn.applied_migrations(),
    };
    let applied = applied.map_err(MigrationError::Failed)?.iter().map(ToString::to_string).collect();
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
    let mut conn = open(target, Access::Write)?;
    let found = match &conn {
        Conn::Sqlite(_) => "SELECT count(*) FROM sqlite_master WHERE name = 'reference_load'",
        Conn::Postgres(_) => "SELECT count(*) FROM pg_class WHERE oid = to_regclass('reference_load')",
    };
    let found = diesel::dsl::sql::<diesel::sql_types::BigInt>(found).get_result::<i64>(&mut conn);
    found.map(|tables| tables > 0).map_err(|error| MigrationError::Failed(Box::new(error)))
}

/// Undoes every migration, newest first. Only tests and `migrate --down` call it: it deletes all data.
///
/// # Errors
/// [`MigrationError`], see there.
pub fn revert_all(target: &Target) -> Result<(), MigrationError> {
    let reverted = match &mut open(target, Access::Write)? {
        Conn::Sqlite(conn) => conn.revert_all_migrations(SQLITE).map(drop),
        Conn::Postgres(conn) => conn.revert_all_migrations(POSTGRES).map(drop),
    };
    reverted.map_err(MigrationError::Failed)
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
    let migrations = diesel::migration::MigrationSource::<DB>::migrations(source).map_err(MigrationError::Failed)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}
