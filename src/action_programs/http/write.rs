//! The operations that change programmes.

use actix_web::{HttpRequest, HttpResponse, delete, patch, post, web::Data};

use super::{
    super::{
        dto::{ProgramBeside, ProgramDetailOut, ProgramIn, ProgramOut, ProgramPatch, ProgramTransitionIn},
        rules::{Address, Owner, Program, Publication, check_axes, check_commitments, check_kept},
        store,
    },
    Surroundings, is_secretariat,
};
use crate::{
    auth::{
        principal::{Body, Principal, Require},
        roles::{Needs, ProgramsDraft, ProgramsMove, ProgramsWrite},
    },
    charter,
    db::{Conn, StoreError, Tx, WriteError},
    kernel::violation::{Violation, Violations},
    members::{self, Member, MemberAddress, Status},
    publishing::changed_beside,
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

/// Add an action programme
///
/// Of a member, in the stage `draft`. Member and cycle are its natural key; one that is there already is a 409 that names
/// it.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "createActionProgram",
    request_body = ProgramIn,
    security(("token" = ["programs:write"])),
    responses((status = 201, description = "The programme.", body = ProgramDetailOut), (status = 409))
)]
#[post("/action-programs")]
pub async fn create_program(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<ProgramsWrite, ProgramIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createActionProgram", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let input = body.content?;
        let member = locked_member(tx, &input.member)?;
        if let Some(member) = &member {
            body.principal.may_touch::<ProgramsWrite>(&member.id)?;
        }
        once.answer(tx, |tx| created(tx, member, input))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change an action programme
///
/// A merge patch (RFC 7396). `If-Match` is required. What its stage rests on can't be taken away, and a programme that is
/// closed or cancelled is not changed (409). A change that changes nothing leaves the version as it is.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "updateActionProgram",
    params(("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1")),
    request_body(content(
        (ProgramPatch = "application/merge-patch+json"), (ProgramPatch = "application/json")
    )),
    security(("token" = ["programs:write"])),
    responses((status = 200, description = "The programme.", body = ProgramDetailOut), (status = 409))
)]
#[patch("/action-programs/{id}")]
pub async fn update_program(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    body: Body<ProgramsWrite, ProgramPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let program = own::<ProgramsWrite>(tx, path.parsed()?, &body.principal)?;
        let wanted = body.content?;
        precondition.check(program.version)?;
        let program = patched(tx, &program, wanted)?;
        written(tx, program)
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete an action programme
///
/// For what was added by mistake, in the stage `draft` only; later on it is `cancelled`, and stays visible. `If-Match` is
/// required. Its projects and milestones go with it; the feed keeps tombstones of what was published.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "deleteActionProgram",
    params(("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1")),
    security(("token" = ["programs:write"])),
    responses((status = 204, description = "It is gone."), (status = 409))
)]
#[delete("/action-programs/{id}")]
pub async fn delete_program(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    caller: Require<ProgramsWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let delete = move |tx: &mut Tx<'_>| {
        let program = own::<ProgramsWrite>(tx, path.parsed()?, &principal)?;
        precondition.check(program.version)?;
        store::delete(tx, &program)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

/// Move an action programme to another stage
///
/// Forwards one stage at a time, or to `cancelled`; backwards by the secretariat only, with a reason. What stands in the
/// way is a 409 with all reasons, the same that `GET …/transitions` says. `If-Match` is honoured where it is given.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "createActionProgramTransition",
    params(("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1")),
    request_body = ProgramTransitionIn,
    security(("token" = ["programs:move"])),
    responses((status = 200, description = "The programme.", body = ProgramDetailOut), (status = 409), (status = 412))
)]
#[post("/action-programs/{id}/transitions")]
pub async fn create_program_transition(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    body: Body<ProgramsMove, ProgramTransitionIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createActionProgramTransition", &body.bytes)?;
    let step = move |tx: &mut Tx<'_>| {
        let program = own::<ProgramsMove>(tx, path.parsed()?, &body.principal)?;
        once.answer(tx, |tx| {
            let input = body.content?;
            precondition.check_given(program.version)?;
            let program = moved(tx, &program, input, &body.principal)?;
            written(tx, program)
        })
    };
    let written = state.db.write(principal, step).await?;
    Ok(written.respond(&variant))
}

/// The programme at an address of a path, if the principal may do this to it; nobody else changes it meanwhile. A draft of
/// another member is not there.
pub(super) fn own<P: Needs>(tx: &mut Tx<'_>, address: &Address, principal: &Principal) -> Result<Program, Problem> {
    let program = store::lock(tx, address)?.ok_or_else(Problem::not_found)?;
    may_write::<P>(principal, program.is_public(), &program.owner.id)?;
    Ok(program)
}

/// Whether the principal may do something to what belongs to a member's programme.
///
/// # Errors
/// 404 for what the principal does not even see, 403 when it is another member's.
pub fn may_write<P: Needs>(principal: &Principal, is_public: bool, member: &str) -> Result<(), Problem> {
    may_write_of::<ProgramsDraft, P>(principal, is_public, member)
}

