//! Request bodies: read whole, within their limit, and understood strictly. A body of another type is a 415; one of
//! another shape is a 400 that points at the place; nothing in it is ever ignored.

use std::{
    borrow::Cow,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    time::{Duration, Instant},
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    body::{BodyStream, MessageBody as _},
    dev::Payload,
    http::header,
    web::{self, Bytes, BytesMut, Data},
};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use tokio::time::timeout;

use super::{
    limits::{max_body_bytes, too_large},
    problem::{
        INVALID_BODY, INVALID_CONTENT, Kind, Place, Problem, REQUEST_TIMEOUT, UNKNOWN_PROPERTY, UNSUPPORTED_MEDIA_TYPE,
    },
};
use crate::{
    kernel::{
        bounded::TOO_MANY,
        text::{nearest, shown},
        violation::{Violation, segment},
    },
    state::AppState,
};

/// The slowest that a body may come, in bytes a second.
const SLOWEST_BYTES_PER_S: u64 = 16 << 10;

/// A resource.
pub const JSON: &[&str] = &["application/json"];
/// A change of a resource (RFC 7396).
pub const MERGE_PATCH: &[&str] = &["application/merge-patch+json", "application/json"];
/// A form.
pub const FORM: &[&str] = &["application/x-www-form-urlencoded"];

/// A list to be imported.
pub const LISTS: &[&str] = &["text/csv", "application/x-ndjson", "application/json"];

/// The whole body.
///
/// # Errors
/// 413 above the limit, 400 when the connection breaks.
pub async fn bytes(req: &HttpRequest, payload: &mut Payload) -> Result<Bytes, Problem> {
    let payload = web::Payload::from_request(req, payload).await.map_err(Problem::internal)?;
    let limit = usize::try_from(max_body_bytes(req.path())).map_err(Problem::internal)?;
    let announced = req.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    // Room for all of it from the beginning, since a large body that grows is copied, and for a moment there twice.
    let mut bytes = BytesMut::with_capacity(announced.unwrap_or(0).min(limit));
    let mut stream = pin!(BodyStream::new(payload));
    let (began, pace) = (Instant::now(), Pace::of(req));
    loop {
        let next = poll_fn(|context| stream.as_mut().poll_next(context));
        let wait = pace.time_left(began.elapsed(), bytes.len());
        let Some(piece) = timeout(wait, next).await.map_err(|_late| pace.too_slow())? else { break };
        let broken = |error| Problem::new(&INVALID_BODY, format!("The body did not arrive whole: {error}."));
        let piece = piece.map_err(broken)?;
        if bytes.len() + piece.len() > limit {
            return Err(too_large(req.path()));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// A JSON body from anybody. What is wrong with its content is for the handler to say, because a missing resource comes
/// before it.
pub struct Open<T> {
    /// What the body says, or why it says nothing.
    pub content: Result<T, Problem>,
    /// The body as it came.
    pub bytes: Bytes,
}

impl<T: DeserializeOwned> FromRequest for Open<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bytes = bytes(&req, &mut payload).await?;
            let content = check_type(&req, JSON).and_then(|()| read_json(&bytes));
            Ok(Self { content, bytes })
        })
    }
}

/// How fast a body must come.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// How long it may take before its rate counts, and at most between two pieces.
    patience: Duration,
    /// How long all of it may take, however fast it comes.
    whole: Duration,
}

impl Pace {
    fn of(req: &HttpRequest) -> Self {
        let unbounded = Self { patience: Duration::MAX, whole: Duration::MAX };
        req.app_data::<Data<AppState>>()
            .map_or(unbounded, |state| Self { patience: state.body_patience, whole: state.body_time })
    }

    /// How much longer the next piece of a body may take, of which so many bytes have come in some time.
    fn time_left(self, elapsed: Duration, bytes: usize) -> Duration {
        let earned = Duration::from_secs(u64::try_from(bytes).unwrap_or(u64::MAX) / SLOWEST_BYTES_PER_S);
        let by_rate = self.patience.saturating_add(earned).saturating_sub(elapsed).min(self.patience);
        by_rate.min(self.whole.saturating_sub(elapsed))
    }

