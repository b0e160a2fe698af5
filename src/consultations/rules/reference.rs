//! Consultations and contributions that are invented for demonstration, in every state.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;

use super::{Answer, Contact, Content, Decision, Facts, Kind, Moderation, Participants, Report, Standing};
use crate::{
    action_programs::{Program, Project, Stage},
    kernel::{clock::day_start, date::PartialDate, id::Identifier, language::Language, language::LanguageMap},
};

/// The texts from which consultations are invented.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    workshop: RoundText,
    ideas: RoundText,
    drafts: RoundText,
    place: LanguageMap,
    report: String,
    contributions: Vec<ContributionText>,
    comments: Vec<ContributionText>,
    reasons: ReasonTexts,
    withheld: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoundText {
    title: LanguageMap,
    description: LanguageMap,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContributionText {
    language: Language,
    axis: Option<usize>,
    text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonTexts {
    accepted: LanguageMap,
    merged: LanguageMap,
    rejected: LanguageMap,
}

/// An invented consultation.
#[derive(Debug)]
pub struct SeedConsultation {
    /// What is said of it.
    pub facts: Facts,
    /// What was sent to it, the oldest first.
    pub contributions: Vec<SeedContribution>,
}

/// An invented contribution.
#[derive(Debug)]
pub struct SeedContribution {
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// What was sent.
    pub content: Content,
    /// What became of it.
    pub standing: Standing,
}

/// Reads the texts.
///
/// # Errors
/// A sentence that names the file.
pub fn parse_texts(json: &str) -> Result<Texts, String> {
    serde_json::from_str(json).map_err(|error| format!("illustrative.json: {error}"))
}

/// The last day of rounds that are open for whoever wants to try.
fn far_away() -> NaiveDate {
    NaiveDate::from_ymd_opt(2031, 12, 31).unwrap_or(NaiveDate::MAX)
}

impl Texts {
    /// The invented consultations of a programme, the `number`th, as they stand on a day. What is only being prepared has
    /// none.
    #[must_use]
    pub fn illustrate(
        &self,
        number: usize,
        (program, projects): (&Program, &[Project]),
        today: NaiveDate,
    ) -> Vec<SeedConsultation> {
        if program.stage == Stage::Draft {
            return Vec::new();
        }
        let planned = program.facts.planned;
        let first_day = |date: Option<PartialDate>| date.map(PartialDate::first_day).filter(|day| *day < today);
        let Some(ideas_from) = first_day(planned.co_creation_on) else { return Vec::new() };
        let held_on = ideas_from + Days::new(14);
        let until = |stage, day| if program.stage == stage { far_away() } else { day };
        let ideas = (held_on, until(Stage::CoCreation, ideas_from + Days::new(60)));
        let mut found = vec![
            SeedConsultation { facts: self.workshop(number, held_on), contributions: Vec::new() },
            self.round((1, &self.ideas), ideas, (program, projects), (&self.contributions, number, today)),
        ];
        let drafts_from = first_day(planned.consultation_on);
        if let Some(from) = drafts_from.filter(|_| (Stage::Consultation..Stage::Cancelled).contains(&program.stage)) {
            let drafts = (from, until(Stage::Consultation, from + Days::new(30)));
            found.push(self.round((2, &self.drafts), drafts, (program, projects), (&self.comments, number + 4, today)));
        }
        found
    }

    fn workshop(&self, number: usize, held_on: NaiveDate) -> Facts {
        let total = 40 + i64::try_from(number % 30).unwrap_or(0);
        let participants = Participants {
            total,
            women: Some(total * 2 / 5),
            men: Some(total - total * 2 / 5),
            under_25: Some(total / 4),
            aged_25_to_59: Some(total / 2),
            aged_60_and_over: Some(total / 8),
            of_associations: Some(total / 3),
        };
        Facts {
            round: 1,
            kind: Kind::Workshop,
            title: self.workshop.title.clone(),
            description: Some(self.workshop.description.clone()),
            opens_on: held_on,
            closes_on: held_on,
            place: Some(self.place.clone()),
            participants: Some(participants),
            report: Some(Report { url: self.report.clone(), published_on: Some(held_on + Days::new(10)) }),
        }
    }

    fn round(
        &self,
        (round, text): (i64, &RoundText),
        (opens_on, closes_on): (NaiveDate, NaiveDate),
        (program, projects): (&Program, &[Project]),
        (texts, number, today): (&[ContributionText], usize, NaiveDate),
    ) -> SeedConsultation {
        let facts = Facts {
            round,
            kind: Kind::Online,
            title: text.title.clone(),
            description: Some(text.description.clone()),
            opens_on,
            closes_on,
            place: None,
            participants: None,
            report: None,
        };
        let last_day = closes_on.min(today);
        let one = |(at, text): (usize, &ContributionText)| {
            // Where the round is still open, the last one is recent.
            let is_recent = closes_on > today && at + 1 == texts.len();
            let on = opens_on + Days::new(3 + 3 * u64::try_from(at).unwrap_or(0));
            let on = if is_recent { today - Days::new(5) } else { on }.clamp(opens_on, last_day);
            let axis = text.axis.and_then(|axis| program.facts.axes.get(axis)).map(|axis| axis.id.clone());
            let project = projects.iter().find(|project| project.facts.axis_id == axis).or(projects.first());
            let content = Content {
                axis_id: axis,
                text: text.text.clone(),
                language: text.language,
                contact: contact(number, at),
            };
            let sent_at = day_start(on) + TimeDelta::hours(11);
            // Those who consult on ideas begin with one state, and those on drafts with another.
            let state = (at + if round == 1 { 0 } else { 4 }) % 8;
            SeedContribution {
                sent_at,
                content,
                standing: self.standing(state, project.map(|project| project.id.clone()), (on, last_day)),
            }
        };
        SeedConsultation { facts, contributions: texts.iter().enumerate().map(one).collect() }
    }

    fn standing(
        &self,
        state: usize,
        project: Option<Identifier>,
        (sent_on, today): (NaiveDate, NaiveDate),
    ) -> Standing {
        let at = day_start((sent_on + Days::new(2)).min(today).max(sent_on));
        let decided_on = (sent_on + Days::new(25)).min(today).max(sent_on);
        let decision = |decision, reason: &LanguageMap, project_id| Answer {
            decision,
            decided_on,
            reason: reason.clone(),
            project_id,
        };
        let answer = match state {
            0 => Some(decision(Decision::Accepted, &self.reasons.accepted, project)),
            1 if project.is_some() => Some(decision(Decision::Merged, &self.reasons.merged, project)),
            2 => Some(decision(Decision::Rejected, &self.reasons.rejected, None)),
            3 => Some(decision(Decision::Accepted, &self.reasons.accepted, None)),
            _ => None,
        };
        match state {
            5 => Standing::PENDING,
            6 => Standing {
                moderation: Moderation::Withheld,
                moderated_at: Some(at),
                withheld_because: Some(self.withheld.clone()),
                answer: None,
            },
            _ => Standing { moderation: Moderation::Published, moderated_at: Some(at), withheld_because: None, answer },
        }
    }
}

/// Every third one can be reached.
fn contact(number: usize, at: usize) -> Contact {
    if !(number + at).is_multiple_of(3) {
        return Contact::default();
    }
    Contact {
        name: Some(format!("Illustrative Contributor {number}-{at}")),
        email: Some(format!("contributor.{number}.{at}@example.org")),
    }
}
