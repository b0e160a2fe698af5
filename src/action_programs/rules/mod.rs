//! What an action programme is, with its projects and milestones. Pure.

mod content;
mod project;
mod reference;
mod register;
mod stage;

use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    content::{check_axes, check_codes, check_commitments, check_facts, check_year},
    project::{
        Budget, Milestone, MilestoneDates, MilestoneFacts, MilestoneFilters, MilestoneSortKey, Partner, Project,
        ProjectFacts, ProjectFilters, ProjectPhase, ProjectStatus, ProjectTally, Schedule, Slippage, check_milestone,
        check_project, named_axis,
    },
    reference::{Seed, SeedProject, Texts, parse_named, parse_texts},
    register::{COLUMNS, Line, cells},
    stage::{Move, Other, Situation, check_kept, ended_on, obstacles},
};
use crate::{
    kernel::{
        self,
        codes::{Pattern, codes},
        date::PartialDate,
        fold::{fold, search_text},
        id::{Identifier, Slug},
        language::{Language, LanguageMap},
        paging::Order,
        violation::Violation,
    },
    members::Evidence,
    territories::Code,
};

/// The stage of an action programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProgramStage)]
pub enum Stage {
    /// Being prepared.
    Draft,
    /// Ideas are gathered and become projects.
    CoCreation,
    /// The public is consulted on the draft projects.
    Consultation,
    /// The follow-up committee has validated it.
    Validated,
    /// The council has adopted it.
    Adopted,
    /// It is carried out.
    Implementation,
    /// It is evaluated.
    Evaluation,
    /// It is over.
    Closed,
    /// It was given up.
    Cancelled,
}

codes!(Stage {
    Draft => "draft",
    CoCreation => "co_creation",
    Consultation => "consultation",
    Validated => "validated",
    Adopted => "adopted",
    Implementation => "implementation",
    Evaluation => "evaluation",
    Closed => "closed",
    Cancelled => "cancelled",
});

impl Stage {
    /// Whether a programme in this stage is no longer changed.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }

    /// Refuses to change what belongs to a programme that is over, one by one and by a list.
    ///
    /// # Errors
    /// Why not.
    pub fn check_open(self) -> Result<(), Violation> {
        if !self.is_over() {
            return Ok(());
        }
        let detail = format!("The programme is {}; nothing of it is changed any more.", self.as_str());
        Err(Violation::new("", "program_over", detail))
    }

    /// Whether the implementation of a programme in this stage has begun.
    #[must_use]
    pub const fn was_implemented(self) -> bool {
        matches!(self, Self::Implementation | Self::Evaluation | Self::Closed)
    }
}

/// Whether everybody sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Publication {
    /// Only who may write it.
    Draft,
    /// Everybody.
    Published,
}

codes!(Publication { Draft => "draft", Published => "published" });

impl Publication {
    /// Whether everybody sees it, as far as it depends on this.
    #[must_use]
    pub const fn is_published(self) -> bool {
        matches!(self, Self::Published)
    }
}

/// Which of them a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum PublicationFilter {
    /// What is published, and what is not.
    All,
    /// Only what is not.
    Draft,
}

codes!(PublicationFilter { All => "all", Draft => "draft" });

/// What kind of organisation takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StakeholderKind {
    /// An association.
    Association,
    /// A local government.
    LocalGovernment,
    /// Another public institution.
    PublicInstitution,
    /// A university or school.
    Academia,
    /// A business.
    Business,
    /// A medium.
    Media,
    /// None of these.
    Other,
}

codes!(StakeholderKind {
    Association => "association",
    LocalGovernment => "local_government",
    PublicInstitution => "public_institution",
    Academia => "academia",
    Business => "business",
    Media => "media",
    Other => "other",
});

/// What kind of document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// The programme itself.
    Programme,
    /// A decision of the council or the committee.
    Decision,
    /// Minutes of a meeting.
    Minutes,
    /// A report.
    Report,
    /// Anything else.
    Other,
}

codes!(DocumentKind {
    Programme => "programme",
    Decision => "decision",
    Minutes => "minutes",
    Report => "report",
    Other => "other",
});

/// Where the knowledge of a programme comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProgramProvenance)]
pub enum Provenance {
    /// The member itself, or another public institution.
    Official,
    /// The press.
    Press,
    /// Invented for demonstration.
    Illustrative,
}

codes!(Provenance { Official => "official", Press => "press", Illustrative => "illustrative" });

/// What was announced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Planned {
    /// When co-creation begins.
    pub co_creation_on: Option<PartialDate>,
    /// When the public is consulted on the draft projects.
    pub consultation_on: Option<PartialDate>,
    /// When the council adopts.
    pub adoption_on: Option<PartialDate>,
}

/// What has a last day in a programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// The beginning of the consultation, as it was announced.
    Consultation,
    /// The adoption, as it was announced.
    Adoption,
    /// The implementation.
    Implementation,
}

codes!(Deadline { Consultation => "consultation", Adoption => "adoption", Implementation => "implementation" });

