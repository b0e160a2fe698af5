//! Answers about single resources and pages of them, made of documents where the public reads these, and in the same form for who
//! may see what is not published.

use std::collections::HashMap;

use serde::Serialize;

use super::{
    Published,
    body::with_property,
    page::Listed,
    store::{bodies, body},
};
use crate::{
    db::{Conn, StoreError, Tx},
    kernel::{id::Identifier, paging::Found},
    web::{problem::Problem, splice, written::Written},
};

/// A frame of a page with nothing of the list's own.
#[derive(Debug, Serialize)]
pub struct NoFrame {}

/// A resource as a reader sees it: its document, with what the representation adds for this reader; or the representation, where
/// there is no document.
///
/// # Errors
/// [`StoreError::Corrupt`] for something that has no JSON form.
pub fn presented<P: Published>(document: Option<String>, out: &P) -> Result<String, StoreError> {
    let Some(document) = document else { return serde_json_canonicalizer::to_string(out).map_err(StoreError::corrupt) };
    match out.overlay()? {
        Some((name, value)) => with_property(&document, name, &value),
        None => Ok(document),
    }
}

/// What was found, with its document where it is published.
///
/// # Errors
/// The database's.
pub fn with_document<T>(conn: &mut Conn, id: &Identifier, found: T) -> Result<(T, Option<String>), StoreError> {
    Ok((found, body(conn, id)?))
}

/// Resources as a reader sees them, in their order, with one statement.
///
/// # Errors
/// The database's.
pub fn presented_all<P: Published>(conn: &mut Conn, resources: Vec<P>) -> Result<Vec<Listed>, StoreError> {
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
