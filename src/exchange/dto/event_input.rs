//! What callers write about events.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::rules::{Confirmed, Country, Event, EventFacts, EventReach, Party, check_event, check_owner, taking_part},
    TEXT_CHARS, TITLE_CHARS, read_documents, slugs, written,
};
use crate::{
    action_programs::{DocumentIn, Provenance, Publication, stated},
    kernel::{
        bounded,
        date::Date,
        http_url,
        id::Slug,
        language::{LanguageMap, LanguageMapPatch},
        patch::{Patch, replaced},
        text,
        violation::{Violations, long_line, readable, web_address},
    },
    territories::Code,
};

/// An event to be added.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct EventIn {
    /// How far it reaches; a national event takes place in Morocco.
    pub reach: EventReach,
    /// What it is called, in at least one language, each of at most 200 characters.
    pub title: LanguageMap,
    /// What it is about, each of at most 2,000 characters.
    #[serde(default)]
    pub description: Option<LanguageMap>,
    /// Whether it takes place online, alone or beside a place; not unless said otherwise.
    #[serde(default)]
    #[schema(example = false)]
    pub is_online: bool,
    /// The place, each of at most 200 characters.
    #[serde(default)]
    pub place: Option<LanguageMap>,
    /// The country's code (ISO 3166-1 alpha-2); what does not take place online must name it.
    #[serde(default)]
    #[validate(custom(function = "readable::<Country>"))]
    #[schema(example = "MA", max_length = 2)]
    pub country: Option<String>,
    /// Code of the territory, in Morocco; no prefecture of arrondissements.
    #[serde(default)]
    #[validate(custom(function = "readable::<Code>"))]
    #[schema(example = "01.331.01.03", max_length = 12)]
    pub territory: Option<String>,
    /// The first day.
    #[schema(example = "2025-10-07")]
    pub starts_on: Date,
    /// The last day; the first unless said otherwise.
    #[serde(default)]
    #[schema(example = "2025-10-09")]
    pub ends_on: Option<Date>,
    /// Who organises it, each of at most 200 characters.
    #[serde(default)]
    pub organiser: Option<LanguageMap>,
    /// Where more can be read, an http(s) URL.
    #[serde(default)]
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "https://www.larache.ma/forum-2025", max_length = 500)]
    pub url: Option<String>,
    /// Slug of the member that hosts it, one of those that take part; its focal point writes it. Without a host, only the
    /// secretariat does.
    #[serde(default)]
    #[validate(custom(function = "readable::<Slug>"))]
    #[schema(example = "commune-larache", max_length = 100)]
    pub host: Option<String>,
    /// Slugs of the members that take part.
    #[serde(default, deserialize_with = "bounded::list::<500, _, _>")]
    #[schema(example = json!(["commune-larache", "commune-martil"]), max_items = 500)]
    pub members: Vec<String>,
    /// Its documents.
    #[serde(default, deserialize_with = "bounded::list::<100, _, _>")]
    #[validate(nested)]
    #[schema(max_items = 100)]
    pub documents: Vec<DocumentIn>,
    /// `published` shows it to everybody; `draft` unless said otherwise.
    #[serde(default)]
    pub publication: Option<Publication>,
    /// Where the knowledge comes from: `official` (unless said otherwise) or `press`.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<String>, example = "official", pattern = "^(official|press)$")]
    pub provenance: Option<Provenance>,
    /// The sources, in words.
    #[serde(default)]
    #[validate(custom(function = "long_line"))]
    #[schema(example = "Site of the commune", max_length = 500)]
    pub source: Option<String>,
}

impl EventIn {
    /// The members that it names, who hosts it among them; a text that is no slug names none.
    #[must_use]
    pub fn named(&self) -> Vec<Slug> {
        self.host.iter().chain(&self.members).filter_map(|slug| slug.parse().ok()).collect()
    }

