//! The operations on sessions and passwords. Sessions have no versions: ending one takes no `If-Match`. No request here
//! takes an `Idempotency-Key`: what would be kept of it is a secret, or a digest of one.

use actix_web::{
    HttpRequest, HttpResponse, delete, get,
    http::header,
    post,
    web::{Data, Payload},
};

use super::{
    super::{
        accounts::{Account, AccountKind},
        dto::{PasswordIn, PasswordResetIn, SessionIn, SessionOut, SessionPageOut, TokenOut},
        passwords::{ContextWords, MAX_PASSWORD_CHARS, check_password},
        principal::{Body, Require},
        refresh_tokens::{RefreshToken, Refusal},
        roles::OwnAccount,
        security_log::{Event, PasswordRefusal, Proof},
        sessions::Session,
        store::{self, sessions::Refreshed},
    },
    issue, request_id,
};
use crate::{
    db::{Conn, StoreError, Tx, current_sequence},
    kernel::{
        clock,
        id::Identifier,
        text::parse_email,
        violation::{Violation, Violations},
    },
    state::AppState,
    web::{
        body, client,
        idempotency::Once,
        page::PageOut,
        path::Segment,
        problem::{FORBIDDEN, INVALID_BODY, INVALID_CONTENT, INVALID_CREDENTIALS, Problem, TOO_MANY_ATTEMPTS},
        query::{NoParameters, Query},
        representation::View,
    },
};

/// Sign in with a password
///
/// For people: an access token for an e-mail address and a password, and a refresh token with which the session is taken
/// up again (`POST /auth/token` with `grant_type=refresh_token`). Who fails too often must wait (429).
#[utoipa::path(
    tag = "auth",
    operation_id = "createSession",
    request_body = SessionIn,
    responses((status = 201, description = "Both tokens.", body = TokenOut), (status = 401), (status = 429))
)]
#[post("/auth/sessions")]
pub async fn create_session(
    req: HttpRequest,
    state: Data<AppState>,
    payload: Payload,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    body::check_type(&req, body::JSON)?;
    Once::refused(&req)?;
    let SessionIn { email: address, password } = body::read_json(&body::bytes(&req, &mut payload.into_inner()).await?)?;
    let (address, asked) = (parse_email(&address).unwrap_or_default(), parse_email(&address).unwrap_or_default());
    let account = state.db.read(move |conn| store::find_user(conn, &asked)).await?;
    let account = proven(&req, &state, &address, account, password).await?.ok_or_else(|| {
        let problem = Problem::new(&INVALID_CREDENTIALS, "The e-mail address or the password is wrong.");
        problem.with_header(header::WWW_AUTHENTICATE, "Bearer")
    })?;
    let agent = req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let session = Session::begin(agent, clock::now());
    let token = RefreshToken::new(&session.id).map_err(Problem::internal)?;
    let (answer, location) = (issue(&state, &account, Some((&session, &token)))?, address_of(&session.id));
    let actor = account.actor(&request_id(&req));
    let from = client::host(&req, &state.trusted_proxies);
    let begin = move |tx: &mut Tx<'_>| {
        tx.came_from(from);
        store::sessions::begin(tx, &account, &session, &token)
    };
    state.db.write(actor, begin).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::LOCATION, location));
    Ok(response.json(answer))
}

/// List one's own sessions
///
/// Where one is signed in, the newest first.
#[utoipa::path(
    tag = "auth",
    operation_id = "listSessions",
    security(("token" = ["account:read"])),
    responses((status = 200, description = "The sessions.", body = SessionPageOut))
)]
#[get("/auth/sessions")]
pub async fn list_sessions(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Require<OwnAccount>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.private();
    let claims = caller.principal.claims().clone();
    let (account, now) = (claims.sub, clock::now());
    let read = move |conn: &mut Conn| Ok((current_sequence(conn)?, store::sessions::of_account(conn, &account, now)?));
    let (sequence, sessions) = state.db.read_as(caller.principal, read).await?;
    let current = claims.sid.as_deref();
    let data: Vec<SessionOut> = sessions.into_iter().map(|session| SessionOut::new(session, current)).collect();
    let page = PageOut::whole(data.len());
    view.respond(&req, sequence, &SessionPageOut { data, page, sequence }, None)
}

