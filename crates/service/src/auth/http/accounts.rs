//! The operations on accounts, for the administrator: people under `/users`, machines under `/clients`. What hands a secret
//! out takes no `Idempotency-Key`, because its answer would be kept.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, web::Data};

use super::super::{
    accounts::{AccountKind, NewAccount, SecretHash},
    dto::{
        AccountIn, AccountListQuery, AccountOut, AccountPageOut, AccountPatch, NewClientOut, NewUserOut,
        OneTimeSecretOut,
    },
    passwords::{hash_secret, new_secret, no_password},
    principal::{Body, Principal, Require},
    roles::AccountsManage,
    store::{
        self,
        management::{self, Managed},
    },
};
use crate::{
    db::{Conn, Tx, WriteError},
    kernel::id::Identifier,
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

/// List people
///
/// The accounts of people, the oldest first.
#[utoipa::path(
    tag = "accounts",
    operation_id = "listUsers",
    params(AccountListQuery),
    security(("token" = ["accounts:manage"])),
    responses((status = 200, description = "A page of accounts.", content(
        (AccountPageOut = "application/json"), (String = "text/csv"), (AccountOut = "application/x-ndjson")
    )))
)]
#[get("/users")]
pub async fn list_users(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Require<AccountsManage>,
    Query(query): Query<AccountListQuery>,
) -> Result<HttpResponse, Problem> {
    list(&req, &state, caller.principal, &query, ("users", AccountKind::User)).await
}

/// List machines
///
/// The accounts of machines, the oldest first.
#[utoipa::path(
    tag = "accounts",
    operation_id = "listClients",
    params(AccountListQuery),
    security(("token" = ["accounts:manage"])),
    responses((status = 200, description = "A page of accounts.", content(
        (AccountPageOut = "application/json"), (String = "text/csv"), (AccountOut = "application/x-ndjson")
    )))
)]
#[get("/clients")]
pub async fn list_clients(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Require<AccountsManage>,
    Query(query): Query<AccountListQuery>,
) -> Result<HttpResponse, Problem> {
    list(&req, &state, caller.principal, &query, ("clients", AccountKind::Client)).await
}

/// Make a person's account
///
/// The answer has a one-time secret with which the person sets a password within a day; it is never shown again.
#[utoipa::path(
    tag = "accounts",
    operation_id = "createUser",
    request_body = AccountIn,
    security(("token" = ["accounts:manage"])),
    responses((status = 201, description = "The account, with the secret.", body = NewUserOut), (status = 409))
)]
#[post("/users")]
pub async fn create_user(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<AccountsManage, AccountIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let secret = new_secret().map_err(Problem::internal)?;
    create(&req, &state, body, AccountKind::User, no_password(), move |tx, account| {
        let expires_at = store::sessions::offer_password(tx, &account.id, &secret)?;
        let (location, version) = (account.links.this.clone(), account.version);
        let one_time_secret = OneTimeSecretOut { secret, expires_at };
        Written::created(location, version, &NewUserOut { account, one_time_secret })
    })
    .await
}

/// Make a machine's account
///
/// The answer has its secret, which is never shown again; the account's id is the client id.
#[utoipa::path(
    tag = "accounts",
    operation_id = "createClient",
    request_body = AccountIn,
    security(("token" = ["accounts:manage"])),
    responses((status = 201, description = "The account, with its secret.", body = NewClientOut), (status = 409))
)]
#[post("/clients")]
pub async fn create_client(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<AccountsManage, AccountIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let client_secret = new_secret().map_err(Problem::internal)?;
    create(&req, &state, body, AccountKind::Client, hash_secret(&client_secret), move |_tx, account| {
        let (location, version) = (account.links.this.clone(), account.version);
        Written::created(location, version, &NewClientOut { account, client_secret })
    })
    .await
}

/// Get a person's account
///
/// What it is for.
#[utoipa::path(
    tag = "accounts",
    operation_id = "getUser",
    params(("id" = String, Path, description = "Identifier of the account.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["accounts:manage"])),
    responses((status = 200, description = "The account.", body = AccountOut))
)]
#[get("/users/{id}")]
pub async fn get_user(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<AccountsManage>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    one(&req, &state, caller.principal, AccountKind::User, path).await
}

