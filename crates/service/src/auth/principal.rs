//! Who asks. The middleware reads the token of every request to the API, before anything of its body; the extractors
//! make a handler's permission a part of its type. The account's row is asked later, on the connection of the write or
//! of the private read ([`Author::admit`]), so that a disabled account stops at once.

use std::{
    future::{Future, Ready, ready},
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
};

use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web::{Bytes, Data},
};
use serde::de::DeserializeOwned;

use super::{
    issuers::Vouched,
    roles::{Needs, Permission},
    security_log::Event,
    store,
    tokens::{Claims, TokenError},
};
use crate::{
    db::{Actor, Author, Conn, StoreError},
    kernel::clock,
    observe::request_id::RequestId,
    state::AppState,
    web::{
        body, client,
        idempotency::KeyOwner,
        problem::{FORBIDDEN, ISSUER_UNAVAILABLE, NOT_YOUR_MEMBER, Problem, UNAUTHENTICATED},
        rate_limit::Standing,
        turns::Place,
    },
};

/// Where a POST reads the Authorization header itself, because there is no token yet.
pub const SIGN_IN: [&str; 3] = ["/api/v1/auth/sessions", "/api/v1/auth/token", "/api/v1/auth/revoke"];

/// What is asked by those who watch over the service, and costs next to nothing.
const HEALTH: [&str; 2] = ["/health/live", "/health/ready"];

/// Somebody whose token was believed.
#[derive(Debug, Clone)]
pub struct Principal {
    claims: Arc<Claims>,
    request: String,
}

impl Principal {
    fn of(req: &HttpRequest, claims: Arc<Claims>) -> Self {
        let request = req.extensions().get::<RequestId>().map(|id| id.as_str().to_owned()).unwrap_or_default();
        Self { claims, request }
    }

    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Whose a key of a request is that may be sent twice.
    #[must_use]
    pub fn key_owner(&self) -> KeyOwner {
        KeyOwner { account: self.claims.sub.clone(), standing: self.claims.standing() }
    }

    /// Whether the principal may do something to what is a member's.
    ///
    /// # Errors
    /// 403 when it is another member's.
    pub fn may_touch<P: Needs>(&self, member: &str) -> Result<(), Problem> {
        if self.covers::<P>(member) {
            return Ok(());
        }
        Err(Problem::new(&NOT_YOUR_MEMBER, "This account speaks for another member."))
    }

    /// The same as an answer.
    #[must_use]
    pub fn covers<P: Needs>(&self, member: &str) -> bool {
        let Claims { role, member: own, .. } = &*self.claims;
        P::PERMISSION.covers(*role, own.as_deref(), member)
    }

    fn require(&self, permission: &Permission) -> Result<(), Problem> {
        if permission.is_given_to(self.claims.role) {
            return Ok(());
        }
        let detail =
            format!("This takes the role {}; the account's is {}.", permission.roles(), self.claims.role.as_str());
        Err(Problem::new(&FORBIDDEN, detail))
    }
}

impl Author for Principal {
    fn actor(&self) -> Actor {
        Actor::Account {
            id: self.claims.sub.clone(),
            kind: if self.claims.kind == "client" { "client" } else { "user" },
            role: self.claims.role.as_str(),
            request: self.request.clone(),
        }
    }

    fn admit(&self, conn: &mut Conn) -> Result<(), StoreError> {
        store::admit(conn, &self.claims)
    }
}

/// The middleware: counts the request for who sends it, and refuses a token that is not believed, whatever the operation,
/// so that nobody takes the public answer for their own.
///
/// # Errors
/// Those of the services inside.
pub async fn identify<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    // Who watches over the service must not be told to wait.
    let Some(state) = req.app_data::<Data<AppState>>().cloned().filter(|_| !HEALTH.contains(&req.path())) else {
        return Ok(next.call(req).await?.map_into_left_body());
    };
    let mut standing = Standing::UNLIMITED;
    let admitted = admit(req.request(), &state, &mut standing).await;
    let mut response = match admitted {
        Ok(principal) => {
            if let Some(principal) = principal.clone() {
                req.extensions_mut().insert(principal);
            }
            let response = next.call(req).await?;
            if let Some(principal) = principal.filter(|_| response.status() == StatusCode::FORBIDDEN) {
                note_refusal(&state, &principal, &response);
            }
            response.map_into_left_body()
        }
        Err(problem) => req.error_response(problem).map_into_right_body(),
    };
    standing.tell(response.headers_mut());
    Ok(response)
}

