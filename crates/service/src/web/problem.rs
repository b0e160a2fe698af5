//! Every refusal of the API, in one table (RFC 9457). A handler returns a [`Problem`]; the middleware in
//! [`super::headers`] writes it down, with the request's id, so that what the framework refuses by itself
//! reads the same as what a rule refuses.

use std::{borrow::Cow, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::{StoreError, UnknownName, WriteError},
    kernel::violation::{MOST_VIOLATIONS, Violation, Violations},
};

/// One kind of refusal: its row in the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The stable code, also the last segment of the `type` URI.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// A short name in English.
    pub title: &'static str,
    /// What happened.
    pub explanation: &'static str,
    /// How the caller mends it.
    pub remedy: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $code:literal $status:literal $title:literal, $explanation:literal, $remedy:literal;)*) => {
        $(
            #[doc = $explanation]
            pub const $name: Kind = Kind { code: $code, status: $status, title: $title, explanation: $explanation, remedy: $remedy };
        )*
        /// The whole table, in the order of the statuses.
        pub const KINDS: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    INVALID_PARAMETER = "invalid_parameter" 400 "Invalid parameter",
        "A query parameter has a value that it can't have.",
        "The entry in errors names the parameter and says what it takes. The parameters of each operation, with examples, are in the OpenAPI document.";
    UNKNOWN_PARAMETER = "unknown_parameter" 400 "Unknown parameter",
        "The request has a query parameter that this operation does not know. It is refused rather than ignored, because a filter that is silently dropped gives a wrong answer that looks right.",
        "Correct the name (the detail offers the nearest known one) or leave the parameter out.";
    REPEATED_PARAMETER = "repeated_parameter" 400 "Repeated parameter",
        "A query parameter stands more than once in the URL.",
        "Give it once; where several values are allowed, separate them by commas.";
    INVALID_CURSOR = "invalid_cursor" 400 "Invalid cursor",
        "The cursor is damaged, of an older version of the API, or was made by a list with another order or other filters.",
        "Begin again without a cursor, or use next_cursor together with exactly the parameters of the request that returned it (only limit may differ).";
    MALFORMED_URL = "malformed_url" 400 "Malformed URL",
        "The path or the query has a percent sign that is not followed by two hexadecimal digits, or its decoded bytes are not UTF-8.",
        "Encode the URL's parts as UTF-8 with percent-encoding (encodeURIComponent in JavaScript, urllib.parse.quote in Python).";
    BAD_REQUEST = "bad_request" 400 "Bad request",
        "The request can't be understood as HTTP, or its body as what it claims to be.",
        "The detail says what was wrong with it.";
    INVALID_BODY = "invalid_body" 400 "Invalid body",
        "The request's body is not of the shape that the operation takes: it is no JSON, a property is missing or has a value of another type.",
        "The entry in errors points at the place (RFC 6901). The shape of each operation's body is in the OpenAPI document.";
    UNKNOWN_PROPERTY = "unknown_property" 400 "Unknown property",
        "The request's body has a property that this operation does not know. It is refused rather than ignored, so that nothing that was meant to be stored is lost.",
        "Correct the name (the detail offers the nearest known one) or leave the property out.";
    INVALID_HEADER = "invalid_header" 400 "Invalid header",
        "A request header has a value that it can't have.",
        "The entry in errors names the header and says what it takes.";
    UNAUTHENTICATED = "unauthenticated" 401 "Not signed in",
        "This operation needs to know who asks, and the request does not say it.",
        "Send Authorization: Bearer with an access token. People get one from POST /api/v1/auth/sessions, machines from POST /api/v1/auth/token.";
    INVALID_TOKEN = "invalid_token" 401 "Invalid token",
        "The access token is not believed: it has expired, was taken back, was not made here, or its account has been changed or disabled since.",
        "Get a new token. Tokens are good for 15 minutes.";
    INVALID_CREDENTIALS = "invalid_credentials" 401 "Wrong credentials",
        "Who wants to sign in is not who they say: the account is unknown or disabled, or the password or secret is wrong. Which of these is not said.",
        "Correct the credentials, or ask an administrator for new ones.";
    FORBIDDEN = "forbidden" 403 "Not allowed",
        "The account's role does not allow this operation.",
        "Use an account with one of the roles that the detail names.";
    NOT_YOUR_MEMBER = "not_your_member" 403 "Another member's",
        "The account may do this only to what is its own member's.",
        "Use an account of that member, or one of the secretariat.";
    NOT_YOUR_PROPERTY = "not_your_property" 403 "Not yours to say",
        "The body has a property that the account's role may not change, although it may change others.",
        "Leave the properties out that errors points at, or ask the secretariat.";
    NOT_YOUR_VOICE = "not_your_voice" 403 "Another voice's",
        "What one voice has said of a programme or a member, no other voice changes: members, organisations of civil society and the secretariat speak side by side.",
        "Use an account of who has said it, or say otherwise with an evaluation or assessment of one's own.";
    NOT_FOUND = "not_found" 404 "Not found",
        "There is nothing at this address: the path is unknown, or no published resource has this id, slug or code.",
        "Follow the links of GET /api/v1 or of a list instead of composing addresses. Deleted resources leave a tombstone in the change feed.";
    METHOD_NOT_ALLOWED = "method_not_allowed" 405 "Method not allowed",
        "The address exists but does not support this method.",
        "Use one of the methods of the Allow header.";
    NOT_ACCEPTABLE = "not_acceptable" 406 "Not acceptable",
        "The resource does not exist in any of the formats or encodings that the Accept or Accept-Encoding header asks for.",
        "Ask for one of the formats that the detail names, or leave the header out.";
    REQUEST_TIMEOUT = "request_timeout" 408 "Request timeout",
        "The request did not arrive within the time that the server waits for one.",
        "Send it again on a new connection.";
    SEQUENCE_AHEAD = "sequence_ahead" 409 "Sequence ahead",
        "since is greater than the number of the last change here: the copy was made from another database, or this one was restored from a backup.",
        "Make the copy anew from the lists, and go on from the sequence of the first page.";
    GENERATION_CHANGED = "generation_changed" 409 "Another generation",
        "The copy was made from another generation of the database: this one was restored from a backup, or it is another one. Numbers of changes mean something else here.",
        "Make the copy anew from the lists, and go on from the sequence of the first page with the generation that GET /api/v1/changes/latest tells.";
    ALREADY_EXISTS = "already_exists" 409 "Already there",
        "What the request would make or change takes a key that another resource has. errors points at the key and names the other.",
        "Change the other resource instead, or correct the key.";
    NOT_NOW = "not_now" 409 "Not in this state",
        "The content is right, but the resource is in a state that does not allow this. errors has all reasons.",
        "Remove the reasons first. For a change of standing, GET …/transitions says for each what stands in its way.";
    CHANGES_FORGOTTEN = "changes_forgotten" 410 "Changes no longer kept",
        "since is so old that some of the changes behind it are no longer kept, so that going on from there would miss them.",
        "Make the copy anew from the lists, and go on from the sequence of the first page. GET /api/v1/changes/latest says from where on changes are kept.";
    PLAN_OUTDATED = "plan_outdated" 409 "Another plan",
        "The import would not do what the dry run said that was quoted: the list, its options or what is stored here have changed since.",
        "Make a dry run again, look at what it says, and quote its plan_hash.";
    PRECONDITION_FAILED = "precondition_failed" 412 "Changed meanwhile",
        "The resource is no longer at the version that If-Match names: somebody else has changed it.",
        "Get it again (its current ETag is in this answer), look at what has changed, and send the change with the new ETag.";
    CONTENT_TOO_LARGE = "content_too_large" 413 "Content too large",
        "The request's body is larger than this operation takes.",
        "Send less at once; the detail names the limit.";
    URI_TOO_LONG = "uri_too_long" 414 "URI too long",
        "The request's target is longer than 8,192 bytes.",
        "Shorten the filters, or pull the whole list and filter it on your side.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type" 415 "Unsupported media type",
        "The request's body has a type or an encoding that this operation does not take.",
        "Send the type that the OpenAPI document names, without Content-Encoding.";
    RANGE_NOT_SATISFIABLE = "range_not_satisfiable" 416 "No such part",
        "The Range header asks for a part of the file that it does not have.",
        "Content-Range says how long the file is. Without Range, the whole of it comes.";
    INVALID_CONTENT = "invalid_content" 422 "Invalid content",
        "The body has the right shape, but what it says breaks rules. errors has each with its place, at most a hundred; where there are more, more is true.",
        "Correct every place that errors points at.";
    UNKNOWN_REFERENCE = "unknown_reference" 422 "Unknown reference",
        "A filter names a resource that does not exist, or that the caller may not see. It is refused rather than answered with an empty list, which would read like a true answer.",
        "The entry in errors names the parameter and the name. Take names from the lists: slugs or ids, for territories codes.";
    KEY_REUSED = "idempotency_key_reused" 422 "Idempotency-Key used before",
        "The same account has sent another request with this Idempotency-Key within the last 24 hours; or another contribution was sent to the consultation with it; or the account had another role or spoke for another member when it sent the same request.",
        "Use a new key for a new request, and the same key only to send the very same request again.";
    PRECONDITION_REQUIRED = "precondition_required" 428 "If-Match required",
        "A change must say which version of the resource it is meant for, so that it never overwrites a change that its author has not seen.",
        "Get the resource and send its ETag as If-Match.";
    TOO_MANY_ATTEMPTS = "too_many_attempts" 429 "Too many attempts",
        "Signing in has failed so often, to this account or from this address, that the next attempt has to wait. Nobody is locked out for ever: an account never has to wait for more than a minute because of others.",
        "Wait as long as Retry-After says. Who has forgotten the password asks an administrator for a one-time secret.";
    TOO_MANY_REQUESTS = "too_many_requests" 429 "Too many requests",
        "The account, or without one the address, has sent more requests in a minute than it may, or the address more contributions in an hour.",
        "Wait as long as Retry-After says. RateLimit in every answer says how many requests are left; who needs the whole data set takes the files of GET /api/v1/exports and then the changes.";
    IMPORT_IN_PROGRESS = "import_in_progress" 429 "An import of the account is under way",
        "The account has a list that arrives, waits or is imported. An account has one at a time, so that others have their turn.",
        "Wait until it is answered, at least as long as Retry-After says, then send the next list.";
    HEADERS_TOO_LARGE = "headers_too_large" 431 "Request header fields too large",
        "The request's header fields are larger than 16,384 bytes together.",
        "Send fewer or shorter header fields; cookies are never needed.";
    INTERNAL_ERROR = "internal_error" 500 "Internal error",
        "The server failed in a way that it should not have. The cause is in its log under the request's id.",
        "Try again; if it stays, report the value of instance.";
    OVERLOADED = "overloaded" 503 "Overloaded",
        "More requests are waiting than the server can answer in good time, so this one was refused at once.",
        "Wait as long as Retry-After says, then try again, with growing pauses.";
    DEADLINE_EXCEEDED = "deadline_exceeded" 503 "Deadline exceeded",
        "The answer took longer than the server allows for one request.",
        "Ask for less at once (a smaller limit, a narrower filter), or try again later.";
    DATABASE_UNAVAILABLE = "database_unavailable" 503 "Database unavailable",
        "The database can't be reached at the moment. Nothing was changed.",
        "Wait as long as Retry-After says, then try again: the server recovers by itself when the database returns.";
    DATABASE_ERROR = "database_error" 503 "Database error",
        "The database answered with an error that the server does not know. Nothing was changed. The cause is in the server's log under the request's id.",
        "Wait as long as Retry-After says, then try again; if it stays, report the value of instance.";
    STORAGE_FAILED = "storage_failed" 503 "Storage failed",
        "The disk, or a file on it, can't be read or written at the moment. Nothing was changed.",
        "Wait as long as Retry-After says, then try again: whoever runs the server has to mend it. GET /health/ready says whether writes work.";
    IMPORT_RUNNING = "import_running" 503 "An import is running",
        "Imports run one at a time in the order in which their lists arrive, and those before this one take long.",
        "Wait as long as Retry-After says, then try again.";
    ISSUER_UNAVAILABLE = "issuer_unavailable" 503 "Issuer unavailable",
        "The token is of an outside issuer whose keys can't be fetched at the moment, so that nobody can say whether it is good.",
        "Wait as long as Retry-After says, then try again; keys are asked for once a minute.";
    NOT_READY = "not_ready" 503 "Not ready",
        "The server runs, but its database is not at the schema that it needs.",
        "Run the migrations with the binary that serves (it does so at its own start), or use the binary that the database was migrated for.";
    INSUFFICIENT_STORAGE = "insufficient_storage" 507 "Insufficient storage",
        "No space is left where the server keeps its data. Nothing was changed.",
        "Wait as long as Retry-After says, then try again: whoever runs the server has to make space.";
}

