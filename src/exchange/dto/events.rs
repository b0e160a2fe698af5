//! Events as the API shows them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::rules::{Country, DatedSortKey, Event, EventFilters, EventReach, Filters},
    addresses, certain, slugs, texts,
};
use crate::{
    action_programs::{Document, Drafts, Provenance, Publication, PublicationFilter},
    kernel::{
        clock::rfc3339,
        date::Date,
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
    /// The parameters of the list of events.
    pub struct EventQuery of EventOut {
        /// Only events that reach this far; several by comma.
        #[example = "continental,international"]
        pub reach: Several<EventReach>,
        /// Only events that one of the members with these slugs or ids takes part in; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only events that a member in one of the regions with these codes takes part in; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only events in the countries with these codes (ISO 3166-1 alpha-2); several by comma.
        #[example = "MA,ES"]
        pub country: Several<Country>,
        /// Only events that end on this day or later; with `until` those that take place in between.
        #[example = "2025-01-01"]
        pub from: Date,
        /// Only events that begin on this day or earlier.
        #[example = "2025-12-31"]
        pub until: Date,
        /// Only events known from these: `official`, `press`, `illustrative`; several by comma.
        #[example = "official,press"]
        pub provenance: Several<Provenance>,
        /// Only events whose title, description, place or organiser has all these words or parts of words. Accents, letter
        /// case and the Arabic letters that are written for one another do not matter.
        #[example = "forum"]
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

impl EventQuery {
    /// Which events the query asks for; `drafts` are those that the caller sees.
    #[must_use]
    pub fn filters(&self, drafts: Drafts) -> EventFilters {
        EventFilters {
            all: Filters {
                members: Several::values(self.member.clone()),
                regions: texts(self.region.clone()),
                provenances: Several::values(self.provenance.clone()).into_iter().map(Provenance::as_str).collect(),
                words: self.q.as_ref().map(|q| search_words(&q.0)),
                publication: self.publication.map(|publication| publication.0),
                drafts,
                updated_since: self.updated_since.map(|moment| moment.0),
            },
            reaches: Several::values(self.reach.clone()).into_iter().map(EventReach::as_str).collect(),
            countries: Several::values(self.country.clone()).into_iter().map(Country::as_str).collect(),
            from: self.from.map(|day| day.0),
            until: self.until.map(|day| day.0),
            order: self.sort.unwrap_or(Order { key: DatedSortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

/// Where members show what they do, and meet others.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventOut {
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
    /// How far it reaches.
    pub reach: EventReach,
    /// What it is called.
    pub title: LanguageMap,
    /// What it is about; null where nothing says so.
    pub description: Option<LanguageMap>,
    /// Whether it takes place online, alone or beside a place.
    pub is_online: bool,
    /// The place, in words.
    pub place: Option<LanguageMap>,
    /// The country's code (ISO 3166-1 alpha-2); null for what takes place online alone.
    #[schema(value_type = Option<String>, example = "MA", pattern = "^[A-Z]{2}$")]
    pub country: Option<Country>,
    /// Code of the territory, in Morocco; null where none is named.
    #[schema(example = "01.331.01.03")]
    pub territory: Option<String>,
    /// The first day.
    #[schema(example = "2025-10-07")]
    pub starts_on: NaiveDate,
    /// The last day.
    #[schema(example = "2025-10-09")]
    pub ends_on: NaiveDate,
    /// Who organises it.
    pub organiser: Option<LanguageMap>,
    /// Where more can be read.
    #[schema(format = "uri", example = "https://www.larache.ma/forum-2025")]
    pub url: Option<String>,
    /// Slug of the member that hosts it; null for an event of the network's own, or of others.
    #[schema(example = "commune-larache")]
    pub host: Option<String>,
    /// Slugs of the members that take part, in alphabetical order.
    #[schema(example = json!(["commune-larache", "commune-martil"]))]
    pub members: Vec<String>,
    /// Those of them who have confirmed it themselves, or for whom the secretariat has; only for them it is counted.
    #[schema(example = json!(["commune-larache"]))]
    pub confirmed_members: Vec<String>,
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
    pub links: EventLinksOut,
}

/// Links of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventLinksOut {
    /// This event.
    #[schema(example = "/api/v1/events/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
    /// The member that hosts it; null where none does.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub host: Option<String>,
    /// The territory; null where none is named.
    #[schema(example = "/api/v1/territories/01.331.01.03")]
    pub territory: Option<String>,
    /// The members that take part.
    #[schema(example = json!(["/api/v1/members/commune-larache", "/api/v1/members/commune-martil"]))]
    pub members: Vec<String>,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventPageOut {
    /// The events, in the order that was asked for.
    pub data: Vec<EventOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl Tabular for EventOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("reach", "/reach"),
        ("title_fr", "/title/fr"),
        ("title_ar", "/title/ar"),
        ("title_en", "/title/en"),
        ("description_fr", "/description/fr"),
        ("description_ar", "/description/ar"),
        ("description_en", "/description/en"),
        ("is_online", "/is_online"),
        ("place_fr", "/place/fr"),
        ("place_ar", "/place/ar"),
        ("place_en", "/place/en"),
        ("country", "/country"),
        ("territory", "/territory"),
        ("starts_on", "/starts_on"),
        ("ends_on", "/ends_on"),
        ("organiser_fr", "/organiser/fr"),
        ("organiser_ar", "/organiser/ar"),
        ("organiser_en", "/organiser/en"),
        ("url", "/url"),
        ("host", "/host"),
        ("members", "/members"),
        ("confirmed_members", "/confirmed_members"),
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

impl From<Event> for EventOut {
    fn from(event: Event) -> Self {
        let this = event.address();
        let facts = event.facts;
        let host = event.owner.map(|owner| owner.slug.into_string());
        let territory = facts.territory.map(Code::into_string);
        let links = EventLinksOut {
            this,
            host: host.as_ref().map(|host| format!("/api/v1/members/{host}")),
            territory: territory.as_ref().map(|code| format!("/api/v1/territories/{code}")),
            members: addresses(&facts.members),
        };
        Self {
            id: event.id.into_string(),
            version: event.version,
            created_at: event.created_at,
            updated_at: event.updated_at,
            reach: facts.reach,
            title: facts.title,
            description: facts.description,
            is_online: facts.is_online,
            place: facts.place,
            country: facts.country,
            territory,
            starts_on: facts.starts_on,
            ends_on: facts.ends_on,
            organiser: facts.organiser,
            url: facts.url,
            host,
            confirmed_members: certain(&facts.members, &facts.confirmed),
            members: slugs(&facts.members),
            documents: facts.documents,
            publication: event.publication,
            published_on: event.published_on,
            provenance: facts.provenance,
            source: facts.source,
            links,
        }
    }
}
