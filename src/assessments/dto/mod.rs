//! Assessments and their scale as the API shows them.

mod input;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::input::{AssessmentIn, AssessmentPatch};
use super::rules::{Assessment, Filters, Level, SortKey, Step, Year};
use crate::{
    action_programs::{Publication, PublicationFilter},
    evaluations::Voice,
    kernel::{
        clock::rfc3339,
        evidence::EvidenceLink,
        id::Slug,
        language::LanguageMap,
        paging::{Direction, Order},
    },
    members::MemberAddress,
    territories::Code,
    web::{
        listing::list_query,
        page::PageOut,
        params::{Instant, Lang, One, Several, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

query! {
    /// The parameters of a single assessment and of the scale.
    pub struct AssessmentViewQuery {
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

list_query! {
    /// The parameters of the list of all assessments.
    pub struct AssessmentQuery of AssessmentOut {
        /// Only assessments of the members with these slugs or ids; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only assessments of members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only assessments of these commitments; several by comma.
        #[example = "action-programs,visibility"]
        pub commitment: Several<Slug>,
        /// Only assessments of these years; several by comma.
        #[example = "2024,2025"]
        pub year: Several<Year>,
        /// Only assessments by these voices; several by comma.
        #[example = "civil_society,secretariat"]
        pub voice: Several<Voice>,
        /// Only assessments with these levels; several by comma.
        #[example = "0,1"]
        pub level: Several<Level>,
        /// `all` for what is not published, too, `draft` for that only; of one's own voice, with a token that may write
        /// it.
        pub publication: One<PublicationFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), or `-created_at`.
        #[example = "created_at"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

list_query! {
    /// The parameters of the list of a member's assessments.
    pub struct MemberAssessmentQuery of AssessmentOut {
        /// Only assessments of these commitments; several by comma.
        #[example = "action-programs,visibility"]
        pub commitment: Several<Slug>,
        /// Only assessments of these years; several by comma.
        #[example = "2024,2025"]
        pub year: Several<Year>,
        /// Only assessments by these voices; several by comma.
        #[example = "civil_society,secretariat"]
        pub voice: Several<Voice>,
        /// Only assessments with these levels; several by comma.
        #[example = "0,1"]
        pub level: Several<Level>,
        /// `all` for what is not published, too, `draft` for that only; of one's own voice, with a token that may write
        /// it.
        pub publication: One<PublicationFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), or `-created_at`.
        #[example = "created_at"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

const OLDEST_FIRST: Order<SortKey> = Order { key: SortKey::CreatedAt, direction: Direction::Ascending };

fn years(years: Option<Several<Year>>) -> Vec<i64> {
    Several::values(years).into_iter().map(|year| year.0).collect()
}

impl AssessmentQuery {
    /// Which assessments the query asks for.
    #[must_use]
    pub fn filters(&self) -> Filters {
        Filters {
            member: None,
            members: Several::values(self.member.clone()),
            regions: Several::values(self.region.clone()).into_iter().map(Code::into_string).collect(),
            commitments: Several::texts(&self.commitment),
            years: years(self.year.clone()),
            voices: Several::values(self.voice.clone()),
            levels: Several::values(self.level.clone()),
            publication: self.publication.map(|publication| publication.0),
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(OLDEST_FIRST),
        }
    }
}

impl MemberAssessmentQuery {
    /// Which assessments the query asks for, of the member that the path names.
    #[must_use]
    pub fn filters(&self, member: String) -> Filters {
        Filters {
            member: Some(member),
            members: Vec::new(),
            regions: Vec::new(),
            commitments: Several::texts(&self.commitment),
            years: years(self.year.clone()),
            voices: Several::values(self.voice.clone()),
            levels: Several::values(self.level.clone()),
            publication: self.publication.map(|publication| publication.0),
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(OLDEST_FIRST),
        }
    }
}

/// The scale of all assessments.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentScaleOut {
    /// The levels, the lowest first. They are the same for every commitment; a level is no grade, and levels of different
    /// commitments or voices are not added up.
    pub levels: Vec<Step>,
}

/// How a member keeps a commitment of the charter, as one voice finds it for a year.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentOut {
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
    /// Slug of the member.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// Code of the charter's commitment.
    #[schema(example = "action-programs")]
    pub commitment: String,
    /// The year that is assessed.
    #[schema(example = 2025, minimum = 2022)]
    pub year: i64,
    /// Who assesses.
    pub voice: Voice,
    /// The organisation that assesses, by the name that it had when it first did.
    #[schema(example = "Association des usagers")]
    pub organisation: String,
    /// How the commitment was kept, on the scale of `GET /api/v1/charter/assessment-scale`.
    #[schema(example = 2, minimum = 0, maximum = 4)]
    pub level: i64,
    /// Why it is this level.
    pub explanation: LanguageMap,
    /// What it rests on.
    pub evidence: Vec<EvidenceLink>,
    /// The day of the assessment.
    #[schema(example = "2026-02-15")]
    pub assessed_on: NaiveDate,
    /// Who sees it; who reads it without a token sees what is `published` only.
    pub publication: Publication,
    /// Where to go from here.
    pub links: AssessmentLinksOut,
}

/// Links of an assessment.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentLinksOut {
    /// This assessment.
    #[schema(example = "/api/v1/members/commune-larache/assessments/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
    /// The member.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: String,
    /// The commitment.
    #[schema(example = "/api/v1/charter/commitments/action-programs")]
    pub commitment: String,
}

/// A page of assessments.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssessmentPageOut {
    /// The assessments, in the order that was asked for.
    pub data: Vec<AssessmentOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl Tabular for AssessmentOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("member", "/member"),
        ("commitment", "/commitment"),
        ("year", "/year"),
        ("voice", "/voice"),
        ("organisation", "/organisation"),
        ("level", "/level"),
        ("explanation_fr", "/explanation/fr"),
        ("explanation_ar", "/explanation/ar"),
        ("explanation_en", "/explanation/en"),
        ("evidence", "/evidence"),
        ("assessed_on", "/assessed_on"),
        ("publication", "/publication"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

impl From<Assessment> for AssessmentOut {
    fn from(assessment: Assessment) -> Self {
        let links = AssessmentLinksOut {
            this: assessment.address(),
            member: format!("/api/v1/members/{}", assessment.member),
            commitment: format!("/api/v1/charter/commitments/{}", assessment.subject.commitment),
        };
        let facts = assessment.facts;
        Self {
            id: assessment.id.into_string(),
            version: assessment.version,
            created_at: assessment.created_at,
            updated_at: assessment.updated_at,
            member: assessment.member.into_string(),
            commitment: assessment.subject.commitment,
            year: assessment.subject.year,
            voice: assessment.author.voice,
            organisation: assessment.author.organisation,
            level: facts.level.get(),
            explanation: facts.explanation,
            evidence: facts.evidence,
            assessed_on: facts.assessed_on,
            publication: assessment.publication,
            links,
        }
    }
}
