//! The OpenAPI document: complete, committed, and true.

use std::collections::HashSet;

use chrono::Utc;
use remacto::auth::{
    refresh_tokens::RefreshToken,
    roles::Role,
    sessions::Session,
    store::{self, sessions},
};
use serde_json::{Map, Value, json};

use crate::{
    action_programs, consultations, contributions, exchange, indicators, measurements, practices,
    support::{TestServer, accounts::OPERATOR, client::Answer, on_both},
};

/// Parameters that do not go with the others, so that an example would spoil the first try in the documentation.
const WITHOUT_EXAMPLE: &[&str] = &[
    "axis",
    "contact",
    "generation",
    "moderation",
    "cursor",
    "fields",
    "undated",
    "resource_id",
    "import_id",
    "account_id",
    "request_id",
    "plan_hash",
    "status",
    "provenance",
    "publication",
    "project",
    "program",
    "state",
];

pub fn document() -> Value {
    remacto::openapi::document().unwrap()
}

/// Every operation with its path and method.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = |(path, item): (&String, &Value)| {
        let item = item.as_object().unwrap().clone();
        item.into_iter().map(|(method, operation)| (path.clone(), method, operation)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(each).collect()
}

/// Every object schema with a name for messages, nested ones too.
fn object_schemas(document: &Value) -> Vec<(String, Map<String, Value>)> {
    fn collect(name: &str, schema: &Value, found: &mut Vec<(String, Map<String, Value>)>) {
        for part in ["allOf", "oneOf", "anyOf"] {
            schema[part].as_array().into_iter().flatten().for_each(|schema| collect(name, schema, found));
        }
        if let Some(properties) = schema["properties"].as_object() {
            found.push((name.to_owned(), properties.clone()));
            properties.iter().for_each(|(property, schema)| collect(&format!("{name}.{property}"), schema, found));
        }
    }
    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        collect(name, schema, &mut found);
    }
    found
}

#[test]
fn the_committed_document_is_the_one_that_the_program_makes() {
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json")).unwrap_or_default();
    assert!(
        committed == remacto::openapi::text().unwrap(),
        "openapi/openapi.json has drifted; write it anew: cargo run -- openapi > openapi/openapi.json"
    );
}

#[test]
fn every_operation_is_described_in_full() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let tags: HashSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = HashSet::new();
    for (path, method, operation) in operations(&document) {
        let at = format!("{method} {path}");
        for text in ["summary", "description"] {
            assert!(
                operation[text].as_str().is_some_and(|text| text.len() > 10 || text == "Get a territory"),
                "{at}: {text}"
            );
        }
        assert!(ids.insert(operation["operationId"].as_str().expect(&at).to_owned()), "{at}: operationId stands twice");
        let own = operation["tags"].as_array().expect(&at);
        assert!(own.len() == 1 && tags.contains(own[0].as_str().unwrap()), "{at}: {own:?}");
        assert!(operation["security"].is_array(), "{at}: security");
        let placed = path.matches('{').count();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        assert_eq!(parameters.iter().filter(|parameter| parameter["in"] == "path").count(), placed, "{at}");
        let names: HashSet<&str> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), parameters.len(), "{at}: a parameter stands twice");
        for parameter in &parameters {
            let name = format!("{at}: {}", parameter["name"]);
            assert!(parameter["description"].is_string() && parameter["schema"].is_object(), "{name}");
            assert!(
                !parameter["example"].is_null() || WITHOUT_EXAMPLE.contains(&parameter["name"].as_str().unwrap()),
                "{name} has no example"
            );
            let is_collection = ["createImport", "getImportTemplate", "getDigest"]
                .contains(&operation["operationId"].as_str().unwrap())
                && parameter["name"] == "resource";
            let is_contribution =
                operation["operationId"] == "createContribution" && parameter["name"] == "Idempotency-Key";
            let must = parameter["in"] == "path"
                || (parameter["name"] == "If-Match"
                    && (method != "post" || operation["operationId"] == "reviewMeasurement"))
                || is_collection
                || is_contribution;
            assert_eq!(parameter["required"], must, "{name}");
        }
        for (status, response) in operation["responses"].as_object().expect(&at) {
            let name = format!("{at}: {status}");
            if let Some(reference) = response["$ref"].as_str() {
                assert!(!document.pointer(&reference[1..]).expect(&name)["content"].is_null(), "{name}");
                continue;
            }
            assert!(response["description"].is_string(), "{name}");
            if ["200", "201"].contains(&status.as_str()) && operation["operationId"] != "revokeToken" {
                let content = response["content"].as_object().expect(&name);
                assert!(content.values().all(|content| content["schema"].is_object()), "{name}");
            }
        }
    }
    assert!(ids.len() >= 13, "{ids:?}");
}

