//! The task that writes events to the audit.

use std::{
    slice,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{sync::mpsc::Receiver, time::timeout};

use super::{super::store, CountedEvent, MOST_WAITING, SecurityLog, Waiting, event::SIGN_IN};
use crate::{
    db::{Actor, Db, StoreError, Tx},
    kernel::clock,
};

/// How often events are written when nobody waits for it.
const INTERVAL: Duration = Duration::from_secs(10);
/// How many events one transaction writes.
const BATCH: usize = 500;

/// Writes the unwritten events every few seconds, and at once when a reader waits.
pub(super) async fn keep(log: Arc<SecurityLog>, db: Db, mut waiting: Receiver<Waiting>) {
    loop {
        let mut asked = Vec::new();
        // Nothing received means that nobody can ask any more; the time being up, that nobody did.
        if timeout(INTERVAL, waiting.recv_many(&mut asked, MOST_WAITING)).await == Ok(0) {
            return;
        }
        write(&log, &db).await;
    }
}

/// Writes all that is due. What can't be written now, as on a full disk, stays for the next time.
async fn write(log: &SecurityLog, db: &Db) {
    let due = log.counters().due(clock::now());
    let mut failure = None;
    for batch in due.chunks(BATCH) {
        if let Err(error) = write_batch(log, db, batch).await {
            log::warn!("events can't be noted in the audit yet: {error}");
            log.set_failing(true);
            let is_of_this_batch = is_contention(&error) || is_of_content(&error);
            failure = Some(error);
            if !is_of_this_batch {
                break;
            }
        }
    }
    log.set_failing(failure.is_some());
}

/// Writes a batch. If the database refuses something in it, each event is written by itself, and one that is refused then
/// is dropped: it must not keep the others from being written for ever.
async fn write_batch(log: &SecurityLog, db: &Db, batch: &[CountedEvent]) -> Result<(), StoreError> {
    match try_to_write(log, db, batch).await {
        Err(error) if is_of_content(&error) => {}
        outcome => return outcome,
    }
    let mut kept = Ok(());
    for event in batch {
        match try_to_write(log, db, slice::from_ref(event)).await {
            // An error that the program does not know may be an outage.
            Err(error @ StoreError::Unknown(_)) if !event.is_hopeless(clock::now()) => kept = Err(error),
            Err(error) if is_of_content(&error) => {
                log::error!("an event can't be noted in the audit and is dropped: {error}");
                log.counters().drop_event(event);
            }
            outcome => outcome?,
        }
    }
    kept
}

/// Writes events in one transaction.
async fn try_to_write(log: &SecurityLog, db: &Db, events: &[CountedEvent]) -> Result<(), StoreError> {
    let (own, ids) = (events.to_vec(), Arc::new(OnceLock::new()));
    let noted = Arc::clone(&ids);
    let work = move |tx: &mut Tx<'_>| {
        // Only behind this can the commit be: as long as there are no ids, surely nothing is written.
        noted.set(store::note_security_events(tx, &own)?).map_err(|_twice| StoreError::corrupt("written twice"))
    };
    let outcome = db.write(Actor::System(SIGN_IN), work).await;
    let mut counters = log.counters();
    for (event, id) in events.iter().zip(ids.get().into_iter().flatten()) {
        counters.tried(event, id, outcome.is_ok());
    }
    outcome
}

const fn is_contention(error: &StoreError) -> bool {
    matches!(error, StoreError::Contended(_) | StoreError::DeadlineExceeded)
}

/// Whether an error may come from what was to be written. Any other one would meet every event.
const fn is_of_content(error: &StoreError) -> bool {
    matches!(error, StoreError::Query(_) | StoreError::Corrupt(_) | StoreError::Aborted | StoreError::Unknown(_))
}
