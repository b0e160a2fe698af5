//! What an evaluation of an action programme is: who says it, what it says, and when it may be said. Pure.

mod content;
mod reference;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    content::{check_facts, check_stage, refuse_project},
    reference::{Evaluated, Seed, parse_texts},
};
use crate::{
    action_programs::{Publication, PublicationFilter},
    kernel::{
        codes::codes,
        id::{Identifier, Slug},
        language::LanguageMap,
        paging::Order,
    },
};

/// What is evaluated, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvaluationKind)]
pub enum Kind {
    /// The programme, at its beginning: how it came about and what it promises.
    Inception,
    /// The programme, while it is carried out.
    MidTerm,
    /// The programme, at its end.
    Final,
    /// One project of the programme, at its end.
    EndOfCommitment,
}

codes!(Kind {
    Inception => "inception",
    MidTerm => "mid_term",
    Final => "final",
    EndOfCommitment => "end_of_commitment",
});

impl Kind {
    /// Whether it is about one project.
    #[must_use]
    pub const fn is_about_a_project(self) -> bool {
        matches!(self, Self::EndOfCommitment)
    }

    /// Whether it says what has come out.
    #[must_use]
    pub const fn is_conclusive(self) -> bool {
        matches!(self, Self::Final | Self::EndOfCommitment)
    }
}

/// Who evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvaluationVoice)]
pub enum Voice {
    /// The member itself.
    #[serde(rename = "self")]
    Member,
    /// An organisation of civil society.
    CivilSociety,
    /// The network's secretariat.
    Secretariat,
}

codes!(Voice { Member => "self", CivilSociety => "civil_society", Secretariat => "secretariat" });

/// How far something was carried out, in the words of OGP Local.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvaluationCompletion)]
pub enum Completion {
    /// Nothing of it was.
    NotStarted,
    /// A small part of it was.
    Limited,
    /// The larger part of it was.
    Substantial,
    /// All of it was.
    Complete,
}

codes!(Completion {
    NotStarted => "not_started",
    Limited => "limited",
    Substantial => "substantial",
    Complete => "complete",
});

/// Whether something opened government, in the words of OGP Local.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenedGovernment {
    /// It is less open than before.
    Worsened,
    /// It is as it was.
    NoChange,
    /// A little.
    Marginal,
    /// Much.
    Major,
    /// More than anybody had expected.
    Outstanding,
}

codes!(OpenedGovernment {
    Worsened => "worsened",
    NoChange => "no_change",
    Marginal => "marginal",
    Major => "major",
    Outstanding => "outstanding",
});

/// What a question is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvaluationVerdict)]
pub enum Verdict {
    /// It is so.
    Yes,
    /// A part of it is.
    Partly,
    /// It is not so.
    No,
    /// The question does not arise.
    NotApplicable,
}

codes!(Verdict { Yes => "yes", Partly => "partly", No => "no", NotApplicable => "not_applicable" });

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EvaluationAnswer)]
pub struct Answer {
    /// The question.
    pub question: LanguageMap,
    /// The answer.
    pub answer: Verdict,
    /// Why it is the answer.
    pub explanation: LanguageMap,
    /// Where that can be seen; null where nothing is referred to.
    #[schema(format = "uri", example = "https://www.larache.ma/reports/3-2026")]
    pub evidence_url: Option<String>,
}

/// Who says something. The member and the secretariat speak with one voice each, whatever their name is at the time; the
/// organisations of civil society each with their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// As whom.
    pub voice: Voice,
    /// The name of the organisation.
    pub organisation: String,
}

impl Author {
    /// Whether two are the same, so that one may change what the other has said.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.voice == other.voice && (self.voice != Voice::CivilSociety || self.organisation == other.organisation)
    }
}

/// What an evaluation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// What is evaluated, and when.
    pub kind: Kind,
    /// Id of the project, for those that are about one.
    pub project_id: Option<Identifier>,
}

/// What is said in an evaluation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whether who says it is independent of the member.
    pub is_independent: bool,
    /// How it is.
    pub independence: Option<LanguageMap>,
    /// The day of the evaluation.
    pub evaluated_on: NaiveDate,
    /// How far it was carried out.
    pub completion: Option<Completion>,
    /// Whether it opened government.
    pub opened_government: Option<OpenedGovernment>,
    /// Questions and answers.
    pub answers: Vec<Answer>,
}

/// A stored evaluation.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The id.
    pub id: Identifier,
    /// Counts its changes.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Id of the programme.
    pub program_id: Identifier,
    /// Slug of the programme.
    pub program: Slug,
    /// Slug of the member.
    pub member: Slug,
    /// Whether the programme is published.
    pub of_published: bool,
    /// What it is about.
    pub subject: Subject,
    /// Who says it.
    pub author: Author,
    /// What is said.
    pub facts: Facts,
    /// Who sees it, if the programme is published.
    pub publication: Publication,
}

