//! A page of a list, whose rows are documents.

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

use super::StoreError;
use crate::{
    db::{Conn, current_sequence},
    kernel::{
        id::Identifier,
        paging::{Found, Key, Position},
    },
};

/// A row of a list as the store reads it: id, sort key, document, and the number of the last change.
pub type ListRow<K> = (String, K, Option<String>, i64);

/// A resource in a list.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: Identifier,
    /// Its document.
    pub document: String,
}

impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.document).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl AsRef<str> for Listed {
    fn as_ref(&self) -> &str {
        &self.document
    }
}

/// A resource in a list as it was selected.
#[derive(Debug)]
pub struct Selected<C> {
    /// Its id.
    pub id: Identifier,
    /// Its document; nothing for what is not published.
    pub document: Option<String>,
    /// From what the reader's part is made.
    pub columns: C,
}

/// The page of up to `limit` rows out of what was selected with one row more.
///
/// # Errors
/// The database's, which is asked for the number of the last change where no row tells it.
pub fn rows<K: Into<Key> + Clone, C>(
    conn: &mut Conn,
    selected: Vec<(ListRow<K>, C)>,
    limit: u8,
    total: Option<i64>,
) -> Result<Found<Selected<C>>, StoreError> {
    let sequence = match selected.first() {
        Some(((.., sequence), _)) => *sequence,
        None => current_sequence(conn)?,
    };
    let position =
        |((id, key, ..), _): &(ListRow<K>, C)| Position { key: key.clone().into(), id: Identifier::stored(id.clone()) };
    let Found { rows, next, .. } = Found::of(selected, limit, (sequence, total), position);
    let row = |((id, _, document, _), columns)| Selected { id: Identifier::stored(id), document, columns };
    Ok(Found { rows: rows.into_iter().map(row).collect(), sequence, next, total })
}

/// The same of a kind of which everything is published.
///
/// # Errors
/// Those of [`rows`]; [`StoreError::Corrupt`] for a row without a document.
pub fn page<K: Into<Key> + Clone>(
    conn: &mut Conn,
    selected: Vec<ListRow<K>>,
    limit: u8,
    total: Option<i64>,
) -> Result<Found<Listed>, StoreError> {
    let selected = selected.into_iter().map(|row| (row, ())).collect();
    let Found { rows, sequence, next, total } = rows(conn, selected, limit, total)?;
    let listed = |Selected { id, document, .. }: Selected<()>| {
        let document = document.ok_or_else(|| StoreError::corrupt(format!("{id} is listed and has no document")))?;
        Ok(Listed { id, document })
    };
    Ok(Found { rows: rows.into_iter().map(listed).collect::<Result<_, StoreError>>()?, sequence, next, total })
}