#[test]
fn every_property_is_described_and_every_reference_leads_somewhere() {
    let document = document();
    for (name, properties) in object_schemas(&document) {
        for (property, schema) in properties {
            assert!(schema["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}.{property}");
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[test]
fn the_codes_of_figures_and_levels_are_named() {
    let document = document();
    let codes = |name: &str| {
        let schema = &document["components"]["schemas"][name]["enum"];
        schema.as_array().unwrap_or_else(|| panic!("{name} names nothing")).clone()
    };
    let figures = codes("ScorecardFigureCode");
    for code in ["programmes_in_draft", "evaluations_by_civil_society", "figures_reported_late", "events_attended"] {
        assert!(figures.contains(&json!(code)), "{code}");
    }
    let levels = ["not_started", "begun", "partly_kept", "largely_kept", "fully_kept"];
    assert_eq!(codes("AssessmentLevelCode"), levels.map(|code| json!(code)));
}

#[test]
fn only_language_maps_look_like_language_maps() {
    let languages = ["ar", "fr", "en"];
    for (name, properties) in object_schemas(&document()) {
        let looks_alike = properties.keys().all(|property| languages.contains(&property.as_str()));
        assert_eq!(looks_alike, ["LanguageMap", "LanguageMapPatch"].contains(&name.as_str()), "{name}");
    }
}

/// Whether a value has the shape that a schema says: types, required and known properties, enumerations.
fn mismatch(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return mismatch(document, document.pointer(&reference[1..])?, value, at);
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(schemas) = schema[choice].as_array() {
            let misses: Vec<String> =
                schemas.iter().filter_map(|schema| mismatch(document, schema, value, at)).collect();
            return (misses.len() == schemas.len()).then(|| misses.join(" and "));
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().find_map(|schema| mismatch(document, schema, value, at));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let fits = types.is_empty() || types.contains(&kind) || (kind == "integer" && types.contains(&"number"));
    if !fits {
        return Some(format!("{at} is {kind}, not {types:?}"));
    }
    if let Some(values) = schema["enum"].as_array().filter(|values| !values.contains(value)) {
        return Some(format!("{at} is none of {values:?}"));
    }
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(n, item)| mismatch(document, &schema["items"], item, &format!("{at}/{n}"))),
        Value::Object(map) => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let missing = required.into_iter().find(|name| !map.contains_key(*name));
            missing.map(|name| format!("{at} lacks {name}")).or_else(|| {
                let known = schema["properties"].as_object()?;
                map.iter()
                    .find_map(|(name, value)| mismatch(document, known.get(name)?, value, &format!("{at}/{name}")))
            })
        }
        _ => None,
    }
}

/// Asserts that an answer has a status, headers and a body that the document describes for an operation.
#[track_caller]
pub fn assert_documented(operation_id: &str, answer: &Answer) {
    let document = document();
    let (_, _, operation) =
        operations(&document).into_iter().find(|(_, _, operation)| operation["operationId"] == operation_id).unwrap();
    let mut response = &operation["responses"][answer.status.to_string()];
    if let Some(reference) = response["$ref"].as_str() {
        response = document.pointer(&reference[1..]).unwrap();
    }
    assert!(response.is_object(), "{operation_id} answers an undocumented {}", answer.status);
    for (header, _) in response["headers"].as_object().into_iter().flatten() {
        let component = document.pointer(&format!("/components/headers/{header}")).unwrap();
        assert!(component["required"] == false || answer.header(header).is_some(), "{operation_id} lacks {header}");
    }
    let Some(media) = answer.header("content-type").map(|value| value.split(';').next().unwrap_or_default()) else {
        assert!(response["content"].is_null(), "{operation_id} answers nothing");
        return;
    };
    let content = &response["content"][media];
    assert!(content.is_object(), "{operation_id} answers an undocumented {media}");
    assert_eq!(mismatch(&document, &content["schema"], &answer.json(), ""), None, "{operation_id}");
}

/// Accounts that together can see everything, after something was changed.
pub struct Staff {
    pub administrator: String,
    pub secretary: String,
    /// Addresses of what has an id of its own in every database.
    here: Vec<(&'static str, String)>,
}

impl Staff {
    pub fn of(server: &TestServer) -> Self {
        let secretary = server.account(Role::Secretariat);
        let headers = [secretary.header(), ("If-Match", "*")];
        server.json("PATCH", "/api/v1/members/commune-martil", &headers, &json!({"website": "https://martil.ma"})).ok();
        let adhesion = json!({"charter_version": "1", "adhered_on": "2022-11-01", "decision_reference": "7/2022"});
        server.json("POST", "/api/v1/members/commune-larache/adhesion", &[secretary.header()], &adhesion);
        let list = "kind,territory_code,site_web\nmunicipality,01.573.01.03,https://www.martil.ma\n";
        let headers = [secretary.header(), ("Content-Type", "text/csv")];
        let import = server.send_body("POST", "/api/v1/imports?resource=members&dry_run=false", &headers, list).json();
        let import = import["links"]["self"].as_str().unwrap().to_owned();
        let person = json!({"full_name": "Amina Alami", "email": "amina@example.org", "preferred_language": "fr"});
        let focal_points = "/api/v1/members/commune-larache/focal-points";
        let person = server.json("POST", focal_points, &[secretary.header()], &person).json();
        let administrator = server.account(Role::Administrator);
        let session = Session::begin(None, Utc::now());
        let token = RefreshToken::new(&session.id).unwrap();
        let begun = server.db.write_blocking(&OPERATOR, |tx| {
            let owner = store::find(tx.conn, &administrator.id)?.unwrap();
            sessions::begin(tx, &owner, &session, &token)
        });
        begun.unwrap();
        let user = json!({"name": "amina@example.org", "role": "administrator"});
        let user = server.json("POST", "/api/v1/users", &[administrator.header()], &user).json();
        let program = action_programs::brought_to(server, &secretary, 1, "2024-01-01", "implementation");
        let project = server.get("/api/v1/projects").ok()["data"][0]["links"]["self"].as_str().unwrap().to_owned();
        let step = json!({"title": {"fr": "Diagnostic"}, "due_on": "2024-06-30"});
        let step = server.json("POST", &format!("{project}/milestones"), &[secretary.header()], &step).json();
        let found = json!({"kind": "mid_term", "evaluated_on": "2025-01-20", "publication": "published"});
        let found = server.json("POST", &format!("{program}/evaluations"), &[secretary.header()], &found).json();
        let level = json!({"commitment": "visibility", "year": 2025, "level": 1, "explanation": {"fr": "Moyen"}, "assessed_on": "2026-01-20", "publication": "published"});
        let assessments = "/api/v1/members/commune-larache/assessments";
        let assessed = server.json("POST", assessments, &[secretary.header()], &level).json();
        let round = consultations::made(server, &secretary, &consultations::open_round());
        let (receipt, idea) = contributions::published(server, &secretary, &round);
        let shared = [
            ("/api/v1/practices", practices::practice()),
            ("/api/v1/collaborations", exchange::collaboration()),
            ("/api/v1/events", exchange::event()),
        ];
        let [practice, collaboration, event] =
            shared.map(|(list, body)| practices::address(&practices::made(server, list, &secretary, &body)).to_owned());
        indicators::made(server, &secretary, &indicators::services("published"));
        let figure = json!({"indicator": "commune-larache-openness-norms-services-fully-online", "period": "2025-H1", "numerator": 45, "denominator": 60});
        let colleague = server.account(Role::Secretariat);
        let measured = measurements::approved(server, (&secretary, &colleague), &figure);
        let headers = [secretary.header(), ("If-Match", "*")];
        let correction = json!({"numerator": 44, "reason": "One service was counted twice", "submit": true});
        server.json("PATCH", &measured, &headers, &correction).ok();
        let verdict = json!({"verdict": "approve"});
        server.json("POST", &format!("{measured}/review"), &[colleague.header(), ("If-Match", "*")], &verdict).ok();
        let here = vec![
            ("/api/v1/measurements/{id}", measured),
            ("/api/v1/practices/{id}", practice),
            ("/api/v1/collaborations/{id}", collaboration),
            ("/api/v1/events/{id}", event),
            (
                "/api/v1/action-programs/{id}/evaluations/{evaluation_id}",
                found["links"]["self"].as_str().unwrap().to_owned(),
            ),
            (
                "/api/v1/members/{id}/assessments/{assessment_id}",
                assessed["links"]["self"].as_str().unwrap().to_owned(),
            ),
            ("/api/v1/consultations/{id}/contributions/{contribution_id}", idea),
            ("/api/v1/consultations/{id}", consultations::address(&round).to_owned()),
            ("/api/v1/contributions/{receipt}", receipt),
            ("/api/v1/action-programs/{id}", program),
            ("/api/v1/projects/{id}/milestones/{milestone_id}", step["links"]["self"].as_str().unwrap().to_owned()),
            ("/api/v1/projects/{id}", project),
            ("/api/v1/imports/{id}", import),
            (
                "/api/v1/members/{id}/focal-points/{focal_point_id}",
                person["links"]["self"].as_str().unwrap().to_owned(),
            ),
            ("/api/v1/users/{id}", user["links"]["self"].as_str().unwrap().to_owned()),
            ("/api/v1/clients/{id}", format!("/api/v1/clients/{}", administrator.id)),
        ];
        Self { administrator: administrator.bearer, secretary: secretary.bearer, here }
    }

    /// Who may do an operation.
    pub fn caller(&self, operation: &Value) -> [(&'static str, &str); 1] {
        let scopes = operation["security"].as_array().into_iter().flatten().filter_map(|way| way["token"].as_array());
        let is_content = scopes.flatten().any(|scope| scope == "imports:run");
        [("Authorization", if is_content { &self.secretary } else { &self.administrator })]
    }

    /// An operation's address, with the examples of its parameters, or with what there is in this database.
    pub fn target(&self, path: &str, operation: &Value) -> String {
        let mut target = self.here.iter().fold(path.to_owned(), |path, (pattern, here)| path.replace(pattern, here));
        for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path") {
            let (name, example) = (parameter["name"].as_str().unwrap(), parameter["example"].as_str().unwrap());
            target = target.replace(&format!("{{{name}}}"), example);
        }
        target
    }
}

on_both! {
    fn every_documented_answer_is_the_real_one(server) {
        let (document, staff) = (document(), Staff::of(server));
        for (path, method, operation) in operations(&document) {
            if method != "get" {
                continue;
            }
            let (target, authorization) = (staff.target(&path, &operation), staff.caller(&operation));
            let first = server.get_with(&target, &authorization);
            let response = &operation["responses"][first.status.to_string()];
            assert!(response.is_object(), "{target} answers an undocumented {}", first.status);
            for (header, _) in response["headers"].as_object().into_iter().flatten() {
                let component = document.pointer(&format!("/components/headers/{header}")).unwrap();
                assert!(component["required"] == false || first.header(header).is_some(), "{target} lacks {header}");
            }
            for (media, content) in response["content"].as_object().filter(|_| first.status == 200).into_iter().flatten() {
                // Of a file, the name says the form.
                let ending = media.rsplit(['/', '-']).next().unwrap();
                let target = target.replace("/members.csv", &format!("/members.{ending}"));
                let answer = server.get_with(&target, &[("Accept", media), authorization[0]]);
                assert_eq!(answer.header("content-type").unwrap().split(';').next(), Some(media.as_str()), "{target}");
                if media.ends_with("json") && media != "application/x-ndjson" {
                    assert_eq!(mismatch(&document, &content["schema"], &answer.json(), ""), None, "{target} as {media}");
                }
            }
        }
    }

    fn every_query_parameters_example_works_alone_and_with_all_others(server) {
        let staff = Staff::of(server);
        for (path, _, operation) in operations(&document()).into_iter().filter(|(_, method, _)| method == "get") {
            let (target, authorization) = (staff.target(&path, &operation), staff.caller(&operation));
            let (mut query, mut required) = (Vec::new(), Vec::new());
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let (name, example) = (parameter["name"].as_str().unwrap(), &parameter["example"]);
                let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                if parameter["in"] == "path" {
                    continue;
                }
                if parameter["required"] == true {
                    required.push(format!("{name}={example}"));
                } else if !parameter["example"].is_null() {
                    query.push(format!("{name}={example}"));
                }
            }
            for parameter in &query {
                let alone = [required.as_slice(), std::slice::from_ref(parameter)].concat().join("&");
                let answer = server.get_with(&format!("{target}?{alone}"), &authorization);
                assert_eq!(answer.status, 200, "{target}?{alone}");
            }
            query.extend(required);
            let all = server.get_with(&format!("{target}?{}", query.join("&")), &authorization);
            assert_eq!(all.status, 200, "{target}: {query:?}");
            let rows = all.header("content-type") == Some("application/json") && all.json()["data"].is_array();
            assert!(!rows || all.json()["data"][0].is_object(), "{target} finds nothing with {query:?}");
        }
    }

    fn the_served_document_is_the_committed_one(server) {
        assert_eq!(server.get("/openapi.json").text(), remacto::openapi::text().unwrap());
    }
}