/// Notes for the audit that somebody was refused something because of what they are.
fn note_refusal<B>(state: &AppState, principal: &Principal, response: &ServiceResponse<B>) {
    let req = response.request();
    let pattern = req.match_pattern().unwrap_or_else(|| "(none)".to_owned());
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>());
    let code = problem.map_or(FORBIDDEN.code, |problem| problem.kind().code);
    let operation = format!("{} {pattern}", req.method());
    let event = Event::forbidden(&principal.claims, principal.actor(), operation, code);
    let address = client::host(req, &state.trusted_proxies);
    state.security_log.note(event, address);
}

/// Counts a request, and says who sends it. A token that has not been seen counts for the address before anything is done
/// to verify it.
async fn admit(req: &HttpRequest, state: &AppState, standing: &mut Standing) -> Result<Option<Principal>, Problem> {
    let speaks = req.headers().contains_key(header::AUTHORIZATION);
    let signs_in = req.method() == Method::POST && SIGN_IN.contains(&req.path());
    let address = || state.rate_limits.take_address(client::address(req, &state.trusted_proxies));
    if !speaks || signs_in || !req.path().starts_with("/api/") {
        *standing = address()?;
        return Ok(None);
    }
    let token = bearer(req);
    let seen = token.as_ref().ok().and_then(|token| state.tokens.known(token, clock::now()).ok().flatten());
    let claims = if let Some(claims) = seen {
        claims
    } else {
        *standing = address()?;
        claims(token?, state).await?
    };
    *standing = state.rate_limits.take_account(&claims.sub)?;
    Ok(Some(Principal::of(req, claims)))
}

fn bearer(req: &HttpRequest) -> Result<&str, Problem> {
    let mut values = req.headers().get_all(header::AUTHORIZATION);
    let value = values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token.ok_or_else(|| Problem::invalid_token("The Authorization header is not Bearer and one token."))
}

/// The principal of a request's bearer token.
///
/// # Errors
/// 401; 503 when what a token says can't be looked up now.
pub async fn believe(req: &HttpRequest, state: &AppState) -> Result<Principal, Problem> {
    Ok(Principal::of(req, claims(bearer(req)?, state).await?))
}

/// What a token says, if it is to be believed: one of ours, or of an issuer that the operator believes.
///
/// # Errors
/// 401; 503 when what it says can't be looked up now.
pub async fn claims(token: &str, state: &AppState) -> Result<Arc<Claims>, Problem> {
    let refused = |error: TokenError| match error {
        TokenError::NoKeys => Problem::new(&ISSUER_UNAVAILABLE, format!("The token {error}.")),
        error => Problem::invalid_token(format!("The token {error}.")),
    };
    let (now, generation) = (clock::now(), state.tokens.generation());
    if let Some(claims) = state.tokens.known(token, now).map_err(refused)? {
        return Ok(claims);
    }
    if !state.issuers.are_named_by(token) {
        return state.tokens.check(token, now).map_err(refused);
    }
    let Vouched { mut claims, member } = state.issuers.check(token, now).await.map_err(refused)?;
    if let Some(slug) = member {
        let found = state.db.read(move |conn| store::member_of_slug(conn, &slug)).await?;
        claims.member = Some(found.ok_or_else(|| refused(TokenError::NoMember))?);
    }
    Ok(state.tokens.remember(token, claims, (now, generation)))
}

/// The principal, if the request has one, for what everybody may ask and only some may do.
#[derive(Clone)]
pub struct Caller(pub Option<Principal>);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(req.extensions().get::<Principal>().cloned())))
    }
}

