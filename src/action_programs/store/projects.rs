//! Reading projects and milestones. What depends on today is told apart by the columns that are kept for it.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::{AsSelect, exists};
use serde::Serialize;

use super::{
    super::rules::{
        Budget, Milestone, MilestoneDates, MilestoneFacts, MilestoneFilters, Owner, Project, ProjectFacts,
        ProjectFilters, ProjectPhase, ProjectStatus, ProjectTally, Schedule, SortKey, sort_title,
    },
    look_up, look_up_alike, parsed, seen,
};
use crate::db::prelude::*;
use crate::{
    db::{
        Backend, Conn, DocumentBody, Lookup, SequenceColumn, Stamp, StoreError, current_sequence, json,
        keyset::{NoKey, keyset, keyset_by_id, paged},
        schema::{
            action_program, action_program_axis, action_program_axis_principle, action_program_commitment, member,
            milestone, project,
        },
        search::{any_of, search},
    },
    kernel::{
        id::{Address, Identifier, Slug},
        language::Language,
        paging::{Found, Key, Listing, Position},
    },
    members::Evidence,
    publishing::{ListRow, Selected, rows},
    territories::Code,
};

/// What is stored of a project in its own row, what is made from it apart.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = project, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct ProjectRow {
    #[serde(skip)]
    id: String,
    #[serde(skip)]
    version: i64,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    created_at: NaiveDateTime,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    updated_at: NaiveDateTime,
    program_id: String,
    member_id: String,
    region_code: String,
    code: String,
    axis_id: Option<String>,
    title: String,
    problem: Option<String>,
    solution: Option<String>,
    expected_results: String,
    responsible_unit: Option<String>,
    partners: String,
    budget_centimes: Option<i64>,
    budget_currency: Option<String>,
    budget_source: Option<String>,
    starts_on: Option<NaiveDate>,
    ends_on: Option<NaiveDate>,
    ogp_local_id: Option<String>,
    #[serde(skip)]
    is_public: bool,
    #[serde(skip)]
    phase: String,
    #[serde(skip)]
    milestones_total: i64,
    #[serde(skip)]
    milestones_done: i64,
    #[serde(skip)]
    next_due_on: NaiveDate,
}

/// The columns that are made from the others, so that both databases search and sort alike.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = project, treat_none_as_default_value = false)]
pub(super) struct ProjectDerived {
    title_fr_folded: String,
    title_ar_folded: String,
    search_text: String,
}

impl ProjectDerived {
    pub(super) fn of(facts: &ProjectFacts) -> Self {
        Self {
            title_fr_folded: sort_title(&facts.title, Language::Fr),
            title_ar_folded: sort_title(&facts.title, Language::Ar),
            search_text: facts.search_text(),
        }
    }
}

impl ProjectRow {
    pub(super) fn of(project: &Project) -> Result<Self, StoreError> {
        let (facts, tally, budget) = (&project.facts, project.tally, project.facts.budget.as_ref());
        Ok(Self {
            id: project.id.to_string(),
            version: project.version,
            created_at: project.created_at.naive_utc(),
            updated_at: project.updated_at.naive_utc(),
            program_id: project.program_id.to_string(),
            member_id: project.owner.id.to_string(),
            region_code: project.owner.region_code.to_string(),
            code: project.code.to_string(),
            axis_id: facts.axis_id.as_ref().map(Identifier::to_string),
            title: json::write(&facts.title)?,
            problem: facts.problem.as_ref().map(json::write).transpose()?,
            solution: facts.solution.as_ref().map(json::write).transpose()?,
            expected_results: json::write(&facts.expected_results)?,
            responsible_unit: facts.responsible_unit.as_ref().map(json::write).transpose()?,
            partners: json::write(&facts.partners)?,
            budget_centimes: budget.map(|budget| budget.centimes),
            budget_currency: budget.map(|budget| budget.currency.clone()),
            budget_source: budget.and_then(|budget| budget.source.clone()),
            starts_on: facts.starts_on,
            ends_on: facts.ends_on,
            ogp_local_id: facts.ogp_local_id.clone(),
            is_public: project.is_public,
            phase: project.phase().as_str().to_owned(),
            milestones_total: tally.total,
            milestones_done: tally.done,
            next_due_on: tally.next_due_on,
        })
    }
}

