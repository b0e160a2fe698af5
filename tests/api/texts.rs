//! Texts and links from outside: what shows nothing is none, what is found is found however it is written, and what
//! spreadsheets would run stays a text.

use remacto::{
    auth::roles::Role,
    reference::{self, Purpose},
};
use serde_json::{Value, json};

use crate::{
    practices::{made, practice},
    support::{TestServer, accounts::Account, on_both, on_both_demonstrations},
};

const PRACTICES: &str = "/api/v1/practices";
const MARTIL: &str = "/api/v1/members/commune-martil";

/// The pointers of the violations of a practice that differs in one property.
#[track_caller]
fn refused(server: &TestServer, who: &Account, property: &str, value: Value) -> Vec<String> {
    let mut body = practice();
    body[property] = value;
    let problem = server.json("POST", PRACTICES, &[who.header()], &body).problem(422, "invalid_content");
    problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

fn document(url: &str) -> Value {
    json!([{"kind": "report", "language": "fr", "title": {"fr": "Rapport"}, "url": url}])
}

on_both! {
    fn a_text_without_anything_to_see_and_what_is_no_character_are_refused(server) {
        let secretary = server.account(Role::Secretariat);
        for text in ["\u{200B}", "\u{200E}", "\u{00AD}", "\u{2060}", "\u{FEFF}", "\u{3164}", "\u{2800}", "\u{E0041}", "\u{0640}", "\u{064B}", "a\u{2028}b", "a\u{FFFE}", "a\u{FFFF}", "a\u{FFFD}", "a\u{1FFFF}"] {
            assert_eq!(refused(server, &secretary, "title", json!({"fr": text})), ["/title/fr"], "{text:?}");
            assert_eq!(refused(server, &secretary, "story", json!({"fr": "Une page", "ar": text})), ["/story/ar"], "{text:?}");
            assert_eq!(refused(server, &secretary, "source", json!(text)), ["/source"], "{text:?}");
            let row = json!([{"kind": "municipality", "territory_code": "01.573.01.03", "name_ar": text}]).to_string();
            let headers = [secretary.header(), ("Content-Type", "application/json")];
            let report = server.send_body("POST", "/api/v1/imports?resource=members", &headers, &row).json();
            assert_eq!((&report["problems"][0]["column"], &report["problems"][0]["code"]), (&json!("name_ar"), &json!("invalid_value")), "{text:?}: {report}");
        }
        made(server, PRACTICES, &secretary, &{
            let mut body = practice();
            body["title"] = json!({"ar": "\u{200F}مـيزانية\u{200E}"});
            body
        });
    }

    fn a_link_is_a_uri_or_refused(server) {
        let secretary = server.account(Role::Secretariat);
        for url in ["https://evil/\"><script>", "http://a\\@b", "https://xn--", "https://user@example.org/", "https://", "https://a b/", "https://a..b/", "ftp://example.org/", "javascript:alert(1)"] {
            assert_eq!(refused(server, &secretary, "documents", document(url)), ["/documents/0/url"], "{url}");
            let headers = [secretary.header(), ("If-Match", "*")];
            let problem = server.json("PATCH", MARTIL, &headers, &json!({"website": url})).problem(422, "invalid_content");
            assert_eq!(problem["errors"][0]["pointer"], "/website", "{url}");
            let row = json!([{"kind": "municipality", "territory_code": "01.573.01.03", "website": url}]).to_string();
            let headers = [secretary.header(), ("Content-Type", "application/json")];
            let report = server.send_body("POST", "/api/v1/imports?resource=members", &headers, &row).json();
            assert_eq!(report["problems"][0]["column"], "website", "{url}: {report}");
        }
        let mut body = practice();
        body["documents"] = document("https://www.larache.ma/تقرير");
        let stored = made(server, PRACTICES, &secretary, &body);
        assert_eq!(stored["documents"][0]["url"], "https://www.larache.ma/%D8%AA%D9%82%D8%B1%D9%8A%D8%B1");
    }

    fn what_a_spreadsheet_would_run_comes_and_goes_as_text(server) {
        let secretary = server.account(Role::Secretariat);
        let name = "Martil;=1+1;\"-2\t+3".replace('\t', " ");
        let headers = [secretary.header(), ("If-Match", "*")];
        server.json("PATCH", MARTIL, &headers, &json!({"name": {"fr": name}})).ok();
        let adhesion = json!({"charter_version": "1", "adhered_on": "2023-11-01", "decision_reference": "7;=1"});
        assert_eq!(server.json("POST", &format!("{MARTIL}/adhesion"), &[secretary.header()], &adhesion).status, 201);
        for path in ["/api/v1/members?q=martil&format=csv", "/api/v1/exports/members.csv"] {
            let table = server.get(path);
            assert!(table.text().contains("\"Martil;'=1+1;'\"\"-2 +3\""), "{}", table.text());
            assert!(table.text().contains("7;'=1"), "texts within a cell's JSON, too: {}", table.text());
            let begins = |cell: &str| cell.trim_start_matches(['"', ' ']).starts_with(['=', '+', '-', '@']);
            let longitude = |cell: &str| cell.parse::<f64>().is_ok();
            assert!(!table.text().split([';', '\t', '\r', '\n']).any(|cell| begins(cell) && !longitude(cell)));
        }
        let list = server.get("/api/v1/members?q=martil&format=csv&fields=kind,territory_code,name_fr");
        let headers = [secretary.header(), ("Content-Type", "text/csv")];
        let report = server.send_body("POST", "/api/v1/imports?resource=members&dry_run=false", &headers, list.text());
        assert_eq!(report.status, 201, "{}", report.text());
        assert_eq!(server.get(MARTIL).ok()["name"]["fr"], name);
    }

    fn names_are_found_however_they_are_written(server) {
        let found = |q: &str| {
            let q: String = form_urlencoded::byte_serialize(q.as_bytes()).collect();
            let page = server.get(&format!("/api/v1/territories?kind=commune,prefecture&q={q}")).ok();
            page["data"].as_array().unwrap().iter().map(|row| row["name"]["fr"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let has = |q: &str, name: &str| assert!(found(q).iter().any(|found| found == name), "{q}: {:?}", found(q));
        for q in ["benguerir", "Ben Guerir", "ben-guerir", "BEN\u{200E}GUERIR\u{200F}"] {
            has(q, "Ben Guerir");
        }
        for q in ["الدارالبيضاء", "الدار البيضاء", "\u{061C}الدارالبيضاء\u{200F}"] {
            has(q, "Casablanca");
        }
        for q in ["أڭادير", "أݣادير", "أگادير", "أكادير", "اكادير"] {
            has(q, "Agadir");
        }
        assert!(found("\u{200E}").is_empty(), "a mark alone finds nothing");
    }
}

/// Every list with `q`, and its table.
const SEARCHED: [(&str, &str); 8] = [
    ("territories", "territory"),
    ("members", "member"),
    ("action-programs", "action_program"),
    ("projects", "project"),
    ("indicators", "indicator"),
    ("practices", "practice"),
    ("collaborations", "collaboration"),
    ("events", "event"),
];

/// The lists that don't find their first row by its name without the spaces.
fn lost(server: &TestServer) -> Vec<&'static str> {
    let past_the_kept_answers = [("Cache-Control", "no-cache")];
    let is_found = |list: &str| {
        let first = server.get(&format!("/api/v1/{list}?limit=1&sort=-created_at"));
        let first = if first.status == 200 { first } else { server.get(&format!("/api/v1/{list}?limit=1")) };
        let row = first.ok()["data"][0].clone();
        let name = if row["title"].is_object() { &row["title"]["fr"] } else { &row["name"]["fr"] };
        let together: String = name.as_str().unwrap().split([' ', '-', '\'', '’']).collect();
        let together: String = together.chars().take(60).collect();
        let q: String = form_urlencoded::byte_serialize(together.as_bytes()).collect();
        let page = server.get_with(&format!("/api/v1/{list}?limit=200&q={q}"), &past_the_kept_answers).ok();
        page["data"].as_array().unwrap().iter().any(|found| found["id"] == row["id"])
    };
    SEARCHED.iter().map(|(list, _)| *list).filter(|list| !is_found(list)).collect()
}

on_both_demonstrations! {
    fn columns_that_were_folded_otherwise_are_made_anew(server) {
        assert_eq!(lost(server), [""; 0]);
        for (list, table) in SEARCHED {
            let name = if ["territory", "member"].contains(&table) { "name" } else { "title" };
            let spoilt = format!("UPDATE {table} SET search_text = 'x', {name}_fr_folded = 'x', {name}_ar_folded = 'x'");
            assert!(server.execute(&spoilt).unwrap() > 0, "{list}");
        }
        assert_eq!(lost(server).len(), SEARCHED.len());
        assert!(reference::load(&server.db, Purpose::Demonstration).unwrap().is_empty(), "what is noted is not made anew");
        let noted = "UPDATE reference_load SET sha256 = 'former' WHERE name = 'folded columns'";
        let noted = noted.replace("former", &"0".repeat(64));
        assert_eq!(server.execute(&noted).unwrap(), 1);
        let sequence = server.get("/api/v1/changes/latest").ok()["sequence"].clone();
        let loaded = reference::load(&server.db, Purpose::Demonstration).unwrap();
        assert!(matches!(loaded.as_slice(), [("folded columns", touched)] if *touched > 1_639), "{loaded:?}");
        assert_eq!(lost(server), [""; 0]);
        assert_eq!(server.get("/api/v1/changes/latest").ok()["sequence"], sequence, "nothing that is shown has changed");
        for (list, table) in SEARCHED {
            let name = if ["territory", "member"].contains(&table) { "name" } else { "title" };
            let left = format!("UPDATE {table} SET id = id WHERE search_text = 'x' OR {name}_fr_folded = 'x' OR {name}_ar_folded = 'x'");
            assert_eq!(server.execute(&left).unwrap(), 0, "{list}: drafts, too");
        }
    }
}

/// Every property with a schema, at whatever depth, with its name.
fn properties<'a>(schema: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
    match schema {
        Value::Object(map) => {
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                found.push((name, property));
            }
            map.values().for_each(|inner| properties(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| properties(inner, found)),
        _ => {}
    }
}

#[test]
fn the_document_says_of_every_link_that_it_is_a_uri() {
    let document = remacto::openapi::document().unwrap();
    let mut all = Vec::new();
    properties(&document, &mut all);
    let is_link = |name: &str| {
        ["url", "uri", "website", "homepage"].iter().any(|word| name == *word || name.ends_with(&format!("_{word}")))
    };
    let links: Vec<_> = all.into_iter().filter(|(name, schema)| is_link(name) && !schema["type"].is_null()).collect();
    for (name, schema) in &links {
        assert_eq!(schema["format"], "uri", "{name}: {schema}");
    }
    assert!(links.len() > 30, "{}", links.len());
}
