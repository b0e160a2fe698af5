//! Reads lists: CSV with a header line, NDJSON and JSON, row by row, so that no more of a file is held than one row. What
//! makes a whole file unreadable ends the reading; what is wrong with a row is noted, and the next one is read.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer as _,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::Format;
use crate::kernel::{
    delimited::{Reader, Record},
    patch::Patch,
    register::{At, Cell, Column, Fault},
    spreadsheet::restore,
    text::{nearest, shown},
};

/// The most rows of a list.
pub const MOST_ROWS: u32 = 100_000;
/// The most bytes of a line, and of a value in JSON: no row needs so many, and more would take many times as much memory.
const MOST_LINE_BYTES: usize = 1 << 16;
/// The most properties of a row in JSON, known or not.
const MOST_PROPERTIES: usize = 200;

/// Why a file can't be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not what it claims to be.
    Form(String),
    /// It has a column that is unknown or stands there twice.
    Column {
        /// The column's name.
        name: String,
        /// What is wrong with it.
        detail: String,
    },
    /// It has too many rows.
    TooLong,
}

/// Who takes the rows; says whether to go on.
pub type Take<'t> = dyn FnMut(At, Result<&[Cell<'_>], Vec<Fault>>) -> bool + 't;

/// Reads every row of a file, until `take` has had enough.
///
/// # Errors
/// What makes the whole file unreadable.
pub fn each_row(
    format: Format,
    bytes: &[u8],
    columns: &'static [Column],
    take: &mut Take<'_>,
) -> Result<(), Unreadable> {
    let text = decode(bytes)?;
    if let Some(long) = text.split('\n').position(|line| format != Format::Json && line.len() > MOST_LINE_BYTES) {
        let detail = format!("Line {} has more than {MOST_LINE_BYTES} bytes.", long + 1);
        return Err(Unreadable::Form(detail));
    }
    match format {
        Format::Csv => csv(text, columns, take),
        Format::Ndjson => ndjson(text, columns, take),
        Format::Json => json(text, columns, take),
    }
}

/// The most rows that a file can have, so that there is room for all of them from the beginning: a list that grows is
/// copied, and for a moment there twice.
#[must_use]
pub fn most_rows(format: Format, bytes: &[u8]) -> usize {
    let mark = if format == Format::Json { b'{' } else { b'\n' };
    let most = usize::try_from(MOST_ROWS).unwrap_or(usize::MAX);
    // The last line may have no end.
    bytes.iter().filter(|byte| **byte == mark).take(most).count() + 1
}

/// The text of a file: UTF-8, with or without a byte order mark.
fn decode(bytes: &[u8]) -> Result<&str, Unreadable> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Unreadable::Form("The file is in UTF-16; save it as UTF-8 (in Excel: CSV UTF-8).".to_owned()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        let detail = format!(
            "The file is not UTF-8: line {line} has a byte that is none. It may be in Windows-1252 or ISO 8859; save it as UTF-8 (in Excel: CSV UTF-8)."
        );
        Unreadable::Form(detail)
    })
}

fn csv(text: &str, columns: &'static [Column], take: &mut Take<'_>) -> Result<(), Unreadable> {
    let mut records = Reader::new(text, delimiter(text));
    let header = match records.next() {
        Some(Record { cells: Ok(names), .. }) if names.iter().any(|name| !name.trim().is_empty()) => names,
        Some(Record { cells: Err(why), .. }) => return Err(Unreadable::Form(format!("The header line {why}."))),
        _ => return Err(Unreadable::Form("The file has no header line with the names of the columns.".to_owned())),
    };
    let places = places(header.iter().map(AsRef::as_ref), columns)?;
    let mut row = 0;
    for Record { line, cells: record } in records {
        if record.as_ref().is_ok_and(|record| is_blank(record, header.len())) {
            continue;
        }
        row = next(row)?;
        let at = At { row, line: Some(line) };
        let refuse = |code, detail| vec![Fault::of(at, "", code, detail)];
        let go_on = match record {
            Ok(record) if record.len() == header.len() => {
                let mut cells: Vec<Cell<'_>> = columns.iter().map(|_| Patch::Absent).collect();
                for (text, place) in record.iter().zip(&places) {
                    if let Some(cell) = cells.get_mut(*place) {
                        let text = match restore(text) {
                            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
                        };
                        *cell = if text.is_empty() { Patch::Null } else { Patch::Value(text) };
                    }
                }
                take(at, Ok(&cells))
            }
            Ok(record) => {
                let detail = format!("The row has {} cells, and the header {}.", record.len(), header.len());
                take(at, Err(refuse("wrong_cell_count", detail)))
            }
            Err(why) => take(at, Err(refuse("malformed_row", format!("The row {why}.")))),
        };
        if !go_on {
            break;
        }
    }
    Ok(())
}

