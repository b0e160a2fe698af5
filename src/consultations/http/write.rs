//! The operations that change consultations.

use actix_web::{HttpRequest, HttpResponse, delete, patch, post, web::Data};

use super::super::{
    dto::{ConsultationIn, ConsultationOut, ConsultationPatch},
    rules::Consultation,
    store,
};
use crate::{
    action_programs::{self, Program, ProgramAddress, check_open, may_write, named},
    auth::{
        principal::{Body, Principal, Require},
        roles::ProgramsWrite,
    },
    db::Tx,
    kernel::id::Identifier,
    publishing::changed,
    state::AppState,
    web::{
        idempotency::Once,
        path::Segment,
        precondition::Precondition,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// Add a consultation
///
/// To a programme that is not over. It is published with the programme.
#[utoipa::path(
    tag = "consultations",
    operation_id = "createConsultation",
    request_body = ConsultationIn,
    security(("token" = ["programs:write"])),
    responses((status = 201, description = "The consultation.", body = ConsultationOut), (status = 409))
)]
#[post("/consultations")]
pub async fn create_consultation(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<ProgramsWrite, ConsultationIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createConsultation", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let input = body.content?;
        let program = named(tx, input.program.named(), &body.principal)?;
        once.answer(tx, |tx| created(tx, program.as_ref(), input))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change a consultation
///
/// A merge patch (RFC 7396). `If-Match` is required. Nothing is changed in a programme that is over (409). A change that
/// changes nothing leaves the version as it is.
#[utoipa::path(
    tag = "consultations",
    operation_id = "updateConsultation",
    params(("id" = String, Path, description = "Identifier of the consultation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body(content(
        (ConsultationPatch = "application/merge-patch+json"), (ConsultationPatch = "application/json")
    )),
    security(("token" = ["programs:write"])),
    responses((status = 200, description = "The consultation.", body = ConsultationOut), (status = 409))
)]
#[patch("/consultations/{id}")]
pub async fn update_consultation(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<ProgramsWrite, ConsultationPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let (program, before) = own(tx, path.parsed()?, &body.principal)?;
        let wanted = body.content?;
        precondition.check(before.version)?;
        check_open(&program)?;
        let (violations, facts) = wanted.onto(&before).read(tx.today());
        violations.done()?;
        let after = store::update(tx, &before, facts)?;
        let (version, out) = (after.version, ConsultationOut::of(after, Some(tx.today())));
        changed(tx, version, &out)
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete a consultation
///
/// `If-Match` is required. One that contributions were sent to stays (409). The feed keeps the tombstone of what was
/// published.
#[utoipa::path(
    tag = "consultations",
    operation_id = "deleteConsultation",
    params(("id" = String, Path, description = "Identifier of the consultation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["programs:write"])),
    responses((status = 204, description = "It is gone."), (status = 409))
)]
#[delete("/consultations/{id}")]
pub async fn delete_consultation(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<ProgramsWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let delete = move |tx: &mut Tx<'_>| {
        let (program, gone) = own(tx, path.parsed()?, &principal)?;
        precondition.check(gone.version)?;
        check_open(&program)?;
        store::delete(tx, &gone)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

/// The consultation with an id and its programme, if the principal may write them; nobody else changes them meanwhile.
fn own(tx: &mut Tx<'_>, id: &Identifier, principal: &Principal) -> Result<(Program, Consultation), Problem> {
    let found = store::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    may_write::<ProgramsWrite>(principal, found.is_public, &found.owner.id)?;
    let program = action_programs::find(tx.conn, &ProgramAddress::Id(found.program_id.clone()))?;
    Ok((program.ok_or_else(Problem::not_found)?, found))
}

fn created(tx: &mut Tx<'_>, program: Option<&Program>, input: ConsultationIn) -> Result<Written, Problem> {
    let named = input.program.shown().to_owned();
    let (mut violations, facts) = input.read(tx.today());
    if program.is_none() {
        violations.add("/program", "unknown_program", format!("There is no programme {named}."));
    }
    violations.done()?;
    let program = program.ok_or_else(|| Problem::internal("a programme that was checked is not there"))?;
    check_open(program)?;
    let made = store::create(tx, program, facts)?;
    let (address, version, out) = (made.address(), made.version, ConsultationOut::of(made, Some(tx.today())));
    Ok(changed(tx, version, &out)?.at(address))
}
