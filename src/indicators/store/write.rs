//! Writing indicators. Another way to measure is another version of the definition; former ones stay known.

use crate::db::prelude::*;
use chrono::NaiveDate;
use diesel::dsl::exists;
use serde_json::Value;

use super::{
    super::rules::{Address, Definition, Facts, Indicator, Keeper, Place, Scope},
    Derived, INDICATORS, Row, find,
};
use crate::{
    action_programs::{self, Program, ProgramAddress, Publication},
    db::{
        Change, Conn, Operation, StoreError, Tx, WriteError, json,
        schema::{indicator, indicator_definition, measurement},
    },
    kernel::{
        id::{Identifier, Slug, new_id},
        violation::Violation,
    },
};

/// The indicator with a slug or an id, which no other transaction changes before this one ends.
///
/// # Errors
/// The database's.
pub fn lock(tx: &mut Tx<'_>, address: &Address) -> Result<Option<Indicator>, StoreError> {
    // SQLite's write transactions exclude each other anyway.
    if let Conn::Postgres(conn) = &mut *tx.conn {
        let row = indicator::table.select(indicator::id).for_no_key_update();
        let found: Option<String> = match address {
            Address::Code(slug) => row.filter(indicator::slug.eq(slug.as_str())).first(conn).optional()?,
            Address::Id(id) => row.filter(indicator::id.eq(id.as_str())).first(conn).optional()?,
        };
        if found.is_none() {
            return Ok(None);
        }
    }
    find(tx.conn, address)
}

/// The place of indicators of a programme, which nobody else changes meanwhile.
///
/// # Errors
/// The database's.
pub fn program_place(tx: &mut Tx<'_>, address: &ProgramAddress) -> Result<Option<(Place, Program)>, StoreError> {
    let Some(program) = action_programs::lock(tx, address)? else { return Ok(None) };
    let keeper = Keeper {
        id: program.owner.id.clone(),
        slug: program.owner.slug.clone(),
        region_code: program.owner.region_code.to_string(),
    };
    let place = Place {
        scope: Scope::Programme,
        member: Some(keeper),
        program: Some((program.id.clone(), program.slug.clone())),
        project: None,
        commitment: None,
        is_public: program.is_public(),
    };
    Ok(Some((place, program)))
}

/// The place of indicators of a project, whose programme nobody else changes meanwhile.
///
/// # Errors
/// The database's.
pub fn project_place(tx: &mut Tx<'_>, id: &Identifier) -> Result<Option<(Place, Program)>, StoreError> {
    action_programs::take_turn(tx)?;
    let Some(project) = action_programs::find_project(tx.conn, id)? else { return Ok(None) };
    let Some((place, program)) = program_place(tx, &ProgramAddress::Id(project.program_id))? else { return Ok(None) };
    Ok(Some((Place { scope: Scope::Project, project: Some((project.id, project.code)), ..place }, program)))
}

/// Adds an indicator to a place that nobody else changes meanwhile.
///
/// # Errors
/// [`WriteError::Taken`] for a code that another indicator has there.
pub fn create(
    tx: &mut Tx<'_>,
    place: Place,
    (code, catalogue, definition_version): (Slug, Option<Slug>, i64),
    (publication, facts): (Publication, Facts),
) -> Result<Indicator, WriteError> {
    let slug = place.slug_of(&code);
    let slug: Slug = slug.parse().map_err(|why| {
        WriteError::Invalid(Violation::new("/code", "invalid_value", format!("The indicator's name {why}.")).into())
    })?;
    let same = indicator::table.filter(indicator::slug.eq(slug.as_str()));
    if same.count().get_result::<i64>(tx.conn)? > 0 {
        let detail = format!("There is an indicator {slug} (/api/v1/indicators/{slug}).");
        return Err(WriteError::Taken(Violation::new("/code", "already_exists", detail).into()));
    }
    let new = Indicator {
        id: new_id(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
        slug,
        place,
        code,
        catalogue,
        definition_version,
        facts,
        publication,
        latest: None,
    };
    insert(tx.conn, &new, tx.today())?;
    let after = json::value(&Row::of(&new)?)?;
    tx.record(change(&new, Operation::Created), None, Some(after));
    Ok(new)
}

/// Writes the rows of a new indicator, whose definition holds since a day.
fn insert(conn: &mut Conn, new: &Indicator, since: NaiveDate) -> Result<(), StoreError> {
    let derived = Derived::of(&new.facts.definition)?;
    diesel::insert_into(indicator::table).values((Row::of(new)?, derived)).execute(conn)?;
    note_definition(conn, new, since)
}

#[derive(Insertable)]
#[diesel(table_name = indicator_definition, treat_none_as_default_value = false)]
pub(super) struct DefinitionRow<'a> {
    indicator_id: &'a str,
    version: i64,
    since: NaiveDate,
    definition: String,
}

impl<'a> DefinitionRow<'a> {
    pub(super) fn of(
        indicator_id: &'a Identifier,
        (version, since, definition): (i64, NaiveDate, &Definition),
    ) -> Result<Self, StoreError> {
        Ok(Self { indicator_id: indicator_id.as_str(), version, since, definition: json::write(definition)? })
    }
}

