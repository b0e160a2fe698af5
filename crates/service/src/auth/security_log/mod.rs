//! What the audit hears of signing in, beside the sessions that begin: refused proofs of who one is, tokens that are
//! granted, and requests that a role does not allow.
//!
//! A request only counts its event in memory, so it never waits for a write. The events are written in batches, by
//! [`keep`], before the audit is read, and when the process ends. The same event by the same account, from the same network,
//! within an hour has one entry, whose count grows. Every instance counts for itself and has its own entries. A process that
//! crashes loses the counts since its last batch.
//!
//! Anybody can fail as often as they please, so the number of different events that a process remembers is bounded. Further
//! events are only counted, and one entry an hour says how many. What an attempt named is remembered as a digest and never
//! stored: it may be anybody's e-mail address, or a password in the wrong place.

mod counters;
mod event;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

pub use self::{
    counters::CountedEvent,
    event::{Event, Proof},
};
use self::{
    counters::Counters,
    event::{Kind, SIGN_IN},
};
use super::store;
use crate::{
    db::{Actor, Db, StoreError, Tx},
    kernel::clock,
};

/// How often events are written.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many events one transaction writes.
const BATCH: usize = 500;
/// How many different refusals of nobody in particular are remembered.
const MOST_ANONYMOUS: usize = 500;
/// How many different refusals of accounts are remembered, and how many different grants.
const MOST_OF_ACCOUNTS: usize = 2_000;

/// The events of a process. A flood of anonymous ones leaves those of accounts their places, and grants leave refusals theirs.
pub struct SecurityLog {
    anonymous: Mutex<Counters>,
    refusals: Mutex<Counters>,
    grants: Mutex<Counters>,
    /// When writing last failed, if it did. Held by who writes, so that who reads the audit waits for what is being written.
    failed_at: tokio::sync::Mutex<Option<Instant>>,
}

impl Default for SecurityLog {
    fn default() -> Self {
        let [refusals, grants] = [(); 2].map(|()| Counters::of(MOST_OF_ACCOUNTS));
        Self { anonymous: Counters::of(MOST_ANONYMOUS), refusals, grants, failed_at: tokio::sync::Mutex::default() }
    }
}

impl SecurityLog {
    /// Notes an event, which is written later.
    pub fn note(&self, event: Event, address: IpAddr) {
        self.note_at(event, address, clock::now());
    }

    fn note_at(&self, event: Event, address: IpAddr, now: DateTime<Utc>) {
        let counters = match (&event.kind, event.account()) {
            (_, None) => &self.anonymous,
            (Kind::TokenGranted { .. }, _) => &self.grants,
            _ => &self.refusals,
        };
        counters.lock().unwrap_or_else(PoisonError::into_inner).count(event, Some(address), now);
    }

    /// Writes what is not written yet. What can't be written now, as on a full disk, stays for the next time.
    pub async fn flush(&self, db: &Db) {
        let mut failed_at = self.failed_at.lock().await;
        *failed_at = self.write(db).await.is_err().then(Instant::now);
    }

    /// The same for who is about to read the audit. Where it has just failed it is not tried again, so that as long as the
    /// audit can't be written, not every reader waits for it.
    pub async fn flush_for_reader(&self, db: &Db) {
        let mut failed_at = self.failed_at.lock().await;
        if failed_at.is_none_or(|at| at.elapsed() >= INTERVAL) {
            *failed_at = self.write(db).await.is_err().then(Instant::now);
        }
    }

    async fn write(&self, db: &Db) -> Result<(), StoreError> {
        for counters in [&self.refusals, &self.anonymous, &self.grants] {
            let due = counters.lock().unwrap_or_else(PoisonError::into_inner).due(clock::now());
            for batch in due.chunks(BATCH) {
                let events = batch.to_vec();
                let work = move |tx: &mut Tx<'_>| store::note_security_events(tx, &events);
                let written = db.write(Actor::System(SIGN_IN), work).await;
                written.inspect_err(|error| log::warn!("events can't be noted in the audit yet: {error}"))?;
                let mut counters = counters.lock().unwrap_or_else(PoisonError::into_inner);
                for event in batch {
                    counters.written(event);
                }
            }
        }
        Ok(())
    }
}

