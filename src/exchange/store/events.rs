//! The rows of events and what is asked of them.

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::rules::{Confirmed, DatedSortKey, Event, EventFacts, EventFilters, Party, Shared as _, Stored},
    change, filtered_alike, look_up, parsed, party, shelf, taking_part, with_members,
};
use crate::{
    action_programs::{Publication, sort_title},
    db::{
        Backend, Change, Conn, Lookup, Operation, SequenceColumn, Stamp, StoreError, Tx, batch_insert,
        current_sequence, json,
        keyset::{keyset, keyset_by_id},
        schema::{event, event_member, member, territory},
        search::any_of,
    },
    kernel::{
        id::{Identifier, new_id},
        language::{Language, LanguageMap},
        paging::{Found, Key, Listing, Order, Position},
    },
    territories::Code,
};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = event, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    host_id: Option<String>,
    reach: String,
    title: String,
    description: Option<String>,
    is_online: bool,
    place: Option<String>,
    country: Option<String>,
    territory_code: Option<String>,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    organiser: Option<String>,
    url: Option<String>,
    documents: String,
    publication: String,
    published_on: Option<NaiveDate>,
    provenance: String,
    source: Option<String>,
}

impl Row {
    fn of(event: &Event) -> Result<Self, StoreError> {
        let facts = &event.facts;
        let optional = |text: &Option<LanguageMap>| text.as_ref().map(json::write).transpose();
        Ok(Self {
            id: event.id.to_string(),
            version: event.version,
            created_at: event.created_at.naive_utc(),
            updated_at: event.updated_at.naive_utc(),
            host_id: event.owner.as_ref().map(|owner| owner.id.to_string()),
            reach: facts.reach.as_str().to_owned(),
            title: json::write(&facts.title)?,
            description: optional(&facts.description)?,
            is_online: facts.is_online,
            place: optional(&facts.place)?,
            country: facts.country.map(|country| country.to_string()),
            territory_code: facts.territory.as_ref().map(Code::to_string),
            starts_on: facts.starts_on,
            ends_on: facts.ends_on,
            organiser: optional(&facts.organiser)?,
            url: facts.url.clone(),
            documents: json::write(&facts.documents)?,
            publication: event.publication.as_str().to_owned(),
            published_on: event.published_on,
            provenance: facts.provenance.as_str().to_owned(),
            source: facts.source.clone(),
        })
    }

    fn read(self, (members, confirmed): (Vec<Party>, Confirmed)) -> Result<Event, StoreError> {
        let optional = |text: Option<String>| text.as_deref().map(json::read).transpose();
        let host = self.host_id;
        Ok(Stored {
            id: Identifier::stored(self.id),
            version: self.version,
            created_at: self.created_at.and_utc(),
            updated_at: self.updated_at.and_utc(),
            owner: members.iter().find(|party| host.as_deref() == Some(party.id.as_str())).cloned(),
            publication: parsed(&self.publication)?,
            published_on: self.published_on,
            facts: EventFacts {
                reach: parsed(&self.reach)?,
                title: json::read(&self.title)?,
                description: optional(self.description)?,
                is_online: self.is_online,
                place: optional(self.place)?,
                country: self.country.as_deref().map(parsed).transpose()?,
                territory: self.territory_code.map(Code::try_from).transpose().map_err(StoreError::corrupt)?,
                starts_on: self.starts_on,
                ends_on: self.ends_on,
                organiser: optional(self.organiser)?,
                url: self.url,
                members,
                confirmed,
                documents: json::read(&self.documents)?,
                provenance: parsed(&self.provenance)?,
                source: self.source,
            },
        })
    }
}

shelf!(event, EventFacts, EventFilters);
taking_part!(event_member, event_id);

/// Gives rows their members, with one statement.
fn completed(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<Event>, StoreError> {
    let mut members = taking_part(conn, &rows)?;
    let read = |row: Row| {
        let own = members.remove(&row.id).unwrap_or_default();
        row.read(own)
    };
    rows.into_iter().map(read).collect()
}

/// An event as the audit keeps it.
fn audited(event: &Event) -> Result<Value, StoreError> {
    let mut value = json::value(&Row::of(event)?)?;
    if let Some(columns) = value.as_object_mut() {
        let members: Vec<&str> = event.facts.members.iter().map(|party| party.slug.as_str()).collect();
        columns.insert("members".to_owned(), json::value(&members)?);
        let confirmed =
            event.facts.members.iter().filter(|party| event.facts.confirmed.contains_key(party.id.as_str()));
        let confirmed: Vec<&str> = confirmed.map(|party| party.slug.as_str()).collect();
        columns.insert("confirmed_members".to_owned(), json::value(&confirmed)?);
    }
    Ok(value)
}

/// Makes those who take part in an event those who shall.
fn write_parts(conn: &mut Conn, event: &Event) -> Result<(), StoreError> {
    write_links(conn, &event.id, (&event.facts.members, &event.facts.confirmed))
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &EventFilters) -> Result<EventFilters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    look_up(conn, &mut lookup, &mut filters.all)?;
    lookup.done()?;
    Ok(filters)
}

fn filtered(filters: &EventFilters) -> event::BoxedQuery<'_, Backend> {
    let all = &filters.all;
    let query = filtered_alike!(event::table.into_boxed(), event, event::host_id.assume_not_null(), all);
    let mut query = with_members!(query, event, event_member, event_id, all);
    if let Some(from) = filters.from {
        query = query.filter(event::ends_on.ge(from));
    }
    if let Some(until) = filters.until {
        query = query.filter(event::starts_on.le(until));
    }
    query = any_of!(query, event::reach, filters.reaches.as_slice());
    any_of!(query, event::country.assume_not_null(), filters.countries.as_slice())
}

fn ordered<'a>(
    query: event::BoxedQuery<'a, Backend>,
    order: Order<DatedSortKey>,
    after: Option<&'a Position>,
) -> event::BoxedQuery<'a, Backend> {
    let (text, day) = (after.and_then(Position::text), after.and_then(Position::day));
    match order.key {
        DatedSortKey::CreatedAt => keyset_by_id!(query, event::id, order.direction, after),
        DatedSortKey::TitleFr => keyset!(query, event::title_fr_folded, event::id, order.direction, text),
        DatedSortKey::TitleAr => keyset!(query, event::title_ar_folded, event::id, order.direction, text),
        DatedSortKey::StartsOn => keyset!(query, event::starts_on, event::id, order.direction, day),
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
