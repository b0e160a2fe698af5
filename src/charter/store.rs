//! The charter's rows and every query on them.

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};

use super::rules::{CharterVersion, Code, InForce, Item, Text};
use crate::{
    db::{
        Conn, Lookup, ReferenceKind, StoreError, Tx, json,
        schema::{charter_item, charter_version},
    },
    kernel::{
        date::{PartialDate, Precision},
        id::{Identifier, Slug, new_id},
        kind::Kind,
    },
};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = charter_version, treat_none_as_null = true, treat_none_as_default_value = false)]
struct VersionRow {
    id: String,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    code: String,
    is_current: bool,
    in_force_from: Option<NaiveDate>,
    in_force_from_precision: Option<String>,
    title: String,
    summary: String,
    official: bool,
    full_text_url: String,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = charter_item, treat_none_as_default_value = false)]
struct ItemRow {
    id: String,
    charter_version_id: String,
    kind: String,
    code: String,
    position: i64,
    title: String,
    item_text: String,
    official: bool,
}

impl ItemRow {
    fn to_item(&self) -> Result<Item, StoreError> {
        Ok(Item {
            id: Identifier::stored(self.id.clone()),
            code: self.code.clone(),
            title: json::read(&self.title)?,
            text: json::read(&self.item_text)?,
            official: self.official,
        })
    }
}

/// Reads the version with a code, or the current one, with two statements.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, code: Option<&Code>) -> Result<Option<CharterVersion>, StoreError> {
    let query = charter_version::table.select(VersionRow::as_select());
    let row = match code {
        Some(code) => query.filter(charter_version::code.eq(code.as_str())).first(conn).optional()?,
        None => query.filter(charter_version::is_current.eq(true)).first(conn).optional()?,
    };
    row.map(|row| with_items(conn, row)).transpose()
}

