//! Makes the columns that indicators are searched and sorted by anew.

use crate::db::prelude::*;

use super::{Derived, Names, Row, columns, parts, read};
use crate::db::{CHUNK, StoreError, Tx, schema::indicator};

/// Makes the columns anew, as texts are folded now.
///
/// # Errors
/// The database's.
pub fn refold(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let limit = i64::try_from(CHUNK).map_err(StoreError::corrupt)?;
    let (mut touched, mut after) = (0, String::new());
    loop {
        let behind = parts().select(columns()).filter(indicator::id.gt(&after)).order(indicator::id);
        let rows: Vec<(Row, Names)> = behind.limit(limit).load(tx.conn)?;
        let Some((last, _)) = rows.last() else { return Ok(touched) };
        after.clone_from(&last.id);
        touched += rows.len();
        for row in rows {
            let found = read(row)?;
            diesel::update(indicator::table.filter(indicator::id.eq(found.id.as_str())))
                .set(Derived::of(&found.facts.definition)?)
                .execute(tx.conn)?;
        }
    }
}
