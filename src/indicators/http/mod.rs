//! The operations on indicators, measurements and reporting periods. What is not published is seen by its member and the
//! secretariat, reports by those who review them as well; for everybody else they are not there.

mod measurements;
mod periods;
mod reports;
mod write;

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use chrono::NaiveDate;

pub use self::{
    measurements::{get_measurement, list_measurement_revisions, list_measurements},
    periods::{get_reporting_period, list_reporting_periods, update_reporting_period},
    reports::{create_measurement, delete_measurement, review_measurement, update_measurement},
    write::{create_indicator, delete_indicator, update_indicator},
};
use super::{
    dto::{
        ChartQuery, IndicatorOut, IndicatorPageOut, IndicatorQuery, IndicatorStandingOut, IndicatorViewQuery,
        SeriesOut, SeriesPointOut, SeriesQuery,
    },
    rules::{Address, Chart, Definition, Indicator, Measurement, Point, RULE, ValueAxis, reference, svg},
    store,
};
use crate::{
    action_programs::{admit, as_published, with_drafts},
    auth::{principal::Caller, roles::ProgramsDraft},
    db::{Conn, StoreError, current_sequence},
    kernel::{language::Language, paging::Found},
    publishing::{Listed, NoFrame, Shown, completed, computed, overlaid, presented},
    state::AppState,
    web::{path::Segment, problem::Problem, query::Query, representation::View},
};

/// The lists' names, in cursors and of downloaded files.
const LIST: &str = "indicators";
const SERIES: &str = "series";

/// List indicators
#[utoipa::path(
    tag = "monitoring",
    operation_id = "listIndicators",
    description = RULE,
    params(IndicatorQuery),
    responses((status = 200, description = "A page of indicators.", content(
        (IndicatorPageOut = "application/json"), (String = "text/csv"), (IndicatorOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/indicators")]
pub async fn list_indicators(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    Query(query): Query<IndicatorQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let (view, author, drafts) = with_drafts(view, &caller, query.publication.is_some())?;
    let (listing, frame) = query.paging().of(LIST, query.filters(drafts), false)?;
    let (today, with_drafts) = (state.clock.today(), query.publication.is_some());
    let read = move |conn: &mut Conn| {
        admit(author.as_ref(), conn)?;
        let found = store::list(conn, &listing)?;
        completed::<IndicatorOut, _>(conn, found, with_drafts, |of| {
            computed(&IndicatorStandingOut::of(of.basis(), today))
        })
    };
    let writer = view.for_request(&req);
    let write = move |found: Found<Listed>| frame.written(writer, &found, &NoFrame {});
    state.db.read_then(read, write).await??.respond(&req)
}

/// Get an indicator
///
/// By its slug or its id, as it stands today.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "getIndicator",
    params(("id" = String, Path, description = "Slug or id of the indicator.", example = "commune-larache-openness-norms-services-fully-online"), IndicatorViewQuery),
    responses((status = 200, description = "The indicator.", body = IndicatorOut))
)]
#[get("/indicators/{id}")]
pub async fn get_indicator(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    caller: Caller,
    Query(query): Query<IndicatorViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let today = state.clock.today();
    let address = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        if let Some((version, document, of)) = store::find_document(conn, &address)? {
            let document = overlaid(document, computed(&IndicatorStandingOut::of(of.basis(), today))?)?;
            return Ok(Some(Shown { version, document, is_public: true }));
        }
        let Some(found) = seen(conn, &caller, &address)? else { return Ok(None) };
        let version = found.version;
        let document = presented(None, &IndicatorOut::of(found, Some(today)))?;
        Ok(Some(Shown { version, document, is_public: false }))
    };
    let Shown { version, document, is_public } = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    as_published(view, is_public).respond_json(&req, version, document)
}

/// Get the series of an indicator
///
/// Its approved values, period by period; where it came to be measured in another way, the series breaks.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "getIndicatorSeries",
    params(("id" = String, Path, description = "Slug or id of the indicator.", example = "commune-larache-openness-norms-services-fully-online"), SeriesQuery),
    responses((status = 200, description = "The values.", content(
        (SeriesOut = "application/json"), (String = "text/csv"), (SeriesPointOut = "application/x-ndjson")
    )))
)]
#[get("/indicators/{id}/series")]
pub async fn get_indicator_series(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    caller: Caller,
    Query(query): Query<SeriesQuery>,
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map(|lang| lang.0);
    let view = View::of_list::<_, SeriesPointOut>(&req, SERIES, language, query.format, None)?;
    let address = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let Some((found, measured)) = measured(conn, &caller, &address)? else { return Ok(None) };
        // A definition that no value was measured by is nobody's concern.
        let is_used = |version: i64| {
            let mut by = measured.iter().filter_map(|found| found.approved.as_ref());
            version == found.definition_version || by.any(|approved| approved.content.definition_version == version)
        };
        let mut definitions = store::definitions(conn, &found.id)?;
        definitions.retain(|(version, ..)| is_used(*version));
        Ok(Some((found, definitions, measured, current_sequence(conn)?)))
    };
    let (found, definitions, measured, sequence) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let view = as_published(view, found.is_public());
    view.respond(&req, sequence, &SeriesOut::of(found, definitions, measured, sequence), None)
}

