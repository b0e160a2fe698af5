//! The one place that asks the machine for the time, and the one that says which day a moment belongs to. Everything
//! else receives both as values.
//!
//! Moments are UTC everywhere. Days are days of one time zone, that of the setting `REMACTO_TIME_ZONE`: a day begins at
//! its first moment there and ends with the first moment of the next day.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, Ordering},
};

use chrono::{
    DateTime, Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, SecondsFormat, SubsecRound as _,
    TimeDelta, TimeZone as _, Timelike as _, Utc,
};
use chrono_tz::Tz;
use serde::Serializer;

/// The time zone where the settings say nothing.
pub const DEFAULT_ZONE: Tz = Tz::Africa__Casablanca;

static ZONE: OnceLock<Tz> = OnceLock::new();

/// Sets the time zone that days belong to, once and before the first day is asked for.
///
/// # Errors
/// The zone that is in force already, where it is another one.
pub fn set_zone(zone: Tz) -> Result<(), Tz> {
    let in_force = *ZONE.get_or_init(|| zone);
    if in_force == zone { Ok(()) } else { Err(in_force) }
}

/// The time zone that days belong to.
#[must_use]
pub fn zone() -> Tz {
    *ZONE.get_or_init(|| DEFAULT_ZONE)
}

/// The machine's present moment in UTC, in whole microseconds: the finest step that both databases keep. What happens
/// in a database is dated by that database's [`Clock`].
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A clock that goes as fast as the machine's. Tests set it; its clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// How far it is ahead of the machine's, in microseconds.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// The present moment.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        now() + TimeDelta::microseconds(self.ahead.load(Ordering::Acquire))
    }

    /// The present day.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        day_of(self.now())
    }

    /// Sets the clock: from now on it goes on from this moment.
    pub fn set(&self, moment: DateTime<Utc>) {
        let ahead = (moment - now()).num_microseconds().unwrap_or_default();
        self.ahead.store(ahead, Ordering::Release);
    }
}

/// The day that a moment belongs to.
#[must_use]
pub fn day_of(moment: DateTime<Utc>) -> NaiveDate {
    day_in(zone(), moment)
}

/// The first moment of a day.
#[must_use]
pub fn day_start(day: NaiveDate) -> DateTime<Utc> {
    start_in(zone(), day)
}

/// The end of a day, which does not belong to it: the first moment of the next day.
#[must_use]
pub fn day_end(day: NaiveDate) -> DateTime<Utc> {
    start_in(zone(), next(day))
}

/// A stretch of time in which clocks differ from UTC by the same amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its end, which does not belong to it.
    pub until: DateTime<Utc>,
    /// By how many seconds clocks are ahead of UTC.
    pub ahead_s: i32,
}

/// The stretches up to a moment, for statements that turn moments into days. The first one stands for everything before
/// it, too, and begins before anything that is stored here.
#[must_use]
pub fn stretches(until: DateTime<Utc>) -> Vec<Stretch> {
    stretches_in(zone(), until)
}

/// The first year of [`stretches`]: the network was founded in 2022.
const FIRST_YEAR: i32 = 2015;
/// In how large steps changes of the difference from UTC are looked for, in seconds: two that cancel out lie farther
/// apart.
const STEP_S: i64 = 7 * 86_400;

fn stretches_in(zone: Tz, until: DateTime<Utc>) -> Vec<Stretch> {
    let first = Utc.with_ymd_and_hms(FIRST_YEAR, 1, 1, 0, 0, 0).earliest().unwrap_or(DateTime::UNIX_EPOCH);
    let until = until.clamp(first, start_in(zone, LAST_DAY));
    let mut found = Vec::new();
    let mut from = first;
    while from < until {
        let to = (from + TimeDelta::seconds(STEP_S)).min(until);
        let ahead_s = ahead_in(zone, from);
        if ahead_in(zone, to) == ahead_s {
            from = to;
        } else {
            from = first_where((from, to), |moment| ahead_in(zone, moment) != ahead_s);
            found.push(Stretch { until: from, ahead_s });
        }
    }
    found.push(Stretch { until, ahead_s: ahead_in(zone, until) });
    found
}

fn ahead_in(zone: Tz, moment: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc()
}

/// The first and the last day that are told apart; all beyond them counts as them. No database's calendar lacks them.
const FIRST_DAY: NaiveDate = or_min(NaiveDate::from_ymd_opt(1, 1, 1));
const LAST_DAY: NaiveDate = or_min(NaiveDate::from_ymd_opt(9999, 12, 31));

