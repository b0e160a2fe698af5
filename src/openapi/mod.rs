//! The OpenAPI document: made from the mounted routes, completed here with what all operations share, so that
//! no handler has to repeat the headers and refusals that the middlewares bring about.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON object indexed by name yields null or makes room for it; the document's tests run every line"
)]

mod headers;
mod links;

use std::sync::LazyLock;

use actix_web::{App, HttpResponse, get, http::header};
use serde_json::{Value, json};
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_actix_web::{AppExt as _, service_config::ServiceConfig};

use crate::{
    app::routes,
    auth::{
        principal::SIGN_IN,
        roles::{PERMISSIONS, Permission, Role},
    },
    kernel::language::Language,
    web::{
        problem::{self, Kind, Problem, ProblemErrorOut, ProblemOut},
        query::{NoParameters, Query},
    },
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "REMACTO open data API",
        description = "Open data of REMACTO, the Moroccan Network of Open Local Governments: its members on any day, the \
                       network and its charter, and Morocco's territorial units. Texts come in Arabic, French and English; `?lang=` prunes them to one. \
                       Moments are UTC; a day is a day of Morocco, from midnight to midnight there (Africa/Casablanca, unless the operator has set another time zone). \
                       An unknown parameter is refused, lists are paged by cursor, refusals are problem documents (RFC 9457), \
                       and every answer has validators for conditional requests.",
        license(name = "MIT", identifier = "MIT")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "index", description = "Where to begin."),
        (name = "network", description = "The network: presentation, partners, published and computed composition."),
        (name = "charter", description = "The charter and its five commitments."),
        (name = "members", description = "The members of the network, today and on any day."),
        (name = "action programmes", description = "Open action programmes: two years of openness, stage by stage, with projects and milestones."),
        (name = "consultations", description = "Rounds in which members consult the public, and what becomes of what it contributes."),
        (name = "evaluations", description = "What the members, civil society and the secretariat find of the programmes, side by side."),
        (name = "exchange", description = "What members share: practices, collaborations and events."),
        (name = "assessments", description = "How the members keep the charter's commitments, year by year, as they themselves, civil society and the secretariat find it."),
        (name = "monitoring", description = "Indicators with baselines and targets, what is reported for them and approved by others, and what follows from it."),
        (name = "scorecards", description = "Per commitment of the charter the voices side by side and what can be counted, each figure with its formula."),
        (name = "network indicators", description = "The network's catalogue of indicators, and what of it is computed for any day, by member, region, kind and cohort."),
        (name = "alerts", description = "What is late in the action programmes, computed for today."),
        (name = "focal points", description = "Whom the network calls about a member. Personal."),
        (name = "changes", description = "What changed since, for copies that want to stay fresh."),
        (name = "territories", description = "Morocco's territorial units and their census figures."),
        (name = "exports", description = "Whole data sets as files, and their descriptions for machines."),
        (name = "imports", description = "Lists that others keep, pushed as a whole."),
        (name = "auth", description = "Signing in: tokens for people and machines."),
        (name = "accounts", description = "People and machines that may sign in."),
        (name = "audit", description = "Who did what."),
        (name = "persons", description = "What is held on a person: told, corrected, erased (law 09-08)."),
        (name = "documentation", description = "This document and pages for people."),
        (name = "operations", description = "For those who run the server.")
    ),
    components(schemas(ProblemOut, ProblemErrorOut, Language))
)]
struct Base;

