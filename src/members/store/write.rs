//! Writing members: one way for what is seeded and what is asked for. A change writes the whole row, its history,
//! identifiers and adhesions as far as they differ, and leaves its traces in feed and audit.

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Value, json};

use super::{
    super::rules::{Address, Adhesion, ExternalId, Facts, History, Member, Period, Record},
    AdhesionRow, ExternalIdRow, MemberRow, PeriodRow, find,
    import::Rewrite,
    joined_on_key,
};
use crate::{
    db::{
        CHUNK, Change, Conn, Objection, Operation, Removal, StoreError, Turn, Tx, WriteError, batch_insert, json,
        schema::{account, member, member_adhesion, member_external_id, member_status},
    },
    kernel::{
        date::PartialDate,
        id::{Identifier, Slug, new_id},
        kind,
        language::Language,
        violation::{Violation, Violations},
    },
    territories::{Code, Kind, Seat, seats},
};

/// The kind of these resources.
pub(super) const RESOURCE: kind::Kind = kind::Kind::Members;

/// A whole row: what is stored of a member and the columns that are made from it, so that both databases search and
/// sort alike.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = member, treat_none_as_null = true, treat_none_as_default_value = false)]
struct WholeRow {
    id: String,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    slug: String,
    kind: String,
    territory_code: String,
    territory_kind: String,
    name_fr: Option<String>,
    name_ar: Option<String>,
    name_en: Option<String>,
    name_fr_folded: String,
    name_ar_folded: String,
    search_text: String,
    status: String,
    joined_on: Option<NaiveDate>,
    joined_on_precision: Option<String>,
    joined_on_key: String,
    left_on: Option<NaiveDate>,
    left_on_precision: Option<String>,
    cohort: Option<String>,
    ogp_local_since: Option<NaiveDate>,
    ogp_local_since_precision: Option<String>,
    website: Option<String>,
    provenance: String,
    source: String,
    confidence: Option<String>,
}

impl WholeRow {
    fn new(row: MemberRow, facts: &Facts, joined_on: Option<PartialDate>) -> Self {
        Self {
            name_fr_folded: facts.sort_name(Language::Fr),
            name_ar_folded: facts.sort_name(Language::Ar),
            search_text: facts.search_text(),
            joined_on_key: joined_on_key(joined_on),
            id: row.id,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            slug: row.slug,
            kind: row.kind,
            territory_code: row.territory_code,
            territory_kind: row.territory_kind,
            name_fr: row.name_fr,
            name_ar: row.name_ar,
            name_en: row.name_en,
            status: row.status,
            joined_on: row.joined_on,
            joined_on_precision: row.joined_on_precision,
            left_on: row.left_on,
            left_on_precision: row.left_on_precision,
            cohort: row.cohort,
            ogp_local_since: row.ogp_local_since,
            ogp_local_since_precision: row.ogp_local_since_precision,
            website: row.website,
            provenance: row.provenance,
            source: row.source,
            confidence: row.confidence,
        }
    }
}

/// The member at an address, which no other transaction changes before this one ends.
///
/// # Errors
/// The database's.
pub fn lock(tx: &mut Tx<'_>, address: &Address) -> Result<Option<Member>, StoreError> {
    // SQLite's write transactions exclude each other anyway.
    if let Conn::Postgres(conn) = &mut *tx.conn {
        // No stronger than other writers need: who adds a row that refers to the member need not wait.
        let row = member::table.select(member::id).for_no_key_update();
        let found: Option<String> = match address {
            Address::Code(slug) => row.filter(member::slug.eq(slug.as_str())).first(conn).optional()?,
            Address::Id(id) => row.filter(member::id.eq(id.as_str())).first(conn).optional()?,
        };
        if found.is_none() {
            return Ok(None);
        }
    }
    find(tx.conn, address)
}

/// Takes the turn of those who give members keys. Who also locks a member takes the turn first, as imports do: two who
/// took them in different orders would wait for each other.
///
/// # Errors
/// The database's.
pub fn take_turn(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.take_turns(Turn::Members)
}

