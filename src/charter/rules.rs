//! What the charter says. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use crate::kernel::{
    date::{self, PartialDate},
    http_url::is_http_url,
    id,
    id::Identifier,
    language::LanguageMap,
};

/// A stored version of the charter.
#[derive(Debug, Clone)]
pub struct CharterVersion {
    /// The id.
    pub id: Identifier,
    /// Counts the changes, of its items too.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// What it says; every item has an id.
    pub text: Text,
}

/// Since when a version of the charter is in force.
#[derive(Debug, Clone, Copy)]
pub struct InForce {
    /// The first day, of the month or year where only that is known; nothing where the date is unknown.
    pub from: Option<NaiveDate>,
}

/// What a version of the charter says: the shape of `data/charter.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The version's code.
    pub code: String,
    /// Whether new members adhere to this one.
    pub current: bool,
    /// Since when it is in force.
    #[serde(deserialize_with = "date::deserialize_optional")]
    pub in_force_from: Option<PartialDate>,
    /// The title.
    pub title: LanguageMap,
    /// What it is about.
    pub summary: LanguageMap,
    /// Whether title and summary are the official wording.
    pub official: bool,
    /// Where the full text is.
    pub full_text_url: String,
    /// The principles of openness.
    pub principles: Vec<Item>,
    /// The values.
    pub values: Vec<Item>,
    /// The objectives.
    pub objectives: Vec<Item>,
    /// The commitments of every member.
    pub commitments: Vec<Item>,
}

/// A principle, value, objective or commitment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The id; of an item that is not stored yet a new one.
    #[serde(skip, default = "id::new_id")]
    pub id: Identifier,
    /// Stable code.
    pub code: String,
    /// A short name.
    pub title: LanguageMap,
    /// The text.
    pub text: LanguageMap,
    /// Whether this is the official wording.
    pub official: bool,
}

/// Two items are the same when they say the same; the id is not a part of what is said.
impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        (&self.code, &self.title, &self.text, self.official) == (&other.code, &other.title, &other.text, other.official)
    }
}

impl Eq for Item {}

/// The code of a version, or of an item.
pub use crate::kernel::id::Slug as Code;

/// How a commitment is addressed in a path: by its code or its id.
pub type Address = id::Address<Code>;

impl Item {
    /// Whether this item stands at an address.
    #[must_use]
    pub fn is_at(&self, address: &Address) -> bool {
        match address {
            Address::Code(code) => self.code == code.as_str(),
            Address::Id(id) => self.id == *id,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    versions: Vec<Text>,
}

/// Reads `data/charter.json`.
///
/// # Errors
/// A sentence that names the file and the place.
pub fn parse_reference(json: &str) -> Result<Vec<Text>, String> {
    let file: File = serde_json::from_str(json).map_err(|error| format!("charter.json: {error}"))?;
    if file.versions.iter().filter(|version| version.current).count() != 1 {
        return Err("charter.json: not exactly one version is current".to_owned());
    }
    match file.versions.iter().find(|version| !is_http_url(&version.full_text_url)) {
        Some(version) => Err(format!("charter.json: {} is no http(s) URL", version.full_text_url)),
        None => Ok(file.versions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charter_has_five_principles_two_values_and_five_commitments_by_code() {
        let versions = parse_reference(super::super::REFERENCE[0]).unwrap();
        let [version] = versions.as_slice() else { panic!("one version") };
        let codes = |items: &[Item]| items.iter().map(|item| item.code.clone()).collect::<Vec<_>>();
        assert_eq!(
            codes(&version.principles),
            ["transparency", "accountability", "access-to-information", "citizen-participation", "digitalisation"]
        );
        assert_eq!(version.values.len(), 2);
        assert_eq!(
            codes(&version.commitments),
            ["openness-norms", "action-programs", "monitoring-evaluation", "territorial-synergy", "visibility"]
        );
    }

    #[test]
    fn every_text_exists_in_three_languages_and_our_wording_says_so() {
        let versions = parse_reference(super::super::REFERENCE[0]).unwrap();
        let complete = |map: &LanguageMap| map.ar.is_some() && map.fr.is_some() && map.en.is_some();
        for version in &versions {
            assert!(complete(&version.title) && complete(&version.summary));
            for item in
                [&version.principles, &version.values, &version.objectives, &version.commitments].into_iter().flatten()
            {
                assert!(complete(&item.title) && complete(&item.text), "{}", item.code);
                assert!(!item.official, "{}", item.code);
            }
        }
    }

    #[test]
    fn a_file_without_one_current_version_is_refused() {
        assert!(parse_reference(r#"{"versions": []}"#).is_err());
    }
}