/// Get a machine's account
///
/// What it is for.
#[utoipa::path(
    tag = "accounts",
    operation_id = "getClient",
    params(("id" = String, Path, description = "Identifier of the account.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["accounts:manage"])),
    responses((status = 200, description = "The account.", body = AccountOut))
)]
#[get("/clients/{id}")]
pub async fn get_client(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<AccountsManage>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    one(&req, &state, caller.principal, AccountKind::Client, path).await
}

/// Change a person's account
///
/// A merge patch (RFC 7396). `If-Match` is required. The last administrator can't be disabled or given another role.
/// Another role, member or organisation, disabling and enabling end all tokens from before.
#[utoipa::path(
    tag = "accounts",
    operation_id = "updateUser",
    params(("id" = String, Path, description = "Identifier of the account.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body(content(
        (AccountPatch = "application/merge-patch+json"), (AccountPatch = "application/json")
    )),
    security(("token" = ["accounts:manage"])),
    responses((status = 200, description = "The account.", body = AccountOut), (status = 409))
)]
#[patch("/users/{id}")]
pub async fn update_user(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<AccountsManage, AccountPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    update(&req, &state, body, AccountKind::User, path).await
}

/// Change a machine's account
///
/// A merge patch (RFC 7396). `If-Match` is required. The last administrator can't be disabled or given another role.
/// Another role, member or organisation, disabling and enabling end all tokens from before.
#[utoipa::path(
    tag = "accounts",
    operation_id = "updateClient",
    params(("id" = String, Path, description = "Identifier of the account.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body(content(
        (AccountPatch = "application/merge-patch+json"), (AccountPatch = "application/json")
    )),
    security(("token" = ["accounts:manage"])),
    responses((status = 200, description = "The account.", body = AccountOut), (status = 409))
)]
#[patch("/clients/{id}")]
pub async fn update_client(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<AccountsManage, AccountPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    update(&req, &state, body, AccountKind::Client, path).await
}

/// Offer a person to set a new password
///
/// For who has forgotten it: a one-time secret to hand on, good for a day and never shown again. An earlier one lapses.
#[utoipa::path(
    tag = "accounts",
    operation_id = "offerPassword",
    params(("id" = String, Path, description = "Identifier of the account.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["accounts:manage"])),
    responses((status = 200, description = "The secret.", body = OneTimeSecretOut))
)]
#[post("/users/{id}/password-reset")]
pub async fn offer_password(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<AccountsManage>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let secret = new_secret().map_err(Problem::internal)?;
    on_one(&req, &state, caller.principal, (AccountKind::User, path), move |tx, Managed { account, .. }| {
        let expires_at = store::sessions::offer_password(tx, &account.id, &secret)?;
        Written::changed(account.version, &OneTimeSecretOut { secret, expires_at })
    })
    .await
}

/// Give a machine a new secret
///
/// The answer has it, and it is never shown again. The secret before it stays good beside it, so that the machine can
/// change over, until it is taken away or the next one is made; with it all access tokens from before end.
#[utoipa::path(
    tag = "accounts",
    operation_id = "rotateClientSecret",
    params(("id" = String, Path, description = "Identifier of the account.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["accounts:manage"])),
    responses((status = 200, description = "The account, with its new secret.", body = NewClientOut))
)]
#[post("/clients/{id}/secret")]
pub async fn rotate_client_secret(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<AccountsManage>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let client_secret = new_secret().map_err(Problem::internal)?;
    let which = (AccountKind::Client, path);
    on_one(&req, &state, caller.principal, which, move |tx, Managed { account, .. }| {
        management::rotate_secret(tx, &account, &client_secret)?;
        let account = AccountOut::from(there(tx.conn, AccountKind::Client, &account.id)?);
        Written::changed(account.version, &NewClientOut { account, client_secret })
    })
    .await
}

/// Take a machine's former secret away
///
/// Only the current one is good from then on. All access tokens from before end, also those got with the current secret.
/// `If-Match` is required.
#[utoipa::path(
    tag = "accounts",
    operation_id = "dropFormerClientSecret",
    params(("id" = String, Path, description = "Identifier of the account.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["accounts:manage"])),
    responses((status = 204, description = "It is good no more."))
)]
#[delete("/clients/{id}/former-secret")]
pub async fn drop_former_client_secret(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<AccountsManage>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let precondition = Precondition::of(&req);
    let which = (AccountKind::Client, path);
    on_one(&req, &state, caller.principal, which, move |tx, Managed { account, .. }| {
        precondition.check(account.version)?;
        let dropped = management::drop_former_secret(tx, &account)?;
        dropped.then(Written::gone).ok_or_else(Problem::not_found)
    })
    .await
}

