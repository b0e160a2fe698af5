//! The id that ties an answer, its log line and its problem document together.

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::kernel::id::new_id;

/// The header in which a caller may bring its own id, and in which every answer carries the request's.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id: the caller's own where it has 8 to 64 letters, digits, `-`, `_` or `.`, else a new one.
/// Anything else could forge log lines.
#[derive(Debug, Clone)]
pub struct RequestId(String);

impl RequestId {
    /// The id of the request with these headers.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let sound = |id: &&str| {
            (8..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        let brought = headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(sound);
        Self(brought.map_or_else(|| new_id().into_string(), str::to_owned))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
