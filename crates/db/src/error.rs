//! What can go wrong in a store, reduced to what a caller can act on.

use std::io::{self, ErrorKind};

use super::UnknownName;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use kernel::violation::Violations;

/// Why a store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached or is gone; trying again later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// More work waits for the database than is worth queueing; trying again later will help.
    #[error("too many requests wait for the database")]
    Overloaded,
    /// The work took longer than it may.
    #[error("the database took too long")]
    DeadlineExceeded,
    /// What is to be written is being written by others for too long; trying again later will help.
    #[error("the database was busy with other writes: {0}")]
    Contended(String),
    /// Who wants to write or to read what is not public may not any more; what has happened to the account.
    #[error("the account {0}")]
    NotAdmitted(&'static str),
    /// The filters of a list name what does not exist, or what the caller may not see; all of those names.
    #[error("a filter names nothing")]
    UnknownNames(Vec<UnknownName>),
    /// A newer binary has written documents in a form that this one does not know.
    #[error("a newer binary publishes in this database: this one can only read")]
    Superseded,
    /// The documents have yet to be made in the form of this binary.
    #[error("the public documents are not those of this binary yet: run remacto reindex")]
    Incomplete,
    /// No space is left for the database or for a file.
    #[error("no space is left: {0}")]
    NoSpace(String),
    /// The database or a file can be read and not written.
    #[error("the storage can't be written: {0}")]
    ReadOnly(String),
    /// The disk, the database's file or another file has failed.
    #[error("the storage failed: {0}")]
    Storage(String),
    /// An error of the database that violates no constraint and that the program does not know.
    #[error("the database failed: {0}")]
    Unknown(String),
    /// A stored value that the program can't read: a defect, or a change made behind its back.
    #[error("a stored value can't be read: {0}")]
    Corrupt(String),
    /// Any other refusal of the database: a defect.
    #[error("the database refused a statement: {0}")]
    Query(DieselError),
    /// The work itself panicked: a defect.
    #[error("the work on the database did not finish")]
    Aborted,
}

impl StoreError {
    /// Wraps the description of a value that can't be read.
    pub fn corrupt(reason: impl std::fmt::Display) -> Self {
        Self::Corrupt(reason.to_string())
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        let text = error.to_string();
        match failure(&error) {
            Some(Failure::Outage) => Self::Unavailable(text),
            Some(Failure::Contention) => Self::Contended(text),
            Some(Failure::Timeout) => Self::DeadlineExceeded,
            Some(Failure::NoSpace) => Self::NoSpace(text),
            Some(Failure::ReadOnly) => Self::ReadOnly(text),
            Some(Failure::Storage) => Self::Storage(text),
            Some(Failure::Unknown) => Self::Unknown(text),
            None => match error {
                DieselError::DeserializationError(cause) => Self::Corrupt(cause.to_string()),
                error => Self::Query(error),
            },
        }
    }
}

impl StoreError {
    /// Why no connection could be had, by the words of the last attempt.
    pub(super) fn of_checkout(text: String) -> Self {
        match failure_of(DatabaseErrorKind::Unknown, &text) {
            Some(Failure::NoSpace) => Self::NoSpace(text),
            Some(Failure::ReadOnly) => Self::ReadOnly(text),
            Some(Failure::Storage) => Self::Storage(text),
            _ => Self::Unavailable(text),
        }
    }
}

/// The errors of files beside the database.
impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        let text = error.to_string();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::NoSpace(text),
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(text),
            _ => Self::Storage(text),
        }
    }
}

/// Why a store could not write what it was to.
#[derive(Debug)]
pub enum WriteError {
    /// The content breaks rules; all of them.
    Invalid(Violations),
    /// Something else has a key that the content would take; all of them.
    Taken(Violations),
    /// What is stored is in a state that does not allow it; all reasons.
    NotNow(Violations),
    /// The store itself failed.
    Store(StoreError),
}

impl<E: Into<StoreError>> From<E> for WriteError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

/// A failure of the database that is not the statement's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The connection has failed, not the statement.
    Outage,
    /// The statement gave up waiting for other transactions, or was chosen to end a deadlock.
    Contention,
    /// The statement ran for too long.
    Timeout,
    /// No space is left.
    NoSpace,
    /// The database takes no writes.
    ReadOnly,
    /// The disk or the database's file has failed.
    Storage,
    /// None of these, and no violation of a constraint.
    Unknown,
}

