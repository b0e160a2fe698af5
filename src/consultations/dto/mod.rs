//! Consultations as the API shows them.

mod answer;
mod contribution;
mod input;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::{
    answer::{
        ContributionDecisionIn, ContributionIn, ContributionModerationIn, ContributionReceiptOut, ContributionStatusOut,
    },
    contribution::{
        ContributionBeside, ContributionDetailOut, ContributionOut, ContributionPageOut, ContributionQuery,
        ContributionViewQuery,
    },
    input::{ConsultationIn, ConsultationPatch},
};
use super::rules::{Consultation, Filters, Kind, Participants, Report, Round, SortKey};
use crate::{
    action_programs::{Drafts, ProgramAddress, Provenance, PublicationFilter},
    kernel::{
        clock::rfc3339,
        codes::Flag,
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

list_query! {
    /// The parameters of the list of consultations.
    pub struct ConsultationQuery of ConsultationOut {
        /// Only consultations on the programmes with these slugs or ids; several by comma.
        #[example = "commune-larache-cycle-1"]
        pub program: Several<ProgramAddress>,
        /// Only consultations of the members with these slugs or ids; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only consultations of members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only these rounds: `1` on ideas, `2` on draft projects; several by comma.
        #[example = "1"]
        pub round: Several<Round>,
        /// Only those that are held so; several by comma.
        #[example = "online,workshop"]
        pub kind: Several<Kind>,
        /// `true` for those that take place today, `false` for the others.
        #[example = "true"]
        pub open: One<Flag>,
        /// `all` for those on programmes that are not published, too, `draft` for those only; with a token that may see
        /// them.
        pub publication: One<PublicationFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default) or `opens_on`; descending with a `-` in front.
        #[example = "-opens_on"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl ConsultationQuery {
    /// Which consultations the query asks for; `drafts` are those that the caller sees.
    #[must_use]
    pub fn filters(&self, drafts: Drafts, today: NaiveDate) -> Filters {
        Filters {
            programs: Several::values(self.program.clone()),
            members: Several::values(self.member.clone()),
            regions: Several::texts(&self.region),
            rounds: Several::values(self.round.clone()).into_iter().map(|round| round.0).collect(),
            kinds: Several::values(self.kind.clone()),
            open: self.open.map(|open| open.0),
            today,
            publication: self.publication.map(|publication| publication.0),
            drafts,
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.order(),
        }
    }

    /// The order that the query asks for.
    #[must_use]
    pub fn order(&self) -> Order<SortKey> {
        self.sort.unwrap_or(Order { key: SortKey::CreatedAt, direction: Direction::Ascending })
    }
}

query! {
    /// The parameters of a single consultation.
    pub struct ConsultationViewQuery {
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// A round in which a member consults the public on a programme.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsultationOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1; contributions have their own.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was first stored here.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Slug of the programme.
    #[schema(example = "commune-larache-cycle-1")]
    pub program: String,
    /// Slug of the member.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// Code of the region that the member lies in.
    #[schema(example = "01")]
    pub region_code: String,
    /// The round: 1 on ideas, 2 on draft projects.
    #[schema(example = 1, minimum = 1, maximum = 2)]
    pub round: i64,
    /// How it is held.
    pub kind: Kind,
    /// What it is called.
    pub title: LanguageMap,
    /// What it is about.
    pub description: Option<LanguageMap>,
    /// The first day.
    #[schema(example = "2025-03-15")]
    pub opens_on: NaiveDate,
    /// The last day.
    #[schema(example = "2025-04-30")]
    pub closes_on: NaiveDate,
    /// Where a workshop is; null for all others.
    pub place: Option<LanguageMap>,
    /// Who took part; null where it was not counted.
    pub participants: Option<Participants>,
    /// What came of it, written down; null where it was not.
    pub report: Option<Report>,
    /// Where the knowledge of its programme comes from; `illustrative` is invented for demonstration.
    pub provenance: Provenance,
    /// What depends on today; null in the feed and in exports, which hold stored facts only.
    pub computed: Option<ConsultationComputedOut>,
    /// Where to go from here.
    pub links: ConsultationLinksOut,
}

/// What of a consultation depends on today.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsultationComputedOut {
    /// The day that it was computed for.
    #[schema(example = "2026-11-24")]
    pub computed_on: NaiveDate,
    /// Whether it takes place on that day. An online round takes contributions then.
    pub is_open: bool,
}

/// Links of a consultation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsultationLinksOut {
    /// This consultation.
    #[schema(example = "/api/v1/consultations/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
    /// What was contributed to it, and where contributions are sent.
    #[schema(example = "/api/v1/consultations/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f/contributions")]
    pub contributions: String,
    /// Its programme.
    #[schema(example = "/api/v1/action-programs/commune-larache-cycle-1")]
    pub program: String,
    /// The member.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: String,
}

/// A page of consultations.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsultationPageOut {
    /// The consultations, in the order that was asked for.
    pub data: Vec<ConsultationOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl Tabular for ConsultationOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("program", "/program"),
        ("member", "/member"),
        ("region_code", "/region_code"),
        ("round", "/round"),
        ("kind", "/kind"),
        ("title_fr", "/title/fr"),
        ("title_ar", "/title/ar"),
        ("title_en", "/title/en"),
        ("description_fr", "/description/fr"),
        ("description_ar", "/description/ar"),
        ("description_en", "/description/en"),
        ("opens_on", "/opens_on"),
        ("closes_on", "/closes_on"),
        ("place_fr", "/place/fr"),
        ("place_ar", "/place/ar"),
        ("place_en", "/place/en"),
        ("participants", "/participants/total"),
        ("participants_women", "/participants/women"),
        ("participants_men", "/participants/men"),
        ("participants_under_25", "/participants/under_25"),
        ("participants_25_to_59", "/participants/aged_25_to_59"),
        ("participants_60_and_over", "/participants/aged_60_and_over"),
        ("participants_of_associations", "/participants/of_associations"),
        ("report_url", "/report/url"),
        ("reported_on", "/report/published_on"),
        ("provenance", "/provenance"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

impl ConsultationOut {
    /// A consultation as it stands on a day; without one, what is stored of it.
    #[must_use]
    pub fn of(found: Consultation, today: Option<NaiveDate>) -> Self {
        let computed = today.map(|today| ConsultationComputedOut { computed_on: today, is_open: found.is_open(today) });
        let this = found.address();
        let links = ConsultationLinksOut {
            contributions: format!("{this}/contributions"),
            program: format!("/api/v1/action-programs/{}", found.program),
            member: format!("/api/v1/members/{}", found.owner.slug),
            this,
        };
        let facts = found.facts;
        Self {
            id: found.id.into_string(),
            version: found.version,
            created_at: found.created_at,
            updated_at: found.updated_at,
            program: found.program.into_string(),
            member: found.owner.slug.into_string(),
            region_code: found.owner.region_code.into_string(),
            round: facts.round,
            kind: facts.kind,
            title: facts.title,
            description: facts.description,
            opens_on: facts.opens_on,
            closes_on: facts.closes_on,
            place: facts.place,
            participants: facts.participants,
            report: facts.report,
            provenance: found.provenance,
            computed,
            links,
        }
    }
}
