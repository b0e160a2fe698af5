//! The operations on assessments and their scale. As whom somebody speaks follows from the account; what is not published is
//! seen by who has said it, and for everybody else it is not there.

mod write;

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

pub use self::write::{create_assessment, delete_assessment, update_assessment};
use super::{
    dto::{
        AssessmentOut, AssessmentPageOut, AssessmentQuery, AssessmentScaleOut, AssessmentViewQuery,
        MemberAssessmentQuery,
    },
    rules::Reader,
    scale, store,
};
use crate::{
    auth::{
        principal::{Caller, Principal},
        roles::AssessmentsWrite,
    },
    db::{Conn, StoreError},
    evaluations::{admitted, is_own},
    kernel::id::Identifier,
    members::{self, MemberAddress},
    publishing::{NoFrame, listed, of_one_state, presented, with_document},
    state::AppState,
    web::{
        path::{Segment, Segments},
        problem::Problem,
        query::Query,
        representation::View,
    },
};

/// The lists' names, in cursors and of downloaded files.
const LIST: &str = "assessments";
const OF_MEMBER: &str = "member-assessments";

/// The version of the scale: it comes with the program, and its words tell one from another.
const SCALE_VERSION: i64 = 1;

/// Get the scale of the assessments
///
/// The five levels on which it is assessed how members keep the charter's commitments, in words.
#[utoipa::path(
    tag = "assessments",
    operation_id = "getAssessmentScale",
    params(AssessmentViewQuery),
    responses((status = 200, description = "The scale.", body = AssessmentScaleOut))
)]
#[get("/charter/assessment-scale")]
pub async fn get_assessment_scale(
    req: HttpRequest,
    Query(query): Query<AssessmentViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let levels = scale()?.into_levels();
    view.respond(&req, SCALE_VERSION, &AssessmentScaleOut { levels }, None)
}

/// List assessments
///
/// Those that are published, of all members, years and voices; with a token that may write them and `publication` one's own
/// drafts, too. Levels of different commitments, years or voices are not to be averaged: they say different things.
#[utoipa::path(
    tag = "assessments",
    operation_id = "listAssessments",
    params(AssessmentQuery),
    responses((status = 200, description = "A page of assessments.", content(
        (AssessmentPageOut = "application/json"), (String = "text/csv"), (AssessmentOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/assessments")]
pub async fn list_assessments(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    Query(query): Query<AssessmentQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let principal = query.publication.map(|_| caller.require::<AssessmentsWrite>().cloned()).transpose()?;
    let view = if principal.is_some() { view.private() } else { view };
    let (listing, frame) = query.paging().of(LIST, query.filters(), false)?;
    let read = move |conn: &mut Conn| {
        let reader = reader(conn, principal.as_ref())?;
        let found = store::list(conn, None, reader.as_ref(), &listing)?;
        listed(conn, found, AssessmentOut::from)
    };
    let found = state.db.read(of_one_state(read)).await?;
    frame.written(view.for_request(&req), &found, &NoFrame {})?.respond(&req)
}

/// List a member's assessments
///
/// Those that are published, of all years and voices; with a token that may write them and `publication` one's own drafts,
/// too. The latest of each voice stand side by side in the member's scorecard.
#[utoipa::path(
    tag = "assessments",
    operation_id = "listMemberAssessments",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"), MemberAssessmentQuery),
    responses((status = 200, description = "A page of assessments.", content(
        (AssessmentPageOut = "application/json"), (String = "text/csv"), (AssessmentOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/members/{id}/assessments")]
pub async fn list_member_assessments(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<MemberAddress>,
    caller: Caller,
    Query(query): Query<MemberAssessmentQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, OF_MEMBER, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let principal = query.publication.map(|_| caller.require::<AssessmentsWrite>().cloned()).transpose()?;
    let view = if principal.is_some() { view.private() } else { view };
    let address = path.into_parsed()?;
    let (listing, frame) = query.paging().of(OF_MEMBER, query.filters(address.to_string()), false)?;
    let read = move |conn: &mut Conn| {
        let reader = reader(conn, principal.as_ref())?;
        let Some(member) = members::find(conn, &address)? else { return Ok(None) };
        let found = store::list(conn, Some(&member.id), reader.as_ref(), &listing)?;
        listed(conn, found, AssessmentOut::from).map(Some)
    };
    let found = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    frame.written(view.for_request(&req), &found, &NoFrame {})?.respond(&req)
}

/// Get an assessment
///
/// One of a member's, by its id.
#[utoipa::path(
    tag = "assessments",
    operation_id = "getAssessment",
    params(
        ("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"),
        ("assessment_id" = String, Path, description = "Identifier of the assessment.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        AssessmentViewQuery
    ),
    responses((status = 200, description = "The assessment.", body = AssessmentOut))
)]
#[get("/members/{id}/assessments/{assessment_id}")]
pub async fn get_assessment(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<MemberAddress, Identifier>,
    caller: Caller,
    Query(query): Query<AssessmentViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let (address, id) = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let Some(member) = members::find(conn, &address)? else { return Ok(None) };
        let Some(found) = store::find(conn, &member.id, &id)? else { return Ok(None) };
        let is_seen = found.is_public() || is_own::<AssessmentsWrite>(conn, &caller, &member.id, &found.author)?;
        if is_seen { with_document(conn, &id, found).map(Some) } else { Ok(None) }
    };
    let (found, document) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    let view = if found.is_public() { view } else { view.private() };
    view.respond_json(&req, found.version, presented(document, &AssessmentOut::from(found))?)
}

/// Whose drafts a principal sees, whose account is asked for it; nobody's where nobody asks.
fn reader(conn: &mut Conn, principal: Option<&Principal>) -> Result<Option<Reader>, StoreError> {
    let Some(principal) = principal else { return Ok(None) };
    let member_id = principal.claims().member.clone();
    let author = admitted::<AssessmentsWrite>(conn, principal, member_id.as_deref().unwrap_or_default())?;
    let member_id = member_id.and_then(|id| id.parse().ok());
    Ok(author.map(|author| Reader { author, member_id }))
}
