//! Writing territories: one way for what is embedded and what is pushed. Every change of a row has its change entry.

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::NaiveDateTime;
use serde::Serialize;

use super::{
    super::rules::{Code, Provenance, Record, Territory},
    TerritoryRow,
};
use crate::{
    db::{CHUNK, Change, Operation, StoreError, Tx, batch_insert, json, schema::territory},
    kernel::{
        fold::fold,
        id::{Identifier, new_id},
        kind,
    },
};

/// The kind of these resources.
pub(super) const RESOURCE: kind::Kind = kind::Kind::Territories;

/// A whole row: what is stored of a territory and the columns that are made from it, so that both databases search and
/// sort alike.
#[derive(Insertable, AsChangeset, Serialize)]
#[diesel(table_name = territory, treat_none_as_null = true, treat_none_as_default_value = false)]
struct WholeRow {
    #[serde(skip)]
    id: String,
    #[serde(skip)]
    version: i64,
    #[serde(skip)]
    created_at: NaiveDateTime,
    #[serde(skip)]
    updated_at: NaiveDateTime,
    code: String,
    kind: String,
    area_type: Option<String>,
    parent_code: Option<String>,
    region_code: String,
    name_fr: String,
    name_ar: String,
    #[serde(skip)]
    name_fr_folded: String,
    #[serde(skip)]
    name_ar_folded: String,
    #[serde(skip)]
    search_text: String,
    population_2024: i64,
    households_2024: i64,
    population_2014: Option<i64>,
    latitude: Option<i64>,
    longitude: Option<i64>,
    geonames_id: Option<i64>,
    location_matched_by: Option<String>,
    provenance: String,
}

/// Makes the stored census territories equal to `records`: adds new ones, updates changed ones and deletes those that are not in
/// `records`. Territories that a registrar has pushed stay as they are. Returns how many rows were added, updated or deleted.
///
/// # Errors
/// The database's.
pub fn load(tx: &mut Tx<'_>, records: Vec<Record>) -> Result<usize, StoreError> {
    let stored: Vec<TerritoryRow> = territory::table.select(TerritoryRow::as_select()).load(tx.conn)?;
    let stored = stored.into_iter().map(TerritoryRow::into_territory).collect::<Result<Vec<_>, _>>()?;
    let mut stored: HashMap<Code, Territory> =
        stored.into_iter().map(|territory| (territory.record.code.clone(), territory)).collect();
    let (mut added, mut updated) = (Vec::new(), Vec::new());
    for record in records {
        match stored.remove(&record.code) {
            None => added.push(record),
            Some(former) if former.provenance != Provenance::Census || former.record == record => {}
            Some(former) => {
                update(tx, &former, record, &Provenance::Census)?;
                updated.push(former.record.code);
            }
        }
    }
    let vanished: Vec<Territory> =
        stored.into_values().filter(|territory| territory.provenance == Provenance::Census).collect();
    let touched = updated.len() + added.len() + vanished.len();
    add(tx, added, &Provenance::Census)?;
    delete(tx, vanished)?;
    call_territory_hooks(tx, &updated)?;
    Ok(touched)
}

/// Calls the hooks of the rooms above for territories that were updated.
pub(super) fn call_territory_hooks(tx: &mut Tx<'_>, codes: &[Code]) -> Result<(), StoreError> {
    let codes: Vec<&str> = codes.iter().map(Code::as_str).collect();
    codes.chunks(CHUNK).try_for_each(|codes| tx.call_hooks(|hooks, tx| hooks.territories_changed(tx, codes)))
}

/// Makes the columns that are searched and sorted by anew, as texts are folded now.
///
/// # Errors
/// The database's.
pub fn refold(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let stored: Vec<TerritoryRow> = territory::table.select(TerritoryRow::as_select()).load(tx.conn)?;
    let touched = stored.len();
    for row in stored {
        let Territory { id, record, .. } = row.into_territory()?;
        diesel::update(territory::table.filter(territory::id.eq(id.as_str())))
            .set((
                territory::name_fr_folded.eq(fold(&record.name_fr)),
                territory::name_ar_folded.eq(fold(&record.name_ar)),
                territory::search_text.eq(record.search_text()),
            ))
            .execute(tx.conn)?;
    }
    Ok(touched)
}

/// Adds territories, parents before children.
///
/// # Errors
/// The database's.
pub(super) fn add(tx: &mut Tx<'_>, records: Vec<Record>, provenance: &Provenance) -> Result<(), StoreError> {
    let now = tx.now().naive_utc();
    let row = |record| whole_row((new_id().into_string(), 1), (now, now), record, provenance);
    let rows: Vec<WholeRow> = records.into_iter().map(row).collect();
    batch_insert!(tx.conn, territory::table, &rows);
    for row in rows {
        let (id, version) = (row.id.clone(), row.version);
        let after = || json::value(&row).map(|after| (None, Some(after)));
        tx.record_row(
            Change { kind: RESOURCE, id: Identifier::stored(id), operation: Operation::Created, version },
            after,
        )?;
    }
    Ok(())
}

/// Writes what is said of a territory now.
///
/// # Errors
/// The database's.
pub(super) fn update(
    tx: &mut Tx<'_>,
    former: &Territory,
    record: Record,
    provenance: &Provenance,
) -> Result<(), StoreError> {
    let version = former.version + 1;
    let times = (former.created_at.naive_utc(), tx.now().naive_utc());
    let row = whole_row((former.id.to_string(), version), times, record, provenance);
    diesel::update(territory::table.filter(territory::id.eq(former.id.as_str()))).set(&row).execute(tx.conn)?;
    let values = || {
        let was = whole_row((former.id.to_string(), former.version), times, former.record.clone(), &former.provenance);
        Ok((Some(json::value(&was)?), Some(json::value(&row)?)))
    };
    let (id, operation) = (former.id.clone(), Operation::Updated);
    tx.record_row(Change { kind: RESOURCE, id, operation, version }, values)
}

/// Deletes vanished units, the deepest first, so that none goes before its children.
fn delete(tx: &mut Tx<'_>, mut vanished: Vec<Territory>) -> Result<(), StoreError> {
    vanished.sort_by_key(|territory| std::cmp::Reverse(territory.record.kind.depth()));
    for territory in vanished {
        diesel::delete(territory::table.filter(territory::id.eq(territory.id.as_str()))).execute(tx.conn)?;
        tx.touched(RESOURCE, territory.id);
    }
    Ok(())
}

fn whole_row(
    (id, version): (String, i64),
    (created_at, updated_at): (NaiveDateTime, NaiveDateTime),
    record: Record,
    provenance: &Provenance,
) -> WholeRow {
    let point = record.location;
    WholeRow {
        id,
        version,
        created_at,
        updated_at,
        name_fr_folded: fold(&record.name_fr),
        name_ar_folded: fold(&record.name_ar),
        search_text: record.search_text(),
        kind: record.kind.as_str().to_owned(),
        area_type: record.area_type.map(|area| area.as_str().to_owned()),
        code: record.code.into_string(),
        parent_code: record.parent_code.map(Code::into_string),
        region_code: record.region_code.into_string(),
        name_fr: record.name_fr,
        name_ar: record.name_ar,
        population_2024: record.population_2024,
        households_2024: record.households_2024,
        population_2014: record.population_2014,
        latitude: point.map(|point| point.latitude.millionths()),
        longitude: point.map(|point| point.longitude.millionths()),
        geonames_id: point.map(|point| point.geonames_id),
        location_matched_by: point.map(|point| point.matched_by.as_str().to_owned()),
        provenance: provenance.to_string(),
    }
}
