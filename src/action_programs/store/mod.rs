//! The rows of programmes, projects and milestones, and every query on them. Who writes takes the turn of programmes
//! first, so that what one may write can depend on all of a member's programmes.

mod hooks;
mod import;
mod lookup;
mod project_write;
mod projects;
mod refold;
mod seed;
mod write;

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::{AsSelect, exists};
use serde::Serialize;
use serde_json::{Map, Value};

use self::lookup::look_up_alike;
pub use self::{
    hooks::{ProgramHooks, note_region},
    import::ProjectList,
    lookup::{look_up, look_up_projects, look_up_projects_of},
    project_write::{
        create_milestone, create_project, delete_milestone, delete_project, lock_project, next_position,
        update_milestone, update_project,
    },
    projects::{
        axes_of, find_milestone, find_milestones_by_ids, find_project, find_project_document, find_projects_by_ids,
        list_milestones, list_projects, milestone_documents_of, milestones_of, project_documents_of, projects_of,
    },
    refold::refold,
    seed::{owners, seed},
    write::{create, delete, lock, move_to, others, take_turn, update},
};
use super::rules::{
    Address, Axis, Facts, Filters, Implementation, Moved, Owner, Planned, Program, Provenance, Reached, SortKey, Stage,
    sort_title,
};
use crate::db::prelude::*;
use crate::{
    db::{
        Backend, Conn, DocumentBody, Lookup, SequenceColumn, Stamp, StoreError, json,
        keyset::{NoKey, keyset, keyset_by_id, paged},
        schema::{
            action_program, action_program_axis, action_program_axis_principle, action_program_commitment,
            action_program_move, member, project,
        },
        search::{any_of, search},
    },
    kernel::{
        date::PartialDate,
        id::{Identifier, Slug},
        kind::Kind,
        language::Language,
        paging::{Found, Listing, Position},
    },
    members::Evidence,
    publishing::{ListRow, Selected, rows},
    territories::Code,
};

/// The kinds of these resources.
pub(super) const PROGRAMS: Kind = Kind::ActionPrograms;
const PROJECTS: Kind = Kind::Projects;
const MILESTONES: Kind = Kind::Milestones;

/// What is stored of a programme in its own row, what is made from it apart.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = action_program, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    member_id: String,
    region_code: String,
    cycle: i64,
    title: String,
    summary: Option<String>,
    publication: String,
    stage: String,
    stage_since: Option<NaiveDate>,
    stage_since_precision: Option<String>,
    reached: String,
    planned: String,
    committee_validated_on: Option<NaiveDate>,
    committee_validated_on_precision: Option<String>,
    council_session_on: Option<NaiveDate>,
    council_session_on_precision: Option<String>,
    decision_reference: Option<String>,
    decision_url: Option<String>,
    implementation_from: Option<NaiveDate>,
    implementation_until: Option<NaiveDate>,
    committee: Option<String>,
    stakeholders: String,
    documents: String,
    provenance: String,
    source: Option<String>,
}

/// The columns that are made from the others, so that both databases search and sort alike.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = action_program, treat_none_as_default_value = false)]
struct Derived {
    title_fr_folded: String,
    title_ar_folded: String,
    search_text: String,
}

impl Derived {
    fn of(facts: &Facts) -> Self {
        Self {
            title_fr_folded: sort_title(&facts.title, Language::Fr),
            title_ar_folded: sort_title(&facts.title, Language::Ar),
            search_text: facts.search_text(),
        }
    }
}

impl Row {
    fn of(program: &Program) -> Result<Self, StoreError> {
        let facts = &program.facts;
        let (stage_since, stage_since_precision) = PartialDate::columns(program.stage_since);
        let (committee_validated_on, committee_validated_on_precision) =
            PartialDate::columns(facts.committee_validated_on);
        let (council_session_on, council_session_on_precision) = PartialDate::columns(facts.council_session_on);
        Ok(Self {
            id: program.id.to_string(),
            version: program.version,
            created_at: program.created_at.naive_utc(),
            updated_at: program.updated_at.naive_utc(),
            slug: program.slug.to_string(),
            member_id: program.owner.id.to_string(),
            region_code: program.owner.region_code.to_string(),
            cycle: program.cycle,
            title: json::write(&facts.title)?,
            summary: facts.summary.as_ref().map(json::write).transpose()?,
            publication: program.publication.as_str().to_owned(),
            stage: program.stage.as_str().to_owned(),
            stage_since,
            stage_since_precision,
            reached: json::write(&dates(program.reached.iter().map(|r| (r.stage.as_str(), Some(r.on)))))?,
            planned: write_planned(facts.planned)?,
            committee_validated_on,
            committee_validated_on_precision,
            council_session_on,
            council_session_on_precision,
            decision_reference: facts.decision_reference.clone(),
            decision_url: facts.decision_url.clone(),
            implementation_from: facts.implementation.map(|time| time.from),
            implementation_until: facts.implementation.and_then(|time| time.until),
            committee: facts.committee.as_ref().map(json::write).transpose()?,
            stakeholders: json::write(&facts.stakeholders)?,
            documents: json::write(&facts.documents)?,
            provenance: facts.provenance.as_str().to_owned(),
            source: facts.source.clone(),
        })
    }
}