    /// The refusal of a body that does not come.
    fn too_slow(self) -> Problem {
        let whole = self.whole.as_secs();
        let detail = format!(
            "The body did not arrive in time: it must not pause, come with 16 KiB a second or more, and be there within {whole} seconds."
        );
        Problem::new(&REQUEST_TIMEOUT, detail).with_header(header::CONNECTION, "close")
    }
}

/// Makes sure that a body is of a type that the operation takes, and not encoded.
///
/// # Errors
/// 415.
pub fn check_type(req: &HttpRequest, accepted: &[&'static str]) -> Result<(), Problem> {
    media_type(req, accepted).map(drop)
}

/// Which of the types that the operation takes the body is of; it is not encoded.
///
/// # Errors
/// 415.
pub fn media_type(req: &HttpRequest, accepted: &[&'static str]) -> Result<&'static str, Problem> {
    let refuse = |name: &'static str, detail: String| {
        Problem::new(&UNSUPPORTED_MEDIA_TYPE, detail.clone()).with_fault(Place::Header(name), detail)
    };
    if req.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding.as_bytes() != b"identity") {
        return Err(refuse("Content-Encoding", "A body is taken as it is, without Content-Encoding.".to_owned()));
    }
    let is_utf8 = req.encoding().is_ok_and(|encoding| encoding.name() == "UTF-8");
    let known = accepted.iter().copied().find(|known| req.content_type().eq_ignore_ascii_case(known));
    known.filter(|_| is_utf8).ok_or_else(|| {
        let detail = format!("The body must be {} in UTF-8; Content-Type must say so.", accepted.join(" or "));
        refuse("Content-Type", detail)
    })
}

/// Reads a JSON body, which is an object.
///
/// # Errors
/// 400, with a pointer to the first place that has another shape.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // serde would take the properties in their order from an array.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(misshapen("", "invalid type: array, expected an object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let (pointer, cause) = (pointer(error.path()), error.inner());
        if cause.is_data() { misshapen(&pointer, &cause.to_string()) } else { no_json(cause) }
    })?;
    deserializer.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

fn refusal(kind: &'static Kind, pointer: String, detail: String) -> Problem {
    Problem::new(kind, detail.clone()).with_fault(Place::Pointer(pointer), detail)
}

fn no_json(error: &serde_json::Error) -> Problem {
    refusal(&INVALID_BODY, String::new(), format!("The body is no JSON: {error}."))
}

/// The refusal for what serde says of a place.
fn misshapen(pointer: &str, message: &str) -> Problem {
    // serde ends with a place that counts lines of a document that nobody has indented.
    let message = message.split(" at line ").next().unwrap_or(message);
    if let Some(bound) = message.strip_prefix(TOO_MANY) {
        let place = if pointer.is_empty() { "The body" } else { pointer };
        let detail = format!("{place} is too long: {bound}.");
        return Problem::violations(&INVALID_CONTENT, Violation::new(pointer, "too_many", detail).into());
    }
    let Some(rest) = message.strip_prefix("unknown field ") else {
        let place = if pointer.is_empty() { "The body" } else { pointer };
        return refusal(&INVALID_BODY, pointer.to_owned(), format!("{place}: {}.", abridged(message)));
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let name = shown(names.next().unwrap_or_default());
    let known: Vec<&str> = names.collect();
    let detail = match (nearest(&name, &known), known.as_slice()) {
        (_, []) => format!("{name} is unknown: nothing may stand here."),
        (Some(nearest), _) => format!("{name} is unknown. Did you mean {nearest}?"),
        (None, known) => format!("{name} is unknown. Known are: {}.", known.join(", ")),
    };
    let parent = pointer.strip_suffix(&format!("/{}", segment(&name))).unwrap_or(pointer);
    let pointer = format!("{parent}/{}", segment(&name));
    refusal(&UNKNOWN_PROPERTY, pointer, detail)
}

/// A message without its middle, where it is long: serde quotes a whole value that is of another type.
fn abridged(message: &str) -> Cow<'_, str> {
    let (begin, end) = (message.char_indices().nth(KEPT_CHARS), message.char_indices().nth_back(KEPT_CHARS));
    let ends = begin.zip(end).filter(|((begin, _), (end, _))| begin < end);
    let ends = ends.and_then(|((begin, _), (end, _))| Some((message.get(..begin)?, message.get(end..)?)));
    ends.map_or(Cow::Borrowed(message), |(begin, end)| Cow::Owned(format!("{begin} … {end}")))
}