/// What a project takes from its programme.
#[derive(Queryable, Selectable)]
#[diesel(table_name = action_program)]
struct ProgramPart {
    slug: String,
    stage: String,
    provenance: String,
}

fn read_project((row, program, member): (ProjectRow, ProgramPart, String)) -> Result<Project, StoreError> {
    let (centimes, currency, source) = (row.budget_centimes, row.budget_currency, row.budget_source);
    Ok(Project {
        program: Slug::try_from(program.slug).map_err(StoreError::corrupt)?,
        stage: parsed(&program.stage)?,
        provenance: parsed(&program.provenance)?,
        is_public: row.is_public,
        owner: Owner {
            id: Identifier::stored(row.member_id),
            slug: Slug::try_from(member).map_err(StoreError::corrupt)?,
            region_code: Code::try_from(row.region_code).map_err(StoreError::corrupt)?,
        },
        code: Slug::try_from(row.code).map_err(StoreError::corrupt)?,
        facts: ProjectFacts {
            axis_id: row.axis_id.map(Identifier::stored),
            title: json::read(&row.title)?,
            problem: row.problem.as_deref().map(json::read).transpose()?,
            solution: row.solution.as_deref().map(json::read).transpose()?,
            expected_results: json::read(&row.expected_results)?,
            responsible_unit: row.responsible_unit.as_deref().map(json::read).transpose()?,
            partners: json::read(&row.partners)?,
            budget: centimes.zip(currency).map(|(centimes, currency)| Budget { centimes, currency, source }),
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            ogp_local_id: row.ogp_local_id,
        },
        tally: ProjectTally { total: row.milestones_total, done: row.milestones_done, next_due_on: row.next_due_on },
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        program_id: Identifier::stored(row.program_id),
    })
}

/// Projects beside their programmes and members.
type Parts = diesel::helper_types::InnerJoinOn<
    diesel::helper_types::InnerJoinOn<
        project::table,
        action_program::table,
        diesel::helper_types::Eq<project::program_id, action_program::id>,
    >,
    member::table,
    diesel::helper_types::Eq<project::member_id, member::id>,
>;

fn parts() -> Parts {
    project::table
        .inner_join(action_program::table.on(project::program_id.eq(action_program::id)))
        .inner_join(member::table.on(project::member_id.eq(member::id)))
}

type Columns = (AsSelect<ProjectRow, Backend>, AsSelect<ProgramPart, Backend>, member::slug);

fn columns() -> Columns {
    (ProjectRow::as_select(), ProgramPart::as_select(), member::slug)
}

/// The project with an id, of a published programme or not.
///
/// # Errors
/// The database's.
pub fn find_project(conn: &mut Conn, id: &Identifier) -> Result<Option<Project>, StoreError> {
    let row = parts().select(columns()).filter(project::id.eq(id.as_str())).first(conn).optional()?;
    row.map(read_project).transpose()
}

