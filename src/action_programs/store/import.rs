//! Lists of projects that others push: what each row comes to, and carrying it out. Who speaks for one member lists that
//! member's projects only.

use std::collections::{HashMap, HashSet};

use crate::db::prelude::*;
use chrono::NaiveDate;

use super::{
    super::rules::{COLUMNS, Line, Program, Project, ProjectFacts, ProjectTally, cells},
    PROJECTS, columns, completed, owned,
    project_write::{MOST_PROJECTS, new_project, tally_of},
    projects::{ProjectDerived, ProjectRow, projects_of},
    seed::insert_projects,
    take_turn,
};
use crate::{
    db::{
        Change, Conn, Importable, Keeper, Operation, StoreError, Tx, in_pieces, json,
        schema::{action_program, project},
    },
    kernel::{
        id::{Identifier, Slug},
        register::{Action, At, Column, Entry, Fault, Ledger, RowReader, Source, differences, each_once},
    },
};

/// Lists of projects.
pub struct ProjectList;

/// What is known beforehand.
pub struct Context {
    programs: HashMap<Slug, Program>,
    projects: HashMap<(Slug, Slug), Project>,
    /// How many projects each programme has, with those that rows add.
    counts: HashMap<Slug, usize>,
    /// Identifiers of OGP Local that rows give their projects, with the projects that had them.
    claims: Vec<(At, String, (Slug, Slug))>,
}

/// What a row makes of the store.
pub enum Write {
    /// It adds a project.
    Add(Box<(Slug, Slug, ProjectFacts)>),
    /// It changes one.
    Change(Box<(Project, ProjectFacts)>),
}

impl Importable for ProjectList {
    type Row = Line;
    type Context = Context;
    type Write = Write;

    const COLUMNS: &'static [Column] = COLUMNS;
    const HAS_SOURCES: bool = false;

    fn read(row: RowReader<'_>, _today: NaiveDate) -> Result<Line, Vec<Fault>> {
        Line::read(row)
    }

    fn prepare(
        tx: &mut Tx<'_>,
        keeper: &Keeper,
        rows: &mut Vec<Line>,
        ledger: &mut Ledger,
    ) -> Result<Context, StoreError> {
        take_turn(tx)?;
        let place = |line: &Line| ((line.program.clone(), line.code.clone()), line.at);
        each_once(rows, ledger, place, ("code", |line: &Line| line.code.to_string()));
        let slugs: HashSet<&str> = rows.iter().map(|line| line.program.as_str()).collect();
        let programs = programs(tx.conn, &slugs.into_iter().collect::<Vec<_>>())?;
        let is_own = |program: &Program| keeper.member.as_ref().is_none_or(|member| program.owner.id == *member);
        rows.retain(|line| {
            let fault = match programs.get(&line.program) {
                None => Some(("program", "unknown_program", format!("There is no programme {}.", line.program))),
                // A draft of another member is not there for who does not speak for it.
                Some(program) if !is_own(program) && !program.is_public() => {
                    Some(("program", "unknown_program", format!("There is no programme {}.", line.program)))
                }
                Some(program) if !is_own(program) => {
                    Some(("program", "not_your_member", format!("{} is another member's.", line.program)))
                }
                Some(program) => program.stage.check_open().err().map(|why| ("program", why.code, why.detail)),
            };
            let Some((column, code, detail)) = fault else { return true };
            ledger.refuse(Fault::of(line.at, column, code, detail));
            false
        });
        let ids: Vec<&Identifier> = programs.values().map(|program| &program.id).collect();
        let found = in_pieces(tx.conn, &ids, projects_of)?;
        let mut counts = HashMap::new();
        for project in &found {
            *counts.entry(project.program.clone()).or_default() += 1;
        }
        let projects = found.into_iter().map(|found| ((found.program.clone(), found.code.clone()), found)).collect();
        Ok(Context { programs, projects, counts, claims: Vec::new() })
    }

    fn plan(
        _tx: &mut Tx<'_>,
        context: &mut Context,
        rows: Vec<Line>,
        ledger: &mut Ledger,
    ) -> Result<Vec<Write>, StoreError> {
        let mut writes = Vec::new();
        for line in rows {
            match context.note(line, ledger) {
                Ok(write) => writes.extend(write),
                Err(faults) => ledger.refuse_all(faults),
            }
        }
        Ok(writes)
    }

    fn conclude(
        tx: &mut Tx<'_>,
        context: Context,
        _replaces: bool,
        _writes: &mut Vec<Write>,
        ledger: &mut Ledger,
    ) -> Result<usize, StoreError> {
        let mut claimed: HashMap<&str, At> = HashMap::new();
        for (at, id, _) in &context.claims {
            if let Some(other) = claimed.insert(id, *at) {
                let detail = format!("Row {} has {id}, too.", other.row);
                ledger.refuse(Fault::of(*at, "ogp_local_id", "repeated_identifier", detail));
            }
        }
        let ids: Vec<&str> = claimed.keys().copied().collect();
        let taken: Vec<(Option<String>, String, String)> = in_pieces(tx.conn, &ids, |conn, ids| {
            Ok(project::table
                .inner_join(action_program::table.on(action_program::id.eq(project::program_id)))
                .filter(project::ogp_local_id.eq_any(ids.iter().copied()))
                .select((project::ogp_local_id, action_program::slug, project::code))
                .load(conn)?)
        })?;
        for (id, program, code) in taken {
            let own = context.claims.iter().find(|(_, claimed, _)| Some(claimed) == id.as_ref());
            let own = own.filter(|(_, _, key)| key.0.as_str() != program || key.1.as_str() != code);
            if let Some((at, id, _)) = own {
                let detail = format!("{id} is the project {code} of {program}.");
                ledger.refuse(Fault::of(*at, "ogp_local_id", "already_exists", detail));
            }
        }
        Ok(0)
    }

