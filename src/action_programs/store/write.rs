//! Writing programmes. A change writes the whole row, its axes and commitments as far as they differ, and leaves its traces
//! in audit and, as far as it is published, in the feed.

use crate::db::prelude::*;
use chrono::NaiveDate;
use diesel::dsl::not;
use serde_json::Value;

use super::{
    super::rules::{Address, Axis, Deadline, Facts, Moved, Other, Owner, Program, ProjectPhase, Publication, Stage},
    Derived, MoveRow, PROGRAMS, Row, find, other_implementations,
};
use crate::{
    db::{
        Change, Conn, Objection, Objections, Operation, Removal, StoreError, Turn, Tx, WriteError, batch_insert, json,
        schema::{
            action_program, action_program_axis, action_program_axis_principle, action_program_commitment,
            action_program_deadline, action_program_move, project,
        },
    },
    kernel::{
        id::{Identifier, new_id},
        violation::{Violation, Violations},
    },
};

/// Takes the turn of those who write programmes and what belongs to them.
///
/// # Errors
/// The database's.
pub fn take_turn(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.take_turns(Turn::Programs)
}

/// The programme at an address, which nobody else changes meanwhile.
///
/// # Errors
/// The database's.
pub fn lock(tx: &mut Tx<'_>, address: &Address) -> Result<Option<Program>, StoreError> {
    take_turn(tx)?;
    find(tx.conn, address)
}

/// The member's other programmes whose implementation has begun.
///
/// # Errors
/// The database's.
pub fn others(conn: &mut Conn, program: &Program) -> Result<Vec<Other>, StoreError> {
    other_implementations(conn, &program.owner.id, &program.id)
}

