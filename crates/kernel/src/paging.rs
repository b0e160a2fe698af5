//! The words for walking through a list: its order, and the place where a page ended.

use std::{fmt, str::FromStr};

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize};

use super::id::Identifier;
use super::{codes::Pattern, text};

/// The direction of a list's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Direction {
    /// From the smallest key on.
    Ascending,
    /// From the largest key on.
    Descending,
}

/// A list's order: by one key, in one direction. Written `key` or `-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Order<K> {
    /// The column.
    pub key: K,
    /// The direction.
    pub direction: Direction,
}

impl<K: FromStr<Err: fmt::Display>> FromStr for Order<K> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, direction) = match text.strip_prefix('-') {
            Some(key) => (key, Direction::Descending),
            None => (text, Direction::Ascending),
        };
        let key = key.parse().map_err(|why: K::Err| format!("{why}, or one of them with a - in front"))?;
        Ok(Self { key, direction })
    }
}

impl<K: Pattern> Pattern for Order<K> {
    fn pattern() -> String {
        format!("-?{}", K::pattern())
    }
}

impl<'de, K: FromStr<Err: fmt::Display>> Deserialize<'de> for Order<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

/// A page of a list to be read: which list, where in it, and how much.
#[derive(Debug, Clone)]
pub struct Listing<Filters> {
    /// Which rows, in what order.
    pub filters: Filters,
    /// Begin behind this row.
    pub after: Option<Position>,
    /// The most rows.
    pub limit: u8,
    /// Whether to count the whole list.
    pub count: bool,
}

/// A page of a list.
#[derive(Debug)]
pub struct Found<T> {
    /// The number of the last change that the rows can show.
    pub sequence: i64,
    /// The rows.
    pub rows: Vec<T>,
    /// Where the page ended, if there is another one behind it.
    pub next: Option<Position>,
    /// How many rows the whole list has, if it was to be counted.
    pub total: Option<i64>,
}

impl<T> Found<T> {
    /// The page of up to `limit` rows out of what was read with one row more, which only tells whether there is
    /// another page.
    pub fn of(
        mut rows: Vec<T>,
        limit: u8,
        (sequence, total): (i64, Option<i64>),
        position: impl FnOnce(&T) -> Position,
    ) -> Self {
        let has_more = rows.len() > usize::from(limit);
        rows.truncate(usize::from(limit));
        let next = rows.last().filter(|_| has_more).map(position);
        Self { sequence, rows, next, total }
    }
}

/// The sort key of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Key {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl Key {
    /// The number that stands for a day.
    #[must_use]
    pub fn of_day(day: NaiveDate) -> Self {
        Self::Number(day.num_days_from_ce().into())
    }
}

/// The place of a row in its list's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The sort key of the row.
    pub key: Key,
    /// The id of the row.
    pub id: Identifier,
}

impl Position {
    /// The key as a text, with the id, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<(&str, &str)> {
        if let Key::Text(key) = &self.key { Some((key, &self.id)) } else { None }
    }

    /// The key as a number, with the id, where it is one.
    #[must_use]
    pub fn number(&self) -> Option<(i64, &str)> {
        if let Key::Number(key) = self.key { Some((key, &self.id)) } else { None }
    }

    /// The day that the key numbers, with the id, where it is a number; what is out of the calendar lies behind everything.
    #[must_use]
    pub fn day(&self) -> Option<(NaiveDate, &str)> {
        let (number, id) = self.number()?;
        let day = i32::try_from(number).ok().and_then(NaiveDate::from_num_days_from_ce_opt);
        // PostgreSQL's calendar ends before chrono's.
        let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX);
        Some((day.filter(|day| *day <= last && day.year() > 0).unwrap_or(last), id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::new_id;

    #[test]
    fn a_day_comes_back_and_what_is_none_lies_behind_everything() {
        let at = |key| Position { key, id: new_id() }.day().map(|(day, _)| day.to_string());
        let day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
        assert_eq!(at(Key::of_day(day)).as_deref(), Some("2024-02-29"));
        for number in [0, -1, i64::MAX, i64::MIN, 4_000_000] {
            assert_eq!(at(Key::Number(number)).as_deref(), Some("9999-12-31"), "{number}");
        }
        assert_eq!(at(Key::Text("2024-02-29".to_owned())), None);
    }
}
