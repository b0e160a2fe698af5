//! Exports as the API shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::{Described, FILES, Field, Format, Name, file_name};
use crate::{
    kernel::{clock::rfc3339, language::LanguageMap, text::hex},
    web::{
        page::PageOut,
        params::{Lang, query},
    },
};

query! {
    /// The parameters of the list of exports.
    pub struct ExportQuery {
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// The data sets, always one page.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportPageOut {
    /// The data sets.
    pub data: Vec<ExportOut>,
    /// Where this page stands: it is the only one.
    pub page: PageOut,
    /// Number of the last change that any of them holds.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

/// A data set.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportOut {
    /// Its name.
    pub name: Name,
    /// What it is called.
    pub title: LanguageMap,
    /// What it holds.
    pub description: LanguageMap,
    /// Number of the last change that it holds: go on from there with the changes of its collection.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// When that change was written.
    #[serde(serialize_with = "rfc3339")]
    pub modified_at: DateTime<Utc>,
    /// How many rows it has.
    #[schema(example = 38, minimum = 0)]
    pub rows: u64,
    /// Its files: the same rows in different forms.
    pub files: Vec<ExportFileOut>,
    /// On what terms it can be used.
    pub licence: ExportLicenceOut,
    /// Whose data is in it, beside the network's own: the credit to give.
    pub credits: Vec<LanguageMap>,
    /// Its columns.
    pub dictionary: Vec<Field>,
}

/// A file of a data set.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportFileOut {
    /// How it is written.
    pub format: Format,
    /// Its address.
    #[schema(example = "/api/v1/exports/members.csv")]
    pub href: String,
    /// Its media type.
    #[schema(example = "text/csv")]
    pub media_type: &'static str,
    /// Its length.
    #[schema(example = 11_870, minimum = 0)]
    pub bytes: u64,
    /// SHA-256 of its bytes.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
}

/// A licence.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportLicenceOut {
    /// SPDX identifier.
    #[schema(example = "CC-BY-4.0")]
    pub code: &'static str,
    /// Its text.
    #[schema(example = "https://creativecommons.org/licenses/by/4.0/", format = "uri")]
    pub url: &'static str,
}

impl From<Described> for ExportOut {
    fn from(set: Described) -> Self {
        let Described { edition, fields, licence, credits } = set;
        let name = edition.name;
        let file = |file: &super::rules::File| ExportFileOut {
            format: file.format,
            href: format!("/api/v1/{FILES}/{}", file_name(name, file.format)),
            media_type: file.format.media_type(),
            bytes: file.bytes,
            sha256: hex(&file.sha256),
        };
        Self {
            name,
            title: name.title(),
            description: name.description(),
            sequence: edition.sequence,
            modified_at: edition.modified,
            rows: edition.rows,
            files: edition.files.iter().map(file).collect(),
            licence: ExportLicenceOut { code: licence.code, url: licence.url },
            credits,
            dictionary: fields,
        }
    }
}
