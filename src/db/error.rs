//! What can go wrong in a store, reduced to what a caller can act on.

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
        if is_outage(&error) { Self::Unavailable(error.to_string()) } else { Self::Query(error) }
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
