//! Whole numbers as JSON Schema understands them: `1.0` is one, too.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, de};

use super::patch::Patch;

/// A whole number, however it is written.
struct Whole<T>(T);

struct WholeVisitor<T>(PhantomData<T>);

impl<T: TryFrom<i64>> de::Visitor<'_> for WholeVisitor<T> {
    type Value = Whole<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole<T>, E> {
        let refused = || E::invalid_value(de::Unexpected::Signed(number), &self);
        T::try_from(number).map(Whole).map_err(|_too_large| refused())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole<T>, E> {
        let refused = E::invalid_value(de::Unexpected::Unsigned(number), &self);
        i64::try_from(number).map_err(|_too_large| refused).and_then(|number| self.visit_i64(number))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole<T>, E> {
        let refused = E::invalid_type(de::Unexpected::Float(number), &self);
        // Digits only, so that nothing is rounded.
        let whole = if number.fract() == 0.0 { format!("{number:.0}").parse().ok() } else { None };
        whole.map_or(Err(refused), |number| self.visit_i64(number))
    }
}

impl<'de, T: TryFrom<i64>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(WholeVisitor(PhantomData))
    }
}

/// Reads a whole number.
///
/// # Errors
/// What is none, or too large for its type.
pub fn whole<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<T, D::Error> {
    Whole::deserialize(deserializer).map(|Whole(number)| number)
}

/// The same where there may be none.
///
/// # Errors
/// Likewise.
pub fn optional<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(|Whole(number)| number))
}

/// The same of a patch, which may take it away.
///
/// # Errors
/// Likewise.
pub fn patched<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<Patch<T>, D::Error> {
    Ok(optional(deserializer)?.map_or(Patch::Null, Patch::Value))
}

/// The same of a patch that may not.
///
/// # Errors
/// Likewise; `null` is refused.
pub fn replaced<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<Patch<T>, D::Error> {
    whole(deserializer).map(Patch::Value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<u16> {
        whole(&mut serde_json::Deserializer::from_str(json)).ok()
    }

    #[test]
    fn a_whole_number_may_have_a_point() {
        assert_eq!((read("1"), read("1.0"), read("2e1")), (Some(1), Some(1), Some(20)));
        for text in ["1.5", "-1", "65536", "1e300", "\"1\"", "null", "true"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
