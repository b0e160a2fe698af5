//! Reading measurements: what is reported, and what everybody sees of it.

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::AsSelect;
use serde::Serialize;

use super::{
    super::rules::{
        Approved, Content, Measurement, MeasurementFilters, MeasurementSortKey, Period, Readable, Review, Revision,
    },
    decimal, keeper,
    lookup::look_up,
    parsed, slug,
};
use crate::{
    db::{
        Backend, Conn, DocumentBody, Lookup, SequenceColumn, Stamp, StoreError, json,
        keyset::{NoKey, keyset_by_id, paged},
        schema::{account_member, indicator, measurement, measurement_revision, member},
        search::any_of,
    },
    kernel::{
        id::{Address, Identifier},
        paging::{Found, Listing},
    },
    members,
    publishing::{ListRow, Selected, rows},
};

/// What is stored of a measurement. The audit keeps neither notes nor evidence: they are in the revisions, where they were
/// public, and who wrote them may have named somebody.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = measurement, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct MeasurementRow {
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
    indicator_id: String,
    member_id: Option<String>,
    period: String,
    #[serde(skip)]
    from_on: NaiveDate,
    #[serde(skip)]
    until_on: NaiveDate,
    #[serde(skip)]
    due_on: NaiveDate,
    state: String,
    definition_version: i64,
    value: i64,
    #[serde(skip)]
    report: String,
    reason: Option<String>,
    reported_by: Option<String>,
    reported_role: Option<String>,
    #[serde(skip)]
    submitted_at: Option<NaiveDateTime>,
    #[serde(skip)]
    first_submitted_at: Option<NaiveDateTime>,
    #[serde(skip)]
    reviewed_at: Option<NaiveDateTime>,
    reviewed_role: Option<String>,
    #[serde(skip)]
    review_note: Option<String>,
    approved_value: Option<i64>,
    #[serde(skip)]
    approved_report: Option<String>,
    approved_definition_version: Option<i64>,
    #[serde(skip)]
    approved_at: Option<NaiveDateTime>,
    revision: i64,
    #[serde(skip)]
    is_late: bool,
    #[serde(skip)]
    is_public: bool,
    #[serde(skip)]
    report_version: i64,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    report_changed_at: NaiveDateTime,
    #[serde(skip)]
    hands: String,
}

impl MeasurementRow {
    pub(super) fn of(found: &Measurement) -> Result<Self, StoreError> {
        let Measurement { period, reported, review, approved, .. } = found;
        let approved = approved.as_ref();
        Ok(Self {
            id: found.id.to_string(),
            version: found.version,
            created_at: found.created_at.naive_utc(),
            updated_at: found.updated_at.naive_utc(),
            indicator_id: found.indicator_id.to_string(),
            member_id: found.member.as_ref().map(|member| member.id.to_string()),
            period: period.to_string(),
            from_on: period.first_day(),
            until_on: period.last_day(),
            due_on: period.due_on(),
            state: found.state.as_str().to_owned(),
            definition_version: reported.definition_version,
            value: reported.value.millionths(),
            report: json::write(&reported.report)?,
            reason: found.reason.clone(),
            reported_by: found.reported_by.clone(),
            reported_role: found.reported_role.clone(),
            submitted_at: found.submitted_at.map(|at| at.naive_utc()),
            first_submitted_at: found.first_submitted_at.map(|at| at.naive_utc()),
            reviewed_at: review.at.map(|at| at.naive_utc()),
            reviewed_role: review.role.clone(),
            review_note: review.note.clone(),
            approved_value: approved.map(|approved| approved.content.value.millionths()),
            approved_report: approved.map(|approved| json::write(&approved.content.report)).transpose()?,
            approved_definition_version: approved.map(|approved| approved.content.definition_version),
            approved_at: approved.map(|approved| approved.at.naive_utc()),
            revision: found.revision,
            is_late: found.is_in_time() == Some(false),
            is_public: found.is_public(),
            report_version: found.report_version,
            report_changed_at: found.report_changed_at.naive_utc(),
            hands: json::write(&found.hands)?,
        })
    }

    fn approved(&self) -> Result<Option<Approved>, StoreError> {
        let parts = (self.approved_value, &self.approved_report, self.approved_definition_version, self.approved_at);
        let (Some(value), Some(report), Some(definition_version), Some(at)) = parts else { return Ok(None) };
        Ok(Some(Approved { content: content(value, report, definition_version)?, at: at.and_utc() }))
    }
}

fn content(millionths: i64, report: &str, definition_version: i64) -> Result<Content, StoreError> {
    Ok(Content { value: decimal(millionths)?, report: json::read(report)?, definition_version })
}

/// What a measurement takes from its indicator, and the slug of the member.
type Names = (String, bool, Option<String>, Option<String>);

