//! What the audit hears of signing in, beside the sessions that begin: refused proofs of who one is, tokens that are
//! granted, and requests that a role does not allow.
//!
//! A request only counts its event in memory, so it never waits for a write. One task writes the events in batches: every
//! few seconds, when somebody is about to read the audit, and when the process ends. Nobody else writes them, so no two
//! writes of the same entry are under way at once, and a reader who goes away ends no write. The same event by the same
//! account in the same role, from the same network, within an hour has one entry, whose count grows. Every instance counts
//! for itself and has its own entries. A process that crashes loses the counts since its last batch.
//!
//! Anybody can fail as often as they please, so the number of different events that a process remembers is bounded, of each
//! class of events and within it of each account. Further events are only counted, and one entry an hour says how many.
//! What an attempt named is remembered as a digest and never stored: it may be anybody's e-mail address, or a password in
//! the wrong place.

mod counters;
mod event;
mod writer;

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{
        mpsc::{self, Receiver, Sender},
        oneshot,
    },
    time::{sleep, timeout},
};

use self::counters::Counters;
pub use self::{
    counters::CountedEvent,
    event::{Event, PasswordRefusal, Proof},
};
use crate::{db::Db, kernel::clock};

/// How many may wait for the writer at once; more wait for a place among them.
const MOST_WAITING: usize = 64;
/// How long a reader of the audit waits until the events are written. Behind an import it could take longer.
const READER_PATIENCE: Duration = Duration::from_secs(2);
/// How often the end of the process tries to write, how long after a failure, and how long all of it may take.
const LAST_TRIES: u32 = 3;
const LAST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PATIENCE: Duration = Duration::from_secs(15);

/// Dropped when the writer has written what was due when it was asked.
type Waiting = oneshot::Sender<()>;

/// The events of a process.
pub struct SecurityLog {
    counters: Mutex<Counters>,
    /// Whether the last batch could not be written.
    is_failing: AtomicBool,
    writer: Sender<Waiting>,
}

/// Begins a log, whose events are written to a database as long as the runtime runs.
#[must_use]
pub fn start(db: Db) -> Arc<SecurityLog> {
    let (log, waiting) = SecurityLog::new();
    let log = Arc::new(log);
    tokio::task::spawn(writer::keep(Arc::clone(&log), db, waiting));
    log
}

impl SecurityLog {
    fn new() -> (Self, Receiver<Waiting>) {
        let (writer, waiting) = mpsc::channel(MOST_WAITING);
        (Self { counters: Mutex::default(), is_failing: AtomicBool::new(false), writer }, waiting)
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Acquire)
    }

    fn set_failing(&self, is_failing: bool) {
        self.is_failing.store(is_failing, Ordering::Release);
    }

    /// Notes an event, which is written later.
    pub fn note(&self, event: Event, address: IpAddr) {
        self.counters().count(event, address, clock::now());
    }

    /// Waits until the events so far are written, or could not be.
    async fn flush(&self) {
        let (waiting, written) = oneshot::channel();
        if self.writer.send(waiting).await.is_ok() {
            // The writer drops its end, so an error is the answer.
            let _answer = written.await;
        }
    }

    /// Writes the counted events before a reader looks at the audit. The reader waits for at most two seconds, and not at all
    /// while the audit can't be written.
    pub async fn flush_for_reader(&self) {
        if !self.is_failing() {
            let _too_late = timeout(READER_PATIENCE, self.flush()).await;
        }
    }

    /// Writes the remaining events at the end of the process, and logs the number of those that could not be written.
    pub async fn finish(&self) {
        let tries = async {
            for _ in 1..LAST_TRIES {
                self.flush().await;
                if !self.is_failing() {
                    return;
                }
                sleep(LAST_PAUSE).await;
            }
            self.flush().await;
        };
        let _too_late = timeout(LAST_PATIENCE, tries).await;
        let lost = self.counters().unwritten();
        if lost > 0 {
            log::error!("{lost} events of signing in are lost: they could not be noted in the audit");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future as _,
        task::{Context, Waker},
    };

    use super::*;

    fn event() -> Event {
        Event::sign_in_refused(Proof::Password(PasswordRefusal::Wrong), "a@b.example", None)
    }

    #[actix_web::test]
    async fn a_reader_waits_for_the_writer_and_not_while_it_fails() {
        let (log, mut waiting) = SecurityLog::new();
        let mut context = Context::from_waker(Waker::noop());
        let mut reader = Box::pin(log.flush_for_reader());
        assert!(reader.as_mut().poll(&mut context).is_pending());
        drop(waiting.try_recv().unwrap());
        assert!(reader.as_mut().poll(&mut context).is_ready());
        log.set_failing(true);
        assert!(Box::pin(log.flush_for_reader()).as_mut().poll(&mut context).is_ready());
        assert!(waiting.try_recv().is_err(), "the writer is not asked");
    }

    #[actix_web::test]
    async fn a_reader_who_goes_away_leaves_the_writer_its_work() {
        let (log, mut waiting) = SecurityLog::new();
        log.note(event(), IpAddr::from([10, 0, 0, 1]));
        let mut reader = Box::pin(log.flush_for_reader());
        assert!(reader.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(reader);
        assert!(waiting.try_recv().is_ok());
        assert_eq!(log.counters().unwritten(), 1);
    }
}
