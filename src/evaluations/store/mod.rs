//! The rows of evaluations and every query on them. What is not published is looked for only on behalf of who says it.

mod hooks;
mod seed;
mod write;

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::AsSelect;
use serde::Serialize;

pub use self::{
    hooks::EvaluationHooks,
    seed::{evaluated, seed},
    write::{create, delete, has_project, update},
};
use super::rules::{Author, Evaluation, Facts, Filters, Said, SortKey, Subject, Voice};
use crate::{
    action_programs::{PublicationFilter, look_up_projects_of},
    db::{
        Backend, Conn, Lookup, SequenceColumn, Stamp, StoreError, current_sequence, json,
        keyset::{keyset_by_id, paged},
        schema::{action_program, evaluation, member},
    },
    kernel::{
        id::{Identifier, Slug},
        kind::Kind,
        paging::{Found, Key, Listing, Position},
    },
};

/// The kind of these resources.
const EVALUATIONS: Kind = Kind::Evaluations;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = evaluation, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    project_id: Option<String>,
    kind: String,
    voice: String,
    organisation: String,
    is_independent: bool,
    independence: Option<String>,
    evaluated_on: NaiveDate,
    completion: Option<String>,
    opened_government: Option<String>,
    answers: String,
    publication: String,
}

impl Row {
    fn of(evaluation: &Evaluation) -> Result<Self, StoreError> {
        let Evaluation { subject, author, facts, .. } = evaluation;
        Ok(Self {
            id: evaluation.id.to_string(),
            version: evaluation.version,
            created_at: evaluation.created_at.naive_utc(),
            updated_at: evaluation.updated_at.naive_utc(),
            program_id: evaluation.program_id.to_string(),
            project_id: subject.project_id.as_ref().map(Identifier::to_string),
            kind: subject.kind.as_str().to_owned(),
            voice: author.voice.as_str().to_owned(),
            organisation: author.organisation.clone(),
            is_independent: facts.is_independent,
            independence: facts.independence.as_ref().map(json::write).transpose()?,
            evaluated_on: facts.evaluated_on,
            completion: facts.completion.map(|value| value.as_str().to_owned()),
            opened_government: facts.opened_government.map(|value| value.as_str().to_owned()),
            answers: json::write(&facts.answers)?,
            publication: evaluation.publication.as_str().to_owned(),
        })
    }
}

/// What an evaluation takes from its programme.
#[derive(Queryable, Selectable)]
#[diesel(table_name = action_program)]
struct ProgramPart {
    slug: String,
    publication: String,
}

/// Reads a column whose text has a type of its own.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(StoreError::corrupt)
}

fn read((row, program, member): (Row, ProgramPart, String)) -> Result<Evaluation, StoreError> {
    Ok(Evaluation {
        program: Slug::try_from(program.slug).map_err(StoreError::corrupt)?,
        member: Slug::try_from(member).map_err(StoreError::corrupt)?,
        of_published: program.publication == "published",
        subject: Subject { kind: parsed(&row.kind)?, project_id: row.project_id.map(Identifier::stored) },
        author: Author { voice: parsed(&row.voice)?, organisation: row.organisation },
        facts: Facts {
            is_independent: row.is_independent,
            independence: row.independence.as_deref().map(json::read).transpose()?,
            evaluated_on: row.evaluated_on,
            completion: row.completion.as_deref().map(parsed).transpose()?,
            opened_government: row.opened_government.as_deref().map(parsed).transpose()?,
            answers: json::read(&row.answers)?,
        },
        publication: parsed(&row.publication)?,
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        program_id: Identifier::stored(row.program_id),
    })
}

/// Evaluations beside their programmes and members.
type Parts = diesel::helper_types::InnerJoinOn<
    diesel::helper_types::InnerJoinOn<
        evaluation::table,
        action_program::table,
        diesel::helper_types::Eq<evaluation::program_id, action_program::id>,
    >,
    member::table,
    diesel::helper_types::Eq<action_program::member_id, member::id>,
>;

fn parts() -> Parts {
    evaluation::table
        .inner_join(action_program::table.on(evaluation::program_id.eq(action_program::id)))
        .inner_join(member::table.on(action_program::member_id.eq(member::id)))
}

type Columns = (AsSelect<Row, Backend>, AsSelect<ProgramPart, Backend>, member::slug);

fn columns() -> Columns {
    (Row::as_select(), ProgramPart::as_select(), member::slug)
}

/// The evaluation of a programme with an id, published or not.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, program_id: &Identifier, id: &Identifier) -> Result<Option<Evaluation>, StoreError> {
    let own = evaluation::program_id.eq(program_id.as_str()).and(evaluation::id.eq(id.as_str()));
    let row = parts().select(columns()).filter(own).first(conn).optional()?;
    row.map(read).transpose()
}

