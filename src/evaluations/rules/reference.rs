//! Evaluations that are invented for demonstration: made from one file of texts by a fixed pattern, so that every kind,
//! voice and value occurs, some programmes have voices side by side and others nothing.

use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::{Answer, Author, Completion, Facts, Kind, OpenedGovernment, Subject, Verdict, Voice, check_stage};
use crate::{
    action_programs::{Publication, Stage},
    kernel::{id::Identifier, language::LanguageMap},
};

/// The texts and the pattern.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    organisations: Vec<String>,
    secretariat: String,
    independence: LanguageMap,
    questions: Vec<QuestionText>,
    evidence_url: String,
    patterns: Vec<Vec<Line>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionText {
    question: LanguageMap,
    explanation: LanguageMap,
}

/// One evaluation of a pattern.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    kind: Kind,
    voice: Voice,
    /// Which of the organisations.
    organisation: Option<usize>,
    completion: Option<Completion>,
    opened_government: Option<OpenedGovernment>,
    publication: Publication,
}

/// A programme that evaluations are invented for.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// The programme's id.
    pub program_id: Identifier,
    /// Its stage.
    pub stage: Stage,
    /// The first day of its implementation, where that has one.
    pub implementation_from: Option<NaiveDate>,
    /// The last day.
    pub implementation_until: Option<NaiveDate>,
    /// The member's name.
    pub member: String,
    /// Id of one of its projects.
    pub project_id: Option<Identifier>,
}

/// An evaluation to be loaded.
#[derive(Debug)]
pub struct Seed {
    /// The programme's id.
    pub program_id: Identifier,
    /// What it is about.
    pub subject: Subject,
    /// Who says it.
    pub author: Author,
    /// What is said.
    pub facts: Facts,
    /// Who sees it.
    pub publication: Publication,
}

/// Reads the texts.
///
/// # Errors
/// A sentence that names the file.
pub fn parse_texts(json: &str) -> Result<Texts, String> {
    serde_json::from_str(json).map_err(|error| format!("evaluations/illustrative.json: {error}"))
}

impl Texts {
    /// The invented evaluations of programmes: each follows the next pattern, as far as its stage and `today` allow.
    #[must_use]
    pub fn illustrate(&self, programs: &[Evaluated], today: NaiveDate) -> Vec<Seed> {
        let of_program = |(number, program): (usize, &Evaluated)| -> Vec<Seed> {
            let pattern = self.patterns.get(number % self.patterns.len().max(1));
            let lines = pattern.into_iter().flatten();
            lines.filter_map(|line| self.seed(program, line, today)).collect()
        };
        programs.iter().enumerate().flat_map(of_program).collect()
    }

    fn seed(&self, program: &Evaluated, line: &Line, today: NaiveDate) -> Option<Seed> {
        check_stage(line.kind, program.stage).ok()?;
        let evaluated_on = match line.kind {
            Kind::Inception => program.implementation_from? + Days::new(45),
            Kind::MidTerm => program.implementation_from? + Days::new(370),
            Kind::Final => program.implementation_until? + Days::new(25),
            Kind::EndOfCommitment => program.implementation_until? + Days::new(12),
        };
        if evaluated_on > today {
            return None;
        }
        let organisation = match line.voice {
            Voice::Member => program.member.clone(),
            Voice::CivilSociety => self.organisations.get(line.organisation.unwrap_or(0))?.clone(),
            Voice::Secretariat => self.secretariat.clone(),
        };
        let project_id = if line.kind.is_about_a_project() { Some(program.project_id.clone()?) } else { None };
        let is_independent = line.voice == Voice::CivilSociety;
        Some(Seed {
            program_id: program.program_id.clone(),
            subject: Subject { kind: line.kind, project_id },
            author: Author { voice: line.voice, organisation },
            facts: Facts {
                is_independent,
                independence: is_independent.then(|| self.independence.clone()),
                evaluated_on,
                completion: line.completion,
                opened_government: line.opened_government,
                answers: self.answers(line),
            },
            publication: line.publication,
        })
    }

