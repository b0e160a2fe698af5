//! Which database a copy was made from: numbers of changes mean the same only within one generation.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::codes::Pattern;

/// The identity of a database. A restored backup is given a new one, since its numbers of changes come to mean something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(u128);

impl Generation {
    /// One that no database has had.
    #[must_use]
    pub fn begun() -> Self {
        Self(Uuid::now_v7().as_u128())
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Generation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::str::FromStr for Generation {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(text, 16).ok().filter(|_| sound);
        number.map(Self).ok_or("is no generation: 32 digits and letters from a to f")
    }
}

impl Pattern for Generation {
    fn pattern() -> String {
        "[0-9a-f]{32}".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_read_as_they_are_written() {
        for generation in [Generation(0), Generation(u128::MAX), Generation::begun()] {
            assert_eq!(generation.to_string().parse(), Ok(generation));
        }
        for wrong in ["", "0", "+0000000000000000000000000000000", "0123456789ABCDEF0123456789abcdef"] {
            assert!(wrong.parse::<Generation>().is_err(), "{wrong}");
        }
        assert_ne!(Generation::begun(), Generation::begun());
    }
}
