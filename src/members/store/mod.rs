//! The members' rows and every query on them.

mod import;
mod lookup;
mod refold;
mod write;

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::{AsSelect, exists};
use serde::Serialize;

pub use self::{
    import::MemberList,
    lookup::look_up,
    refold::refold,
    write::{create, delete, lock, seed, take_turn, update},
};
use super::rules::{
    Address, Adhesion, CohortFilter, Entry, Evidence, ExternalId, Facts, Filters, History, Member, MemberKind,
    MemberSeat, Period, Provenance, SortKey, Status, Tally,
};
use crate::db::prelude::*;
use crate::{
    db::{
        Backend, Conn, DocumentBody, DocumentChangedAt, Lookup, SequenceColumn, Stamp, StoreError, in_pieces, json,
        keyset::{keyset, paged},
        schema::{member, member_adhesion, member_external_id, member_status, territory},
        search::search,
    },
    kernel::{
        date::PartialDate,
        id::{Identifier, Slug},
        language::LanguageMap,
        paging::{Found, Listing, Position},
    },
    publishing::{Body, ListRow, Listed, page},
    territories::{Code, Kind, LocationColumns, look_up_provinces, look_up_regions},
};

#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = member, treat_none_as_null = true, treat_none_as_default_value = false)]
struct MemberRow {
    id: String,
    version: i64,
    #[diesel(deserialize_as = Stamp)]
    created_at: NaiveDateTime,
    #[diesel(deserialize_as = Stamp)]
    updated_at: NaiveDateTime,
    slug: String,
    kind: String,
    territory_code: String,
    territory_kind: String,
    name_fr: Option<String>,
    name_ar: Option<String>,
    name_en: Option<String>,
    status: String,
    joined_on: Option<NaiveDate>,
    joined_on_precision: Option<String>,
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

/// What a member takes from its territory.
#[derive(Queryable, Selectable)]
#[diesel(table_name = territory)]
struct SeatRow {
    version: i64,
    region_code: String,
    parent_code: Option<String>,
    #[diesel(embed)]
    location: LocationColumns,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = member_status, treat_none_as_default_value = false)]
struct PeriodRow {
    member_id: String,
    position: i64,
    status: String,
    from_on: Option<NaiveDate>,
    from_on_precision: Option<String>,
    until_on: Option<NaiveDate>,
    reason: Option<String>,
    evidence_reference: Option<String>,
    evidence_url: Option<String>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = member_external_id, treat_none_as_default_value = false)]
struct ExternalIdRow {
    member_id: String,
    scheme: String,
    value: String,
}

#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = member_adhesion, treat_none_as_default_value = false)]
struct AdhesionRow {
    #[serde(skip)]
    member_id: String,
    charter_version: String,
    adhered_on: NaiveDate,
    adhered_on_precision: String,
    decision_reference: String,
    document_url: Option<String>,
}

/// A member as the public reads it.
pub struct Document {
    /// The version of its row, which changes are meant for.
    pub version: i64,
    /// The document.
    pub body: String,
}

/// What `joined_on` sorts by where it is unknown: behind every date.
const UNDATED_KEY: &str = "9999-12-31";

/// The key that a date of joining sorts by.
fn joined_on_key(joined_on: Option<PartialDate>) -> String {
    joined_on.map_or_else(|| UNDATED_KEY.to_owned(), |date| date.first_day().to_string())
}

fn code(text: String) -> Result<Code, StoreError> {
    Code::try_from(text).map_err(StoreError::corrupt)
}

fn date(day: Option<NaiveDate>, precision: Option<&String>) -> Result<Option<PartialDate>, StoreError> {
    PartialDate::from_columns(day, precision.map(String::as_str)).map_err(StoreError::corrupt)
}

/// Reads a column whose text has a type of its own.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(StoreError::corrupt)
}

