//! Assessments that are loaded, many at a time.

use diesel::dsl::{exists, not};

use super::{
    super::rules::{Assessed, Assessment, Seed},
    ASSESSMENTS, Row,
};
use crate::db::prelude::*;
use crate::{
    db::{
        Conn, StoreError, Tx, batch_insert,
        schema::{assessment, member},
    },
    kernel::{
        id::{Identifier, Slug, new_id},
        language::{Language, LanguageMap},
    },
};

/// The members that were invented for demonstration and have no assessment yet, in the order of their slugs.
///
/// # Errors
/// The database's.
pub fn assessed(conn: &mut Conn) -> Result<Vec<Assessed>, StoreError> {
    type Found = (String, String, (Option<String>, Option<String>, Option<String>));
    let has_one = exists(assessment::table.filter(assessment::member_id.eq(member::id)));
    let rows: Vec<Found> = member::table
        .filter(member::provenance.eq("illustrative").and(member::status.eq_any(["active", "suspended"])))
        .filter(not(has_one))
        .order(member::slug)
        .select((member::id, member::slug, (member::name_fr, member::name_ar, member::name_en)))
        .load(conn)?;
    let assessed = |(member_id, slug, (fr, ar, en)): Found| {
        let name = LanguageMap { ar, fr, en }.read(Language::Fr).to_owned();
        let member = Slug::try_from(slug).map_err(StoreError::corrupt)?;
        Ok(Assessed { member_id: Identifier::stored(member_id), member, name })
    };
    rows.into_iter().map(assessed).collect()
}

/// Adds assessments and returns how many.
///
/// # Errors
/// The database's.
pub fn seed(tx: &mut Tx<'_>, seeds: Vec<Seed>) -> Result<usize, StoreError> {
    let mut rows = Vec::with_capacity(seeds.len());
    for Seed { member: Assessed { member_id, member, .. }, subject, author, facts, publication } in seeds {
        let new = Assessment {
            id: new_id(),
            version: 1,
            created_at: tx.now(),
            updated_at: tx.now(),
            member_id,
            member,
            subject,
            author,
            facts,
            publication,
        };
        tx.touched(ASSESSMENTS, new.id.clone());
        rows.push(Row::of(&new)?);
    }
    batch_insert!(tx.conn, assessment::table, &rows);
    Ok(rows.len())
}
