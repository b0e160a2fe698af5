//! Texts in tables for spreadsheets, which run what looks like a formula.

use std::borrow::Cow;

use super::text::is_ignorable;

/// Keeps spreadsheets from running any part of a text as a formula, whatever they split cells at.
///
/// The rule: a cell could begin at the start of a text and behind each `;`, tab and line end in it. Where such a beginning
/// has `=`, `+`, `-` or `@` as its first character, not counting blanks, invisible characters, quotation marks and
/// apostrophes, it gets an apostrophe in front. [`restore`] takes exactly these apostrophes away.
///
/// Quotation marks do not count because a spreadsheet that splits at `;` may take the doubled ones of the CSV for an
/// empty quotation that a formula follows. The wide forms of the four characters count as the characters.
#[must_use]
pub fn defuse(text: &str) -> Cow<'_, str> {
    rewritten(text, |beginning, harmless| {
        if is_formula(beginning) {
            harmless.push('\'');
        }
        beginning
    })
}

/// The text that [`defuse`] made harmless. An apostrophe that it would not have put there stays.
#[must_use]
pub fn restore(text: &str) -> Cow<'_, str> {
    rewritten(text, |beginning, _restored| {
        beginning.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(beginning)
    })
}

/// The text with each beginning of a cell replaced by what `rewrite` leaves of it, behind what it puts in front.
fn rewritten<'a>(text: &'a str, rewrite: impl Fn(&'a str, &mut String) -> &'a str) -> Cow<'a, str> {
    let mut written = String::new();
    // Everything before this has been written.
    let mut rest = text;
    let mut is_changed = false;
    loop {
        let before = written.len();
        let left = rewrite(rest, &mut written);
        is_changed |= written.len() > before || left.len() < rest.len();
        let end = left.find(CELL_ENDS).map_or(left.len(), |at| at + 1);
        let (cell, behind) = left.split_at(end);
        written.push_str(cell);
        if behind.is_empty() && !cell.ends_with(CELL_ENDS) {
            break;
        }
        rest = behind;
    }
    if is_changed { Cow::Owned(written) } else { Cow::Borrowed(text) }
}

/// Whether a spreadsheet could run a cell that begins so.
fn is_formula(beginning: &str) -> bool {
    let is_passed_over = |c: char| {
        !CELL_ENDS.contains(&c) && (c.is_whitespace() || is_ignorable(c) || matches!(c, '"' | '\'' | '“' | '”' | '’'))
    };
    beginning.trim_start_matches(is_passed_over).starts_with(FORMULA)
}

/// What spreadsheets split cells at, besides the comma, which stands in quotation marks.
const CELL_ENDS: [char; 4] = [';', '\t', '\r', '\n'];
/// What a spreadsheet takes for the beginning of a formula, and the wide forms that some take for the same.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The cells that a spreadsheet makes of a file that it splits at `;`, tabs and line ends: whether it honours
    /// quotation marks or not, and wherever it takes one to begin, none of them begins like a formula.
    fn is_harmless(text: &str) -> bool {
        let begins = |cell: &str| cell.trim_start_matches(['"', ' ', '\u{A0}', '\u{200B}']).starts_with(FORMULA);
        !text.split(CELL_ENDS).any(begins)
    }

    /// The field as the CSV has it.
    fn quoted(text: &str) -> String {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        writer.write_record(["x", text, "y"]).unwrap();
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    #[test]
    fn each_beginning_of_a_cell_is_defused_and_nothing_else_is_touched() {
        for (text, harmless) in [
            ("=1+1", "'=1+1"),
            ("a;=1+1", "a;'=1+1"),
            (";=1+1", ";'=1+1"),
            ("a; -b", "a;' -b"),
            ("a\t@b\r\n+c", "a\t'@b\r\n'+c"),
            ("\t=1", "\t'=1"),
            ("a;\"=1;b", "a;'\"=1;b"),
            ("'=1", "''=1"),
            ("\u{200B}=1", "'\u{200B}=1"),
            ("＝1", "'＝1"),
            (" =1;;'=2", "' =1;;''=2"),
            ("'Aïn", "'Aïn"),
            ("''Aïn", "''Aïn"),
            ("a = b; c - d", "a = b; c - d"),
            ("M'diq;", "M'diq;"),
            ("", ""),
            (";", ";"),
        ] {
            assert_eq!(defuse(text), harmless, "{text:?}");
            assert_eq!(restore(harmless), text, "{harmless:?}");
        }
        assert_eq!(restore("'Aïn;'x"), "'Aïn;'x", "what somebody has written by hand stays");
    }

    proptest! {
        #[test]
        fn a_defused_text_is_harmless_and_comes_back(text in "[-'\"=+@;, \t\r\na\u{A0}\u{200B}＝]{0,12}") {
            let defused = defuse(&text);
            prop_assert!(is_harmless(&defused), "{:?}", defused);
            prop_assert!(is_harmless(&quoted(&defused)), "{:?}", quoted(&defused));
            prop_assert_eq!(restore(&defused), text.as_str());
        }

        #[test]
        fn any_text_comes_back(text in "\\PC{0,20}") {
            let defused = defuse(&text);
            prop_assert_eq!(restore(&defused), text.as_str());
        }
    }
}
