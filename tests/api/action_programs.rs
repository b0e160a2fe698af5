//! Action programmes: through all their stages, with every guard, as drafts that nobody sees, and never two of a member in
//! implementation.

use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both, on_both_demonstrations},
    together::at_once,
};

pub const PROGRAMS: &str = "/api/v1/action-programs";
pub const LARACHE_1: &str = "/api/v1/action-programs/commune-larache-cycle-1";

pub fn post(server: &TestServer, who: &Account, path: &str, body: &Value) -> Answer {
    server.json("POST", path, &[who.header()], body)
}

pub fn patch(server: &TestServer, who: &Account, path: &str, body: &Value) -> Answer {
    server.json("PATCH", path, &[who.header(), ("If-Match", "*")], body)
}

fn codes(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect()
}

/// The changes behind the reference data: resource, operation and version.
pub fn changes(server: &TestServer) -> Vec<(String, String, i64)> {
    let feed = server.get("/api/v1/changes?since=1679").ok();
    let text = |change: &Value, name: &str| change[name].as_str().unwrap().to_owned();
    let told = |change: &Value| (text(change, "resource"), text(change, "op"), change["version"].as_i64().unwrap());
    feed["data"].as_array().unwrap().iter().map(told).collect()
}

/// A programme of Larache's.
pub fn programme(cycle: i64, publication: &str) -> Value {
    json!({
        "member": "commune-larache", "cycle": cycle, "title": {"fr": "  Larache ouverte ", "ar": "العرائش المنفتحة"},
        "summary": {"fr": "Deux ans d'ouverture, l'eau comprise"}, "publication": publication,
        "planned": {"consultation_on": "2023-05-20", "consultation_on_precision": "month", "adoption_on": "2023-10-31"},
        "axes": [
            {"title": {"fr": "Budget"}, "principles": ["transparency", "accountability"]},
            {"title": {"fr": "Jeunesse"}},
        ],
        "commitments": ["monitoring-evaluation", "action-programs"],
        "committee": {"size": 15, "women": 7, "civil_society": 8, "chair_function": {"fr": "Vice-président"}},
        "stakeholders": [{"organisation": "Association X", "kind": "association", "contact": "https://x.example"}],
        "documents": [{"title": {"fr": "Texte"}, "kind": "programme", "language": "fr", "url": "https://x.example/p.pdf"}],
    })
}

/// What a programme needs to be adopted and carried out from a day on.
pub fn adoption(from: &str) -> Value {
    json!({"committee_validated_on": "2023-07-10", "council_session_on": "2023-10-02", "decision_reference": "41/2023",
        "implementation_from": from})
}

/// Brings a programme of Larache's into a stage, by way of all before it.
pub fn brought_to(server: &TestServer, who: &Account, cycle: i64, from: &str, stage: &str) -> String {
    let made = post(server, who, PROGRAMS, &programme(cycle, "published"));
    assert_eq!(made.status, 201, "{}", made.text());
    let path = made.header("location").unwrap().to_owned();
    let slug = made.json()["slug"].as_str().unwrap().to_owned();
    let axis = &made.json()["axes"][0]["id"];
    let project = json!({"program": slug, "axis_id": axis, "title": {"fr": "Budget de l'eau"}});
    assert_eq!(post(server, who, "/api/v1/projects", &project).status, 201);
    patch(server, who, &path, &adoption(from)).ok();
    let stages = ["co_creation", "consultation", "validated", "adopted", "implementation", "evaluation", "closed"];
    for to in stages {
        if server.get(&path).ok()["stage"] == stage {
            break;
        }
        let answer = post(server, who, &format!("{path}/transitions"), &json!({"to": to, "on": from}));
        assert_eq!(answer.status, 200, "{to}: {}", answer.text());
    }
    path
}