/// Adds a member and returns its id.
///
/// # Errors
/// [`WriteError::Taken`] with every key that another member has.
pub fn create(tx: &mut Tx<'_>, record: &Record, seat: &Seat) -> Result<Identifier, WriteError> {
    tx.take_turns(Turn::Members)?;
    let mut taken = Violations::default();
    let key = (record.facts.kind.as_str(), record.facts.territory_code.as_str());
    let same_key = member::kind.eq(key.0).and(member::territory_code.eq(key.1));
    let other: Option<String> = member::table.filter(same_key).select(member::slug).first(tx.conn).optional()?;
    if let Some(other) = other {
        let detail = format!("The {} at {} is a member already: {other} (/api/v1/members/{other}).", key.0, key.1);
        taken.add("/territory_code", "already_exists", detail);
    }
    check_ids(tx.conn, &record.facts.external_ids, None, &mut taken)?;
    taken.done().map_err(WriteError::Taken)?;
    let slug = record.slug(seat).map_err(|why| Violation::new("/name", "no_slug", format!("The name {why}.")));
    let slug = slug.map_err(|violation| WriteError::Invalid(violation.into()))?;
    let id = new_id();
    let row = new_row(id.to_string(), tx.now().naive_utc(), slug, seat.kind, record);
    let after = audited(&row, &record.facts.external_ids, &record.adhesions)?;
    let row = WholeRow::new(row, &record.facts, record.history.joined_on());
    diesel::insert_into(member::table).values(row).execute(tx.conn)?;
    write_history(tx.conn, &id, &record.history)?;
    write_ids(tx.conn, &id, &record.facts.external_ids)?;
    write_adhesions(tx.conn, &id, &record.adhesions)?;
    let change = Change { kind: RESOURCE, id: id.clone(), operation: Operation::Created, version: 1 };
    tx.record(change, None, Some(after));
    Ok(id)
}

/// Writes what a member has become and returns it; nothing where nothing differs. `history` is there when it may differ.
/// The member must be [`lock`]ed.
///
/// # Errors
/// [`WriteError::Taken`] with every identifier that another member has.
pub fn update(
    tx: &mut Tx<'_>,
    before: &Member,
    mut after: Member,
    history: Option<&History>,
) -> Result<Member, WriteError> {
    let same_history = match history {
        Some(history) => *history == super::history(tx.conn, &before.id)?,
        None => true,
    };
    let was = audited_member(before)?;
    if same_history && was == audited_member(&after)? {
        return Ok(before.clone());
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now());
    let ids = &after.facts.external_ids;
    if *ids != before.facts.external_ids {
        tx.take_turns(Turn::Members)?;
        let mut taken = Violations::default();
        check_ids(tx.conn, ids, Some(&before.id), &mut taken)?;
        taken.done().map_err(WriteError::Taken)?;
        diesel::delete(member_external_id::table.filter(member_external_id::member_id.eq(before.id.as_str())))
            .execute(tx.conn)?;
        write_ids(tx.conn, &before.id, ids)?;
    }
    let row = row(&after);
    let now = audited(&row, ids, &after.adhesions)?;
    diesel::update(member::table.filter(member::id.eq(before.id.as_str())))
        .set(WholeRow::new(row, &after.facts, after.joined_on))
        .execute(tx.conn)?;
    if let Some(history) = history.filter(|_| !same_history) {
        diesel::delete(member_status::table.filter(member_status::member_id.eq(before.id.as_str())))
            .execute(tx.conn)?;
        write_history(tx.conn, &before.id, history)?;
    }
    if after.adhesions != before.adhesions {
        diesel::delete(member_adhesion::table.filter(member_adhesion::member_id.eq(before.id.as_str())))
            .execute(tx.conn)?;
        write_adhesions(tx.conn, &before.id, &after.adhesions)?;
    }
    let id = before.id.clone();
    tx.record(
        Change { kind: RESOURCE, id, operation: Operation::Updated, version: after.version },
        Some(was),
        Some(now),
    );
    Ok(after)
}

