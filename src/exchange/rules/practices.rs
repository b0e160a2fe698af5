//! Practices: what a member has tried, and tells so that others can learn from it.

use serde::Serialize;

use super::{Filters, Shared, Stored, check_documents};
use crate::{
    action_programs::{Document, Provenance, searchable},
    kernel::{codes::codes, kind::Kind, language::LanguageMap, paging::Order, violation::Violations},
    territories::Code,
};

/// A stored practice.
pub type Practice = Stored<PracticeFacts>;

/// What is said of a practice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PracticeFacts {
    /// What it is called.
    pub title: LanguageMap,
    /// What it is about, in short.
    pub summary: Option<LanguageMap>,
    /// What was done, and what came of it.
    pub story: LanguageMap,
    /// Codes of the principles of openness that it is an example of, in alphabetical order.
    pub principles: Vec<String>,
    /// Where.
    pub territory: Code,
    /// Its documents.
    pub documents: Vec<Document>,
    /// Where the knowledge comes from.
    pub provenance: Provenance,
    /// The sources, in words.
    pub source: Option<String>,
}

impl Shared for PracticeFacts {
    const KIND: Kind = Kind::Practices;

    fn title(&self) -> &LanguageMap {
        &self.title
    }

    fn search_text(&self) -> String {
        searchable([Some(&self.title), self.summary.as_ref(), Some(&self.story)].into_iter().flatten())
    }
}

/// Checks what is said of a practice, beside its single properties and what the charter and the territories have.
pub fn check_practice(violations: &mut Violations, facts: &PracticeFacts) {
    if facts.principles.is_empty() {
        let detail = "A practice is an example of at least one principle of openness.";
        violations.add("/principles", "empty", detail);
    }
    check_documents(violations, &facts.documents);
}

/// What practices can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum PracticeSortKey {
    /// When it was first stored.
    CreatedAt,
    /// The folded French title, or the one that stands in for it.
    TitleFr,
    /// The folded Arabic title, or the one that stands in for it.
    TitleAr,
}

codes!(PracticeSortKey { CreatedAt => "created_at", TitleFr => "title_fr", TitleAr => "title_ar" });

/// Which practices a list has, and in what order.
#[derive(Debug, Clone, Serialize)]
pub struct PracticeFilters {
    /// What all lists can be asked for.
    pub all: Filters,
    /// Principles, any of which.
    pub principles: Vec<String>,
    /// Codes of territories, any of which.
    pub territories: Vec<String>,
    /// The order.
    pub order: Order<PracticeSortKey>,
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn facts(principles: &[&str]) -> PracticeFacts {
        PracticeFacts {
            title: LanguageMap { fr: Some("Budget ouvert".to_owned()), ..LanguageMap::default() },
            summary: None,
            story: LanguageMap { ar: Some("حكاية".to_owned()), ..LanguageMap::default() },
            principles: principles.iter().map(|code| (*code).to_owned()).collect(),
            territory: "01.331.01.03".parse().unwrap(),
            documents: Vec::new(),
            provenance: Provenance::Official,
            source: None,
        }
    }

    #[test]
    fn a_practice_is_an_example_of_something() {
        let faults = |principles: &[&str]| {
            let mut violations = Violations::default();
            check_practice(&mut violations, &facts(principles));
            violations.into_iter().map(|violation| violation.pointer).collect::<Vec<_>>()
        };
        assert_eq!(faults(&[]), ["/principles"]);
        assert!(faults(&["transparency"]).is_empty());
        assert_eq!(facts(&[]).search_text(), "budgetouvert حكايه");
    }
}
