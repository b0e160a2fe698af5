//! The rows of indicators and measurements, and every query on them. Who writes a measurement locks its indicator, whose
//! programme cannot be published or hidden meanwhile.

#[macro_use]
mod hooks;
mod import;
mod lookup;
mod measurements;
mod periods;
mod refold;
mod report;
mod seed;
mod write;

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::AsSelect;
use serde::{Deserialize, Serialize};

use self::lookup::look_up_entries;
pub use self::{
    hooks::IndicatorHooks,
    import::MeasurementList,
    measurements::{
        find_measurement, find_measurement_document, find_measurements_by_ids, list_measurements, list_reports,
        revisions, series,
    },
    periods::{find_period, find_periods, set_period},
    refold::refold,
    report::{create_measurement, delete_measurement, lock_measurement, review, update_measurement},
    seed::{places, programs, seed},
    write::{create, delete, lock, program_place, project_place, update},
};
use super::rules::{Address, Dated, Definition, Facts, Filters, Indicator, Keeper, OwnBasis, Place, Reported, SortKey};
use crate::{
    action_programs::{self, seen, sort_title},
    charter::look_up_commitments,
    db::{
        Backend, Conn, DocumentBody, Lookup, SequenceColumn, Stamp, StoreError, json,
        keyset::{NoKey, keyset, keyset_by_id, paged},
        schema::{action_program, indicator, indicator_definition, member, project},
        search::{any_of, search},
    },
    kernel::{
        decimal::Decimal,
        id::{Identifier, Slug},
        kind::Kind,
        language::Language,
        paging::{Found, Listing, Position},
    },
    members,
    publishing::{ListRow, Selected, rows},
    territories::look_up_regions,
};

/// The kinds of these resources.
const INDICATORS: Kind = Kind::Indicators;
const MEASUREMENTS: Kind = Kind::Measurements;

/// A value on a date, as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredDated {
    millionths: i64,
    on: NaiveDate,
}

/// What is stored of an indicator in its own row, what is made from it apart.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = indicator, treat_none_as_null = true, treat_none_as_default_value = false)]
struct Row {
    #[serde(skip)]
    id: String,
    #[serde(skip)]
    version: i64,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    created_at: NaiveDateTime,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    updated_at: NaiveDateTime,
    slug: String,
    scope: String,
    member_id: Option<String>,
    region_code: Option<String>,
    program_id: Option<String>,
    project_id: Option<String>,
    commitment: Option<String>,
    code: String,
    catalogue_code: Option<String>,
    definition: String,
    definition_version: i64,
    baseline_value: Option<i64>,
    baseline_on: Option<NaiveDate>,
    targets: String,
    publication: String,
    #[serde(skip)]
    is_public: bool,
    provenance: String,
    #[serde(skip)]
    latest_value: Option<i64>,
    #[serde(skip)]
    latest_period: Option<String>,
}

/// What of a row is made from the rest of it.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = indicator)]
struct Derived {
    title: String,
    title_fr_folded: String,
    title_ar_folded: String,
    search_text: String,
    unit: String,
    kind: &'static str,
    direction: &'static str,
    frequency: &'static str,
}

impl Derived {
    fn of(definition: &Definition) -> Result<Self, StoreError> {
        let Definition { title, measures, computation, .. } = definition;
        Ok(Self {
            title: json::write(title)?,
            title_fr_folded: sort_title(title, Language::Fr),
            title_ar_folded: sort_title(title, Language::Ar),
            search_text: crate::action_programs::searchable([title, measures, computation].into_iter()),
            unit: definition.unit.clone(),
            kind: definition.kind.as_str(),
            direction: definition.direction.as_str(),
            frequency: definition.frequency.as_str(),
        })
    }
}

