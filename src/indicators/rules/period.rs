//! The periods that figures are reported for. A frequency cuts the calendar into periods without gap or overlap, and each
//! has a code that sorts by time as text, so that both databases order a series without knowing the calendar:
//! `2025-03`, `2025-Q1`, `2025-H1`, `2025`.

use std::{fmt, str::FromStr};

use chrono::{Datelike as _, Days, Months, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

use crate::kernel::{
    codes::{Pattern, codes},
    text,
};

/// How often figures are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndicatorFrequency)]
pub enum Frequency {
    /// Every month.
    Monthly,
    /// Every quarter of the calendar year.
    Quarterly,
    /// Every half of the calendar year.
    HalfYearly,
    /// Every calendar year.
    Yearly,
}

codes!(Frequency {
    Monthly => "monthly",
    Quarterly => "quarterly",
    HalfYearly => "half_yearly",
    Yearly => "yearly",
});

impl Frequency {
    /// The months of a period.
    #[must_use]
    pub const fn months(self) -> u32 {
        match self {
            Self::Monthly => 1,
            Self::Quarterly => 3,
            Self::HalfYearly => 6,
            Self::Yearly => 12,
        }
    }

    /// How many days after the end of a period its figures are due: 20, 45, 60 or 90. This is the network's own rule, and
    /// it leaves time to collect figures from the services; no law sets it.
    #[must_use]
    pub const fn days_to_report(self) -> u32 {
        match self {
            Self::Monthly => 20,
            Self::Quarterly => 45,
            Self::HalfYearly => 60,
            Self::Yearly => 90,
        }
    }
}

/// Why there is no such period; a complete predicate for a sentence about the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a period of the form 2025-03, 2025-Q1, 2025-H1 or 2025 between the years 1900 and 2200")]
pub struct PeriodError;

/// A month, quarter, half or whole year of the calendar. Of two periods the earlier is the one that begins earlier, and of
/// those that begin together the shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    first: NaiveDate,
    frequency: Frequency,
}

impl Period {
    /// The period that a day lies in.
    ///
    /// # Errors
    /// [`PeriodError`] for a year outside 1900 to 2200.
    pub fn containing(day: NaiveDate, frequency: Frequency) -> Result<Self, PeriodError> {
        if !(1900..=2200).contains(&day.year()) {
            return Err(PeriodError);
        }
        let month = day.month0() / frequency.months() * frequency.months() + 1;
        let first = NaiveDate::from_ymd_opt(day.year(), month, 1).ok_or(PeriodError)?;
        Ok(Self { first, frequency })
    }

    /// How long it is.
    #[must_use]
    pub const fn frequency(self) -> Frequency {
        self.frequency
    }

    /// Its first day.
    #[must_use]
    pub const fn first_day(self) -> NaiveDate {
        self.first
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.first + Months::new(self.frequency.months()) - Days::new(1)
    }

    /// The last day on which its figures are reported in time: its last day and the frequency's
    /// [`days_to_report`](Frequency::days_to_report).
    #[must_use]
    pub fn due_on(self) -> NaiveDate {
        self.last_day() + Days::new(self.frequency.days_to_report().into())
    }

    /// Which of the year's periods it is, from 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.first.month0() / self.frequency.months() + 1
    }

    /// The one after it; `None` behind the year 2200.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::containing(self.first + Months::new(self.frequency.months()), self.frequency).ok()
    }

    /// The periods that have a day from `from` to `until`, both included, in order. Empty where `until` lies before `from`.
    pub fn between(from: NaiveDate, until: NaiveDate, frequency: Frequency) -> impl Iterator<Item = Self> {
        let first = Self::containing(from, frequency).ok().filter(|_| from <= until);
        std::iter::successors(first, |period| period.next()).take_while(move |period| period.first <= until)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, number) = (self.first.year(), self.number());
        match self.frequency {
            Frequency::Monthly => write!(f, "{year}-{number:02}"),
            Frequency::Quarterly => write!(f, "{year}-Q{number}"),
            Frequency::HalfYearly => write!(f, "{year}-H{number}"),
            Frequency::Yearly => write!(f, "{year}"),
        }
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let (year, part) = text.split_once('-').map_or((text, None), |(year, part)| (year, Some(part)));
        let digits = |text: &str, long| text.len() == long && text.bytes().all(|byte| byte.is_ascii_digit());
        let (frequency, number) = match part {
            None => (Frequency::Yearly, "1"),
            Some(part) => match (part.strip_prefix('Q'), part.strip_prefix('H')) {
                (Some(quarter), _) if digits(quarter, 1) => (Frequency::Quarterly, quarter),
                (_, Some(half)) if digits(half, 1) => (Frequency::HalfYearly, half),
                _ if digits(part, 2) => (Frequency::Monthly, part),
                _ => return Err(PeriodError),
            },
        };
        if !digits(year, 4) {
            return Err(PeriodError);
        }
        let (year, number) = (year.parse(), number.parse::<u32>());
        let (Ok(year), Ok(number @ 1..)) = (year, number) else { return Err(PeriodError) };
        let first = NaiveDate::from_ymd_opt(year, (number - 1) * frequency.months() + 1, 1).ok_or(PeriodError)?;
        Self::containing(first, frequency)
    }
}