/// The refusals that operations may answer with, by status.
const REFUSALS: &[(&str, &[&Kind])] = &[
    (
        "400",
        &[
            &problem::INVALID_PARAMETER,
            &problem::UNKNOWN_PARAMETER,
            &problem::REPEATED_PARAMETER,
            &problem::INVALID_CURSOR,
            &problem::MALFORMED_URL,
            &problem::INVALID_BODY,
            &problem::UNKNOWN_PROPERTY,
            &problem::INVALID_HEADER,
            &problem::BAD_REQUEST,
        ],
    ),
    ("401", &[&problem::UNAUTHENTICATED, &problem::INVALID_TOKEN, &problem::INVALID_CREDENTIALS]),
    ("403", &[&problem::FORBIDDEN, &problem::NOT_YOUR_MEMBER, &problem::NOT_YOUR_PROPERTY, &problem::NOT_YOUR_VOICE]),
    ("404", &[&problem::NOT_FOUND]),
    ("406", &[&problem::NOT_ACCEPTABLE]),
    ("408", &[&problem::REQUEST_TIMEOUT]),
    (
        "409",
        &[
            &problem::SEQUENCE_AHEAD,
            &problem::GENERATION_CHANGED,
            &problem::ALREADY_EXISTS,
            &problem::NOT_NOW,
            &problem::PLAN_OUTDATED,
        ],
    ),
    ("410", &[&problem::CHANGES_FORGOTTEN]),
    ("412", &[&problem::PRECONDITION_FAILED]),
    ("413", &[&problem::CONTENT_TOO_LARGE]),
    ("414", &[&problem::URI_TOO_LONG]),
    ("415", &[&problem::UNSUPPORTED_MEDIA_TYPE]),
    ("416", &[&problem::RANGE_NOT_SATISFIABLE]),
    ("422", &[&problem::INVALID_CONTENT, &problem::UNKNOWN_REFERENCE, &problem::KEY_REUSED]),
    ("428", &[&problem::PRECONDITION_REQUIRED]),
    ("429", &[&problem::TOO_MANY_REQUESTS, &problem::TOO_MANY_ATTEMPTS, &problem::IMPORT_IN_PROGRESS]),
    ("431", &[&problem::HEADERS_TOO_LARGE]),
    ("500", &[&problem::INTERNAL_ERROR]),
    (
        "503",
        &[
            &problem::OVERLOADED,
            &problem::DEADLINE_EXCEEDED,
            &problem::DATABASE_UNAVAILABLE,
            &problem::DATABASE_ERROR,
            &problem::STORAGE_FAILED,
            &problem::IMPORT_RUNNING,
            &problem::ISSUER_UNAVAILABLE,
            &problem::NOT_READY,
        ],
    ),
    ("507", &[&problem::INSUFFICIENT_STORAGE]),
];

/// What the mounted routes say of themselves.
#[must_use]
pub fn mounted() -> &'static OpenApi {
    static MOUNTED: LazyLock<OpenApi> =
        LazyLock::new(|| App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes).split_for_parts().1);
    &MOUNTED
}

/// The whole document: the mounted routes and what all of them share.
///
/// # Errors
/// The serializer's, which a document does not give rise to.
pub fn document() -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(mounted())?;
    let mut localized = Vec::new();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        paths.sort_keys();
        for (path, item) in paths.iter_mut() {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                localized.extend(complete(path, method, operation));
            }
        }
    }
    add_components(&mut document);
    lift_descriptions(&mut document["components"]["schemas"]);
    let is_answer = |name: &str| !["In", "Patch", "Form"].iter().any(|end| name.ends_with(end));
    for (name, schema) in document["components"]["schemas"].as_object_mut().into_iter().flatten() {
        if is_answer(name) {
            require_nullable(schema);
        }
    }
    for name in localized {
        add_fallbacks(&mut document, &name);
    }
    Ok(document)
}

/// What an operation is, as far as it decides what else belongs to it.
struct Traits<'a> {
    path: &'a str,
    method: &'a str,
    /// Its path has parameters.
    addressed: bool,
    /// It takes a body.
    has_body: bool,
    /// It needs a permission.
    guarded: bool,
}

