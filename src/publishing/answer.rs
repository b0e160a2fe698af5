//! Answers about single resources and pages of them, made of documents where the public reads these, and in the same form for who
//! may see what is not published.

use std::collections::HashMap;

use serde::Serialize;

use super::{
    Overlay, Published,
    body::with_property,
    page::{Listed, Selected},
    store::{bodies, body},
};
use crate::{
    db::{Conn, StoreError, Tx, json, snapshot},
    kernel::{id::Identifier, paging::Found},
    web::{problem::Problem, splice, written::Written},
};

/// Makes all statements of some work read one state of the data: rows and documents that are read apart then belong together.
pub fn of_one_state<T>(
    work: impl Fn(&mut Conn) -> Result<T, StoreError>,
) -> impl Fn(&mut Conn) -> Result<T, StoreError> {
    move |conn: &mut Conn| snapshot(conn, &work)
}

/// A frame of a page with nothing of the list's own.
#[derive(Debug, Serialize)]
pub struct NoFrame {}

/// A resource as a caller reads it.
#[derive(Debug)]
pub struct Shown {
    /// The version of its row, which changes are meant for.
    pub version: i64,
    /// Its document with the caller's part, or what stands for it.
    pub document: String,
    /// Whether everybody reads the same.
    pub is_public: bool,
}

/// A resource as a reader sees it: its document, with what the representation adds for this reader; or the representation, where
/// there is no document.
///
/// # Errors
/// [`StoreError::Corrupt`] for something that has no JSON form.
pub fn presented<P: Published>(document: Option<String>, out: &P) -> Result<String, StoreError> {
    match document {
        Some(document) => overlaid(document, out.overlay()?),
        None => unpublished(out),
    }
}

/// What is not published, in the form of a document.
fn unpublished(out: &impl Published) -> Result<String, StoreError> {
    serde_json_canonicalizer::to_string(out).map_err(StoreError::corrupt)
}

/// A document with the reader's part.
///
/// # Errors
/// [`StoreError::Corrupt`] for one without such a property.
pub fn overlaid(document: String, overlay: Overlay) -> Result<String, StoreError> {
    match overlay {
        Some((name, value)) => with_property(&document, name, &value),
        None => Ok(document),
    }
}

/// What is computed for a day, as the reader's part of a document.
///
/// # Errors
/// [`StoreError::Corrupt`] for something that has no JSON form.
pub fn computed(out: &impl Serialize) -> Result<Overlay, StoreError> {
    Ok(Some(("computed", json::write(out)?)))
}

/// Selected rows as a reader sees them; `overlay` makes the reader's part. Those without a document are drafts: they are left out
/// unless the reader sees drafts, and else as they are now, with the statements of their kind.
///
/// # Errors
/// The database's.
pub fn completed_rows<P: Published, C>(
    conn: &mut Conn,
    rows: Vec<Selected<C>>,
    with_drafts: bool,
    overlay: impl Fn(C) -> Result<Overlay, StoreError>,
) -> Result<Vec<Listed>, StoreError> {
    let drafts: Vec<&Identifier> = rows.iter().filter(|row| row.document.is_none()).map(|row| &row.id).collect();
    let drafts = if drafts.is_empty() || !with_drafts { Vec::new() } else { P::read(conn, &drafts)? };
    let mut drafts: HashMap<String, P> = drafts.into_iter().map(|(_, out)| (out.id().to_owned(), out)).collect();
    let mut listed = Vec::with_capacity(rows.len());
    for Selected { id, document, columns } in rows {
        let document = match document {
            Some(document) => document,
            None => match drafts.remove(id.as_str()) {
                Some(out) => unpublished(&out)?,
                // It was deleted after it was selected, or is a draft of others.
                None => continue,
            },
        };
        listed.push(Listed { id, document: overlaid(document, overlay(columns)?)? });
    }
    Ok(listed)
}

/// The same of a page.
///
/// # Errors
/// The database's.
pub fn completed<P: Published, C>(
    conn: &mut Conn,
    found: Found<Selected<C>>,
    with_drafts: bool,
    overlay: impl Fn(C) -> Result<Overlay, StoreError>,
) -> Result<Found<Listed>, StoreError> {
    let Found { rows, sequence, next, total } = found;
    Ok(Found { rows: completed_rows::<P, C>(conn, rows, with_drafts, overlay)?, sequence, next, total })
}

/// What was found, with its document where it is published.
///
/// # Errors
/// The database's.
pub fn with_document<T>(conn: &mut Conn, id: &Identifier, found: T) -> Result<(T, Option<String>), StoreError> {
    Ok((found, body(conn, id)?))
}

/// Resources as a reader sees them, in their order, with one statement for each [`CHUNK`](crate::db::CHUNK) of them.
///
/// # Errors
/// The database's.
fn presented_all<P: Published>(conn: &mut Conn, resources: Vec<P>) -> Result<Vec<Listed>, StoreError> {
    let ids: Vec<Identifier> = resources.iter().map(|out| Identifier::stored(out.id().to_owned())).collect();
    let mut documents: HashMap<String, String> = bodies(conn, &ids.iter().collect::<Vec<_>>())?;
    let listed = |(id, out): (Identifier, P)| Ok(Listed { document: presented(documents.remove(out.id()), &out)?, id });
    ids.into_iter().zip(resources).map(listed).collect()
}

/// A page of rows as documents; `represent` makes of a row what is shown where there is none, and what is added to it. With one
/// statement.
///
/// # Errors
/// The database's.
pub fn listed<T, P: Published>(
    conn: &mut Conn,
    found: Found<T>,
    represent: impl Fn(T) -> P,
) -> Result<Found<Listed>, StoreError> {
    let Found { rows, sequence, next, total } = found;
    let rows = presented_all(conn, rows.into_iter().map(represent).collect())?;
    Ok(Found { rows, sequence, next, total })
}

/// What was written, as who wrote it sees it: it is published first, so nothing else may be written afterwards.
///
/// # Errors
/// The database's.
pub fn published<P: Published>(tx: &mut Tx<'_>, out: &P) -> Result<String, StoreError> {
    tx.publish()?;
    let id = Identifier::stored(out.id().to_owned());
    let document = match tx.document(&id) {
        Some(document) => Some(document.to_owned()),
        None => body(tx.conn, &id)?,
    };
    presented(document, out)
}

/// The answer that shows what was [`published`].
///
/// # Errors
/// The database's.
pub fn changed<P: Published>(tx: &mut Tx<'_>, version: i64, out: &P) -> Result<Written, Problem> {
    Written::changed_json(version, published(tx, out)?.into_bytes())
}

/// The answer that shows what was [`published`] with something beside it.
///
/// # Errors
/// The database's.
pub fn changed_beside<P: Published>(
    tx: &mut Tx<'_>,
    version: i64,
    (out, beside): (&P, &impl Serialize),
) -> Result<Written, Problem> {
    let json = splice::object(&published(tx, out)?, beside).map_err(Problem::internal)?;
    Written::changed_json(version, json)
}
