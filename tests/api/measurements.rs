//! Measurements: reported by one, approved or returned by another, corrected in public, and settled with their period.

use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    action_programs::{patch, post},
    indicators::{SERVICES, made, own_definition, services, with},
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both},
    together::at_once,
};

pub const LIST: &str = "/api/v1/measurements";
const SLUG: &str = "commune-larache-openness-norms-services-fully-online";

/// An evaluator who has been assigned Larache.
pub fn evaluator(server: &TestServer) -> Account {
    let (evaluator, administrator) =
        (Account::of(&server.db, Role::Evaluator, None, Some("Association X")), server.account(Role::Administrator));
    let (path, body) = (format!("/api/v1/clients/{}", evaluator.id), json!({"assigned_members": ["commune-larache"]}));
    server.json("PATCH", &path, &[administrator.header(), ("If-Match", "*")], &body).ok();
    evaluator
}

pub fn review(server: &TestServer, who: &Account, path: &str, body: &Value) -> Answer {
    server.json("POST", &format!("{path}/review"), &[who.header(), ("If-Match", "*")], body)
}

/// Reports something that is approved then; returns its address.
pub fn approved(server: &TestServer, (who, other): (&Account, &Account), body: &Value) -> String {
    let reported = post(server, who, LIST, &with(body.clone(), &json!({"submit": true})));
    assert_eq!(reported.status, 201, "{}", reported.text());
    let path = reported.header("location").unwrap().to_owned();
    review(server, other, &path, &json!({"verdict": "approve"})).ok();
    path
}

fn half(period: &str, numerator: i64) -> Value {
    json!({"indicator": SLUG, "period": period, "numerator": numerator, "denominator": 60})
}

fn codes(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect()
}

fn told(server: &TestServer) -> Vec<String> {
    let feed = server.get("/api/v1/changes?since=1679&resource=measurements").ok();
    feed["data"].as_array().unwrap().iter().map(|change| change["op"].as_str().unwrap().to_owned()).collect()
}

fn standing(server: &TestServer) -> Value {
    server.get(SERVICES).ok()["computed"].clone()
}

