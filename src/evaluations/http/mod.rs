//! The operations on evaluations. As whom somebody speaks follows from the account; what is not published is seen by who
//! has said it, and for everybody else it is not there.

mod voice;
mod write;

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

pub use self::{
    voice::{admitted, another_voice, author, is_own, speaking},
    write::{create_evaluation, delete_evaluation, update_evaluation},
};
use super::{
    dto::{EvaluationOut, EvaluationPageOut, EvaluationQuery, EvaluationViewQuery, EvaluationsBeside, SideBySideOut},
    rules::Said,
    store,
};
use crate::{
    action_programs::{self, Program, ProgramAddress, Publication},
    auth::{
        principal::Caller,
        roles::{EvaluationsWrite, ProgramsDraft},
    },
    db::{Conn, StoreError},
    kernel::{id::Identifier, paging::Found},
    publishing::{Listed, listed, of_one_state, presented, with_document},
    state::AppState,
    web::{
        path::{Segment, Segments},
        problem::Problem,
        query::Query,
        representation::View,
    },
};

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "evaluations";

/// List a programme's evaluations
///
/// Those that are published, of all voices; with a token that may write them and `publication` one's own drafts, too. In
/// JSON, `side_by_side` has what each voice says of the same.
#[utoipa::path(
    tag = "evaluations",
    operation_id = "listEvaluations",
    params(("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1"), EvaluationQuery),
    responses((status = 200, description = "A page of evaluations.", content(
        (EvaluationPageOut = "application/json"), (String = "text/csv"), (EvaluationOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/action-programs/{id}/evaluations")]
pub async fn list_evaluations(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<ProgramAddress>,
    caller: Caller,
    Query(query): Query<EvaluationQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let reader = query.publication.map(|_| caller.require::<EvaluationsWrite>().cloned()).transpose()?;
    let is_private = reader.is_some();
    let address = path.into_parsed()?;
    let (listing, frame) = query.paging().of(LIST, query.filters(address.to_string()), false)?;
    let read = move |conn: &mut Conn| {
        let Some(program) = program_seen(conn, &caller, &address)? else { return Ok(None) };
        let author = match &reader {
            Some(reader) => admitted::<EvaluationsWrite>(conn, reader, &program.owner.id)?,
            None => None,
        };
        let found = store::list(conn, &program.id, author.as_ref(), &listing)?;
        let found = listed(conn, found, EvaluationOut::from)?;
        let said = store::said(conn, &program.id)?;
        Ok(Some((program, found, said)))
    };
    let (program, found, said): (Program, Found<Listed>, Vec<Said>) =
        state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    let view = if is_private || !program.is_public() { view.private() } else { view };
    let side_by_side = SideBySideOut::of(&program.address(), said);
    frame.written(view.for_request(&req), &found, &EvaluationsBeside { side_by_side })?.respond(&req)
}

/// Get an evaluation
///
/// One of a programme's, by its id.
#[utoipa::path(
    tag = "evaluations",
    operation_id = "getEvaluation",
    params(
        ("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1"),
        ("evaluation_id" = String, Path, description = "Identifier of the evaluation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        EvaluationViewQuery
    ),
    responses((status = 200, description = "The evaluation.", body = EvaluationOut))
)]
#[get("/action-programs/{id}/evaluations/{evaluation_id}")]
pub async fn get_evaluation(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<ProgramAddress, Identifier>,
    caller: Caller,
    Query(query): Query<EvaluationViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let (address, id) = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let Some(program) = program_seen(conn, &caller, &address)? else { return Ok(None) };
        let Some(found) = store::find(conn, &program.id, &id)? else { return Ok(None) };
        let is_seen = found.publication == Publication::Published
            || is_own::<EvaluationsWrite>(conn, &caller, &program.owner.id, &found.author)?;
        if is_seen { with_document(conn, &id, found).map(Some) } else { Ok(None) }
    };
    let (found, document) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    let view = if found.is_public() { view } else { view.private() };
    view.respond_json(&req, found.version, presented(document, &EvaluationOut::from(found))?)
}

/// The programme at an address, if the caller sees it.
fn program_seen(conn: &mut Conn, caller: &Caller, address: &ProgramAddress) -> Result<Option<Program>, StoreError> {
    let Some(program) = action_programs::find(conn, address)? else { return Ok(None) };
    let is_seen = program.is_public() || caller.covers::<ProgramsDraft>(conn, &program.owner.id)?;
    Ok(Some(program).filter(|_| is_seen))
}
