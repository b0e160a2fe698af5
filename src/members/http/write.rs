//! The operations that change members.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web::Data};

use super::super::{
    dto::{
        AdhesionIn, AdhesionOut, AdhesionPageOut, MemberDetailOut, MemberIn, MemberPatch, MemberTransitionIn,
        MemberTransitionOut, MemberTransitionsOut, TransitionReasonOut,
    },
    rules::{
        Address, FOCAL_POINT_PROPERTIES, History, Member, Record, Status, kept_elsewhere, obstacles, read_adhesion,
    },
    store,
};
use super::detail;
use crate::{
    auth::{
        self,
        principal::{Body, Caller, Principal, Require},
        roles::{MembersAdhere, MembersMove, MembersUpdate, MembersWrite, Needs, Role},
    },
    charter,
    db::{Conn, StoreError, Tx, WriteError, current_sequence},
    kernel::{
        id::{Identifier, Slug},
        register::Source,
        violation::{Violation, Violations},
    },
    state::AppState,
    territories,
    web::{
        idempotency::Once,
        page::PageOut,
        path::{Segment, Segments},
        precondition::Precondition,
        problem::{NOT_YOUR_PROPERTY, Problem},
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// Add a member
///
/// Kind and territory are its natural key. A member that is there already is a 409 that names it.
#[utoipa::path(
    tag = "members",
    operation_id = "createMember",
    request_body = MemberIn,
    security(("token" = ["members:write"])),
    responses((status = 201, description = "The member.", body = MemberDetailOut), (status = 409))
)]
#[post("/members")]
pub async fn create_member(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<MembersWrite, MemberIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createMember", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let input = body.content?;
        let code = input.territory();
        let seat = match &code {
            Some(code) => territories::seats(tx.conn, &[code])?.remove(code),
            None => None,
        };
        let faults = input.faults_of_seat(seat.as_ref());
        let content = input.read(faults, tx.today())?;
        let history = content.history()?;
        let record = Record { facts: content.facts, history, adhesions: Vec::new() };
        let seat = seat.ok_or_else(|| Problem::internal("a seat that was checked is not there"))?;
        let id = store::create(tx, &record, &seat)?;
        let (address, written) = published(tx, &id)?;
        Ok(written.at(address))
    };
    let written = state.db.write(principal, move |tx| once.answer(tx, create)).await?;
    Ok(written.respond(&variant))
}

/// Change a member
///
/// A merge patch (RFC 7396). `If-Match` is required. A change that changes nothing leaves the version as it is. A focal
/// point may change its own member's `website` only. A registrar changes members of its own list and of none, as its imports
/// do; a member on another list is a 409 `other_source`.
#[utoipa::path(
    tag = "members",
    operation_id = "updateMember",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache")),
    request_body(content(
        (MemberPatch = "application/merge-patch+json"), (MemberPatch = "application/json")
    )),
    security(("token" = ["members:update"])),
    responses((status = 200, description = "The member.", body = MemberDetailOut), (status = 409))
)]
#[patch("/members/{id}")]
pub async fn update_member(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    body: Body<MembersUpdate, MemberPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        if body.content.as_ref().is_ok_and(|patch| patch.external_ids.is_named()) {
            store::take_turn(tx)?;
        }
        let member = own::<MembersUpdate>(tx, path.parsed()?, &body)?;
        let wanted = body.content?;
        only_own_properties(body.principal.claims().role, &wanted)?;
        precondition.check(member.version)?;
        check_keeper(tx.conn, &body.principal, &member)?;
        let id = patched(tx, &member, wanted)?.id;
        Ok::<_, Problem>(published(tx, &id)?.1)
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete a member
///
/// For what was added by mistake; who leaves the network is `withdrawn` instead, and stays visible. `If-Match` is
/// required. The feed keeps a tombstone. A registrar deletes no member that is on another list (409 `other_source`).
#[utoipa::path(
    tag = "members",
    operation_id = "deleteMember",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache")),
    security(("token" = ["members:write"])),
    responses((status = 204, description = "It is gone."), (status = 409))
)]
#[delete("/members/{id}")]
pub async fn delete_member(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    caller: Require<MembersWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let delete = move |tx: &mut Tx<'_>| {
        let member = locked(tx, path.parsed()?)?;
        precondition.check(member.version)?;
        check_keeper(tx.conn, &principal, &member)?;
        store::delete(tx, &member)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

/// Get what a member's standing can become
///
/// For every standing, whether the caller can bring it about today, and everything that stands in the way. An import of a
/// list is refused for the same reasons; besides, every list leaves alone what is on another list, as a registrar's API does.
#[utoipa::path(
    tag = "members",
    operation_id = "listMemberTransitions",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache")),
    responses((status = 200, description = "The steps.", body = MemberTransitionsOut))
)]
#[get("/members/{id}/transitions")]
pub async fn list_member_transitions(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    Caller(caller): Caller,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.private();
    let address = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let Some(member) = store::find(conn, &address)? else { return Ok(None) };
        let others = others_of(conn, caller.as_ref(), &member)?;
        Ok(Some((member, others)))
    };
    let (member, others) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let data = Status::ALL.iter().map(|to| transition(&member, *to, &others)).collect();
    view.respond(&req, member.version, &MemberTransitionsOut { status: member.status, data }, None)
}

