//! What can go wrong in a store, reduced to what a caller can act on.

use super::UnknownName;
use crate::kernel::violation::Violations;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

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
        if is_outage(&error) {
            Self::Unavailable(error.to_string())
        } else if is_contention(&error) {
            Self::Contended(error.to_string())
        } else {
            Self::Query(error)
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

/// Whether a statement gave up waiting for other transactions, or was chosen to end a deadlock. The two databases say so
/// in words only.
fn is_contention(error: &DieselError) -> bool {
    const BUSY: [&str; 4] =
        ["deadlock detected", "due to lock timeout", "database is locked", "database table is locked"];
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        DieselError::DatabaseError(_, info) => BUSY.iter().any(|text| info.message().contains(text)),
        _ => false,
    }
}

/// Whether an error means that the connection, not the statement, has failed. libpq reports most losses of
/// the server as errors of unknown kind, so their texts (they are libpq's own and not translated in the
/// bundled build) decide; a server that is shutting down says so with a text of its own.
fn is_outage(error: &DieselError) -> bool {
    const LOST: [&str; 8] = [
        "server closed the connection",
        "no connection to the server",
        "connection not open",
        "terminating connection",
        "could not receive data from server",
        "could not send data to server",
        "the database system is",
        "SSL connection has been closed",
    ];
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _)
        | DieselError::BrokenTransactionManager => true,
        DieselError::DatabaseError(_, info) => LOST.iter().any(|text| info.message().contains(text)),
        DieselError::RollbackErrorOnCommit { rollback_error, commit_error } => {
            is_outage(rollback_error) || is_outage(commit_error)
        }
        _ => false,
    }
}
