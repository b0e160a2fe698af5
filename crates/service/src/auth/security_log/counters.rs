//! Counts of events: the same within an hour is counted on one entry of the audit. Pure.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use chrono::{DateTime, TimeDelta, Utc};

use super::event::{Class, Event, Kind};
use crate::{
    db::{CountedEntry, Deed},
    kernel::{
        audit::Collection,
        clock,
        id::{Identifier, new_id},
    },
    web::client::network_of,
};

/// For how long the same event is counted on one entry.
const WINDOW: TimeDelta = TimeDelta::hours(1);
/// For how long it is tried to write an event that the database refuses for a reason that the program does not know.
const PATIENCE: TimeDelta = TimeDelta::days(1);

/// An event, from where, and how many of the same there were within an hour.
#[derive(Debug, Clone)]
pub struct CountedEvent {
    /// The id of its entry, as soon as the entry may be there.
    id: Option<Identifier>,
    event: Event,
    /// From where; none where events from several networks are counted together.
    address: Option<IpAddr>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    count: u64,
    /// How much of the count is written.
    written: u64,
}

impl CountedEvent {
    const fn unwritten(&self) -> u64 {
        self.count.saturating_sub(self.written)
    }

    const fn is_due(&self) -> bool {
        self.unwritten() > 0
    }

    fn is_within_the_hour(&self, now: DateTime<Utc>) -> bool {
        now - self.first_at < WINDOW
    }

    /// Whether it has been tried for long enough to write it.
    pub(super) fn is_hopeless(&self, now: DateTime<Utc>) -> bool {
        now - self.first_at > PATIENCE
    }

    /// The account that it is about, if it is one of this service.
    #[must_use]
    pub fn stored_account(&self) -> Option<&str> {
        self.event.kind.account().filter(|_| !self.event.is_outside)
    }

    /// Its entry, which gets its id here unless it has one: made in the transaction that writes it, the id is in the order
    /// of time.
    #[must_use]
    pub fn entry(&self) -> CountedEntry {
        let (action, resource, mut facts) = self.event.statement();
        if let Some(facts) = facts.as_object_mut() {
            facts.insert("count".to_owned(), self.count.into());
            facts.insert("first_at".to_owned(), clock::text(self.first_at).into());
            facts.insert("last_at".to_owned(), clock::text(self.last_at).into());
        }
        let account = self.event.kind.account().filter(|_| resource == Collection::Accounts);
        let (id, version) = (account.map(str::to_owned), None);
        CountedEntry {
            id: self.id.clone().unwrap_or_else(new_id),
            actor: self.event.actor.clone(),
            address: self.address,
            deed: Deed { action, resource, id, version, before: None, after: Some(facts) },
        }
    }
}

/// What makes an event the same as another one: what happened, and the network that it came from.
type Key = (Kind, Option<IpAddr>);

fn key(event: &Event, address: Option<IpAddr>) -> Key {
    (event.kind.clone(), address.map(network_of))
}

/// Events that are counted: of each class at most so many different ones, and one for those that are left out.
#[derive(Default)]
pub(super) struct Counters(BTreeMap<Class, HashMap<Key, CountedEvent>>);

impl Counters {
    pub(super) fn count(&mut self, event: Event, address: IpAddr, now: DateTime<Utc>) {
        let class = event.kind.class();
        let open = self.0.entry(class).or_default();
        let (event, address) = place(open, event, address);
        let key = key(&event, address);
        match open.get_mut(&key) {
            Some(same) if same.is_due() || same.is_within_the_hour(now) => {
                same.count += 1;
                same.last_at = now;
            }
            _ => {
                let new = CountedEvent { id: None, event, address, first_at: now, last_at: now, count: 1, written: 0 };
                open.insert(key, new);
            }
        }
    }

