//! Writing projects and milestones. A milestone keeps what its project shows of it up to date in the same transaction; that
//! is no change of the project, whose lateness is computed.

use crate::db::prelude::*;
use chrono::NaiveDate;
use serde_json::Value;

use super::{
    super::rules::{Milestone, MilestoneFacts, Program, Project, ProjectFacts, ProjectTally, Stage},
    MILESTONES, PROJECTS, count_projects,
    projects::{MilestoneRow, ProjectDerived, ProjectRow, find_project},
    take_turn,
};
use crate::{
    db::{
        Change, Conn, Objection, Operation, Removal, StoreError, Tx, WriteError, json,
        schema::{milestone, project},
    },
    kernel::{
        id::{Identifier, Slug, new_id},
        kind::Kind,
        violation::{Violation, Violations},
    },
};

/// The most projects of a programme: whoever reads it with all of them shall not wait for very many.
pub(super) const MOST_PROJECTS: usize = 100;
/// The most milestones of a project.
const MOST_MILESTONES: i64 = 200;

/// The project with an id, which nobody else changes meanwhile.
///
/// # Errors
/// The database's.
pub fn lock_project(tx: &mut Tx<'_>, id: &Identifier) -> Result<Option<Project>, StoreError> {
    take_turn(tx)?;
    find_project(tx.conn, id)
}

/// Adds a project to a programme, which must be locked. Without a code it gets the next `p` and number.
///
/// # Errors
/// [`WriteError::Taken`] for a code or an identifier of OGP Local that another project has, [`WriteError::NotNow`] for a
/// programme that has very many.
pub fn create_project(
    tx: &mut Tx<'_>,
    program: &Program,
    code: Option<Slug>,
    facts: ProjectFacts,
) -> Result<Project, WriteError> {
    let codes: Vec<String> =
        project::table.filter(project::program_id.eq(program.id.as_str())).select(project::code).load(tx.conn)?;
    if codes.len() >= MOST_PROJECTS {
        let detail = format!("A programme has at most {MOST_PROJECTS} projects.");
        return Err(WriteError::NotNow(Violation::new("", "too_many", detail).into()));
    }
    let mut taken = Violations::default();
    let code = match code {
        Some(code) => {
            if codes.iter().any(|other| other == code.as_str()) {
                let detail = format!("The programme has a project with the code {code}.");
                taken.add("/code", "already_exists", detail);
            }
            code
        }
        None => next_code(&codes)?,
    };
    let tally = ProjectTally::of(&[], facts.ends_on);
    let new = new_project(tx, program, code, (facts, tally));
    check_ogp_local_id(tx.conn, &new, &mut taken)?;
    taken.done().map_err(WriteError::Taken)?;
    diesel::insert_into(project::table)
        .values((ProjectRow::of(&new)?, ProjectDerived::of(&new.facts)))
        .execute(tx.conn)?;
    let after = json::value(&ProjectRow::of(&new)?)?;
    tx.record(change(PROJECTS, &new.id, Operation::Created, 1), None, Some(after));
    Ok(new)
}