on_both! {
    fn a_programme_is_added_with_all_that_belongs_to_it(server) {
        let focal = server.account(Role::FocalPoint);
        let answer = post(server, &focal, PROGRAMS, &programme(1, "published"));
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_documented("createActionProgram", &answer);
        let made = answer.json();
        assert_eq!(answer.header("location"), Some(LARACHE_1));
        let read = server.get(LARACHE_1);
        assert_documented("getActionProgram", &read);
        assert_eq!((read.ok(), read.header("etag")), (made.clone(), answer.header("etag")));
        assert_eq!((&made["stage"], &made["member"], &made["region_code"]), (&json!("draft"), &json!("commune-larache"), &json!("01")));
        assert_eq!(made["title"]["fr"], "Larache ouverte");
        assert_eq!((&made["planned"]["consultation_on"], &made["planned"]["consultation_on_precision"]), (&json!("2023-05-01"), &json!("month")));
        assert_eq!(made["commitments"], json!(["action-programs", "monitoring-evaluation"]));
        assert_eq!(made["axes"][0]["principles"], json!(["accountability", "transparency"]));
        assert_eq!(made["committee"]["women"], 7);
        assert_eq!(server.get(&format!("{PROGRAMS}/{}", made["id"].as_str().unwrap())).ok(), made);
        assert_eq!(changes(server), [("action_programs".to_owned(), "created".to_owned(), 1)]);
        let feed = server.get("/api/v1/changes?since=1679").ok();
        assert_eq!(feed["data"][0]["data"]["slug"], made["slug"]);
        let again = post(server, &focal, PROGRAMS, &programme(1, "draft"));
        assert!(again.problem(409, "already_exists")["errors"][0]["detail"].as_str().unwrap().contains(LARACHE_1));
        let audit = server.get_with("/api/v1/audit?resource=action_programs", &[server.account(Role::Administrator).header()]).ok();
        assert_eq!((&audit["data"][0]["action"], &audit["data"][0]["role"]), (&json!("created"), &json!("focal_point")));
    }

    fn all_that_is_wrong_is_said_at_once(server) {
        let secretary = server.account(Role::Secretariat);
        let wrong = json!({
            "member": "commune-nowhere", "cycle": 0, "title": {"fr": "a\u{202e}b"}, "summary": {},
            "planned": {"adoption_on_precision": "month"}, "committee_validated_on": "2199-01-01",
            "council_session_on": "2023-01-01", "decision_url": "ftp://x", "implementation_until": "2024-01-01",
            "committee": {"size": 3, "women": 4}, "commitments": ["nothing", "visibility", "visibility"],
            "axes": [{"title": {}, "principles": ["beauty"]}, {"id": "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", "title": {"en": "x"}}],
            "stakeholders": [{"organisation": " ", "kind": "other"}],
            "documents": [{"title": {"en": "x"}, "kind": "report", "language": "en", "url": "x", "sha256": "AB"}],
        });
        let answer = post(server, &secretary, PROGRAMS, &wrong);
        assert_documented("createActionProgram", &answer);
        let problem = answer.problem(422, "invalid_content");
        let places: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(places, [
            "/axes/0/principles/0", "/axes/0/title", "/axes/1/id", "/commitments/0", "/commitments/2", "/committee/women",
            "/committee_validated_on", "/cycle", "/decision_url", "/documents/0/sha256", "/documents/0/url",
            "/implementation_until", "/member", "/planned/adoption_on_precision", "/stakeholders/0/organisation", "/summary",
            "/title/fr",
        ]);
        let mut order = programme(1, "draft");
        order["committee_validated_on"] = json!("2023-07-10");
        order["council_session_on"] = json!("2023-06-01");
        order["implementation_from"] = json!("2023-05-01");
        assert_eq!(codes(&post(server, &secretary, PROGRAMS, &order).problem(422, "invalid_content")), ["wrong_order", "wrong_order"]);
        let mut typo = programme(1, "draft");
        typo["axes"][0]["principle"] = json!([]);
        let problem = post(server, &secretary, PROGRAMS, &typo).problem(400, "unknown_property");
        assert_eq!(problem["errors"][0]["pointer"], "/axes/0/principle");
        assert!(changes(server).is_empty());
    }

    fn a_programme_goes_through_all_its_stages_and_every_guard_is_explained(server) {
        let focal = server.account(Role::FocalPoint);
        let steps = format!("{LARACHE_1}/transitions");
        post(server, &focal, PROGRAMS, &programme(1, "draft"));
        let refused = |to: &str| {
            let offered = server.get_with(&steps, &[focal.header()]).ok();
            let offered = offered["data"].as_array().unwrap().iter().find(|step| step["to"] == to).unwrap().clone();
            let answer = post(server, &focal, &steps, &json!({"to": to, "on": "2026-06-01", "reason": "x"}));
            assert_documented("createActionProgramTransition", &answer);
            let problem = answer.problem(409, "not_now");
            let mut told = codes(&problem).into_iter().map(str::to_owned).collect::<Vec<_>>();
            let mut reasons: Vec<String> = offered["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap().to_owned()).collect();
            told.sort();
            reasons.sort();
            assert_eq!((told, &offered["allowed"]), (reasons.clone(), &json!(false)), "{to}");
            reasons
        };
        let moves = |to: &str, on: &str| {
            let offered = server.get_with(&steps, &[focal.header()]).ok();
            let offered = offered["data"].as_array().unwrap().iter().find(|step| step["to"] == to).unwrap().clone();
            assert_eq!(offered["allowed"], true, "{offered}");
            let evidence = json!({"reference": "Minutes 3", "url": "https://x.example/3"});
            post(server, &focal, &steps, &json!({"to": to, "on": on, "evidence": evidence})).ok()
        };
        assert_eq!(refused("co_creation"), ["not_published"]);
        assert_eq!(refused("consultation"), ["no_project", "not_from_here", "not_published"]);
        patch(server, &focal, LARACHE_1, &json!({"publication": "published"})).ok();
        moves("co_creation", "2023-03-04");
        assert_eq!(refused("consultation"), ["no_project"]);
        let project = json!({"program": "commune-larache-cycle-1", "title": {"fr": "Budget citoyen"}});
        assert_eq!(post(server, &focal, "/api/v1/projects", &project).status, 201);
        moves("consultation", "2023-05-12");
        assert_eq!(refused("validated"), ["committee_validation_missing"]);
        patch(server, &focal, LARACHE_1, &json!({"committee_validated_on": "2023-07-10"})).ok();
        moves("validated", "2023-07-10");
        assert_eq!(refused("adopted"), ["council_session_missing", "decision_missing"]);
        patch(server, &focal, LARACHE_1, &json!({"council_session_on": "2023-10-02", "decision_reference": "41/2023"})).ok();
        moves("adopted", "2023-10-02");
        assert_eq!(refused("implementation"), ["implementation_undated"]);
        patch(server, &focal, LARACHE_1, &json!({"implementation_from": "2199-01-01"})).ok();
        assert_eq!(refused("implementation"), ["not_begun"]);
        let dated = patch(server, &focal, LARACHE_1, &json!({"implementation_from": "2024-01-01"})).ok();
        assert_eq!(dated["implementation_until"], "2025-12-31", "two years unless said otherwise");
        moves("implementation", "2024-01-01");
        moves("evaluation", "2026-01-12");
        assert_eq!(refused("draft"), ["backwards"]);
        let closed = moves("closed", "2026-04-20");
        let reached: Vec<&str> = closed["reached"].as_array().unwrap().iter().map(|r| r["stage"].as_str().unwrap()).collect();
        assert_eq!(reached, ["co_creation", "consultation", "validated", "adopted", "implementation", "evaluation", "closed"]);
        assert_eq!(refused("cancelled"), ["not_from_here"]);
        patch(server, &focal, LARACHE_1, &json!({"title": {"en": "x"}})).problem(409, "not_now");
        post(server, &focal, "/api/v1/projects", &project).problem(409, "not_now");
        // Only the secretariat moves it back, and says why.
        let secretary = server.account(Role::Secretariat);
        let back = json!({"to": "evaluation", "on": "2026-05-01"});
        assert_eq!(codes(&post(server, &secretary, &steps, &back).problem(422, "invalid_content")), ["reason_missing"]);
        let back = json!({"to": "evaluation", "on": "2026-05-01", "reason": "The report is wrong"});
        let after = post(server, &secretary, &steps, &back).ok();
        assert_eq!((&after["stage"], &after["stage_since"]), (&json!("evaluation"), &json!("2026-05-01")));
        assert_eq!(after["reached"].as_array().unwrap().len(), 6);
        let history = server.get(&format!("{LARACHE_1}/history"));
        assert_documented("getActionProgramHistory", &history);
        let history = history.ok()["data"].clone();
        assert_eq!(history.as_array().unwrap().len(), 8);
        assert_eq!((&history[0]["from"], &history[0]["role"], &history[0]["evidence_reference"]), (&json!("draft"), &json!("focal_point"), &json!("Minutes 3")));
        assert_eq!((&history[7]["to"], &history[7]["role"], &history[7]["reason"]), (&json!("evaluation"), &json!("secretariat"), &json!("The report is wrong")));
    }

    fn what_is_given_up_stays_visible_and_can_be_taken_up_again(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let path = brought_to(server, &focal, 1, "2024-01-01", "validated");
        let steps = format!("{path}/transitions");
        let silent = json!({"to": "cancelled", "on": "2024-02-01"});
        assert_eq!(codes(&post(server, &focal, &steps, &silent).problem(422, "invalid_content")), ["reason_missing"]);
        let given_up = json!({"to": "cancelled", "on": "2024-02-01", "reason": "No majority"});
        assert_eq!(post(server, &focal, &steps, &given_up).ok()["stage"], "cancelled");
        assert_eq!(server.get("/api/v1/projects?status=cancelled&count=exact").ok()["page"]["total"], 1);
        let to = |stage: &str| json!({"to": stage, "on": "2024-03-01", "reason": "Found one"});
        assert_eq!(codes(&post(server, &secretary, &steps, &to("consultation")).problem(409, "not_now")), ["not_from_here"]);
        let again = post(server, &secretary, &steps, &to("validated")).ok();
        assert_eq!(again["reached"].as_array().unwrap().len(), 3);
        server.send("DELETE", &path, &[secretary.header(), ("If-Match", "*")]).problem(409, "not_now");
    }

    fn what_a_stage_rests_on_cant_be_taken_away(server) {
        let focal = server.account(Role::FocalPoint);
        let path = brought_to(server, &focal, 1, "2024-01-01", "implementation");
        for (property, value) in [
            ("publication", json!("draft")),
            ("committee_validated_on", Value::Null),
            ("council_session_on", Value::Null),
            ("decision_reference", Value::Null),
            ("implementation_from", Value::Null),
        ] {
            let mut change = json!({});
            change[property] = value;
            if property == "implementation_from" {
                change["implementation_until"] = Value::Null;
            }
            let problem = patch(server, &focal, &path, &change).problem(409, "not_now");
            assert_eq!(problem["errors"][0]["pointer"], format!("/{property}"), "{problem}");
        }
        let id = server.get("/api/v1/projects").ok()["data"][0]["id"].as_str().unwrap().to_owned();
        server.send("DELETE", &format!("/api/v1/projects/{id}"), &[focal.header(), ("If-Match", "*")]).problem(409, "not_now");
    }

    fn two_programmes_of_a_member_never_overlap_in_implementation(server) {
        let focal = server.account(Role::FocalPoint);
        let first = brought_to(server, &focal, 1, "2024-01-01", "implementation");
        let second = brought_to(server, &focal, 2, "2025-07-01", "adopted");
        let start = json!({"to": "implementation", "on": "2025-07-01"});
        let problem = post(server, &focal, &format!("{second}/transitions"), &start).problem(409, "not_now");
        assert_eq!(codes(&problem), ["other_in_implementation"]);
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("commune-larache-cycle-1"));
        post(server, &focal, &format!("{first}/transitions"), &json!({"to": "evaluation", "on": "2025-08-01"})).ok();
        let problem = post(server, &focal, &format!("{second}/transitions"), &start).problem(409, "not_now");
        assert_eq!(codes(&problem), ["overlap"], "the first one was carried out until the end of July");
        patch(server, &focal, &second, &json!({"implementation_from": "2025-08-01"})).ok();
        post(server, &focal, &format!("{second}/transitions"), &json!({"to": "implementation", "on": "2025-08-01"})).ok();
        // Nor by another date afterwards.
        assert_eq!(codes(&patch(server, &focal, &second, &json!({"implementation_from": "2025-07-31"})).problem(409, "not_now")), ["overlap"]);
    }

    fn of_two_instances_that_begin_two_implementations_at_once_one_does(server) {
        let focal = server.account(Role::FocalPoint);
        let other = TestServer::over(server.target.clone(), &[]);
        let paths = [1, 2].map(|cycle| brought_to(server, &focal, cycle, "2024-01-01", "adopted"));
        let start = json!({"to": "implementation", "on": "2024-01-01"});
        let answers = at_once(2, |number| {
            let instance = if number == 0 { server } else { &other };
            post(instance, &focal, &format!("{}/transitions", paths[number]), &start)
        });
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{:?}", answers.iter().map(Answer::text).collect::<Vec<_>>());
        assert_eq!(server.get(&format!("{PROGRAMS}?stage=implementation&count=exact")).ok()["page"]["total"], 1);
    }

    fn a_draft_is_nowhere_until_it_is_published(server) {
        let focal = server.account(Role::FocalPoint);
        let martil = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let made = post(server, &focal, PROGRAMS, &programme(1, "draft")).json();
        let project = json!({"program": "commune-larache-cycle-1", "title": {"fr": "Budget citoyen"}, "axis_id": made["axes"][0]["id"]});
        let project = post(server, &focal, "/api/v1/projects", &project);
        assert_eq!(project.status, 201, "{}", project.text());
        let at = project.header("location").unwrap().to_owned();
        let milestone = post(server, &focal, &format!("{at}/milestones"), &json!({"title": {"fr": "Diagnostic"}, "due_on": "2024-05-31"}));
        let step = milestone.header("location").unwrap().to_owned();
        let places = [LARACHE_1.to_owned(), format!("{LARACHE_1}/history"), format!("{LARACHE_1}/transitions"), at.clone(), format!("{at}/milestones"), step.clone()];
        for path in &places {
            server.get(path).problem(404, "not_found");
            server.get_with(path, &[martil.header()]).problem(404, "not_found");
            let own = server.get_with(path, &[focal.header()]);
            assert_eq!((own.status, own.header("cache-control")), (200, Some("no-store")), "{path}");
            server.get_with(path, &[server.account(Role::Secretariat).header()]).ok();
            server.get_with(path, &[server.account(Role::Registrar).header()]).problem(404, "not_found");
        }
        for path in [LARACHE_1, at.as_str(), step.as_str()] {
            server.json("PATCH", path, &[martil.header(), ("If-Match", "*")], &json!({})).problem(404, "not_found");
        }
        let total = |path: &str, who: Option<&Account>| {
            let headers: Vec<_> = who.iter().map(|who| who.header()).collect();
            server.get_with(&format!("{path}count=exact"), &headers).ok()["page"]["total"].as_i64().unwrap()
        };
        let counts = |publication: &str, who: Option<&Account>| {
            ["action-programs", "projects"].map(|list| total(&format!("/api/v1/{list}?{publication}"), who))
        };
        assert_eq!(counts("", None), [0, 0]);
        assert_eq!(counts("q=larache&", None), [0, 0]);
        assert_eq!(counts("", Some(&focal)), [0, 0], "what is published reads the same with and without a token");
        assert_eq!(counts("publication=all&", Some(&focal)), [1, 1]);
        assert_eq!(counts("publication=draft&", Some(&focal)), [1, 1]);
        assert_eq!(counts("publication=all&", Some(&martil)), [0, 0]);
        assert_eq!(counts("publication=draft&", Some(&martil)), [0, 0]);
        for list in [PROGRAMS, "/api/v1/projects"] {
            server.get(&format!("{list}?publication=all")).problem(401, "unauthenticated");
            server.get_with(&format!("{list}?publication=draft"), &[server.account(Role::Evaluator).header()]).problem(403, "forbidden");
            let own = server.get_with(&format!("{list}?publication=draft"), &[focal.header()]);
            assert_eq!(own.header("cache-control"), Some("no-store"));
        }
        assert!(changes(server).is_empty());
        for name in ["action_programs", "projects", "milestones"] {
            assert_eq!(server.get(&format!("/api/v1/exports/{name}.ndjson")).text(), "", "{name}");
            assert_eq!(server.get(&format!("/api/v1/changes/digest?resource={name}")).ok()["count"], 0);
        }
        // Published, it is there with all that belongs to it; taken back, it is gone with it.
        patch(server, &focal, LARACHE_1, &json!({"publication": "published"})).ok();
        let told = |operation: &str, of: [(&str, i64); 3]| of.map(|(resource, version)| (resource.to_owned(), operation.to_owned(), version));
        assert_eq!(changes(server), told("created", [("action_programs", 2), ("projects", 1), ("milestones", 1)]));
        for path in &places {
            server.get(path).ok();
        }
        assert_eq!(counts("", None), [1, 1]);
        patch(server, &focal, LARACHE_1, &json!({"publication": "draft"})).ok();
        assert_eq!(changes(server)[3..], told("unpublished", [("milestones", 2), ("projects", 2), ("action_programs", 3)]));
        let feed = server.get("/api/v1/changes?since=1679").ok();
        assert!(feed["data"].as_array().unwrap().iter().all(|change| change["data"].is_null()), "nothing withdrawn is replayed: {feed}");
        server.get(LARACHE_1).problem(404, "not_found");
        // Published again, its versions go on from the last ones that anybody has seen.
        patch(server, &focal, LARACHE_1, &json!({"publication": "published"})).ok();
        assert_eq!(changes(server)[6..], told("created", [("action_programs", 4), ("projects", 3), ("milestones", 3)]));
        for (path, version) in [(LARACHE_1, 4), (at.as_str(), 3), (step.as_str(), 3)] {
            assert_eq!(server.get(path).ok()["version"], version, "{path}");
        }
    }

    fn who_speaks_for_another_member_writes_nothing(server) {
        let (focal, martil) = (server.account(Role::FocalPoint), Account::new(&server.db, Role::FocalPoint, Some("commune-martil")));
        post(server, &martil, PROGRAMS, &programme(1, "draft")).problem(403, "not_your_member");
        let path = brought_to(server, &focal, 1, "2024-01-01", "co_creation");
        let before = server.get(&path).ok();
        patch(server, &martil, &path, &json!({"title": {"fr": "x"}})).problem(403, "not_your_member");
        post(server, &martil, &format!("{path}/transitions"), &json!({"to": "consultation", "on": "2024-01-01"})).problem(403, "not_your_member");
        server.send("DELETE", &path, &[martil.header(), ("If-Match", "*")]).problem(403, "not_your_member");
        let project = json!({"program": "commune-larache-cycle-1", "title": {"fr": "x"}});
        post(server, &martil, "/api/v1/projects", &project).problem(403, "not_your_member");
        assert_eq!(server.get(&path).ok(), before);
    }

    fn the_same_request_twice_has_one_effect_and_a_stale_one_none(server) {
        let focal = server.account(Role::FocalPoint);
        let key = ("Idempotency-Key", "3a1f5f0e-1f6c-4c1d-9d38-3f0a8a1c5e77");
        let send = |body: &Value| server.json("POST", PROGRAMS, &[focal.header(), key], body);
        let (first, again) = (send(&programme(1, "published")), send(&programme(1, "published")));
        assert_eq!((first.status, again.status, again.header("idempotency-replayed")), (201, 201, Some("true")));
        assert_eq!(first.json(), again.json());
        send(&programme(2, "published")).problem(422, "idempotency_key_reused");
        let tag = first.header("etag").unwrap();
        server.json("PATCH", LARACHE_1, &[focal.header()], &json!({})).problem(428, "precondition_required");
        let same = server.json("PATCH", LARACHE_1, &[focal.header(), ("If-Match", tag)], &json!({"title": {"fr": "Larache ouverte"}, "axes": first.json()["axes"]}));
        assert_eq!((same.ok()["version"].clone(), same.header("etag")), (json!(1), Some(tag)));
        let changed = server.json("PATCH", LARACHE_1, &[focal.header(), ("If-Match", tag)], &json!({"summary": null}));
        assert_eq!(changed.ok()["version"], 2);
        server.json("PATCH", LARACHE_1, &[focal.header(), ("If-Match", tag)], &json!({"source": "x"})).problem(412, "precondition_failed");
        assert_eq!(changes(server).len(), 2);
    }

    fn axes_keep_their_identity_and_those_in_use_stay(server) {
        let focal = server.account(Role::FocalPoint);
        let made = post(server, &focal, PROGRAMS, &programme(1, "published")).json();
        let (budget, youth) = (made["axes"][0]["id"].clone(), made["axes"][1]["id"].clone());
        let project = json!({"program": "commune-larache-cycle-1", "title": {"fr": "x"}, "axis_id": youth});
        assert_eq!(post(server, &focal, "/api/v1/projects", &project).status, 201);
        let turned = json!({"axes": [
            {"id": youth, "title": {"fr": "Les jeunes"}, "principles": ["citizen-participation"]},
            {"title": {"fr": "Eau"}},
            {"id": budget, "title": {"fr": "Budget"}},
        ]});
        let after = patch(server, &focal, LARACHE_1, &turned).ok();
        assert_eq!((&after["axes"][0]["id"], &after["axes"][2]["id"]), (&youth, &budget));
        assert_eq!(after["axes"][2]["principles"], json!([]));
        assert_eq!(server.get("/api/v1/projects?principle=citizen-participation&count=exact").ok()["page"]["total"], 1);
        let problem = patch(server, &focal, LARACHE_1, &json!({"axes": [{"id": budget, "title": {"fr": "Budget"}}]})).problem(409, "not_now");
        assert_eq!(codes(&problem), ["axis_in_use"]);
        let left = patch(server, &focal, LARACHE_1, &json!({"axes": [{"id": youth, "title": {"fr": "x"}}]})).ok();
        assert_eq!(left["axes"].as_array().unwrap().len(), 1);
    }

    fn a_deleted_draft_leaves_tombstones_and_a_member_with_programmes_stays(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let made = post(server, &focal, PROGRAMS, &programme(1, "published"));
        let project = post(server, &focal, "/api/v1/projects", &json!({"program": "commune-larache-cycle-1", "title": {"fr": "x"}}));
        let milestones = format!("{}/milestones", project.header("location").unwrap());
        post(server, &focal, &milestones, &json!({"title": {"fr": "x"}, "due_on": "2024-01-01"}));
        let larache = server.get("/api/v1/members/commune-martil");
        assert_eq!(larache.status, 200);
        let member = post(server, &secretary, "/api/v1/members", &json!({"kind": "municipality", "territory_code": "01.331.01.01",
            "name": {"fr": "X"}, "status": "candidate", "provenance": "official", "source": "s"}));
        let slug = member.json()["slug"].clone();
        let mut other = programme(1, "draft");
        other["member"] = slug;
        assert_eq!(post(server, &secretary, PROGRAMS, &other).status, 201);
        let gone = server.send("DELETE", member.header("location").unwrap(), &[secretary.header(), ("If-Match", "*")]);
        assert_eq!(codes(&gone.problem(409, "not_now")), ["has_unpublished"], "who deletes members is told nothing of drafts");
        let deleted = server.send("DELETE", LARACHE_1, &[focal.header(), ("If-Match", made.header("etag").unwrap())]);
        assert_eq!(deleted.status, 204);
        let told = changes(server);
        let deleted: Vec<(&str, i64)> = told.iter().filter(|(_, op, _)| op == "deleted").map(|(resource, _, version)| (resource.as_str(), *version)).collect();
        assert_eq!(deleted, [("milestones", 2), ("projects", 2), ("action_programs", 2)], "what belongs to something goes before it");
        server.get(LARACHE_1).problem(404, "not_found");
        assert_eq!(server.get("/api/v1/projects?count=exact").ok()["page"]["total"], 0);
    }

    fn the_schema_itself_refuses_two_implementations_and_missing_decisions(server) {
        let focal = server.account(Role::FocalPoint);
        brought_to(server, &focal, 1, "2024-01-01", "implementation");
        brought_to(server, &focal, 2, "2026-06-01", "adopted");
        for sql in [
            "UPDATE action_program SET stage = 'implementation' WHERE cycle = 2",
            "UPDATE action_program SET decision_reference = NULL",
            "UPDATE action_program SET publication = 'draft'",
            "UPDATE action_program SET implementation_until = '2020-01-01'",
            "UPDATE project SET milestones_done = 1",
            "UPDATE project SET budget_currency = 'MAD'",
        ] {
            assert!(server.execute(sql).is_err(), "{sql}");
        }
    }
}

