//! Evaluations: every voice for itself, once, when there is something to say; side by side; drafts that nobody else sees.

use remacto::auth::{roles::Role, store};
use serde_json::{Value, json};

use crate::{
    openapi::assert_documented,
    support::{
        TestServer,
        accounts::{Account, OPERATOR},
        client::Answer,
        on_both, on_both_demonstrations,
    },
};

const PROGRAMS: &str = "/api/v1/action-programs";
const LARACHE: &str = "/api/v1/action-programs/commune-larache-cycle-1";
const LIST: &str = "/api/v1/action-programs/commune-larache-cycle-1/evaluations";

/// The stages on the way, with the days on which they are reached.
const WAY: [(&str, &str); 7] = [
    ("co_creation", "2023-03-01"),
    ("consultation", "2023-05-01"),
    ("validated", "2023-07-10"),
    ("adopted", "2023-10-02"),
    ("implementation", "2024-01-01"),
    ("evaluation", "2026-01-12"),
    ("closed", "2026-04-20"),
];

/// Makes a published programme of a member with one project, up to a stage; returns the project's id.
pub fn programme(server: &TestServer, member: &str, stage: &str) -> String {
    let secretary = server.account(Role::Secretariat);
    let program = json!({
        "member": member, "cycle": 1, "title": {"fr": "Programme", "ar": "برنامج"}, "publication": "published",
        "committee_validated_on": "2023-07-10", "council_session_on": "2023-10-02", "decision_reference": "41/2023",
        "implementation_from": "2024-01-01",
    });
    let made = server.json("POST", PROGRAMS, &[secretary.header()], &program);
    assert_eq!(made.status, 201, "{}", made.text());
    let slug = made.json()["slug"].as_str().unwrap().to_owned();
    let project = json!({"program": slug, "title": {"fr": "Projet"}});
    let project = server.json("POST", "/api/v1/projects", &[secretary.header()], &project);
    assert_eq!(project.status, 201, "{}", project.text());
    advance(server, &slug, "draft", stage);
    project.json()["id"].as_str().unwrap().to_owned()
}

/// Moves a programme from one stage to another.
pub fn advance(server: &TestServer, slug: &str, from: &str, to: &str) {
    let secretary = server.account(Role::Secretariat);
    let at = |stage: &str| WAY.iter().position(|(name, _)| *name == stage).map_or(0, |at| at + 1);
    for (stage, on) in &WAY[at(from)..at(to)] {
        let path = format!("{PROGRAMS}/{slug}/transitions");
        server.json("POST", &path, &[secretary.header()], &json!({"to": stage, "on": on})).ok();
    }
}

/// An evaluator of an organisation that has been assigned a member.
pub fn evaluator(server: &TestServer, organisation: &str, member: Option<&str>) -> Account {
    let evaluator = Account::of(&server.db, Role::Evaluator, None, Some(organisation));
    if let Some(member) = member {
        let administrator = server.account(Role::Administrator);
        let (path, body) = (format!("/api/v1/clients/{}", evaluator.id), json!({"assigned_members": [member]}));
        server.json("PATCH", &path, &[administrator.header(), ("If-Match", "*")], &body).ok();
    }
    evaluator
}

fn post(server: &TestServer, who: &Account, body: &Value) -> Answer {
    server.json("POST", LIST, &[who.header()], body)
}

