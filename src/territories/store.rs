//! The territories' rows and every query on them.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::rules::{Address, Code, Filters, Kind, Location, Record, SortKey, Territory};
use crate::{
    db::{
        Backend, Change, Conn, Operation, SequenceColumn, Stamp, StoreError, Tx, batch_insert, current_sequence,
        keyset::keyset, schema::territory, search::search,
    },
    kernel::{
        decimal::Decimal,
        fold::fold,
        id::new_id,
        paging::{Found, Key, Listing, Position},
    },
};

/// The collection's name in the change feed.
const RESOURCE: &str = "territories";

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = territory, treat_none_as_null = true)]
struct TerritoryRow {
    id: String,
    version: i64,
    #[diesel(deserialize_as = Stamp)]
    created_at: NaiveDateTime,
    #[diesel(deserialize_as = Stamp)]
    updated_at: NaiveDateTime,
    code: String,
    kind: String,
    area_type: Option<String>,
    parent_code: Option<String>,
    region_code: String,
    name_fr: String,
    name_ar: String,
    population_2024: i64,
    households_2024: i64,
    population_2014: Option<i64>,
    #[diesel(embed)]
    location: LocationColumns,
}

/// The columns of a territory's point.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = territory, treat_none_as_null = true)]
pub struct LocationColumns {
    latitude: Option<i64>,
    longitude: Option<i64>,
    geonames_id: Option<i64>,
    location_matched_by: Option<String>,
}

impl LocationColumns {
    /// The point, if the territory has one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for columns that are no point.
    pub fn read(self) -> Result<Option<Location>, StoreError> {
        let Self {
            latitude: Some(latitude),
            longitude: Some(longitude),
            geonames_id: Some(geonames_id),
            location_matched_by: Some(matched_by),
        } = self
        else {
            return Ok(None);
        };
        let degrees = |millionths| Decimal::from_millionths(millionths).map_err(StoreError::corrupt);
        Ok(Some(Location {
            latitude: degrees(latitude)?,
            longitude: degrees(longitude)?,
            geonames_id,
            matched_by: matched_by.parse().map_err(StoreError::corrupt)?,
        }))
    }

    fn of(location: Option<Location>) -> Self {
        Self {
            latitude: location.map(|point| point.latitude.millionths()),
            longitude: location.map(|point| point.longitude.millionths()),
            geonames_id: location.map(|point| point.geonames_id),
            location_matched_by: location.map(|point| point.matched_by.as_str().to_owned()),
        }
    }
}

/// The columns that are made from others, so that both databases search and sort alike.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = territory)]
struct FoldedColumns {
    name_fr_folded: String,
    name_ar_folded: String,
    search_text: String,
}

#[derive(Insertable)]
#[diesel(table_name = territory)]
struct NewRow {
    #[diesel(embed)]
    row: TerritoryRow,
    #[diesel(embed)]
    folded: FoldedColumns,
}

impl TerritoryRow {
    fn into_territory(self) -> Result<Territory, StoreError> {
        let code = |text: String| Code::try_from(text).map_err(StoreError::corrupt);
        Ok(Territory {
            record: Record {
                code: code(self.code)?,
                kind: self.kind.parse().map_err(StoreError::corrupt)?,
                area_type: self.area_type.as_deref().map(str::parse).transpose().map_err(StoreError::corrupt)?,
                parent_code: self.parent_code.map(code).transpose()?,
                region_code: code(self.region_code)?,
                name_fr: self.name_fr,
                name_ar: self.name_ar,
                population_2024: self.population_2024,
                households_2024: self.households_2024,
                population_2014: self.population_2014,
                location: self.location.read()?,
            },
            id: self.id,
            version: self.version,
            created_at: self.created_at.and_utc(),
            updated_at: self.updated_at.and_utc(),
        })
    }
}

/// The territory at an address.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, address: &Address) -> Result<Option<Territory>, StoreError> {
    let query = territory::table.select(TerritoryRow::as_select());
    let row = match address {
        Address::Code(code) => query.filter(territory::code.eq(code.as_str())).first(conn),
        Address::Id(id) => query.filter(territory::id.eq(id)).first(conn),
    };
    row.optional()?.map(TerritoryRow::into_territory).transpose()
}

