//! What the audit hears of signing in, beside the sessions that begin: failed attempts, tokens that are granted, and
//! requests that a role does not allow.
//!
//! Anybody can fail as often as they please, so the number of entries is bounded. The first event of its kind has an entry
//! at once. The same by the same, from the same network, within an hour is only counted, and a second entry says how often.
//! A process remembers a fixed number of different events; more are only counted, and one entry says how many. What an
//! attempt named is remembered as a digest and never stored: it may be anybody's e-mail address, or a password in the wrong
//! place.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use super::{accounts::Account, store, tokens::Claims};
use crate::{
    db::{Actor, Db, StoreError, Tx},
    kernel::{
        audit::{Action, Collection},
        clock,
    },
    web::client::network_of,
};

/// For how long the same event is only counted.
const WINDOW: TimeDelta = TimeDelta::hours(1);
/// How long an entry that could not be written waits before it is tried again.
const RETRY: TimeDelta = TimeDelta::minutes(1);
/// How many different events of nobody in particular are remembered.
const MOST_ANONYMOUS: usize = 500;
/// How many different events of accounts are remembered.
const MOST_OF_ACCOUNTS: usize = 2_000;
/// How often counts are written whose hour is over.
const INTERVAL: Duration = Duration::from_mins(1);
/// Who notes what nobody's account did.
const SIGN_IN: &str = "sign-in";

/// How somebody proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// A person's password.
    Password,
    /// A machine's secret.
    ClientSecret,
}

impl Proof {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::ClientSecret => "client_secret",
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    SignInRefused {
        named: [u8; 32],
        proof: Proof,
        account: Option<String>,
    },
    TokenGranted {
        account: String,
    },
    Forbidden {
        account: String,
        operation: String,
        code: &'static str,
    },
    /// More different events than are remembered.
    LeftOut,
}

/// Something that the audit hears of.
#[derive(Debug, Clone)]
pub struct Event {
    kind: Kind,
    actor: Actor,
    /// Whether its account is one of another issuer, of which nothing is stored.
    is_outside: bool,
}

impl Event {
    /// An attempt to prove who one is has failed. `named` is what the attempt named, `account` whose that is, if anybody's.
    #[must_use]
    pub fn sign_in_refused(proof: Proof, named: &str, account: Option<&Account>) -> Self {
        let account = account.map(|account| account.id.clone());
        let kind = Kind::SignInRefused { named: Sha256::digest(named).into(), proof, account };
        Self { kind, actor: Actor::System(SIGN_IN), is_outside: false }
    }

    /// A machine was given a token.
    #[must_use]
    pub fn token_granted(client: &Account, request: &str) -> Self {
        let kind = Kind::TokenGranted { account: client.id.clone() };
        Self { kind, actor: client.actor(request), is_outside: false }
    }

    /// A request was refused to who sent it.
    #[must_use]
    pub fn forbidden(claims: &Claims, actor: Actor, operation: String, code: &'static str) -> Self {
        let kind = Kind::Forbidden { account: claims.sub.clone(), operation, code };
        Self { kind, actor, is_outside: claims.outside }
    }

    /// The account that it is about, if any.
    fn account(&self) -> Option<&str> {
        match &self.kind {
            Kind::SignInRefused { account, .. } => account.as_deref(),
            Kind::TokenGranted { account } | Kind::Forbidden { account, .. } => Some(account),
            Kind::LeftOut => None,
        }
    }
}

/// An entry to be written: an event, from where, and how many of the same there were since the entry before.
#[derive(Debug, Clone)]
pub struct Entry {
    event: Event,
    /// From where; not of events that were left out.
    pub address: Option<IpAddr>,
    count: u64,
}

/// What an entry says.
#[derive(Debug, PartialEq, Eq)]
pub struct Statement {
    /// What was done.
    pub action: Action,
    /// The collection.
    pub resource: Collection,
    /// The resource's id.
    pub id: Option<String>,
    /// Further facts.
    pub facts: Vec<(&'static str, String)>,
    /// How many of the same there were.
    pub count: u64,
}

impl Entry {
    /// Who is behind it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.event.actor.clone()
    }

    /// The account that it is about, if it is one of this service.
    #[must_use]
    pub fn stored_account(&self) -> Option<&str> {
        self.event.account().filter(|_| !self.event.is_outside)
    }

    /// What it says.
    #[must_use]
    pub fn statement(&self) -> Statement {
        let (action, resource, id, facts) = match &self.event.kind {
            Kind::SignInRefused { proof, account, .. } => (
                Action::SignInRefused,
                Collection::Accounts,
                account.clone(),
                vec![("proof", proof.as_str().to_owned())],
            ),
            Kind::TokenGranted { .. } => {
                (Action::Granted, Collection::Tokens, None, vec![("grant", "client_credentials".to_owned())])
            }
            Kind::Forbidden { operation, code, .. } => {
                let facts = vec![("operation", operation.clone()), ("code", (*code).to_owned())];
                (Action::Refused, Collection::Permissions, None, facts)
            }
            Kind::LeftOut => (Action::LeftOut, Collection::Audit, None, Vec::new()),
        };
        Statement { action, resource, id, facts, count: self.count }
    }
}

