//! The operations on reporting periods.

use actix_web::{HttpRequest, HttpResponse, get, patch, web::Data};
use chrono::NaiveDate;

use super::super::{
    dto::{ReportingPeriodOut, ReportingPeriodPageOut, ReportingPeriodPatch, ReportingPeriodQuery},
    rules::{Frequency, Period},
    store,
};
use crate::{
    auth::{principal::Body, roles::PeriodsWrite},
    db::{Conn, Turn, Tx},
    state::AppState,
    web::{
        page::PageOut,
        path::Segment,
        precondition::Precondition,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// The first day that the list shows: the network's first programmes were co-created from then on.
const FIRST_DAY: Option<NaiveDate> = NaiveDate::from_ymd_opt(2023, 1, 1);

/// List reporting periods
///
/// Those that are over, of one frequency, since the network's first programmes (2023), the latest first. One that is locked
/// takes no reports, corrections and reviews.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "listReportingPeriods",
    params(ReportingPeriodQuery),
    responses((status = 200, description = "The periods.", body = ReportingPeriodPageOut))
)]
#[get("/reporting-periods")]
pub async fn list_reporting_periods(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<ReportingPeriodQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.private();
    let frequency = query.frequency.map_or(Frequency::Quarterly, |frequency| frequency.0);
    let today = state.clock.today();
    let mut periods: Vec<Period> = Period::between(FIRST_DAY.unwrap_or(today), today, frequency).collect();
    periods.retain(|period| period.last_day() < today);
    periods.reverse();
    let found = state.db.read(move |conn: &mut Conn| store::find_periods(conn, &periods)).await?;
    let data: Vec<ReportingPeriodOut> = found.into_iter().map(ReportingPeriodOut::from).collect();
    let page = PageOut::whole(data.len());
    view.respond(&req, 1, &ReportingPeriodPageOut { data, page }, None)
}

/// Get a reporting period
///
/// By its code; one before 2023 as well, as figures from then can be reported, too.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "getReportingPeriod",
    params(("code" = String, Path, description = "Code of the period.", example = "2025-Q1")),
    responses((status = 200, description = "The period.", body = ReportingPeriodOut))
)]
#[get("/reporting-periods/{code}")]
pub async fn get_reporting_period(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Period>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.private();
    let period = over(*path.parsed()?, state.clock.today())?;
    let found = state.db.read(move |conn: &mut Conn| store::find_period(conn, period)).await?;
    view.respond(&req, found.version, &ReportingPeriodOut::from(found), None)
}

/// Lock a reporting period, or open it again
///
/// By the secretariat; a merge patch (RFC 7396). `If-Match` is required. A change that changes nothing leaves the version as
/// it is.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "updateReportingPeriod",
    params(("code" = String, Path, description = "Code of the period.", example = "2025-Q1")),
    request_body(content(
        (ReportingPeriodPatch = "application/merge-patch+json"), (ReportingPeriodPatch = "application/json")
    )),
    security(("token" = ["periods:write"])),
    responses((status = 200, description = "The period.", body = ReportingPeriodOut))
)]
#[patch("/reporting-periods/{code}")]
pub async fn update_reporting_period(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Period>,
    body: Body<PeriodsWrite, ReportingPeriodPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let period = over(*path.parsed()?, tx.today())?;
        let wanted = body.content?;
        // Two who touch the same period take turns, also where there is no row yet, and so do who reports for it.
        tx.take_turns(Turn::Periods)?;
        let before = store::find_period(tx.conn, period)?;
        precondition.check(before.version)?;
        let after = store::set_period(tx, &before, wanted.onto(&before)?)?;
        Written::changed(after.version, &ReportingPeriodOut::from(after))
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// A period, if it is over on a day.
fn over(period: Period, today: NaiveDate) -> Result<Period, Problem> {
    (period.last_day() < today).then_some(period).ok_or_else(Problem::not_found)
}