impl Traits<'_> {
    fn is_data(&self) -> bool {
        self.path.starts_with("/api/")
    }

    /// Whether it is one of those that make or take back tokens, which have conventions of their own.
    fn signs_in(&self) -> bool {
        self.method == "post" && SIGN_IN.contains(&self.path)
    }

    /// Whether it is about one's own sessions and password: nothing of it has a version, and a secret is in it.
    fn is_own_credentials(&self) -> bool {
        self.path.starts_with("/api/v1/auth/")
    }

    /// Whether it serves files as they are.
    fn is_download(&self) -> bool {
        self.path == "/api/v1/exports/{file}"
    }

    /// Whether its answer holds a secret, so that nothing may be kept of it.
    fn hands_out_secrets(&self) -> bool {
        let accounts = self.path.starts_with("/api/v1/users") || self.path.starts_with("/api/v1/clients");
        self.method == "post" && accounts
    }

    /// Whether it is about a person, who has no version, and of whom nothing may be kept either.
    fn is_about_a_person(&self) -> bool {
        self.path.starts_with("/api/v1/persons/")
    }

    /// Whether it is how everybody contributes: what is kept of it is bound to the sender's own key.
    fn is_contribution(&self) -> bool {
        self.method == "post" && self.path == "/api/v1/consultations/{id}/contributions"
    }

    /// Whether it is for who has a receipt, which is for nothing that has a version.
    fn is_by_receipt(&self) -> bool {
        self.path.starts_with("/api/v1/contributions/{receipt}")
    }

    /// Whether it refuses in the words of RFC 6749, as `application/json`.
    fn speaks_oauth(&self) -> bool {
        ["/api/v1/auth/token", "/api/v1/auth/revoke"].contains(&self.path)
    }

    fn changes_what_is_there(&self) -> bool {
        matches!(self.method, "patch" | "put" | "delete") && !self.is_own_credentials() && !self.is_by_receipt()
    }

    /// Whether it can be answered with a refusal of a status; `declared` says whether its handler says so.
    fn can_refuse(&self, status: &str, declared: bool) -> bool {
        match status {
            // Reading needs space (507), too, where the database sorts much or an export is written.
            "401" | "507" => self.is_data(),
            "403" => self.guarded,
            // An operation without an address says itself that something it names may not exist.
            "404" => self.addressed || declared,
            "406" => self.is_data() && (self.method == "get" || !self.is_own_credentials()),
            "409" | "410" | "416" => declared,
            "429" => !self.path.starts_with("/health/"),
            "412" | "428" => self.changes_what_is_there() || declared,
            "408" | "415" => self.has_body,
            "422" => (self.has_body && !self.signs_in()) || declared,
            "503" => self.is_data() || self.path == "/health/ready",
            _ => true,
        }
    }

    /// The headers of an answer of a status, beside the common ones.
    fn headers(&self, status: &str, has_page: bool) -> &'static [&'static str] {
        match (self.method, status) {
            _ if !self.is_data() => &[],
            (_, "206") => &["Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Repr-Digest"],
            _ if self.is_download() => &["Accept-Ranges", "Content-Disposition", "ETag", "Repr-Digest"],
            ("post", "201") if self.is_own_credentials() => &["Location"],
            ("post" | "delete", _) if self.is_own_credentials() => &[],
            ("post", _) if self.is_about_a_person() => &[],
            ("post", "201") if self.hands_out_secrets() => &["ETag", "Location"],
            ("post", _) if self.hands_out_secrets() => &["ETag"],
            ("get", _) if has_page => &["Content-Disposition", "ETag", "Link"],
            ("post", "201") => &["ETag", "Idempotency-Replayed", "Location"],
            ("post", _) => &["ETag", "Idempotency-Replayed"],
            (_, "204") => &[],
            _ => &["ETag"],
        }
    }
}

/// Adds to an operation what the middlewares and extractors do for all; returns the names of the schemas whose texts
/// `lang` prunes.
fn complete(path: &str, method: &str, operation: &mut Value) -> Vec<String> {
    let has_parameter = |place: &str, name: Option<&str>| {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        parameters
            .into_iter()
            .flatten()
            .any(|parameter| parameter["in"] == place && name.is_none_or(|name| parameter["name"] == name))
    };
    let localizable = has_parameter("query", Some("lang"));
    let traits = Traits {
        path,
        method,
        addressed: has_parameter("path", None),
        has_body: operation.get("requestBody").is_some(),
        guarded: operation.get("security").is_some() && !(method == "post" && SIGN_IN.contains(&path)),
    };
    if operation.get("security").is_none() {
        operation["security"] = json!([]);
    }
    let declares = |status: &str| operation.pointer(&format!("/responses/{status}")).is_some();
    let (honours_if_match, needs_if_match) = (declares("412"), declares("428"));
    describe_headers(&traits, (honours_if_match, needs_if_match), operation);
    let links = operation["operationId"].as_str().and_then(links::of);
    let responses = &mut operation["responses"];
    for (status, _) in REFUSALS {
        if traits.can_refuse(status, responses.get(*status).is_some()) {
            let kind = if traits.speaks_oauth() && matches!(*status, "400" | "401" | "415") { "OAuth" } else { "" };
            responses[*status] = json!({"$ref": format!("#/components/responses/{kind}Problem{status}")});
        }
    }
    let has_page = has_page(responses);
    for success in ["200", "201", "204", "206"] {
        if let Some(response) = responses.get_mut(success) {
            response["headers"] = Value::Object(headers::common_and(traits.headers(success, has_page)));
        }
    }
    if let Some(links) = links {
        responses["200"]["links"] = links;
    }
    if traits.is_data() && method == "get" {
        responses["304"] = json!({
            "description": "The caller's copy, named by If-None-Match, is current.",
            "headers": headers::common_and(&["ETag"]),
        });
    }
    if let Some(responses) = responses.as_object_mut() {
        responses.sort_keys();
    }
    let schema = operation.pointer("/responses/200/content/application~1json/schema/$ref").and_then(Value::as_str);
    let name = schema.and_then(|reference| reference.rsplit('/').next()).filter(|_| localizable);
    name.map(str::to_owned).into_iter().collect()
}

