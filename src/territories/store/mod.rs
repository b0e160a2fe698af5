//! The territories' rows and every query on them.

mod import;
mod lookup;
mod write;

use std::collections::{HashMap, HashSet};

use crate::db::prelude::*;
use chrono::NaiveDateTime;

pub use self::{
    import::TerritoryList,
    lookup::{look_up_provinces, look_up_regions, look_up_territories},
    write::{load, refold},
};
use super::rules::{Address, Code, Filters, Kind, Location, Record, SortKey, Territory};
use crate::{
    db::{
        Backend, Conn, DocumentBody, DocumentChangedAt, Lookup, SequenceColumn, Stamp, StoreError, in_pieces,
        keyset::{keyset, paged},
        schema::territory,
        search::search,
    },
    kernel::{
        decimal::Decimal,
        fold::fold,
        id::Identifier,
        paging::{Found, Listing, Position},
    },
    publishing::{ListRow, Listed, page},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = territory)]
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
    provenance: String,
}

/// The columns of a territory's point.
#[derive(Queryable, Selectable)]
#[diesel(table_name = territory)]
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
            id: Identifier::stored(self.id),
            version: self.version,
            created_at: self.created_at.and_utc(),
            updated_at: self.updated_at.and_utc(),
            provenance: self.provenance.parse().map_err(StoreError::corrupt)?,
        })
    }
}

/// A territory at an address as the public reads it, with its row's version, with one statement.
///
/// # Errors
/// The database's.
pub fn find_document(conn: &mut Conn, address: &Address) -> Result<Option<(i64, String)>, StoreError> {
    let query = territory::table.select((territory::version, DocumentBody(territory::id)));
    let row: Option<(i64, Option<String>)> = match address {
        Address::Code(code) => query.filter(territory::code.eq(code.as_str())).first(conn),
        Address::Id(id) => query.filter(territory::id.eq(id.as_str())).first(conn),
    }
    .optional()?;
    Ok(row.and_then(|(version, document)| Some((version, document?))))
}

/// The territory at an address.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, address: &Address) -> Result<Option<Territory>, StoreError> {
    let query = territory::table.select(TerritoryRow::as_select());
    let row = match address {
        Address::Code(code) => query.filter(territory::code.eq(code.as_str())).first(conn),
        Address::Id(id) => query.filter(territory::id.eq(id.as_str())).first(conn),
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
pub fn find_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Territory>, StoreError> {
    let query = territory::table
        .filter(territory::id.eq_any(ids.iter().map(|id| id.as_str())))
        .select(TerritoryRow::as_select());
    query.load(conn)?.into_iter().map(TerritoryRow::into_territory).collect()
}

/// The territories, some at a time, in the order of their ids: `after` is the last one seen.
///
/// # Errors
/// The database's.
pub fn walk(conn: &mut Conn, after: Option<&str>, limit: usize) -> Result<Vec<Territory>, StoreError> {
    let limit = i64::try_from(limit).map_err(StoreError::corrupt)?;
    let query = territory::table.filter(territory::id.gt(after.unwrap_or_default()));
    let rows: Vec<TerritoryRow> =
        query.order(territory::id).limit(limit).select(TerritoryRow::as_select()).load(conn)?;
    rows.into_iter().map(TerritoryRow::into_territory).collect()
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
    /// The unit that it is a part of.
    pub parent_code: Option<Code>,
}

/// Code, kind, French name and parent.
type NamedRow = (String, String, String, Option<String>);

/// The seats at these codes, with two statements, and more for very many.
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
    let rows: Vec<NamedRow> = in_pieces(conn, codes, |conn, codes| {
        let seats = territory::table.filter(territory::code.eq_any(codes.iter().map(|code| code.as_str())));
        Ok(seats.select((territory::code, territory::kind, territory::name_fr, territory::parent_code)).load(conn)?)
    })?;
    let seat = |(code, kind, name_fr, parent_code): NamedRow| {
        let parsed = kind.parse().map_err(StoreError::corrupt)?;
        let name_is_unique = !shared.contains(&(kind, fold(&name_fr)));
        let parent_code = parent_code.map(Code::try_from).transpose().map_err(StoreError::corrupt)?;
        let seat = Seat { kind: parsed, name_fr, name_is_unique, parent_code };
        Ok((Code::try_from(code).map_err(StoreError::corrupt)?, seat))
    };
    rows.into_iter().map(seat).collect()
}

/// Reads a page of a list, with one statement (one more for an empty page, for the count, and for each filter that names
/// territories).
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Listed>, StoreError> {
    let mut lookup = Lookup::default();
    look_up_territories(conn, &mut lookup, ("parent", &listing.filters.parents))?;
    look_up_regions(conn, &mut lookup, &listing.filters.regions)?;
    lookup.done()?;
    list_known(conn, listing)
}

/// The same of a list whose filters name what has been found already.
///
/// # Errors
/// The database's.
pub fn list_known(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Listed>, StoreError> {
    let total = if listing.count { Some(filtered(&listing.filters).count().get_result(conn)?) } else { None };
    let after = listing.after.as_ref();
    let (text, number) = (after.and_then(Position::text), after.and_then(Position::number));
    let order = listing.filters.order;
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    macro_rules! found {
        ($key:expr, $type:ty, $after:expr) => {{
            let columns = (territory::id, $key, DocumentBody(territory::id), SequenceColumn);
            let query = filtered(&listing.filters).select(columns);
            let rows: Vec<ListRow<$type>> =
                paged(keyset!(query, $key, territory::id, order.direction, $after), listing.limit).load(conn)?;
            page(conn, rows, listing.limit, total)
        }};
    }
    match order.key {
        SortKey::Code => found!(territory::code, String, text),
        SortKey::NameFr => found!(territory::name_fr_folded, String, text),
        SortKey::NameAr => found!(territory::name_ar_folded, String, text),
        SortKey::Population2024 => found!(territory::population_2024, i64, number),
    }
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
        query = query.filter(DocumentChangedAt(territory::id).ge(since.naive_utc()));
    }
    query
}