/// The kind with a code.
#[must_use]
pub fn kind(code: &str) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|kind| kind.code == code)
}

/// The kind that stands for a bare status of the framework's.
#[must_use]
pub fn kind_of_status(status: StatusCode) -> &'static Kind {
    match status.as_u16() {
        401 => &UNAUTHENTICATED,
        403 => &FORBIDDEN,
        404 => &NOT_FOUND,
        405 => &METHOD_NOT_ALLOWED,
        406 => &NOT_ACCEPTABLE,
        408 => &REQUEST_TIMEOUT,
        413 => &CONTENT_TOO_LARGE,
        414 => &URI_TOO_LONG,
        415 => &UNSUPPORTED_MEDIA_TYPE,
        429 => &TOO_MANY_REQUESTS,
        431 => &HEADERS_TOO_LARGE,
        503 => &OVERLOADED,
        507 => &INSUFFICIENT_STORAGE,
        400..=499 => &BAD_REQUEST,
        _ => &INTERNAL_ERROR,
    }
}

/// The place in the request that one error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A query parameter, by name.
    Parameter(String),
    /// A request header, by name.
    Header(&'static str),
    /// A place in the body, by JSON pointer (RFC 6901).
    Pointer(String),
}

/// One error of a [`Problem`].
#[derive(Debug, Clone)]
pub struct Fault {
    /// Where it is.
    pub place: Place,
    /// Its stable code.
    pub code: Cow<'static, str>,
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// A refusal on its way to the caller.
#[derive(Debug)]
pub struct Problem {
    kind: &'static Kind,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    headers: Vec<(header::HeaderName, String)>,
    cause: Option<String>,
    oauth: Option<&'static str>,
}

/// How long a refused client should wait, in seconds.
const RETRY_AFTER: &str = "2";

impl Problem {
    /// A refusal of a kind, with what is particular to this one.
    #[must_use]
    pub fn new(kind: &'static Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        let (faults, headers) = (Vec::new(), Vec::new());
        let mut problem = Self { kind, detail: detail.into(), faults, headers, cause: None, oauth: None };
        if matches!(kind.status, 503 | 507) {
            problem = problem.with_header(header::RETRY_AFTER, RETRY_AFTER);
        }
        problem
    }

