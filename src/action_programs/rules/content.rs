//! What must be right between the parts of what somebody writes about a programme. Each rule adds what is wrong to the
//! violations, so that all of them are said at once.

use chrono::{Datelike as _, NaiveDate};

use super::{Axis, Facts};
use crate::kernel::violation::Violations;

/// The most axes of a programme.
const MOST_AXES: usize = 12;
/// The most organisations that take part in a programme.
const MOST_STAKEHOLDERS: usize = 100;
/// The most documents of a programme.
const MOST_DOCUMENTS: usize = 100;

/// Checks what is said of a programme.
pub fn check_facts(violations: &mut Violations, facts: &Facts) {
    for (name, count, most) in [
        ("axes", facts.axes.len(), MOST_AXES),
        ("stakeholders", facts.stakeholders.len(), MOST_STAKEHOLDERS),
        ("documents", facts.documents.len(), MOST_DOCUMENTS),
    ] {
        if count > most {
            violations.add(format!("/{name}"), "too_many", format!("A programme has at most {most} {name}."));
        }
    }
    check_dates(violations, facts);
    if let Some(committee) = &facts.committee {
        if committee.size == 0 {
            violations.add("/committee/size", "invalid_value", "size is not 1 or more.");
        }
        for (name, part) in [("women", committee.women), ("civil_society", committee.civil_society)] {
            if part.is_some_and(|part| part > committee.size) {
                let detail = format!("{name} is more than the size of the committee.");
                violations.add(format!("/committee/{name}"), "more_than_all", detail);
            }
        }
    }
}

fn check_dates(violations: &mut Violations, facts: &Facts) {
    let (validated, adopted) = (facts.committee_validated_on, facts.council_session_on);
    if let (Some(validated), Some(adopted)) = (validated, adopted)
        && adopted.last_day() < validated.first_day()
    {
        let detail = format!("The council's session lies before the committee's validation on {validated}.");
        violations.add("/council_session_on", "wrong_order", detail);
    }
    let Some(implementation) = facts.implementation else { return };
    let first = adopted.or(validated).map(super::PartialDate::first_day);
    if first.is_some_and(|first| implementation.from < first) {
        let detail = "The implementation begins before the programme is adopted.";
        violations.add("/implementation_from", "wrong_order", detail);
    }
    if implementation.until.is_some_and(|until| until < implementation.from) {
        let detail = "implementation_until lies before implementation_from.";
        violations.add("/implementation_until", "ends_before_it_begins", detail);
    }
    check_year(violations, "/implementation_from", implementation.from);
    if let Some(until) = implementation.until {
        check_year(violations, "/implementation_until", until);
    }
}

/// A day of another time than this is a slip of the pen.
pub fn check_year(violations: &mut Violations, pointer: &str, day: NaiveDate) {
    if !(1990..=2199).contains(&day.year()) {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        violations.add(pointer, "invalid_value", format!("{name} is not of the years 1990 to 2199."));
    }
}

/// Axes are mapped to principles that the charter has, each once.
pub fn check_axes(violations: &mut Violations, axes: &[Axis], known: &[String]) {
    for (at, axis) in axes.iter().enumerate() {
        check_codes(violations, &format!("/axes/{at}/principles"), &axis.principles, known, "principle");
    }
}

/// A programme serves commitments that the charter has, each once.
pub fn check_commitments(violations: &mut Violations, commitments: &[String], known: &[String]) {
    check_codes(violations, "/commitments", commitments, known, "commitment");
}

/// Codes are among those that the charter has of `what` (`principle` or `commitment`), each once.
pub fn check_codes(violations: &mut Violations, pointer: &str, codes: &[String], known: &[String], what: &str) {
    for (at, code) in codes.iter().enumerate() {
        if !known.contains(code) {
            let shown = crate::kernel::text::shown(code);
            let known = known.join(", ");
            let detail = format!("The charter has no {what} {shown}; it has {known}.");
            violations.add(format!("{pointer}/{at}"), format_code(what), detail);
        } else if codes.iter().take(at).any(|other| other == code) {
            violations.add(format!("{pointer}/{at}"), "repeated", format!("{code} stands here twice."));
        }
    }
}

fn format_code(what: &str) -> &'static str {
    if what == "principle" { "unknown_principle" } else { "unknown_commitment" }
}
