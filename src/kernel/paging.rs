//! The words for walking through a list: its order, and the place where a page ended.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

use super::text;

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

impl<K: FromStr> FromStr for Order<K> {
    type Err = K::Err;

    fn from_str(text: &str) -> Result<Self, K::Err> {
        let (key, direction) = match text.strip_prefix('-') {
            Some(key) => (key, Direction::Descending),
            None => (text, Direction::Ascending),
        };
        Ok(Self { key: key.parse()?, direction })
    }
}

impl<'de, K: FromStr<Err: fmt::Display>> Deserialize<'de> for Order<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
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

/// The place of a row in its list's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The sort key of the row.
    pub key: Key,
    /// The id of the row.
    pub id: String,
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
}
