//! The focal points' rows and every query on them. Who writes takes the turn of focal points first, so that no address
//! comes to stand twice at a member, and locks the member after that.

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::AsSelect;
use serde::Serialize;
use serde_json::{Value, json};

use super::rules::{Content, Correction, Filters, FocalPoint, Period, Record};
use crate::{
    db::{
        Backend, Conn, Deed, Hooks, ResourceRef, Stamp, StoreError, Turn, Tx, WriteError, current_sequence, difference,
        forget_answers_naming, json,
        keyset::{keyset_by_id, paged},
        schema::{focal_point, member},
    },
    kernel::{
        audit::{Action, Collection},
        id::{Identifier, Slug, new_id},
        kind::Kind,
        paging::{Found, Key, Listing, Position},
        violation::{Violation, Violations},
    },
};

/// The focal points' name in the audit.
const RESOURCE: Collection = Collection::FocalPoints;

#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = focal_point, treat_none_as_null = true, treat_none_as_default_value = false)]
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
    #[serde(skip)]
    member_id: String,
    full_name: String,
    email: String,
    phone: Option<String>,
    preferred_language: String,
    serves_from: Option<NaiveDate>,
    serves_until: Option<NaiveDate>,
}

impl Row {
    fn of(point: &FocalPoint) -> Self {
        let Content { full_name, email, phone, preferred_language, period } = point.content.clone();
        Self {
            id: point.id.to_string(),
            version: point.version,
            created_at: point.created_at.naive_utc(),
            updated_at: point.updated_at.naive_utc(),
            member_id: point.member_id.to_string(),
            full_name,
            email,
            phone,
            preferred_language: preferred_language.as_str().to_owned(),
            serves_from: period.from,
            serves_until: period.until,
        }
    }
}

fn read((row, slug): (Row, String)) -> Result<FocalPoint, StoreError> {
    Ok(FocalPoint {
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        member_id: Identifier::stored(row.member_id),
        member: Slug::try_from(slug).map_err(StoreError::corrupt)?,
        content: Content {
            full_name: row.full_name,
            email: row.email,
            phone: row.phone,
            preferred_language: row.preferred_language.parse().map_err(StoreError::corrupt)?,
            period: Period { from: row.serves_from, until: row.serves_until },
        },
    })
}

/// Focal points beside their members.
type Points = diesel::helper_types::InnerJoinOn<
    focal_point::table,
    member::table,
    diesel::helper_types::Eq<focal_point::member_id, member::id>,
>;

fn points() -> Points {
    focal_point::table.inner_join(member::table.on(focal_point::member_id.eq(member::id)))
}

fn columns() -> (AsSelect<Row, Backend>, member::slug) {
    (Row::as_select(), member::slug)
}

/// Reads a page of a member's focal points, with two statements, and one more for a count. Ids are made in the order of
/// time, so they are the order.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<FocalPoint>, StoreError> {
    let sequence = current_sequence(conn)?;
    let total = if listing.count { Some(filtered(&listing.filters).count().get_result(conn)?) } else { None };
    let query = filtered(&listing.filters).select(columns());
    let query = keyset_by_id!(query, focal_point::id, listing.filters.order.direction, listing.after.as_ref());
    let rows: Vec<(Row, String)> = paged(query, listing.limit).load(conn)?;
    let found = rows.into_iter().map(read).collect::<Result<_, _>>()?;
    let position = |last: &FocalPoint| Position { key: Key::Text(String::new()), id: last.id.clone() };
    Ok(Found::of(found, listing.limit, (sequence, total), position))
}

fn filtered(filters: &Filters) -> diesel::helper_types::IntoBoxed<'_, Points, Backend> {
    let mut query = points().filter(focal_point::member_id.eq(filters.member_id.as_str())).into_boxed::<Backend>();
    if let Some(day) = filters.as_of {
        query = query
            .filter(focal_point::serves_from.is_null().or(focal_point::serves_from.le(day)))
            .filter(focal_point::serves_until.is_null().or(focal_point::serves_until.ge(day)));
    }
    query
}