/// Deletes a [`lock`]ed member, with its history, identifiers, adhesions and focal points. The feed keeps its tombstone.
///
/// # Errors
/// [`WriteError::NotNow`] with every reason why it stays: accounts speak for it, or something of another room belongs to it.
pub fn delete(tx: &mut Tx<'_>, gone: &Member) -> Result<(), WriteError> {
    let of = (RESOURCE, &gone.id);
    lock_to_delete(tx, gone)?;
    let mut reasons = Violations::default();
    let accounts: i64 = account::table.filter(account::member_id.eq(gone.id.as_str())).count().get_result(tx.conn)?;
    if accounts > 0 {
        reasons.add("", "has_accounts", format!("{accounts} accounts speak for this member."));
    }
    let objections = tx.objections(Removal::Deletion(RESOURCE, &gone.id))?;
    for Objection { code, detail } in objections.reasons {
        reasons.add("", code, detail);
    }
    if objections.has_unpublished {
        reasons.add("", "has_unpublished", "The member has something that is not published.");
    }
    reasons.done().map_err(WriteError::NotNow)?;
    tx.call_hooks(|hooks, tx| hooks.before_deletion(tx, of))?;
    let before = audited_member(gone)?;
    diesel::delete(member::table.filter(member::id.eq(gone.id.as_str()))).execute(tx.conn)?;
    let change =
        Change { kind: RESOURCE, id: gone.id.clone(), operation: Operation::Deleted, version: gone.version + 1 };
    tx.record(change, Some(before), None);
    Ok(())
}

/// Locks a member, and before it the rows that name it. Until this transaction ends, no other one can add a row that names the
/// member. Writers lock such a row first and its members afterwards; this function keeps to that order.
fn lock_to_delete(tx: &mut Tx<'_>, gone: &Member) -> Result<(), StoreError> {
    tx.call_hooks(|hooks, tx| hooks.lock_for_deletion(tx.conn, (RESOURCE, &gone.id)))?;
    // SQLite's write transactions exclude each other anyway.
    if let Conn::Postgres(conn) = &mut *tx.conn {
        let own = member::table.filter(member::id.eq(gone.id.as_str())).select(member::id);
        let _: String = own.for_update().first(conn)?;
    }
    Ok(())
}

/// Notes which identifiers are another member's.
fn check_ids(conn: &mut Conn, ids: &[ExternalId], own: Option<&str>, taken: &mut Violations) -> Result<(), StoreError> {
    for (at, id) in ids.iter().enumerate() {
        let same = member_external_id::scheme.eq(&id.scheme).and(member_external_id::value.eq(&id.value));
        let others =
            member_external_id::table.inner_join(member::table.on(member::id.eq(member_external_id::member_id)));
        let other: Option<(String, String)> =
            others.filter(same).select((member::id, member::slug)).first(conn).optional()?;
        if let Some((_, slug)) = other.filter(|(other, _)| Some(other.as_str()) != own) {
            let detail = format!("{} {} is {slug} (/api/v1/members/{slug}).", id.scheme, id.value);
            taken.add(format!("/external_ids/{at}"), "already_exists", detail);
        }
    }
    Ok(())
}

/// A member as the audit keeps it: what is stored of it, the derived columns apart.
fn audited(row: &MemberRow, ids: &[ExternalId], adhesions: &[Adhesion]) -> Result<Value, StoreError> {
    let mut value = json::value(row)?;
    if let Some(columns) = value.as_object_mut() {
        // They differ after every change and are columns of the audit itself.
        for name in ["version", "created_at", "updated_at"] {
            columns.shift_remove(name);
        }
        columns.insert("external_ids".to_owned(), json::value(&ids)?);
        let adhesions: Vec<AdhesionRow> = adhesions.iter().map(|adhesion| adhesion_row("", adhesion)).collect();
        columns.insert("adhesions".to_owned(), json!(adhesions));
    }
    Ok(value)
}

fn audited_member(member: &Member) -> Result<Value, StoreError> {
    audited(&row(member), &member.facts.external_ids, &member.adhesions)
}

/// Adds the members whose natural key (kind and territory) is not taken, and returns how many.
///
/// # Errors
/// The database's, or [`StoreError::Corrupt`] for a record that no member can be made of.
pub fn seed(tx: &mut Tx<'_>, records: Vec<Record>) -> Result<usize, StoreError> {
    let taken: Vec<(String, String)> = member::table.select((member::kind, member::territory_code)).load(tx.conn)?;
    let is_taken = |facts: &Facts| {
        taken.iter().any(|(kind, code)| kind == facts.kind.as_str() && code == facts.territory_code.as_str())
    };
    let records: Vec<Record> = records.into_iter().filter(|record| !is_taken(&record.facts)).collect();
    let codes: Vec<&Code> = records.iter().map(|record| &record.facts.territory_code).collect();
    let seats = seats(tx.conn, &codes)?;
    let mut new = Vec::new();
    for record in records {
        let at = format!("the member of kind {} at {}", record.facts.kind.as_str(), record.facts.territory_code);
        let seat = seats.get(&record.facts.territory_code);
        let seat = seat.ok_or_else(|| StoreError::Corrupt(format!("{at}: there is no such territory")))?;
        let slug = record.slug(seat).map_err(|why| StoreError::Corrupt(format!("{at}: its territory {why}")))?;
        new.push((record, slug, seat.kind));
    }
    let added = new.len();
    add(tx, new)?;
    Ok(added)
}