impl Row {
    fn of(found: &Indicator) -> Result<Self, StoreError> {
        let Indicator { place, facts, .. } = found;
        let member = place.member.as_ref();
        let stored = |dated: &Dated| StoredDated { millionths: dated.value.millionths(), on: dated.on };
        let targets: Vec<StoredDated> = facts.targets.iter().map(stored).collect();
        Ok(Self {
            id: found.id.to_string(),
            version: found.version,
            created_at: found.created_at.naive_utc(),
            updated_at: found.updated_at.naive_utc(),
            slug: found.slug.to_string(),
            scope: place.scope.as_str().to_owned(),
            member_id: member.map(|member| member.id.to_string()),
            region_code: member.map(|member| member.region_code.clone()),
            program_id: place.program.as_ref().map(|(id, _)| id.to_string()),
            project_id: place.project.as_ref().map(|(id, _)| id.to_string()),
            commitment: place.commitment.clone(),
            code: found.code.to_string(),
            catalogue_code: found.catalogue.as_ref().map(Slug::to_string),
            definition: json::write(&facts.definition)?,
            definition_version: found.definition_version,
            baseline_value: facts.baseline.map(|baseline| baseline.value.millionths()),
            baseline_on: facts.baseline.map(|baseline| baseline.on),
            targets: json::write(&targets)?,
            publication: found.publication.as_str().to_owned(),
            is_public: found.is_public(),
            provenance: facts.provenance.as_str().to_owned(),
            latest_value: found.latest.map(|latest| latest.value.millionths()),
            latest_period: found.latest.map(|latest| latest.period.to_string()),
        })
    }
}

/// Reads a column whose text has a type of its own.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(StoreError::corrupt)
}

fn decimal(millionths: i64) -> Result<Decimal, StoreError> {
    Decimal::from_millionths(millionths).map_err(StoreError::corrupt)
}

fn dated(millionths: i64, on: NaiveDate) -> Result<Dated, StoreError> {
    Ok(Dated { value: decimal(millionths)?, on })
}

fn slug(text: String) -> Result<Slug, StoreError> {
    Slug::try_from(text).map_err(StoreError::corrupt)
}

/// What an indicator takes from what it belongs to: slugs of the member and the programme, the code of the project, and
/// whether the programme is published.
type Names = (Option<String>, Option<String>, Option<String>, Option<String>);

fn keeper(
    member_id: Option<String>,
    name: Option<String>,
    region: Option<String>,
) -> Result<Option<Keeper>, StoreError> {
    let (Some(id), Some(name), Some(region_code)) = (member_id, name, region) else { return Ok(None) };
    Ok(Some(Keeper { id: Identifier::stored(id), slug: slug(name)?, region_code }))
}

fn read((row, (member, program, publication, project)): (Row, Names)) -> Result<Indicator, StoreError> {
    let named = |id: Option<String>, name: Option<String>| {
        id.zip(name).map(|(id, name)| Ok::<_, StoreError>((Identifier::stored(id), slug(name)?))).transpose()
    };
    let place = Place {
        scope: parsed(&row.scope)?,
        member: keeper(row.member_id, member, row.region_code)?,
        program: named(row.program_id, program)?,
        project: named(row.project_id, project)?,
        commitment: row.commitment,
        is_public: publication.is_none_or(|publication| publication == "published"),
    };
    let facts = Facts {
        definition: json::read(&row.definition)?,
        baseline: read_baseline(row.baseline_value, row.baseline_on)?,
        targets: read_targets(&row.targets)?,
        provenance: parsed(&row.provenance)?,
    };
    Ok(Indicator {
        slug: slug(row.slug)?,
        code: slug(row.code)?,
        catalogue: row.catalogue_code.map(slug).transpose()?,
        publication: parsed(&row.publication)?,
        latest: read_latest(row.latest_value, row.latest_period.as_deref())?,
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        definition_version: row.definition_version,
        place,
        facts,
    })
}

/// Indicators beside what they belong to.
type Parts = diesel::helper_types::LeftJoinOn<
    diesel::helper_types::LeftJoinOn<
        diesel::helper_types::LeftJoinOn<
            indicator::table,
            member::table,
            diesel::helper_types::Eq<diesel::helper_types::Nullable<member::id>, indicator::member_id>,
        >,
        action_program::table,
        diesel::helper_types::Eq<diesel::helper_types::Nullable<action_program::id>, indicator::program_id>,
    >,
    project::table,
    diesel::helper_types::Eq<diesel::helper_types::Nullable<project::id>, indicator::project_id>,
>;

fn parts() -> Parts {
    indicator::table
        .left_join(member::table.on(member::id.nullable().eq(indicator::member_id)))
        .left_join(action_program::table.on(action_program::id.nullable().eq(indicator::program_id)))
        .left_join(project::table.on(project::id.nullable().eq(indicator::project_id)))
}

type Columns = (
    AsSelect<Row, Backend>,
    (
        diesel::helper_types::Nullable<member::slug>,
        diesel::helper_types::Nullable<action_program::slug>,
        diesel::helper_types::Nullable<action_program::publication>,
        diesel::helper_types::Nullable<project::code>,
    ),
);

