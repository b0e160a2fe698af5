//! The last hand on every answer: refusals become problem documents, and the headers that protect browsers
//! and guide caches are set. What the framework refuses by itself passes here too.

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};

use super::{
    problem::{Problem, kind_of_status},
    representation::FRESHNESS,
};
use crate::{kernel::clock, observe::request_id::RequestId, state::AppState};

/// For how many seconds [`FRESHNESS`] calls an answer fresh, and then lets it be served while it is fetched again.
const FRESH_S: i64 = 60;
const STALE_S: i64 = 300;

/// Data is never a document that loads anything.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// A picture is drawn with styles of its own, and with nothing else.
const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
/// Our own pages: one style sheet of ours, no script.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The interactive documentation: its scripts and styles come from this server; it writes styles inline.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The middleware.
///
/// # Errors
/// Those of the services inside.
pub async fn finish<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let response = next.call(req).await?;
    let mut response = if response.status().is_client_error() || response.status().is_server_error() {
        explain(response).map_into_right_body()
    } else {
        response.map_into_left_body()
    };
    // The word that keeps a file from being compressed is for the middleware only (RFC 9110, section 8.4.1).
    if response.headers().get(header::CONTENT_ENCODING).is_some_and(|value| value == "identity") {
        response.headers_mut().remove(header::CONTENT_ENCODING);
    }
    let path = response.request().path();
    let policy = if path.starts_with("/docs") {
        DOCS_POLICY
    } else if is_a(response.headers(), b"text/html") {
        PAGE_POLICY
    } else if is_a(response.headers(), b"image/svg+xml") {
        PICTURE_POLICY
    } else {
        DATA_POLICY
    };
    let now = response.request().app_data::<Data<AppState>>().map(|state| state.clock.now());
    let headers = response.headers_mut();
    set_headers(headers, policy);
    if let Some(now) = now {
        end_with_the_day(headers, (clock::day_end(clock::day_of(now)) - now).num_seconds());
    }
    Ok(response)
}

/// Keeps an answer from being called fresh when the day that it was made on is over, as far as it may depend on the day.
fn end_with_the_day(headers: &mut HeaderMap, left_s: i64) {
    let is_of_the_day = headers.get(header::CACHE_CONTROL).is_some_and(|value| value == FRESHNESS);
    let fresh_s = FRESH_S.min(left_s).max(0);
    let stale_s = STALE_S.min(left_s - fresh_s).max(0);
    if is_of_the_day && (fresh_s, stale_s) != (FRESH_S, STALE_S) {
        let freshness = format!("public, max-age={fresh_s}, stale-while-revalidate={stale_s}");
        if let Ok(value) = HeaderValue::from_str(&freshness) {
            headers.insert(header::CACHE_CONTROL, value);
        }
    }
}

fn is_a(headers: &HeaderMap, media_type: &[u8]) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(media_type))
}

fn set_headers(headers: &mut HeaderMap, policy: &'static str) {
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CONTENT_SECURITY_POLICY, policy);
    set(header::REFERRER_POLICY, "no-referrer");
    set(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    let by_origin = headers.get_all(header::VARY).any(|value| value.as_bytes() == b"Origin");
    let vary = if by_origin { "Accept, Accept-Encoding, Origin" } else { "Accept, Accept-Encoding" };
    headers.insert(header::VARY, HeaderValue::from_static(vary));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Writes a refusal down as a problem document, keeping its headers.
fn explain<B: MessageBody>(response: ServiceResponse<B>) -> ServiceResponse<BoxBody> {
    let (req, refused) = response.into_parts();
    let id = req.extensions().get::<RequestId>().map(|id| id.as_str().to_owned()).unwrap_or_default();
    let generic;
    let problem = if let Some(problem) = refused.error().and_then(Error::as_error::<Problem>) {
        problem
    } else {
        let kind = kind_of_status(refused.status());
        generic = Problem::new(kind, kind.explanation);
        &generic
    };
    if let Some(cause) = problem.cause() {
        log::error!("request {id}: {}: {cause}", problem.kind().code);
    }
    let mut answer = HttpResponse::build(refused.status());
    for (name, value) in refused.headers() {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING].contains(name) {
            answer.append_header((name.clone(), value.clone()));
        }
    }
    if refused.status().as_u16() == 503 && !refused.headers().contains_key(header::RETRY_AFTER) {
        answer.insert_header((header::RETRY_AFTER, "2"));
    }
    answer.content_type(problem.media_type());
    let body = serde_json::to_vec(&problem.body(&id)).unwrap_or_default();
    ServiceResponse::new(req, answer.body(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_is_fresh_for_longer_than_its_day() {
        let with = |freshness: &'static str, left_s| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(freshness));
            end_with_the_day(&mut headers, left_s);
            headers.get(header::CACHE_CONTROL).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(with(FRESHNESS, FRESH_S + STALE_S), FRESHNESS);
        assert_eq!(with(FRESHNESS, 359), "public, max-age=60, stale-while-revalidate=299");
        assert_eq!(with(FRESHNESS, 30), "public, max-age=30, stale-while-revalidate=0");
        assert_eq!(with(FRESHNESS, 0), "public, max-age=0, stale-while-revalidate=0");
        for other in ["no-store", "no-cache", "public, max-age=3600"] {
            assert_eq!(with(other, 1), other);
        }
    }
}
