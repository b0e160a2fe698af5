//! The entries of the feed and every query on them.

use crate::db::prelude::*;
use chrono::{DateTime, NaiveDateTime, Utc};

use super::rules::{Entry, Extent, Generation, Resource, State};
use crate::{
    db::{
        Backend, Conn, Deed, DocumentBody, Stamp, StoreError, Tx,
        schema::{change_entry, sequence_counter},
    },
    kernel::id::Identifier,
};

/// The most entries that one transaction forgets.
pub const MOST_FORGOTTEN: usize = 10_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = change_entry)]
struct EntryRow {
    sequence: i64,
    resource: String,
    resource_id: String,
    op: String,
    version: i64,
    #[diesel(deserialize_as = Stamp)]
    changed_at: NaiveDateTime,
}

impl EntryRow {
    fn into_entry(self) -> Result<Entry, StoreError> {
        Ok(Entry {
            sequence: self.sequence,
            resource: self.resource.parse().map_err(StoreError::corrupt)?,
            id: Identifier::stored(self.resource_id),
            op: self.op.parse().map_err(StoreError::corrupt)?,
            version: self.version,
            at: self.changed_at.and_utc(),
        })
    }
}

/// How far the feed reaches. To be read before the entries: then nothing between the two is missed.
///
/// # Errors
/// The database's.
pub fn extent(conn: &mut Conn) -> Result<Extent, StoreError> {
    let columns = (sequence_counter::generation, sequence_counter::forgotten, sequence_counter::value);
    let (generation, forgotten, last): (String, i64, i64) = sequence_counter::table.select(columns).first(conn)?;
    Ok(Extent { generation: generation.parse().map_err(StoreError::corrupt)?, forgotten, last })
}

/// The entries behind a number, the oldest first, with the documents of their resources; none of `resources` means all.
///
/// # Errors
/// The database's.
pub fn entries(
    conn: &mut Conn,
    since: i64,
    resources: &[Resource],
    limit: u16,
) -> Result<Vec<(Entry, Option<String>)>, StoreError> {
    let mut query = change_entry::table
        .filter(change_entry::sequence.gt(since))
        .order(change_entry::sequence)
        .limit(i64::from(limit))
        .select((EntryRow::as_select(), DocumentBody(change_entry::resource_id)))
        .into_boxed::<Backend>();
    if !resources.is_empty() {
        query = query.filter(change_entry::resource.eq_any(resources.iter().map(|resource| resource.as_str())));
    }
    let rows: Vec<(EntryRow, Option<String>)> = query.load(conn)?;
    rows.into_iter().map(|(row, document)| Ok((row.into_entry()?, document))).collect()
}

/// The last entry that is kept, if any is.
///
/// # Errors
/// The database's.
pub fn latest(conn: &mut Conn) -> Result<Option<Entry>, StoreError> {
    let row: Option<EntryRow> = change_entry::table
        .order(change_entry::sequence.desc())
        .select(EntryRow::as_select())
        .first(conn)
        .optional()?;
    row.map(EntryRow::into_entry).transpose()
}

/// Where a collection stands: the numbers of the last change of any collection and of its own last one that is kept,
/// with its time. As long as the second is the same, so is the collection.
///
/// # Errors
/// The database's.
pub fn state(conn: &mut Conn, resource: &str) -> Result<State, StoreError> {
    let columns = (sequence_counter::forgotten, sequence_counter::value, sequence_counter::unannounced);
    let row = sequence_counter::table.select((sequence_counter::generation, columns));
    let (generation, (forgotten, last, unannounced)): (String, (i64, i64, i64)) = row.first(conn)?;
    let generation = generation.parse().map_err(StoreError::corrupt)?;
    let own: Option<(i64, NaiveDateTime)> = change_entry::table
        .filter(change_entry::resource.eq(resource))
        .order(change_entry::sequence.desc())
        .select((change_entry::sequence, change_entry::changed_at))
        .first(conn)
        .optional()?;
    let (own, at) = own.unwrap_or((forgotten, NaiveDateTime::default()));
    Ok(State { generation, sequence: last, own, at, unannounced })
}

/// Gives the database another identity, and returns it.
///
/// # Errors
/// The database's.
pub fn begin_generation(tx: &mut Tx<'_>) -> Result<Generation, StoreError> {
    tx.exclude_others()?;
    let generation = Generation::begun();
    diesel::update(sequence_counter::table)
        .set(sequence_counter::generation.eq(generation.to_string()))
        .execute(tx.conn)?;
    tx.audit(Deed::restored(&generation.to_string()));
    tx.note_unannounced()?;
    Ok(generation)
}

/// Forgets the oldest entries that were written before a moment, at most [`MOST_FORGOTTEN`], and returns how many. It
/// stops at the first younger one, so that the feed never has a hole.
///
/// # Errors
/// The database's.
pub fn forget(tx: &mut Tx<'_>, before: DateTime<Utc>) -> Result<usize, StoreError> {
    tx.exclude_others()?;
    let most = i64::try_from(MOST_FORGOTTEN).map_err(StoreError::corrupt)?;
    let oldest: Vec<EntryRow> =
        change_entry::table.order(change_entry::sequence).limit(most).select(EntryRow::as_select()).load(tx.conn)?;
    let last = oldest.iter().take_while(|entry| entry.changed_at < before.naive_utc()).last();
    let Some(last) = last.map(|entry| entry.sequence) else { return Ok(0) };
    diesel::update(sequence_counter::table).set(sequence_counter::forgotten.eq(last)).execute(tx.conn)?;
    Ok(diesel::delete(change_entry::table.filter(change_entry::sequence.le(last))).execute(tx.conn)?)
}
