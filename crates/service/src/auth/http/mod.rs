//! The operations of signing in.

mod accounts;
mod sessions;

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, get,
    http::header,
    post,
    web::{Data, Payload},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

pub use self::{
    accounts::{
        create_client, create_user, drop_former_client_secret, get_client, get_user, list_clients, list_users,
        offer_password, rotate_client_secret, update_client, update_user,
    },
    sessions::{change_password, create_session, end_session, list_sessions, set_password},
};
use super::{
    accounts::{Account, AccountKind},
    dto::{AuthorizationServerOut, KeySetOut, OwnAccountOut, RevocationForm, TokenForm, TokenOut},
    principal::{Require, believe, claims},
    refresh_tokens::RefreshToken,
    roles::{AccountsManage, Needs as _, OwnAccount},
    security_log::{Event, Proof},
    sessions::Session,
    store,
};
use crate::{
    db::{Conn, Tx},
    kernel::{clock, id::is_id},
    observe::request_id::RequestId,
    state::AppState,
    web::{
        body,
        client::host,
        problem::{INVALID_BODY, INVALID_CREDENTIALS, Problem},
        query::{self, NoParameters, Query},
        representation::View,
    },
};

/// Get an access token
///
/// RFC 6749, as a form. For machines `grant_type=client_credentials`, the client's id and secret by HTTP Basic
/// authentication or in the form, not both. For people `grant_type=refresh_token` with the session's `refresh_token`. For 30
/// seconds after its change a token gets another pair once more, in case the answer was lost or two windows sent it at once.
/// When a token comes back later or more often, the session ends, because two have a copy of it.
#[utoipa::path(
    tag = "auth",
    operation_id = "createToken",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    security(("client" = []), ()),
    responses((status = 200, description = "A token, for a session with the next refresh token.", body = TokenOut), (status = 401))
)]
#[post("/auth/token")]
pub async fn create_token(
    req: HttpRequest,
    state: Data<AppState>,
    payload: Payload,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let form: TokenForm = form(&req, payload).await?;
    match form.grant_type.as_deref() {
        Some("client_credentials") => {
            let account = client(&req, &state, form.client_id, form.client_secret).await?;
            let answer = issue(&state, &account, None)?;
            let event = Event::token_granted(&account, None, &request_id(&req));
            state.security_log.note(event, host(&req, &state.trusted_proxies));
            Ok(token(answer))
        }
        Some("refresh_token") => Ok(token(sessions::refreshed(&req, &state, form.refresh_token).await?)),
        Some(_) => {
            let detail = "grant_type must be client_credentials or refresh_token.";
            Err(Problem::new(&INVALID_BODY, detail).for_oauth("unsupported_grant_type"))
        }
        None => Err(Problem::new(&INVALID_BODY, "grant_type is missing.").for_oauth("invalid_request")),
    }
}

/// Take a token back
///
/// RFC 7009. A client proves who it is by HTTP Basic authentication or in the form, a person by a bearer token of the same account (it
/// may be the one to take back); an administrator takes back anybody's. A refresh token needs no other proof: to take it
/// back is to sign out. A token that is not good any more is answered likewise.
#[utoipa::path(
    tag = "auth",
    operation_id = "revokeToken",
    request_body(content = RevocationForm, content_type = "application/x-www-form-urlencoded"),
    security(("client" = []), ("token" = []), ()),
    responses((status = 200, description = "The token is not good any more."), (status = 401))
)]
#[post("/auth/revoke")]
pub async fn revoke_token(
    req: HttpRequest,
    state: Data<AppState>,
    payload: Payload,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let form: RevocationForm = form(&req, payload).await?;
    if let Some(token) = form.token.as_deref().and_then(RefreshToken::parse) {
        sessions::sign_out(&req, &state, token).await?;
        return Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).finish());
    }
    let account = revoker(&req, &state, form.client_id, form.client_secret).await?;
    let missing = || Problem::new(&INVALID_BODY, "token is missing.").for_oauth("invalid_request");
    let token = form.token.ok_or_else(missing)?;
    let claims = match claims(&token, &state).await {
        Ok(claims) => Some(claims),
        Err(problem) if problem.kind().status == 401 => None,
        // Nobody may take it for taken back that will be believed again.
        Err(problem) => return Err(problem),
    };
    if let Some(claims) = claims {
        if claims.sub != account.id && !AccountsManage::PERMISSION.is_given_to(account.role) {
            let problem = Problem::new(&INVALID_BODY, "The token is another account's.");
            return Err(problem.for_oauth("unauthorized_client"));
        }
        let work = move |tx: &mut Tx<'_>| store::revoke(tx, &claims);
        state.db.write(account.actor(&request_id(&req)), work).await?;
    }
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).finish())
}

/// Get one's own account
///
/// Who the token says that one is, and what that allows.
#[utoipa::path(
    tag = "auth",
    operation_id = "getOwnAccount",
    security(("token" = ["account:read"])),
    responses((status = 200, description = "The account.", body = OwnAccountOut))
)]
#[get("/auth/me")]
pub async fn get_own_account(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Require<OwnAccount>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.private();
    let claims = caller.principal.claims().clone();
    let read = move |conn: &mut Conn| Ok((store::own(conn, &claims)?, claims.clone()));
    let (account, claims) = state.db.read_as(caller.principal, read).await?;
    view.respond(&req, claims.iat, &OwnAccountOut::new(account, &claims), None)
}

