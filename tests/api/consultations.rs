//! Consultations: rounds on programmes, published with them, in the feed, and invented for demonstration in every state.

use chrono::{Days, Utc};
use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both, on_both_demonstrations, today},
};

pub const LIST: &str = "/api/v1/consultations";
pub const PROGRAM: &str = "/api/v1/action-programs/commune-larache-cycle-1";

/// A day that lies so many days away from today.
pub fn day(offset: i64) -> String {
    (today() + chrono::TimeDelta::days(offset)).to_string()
}

/// A programme of Larache's, published or a draft.
pub fn program(server: &TestServer, publication: &str) -> Value {
    let secretary = server.account(Role::Secretariat);
    let body = json!({"member": "commune-larache", "cycle": 1, "title": {"fr": "Programme"}, "publication": publication,
        "axes": [{"title": {"fr": "Eau"}, "principles": ["transparency"]}]});
    let answer = server.json("POST", "/api/v1/action-programs", &[secretary.header()], &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// What is said of an online round that is open today.
pub fn open_round() -> Value {
    json!({"program": "commune-larache-cycle-1", "round": 1, "kind": "online", "title": {"fr": "Vos idées", "ar": "أفكاركم"},
        "opens_on": day(-10), "closes_on": day(10)})
}

/// The same with other properties.
pub fn with(mut body: Value, other: &Value) -> Value {
    body.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    body
}

/// Adds a consultation.
#[track_caller]
pub fn made(server: &TestServer, who: &Account, body: &Value) -> Value {
    let answer = server.json("POST", LIST, &[who.header()], body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_documented("createConsultation", &answer);
    assert_eq!(answer.header("location"), answer.json()["links"]["self"].as_str());
    answer.json()
}

pub fn address(found: &Value) -> &str {
    found["links"]["self"].as_str().unwrap()
}

pub fn patch(server: &TestServer, who: &Account, path: &str, body: &Value) -> Answer {
    server.json("PATCH", path, &[who.header(), ("If-Match", "*")], body)
}

pub fn places(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect()
}

/// What the feed tells of collections since a number: operations with resources, without what is gone in between.
pub fn told(server: &TestServer, since: i64) -> Vec<(String, String)> {
    let feed = server.get(&format!("/api/v1/changes?since={since}")).ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    feed["data"].as_array().unwrap().iter().map(|change| (text(&change["resource"]), text(&change["op"]))).collect()
}

pub fn sequence(server: &TestServer) -> i64 {
    server.get("/api/v1/changes/latest").ok()["sequence"].as_i64().unwrap()
}

fn titles(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|found| found["title"]["fr"].as_str().unwrap()).collect()
}

fn count(server: &TestServer, query: &str) -> i64 {
    server.get(&format!("{LIST}?limit=1&count=exact&{query}")).ok()["page"]["total"].as_i64().unwrap()
}

fn pair(resource: &str, op: &str) -> (String, String) {
    (resource.to_owned(), op.to_owned())
}

on_both! {
    fn a_consultation_is_added_read_changed_and_deleted(server) {
        program(server, "published");
        let (focal, start) = (server.account(Role::FocalPoint), sequence(server));
        let participants = json!({"total": 84, "women": 41, "men": 43, "under_25": 22, "of_associations": 17});
        let body = with(open_round(), &json!({"kind": "workshop", "place": {"fr": "Maison des jeunes"}, "participants": participants}));
        let found = made(server, &focal, &body);
        assert_eq!((&found["program"], &found["member"], &found["region_code"]), (&json!("commune-larache-cycle-1"), &json!("commune-larache"), &json!("01")));
        assert_eq!((&found["participants"]["women"], &found["participants"]["aged_25_to_59"]), (&json!(41), &Value::Null));
        assert_eq!(found["computed"], json!({"computed_on": day(0), "is_open": true}));
        let read = server.get(address(&found));
        assert_documented("getConsultation", &read);
        assert_eq!(read.ok(), found);
        assert_eq!(server.get_with(address(&found), &[("If-None-Match", read.header("etag").unwrap())]).status, 304);
        let report = json!({"report": {"url": "https://www.larache.ma/rapport.pdf", "published_on": day(-1)}, "participants": {"aged_25_to_59": 50, "women": null}, "title": {"en": "Your ideas"}});
        let changed = patch(server, &focal, address(&found), &report);
        assert_documented("updateConsultation", &changed);
        let changed = changed.ok();
        assert_eq!((&changed["version"], &changed["title"]["fr"], &changed["report"]["published_on"]), (&json!(2), &json!("Vos idées"), &json!(day(-1))));
        assert_eq!((&changed["participants"]["total"], &changed["participants"]["women"], &changed["participants"]["aged_25_to_59"]), (&json!(84), &Value::Null, &json!(50)));
        assert_eq!(patch(server, &focal, address(&found), &json!({"round": 1})).ok(), changed, "a change that changes nothing writes nothing");
        assert_eq!(server.get_with(&format!("{}?lang=en", address(&found)), &[]).ok()["title"], json!({"en": "Your ideas"}));
        server.json("PATCH", address(&found), &[focal.header()], &report).problem(428, "precondition_required");
        server.send("DELETE", address(&found), &[focal.header(), ("If-Match", "\"1-json\"")]).problem(412, "precondition_failed");
        let feed = server.get(&format!("/api/v1/changes?since={start}")).ok();
        assert_eq!((&feed["data"][0]["data"]["computed"], &feed["data"][0]["data"]["title"]), (&Value::Null, &changed["title"]));
        let gone = server.send("DELETE", address(&found), &[focal.header(), ("If-Match", "\"2-json\"")]);
        assert_documented("deleteConsultation", &gone);
        assert_eq!(gone.status, 204);
        server.get(address(&found)).problem(404, "not_found");
        assert_eq!(told(server, start), [pair("consultations", "created"), pair("consultations", "updated"), pair("consultations", "deleted")]);
    }

    fn what_does_not_fit_is_refused_with_its_place(server) {
        program(server, "published");
        let secretary = server.account(Role::Secretariat);
        let refused = |other: Value| {
            let answer = server.json("POST", LIST, &[secretary.header()], &with(open_round(), &other));
            assert_documented("createConsultation", &answer);
            answer.problem(422, "invalid_content")
        };
        let several = refused(json!({"round": 3, "closes_on": day(-11), "place": {"fr": "Salle"}, "title": {}, "report": {"url": "ftp://x"}, "program": "nowhere"}));
        let expected = [("/closes_on", "ends_before_it_begins"), ("/place", "no_place"), ("/program", "unknown_program"), ("/report/url", "invalid_value"), ("/round", "invalid_value"), ("/title", "empty")];
        assert_eq!(places(&several), expected);
        let counted = refused(json!({"participants": {"total": 10, "women": 6, "men": 5, "under_25": -1, "of_associations": 11}}));
        assert_eq!(places(&counted), [("/participants/of_associations", "more_than_all"), ("/participants/under_25", "invalid_value"), ("/participants/women", "more_than_all")]);
        assert_eq!(places(&refused(json!({"report": {"url": "https://x.example", "published_on": day(2)}}))), [("/report/published_on", "in_the_future")]);
        server.json("POST", LIST, &[secretary.header()], &with(open_round(), &json!({"kind": "fax"}))).problem(400, "invalid_body");
        let found = made(server, &secretary, &open_round());
        assert_eq!(places(&patch(server, &secretary, address(&found), &json!({"opens_on": day(20)})).problem(422, "invalid_content")), [("/closes_on", "ends_before_it_begins")]);
        assert_eq!(places(&patch(server, &secretary, address(&found), &json!({"participants": {"women": 1}})).problem(422, "invalid_content"))[0].0, "/participants/total");
    }

    fn consultations_are_listed_like_everything_else(server) {
        program(server, "published");
        let focal = server.account(Role::FocalPoint);
        for (name, kind, round, from, until) in [("A", "online", 1, -10, 10), ("B", "workshop", 1, -20, -20), ("C", "written", 2, 5, 9), ("D", "online", 2, -10, 0)] {
            made(server, &focal, &with(open_round(), &json!({"title": {"fr": name}, "kind": kind, "round": round, "opens_on": day(from), "closes_on": day(until)})));
        }
        let list = |query: &str| {
            let answer = server.get(&format!("{LIST}?{query}"));
            assert_documented("listConsultations", &answer);
            answer.ok()
        };
        for (query, expected) in [
            ("", vec!["A", "B", "C", "D"]),
            ("sort=opens_on", vec!["B", "A", "D", "C"]),
            ("sort=-opens_on", vec!["C", "D", "A", "B"]),
            ("open=true", vec!["A", "D"]),
            ("open=false", vec!["B", "C"]),
            ("kind=online,written&round=2", vec!["C", "D"]),
            ("program=commune-larache-cycle-1&member=commune-larache&region=01&updated_since=2026-01-01", vec!["A", "B", "C", "D"]),
            ("member=commune-martil", vec![]),
        ] {
            assert_eq!(titles(&list(query)), expected, "{query}");
        }
        let (mut query, mut seen) = ("sort=-opens_on&limit=1".to_owned(), Vec::new());
        loop {
            let page = list(&query);
            seen.extend(titles(&page).into_iter().map(str::to_owned));
            let Some(cursor) = page["page"]["next_cursor"].as_str() else { break };
            query = format!("sort=-opens_on&limit=1&cursor={cursor}");
        }
        assert_eq!(seen, ["C", "D", "A", "B"]);
        let table = server.get(&format!("{LIST}?format=csv&fields=title_fr,kind,participants&sort=opens_on"));
        assert_eq!(table.text().lines().collect::<Vec<_>>(), ["title_fr,kind,participants", "B,workshop,", "A,online,", "D,online,", "C,written,"]);
        server.get(&format!("{LIST}?round=3")).problem(400, "invalid_parameter");
    }

    fn a_draft_programmes_consultations_are_there_for_who_may_see_them_only(server) {
        program(server, "draft");
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let (start, found) = (sequence(server), made(server, &focal, &open_round()));
        let path = address(&found);
        server.get(path).problem(404, "not_found");
        server.get_with(path, &[other.header()]).problem(404, "not_found");
        patch(server, &other, path, &json!({})).problem(404, "not_found");
        let seen = server.get_with(path, &[focal.header()]);
        assert_eq!((seen.ok(), seen.header("cache-control")), (found.clone(), Some("no-store")));
        let of = |who: &Account, query: &str| server.get_with(&format!("{LIST}?{query}"), &[who.header()]).ok()["data"].as_array().unwrap().len();
        assert_eq!((of(&focal, ""), of(&focal, "publication=all"), of(&secretary, "publication=draft"), of(&other, "publication=all")), (0, 1, 1, 0));
        server.get(&format!("{LIST}?publication=all")).problem(401, "unauthenticated");
        server.get_with(&format!("{LIST}?publication=all"), &[server.account(Role::Partner).header()]).problem(403, "forbidden");
        assert_eq!(told(server, start), []);
        patch(server, &focal, PROGRAM, &json!({"publication": "published"})).ok();
        assert_eq!(told(server, start), [pair("action_programs", "created"), pair("consultations", "created")]);
        assert_eq!(server.get(path).ok()["id"], found["id"]);
        patch(server, &other, path, &json!({})).problem(403, "not_your_member");
        patch(server, &focal, PROGRAM, &json!({"publication": "draft"})).ok();
        assert_eq!(told(server, start)[2..], [pair("consultations", "unpublished"), pair("action_programs", "unpublished")]);
    }

    fn nothing_is_changed_in_a_programme_that_is_over(server) {
        program(server, "published");
        let secretary = server.account(Role::Secretariat);
        let found = made(server, &secretary, &open_round());
        let step = json!({"to": "cancelled", "on": day(0), "reason": "x"});
        server.json("POST", &format!("{PROGRAM}/transitions"), &[secretary.header()], &step).ok();
        for answer in [
            server.json("POST", LIST, &[secretary.header()], &open_round()),
            patch(server, &secretary, address(&found), &json!({"round": 2})),
            server.send("DELETE", address(&found), &[secretary.header(), ("If-Match", "*")]),
        ] {
            assert_eq!(answer.problem(409, "not_now")["errors"][0]["code"], "program_over");
        }
        assert_eq!(server.get(address(&found)).ok()["computed"]["is_open"], false);
        assert_eq!((count(server, "open=true"), count(server, "open=false")), (0, 1));
    }
}

on_both_demonstrations! {
    fn the_demonstration_consults_in_every_way_and_decides_in_every_way(server) {
        let all = count(server, "");
        assert!(all > 100, "{all}");
        for query in ["kind=workshop", "kind=online", "round=1", "round=2", "open=true", "open=false"] {
            assert!(count(server, query) > 1, "{query}");
        }
        let page = server.get(&format!("{LIST}?limit=200&kind=workshop")).ok();
        assert!(page["data"].as_array().unwrap().iter().all(|found| found["provenance"] == "illustrative" && found["participants"]["total"].as_i64() >= Some(40)));
        let rows: Vec<Value> = server.get("/api/v1/exports/contributions.ndjson").text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(rows.len() > 200 && rows.iter().all(|row| row["moderation"] == "published" && row["for_moderators"].is_null()), "{}", rows.len());
        for decision in ["accepted", "merged", "rejected"] {
            assert!(rows.iter().any(|row| row["decision"]["decision"] == decision), "{decision}");
        }
        let long_ago = (Utc::now() - Days::new(30)).to_rfc3339();
        assert!(rows.iter().any(|row| row["decision"].is_null() && row["created_at"].as_str() < Some(&long_ago)), "unanswered for long");
        assert!(rows.iter().any(|row| row["decision"]["project_id"].is_string()));
        let secretary = server.account(Role::Secretariat);
        let open = server.get(&format!("{LIST}?open=true&kind=online&limit=1")).ok()["data"][0].clone();
        assert_eq!(open["closes_on"], "2031-12-31");
        let contributions = open["links"]["contributions"].as_str().unwrap();
        for moderation in ["pending", "published", "withheld"] {
            let page = server.get_with(&format!("{}?moderation={moderation}", rows_of(server)), &[secretary.header()]).ok();
            assert!(!page["data"].as_array().unwrap().is_empty(), "{moderation}");
        }
        let headers = [("Idempotency-Key", "0123456789-visitor-key")];
        let sent = server.json("POST", contributions, &headers, &json!({"text": "An idea", "language": "en"}));
        assert_eq!(sent.status, 201, "{}", sent.text());
        // The document's example.
        let example = server.get("/api/v1/contributions/REMACTO-illustrative-receipt-0000000000000A");
        assert_documented("getContributionStatus", &example);
        let example = example.ok();
        assert_eq!((&example["moderation"], &example["project"]["id"]), (&json!("published"), &example["decision"]["project_id"]));
        assert_eq!(example["milestones"].as_array().unwrap().len(), 4);
    }
}

/// The contributions of a first round that is over, of which there are some in every state.
fn rows_of(server: &TestServer) -> String {
    let page = server.get(&format!("{LIST}?open=false&kind=online&round=1&limit=1")).ok();
    page["data"][0]["links"]["contributions"].as_str().unwrap().to_owned()
}