/// The projects with these ids, of published programmes or not.
///
/// # Errors
/// The database's.
pub fn find_projects_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Project>, StoreError> {
    let query = parts().select(columns()).filter(project::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows: Vec<_> = query.load(conn)?;
    rows.into_iter().map(read_project).collect()
}

/// All projects, of drafts too, some at a time, in the order of their ids: those behind the id `after`.
///
/// # Errors
/// The database's.
pub(super) fn every_project(conn: &mut Conn, after: &str, limit: usize) -> Result<Vec<Project>, StoreError> {
    let limit = i64::try_from(limit).map_err(StoreError::corrupt)?;
    let behind = parts().select(columns()).filter(project::id.gt(after)).order(project::id);
    let rows: Vec<_> = behind.limit(limit).load(conn)?;
    rows.into_iter().map(read_project).collect()
}

/// The projects of the programmes with these ids, in the order in which they were stored.
///
/// # Errors
/// The database's.
pub fn projects_of(conn: &mut Conn, programs: &[&Identifier]) -> Result<Vec<Project>, StoreError> {
    let query = parts().select(columns()).filter(project::program_id.eq_any(programs.iter().map(|id| id.as_str())));
    let rows: Vec<_> = query.order((project::program_id, project::id)).load(conn)?;
    rows.into_iter().map(read_project).collect()
}

/// The ids of the axes of the programme with an id.
///
/// # Errors
/// The database's.
pub fn axes_of(conn: &mut Conn, program_id: &Identifier) -> Result<Vec<Identifier>, StoreError> {
    let own = action_program_axis::table.filter(action_program_axis::program_id.eq(program_id.as_str()));
    let axes: Vec<String> = own.order(action_program_axis::position).select(action_program_axis::id).load(conn)?;
    Ok(axes.into_iter().map(Identifier::stored).collect())
}

/// Reads a page of the list, with one statement, and one more each for an empty page, a count and a filter that names
/// something.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list_projects(
    conn: &mut Conn,
    listing: &Listing<ProjectFilters>,
) -> Result<Found<Selected<Schedule>>, StoreError> {
    let Listing { filters, after, limit, count } = listing;
    let filters = &resolved(conn, filters)?;
    let total = if *count { Some(filtered(filters).count().get_result(conn)?) } else { None };
    let (order, after) = (filters.order, after.as_ref());
    let text = after.and_then(Position::text);
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    macro_rules! selected {
        ($key:expr) => {
            filtered(filters)
                .select(((project::id, $key, DocumentBody(project::id), SequenceColumn), schedule_columns()))
        };
    }
    macro_rules! sorted {
        ($key:expr) => {
            paged(keyset!(selected!($key), $key, project::id, order.direction, text), *limit).load(conn)?
        };
    }
    let selected: Vec<(ListRow<String>, ScheduleRow)> = match order.key {
        SortKey::CreatedAt => {
            let query = selected!(NoKey);
            paged(keyset_by_id!(query, project::id, order.direction, after), *limit).load(conn)?
        }
        SortKey::TitleFr => sorted!(project::title_fr_folded),
        SortKey::TitleAr => sorted!(project::title_ar_folded),
    };
    let selected = selected.into_iter().map(|(row, of)| Ok((row, schedule(of)?))).collect::<Result<_, StoreError>>()?;
    rows(conn, selected, *limit, total)
}

type ScheduleRow = (String, i64, i64, NaiveDate, Option<NaiveDate>);

type ScheduleColumns =
    (project::phase, project::milestones_total, project::milestones_done, project::next_due_on, project::starts_on);

const fn schedule_columns() -> ScheduleColumns {
    (project::phase, project::milestones_total, project::milestones_done, project::next_due_on, project::starts_on)
}

fn schedule((phase, total, done, next_due_on, starts_on): ScheduleRow) -> Result<Schedule, StoreError> {
    Ok(Schedule { phase: parsed(&phase)?, tally: ProjectTally { total, done, next_due_on }, starts_on })
}

/// The document of a project, if it is published, with the version of its row and from what its standing follows.
///
/// # Errors
/// The database's.
pub fn find_project_document(conn: &mut Conn, id: &Identifier) -> Result<Option<(i64, String, Schedule)>, StoreError> {
    let own = project::table.filter(project::id.eq(id.as_str()));
    let columns = (project::version, DocumentBody(project::id), schedule_columns());
    let row: Option<(i64, Option<String>, ScheduleRow)> = own.select(columns).first(conn).optional()?;
    let Some((version, Some(document), of)) = row else { return Ok(None) };
    Ok(Some((version, document, schedule(of)?)))
}

/// The documents of the projects of these programmes, in the order in which they were stored.
///
/// # Errors
/// The database's.
pub fn project_documents_of(conn: &mut Conn, programs: &[&Identifier]) -> Result<Vec<Selected<Schedule>>, StoreError> {
    let own = project::table.filter(project::program_id.eq_any(programs.iter().map(|id| id.as_str())));
    let columns = (project::id, DocumentBody(project::id), schedule_columns());
    let rows: Vec<(String, Option<String>, ScheduleRow)> =
        own.order((project::program_id, project::id)).select(columns).load(conn)?;
    let row = |(id, document, of)| Ok(Selected { id: Identifier::stored(id), document, columns: schedule(of)? });
    rows.into_iter().map(row).collect()
}

