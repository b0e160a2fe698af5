//! The words for lists that others keep and push here: the columns that a resource can be written down in, one text a
//! cell, the rows that are read from a file, and the ledger in which an import notes what each of them comes to. The
//! same columns make the difference of a row, the plan of an import and the digest by which two registers are compared.

mod texts;

use std::{borrow::Cow, collections::BTreeSet, fmt::Display, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use self::texts::Texts;
use super::{
    http_url,
    id::Slug,
    patch::Patch,
    text::{self, hex},
};
use crate::id::Identifier;

/// Whose list it is: 1 to 40 lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Source(String);

impl Source {
    /// The source as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The source that a name stands for, if it has a Latin letter or a digit.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let slug = Slug::of(&name.chars().take(200).collect::<String>())?.into_string();
        if let Ok(source) = slug.parse() {
            return Some(source);
        }
        // Too long: two that differ only behind its end must not be one.
        let (short, digest) = (slug.chars().take(31).collect::<String>(), hex(&Sha256::digest(name)));
        format!("{}-{}", short.trim_end_matches('-'), digest.get(..8)?).parse().ok()
    }
}

impl FromStr for Source {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if sound && (1..=40).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("is not a source of 1 to 40 lower-case letters, digits and hyphens")
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A column of a register.
#[derive(Debug)]
pub struct Column {
    /// Its name, as files and problems spell it.
    pub name: &'static str,
    /// Other names under which files may have it.
    pub aliases: &'static [&'static str],
    /// What its cells say and how they are written.
    pub about: &'static str,
    /// The form of its cells, as a regular expression; any line of text where there is none.
    pub pattern: Option<&'static str>,
    /// An example.
    pub example: &'static str,
}

impl Column {
    /// A column; what its cells say stands beside an example of it.
    #[must_use]
    pub const fn new(
        name: &'static str,
        aliases: &'static [&'static str],
        (about, example): (&'static str, &'static str),
        pattern: Option<&'static str>,
    ) -> Self {
        Self { name, aliases, about, pattern, example }
    }
}

/// A cell of a row: absent when the file has no such column, null when it is empty.
pub type Cell<'a> = Patch<Cow<'a, str>>;

/// The cells of a resource, in the order of its columns; `None` where it has no value.
pub type Cells = Vec<Option<String>>;

/// The place of a row in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// Its number among the rows, from 1; a CSV header is none.
    pub row: u32,
    /// The line that it begins on, from 1; none in a JSON array.
    pub line: Option<u32>,
}

/// Something that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The row; none where it is about the whole.
    pub at: Option<At>,
    /// The column.
    pub column: Option<Cow<'static, str>>,
    /// The stable code.
    pub code: Cow<'static, str>,
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// What a row comes to, unless it is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It adds a resource.
    Created,
    /// It changes one.
    Updated,
    /// A resource that no row names ends.
    Withdrawn,
}

impl Action {
    /// The action as reports spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A cell that a row changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The column.
    pub field: Cow<'static, str>,
    /// What was there.
    pub before: Option<String>,
    /// What is there afterwards.
    pub after: Option<String>,
}

impl Difference {
    /// That a resource changes its keeper.
    #[must_use]
    pub fn of_provenance(before: &impl Display, after: &impl Display) -> Self {
        let (before, after) = (Some(before.to_string()), Some(after.to_string()));
        Self { field: Cow::Borrowed("provenance"), before, after }
    }
}

/// A row that is not as the resource was.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The row; none for what no row names.
    pub at: Option<At>,
    /// What it comes to.
    pub action: Action,
    /// The resource's natural key.
    pub key: String,
    /// The resource's id; none for a new one.
    pub id: Option<Identifier>,
    /// What it changes.
    pub differences: Vec<Difference>,
}

/// A new resource that may be one that is there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likeness {
    /// The row.
    pub at: At,
    /// Its natural key.
    pub key: String,
    /// The natural key of the other one.
    pub like: String,
    /// The name that both have.
    pub name: String,
}

/// How many faults a ledger holds: then reading stops, because nobody reads more of them.
pub const MOST_FAULTS: usize = 1_000;
/// How many likenesses it holds.
const MOST_LIKENESSES: usize = 1_000;

/// How many rows came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows of the file.
    pub rows: u32,
    /// Rows that add a resource.
    pub created: u32,
    /// Rows that change one.
    pub updated: u32,
    /// Rows that say what is there.
    pub unchanged: u32,
    /// Resources that no row names and that end.
    pub withdrawn: u32,
    /// Rows that something is wrong with.
    pub refused: u32,
}

/// What an import has noted so far.
#[derive(Debug, Default)]
pub struct Ledger {
    /// What is wrong, in the order in which it was found.
    pub faults: Vec<Fault>,
    /// New resources that may be there already.
    pub likenesses: Vec<Likeness>,
    /// How many rows came to what, the refused ones apart.
    pub counts: Counts,
    /// Rows that are not as the resource was, to be taken out from time to time.
    pub entries: Vec<Entry>,
    refused: BTreeSet<u32>,
    plan: Sha256,
}

