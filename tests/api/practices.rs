//! Practices: told by their member, read by everybody once they are published, never before.

use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    consultations::{day, patch, places, sequence, told, with},
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both},
    together::at_once,
};

const LIST: &str = "/api/v1/practices";

/// What is said of a published practice of Larache's.
pub fn practice() -> Value {
    json!({"member": "commune-larache", "title": {"fr": "Budget ouvert", "ar": "ميزانية مفتوحة"}, "story": {"fr": "Une page par quartier."},
        "principles": ["transparency"], "publication": "published"})
}

/// Adds something that members share.
#[track_caller]
pub fn made(server: &TestServer, list: &str, who: &Account, body: &Value) -> Value {
    let answer = server.json("POST", list, &[who.header()], body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("location"), answer.json()["links"]["self"].as_str());
    answer.json()
}

/// Where it is.
pub fn address(found: &Value) -> &str {
    found["links"]["self"].as_str().unwrap()
}

/// The French titles of a page.
pub fn titles(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|found| found["title"]["fr"].as_str().unwrap()).collect()
}

/// Who speaks for another member.
pub fn other(server: &TestServer) -> Account {
    Account::new(&server.db, Role::FocalPoint, Some("commune-martil"))
}

fn pairs(resource: &str, operations: &[&str]) -> Vec<(String, String)> {
    operations.iter().map(|op| (resource.to_owned(), (*op).to_owned())).collect()
}

fn create(server: &TestServer, who: &Account, body: &Value) -> Answer {
    server.json("POST", LIST, &[who.header()], body)
}

