//! The operations on consultations and contributions. A consultation is published with its programme; for who does not see
//! a draft it is not there.

mod answers;
mod contributions;
mod receipts;
mod write;

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

pub use self::{
    answers::{decide_contribution, moderate_contribution},
    contributions::{create_contribution, get_contribution, list_contributions},
    receipts::{erase_contribution_contact, get_contribution_status},
    write::{create_consultation, delete_consultation, update_consultation},
};
use super::{
    dto::{ConsultationOut, ConsultationPageOut, ConsultationQuery, ConsultationViewQuery},
    rules::{Consultation, SortKey},
    store,
};
use crate::{
    action_programs::{admit, as_published, with_drafts},
    auth::{principal::Caller, roles::ProgramsDraft},
    db::{Conn, StoreError},
    kernel::{id::Identifier, paging::Found},
    publishing::{Listed, NoFrame, listed, of_one_state, presented, with_document},
    state::AppState,
    web::{path::Segment, problem::Problem, query::Query, representation::View},
};

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "consultations";

/// List consultations
///
/// On all published programmes. Those that are `online` take contributions from everybody while they are open. Where
/// `provenance` is `illustrative`, the consultation is invented for demonstration.
#[utoipa::path(
    tag = "consultations",
    operation_id = "listConsultations",
    params(ConsultationQuery),
    responses((status = 200, description = "A page of consultations.", content(
        (ConsultationPageOut = "application/json"), (String = "text/csv"), (ConsultationOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/consultations")]
pub async fn list_consultations(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    Query(query): Query<ConsultationQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let (view, author, drafts) = with_drafts(view, &caller, query.publication.is_some())?;
    let (today, is_numeric) = (state.clock.today(), query.order().key == SortKey::OpensOn);
    let (listing, frame) = query.paging().of(LIST, query.filters(drafts, today), is_numeric)?;
    let read = move |conn: &mut Conn| {
        admit(author.as_ref(), conn)?;
        let found = store::list(conn, &listing)?;
        listed(conn, found, |found| ConsultationOut::of(found, Some(today)))
    };
    let writer = view.for_request(&req);
    let write = move |found: Found<Listed>| frame.written(writer, &found, &NoFrame {});
    state.db.read_then(of_one_state(read), write).await??.respond(&req)
}

/// Get a consultation
///
/// By its id, as it stands today.
#[utoipa::path(
    tag = "consultations",
    operation_id = "getConsultation",
    params(("id" = String, Path, description = "Identifier of the consultation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), ConsultationViewQuery),
    responses((status = 200, description = "The consultation.", body = ConsultationOut))
)]
#[get("/consultations/{id}")]
pub async fn get_consultation(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Caller,
    Query(query): Query<ConsultationViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let id = path.into_parsed()?;
    let read =
        move |conn: &mut Conn| seen(conn, &caller, &id)?.map(|found| with_document(conn, &id, found)).transpose();
    let (found, document) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    let today = state.clock.today();
    let view = as_published(view, found.is_public);
    view.respond_json(&req, found.version, presented(document, &ConsultationOut::of(found, Some(today)))?)
}

/// The consultation with an id, if the caller sees it.
fn seen(conn: &mut Conn, caller: &Caller, id: &Identifier) -> Result<Option<Consultation>, StoreError> {
    let Some(found) = store::find(conn, id)? else { return Ok(None) };
    let is_seen = found.is_public || caller.covers::<ProgramsDraft>(conn, &found.owner.id)?;
    Ok(Some(found).filter(|_| is_seen))
}