/// Dates by name, those that are known.
fn dates<'a>(named: impl Iterator<Item = (&'a str, Option<PartialDate>)>) -> Map<String, Value> {
    named.filter_map(|(name, date)| Some((name.to_owned(), Value::from(date?.to_string())))).collect()
}

fn write_planned(planned: Planned) -> Result<String, StoreError> {
    let Planned { co_creation_on, consultation_on, adoption_on } = planned;
    let named =
        [("co_creation_on", co_creation_on), ("consultation_on", consultation_on), ("adoption_on", adoption_on)];
    json::write(&dates(named.into_iter()))
}

fn read_planned(text: &str) -> Result<Planned, StoreError> {
    let stored: HashMap<String, String> = json::read(text)?;
    let date = |name: &str| stored.get(name).map(|text| parsed(text)).transpose();
    Ok(Planned {
        co_creation_on: date("co_creation_on")?,
        consultation_on: date("consultation_on")?,
        adoption_on: date("adoption_on")?,
    })
}

fn read_reached(text: &str) -> Result<Vec<Reached>, StoreError> {
    let stored: Map<String, Value> = json::read(text)?;
    let reached = stored.iter().map(|(stage, on)| {
        let on = parsed(on.as_str().unwrap_or_default())?;
        Ok(Reached { stage: parsed(stage)?, on })
    });
    reached.collect()
}

/// Reads a column whose text has a type of its own.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(StoreError::corrupt)
}

fn date(day: Option<NaiveDate>, precision: Option<&String>) -> Result<Option<PartialDate>, StoreError> {
    PartialDate::from_columns(day, precision.map(String::as_str)).map_err(StoreError::corrupt)
}

fn program((row, member): (Row, String)) -> Result<Program, StoreError> {
    let until = row.implementation_until;
    Ok(Program {
        publication: parsed(&row.publication)?,
        stage: parsed(&row.stage)?,
        stage_since: date(row.stage_since, row.stage_since_precision.as_ref())?,
        reached: read_reached(&row.reached)?,
        facts: Facts {
            title: json::read(&row.title)?,
            summary: row.summary.as_deref().map(json::read).transpose()?,
            planned: read_planned(&row.planned)?,
            committee_validated_on: date(row.committee_validated_on, row.committee_validated_on_precision.as_ref())?,
            council_session_on: date(row.council_session_on, row.council_session_on_precision.as_ref())?,
            decision_reference: row.decision_reference,
            decision_url: row.decision_url,
            implementation: row.implementation_from.map(|from| Implementation { from, until }),
            committee: row.committee.as_deref().map(json::read).transpose()?,
            axes: Vec::new(),
            commitments: Vec::new(),
            stakeholders: json::read(&row.stakeholders)?,
            documents: json::read(&row.documents)?,
            provenance: parsed(&row.provenance)?,
            source: row.source,
        },
        owner: Owner {
            id: Identifier::stored(row.member_id),
            slug: Slug::try_from(member).map_err(StoreError::corrupt)?,
            region_code: Code::try_from(row.region_code).map_err(StoreError::corrupt)?,
        },
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        slug: Slug::try_from(row.slug).map_err(StoreError::corrupt)?,
        cycle: row.cycle,
    })
}

/// Programmes beside their members.
type Owned = diesel::helper_types::InnerJoinOn<
    action_program::table,
    member::table,
    diesel::helper_types::Eq<action_program::member_id, member::id>,
>;

fn owned() -> Owned {
    action_program::table.inner_join(member::table.on(action_program::member_id.eq(member::id)))
}