const fn or_min(day: Option<NaiveDate>) -> NaiveDate {
    match day {
        Some(day) => day,
        None => NaiveDate::MIN,
    }
}

fn next(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

fn day_in(zone: Tz, moment: DateTime<Utc>) -> NaiveDate {
    let day = local(zone, moment).date();
    // Where clocks are put back over midnight, the hour before it comes again, when the next day has begun already.
    if day < LAST_DAY && moment >= start_in(zone, next(day)) { next(day) } else { day }
}

/// The earliest moment of a day in a zone. A day that clocks jump over is empty: it begins when the next one does.
fn start_in(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.clamp(FIRST_DAY, LAST_DAY).and_time(NaiveTime::MIN);
    let jump = || {
        // Clocks jump over midnight: the day begins at that moment.
        let around = |hours| midnight.and_utc() + TimeDelta::hours(hours);
        let has_come = |moment| local(zone, moment) >= midnight;
        first_where((around(-30), around(30)), has_come)
    };
    zone.from_local_datetime(&midnight).earliest().map_or_else(jump, |moment| moment.to_utc())
}

/// What clocks show in a zone.
fn local(zone: Tz, moment: DateTime<Utc>) -> NaiveDateTime {
    moment.naive_utc() + TimeDelta::seconds(ahead_in(zone, moment).into())
}

/// The first whole second in a span from which on something is so; at its end it is.
fn first_where((from, to): (DateTime<Utc>, DateTime<Utc>), is_so: impl Fn(DateTime<Utc>) -> bool) -> DateTime<Utc> {
    let (mut not_yet, mut so) = (from.timestamp(), to.timestamp());
    while so - not_yet > 1 {
        let middle = not_yet + (so - not_yet) / 2;
        match DateTime::from_timestamp(middle, 0) {
            Some(moment) if !is_so(moment) => not_yet = middle,
            _ => so = middle,
        }
    }
    DateTime::from_timestamp(so, 0).unwrap_or(to)
}

/// A moment as RFC 3339 with six decimal places and `Z`.
#[must_use]
pub fn text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The same of a moment that there may not be.
///
/// # Errors
/// The serializer's.
pub fn optional_rfc3339<S: Serializer>(moment: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => rfc3339(moment, serializer),
        None => serializer.serialize_none(),
    }
}

