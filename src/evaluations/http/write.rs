//! The operations that change evaluations.

use actix_web::{HttpRequest, HttpResponse, delete, patch, post, web::Data};

use super::{
    super::{
        dto::{EvaluationIn, EvaluationOut, EvaluationPatch},
        rules::{Author, Evaluation, Subject, check_stage, refuse_project},
        store,
    },
    another_voice, author, speaking,
};
use crate::{
    action_programs::{self, Program, ProgramAddress, Publication},
    auth::{
        principal::{Body, Principal, Require},
        roles::{EvaluationsWrite, ProgramsDraft},
    },
    db::{Conn, StoreError, Tx, WriteError},
    kernel::{id::Identifier, violation::Violations},
    publishing::changed,
    state::AppState,
    web::{
        idempotency::Once,
        path::{Segment, Segments},
        precondition::Precondition,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// Add an evaluation
///
/// Of a programme, or of one of its projects. The voice follows from the account: a focal point speaks as the member
/// itself, an evaluator as the organisation that has been assigned the member, the secretariat as itself. A voice says
/// the same once; a second time is a 409 that names the first. What it is too early for is a 409 with the stage.
#[utoipa::path(
    tag = "evaluations",
    operation_id = "createEvaluation",
    params(("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1")),
    request_body = EvaluationIn,
    security(("token" = ["evaluations:write"])),
    responses((status = 201, description = "The evaluation.", body = EvaluationOut), (status = 409))
)]
#[post("/action-programs/{id}/evaluations")]
pub async fn create_evaluation(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<ProgramAddress>,
    body: Body<EvaluationsWrite, EvaluationIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createEvaluation", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let program = seen(tx, path.parsed()?, &body.principal)?;
        let author = speaking::<EvaluationsWrite>(tx.conn, &body.principal, (&program.owner.id, &program.owner.slug))?;
        once.answer(tx, |tx| created(tx, &program, author, body.content?))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change an evaluation
///
/// A merge patch (RFC 7396), by who has said it. `If-Match` is required. A change that changes nothing leaves the version as
/// it is.
#[utoipa::path(
    tag = "evaluations",
    operation_id = "updateEvaluation",
    params(
        ("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1"),
        ("evaluation_id" = String, Path, description = "Identifier of the evaluation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    request_body(content(
        (EvaluationPatch = "application/merge-patch+json"), (EvaluationPatch = "application/json")
    )),
    security(("token" = ["evaluations:write"])),
    responses((status = 200, description = "The evaluation.", body = EvaluationOut), (status = 409))
)]
#[patch("/action-programs/{id}/evaluations/{evaluation_id}")]
pub async fn update_evaluation(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<ProgramAddress, Identifier>,
    body: Body<EvaluationsWrite, EvaluationPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let (program, before) = own(tx, path.parsed()?, &body.principal)?;
        let wanted = body.content?;
        precondition.check(before.version)?;
        let after = patched(tx, &program, &before, wanted)?;
        changed(tx, after.version, &EvaluationOut::from(after))
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete an evaluation
///
/// By who has said it. `If-Match` is required. The feed keeps the tombstone of what was published.
#[utoipa::path(
    tag = "evaluations",
    operation_id = "deleteEvaluation",
    params(
        ("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1"),
        ("evaluation_id" = String, Path, description = "Identifier of the evaluation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    security(("token" = ["evaluations:write"])),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/action-programs/{id}/evaluations/{evaluation_id}")]
pub async fn delete_evaluation(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<ProgramAddress, Identifier>,
    caller: Require<EvaluationsWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let delete = move |tx: &mut Tx<'_>| {
        let (_, gone) = own(tx, path.parsed()?, &principal)?;
        precondition.check(gone.version)?;
        store::delete(tx, &gone)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

/// The programme at an address of a path, if it is there for the principal; nobody else changes it meanwhile.
fn seen(tx: &mut Tx<'_>, address: &ProgramAddress, principal: &Principal) -> Result<Program, Problem> {
    let program = action_programs::lock(tx, address)?.ok_or_else(Problem::not_found)?;
    let is_seen = program.is_public() || principal.covers::<ProgramsDraft>(&program.owner.id);
    Some(program).filter(|_| is_seen).ok_or_else(Problem::not_found)
}

/// The evaluation at an address of a path with its programme, if the principal may change it. Another's draft is not there.
fn own(
    tx: &mut Tx<'_>,
    (program, id): &(ProgramAddress, Identifier),
    principal: &Principal,
) -> Result<(Program, Evaluation), Problem> {
    let program = seen(tx, program, principal)?;
    let found = store::find(tx.conn, &program.id, id)?;
    let found = found.ok_or_else(Problem::not_found)?;
    let author = author::<EvaluationsWrite>(tx.conn, principal, &program.owner.id)?;
    let is_own = author.is_some_and(|author| author.is_same_as(&found.author));
    if found.publication == Publication::Draft && !is_own {
        return Err(Problem::not_found());
    }
    speaking::<EvaluationsWrite>(tx.conn, principal, (&program.owner.id, &program.owner.slug))?;
    if is_own { Ok((program, found)) } else { Err(another_voice(&found.author)) }
}

fn created(tx: &mut Tx<'_>, program: &Program, author: Author, input: EvaluationIn) -> Result<Written, Problem> {
    let publication = input.publication.unwrap_or(Publication::Draft);
    let (mut violations, subject, facts) = input.read(author.voice, tx.today());
    check_project(tx.conn, &mut violations, program, &subject)?;
    violations.done()?;
    check_stage(subject.kind, program.stage).map_err(|why| WriteError::NotNow(why.into()))?;
    let made = store::create(tx, program, (subject, author), (publication, facts))?;
    let address = made.address();
    Ok(changed(tx, made.version, &EvaluationOut::from(made))?.at(address))
}

/// Notes a project that the programme does not have.
fn check_project(
    conn: &mut Conn,
    violations: &mut Violations,
    program: &Program,
    subject: &Subject,
) -> Result<(), StoreError> {
    let Some(id) = subject.project_id.as_ref().filter(|_| !violations.has("/project_id")) else { return Ok(()) };
    if !store::has_project(conn, &program.id, id)? {
        refuse_project(violations, id);
    }
    Ok(())
}

/// Writes what a patch makes of an evaluation. What is published must fit the programme's stage; a draft may wait for it.
fn patched(
    tx: &mut Tx<'_>,
    program: &Program,
    before: &Evaluation,
    patch: EvaluationPatch,
) -> Result<Evaluation, Problem> {
    let input = patch.onto(before);
    let publication = input.publication.unwrap_or(before.publication);
    let (violations, subject, facts) = input.read(before.author.voice, tx.today());
    violations.done()?;
    if publication == Publication::Published {
        check_stage(subject.kind, program.stage).map_err(|why| WriteError::NotNow(why.into()))?;
    }
    Ok(store::update(tx, before, (publication, facts))?)
}
