//! Events: where members show what they do and meet others, in the country, on the continent and in the world.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Confirmed, Country, DatedSortKey, Filters, Party, Shared, Stored, check_documents};
use crate::{
    action_programs::{Document, Provenance, check_year, searchable},
    kernel::{codes::codes, kind::Kind, language::LanguageMap, paging::Order, violation::Violations},
    territories::Code,
};

/// A stored event.
pub type Event = Stored<EventFacts>;

/// How far an event reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventReach {
    /// The country.
    National,
    /// Africa.
    Continental,
    /// The world.
    International,
}

codes!(EventReach { National => "national", Continental => "continental", International => "international" });

/// What is said of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFacts {
    /// How far it reaches.
    pub reach: EventReach,
    /// What it is called.
    pub title: LanguageMap,
    /// What it is about.
    pub description: Option<LanguageMap>,
    /// Whether it takes place online, alone or beside a place.
    pub is_online: bool,
    /// The place, in words.
    pub place: Option<LanguageMap>,
    /// The country.
    pub country: Option<Country>,
    /// The territory, in Morocco.
    pub territory: Option<Code>,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day.
    pub ends_on: NaiveDate,
    /// Who organises it.
    pub organiser: Option<LanguageMap>,
    /// Where more can be read.
    pub url: Option<String>,
    /// The members that take part, the host among them, in the order of their slugs.
    pub members: Vec<Party>,
    /// Of whom of them that is certain, and since when.
    pub confirmed: Confirmed,
    /// Its documents.
    pub documents: Vec<Document>,
    /// Where the knowledge comes from.
    pub provenance: Provenance,
    /// The sources, in words.
    pub source: Option<String>,
}

impl Shared for EventFacts {
    const KIND: Kind = Kind::Events;

    fn title(&self) -> &LanguageMap {
        &self.title
    }

    fn search_text(&self) -> String {
        let optional = [&self.description, &self.place, &self.organiser].into_iter().flatten();
        searchable([&self.title].into_iter().chain(optional))
    }

    fn confirm_all(&mut self, now: DateTime<Utc>) {
        self.confirmed = self.members.iter().map(|party| (party.id.clone(), now)).collect();
    }
}

/// Checks what is said of an event, beside its single properties and who takes part.
pub fn check_event(violations: &mut Violations, facts: &EventFacts) {
    let is_in_morocco = facts.country.is_some_and(Country::is_morocco);
    if facts.country.is_none() && !facts.is_online {
        let detail = "country is missing: only what takes place online alone has none.";
        violations.add("/country", "missing_value", detail);
    }
    if facts.reach == EventReach::National && facts.country.is_some() && !is_in_morocco {
        violations.add("/country", "abroad", "A national event takes place in Morocco (MA).");
    }
    if facts.territory.is_some() && !is_in_morocco {
        violations.add("/territory", "abroad", "territory is one of Morocco's, and country is not MA.");
    }
    check_year(violations, "/starts_on", facts.starts_on);
    check_year(violations, "/ends_on", facts.ends_on);
    if facts.ends_on < facts.starts_on {
        violations.add("/ends_on", "ends_before_it_begins", "ends_on lies before starts_on.");
    }
    check_documents(violations, &facts.documents);
}

/// Which events a list has, and in what order.
#[derive(Debug, Clone, Serialize)]
pub struct EventFilters {
    /// What all lists can be asked for.
    pub all: Filters,
    /// How far they reach, any of which.
    pub reaches: Vec<&'static str>,
    /// Codes of countries, any of which.
    pub countries: Vec<&'static str>,
    /// They end on this day or later.
    pub from: Option<NaiveDate>,
    /// They begin on this day or earlier.
    pub until: Option<NaiveDate>,
    /// The order.
    pub order: Order<DatedSortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(offset: i64) -> NaiveDate {
        "2026-01-01".parse::<NaiveDate>().unwrap() + chrono::TimeDelta::days(offset)
    }

    proptest! {
        #[test]
        fn what_is_sound_is_exactly_what_the_rules_say(
            reach in 0usize..3, is_online: bool, country in 0usize..3, has_territory: bool, length in -2i64..3,
        ) {
            let country = [None, "MA".parse().ok(), "KE".parse().ok()][country];
            let facts = EventFacts {
                reach: EventReach::ALL[reach],
                title: LanguageMap::default(),
                description: None,
                is_online,
                place: None,
                country,
                territory: has_territory.then(|| "01.331.01.03".parse().unwrap()),
                starts_on: day(0),
                ends_on: day(length),
                organiser: None,
                url: None,
                members: Vec::new(),
            confirmed: Confirmed::new(),
                documents: Vec::new(),
                provenance: Provenance::Official,
                source: None,
            };
            let mut violations = Violations::default();
            check_event(&mut violations, &facts);
            let is_at_home = country.is_some_and(Country::is_morocco);
            let sound = (country.is_some() || is_online)
                && (EventReach::ALL[reach] != EventReach::National || country.is_none() || is_at_home)
                && (!has_territory || is_at_home)
                && length >= 0;
            prop_assert_eq!(violations.done().is_ok(), sound);
        }
    }
}