/// Keeps the definition of an indicator as one of its versions.
fn note_definition(conn: &mut Conn, found: &Indicator, since: NaiveDate) -> Result<(), StoreError> {
    let row = DefinitionRow::of(&found.id, (found.definition_version, since, &found.facts.definition))?;
    diesel::insert_into(indicator_definition::table).values(row).execute(conn)?;
    Ok(())
}

/// Writes what a [`lock`]ed indicator has become and returns it; nothing where nothing differs. Where it is measured in
/// another way, or its words mean something else (`is_new`), its definition has another version from today on, by which there is
/// no value yet; else the version of now says what it says. So it does as long as nobody has seen it and nothing is reported.
///
/// # Errors
/// [`WriteError::NotNow`] for hiding one that has public values.
pub fn update(
    tx: &mut Tx<'_>,
    before: &Indicator,
    (publication, facts): (Publication, Facts),
    is_new: bool,
) -> Result<Indicator, WriteError> {
    if (before.publication, &before.facts) == (publication, &facts) {
        return Ok(before.clone());
    }
    let (was, now) = (&before.facts.definition, &facts.definition);
    let changed = was != now;
    let is_other = changed && (is_new || !now.continues(was));
    let breaks = is_other && (before.is_public() || is_reported(tx.conn, &before.id)?);
    let definition_version = before.definition_version + i64::from(breaks);
    let (version, updated_at) = (before.version + 1, tx.now());
    let latest = before.latest.filter(|_| !breaks);
    let after = Indicator { version, updated_at, definition_version, facts, publication, latest, ..before.clone() };
    if before.publication == Publication::Published && after.publication == Publication::Draft {
        refuse_measured(tx.conn, &before.id)?;
    }
    diesel::update(indicator::table.filter(indicator::id.eq(after.id.as_str())))
        .set((Row::of(&after)?, Derived::of(&after.facts.definition)?))
        .execute(tx.conn)?;
    if changed {
        let same = indicator_definition::indicator_id
            .eq(after.id.as_str())
            .and(indicator_definition::version.eq(definition_version));
        if breaks {
            note_definition(tx.conn, &after, tx.today())?;
        } else {
            diesel::update(indicator_definition::table.filter(same))
                .set(indicator_definition::definition.eq(json::write(&after.facts.definition)?))
                .execute(tx.conn)?;
        }
    }
    if before.is_public() != after.is_public() {
        show_measurements!(tx, measurement::indicator_id.eq(after.id.as_str()), after.is_public());
    }
    let operation = Operation::between(before.is_public(), after.is_public());
    let (was, now): (Value, Value) = (json::value(&Row::of(before)?)?, json::value(&Row::of(&after)?)?);
    tx.record(change(&after, operation), Some(was), Some(now));
    Ok(after)
}

/// Whether anything is reported of an indicator, in whatever state.
fn is_reported(conn: &mut Conn, id: &Identifier) -> Result<bool, StoreError> {
    let own = measurement::table.filter(measurement::indicator_id.eq(id.as_str()));
    Ok(diesel::select(exists(own)).get_result(conn)?)
}

/// Refuses what would take approved values back from everybody.
fn refuse_measured(conn: &mut Conn, id: &Identifier) -> Result<(), WriteError> {
    public_values(conn, id)?.map_or(Ok(()), |why| Err(WriteError::NotNow(why.into())))
}

/// That values of an indicator are public, if so.
fn public_values(conn: &mut Conn, id: &Identifier) -> Result<Option<Violation>, StoreError> {
    let approved = measurement::indicator_id.eq(id.as_str()).and(measurement::approved_at.is_not_null());
    let count: i64 = measurement::table.filter(approved).count().get_result(conn)?;
    let detail = format!("{count} values have been approved and are public.");
    Ok((count > 0).then(|| Violation::new("", "has_measurements", detail)))
}

/// That reports of an indicator have been handed in, if so.
fn handed_in(conn: &mut Conn, id: &Identifier) -> Result<Option<Violation>, StoreError> {
    let handed_in = measurement::indicator_id.eq(id.as_str()).and(measurement::state.eq_any(["submitted", "returned"]));
    let count: i64 = measurement::table.filter(handed_in).count().get_result(conn)?;
    let detail = format!("{count} reports have been handed in.");
    Ok((count > 0).then(|| Violation::new("", "has_reports", detail)))
}

/// Deletes a [`lock`]ed indicator with the drafts of its reports. The feed keeps its tombstone.
///
/// # Errors
/// [`WriteError::NotNow`] for one that has public values, which stay, or reports that were handed in.
pub fn delete(tx: &mut Tx<'_>, gone: &Indicator) -> Result<(), WriteError> {
    let (measured, handed_in) = (public_values(tx.conn, &gone.id)?, handed_in(tx.conn, &gone.id)?);
    let reasons: Vec<Violation> = measured.into_iter().chain(handed_in).collect();
    if !reasons.is_empty() {
        return Err(WriteError::NotNow(reasons.into()));
    }
    let before = json::value(&Row::of(gone)?)?;
    diesel::delete(indicator::table.filter(indicator::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    let change = Change { version: gone.version + 1, ..change(gone, Operation::Deleted) };
    tx.record(change, Some(before), None);
    Ok(())
}

fn change(found: &Indicator, operation: Operation) -> Change {
    Change { kind: INDICATORS, id: found.id.clone(), operation, version: found.version }
}