/// Get the chart of an indicator
///
/// Its series as a picture (SVG) with a title and a description in words; from right to left in Arabic.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "getIndicatorChart",
    params(("id" = String, Path, description = "Slug or id of the indicator.", example = "commune-larache-openness-norms-services-fully-online"), ChartQuery),
    responses((status = 200, description = "The picture.", content((String = "image/svg+xml"))))
)]
#[get("/indicators/{id}/chart.svg")]
pub async fn get_indicator_chart(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    caller: Caller,
    Query(query): Query<ChartQuery>,
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map_or(Language::Fr, |lang| lang.0);
    let width = query.width.map_or(640, |width| width.0.0);
    let address = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let Some((found, measured)) = measured(conn, &caller, &address)? else { return Ok(None) };
        let definitions = store::definitions(conn, &found.id)?;
        Ok(Some((found, definitions, measured, current_sequence(conn)?)))
    };
    let (found, definitions, measured, sequence) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let picture = drawn(&found, (&definitions, &measured), (language, width)).map_err(Problem::internal)?;
    let view = View::of_file("image/svg+xml");
    Ok(view.picture(&req, (sequence, found.is_public()), picture))
}

/// The chart of an indicator: its values that were measured in the unit of now, as the same kind of figure.
fn drawn(
    found: &Indicator,
    (definitions, measured): (&[(i64, NaiveDate, Definition)], &[Measurement]),
    (language, width): (Language, u32),
) -> Result<String, StoreError> {
    let catalogue = reference().map_err(StoreError::corrupt)?;
    let definition = &found.facts.definition;
    let unit = catalogue.unit(&definition.unit).map(|unit| unit.label.read(language)).unwrap_or_default();
    let axis = definition.measure(catalogue).map_or(ValueAxis::Open, |measure| ValueAxis::of(&measure));
    let is_like = |version: i64| {
        let of = definitions.iter().find(|(known, ..)| *known == version);
        of.is_none_or(|(.., of)| of.is_drawn_like(definition))
    };
    let point = |found: &Measurement| {
        let content = &found.approved.as_ref()?.content;
        if !is_like(content.definition_version) {
            return None;
        }
        Some(Point { period: found.period, value: content.value, definition: content.definition_version })
    };
    let points: Vec<Point> = measured.iter().filter_map(point).collect();
    Ok(svg(&Chart {
        language,
        width,
        title: definition.title.read(language),
        unit,
        axis,
        frequency: definition.frequency,
        others: measured.len() - points.len(),
        points: &points,
        baseline: found.facts.baseline,
        targets: &found.facts.targets,
    }))
}

/// The indicator at an address, if the caller sees it.
fn seen(conn: &mut Conn, caller: &Caller, address: &Address) -> Result<Option<Indicator>, StoreError> {
    let Some(found) = store::find(conn, address)? else { return Ok(None) };
    let member = found.place.member_id().unwrap_or_default();
    let is_seen = found.is_public() || caller.covers::<ProgramsDraft>(conn, member)?;
    Ok(Some(found).filter(|_| is_seen))
}

/// The same with its approved measurements.
fn measured(
    conn: &mut Conn,
    caller: &Caller,
    address: &Address,
) -> Result<Option<(Indicator, Vec<Measurement>)>, StoreError> {
    let Some(found) = seen(conn, caller, address)? else { return Ok(None) };
    let measured = store::series(conn, &found.id)?;
    Ok(Some((found, measured)))
}
