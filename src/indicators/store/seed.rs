//! Indicators that are loaded with all that was reported of them, many at a time.

use std::collections::{HashMap, HashSet};

use crate::db::prelude::*;
use chrono::{Days, Months, NaiveDate};

use super::{
    super::rules::{Ground, Keeper, Place, Scope, SeedIndicator},
    Derived, INDICATORS, MEASUREMENTS, Row,
    measurements::MeasurementRow,
    report::RevisionRow,
    slug,
    write::DefinitionRow,
};
use crate::{
    db::{
        Conn, StoreError, Tx, batch_insert,
        schema::{
            action_program, indicator, indicator_definition, measurement, measurement_revision, member, project,
            territory,
        },
    },
    kernel::id::{Identifier, Slug},
};

/// What the demonstration invents indicators for: the network, the invented members that have joined, the invented
/// programmes that are or were carried out, and the first two projects of each.
///
/// # Errors
/// The database's.
pub fn places(conn: &mut Conn) -> Result<Vec<Ground>, StoreError> {
    let nowhere =
        Place { scope: Scope::Network, member: None, program: None, project: None, commitment: None, is_public: true };
    let network = Ground { place: nowhere.clone(), runs: None };
    let rows: Vec<(String, String, String)> = member::table
        .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
        .filter(member::provenance.eq("illustrative").and(member::status.eq_any(["active", "suspended"])))
        .order(member::slug)
        .select((member::id, member::slug, territory::region_code))
        .load(conn)?;
    let members = rows.into_iter().map(|(id, name, region_code)| {
        let member = Some(Keeper { id: Identifier::stored(id), slug: slug(name)?, region_code });
        Ok(Ground { place: Place { scope: Scope::Commitment, member, ..nowhere.clone() }, runs: None })
    });
    let members: Vec<Ground> = members.collect::<Result<_, StoreError>>()?;
    let begun = ["implementation", "evaluation", "closed"];
    let programs = found_programs(conn, |program| {
        program.is_published && begun.contains(&program.stage.as_str()) && program.ground.runs.is_some()
    })?;
    let projects = projects(conn, &programs)?;
    Ok([vec![network], members, programs, projects].concat())
}

/// All invented programmes, published or not, as places of indicators.
///
/// # Errors
/// The database's.
pub fn programs(conn: &mut Conn) -> Result<Vec<Ground>, StoreError> {
    let found = found_programs(conn, |_| true)?;
    Ok(found.into_iter().map(|ground| Ground { runs: None, ..ground }).collect())
}

/// A programme with what is asked of it.
struct FoundProgram {
    ground: Ground,
    stage: String,
    is_published: bool,
}

type ProgramColumns = (String, String, String, String, Option<NaiveDate>, Option<NaiveDate>);

fn found_programs(conn: &mut Conn, is_wanted: impl Fn(&FoundProgram) -> bool) -> Result<Vec<Ground>, StoreError> {
    let rows: Vec<(ProgramColumns, (String, String, String))> = action_program::table
        .inner_join(member::table.on(member::id.eq(action_program::member_id)))
        .filter(action_program::provenance.eq("illustrative"))
        .order((member::slug, action_program::cycle))
        .select((
            (
                action_program::id,
                action_program::slug,
                action_program::publication,
                action_program::stage,
                action_program::implementation_from,
                action_program::implementation_until,
            ),
            (member::id, member::slug, action_program::region_code),
        ))
        .load(conn)?;
    let found = rows.into_iter().map(|((id, name, publication, stage, from, until), (member, keeper, region_code))| {
        let is_published = publication == "published";
        let place = Place {
            scope: Scope::Programme,
            member: Some(Keeper { id: Identifier::stored(member), slug: slug(keeper)?, region_code }),
            program: Some((Identifier::stored(id), slug(name)?)),
            project: None,
            commitment: None,
            is_public: is_published,
        };
        // Two years, unless it says otherwise.
        let runs = from.map(|from| (from, until.unwrap_or_else(|| from + Months::new(24) - Days::new(1))));
        Ok(FoundProgram { ground: Ground { place, runs }, stage, is_published })
    });
    let found: Vec<FoundProgram> = found.collect::<Result<_, StoreError>>()?;
    Ok(found.into_iter().filter(is_wanted).map(|found| found.ground).collect())
}

