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
    // Of a month or year that is all that is known, the last day: nothing ends earlier than it may have.
    let evaluated = evaluation_on.and_then(|on| on.last_day().pred_opt());
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
pub fn check_kept(situation: &Situation<'_>, today: NaiveDate) -> Result<(), Violations> {
    let mut violations = Violations::default();
    let begins_on = situation.facts.implementation.map(|implementation| implementation.from);
    if begins_on.is_some_and(|from| situation.stage.was_implemented() && from > today) {
        let detail = format!("The programme is in {}; its implementation has begun.", situation.stage.as_str());
        violations.add("/implementation_from", "not_begun", detail);
    }
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
        today: NaiveDate,
    ) -> Result<(Program, Moved), Violations> {
        let mut reasons = Violations::default();
        for obstacle in obstacles(situation, self.to, is_secretariat, self.on.last_day().min(today)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::new_id;
    use crate::{
        action_programs::rules::{Owner, Planned, Provenance},
        kernel::language::LanguageMap,
    };
    use chrono::DateTime;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn on(text: &str) -> PartialDate {
        text.parse().unwrap()
    }

    /// What is said of a programme, with the facts that the bits name.
    fn facts(bits: u8) -> Facts {
        let has = |bit: u8| bits & (1 << bit) != 0;
        Facts {
            title: LanguageMap::default(),
            summary: None,
            planned: Planned::default(),
            committee_validated_on: has(0).then(|| on("2023-07")),
            council_session_on: has(1).then(|| on("2023-10-02")),
            decision_reference: has(2).then(|| "41/2023".to_owned()),
            decision_url: None,
            implementation: has(3).then(|| Implementation { from: day("2024-01-01"), until: None }),
            committee: None,
            axes: Vec::new(),
            commitments: Vec::new(),
            stakeholders: Vec::new(),
            documents: Vec::new(),
            provenance: Provenance::Official,
            source: None,
        }
    }

    fn program(stage: Stage, publication: Publication, facts: Facts) -> Program {
        Program {
            id: new_id(),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            slug: "x-cycle-1".parse().unwrap(),
            owner: Owner { id: new_id(), slug: "x".parse().unwrap(), region_code: "01".to_owned().try_into().unwrap() },
            cycle: 1,
            publication,
            stage,
            stage_since: None,
            reached: Vec::new(),
            facts,
        }
    }

    fn move_to(to: Stage, when: &str) -> Move {
        let reason = Some("Asked for".to_owned());
        Move { to, on: on(when), reason, evidence: Evidence::default(), role: None }
    }

    fn situation<'a>(program: &'a Program, projects: i64, others: &'a [Other], moves: &'a [Moved]) -> Situation<'a> {
        let Program { stage, publication, facts, reached, .. } = program;
        Situation { stage: *stage, publication: *publication, facts, reached, projects, others, moves }
    }

    fn codes(found: impl IntoIterator<Item = Violation>) -> Vec<&'static str> {
        found.into_iter().map(|violation| violation.code).collect()
    }

    /// What each stage needs, written down a second time.
    fn is_ready(stage: Stage, publication: Publication, bits: u8, projects: i64) -> bool {
        let has = |bit: u8| bits & (1 << bit) != 0;
        let published = publication == Publication::Published;
        match stage {
            Stage::Draft | Stage::Cancelled => true,
            Stage::CoCreation => published,
            Stage::Consultation => published && projects > 0,
            Stage::Validated => published && projects > 0 && has(0),
            Stage::Adopted => published && projects > 0 && has(0) && has(1) && has(2),
            Stage::Implementation | Stage::Evaluation | Stage::Closed => published && projects > 0 && bits & 15 == 15,
        }
    }

    proptest! {
        #[test]
        fn what_is_offered_is_what_can_be_done(from in 0usize..9, to in 0usize..9, bits in 0u8..16, projects in 0i64..2, published: bool, secretariat: bool) {
            let (from, to) = (Stage::ALL[from], Stage::ALL[to]);
            let publication = if published { Publication::Published } else { Publication::Draft };
            let program = program(from, publication, facts(bits));
            let history = [Moved { from: Stage::Validated, to: Stage::Cancelled, on: on("2023-08"), role: None, reason: None, evidence: Evidence::default() }];
            let moves = if from == Stage::Cancelled { &history[..] } else { &[] };
            let situation = situation(&program, projects, &[], moves);
            let offered = obstacles(&situation, to, secretariat, day("2024-06-01")).is_empty();
            let taken = move_to(to, "2024-06-01").take(&program, &situation, secretariat, day("2030-01-01"));
            prop_assert_eq!(taken.is_ok(), offered);
            let order = |stage: Stage| Stage::ALL.iter().position(|other| *other == stage).unwrap();
            let forwards = from != Stage::Closed && from != Stage::Cancelled && (to == Stage::Cancelled || order(to) == order(from) + 1);
            let backwards = secretariat && (if from == Stage::Cancelled { to == Stage::Validated } else { to != Stage::Cancelled && order(to) < order(from) });
            prop_assert_eq!(offered, (forwards || backwards) && is_ready(to, publication, bits, projects), "{:?} {:?}", from, to);
            if let Ok((after, moved)) = taken {
                prop_assert_eq!((after.stage, moved.from, moved.to), (to, from, to));
                // What was reached is in the order of the stages, and nothing of it lies ahead.
                prop_assert!(after.reached.windows(2).all(|pair| pair[0].stage < pair[1].stage));
                prop_assert!(after.reached.iter().all(|reached| reached.stage <= to && reached.stage != Stage::Draft));
            }
        }

        #[test]
        fn what_a_stage_rests_on_cant_be_lost(stage in 0usize..9, bits in 0u8..16, projects in 0i64..2, published: bool) {
            let stage = Stage::ALL[stage];
            let publication = if published { Publication::Published } else { Publication::Draft };
            let program = program(stage, publication, facts(bits));
            let kept = check_kept(&situation(&program, projects, &[], &[]), day("2030-01-01"));
            prop_assert_eq!(kept.is_ok(), is_ready(stage, publication, bits, projects));
        }

        #[test]
        fn two_implementations_never_share_a_day(from in 0u64..1500, length in 0u64..800, other in 0u64..1500, other_length in 0u64..800) {
            let start = day("2022-01-01");
            let time = |from: u64, length: u64| Implementation { from: start + chrono::Days::new(from), until: Some(start + chrono::Days::new(from + length)) };
            let (own, theirs) = (time(from, length), time(other, other_length));
            let others = [Other { slug: "x-cycle-2".to_owned(), stage: Stage::Closed, implementation: theirs, evaluation_on: None }];
            let program = program(Stage::Adopted, Publication::Published, Facts { implementation: Some(own), ..facts(15) });
            let found = codes(obstacles(&situation(&program, 1, &others, &[]), Stage::Implementation, false, day("2030-01-01")));
            let share = own.from <= theirs.until.unwrap() && theirs.from <= own.until.unwrap();
            prop_assert_eq!(found, if share { vec!["overlap"] } else { vec![] });
        }
    }

    #[test]
    fn an_implementation_ends_when_the_evaluation_begins_and_only_one_runs() {
        let program = program(
            Stage::Adopted,
            Publication::Published,
            Facts { implementation: Some(Implementation { from: day("2025-07-01"), until: None }), ..facts(15) },
        );
        let other = |stage, evaluation_on| Other {
            slug: "x-cycle-2".to_owned(),
            stage,
            implementation: Implementation { from: day("2024-01-01"), until: None },
            evaluation_on,
        };
        let found = |other: Other| {
            codes(obstacles(&situation(&program, 1, &[other], &[]), Stage::Implementation, false, day("2025-07-01")))
        };
        assert_eq!(found(other(Stage::Evaluation, Some(on("2025-07-01")))), Vec::<&str>::new());
        assert_eq!(found(other(Stage::Evaluation, Some(on("2025-08")))), ["overlap"]);
        assert_eq!(found(other(Stage::Implementation, None)), ["other_in_implementation"]);
    }

    #[test]
    fn who_gives_up_or_goes_back_says_why_and_nothing_is_noted_in_advance() {
        let program = program(Stage::Consultation, Publication::Published, facts(0));
        let situation = situation(&program, 1, &[], &[]);
        let silent = |to, when| Move { reason: None, ..move_to(to, when) };
        let faults = |step: Move| codes(step.faults(&situation, day("2024-06-01")));
        assert_eq!(faults(silent(Stage::Cancelled, "2024-07")), ["reason_missing", "in_the_future"]);
        assert_eq!(faults(silent(Stage::CoCreation, "2024-06-01")), ["reason_missing"]);
        assert_eq!(faults(silent(Stage::Validated, "2024-06-01")), Vec::<&str>::new());
    }

    #[test]
    fn moves_are_noted_in_their_order_and_an_implementation_not_before_it_begins() {
        let program = program(Stage::Adopted, Publication::Published, facts(15));
        let last = [Moved {
            from: Stage::Validated,
            to: Stage::Adopted,
            on: on("2023-10-02"),
            role: None,
            reason: None,
            evidence: Evidence::default(),
        }];
        let refused = |when: &str| {
            let situation = situation(&program, 1, &[], &last);
            codes(
                move_to(Stage::Implementation, when).take(&program, &situation, false, day("2030-01-01")).unwrap_err(),
            )
        };
        assert_eq!(refused("2023-09-30"), ["before_last_move", "not_begun"]);
        assert_eq!(refused("2023-12-31"), ["not_begun"]);
        let situation = situation(&program, 1, &[], &last);
        let began = |today| move_to(Stage::Implementation, "2024").take(&program, &situation, false, day(today));
        assert!(began("2024-01-01").is_ok());
        // What happened in a year has not happened on its last day, as long as that lies ahead.
        let ahead =
            Facts { implementation: Some(Implementation { from: day("2024-10-01"), until: None }), ..facts(15) };
        let program = super::Program { facts: ahead, ..program.clone() };
        let situation = self::situation(&program, 1, &[], &last);
        let refused = |today| {
            codes(move_to(Stage::Implementation, "2024").take(&program, &situation, false, day(today)).unwrap_err())
        };
        assert_eq!(refused("2024-05-01"), ["not_begun"]);
        let running = super::Program { stage: Stage::Implementation, ..program.clone() };
        let kept = |today| check_kept(&self::situation(&running, 1, &[], &last), day(today));
        assert!(kept("2024-10-01").is_ok() && kept("2024-09-30").unwrap_err().has("/implementation_from"));
    }
}