/// The same event in the hour since its entry.
struct Repeated {
    event: Event,
    address: IpAddr,
    since: DateTime<Utc>,
    count: u64,
}

/// Events that are only counted.
struct Windows {
    most: usize,
    open: HashMap<(Kind, IpAddr), Repeated>,
    left_out: u64,
}

impl Windows {
    fn of(most: usize) -> Mutex<Self> {
        Mutex::new(Self { most, open: HashMap::new(), left_out: 0 })
    }

    fn note(&mut self, event: Event, address: IpAddr, now: DateTime<Utc>) -> Option<Entry> {
        let key = (event.kind.clone(), network_of(address));
        let (mut count, is_full) = (1, self.open.len() >= self.most);
        match self.open.get_mut(&key) {
            Some(same) if now - same.since < WINDOW => {
                same.count += 1;
                return None;
            }
            Some(over) => count += over.count,
            None if is_full => {
                self.left_out += 1;
                return None;
            }
            None => {}
        }
        self.open.insert(key, Repeated { event: event.clone(), address, since: now, count: 0 });
        Some(Entry { event, address: Some(address), count })
    }

    /// Takes an entry back that could not be written. It is due again after [`RETRY`], with the events counted until then:
    /// as long as writes fail, not every request waits for one.
    fn put_back(&mut self, entry: Entry, now: DateTime<Utc>) {
        let Entry { event, address, count } = entry;
        let Some(address) = address else {
            self.left_out += count;
            return;
        };
        let key = (event.kind.clone(), network_of(address));
        let since = now - WINDOW + RETRY;
        let repeated = self.open.entry(key).or_insert(Repeated { event, address, since, count: 0 });
        repeated.since = since;
        repeated.count += count;
    }

    /// The counts whose hour is over; they are forgotten here.
    fn collect(&mut self, now: DateTime<Utc>) -> Vec<Entry> {
        let over = self.open.extract_if(|_, repeated| now - repeated.since >= WINDOW);
        let repeated = over.filter(|(_, repeated)| repeated.count > 0);
        let entry =
            |(_, Repeated { event, address, count, .. }): (_, Repeated)| Entry { event, address: Some(address), count };
        let mut entries: Vec<Entry> = repeated.map(entry).collect();
        let count = std::mem::take(&mut self.left_out);
        if count > 0 {
            let event = Event { kind: Kind::LeftOut, actor: Actor::System(SIGN_IN), is_outside: false };
            entries.push(Entry { event, address: None, count });
        }
        entries
    }
}

/// The events of a process. A flood of anonymous ones leaves those of accounts their places.
pub struct SecurityLog {
    anonymous: Mutex<Windows>,
    of_accounts: Mutex<Windows>,
}

impl Default for SecurityLog {
    fn default() -> Self {
        Self { anonymous: Windows::of(MOST_ANONYMOUS), of_accounts: Windows::of(MOST_OF_ACCOUNTS) }
    }
}

impl SecurityLog {
    /// Notes an event; returns the entry that must be written now, if any.
    #[must_use]
    pub fn note(&self, event: Event, address: IpAddr, now: DateTime<Utc>) -> Option<Entry> {
        self.windows(&event).lock().unwrap_or_else(PoisonError::into_inner).note(event, address, now)
    }

    fn windows(&self, event: &Event) -> &Mutex<Windows> {
        if event.account().is_none() { &self.anonymous } else { &self.of_accounts }
    }

    fn put_back(&self, entry: Entry) {
        let windows = self.windows(&entry.event);
        windows.lock().unwrap_or_else(PoisonError::into_inner).put_back(entry, clock::now());
    }

    /// Writes the counts of hours that are over at a moment.
    pub async fn write_counts(&self, db: &Db, now: DateTime<Utc>) {
        for entry in self.collect(now) {
            self.write(db, entry).await;
        }
    }

    /// Writes all counts, at the end of the process.
    pub async fn close(&self, db: &Db) {
        self.write_counts(db, clock::now() + WINDOW).await;
    }

    /// The counts that must be written now.
    #[must_use]
    pub fn collect(&self, now: DateTime<Utc>) -> Vec<Entry> {
        let windows = [&self.anonymous, &self.of_accounts].into_iter();
        windows.flat_map(|windows| windows.lock().unwrap_or_else(PoisonError::into_inner).collect(now)).collect()
    }

    /// Notes an event and writes its entry. Where that can't be written now, as on a full disk, it is written later:
    /// who only wants to read gets a token all the same.
    pub async fn record(&self, db: &Db, event: Event, address: IpAddr) {
        if let Some(entry) = self.note(event, address, clock::now()) {
            self.write(db, entry).await;
        }
    }

