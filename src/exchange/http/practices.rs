//! The operations on practices.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web::Data};

use super::{
    super::{
        dto::{PracticeIn, PracticeOut, PracticePageOut, PracticePatch, PracticeQuery, SharedViewQuery},
        rules::{Party, Practice, PracticeFacts},
        store,
    },
    check_place, own, seen,
};
use crate::{
    action_programs::{Publication, admit, as_published, check_codes, locked_member, with_drafts_of},
    auth::{
        principal::{Body, Caller, Require},
        roles::{ExchangeDraft, ExchangeWrite},
    },
    charter,
    db::{Conn, StoreError, Tx},
    kernel::{id::Identifier, paging::Found, text::shown, violation::Violations},
    members::{self, Member, MemberAddress},
    publishing::{Listed, NoFrame, changed, listed, of_one_state, presented, with_document},
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

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "practices";

/// List practices
///
/// What members have tried, and tell so that others can learn from it: what is published; with a token that may see them
/// and `publication` drafts, too. Where `provenance` is `illustrative`, the practice is invented for demonstration.
#[utoipa::path(
    tag = "exchange",
    operation_id = "listPractices",
    params(PracticeQuery),
    responses((status = 200, description = "A page of practices.", content(
        (PracticePageOut = "application/json"), (String = "text/csv"), (PracticeOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/practices")]
pub async fn list_practices(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    Query(query): Query<PracticeQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let (view, author, drafts) = with_drafts_of::<ExchangeDraft>(view, &caller, query.publication.is_some())?;
    let (listing, frame) = query.paging().of(LIST, query.filters(drafts), false)?;
    let read = move |conn: &mut Conn| {
        admit(author.as_ref(), conn)?;
        let found = store::list_practices(conn, &listing)?;
        listed(conn, found, PracticeOut::from)
    };
    let writer = view.for_request(&req);
    let write = move |found: Found<Listed>| frame.written(writer, &found, &NoFrame {});
    state.db.read_then(of_one_state(read), write).await??.respond(&req)
}

/// Get a practice
///
/// By its id; a draft with a token that may see it.
#[utoipa::path(
    tag = "exchange",
    operation_id = "getPractice",
    params(("id" = String, Path, description = "Identifier of the practice.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), SharedViewQuery),
    responses((status = 200, description = "The practice.", body = PracticeOut))
)]
#[get("/practices/{id}")]
pub async fn get_practice(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Caller,
    Query(query): Query<SharedViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let id = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let found = store::find_practice(conn, &id)?;
        seen(conn, &caller, found)?.map(|found| with_document(conn, &id, found)).transpose()
    };
    let (found, document) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    let view = as_published(view, found.is_public());
    view.respond_json(&req, found.version, presented(document, &PracticeOut::from(found))?)
}

/// Add a practice
///
/// Of a member, by its focal point or the secretariat.
#[utoipa::path(
    tag = "exchange",
    operation_id = "createPractice",
    request_body = PracticeIn,
    security(("token" = ["exchange:write"])),
    responses((status = 201, description = "The practice.", body = PracticeOut))
)]
#[post("/practices")]
pub async fn create_practice(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<ExchangeWrite, PracticeIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createPractice", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let input = body.content?;
        let member = locked_member(tx, &input.member)?;
        if let Some(member) = &member {
            body.principal.may_touch::<ExchangeWrite>(&member.id)?;
        }
        once.answer(tx, |tx| created(tx, member, input))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change a practice
///
/// A merge patch (RFC 7396). `If-Match` is required. A change that changes nothing leaves the version as it is.
#[utoipa::path(
    tag = "exchange",
    operation_id = "updatePractice",
    params(("id" = String, Path, description = "Identifier of the practice.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body(content(
        (PracticePatch = "application/merge-patch+json"), (PracticePatch = "application/json")
    )),
    security(("token" = ["exchange:write"])),
    responses((status = 200, description = "The practice.", body = PracticeOut))
)]
#[patch("/practices/{id}")]
pub async fn update_practice(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<ExchangeWrite, PracticePatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let before = own(&body.principal, store::lock_practice(tx, path.parsed()?)?)?;
        let wanted = body.content?;
        precondition.check(before.version)?;
        let after = patched(tx, &before, wanted)?;
        changed(tx, after.version, &PracticeOut::from(after))
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete a practice
///
/// `If-Match` is required. The feed keeps the tombstone of what was published.
#[utoipa::path(
    tag = "exchange",
    operation_id = "deletePractice",
    params(("id" = String, Path, description = "Identifier of the practice.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["exchange:write"])),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/practices/{id}")]
pub async fn delete_practice(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<ExchangeWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let delete = move |tx: &mut Tx<'_>| {
        let gone = own(&principal, store::lock_practice(tx, path.parsed()?)?)?;
        precondition.check(gone.version)?;
        store::delete_practice(tx, &gone)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

fn created(tx: &mut Tx<'_>, member: Option<Member>, input: PracticeIn) -> Result<Written, Problem> {
    let (named, publication) = (shown(&input.member), input.publication.unwrap_or(Publication::Draft));
    let (mut violations, facts) = input.read(member.as_ref().map(|member| member.facts.territory_code.clone()));
    if member.is_none() && !violations.has("/member") {
        violations.add("/member", "unknown_member", format!("There is no member {named}."));
    }
    if let Some(member) = member.as_ref().filter(|member| !member.status.is_member()) {
        let detail = format!("{} is no active or suspended member: only these share something new.", member.slug);
        violations.add("/member", "not_a_member", detail);
    }
    check_references(tx.conn, &mut violations, facts.as_ref())?;
    violations.done()?;
    let (Some(member), Some(facts)) = (member, facts) else {
        return Err(Problem::internal("a member that was checked is not there"));
    };
    let owner = Party { id: member.id, slug: member.slug };
    let made = store::create_practice(tx, Some(owner), (publication, facts))?;
    let address = made.address();
    Ok(changed(tx, made.version, &PracticeOut::from(made))?.at(address))
}

/// Notes what neither the charter nor the territories have.
fn check_references(
    conn: &mut Conn,
    violations: &mut Violations,
    facts: Option<&PracticeFacts>,
) -> Result<(), StoreError> {
    let Some(facts) = facts else { return Ok(()) };
    let known = charter::codes(conn, "principle")?;
    check_codes(violations, "/principles", &facts.principles, &known, "principle");
    check_place(conn, violations, &facts.territory)
}

/// Writes what a patch makes of a practice.
fn patched(tx: &mut Tx<'_>, before: &Practice, patch: PracticePatch) -> Result<Practice, Problem> {
    let member = match &before.owner {
        Some(owner) => members::find(tx.conn, &MemberAddress::Id(owner.id.clone()))?,
        None => None,
    };
    let input = patch.onto(before);
    let publication = input.publication.unwrap_or(before.publication);
    let (mut violations, facts) = input.read(member.map(|member| member.facts.territory_code));
    check_references(tx.conn, &mut violations, facts.as_ref())?;
    violations.done()?;
    let facts = facts.ok_or_else(|| Problem::internal("a practice that is nowhere"))?;
    let after = Practice { facts, ..before.clone() }.shown(publication, tx.today());
    Ok(store::update_practice(tx, before, after)?)
}