fn columns() -> (AsSelect<Row, Backend>, member::slug) {
    (Row::as_select(), member::slug)
}

/// The programme at an address, published or not, with three statements.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, address: &Address) -> Result<Option<Program>, StoreError> {
    Ok(find_at(conn, address)?.map(|(program, _)| program))
}

/// The same with the number of the last change that it can show.
///
/// # Errors
/// The database's.
pub fn find_at(conn: &mut Conn, address: &Address) -> Result<Option<(Program, i64)>, StoreError> {
    let (row, slug) = columns();
    let query = owned().select((row, slug, SequenceColumn));
    let row: Option<(Row, String, i64)> = match address {
        Address::Code(slug) => query.filter(action_program::slug.eq(slug.as_str())).first(conn).optional()?,
        Address::Id(id) => query.filter(action_program::id.eq(id.as_str())).first(conn).optional()?,
    };
    let Some((row, slug, sequence)) = row else { return Ok(None) };
    let mut found = [program((row, slug))?];
    complete(conn, &mut found)?;
    Ok(found.into_iter().next().map(|program| (program, sequence)))
}

/// The programmes with these ids, published or not, with three statements.
///
/// # Errors
/// The database's.
pub fn find_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Program>, StoreError> {
    let query = owned().select(columns()).filter(action_program::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows = query.load(conn)?;
    completed(conn, rows)
}

/// The published programmes that are known from a source, in the order of members and cycles, with three statements.
///
/// # Errors
/// The database's.
pub fn published_of(conn: &mut Conn, provenance: Provenance) -> Result<Vec<Program>, StoreError> {
    let query = owned().select(columns()).filter(action_program::provenance.eq(provenance.as_str()));
    let query = query.filter(action_program::publication.eq("published"));
    let rows = query.order((member::slug, action_program::cycle)).load(conn)?;
    completed(conn, rows)
}

fn completed(conn: &mut Conn, rows: Vec<(Row, String)>) -> Result<Vec<Program>, StoreError> {
    let mut found = rows.into_iter().map(program).collect::<Result<Vec<_>, _>>()?;
    complete(conn, &mut found)?;
    Ok(found)
}

/// Gives programmes their axes and commitments, with one statement each.
fn complete(conn: &mut Conn, programs: &mut [Program]) -> Result<(), StoreError> {
    let ids = || programs.iter().map(|program| program.id.as_str());
    // By the programme, too: so principles are entered by it, and not axis by axis.
    let of_axis = action_program_axis_principle::axis_id
        .eq(action_program_axis::id)
        .and(action_program_axis_principle::program_id.eq_any(ids()));
    let rows: Vec<(String, String, String, Option<String>)> = action_program_axis::table
        .left_join(action_program_axis_principle::table.on(of_axis))
        .filter(action_program_axis::program_id.eq_any(ids()))
        .order((
            action_program_axis::program_id,
            action_program_axis::position,
            action_program_axis_principle::principle,
        ))
        .select((
            action_program_axis::program_id,
            action_program_axis::id,
            action_program_axis::title,
            action_program_axis_principle::principle.nullable(),
        ))
        .load(conn)?;
    let mut axes: HashMap<String, Vec<Axis>> = HashMap::new();
    for (program_id, id, title, principle) in rows {
        let own = axes.entry(program_id).or_default();
        match own.last_mut().filter(|last| last.id == id) {
            Some(last) => last.principles.extend(principle),
            None => own.push(Axis {
                id: Identifier::stored(id),
                title: json::read(&title)?,
                principles: principle.into_iter().collect(),
            }),
        }
    }
    let rows: Vec<(String, String)> = action_program_commitment::table
        .filter(action_program_commitment::program_id.eq_any(ids()))
        .order((action_program_commitment::program_id, action_program_commitment::commitment))
        .select((action_program_commitment::program_id, action_program_commitment::commitment))
        .load(conn)?;
    let mut commitments: HashMap<String, Vec<String>> = HashMap::new();
    for (program_id, commitment) in rows {
        commitments.entry(program_id).or_default().push(commitment);
    }
    for program in programs {
        program.facts.axes = axes.remove(program.id.as_str()).unwrap_or_default();
        program.facts.commitments = commitments.remove(program.id.as_str()).unwrap_or_default();
    }
    Ok(())
}

/// The moves of the programme with an id, the oldest first.
///
/// # Errors
/// The database's.
pub fn moves(conn: &mut Conn, id: &Identifier) -> Result<Vec<Moved>, StoreError> {
    let own = action_program_move::table.filter(action_program_move::program_id.eq(id.as_str()));
    let rows: Vec<MoveRow> = own.order(action_program_move::position).select(MoveRow::as_select()).load(conn)?;
    rows.into_iter().map(MoveRow::into_move).collect()
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = action_program_move, treat_none_as_default_value = false)]
struct MoveRow {
    program_id: String,
    position: i64,
    from_stage: String,
    to_stage: String,
    moved_on: NaiveDate,
    moved_on_precision: String,
    role: Option<String>,
    reason: Option<String>,
    evidence_reference: Option<String>,
    evidence_url: Option<String>,
}

