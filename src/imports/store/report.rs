//! The reports of imports and the rows they came to.

use crate::db::prelude::*;
use chrono::{DateTime, Days, NaiveDateTime, Utc};

use super::super::rules::{Filters, Importer, Report, Row, RowFilters, Stored};
use crate::{
    db::{
        Backend, Conn, Deed, Stamp, StoreError, Tx, batch_insert, current_sequence, json,
        keyset::{keyset, paged},
        schema::{import_report, import_row},
    },
    kernel::{
        audit::{Action, Collection},
        id::Identifier,
        paging::{Direction, Found, Key, Listing, Position},
        register::Entry,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = import_report)]
struct ReportRow {
    id: String,
    #[diesel(deserialize_as = Stamp)]
    created_at: NaiveDateTime,
    report: String,
}

impl ReportRow {
    fn read(self) -> Result<Stored, StoreError> {
        let report = json::read(&self.report)?;
        Ok(Stored { id: Identifier::stored(self.id), created_at: self.created_at.and_utc(), report })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = import_row, treat_none_as_default_value = false)]
struct RowRow {
    import_id: String,
    position: i64,
    row_number: Option<i64>,
    line_number: Option<i64>,
    action: String,
    natural_key: String,
    resource_id: Option<String>,
    differences: String,
}

/// Keeps a report.
///
/// # Errors
/// The database's.
pub fn keep(tx: &mut Tx<'_>, id: &Identifier, importer: Option<&Importer>, report: &Report) -> Result<(), StoreError> {
    diesel::insert_into(import_report::table)
        .values((
            import_report::id.eq(id.as_str()),
            import_report::created_at.eq(tx.now().naive_utc()),
            import_report::account_id.eq(importer.map(|importer| &importer.account_id)),
            import_report::standing.eq(importer.map(|importer| &importer.standing)),
            import_report::resource.eq(report.resource.as_str()),
            import_report::outcome.eq(report.outcome.as_str()),
            import_report::report.eq(json::write(report)?),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// Notes what rows come to, behind those that are noted already.
pub(super) fn note_rows(
    tx: &mut Tx<'_>,
    id: &Identifier,
    position: &mut i64,
    entries: Vec<Entry>,
) -> Result<(), StoreError> {
    let row = |entry: Entry| {
        *position += 1;
        Ok(RowRow {
            import_id: id.to_string(),
            position: *position,
            row_number: entry.at.map(|at| at.row.into()),
            line_number: entry.at.and_then(|at| at.line).map(Into::into),
            action: entry.action.as_str().to_owned(),
            natural_key: entry.key,
            resource_id: entry.id.map(Identifier::into_string),
            differences: json::write(&entry.differences)?,
        })
    };
    let rows: Vec<RowRow> = entries.into_iter().map(row).collect::<Result<_, StoreError>>()?;
    batch_insert!(tx.conn, import_row::table, &rows);
    Ok(())
}

/// Takes the notes of rows back.
pub(super) fn drop_rows(tx: &mut Tx<'_>, id: &Identifier) -> Result<(), StoreError> {
    diesel::delete(import_row::table.filter(import_row::import_id.eq(id.as_str()))).execute(tx.conn)?;
    Ok(())
}

/// The report with an id.
///
/// # Errors
/// The database's.
pub fn stored(conn: &mut Conn, id: &Identifier) -> Result<Option<Stored>, StoreError> {
    find(conn, id, None)
}

/// The report with an id, if it is of somebody's import; of anybody's where there is none.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, id: &Identifier, importer: Option<&Importer>) -> Result<Option<Stored>, StoreError> {
    let mut query = import_report::table.filter(import_report::id.eq(id.as_str())).into_boxed::<Backend>();
    if let Some(Importer { account_id, standing }) = importer {
        query = query.filter(import_report::account_id.eq(account_id).and(import_report::standing.eq(standing)));
    }
    let row: Option<ReportRow> = query.select(ReportRow::as_select()).first(conn).optional()?;
    row.map(ReportRow::read).transpose()
}

/// Reads a page of the reports, with two statements, and one more for a count. Ids are made in the order of time.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Stored>, StoreError> {
    let sequence = current_sequence(conn)?;
    let total = if listing.count { Some(filtered(&listing.filters).count().get_result(conn)?) } else { None };
    let query = filtered(&listing.filters).select(ReportRow::as_select());
    let after = listing.after.as_ref().map(|position| position.id.as_str());
    let query = match (listing.filters.order.direction, after) {
        (Direction::Ascending, None) => query.order(import_report::id.asc()),
        (Direction::Ascending, Some(id)) => query.order(import_report::id.asc()).filter(import_report::id.gt(id)),
        (Direction::Descending, None) => query.order(import_report::id.desc()),
        (Direction::Descending, Some(id)) => query.order(import_report::id.desc()).filter(import_report::id.lt(id)),
    };
    let rows: Vec<ReportRow> = paged(query, listing.limit).load(conn)?;
    let reports = rows.into_iter().map(ReportRow::read).collect::<Result<_, _>>()?;
    let position = |last: &Stored| Position { key: Key::Text(String::new()), id: last.id.clone() };
    Ok(Found::of(reports, listing.limit, (sequence, total), position))
}

fn filtered(filters: &Filters) -> import_report::BoxedQuery<'_, Backend> {
    let mut query = import_report::table.into_boxed::<Backend>();
    if let Some(resource) = filters.resource {
        query = query.filter(import_report::resource.eq(resource.as_str()));
    }
    if let Some(outcome) = filters.outcome {
        query = query.filter(import_report::outcome.eq(outcome.as_str()));
    }
    if let Some(Importer { account_id, standing }) = &filters.importer {
        query = query.filter(import_report::account_id.eq(account_id).and(import_report::standing.eq(standing)));
    }
    query
}

