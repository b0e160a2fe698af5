//! Whatever stands in a path, a parameter or a body: the server reads it or refuses it, and never fails. The scenarios walk
//! the OpenAPI document, so that an operation that is added later is tried as well.

use remacto::{auth::roles::Role, kernel::id::new_id};
use serde_json::{Map, Value, json};

use crate::{
    action_programs::{post, programme},
    openapi::{Staff, document, operations},
    support::{TestServer, accounts::Account, client::Answer, on_both},
};

/// Segments that no resource has.
const SEGMENTS: [&str; 3] = ["a%00b", "%D8%A7%E2%80%AE", "01931F6E-7A2B-7C3D-8E4F-5A6B7C8D9E0F%00"];
/// Dates that `chrono` reads and the API does not.
const DATES: [&str; 4] = ["-9999-01-1", "2026%20-%2001%20-%2005", "%2B2026-1-01", "9999-12-31"];
/// The same for bodies.
const BODY_DATES: [&str; 2] = ["2026 - 01 - 05", "+2026-01-5"];
/// What no database stores in a text.
const NUL: &str = "a\u{0}b";

/// Asserts that an answer is no failure of the server's.
#[track_caller]
fn stands(answer: &Answer, what: &str) {
    assert!(answer.status < 500, "{what} is answered {}: {}", answer.status, answer.text());
}

/// The parameters of an operation that stand in some place.
fn parameters<'a>(operation: &'a Value, place: &str) -> Vec<&'a Value> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(|parameter| parameter["in"] == place).collect()
}

fn name(parameter: &Value) -> &str {
    parameter["name"].as_str().unwrap()
}

fn paths(server: &TestServer, document: &Value, staff: &Staff) {
    for (path, method, operation) in operations(document) {
        let headers =
            [staff.caller(&operation)[0], ("If-Match", "*"), ("Idempotency-Key", "a-key-that-nobody-guesses")];
        for parameter in parameters(&operation, "path") {
            for segment in SEGMENTS {
                let target = path.replace(&format!("{{{}}}", name(parameter)), segment);
                let target = staff.target(&target, &operation);
                let answer = server.json(&method.to_uppercase(), &target, &headers, &json!({}));
                stands(&answer, &format!("{method} {target}"));
            }
        }
    }
}

fn queries(server: &TestServer, document: &Value, staff: &Staff) {
    for (path, _, operation) in operations(document).into_iter().filter(|(_, method, _)| method == "get") {
        let (target, headers) = (staff.target(&path, &operation), staff.caller(&operation));
        let required: Vec<String> = parameters(&operation, "query")
            .into_iter()
            .filter(|parameter| parameter["required"] == true)
            .map(|parameter| format!("&{}={}", name(parameter), parameter["example"].as_str().unwrap()))
            .collect();
        for parameter in parameters(&operation, "query") {
            let others: String = required
                .iter()
                .filter(|other| !other.starts_with(&format!("&{}=", name(parameter))))
                .cloned()
                .collect();
            let ask = |value: &str| {
                let target = format!("{target}?{}={value}{others}", name(parameter));
                let answer = server.get_with(&target, &headers);
                stands(&answer, &target);
                (answer, target)
            };
            ask("a%00b");
            let formats = [&parameter["schema"]["format"], &parameter["schema"]["anyOf"][0]["format"]];
            for date in DATES.iter().filter(|_| formats.iter().any(|format| **format == "date")) {
                let (answer, target) = ask(date);
                assert_eq!(answer.status, 400, "{target}");
                assert_eq!(answer.json()["errors"][0]["parameter"], name(parameter), "{target}");
            }
        }
    }
}

/// A schema behind its references, and its first alternative that is not null.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let inner = schema["$ref"].as_str().map(|reference| document.pointer(&reference[1..]).unwrap());
    let alternative = || schema["oneOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null"));
    match inner.or_else(alternative) {
        Some(inner) => resolved(document, inner),
        None => schema,
    }
}

fn is_text(schema: &Value) -> bool {
    schema["type"] == "string" || schema["type"].as_array().is_some_and(|types| types.contains(&json!("string")))
}

/// What a body of a schema can look like.
fn example(document: &Value, schema: &Value) -> Value {
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    let schema = resolved(document, schema);
    match schema["type"].as_str() {
        _ if !schema["example"].is_null() => schema["example"].clone(),
        _ if schema["enum"].is_array() => schema["enum"][0].clone(),
        _ if schema["properties"].is_object() => {
            let properties = schema["properties"].as_object().unwrap();
            let filled = properties.iter().map(|(name, schema)| (name.clone(), example(document, schema)));
            Value::Object(filled.filter(|(_, value)| !value.is_null()).collect())
        }
        Some("array") => json!([example(document, &schema["items"])]),
        Some("string") => json!("a"),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        _ => Value::Null,
    }
}