fn member((row, seat): (MemberRow, SeatRow)) -> Result<Member, StoreError> {
    Ok(Member {
        status: parsed(&row.status)?,
        joined_on: date(row.joined_on, row.joined_on_precision.as_ref())?,
        left_on: date(row.left_on, row.left_on_precision.as_ref())?,
        facts: Facts {
            kind: parsed(&row.kind)?,
            territory_code: code(row.territory_code)?,
            name: LanguageMap { fr: row.name_fr, ar: row.name_ar, en: row.name_en },
            cohort: row.cohort.as_deref().map(parsed).transpose()?,
            ogp_local_since: date(row.ogp_local_since, row.ogp_local_since_precision.as_ref())?,
            website: row.website,
            provenance: parsed(&row.provenance)?,
            source: row.source,
            confidence: row.confidence.as_deref().map(parsed).transpose()?,
            external_ids: Vec::new(),
        },
        adhesions: Vec::new(),
        seat: MemberSeat {
            version: seat.version,
            kind: parsed(&row.territory_kind)?,
            region_code: code(seat.region_code)?,
            parent_code: seat.parent_code.map(code).transpose()?,
            location: seat.location.read()?,
        },
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        slug: Slug::try_from(row.slug).map_err(StoreError::corrupt)?,
    })
}

/// Members beside the territories that they are seated on.
type Seated = diesel::helper_types::InnerJoinOn<
    member::table,
    territory::table,
    diesel::helper_types::Eq<member::territory_code, territory::code>,
>;
type MemberQuery<'a> = member::BoxedQuery<'a, Backend>;
type SeatedColumns = (AsSelect<MemberRow, Backend>, AsSelect<SeatRow, Backend>);

fn seated() -> Seated {
    member::table.inner_join(territory::table.on(member::territory_code.eq(territory::code)))
}

fn columns() -> SeatedColumns {
    (MemberRow::as_select(), SeatRow::as_select())
}

/// The member at an address, with three statements.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, address: &Address) -> Result<Option<Member>, StoreError> {
    let query = seated().select(columns());
    let row = match address {
        Address::Code(slug) => query.filter(member::slug.eq(slug.as_str())).first(conn),
        Address::Id(id) => query.filter(member::id.eq(id.as_str())).first(conn),
    };
    let Some(row) = row.optional()? else { return Ok(None) };
    let mut found = [member(row)?];
    complete(conn, &mut found)?;
    Ok(found.into_iter().next())
}

/// The members with these ids, with three statements.
///
/// # Errors
/// The database's.
pub fn find_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Member>, StoreError> {
    let rows: Vec<(MemberRow, SeatRow)> =
        seated().select(columns()).filter(member::id.eq_any(ids.iter().map(|id| id.as_str()))).load(conn)?;
    let mut found = rows.into_iter().map(member).collect::<Result<Vec<_>, _>>()?;
    complete(conn, &mut found)?;
    Ok(found)
}

/// The members, some at a time, in the order of their ids, with three statements: `after` is the last one seen.
///
/// # Errors
/// The database's.
pub fn walk(conn: &mut Conn, after: Option<&str>, limit: usize) -> Result<Vec<Member>, StoreError> {
    let limit = i64::try_from(limit).map_err(StoreError::corrupt)?;
    let query = seated().select(columns()).filter(member::id.gt(after.unwrap_or_default()));
    let rows: Vec<(MemberRow, SeatRow)> = query.order(member::id).limit(limit).load(conn)?;
    let mut found = rows.into_iter().map(member).collect::<Result<Vec<_>, _>>()?;
    complete(conn, &mut found)?;
    Ok(found)
}

/// The members that are seated on these territories, which show facts of them.
///
/// # Errors
/// The database's.
pub fn seated_on(conn: &mut Conn, territories: &[&Identifier]) -> Result<Vec<Identifier>, StoreError> {
    let ids: Vec<String> = in_pieces(conn, territories, |conn, ids| {
        let seats = territory::table.filter(territory::id.eq_any(ids.iter().map(|id| id.as_str())));
        let seated = member::table.filter(member::territory_code.eq_any(seats.select(territory::code)));
        Ok(seated.select(member::id).load(conn)?)
    })?;
    Ok(ids.into_iter().map(Identifier::stored).collect())
}

