//! The kinds of resources that are published, in the order of the registry: those first whose facts others show.

use serde::Serialize;
use utoipa::ToSchema;

use super::{audit::Collection, codes::codes};

/// A collection whose changes are in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChangedResource)]
pub enum Kind {
    /// Territories.
    Territories,
    /// Members.
    Members,
    /// The network.
    Network,
    /// Versions of the charter.
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

codes!(Kind {
    Territories => "territories",
    Members => "members",
    Network => "network",
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

impl From<Kind> for Collection {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Territories => Self::Territories,
            Kind::Members => Self::Members,
            Kind::Network => Self::Network,
            Kind::Charter => Self::Charter,
            Kind::ActionPrograms => Self::ActionPrograms,
            Kind::Projects => Self::Projects,
            Kind::Milestones => Self::Milestones,
            Kind::Consultations => Self::Consultations,
            Kind::Contributions => Self::Contributions,
            Kind::Evaluations => Self::Evaluations,
            Kind::Practices => Self::Practices,
            Kind::Collaborations => Self::Collaborations,
            Kind::Events => Self::Events,
            Kind::Assessments => Self::Assessments,
            Kind::Indicators => Self::Indicators,
            Kind::Measurements => Self::Measurements,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::assert_codes;

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(Kind::ALL, Kind::as_str);
    }

    #[test]
    fn each_kind_has_its_collection() {
        for kind in Kind::ALL {
            assert_eq!(Collection::from(*kind).as_str(), kind.as_str());
        }
    }
}
