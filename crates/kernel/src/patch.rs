//! A property of a merge patch (RFC 7396): absent leaves what is there, `null` takes it away, a value replaces it.

use serde::{Deserialize, Deserializer};

/// What a patch says of one property. To be used with `#[serde(default)]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The patch does not name it.
    #[default]
    Absent,
    /// It is taken away.
    Null,
    /// It is replaced.
    Value(T),
}

impl<T> Patch<T> {
    /// The property behind the patch.
    pub fn onto(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Absent => current,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Whether the patch names the property.
    pub const fn is_named(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

/// Reads a property that can be replaced and not taken away. To be used with `#[serde(default, deserialize_with = …)]`.
///
/// # Errors
/// What the value is refused for; `null` is.
pub fn replaced<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Patch<T>, D::Error> {
    T::deserialize(deserializer).map(Patch::Value)
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Sample {
        #[serde(default)]
        website: Patch<String>,
    }

    fn read(json: &str) -> Patch<String> {
        serde_json::from_str::<Sample>(json).unwrap().website
    }

    #[test]
    fn absent_null_and_a_value_are_three_things() {
        let current = || Some("old".to_owned());
        assert_eq!(read("{}").onto(current()).as_deref(), Some("old"));
        assert_eq!(read(r#"{"website": null}"#).onto(current()), None);
        assert_eq!(read(r#"{"website": "new"}"#).onto(current()).as_deref(), Some("new"));
        assert!(!read("{}").is_named() && read(r#"{"website": null}"#).is_named());
    }
}
