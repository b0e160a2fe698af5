//! Contributions: sent by anybody, looked at before anybody sees them, answered with reasons, and followed by a receipt.

use std::{collections::BTreeSet, sync::Barrier};

use diesel::{QueryDsl as _, RunQueryDsl as _};
use remacto::{
    auth::roles::Role,
    db::{Conn, schema::contribution},
};
use serde_json::{Value, json};

use crate::{
    consultations::{address, day, made, open_round, patch, places, program, sequence, told, with},
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both},
};

const KEY: &str = "a-key-that-nobody-guesses";
const PROGRAM: &str = "/api/v1/action-programs/commune-larache-cycle-1";

/// What somebody sends who wants to be reached.
fn idea() -> Value {
    json!({"text": "Planter des arbres\n\nprès des arrêts. ", "language": "fr", "contact": {"name": " Amina Alami", "email": "Amina@Example.org"}})
}

fn send(server: &TestServer, round: &Value, key: &str, body: &Value) -> Answer {
    let answer = server.json("POST", &format!("{}/contributions", address(round)), &[("Idempotency-Key", key)], body);
    assert_documented("createContribution", &answer);
    answer
}

/// Sends something to an open round and returns the receipt.
#[track_caller]
fn sent(server: &TestServer, round: &Value, key: &str, body: &Value) -> Value {
    let answer = send(server, round, key, body);
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")), "{}", answer.text());
    assert_eq!(answer.header("location"), answer.json()["links"]["self"].as_str());
    answer.json()
}

/// An open round of a published programme.
fn round(server: &TestServer) -> Value {
    program(server, "published");
    made(server, &server.account(Role::FocalPoint), &open_round())
}

/// The contributions of a round, as who moderates sees them.
fn all(server: &TestServer, who: &Account, round: &Value, query: &str) -> Vec<Value> {
    let answer = server.get_with(&format!("{}/contributions?{query}", address(round)), &[who.header()]);
    assert_documented("listContributions", &answer);
    answer.ok()["data"].as_array().unwrap().clone()
}

fn moderate(server: &TestServer, who: &Account, path: &str, body: &Value) -> Answer {
    let answer = server.json("POST", &format!("{path}/moderation"), &[who.header()], body);
    assert_documented("moderateContribution", &answer);
    answer
}

fn decide(server: &TestServer, who: &Account, path: &str, body: &Value) -> Answer {
    let answer = server.json("POST", &format!("{path}/decision"), &[who.header()], body);
    assert_documented("decideContribution", &answer);
    answer
}

/// Sends something to an open round and publishes it; returns the addresses of the receipt and of the contribution.
pub fn published(server: &TestServer, who: &Account, round: &Value) -> (String, String) {
    let receipt = sent(server, round, KEY, &idea());
    let path = address(&all(server, who, round, "moderation=pending")[0]).to_owned();
    moderate(server, who, &path, &json!({"to": "published"})).ok();
    (address(&receipt).to_owned(), path)
}

