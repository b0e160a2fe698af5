//! What is known about the network, and what its composition is on a day. Pure.

mod composition;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{
        codes::codes,
        date::{self, PartialDate},
        http_url::is_http_url,
        id::Identifier,
        language::LanguageMap,
    },
    members::MemberKind,
};

pub use self::composition::{ComparedKind, Comparison, Composition, CountedKind, Reason, compare};

/// The stored network.
#[derive(Debug, Clone)]
pub struct Network {
    /// The id.
    pub id: Identifier,
    /// Counts the changes, of the statements too.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// What is known about it.
    pub facts: Facts,
}

/// What is known about the network: the shape of `data/network.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The short name.
    pub short_name: String,
    /// The official names.
    pub name: LanguageMap,
    /// The day it was established.
    pub established_on: NaiveDate,
    /// What it is.
    pub presentation: LanguageMap,
    /// Whether the presentation is the network's official wording.
    pub presentation_official: bool,
    /// The programme it belongs to.
    pub programme: Programme,
    /// Its own site.
    pub website: String,
    /// The programme's objectives.
    pub objectives: Vec<NetworkItem>,
    /// The programme's outcomes.
    pub outcomes: Vec<NetworkItem>,
    /// Who oversees and carries out the programme.
    pub partners: Vec<Partner>,
    /// What has been published about the composition.
    pub composition_statements: Vec<Statement>,
}

/// The programme that the network belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// The short name.
    #[schema(example = "PACTO")]
    pub short_name: String,
    /// The name.
    pub name: LanguageMap,
    /// What the programme does.
    pub description: LanguageMap,
}

/// An objective or an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkItem {
    /// Stable code.
    #[schema(example = "trust")]
    pub code: String,
    /// The text.
    pub text: LanguageMap,
    /// Whether this is the network's official wording; otherwise it is ours.
    pub official: bool,
}

/// What a partner does in the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartnerRole {
    /// Oversees the programme.
    Overseer,
    /// Carries the programme out together with the overseer.
    ImplementingPartner,
}

codes!(PartnerRole { Overseer => "overseer", ImplementingPartner => "implementing_partner" });

/// An institution behind the programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Stable code.
    #[schema(example = "dgct")]
    pub code: String,
    /// The institution's name.
    pub name: LanguageMap,
    /// Its role.
    pub role: PartnerRole,
    /// The role in words.
    pub role_label: LanguageMap,
    /// What the institution is.
    pub description: LanguageMap,
}

/// A published statement about how many members of which kind the network has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Stable code.
    pub code: String,
    /// The date that it speaks about; unknown for an undated page.
    #[serde(deserialize_with = "date::deserialize_optional")]
    pub stated_on: Option<PartialDate>,
    /// Who says it.
    pub source: LanguageMap,
    /// Where it says it.
    pub source_url: Option<String>,
    /// What a reader should know about it.
    pub note: Option<LanguageMap>,
    /// The total, where the source states one.
    pub total: Option<i64>,
    /// Its figures.
    pub figures: Vec<CompositionFigure>,
}

/// A figure of a published statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompositionFigure {
    /// How many.
    #[schema(example = 12, minimum = 0)]
    pub count: i64,
    /// Of what, in the source's own words.
    pub label: LanguageMap,
    /// The kind of member that it is read as.
    pub read_as: MemberKind,
}

/// Reads `data/network.json`.
///
/// # Errors
/// A sentence that names the file and the place.
pub fn parse_reference(json: &str) -> Result<Facts, String> {
    let facts: Facts = serde_json::from_str(json).map_err(|error| format!("network.json: {error}"))?;
    let urls = facts.composition_statements.iter().filter_map(|statement| statement.source_url.as_ref());
    if let Some(url) = urls.chain([&facts.website]).find(|url| !is_http_url(url)) {
        return Err(format!("network.json: {url} is no http(s) URL"));
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        parse_reference(crate::network::REFERENCE[0]).unwrap()
    }

    #[test]
    fn the_network_has_three_names_two_objectives_three_outcomes_and_its_partners() {
        let facts = facts();
        assert_eq!(facts.name.en.as_deref(), Some("Moroccan Network of Open Local Governments"));
        assert_eq!(facts.name.fr.as_deref(), Some("Réseau Marocain des Collectivités Territoriales Ouvertes"));
        assert_eq!(facts.name.ar.as_deref(), Some("الشبكة المغربية للجماعات الترابية المنفتحة"));
        assert_eq!(facts.established_on.to_string(), "2022-10-21");
        assert_eq!((facts.objectives.len(), facts.outcomes.len()), (2, 3));
        let roles: Vec<PartnerRole> = facts.partners.iter().map(|partner| partner.role).collect();
        assert_eq!(roles, [PartnerRole::Overseer, PartnerRole::ImplementingPartner, PartnerRole::ImplementingPartner]);
    }

    #[test]
    fn statements_keep_their_own_words_and_add_up_where_they_state_a_total() {
        let statements = facts().composition_statements;
        assert_eq!(statements.len(), 5);
        for statement in &statements {
            let sum: i64 = statement.figures.iter().map(|figure| figure.count).sum();
            assert!(statement.total.is_none_or(|total| total == sum), "{}", statement.code);
        }
        let english = statements.iter().find(|statement| statement.code == "presentation-en").unwrap();
        let read: Vec<_> =
            english.figures.iter().map(|f| (f.count, f.label.en.as_deref().unwrap(), f.read_as)).collect();
        assert_eq!(
            read,
            [
                (12, "institutions", MemberKind::Region),
                (7, "regional councils", MemberKind::PrefectureOrProvince),
                (97, "municipalities", MemberKind::Municipality),
            ]
        );
    }
}