impl Ledger {
    /// Notes a fault, unless there are too many already.
    pub fn refuse(&mut self, fault: Fault) {
        if let Some(at) = fault.at {
            self.refused.insert(at.row);
        }
        if !self.is_full() {
            self.faults.push(fault);
        }
    }

    /// Notes faults.
    pub fn refuse_all(&mut self, faults: Vec<Fault>) {
        for fault in faults {
            self.refuse(fault);
        }
    }

    /// Whether no more faults are noted, so that looking for more is of no use.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.faults.len() >= MOST_FAULTS
    }

    /// Notes that a resource may be another one.
    pub fn suspect(&mut self, likeness: Likeness) {
        if self.likenesses.len() < MOST_LIKENESSES {
            self.likenesses.push(likeness);
        }
    }

    /// Notes a row that says what is there.
    pub fn unchanged(&mut self, key: &str, version: i64) {
        self.counts.unchanged += 1;
        self.plan(key, "unchanged", version);
    }

    /// Notes a row that is not as the resource was at a version (0 for a new one), with what is there afterwards.
    pub fn note(&mut self, entry: Entry, version: i64, after: &[Option<String>]) {
        match entry.action {
            Action::Created => self.counts.created += 1,
            Action::Updated => self.counts.updated += 1,
            Action::Withdrawn => self.counts.withdrawn += 1,
        }
        self.plan(&entry.key, entry.action.as_str(), version);
        self.plan.update(line(after.iter().map(Option::as_deref)));
        self.entries.push(entry);
    }

    fn plan(&mut self, key: &str, action: &str, version: i64) {
        self.plan.update(format!("{key}\t{action}\t{version}\n"));
    }

    /// The counts.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { refused: u32::try_from(self.refused.len()).unwrap_or(u32::MAX), ..self.counts }
    }

    /// The digest of everything that was planned, in its order, under the options of the import.
    #[must_use]
    pub fn plan_hash(&self, options: &str) -> String {
        let mut hash = self.plan.clone();
        hash.update(options);
        hex(&hash.finalize())
    }
}

/// Puts rows into the order of their natural keys, so that nothing depends on their order in the file, and refuses those that
/// are about what a row before them is about, in the column that names it; `what` says that.
pub fn each_once<R, K: Ord>(
    rows: &mut Vec<R>,
    ledger: &mut Ledger,
    place: impl Fn(&R) -> (K, At),
    (column, what): (&'static str, impl Fn(&R) -> String),
) {
    rows.sort_by_cached_key(|row| {
        let (key, at) = place(row);
        (key, at.row)
    });
    let mut first: Option<(K, u32)> = None;
    rows.retain(|row| {
        let (key, at) = place(row);
        if let Some((_, number)) = first.as_ref().filter(|(known, _)| *known == key) {
            let detail = format!("Row {number} is about {}, too; a list names each once.", what(row));
            ledger.refuse(Fault::of(at, column, "repeated_key", detail));
            return false;
        }
        first = Some((key, at.row));
        true
    });
}

/// The line that cells make in a register's digest: joined by tabs and ended by a line feed. Cells are single lines
/// without control characters, so that nothing needs escaping.
pub fn line<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> String {
    let mut line = String::with_capacity(128);
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            line.push('\t');
        }
        line.push_str(cell.unwrap_or_default());
    }
    line.push('\n');
    line
}

/// The cells that differ.
#[must_use]
pub fn differences(columns: &[Column], before: Option<&Cells>, after: &Cells) -> Vec<Difference> {
    let was = |at: usize| before.and_then(|cells| cells.get(at).cloned().flatten());
    let pairs = columns.iter().zip(after).enumerate();
    let differing = pairs.map(|(at, (column, after))| (column.name, was(at), after.clone()));
    let differing = differing.filter(|(_, before, after)| before != after);
    differing.map(|(name, before, after)| Difference { field: Cow::Borrowed(name), before, after }).collect()
}

/// Reads the cells of one row, and notes what is wrong with them.
pub struct RowReader<'a> {
    columns: &'static [Column],
    cells: &'a [Cell<'a>],
    at: At,
    faults: Vec<Fault>,
}