/// When a programme reached a stage that it has not gone back behind since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// The stage.
    pub stage: Stage,
    /// Since when.
    pub on: PartialDate,
}

/// The committee of elected officials and civil society that follows a programme: figures and a function, no names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProgramCommittee)]
pub struct Committee {
    /// How many belong to it.
    #[schema(example = 15, minimum = 1)]
    pub size: u16,
    /// How many of them are women; null where it is unknown.
    #[schema(example = 7, minimum = 0)]
    pub women: Option<u16>,
    /// How many of them belong to civil society; null where it is unknown.
    #[schema(example = 8, minimum = 0)]
    pub civil_society: Option<u16>,
    /// The function of who chairs it.
    pub chair_function: Option<LanguageMap>,
}

/// A priority of a programme, in the member's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The id, which it keeps when it is renamed.
    pub id: Identifier,
    /// What it is called.
    pub title: LanguageMap,
    /// Codes of the principles of openness that it is mapped to, in their order.
    pub principles: Vec<String>,
}

/// An organisation that takes part in a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProgramStakeholder)]
pub struct Stakeholder {
    /// Its name.
    #[schema(example = "Association des parents d'élèves")]
    pub organisation: String,
    /// What kind of organisation it is.
    pub kind: StakeholderKind,
    /// What it does in the programme.
    pub role: Option<LanguageMap>,
    /// A public contact of the organisation.
    #[schema(example = "https://association.example")]
    pub contact: Option<String>,
}

/// A document of a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProgramDocument)]
pub struct Document {
    /// What it is called.
    pub title: LanguageMap,
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// The language that it is written in.
    pub language: Language,
    /// Where it can be read.
    #[schema(format = "uri", example = "https://www.larache.ma/programme-ouverture.pdf")]
    pub url: String,
    /// SHA-256 of the file, as 64 hexadecimal digits, so that a reader can tell whether it is still the same.
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", pattern = "^[0-9a-f]{64}$")]
    pub sha256: Option<String>,
    /// Its date.
    #[schema(example = "2026-02-05")]
    pub dated: Option<NaiveDate>,
}

/// The time in which a programme is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Implementation {
    /// The first day.
    pub from: NaiveDate,
    /// The last day, where it is said; two years otherwise.
    pub until: Option<NaiveDate>,
}

impl Implementation {
    /// The last day: what is said, or that of the second year.
    #[must_use]
    pub fn ends_on(self) -> NaiveDate {
        let two_years = || self.from.checked_add_months(Months::new(24))?.checked_sub_days(Days::new(1));
        self.until.or_else(two_years).unwrap_or(self.from)
    }
}

/// What is said of a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The title.
    pub title: LanguageMap,
    /// What it is about.
    pub summary: Option<LanguageMap>,
    /// What was announced.
    pub planned: Planned,
    /// When the follow-up committee validated it.
    pub committee_validated_on: Option<PartialDate>,
    /// When the council adopted it.
    pub council_session_on: Option<PartialDate>,
    /// The council's decision.
    pub decision_reference: Option<String>,
    /// Where it can be read.
    pub decision_url: Option<String>,
    /// When it is carried out.
    pub implementation: Option<Implementation>,
    /// Who follows it.
    pub committee: Option<Committee>,
    /// Its priorities, in their order.
    pub axes: Vec<Axis>,
    /// Codes of the charter's commitments that it serves, in alphabetical order.
    pub commitments: Vec<String>,
    /// Who takes part.
    pub stakeholders: Vec<Stakeholder>,
    /// Its documents.
    pub documents: Vec<Document>,
    /// Where the knowledge comes from.
    pub provenance: Provenance,
    /// The sources, in words.
    pub source: Option<String>,
}

impl Facts {
    /// The text that `q=` searches, folded.
    #[must_use]
    pub fn search_text(&self) -> String {
        let maps = [Some(&self.title), self.summary.as_ref()].into_iter().flatten();
        searchable(maps.chain(self.axes.iter().map(|axis| &axis.title)))
    }
}

/// The text that `q=` searches, of texts by language.
pub fn searchable<'a>(maps: impl Iterator<Item = &'a LanguageMap>) -> String {
    search_text(maps.flat_map(|map| [&map.fr, &map.ar, &map.en]).flatten().map(String::as_str), None)
}

/// A title that lists are sorted by in a language: the one that a reader of it is shown, folded.
#[must_use]
pub fn sort_title(title: &LanguageMap, language: Language) -> String {
    fold(title.read(language))
}

/// The member that something belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The member's id.
    pub id: Identifier,
    /// Its slug.
    pub slug: Slug,
    /// The region that it lies in.
    pub region_code: Code,
}