/// Serializes a moment as RFC 3339 with six decimal places and `Z`. Lists have two of them in every row, and
/// this takes a tenth of the time of the general formatter.
///
/// # Errors
/// The serializer's.
pub fn rfc3339<S: Serializer>(moment: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let parts = [
        (0..4, u32::try_from(moment.year()).unwrap_or_default()),
        (5..7, moment.month()),
        (8..10, moment.day()),
        (11..13, moment.hour()),
        (14..16, moment.minute()),
        (17..19, moment.second()),
        (20..26, moment.nanosecond() / 1_000 % 1_000_000),
    ];
    for (place, mut number) in parts {
        for digit in text.get_mut(place).into_iter().flatten().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }
    serializer.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn half_past_eleven_in_utc_is_the_next_day_in_rabat() {
        assert_eq!(day_of(moment("2026-12-01T22:59:59.999999Z")), day("2026-12-01"));
        assert_eq!(day_of(moment("2026-12-01T23:30:00Z")), day("2026-12-02"));
        assert_eq!(day_start(day("2026-12-02")), moment("2026-12-01T23:00:00Z"));
        assert_eq!(day_end(day("2026-12-02")), moment("2026-12-02T23:00:00Z"));
        // In Ramadan clocks show UTC.
        assert_eq!(day_of(moment("2026-03-01T23:30:00Z")), day("2026-03-01"));
        assert_eq!(day_start(day("2026-03-01")), moment("2026-03-01T00:00:00Z"));
    }

    #[test]
    fn a_clock_that_was_set_goes_on_from_there_and_so_do_its_clones() {
        let clock = Clock::default();
        let same = clock.clone();
        assert!((clock.now() - now()).num_seconds().abs() < 60);
        clock.set(moment("2026-12-01T22:00:00Z"));
        assert_eq!(same.today(), day("2026-12-01"));
        clock.set(moment("2026-12-01T23:30:00Z"));
        assert_eq!(same.today(), day("2026-12-02"));
        let later = same.now();
        assert!(later >= moment("2026-12-01T23:30:00Z") && later < moment("2026-12-01T23:40:00Z"));
        assert_eq!(later, later.trunc_subsecs(6));
    }

    #[test]
    fn the_zone_is_set_once() {
        assert_eq!(set_zone(DEFAULT_ZONE), Ok(()));
        assert_eq!(zone(), DEFAULT_ZONE);
        assert_eq!(set_zone(Tz::Asia__Tokyo), Err(DEFAULT_ZONE));
    }

    #[test]
    fn a_day_begins_at_its_earliest_moment_where_midnight_is_missing_or_comes_twice() {
        let start = |zone: Tz, text: &str| start_in(zone, day(text)).to_string();
        // Clocks went from 0:00 to 1:00.
        assert_eq!(start(Tz::America__Asuncion, "2022-10-02"), "2022-10-02 04:00:00 UTC");
        assert_eq!(start(Tz::Africa__Cairo, "2023-04-28"), "2023-04-27 22:00:00 UTC");
        // They went from 1:00 back to 0:00.
        assert_eq!(start(Tz::America__Havana, "2022-11-06"), "2022-11-06 04:00:00 UTC");
        // They went from 0:01 back to 23:01: the day before does not come again.
        assert_eq!(start(Tz::America__St_Johns, "2006-10-29"), "2006-10-29 02:30:00 UTC");
        assert_eq!(day_in(Tz::America__St_Johns, moment("2006-10-29T02:45:00Z")), day("2006-10-29"));
        // A day that never was.
        assert_eq!(start(Tz::Pacific__Apia, "2011-12-30"), "2011-12-30 10:00:00 UTC");
        assert_eq!(start(Tz::Pacific__Apia, "2011-12-31"), "2011-12-30 10:00:00 UTC");
    }

    #[test]
    fn days_beyond_the_calendar_make_nothing_panic() {
        for (day, same) in [(NaiveDate::MIN, FIRST_DAY), (NaiveDate::MAX, LAST_DAY)] {
            assert_eq!(day_start(day), day_start(same));
            let _ = day_end(day);
        }
        assert_eq!(stretches(DateTime::UNIX_EPOCH).len(), 1);
    }

    fn zones() -> impl Strategy<Value = Tz> {
        let names = [
            "Africa/Casablanca",
            "UTC",
            "Africa/Cairo",
            "America/Asuncion",
            "America/Havana",
            "America/St_Johns",
            "Asia/Kathmandu",
            "Asia/Tehran",
            "Europe/Paris",
            "Pacific/Apia",
            "Pacific/Kiritimati",
        ];
        prop::sample::select(names.map(|name| name.parse::<Tz>().unwrap()).to_vec())
    }

    proptest! {
        #[test]
        fn every_moment_lies_in_its_day(zone in zones(), seconds in 0i64..3_000_000_000) {
            let moment = DateTime::from_timestamp(seconds, 0).unwrap();
            let day = day_in(zone, moment);
            prop_assert!(start_in(zone, day) <= moment && moment < start_in(zone, next(day)));
        }

        #[test]
        fn days_follow_each_other_without_a_gap(zone in zones(), number in 0u64..30_000) {
            let day = day("1970-01-02") + Days::new(number);
            let start = start_in(zone, day);
            let length = (start_in(zone, next(day)) - start).num_minutes();
            prop_assert!((22 * 60..=26 * 60).contains(&length) || length == 0, "{day} has {length} minutes");
            if length > 0 {
                prop_assert_eq!(day_in(zone, start), day);
            }
            prop_assert!(day_in(zone, start - TimeDelta::microseconds(1)) < day);
        }

        #[test]
        fn stretches_give_the_same_days(zone in zones(), seconds in 1_420_070_400i64..2_500_000_000, beyond in 0i64..90_000_000) {
            let moment = DateTime::from_timestamp(seconds, 0).unwrap();
            let all = stretches_in(zone, moment + TimeDelta::seconds(beyond + 1));
            let stretch = all.iter().find(|stretch| moment < stretch.until).unwrap();
            prop_assert_eq!(stretch.ahead_s, ahead_in(zone, moment));
            prop_assert!(all.is_sorted_by_key(|stretch| stretch.until) && all.len() < 200);
        }

        #[test]
        fn moments_are_written_as_the_general_formatter_writes_them(micros in 0i64..200_000_000_000_000_000) {
            let moment = DateTime::from_timestamp_micros(micros).unwrap();
            let mut json = Vec::new();
            rfc3339(&moment, &mut serde_json::Serializer::new(&mut json)).unwrap();
            let expected = text(moment);
            prop_assert_eq!(String::from_utf8(json).unwrap(), format!("\"{expected}\""));
        }
    }
}
