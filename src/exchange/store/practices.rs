//! The rows of practices and what is asked of them.

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::rules::{Party, Practice, PracticeFacts, PracticeFilters, PracticeSortKey, Shared as _, Stored},
    change, filtered_alike, look_up, parsed, party, shelf,
};
use crate::{
    action_programs::{Publication, sort_title},
    charter::look_up_principles,
    db::{
        Backend, Change, Conn, Lookup, Operation, SequenceColumn, Stamp, StoreError, Tx, batch_insert,
        current_sequence, json,
        keyset::{keyset, keyset_by_id},
        schema::{member, practice, practice_principle, territory},
        search::any_of,
    },
    kernel::{
        id::{Address, Identifier, new_id},
        language::{Language, LanguageMap},
        paging::{Found, Key, Listing, Order, Position},
    },
    territories::{Code, look_up_territories},
};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = practice, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    territory_code: String,
    title: String,
    summary: Option<String>,
    story: String,
    documents: String,
    publication: String,
    published_on: Option<NaiveDate>,
    provenance: String,
    source: Option<String>,
}

impl Row {
    fn of(practice: &Practice) -> Result<Self, StoreError> {
        let facts = &practice.facts;
        Ok(Self {
            id: practice.id.to_string(),
            version: practice.version,
            created_at: practice.created_at.naive_utc(),
            updated_at: practice.updated_at.naive_utc(),
            member_id: practice.owner_id().to_owned(),
            territory_code: facts.territory.to_string(),
            title: json::write(&facts.title)?,
            summary: facts.summary.as_ref().map(json::write).transpose()?,
            story: json::write(&facts.story)?,
            documents: json::write(&facts.documents)?,
            publication: practice.publication.as_str().to_owned(),
            published_on: practice.published_on,
            provenance: facts.provenance.as_str().to_owned(),
            source: facts.source.clone(),
        })
    }

    fn read(self, owner: Option<Party>, principles: Vec<String>) -> Result<Practice, StoreError> {
        Ok(Stored {
            id: Identifier::stored(self.id),
            version: self.version,
            created_at: self.created_at.and_utc(),
            updated_at: self.updated_at.and_utc(),
            owner,
            publication: parsed(&self.publication)?,
            published_on: self.published_on,
            facts: PracticeFacts {
                title: json::read(&self.title)?,
                summary: self.summary.as_deref().map(json::read).transpose()?,
                story: json::read(&self.story)?,
                principles,
                territory: Code::try_from(self.territory_code).map_err(StoreError::corrupt)?,
                documents: json::read(&self.documents)?,
                provenance: parsed(&self.provenance)?,
                source: self.source,
            },
        })
    }
}

shelf!(practice, PracticeFacts, PracticeFilters);

/// Gives rows their members and principles, with one statement each.
fn completed(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Practice>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let owners: Vec<(String, String)> = member::table
        .filter(member::id.eq_any(rows.iter().map(|row| &row.member_id)))
        .select((member::id, member::slug))
        .load(conn)?;
    let owners: HashMap<String, String> = owners.into_iter().collect();
    let pairs: Vec<(String, String)> = practice_principle::table
        .filter(practice_principle::practice_id.eq_any(rows.iter().map(|row| row.id.as_str())))
        .order((practice_principle::practice_id, practice_principle::principle))
        .select((practice_principle::practice_id, practice_principle::principle))
        .load(conn)?;
    let mut principles: HashMap<String, Vec<String>> = HashMap::new();
    for (id, principle) in pairs {
        principles.entry(id).or_default().push(principle);
    }
    let read = |row: Row| {
        let slug = owners.get(&row.member_id).cloned();
        let owner = slug.map(|slug| party(row.member_id.clone(), slug)).transpose()?;
        let principles = principles.remove(&row.id).unwrap_or_default();
        row.read(owner, principles)
    };
    rows.into_iter().map(read).collect()
}

/// A practice as the audit keeps it.
fn audited(practice: &Practice) -> Result<Value, StoreError> {
    let mut value = json::value(&Row::of(practice)?)?;
    if let Some(columns) = value.as_object_mut() {
        columns.insert("principles".to_owned(), json::value(&practice.facts.principles)?);
    }
    Ok(value)
}

#[derive(Insertable)]
#[diesel(table_name = practice_principle, treat_none_as_default_value = false)]
struct PrincipleRow<'a> {
    practice_id: &'a str,
    principle: &'a str,
}

/// Makes the principles of a practice what they shall be.
fn write_parts(conn: &mut Conn, practice: &Practice) -> Result<(), StoreError> {
    let own = practice_principle::practice_id.eq(practice.id.as_str());
    diesel::delete(practice_principle::table.filter(own)).execute(conn)?;
    let row = |principle| PrincipleRow { practice_id: &practice.id, principle };
    let rows: Vec<PrincipleRow<'_>> = practice.facts.principles.iter().map(|principle| row(principle)).collect();
    batch_insert!(conn, practice_principle::table, &rows);
    Ok(())
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &PracticeFilters) -> Result<PracticeFilters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    look_up(conn, &mut lookup, &mut filters.all)?;
    look_up_principles(conn, &mut lookup, &filters.principles)?;
    look_up_territories(conn, &mut lookup, ("territory", &filters.territories))?;
    lookup.done()?;
    Ok(filters)
}

fn filtered(filters: &PracticeFilters) -> practice::BoxedQuery<'_, Backend> {
    let all = &filters.all;
    let mut query = filtered_alike!(practice::table.into_boxed(), practice, practice::member_id, all);
    if !all.members.is_empty() {
        let named = member::table.filter(member::slug.eq_any(Address::texts(&all.members))).select(member::id);
        query = query.filter(practice::member_id.eq_any(named));
    }
    if !all.regions.is_empty() {
        let seated = member::table
            .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
            .filter(territory::region_code.eq_any(&all.regions))
            .select(member::id);
        query = query.filter(practice::member_id.eq_any(seated));
    }
    if !filters.principles.is_empty() {
        let examples = practice_principle::table
            .filter(practice_principle::principle.eq_any(&filters.principles))
            .select(practice_principle::practice_id);
        query = query.filter(practice::id.eq_any(examples));
    }
    any_of!(query, practice::territory_code, filters.territories.as_slice())
}

fn ordered<'a>(
    query: practice::BoxedQuery<'a, Backend>,
    order: Order<PracticeSortKey>,
    after: Option<&'a Position>,
) -> practice::BoxedQuery<'a, Backend> {
    let text = after.and_then(Position::text);
    match order.key {
        PracticeSortKey::CreatedAt => keyset_by_id!(query, practice::id, order.direction, after),
        PracticeSortKey::TitleFr => {
            keyset!(query, practice::title_fr_folded, practice::id, order.direction, text)
        }
        PracticeSortKey::TitleAr => {
            keyset!(query, practice::title_ar_folded, practice::id, order.direction, text)
        }
    }
}

/// The place of a row in the list's order.
fn key(row: &Row, key: PracticeSortKey) -> Result<Key, StoreError> {
    let title = |language| Ok(Key::Text(sort_title(&json::read::<LanguageMap>(&row.title)?, language)));
    match key {
        PracticeSortKey::CreatedAt => Ok(Key::Text(String::new())),
        PracticeSortKey::TitleFr => title(Language::Fr),
        PracticeSortKey::TitleAr => title(Language::Ar),
    }
}