/// Adds members with their short names and the kinds of their territories, which all fit.
///
/// # Errors
/// The database's.
pub(super) fn add(tx: &mut Tx<'_>, new: Vec<(Record, Slug, Kind)>) -> Result<(), StoreError> {
    let (mut rows, mut periods, mut ids, mut adhesions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (record, slug, seat) in new {
        let id = new_id();
        periods.extend(period_rows(&id, &record.history));
        ids.extend(external_id_rows(&id, &record.facts.external_ids));
        adhesions.extend(record.adhesions.iter().map(|adhesion| adhesion_row(&id, adhesion)));
        let row = new_row(id.into_string(), tx.now().naive_utc(), slug, seat, &record);
        let change = Change {
            kind: RESOURCE,
            id: Identifier::stored(row.id.clone()),
            operation: Operation::Created,
            version: 1,
        };
        let after = || audited(&row, &record.facts.external_ids, &record.adhesions).map(|after| (None, Some(after)));
        tx.record_row(change, after)?;
        rows.push(WholeRow::new(row, &record.facts, record.history.joined_on()));
    }
    batch_insert!(tx.conn, member::table, &rows);
    batch_insert!(tx.conn, member_status::table, &periods);
    batch_insert!(tx.conn, member_external_id::table, &ids);
    batch_insert!(tx.conn, member_adhesion::table, &adhesions);
    Ok(())
}

/// Writes what many members become, as parts of something larger. What was there is taken out before anything is put in,
/// so that members can exchange their identifiers.
///
/// # Errors
/// The database's.
pub(super) fn rewrite(tx: &mut Tx<'_>, changed: Vec<Rewrite>) -> Result<(), StoreError> {
    let new_ids = |member: &&Rewrite| member.before.facts.external_ids != member.after.facts.external_ids;
    let id = |member: &Rewrite| member.before.id.to_string();
    let without_ids: Vec<String> = changed.iter().filter(new_ids).map(id).collect();
    let without_history: Vec<String> = changed.iter().filter(|member| member.history.is_some()).map(id).collect();
    for ids in without_ids.chunks(CHUNK) {
        diesel::delete(member_external_id::table.filter(member_external_id::member_id.eq_any(ids))).execute(tx.conn)?;
    }
    for ids in without_history.chunks(CHUNK) {
        diesel::delete(member_status::table.filter(member_status::member_id.eq_any(ids))).execute(tx.conn)?;
    }
    let ids: Vec<ExternalIdRow> = changed
        .iter()
        .filter(new_ids)
        .flat_map(|member| external_id_rows(&member.before.id, &member.after.facts.external_ids))
        .collect();
    let periods = changed.iter().filter_map(|member| Some(period_rows(&member.before.id, member.history.as_ref()?)));
    let periods: Vec<PeriodRow> = periods.flatten().collect();
    for Rewrite { before, mut after, .. } in changed {
        (after.version, after.updated_at) = (before.version + 1, tx.now());
        diesel::update(member::table.filter(member::id.eq(before.id.as_str())))
            .set(WholeRow::new(row(&after), &after.facts, after.joined_on))
            .execute(tx.conn)?;
        let (id, version) = (before.id.clone(), after.version);
        let values = || Ok((Some(audited_member(&before)?), Some(audited_member(&after)?)));
        tx.record_row(Change { kind: RESOURCE, id, operation: Operation::Updated, version }, values)?;
    }
    batch_insert!(tx.conn, member_status::table, &periods);
    batch_insert!(tx.conn, member_external_id::table, &ids);
    Ok(())
}

/// The row of a new member.
fn new_row(id: String, now: NaiveDateTime, slug: Slug, seat: Kind, record: &Record) -> MemberRow {
    let Record { facts, history, .. } = record;
    let mut row = facts_row(facts);
    (row.id, row.version, row.created_at, row.updated_at) = (id, 1, now, now);
    (row.slug, row.territory_kind) = (slug.into_string(), seat.as_str().to_owned());
    history.status().as_str().clone_into(&mut row.status);
    (row.joined_on, row.joined_on_precision) = PartialDate::columns(history.joined_on());
    (row.left_on, row.left_on_precision) = PartialDate::columns(history.left_on());
    row
}

/// The row of a stored member.
fn row(member: &Member) -> MemberRow {
    let mut row = facts_row(&member.facts);
    (row.id, row.version) = (member.id.to_string(), member.version);
    (row.created_at, row.updated_at) = (member.created_at.naive_utc(), member.updated_at.naive_utc());
    member.slug.as_str().clone_into(&mut row.slug);
    member.seat.kind.as_str().clone_into(&mut row.territory_kind);
    member.status.as_str().clone_into(&mut row.status);
    (row.joined_on, row.joined_on_precision) = PartialDate::columns(member.joined_on);
    (row.left_on, row.left_on_precision) = PartialDate::columns(member.left_on);
    row
}

/// The columns that the facts fill; the others are empty.
fn facts_row(facts: &Facts) -> MemberRow {
    let (ogp_local_since, ogp_local_since_precision) = PartialDate::columns(facts.ogp_local_since);
    MemberRow {
        id: String::new(),
        version: 0,
        created_at: NaiveDateTime::default(),
        updated_at: NaiveDateTime::default(),
        slug: String::new(),
        kind: facts.kind.as_str().to_owned(),
        territory_code: facts.territory_code.as_str().to_owned(),
        territory_kind: String::new(),
        name_fr: facts.name.fr.clone(),
        name_ar: facts.name.ar.clone(),
        name_en: facts.name.en.clone(),
        status: String::new(),
        joined_on: None,
        joined_on_precision: None,
        left_on: None,
        left_on_precision: None,
        cohort: facts.cohort.as_ref().map(|cohort| cohort.as_str().to_owned()),
        ogp_local_since,
        ogp_local_since_precision,
        website: facts.website.clone(),
        provenance: facts.provenance.to_string(),
        source: facts.source.clone(),
        confidence: facts.confidence.map(|confidence| confidence.as_str().to_owned()),
    }
}

fn period_rows(id: &Identifier, history: &History) -> Vec<PeriodRow> {
    let row = |(position, period): (i64, Period)| {
        let (from_on, from_on_precision) = PartialDate::columns(period.entry.since);
        PeriodRow {
            member_id: id.to_string(),
            position,
            status: period.entry.status.as_str().to_owned(),
            from_on,
            from_on_precision,
            until_on: period.until,
            reason: period.entry.reason,
            evidence_reference: period.entry.evidence.reference,
            evidence_url: period.entry.evidence.url,
        }
    };
    (1..).zip(history.periods()).map(row).collect()
}

fn external_id_rows(id: &Identifier, ids: &[ExternalId]) -> Vec<ExternalIdRow> {
    let row = |external: &ExternalId| ExternalIdRow {
        member_id: id.to_string(),
        scheme: external.scheme.clone(),
        value: external.value.clone(),
    };
    ids.iter().map(row).collect()
}

fn adhesion_row(id: &str, adhesion: &Adhesion) -> AdhesionRow {
    AdhesionRow {
        member_id: id.to_owned(),
        charter_version: adhesion.charter_version.clone(),
        adhered_on: adhesion.adhered_on.first_day(),
        adhered_on_precision: adhesion.adhered_on.precision().as_str().to_owned(),
        decision_reference: adhesion.decision_reference.clone(),
        document_url: adhesion.document_url.clone(),
    }
}

fn write_history(conn: &mut Conn, id: &Identifier, history: &History) -> Result<(), StoreError> {
    let rows = period_rows(id, history);
    batch_insert!(conn, member_status::table, &rows);
    Ok(())
}

fn write_ids(conn: &mut Conn, id: &Identifier, ids: &[ExternalId]) -> Result<(), StoreError> {
    let rows = external_id_rows(id, ids);
    batch_insert!(conn, member_external_id::table, &rows);
    Ok(())
}

fn write_adhesions(conn: &mut Conn, id: &Identifier, adhesions: &[Adhesion]) -> Result<(), StoreError> {
    let rows: Vec<AdhesionRow> = adhesions.iter().map(|adhesion| adhesion_row(id, adhesion)).collect();
    batch_insert!(conn, member_adhesion::table, &rows);
    Ok(())
}
