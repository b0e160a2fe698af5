//! Milestones as callers write and see them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    super::rules::{Milestone, MilestoneFacts, MilestoneFilters, MilestoneSortKey, Slippage, check_milestone},
    project_input::TITLE_CHARS,
};
use crate::{
    kernel::{
        clock::rfc3339,
        date::Date,
        id::Identifier,
        language::{LanguageMap, LanguageMapPatch},
        paging::{Direction, Order},
        patch::{Patch, replaced},
        violation::Violations,
    },
    members::EvidenceIn,
    web::{
        listing::list_query,
        page::PageOut,
        params::{Instant, Lang, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the list of a project's milestones.
    pub struct MilestoneQuery of MilestoneOut {
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `position` (default), or `-position`.
        #[example = "position"]
        pub sort: Order<MilestoneSortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl MilestoneQuery {
    /// Which milestones of a project the query asks for.
    #[must_use]
    pub fn filters(&self, project_id: Identifier) -> MilestoneFilters {
        let order = self.sort.unwrap_or(Order { key: MilestoneSortKey::Position, direction: Direction::Ascending });
        let updated_since = self.updated_since.map(|moment| moment.0);
        MilestoneFilters { project_id, updated_since, order }
    }
}

query! {
    /// The parameters of a single milestone.
    pub struct MilestoneViewQuery {
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// A step of a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct MilestoneOut {
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
    /// Identifier of the project.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub project_id: String,
    /// Its place among the milestones of the project.
    #[schema(example = 1, minimum = 1)]
    pub position: i64,
    /// The title.
    pub title: LanguageMap,
    /// The day by which it shall be done.
    #[schema(example = "2026-06-30")]
    pub due_on: NaiveDate,
    /// The day on which it was done; null as long as it is open.
    #[schema(example = "2026-06-15")]
    pub done_on: Option<NaiveDate>,
    /// Reference of what shows that it was done.
    #[schema(example = "Report 3/2026")]
    pub evidence_reference: Option<String>,
    /// Where that can be seen.
    #[schema(format = "uri", example = "https://www.larache.ma/reports/3-2026")]
    pub evidence_url: Option<String>,
    /// What depends on today; null in the feed and in exports, which hold stored facts only.
    pub computed: Option<MilestoneComputedOut>,
    /// Where to go from here.
    pub links: MilestoneLinksOut,
}

/// What of a milestone depends on today.
#[derive(Debug, Serialize, ToSchema)]
pub struct MilestoneComputedOut {
    /// The day that it was computed for.
    #[schema(example = "2026-11-24")]
    pub computed_on: NaiveDate,
    /// Whether it is late, or was when it was done.
    #[schema(example = false)]
    pub is_late: bool,
    /// By how many days; 0 where it is not late.
    #[schema(example = 0, minimum = 0)]
    pub days_late: i64,
}

/// Links of a milestone.
#[derive(Debug, Serialize, ToSchema)]
pub struct MilestoneLinksOut {
    /// This milestone.
    #[schema(
        example = "/api/v1/projects/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f/milestones/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"
    )]
    #[serde(rename = "self")]
    pub this: String,
    /// Its project.
    #[schema(example = "/api/v1/projects/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    pub project: String,
}

/// A page of a project's milestones.
#[derive(Debug, Serialize, ToSchema)]
pub struct MilestonePageOut {
    /// The milestones, in the order that was asked for.
    pub data: Vec<MilestoneOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl Tabular for MilestoneOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("project_id", "/project_id"),
        ("position", "/position"),
        ("title_fr", "/title/fr"),
        ("title_ar", "/title/ar"),
        ("title_en", "/title/en"),
        ("due_on", "/due_on"),
        ("done_on", "/done_on"),
        ("evidence_reference", "/evidence_reference"),
        ("evidence_url", "/evidence_url"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

impl MilestoneComputedOut {
    /// How late a milestone is on a day.
    #[must_use]
    pub fn of(slippage: Option<Slippage>, today: NaiveDate) -> Self {
        let days_late = slippage.map_or(0, |slippage| slippage.days);
        Self { computed_on: today, is_late: days_late > 0, days_late }
    }
}

impl MilestoneOut {
    /// A milestone as it stands on a day; without one, what is stored of it.
    #[must_use]
    pub fn of(milestone: Milestone, today: Option<NaiveDate>) -> Self {
        let computed = today.map(|today| MilestoneComputedOut::of(milestone.slippage(today), today));
        let links = MilestoneLinksOut {
            this: milestone.address(),
            project: format!("/api/v1/projects/{}", milestone.project_id),
        };
        let facts = milestone.facts;
        Self {
            id: milestone.id.into_string(),
            version: milestone.version,
            created_at: milestone.created_at,
            updated_at: milestone.updated_at,
            project_id: milestone.project_id.into_string(),
            position: facts.position,
            title: facts.title,
            due_on: facts.due_on,
            done_on: facts.done_on,
            evidence_reference: facts.evidence.reference,
            evidence_url: facts.evidence.url,
            computed,
            links,
        }
    }
}

/// A milestone to be added to a project.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct MilestoneIn {
    /// Its place among the milestones of the project; behind the last one unless said otherwise.
    #[serde(default, deserialize_with = "crate::kernel::number::optional")]
    #[validate(range(min = 1, max = 999, message = "is not a number from 1 to 999"))]
    #[schema(example = 1, minimum = 1, maximum = 999)]
    pub position: Option<i64>,
    /// The title, in at least one language, each of at most 200 characters.
    pub title: LanguageMap,
    /// The day by which it shall be done.
    #[schema(example = "2026-06-30")]
    pub due_on: Date,
    /// The day on which it was done.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub done_on: Option<Date>,
    /// What shows that it was done.
    #[serde(default)]
    #[validate(nested)]
    pub evidence: Option<EvidenceIn>,
}

impl MilestoneIn {
    /// What is said of the milestone, if nothing is wrong with it; `next` is the place behind the last one.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(self, next: i64, today: NaiveDate) -> Result<MilestoneFacts, Violations> {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let facts = MilestoneFacts {
            position: self.position.unwrap_or(next),
            title: self.title.checked(&mut violations, "/title", TITLE_CHARS),
            due_on: self.due_on.day(),
            done_on: self.done_on.map(Date::day),
            evidence: self.evidence.map(Into::into).unwrap_or_default(),
        };
        check_milestone(&mut violations, &facts, today);
        violations.done()?;
        Ok(facts)
    }
}

/// Changes of a milestone (RFC 7396): what is absent stays, what is null is taken away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MilestonePatch {
    /// Its place among the milestones of the project.
    #[serde(default, deserialize_with = "crate::kernel::number::replaced")]
    #[schema(value_type = i64, example = 1, minimum = 1, maximum = 999, nullable = false)]
    pub position: Patch<i64>,
    /// The title by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub title: Patch<LanguageMapPatch>,
    /// The day by which it shall be done.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Date, example = "2026-06-30", nullable = false)]
    pub due_on: Patch<Date>,
    /// The day on which it was done.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2026-06-15")]
    pub done_on: Patch<Date>,
    /// What shows that it was done.
    #[serde(default)]
    #[schema(value_type = Option<EvidencePatch>)]
    pub evidence: Patch<EvidencePatch>,
}

/// Changes of what something rests on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidencePatch {
    /// The reference of a decision or document.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Report 3/2026", max_length = 200)]
    pub reference: Patch<String>,
    /// Where it can be read, an http(s) URL.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri", example = "https://www.larache.ma/reports/3-2026", max_length = 500)]
    pub url: Patch<String>,
}

impl MilestonePatch {
    /// What would be said of the milestone, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, milestone: &Milestone) -> MilestoneIn {
        let MilestoneFacts { position, title, due_on, done_on, evidence } = milestone.facts.clone();
        MilestoneIn {
            position: self.position.onto(Some(position)),
            title: self.title.onto_map(Some(title)).unwrap_or_default(),
            due_on: self.due_on.onto(None).unwrap_or(Date(due_on)),
            done_on: self.done_on.onto(done_on.map(Date)),
            evidence: match self.evidence {
                Patch::Absent => Some(EvidenceIn { reference: evidence.reference, url: evidence.url }),
                Patch::Null => None,
                Patch::Value(patch) => Some(EvidenceIn {
                    reference: patch.reference.onto(evidence.reference),
                    url: patch.url.onto(evidence.url),
                }),
            },
        }
    }
}
