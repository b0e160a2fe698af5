//! What an assessment of a member is: who says it, of which commitment and year, and what. Pure.

mod content;
mod reference;
mod scale;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

pub use self::{
    content::{check_commitment, check_facts, check_member},
    reference::{Assessed, Seed, parse_texts},
    scale::{Level, Scale, Step, parse_scale},
};
use crate::{
    action_programs::{Publication, PublicationFilter},
    evaluations::{Author, Voice},
    kernel::{
        codes::{Pattern, codes},
        evidence::EvidenceLink,
        id::{Address, Identifier, Slug},
        language::LanguageMap,
        paging::Order,
    },
};

/// The first year that can be assessed: that of the network's foundation (2022-10-21, `data/network.json`).
pub const FIRST_YEAR: i64 = 2022;

/// What an assessment is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Code of the charter's commitment.
    pub commitment: String,
    /// The year.
    pub year: i64,
}

/// What an assessment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// How the commitment is kept.
    pub level: Level,
    /// Why it is this level.
    pub explanation: LanguageMap,
    /// What it rests on.
    pub evidence: Vec<EvidenceLink>,
    /// The day of the assessment.
    pub assessed_on: NaiveDate,
}

/// A stored assessment.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// The id.
    pub id: Identifier,
    /// Counts its changes.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Id of the member.
    pub member_id: Identifier,
    /// Slug of the member.
    pub member: Slug,
    /// What it is about.
    pub subject: Subject,
    /// Who says it.
    pub author: Author,
    /// What it says.
    pub facts: Facts,
    /// Who sees it.
    pub publication: Publication,
}

impl Assessment {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        address(self.member.as_str(), &self.id)
    }

    /// Whether everybody sees it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.publication == Publication::Published
    }
}

/// Where the assessment with an id is, of the member with a slug.
#[must_use]
pub fn address(member: &str, id: &str) -> String {
    format!("/api/v1/members/{member}/assessments/{id}")
}

/// Who reads what is not published: as whom, and of which member only.
#[derive(Debug, Clone)]
pub struct Reader {
    /// As whom.
    pub author: Author,
    /// Id of the only member that the reader speaks for; of all where there is none.
    pub member_id: Option<Identifier>,
}

/// A year, as parameters give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Year(pub i64);

impl std::str::FromStr for Year {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_year).map(Self).ok_or("is not a year of four digits")
    }
}

impl Pattern for Year {
    fn pattern() -> String {
        "[0-9]{4}".to_owned()
    }
}

/// What assessments can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// When it was first stored.
    CreatedAt,
}

codes!(SortKey { CreatedAt => "created_at" });

/// Which assessments a list has. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// The only member, as the path names it.
    pub member: Option<String>,
    /// Slugs of members, any of which.
    pub members: Vec<Address<Slug>>,
    /// Codes of the regions that the members lie in, any of which.
    pub regions: Vec<String>,
    /// Codes of commitments, any of which.
    pub commitments: Vec<String>,
    /// Years, any of which.
    pub years: Vec<i64>,
    /// Voices, any of which.
    pub voices: Vec<Voice>,
    /// Levels, any of which.
    pub levels: Vec<Level>,
    /// What is not published, too or only.
    pub publication: Option<PublicationFilter>,
    /// Only what changed at or after this moment.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<SortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_have_four_digits() {
        assert_eq!("2025".parse(), Ok(Year(2025)));
        for text in ["25", "20255", "+202", "20 5", "-202", ""] {
            assert!(text.parse::<Year>().is_err(), "{text}");
        }
    }
}
