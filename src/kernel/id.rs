//! Identifiers of resources: UUID version 7, whose order is roughly the order of creation, which keeps
//! the databases' indexes compact.

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