/// Reads a page of an import's rows, with two statements, and one more for a count.
///
/// # Errors
/// The database's.
pub fn rows(conn: &mut Conn, listing: &Listing<RowFilters>) -> Result<Found<Row>, StoreError> {
    let sequence = current_sequence(conn)?;
    let total = if listing.count { Some(filtered_rows(&listing.filters).count().get_result(conn)?) } else { None };
    let query = filtered_rows(&listing.filters).select(RowRow::as_select());
    let after = listing.after.as_ref().and_then(Position::number);
    let query = keyset!(query, import_row::position, import_row::import_id, Direction::Ascending, after);
    let found: Vec<RowRow> = paged(query, listing.limit).load(conn)?;
    let row = |row: RowRow| {
        Ok(Row {
            position: row.position,
            row: row.row_number,
            line: row.line_number,
            action: row.action,
            key: row.natural_key,
            resource_id: row.resource_id.map(Identifier::stored),
            differences: json::read(&row.differences)?,
        })
    };
    let found = found.into_iter().map(row).collect::<Result<_, StoreError>>()?;
    let position = |last: &Row| Position { key: Key::Number(last.position), id: listing.filters.import_id.clone() };
    Ok(Found::of(found, listing.limit, (sequence, total), position))
}

fn filtered_rows(filters: &RowFilters) -> import_row::BoxedQuery<'_, Backend> {
    let mut query =
        import_row::table.filter(import_row::import_id.eq(filters.import_id.as_str())).into_boxed::<Backend>();
    if !filters.actions.is_empty() {
        query = query.filter(import_row::action.eq_any(filters.actions.iter().map(|action| action.as_str())));
    }
    query
}

/// How many rows one transaction forgets.
const MOST_FORGOTTEN: i64 = 10_000;
/// For how many days a report is kept of what was not done.
const PREVIEWS_KEPT: Days = Days::new(30);

/// Forgets the oldest report from before a moment, or one of what was not done from more than a month ago; of one with many
/// rows first some of them. Says how many reports and rows that were: nothing when there is no more to forget.
///
/// # Errors
/// The database's.
pub fn forget(tx: &mut Tx<'_>, before: DateTime<Utc>) -> Result<(usize, usize), StoreError> {
    let undone = before.max(tx.now() - PREVIEWS_KEPT);
    let is_old = import_report::created_at.lt(before.naive_utc());
    let is_undone = import_report::created_at.lt(undone.naive_utc()).and(import_report::outcome.ne("applied"));
    let old: Option<String> = import_report::table
        .filter(is_old.or(is_undone))
        .order(import_report::created_at)
        .select(import_report::id)
        .first(tx.conn)
        .optional()?;
    old.map_or(Ok((0, 0)), |old| forget_some(tx, &old))
}

/// The same with a report of an account, whenever it was made, because who made it is to be forgotten.
///
/// # Errors
/// The database's.
pub fn erase(tx: &mut Tx<'_>, account_id: &Identifier) -> Result<(usize, usize), StoreError> {
    let of_account = import_report::table.filter(import_report::account_id.eq(account_id.as_str()));
    let id: Option<String> = of_account.select(import_report::id).first(tx.conn).optional()?;
    let Some(id) = id else { return Ok((0, 0)) };
    let forgotten = forget_some(tx, &id)?;
    tx.note_erasure();
    if forgotten.0 > 0 {
        let (action, resource) = (Action::Erased, Collection::Imports);
        tx.audit(Deed { action, resource, id: Some(id), version: None, before: None, after: None });
    }
    Ok(forgotten)
}

/// Forgets a report, or of one with many rows first some of them.
fn forget_some(tx: &mut Tx<'_>, old: &str) -> Result<(usize, usize), StoreError> {
    let own = import_row::table.filter(import_row::import_id.eq(old));
    let positions: Vec<i64> =
        own.order(import_row::position).limit(MOST_FORGOTTEN).select(import_row::position).load(tx.conn)?;
    if let Some(last) = positions.last() {
        let rows = import_row::table.filter(import_row::import_id.eq(old).and(import_row::position.le(last)));
        return Ok((0, diesel::delete(rows).execute(tx.conn)?));
    }
    Ok((diesel::delete(import_report::table.filter(import_report::id.eq(old))).execute(tx.conn)?, 0))
}
