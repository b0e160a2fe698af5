//! The values that query parameters take, each with its own sentence for what it refuses. They parse from
//! text only, so that one value reads the same in every list.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, SubsecRound as _, Utc};
use serde::{Deserialize, Deserializer};

use crate::kernel::{language::Language, text};

macro_rules! deserialize_from_text {
    ($($name:ty),*) => {
        $(impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text::deserialize(deserializer)
            }
        })*
    };
}
deserialize_from_text!(Limit, Lang, Instant, SearchText, Count);

/// How many rows a page has at the most: 1 to 200, 50 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u8);

impl Limit {
    /// The number of rows.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(limit @ 1..=200) if digits => Ok(Self(limit)),
            _ => Err("is not a whole number from 1 to 200"),
        }
    }
}

/// The language that every text is pruned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lang(pub Language);

impl FromStr for Lang {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A moment: an RFC 3339 timestamp, or a date, which means its first moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant(pub DateTime<Utc>);

impl FromStr for Instant {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let date = |text: &str| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10)?;
            Some(date.and_hms_opt(0, 0, 0)?.and_utc())
        };
        let moment = || DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc().trunc_subsecs(6));
        let within = |moment: &DateTime<Utc>| (0..253_402_300_800).contains(&moment.timestamp());
        date(text).or_else(moment).filter(within).map(Self).ok_or(
            "is neither a date (2024-06-30) nor an RFC 3339 timestamp (2024-06-30T12:00:00Z) between 1970 and 9999",
        )
    }
}

/// A text to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(pub String);

impl FromStr for SearchText {
    type Err = text::TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text::parse_line(text, 100).map(Self)
    }
}

/// Whether `page.total` is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Count exactly.
    Exact,
}

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "exact" { Ok(Self::Exact) } else { Err("takes only exact") }
    }
}

/// Several values of one parameter, separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Several<T>(pub Vec<T>);

/// The most values that one parameter takes.
const MOST_VALUES: usize = 50;

impl<T: FromStr<Err: fmt::Display>> FromStr for Several<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let values: Vec<&str> = text.split(',').collect();
        if values.len() > MOST_VALUES {
            return Err(format!("has more than {MOST_VALUES} values"));
        }
        let parsed: Result<Vec<T>, T::Err> = values.into_iter().map(str::parse).collect();
        parsed.map(Self).map_err(|error| error.to_string())
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Several<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_1_to_200() {
        for text in ["0", "201", "abc", "", "-1", "+5", "1.5", "99999999999999999999", "٥"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
        assert_eq!("200".parse::<Limit>().map(Limit::get), Ok(200));
    }

    #[test]
    fn moments_are_dates_or_timestamps() {
        let moment = |text: &str| text.parse::<Instant>().map(|moment| moment.0.to_rfc3339());
        assert_eq!(moment("2024-06-30").as_deref(), Ok("2024-06-30T00:00:00+00:00"));
        assert_eq!(moment("2024-06-30T12:00:00+01:00").as_deref(), Ok("2024-06-30T11:00:00+00:00"));
        for text in ["2026-13-45", "2024-6-3", "yesterday", "", "2024-02-30", "99999-01-01", "1969-12-31"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn several_values_are_separated_by_commas() {
        assert_eq!("1,2".parse::<Several<u8>>(), Ok(Several(vec![1, 2])));
        assert!("1,,2".parse::<Several<u8>>().is_err());
        assert!(vec!["1"; 51].join(",").parse::<Several<u8>>().is_err());
    }
}
