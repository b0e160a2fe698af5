//! Practices as the API shows them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::rules::{Filters, Practice, PracticeFilters, PracticeSortKey},
    texts,
};
use crate::{
    action_programs::{Document, Drafts, Provenance, Publication, PublicationFilter},
    kernel::{
        clock::rfc3339,
        fold::search_words,
        id::Slug,
        language::LanguageMap,
        paging::{Direction, Order},
    },
    members::MemberAddress,
    territories::Code,
    web::{
        listing::list_query,
        page::PageOut,
        params::{Instant, One, SearchText, Several},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the list of practices.
    pub struct PracticeQuery of PracticeOut {
        /// Only practices of the members with these slugs or ids; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only practices of members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only practices that are an example of one of these principles of the charter; several by comma.
        #[example = "transparency"]
        pub principle: Several<Slug>,
        /// Only practices in the territories with these codes themselves; several by comma.
        #[example = "01.331.01.03"]
        pub territory: Several<Code>,
        /// Only practices known from these: `official`, `press`, `illustrative`; several by comma.
        #[example = "official,press"]
        pub provenance: Several<Provenance>,
        /// Only practices whose title, summary or story has all these words or parts of words. Accents, letter case and
        /// the Arabic letters that are written for one another do not matter.
        #[example = "budget"]
        pub q: SearchText,
        /// `all` for what is not published, too, `draft` for that only; with a token that may see it.
        pub publication: One<PublicationFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), `title_fr` or `title_ar`; descending with a `-` in front. Who has no title
        /// in the language stands at the one that is shown instead.
        #[example = "-created_at"]
        pub sort: Order<PracticeSortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl PracticeQuery {
    /// Which practices the query asks for; `drafts` are those that the caller sees.
    #[must_use]
    pub fn filters(&self, drafts: Drafts) -> PracticeFilters {
        PracticeFilters {
            all: Filters {
                members: Several::values(self.member.clone()),
                regions: texts(self.region.clone()),
                provenances: Several::values(self.provenance.clone()).into_iter().map(Provenance::as_str).collect(),
                words: self.q.as_ref().map(|q| search_words(&q.0)),
                publication: self.publication.map(|publication| publication.0),
                drafts,
                updated_since: self.updated_since.map(|moment| moment.0),
            },
            principles: texts(self.principle.clone()),
            territories: texts(self.territory.clone()),
            order: self.sort.unwrap_or(Order { key: PracticeSortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

/// What a member has tried, and tells so that others can learn from it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PracticeOut {
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
    /// Slug of the member that tells it.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// Code of the territory that it is about.
    #[schema(example = "01.331.01.03")]
    pub territory: String,
    /// What it is called.
    pub title: LanguageMap,
    /// What it is about, in short; null where nothing says so.
    pub summary: Option<LanguageMap>,
    /// What was done, and what came of it. A text may have several lines.
    pub story: LanguageMap,
    /// Codes of the principles of openness that it is an example of.
    #[schema(example = json!(["transparency"]))]
    pub principles: Vec<String>,
    /// Its documents.
    pub documents: Vec<Document>,
    /// Who sees it; who reads it without a token sees what is `published` only.
    pub publication: Publication,
    /// Since when everybody sees it; null for a draft.
    #[schema(example = "2026-02-05")]
    pub published_on: Option<NaiveDate>,
    /// Where the knowledge comes from; `illustrative` is invented for demonstration.
    pub provenance: Provenance,
    /// The sources, in words.
    #[schema(example = "Site of the commune")]
    pub source: Option<String>,
    /// Where to go from here.
    pub links: PracticeLinksOut,
}

/// Links of a practice.
#[derive(Debug, Serialize, ToSchema)]
pub struct PracticeLinksOut {
    /// This practice.
    #[schema(example = "/api/v1/practices/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
    /// The member.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: String,
    /// The territory.
    #[schema(example = "/api/v1/territories/01.331.01.03")]
    pub territory: String,
}

/// A page of practices.
#[derive(Debug, Serialize, ToSchema)]
pub struct PracticePageOut {
    /// The practices, in the order that was asked for.
    pub data: Vec<PracticeOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl Tabular for PracticeOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("member", "/member"),
        ("territory", "/territory"),
        ("title_fr", "/title/fr"),
        ("title_ar", "/title/ar"),
        ("title_en", "/title/en"),
        ("summary_fr", "/summary/fr"),
        ("summary_ar", "/summary/ar"),
        ("summary_en", "/summary/en"),
        ("story_fr", "/story/fr"),
        ("story_ar", "/story/ar"),
        ("story_en", "/story/en"),
        ("principles", "/principles"),
        ("documents", "/documents"),
        ("publication", "/publication"),
        ("published_on", "/published_on"),
        ("provenance", "/provenance"),
        ("source", "/source"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

impl From<Practice> for PracticeOut {
    fn from(practice: Practice) -> Self {
        let this = practice.address();
        let facts = practice.facts;
        let member = practice.owner.map(|owner| owner.slug.into_string()).unwrap_or_default();
        let links = PracticeLinksOut {
            this,
            member: format!("/api/v1/members/{member}"),
            territory: format!("/api/v1/territories/{}", facts.territory),
        };
        Self {
            id: practice.id.into_string(),
            version: practice.version,
            created_at: practice.created_at,
            updated_at: practice.updated_at,
            member,
            territory: facts.territory.into_string(),
            title: facts.title,
            summary: facts.summary,
            story: facts.story,
            principles: facts.principles,
            documents: facts.documents,
            publication: practice.publication,
            published_on: practice.published_on,
            provenance: facts.provenance,
            source: facts.source,
            links,
        }
    }
}
