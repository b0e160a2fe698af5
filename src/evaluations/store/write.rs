//! Writing evaluations of a programme that is locked. The feed hears of what is published, and of what ceases to be.

use crate::db::prelude::*;
use serde_json::Value;

use super::{
    super::rules::{Author, Evaluation, Facts, Subject},
    EVALUATIONS, Row,
};
use crate::{
    action_programs::{Program, Publication},
    db::{
        Change, Conn, Operation, StoreError, Tx, WriteError, json,
        schema::{evaluation, project},
    },
    kernel::{
        id::{Identifier, new_id},
        violation::Violation,
    },
};

/// Whether a programme has the project with an id.
///
/// # Errors
/// The database's.
pub fn has_project(conn: &mut Conn, program_id: &Identifier, id: &Identifier) -> Result<bool, StoreError> {
    let own = project::table.filter(project::program_id.eq(program_id.as_str()).and(project::id.eq(id.as_str())));
    Ok(own.count().get_result::<i64>(conn)? > 0)
}

/// Adds an evaluation of a programme, which must be locked.
///
/// # Errors
/// [`WriteError::Taken`] where the same author has evaluated the same.
pub fn create(
    tx: &mut Tx<'_>,
    program: &Program,
    (subject, author): (Subject, Author),
    (publication, facts): (Publication, Facts),
) -> Result<Evaluation, WriteError> {
    let new = Evaluation {
        id: new_id(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
        program_id: program.id.clone(),
        program: program.slug.clone(),
        member: program.owner.slug.clone(),
        of_published: program.is_public(),
        subject,
        author,
        facts,
        publication,
    };
    check_is_first(tx.conn, &new)?;
    let row = Row::of(&new)?;
    let after = json::value(&row)?;
    diesel::insert_into(evaluation::table).values(row).execute(tx.conn)?;
    tx.record(change(&new, Operation::Created), None, Some(after));
    Ok(new)
}

/// Refuses a second evaluation of the same by the same author.
fn check_is_first(conn: &mut Conn, new: &Evaluation) -> Result<(), WriteError> {
    let same = evaluation::program_id.eq(new.program_id.as_str()).and(evaluation::kind.eq(new.subject.kind.as_str()));
    let same =
        evaluation::table.filter(same.and(evaluation::voice.eq(new.author.voice.as_str()))).order(evaluation::id);
    let others: Vec<(String, Option<String>, String)> =
        same.select((evaluation::id, evaluation::project_id, evaluation::organisation)).load(conn)?;
    let is_same = |(_, project_id, organisation): &(String, Option<String>, String)| {
        let author = Author { voice: new.author.voice, organisation: organisation.clone() };
        project_id.as_deref() == new.subject.project_id.as_deref() && author.is_same_as(&new.author)
    };
    let Some((id, ..)) = others.into_iter().find(is_same) else { return Ok(()) };
    let (organisation, kind, program) = (&new.author.organisation, new.subject.kind.as_str(), &new.program);
    let detail = format!(
        "{organisation} has said {kind} of it already: change {id} (/api/v1/action-programs/{program}/evaluations/{id})."
    );
    Err(WriteError::Taken(Violation::new("/kind", "already_exists", detail).into()))
}

/// Writes what an evaluation of a locked programme has become and returns it; nothing where nothing differs.
///
/// # Errors
/// The database's.
pub fn update(
    tx: &mut Tx<'_>,
    before: &Evaluation,
    (publication, facts): (Publication, Facts),
) -> Result<Evaluation, StoreError> {
    if (before.publication, &before.facts) == (publication, &facts) {
        return Ok(before.clone());
    }
    let (version, updated_at) = (before.version + 1, tx.now());
    let after = Evaluation { version, updated_at, facts, publication, ..before.clone() };
    let row = Row::of(&after)?;
    let (was, now): (Value, Value) = (json::value(&Row::of(before)?)?, json::value(&row)?);
    diesel::update(evaluation::table.filter(evaluation::id.eq(after.id.as_str()))).set(row).execute(tx.conn)?;
    let operation = Operation::between(before.publication.is_published(), after.publication.is_published());
    tx.record(change(&after, operation), Some(was), Some(now));
    Ok(after)
}

/// Deletes an evaluation of a locked programme. The feed keeps the tombstone of one that was published.
///
/// # Errors
/// The database's.
pub fn delete(tx: &mut Tx<'_>, gone: &Evaluation) -> Result<(), StoreError> {
    diesel::delete(evaluation::table.filter(evaluation::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    let before = json::value(&Row::of(gone)?)?;
    let change = Change { version: gone.version + 1, ..change(gone, Operation::Deleted) };
    tx.record(change, Some(before), None);
    Ok(())
}

fn change(evaluation: &Evaluation, operation: Operation) -> Change {
    Change { kind: EVALUATIONS, id: evaluation.id.clone(), operation, version: evaluation.version }
}
