//! What is too long is refused early and shortly, whatever it is made of.

use remacto::auth::roles::Role;
use serde_json::{Map, Value, json};

use crate::{
    openapi::{Staff, document, operations},
    practices::practice,
    support::on_both,
};

/// The largest answer to a request that goes too far, in bytes: a hundred places with a sentence each.
const LARGEST_REFUSAL: usize = 40_000;

/// An array or a map of a request body: the names of the properties that lead to it (`*` for an item), and its schema.
type Place<'a> = (Vec<String>, &'a Value);

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolve(document, document.pointer(&reference[1..]).unwrap()),
        None => schema,
    }
}

fn is_a(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|other| other == kind))
}

/// Every array and map below a schema.
fn places<'a>(document: &'a Value, schema: &'a Value, at: &[String], found: &mut Vec<Place<'a>>) {
    let schema = resolve(document, schema);
    let below = |name: &str| [at, &[name.to_owned()]].concat();
    for part in ["allOf", "oneOf", "anyOf"] {
        schema[part].as_array().into_iter().flatten().for_each(|schema| places(document, schema, at, found));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        places(document, property, &below(name), found);
    }
    if is_a(schema, "array") {
        found.push((at.to_vec(), schema));
        places(document, &schema["items"], &below("*"), found);
    } else if schema["additionalProperties"].is_object() {
        found.push((at.to_vec(), schema));
        places(document, &schema["additionalProperties"], &below("*"), found);
    }
}

/// A value of a schema, as its examples have it.
fn sample(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    let example = [&schema["example"], &schema["examples"][0], &schema["enum"][0]].into_iter().find(|v| !v.is_null());
    if let Some(example) = example {
        return example.clone();
    }
    for part in ["oneOf", "anyOf"] {
        if let Some(one) = schema[part].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null")) {
            return sample(document, one);
        }
    }
    if schema["properties"].is_object() {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let all = required.map(|name| (name.to_owned(), sample(document, &schema["properties"][name])));
        return Value::Object(all.collect());
    }
    match schema["type"].as_str().unwrap_or_default() {
        "array" => json!([]),
        "object" => json!({}),
        "integer" | "number" => json!(1),
        "boolean" => json!(true),
        _ => json!("x"),
    }
}

/// One item more than there may be.
fn too_many(document: &Value, schema: &Value) -> Value {
    if is_a(schema, "array") {
        let most = usize::try_from(schema["maxItems"].as_u64().unwrap()).unwrap();
        return Value::Array(vec![sample(document, &schema["items"]); most + 1]);
    }
    let most = schema["maxProperties"].as_u64().unwrap();
    let value = sample(document, &schema["additionalProperties"]);
    Value::Object((0..=most).map(|number| (format!("a{number}"), value.clone())).collect())
}

/// A body with a value at a place, and the place's pointer.
fn body(path: &[String], value: Value) -> (Value, String) {
    path.iter().rev().fold((value, String::new()), |(value, pointer), name| match name.as_str() {
        "*" => (json!([value]), format!("/0{pointer}")),
        name => (Value::Object(Map::from_iter([(name.to_owned(), value)])), format!("/{name}{pointer}")),
    })
}

/// What the JSON bodies of an operation may be, with their media types.
fn bodies(operation: &Value) -> Vec<(&str, &Value)> {
    let content = operation["requestBody"]["content"].as_object().into_iter().flatten();
    content
        .filter(|(media, _)| media.ends_with("json"))
        .map(|(media, body)| (media.as_str(), &body["schema"]))
        .collect()
}

#[test]
fn every_array_and_map_of_a_body_has_a_bound() {
    let document = document();
    let mut count = 0;
    for (path, method, operation) in operations(&document) {
        for (_, schema) in bodies(&operation) {
            let mut found = Vec::new();
            places(&document, schema, &[], &mut found);
            count += found.len();
            for (at, schema) in found {
                let bound = if is_a(schema, "array") { &schema["maxItems"] } else { &schema["maxProperties"] };
                assert!(bound.as_u64().is_some(), "{method} {path}: /{}", at.join("/"));
            }
        }
    }
    assert!(count > 50, "{count}");
}