/// What separates the cells of a table: what its header line has more of.
fn delimiter(text: &str) -> char {
    let header = text.lines().find(|line| !line.is_empty()).unwrap_or_default();
    if count(header, ';') > count(header, ',') { ';' } else { ',' }
}

/// Whether a row says nothing: an empty line, or one of empty cells for every column, as spreadsheets write them. One of
/// some empty cells is a row that was cut off.
fn is_blank(record: &[Cow<'_, str>], columns: usize) -> bool {
    (record.len() == 1 || record.len() == columns) && record.iter().all(|cell| cell.trim().is_empty())
}

/// How often a character stands in a line outside of quotes.
fn count(line: &str, wanted: char) -> usize {
    let mut quoted = false;
    line.chars()
        .filter(|c| {
            quoted ^= *c == '"';
            *c == wanted && !quoted
        })
        .count()
}

/// Where the columns of a file stand among the known ones.
fn places<'a>(names: impl Iterator<Item = &'a str>, columns: &[Column]) -> Result<Vec<usize>, Unreadable> {
    let mut places: Vec<usize> = Vec::new();
    for name in names {
        let place = place(name, columns).ok_or_else(|| unknown(name, columns))?;
        if places.contains(&place) {
            let name = shown(name.trim());
            let detail = format!("{name} stands in the file twice, perhaps under another name.");
            return Err(Unreadable::Column { name, detail });
        }
        places.push(place);
    }
    Ok(places)
}

fn place(name: &str, columns: &[Column]) -> Option<usize> {
    let name = name.trim();
    let is_it = |column: &Column| {
        column.name.eq_ignore_ascii_case(name) || column.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    };
    columns.iter().position(is_it)
}

fn unknown(name: &str, columns: &[Column]) -> Unreadable {
    let name = shown(name.trim());
    let known: Vec<&str> =
        columns.iter().flat_map(|column| [column.name].into_iter().chain(column.aliases.iter().copied())).collect();
    let detail = if let Some(nearest) = nearest(&name, &known) {
        format!("{name} is no column of this list. Did you mean {nearest}?")
    } else {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        format!("{name} is no column of this list. Known are: {}.", names.join(", "))
    };
    Unreadable::Column { name, detail }
}

fn next(row: u32) -> Result<u32, Unreadable> {
    if row >= MOST_ROWS { Err(Unreadable::TooLong) } else { Ok(row + 1) }
}

fn ndjson(text: &str, columns: &'static [Column], take: &mut Take<'_>) -> Result<(), Unreadable> {
    let mut row = 0;
    for (line, number) in text.lines().zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        row = next(row)?;
        let at = At { row, line: Some(number) };
        let go_on = match serde_json::from_str::<Pairs>(line) {
            Ok(pairs) => take_pairs(at, pairs, columns, take),
            Err(error) => {
                let detail = format!("The line is no JSON object: {}.", in_line(&error));
                take(at, Err(vec![Fault::of(at, "", "no_object", detail)]))
            }
        };
        if !go_on {
            break;
        }
    }
    Ok(())
}

/// What is wrong with a line of JSON that was read by itself, so that its own number says nothing.
fn in_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let why = text.split(" at line ").next().unwrap_or(&text);
    if error.is_eof() { format!("{why} (is the file cut off?)") } else { format!("{why} at column {}", error.column()) }
}

