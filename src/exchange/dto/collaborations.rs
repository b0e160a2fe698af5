//! Collaborations as the API shows them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::rules::{Collaboration, CollaborationFilters, CollaborationKind, DatedSortKey, Filters},
    addresses, certain, slugs, texts,
};
use crate::{
    action_programs::{Document, Drafts, Provenance, Publication, PublicationFilter},
    kernel::{
        clock::rfc3339,
        date::{Date, PartialDate, Precision},
        fold::search_words,
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
    /// The parameters of the list of collaborations.
    pub struct CollaborationQuery of CollaborationOut {
        /// Only collaborations that one of the members with these slugs or ids takes part in; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only collaborations that a member in one of the regions with these codes takes part in; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only collaborations of these kinds; several by comma.
        #[example = "twinning,peer_learning"]
        pub kind: Several<CollaborationKind>,
        /// Only collaborations that run on this day, as far as their dates can mean it.
        #[example = "2025-06-30"]
        pub on: Date,
        /// Only collaborations known from these: `official`, `press`, `illustrative`; several by comma.
        #[example = "official,press"]
        pub provenance: Several<Provenance>,
        /// Only collaborations whose title or purpose has all these words or parts of words. Accents, letter case and the
        /// Arabic letters that are written for one another do not matter.
        #[example = "eau"]
        pub q: SearchText,
        /// `all` for what is not published, too, `draft` for that only; with a token that may see it.
        pub publication: One<PublicationFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), `starts_on`, `title_fr` or `title_ar`; descending with a `-` in front. Who
        /// has no title in the language stands at the one that is shown instead.
        #[example = "-starts_on"]
        pub sort: Order<DatedSortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl CollaborationQuery {
    /// Which collaborations the query asks for; `drafts` are those that the caller sees.
    #[must_use]
    pub fn filters(&self, drafts: Drafts) -> CollaborationFilters {
        CollaborationFilters {
            all: Filters {
                members: Several::values(self.member.clone()),
                regions: texts(self.region.clone()),
                provenances: Several::values(self.provenance.clone()).into_iter().map(Provenance::as_str).collect(),
                words: self.q.as_ref().map(|q| search_words(&q.0)),
                publication: self.publication.map(|publication| publication.0),
                drafts,
                updated_since: self.updated_since.map(|moment| moment.0),
            },
            kinds: Several::values(self.kind.clone()).into_iter().map(CollaborationKind::as_str).collect(),
            on: self.on.map(|day| day.0),
            order: self.sort.unwrap_or(Order { key: DatedSortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

/// What members do together.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollaborationOut {
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
    /// What kind of collaboration it is.
    pub kind: CollaborationKind,
    /// What it is called.
    pub title: LanguageMap,
    /// What it is for.
    pub purpose: LanguageMap,
    /// Slug of the member that leads it.
    #[schema(example = "commune-larache")]
    pub lead: String,
    /// Slugs of the members that take part, in alphabetical order.
    #[schema(example = json!(["commune-larache", "commune-martil"]))]
    pub members: Vec<String>,
    /// Those of them who have confirmed it themselves, or for whom the secretariat has; only for them it is counted.
    #[schema(example = json!(["commune-larache"]))]
    pub confirmed_members: Vec<String>,
    /// When it begins, or the first day of the month or year.
    #[schema(example = "2025-03-01")]
    pub starts_on: NaiveDate,
    /// How much of that date is known.
    pub starts_on_precision: Precision,
    /// When it ends, or the first day of the month or year; null where no end is known.
    #[schema(example = "2027-02-28")]
    pub ends_on: Option<NaiveDate>,
    /// How much of that date is known.
    pub ends_on_precision: Option<Precision>,
    /// Reference of the convention that it rests on.
    #[schema(example = "Convention 12/2025")]
    pub agreement_reference: Option<String>,
    /// Where that can be read.
    #[schema(format = "uri", example = "https://www.larache.ma/conventions/12-2025")]
    pub agreement_url: Option<String>,
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
    pub links: CollaborationLinksOut,
}

/// Links of a collaboration.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollaborationLinksOut {
    /// This collaboration.
    #[schema(example = "/api/v1/collaborations/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
    /// The member that leads it.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub lead: String,
    /// The members that take part.
    #[schema(example = json!(["/api/v1/members/commune-larache", "/api/v1/members/commune-martil"]))]
    pub members: Vec<String>,
}

/// A page of collaborations.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollaborationPageOut {
    /// The collaborations, in the order that was asked for.
    pub data: Vec<CollaborationOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl Tabular for CollaborationOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("kind", "/kind"),
        ("title_fr", "/title/fr"),
        ("title_ar", "/title/ar"),
        ("title_en", "/title/en"),
        ("purpose_fr", "/purpose/fr"),
        ("purpose_ar", "/purpose/ar"),
        ("purpose_en", "/purpose/en"),
        ("lead", "/lead"),
        ("members", "/members"),
        ("confirmed_members", "/confirmed_members"),
        ("starts_on", "/starts_on"),
        ("starts_on_precision", "/starts_on_precision"),
        ("ends_on", "/ends_on"),
        ("ends_on_precision", "/ends_on_precision"),
        ("agreement_reference", "/agreement_reference"),
        ("agreement_url", "/agreement_url"),
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

impl From<Collaboration> for CollaborationOut {
    fn from(collaboration: Collaboration) -> Self {
        let this = collaboration.address();
        let facts = collaboration.facts;
        let lead = collaboration.owner.map(|owner| owner.slug.into_string()).unwrap_or_default();
        let links =
            CollaborationLinksOut { this, lead: format!("/api/v1/members/{lead}"), members: addresses(&facts.members) };
        Self {
            id: collaboration.id.into_string(),
            version: collaboration.version,
            created_at: collaboration.created_at,
            updated_at: collaboration.updated_at,
            kind: facts.kind,
            title: facts.title,
            purpose: facts.purpose,
            lead,
            confirmed_members: certain(&facts.members, &facts.confirmed),
            members: slugs(&facts.members),
            starts_on: facts.starts_on.first_day(),
            starts_on_precision: facts.starts_on.precision(),
            ends_on: facts.ends_on.map(PartialDate::first_day),
            ends_on_precision: facts.ends_on.map(PartialDate::precision),
            agreement_reference: facts.agreement_reference,
            agreement_url: facts.agreement_url,
            documents: facts.documents,
            publication: collaboration.publication,
            published_on: collaboration.published_on,
            provenance: facts.provenance,
            source: facts.source,
            links,
        }
    }
}
