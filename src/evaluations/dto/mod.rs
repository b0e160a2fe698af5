//! Evaluations as the API shows them.

mod input;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::input::{EvaluationIn, EvaluationPatch};
use super::rules::{
    Answer, Completion, Evaluation, Filters, Kind, OpenedGovernment, Said, SortKey, Subject, Voice, side_by_side,
};
use crate::{
    action_programs::{Publication, PublicationFilter},
    kernel::{
        clock::rfc3339,
        id::Identifier,
        language::LanguageMap,
        paging::{Direction, Order},
    },
    web::{
        listing::list_query,
        page::PageOut,
        params::{Instant, Lang, One, Several, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the list of a programme's evaluations.
    pub struct EvaluationQuery of EvaluationOut {
        /// Only evaluations of these kinds; several by comma.
        #[example = "mid_term,final"]
        pub kind: Several<Kind>,
        /// Only evaluations by these voices; several by comma.
        #[example = "civil_society,secretariat"]
        pub voice: Several<Voice>,
        /// Only evaluations of the projects with these identifiers; several by comma.
        pub project: Several<Identifier>,
        /// `all` for what is not published, too, `draft` for that only; of one's own voice, with a token that may write
        /// it.
        pub publication: One<PublicationFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), or `-created_at`.
        #[example = "created_at"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl EvaluationQuery {
    /// Which evaluations the query asks for, of the programme that the path names.
    #[must_use]
    pub fn filters(&self, program: String) -> Filters {
        Filters {
            program,
            kinds: Several::values(self.kind.clone()),
            voices: Several::values(self.voice.clone()),
            projects: Several::values(self.project.clone()),
            publication: self.publication.map(|publication| publication.0),
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(Order { key: SortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

query! {
    /// The parameters of a single evaluation.
    pub struct EvaluationViewQuery {
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// What somebody finds of a programme, or of one of its projects.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvaluationOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was first stored here.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Slug of the programme.
    #[schema(example = "commune-larache-cycle-1")]
    pub program: String,
    /// Slug of the member whose programme it is.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// Identifier of the project; null for an evaluation of the whole programme.
    #[schema(example = json!(null), format = "uuid")]
    pub project_id: Option<String>,
    /// What is evaluated, and when.
    pub kind: Kind,
    /// Who evaluates.
    pub voice: Voice,
    /// The organisation that evaluates, by the name that it had when it first did.
    #[schema(example = "Association des usagers")]
    pub organisation: String,
    /// Whether the organisation is independent of the member.
    pub is_independent: bool,
    /// In what way it is; null where it is not.
    pub independence: Option<LanguageMap>,
    /// The day of the evaluation.
    #[schema(example = "2026-01-20")]
    pub evaluated_on: NaiveDate,
    /// How far it was carried out; null where nothing is said of it yet.
    pub completion: Option<Completion>,
    /// Whether it opened government; null where nothing is said of it yet.
    pub opened_government: Option<OpenedGovernment>,
    /// Questions and answers, in their order.
    pub answers: Vec<Answer>,
    /// Who sees it; who reads it without a token sees what is `published` only.
    pub publication: Publication,
    /// Where to go from here.
    pub links: EvaluationLinksOut,
}

/// Links of an evaluation.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvaluationLinksOut {
    /// This evaluation.
    #[schema(
        example = "/api/v1/action-programs/commune-larache-cycle-1/evaluations/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"
    )]
    #[serde(rename = "self")]
    pub this: String,
    /// The programme.
    #[schema(example = "/api/v1/action-programs/commune-larache-cycle-1")]
    pub program: String,
    /// The project; null for an evaluation of the whole programme.
    #[schema(example = json!(null))]
    pub project: Option<String>,
    /// The member.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: String,
}

/// A page of a programme's evaluations.
#[derive(Debug, Serialize, ToSchema)]
pub struct EvaluationPageOut {
    /// The evaluations, in the order that was asked for.
    pub data: Vec<EvaluationOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// What the voices say of the same, one beside the other: of everything that is published of the programme, whatever
    /// the page has of it.
    pub side_by_side: Vec<SideBySideOut>,
}

/// What stands beside a page of evaluations.
#[derive(Debug, Serialize)]
pub struct EvaluationsBeside {
    /// [`EvaluationPageOut::side_by_side`].
    pub side_by_side: Vec<SideBySideOut>,
}

/// What the voices say of one programme or project.
#[derive(Debug, Serialize, ToSchema)]
pub struct SideBySideOut {
    /// What is evaluated, and when.
    pub kind: Kind,
    /// Identifier of the project; null for the whole programme.
    #[schema(example = json!(null), format = "uuid")]
    pub project_id: Option<String>,
    /// The member first, then civil society, then the secretariat.
    pub voices: Vec<VoiceOut>,
}

/// What one voice says.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoiceOut {
    /// Who evaluates.
    pub voice: Voice,
    /// The organisation that evaluates.
    #[schema(example = "Association des usagers")]
    pub organisation: String,
    /// Whether it is independent of the member.
    pub is_independent: bool,
    /// The day of the evaluation.
    #[schema(example = "2026-01-20")]
    pub evaluated_on: NaiveDate,
    /// How far it was carried out; null where nothing is said of it.
    pub completion: Option<Completion>,
    /// Whether it opened government; null where nothing is said of it.
    pub opened_government: Option<OpenedGovernment>,
    /// The whole evaluation.
    #[schema(
        example = "/api/v1/action-programs/commune-larache-cycle-1/evaluations/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"
    )]
    pub href: String,
}

impl SideBySideOut {
    /// What is said of the programme at an address.
    #[must_use]
    pub fn of(program: &str, said: Vec<Said>) -> Vec<Self> {
        let voice = |said: Said| VoiceOut {
            voice: said.author.voice,
            organisation: said.author.organisation,
            is_independent: said.is_independent,
            evaluated_on: said.evaluated_on,
            completion: said.completion,
            opened_government: said.opened_government,
            href: format!("{program}/evaluations/{}", said.id),
        };
        let group = |(Subject { kind, project_id }, voices): (Subject, Vec<Said>)| Self {
            kind,
            project_id: project_id.map(Identifier::into_string),
            voices: voices.into_iter().map(voice).collect(),
        };
        side_by_side(said).into_iter().map(group).collect()
    }
}

impl Tabular for EvaluationOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("program", "/program"),
        ("member", "/member"),
        ("project_id", "/project_id"),
        ("kind", "/kind"),
        ("voice", "/voice"),
        ("organisation", "/organisation"),
        ("is_independent", "/is_independent"),
        ("independence_fr", "/independence/fr"),
        ("independence_ar", "/independence/ar"),
        ("independence_en", "/independence/en"),
        ("evaluated_on", "/evaluated_on"),
        ("completion", "/completion"),
        ("opened_government", "/opened_government"),
        ("answers", "/answers"),
        ("publication", "/publication"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

impl From<Evaluation> for EvaluationOut {
    fn from(evaluation: Evaluation) -> Self {
        let links = EvaluationLinksOut {
            this: evaluation.address(),
            program: format!("/api/v1/action-programs/{}", evaluation.program),
            project: evaluation.subject.project_id.as_ref().map(|id| format!("/api/v1/projects/{id}")),
            member: format!("/api/v1/members/{}", evaluation.member),
        };
        let facts = evaluation.facts;
        Self {
            id: evaluation.id.into_string(),
            version: evaluation.version,
            created_at: evaluation.created_at,
            updated_at: evaluation.updated_at,
            program: evaluation.program.into_string(),
            member: evaluation.member.into_string(),
            project_id: evaluation.subject.project_id.map(Identifier::into_string),
            kind: evaluation.subject.kind,
            voice: evaluation.author.voice,
            organisation: evaluation.author.organisation,
            is_independent: facts.is_independent,
            independence: facts.independence,
            evaluated_on: facts.evaluated_on,
            completion: facts.completion,
            opened_government: facts.opened_government,
            answers: facts.answers,
            publication: evaluation.publication,
            links,
        }
    }
}