/// Rows of a list, over all pages.
pub fn all(server: &TestServer, path: &str) -> Vec<Value> {
    let (mut rows, mut next) = (Vec::new(), Some(String::new()));
    while let Some(cursor) = next {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = server.get(&format!("{path}{separator}limit=200{cursor}")).ok();
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        next = page["page"]["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
    }
    rows
}

on_both_demonstrations! {
    fn every_filter_finds_what_it_names_and_nothing_else(server) {
        let everything = all(server, PROGRAMS);
        assert!(everything.len() > 70);
        for stage in ["draft", "co_creation", "consultation", "validated", "adopted", "implementation", "evaluation", "closed", "cancelled"] {
            assert!(everything.iter().any(|row| row["stage"] == stage), "{stage}");
        }
        let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let check = |query: &str, fits: &dyn Fn(&Value) -> bool| {
            let expected: Vec<Value> = everything.iter().filter(|row| fits(row)).cloned().collect();
            assert!(!expected.is_empty() && expected.len() < everything.len(), "{query} tells nothing apart");
            assert_eq!(ids(&all(server, &format!("{PROGRAMS}?{query}"))), ids(&expected), "{query}");
        };
        let has_principle = |row: &Value, principle: &str| row["axes"].as_array().unwrap().iter().any(|axis| axis["principles"].as_array().unwrap().contains(&json!(principle)));
        check("member=commune-agadir,commune-fnideq", &|row| row["member"] == "commune-agadir" || row["member"] == "commune-fnideq");
        check("region=01", &|row| row["region_code"] == "01");
        check("stage=closed,cancelled", &|row| row["stage"] == "closed" || row["stage"] == "cancelled");
        check("cycle=2", &|row| row["cycle"] == 2);
        check("principle=accountability", &|row| has_principle(row, "accountability"));
        check("commitment=visibility,territorial-synergy", &|row| row["commitments"].as_array().unwrap().iter().any(|c| c == "visibility" || c == "territorial-synergy"));
        check("provenance=official", &|row| row["provenance"] == "official");
        check("q=tetouan", &|row| row["member"] == "commune-tetouan");
        let region = everything.iter().find(|row| row["stage"] == "closed").unwrap()["region_code"].as_str().unwrap();
        check(&format!("region={region}&stage=closed&cycle=1"), &|row| row["region_code"] == region && row["stage"] == "closed" && row["cycle"] == 1);
        let titles = |path: &str| all(server, path).iter().map(|row| row["title"]["fr"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let (up, down) = (titles(&format!("{PROGRAMS}?sort=title_fr")), titles(&format!("{PROGRAMS}?sort=-title_fr")));
        assert_eq!((up.len(), up.iter().rev().collect::<Vec<_>>()), (everything.len(), down.iter().collect()));
        assert_eq!(titles(&format!("{PROGRAMS}?sort=title_ar")).len(), everything.len());
        let csv = server.get(&format!("{PROGRAMS}?format=csv&limit=200&cycle=2"));
        assert!(csv.text().starts_with("slug,member,region_code,cycle,title_fr"));
        server.get(&format!("{PROGRAMS}?format=csv&include=projects")).problem(400, "invalid_parameter");
        server.get(&format!("{PROGRAMS}?cycle=0")).problem(400, "invalid_parameter");
        server.get(&format!("{PROGRAMS}?stgae=closed")).problem(400, "unknown_parameter");
    }

    fn projects_and_milestones_come_along_with_a_fixed_number_of_statements(server) {
        let statements = |path: &str| {
            let before = server.db.query_count();
            let answer = server.get_with(path, &[("Cache-Control", "no-cache")]).ok();
            (answer, server.db.query_count() - before)
        };
        // Past the question for the current edition.
        let counted = |path: &str| (0..3).map(|_| statements(path)).min_by_key(|(_, count)| *count).unwrap();
        let slug = all(server, &format!("{PROGRAMS}?stage=closed"))[0]["slug"].as_str().unwrap().to_owned();
        let (one, count) = counted(&format!("{PROGRAMS}/{slug}?include=projects,milestones"));
        let projects = one["included"]["projects"].as_array().unwrap();
        assert!(projects.len() >= 3 && projects.iter().all(|project| project["program"] == slug));
        assert_eq!(one["included"]["milestones"].as_array().unwrap().len(), projects.len() * 4);
        assert_eq!(projects[0]["computed"]["status"], "completed");
        assert!(count <= 5, "{count}");
        let (page, of_page) = counted(&format!("{PROGRAMS}?limit=50&include=projects,milestones"));
        assert_eq!(page["data"].as_array().unwrap().len(), 50);
        assert!(of_page <= 5, "{of_page}");
        let (only, _) = counted(&format!("{PROGRAMS}/{slug}?include=milestones"));
        assert!(only["included"]["projects"].is_null() && only["included"]["milestones"].is_array());
        let plain = server.get(&format!("{PROGRAMS}/{slug}"));
        assert!(plain.ok()["included"].is_null());
        let again = server.get_with(&format!("{PROGRAMS}/{slug}"), &[("If-None-Match", plain.header("etag").unwrap())]);
        assert_eq!(again.status, 304);
    }
}
