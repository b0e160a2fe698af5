//! What callers write about collaborations.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::rules::{
        Collaboration, CollaborationFacts, CollaborationKind, Confirmed, Party, check_collaboration, check_owner,
        taking_part,
    },
    TEXT_CHARS, TITLE_CHARS, read_documents, slugs, written,
};
use crate::{
    action_programs::{DocumentIn, Provenance, Publication, stated},
    kernel::{
        bounded,
        date::{Date, Precision, check_date, patched},
        http_url,
        id::Slug,
        language::{LanguageMap, LanguageMapPatch},
        patch::{Patch, replaced},
        text,
        violation::{Violations, long_line, readable, short_line, web_address},
    },
};

/// A collaboration to be added.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CollaborationIn {
    /// What kind of collaboration it is.
    pub kind: CollaborationKind,
    /// What it is called, in at least one language, each of at most 200 characters.
    pub title: LanguageMap,
    /// What it is for, each of at most 2,000 characters.
    pub purpose: LanguageMap,
    /// Slug of the member that leads it, one of those that take part; its focal point writes it.
    #[validate(custom(function = "readable::<Slug>"))]
    #[schema(example = "commune-larache", max_length = 100)]
    pub lead: String,
    /// Slugs of the members that take part, at least two.
    #[serde(deserialize_with = "bounded::list::<500, _, _>")]
    #[schema(example = json!(["commune-larache", "commune-martil"]), min_items = 2, max_items = 500)]
    pub members: Vec<String>,
    /// When it begins, or the first day of the month or year.
    #[schema(example = "2025-03-01")]
    pub starts_on: Date,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub starts_on_precision: Option<Precision>,
    /// When it ends, or the first day of the month or year.
    #[serde(default)]
    #[schema(example = "2027-02-28")]
    pub ends_on: Option<Date>,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub ends_on_precision: Option<Precision>,
    /// Reference of the convention that it rests on.
    #[serde(default)]
    #[validate(custom(function = "short_line"))]
    #[schema(example = "Convention 12/2025", max_length = 200)]
    pub agreement_reference: Option<String>,
    /// Where that can be read, an http(s) URL.
    #[serde(default)]
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "https://www.larache.ma/conventions/12-2025", max_length = 500)]
    pub agreement_url: Option<String>,
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

impl CollaborationIn {
    /// The members that it names, who leads it among them; a text that is no slug names none.
    #[must_use]
    pub fn named(&self) -> Vec<Slug> {
        [&self.lead].into_iter().chain(&self.members).filter_map(|slug| slug.parse().ok()).collect()
    }

    /// What is said of the collaboration, with what is wrong with it; `known` are those that are named and are members, and
    /// `were` is how many took part before. Nothing is said of one that begins on no day.
    #[must_use]
    pub fn read(self, known: &[Party], were: Option<usize>) -> (Violations, Option<CollaborationFacts>) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let named = self.members.len();
        if !violations.has("/lead") {
            check_owner(&mut violations, "lead", &self.lead, &self.members, known);
        }
        let starts_on = (Some(self.starts_on), self.starts_on_precision);
        let starts_on = check_date(&mut violations, "starts_on", starts_on, NaiveDate::MAX);
        let ends_on = (self.ends_on, self.ends_on_precision);
        let ends_on = check_date(&mut violations, "ends_on", ends_on, NaiveDate::MAX);
        let title = self.title.checked(&mut violations, "/title", TITLE_CHARS);
        let purpose = self.purpose.checked(&mut violations, "/purpose", TEXT_CHARS);
        let members = taking_part(&mut violations, &self.members, known);
        let documents = read_documents(self.documents, &mut violations);
        let facts = starts_on.map(|starts_on| CollaborationFacts {
            kind: self.kind,
            title,
            purpose,
            members,
            confirmed: Confirmed::new(),
            starts_on,
            ends_on,
            agreement_reference: self.agreement_reference.as_deref().map(text::normal),
            agreement_url: self.agreement_url.as_deref().map(http_url::stored),
            documents,
            provenance: self.provenance.unwrap_or(Provenance::Official),
            source: self.source.as_deref().map(text::normal),
        });
        if let Some(facts) = &facts {
            check_collaboration(&mut violations, facts, named, were);
        }
        (violations, facts)
    }
}

/// Changes of a collaboration (RFC 7396): what is absent stays, what is null is taken away. Provenance stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollaborationPatch {
    /// What kind of collaboration it is.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = CollaborationKind, nullable = false)]
    pub kind: Patch<CollaborationKind>,
    /// What it is called, by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub title: Patch<LanguageMapPatch>,
    /// What it is for, by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub purpose: Patch<LanguageMapPatch>,
    /// Slug of the member that leads it from now on: for the secretariat to say.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = String, example = "commune-larache", max_length = 100, nullable = false)]
    pub lead: Patch<String>,
    /// Slugs of the members that take part: the whole list anew.
    #[serde(default, deserialize_with = "bounded::replaced::<500, _, _>")]
    #[schema(value_type = Vec<String>, example = json!(["commune-larache", "commune-martil"]), min_items = 2, max_items = 500, nullable = false)]
    pub members: Patch<Vec<String>>,
    /// When it begins, or the first day of the month or year.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Date, example = "2025-03-01", nullable = false)]
    pub starts_on: Patch<Date>,
    /// How much of that date is known; `day` for a new date unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Precision>)]
    pub starts_on_precision: Patch<Precision>,
    /// When it ends, or the first day of the month or year.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2027-02-28")]
    pub ends_on: Patch<Date>,
    /// How much of that date is known; `day` for a new date unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Precision>)]
    pub ends_on_precision: Patch<Precision>,
    /// Reference of the convention that it rests on.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Convention 12/2025", max_length = 200)]
    pub agreement_reference: Patch<String>,
    /// Where that can be read, an http(s) URL.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri", example = "https://www.larache.ma/conventions/12-2025", max_length = 500)]
    pub agreement_url: Patch<String>,
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

impl CollaborationPatch {
    /// What would be said of the collaboration, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, collaboration: &Collaboration) -> CollaborationIn {
        let facts = collaboration.facts.clone();
        let lead = collaboration.owner.as_ref().map(|owner| owner.slug.to_string());
        let first_day = facts.starts_on.first_day();
        let (starts_on, starts_on_precision) = patched(self.starts_on, self.starts_on_precision, Some(facts.starts_on));
        let (ends_on, ends_on_precision) = patched(self.ends_on, self.ends_on_precision, facts.ends_on);
        CollaborationIn {
            kind: self.kind.onto(None).unwrap_or(facts.kind),
            title: self.title.onto_map(Some(facts.title)).unwrap_or_default(),
            purpose: self.purpose.onto_map(Some(facts.purpose)).unwrap_or_default(),
            lead: self.lead.onto(lead).unwrap_or_default(),
            members: self.members.onto(Some(slugs(&facts.members))).unwrap_or_default(),
            starts_on: starts_on.unwrap_or(Date(first_day)),
            starts_on_precision,
            ends_on,
            ends_on_precision,
            agreement_reference: self.agreement_reference.onto(facts.agreement_reference),
            agreement_url: self.agreement_url.onto(facts.agreement_url),
            documents: self.documents.onto(Some(written(facts.documents))).unwrap_or_default(),
            publication: self.publication.onto(Some(collaboration.publication)),
            provenance: Some(facts.provenance),
            source: self.source.onto(facts.source),
        }
    }
}
