//! The focal points of members: written safely, seen by few, and nowhere else.

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use remacto::{auth::roles::Role, db::schema::idempotency_answer};
use serde_json::{Value, json};

use crate::{
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both},
};

const LARACHE: &str = "/api/v1/members/commune-larache/focal-points";
const MARTIL: &str = "/api/v1/members/commune-martil/focal-points";

fn amina() -> Value {
    json!({
        "full_name": "  Amina Ala\u{301}mi ", "email": " Amina@Example.ORG", "phone": "+212 537-00.00 00",
        "preferred_language": "fr", "serves_from": "2024-04-01", "serves_until": null,
    })
}

#[track_caller]
fn made(server: &TestServer, who: &Account, path: &str, body: &Value) -> Value {
    let answer = server.json("POST", path, &[who.header()], body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_documented("createFocalPoint", &answer);
    assert_eq!(answer.header("location"), answer.json()["links"]["self"].as_str());
    answer.json()
}

fn address(point: &Value) -> &str {
    point["links"]["self"].as_str().unwrap()
}

fn patch(server: &TestServer, who: &Account, point: &Value, body: &Value) -> Answer {
    let tag = server.get_with(address(point), &[who.header()]).header("etag").unwrap().to_owned();
    server.json("PATCH", address(point), &[who.header(), ("If-Match", &tag)], body)
}

fn names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|point| point["full_name"].as_str().unwrap()).collect()
}

fn pointers(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect()
}

fn audit(server: &TestServer) -> Vec<Value> {
    let administrator = server.account(Role::Administrator);
    let path = "/api/v1/audit?resource=focal_points&sort=at";
    server.get_with(path, &[administrator.header()]).ok()["data"].as_array().unwrap().clone()
}

fn kept_answers(server: &TestServer) -> Vec<Option<String>> {
    let answers = |conn: &mut remacto::db::Conn| {
        Ok(idempotency_answer::table
            .filter(idempotency_answer::operation.eq("createFocalPoint"))
            .select(idempotency_answer::answer)
            .load(conn)?)
    };
    server.db.read_blocking(answers).unwrap()
}

