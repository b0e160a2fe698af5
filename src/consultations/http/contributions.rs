//! The operations on what the public contributes.

use actix_web::{HttpRequest, HttpResponse, get, post, web::Data};

use super::{
    super::{
        dto::{
            ContributionBeside, ContributionDetailOut, ContributionIn, ContributionOut, ContributionPageOut,
            ContributionQuery, ContributionReceiptOut, ContributionViewQuery,
        },
        rules::{Consultation, Contribution, Receipt, SenderKey},
        store::{self, Sent},
    },
    receipts::PUBLIC,
    seen,
};
use crate::{
    action_programs::{admit, as_published, axes_of, take_turn},
    auth::{principal::Caller, roles::ContributionsModerate},
    db::{Conn, StoreError, Tx, WriteError},
    kernel::{codes::Flag, id::Identifier},
    members::{self, MemberAddress, Status},
    publishing::{NoFrame, listed, of_one_state, presented, with_document},
    state::AppState,
    web::{
        body::Open,
        client,
        idempotency::{self, Once},
        path::{Segment, Segments},
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        splice,
        written::Written,
    },
};

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "contributions";

/// List a consultation's contributions
///
/// Those that everybody sees, the oldest first. Who moderates sees the others by `moderation`, and whether the senders can be
/// reached.
#[utoipa::path(
    tag = "consultations",
    operation_id = "listContributions",
    params(("id" = String, Path, description = "Identifier of the consultation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), ContributionQuery),
    responses((status = 200, description = "A page of contributions.", content(
        (ContributionPageOut = "application/json"), (String = "text/csv"), (ContributionOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/consultations/{id}/contributions")]
pub async fn list_contributions(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Caller,
    Query(query): Query<ContributionQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let wants_all = query.moderation.is_some();
    let moderator = if wants_all { Some(caller.require::<ContributionsModerate>()?.clone()) } else { None };
    let id = path.into_parsed()?;
    let (listing, frame) = query.paging().of(LIST, query.filters(id.clone()), false)?;
    let author = moderator.clone();
    let read = move |conn: &mut Conn| {
        admit(author.as_ref(), conn)?;
        let Some(consultation) = seen(conn, &caller, &id)? else { return Ok(None) };
        let found = store::list_contributions(conn, &listing)?;
        Ok(Some((consultation, listed(conn, found, |found| ContributionOut::of(found, wants_all))?)))
    };
    let (consultation, found) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    moderator.map_or(Ok(()), |moderator| moderator.may_touch::<ContributionsModerate>(&consultation.owner.id))?;
    let view = as_published(view, consultation.is_public && !wants_all);
    frame.written(view.for_request(&req), &found, &NoFrame {})?.respond(&req)
}

/// Get a contribution
///
/// One of a consultation's, by its id: one that everybody sees, which reads the same for all, or any for who moderates; with
/// `contact=true` that is told how its sender can be reached. Who sent it follows it by the receipt.
#[utoipa::path(
    tag = "consultations",
    operation_id = "getContribution",
    params(
        ("id" = String, Path, description = "Identifier of the consultation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("contribution_id" = String, Path, description = "Identifier of the contribution.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ContributionViewQuery
    ),
    responses((status = 200, description = "The contribution.", body = ContributionDetailOut))
)]
#[get("/consultations/{id}/contributions/{contribution_id}")]
pub async fn get_contribution(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, Identifier>,
    caller: Caller,
    Query(query): Query<ContributionViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let with_contact = query.contact.is_some_and(|contact| contact.0 == Flag::True);
    let moderator = if with_contact { Some(caller.require::<ContributionsModerate>()?.clone()) } else { None };
    let (consultation, id) = path.into_parsed()?;
    let read = move |conn: &mut Conn| {
        let found = store::find_contribution(conn, &id)?;
        let Some(found) = found.filter(|found| found.consultation_id == consultation) else {
            return Ok(None);
        };
        // What is published reads the same for all, unless more is asked for.
        let asks = with_contact || !found.is_public();
        let moderates = asks && caller.covers::<ContributionsModerate>(conn, &found.owner.id)?;
        if found.is_public() || moderates { with_document(conn, &id, (found, moderates)).map(Some) } else { Ok(None) }
    };
    let ((found, moderates), document) = state.db.read(of_one_state(read)).await?.ok_or_else(Problem::not_found)?;
    moderator.map_or(Ok(()), |moderator| moderator.may_touch::<ContributionsModerate>(&found.owner.id))?;
    let view = as_published(view, !moderates);
    let version = found.version;
    let ContributionDetailOut { contribution, contact } = ContributionDetailOut::of(found, moderates, with_contact);
    let json = splice::object(&presented(document, &contribution)?, &ContributionBeside { contact });
    view.for_request(&req).written_json(version, json.map_err(Problem::internal)?, None)?.respond(&req)
}

/// Send a contribution
///
/// Everybody can, without an account, while an online round is open; otherwise the answer is a 409 with the dates. Nobody
/// else sees it before the member has looked at it. The answer holds the receipt by which you can follow it. The
/// `Idempotency-Key` must be given, and be such that nobody can guess it: whoever sends the same request with it again is
/// given the same receipt.
#[utoipa::path(
    tag = "consultations",
    operation_id = "createContribution",
    params(("id" = String, Path, description = "Identifier of the consultation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body = ContributionIn,
    responses((status = 201, description = "The receipt.", body = ContributionReceiptOut), (status = 409))
)]
#[post("/consultations/{id}/contributions")]
pub async fn create_contribution(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Open<ContributionIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let (id, key) = (path.into_parsed()?, Once::key(&req, SenderKey::parse, SenderKey::RULE)?);
    if body.content.is_err() {
        // What is no contribution counts as a request only, and waits for no turn.
        let id = id.clone();
        state.db.read(move |conn| public(conn, &id)).await?.ok_or_else(Problem::not_found)?;
    }
    let content = body.content?;
    let standing = state.rate_limits.take_contribution(client::address(&req, &state.trusted_proxies))?;
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(Problem::internal)?;
    let bytes = body.bytes;
    let send = move |tx: &mut Tx<'_>| sent(tx, &id, (content, &bytes), (&key, Receipt::of(bits)));
    let mut response = state.db.write(PUBLIC, send).await?.respond(&variant);
    standing.tell(response.headers_mut());
    Ok(response)
}

/// The consultation with an id that everybody sees.
fn public(conn: &mut Conn, id: &Identifier) -> Result<Option<Consultation>, StoreError> {
    let found = store::find(conn, id)?;
    Ok(found.filter(|found| found.is_public))
}

/// Stores what somebody sends, or finds what was sent before.
fn sent(
    tx: &mut Tx<'_>,
    id: &Identifier,
    (input, bytes): (ContributionIn, &[u8]),
    (key, receipt): (&SenderKey, Receipt),
) -> Result<Written, Problem> {
    take_turn(tx)?;
    let consultation = public(tx.conn, id)?.ok_or_else(Problem::not_found)?;
    let member = members::find(tx.conn, &MemberAddress::Id(consultation.owner.id.clone()))?;
    let check = |tx: &mut Tx<'_>| {
        let (violations, content) = input.read(&axes_of(tx.conn, &consultation.program_id)?);
        violations.done().map_err(WriteError::Invalid)?;
        let has_left = member.is_none_or(|member| member.status == Status::Withdrawn);
        consultation.takes_contributions(has_left, tx.today()).map_err(WriteError::NotNow)?;
        Ok(content)
    };
    match store::contribute(tx, &consultation, (key, bytes), &receipt, check)? {
        Sent::New(found) => told(found, &receipt),
        Sent::Again(found, receipt) => told(found, &receipt).map(Written::again),
        Sent::Other => Err(idempotency::reused("for another contribution to this consultation")),
    }
}

fn told(found: Contribution, receipt: &Receipt) -> Result<Written, Problem> {
    let (version, told) = (found.version, ContributionReceiptOut::of(found, receipt));
    Written::created(told.links.this.clone(), version, &told)
}