    /// What is said of the event, with what is wrong with it so far; `known` are those that are named and are members.
    #[must_use]
    pub fn read(self, known: &[Party]) -> (Violations, EventFacts) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        if let Some(host) = self.host.as_ref().filter(|_| !violations.has("/host")) {
            check_owner(&mut violations, "host", host, &self.members, known);
        }
        let facts = EventFacts {
            reach: self.reach,
            title: self.title.checked(&mut violations, "/title", TITLE_CHARS),
            description: self.description.map(|text| text.checked(&mut violations, "/description", TEXT_CHARS)),
            is_online: self.is_online,
            place: self.place.map(|text| text.checked(&mut violations, "/place", TITLE_CHARS)),
            country: self.country.as_ref().and_then(|code| code.parse().ok()),
            territory: self.territory.as_ref().and_then(|code| code.parse().ok()),
            starts_on: self.starts_on.day(),
            ends_on: self.ends_on.unwrap_or(self.starts_on).day(),
            organiser: self.organiser.map(|text| text.checked(&mut violations, "/organiser", TITLE_CHARS)),
            url: self.url.as_deref().map(http_url::stored),
            members: taking_part(&mut violations, &self.members, known),
            confirmed: Confirmed::new(),
            documents: read_documents(self.documents, &mut violations),
            provenance: self.provenance.unwrap_or(Provenance::Official),
            source: self.source.as_deref().map(text::normal),
        };
        if !violations.has("/country") {
            check_event(&mut violations, &facts);
        }
        (violations, facts)
    }
}

/// Changes of an event (RFC 7396): what is absent stays, what is null is taken away. Provenance stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventPatch {
    /// How far it reaches.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = EventReach, nullable = false)]
    pub reach: Patch<EventReach>,
    /// What it is called, by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub title: Patch<LanguageMapPatch>,
    /// What it is about, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub description: Patch<LanguageMapPatch>,
    /// Whether it takes place online, alone or beside a place.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = bool, example = false, nullable = false)]
    pub is_online: Patch<bool>,
    /// The place, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub place: Patch<LanguageMapPatch>,
    /// The country's code (ISO 3166-1 alpha-2).
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "MA", max_length = 2)]
    pub country: Patch<String>,
    /// Code of the territory, in Morocco.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "01.331.01.03", max_length = 12)]
    pub territory: Patch<String>,
    /// The first day.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Date, example = "2025-10-07", nullable = false)]
    pub starts_on: Patch<Date>,
    /// The last day; the first where it is null. An event of one day stays one where only its first day is moved.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2025-10-09")]
    pub ends_on: Patch<Date>,
    /// Who organises it, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub organiser: Patch<LanguageMapPatch>,
    /// Where more can be read, an http(s) URL.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri", example = "https://www.larache.ma/forum-2025", max_length = 500)]
    pub url: Patch<String>,
    /// Slug of the member that hosts it from now on, or null for none: for the secretariat to say.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "commune-larache", max_length = 100)]
    pub host: Patch<String>,
    /// Slugs of the members that take part: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<500, _, _>")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["commune-larache", "commune-martil"]), max_items = 500)]
    pub members: Patch<Vec<String>>,
    /// Its documents: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<100, _, _>")]
    #[schema(value_type = Option<Vec<DocumentIn>>, max_items = 100)]
    pub documents: Patch<Vec<DocumentIn>>,
    /// `published` shows it to everybody, `draft` takes it back.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Publication, nullable = false)]
    pub publication: Patch<Publication>,
    /// The sources, in words.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Site of the commune", max_length = 500)]
    pub source: Patch<String>,
}

impl EventPatch {
    /// What would be said of the event, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, event: &Event) -> EventIn {
        let facts = event.facts.clone();
        let host = event.owner.as_ref().map(|owner| owner.slug.to_string());
        let starts_on = self.starts_on.onto(None).unwrap_or(Date(facts.starts_on));
        // What lasted one day lasts one day on another one, unless something else is said.
        let lasted_a_day = facts.ends_on == facts.starts_on;
        let ends_on = self.ends_on.onto(Some(if lasted_a_day { starts_on } else { Date(facts.ends_on) }));
        EventIn {
            reach: self.reach.onto(None).unwrap_or(facts.reach),
            title: self.title.onto_map(Some(facts.title)).unwrap_or_default(),
            description: self.description.onto_map(facts.description),
            is_online: self.is_online.onto(Some(facts.is_online)).unwrap_or_default(),
            place: self.place.onto_map(facts.place),
            country: self.country.onto(facts.country.map(|country| country.to_string())),
            territory: self.territory.onto(facts.territory.map(Code::into_string)),
            starts_on,
            ends_on,
            organiser: self.organiser.onto_map(facts.organiser),
            url: self.url.onto(facts.url),
            host: self.host.onto(host),
            members: self.members.onto(Some(slugs(&facts.members))).unwrap_or_default(),
            documents: self.documents.onto(Some(written(facts.documents))).unwrap_or_default(),
            publication: self.publication.onto(Some(event.publication)),
            provenance: Some(facts.provenance),
            source: self.source.onto(facts.source),
        }
    }
}
