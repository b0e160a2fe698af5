//! What a project and a milestone are, and how they stand on a day. Pure.
//!
//! Nothing of lateness is stored: a project has counts and days of its milestones, and today decides.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Drafts, Owner, Provenance, PublicationFilter, SortKey, Stage, content::check_year, searchable};
use crate::{
    kernel::{
        codes::codes,
        id::{Identifier, Reference, Slug},
        language::LanguageMap,
        paging::Order,
        violation::Violations,
    },
    members::Evidence,
};

/// How a project stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProjectStatus {
    /// It has not begun: no milestone is done, and its first day is unknown or still to come.
    NotStarted,
    /// It has begun, and nothing of it is overdue.
    InProgress,
    /// A milestone, or its end, is overdue.
    Late,
    /// It has milestones, and all of them are done.
    Completed,
    /// Its programme was given up.
    Cancelled,
}

codes!(ProjectStatus {
    NotStarted => "not_started",
    InProgress => "in_progress",
    Late => "late",
    Completed => "completed",
    Cancelled => "cancelled",
});

/// What something costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProjectBudget)]
pub struct Budget {
    /// The amount, in hundredths of the currency.
    #[schema(example = 125_000_000, minimum = 0)]
    pub centimes: i64,
    /// The currency (ISO 4217).
    #[schema(example = "MAD", pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// Where the money comes from.
    #[schema(example = "Budget communal")]
    pub source: Option<String>,
}

/// An organisation with which a project is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProjectPartner)]
pub struct Partner {
    /// Its name.
    #[schema(example = "Association des parents d'élèves")]
    pub organisation: String,
    /// What it does in the project.
    pub role: Option<LanguageMap>,
}

/// What is said of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFacts {
    /// The axis that it belongs to.
    pub axis_id: Option<Identifier>,
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
    /// What it costs.
    pub budget: Option<Budget>,
    /// Its first day.
    pub starts_on: Option<NaiveDate>,
    /// Its last day.
    pub ends_on: Option<NaiveDate>,
    /// What OGP Local calls it.
    pub ogp_local_id: Option<String>,
}

impl ProjectFacts {
    /// The text that `q=` searches, folded.
    #[must_use]
    pub fn search_text(&self) -> String {
        searchable([Some(&self.title), self.problem.as_ref(), self.solution.as_ref()].into_iter().flatten())
    }
}

/// The axis that a body names; a note where its programme has no such axis. `axes` are the ids of those that it has.
pub fn named_axis(
    violations: &mut Violations,
    named: Option<&Reference<Identifier>>,
    axes: &[Identifier],
) -> Option<Identifier> {
    let named = named?;
    let found = named.named().filter(|id| axes.contains(id)).cloned();
    if found.is_none() {
        violations.add("/axis_id", "unknown_axis", format!("The programme has no axis {}.", named.shown()));
    }
    found
}

/// Checks a project's dates, its budget, and what depends on several of its properties.
pub fn check_project(violations: &mut Violations, facts: &ProjectFacts) {
    for (name, day) in [("starts_on", facts.starts_on), ("ends_on", facts.ends_on)] {
        if let Some(day) = day {
            check_year(violations, &format!("/{name}"), day);
        }
    }
    if facts.starts_on.zip(facts.ends_on).is_some_and(|(from, until)| until < from) {
        violations.add("/ends_on", "ends_before_it_begins", "ends_on lies before starts_on.");
    }
    if let Some(budget) = &facts.budget {
        if budget.centimes < 0 || budget.centimes > 9_007_199_254_740_991 {
            violations.add("/budget/centimes", "invalid_value", "centimes is not between 0 and 9007199254740991.");
        }
        if budget.currency.len() != 3 || !budget.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            violations.add("/budget/currency", "invalid_value", "currency is no code of three capital letters.");
        }
    }
}

/// Checks what is said of a milestone, beside its single properties.
pub fn check_milestone(violations: &mut Violations, facts: &MilestoneFacts, today: NaiveDate) {
    check_year(violations, "/due_on", facts.due_on);
    if let Some(done_on) = facts.done_on {
        check_year(violations, "/done_on", done_on);
        if done_on > today {
            violations.add("/done_on", "in_the_future", "done_on lies in the future.");
        }
    }
    if facts.done_on.is_none() && facts.evidence != Evidence::default() {
        let detail = "evidence shows that the milestone was done, and done_on is missing.";
        violations.add("/evidence", "not_done", detail);
    }
}

