//! Assessments that are invented for demonstration: made from one file of texts by a fixed pattern, so that every voice and
//! level occurs, some members have voices that differ and others nothing.

use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;

use super::{Facts, Level, Subject};
use crate::{
    action_programs::Publication,
    evaluations::{Author, Voice},
    kernel::{
        evidence::EvidenceLink,
        id::{Identifier, Slug},
        language::LanguageMap,
    },
};

/// The texts and the pattern.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    organisations: Vec<String>,
    secretariat: String,
    /// One for each level.
    explanations: Vec<LanguageMap>,
    evidence_title: LanguageMap,
    evidence_url: String,
    patterns: Vec<Vec<Line>>,
}

/// What one voice says of one year.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    year: i32,
    voice: Voice,
    /// Which of the organisations.
    organisation: Option<usize>,
    /// The level of each commitment, in the charter's order; nothing where it says nothing.
    levels: Vec<Option<i64>>,
    publication: Publication,
}

/// A member that assessments are invented for.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// The member's id.
    pub member_id: Identifier,
    /// Its slug.
    pub member: Slug,
    /// Its name.
    pub name: String,
}

/// An assessment to be loaded.
#[derive(Debug)]
pub struct Seed {
    /// The member.
    pub member: Assessed,
    /// What it is about.
    pub subject: Subject,
    /// Who says it.
    pub author: Author,
    /// What it says.
    pub facts: Facts,
    /// Who sees it.
    pub publication: Publication,
}

/// Reads the texts.
///
/// # Errors
/// A sentence that names the file.
pub fn parse_texts(json: &str) -> Result<Texts, String> {
    serde_json::from_str(json).map_err(|error| format!("assessments/illustrative.json: {error}"))
}

impl Texts {
    /// The invented assessments of members: each follows the next pattern, as far as `today` allows.
    #[must_use]
    pub fn illustrate(&self, members: &[Assessed], commitments: &[String], today: NaiveDate) -> Vec<Seed> {
        let mut seeds = Vec::new();
        for (member, pattern) in members.iter().zip(self.patterns.iter().cycle()) {
            for line in pattern {
                let levels = commitments.iter().zip(&line.levels);
                seeds.extend(levels.filter_map(|(code, level)| self.seed(member, line, (code, (*level)?), today)));
            }
        }
        seeds
    }

    fn seed(&self, member: &Assessed, line: &Line, (commitment, level): (&str, i64), today: NaiveDate) -> Option<Seed> {
        let (level, year) = (Level::try_from(level).ok()?, i64::from(line.year));
        // In the February after the year.
        let assessed_on = NaiveDate::from_ymd_opt(line.year.checked_add(1)?, 2, 15)?;
        if assessed_on > today || line.year > today.year() {
            return None;
        }
        let organisation = match line.voice {
            Voice::Member => member.name.clone(),
            Voice::CivilSociety => self.organisations.get(line.organisation?)?.clone(),
            Voice::Secretariat => self.secretariat.clone(),
        };
        let evidence =
            EvidenceLink { title: self.evidence_title.clone(), url: self.evidence_url.clone(), sha256: None };
        Some(Seed {
            member: member.clone(),
            subject: Subject { commitment: commitment.to_owned(), year },
            author: Author { voice: line.voice, organisation },
            facts: Facts {
                level,
                explanation: self.explanations.get(usize::try_from(level.get()).ok()?)?.clone(),
                // What is not kept leaves nothing behind.
                evidence: if level > Level::ALL[0] { vec![evidence] } else { Vec::new() },
                assessed_on,
            },
            publication: line.publication,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        assessments::{ILLUSTRATIVE, rules::check_facts},
        kernel::violation::Violations,
    };

    fn illustrated(today: &str) -> (usize, Vec<Seed>) {
        let texts = parse_texts(&ILLUSTRATIVE.concat()).unwrap();
        let member = |number: usize| Assessed {
            member_id: Identifier::stored(number.to_string()),
            member: Slug::numbered("m", number),
            name: "Commune".to_owned(),
        };
        let members: Vec<Assessed> = (0..texts.patterns.len()).map(member).collect();
        let commitments = ["a", "b", "c", "d", "e"].map(str::to_owned);
        (members.len(), texts.illustrate(&members, &commitments, today.parse().unwrap()))
    }

    #[test]
    fn every_voice_and_level_is_invented_and_some_members_have_nothing() {
        let (members, seeds) = illustrated("2026-11-25");
        for voice in Voice::ALL {
            assert!(seeds.iter().any(|seed| seed.author.voice == *voice), "{voice:?}");
        }
        for level in Level::ALL {
            assert!(seeds.iter().any(|seed| seed.facts.level == level), "{level:?}");
        }
        assert!(seeds.iter().any(|seed| seed.publication == Publication::Draft));
        let is_assessed = |number: usize| seeds.iter().any(|seed| seed.member.member_id == number.to_string());
        assert!((0..members).any(is_assessed) && !(0..members).all(is_assessed));
        let today = "2026-11-25".parse().unwrap();
        for seed in &seeds {
            let mut violations = Violations::default();
            check_facts(&mut violations, &seed.subject, &seed.facts, today);
            assert_eq!(violations.done(), Ok(()), "{seed:?}");
        }
    }

    #[test]
    fn nobody_invents_two_of_the_same_and_nothing_is_said_before_its_day() {
        let (_, seeds) = illustrated("2026-11-25");
        for (at, seed) in seeds.iter().enumerate() {
            let same = |other: &&Seed| {
                other.member.member_id == seed.member.member_id
                    && other.subject == seed.subject
                    && other.author.is_same_as(&seed.author)
            };
            assert!(!seeds[..at].iter().any(|other| same(&other)), "{seed:?}");
        }
        let (_, early) = illustrated("2025-06-01");
        assert!(early.len() < seeds.len() && early.iter().all(|seed| seed.subject.year == 2024));
    }
}