fn read((row, (indicator, of_public, region, member)): (MeasurementRow, Names)) -> Result<Measurement, StoreError> {
    let approved = row.approved()?;
    Ok(Measurement {
        indicator: slug(indicator)?,
        member: keeper(row.member_id, member, region)?,
        period: parsed(&row.period)?,
        state: parsed(&row.state)?,
        reported: content(row.value, &row.report, row.definition_version)?,
        reason: row.reason,
        reported_by: row.reported_by,
        hands: json::read(&row.hands)?,
        reported_role: row.reported_role,
        submitted_at: row.submitted_at.map(|at| at.and_utc()),
        first_submitted_at: row.first_submitted_at.map(|at| at.and_utc()),
        review: Review { at: row.reviewed_at.map(|at| at.and_utc()), role: row.reviewed_role, note: row.review_note },
        approved,
        revision: row.revision,
        of_public,
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        report_version: row.report_version,
        report_changed_at: row.report_changed_at.and_utc(),
        indicator_id: Identifier::stored(row.indicator_id),
    })
}

/// Measurements beside their indicators and members.
type Parts = diesel::helper_types::LeftJoinOn<
    diesel::helper_types::InnerJoinOn<
        measurement::table,
        indicator::table,
        diesel::helper_types::Eq<measurement::indicator_id, indicator::id>,
    >,
    member::table,
    diesel::helper_types::Eq<diesel::helper_types::Nullable<member::id>, measurement::member_id>,
>;

fn parts() -> Parts {
    measurement::table
        .inner_join(indicator::table.on(measurement::indicator_id.eq(indicator::id)))
        .left_join(member::table.on(member::id.nullable().eq(measurement::member_id)))
}

type Columns = (
    AsSelect<MeasurementRow, Backend>,
    (indicator::slug, indicator::is_public, indicator::region_code, diesel::helper_types::Nullable<member::slug>),
);

fn columns() -> Columns {
    (
        MeasurementRow::as_select(),
        (indicator::slug, indicator::is_public, indicator::region_code, member::slug.nullable()),
    )
}

/// The measurement with an id, whoever sees it.
///
/// # Errors
/// The database's.
pub fn find_measurement(conn: &mut Conn, id: &Identifier) -> Result<Option<Measurement>, StoreError> {
    let row = parts().select(columns()).filter(measurement::id.eq(id.as_str())).first(conn).optional()?;
    row.map(read).transpose()
}

/// That of an indicator for a period.
pub(super) fn of_period(conn: &mut Conn, indicator: &str, period: Period) -> Result<Option<Measurement>, StoreError> {
    let same = measurement::indicator_id.eq(indicator).and(measurement::period.eq(period.to_string()));
    let row = parts().select(columns()).filter(same).first(conn).optional()?;
    row.map(read).transpose()
}