    fn apply(tx: &mut Tx<'_>, _source: &Source, writes: Vec<Write>) -> Result<(), StoreError> {
        let slugs: HashSet<Slug> = writes.iter().filter_map(Write::new_of).cloned().collect();
        let slugs: Vec<&str> = slugs.iter().map(Slug::as_str).collect();
        let programs = programs(tx.conn, &slugs)?;
        let mut rows = Vec::new();
        for write in writes {
            match write {
                Write::Add(new) => {
                    let (program, code, facts) = *new;
                    let program = programs.get(&program).ok_or_else(|| StoreError::corrupt("a programme is gone"))?;
                    let tally = ProjectTally::of(&[], facts.ends_on);
                    let new = new_project(tx, program, code, (facts, tally));
                    note(tx, None, &new)?;
                    rows.push((ProjectRow::of(&new)?, ProjectDerived::of(&new.facts)));
                }
                Write::Change(change) => {
                    let (before, facts) = *change;
                    update(tx, &before, facts)?;
                }
            }
        }
        insert_projects(tx.conn, &rows)
    }
}

impl Write {
    /// The programme that a new project belongs to.
    fn new_of(&self) -> Option<&Slug> {
        if let Self::Add(new) = self { Some(&new.0) } else { None }
    }
}

impl Context {
    /// Notes what a row comes to.
    fn note(&mut self, line: Line, ledger: &mut Ledger) -> Result<Option<Write>, Vec<Fault>> {
        let (at, key) = (line.at, (line.program.clone(), line.code.clone()));
        let Some(program) = self.programs.get(&key.0) else { return Ok(None) };
        let axes: Vec<Identifier> = program.facts.axes.iter().map(|axis| axis.id.clone()).collect();
        let before = self.projects.remove(&key);
        let facts = line.onto(before.as_ref().map(|before| &before.facts), &axes)?;
        let (text, after) = (format!("{} {}", key.0, key.1), cells((&key.0, &key.1), &facts, &axes));
        if let Some(id) = facts.ogp_local_id.clone() {
            self.claims.push((at, id, key.clone()));
        }
        let Some(before) = before else {
            let count = self.counts.entry(key.0.clone()).or_default();
            *count += 1;
            if *count > MOST_PROJECTS {
                let detail = format!("{} would have more than {MOST_PROJECTS} projects.", key.0);
                return Err(vec![Fault::of(at, "program", "too_many", detail)]);
            }
            let differences = differences(COLUMNS, None, &after);
            let entry = Entry { at: Some(at), action: Action::Created, key: text, id: None, differences };
            ledger.note(entry, 0, &after);
            return Ok(Some(Write::Add(Box::new((key.0, key.1, facts)))));
        };
        if before.facts == facts {
            ledger.unchanged(&text, before.version);
            return Ok(None);
        }
        let was = cells((&key.0, &key.1), &before.facts, &axes);
        let differences = differences(COLUMNS, Some(&was), &after);
        let id = Some(before.id.clone());
        ledger.note(
            Entry { at: Some(at), action: Action::Updated, key: text, id, differences },
            before.version,
            &after,
        );
        Ok(Some(Write::Change(Box::new((before, facts)))))
    }
}

/// The programmes with these slugs.
fn programs(conn: &mut Conn, slugs: &[&str]) -> Result<HashMap<Slug, Program>, StoreError> {
    let found = in_pieces(conn, slugs, |conn, slugs| {
        let rows = owned().select(columns()).filter(action_program::slug.eq_any(slugs.iter().copied())).load(conn)?;
        completed(conn, rows)
    })?;
    Ok(found.into_iter().map(|program| (program.slug.clone(), program)).collect())
}

fn update(tx: &mut Tx<'_>, before: &Project, facts: ProjectFacts) -> Result<(), StoreError> {
    let tally = tally_of(tx.conn, &before.id, facts.ends_on)?;
    let after = Project { facts, tally, version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    diesel::update(project::table.filter(project::id.eq(after.id.as_str())))
        .set((ProjectRow::of(&after)?, ProjectDerived::of(&after.facts)))
        .execute(tx.conn)?;
    note(tx, Some(before), &after)
}

fn note(tx: &mut Tx<'_>, before: Option<&Project>, project: &Project) -> Result<(), StoreError> {
    let (id, version) = (project.id.clone(), project.version);
    let operation = if before.is_none() { Operation::Created } else { Operation::Updated };
    let stored = |project: &Project| json::value(&ProjectRow::of(project)?);
    let values = || Ok((before.map(stored).transpose()?, Some(stored(project)?)));
    tx.record_row(Change { kind: PROJECTS, id, operation, version }, values)
}