on_both! {
    fn a_focal_point_is_added_read_changed_and_deleted(server) {
        let focal = server.account(Role::FocalPoint);
        let point = made(server, &focal, LARACHE, &amina());
        assert_eq!((&point["full_name"], &point["email"], &point["phone"]), (&json!("Amina Al\u{e1}mi"), &json!("amina@example.org"), &json!("+212537000000")));
        assert_eq!((&point["member"], &point["serves_from"], &point["version"]), (&json!("commune-larache"), &json!("2024-04-01"), &json!(1)));
        let read = server.get_with(address(&point), &[focal.header()]);
        assert_documented("getFocalPoint", &read);
        assert_eq!((read.ok(), read.header("cache-control")), (point.clone(), Some("no-store")));
        let changed = patch(server, &focal, &point, &json!({"phone": null, "serves_until": "2026-03-31", "preferred_language": "ar"}));
        assert_documented("updateFocalPoint", &changed);
        let changed = changed.ok();
        assert_eq!((&changed["phone"], &changed["serves_until"], &changed["version"]), (&Value::Null, &json!("2026-03-31"), &json!(2)));
        assert_eq!((&changed["email"], &changed["preferred_language"]), (&point["email"], &json!("ar")));
        let same = patch(server, &focal, &point, &json!({"email": "AMINA@example.org"})).ok();
        assert_eq!(same, changed, "a change that changes nothing writes nothing");
        let member = server.get("/api/v1/members/commune-larache").ok();
        let by_id = address(&point).replace("commune-larache", member["id"].as_str().unwrap());
        assert_eq!(server.get_with(&by_id, &[focal.header()]).ok(), changed);
        let delete = |tag: Option<&str>| {
            let headers: Vec<(&str, &str)> = [focal.header()].into_iter().chain(tag.map(|tag| ("If-Match", tag))).collect();
            server.send("DELETE", address(&point), &headers)
        };
        delete(None).problem(428, "precondition_required");
        delete(Some("\"1-json\"")).problem(412, "precondition_failed");
        let gone = delete(Some("\"2-json\""));
        assert_documented("deleteFocalPoint", &gone);
        assert_eq!(gone.status, 204);
        delete(Some("*")).problem(404, "not_found");
        server.get_with(address(&point), &[focal.header()]).problem(404, "not_found");
    }

    fn a_members_focal_points_are_listed_like_everything_else(server) {
        let secretary = server.account(Role::Secretariat);
        for (name, from, until) in [("One", None, Some("2023-12-31")), ("Two", Some("2024-01-01"), None), ("Three", None, None)] {
            let body = json!({"full_name": name, "email": format!("{name}@example.org"), "preferred_language": "en", "serves_from": from, "serves_until": until});
            made(server, &secretary, LARACHE, &body);
        }
        made(server, &secretary, MARTIL, &amina());
        let get = |query: &str| server.get_with(&format!("{LARACHE}{query}"), &[server.account(Role::Administrator).header()]);
        let page = get("?limit=2&count=exact");
        assert_documented("listFocalPoints", &page);
        let page = page.ok();
        assert_eq!((names(&page), &page["page"]["total"]), (vec!["One", "Two"], &json!(3)));
        let next = get(&format!("?limit=2&count=exact&cursor={}", page["page"]["next_cursor"].as_str().unwrap())).ok();
        assert_eq!((names(&next), &next["page"]["next_cursor"]), (vec!["Three"], &Value::Null));
        assert_eq!(names(&get("?sort=-created_at").ok()), ["Three", "Two", "One"]);
        for (day, serving) in [("2023-12-31", vec!["One", "Three"]), ("2024-01-01", vec!["Two", "Three"])] {
            assert_eq!(names(&get(&format!("?as_of={day}")).ok()), serving, "{day}");
        }
        assert_eq!(get("?format=csv&fields=full_name,email").text().lines().nth(1), Some("One,one@example.org"));
        assert_eq!(get("?format=ndjson&fields=full_name").text().lines().count(), 3);
        assert_eq!(get("").header("cache-control"), Some("no-store"));
        get("?role=x").problem(400, "unknown_parameter");
        // The feed says nothing of focal points, so its number must not make a copy of the list seem current.
        let tag = get("").header("etag").unwrap().to_owned();
        made(server, &secretary, LARACHE, &amina());
        let again = server.get_with(LARACHE, &[secretary.header(), ("If-None-Match", &tag)]);
        assert_eq!(again.ok()["data"].as_array().unwrap().len(), 4);
    }

    fn what_is_wrong_is_said_at_once_and_an_address_stands_once_at_a_member(server) {
        let secretary = server.account(Role::Secretariat);
        let refused = |body: &Value| server.json("POST", LARACHE, &[secretary.header()], body).problem(422, "invalid_content");
        let wrong = json!({"full_name": "a\u{202e}b", "email": "nobody", "phone": "0537", "preferred_language": "fr", "serves_from": "2024-01-02", "serves_until": "2024-01-01"});
        assert_eq!(pointers(&refused(&wrong)), [("/email", "invalid_value"), ("/full_name", "invalid_value"), ("/phone", "invalid_value"), ("/serves_until", "ends_before_it_begins")]);
        let far = json!({"full_name": "a", "email": "a@b.org", "preferred_language": "fr", "serves_from": "2200-01-01"});
        assert_eq!(pointers(&refused(&far)), [("/serves_from", "invalid_value")]);
        let post = |body: &Value| server.json("POST", LARACHE, &[secretary.header()], body);
        post(&json!({"full_name": "a", "email": "a@b.org", "preferred_language": "es"})).problem(400, "invalid_body");
        post(&json!({"full_name": "a", "email": "a@b.org", "preferred_language": "fr", "member_id": "x"})).problem(400, "unknown_property");
        let point = made(server, &secretary, LARACHE, &amina());
        let taken = post(&amina()).problem(409, "already_exists");
        assert!(taken["errors"][0]["detail"].as_str().unwrap().contains(address(&point)), "{taken}");
        let other = made(server, &secretary, LARACHE, &json!({"full_name": "a", "email": "a@b.org", "preferred_language": "fr"}));
        let taken = patch(server, &secretary, &other, &json!({"email": "amina@example.org"})).problem(409, "already_exists");
        assert_eq!(pointers(&taken), [("/email", "already_exists")]);
        let emptied = patch(server, &secretary, &other, &json!({"full_name": null, "email": null})).problem(422, "invalid_content");
        assert_eq!(pointers(&emptied), [("/email", "invalid_value"), ("/full_name", "invalid_value")]);
        patch(server, &secretary, &other, &json!({"preferred_language": null})).problem(400, "invalid_body");
        made(server, &secretary, MARTIL, &amina());
    }

    fn refusals_come_in_their_order(server) {
        let (secretary, focal, partner) = (server.account(Role::Secretariat), server.account(Role::FocalPoint), server.account(Role::Partner));
        let (own, other) = (made(server, &secretary, LARACHE, &amina()), made(server, &secretary, MARTIL, &amina()));
        let send = |method: &str, path: &str, who: Option<&Account>, kind: &str, body: &str, tag: Option<&str>| {
            let typed = [("Content-Type", kind)];
            let headers: Vec<(&str, &str)> = typed.into_iter().chain(who.map(Account::header)).chain(tag.map(|tag| ("If-Match", tag))).collect();
            server.send_body(method, path, &headers, body)
        };
        let nobody = "/api/v1/members/commune-nowhere/focal-points";
        let unknown = format!("{MARTIL}/{}", own["id"].as_str().unwrap());
        for (method, path) in [("POST", nobody), ("PATCH", address(&own))] {
            send(method, path, None, "text/plain", "{", None).problem(401, "unauthenticated");
            send(method, path, Some(&partner), "text/plain", "{", None).problem(403, "forbidden");
        }
        for who in [&focal, &secretary] {
            send("POST", nobody, Some(who), "text/plain", "{", None).problem(404, "not_found");
            server.get_with(nobody, &[who.header()]).problem(404, "not_found");
        }
        // Whether another member has a focal point is not said either.
        for path in [address(&other), &unknown] {
            send("PATCH", path, Some(&focal), "text/plain", "{", None).problem(403, "not_your_member");
            send("DELETE", path, Some(&focal), "text/plain", "", None).problem(403, "not_your_member");
            server.get_with(path, &[focal.header()]).problem(403, "not_your_member");
        }
        server.get_with(MARTIL, &[focal.header()]).problem(403, "not_your_member");
        send("POST", MARTIL, Some(&focal), "text/plain", "{", None).problem(403, "not_your_member");
        server.get_with(&unknown, &[secretary.header()]).problem(404, "not_found");
        send("PATCH", address(&own), Some(&focal), "text/plain", "{", None).problem(415, "unsupported_media_type");
        send("PATCH", address(&own), Some(&focal), "application/json", "{", None).problem(400, "invalid_body");
        let wrong = r#"{"email": "nobody"}"#;
        send("PATCH", address(&own), Some(&focal), "application/json", wrong, None).problem(428, "precondition_required");
        send("PATCH", address(&own), Some(&focal), "application/json", wrong, Some("\"7-json\"")).problem(412, "precondition_failed");
        send("PATCH", address(&own), Some(&focal), "application/json", wrong, Some("*")).problem(422, "invalid_content");
        let administrator = server.account(Role::Administrator);
        assert_eq!(server.get_with(LARACHE, &[administrator.header()]).status, 200);
        send("POST", LARACHE, Some(&administrator), "application/json", "{}", None).problem(403, "forbidden");
        assert_eq!(server.get_with(address(&own), &[secretary.header()]).ok(), own);
    }

    fn a_request_that_is_sent_twice_adds_one_and_nothing_is_kept_of_who_is_replaced_or_deleted(server) {
        let focal = server.account(Role::FocalPoint);
        let post = |who: &Account| server.json("POST", LARACHE, &[who.header(), ("Idempotency-Key", "once")], &amina());
        let (first, second) = (post(&focal), post(&focal));
        assert_eq!((first.status, second.status, first.json()), (201, 201, second.json()));
        assert_eq!(second.header("idempotency-replayed"), Some("true"));
        assert!(kept_answers(server)[0].as_ref().unwrap().contains("amina@example.org"));
        assert_eq!(server.send("DELETE", address(&first.json()), &[focal.header(), ("If-Match", "*")]).status, 204);
        assert_eq!(kept_answers(server), Vec::<Option<String>>::new());
        let third = post(&focal).json();
        assert_eq!(kept_answers(server).len(), 1);
        patch(server, &focal, &third, &json!({"full_name": "Btissam", "email": "btissam@example.org"})).ok();
        assert_eq!(kept_answers(server), Vec::<Option<String>>::new());
    }

    fn a_deleted_members_focal_points_go_with_it(server) {
        let secretary = server.account(Role::Secretariat);
        let member = json!({"kind": "municipality", "territory_code": "01.331.01.01", "name": {"fr": "X"}, "status": "active", "provenance": "official", "source": "s"});
        let member = server.json("POST", "/api/v1/members", &[secretary.header()], &member).json();
        let path = member["links"]["self"].as_str().unwrap();
        let headers = [secretary.header(), ("Idempotency-Key", "once")];
        let point = server.json("POST", &format!("{path}/focal-points"), &headers, &amina());
        assert_eq!((point.status, server.send("DELETE", path, &[secretary.header(), ("If-Match", "*")]).status), (201, 204));
        assert_eq!(kept_answers(server), Vec::<Option<String>>::new());
        let entries = audit(server);
        let told: Vec<(&Value, &Value)> = entries.iter().map(|entry| (&entry["action"], &entry["resource_id"])).collect();
        assert_eq!(told, [(&json!("created"), &point.json()["id"]), (&json!("deleted"), &point.json()["id"])]);
    }

    fn the_audit_says_that_something_changed_and_not_what(server) {
        let secretary = server.account(Role::Secretariat);
        let point = made(server, &secretary, LARACHE, &amina());
        patch(server, &secretary, &point, &json!({"full_name": "Btissam", "phone": null, "serves_from": "2025-01-01"})).ok();
        assert_eq!(server.send("DELETE", address(&point), &[secretary.header(), ("If-Match", "*")]).status, 204);
        let member = server.get("/api/v1/members/commune-larache").ok()["id"].clone();
        let entries = audit(server);
        let told: Vec<(&Value, &Value, &Value)> = entries.iter().map(|entry| (&entry["action"], &entry["before"], &entry["after"])).collect();
        let of_member = json!({"member_id": member});
        let changed = json!({"full_name": "changed", "phone": "changed", "serves_from": "changed", "member_id": member});
        assert_eq!(told, [
            (&json!("created"), &Value::Null, &of_member),
            (&json!("updated"), &changed, &changed),
            (&json!("deleted"), &of_member, &Value::Null),
        ]);
        assert!(entries.iter().all(|entry| entry["resource_id"] == point["id"]));
    }

    fn what_everybody_reads_says_nothing_of_focal_points(server) {
        let secretary = server.account(Role::Secretariat);
        let before = server.get("/api/v1/changes/latest").ok()["sequence"].clone();
        let point = made(server, &secretary, LARACHE, &amina());
        patch(server, &secretary, &point, &json!({"full_name": "Btissam"})).ok();
        assert_eq!(server.get("/api/v1/changes/latest").ok()["sequence"], before, "the feed knows nothing of it");
        let paths = ["/api/v1", "/api/v1/members", "/api/v1/members/commune-larache", "/api/v1/members?format=csv", "/api/v1/changes?since=0&limit=1000&resource=members",
            "/api/v1/exports/members.csv", "/api/v1/exports/members.json", "/api/v1/datapackage.json", "/api/v1/catalog"];
        for path in paths {
            for authorization in [None, Some(secretary.header())] {
                let headers: Vec<(&str, &str)> = authorization.into_iter().collect();
                let answer = server.get_with(path, &headers);
                assert_eq!(answer.status, 200, "{path}");
                for word in ["amina@example.org", "Btissam", "+212537000000", "focal-points", "focal_point"] {
                    assert!(!answer.text().contains(word), "{word} in {path}");
                }
            }
        }
    }
}
