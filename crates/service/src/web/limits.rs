//! Bounds on what a request may be before anything is done for it.

use actix_web::{
    Error,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
};
use percent_encoding::percent_decode_str;

use super::problem::{CONTENT_TOO_LARGE, HEADERS_TOO_LARGE, MALFORMED_URL, Problem, URI_TOO_LONG};

/// The longest request target, in bytes.
pub const MAX_TARGET_BYTES: usize = 8_192;
/// The most that all header fields take together, in bytes.
pub const MAX_HEADER_BYTES: usize = 16_384;
/// The largest request body, in bytes.
const MAX_BODY_BYTES: u64 = 1_048_576;
/// The largest list to be imported, in bytes.
const MAX_LIST_BYTES: u64 = 32 * 1_048_576;

/// The largest body at a path, in bytes.
#[must_use]
pub fn max_body_bytes(path: &str) -> u64 {
    if path == "/api/v1/imports" { MAX_LIST_BYTES } else { MAX_BODY_BYTES }
}

/// The middleware.
///
/// # Errors
/// Those of the services inside.
pub async fn bounds<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match check(&req) {
        Ok(()) => Ok(next.call(req).await?.map_into_left_body()),
        Err(problem) => Ok(req.error_response(problem).map_into_right_body()),
    }
}

fn check(req: &ServiceRequest) -> Result<(), Problem> {
    let target = req.uri().path_and_query().map_or("/", |target| target.as_str());
    if target.len() > MAX_TARGET_BYTES {
        let detail = format!("The request's target has {} bytes; the limit is {MAX_TARGET_BYTES}.", target.len());
        return Err(Problem::new(&URI_TOO_LONG, detail));
    }
    if !is_well_encoded(target) {
        let detail = "The path or the query has a malformed percent-encoding or is not UTF-8 when decoded.";
        return Err(Problem::new(&MALFORMED_URL, detail));
    }
    let header_bytes: usize = req.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if header_bytes > MAX_HEADER_BYTES {
        let detail = format!("The header fields have {header_bytes} bytes; the limit is {MAX_HEADER_BYTES}.");
        return Err(Problem::new(&HEADERS_TOO_LARGE, detail));
    }
    let length = req.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > max_body_bytes(req.path())) {
        return Err(too_large(req.path()));
    }
    Ok(())
}

/// The refusal of a body that is too large.
#[must_use]
pub fn too_large(path: &str) -> Problem {
    let detail = format!("The body may have at most {} bytes.", max_body_bytes(path));
    Problem::new(&CONTENT_TOO_LARGE, detail).with_header(header::CONNECTION, "close")
}

/// Whether every percent sign stands before two hexadecimal digits and the decoded bytes are UTF-8.
fn is_well_encoded(target: &str) -> bool {
    let mut parts = target.split('%');
    parts.next();
    let escapes_are_whole =
        parts.all(|part| part.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    escapes_are_whole && percent_decode_str(target).decode_utf8().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn broken_escapes_are_seen() {
        for broken in ["/%", "/%4", "/%zz", "/a?q=%é", "/%ff", "/a?q=%C3%28", "/a%"] {
            assert!(!is_well_encoded(broken), "{broken}");
        }
        assert!(is_well_encoded("/a%20b?q=%D8%A3&r=100%25"));
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_by_the_book_passes(text in "\\PC{0,40}") {
            let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            prop_assert!(is_well_encoded(&encoded));
        }
    }
}