/// A stored programme.
#[derive(Debug, Clone)]
pub struct Program {
    /// The id.
    pub id: Identifier,
    /// Counts the changes, those of its axes and commitments too.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The short name: the member's with the cycle.
    pub slug: Slug,
    /// Whose it is.
    pub owner: Owner,
    /// The number of the cycle, from 1.
    pub cycle: i64,
    /// Who sees it.
    pub publication: Publication,
    /// The stage.
    pub stage: Stage,
    /// Since when.
    pub stage_since: Option<PartialDate>,
    /// When the stages on the way were reached.
    pub reached: Vec<Reached>,
    /// What is said of it.
    pub facts: Facts,
}

/// How a programme is addressed in a path: by its slug or its id.
pub type Address = kernel::id::Address<Slug>;

impl Program {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/action-programs/{}", self.slug)
    }

    /// The short name of a member's programme.
    ///
    /// # Errors
    /// A predicate for a sentence about the cycle, for a member whose own name leaves no room.
    pub fn slug_of(member: &Slug, cycle: i64) -> Result<Slug, &'static str> {
        format!("{member}-cycle-{cycle}").parse()
    }

    /// The last days that are known of it. That of the implementation is there once it has begun.
    #[must_use]
    pub fn deadlines(&self) -> Vec<(Deadline, NaiveDate)> {
        let Planned { consultation_on, adoption_on, .. } = self.facts.planned;
        let implementation = self.facts.implementation.filter(|_| self.stage.was_implemented());
        let evaluation = self.reached.iter().find(|reached| reached.stage == Stage::Evaluation);
        let ended_on = |implementation| ended_on(implementation, evaluation.map(|reached| reached.on));
        let known = [
            (Deadline::Consultation, consultation_on.map(PartialDate::last_day)),
            (Deadline::Adoption, adoption_on.map(PartialDate::last_day)),
            (Deadline::Implementation, implementation.map(ended_on)),
        ];
        known.into_iter().filter_map(|(what, day)| Some((what, day?))).collect()
    }

    /// Whether everybody sees it.
    #[must_use]
    pub const fn is_public(&self) -> bool {
        matches!(self.publication, Publication::Published)
    }
}

/// A move from stage to stage, as it stands in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The stage before.
    pub from: Stage,
    /// The stage afterwards.
    pub to: Stage,
    /// When.
    pub on: PartialDate,
    /// The role in which somebody made it; none for what was loaded.
    pub role: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What a list of programmes or projects can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// When it was first stored.
    CreatedAt,
    /// The folded French title, or the one that stands in for it.
    TitleFr,
    /// The folded Arabic title, or the one that stands in for it.
    TitleAr,
}

codes!(SortKey { CreatedAt => "created_at", TitleFr => "title_fr", TitleAr => "title_ar" });

/// What programmes can bring along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// Their projects.
    Projects,
    /// The milestones of their projects.
    Milestones,
}

codes!(Include { Projects => "projects", Milestones => "milestones" });

/// Who sees what is not published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Drafts {
    /// Nobody: only what is published is looked for.
    None,
    /// Who speaks for the member with this id.
    Of(String),
    /// Who sees those of all members.
    All,
}

/// The number of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cycle(pub i64);

impl std::str::FromStr for Cycle {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(cycle @ 1..=99) if digits && !text.starts_with('0') => Ok(Self(cycle)),
            _ => Err("is not the number of a cycle, from 1 to 99"),
        }
    }
}

impl Pattern for Cycle {
    fn pattern() -> String {
        "[1-9][0-9]?".to_owned()
    }
}

/// Which programmes a list has, and in what order. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// Slugs of members, any of which.
    pub members: Vec<Address>,
    /// Codes of regions, any of which.
    pub regions: Vec<String>,
    /// Stages, any of which.
    pub stages: Vec<Stage>,
    /// Numbers of cycles, any of which.
    pub cycles: Vec<i64>,
    /// Principles that an axis is mapped to, any of which.
    pub principles: Vec<String>,
    /// Commitments of the charter, any of which.
    pub commitments: Vec<String>,
    /// Where the knowledge comes from, any of which.
    pub provenances: Vec<Provenance>,
    /// Folded words, all of which; none of them finds nothing.
    pub words: Option<Vec<String>>,
    /// What is not published, too or only.
    pub publication: Option<PublicationFilter>,
    /// Whose drafts the caller sees.
    pub drafts: Drafts,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<SortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(Stage::ALL, Stage::as_str);
        assert_codes(Publication::ALL, Publication::as_str);
        assert_codes(StakeholderKind::ALL, StakeholderKind::as_str);
        assert_codes(DocumentKind::ALL, DocumentKind::as_str);
        assert_codes(Provenance::ALL, Provenance::as_str);
    }

    #[test]
    fn implementation_lasts_two_years_unless_said_otherwise() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let from = day("2024-01-01");
        assert_eq!(Implementation { from, until: None }.ends_on(), day("2025-12-31"));
        assert_eq!(Implementation { from: day("2024-02-29"), until: None }.ends_on(), day("2026-02-27"));
        assert_eq!(Implementation { from, until: Some(day("2026-06-30")) }.ends_on(), day("2026-06-30"));
    }
}