    /// Forgets written events that are older than an hour, and returns the unwritten ones, the oldest of a class first. They
    /// stay unwritten until [`Counters::tried`] is told the outcome.
    pub(super) fn due(&mut self, now: DateTime<Utc>) -> Vec<CountedEvent> {
        let mut all = Vec::new();
        for open in self.0.values_mut() {
            open.retain(|_, event| event.is_due() || event.is_within_the_hour(now));
            let mut due: Vec<&CountedEvent> = open.values().filter(|event| event.is_due()).collect();
            due.sort_unstable_by_key(|event| event.first_at);
            all.extend(due.into_iter().cloned());
        }
        all
    }

    /// Notes that a transaction with an event's entry came to its commit. The event keeps the entry's id: where it is not
    /// known whether the commit took effect, the next try must not make a second entry. If it did take effect, the event is
    /// written with the count that it had when it was [due](Counters::due).
    pub(super) fn tried(&mut self, event: &CountedEvent, id: &Identifier, is_committed: bool) {
        let open = self.0.get_mut(&event.event.kind.class());
        if let Some(same) = open.and_then(|open| open.get_mut(&key(&event.event, event.address))) {
            same.id = Some(id.clone());
            if is_committed {
                same.written = event.count;
            }
        }
    }

    /// Forgets an event that can't be written.
    pub(super) fn drop_event(&mut self, event: &CountedEvent) {
        if let Some(open) = self.0.get_mut(&event.event.kind.class()) {
            open.remove(&key(&event.event, event.address));
        }
    }

    /// How many events are not written yet.
    pub(super) fn unwritten(&self) -> u64 {
        self.0.values().flat_map(HashMap::values).map(CountedEvent::unwritten).sum()
    }
}