    /// A refusal for what one or several query parameters hold; the first one's words become the detail.
    #[must_use]
    pub fn parameters(kind: &'static Kind, faults: Vec<Fault>) -> Self {
        let detail = faults.first().map_or_else(|| kind.explanation.to_owned(), |fault| fault.detail.clone());
        Self { faults, ..Self::new(kind, detail) }
    }

    /// A refusal of one query parameter: `name` followed by what is wrong with its value.
    #[must_use]
    pub fn parameter(kind: &'static Kind, name: &str, predicate: impl fmt::Display) -> Self {
        let place = Place::Parameter(name.to_owned());
        Self::parameters(kind, vec![Fault { place, code: kind.code.into(), detail: format!("{name} {predicate}.") }])
    }

    /// The refusal of a request without a parameter that the operation can't do without.
    #[must_use]
    pub fn missing_parameter(name: &str) -> Self {
        Self::parameter(&INVALID_PARAMETER, name, "is missing")
    }

    /// A refusal for places in the body; the first one's words become the detail, with how many more there are.
    #[must_use]
    pub fn violations(kind: &'static Kind, violations: Violations) -> Self {
        let fault = |violation: Violation| Fault {
            place: Place::Pointer(violation.pointer),
            code: violation.code.into(),
            detail: violation.detail,
        };
        let faults: Vec<Fault> = violations.into_iter().map(fault).collect();
        let mut problem = Self::parameters(kind, faults);
        if let more @ 1.. = problem.faults.len().saturating_sub(1) {
            let at_least = if problem.faults.len() > MOST_VIOLATIONS { "at least " } else { "" };
            problem.detail = format!("{} And {at_least}{more} more.", problem.detail).into();
        }
        problem
    }