/// The documents of the milestones of these projects, in their order, with when they are due and were done.
///
/// # Errors
/// The database's.
pub fn milestone_documents_of(
    conn: &mut Conn,
    projects: &[&Identifier],
) -> Result<Vec<Selected<MilestoneDates>>, StoreError> {
    type Found = (String, Option<String>, NaiveDate, Option<NaiveDate>);
    let own = milestone::table.filter(milestone::project_id.eq_any(projects.iter().map(|id| id.as_str())));
    let columns = (milestone::id, DocumentBody(milestone::id), milestone::due_on, milestone::done_on);
    let rows: Vec<Found> =
        own.order((milestone::project_id, milestone::position, milestone::id)).select(columns).load(conn)?;
    let row = |(id, document, due_on, done_on): Found| {
        let columns = MilestoneDates { due_on, done_on };
        Selected { id: Identifier::stored(id), document, columns }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &ProjectFilters) -> Result<ProjectFilters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    look_up(conn, &mut lookup, &mut filters.programs, &filters.drafts)?;
    let codes = [&*filters.regions, &*filters.principles, &*filters.commitments];
    look_up_alike(conn, &mut lookup, &mut filters.members, codes)?;
    lookup.done()?;
    Ok(filters)
}

type PartsQuery<'a> = diesel::helper_types::IntoBoxed<'a, Parts, Backend>;

fn filtered(filters: &ProjectFilters) -> PartsQuery<'_> {
    let mut query = parts().into_boxed();
    query = seen!(query, filters, project::is_public.eq(true), project::member_id);
    query = any_of!(query, action_program::slug, Address::texts(&filters.programs).as_slice());
    query = any_of!(query, member::slug, Address::texts(&filters.members).as_slice());
    query = any_of!(query, project::region_code, filters.regions.as_slice());
    if !filters.principles.is_empty() {
        let mapped = action_program_axis_principle::table
            .filter(action_program_axis_principle::axis_id.nullable().eq(project::axis_id))
            .filter(action_program_axis_principle::principle.eq_any(&filters.principles));
        query = query.filter(exists(mapped));
    }
    if !filters.commitments.is_empty() {
        let served = action_program_commitment::table
            .filter(action_program_commitment::program_id.eq(project::program_id))
            .filter(action_program_commitment::commitment.eq_any(&filters.commitments));
        query = query.filter(exists(served));
    }
    if let Some(words) = &filters.words {
        query = search!(query, project::search_text, words);
    }
    if let Some(since) = filters.updated_since {
        query = query.filter(project::updated_at.ge(since.naive_utc()));
    }
    standing(query, filters)
}

/// Keeps the projects that stand in one of some ways, in the words of [`Project::status`].
fn standing<'a>(query: PartsQuery<'a>, filters: &'a ProjectFilters) -> PartsQuery<'a> {
    use diesel::sql_types::Bool;
    type Source = diesel::helper_types::InnerJoinQuerySource<
        diesel::helper_types::InnerJoinQuerySource<
            project::table,
            action_program::table,
            diesel::helper_types::Eq<project::program_id, action_program::id>,
        >,
        member::table,
        diesel::helper_types::Eq<project::member_id, member::id>,
    >;
    type Condition<'a> = Box<dyn BoxableExpression<Source, Backend, SqlType = Bool> + 'a>;
    let today = filters.today;
    let has_begun = || {
        project::milestones_done
            .gt(0_i64)
            .or(project::starts_on.is_not_null().and(project::starts_on.assume_not_null().le(today)))
    };
    let is_in = |phase: ProjectPhase| project::phase.eq(phase.as_str());
    let is_open = || is_in(ProjectPhase::Open);
    let condition = |status: &ProjectStatus| -> Condition<'a> {
        match status {
            ProjectStatus::Cancelled => Box::new(is_in(ProjectPhase::Cancelled)),
            ProjectStatus::Completed => Box::new(is_in(ProjectPhase::Complete)),
            ProjectStatus::Late => Box::new(is_open().and(project::next_due_on.lt(today))),
            ProjectStatus::InProgress => Box::new(is_open().and(project::next_due_on.ge(today)).and(has_begun())),
            ProjectStatus::NotStarted => {
                Box::new(is_open().and(project::next_due_on.ge(today)).and(diesel::dsl::not(has_begun())))
            }
        }
    };
    let conditions = filters.statuses.iter().map(condition);
    match conditions.reduce(|one, other| Box::new(one.or(other))) {
        Some(any) => query.filter(any),
        None => query,
    }
}

