//! How far an indicator has come, and whether that is far enough. Everything here is computed from stored facts for a day,
//! by one rule that readers are told ([`RULE`]) and can follow with the figures that stand in the answer.

mod rule;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::rule::RULE;
use super::{
    measure::Direction,
    period::{Frequency, Period},
};
use crate::kernel::{codes::codes, decimal::Decimal, fraction::Fraction};

/// How an indicator stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndicatorStatus)]
pub enum Status {
    /// It has come as far as is expected.
    OnTrack,
    /// It has come at least three quarters as far.
    AtRisk,
    /// It has not.
    OffTrack,
    /// The target is met.
    Achieved,
    /// There is nothing to judge by.
    NoData,
    /// A report is missing that should be there.
    Overdue,
}

codes!(Status {
    OnTrack => "on_track",
    AtRisk => "at_risk",
    OffTrack => "off_track",
    Achieved => "achieved",
    NoData => "no_data",
    Overdue => "overdue",
});

/// The progress below which an indicator is off track, as a part of what is expected: three quarters.
const AT_RISK: (u8, u8) = (3, 4);

/// A value on a date: a baseline or a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// The value.
    pub value: Decimal,
    /// The date.
    pub on: NaiveDate,
}

/// A value for a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// The value.
    pub value: Decimal,
    /// The period.
    pub period: Period,
}

/// What an indicator's standing is computed from.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    /// In which direction it improves.
    pub direction: Direction,
    /// How often it is reported.
    pub frequency: Frequency,
    /// Where it began.
    pub baseline: Option<Dated>,
    /// Where it is to come, in any order.
    pub targets: &'a [Dated],
    /// The approved value of the latest period that has one.
    pub latest: Option<Reported>,
}

/// The same with targets of its own.
#[derive(Debug, Clone)]
pub struct OwnBasis {
    /// [`Basis::direction`].
    pub direction: Direction,
    /// [`Basis::frequency`].
    pub frequency: Frequency,
    /// [`Basis::baseline`].
    pub baseline: Option<Dated>,
    /// [`Basis::targets`].
    pub targets: Vec<Dated>,
    /// [`Basis::latest`].
    pub latest: Option<Reported>,
}

impl OwnBasis {
    /// What the standing is computed from.
    #[must_use]
    pub fn basis(&self) -> Basis<'_> {
        let Self { direction, frequency, baseline, ref targets, latest } = *self;
        Basis { direction, frequency, baseline, targets, latest }
    }
}

/// How far it has come, as a part of the way from the baseline to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// As it is; what is out of the range of numbers stands at its end.
    pub unbounded: Decimal,
    /// From 0 to 1; exactly 1 when the target is met.
    pub clamped: Decimal,
}

/// How an indicator stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The target that counts.
    pub target: Option<Dated>,
    /// Whether it is met; `None` without a value or a target.
    pub is_met: Option<bool>,
    /// How far it has come; `None` without a value, a target or a baseline.
    pub progress: Option<Progress>,
    /// How far it is expected to have come; likewise.
    pub expected: Option<Decimal>,
    /// The first period whose report is missing.
    pub missing: Option<Period>,
    /// The status.
    pub status: Status,
}

impl Basis<'_> {
    /// How the indicator stands on a day, by the [`RULE`].
    #[must_use]
    pub fn standing(&self, day: NaiveDate) -> Standing {
        let target = self.target(day);
        let way = self.baseline.zip(target).map(|(from, to)| Way { direction: self.direction, from, to });
        let reached = self.latest.zip(target);
        let is_met = reached.map(|(latest, target)| self.direction.reaches(latest.value, target.value));
        let shares = way.zip(self.latest).map(|(way, latest)| {
            let expected = way.expected(latest.period.last_day().min(day));
            (way.share(latest.value), expected)
        });
        let progress = way.zip(self.latest).map(|(way, latest)| way.progress(latest.value));
        let expected = shares.map(|(_, expected)| rounded(expected));
        let missing = self.missing(day);
        let status = match is_met {
            _ if missing.is_some() => Status::Overdue,
            None => Status::NoData,
            Some(true) => Status::Achieved,
            Some(false) => match shares {
                Some((progress, expected)) => on_the_way(progress, expected),
                None if target.is_some_and(|target| target.on < day) => Status::OffTrack,
                None => Status::NoData,
            },
        };
        Standing { target, is_met, progress, expected, missing, status }
    }

    /// The target that counts on a day: the first that is not past, else the last.
    fn target(&self, day: NaiveDate) -> Option<Dated> {
        let ahead = self.targets.iter().filter(|target| target.on >= day).min_by_key(|target| target.on);
        ahead.or_else(|| self.targets.iter().max_by_key(|target| target.on)).copied()
    }

    /// The period behind the latest value's, if its report should be there.
    fn missing(&self, day: NaiveDate) -> Option<Period> {
        let after = self.latest?.period.last_day() + Days::new(1);
        let next = Period::containing(after, self.frequency).ok()?;
        let last = self.targets.iter().map(|target| target.on).max();
        let is_wanted = last.is_none_or(|last| next.first_day() <= last);
        Some(next).filter(|next| is_wanted && next.due_on() < day)
    }
}

