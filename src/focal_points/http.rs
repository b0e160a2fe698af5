//! The operations on focal points. A member is public and its focal points are not: whose they are is asked before
//! anything is said of them, even whether they are there.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web::Data};

use super::{
    dto::{FocalPointIn, FocalPointOut, FocalPointPageOut, FocalPointPatch, FocalPointQuery},
    rules::FocalPoint,
    store,
};
use crate::{
    auth::{
        principal::{Body, Principal, Require},
        roles::{FocalPointsRead, FocalPointsWrite},
    },
    db::{MAKING_FOCAL_POINTS, Tx},
    kernel::id::Identifier,
    members::{self, Member, MemberAddress},
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
const LIST: &str = "focal-points";

/// List a member's focal points
///
/// The people whom the network calls about it, the oldest first. Personal: seen by the member itself, the secretariat and
/// the administrator.
#[utoipa::path(
    tag = "focal points",
    operation_id = "listFocalPoints",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"), FocalPointQuery),
    security(("token" = ["focal_points:read"])),
    responses((status = 200, description = "A page of focal points.", content(
        (FocalPointPageOut = "application/json"), (String = "text/csv"), (FocalPointOut = "application/x-ndjson")
    )))
)]
#[get("/members/{id}/focal-points")]
pub async fn list_focal_points(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<MemberAddress>,
    caller: Require<FocalPointsRead>,
    Query(query): Query<FocalPointQuery>,
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map(|lang| lang.0);
    let view = View::of_list(&req, LIST, language, query.format, query.fields.as_ref())?.private();
    let member = seen(&state, &caller.principal, path.into_parsed()?).await?;
    let (listing, frame) = query.paging().of(LIST, query.filters(member.id), false)?;
    let found = state.db.read_as(caller.principal, move |conn| store::list(conn, &listing)).await?;
    let (page, sequence) = (frame.page(&found), found.sequence);
    let next = page.next_cursor.clone();
    let data = found.rows.into_iter().map(FocalPointOut::from).collect();
    view.respond(&req, sequence, &FocalPointPageOut { data, page, sequence }, next.as_deref())
}

/// Add a focal point
///
/// A member has one focal point with an e-mail address; another one is a 409 that names the first. The answer that an
/// `Idempotency-Key` keeps goes as soon as the focal point is changed or deleted.
#[utoipa::path(
    tag = "focal points",
    operation_id = "createFocalPoint",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache")),
    request_body = FocalPointIn,
    security(("token" = ["focal_points:write"])),
    responses((status = 201, description = "The focal point.", body = FocalPointOut), (status = 409))
)]
#[post("/members/{id}/focal-points")]
pub async fn create_focal_point(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<MemberAddress>,
    body: Body<FocalPointsWrite, FocalPointIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), MAKING_FOCAL_POINTS, &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        // Before the kept answer, too: an account that speaks for another member now must not see it.
        let member = own(tx, path.parsed()?, &body.principal)?;
        once.answer(tx, |tx| {
            let content = body.content?.read()?;
            let made = store::create(tx, (member.id, member.slug), content)?;
            Written::created(made.address(), made.version, &FocalPointOut::from(made))
        })
    };
    Ok(state.db.write(principal, create).await?.respond(&variant))
}

/// Get a focal point
///
/// One of a member's, by its id.
#[utoipa::path(
    tag = "focal points",
    operation_id = "getFocalPoint",
    params(
        ("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"),
        ("focal_point_id" = String, Path, description = "Identifier of the focal point.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    security(("token" = ["focal_points:read"])),
    responses((status = 200, description = "The focal point.", body = FocalPointOut))
)]
#[get("/members/{id}/focal-points/{focal_point_id}")]
pub async fn get_focal_point(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<MemberAddress, Identifier>,
    caller: Require<FocalPointsRead>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.private();
    let (address, id) = path.into_parsed()?;
    let member = seen(&state, &caller.principal, address).await?;
    let found = state.db.read_as(caller.principal, move |conn| store::find(conn, &member.id, &id)).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    view.respond(&req, found.version, &FocalPointOut::from(found), None)
}

/// Change a focal point
///
/// A merge patch (RFC 7396). `If-Match` is required. A change that changes nothing leaves the version as it is.
#[utoipa::path(
    tag = "focal points",
    operation_id = "updateFocalPoint",
    params(
        ("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"),
        ("focal_point_id" = String, Path, description = "Identifier of the focal point.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    request_body(content(
        (FocalPointPatch = "application/merge-patch+json"), (FocalPointPatch = "application/json")
    )),
    security(("token" = ["focal_points:write"])),
    responses((status = 200, description = "The focal point.", body = FocalPointOut), (status = 409))
)]
#[patch("/members/{id}/focal-points/{focal_point_id}")]
pub async fn update_focal_point(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<MemberAddress, Identifier>,
    body: Body<FocalPointsWrite, FocalPointPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let before = one(tx, path.parsed()?, &body.principal)?;
        let wanted = body.content?;
        precondition.check(before.version)?;
        let content = wanted.onto(before.content.clone()).read()?;
        let after = store::update(tx, &before, content)?;
        Written::changed(after.version, &FocalPointOut::from(after))
    };
    Ok(state.db.write(principal, update).await?.respond(&variant))
}

/// Delete a focal point
///
/// Nothing of the person stays but that somebody was there. `If-Match` is required.
#[utoipa::path(
    tag = "focal points",
    operation_id = "deleteFocalPoint",
    params(
        ("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"),
        ("focal_point_id" = String, Path, description = "Identifier of the focal point.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    security(("token" = ["focal_points:write"])),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/members/{id}/focal-points/{focal_point_id}")]
pub async fn delete_focal_point(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<MemberAddress, Identifier>,
    caller: Require<FocalPointsWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let delete = move |tx: &mut Tx<'_>| {
        let gone = one(tx, path.parsed()?, &principal)?;
        precondition.check(gone.version)?;
        store::delete(tx, &gone)?;
        Ok::<_, Problem>(Written::gone())
    };
    Ok(state.db.write(caller.principal, delete).await?.respond(&variant))
}

/// The member at a path's address, if the principal may see its focal points.
async fn seen(state: &AppState, principal: &Principal, address: MemberAddress) -> Result<Member, Problem> {
    let member = state.db.read_as(principal.clone(), move |conn| members::find(conn, &address)).await?;
    let member = member.ok_or_else(Problem::not_found)?;
    principal.may_touch::<FocalPointsRead>(&member.id)?;
    Ok(member)
}

/// The member at a path's address, if the principal may write its focal points, which nobody else does meanwhile.
fn own(tx: &mut Tx<'_>, address: &MemberAddress, principal: &Principal) -> Result<Member, Problem> {
    store::take_turn(tx)?;
    let member = members::lock(tx, address)?.ok_or_else(Problem::not_found)?;
    principal.may_touch::<FocalPointsWrite>(&member.id)?;
    Ok(member)
}

/// One of its focal points, likewise.
fn one(
    tx: &mut Tx<'_>,
    (member, id): &(MemberAddress, Identifier),
    principal: &Principal,
) -> Result<FocalPoint, Problem> {
    let member = own(tx, member, principal)?;
    store::find(tx.conn, &member.id, id)?.ok_or_else(Problem::not_found)
}
