//! How many requests somebody may send in a minute: an account by its token, whatever the address, and everybody else by
//! the address; and how many contributions an address may send in an hour. Each has the whole number at once, which comes
//! back evenly (GCRA, by the crate `governor`); every answer
//! says what is left (draft-ietf-httpapi-ratelimit-headers). The counts are those of one process: behind a balancer that
//! spreads requests over several instances somebody has as many times the limit.

use std::{fmt, hash::Hash, net::IpAddr, num::NonZeroU32, str::FromStr, time::Duration};

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock as _, MonotonicClock},
    middleware::{StateInformationMiddleware, StateSnapshot},
    state::keyed::DashMapStateStore,
};

use super::problem::{Problem, TOO_MANY_REQUESTS};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");
/// How often what has come back whole is forgotten.
pub const FORGET_INTERVAL: Duration = Duration::from_mins(1);

/// How many in a limit's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// As many as come.
    Off,
    /// So many.
    Of(NonZeroU32),
}

/// The highest rate that can be set: more is no limit.
const HIGHEST: u32 = 10_000_000;

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let number = text.parse().ok().filter(|number: &NonZeroU32| number.get() <= HIGHEST);
        number.map(Self::Of).ok_or_else(|| format!("must be a number from 1 to {HIGHEST}, or off"))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Of(number) => number.fmt(f),
        }
    }
}

/// The counts of a process.
pub struct RateLimits {
    addresses: Option<Limit<IpAddr>>,
    accounts: Option<Limit<String>>,
    contributions: Option<Limit<IpAddr>>,
}

/// What a limit is about.
#[derive(Debug, Clone, Copy)]
struct Measure {
    /// Its name in the headers.
    name: &'static str,
    /// Whom it goes by.
    whom: &'static str,
    /// What is counted, and in what time.
    what: &'static str,
    /// That time, in seconds.
    window_s: u32,
}

const ADDRESSES: Measure = Measure { name: "address", whom: "address", what: "requests a minute", window_s: 60 };
const ACCOUNTS: Measure = Measure { name: "account", whom: "account", what: "requests a minute", window_s: 60 };
const CONTRIBUTIONS: Measure =
    Measure { name: "contributions", whom: "address", what: "contributions an hour", window_s: 3_600 };

impl RateLimits {
    /// With rates for the requests of each address and of each account, and for the contributions of each address.
    #[must_use]
    pub fn new(addresses: Rate, accounts: Rate, contributions: Rate) -> Self {
        Self {
            addresses: Limit::new(ADDRESSES, addresses),
            accounts: Limit::new(ACCOUNTS, accounts),
            contributions: Limit::new(CONTRIBUTIONS, contributions),
        }
    }

    /// Counts a request of nobody in particular.
    ///
    /// # Errors
    /// 429.
    pub fn take_address(&self, address: IpAddr) -> Result<Standing, Problem> {
        self.addresses.as_ref().map_or(Ok(Standing::UNLIMITED), |limit| limit.take(&address))
    }

    /// Counts a request of an account.
    ///
    /// # Errors
    /// 429.
    pub fn take_account(&self, account: &String) -> Result<Standing, Problem> {
        self.accounts.as_ref().map_or(Ok(Standing::UNLIMITED), |limit| limit.take(account))
    }

    /// Counts a contribution.
    ///
    /// # Errors
    /// 429.
    pub fn take_contribution(&self, address: IpAddr) -> Result<Standing, Problem> {
        self.contributions.as_ref().map_or(Ok(Standing::UNLIMITED), |limit| limit.take(&address))
    }

    /// Forgets who has not been here for so long that everything has come back.
    pub fn forget(&self) {
        for limit in [&self.addresses, &self.contributions].into_iter().flatten() {
            limit.forget();
        }
        if let Some(limit) = &self.accounts {
            limit.forget();
        }
    }
}

/// One limit, with the counts of those who are under it.
struct Limit<K: Hash + Eq + Clone> {
    measure: Measure,
    rate: NonZeroU32,
    policy: HeaderValue,
    clock: MonotonicClock,
    limiter: RateLimiter<K, DashMapStateStore<K>, MonotonicClock, StateInformationMiddleware>,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(measure: Measure, rate: Rate) -> Option<Self> {
        let Rate::Of(rate) = rate else { return None };
        let Measure { name, window_s, .. } = measure;
        let policy = HeaderValue::from_str(&format!("\"{name}\";q={rate};w={window_s}")).ok()?;
        let back = Duration::from_secs(window_s.into()) / rate.get();
        let quota = Quota::with_period(back)?.allow_burst(rate);
        let limiter = RateLimiter::dashmap_with_clock(quota, MonotonicClock);
        Some(Self { measure, rate, policy, clock: MonotonicClock, limiter: limiter.with_middleware() })
    }