/// Get the metadata of the token service
///
/// RFC 8414, for clients that configure themselves.
#[utoipa::path(
    tag = "auth",
    operation_id = "getAuthorizationServer",
    responses((status = 200, description = "The metadata.", body = AuthorizationServerOut))
)]
#[get("/.well-known/oauth-authorization-server")]
pub async fn get_authorization_server(state: Data<AppState>, _query: Query<NoParameters>) -> HttpResponse {
    HttpResponse::Ok().insert_header(FRESH).json(AuthorizationServerOut::of(&state.tokens))
}

/// Get the public keys
///
/// The JWK set (RFC 7517) with which anybody can check the signature of a token.
#[utoipa::path(
    tag = "auth",
    operation_id = "getKeySet",
    responses((status = 200, description = "The keys.", body = KeySetOut))
)]
#[get("/.well-known/jwks.json")]
pub async fn get_key_set(state: Data<AppState>, _query: Query<NoParameters>) -> HttpResponse {
    HttpResponse::Ok().insert_header(FRESH).json(KeySetOut { keys: state.tokens.keys().public() })
}

/// How long metadata and keys stay fresh: shorter than a token lives, so that a new key is known in time.
const FRESH: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

/// A form of OAuth; what is wrong with it is said in OAuth's words.
async fn form<T: DeserializeOwned>(req: &HttpRequest, payload: Payload) -> Result<T, Problem> {
    body::check_type(req, body::FORM).map_err(|problem| problem.for_oauth("invalid_request"))?;
    let bytes = body::bytes(req, &mut payload.into_inner()).await?;
    let refuse =
        |problem: Problem| Problem::new(&INVALID_BODY, problem.detail().to_owned()).for_oauth("invalid_request");
    let text = std::str::from_utf8(&bytes).unwrap_or("%");
    query::parse_known(text).map_err(refuse)
}

fn issue(state: &AppState, account: &Account, session: Option<(&Session, &RefreshToken)>) -> Result<TokenOut, Problem> {
    let subject = account.subject(session.map(|(session, _)| session.id.clone()));
    let access_token = state.tokens.issue(subject, clock::now()).map_err(Problem::internal)?;
    Ok(TokenOut::new(access_token, session))
}

fn token(token: TokenOut) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(token)
}

/// The client that proves who it is.
async fn client(
    req: &HttpRequest,
    state: &AppState,
    id: Option<String>,
    secret: Option<String>,
) -> Result<Account, Problem> {
    let (id, secret) = credentials(req, id, secret)?;
    // What is no id is not looked for: it could hold what no database takes.
    let asked = Some(id.clone()).filter(|id| is_id(id));
    let find = move |conn: &mut Conn| asked.as_ref().map_or(Ok(None), |id| store::find(conn, id));
    let account = state.db.read(find).await?.filter(|account| account.kind == AccountKind::Client);
    match account {
        Some(account) if !account.disabled && account.has_secret(&secret) => Ok(account),
        account => {
            let event = Event::sign_in_refused(Proof::ClientSecret, &id, account.as_ref());
            state.security_log.note(event, host(req, &state.trusted_proxies));
            Err(refused_client())
        }
    }
}

/// A client's id and secret, by HTTP Basic authentication (RFC 6749, section 2.3.1: both parts are form-encoded) or from the
/// form, where exactly one of them proves who it is.
fn credentials(req: &HttpRequest, id: Option<String>, secret: Option<String>) -> Result<(String, String), Problem> {
    let refuse = |detail: &'static str| Err(Problem::new(&INVALID_BODY, detail).for_oauth("invalid_request"));
    match (req.headers().contains_key(header::AUTHORIZATION), id, secret) {
        (true, _, Some(_)) => {
            refuse("A client authenticates by the Authorization header or by client_secret, not both.")
        }
        (true, named, None) => {
            let (id, secret) = basic(req).ok_or_else(refused_client)?;
            if named.is_some_and(|named| named != id) {
                return refuse("client_id names another client than the Authorization header.");
            }
            Ok((id, secret))
        }
        (false, Some(id), Some(secret)) => Ok((id, secret)),
        (false, None, Some(_)) => refuse("client_id is missing."),
        (false, _, None) => Err(refused_client()),
    }
}

fn refused_client() -> Problem {
    let problem = Problem::new(&INVALID_CREDENTIALS, "The client is unknown or its secret is wrong.");
    let challenge = "Basic realm=\"remacto\", charset=\"UTF-8\"";
    problem.with_header(header::WWW_AUTHENTICATE, challenge).for_oauth("invalid_client")
}

fn basic(req: &HttpRequest) -> Option<(String, String)> {
    let (scheme, encoded) = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let plain = |part: &str| Some(percent_decode_str(&part.replace('+', " ")).decode_utf8().ok()?.into_owned());
    Some((plain(id)?, plain(secret)?))
}

/// Who takes a token back: a client, or who shows a token.
async fn revoker(
    req: &HttpRequest,
    state: &AppState,
    id: Option<String>,
    secret: Option<String>,
) -> Result<Account, Problem> {
    let value = req.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !value.to_ascii_lowercase().starts_with("bearer ") || secret.is_some() {
        return client(req, state, id, secret).await;
    }
    let principal = believe(req, state).await.map_err(|problem| problem.for_oauth("invalid_client"))?;
    let claims = principal.claims().clone();
    let read = move |conn: &mut Conn| store::own(conn, &claims);
    state.db.read_as(principal, read).await.map_err(|error| Problem::from(error).for_oauth("invalid_client"))
}

fn request_id(req: &HttpRequest) -> String {
    req.extensions().get::<RequestId>().map(|id| id.as_str().to_owned()).unwrap_or_default()
}
