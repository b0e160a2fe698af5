//! The stages of a programme as a state machine: which move it can make, what stands in the way of each, and what must not
//! be taken away from a programme because its stage rests on it.
//!
//! Forwards it goes one stage at a time; it can be given up from anywhere before `closed`. Backwards, also out of what
//! was given up, only the secretariat moves it, and says why. What a stage needs is needed by all behind it.

use chrono::NaiveDate;

use super::{Facts, Implementation, Moved, Program, Publication, Reached, Stage};
use crate::{
    kernel::{
        date::PartialDate,
        violation::{Violation, Violations},
    },
    members::Evidence,
};

/// Another programme of the member, as far as its implementation matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Its slug.
    pub slug: String,
    /// Its stage.
    pub stage: Stage,
    /// When it is or was carried out.
    pub implementation: Implementation,
    /// When its evaluation began, if it has.
    pub evaluation_on: Option<PartialDate>,
}

impl Other {
    /// The last day of its implementation, which ends when the evaluation begins.
    fn ended_on(&self) -> NaiveDate {
        ended_on(self.implementation, self.evaluation_on)
    }
}

/// The last day of an implementation, which ends when the evaluation begins.
#[must_use]
pub fn ended_on(implementation: Implementation, evaluation_on: Option<PartialDate>) -> NaiveDate {
    let planned = implementation.ends_on();
    let evaluated = evaluation_on.and_then(|on| on.first_day().pred_opt());
    evaluated.map_or(planned, |day| day.min(planned)).max(implementation.from)
}

/// What a move depends on.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// The stage.
    pub stage: Stage,
    /// Who sees the programme.
    pub publication: Publication,
    /// What is said of it.
    pub facts: &'a Facts,
    /// When the stages on the way were reached.
    pub reached: &'a [Reached],
    /// How many projects it has.
    pub projects: i64,
    /// The member's other programmes whose implementation has begun.
    pub others: &'a [Other],
    /// The moves so far.
    pub moves: &'a [Moved],
}

impl Situation<'_> {
    /// Where a programme that was given up stood before.
    fn given_up_in(&self) -> Option<Stage> {
        self.moves.last().filter(|last| last.to == Stage::Cancelled).map(|last| last.from)
    }

    /// Whether a stage lies behind the present one.
    fn is_backwards(&self, to: Stage) -> bool {
        match self.stage {
            Stage::Cancelled => self.given_up_in() == Some(to),
            stage => to < stage,
        }
    }

    fn is_a_move(&self, to: Stage) -> bool {
        match (self.stage, to) {
            (Stage::Closed | Stage::Cancelled, Stage::Cancelled) => false,
            (_, Stage::Cancelled) => true,
            (Stage::Cancelled, _) => self.is_backwards(to),
            (stage, to) => self.is_backwards(to) || next(stage) == Some(to),
        }
    }
}

/// The stage that follows one.
fn next(stage: Stage) -> Option<Stage> {
    match stage {
        Stage::Draft => Some(Stage::CoCreation),
        Stage::CoCreation => Some(Stage::Consultation),
        Stage::Consultation => Some(Stage::Validated),
        Stage::Validated => Some(Stage::Adopted),
        Stage::Adopted => Some(Stage::Implementation),
        Stage::Implementation => Some(Stage::Evaluation),
        Stage::Evaluation => Some(Stage::Closed),
        Stage::Closed | Stage::Cancelled => None,
    }
}

/// What a programme lacks to be in a stage. The pointers name the property that is missing.
fn lacking(situation: &Situation<'_>, stage: Stage) -> Vec<Violation> {
    let Situation { facts, publication, projects, .. } = situation;
    let needs = |from: Stage| stage != Stage::Cancelled && stage >= from;
    let mut found = Vec::new();
    let mut missing = |is_missing: bool, pointer: &str, code: &'static str, detail: &str| {
        if is_missing {
            found.push(Violation::new(pointer, code, detail));
        }
    };
    missing(
        needs(Stage::CoCreation) && *publication == Publication::Draft,
        "/publication",
        "not_published",
        "Only a published programme leaves the stage draft: publication is draft.",
    );
    missing(
        needs(Stage::Consultation) && *projects == 0,
        "",
        "no_project",
        "There is nothing to consult on: the programme has no project.",
    );
    missing(
        needs(Stage::Validated) && facts.committee_validated_on.is_none(),
        "/committee_validated_on",
        "committee_validation_missing",
        "The follow-up committee has not validated it: committee_validated_on is missing.",
    );
    missing(
        needs(Stage::Adopted) && facts.council_session_on.is_none(),
        "/council_session_on",
        "council_session_missing",
        "The council has not adopted it: council_session_on is missing.",
    );
    missing(
        needs(Stage::Adopted) && facts.decision_reference.is_none(),
        "/decision_reference",
        "decision_missing",
        "The council's decision is missing: decision_reference is empty.",
    );
    missing(
        needs(Stage::Implementation) && facts.implementation.is_none(),
        "/implementation_from",
        "implementation_undated",
        "The implementation has no first day: implementation_from is missing.",
    );
    found
}