/// Change a member's standing
///
/// To `active`, `suspended` or `withdrawn`, by the secretariat or a registrar. What stands in the way is a 409 with all reasons,
/// the same that `GET …/transitions` says. `If-Match` is honoured where it is given.
#[utoipa::path(
    tag = "members",
    operation_id = "createMemberTransition",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache")),
    request_body = MemberTransitionIn,
    security(("token" = ["members:move"])),
    responses((status = 200, description = "The member.", body = MemberDetailOut), (status = 409), (status = 412))
)]
#[post("/members/{id}/transitions")]
pub async fn create_member_transition(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    body: Body<MembersMove, MemberTransitionIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createMemberTransition", &body.bytes)?;
    let step = move |tx: &mut Tx<'_>| {
        let member = own::<MembersMove>(tx, path.parsed()?, &body)?;
        let input = body.content?;
        precondition.check_given(member.version)?;
        let step = input.read(tx.today())?;
        check_keeper(tx.conn, &body.principal, &member)?;
        let history = store::history(tx.conn, &member.id)?;
        let (after, history) = step.take(&member, history).map_err(WriteError::NotNow)?;
        let id = store::update(tx, &member, after, Some(&history))?.id;
        Ok::<_, Problem>(published(tx, &id)?.1)
    };
    let written = state.db.write(principal, move |tx| once.answer(tx, step)).await?;
    Ok(written.respond(&variant))
}

/// Get a member's adhesion to the charter
///
/// Every version that it adheres to, with the decision. Most adhesions of the first members are not known here.
#[utoipa::path(
    tag = "members",
    operation_id = "getMemberAdhesion",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache")),
    responses((status = 200, description = "The adhesions.", body = AdhesionPageOut))
)]
#[get("/members/{id}/adhesion")]
pub async fn get_member_adhesion(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?;
    let address = path.into_parsed()?;
    let read = move |conn: &mut Conn| Ok((current_sequence(conn)?, store::find(conn, &address)?));
    let (sequence, member) = state.db.read(read).await?;
    let member = member.ok_or_else(Problem::not_found)?;
    let data: Vec<AdhesionOut> = member.adhesions.into_iter().map(AdhesionOut::from).collect();
    let page = PageOut::whole(data.len());
    view.respond(&req, sequence, &AdhesionPageOut { data, page, sequence }, None)
}

/// Note a member's adhesion to the charter
///
/// To one of its versions, with the decision. A focal point may do it for its own member. `If-Match` is honoured where it
/// is given.
#[utoipa::path(
    tag = "members",
    operation_id = "createMemberAdhesion",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache")),
    request_body = AdhesionIn,
    security(("token" = ["members:adhere"])),
    responses((status = 201, description = "The member.", body = MemberDetailOut), (status = 409), (status = 412))
)]
#[post("/members/{id}/adhesion")]
pub async fn create_member_adhesion(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    body: Body<MembersAdhere, AdhesionIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createMemberAdhesion", &body.bytes)?;
    let adhere = move |tx: &mut Tx<'_>| {
        let member = own::<MembersAdhere>(tx, path.parsed()?, &body)?;
        let input = body.content?;
        precondition.check_given(member.version)?;
        check_keeper(tx.conn, &body.principal, &member)?;
        let (violations, adhesion) = input.read(tx.today());
        let version = match adhesion.charter_version.parse() {
            Ok(code) => charter::find_version(tx.conn, &code)?,
            Err(_no_code) => None,
        };
        let adhesion = read_adhesion(violations, adhesion, version)?;
        let after = member.clone().adhering(adhesion).map_err(|already| WriteError::Taken(already.into()))?;
        let id = store::update(tx, &member, after, None)?.id;
        let (address, written) = published(tx, &id)?;
        Ok(written.at(format!("{address}/adhesion")))
    };
    let written = state.db.write(principal, move |tx| once.answer(tx, adhere)).await?;
    Ok(written.respond(&variant))
}

/// Take a member's adhesion back
///
/// For what was noted by mistake. `If-Match` names the member's version. A registrar's API leaves alone what is on another
/// registrar's list (409).
#[utoipa::path(
    tag = "members",
    operation_id = "deleteMemberAdhesion",
    params(
        ("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"),
        ("charter_version" = String, Path, description = "Code of the charter's version.", example = "1")
    ),
    security(("token" = ["members:adhere"])),
    responses((status = 200, description = "The member.", body = MemberDetailOut), (status = 409))
)]
#[delete("/members/{id}/adhesion/{charter_version}")]
pub async fn delete_member_adhesion(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Address, Slug>,
    caller: Require<MembersAdhere>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let take_back = move |tx: &mut Tx<'_>| {
        let (address, version) = path.parsed()?;
        let member = locked(tx, address)?;
        principal.may_touch::<MembersAdhere>(&member.id)?;
        let mut after = member.clone();
        after.adhesions.retain(|adhesion| adhesion.charter_version != version.as_str());
        if after.adhesions.len() == member.adhesions.len() {
            return Err(Problem::not_found());
        }
        precondition.check(member.version)?;
        check_keeper(tx.conn, &principal, &member)?;
        let id = store::update(tx, &member, after, None)?.id;
        Ok::<_, Problem>(published(tx, &id)?.1)
    };
    let written = state.db.write(caller.principal, take_back).await?;
    Ok(written.respond(&variant))
}