fn columns() -> Columns {
    (
        Row::as_select(),
        (
            member::slug.nullable(),
            action_program::slug.nullable(),
            action_program::publication.nullable(),
            project::code.nullable(),
        ),
    )
}

/// The indicator with a slug or an id, published or not.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, address: &Address) -> Result<Option<Indicator>, StoreError> {
    let query = parts().select(columns()).into_boxed::<Backend>();
    let query = match address {
        Address::Code(slug) => query.filter(indicator::slug.eq(slug.as_str())),
        Address::Id(id) => query.filter(indicator::id.eq(id.as_str())),
    };
    let row: Option<(Row, Names)> = query.first(conn).optional()?;
    row.map(read).transpose()
}

/// The indicators with these ids, published or not.
///
/// # Errors
/// The database's.
pub fn find_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Indicator>, StoreError> {
    let query = parts().select(columns()).filter(indicator::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows: Vec<(Row, Names)> = query.load(conn)?;
    rows.into_iter().map(read).collect()
}

/// The definitions that an indicator has had, the oldest first: version, first day, definition.
///
/// # Errors
/// The database's.
pub fn definitions(conn: &mut Conn, id: &Identifier) -> Result<Vec<(i64, NaiveDate, Definition)>, StoreError> {
    let own = indicator_definition::table.filter(indicator_definition::indicator_id.eq(id.as_str()));
    let rows: Vec<(i64, NaiveDate, String)> = own
        .order(indicator_definition::version)
        .select((indicator_definition::version, indicator_definition::since, indicator_definition::definition))
        .load(conn)?;
    rows.into_iter().map(|(version, since, definition)| Ok((version, since, json::read(&definition)?))).collect()
}

/// All definitions that some indicators have had, by indicator and version; at most [`CHUNK`](crate::db::CHUNK) indicators.
fn definitions_of(conn: &mut Conn, ids: &[&Identifier]) -> Result<HashMap<(String, i64), Definition>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(String, i64, String)> = indicator_definition::table
        .filter(indicator_definition::indicator_id.eq_any(ids.iter().map(|id| id.as_str())))
        .select((indicator_definition::indicator_id, indicator_definition::version, indicator_definition::definition))
        .load(conn)?;
    rows.into_iter().map(|(id, version, definition)| Ok(((id, version), json::read(&definition)?))).collect()
}

/// The definition of an indicator in a version that it has had.
///
/// # Errors
/// The database's.
pub fn definition_in(conn: &mut Conn, of: &Indicator, version: i64) -> Result<Definition, StoreError> {
    if version == of.definition_version {
        return Ok(of.facts.definition.clone());
    }
    let found = definitions_of(conn, &[&of.id])?.remove(&(of.id.to_string(), version));
    found.ok_or_else(|| StoreError::corrupt("a definition is gone"))
}

/// Reads a page of the list, with one statement, and one more each for an empty page, a count and a filter that names
/// something.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Selected<OwnBasis>>, StoreError> {
    let Listing { filters, after, limit, count } = listing;
    let filters = &resolved(conn, filters)?;
    let total = if *count { Some(filtered(filters).count().get_result(conn)?) } else { None };
    let (order, after) = (filters.order, after.as_ref());
    let text = after.and_then(Position::text);
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    macro_rules! selected {
        ($key:expr) => {
            filtered(filters)
                .select(((indicator::id, $key, DocumentBody(indicator::id), SequenceColumn), BasisRow::as_select()))
        };
    }
    macro_rules! sorted {
        ($key:expr) => {
            paged(keyset!(selected!($key), $key, indicator::id, order.direction, text), *limit).load(conn)?
        };
    }
    let selected: Vec<(ListRow<String>, BasisRow)> = match order.key {
        SortKey::CreatedAt => {
            let query = selected!(NoKey);
            paged(keyset_by_id!(query, indicator::id, order.direction, after), *limit).load(conn)?
        }
        SortKey::TitleFr => sorted!(indicator::title_fr_folded),
        SortKey::TitleAr => sorted!(indicator::title_ar_folded),
    };
    let selected = selected.into_iter().map(|(row, of)| Ok((row, of.read()?))).collect::<Result<_, StoreError>>()?;
    rows(conn, selected, *limit, total)
}