    /// The refusal of an address at which there is nothing.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(&NOT_FOUND, "There is nothing at this address.")
    }

    /// The refusal of a token, with the challenge of RFC 6750.
    #[must_use]
    pub fn invalid_token(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(&INVALID_TOKEN, detail).with_header(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
    }

    /// A failure of the server's own; the cause goes to the log and never to the caller.
    #[must_use]
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::caused(&INTERNAL_ERROR, "The server failed; the cause is in its log under the request's id.", cause)
    }

    /// A refusal whose cause goes to the log and never to the caller.
    fn caused(kind: &'static Kind, detail: &'static str, cause: impl fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(kind, detail) }
    }

    /// The same refusal as an answer of OAuth (RFC 6749, section 5.2), which has a code of its own.
    #[must_use]
    pub fn for_oauth(self, error: &'static str) -> Self {
        Self { oauth: Some(error), ..self }
    }

    /// The media type of the body.
    #[must_use]
    pub const fn media_type(&self) -> &'static str {
        if self.oauth.is_some() { "application/json" } else { "application/problem+json" }
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a place to the errors.
    #[must_use]
    pub fn with_fault(mut self, place: Place, detail: impl Into<String>) -> Self {
        self.faults.push(Fault { place, code: self.kind.code.into(), detail: detail.into() });
        self
    }

    /// Adds places with codes of their own to the errors; the answer has the first hundred.
    #[must_use]
    pub fn with_faults(mut self, faults: impl Iterator<Item = (Place, Cow<'static, str>, String)>) -> Self {
        self.faults.extend(faults.map(|(place, code, detail)| Fault { place, code, detail }));
        self
    }

    /// The row of the table.
    #[must_use]
    pub const fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// What is particular to this refusal.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What the log should know and the caller should not.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The body that the caller reads; `instance` is the request's id.
    #[must_use]
    pub fn body(&self, instance: &str) -> ProblemOut {
        let fault = |fault: &Fault| {
            let (mut pointer, mut parameter, mut header) = (None, None, None);
            match &fault.place {
                Place::Pointer(place) => pointer = Some(place.clone()),
                Place::Parameter(name) => parameter = Some(name.clone()),
                Place::Header(name) => header = Some((*name).to_owned()),
            }
            ProblemErrorOut { pointer, parameter, header, code: fault.code.to_string(), detail: fault.detail.clone() }
        };
        ProblemOut {
            r#type: format!("/problems/{}", self.kind.code),
            title: self.kind.title.to_owned(),
            status: self.kind.status,
            detail: self.detail.to_string(),
            instance: instance.to_owned(),
            code: self.kind.code.to_owned(),
            errors: self.faults.iter().take(MOST_VIOLATIONS).map(fault).collect(),
            more: (self.faults.len() > MOST_VIOLATIONS).then_some(true),
            error: self.oauth,
            error_description: self.oauth.map(|_| self.detail.to_string()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.code, self.detail)
    }
}

/// Only status and headers: the body is written where the request's id is known.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        response.finish()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded => Self::new(&OVERLOADED, "Too many requests wait for the database."),
            StoreError::DeadlineExceeded => {
                Self::new(&DEADLINE_EXCEEDED, "The answer took longer than the server allows for one request.")
            }
            StoreError::Contended(cause) => {
                Self::caused(&OVERLOADED, "Other writes kept the database busy. Nothing was changed.", cause)
            }
            StoreError::UnknownNames(names) => {
                let fault = |UnknownName { parameter, code, detail }| Fault {
                    place: Place::Parameter(String::from(parameter)),
                    code: Cow::Borrowed(code),
                    detail,
                };
                Self::parameters(&UNKNOWN_REFERENCE, names.into_iter().map(fault).collect())
            }
            StoreError::NotAdmitted(why) => Self::invalid_token(format!("The account of this token {why}.")),
            StoreError::Unavailable(cause) => {
                Self::caused(&DATABASE_UNAVAILABLE, "The database can't be reached at the moment.", cause)
            }
            error @ StoreError::Superseded => {
                let detail = "This instance is older than the database and can only read: it is about to be replaced.";
                Self::caused(&DATABASE_UNAVAILABLE, detail, &error)
            }
            error @ StoreError::Incomplete => {
                let detail =
                    "What the public reads is being made anew for this version of the server. Nothing was changed.";
                Self::caused(&DATABASE_UNAVAILABLE, detail, &error)
            }
            error @ StoreError::NoSpace(_) => {
                Self::caused(&INSUFFICIENT_STORAGE, "No space is left for what the request needs.", &error)
            }
            error @ (StoreError::ReadOnly(_) | StoreError::Storage(_)) => {
                Self::caused(&STORAGE_FAILED, "The storage can't be read or written at the moment.", &error)
            }
            error @ StoreError::Unknown(_) => {
                Self::caused(&DATABASE_ERROR, "The database answered with an error.", &error)
            }
            error => Self::internal(error),
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Invalid(violations) => violations.into(),
            WriteError::Taken(keys) => Self::violations(&ALREADY_EXISTS, keys),
            WriteError::NotNow(reasons) => Self::violations(&NOT_NOW, reasons),
            WriteError::Store(error) => error.into(),
        }
    }
}

