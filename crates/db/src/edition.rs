//! Which state of the data is current, known without asking for every request: what was made from one edition may be
//! shown again as long as it lasts. Own writes end an edition before the writer hears of its success; writes of
//! others (another instance, the command line) end it within [`RECENT`]; after an outage nothing is trusted.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
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
}

/// What this process knows of the number of the last change.
#[derive(Debug, Default)]
pub(super) struct Knowledge {
    sequence: AtomicI64,
    /// Counts own writes, so that a number that was read before one of them does not replace its number.
    writes: AtomicU64,
    asked_at: Mutex<Option<Instant>>,
    written: Notify,
}

impl Knowledge {
    /// The number of the last change, if it is known recently enough.
    pub fn recent(&self) -> Option<i64> {
        let asked_at = *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        asked_at.filter(|at| at.elapsed() < RECENT).map(|_| self.sequence.load(Ordering::Acquire))
    }

    /// To be called before the database is asked; the answer goes to [`Knowledge::learn`].
    pub fn before_asking(&self) -> u64 {
        self.writes.load(Ordering::Acquire)
    }

    /// Notes what the database said.
    pub fn learn(&self, sequence: i64, before: u64) {
        let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        if self.writes.load(Ordering::Acquire) == before {
            self.sequence.store(sequence, Ordering::Release);
            *asked_at = Some(Instant::now());
        }
    }

    /// Notes an own write whose last change has this number.
    pub fn wrote(&self, sequence: i64) {
        let _asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
        self.writes.fetch_add(1, Ordering::AcqRel);
        self.sequence.fetch_max(sequence, Ordering::AcqRel);
        self.written.notify_waiters();
    }

    /// Resolves at the next own write after this call.
    pub fn next_write(&self) -> impl Future<Output = ()> {
        self.written.notified()
    }

    /// Trusts nothing that was known.
    pub fn forget(&self) {
        *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
        knowledge.wrote(11);
        knowledge.learn(10, before);
        assert_eq!(knowledge.recent(), None, "the answer came from before the write");
        let before = knowledge.before_asking();
        knowledge.learn(11, before);
        assert_eq!(knowledge.recent(), Some(11));
        knowledge.wrote(12);
        assert_eq!(knowledge.recent(), Some(12));
        knowledge.forget();
        assert_eq!(knowledge.recent(), None);
    }

    #[test]
    fn a_number_can_go_back_after_a_restored_backup() {
        let knowledge = Knowledge::default();
        knowledge.learn(11, knowledge.before_asking());
        knowledge.learn(9, knowledge.before_asking());
        assert_eq!(knowledge.recent(), Some(9));
    }
}
