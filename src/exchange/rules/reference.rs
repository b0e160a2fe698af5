//! Practices, collaborations and events that are invented for demonstration: the texts stand in files, the members follow
//! from a fixed pattern over those that are there.

use std::str::FromStr;

use chrono::NaiveDate;
use serde::Deserialize;

use super::{
    CollaborationFacts, CollaborationKind, Confirmed, Country, EventFacts, EventReach, Party, PracticeFacts, Shared,
};
use crate::{
    action_programs::{Document, Provenance},
    kernel::{
        date::{PartialDate, deserialize_optional},
        language::{Language, LanguageMap},
    },
    territories::Code,
};

/// How many practices are made of each text.
const PRACTICES_A_TEXT: usize = 3;
/// How far apart the members stand that something is invented for, in the order of their slugs.
const PRACTICE_STEP: usize = 4;
const GROUP_STEP: usize = 8;
/// How far apart those stand who take part in the same.
const PARTNER_STEP: usize = 3;

/// A member that something is invented for.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// The member.
    pub party: Party,
    /// Its name.
    pub name: LanguageMap,
    /// Where it is seated.
    pub territory: Code,
}

/// Something to be loaded.
#[derive(Debug)]
pub struct Seed<F> {
    /// Whose it is.
    pub owner: Option<Party>,
    /// Since when everybody sees it; nothing for a draft.
    pub published_on: Option<NaiveDate>,
    /// What is said of it.
    pub facts: F,
}

/// A text of which practices are made; `%` stands for the member's name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PracticeText {
    title: LanguageMap,
    summary: LanguageMap,
    story: LanguageMap,
    principles: Vec<String>,
    /// One of each practice that is made of it.
    published_on: Vec<Option<NaiveDate>>,
    #[serde(default)]
    documents: Vec<Document>,
}

/// A collaboration with so many members, of which `%` is the first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CollaborationText {
    kind: CollaborationKind,
    title: LanguageMap,
    purpose: LanguageMap,
    members: usize,
    starts_on: String,
    #[serde(default, deserialize_with = "deserialize_optional")]
    ends_on: Option<PartialDate>,
    agreement_reference: Option<String>,
    published_on: Option<NaiveDate>,
}

/// An event with so many members; the first one, `%`, hosts it or not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventText {
    reach: EventReach,
    title: LanguageMap,
    description: LanguageMap,
    #[serde(default)]
    is_online: bool,
    place: Option<LanguageMap>,
    country: Option<Country>,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    organiser: LanguageMap,
    hosted: bool,
    members: usize,
    published_on: Option<NaiveDate>,
}

/// The sources of what is invented.
fn invented() -> String {
    "Invented for demonstration; not from any official source".to_owned()
}

fn parse<T: for<'de> Deserialize<'de>>(file: &str, json: &str) -> Result<Vec<T>, String> {
    serde_json::from_str(json).map_err(|error| format!("exchange/{file}: {error}"))
}

/// A text about a member.
fn about(text: &LanguageMap, name: &LanguageMap) -> LanguageMap {
    let put = |language: Language| text.get(language).map(|text| text.replace('%', name.read(language)));
    LanguageMap { ar: put(Language::Ar), fr: put(Language::Fr), en: put(Language::En) }
}

/// So many members from a place on, none of them twice, in the order of their slugs behind the first one.
fn group(neighbours: &[Neighbour], number: usize, size: usize) -> Option<(&Neighbour, Vec<Party>)> {
    let all = neighbours.len();
    if all == 0 {
        return None;
    }
    let at = |place: usize| neighbours.get((number * GROUP_STEP + place * PARTNER_STEP) % all);
    let mut members: Vec<Party> = (0..size).filter_map(|place| Some(at(place)?.party.clone())).collect();
    members.sort_by(|a, b| a.slug.cmp(&b.slug));
    members.dedup();
    Some((at(0)?, members))
}

