//! The documents' rows and every query on them.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use sha2::{Digest as _, Sha256};

use super::Body;
use crate::db::prelude::*;
use crate::{
    db::{
        Conn, StoreError, Tx, batch_insert, in_pieces,
        schema::{change_entry, document, published_kind, sequence_counter, withdrawn},
    },
    kernel::{id::Identifier, kind::Kind},
};

/// A document as it is written.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = document, treat_none_as_null = true, treat_none_as_default_value = false)]
struct DocumentRow {
    id: String,
    kind: &'static str,
    slug: Option<String>,
    version: i64,
    sequence: i64,
    changed_at: NaiveDateTime,
    sha256: Vec<u8>,
    representation: i64,
    body: String,
}

/// A document that is written.
pub struct Written {
    /// The resource's id.
    pub id: Identifier,
    /// The text, with its version and time.
    pub body: Body,
    /// The number of the change that made it so.
    pub sequence: i64,
    /// When that was.
    pub changed_at: NaiveDateTime,
    /// Whether there is one already.
    pub is_replaced: bool,
}

/// A document that is there.
pub struct Stored {
    /// The text.
    pub body: Body,
    /// The number of the change that made it so.
    pub sequence: i64,
    /// When that was.
    pub changed_at: NaiveDateTime,
    /// The form in which it is written.
    pub representation: i64,
}

/// How many documents are written one by one. More are deleted and copied anew.
const FEW: usize = 16;

/// The documents of these resources.
///
/// # Errors
/// The database's.
pub fn stored(conn: &mut Conn, ids: &[&Identifier]) -> Result<HashMap<Identifier, Stored>, StoreError> {
    type Row = (String, i64, crate::db::Stamp, i64, String);
    let rows: Vec<Row> = in_pieces(conn, ids, |conn, ids| {
        let found = document::table.filter(document::id.eq_any(ids.iter().map(|id| id.as_str())));
        let columns =
            (document::id, document::sequence, document::changed_at, document::representation, document::body);
        Ok(found.select(columns).load(conn)?)
    })?;
    let read = |(id, sequence, changed_at, representation, body): Row| {
        let changed_at = changed_at.into();
        Ok((Identifier::stored(id), Stored { body: Body::stored(body)?, sequence, changed_at, representation }))
    };
    rows.into_iter().map(read).collect()
}

/// The document of a resource, if it is published.
///
/// # Errors
/// The database's.
pub fn body(conn: &mut Conn, id: &Identifier) -> Result<Option<String>, StoreError> {
    let own = document::table.filter(document::id.eq(id.as_str()));
    Ok(own.select(document::body).first(conn).optional()?)
}

/// The documents of those of these resources that are published.
///
/// # Errors
/// The database's.
pub fn bodies(conn: &mut Conn, ids: &[&Identifier]) -> Result<HashMap<String, String>, StoreError> {
    let rows: Vec<(String, String)> = in_pieces(conn, ids, |conn, ids| {
        let found = document::table.filter(document::id.eq_any(ids.iter().map(|id| id.as_str())));
        Ok(found.select((document::id, document::body)).load(conn)?)
    })?;
    Ok(rows.into_iter().collect())
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = diesel::sql_types::Text)]
    id: String,
}

/// The ids of all rows of a table, some at a time in their order: `after` is the last one seen.
///
/// # Errors
/// The database's.
pub fn ids(
    conn: &mut Conn,
    table: &'static str,
    after: Option<&Identifier>,
    limit: usize,
) -> Result<Vec<Identifier>, StoreError> {
    let limit = i64::try_from(limit).map_err(StoreError::corrupt)?;
    let query = diesel::sql_query(format!("SELECT id FROM {table} WHERE id > $1 ORDER BY id LIMIT $2"));
    let query = query.bind::<diesel::sql_types::Text, _>(after.map_or("", |id| id.as_str()));
    let rows: Vec<IdRow> = query.bind::<diesel::sql_types::BigInt, _>(limit).load(conn)?;
    Ok(rows.into_iter().map(|row| Identifier::stored(row.id)).collect())
}