/// Describes the request headers of writes.
fn describe_headers(traits: &Traits<'_>, (honours_if_match, needs_if_match): (bool, bool), operation: &mut Value) {
    let mut described = Vec::new();
    if traits.changes_what_is_there() || honours_if_match {
        described.push(json!({
            "name": "If-Match",
            "in": "header",
            "required": traits.changes_what_is_there() || needs_if_match,
            "description": "The ETag of the version that the change is meant for.",
            "schema": {"type": "string"},
            "example": "\"3-0f343b0931126a20f133d67c2b018a3b\"",
        }));
    }
    let keeps_nothing = traits.is_own_credentials() || traits.hands_out_secrets() || traits.is_about_a_person();
    if traits.method == "post" && traits.guarded && !keeps_nothing {
        described.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": "Makes it safe to send the same request again: for 24 hours it has one effect and one answer.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
            "example": "7d2a5b0e-1f6c-4c1d-9d38-3f0a8a1c5e77",
        }));
    }
    if traits.is_contribution() {
        described.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": true,
            "description": "Made by the sender, at random: whoever sends the same request with it again is given the same receipt.",
            "schema": {"type": "string", "pattern": "^[!-~]{20,200}$"},
            "example": "7d2a5b0e-1f6c-4c1d-9d38-3f0a8a1c5e77",
        }));
    }
    if described.is_empty() {
        return;
    }
    if operation.get("parameters").is_none() {
        operation["parameters"] = json!([]);
    }
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        parameters.append(&mut described);
    }
}

fn has_page(responses: &Value) -> bool {
    responses.pointer("/200/content/text~1csv").is_some()
}

fn add_components(document: &mut Value) {
    let components = &mut document["components"];
    for (status, kinds) in REFUSALS {
        let names: Vec<String> = kinds.iter().map(|kind| format!("`{}`: {}", kind.code, kind.explanation)).collect();
        let headers = headers::common_and(match *status {
            "401" => &["WWW-Authenticate"],
            "412" => &["ETag"],
            "416" => &["Content-Range"],
            "429" | "503" | "507" => &["Retry-After"],
            _ => &[],
        });
        let body = json!({"schema": {"$ref": "#/components/schemas/ProblemOut"}});
        let mut response = json!({
            "description": names.join("\n\n"),
            "headers": headers,
            "content": {"application/problem+json": body},
        });
        components["responses"][format!("Problem{status}")] = response.clone();
        if matches!(*status, "400" | "401" | "415") {
            // With `error` and `error_description`, as clients of OAuth want it.
            response["content"]["application/json"] = body;
            components["responses"][format!("OAuthProblem{status}")] = response;
        }
    }
    components["headers"] = headers::component();
    components["securitySchemes"] = security_schemes();
    if let Some(schemas) = components["schemas"].as_object_mut() {
        schemas.sort_keys();
    }
}

