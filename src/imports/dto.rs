//! Imports as the API shows them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};

use super::rules::{
    Filters, Format, Importer, MOST_ROWS, Mode, Number, Outcome, PlanHash, Report, Resource, Row, RowAction,
    RowFilters, SortKey, Stored, TemplateFormat,
};
use crate::{
    kernel::{
        clock::rfc3339,
        codes::Flag,
        id::Identifier,
        paging::{Direction, Order},
        register::{Counts, Difference, Fault, Likeness},
    },
    web::{
        listing::list_query,
        page::PageOut,
        params::{Must, One, Several, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

/// The rows of a list in JSON, in the document.
pub struct ImportRowsIn;

impl PartialSchema for ImportRowsIn {
    fn schema() -> RefOr<Schema> {
        let most = usize::try_from(MOST_ROWS).ok();
        let row = ObjectBuilder::new().schema_type(Type::Object);
        ArrayBuilder::new().items(row).max_items(most).description(Some("The rows of a list.")).into()
    }
}

impl ToSchema for ImportRowsIn {}

query! {
    /// The parameters of an import.
    pub struct ImportQuery {
        /// The collection that the list is of. Must be given.
        #[example = "members"]
        pub resource: Must<Resource>,
        /// `upsert` (default): the list stands for what it names, the rest stays. `replace`, for members only: it
        /// stands for all of its source, and members of the source that it does not name are withdrawn.
        #[example = "upsert"]
        pub mode: One<Mode>,
        /// `true` unless said otherwise: nothing is changed, and the report says what would be. `false` imports.
        #[example = "true"]
        pub dry_run: One<Flag>,
        /// With `replace`, how many members may be withdrawn. Needed, to the number, where more than a tenth of
        /// those in force would be.
        #[example = "0"]
        pub confirm_withdrawals: One<Number>,
        /// `plan_hash` of the report of a dry run: the import is refused (409) unless it does exactly that.
        pub plan_hash: One<PlanHash>,
    }
}

query! {
    /// The parameters of a template.
    pub struct ImportTemplateQuery {
        /// The collection that the list is of. Must be given.
        #[example = "members"]
        pub resource: Must<Resource>,
        /// `csv` (default) for the header line of a table, `schema` for a JSON Schema of a row.
        #[example = "csv"]
        pub format: One<TemplateFormat>,
    }
}

list_query! {
    /// The parameters of the list of imports.
    pub struct ImportListQuery of ImportOut {
        /// Only imports of this collection.
        #[example = "members"]
        pub resource: One<Resource>,
        /// Only imports of which this came.
        #[example = "applied"]
        pub outcome: One<Outcome>,
        /// The order: `created_at`, the oldest first, or `-created_at` (default), the newest first.
        #[example = "-created_at"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

list_query! {
    /// The parameters of the rows of an import.
    pub struct ImportRowQuery of ImportRowOut {
        /// Only rows that come to this; several by comma.
        #[example = "updated,withdrawn"]
        pub action: Several<RowAction>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl ImportListQuery {
    /// Which reports the query asks for, of an account's imports or of everybody's.
    #[must_use]
    pub fn filters(&self, importer: Option<Importer>) -> Filters {
        Filters {
            resource: self.resource.as_ref().map(|one| one.0),
            outcome: self.outcome.as_ref().map(|one| one.0),
            importer,
            order: self.sort.unwrap_or(Order { key: SortKey::CreatedAt, direction: Direction::Descending }),
        }
    }
}

impl ImportRowQuery {
    /// Which rows of an import the query asks for.
    #[must_use]
    pub fn filters(&self, import_id: Identifier) -> RowFilters {
        RowFilters { import_id, actions: Several::values(self.action.clone()) }
    }
}

/// What an import has done, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportOut {
    /// Identifier (UUID version 7).
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Always 1: a report never changes.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When the import ran.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// The same.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// The collection.
    pub resource: Resource,
    /// What the list stands for.
    pub mode: Mode,
    /// Whether it was only to say what would happen.
    pub dry_run: bool,
    /// Whose list it is: the organisation of the account, or its name where it has none.
    #[schema(example = "dgct")]
    pub source: String,
    /// How the list is written.
    pub format: Format,
    /// What came of it.
    pub outcome: Outcome,
    /// Digest of what would be done or was done: the real import may quote it. Null where there are problems.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub plan_hash: Option<String>,
    /// SHA-256 of the list's bytes.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub content_sha256: String,
    /// How many rows came to what.
    pub counts: ImportCountsOut,
    /// What is wrong, in the order in which it was found.
    pub problems: Vec<ImportProblemOut>,
    /// Whether these are all problems: after 1,000 no more are looked for.
    pub problems_complete: bool,
    /// New resources that may be there already, by their name and what they are a part of; at most 1,000.
    pub possible_duplicates: Vec<ImportLikenessOut>,
    /// How many withdrawals `confirm_withdrawals` must confirm; null where it need not.
    #[schema(example = 12, minimum = 1)]
    pub withdrawals_to_confirm: Option<u32>,
    /// Where to go from here.
    pub links: ImportLinksOut,
}

/// How many rows came to what.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportCountsOut {
    /// Rows of the list.
    #[schema(example = 1503, minimum = 0)]
    pub rows: u32,
    /// Rows that add a resource.
    #[schema(example = 2, minimum = 0)]
    pub created: u32,
    /// Rows that change one.
    #[schema(example = 1, minimum = 0)]
    pub updated: u32,
    /// Rows that say what is there.
    #[schema(example = 1500, minimum = 0)]
    pub unchanged: u32,
    /// Members that no row names and that are withdrawn.
    #[schema(example = 0, minimum = 0)]
    pub withdrawn: u32,
    /// Rows that something is wrong with.
    #[schema(example = 0, minimum = 0)]
    pub refused: u32,
}

/// Something that is wrong with a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportProblemOut {
    /// Number of the row, from 1 (a header is none); null where it is about the whole list.
    #[schema(example = 17, minimum = 1)]
    pub row: Option<u32>,
    /// The line that the row begins on, from 1; null in a JSON array.
    #[schema(example = 18, minimum = 1)]
    pub line: Option<u32>,
    /// The column; null where it is about the whole row.
    #[schema(example = "territory_code")]
    pub column: Option<String>,
    /// Stable code.
    #[schema(example = "unknown_territory")]
    pub code: String,
    /// What is wrong, in English.
    #[schema(example = "There is no territory 99.999.")]
    pub detail: String,
}

/// A new resource that may be there already.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportLikenessOut {
    /// Number of the row.
    #[schema(example = 17, minimum = 1)]
    pub row: u32,
    /// The line that it begins on.
    #[schema(example = 18, minimum = 1)]
    pub line: Option<u32>,
    /// Its natural key.
    #[schema(example = "municipality 01.331.01.03")]
    pub key: String,
    /// The natural key of the other one.
    #[schema(example = "municipality 01.331.01.01")]
    pub like: String,
    /// The name that both have.
    #[schema(example = "Larache")]
    pub name: String,
}

/// Links of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportLinksOut {
    /// This report.
    #[schema(example = "/api/v1/imports/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
    /// Its rows.
    #[schema(example = "/api/v1/imports/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f/rows")]
    pub rows: String,
}

/// A page of imports.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportPageOut {
    /// The reports, in the order that was asked for.
    pub data: Vec<ImportOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

/// A row of a list that is not as the resource was.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRowOut {
    /// Number of the row in the list; null for what no row names.
    #[schema(example = 17, minimum = 1)]
    pub row: Option<i64>,
    /// The line that it begins on; null in a JSON array.
    #[schema(example = 18, minimum = 1)]
    pub line: Option<i64>,
    /// What it comes to: `created`, `updated` or `withdrawn`.
    #[schema(example = "updated", pattern = "^(created|updated|withdrawn)$")]
    pub action: String,
    /// The natural key.
    #[schema(example = "municipality 01.331.01.03")]
    pub key: String,
    /// The resource's id; null for a new one.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub resource_id: Option<String>,
    /// The cells that it changes.
    pub differences: Vec<ImportDifferenceOut>,
}

/// A cell that a row changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportDifferenceOut {
    /// The column, or `provenance`.
    #[schema(example = "website")]
    pub field: String,
    /// What was there.
    #[schema(example = "http://larache.ma")]
    pub before: Option<String>,
    /// What is there afterwards.
    #[schema(example = "https://www.larache.ma")]
    pub after: Option<String>,
}

