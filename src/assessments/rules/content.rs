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
    members::Status,
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

/// Whether it can be said how somebody of a standing keeps the charter: only members have made its commitments.
///
/// # Errors
/// Why not, with the standing.
pub fn check_member(status: Status) -> Result<(), Violation> {
    if status.is_member() {
        return Ok(());
    }
    let detail = format!("It is {}: only members have made the charter's commitments.", status.as_str());
    Err(Violation::new("", "not_a_member", detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assessments::rules::Level,
        kernel::{evidence::EvidenceLink, language::LanguageMap},
    };
    use proptest::prelude::*;

    #[test]
    fn only_members_are_assessed() {
        let assessed = Status::ALL.iter().copied().filter(|status| check_member(*status).is_ok());
        assert!(assessed.eq([Status::Active, Status::Suspended]));
        assert!(check_member(Status::Withdrawn).unwrap_err().detail.contains("withdrawn"));
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