async fn list(
    req: &HttpRequest,
    state: &AppState,
    principal: Principal,
    query: &AccountListQuery,
    (name, kind): (&'static str, AccountKind),
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map(|lang| lang.0);
    let view = View::of_list(req, name, language, query.format, query.fields.as_ref())?.private();
    let (listing, frame) = query.paging().of(name, query.filters(kind), false)?;
    let found = state.db.read_as(principal, move |conn| management::list(conn, &listing)).await?;
    let (page, sequence) = (frame.page(&found), found.sequence);
    let next = page.next_cursor.clone();
    let data = found.rows.into_iter().map(AccountOut::from).collect();
    view.respond(req, sequence, &AccountPageOut { data, page, sequence }, next.as_deref())
}

async fn one(
    req: &HttpRequest,
    state: &AppState,
    principal: Principal,
    kind: AccountKind,
    id: Segment<Identifier>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(req, None)?.private();
    let id = id.into_parsed()?;
    let found = state.db.read_as(principal, move |conn| management::find(conn, kind, id.as_str())).await?;
    let account = AccountOut::from(found.ok_or_else(Problem::not_found)?);
    view.respond(req, account.version, &account, None)
}

/// Makes an account; `answer` says what there is to say of it, once.
async fn create(
    req: &HttpRequest,
    state: &AppState,
    body: Body<AccountsManage, AccountIn>,
    kind: AccountKind,
    secret_hash: String,
    answer: impl FnOnce(&mut Tx<'_>, AccountOut) -> Result<Written, Problem> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    Once::refused(req)?;
    let variant = View::of_resource(req, None)?.variant(req);
    let principal = body.principal.clone();
    let work = move |tx: &mut Tx<'_>| {
        let (name, terms) = body.content?.read().map_err(WriteError::Invalid)?;
        let new = NewAccount { kind, name, terms, secret_hash: SecretHash(secret_hash) };
        let id = store::create(tx, new.check().map_err(WriteError::Invalid)?)?;
        let account = there(tx.conn, kind, &id)?;
        answer(tx, account.into())
    };
    Ok(state.db.write(principal, work).await?.respond(&variant))
}

async fn update(
    req: &HttpRequest,
    state: &AppState,
    body: Body<AccountsManage, AccountPatch>,
    kind: AccountKind,
    id: Segment<Identifier>,
) -> Result<HttpResponse, Problem> {
    let precondition = Precondition::of(req);
    on_one(req, state, body.principal, (kind, id), move |tx, before| {
        let patch = body.content?;
        precondition.check(before.account.version)?;
        let wanted = patch.onto(before.terms.clone()).map_err(WriteError::Invalid)?;
        management::update(tx, &before, &wanted.checked().map_err(WriteError::Invalid)?)?;
        let after = AccountOut::from(there(tx.conn, kind, &before.account.id)?);
        Written::changed(after.version, &after)
    })
    .await
}

/// Does something to one account, which nobody else changes meanwhile.
async fn on_one(
    req: &HttpRequest,
    state: &AppState,
    principal: Principal,
    (kind, id): (AccountKind, Segment<Identifier>),
    work: impl FnOnce(&mut Tx<'_>, Managed) -> Result<Written, Problem> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    Once::refused(req)?;
    let variant = View::of_resource(req, None)?.variant(req);
    let work = move |tx: &mut Tx<'_>| {
        management::take_turn(tx)?;
        let found = management::find(tx.conn, kind, id.parsed()?.as_str())?.ok_or_else(Problem::not_found)?;
        work(tx, found)
    };
    Ok(state.db.write(principal, work).await?.respond(&variant))
}

fn there(conn: &mut Conn, kind: AccountKind, id: &str) -> Result<Managed, Problem> {
    management::find(conn, kind, id)?.ok_or_else(|| Problem::internal("an account that was just written is not there"))
}