/// Practices that are invented of the texts in a file.
///
/// # Errors
/// A sentence that names the file.
pub fn illustrate_practices(json: &str, neighbours: &[Neighbour]) -> Result<Vec<Seed<PracticeFacts>>, String> {
    let texts: Vec<PracticeText> = parse("practices.json", json)?;
    let numbered = (0..PRACTICES_A_TEXT).flat_map(|round| texts.iter().map(move |text| (round, text))).enumerate();
    let seed = |(number, (round, text)): (usize, (usize, &PracticeText))| {
        let neighbour = neighbours.get(number * PRACTICE_STEP % neighbours.len().max(1))?;
        Some(Seed {
            owner: Some(neighbour.party.clone()),
            published_on: text.published_on.get(round).copied().flatten(),
            facts: PracticeFacts {
                title: about(&text.title, &neighbour.name),
                summary: Some(about(&text.summary, &neighbour.name)),
                story: about(&text.story, &neighbour.name),
                principles: text.principles.clone(),
                territory: neighbour.territory.clone(),
                documents: text.documents.clone(),
                provenance: Provenance::Illustrative,
                source: Some(invented()),
            },
        })
    };
    Ok(numbered.filter_map(seed).collect())
}

/// The same of collaborations.
///
/// # Errors
/// A sentence that names the file.
pub fn illustrate_collaborations(
    json: &str,
    neighbours: &[Neighbour],
) -> Result<Vec<Seed<CollaborationFacts>>, String> {
    let texts: Vec<CollaborationText> = parse("collaborations.json", json)?;
    let mut seeds = Vec::with_capacity(texts.len());
    for (number, text) in texts.into_iter().enumerate() {
        let starts_on = PartialDate::from_str(&text.starts_on);
        let starts_on = starts_on.map_err(|why| format!("exchange/collaborations.json: {} {why}", text.starts_on))?;
        let Some((lead, members)) = group(neighbours, number, text.members) else { continue };
        seeds.push(Seed {
            owner: Some(lead.party.clone()),
            published_on: text.published_on,
            facts: CollaborationFacts {
                kind: text.kind,
                title: about(&text.title, &lead.name),
                purpose: about(&text.purpose, &lead.name),
                members,
                confirmed: Confirmed::new(),
                starts_on,
                ends_on: text.ends_on,
                agreement_reference: text.agreement_reference,
                agreement_url: None,
                documents: Vec::new(),
                provenance: Provenance::Illustrative,
                source: Some(invented()),
            },
        });
    }
    Ok(seeds)
}

/// The same of events.
///
/// # Errors
/// A sentence that names the file.
pub fn illustrate_events(json: &str, neighbours: &[Neighbour]) -> Result<Vec<Seed<EventFacts>>, String> {
    let texts: Vec<EventText> = parse("events.json", json)?;
    let seed = |(number, text): (usize, EventText)| {
        // Away from the first ones, who have collaborations already.
        let (host, members) = group(neighbours, number + 1, text.members)?;
        Some(Seed {
            owner: text.hosted.then(|| host.party.clone()),
            published_on: text.published_on,
            facts: EventFacts {
                reach: text.reach,
                title: about(&text.title, &host.name),
                description: Some(about(&text.description, &host.name)),
                is_online: text.is_online,
                place: text.place.map(|place| about(&place, &host.name)),
                country: text.country,
                territory: text.hosted.then(|| host.territory.clone()),
                starts_on: text.starts_on,
                ends_on: text.ends_on,
                organiser: Some(about(&text.organiser, &host.name)),
                url: None,
                members,
                confirmed: Confirmed::new(),
                documents: Vec::new(),
                provenance: Provenance::Illustrative,
                source: Some(invented()),
            },
        })
    };
    Ok(texts.into_iter().enumerate().filter_map(seed).collect())
}