/// How callers say who they are, with the whole role table.
fn security_schemes() -> Value {
    let names = |roles: &[Role]| roles.iter().map(|role| format!("`{}`", role.as_str())).collect::<Vec<_>>().join(", ");
    let row = |permission: &&Permission| {
        let own = if permission.own.is_empty() {
            String::new()
        } else {
            format!("; to what is their own member's: {}", names(permission.own))
        };
        format!("- `{}`: {} {}{own}", permission.name, permission.about, names(permission.all))
    };
    let table: Vec<String> = PERMISSIONS.iter().map(row).collect();
    let about = "An access token, good for 15 minutes: for people from `POST /api/v1/auth/sessions`, for machines from \
                 `POST /api/v1/auth/token`. What is public reads the same with and without one. Permissions, with the roles \
                 that have them:";
    json!({
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": format!("{about}\n\n{}", table.join("\n"))},
        "client": {"type": "http", "scheme": "basic", "description": "A client's id and secret, at the token and revocation endpoints; they may stand in the form instead."},
    })
}

/// Moves the description of a property that may be null from its alternative to the property itself, where
/// readers and generators look for it.
fn lift_descriptions(schema: &mut Value) {
    let alternatives = schema.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten();
    let lifted = alternatives.filter_map(Value::as_object_mut).find_map(|schema| schema.remove("description"));
    if let Some(description) = lifted {
        schema["description"] = description;
    }
    match schema {
        Value::Object(map) => map.values_mut().for_each(lift_descriptions),
        Value::Array(items) => items.iter_mut().for_each(lift_descriptions),
        _ => {}
    }
}

/// Says of every property that may be null that it is always there: a property without a value is null, never absent.
/// The few that may be absent are never null.
fn require_nullable(schema: &mut Value) {
    let is_null = |schema: &Value| schema["type"] == "null";
    let may_be_null = |property: &Value| {
        let types = property["type"].as_array();
        let alternatives = property["oneOf"].as_array();
        types.is_some_and(|types| types.iter().any(|kind| kind == "null"))
            || alternatives.is_some_and(|alternatives| alternatives.iter().any(is_null))
    };
    if let Some(properties) = schema["properties"].as_object() {
        let required: Vec<Value> = properties
            .iter()
            .filter(|(name, property)| {
                let known = schema["required"].as_array();
                may_be_null(property) || known.is_some_and(|known| known.iter().any(|other| other == *name))
            })
            .map(|(name, _)| name.clone().into())
            .collect();
        schema["required"] = required.into();
    }
    for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
        require_nullable(part);
    }
}

/// Describes `lang_fallbacks` on a schema whose texts `lang` prunes.
fn add_fallbacks(document: &mut Value, name: &str) {
    let schema = &mut document["components"]["schemas"][name];
    let property = json!({
        "type": "array",
        "items": {"type": "string"},
        "description": "Only with `lang`: JSON pointers of the texts for which another language stands in.",
        "example": ["/name"],
    });
    let object = match schema.get_mut("allOf").and_then(Value::as_array_mut).and_then(|parts| parts.last_mut()) {
        Some(part) => part,
        None => schema,
    };
    object["properties"]["lang_fallbacks"] = property;
}

/// The document as it is committed and served: indented JSON with a line feed at the end. It is made once.
///
/// # Errors
/// The serializer's.
pub fn text() -> Result<&'static str, &'static serde_json::Error> {
    static TEXT: LazyLock<Result<String, serde_json::Error>> =
        LazyLock::new(|| Ok(serde_json::to_string_pretty(&document()?)? + "\n"));
    TEXT.as_deref()
}

/// The OpenAPI document
///
/// This document, in OpenAPI 3.1, for clients to be generated from.
#[utoipa::path(
    tag = "documentation",
    operation_id = "getOpenApi",
    responses((status = 200, description = "The OpenAPI document.", body = Object, content_type = "application/json"))
)]
#[get("/openapi.json")]
pub async fn get_openapi(_query: Query<NoParameters>) -> Result<HttpResponse, Problem> {
    let fresh = (header::CACHE_CONTROL, "public, max-age=300");
    let text = text().map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().insert_header(fresh).content_type("application/json").body(text))
}

/// Mounts the document.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_openapi);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_stands_in_the_document_under_its_status() {
        for kind in problem::KINDS {
            let status = kind.status.to_string();
            let row = REFUSALS.iter().find(|(of, _)| *of == status);
            let is_listed = row.is_some_and(|(_, kinds)| kinds.iter().any(|listed| listed.code == kind.code));
            // A method that no operation has is refused outside of every operation.
            assert_eq!(is_listed, kind.status != 405, "{}", kind.code);
        }
    }
}
