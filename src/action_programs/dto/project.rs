//! Projects as the API shows them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::rules::{
        Address, Budget, Drafts, Partner, Project, ProjectFilters, ProjectStatus, Provenance, PublicationFilter,
        Schedule, SortKey,
    },
    MilestoneOut,
};
use crate::{
    kernel::{
        clock::rfc3339,
        codes::codes,
        fold::search_words,
        id::{Identifier, Slug},
        language::LanguageMap,
        paging::{Direction, Order},
    },
    members::MemberAddress,
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

/// What projects can bring along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectInclude {
    /// Their milestones.
    Milestones,
}

codes!(ProjectInclude { Milestones => "milestones" });

list_query! {
    /// The parameters of the list of projects.
    pub struct ProjectQuery of ProjectOut {
        /// Only projects of the programmes with these slugs or ids; several by comma.
        #[example = "commune-larache-cycle-1"]
        pub program: Several<Address>,
        /// Only projects of the members with these slugs or ids; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only projects of members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only projects whose axis is mapped to one of these principles of the charter; several by comma.
        #[example = "transparency"]
        pub principle: Several<Slug>,
        /// Only projects whose programme serves one of these commitments of the charter; several by comma.
        #[example = "action-programs"]
        pub commitment: Several<Slug>,
        /// Only projects that stand so today; several by comma.
        pub status: Several<ProjectStatus>,
        /// Only projects whose title, problem or solution has all these words or parts of words. Accents, letter case and
        /// the Arabic letters that are written for one another do not matter.
        #[example = "eau"]
        pub q: SearchText,
        /// `all` for those of programmes that are not published, too, `draft` for those only; with a token that may see
        /// them.
        pub publication: One<PublicationFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), `title_fr` or `title_ar`; descending with a `-` in front. Who has no title
        /// in the language stands at the one that is shown instead.
        #[example = "-created_at"]
        pub sort: Order<SortKey>,
        /// `milestones` brings the projects' milestones along, under `included`; in JSON.
        #[example = "milestones"]
        pub include: Several<ProjectInclude>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl ProjectQuery {
    /// Which projects the query asks for; `drafts` are those that the caller sees.
    #[must_use]
    pub fn filters(&self, drafts: Drafts, today: NaiveDate) -> ProjectFilters {
        ProjectFilters {
            programs: Several::values(self.program.clone()),
            members: Several::values(self.member.clone()),
            regions: Several::texts(&self.region),
            principles: Several::texts(&self.principle),
            commitments: Several::texts(&self.commitment),
            statuses: Several::values(self.status.clone()),
            today,
            words: self.q.as_ref().map(|q| search_words(&q.0)),
            publication: self.publication.map(|publication| publication.0),
            drafts,
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(Order { key: SortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

query! {
    /// The parameters of a single project.
    pub struct ProjectViewQuery {
        /// `milestones` brings the project's milestones along, under `included`.
        #[example = "milestones"]
        pub include: Several<ProjectInclude>,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// A project of an action programme.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1; milestones have their own.
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
    /// What its member calls it within the programme; with the programme it is the natural key.
    #[schema(example = "p1", pattern = "^[a-z0-9-]{1,100}$")]
    pub code: String,
    /// Slug of the member.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// Code of the region that the member lies in.
    #[schema(example = "01")]
    pub region_code: String,
    /// The axis of the programme that it belongs to; null where nothing says so.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub axis_id: Option<String>,
    /// The title.
    pub title: LanguageMap,
    /// The problem that it solves.
    pub problem: Option<LanguageMap>,
    /// How it solves it.
    pub solution: Option<LanguageMap>,
    /// What it shall bring.
    pub expected_results: Vec<LanguageMap>,
    /// Who carries it out, in the member's administration.
    pub responsible_unit: Option<LanguageMap>,
    /// With whom.
    pub partners: Vec<Partner>,
    /// What it costs; null where nothing says so.
    pub budget: Option<Budget>,
    /// Its first day.
    #[schema(example = "2024-01-01")]
    pub starts_on: Option<NaiveDate>,
    /// Its last day.
    #[schema(example = "2025-12-31")]
    pub ends_on: Option<NaiveDate>,
    /// What OGP Local calls it.
    #[schema(example = "MAAGD0001")]
    pub ogp_local_id: Option<String>,
    /// Where the knowledge of its programme comes from; `illustrative` is invented for demonstration.
    pub provenance: Provenance,
    /// What depends on today; null in the feed and in exports, which hold stored facts only.
    pub computed: Option<ProjectComputedOut>,
    /// Where to go from here.
    pub links: ProjectLinksOut,
}

/// What of a project depends on today.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectComputedOut {
    /// The day that it was computed for.
    #[schema(example = "2026-11-24")]
    pub computed_on: NaiveDate,
    /// How the project stands.
    pub status: ProjectStatus,
    /// How many milestones it has.
    #[schema(example = 4, minimum = 0)]
    pub milestones_total: i64,
    /// How many of them are done.
    #[schema(example = 3, minimum = 0)]
    pub milestones_done: i64,
    /// The last day on which it was not late; null where it is not late.
    #[schema(example = json!(null))]
    pub late_since: Option<NaiveDate>,
    /// By how many days it is late; 0 where it is not.
    #[schema(example = 0, minimum = 0)]
    pub days_late: i64,
}

/// Links of a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectLinksOut {
    /// This project.
    #[schema(example = "/api/v1/projects/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
    /// Its milestones.
    #[schema(example = "/api/v1/projects/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f/milestones")]
    pub milestones: String,
    /// What was found of it, by voice.
    #[schema(
        example = "/api/v1/action-programs/commune-larache-cycle-1/evaluations?project=01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"
    )]
    pub evaluations: String,
    /// Its programme.
    #[schema(example = "/api/v1/action-programs/commune-larache-cycle-1")]
    pub program: String,
    /// The member.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: String,
}

/// What projects bring along.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectIncludedOut {
    /// Their milestones, in their order.
    pub milestones: Vec<MilestoneOut>,
}

/// A page of projects.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectPageOut {
    /// The projects, in the order that was asked for.
    pub data: Vec<ProjectOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// What `include` asked for; null without it.
    pub included: Option<ProjectIncludedOut>,
}

/// [`ProjectIncludedOut`] as documents.
#[derive(Debug, Serialize)]
pub struct ProjectIncluded {
    /// [`ProjectIncludedOut::milestones`].
    pub milestones: Vec<Listed>,
}

/// What stands beside a project, or a page of them.
#[derive(Debug, Serialize)]
pub struct ProjectBeside {
    /// [`ProjectDetailOut::included`].
    pub included: Option<ProjectIncluded>,
}

/// A project with what it brings along.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectDetailOut {
    /// The project.
    #[serde(flatten)]
    pub project: ProjectOut,
    /// What `include` asked for; null without it.
    pub included: Option<ProjectIncludedOut>,
}