fn made(server: &TestServer, who: &Account, body: &Value) -> (String, Value) {
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

/// What the feed says of evaluations behind a number.
fn told(server: &TestServer, since: i64) -> Vec<(String, bool)> {
    let feed = server.get(&format!("/api/v1/changes?since={since}&resource=evaluations")).ok();
    let told = |change: &Value| (change["op"].as_str().unwrap().to_owned(), change["data"].is_object());
    feed["data"].as_array().unwrap().iter().map(told).collect()
}

fn final_one() -> Value {
    json!({"kind": "final", "evaluated_on": "2026-01-20", "completion": "substantial", "opened_government": "major",
        "publication": "published", "answers": [{"question": {"fr": " Ouvert ?"}, "answer": "partly",
        "explanation": {"fr": "Un peu"}, "evidence_url": "https://x.example/1"}]})
}

fn independent() -> Value {
    let mut body = final_one();
    body["is_independent"] = json!(true);
    body["independence"] = json!({"fr": "Aucun financement"});
    body["completion"] = json!("limited");
    body["opened_government"] = json!("marginal");
    body
}

on_both! {
    fn the_voice_follows_from_the_account_and_the_voices_stand_side_by_side(server) {
        let project = programme(server, "commune-larache", "evaluation");
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let society = evaluator(server, "Averroès", Some("commune-larache"));
        let before = last(server);
        let answer = post(server, &focal, &final_one());
        assert_documented("createEvaluation", &answer);
        let own = answer.json();
        assert_eq!((&own["voice"], &own["organisation"], &own["member"]), (&json!("self"), &json!("Larache"), &json!("commune-larache")));
        assert_eq!(own["answers"][0], json!({"question": {"fr": "Ouvert ?"}, "answer": "partly", "explanation": {"fr": "Un peu"}, "evidence_url": "https://x.example/1"}));
        let path = answer.header("location").unwrap();
        let read = server.get(path);
        assert_documented("getEvaluation", &read);
        assert_eq!((read.ok(), read.header("etag")), (own.clone(), answer.header("etag")));
        let (_, theirs) = made(server, &society, &independent());
        assert_eq!((&theirs["voice"], &theirs["organisation"]), (&json!("civil_society"), &json!("Averroès")));
        let (_, network) = made(server, &secretary, &final_one());
        assert_eq!((&network["voice"], &network["organisation"]), (&json!("secretariat"), &json!("Test")));
        let mut of_project = final_one();
        of_project["kind"] = json!("end_of_commitment");
        of_project["project_id"] = json!(project);
        let (_, of_project) = made(server, &focal, &of_project);
        assert_eq!(of_project["links"]["project"], format!("/api/v1/projects/{project}"));
        assert_eq!(told(server, before), vec![("created".to_owned(), true); 4]);

        let page = server.get(LIST);
        assert_documented("listEvaluations", &page);
        let page = page.ok();
        assert_eq!(ids(&page), [&own, &theirs, &network, &of_project].map(|one| one["id"].as_str().unwrap()));
        let beside = page["side_by_side"].as_array().unwrap();
        let voices: Vec<[&Value; 3]> = beside[0]["voices"].as_array().unwrap().iter()
            .map(|voice| [&voice["voice"], &voice["completion"], &voice["opened_government"]]).collect();
        assert_eq!((beside.len(), &beside[0]["kind"], &beside[1]["project_id"]), (2, &json!("final"), &json!(project)));
        assert_eq!(voices, [[&json!("self"), &json!("substantial"), &json!("major")],
            [&json!("civil_society"), &json!("limited"), &json!("marginal")], [&json!("secretariat"), &json!("substantial"), &json!("major")]]);
        assert_eq!(server.get(beside[0]["voices"][1]["href"].as_str().unwrap()).ok(), theirs);
        // They stand side by side whatever the page has of them.
        for (query, expected) in [("kind=end_of_commitment", 1), ("voice=self,secretariat", 3), ("limit=1", 1), ("kind=inception", 0)] {
            let page = server.get(&format!("{LIST}?{query}&count=exact")).ok();
            assert_eq!((ids(&page).len(), page["side_by_side"].as_array().unwrap()), (expected, beside), "{query}");
        }
        assert_eq!(ids(&server.get(&format!("{LIST}?project={project}")).ok()), [of_project["id"].as_str().unwrap()]);
        let behind = server.get(&format!("{LIST}?limit=3&sort=-created_at")).ok();
        let next = behind["page"]["next_cursor"].as_str().unwrap();
        let rest = server.get(&format!("{LIST}?limit=3&sort=-created_at&cursor={next}")).ok();
        assert_eq!(ids(&rest), [own["id"].as_str().unwrap()]);
        let table = server.get(&format!("{LIST}?format=csv&fields=voice,completion"));
        assert_eq!(table.text().lines().take(3).collect::<Vec<_>>(), ["voice,completion", "self,substantial", "civil_society,limited"]);
        // Arabic where there is some, else what stands in.
        assert_eq!(server.get(&format!("{LIST}?lang=ar")).ok()["data"][0]["answers"][0]["question"], json!({"fr": "Ouvert ?"}));
    }

    fn who_may_not_say_it_is_refused(server) {
        programme(server, "commune-larache", "evaluation");
        let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        post(server, &other, &final_one()).problem(403, "not_your_member");
        for unassigned in [evaluator(server, "Averroès", None), evaluator(server, "Averroès", Some("commune-martil"))] {
            let problem = post(server, &unassigned, &independent()).problem(403, "not_your_member");
            assert!(problem["detail"].as_str().unwrap().contains("commune-larache"), "{problem}");
        }
        for role in [Role::Partner, Role::Registrar, Role::Administrator] {
            post(server, &server.account(role), &final_one()).problem(403, "forbidden");
        }
        server.json("POST", LIST, &[], &final_one()).problem(401, "unauthenticated");
        let disabled = evaluator(server, "Averroès", Some("commune-larache"));
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &disabled.id, true)).unwrap();
        post(server, &disabled, &independent()).problem(401, "invalid_token");
        // Who claims another voice in the body is refused: nobody can.
        let mut body = final_one();
        body["voice"] = json!("secretariat");
        let focal = server.account(Role::FocalPoint);
        let problem = post(server, &focal, &body).problem(400, "unknown_property");
        assert_eq!(problem["errors"][0]["pointer"], "/voice");
        assert_eq!(server.get(LIST).ok()["data"], json!([]));
        server.json("POST", &format!("{PROGRAMS}/commune-nowhere-cycle-1/evaluations"), &[focal.header()], &final_one()).problem(404, "not_found");
    }

    fn a_voice_changes_only_what_it_has_said(server) {
        programme(server, "commune-larache", "evaluation");
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let society = evaluator(server, "Averroès", Some("commune-larache"));
        let colleague = evaluator(server, "Averroès", Some("commune-larache"));
        let rival = evaluator(server, "Observatoire", Some("commune-larache"));
        let former = evaluator(server, "Averroès", None);
        let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let (path, _) = made(server, &society, &independent());
        let change = json!({"completion": "complete"});
        for (who, code) in [(&focal, "not_your_voice"), (&secretary, "not_your_voice"), (&rival, "not_your_voice"),
            (&former, "not_your_member"), (&other, "not_your_member")] {
            let refused = patch(server, who, &path, &change);
            assert_documented("updateEvaluation", &refused);
            refused.problem(403, code);
            server.send("DELETE", &path, &[who.header(), ("If-Match", "*")]).problem(403, code);
        }
        assert_eq!(patch(server, &colleague, &path, &change).ok()["version"], 2);
        let (own, _) = made(server, &focal, &final_one());
        patch(server, &society, &own, &change).problem(403, "not_your_voice");
        patch(server, &secretary, &own, &change).problem(403, "not_your_voice");
        // The address of another programme leads nowhere.
        programme(server, "commune-martil", "evaluation");
        let elsewhere = own.replace("commune-larache", "commune-martil");
        server.get(&elsewhere).problem(404, "not_found");
        patch(server, &focal, &elsewhere, &change).problem(404, "not_found");
    }

    fn drafts_are_seen_by_who_says_them_and_by_nobody_else(server) {
        programme(server, "commune-larache", "evaluation");
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let society = evaluator(server, "Averroès", Some("commune-larache"));
        let rival = evaluator(server, "Observatoire", Some("commune-larache"));
        let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let administrator = server.account(Role::Administrator);
        let before = last(server);
        let hidden = |mut body: Value, word: &str| {
            body["publication"] = json!("draft");
            body["answers"][0]["explanation"] = json!({"fr": word});
            body
        };
        let drafts = [made(server, &focal, &hidden(final_one(), "hidden-one")), made(server, &society, &hidden(independent(), "hidden-two")),
            made(server, &secretary, &hidden(final_one(), "hidden-three"))];
        let readers = [&focal, &society, &secretary];
        let everybody = [&focal, &society, &secretary, &rival, &other, &administrator];
        for (at, (path, draft)) in drafts.iter().enumerate() {
            server.get(path).problem(404, "not_found");
            for who in everybody {
                let answer = server.get_with(path, &[who.header()]);
                if who.id == readers[at].id {
                    assert_eq!((answer.ok(), answer.header("cache-control")), (draft.clone(), Some("no-store")));
                } else {
                    answer.problem(404, "not_found");
                    let headers = [who.header(), ("If-Match", "*")];
                    let status = server.send("DELETE", path, &headers).status;
                    assert_eq!(status, if who.id == administrator.id { 403 } else { 404 });
                }
            }
        }
        let listed = |who: &Account, query: &str| {
            let answer = server.get_with(&format!("{LIST}?{query}&count=exact"), &[who.header()]);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let page = answer.ok();
            assert_eq!((&page["page"]["total"], &page["side_by_side"]), (&json!(ids(&page).len()), &json!([])));
            ids(&page).join(" ")
        };
        for (who, (_, draft)) in readers.iter().zip(&drafts) {
            for query in ["publication=all", "publication=draft"] {
                assert_eq!(listed(who, query), draft["id"].as_str().unwrap());
            }
        }
        for who in [&rival, &other] {
            assert_eq!(listed(who, "publication=all") + &listed(who, "publication=draft"), "");
        }
        server.get_with(&format!("{LIST}?publication=all"), &[administrator.header()]).problem(403, "forbidden");
        server.get(&format!("{LIST}?publication=draft")).problem(401, "unauthenticated");
        // Nowhere where the public reads, and no trace in the feed.
        for path in [LIST, &format!("{LIST}?format=csv"), &format!("{LIST}?format=ndjson"), "/api/v1/exports/evaluations.csv",
            "/api/v1/exports/evaluations.ndjson", "/api/v1/exports/evaluations.json", "/api/v1/changes?since=0&limit=1000&resource=evaluations"] {
            let answer = server.get(path);
            assert_eq!(answer.status, 200);
            assert!(!answer.text().contains("hidden-"), "{path}");
            let with_token = server.get_with(path, &[focal.header()]);
            assert_eq!(with_token.text(), answer.text(), "{path}: a token makes no difference");
        }
        assert_eq!((server.get(&format!("{LIST}?count=exact")).ok()["page"]["total"].as_i64(), last(server)), (Some(0), before));
        assert_eq!(server.get("/api/v1/changes/digest?resource=evaluations").ok()["count"], 0);
        // Published, it is new to everybody; taken back, it is gone.
        let (path, _) = &drafts[1];
        let published = patch(server, &society, path, &json!({"publication": "published"}));
        assert_documented("updateEvaluation", &published);
        assert_eq!((published.ok()["version"].as_i64(), server.get(path).ok()), (Some(2), published.json()));
        assert_eq!(server.get("/api/v1/changes/digest?resource=evaluations").ok()["count"], 1);
        patch(server, &society, path, &json!({"completion": "complete"})).ok();
        patch(server, &society, path, &json!({"publication": "draft"})).ok();
        server.get(path).problem(404, "not_found");
        patch(server, &society, path, &json!({"publication": "published"})).ok();
        let gone = server.send("DELETE", path, &[society.header(), ("If-Match", "*")]);
        assert_documented("deleteEvaluation", &gone);
        let said: Vec<String> = told(server, before).into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(said, ["created", "updated", "unpublished", "created", "deleted"]);
        assert!(told(server, before).iter().all(|(_, has_data)| !has_data), "what is gone is not replayed");
        // A draft that is thrown away was never there.
        let quiet = last(server);
        assert_eq!(server.send("DELETE", &drafts[0].0, &[focal.header(), ("If-Match", "*")]).status, 204);
        assert_eq!(last(server), quiet);
    }

    fn what_goes_with_its_programme_comes_back_with_it(server) {
        programme(server, "commune-larache", "evaluation");
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let (path, _) = made(server, &focal, &final_one());
        let mut draft = final_one();
        draft["publication"] = json!("draft");
        made(server, &secretary, &draft);
        let step = json!({"to": "cancelled", "on": "2026-02-01", "reason": "Given up"});
        server.json("POST", &format!("{LARACHE}/transitions"), &[secretary.header()], &step).ok();
        let before = last(server);
        post(server, &evaluator(server, "Averroès", Some("commune-larache")), &independent()).problem(409, "not_now");
        // What was said of it can be taken back, not said anew.
        patch(server, &focal, &path, &json!({"completion": "complete"})).problem(409, "not_now");
        patch(server, &focal, &path, &json!({"publication": "draft"})).ok();
        patch(server, &focal, &path, &json!({"publication": "published"})).problem(409, "not_now");
        assert_eq!(told(server, before), [("unpublished".to_owned(), false)]);
    }

    fn each_voice_says_the_same_once(server) {
        let project = programme(server, "commune-larache", "evaluation");
        let secretary = server.account(Role::Secretariat);
        let nameless = Account::of(&server.db, Role::Secretariat, None, None);
        let (path, first) = made(server, &nameless, &final_one());
        assert_eq!(first["organisation"], "secretariat");
        // The secretariat is one voice, by whatever name.
        let again = post(server, &secretary, &final_one());
        assert_documented("createEvaluation", &again);
        let problem = again.problem(409, "already_exists");
        assert_eq!(pointers(&problem), [("/kind", "already_exists")]);
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains(&path), "{problem}");
        patch(server, &secretary, &path, &json!({"completion": "complete"})).ok();
        let (one, two) = (evaluator(server, "Averroès", Some("commune-larache")), evaluator(server, "Observatoire", Some("commune-larache")));
        made(server, &one, &independent());
        made(server, &two, &independent());
        post(server, &one, &independent()).problem(409, "already_exists");
        let mut of_project = independent();
        of_project["kind"] = json!("end_of_commitment");
        of_project["project_id"] = json!(project);
        made(server, &one, &of_project);
        post(server, &one, &of_project).problem(409, "already_exists");
        // What something was said of stays.
        let delete = server.send("DELETE", &format!("/api/v1/projects/{project}"), &[secretary.header(), ("If-Match", "*")]);
        let problem = delete.problem(409, "not_now");
        assert!(pointers(&problem).contains(&("", "has_evaluations")), "{problem}");
    }

    fn it_is_said_when_there_is_something_to_say(server) {
        programme(server, "commune-larache", "validated");
        let secretary = server.account(Role::Secretariat);
        let try_kind = |kind: &str| {
            let mut body = final_one();
            body["kind"] = json!(kind);
            post(server, &secretary, &body)
        };
        for kind in ["inception", "mid_term", "final"] {
            let problem = try_kind(kind).problem(409, "not_now");
            assert_eq!(pointers(&problem), [("/kind", "wrong_stage")]);
            assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("validated"), "{problem}");
        }
        advance(server, "commune-larache-cycle-1", "validated", "adopted");
        assert_eq!(try_kind("inception").status, 201);
        try_kind("mid_term").problem(409, "not_now");
        advance(server, "commune-larache-cycle-1", "adopted", "closed");
        assert_eq!((try_kind("mid_term").status, try_kind("final").status), (201, 201));
    }

    fn all_that_is_wrong_is_said_at_once(server) {
        let project = programme(server, "commune-larache", "evaluation");
        let focal = server.account(Role::FocalPoint);
        let wrong = json!({"kind": "final", "project_id": project, "is_independent": true, "evaluated_on": "2199-01-01",
            "independence": {"fr": "a\u{202e}b"}, "answers": [{"question": {}, "answer": "yes", "explanation": {"fr": " "}, "evidence_url": "ftp://x"}]});
        let answer = post(server, &focal, &wrong);
        assert_documented("createEvaluation", &answer);
        assert_eq!(pointers(&answer.problem(422, "invalid_content")), [
            ("/answers/0/evidence_url", "invalid_value"), ("/answers/0/explanation/fr", "invalid_value"), ("/answers/0/question", "empty"),
            ("/completion", "missing_value"), ("/evaluated_on", "in_the_future"), ("/independence/fr", "invalid_value"),
            ("/is_independent", "not_independent"), ("/opened_government", "missing_value"), ("/project_id", "unfit_kind")]);
        let society = evaluator(server, "Averroès", Some("commune-larache"));
        let stranger = programme(server, "commune-martil", "evaluation");
        for id in [json!(stranger), json!("no-id"), json!("01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), Value::Null] {
            let mut body = independent();
            body["kind"] = json!("end_of_commitment");
            body["project_id"] = id.clone();
            let code = if id.is_null() { "missing_value" } else { "unknown_project" };
            assert_eq!(pointers(&post(server, &society, &body).problem(422, "invalid_content")), [("/project_id", code)], "{id}");
        }
        let mut many = final_one();
        many["answers"] = Value::Array(vec![many["answers"][0].clone(); 51]);
        assert_eq!(pointers(&post(server, &focal, &many).problem(422, "invalid_content")), [("/answers", "too_many")]);
        let mut shape = final_one();
        shape["answers"][0]["answer"] = json!("maybe");
        assert_eq!(post(server, &focal, &shape).problem(400, "invalid_body")["errors"][0]["pointer"], "/answers/0/answer");
        let (path, _) = made(server, &focal, &final_one());
        let problem = patch(server, &focal, &path, &json!({"completion": null, "opened_government": null})).problem(422, "invalid_content");
        assert_eq!(pointers(&problem), [("/completion", "missing_value"), ("/opened_government", "missing_value")]);
        for fixed in [json!({"kind": "inception"}), json!({"voice": "self"}), json!({"organisation": "x"}), json!({"project_id": null})] {
            patch(server, &focal, &path, &fixed).problem(400, "unknown_property");
        }
    }

    fn a_change_is_meant_for_a_version_and_a_request_that_is_sent_twice_has_one_effect(server) {
        programme(server, "commune-larache", "evaluation");
        let focal = server.account(Role::FocalPoint);
        let keyed = [focal.header(), ("Idempotency-Key", "once-1")];
        let (first, again) = (server.json("POST", LIST, &keyed, &final_one()), server.json("POST", LIST, &keyed, &final_one()));
        assert_eq!((first.status, again.status, again.header("idempotency-replayed")), (201, 201, Some("true")));
        assert_eq!((first.text(), first.header("etag"), first.header("location")), (again.text(), again.header("etag"), again.header("location")));
        server.json("POST", LIST, &keyed, &json!({"kind": "inception", "evaluated_on": "2024-02-01"})).problem(422, "idempotency_key_reused");
        let path = first.header("location").unwrap();
        let change = |tag: Option<&str>, body: &Value| {
            let headers: Vec<(&str, &str)> = [focal.header()].into_iter().chain(tag.map(|tag| ("If-Match", tag))).collect();
            server.json("PATCH", path, &headers, body)
        };
        change(None, &json!({})).problem(428, "precondition_required");
        change(Some("\"7-json\""), &json!({})).problem(412, "precondition_failed");
        let before = last(server);
        let same = change(first.header("etag"), &json!({"completion": "substantial", "answers": first.json()["answers"]}));
        assert_eq!((same.ok(), last(server)), (first.json(), before), "a change that changes nothing writes nothing");
        let answer = change(first.header("etag"), &json!({"completion": "complete", "evaluated_on": "2026-02-01"}));
        let mut expected = first.json();
        expected["completion"] = json!("complete");
        expected["evaluated_on"] = json!("2026-02-01");
        expected["version"] = json!(2);
        expected["updated_at"] = answer.ok()["updated_at"].clone();
        assert_eq!((answer.ok(), told(server, before)), (expected, vec![("updated".to_owned(), true)]));
        // A kept answer is only for who may still ask.
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &focal.id, true)).unwrap();
        server.json("POST", LIST, &keyed, &final_one()).problem(401, "invalid_token");
        let administrator = server.account(Role::Administrator);
        let audit = server.get_with("/api/v1/audit?resource=evaluations", &[administrator.header()]).ok();
        let actions: Vec<&str> = audit["data"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions.len(), 2, "{actions:?}");
    }
}

