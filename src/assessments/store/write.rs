//! Writing assessments of a member that is locked. The feed hears of what is published, and of what ceases to be.

use crate::db::prelude::*;
use serde_json::Value;

use super::{
    super::rules::{Assessment, Facts, Subject},
    ASSESSMENTS, Row,
};
use crate::{
    action_programs::Publication,
    assessments::address,
    db::{Change, Conn, Operation, StoreError, Tx, WriteError, json, schema::assessment},
    evaluations::Author,
    kernel::{id::new_id, violation::Violation},
    members::Member,
};

/// Adds an assessment of a member, which must be locked.
///
/// # Errors
/// [`WriteError::Taken`] where the same author has assessed the same.
pub fn create(
    tx: &mut Tx<'_>,
    member: &Member,
    (subject, author): (Subject, Author),
    (publication, facts): (Publication, Facts),
) -> Result<Assessment, WriteError> {
    let new = Assessment {
        id: new_id(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
        member_id: member.id.clone(),
        member: member.slug.clone(),
        subject,
        author,
        facts,
        publication,
    };
    check_is_first(tx.conn, &new)?;
    let row = Row::of(&new)?;
    let after = json::value(&row)?;
    diesel::insert_into(assessment::table).values(row).execute(tx.conn)?;
    tx.record(change(&new, Operation::Created), None, Some(after));
    Ok(new)
}

/// Refuses a second assessment of the same by the same author.
fn check_is_first(conn: &mut Conn, new: &Assessment) -> Result<(), WriteError> {
    let (commitment, year) = (&new.subject.commitment, new.subject.year);
    let same = assessment::member_id.eq(new.member_id.as_str()).and(assessment::commitment.eq(commitment));
    let same = same.and(assessment::year.eq(year)).and(assessment::voice.eq(new.author.voice.as_str()));
    let others: Vec<(String, String)> = assessment::table
        .filter(same)
        .order(assessment::id)
        .select((assessment::id, assessment::organisation))
        .load(conn)?;
    let is_same = |(_, organisation): &(String, String)| {
        Author { voice: new.author.voice, organisation: organisation.clone() }.is_same_as(&new.author)
    };
    let Some((id, _)) = others.into_iter().find(is_same) else { return Ok(()) };
    let (organisation, place) = (&new.author.organisation, address(new.member.as_str(), &id));
    let detail = format!("{organisation} has assessed {commitment} for {year} already: change {id} ({place}).");
    Err(WriteError::Taken(Violation::new("/commitment", "already_exists", detail).into()))
}

/// Writes what an assessment of a locked member has become and returns it; nothing where nothing differs.
///
/// # Errors
/// The database's.
pub fn update(
    tx: &mut Tx<'_>,
    before: &Assessment,
    (publication, facts): (Publication, Facts),
) -> Result<Assessment, StoreError> {
    if (before.publication, &before.facts) == (publication, &facts) {
        return Ok(before.clone());
    }
    let (version, updated_at) = (before.version + 1, tx.now());
    let after = Assessment { version, updated_at, facts, publication, ..before.clone() };
    let row = Row::of(&after)?;
    let (was, now): (Value, Value) = (json::value(&Row::of(before)?)?, json::value(&row)?);
    diesel::update(assessment::table.filter(assessment::id.eq(after.id.as_str()))).set(row).execute(tx.conn)?;
    let operation = Operation::between(before.publication.is_published(), after.publication.is_published());
    tx.record(change(&after, operation), Some(was), Some(now));
    Ok(after)
}

/// Deletes an assessment of a locked member. The feed keeps the tombstone of one that was published.
///
/// # Errors
/// The database's.
pub fn delete(tx: &mut Tx<'_>, gone: &Assessment) -> Result<(), StoreError> {
    diesel::delete(assessment::table.filter(assessment::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    let before = json::value(&Row::of(gone)?)?;
    let change = Change { version: gone.version + 1, ..change(gone, Operation::Deleted) };
    tx.record(change, Some(before), None);
    Ok(())
}

fn change(assessment: &Assessment, operation: Operation) -> Change {
    Change { kind: ASSESSMENTS, id: assessment.id.clone(), operation, version: assessment.version }
}