/// End a session
///
/// Signs out there: its refresh token is good no more, and its access tokens neither.
#[utoipa::path(
    tag = "auth",
    operation_id = "endSession",
    params(("id" = String, Path, description = "Identifier of the session.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["account:read"])),
    responses((status = 204, description = "It has ended."))
)]
#[delete("/auth/sessions/{id}")]
pub async fn end_session(
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<OwnAccount>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let (id, account) = (path, caller.principal.claims().sub.clone());
    let end = move |tx: &mut Tx<'_>| {
        let was_there = store::sessions::end(tx, &account, id.parsed()?.as_str())?;
        was_there.then_some(()).ok_or_else(Problem::not_found)
    };
    state.db.write(caller.principal, end).await?;
    Ok(done())
}

/// Change one's own password
///
/// For people. All other sessions of the account end.
#[utoipa::path(
    tag = "auth",
    operation_id = "changePassword",
    request_body = PasswordIn,
    security(("token" = ["account:read"])),
    responses((status = 204, description = "The new password is good."), (status = 429))
)]
#[post("/auth/password")]
pub async fn change_password(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<OwnAccount, PasswordIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    Once::refused(&req)?;
    let claims = body.principal.claims().clone();
    let asked = claims.clone();
    let account = state.db.read_as(body.principal.clone(), move |conn| store::own(conn, &asked)).await?;
    let PasswordIn { current_password, new_password } = body.content?;
    if account.kind != AccountKind::User || claims.outside {
        return Err(Problem::new(&FORBIDDEN, "The account has no password here."));
    }
    check(&new_password)?;
    let name = account.name.clone();
    let account = proven(&req, &state, &name, Some(account), current_password).await?;
    let wrong = || violation("/current_password", "wrong_password", "current_password is wrong.");
    let account = account.ok_or_else(wrong)?;
    let hash = hashed(&state, new_password, account.context_words()).await?;
    let set = move |tx: &mut Tx<'_>| store::sessions::replace_password(tx, &account, &hash, claims.sid.as_deref());
    state.db.write(body.principal, set).await?;
    Ok(done())
}

/// Set a password with a one-time secret
///
/// For who is new or has forgotten the password: an administrator hands the secret on, which is good once, for a day. All
/// sessions of the account end.
#[utoipa::path(
    tag = "auth",
    operation_id = "setPassword",
    request_body = PasswordResetIn,
    responses((status = 204, description = "The password is good."))
)]
#[post("/auth/password-reset")]
pub async fn set_password(
    req: HttpRequest,
    state: Data<AppState>,
    payload: Payload,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    body::check_type(&req, body::JSON)?;
    Once::refused(&req)?;
    let PasswordResetIn { secret, new_password } =
        body::read_json(&body::bytes(&req, &mut payload.into_inner()).await?)?;
    let from = client::host(&req, &state.trusted_proxies);
    let refused = || {
        state.security_log.note(Event::sign_in_refused(Proof::OneTimeSecret, "", None), from);
        violation("/secret", "not_good", "The secret is wrong, was used already, or its day is over.")
    };
    let (asked, now) = (secret.clone(), clock::now());
    let offered = state.db.read(move |conn| store::sessions::offered_to(conn, &asked, now)).await?;
    let owner = offered.ok_or_else(refused)?;
    check(&new_password)?;
    let hash = hashed(&state, new_password, owner.context_words()).await?;
    // That the secret is still good is asked again, in the same transaction.
    let set = move |tx: &mut Tx<'_>| {
        let Some(account) = store::sessions::redeem_offer(tx, &secret)? else { return Ok(None) };
        tx.came_from(from);
        store::sessions::set_password(tx, &account.id, &hash, None).map(Some)
    };
    // The owner is the actor: an erasure finds the address on every entry of the transaction by the account's id.
    let set: Result<Option<()>, StoreError> = state.db.write(owner.actor(&request_id(&req)), set).await;
    set?.ok_or_else(refused)?;
    Ok(done())
}