/// Every place of a text in a schema, as the names that lead to it, with its format.
fn texts(document: &Value, schema: &Value, at: &mut Vec<String>, found: &mut Vec<(Vec<String>, Value)>) {
    let schema = resolved(document, schema);
    if is_text(schema) {
        found.push((at.clone(), schema["format"].clone()));
    }
    let items = schema.get("items").map(|items| ("0", items));
    let properties =
        schema["properties"].as_object().into_iter().flatten().map(|(name, schema)| (name.as_str(), schema));
    for (name, schema) in properties.chain(items) {
        at.push(name.to_owned());
        if at.len() < 6 {
            texts(document, schema, at, found);
        }
        at.pop();
    }
}

/// A body with another value at a place.
fn with(body: &Value, at: &[String], value: &str) -> Value {
    let Some((first, rest)) = at.split_first() else { return json!(value) };
    let mut body = body.clone();
    if first == "0" && !body.is_object() {
        let inner = with(&body[0], rest, value);
        return json!([inner]);
    }
    if !body.is_object() {
        body = Value::Object(Map::new());
    }
    let inner = with(&body[first.as_str()], rest, value);
    body[first.as_str()] = inner;
    body
}

/// The properties of a body without which it has not its shape.
fn required_only(document: &Value, schema: &Value, body: &Value) -> Value {
    let schema = resolved(document, schema);
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Value::Object(required.map(|name| (name.to_owned(), body[name].clone())).collect())
}

