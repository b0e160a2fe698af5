//! From values and days to places: round steps of 1, 2 or 5 times a power of ten, and periods for the labels of time.

use chrono::NaiveDate;

use super::{
    super::period::{Frequency, Period},
    markup::Tenths,
};

/// A straight way from one range to another.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// What is shown, from and to.
    pub domain: (i64, i64),
    /// Where it is shown, from and to.
    pub range: (Tenths, Tenths),
}

impl Scale {
    /// The place of a value; the middle where there is only one.
    pub fn at(&self, value: i64) -> Tenths {
        let [(low, high), (from, to)] = [self.domain, self.range].map(|(a, b)| (i128::from(a), i128::from(b)));
        if low == high {
            return i64::midpoint(self.range.0, self.range.1);
        }
        let share = (i128::from(value) - low) * (to - from) * 2 / (high - low);
        let place = from + i128::midpoint(share, share.signum());
        i64::try_from(place)
            .unwrap_or(self.range.0)
            .clamp(self.range.0.min(self.range.1), self.range.0.max(self.range.1))
    }
}

/// Round values from below the lowest to above the highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    /// The first.
    pub low: i64,
    /// The last.
    pub high: i64,
    /// From one to the next.
    pub step: i64,
}

impl Steps {
    /// The fewest round steps that hold both values: at most `most` (at least 2), each a multiple of `least`. Nought is
    /// among them unless all values are far from it.
    pub fn holding(low: i64, high: i64, most: i64, least: i64) -> Self {
        let (mut low, mut high) = (low.min(high), high.max(low));
        if low > 0 && (low <= high / 2 || low == high) {
            low = 0;
        }
        if high < 0 && (high >= low / 2 || low == high) {
            high = 0;
        }
        if low == high {
            high += least.max(1_000_000);
        }
        let number_of = |step: i64| high.div_euclid(step) + i64::from(high.rem_euclid(step) > 0) - low.div_euclid(step);
        let step = round_steps(least).find(|step| number_of(*step) <= most.max(2)).unwrap_or(high - low);
        let above = i64::from(high.rem_euclid(step) > 0);
        Self { low: low.div_euclid(step) * step, high: (high.div_euclid(step) + above) * step, step }
    }

    /// All of them, from the lowest.
    pub fn values(self) -> impl Iterator<Item = i64> {
        std::iter::successors(Some(self.low), move |value| value.checked_add(self.step))
            .take_while(move |value| *value <= self.high)
    }
}

/// 1, 2, 5, 10, 20, 50 … times something, as far as values go.
fn round_steps(least: i64) -> impl Iterator<Item = i64> {
    std::iter::successors(Some(least.max(1)), |power| power.checked_mul(10).filter(|power| *power < i64::MAX / 10))
        .flat_map(|power| [power, power * 2, power * 5])
}

