//! Whether writes work: a row of this process is written and committed now and then, and only when somebody asks. Reads
//! can go on for hours while a disk is full or a standby has taken over, so that a read says nothing about writes.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::prelude::*;
use chrono::{DateTime, Utc};

use super::{Actor, Db, StoreError, Tx, files, schema::write_probe};
use kernel::id::new_id;

/// How long a result is believed.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long the asker waits for a new result before it takes the last one.
const PATIENCE: Duration = Duration::from_secs(1);
/// Who writes the row.
const PROBE: Actor = Actor::System("write probe");

/// Why writes fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFailure {
    /// No space is left.
    NoSpace,
    /// The database takes no writes.
    ReadOnly,
    /// The disk or the database's file has failed.
    Storage,
    /// The database's file was renamed, deleted or replaced.
    Moved,
    /// Another process has kept the write lock for too long.
    Locked,
    /// The database can't be reached.
    Unavailable,
    /// Any other error.
    Other,
}

impl WriteFailure {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::NoSpace, Self::ReadOnly, Self::Storage, Self::Moved, Self::Locked, Self::Unavailable, Self::Other];

    /// Its stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoSpace => "no_space",
            Self::ReadOnly => "read_only",
            Self::Storage => "storage",
            Self::Moved => "database_moved",
            Self::Locked => "locked",
            Self::Unavailable => "unavailable",
            Self::Other => "error",
        }
    }

    /// What an error says of writes: nothing where too many of them waited.
    const fn of(error: &StoreError) -> Option<Self> {
        match error {
            StoreError::Overloaded | StoreError::Aborted => None,
            StoreError::NoSpace(_) => Some(Self::NoSpace),
            StoreError::ReadOnly(_) => Some(Self::ReadOnly),
            StoreError::Storage(_) => Some(Self::Storage),
            StoreError::Contended(_) => Some(Self::Locked),
            StoreError::Unavailable(_) => Some(Self::Unavailable),
            _ => Some(Self::Other),
        }
    }
}

/// What is known about writes.
#[derive(Debug, Default)]
struct Known {
    /// When writes were last seen to work or to fail.
    at: Option<Instant>,
    is_probing: bool,
    failure: Option<WriteFailure>,
}

/// What a process knows about its writes.
#[derive(Debug)]
pub(super) struct Watch {
    /// The id of the row that this process writes.
    id: String,
    known: Mutex<Known>,
}

impl Default for Watch {
    fn default() -> Self {
        Self { id: new_id().into_string(), known: Mutex::default() }
    }
}

impl Watch {
    fn with<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the caller is to find out now. Then it must [finish](Watch::finish).
    fn begin(&self, now: Instant) -> bool {
        self.with(|known| {
            let is_due = !known.is_probing && known.at.is_none_or(|at| now.duration_since(at) >= INTERVAL);
            known.is_probing |= is_due;
            is_due
        })
    }

    fn finish(&self, outcome: &Result<(), StoreError>, now: Instant) {
        let before = self.with(|known| {
            let before = known.failure;
            (known.at, known.is_probing) = (Some(now), false);
            match outcome {
                Ok(()) => known.failure = None,
                Err(error) => known.failure = WriteFailure::of(error).or(before),
            }
            before
        });
        match outcome {
            Ok(()) if before.is_some() => log::info!("writes work again"),
            Err(error) if WriteFailure::of(error).is_some_and(|failure| before != Some(failure)) => {
                log::error!("writes fail: {error}");
            }
            _ => {}
        }
    }

    /// Notes that something was written and committed.
    pub(super) fn wrote(&self) {
        let (now, was_failing) = (Instant::now(), self.with(|known| known.failure.is_some()));
        if was_failing {
            self.finish(&Ok(()), now);
        } else {
            self.with(|known| known.at = Some(now));
        }
    }

    fn failure(&self) -> Option<WriteFailure> {
        self.with(|known| known.failure)
    }
}

impl Db {
    /// Why writes fail; nothing where they work. If nothing was written in the last seconds, a row is written to find out,
    /// which is waited for only shortly.
    pub async fn write_failure(&self) -> Option<WriteFailure> {
        if self.inner.writes.begin(Instant::now()) {
            let db = self.clone();
            let probing = tokio::task::spawn(async move {
                let id = db.inner.writes.id.clone();
                let outcome = db.write(PROBE, move |tx| touch(tx, &id)).await;
                db.inner.writes.finish(&outcome, Instant::now());
            });
            // The probe goes on when it takes longer, and the next asker has its result.
            let _outcome = tokio::time::timeout(PATIENCE, probing).await;
        }
        if self.is_moved() { Some(WriteFailure::Moved) } else { self.inner.writes.failure() }
    }

    fn is_moved(&self) -> bool {
        self.inner.file.as_ref().is_some_and(|file| file.is_moved())
    }

    /// Refuses to write into a file that nobody finds any more.
    pub(super) fn must_not_be_moved(&self) -> Result<(), StoreError> {
        if self.is_moved() { Err(StoreError::Storage(files::MOVED.to_owned())) } else { Ok(()) }
    }
}

/// Writes the row of a process.
fn touch(tx: &mut Tx<'_>, id: &str) -> Result<(), StoreError> {
    let now = write_probe::updated_at.eq(tx.now().naive_utc());
    let own = write_probe::table.filter(write_probe::id.eq(id));
    if diesel::update(own).set(now).execute(tx.conn)? == 0 {
        diesel::insert_into(write_probe::table).values((write_probe::id.eq(id), now)).execute(tx.conn)?;
    }
    Ok(())
}

/// Forgets the rows of processes that have not written since a moment, and returns how many.
///
/// # Errors
/// The database's.
pub fn forget_probes(tx: &mut Tx<'_>, before: DateTime<Utc>) -> Result<usize, StoreError> {
    let old = write_probe::updated_at.lt(before.naive_utc());
    Ok(diesel::delete(write_probe::table.filter(old)).execute(tx.conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_probe_runs_at_a_time_and_not_more_often_than_its_interval() {
        let (watch, start) = (Watch::default(), Instant::now());
        assert!(watch.begin(start), "nothing is known yet");
        assert!(!watch.begin(start + INTERVAL * 2), "one is under way");
        watch.finish(&Ok(()), start);
        assert!(!watch.begin(start + Duration::from_millis(4_999)));
        assert!(watch.begin(start + INTERVAL));
    }

    #[test]
    fn a_failure_stays_until_something_is_written() {
        let (watch, now) = (Watch::default(), Instant::now());
        let full = || Err(StoreError::NoSpace("database or disk is full".to_owned()));
        watch.finish(&full(), now);
        assert_eq!(watch.failure(), Some(WriteFailure::NoSpace));
        watch.finish(&Err(StoreError::Overloaded), now);
        assert_eq!(watch.failure(), Some(WriteFailure::NoSpace), "a queue says nothing");
        watch.wrote();
        assert_eq!(watch.failure(), None);
        assert!(!watch.begin(Instant::now()), "what was written is proof enough");
    }
}