impl<F: Shared> Seed<F> {
    /// Its title as it is stored in French, by which it is told whether it is there already.
    #[must_use]
    pub fn name(&self) -> &str {
        self.facts.title().read(Language::Fr)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{check_collaboration, check_event, check_practice},
        *,
    };
    use crate::{
        exchange::{COLLABORATIONS, EVENTS, PRACTICES},
        kernel::{id::new_id, violation::Violations},
    };

    fn neighbours(count: usize) -> Vec<Neighbour> {
        let neighbour = |number: usize| Neighbour {
            party: Party { id: new_id(), slug: format!("commune-{number:03}").parse().unwrap() },
            name: LanguageMap { fr: Some(format!("Commune {number}")), ..LanguageMap::default() },
            territory: "01.331.01.03".parse().unwrap(),
        };
        (0..count).map(neighbour).collect()
    }

    fn is_in_three_languages(text: &LanguageMap) -> bool {
        [&text.ar, &text.fr, &text.en].iter().all(|text| text.as_ref().is_some_and(|text| !text.contains('%')))
    }

    #[test]
    fn what_is_invented_is_sound_in_three_languages_and_says_that_it_is_invented() {
        let all = neighbours(120);
        let practices = illustrate_practices(PRACTICES, &all).unwrap();
        let collaborations = illustrate_collaborations(COLLABORATIONS, &all).unwrap();
        let events = illustrate_events(EVENTS, &all).unwrap();
        assert_eq!((practices.len(), collaborations.len(), events.len()), (30, 15, 15));
        let mut violations = Violations::default();
        for Seed { facts, .. } in &practices {
            check_practice(&mut violations, facts);
            assert!(is_in_three_languages(&facts.title) && is_in_three_languages(&facts.story), "{facts:?}");
            assert_eq!(facts.provenance, Provenance::Illustrative);
        }
        for Seed { owner, facts, .. } in &collaborations {
            check_collaboration(&mut violations, facts, facts.members.len(), None);
            assert!(owner.as_ref().is_some_and(|lead| facts.members.contains(lead)));
            assert!(is_in_three_languages(&facts.title) && is_in_three_languages(&facts.purpose), "{facts:?}");
        }
        for Seed { owner, facts, .. } in &events {
            check_event(&mut violations, facts);
            assert!(owner.as_ref().is_none_or(|host| facts.members.contains(host)));
            assert!(is_in_three_languages(&facts.title), "{facts:?}");
        }
        assert_eq!(violations.done(), Ok(()));
    }

    #[test]
    fn every_kind_and_reach_and_drafts_of_each_are_invented() {
        let all = neighbours(120);
        let practices = illustrate_practices(PRACTICES, &all).unwrap();
        let collaborations = illustrate_collaborations(COLLABORATIONS, &all).unwrap();
        let events = illustrate_events(EVENTS, &all).unwrap();
        for kind in CollaborationKind::ALL {
            assert!(collaborations.iter().any(|seed| seed.facts.kind == *kind), "{kind:?}");
        }
        for reach in EventReach::ALL {
            assert!(events.iter().any(|seed| seed.facts.reach == *reach), "{reach:?}");
        }
        assert!(events.iter().any(|seed| seed.owner.is_none()) && events.iter().any(|seed| seed.owner.is_some()));
        assert!(practices.iter().any(|seed| seed.published_on.is_none()));
        assert!(collaborations.iter().any(|seed| seed.published_on.is_none()));
        assert!(events.iter().any(|seed| seed.published_on.is_none()));
    }

    #[test]
    fn few_members_are_enough_and_none_are_none() {
        assert!(illustrate_practices(PRACTICES, &[]).unwrap().is_empty());
        assert!(illustrate_events(EVENTS, &[]).unwrap().is_empty());
        for seed in illustrate_collaborations(COLLABORATIONS, &neighbours(7)).unwrap() {
            assert!(seed.facts.members.is_sorted_by(|a, b| a.slug < b.slug), "{seed:?}");
        }
    }
}