/// The same with their histories, with one statement more.
///
/// # Errors
/// The database's.
pub fn walk_histories(
    conn: &mut Conn,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(Member, History)>, StoreError> {
    let members = walk(conn, after, limit)?;
    let ids: Vec<&Identifier> = members.iter().map(|member| &member.id).collect();
    let mut histories = histories(conn, &ids)?;
    let with_history = |member: Member| {
        let history =
            histories.remove(member.id.as_str()).ok_or_else(|| StoreError::corrupt("a member without history"))?;
        Ok((member, history))
    };
    members.into_iter().map(with_history).collect()
}

/// Gives members their external identifiers and adhesions, with one statement each.
fn complete(conn: &mut Conn, members: &mut [Member]) -> Result<(), StoreError> {
    let rows: Vec<ExternalIdRow> = member_external_id::table
        .filter(member_external_id::member_id.eq_any(members.iter().map(|member| member.id.as_str())))
        .order((member_external_id::member_id, member_external_id::scheme))
        .select(ExternalIdRow::as_select())
        .load(conn)?;
    let mut ids: HashMap<String, Vec<ExternalId>> = HashMap::new();
    for ExternalIdRow { member_id, scheme, value } in rows {
        ids.entry(member_id).or_default().push(ExternalId { scheme, value });
    }
    let rows: Vec<AdhesionRow> = member_adhesion::table
        .filter(member_adhesion::member_id.eq_any(members.iter().map(|member| member.id.as_str())))
        .order((member_adhesion::member_id, member_adhesion::charter_version))
        .select(AdhesionRow::as_select())
        .load(conn)?;
    let mut adhesions: HashMap<String, Vec<Adhesion>> = HashMap::new();
    for row in rows {
        let adhered_on = date(Some(row.adhered_on), Some(&row.adhered_on_precision))?;
        adhesions.entry(row.member_id).or_default().push(Adhesion {
            charter_version: row.charter_version,
            adhered_on: adhered_on.ok_or_else(|| StoreError::corrupt("an adhesion without a date"))?,
            decision_reference: row.decision_reference,
            document_url: row.document_url,
        });
    }
    for member in members {
        member.facts.external_ids = ids.remove(member.id.as_str()).unwrap_or_default();
        member.adhesions = adhesions.remove(member.id.as_str()).unwrap_or_default();
    }
    Ok(())
}

impl PeriodRow {
    fn into_period(self) -> Result<Period, StoreError> {
        let since = date(self.from_on, self.from_on_precision.as_ref())?;
        let evidence = Evidence { reference: self.evidence_reference, url: self.evidence_url };
        let entry = Entry { status: parsed(&self.status)?, since, reason: self.reason, evidence };
        Ok(Period { entry, until: self.until_on })
    }
}

/// The history of the member with an id, the oldest period first.
///
/// # Errors
/// The database's.
pub fn periods(conn: &mut Conn, id: &Identifier) -> Result<Vec<Period>, StoreError> {
    let rows: Vec<PeriodRow> = member_status::table
        .filter(member_status::member_id.eq(id.as_str()))
        .order(member_status::position)
        .select(PeriodRow::as_select())
        .load(conn)?;
    rows.into_iter().map(PeriodRow::into_period).collect()
}

/// The histories of the members with these ids, with one statement.
fn histories(conn: &mut Conn, ids: &[&Identifier]) -> Result<HashMap<String, History>, StoreError> {
    let rows: Vec<PeriodRow> = member_status::table
        .filter(member_status::member_id.eq_any(ids.iter().map(|id| id.as_str())))
        .order((member_status::member_id, member_status::position))
        .select(PeriodRow::as_select())
        .load(conn)?;
    let mut entries: HashMap<String, Vec<Entry>> = HashMap::with_capacity(ids.len());
    for row in rows {
        let id = row.member_id.clone();
        entries.entry(id).or_default().push(row.into_period()?.entry);
    }
    entries.into_iter().map(|(id, entries)| Ok((id.clone(), as_history(&id, entries)?))).collect()
}

fn as_history(id: &str, entries: Vec<Entry>) -> Result<History, StoreError> {
    History::new(entries).map_err(|why| StoreError::corrupt(format!("the history of member {id} {why}")))
}

/// An identifier with kind and territory of the member that has it.
type Owned = (ExternalId, (MemberKind, Code));

/// Whose these identifiers are, as far as they are anybody's.
fn owners(conn: &mut Conn, ids: &[&ExternalId]) -> Result<Vec<Owned>, StoreError> {
    let rows: Vec<(String, String, String, String)> = in_pieces(conn, ids, |conn, ids| {
        let rows = member_external_id::table.inner_join(member::table.on(member::id.eq(member_external_id::member_id)));
        let rows = rows.filter(member_external_id::value.eq_any(ids.iter().map(|id| &id.value)));
        let columns = (member_external_id::scheme, member_external_id::value, member::kind, member::territory_code);
        Ok(rows.select(columns).load(conn)?)
    })?;
    let owner = |(scheme, value, kind, territory): (String, String, String, String)| {
        Ok((ExternalId { scheme, value }, (parsed(&kind)?, code(territory)?)))
    };
    rows.into_iter().map(owner).collect()
}

/// The same as a history.
///
/// # Errors
/// The database's, or [`StoreError::Corrupt`] for periods that make none.
pub fn history(conn: &mut Conn, id: &Identifier) -> Result<History, StoreError> {
    as_history(id, periods(conn, id)?.into_iter().map(|period| period.entry).collect())
}

/// A member at an address as the public reads it, with one statement.
///
/// # Errors
/// The database's.
pub fn find_document(conn: &mut Conn, address: &Address) -> Result<Option<Document>, StoreError> {
    let query = member::table.select((member::version, DocumentBody(member::id)));
    let row: Option<(i64, Option<String>)> = match address {
        Address::Code(slug) => query.filter(member::slug.eq(slug.as_str())).first(conn),
        Address::Id(id) => query.filter(member::id.eq(id.as_str())).first(conn),
    }
    .optional()?;
    let Some((version, Some(body))) = row else { return Ok(None) };
    Ok(Some(Document { version, body }))
}

/// The slug of a member and the version of its row.
///
/// # Errors
/// The database's.
pub fn slug_and_version(conn: &mut Conn, id: &Identifier) -> Result<(String, i64), StoreError> {
    Ok(member::table.filter(member::id.eq(id.as_str())).select((member::slug, member::version)).first(conn)?)
}

/// The document of a member.
///
/// # Errors
/// The database's; [`StoreError::Corrupt`] where there is none.
pub fn document(conn: &mut Conn, id: &Identifier) -> Result<String, StoreError> {
    let row = member::table.filter(member::id.eq(id.as_str())).select(DocumentBody(member::id));
    row.first::<Option<String>>(conn)?.ok_or_else(|| StoreError::corrupt(format!("member {id} has no document")))
}

/// Reads a page of the list, with one statement, and one more each for an empty page, a count, a day and a filter that names
/// territories.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Listed>, StoreError> {
    let Listing { filters, after, limit, count } = listing;
    let mut lookup = Lookup::default();
    look_up_regions(conn, &mut lookup, &filters.regions)?;
    look_up_provinces(conn, &mut lookup, &filters.provinces)?;
    lookup.done()?;
    let total = if *count { Some(filtered(filters).count().get_result(conn)?) } else { None };
    let after = after.as_ref().and_then(Position::text);
    let order = filters.order;
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    macro_rules! rows {
        ($key:expr) => {{
            let columns = (member::id, $key, DocumentBody(member::id), SequenceColumn);
            let query = keyset!(filtered(filters).select(columns), $key, member::id, order.direction, after);
            paged(query, *limit).load(conn)?
        }};
    }
    let rows: Vec<ListRow<String>> = match order.key {
        SortKey::NameFr => rows!(member::name_fr_folded),
        SortKey::NameAr => rows!(member::name_ar_folded),
        SortKey::JoinedOn => rows!(member::joined_on_key),
    };
    let mut found = page(conn, rows, *limit, total)?;
    if let Some(day) = filters.as_of {
        date_back(conn, &mut found.rows, day)?;
    }
    Ok(found)
}