/// How many characters of either end of a long message are kept.
const KEPT_CHARS: usize = 300;

fn pointer(path: &Path) -> String {
    let written = |part: &Segment| match part {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", segment(&shown(key))),
        Segment::Enum { .. } | Segment::Unknown => String::new(),
    };
    path.iter().map(written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its refusal is looked at")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only their refusal is looked at")]
    struct Inner {
        website: String,
        source: u8,
    }

    fn refused(json: &str) -> (String, String) {
        let body = read_json::<Outer>(json.as_bytes()).unwrap_err().body("");
        (body.errors[0].pointer.clone().unwrap(), format!("{}: {}", body.code, body.errors[0].detail))
    }

    #[test]
    fn a_body_must_keep_coming() {
        let s = Duration::from_secs;
        let pace = Pace { patience: s(5), whole: s(300) };
        assert_eq!(pace.time_left(s(0), 0), s(5));
        assert_eq!(pace.time_left(s(4), 100), s(1), "a byte now and then buys no time");
        assert_eq!(pace.time_left(s(6), 100), s(0));
        assert_eq!(pace.time_left(s(6), 1 << 20), s(5), "what comes fast may pause as long as the first byte");
        let (fast_enough, whole) = (16 << 20, s(300));
        assert_eq!(pace.time_left(whole.saturating_sub(s(2)), fast_enough), s(2), "the whole is bounded, too");
        assert_eq!(pace.time_left(whole, 32 << 20), s(0));
    }

    #[test]
    fn the_place_of_a_wrong_shape_is_pointed_at() {
        let (pointer, detail) = refused(r#"{"inner": [{"website": "a", "source": "b"}]}"#);
        assert_eq!(pointer, "/inner/0/source");
        assert!(detail.starts_with("invalid_body: /inner/0/source: invalid type: string"), "{detail}");
        let (pointer, detail) = refused(r#"{"inner": [{"website": "a"}]}"#);
        assert_eq!((pointer.as_str(), detail.contains("missing field `source`")), ("/inner/0", true), "{detail}");
        assert_eq!(refused(r#"{"inner": []"#).0, "");
        assert_eq!(refused(r#"{"inner": []} {}"#).0, "");
        assert!(refused(r#"{"inner": [], "inner": []}"#).1.contains("duplicate field"));
    }

    #[test]
    fn a_long_value_is_not_sent_back() {
        let long = "é".repeat(100_000);
        let (pointer, detail) = refused(&format!(r#"{{"inner": [{{"website": "a", "source": "{long}"}}]}}"#));
        assert_eq!(pointer, "/inner/0/source");
        assert!(detail.chars().count() < 700 && detail.ends_with("expected u8."), "{detail}");
        assert_eq!(abridged("short"), "short");
        assert_eq!(abridged(&"x".repeat(2 * KEPT_CHARS)).len(), 2 * KEPT_CHARS);
    }

    #[test]
    fn an_unknown_property_is_refused_with_the_nearest_name() {
        let (pointer, detail) = refused(r#"{"inner": [{"wesbite": "a", "source": 1}]}"#);
        assert_eq!(pointer, "/inner/0/wesbite");
        assert_eq!(detail, "unknown_property: wesbite is unknown. Did you mean website?");
        assert_eq!(refused(r#"{"a/b": 1}"#).0, "/a~1b");
    }
}
