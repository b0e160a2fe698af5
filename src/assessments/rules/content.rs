//! What must be right in an assessment, and of whom it may be made. Each rule adds what is wrong to the violations, so that
//! all of them are said at once.

use chrono::{Datelike as _, NaiveDate};

use super::{FIRST_YEAR, Facts, Subject};
use crate::{
    kernel::{
        evidence::check_evidence,
        text::shown,
        violation::{Violation, Violations},
    },
    members::{History, Period},
};

/// Checks what an assessment says, beside its single properties.
pub fn check_facts(violations: &mut Violations, subject: &Subject, facts: &Facts, today: NaiveDate) {
    let this_year = i64::from(today.year());
    if !(FIRST_YEAR..=this_year).contains(&subject.year) {
        let detail = format!("year is not from {FIRST_YEAR}, when the network was founded, to {this_year}.");
        violations.add("/year", "invalid_value", detail);
    } else if i64::from(facts.assessed_on.year()) < subject.year {
        let detail = format!("assessed_on lies before the year {} that is assessed.", subject.year);
        violations.add("/assessed_on", "before_the_year", detail);
    }
    if facts.assessed_on > today {
        violations.add("/assessed_on", "in_the_future", "assessed_on lies in the future.");
    }
    check_evidence(&facts.evidence, violations);
}

/// What is assessed is a commitment that the charter has.
pub fn check_commitment(violations: &mut Violations, commitment: &str, known: &[String]) {
    if !known.iter().any(|code| code == commitment) {
        let detail = format!("The charter has no commitment {}; it has {}.", shown(commitment), known.join(", "));
        violations.add("/commitment", "unknown_commitment", detail);
    }
}

/// Whether it can be said how somebody with a history kept the charter in a year: only who was a member on some day of it,
/// also while suspended, had made its commitments. Who joined on an unknown day may have been one in any year before.
///
/// # Errors
/// Why not.
pub fn check_member(history: &History, year: i64) -> Result<(), Violation> {
    let periods = history.periods().into_iter().filter(|period| period.entry.status.is_member());
    let is_in_year = |period: Period| {
        let has_begun = period.entry.since.is_none_or(|since| i64::from(since.first_day().year()) <= year);
        // The day on which it was over is not one of it.
        let last = period.until.map(|until| until.pred_opt().unwrap_or(until));
        has_begun && last.is_none_or(|last| i64::from(last.year()) >= year)
    };
    if periods.into_iter().any(is_in_year) {
        return Ok(());
    }
    let detail = format!("It was no member on any day of {year}: only who is one has made the charter's commitments.");
    Err(Violation::new("", "not_a_member", detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assessments::rules::Level,
        kernel::{evidence::EvidenceLink, language::LanguageMap},
        members::{Evidence, HistoryEntry, Status},
    };
    use proptest::prelude::*;

    #[test]
    fn only_who_was_a_member_on_some_day_of_the_year_is_assessed() {
        let history = |entries: &[(Status, Option<&str>)]| {
            let entry = |(status, since): &(Status, Option<&str>)| HistoryEntry {
                status: *status,
                since: since.map(|date| date.parse().unwrap()),
                reason: None,
                evidence: Evidence::default(),
            };
            History::new(entries.iter().map(entry).collect()).unwrap()
        };
        let years = |history: &History| (2022..=2027).filter(|year| check_member(history, *year).is_ok()).collect();
        let found: Vec<i64> = years(&history(&[
            (Status::Candidate, Some("2022-01-01")),
            (Status::Active, Some("2023-12-31")),
            (Status::Suspended, Some("2024-02-01")),
            (Status::Withdrawn, Some("2026-01-01")),
        ]));
        assert_eq!(found, [2023, 2024, 2025], "who withdraws on the first day of a year was no member in it");
        let found: Vec<i64> = years(&history(&[(Status::Active, None), (Status::Withdrawn, Some("2024-01-02"))]));
        assert_eq!(found, [2022, 2023, 2024]);
        let candidate = history(&[(Status::Candidate, Some("2022-01-01"))]);
        let never: Vec<i64> = years(&candidate);
        assert!(never.is_empty());
        assert!(check_member(&candidate, 2025).unwrap_err().detail.contains("2025"));
    }

    #[test]
    fn only_what_the_charter_has_is_assessed() {
        let known = ["visibility".to_owned()];
        let check = |code: &str| {
            let mut violations = Violations::default();
            check_commitment(&mut violations, code, &known);
            violations.done()
        };
        assert_eq!(check("visibility"), Ok(()));
        assert!(check("").is_err() && check("Visibility").is_err());
    }

    proptest! {
        #[test]
        fn what_is_sound_is_exactly_what_the_rules_say(
            year in 2020i64..2030, offset in -2_000i64..40, evidence in 0usize..24,
        ) {
            let today: NaiveDate = "2026-03-10".parse().unwrap();
            let assessed_on = today + chrono::TimeDelta::days(offset);
            let one = EvidenceLink { title: LanguageMap::default(), url: String::new(), sha256: None };
            let facts = Facts {
                level: Level::ALL[0],
                explanation: LanguageMap::default(),
                evidence: vec![one; evidence],
                assessed_on,
            };
            let mut violations = Violations::default();
            check_facts(&mut violations, &Subject { commitment: String::new(), year }, &facts, today);
            let sound = (2022..=2026).contains(&year)
                && offset <= 0
                && assessed_on.to_string() >= format!("{year}-01-01")
                && evidence <= 20;
            prop_assert_eq!(violations.done().is_ok(), sound);
        }
    }
}