/// The member at an address of a path, which nobody else changes meanwhile.
fn locked(tx: &mut Tx<'_>, address: &Address) -> Result<Member, Problem> {
    store::lock(tx, address)?.ok_or_else(Problem::not_found)
}

/// The same, if the principal may do this to it.
fn own<P: Needs>(tx: &mut Tx<'_>, address: &Address, body: &Body<P, impl Sized>) -> Result<Member, Problem> {
    let member = locked(tx, address)?;
    body.principal.may_touch::<P>(&member.id)?;
    Ok(member)
}

/// The source of the lists that somebody keeps whose role it is to keep one; nothing for the others.
fn source_of(conn: &mut Conn, principal: &Principal) -> Result<Option<Source>, StoreError> {
    let claims = principal.claims();
    if claims.role == Role::Registrar { auth::store::source(conn, claims).map(Some) } else { Ok(None) }
}

/// Refuses to a registrar what is on another list, as an import of its own list is refused it.
fn check_keeper(conn: &mut Conn, principal: &Principal, member: &Member) -> Result<(), Problem> {
    let why = source_of(conn, principal)?.and_then(|source| kept_elsewhere(member, &source));
    why.map_or(Ok(()), |why| Err(WriteError::NotNow(why.into()).into()))
}

/// What keeps somebody from moving a member's standing, whichever it shall be: the role, or another's list.
fn others_of(conn: &mut Conn, caller: Option<&Principal>, member: &Member) -> Result<Vec<Violation>, StoreError> {
    let permission = MembersMove::PERMISSION;
    let Some(caller) = caller.filter(|caller| permission.is_given_to(caller.claims().role)) else {
        let detail = format!("This takes the role {}.", permission.roles());
        return Ok(vec![Violation::new("", "role", detail)]);
    };
    Ok(source_of(conn, caller)?.and_then(|source| kept_elsewhere(member, &source)).into_iter().collect())
}

/// The address of a member that was just written, and the answer that shows it.
fn published(tx: &mut Tx<'_>, id: &Identifier) -> Result<(String, Written), Problem> {
    let (slug, version) = store::slug_and_version(tx.conn, id)?;
    tx.publish()?;
    let written = tx.document(id).map(str::to_owned);
    // A member that nothing has changed is read as it was.
    let document = match written {
        Some(document) => document,
        None => store::document(tx.conn, id)?,
    };
    Ok((format!("/api/v1/members/{slug}"), Written::changed_json(version, detail(&document, None)?)?))
}

/// Refuses properties that a role may not change although it may change others.
fn only_own_properties(role: Role, patch: &MemberPatch) -> Result<(), Problem> {
    let mut violations = Violations::default();
    let foreign = patch.named().into_iter().filter(|name| !FOCAL_POINT_PROPERTIES.contains(name));
    for name in foreign.filter(|_| role == Role::FocalPoint) {
        let detail = format!("{name} is for the secretariat and the registrar to say.");
        violations.add(format!("/{name}"), NOT_YOUR_PROPERTY.code, detail);
    }
    violations.done().map_err(|violations| Problem::violations(&NOT_YOUR_PROPERTY, violations))
}

/// Writes what a patch makes of a member.
fn patched(tx: &mut Tx<'_>, member: &Member, patch: MemberPatch) -> Result<Member, Problem> {
    let redates = patch.joined_on.is_named() || patch.joined_on_precision.is_named();
    let content = patch.onto(member).read(Violations::default(), tx.today())?;
    let mut after = Member { facts: content.facts, ..member.clone() };
    let mut history: Option<History> = None;
    if redates {
        let corrected = store::history(tx.conn, &member.id)?.redated(content.joined_on).map_err(|why| {
            Violations::from(Violation::new("/joined_on", "no_history", format!("The history then {why}.")))
        })?;
        after = after.standing(&corrected);
        history = Some(corrected);
    }
    Ok(store::update(tx, member, after, history.as_ref())?)
}

/// Whether somebody can bring a standing about whom the others of the reasons keep from all of them.
fn transition(member: &Member, to: Status, others: &[Violation]) -> MemberTransitionOut {
    let reasons = obstacles(member, to).into_iter().chain(others.iter().cloned());
    let reasons: Vec<TransitionReasonOut> = reasons.map(TransitionReasonOut::from).collect();
    MemberTransitionOut { to, allowed: reasons.is_empty(), reasons }
}
