//! Assessments of the charter's commitments: every voice for itself, once a year, on one scale; drafts that nobody else sees.

use std::thread;

use remacto::auth::{roles::Role, store};
use serde_json::{Value, json};

use crate::{
    evaluations::evaluator,
    openapi::assert_documented,
    support::{
        TestServer,
        accounts::{Account, OPERATOR},
        client::Answer,
        on_both, on_both_demonstrations,
    },
};

const NETWORK: &str = "/api/v1/assessments";
const LIST: &str = "/api/v1/members/commune-larache/assessments";

fn post(server: &TestServer, who: &Account, body: &Value) -> Answer {
    server.json("POST", LIST, &[who.header()], body)
}

/// Adds an assessment of Larache; returns where it is and what it says.
pub fn made(server: &TestServer, who: &Account, body: &Value) -> (String, Value) {
    let answer = post(server, who, body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    (answer.header("location").unwrap().to_owned(), answer.json())
}

fn patch(server: &TestServer, who: &Account, path: &str, body: &Value) -> Answer {
    server.json("PATCH", path, &[who.header(), ("If-Match", "*")], body)
}

fn pointers(problem: &Value) -> Vec<(&str, &str)> {
    let each = problem["errors"].as_array().unwrap().iter();
    each.map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
}

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

fn last(server: &TestServer) -> i64 {
    server.get("/api/v1/changes/latest").ok()["sequence"].as_i64().unwrap()
}

/// What the feed says of assessments behind a number.
fn told(server: &TestServer, since: i64) -> Vec<(String, bool)> {
    let feed = server.get(&format!("/api/v1/changes?since={since}&resource=assessments")).ok();
    let told = |change: &Value| (change["op"].as_str().unwrap().to_owned(), change["data"].is_object());
    feed["data"].as_array().unwrap().iter().map(told).collect()
}

/// What somebody says of a commitment and year.
pub fn said(commitment: &str, year: i64, level: i64) -> Value {
    json!({"commitment": commitment, "year": year, "level": level, "explanation": {"fr": " Voir le rapport "},
        "evidence": [{"title": {"fr": "Rapport"}, "url": "https://x.example/1", "sha256": "a".repeat(64)}],
        "assessed_on": format!("{year}-12-01"), "publication": "published"})
}

fn draft(word: &str) -> Value {
    let mut body = said("visibility", 2025, 1);
    body["publication"] = json!("draft");
    body["explanation"] = json!({"fr": word});
    body
}

on_both! {
    fn the_scale_is_in_words(server) {
        let answer = server.get("/api/v1/charter/assessment-scale");
        assert_documented("getAssessmentScale", &answer);
        let levels = answer.ok()["levels"].as_array().unwrap().clone();
        let numbers: Vec<&Value> = levels.iter().map(|level| &level["level"]).collect();
        assert_eq!(numbers, [&json!(0), &json!(1), &json!(2), &json!(3), &json!(4)]);
        assert!(levels.iter().all(|level| level["label"].as_object().unwrap().len() == 3));
        let arabic = server.get("/api/v1/charter/assessment-scale?lang=ar").ok();
        assert_eq!(arabic["levels"][4]["label"], json!({"ar": levels[4]["label"]["ar"]}));
        let again = server.get_with("/api/v1/charter/assessment-scale", &[("If-None-Match", answer.header("etag").unwrap())]);
        assert_eq!(again.status, 304);
        assert_eq!(server.get("/api/v1").ok()["links"]["charter_assessment_scale"], "/api/v1/charter/assessment-scale");
    }

    fn the_voice_follows_from_the_account(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let society = evaluator(server, "Averroès", Some("commune-larache"));
        let before = last(server);
        let answer = post(server, &focal, &said("visibility", 2025, 3));
        assert_documented("createAssessment", &answer);
        let own = answer.json();
        assert_eq!((&own["voice"], &own["organisation"], &own["member"]), (&json!("self"), &json!("Larache"), &json!("commune-larache")));
        assert_eq!((&own["commitment"], &own["year"], &own["level"]), (&json!("visibility"), &json!(2025), &json!(3)));
        assert_eq!(own["explanation"], json!({"fr": "Voir le rapport"}));
        assert_eq!(own["evidence"], json!([{"title": {"fr": "Rapport"}, "url": "https://x.example/1", "sha256": "a".repeat(64)}]));
        let path = answer.header("location").unwrap();
        let read = server.get(path);
        assert_documented("getAssessment", &read);
        assert_eq!((read.ok(), read.header("etag"), &own["links"]["self"]), (own.clone(), answer.header("etag"), &json!(path)));
        assert_eq!(server.get(&format!("{path}?lang=ar")).ok()["lang_fallbacks"], json!(["/evidence/0/title", "/explanation"]));
        assert_eq!(server.get(own["links"]["commitment"].as_str().unwrap()).ok()["code"], "visibility");
        let (_, theirs) = made(server, &society, &said("visibility", 2025, 1));
        assert_eq!((&theirs["voice"], &theirs["organisation"]), (&json!("civil_society"), &json!("Averroès")));
        let (_, network) = made(server, &secretary, &said("action-programs", 2024, 2));
        assert_eq!((&network["voice"], &network["organisation"]), (&json!("secretariat"), &json!("Test")));
        assert_eq!(told(server, before), vec![("created".to_owned(), true); 3]);
        // The representation in the feed is that of the address.
        let feed = server.get(&format!("/api/v1/changes?since={before}&resource=assessments")).ok();
        assert_eq!(feed["data"][0]["data"], own);
    }

    fn lists_of_a_member_and_of_all_are_filtered_and_walked_through(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let martil = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let bodies = [said("visibility", 2025, 3), said("visibility", 2024, 2), said("openness-norms", 2025, 0)];
        let own: Vec<String> = bodies.iter().map(|body| made(server, &focal, body).1["id"].as_str().unwrap().to_owned()).collect();
        let region = made(server, &secretary, &said("visibility", 2025, 4)).1["id"].as_str().unwrap().to_owned();
        let other = server.json("POST", "/api/v1/members/commune-martil/assessments", &[martil.header()], &said("visibility", 2025, 1)).json();
        let agadir = server.json("POST", "/api/v1/members/commune-agadir/assessments", &[secretary.header()], &said("visibility", 2025, 1)).json();
        let (other, agadir) = (other["id"].as_str().unwrap(), agadir["id"].as_str().unwrap());
        let page = server.get(LIST);
        assert_documented("listMemberAssessments", &page);
        assert_eq!(ids(&page.ok()), [&own[0], &own[1], &own[2], &region]);
        let all = server.get(NETWORK);
        assert_documented("listAssessments", &all);
        assert_eq!(ids(&all.ok()), [&own[0], &own[1], &own[2], &region, other, agadir]);
        for (query, expected) in [
            ("commitment=openness-norms", 1), ("commitment=openness-norms,visibility", 4), ("year=2024", 1), ("year=2024,2025", 4),
            ("year=1999", 0), ("voice=self", 3), ("voice=civil_society", 0), ("level=0,4", 2), ("level=3", 1), ("level=3&year=2024", 0),
        ] {
            let page = server.get(&format!("{LIST}?{query}&count=exact")).ok();
            assert_eq!((ids(&page).len(), &page["page"]["total"]), (expected, &json!(expected)), "{query}");
        }
        for (query, expected) in [("member=commune-martil", vec![other]), ("member=commune-martil,commune-agadir", vec![other, agadir]),
            ("region=09", vec![agadir]), ("region=01&voice=self&level=1", vec![other]), ("updated_since=2199-01-01", vec![])] {
            assert_eq!(ids(&server.get(&format!("{NETWORK}?{query}")).ok()), expected, "{query}");
        }
        assert_eq!(ids(&server.get(&format!("{NETWORK}?updated_since=2020-01-01")).ok()).len(), 6);
        for (list, size) in [(LIST, 3), (NETWORK, 4)] {
            let first = server.get(&format!("{list}?limit={size}&sort=-created_at")).ok();
            let next = first["page"]["next_cursor"].as_str().unwrap();
            let rest = server.get(&format!("{list}?limit={size}&sort=-created_at&cursor={next}")).ok();
            let mut found: Vec<&str> = ids(&first).into_iter().chain(ids(&rest)).collect();
            found.reverse();
            assert_eq!(found, ids(&server.get(list).ok()));
            server.get(&format!("{list}?limit={size}&cursor={next}")).problem(400, "invalid_cursor");
        }
        let table = server.get(&format!("{LIST}?format=csv&fields=commitment,year,voice,level"));
        assert_eq!(table.text().lines().take(2).collect::<Vec<_>>(), ["commitment,year,voice,level", "visibility,2025,self,3"]);
        assert_eq!(server.get(&format!("{LIST}?lang=ar")).ok()["data"][0]["explanation"], json!({"fr": "Voir le rapport"}));
        for wrong in ["level=5", "year=25", "voice=member", "commitment=Visibility", "weather=fine", "publication=published"] {
            assert_eq!(server.get(&format!("{NETWORK}?{wrong}")).status, 400, "{wrong}");
        }
        server.get("/api/v1/members/commune-nowhere/assessments").problem(404, "not_found");
    }

    fn who_may_not_say_it_is_refused(server) {
        let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let body = said("visibility", 2025, 2);
        post(server, &other, &body).problem(403, "not_your_member");
        for unassigned in [evaluator(server, "Averroès", None), evaluator(server, "Averroès", Some("commune-martil"))] {
            let problem = post(server, &unassigned, &body).problem(403, "not_your_member");
            assert!(problem["detail"].as_str().unwrap().contains("commune-larache"), "{problem}");
        }
        for role in [Role::Partner, Role::Registrar, Role::Administrator] {
            post(server, &server.account(role), &body).problem(403, "forbidden");
        }
        server.json("POST", LIST, &[], &body).problem(401, "unauthenticated");
        let disabled = evaluator(server, "Averroès", Some("commune-larache"));
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &disabled.id, true)).unwrap();
        post(server, &disabled, &body).problem(401, "invalid_token");
        let mut claimed = body.clone();
        claimed["voice"] = json!("secretariat");
        let focal = server.account(Role::FocalPoint);
        let problem = post(server, &focal, &claimed).problem(400, "unknown_property");
        assert_eq!(problem["errors"][0]["pointer"], "/voice");
        assert_eq!(server.get(LIST).ok()["data"], json!([]));
        let nowhere = "/api/v1/members/commune-nowhere/assessments";
        server.json("POST", nowhere, &[focal.header()], &body).problem(404, "not_found");
    }

    fn a_voice_changes_only_what_it_has_said(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let society = evaluator(server, "Averroès", Some("commune-larache"));
        let colleague = evaluator(server, "Averroès", Some("commune-larache"));
        let rival = evaluator(server, "Observatoire", Some("commune-larache"));
        let former = evaluator(server, "Averroès", None);
        let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let (path, _) = made(server, &society, &said("visibility", 2025, 1));
        let change = json!({"level": 2});
        for (who, code) in [(&focal, "not_your_voice"), (&secretary, "not_your_voice"), (&rival, "not_your_voice"),
            (&former, "not_your_member"), (&other, "not_your_member")] {
            let refused = patch(server, who, &path, &change);
            assert_documented("updateAssessment", &refused);
            refused.problem(403, code);
            server.send("DELETE", &path, &[who.header(), ("If-Match", "*")]).problem(403, code);
        }
        assert_eq!(patch(server, &colleague, &path, &change).ok()["version"], 2);
        let (own, _) = made(server, &focal, &said("visibility", 2025, 4));
        patch(server, &society, &own, &change).problem(403, "not_your_voice");
        // The address of another member leads nowhere.
        let elsewhere = own.replace("commune-larache", "commune-martil");
        server.get(&elsewhere).problem(404, "not_found");
        patch(server, &other, &elsewhere, &change).problem(404, "not_found");
        server.send("DELETE", &elsewhere, &[secretary.header(), ("If-Match", "*")]).problem(404, "not_found");
    }

    fn drafts_are_seen_by_who_says_them_and_by_nobody_else(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let society = evaluator(server, "Averroès", Some("commune-larache"));
        let rival = evaluator(server, "Observatoire", Some("commune-larache"));
        let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let administrator = server.account(Role::Administrator);
        let before = last(server);
        let drafts = [made(server, &focal, &draft("hidden-one")), made(server, &society, &draft("hidden-two")), made(server, &secretary, &draft("hidden-three"))];
        let readers = [&focal, &society, &secretary];
        for (at, (path, draft)) in drafts.iter().enumerate() {
            server.get(path).problem(404, "not_found");
            for who in [&focal, &society, &secretary, &rival, &other, &administrator] {
                let answer = server.get_with(path, &[who.header()]);
                if who.id == readers[at].id {
                    assert_eq!((answer.ok(), answer.header("cache-control")), (draft.clone(), Some("no-store")));
                } else {
                    answer.problem(404, "not_found");
                    let status = server.send("DELETE", path, &[who.header(), ("If-Match", "*")]).status;
                    assert_eq!(status, if who.id == administrator.id { 403 } else { 404 });
                }
            }
        }
        let listed = |who: &Account, list: &str, query: &str| {
            let answer = server.get_with(&format!("{list}?{query}&count=exact"), &[who.header()]);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let page = answer.ok();
            assert_eq!(page["page"]["total"], json!(ids(&page).len()));
            ids(&page).join(" ")
        };
        for list in [LIST, NETWORK] {
            for query in ["publication=all", "publication=draft"] {
                for (who, (_, draft)) in readers.iter().zip(&drafts) {
                    assert_eq!(listed(who, list, query), draft["id"].as_str().unwrap());
                }
                assert_eq!(listed(&rival, list, query) + &listed(&other, list, query), "");
            }
            server.get_with(&format!("{list}?publication=all"), &[administrator.header()]).problem(403, "forbidden");
            server.get(&format!("{list}?publication=draft")).problem(401, "unauthenticated");
        }
        // Nowhere where the public reads, and no trace in the feed.
        let card = "/api/v1/members/commune-larache/scorecard";
        for path in [LIST, NETWORK, &format!("{LIST}?format=csv"), &format!("{NETWORK}?format=ndjson"), card, "/api/v1/network/scorecard", "/api/v1/exports/assessments.csv",
            "/api/v1/exports/assessments.ndjson", "/api/v1/exports/assessments.json", "/api/v1/changes?since=0&limit=1000&resource=assessments"] {
            let answer = server.get(path);
            assert_eq!(answer.status, 200);
            assert!(!answer.text().contains("hidden-"), "{path}");
            assert_eq!(server.get_with(path, &[focal.header()]).text(), answer.text(), "{path}: a token makes no difference");
        }
        assert_eq!((server.get(&format!("{NETWORK}?count=exact")).ok()["page"]["total"].as_i64(), last(server)), (Some(0), before));
        assert_eq!(server.get("/api/v1/changes/digest?resource=assessments").ok()["count"], 0);
        assert_eq!(server.get(card).ok()["commitments"][4]["voices"], json!([]));
        // Published, it is new to everybody; taken back, it is gone.
        let (path, _) = &drafts[1];
        let published = patch(server, &society, path, &json!({"publication": "published"}));
        assert_documented("updateAssessment", &published);
        assert_eq!((published.ok()["version"].as_i64(), server.get(path).ok()), (Some(2), published.json()));
        assert_eq!(server.get("/api/v1/changes/digest?resource=assessments").ok()["count"], 1);
        patch(server, &society, path, &json!({"level": 3})).ok();
        patch(server, &society, path, &json!({"publication": "draft"})).ok();
        server.get(path).problem(404, "not_found");
        patch(server, &society, path, &json!({"publication": "published"})).ok();
        let gone = server.send("DELETE", path, &[society.header(), ("If-Match", "*")]);
        assert_documented("deleteAssessment", &gone);
        let said: Vec<String> = told(server, before).into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(said, ["created", "updated", "unpublished", "created", "deleted"]);
        assert!(told(server, before).iter().all(|(_, has_data)| !has_data), "what is gone is not replayed");
        // A draft that is thrown away was never there.
        let quiet = last(server);
        assert_eq!(server.send("DELETE", &drafts[0].0, &[focal.header(), ("If-Match", "*")]).status, 204);
        assert_eq!(last(server), quiet);
        // Whose account is disabled sees its own drafts no more.
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &secretary.id, true)).unwrap();
        server.get_with(&drafts[2].0, &[secretary.header()]).problem(401, "invalid_token");
        server.get_with(&format!("{NETWORK}?publication=all"), &[secretary.header()]).problem(401, "invalid_token");
    }

    fn each_voice_says_the_same_once(server) {
        let secretary = server.account(Role::Secretariat);
        let nameless = Account::of(&server.db, Role::Secretariat, None, None);
        let body = said("visibility", 2025, 2);
        let (path, first) = made(server, &nameless, &body);
        assert_eq!(first["organisation"], "secretariat");
        // The secretariat is one voice, by whatever name.
        let again = post(server, &secretary, &body);
        assert_documented("createAssessment", &again);
        let problem = again.problem(409, "already_exists");
        assert_eq!(pointers(&problem), [("/commitment", "already_exists")]);
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(&path), "{problem}");
        patch(server, &secretary, &path, &json!({"level": 3})).ok();
        let (one, two) = (evaluator(server, "Averroès", Some("commune-larache")), evaluator(server, "Observatoire", Some("commune-larache")));
        made(server, &one, &body);
        made(server, &two, &body);
        post(server, &one, &body).problem(409, "already_exists");
        // Another year, another commitment and another member are something else.
        made(server, &one, &said("visibility", 2024, 2));
        made(server, &one, &said("openness-norms", 2025, 2));
        let elsewhere = server.json("POST", "/api/v1/members/commune-martil/assessments", &[secretary.header()], &body);
        assert_eq!(elsewhere.status, 201);
        // Whose commitments were assessed stays.
        let delete = server.send("DELETE", "/api/v1/members/commune-martil", &[secretary.header(), ("If-Match", "*")]);
        assert_eq!(pointers(&delete.problem(409, "not_now")), [("", "has_assessments")]);
    }

    fn two_instances_let_a_voice_speak_once(server) {
        let second = TestServer::over(server.target.clone(), &[]);
        let focal = server.account(Role::FocalPoint);
        let bodies: Vec<Value> = (0..4).map(|level| said("visibility", 2025, level)).collect();
        let statuses: Vec<u16> = thread::scope(|scope| {
            let post = |(at, body)| {
                let (instance, focal): (&TestServer, &Account) = (if at % 2 == 0 { server } else { &second }, &focal);
                scope.spawn(move || instance.json("POST", LIST, &[focal.header()], body).status)
            };
            let running: Vec<_> = bodies.iter().enumerate().map(post).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!((statuses.iter().filter(|s| **s == 201).count(), statuses.iter().filter(|s| **s == 409).count()), (1, 3), "{statuses:?}");
        assert_eq!(ids(&server.get_with(LIST, &[("Cache-Control", "no-cache")]).ok()).len(), 1);
    }

    fn only_years_of_membership_are_assessed(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let (path, _) = made(server, &focal, &said("visibility", 2024, 2));
        server.json("PATCH", "/api/v1/members/commune-larache", &[secretary.header(), ("If-Match", "*")], &json!({"joined_on": "2023-05-02"})).ok();
        let left = json!({"to": "withdrawn", "on": "2026-02-01", "reason": "Asked for by the council"});
        server.json("POST", "/api/v1/members/commune-larache/transitions", &[secretary.header()], &left).ok();
        let refused = post(server, &secretary, &said("visibility", 2022, 2));
        assert_documented("createAssessment", &refused);
        assert_eq!(pointers(&refused.problem(409, "not_now")), [("", "not_a_member")]);
        // Who has left was a member before, and what was said of it can still be mended.
        for year in [2023, 2025, 2026] {
            let mut body = said("visibility", year, 2);
            body["assessed_on"] = json!("2026-03-01");
            assert_eq!(post(server, &secretary, &body).status, 201, "{year}");
        }
        patch(server, &focal, &path, &json!({"level": 3})).ok();
        patch(server, &focal, &path, &json!({"publication": "draft"})).ok();
        patch(server, &focal, &path, &json!({"publication": "published"})).ok();
        assert_eq!(server.send("DELETE", &path, &[focal.header(), ("If-Match", "*")]).status, 204);
    }

    fn all_that_is_wrong_is_said_at_once(server) {
        let focal = server.account(Role::FocalPoint);
        let wrong = json!({"commitment": "weather", "year": 2021, "level": 5, "explanation": {"fr": "a\u{202e}b"}, "assessed_on": "2199-01-01",
            "evidence": [{"title": {}, "url": "ftp://x", "sha256": "A"}]});
        let answer = post(server, &focal, &wrong);
        assert_documented("createAssessment", &answer);
        assert_eq!(pointers(&answer.problem(422, "invalid_content")), [
            ("/assessed_on", "in_the_future"), ("/commitment", "unknown_commitment"), ("/evidence/0/sha256", "invalid_value"), ("/evidence/0/title", "empty"),
            ("/evidence/0/url", "invalid_value"), ("/explanation/fr", "invalid_value"), ("/level", "invalid_value"), ("/year", "invalid_value")]);
        let of = |name: &str, value: Value| {
            let mut body = said("visibility", 2025, 2);
            body[name] = value;
            post(server, &focal, &body)
        };
        for (name, value, code) in [("explanation", json!({}), "empty"), ("level", json!(-1), "invalid_value"), ("year", json!(2198), "invalid_value"),
            ("assessed_on", json!("2024-12-31"), "before_the_year"), ("evidence", json!(vec![said("visibility", 2025, 2)["evidence"][0].clone(); 21]), "too_many")] {
            assert_eq!(pointers(&of(name, value).problem(422, "invalid_content")), [(format!("/{name}").as_str(), code)]);
        }
        for (name, value) in [("level", json!(1.5)), ("level", json!("2")), ("year", Value::Null), ("assessed_on", json!("2025")), ("explanation", Value::Null)] {
            assert_eq!(of(name, value).problem(400, "invalid_body")["errors"][0]["pointer"], format!("/{name}"));
        }
        assert_eq!(of("level", json!(2.0)).status, 201, "2.0 is a whole number");
        let path = server.get(LIST).ok()["data"][0]["links"]["self"].as_str().unwrap().to_owned();
        let problem = patch(server, &focal, &path, &json!({"explanation": {"fr": null}, "level": 9})).problem(422, "invalid_content");
        assert_eq!(pointers(&problem), [("/explanation", "empty"), ("/level", "invalid_value")]);
        for fixed in ["commitment", "year", "voice", "organisation"] {
            patch(server, &focal, &path, &json!({fixed: "x"})).problem(400, "unknown_property");
        }
    }

    fn a_change_is_meant_for_a_version_and_a_request_that_is_sent_twice_has_one_effect(server) {
        let focal = server.account(Role::FocalPoint);
        let keyed = [focal.header(), ("Idempotency-Key", "once-1")];
        let body = said("visibility", 2025, 2);
        let (first, again) = (server.json("POST", LIST, &keyed, &body), server.json("POST", LIST, &keyed, &body));
        assert_eq!((first.status, again.status, again.header("idempotency-replayed")), (201, 201, Some("true")));
        assert_eq!((first.text(), first.header("etag"), first.header("location")), (again.text(), again.header("etag"), again.header("location")));
        server.json("POST", LIST, &keyed, &said("visibility", 2024, 2)).problem(422, "idempotency_key_reused");
        let path = first.header("location").unwrap();
        let change = |tag: Option<&str>, body: &Value| {
            let headers: Vec<(&str, &str)> = [focal.header()].into_iter().chain(tag.map(|tag| ("If-Match", tag))).collect();
            server.json("PATCH", path, &headers, body)
        };
        change(None, &json!({})).problem(428, "precondition_required");
        change(Some("\"7-json\""), &json!({})).problem(412, "precondition_failed");
        server.send("DELETE", path, &[focal.header()]).problem(428, "precondition_required");
        let before = last(server);
        let same = change(first.header("etag"), &json!({"level": 2, "evidence": first.json()["evidence"]}));
        assert_eq!((same.ok(), last(server)), (first.json(), before), "a change that changes nothing writes nothing");
        let answer = change(first.header("etag"), &json!({"level": 4, "explanation": {"ar": "تقرير"}, "evidence": null, "assessed_on": "2026-02-01"}));
        let mut expected = first.json();
        for (name, value) in [("level", json!(4)), ("evidence", json!([])), ("assessed_on", json!("2026-02-01")), ("version", json!(2)),
            ("explanation", json!({"ar": "تقرير", "fr": "Voir le rapport"})), ("updated_at", answer.ok()["updated_at"].clone())] {
            expected[name] = value;
        }
        assert_eq!((answer.ok(), told(server, before)), (expected, vec![("updated".to_owned(), true)]));
        // A kept answer is only for who may still ask.
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &focal.id, true)).unwrap();
        server.json("POST", LIST, &keyed, &body).problem(401, "invalid_token");
        let administrator = server.account(Role::Administrator);
        let audit = server.get_with("/api/v1/audit?resource=assessments", &[administrator.header()]).ok();
        assert_eq!(audit["data"].as_array().unwrap().len(), 2, "{audit}");
    }
}