/// The ids of a kind's documents behind one and up to another.
///
/// # Errors
/// The database's.
pub fn ids_between(
    conn: &mut Conn,
    kind: Kind,
    after: Option<&Identifier>,
    until: Option<&Identifier>,
) -> Result<Vec<Identifier>, StoreError> {
    let after = after.map_or("", |id| id.as_str());
    let found = document::table.filter(document::kind.eq(kind.as_str())).filter(document::id.gt(after));
    let found = found.order(document::id).select(document::id);
    let ids: Vec<String> = match until {
        Some(until) => found.filter(document::id.le(until.as_str())).load(conn)?,
        None => found.load(conn)?,
    };
    Ok(ids.into_iter().map(Identifier::stored).collect())
}

/// Writes documents of a kind, in a form.
///
/// # Errors
/// The database's.
pub fn write(conn: &mut Conn, (kind, representation): (Kind, i64), documents: Vec<Written>) -> Result<(), StoreError> {
    let (replaced, mut new): (Vec<Written>, Vec<Written>) =
        documents.into_iter().partition(|document| document.is_replaced);
    if replaced.len() > FEW {
        let ids: Vec<Identifier> = replaced.iter().map(|document| document.id.clone()).collect();
        remove(conn, &ids)?;
        new.extend(replaced);
    } else {
        for document in replaced {
            let row = row(kind, representation, document)?;
            diesel::update(document::table.filter(document::id.eq(row.id.clone()))).set(row).execute(conn)?;
        }
    }
    let rows: Vec<DocumentRow> = new.into_iter().map(|new| row(kind, representation, new)).collect::<Result<_, _>>()?;
    if rows.len() > FEW {
        batch_insert!(conn, document::table, &rows);
    } else {
        for row in rows {
            diesel::insert_into(document::table).values(row).execute(conn)?;
        }
    }
    Ok(())
}

fn row(kind: Kind, representation: i64, document: Written) -> Result<DocumentRow, StoreError> {
    let Written { id, body, sequence, changed_at, .. } = document;
    Ok(DocumentRow {
        id: id.into_string(),
        kind: kind.as_str(),
        slug: body.slug()?,
        version: body.version()?,
        sequence,
        changed_at,
        sha256: Sha256::digest(body.as_str()).to_vec(),
        representation,
        body: body.into_text(),
    })
}

/// Removes the documents of these resources.
///
/// # Errors
/// The database's.
pub fn remove(conn: &mut Conn, ids: &[Identifier]) -> Result<(), StoreError> {
    for ids in ids.chunks(crate::db::CHUNK) {
        let gone = document::table.filter(document::id.eq_any(ids.iter().map(Identifier::as_str)));
        diesel::delete(gone).execute(conn)?;
    }
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = withdrawn, treat_none_as_default_value = false)]
struct WithdrawnRow {
    id: String,
    version: i64,
}

/// Notes the last versions of what is published no more and may be again.
///
/// # Errors
/// The database's.
pub fn note_withdrawn(conn: &mut Conn, last: &[(Identifier, i64)]) -> Result<(), StoreError> {
    let row = |(id, version): &(Identifier, i64)| WithdrawnRow { id: id.to_string(), version: *version };
    take_withdrawn(conn, &last.iter().map(|(id, _)| id).collect::<Vec<_>>())?;
    let rows: Vec<WithdrawnRow> = last.iter().map(row).collect();
    batch_insert!(conn, withdrawn::table, &rows);
    Ok(())
}