impl MoveRow {
    fn of(program_id: &Identifier, position: i64, moved: &Moved) -> Self {
        Self {
            program_id: program_id.to_string(),
            position,
            from_stage: moved.from.as_str().to_owned(),
            to_stage: moved.to.as_str().to_owned(),
            moved_on: moved.on.first_day(),
            moved_on_precision: moved.on.precision().as_str().to_owned(),
            role: moved.role.clone(),
            reason: moved.reason.clone(),
            evidence_reference: moved.evidence.reference.clone(),
            evidence_url: moved.evidence.url.clone(),
        }
    }

    fn into_move(self) -> Result<Moved, StoreError> {
        let on = date(Some(self.moved_on), Some(&self.moved_on_precision))?;
        Ok(Moved {
            from: parsed(&self.from_stage)?,
            to: parsed(&self.to_stage)?,
            on: on.ok_or_else(|| StoreError::corrupt("a move without a date"))?,
            role: self.role,
            reason: self.reason,
            evidence: Evidence { reference: self.evidence_reference, url: self.evidence_url },
        })
    }
}

/// How many projects the programme with an id has.
///
/// # Errors
/// The database's.
pub fn count_projects(conn: &mut Conn, id: &Identifier) -> Result<i64, StoreError> {
    Ok(project::table.filter(project::program_id.eq(id.as_str())).count().get_result(conn)?)
}

/// Reads a page of the list, with one statement, and one more each for an empty page, a count and a filter that names
/// something.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Selected<()>>, StoreError> {
    let Listing { filters, after, limit, count } = listing;
    let filters = &resolved(conn, filters)?;
    let total = if *count { Some(filtered(filters).count().get_result(conn)?) } else { None };
    let (order, after) = (filters.order, after.as_ref());
    let text = after.and_then(Position::text);
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    macro_rules! selected {
        ($key:expr) => {
            filtered(filters).select((action_program::id, $key, DocumentBody(action_program::id), SequenceColumn))
        };
    }
    macro_rules! sorted {
        ($key:expr) => {
            paged(keyset!(selected!($key), $key, action_program::id, order.direction, text), *limit).load(conn)?
        };
    }
    let selected: Vec<ListRow<String>> = match order.key {
        SortKey::CreatedAt => {
            let query = selected!(NoKey);
            paged(keyset_by_id!(query, action_program::id, order.direction, after), *limit).load(conn)?
        }
        SortKey::TitleFr => sorted!(action_program::title_fr_folded),
        SortKey::TitleAr => sorted!(action_program::title_ar_folded),
    };
    rows(conn, selected.into_iter().map(|row| (row, ())).collect(), *limit, total)
}

/// The id, the version and the document of a programme, if it is published.
///
/// # Errors
/// The database's.
pub fn find_document(conn: &mut Conn, address: &Address) -> Result<Option<(Identifier, i64, String)>, StoreError> {
    let columns = (action_program::id, action_program::version, DocumentBody(action_program::id));
    let query = action_program::table.select(columns);
    let row: Option<(String, i64, Option<String>)> = match address {
        Address::Code(slug) => query.filter(action_program::slug.eq(slug.as_str())).first(conn).optional()?,
        Address::Id(id) => query.filter(action_program::id.eq(id.as_str())).first(conn).optional()?,
    };
    let Some((id, version, Some(document))) = row else { return Ok(None) };
    Ok(Some((Identifier::stored(id), version, document)))
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &Filters) -> Result<Filters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    let codes = [&*filters.regions, &*filters.principles, &*filters.commitments];
    look_up_alike(conn, &mut lookup, &mut filters.members, codes)?;
    lookup.done()?;
    Ok(filters)
}