/// Adds a programme of a member, which must be locked. It begins as a draft stage.
///
/// # Errors
/// [`WriteError::Taken`] for a cycle that the member has a programme in.
pub fn create(
    tx: &mut Tx<'_>,
    owner: Owner,
    cycle: i64,
    (publication, facts): (Publication, Facts),
) -> Result<Program, WriteError> {
    take_turn(tx)?;
    let same = action_program::member_id.eq(owner.id.as_str()).and(action_program::cycle.eq(cycle));
    let other = action_program::table.filter(same).select(action_program::slug);
    if let Some(other) = other.first::<String>(tx.conn).optional()? {
        let detail = format!("The member has a programme in cycle {cycle}: {other} (/api/v1/action-programs/{other}).");
        return Err(WriteError::Taken(Violation::new("/cycle", "already_exists", detail).into()));
    }
    let slug = Program::slug_of(&owner.slug, cycle);
    let slug = slug.map_err(|why| Violation::new("/member", "no_slug", format!("The programme's name {why}.")));
    let new = Program {
        id: new_id(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
        slug: slug.map_err(|violation| WriteError::Invalid(violation.into()))?,
        owner,
        cycle,
        publication,
        stage: Stage::Draft,
        stage_since: None,
        reached: Vec::new(),
        facts,
    };
    insert(tx, &new)?;
    let change = Change { kind: PROGRAMS, id: new.id.clone(), operation: Operation::Created, version: 1 };
    let after = audited(&new)?;
    tx.record(change, None, Some(after));
    Ok(new)
}

/// Writes the rows of a new programme.
pub(super) fn insert(tx: &mut Tx<'_>, new: &Program) -> Result<(), StoreError> {
    let row = Row::of(new)?;
    diesel::insert_into(action_program::table).values((row, Derived::of(&new.facts))).execute(tx.conn)?;
    write_axes(tx.conn, &new.id, &[], &new.facts.axes)?;
    write_deadlines(tx.conn, new)?;
    write_commitments(tx.conn, &new.id, &new.facts.commitments)
}

/// Writes what a [`lock`]ed programme has become and returns it; nothing where nothing differs. What belongs to it becomes
/// visible and invisible with it.
///
/// # Errors
/// [`WriteError::NotNow`] for an axis that is taken away and still in use, and for hiding again what others have a part
/// in.
pub fn update(tx: &mut Tx<'_>, before: &Program, mut after: Program) -> Result<Program, WriteError> {
    let (was, now) = (audited(before)?, audited(&after)?);
    if was == now {
        return Ok(before.clone());
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now());
    check_axes_are_free(tx, before, &after)?;
    if before.is_public() && !after.is_public() {
        let objections = tx.objections(Removal::Hiding(PROGRAMS, &before.id))?;
        violations_of(objections).done().map_err(WriteError::NotNow)?;
    }
    diesel::update(action_program::table.filter(action_program::id.eq(after.id.as_str())))
        .set((Row::of(&after)?, Derived::of(&after.facts)))
        .execute(tx.conn)?;
    if before.facts.axes != after.facts.axes {
        write_axes(tx.conn, &after.id, &before.facts.axes, &after.facts.axes)?;
    }
    if before.facts.commitments != after.facts.commitments {
        let own = action_program_commitment::program_id.eq(after.id.as_str());
        diesel::delete(action_program_commitment::table.filter(own)).execute(tx.conn)?;
        write_commitments(tx.conn, &after.id, &after.facts.commitments)?;
    }
    if before.stage != after.stage {
        keep_phase(tx.conn, &after)?;
    }
    if before.deadlines() != after.deadlines() {
        let own = action_program_deadline::program_id.eq(after.id.as_str());
        diesel::delete(action_program_deadline::table.filter(own)).execute(tx.conn)?;
        write_deadlines(tx.conn, &after)?;
    }
    let operation = Operation::between(before.is_public(), after.is_public());
    let change = Change { kind: PROGRAMS, id: after.id.clone(), operation, version: after.version };
    tx.record(change, Some(was), Some(now));
    if before.is_public() != after.is_public() {
        let (of, is_public) = ((PROGRAMS, &after.id), after.is_public());
        tx.call_hooks(|hooks, tx| hooks.visibility_changed(tx, of, is_public))?;
    }
    Ok(after)
}

/// Updates the column `phase` of a programme's projects, which follows from the programme's stage and their milestones.
fn keep_phase(conn: &mut Conn, program: &Program) -> Result<(), StoreError> {
    let own = project::program_id.eq(program.id.as_str());
    let is_complete = project::milestones_total.gt(0_i64).and(project::milestones_done.eq(project::milestones_total));
    let (complete, open) = match program.stage {
        Stage::Cancelled => (ProjectPhase::Cancelled, ProjectPhase::Cancelled),
        _ => (ProjectPhase::Complete, ProjectPhase::Open),
    };
    // Apart: at no moment may a complete project be open.
    diesel::update(project::table.filter(own.and(is_complete)))
        .set(project::phase.eq(complete.as_str()))
        .execute(conn)?;
    diesel::update(project::table.filter(own.and(not(is_complete))))
        .set(project::phase.eq(open.as_str()))
        .execute(conn)?;
    Ok(())
}

/// Writes a move of a [`lock`]ed programme and returns what it has become.
///
/// # Errors
/// The database's.
pub fn move_to(tx: &mut Tx<'_>, before: &Program, after: Program, moved: &Moved) -> Result<Program, WriteError> {
    let own = action_program_move::table.filter(action_program_move::program_id.eq(before.id.as_str()));
    let position: i64 = own.count().get_result(tx.conn)?;
    let row = MoveRow::of(&before.id, position + 1, moved);
    diesel::insert_into(action_program_move::table).values(row).execute(tx.conn)?;
    update(tx, before, after)
}

/// Deletes a [`lock`]ed programme with its projects and milestones. The feed keeps its tombstone.
///
/// # Errors
/// [`WriteError::NotNow`] for one that has left the stage `draft`, or that others have a part in: it is given up instead,
/// and stays visible.
pub fn delete(tx: &mut Tx<'_>, gone: &Program) -> Result<(), WriteError> {
    let of = (PROGRAMS, &gone.id);
    let mut reasons = violations_of(tx.objections(Removal::Deletion(PROGRAMS, &gone.id))?);
    if gone.stage != Stage::Draft {
        let detail = format!("The programme is in {}; it can be moved to cancelled.", gone.stage.as_str());
        reasons.add("", "not_a_draft", detail);
    }
    reasons.done().map_err(WriteError::NotNow)?;
    tx.call_hooks(|hooks, tx| hooks.before_deletion(tx, of))?;
    let before = audited(gone)?;
    diesel::delete(action_program::table.filter(action_program::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    let (id, version) = (gone.id.clone(), gone.version + 1);
    let change = Change { kind: PROGRAMS, id, operation: Operation::Deleted, version };
    tx.record(change, Some(before), None);
    Ok(())
}

/// The objections to deleting or hiding a programme as violations. Each says what can be done instead.
fn violations_of(objections: Objections) -> Violations {
    let mut found = Violations::default();
    for Objection { code, detail } in objections.reasons {
        found.add("", code, format!("{detail} It can be moved to cancelled, and stays visible."));
    }
    found
}

/// Refuses to remove an axis that something else names: a project, or a resource of an upper room.
fn check_axes_are_free(tx: &mut Tx<'_>, before: &Program, after: &Program) -> Result<(), WriteError> {
    let mut reasons = Violations::default();
    for gone in before.facts.axes.iter().filter(|axis| after.facts.axes.iter().all(|other| other.id != axis.id)) {
        for Objection { code, detail } in tx.objections(Removal::Axis(&gone.id))?.reasons {
            reasons.add("/axes", code, format!("Axis {}: {detail}", gone.id));
        }
    }
    reasons.done().map_err(WriteError::NotNow)
}

/// A programme as the audit keeps it.
fn audited(program: &Program) -> Result<Value, StoreError> {
    let mut value = json::value(&Row::of(program)?)?;
    if let Some(columns) = value.as_object_mut() {
        let axes = program.facts.axes.iter().map(|axis| (&axis.id, &axis.title, &axis.principles));
        columns.insert("axes".to_owned(), json::value(&axes.collect::<Vec<_>>())?);
        columns.insert("commitments".to_owned(), json::value(&program.facts.commitments)?);
    }
    Ok(value)
}

#[derive(Insertable)]
#[diesel(table_name = action_program_axis, treat_none_as_default_value = false)]
struct AxisRow {
    id: String,
    program_id: String,
    position: i64,
    title: String,
}

#[derive(Insertable)]
#[diesel(table_name = action_program_axis_principle, treat_none_as_default_value = false)]
struct PrincipleRow {
    program_id: String,
    axis_id: String,
    principle: String,
}

#[derive(Insertable)]
#[diesel(table_name = action_program_commitment, treat_none_as_default_value = false)]
struct CommitmentRow {
    program_id: String,
    commitment: String,
}

/// Makes the axes of a programme what they shall be. Those that stay keep their rows: projects refer to them.
fn write_axes(conn: &mut Conn, program_id: &Identifier, before: &[Axis], after: &[Axis]) -> Result<(), StoreError> {
    let former: Vec<&str> = before.iter().map(|axis| axis.id.as_str()).collect();
    let kept: Vec<&str> = after.iter().map(|axis| axis.id.as_str()).collect();
    let gone: Vec<&str> = former.iter().copied().filter(|id| !kept.contains(id)).collect();
    diesel::delete(action_program_axis::table.filter(action_program_axis::id.eq_any(gone))).execute(conn)?;
    let principles = action_program_axis_principle::axis_id.eq_any(former.iter().copied());
    diesel::delete(action_program_axis_principle::table.filter(principles)).execute(conn)?;
    // Out of the way of each other first: a position is there once.
    let own = action_program_axis::table.filter(action_program_axis::program_id.eq(program_id.as_str()));
    diesel::update(own)
        .set(action_program_axis::position.eq(action_program_axis::position + 1_000_i64))
        .execute(conn)?;
    for (position, axis) in (1..).zip(after) {
        let title = json::write(&axis.title)?;
        if former.contains(&axis.id.as_str()) {
            diesel::update(action_program_axis::table.filter(action_program_axis::id.eq(axis.id.as_str())))
                .set((action_program_axis::position.eq(position), action_program_axis::title.eq(title)))
                .execute(conn)?;
        } else {
            let (id, program_id) = (axis.id.clone(), program_id.to_owned());
            let row = AxisRow { id: id.into_string(), program_id: program_id.into_string(), position, title };
            diesel::insert_into(action_program_axis::table).values(row).execute(conn)?;
        }
    }
    let principle = |(axis, principle): (&Axis, &String)| PrincipleRow {
        program_id: program_id.to_string(),
        axis_id: axis.id.to_string(),
        principle: principle.clone(),
    };
    let pairs = after.iter().flat_map(|axis| axis.principles.iter().map(move |principle| (axis, principle)));
    let rows: Vec<PrincipleRow> = pairs.map(principle).collect();
    batch_insert!(conn, action_program_axis_principle::table, &rows);
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = action_program_deadline, treat_none_as_default_value = false)]
struct DeadlineRow {
    program_id: String,
    what: &'static str,
    last_on: NaiveDate,
}

fn write_deadlines(conn: &mut Conn, program: &Program) -> Result<(), StoreError> {
    let row = |(what, last_on): (Deadline, NaiveDate)| DeadlineRow {
        program_id: program.id.to_string(),
        what: what.as_str(),
        last_on,
    };
    let rows: Vec<DeadlineRow> = program.deadlines().into_iter().map(row).collect();
    batch_insert!(conn, action_program_deadline::table, &rows);
    Ok(())
}

fn write_commitments(conn: &mut Conn, program_id: &Identifier, commitments: &[String]) -> Result<(), StoreError> {
    let row =
        |commitment: &String| CommitmentRow { program_id: program_id.to_string(), commitment: commitment.clone() };
    let rows: Vec<CommitmentRow> = commitments.iter().map(row).collect();
    batch_insert!(conn, action_program_commitment::table, &rows);
    Ok(())
}
