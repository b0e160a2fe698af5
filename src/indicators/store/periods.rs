//! The periods that are closed. One without a row was never touched, and is open.

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::NaiveDateTime;
use serde::Serialize;

use super::{
    super::rules::{Period, PeriodState, ReportingPeriod},
    parsed,
};
use crate::{
    db::{Conn, Deed, Stamp, StoreError, Tx, difference, json, schema::reporting_period},
    kernel::audit::{Action, Collection},
};

/// The collection's name in the audit.
const PERIODS: Collection = Collection::ReportingPeriods;

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = reporting_period, treat_none_as_null = true, treat_none_as_default_value = false)]
struct PeriodRow {
    #[serde(skip)]
    code: String,
    #[serde(skip)]
    version: i64,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    updated_at: NaiveDateTime,
    state: String,
    reason: Option<String>,
}

impl PeriodRow {
    fn read(self) -> Result<ReportingPeriod, StoreError> {
        Ok(ReportingPeriod {
            period: parsed(&self.code)?,
            version: self.version,
            updated_at: Some(self.updated_at.and_utc()),
            state: parsed(&self.state)?,
            reason: self.reason,
        })
    }
}

/// A period, as it stands.
///
/// # Errors
/// The database's.
pub fn find_period(conn: &mut Conn, period: Period) -> Result<ReportingPeriod, StoreError> {
    let own = reporting_period::table.filter(reporting_period::code.eq(period.to_string()));
    let row = own.select(PeriodRow::as_select()).first(conn).optional()?;
    row.map_or_else(|| Ok(ReportingPeriod::untouched(period)), PeriodRow::read)
}

/// Periods, as they stand.
///
/// # Errors
/// The database's.
pub fn find_periods(conn: &mut Conn, periods: &[Period]) -> Result<Vec<ReportingPeriod>, StoreError> {
    let codes: Vec<String> = periods.iter().map(Period::to_string).collect();
    let own = reporting_period::table.filter(reporting_period::code.eq_any(codes));
    let rows: Vec<PeriodRow> = own.select(PeriodRow::as_select()).load(conn)?;
    let found = rows.into_iter().map(PeriodRow::read).collect::<Result<Vec<_>, _>>()?;
    let mut found: HashMap<Period, ReportingPeriod> = found.into_iter().map(|found| (found.period, found)).collect();
    let stands = |period: &Period| found.remove(period).unwrap_or_else(|| ReportingPeriod::untouched(*period));
    Ok(periods.iter().map(stands).collect())
}

/// Opens or locks a period that nobody else changes meanwhile, and returns it; nothing where nothing differs.
///
/// # Errors
/// The database's.
pub fn set_period(
    tx: &mut Tx<'_>,
    before: &ReportingPeriod,
    (state, reason): (PeriodState, Option<String>),
) -> Result<ReportingPeriod, StoreError> {
    if (before.state, &before.reason) == (state, &reason) {
        return Ok(before.clone());
    }
    let after =
        ReportingPeriod { version: before.version + 1, updated_at: Some(tx.now()), state, reason, ..before.clone() };
    let code = after.period.to_string();
    let row = PeriodRow {
        code: code.clone(),
        version: after.version,
        updated_at: tx.now().naive_utc(),
        state: state.as_str().to_owned(),
        reason: after.reason.clone(),
    };
    let now = json::value(&row)?;
    let was = PeriodRow { state: before.state.as_str().to_owned(), reason: before.reason.clone(), ..row.clone() };
    let (was, now) = difference(json::value(&was)?, now);
    diesel::delete(reporting_period::table.filter(reporting_period::code.eq(&code))).execute(tx.conn)?;
    diesel::insert_into(reporting_period::table).values(row).execute(tx.conn)?;
    let (id, version) = (Some(code), Some(after.version));
    tx.audit(Deed { action: Action::Updated, resource: PERIODS, id, version, before: Some(was), after: Some(now) });
    Ok(after)
}
