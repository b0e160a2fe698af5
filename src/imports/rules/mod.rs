//! What an import is asked to do, and what it says of what it did. Pure.

mod reading;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{
    audit::Collection,
    codes::{Pattern, codes},
    id::Identifier,
    paging,
    register::{Counts, Difference, Fault, Likeness, Source},
};

pub use self::reading::{MOST_ROWS, Unreadable, each_row, most_rows};

/// A collection of which lists can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportedResource)]
pub enum Resource {
    /// Members.
    Members,
    /// Territories.
    Territories,
    /// Projects of action programmes.
    Projects,
    /// Measurements of indicators.
    Measurements,
}

codes!(Resource { Members => "members", Territories => "territories", Projects => "projects", Measurements => "measurements" });

impl Resource {
    /// The same in the audit.
    #[must_use]
    pub const fn collection(self) -> Collection {
        match self {
            Self::Members => Collection::Members,
            Self::Territories => Collection::Territories,
            Self::Projects => Collection::Projects,
            Self::Measurements => Collection::Measurements,
        }
    }
}

/// What a list stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportMode)]
pub enum Mode {
    /// For what it names: the rest stays.
    Upsert,
    /// For all of its source: what it does not name ends.
    Replace,
}

codes!(Mode { Upsert => "upsert", Replace => "replace" });

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportFormat)]
pub enum Format {
    /// A table with a header line, with commas or semicolons.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// A JSON array of objects.
    Json,
}

codes!(Format { Csv => "csv", Ndjson => "ndjson", Json => "json" });

/// How the template of a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TemplateFormat {
    /// The header line of a table.
    Csv,
    /// A JSON Schema of a row.
    Schema,
}

codes!(TemplateFormat { Csv => "csv", Schema => "schema" });

/// A whole number from 0 to 100,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number(pub u32);

impl std::str::FromStr for Number {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number @ 0..=100_000) if digits => Ok(Self(number)),
            _ => Err("is not a whole number from 0 to 100000"),
        }
    }
}

impl Pattern for Number {
    fn pattern() -> String {
        "([0-9]{1,5}|100000)".to_owned()
    }
}

/// The digest of a plan: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanHash(String);

impl PlanHash {
    /// The digest as text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl std::str::FromStr for PlanHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if sound { Ok(Self(text.to_owned())) } else { Err("is not the plan_hash of a report, 64 hexadecimal digits") }
    }
}

impl Pattern for PlanHash {
    fn pattern() -> String {
        "[0-9a-f]{64}".to_owned()
    }
}

/// What an import is asked to do.
#[derive(Debug, Clone)]
pub struct Order {
    /// With which collection.
    pub resource: Resource,
    /// What the list stands for.
    pub mode: Mode,
    /// Only to say what would happen.
    pub dry_run: bool,
    /// How many resources may end.
    pub confirm_withdrawals: Option<u32>,
    /// The plan that it must be.
    pub plan_hash: Option<String>,
    /// How the list is written.
    pub format: Format,
    /// Digest of the list's bytes, as 64 hexadecimal digits.
    pub content_sha256: String,
    /// Who asks; nobody on the command line.
    pub importer: Option<Importer>,
}

/// Whose an import is. Who has become something else since does not see its report any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Importer {
    /// The account's id.
    pub account_id: String,
    /// As what the account acts: its role, with the member that it speaks for.
    pub standing: String,
}

impl Order {
    /// The part of the order that a plan depends on.
    #[must_use]
    pub fn options(&self, source: &Source) -> String {
        format!("{} {} {source}", self.resource.as_str(), self.mode.as_str())
    }

