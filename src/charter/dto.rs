//! The charter as the API shows it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::{CharterVersion, Code, Item};
use crate::{
    kernel::{
        clock::rfc3339,
        date::{PartialDate, Precision},
        language::LanguageMap,
    },
    web::{
        page::PageOut,
        params::{Lang, query},
        tabular::{Column, Tabular},
    },
};

query! {
    /// The parameters of the charter and its commitments.
    pub struct CharterQuery {
        /// Code of the charter's version; the current one unless said otherwise.
        #[example = "1"]
        pub charter_version: Code,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// A version of the charter, with the list of all of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct CharterOut {
    /// The version.
    #[serde(flatten)]
    pub record: CharterRecordOut,
    /// All versions of the charter.
    pub versions: Vec<CharterVersionOut>,
}

/// A version of the charter.
#[derive(Debug, Serialize, ToSchema)]
pub struct CharterRecordOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was first stored here.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Code of this version of the charter.
    #[schema(example = "1")]
    pub charter_version: String,
    /// Whether new members adhere to this version.
    pub current: bool,
    /// Since when it is in force, or the first day of the month or year; null where that is not recorded.
    pub in_force_from: Option<NaiveDate>,
    /// How much of the date is known.
    pub in_force_from_precision: Option<Precision>,
    /// The title.
    pub title: LanguageMap,
    /// What the charter is about.
    pub summary: LanguageMap,
    /// Whether title and summary are the official wording; otherwise they are ours.
    pub official: bool,
    /// Where the full text is.
    #[schema(format = "uri", example = "https://ctouvertes.collectivites-territoriales.gov.ma/a-propos.php")]
    pub full_text_url: String,
    /// The five principles of openness.
    pub principles: Vec<CharterItemOut>,
    /// The values.
    pub values: Vec<CharterItemOut>,
    /// The objectives.
    pub objectives: Vec<CharterItemOut>,
    /// The commitments of every member, in short; each is a resource of its own.
    pub commitments: Vec<CharterItemOut>,
    /// Where to go from here.
    pub links: CharterLinksOut,
}

/// A principle, value, objective or commitment of the charter.
#[derive(Debug, Serialize, ToSchema)]
pub struct CharterItemOut {
    /// Stable code.
    #[schema(example = "transparency")]
    pub code: String,
    /// A short name.
    pub title: LanguageMap,
    /// The text.
    pub text: LanguageMap,
    /// Whether this is the official wording; otherwise it is ours.
    pub official: bool,
}

/// A version of the charter, in a list of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct CharterVersionOut {
    /// Its code.
    #[schema(example = "1")]
    pub charter_version: String,
    /// Whether new members adhere to this version.
    pub current: bool,
    /// Its address.
    #[schema(example = "/api/v1/charter?charter_version=1")]
    pub href: String,
}

/// Links of a version of the charter.
#[derive(Debug, Serialize, ToSchema)]
pub struct CharterLinksOut {
    /// This version.
    #[schema(example = "/api/v1/charter?charter_version=1")]
    #[serde(rename = "self")]
    pub this: String,
    /// Its commitments.
    #[schema(example = "/api/v1/charter/commitments?charter_version=1")]
    pub commitments: String,
}

/// A commitment of the charter.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommitmentOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of the charter's version that it belongs to, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When that version of the charter was first stored here.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When that version of the charter last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Stable code.
    #[schema(example = "action-programs")]
    pub code: String,
    /// Its place among the commitments, from 1.
    #[schema(example = 2, minimum = 1)]
    pub position: usize,
    /// Code of the charter's version that it belongs to.
    #[schema(example = "1")]
    pub charter_version: String,
    /// A short name.
    pub title: LanguageMap,
    /// The commitment.
    pub text: LanguageMap,
    /// Whether this is the official wording; otherwise it is ours.
    pub official: bool,
    /// Where to go from here.
    pub links: CommitmentLinksOut,
}

/// Links of a commitment.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommitmentLinksOut {
    /// This commitment.
    #[schema(example = "/api/v1/charter/commitments/action-programs?charter_version=1")]
    #[serde(rename = "self")]
    pub this: String,
    /// The version of the charter that it belongs to.
    #[schema(example = "/api/v1/charter?charter_version=1")]
    pub charter: String,
}

/// The commitments of a version of the charter, always one page.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommitmentPageOut {
    /// The commitments, in the charter's order.
    pub data: Vec<CommitmentOut>,
    /// Where this page stands: it is the only one.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1641, minimum = 0)]
    pub sequence: i64,
}

fn address(charter_version: &str) -> String {
    format!("/api/v1/charter?charter_version={charter_version}")
}

