//! The rows of assessments and every query on them. What is not published is looked for only on behalf of who says it.

mod hooks;
mod seed;
mod write;

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::AsSelect;
use serde::Serialize;

pub use self::{
    hooks::AssessmentHooks,
    seed::{assessed, seed},
    write::{create, delete, update},
};
use super::rules::{Assessment, Facts, Filters, Level, Reader, SortKey, Subject};
use crate::{
    action_programs::PublicationFilter,
    charter::look_up_commitments,
    db::{
        Backend, Conn, Lookup, SequenceColumn, Stamp, StoreError, current_sequence, json,
        keyset::{keyset_by_id, paged},
        schema::{assessment, member, territory},
        search::any_of,
    },
    evaluations::{Author, Voice},
    kernel::{
        id::{Address, Identifier, Slug},
        kind::Kind,
        paging::{Found, Key, Listing, Position},
    },
    members,
    territories::look_up_regions,
};

/// The kind of these resources.
const ASSESSMENTS: Kind = Kind::Assessments;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = assessment, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    member_id: String,
    commitment: String,
    year: i64,
    voice: String,
    organisation: String,
    level: i64,
    explanation: String,
    evidence: String,
    assessed_on: NaiveDate,
    publication: String,
}

impl Row {
    fn of(assessment: &Assessment) -> Result<Self, StoreError> {
        let Assessment { subject, author, facts, .. } = assessment;
        Ok(Self {
            id: assessment.id.to_string(),
            version: assessment.version,
            created_at: assessment.created_at.naive_utc(),
            updated_at: assessment.updated_at.naive_utc(),
            member_id: assessment.member_id.to_string(),
            commitment: subject.commitment.clone(),
            year: subject.year,
            voice: author.voice.as_str().to_owned(),
            organisation: author.organisation.clone(),
            level: facts.level.get(),
            explanation: json::write(&facts.explanation)?,
            evidence: json::write(&facts.evidence)?,
            assessed_on: facts.assessed_on,
            publication: assessment.publication.as_str().to_owned(),
        })
    }
}

/// Reads a column whose text has a type of its own.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(StoreError::corrupt)
}

fn read((row, member): (Row, String)) -> Result<Assessment, StoreError> {
    Ok(Assessment {
        member: Slug::try_from(member).map_err(StoreError::corrupt)?,
        subject: Subject { commitment: row.commitment, year: row.year },
        author: Author { voice: parsed(&row.voice)?, organisation: row.organisation },
        facts: Facts {
            level: Level::try_from(row.level).map_err(StoreError::corrupt)?,
            explanation: json::read(&row.explanation)?,
            evidence: json::read(&row.evidence)?,
            assessed_on: row.assessed_on,
        },
        publication: parsed(&row.publication)?,
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        member_id: Identifier::stored(row.member_id),
    })
}

/// Assessments beside their members and the territories that those are seated on.
type Parts = diesel::helper_types::InnerJoinOn<
    diesel::helper_types::InnerJoinOn<
        assessment::table,
        member::table,
        diesel::helper_types::Eq<assessment::member_id, member::id>,
    >,
    territory::table,
    diesel::helper_types::Eq<member::territory_code, territory::code>,
>;

fn parts() -> Parts {
    assessment::table
        .inner_join(member::table.on(assessment::member_id.eq(member::id)))
        .inner_join(territory::table.on(member::territory_code.eq(territory::code)))
}

type Columns = (AsSelect<Row, Backend>, member::slug);

fn columns() -> Columns {
    (Row::as_select(), member::slug)
}

/// The assessment of a member with an id, published or not.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, member_id: &Identifier, id: &Identifier) -> Result<Option<Assessment>, StoreError> {
    let own = assessment::member_id.eq(member_id.as_str()).and(assessment::id.eq(id.as_str()));
    let row = parts().select(columns()).filter(own).first(conn).optional()?;
    row.map(read).transpose()
}

