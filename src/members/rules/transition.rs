//! How a member's standing changes: which step it can take, what stands in the way of each, and what a step must bring.
//! A candidate becomes a member, and who has left one again, only after adhering to the charter; who suspends or ends a
//! membership says why.

use chrono::NaiveDate;

use super::{Entry, Evidence, History, HistoryError, Member, Provenance, Status};
use crate::kernel::{
    date::PartialDate,
    register::Source,
    violation::{Violation, Violations},
};

/// A step to another standing.
#[derive(Debug, Clone)]
pub struct Step {
    /// The standing from then on.
    pub to: Status,
    /// Since when.
    pub on: PartialDate,
    /// Why.
    pub reason: Option<String>,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What stands in the way of a standing, whoever asks for it and on whichever day; nothing when the member can take it.
#[must_use]
pub fn obstacles(member: &Member, to: Status) -> Vec<Violation> {
    let mut found = Vec::new();
    if !member.status.may_become(to) {
        let (from, to) = (member.status.as_str(), to.as_str());
        found.push(Violation::new("/to", "not_from_here", format!("A member that is {from} does not become {to}.")));
    }
    if to == Status::Active && member.status != Status::Suspended && member.adhesions.is_empty() {
        let detail = "The member has not adhered to the charter: POST …/adhesion notes it.";
        found.push(Violation::new("/to", "adhesion_missing", detail));
    }
    found
}

/// Why somebody who keeps a list does not change a member; nothing when the member is on that list or on none.
#[must_use]
pub fn kept_elsewhere(member: &Member, source: &Source) -> Option<Violation> {
    let Provenance::Import(other) = &member.facts.provenance else { return None };
    (other != source).then(|| {
        let detail = format!("{} is on the list of {other}; only that list changes it.", member.slug);
        Violation::new("", "other_source", detail)
    })
}

impl Step {
    /// What the step itself lacks.
    #[must_use]
    pub fn faults(&self, today: NaiveDate) -> Violations {
        let mut faults = Violations::default();
        if matches!(self.to, Status::Suspended | Status::Withdrawn) && self.reason.is_none() {
            let detail = "Who suspends or ends a membership says why: reason is missing.";
            faults.add("/reason", "reason_missing", detail);
        }
        if self.on.first_day() > today {
            faults.add("/on", "in_the_future", "on lies in the future; a change is noted when it has happened.");
        }
        faults
    }

