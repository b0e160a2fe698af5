//! The operations on who takes part. Who leads or hosts something names others; for these it counts once they say so
//! themselves, or the secretariat does for them, and they take themselves out of it whenever they like.

use actix_web::{HttpRequest, HttpResponse, delete, put, web::Data};

use super::super::{
    dto::{CollaborationOut, EventOut},
    rules::{Party, Shared, Stored},
    store,
};
use crate::{
    auth::{
        principal::{Principal, Require},
        roles::{ExchangeDraft, ExchangeWrite},
    },
    db::{Tx, WriteError},
    kernel::{id::Identifier, violation::Violation},
    members::MemberAddress,
    publishing::changed,
    state::AppState,
    web::{
        path::Segments,
        precondition::Precondition,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// Confirm that a member takes part in a collaboration
///
/// By the member's focal point or the secretariat. Who leads a collaboration names who takes part; it counts in scorecards for
/// those who have confirmed it. `If-Match` is required: it is confirmed as it was read. What is confirmed already stays as it
/// is.
#[utoipa::path(
    tag = "exchange",
    operation_id = "confirmCollaborationMember",
    params(
        ("id" = String, Path, description = "Identifier of the collaboration.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("member" = String, Path, description = "Slug or id of a member that takes part.", example = "commune-martil")
    ),
    security(("token" = ["exchange:write"])),
    responses((status = 200, description = "The collaboration.", body = CollaborationOut))
)]
#[put("/collaborations/{id}/members/{member}")]
pub async fn confirm_collaboration_member(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, MemberAddress>,
    caller: Require<ExchangeWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let confirm = move |tx: &mut Tx<'_>| {
        let before = shown(&principal, store::lock_collaboration(tx, &path.parsed()?.0)?)?;
        let part = part(&principal, &before.facts.members, &path.parsed()?.1)?;
        precondition.check(before.version)?;
        let mut after = before.clone();
        after.facts.confirmed.entry(part.id).or_insert(tx.now());
        let after = store::update_collaboration(tx, &before, after)?;
        changed(tx, after.version, &CollaborationOut::from(after))
    };
    let written = state.db.write(caller.principal, confirm).await?;
    Ok(written.respond(&variant))
}

/// Take a member out of a collaboration
///
/// By the member's focal point or the secretariat, whether it was confirmed or not. `If-Match` is required. Who leads a
/// collaboration stays in it (409).
#[utoipa::path(
    tag = "exchange",
    operation_id = "removeCollaborationMember",
    params(
        ("id" = String, Path, description = "Identifier of the collaboration.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("member" = String, Path, description = "Slug or id of a member that takes part.", example = "commune-martil")
    ),
    security(("token" = ["exchange:write"])),
    responses((status = 204, description = "It takes part no more."), (status = 409))
)]
#[delete("/collaborations/{id}/members/{member}")]
pub async fn remove_collaboration_member(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, MemberAddress>,
    caller: Require<ExchangeWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let remove = move |tx: &mut Tx<'_>| {
        let before = shown(&principal, store::lock_collaboration(tx, &path.parsed()?.0)?)?;
        let part = part(&principal, &before.facts.members, &path.parsed()?.1)?;
        precondition.check(before.version)?;
        check_not_owner(&before, &part, ("leads_it", "leads the collaboration"))?;
        let mut after = before.clone();
        after.facts.members.retain(|party| *party != part);
        after.facts.confirmed.remove(part.id.as_str());
        store::update_collaboration(tx, &before, after)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, remove).await?;
    Ok(written.respond(&variant))
}

/// Confirm that a member takes part in an event
///
/// By the member's focal point or the secretariat. Who hosts an event names who takes part; it counts in scorecards for those
/// who have confirmed it. `If-Match` is required: it is confirmed as it was read. What is confirmed already stays as it is.
#[utoipa::path(
    tag = "exchange",
    operation_id = "confirmEventMember",
    params(
        ("id" = String, Path, description = "Identifier of the event.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("member" = String, Path, description = "Slug or id of a member that takes part.", example = "commune-martil")
    ),
    security(("token" = ["exchange:write"])),
    responses((status = 200, description = "The event.", body = EventOut))
)]
#[put("/events/{id}/members/{member}")]
pub async fn confirm_event_member(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, MemberAddress>,
    caller: Require<ExchangeWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let confirm = move |tx: &mut Tx<'_>| {
        let before = shown(&principal, store::lock_event(tx, &path.parsed()?.0)?)?;
        let part = part(&principal, &before.facts.members, &path.parsed()?.1)?;
        precondition.check(before.version)?;
        let mut after = before.clone();
        after.facts.confirmed.entry(part.id).or_insert(tx.now());
        let after = store::update_event(tx, &before, after)?;
        changed(tx, after.version, &EventOut::from(after))
    };
    let written = state.db.write(caller.principal, confirm).await?;
    Ok(written.respond(&variant))
}

/// Take a member out of an event
///
/// By the member's focal point or the secretariat, whether it was confirmed or not. `If-Match` is required. Who hosts an event
/// stays in it (409).
#[utoipa::path(
    tag = "exchange",
    operation_id = "removeEventMember",
    params(
        ("id" = String, Path, description = "Identifier of the event.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("member" = String, Path, description = "Slug or id of a member that takes part.", example = "commune-martil")
    ),
    security(("token" = ["exchange:write"])),
    responses((status = 204, description = "It takes part no more."), (status = 409))
)]
#[delete("/events/{id}/members/{member}")]
pub async fn remove_event_member(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, MemberAddress>,
    caller: Require<ExchangeWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let remove = move |tx: &mut Tx<'_>| {
        let before = shown(&principal, store::lock_event(tx, &path.parsed()?.0)?)?;
        let part = part(&principal, &before.facts.members, &path.parsed()?.1)?;
        precondition.check(before.version)?;
        check_not_owner(&before, &part, ("hosts_it", "hosts the event"))?;
        let mut after = before.clone();
        after.facts.members.retain(|party| *party != part);
        after.facts.confirmed.remove(part.id.as_str());
        store::update_event(tx, &before, after)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, remove).await?;
    Ok(written.respond(&variant))
}

/// What was found, if the principal sees it: a draft is there for whose it is and the secretariat only.
fn shown<F: Shared>(principal: &Principal, found: Option<Stored<F>>) -> Result<Stored<F>, Problem> {
    let found = found.filter(|found| found.is_public() || principal.covers::<ExchangeDraft>(found.owner_id()));
    found.ok_or_else(Problem::not_found)
}

/// The member at an address of a path among those that take part, if the principal speaks for it.
fn part(principal: &Principal, members: &[Party], address: &MemberAddress) -> Result<Party, Problem> {
    let found = members.iter().find(|party| match address {
        MemberAddress::Code(slug) => party.slug == *slug,
        MemberAddress::Id(id) => party.id == *id,
    });
    let found = found.ok_or_else(Problem::not_found)?;
    principal.may_touch::<ExchangeWrite>(&found.id)?;
    Ok(found.clone())
}

/// Refuses to take out whose it is.
fn check_not_owner<F: Shared>(
    stored: &Stored<F>,
    part: &Party,
    (code, what): (&'static str, &str),
) -> Result<(), WriteError> {
    if stored.owner.as_ref() != Some(part) {
        return Ok(());
    }
    let detail = format!("{} {what}; the secretariat gives it to another member first.", part.slug);
    Err(WriteError::NotNow(Violation::new("", code, detail).into()))
}