/// The status of what has not come to its target. Shares are compared as they are: rounded, those that are equal would
/// differ.
fn on_the_way(progress: Fraction, expected: Fraction) -> Status {
    if progress >= expected {
        Status::OnTrack
    } else if progress.cmp_part(AT_RISK, expected).is_ge() {
        Status::AtRisk
    } else {
        Status::OffTrack
    }
}

/// A share as it is shown.
fn rounded(share: Fraction) -> Decimal {
    let out_of_range = if share < Fraction::ZERO { Decimal::MIN } else { Decimal::MAX };
    Decimal::ratio(share.over(), share.under(), 1, 6).unwrap_or(out_of_range)
}

/// From a baseline to a target.
#[derive(Debug, Clone, Copy)]
struct Way {
    direction: Direction,
    from: Dated,
    to: Dated,
}

impl Way {
    /// Whether there is something to move: the target is better than the baseline.
    fn leads_on(&self) -> bool {
        !self.direction.reaches(self.from.value, self.to.value)
    }

    /// How much of the way a value has come, exactly.
    fn share(&self, value: Decimal) -> Fraction {
        let is_met = self.direction.reaches(value, self.to.value);
        let [value, from, to] = [value, self.from.value, self.to.value].map(Decimal::millionths);
        // No two numbers are farther apart than a fraction takes.
        let moved = if self.leads_on() { Fraction::new(value - from, to - from) } else { None };
        moved.unwrap_or(if is_met { Fraction::ONE } else { Fraction::ZERO })
    }

    fn progress(&self, value: Decimal) -> Progress {
        let rounded = rounded(self.share(value));
        let step = Decimal::from_millionths(1).unwrap_or(Decimal::ZERO);
        let just_below = Decimal::ONE.checked_sub(step).unwrap_or(Decimal::ONE);
        let is_met = self.direction.reaches(value, self.to.value);
        let unbounded = if is_met { rounded } else { rounded.min(just_below) };
        Progress { unbounded, clamped: unbounded.clamp(Decimal::ZERO, Decimal::ONE) }
    }