impl Caller {
    /// The principal, for a part of an operation that takes a permission.
    ///
    /// # Errors
    /// 401 without a principal, 403 without the permission.
    pub fn require<P: Needs>(&self) -> Result<&Principal, Problem> {
        required::<P>(self.0.as_ref())
    }

    /// Whether the caller may do something to what is a member's; an account that would is asked whether it still is
    /// admitted.
    ///
    /// # Errors
    /// [`StoreError::NotAdmitted`], or the database's.
    pub fn covers<P: Needs>(&self, conn: &mut Conn, member: &str) -> Result<bool, StoreError> {
        let Some(principal) = self.0.as_ref().filter(|principal| principal.covers::<P>(member)) else {
            return Ok(false);
        };
        principal.admit(conn).map(|()| true)
    }
}

fn required<P: Needs>(principal: Option<&Principal>) -> Result<&Principal, Problem> {
    let principal = principal.ok_or_else(|| {
        let problem = Problem::new(&UNAUTHENTICATED, "This operation takes an access token.");
        problem.with_header(header::WWW_AUTHENTICATE, "Bearer")
    })?;
    principal.require(P::PERMISSION)?;
    Ok(principal)
}

/// The principal, with a permission.
pub struct Require<P> {
    /// Who asks.
    pub principal: Principal,
    permission: PhantomData<P>,
}

impl<P: Needs> Require<P> {
    fn of(req: &HttpRequest) -> Result<Self, Problem> {
        let principal = required::<P>(req.extensions().get::<Principal>())?.clone();
        Ok(Self { principal, permission: PhantomData })
    }
}

impl<P: Needs> FromRequest for Require<P> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(req))
    }
}

/// A JSON body from somebody with a permission. Who lacks it is refused before the first byte is read; what is wrong
/// with the content is for the handler to say, because a missing resource and another's come before it.
pub struct Body<P, T> {
    /// Who asks.
    pub principal: Principal,
    /// What the body says, or why it says nothing.
    pub content: Result<T, Problem>,
    /// The body as it came.
    pub bytes: Bytes,
    permission: PhantomData<P>,
}

impl<P: Needs, T: DeserializeOwned> FromRequest for Body<P, T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload, required) = (req.clone(), payload.take(), Require::<P>::of(req));
        Box::pin(async move {
            let principal = required?.principal;
            let bytes = body::bytes(&req, &mut payload).await?;
            let accepted = if req.method() == Method::PATCH { body::MERGE_PATCH } else { body::JSON };
            let content = body::check_type(&req, accepted).and_then(|()| body::read_json(&bytes));
            Ok(Self { principal, content, bytes, permission: PhantomData })
        })
    }
}

/// A list to be imported, from somebody with a permission; what is wrong with its type is for the handler to say.
pub struct Upload<P> {
    /// Who asks.
    pub principal: Principal,
    /// The type of the list, one of [`body::LISTS`].
    pub media_type: Result<&'static str, Problem>,
    /// The list as it came.
    pub bytes: Bytes,
    /// A place among those whose lists are held in memory; the account has no other while this one is held.
    pub place: Place,
    permission: PhantomData<P>,
}

impl<P: Needs> FromRequest for Upload<P> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload, required) = (req.clone(), payload.take(), Require::<P>::of(req));
        Box::pin(async move {
            let principal = required?.principal;
            let state = req.app_data::<Data<AppState>>().ok_or_else(|| Problem::internal("there is no state"))?;
            // Holding a list is much to do for somebody whose account is disabled, and for too many at once.
            state.db.read_as(principal.clone(), |_conn| Ok(())).await?;
            let place = state.turns.place(&principal.claims().sub).await?;
            let media_type = body::media_type(&req, body::LISTS);
            let bytes = body::bytes(&req, &mut payload).await?;
            Ok(Self { principal, media_type, bytes, place, permission: PhantomData })
        })
    }
}