    async fn write(&self, db: &Db, entry: Entry) {
        let (actor, noted) = (entry.actor(), entry.clone());
        let written = db.write(actor, move |tx: &mut Tx<'_>| store::note_security_event(tx, &noted)).await;
        if let Err::<(), StoreError>(error) = written {
            log::warn!("an event can't be noted in the audit yet: {error}");
            self.put_back(entry);
        }
    }
}

/// Writes the counts whose hour is over, every minute as long as the server runs.
pub async fn keep(log: Arc<SecurityLog>, db: Db) {
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + INTERVAL, INTERVAL);
    loop {
        interval.tick().await;
        log.write_counts(&db, clock::now()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn from(last: u16) -> IpAddr {
        IpAddr::from([10, 0, u8::try_from(last >> 8).unwrap(), u8::try_from(last & 255).unwrap()])
    }

    fn refused(named: &str) -> Event {
        Event::sign_in_refused(Proof::Password, named, None)
    }

    #[test]
    fn the_first_is_noted_and_the_others_are_counted() {
        let log = SecurityLog::default();
        let first = log.note(refused("a@b.example"), from(1), at(0)).unwrap();
        let facts = vec![("proof", "password".to_owned())];
        let said =
            Statement { action: Action::SignInRefused, resource: Collection::Accounts, id: None, facts, count: 1 };
        assert_eq!((first.statement(), first.address), (said, Some(from(1))));
        for second in 1..=5 {
            assert!(log.note(refused("a@b.example"), from(1), at(second)).is_none());
        }
        assert!(log.note(refused("a@b.example"), from(2), at(6)).is_some(), "from elsewhere");
        assert!(log.note(refused("b@b.example"), from(1), at(6)).is_some(), "by another name");
        assert!(log.collect(at(3_599)).is_empty());
        let collected = log.collect(at(3_600));
        assert_eq!(collected.iter().map(|entry| entry.statement().count).collect::<Vec<_>>(), [5]);
        assert_eq!(log.note(refused("a@b.example"), from(1), at(3_601)).unwrap().statement().count, 1);
        // Nobody has collected yet: then the next entry says how many there were.
        assert!(log.note(refused("a@b.example"), from(1), at(3_602)).is_none());
        assert_eq!(log.note(refused("a@b.example"), from(1), at(7_201)).unwrap().statement().count, 2);
    }

    #[test]
    fn a_flood_has_a_bound_and_is_counted() {
        let log = SecurityLog::default();
        let noted =
            |count: u16, now| (0..count).filter(|n| log.note(refused(&n.to_string()), from(*n), now).is_some()).count();
        assert_eq!(noted(2_000, at(0)), MOST_ANONYMOUS);
        let left_out = log.collect(at(60));
        let said: Vec<Statement> = left_out.iter().map(Entry::statement).collect();
        assert_eq!(
            said,
            [Statement {
                action: Action::LeftOut,
                resource: Collection::Audit,
                id: None,
                facts: Vec::new(),
                count: 1_500
            }]
        );
        assert_eq!(left_out[0].address, None);
        assert_eq!(noted(500, at(61)), 0, "they are known");
        assert_eq!(log.collect(at(3_600)).len(), MOST_ANONYMOUS);
        assert_eq!(noted(2_000, at(3_601)), MOST_ANONYMOUS, "the hour is over");
    }

    #[test]
    fn what_could_not_be_written_is_in_the_next_entry() {
        let log = SecurityLog::default();
        let first = log.note(refused("a@b.example"), from(1), at(0)).unwrap();
        assert!(log.note(refused("a@b.example"), from(1), at(1)).is_none());
        let window = || log.anonymous.lock().unwrap();
        window().put_back(first, at(2));
        assert!(log.note(refused("a@b.example"), from(1), at(61)).is_none(), "a failing database is not asked at once");
        let second = log.note(refused("a@b.example"), from(1), at(62)).unwrap();
        assert_eq!(second.statement().count, 4, "three that were not written, and this one");
        window().put_back(second, at(63));
        assert!(log.collect(at(122)).is_empty());
        assert_eq!(log.collect(at(123))[0].statement().count, 4);
        assert!((0..).take(1_000).any(|n| log.note(refused(&n.to_string()), from(n), at(5)).is_none()), "full");
        let left_out = log.collect(at(6)).remove(0);
        let count = left_out.statement().count;
        window().put_back(left_out, at(7));
        assert_eq!(log.collect(at(8))[0].statement().count, count);
    }

    #[test]
    fn what_was_named_is_not_kept() {
        let log = SecurityLog::default();
        let entry = log.note(refused("hunter2"), from(1), at(0)).unwrap();
        assert!(!format!("{entry:?} {:?}", entry.statement()).contains("hunter2"));
    }
}
