//! Counts of events: the same within an hour is counted on one entry of the audit. Pure.

use std::{collections::HashMap, net::IpAddr, sync::Mutex};

use chrono::{DateTime, TimeDelta, Utc};

use super::event::{Event, Kind};
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

/// An event, from where, and how many of the same there were within an hour.
#[derive(Debug, Clone)]
pub struct CountedEvent {
    /// The id of its entry; none before it is to be written.
    id: Option<Identifier>,
    event: Event,
    /// From where; not of events that were left out.
    address: Option<IpAddr>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    count: u64,
    /// How much of the count is written.
    written: u64,
}

impl CountedEvent {
    const fn is_due(&self) -> bool {
        self.count > self.written
    }

    /// The account that it is about, if it is one of this service.
    #[must_use]
    pub fn stored_account(&self) -> Option<&str> {
        self.event.account().filter(|_| !self.event.is_outside)
    }

    /// Its entry.
    #[must_use]
    pub fn entry(&self) -> CountedEntry {
        let (action, resource, mut facts) = self.event.statement();
        if let Some(facts) = facts.as_object_mut() {
            facts.insert("count".to_owned(), self.count.into());
            facts.insert("first_at".to_owned(), clock::text(self.first_at).into());
            facts.insert("last_at".to_owned(), clock::text(self.last_at).into());
        }
        let resource_id = self.event.account().filter(|_| resource == Collection::Accounts).map(str::to_owned);
        CountedEntry {
            id: self.id.clone().unwrap_or_else(new_id),
            actor: self.event.actor.clone(),
            address: self.address,
            deed: Deed { action, resource, id: resource_id, version: None, before: None, after: Some(facts) },
        }
    }
}

/// What makes an event the same as another one: what happened, and the network that it came from.
type Key = (Kind, Option<IpAddr>);

fn key(event: &Event, address: Option<IpAddr>) -> Key {
    (event.kind.clone(), address.map(network_of))
}

/// Events that are counted, at most so many different ones and one for those that are left out.
pub(super) struct Counters {
    most: usize,
    open: HashMap<Key, CountedEvent>,
}

impl Counters {
    pub(super) fn of(most: usize) -> Mutex<Self> {
        Mutex::new(Self { most, open: HashMap::new() })
    }

    pub(super) fn count(&mut self, event: Event, address: Option<IpAddr>, now: DateTime<Utc>) {
        let is_full = self.open.len() >= self.most && event.kind != Kind::LeftOut;
        let key = key(&event, address);
        match self.open.get_mut(&key) {
            Some(same) if same.is_due() || now - same.first_at < WINDOW => {
                same.count += 1;
                same.last_at = now;
            }
            None if is_full => self.count(Event::left_out(), None, now),
            _ => {
                let new = CountedEvent { id: None, event, address, first_at: now, last_at: now, count: 1, written: 0 };
                self.open.insert(key, new);
            }
        }
    }

    /// Forgets what is written and older than an hour, and returns what is not written yet, the oldest first. It stays
    /// unwritten until [`Counters::written`] says otherwise. Its entry keeps its id, so writing it twice makes no second entry.
    pub(super) fn due(&mut self, now: DateTime<Utc>) -> Vec<CountedEvent> {
        self.open.retain(|_, event| event.is_due() || now - event.first_at < WINDOW);
        let mut due: Vec<&mut CountedEvent> = self.open.values_mut().filter(|event| event.is_due()).collect();
        due.sort_unstable_by_key(|event| event.first_at);
        for event in &mut due {
            event.id.get_or_insert_with(new_id);
        }
        due.into_iter().map(|event| event.clone()).collect()
    }

    /// Notes that an event is written, with the count that it had when it was [due](Counters::due).
    pub(super) fn written(&mut self, event: &CountedEvent) {
        if let Some(same) = self.open.get_mut(&key(&event.event, event.address)) {
            same.written = event.count;
        }
    }
}
