//! What members share with one another: practices, collaborations and events, and what the three have in common. Pure.

mod collaborations;
mod countries;
mod events;
mod practices;
mod reference;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

pub use self::{
    collaborations::{Collaboration, CollaborationFacts, CollaborationFilters, CollaborationKind, check_collaboration},
    countries::Country,
    events::{Event, EventFacts, EventFilters, EventReach, check_event},
    practices::{Practice, PracticeFacts, PracticeFilters, PracticeSortKey, check_practice},
    reference::{Neighbour, Seed, illustrate_collaborations, illustrate_events, illustrate_practices},
};
use crate::{
    action_programs::{Document, Drafts, Publication, PublicationFilter},
    kernel::{
        codes::codes,
        id::{Address, Identifier, Slug},
        kind::Kind,
        language::LanguageMap,
        violation::Violations,
    },
    territories::{self, Code, Territory},
};

/// The most documents of a practice, collaboration or event.
const MOST_DOCUMENTS: usize = 100;
/// The most members that take part in a collaboration or event.
pub const MOST_MEMBERS: usize = 500;

/// A member, as what is shared names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The member's id.
    pub id: Identifier,
    /// Its slug.
    pub slug: Slug,
}

/// Since when it is certain that members take part in something, by their ids. Who is named by another member alone is not
/// here, and nothing is counted for it.
pub type Confirmed = BTreeMap<Identifier, DateTime<Utc>>;

/// Of those that take part in something those of whom it is certain: who leads or hosts it, whoever already was (`before`
/// says since when), and who is named anew by somebody who speaks for all members.
#[must_use]
pub fn confirmed(
    (members, owner): (&[Party], Option<&Party>),
    (were, before): (&[Party], &Confirmed),
    (speaks_for_all, now): (bool, DateTime<Utc>),
) -> Confirmed {
    let certain = |party: &Party| {
        let is_now = owner == Some(party) || (speaks_for_all && !were.contains(party));
        let since = before.get(&party.id).copied().or_else(|| is_now.then_some(now))?;
        Some((party.id.clone(), since))
    };
    members.iter().filter_map(certain).collect()
}

/// Notes who is named anew and is no member of the network any more, or not yet (`outside` has their ids). Who was named
/// before stays.
pub fn check_joined(violations: &mut Violations, named: &[String], new: &[&Party], outside: &[Identifier]) {
    for party in new.iter().filter(|party| outside.contains(&party.id)) {
        let Some(at) = named.iter().position(|slug| slug == party.slug.as_str()) else { continue };
        let detail = format!("{} is no active or suspended member: only these share something new.", party.slug);
        violations.add(format!("/members/{at}"), "not_a_member", detail);
    }
}

/// What practices, collaborations and events each say in their own way.
pub trait Shared {
    /// The kind, whose name stands in addresses, the change feed and the audit.
    const KIND: Kind;

    /// What it is called.
    fn title(&self) -> &LanguageMap;

    /// The text that `q=` searches, folded.
    fn search_text(&self) -> String;

    /// Makes it certain that all who are named take part, since a moment; nothing where nobody else is named.
    fn confirm_all(&mut self, _now: DateTime<Utc>) {}
}

/// A stored practice, collaboration or event.
#[derive(Debug, Clone)]
pub struct Stored<F> {
    /// The id.
    pub id: Identifier,
    /// Counts its changes.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whose it is: who has made the experience, leads or hosts; none for an event of the network's own.
    pub owner: Option<Party>,
    /// Who sees it.
    pub publication: Publication,
    /// Since when everybody does.
    pub published_on: Option<NaiveDate>,
    /// What is said of it.
    pub facts: F,
}

impl<F: Shared> Stored<F> {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/{}/{}", F::KIND.as_str(), self.id)
    }

    /// Whether everybody sees it.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.publication, Publication::Published)
    }

    /// The id of whose it is; of what is the network's own the empty text, which is nobody's.
    #[must_use]
    pub fn owner_id(&self) -> &str {
        self.owner.as_ref().map(|owner| owner.id.as_str()).unwrap_or_default()
    }

    /// The same, shown to everybody from `today` on where it was not, or taken back.
    #[must_use]
    pub fn shown(self, publication: Publication, today: NaiveDate) -> Self {
        let published_on = match publication {
            Publication::Draft => None,
            Publication::Published => self.published_on.or(Some(today)),
        };
        Self { publication, published_on, ..self }
    }
}