fn json(text: &str, columns: &'static [Column], take: &mut Take<'_>) -> Result<(), Unreadable> {
    let mut stopped = None;
    let mut reader = serde_json::Deserializer::from_str(text);
    let rows = Rows { columns, take, stopped: &mut stopped };
    let outcome = reader.deserialize_seq(rows).and_then(|()| reader.end());
    match (stopped, outcome) {
        (Some(Stop::TooLong), _) => Err(Unreadable::TooLong),
        (Some(Stop::Enough), _) | (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(Unreadable::Form(format!("The file is no JSON array of objects: {error}."))),
    }
}

/// Why an array is not read to its end.
enum Stop {
    Enough,
    TooLong,
}

/// Takes the objects of an array one by one.
struct Rows<'r, 't> {
    columns: &'static [Column],
    take: &'r mut Take<'t>,
    stopped: &'r mut Option<Stop>,
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let stop = || serde::de::Error::custom("stopped");
        let mut row = 0;
        while let Some(pairs) = rows.next_element::<Pairs>()? {
            if row >= MOST_ROWS {
                *self.stopped = Some(Stop::TooLong);
                return Err(stop());
            }
            row += 1;
            if !take_pairs(At { row, line: None }, pairs, self.columns, self.take) {
                *self.stopped = Some(Stop::Enough);
                return Err(stop());
            }
        }
        Ok(())
    }
}

/// The properties of an object as they stand there: nothing is lost when a name stands twice.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Properties;

        impl<'de> Visitor<'de> for Properties {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::with_capacity(16);
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if pairs.len() >= MOST_PROPERTIES || value.get().len() > MOST_LINE_BYTES {
                        let bounds = format!("{MOST_PROPERTIES} properties of {MOST_LINE_BYTES} bytes");
                        return Err(serde::de::Error::custom(format!("a row has at most {bounds}")));
                    }
                    pairs.push((name, serde_json::from_str(value.get()).map_err(serde::de::Error::custom)?));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Properties)
    }
}

fn take_pairs(at: At, Pairs(pairs): Pairs, columns: &'static [Column], take: &mut Take<'_>) -> bool {
    let mut cells: Vec<Cell<'_>> = columns.iter().map(|_| Patch::Absent).collect();
    let mut faults = Vec::new();
    let mut refuse = |name: &str, code: &'static str, detail: String| {
        let column = Some(Cow::Owned(shown(name)));
        faults.push(Fault { at: Some(at), column, code: Cow::Borrowed(code), detail });
    };
    for (name, value) in pairs {
        let Some(place) = place(&name, columns) else {
            if let Unreadable::Column { name, detail } = unknown(&name, columns) {
                refuse(&name, "unknown_property", detail);
            }
            continue;
        };
        let Some(cell) = cells.get_mut(place) else { continue };
        if cell.is_named() {
            refuse(&name, "repeated_property", format!("{} stands here twice.", shown(&name)));
            continue;
        }
        match text_of(value) {
            Ok(text) => *cell = text.map_or(Patch::Null, |text| Patch::Value(Cow::Owned(text))),
            Err(why) => refuse(&name, "invalid_value", format!("{} {why}.", shown(&name))),
        }
    }
    if faults.is_empty() { take(at, Ok(&cells)) } else { take(at, Err(faults)) }
}

/// The text that a JSON value would be in a table.
fn text_of(value: Value) -> Result<Option<String>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Array(items) => {
            let pairs: Option<Vec<String>> = items.iter().map(pair_of).collect();
            let pairs = pairs.ok_or("is no list of objects with scheme and value, without = and ; in them")?;
            Ok(Some(pairs.join(";")).filter(|text| !text.is_empty()))
        }
        Value::Bool(_) | Value::Object(_) => Err("is neither a text, nor a number, nor null"),
    }
}

