//! Which state of the data is current, known without asking for every request: what was made from one edition may be
//! shown again as long as it lasts. Own writes end an edition before the writer hears of its success; writes of
//! others (another instance, the command line) end it within [`RECENT`]; after an outage nothing is trusted.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

/// How old the knowledge of the last change may be.
const RECENT: Duration = Duration::from_millis(100);

/// A state of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// Counts the outages: behind one of them the same number may mean something else.
    pub(super) epoch: u64,
    /// The number of the last change.
    pub(super) sequence: i64,
    /// How often something was written that the feed does not tell.
    pub(super) unannounced: i64,
}

/// What this process knows of the current edition.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    known: Mutex<Known>,
    /// Counts own writes, so that a number that was read before one of them does not replace its number.
    writes: AtomicU64,
    written: Notify,
}

#[derive(Debug, Default)]
struct Known {
    sequence: i64,
    unannounced: i64,
    asked_at: Option<Instant>,
}

impl Knowledge {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the last change and how much was written without one, if they are known recently enough.
    pub fn recent(&self) -> Option<(i64, i64)> {
        let known = self.known();
        known.asked_at.filter(|at| at.elapsed() < RECENT).map(|_| (known.sequence, known.unannounced))
    }

    /// To be called before the database is asked; the answer goes to [`Knowledge::learn`].
    pub fn before_asking(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }

    /// Notes what the database said.
    pub fn learn(&self, (sequence, unannounced): (i64, i64), before: u64) {
        let mut known = self.known();
        if self.writes.load(Ordering::Acquire) == before {
            *known = Known { sequence, unannounced, asked_at: Some(Instant::now()) };
        }
    }

    /// Notes an own write: the number of its last change, or that it has none and the database must be asked again.
    pub fn wrote(&self, last: Option<i64>) {
        let mut known = self.known();
        self.writes.fetch_add(1, Ordering::AcqRel);
        match last {
            Some(sequence) => known.sequence = known.sequence.max(sequence),
            None => known.asked_at = None,
        }
        self.written.notify_waiters();
    }

    /// Resolves at the next own write after this call.
    pub fn next_write(&self) -> impl Future<Output = ()> {
        self.written.notified()
    }

    /// Trusts nothing that was known.
    pub fn forget(&self) {
        self.known().asked_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_an_own_write_does_not_replace_it() {
        let knowledge = Knowledge::default();
        assert_eq!(knowledge.recent(), None);
        let before = knowledge.before_asking();
        knowledge.wrote(Some(11));
        knowledge.learn((10, 0), before);
        assert_eq!(knowledge.recent(), None, "the answer came from before the write");
        let before = knowledge.before_asking();
        knowledge.learn((11, 0), before);
        assert_eq!(knowledge.recent(), Some((11, 0)));
        knowledge.wrote(Some(12));
        assert_eq!(knowledge.recent(), Some((12, 0)));
        knowledge.forget();
        assert_eq!(knowledge.recent(), None);
    }

    #[test]
    fn a_write_without_a_change_ends_the_edition() {
        let knowledge = Knowledge::default();
        knowledge.learn((11, 3), knowledge.before_asking());
        knowledge.wrote(None);
        assert_eq!(knowledge.recent(), None);
    }

    #[test]
    fn a_number_can_go_back_after_a_restored_backup() {
        let knowledge = Knowledge::default();
        knowledge.learn((11, 0), knowledge.before_asking());
        knowledge.learn((9, 0), knowledge.before_asking());
        assert_eq!(knowledge.recent(), Some((9, 0)));
    }
}
