//! Delimited text (CSV), read strictly by RFC 4180. A lenient reader makes another row of one that is quoted wrongly; this
//! one says what is wrong and on which line, and goes on behind it.

use std::{borrow::Cow, iter};

use serde::de::DeserializeOwned;

/// The most cells of a record: a table has fewer columns by far, and a record of nothing but delimiters must not fill the
/// memory.
const MOST_CELLS: usize = 1_000;

/// Why a record can't be read; each is a complete predicate for a sentence about the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// A cell that does not begin with a quotation mark has one.
    #[error(
        "has a quotation mark inside an unquoted cell on line {0}: such a cell begins and ends with quotation marks, and those inside are doubled"
    )]
    QuoteInside(u32),
    /// Something stands between a closing quotation mark and the next cell.
    #[error(
        "has text after the closing quotation mark of a cell on line {0}: a quotation mark inside a quoted cell is doubled"
    )]
    TextAfterQuote(u32),
    /// More cells than any table has.
    #[error("has more than {MOST_CELLS} cells")]
    TooManyCells,
    /// The text ends inside a quoted cell.
    #[error("has a quoted cell that opens on line {0} and is not closed before the end: is the file cut off?")]
    Unclosed(u32),
}

/// A record of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// The line that it begins on, from 1.
    pub line: u32,
    /// Its cells, without quotation marks around them.
    pub cells: Result<Vec<Cow<'a, str>>, Malformed>,
}

/// Reads the records of a text. Lines end with CRLF, LF or CR; empty ones are no records.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a str,
    line: u32,
    delimiter: char,
    width: usize,
}

impl<'a> Reader<'a> {
    /// A reader of a text whose cells are separated by a character.
    #[must_use]
    pub const fn new(text: &'a str, delimiter: char) -> Self {
        Self { rest: text, line: 1, delimiter, width: 0 }
    }

    /// Goes on behind so many bytes, which it returns, and counts the lines that end among them.
    fn advance(&mut self, bytes: usize) -> &'a str {
        let (passed, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line = self.line.saturating_add(line_ends(passed));
        passed
    }

    /// The next cell. The reader then stands at a delimiter, at the end of a line or at the end of the text.
    fn cell(&mut self) -> Result<Cow<'a, str>, Malformed> {
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        let delimiter = self.delimiter;
        let ends = |c: char| c == delimiter || matches!(c, '"' | '\r' | '\n');
        let cell = self.advance(self.rest.find(ends).unwrap_or(self.rest.len()));
        if self.rest.starts_with('"') { Err(Malformed::QuoteInside(self.line)) } else { Ok(Cow::Borrowed(cell)) }
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let opened_on = self.line;
        self.advance(1);
        let mut cell = Cow::Borrowed("");
        loop {
            let Some(quote) = self.rest.find('"') else {
                self.advance(self.rest.len());
                return Err(Malformed::Unclosed(opened_on));
            };
            cell += self.advance(quote);
            self.advance(1);
            if !self.rest.starts_with('"') {
                break;
            }
            cell += self.advance(1);
        }
        let is_end = self.rest.is_empty() || self.rest.starts_with([self.delimiter, '\r', '\n']);
        if is_end { Ok(cell) } else { Err(Malformed::TextAfterQuote(self.line)) }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let is_line_end = |c: char| matches!(c, '\r' | '\n');
        self.advance(self.rest.find(|c| !is_line_end(c)).unwrap_or(self.rest.len()));
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let (mut cells, mut is_too_wide) = (Vec::with_capacity(self.width), false);
        loop {
            match self.cell() {
                Ok(cell) if cells.len() < MOST_CELLS => cells.push(cell),
                Ok(_) => is_too_wide = true,
                Err(why) => {
                    self.advance(self.rest.find(is_line_end).unwrap_or(self.rest.len()));
                    return Some(Record { line, cells: Err(why) });
                }
            }
            if !self.rest.starts_with(self.delimiter) {
                break;
            }
            self.advance(self.delimiter.len_utf8());
        }
        self.width = cells.len();
        Some(Record { line, cells: if is_too_wide { Err(Malformed::TooManyCells) } else { Ok(cells) } })
    }
}