impl From<Violations> for Problem {
    fn from(violations: Violations) -> Self {
        Self::violations(&INVALID_CONTENT, violations)
    }
}

/// A refusal, as RFC 9457 problem details.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemOut {
    /// Reference to the page that explains this kind of problem and how to mend it.
    #[schema(example = "/problems/invalid_parameter", format = "uri-reference")]
    pub r#type: String,
    /// Short name of the kind, in English.
    #[schema(example = "Invalid parameter")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 400, minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is particular to this occurrence, in English.
    #[schema(example = "limit is not a whole number from 1 to 200.")]
    pub detail: String,
    /// The request's id, as in the X-Request-Id header and the server's log.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    pub instance: String,
    /// Stable code of the kind; safe to branch on.
    #[schema(example = "invalid_parameter")]
    pub code: String,
    /// The places that are wrong, at most 100; empty where the request as a whole is refused.
    #[schema(max_items = 100)]
    pub errors: Vec<ProblemErrorOut>,
    /// True where more places are wrong than `errors` has; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = true, nullable = false)]
    pub more: Option<bool>,
    /// Only from the token and revocation endpoints: the error code of RFC 6749, section 5.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "invalid_client", nullable = false)]
    pub error: Option<&'static str>,
    /// Likewise: the same as `detail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "The client is unknown or its secret is wrong.", nullable = false)]
    pub error_description: Option<String>,
}

