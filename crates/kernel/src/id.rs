//! Identifiers of resources: UUID version 7, whose order is roughly the order of creation, which keeps
//! the databases' indexes compact.

use std::{borrow::Borrow, fmt, ops::Deref, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{codes::Pattern, fold::fold, text};

/// Gives a type that holds a text of one form its methods as a text.
macro_rules! formed_text {
    ($name:ident) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text as an owned one.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// A new identifier.
#[must_use]
pub fn new_id() -> Identifier {
    Identifier(Uuid::now_v7().hyphenated().to_string())
}

/// The identifier that stands for a SHA-256 digest: a UUID version 8 of its first half (RFC 9562, appendix B.2).
#[must_use]
pub fn id_of(digest: &[u8; 32]) -> Identifier {
    let (half, _) = digest.split_at(16);
    let half = <[u8; 16]>::try_from(half).unwrap_or_default();
    Identifier(Uuid::new_v8(half).hyphenated().to_string())
}

/// Whether a text has the form of an identifier: a UUID in its hyphenated form of lower-case hexadecimal
/// digits. The other spellings of a UUID are not taken: one resource has one address.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 36
        && Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text)
}

/// The identifier of a resource: 36 characters in lower case. Paths, parameters and bodies are parsed into it before a
/// statement sees them; stores take nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Identifier(String);

formed_text!(Identifier);

impl Identifier {
    /// The identifier that a row of the database holds. It is the only way around the parser, and for stores only.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }
}

impl Deref for Identifier {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Identifier {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// It is ordered and hashed like its text.
impl Borrow<str> for Identifier {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Identifier {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<String> for Identifier {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl FromStr for Identifier {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_id(text) { Ok(Self(text.to_owned())) } else { Err("is not an identifier") }
    }
}

impl Pattern for Identifier {
    fn pattern() -> String {
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".to_owned()
    }
}

/// A short name that stands in addresses: 1 to 100 lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

formed_text!(Slug);

impl Slug {
    /// The short name of a text: its folded words, joined by hyphens; what is not a Latin letter or a digit is
    /// left out. `None` where nothing remains.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let folded = fold(text);
        let words = folded.split_whitespace().map(|word| word.chars().filter(char::is_ascii_alphanumeric).collect());
        let words: Vec<String> = words.filter(|word: &String| !word.is_empty()).collect();
        words.join("-").parse().ok()
    }

    /// A number behind letters: `p1`.
    #[must_use]
    pub fn numbered(letters: &'static str, number: usize) -> Self {
        Self(format!("{letters}{number}"))
    }
}

impl TryFrom<String> for Slug {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let sound = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if sound && (1..=100).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err("is not a short name of 1 to 100 lower-case letters, digits and hyphens")
        }
    }
}

impl FromStr for Slug {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

impl Pattern for Slug {
    fn pattern() -> String {
        "[a-z0-9-]{1,100}".to_owned()
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

/// How a resource is addressed in a path: by its id, or by the code (or slug) that it also has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address<Code> {
    /// By its code.
    Code(Code),
    /// By its id.
    Id(Identifier),
}

impl<Code: FromStr> FromStr for Address<Code> {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or("is no slug or id")
    }
}

impl<Code: fmt::Display> fmt::Display for Address<Code> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl Address<Slug> {
    /// The slug or the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Code(slug) => slug.as_str(),
            Self::Id(id) => id.as_str(),
        }
    }

    /// Some slugs and ids as texts.
    #[must_use]
    pub fn texts(addresses: &[Self]) -> Vec<&str> {
        addresses.iter().map(Self::as_str).collect()
    }
}

/// It is written as its text.
impl Serialize for Address<Slug> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An id has the form of a slug.
impl Pattern for Address<Slug> {
    fn pattern() -> String {
        Slug::pattern()
    }
}

impl<Code: FromStr> Address<Code> {
    /// Reads a path segment; `None` for what can't be the address of any resource of the kind.
    #[must_use]
    pub fn parse(segment: &str) -> Option<Self> {
        match segment.parse() {
            Ok(id) => Some(Self::Id(id)),
            Err(_) => segment.parse().ok().map(Self::Code),
        }
    }
}

/// A reference in a body: the resource that it names, or a text that can't name any. The two are told apart where the body is
/// read, so that a raw text reaches no statement; both are refused alike, as something that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<T> {
    named: Option<T>,
    shown: String,
}

impl<T> Reference<T> {
    /// What is named, if the text can name anything.
    #[must_use]
    pub const fn named(&self) -> Option<&T> {
        self.named.as_ref()
    }

    /// The text, short enough to be shown back.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

impl<T: FromStr> From<&str> for Reference<T> {
    fn from(text: &str) -> Self {
        Self { named: text.parse().ok(), shown: text::shown(text) }
    }
}

impl From<Identifier> for Reference<Identifier> {
    fn from(id: Identifier) -> Self {
        Self { shown: id.0.clone(), named: Some(id) }
    }
}

impl<'de, T: FromStr> Deserialize<'de> for Reference<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::from(text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_identifier_is_recognised() {
        assert!(is_id(&new_id()));
    }

    #[test]
    fn the_short_name_of_a_text_is_made_of_its_folded_latin_words() {
        assert_eq!(Slug::of("Sidi Abdellah Ghiat").unwrap().as_str(), "sidi-abdellah-ghiat");
        assert_eq!(Slug::of("M’diq-Fnideq").unwrap().as_str(), "mdiq-fnideq");
        assert_eq!(Slug::of("Tétouan (تطوان)").unwrap().as_str(), "tetouan");
        assert_eq!(Slug::of("تطوان"), None);
    }

    #[test]
    fn other_spellings_of_a_uuid_are_not_identifiers() {
        let id = new_id();
        assert!(!is_id(&id.to_uppercase()));
        assert!(!is_id(&id.replace('-', "")));
        assert!(!is_id(&format!("{{{id}}}")));
        assert!(!is_id("01"));
    }
}
