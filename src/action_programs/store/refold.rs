//! Makes the columns that programmes and projects are searched and sorted by anew.

use crate::db::prelude::*;

use super::{
    Derived, Row, columns, completed, owned,
    projects::{ProjectDerived, every_project},
};
use crate::db::{
    CHUNK, StoreError, Tx,
    schema::{action_program, project},
};

/// Makes the columns anew, as texts are folded now.
///
/// # Errors
/// The database's.
pub fn refold(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    Ok(refold_programs(tx)? + refold_projects(tx)?)
}

fn refold_programs(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let limit = i64::try_from(CHUNK).map_err(StoreError::corrupt)?;
    let (mut touched, mut after) = (0, String::new());
    loop {
        let behind = owned().select(columns()).filter(action_program::id.gt(&after)).order(action_program::id);
        let rows: Vec<(Row, String)> = behind.limit(limit).load(tx.conn)?;
        let Some((last, _)) = rows.last() else { return Ok(touched) };
        after.clone_from(&last.id);
        touched += rows.len();
        for found in completed(tx.conn, rows)? {
            diesel::update(action_program::table.filter(action_program::id.eq(found.id.as_str())))
                .set(Derived::of(&found.facts))
                .execute(tx.conn)?;
        }
    }
}

fn refold_projects(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let (mut touched, mut after) = (0, String::new());
    loop {
        let projects = every_project(tx.conn, &after, CHUNK)?;
        let Some(last) = projects.last() else { return Ok(touched) };
        after = last.id.to_string();
        touched += projects.len();
        for found in projects {
            diesel::update(project::table.filter(project::id.eq(found.id.as_str())))
                .set(ProjectDerived::of(&found.facts))
                .execute(tx.conn)?;
        }
    }
}
