//! The operations on members.

mod write;

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

pub use self::write::{
    create_member, create_member_adhesion, create_member_transition, delete_member, delete_member_adhesion,
    get_member_adhesion, list_member_transitions, update_member,
};
use super::{
    dto::{
        MemberBeside, MemberDetailOut, MemberFeatureCollectionOut, MemberHistoryPageOut, MemberIncludedOut, MemberOut,
        MemberPageOut, MemberPeriodOut, MemberQuery, MemberViewQuery, MembersBeside, attributions,
    },
    rules::Address,
    store,
};
use crate::{
    db::{Conn, StoreError, current_sequence, json},
    kernel::{canonical::property, paging::Found},
    publishing::Listed,
    state::AppState,
    territories::{self, Code, Territory, TerritoryOut},
    web::{
        page::PageOut,
        path::Segment,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        splice,
    },
};

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "members";

/// List members
///
/// Those who have or had a standing in the network, candidates and withdrawn members among them: `status=active,suspended`
/// are today's members, and with `as_of` those of any day. Where `provenance` is `illustrative`, the member is
/// invented for demonstration.
#[utoipa::path(
    tag = "members",
    operation_id = "listMembers",
    params(MemberQuery),
    responses((status = 200, description = "A page of members.", content(
        (MemberPageOut = "application/json"), (String = "text/csv"), (MemberOut = "application/x-ndjson"),
        (MemberFeatureCollectionOut = "application/geo+json")
    )), (status = 422))
)]
#[get("/members")]
pub async fn list_members(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<MemberQuery>,
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map(|lang| lang.0);
    let view = View::of_list(&req, LIST, language, query.format, query.fields.as_ref())?;
    let wanted = query.include.is_some();
    if wanted {
        view.has_frame("include")?;
    }
    let (listing, frame) = query.paging().of(LIST, query.filters(), false)?;
    let read = move |conn: &mut Conn| {
        let found = store::list(conn, &listing)?;
        let territories = included(conn, wanted, &found.rows)?;
        Ok((found, territories))
    };
    let (as_of, writer) = (query.as_of.map(|day| day.0), view.for_request(&req));
    let write = move |(found, included): (Found<Listed>, Option<MemberIncludedOut>)| {
        let attributions = attributions(included.as_ref());
        frame.written(writer, &found, &MembersBeside { as_of, included, attributions })
    };
    state.db.read_then(read, write).await??.respond(&req)
}

/// Get a member
///
/// By its slug or its id.
#[utoipa::path(
    tag = "members",
    operation_id = "getMember",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"), MemberViewQuery),
    responses((status = 200, description = "The member.", body = MemberDetailOut))
)]
#[get("/members/{id}")]
pub async fn get_member(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    Query(query): Query<MemberViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let address = path.into_parsed()?;
    let wanted = query.include.is_some();
    let read = move |conn: &mut Conn| {
        let Some(member) = store::find_document(conn, &address)? else { return Ok(None) };
        let territories = included(conn, wanted, &[&member.body])?;
        Ok(Some((member, territories)))
    };
    let (member, territories) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    view.for_request(&req).written_json(member.version, detail(&member.body, territories)?, None)?.respond(&req)
}

/// Get a member's history
///
/// Its standing over time, from its candidature or the day it joined until now.
#[utoipa::path(
    tag = "members",
    operation_id = "getMemberHistory",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache")),
    responses((status = 200, description = "The history.", body = MemberHistoryPageOut))
)]
#[get("/members/{id}/history")]
pub async fn get_member_history(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?;
    let address = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let sequence = current_sequence(conn)?;
        let Some(member) = store::find(conn, &address)? else { return Ok(None) };
        Ok(Some((sequence, store::periods(conn, &member.id)?)))
    };
    let (sequence, periods) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let data: Vec<MemberPeriodOut> = periods.into_iter().map(MemberPeriodOut::from).collect();
    let page = PageOut::whole(data.len());
    view.respond(&req, sequence, &MemberHistoryPageOut { data, page, sequence }, None)
}

/// A document with what stands beside it in the answer about a single member.
fn detail(document: &str, included: Option<MemberIncludedOut>) -> Result<Vec<u8>, Problem> {
    let attributions = attributions(included.as_ref());
    splice::object(document, &MemberBeside { included, attributions }).map_err(Problem::internal)
}

/// The territories that members are seated on, where they are wanted.
fn included(
    conn: &mut Conn,
    wanted: bool,
    documents: &[impl AsRef<str>],
) -> Result<Option<MemberIncludedOut>, StoreError> {
    if !wanted {
        return Ok(None);
    }
    let code = |document: &str| -> Result<Code, StoreError> {
        let code: String = json::read(property(document, "territory_code").unwrap_or_default())?;
        Code::try_from(code).map_err(StoreError::corrupt)
    };
    let codes: Vec<Code> = documents.iter().map(AsRef::as_ref).map(code).collect::<Result<_, _>>()?;
    let found: Vec<Territory> = territories::find_all(conn, &codes)?;
    Ok(Some(MemberIncludedOut { territories: found.into_iter().map(TerritoryOut::from).collect() }))
}