/// The first two projects of programmes.
fn projects(conn: &mut Conn, programs: &[Ground]) -> Result<Vec<Ground>, StoreError> {
    let mut found = Vec::new();
    let rows: Vec<(String, String, String)> = project::table
        .filter(project::code.eq_any(["p1", "p2"]))
        .order((project::program_id, project::code))
        .select((project::program_id, project::id, project::code))
        .load(conn)?;
    let mut of_program: HashMap<String, Vec<(Identifier, Slug)>> = HashMap::new();
    for (program, id, code) in rows {
        of_program.entry(program).or_default().push((Identifier::stored(id), slug(code)?));
    }
    for Ground { place, runs } in programs {
        let own = place.program.as_ref().and_then(|(id, _)| of_program.remove(id.as_str())).unwrap_or_default();
        found.extend(own.into_iter().map(|project| Ground {
            place: Place { scope: Scope::Project, project: Some(project), ..place.clone() },
            runs: *runs,
        }));
    }
    Ok(found)
}

/// How many indicators are held and written at once: PostgreSQL takes 65,535 values in one statement.
const AT_ONCE: usize = 1_000;

/// Adds indicators with what was reported of them and returns how many. What is there is left alone.
///
/// # Errors
/// The database's.
pub fn seed(tx: &mut Tx<'_>, seeds: impl Iterator<Item = SeedIndicator>) -> Result<usize, StoreError> {
    let taken: Vec<String> = indicator::table.select(indicator::slug).load(tx.conn)?;
    let taken: HashSet<String> = taken.into_iter().collect();
    let mut seeds = seeds.filter(|seed| !taken.contains(seed.indicator.slug.as_str()));
    let mut added = 0;
    loop {
        let batch: Vec<SeedIndicator> = seeds.by_ref().take(AT_ONCE).collect();
        if batch.is_empty() {
            return Ok(added);
        }
        added += batch.len();
        write(tx, &batch)?;
        // Documents of all that is added would take too much memory at once.
        tx.publish()?;
    }
}

fn write(tx: &mut Tx<'_>, batch: &[SeedIndicator]) -> Result<(), StoreError> {
    let (mut indicators, mut definitions, mut measurements, mut revisions) = (vec![], vec![], vec![], vec![]);
    for SeedIndicator { indicator, definitions: own, measurements: reports } in batch {
        tx.touched(INDICATORS, indicator.id.clone());
        indicators.push((Row::of(indicator)?, Derived::of(&indicator.facts.definition)?));
        for (version, since, definition) in own {
            definitions.push(DefinitionRow::of(&indicator.id, (*version, *since, definition))?);
        }
        for (report, corrected) in reports {
            tx.touched(MEASUREMENTS, report.id.clone());
            measurements.push(MeasurementRow::of(report)?);
            for revision in corrected {
                revisions.push(RevisionRow::of(&report.id, revision)?);
            }
        }
    }
    insert_indicators(tx.conn, &indicators)?;
    batch_insert!(tx.conn, indicator_definition::table, &definitions);
    batch_insert!(tx.conn, measurement::table, &measurements);
    batch_insert!(tx.conn, measurement_revision::table, &revisions);
    Ok(())
}

fn insert_indicators(conn: &mut Conn, rows: &[(Row, Derived)]) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => {
            for (row, derived) in rows {
                diesel::insert_into(indicator::table).values((row, derived)).execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            let rows: Vec<_> = rows.iter().map(|(row, derived)| (row, derived)).collect();
            diesel::insert_into(indicator::table).values(rows).execute(conn)?;
        }
    }
    Ok(())
}