/// What the databases say of the failures that the program knows. Diesel hands on neither SQLSTATE nor SQLite's codes, so
/// that the words decide: those of SQLite and libpq are never translated, and every connection asks PostgreSQL for
/// English ones (see [`super::connection`]).
const WORDS: [(Failure, &[&str]); 6] = [
    (
        Failure::Outage,
        &[
            "server closed the connection",
            "no connection to the server",
            "connection not open",
            "terminating connection",
            "could not receive data from server",
            "could not send data to server",
            "the database system is",
            "SSL connection has been closed",
        ],
    ),
    (
        Failure::Contention,
        &[
            "deadlock detected",
            "due to lock timeout",
            "due to conflict with recovery",
            "database is locked",
            "database table is locked",
        ],
    ),
    (Failure::Timeout, &["due to statement timeout"]),
    (
        Failure::NoSpace,
        &["database or disk is full", "No space left on device", "Disk quota exceeded", ": wrote only "],
    ),
    (Failure::ReadOnly, &["attempt to write a readonly database"]),
    (
        Failure::Storage,
        &[
            "disk I/O error",
            "database disk image is malformed",
            "malformed database schema",
            "file is not a database",
            "unable to open database file",
        ],
    ),
];

/// The failure that an error stands for; none for a violated constraint and for what Diesel itself refuses, which are
/// defects where they come so far.
fn failure(error: &DieselError) -> Option<Failure> {
    match error {
        DieselError::BrokenTransactionManager => Some(Failure::Outage),
        DieselError::RollbackErrorOnCommit { rollback_error, commit_error } => {
            let outage = failure(rollback_error).filter(|failure| *failure == Failure::Outage);
            outage.or_else(|| failure(commit_error))
        }
        DieselError::DatabaseError(kind, info) => failure_of(*kind, info.message()),
        _ => None,
    }
}

fn failure_of(kind: DatabaseErrorKind, message: &str) -> Option<Failure> {
    match kind {
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Some(Failure::Outage),
        DatabaseErrorKind::SerializationFailure => Some(Failure::Contention),
        DatabaseErrorKind::ReadOnlyTransaction => Some(Failure::ReadOnly),
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::ForeignKeyViolation
        | DatabaseErrorKind::NotNullViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::RestrictViolation
        | DatabaseErrorKind::ExclusionViolation => None,
        _ => {
            let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
            let known = WORDS.iter().find(|(_, words)| says(words)).map(|(failure, _)| *failure);
            Some(known.unwrap_or(Failure::Unknown))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_by_its_words_and_an_unknown_one_is_no_defect() {
        for (message, expected) in [
            ("server closed the connection unexpectedly", Failure::Outage),
            ("terminating connection due to administrator command", Failure::Outage),
            ("canceling statement due to lock timeout", Failure::Contention),
            ("database is locked", Failure::Contention),
            ("canceling statement due to statement timeout", Failure::Timeout),
            ("database or disk is full", Failure::NoSpace),
            ("could not extend file \"base/5/16384\": No space left on device", Failure::NoSpace),
            ("could not extend file \"base/5/1\": wrote only 4096 of 8192 bytes at block 7", Failure::NoSpace),
            ("attempt to write a readonly database", Failure::ReadOnly),
            ("disk I/O error", Failure::Storage),
            ("database disk image is malformed", Failure::Storage),
            ("file is not a database", Failure::Storage),
            ("annulation de la requête à cause du délai écoulé pour l'obtention de verrous", Failure::Unknown),
            ("out of shared memory", Failure::Unknown),
        ] {
            assert_eq!(failure_of(DatabaseErrorKind::Unknown, message), Some(expected), "{message}");
        }
        assert_eq!(failure_of(DatabaseErrorKind::ReadOnlyTransaction, "impossible"), Some(Failure::ReadOnly));
        assert_eq!(failure_of(DatabaseErrorKind::SerializationFailure, ""), Some(Failure::Contention));
        assert_eq!(failure_of(DatabaseErrorKind::UniqueViolation, "database is locked"), None);
    }

    #[test]
    fn a_file_that_is_no_database_is_not_a_database_that_is_away() {
        let of = |text: &str| StoreError::of_checkout(format!("timed out waiting for connection: {text}"));
        assert!(matches!(of("file is not a database"), StoreError::Storage(_)));
        assert!(matches!(of("database or disk is full"), StoreError::NoSpace(_)));
        assert!(matches!(of("connection to server failed: Connection refused"), StoreError::Unavailable(_)));
    }

    #[test]
    fn a_full_disk_is_one_for_files_too() {
        let of = |kind: ErrorKind| StoreError::from(io::Error::from(kind));
        assert!(matches!(of(ErrorKind::StorageFull), StoreError::NoSpace(_)));
        assert!(matches!(of(ErrorKind::QuotaExceeded), StoreError::NoSpace(_)));
        assert!(matches!(of(ErrorKind::ReadOnlyFilesystem), StoreError::ReadOnly(_)));
        assert!(matches!(of(ErrorKind::PermissionDenied), StoreError::Storage(_)));
    }
}