/// The programmes with whose implementation this one's collides in a stage.
fn collisions(situation: &Situation<'_>, stage: Stage) -> Vec<Violation> {
    let Some(implementation) = situation.facts.implementation.filter(|_| stage.was_implemented()) else {
        return Vec::new();
    };
    let evaluation_on = situation.reached.iter().find(|reached| reached.stage == Stage::Evaluation);
    let evaluation_on = evaluation_on.map(|reached| reached.on).filter(|_| stage > Stage::Implementation);
    let own = Other { slug: String::new(), stage, implementation, evaluation_on };
    let collision = |other: &Other| {
        if stage == Stage::Implementation && other.stage == Stage::Implementation {
            let detail = format!("{} of the same member is in implementation.", other.slug);
            return Some(Violation::new("/to", "other_in_implementation", detail));
        }
        let (from, until) = (other.implementation.from, other.ended_on());
        let detail = format!("The implementation overlaps that of {}, from {from} until {until}.", other.slug);
        let overlaps = own.implementation.from <= until && from <= own.ended_on();
        overlaps.then(|| Violation::new("/implementation_from", "overlap", detail))
    };
    situation.others.iter().filter_map(collision).collect()
}

/// What stands in the way of a stage, for somebody who speaks for the network's secretariat or not, on a day.
#[must_use]
pub fn obstacles(situation: &Situation<'_>, to: Stage, is_secretariat: bool, on: NaiveDate) -> Vec<Violation> {
    let mut found = Vec::new();
    if !situation.is_a_move(to) {
        let (from, to) = (situation.stage.as_str(), to.as_str());
        found.push(Violation::new("/to", "not_from_here", format!("A programme in {from} does not move to {to}.")));
    }
    if situation.is_backwards(to) && !is_secretariat {
        let detail = "Only the secretariat moves a programme backwards.";
        found.push(Violation::new("/to", "backwards", detail));
    }
    found.extend(lacking(situation, to));
    found.extend(collisions(situation, to));
    let from = situation.facts.implementation.map(|implementation| implementation.from);
    if let Some(from) = from.filter(|from| to.was_implemented() && *from > on) {
        let detail = format!("The implementation begins on {from} only.");
        found.push(Violation::new("/on", "not_begun", detail));
    }
    found
}

/// What a programme in its stage must not lose, and what its implementation must not collide with: to be asked after a
/// change of what is said of it.
///
/// # Errors
/// Everything that its stage rests on and is no longer there.
pub fn check_kept(situation: &Situation<'_>) -> Result<(), Violations> {
    let mut violations = Violations::default();
    for lost in lacking(situation, situation.stage).into_iter().chain(collisions(situation, situation.stage)) {
        let detail = format!("{} The programme is in {}, which rests on it.", lost.detail, situation.stage.as_str());
        let detail = if lost.code == "overlap" { lost.detail } else { detail };
        violations.add(lost.pointer, lost.code, detail);
    }
    violations.done()
}

/// A move to another stage.
#[derive(Debug, Clone)]
pub struct Move {
    /// The stage from then on.
    pub to: Stage,
    /// When.
    pub on: PartialDate,
    /// Why.
    pub reason: Option<String>,
    /// What it rests on.
    pub evidence: Evidence,
    /// The role in which it is made; none for what is loaded.
    pub role: Option<String>,
}

impl Move {
    /// What the move itself lacks.
    #[must_use]
    pub fn faults(&self, situation: &Situation<'_>, today: NaiveDate) -> Violations {
        let mut faults = Violations::default();
        if self.reason.is_none() && (self.to == Stage::Cancelled || situation.is_backwards(self.to)) {
            let detail = "Who gives a programme up or moves it backwards says why: reason is missing.";
            faults.add("/reason", "reason_missing", detail);
        }
        if self.on.first_day() > today {
            faults.add("/on", "in_the_future", "on lies in the future; a move is noted when it has happened.");
        }
        faults
    }

    /// The programme after the move, and what its history says of it.
    ///
    /// # Errors
    /// Everything that stands in the way.
    pub fn take(
        self,
        program: &Program,
        situation: &Situation<'_>,
        is_secretariat: bool,
    ) -> Result<(Program, Moved), Violations> {
        let mut reasons = Violations::default();
        for obstacle in obstacles(situation, self.to, is_secretariat, self.on.last_day()) {
            reasons.add(obstacle.pointer, obstacle.code, obstacle.detail);
        }
        let last = situation.moves.last().map(|last| last.on);
        if let Some(last) = last.filter(|last| last.first_day() > self.on.last_day()) {
            reasons.add("/on", "before_last_move", format!("The programme last moved on {last}."));
        }
        reasons.done()?;
        let mut reached = program.reached.clone();
        if self.to == Stage::Cancelled {
            // What was reached before it was given up stays known.
            reached.push(Reached { stage: Stage::Cancelled, on: self.on });
        } else {
            reached.retain(|reached| {
                reached.stage < self.to || (situation.is_backwards(self.to) && reached.stage == self.to)
            });
            if self.to != Stage::Draft && !reached.iter().any(|reached| reached.stage == self.to) {
                reached.push(Reached { stage: self.to, on: self.on });
            }
        }
        let moved = Moved {
            from: program.stage,
            to: self.to,
            on: self.on,
            role: self.role,
            reason: self.reason,
            evidence: self.evidence,
        };
        let after = Program { stage: self.to, stage_since: Some(self.on), reached, ..program.clone() };
        Ok((after, moved))
    }
}