    fn take(&self, key: &K) -> Result<Standing, Problem> {
        match self.limiter.check_key(key) {
            Ok(snapshot) => Ok(self.standing(&snapshot)),
            Err(not_until) => Err(self.refusal(&not_until)),
        }
    }

    fn standing(&self, snapshot: &StateSnapshot) -> Standing {
        let left = snapshot.remaining_burst_capacity();
        let back_s = (u64::from(self.rate.get() - left.min(self.rate.get())) * u64::from(self.measure.window_s))
            .div_ceil(u64::from(self.rate.get()));
        Standing { policy: Some(self.policy.clone()), state: self.state(left, back_s) }
    }

    fn state(&self, left: u32, back_s: u64) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("\"{}\";r={left};t={back_s}", self.measure.name)).ok()
    }

    fn refusal(&self, not_until: &NotUntil<<MonotonicClock as governor::clock::Clock>::Instant>) -> Problem {
        let wait = not_until.wait_time_from(self.clock.now());
        // What is left of a second is a second.
        let wait_s = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let (Measure { whom, what, window_s, .. }, rate) = (self.measure, self.rate);
        let detail = format!("Each {whom} may send {rate} {what}; the next one is taken in {wait_s} s.");
        let mut problem =
            Problem::new(&TOO_MANY_REQUESTS, detail).with_header(header::RETRY_AFTER, wait_s.max(1).to_string());
        for (name, value) in [(POLICY, Some(&self.policy)), (STATE, self.state(0, u64::from(window_s)).as_ref())] {
            if let Some(value) = value.and_then(|value| value.to_str().ok()) {
                problem = problem.with_header(name, value);
            }
        }
        problem
    }

    fn forget(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// What is left of a limit, for the answer's headers.
#[derive(Debug, Clone)]
pub struct Standing {
    policy: Option<HeaderValue>,
    state: Option<HeaderValue>,
}

impl Standing {
    /// There is no limit.
    pub const UNLIMITED: Self = Self { policy: None, state: None };

    /// Says so in an answer, unless it is a refusal that says already which limit it is about.
    pub fn tell(self, headers: &mut HeaderMap) {
        for (name, value) in [(POLICY, self.policy), (STATE, self.state)] {
            if let Some(value) = value.filter(|_| !headers.contains_key(&name)) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_of(standing: Standing, name: &str) -> String {
        let mut headers = HeaderMap::new();
        standing.tell(&mut headers);
        headers.get(name).unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn everybody_has_a_minutes_worth_of_their_own() {
        let limits = RateLimits::new("3".parse().unwrap(), Rate::Off, "2".parse().unwrap());
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let left = |address| header_of(limits.take_address(address).unwrap(), "ratelimit");
        assert_eq!(
            [left(one), left(one), left(one)],
            ["\"address\";r=2;t=20", "\"address\";r=1;t=40", "\"address\";r=0;t=60"]
        );
        let refused = limits.take_address(one).unwrap_err();
        assert_eq!(refused.kind().status, 429);
        assert_eq!(header_of(limits.take_address(other).unwrap(), "ratelimit-policy"), "\"address\";q=3;w=60");
        limits.forget();
        assert!(limits.take_address(one).is_err(), "what is not back yet is remembered");
        let left = |address| header_of(limits.take_contribution(address).unwrap(), "ratelimit");
        assert_eq!([left(one), left(one)], ["\"contributions\";r=1;t=1800", "\"contributions\";r=0;t=3600"]);
        let refused = limits.take_contribution(one).unwrap_err();
        assert!(refused.detail().starts_with("Each address may send 2 contributions an hour"), "{refused}");
        assert_eq!(
            header_of(limits.take_contribution(other).unwrap(), "ratelimit-policy"),
            "\"contributions\";q=2;w=3600"
        );
    }

    #[test]
    fn without_a_limit_nothing_is_counted_or_said() {
        let limits = RateLimits::new(Rate::Off, Rate::Off, Rate::Off);
        let mut headers = HeaderMap::new();
        for _ in 0..10_000 {
            limits.take_account(&"a".to_owned()).unwrap().tell(&mut headers);
        }
        assert!(headers.is_empty());
    }

    #[test]
    fn a_rate_is_a_number_or_off() {
        assert_eq!("off".parse(), Ok(Rate::Off));
        for text in ["0", "-1", "10000001", "many", ""] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
