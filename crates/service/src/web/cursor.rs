//! The opaque mark between two pages. It holds the key and id of the last row and a fingerprint of the list
//! it belongs to (resource, order, filters), and is checked like any other input: a cursor that was made by
//! another list would silently skip rows.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::problem::{INVALID_CURSOR, Problem};
use crate::kernel::{
    paging::{Key, Position},
    text,
};

/// The version of the cursor's own form.
const VERSION: u8 = 1;

/// What a cursor is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 8]);

impl Fingerprint {
    /// The fingerprint of a list's name and of everything that decides which rows it has and in what order.
    #[must_use]
    pub fn of(list: &str, filters_and_order: &impl Serialize) -> Self {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(&(list, filters_and_order)).unwrap_or_default());
        let digest: [u8; 32] = hash.finalize().into();
        let mut short = [0; 8];
        short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(short)
    }

    fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// Writes the cursor for the page behind `position`.
#[must_use]
pub fn encode(fingerprint: Fingerprint, position: &Position) -> String {
    let parts = (VERSION, fingerprint.text(), &position.key, &position.id);
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&parts).unwrap_or_default())
}

/// Reads a cursor that must belong to the list with this fingerprint, whose sort key is a number or a text.
///
/// # Errors
/// A 400 problem for anything else.
pub fn decode(fingerprint: Fingerprint, cursor: &str, numeric: bool) -> Result<Position, Problem> {
    let refused = |why| Problem::parameter(&INVALID_CURSOR, "cursor", why);
    let damaged = "is damaged or was not made by this API";
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().ok_or_else(|| refused(damaged))?;
    let parts: (u8, String, Key, String) = serde_json::from_slice(&bytes).ok().ok_or_else(|| refused(damaged))?;
    let (version, bound_to, key, id) = parts;
    if version != VERSION {
        return Err(refused("was made by another version of the API"));
    }
    if bound_to != fingerprint.text() {
        return Err(refused("belongs to a list with another order or other filters"));
    }
    let key_is_sound = match &key {
        Key::Number(_) => numeric,
        Key::Text(key) => {
            let is_sound = || text::parse_search(key, 1_000).is_ok() && text::normal(key) == *key;
            !numeric && (key.is_empty() || is_sound())
        }
    };
    let id = id.parse().ok().filter(|_| key_is_sound).ok_or_else(|| refused(damaged))?;
    Ok(Position { key, id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::new_id;
    use proptest::prelude::*;

    fn list(region: &str) -> Fingerprint {
        Fingerprint::of("things", &(region, None::<&str>))
    }

    proptest! {
        #[test]
        fn a_cursor_brings_its_position_back(number in any::<i64>(), word in "[a-z\u{0627}-\u{064A}]{0,30}", textual: bool) {
            let key = if textual { Key::Text(word) } else { Key::Number(number) };
            let position = Position { key, id: new_id() };
            prop_assert_eq!(decode(list("01"), &encode(list("01"), &position), !textual).unwrap(), position.clone());
            prop_assert!(decode(list("01"), &encode(list("01"), &position), textual).is_err());
        }

        #[test]
        fn a_cursor_of_another_list_is_refused(number in any::<i64>()) {
            let cursor = encode(list("01"), &Position { key: Key::Number(number), id: new_id() });
            prop_assert!(decode(list("02"), &cursor, true).is_err());
        }

        #[test]
        fn a_damaged_cursor_is_refused_and_never_panics(cursor in "\\PC{0,80}") {
            prop_assert!(decode(list("01"), &cursor, false).is_err());
        }

        #[test]
        fn a_cursor_with_one_byte_changed_never_panics(at in 0usize..60, to in any::<u8>()) {
            let mut cursor = encode(list("01"), &Position { key: Key::Text("abc".to_owned()), id: new_id() }).into_bytes();
            let at = at % cursor.len();
            cursor[at] = to;
            let _ = decode(list("01"), &String::from_utf8_lossy(&cursor), false);
        }
    }

    #[test]
    fn a_key_with_a_nul_byte_never_reaches_the_database() {
        let cursor = encode(list("01"), &Position { key: Key::Text("a\0".to_owned()), id: new_id() });
        assert!(decode(list("01"), &cursor, false).is_err());
    }
}