/// One place of a refused request. It has one of `pointer`, `parameter` and `header`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemErrorOut {
    /// Place in the body, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/name/fr", nullable = false)]
    pub pointer: Option<String>,
    /// Name of the query parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "limit", nullable = false)]
    pub parameter: Option<String>,
    /// Name of the request header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Accept", nullable = false)]
    pub header: Option<String>,
    /// Stable code of this error.
    #[schema(example = "invalid_parameter")]
    pub code: String,
    /// What is wrong here, in English.
    #[schema(example = "limit is not a whole number from 1 to 200.")]
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_statuses_are_refusals() {
        for (at, kind) in KINDS.iter().enumerate() {
            assert!(KINDS[..at].iter().all(|other| other.code != kind.code), "{} stands twice", kind.code);
            assert!((400..600).contains(&kind.status));
        }
    }

    #[test]
    fn what_the_database_suffers_is_no_defect_of_the_server() {
        let cause = || "could not extend file".to_owned();
        for (error, kind) in [
            (StoreError::NoSpace(cause()), &INSUFFICIENT_STORAGE),
            (StoreError::ReadOnly(cause()), &STORAGE_FAILED),
            (StoreError::Storage(cause()), &STORAGE_FAILED),
            (StoreError::Unknown(cause()), &DATABASE_ERROR),
            (StoreError::Unavailable(cause()), &DATABASE_UNAVAILABLE),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.kind(), kind);
            assert!(problem.cause().unwrap().contains("could not extend"), "{problem:?}");
            assert!(!problem.detail().contains("extend"), "{problem:?}");
            assert!(problem.error_response().headers().contains_key(header::RETRY_AFTER), "{problem:?}");
        }
    }

    #[test]
    fn every_status_of_the_framework_has_a_kind_of_that_status() {
        for status in [400, 404, 405, 406, 408, 413, 414, 415, 431, 500, 503] {
            assert_eq!(kind_of_status(StatusCode::from_u16(status).unwrap()).status, status);
        }
    }
}
