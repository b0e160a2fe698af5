//! Programmes, projects and milestones as the API shows them.

mod input;
mod milestone;
mod patch;
mod project;
mod project_input;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use self::{
    input::{DocumentIn, ProgramIn, ProgramTransitionIn, stated},
    milestone::{
        MilestoneComputedOut, MilestoneIn, MilestoneOut, MilestonePageOut, MilestonePatch, MilestoneQuery,
        MilestoneViewQuery,
    },
    patch::ProgramPatch,
    project::{
        ProjectBeside, ProjectComputedOut, ProjectDetailOut, ProjectIncluded, ProjectOut, ProjectPageOut, ProjectQuery,
        ProjectViewQuery,
    },
    project_input::{ProjectIn, ProjectPatch},
};
use super::rules::{
    Axis, Committee, Cycle, Document, Drafts, Filters, Include, Moved, Planned, Program, Provenance, Publication,
    PublicationFilter, Reached, SortKey, Stage, Stakeholder,
};
use crate::{
    kernel::{
        clock::rfc3339,
        date::{PartialDate, Precision},
        fold::search_words,
        id::Slug,
        language::LanguageMap,
        paging::{Direction, Order},
    },
    members::{MemberAddress, TransitionReasonOut},
    publishing::Listed,
    territories::Code,
    web::{
        listing::list_query,
        page::PageOut,
        params::{Instant, Lang, One, SearchText, Several, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the list of programmes.
    pub struct ProgramQuery of ProgramOut {
        /// Only programmes of the members with these slugs or ids; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only programmes of members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only programmes in these stages; several by comma.
        #[example = "implementation,evaluation"]
        pub stage: Several<Stage>,
        /// Only programmes of the cycles with these numbers; several by comma.
        #[example = "1"]
        pub cycle: Several<Cycle>,
        /// Only programmes with an axis that is mapped to one of these principles of the charter; several by comma.
        #[example = "transparency"]
        pub principle: Several<Slug>,
        /// Only programmes that serve one of these commitments of the charter; several by comma.
        #[example = "action-programs"]
        pub commitment: Several<Slug>,
        /// Only programmes known from these: `official`, `press`, `illustrative`; several by comma.
        #[example = "official,press"]
        pub provenance: Several<Provenance>,
        /// Only programmes whose title, summary or axes have all these words or parts of words. Accents, letter case and
        /// the Arabic letters that are written for one another do not matter.
        #[example = "eau"]
        pub q: SearchText,
        /// `all` for what is not published, too, `draft` for that only; with a token that may see it.
        pub publication: One<PublicationFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), `title_fr` or `title_ar`; descending with a `-` in front. Who has no title
        /// in the language stands at the one that is shown instead.
        #[example = "-created_at"]
        pub sort: Order<SortKey>,
        /// `projects` and `milestones` bring the programmes' projects and their milestones along, under `included`; in
        /// JSON.
        #[example = "projects"]
        pub include: Several<Include>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl ProgramQuery {
    /// Which programmes the query asks for; `drafts` are those that the caller sees.
    #[must_use]
    pub fn filters(&self, drafts: Drafts) -> Filters {
        Filters {
            members: Several::values(self.member.clone()),
            regions: Several::texts(&self.region),
            stages: Several::values(self.stage.clone()),
            cycles: Several::values(self.cycle.clone()).into_iter().map(|cycle| cycle.0).collect(),
            principles: Several::texts(&self.principle),
            commitments: Several::texts(&self.commitment),
            provenances: Several::values(self.provenance.clone()),
            words: self.q.as_ref().map(|q| search_words(&q.0)),
            publication: self.publication.map(|publication| publication.0),
            drafts,
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(Order { key: SortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

query! {
    /// The parameters of a single programme.
    pub struct ProgramViewQuery {
        /// `projects` and `milestones` bring the programme's projects and their milestones along, under `included`.
        #[example = "projects,milestones"]
        pub include: Several<Include>,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// An open action programme: what a member will do, did or does for openness in a cycle of two years.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1; projects have their own.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was first stored here.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Short name for addresses: the member's with the cycle.
    #[schema(example = "commune-larache-cycle-1", pattern = "^[a-z0-9-]{1,100}$")]
    pub slug: String,
    /// Slug of the member.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// Code of the region that the member lies in.
    #[schema(example = "01")]
    pub region_code: String,
    /// The number of the cycle, from 1.
    #[schema(example = 1, minimum = 1)]
    pub cycle: i64,
    /// The title.
    pub title: LanguageMap,
    /// What it is about; null where nothing says so.
    pub summary: Option<LanguageMap>,
    /// Who sees it; who reads it without a token sees what is `published` only.
    pub publication: Publication,
    /// The stage.
    pub stage: Stage,
    /// Since when, or the first day of the month or year; null where it has not moved yet.
    #[schema(example = "2024-01-01")]
    pub stage_since: Option<NaiveDate>,
    /// How much of that date is known.
    pub stage_since_precision: Option<Precision>,
    /// When it reached the stages that it has not gone back behind since, in their order.
    pub reached: Vec<ProgramReachedOut>,
    /// What was announced.
    pub planned: ProgramPlannedOut,
    /// When the follow-up committee validated it, or the first day of the month or year.
    #[schema(example = "2023-07-10")]
    pub committee_validated_on: Option<NaiveDate>,
    /// How much of that date is known.
    pub committee_validated_on_precision: Option<Precision>,
    /// The day of the council's session that adopted it, or the first day of the month or year.
    #[schema(example = "2023-10-02")]
    pub council_session_on: Option<NaiveDate>,
    /// How much of that date is known.
    pub council_session_on_precision: Option<Precision>,
    /// Reference of the council's decision.
    #[schema(example = "Deliberation 41/2023")]
    pub decision_reference: Option<String>,
    /// Where the decision can be read.
    #[schema(format = "uri", example = "https://www.larache.ma/deliberations/41-2023")]
    pub decision_url: Option<String>,
    /// The first day of its implementation.
    #[schema(example = "2024-01-01")]
    pub implementation_from: Option<NaiveDate>,
    /// The last day: what the member says, or that of the second year.
    #[schema(example = "2025-12-31")]
    pub implementation_until: Option<NaiveDate>,
    /// The committee that follows it; null where nothing is known of it.
    pub committee: Option<Committee>,
    /// Its priorities, in their order.
    pub axes: Vec<ProgramAxisOut>,
    /// Codes of the charter's commitments that it serves.
    #[schema(example = json!(["action-programs"]))]
    pub commitments: Vec<String>,
    /// Organisations that take part.
    pub stakeholders: Vec<Stakeholder>,
    /// Its documents.
    pub documents: Vec<Document>,
    /// Where the knowledge comes from; `illustrative` is invented for demonstration.
    pub provenance: Provenance,
    /// The sources, in words.
    #[schema(example = "Site of the commune")]
    pub source: Option<String>,
    /// Where to go from here.
    pub links: ProgramLinksOut,
}

/// When a programme reached a stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramReachedOut {
    /// The stage.
    pub stage: Stage,
    /// When, or the first day of the month or year.
    #[schema(example = "2023-03-01")]
    pub on: NaiveDate,
    /// How much of that date is known.
    pub on_precision: Precision,
}

/// What was announced of a programme.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramPlannedOut {
    /// When co-creation begins, or the first day of the month or year.
    #[schema(example = "2023-03-01")]
    pub co_creation_on: Option<NaiveDate>,
    /// How much of that date is known.
    pub co_creation_on_precision: Option<Precision>,
    /// When the public is consulted on the draft projects, or the first day of the month or year.
    #[schema(example = "2023-05-01")]
    pub consultation_on: Option<NaiveDate>,
    /// How much of that date is known.
    pub consultation_on_precision: Option<Precision>,
    /// When the council adopts it, or the first day of the month or year.
    #[schema(example = "2023-10-01")]
    pub adoption_on: Option<NaiveDate>,
    /// How much of that date is known.
    pub adoption_on_precision: Option<Precision>,
}

/// A priority of a programme.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramAxisOut {
    /// Identifier, by which projects and contributions name it.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// What it is called, in the member's own words.
    pub title: LanguageMap,
    /// Codes of the principles of openness that it is mapped to.
    #[schema(example = json!(["transparency"]))]
    pub principles: Vec<String>,
}

/// Links of a programme.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramLinksOut {
    /// This programme.
    #[schema(example = "/api/v1/action-programs/commune-larache-cycle-1")]
    #[serde(rename = "self")]
    pub this: String,
    /// The member.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: String,
    /// Its projects.
    #[schema(example = "/api/v1/projects?program=commune-larache-cycle-1")]
    pub projects: String,
    /// The rounds in which the public was consulted on it.
    #[schema(example = "/api/v1/consultations?program=commune-larache-cycle-1")]
    pub consultations: String,
    /// What was found of it, by voice.
    #[schema(example = "/api/v1/action-programs/commune-larache-cycle-1/evaluations")]
    pub evaluations: String,
    /// How it came to its stage.
    #[schema(example = "/api/v1/action-programs/commune-larache-cycle-1/history")]
    pub history: String,
    /// Where it can go from there.
    #[schema(example = "/api/v1/action-programs/commune-larache-cycle-1/transitions")]
    pub transitions: String,
}

/// What programmes bring along. What was not asked for is null.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramIncludedOut {
    /// Their projects, in the order in which they were stored.
    pub projects: Option<Vec<ProjectOut>>,
    /// The milestones of their projects, in their order.
    pub milestones: Option<Vec<MilestoneOut>>,
}

/// A page of programmes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramPageOut {
    /// The programmes, in the order that was asked for.
    pub data: Vec<ProgramOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// What `include` asked for; null without it.
    pub included: Option<ProgramIncludedOut>,
}

/// [`ProgramIncludedOut`] as documents.
#[derive(Debug, Serialize)]
pub struct ProgramIncluded {
    /// [`ProgramIncludedOut::projects`].
    pub projects: Option<Vec<Listed>>,
    /// [`ProgramIncludedOut::milestones`].
    pub milestones: Option<Vec<Listed>>,
}

/// What stands beside a programme, or a page of them.
#[derive(Debug, Serialize)]
pub struct ProgramBeside {
    /// [`ProgramDetailOut::included`].
    pub included: Option<ProgramIncluded>,
}

/// A programme with what it brings along.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramDetailOut {
    /// The programme.
    #[serde(flatten)]
    pub program: ProgramOut,
    /// What `include` asked for; null without it.
    pub included: Option<ProgramIncludedOut>,
}

/// The moves that a programme could make.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramTransitionsOut {
    /// Its stage now.
    pub stage: Stage,
    /// Every stage, with whether the caller can move it there today.
    pub data: Vec<ProgramTransitionOut>,
}

/// A move that a programme could make.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramTransitionOut {
    /// The stage.
    pub to: Stage,
    /// Whether nothing stands in the way.
    pub allowed: bool,
    /// What stands in the way.
    pub reasons: Vec<TransitionReasonOut>,
}

