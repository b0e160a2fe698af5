//! Action programmes once others have a part in them: what is finished stays finished through every move, and nobody takes
//! back what the public, evaluators or the history have to say.

use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    action_programs::{LARACHE_1, PROGRAMS, brought_to, patch, post, programme},
    consultations::{day, open_round, with},
    support::{TestServer, accounts::Account, on_both},
};

const PROJECTS: &str = "/api/v1/projects";

fn codes(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap()).collect()
}

/// Gives the only project of the only programme a milestone that is done; returns the project's address.
fn finish_project(server: &TestServer, who: &Account) -> String {
    let found = server.get_with(&format!("{PROJECTS}?publication=all"), &[who.header()]).ok();
    let path = found["data"][0]["links"]["self"].as_str().unwrap().to_owned();
    let done = json!({"title": {"fr": "Fait"}, "due_on": "2024-01-31", "done_on": "2024-01-30"});
    assert_eq!(post(server, who, &format!("{path}/milestones"), &done).status, 201);
    path
}

fn remove(server: &TestServer, who: &Account, path: &str) -> crate::support::client::Answer {
    server.send("DELETE", path, &[who.header(), ("If-Match", "*")])
}

on_both! {
    fn a_finished_project_stays_finished_through_every_move(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let path = brought_to(server, &focal, 1, "2024-01-01", "implementation");
        let project = finish_project(server, &focal);
        let status = || server.get(&project).ok()["computed"]["status"].clone();
        assert_eq!(status(), "completed");
        let steps = format!("{path}/transitions");
        for (to, on, then) in [
            ("evaluation", "2026-01-12", "completed"),
            ("cancelled", "2026-01-13", "cancelled"),
            ("evaluation", "2026-01-14", "completed"),
            ("closed", "2026-04-20", "completed"),
        ] {
            let answer = post(server, &secretary, &steps, &json!({"to": to, "on": on, "reason": "x"}));
            assert_eq!((answer.status, status()), (200, json!(then)), "{to}: {}", answer.text());
        }
    }

    fn a_draft_with_a_finished_project_is_published_and_says_that_it_changed(server) {
        let focal = server.account(Role::FocalPoint);
        post(server, &focal, PROGRAMS, &programme(1, "draft"));
        post(server, &focal, PROJECTS, &json!({"program": "commune-larache-cycle-1", "title": {"fr": "Budget"}}));
        let project = finish_project(server, &focal);
        let before = server.get_with(&project, &[focal.header()]).ok();
        let program = patch(server, &focal, LARACHE_1, &json!({"publication": "published"})).ok();
        let after = server.get(&project).ok();
        assert_eq!(after["computed"]["status"], "completed");
        // Who asks what changed since finds all that became visible.
        assert_ne!(after["updated_at"], before["updated_at"]);
        let since = program["updated_at"].as_str().unwrap();
        for list in [PROJECTS.to_owned(), format!("{project}/milestones")] {
            assert_eq!(server.get(&format!("{list}?updated_since={since}&count=exact")).ok()["page"]["total"], 1, "{list}");
        }
    }

    fn an_implementation_does_not_run_before_its_first_day(server) {
        let focal = server.account(Role::FocalPoint);
        let path = brought_to(server, &focal, 1, &day(-10), "adopted");
        patch(server, &focal, &path, &json!({"implementation_from": day(1)})).ok();
        // The year is not over, and what lies ahead in it has not happened.
        let this_year = json!({"to": "implementation", "on": format!("{}-01-01", &day(0)[..4]), "on_precision": "year"});
        let refused = post(server, &focal, &format!("{path}/transitions"), &this_year);
        assert!(codes(&refused.problem(409, "not_now")).contains(&"not_begun"));
        patch(server, &focal, &path, &json!({"implementation_from": day(0)})).ok();
        post(server, &focal, &format!("{path}/transitions"), &json!({"to": "implementation", "on": day(0)})).ok();
        let refused = patch(server, &focal, &path, &json!({"implementation_from": day(1)})).problem(409, "not_now");
        assert_eq!((codes(&refused), &refused["errors"][0]["pointer"]), (vec!["not_begun"], &json!("/implementation_from")));
    }

    fn who_moved_back_to_draft_neither_deletes_nor_hides_what_others_said(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let path = brought_to(server, &focal, 1, "2024-01-01", "adopted");
        let inception = json!({"kind": "inception", "evaluated_on": "2024-02-01", "publication": "published",
        "answers": [{"question": {"fr": "Q"}, "answer": "partly", "explanation": {"fr": "R"}}]});
        let said = post(server, &secretary, &format!("{path}/evaluations"), &inception);
        assert_eq!(said.status, 201, "{}", said.text());
        post(server, &secretary, &format!("{path}/transitions"), &json!({"to": "draft", "on": "2024-03-01", "reason": "x"})).ok();
        let mut expected = vec!["has_evaluations", "has_moved"];
        let refused = |expected: &[&str]| {
            let gone = remove(server, &focal, &path).problem(409, "not_now");
            let hidden = patch(server, &focal, &path, &json!({"publication": "draft"})).problem(409, "not_now");
            assert_eq!((codes(&gone), codes(&hidden)), (expected.to_vec(), expected.to_vec()));
        };
        refused(&expected);
        let round = post(server, &focal, "/api/v1/consultations", &open_round()).header("location").unwrap().to_owned();
        let headers = [("Idempotency-Key", "an-idea-that-nobody-guesses")];
        let sent = server.json("POST", &format!("{round}/contributions"), &headers, &json!({"text": "x", "language": "fr"}));
        assert_eq!(sent.status, 201, "{}", sent.text());
        expected.insert(0, "has_contributions");
        refused(&expected);
        server.get(said.header("location").unwrap()).ok();
    }

    fn what_the_council_adopted_is_not_taken_away_because_it_is_late(server) {
        let focal = server.account(Role::FocalPoint);
        let path = brought_to(server, &focal, 1, "2024-01-01", "validated");
        let project = server.get(PROJECTS).ok()["data"][0]["links"]["self"].as_str().unwrap().to_owned();
        let step = |title: &str| {
            let body = json!({"title": {"fr": title}, "due_on": "2024-01-31"});
            post(server, &focal, &format!("{project}/milestones"), &body).header("location").unwrap().to_owned()
        };
        let (first, second) = (step("Un"), step("Deux"));
        assert_eq!(remove(server, &focal, &first).status, 204);
        post(server, &focal, &format!("{path}/transitions"), &json!({"to": "adopted", "on": "2024-01-01"})).ok();
        assert_eq!(codes(&remove(server, &focal, &second).problem(409, "not_now")), ["adopted"]);
    }

    fn a_programme_has_a_bounded_number_of_projects(server) {
        let focal = server.account(Role::FocalPoint);
        post(server, &focal, PROGRAMS, &programme(1, "published"));
        let import = |rows: std::ops::Range<u32>| {
            let rows: Vec<Value> = rows.map(|number| json!({"program": "commune-larache-cycle-1", "code": format!("x{number}"), "title_fr": "x"})).collect();
            server.json("POST", "/api/v1/imports?resource=projects&dry_run=false", &[focal.header()], &json!(rows))
        };
        assert_eq!(codes(&import(0..101).problem(422, "invalid_content")), ["too_many"]);
        assert_eq!(import(0..99).status, 201);
        let one = json!({"program": "commune-larache-cycle-1", "title": {"fr": "x"}});
        assert_eq!(post(server, &focal, PROJECTS, &with(one.clone(), &json!({"code": "p4294967295"}))).status, 201);
        assert_eq!(codes(&post(server, &focal, PROJECTS, &one).problem(409, "not_now")), ["too_many"]);
        assert_eq!(codes(&import(50..102).problem(422, "invalid_content")), ["too_many"; 3]);
    }

    fn a_project_without_a_code_gets_one_that_is_free(server) {
        let focal = server.account(Role::FocalPoint);
        post(server, &focal, PROGRAMS, &programme(1, "published"));
        let add = |code: Option<&str>| {
            let body = json!({"program": "commune-larache-cycle-1", "code": code, "title": {"fr": "x"}});
            let answer = post(server, &focal, PROJECTS, &body);
            assert_eq!(answer.status, 201, "{}", answer.text());
            answer.json()["code"].as_str().unwrap().to_owned()
        };
        let codes = [Some("p4294967295"), None, Some("p4"), None].map(add);
        assert_eq!(codes, ["p4294967295", "p2", "p4", "p5"]);
    }

    fn a_member_that_has_left_begins_nothing_and_is_sent_nothing(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        post(server, &focal, PROGRAMS, &programme(1, "published"));
        let round = post(server, &focal, "/api/v1/consultations", &open_round()).header("location").unwrap().to_owned();
        let gone = json!({"to": "withdrawn", "on": day(0), "reason": "x"});
        post(server, &secretary, "/api/v1/members/commune-larache/transitions", &gone).ok();
        let again = post(server, &secretary, PROGRAMS, &programme(2, "published"));
        assert_eq!(codes(&again.problem(409, "not_now")), ["member_left"]);
        let headers = [("Idempotency-Key", "an-idea-that-nobody-guesses")];
        let sent = server.json("POST", &format!("{round}/contributions"), &headers, &json!({"text": "x", "language": "fr"}));
        assert_eq!(codes(&sent.problem(409, "not_now")), ["member_left"]);
    }

    fn a_list_that_brings_projects_along_is_of_its_day(server) {
        let focal = server.account(Role::FocalPoint);
        brought_to(server, &focal, 1, "2024-01-01", "implementation");
        let tag = |path: &str| server.get(path).header("etag").unwrap().to_owned();
        let with_projects = format!("{PROGRAMS}?include=projects");
        let today = [tag(PROGRAMS), tag(&with_projects)];
        server.db.clock().set(remacto::kernel::clock::now() + chrono::Days::new(1));
        // Tomorrow the same projects stand differently, and the programmes as today.
        assert_eq!(tag(PROGRAMS), today[0]);
        assert_ne!(tag(&with_projects), today[1]);
    }
}