fn status(server: &TestServer, receipt: &Value) -> Value {
    let answer = server.get(address(receipt));
    assert_documented("getContributionStatus", &answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.ok()
}

/// How the sender of a contribution can be reached.
#[track_caller]
fn contact(server: &TestServer, who: &Account, path: &str) -> Value {
    let answer = server.get_with(&format!("{path}?contact=true"), &[who.header()]);
    assert_documented("getContribution", &answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.ok()["contact"].clone()
}

fn audit(server: &TestServer) -> Vec<Value> {
    let administrator = server.account(Role::Administrator);
    let path = "/api/v1/audit?resource=contributions&sort=at";
    server.get_with(path, &[administrator.header()]).ok()["data"].as_array().unwrap().clone()
}

type Digests = (String, String, String, String);

/// The digests that are stored of contributions.
fn stored(server: &TestServer) -> Vec<[String; 4]> {
    let columns = (
        contribution::receipt_sha256,
        contribution::receipt_mask,
        contribution::key_sha256,
        contribution::request_sha256,
    );
    let read =
        |conn: &mut Conn| Ok(contribution::table.select(columns).order(contribution::id).load::<Digests>(conn)?);
    server.db.read_blocking(read).unwrap().into_iter().map(|(a, b, c, d)| [a, b, c, d]).collect()
}

on_both! {
    fn an_idea_can_be_followed_from_its_receipt_to_the_project(server) {
        let (round, focal) = (round(server), server.account(Role::FocalPoint));
        let start = sequence(server);
        let axis = server.get(PROGRAM).ok()["axes"][0]["id"].clone();
        let receipt = sent(server, &round, KEY, &with(idea(), &json!({"axis_id": axis})));
        assert_eq!(receipt["receipt"].as_str().unwrap().len(), 43);
        assert_eq!(receipt["consultation_id"], round["id"]);
        let now = status(server, &receipt);
        assert_eq!((&now["text"], &now["moderation"], &now["decision"], &now["axis_id"]), (&json!("Planter des arbres\n\nprès des arrêts."), &json!("pending"), &Value::Null, &axis));
        assert_eq!((&now["has_contact"], &now["created_at"], &now["project"]), (&json!(true), &receipt["submitted_at"], &Value::Null));
        let contributions = round["links"]["contributions"].as_str().unwrap();
        // Nobody sees it before the member has looked at it.
        assert_eq!((server.get(contributions).ok()["data"].clone(), told(server, start)), (json!([]), vec![]));
        let pending = all(server, &focal, &round, "moderation=pending");
        assert_eq!((pending.len(), &pending[0]["for_moderators"]), (1, &json!({"has_contact": true, "withheld_because": null})));
        let path = address(&pending[0]);
        server.get(path).problem(404, "not_found");
        let published = moderate(server, &focal, path, &json!({"to": "published"})).ok();
        assert_eq!((&published["version"], &published["moderation"]), (&json!(2), &json!("published")));
        let project = json!({"program": "commune-larache-cycle-1", "title": {"fr": "Arbres"}});
        let project = server.json("POST", "/api/v1/projects", &[focal.header()], &project).json();
        let milestone = json!({"title": {"fr": "Planter"}, "due_on": "2027-01-01"});
        server.json("POST", &format!("{}/milestones", address(&project)), &[focal.header()], &milestone);
        let decision = json!({"decision": "accepted", "reason": {"fr": "Bonne idée.", "ar": "فكرة جيدة"}, "project_id": project["id"]});
        let decided = decide(server, &focal, path, &decision).ok();
        assert_eq!((&decided["decision"]["decided_on"], &decided["links"]["project"]), (&json!(day(0)), &project["links"]["self"]));
        assert_eq!(decide(server, &focal, path, &decision).ok()["version"], 3, "a decision that changes nothing writes nothing");
        let now = status(server, &receipt);
        assert_eq!((&now["decision"]["decision"], &now["decision"]["reason"]["fr"]), (&json!("accepted"), &json!("Bonne idée.")));
        assert_eq!((&now["project"]["title"]["fr"], &now["milestones"][0]["title"]["fr"]), (&json!("Arbres"), &json!("Planter")));
        assert_eq!(server.get(&format!("{}?lang=ar", address(&receipt))).ok()["decision"]["reason"], json!({"ar": "فكرة جيدة"}));
        // What the public sees of it.
        let shown = server.get(path);
        assert_documented("getContribution", &shown);
        let shown = shown.ok();
        assert_eq!((&shown["contact"], &shown["for_moderators"], &shown["version"]), (&Value::Null, &Value::Null, &json!(3)));
        assert_eq!(server.get(contributions).ok()["data"][0]["decision"], shown["decision"]);
        let told: Vec<String> = told(server, start).into_iter().filter(|(resource, _)| resource == "contributions").map(|(_, op)| op).collect();
        assert_eq!(told, ["created", "updated"]);
        // A project that ideas became stays.
        let refused = server.send("DELETE", address(&project), &[focal.header(), ("If-Match", "*")]).problem(409, "not_now");
        assert_eq!(places(&refused), [("", "has_contributions")]);
    }

    fn how_somebody_can_be_reached_is_for_who_moderates_and_for_nobody_else(server) {
        let (round, focal, secretary) = (round(server), server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let receipt = sent(server, &round, KEY, &idea());
        let contributions = round["links"]["contributions"].as_str().unwrap();
        let path = address(&all(server, &focal, &round, "moderation=all")[0]).to_owned();
        let other = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        server.get(&format!("{contributions}?moderation=all")).problem(401, "unauthenticated");
        server.get_with(&format!("{contributions}?moderation=all"), &[server.account(Role::Partner).header()]).problem(403, "forbidden");
        server.get_with(&format!("{contributions}?moderation=all"), &[other.header()]).problem(403, "not_your_member");
        server.get_with(&path, &[other.header()]).problem(404, "not_found");
        moderate(server, &other, &path, &json!({"to": "published"})).problem(404, "not_found");
        for who in [&focal, &secretary] {
            assert_eq!(contact(server, who, &path), json!({"name": "Amina Alami", "email": "amina@example.org"}));
            assert_eq!(server.get_with(&path, &[who.header()]).ok()["contact"], Value::Null, "only who asks for it");
        }
        let with_contact = format!("{path}?contact=true");
        server.get(&with_contact).problem(401, "unauthenticated");
        server.get_with(&with_contact, &[server.account(Role::Evaluator).header()]).problem(403, "forbidden");
        server.get_with(&with_contact, &[other.header()]).problem(404, "not_found");
        moderate(server, &focal, &path, &json!({"to": "published"})).ok();
        moderate(server, &other, &path, &json!({"to": "withheld", "reason": "x"})).problem(403, "not_your_member");
        assert_eq!(server.get_with(&path, &[focal.header()]).ok(), server.get(&path).ok(), "it reads the same for all");
        server.get_with(&with_contact, &[other.header()]).problem(403, "not_your_member");
        assert_eq!(contact(server, &focal, &path)["name"], "Amina Alami");
        for open in [
            server.get(&path), server.get(contributions), server.get(&format!("{contributions}?format=csv")),
            server.get_with(&format!("{contributions}?moderation=all"), &[focal.header()]),
            server.get("/api/v1/changes?since=1679"), server.get("/api/v1/exports/contributions.ndjson"),
            server.get("/api/v1/exports/contributions.csv"), server.get(address(&receipt)),
        ] {
            assert_eq!(open.status, 200);
            let text = open.text().to_lowercase();
            assert!(!text.contains("amina") && (!text.contains(&receipt["receipt"].as_str().unwrap().to_lowercase()) || text.contains("milestones")), "{text}");
        }
        // Who contributed erases it, twice if need be; what was contributed stays.
        let contact = format!("{}/contact", address(&receipt));
        for _ in 0..2 {
            let gone = server.send("DELETE", &contact, &[]);
            assert_documented("eraseContributionContact", &gone);
            assert_eq!(gone.status, 204);
        }
        let left = server.get_with(&with_contact, &[focal.header()]).ok();
        assert_eq!((&left["contact"], &left["for_moderators"]["has_contact"], &left["version"]), (&Value::Null, &json!(false), &json!(2)));
        assert_eq!(status(server, &receipt)["has_contact"], false);
        server.send("DELETE", "/api/v1/contributions/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/contact", &[]).problem(404, "not_found");
        // The audit knows that it happened, neither the words nor who it was.
        let entries = audit(server);
        let actions: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
        assert_eq!(actions, ["created", "updated", "contact_erased"]);
        assert_eq!(entries[0]["task"], "contribution of the public");
        let text = json!(entries).to_string().to_lowercase();
        assert!(!text.contains("amina") && !text.contains("arbres"), "{text}");
    }

    fn a_lost_answer_is_given_again_to_who_has_the_key(server) {
        let (one, focal) = (round(server), server.account(Role::FocalPoint));
        let two = made(server, &focal, &with(open_round(), &json!({"round": 2})));
        let receipt = sent(server, &one, KEY, &idea());
        // Also when the round is over meanwhile.
        patch(server, &focal, address(&one), &json!({"closes_on": day(-1)})).ok();
        let again = send(server, &one, KEY, &idea());
        assert_eq!((again.status, again.header("idempotency-replayed"), again.json()), (201, Some("true"), receipt.clone()));
        let other = send(server, &one, KEY, &with(idea(), &json!({"text": "Autre"})));
        assert_eq!(other.problem(422, "idempotency_key_reused")["errors"][0]["header"], "Idempotency-Key");
        // The same key elsewhere is another one.
        let elsewhere = sent(server, &two, KEY, &idea());
        assert_ne!(elsewhere["receipt"], receipt["receipt"]);
        for key in ["", "short", "0123456789012345678", &"k".repeat(201), "with a space in the middle"] {
            let problem = send(server, &two, key, &idea()).problem(400, "invalid_header");
            assert_eq!(problem["errors"][0]["header"], "Idempotency-Key", "{key}");
        }
        let path = format!("{}/contributions", address(&two));
        server.json("POST", &path, &[], &idea()).problem(400, "invalid_header");
        for unknown in ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &receipt["receipt"].as_str().unwrap()[1..]] {
            server.get(&format!("/api/v1/contributions/{unknown}")).problem(404, "not_found");
        }
        // Nothing that is stored is a receipt or a key.
        let rows = stored(server);
        let all: BTreeSet<&String> = rows.iter().flatten().collect();
        assert_eq!((rows.len(), all.len()), (2, 8), "no digest stands for another");
        assert!(all.iter().all(|text| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())));
        for (table, column) in [("idempotency_answer", "answer"), ("audit_entry", "after_values")] {
            let sql = format!("SELECT count(*) AS rows FROM {table} WHERE {column} LIKE '%{}%'", receipt["receipt"].as_str().unwrap());
            assert_eq!(count(server, &sql), 0, "{table}");
        }
    }

    fn two_instances_store_what_is_sent_with_one_key_once(server) {
        let (round, other) = (round(server), TestServer::over(server.target.clone(), &[]));
        let (together, senders) = (Barrier::new(8), 8);
        let receipts: BTreeSet<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..senders).map(|number| {
                let (round, together) = (&round, &together);
                let instance = if number % 2 == 0 { server } else { &other };
                scope.spawn(move || {
                    together.wait();
                    sent(instance, round, KEY, &idea())["receipt"].as_str().unwrap().to_owned()
                })
            }).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!((receipts.len(), stored(server).len()), (1, 1));
    }

    fn only_an_open_online_round_takes_contributions_and_says_when_it_does(server) {
        program(server, "published");
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let of = |other: Value| made(server, &focal, &with(open_round(), &other));
        for (round, code, dates) in [
            (of(json!({"closes_on": day(-1)})), "closed", [day(-10), day(-1)]),
            (of(json!({"opens_on": day(1)})), "not_open_yet", [day(1), day(10)]),
            (of(json!({"kind": "written"})), "not_online", ["written".to_owned(), String::new()]),
        ] {
            let problem = send(server, &round, KEY, &idea()).problem(409, "not_now");
            assert_eq!(problem["errors"][0]["code"], code);
            let detail = problem["detail"].as_str().unwrap();
            assert!(dates.iter().all(|date| detail.contains(date)), "{detail}");
        }
        let (open, until_today) = (of(json!({})), of(json!({"opens_on": day(0), "closes_on": day(0)})));
        sent(server, &until_today, KEY, &idea());
        server.json("POST", &format!("{PROGRAM}/transitions"), &[secretary.header()], &json!({"to": "cancelled", "on": day(0), "reason": "x"})).ok();
        assert_eq!(send(server, &open, KEY, &idea()).problem(409, "not_now")["errors"][0]["code"], "program_over");
        // What was sent is still answered.
        let waiting = all(server, &focal, &until_today, "moderation=pending");
        let path = address(&waiting[0]);
        moderate(server, &focal, path, &json!({"to": "published"})).ok();
        assert_eq!(decide(server, &focal, path, &json!({"decision": "rejected", "reason": {"fr": "Le programme est abandonné."}})).status, 200);
        patch(server, &secretary, PROGRAM, &json!({"title": {"fr": "X"}})).problem(409, "not_now");
        let nowhere = format!("/api/v1/consultations/{}/contributions", remacto::kernel::id::new_id());
        server.json("POST", &nowhere, &[("Idempotency-Key", KEY)], &json!({})).problem(404, "not_found");
    }

    fn what_was_sent_stays_with_its_programme(server) {
        let (round, focal) = (round(server), server.account(Role::FocalPoint));
        let receipt = sent(server, &round, KEY, &idea());
        let path = address(&all(server, &focal, &round, "moderation=pending")[0]).to_owned();
        moderate(server, &focal, &path, &json!({"to": "published"})).ok();
        // What the public has sent is not hidden with the programme, nor deleted.
        let hidden = patch(server, &focal, PROGRAM, &json!({"publication": "draft"})).problem(409, "not_now");
        assert_eq!(hidden["errors"][0]["code"], "has_contributions");
        server.get(&path).ok();
        assert_eq!(status(server, &receipt)["moderation"], "published");
        for (path, code) in [(address(&round), "has_contributions"), (PROGRAM, "has_contributions")] {
            let refused = server.send("DELETE", path, &[focal.header(), ("If-Match", "*")]).problem(409, "not_now");
            assert_eq!(refused["errors"][0]["code"], code, "{path}");
        }
        assert_eq!(places(&patch(server, &focal, address(&round), &json!({"kind": "written"})).problem(409, "not_now")), [("/kind", "has_contributions")]);
    }

    fn a_draft_takes_none(server) {
        let (round, focal) = (round(server), server.account(Role::FocalPoint));
        let start = sequence(server);
        let pair = |resource: &str, op: &str| (resource.to_owned(), op.to_owned());
        patch(server, &focal, PROGRAM, &json!({"publication": "draft"})).ok();
        assert_eq!(told(server, start), [pair("consultations", "unpublished"), pair("action_programs", "unpublished")]);
        send(server, &round, "another-key-for-a-draft", &idea()).problem(404, "not_found");
        patch(server, &focal, PROGRAM, &json!({"publication": "published"})).ok();
        assert_eq!(told(server, start).last(), Some(&pair("consultations", "created")));
    }

    fn what_is_sent_is_read_strictly(server) {
        let round = round(server);
        let refused = |other: Value| send(server, &round, KEY, &with(idea(), &other)).problem(422, "invalid_content");
        let several = refused(json!({"text": "a\u{202e}b", "axis_id": round["id"], "contact": {"name": "a\nb", "email": "nobody"}}));
        assert_eq!(places(&several), [("/axis_id", "unknown_axis"), ("/contact/email", "invalid_value"), ("/contact/name", "invalid_value"), ("/text", "invalid_value")]);
        for text in ["", " \n ", "a\u{0}b", "a\tb", &"x".repeat(4_001)] {
            assert_eq!(places(&refused(json!({"text": text}))), [("/text", "invalid_value")], "{text:?}");
        }
        send(server, &round, KEY, &with(idea(), &json!({"name": "x"}))).problem(400, "unknown_property");
        send(server, &round, KEY, &with(idea(), &json!({"language": "de"}))).problem(400, "invalid_body");
        let path = format!("{}/contributions", address(&round));
        server.send_body("POST", &path, &[("Idempotency-Key", KEY), ("Content-Type", "text/plain")], "x").problem(415, "unsupported_media_type");
        assert_eq!(stored(server).len(), 0);
        sent(server, &round, KEY, &json!({"text": "x".repeat(4_000), "language": "ar"}));
    }

    fn a_contribution_is_withheld_and_decided_on_by_rules(server) {
        let (round, focal) = (round(server), server.account(Role::FocalPoint));
        let receipt = sent(server, &round, KEY, &json!({"text": "x", "language": "en"}));
        let path = address(&all(server, &focal, &round, "moderation=all")[0]).to_owned();
        let (accepted, start) = (json!({"decision": "accepted", "reason": {"en": "Good."}}), sequence(server));
        assert_eq!(places(&decide(server, &focal, &path, &accepted).problem(409, "not_now")), [("", "not_published")]);
        assert_eq!(places(&moderate(server, &focal, &path, &json!({"to": "withheld"})).problem(422, "invalid_content")), [("/reason", "reason_missing")]);
        assert_eq!(places(&moderate(server, &focal, &path, &json!({"to": "published", "reason": "x"})).problem(422, "invalid_content")), [("/reason", "not_wanted")]);
        moderate(server, &focal, &path, &json!({"to": "withheld", "reason": "Offends a person"})).ok();
        assert_eq!(status(server, &receipt)["withheld_because"], "Offends a person");
        assert_eq!(places(&moderate(server, &focal, &path, &json!({"to": "withheld", "reason": "x"})).problem(409, "not_now")), [("/to", "not_from_here")]);
        let stale = [focal.header(), ("If-Match", "\"1-json\"")];
        server.json("POST", &format!("{path}/moderation"), &stale, &json!({"to": "published"})).problem(412, "precondition_failed");
        moderate(server, &focal, &path, &json!({"to": "published"})).ok();
        assert_eq!(status(server, &receipt)["withheld_because"], Value::Null);
        for (body, place) in [
            (json!({"decision": "merged", "reason": {"fr": "x"}}), ("/project_id", "project_missing")),
            (json!({"decision": "merged", "reason": {"fr": "x"}, "project_id": round["id"]}), ("/project_id", "unknown_project")),
            (json!({"decision": "accepted", "reason": {"fr": "x"}, "project_id": "x"}), ("/project_id", "unknown_project")),
            (json!({"decision": "rejected", "reason": {"fr": "x"}, "project_id": round["id"]}), ("/project_id", "not_wanted")),
            (json!({"decision": "rejected", "reason": {}}), ("/reason", "empty")),
            (json!({"decision": "rejected", "reason": {"fr": "x"}, "decided_on": day(2)}), ("/decided_on", "in_the_future")),
            (json!({"decision": "rejected", "reason": {"fr": "x"}, "decided_on": day(-2)}), ("/decided_on", "before_it_was_sent")),
        ] {
            assert_eq!(places(&decide(server, &focal, &path, &body).problem(422, "invalid_content")), [place], "{body}");
        }
        decide(server, &focal, &path, &accepted).ok();
        let headers = [focal.header(), ("Idempotency-Key", "k")];
        let corrected = json!({"decision": "rejected", "reason": {"en": "Not ours."}});
        for _ in 0..2 {
            assert_eq!(server.json("POST", &format!("{path}/decision"), &headers, &corrected).ok()["version"], 5);
        }
        // A decision stays when the contribution is withheld afterwards.
        moderate(server, &focal, &path, &json!({"to": "withheld", "reason": "Names somebody"})).ok();
        assert_eq!(status(server, &receipt)["decision"]["decision"], "rejected");
        let told: Vec<String> = told(server, start).into_iter().map(|(_, op)| op).collect();
        assert_eq!(told, ["created", "updated", "updated", "unpublished"]);
        let entries = audit(server);
        let corrected = &entries[entries.len() - 2];
        assert_eq!((&corrected["before"]["decision"], &corrected["after"]["decision"]), (&json!("accepted"), &json!("rejected")));
    }

    fn contributions_are_filtered_by_axis_and_decision(server) {
        let (round, focal) = (round(server), server.account(Role::FocalPoint));
        let axis = server.get(PROGRAM).ok()["axes"][0]["id"].as_str().unwrap().to_owned();
        for number in 0..4 {
            let body = json!({"text": format!("Idea {number}"), "language": "en", "axis_id": (number == 1).then_some(&axis)});
            sent(server, &round, &format!("{KEY}{number}"), &body);
        }
        let pending = all(server, &focal, &round, "moderation=pending");
        for contribution in &pending[..3] {
            moderate(server, &focal, address(contribution), &json!({"to": "published"})).ok();
        }
        decide(server, &focal, address(&pending[0]), &json!({"decision": "rejected", "reason": {"fr": "x"}})).ok();
        decide(server, &focal, address(&pending[1]), &json!({"decision": "accepted", "reason": {"fr": "x"}})).ok();
        let texts = |query: &str| {
            let page = server.get(&format!("{}/contributions?{query}", address(&round))).ok();
            page["data"].as_array().unwrap().iter().map(|row| row["text"].as_str().unwrap()[5..].to_owned()).collect::<String>()
        };
        for (query, expected) in [
            ("", "012"), ("sort=-created_at", "210"), ("decision=none", "2"), ("decision=rejected,none", "02"), ("decision=merged", ""),
            ("decision=accepted", "1"), ("updated_since=2026-01-01&limit=200", "012"),
        ] {
            assert_eq!(texts(query), expected, "{query}");
        }
        assert_eq!(texts(&format!("axis={axis}")), "1");
        let of_nobody = format!("{}/contributions?axis={}", address(&round), round["id"].as_str().unwrap());
        assert_eq!(server.get(&of_nobody).problem(422, "unknown_reference")["errors"][0]["code"], "unknown_axis");
        let page = server.get(&format!("{}/contributions?limit=2&count=exact", address(&round))).ok();
        assert_eq!(page["page"]["total"], 3);
        assert_eq!(texts(&format!("limit=2&count=exact&cursor={}", page["page"]["next_cursor"].as_str().unwrap())), "2");
        // An axis that somebody contributed to stays.
        patch(server, &focal, PROGRAM, &json!({"axes": []})).problem(409, "not_now");
    }
}

