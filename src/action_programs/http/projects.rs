//! The operations on projects.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web::Data};
use chrono::NaiveDate;

use super::{
    super::{
        dto::{
            MilestoneComputedOut, MilestoneOut, ProjectBeside, ProjectComputedOut, ProjectDetailOut, ProjectIn,
            ProjectIncluded, ProjectOut, ProjectPageOut, ProjectPatch, ProjectQuery, ProjectViewQuery,
        },
        rules::{Address, MilestoneDates, Program, Project},
        store,
    },
    admit, as_published, with_drafts,
    write::{check_open, may_write, named},
};
use crate::{
    auth::{
        principal::{Body, Caller, Principal, Require},
        roles::{ProgramsDraft, ProgramsWrite},
    },
    db::{Conn, StoreError, Tx},
    kernel::{id::Identifier, paging::Found, violation::Violation},
    publishing::{Listed, Selected, Shown, changed_beside, completed, completed_rows, computed, overlaid, presented},
    state::AppState,
    web::{
        idempotency::Once,
        path::Segment,
        precondition::Precondition,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        splice,
        written::Written,
    },
};

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "projects";

/// List projects
///
/// Of all published programmes. How a project stands today is computed from its milestones and dates, and can be filtered
/// by `status`.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "listProjects",
    params(ProjectQuery),
    responses((status = 200, description = "A page of projects.", content(
        (ProjectPageOut = "application/json"), (String = "text/csv"), (ProjectOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/projects")]
pub async fn list_projects(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    Query(query): Query<ProjectQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let (view, author, drafts) = with_drafts(view, &caller, query.publication.is_some())?;
    let wanted = query.include.is_some();
    if wanted {
        view.has_frame("include")?;
    }
    let (today, with_drafts) = (state.clock.today(), query.publication.is_some());
    let (listing, frame) = query.paging().of(LIST, query.filters(drafts, today), false)?;
    let read = move |conn: &mut Conn| {
        admit(author.as_ref(), conn)?;
        let found = store::list_projects(conn, &listing)?;
        let ids: Vec<&Identifier> = found.rows.iter().map(|row| &row.id).collect();
        let beside = beside(conn, wanted, &ids, (with_drafts, today))?;
        Ok((
            completed::<ProjectOut, _>(conn, found, with_drafts, |of| computed(&ProjectComputedOut::of(of, today)))?,
            beside,
        ))
    };
    let writer = view.for_request(&req);
    let write = move |(found, beside): (Found<Listed>, ProjectBeside)| frame.written(writer, &found, &beside);
    state.db.read_then(read, write).await??.respond(&req)
}

/// Get a project
///
/// By its id, as it stands today.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "getProject",
    params(("id" = String, Path, description = "Identifier of the project.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), ProjectViewQuery),
    responses((status = 200, description = "The project.", body = ProjectDetailOut))
)]
#[get("/projects/{id}")]
pub async fn get_project(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Caller,
    Query(query): Query<ProjectViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let (wanted, today) = (query.include.is_some(), state.clock.today());
    let id = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let Some(found) = readable(conn, &caller, &id, today)? else { return Ok(None) };
        let beside = beside(conn, wanted, &[&id], (!found.is_public, today))?;
        Ok(Some((found, beside)))
    };
    let (Shown { version, document, is_public }, beside) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let json = splice::object(&document, &beside).map_err(Problem::internal)?;
    as_published(view, is_public).for_request(&req).written_json(version, json, None)?.respond(&req)
}

/// Add a project
///
/// To a programme. Programme and code are its natural key; a code or an identifier of OGP Local that is taken is a 409
/// that names who has it.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "createProject",
    request_body = ProjectIn,
    security(("token" = ["programs:write"])),
    responses((status = 201, description = "The project.", body = ProjectDetailOut), (status = 409))
)]
#[post("/projects")]
pub async fn create_project(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<ProgramsWrite, ProjectIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createProject", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let input = body.content?;
        let program = named(tx, input.program.named(), &body.principal)?;
        once.answer(tx, |tx| created(tx, program.as_ref(), input))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change a project
///
/// A merge patch (RFC 7396). `If-Match` is required. A change that changes nothing leaves the version as it is.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "updateProject",
    params(("id" = String, Path, description = "Identifier of the project.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body(content(
        (ProjectPatch = "application/merge-patch+json"), (ProjectPatch = "application/json")
    )),
    security(("token" = ["programs:write"])),
    responses((status = 200, description = "The project.", body = ProjectDetailOut), (status = 409))
)]
#[patch("/projects/{id}")]
pub async fn update_project(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<ProgramsWrite, ProjectPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let (program, project) = own(tx, path.parsed()?, &body.principal)?;
        let wanted = body.content?;
        precondition.check(project.version)?;
        check_open(&program)?;
        let axes = store::axes_of(tx.conn, &program.id)?;
        let (violations, facts) = wanted.onto(&project).read(&axes);
        violations.done()?;
        let project = store::update_project(tx, &project, facts)?;
        written(tx, project)
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete a project
///
/// With its milestones, as long as the council has not adopted its programme, no contribution became it and no evaluation
/// is about it (409). `If-Match` is required. The feed keeps tombstones of what was published.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "deleteProject",
    params(("id" = String, Path, description = "Identifier of the project.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["programs:write"])),
    responses((status = 204, description = "It is gone."), (status = 409))
)]
#[delete("/projects/{id}")]
pub async fn delete_project(
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
        let (_, project) = own(tx, path.parsed()?, &principal)?;
        precondition.check(project.version)?;
        store::delete_project(tx, &project)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

/// The project with an id as the caller reads it on a day, if the caller sees it.
fn readable(conn: &mut Conn, caller: &Caller, id: &Identifier, today: NaiveDate) -> Result<Option<Shown>, StoreError> {
    if let Some((version, document, of)) = store::find_project_document(conn, id)? {
        let document = overlaid(document, computed(&ProjectComputedOut::of(of, today))?)?;
        return Ok(Some(Shown { version, document, is_public: true }));
    }
    let Some(project) = seen(conn, caller, id)? else { return Ok(None) };
    let version = project.version;
    let document = presented(None, &ProjectOut::of(project, Some(today)))?;
    Ok(Some(Shown { version, document, is_public: false }))
}

/// The project with an id, if the caller sees it.
pub(super) fn seen(conn: &mut Conn, caller: &Caller, id: &Identifier) -> Result<Option<Project>, StoreError> {
    let Some(project) = store::find_project(conn, id)? else { return Ok(None) };
    let is_seen = project.is_public || caller.covers::<ProgramsDraft>(conn, &project.owner.id)?;
    Ok(Some(project).filter(|_| is_seen))
}

/// The project with an id and its programme, if the principal may write them; nobody else changes them meanwhile.
pub(super) fn own(tx: &mut Tx<'_>, id: &Identifier, principal: &Principal) -> Result<(Program, Project), Problem> {
    let project = store::lock_project(tx, id)?.ok_or_else(Problem::not_found)?;
    may_write::<ProgramsWrite>(principal, project.is_public, &project.owner.id)?;
    let program = store::find(tx.conn, &Address::Id(project.program_id.clone()))?;
    Ok((program.ok_or_else(Problem::not_found)?, project))
}

fn created(tx: &mut Tx<'_>, program: Option<&Program>, input: ProjectIn) -> Result<Written, Problem> {
    let axes = match program {
        Some(program) => store::axes_of(tx.conn, &program.id)?,
        None => Vec::new(),
    };
    let (named, code) = (input.program.clone(), input.code.clone());
    let (mut violations, facts) = input.read(&axes);
    let Some(program) = program else {
        violations.add("/program", "unknown_program", format!("There is no programme {}.", named.shown()));
        return Err(violations.into());
    };
    violations.done()?;
    check_open(program)?;
    let code = code.map(|code| code.parse()).transpose();
    let code = code.map_err(|why| {
        crate::kernel::violation::Violations::from(Violation::new("/code", "invalid_value", format!("code {why}.")))
    })?;
    let project = store::create_project(tx, program, code, facts)?;
    let address = project.address();
    Ok(written(tx, project)?.at(address))
}

/// The answer that shows a project that was just written.
fn written(tx: &mut Tx<'_>, project: Project) -> Result<Written, Problem> {
    let (version, out) = (project.version, ProjectOut::of(project, Some(tx.today())));
    changed_beside(tx, version, (&out, &ProjectBeside { included: None }))
}

/// The milestones of projects, where they are wanted.
fn beside(
    conn: &mut Conn,
    wanted: bool,
    projects: &[&Identifier],
    (with_drafts, today): (bool, NaiveDate),
) -> Result<ProjectBeside, StoreError> {
    if !wanted {
        return Ok(ProjectBeside { included: None });
    }
    let found = store::milestone_documents_of(conn, projects)?;
    Ok(ProjectBeside {
        included: Some(ProjectIncluded { milestones: milestones_on(conn, found, (with_drafts, today))? }),
    })
}

/// Milestones as they stand on a day.
pub(super) fn milestones_on(
    conn: &mut Conn,
    rows: Vec<Selected<MilestoneDates>>,
    (with_drafts, today): (bool, NaiveDate),
) -> Result<Vec<Listed>, StoreError> {
    let of_day = |dates: MilestoneDates| computed(&MilestoneComputedOut::of(dates.slippage(today), today));
    completed_rows::<MilestoneOut, _>(conn, rows, with_drafts, of_day)
}