on_both! {
    fn whatever_is_too_long_is_refused_in_few_words(server) {
        let (document, staff) = (document(), Staff::of(server));
        let mut tried = 0;
        for (path, method, operation) in operations(&document) {
            let target = staff.target(&path, &operation);
            for (media, schema) in bodies(&operation) {
                let mut found = Vec::new();
                places(&document, schema, &[], &mut found);
                for (at, schema) in found {
                    // The inner maps of a map have the same reader; an array of bare rows is an import's.
                    if at.is_empty() || at.iter().any(|name| name == "disaggregation") && at.len() > 1 {
                        continue;
                    }
                    let (body, pointer) = body(&at, too_many(&document, schema));
                    let send = |who: &str| {
                        let headers = [("Authorization", who), ("If-Match", "*"), ("Content-Type", media)];
                        server.send_body(&method.to_uppercase(), &target, &headers, &body.to_string())
                    };
                    let answer = send(&staff.secretary);
                    let answer = if answer.status == 403 { send(&staff.administrator) } else { answer };
                    assert!(answer.body.len() < 2_000, "{method} {target}: {}", answer.text());
                    let problem = answer.problem(422, "invalid_content");
                    assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!(pointer), &json!("too_many")), "{method} {target}: {problem}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 50, "{tried}");
    }

    fn a_hundred_violations_are_told_and_that_there_are_more(server) {
        let secretary = server.account(Role::Secretariat);
        let refused = |body: &Value| {
            let answer = server.json("POST", "/api/v1/practices", &[secretary.header()], body);
            assert!(answer.body.len() < LARGEST_REFUSAL, "{} bytes", answer.body.len());
            answer.problem(422, "invalid_content")
        };
        let mut body = practice();
        body["principles"] = json!(vec!["a"; 200_000]);
        assert_eq!(refused(&body)["errors"].as_array().unwrap().len(), 1);
        body["principles"] = json!("b".repeat(900_000));
        let answer = server.json("POST", "/api/v1/practices", &[secretary.header()], &body);
        answer.problem(400, "invalid_body");
        assert!(answer.body.len() < 4_000, "a value of another type is not sent back: {} bytes", answer.body.len());
        body["principles"] = json!(vec!["x".repeat(5_000); 20]);
        assert_eq!((refused(&body)["errors"].as_array().unwrap().len(), &refused(&body)["more"]), (20, &Value::Null));
        body["documents"] = json!(vec![json!({"kind": "report", "language": "fr", "title": {"fr": "\u{200B}"}, "url": "nowhere"}); 100]);
        let problem = refused(&body);
        assert_eq!((problem["errors"].as_array().unwrap().len(), &problem["more"]), (100, &json!(true)));
        assert!(problem["detail"].as_str().unwrap().ends_with(" And at least 100 more."), "{problem}");
        // A list's answer, too; its report has them all.
        let rows: Vec<Value> = (0..150).map(|row| json!({"kind": "municipality", "territory_code": format!("99.{row:03}")})).collect();
        let headers = [secretary.header(), ("Content-Type", "application/json")];
        let answer = server.send_body("POST", "/api/v1/imports?resource=members&dry_run=false", &headers, &json!(rows).to_string());
        assert!(answer.body.len() < LARGEST_REFUSAL, "{} bytes", answer.body.len());
        let problem = answer.problem(422, "invalid_content");
        assert_eq!((problem["errors"].as_array().unwrap().len(), &problem["more"]), (100, &json!(true)));
        let report = server.get_with(answer.header("location").unwrap(), &[secretary.header()]).ok();
        assert!(report["problems"].as_array().unwrap().len() >= 150);
        let rows = vec![json!({}); 3_000];
        let report = server.send_body("POST", "/api/v1/imports?resource=members", &headers, &json!(rows).to_string()).json();
        assert!(report["problems"].as_array().unwrap().len() <= 1_000, "reports have a bound, too");
    }
}