/// The next tokens of a session, for a form that has its refresh token.
pub(super) async fn refreshed(req: &HttpRequest, state: &AppState, token: Option<String>) -> Result<TokenOut, Problem> {
    let missing = || Problem::new(&INVALID_BODY, "refresh_token is missing.").for_oauth("invalid_request");
    let from = client::host(req, &state.trusted_proxies);
    let refused = |why: Refusal, account: Option<&Account>| {
        state.security_log.note(Event::sign_in_refused(Proof::RefreshToken(why), "", account), from);
        let detail = "The refresh token is not good: it is unknown, it was changed already, or its session has ended.";
        Problem::new(&INVALID_BODY, detail).for_oauth("invalid_grant")
    };
    let token = RefreshToken::parse(&token.ok_or_else(missing)?).ok_or_else(|| refused(Refusal::Malformed, None))?;
    let owner = owner(state, &token).await?.ok_or_else(|| refused(Refusal::Unknown, None))?;
    let next = token.successor().map_err(Problem::internal)?;
    let kept = next.clone();
    let change = move |tx: &mut Tx<'_>| {
        tx.came_from(from);
        store::sessions::refresh(tx, &token, &kept)
    };
    // That a spent token ends its session is a write: it must stand although the answer is a refusal.
    match state.db.write(owner.actor(&request_id(req)), change).await? {
        Refreshed::Refused(why) => Err(refused(why, Some(&owner))),
        Refreshed::Good(account, session) => {
            let answer = issue(state, &account, Some((&session, &next)))?;
            let event = Event::token_granted(&account, Some(&session.id), &request_id(req));
            state.security_log.note(event, from);
            Ok(answer)
        }
    }
}

/// Ends the session of a refresh token.
pub(super) async fn sign_out(req: &HttpRequest, state: &AppState, token: RefreshToken) -> Result<(), Problem> {
    let Some(account) = owner(state, &token).await? else { return Ok(()) };
    let actor = account.actor(&request_id(req));
    Ok(state.db.write(actor, move |tx: &mut Tx<'_>| store::sessions::sign_out(tx, &token)).await?)
}

async fn owner(state: &AppState, token: &RefreshToken) -> Result<Option<Account>, StoreError> {
    let session = token.session().to_owned();
    state.db.read(move |conn| store::sessions::owner(conn, &session)).await
}

/// The account, if the password is its own. It takes as long where there is none.
async fn proven(
    req: &HttpRequest,
    state: &AppState,
    name: &str,
    account: Option<Account>,
    password: String,
) -> Result<Option<Account>, Problem> {
    let (from, now) = (client::address(req, &state.trusted_proxies), clock::now());
    let note_refusal = |why: PasswordRefusal, account: Option<&Account>| {
        let event = Event::sign_in_refused(Proof::Password(why), name, account);
        state.security_log.note(event, client::host(req, &state.trusted_proxies));
    };
    let wait = state.attempts.wait_s(name, from, now);
    if wait > 0 {
        note_refusal(PasswordRefusal::TooMany, account.as_ref());
        let problem = Problem::new(&TOO_MANY_ATTEMPTS, format!("Wait {wait} s before the next attempt."));
        return Err(problem.with_header(header::RETRY_AFTER, wait.to_string()));
    }
    state.attempts.note(name, from, now);
    let hash = account.as_ref().map(|account| account.secret_hash.clone());
    let is_long = password.chars().count() > MAX_PASSWORD_CHARS;
    let checked = if is_long { Ok(false) } else { state.passwords.check(password, hash).await };
    match (checked, account) {
        (Ok(true), Some(account)) if !account.disabled => {
            state.attempts.succeeded(name, from);
            Ok(Some(account))
        }
        (Ok(is_right), account) => {
            let why = if is_right && account.is_some() { PasswordRefusal::Disabled } else { PasswordRefusal::Wrong };
            note_refusal(why, account.as_ref());
            Ok(None)
        }
        (Err(error), _) => {
            state.attempts.take_back(name, from);
            Err(error.into())
        }
    }
}

fn check(new_password: &str) -> Result<(), Problem> {
    check_password(new_password)
        .map_err(|why| violation("/new_password", "invalid_value", &format!("new_password {why}.")))
}

/// The hash of a new password of an account that has these words, if it is hard to guess.
async fn hashed(state: &AppState, new_password: String, words: ContextWords) -> Result<String, Problem> {
    let strength = state.passwords.check_new(new_password.clone(), words).await?;
    strength.map_err(|why| violation("/new_password", "weak_password", &format!("new_password {why}.")))?;
    state.passwords.hash(new_password).await?.map_err(Problem::internal)
}

fn violation(pointer: &str, code: &'static str, detail: &str) -> Problem {
    Problem::violations(&INVALID_CONTENT, Violations::from(Violation::new(pointer, code, detail)))
}

fn address_of(id: &str) -> String {
    format!("/api/v1/auth/sessions/{id}")
}

fn done() -> HttpResponse {
    HttpResponse::NoContent().insert_header((header::CACHE_CONTROL, "no-store")).finish()
}