impl Tabular for ProjectOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("program", "/program"),
        ("code", "/code"),
        ("member", "/member"),
        ("region_code", "/region_code"),
        ("axis_id", "/axis_id"),
        ("title_fr", "/title/fr"),
        ("title_ar", "/title/ar"),
        ("title_en", "/title/en"),
        ("problem_fr", "/problem/fr"),
        ("problem_ar", "/problem/ar"),
        ("problem_en", "/problem/en"),
        ("solution_fr", "/solution/fr"),
        ("solution_ar", "/solution/ar"),
        ("solution_en", "/solution/en"),
        ("expected_results", "/expected_results"),
        ("responsible_unit_fr", "/responsible_unit/fr"),
        ("responsible_unit_ar", "/responsible_unit/ar"),
        ("responsible_unit_en", "/responsible_unit/en"),
        ("partners", "/partners"),
        ("budget_centimes", "/budget/centimes"),
        ("budget_currency", "/budget/currency"),
        ("budget_source", "/budget/source"),
        ("starts_on", "/starts_on"),
        ("ends_on", "/ends_on"),
        ("ogp_local_id", "/ogp_local_id"),
        ("provenance", "/provenance"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

impl ProjectComputedOut {
    /// How a project stands on a day.
    #[must_use]
    pub fn of(schedule: Schedule, today: NaiveDate) -> Self {
        let slippage = schedule.slippage(today);
        Self {
            computed_on: today,
            status: schedule.status(today),
            milestones_total: schedule.tally.total,
            milestones_done: schedule.tally.done,
            late_since: slippage.map(|slippage| slippage.due_on),
            days_late: slippage.map_or(0, |slippage| slippage.days),
        }
    }
}

impl ProjectOut {
    /// A project as it stands on a day; without one, what is stored of it.
    #[must_use]
    pub fn of(project: Project, today: Option<NaiveDate>) -> Self {
        let computed = today.map(|today| ProjectComputedOut::of(project.schedule(), today));
        let this = project.address();
        let links = ProjectLinksOut {
            milestones: format!("{this}/milestones"),
            evaluations: format!("/api/v1/action-programs/{}/evaluations?project={}", project.program, project.id),
            program: format!("/api/v1/action-programs/{}", project.program),
            member: format!("/api/v1/members/{}", project.owner.slug),
            this,
        };
        let facts = project.facts;
        Self {
            id: project.id.into_string(),
            version: project.version,
            created_at: project.created_at,
            updated_at: project.updated_at,
            program: project.program.into_string(),
            code: project.code.into_string(),
            member: project.owner.slug.into_string(),
            region_code: project.owner.region_code.into_string(),
            axis_id: facts.axis_id.map(Identifier::into_string),
            title: facts.title,
            problem: facts.problem,
            solution: facts.solution,
            expected_results: facts.expected_results,
            responsible_unit: facts.responsible_unit,
            partners: facts.partners,
            budget: facts.budget,
            starts_on: facts.starts_on,
            ends_on: facts.ends_on,
            ogp_local_id: facts.ogp_local_id,
            provenance: project.provenance,
            computed,
            links,
        }
    }
}
