//! The embedded database's log (WAL). What a transaction has overwritten or deleted is still in it until it is copied into
//! the database's file and emptied, which SQLite does when it sees fit. After an erasure it is done at once.

use std::sync::atomic::Ordering;

use super::prelude::*;
use diesel::{connection::SimpleConnection as _, sql_query, sql_types::Integer};

use super::{Actor, Conn, Db, StoreError, connection::LOCK_TIMEOUT_MS};

/// How long the log's emptying waits for readers of an older state, in milliseconds. Other writes wait as long.
const PATIENCE_MS: u32 = 250;
/// Who empties the log later.
const LATER: Actor = Actor::System("emptying of the log");

/// What SQLite says of a checkpoint.
#[derive(QueryableByName)]
struct Checkpoint {
    /// 1 where somebody kept it from being completed.
    #[diesel(sql_type = Integer)]
    busy: i32,
}

impl Db {
    /// Whether what was erased may still be in the embedded database's log, because somebody read an older state.
    #[must_use]
    pub fn log_holds_erased(&self) -> bool {
        self.inner.log_holds_erased.load(Ordering::Acquire)
    }

    /// Empties the log of what was erased, if that was not possible at once.
    ///
    /// # Errors
    /// The database's.
    pub fn empty_log(&self) -> Result<(), StoreError> {
        if self.log_holds_erased() {
            self.write_blocking(&LATER, |tx| {
                tx.note_erasure();
                Ok::<_, StoreError>(())
            })?;
        }
        Ok(())
    }

    /// Empties the log on a connection outside a transaction. A failure is for the log, and for the next attempt.
    pub(super) fn empty_log_on(&self, conn: &mut Conn) {
        let Conn::Sqlite(conn) = conn else { return };
        let mut attempt = || {
            conn.batch_execute(&format!("PRAGMA busy_timeout = {PATIENCE_MS}"))?;
            let done = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpoint>(conn);
            conn.batch_execute(&format!("PRAGMA busy_timeout = {LOCK_TIMEOUT_MS}"))?;
            done
        };
        let emptied = match attempt() {
            Ok(Checkpoint { busy }) => busy == 0,
            Err(error) => {
                log::warn!("the database's log can't be emptied of what was erased: {error}");
                false
            }
        };
        let held = self.inner.log_holds_erased.swap(!emptied, Ordering::AcqRel);
        match (held, emptied) {
            (false, false) => log::warn!("somebody reads an older state: what was erased stays in the log for now"),
            (true, true) => log::info!("what was erased is no longer in the log"),
            _ => {}
        }
    }
}