/// Gives members the standing that they had on a day.
fn date_back(conn: &mut Conn, members: &mut [Listed], day: NaiveDate) -> Result<(), StoreError> {
    let rows: Vec<(String, String)> = member_status::table
        .filter(member_status::member_id.eq_any(members.iter().map(|member| member.id.as_str())))
        .filter(member_status::from_on.is_null().or(member_status::from_on.assume_not_null().le(day)))
        .filter(member_status::until_on.is_null().or(member_status::until_on.assume_not_null().gt(day)))
        .select((member_status::member_id, member_status::status))
        .load(conn)?;
    let standings: HashMap<String, String> = rows.into_iter().collect();
    for Listed { id, document } in members {
        if let Some(status) = standings.get(id.as_str()) {
            let status = parsed::<Status>(status)?;
            *document =
                Body::stored(std::mem::take(document))?.with_property("status", &json::write(&status)?)?.into_text();
        }
    }
    Ok(())
}

fn filtered(filters: &Filters) -> member::BoxedQuery<'_, Backend> {
    let mut query = member::table.into_boxed();
    if !filters.kinds.is_empty() {
        query = query.filter(member::kind.eq_any(filters.kinds.iter().map(|kind| kind.as_str())));
    }
    if !filters.regions.is_empty() {
        let seats = territory::table.filter(territory::region_code.eq_any(filters.regions.iter().map(Code::as_str)));
        query = query.filter(member::territory_code.eq_any(seats.select(territory::code)));
    }
    if !filters.provinces.is_empty() {
        let provinces = || filters.provinces.iter().map(Code::as_str);
        let of_commune = territory::parent_code.assume_not_null().eq_any(provinces());
        let own = territory::kind
            .eq_any([Kind::Prefecture.as_str(), Kind::Province.as_str()])
            .and(territory::code.eq_any(provinces()));
        let seats = territory::table.filter(territory::kind.eq(Kind::Commune.as_str()).and(of_commune).or(own));
        query = query.filter(member::territory_code.eq_any(seats.select(territory::code)));
    }
    if !filters.cohorts.is_empty() {
        let named = filters.cohorts.iter().filter_map(|cohort| match cohort {
            CohortFilter::Of(cohort) => Some(cohort.as_str()),
            CohortFilter::None => None,
        });
        let named = member::cohort.assume_not_null().eq_any(named);
        query = if filters.cohorts.contains(&CohortFilter::None) {
            query.filter(member::cohort.is_null().or(named))
        } else {
            query.filter(named)
        };
    }
    if !filters.provenances.is_empty() {
        query = query.filter(member::provenance.eq_any(filters.provenances.iter().map(ToString::to_string)));
    }
    if let Some(words) = &filters.words {
        query = search!(query, member::search_text, words);
    }
    if let Some(since) = filters.updated_since {
        query = query.filter(DocumentChangedAt(member::id).ge(since.naive_utc()));
    }
    stood(query, filters)
}

