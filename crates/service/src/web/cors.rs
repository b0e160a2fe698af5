//! Which browser pages may call the API: every page may read (the data is public and needs no credentials),
//! only pages of configured origins may write. Written here because the answer depends on the method:
//! reads say `*` and stay cacheable for all origins, writes name one origin.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::Data,
};

use crate::state::AppState;

const EXPOSED: &str = "Accept-Ranges, Content-Disposition, Content-Range, Deprecation, ETag, Idempotency-Replayed, Link, Location, RateLimit, \
     RateLimit-Policy, Repr-Digest, Retry-After, Sunset, WWW-Authenticate, X-Request-Id";
const REQUEST_HEADERS: &str =
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id";
const READ_METHODS: &str = "GET, HEAD";
const ALL_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// The middleware.
///
/// # Errors
/// Those of the services inside.
pub async fn cors<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let origin = req.headers().get(header::ORIGIN).cloned();
    let configured = origin.clone().filter(|origin| is_configured(&req, origin));
    let asked = req.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD).cloned();
    if let (&Method::OPTIONS, Some(_), Some(asked)) = (req.method(), &origin, asked) {
        let mut response = HttpResponse::NoContent().finish();
        preflight(response.headers_mut(), configured, asked.as_bytes());
        return Ok(req.into_response(response).map_into_right_body());
    }
    let is_read = matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = next.call(req).await?;
    allow(response.headers_mut(), configured, is_read);
    Ok(response.map_into_left_body())
}

fn is_configured(req: &ServiceRequest, origin: &HeaderValue) -> bool {
    let origins = req.app_data::<Data<AppState>>().map(|state| &state.cors_origins);
    origins.is_some_and(|origins| origins.iter().any(|configured| configured.as_bytes() == origin.as_bytes()))
}

fn preflight(headers: &mut HeaderMap, configured: Option<HeaderValue>, asked: &[u8]) {
    let is_read = matches!(asked, b"GET" | b"HEAD");
    if !allow(headers, configured, is_read) {
        return;
    }
    let methods = if is_read { READ_METHODS } else { ALL_METHODS };
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
}

/// Says who may see the answer, and whether anybody may.
fn allow(headers: &mut HeaderMap, configured: Option<HeaderValue>, is_read: bool) -> bool {
    let allowed = if is_read { Some(HeaderValue::from_static("*")) } else { configured };
    let Some(allowed) = allowed else { return false };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    if !is_read {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    true
}
