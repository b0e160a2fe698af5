//! What must be right in an evaluation, and when it may be made. Each rule adds what is wrong to the violations, so that
//! all of them are said at once.

use chrono::{Datelike as _, NaiveDate};

use super::{Facts, Kind, Voice};
use crate::{
    action_programs::Stage,
    kernel::violation::{Violation, Violations},
};

/// The most answers of an evaluation.
const MOST_ANSWERS: usize = 50;

/// Checks what an evaluation says, beside its single properties.
pub fn check_facts(
    violations: &mut Violations,
    (of_kind, names_a_project): (Kind, bool),
    voice: Voice,
    facts: &Facts,
    today: NaiveDate,
) {
    let kind = of_kind.as_str();
    if of_kind.is_about_a_project() && !names_a_project {
        let detail = format!("An evaluation of the kind {kind} is about a project: project_id is missing.");
        violations.add("/project_id", "missing_value", detail);
    }
    if !of_kind.is_about_a_project() && names_a_project {
        let detail = format!("An evaluation of the kind {kind} is about the whole programme, not a project.");
        violations.add("/project_id", "unfit_kind", detail);
    }
    if voice == Voice::Member && facts.is_independent {
        let detail = "A member does not evaluate its own programme independently.";
        violations.add("/is_independent", "not_independent", detail);
    }
    if facts.is_independent && facts.independence.is_none() {
        let detail = "independence must say in what way the evaluation is independent.";
        violations.add("/independence", "missing_value", detail);
    }
    if !facts.is_independent && facts.independence.is_some() {
        let detail = "independence says how the evaluation is independent, and is_independent is false.";
        violations.add("/independence", "not_independent", detail);
    }
    if !(1990..=2199).contains(&facts.evaluated_on.year()) {
        violations.add("/evaluated_on", "invalid_value", "evaluated_on is not of the years 1990 to 2199.");
    } else if facts.evaluated_on > today {
        violations.add("/evaluated_on", "in_the_future", "evaluated_on lies in the future.");
    }
    let scales = [("completion", facts.completion.is_none()), ("opened_government", facts.opened_government.is_none())];
    for (name, _) in scales.into_iter().filter(|(_, is_missing)| *is_missing && of_kind.is_conclusive()) {
        let detail = format!("An evaluation of the kind {kind} says what has come out: {name} is missing.");
        violations.add(format!("/{name}"), "missing_value", detail);
    }
    if facts.answers.len() > MOST_ANSWERS {
        let detail = format!("An evaluation has at most {MOST_ANSWERS} answers.");
        violations.add("/answers", "too_many", detail);
    }
}

/// Notes that the programme has no such project, unless something else is wrong with it already.
pub fn refuse_project(violations: &mut Violations, shown: &str) {
    if !violations.has("/project_id") {
        violations.add("/project_id", "unknown_project", format!("The programme has no project {shown}."));
    }
}

/// The first stage of a programme in which something can be evaluated.
const fn earliest(kind: Kind) -> Stage {
    match kind {
        Kind::Inception => Stage::Adopted,
        Kind::MidTerm | Kind::EndOfCommitment => Stage::Implementation,
        Kind::Final => Stage::Evaluation,
    }
}

/// Whether a programme in a stage can be evaluated: from the adoption or the implementation on, finally when that has ended,
/// also after it was closed; not when it was given up.
///
/// # Errors
/// Why not, with the stage.
pub fn check_stage(kind: Kind, stage: Stage) -> Result<(), Violation> {
    let earliest = earliest(kind);
    if stage >= earliest && stage != Stage::Cancelled {
        return Ok(());
    }
    let (kind, earliest, stage) = (kind.as_str(), earliest.as_str(), stage.as_str());
    let detail =
        format!("The programme is in {stage}; {kind} is evaluated from {earliest} on, unless it was cancelled.");
    Err(Violation::new("/kind", "wrong_stage", detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evaluations::rules::{Completion, OpenedGovernment},
        kernel::language::LanguageMap,
    };
    use proptest::prelude::*;

    #[test]
    fn a_programme_is_evaluated_once_there_is_something_to_evaluate() {
        let stages = |kind| Stage::ALL.iter().copied().filter(move |stage| check_stage(kind, *stage).is_ok());
        let from_implementation = [Stage::Implementation, Stage::Evaluation, Stage::Closed];
        for kind in [Kind::MidTerm, Kind::EndOfCommitment] {
            assert!(stages(kind).eq(from_implementation), "{kind:?}");
        }
        assert!(stages(Kind::Final).eq([Stage::Evaluation, Stage::Closed]));
        assert!(stages(Kind::Inception).eq([Stage::Adopted].into_iter().chain(from_implementation)));
        let why = check_stage(Kind::Final, Stage::Adopted).unwrap_err();
        assert!(why.detail.contains("adopted") && why.detail.contains("evaluation"), "{why:?}");
    }

    fn day(offset: i64) -> NaiveDate {
        "2026-01-01".parse::<NaiveDate>().unwrap() + chrono::TimeDelta::days(offset)
    }

    proptest! {
        #[test]
        fn what_is_sound_is_exactly_what_the_rules_say(
            kind in 0usize..4, voice in 0usize..3, names_a_project: bool, is_independent: bool, says_how: bool,
            completion: bool, opened: bool, offset in -3i64..3,
        ) {
            let (kind, voice) = (Kind::ALL[kind], Voice::ALL[voice]);
            let facts = Facts {
                is_independent,
                independence: says_how.then(LanguageMap::default),
                evaluated_on: day(offset),
                completion: completion.then_some(Completion::Complete),
                opened_government: opened.then_some(OpenedGovernment::Major),
                answers: Vec::new(),
            };
            let mut violations = Violations::default();
            check_facts(&mut violations, (kind, names_a_project), voice, &facts, day(0));
            let sound = names_a_project == (kind == Kind::EndOfCommitment)
                && !(is_independent && voice == Voice::Member)
                && is_independent == says_how
                && (!matches!(kind, Kind::Final | Kind::EndOfCommitment) || (completion && opened))
                && offset <= 0;
            prop_assert_eq!(violations.done().is_ok(), sound);
        }
    }
}