on_both_demonstrations! {
    fn every_kind_voice_and_value_is_shown(server) {
        let export = server.get("/api/v1/exports/evaluations.ndjson");
        let rows: Vec<Value> = export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let has = |name: &str, value: &str| rows.iter().any(|row| row[name] == value);
        for (name, values) in [
            ("kind", &["inception", "mid_term", "final", "end_of_commitment"][..]),
            ("voice", &["self", "civil_society", "secretariat"]),
            ("completion", &["not_started", "limited", "substantial", "complete"]),
            ("opened_government", &["worsened", "no_change", "marginal", "major", "outstanding"]),
        ] {
            assert!(values.iter().all(|value| has(name, value)), "{name}");
        }
        let program = rows.iter().find(|row| row["voice"] == "secretariat" && row["kind"] == "final").unwrap()["program"].as_str().unwrap();
        let page = server.get(&format!("{PROGRAMS}/{program}/evaluations")).ok();
        let voices = page["side_by_side"].as_array().unwrap().iter().find(|group| group["kind"] == "final").unwrap()["voices"].clone();
        assert_eq!(voices.as_array().unwrap().len(), 3);
        assert!(rows.iter().all(|row| row["publication"] == "published"));
        let digest = server.get("/api/v1/changes/digest?resource=evaluations").ok();
        assert_eq!(digest["count"], json!(rows.len()));
        let feed = server.get("/api/v1/changes?since=0&resource=evaluations&limit=1000").ok();
        assert_eq!(feed["data"].as_array().unwrap().len(), rows.len());
    }
}
