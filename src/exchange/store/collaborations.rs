//! The rows of collaborations and what is asked of them.

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::rules::{
        Collaboration, CollaborationFacts, CollaborationFilters, Confirmed, DatedSortKey, Party, Shared as _, Stored,
    },
    change, filtered_alike, look_up, parsed, party, shelf, taking_part, with_members,
};
use crate::{
    action_programs::{Publication, sort_title},
    db::{
        Backend, Change, Conn, Lookup, Operation, SequenceColumn, Stamp, StoreError, Tx, batch_insert,
        current_sequence, json,
        keyset::{keyset, keyset_by_id},
        schema::{collaboration, collaboration_member, member, territory},
        search::any_of,
    },
    kernel::{
        date::PartialDate,
        id::{Identifier, new_id},
        language::{Language, LanguageMap},
        paging::{Found, Key, Listing, Order, Position},
    },
};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = collaboration, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    lead_id: String,
    kind: String,
    title: String,
    purpose: String,
    starts_on: NaiveDate,
    starts_on_precision: String,
    ends_on: Option<NaiveDate>,
    ends_on_precision: Option<String>,
    #[serde(skip)]
    runs_until: NaiveDate,
    agreement_reference: Option<String>,
    agreement_url: Option<String>,
    documents: String,
    publication: String,
    published_on: Option<NaiveDate>,
    provenance: String,
    source: Option<String>,
}

/// The last day of what has no end.
fn never() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX)
}

impl Row {
    fn of(collaboration: &Collaboration) -> Result<Self, StoreError> {
        let facts = &collaboration.facts;
        let (ends_on, ends_on_precision) = PartialDate::columns(facts.ends_on);
        Ok(Self {
            id: collaboration.id.to_string(),
            version: collaboration.version,
            created_at: collaboration.created_at.naive_utc(),
            updated_at: collaboration.updated_at.naive_utc(),
            lead_id: collaboration.owner_id().to_owned(),
            kind: facts.kind.as_str().to_owned(),
            title: json::write(&facts.title)?,
            purpose: json::write(&facts.purpose)?,
            starts_on: facts.starts_on.first_day(),
            starts_on_precision: facts.starts_on.precision().as_str().to_owned(),
            ends_on,
            ends_on_precision,
            runs_until: facts.last_day().unwrap_or_else(never),
            agreement_reference: facts.agreement_reference.clone(),
            agreement_url: facts.agreement_url.clone(),
            documents: json::write(&facts.documents)?,
            publication: collaboration.publication.as_str().to_owned(),
            published_on: collaboration.published_on,
            provenance: facts.provenance.as_str().to_owned(),
            source: facts.source.clone(),
        })
    }

    fn read(self, (members, confirmed): (Vec<Party>, Confirmed)) -> Result<Collaboration, StoreError> {
        let date =
            |day, precision: Option<&str>| PartialDate::from_columns(day, precision).map_err(StoreError::corrupt);
        let starts_on = date(Some(self.starts_on), Some(&self.starts_on_precision))?;
        Ok(Stored {
            id: Identifier::stored(self.id),
            version: self.version,
            created_at: self.created_at.and_utc(),
            updated_at: self.updated_at.and_utc(),
            owner: members.iter().find(|party| party.id == self.lead_id).cloned(),
            publication: parsed(&self.publication)?,
            published_on: self.published_on,
            facts: CollaborationFacts {
                kind: parsed(&self.kind)?,
                title: json::read(&self.title)?,
                purpose: json::read(&self.purpose)?,
                members,
                confirmed,
                starts_on: starts_on.ok_or_else(|| StoreError::corrupt("a collaboration without a beginning"))?,
                ends_on: date(self.ends_on, self.ends_on_precision.as_deref())?,
                agreement_reference: self.agreement_reference,
                agreement_url: self.agreement_url,
                documents: json::read(&self.documents)?,
                provenance: parsed(&self.provenance)?,
                source: self.source,
            },
        })
    }
}

shelf!(collaboration, CollaborationFacts, CollaborationFilters);
taking_part!(collaboration_member, collaboration_id);

/// Gives rows their members, with one statement.
fn completed(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Collaboration>, StoreError> {
    let mut members = taking_part(conn, &rows)?;
    let read = |row: Row| {
        let own = members.remove(&row.id).unwrap_or_default();
        row.read(own)
    };
    rows.into_iter().map(read).collect()
}

/// A collaboration as the audit keeps it.
fn audited(collaboration: &Collaboration) -> Result<Value, StoreError> {
    let mut value = json::value(&Row::of(collaboration)?)?;
    if let Some(columns) = value.as_object_mut() {
        let members: Vec<&str> = collaboration.facts.members.iter().map(|party| party.slug.as_str()).collect();
        columns.insert("members".to_owned(), json::value(&members)?);
        let confirmed = collaboration
            .facts
            .members
            .iter()
            .filter(|party| collaboration.facts.confirmed.contains_key(party.id.as_str()));
        let confirmed: Vec<&str> = confirmed.map(|party| party.slug.as_str()).collect();
        columns.insert("confirmed_members".to_owned(), json::value(&confirmed)?);
    }
    Ok(value)
}

/// Makes those who take part in a collaboration those who shall.
fn write_parts(conn: &mut Conn, collaboration: &Collaboration) -> Result<(), StoreError> {
    write_links(conn, &collaboration.id, (&collaboration.facts.members, &collaboration.facts.confirmed))
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &CollaborationFilters) -> Result<CollaborationFilters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    look_up(conn, &mut lookup, &mut filters.all)?;
    lookup.done()?;
    Ok(filters)
}

fn filtered(filters: &CollaborationFilters) -> collaboration::BoxedQuery<'_, Backend> {
    let all = &filters.all;
    let query = filtered_alike!(collaboration::table.into_boxed(), collaboration, collaboration::lead_id, all);
    let mut query = with_members!(query, collaboration, collaboration_member, collaboration_id, all);
    if let Some(day) = filters.on {
        query = query.filter(collaboration::starts_on.le(day).and(collaboration::runs_until.ge(day)));
    }
    any_of!(query, collaboration::kind, filters.kinds.as_slice())
}

fn ordered<'a>(
    query: collaboration::BoxedQuery<'a, Backend>,
    order: Order<DatedSortKey>,
    after: Option<&'a Position>,
) -> collaboration::BoxedQuery<'a, Backend> {
    let (text, day) = (after.and_then(Position::text), after.and_then(Position::day));
    match order.key {
        DatedSortKey::CreatedAt => keyset_by_id!(query, collaboration::id, order.direction, after),
        DatedSortKey::TitleFr => {
            keyset!(query, collaboration::title_fr_folded, collaboration::id, order.direction, text)
        }
        DatedSortKey::TitleAr => {
            keyset!(query, collaboration::title_ar_folded, collaboration::id, order.direction, text)
        }
        DatedSortKey::StartsOn => keyset!(query, collaboration::starts_on, collaboration::id, order.direction, day),
    }
}

/// The place of a row in the list's order.
fn key(row: &Row, key: DatedSortKey) -> Result<Key, StoreError> {
    let title = |language| Ok(Key::Text(sort_title(&json::read::<LanguageMap>(&row.title)?, language)));
    match key {
        DatedSortKey::CreatedAt => Ok(Key::Text(String::new())),
        DatedSortKey::TitleFr => title(Language::Fr),
        DatedSortKey::TitleAr => title(Language::Ar),
        DatedSortKey::StartsOn => Ok(Key::of_day(row.starts_on)),
    }
}