/// From what the standing of an indicator is computed.
#[derive(Queryable, Selectable)]
#[diesel(table_name = indicator)]
struct BasisRow {
    direction: String,
    frequency: String,
    baseline_value: Option<i64>,
    baseline_on: Option<NaiveDate>,
    targets: String,
    latest_value: Option<i64>,
    latest_period: Option<String>,
}

impl BasisRow {
    fn read(self) -> Result<OwnBasis, StoreError> {
        Ok(OwnBasis {
            direction: parsed(&self.direction)?,
            frequency: parsed(&self.frequency)?,
            baseline: read_baseline(self.baseline_value, self.baseline_on)?,
            targets: read_targets(&self.targets)?,
            latest: read_latest(self.latest_value, self.latest_period.as_deref())?,
        })
    }
}

fn read_baseline(value: Option<i64>, on: Option<NaiveDate>) -> Result<Option<Dated>, StoreError> {
    value.zip(on).map(|(value, on)| dated(value, on)).transpose()
}

fn read_targets(targets: &str) -> Result<Vec<Dated>, StoreError> {
    let targets: Vec<StoredDated> = json::read(targets)?;
    targets.iter().map(|target| dated(target.millionths, target.on)).collect()
}

fn read_latest(value: Option<i64>, period: Option<&str>) -> Result<Option<Reported>, StoreError> {
    let read = |(value, period)| Ok(Reported { value: decimal(value)?, period: parsed(period)? });
    value.zip(period).map(read).transpose()
}

/// The version and the document of an indicator, if it is published, and from what its standing is computed.
///
/// # Errors
/// The database's.
pub fn find_document(conn: &mut Conn, address: &Address) -> Result<Option<(i64, String, OwnBasis)>, StoreError> {
    let query = indicator::table.select((indicator::version, DocumentBody(indicator::id), BasisRow::as_select()));
    let row: Option<(i64, Option<String>, BasisRow)> = match address {
        Address::Code(slug) => query.filter(indicator::slug.eq(slug.as_str())).first(conn).optional()?,
        Address::Id(id) => query.filter(indicator::id.eq(id.as_str())).first(conn).optional()?,
    };
    let Some((version, Some(document), of)) = row else { return Ok(None) };
    Ok(Some((version, document, of.read()?)))
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &Filters) -> Result<Filters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    members::look_up(conn, &mut lookup, &mut filters.members)?;
    look_up_regions(conn, &mut lookup, &filters.regions)?;
    action_programs::look_up(conn, &mut lookup, &mut filters.programs, &filters.drafts)?;
    action_programs::look_up_projects(conn, &mut lookup, &filters.projects, &filters.drafts)?;
    look_up_commitments(conn, &mut lookup, &filters.commitments)?;
    look_up_entries(&mut lookup, &filters.catalogue)?;
    lookup.done()?;
    Ok(filters)
}

fn filtered(filters: &Filters) -> indicator::BoxedQuery<'_, Backend> {
    let mut query = indicator::table.into_boxed();
    query = seen!(query, filters, indicator::is_public.eq(true).nullable(), indicator::member_id);
    let scopes: Vec<&str> = filters.scopes.iter().map(|scope| scope.as_str()).collect();
    query = any_of!(query, indicator::scope, scopes.as_slice());
    if !filters.members.is_empty() {
        let named = member::table.filter(member::slug.eq_any(Address::texts(&filters.members)));
        query = query.filter(indicator::member_id.eq_any(named.select(member::id.nullable())).assume_not_null());
    }
    if !filters.programs.is_empty() {
        let named = action_program::table.filter(action_program::slug.eq_any(Address::texts(&filters.programs)));
        query =
            query.filter(indicator::program_id.eq_any(named.select(action_program::id.nullable())).assume_not_null());
    }
    query = any_of!(query, indicator::region_code.assume_not_null(), filters.regions.as_slice());
    let projects: Vec<&str> = filters.projects.iter().map(Identifier::as_str).collect();
    query = any_of!(query, indicator::project_id.assume_not_null(), projects.as_slice());
    query = any_of!(query, indicator::commitment.assume_not_null(), filters.commitments.as_slice());
    query = any_of!(query, indicator::catalogue_code.assume_not_null(), filters.catalogue.as_slice());
    if let Some(words) = &filters.words {
        query = search!(query, indicator::search_text, words);
    }
    if let Some(since) = filters.updated_since {
        query = query.filter(indicator::updated_at.ge(since.naive_utc()));
    }
    query
}
