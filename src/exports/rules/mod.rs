//! What data sets there are and how they are described: for people in three languages, and for machines as a
//! Frictionless data package and as DCAT-AP. Pure.

mod catalog;
mod package;
mod texts;

use std::{str::FromStr, sync::Arc};

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::{codes::codes, kind::Kind, language::LanguageMap};

pub use self::{catalog::catalog, package::data_package};

/// A data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportName)]
pub enum Name {
    /// The members of the network.
    Members,
    /// Morocco's territorial units.
    Territories,
    /// What the charter says.
    Charter,
    /// Open action programmes.
    ActionPrograms,
    /// Projects of programmes.
    Projects,
    /// Milestones of projects.
    Milestones,
    /// Consultations on programmes.
    Consultations,
    /// What the public contributed to them.
    Contributions,
    /// Evaluations of programmes.
    Evaluations,
    /// Practices of members.
    Practices,
    /// What members do together.
    Collaborations,
    /// Events that members take part in.
    Events,
    /// Assessments of how members keep the charter's commitments.
    Assessments,
    /// What is measured.
    Indicators,
    /// Its approved values.
    Measurements,
}

codes!(Name {
    Members => "members",
    Territories => "territories",
    Charter => "charter",
    ActionPrograms => "action_programs",
    Projects => "projects",
    Milestones => "milestones",
    Consultations => "consultations",
    Contributions => "contributions",
    Evaluations => "evaluations",
    Practices => "practices",
    Collaborations => "collaborations",
    Events => "events",
    Assessments => "assessments",
    Indicators => "indicators",
    Measurements => "measurements",
});

impl Name {
    /// What it is called.
    #[must_use]
    pub fn title(self) -> LanguageMap {
        texts::of(self).title()
    }

    /// What it holds.
    #[must_use]
    pub fn description(self) -> LanguageMap {
        texts::of(self).description()
    }

    /// The kind of which each row is a resource; none for the charter, whose rows are its articles.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        self.as_str().parse().ok().filter(|kind| *kind != Kind::Charter)
    }

    /// The collection of which a change changes it: members change with their territories.
    #[must_use]
    pub const fn collection(self) -> &'static str {
        self.as_str()
    }
}

/// How a data set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportFormat)]
pub enum Format {
    /// A table (RFC 4180).
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// One JSON object with the rows under `data`.
    Json,
}

codes!(Format { Csv => "csv", Ndjson => "ndjson", Json => "json" });

impl Format {
    /// The media type without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
        }
    }

    /// The media type as a header says it.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            other => other.media_type(),
        }
    }

    /// Its name in the file type authority of the Publications Office of the European Union.
    const fn authority(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Ndjson => "JSONL",
            Self::Json => "JSON",
        }
    }
}

/// The name of a file: of a data set in a format.
#[must_use]
pub fn file_name(name: Name, format: Format) -> String {
    format!("{}.{}", name.as_str(), format.as_str())
}

/// A file's name: its data set and format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileName(pub Name, pub Format);

impl FromStr for FileName {
    type Err = &'static str;

    fn from_str(file: &str) -> Result<Self, Self::Err> {
        let (name, format) = file.split_once('.').ok_or("has no ending")?;
        Ok(Self(name.parse()?, format.parse()?))
    }
}

/// Where the files are, below the descriptions of them.
pub const FILES: &str = "exports";

/// A column of a data set.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ExportField)]
pub struct Field {
    /// Its name in CSV.
    #[schema(example = "joined_on")]
    pub name: String,
    /// Where its value stands in a row of NDJSON and JSON, as a JSON pointer.
    #[schema(example = "/joined_on")]
    pub pointer: String,
    /// Its type, in the words of Table Schema: `string`, `integer`, `number`, `boolean`, `date`, `datetime`, `array`.
    #[schema(example = "date")]
    pub r#type: String,
    /// What it says, in English.
    #[schema(example = "The day on which it first became a member.")]
    pub description: String,
    /// Whether every row has a value.
    pub required: bool,
    /// The values that it can have, where they are few; else null.
    #[schema(example = json!(["day", "month", "year"]))]
    pub values: Option<Vec<String>>,
    /// The form of its values, as a regular expression; else null.
    #[schema(example = "^[a-z0-9-]{1,100}$")]
    pub pattern: Option<String>,
}

/// A file of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// How it is written.
    pub format: Format,
    /// How long it is, in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

/// A data set at one state of its collection.
#[derive(Debug, Clone)]
pub struct Edition {
    /// Which one.
    pub name: Name,
    /// The number of the last change that it holds.
    pub sequence: i64,
    /// When that was.
    pub modified: DateTime<Utc>,
    /// How many rows it has.
    pub rows: u64,
    /// Its files.
    pub files: Vec<File>,
}

/// A licence for data.
#[derive(Debug, Clone, Copy)]
pub struct Licence {
    /// SPDX identifier.
    pub code: &'static str,
    /// Its text.
    pub url: &'static str,
}

/// A data set with everything that is said of it.
#[derive(Debug)]
pub struct Described {
    /// The data set.
    pub edition: Arc<Edition>,
    /// Its columns.
    pub fields: Vec<Field>,
    /// On what terms it can be used.
    pub licence: Licence,
    /// Whose data is in it, in words that give credit.
    pub credits: Vec<LanguageMap>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;

    #[test]
    fn file_names_are_read_as_they_are_written() {
        assert_codes(Name::ALL, Name::as_str);
        assert_codes(Format::ALL, Format::as_str);
        for name in Name::ALL {
            for format in Format::ALL {
                assert_eq!(file_name(*name, *format).parse(), Ok(FileName(*name, *format)));
            }
        }
        for nothing in ["members", "members.", ".csv", "members.csv.csv", "members.xml", "../members.csv"] {
            assert!(nothing.parse::<FileName>().is_err(), "{nothing}");
        }
    }
}
