//! Collaborations: what members do together, led by one of them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Confirmed, DatedSortKey, Filters, Party, Shared, Stored, check_documents};
use crate::{
    action_programs::{Document, Provenance, check_year, searchable},
    kernel::{
        codes::codes, date::PartialDate, kind::Kind, language::LanguageMap, paging::Order, violation::Violations,
    },
};

/// A stored collaboration.
pub type Collaboration = Stored<CollaborationFacts>;

/// The fewest members of a collaboration.
const FEWEST_MEMBERS: usize = 2;

/// What kind of collaboration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CollaborationKind {
    /// Members that have become partners in general.
    Twinning,
    /// A service that they run together.
    SharedService,
    /// They learn from each other.
    PeerLearning,
    /// A project that they carry out together.
    JointProject,
    /// A convention on something else.
    Convention,
    /// None of these.
    Other,
}

codes!(CollaborationKind {
    Twinning => "twinning",
    SharedService => "shared_service",
    PeerLearning => "peer_learning",
    JointProject => "joint_project",
    Convention => "convention",
    Other => "other",
});

/// What is said of a collaboration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollaborationFacts {
    /// What kind of collaboration it is.
    pub kind: CollaborationKind,
    /// What it is called.
    pub title: LanguageMap,
    /// What it is for.
    pub purpose: LanguageMap,
    /// Who takes part, who leads it among them, in the order of their slugs.
    pub members: Vec<Party>,
    /// Of whom of them that is certain, and since when.
    pub confirmed: Confirmed,
    /// When it begins.
    pub starts_on: PartialDate,
    /// When it ends, where an end is known.
    pub ends_on: Option<PartialDate>,
    /// Reference of the convention that it rests on.
    pub agreement_reference: Option<String>,
    /// Where that can be read.
    pub agreement_url: Option<String>,
    /// Its documents.
    pub documents: Vec<Document>,
    /// Where the knowledge comes from.
    pub provenance: Provenance,
    /// The sources, in words.
    pub source: Option<String>,
}

impl CollaborationFacts {
    /// The last day on which it runs; `None` where no end is known.
    #[must_use]
    pub fn last_day(&self) -> Option<NaiveDate> {
        self.ends_on.map(PartialDate::last_day)
    }
}

impl Shared for CollaborationFacts {
    const KIND: Kind = Kind::Collaborations;

    fn title(&self) -> &LanguageMap {
        &self.title
    }

    fn search_text(&self) -> String {
        searchable([&self.title, &self.purpose].into_iter())
    }

    fn confirm_all(&mut self, now: DateTime<Utc>) {
        self.confirmed = self.members.iter().map(|party| (party.id.clone(), now)).collect();
    }
}

/// Checks what is said of a collaboration, beside its single properties and who takes part; `named` is how many members
/// are named, and `were` how many were before: where others have left it, who leads it still writes it.
pub fn check_collaboration(violations: &mut Violations, facts: &CollaborationFacts, named: usize, were: Option<usize>) {
    if named < were.map_or(FEWEST_MEMBERS, |were| were.min(FEWEST_MEMBERS)) {
        let detail = format!("At least {FEWEST_MEMBERS} members take part in a collaboration.");
        violations.add("/members", "too_few", detail);
    }
    check_year(violations, "/starts_on", facts.starts_on.first_day());
    if let (Some(ends_on), Some(last)) = (facts.ends_on, facts.last_day()) {
        check_year(violations, "/ends_on", ends_on.first_day());
        if last < facts.starts_on.first_day() {
            violations.add("/ends_on", "ends_before_it_begins", "ends_on lies before starts_on.");
        }
    }
    check_documents(violations, &facts.documents);
}

/// Which collaborations a list has, and in what order.
#[derive(Debug, Clone, Serialize)]
pub struct CollaborationFilters {
    /// What all lists can be asked for.
    pub all: Filters,
    /// Kinds, any of which.
    pub kinds: Vec<&'static str>,
    /// A day on which they run.
    pub on: Option<NaiveDate>,
    /// The order.
    pub order: Order<DatedSortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn facts(starts_on: &str, ends_on: Option<&str>) -> CollaborationFacts {
        CollaborationFacts {
            kind: CollaborationKind::Twinning,
            title: LanguageMap::default(),
            purpose: LanguageMap::default(),
            members: Vec::new(),
            confirmed: Confirmed::new(),
            starts_on: starts_on.parse().unwrap(),
            ends_on: ends_on.map(|date| date.parse().unwrap()),
            agreement_reference: None,
            agreement_url: None,
            documents: Vec::new(),
            provenance: Provenance::Official,
            source: None,
        }
    }

    fn faults(facts: &CollaborationFacts, members: usize) -> Vec<String> {
        let mut violations = Violations::default();
        check_collaboration(&mut violations, facts, members, None);
        violations.into_iter().map(|violation| violation.pointer).collect()
    }

    #[test]
    fn a_collaboration_ends_on_a_day_that_can_lie_behind_its_beginning() {
        assert!(faults(&facts("2024-06-15", Some("2024")), 2).is_empty());
        assert!(faults(&facts("2024-06", Some("2024-06-01")), 2).is_empty());
        assert_eq!(faults(&facts("2024-06-15", Some("2024-05")), 2), ["/ends_on"]);
        assert_eq!(faults(&facts("1989", None), 1), ["/members", "/starts_on"]);
    }

    #[test]
    fn a_collaboration_that_others_have_left_is_still_written() {
        let few = |named: usize, were: Option<usize>| {
            let mut violations = Violations::default();
            check_collaboration(&mut violations, &facts("2024", None), named, were);
            !violations.is_empty()
        };
        assert!(few(1, None) && few(1, Some(2)) && few(0, Some(1)));
        assert!(!few(1, Some(1)) && !few(2, None) && !few(2, Some(1)));
    }

    proptest! {
        #[test]
        fn what_is_sound_runs_on_its_first_day(from in 0u64..2_000, length in -900i64..900, precision in 0usize..3) {
            let start = NaiveDate::from_ymd_opt(2022, 1, 1).unwrap() + chrono::Days::new(from);
            let end = start + chrono::TimeDelta::days(length);
            let form = ["%Y-%m-%d", "%Y-%m", "%Y"][precision];
            let facts = facts(&start.to_string(), Some(&end.format(form).to_string()));
            prop_assert_eq!(faults(&facts, 2).is_empty(), facts.last_day().unwrap() >= start);
        }
    }
}