/// Writes what is not written yet, every few seconds as long as the server runs.
pub async fn keep(log: Arc<SecurityLog>, db: Db) {
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + INTERVAL, INTERVAL);
    loop {
        interval.tick().await;
        log.flush(&db).await;
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::{
        db::CountedEntry,
        kernel::audit::{Action, Collection},
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn from(last: u16) -> IpAddr {
        IpAddr::from([10, 0, u8::try_from(last >> 8).unwrap(), u8::try_from(last & 255).unwrap()])
    }

    fn refused(named: &str) -> Event {
        Event::sign_in_refused(Proof::Password, named, None)
    }

    /// Notes failed attempts of so many names, each from a network of its own.
    fn attempts(log: &SecurityLog, names: u16, now: DateTime<Utc>) {
        for name in 0..names {
            log.note_at(refused(&name.to_string()), from(name), now);
        }
    }

    /// What would be written now, and whether that succeeds.
    fn flushed(counters: &Mutex<Counters>, now: DateTime<Utc>, succeeds: bool) -> Vec<CountedEntry> {
        let mut counters = counters.lock().unwrap();
        let due = counters.due(now);
        due.iter().filter(|_| succeeds).for_each(|event| counters.written(event));
        due.iter().map(CountedEvent::entry).collect()
    }

    fn count(entry: &CountedEntry) -> u64 {
        entry.deed.after.as_ref().unwrap()["count"].as_u64().unwrap()
    }

    #[test]
    fn the_same_within_an_hour_is_counted_on_one_entry() {
        let log = SecurityLog::default();
        log.note_at(refused("a@b.example"), from(1), at(0));
        let [first] = flushed(&log.anonymous, at(1), true).try_into().unwrap();
        assert_eq!(
            (first.deed.action, first.deed.resource, first.address),
            (Action::SignInRefused, Collection::Accounts, Some(from(1)))
        );
        let facts = json!({"proof": "password", "count": 1, "first_at": "1970-01-01T00:00:00.000000Z", "last_at": "1970-01-01T00:00:00.000000Z"});
        assert_eq!(first.deed.after, Some(facts));
        assert!(flushed(&log.anonymous, at(2), true).is_empty(), "it is written");
        for second in 1..=5 {
            log.note_at(refused("a@b.example"), from(1), at(second));
        }
        log.note_at(refused("a@b.example"), from(2), at(6));
        log.note_at(refused("b@b.example"), from(1), at(7));
        let [again, elsewhere, other] = flushed(&log.anonymous, at(8), true).try_into().unwrap();
        assert_eq!((&again.id, count(&again), count(&elsewhere), count(&other)), (&first.id, 6, 1, 1));
        assert_eq!(again.deed.after.unwrap()["last_at"], "1970-01-01T00:00:05.000000Z");
        log.note_at(refused("a@b.example"), from(1), at(3_600));
        let [next] = flushed(&log.anonymous, at(3_601), true).try_into().unwrap();
        assert!(next.id != first.id && count(&next) == 1, "the hour is over: {next:?}");
    }

    #[test]
    fn a_flood_has_a_bound_and_is_counted() {
        let log = SecurityLog::default();
        attempts(&log, 2_000, at(0));
        let written = flushed(&log.anonymous, at(60), true);
        assert_eq!(written.len(), MOST_ANONYMOUS + 1);
        let left_out: Vec<_> = written.iter().filter(|entry| entry.deed.action == Action::LeftOut).collect();
        assert_eq!(left_out.iter().map(|entry| (count(entry), entry.address)).collect::<Vec<_>>(), [(1_500, None)]);
        attempts(&log, 600, at(61));
        let written = flushed(&log.anonymous, at(62), true);
        assert_eq!(written.len(), MOST_ANONYMOUS + 1, "they are known");
        assert_eq!(written.iter().map(count).max(), Some(1_600));
        assert!(flushed(&log.anonymous, at(3_700), true).is_empty());
        attempts(&log, 400, at(3_701));
        assert_eq!(flushed(&log.anonymous, at(3_702), true).len(), 400, "the hour is over");
    }

    #[test]
    fn a_flood_of_nobodys_leaves_accounts_their_places() {
        let log = SecurityLog::default();
        attempts(&log, 2_000, at(0));
        let account = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f";
        let kinds = [
            Kind::TokenGranted { account: account.to_owned(), session: None },
            Kind::Forbidden { account: account.to_owned(), operation: "GET /audit".to_owned(), code: "forbidden" },
        ];
        for kind in kinds {
            log.note_at(Event { kind, actor: Actor::System(SIGN_IN), is_outside: false }, from(1), at(1));
        }
        let [refused] = flushed(&log.refusals, at(2), true).try_into().unwrap();
        let [granted] = flushed(&log.grants, at(2), true).try_into().unwrap();
        assert_eq!((refused.deed.action, granted.deed.action), (Action::Refused, Action::Granted));
    }

    #[test]
    fn what_could_not_be_written_is_written_later_on_the_same_entry() {
        let log = SecurityLog::default();
        log.note_at(refused("a@b.example"), from(1), at(0));
        let [first] = flushed(&log.anonymous, at(1), false).try_into().unwrap();
        // Also after the hour: nothing is forgotten that is not written.
        log.note_at(refused("a@b.example"), from(1), at(4_000));
        let [second] = flushed(&log.anonymous, at(8_000), true).try_into().unwrap();
        assert_eq!((&second.id, count(&second)), (&first.id, 2));
    }

    #[test]
    fn events_that_happen_while_others_are_written_are_written_next() {
        let log = SecurityLog::default();
        log.note_at(refused("a@b.example"), from(1), at(0));
        let due = log.anonymous.lock().unwrap().due(at(1));
        log.note_at(refused("a@b.example"), from(1), at(2));
        for event in &due {
            log.anonymous.lock().unwrap().written(event);
        }
        assert_eq!(flushed(&log.anonymous, at(3), true).iter().map(count).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn what_was_named_is_not_kept() {
        let log = SecurityLog::default();
        log.note_at(refused("hunter2"), from(1), at(0));
        let due = log.anonymous.lock().unwrap().due(at(1));
        assert!(!format!("{due:?} {:?}", due[0].entry()).contains("hunter2"));
    }
}
