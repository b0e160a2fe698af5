//! Changes of public resources, made as writers make them.

use diesel::{ExpressionMethods as _, QueryDsl as _};
use remacto::{
    db::{Change, Operation, StoreError, Tx, prelude::RunQueryDsl as _, schema::territory},
    kernel::{id::Identifier, kind::Kind},
};

/// Changes the populations of some territories, the first ones by code, each with its entry in the audit.
pub fn change_territories(tx: &mut Tx<'_>, count: usize) -> Result<(), StoreError> {
    let count = i64::try_from(count).map_err(StoreError::corrupt)?;
    let first = territory::table.order(territory::code).limit(count).select(territory::id);
    let ids: Vec<String> = first.load(tx.conn)?;
    for id in ids {
        let row = territory::table.filter(territory::id.eq(&id));
        let values = (
            territory::population_2024.eq(territory::population_2024 + 1),
            territory::version.eq(territory::version + 1),
        );
        diesel::update(row).set(values).execute(tx.conn)?;
        note_territory(tx, id)?;
    }
    Ok(())
}

/// Gives a territory another French name.
pub fn rename_territory(tx: &mut Tx<'_>, code: &str, name: &str) -> Result<(), StoreError> {
    let row = territory::table.filter(territory::code.eq(code));
    let values = (territory::name_fr.eq(name), territory::version.eq(territory::version + 1));
    diesel::update(row).set(values).execute(tx.conn)?;
    let id = row.select(territory::id).first(tx.conn)?;
    note_territory(tx, id)
}

fn note_territory(tx: &mut Tx<'_>, id: String) -> Result<(), StoreError> {
    let version = territory::table.filter(territory::id.eq(&id)).select(territory::version).first(tx.conn)?;
    let (kind, id) = (Kind::Territories, Identifier::stored(id));
    tx.record(Change { kind, id, operation: Operation::Updated, version }, None, None);
    Ok(())
}