/// The territories with these codes, in the order of their codes, with one statement.
///
/// # Errors
/// The database's.
pub fn find_all(conn: &mut Conn, codes: &[Code]) -> Result<Vec<Territory>, StoreError> {
    let query = territory::table.filter(territory::code.eq_any(codes.iter().map(Code::as_str)));
    let rows: Vec<TerritoryRow> = query.order(territory::code).select(TerritoryRow::as_select()).load(conn)?;
    rows.into_iter().map(TerritoryRow::into_territory).collect()
}

/// The territories with these ids, with one statement.
///
/// # Errors
/// The database's.
pub fn find_by_ids(conn: &mut Conn, ids: &[&str]) -> Result<Vec<Territory>, StoreError> {
    let query = territory::table.filter(territory::id.eq_any(ids.iter().copied())).select(TerritoryRow::as_select());
    query.load(conn)?.into_iter().map(TerritoryRow::into_territory).collect()
}

/// The regions, in the order of their codes.
///
/// # Errors
/// The database's.
pub fn regions(conn: &mut Conn) -> Result<Vec<Territory>, StoreError> {
    let query = territory::table.filter(territory::kind.eq(Kind::Region.as_str()));
    let rows: Vec<TerritoryRow> = query.order(territory::code).select(TerritoryRow::as_select()).load(conn)?;
    rows.into_iter().map(TerritoryRow::into_territory).collect()
}

/// What a territory is to those who are seated on it.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The kind.
    pub kind: Kind,
    /// The French name.
    pub name_fr: String,
    /// Whether no other territory of the kind has this name, as it is searched and sorted.
    pub name_is_unique: bool,
}

/// The seats at these codes, with two statements.
///
/// # Errors
/// The database's.
pub fn seats(conn: &mut Conn, codes: &[&Code]) -> Result<HashMap<Code, Seat>, StoreError> {
    let shared: Vec<(String, String)> = territory::table
        .group_by((territory::kind, territory::name_fr_folded))
        .having(diesel::dsl::count_star().gt(1))
        .select((territory::kind, territory::name_fr_folded))
        .load(conn)?;
    let shared: HashSet<(String, String)> = shared.into_iter().collect();
    let rows: Vec<(String, String, String)> = territory::table
        .filter(territory::code.eq_any(codes.iter().map(|code| code.as_str())))
        .select((territory::code, territory::kind, territory::name_fr))
        .load(conn)?;
    let seat = |(code, kind, name_fr): (String, String, String)| {
        let parsed = kind.parse().map_err(StoreError::corrupt)?;
        let name_is_unique = !shared.contains(&(kind, fold(&name_fr)));
        Ok((Code::try_from(code).map_err(StoreError::corrupt)?, Seat { kind: parsed, name_fr, name_is_unique }))
    };
    rows.into_iter().map(seat).collect()
}

/// Reads a page of a list, with one statement (one more for an empty page, one more for the count).
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Territory>, StoreError> {
    let total = if listing.count { Some(filtered(&listing.filters).count().get_result(conn)?) } else { None };
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    let query = filtered(&listing.filters)
        .select((TerritoryRow::as_select(), SequenceColumn))
        .limit(i64::from(listing.limit) + 1);
    let after = listing.after.as_ref();
    let text = after.and_then(Position::text);
    let number = after.and_then(Position::number);
    let order = listing.filters.order;
    let query = match order.key {
        SortKey::Code => keyset!(query, territory::code, territory::id, order.direction, text),
        SortKey::NameFr => keyset!(query, territory::name_fr_folded, territory::id, order.direction, text),
        SortKey::NameAr => keyset!(query, territory::name_ar_folded, territory::id, order.direction, text),
        SortKey::Population2024 => keyset!(query, territory::population_2024, territory::id, order.direction, number),
    };
    let rows: Vec<(TerritoryRow, i64)> = query.load(conn)?;
    let sequence = match rows.first() {
        Some((_, sequence)) => *sequence,
        None => current_sequence(conn)?,
    };
    let rows = rows.into_iter().map(|(row, _)| row.into_territory()).collect::<Result<_, _>>()?;
    Ok(Found::of(rows, listing.limit, (sequence, total), |last| position(last, order.key)))
}

fn position(last: &Territory, key: SortKey) -> Position {
    let record = &last.record;
    let key = match key {
        SortKey::Code => Key::Text(record.code.to_string()),
        SortKey::NameFr => Key::Text(fold(&record.name_fr)),
        SortKey::NameAr => Key::Text(fold(&record.name_ar)),
        SortKey::Population2024 => Key::Number(record.population_2024),
    };
    Position { key, id: last.id.clone() }
}

