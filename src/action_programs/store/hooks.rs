//! What programmes and their projects do when something happens to members and territories, and to each other.

use diesel::dsl::count_star;
use serde_json::{Value, json};

use super::{MILESTONES, PROGRAMS, PROJECTS, write::take_turn};
use crate::{
    db::{
        Change, Conn, Hooks, Objection, Objections, Of, Operation, StoreError, Tx,
        prelude::*,
        schema::{action_program, action_program_move, member, milestone, project, territory},
    },
    kernel::{id::Identifier, kind::Kind},
};

/// The hooks of action programmes.
#[derive(Debug)]
pub struct ProgramHooks;

impl Hooks for ProgramHooks {
    fn object_to_hiding(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let own = action_program_move::program_id.eq(id.as_str());
        let moves: i64 = action_program_move::table.filter(own).count().get_result(conn)?;
        let detail = |moves| format!("{moves} moves stand in its history.");
        objections.add(Objection::of_count("has_moved", moves, detail));
        Ok(())
    }

    fn object_to_deletion(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        match of {
            (Kind::ActionPrograms, _) => self.object_to_hiding(conn, of, objections),
            (Kind::Members, id) => {
                let found: Vec<(String, i64)> = action_program::table
                    .filter(action_program::member_id.eq(id.as_str()))
                    .group_by(action_program::publication)
                    .select((action_program::publication, count_star()))
                    .load(conn)?;
                let published = objections.count_published(found);
                let detail = |count| format!("The member has {count} action programmes.");
                objections.add(Objection::of_count("has_programs", published, detail));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn object_to_axis_removal(
        &self,
        conn: &mut Conn,
        axis_id: &Identifier,
        objections: &mut Objections,
    ) -> Result<(), StoreError> {
        let own = project::table.filter(project::axis_id.eq(axis_id.as_str()));
        let detail = |count| format!("{count} projects belong to the axis {axis_id}.");
        objections.add(Objection::of_count("axis_in_use", own.count().get_result(conn)?, detail));
        Ok(())
    }

    fn before_deletion(&self, tx: &mut Tx<'_>, of: Of<'_>) -> Result<(), StoreError> {
        let (projects, milestones): (Vec<String>, Vec<String>) = match of {
            (Kind::ActionPrograms, id) => {
                let projects = project::table.filter(project::program_id.eq(id.as_str())).select(project::id);
                let milestones = milestone::table.filter(milestone::project_id.eq_any(projects));
                (projects.load(tx.conn)?, milestones.select(milestone::id).load(tx.conn)?)
            }
            (Kind::Projects, id) => {
                let milestones = milestone::table.filter(milestone::project_id.eq(id.as_str()));
                (Vec::new(), milestones.select(milestone::id).load(tx.conn)?)
            }
            _ => return Ok(()),
        };
        tx.touched_all(PROJECTS, projects.into_iter().map(Identifier::stored));
        tx.touched_all(MILESTONES, milestones.into_iter().map(Identifier::stored));
        Ok(())
    }

    fn visibility_changed(&self, tx: &mut Tx<'_>, of: Of<'_>, is_public: bool) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let (own, now) = (project::table.filter(project::program_id.eq(id.as_str())), tx.now().naive_utc());
        let projects: Vec<String> = diesel::update(own)
            .set((project::is_public.eq(is_public), project::updated_at.eq(now)))
            .returning(project::id)
            .load(tx.conn)?;
        let milestones: Vec<String> =
            diesel::update(milestone::table.filter(milestone::project_id.eq_any(own.select(project::id))))
                .set(milestone::updated_at.eq(now))
                .returning(milestone::id)
                .load(tx.conn)?;
        tx.touched_all(PROJECTS, projects.into_iter().map(Identifier::stored));
        tx.touched_all(MILESTONES, milestones.into_iter().map(Identifier::stored));
        Ok(())
    }

    fn territories_changed(&self, tx: &mut Tx<'_>, codes: &[&str]) -> Result<(), StoreError> {
        let moved: Vec<(String, String)> = member::table
            .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
            .inner_join(action_program::table.on(action_program::member_id.eq(member::id)))
            .filter(member::territory_code.eq_any(codes.iter().copied()))
            .filter(action_program::region_code.ne(territory::region_code))
            .select((member::id, territory::region_code))
            .distinct()
            .load(tx.conn)?;
        if !moved.is_empty() {
            take_turn(tx)?;
        }
        let now = tx.now().naive_utc();
        for (member_id, region) in &moved {
            move_programs(tx, member_id, region, now)?;
            move_projects(tx, member_id, region, now)?;
        }
        Ok(())
    }
}

/// Gives rows of a table the region in which their member is now, and notes a change of each. The table has the columns `id`,
/// `version`, `updated_at`, `member_id` and `region_code`.
macro_rules! move_to_region {
    ($name:ident, $table:ident, $kind:expr) => {
        fn $name(tx: &mut Tx<'_>, member_id: &str, region: &str, now: chrono::NaiveDateTime) -> Result<(), StoreError> {
            let moved: Vec<(String, i64)> = diesel::update($table::table.filter($table::member_id.eq(member_id)))
                .set((
                    $table::region_code.eq(region),
                    $table::version.eq($table::version + 1),
                    $table::updated_at.eq(now),
                ))
                .returning(($table::id, $table::version))
                .load(tx.conn)?;
            $crate::action_programs::note_moved(tx, $kind, moved, region)
        }
    };
}
pub(crate) use move_to_region;

move_to_region!(move_programs, action_program, PROGRAMS);
move_to_region!(move_projects, project, PROJECTS);

/// Notes that resources, given by id and version, came to lie in another region.
///
/// # Errors
/// The database's.
pub fn note_moved(tx: &mut Tx<'_>, kind: Kind, moved: Vec<(String, i64)>, region: &str) -> Result<(), StoreError> {
    let values: (Value, Value) = (json!({}), json!({"region_code": region}));
    for (id, version) in moved {
        let change = Change { kind, id: Identifier::stored(id), operation: Operation::Updated, version };
        tx.record_row(change, || Ok((Some(values.0.clone()), Some(values.1.clone()))))?;
    }
    Ok(())
}
