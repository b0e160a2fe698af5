//! What a text from outside must be before anything is done with it.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize as _, Deserializer, de};
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Why a text was refused; each is a complete predicate for a sentence about the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// Longer than the place allows, counted in characters.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// A control character, a NUL byte among them.
    #[error("has a control character")]
    Control,
    /// A character that reorders its neighbours and can make a text read as another one.
    #[error("has a bidirectional override")]
    Bidirectional,
}

/// Brings a one-line text into its canonical form (NFC, no white space at the ends) or says why it is none.
///
/// # Errors
/// [`TextError`] for an empty or overlong text, control characters and bidirectional overrides
/// (U+202A to U+202E, U+2066 to U+2069; the harmless marks U+200E, U+200F and U+061C stay).
pub fn parse_line(text: &str, max_chars: usize) -> Result<String, TextError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    refuse_dangerous(text)?;
    let text = if is_nfc(text) { text.to_owned() } else { text.nfc().collect() };
    if text.chars().count() > max_chars {
        return Err(TextError::TooLong(max_chars));
    }
    Ok(text)
}

/// The same of a text that may have several lines: every line's end is a line feed.
///
/// # Errors
/// [`TextError`] for what [`parse_line`] refuses, but for line feeds.
pub fn parse_text(text: &str, max_chars: usize) -> Result<String, TextError> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    text.split('\n').try_for_each(refuse_dangerous)?;
    let text = normal(text);
    if text.chars().count() > max_chars {
        return Err(TextError::TooLong(max_chars));
    }
    Ok(text)
}

/// The longest e-mail address, in bytes (RFC 5321).
const LONGEST_EMAIL: usize = 254;

/// An e-mail address as it is stored and looked for: in lower case, so that one is found however it was written.
///
/// # Errors
/// A predicate for a sentence about the address.
pub fn parse_email(text: &str) -> Result<String, &'static str> {
    let address = normal(&text.to_lowercase());
    let is_one = refuse_dangerous(&address).is_ok() && validator::ValidateEmail::validate_email(&address);
    if address.len() <= LONGEST_EMAIL && is_one { Ok(address) } else { Err("is none") }
}

/// A text to search for, as it was typed: spaces may be all that it has.
///
/// # Errors
/// [`TextError`] for an empty or overlong text, and for what [`parse_line`] refuses.
pub fn parse_search(text: &str, max_chars: usize) -> Result<String, TextError> {
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > max_chars {
        return Err(TextError::TooLong(max_chars));
    }
    refuse_dangerous(text)?;
    Ok(text.to_owned())
}

/// A text as it is stored: trimmed and composed (NFC).
#[must_use]
pub fn normal(text: &str) -> String {
    let text = text.trim();
    // Almost everything is in this form, and what is copied as it is takes no more room than it needs.
    if is_nfc(text) { text.to_owned() } else { text.nfc().collect() }
}

/// Keeps a spreadsheet from running a text as a formula: a text that begins with `=`, `+`, `-`, `@`, a tab or a carriage
/// return gets an apostrophe in front, and so does one that begins with an apostrophe itself. So a leading apostrophe
/// always comes from here, and [`restore`] takes it away.
#[must_use]
pub fn defuse(text: &str) -> Cow<'_, str> {
    if text.starts_with(FORMULA) || text.starts_with('\'') {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that [`defuse`] made harmless; a text that it would not have made is left as it is.
#[must_use]
pub fn restore(text: &str) -> &str {
    let inner = text.strip_prefix('\'');
    inner.filter(|inner| inner.starts_with(FORMULA) || inner.starts_with('\'')).unwrap_or(text)
}

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A name from outside, short enough to be shown back.
#[must_use]
pub fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// The known name that an unknown one was most likely meant to be.
#[must_use]
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn refuse_dangerous(text: &str) -> Result<(), TextError> {
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    if text.chars().any(|c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')) {
        return Err(TextError::Bidirectional);
    }
    Ok(())
}

/// Whether a text is an absolute http or https address.
#[must_use]
pub fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(|c| !c.is_whitespace() && !c.is_control())
    })
}

/// Deserializes a value through its [`FromStr`]; its error's words follow the field's name in a sentence.
///
/// # Errors
/// What the text is refused for.
pub fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_defused_text_is_harmless_and_comes_back(text in "['=+@\t\r-]{0,3}\\PC{0,10}") {
            let defused = defuse(&text);
            prop_assert!(!defused.starts_with(FORMULA));
            prop_assert_eq!(restore(&defused), text.as_str());
        }
    }

    #[test]
    fn a_decomposed_text_is_composed_and_trimmed() {
        assert_eq!(parse_line("  Fe\u{0300}s ", 10).as_deref(), Ok("F\u{00E8}s"));
    }

    #[test]
    fn a_text_of_several_lines_keeps_them_and_nothing_else_that_controls() {
        assert_eq!(parse_text(" a\r\n\nb ", 10).as_deref(), Ok("a\n\nb"));
        for (text, why) in [
            ("a\rb", TextError::Control),
            ("a\tb", TextError::Control),
            ("a\n\u{202E}b", TextError::Bidirectional),
            ("\n \n", TextError::Empty),
            ("a\nbc", TextError::TooLong(3)),
        ] {
            assert_eq!(parse_text(text, 3), Err(why), "{text:?}");
        }
    }

    #[test]
    fn what_could_deceive_or_break_is_refused() {
        assert_eq!(parse_line("a\0b", 10), Err(TextError::Control));
        assert_eq!(parse_line("a\u{202E}b", 10), Err(TextError::Bidirectional));
        assert_eq!(parse_line(" \t ", 10), Err(TextError::Empty));
        assert_eq!(parse_line("abc", 2), Err(TextError::TooLong(2)));
    }
}
