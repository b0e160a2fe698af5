//! Which state of the embedded reference data the database holds.

use crate::prelude::*;

use super::{Conn, StoreError, Tx, schema::reference_load};

/// The digest of the state in which a set was loaded last, if it ever was.
///
/// # Errors
/// The database's.
pub fn loaded_digest(conn: &mut Conn, name: &str) -> Result<Option<String>, StoreError> {
    let row = reference_load::table.filter(reference_load::name.eq(name)).select(reference_load::sha256);
    Ok(row.first(conn).optional()?)
}

/// Whether anything was loaded yet.
///
/// # Errors
/// The database's.
pub fn any_loaded(conn: &mut Conn) -> Result<bool, StoreError> {
    let names: Option<String> = reference_load::table.select(reference_load::name).first(conn).optional()?;
    Ok(names.is_some())
}

/// Notes that a set is now loaded in the state with this digest.
///
/// # Errors
/// The database's.
pub fn note_loaded(tx: &mut Tx<'_>, name: &str, sha256: &str) -> Result<(), StoreError> {
    diesel::delete(reference_load::table.filter(reference_load::name.eq(name))).execute(tx.conn)?;
    diesel::insert_into(reference_load::table)
        .values((
            reference_load::name.eq(name),
            reference_load::sha256.eq(sha256),
            reference_load::loaded_at.eq(tx.now().naive_utc()),
        ))
        .execute(tx.conn)?;
    Ok(())
}
