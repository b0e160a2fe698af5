//! Members, written: added, changed, deleted, moved from standing to standing, adhering to the charter; safely.

use diesel::{ExpressionMethods as _, RunQueryDsl as _};
use remacto::{
    auth::roles::Role,
    db::{Tx, forget_answers, schema::idempotency_answer},
};
use serde_json::{Value, json};

use crate::{
    openapi::assert_documented,
    support::{
        TestServer,
        accounts::{Account, OPERATOR},
        client::Answer,
        on_both,
    },
};

const MEMBERS: &str = "/api/v1/members";
const LARACHE: &str = "/api/v1/members/commune-larache";

/// A commune without a member in the reference data.
fn new_member() -> Value {
    json!({
        "kind": "municipality", "territory_code": "01.331.01.01", "name": {"fr": "  Se\u{301}bta ", "ar": "اختبار"},
        "status": "candidate", "provenance": "official", "source": "Letter of the council",
        "external_ids": [{"scheme": "register", "value": "77"}, {"scheme": "ogp-local", "value": "MA77"}],
    })
}

fn post(server: &TestServer, who: &Account, path: &str, body: &Value) -> Answer {
    server.json("POST", path, &[who.header()], body)
}

fn patch(server: &TestServer, who: &Account, path: &str, body: &Value) -> Answer {
    let tag = server.get(path).header("etag").unwrap().to_owned();
    server.json("PATCH", path, &[who.header(), ("If-Match", &tag)], body)
}

/// The changes behind the reference data: operation and version.
fn changes(server: &TestServer) -> Vec<(String, i64)> {
    let feed = server.get("/api/v1/changes?since=1679").ok();
    let told = |change: &Value| (change["op"].as_str().unwrap().to_owned(), change["version"].as_i64().unwrap());
    feed["data"].as_array().unwrap().iter().map(told).collect()
}

fn pointers(problem: &Value) -> Vec<(&str, &str)> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap()))
        .collect()
}