/// The assessments with these ids, published or not.
///
/// # Errors
/// The database's.
pub fn find_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Assessment>, StoreError> {
    let query = parts().select(columns()).filter(assessment::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows: Vec<_> = query.load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Reads a page of the list, with one statement, and one more each for an empty page, a count and a filter that names
/// something; of the member with an id where one is given. `reader` is who sees drafts.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list(
    conn: &mut Conn,
    member_id: Option<&Identifier>,
    reader: Option<&Reader>,
    listing: &Listing<Filters>,
) -> Result<Found<Assessment>, StoreError> {
    let Listing { filters, after, limit, count } = listing;
    let filters = &resolved(conn, filters)?;
    let filtered = || filtered(member_id, reader, filters);
    let total = if *count { Some(filtered().count().get_result(conn)?) } else { None };
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    let (row, slug) = columns();
    let query = filtered().select((row, slug, SequenceColumn));
    let query = match filters.order.key {
        SortKey::CreatedAt => keyset_by_id!(query, assessment::id, filters.order.direction, after.as_ref()),
    };
    let rows: Vec<(Row, String, i64)> = paged(query, *limit).load(conn)?;
    let sequence = match rows.first() {
        Some((_, _, sequence)) => *sequence,
        None => current_sequence(conn)?,
    };
    let rows = rows.into_iter().map(|(row, slug, _)| read((row, slug))).collect::<Result<_, _>>()?;
    let position = |last: &Assessment| Position { key: Key::Text(String::new()), id: last.id.clone() };
    Ok(Found::of(rows, *limit, (sequence, total), position))
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &Filters) -> Result<Filters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    members::look_up(conn, &mut lookup, &mut filters.members)?;
    look_up_regions(conn, &mut lookup, &filters.regions)?;
    look_up_commitments(conn, &mut lookup, &filters.commitments)?;
    lookup.done()?;
    Ok(filters)
}

type Boxed<'a> = diesel::helper_types::IntoBoxed<'a, Parts, Backend>;

fn filtered<'a>(member_id: Option<&'a Identifier>, reader: Option<&'a Reader>, filters: &'a Filters) -> Boxed<'a> {
    let mut query = seen(parts().into_boxed(), reader, filters.publication);
    if let Some(id) = member_id {
        query = query.filter(assessment::member_id.eq(id.as_str()));
    }
    let voices: Vec<&str> = filters.voices.iter().map(|voice| voice.as_str()).collect();
    let levels: Vec<i64> = filters.levels.iter().map(|level| level.get()).collect();
    query = any_of!(query, member::slug, Address::texts(&filters.members).as_slice());
    query = any_of!(query, territory::region_code, filters.regions.as_slice());
    query = any_of!(query, assessment::commitment, filters.commitments.as_slice());
    query = any_of!(query, assessment::year, filters.years.as_slice());
    query = any_of!(query, assessment::voice, voices.as_slice());
    query = any_of!(query, assessment::level, levels.as_slice());
    if let Some(since) = filters.updated_since {
        query = query.filter(assessment::updated_at.ge(since.naive_utc()));
    }
    query
}

/// Keeps what is published, and of what is not what its reader has said, as far as that is wanted.
fn seen<'a>(query: Boxed<'a>, reader: Option<&'a Reader>, wanted: Option<PublicationFilter>) -> Boxed<'a> {
    let published = assessment::publication.eq("published");
    let Some((Reader { author, member_id }, wanted)) = reader.zip(wanted) else {
        return match wanted {
            Some(PublicationFilter::Draft) => query.filter(assessment::id.eq("")),
            _ => query.filter(published),
        };
    };
    let is_one_voice = assessment::voice.ne(Voice::CivilSociety.as_str());
    let own_name = assessment::organisation.eq(&author.organisation).or(is_one_voice);
    let own = assessment::voice.eq(author.voice.as_str()).and(own_name);
    let draft = assessment::publication.eq("draft").and(own);
    match (wanted, member_id) {
        (PublicationFilter::All, None) => query.filter(published.or(draft)),
        (PublicationFilter::All, Some(id)) => {
            query.filter(published.or(draft.and(assessment::member_id.eq(id.as_str()))))
        }
        (PublicationFilter::Draft, None) => query.filter(draft),
        (PublicationFilter::Draft, Some(id)) => query.filter(draft.and(assessment::member_id.eq(id.as_str()))),
    }
}
