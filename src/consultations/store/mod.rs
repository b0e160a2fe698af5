//! The rows of consultations and contributions, and every query on them. Who writes takes the turn of programmes first: what
//! one may write depends on the programme.

mod answers;
mod contacts;
mod contributions;
mod hooks;
mod seed;
mod write;

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::AsSelect;
use serde::Serialize;

pub use self::{
    answers::{Sent, contribute, lock_contribution, set_standing},
    contacts::{correct_contact, erase_contact, forget_contacts, of_person},
    contributions::{find_by_receipt, find_contribution, find_contributions_by_ids, list_contributions},
    hooks::ConsultationHooks,
    seed::seed,
    write::{create, delete, lock, update},
};
use super::rules::{Consultation, Facts, Filters, Participants, Report, SortKey};
use crate::{
    action_programs::{self, Owner, seen},
    db::{
        Backend, Conn, Lookup, SequenceColumn, Stamp, StoreError, current_sequence, json,
        keyset::{keyset, keyset_by_id, paged},
        schema::{action_program, consultation, member},
        search::any_of,
    },
    kernel::{
        codes::Flag,
        id::{Address, Identifier, Slug},
        kind::Kind,
        paging::{Found, Key, Listing, Position},
    },
    members,
    territories::{Code, look_up_regions},
};

/// The kinds of these resources.
const CONSULTATIONS: Kind = Kind::Consultations;
const CONTRIBUTIONS: Kind = Kind::Contributions;

/// What is stored of a consultation.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = consultation, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    program_id: String,
    member_id: String,
    region_code: String,
    round: i64,
    kind: String,
    title: String,
    description: Option<String>,
    opens_on: NaiveDate,
    closes_on: NaiveDate,
    place: Option<String>,
    participants: Option<i64>,
    participants_women: Option<i64>,
    participants_men: Option<i64>,
    participants_under_25: Option<i64>,
    participants_25_to_59: Option<i64>,
    participants_60_and_over: Option<i64>,
    participants_of_associations: Option<i64>,
    report_url: Option<String>,
    reported_on: Option<NaiveDate>,
    #[serde(skip)]
    is_public: bool,
}

impl Row {
    fn of(found: &Consultation) -> Result<Self, StoreError> {
        let (facts, counted) = (&found.facts, found.facts.participants);
        let report = facts.report.as_ref();
        Ok(Self {
            id: found.id.to_string(),
            version: found.version,
            created_at: found.created_at.naive_utc(),
            updated_at: found.updated_at.naive_utc(),
            program_id: found.program_id.to_string(),
            member_id: found.owner.id.to_string(),
            region_code: found.owner.region_code.to_string(),
            round: facts.round,
            kind: facts.kind.as_str().to_owned(),
            title: json::write(&facts.title)?,
            description: facts.description.as_ref().map(json::write).transpose()?,
            opens_on: facts.opens_on,
            closes_on: facts.closes_on,
            place: facts.place.as_ref().map(json::write).transpose()?,
            participants: counted.map(|counted| counted.total),
            participants_women: counted.and_then(|counted| counted.women),
            participants_men: counted.and_then(|counted| counted.men),
            participants_under_25: counted.and_then(|counted| counted.under_25),
            participants_25_to_59: counted.and_then(|counted| counted.aged_25_to_59),
            participants_60_and_over: counted.and_then(|counted| counted.aged_60_and_over),
            participants_of_associations: counted.and_then(|counted| counted.of_associations),
            report_url: report.map(|report| report.url.clone()),
            reported_on: report.and_then(|report| report.published_on),
            is_public: found.is_public,
        })
    }

    fn participants(&self) -> Option<Participants> {
        Some(Participants {
            total: self.participants?,
            women: self.participants_women,
            men: self.participants_men,
            under_25: self.participants_under_25,
            aged_25_to_59: self.participants_25_to_59,
            aged_60_and_over: self.participants_60_and_over,
            of_associations: self.participants_of_associations,
        })
    }
}

/// What a consultation takes from its programme.
#[derive(Queryable, Selectable)]
#[diesel(table_name = action_program)]
struct ProgramPart {
    slug: String,
    stage: String,
    provenance: String,
}

/// Reads a column whose text has a type of its own.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(StoreError::corrupt)
}

fn owner(id: String, slug: String, region_code: String) -> Result<Owner, StoreError> {
    let (slug, region_code) = (Slug::try_from(slug), Code::try_from(region_code));
    Ok(Owner {
        id: Identifier::stored(id),
        slug: slug.map_err(StoreError::corrupt)?,
        region_code: region_code.map_err(StoreError::corrupt)?,
    })
}