/// What lists of practices, collaborations and events have alike. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// Slugs of members, any of which it belongs to or takes part.
    pub members: Vec<Address<Slug>>,
    /// Codes of regions that one of these members lies in, any of which.
    pub regions: Vec<String>,
    /// Where the knowledge comes from, any of which.
    pub provenances: Vec<&'static str>,
    /// Folded words, all of which; none of them finds nothing.
    pub words: Option<Vec<String>>,
    /// What is not published, too or only.
    pub publication: Option<PublicationFilter>,
    /// Whose drafts the caller sees.
    pub drafts: Drafts,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
}

/// What collaborations and events can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DatedSortKey {
    /// When it was first stored.
    CreatedAt,
    /// The folded French title, or the one that stands in for it.
    TitleFr,
    /// The folded Arabic title, or the one that stands in for it.
    TitleAr,
    /// The first day.
    StartsOn,
}

codes!(DatedSortKey {
    CreatedAt => "created_at",
    TitleFr => "title_fr",
    TitleAr => "title_ar",
    StartsOn => "starts_on",
});

/// There are not too many documents.
fn check_documents(violations: &mut Violations, documents: &[Document]) {
    if documents.len() > MOST_DOCUMENTS {
        violations.add("/documents", "too_many", format!("There are at most {MOST_DOCUMENTS} documents."));
    }
}

/// Who takes part, in the order of their slugs: each is a member (`known` are those that are), and stands there once.
#[must_use]
pub fn taking_part(violations: &mut Violations, named: &[String], known: &[Party]) -> Vec<Party> {
    if named.len() > MOST_MEMBERS {
        violations.add("/members", "too_many", format!("At most {MOST_MEMBERS} members take part."));
        return Vec::new();
    }
    let mut found: Vec<Party> = Vec::with_capacity(named.len());
    for (at, slug) in named.iter().enumerate() {
        let shown = crate::kernel::text::shown(slug);
        match known.iter().find(|party| party.slug.as_str() == slug) {
            None => violations.add(format!("/members/{at}"), "unknown_member", format!("There is no member {shown}.")),
            Some(party) if found.contains(party) => {
                violations.add(format!("/members/{at}"), "repeated", format!("{shown} stands here twice."));
            }
            Some(party) => found.push(party.clone()),
        }
    }
    found.sort_by(|a, b| a.slug.cmp(&b.slug));
    found
}

/// Who leads or hosts (`what`) is a member, and takes part.
pub fn check_owner(violations: &mut Violations, what: &str, owner: &str, members: &[String], known: &[Party]) {
    let shown = crate::kernel::text::shown(owner);
    if known.iter().all(|party| party.slug.as_str() != owner) {
        violations.add(format!("/{what}"), "unknown_member", format!("There is no member {shown}."));
    } else if !members.iter().any(|slug| slug == owner) {
        let detail = format!("{shown} is not among the members that take part.");
        violations.add(format!("/{what}"), "does_not_take_part", detail);
    }
}