impl<'a> RowReader<'a> {
    /// A reader of cells in the order of the columns.
    #[must_use]
    pub const fn new(columns: &'static [Column], cells: &'a [Cell<'a>], at: At) -> Self {
        Self { columns, cells, at, faults: Vec::new() }
    }

    /// The place of the row.
    #[must_use]
    pub const fn at(&self) -> At {
        self.at
    }

    /// What a type of ours reads in a column.
    pub fn read<T: FromStr<Err: Display>>(&mut self, column: &'static str) -> Patch<T> {
        self.read_with(column, |text| text.parse().map_err(|why: T::Err| why.to_string()))
    }

    /// A line of text in a column.
    pub fn line(&mut self, column: &'static str, most_chars: usize) -> Patch<String> {
        self.read_with(column, |text| text::parse_line(text, most_chars).map_err(|why| why.to_string()))
    }

    /// A link in a column.
    pub fn web_address(&mut self, column: &'static str) -> Patch<String> {
        self.read_with(column, |text| http_url::parse(text).map_err(|why| why.to_string()))
    }

    /// What a function reads in a column; its refusal is a predicate about the column.
    pub fn read_with<T>(&mut self, column: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Patch<T> {
        let position = self.columns.iter().position(|known| known.name == column);
        match position.and_then(|at| self.cells.get(at)) {
            None | Some(Patch::Absent) => Patch::Absent,
            Some(Patch::Null) => Patch::Null,
            Some(Patch::Value(text)) => match read(text) {
                Ok(value) => Patch::Value(value),
                Err(why) => {
                    self.refuse(column, "invalid_value", format!("{column} {why}."));
                    Patch::Absent
                }
            },
        }
    }

    /// A column that the natural key is made of: `which` says what nobody knows without it.
    pub fn key<T: FromStr<Err: Display>>(&mut self, column: &'static str, which: &str) -> Option<T> {
        let value = self.read::<T>(column);
        if !matches!(value, Patch::Value(_)) && !self.has_fault(column) {
            self.refuse(column, "missing_value", format!("{column} is missing: nothing says which {which} it is."));
        }
        value.onto(None)
    }

    /// Notes a fault of the row.
    pub fn refuse(&mut self, column: &'static str, code: &'static str, detail: impl Into<String>) {
        self.faults.push(Fault::of(self.at, column, code, detail));
    }

    /// Whether a column has a fault already.
    #[must_use]
    pub fn has_fault(&self, column: &str) -> bool {
        self.faults.iter().any(|fault| fault.column.as_deref() == Some(column))
    }

    /// Whether anything is wrong so far.
    #[must_use]
    pub const fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// The row, if nothing is wrong with it.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn done<T>(self, row: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() { Ok(row) } else { Err(self.faults) }
    }
}

impl Fault {
    /// A fault in a column of a row.
    #[must_use]
    pub fn of(at: At, column: &'static str, code: &'static str, detail: impl Into<String>) -> Self {
        let column = (!column.is_empty()).then_some(Cow::Borrowed(column));
        Self { at: Some(at), column, code: Cow::Borrowed(code), detail: detail.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column { name: "code", aliases: &[], about: "", pattern: None, example: "" },
        Column { name: "count", aliases: &[], about: "", pattern: None, example: "" },
    ];

    const AT: At = At { row: 1, line: Some(2) };

    #[test]
    fn sources_of_long_names_stay_apart() {
        let source = |name: &str| Source::of(name).unwrap().to_string();
        assert_eq!(source("Averroès"), "averroes");
        let long = "Direction générale des collectivités territoriales";
        let (one, other) = (source(&format!("{long} – Rabat")), source(&format!("{long} – Casablanca")));
        assert!(
            one != other && one.len() <= 40 && one.starts_with("direction-generale-des-collecti-"),
            "{one} {other}"
        );
    }

    #[test]
    fn all_faults_of_a_row_are_noted() {
        let cells = [Patch::Value(Cow::Borrowed("a\u{0}")), Patch::Value(Cow::Borrowed("x"))];
        let mut reader = RowReader::new(COLUMNS, &cells, AT);
        let (_, _) = (reader.line("code", 10), reader.read::<u8>("count"));
        let faults = reader.done(()).unwrap_err();
        let found: Vec<_> = faults.iter().map(|fault| fault.column.as_deref().unwrap()).collect();
        assert_eq!(found, ["code", "count"]);
    }

    #[test]
    fn the_plan_depends_on_what_happens_and_to_what() {
        let entry =
            |key: &str, action| Entry { at: None, action, key: key.to_owned(), id: None, differences: Vec::new() };
        let hash = |key: &str, action, version, cell: &str| {
            let mut ledger = Ledger::default();
            ledger.note(entry(key, action), version, &[Some(cell.to_owned())]);
            ledger.plan_hash("upsert")
        };
        let one = hash("a", Action::Updated, 1, "x");
        assert_eq!(one, hash("a", Action::Updated, 1, "x"));
        for other in [
            hash("b", Action::Updated, 1, "x"),
            hash("a", Action::Created, 1, "x"),
            hash("a", Action::Updated, 2, "x"),
            hash("a", Action::Updated, 1, "y"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_ledger_stops_at_a_thousand_faults_and_counts_rows_once() {
        let mut ledger = Ledger::default();
        for row in 1..=2_000 {
            ledger.refuse(Fault::of(At { row: row / 2 + 1, line: None }, "code", "x", "y"));
        }
        assert_eq!((ledger.faults.len(), ledger.counts().refused), (1_000, 1_001));
    }

    #[test]
    fn only_cells_that_differ_are_differences() {
        let before = vec![Some("a".to_owned()), None];
        let after = vec![Some("a".to_owned()), Some("2".to_owned())];
        let found = differences(COLUMNS, Some(&before), &after);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].field.as_ref(), found[0].before.as_deref(), found[0].after.as_deref()),
            ("count", None, Some("2"))
        );
        assert_eq!(differences(COLUMNS, None, &after).len(), 2);
    }
}