/// The versions with these ids, with one statement and one more for each.
///
/// # Errors
/// The database's.
pub fn find_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<CharterVersion>, StoreError> {
    let query = charter_version::table.filter(charter_version::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows: Vec<VersionRow> = query.select(VersionRow::as_select()).load(conn)?;
    rows.into_iter().map(|row| with_items(conn, row)).collect()
}

/// All versions, in the order of their ids.
///
/// # Errors
/// The database's.
pub fn all(conn: &mut Conn) -> Result<Vec<CharterVersion>, StoreError> {
    let rows: Vec<VersionRow> =
        charter_version::table.order(charter_version::id).select(VersionRow::as_select()).load(conn)?;
    rows.into_iter().map(|row| with_items(conn, row)).collect()
}

fn with_items(conn: &mut Conn, row: VersionRow) -> Result<CharterVersion, StoreError> {
    let items: Vec<ItemRow> = charter_item::table
        .filter(charter_item::charter_version_id.eq(row.id.as_str()))
        .order(charter_item::position)
        .select(ItemRow::as_select())
        .load(conn)?;
    let of_kind =
        |kind: &str| items.iter().filter(|item| item.kind == kind).map(ItemRow::to_item).collect::<Result<Vec<_>, _>>();
    let in_force_from = PartialDate::from_columns(row.in_force_from, row.in_force_from_precision.as_deref());
    let text = Text {
        code: row.code,
        current: row.is_current,
        in_force_from: in_force_from.map_err(StoreError::corrupt)?,
        title: json::read(&row.title)?,
        summary: json::read(&row.summary)?,
        official: row.official,
        full_text_url: row.full_text_url,
        principles: of_kind("principle")?,
        values: of_kind("value")?,
        objectives: of_kind("objective")?,
        commitments: of_kind("commitment")?,
    };
    let (created_at, updated_at) = (row.created_at.and_utc(), row.updated_at.and_utc());
    Ok(CharterVersion { id: Identifier::stored(row.id), version: row.version, created_at, updated_at, text })
}

/// The codes of all versions, in their order, with which of them is current.
///
/// # Errors
/// The database's.
pub fn versions(conn: &mut Conn) -> Result<Vec<(String, bool)>, StoreError> {
    let rows = charter_version::table.order(charter_version::code);
    Ok(rows.select((charter_version::code, charter_version::is_current)).load(conn)?)
}

/// Since when the version with a code is in force; nothing where there is no such version.
///
/// # Errors
/// The database's.
pub fn find_version(conn: &mut Conn, code: &Slug) -> Result<Option<InForce>, StoreError> {
    let version = charter_version::table.filter(charter_version::code.eq(code.as_str()));
    let from: Option<Option<NaiveDate>> = version.select(charter_version::in_force_from).first(conn).optional()?;
    Ok(from.map(|from| InForce { from }))
}

/// The codes of a kind of items (`principle`, `commitment`) of the current version, in their order.
///
/// # Errors
/// The database's.
pub fn codes(conn: &mut Conn, kind: &str) -> Result<Vec<String>, StoreError> {
    let items = charter_item::table
        .inner_join(charter_version::table.on(charter_version::id.eq(charter_item::charter_version_id)));
    let current = items.filter(charter_version::is_current.eq(true).and(charter_item::kind.eq(kind)));
    Ok(current.order(charter_item::position).select(charter_item::code).load(conn)?)
}

const COMMITMENT: ReferenceKind =
    ReferenceKind { parameter: "commitment", code: "unknown_commitment", noun: "commitment of the charter" };
const PRINCIPLE: ReferenceKind =
    ReferenceKind { parameter: "principle", code: "unknown_principle", noun: "principle of the charter" };

/// Looks up the commitments that a filter names by their codes, in all versions: what was adopted by a former one is found by
/// its codes, too.
///
/// # Errors
/// The database's.
pub fn look_up_commitments(conn: &mut Conn, lookup: &mut Lookup, codes: &[String]) -> Result<(), StoreError> {
    lookup.codes(COMMITMENT, codes, |codes| known_codes(conn, "commitment", codes))
}

/// The same for principles.
///
/// # Errors
/// The database's.
pub fn look_up_principles(conn: &mut Conn, lookup: &mut Lookup, codes: &[String]) -> Result<(), StoreError> {
    lookup.codes(PRINCIPLE, codes, |codes| known_codes(conn, "principle", codes))
}

fn known_codes(conn: &mut Conn, kind: &str, codes: &[&str]) -> Result<Vec<String>, StoreError> {
    let named = charter_item::table.filter(charter_item::kind.eq(kind));
    Ok(named.filter(charter_item::code.eq_any(codes.iter().copied())).select(charter_item::code).load(conn)?)
}

/// Makes the stored versions say what `texts` say, each with a change entry if that changes anything; a
/// version that is in none of them stays, because members may have adhered to it. Returns how many it touched.
///
/// # Errors
/// The database's.
pub fn load(tx: &mut Tx<'_>, texts: Vec<Text>) -> Result<usize, StoreError> {
    let mut changed = Vec::new();
    for text in texts {
        let code = text.code.parse().map_err(StoreError::corrupt)?;
        let former = find(tx.conn, Some(&code))?;
        if former.as_ref().is_none_or(|former| former.text != text) {
            changed.push((former, text));
        }
    }
    // At most one version is current at any moment, also between two statements: those that cease to be come first.
    changed.sort_by_key(|(_, text)| text.current);
    let touched = changed.len();
    for (former, text) in changed {
        write(tx, former, text)?;
    }
    Ok(touched)
}

fn write(tx: &mut Tx<'_>, former: Option<CharterVersion>, text: Text) -> Result<(), StoreError> {
    let now = tx.now().naive_utc();
    let mut row = VersionRow {
        id: new_id().into_string(),
        version: 1,
        created_at: now,
        updated_at: now,
        code: text.code,
        is_current: text.current,
        in_force_from: text.in_force_from.map(PartialDate::first_day),
        in_force_from_precision: text
            .in_force_from
            .map(PartialDate::precision)
            .map(Precision::as_str)
            .map(str::to_owned),
        title: json::write(&text.title)?,
        summary: json::write(&text.summary)?,
        official: text.official,
        full_text_url: text.full_text_url,
    };
    let mut ids = HashMap::new();
    match former {
        None => {
            diesel::insert_into(charter_version::table).values(&row).execute(tx.conn)?;
        }
        Some(former) => {
            row.id = former.id.into_string();
            row.version = former.version + 1;
            row.created_at = former.created_at.naive_utc();
            diesel::update(charter_version::table.filter(charter_version::id.eq(row.id.as_str())))
                .set(&row)
                .execute(tx.conn)?;
            let own = charter_item::table.filter(charter_item::charter_version_id.eq(row.id.as_str()));
            let stored: Vec<ItemRow> = own.select(ItemRow::as_select()).load(tx.conn)?;
            ids.extend(stored.into_iter().map(|item| ((item.kind, item.code), item.id)));
            diesel::delete(charter_item::table.filter(charter_item::charter_version_id.eq(row.id.as_str())))
                .execute(tx.conn)?;
        }
    }
    let kinds = [
        ("principle", text.principles),
        ("value", text.values),
        ("objective", text.objectives),
        ("commitment", text.commitments),
    ];
    for (kind, items) in kinds {
        for (position, item) in (1..).zip(items) {
            let item = ItemRow {
                // An item that stays keeps its id.
                id: ids.remove(&(kind.to_owned(), item.code.clone())).unwrap_or_else(|| item.id.into_string()),
                charter_version_id: row.id.clone(),
                kind: kind.to_owned(),
                code: item.code,
                position,
                title: json::write(&item.title)?,
                item_text: json::write(&item.text)?,
                official: item.official,
            };
            diesel::insert_into(charter_item::table).values(item).execute(tx.conn)?;
        }
    }
    tx.touched(Kind::Charter, Identifier::stored(row.id));
    Ok(())
}