on_both! {
    fn a_member_is_added_with_all_that_belongs_to_it(server) {
        let registrar = server.account(Role::Registrar);
        let answer = post(server, &registrar, MEMBERS, &new_member());
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_documented("createMember", &answer);
        let made = answer.json();
        let path = answer.header("location").unwrap();
        assert_eq!(path, format!("{MEMBERS}/{}", made["slug"].as_str().unwrap()));
        let read = server.get(path);
        assert_eq!((read.ok(), read.header("etag")), (made.clone(), answer.header("etag")));
        assert_eq!((&made["version"], &made["status"], &made["name"]["fr"]), (&json!(1), &json!("candidate"), &json!("Sébta")));
        assert_eq!(made["external_ids"][0], json!({"scheme": "ogp-local", "value": "MA77"}));
        assert_eq!(server.get(&format!("{path}/history")).ok()["data"][0]["status"], "candidate");
        assert_eq!(server.get("/api/v1/members?q=sebta").ok()["data"][0]["id"], made["id"]);
        assert_eq!(changes(server), [("created".to_owned(), 1)]);
        let active = json!({"kind": "municipality", "territory_code": "01.331.07.05", "name": {"en": "X"}, "status": "active",
            "joined_on": "2024-04-17", "joined_on_precision": "month", "provenance": "press", "source": "s"});
        let made = post(server, &registrar, MEMBERS, &active);
        assert_eq!((&made.json()["joined_on"], &made.json()["joined_on_precision"]), (&json!("2024-04-01"), &json!("month")));
    }

    fn all_that_is_wrong_is_said_at_once(server) {
        let registrar = server.account(Role::Registrar);
        let wrong = json!({
            "kind": "municipality", "territory_code": "01.331", "name": {"fr": "a\u{202e}b", "en": "x".repeat(201)},
            "status": "candidate", "joined_on": "2199-01-01", "ogp_local_since_precision": "month", "cohort": "soon",
            "website": "ftp://x", "provenance": "press", "source": " ",
            "external_ids": [{"scheme": "a", "value": "1"}, {"scheme": "a", "value": ""}, {"scheme": "B", "value": "2"}],
        });
        let answer = post(server, &registrar, MEMBERS, &wrong);
        assert_documented("createMember", &answer);
        let problem = answer.problem(422, "invalid_content");
        let expected = [
            ("/cohort", "invalid_value"),
            ("/external_ids/1/scheme", "repeated_scheme"),
            ("/external_ids/1/value", "invalid_value"),
            ("/external_ids/2/scheme", "invalid_value"),
            ("/joined_on", "in_the_future"),
            ("/joined_on", "not_joined"),
            ("/name/en", "invalid_value"),
            ("/name/fr", "invalid_value"),
            ("/ogp_local_since_precision", "without_date"),
            ("/source", "invalid_value"),
            ("/territory_code", "unfit_territory"),
            ("/website", "invalid_value"),
        ];
        assert_eq!(pointers(&problem), expected);
        let mut nowhere = new_member();
        nowhere["territory_code"] = json!("99.999.99.99");
        nowhere["name"] = json!({});
        let problem = post(server, &registrar, MEMBERS, &nowhere).problem(422, "invalid_content");
        assert_eq!(pointers(&problem), [("/name", "empty"), ("/territory_code", "unknown_territory")]);
        for (pointer, change) in [
            ("/kind", json!({"kind": "village"})),
            ("/provenance", json!({"provenance": "illustrative"})),
            ("/external_ids/0", json!({"external_ids": [{"scheme": "a"}]})),
            ("/name/de", json!({"name": {"de": "x"}})),
            ("/joined_on", json!({"joined_on": "2024-13-01"})),
        ] {
            let mut body = new_member();
            body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let answer = post(server, &registrar, MEMBERS, &body);
            assert_eq!((answer.status, answer.json()["errors"][0]["pointer"].as_str()), (400, Some(pointer)), "{}", answer.text());
        }
        assert_eq!(changes(server), []);
    }

    fn a_key_that_is_taken_names_who_has_it(server) {
        let registrar = server.account(Role::Registrar);
        post(server, &registrar, MEMBERS, &new_member());
        let mut other = new_member();
        other["territory_code"] = json!("01.331.01.03");
        let answer = post(server, &registrar, MEMBERS, &other);
        assert_documented("createMember", &answer);
        let problem = answer.problem(409, "already_exists");
        let places: Vec<&str> = pointers(&problem).into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, ["/external_ids/0", "/external_ids/1", "/territory_code"]);
        assert!(problem["errors"][2]["detail"].as_str().unwrap().contains("/api/v1/members/commune-larache"), "{problem}");
    }

    fn a_patch_changes_what_it_names_and_nothing_else(server) {
        let secretary = server.account(Role::Secretariat);
        let before = server.get(LARACHE).ok();
        let answer = patch(server, &secretary, LARACHE, &json!({"name": {"en": "Larache"}, "website": "https://www.larache.ma", "cohort": null}));
        assert_documented("updateMember", &answer);
        let after = answer.ok();
        let mut expected = before.clone();
        expected["name"]["en"] = json!("Larache");
        expected["website"] = json!("https://www.larache.ma");
        expected["cohort"] = Value::Null;
        expected["version"] = json!(2);
        expected["updated_at"] = after["updated_at"].clone();
        assert_eq!(after, expected);
        assert_eq!((server.get(LARACHE).ok(), server.get(LARACHE).header("etag")), (after, answer.header("etag")));
        // Null takes away; the last name stays.
        let named = patch(server, &secretary, LARACHE, &json!({"name": {"en": null}})).ok();
        assert_eq!(named["name"], before["name"]);
        let problem = patch(server, &secretary, LARACHE, &json!({"name": null, "source": null})).problem(422, "invalid_content");
        assert_eq!(pointers(&problem), [("/name", "empty"), ("/source", "invalid_value")]);
        assert_eq!(changes(server), [("updated".to_owned(), 2), ("updated".to_owned(), 3)]);
    }

    fn a_change_that_changes_nothing_writes_nothing(server) {
        let secretary = server.account(Role::Secretariat);
        let before = server.get(LARACHE);
        for body in [json!({}), json!({"name": {"fr": " Larache "}}), json!({"joined_on": "2022-10-21"}), json!({"website": null})] {
            let answer = patch(server, &secretary, LARACHE, &body);
            assert_eq!((answer.ok(), answer.header("etag")), (before.ok(), before.header("etag")), "{body}");
        }
        assert_eq!(changes(server), []);
        let audit = server.get_with("/api/v1/audit?resource=members", &[server.account(Role::Administrator).header()]).ok();
        assert_eq!(audit["data"], json!([]));
    }

    fn a_date_of_joining_can_be_corrected(server) {
        let secretary = server.account(Role::Secretariat);
        let corrected = patch(server, &secretary, LARACHE, &json!({"joined_on": "2023-05-20", "joined_on_precision": "month"})).ok();
        assert_eq!((&corrected["joined_on"], &corrected["joined_on_precision"]), (&json!("2023-05-01"), &json!("month")));
        let history = server.get(&format!("{LARACHE}/history")).ok();
        assert_eq!((&history["data"][0]["from"], &history["data"][0]["from_precision"]), (&json!("2023-05-01"), &json!("month")));
        let day = "/api/v1/members?as_of=2023-01-01&count=exact&q=larache&limit=1";
        assert_eq!(server.get(day).ok()["page"]["total"], 0, "nobody of that name had joined by then");
        // A new date does not keep the precision of the old one; no date has none.
        let again = patch(server, &secretary, LARACHE, &json!({"joined_on": "2022-10-21"})).ok();
        assert_eq!(again["joined_on_precision"], "day");
        let unknown = patch(server, &secretary, LARACHE, &json!({"joined_on": null})).ok();
        assert_eq!((&unknown["joined_on"], &unknown["joined_on_precision"]), (&Value::Null, &Value::Null));
        let problem = patch(server, &secretary, LARACHE, &json!({"joined_on_precision": "year"})).problem(422, "invalid_content");
        assert_eq!(pointers(&problem), [("/joined_on_precision", "without_date")]);
        let path = format!("{LARACHE}/transitions");
        let left = json!({"to": "withdrawn", "on": "2024-01-01", "reason": "Asked for by the council"});
        post(server, &secretary, &path, &left).ok();
        let problem = patch(server, &secretary, LARACHE, &json!({"joined_on": "2025-01-01"})).problem(422, "invalid_content");
        assert_eq!(pointers(&problem), [("/joined_on", "no_history")]);
    }

    fn a_deleted_member_leaves_a_tombstone(server) {
        let registrar = server.account(Role::Registrar);
        let made = post(server, &registrar, MEMBERS, &new_member());
        let path = made.header("location").unwrap();
        let delete = |version: Option<&str>| {
            let headers: Vec<(&str, &str)> = [registrar.header()].into_iter().chain(version.map(|tag| ("If-Match", tag))).collect();
            server.send("DELETE", path, &headers)
        };
        assert_documented("deleteMember", &delete(None));
        delete(None).problem(428, "precondition_required");
        delete(Some("\"2-json\"")).problem(412, "precondition_failed");
        let gone = delete(made.header("etag"));
        assert_eq!((gone.status, gone.body.len()), (204, 0));
        assert_documented("deleteMember", &gone);
        delete(Some("*")).problem(404, "not_found");
        server.get(path).problem(404, "not_found");
        assert_eq!(changes(server), [("created".to_owned(), 1), ("deleted".to_owned(), 2)]);
        // Its keys are free again.
        assert_eq!(post(server, &registrar, MEMBERS, &new_member()).status, 201);
        Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let spoken_for = server.send("DELETE", "/api/v1/members/commune-martil", &[registrar.header(), ("If-Match", "*")]);
        assert_eq!(pointers(&spoken_for.problem(409, "not_now")), [("", "has_accounts")]);
    }

    fn a_candidate_becomes_a_member_after_adhering_to_the_charter(server) {
        let secretary = server.account(Role::Secretariat);
        let path = post(server, &secretary, MEMBERS, &new_member()).header("location").unwrap().to_owned();
        let (steps, adhesion) = (format!("{path}/transitions"), format!("{path}/adhesion"));
        let options = |who: &[(&str, &str)]| {
            let answer = server.get_with(&steps, who);
            assert_documented("listMemberTransitions", &answer);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let said = |step: &Value| {
                let reasons = step["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap().to_owned());
                (step["to"].as_str().unwrap().to_owned(), step["allowed"] == true, reasons.collect::<Vec<_>>().join(" "))
            };
            answer.ok()["data"].as_array().unwrap().iter().map(said).collect::<Vec<_>>()
        };
        let line = |to: &str, allowed, reasons: &str| (to.to_owned(), allowed, reasons.to_owned());
        assert_eq!(options(&[secretary.header()]), [
            line("candidate", false, "not_from_here"), line("active", false, "adhesion_missing"),
            line("suspended", false, "not_from_here"), line("withdrawn", true, "")]);
        assert_eq!(options(&[])[3], line("withdrawn", false, "role"));
        let join = json!({"to": "active", "on": "2025-03-10", "evidence": {"reference": "12/2025", "url": "https://x.example/12"}});
        let refused = post(server, &secretary, &steps, &join);
        assert_documented("createMemberTransition", &refused);
        assert_eq!(pointers(&refused.problem(409, "not_now")), [("/to", "adhesion_missing")]);

        let wrong = json!({"charter_version": "9", "adhered_on": "2199-01-01", "decision_reference": " ", "document_url": "x"});
        let answer = post(server, &secretary, &adhesion, &wrong);
        assert_documented("createMemberAdhesion", &answer);
        let expected = [("/adhered_on", "in_the_future"), ("/charter_version", "unknown_charter_version"),
            ("/decision_reference", "invalid_value"), ("/document_url", "invalid_value")];
        assert_eq!(pointers(&answer.problem(422, "invalid_content")), expected);
        let right = json!({"charter_version": "1", "adhered_on": "2025-04-01", "adhered_on_precision": "month",
            "decision_reference": "7/2025", "document_url": "https://x.example/7"});
        let answer = post(server, &secretary, &adhesion, &right);
        assert_documented("createMemberAdhesion", &answer);
        assert_eq!((answer.status, &answer.json()["version"], answer.header("location")), (201, &json!(2), Some(adhesion.as_str())));
        assert_eq!(answer.json()["adhesions"], json!([right]));
        assert_eq!(server.get(&adhesion).ok()["data"], json!([right]));
        let again = post(server, &secretary, &adhesion, &right).problem(409, "already_exists");
        assert!(again["detail"].as_str().unwrap().contains("7/2025"), "{again}");

        assert_eq!(pointers(&post(server, &secretary, &steps, &join).problem(409, "not_now")), [("/on", "before_adhesion")]);
        let mut later = join.clone();
        later["on"] = json!("2025-05-02");
        let joined = post(server, &secretary, &steps, &later);
        assert_documented("createMemberTransition", &joined);
        assert_eq!((&joined.ok()["status"], &joined.ok()["joined_on"]), (&json!("active"), &json!("2025-05-02")));
        let history = server.get(&format!("{path}/history")).ok();
        let last = &history["data"][1];
        assert_eq!((&last["evidence_reference"], &last["evidence_url"], &last["from"]), (&json!("12/2025"), &json!("https://x.example/12"), &json!("2025-05-02")));
        assert_eq!(history["data"][0]["until"], "2025-05-02");

        let bad = json!({"to": "suspended", "on": "2199-01-01"});
        let problem = post(server, &secretary, &steps, &bad).problem(422, "invalid_content");
        assert_eq!(pointers(&problem), [("/on", "in_the_future"), ("/reason", "reason_missing")]);
        let early = json!({"to": "candidate", "on": "2025-01-01"});
        let problem = post(server, &secretary, &steps, &early).problem(409, "not_now");
        assert_eq!(pointers(&problem), [("/on", "before_last_change"), ("/to", "not_from_here")]);
        let left = post(server, &secretary, &steps, &json!({"to": "withdrawn", "on": "2026-02-01", "reason": "Asked for"})).ok();
        assert_eq!((&left["status"], &left["left_on"]), (&json!("withdrawn"), &json!("2026-02-01")));
        assert_eq!(changes(server).len(), 4);
    }

    fn an_adhesion_that_was_noted_by_mistake_is_taken_back(server) {
        let (registrar, focal) = (server.account(Role::Registrar), server.account(Role::FocalPoint));
        let adhesion = json!({"charter_version": "1", "adhered_on": "2022-11-01", "decision_reference": "7/2022"});
        let made = post(server, &focal, &format!("{LARACHE}/adhesion"), &adhesion);
        let delete = |who: &Account, version: &str, tag: &str| {
            server.send("DELETE", &format!("{LARACHE}/adhesion/{version}"), &[who.header(), ("If-Match", tag)])
        };
        delete(&registrar, "2", "*").problem(404, "not_found");
        delete(&registrar, "1", "\"1-json\"").problem(412, "precondition_failed");
        let gone = delete(&focal, "1", made.header("etag").unwrap());
        assert_documented("deleteMemberAdhesion", &gone);
        assert_eq!((&gone.ok()["version"], &gone.ok()["adhesions"]), (&json!(3), &json!([])));
        let stale = server.json("POST", &format!("{LARACHE}/adhesion"), &[focal.header(), ("If-Match", "\"1-json\"")], &adhesion);
        stale.problem(412, "precondition_failed");
    }

    fn a_request_that_is_sent_again_has_one_effect_and_one_answer(server) {
        let (registrar, other) = (server.account(Role::Registrar), server.account(Role::Registrar));
        let send = |who: &Account, key: &str, body: &Value| server.json("POST", MEMBERS, &[who.header(), ("Idempotency-Key", key)], body);
        let first = send(&registrar, "k1", &new_member());
        let again = send(&registrar, "k1", &new_member());
        assert_eq!((first.status, again.status, &first.body), (201, 201, &again.body));
        assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), (None, Some("true")));
        for header in ["etag", "location", "content-type", "cache-control"] {
            assert_eq!(first.header(header), again.header(header), "{header}");
        }
        assert_documented("createMember", &again);
        assert_eq!(changes(server).len(), 1);
        let mut changed = new_member();
        changed["source"] = json!("another");
        assert_documented("createMember", &send(&registrar, "k1", &changed));
        send(&registrar, "k1", &changed).problem(422, "idempotency_key_reused");
        send(&other, "k1", &new_member()).problem(409, "already_exists");
        send(&registrar, &"x".repeat(201), &new_member()).problem(400, "invalid_header");
        send(&registrar, "a key", &new_member()).problem(400, "invalid_header");
        // A refusal has no effect, so that the key stays free for the corrected request.
        changed["territory_code"] = json!("01.331.07.05");
        send(&registrar, "k2", &changed).problem(409, "already_exists");
        changed["external_ids"] = json!([]);
        assert_eq!(send(&registrar, "k2", &changed).status, 201);
        // The same key for another resource is another request.
        let step = json!({"to": "withdrawn", "on": "2026-01-01", "reason": "x"});
        let secretary = server.account(Role::Secretariat);
        let move_to = |slug: &str| server.json("POST", &format!("{MEMBERS}/{slug}/transitions"), &[secretary.header(), ("Idempotency-Key", "m")], &step);
        move_to("commune-larache").ok();
        assert_eq!(move_to("commune-larache").header("idempotency-replayed"), Some("true"));
        move_to("commune-martil").problem(422, "idempotency_key_reused");
    }

    fn a_key_is_free_again_after_a_day(server) {
        let registrar = server.account(Role::Registrar);
        let send = || server.json("POST", MEMBERS, &[registrar.header(), ("Idempotency-Key", "k")], &new_member());
        let age = |hours: i64| {
            let then = (chrono::Utc::now() - chrono::TimeDelta::hours(hours)).naive_utc();
            let work = |tx: &mut Tx<'_>| {
                diesel::update(idempotency_answer::table).set(idempotency_answer::created_at.eq(then)).execute(tx.conn)?;
                forget_answers(tx)
            };
            server.db.write_blocking(&OPERATOR, work).unwrap()
        };
        assert_eq!(send().status, 201);
        assert_eq!(age(23), 0);
        assert_eq!(send().header("idempotency-replayed"), Some("true"));
        assert_eq!(age(25), 1);
        send().problem(409, "already_exists");
    }

    fn bodies_are_json_and_not_too_large(server) {
        let registrar = server.account(Role::Registrar);
        let send = |kind: &str, body: &str| server.send_body("POST", MEMBERS, &[registrar.header(), ("Content-Type", kind)], body);
        let good = new_member().to_string();
        for kind in ["text/plain", "application/merge-patch+json", "application/json; charset=iso-8859-1", "application/jsonp"] {
            assert_documented("createMember", &send(kind, &good));
            send(kind, &good).problem(415, "unsupported_media_type");
        }
        let encoded = [registrar.header(), ("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
        server.send_body("POST", MEMBERS, &encoded, &good).problem(415, "unsupported_media_type");
        for broken in ["", " ", "null", "[]", "{}", "{\"kind\":", "\u{feff}{}", &format!("{good} x"), &"[".repeat(100_000)] {
            let answer = send("application/json", broken);
            assert_eq!(answer.status, 400, "{}: {}", broken.get(..20).unwrap_or(broken), answer.text());
            answer.problem(400, "invalid_body");
        }
        send("application/json", &good.replacen('{', "{\"kind\": \"region\",", 1)).problem(400, "invalid_body");
        let head = format!("POST {MEMBERS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: {}\r\nConnection: close\r\n", registrar.bearer);
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n100001\r\n{}\r\n0\r\n\r\n", " ".repeat(0x0010_0001));
        assert!(server.raw(chunked.as_bytes()).starts_with("HTTP/1.1 413 "));
        assert_eq!(send("application/json; charset=UTF-8", &good).status, 201);
    }
}
