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
    http::{Method, header},
    middleware::Next,
    web::{Bytes, Data},
};
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    roles::{Needs, Permission},
    store,
    tokens::Claims,
};
use crate::{
    db::{Actor, Author, Conn, StoreError},
    kernel::clock,
    observe::request_id::RequestId,
    state::AppState,
    web::{
        body,
        problem::{FORBIDDEN, IMPORT_RUNNING, NOT_YOUR_MEMBER, Problem, UNAUTHENTICATED},
    },
};

/// Where a POST reads the Authorization header itself, because there is no token yet.
pub const SIGN_IN: [&str; 3] = ["/api/v1/auth/sessions", "/api/v1/auth/token", "/api/v1/auth/revoke"];

/// Somebody whose token was believed.
#[derive(Debug, Clone)]
pub struct Principal {
    claims: Arc<Claims>,
    request: String,
}

impl Principal {
    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Whether the principal may do something to what is a member's.
    ///
    /// # Errors
    /// 403 when it is another member's.
    pub fn may_touch<P: Needs>(&self, member: &str) -> Result<(), Problem> {
        let Claims { role, member: own, .. } = &*self.claims;
        if P::PERMISSION.covers(*role, own.as_deref(), member) {
            return Ok(());
        }
        Err(Problem::new(&NOT_YOUR_MEMBER, "This account speaks for another member."))
    }

    fn require(&self, permission: &Permission) -> Result<(), Problem> {
        if permission.is_given_to(self.claims.role) {
            return Ok(());
        }
        let roles: Vec<&str> = permission.all.iter().chain(permission.own).map(|role| role.as_str()).collect();
        let detail =
            format!("This takes the role {}; the account's is {}.", roles.join(" or "), self.claims.role.as_str());
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

/// The middleware: a token that is not believed is refused, whatever the operation, so that nobody takes the public
/// answer for their own.
///
/// # Errors
/// Those of the services inside.
pub async fn identify<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let speaks = req.headers().contains_key(header::AUTHORIZATION);
    let signs_in = req.method() == Method::POST && SIGN_IN.contains(&req.path());
    if speaks && req.path().starts_with("/api/") && !signs_in {
        match believe(req.request()) {
            Ok(principal) => {
                req.extensions_mut().insert(principal);
            }
            Err(problem) => return Ok(req.error_response(problem).map_into_right_body()),
        }
    }
    Ok(next.call(req).await?.map_into_left_body())
}

/// The principal of a request's bearer token.
///
/// # Errors
/// 401.
pub fn believe(req: &HttpRequest) -> Result<Principal, Problem> {
    let state = req.app_data::<Data<AppState>>().ok_or_else(|| Problem::internal("there is no state"))?;
    let mut values = req.headers().get_all(header::AUTHORIZATION);
    let value = values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.ok_or_else(|| Problem::invalid_token("The Authorization header is not Bearer and one token."))?;
    let claims = state.tokens.check(token, clock::now());
    let claims = claims.map_err(|error| Problem::invalid_token(format!("The token {error}.")))?;
    let request = req.extensions().get::<RequestId>().map(|id| id.as_str().to_owned()).unwrap_or_default();
    Ok(Principal { claims, request })
}

/// The principal, if the request has one, for what everybody may ask and only some may do.
pub struct Caller(pub Option<Principal>);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(req.extensions().get::<Principal>().cloned())))
    }
}

/// The principal, with a permission.
pub struct Require<P> {
    /// Who asks.
    pub principal: Principal,
    permission: PhantomData<P>,
}

impl<P: Needs> Require<P> {
    fn of(req: &HttpRequest) -> Result<Self, Problem> {
        let principal = req.extensions().get::<Principal>().cloned().ok_or_else(|| {
            let problem = Problem::new(&UNAUTHENTICATED, "This operation takes an access token.");
            problem.with_header(header::WWW_AUTHENTICATE, "Bearer")
        })?;
        principal.require(P::PERMISSION)?;
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
    /// A place among those whose lists are held in memory.
    pub place: OwnedSemaphorePermit,
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
            let place = Arc::clone(&state.uploads).try_acquire_owned();
            let place = place.map_err(|_full| Problem::new(&IMPORT_RUNNING, "Too many lists arrive at once."))?;
            let media_type = body::media_type(&req, body::LISTS);
            let bytes = body::bytes(&req, &mut payload).await?;
            Ok(Self { principal, media_type, bytes, place, permission: PhantomData })
        })
    }
}