fn bodies(server: &TestServer, document: &Value, staff: &Staff) {
    let mut tried = 0;
    for (path, method, operation) in operations(document) {
        let content = &operation["requestBody"]["content"];
        let Some(schema) = content.get("application/json").map(|content| &content["schema"]) else { continue };
        if resolved(document, schema)["properties"].is_null() {
            continue;
        }
        let headers = [staff.caller(&operation)[0], ("If-Match", "*")];
        let target = staff.target(&path, &operation);
        let full = example(document, schema);
        let required = required_only(document, schema, &full);
        let mut places = Vec::new();
        texts(document, schema, &mut Vec::new(), &mut places);
        for (at, format) in places {
            let values = if format == "date" { &BODY_DATES[..] } else { &[NUL] };
            for (value, body) in values.iter().flat_map(|value| [(value, &full), (value, &required)]) {
                // Half a merge patch would be taken for what it is, and one that says nothing new is no change.
                let body = with(body, &at, value);
                let answer = server.json(&method.to_uppercase(), &target, &headers, &body);
                stands(&answer, &format!("{method} {target} with {body}"));
                assert!(answer.status >= 400, "{method} {target} takes {body}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

fn lists(server: &TestServer, secretary: &Account) {
    for resource in ["members", "territories", "projects", "measurements"] {
        let template = server.get_with(&format!("/api/v1/imports/template?resource={resource}"), &[secretary.header()]);
        let columns = template.text().lines().next().unwrap().trim_start_matches('\u{feff}').to_owned();
        let row = columns.split(',').map(|_| NUL).collect::<Vec<_>>().join(",");
        let headers = [secretary.header(), ("Content-Type", "text/csv")];
        let target = format!("/api/v1/imports?resource={resource}&dry_run=true");
        stands(&server.send_body("POST", &target, &headers, &format!("{columns}\n{row}\n")), &target);
    }
}

/// What a filter can name and does not, with the code of the refusal.
fn unknown(parameter: &str) -> Option<(Vec<String>, &'static str)> {
    let (id, slug) = (new_id().into_string(), "nobody-is-called-this".to_owned());
    Some(match parameter {
        "member" => (vec![slug, id], "unknown_member"),
        "program" => (vec![slug, id], "unknown_program"),
        "indicator" => (vec![slug, id], "unknown_indicator"),
        "project" => (vec![id], "unknown_project"),
        "axis" => (vec![id], "unknown_axis"),
        "commitment" => (vec![slug], "unknown_commitment"),
        "principle" => (vec![slug], "unknown_principle"),
        "catalogue" => (vec![slug], "unknown_catalogue_entry"),
        "region" => (vec!["99".to_owned(), "01.511".to_owned()], "unknown_region"),
        "province" => (vec!["01.999".to_owned(), "01".to_owned()], "unknown_province"),
        "parent" | "territory" => (vec!["99.999".to_owned()], "unknown_territory"),
        _ => return None,
    })
}

fn references(server: &TestServer, document: &Value, staff: &Staff) {
    let mut tried = 0;
    for (path, _, operation) in operations(document).into_iter().filter(|(_, method, _)| method == "get") {
        let (target, headers) = (staff.target(&path, &operation), staff.caller(&operation));
        let mut wrong = Vec::new();
        for parameter in parameters(&operation, "query") {
            let Some((names, code)) = unknown(name(parameter)) else { continue };
            assert!(operation["responses"]["422"].is_object(), "{path} does not say that it refuses names");
            for unknown in &names {
                let query = format!("{}={unknown}", name(parameter));
                let answer = server.get_with(&format!("{target}?{query}"), &headers);
                let problem = answer.problem(422, "unknown_reference");
                let error = &problem["errors"][0];
                assert_eq!(
                    (&error["code"], &error["parameter"]),
                    (&json!(code), &json!(name(parameter))),
                    "{target}?{query}"
                );
                assert!(error["detail"].as_str().unwrap().contains(unknown.as_str()), "{problem}");
                tried += 1;
            }
            wrong.push(format!("{}={}", name(parameter), names[0]));
        }
        if wrong.len() > 1 {
            let all =
                server.get_with(&format!("{target}?{}", wrong.join("&")), &headers).problem(422, "unknown_reference");
            assert_eq!(all["errors"].as_array().unwrap().len(), wrong.len(), "{target}: {all}");
            // What has the wrong shape is refused before what has the wrong content.
            let shape = server.get_with(&format!("{target}?{}&lang=de", wrong[0]), &headers);
            shape.problem(400, "invalid_parameter");
        }
    }
    assert!(tried > 50, "{tried}");
}

on_both! {
    fn no_input_makes_the_server_fail(server) {
        let (document, staff) = (document(), Staff::of(server));
        references(server, &document, &staff);
        paths(server, &document, &staff);
        queries(server, &document, &staff);
        bodies(server, &document, &staff);
        lists(server, &server.account(Role::Secretariat));
    }

    fn a_filter_takes_slugs_and_ids_of_what_the_caller_sees(server) {
        let (secretary, own) = (server.account(Role::Secretariat), server.account(Role::FocalPoint));
        let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let made = post(server, &secretary, "/api/v1/action-programs", &programme(1, "draft")).json();
        let (slug, id) = (made["slug"].as_str().unwrap(), made["id"].as_str().unwrap());
        let project = post(server, &own, "/api/v1/projects", &json!({"program": id, "title": {"fr": "Eau"}})).json();
        let project = project["id"].as_str().unwrap();
        for (list, named) in [
            ("/api/v1/projects", format!("program={slug}")), ("/api/v1/projects", format!("program={id}")),
            ("/api/v1/consultations", format!("program={id}")), ("/api/v1/indicators", format!("program={slug}")),
            ("/api/v1/indicators", format!("project={project}")),
        ] {
            let draft = format!("{list}?{named}&publication=all");
            for who in [&secretary, &own] {
                server.get_with(&draft, &[who.header()]).ok();
                // Without `publication`, a list is what everybody sees.
                server.get_with(&format!("{list}?{named}"), &[who.header()]).problem(422, "unknown_reference");
            }
            let hidden = server.get_with(&draft, &[other.header()]).problem(422, "unknown_reference");
            let absent = draft.replace(slug, "nobody-is-called-this").replace(id, &new_id()).replace(project, &new_id());
            let absent = server.get_with(&absent, &[other.header()]).problem(422, "unknown_reference");
            assert_eq!(hidden["errors"][0]["code"], absent["errors"][0]["code"], "{draft}");
            server.get(&format!("{list}?{named}")).problem(422, "unknown_reference");
        }
        let member = server.get("/api/v1/members/commune-larache").ok()["id"].as_str().unwrap().to_owned();
        server.json("PATCH", made["links"]["self"].as_str().unwrap(), &[secretary.header(), ("If-Match", "*")], &json!({"publication": "published"})).ok();
        for list in ["/api/v1/projects", "/api/v1/action-programs"] {
            let [by_slug, by_id] = ["commune-larache", &member].map(|name| server.get(&format!("{list}?member={name}")).ok());
            assert_eq!(by_slug["data"], by_id["data"]);
            assert_eq!(by_slug["data"].as_array().unwrap().len(), 1, "{list}: {by_slug}");
        }
        let both = server.get(&format!("/api/v1/projects?program={slug},{id}")).ok();
        assert_eq!(both["data"].as_array().unwrap().len(), 1);
    }
}