impl Pattern for Period {
    fn pattern() -> String {
        "(19[0-9]{2}|2[01][0-9]{2}|2200)(-(0[1-9]|1[0-2]|Q[1-4]|H[12]))?".to_owned()
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

impl PartialSchema for Period {
    fn schema() -> RefOr<Schema> {
        const DESCRIPTION: &str = "A month (`2025-03`), quarter (`2025-Q1`), half (`2025-H1`) or whole year (`2025`) of \
                                   the calendar. Codes of one frequency sort by time.";
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(DESCRIPTION))
            .pattern(Some(format!("^{}$", Self::pattern())))
            .examples(["2025-Q1"])
            .into()
    }
}

impl ToSchema for Period {
    fn name() -> std::borrow::Cow<'static, str> {
        "ReportingPeriod".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn json_and_databases_spell_the_frequencies_alike() {
        assert_codes(Frequency::ALL, Frequency::as_str);
    }

    #[test]
    fn periods_begin_end_and_are_due_where_the_calendar_says() {
        for (code, first, last, due) in [
            ("2024-02", "2024-02-01", "2024-02-29", "2024-03-20"),
            ("2025-12", "2025-12-01", "2025-12-31", "2026-01-20"),
            ("2025-Q1", "2025-01-01", "2025-03-31", "2025-05-15"),
            ("2025-Q4", "2025-10-01", "2025-12-31", "2026-02-14"),
            ("2025-H1", "2025-01-01", "2025-06-30", "2025-08-29"),
            ("2025", "2025-01-01", "2025-12-31", "2026-03-31"),
        ] {
            let period = period(code);
            assert_eq!((period.first_day(), period.last_day(), period.due_on()), (day(first), day(last), day(due)));
        }
    }

    #[test]
    fn the_periods_between_two_days_are_those_that_have_one_of_them() {
        let codes = |from, until, frequency| {
            Period::between(day(from), day(until), frequency).map(|period| period.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(codes("2024-12-31", "2025-04-01", Frequency::Quarterly), ["2024-Q4", "2025-Q1", "2025-Q2"]);
        assert_eq!(codes("2025-03-31", "2025-03-31", Frequency::Yearly), ["2025"]);
        assert!(codes("2025-03-31", "2025-03-30", Frequency::Monthly).is_empty());
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in
            ["", "25", "2025-", "2025-0", "2025-00", "2025-13", "2025-1", "2025-Q0", "2025-Q5", "2025-H3", "2025-q1"]
                .into_iter()
                .chain(["2025-Q01", "1899", "2201", "+025", "2025-03-01", "2025 ", "٢٠٢٥", "2025-Q-1"])
        {
            assert_eq!(text.parse::<Period>(), Err(PeriodError), "{text}");
        }
    }

    #[test]
    fn nothing_lies_outside_the_years_that_are_known() {
        assert_eq!(period("2200-Q4").next(), None);
        assert!(period("2200").due_on() > period("2200").last_day());
    }

    fn any_period() -> impl Strategy<Value = Period> {
        (0u64..109_000, 0usize..4).prop_map(|(days, frequency)| {
            let day = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + Days::new(days);
            Period::containing(day, Frequency::ALL[frequency]).unwrap()
        })
    }

    proptest! {
        #[test]
        fn periods_tile_the_calendar(period in any_period(), offset in 0u64..400) {
            prop_assert!(period.first_day() <= period.last_day() && period.last_day() < period.due_on());
            let day = period.first_day() + Days::new(offset);
            let is_within = day <= period.last_day();
            if let Ok(there) = Period::containing(day, period.frequency()) {
                prop_assert_eq!(there == period, is_within);
            }
            if let Some(next) = period.next() {
                prop_assert_eq!(period.last_day() + Days::new(1), next.first_day());
                prop_assert!(period < next);
                prop_assert!(period.to_string() < next.to_string());
            }
        }

        #[test]
        fn text_and_json_bring_the_same_period_back(period in any_period()) {
            prop_assert_eq!(period.to_string().parse::<Period>(), Ok(period));
            let json = serde_json::to_string(&period).unwrap();
            prop_assert_eq!(serde_json::from_str::<Period>(&json).unwrap(), period);
        }

        #[test]
        fn the_periods_of_a_span_cover_it(from in any_period(), length in 0u64..2_000) {
            let (first, until) = (from.first_day(), from.first_day() + Days::new(length));
            let periods: Vec<Period> = Period::between(first, until, from.frequency()).collect();
            prop_assert!(periods.windows(2).all(|pair| pair[0].next() == Some(pair[1])));
            prop_assert_eq!(periods[0], from);
            prop_assert!(periods.last().unwrap().last_day() >= until || periods.last().unwrap().next().is_none());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,12}|[0-9]{4}-[QH]?\\PC{0,3}") {
            let _ = text.parse::<Period>();
        }
    }
}
