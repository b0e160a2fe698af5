//! The operations of law 09-08, for the administrator. They take no `Idempotency-Key`: what would be kept is about a
//! person.

use actix_web::{HttpRequest, HttpResponse, post, web::Data};

use super::{
    dto::{ErasureOut, PersonIn, PersonOut, RectificationIn},
    erase, held, rectify,
    rules::Held,
    take_turns,
};
use crate::{
    auth::{
        principal::{Body, Principal},
        roles::PersonsManage,
    },
    db::{Deed, Tx},
    kernel::{
        audit::{Action, Collection},
        id::Identifier,
    },
    state::AppState,
    web::{
        idempotency::Once,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// The persons' name in the audit.
const RESOURCE: Collection = Collection::Persons;

/// Get all that is held on a person
///
/// The focal points of all members, the account and the contributions with that e-mail address, with sessions, reports, and
/// what the audit says of the account. That it was asked for stands in the audit. Takes no `Idempotency-Key`.
#[utoipa::path(
    tag = "persons",
    operation_id = "accessPerson",
    request_body = PersonIn,
    security(("token" = ["persons:manage"])),
    responses((status = 200, description = "All that is held.", body = PersonOut), (status = 404))
)]
#[post("/persons/access")]
pub async fn access_person(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<PersonsManage, PersonIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let content = body.content;
    state.security_log.flush_for_reader().await;
    written(&req, &state, body.principal, move |tx| {
        let found = known(tx, &content?.read()?)?;
        tx.audit(asked_for(&found));
        Written::told(&PersonOut::from(found))
    })
    .await
}

/// Correct what is held on a person
///
/// The account, every focal point and the contact of every contribution with that e-mail address, all or nothing. A new address signs nobody out. The answer
/// is all that is held then. Takes no `Idempotency-Key`.
#[utoipa::path(
    tag = "persons",
    operation_id = "rectifyPerson",
    request_body = RectificationIn,
    security(("token" = ["persons:manage"])),
    responses((status = 200, description = "All that is held now.", body = PersonOut), (status = 404), (status = 409))
)]
#[post("/persons/rectification")]
pub async fn rectify_person(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<PersonsManage, RectificationIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let content = body.content;
    state.security_log.flush_for_reader().await;
    written(&req, &state, body.principal, move |tx| {
        let (email, correction) = content?.read()?;
        let found = known(tx, &email)?;
        let email = rectify(tx, &found, &correction)?;
        Written::told(&PersonOut::from(known(tx, &email)?))
    })
    .await
}

/// Erase all that is held on a person
///
/// Focal points, account, sessions, one-time secrets, reports of the account's imports, kept answers, and contacts of
/// contributions, whose words stay. The audit keeps that something was done, by ids. Tokens of the account are refused from then on. The last administrator stays (409).
/// Takes no `Idempotency-Key`; sent twice it is a 404.
#[utoipa::path(
    tag = "persons",
    operation_id = "erasePerson",
    request_body = PersonIn,
    security(("token" = ["persons:manage"])),
    responses((status = 200, description = "How much was erased.", body = ErasureOut), (status = 404), (status = 409))
)]
#[post("/persons/erasure")]
pub async fn erase_person(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<PersonsManage, PersonIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let content = body.content;
    written(&req, &state, body.principal, move |tx| {
        let found = known(tx, &content?.read()?)?;
        Written::told(&ErasureOut::from(erase(tx, &found)?))
    })
    .await
}

/// Answers with what `work` does about a person whom nobody else changes meanwhile.
async fn written(
    req: &HttpRequest,
    state: &AppState,
    principal: Principal,
    work: impl FnOnce(&mut Tx<'_>) -> Result<Written, Problem> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    Once::refused(req)?;
    let variant = View::of_resource(req, None)?.variant(req);
    let work = move |tx: &mut Tx<'_>| {
        take_turns(tx)?;
        work(tx)
    };
    Ok(state.db.write(principal, work).await?.respond(&variant))
}

/// What is held on the person with an e-mail address.
fn known(tx: &mut Tx<'_>, email: &str) -> Result<Held, Problem> {
    held(tx.conn, email)?.ok_or_else(Problem::not_found)
}

fn asked_for(found: &Held) -> Deed {
    Deed {
        action: Action::Accessed,
        resource: RESOURCE,
        id: found.id().map(Identifier::into_string),
        version: None,
        before: None,
        after: None,
    }
}