on_both_demonstrations! {
    fn every_voice_and_level_is_shown_of_invented_members_only(server) {
        let export = server.get("/api/v1/exports/assessments.ndjson");
        let rows: Vec<Value> = export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for voice in ["self", "civil_society", "secretariat"] {
            assert!(rows.iter().any(|row| row["voice"] == voice), "{voice}");
        }
        for level in 0..=4 {
            assert!(rows.iter().any(|row| row["level"] == level), "{level}");
        }
        for commitment in server.get("/api/v1/charter/commitments").ok()["data"].as_array().unwrap() {
            assert!(rows.iter().any(|row| row["commitment"] == commitment["code"]), "{commitment}");
        }
        let mut members: Vec<&str> = rows.iter().map(|row| row["member"].as_str().unwrap()).collect();
        members.sort_unstable();
        members.dedup();
        assert!(members.len() > 50, "{}", members.len());
        for member in members.iter().take(5) {
            assert_eq!(server.get(&format!("/api/v1/members/{member}")).ok()["provenance"], "illustrative");
        }
        assert!(rows.iter().all(|row| row["publication"] == "published"));
        assert!(rows.iter().all(|row| row["explanation"].as_object().unwrap().len() == 3));
        let digest = server.get("/api/v1/changes/digest?resource=assessments").ok();
        assert_eq!(digest["count"], json!(rows.len()));
        assert_eq!(server.get(&format!("{NETWORK}?count=exact&limit=1")).ok()["page"]["total"], json!(rows.len()));
        let secretary = server.account(Role::Secretariat);
        let drafts = server.get_with(&format!("{NETWORK}?publication=draft"), &[secretary.header()]).ok();
        assert!(!drafts["data"].as_array().unwrap().is_empty());
    }
}
