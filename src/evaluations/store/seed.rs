//! Evaluations that are loaded, many at a time.

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::NaiveDate;
use diesel::dsl::exists;

use super::{
    super::rules::{Evaluated, Seed},
    EVALUATIONS, Row, parsed,
};
use crate::{
    action_programs::Implementation,
    db::{
        Conn, StoreError, Tx, batch_insert, json,
        schema::{action_program, evaluation, member, project},
    },
    kernel::{
        id::{Identifier, new_id},
        language::{Language, LanguageMap},
    },
};

/// The published programmes that were invented for demonstration and have no evaluation yet, in the order of their slugs.
///
/// # Errors
/// The database's.
pub fn evaluated(conn: &mut Conn) -> Result<Vec<Evaluated>, StoreError> {
    type Names = (Option<String>, Option<String>, Option<String>);
    type Found = (String, String, Option<NaiveDate>, Option<NaiveDate>, Names);
    let has_one = exists(evaluation::table.filter(evaluation::program_id.eq(action_program::id)));
    let rows: Vec<Found> = action_program::table
        .inner_join(member::table.on(action_program::member_id.eq(member::id)))
        .filter(action_program::provenance.eq("illustrative").and(action_program::publication.eq("published")))
        .filter(diesel::dsl::not(has_one))
        .order(action_program::slug)
        .select((
            action_program::id,
            action_program::stage,
            action_program::implementation_from,
            action_program::implementation_until,
            (member::name_fr, member::name_ar, member::name_en),
        ))
        .load(conn)?;
    let projects: Vec<(String, String)> = project::table
        .inner_join(action_program::table.on(action_program::id.eq(project::program_id)))
        .filter(action_program::provenance.eq("illustrative"))
        .order((project::program_id, project::id.desc()))
        .select((project::program_id, project::id))
        .load(conn)?;
    // Of each programme the last one stays: the first project.
    let mut projects: HashMap<String, String> = projects.into_iter().collect();
    let evaluated = |(program_id, stage, from, until, (fr, ar, en)): Found| {
        let implementation = from.map(|from| Implementation { from, until });
        let name = LanguageMap { ar, fr, en };
        Ok(Evaluated {
            stage: parsed(&stage)?,
            implementation_from: from,
            implementation_until: implementation.map(Implementation::ends_on),
            member: name.read(Language::Fr).to_owned(),
            project_id: projects.remove(&program_id).map(Identifier::stored),
            program_id: Identifier::stored(program_id),
        })
    };
    rows.into_iter().map(evaluated).collect()
}

/// Adds evaluations of published programmes and returns how many.
///
/// # Errors
/// The database's.
pub fn seed(tx: &mut Tx<'_>, seeds: Vec<Seed>) -> Result<usize, StoreError> {
    let mut rows = Vec::with_capacity(seeds.len());
    for Seed { program_id, subject, author, facts, publication } in seeds {
        let row = Row {
            id: new_id().into_string(),
            version: 1,
            created_at: tx.now().naive_utc(),
            updated_at: tx.now().naive_utc(),
            program_id: program_id.into_string(),
            project_id: subject.project_id.map(Identifier::into_string),
            kind: subject.kind.as_str().to_owned(),
            voice: author.voice.as_str().to_owned(),
            organisation: author.organisation,
            is_independent: facts.is_independent,
            independence: facts.independence.as_ref().map(json::write).transpose()?,
            evaluated_on: facts.evaluated_on,
            completion: facts.completion.map(|value| value.as_str().to_owned()),
            opened_government: facts.opened_government.map(|value| value.as_str().to_owned()),
            answers: json::write(&facts.answers)?,
            publication: publication.as_str().to_owned(),
        };
        tx.touched(EVALUATIONS, Identifier::stored(row.id.clone()));
        rows.push(row);
    }
    batch_insert!(tx.conn, evaluation::table, &rows);
    Ok(rows.len())
}
