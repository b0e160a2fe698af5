//! Identifiers of resources: UUID version 7, whose order is roughly the order of creation, which keeps
//! the databases' indexes compact.

use std::str::FromStr;

use uuid::Uuid;

/// A new identifier, as its 36 characters in lower case.
#[must_use]
pub fn new_id() -> String {
    Uuid::now_v7().hyphenated().to_string()
}

/// Whether a text has the form of an identifier: a UUID in its hyphenated form of lower-case hexadecimal
/// digits. The other spellings of a UUID are not taken: one resource has one address.
#[must_use]
pub fn is_id(text: &str) -> bool {
    text.len() == 36
        && Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text)
}

/// How a resource is addressed in a path: by its id, or by the code (or slug) that it also has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address<Code> {
    /// By its code.
    Code(Code),
    /// By its id.
    Id(String),
}

impl<Code: FromStr> Address<Code> {
    /// Reads a path segment; `None` for what can't be the address of any resource of the kind.
    #[must_use]
    pub fn parse(segment: &str) -> Option<Self> {
        if is_id(segment) {
            return Some(Self::Id(segment.to_owned()));
        }
        segment.parse().ok().map(Self::Code)
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
    fn other_spellings_of_a_uuid_are_not_identifiers() {
        let id = new_id();
        assert!(!is_id(&id.to_uppercase()));
        assert!(!is_id(&id.replace('-', "")));
        assert!(!is_id(&format!("{{{id}}}")));
        assert!(!is_id("01"));
    }
}