    /// The member and its history after the step.
    ///
    /// # Errors
    /// Everything that stands in the way.
    pub fn take(self, member: &Member, history: History) -> Result<(Member, History), Violations> {
        let mut reasons = Violations::default();
        for obstacle in obstacles(member, self.to) {
            reasons.add(obstacle.pointer, obstacle.code, obstacle.detail);
        }
        let adhered_on = member.adhesions.iter().map(|adhesion| adhesion.adhered_on.first_day()).min();
        let needs_adhesion = self.to == Status::Active && member.status != Status::Suspended;
        if let Some(adhered_on) = adhered_on.filter(|day| needs_adhesion && *day > self.on.first_day()) {
            let detail = format!("The member adhered to the charter on {adhered_on} only.");
            reasons.add("/on", "before_adhesion", detail);
        }
        let mut entries = history.into_entries();
        let last = entries.last().and_then(|entry| entry.since);
        if let Some(last) = last.filter(|last| last.first_day() > self.on.first_day()) {
            reasons.add("/on", "before_last_change", format!("The standing last changed on {last}."));
        }
        reasons.done()?;
        entries.push(Entry { status: self.to, since: Some(self.on), reason: self.reason, evidence: self.evidence });
        let history = History::new(entries)
            .map_err(|why: HistoryError| Violation::new("", "no_history", format!("The history then {why}.")))?;
        Ok((member.clone().standing(&history), history))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::new_id;
    use crate::{
        kernel::{
            language::LanguageMap,
            patch::Patch,
            register::{At, Cell, Column, Fault, RowReader},
        },
        members::rules::{Adhesion, COLUMNS, Facts, Line, MemberKind, MemberSeat},
        territories::Kind,
    };
    use chrono::DateTime;
    use proptest::prelude::*;

    fn day(text: &str) -> PartialDate {
        text.parse().unwrap()
    }

    /// A member with a history of one or two entries, the last of which has a standing since 2024.
    fn member(status: Status, adhered_on: Option<&str>) -> (Member, History) {
        let entry = |status, since: &str| Entry {
            status,
            since: Some(day(since)),
            reason: None,
            evidence: Evidence::default(),
        };
        let entries = match status {
            Status::Candidate | Status::Active => vec![entry(status, "2024-01-01")],
            Status::Suspended | Status::Withdrawn => {
                vec![entry(Status::Active, "2023-01-01"), entry(status, "2024-01-01")]
            }
        };
        let adhesion = |on: &str| Adhesion {
            charter_version: "1".to_owned(),
            adhered_on: day(on),
            decision_reference: "7".to_owned(),
            document_url: None,
        };
        let code = || "01.331.01.03".parse().unwrap();
        let member = Member {
            id: new_id(),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            slug: "commune-larache".parse().unwrap(),
            facts: Facts {
                kind: MemberKind::Municipality,
                territory_code: code(),
                name: LanguageMap::default(),
                cohort: None,
                ogp_local_since: None,
                website: None,
                provenance: Provenance::Official,
                source: String::new(),
                confidence: None,
                external_ids: Vec::new(),
            },
            status,
            joined_on: None,
            left_on: None,
            adhesions: adhered_on.map(adhesion).into_iter().collect(),
            seat: MemberSeat {
                version: 1,
                kind: Kind::Commune,
                region_code: code(),
                parent_code: None,
                location: None,
            },
        };
        let history = History::new(entries).unwrap();
        (member.standing(&history), history)
    }

    /// What a list says of the same step, as codes.
    fn listed(
        member: &Member,
        history: &History,
        to: Status,
        on: &str,
        today: NaiveDate,
    ) -> Result<History, Vec<String>> {
        let said = [
            ("kind", member.facts.kind.as_str()),
            ("territory_code", member.facts.territory_code.as_str()),
            ("name_fr", "Larache"),
            ("status", to.as_str()),
            ("status_since", on),
        ];
        let cell = |column: &Column| said.iter().find(|(name, _)| *name == column.name).map(|(_, text)| (*text).into());
        let cells: Vec<Cell<'_>> =
            COLUMNS.iter().map(|column| cell(column).map_or(Patch::Absent, Patch::Value)).collect();
        let line = Line::read(RowReader::new(COLUMNS, &cells, At { row: 1, line: None }), today);
        let source = "ministry".parse().unwrap();
        let wanted = line.and_then(|line| line.update(member, history.clone(), &source, today));
        let mut codes =
            |faults: Vec<Fault>| faults.into_iter().map(|fault| fault.code.into_owned()).collect::<Vec<_>>();
        wanted.map(|wanted| wanted.history).map_err(&mut codes)
    }

    fn step(to: Status, on: PartialDate) -> Step {
        Step { to, on, reason: Some("Asked for".to_owned()), evidence: Evidence::default() }
    }

    proptest! {
        #[test]
        fn what_is_offered_is_what_can_be_done(from in 0usize..4, to in 0usize..4, adhered in any::<bool>(), days in 0u64..2_000) {
            let (from, to) = (Status::ALL[from], Status::ALL[to]);
            let (member, history) = member(from, adhered.then_some("2023-06-01"));
            let on = PartialDate::of_day(day("2022-01-01").first_day() + chrono::Days::new(days));
            let offered = obstacles(&member, to).is_empty();
            let in_order = on.first_day() >= day("2024-01-01").first_day();
            let taken = step(to, on).take(&member, history);
            prop_assert_eq!(taken.is_ok(), offered && in_order, "{:?}", taken.err());
            if let Ok((after, history)) = taken {
                prop_assert_eq!((after.status, history.status()), (to, to));
                prop_assert_eq!(after.left_on.is_some(), to == Status::Withdrawn && from != Status::Candidate);
                prop_assert_eq!(history.periods().last().unwrap().entry.since, Some(on));
            }
        }
    }

    proptest! {
        #[test]
        fn a_list_and_the_api_move_a_standing_by_the_same_rules(
            from in 0usize..4, to in 0usize..4, adhered in any::<bool>(), days in 0u64..1_500
        ) {
            let (from, to) = (Status::ALL[from], Status::ALL[to]);
            prop_assume!(from != to);
            let (member, history) = member(from, adhered.then_some("2024-06-01"));
            let today = day("2026-11-23").first_day();
            let on = (day("2023-06-01").first_day() + chrono::Days::new(days)).to_string();
            let listed = listed(&member, &history, to, &on, today);
            let step = step(to, day(&on));
            let faults = step.faults(today);
            let one_by_one = if faults == Violations::default() { step.take(&member, history) } else { Err(faults) };
            match (listed, one_by_one) {
                (Ok(listed), Ok((_, history))) => {
                    prop_assert_eq!((listed.status(), listed.since()), (history.status(), history.since()));
                }
                (Err(listed), Err(reasons)) => {
                    let mut codes: Vec<&str> = reasons.into_iter().map(|reason| reason.code).collect();
                    // A list reads its dates before it looks at the member.
                    if codes.contains(&"in_the_future") {
                        codes = vec!["invalid_value"];
                    }
                    prop_assert_eq!(listed, codes);
                }
                (listed, one_by_one) => prop_assert!(false, "{listed:?} {:?}", one_by_one.err()),
            }
        }
    }

    #[test]
    fn who_keeps_a_list_changes_what_is_on_it_or_on_none() {
        let (mut member, history) = member(Status::Active, None);
        let (own, other): (Source, Source) = ("ministry".parse().unwrap(), "other".parse().unwrap());
        let code = |member: &Member| kept_elsewhere(member, &own).map(|why| why.code);
        assert_eq!(code(&member), None);
        member.facts.provenance = Provenance::Import(own.clone());
        assert_eq!(code(&member), None);
        member.facts.provenance = Provenance::Import(other);
        assert_eq!(code(&member), Some("other_source"));
        let today = day("2026-11-23").first_day();
        assert_eq!(listed(&member, &history, Status::Active, "2024-01-01", today).unwrap_err(), ["other_source"]);
    }

    #[test]
    fn nobody_joins_before_adhering_and_a_suspension_ends_without() {
        let (candidate, history) = member(Status::Candidate, Some("2024-03-01"));
        let early = step(Status::Active, day("2024-02-01")).take(&candidate, history).unwrap_err();
        assert_eq!(early.into_iter().map(|reason| reason.code).collect::<Vec<_>>(), ["before_adhesion"]);
        let (suspended, history) = member(Status::Suspended, None);
        assert!(step(Status::Active, day("2024-02-01")).take(&suspended, history).is_ok());
    }

    #[test]
    fn who_ends_a_membership_says_why_and_nothing_is_noted_in_advance() {
        let silent = Step { reason: None, ..step(Status::Withdrawn, day("2027")) };
        let codes: Vec<&str> =
            silent.faults(day("2026-11-23").first_day()).into_iter().map(|fault| fault.code).collect();
        assert_eq!(codes, ["reason_missing", "in_the_future"]);
        assert_eq!(step(Status::Active, day("2026")).faults(day("2026-11-23").first_day()), Violations::default());
    }
}
