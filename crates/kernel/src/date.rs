//! Dates and timestamps as they come from outside: [`Date`], [`PartialDate`] and [`parse_timestamp`] are the only readers,
//! for queries, bodies and lists alike. They take one form each, because the readers of `chrono` also take signs, blanks and
//! missing zeros, and years that PostgreSQL does not know.
//!
//! A date may be known to the day, the month or only the year. A source that says "April 2024" must not become the first of
//! April, so the precision travels with the date.

use std::{fmt, ops::RangeInclusive};

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, SubsecRound as _, Timelike as _, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{codes::codes, patch::Patch, text, violation::Violations};

/// The years that a date from outside may lie in.
const YEARS: RangeInclusive<i32> = 1900..=2200;

/// A calendar day from outside, in the form `2024-04-30`. The documentation describes it as a string of the format `date`,
/// which the schema derives from the name of the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub NaiveDate);

/// Why a text is no day; a complete predicate for a sentence about the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a date of the form 2024-04-30 between the years 1900 and 2200")]
pub struct DayError;

impl Date {
    /// The day.
    #[must_use]
    pub const fn day(self) -> NaiveDate {
        self.0
    }
}

impl From<NaiveDate> for Date {
    fn from(day: NaiveDate) -> Self {
        Self(day)
    }
}

impl std::str::FromStr for Date {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        match parse_form(text) {
            Some((day, Precision::Day)) => Ok(Self(day)),
            _ => Err(DayError),
        }
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

/// The first day of the period that a text names, and how long the period is. The text has exactly the form `2024`,
/// `2024-04` or `2024-04-30`.
fn parse_form(text: &str) -> Option<(NaiveDate, Precision)> {
    let has_form = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let precision = match text.len() {
        4 => Precision::Year,
        7 => Precision::Month,
        10 => Precision::Day,
        _ => return None,
    };
    let part = |place: std::ops::Range<usize>| text.get(place).map_or(Some(1), |digits| digits.parse().ok());
    if !has_form {
        return None;
    }
    let year = text.get(..4)?.parse().ok().filter(|year| YEARS.contains(year))?;
    let day = NaiveDate::from_ymd_opt(year, part(5..7)?, part(8..10)?)?;
    Some((day, precision))
}

/// Reads an RFC 3339 timestamp in the form `2024-04-30T12:00:00Z`, with decimal places of the second or another offset where
/// they are given. Places beyond the microsecond, which no database keeps, are dropped.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<DateTime<Utc>> {
    let (day, time) = text.split_once('T')?;
    day.parse::<Date>().ok()?;
    let has_form = time.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.' | b'+' | b'-' | b'Z'));
    let moment = DateTime::parse_from_rfc3339(text).ok().filter(|_| has_form)?.to_utc();
    // A leap second would be a moment that one of the databases reads as another one.
    Some(moment.trunc_subsecs(6)).filter(|moment| moment.nanosecond() < 1_000_000_000)
}

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
        if !YEARS.contains(&date.year()) {
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
        let (first, precision) = parse_form(text).ok_or(DateError)?;
        Ok(Self { first, precision })
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
    (date, precision): (Option<Date>, Option<Precision>),
    latest: NaiveDate,
) -> Option<PartialDate> {
    let Some(date) = date else {
        if precision.is_some() {
            let detail = format!("{name}_precision says how much of a date is known, and {name} is missing.");
            violations.add(format!("/{name}_precision"), "without_date", detail);
        }
        return None;
    };
    match PartialDate::new(date.day(), precision.unwrap_or(Precision::Day)) {
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
    date: Patch<Date>,
    precision: Patch<Precision>,
    current: Option<PartialDate>,
) -> (Option<Date>, Option<Precision>) {
    let kept = if date.is_named() { None } else { current.map(PartialDate::precision) };
    (date.onto(current.map(|current| Date(current.first_day()))), precision.onto(kept))
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
    fn a_day_has_one_form() {
        assert_eq!("2024-04-30".parse::<Date>().map(|date| date.day().to_string()).as_deref(), Ok("2024-04-30"));
        for text in [
            "",
            "2024",
            "2024-04",
            "2024-4-30",
            "24-04-30",
            "-9999-01-1",
            "+2024-1-01",
            "2026 - 01 - 05",
            " 2022-10-2",
            "2022-10-21 ",
            "2022-10-21T00:00:00Z",
            "2023-02-29",
            "1899-12-31",
            "2201-01-01",
            "0000-01-01",
            "２024-04-30",
        ] {
            assert_eq!(text.parse::<Date>(), Err(DayError), "{text}");
            assert!(serde_json::from_value::<Date>(text.into()).is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Date>("20240430").is_err());
    }

    #[test]
    fn a_timestamp_has_one_form() {
        let moment = |text: &str| parse_timestamp(text).map(|moment| moment.to_rfc3339());
        assert_eq!(moment("2024-06-30T12:00:00+01:00").as_deref(), Some("2024-06-30T11:00:00+00:00"));
        assert_eq!(moment("2024-06-30T12:00:00.1234567Z").as_deref(), Some("2024-06-30T12:00:00.123456+00:00"));
        for text in [
            "2024-06-30 12:00:00Z",
            "2024-06-30T12:00:00",
            "2024-06-30T12:00Z",
            "2024-06-30T12:00:00 +01:00",
            "2024-06-30T12:00:00\u{2212}01:00",
            "+2024-06-30T12:00:00Z",
            "2024-6-30T12:00:00Z",
            "2024-06-30T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "1899-12-31T00:00:00Z",
            "9999-01-01T00:00:00Z",
            "2024-06-30t12:00:00z",
        ] {
            assert_eq!(moment(text), None, "{text}");
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
            let _ = (text.parse::<PartialDate>(), text.parse::<Date>(), parse_timestamp(&text));
        }

        #[test]
        fn a_day_is_what_it_is_written_as(text in "[+ -]?[0-9]{3,5} ?-[0-9 ]{1,2}-[0-9]{1,2}") {
            if let Ok(date) = text.parse::<Date>() {
                prop_assert_eq!(date.day().to_string(), text);
            }
        }
    }
}
