//! What callers write in evaluations. Who says it is never in the body: it follows from the account.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::super::rules::{
    Answer, Completion, Evaluation, Facts, Kind, OpenedGovernment, Subject, Verdict, Voice, check_facts, refuse_project,
};
use crate::{
    action_programs::Publication,
    kernel::{
        bounded,
        date::Date,
        http_url,
        id::{Identifier, Reference},
        language::{LanguageMap, LanguageMapPatch},
        patch::{Patch, replaced},
        violation::{Violations, web_address},
    },
};

/// The longest question, in characters.
const QUESTION_CHARS: usize = 500;
/// The longest explanation, likewise.
const EXPLANATION_CHARS: usize = 2_000;
/// The longest text on independence, likewise.
const INDEPENDENCE_CHARS: usize = 1_000;

/// An evaluation to be added. Kind, project and author are its natural key and stay; the author follows from the account.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct EvaluationIn {
    /// What is evaluated, and when.
    pub kind: Kind,
    /// Identifier of the project, for `end_of_commitment` and only there.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), format = "uuid")]
    pub project_id: Option<Reference<Identifier>>,
    /// Whether the organisation is independent of the member, which the member itself is not; not unless said otherwise.
    #[serde(default)]
    #[schema(example = false)]
    pub is_independent: bool,
    /// In what way it is, each of at most 1,000 characters; for who is, and only there.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub independence: Option<LanguageMap>,
    /// The day of the evaluation.
    #[schema(example = "2026-01-20")]
    pub evaluated_on: Date,
    /// How far it was carried out; `final` and `end_of_commitment` must say it.
    #[serde(default)]
    pub completion: Option<Completion>,
    /// Whether it opened government; `final` and `end_of_commitment` must say it.
    #[serde(default)]
    pub opened_government: Option<OpenedGovernment>,
    /// Questions and answers, in their order.
    #[serde(default, deserialize_with = "bounded::list::<50, _, _>")]
    #[validate(nested)]
    #[schema(max_items = 50)]
    pub answers: Vec<AnswerIn>,
    /// `published` shows it to everybody; `draft` unless said otherwise.
    #[serde(default)]
    pub publication: Option<Publication>,
}

/// A question with its answer.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AnswerIn {
    /// The question, in at least one language, each of at most 500 characters.
    pub question: LanguageMap,
    /// The answer.
    pub answer: Verdict,
    /// Why it is the answer, each of at most 2,000 characters.
    pub explanation: LanguageMap,
    /// Where that can be seen, an http(s) URL.
    #[serde(default)]
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "https://www.larache.ma/reports/3-2026", max_length = 500)]
    pub evidence_url: Option<String>,
}

impl EvaluationIn {
    /// What is said by a voice, with what is wrong with it so far.
    #[must_use]
    pub fn read(self, voice: Voice, today: NaiveDate) -> (Violations, Subject, Facts) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let project_id = self.project_id.as_ref().and_then(Reference::named).cloned();
        let subject = Subject { kind: self.kind, project_id };
        let independence =
            self.independence.map(|text| text.checked(&mut violations, "/independence", INDEPENDENCE_CHARS));
        let answers = self.answers.into_iter().enumerate();
        let facts = Facts {
            is_independent: self.is_independent,
            independence,
            evaluated_on: self.evaluated_on.day(),
            completion: self.completion,
            opened_government: self.opened_government,
            answers: answers.map(|(at, answer)| answer.read(at, &mut violations)).collect(),
        };
        check_facts(&mut violations, (self.kind, self.project_id.is_some()), voice, &facts, today);
        if let Some(unknown) = self.project_id.filter(|_| subject.project_id.is_none()) {
            refuse_project(&mut violations, unknown.shown());
        }
        (violations, subject, facts)
    }
}

impl AnswerIn {
    fn read(self, at: usize, violations: &mut Violations) -> Answer {
        let Self { question, answer, explanation, evidence_url } = self;
        let at = format!("/answers/{at}");
        Answer {
            question: question.checked(violations, &format!("{at}/question"), QUESTION_CHARS),
            answer,
            explanation: explanation.checked(violations, &format!("{at}/explanation"), EXPLANATION_CHARS),
            evidence_url: evidence_url.as_deref().map(http_url::stored),
        }
    }
}

impl From<Answer> for AnswerIn {
    fn from(answer: Answer) -> Self {
        let Answer { question, answer, explanation, evidence_url } = answer;
        Self { question, answer, explanation, evidence_url }
    }
}

/// Changes of an evaluation (RFC 7396): what is absent stays, what is null is taken away. Kind, project and author stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvaluationPatch {
    /// Whether the organisation is independent of the member.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = bool, example = false, nullable = false)]
    pub is_independent: Patch<bool>,
    /// In what way it is, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>, example = json!(null))]
    pub independence: Patch<LanguageMapPatch>,
    /// The day of the evaluation.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Date, example = "2026-01-20", nullable = false)]
    pub evaluated_on: Patch<Date>,
    /// How far it was carried out.
    #[serde(default)]
    #[schema(value_type = Option<Completion>)]
    pub completion: Patch<Completion>,
    /// Whether it opened government.
    #[serde(default)]
    #[schema(value_type = Option<OpenedGovernment>)]
    pub opened_government: Patch<OpenedGovernment>,
    /// Questions and answers: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<50, _, _>")]
    #[schema(value_type = Option<Vec<AnswerIn>>, max_items = 50)]
    pub answers: Patch<Vec<AnswerIn>>,
    /// `published` shows it to everybody, `draft` takes it back.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Publication, nullable = false)]
    pub publication: Patch<Publication>,
}

impl EvaluationPatch {
    /// What would be said, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, evaluation: &Evaluation) -> EvaluationIn {
        let Evaluation { subject, facts, publication, .. } = evaluation.clone();
        let answers = facts.answers.into_iter().map(AnswerIn::from).collect();
        EvaluationIn {
            kind: subject.kind,
            project_id: subject.project_id.map(Reference::from),
            is_independent: self.is_independent.onto(Some(facts.is_independent)).unwrap_or_default(),
            independence: self.independence.onto_map(facts.independence),
            evaluated_on: self.evaluated_on.onto(None).unwrap_or(Date(facts.evaluated_on)),
            completion: self.completion.onto(facts.completion),
            opened_government: self.opened_government.onto(facts.opened_government),
            answers: self.answers.onto(Some(answers)).unwrap_or_default(),
            publication: self.publication.onto(Some(publication)),
        }
    }
}
