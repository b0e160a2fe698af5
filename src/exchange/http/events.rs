//! The operations on events.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web::Data};

use super::{
    super::{
        dto::{EventIn, EventOut, EventPageOut, EventPatch, EventQuery, SharedViewQuery},
        rules::{Confirmed, DatedSortKey, Event, EventFacts, Party},
        store,
    },
    certain, check_new, check_place, find, named, own, seen,
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
        problem::{INVALID_PARAMETER, Problem},
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "events";

/// List events
///
/// Where members show what they do and meet others: what is published; with a token that may see them and `publication`
/// drafts, too. `from` and `until` ask for those that take place in between. Where `provenance` is `illustrative`, the event
/// is invented for demonstration.
#[utoipa::path(
    tag = "exchange",
    operation_id = "listEvents",
    params(EventQuery),
    responses((status = 200, description = "A page of events.", content(
        (EventPageOut = "application/json"), (String = "text/csv"), (EventOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/events")]
pub async fn list_events(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Caller,
    Query(query): Query<EventQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let (view, author, drafts) = with_drafts_of::<ExchangeDraft>(view, &caller, query.publication.is_some())?;
    if query.from.zip(query.until).is_some_and(|(from, until)| from.0 > until.0) {
        return Err(Problem::parameter(
            &INVALID_PARAMETER,
            "until",
            "lies before from: no event takes place in between",
        ));
    }
    let by_day = query.sort.is_some_and(|sort| sort.key == DatedSortKey::StartsOn);
    let (listing, frame) = query.paging().of(LIST, query.filters(drafts), by_day)?;
    let read = move |conn: &mut Conn| {
        admit(author.as_ref(), conn)?;
        let found = store::list_events(conn, &listing)?;
        listed(conn, found, EventOut::from)
    };
    let writer = view.for_request(&req);
    let write = move |found: Found<Listed>| frame.written(writer, &found, &NoFrame {});
    state.db.read_then(of_one_state(read), write).await??.respond(&req)
}

/// Get an event
///
/// By its id; a draft with a token that may see it.
#[utoipa::path(
    tag = "exchange",
    operation_id = "getEvent",
    params(("id" = String, Path, description = "Identifier of the event.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), SharedViewQuery),
    responses((status = 200, description = "The event.", body = EventOut))
)]
#[get("/events/{id}")]
pub async fn get_event(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Caller,
    Query(query): Query<SharedViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let id = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let found = store::find_event(conn, &id)?;
        seen(conn, &caller, found)?.map(|found| with_document(conn, &id, found)).transpose()
    };
    let (found, document) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    let view = as_published(view, found.is_public());
    view.respond_json(&req, found.version, presented(document, &EventOut::from(found))?)
}

/// Add an event
///
/// By the focal point of the member that hosts it, or the secretariat; without a host, by the secretariat only.
#[utoipa::path(
    tag = "exchange",
    operation_id = "createEvent",
    request_body = EventIn,
    security(("token" = ["exchange:write"])),
    responses((status = 201, description = "The event.", body = EventOut))
)]
#[post("/events")]
pub async fn create_event(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<ExchangeWrite, EventIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createEvent", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let input = body.content?;
        let parties = named(tx, &body.principal, input.host.as_ref(), &input.named())?;
        once.answer(tx, |tx| created(tx, &body.principal, &parties, input))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change an event
///
/// A merge patch (RFC 7396). `If-Match` is required. Who hosts it writes it: only the secretariat gives it to another host
/// or to none (403). A change that changes nothing leaves the version as it is.
#[utoipa::path(
    tag = "exchange",
    operation_id = "updateEvent",
    params(("id" = String, Path, description = "Identifier of the event.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body(content(
        (EventPatch = "application/merge-patch+json"), (EventPatch = "application/json")
    )),
    security(("token" = ["exchange:write"])),
    responses((status = 200, description = "The event.", body = EventOut))
)]
#[patch("/events/{id}")]
pub async fn update_event(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<ExchangeWrite, EventPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let before = own(&body.principal, store::lock_event(tx, path.parsed()?)?)?;
        let input = body.content?.onto(&before);
        let parties = named(tx, &body.principal, input.host.as_ref(), &input.named())?;
        precondition.check(before.version)?;
        let after = patched(tx, &body.principal, (&before, &parties), input)?;
        changed(tx, after.version, &EventOut::from(after))
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete an event
///
/// `If-Match` is required. The feed keeps the tombstone of what was published.
#[utoipa::path(
    tag = "exchange",
    operation_id = "deleteEvent",
    params(("id" = String, Path, description = "Identifier of the event.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["exchange:write"])),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/events/{id}")]
pub async fn delete_event(
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
        let gone = own(&principal, store::lock_event(tx, path.parsed()?)?)?;
        precondition.check(gone.version)?;
        store::delete_event(tx, &gone)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

fn created(tx: &mut Tx<'_>, principal: &Principal, parties: &[Party], input: EventIn) -> Result<Written, Problem> {
    let publication = input.publication.unwrap_or(Publication::Draft);
    let (host, facts) = checked(tx, principal, (parties, None), input)?;
    let made = store::create_event(tx, host, (publication, facts))?;
    let address = made.address();
    Ok(changed(tx, made.version, &EventOut::from(made))?.at(address))
}

/// Writes what a patch makes of an event.
fn patched(
    tx: &mut Tx<'_>,
    principal: &Principal,
    (before, parties): (&Event, &[Party]),
    input: EventIn,
) -> Result<Event, Problem> {
    let publication = input.publication.unwrap_or(before.publication);
    let (owner, facts) = checked(tx, principal, (parties, Some(before)), input)?;
    let after = Event { owner, facts, ..before.clone() }.shown(publication, tx.today());
    Ok(store::update_event(tx, before, after)?)
}

/// Who hosts an event and what is said of it; `before` is what it was, if it was.
fn checked(
    tx: &mut Tx<'_>,
    principal: &Principal,
    (parties, before): (&[Party], Option<&Event>),
    input: EventIn,
) -> Result<(Option<Party>, EventFacts), Problem> {
    let host = input.host.as_ref().and_then(|slug| find(parties, slug)).cloned();
    let (slugs, nobody) = (input.members.clone(), Confirmed::new());
    let (were, known) = before.map_or((&[][..], &nobody), |event| (&event.facts.members[..], &event.facts.confirmed));
    let (mut violations, mut facts) = input.read(parties);
    if let Some(code) = &facts.territory {
        check_place(tx.conn, &mut violations, code)?;
    }
    check_new(tx.conn, &mut violations, (&slugs, &facts.members), were)?;
    violations.done()?;
    facts.confirmed = certain(tx, principal, (&facts.members, host.as_ref()), (were, known));
    Ok((host, facts))
}