    /// The share of the way's days that had passed on a day, exactly.
    fn expected(&self, day: NaiveDate) -> Fraction {
        let all = (self.to.on - self.from.on).num_days();
        if all <= 0 || !self.leads_on() {
            return Fraction::ONE;
        }
        let passed = (day - self.from.on).num_days().clamp(0, all);
        Fraction::new(passed, all).unwrap_or(Fraction::ONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{codes::assert_codes, fraction::reference::compare};
    use proptest::prelude::*;

    #[test]
    fn json_and_databases_spell_the_statuses_alike() {
        assert_codes(Status::ALL, Status::as_str);
    }

    fn dated((value, days): (i64, u64)) -> Dated {
        Dated { value: Decimal::from_millionths(value).unwrap(), on: day(days) }
    }

    fn day(days: u64) -> NaiveDate {
        "2024-01-01".parse::<NaiveDate>().unwrap() + Days::new(days)
    }

    fn basis(direction: Direction, baseline: Option<Dated>, targets: &[Dated], latest: Option<Reported>) -> Basis<'_> {
        Basis { direction, frequency: Frequency::Quarterly, baseline, targets, latest }
    }

    fn reported(value: i64, days: u64) -> Reported {
        let period = Period::containing(day(days), Frequency::Quarterly).unwrap();
        Reported { value: Decimal::from_millionths(value).unwrap(), period }
    }

    #[test]
    fn the_next_target_counts_and_after_all_of_them_the_last() {
        let targets = [dated((3, 300)), dated((1, 100)), dated((2, 200))];
        let basis = basis(Direction::Up, None, &targets, None);
        let counts = |days| basis.standing(day(days)).target.unwrap().value.millionths();
        assert_eq!([0, 100, 101, 200, 300, 301, 900].map(counts), [1, 1, 2, 2, 3, 3, 3]);
    }

    #[test]
    fn reporting_ends_with_the_period_of_the_last_target() {
        let latest = Some("2025-Q4".parse().unwrap()).map(|period| Reported { value: Decimal::ZERO, period });
        for (until, missing) in [("2025-12-31", None), ("2026-01-01", Some("2026-Q1"))] {
            let targets = [Dated { value: Decimal::ONE, on: until.parse().unwrap() }];
            let standing = basis(Direction::Up, None, &targets, latest).standing("2026-11-01".parse().unwrap());
            assert_eq!(standing.missing.map(|period| period.to_string()).as_deref(), missing);
            assert_eq!(standing.status, if missing.is_some() { Status::Overdue } else { Status::OffTrack });
        }
        let without_targets = basis(Direction::Up, None, &[], latest);
        assert_eq!(without_targets.standing("2026-05-15".parse().unwrap()).status, Status::NoData);
        assert_eq!(without_targets.standing("2026-05-16".parse().unwrap()).status, Status::Overdue);
    }

    #[test]
    fn a_new_frequency_asks_for_the_period_that_follows_the_last_day_reported() {
        let latest = Some(Reported { value: Decimal::ZERO, period: "2024".parse().unwrap() });
        let missing = basis(Direction::Up, None, &[], latest).standing("2025-12-31".parse().unwrap()).missing;
        assert_eq!(missing, Some("2025-Q1".parse().unwrap()));
    }

    #[test]
    fn what_is_almost_there_is_not_there() {
        let targets = [dated((900_000_000_000_000, 700))];
        let basis = basis(Direction::Up, Some(dated((0, 0))), &targets, Some(reported(899_999_999_999_999, 600)));
        let progress = basis.standing(day(650)).progress.unwrap();
        assert_eq!(progress.clamped.to_string(), "0.999999");
    }

    const EXTREME: i64 = 999_999_999_999_999;

    fn value() -> impl Strategy<Value = i64> {
        prop_oneof![-50i64..50, -90_000_000i64..90_000_000, -EXTREME..=EXTREME]
    }

    fn rank(status: Status) -> i32 {
        match status {
            Status::OffTrack => 0,
            Status::AtRisk => 1,
            Status::OnTrack => 2,
            Status::Achieved => 3,
            Status::NoData | Status::Overdue => -1,
        }
    }

    /// The status by the published rule, in exact arithmetic of another kind: of an indicator that improves upwards, on a
    /// day on which nothing is missing.
    fn by_the_rule((from, begun): (i64, u64), (to, ends): (i64, u64), value: i64, last_day: u64) -> Status {
        let (value, from, to) = (i128::from(value), i128::from(from), i128::from(to));
        let (begun, ends, last_day) = (i128::from(begun), i128::from(ends), i128::from(last_day));
        let progress = if to > from { (value - from, to - from) } else { (i128::from(value >= to), 1) };
        let all = ends - begun;
        let expected = if all > 0 && to > from { ((last_day - begun).clamp(0, all), all) } else { (1, 1) };
        if value >= to {
            Status::Achieved
        } else if compare(progress, expected).is_ge() {
            Status::OnTrack
        } else if compare(progress, (expected.0 * 3, expected.1 * 4)).is_ge() {
            Status::AtRisk
        } else {
            Status::OffTrack
        }
    }

    #[test]
    fn half_of_the_way_is_three_quarters_of_two_thirds() {
        // The quarter ends 90 days after the baseline, 45 before the target: rounded shares would be off track.
        let targets = [dated((100_000_000, 135))];
        let status = |value| {
            let basis = basis(Direction::Up, Some(dated((0, 0))), &targets, Some(reported(value, 0)));
            basis.standing(day(100)).status
        };
        assert_eq!(reported(0, 0).period.last_day(), day(90));
        assert_eq!([50_000_000, 49_999_999].map(status), [Status::AtRisk, Status::OffTrack]);
        // Two thirds of a way that millionths can't be divided into.
        let targets = [dated((3, 135))];
        let thirds = |value| basis(Direction::Up, Some(dated((0, 0))), &targets, Some(reported(value, 0)));
        assert_eq!(thirds(2).standing(day(100)).status, Status::OnTrack);
    }

    proptest! {
        #[test]
        fn every_status_is_that_of_the_published_rule(
            from in value(), way in prop_oneof![-3i64..30, 1i64..200_000_000, 1i64..EXTREME],
            begun in 0u64..91, length in 0u64..1_200, edge in prop_oneof![Just((1i64, 1i64)), Just((3, 4)), (0i64..9, 1i64..9)], off in -1i64..=1,
            any in value(), is_near: bool,
        ) {
            let to = (from + way).clamp(-EXTREME, EXTREME);
            let (last_day, ends) = (90, begun + length);
            let passed = i64::try_from(last_day - begun.min(last_day)).unwrap().min(i64::try_from(length).unwrap());
            // As near as values come to what is expected, or to three quarters of it.
            let near = i128::from(to - from) * i128::from(passed) * i128::from(edge.0)
                / (i128::from(length.max(1)) * i128::from(edge.1));
            let value = if is_near { from.saturating_add(i64::try_from(near).unwrap() + off) } else { any };
            let value = value.clamp(-EXTREME, EXTREME);
            let targets = [dated((to, ends))];
            // The day after the first quarter, when nothing is missing.
            let basis = basis(Direction::Up, Some(dated((from, begun))), &targets, Some(reported(value, 0)));
            let status = basis.standing(day(91)).status;
            prop_assert_eq!(status, by_the_rule((from, begun), (to, ends), value, last_day));
        }

        #[test]
        fn clamped_progress_is_whole_exactly_when_the_target_is_met(
            up: bool, from in (value(), 0u64..900), to in (value(), 0u64..900), now in (value(), 0u64..900), seen in 0u64..1_500,
        ) {
            let direction = if up { Direction::Up } else { Direction::Down };
            let targets = [dated(to)];
            let standing = basis(direction, Some(dated(from)), &targets, Some(reported(now.0, now.1))).standing(day(seen));
            let (progress, expected) = (standing.progress.unwrap(), standing.expected.unwrap());
            prop_assert!((Decimal::ZERO..=Decimal::ONE).contains(&progress.clamped));
            prop_assert!((Decimal::ZERO..=Decimal::ONE).contains(&expected));
            prop_assert_eq!(progress.clamped == Decimal::ONE, standing.is_met.unwrap());
            prop_assert_eq!(progress.clamped, progress.unbounded.clamp(Decimal::ZERO, Decimal::ONE));
            prop_assert_eq!(standing.is_met, Some(if up { now.0 >= to.0 } else { now.0 <= to.0 }));
            if standing.missing.is_none() {
                prop_assert_eq!(standing.status == Status::Achieved, standing.is_met.unwrap());
            }
        }

        #[test]
        fn mirrored_values_in_the_other_direction_stand_the_same(
            from in (value(), 0u64..900), to in (value(), 0u64..900), now in (value(), 0u64..900), seen in 0u64..1_500,
        ) {
            let standing = |direction, sign: i64| {
                let targets = [dated((to.0 * sign, to.1))];
                let latest = Some(reported(now.0 * sign, now.1));
                let found = basis(direction, Some(dated((from.0 * sign, from.1))), &targets, latest).standing(day(seen));
                (found.is_met, found.progress, found.expected, found.missing, found.status)
            };
            prop_assert_eq!(standing(Direction::Up, 1), standing(Direction::Down, -1));
        }

        #[test]
        fn a_better_value_never_stands_worse(
            from in (value(), 0u64..900), to in (value(), 0u64..900), a in value(), b in value(), at in 0u64..900, seen in 0u64..1_500,
        ) {
            let targets = [dated(to)];
            let standing = |value| basis(Direction::Up, Some(dated(from)), &targets, Some(reported(value, at))).standing(day(seen));
            let (worse, better) = (standing(a.min(b)), standing(a.max(b)));
            prop_assert!(rank(worse.status) <= rank(better.status));
            prop_assert!(worse.progress.unwrap().unbounded <= better.progress.unwrap().unbounded);
        }

        #[test]
        fn progress_is_the_exact_share_of_the_way_to_a_millionth(from in -900i64..900, way in 1i64..900, done in -900i64..900) {
            let whole = |value: i64| value * 1_000_000;
            let targets = [dated((whole(from + way), 365))];
            let latest = Some(reported(whole(from + done), 10));
            let progress = basis(Direction::Up, Some(dated((whole(from), 0))), &targets, latest).standing(day(20)).progress.unwrap();
            let error = progress.unbounded.millionths() * way - whole(done);
            prop_assert!(error.abs() * 2 <= way, "{error}");
        }

        #[test]
        fn nothing_is_said_of_what_is_not_known(
            from in prop::option::of((value(), 0u64..900)), to in prop::option::of((value(), 0u64..900)),
            now in prop::option::of((value(), 0u64..900)), seen in 0u64..1_500,
        ) {
            let targets: Vec<Dated> = to.into_iter().map(dated).collect();
            let latest = now.map(|(value, at)| reported(value, at));
            let standing = basis(Direction::Up, from.map(dated), &targets, latest).standing(day(seen));
            prop_assert_eq!(standing.is_met.is_some(), now.is_some() && to.is_some());
            prop_assert_eq!(standing.progress.is_some(), now.is_some() && to.is_some() && from.is_some());
            prop_assert_eq!(standing.expected.is_some(), standing.progress.is_some());
            if now.is_none() {
                prop_assert_eq!(standing.status, Status::NoData);
            }
        }
    }
}