/// The periods that time is labelled with: those of the frequency that end from the first to the last day, and of many
/// every second, third, … so that at most `most` are left. They are those that a year, or a round number of years, ends with.
pub fn time_labels(first: NaiveDate, last: NaiveDate, frequency: Frequency, most: usize) -> Vec<Period> {
    let periods: Vec<Period> =
        Period::between(first, last, frequency).filter(|period| (first..=last).contains(&period.last_day())).collect();
    let a_year = 12 / i64::from(frequency.months());
    let within_a_year = (1..=a_year).filter(|step| a_year % step == 0);
    let years = [2, 5, 10, 20, 50, 100, 200, 500].map(|years| years * a_year);
    let ordinal = |period: &Period| {
        let year = i64::from(chrono::Datelike::year(&period.first_day()));
        (year - 1) * a_year + i64::from(period.number())
    };
    let every = |step: i64| periods.iter().copied().filter(move |period| ordinal(period) % step == 0);
    let step = within_a_year.chain(years).find(|step| every(*step).count() <= most);
    let found: Vec<Period> = step.into_iter().flat_map(every).collect();
    if found.is_empty() { periods.last().copied().into_iter().collect() } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn steps(low: i64, high: i64) -> Vec<i64> {
        Steps::holding(low, high, 5, 1).values().collect()
    }

    #[test]
    fn steps_are_round_and_begin_at_nought_unless_that_is_far() {
        assert_eq!(steps(20, 60), [0, 20, 40, 60]);
        assert_eq!(steps(980, 1_010), [980, 990, 1_000, 1_010]);
        assert_eq!(steps(-7, 12), [-10, -5, 0, 5, 10, 15]);
        assert_eq!(steps(-60, -20), [-60, -40, -20, 0]);
        assert_eq!(steps(45, 45), [0, 10, 20, 30, 40, 50]);
        assert_eq!(Steps::holding(0, 0, 5, 1), Steps { low: 0, high: 1_000_000, step: 200_000 });
        assert_eq!(Steps::holding(0, 4, 2, 1).values().collect::<Vec<_>>(), [0, 2, 4]);
    }

    #[test]
    fn time_is_labelled_at_the_ends_of_years_when_there_is_much_of_it() {
        let labels = |from: &str, until: &str, frequency, most| {
            let labels = time_labels(from.parse().unwrap(), until.parse().unwrap(), frequency, most);
            labels.iter().map(Period::to_string).collect::<Vec<_>>()
        };
        let quarterly = Frequency::Quarterly;
        assert_eq!(labels("2024-03-31", "2024-12-31", quarterly, 8), ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]);
        assert_eq!(labels("2024-03-31", "2025-12-31", quarterly, 4), ["2024-Q2", "2024-Q4", "2025-Q2", "2025-Q4"]);
        assert_eq!(labels("2024-03-31", "2025-12-31", quarterly, 2), ["2024-Q4", "2025-Q4"]);
        assert_eq!(labels("2024-03-31", "2024-09-30", quarterly, 1), ["2024-Q2"]);
        assert_eq!(labels("2024-03-31", "2024-03-31", Frequency::Quarterly, 1), ["2024-Q1"]);
        assert_eq!(labels("2023-03-31", "2023-09-30", Frequency::Monthly, 1), ["2023-06"]);
        assert_eq!(
            labels("2001-12-31", "2030-12-31", Frequency::Yearly, 6),
            ["2005", "2010", "2015", "2020", "2025", "2030"]
        );
        assert_eq!(
            labels("2024-01-31", "2024-12-31", Frequency::Monthly, 4),
            ["2024-03", "2024-06", "2024-09", "2024-12"]
        );
    }

    proptest! {
        #[test]
        fn steps_hold_every_value_and_are_few(
            low in -1_000_000_000_000_000i64..1_000_000_000_000_000, high in -1_000_000_000_000_000i64..1_000_000_000_000_000,
            most in 2i64..12,
        ) {
            let steps = Steps::holding(low, high, most, 1);
            let values: Vec<i64> = steps.values().collect();
            prop_assert!(values[0] <= low.min(high) && *values.last().unwrap() >= low.max(high));
            prop_assert!(values.len() >= 2 && values.len() <= usize::try_from(most).unwrap() + 1);
            let digits = steps.step.to_string();
            prop_assert!(["1", "2", "5"].contains(&digits.trim_end_matches('0')), "{digits}");
        }

        #[test]
        fn places_keep_the_order_and_stay_in_their_range(
            low in -1_000_000i64..1_000_000, span in 0i64..1_000_000, a in 0i64..1_000_000, b in 0i64..1_000_000,
        ) {
            let scale = Scale { domain: (low, low + span), range: (5_000, 100) };
            let [a, b] = [a.min(span), b.min(span)].map(|offset| low + offset);
            prop_assert!((100..=5_000).contains(&scale.at(a)));
            prop_assert!(a > b || scale.at(a) >= scale.at(b));
            if span > 0 {
                prop_assert_eq!((scale.at(low), scale.at(low + span)), (5_000, 100));
            }
        }

        #[test]
        fn there_are_never_more_labels_than_fit(from in 0u64..100_000, days in 0u64..100_000, frequency in 0usize..4, most in 1usize..9) {
            let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::Days::new(from);
            let last = first + chrono::Days::new(days.min(109_000 - from));
            let labels = time_labels(first, last, Frequency::ALL[frequency], most);
            prop_assert!(labels.len() <= most.max(1));
            prop_assert!(labels.iter().all(|label| (first..=last).contains(&label.last_day())));
        }
    }
}