    /// What ends, if so much does that it must be confirmed: more than a tenth of what is in force.
    #[must_use]
    pub fn to_confirm(&self, withdrawn: u32, in_force: usize) -> Option<u32> {
        let many = usize::try_from(withdrawn).unwrap_or(usize::MAX).saturating_mul(10) > in_force;
        (withdrawn > 0 && many && self.confirm_withdrawals != Some(withdrawn)).then_some(withdrawn)
    }
}

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportOutcome)]
pub enum Outcome {
    /// A dry run: this is what a real one would do.
    Previewed,
    /// It was done.
    Applied,
    /// Nothing was done, because of the problems.
    Refused,
}

codes!(Outcome { Previewed => "previewed", Applied => "applied", Refused => "refused" });

/// What an import says of what it did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The collection.
    pub resource: Resource,
    /// What the list stands for.
    pub mode: Mode,
    /// Whether it was only to say what would happen.
    pub dry_run: bool,
    /// Whose list it is.
    pub source: Source,
    /// How the list is written.
    pub format: Format,
    /// What came of it.
    pub outcome: Outcome,
    /// The digest of the plan; none where there are problems.
    pub plan_hash: Option<String>,
    /// Digest of the list's bytes.
    pub content_sha256: String,
    /// How many rows came to what.
    pub counts: Counts,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// Whether that is all.
    pub faults_complete: bool,
    /// New resources that may be there already.
    pub likenesses: Vec<Likeness>,
    /// How many withdrawals must be confirmed.
    pub withdrawals_to_confirm: Option<u32>,
}

/// A stored report.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: Identifier,
    /// When the import ran.
    pub created_at: DateTime<Utc>,
    /// What it says.
    pub report: Report,
}

/// A row of an import that is not as the resource was.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its place in the order of the natural keys.
    pub position: i64,
    /// Its number among the rows of the file; none for what no row names.
    pub row: Option<i64>,
    /// The line that it begins on.
    pub line: Option<i64>,
    /// What it comes to.
    pub action: String,
    /// The natural key.
    pub key: String,
    /// The resource's id; none for a new one.
    pub resource_id: Option<Identifier>,
    /// What it changes.
    pub differences: Vec<Difference>,
}

/// What a row comes to, to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum RowAction {
    /// It adds a resource.
    Created,
    /// It changes one.
    Updated,
    /// A resource that no row names ends.
    Withdrawn,
}

codes!(RowAction { Created => "created", Updated => "updated", Withdrawn => "withdrawn" });

/// What reports can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// The time.
    CreatedAt,
}

codes!(SortKey { CreatedAt => "created_at" });

/// Which reports are looked for, and in what order.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// The collection.
    pub resource: Option<Resource>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// Whose imports; everybody's where there is none.
    pub importer: Option<Importer>,
    /// The order.
    pub order: paging::Order<SortKey>,
}

/// Which rows of an import are looked for.
#[derive(Debug, Clone, Serialize)]
pub struct RowFilters {
    /// The import.
    pub import_id: Identifier,
    /// What they come to, any of which.
    pub actions: Vec<RowAction>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;

    #[test]
    fn reports_spell_the_codes_as_the_parameters_do() {
        assert_codes(Resource::ALL, Resource::as_str);
        assert_codes(Mode::ALL, Mode::as_str);
        assert_codes(Format::ALL, Format::as_str);
        assert_codes(Outcome::ALL, Outcome::as_str);
    }

    #[test]
    fn more_than_a_tenth_must_be_confirmed_to_the_number() {
        let order = |confirm_withdrawals| Order {
            resource: Resource::Members,
            mode: Mode::Replace,
            dry_run: false,
            confirm_withdrawals,
            plan_hash: None,
            format: Format::Csv,
            content_sha256: String::new(),
            importer: None,
        };
        assert_eq!(order(None).to_confirm(10, 100), None);
        assert_eq!(order(None).to_confirm(11, 100), Some(11));
        assert_eq!(order(Some(10)).to_confirm(11, 100), Some(11));
        assert_eq!(order(Some(11)).to_confirm(11, 100), None);
        assert_eq!(order(None).to_confirm(0, 0), None);
        assert_eq!(order(None).to_confirm(1, 1), Some(1));
    }
}
