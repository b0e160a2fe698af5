//! Dates that are known to the day, the month or only the year. A source that says "April 2024" must not
//! become the first of April, so the precision travels with the date.

use std::fmt;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{codes::codes, patch::Patch, violation::Violations};

/// How much of a date is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// The day is known.
    Day,
    /// Only year and month are known.
    Month,
    /// Only the year is known.
    Year,
}

codes!(Precision { Day => "day", Month => "month", Year => "year" });

/// Why a text is no date; a complete predicate for a sentence about the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a date of the form 2024, 2024-04 or 2024-04-30 between the years 1900 and 2200")]
pub struct DateError;

/// A calendar date with its precision. The unknown part is stored as the first day of the known period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialDate {
    first: NaiveDate,
    precision: Precision,
}

impl PartialDate {
    /// A date known to `precision`; what lies beyond the precision is dropped.
    ///
    /// # Errors
    /// [`DateError`] for a year outside 1900 to 2200.
    pub fn new(date: NaiveDate, precision: Precision) -> Result<Self, DateError> {
        if !(1900..=2200).contains(&date.year()) {
            return Err(DateError);
        }
        let first = match precision {
            Precision::Day => Some(date),
            Precision::Month => date.with_day(1),
            Precision::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1),
        };
        first.map(|first| Self { first, precision }).ok_or(DateError)
    }

    /// Puts the two columns of a stored date together again.
    ///
    /// # Errors
    /// [`DateError`] when the precision is none of the three names or only one of the two is there.
    pub fn from_columns(date: Option<NaiveDate>, precision: Option<&str>) -> Result<Option<Self>, DateError> {
        match (date, precision) {
            (None, None) => Ok(None),
            (Some(date), Some(precision)) => {
                let precision = precision.parse().map_err(|_unknown| DateError)?;
                Self::new(date, precision).map(Some)
            }
            _ => Err(DateError),
        }
    }

    /// A day of the clock's.
    #[must_use]
    pub const fn of_day(day: NaiveDate) -> Self {
        Self { first: day, precision: Precision::Day }
    }

    /// The first day that the date can mean.
    #[must_use]
    pub const fn first_day(self) -> NaiveDate {
        self.first
    }

    /// The last day that the date can mean.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        let next = match self.precision {
            Precision::Day => return self.first,
            Precision::Month => self.first.checked_add_months(Months::new(1)),
            Precision::Year => self.first.checked_add_months(Months::new(12)),
        };
        next.and_then(|day| day.checked_sub_days(Days::new(1))).unwrap_or(self.first)
    }

    /// The two columns of the date.
    #[must_use]
    pub fn columns(date: Option<Self>) -> (Option<NaiveDate>, Option<String>) {
        (date.map(Self::first_day), date.map(|date| date.precision.as_str().to_owned()))
    }

    /// How much of the date is known.
    #[must_use]
    pub const fn precision(self) -> Precision {
        self.precision
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.precision {
            Precision::Day => write!(f, "{}", self.first.format("%Y-%m-%d")),
            Precision::Month => write!(f, "{}", self.first.format("%Y-%m")),
            Precision::Year => write!(f, "{}", self.first.format("%Y")),
        }
    }
}

impl std::str::FromStr for PartialDate {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let digits_where_due = text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        let (padded, precision) = match (digits_where_due, text.len()) {
            (true, 4) => (format!("{text}-01-01"), Precision::Year),
            (true, 7) => (format!("{text}-01"), Precision::Month),
            (true, 10) => (text.to_owned(), Precision::Day),
            _ => return Err(DateError),
        };
        let date = NaiveDate::parse_from_str(&padded, "%Y-%m-%d").map_err(|_ignored| DateError)?;
        Self::new(date, precision)
    }
}

/// Deserializes a date that may be null from its text.
///
/// # Errors
/// [`DateError`]'s words.
pub fn deserialize_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PartialDate>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// Reads a date with its precision (`<name>` and `<name>_precision`). Without a precision it is known to the day. A date
/// behind `latest` lies in the future.
pub fn check_date(
    violations: &mut Violations,
    name: &str,
    (date, precision): (Option<NaiveDate>, Option<Precision>),
    latest: NaiveDate,
) -> Option<PartialDate> {
    let Some(date) = date else {
        if precision.is_some() {
            let detail = format!("{name}_precision says how much of a date is known, and {name} is missing.");
            violations.add(format!("/{name}_precision"), "without_date", detail);
        }
        return None;
    };
    match PartialDate::new(date, precision.unwrap_or(Precision::Day)) {
        Ok(date) if date.first_day() > latest => {
            violations.add(format!("/{name}"), "in_the_future", format!("{name} lies in the future."));
            None
        }
        Ok(date) => Some(date),
        Err(why) => {
            violations.add(format!("/{name}"), "invalid_value", format!("{name} {why}."));
            None
        }
    }
}

/// A date and its precision behind a patch. A new date does not keep the precision of the old one.
#[must_use]
pub fn patched(
    date: Patch<NaiveDate>,
    precision: Patch<Precision>,
    current: Option<PartialDate>,
) -> (Option<NaiveDate>, Option<Precision>) {
    let kept = if date.is_named() { None } else { current.map(PartialDate::precision) };
    (date.onto(current.map(PartialDate::first_day)), precision.onto(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> PartialDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_means_all_its_days() {
        let april = date("2024-04");
        assert_eq!(april.first_day().to_string(), "2024-04-01");
        assert_eq!(april.last_day().to_string(), "2024-04-30");
        assert_eq!(date("2024-02").last_day().to_string(), "2024-02-29");
        assert_eq!(date("2023").last_day().to_string(), "2023-12-31");
        assert_eq!(date("2022-10-21").last_day(), date("2022-10-21").first_day());
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["", "24", "2024-4", "2024-13", "2023-02-29", "2024-04-31", "1899", "2201", "2024-04-30T00", "+024"]
        {
            assert_eq!(text.parse::<PartialDate>(), Err(DateError), "{text}");
        }
    }

    #[test]
    fn half_a_stored_date_is_an_error() {
        let day = NaiveDate::from_ymd_opt(2024, 4, 1);
        assert_eq!(PartialDate::from_columns(None, None), Ok(None));
        assert_eq!(PartialDate::from_columns(day, None), Err(DateError));
        assert_eq!(PartialDate::from_columns(None, Some("day")), Err(DateError));
        assert_eq!(PartialDate::from_columns(day, Some("week")), Err(DateError));
    }

    proptest! {
        #[test]
        fn text_and_columns_bring_the_same_date_back(days in 0u64..109_000, kind in 0usize..3) {
            let day = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + Days::new(days);
            let precision = [Precision::Day, Precision::Month, Precision::Year][kind];
            let date = PartialDate::new(day, precision).unwrap();
            prop_assert_eq!(date.to_string().parse::<PartialDate>(), Ok(date));
            prop_assert_eq!(PartialDate::from_columns(Some(date.first_day()), Some(precision.as_str())), Ok(Some(date)));
            prop_assert!(date.first_day() <= day && day <= date.last_day());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,12}") {
            let _ = text.parse::<PartialDate>();
        }
    }
}
