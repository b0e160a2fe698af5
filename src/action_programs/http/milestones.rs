//! The operations on milestones.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web::Data};

use super::{
    super::{
        dto::{MilestoneIn, MilestoneOut, MilestonePageOut, MilestonePatch, MilestoneQuery, MilestoneViewQuery},
        rules::{Milestone, Program, Project},
        store,
    },
    as_published,
    projects::{own, seen},
    write::check_open,
};
use crate::{
    auth::{
        principal::{Body, Caller, Principal, Require},
        roles::ProgramsWrite,
    },
    db::{Conn, StoreError, Tx},
    kernel::id::Identifier,
    publishing::{NoFrame, changed, listed, of_one_state, presented, with_document},
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

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "milestones";

/// List a project's milestones
///
/// In their order, as they stand today.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "listMilestones",
    params(("id" = String, Path, description = "Identifier of the project.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), MilestoneQuery),
    responses((status = 200, description = "A page of milestones.", content(
        (MilestonePageOut = "application/json"), (String = "text/csv"), (MilestoneOut = "application/x-ndjson")
    )))
)]
#[get("/projects/{id}/milestones")]
pub async fn list_milestones(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Caller,
    Query(query): Query<MilestoneQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let id = path.into_parsed()?;
    let today = state.clock.today();
    let (listing, frame) = query.paging().of(LIST, query.filters(id.clone()), true)?;
    let read = move |conn: &mut Conn| {
        let Some(project) = seen(conn, &caller, &id)? else { return Ok(None) };
        let found = store::list_milestones(conn, &listing)?;
        Ok(Some((project.is_public, listed(conn, found, |found| MilestoneOut::of(found, Some(today)))?)))
    };
    let (is_public, found) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    let view = as_published(view, is_public);
    frame.written(view.for_request(&req), &found, &NoFrame {})?.respond(&req)
}

/// Get a milestone
///
/// One of a project's, by its id, as it stands today.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "getMilestone",
    params(
        ("id" = String, Path, description = "Identifier of the project.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("milestone_id" = String, Path, description = "Identifier of the milestone.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        MilestoneViewQuery
    ),
    responses((status = 200, description = "The milestone.", body = MilestoneOut))
)]
#[get("/projects/{id}/milestones/{milestone_id}")]
pub async fn get_milestone(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, Identifier>,
    caller: Caller,
    Query(query): Query<MilestoneViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let (project, id) = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let Some(project) = seen(conn, &caller, &project)? else { return Ok(None) };
        step(conn, &project, &id)?.map(|found| with_document(conn, &id, found)).transpose()
    };
    let (found, document) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    let today = state.clock.today();
    let view = as_published(view, found.is_public);
    view.respond_json(&req, found.version, presented(document, &MilestoneOut::of(found, Some(today)))?)
}

/// Add a milestone
///
/// To a project; behind its last one unless said otherwise.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "createMilestone",
    params(("id" = String, Path, description = "Identifier of the project.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body = MilestoneIn,
    security(("token" = ["programs:write"])),
    responses((status = 201, description = "The milestone.", body = MilestoneOut), (status = 409))
)]
#[post("/projects/{id}/milestones")]
pub async fn create_milestone(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<ProgramsWrite, MilestoneIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createMilestone", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let (program, project) = own(tx, path.parsed()?, &body.principal)?;
        once.answer(tx, |tx| {
            let input = body.content?;
            check_open(&program)?;
            let next = store::next_position(tx.conn, &project.id)?;
            let facts = input.read(next, tx.today())?;
            let made = store::create_milestone(tx, &project, facts)?;
            let (address, version, out) = (made.address(), made.version, MilestoneOut::of(made, Some(tx.today())));
            Ok(changed(tx, version, &out)?.at(address))
        })
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change a milestone
///
/// A merge patch (RFC 7396). `If-Match` is required. A change that changes nothing leaves the version as it is.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "updateMilestone",
    params(
        ("id" = String, Path, description = "Identifier of the project.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("milestone_id" = String, Path, description = "Identifier of the milestone.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    request_body(content(
        (MilestonePatch = "application/merge-patch+json"), (MilestonePatch = "application/json")
    )),
    security(("token" = ["programs:write"])),
    responses((status = 200, description = "The milestone.", body = MilestoneOut), (status = 409))
)]
#[patch("/projects/{id}/milestones/{milestone_id}")]
pub async fn update_milestone(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, Identifier>,
    body: Body<ProgramsWrite, MilestonePatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let (program, project, before) = one(tx, path.parsed()?, &body.principal)?;
        let wanted = body.content?;
        precondition.check(before.version)?;
        check_open(&program)?;
        let facts = wanted.onto(&before).read(before.facts.position, tx.today())?;
        let after = store::update_milestone(tx, &project, &before, facts)?;
        let (version, out) = (after.version, MilestoneOut::of(after, Some(tx.today())));
        changed(tx, version, &out)
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete a milestone
///
/// As long as the council has not adopted its programme (409). `If-Match` is required. The feed keeps the tombstone of what
/// was published.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "deleteMilestone",
    params(
        ("id" = String, Path, description = "Identifier of the project.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("milestone_id" = String, Path, description = "Identifier of the milestone.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    security(("token" = ["programs:write"])),
    responses((status = 204, description = "It is gone."), (status = 409))
)]
#[delete("/projects/{id}/milestones/{milestone_id}")]
pub async fn delete_milestone(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, Identifier>,
    caller: Require<ProgramsWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let delete = move |tx: &mut Tx<'_>| {
        let (program, project, gone) = one(tx, path.parsed()?, &principal)?;
        precondition.check(gone.version)?;
        check_open(&program)?;
        store::delete_milestone(tx, &project, &gone)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

/// The milestone of a project with an id.
fn step(conn: &mut Conn, project: &Project, id: &Identifier) -> Result<Option<Milestone>, StoreError> {
    let found = store::find_milestone(conn, id)?;
    Ok(found.filter(|found| found.project_id == project.id))
}

/// A milestone with its project and programme, if the principal may write it; nobody else changes it meanwhile.
fn one(
    tx: &mut Tx<'_>,
    (project, id): &(Identifier, Identifier),
    principal: &Principal,
) -> Result<(Program, Project, Milestone), Problem> {
    let (program, project) = own(tx, project, principal)?;
    let milestone = step(tx.conn, &project, id)?.ok_or_else(Problem::not_found)?;
    Ok((program, project, milestone))
}
