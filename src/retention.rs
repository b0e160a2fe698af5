//! Retention: what is spent, too old or no longer needed is forgotten, every hour as long as the server runs, in small
//! transactions, so that others can write in between. What is personal goes after the periods of the settings (law
//! 09-08: no longer than it is needed), and leaves entries in the audit that say so without its content.

use std::time::Duration;

use chrono::Days;

use crate::{
    audit, auth,
    auth::store::{management, sessions},
    changes, consultations,
    db::{Actor, Db, StoreError, WriteError, forget_answers},
    focal_points, imports,
    kernel::clock,
    persons,
};

/// How often what is too old is looked for.
const INTERVAL: Duration = Duration::from_hours(1);
/// How many rows of a table one transaction forgets.
const PIECE: i64 = 500;
/// Who forgets what is spent.
const SPENT: Actor = Actor::System("retention of spent keys and tokens");
/// Who forgets what is personal.
const PERSONAL: Actor = Actor::System("retention of personal data");

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Periods {
    /// Changes in the feed, and reports of what was imported.
    pub feed: Days,
    /// Sessions after their end.
    pub sessions: Days,
    /// Focal points after their last day.
    pub focal_points: Days,
    /// People's accounts after they were disabled.
    pub accounts: Days,
    /// How those who contributed can be reached, after the consultation's end.
    pub contribution_contacts: Days,
    /// From where people signed in or tried to.
    pub audit_addresses: Days,
}

/// How much was forgotten.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// Changes of the feed.
    pub changes: usize,
    /// Reports of imports, kept answers and tokens that were taken back.
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

/// Forgets what is too old, every hour as long as the server runs. Not at its start: then there is enough to do.
pub async fn keep_house(db: Db, periods: Periods) {
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + INTERVAL, INTERVAL);
    loop {
        interval.tick().await;
        let db = db.clone();
        let done = tokio::task::spawn_blocking(move || forget(&db, &periods, PIECE));
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
    let before = |days: Days| clock::now() - days;
    let last_day = before(periods.focal_points).date_naive();
    let answers = || db.write_blocking(&SPENT, |tx| Ok(forget_answers(tx)? + auth::store::forget_revoked(tx)?));
    let focal = || in_pieces(|| db.write_blocking(&PERSONAL, |tx| focal_points::forget(tx, last_day, piece)));
    let closed_before = before(periods.contribution_contacts).date_naive();
    let contacts =
        || in_pieces(|| db.write_blocking(&PERSONAL, |tx| consultations::forget_contacts(tx, closed_before, piece)));
    let ended = before(periods.sessions);
    let sessions = || in_pieces(|| db.write_blocking(&PERSONAL, |tx| sessions::forget(tx, ended, piece)));
    let noted = before(periods.audit_addresses);
    let addresses = || in_pieces(|| db.write_blocking(&PERSONAL, |tx| audit::forget_addresses(tx, noted, piece)));
    Forgotten {
        changes: said(changes::forget(db, before(periods.feed))),
        spent: said(imports::forget(db, before(periods.feed))) + said(answers()),
        sessions: said(sessions()),
        focal_points: said(focal()),
        accounts: said(in_pieces(|| forget_account(db, before(periods.accounts)))),
        contribution_contacts: said(contacts()),
        audit_addresses: said(addresses()),
    }
}

/// Erases one account that has been disabled for long, its reports first, which may be many; says whether there was one.
fn forget_account(db: &Db, before: chrono::DateTime<chrono::Utc>) -> Result<usize, StoreError> {
    let Some(old) = db.read_blocking(|conn| management::long_disabled(conn, before))? else { return Ok(0) };
    imports::erase(db, &PERSONAL, &old.id)?;
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