/// Counts rows behind the program's back.
fn count(server: &TestServer, sql: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        rows: i64,
    }
    let read = |conn: &mut Conn| Ok(diesel::sql_query(sql).get_result::<Count>(conn)?.rows);
    server.db.read_blocking(read).unwrap()
}

#[test]
fn an_address_that_contributes_too_much_waits() {
    let settings = ["--contribution-rate-limit", "2", "--trusted-proxies", "127.0.0.1"];
    let server = TestServer::on_sqlite_with(&settings);
    let round = round(&server);
    let path = format!("{}/contributions", address(&round));
    let from = |address: &str, number: usize| {
        let key = format!("{KEY}{number}");
        server.json("POST", &path, &[("X-Forwarded-For", address), ("Idempotency-Key", &key)], &idea())
    };
    let first = from("192.0.2.1", 0);
    assert_eq!((first.status, first.header("ratelimit-policy")), (201, Some("\"contributions\";q=2;w=3600")));
    assert_eq!(from("192.0.2.1", 1).status, 201);
    let refused = from("192.0.2.1", 2);
    assert_documented("createContribution", &refused);
    let detail = refused.problem(429, "too_many_requests")["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("Each address may send 2 contributions an hour"), "{detail}");
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1_700..=1_800).contains(&wait), "{wait}");
    assert_eq!(from("192.0.2.2", 3).status, 201, "others do not wait");
    server.get_with(&path, &[("X-Forwarded-For", "192.0.2.1")]).ok();
    let misshapen =
        server.json("POST", &path, &[("X-Forwarded-For", "192.0.2.1"), ("Idempotency-Key", KEY)], &json!({}));
    misshapen.problem(400, "invalid_body");
}