fn filtered(filters: &Filters) -> territory::BoxedQuery<'_, Backend> {
    let mut query = territory::table.into_boxed();
    if !filters.kinds.is_empty() {
        query = query.filter(territory::kind.eq_any(filters.kinds.iter().map(|kind| kind.as_str())));
    }
    if !filters.parents.is_empty() {
        query = query.filter(territory::parent_code.eq_any(filters.parents.iter().map(Code::as_str)));
    }
    if !filters.regions.is_empty() {
        query = query.filter(territory::region_code.eq_any(filters.regions.iter().map(Code::as_str)));
    }
    if let Some(words) = &filters.words {
        query = search!(query, territory::search_text, words);
    }
    if let Some(since) = filters.updated_since {
        query = query.filter(territory::updated_at.ge(since.naive_utc()));
    }
    query
}

/// What loading territories did.
#[derive(Debug, PartialEq, Eq)]
pub struct Loaded {
    /// How many rows it touched.
    pub touched: usize,
    /// The codes of those that were there before and changed.
    pub updated: Vec<Code>,
}

/// Makes the stored territories those of `records`: new ones are added, changed ones updated, vanished ones
/// deleted, each with its change entry; what is the same is left alone.
///
/// # Errors
/// The database's.
pub fn load(tx: &mut Tx<'_>, records: Vec<Record>) -> Result<Loaded, StoreError> {
    let stored: Vec<TerritoryRow> = territory::table.select(TerritoryRow::as_select()).load(tx.conn)?;
    let stored = stored.into_iter().map(TerritoryRow::into_territory).collect::<Result<Vec<_>, _>>()?;
    let mut stored: HashMap<Code, Territory> =
        stored.into_iter().map(|territory| (territory.record.code.clone(), territory)).collect();
    let mut added = Vec::new();
    let mut updated = Vec::new();
    for record in records {
        match stored.remove(&record.code) {
            None => added.push(record),
            Some(same) if same.record == record => {}
            Some(former) => {
                updated.push(former.record.code.clone());
                update(tx, &former, record)?;
            }
        }
    }
    let touched = updated.len() + added.len() + stored.len();
    add(tx, added)?;
    delete(tx, stored.into_values().collect())?;
    Ok(Loaded { touched, updated })
}

fn add(tx: &mut Tx<'_>, records: Vec<Record>) -> Result<(), StoreError> {
    let now = tx.now().naive_utc();
    let rows: Vec<NewRow> = records.into_iter().map(|record| new_row(new_id(), 1, (now, now), record)).collect();
    batch_insert!(tx.conn, territory::table, &rows);
    for NewRow { row, .. } in rows {
        tx.record_part(Change { resource: RESOURCE, id: row.id, operation: Operation::Created, version: row.version });
    }
    Ok(())
}

fn update(tx: &mut Tx<'_>, former: &Territory, record: Record) -> Result<(), StoreError> {
    let version = former.version + 1;
    let NewRow { row, folded } =
        new_row(former.id.clone(), version, (former.created_at.naive_utc(), tx.now().naive_utc()), record);
    diesel::update(territory::table.filter(territory::id.eq(&former.id))).set((&row, folded)).execute(tx.conn)?;
    tx.record_part(Change { resource: RESOURCE, id: row.id, operation: Operation::Updated, version });
    Ok(())
}

/// Deletes vanished units, the deepest first, so that none goes before its children.
fn delete(tx: &mut Tx<'_>, mut vanished: Vec<Territory>) -> Result<(), StoreError> {
    vanished.sort_by_key(|territory| std::cmp::Reverse(territory.record.kind.depth()));
    for territory in vanished {
        diesel::delete(territory::table.filter(territory::id.eq(&territory.id))).execute(tx.conn)?;
        let version = territory.version + 1;
        tx.record_part(Change { resource: RESOURCE, id: territory.id, operation: Operation::Deleted, version });
    }
    Ok(())
}

fn new_row(
    id: String,
    version: i64,
    (created_at, updated_at): (NaiveDateTime, NaiveDateTime),
    record: Record,
) -> NewRow {
    let folded = FoldedColumns {
        name_fr_folded: fold(&record.name_fr),
        name_ar_folded: fold(&record.name_ar),
        search_text: record.search_text(),
    };
    let row = TerritoryRow {
        id,
        version,
        created_at,
        updated_at,
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
        location: LocationColumns::of(record.location),
    };
    NewRow { row, folded }
}
