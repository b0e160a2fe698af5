//! What programmes and their projects do when something happens to members and territories, and to each other.

use diesel::dsl::count_star;
use serde_json::json;

use super::{MILESTONES, PROGRAMS, PROJECTS};
use crate::{
    db::{
        Change, Conn, Hooks, Objections, Operation, Removal, ResourceRef, StoreError, Tx,
        prelude::*,
        schema::{action_program, action_program_move, member, milestone, project, territory},
    },
    kernel::{id::Identifier, kind::Kind},
};

/// Copies the regions of territories to the rows of a table, where they differ, and notes a change of each row. The rows belong to
/// members that are seated on these territories: the table has the columns `id`, `version`, `updated_at`, `member_id` and
/// `region_code`.
macro_rules! copy_region {
    ($tx:expr, $codes:expr, $table:ident, $kind:expr) => {
        let moved: Vec<(String, String)> = member::table
            .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
            .inner_join($table::table.on($table::member_id.nullable().eq(member::id.nullable())))
            .filter(member::territory_code.eq_any($codes.iter().copied()))
            .filter($table::region_code.nullable().ne(territory::region_code.nullable()))
            .select((member::id, territory::region_code))
            .distinct()
            .load($tx.conn)?;
        if !moved.is_empty() {
            $crate::action_programs::take_turn($tx)?;
        }
        for (member_id, region) in moved {
            let rows: Vec<(String, i64)> = diesel::update($table::table.filter($table::member_id.eq(member_id)))
                .set((
                    $table::region_code.eq(&region),
                    $table::version.eq($table::version + 1),
                    $table::updated_at.eq($tx.now().naive_utc()),
                ))
                .returning(($table::id, $table::version))
                .load($tx.conn)?;
            $crate::action_programs::note_region($tx, $kind, rows, &region)?;
        }
    };
}
pub(crate) use copy_region;

/// The hooks of action programmes.
#[derive(Debug)]
pub struct ProgramHooks;

impl Hooks for ProgramHooks {
    fn object(&self, conn: &mut Conn, to: Removal<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (code, count, detail) = match to {
            Removal::Hiding(Kind::ActionPrograms, id) | Removal::Deletion(Kind::ActionPrograms, id) => {
                let own = action_program_move::table.filter(action_program_move::program_id.eq(id.as_str()));
                ("has_moved", own.count().get_result(conn)?, "moves stand in its history.")
            }
            Removal::Deletion(Kind::Members, id) => {
                let own = action_program::table.filter(action_program::member_id.eq(id.as_str()));
                let counts =
                    own.group_by(action_program::publication).select((action_program::publication, count_star()));
                let published = objections.count_published(counts.load(conn)?);
                ("has_programs", published, "action programmes belong to the member.")
            }
            Removal::Axis(id) => {
                let own = project::table.filter(project::axis_id.eq(id.as_str()));
                ("axis_in_use", own.count().get_result(conn)?, "projects belong to the axis.")
            }
            _ => return Ok(()),
        };
        objections.add(code, count, detail);
        Ok(())
    }

    fn before_deletion(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>) -> Result<(), StoreError> {
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

    fn visibility_changed(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>, is_public: bool) -> Result<(), StoreError> {
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
        copy_region!(tx, codes, action_program, PROGRAMS);
        copy_region!(tx, codes, project, PROJECTS);
        Ok(())
    }
}

/// Notes that resources, given by id and version, lie in another region now.
///
/// # Errors
/// The database's.
pub fn note_region(tx: &mut Tx<'_>, kind: Kind, rows: Vec<(String, i64)>, region: &str) -> Result<(), StoreError> {
    for (id, version) in rows {
        let change = Change { kind, id: Identifier::stored(id), operation: Operation::Updated, version };
        tx.record_row(change, || Ok((Some(json!({})), Some(json!({"region_code": region})))))?;
    }
    Ok(())
}