/// The day on which a project without anything due is due.
#[must_use]
pub fn never_due() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX)
}

/// What follows from a project's milestones and its end, for lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectTally {
    /// How many milestones it has.
    pub total: i64,
    /// How many of them are done.
    pub done: i64,
    /// The first day on which something is due: an open milestone or its end.
    pub next_due_on: NaiveDate,
}

impl ProjectTally {
    /// Of milestones, each due and perhaps done on a day, and a project's end.
    #[must_use]
    pub fn of(milestones: &[(NaiveDate, Option<NaiveDate>)], ends_on: Option<NaiveDate>) -> Self {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let done = milestones.iter().filter(|(_, done)| done.is_some()).count();
        let is_complete = done == milestones.len() && done > 0;
        let open = milestones.iter().filter(|(_, done)| done.is_none()).map(|(due, _)| *due);
        let next_due_on = open.chain(ends_on.filter(|_| !is_complete)).min().unwrap_or_else(never_due);
        Self { total: count(milestones.len()), done: count(done), next_due_on }
    }

    /// Whether all is done.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.total > 0 && self.done == self.total
    }
}

/// A stored project.
#[derive(Debug, Clone)]
pub struct Project {
    /// The id.
    pub id: Identifier,
    /// Counts its changes; its milestones have their own.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Id of the programme.
    pub program_id: Identifier,
    /// Slug of the programme.
    pub program: Slug,
    /// The programme's stage.
    pub stage: Stage,
    /// Where the knowledge of the programme comes from.
    pub provenance: Provenance,
    /// Whether the programme is published.
    pub is_public: bool,
    /// Whose it is.
    pub owner: Owner,
    /// What its member calls it within the programme.
    pub code: Slug,
    /// What is said of it.
    pub facts: ProjectFacts,
    /// What follows from its milestones.
    pub tally: ProjectTally,
}

impl Project {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/projects/{}", self.id)
    }

    /// What of its status does not depend on today.
    #[must_use]
    pub fn phase(&self) -> ProjectPhase {
        match self.tally {
            _ if self.stage == Stage::Cancelled => ProjectPhase::Cancelled,
            tally if tally.is_complete() => ProjectPhase::Complete,
            _ => ProjectPhase::Open,
        }
    }

    /// What its standing follows from.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule { phase: self.phase(), tally: self.tally, starts_on: self.facts.starts_on }
    }

    /// How it stands on a day.
    #[must_use]
    pub fn status(&self, today: NaiveDate) -> ProjectStatus {
        self.schedule().status(today)
    }

    /// What of it is overdue on a day.
    #[must_use]
    pub fn slippage(&self, today: NaiveDate) -> Option<Slippage> {
        self.schedule().slippage(today)
    }
}

/// What the standing of a project follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// What does not depend on today.
    pub phase: ProjectPhase,
    /// What follows from its milestones.
    pub tally: ProjectTally,
    /// Its first day.
    pub starts_on: Option<NaiveDate>,
}

impl Schedule {
    /// How the project stands on a day.
    #[must_use]
    pub fn status(&self, today: NaiveDate) -> ProjectStatus {
        let has_begun = self.tally.done > 0 || self.starts_on.is_some_and(|day| day <= today);
        match self.phase {
            ProjectPhase::Cancelled => ProjectStatus::Cancelled,
            ProjectPhase::Complete => ProjectStatus::Completed,
            ProjectPhase::Open if self.tally.next_due_on < today => ProjectStatus::Late,
            ProjectPhase::Open if has_begun => ProjectStatus::InProgress,
            ProjectPhase::Open => ProjectStatus::NotStarted,
        }
    }

    /// What of it is overdue on a day.
    #[must_use]
    pub fn slippage(&self, today: NaiveDate) -> Option<Slippage> {
        let is_late = self.status(today) == ProjectStatus::Late;
        is_late.then(|| Slippage::between(self.tally.next_due_on, today)).flatten()
    }
}

/// What of a project's status does not depend on today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectPhase {
    /// Something is still to be done.
    Open,
    /// It has milestones, and all of them are done.
    Complete,
    /// Its programme was given up.
    Cancelled,
}

codes!(ProjectPhase { Open => "open", Complete => "complete", Cancelled => "cancelled" });

/// How late something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slippage {
    /// The last day on which it was not late.
    pub due_on: NaiveDate,
    /// By how many days.
    pub days: i64,
}