/// A page of an import's rows.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRowPageOut {
    /// The rows, in the order of their natural keys; those that say what is there are left out.
    pub data: Vec<ImportRowOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl Tabular for ImportOut {
    const COLUMNS: &'static [Column] = &[
        ("created_at", "/created_at"),
        ("resource", "/resource"),
        ("mode", "/mode"),
        ("dry_run", "/dry_run"),
        ("source", "/source"),
        ("format", "/format"),
        ("outcome", "/outcome"),
        ("rows", "/counts/rows"),
        ("created", "/counts/created"),
        ("updated", "/counts/updated"),
        ("unchanged", "/counts/unchanged"),
        ("withdrawn", "/counts/withdrawn"),
        ("refused", "/counts/refused"),
        ("plan_hash", "/plan_hash"),
        ("content_sha256", "/content_sha256"),
        ("id", "/id"),
    ];
}

impl Tabular for ImportRowOut {
    const COLUMNS: &'static [Column] = &[
        ("row", "/row"),
        ("line", "/line"),
        ("action", "/action"),
        ("key", "/key"),
        ("resource_id", "/resource_id"),
        ("differences", "/differences"),
    ];
}

impl From<Stored> for ImportOut {
    fn from(Stored { id, created_at, report }: Stored) -> Self {
        let this = format!("/api/v1/imports/{id}");
        let Report { counts, .. } = report;
        Self {
            id: id.into_string(),
            version: 1,
            created_at,
            updated_at: created_at,
            resource: report.resource,
            mode: report.mode,
            dry_run: report.dry_run,
            source: report.source.to_string(),
            format: report.format,
            outcome: report.outcome,
            plan_hash: report.plan_hash,
            content_sha256: report.content_sha256,
            counts: counts.into(),
            problems: report.faults.into_iter().map(ImportProblemOut::from).collect(),
            problems_complete: report.faults_complete,
            possible_duplicates: report.likenesses.into_iter().map(ImportLikenessOut::from).collect(),
            withdrawals_to_confirm: report.withdrawals_to_confirm,
            links: ImportLinksOut { rows: format!("{this}/rows"), this },
        }
    }
}

impl From<Counts> for ImportCountsOut {
    fn from(Counts { rows, created, updated, unchanged, withdrawn, refused }: Counts) -> Self {
        Self { rows, created, updated, unchanged, withdrawn, refused }
    }
}

impl From<Fault> for ImportProblemOut {
    fn from(Fault { at, column, code, detail }: Fault) -> Self {
        let (row, line) = (at.map(|at| at.row), at.and_then(|at| at.line));
        Self { row, line, column: column.map(Cow::into_owned), code: code.into_owned(), detail }
    }
}

impl From<Likeness> for ImportLikenessOut {
    fn from(Likeness { at, key, like, name }: Likeness) -> Self {
        Self { row: at.row, line: at.line, key, like, name }
    }
}

impl From<Row> for ImportRowOut {
    fn from(row: Row) -> Self {
        let Row { row, line, action, key, resource_id, differences, .. } = row;
        let difference =
            |Difference { field, before, after }| ImportDifferenceOut { field: field.into_owned(), before, after };
        let resource_id = resource_id.map(Identifier::into_string);
        Self { row, line, action, key, resource_id, differences: differences.into_iter().map(difference).collect() }
    }
}