/// How a programme came to its stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramHistoryPageOut {
    /// The moves, the oldest first.
    pub data: Vec<ProgramMoveOut>,
    /// Where this page stands: it is the only one.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

/// A move from stage to stage.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProgramMoveOut {
    /// The stage before.
    pub from: Stage,
    /// The stage afterwards.
    pub to: Stage,
    /// When, or the first day of the month or year.
    #[schema(example = "2023-03-01")]
    pub on: NaiveDate,
    /// How much of that date is known.
    pub on_precision: Precision,
    /// The role in which somebody made it; null for what was loaded.
    #[schema(example = "focal_point")]
    pub role: Option<String>,
    /// Why, where that is recorded.
    #[schema(example = "The committee asks for another round")]
    pub reason: Option<String>,
    /// Reference of the decision or document that it rests on.
    #[schema(example = "Deliberation 41/2023")]
    pub evidence_reference: Option<String>,
    /// Where that can be read.
    #[schema(format = "uri", example = "https://www.larache.ma/deliberations/41-2023")]
    pub evidence_url: Option<String>,
}

impl Tabular for ProgramOut {
    const COLUMNS: &'static [Column] = &[
        ("slug", "/slug"),
        ("member", "/member"),
        ("region_code", "/region_code"),
        ("cycle", "/cycle"),
        ("title_fr", "/title/fr"),
        ("title_ar", "/title/ar"),
        ("title_en", "/title/en"),
        ("summary_fr", "/summary/fr"),
        ("summary_ar", "/summary/ar"),
        ("summary_en", "/summary/en"),
        ("publication", "/publication"),
        ("stage", "/stage"),
        ("stage_since", "/stage_since"),
        ("stage_since_precision", "/stage_since_precision"),
        ("reached", "/reached"),
        ("planned_co_creation_on", "/planned/co_creation_on"),
        ("planned_co_creation_on_precision", "/planned/co_creation_on_precision"),
        ("planned_consultation_on", "/planned/consultation_on"),
        ("planned_consultation_on_precision", "/planned/consultation_on_precision"),
        ("planned_adoption_on", "/planned/adoption_on"),
        ("planned_adoption_on_precision", "/planned/adoption_on_precision"),
        ("committee_validated_on", "/committee_validated_on"),
        ("committee_validated_on_precision", "/committee_validated_on_precision"),
        ("council_session_on", "/council_session_on"),
        ("council_session_on_precision", "/council_session_on_precision"),
        ("decision_reference", "/decision_reference"),
        ("decision_url", "/decision_url"),
        ("implementation_from", "/implementation_from"),
        ("implementation_until", "/implementation_until"),
        ("committee_size", "/committee/size"),
        ("committee_women", "/committee/women"),
        ("committee_civil_society", "/committee/civil_society"),
        ("committee_chair_function_fr", "/committee/chair_function/fr"),
        ("committee_chair_function_ar", "/committee/chair_function/ar"),
        ("committee_chair_function_en", "/committee/chair_function/en"),
        ("axes", "/axes"),
        ("commitments", "/commitments"),
        ("stakeholders", "/stakeholders"),
        ("documents", "/documents"),
        ("provenance", "/provenance"),
        ("source", "/source"),
        ("id", "/id"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

/// The two properties of a date that may be unknown.
fn dated(date: Option<PartialDate>) -> (Option<NaiveDate>, Option<Precision>) {
    (date.map(PartialDate::first_day), date.map(PartialDate::precision))
}

impl From<Program> for ProgramOut {
    fn from(program: Program) -> Self {
        let this = program.address();
        let (member, slug) = (program.owner.slug, program.slug);
        let links = ProgramLinksOut {
            member: format!("/api/v1/members/{member}"),
            projects: format!("/api/v1/projects?program={slug}"),
            consultations: format!("/api/v1/consultations?program={slug}"),
            evaluations: format!("{this}/evaluations"),
            history: format!("{this}/history"),
            transitions: format!("{this}/transitions"),
            this,
        };
        let facts = program.facts;
        let (stage_since, stage_since_precision) = dated(program.stage_since);
        let (committee_validated_on, committee_validated_on_precision) = dated(facts.committee_validated_on);
        let (council_session_on, council_session_on_precision) = dated(facts.council_session_on);
        Self {
            id: program.id.into_string(),
            version: program.version,
            created_at: program.created_at,
            updated_at: program.updated_at,
            slug: slug.into_string(),
            member: member.into_string(),
            region_code: program.owner.region_code.into_string(),
            cycle: program.cycle,
            title: facts.title,
            summary: facts.summary,
            publication: program.publication,
            stage: program.stage,
            stage_since,
            stage_since_precision,
            reached: program.reached.into_iter().map(ProgramReachedOut::from).collect(),
            planned: facts.planned.into(),
            committee_validated_on,
            committee_validated_on_precision,
            council_session_on,
            council_session_on_precision,
            decision_reference: facts.decision_reference,
            decision_url: facts.decision_url,
            implementation_from: facts.implementation.map(|time| time.from),
            implementation_until: facts.implementation.map(super::rules::Implementation::ends_on),
            committee: facts.committee,
            axes: facts.axes.into_iter().map(ProgramAxisOut::from).collect(),
            commitments: facts.commitments,
            stakeholders: facts.stakeholders,
            documents: facts.documents,
            provenance: facts.provenance,
            source: facts.source,
            links,
        }
    }
}

impl From<Reached> for ProgramReachedOut {
    fn from(reached: Reached) -> Self {
        Self { stage: reached.stage, on: reached.on.first_day(), on_precision: reached.on.precision() }
    }
}

impl From<Planned> for ProgramPlannedOut {
    fn from(planned: Planned) -> Self {
        let (co_creation_on, co_creation_on_precision) = dated(planned.co_creation_on);
        let (consultation_on, consultation_on_precision) = dated(planned.consultation_on);
        let (adoption_on, adoption_on_precision) = dated(planned.adoption_on);
        Self {
            co_creation_on,
            co_creation_on_precision,
            consultation_on,
            consultation_on_precision,
            adoption_on,
            adoption_on_precision,
        }
    }
}

impl From<Axis> for ProgramAxisOut {
    fn from(axis: Axis) -> Self {
        let Axis { id, title, principles } = axis;
        Self { id: id.into_string(), title, principles }
    }
}

impl From<Moved> for ProgramMoveOut {
    fn from(moved: Moved) -> Self {
        Self {
            from: moved.from,
            to: moved.to,
            on: moved.on.first_day(),
            on_precision: moved.on.precision(),
            role: moved.role,
            reason: moved.reason,
            evidence_reference: moved.evidence.reference,
            evidence_url: moved.evidence.url,
        }
    }
}