/// What is stored of a milestone.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = milestone, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct MilestoneRow {
    #[serde(skip)]
    id: String,
    #[serde(skip)]
    version: i64,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    created_at: NaiveDateTime,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    updated_at: NaiveDateTime,
    project_id: String,
    position: i64,
    title: String,
    due_on: NaiveDate,
    done_on: Option<NaiveDate>,
    evidence_reference: Option<String>,
    evidence_url: Option<String>,
}

impl MilestoneRow {
    pub(super) fn of(milestone: &Milestone) -> Result<Self, StoreError> {
        let facts = &milestone.facts;
        Ok(Self {
            id: milestone.id.to_string(),
            version: milestone.version,
            created_at: milestone.created_at.naive_utc(),
            updated_at: milestone.updated_at.naive_utc(),
            project_id: milestone.project_id.to_string(),
            position: facts.position,
            title: json::write(&facts.title)?,
            due_on: facts.due_on,
            done_on: facts.done_on,
            evidence_reference: facts.evidence.reference.clone(),
            evidence_url: facts.evidence.url.clone(),
        })
    }
}

fn read_milestone((row, is_public): (MilestoneRow, bool)) -> Result<Milestone, StoreError> {
    Ok(Milestone {
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        project_id: Identifier::stored(row.project_id),
        is_public,
        facts: MilestoneFacts {
            position: row.position,
            title: json::read(&row.title)?,
            due_on: row.due_on,
            done_on: row.done_on,
            evidence: Evidence { reference: row.evidence_reference, url: row.evidence_url },
        },
    })
}

/// Milestones beside their projects.
type Steps = diesel::helper_types::InnerJoinOn<
    milestone::table,
    project::table,
    diesel::helper_types::Eq<milestone::project_id, project::id>,
>;

fn steps() -> Steps {
    milestone::table.inner_join(project::table.on(milestone::project_id.eq(project::id)))
}

fn step_columns() -> (AsSelect<MilestoneRow, Backend>, project::is_public) {
    (MilestoneRow::as_select(), project::is_public)
}

/// The milestone with an id.
///
/// # Errors
/// The database's.
pub fn find_milestone(conn: &mut Conn, id: &Identifier) -> Result<Option<Milestone>, StoreError> {
    let row = steps().select(step_columns()).filter(milestone::id.eq(id.as_str())).first(conn).optional()?;
    row.map(read_milestone).transpose()
}

/// The milestones with these ids, of published programmes or not.
///
/// # Errors
/// The database's.
pub fn find_milestones_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Milestone>, StoreError> {
    let query = steps().select(step_columns()).filter(milestone::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows: Vec<_> = query.load(conn)?;
    rows.into_iter().map(read_milestone).collect()
}

/// The milestones of the projects with these ids, in their order.
///
/// # Errors
/// The database's.
pub fn milestones_of(conn: &mut Conn, projects: &[&Identifier]) -> Result<Vec<Milestone>, StoreError> {
    let query =
        steps().select(step_columns()).filter(milestone::project_id.eq_any(projects.iter().map(|id| id.as_str())));
    let rows: Vec<_> = query.order((milestone::project_id, milestone::position, milestone::id)).load(conn)?;
    rows.into_iter().map(read_milestone).collect()
}

/// Reads a page of a project's milestones, with two statements, and one more for a count.
///
/// # Errors
/// The database's.
pub fn list_milestones(conn: &mut Conn, listing: &Listing<MilestoneFilters>) -> Result<Found<Milestone>, StoreError> {
    let sequence = current_sequence(conn)?;
    let wanted = || {
        let own = steps().filter(milestone::project_id.eq(listing.filters.project_id.as_str())).into_boxed();
        match listing.filters.updated_since {
            Some(since) => own.filter(milestone::updated_at.ge(since.naive_utc())),
            None => own,
        }
    };
    let total = if listing.count { Some(wanted().count().get_result(conn)?) } else { None };
    let query = wanted().select(step_columns());
    let after = listing.after.as_ref().and_then(Position::number);
    let query = keyset!(query, milestone::position, milestone::id, listing.filters.order.direction, after);
    let rows: Vec<(MilestoneRow, bool)> = paged(query, listing.limit).load(conn)?;
    let rows = rows.into_iter().map(read_milestone).collect::<Result<_, _>>()?;
    let position = |last: &Milestone| Position { key: Key::Number(last.facts.position), id: last.id.clone() };
    Ok(Found::of(rows, listing.limit, (sequence, total), position))
}