on_both! {
    fn a_practice_is_added_read_changed_and_deleted(server) {
        let (focal, start) = (server.account(Role::FocalPoint), sequence(server));
        let documents = json!([{"title": {"fr": "Bilan"}, "kind": "report", "language": "fr", "url": "https://www.larache.ma/bilan.pdf"}]);
        let body = with(practice(), &json!({"story": {"fr": " Un.\r\nDeux. "}, "documents": documents, "principles": ["transparency", "accountability"]}));
        let answer = create(server, &focal, &body);
        assert_documented("createPractice", &answer);
        let found = answer.json();
        assert_eq!((&found["member"], &found["territory"], &found["version"]), (&json!("commune-larache"), &json!("01.331.01.03"), &json!(1)));
        assert_eq!((&found["story"]["fr"], &found["principles"]), (&json!("Un.\nDeux."), &json!(["accountability", "transparency"])));
        assert_eq!((&found["published_on"], &found["provenance"], &found["summary"]), (&json!(day(0)), &json!("official"), &Value::Null));
        assert_eq!(found["documents"][0]["sha256"], Value::Null);
        let read = server.get(address(&found));
        assert_documented("getPractice", &read);
        assert_eq!((read.ok(), read.header("etag")), (found.clone(), answer.header("etag")));
        assert!(read.header("cache-control").unwrap().starts_with("public"));
        assert_eq!(server.get_with(address(&found), &[("If-None-Match", read.header("etag").unwrap())]).status, 304);
        assert_eq!(server.get(&format!("{}?lang=ar", address(&found))).ok()["title"], json!({"ar": "ميزانية مفتوحة"}));

        let change = json!({"title": {"en": "Open budget", "ar": null}, "summary": {"fr": "Court"}, "territory": "01.331", "documents": null});
        server.json("PATCH", address(&found), &[focal.header()], &change).problem(428, "precondition_required");
        let changed = patch(server, &focal, address(&found), &change);
        assert_documented("updatePractice", &changed);
        let changed = changed.ok();
        assert_eq!((&changed["version"], &changed["title"]), (&json!(2), &json!({"fr": "Budget ouvert", "en": "Open budget"})));
        assert_eq!((&changed["territory"], &changed["documents"], &changed["story"]), (&json!("01.331"), &json!([]), &found["story"]));
        assert_eq!(patch(server, &focal, address(&found), &json!({"principles": ["transparency", "accountability"]})).ok(), changed, "a change that changes nothing writes nothing");
        assert_eq!(patch(server, &focal, address(&found), &json!({"territory": null})).ok()["territory"], "01.331.01.03");
        let feed = server.get(&format!("/api/v1/changes?since={start}&resource=practices")).ok();
        assert_eq!(feed["data"][0]["data"], server.get(address(&found)).ok());
        server.send("DELETE", address(&found), &[focal.header(), ("If-Match", "\"1-json\"")]).problem(412, "precondition_failed");
        let gone = server.send("DELETE", address(&found), &[focal.header(), ("If-Match", "\"3-json\"")]);
        assert_documented("deletePractice", &gone);
        assert_eq!(gone.status, 204);
        server.get(address(&found)).problem(404, "not_found");
        assert_eq!(told(server, start), pairs("practices", &["created", "updated", "updated", "deleted"]));
        let administrator = server.account(Role::Administrator);
        let audit = server.get_with("/api/v1/audit?limit=5", &[administrator.header()]).ok();
        let of_practices = audit["data"].as_array().unwrap().iter().filter(|entry| entry["resource"] == "practices");
        assert_eq!(of_practices.count(), 4);
    }

    fn a_draft_is_there_for_its_member_and_the_secretariat_only(server) {
        let (focal, other, secretary) = (server.account(Role::FocalPoint), other(server), server.account(Role::Secretariat));
        let start = sequence(server);
        let draft = made(server, LIST, &focal, &with(practice(), &json!({"publication": null})));
        assert_eq!((&draft["publication"], &draft["published_on"]), (&json!("draft"), &Value::Null));
        let theirs = made(server, LIST, &other, &with(practice(), &json!({"member": "commune-martil", "publication": "draft", "title": {"fr": "Autre"}})));
        let (path, all) = (address(&draft), format!("{LIST}?publication=all&count=exact"));
        for headers in [vec![], vec![other.header()]] {
            server.get_with(path, &headers).problem(404, "not_found");
        }
        for who in [&focal, &secretary] {
            let read = server.get_with(path, &[who.header()]);
            assert_eq!((read.ok(), read.header("cache-control")), (draft.clone(), Some("no-store")));
        }
        patch(server, &other, path, &json!({"source": "x"})).problem(404, "not_found");
        server.send("DELETE", path, &[other.header(), ("If-Match", "*")]).problem(404, "not_found");
        server.get(&all).problem(401, "unauthenticated");
        server.get_with(&all, &[server.account(Role::Partner).header()]).problem(403, "forbidden");
        for (who, expected) in [(&focal, vec!["Budget ouvert"]), (&other, vec!["Autre"]), (&secretary, vec!["Budget ouvert", "Autre"])] {
            let page = server.get_with(&all, &[who.header()]);
            assert_eq!((titles(&page.ok()), page.header("cache-control")), (expected.clone(), Some("no-store")));
            let page = server.get_with(&format!("{LIST}?publication=draft"), &[who.header()]).ok();
            assert_eq!(titles(&page), expected);
        }
        // Nothing of it shows where others read: lists, counts, searches, exports, digests, the feed.
        let public = server.get(&format!("{LIST}?count=exact&q=budget")).ok();
        assert_eq!((&public["data"], &public["page"]["total"]), (&json!([]), &json!(0)));
        assert!(!server.get("/api/v1/exports/practices.ndjson").text().contains("Budget"));
        assert_eq!(server.get("/api/v1/changes/digest?resource=practices").ok()["count"], 0);
        assert_eq!(told(server, start), []);

        let shown = patch(server, &focal, path, &json!({"publication": "published"})).ok();
        assert_eq!((&shown["version"], &shown["published_on"]), (&json!(2), &json!(day(0))));
        patch(server, &other, path, &json!({"source": "x"})).problem(403, "not_your_member");
        assert!(server.get("/api/v1/exports/practices.ndjson").text().contains("Budget"));
        assert_eq!(server.get("/api/v1/changes/digest?resource=practices").ok()["count"], 1);
        patch(server, &secretary, path, &json!({"publication": "draft"})).ok();
        server.get(path).problem(404, "not_found");
        server.send("DELETE", path, &[focal.header(), ("If-Match", "*")]);
        server.send("DELETE", address(&theirs), &[other.header(), ("If-Match", "*")]);
        assert_eq!(told(server, start), pairs("practices", &["created", "unpublished"]));
    }

    fn a_focal_point_tells_its_own_members_practices_only(server) {
        let (focal, start) = (server.account(Role::FocalPoint), sequence(server));
        let foreign = with(practice(), &json!({"member": "commune-martil", "title": {}}));
        create(server, &focal, &foreign).problem(403, "not_your_member");
        create(server, &server.account(Role::Partner), &practice()).problem(403, "forbidden");
        server.json("POST", LIST, &[], &practice()).problem(401, "unauthenticated");
        let found = made(server, LIST, &focal, &practice());
        // The member is not for a patch to say.
        let moved = patch(server, &focal, address(&found), &json!({"member": "commune-martil"}));
        assert_eq!(places(&moved.problem(400, "unknown_property"))[0].0, "/member");
        assert_eq!(told(server, start).len(), 1);
        made(server, LIST, &server.account(Role::Secretariat), &with(practice(), &json!({"member": "commune-martil"})));
    }

    fn what_is_wrong_is_said_all_at_once(server) {
        let secretary = server.account(Role::Secretariat);
        let body = json!({"member": "commune-nowhere", "territory": "06.141.01.00", "title": {"fr": "a\nb"}, "story": {},
            "principles": ["transparency", "transparency", "beauty"], "source": "",
            "documents": [{"title": {"fr": "x"}, "kind": "report", "language": "fr", "url": "ftp://x"}]});
        let problem = create(server, &secretary, &body).problem(422, "invalid_content");
        let expected = [("/documents/0/url", "invalid_value"), ("/member", "unknown_member"), ("/principles/0", "unknown_principle"), ("/principles/2", "repeated"),
            ("/source", "invalid_value"), ("/story", "empty"), ("/territory", "overlay"), ("/title/fr", "invalid_value")];
        assert_eq!(places(&problem), expected);
        for (change, place) in [
            (json!({"principles": []}), ("/principles", "empty")),
            (json!({"territory": "99.999"}), ("/territory", "unknown_territory")),
            (json!({"territory": "Larache"}), ("/territory", "invalid_value")),
            (json!({"story": {"fr": "x".repeat(5_001)}}), ("/story/fr", "invalid_value")),
        ] {
            let problem = create(server, &secretary, &with(practice(), &change)).problem(422, "invalid_content");
            assert_eq!(places(&problem), [place], "{problem}");
        }
        create(server, &secretary, &with(practice(), &json!({"provenance": "illustrative"}))).problem(400, "invalid_body");
        create(server, &secretary, &with(practice(), &json!({"region_code": "01"}))).problem(400, "unknown_property");
        let found = made(server, LIST, &secretary, &practice());
        for (change, place) in [(json!({"title": {"fr": null, "ar": null}}), "/title"), (json!({"story": null}), "/story"), (json!({"principles": ["x"]}), "/principles/0")] {
            assert_eq!(places(&patch(server, &secretary, address(&found), &change).problem(422, "invalid_content"))[0].0, place);
        }
        for id in ["x", "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", "01931F6E-7A2B-7C3D-8E4F-5A6B7C8D9E0F"] {
            server.get(&format!("{LIST}/{id}")).problem(404, "not_found");
            patch(server, &secretary, &format!("{LIST}/{id}"), &json!({})).problem(404, "not_found");
            server.send("DELETE", &format!("{LIST}/{id}"), &[secretary.header(), ("If-Match", "*")]).problem(404, "not_found");
        }
    }

    fn what_is_sent_twice_is_made_once_and_of_writers_on_one_version_one_wins(server) {
        let (focal, start) = (server.account(Role::FocalPoint), sequence(server));
        let elsewhere = TestServer::over(server.target.clone(), &[]);
        let instances = [server, &elsewhere];
        let answers = at_once(8, |number| {
            instances[number % 2].json("POST", LIST, &[focal.header(), ("Idempotency-Key", "once")], &practice())
        });
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (201, &answers[0].body), "{}", answer.text());
        }
        assert_eq!(answers.iter().filter(|answer| answer.header("idempotency-replayed") == Some("true")).count(), 7);
        let again = with(practice(), &json!({"source": "x"}));
        server.json("POST", LIST, &[focal.header(), ("Idempotency-Key", "once")], &again).problem(422, "idempotency_key_reused");
        let found = answers[0].json();
        let answers = at_once(8, |number| {
            let principle = ["transparency", "accountability"][number % 2];
            let body = json!({"source": format!("{number}"), "principles": [principle]});
            instances[number % 2].json("PATCH", address(&found), &[focal.header(), ("If-Match", "\"1-json\"")], &body)
        });
        let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1);
        answers.iter().filter(|answer| answer.status != 200).for_each(|answer| { answer.problem(412, "precondition_failed"); });
        assert_eq!(server.get(address(&found)).ok(), won[0].json());
        assert_eq!(told(server, start), pairs("practices", &["created", "updated"]));
    }

    fn lists_are_filtered_sorted_paged_and_had_as_tables(server) {
        let secretary = server.account(Role::Secretariat);
        let add = |member: &str, title: &str, other: Value| {
            made(server, LIST, &secretary, &with(with(practice(), &json!({"member": member, "title": {"fr": title}})), &other))
        };
        add("commune-larache", "Zone verte", json!({"principles": ["accountability", "citizen-participation"]}));
        add("commune-martil", "Écoles accessibles", json!({"story": {"ar": "ولوجيات أمام المدارس"}, "provenance": "press"}));
        add("commune-agadir", "Budget", json!({"summary": {"fr": "Une page"}, "territory": "09"}));
        add("commune-larache", "Brouillon", json!({"publication": "draft"}));
        let found = |query: &str| {
            let page = server.get(&format!("{LIST}?{query}")).ok();
            titles(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        for (query, expected) in [
            ("", &["Zone verte", "Écoles accessibles", "Budget"][..]),
            ("sort=-created_at", &["Budget", "Écoles accessibles", "Zone verte"]),
            ("sort=title_fr", &["Budget", "Écoles accessibles", "Zone verte"]),
            ("sort=-title_ar", &["Zone verte", "Écoles accessibles", "Budget"]),
            ("member=commune-larache", &["Zone verte"]),
            ("member=commune-larache,commune-agadir", &["Zone verte", "Budget"]),
            ("region=01", &["Zone verte", "Écoles accessibles"]),
            ("region=09,03", &["Budget"]),
            ("principle=accountability", &["Zone verte"]),
            ("principle=transparency,citizen-participation", &["Zone verte", "Écoles accessibles", "Budget"]),
            ("territory=09", &["Budget"]),
            ("provenance=press", &["Écoles accessibles"]),
            ("q=ECOLES", &["Écoles accessibles"]),
            ("q=%D8%A7%D9%84%D9%85%D8%AF%D8%A7%D8%B1%D8%B3", &["Écoles accessibles"]),
            ("q=page+budget", &["Budget"]),
            ("q=%21", &[]),
            ("updated_since=2199-01-01", &[]),
            ("region=01&principle=transparency&sort=-title_fr", &["Écoles accessibles"]),
        ] {
            assert_eq!(found(query), expected, "{query}");
        }
        for sort in ["title_fr", "-title_ar", "-created_at"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = server.get(&format!("{LIST}?limit=1&count=exact&sort={sort}{cursor}")).ok();
                assert_eq!(page["page"]["total"], 3);
                seen.extend(titles(&page).into_iter().map(str::to_owned));
                let Some(next) = page["page"]["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, found(&format!("sort={sort}")), "{sort}");
        }
        let table = server.get(&format!("{LIST}?format=csv&fields=member,title_fr,principles&member=commune-larache"));
        assert_eq!(table.text(), "member,title_fr,principles\r\ncommune-larache,Zone verte,\"[\"\"accountability\"\",\"\"citizen-participation\"\"]\"\r\n");
        let lines = server.get(&format!("{LIST}?format=ndjson"));
        assert_eq!(lines.text().lines().count(), 3);
        let first: Value = serde_json::from_str(lines.text().lines().next().unwrap()).unwrap();
        assert_eq!(first, server.get(LIST).ok()["data"][0]);
        let page = server.get(LIST);
        assert_documented("listPractices", &page);
        assert_eq!(page.ok()["sequence"], sequence(server));
    }
}
