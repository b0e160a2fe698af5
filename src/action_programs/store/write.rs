//! Writing programmes. A change writes the whole row, its axes and commitments as far as they differ, and leaves its traces
//! in audit and, as far as it is published, in the feed.

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::not;
use serde_json::{Value, json};

use super::{
    super::rules::{Address, Axis, Deadline, Facts, Moved, Other, Owner, Program, ProjectPhase, Publication, Stage},
    Derived, MILESTONES, MoveRow, PROGRAMS, PROJECTS, Row, find, other_implementations,
};
use crate::{
    db::{
        Change, Conn, Operation, StoreError, Turn, Tx, WriteError, batch_insert, in_pieces, json,
        schema::{
            action_program, action_program_axis, action_program_axis_principle, action_program_commitment,
            action_program_deadline, action_program_move, consultation, contribution, evaluation, indicator,
            measurement, member, milestone, project, territory,
        },
    },
    kernel::{
        audit::Collection,
        id::{Identifier, new_id},
        violation::{Violation, Violations},
    },
    territories::Code,
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
    let change = Change { resource: PROGRAMS, id: new.id.clone(), operation: Operation::Created, version: 1 };
    let after = audited(&new)?;
    tx.record_if(new.is_public(), change, None, Some(after));
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
    check_axes_are_free(tx.conn, before, &after)?;
    if before.is_public() && !after.is_public() {
        parts_of_others(tx.conn, &before.id)?.done().map_err(WriteError::NotNow)?;
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
    if (before.publication, before.stage) != (after.publication, after.stage) {
        keep_standing(tx.conn, &after)?;
    }
    if before.deadlines() != after.deadlines() {
        let own = action_program_deadline::program_id.eq(after.id.as_str());
        diesel::delete(action_program_deadline::table.filter(own)).execute(tx.conn)?;
        write_deadlines(tx.conn, &after)?;
    }
    let operation = match (before.publication, after.publication) {
        (Publication::Draft, Publication::Published) => Operation::Created,
        (Publication::Published, Publication::Draft) => Operation::Unpublished,
        _ => Operation::Updated,
    };
    let change = Change { resource: PROGRAMS, id: after.id.clone(), operation, version: after.version };
    tx.record_if(before.is_public() || after.is_public(), change, Some(was), Some(now));
    if operation != Operation::Updated {
        announce_parts(tx, &after.id, operation)?;
    }
    Ok(after)
}

/// Keeps up to date what projects show of their programme, and whether projects, consultations, indicators and measurements are
/// public with it. Contributions and evaluations ask their programme themselves.
fn keep_standing(conn: &mut Conn, program: &Program) -> Result<(), StoreError> {
    let own = project::program_id.eq(program.id.as_str());
    let is_complete = project::milestones_total.gt(0_i64).and(project::milestones_done.eq(project::milestones_total));
    let phase = |phase: ProjectPhase| (project::is_public.eq(program.is_public()), project::phase.eq(phase.as_str()));
    let (complete, open) = match program.stage {
        Stage::Cancelled => (ProjectPhase::Cancelled, ProjectPhase::Cancelled),
        _ => (ProjectPhase::Complete, ProjectPhase::Open),
    };
    // Apart: at no moment may a complete project be open.
    diesel::update(project::table.filter(own.and(is_complete))).set(phase(complete)).execute(conn)?;
    diesel::update(project::table.filter(own.and(not(is_complete)))).set(phase(open)).execute(conn)?;
    diesel::update(consultation::table.filter(consultation::program_id.eq(program.id.as_str())))
        .set(consultation::is_public.eq(program.is_public()))
        .execute(conn)?;
    let own = indicator::program_id.eq(program.id.as_str()).and(indicator::publication.eq("published"));
    diesel::update(indicator::table.filter(own)).set(indicator::is_public.eq(program.is_public())).execute(conn)?;
    let own = indicator::table.filter(own).select(indicator::id);
    let approved = measurement::indicator_id.eq_any(own).and(measurement::approved_at.is_not_null());
    diesel::update(measurement::table.filter(approved))
        .set(measurement::is_public.eq(program.is_public()))
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
    let mut reasons = parts_of_others(tx.conn, &gone.id)?;
    let indicators: i64 =
        indicator::table.filter(indicator::program_id.eq(gone.id.as_str())).count().get_result(tx.conn)?;
    if indicators > 0 {
        reasons.add("", "has_indicators", format!("{indicators} indicators are of it; delete them first."));
    }
    if gone.stage != Stage::Draft {
        let detail = format!("The programme is in {}; it can be moved to cancelled.", gone.stage.as_str());
        reasons.add("", "not_a_draft", detail);
    }
    reasons.done().map_err(WriteError::NotNow)?;
    if gone.is_public() {
        announce_parts(tx, &gone.id, Operation::Deleted)?;
    }
    let before = audited(gone)?;
    diesel::delete(action_program::table.filter(action_program::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    let (id, version) = (gone.id.clone(), gone.version + 1);
    let change = Change { resource: PROGRAMS, id, operation: Operation::Deleted, version };
    tx.record_if(gone.is_public(), change, Some(before), None);
    Ok(())
}

/// What others have said and done about a programme, which is not taken back by who wrote it: its moves, what the public
/// contributed, and what evaluators found.
fn parts_of_others(conn: &mut Conn, id: &Identifier) -> Result<Violations, StoreError> {
    let ideas: i64 = contribution::table
        .inner_join(consultation::table.on(consultation::id.eq(contribution::consultation_id)))
        .filter(consultation::program_id.eq(id.as_str()))
        .count()
        .get_result(conn)?;
    let evaluations: i64 = evaluation::table.filter(evaluation::program_id.eq(id.as_str())).count().get_result(conn)?;
    let measured: i64 = measurement::table
        .inner_join(indicator::table.on(indicator::id.eq(measurement::indicator_id)))
        .filter(indicator::program_id.eq(id.as_str()).and(measurement::approved_at.is_not_null()))
        .count()
        .get_result(conn)?;
    let own = action_program_move::program_id.eq(id.as_str());
    let moves: i64 = action_program_move::table.filter(own).count().get_result(conn)?;
    let mut found = Violations::default();
    for (code, count, what) in [
        ("has_contributions", ideas, "contributions were sent to it"),
        ("has_evaluations", evaluations, "evaluations are about it"),
        ("has_measurements", measured, "approved values are public"),
        ("has_moved", moves, "moves stand in its history"),
    ] {
        if count > 0 {
            found.add("", code, format!("{count} {what}; it can be moved to cancelled, and stays visible."));
        }
    }
    Ok(found)
}

/// Tells the feed of everything that belongs to a programme that it becomes visible with it, or ceases to be. What becomes
/// visible changes for everybody who asks what changed since.
fn announce_parts(tx: &mut Tx<'_>, program_id: &Identifier, operation: Operation) -> Result<(), StoreError> {
    let projects: Vec<(String, i64)> = project::table
        .filter(project::program_id.eq(program_id.as_str()))
        .order(project::id)
        .select((project::id, project::version))
        .load(tx.conn)?;
    let milestones: Vec<(String, i64)> = milestone::table
        .inner_join(project::table.on(project::id.eq(milestone::project_id)))
        .filter(project::program_id.eq(program_id.as_str()))
        .order(milestone::id)
        .select((milestone::id, milestone::version))
        .load(tx.conn)?;
    let consultations: Vec<(String, i64)> = consultation::table
        .filter(consultation::program_id.eq(program_id.as_str()))
        .order(consultation::id)
        .select((consultation::id, consultation::version))
        .load(tx.conn)?;
    let contributions: Vec<(String, i64)> = contribution::table
        .inner_join(consultation::table.on(consultation::id.eq(contribution::consultation_id)))
        .filter(consultation::program_id.eq(program_id.as_str()).and(contribution::moderation.eq("published")))
        .order(contribution::id)
        .select((contribution::id, contribution::version))
        .load(tx.conn)?;
    let evaluations: Vec<(String, i64)> = evaluation::table
        .filter(evaluation::program_id.eq(program_id.as_str()).and(evaluation::publication.eq("published")))
        .order(evaluation::id)
        .select((evaluation::id, evaluation::version))
        .load(tx.conn)?;
    let indicators: Vec<(String, i64)> = indicator::table
        .filter(indicator::program_id.eq(program_id.as_str()).and(indicator::publication.eq("published")))
        .order(indicator::id)
        .select((indicator::id, indicator::version))
        .load(tx.conn)?;
    let measurements: Vec<(String, i64)> = measurement::table
        .inner_join(indicator::table.on(indicator::id.eq(measurement::indicator_id)))
        .filter(indicator::program_id.eq(program_id.as_str()).and(indicator::publication.eq("published")))
        .filter(measurement::approved_at.is_not_null())
        .order(measurement::id)
        .select((measurement::id, measurement::version))
        .load(tx.conn)?;
    let parts = [
        (PROJECTS, projects),
        (MILESTONES, milestones),
        (Collection::Consultations, consultations),
        (Collection::Contributions, contributions),
        (Collection::Evaluations, evaluations),
        (Collection::Indicators, indicators),
        (Collection::Measurements, measurements),
    ];
    if operation == Operation::Created {
        touch_parts(tx.conn, program_id, tx.now().naive_utc())?;
    }
    // A tombstone is one version later than what it is about.
    let later = i64::from(operation == Operation::Deleted);
    for (resource, found) in parts {
        for (id, version) in found {
            let version = version + later;
            tx.record_part(Change { resource, id: Identifier::stored(id), operation, version });
        }
    }
    Ok(())
}

/// Says of everything that belongs to a programme that it changed at a moment.
fn touch_parts(conn: &mut Conn, program_id: &Identifier, now: NaiveDateTime) -> Result<(), StoreError> {
    let projects = || project::table.filter(project::program_id.eq(program_id.as_str()));
    let rounds = || consultation::table.filter(consultation::program_id.eq(program_id.as_str()));
    diesel::update(projects()).set(project::updated_at.eq(now)).execute(conn)?;
    diesel::update(milestone::table.filter(milestone::project_id.eq_any(projects().select(project::id))))
        .set(milestone::updated_at.eq(now))
        .execute(conn)?;
    diesel::update(rounds()).set(consultation::updated_at.eq(now)).execute(conn)?;
    let ideas = contribution::consultation_id.eq_any(rounds().select(consultation::id));
    diesel::update(contribution::table.filter(ideas)).set(contribution::updated_at.eq(now)).execute(conn)?;
    diesel::update(indicator::table.filter(indicator::program_id.eq(program_id.as_str())))
        .set(indicator::updated_at.eq(now))
        .execute(conn)?;
    let indicators = indicator::table.filter(indicator::program_id.eq(program_id.as_str())).select(indicator::id);
    let approved = measurement::indicator_id.eq_any(indicators).and(measurement::approved_at.is_not_null());
    diesel::update(measurement::table.filter(approved)).set(measurement::updated_at.eq(now)).execute(conn)?;
    diesel::update(evaluation::table.filter(evaluation::program_id.eq(program_id.as_str())))
        .set(evaluation::updated_at.eq(now))
        .execute(conn)?;
    Ok(())
}

/// Refuses to take away an axis that a project or a contribution names.
fn check_axes_are_free(conn: &mut Conn, before: &Program, after: &Program) -> Result<(), WriteError> {
    let mut reasons = Violations::default();
    for gone in before.facts.axes.iter().filter(|axis| after.facts.axes.iter().all(|other| other.id != axis.id)) {
        let projects: i64 = project::table.filter(project::axis_id.eq(gone.id.as_str())).count().get_result(conn)?;
        let ideas: i64 =
            contribution::table.filter(contribution::axis_id.eq(gone.id.as_str())).count().get_result(conn)?;
        if projects + ideas > 0 {
            let detail = format!("{projects} projects and {ideas} contributions belong to the axis {}.", gone.id);
            reasons.add("/axes", "axis_in_use", detail);
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

/// Gives programmes, projects, consultations and indicators the region of their members again, where a territory has come to lie in another one, and
/// notes a change of each; returns how many.
///
/// # Errors
/// The database's.
pub fn follow(tx: &mut Tx<'_>, codes: &[Code]) -> Result<usize, StoreError> {
    let moved: Vec<(String, String)> = in_pieces(tx.conn, codes, |conn, codes| {
        Ok(member::table
            .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
            .inner_join(action_program::table.on(action_program::member_id.eq(member::id)))
            .filter(member::territory_code.eq_any(codes.iter().map(Code::as_str)))
            .filter(action_program::region_code.ne(territory::region_code))
            .select((member::id, territory::region_code))
            .distinct()
            .load(conn)?)
    })?;
    let measured: Vec<(String, String)> = in_pieces(tx.conn, codes, |conn, codes| {
        Ok(member::table
            .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
            .inner_join(indicator::table.on(indicator::member_id.eq(member::id.nullable())))
            .filter(member::territory_code.eq_any(codes.iter().map(Code::as_str)))
            .filter(indicator::region_code.ne(territory::region_code.nullable()))
            .select((member::id, territory::region_code))
            .distinct()
            .load(conn)?)
    })?;
    if moved.is_empty() && measured.is_empty() {
        return Ok(0);
    }
    take_turn(tx)?;
    let now = tx.now().naive_utc();
    let mut followed = 0;
    for (member_id, region) in &measured {
        followed += follow_indicators(tx, member_id, region, now)?;
    }
    for (member_id, region) in &moved {
        followed += follow_programs(tx, member_id, region, now)?;
        followed += follow_projects(tx, member_id, region, now)?;
        followed += follow_consultations(tx, member_id, region, now)?;
    }
    Ok(followed)
}

fn follow_indicators(tx: &mut Tx<'_>, member_id: &str, region: &str, now: NaiveDateTime) -> Result<usize, StoreError> {
    let own = indicator::table.filter(indicator::member_id.eq(member_id));
    diesel::update(own)
        .set((
            indicator::region_code.eq(region),
            indicator::version.eq(indicator::version + 1),
            indicator::updated_at.eq(now),
        ))
        .execute(tx.conn)?;
    let public: Vec<(String, i64)> = own
        .filter(indicator::is_public.eq(true))
        .order(indicator::id)
        .select((indicator::id, indicator::version))
        .load(tx.conn)?;
    for (id, version) in &public {
        let (id, version) = (Identifier::stored(id.clone()), *version);
        let change = Change { resource: Collection::Indicators, id, operation: Operation::Updated, version };
        tx.record_row(true, change, || Ok(moved_to(region)))?;
    }
    Ok(public.len())
}

/// What the audit says of what follows its member to another region.
fn moved_to(region: &str) -> (Option<Value>, Option<Value>) {
    (Some(json!({})), Some(json!({"region_code": region})))
}

macro_rules! follow_region {
    ($name:ident, $table:ident, $resource:expr, $public:expr) => {
        fn $name(tx: &mut Tx<'_>, member_id: &str, region: &str, now: NaiveDateTime) -> Result<usize, StoreError> {
            let own = $table::table.filter($table::member_id.eq(member_id));
            diesel::update(own)
                .set((
                    $table::region_code.eq(region),
                    $table::version.eq($table::version + 1),
                    $table::updated_at.eq(now),
                ))
                .execute(tx.conn)?;
            let public: Vec<(String, i64)> = $public
                .filter($table::member_id.eq(member_id))
                .filter(action_program::publication.eq("published"))
                .order($table::id)
                .select(($table::id, $table::version))
                .load(tx.conn)?;
            for (id, version) in &public {
                let (id, version) = (Identifier::stored(id.clone()), *version);
                let change = Change { resource: $resource, id, operation: Operation::Updated, version };
                tx.record_row(true, change, || Ok(moved_to(region)))?;
            }
            Ok(public.len())
        }
    };
}
follow_region!(follow_programs, action_program, PROGRAMS, action_program::table);
follow_region!(
    follow_projects,
    project,
    PROJECTS,
    project::table.inner_join(action_program::table.on(action_program::id.eq(project::program_id)))
);
follow_region!(
    follow_consultations,
    consultation,
    Collection::Consultations,
    consultation::table.inner_join(action_program::table.on(action_program::id.eq(consultation::program_id)))
);