/// The evaluations with these ids, published or not.
///
/// # Errors
/// The database's.
pub fn find_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Evaluation>, StoreError> {
    let query = parts().select(columns()).filter(evaluation::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows: Vec<_> = query.load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Reads a page of the evaluations of the programme with an id, with one statement, and one more each for an empty page, a
/// count and a filter that names projects; `reader` is as whom the caller speaks, and sees drafts.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list(
    conn: &mut Conn,
    program_id: &Identifier,
    reader: Option<&Author>,
    listing: &Listing<Filters>,
) -> Result<Found<Evaluation>, StoreError> {
    let Listing { filters, after, limit, count } = listing;
    let mut lookup = Lookup::default();
    look_up_projects_of(conn, &mut lookup, program_id, &filters.projects)?;
    lookup.done()?;
    let filtered = || filtered(program_id, reader, filters);
    let total = if *count { Some(filtered().count().get_result(conn)?) } else { None };
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    let (row, program, slug) = columns();
    let query = filtered().select((row, program, slug, SequenceColumn));
    let query = match filters.order.key {
        SortKey::CreatedAt => keyset_by_id!(query, evaluation::id, filters.order.direction, after.as_ref()),
    };
    let rows: Vec<(Row, ProgramPart, String, i64)> = paged(query, *limit).load(conn)?;
    let sequence = match rows.first() {
        Some((_, _, _, sequence)) => *sequence,
        None => current_sequence(conn)?,
    };
    let one = |(row, program, slug, _): (Row, ProgramPart, String, i64)| read((row, program, slug));
    let rows = rows.into_iter().map(one).collect::<Result<_, _>>()?;
    let position = |last: &Evaluation| Position { key: Key::Text(String::new()), id: last.id.clone() };
    Ok(Found::of(rows, *limit, (sequence, total), position))
}

fn filtered<'a>(
    program_id: &'a Identifier,
    reader: Option<&'a Author>,
    filters: &'a Filters,
) -> diesel::helper_types::IntoBoxed<'a, Parts, Backend> {
    let mut query = parts().filter(evaluation::program_id.eq(program_id.as_str())).into_boxed();
    let own_name = |author: &'a Author| {
        evaluation::organisation.eq(&author.organisation).or(evaluation::voice.ne(Voice::CivilSociety.as_str()))
    };
    query = match (filters.publication, reader) {
        (None, _) | (Some(PublicationFilter::All), None) => query.filter(evaluation::publication.eq("published")),
        (Some(PublicationFilter::All), Some(author)) => {
            let own = evaluation::voice.eq(author.voice.as_str()).and(own_name(author));
            query.filter(evaluation::publication.eq("published").or(own))
        }
        (Some(PublicationFilter::Draft), None) => query.filter(evaluation::id.eq("")),
        (Some(PublicationFilter::Draft), Some(author)) => {
            let own = evaluation::voice.eq(author.voice.as_str()).and(own_name(author));
            query.filter(evaluation::publication.eq("draft").and(own))
        }
    };
    if !filters.kinds.is_empty() {
        query = query.filter(evaluation::kind.eq_any(filters.kinds.iter().map(|kind| kind.as_str())));
    }
    if !filters.voices.is_empty() {
        query = query.filter(evaluation::voice.eq_any(filters.voices.iter().map(|voice| voice.as_str())));
    }
    if !filters.projects.is_empty() {
        query = query.filter(evaluation::project_id.eq_any(filters.projects.iter().map(Identifier::as_str)));
    }
    if let Some(since) = filters.updated_since {
        query = query.filter(evaluation::updated_at.ge(since.naive_utc()));
    }
    query
}

/// What is published of the conclusions of the programme with an id, whoever says it.
///
/// # Errors
/// The database's.
pub fn said(conn: &mut Conn, program_id: &Identifier) -> Result<Vec<Said>, StoreError> {
    type Found = (String, String, Option<String>, String, String, bool, NaiveDate, Option<String>, Option<String>);
    let rows: Vec<Found> = evaluation::table
        .filter(evaluation::program_id.eq(program_id.as_str()).and(evaluation::publication.eq("published")))
        .order(evaluation::id)
        .select((
            evaluation::id,
            evaluation::kind,
            evaluation::project_id,
            evaluation::voice,
            evaluation::organisation,
            evaluation::is_independent,
            evaluation::evaluated_on,
            evaluation::completion,
            evaluation::opened_government,
        ))
        .load(conn)?;
    let said =
        |(id, kind, project_id, voice, organisation, is_independent, evaluated_on, completion, opened): Found| {
            Ok(Said {
                id: Identifier::stored(id),
                subject: Subject { kind: parsed(&kind)?, project_id: project_id.map(Identifier::stored) },
                author: Author { voice: parsed(&voice)?, organisation },
                is_independent,
                evaluated_on,
                completion: completion.as_deref().map(parsed).transpose()?,
                opened_government: opened.as_deref().map(parsed).transpose()?,
            })
        };
    rows.into_iter().map(said).collect()
}