/// Keeps the members of some standing: now, or on a day. On a day, members without a date of joining are left out
/// unless only they are looked for.
fn stood<'a>(query: MemberQuery<'a>, filters: &'a Filters) -> MemberQuery<'a> {
    let any = if filters.statuses.is_empty() { Status::ALL } else { &filters.statuses };
    let statuses = || any.iter().map(|status| status.as_str());
    let Some(day) = filters.as_of else {
        let query = if filters.undated.is_some() { query.filter(member::joined_on.is_null()) } else { query };
        return if filters.statuses.is_empty() { query } else { query.filter(member::status.eq_any(statuses())) };
    };
    let period = member_status::table
        .filter(member_status::member_id.eq(member::id))
        .filter(member_status::status.eq_any(statuses()))
        .filter(member_status::until_on.is_null().or(member_status::until_on.assume_not_null().gt(day)));
    match filters.undated {
        Some(_only) => query.filter(exists(period.filter(member_status::from_on.is_null()))),
        None => query.filter(exists(period.filter(member_status::from_on.assume_not_null().le(day)))),
    }
}

/// What every composition is computed from, with one statement: how many members share kind, region, cohort,
/// provenance and a period of their standing.
///
/// # Errors
/// The database's.
pub fn tally(conn: &mut Conn) -> Result<Vec<Tally>, StoreError> {
    type Shared = (String, String, Option<String>, String);
    type Joined = (Option<NaiveDate>, Option<String>);
    type Spell = (String, Option<NaiveDate>, Option<NaiveDate>);
    let shared = (member::kind, territory::region_code, member::cohort, member::provenance);
    let joined = (member::joined_on, member::joined_on_precision);
    let spell = (member_status::status, member_status::from_on, member_status::until_on);
    let rows: Vec<(Shared, Joined, Spell, i64)> = seated()
        .inner_join(member_status::table.on(member_status::member_id.eq(member::id)))
        .group_by((shared, joined, spell))
        .select((shared, joined, spell, diesel::dsl::count_star()))
        .load(conn)?;
    let tally = |(shared, joined, spell, count): (Shared, Joined, Spell, i64)| {
        let ((kind, region, cohort, provenance), (status, from, until)) = (shared, spell);
        Ok(Tally {
            kind: parsed(&kind)?,
            region_code: code(region)?,
            cohort: cohort.as_deref().map(parsed).transpose()?,
            illustrative: parsed::<Provenance>(&provenance)? == Provenance::Illustrative,
            joined_on: date(joined.0, joined.1.as_ref())?,
            status: parsed(&status)?,
            from,
            until,
            count,
        })
    };
    rows.into_iter().map(tally).collect()
}