on_both! {
    fn what_one_reports_is_public_when_another_has_approved_it(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        made(server, &focal, &services("published"));
        let answer = post(server, &focal, LIST, &with(half("2025-H1", 45), &json!({"note": {"fr": "Sans le port"}, "evidence": [{"title": {"fr": "Rapport"}, "url": "https://x.example/r.pdf"}]})));
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_documented("createMeasurement", &answer);
        let draft = answer.json();
        assert_eq!((&draft["value"], &draft["report"]["value"], &draft["report"]["state"]), (&Value::Null, &json!(75), &json!("draft")), "a ratio is computed");
        let path = draft["links"]["self"].as_str().unwrap();
        let hidden = |who: &Account| server.get_with(path, &[who.header()]).status;
        let martil = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        server.get(path).problem(404, "not_found");
        assert_eq!([hidden(&focal), hidden(&other), hidden(&martil), hidden(&server.account(Role::Evaluator))], [200, 404, 404, 404]);
        assert_eq!((told(server).len(), server.get(&format!("{LIST}?count=exact")).ok()["page"]["total"].clone()), (0, json!(0)));
        review(server, &other, path, &json!({"verdict": "approve"})).problem(404, "not_found");
        assert_eq!(codes(&review(server, &server.account(Role::Secretariat), path, &json!({"verdict": "approve"})).problem(409, "not_now")), [("", "not_submitted")]);
        patch(server, &focal, path, &json!({"submit": true})).ok();
        review(server, &focal, path, &json!({"verdict": "approve"})).problem(403, "forbidden");
        review(server, &server.account(Role::Evaluator), path, &json!({"verdict": "approve"})).problem(404, "not_found");
        assert_eq!(codes(&review(server, &other, path, &json!({"verdict": "return"})).problem(422, "invalid_content")), [("/note", "missing_value")]);
        let returned = review(server, &other, path, &json!({"verdict": "return", "note": "Count the port"}));
        assert_documented("reviewMeasurement", &returned);
        assert_eq!((&returned.ok()["report"]["state"], &returned.ok()["report"]["review_note"]), (&json!("returned"), &json!("Count the port")));
        let again = patch(server, &focal, path, &json!({"numerator": 48, "submit": true}));
        assert_documented("updateMeasurement", &again);
        assert_eq!(again.ok()["report"]["value"], 80);
        review(server, &other, path, &json!({"verdict": "approve"})).ok();
        let public = server.get(path);
        assert_documented("getMeasurement", &public);
        let public = public.ok();
        assert_eq!((&public["value"], &public["numerator"], &public["report"], &public["evidence"][0]["url"]), (&json!(80), &json!(48), &Value::Null, &json!("https://x.example/r.pdf")));
        assert_eq!((&public["from"], &public["until"], &public["due_on"], &public["reported_in_time"]), (&json!("2025-01-01"), &json!("2025-06-30"), &json!("2025-08-29"), &json!(false)));
        assert_eq!(server.get_with(path, &[focal.header()]).ok(), public, "what is published reads the same for all");
        server.get(&format!("{path}?report=true")).problem(401, "unauthenticated");
        let own = server.get_with(&format!("{path}?report=true"), &[focal.header()]);
        assert_eq!((&own.ok()["report"]["state"], own.header("cache-control")), (&json!("approved"), Some("no-store")));
        assert_eq!(told(server), ["created"]);
        let computed = standing(server);
        assert_eq!((&computed["latest_value"], &computed["latest_period"], &computed["target"]["value"]), (&json!(80), &json!("2025-H1"), &json!(90)));
        assert_eq!((&computed["progress"], &computed["target_met"]), (&json!(0.666_667), &json!(false)));
        server.send("DELETE", path, &[focal.header(), ("If-Match", "*")]).problem(409, "not_now");
        server.send("DELETE", SERVICES, &[focal.header(), ("If-Match", "*")]).problem(409, "not_now");
        assert_eq!(codes(&patch(server, &focal, SERVICES, &json!({"publication": "draft"})).problem(409, "not_now")), [("", "has_measurements")]);
        assert!(server.get("/api/v1/exports/measurements.csv").text().contains(",80,48,60,"));
        assert_eq!(server.get("/api/v1/changes/digest?resource=measurements").ok()["count"], 1);
    }

    fn shares_are_compared_before_they_are_rounded_and_days_end_in_morocco(server) {
        let set_clock = |moment: &str| server.db.clock().set(moment.parse().unwrap());
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        // A report is in time until the day on which it is due is over in Morocco.
        let in_time = |moment: &str, period: &str| {
            set_clock(moment);
            let path = approved(server, (&focal, &other), &half(period, 30));
            server.get(&path).ok()["reported_in_time"].clone()
        };
        set_clock("2024-08-29T12:00:00Z");
        let aims = json!({"baseline": {"value": 0, "on": "2023-12-31"}, "targets": [{"value": 100, "on": "2025-07-02"}]});
        made(server, &focal, &with(services("published"), &aims));
        assert_eq!(in_time("2024-08-29T22:30:00Z", "2024-H1"), true);
        assert_eq!(in_time("2025-01-31T12:00:00Z", "2024-H2"), true);
        let found = standing(server);
        // Half of the way, after two thirds of the time: three quarters of what is expected, exactly.
        assert_eq!((&found["progress"], &found["progress_expected"], &found["status"]), (&json!(0.5), &json!(0.666_667), &json!("at_risk")));
        assert_eq!(found["computed_on"], "2025-01-31");
        patch(server, &focal, SERVICES, &json!({"targets": [{"value": 100.000_001, "on": "2025-07-02"}]})).ok();
        assert_eq!(standing(server)["status"], "off_track");
        assert_eq!(in_time("2025-08-29T23:30:00Z", "2025-H1"), false);
    }

    fn a_correction_keeps_what_was_seen_and_says_why(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        made(server, &focal, &services("published"));
        let path = approved(server, (&focal, &other), &half("2025-H1", 45));
        let silent = patch(server, &focal, &path, &json!({"numerator": 44})).problem(422, "invalid_content");
        assert_eq!(codes(&silent), [("/reason", "reason_missing")]);
        let correction = json!({"numerator": 44, "reason": "One service was counted twice", "submit": true});
        let pending = patch(server, &focal, &path, &correction).ok();
        assert_eq!((&pending["value"], &pending["report"]["value"], &pending["report"]["state"]), (&json!(75), &json!(73.333_333), &json!("submitted")));
        assert_eq!((&server.get(&path).ok()["value"], &standing(server)["latest_value"]), (&json!(75), &json!(75)), "until it is approved, too");
        review(server, &other, &path, &json!({"verdict": "approve"})).ok();
        let now = server.get(&path).ok();
        assert_eq!((&now["value"], &now["revision"], &standing(server)["latest_value"]), (&json!(73.333_333), &json!(1), &json!(73.333_333)));
        let revisions = server.get(&format!("{path}/revisions"));
        assert_documented("listMeasurementRevisions", &revisions);
        let former = &revisions.ok()["data"][0];
        assert_eq!((&former["number"], &former["value"], &former["role"], &former["reason"]), (&json!(1), &json!(75), &json!("focal_point"), &json!("One service was counted twice")));
        assert_eq!(told(server), ["created", "updated"]);
        let version = now["version"].clone();
        assert_eq!(patch(server, &focal, &path, &json!({"numerator": 44})).ok()["version"], version, "a change that changes nothing");
    }

    fn nobody_reviews_their_own_report_whatever_their_role(server) {
        let (secretary, colleague) = (server.account(Role::Secretariat), server.account(Role::Secretariat));
        made(server, &secretary, &with(own_definition(), &json!({"code": "x"})));
        let body = json!({"indicator": "network-x", "period": "2025-Q1", "value": 3, "submit": true});
        let path = post(server, &secretary, LIST, &body).header("location").unwrap().to_owned();
        assert_eq!(codes(&review(server, &secretary, &path, &json!({"verdict": "approve"})).problem(409, "not_now")), [("", "own_report")]);
        review(server, &evaluator(server), &path, &json!({"verdict": "approve"})).problem(404, "not_found");
        review(server, &colleague, &path, &json!({"verdict": "approve"})).ok();
        post(server, &server.account(Role::FocalPoint), LIST, &with(body, &json!({"period": "2025-Q2"}))).problem(403, "forbidden");
    }

    fn what_does_not_fit_the_definition_is_said_with_its_place(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        made(server, &focal, &services("published"));
        made(server, &focal, &with(own_definition(), &json!({"member": "commune-larache", "commitment": "visibility"})));
        let refused = |body: Value| post(server, &focal, LIST, &body).problem(422, "invalid_content");
        assert_eq!(codes(&refused(half("2025-Q1", 1))), [("/period", "wrong_frequency")]);
        assert_eq!(codes(&refused(half("2199-H1", 1))), [("/period", "not_over")]);
        assert_eq!(codes(&refused(json!({"indicator": SLUG, "period": "2025-H1", "value": 75}))), [("/denominator", "missing_value"), ("/numerator", "missing_value")]);
        assert_eq!(codes(&refused(with(half("2025-H1", 45), &json!({"value": 76})))), [("/value", "computed_value")]);
        assert_eq!(codes(&refused(with(half("2025-H1", 45), &json!({"indicator": "nowhere"})))), [("/indicator", "unknown_indicator")]);
        let trees = |other: Value| with(json!({"indicator": "commune-larache-visibility-arbres", "period": "2025-Q1", "value": 10}), &other);
        let parts = |women: i64| json!({"disaggregation": {"sex": {"women": women, "men": 4}}});
        let unfit = refused(trees(parts(7)));
        assert!(codes(&unfit)[0].0.starts_with("/disaggregation/sex"), "{unfit}");
        let unknown = refused(trees(json!({"disaggregation": {"age": {"old": 1}}})));
        assert_eq!(codes(&unknown), [("/disaggregation/age", "unknown_dimension")]);
        let path = approved(server, (&focal, &other), &trees(parts(6)));
        assert_eq!(server.get(&path).ok()["disaggregation"]["sex"], json!({"women": 6, "men": 4}));
        assert!(post(server, &focal, LIST, &trees(json!({}))).problem(409, "already_exists")["errors"][0]["detail"].as_str().unwrap().contains(&path));
        let bad = with(half("2025-H1", 45), &json!({"evidence": [{"title": {}, "url": "x", "sha256": "AB"}]}));
        assert_eq!(codes(&refused(bad)).len(), 3);
        post(server, &focal, LIST, &with(half("2025-H1", 45), &json!({"period": "2025-Q9"}))).problem(400, "invalid_body");
    }

    fn a_locked_period_takes_nothing(server) {
        let (focal, other, secretary) = (server.account(Role::FocalPoint), evaluator(server), server.account(Role::Secretariat));
        made(server, &focal, &services("published"));
        let path = approved(server, (&focal, &other), &half("2025-H1", 45));
        let pending = post(server, &focal, LIST, &with(half("2024-H2", 40), &json!({"submit": true}))).header("location").unwrap().to_owned();
        let period = |code: &str| format!("/api/v1/reporting-periods/{code}");
        let untouched = server.get(&period("2025-H1"));
        assert_documented("getReportingPeriod", &untouched);
        assert_eq!((&untouched.ok()["state"], &untouched.ok()["version"], &untouched.ok()["due_on"]), (&json!("open"), &json!(1), &json!("2025-08-29")));
        for code in ["2025-H1", "2024-H2"] {
            let locked = server.json("PATCH", &period(code), &[secretary.header(), ("If-Match", "\"1-json\"")], &json!({"state": "locked", "reason": "The report is out"}));
            assert_documented("updateReportingPeriod", &locked);
            assert_eq!((&locked.ok()["state"], &locked.ok()["version"]), (&json!("locked"), &json!(2)));
        }
        let settled = |answer: Answer| assert_eq!(codes(&answer.problem(409, "not_now")), [("/period", "period_locked")]);
        settled(patch(server, &focal, &path, &json!({"numerator": 1, "reason": "x"})));
        settled(review(server, &other, &pending, &json!({"verdict": "approve"})));
        server.json("PATCH", &period("2025-H1"), &[secretary.header(), ("If-Match", "\"1-json\"")], &json!({"state": "open"})).problem(412, "precondition_failed");
        server.json("PATCH", &period("2025-H1"), &[focal.header(), ("If-Match", "*")], &json!({"state": "open"})).problem(403, "forbidden");
        patch(server, &secretary, &period("2024-H2"), &json!({"state": "open", "reason": null})).ok();
        review(server, &other, &pending, &json!({"verdict": "approve"})).ok();
        let listed = server.get("/api/v1/reporting-periods?frequency=half_yearly");
        assert_documented("listReportingPeriods", &listed);
        let states: Vec<(Value, Value)> = listed.ok()["data"].as_array().unwrap().iter().map(|p| (p["code"].clone(), p["state"].clone())).collect();
        assert!(states.contains(&(json!("2025-H1"), json!("locked"))) && states.contains(&(json!("2024-H2"), json!("open"))), "{states:?}");
        for code in ["2199-Q1", "1899-Q4", "x", "2025-Q5"] {
            server.get(&period(code)).problem(404, "not_found");
        }
        // Whatever can be reported can be settled; and why it was locked is not why it is open.
        patch(server, &secretary, &period("2012-H1"), &json!({"state": "locked", "reason": "Long ago"})).ok();
        assert_eq!(codes(&post(server, &focal, LIST, &half("2012-H1", 4)).problem(409, "not_now")), [("/period", "period_locked")]);
        assert_eq!(patch(server, &secretary, &period("2012-H1"), &json!({"state": "open"})).ok()["reason"], Value::Null);
        let trail = server.get_with("/api/v1/audit?resource=reporting_periods", &[server.account(Role::Administrator).header()]).ok();
        let reopened = trail["data"].as_array().unwrap().iter().find(|entry| entry["after"]["state"] == "open" && entry["resource_id"] == "2012-H1").unwrap();
        assert_eq!(reopened["before"], json!({"state": "locked", "reason": "Long ago"}));
        // What is wrong by itself is said before what is not the time for.
        assert_eq!(codes(&patch(server, &focal, &path, &json!({"numerator": 44})).problem(422, "invalid_content")), [("/reason", "reason_missing")]);
        let of_locked = post(server, &secretary, &format!("{path}/review"), &json!({"verdict": "approve"}));
        of_locked.problem(428, "precondition_required");
        assert_eq!(codes(&review(server, &other, &path, &json!({"verdict": "approve"})).problem(409, "not_now")), [("", "not_submitted"), ("/period", "period_locked")]);
    }

    fn reports_are_listed_for_those_who_report_and_review(server) {
        let (focal, other, secretary) = (server.account(Role::FocalPoint), evaluator(server), server.account(Role::Secretariat));
        made(server, &focal, &services("published"));
        approved(server, (&focal, &other), &half("2024-H2", 40));
        post(server, &focal, LIST, &with(half("2025-H1", 45), &json!({"submit": true})));
        let martil = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let seen = |query: &str, who: Option<&Account>| {
            let headers: Vec<_> = who.iter().map(|who| who.header()).collect();
            let answer = server.get_with(&format!("{LIST}?{query}"), &headers);
            assert_documented("listMeasurements", &answer);
            answer.ok()["data"].as_array().unwrap().iter().map(|row| row["period"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(seen("", None), ["2024-H2"]);
        assert_eq!(seen("state=submitted", Some(&focal)), ["2025-H1"]);
        assert_eq!(seen("state=submitted", Some(&other)), ["2025-H1"]);
        assert_eq!(seen("state=submitted,approved", Some(&secretary)).len(), 2);
        assert_eq!([seen("state=submitted", Some(&martil)).len(), seen("state=submitted", Some(&server.account(Role::Evaluator))).len()], [0, 0]);
        assert_eq!(seen(&format!("indicator={SLUG}&period=2024-H2&member=commune-larache"), None), ["2024-H2"]);
        assert_eq!(seen("period=2025-H1", None), Vec::<String>::new());
        server.get(&format!("{LIST}?state=submitted")).problem(401, "unauthenticated");
        server.get_with(&format!("{LIST}?state=draft"), &[server.account(Role::Partner).header()]).problem(403, "forbidden");
    }

    fn what_everybody_sees_changes_with_an_approval_only(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        made(server, &focal, &services("published"));
        let path = approved(server, (&focal, &other), &half("2025-H1", 45));
        let public = || {
            let fresh = [("Cache-Control", "no-cache")];
            let digest = server.get_with("/api/v1/changes/digest?resource=measurements&profile=mirror", &fresh).text().to_owned();
            let (one, list) = (server.get_with(&path, &fresh), server.get_with(LIST, &fresh));
            let tags = (one.header("etag").unwrap().to_owned(), list.header("etag").unwrap().to_owned());
            let export = server.get("/api/v1/exports/measurements.csv").text().to_owned();
            (digest, one.text().to_owned(), list.text().to_owned(), tags, export)
        };
        let before = public();
        let unseen = |what: &str| assert_eq!(public(), before, "{what}");
        let report = |who: &Account| server.get_with(&format!("{path}?report=true"), &[who.header()]);
        patch(server, &focal, &path, &json!({"numerator": 44, "reason": "Counted twice"})).ok();
        unseen("a draft");
        assert_eq!((report(&other).status, server.get_with(&format!("{LIST}?state=draft"), &[other.header()]).ok()["data"].as_array().unwrap().len()), (403, 0), "who reviews sees what is handed in");
        patch(server, &focal, &path, &json!({"submit": true})).ok();
        unseen("what is handed in");
        // Who reviews says what they have seen.
        let seen = report(&other);
        let (tag, version) = (seen.header("etag").unwrap().to_owned(), seen.ok()["report"]["version"].as_i64().unwrap());
        assert!(tag.starts_with(&format!("\"{version}-")), "{tag}");
        patch(server, &focal, &path, &json!({"numerator": 43})).ok();
        let judge = |tag: &str| server.json("POST", &format!("{path}/review"), &[other.header(), ("If-Match", tag)], &json!({"verdict": "return", "note": "x"}));
        judge(&tag).problem(412, "precondition_failed");
        judge(report(&other).header("etag").unwrap()).ok();
        unseen("what is returned");
        // Taking the correction back is no change either.
        let back = patch(server, &focal, &path, &json!({"numerator": 45})).ok();
        assert_eq!((&back["report"]["state"], &back["report"]["reason"]), (&json!("approved"), &Value::Null));
        unseen("what is taken back");
        patch(server, &focal, &path, &json!({"numerator": 42, "reason": "Counted twice", "submit": true})).ok();
        review(server, &other, &path, &json!({"verdict": "approve"})).ok();
        let after = server.get(&path).ok();
        assert_eq!((&after["version"], &after["value"]), (&json!(2), &json!(70)));
        assert_eq!((told(server), public() == before), (vec!["created".to_owned(), "updated".to_owned()], false));
        let martil = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        report(&martil).problem(403, "not_your_member");
    }

    fn nobody_approves_what_they_have_had_a_hand_in(server) {
        let (secretary, colleague, focal) = (server.account(Role::Secretariat), server.account(Role::Secretariat), server.account(Role::FocalPoint));
        made(server, &focal, &services("published"));
        let typed = post(server, &secretary, LIST, &half("2025-H1", 45)).header("location").unwrap().to_owned();
        patch(server, &focal, &typed, &json!({"submit": true})).ok();
        let own = |path: &str| assert_eq!(codes(&review(server, &secretary, path, &json!({"verdict": "approve"})).problem(409, "not_now")), [("", "own_report")]);
        own(&typed);
        review(server, &colleague, &typed, &json!({"verdict": "approve"})).ok();
        let submitted = post(server, &secretary, LIST, &with(half("2024-H2", 45), &json!({"submit": true}))).header("location").unwrap().to_owned();
        patch(server, &focal, &submitted, &json!({"note": {"fr": "Vu"}})).ok();
        own(&submitted);
        // Approved, everybody begins anew.
        review(server, &colleague, &submitted, &json!({"verdict": "approve"})).ok();
        patch(server, &focal, &submitted, &json!({"numerator": 1, "reason": "x", "submit": true})).ok();
        review(server, &secretary, &submitted, &json!({"verdict": "approve"})).ok();
    }

    fn a_reason_is_one_line_that_can_be_shown(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        made(server, &focal, &services("published"));
        let path = approved(server, (&focal, &other), &half("2025-H1", 45));
        for reason in ["a\u{0}b".to_owned(), "a\nb".to_owned(), "a\u{202e}b".to_owned(), "x".repeat(501)] {
            let refused = patch(server, &focal, &path, &json!({"numerator": 44, "reason": reason})).problem(422, "invalid_content");
            assert_eq!(codes(&refused), [("/reason", "invalid_value")]);
        }
        patch(server, &focal, &path, &json!({"numerator": 44, "reason": "Counted twice"})).ok();
        let gone = patch(server, &focal, &path, &json!({"reason": null})).problem(422, "invalid_content");
        assert_eq!(codes(&gone), [("/reason", "reason_missing")]);
    }

    fn a_correction_is_measured_by_the_definition_of_its_report(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        let of_trees = with(own_definition(), &json!({"member": "commune-larache", "commitment": "visibility"}));
        let address = made(server, &focal, &of_trees)["links"]["self"].as_str().unwrap().to_owned();
        let body = json!({"indicator": "commune-larache-visibility-arbres", "period": "2025-Q1", "value": 10});
        let path = approved(server, (&focal, &other), &body);
        patch(server, &focal, &address, &json!({"unit": "percent", "kind": "ratio", "frequency": "yearly"})).ok();
        let untouched = patch(server, &focal, &path, &json!({})).ok();
        assert_eq!((&untouched["report"]["state"], &untouched["report"]["definition_version"]), (&json!("approved"), &json!(1)));
        patch(server, &focal, &path, &json!({"value": 11, "reason": "One was forgotten", "submit": true})).ok();
        review(server, &other, &path, &json!({"verdict": "approve"})).ok();
        let corrected = server.get(&path).ok();
        assert_eq!((&corrected["value"], &corrected["definition_version"], &corrected["numerator"]), (&json!(11), &json!(1), &Value::Null));
        // What is reported anew is measured by the definition of now.
        let of_now = post(server, &focal, LIST, &with(body, &json!({"period": "2025-Q2"}))).problem(422, "invalid_content");
        assert!(codes(&of_now).contains(&("/period", "wrong_frequency")), "{of_now}");
        post(server, &focal, LIST, &json!({"indicator": "commune-larache-visibility-arbres", "period": "2024", "numerator": 1, "denominator": 2})).header("location").unwrap();
    }

    fn who_reviews_sees_no_report_of_what_is_hidden(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        made(server, &focal, &services("draft"));
        let path = post(server, &focal, LIST, &with(half("2025-H1", 45), &json!({"submit": true}))).header("location").unwrap().to_owned();
        assert_eq!(server.get_with(&format!("{LIST}?state=submitted"), &[other.header()]).ok()["data"], json!([]));
        server.get_with(&format!("{path}?report=true"), &[other.header()]).problem(404, "not_found");
        review(server, &other, &path, &json!({"verdict": "approve"})).problem(404, "not_found");
        review(server, &server.account(Role::Secretariat), &path, &json!({"verdict": "approve"})).ok();
    }

    fn the_same_report_twice_is_one_and_two_reviews_at_once_are_one(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        made(server, &focal, &services("published"));
        let send = || server.json("POST", LIST, &[focal.header(), ("Idempotency-Key", "k1")], &with(half("2025-H1", 45), &json!({"submit": true})));
        let (first, second) = (send(), send());
        assert_eq!((first.status, second.status, second.header("idempotency-replayed")), (201, 201, Some("true")));
        assert_eq!(first.json(), second.json());
        let path = first.header("location").unwrap();
        let instance = TestServer::over(server.target.clone(), &[]);
        let answers = at_once(2, |number| {
            let on = if number == 0 { server } else { &instance };
            review(on, &other, path, &json!({"verdict": "approve"}))
        });
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(told(server), ["created"]);
        let reports = at_once(2, |number| {
            let on = if number == 0 { server } else { &instance };
            post(on, &focal, LIST, &half("2024-H2", 40))
        });
        let mut statuses: Vec<u16> = reports.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "one report for a period");
    }
}
