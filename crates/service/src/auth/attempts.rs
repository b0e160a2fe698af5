//! How long who has failed to sign in must wait before the next attempt. Three counts, each with a bound of its own, so
//! that guessing is slow and nobody can lock somebody else out: the same account from the same address, an address
//! whatever the account, and an account whatever the address, of which the last never costs more than a minute.
//!
//! Unknown accounts are counted as known ones are, so that nothing is learnt from being told to wait. The counts are those
//! of one process: with several instances behind one address somebody has as many times the attempts.

use std::{hash::Hash, net::IpAddr, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::sync::Cache;

/// How many pairs, addresses and accounts are remembered of each.
const REMEMBERED: usize = 20_000;
/// After how long without a failure a count begins anew, in seconds.
const FORGOTTEN_S: i64 = 3_600;

/// From how many failures on there is a wait, and how long it grows, in seconds.
#[derive(Debug, Clone, Copy)]
struct Bound {
    free: u32,
    longest_s: i64,
}

/// The same account from the same address.
const PAIR: Bound = Bound { free: 5, longest_s: 900 };
/// An address, whatever the account.
const ADDRESS: Bound = Bound { free: 30, longest_s: 900 };
/// An account, whatever the address.
const ACCOUNT: Bound = Bound { free: 100, longest_s: 60 };

/// Failures so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failures {
    count: u32,
    last: DateTime<Utc>,
}

impl Failures {
    /// One more.
    fn another(before: Option<Self>, now: DateTime<Utc>) -> Self {
        let count = before.filter(|before| !before.is_forgotten(now)).map_or(0, |before| before.count);
        Self { count: count.saturating_add(1), last: now }
    }

    fn is_forgotten(&self, now: DateTime<Utc>) -> bool {
        now - self.last > TimeDelta::seconds(FORGOTTEN_S)
    }

    /// How many seconds to wait from now on: a second after the last free failure, and twice as long after each further
    /// one.
    fn wait_s(&self, bound: Bound, now: DateTime<Utc>) -> i64 {
        if self.count < bound.free || self.is_forgotten(now) {
            return 0;
        }
        let doublings = (self.count - bound.free).min(20);
        let pause = (1_i64 << doublings).min(bound.longest_s);
        let left = self.last + TimeDelta::seconds(pause) - now;
        // What is left of a second is a second.
        (left.num_milliseconds().max(0) + 999) / 1_000
    }
}

/// The counts of a process.
pub struct Attempts {
    pairs: Cache<(Arc<str>, IpAddr), Failures>,
    addresses: Cache<IpAddr, Failures>,
    accounts: Cache<Arc<str>, Failures>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { pairs: Cache::new(REMEMBERED), addresses: Cache::new(REMEMBERED), accounts: Cache::new(REMEMBERED) }
    }
}

/// Notes a failure under a key.
fn note<K: Hash + Eq + Clone>(cache: &Cache<K, Failures>, key: &K, now: DateTime<Utc>) {
    let another = Failures::another(cache.get(key), now);
    cache.insert(key.clone(), another);
}

/// Takes one note under a key back.
fn take_back<K: Hash + Eq + Clone>(cache: &Cache<K, Failures>, key: &K) {
    if let Some(before) = cache.get(key) {
        cache.insert(key.clone(), Failures { count: before.count.saturating_sub(1), ..before });
    }
}

impl Attempts {
    /// How many seconds who signs in to an account from an address must wait; 0 to try now.
    #[must_use]
    pub fn wait_s(&self, account: &str, address: IpAddr, now: DateTime<Utc>) -> i64 {
        let account: Arc<str> = account.into();
        let pair = self.pairs.get(&(Arc::clone(&account), address)).map_or(0, |found| found.wait_s(PAIR, now));
        let address = self.addresses.get(&address).map_or(0, |found| found.wait_s(ADDRESS, now));
        let account = self.accounts.get(&account).map_or(0, |found| found.wait_s(ACCOUNT, now));
        pair.max(address).max(account)
    }

    /// Notes an attempt, as a failure until it is known to be good: many at once must not each be the first one.
    pub fn note(&self, account: &str, address: IpAddr, now: DateTime<Utc>) {
        let account: Arc<str> = account.into();
        note(&self.pairs, &(Arc::clone(&account), address), now);
        note(&self.addresses, &address, now);
        note(&self.accounts, &account, now);
    }

    /// Takes the note of an attempt back that was not made.
    pub fn take_back(&self, account: &str, address: IpAddr) {
        let account: Arc<str> = account.into();
        take_back(&self.pairs, &(Arc::clone(&account), address));
        take_back(&self.addresses, &address);
        take_back(&self.accounts, &account);
    }

    /// Notes that an attempt was good: who it is need not wait again. Failures of the address stay, or an attacker with an
    /// account of their own could go on for ever.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        let account: Arc<str> = account.into();
        self.pairs.remove(&(Arc::clone(&account), address));
        take_back(&self.addresses, &address);
        self.accounts.remove(&account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn the_same_account_from_the_same_address_waits_longer_each_time() {
        let attempts = Attempts::default();
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..20 {
            waits.push(attempts.wait_s("a", address(1), at(now)));
            now += waits.last().unwrap();
            attempts.note("a", address(1), at(now));
        }
        assert_eq!(waits[..9], [0, 0, 0, 0, 0, 1, 2, 4, 8]);
        assert_eq!(waits.iter().max(), Some(&900));
        assert_eq!(attempts.wait_s("b", address(1), at(now)), 0, "another account");
        assert_eq!(attempts.wait_s("a", address(2), at(now)), 0, "the same from elsewhere");
        assert_eq!(attempts.wait_s("a", address(1), at(now + 901)), 0, "time passes");
    }

    #[test]
    fn an_address_that_tries_many_accounts_waits_too() {
        let attempts = Attempts::default();
        for number in 0..31 {
            attempts.note(&number.to_string(), address(1), at(0));
        }
        assert!(attempts.wait_s("new", address(1), at(0)) >= 1);
        assert_eq!(attempts.wait_s("new", address(2), at(0)), 0);
    }

    #[test]
    fn success_excuses_the_account_and_not_the_address() {
        let attempts = Attempts::default();
        for _ in 0..40 {
            attempts.note("a", address(1), at(0));
        }
        attempts.succeeded("a", address(1));
        attempts.take_back("a", address(3));
        assert!(attempts.wait_s("a", address(1), at(0)) > 1, "the address has tried too much");
        assert_eq!(attempts.wait_s("a", address(2), at(0)), 0);
    }

    proptest! {
        #[test]
        fn nobody_is_locked_out_by_others_for_more_than_a_minute(failures in 0_u32..2_000, others in 2_u8..=255) {
            let attempts = Attempts::default();
            for number in 0..failures {
                attempts.note("a", address(2 + u8::try_from(number % u32::from(others - 1)).unwrap()), at(0));
            }
            prop_assert!(attempts.wait_s("a", address(1), at(0)) <= 60);
        }

        #[test]
        fn a_wait_is_over_when_it_is_over(count in 1_u32..5_000, later in 0_i64..10_000) {
            let failures = Failures { count, last: at(0) };
            for bound in [PAIR, ADDRESS, ACCOUNT] {
                let wait = failures.wait_s(bound, at(later));
                prop_assert!((0..=bound.longest_s).contains(&wait));
                prop_assert_eq!(failures.wait_s(bound, at(later + wait)), 0);
            }
        }
    }
}