    /// Every question, with answers that differ from voice to voice.
    fn answers(&self, line: &Line) -> Vec<Answer> {
        let shift = match line.voice {
            Voice::Member => 0,
            Voice::CivilSociety => 1,
            Voice::Secretariat => 2,
        };
        let verdicts = Verdict::ALL.iter().cycle().skip(shift);
        let answer = |((at, text), verdict): ((usize, &QuestionText), &Verdict)| Answer {
            question: text.question.clone(),
            answer: *verdict,
            explanation: text.explanation.clone(),
            evidence_url: (at == 0).then(|| self.evidence_url.clone()),
        };
        self.questions.iter().enumerate().zip(verdicts).map(answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evaluations::ILLUSTRATIVE, kernel::violation::Violations};

    fn program(number: usize, stage: Stage) -> Evaluated {
        let day = |text: &str| text.parse().ok();
        Evaluated {
            program_id: Identifier::stored(number.to_string()),
            stage,
            implementation_from: day("2024-01-01"),
            implementation_until: day("2025-12-31"),
            member: "Commune".to_owned(),
            project_id: Some(Identifier::stored("p1".to_owned())),
        }
    }

    #[test]
    fn every_kind_voice_and_value_is_invented_and_some_programmes_have_nothing() {
        let texts = parse_texts(ILLUSTRATIVE).unwrap();
        let today = "2026-11-24".parse().unwrap();
        let programs: Vec<Evaluated> = (0..texts.patterns.len()).map(|number| program(number, Stage::Closed)).collect();
        let seeds = texts.illustrate(&programs, today);
        let all = |is_there: &dyn Fn(&Seed) -> bool| seeds.iter().any(is_there);
        for kind in Kind::ALL {
            for voice in Voice::ALL {
                assert!(all(&|seed| seed.subject.kind == *kind && seed.author.voice == *voice), "{kind:?} {voice:?}");
            }
        }
        assert!(Completion::ALL.iter().all(|value| all(&|seed| seed.facts.completion == Some(*value))));
        assert!(OpenedGovernment::ALL.iter().all(|value| all(&|seed| seed.facts.opened_government == Some(*value))));
        for verdict in Verdict::ALL {
            assert!(all(&|seed| seed.facts.answers.iter().any(|answer| answer.answer == *verdict)), "{verdict:?}");
        }
        assert!(all(&|seed| seed.publication == Publication::Draft));
        let has_final = |program: &Evaluated| {
            seeds.iter().any(|seed| {
                let published = seed.publication == Publication::Published;
                seed.program_id == program.program_id && seed.subject.kind == Kind::Final && published
            })
        };
        assert!(programs.iter().any(has_final) && !programs.iter().all(has_final));
        for seed in &seeds {
            let mut violations = Violations::default();
            super::super::check_facts(
                &mut violations,
                (seed.subject.kind, seed.subject.project_id.is_some()),
                seed.author.voice,
                &seed.facts,
                today,
            );
            assert_eq!(violations.done(), Ok(()), "{seed:?}");
        }
        assert!(texts.illustrate(&[program(0, Stage::Cancelled), program(1, Stage::Draft)], today).is_empty());
    }

    #[test]
    fn nobody_invents_two_of_the_same_for_one_programme() {
        let texts = parse_texts(ILLUSTRATIVE).unwrap();
        for number in 0..texts.patterns.len() {
            let mut programs: Vec<Evaluated> = (0..number).map(|at| program(at, Stage::Draft)).collect();
            programs.push(program(number, Stage::Closed));
            let seeds = texts.illustrate(&programs, "2026-11-24".parse().unwrap());
            for (at, seed) in seeds.iter().enumerate() {
                let twice = seeds[..at]
                    .iter()
                    .any(|other| other.subject == seed.subject && other.author.is_same_as(&seed.author));
                assert!(!twice, "{number}: {seed:?}");
            }
        }
    }
}