impl Evaluation {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/action-programs/{}/evaluations/{}", self.program, self.id)
    }

    /// Whether everybody sees it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.of_published && self.publication == Publication::Published
    }
}

/// What one voice says of the same as others.
#[derive(Debug, Clone)]
pub struct Said {
    /// Id of the evaluation.
    pub id: Identifier,
    /// What it is about.
    pub subject: Subject,
    /// Who says it.
    pub author: Author,
    /// Whether who says it is independent of the member.
    pub is_independent: bool,
    /// The day of the evaluation.
    pub evaluated_on: NaiveDate,
    /// How far it was carried out.
    pub completion: Option<Completion>,
    /// Whether it opened government.
    pub opened_government: Option<OpenedGovernment>,
}

/// Puts side by side what is said of the same: by kind, then by project; within, the member first, then civil society by
/// name, then the secretariat.
#[must_use]
pub fn side_by_side(mut said: Vec<Said>) -> Vec<(Subject, Vec<Said>)> {
    said.sort_by(|a, b| {
        let key = |said: &Said| (said.subject.kind, said.subject.project_id.clone(), said.author.voice);
        key(a).cmp(&key(b)).then_with(|| a.author.organisation.cmp(&b.author.organisation))
    });
    let mut found: Vec<(Subject, Vec<Said>)> = Vec::new();
    for one in said {
        match found.last_mut().filter(|(subject, _)| *subject == one.subject) {
            Some((_, voices)) => voices.push(one),
            None => found.push((one.subject.clone(), vec![one])),
        }
    }
    found
}

/// What evaluations can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// When it was first stored.
    CreatedAt,
}

codes!(SortKey { CreatedAt => "created_at" });

/// Which evaluations of a programme a list has. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// The programme, as the path names it.
    pub program: String,
    /// Kinds, any of which.
    pub kinds: Vec<Kind>,
    /// Voices, any of which.
    pub voices: Vec<Voice>,
    /// Ids of projects, any of which.
    pub projects: Vec<Identifier>,
    /// What is not published, too or only.
    pub publication: Option<PublicationFilter>,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<SortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;
    use proptest::prelude::*;

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(Kind::ALL, Kind::as_str);
        assert_codes(Voice::ALL, Voice::as_str);
        assert_codes(Completion::ALL, Completion::as_str);
        assert_codes(OpenedGovernment::ALL, OpenedGovernment::as_str);
        assert_codes(Verdict::ALL, Verdict::as_str);
    }

    #[test]
    fn only_organisations_of_civil_society_are_told_apart_by_their_names() {
        let author = |voice, organisation: &str| Author { voice, organisation: organisation.to_owned() };
        for (voice, same) in [(Voice::Member, true), (Voice::Secretariat, true), (Voice::CivilSociety, false)] {
            assert_eq!(author(voice, "A").is_same_as(&author(voice, "B")), same, "{voice:?}");
            assert!(author(voice, "A").is_same_as(&author(voice, "A")));
        }
        assert!(!author(Voice::Member, "A").is_same_as(&author(Voice::Secretariat, "A")));
    }

    fn said((kind, project, voice, organisation): (usize, usize, usize, usize)) -> Said {
        let kind = Kind::ALL[kind];
        let project_id = kind.is_about_a_project().then(|| Identifier::stored(format!("p{project}")));
        Said {
            id: Identifier::stored(format!("{kind:?} {project} {voice} {organisation}")),
            subject: Subject { kind, project_id },
            author: Author { voice: Voice::ALL[voice], organisation: format!("o{organisation}") },
            is_independent: false,
            evaluated_on: NaiveDate::MIN,
            completion: None,
            opened_government: None,
        }
    }

    proptest! {
        #[test]
        fn every_voice_stands_once_beside_those_that_speak_of_the_same(
            all in prop::collection::vec((0usize..4, 0usize..3, 0usize..3, 0usize..3), 0..20),
        ) {
            let groups = side_by_side(all.iter().copied().map(said).collect());
            let subjects: Vec<&Subject> = groups.iter().map(|(subject, _)| subject).collect();
            for (at, subject) in subjects.iter().enumerate() {
                prop_assert!(!subjects[..at].contains(subject), "{subject:?} stands there twice");
            }
            for (subject, voices) in &groups {
                prop_assert!(voices.iter().all(|one| one.subject == *subject));
                prop_assert!(voices.is_sorted_by_key(|one| one.author.voice));
            }
            let mut found: Vec<&Identifier> = groups.iter().flat_map(|(_, voices)| voices).map(|one| &one.id).collect();
            let wanted: Vec<Said> = all.into_iter().map(said).collect();
            let mut wanted: Vec<&Identifier> = wanted.iter().map(|one| &one.id).collect();
            found.sort();
            wanted.sort();
            prop_assert_eq!(found, wanted);
        }
    }
}
