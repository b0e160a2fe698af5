//! What callers write about practices.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::rules::{Practice, PracticeFacts, check_practice},
    STORY_CHARS, TEXT_CHARS, TITLE_CHARS, read_documents, written,
};
use crate::{
    action_programs::{DocumentIn, Provenance, Publication, stated},
    kernel::{
        bounded,
        id::Slug,
        language::{LanguageMap, LanguageMapPatch},
        patch::{Patch, replaced},
        text,
        violation::{Violations, long_line, readable},
    },
    territories::Code,
};

/// A practice to be added. The member stays.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PracticeIn {
    /// Slug of the member that tells it.
    #[validate(custom(function = "readable::<Slug>"))]
    #[schema(example = "commune-larache", max_length = 100)]
    pub member: String,
    /// Code of the territory that it is about, no prefecture of arrondissements; the member's own unless said otherwise.
    #[serde(default)]
    #[validate(custom(function = "readable::<Code>"))]
    #[schema(example = "01.331.01.03", max_length = 12)]
    pub territory: Option<String>,
    /// What it is called, in at least one language, each of at most 200 characters.
    pub title: LanguageMap,
    /// What it is about, in short, each of at most 2,000 characters.
    #[serde(default)]
    pub summary: Option<LanguageMap>,
    /// What was done, and what came of it, each of at most 5,000 characters, in several lines where that helps.
    pub story: LanguageMap,
    /// Codes of the principles of openness that it is an example of, at least one.
    #[serde(deserialize_with = "bounded::list::<20, _, _>")]
    #[schema(example = json!(["transparency"]), min_items = 1, max_items = 20)]
    pub principles: Vec<String>,
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

impl PracticeIn {
    /// What is said of the practice, with what is wrong with it so far; `seat` is the member's territory, if there is such
    /// a member. Nothing is said of a practice that is nowhere.
    #[must_use]
    pub fn read(self, seat: Option<Code>) -> (Violations, Option<PracticeFacts>) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let mut principles = self.principles;
        principles.sort();
        let territory = match self.territory {
            Some(code) => code.parse().ok(),
            None => seat,
        };
        let title = self.title.checked(&mut violations, "/title", TITLE_CHARS);
        let summary = self.summary.map(|text| text.checked(&mut violations, "/summary", TEXT_CHARS));
        let story = self.story.checked_text(&mut violations, "/story", STORY_CHARS);
        let documents = read_documents(self.documents, &mut violations);
        let facts = territory.map(|territory| PracticeFacts {
            title,
            summary,
            story,
            principles,
            territory,
            documents,
            provenance: self.provenance.unwrap_or(Provenance::Official),
            source: self.source.as_deref().map(text::normal),
        });
        if let Some(facts) = &facts {
            check_practice(&mut violations, facts);
        }
        (violations, facts)
    }
}

/// Changes of a practice (RFC 7396): what is absent stays, what is null is taken away. Member and provenance stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PracticePatch {
    /// Code of the territory that it is about; the member's own where it is null.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "01.331.01.03", max_length = 12)]
    pub territory: Patch<String>,
    /// What it is called, by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub title: Patch<LanguageMapPatch>,
    /// What it is about, in short, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub summary: Patch<LanguageMapPatch>,
    /// What was done, and what came of it, by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub story: Patch<LanguageMapPatch>,
    /// Codes of the principles of openness that it is an example of: the whole list anew.
    #[serde(default, deserialize_with = "bounded::replaced::<20, _, _>")]
    #[schema(value_type = Vec<String>, example = json!(["transparency"]), min_items = 1, max_items = 20, nullable = false)]
    pub principles: Patch<Vec<String>>,
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

impl PracticePatch {
    /// What would be said of the practice, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, practice: &Practice) -> PracticeIn {
        let facts = practice.facts.clone();
        PracticeIn {
            member: practice.owner.as_ref().map(|owner| owner.slug.to_string()).unwrap_or_default(),
            territory: self.territory.onto(Some(facts.territory.into_string())),
            title: self.title.onto_map(Some(facts.title)).unwrap_or_default(),
            summary: self.summary.onto_map(facts.summary),
            story: self.story.onto_map(Some(facts.story)).unwrap_or_default(),
            principles: self.principles.onto(Some(facts.principles)).unwrap_or_default(),
            documents: self.documents.onto(Some(written(facts.documents))).unwrap_or_default(),
            publication: self.publication.onto(Some(practice.publication)),
            provenance: Some(facts.provenance),
            source: self.source.onto(facts.source),
        }
    }
}