/// Those of indicators for any of these periods; at most [`CHUNK`](crate::db::CHUNK) of each, which both databases take as
/// values.
pub(super) fn of_periods(
    conn: &mut Conn,
    indicators: &[&Identifier],
    periods: &[String],
) -> Result<Vec<Measurement>, StoreError> {
    let own = measurement::indicator_id
        .eq_any(indicators.iter().map(|id| id.as_str()))
        .and(measurement::period.eq_any(periods));
    let rows: Vec<(MeasurementRow, Names)> = parts().select(columns()).filter(own).load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Those with these ids, whoever sees them.
///
/// # Errors
/// The database's.
pub fn find_measurements_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Measurement>, StoreError> {
    let query = parts().select(columns()).filter(measurement::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows: Vec<(MeasurementRow, Names)> = query.load(conn)?;
    rows.into_iter().map(read).collect()
}

/// The approved measurements of an indicator, by their periods.
///
/// # Errors
/// The database's.
pub fn series(conn: &mut Conn, indicator: &str) -> Result<Vec<Measurement>, StoreError> {
    let own = measurement::indicator_id.eq(indicator).and(measurement::approved_at.is_not_null());
    let rows: Vec<(MeasurementRow, Names)> =
        parts().select(columns()).filter(own).order((measurement::until_on, measurement::from_on)).load(conn)?;
    rows.into_iter().map(read).collect()
}

/// What of a measurement was approved and has been corrected since, the oldest first.
///
/// # Errors
/// The database's.
pub fn revisions(conn: &mut Conn, id: &Identifier) -> Result<Vec<Revision>, StoreError> {
    type Found = (i64, i64, String, i64, NaiveDateTime, NaiveDateTime, Option<String>, String);
    let own = measurement_revision::table.filter(measurement_revision::measurement_id.eq(id.as_str()));
    let rows: Vec<Found> = own
        .order(measurement_revision::number)
        .select((
            measurement_revision::number,
            measurement_revision::value,
            measurement_revision::report,
            measurement_revision::definition_version,
            measurement_revision::approved_at,
            measurement_revision::replaced_at,
            measurement_revision::role,
            measurement_revision::reason,
        ))
        .load(conn)?;
    let revision = |(number, value, report, version, at, replaced_at, role, reason): Found| {
        let former = Approved { content: content(value, &report, version)?, at: at.and_utc() };
        Ok(Revision { number, former, replaced_at: replaced_at.and_utc(), role, reason })
    };
    rows.into_iter().map(revision).collect()
}

/// Reads a page of the list, with one statement, and one more each for an empty page, a count and a filter that names
/// something.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list_measurements(
    conn: &mut Conn,
    listing: &Listing<MeasurementFilters>,
) -> Result<Found<Selected<()>>, StoreError> {
    let Listing { filters, after, limit, count } = listing;
    let filters = &resolved(conn, filters)?;
    let total = if *count { Some(filtered(filters).count().get_result(conn)?) } else { None };
    let columns = (measurement::id, NoKey, DocumentBody(measurement::id), SequenceColumn);
    let query = filtered(filters).select(columns);
    let query = match filters.order.key {
        MeasurementSortKey::CreatedAt => {
            keyset_by_id!(query, measurement::id, filters.order.direction, after.as_ref())
        }
    };
    let selected: Vec<ListRow<String>> = paged(query, *limit).load(conn)?;
    rows(conn, selected.into_iter().map(|row| (row, ())).collect(), *limit, total)
}

/// The version and the document of a measurement, if it is published.
///
/// # Errors
/// The database's.
pub fn find_measurement_document(conn: &mut Conn, id: &Identifier) -> Result<Option<(i64, String)>, StoreError> {
    let own = measurement::table.filter(measurement::id.eq(id.as_str()));
    let row: Option<(i64, Option<String>)> =
        own.select((measurement::version, DocumentBody(measurement::id))).first(conn).optional()?;
    Ok(row.and_then(|(version, document)| Some((version, document?))))
}

/// The same page with the reports, with one statement more: to be read of one state of the data.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list_reports(conn: &mut Conn, listing: &Listing<MeasurementFilters>) -> Result<Found<Measurement>, StoreError> {
    let Found { rows, sequence, next, total } = list_measurements(conn, listing)?;
    let ids: Vec<&Identifier> = rows.iter().map(|row| &row.id).collect();
    let found = find_measurements_by_ids(conn, &ids)?;
    let mut found: HashMap<Identifier, Measurement> =
        found.into_iter().map(|found| (found.id.clone(), found)).collect();
    Ok(Found { rows: rows.iter().filter_map(|row| found.remove(&row.id)).collect(), sequence, next, total })
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &MeasurementFilters) -> Result<MeasurementFilters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    look_up(conn, &mut lookup, &mut filters.indicators, &filters.readable)?;
    members::look_up(conn, &mut lookup, &mut filters.members)?;
    lookup.done()?;
    Ok(filters)
}

fn filtered(filters: &MeasurementFilters) -> measurement::BoxedQuery<'_, Backend> {
    let mut query = measurement::table.into_boxed();
    let states: Vec<&str> = filters.states.iter().map(|state| state.as_str()).collect();
    query = match &filters.readable {
        _ if states.is_empty() => query.filter(measurement::is_public.eq(true)),
        Readable::None => query.filter(false.into_sql::<diesel::sql_types::Bool>()),
        Readable::All => query,
        Readable::Of(member) => query.filter(measurement::member_id.eq(member)),
        Readable::Assigned(account) => {
            let own = account_member::table.filter(account_member::account_id.eq(account));
            let of_member = measurement::member_id.eq_any(own.select(account_member::member_id.nullable()));
            // Who reviews sees what is handed in, of what everybody sees.
            let public = indicator::table.filter(indicator::is_public.eq(true)).select(indicator::id);
            let is_handed_in = measurement::state.ne("draft").and(measurement::indicator_id.eq_any(public));
            query.filter(of_member.assume_not_null()).filter(is_handed_in)
        }
    };
    query = any_of!(query, measurement::state, states.as_slice());
    if !filters.indicators.is_empty() {
        let named = indicator::table.filter(indicator::slug.eq_any(Address::texts(&filters.indicators)));
        query = query.filter(measurement::indicator_id.eq_any(named.select(indicator::id)));
    }
    if !filters.members.is_empty() {
        let named = member::table.filter(member::slug.eq_any(Address::texts(&filters.members)));
        query = query.filter(measurement::member_id.eq_any(named.select(member::id.nullable())).assume_not_null());
    }
    query = any_of!(query, measurement::period, filters.periods.as_slice());
    if let Some(since) = filters.updated_since {
        query = query.filter(measurement::updated_at.ge(since.naive_utc()));
    }
    query
}
