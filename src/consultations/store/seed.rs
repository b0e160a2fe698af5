//! Consultations that are loaded, with what was contributed to them, many at a time.

use std::collections::{HashMap, HashSet};

use crate::db::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{
    super::rules::{Contribution, Receipt, SeedConsultation, SeedContribution, SenderKey, Texts},
    CONSULTATIONS, CONTRIBUTIONS, Row,
    answers::Secrets,
    contributions::ContributionRow,
    write::new,
};
use crate::{
    action_programs::{self, Program, Project, Provenance},
    db::{
        StoreError, Tx,
        schema::{consultation, contribution},
    },
    kernel::id::{Identifier, new_id},
};

/// Adds invented consultations to the invented programmes that have none, and returns how many. The contribution that first
/// became a project can be followed by the receipt `example`.
///
/// # Errors
/// The database's.
pub fn seed(tx: &mut Tx<'_>, texts: &Texts, example: Receipt) -> Result<usize, StoreError> {
    action_programs::take_turn(tx)?;
    let programs = action_programs::published_of(tx.conn, Provenance::Illustrative)?;
    let ids: Vec<&Identifier> = programs.iter().map(|program| &program.id).collect();
    let projects = action_programs::projects_of(tx.conn, &ids)?;
    let mut of_program: HashMap<String, Vec<Project>> = HashMap::new();
    for project in projects {
        of_program.entry(project.program_id.to_string()).or_default().push(project);
    }
    let consulted: Vec<String> = consultation::table.select(consultation::program_id).distinct().load(tx.conn)?;
    let consulted: HashSet<String> = consulted.into_iter().collect();
    let today = tx.today();
    let (mut added, mut contributions, mut example) = (0, Vec::new(), Some(example));
    for (number, program) in programs.iter().enumerate().filter(|(_, program)| !consulted.contains(program.id.as_str()))
    {
        let own = of_program.remove(program.id.as_str()).unwrap_or_default();
        for SeedConsultation { facts, contributions: sent } in texts.illustrate(number, (program, &own), today) {
            let new = new(tx, program, facts);
            diesel::insert_into(consultation::table).values(Row::of(&new)?).execute(tx.conn)?;
            tx.touched(CONSULTATIONS, new.id.clone());
            contributions.extend(sent.into_iter().map(|sent| contribution(tx, program, &new.id, sent)));
            added += 1;
        }
    }
    let mut rows = Vec::with_capacity(contributions.len());
    for found in contributions {
        if found.is_public() {
            tx.touched(CONTRIBUTIONS, found.id.clone());
        }
        let became_project = found.standing.answer.as_ref().is_some_and(|answer| answer.project_id.is_some());
        let receipt = example.take_if(|_| became_project);
        let receipt = receipt.unwrap_or_else(|| Receipt::of(Sha256::digest(found.id.as_str()).into()));
        let key = SenderKey::parse(&found.id).ok_or_else(|| StoreError::corrupt("an id that is no key"))?;
        rows.push((ContributionRow::of(&found)?, Secrets::of(&found.consultation_id, (&key, b""), &receipt)));
    }
    insert(tx, rows)?;
    Ok(added)
}

/// The contribution that a seed grows into.
fn contribution(tx: &Tx<'_>, program: &Program, consultation_id: &Identifier, seed: SeedContribution) -> Contribution {
    Contribution {
        id: new_id(),
        version: 1,
        created_at: seed.sent_at,
        updated_at: tx.now(),
        consultation_id: consultation_id.to_owned(),
        program_id: program.id.clone(),
        program: program.slug.clone(),
        program_is_public: program.is_public(),
        owner: program.owner.clone(),
        content: seed.content,
        standing: seed.standing,
    }
}

fn insert(tx: &mut Tx<'_>, rows: Vec<(ContributionRow, Secrets)>) -> Result<(), StoreError> {
    for row in rows {
        diesel::insert_into(contribution::table).values(row).execute(tx.conn)?;
    }
    Ok(())
}
