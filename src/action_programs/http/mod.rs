//! The operations on programmes, projects and milestones. What is not published is seen by its member and the secretariat;
//! for everybody else it is not there.

mod milestones;
mod projects;
mod write;

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use chrono::NaiveDate;

use self::projects::milestones_on;
pub use self::{
    milestones::{create_milestone, delete_milestone, get_milestone, list_milestones, update_milestone},
    projects::{create_project, delete_project, get_project, list_projects, update_project},
    write::{
        check_open, create_program, create_program_transition, delete_program, locked_member, may_write, may_write_of,
        named, update_program,
    },
};
use super::{
    dto::{
        ProgramBeside, ProgramDetailOut, ProgramHistoryPageOut, ProgramIncluded, ProgramMoveOut, ProgramOut,
        ProgramPageOut, ProgramQuery, ProgramTransitionOut, ProgramTransitionsOut, ProgramViewQuery,
        ProjectComputedOut, ProjectOut,
    },
    rules::{Address, Drafts, Include, Moved, Other, Program, Situation, Stage, obstacles},
    store,
};
use crate::{
    auth::{
        principal::{Caller, Principal},
        roles::{Needs, ProgramsDraft, ProgramsMove, Role},
    },
    db::{Author as _, Conn, StoreError, in_pieces},
    kernel::{id::Identifier, paging::Found},
    members::TransitionReasonOut,
    publishing::{Listed, Shown, completed, completed_rows, computed, presented},
    state::AppState,
    web::{
        page::PageOut,
        params::Several,
        path::Segment,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        splice,
    },
};

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "action-programs";

/// List action programmes
///
/// Those that are published, of all members; with a token that may see them and `publication` drafts, too. Where
/// `provenance` is `illustrative`, the programme is invented for demonstration.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "listActionPrograms",
    params(ProgramQuery),
    responses((status = 200, description = "A page of programmes.", content(
        (ProgramPageOut = "application/json"), (String = "text/csv"), (ProgramOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/action-programs")]
pub async fn list_programs(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    Query(query): Query<ProgramQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let (view, author, drafts) = with_drafts(view, &caller, query.publication.is_some())?;
    let wanted = Several::values(query.include.clone());
    if !wanted.is_empty() {
        view.has_frame("include")?;
    }
    let with_drafts = query.publication.is_some();
    let (listing, frame) = query.paging().of(LIST, query.filters(drafts), false)?;
    let today = state.clock.today();
    let read = move |conn: &mut Conn| {
        admit(author.as_ref(), conn)?;
        let found = store::list(conn, &listing)?;
        let ids: Vec<&Identifier> = found.rows.iter().map(|row| &row.id).collect();
        let beside = beside(conn, &wanted, &ids, (with_drafts, today))?;
        Ok((completed::<ProgramOut, ()>(conn, found, with_drafts, |()| Ok(None))?, beside))
    };
    let writer = view.for_request(&req);
    let write = move |(found, beside): (Found<Listed>, ProgramBeside)| frame.written(writer, &found, &beside);
    state.db.read_then(read, write).await??.respond(&req)
}

/// Get an action programme
///
/// By its slug or its id.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "getActionProgram",
    params(("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1"), ProgramViewQuery),
    responses((status = 200, description = "The programme.", body = ProgramDetailOut))
)]
#[get("/action-programs/{id}")]
pub async fn get_program(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    caller: Caller,
    Query(query): Query<ProgramViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let address = path.into_parsed()?;
    let wanted = Several::values(query.include);
    let today = state.clock.today();
    let read = move |conn: &mut Conn| {
        let Some((id, found)) = readable(conn, &caller, &address)? else { return Ok(None) };
        let beside = beside(conn, &wanted, &[&id], (!found.is_public, today))?;
        Ok(Some((found, beside)))
    };
    let (Shown { version, document, is_public }, beside) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let json = splice::object(&document, &beside).map_err(Problem::internal)?;
    as_published(view, is_public).for_request(&req).written_json(version, json, None)?.respond(&req)
}

/// Get a programme's history
///
/// How it came to its stage: every move, with the role in which it was made and what it rests on.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "getActionProgramHistory",
    params(("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1")),
    responses((status = 200, description = "The moves.", body = ProgramHistoryPageOut))
)]
#[get("/action-programs/{id}/history")]
pub async fn get_program_history(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    caller: Caller,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?;
    let address = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let Some((program, sequence)) = seen(conn, &caller, &address)? else { return Ok(None) };
        Ok(Some((sequence, program.is_public(), store::moves(conn, &program.id)?)))
    };
    let (sequence, is_public, moves) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let view = as_published(view, is_public);
    let data: Vec<ProgramMoveOut> = moves.into_iter().map(ProgramMoveOut::from).collect();
    let page = PageOut::whole(data.len());
    view.respond(&req, sequence, &ProgramHistoryPageOut { data, page, sequence }, None)
}

/// Get where a programme can go
///
/// For every stage, whether the caller can move the programme there today, and everything that stands in the way.
#[utoipa::path(
    tag = "action programmes",
    operation_id = "listActionProgramTransitions",
    params(("id" = String, Path, description = "Slug or id of the programme.", example = "commune-larache-cycle-1")),
    responses((status = 200, description = "The moves.", body = ProgramTransitionsOut))
)]
#[get("/action-programs/{id}/transitions")]
pub async fn list_program_transitions(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    caller: Caller,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.private();
    let address = path.into_parsed()?;
    let asked = caller.clone();
    let read = move |conn: &mut Conn| {
        let Some((program, _)) = seen(conn, &asked, &address)? else { return Ok(None) };
        let surroundings = Surroundings::of(conn, &program)?;
        Ok(Some((program, surroundings)))
    };
    let (program, surroundings) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let data = transitions(&program, &surroundings, caller.0.as_ref(), state.clock.today());
    view.respond(&req, program.version, &ProgramTransitionsOut { stage: program.stage, data }, None)
}