/// A project that is to be stored.
pub(super) fn new_project(
    tx: &Tx<'_>,
    program: &Program,
    code: Slug,
    (facts, tally): (ProjectFacts, ProjectTally),
) -> Project {
    Project {
        id: new_id(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
        program_id: program.id.clone(),
        program: program.slug.clone(),
        stage: program.stage,
        provenance: program.facts.provenance,
        is_public: program.is_public(),
        owner: program.owner.clone(),
        code,
        facts,
        tally,
    }
}

/// The first of `p1`, `p2` and so on that is free, from the number of projects on.
fn next_code(codes: &[String]) -> Result<Slug, StoreError> {
    let mut free = (codes.len() + 1..).map(|number| format!("p{number}")).filter(|code| !codes.contains(code));
    free.next().unwrap_or_default().parse().map_err(StoreError::corrupt)
}

/// Notes an identifier of OGP Local that another project has.
fn check_ogp_local_id(conn: &mut Conn, wanted: &Project, taken: &mut Violations) -> Result<(), StoreError> {
    let Some(id) = &wanted.facts.ogp_local_id else { return Ok(()) };
    let same = project::table.filter(project::ogp_local_id.eq(id.as_str()).and(project::id.ne(wanted.id.as_str())));
    if let Some(other) = same.select(project::id).first::<String>(conn).optional()? {
        let detail = format!("{id} is the project {other} (/api/v1/projects/{other}).");
        taken.add("/ogp_local_id", "already_exists", detail);
    }
    Ok(())
}

/// Writes what a [`lock_project`]ed project has become and returns it; nothing where nothing differs.
///
/// # Errors
/// [`WriteError::Taken`] for an identifier of OGP Local that another project has.
pub fn update_project(tx: &mut Tx<'_>, before: &Project, facts: ProjectFacts) -> Result<Project, WriteError> {
    if before.facts == facts {
        return Ok(before.clone());
    }
    let tally = tally_of(tx.conn, &before.id, facts.ends_on)?;
    let after = Project { facts, tally, version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    let mut taken = Violations::default();
    check_ogp_local_id(tx.conn, &after, &mut taken)?;
    taken.done().map_err(WriteError::Taken)?;
    let row = ProjectRow::of(&after)?;
    let (was, now) = (json::value(&ProjectRow::of(before)?)?, json::value(&row)?);
    diesel::update(project::table.filter(project::id.eq(after.id.as_str())))
        .set((row, ProjectDerived::of(&after.facts)))
        .execute(tx.conn)?;
    let change = change(PROJECTS, &after.id, Operation::Updated, after.version);
    tx.record(change, Some(was), Some(now));
    Ok(after)
}

/// Deletes a [`lock_project`]ed project with its milestones. The feed keeps tombstones.
///
/// # Errors
/// [`WriteError::NotNow`] once the council has adopted the programme, for the last project of one that is being consulted
/// on, and for one that contributions became or evaluations are about.
pub fn delete_project(tx: &mut Tx<'_>, gone: &Project) -> Result<(), WriteError> {
    let mut reasons = Violations::default();
    if let Some(reason) = adopted(gone.stage) {
        reasons.add(reason.pointer, reason.code, reason.detail);
    }
    if gone.stage >= Stage::Consultation
        && gone.stage < Stage::Adopted
        && count_projects(tx.conn, &gone.program_id)? == 1
    {
        let detail = format!("It is the last project of a programme in {}.", gone.stage.as_str());
        reasons.add("", "last_project", detail);
    }
    let of = (PROJECTS, &gone.id);
    for Objection { code, detail } in tx.objections(Removal::Deletion(PROJECTS, &gone.id))?.reasons {
        reasons.add("", code, detail);
    }
    reasons.done().map_err(WriteError::NotNow)?;
    tx.call_hooks(|hooks, tx| hooks.before_deletion(tx, of))?;
    diesel::delete(project::table.filter(project::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    let before = json::value(&ProjectRow::of(gone)?)?;
    let change = change(PROJECTS, &gone.id, Operation::Deleted, gone.version + 1);
    tx.record(change, Some(before), None);
    Ok(())
}

/// Why nothing of a programme in a stage is taken away, if so.
fn adopted(stage: Stage) -> Option<Violation> {
    let detail = format!("The programme is in {}: what the council adopted stays.", stage.as_str());
    (stage >= Stage::Adopted).then(|| Violation::new("", "adopted", detail))
}

fn change(kind: Kind, id: &Identifier, operation: Operation, version: i64) -> Change {
    Change { kind, id: id.to_owned(), operation, version }
}

/// What follows from the milestones of a project and its end.
pub(super) fn tally_of(
    conn: &mut Conn,
    project_id: &Identifier,
    ends_on: Option<NaiveDate>,
) -> Result<ProjectTally, StoreError> {
    let own = milestone::table.filter(milestone::project_id.eq(project_id.as_str()));
    let days: Vec<(NaiveDate, Option<NaiveDate>)> = own.select((milestone::due_on, milestone::done_on)).load(conn)?;
    Ok(ProjectTally::of(&days, ends_on))
}

/// Keeps a project's columns about its milestones up to date.
fn keep_tally(tx: &mut Tx<'_>, project: &Project) -> Result<(), StoreError> {
    let tally = tally_of(tx.conn, &project.id, project.facts.ends_on)?;
    let phase = Project { tally, ..project.clone() }.phase();
    diesel::update(project::table.filter(project::id.eq(project.id.as_str())))
        .set((
            project::phase.eq(phase.as_str()),
            project::milestones_total.eq(tally.total),
            project::milestones_done.eq(tally.done),
            project::next_due_on.eq(tally.next_due_on),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// The place behind a project's last milestone.
///
/// # Errors
/// The database's.
pub fn next_position(conn: &mut Conn, project_id: &Identifier) -> Result<i64, StoreError> {
    let own = milestone::table.filter(milestone::project_id.eq(project_id.as_str()));
    let last: Option<i64> = own.select(diesel::dsl::max(milestone::position)).first(conn)?;
    Ok((last.unwrap_or(0) + 1).min(999))
}

/// Adds a milestone to a [`lock_project`]ed project.
///
/// # Errors
/// [`WriteError::NotNow`] for a project that has very many.
pub fn create_milestone(tx: &mut Tx<'_>, project: &Project, facts: MilestoneFacts) -> Result<Milestone, WriteError> {
    if project.tally.total >= MOST_MILESTONES {
        let detail = format!("A project has at most {MOST_MILESTONES} milestones.");
        return Err(WriteError::NotNow(Violation::new("", "too_many", detail).into()));
    }
    let new = new_milestone(tx, project, facts);
    let row = MilestoneRow::of(&new)?;
    let after = json::value(&row)?;
    diesel::insert_into(milestone::table).values(row).execute(tx.conn)?;
    keep_tally(tx, project)?;
    tx.record(change(MILESTONES, &new.id, Operation::Created, 1), None, Some(after));
    Ok(new)
}

/// A milestone that is to be stored.
pub(super) fn new_milestone(tx: &Tx<'_>, project: &Project, facts: MilestoneFacts) -> Milestone {
    let (id, now) = (new_id(), tx.now());
    let (project_id, is_public) = (project.id.clone(), project.is_public);
    Milestone { id, version: 1, created_at: now, updated_at: now, project_id, is_public, facts }
}

/// Writes what a milestone of a [`lock_project`]ed project has become and returns it; nothing where nothing differs.
///
/// # Errors
/// The database's.
pub fn update_milestone(
    tx: &mut Tx<'_>,
    project: &Project,
    before: &Milestone,
    facts: MilestoneFacts,
) -> Result<Milestone, WriteError> {
    if before.facts == facts {
        return Ok(before.clone());
    }
    let after = Milestone { facts, version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    let row = MilestoneRow::of(&after)?;
    let (was, now) = (json::value(&MilestoneRow::of(before)?)?, json::value(&row)?);
    diesel::update(milestone::table.filter(milestone::id.eq(after.id.as_str()))).set(row).execute(tx.conn)?;
    keep_tally(tx, project)?;
    let change = change(MILESTONES, &after.id, Operation::Updated, after.version);
    tx.record(change, Some(was), Some(now));
    Ok(after)
}

/// Deletes a milestone of a [`lock_project`]ed project. The feed keeps its tombstone.
///
/// # Errors
/// [`WriteError::NotNow`] once the council has adopted the programme: what was promised and is late stays visible.
pub fn delete_milestone(tx: &mut Tx<'_>, project: &Project, gone: &Milestone) -> Result<(), WriteError> {
    if let Some(reason) = adopted(project.stage) {
        return Err(WriteError::NotNow(reason.into()));
    }
    diesel::delete(milestone::table.filter(milestone::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    keep_tally(tx, project)?;
    let before: Value = json::value(&MilestoneRow::of(gone)?)?;
    let change = change(MILESTONES, &gone.id, Operation::Deleted, gone.version + 1);
    tx.record(change, Some(before), None);
    Ok(())
}