fn read((row, program, member): (Row, ProgramPart, String)) -> Result<Consultation, StoreError> {
    let participants = row.participants();
    let published_on = row.reported_on;
    Ok(Consultation {
        program: Slug::try_from(program.slug).map_err(StoreError::corrupt)?,
        stage: parsed(&program.stage)?,
        provenance: parsed(&program.provenance)?,
        is_public: row.is_public,
        owner: owner(row.member_id, member, row.region_code)?,
        facts: Facts {
            round: row.round,
            kind: parsed(&row.kind)?,
            title: json::read(&row.title)?,
            description: row.description.as_deref().map(json::read).transpose()?,
            opens_on: row.opens_on,
            closes_on: row.closes_on,
            place: row.place.as_deref().map(json::read).transpose()?,
            participants,
            report: row.report_url.map(|url| Report { url, published_on }),
        },
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        program_id: Identifier::stored(row.program_id),
    })
}

/// Consultations beside their programmes and members.
type Parts = diesel::helper_types::InnerJoinOn<
    diesel::helper_types::InnerJoinOn<
        consultation::table,
        action_program::table,
        diesel::helper_types::Eq<consultation::program_id, action_program::id>,
    >,
    member::table,
    diesel::helper_types::Eq<consultation::member_id, member::id>,
>;

fn parts() -> Parts {
    consultation::table
        .inner_join(action_program::table.on(consultation::program_id.eq(action_program::id)))
        .inner_join(member::table.on(consultation::member_id.eq(member::id)))
}

type Columns = (AsSelect<Row, Backend>, AsSelect<ProgramPart, Backend>, member::slug);

fn columns() -> Columns {
    (Row::as_select(), ProgramPart::as_select(), member::slug)
}

/// The consultation with an id, of a published programme or not.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, id: &Identifier) -> Result<Option<Consultation>, StoreError> {
    let row = parts().select(columns()).filter(consultation::id.eq(id.as_str())).first(conn).optional()?;
    row.map(read).transpose()
}

/// The consultations with these ids, of published programmes or not.
///
/// # Errors
/// The database's.
pub fn find_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Consultation>, StoreError> {
    let query = parts().select(columns()).filter(consultation::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows: Vec<_> = query.load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Reads a page of the list, with one statement, and one more each for an empty page, a count and a filter that names
/// something.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Consultation>, StoreError> {
    let Listing { filters, after, limit, count } = listing;
    let filters = &resolved(conn, filters)?;
    let total = if *count { Some(filtered(filters).count().get_result(conn)?) } else { None };
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    let (row, program, slug) = columns();
    let query = filtered(filters).select((row, program, slug, SequenceColumn));
    let (order, after) = (filters.order, after.as_ref());
    let query = match order.key {
        SortKey::CreatedAt => keyset_by_id!(query, consultation::id, order.direction, after),
        SortKey::OpensOn => {
            keyset!(query, consultation::opens_on, consultation::id, order.direction, after.and_then(Position::day))
        }
    };
    let rows: Vec<(Row, ProgramPart, String, i64)> = paged(query, *limit).load(conn)?;
    let sequence = match rows.first() {
        Some((_, _, _, sequence)) => *sequence,
        None => current_sequence(conn)?,
    };
    let rows = rows.into_iter().map(|(row, program, slug, _)| read((row, program, slug))).collect::<Result<_, _>>()?;
    let position = |last: &Consultation| {
        let key = match order.key {
            SortKey::CreatedAt => Key::Text(String::new()),
            SortKey::OpensOn => Key::of_day(last.facts.opens_on),
        };
        Position { key, id: last.id.clone() }
    };
    Ok(Found::of(rows, *limit, (sequence, total), position))
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &Filters) -> Result<Filters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    action_programs::look_up(conn, &mut lookup, &mut filters.programs, &filters.drafts)?;
    members::look_up(conn, &mut lookup, &mut filters.members)?;
    look_up_regions(conn, &mut lookup, &filters.regions)?;
    lookup.done()?;
    Ok(filters)
}

fn filtered(filters: &Filters) -> diesel::helper_types::IntoBoxed<'_, Parts, Backend> {
    let mut query = parts().into_boxed();
    query = seen!(query, filters, consultation::is_public.eq(true), consultation::member_id);
    query = any_of!(query, action_program::slug, Address::texts(&filters.programs).as_slice());
    let kinds: Vec<&str> = filters.kinds.iter().map(|kind| kind.as_str()).collect();
    query = any_of!(query, member::slug, Address::texts(&filters.members).as_slice());
    query = any_of!(query, consultation::region_code, filters.regions.as_slice());
    query = any_of!(query, consultation::round, filters.rounds.as_slice());
    query = any_of!(query, consultation::kind, kinds.as_slice());
    let (today, over) = (filters.today, ["closed", "cancelled"]);
    query = match filters.open {
        None => query,
        Some(Flag::True) => query
            .filter(consultation::opens_on.le(today).and(consultation::closes_on.ge(today)))
            .filter(action_program::stage.ne_all(over)),
        Some(Flag::False) => {
            let is_outside = consultation::opens_on.gt(today).or(consultation::closes_on.lt(today));
            query.filter(is_outside.or(action_program::stage.eq_any(over)))
        }
    };
    if let Some(since) = filters.updated_since {
        query = query.filter(consultation::updated_at.ge(since.naive_utc()));
    }
    query
}
