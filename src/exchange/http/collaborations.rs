//! The operations on collaborations.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web::Data};

use super::{
    super::{
        dto::{
            CollaborationIn, CollaborationOut, CollaborationPageOut, CollaborationPatch, CollaborationQuery,
            SharedViewQuery,
        },
        rules::{Collaboration, CollaborationFacts, Confirmed, DatedSortKey, Party},
        store,
    },
    certain, check_new, find, named, own, seen,
};
use crate::{
    action_programs::{Publication, admit, as_published, with_drafts_of},
    auth::{
        principal::{Body, Caller, Principal, Require},
        roles::{ExchangeDraft, ExchangeWrite},
    },
    db::{Conn, Tx},
    kernel::{id::Identifier, paging::Found},
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
const LIST: &str = "collaborations";

/// List collaborations
///
/// What members do together: what is published; with a token that may see them and `publication` drafts, too. `on` asks for
/// those that run on a day. Where `provenance` is `illustrative`, the collaboration is invented for demonstration.
#[utoipa::path(
    tag = "exchange",
    operation_id = "listCollaborations",
    params(CollaborationQuery),
    responses((status = 200, description = "A page of collaborations.", content(
        (CollaborationPageOut = "application/json"), (String = "text/csv"), (CollaborationOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/collaborations")]
pub async fn list_collaborations(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    Query(query): Query<CollaborationQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let (view, author, drafts) = with_drafts_of::<ExchangeDraft>(view, &caller, query.publication.is_some())?;
    let by_day = query.sort.is_some_and(|sort| sort.key == DatedSortKey::StartsOn);
    let (listing, frame) = query.paging().of(LIST, query.filters(drafts), by_day)?;
    let read = move |conn: &mut Conn| {
        admit(author.as_ref(), conn)?;
        let found = store::list_collaborations(conn, &listing)?;
        listed(conn, found, CollaborationOut::from)
    };
    let writer = view.for_request(&req);
    let write = move |found: Found<Listed>| frame.written(writer, &found, &NoFrame {});
    state.db.read_then(of_one_state(read), write).await??.respond(&req)
}

/// Get a collaboration
///
/// By its id; a draft with a token that may see it.
#[utoipa::path(
    tag = "exchange",
    operation_id = "getCollaboration",
    params(("id" = String, Path, description = "Identifier of the collaboration.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), SharedViewQuery),
    responses((status = 200, description = "The collaboration.", body = CollaborationOut))
)]
#[get("/collaborations/{id}")]
pub async fn get_collaboration(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Caller,
    Query(query): Query<SharedViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let id = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let found = store::find_collaboration(conn, &id)?;
        seen(conn, &caller, found)?.map(|found| with_document(conn, &id, found)).transpose()
    };
    let (found, document) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    let view = as_published(view, found.is_public());
    view.respond_json(&req, found.version, presented(document, &CollaborationOut::from(found))?)
}

/// Add a collaboration
///
/// By the focal point of the member that leads it, or the secretariat.
#[utoipa::path(
    tag = "exchange",
    operation_id = "createCollaboration",
    request_body = CollaborationIn,
    security(("token" = ["exchange:write"])),
    responses((status = 201, description = "The collaboration.", body = CollaborationOut))
)]
#[post("/collaborations")]
pub async fn create_collaboration(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<ExchangeWrite, CollaborationIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createCollaboration", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let input = body.content?;
        let parties = named(tx, &body.principal, Some(&input.lead), &input.named())?;
        once.answer(tx, |tx| created(tx, &body.principal, &parties, input))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change a collaboration
///
/// A merge patch (RFC 7396). `If-Match` is required. Who leads it writes it: only the secretariat gives it to another lead
/// (403). A change that changes nothing leaves the version as it is.
#[utoipa::path(
    tag = "exchange",
    operation_id = "updateCollaboration",
    params(("id" = String, Path, description = "Identifier of the collaboration.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body(content(
        (CollaborationPatch = "application/merge-patch+json"), (CollaborationPatch = "application/json")
    )),
    security(("token" = ["exchange:write"])),
    responses((status = 200, description = "The collaboration.", body = CollaborationOut))
)]
#[patch("/collaborations/{id}")]
pub async fn update_collaboration(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<ExchangeWrite, CollaborationPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let before = own(&body.principal, store::lock_collaboration(tx, path.parsed()?)?)?;
        let input = body.content?.onto(&before);
        let parties = named(tx, &body.principal, Some(&input.lead), &input.named())?;
        precondition.check(before.version)?;
        let after = patched(tx, &body.principal, (&before, &parties), input)?;
        changed(tx, after.version, &CollaborationOut::from(after))
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete a collaboration
///
/// `If-Match` is required. The feed keeps the tombstone of what was published.
#[utoipa::path(
    tag = "exchange",
    operation_id = "deleteCollaboration",
    params(("id" = String, Path, description = "Identifier of the collaboration.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["exchange:write"])),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/collaborations/{id}")]
pub async fn delete_collaboration(
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
        let gone = own(&principal, store::lock_collaboration(tx, path.parsed()?)?)?;
        precondition.check(gone.version)?;
        store::delete_collaboration(tx, &gone)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

fn created(
    tx: &mut Tx<'_>,
    principal: &Principal,
    parties: &[Party],
    input: CollaborationIn,
) -> Result<Written, Problem> {
    let publication = input.publication.unwrap_or(Publication::Draft);
    let (lead, facts) = checked(tx, principal, (parties, None), input)?;
    let made = store::create_collaboration(tx, lead, (publication, facts))?;
    let address = made.address();
    Ok(changed(tx, made.version, &CollaborationOut::from(made))?.at(address))
}

/// Writes what a patch makes of a collaboration.
fn patched(
    tx: &mut Tx<'_>,
    principal: &Principal,
    (before, parties): (&Collaboration, &[Party]),
    input: CollaborationIn,
) -> Result<Collaboration, Problem> {
    let publication = input.publication.unwrap_or(before.publication);
    let (owner, facts) = checked(tx, principal, (parties, Some(before)), input)?;
    let after = Collaboration { owner, facts, ..before.clone() }.shown(publication, tx.today());
    Ok(store::update_collaboration(tx, before, after)?)
}

/// Who leads a collaboration and what is said of it; `before` is what it was, if it was.
fn checked(
    tx: &mut Tx<'_>,
    principal: &Principal,
    (parties, before): (&[Party], Option<&Collaboration>),
    input: CollaborationIn,
) -> Result<(Option<Party>, CollaborationFacts), Problem> {
    let (lead, slugs) = (find(parties, &input.lead).cloned(), input.members.clone());
    let nobody = Confirmed::new();
    let (were, known) = before.map_or((&[][..], &nobody), |c| (&c.facts.members[..], &c.facts.confirmed));
    let (mut violations, facts) = input.read(parties, before.map(|_| were.len()));
    let members = facts.as_ref().map_or(&[][..], |facts| &facts.members);
    check_new(tx.conn, &mut violations, (&slugs, members), were)?;
    violations.done()?;
    let mut facts = facts.ok_or_else(|| Problem::internal("a collaboration without a beginning"))?;
    facts.confirmed = certain(tx, principal, (&facts.members, lead.as_ref()), (were, known));
    Ok((lead, facts))
}
