//! Writing consultations. A change writes the whole row and leaves its traces in the audit and, as far as the programme is
//! published, in the feed.

use crate::db::prelude::*;

use super::{
    super::rules::{Consultation, Facts, check_kept},
    CONSULTATIONS, Row, find,
};
use crate::{
    action_programs::{Program, take_turn},
    db::{
        Change, Conn, Operation, StoreError, Tx, WriteError, json,
        schema::{consultation, contribution},
    },
    kernel::{
        id::{Identifier, new_id},
        violation::Violation,
    },
};

/// The consultation with an id, which nobody else changes meanwhile.
///
/// # Errors
/// The database's.
pub fn lock(tx: &mut Tx<'_>, id: &Identifier) -> Result<Option<Consultation>, StoreError> {
    take_turn(tx)?;
    find(tx.conn, id)
}

/// Adds a consultation to a programme, which must be locked.
///
/// # Errors
/// The database's.
pub fn create(tx: &mut Tx<'_>, program: &Program, facts: Facts) -> Result<Consultation, StoreError> {
    let new = new(tx, program, facts);
    let row = Row::of(&new)?;
    let after = json::value(&row)?;
    diesel::insert_into(consultation::table).values(row).execute(tx.conn)?;
    tx.record(change(&new, Operation::Created, 1), None, Some(after));
    Ok(new)
}

/// A consultation that is to be stored.
pub(super) fn new(tx: &Tx<'_>, program: &Program, facts: Facts) -> Consultation {
    Consultation {
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
        facts,
    }
}

/// Writes what a [`lock`]ed consultation has become and returns it; nothing where nothing differs.
///
/// # Errors
/// [`WriteError::NotNow`] for another kind or time of one that contributions were sent to.
pub fn update(tx: &mut Tx<'_>, before: &Consultation, facts: Facts) -> Result<Consultation, WriteError> {
    if before.facts == facts {
        return Ok(before.clone());
    }
    check_kept(&before.facts, &facts, contributions(tx.conn, &before.id)?).map_err(WriteError::NotNow)?;
    let after = Consultation { facts, version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    let row = Row::of(&after)?;
    let (was, now) = (json::value(&Row::of(before)?)?, json::value(&row)?);
    diesel::update(consultation::table.filter(consultation::id.eq(after.id.as_str()))).set(row).execute(tx.conn)?;
    tx.record(change(&after, Operation::Updated, after.version), Some(was), Some(now));
    Ok(after)
}

/// Deletes a [`lock`]ed consultation. The feed keeps its tombstone.
///
/// # Errors
/// [`WriteError::NotNow`] for one that contributions were sent to: who sent them can still ask what became of them.
pub fn delete(tx: &mut Tx<'_>, gone: &Consultation) -> Result<(), WriteError> {
    let contributions = contributions(tx.conn, &gone.id)?;
    if contributions > 0 {
        let detail = format!("{contributions} contributions were sent to it, and are kept.");
        return Err(WriteError::NotNow(Violation::new("", "has_contributions", detail).into()));
    }
    let before = json::value(&Row::of(gone)?)?;
    diesel::delete(consultation::table.filter(consultation::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    tx.record(change(gone, Operation::Deleted, gone.version + 1), Some(before), None);
    Ok(())
}

fn contributions(conn: &mut Conn, id: &Identifier) -> Result<i64, StoreError> {
    Ok(contribution::table.filter(contribution::consultation_id.eq(id.as_str())).count().get_result(conn)?)
}

fn change(found: &Consultation, operation: Operation, version: i64) -> Change {
    Change { kind: CONSULTATIONS, id: found.id.clone(), operation, version }
}
