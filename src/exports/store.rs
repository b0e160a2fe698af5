//! The rows of the data sets, as they are read for an export: a whole set from one state of the data.

use super::rules::Name;
use crate::{
    changes::{self, State},
    charter,
    db::{Conn, StoreError, json},
    publishing,
};

/// How many rows are read at once.
const CHUNK: usize = 500;

/// Where the collection of a data set stands.
///
/// # Errors
/// The database's.
pub fn state(conn: &mut Conn, name: Name) -> Result<State, StoreError> {
    changes::state(conn, name.collection())
}

/// Takes the rows of a data set as JSON, some at a time, in the order of their ids.
///
/// # Errors
/// The database's, or what `take` returns.
pub fn each_rows(
    conn: &mut Conn,
    name: Name,
    mut take: impl FnMut(Vec<String>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let Some(kind) = name.kind() else {
        // The charter is small, and always whole.
        let line = |line| Ok(json::value(&line)?.to_string());
        return take(charter::lines(conn)?.into_iter().map(line).collect::<Result<_, StoreError>>()?);
    };
    let mut last: Option<String> = None;
    loop {
        let rows = publishing::walk(conn, kind, last.as_deref(), CHUNK)?;
        let Some((end, _)) = rows.last() else { return Ok(()) };
        last = Some(end.clone());
        take(rows.into_iter().map(|(_, document)| document).collect())?;
    }
}
