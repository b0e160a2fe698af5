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

/// The page of up to `limit` rows out of what was read with one row more.
///
/// # Errors
/// The database's, which is asked for the number of the last change where no row tells it; [`StoreError::Corrupt`] for a row
/// without a document.
pub fn page<K: Into<Key> + Clone>(
    conn: &mut Conn,
    rows: Vec<ListRow<K>>,
    limit: u8,
    total: Option<i64>,
) -> Result<Found<Listed>, StoreError> {
    let sequence = match rows.first() {
        Some((.., sequence)) => *sequence,
        None => current_sequence(conn)?,
    };
    let position =
        |(id, key, ..): &ListRow<K>| Position { key: key.clone().into(), id: Identifier::stored(id.clone()) };
    let Found { rows, next, .. } = Found::of(rows, limit, (sequence, total), position);
    let listed = |(id, _, document, _): ListRow<K>| {
        let document = document.ok_or_else(|| StoreError::corrupt(format!("{id} is listed and has no document")))?;
        Ok(Listed { id: Identifier::stored(id), document })
    };
    Ok(Found { rows: rows.into_iter().map(listed).collect::<Result<_, StoreError>>()?, sequence, next, total })
}