/// The focal point of a member with an id.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, member_id: &Identifier, id: &Identifier) -> Result<Option<FocalPoint>, StoreError> {
    let of_member = focal_point::id.eq(id.as_str()).and(focal_point::member_id.eq(member_id.as_str()));
    let row: Option<(Row, String)> = points().filter(of_member).select(columns()).first(conn).optional()?;
    row.map(read).transpose()
}

/// Every focal point with an e-mail address, of whichever member.
///
/// # Errors
/// The database's.
pub fn of_person(conn: &mut Conn, email: &str) -> Result<Vec<FocalPoint>, StoreError> {
    let rows: Vec<(Row, String)> =
        points().filter(focal_point::email.eq(email)).order(focal_point::id).select(columns()).load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Takes the turn of those who write focal points.
///
/// # Errors
/// The database's.
pub fn take_turn(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.take_turns(Turn::FocalPoints)
}

/// Adds a focal point of a member. The turn must have been taken, and the member locked.
///
/// # Errors
/// [`WriteError::Taken`] for an address that another focal point of the member has.
pub fn create(
    tx: &mut Tx<'_>,
    (member_id, member): (Identifier, Slug),
    content: Content,
) -> Result<FocalPoint, WriteError> {
    let (id, now) = (new_id(), tx.now());
    let new = FocalPoint { id, version: 1, created_at: now, updated_at: now, member_id, member, content };
    is_free(tx.conn, &new)?;
    diesel::insert_into(focal_point::table).values(Row::of(&new)).execute(tx.conn)?;
    tx.audit(deed(Action::Created, &new, None, Some(of_member(&new))));
    Ok(new)
}

/// Writes what is said of a focal point and returns it; nothing where nothing differs. What was kept of it to be answered
/// again goes: who has been replaced must not be found there. The turn must have been taken.
///
/// # Errors
/// [`WriteError::Taken`] for an address that another focal point of the member has.
pub fn update(tx: &mut Tx<'_>, before: &FocalPoint, content: Content) -> Result<FocalPoint, WriteError> {
    if before.content == content {
        return Ok(before.clone());
    }
    let after = FocalPoint { content, version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    is_free(tx.conn, &after)?;
    let row = Row::of(&after);
    let (was, is) = difference(json::value(&Row::of(before))?, json::value(&row)?);
    tx.note_erasure();
    diesel::update(focal_point::table.filter(focal_point::id.eq(after.id.as_str()))).set(row).execute(tx.conn)?;
    forget_answers_naming(tx, &after.id)?;
    let (was, is) = (with_member(was, &after), with_member(is, &after));
    tx.audit(deed(Action::Updated, &after, Some(was), Some(is)));
    Ok(after)
}

/// Puts right what is wrong about a person. The turn must have been taken.
///
/// # Errors
/// [`WriteError::Taken`] for an address that another focal point of the member has.
pub fn correct(tx: &mut Tx<'_>, before: &FocalPoint, correction: &Correction) -> Result<(), WriteError> {
    update(tx, before, correction.of(&before.content)).map(drop)
}

/// Deletes a focal point, and what was kept of it to be answered again.
///
/// # Errors
/// The database's.
pub fn delete(tx: &mut Tx<'_>, gone: &FocalPoint) -> Result<(), StoreError> {
    remove(tx, gone, Action::Deleted).map(drop)
}

/// The same because the person is to be forgotten. Returns how many kept answers went with it.
///
/// # Errors
/// The database's.
pub fn erase(tx: &mut Tx<'_>, gone: &FocalPoint) -> Result<usize, StoreError> {
    remove(tx, gone, Action::Erased)
}

/// Erases focal points that served until before a day, at most so many, and returns how many.
///
/// # Errors
/// The database's.
pub fn forget(tx: &mut Tx<'_>, before: NaiveDate, most: i64) -> Result<usize, StoreError> {
    take_turn(tx)?;
    let old = points().filter(focal_point::serves_until.lt(before));
    let rows: Vec<(Row, String)> = old.order(focal_point::serves_until).limit(most).select(columns()).load(tx.conn)?;
    let found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    for gone in &found {
        erase(tx, gone)?;
    }
    Ok(found.len())
}

/// Adds those whose members are there and have nobody with their address, and returns how many.
///
/// # Errors
/// The database's.
pub fn seed(tx: &mut Tx<'_>, records: Vec<Record>) -> Result<usize, StoreError> {
    take_turn(tx)?;
    let mut added = 0;
    for Record { member: slug, content } in records {
        let id = member::table.filter(member::slug.eq(slug.as_str())).select(member::id);
        let Some(member_id) = id.first::<String>(tx.conn).optional()? else { continue };
        match create(tx, (Identifier::stored(member_id), slug), content) {
            Ok(_) => added += 1,
            Err(WriteError::Store(error)) => return Err(error),
            Err(_taken) => {}
        }
    }
    Ok(added)
}

/// The hooks of focal points.
#[derive(Debug)]
pub struct FocalPointHooks;

impl Hooks for FocalPointHooks {
    /// Adds an audit entry for each focal point of the member and deletes the stored answers that name them. The database deletes
    /// the focal points' rows with the member's.
    fn before_deletion(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>) -> Result<(), StoreError> {
        let (Kind::Members, member_id) = of else { return Ok(()) };
        let people: Vec<(String, i64)> = focal_point::table
            .filter(focal_point::member_id.eq(member_id.as_str()))
            .order(focal_point::id)
            .select((focal_point::id, focal_point::version))
            .load(tx.conn)?;
        if !people.is_empty() {
            tx.note_erasure();
        }
        for (id, version) in people {
            forget_answers_naming(tx, &id)?;
            let (before, version) = (Some(json!({"member_id": member_id})), Some(version + 1));
            tx.audit(Deed { action: Action::Deleted, resource: RESOURCE, id: Some(id), version, before, after: None });
        }
        Ok(())
    }
}

fn remove(tx: &mut Tx<'_>, gone: &FocalPoint, action: Action) -> Result<usize, StoreError> {
    tx.note_erasure();
    let answers = forget_answers_naming(tx, &gone.id)?;
    diesel::delete(focal_point::table.filter(focal_point::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    let after = FocalPoint { version: gone.version + 1, ..gone.clone() };
    tx.audit(deed(action, &after, Some(of_member(gone)), None));
    Ok(answers)
}

/// Refuses an address that another focal point of the member has.
fn is_free(conn: &mut Conn, wanted: &FocalPoint) -> Result<(), WriteError> {
    let same = focal_point::member_id.eq(wanted.member_id.as_str()).and(focal_point::email.eq(&wanted.content.email));
    let others = focal_point::table.filter(same.and(focal_point::id.ne(wanted.id.as_str()))).select(focal_point::id);
    let Some(id) = others.first::<String>(conn).optional()? else { return Ok(()) };
    let other = FocalPoint { id: Identifier::stored(id), ..wanted.clone() }.address();
    let detail = format!("The member has a focal point with this address already: {other}.");
    Err(WriteError::Taken(Violations::from(Violation::new("/email", "already_exists", detail))))
}

/// What the audit says of a focal point: whose it is, and nothing of the person.
fn of_member(point: &FocalPoint) -> Value {
    json!({"member_id": point.member_id})
}

fn with_member(mut value: Value, point: &FocalPoint) -> Value {
    if let Some(columns) = value.as_object_mut() {
        columns.insert("member_id".to_owned(), point.member_id.as_str().into());
    }
    value
}

fn deed(action: Action, point: &FocalPoint, before: Option<Value>, after: Option<Value>) -> Deed {
    let (id, version) = (Some(point.id.clone()), Some(point.version));
    Deed { action, resource: RESOURCE, id: id.map(Identifier::into_string), version, before, after }
}
