//! Programmes that are loaded: with their projects, milestones and history as they are, many at a time.

use crate::db::prelude::*;

use super::{
    super::rules::{Owner, Program, ProjectTally, Seed, SeedProject},
    MILESTONES, MoveRow, PROGRAMS, PROJECTS,
    project_write::{new_milestone, new_project},
    projects::{MilestoneRow, ProjectDerived, ProjectRow},
    write::insert,
};
use crate::{
    db::{
        Conn, StoreError, Tx, batch_insert,
        schema::{action_program, action_program_move, member, milestone, project, territory},
    },
    kernel::id::{Identifier, Slug, new_id},
    territories::Code,
};

/// Every member that has joined, in the order of their slugs: whose programmes can be.
///
/// # Errors
/// The database's.
pub fn owners(conn: &mut Conn) -> Result<Vec<Owner>, StoreError> {
    let rows: Vec<(String, String, String)> = member::table
        .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
        .filter(member::status.eq_any(["active", "suspended"]))
        .order(member::slug)
        .select((member::id, member::slug, territory::region_code))
        .load(conn)?;
    let owner = |(id, slug, region): (String, String, String)| {
        let (slug, region_code) = (Slug::try_from(slug), Code::try_from(region));
        let (slug, region_code) = (slug.map_err(StoreError::corrupt)?, region_code.map_err(StoreError::corrupt)?);
        Ok(Owner { id: Identifier::stored(id), slug, region_code })
    };
    rows.into_iter().map(owner).collect()
}

/// Adds the programmes whose member has none in that cycle, with all that belongs to them, and returns how many.
///
/// # Errors
/// The database's.
pub fn seed(tx: &mut Tx<'_>, seeds: Vec<Seed>) -> Result<usize, StoreError> {
    let taken: Vec<(String, i64)> =
        action_program::table.select((action_program::member_id, action_program::cycle)).load(tx.conn)?;
    let is_new = |seed: &Seed| {
        let key = (seed.owner.id.as_str(), seed.cycle);
        !taken.iter().any(|(member, cycle)| (member.as_str(), *cycle) == key)
    };
    let (mut added, mut moves, mut projects, mut milestones) = (0, Vec::new(), Vec::new(), Vec::new());
    for seed in seeds.into_iter().filter(is_new) {
        let program = program(tx, &seed)?;
        insert(tx, &program)?;
        moves.extend((1..).zip(&seed.moves).map(|(position, moved)| MoveRow::of(&program.id, position, moved)));
        tx.touched(PROGRAMS, program.id.clone());
        for SeedProject { code, facts, milestones: steps } in seed.projects {
            let days: Vec<_> = steps.iter().map(|step| (step.due_on, step.done_on)).collect();
            let tally = ProjectTally::of(&days, facts.ends_on);
            let project = new_project(tx, &program, code, (facts, tally));
            tx.touched(PROJECTS, project.id.clone());
            for step in steps {
                let milestone = new_milestone(tx, &project, step);
                tx.touched(MILESTONES, milestone.id.clone());
                milestones.push(MilestoneRow::of(&milestone)?);
            }
            projects.push((ProjectRow::of(&project)?, ProjectDerived::of(&project.facts)));
        }
        added += 1;
    }
    batch_insert!(tx.conn, action_program_move::table, &moves);
    insert_projects(tx.conn, &projects)?;
    batch_insert!(tx.conn, milestone::table, &milestones);
    Ok(added)
}

/// The programme that a seed grows into.
fn program(tx: &Tx<'_>, seed: &Seed) -> Result<Program, StoreError> {
    Ok(Program {
        id: new_id(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
        slug: seed.slug().map_err(StoreError::corrupt)?,
        owner: seed.owner.clone(),
        cycle: seed.cycle,
        publication: seed.publication,
        stage: seed.stage(),
        stage_since: seed.moves.last().map(|last| last.on),
        reached: seed.reached(),
        facts: seed.facts.clone(),
    })
}

/// How many projects one statement adds: PostgreSQL takes 65,535 values in one.
const PROJECTS_A_STATEMENT: usize = 1_000;

pub(super) fn insert_projects(conn: &mut Conn, rows: &[(ProjectRow, ProjectDerived)]) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => {
            for (row, derived) in rows {
                diesel::insert_into(project::table).values((row, derived)).execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            for rows in rows.chunks(PROJECTS_A_STATEMENT) {
                let rows: Vec<_> = rows.iter().map(|(row, derived)| (row, derived)).collect();
                diesel::insert_into(project::table).values(rows).execute(conn)?;
            }
        }
    }
    Ok(())
}
