//! Writing measurements of an indicator that is locked. What everybody sees changes by an approval only, and what was seen
//! before it stands in the revisions.

use crate::db::prelude::*;
use chrono::NaiveDateTime;
use serde_json::Value;

use super::{
    super::rules::{Address, Content, Hand, Indicator, Measurement, Period, Revision},
    MEASUREMENTS, find_measurement, lock,
    measurements::{MeasurementRow, of_period},
};
use crate::{
    db::{
        Change, Conn, Operation, StoreError, Tx, WriteError, json,
        schema::{indicator, measurement, measurement_revision},
    },
    kernel::{id::Identifier, violation::Violation},
};

/// The measurement with an id and its indicator, which nobody else changes meanwhile.
///
/// # Errors
/// The database's.
pub fn lock_measurement(tx: &mut Tx<'_>, id: &Identifier) -> Result<Option<(Indicator, Measurement)>, StoreError> {
    let own = measurement::table.filter(measurement::id.eq(id.as_str())).select(measurement::indicator_id);
    let Some(of) = own.first::<String>(tx.conn).optional()? else { return Ok(None) };
    let Some(indicator) = lock(tx, &Address::Id(Identifier::stored(of)))? else { return Ok(None) };
    Ok(find_measurement(tx.conn, id)?.map(|found| (indicator, found)))
}

/// Adds the report of a [`lock`](super::lock)ed indicator for a period.
///
/// # Errors
/// [`WriteError::Taken`] for a period that has one.
pub fn create_measurement(
    tx: &mut Tx<'_>,
    of: &Indicator,
    (period, content, submits): (Period, Content, bool),
    hand: Hand<'_>,
) -> Result<Measurement, WriteError> {
    if let Some(other) = of_period(tx.conn, &of.id, period)? {
        let detail = format!("There is a report for {period}: change it ({}).", other.address());
        return Err(WriteError::Taken(Violation::new("/period", "already_exists", detail).into()));
    }
    let new = Measurement::begun(of, (period, content.clone()), hand);
    let new = new.report(content, (submits, None), hand).map_err(|why| WriteError::Invalid(why.into()))?;
    let row = MeasurementRow::of(&new)?;
    let after = json::value(&row)?;
    diesel::insert_into(measurement::table).values(row).execute(tx.conn)?;
    // Nobody else sees it before it is approved, so only the audit hears of it.
    tx.record(change(&new, Operation::Created), None, Some(after));
    Ok(new)
}

/// Writes what a [`lock_measurement`]ed measurement has become and returns it; nothing where nothing differs.
///
/// # Errors
/// The database's.
pub fn update_measurement(
    tx: &mut Tx<'_>,
    before: &Measurement,
    mut after: Measurement,
) -> Result<Measurement, StoreError> {
    let (was, now) = (json::value(&MeasurementRow::of(before)?)?, json::value(&MeasurementRow::of(&after)?)?);
    if was == now && before.reported == after.reported && before.review == after.review {
        return Ok(before.clone());
    }
    (after.report_version, after.report_changed_at) = (before.report_version + 1, tx.now());
    // What everybody sees changes with an approval only, and the feed with it.
    if before.approved != after.approved {
        after.version += i64::from(before.approved.is_some());
        after.updated_at = tx.now();
    }
    let own = measurement::table.filter(measurement::id.eq(after.id.as_str()));
    diesel::update(own).set(MeasurementRow::of(&after)?).execute(tx.conn)?;
    record(tx, before, &after, (was, now));
    Ok(after)
}

/// Notes a change: the feed hears of what everybody sees, the audit of all.
fn record(tx: &mut Tx<'_>, before: &Measurement, after: &Measurement, (was, now): (Value, Value)) {
    let is_told = after.is_public() && before.approved != after.approved;
    let change = if is_told {
        change(after, if before.is_public() { Operation::Updated } else { Operation::Created })
    } else {
        Change { version: after.report_version, ..change(after, Operation::Updated) }
    };
    tx.record(change, Some(was), Some(now));
}

/// Writes what came of a review, and what it has replaced; keeps the latest value of the indicator.
///
/// # Errors
/// The database's.
pub fn review(
    tx: &mut Tx<'_>,
    of: &Indicator,
    before: &Measurement,
    (after, revision): (Measurement, Option<Revision>),
) -> Result<Measurement, StoreError> {
    if let Some(revision) = revision {
        let row = RevisionRow::of(&before.id, &revision)?;
        diesel::insert_into(measurement_revision::table).values(row).execute(tx.conn)?;
    }
    let after = update_measurement(tx, before, after)?;
    if before.approved != after.approved {
        keep_latest(tx.conn, of)?;
    }
    Ok(after)
}

/// Keeps the approved value of the latest period with its indicator: of those that were measured by the definition of now.
fn keep_latest(conn: &mut Conn, of: &Indicator) -> Result<(), StoreError> {
    let id = &of.id;
    let by_now = measurement::approved_definition_version.eq(of.definition_version);
    let latest: Option<(Option<i64>, String)> = measurement::table
        .filter(measurement::indicator_id.eq(id.as_str()).and(by_now))
        .order((measurement::until_on.desc(), measurement::from_on.desc()))
        .select((measurement::approved_value, measurement::period))
        .first(conn)
        .optional()?;
    let (value, period) = latest.map_or((None, None), |(value, period)| (value, Some(period)));
    diesel::update(indicator::table.filter(indicator::id.eq(id.as_str())))
        .set((indicator::latest_value.eq(value), indicator::latest_period.eq(period)))
        .execute(conn)?;
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = measurement_revision, treat_none_as_default_value = false)]
pub(super) struct RevisionRow<'a> {
    measurement_id: &'a str,
    number: i64,
    value: i64,
    report: String,
    definition_version: i64,
    approved_at: NaiveDateTime,
    replaced_at: NaiveDateTime,
    role: Option<String>,
    reason: String,
}

impl<'a> RevisionRow<'a> {
    pub(super) fn of(measurement_id: &'a Identifier, revision: &Revision) -> Result<Self, StoreError> {
        let Revision { number, former, replaced_at, role, reason } = revision;
        Ok(Self {
            measurement_id: measurement_id.as_str(),
            number: *number,
            value: former.content.value.millionths(),
            report: json::write(&former.content.report)?,
            definition_version: former.content.definition_version,
            approved_at: former.at.naive_utc(),
            replaced_at: replaced_at.naive_utc(),
            role: role.clone(),
            reason: reason.clone(),
        })
    }
}

/// Deletes a [`lock_measurement`]ed measurement that was never approved.
///
/// # Errors
/// [`WriteError::NotNow`] for one that everybody has seen: it is corrected instead.
pub fn delete_measurement(tx: &mut Tx<'_>, gone: &Measurement) -> Result<(), WriteError> {
    if gone.approved.is_some() {
        let detail = "What was approved is corrected, and stays known.";
        return Err(WriteError::NotNow(Violation::new("", "approved", detail).into()));
    }
    let before = json::value(&MeasurementRow::of(gone)?)?;
    diesel::delete(measurement::table.filter(measurement::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    let change = Change { version: gone.report_version + 1, ..change(gone, Operation::Deleted) };
    tx.record(change, Some(before), None);
    Ok(())
}

fn change(found: &Measurement, operation: Operation) -> Change {
    Change { kind: MEASUREMENTS, id: found.id.clone(), operation, version: found.version }
}
