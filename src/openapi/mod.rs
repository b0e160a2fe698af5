//! The OpenAPI document: made from the mounted routes, completed here with what all operations share, so that
//! no handler has to repeat the headers and refusals that the middlewares bring about.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON object indexed by name yields null or makes room for it; the document's tests run every line"
)]

mod headers;

use actix_web::{App, HttpResponse, get, http::header, web::Data};
use serde_json::{Map, Value, json};
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_actix_web::{AppExt as _, service_config::ServiceConfig};

use crate::{
    app::routes,
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
        (name = "changes", description = "What changed since, for copies that want to stay fresh."),
        (name = "territories", description = "Morocco's territorial units and their census figures."),
        (name = "documentation", description = "This document and pages for people."),
        (name = "operations", description = "For those who run the server.")
    ),
    components(schemas(ProblemOut, ProblemErrorOut, Language))
)]
struct Base;

/// The refusals that any operation may answer with, by status.
const REFUSALS: &[(&str, &[&Kind])] = &[
    (
        "400",
        &[
            &problem::INVALID_PARAMETER,
            &problem::UNKNOWN_PARAMETER,
            &problem::REPEATED_PARAMETER,
            &problem::INVALID_CURSOR,
            &problem::MALFORMED_URL,
            &problem::BAD_REQUEST,
        ],
    ),
    ("404", &[&problem::NOT_FOUND]),
    ("406", &[&problem::NOT_ACCEPTABLE]),
    ("409", &[&problem::SEQUENCE_AHEAD]),
    ("410", &[&problem::CHANGES_FORGOTTEN]),
    ("413", &[&problem::CONTENT_TOO_LARGE]),
    ("414", &[&problem::URI_TOO_LONG]),
    ("431", &[&problem::HEADERS_TOO_LARGE]),
    ("500", &[&problem::INTERNAL_ERROR]),
    ("503", &[&problem::OVERLOADED, &problem::DEADLINE_EXCEEDED, &problem::DATABASE_UNAVAILABLE, &problem::NOT_READY]),
];

/// What the mounted routes say of themselves.
#[must_use]
pub fn mounted() -> OpenApi {
    App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes).split_for_parts().1
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
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                localized.extend(complete(path, operation));
            }
        }
    }
    add_components(&mut document);
    lift_descriptions(&mut document["components"]["schemas"]);
    for (_, schema) in document["components"]["schemas"].as_object_mut().into_iter().flatten() {
        require_nullable(schema);
    }
    for name in localized {
        add_fallbacks(&mut document, &name);
    }
    Ok(document)
}

/// Adds to an operation what the middlewares do for all; returns the names of the schemas whose texts `lang` prunes.
fn complete(path: &str, operation: &mut Value) -> Vec<String> {
    let has_parameter = |place: &str, name: Option<&str>| {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        parameters
            .into_iter()
            .flatten()
            .any(|parameter| parameter["in"] == place && name.is_none_or(|name| parameter["name"] == name))
    };
    let (addressed, localizable) = (has_parameter("path", None), has_parameter("query", Some("lang")));
    let is_data = path.starts_with("/api/");
    operation["security"] = json!([]);
    let responses = &mut operation["responses"];
    for (status, _) in REFUSALS {
        let fits = match *status {
            // An operation without an address says itself that something it names may not exist.
            "404" => addressed || responses.get("404").is_some(),
            "409" | "410" => responses.get(*status).is_some(),
            "406" => is_data,
            "503" => is_data || path == "/health/ready",
            _ => true,
        };
        if fits {
            responses[*status] = json!({"$ref": format!("#/components/responses/Problem{status}")});
        }
    }
    let headers = match (is_data, has_page(responses)) {
        (true, true) => headers::common_and(&["Content-Disposition", "ETag", "Link"]),
        (true, false) => headers::common_and(&["ETag"]),
        (false, _) => headers::common_and(&[]),
    };
    responses["200"]["headers"] = Value::Object(headers);
    if is_data {
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

fn has_page(responses: &Value) -> bool {
    responses.pointer("/200/content/text~1csv").is_some()
}

fn add_components(document: &mut Value) {
    let components = &mut document["components"];
    for (status, kinds) in REFUSALS {
        let names: Vec<String> = kinds.iter().map(|kind| format!("`{}`: {}", kind.code, kind.explanation)).collect();
        let headers = headers::common_and(if *status == "503" { &["Retry-After"] } else { &[] });
        components["responses"][format!("Problem{status}")] = json!({
            "description": names.join("\n\n"),
            "headers": headers,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        });
    }
    components["headers"] = headers::component();
    if let Some(schemas) = components["schemas"].as_object_mut() {
        schemas.sort_keys();
    }
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

/// The document as it is committed and served: indented JSON with a line feed at the end.
///
/// # Errors
/// The serializer's.
pub fn text() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&document()?)? + "\n")
}

/// The document's text, made once.
pub struct Text(pub String);

/// The OpenAPI document
///
/// This document, in OpenAPI 3.1, for clients to be generated from.
#[utoipa::path(
    tag = "documentation",
    operation_id = "getOpenApi",
    responses((status = 200, description = "The OpenAPI document.", body = Object, content_type = "application/json"))
)]
#[get("/openapi.json")]
pub async fn get_openapi(_query: Query<NoParameters>, text: Data<Text>) -> Result<HttpResponse, Problem> {
    let fresh = (header::CACHE_CONTROL, "public, max-age=300");
    Ok(HttpResponse::Ok().insert_header(fresh).content_type("application/json").body(text.0.clone()))
}

/// Mounts the document.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_openapi);
}