/// Keeps of a boxed query what is published and, as far as the filters want them and the caller sees them, drafts: the one
/// way to do so for all that is published with its programme or by itself.
macro_rules! seen {
    ($query:expr, $filters:expr, $is_public:expr, $member:expr) => {{
        use $crate::action_programs::{Drafts, PublicationFilter};
        match ($filters.publication, &$filters.drafts) {
            (None, _) | (Some(PublicationFilter::All), Drafts::None) => $query.filter($is_public),
            (Some(PublicationFilter::All), Drafts::All) => $query,
            (Some(PublicationFilter::All), Drafts::Of(member)) => $query.filter($is_public.or($member.eq(member))),
            (Some(PublicationFilter::Draft), Drafts::None) => {
                $query.filter(false.into_sql::<diesel::sql_types::Bool>())
            }
            (Some(PublicationFilter::Draft), Drafts::All) => $query.filter(diesel::dsl::not($is_public)),
            (Some(PublicationFilter::Draft), Drafts::Of(member)) => {
                $query.filter(diesel::dsl::not($is_public)).filter($member.eq(member))
            }
        }
    }};
}
pub(crate) use self::hooks::copy_region;
pub(crate) use seen;

fn filtered(filters: &Filters) -> action_program::BoxedQuery<'_, Backend> {
    let mut query = action_program::table.into_boxed();
    query = seen!(query, filters, action_program::publication.eq("published"), action_program::member_id);
    let stages: Vec<&str> = filters.stages.iter().map(|stage| stage.as_str()).collect();
    if !filters.members.is_empty() {
        let named = member::table.filter(member::slug.eq_any(Address::texts(&filters.members)));
        query = query.filter(action_program::member_id.eq_any(named.select(member::id)));
    }
    query = any_of!(query, action_program::region_code, filters.regions.as_slice());
    query = any_of!(query, action_program::stage, stages.as_slice());
    query = any_of!(query, action_program::cycle, filters.cycles.as_slice());
    if !filters.principles.is_empty() {
        let mapped = action_program_axis::table
            .inner_join(
                action_program_axis_principle::table
                    .on(action_program_axis_principle::axis_id.eq(action_program_axis::id)),
            )
            .filter(action_program_axis::program_id.eq(action_program::id))
            .filter(action_program_axis_principle::principle.eq_any(&filters.principles));
        query = query.filter(exists(mapped));
    }
    if !filters.commitments.is_empty() {
        let served = action_program_commitment::table
            .filter(action_program_commitment::program_id.eq(action_program::id))
            .filter(action_program_commitment::commitment.eq_any(&filters.commitments));
        query = query.filter(exists(served));
    }
    if !filters.provenances.is_empty() {
        let codes = filters.provenances.iter().map(|provenance| provenance.as_str());
        query = query.filter(action_program::provenance.eq_any(codes));
    }
    if let Some(words) = &filters.words {
        query = search!(query, action_program::search_text, words);
    }
    if let Some(since) = filters.updated_since {
        query = query.filter(action_program::updated_at.ge(since.naive_utc()));
    }
    query
}

/// What of a member's other programmes matters to the implementation of one, unless it is `own`.
fn other_implementations(
    conn: &mut Conn,
    member_id: &Identifier,
    own: &Identifier,
) -> Result<Vec<super::rules::Other>, StoreError> {
    type Found = (String, String, Option<NaiveDate>, Option<NaiveDate>, String);
    let stages = Stage::ALL.iter().filter(|stage| stage.was_implemented()).map(|stage| stage.as_str());
    let rows: Vec<Found> = action_program::table
        .filter(action_program::member_id.eq(member_id.as_str()).and(action_program::id.ne(own.as_str())))
        .filter(action_program::stage.eq_any(stages))
        .order(action_program::cycle)
        .select((
            action_program::slug,
            action_program::stage,
            action_program::implementation_from,
            action_program::implementation_until,
            action_program::reached,
        ))
        .load(conn)?;
    let other = |(slug, stage, from, until, reached): Found| {
        let from = from.ok_or_else(|| StoreError::corrupt("an implementation without a first day"))?;
        let evaluation = read_reached(&reached)?.into_iter().find(|reached| reached.stage == Stage::Evaluation);
        Ok(super::rules::Other {
            slug,
            stage: parsed(&stage)?,
            implementation: Implementation { from, until },
            evaluation_on: evaluation.map(|reached| reached.on),
        })
    };
    rows.into_iter().map(other).collect()
}
