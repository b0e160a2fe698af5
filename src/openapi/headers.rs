//! The headers of answers, described once: those that the middlewares put on every answer and those of some.

use serde_json::{Map, Value, json};

/// A header: its name, what it says, an example, and whether every answer that describes it has it.
struct Header {
    name: &'static str,
    about: &'static str,
    example: &'static str,
    required: bool,
}

const fn always(name: &'static str, about: &'static str, example: &'static str) -> Header {
    Header { name, about, example, required: true }
}

const fn sometimes(name: &'static str, about: &'static str, example: &'static str) -> Header {
    Header { name, about, example, required: false }
}

const HEADERS: &[Header] = &[
    always("Accept-Ranges", "Parts of the file can be asked for.", "bytes"),
    sometimes("Access-Control-Allow-Origin", "For a request of a page of another origin: it may read the answer.", "*"),
    sometimes(
        "Access-Control-Expose-Headers",
        "For a request of a page of another origin: the headers that it may read.",
        "ETag, Link, Retry-After, X-Request-Id",
    ),
    always("Cache-Control", "How long the answer stays fresh.", "public, max-age=60, stale-while-revalidate=300"),
    sometimes("Content-Disposition", "For CSV, the name of the file.", "attachment; filename=\"members.csv\""),
    always("Content-Range", "Which part of the file this is, or how long the file is.", "bytes 0-99/56900"),
    always(
        "Content-Security-Policy",
        "What a browser may load for the answer: nothing.",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    always("Cross-Origin-Resource-Policy", "Pages of other origins may use the answer.", "cross-origin"),
    always(
        "ETag",
        "Validator: a number of what is stored, which grows with each change of it, and a hash of the answer. If-None-Match compares both, If-Match the number.",
        "\"3-0f343b0931126a20f133d67c2b018a3b\"",
    ),
    sometimes("Idempotency-Replayed", "The request was answered before, and this is that answer.", "true"),
    sometimes(
        "Link",
        "The next page (rel=\"next\"); absent on the last one.",
        "</api/v1/territories?cursor=WzEs>; rel=\"next\"",
    ),
    always("Location", "Where what was made is.", "/api/v1/members/commune-larache"),
    sometimes(
        "RateLimit",
        "How many requests are left (r), and in how many seconds all have come back (t); each instance of the server counts for itself.",
        "\"address\";r=1199;t=1",
    ),
    sometimes(
        "RateLimit-Policy",
        "How many requests (q) the account, or without one the address, may send in how many seconds (w).",
        "\"address\";q=1200;w=60",
    ),
    always("Referrer-Policy", "What a browser tells others about where it comes from: nothing.", "no-referrer"),
    always(
        "Repr-Digest",
        "SHA-256 of the whole file (RFC 9530).",
        "sha-256=:IDteiXPYBbiyTU9ZM67TensTnw679vFrRTxiF09bW8Q=:",
    ),
    always("Retry-After", "How many seconds to wait before trying again.", "2"),
    always("Vary", "The request headers that the answer depends on.", "Accept, Accept-Encoding"),
    always("WWW-Authenticate", "How to say who asks.", "Bearer error=\"invalid_token\""),
    always("X-Content-Type-Options", "A browser must not guess another type.", "nosniff"),
    always(
        "X-Request-Id",
        "The request's id: the caller's own, if it brought one of 8 to 64 letters, digits, -, _ or ., else a new one.",
        "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
    ),
];

/// The headers that every answer has.
pub const COMMON: &[&str] = &[
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Cache-Control",
    "Content-Security-Policy",
    "Cross-Origin-Resource-Policy",
    "RateLimit",
    "RateLimit-Policy",
    "Referrer-Policy",
    "Vary",
    "X-Content-Type-Options",
    "X-Request-Id",
];

/// The component that describes all headers.
pub fn component() -> Value {
    let describe = |header: &Header| {
        let described = json!({
            "description": header.about,
            "required": header.required,
            "schema": {"type": "string"},
            "example": header.example,
        });
        (header.name.to_owned(), described)
    };
    Value::Object(HEADERS.iter().map(describe).collect())
}

/// References to the common headers and some more, for an answer.
pub fn common_and(more: &[&str]) -> Map<String, Value> {
    let mut names: Vec<&str> = COMMON.iter().chain(more).copied().collect();
    names.sort_unstable();
    let reference = |name: &str| (name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    names.into_iter().map(reference).collect()
}