/// What the moves of a programme depend on, beside itself.
struct Surroundings {
    projects: i64,
    others: Vec<Other>,
    moves: Vec<Moved>,
}

impl Surroundings {
    fn of(conn: &mut Conn, program: &Program) -> Result<Self, StoreError> {
        Ok(Self {
            projects: store::count_projects(conn, &program.id)?,
            others: store::others(conn, program)?,
            moves: store::moves(conn, &program.id)?,
        })
    }

    fn situation<'a>(&'a self, program: &'a Program) -> Situation<'a> {
        Situation {
            stage: program.stage,
            publication: program.publication,
            facts: &program.facts,
            reached: &program.reached,
            projects: self.projects,
            others: &self.others,
            moves: &self.moves,
        }
    }
}

fn is_secretariat(principal: &Principal) -> bool {
    principal.claims().role == Role::Secretariat
}

/// Every stage, with whether somebody can move a programme there today.
fn transitions(
    program: &Program,
    surroundings: &Surroundings,
    caller: Option<&Principal>,
    today: NaiveDate,
) -> Vec<ProgramTransitionOut> {
    let may_move = caller.is_some_and(|caller| caller.covers::<ProgramsMove>(&program.owner.id));
    let transition = |to: &Stage| {
        let found = obstacles(&surroundings.situation(program), *to, caller.is_some_and(is_secretariat), today);
        let mut reasons: Vec<TransitionReasonOut> = found.into_iter().map(TransitionReasonOut::from).collect();
        if !may_move {
            let detail = "Only the member's focal point and the secretariat move its programmes.".to_owned();
            reasons.push(TransitionReasonOut { code: "role", detail });
        }
        ProgramTransitionOut { to: *to, allowed: reasons.is_empty(), reasons }
    };
    Stage::ALL.iter().map(transition).collect()
}

/// The view of a list, for whom its drafts are wanted, and whose the caller sees. Without `wanted` nobody is asked: what is
/// published reads the same with and without a token.
///
/// # Errors
/// 401 and 403 for drafts that the caller may not see.
pub fn with_drafts(view: View, caller: &Caller, wanted: bool) -> Result<(View, Option<Principal>, Drafts), Problem> {
    with_drafts_of::<ProgramsDraft>(view, caller, wanted)
}

/// The same of drafts that are seen with another permission.
///
/// # Errors
/// Likewise.
pub fn with_drafts_of<D: Needs>(
    view: View,
    caller: &Caller,
    wanted: bool,
) -> Result<(View, Option<Principal>, Drafts), Problem> {
    if !wanted {
        return Ok((view, None, Drafts::None));
    }
    let principal = caller.require::<D>()?;
    let claims = principal.claims();
    let drafts = match &claims.member {
        _ if D::PERMISSION.all.contains(&claims.role) => Drafts::All,
        Some(member) => Drafts::Of(member.clone()),
        None => Drafts::None,
    };
    Ok((view.private(), Some(principal.clone()), drafts))
}

/// Asks the account of who reads what is not published.
///
/// # Errors
/// [`StoreError::NotAdmitted`], or the database's.
pub fn admit(author: Option<&Principal>, conn: &mut Conn) -> Result<(), StoreError> {
    author.map_or(Ok(()), |author| author.admit(conn))
}

/// The programme at an address, if the caller sees it, with the number of the last change that it can show.
fn seen(conn: &mut Conn, caller: &Caller, address: &Address) -> Result<Option<(Program, i64)>, StoreError> {
    let Some((program, sequence)) = store::find_at(conn, address)? else { return Ok(None) };
    let is_seen = program.is_public() || caller.covers::<ProgramsDraft>(conn, &program.owner.id)?;
    Ok(is_seen.then_some((program, sequence)))
}

/// The programme at an address as the caller reads it, with its id, if the caller sees it.
fn readable(conn: &mut Conn, caller: &Caller, address: &Address) -> Result<Option<(Identifier, Shown)>, StoreError> {
    if let Some((id, version, document)) = store::find_document(conn, address)? {
        return Ok(Some((id, Shown { version, document, is_public: true })));
    }
    let Some((program, _)) = seen(conn, caller, address)? else { return Ok(None) };
    let (id, version) = (program.id.clone(), program.version);
    let document = presented(None, &ProgramOut::from(program))?;
    Ok(Some((id, Shown { version, document, is_public: false })))
}

/// A view of what may not be published: then nobody shall keep it.
#[must_use]
pub fn as_published(view: View, is_public: bool) -> View {
    if is_public { view } else { view.private() }
}

/// What programmes bring along, as far as it is wanted.
fn beside(
    conn: &mut Conn,
    wanted: &[Include],
    programs: &[&Identifier],
    (with_drafts, today): (bool, NaiveDate),
) -> Result<ProgramBeside, StoreError> {
    if wanted.is_empty() {
        return Ok(ProgramBeside { included: None });
    }
    let projects = store::project_documents_of(conn, programs)?;
    let milestones = if wanted.contains(&Include::Milestones) {
        let ids: Vec<&Identifier> = projects.iter().map(|row| &row.id).collect();
        let found = in_pieces(conn, &ids, store::milestone_documents_of)?;
        Some(milestones_on(conn, found, (with_drafts, today))?)
    } else {
        None
    };
    let projects = if wanted.contains(&Include::Projects) {
        Some(completed_rows::<ProjectOut, _>(conn, projects, with_drafts, |of| {
            computed(&ProjectComputedOut::of(of, today))
        })?)
    } else {
        None
    };
    Ok(ProgramBeside { included: Some(ProgramIncluded { projects, milestones }) })
}