/// An identifier, as the API writes it, in the form of a cell.
fn pair_of(item: &Value) -> Option<String> {
    let object = item.as_object().filter(|object| object.len() == 2)?;
    let part = |name: &str| object.get(name)?.as_str().filter(|text| !text.contains(';'));
    let (scheme, value) = (part("scheme")?, part("value")?);
    (!scheme.contains('=')).then(|| format!("{scheme}={value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COLUMNS: &[Column] = &[
        Column { name: "code", aliases: &["identifiant"], about: "", pattern: None, example: "" },
        Column { name: "name_fr", aliases: &["nom"], about: "", pattern: None, example: "" },
    ];

    type Found = Vec<(u32, Option<u32>, Row)>;

    fn read(format: Format, bytes: &[u8]) -> Result<Found, Unreadable> {
        let mut found = Vec::new();
        each_row(format, bytes, COLUMNS, &mut |at, row| {
            let row = match row {
                Ok(cells) => Ok(cells
                    .iter()
                    .map(|cell| if let Patch::Value(text) = cell { Some(text.to_string()) } else { None })
                    .collect()),
                Err(faults) => Err(faults[0].code.to_string()),
            };
            found.push((at.row, at.line, row));
            true
        })?;
        Ok(found)
    }

    type Row = Result<Vec<Option<String>>, String>;

    fn cells(code: &str, name: Option<&str>) -> Row {
        [Some(code), name].into_iter().map(|cell| Ok(cell.map(str::to_owned))).collect()
    }

    #[test]
    fn the_same_table_in_every_dress() {
        let expected = vec![(1, Some(2), cells("01", Some("a, \"b\""))), (2, Some(3), cells("02", None))];
        for table in [
            "code,name_fr\n01,\"a, \"\"b\"\"\"\n02,\n",
            "\u{feff}code,name_fr\r\n01,\"a, \"\"b\"\"\"\r\n02,\r\n",
            "Identifiant;NOM\n01;\"a, \"\"b\"\"\"\n02;\n",
            "code ; nom\r\n 01 ;\"a, \"\"b\"\"\"\r\n02;\r\n;\r\n",
        ] {
            assert_eq!(read(Format::Csv, table.as_bytes()).unwrap(), expected, "{table}");
        }
        let lines = "{\"code\": \"01\", \"nom\": \"a, \\\"b\\\"\"}\n\n{\"code\": \"02\", \"name_fr\": null}\n";
        let found = read(Format::Ndjson, lines.as_bytes()).unwrap();
        assert_eq!(found, vec![(1, Some(1), cells("01", Some("a, \"b\""))), (2, Some(3), cells("02", None))]);
        let array = "[{\"code\": \"01\", \"nom\": \"a, \\\"b\\\"\"}, {\"code\": \"02\", \"name_fr\": \" \"}]";
        let found = read(Format::Json, array.as_bytes()).unwrap();
        assert_eq!(found, vec![(1, None, cells("01", Some("a, \"b\""))), (2, None, cells("02", None))]);
    }

    #[test]
    fn what_was_defused_for_spreadsheets_is_restored() {
        let found = read(Format::Csv, b"code,nom\n01,'=1+1;'=2;'b\n02,'A\n").unwrap();
        let restored = cells("01", Some("=1+1;=2;'b"));
        assert_eq!(found, vec![(1, Some(2), restored), (2, Some(3), cells("02", Some("'A")))]);
    }

    #[test]
    fn other_encodings_are_named() {
        let why = |bytes: &[u8]| match read(Format::Csv, bytes) {
            Err(Unreadable::Form(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(why(b"code,nom\n01,F\xe8s\n").contains("line 2"));
        assert!(why(b"\xff\xfec\0o\0").contains("UTF-16"));
        assert!(why(b"").contains("header"));
    }

    #[test]
    fn unknown_and_repeated_columns_end_the_reading() {
        let refused = |table: &str| match read(Format::Csv, table.as_bytes()) {
            Err(Unreadable::Column { name, detail }) => (name, detail),
            other => panic!("{other:?}"),
        };
        assert_eq!(refused("cod,nom\n").1, "cod is no column of this list. Did you mean code?");
        assert_eq!(refused("code,identifiant\n").0, "identifiant");
    }

    #[test]
    fn a_broken_row_does_not_hide_the_others() {
        let found = read(Format::Csv, b"code,nom\n01\n02,b\n").unwrap();
        assert_eq!(found, vec![(1, Some(2), Err("wrong_cell_count".to_owned())), (2, Some(3), cells("02", Some("b")))]);
        let lines = b"{\"code\": 1, \"x\": 2}\n[]\n{\"code\": \"02\", \"code\": \"03\"}\n{\"code\": true}\n";
        let found: Vec<_> =
            read(Format::Ndjson, lines).unwrap().into_iter().map(|(.., row)| row.unwrap_err()).collect();
        assert_eq!(found, ["unknown_property", "no_object", "repeated_property", "invalid_value"]);
        assert!(matches!(read(Format::Json, b"[{\"code\": \"01\"}, 7]"), Err(Unreadable::Form(_))));
        assert!(matches!(read(Format::Json, b"[{\"code\": \"01\"}] []"), Err(Unreadable::Form(_))));
    }

    #[test]
    fn a_row_that_is_quoted_wrongly_or_cut_off_is_refused_with_its_line() {
        let refused = |code: &str| Err(code.to_owned());
        for end in ["\n", "\r\n"] {
            let table =
                "code,nom\n\"0\n1\",a\n02,\"Commune \"Dar Chaoui\"\"\n03,b\"c\n\n04,\"d\"\n,\n05".replace('\n', end);
            let found = read(Format::Csv, table.as_bytes()).unwrap();
            let expected = [
                (2, refused("malformed_row")),
                (3, refused("malformed_row")),
                (4, cells("04", Some("d"))),
                (5, refused("wrong_cell_count")),
            ];
            let lines = [4, 5, 7, 9];
            for ((row, line, what), ((number, expected), expected_line)) in
                found[1..].iter().zip(expected.into_iter().zip(lines))
            {
                assert_eq!((*row, *line, what), (number, Some(expected_line), &expected));
            }
            assert_eq!(found.len(), 5);
        }
        let cut = read(Format::Csv, b"code;nom\n01;\"a\"\n02;\"b; c\nd").unwrap();
        assert_eq!(cut[1..], [(2, Some(3), refused("malformed_row"))]);
        let some_empty_cells = read(Format::Csv, "code,nom\n,\n \n,,\n".as_bytes()).unwrap();
        assert_eq!(some_empty_cells, [(1, Some(4), refused("wrong_cell_count"))]);
        assert!(matches!(read(Format::Csv, b"code,\"no\"m\n"), Err(Unreadable::Form(why)) if why.contains("line 1")));
        let cut = read(Format::Ndjson, b"{\"code\": \"01\"}\n{\"code\": \"02\", \"no").unwrap();
        assert_eq!(cut[1..], [(2, Some(2), refused("no_object"))]);
    }

    proptest! {
        #[test]
        fn json_that_is_cut_off_is_never_taken_whole(rows in 1usize..5, cut in any::<prop::sample::Index>()) {
            let row = |at: usize| format!("{{\"code\": \"{at}\", \"nom\": \"a, [b]\"}}");
            let array = format!("[{}]", (0..rows).map(row).collect::<Vec<_>>().join(",\n"));
            let cut_at = cut.index(array.len());
            prop_assert!(matches!(read(Format::Json, &array.as_bytes()[..cut_at]), Err(Unreadable::Form(_))));
            let lines: String = (0..rows).map(|at| row(at) + "\n").collect();
            let text = &lines[..cut.index(lines.len())];
            let found = read(Format::Ndjson, text.as_bytes()).unwrap();
            let is_whole = text.is_empty() || text.ends_with(['}', '\n']);
            prop_assert_eq!(found.iter().all(|(.., row)| row.is_ok()), is_whole, "{}", text);
            if !is_whole {
                prop_assert_eq!(usize::try_from(found.last().unwrap().1.unwrap()).unwrap(), text.lines().count());
            }
        }
    }

    #[test]
    fn rows_have_bounds() {
        let why = |format, text: &str| match read(format, text.as_bytes()) {
            Err(Unreadable::Form(why)) => why,
            Ok(found) => found[0].2.clone().unwrap_err(),
            other => panic!("{other:?}"),
        };
        let commas = ",".repeat(70_000);
        assert!(why(Format::Csv, &format!("code\n{commas}\n")).contains("Line 2"));
        assert!(why(Format::Csv, &commas).contains("Line 1"));
        let long = format!("[{{\"code\": [{}1]}}]", "1,".repeat(40_000));
        assert!(why(Format::Json, &long).contains("at most"), "{}", why(Format::Json, &long));
        let many: Vec<String> = (0..300).map(|at| format!("\"p{at}\": 1")).collect();
        assert_eq!(why(Format::Ndjson, &format!("{{{}}}", many.join(","))), "no_object");
        assert!(why(Format::Json, &format!("[{{{}}}]", many.join(","))).contains("200 properties"));
    }

    #[test]
    fn a_list_has_an_end() {
        let rows = "01,a\n".repeat(100_001);
        assert_eq!(read(Format::Csv, format!("code,nom\n{rows}").as_bytes()), Err(Unreadable::TooLong));
        let rows = vec!["{}"; 100_001].join(",");
        assert_eq!(read(Format::Json, format!("[{rows}]").as_bytes()), Err(Unreadable::TooLong));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for format in Format::ALL {
                let _ = read(*format, &bytes);
            }
        }
    }
}