/// A territory is there, and is no overlay: a prefecture of arrondissements has no council that anything could be told of.
pub fn check_territory(violations: &mut Violations, code: &Code, found: Option<&Territory>) {
    let kind = found.map(|territory| territory.record.kind);
    let (code, detail) = match kind {
        None => ("unknown_territory", format!("There is no territory {code}.")),
        Some(territories::Kind::PrefectureOfArrondissements) => (
            "overlay",
            format!("{code} is a prefecture of arrondissements, which only overlays the prefecture 06.141."),
        ),
        Some(_) => return,
    };
    violations.add("/territory", code, detail);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{codes::assert_codes, id::new_id};
    use proptest::prelude::*;

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(CollaborationKind::ALL, CollaborationKind::as_str);
        assert_codes(EventReach::ALL, EventReach::as_str);
    }

    fn party(number: usize) -> Party {
        Party { id: new_id(), slug: format!("commune-{number}").parse().unwrap() }
    }

    #[test]
    fn who_is_named_by_another_member_alone_is_not_certain_to_take_part() {
        let (lead, old, new) = (party(1), party(2), party(3));
        let all = [lead.clone(), old.clone(), new.clone()];
        let moment = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (then, now) = (moment("2026-01-02T03:04:05Z"), moment("2026-05-06T07:08:09Z"));
        let certain = |owner: Option<&Party>, were: &[Party], before: &Confirmed, speaks_for_all: bool| {
            let found = confirmed((&all, owner), (were, before), (speaks_for_all, now));
            all.iter().map(|party| found.get(&party.id).copied()).collect::<Vec<_>>()
        };
        let (nothing, known) = (Confirmed::new(), Confirmed::from([(old.id.clone(), then)]));
        assert_eq!(certain(Some(&lead), &[], &nothing, false), [Some(now), None, None]);
        assert_eq!(certain(Some(&lead), &[], &nothing, true), [Some(now); 3]);
        assert_eq!(certain(Some(&lead), &all[..2], &known, false), [Some(now), Some(then), None]);
        assert_eq!(
            certain(None, &all[..2], &known, true),
            [None, Some(then), Some(now)],
            "who was named is not named anew"
        );
        assert!(confirmed((&[], None), (&all, &known), (true, now)).is_empty(), "who does not take part is forgotten");
    }

    fn practice() -> Practice {
        Stored {
            id: new_id(),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            owner: None,
            publication: Publication::Draft,
            published_on: None,
            facts: practices::tests::facts(&[]),
        }
    }

    #[test]
    fn the_day_of_publication_is_noted_kept_and_forgotten() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let shown = practice().shown(Publication::Published, day("2026-01-02"));
        assert_eq!((shown.is_public(), shown.published_on), (true, Some(day("2026-01-02"))));
        let again = shown.shown(Publication::Published, day("2026-03-04"));
        assert_eq!(again.published_on, Some(day("2026-01-02")));
        let hidden = again.shown(Publication::Draft, day("2026-03-05"));
        assert_eq!((hidden.is_public(), hidden.published_on), (false, None));
        assert_eq!(hidden.owner_id(), "");
    }

    proptest! {
        #[test]
        fn who_takes_part_is_known_and_stands_there_once(named in prop::collection::vec(0usize..8, 0..8)) {
            let known: Vec<Party> = (0..5).map(party).collect();
            let slugs: Vec<String> = named.iter().map(|number| format!("commune-{number}")).collect();
            let mut violations = Violations::default();
            let found = taking_part(&mut violations, &slugs, &known);
            prop_assert!(found.is_sorted_by(|a, b| a.slug < b.slug));
            for party in &known {
                prop_assert_eq!(found.contains(party), slugs.iter().any(|slug| slug == party.slug.as_str()));
            }
            let unknown = named.iter().filter(|number| **number >= 5).count();
            prop_assert_eq!(violations.into_iter().count(), named.len() - found.len());
            prop_assert!(unknown <= named.len() - found.len());
        }
    }

    #[test]
    fn who_leads_takes_part() {
        let known = [party(1), party(2)];
        let faults = |owner: &str, members: &[&str]| {
            let mut violations = Violations::default();
            let members: Vec<String> = members.iter().map(|slug| (*slug).to_owned()).collect();
            check_owner(&mut violations, "lead", owner, &members, &known);
            violations.into_iter().map(|violation| violation.code).collect::<Vec<_>>()
        };
        assert!(faults("commune-1", &["commune-1", "commune-2"]).is_empty());
        assert_eq!(faults("commune-1", &["commune-2"]), ["does_not_take_part"]);
        assert_eq!(faults("commune-9", &["commune-9"]), ["unknown_member"]);
    }

    #[test]
    fn more_than_the_most_members_are_refused_at_once() {
        let mut violations = Violations::default();
        assert!(taking_part(&mut violations, &vec![String::new(); MOST_MEMBERS + 1], &[]).is_empty());
        assert_eq!(violations.into_iter().map(|violation| violation.code).collect::<Vec<_>>(), ["too_many"]);
    }
}
