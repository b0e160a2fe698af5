//! The operations that read measurements.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

use super::super::{
    dto::{MeasurementOut, MeasurementPageOut, MeasurementQuery, MeasurementViewQuery, RevisionOut, RevisionPageOut},
    rules::{Measurement, Readable, State},
    store,
};
use crate::{
    action_programs::{Drafts, admit, as_published, with_drafts_of},
    auth::{
        self,
        principal::{Caller, Principal},
        roles::{MeasurementsReport, MeasurementsReview, Role},
    },
    db::{Author as _, Conn, StoreError, snapshot},
    kernel::{codes::Flag, id::Identifier, paging::Found},
    publishing::{Listed, NoFrame, Shown, completed, listed, presented, with_document},
    state::AppState,
    web::{
        page::PageOut,
        path::Segment,
        problem::{NOT_YOUR_MEMBER, Problem},
        query::{NoParameters, Query},
        representation::View,
    },
};

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "measurements";

/// List measurements
///
/// Those that were approved. Who reports sees its own reports by `state`, the secretariat all of them, and an evaluator those
/// of the members that were assigned, when they are handed in.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "listMeasurements",
    params(MeasurementQuery),
    responses((status = 200, description = "A page of measurements.", content(
        (MeasurementPageOut = "application/json"), (String = "text/csv"), (MeasurementOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/measurements")]
pub async fn list_measurements(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    Query(query): Query<MeasurementQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let with_reports = query.state.is_some();
    let (view, author, readable) = readable(view, &caller, with_reports)?;
    let (listing, frame) = query.paging().of(LIST, query.filters(readable), false)?;
    let read = move |conn: &mut Conn| {
        admit(author.as_ref(), conn)?;
        if with_reports {
            return snapshot(conn, |conn| {
                let found = store::list_reports(conn, &listing)?;
                listed(conn, found, |found| MeasurementOut::of(found, true))
            });
        }
        let found = store::list_measurements(conn, &listing)?;
        completed::<MeasurementOut, ()>(conn, found, false, |()| Ok(None))
    };
    let writer = view.for_request(&req);
    let write = move |found: Found<Listed>| frame.written(writer, &found, &NoFrame {});
    state.db.read_then(read, write).await??.respond(&req)
}

/// Get a measurement
///
/// By its id: what was approved, which reads the same for all; with `report=true` the report, too, for who may see it.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "getMeasurement",
    params(("id" = String, Path, description = "Identifier of the measurement.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), MeasurementViewQuery),
    responses((status = 200, description = "The measurement.", body = MeasurementOut))
)]
#[get("/measurements/{id}")]
pub async fn get_measurement(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Caller,
    Query(query): Query<MeasurementViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let with_report = query.report.is_some_and(|report| report.0 == Flag::True);
    if with_report && caller.require::<MeasurementsReview>().is_err() {
        caller.require::<MeasurementsReport>()?;
    }
    let id = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        if let Some((version, document)) = store::find_measurement_document(conn, &id)?.filter(|_| !with_report) {
            return Ok(Some(Shown { version, document, is_public: true }));
        }
        snapshot(conn, |conn| reported(conn, &caller, &id, with_report))
    };
    let Shown { version, document, is_public } = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    if with_report && is_public {
        return Err(Problem::new(&NOT_YOUR_MEMBER, "The report is another member's; what was approved is public."));
    }
    as_published(view, is_public).respond_json(&req, version, document)
}

/// List the revisions of a measurement
///
/// What was approved before and has been corrected since: the former values, with when, by which role and why.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "listMeasurementRevisions",
    params(("id" = String, Path, description = "Identifier of the measurement.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    responses((status = 200, description = "The former values.", body = RevisionPageOut))
)]
#[get("/measurements/{id}/revisions")]
pub async fn list_measurement_revisions(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Caller,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?;
    let id = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let Some((found, reports)) = seen(conn, &caller, &id, false)? else { return Ok(None) };
        let revisions = store::revisions(conn, &found.id)?;
        Ok(Some((found.version, reports, revisions)))
    };
    let (version, reports, revisions) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let view = as_published(view, !reports);
    let data: Vec<RevisionOut> = revisions.into_iter().map(RevisionOut::from).collect();
    let page = PageOut::whole(data.len());
    view.respond(&req, version, &RevisionPageOut { data, page }, None)
}

/// The view of a list, for whom its reports are wanted, and whose the caller sees. Without `wanted` nobody is asked.
fn readable(view: View, caller: &Caller, wanted: bool) -> Result<(View, Option<Principal>, Readable), Problem> {
    let evaluator = caller.0.as_ref().filter(|principal| principal.claims().role == Role::Evaluator);
    if let Some(evaluator) = evaluator.filter(|_| wanted) {
        let readable = Readable::Assigned(evaluator.claims().sub.clone());
        return Ok((view.private(), Some(evaluator.clone()), readable));
    }
    let (view, author, drafts) = with_drafts_of::<MeasurementsReport>(view, caller, wanted)?;
    let readable = match drafts {
        Drafts::None => Readable::None,
        Drafts::All => Readable::All,
        Drafts::Of(member) => Readable::Of(member),
    };
    Ok((view, author, readable))
}

/// The measurement with an id, if the caller sees it, and whether its report is shown.
fn seen(
    conn: &mut Conn,
    caller: &Caller,
    id: &Identifier,
    with_report: bool,
) -> Result<Option<(Measurement, bool)>, StoreError> {
    let Some(found) = store::find_measurement(conn, id)? else { return Ok(None) };
    // What is published reads the same for all, unless more is asked for.
    if found.is_public() && !with_report {
        return Ok(Some((found, false)));
    }
    let reports = sees_report(conn, caller, &found)?;
    let is_there = found.is_public() || reports;
    Ok(Some((found, reports)).filter(|_| is_there))
}

/// The measurement with an id as the caller reads it, with the report where it is wanted or there is nothing else to see.
fn reported(conn: &mut Conn, caller: &Caller, id: &Identifier, with_report: bool) -> Result<Option<Shown>, StoreError> {
    let Some((found, reports)) = seen(conn, caller, id, with_report)? else { return Ok(None) };
    let version = if reports { found.report_version } else { found.version };
    let (out, document) = with_document(conn, id, MeasurementOut::of(found, reports))?;
    Ok(Some(Shown { version, document: presented(document, &out)?, is_public: !reports }))
}

/// Whether the caller reports or reviews a measurement.
fn sees_report(conn: &mut Conn, caller: &Caller, found: &Measurement) -> Result<bool, StoreError> {
    let member = found.member.as_ref().map(|member| member.id.as_str()).unwrap_or_default();
    if caller.covers::<MeasurementsReport>(conn, member)? {
        return Ok(true);
    }
    let Some(principal) = caller.0.as_ref().filter(|principal| principal.claims().role == Role::Evaluator) else {
        return Ok(false);
    };
    principal.admit(conn)?;
    // Who reviews sees what is handed in, of what everybody sees.
    Ok(found.of_public
        && found.state != State::Draft
        && auth::store::is_assigned(conn, &principal.claims().sub, member)?)
}