impl From<Item> for CharterItemOut {
    fn from(item: Item) -> Self {
        Self { code: item.code, title: item.title, text: item.text, official: item.official }
    }
}

impl From<CharterVersion> for CharterRecordOut {
    fn from(charter: CharterVersion) -> Self {
        let CharterVersion { id, version, created_at, updated_at, text } = charter;
        let items = |items: Vec<Item>| items.into_iter().map(CharterItemOut::from).collect();
        Self {
            id: id.into_string(),
            version,
            created_at,
            updated_at,
            links: CharterLinksOut {
                this: address(&text.code),
                commitments: format!("/api/v1/charter/commitments?charter_version={}", text.code),
            },
            charter_version: text.code,
            current: text.current,
            in_force_from: text.in_force_from.map(PartialDate::first_day),
            in_force_from_precision: text.in_force_from.map(PartialDate::precision),
            title: text.title,
            summary: text.summary,
            official: text.official,
            full_text_url: text.full_text_url,
            principles: items(text.principles),
            values: items(text.values),
            objectives: items(text.objectives),
            commitments: items(text.commitments),
        }
    }
}

impl CharterOut {
    /// A version of the charter; `versions` are the codes of all, with which of them is current.
    #[must_use]
    pub fn new(charter: CharterVersion, versions: Vec<(String, bool)>) -> Self {
        let listed = |(code, current): (String, bool)| CharterVersionOut {
            href: address(&code),
            charter_version: code,
            current,
        };
        Self { record: charter.into(), versions: versions.into_iter().map(listed).collect() }
    }
}

/// A line of the charter in a table: a principle, value, objective or commitment of one of its versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct CharterLineOut {
    /// Code of the charter's version.
    #[schema(example = "1")]
    pub charter_version: String,
    /// Whether new members adhere to this version.
    pub current: bool,
    /// `principle`, `value`, `objective` or `commitment`.
    #[schema(example = "commitment", pattern = "^(principle|value|objective|commitment)$")]
    pub kind: &'static str,
    /// Its place among those of its kind, from 1.
    #[schema(example = 2, minimum = 1)]
    pub position: i64,
    /// Stable code.
    #[schema(example = "action-programs")]
    pub code: String,
    /// A short name.
    pub title: LanguageMap,
    /// The text.
    pub text: LanguageMap,
    /// Whether this is the official wording; otherwise it is ours.
    pub official: bool,
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
}

impl Tabular for CharterLineOut {
    const COLUMNS: &'static [Column] = &[
        ("charter_version", "/charter_version"),
        ("current", "/current"),
        ("kind", "/kind"),
        ("position", "/position"),
        ("code", "/code"),
        ("title_ar", "/title/ar"),
        ("title_fr", "/title/fr"),
        ("title_en", "/title/en"),
        ("text_ar", "/text/ar"),
        ("text_fr", "/text/fr"),
        ("text_en", "/text/en"),
        ("official", "/official"),
        ("id", "/id"),
    ];
}

/// The lines of a version of the charter, in its order.
#[must_use]
pub fn lines(charter: CharterVersion) -> Vec<CharterLineOut> {
    let text = charter.text;
    let kinds = [
        ("principle", text.principles),
        ("value", text.values),
        ("objective", text.objectives),
        ("commitment", text.commitments),
    ];
    let (code, current) = (text.code, text.current);
    let line = |kind, position, item: Item| CharterLineOut {
        charter_version: code.clone(),
        current,
        kind,
        position,
        code: item.code,
        title: item.title,
        text: item.text,
        official: item.official,
        id: item.id.into_string(),
    };
    kinds
        .into_iter()
        .flat_map(|(kind, items)| (1..).zip(items).map(|(at, item)| line(kind, at, item)).collect::<Vec<_>>())
        .collect()
}

/// The commitments of a version of the charter, in its order.
#[must_use]
pub fn commitments(charter: &CharterVersion) -> Vec<(&Item, CommitmentOut)> {
    let code = &charter.text.code;
    let out = |(position, item): (usize, &Item)| CommitmentOut {
        id: item.id.to_string(),
        version: charter.version,
        created_at: charter.created_at,
        updated_at: charter.updated_at,
        code: item.code.clone(),
        position,
        charter_version: code.clone(),
        title: item.title.clone(),
        text: item.text.clone(),
        official: item.official,
        links: CommitmentLinksOut {
            this: format!("/api/v1/charter/commitments/{}?charter_version={code}", item.code),
            charter: address(code),
        },
    };
    (1..).zip(&charter.text.commitments).map(|(position, item)| (item, out((position, item)))).collect()
}