/// The last versions of those of these resources that were published before, and are again from now on.
///
/// # Errors
/// The database's.
pub fn take_withdrawn(conn: &mut Conn, ids: &[&Identifier]) -> Result<HashMap<Identifier, i64>, StoreError> {
    let rows: Vec<(String, i64)> = in_pieces(conn, ids, |conn, ids| {
        let own = || withdrawn::table.filter(withdrawn::id.eq_any(ids.iter().map(|id| id.as_str())));
        let found: Vec<(String, i64)> = own().select((withdrawn::id, withdrawn::version)).load(conn)?;
        if !found.is_empty() {
            diesel::delete(own()).execute(conn)?;
        }
        Ok(found)
    })?;
    Ok(rows.into_iter().map(|(id, version)| (Identifier::stored(id), version)).collect())
}

/// In which form each kind's documents are complete.
///
/// # Errors
/// The database's.
pub fn complete(conn: &mut Conn) -> Result<HashMap<String, i64>, StoreError> {
    let rows: Vec<(String, i64)> =
        published_kind::table.select((published_kind::kind, published_kind::representation)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Notes that a kind's documents are complete in a form.
///
/// # Errors
/// The database's.
pub fn note_complete(tx: &mut Tx<'_>, kind: Kind, representation: i64) -> Result<(), StoreError> {
    diesel::delete(published_kind::table.filter(published_kind::kind.eq(kind.as_str()))).execute(tx.conn)?;
    let row = (published_kind::kind.eq(kind.as_str()), published_kind::representation.eq(representation));
    diesel::insert_into(published_kind::table).values(row).execute(tx.conn)?;
    Ok(())
}

/// The newest form in which a binary has begun to write documents, and the one in which all of them are.
///
/// # Errors
/// The database's.
pub fn forms(conn: &mut Conn) -> Result<(i64, i64), StoreError> {
    Ok(sequence_counter::table.select((sequence_counter::claimed, sequence_counter::representation)).first(conn)?)
}

/// Begins to write documents in a form: binaries of an older one publish no more.
///
/// # Errors
/// The database's.
pub fn claim(tx: &mut Tx<'_>, form: i64) -> Result<(), StoreError> {
    diesel::update(sequence_counter::table).set(sequence_counter::claimed.eq(form)).execute(tx.conn)?;
    Ok(())
}

/// Notes that all documents are in a form: binaries of it may publish.
///
/// # Errors
/// The database's.
pub fn note_all_complete(tx: &mut Tx<'_>, form: i64) -> Result<(), StoreError> {
    diesel::update(sequence_counter::table).set(sequence_counter::representation.eq(form)).execute(tx.conn)?;
    Ok(())
}

/// The documents of a kind, some at a time, in the order of the ids: `after` is the last one seen.
///
/// # Errors
/// The database's.
pub fn walk(
    conn: &mut Conn,
    kind: Kind,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, String)>, StoreError> {
    let limit = i64::try_from(limit).map_err(StoreError::corrupt)?;
    let found =
        document::table.filter(document::kind.eq(kind.as_str())).filter(document::id.gt(after.unwrap_or_default()));
    Ok(found.order(document::id).limit(limit).select((document::id, document::body)).load(conn)?)
}

/// The most changes that are looked at to find out whether a plan is outdated.
const MOST_CHANGES: i64 = 10_000;

/// What has been published behind a number; nothing where that is too much to look at.
///
/// # Errors
/// The database's.
pub fn changed_since(conn: &mut Conn, since: i64) -> Result<Option<Vec<(Kind, Identifier)>>, StoreError> {
    let found = change_entry::table.filter(change_entry::sequence.gt(since)).order(change_entry::sequence);
    let columns = (change_entry::resource, change_entry::resource_id);
    let rows: Vec<(String, String)> = found.limit(MOST_CHANGES).select(columns).load(conn)?;
    if i64::try_from(rows.len()).map_err(StoreError::corrupt)? == MOST_CHANGES {
        return Ok(None);
    }
    let read = |(kind, id): (String, String)| Ok((kind.parse().map_err(StoreError::corrupt)?, Identifier::stored(id)));
    rows.into_iter().map(read).collect::<Result<_, StoreError>>().map(Some)
}