/// As what an event is counted among the others of its class. Where an account has as many places as it may have, the
/// event is counted without its network; where the class has, as one that was left out.
fn place(open: &HashMap<Key, CountedEvent>, event: Event, address: IpAddr) -> (Event, Option<IpAddr>) {
    let is_known = |address| open.contains_key(&key(&event, address));
    let class = event.kind.class();
    if is_known(Some(address)) {
        return (event, Some(address));
    }
    let has_enough = event.kind.account().is_some_and(|account| {
        let own = open.keys().filter(|(kind, network)| network.is_some() && kind.account() == Some(account));
        own.count() >= class.most_of_account()
    });
    let address = Some(address).filter(|_| !has_enough);
    if open.len() >= class.most() && !is_known(address) { (Event::left_out(class), None) } else { (event, address) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::event::{PasswordRefusal, Proof, SIGN_IN},
        *,
    };
    use crate::{db::Actor, kernel::audit::Action};

    const ACCOUNT: &str = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn from(last: u16) -> IpAddr {
        IpAddr::from([10, 0, u8::try_from(last >> 8).unwrap(), u8::try_from(last & 255).unwrap()])
    }

    fn event(kind: Kind) -> Event {
        Event { kind, actor: Actor::System(SIGN_IN), is_outside: false }
    }

    fn refused(named: &str) -> Event {
        Event::sign_in_refused(Proof::Password(PasswordRefusal::Wrong), named, None)
    }

    fn refused_to(account: &str) -> Event {
        let proof = Proof::Password(PasswordRefusal::TooMany);
        event(Kind::SignInRefused { named: [0; 32], proof, account: Some(account.to_owned()) })
    }

    fn forbidden(role: &'static str) -> Event {
        let (account, operation) = (ACCOUNT.to_owned(), "GET /audit".to_owned());
        event(Kind::Forbidden { account, role, operation, code: "forbidden" })
    }

    fn granted(role: &'static str) -> Event {
        event(Kind::TokenGranted { account: ACCOUNT.to_owned(), role, session: None })
    }

    /// Notes failed attempts of so many names, each from a network of its own.
    fn attempts(counters: &mut Counters, names: u16, now: DateTime<Utc>) {
        for name in 0..names {
            counters.count(refused(&name.to_string()), from(name), now);
        }
    }

    /// What would be written now, and whether that succeeds.
    fn flushed(counters: &mut Counters, now: DateTime<Utc>, is_committed: bool) -> Vec<CountedEntry> {
        let due = counters.due(now);
        let entries: Vec<CountedEntry> = due.iter().map(CountedEvent::entry).collect();
        for (event, entry) in due.iter().zip(&entries) {
            counters.tried(event, &entry.id, is_committed);
        }
        entries
    }

    fn fact<'e>(entry: &'e CountedEntry, name: &str) -> &'e serde_json::Value {
        &entry.deed.after.as_ref().unwrap()[name]
    }

    fn count(entry: &CountedEntry) -> u64 {
        fact(entry, "count").as_u64().unwrap()
    }

    #[test]
    fn the_same_within_an_hour_is_counted_on_one_entry() {
        let counters = &mut Counters::default();
        counters.count(refused("a@b.example"), from(1), at(0));
        let [first] = flushed(counters, at(1), true).try_into().unwrap();
        assert_eq!(
            (first.deed.action, first.deed.resource, first.address),
            (Action::SignInRefused, Collection::Accounts, Some(from(1)))
        );
        let moment = "1970-01-01T00:00:00.000000Z";
        let facts = json!({"proof": "password", "reason": "wrong", "count": 1, "first_at": moment, "last_at": moment});
        assert_eq!(first.deed.after, Some(facts));
        assert!(flushed(counters, at(2), true).is_empty(), "it is written");
        for second in 1..=5 {
            counters.count(refused("a@b.example"), from(1), at(second));
        }
        counters.count(refused("a@b.example"), from(2), at(6));
        counters.count(refused("b@b.example"), from(1), at(7));
        assert_eq!(counters.unwritten(), 7);
        let [again, elsewhere, other] = flushed(counters, at(8), true).try_into().unwrap();
        assert_eq!((&again.id, count(&again), count(&elsewhere), count(&other)), (&first.id, 6, 1, 1));
        assert_eq!(fact(&again, "last_at"), "1970-01-01T00:00:05.000000Z");
        assert_eq!(counters.unwritten(), 0);
        counters.count(refused("a@b.example"), from(1), at(3_600));
        let [next] = flushed(counters, at(3_601), true).try_into().unwrap();
        assert!(next.id != first.id && count(&next) == 1, "the hour is over: {next:?}");
    }

    #[test]
    fn a_flood_has_a_bound_and_is_counted() {
        let counters = &mut Counters::default();
        attempts(counters, 2_000, at(0));
        let written = flushed(counters, at(60), true);
        let most = Class::Anonymous.most();
        assert_eq!(written.len(), most + 1);
        let left_out: Vec<_> = written.iter().filter(|entry| entry.deed.action == Action::LeftOut).collect();
        let told = left_out.iter().map(|entry| (count(entry), entry.address, fact(entry, "of")));
        assert_eq!(told.collect::<Vec<_>>(), [(1_500, None, &json!("anonymous"))]);
        attempts(counters, 600, at(61));
        let written = flushed(counters, at(62), true);
        assert_eq!(written.len(), most + 1, "they are known");
        assert_eq!(written.iter().map(count).max(), Some(1_600));
        assert!(flushed(counters, at(3_700), true).is_empty());
        attempts(counters, 400, at(3_701));
        assert_eq!(flushed(counters, at(3_702), true).len(), 400, "the hour is over");
    }

    #[test]
    fn a_flood_of_one_class_leaves_the_others_their_places() {
        let counters = &mut Counters::default();
        attempts(counters, 2_000, at(0));
        for network in 0..4_000 {
            counters.count(refused_to(&format!("account-{}", network % 100)), from(network), at(0));
        }
        counters.count(forbidden("partner"), from(1), at(1));
        counters.count(granted("partner"), from(1), at(1));
        let written = flushed(counters, at(2), true);
        let of = |action: Action| written.iter().filter(|entry| entry.deed.action == action).collect::<Vec<_>>();
        assert_eq!((of(Action::Refused).len(), of(Action::Granted).len()), (1, 1));
        assert_eq!(written[0].deed.action, Action::Refused, "what an account was refused is written first");
        let left_out: Vec<_> =
            of(Action::LeftOut).iter().map(|entry| (fact(entry, "of").clone(), count(entry))).collect();
        assert_eq!(left_out, [(json!("sign_ins"), 2_000), (json!("anonymous"), 1_500)]);
    }

    #[test]
    fn attempts_on_one_account_leave_other_accounts_their_places() {
        let counters = &mut Counters::default();
        for network in 0..3_000 {
            counters.count(refused_to(ACCOUNT), from(network), at(0));
        }
        counters.count(refused_to("another"), from(7), at(1));
        let written = flushed(counters, at(2), true);
        let most = Class::SignIns.most_of_account();
        assert_eq!(written.len(), most + 2);
        let together: Vec<_> = written.iter().filter(|entry| entry.address.is_none()).collect();
        let told = together.iter().map(|entry| (count(entry), entry.deed.action, entry.deed.id.as_deref()));
        assert_eq!(told.collect::<Vec<_>>(), [(2_950, Action::SignInRefused, Some(ACCOUNT))]);
        let other = written.iter().find(|entry| entry.deed.id.as_deref() == Some("another")).unwrap();
        assert_eq!((count(other), other.address), (1, Some(from(7))));
        counters.count(refused_to(ACCOUNT), from(0), at(3));
        let [known] = flushed(counters, at(4), true).try_into().unwrap();
        assert_eq!((count(&known), known.address), (2, Some(from(0))), "a known network keeps its place");
    }

    #[test]
    fn another_role_and_another_reason_are_another_event() {
        let counters = &mut Counters::default();
        for event in [forbidden, granted].iter().flat_map(|event| [event("partner"), event("secretariat")]) {
            counters.count(event, from(1), at(0));
        }
        counters.count(Event::sign_in_refused(Proof::Password(PasswordRefusal::TooMany), "a", None), from(1), at(0));
        counters.count(refused("a"), from(1), at(0));
        assert_eq!(flushed(counters, at(1), true).iter().map(count).collect::<Vec<_>>(), [1; 6]);
    }

    #[test]
    fn what_may_be_written_keeps_its_entry_and_what_is_surely_not_gets_a_new_one() {
        let counters = &mut Counters::default();
        counters.count(refused("a@b.example"), from(1), at(0));
        // The transaction never came to its commit.
        let surely_not = counters.due(at(1))[0].entry();
        let [unknown] = flushed(counters, at(2), false).try_into().unwrap();
        assert!(surely_not.id < unknown.id, "ids are made when they are written");
        // Also after the hour: nothing is forgotten that is not written.
        counters.count(refused("a@b.example"), from(1), at(4_000));
        let [later] = flushed(counters, at(8_000), true).try_into().unwrap();
        assert_eq!((&later.id, count(&later)), (&unknown.id, 2));
    }

    #[test]
    fn events_that_happen_while_others_are_written_are_written_next() {
        let counters = &mut Counters::default();
        counters.count(refused("a@b.example"), from(1), at(0));
        let due = counters.due(at(1));
        counters.count(refused("a@b.example"), from(1), at(2));
        for event in &due {
            counters.tried(event, &event.entry().id, true);
        }
        assert_eq!(flushed(counters, at(3), true).iter().map(count).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn what_can_not_be_written_can_be_dropped() {
        let counters = &mut Counters::default();
        counters.count(refused("a"), from(1), at(0));
        counters.count(refused("b"), from(1), at(1));
        let due = counters.due(at(2));
        assert!(!due[0].is_hopeless(at(86_400)) && due[0].is_hopeless(at(86_401)));
        counters.drop_event(&due[0]);
        assert_eq!((counters.due(at(3)).len(), counters.unwritten()), (1, 1));
    }

    #[test]
    fn what_was_named_is_not_kept() {
        let counters = &mut Counters::default();
        counters.count(refused("hunter2"), from(1), at(0));
        let due = counters.due(at(1));
        assert!(!format!("{due:?} {:?}", due[0].entry()).contains("hunter2"));
    }
}
