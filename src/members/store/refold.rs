//! Makes the columns that members are searched and sorted by anew.

use crate::db::prelude::*;

use super::walk;
use crate::{
    db::{CHUNK, StoreError, Tx, schema::member},
    kernel::language::Language,
};

/// Makes the columns anew, as texts are folded now.
///
/// # Errors
/// The database's.
pub fn refold(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let (mut touched, mut after) = (0, None::<String>);
    loop {
        let members = walk(tx.conn, after.as_deref(), CHUNK)?;
        let Some(last) = members.last() else { return Ok(touched) };
        after = Some(last.id.to_string());
        touched += members.len();
        for found in members {
            diesel::update(member::table.filter(member::id.eq(found.id.as_str())))
                .set((
                    member::name_fr_folded.eq(found.facts.sort_name(Language::Fr)),
                    member::name_ar_folded.eq(found.facts.sort_name(Language::Ar)),
                    member::search_text.eq(found.facts.search_text()),
                ))
                .execute(tx.conn)?;
        }
    }
}