impl Slippage {
    /// Of something that was due on a day and is done or looked at on another.
    #[must_use]
    pub fn between(due_on: NaiveDate, day: NaiveDate) -> Option<Self> {
        let days = (day - due_on).num_days();
        (days > 0).then_some(Self { due_on, days })
    }
}

/// When a milestone is due, and was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MilestoneDates {
    /// The day by which it shall be done.
    pub due_on: NaiveDate,
    /// The day on which it was done.
    pub done_on: Option<NaiveDate>,
}

impl MilestoneDates {
    /// How late the milestone is on a day, or was when it was done.
    #[must_use]
    pub fn slippage(self, today: NaiveDate) -> Option<Slippage> {
        Slippage::between(self.due_on, self.done_on.unwrap_or(today))
    }
}

/// What is said of a milestone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MilestoneFacts {
    /// Its place among the milestones of its project.
    pub position: i64,
    /// The title.
    pub title: LanguageMap,
    /// The day by which it shall be done.
    pub due_on: NaiveDate,
    /// The day on which it was done.
    pub done_on: Option<NaiveDate>,
    /// What shows that it was.
    pub evidence: Evidence,
}

/// A stored milestone.
#[derive(Debug, Clone)]
pub struct Milestone {
    /// The id.
    pub id: Identifier,
    /// Counts its changes.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Id of the project.
    pub project_id: Identifier,
    /// Whether its programme is published.
    pub is_public: bool,
    /// What is said of it.
    pub facts: MilestoneFacts,
}

impl Milestone {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/projects/{}/milestones/{}", self.project_id, self.id)
    }

    /// How late it is on a day, or was when it was done.
    #[must_use]
    pub fn slippage(&self, today: NaiveDate) -> Option<Slippage> {
        MilestoneDates { due_on: self.facts.due_on, done_on: self.facts.done_on }.slippage(today)
    }
}

/// Which projects a list has, and in what order. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectFilters {
    /// Slugs or ids of programmes, any of which.
    pub programs: Vec<super::Address>,
    /// Slugs of members, any of which.
    pub members: Vec<super::Address>,
    /// Codes of regions, any of which.
    pub regions: Vec<String>,
    /// Principles that its axis is mapped to, any of which.
    pub principles: Vec<String>,
    /// Commitments of the charter that its programme serves, any of which.
    pub commitments: Vec<String>,
    /// How they stand, any of which, on the day `today`.
    pub statuses: Vec<ProjectStatus>,
    /// The day on which they stand so.
    #[serde(skip)]
    pub today: NaiveDate,
    /// Folded words, all of which; none of them finds nothing.
    pub words: Option<Vec<String>>,
    /// Of programmes that are not published, too or only.
    pub publication: Option<PublicationFilter>,
    /// Whose drafts the caller sees.
    pub drafts: Drafts,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<SortKey>,
}

/// What milestones can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum MilestoneSortKey {
    /// Their place in the project.
    Position,
}

codes!(MilestoneSortKey { Position => "position" });

/// Which milestones a list has.
#[derive(Debug, Clone, Serialize)]
pub struct MilestoneFilters {
    /// Id of the project.
    pub project_id: Identifier,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<MilestoneSortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;
    use proptest::prelude::*;

    fn day(offset: i64) -> NaiveDate {
        "2026-01-01".parse::<NaiveDate>().unwrap() + chrono::TimeDelta::days(offset)
    }

    #[test]
    fn json_spells_the_codes_as_parameters_do() {
        assert_codes(ProjectStatus::ALL, ProjectStatus::as_str);
    }

    proptest! {
        #[test]
        fn a_tally_says_what_the_milestones_say(
            milestones in prop::collection::vec((0i64..100, prop::option::of(0i64..100)), 0..6),
            end in prop::option::of(0i64..100),
        ) {
            let milestones: Vec<_> = milestones.into_iter().map(|(due, done)| (day(due), done.map(day))).collect();
            let tally = ProjectTally::of(&milestones, end.map(day));
            prop_assert_eq!(usize::try_from(tally.total).unwrap(), milestones.len());
            // Something is overdue on a day when a milestone is, or the end has passed before all was done.
            for today in (0..100).map(day) {
                let overdue = milestones.iter().any(|(due, done)| done.is_none() && *due < today)
                    || (!tally.is_complete() && end.map(day).is_some_and(|end| end < today));
                prop_assert_eq!(tally.next_due_on < today, overdue);
            }
        }
    }
}
