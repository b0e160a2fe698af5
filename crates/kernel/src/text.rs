//! What a text from outside must be before anything is done with it.

use std::{fmt, str::FromStr};

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};
use serde::{Deserialize as _, Deserializer, de};
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Why a text was refused; each is a complete predicate for a sentence about the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing that can be seen: white space, invisible characters, marks without a letter.
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
    /// A line or paragraph separator (U+2028, U+2029), which some readers take for a line end and others do not.
    #[error("has a line or paragraph separator (U+2028 or U+2029)")]
    Separator,
    /// A code point that Unicode keeps from ever being a character.
    #[error("has a code point that is no character (like U+FFFE)")]
    Noncharacter,
    /// The character that stands for what a program could not read.
    #[error("has a replacement character (U+FFFD), which stands for a letter that was lost")]
    Replacement,
}

/// Brings a one-line text into its canonical form (NFC, no white space at the ends) or says why it is none.
///
/// # Errors
/// [`TextError`] for a text that is empty, because it has nothing that can be seen, or too long; for control characters,
/// bidirectional overrides (U+202A to U+202E, U+2066 to U+2069; the harmless marks U+200E, U+200F and U+061C stay), line
/// and paragraph separators, noncharacters and U+FFFD.
pub fn parse_line(text: &str, max_chars: usize) -> Result<String, TextError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    refuse_dangerous(text)?;
    if !is_visible(text) {
        return Err(TextError::Empty);
    }
    let text = normal(text);
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
    if !is_visible(text) {
        return Err(TextError::Empty);
    }
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

/// A text to search for, as it was typed: spaces may be all that it has. Folding leaves out the marks of direction that
/// copied texts often have around them.
///
/// # Errors
/// [`TextError`] for an empty or overlong text, and for what [`parse_line`] refuses but for invisible texts.
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
    let fault = |c: char| match c {
        c if c.is_control() => Some(TextError::Control),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => Some(TextError::Bidirectional),
        '\u{2028}' | '\u{2029}' => Some(TextError::Separator),
        '\u{FFFD}' => Some(TextError::Replacement),
        // The last two code points of every plane, and a block of Arabic presentation forms.
        c if matches!(c, '\u{FDD0}'..='\u{FDEF}') || u32::from(c) & 0xFFFE == 0xFFFE => Some(TextError::Noncharacter),
        _ => None,
    };
    text.chars().find_map(fault).map_or(Ok(()), Err)
}

/// Whether a character is invisible and means nothing where it is not understood (Unicode's
/// `Default_Ignorable_Code_Point`): zero-width and soft characters, marks of direction, fillers, tags, selectors.
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether a text has a character that can be seen by itself: a letter, number, punctuation mark or symbol, and neither
/// invisible, nor a mark that needs a letter, nor one that only lengthens its neighbours.
fn is_visible(text: &str) -> bool {
    // The compatibility forms take apart what has a mark alone, like U+FE71, a vowel sign upon a tatweel.
    text.nfkd().any(|c| {
        let is_blank = matches!(
            c,
            // Tatweel and its likes; the empty Braille cell, the note without a head, the place of an object.
            '\u{0640}' | '\u{07FA}' | '\u{180A}' | '\u{2800}' | '\u{1D159}' | '\u{FFFC}'
        );
        !is_blank && !is_ignorable(c) && shows_by_itself(CodePointMapData::<GeneralCategory>::new().get(c))
    })
}

const fn shows_by_itself(category: GeneralCategory) -> bool {
    use GeneralCategory as Category;
    !matches!(
        category,
        Category::Unassigned
            | Category::NonspacingMark
            | Category::SpacingMark
            | Category::EnclosingMark
            | Category::SpaceSeparator
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::Control
            | Category::Format
            | Category::PrivateUse
            | Category::Surrogate
    )
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
    #[test]
    fn a_text_without_anything_to_see_is_empty() {
        for blank in [
            "\u{200B}",
            "\u{200E}",
            "\u{00AD}",
            "\u{2060}",
            "\u{FEFF}",
            "\u{3164}",
            "\u{2800}",
            "\u{E0041}",
            "\u{0640}",
            "\u{064B}",
            "\u{0301}",
            "\u{20DD}",
            "\u{115F}\u{1160}",
            "\u{FFA0}",
            "\u{180E}",
            "\u{034F}",
            "\u{FE0F}",
            "\u{FE71}",
            "\u{E000}",
            "\u{0378}",
            "\u{00A0}\u{200D} \u{0640}\u{0651}",
            "\u{1D159}",
        ] {
            assert_eq!(parse_line(blank, 10), Err(TextError::Empty), "{blank:?}");
            assert_eq!(parse_text(&format!("{blank}\n{blank}"), 20), Err(TextError::Empty), "{blank:?}");
        }
        for text in
            ["a", "م\u{0640}", "3", "…", "☂", "\u{200E}Rabat\u{200E}", "e\u{0301}", "\u{1F468}\u{200D}\u{1F469}"]
        {
            assert!(parse_line(text, 10).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_character_of_a_text_is_refused() {
        for (c, why) in [
            ('\u{2028}', TextError::Separator),
            ('\u{2029}', TextError::Separator),
            ('\u{FFFD}', TextError::Replacement),
            ('\u{FFFE}', TextError::Noncharacter),
            ('\u{FFFF}', TextError::Noncharacter),
            ('\u{FDD0}', TextError::Noncharacter),
            ('\u{FDEF}', TextError::Noncharacter),
            ('\u{1FFFE}', TextError::Noncharacter),
            ('\u{10FFFF}', TextError::Noncharacter),
        ] {
            let text = format!("a{c}b");
            assert_eq!(parse_line(&text, 10), Err(why), "{c:?}");
            assert_eq!(parse_text(&text, 10), Err(why), "{c:?}");
            assert_eq!(parse_search(&text, 10), Err(why), "{c:?}");
        }
    }
}