/// How many lines end in a text: CRLF ends one.
fn line_ends(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let followers = bytes.iter().skip(1).map(Some).chain(iter::once(None));
    let is_end = |(byte, next): &(&u8, Option<&u8>)| **byte == b'\n' || (**byte == b'\r' && *next != Some(&b'\n'));
    u32::try_from(bytes.iter().zip(followers).filter(is_end).count()).unwrap_or(u32::MAX)
}

/// Reads the records of a text with a header line and commas, each with its line or what is wrong with it.
pub fn each<T: DeserializeOwned>(text: &str) -> impl Iterator<Item = (u32, Result<T, String>)> {
    let mut records = Reader::new(text, ',');
    let header = records.next().map_or(Ok(Vec::new()), |header| header.cells).map(csv::StringRecord::from);
    records.map(move |Record { line, cells }| {
        let read = || {
            let header = header.as_ref().map_err(|why| format!("the header {why}"))?;
            let cells = cells.map_err(|why| why.to_string())?;
            if cells.len() != header.len() {
                return Err(format!("has {} cells, and the header {}", cells.len(), header.len()));
            }
            csv::StringRecord::from(cells).deserialize(Some(header)).map_err(|error| error.to_string())
        };
        (line, read())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, delimiter: char) -> Vec<(u32, Result<Vec<String>, Malformed>)> {
        let owned = |cells: Vec<Cow<'_, str>>| cells.into_iter().map(Cow::into_owned).collect();
        Reader::new(text, delimiter).map(|record| (record.line, record.cells.map(owned))).collect()
    }

    fn cells<const N: usize>(cells: [&str; N]) -> Vec<String> {
        cells.map(str::to_owned).into()
    }

    #[test]
    fn what_is_quoted_wrongly_is_refused_and_the_next_row_is_read() {
        use Malformed::{QuoteInside, TextAfterQuote};
        for (broken, why) in [
            ("a,\"Commune \"Dar Chaoui\"\"", TextAfterQuote(2)),
            ("a,\"b\" ", TextAfterQuote(2)),
            ("a,\"b\"\"\"c", TextAfterQuote(2)),
            ("\"a\"b,c", TextAfterQuote(2)),
            ("a,b\"c", QuoteInside(2)),
            ("a, \"b\"", QuoteInside(2)),
            ("a,\"b\nc\"d", TextAfterQuote(3)),
        ] {
            let lines = u32::try_from(broken.lines().count()).unwrap();
            let text = format!("x,y\n{broken}\n\"1\",2\n");
            assert_eq!(read(&text, ',')[1..], [(2, Err(why)), (2 + lines, Ok(cells(["1", "2"])))], "{broken}");
            let text = text.replace('\n', "\r\n").replace(',', ";");
            assert_eq!(read(&text, ';')[1..], [(2, Err(why)), (2 + lines, Ok(cells(["1", "2"])))], "{broken}");
        }
    }

    #[test]
    fn a_record_has_a_bound_also_over_several_lines() {
        let most = ",".repeat(MOST_CELLS - 1);
        assert_eq!(read(&most, ',')[0].1.as_ref().unwrap().len(), MOST_CELLS);
        let many = format!("{most},\"\n\"{most}\nb");
        let found = read(&many, ',');
        assert_eq!(found[0], (1, Err(Malformed::TooManyCells)));
        assert_eq!(found.last(), Some(&(3, Ok(cells(["b"])))));
    }

    #[test]
    fn a_text_that_is_cut_inside_a_quoted_cell_is_not_read() {
        assert_eq!(read("x\n\"a\nb", ','), [(1, Ok(cells(["x"]))), (2, Err(Malformed::Unclosed(2)))]);
        assert_eq!(read("x\n\"a\"\"", ',')[1], (2, Err(Malformed::Unclosed(2))));
        assert_eq!(read("\"", ','), [(1, Err(Malformed::Unclosed(1)))]);
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let lf = "a,b\n\n\"1\n2\n\",3\n4,5";
        let expected = |end: &str| {
            vec![
                (1, Ok(cells(["a", "b"]))),
                (3, Ok(cells([&format!("1{end}2{end}"), "3"]))),
                (6, Ok(cells(["4", "5"]))),
            ]
        };
        for end in ["\n", "\r\n", "\r"] {
            assert_eq!(read(&lf.replace('\n', end), ','), expected(end), "{end:?}");
        }
    }

    type Row = (String, u8);

    #[test]
    fn records_are_read_into_types_with_their_lines() {
        let found: Vec<(u32, Result<Row, String>)> = each("a,b\n\"x\ny\",1\nz,2\nz\nz,300\n\"z\"z,1\n").collect();
        assert_eq!(found[..2], [(2, Ok(("x\ny".to_owned(), 1))), (4, Ok(("z".to_owned(), 2)))]);
        let why = |at: usize| found[at].1.as_ref().unwrap_err().as_str();
        assert_eq!((found[2].0, why(2)), (5, "has 1 cells, and the header 2"));
        assert!(found[3].0 == 6 && found[4].0 == 7 && why(4).contains("line 7"), "{found:?}");
    }

    /// Tables of cells that have everything that must be quoted.
    fn tables() -> impl Strategy<Value = Vec<Vec<String>>> {
        (1usize..4).prop_flat_map(|width| {
            let cell = "[a-zé,;\"\r\n\t ']{0,6}";
            prop::collection::vec(prop::collection::vec(cell, width), 0..5)
        })
    }

    proptest! {
        #[test]
        fn what_a_writer_writes_is_read_as_it_was(
            table in tables(), comma in any::<bool>(), crlf in any::<bool>(), always in any::<bool>()
        ) {
            let delimiter = if comma { ',' } else { ';' };
            let mut writer = csv::WriterBuilder::new()
                .delimiter(u8::try_from(delimiter).unwrap())
                .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
                .quote_style(if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
                .flexible(true)
                .from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let found: Vec<Vec<String>> = read(&text, delimiter).into_iter().map(|(_, cells)| cells.unwrap()).collect();
            prop_assert_eq!(found, table, "{}", text);
        }

        #[test]
        fn what_is_accepted_is_read_as_by_others(text in "[a-c,;\"\r\n ]{0,24}") {
            let strict = read(&text, ',');
            let mut lenient = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            if let Ok(strict) = strict.into_iter().map(|(_, cells)| cells).collect::<Result<Vec<_>, _>>() {
                let lenient: Vec<Vec<String>> =
                    lenient.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
                prop_assert_eq!(strict, lenient);
            }
        }

        #[test]
        fn what_is_cut_off_inside_quotes_is_never_accepted(table in tables(), cut in any::<prop::sample::Index>()) {
            let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
            let rows: Vec<String> = table.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",")).collect();
            let text = rows.join("\n");
            let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            if !ends.is_empty() {
                let cut = &text[..*cut.get(&ends)];
                let is_open = cut.matches('"').count() % 2 == 1;
                let is_refused = matches!(read(cut, ',').last(), Some((_, Err(Malformed::Unclosed(_)))));
                prop_assert_eq!(is_refused, is_open, "{}", cut);
            }
        }

        #[test]
        fn lines_are_those_of_the_text(text in "[ab,\"\r\n]{0,24}") {
            let ends = text.replace("\r\n", "\n").matches(['\r', '\n']).count();
            let mut reader = Reader::new(&text, ',');
            for record in reader.by_ref() {
                prop_assert!(usize::try_from(record.line).unwrap() <= ends + 1);
            }
            prop_assert_eq!(usize::try_from(reader.line).unwrap(), ends + 1);
        }
    }
}