/// The same of what is seen with another permission as long as it is a draft.
///
/// # Errors
/// Likewise.
pub fn may_write_of<D: Needs, P: Needs>(principal: &Principal, is_public: bool, member: &str) -> Result<(), Problem> {
    if !is_public && !principal.covers::<D>(member) {
        return Err(Problem::not_found());
    }
    principal.may_touch::<P>(member)
}

/// The programme that somebody wants to add something to, if it is there for the principal; nobody else changes it meanwhile.
///
/// # Errors
/// 403 when it is another member's, and the database's.
pub fn named(tx: &mut Tx<'_>, address: Option<&Address>, principal: &Principal) -> Result<Option<Program>, Problem> {
    let Some(address) = address else { return Ok(None) };
    let Some(program) = store::lock(tx, address)? else { return Ok(None) };
    if !program.is_public() && !principal.covers::<ProgramsDraft>(&program.owner.id) {
        return Ok(None);
    }
    principal.may_touch::<ProgramsWrite>(&program.owner.id)?;
    Ok(Some(program))
}

/// Refuses to change what belongs to a programme that is over.
///
/// # Errors
/// [`WriteError::NotNow`].
pub fn check_open(program: &Program) -> Result<(), WriteError> {
    program.stage.check_open().map_err(|why| WriteError::NotNow(why.into()))
}

/// The member with a slug, which no other transaction changes before this one ends.
///
/// # Errors
/// The database's.
pub fn locked_member(tx: &mut Tx<'_>, slug: &str) -> Result<Option<Member>, StoreError> {
    match slug.parse().map(MemberAddress::Code) {
        Ok(address) => members::lock(tx, &address),
        Err(_no_slug) => Ok(None),
    }
}

fn created(tx: &mut Tx<'_>, member: Option<Member>, input: ProgramIn) -> Result<Written, Problem> {
    let (slug, cycle, publication) = (input.member.clone(), input.cycle, input.publication);
    let (mut violations, facts) = input.read(&[], tx.today());
    if member.is_none() && !violations.has("/member") {
        violations.add("/member", "unknown_member", format!("There is no member {slug}."));
    }
    check_codes(tx.conn, &mut violations, &facts)?;
    violations.done()?;
    if member.as_ref().is_some_and(|member| member.status == Status::Withdrawn) {
        let reason = Violation::new("/member", "member_left", format!("{slug} has left the network."));
        return Err(WriteError::NotNow(reason.into()).into());
    }
    let member = member.ok_or_else(|| Problem::internal("a member that was checked is not there"))?;
    let owner = Owner { id: member.id, slug: member.slug, region_code: member.seat.region_code };
    let program = store::create(tx, owner, cycle, (publication.unwrap_or(Publication::Draft), facts))?;
    let address = program.address();
    Ok(written(tx, program)?.at(address))
}

/// Notes codes that the charter does not have.
fn check_codes(
    conn: &mut Conn,
    violations: &mut Violations,
    facts: &super::super::rules::Facts,
) -> Result<(), StoreError> {
    check_axes(violations, &facts.axes, &charter::codes(conn, "principle")?);
    check_commitments(violations, &facts.commitments, &charter::codes(conn, "commitment")?);
    Ok(())
}

/// Writes what a patch makes of a programme.
fn patched(tx: &mut Tx<'_>, before: &Program, patch: ProgramPatch) -> Result<Program, Problem> {
    check_open(before)?;
    let input = patch.onto(before);
    let publication = input.publication.unwrap_or(before.publication);
    let (mut violations, facts) = input.read(&before.facts.axes, tx.today());
    check_codes(tx.conn, &mut violations, &facts)?;
    violations.done()?;
    let after = Program { publication, facts, ..before.clone() };
    let surroundings = Surroundings::of(tx.conn, &after)?;
    check_kept(&surroundings.situation(&after), tx.today()).map_err(WriteError::NotNow)?;
    Ok(store::update(tx, before, after)?)
}

/// Writes what a move makes of a programme.
fn moved(
    tx: &mut Tx<'_>,
    before: &Program,
    input: ProgramTransitionIn,
    principal: &Principal,
) -> Result<Program, Problem> {
    let (mut violations, step) = input.read(principal.claims().role.as_str(), tx.today());
    let surroundings = Surroundings::of(tx.conn, before)?;
    let situation = surroundings.situation(before);
    for fault in step.faults(&situation, tx.today()) {
        violations.add(fault.pointer, fault.code, fault.detail);
    }
    violations.done()?;
    let taken = step.take(before, &situation, is_secretariat(principal), tx.today());
    let (after, moved) = taken.map_err(WriteError::NotNow)?;
    Ok(store::move_to(tx, before, after, &moved)?)
}

/// The answer that shows a programme that was just written.
fn written(tx: &mut Tx<'_>, program: Program) -> Result<Written, Problem> {
    let version = program.version;
    changed_beside(tx, version, (&ProgramOut::from(program), &ProgramBeside { included: None }))
}
