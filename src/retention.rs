//! Retention: what is spent, too old or no longer needed is forgotten, every hour as long as the server runs, in small
//! transactions, so that others can write in between. What is personal goes after the periods of the settings (law
//! 09-08: no longer than it is needed), and leaves entries in the audit that say so without its content.

use std::time::Duration;

use chrono::Days;

pub use crate::config::Periods;
use crate::{
    audit, auth,
    auth::store::{management, sessions},
    changes, consultations,
    db::{Actor, Db, StoreError, WriteError, forget_answers, forget_probes},
    focal_points, imports, persons,
};

/// How often the database's log is looked after.
const LOG_INTERVAL: Duration = Duration::from_mins(1);
/// After how many times of that what is too old is looked for: every hour.
const ROUNDS: u32 = 60;
/// How long the row of a process that has ended is kept, in days.
const PROBE_DAYS: u64 = 1;
/// How many rows of a table one transaction forgets.
const PIECE: i64 = 500;
/// Who forgets what is spent.
const SPENT: Actor = Actor::System("retention of spent keys and tokens");
/// Who forgets what is personal.
const PERSONAL: Actor = Actor::System("retention of personal data");

/// How much was forgotten.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// Changes of the feed.
    pub changes: usize,
    /// Reports of imports, kept answers, tokens that were taken back, and rows of write probes.
    pub spent: usize,
    /// Sessions and one-time secrets.
    pub sessions: usize,
    /// Focal points.
    pub focal_points: usize,
    /// People's accounts.
    pub accounts: usize,
    /// Contacts of contributions.
    pub contribution_contacts: usize,
    /// Addresses in the audit.
    pub audit_addresses: usize,
}

/// Forgets what is too old, every hour as long as the server runs. Not at its start: then there is enough to do. Every
/// minute the database's log is emptied of what was erased, if a reader kept that from happening at once.
pub async fn keep_house(db: Db, periods: Periods) {
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + LOG_INTERVAL, LOG_INTERVAL);
    let mut round = 0;
    loop {
        interval.tick().await;
        round = (round + 1) % ROUNDS;
        let (db, is_due) = (db.clone(), round == 0);
        let done = tokio::task::spawn_blocking(move || {
            if is_due {
                return forget(&db, &periods, PIECE);
            }
            empty_log(&db);
            Forgotten::default()
        });
        match done.await {
            Ok(forgotten) if forgotten == Forgotten::default() => {}
            Ok(forgotten) => log::info!("forgot what is too old: {forgotten:?}"),
            Err(error) => log::error!("forgetting what is too old failed: {error}"),
        }
    }
}

/// Forgets what is too old now, at most so many rows of a table in a transaction. Each by itself: what can't be forgotten
/// of one does not keep the others.
#[must_use]
pub fn forget(db: &Db, periods: &Periods, piece: i64) -> Forgotten {
    let (now, today) = (db.clock().now(), db.clock().today());
    let before = |days: Days| now - days;
    let last_day = today - periods.focal_points;
    let answers = || db.write_blocking(&SPENT, |tx| Ok(forget_answers(tx)? + auth::store::forget_revoked(tx)?));
    let probes = || db.write_blocking(&SPENT, |tx| forget_probes(tx, before(Days::new(PROBE_DAYS))));
    let focal = || in_pieces(|| db.write_blocking(&PERSONAL, |tx| focal_points::forget(tx, last_day, piece)));
    let closed_before = today - periods.contribution_contacts;
    let contacts =
        || in_pieces(|| db.write_blocking(&PERSONAL, |tx| consultations::forget_contacts(tx, closed_before, piece)));
    let ended = before(periods.sessions);
    let sessions = || in_pieces(|| db.write_blocking(&PERSONAL, |tx| sessions::forget(tx, ended, piece)));
    let noted = before(periods.audit_addresses);
    let addresses = || in_pieces(|| db.write_blocking(&PERSONAL, |tx| audit::forget_addresses(tx, noted, piece)));
    let forgotten = Forgotten {
        changes: said(changes::forget(db, before(periods.feed))),
        spent: said(imports::forget(db, before(periods.feed))) + said(answers()) + said(probes()),
        sessions: said(sessions()),
        focal_points: said(focal()),
        accounts: said(in_pieces(|| forget_account(db, before(periods.accounts)))),
        contribution_contacts: said(contacts()),
        audit_addresses: said(addresses()),
    };
    empty_log(db);
    forgotten
}

/// Empties the database's log of what was erased, if that has not been done.
fn empty_log(db: &Db) {
    if let Err(error) = db.empty_log() {
        log::warn!("the database's log can't be emptied now: {error}");
    }
}

/// Erases one account that has been disabled for long, its reports first, which may be many; says whether there was one.
fn forget_account(db: &Db, before: chrono::DateTime<chrono::Utc>) -> Result<usize, StoreError> {
    let Some(old) = db.read_blocking(|conn| management::long_disabled(conn, before))? else { return Ok(0) };
    imports::erase(db, &PERSONAL, &old.id.parse().map_err(StoreError::corrupt)?)?;
    let erased = db.write_blocking(&PERSONAL, |tx| {
        management::take_turn(tx)?;
        // It may have been enabled again meanwhile.
        match management::long_disabled(tx.conn, before)?.filter(|still| still.id == old.id) {
            Some(account) => persons::erase_account(tx, &account).map(|_| 1),
            None => Ok(0),
        }
    });
    erased.map_err(|error| match error {
        WriteError::Store(error) => error,
        refused => StoreError::Corrupt(format!("a disabled account can't be erased: {refused:?}")),
    })
}

/// Does something piece by piece until nothing is left of it.
fn in_pieces(work: impl Fn() -> Result<usize, StoreError>) -> Result<usize, StoreError> {
    let mut all = 0;
    loop {
        match work()? {
            0 => return Ok(all),
            done => all += done,
        }
    }
}

/// How many it were; a failure is for the log, and for the next hour.
fn said(outcome: Result<usize, StoreError>) -> usize {
    outcome.unwrap_or_else(|error| {
        log::warn!("what is too old can't be forgotten now: {error}");
        0
    })
}
