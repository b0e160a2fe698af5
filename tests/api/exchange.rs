//! Collaborations and events: who takes part, who writes them, what runs when; what is counted of them; and what is invented
//! for demonstration.

use std::collections::BTreeMap;

use remacto::{
    auth::roles::Role,
    db::{Deed, StoreError},
    exchange::{self, Tally},
    kernel::id::Identifier,
};
use serde_json::{Value, json};

use crate::{
    consultations::{day, patch, places, sequence, told, with},
    openapi::assert_documented,
    practices::{address, made, other, practice, titles},
    support::{
        TestServer,
        accounts::{Account, OPERATOR},
        on_both, on_both_demonstrations,
    },
    together::at_once,
};

const COLLABORATIONS: &str = "/api/v1/collaborations";
const EVENTS: &str = "/api/v1/events";

/// What is said of a published collaboration that Larache leads.
pub fn collaboration() -> Value {
    json!({"kind": "twinning", "title": {"fr": "Eau partagée", "ar": "ماء"}, "purpose": {"fr": "Arroser"}, "lead": "commune-larache",
        "members": ["commune-martil", "commune-larache"], "starts_on": "2025-03-01", "publication": "published"})
}

/// What is said of a published event that Larache hosts.
pub fn event() -> Value {
    json!({"reach": "international", "title": {"fr": "Forum"}, "country": "MA", "territory": "01.331.01.03", "starts_on": "2025-10-07",
        "host": "commune-larache", "members": ["commune-martil", "commune-larache"], "publication": "published"})
}

/// The id of a member.
fn member_id(server: &TestServer, slug: &str) -> String {
    server.get(&format!("/api/v1/members/{slug}")).ok()["id"].as_str().unwrap().to_owned()
}

/// What members share until a day, by slug.
fn tallies(server: &TestServer, slugs: &[&str], as_of: &str) -> BTreeMap<String, (i64, i64, i64)> {
    let ids: Vec<Identifier> = slugs.iter().map(|slug| member_id(server, slug).parse().unwrap()).collect();
    let (wanted, as_of) = (ids.clone(), as_of.parse().unwrap());
    let read = move |conn: &mut remacto::db::Conn| exchange::tallies(conn, &wanted.iter().collect::<Vec<_>>(), as_of);
    let found = server.db.read_blocking(read).unwrap();
    let counts = |tally: &Tally| (tally.practices, tally.collaborations, tally.events);
    let named =
        slugs.iter().zip(&ids).filter_map(|(slug, id)| Some(((*slug).to_owned(), counts(found.get(id.as_str())?))));
    named.collect()
}

on_both! {
    fn who_leads_a_collaboration_writes_it(server) {
        let (focal, other, secretary) = (server.account(Role::FocalPoint), other(server), server.account(Role::Secretariat));
        let start = sequence(server);
        let answer = server.json("POST", COLLABORATIONS, &[focal.header()], &collaboration());
        assert_documented("createCollaboration", &answer);
        let found = answer.json();
        let path = address(&found);
        assert_eq!((&found["lead"], &found["members"]), (&json!("commune-larache"), &json!(["commune-larache", "commune-martil"])));
        assert_eq!((&found["starts_on_precision"], &found["ends_on"], &found["published_on"]), (&json!("day"), &Value::Null, &json!(day(0))));
        let read = server.get(path);
        assert_documented("getCollaboration", &read);
        assert_eq!(read.ok(), found);
        // Who takes part and does not lead has no say.
        patch(server, &other, path, &json!({"members": ["commune-martil"]})).problem(403, "not_your_member");
        server.send("DELETE", path, &[other.header(), ("If-Match", "*")]).problem(403, "not_your_member");
        server.json("POST", COLLABORATIONS, &[other.header()], &collaboration()).problem(403, "not_your_member");
        // Nor does who leads give it away: the body's owner comes before the version.
        server.json("PATCH", path, &[focal.header()], &json!({"lead": "commune-martil"})).problem(403, "not_your_member");
        let given = patch(server, &secretary, path, &json!({"lead": "commune-martil", "ends_on": "2026-01-01", "ends_on_precision": "year"}));
        assert_documented("updateCollaboration", &given);
        assert_eq!((&given.ok()["lead"], &given.json()["ends_on_precision"]), (&json!("commune-martil"), &json!("year")));
        patch(server, &focal, path, &json!({"agreement_reference": "1"})).problem(403, "not_your_member");
        let changed = patch(server, &other, path, &json!({"members": ["commune-martil", "commune-agadir"], "agreement_reference": "1/2025", "ends_on": null})).ok();
        assert_eq!((&changed["members"], &changed["version"], &changed["ends_on_precision"]), (&json!(["commune-agadir", "commune-martil"]), &json!(3), &Value::Null));
        assert_eq!(patch(server, &other, path, &json!({"members": ["commune-martil", "commune-agadir"]})).ok(), changed);
        patch(server, &other, path, &json!({"publication": "draft"})).ok();
        patch(server, &focal, path, &json!({"kind": "other"})).problem(404, "not_found");
        server.get_with(path, &[focal.header()]).problem(404, "not_found");
        assert_eq!(server.get_with(path, &[other.header()]).ok()["published_on"], Value::Null);
        let gone = server.send("DELETE", path, &[other.header(), ("If-Match", "\"4-json\"")]);
        assert_documented("deleteCollaboration", &gone);
        let operations: Vec<String> = told(server, start).into_iter().map(|(_, op)| op).collect();
        assert_eq!(operations, ["created", "updated", "updated", "unpublished"]);
    }

    fn what_is_wrong_with_a_collaboration_is_said_all_at_once(server) {
        let secretary = server.account(Role::Secretariat);
        let refused = |change: &Value| {
            let answer = server.json("POST", COLLABORATIONS, &[secretary.header()], &with(collaboration(), change));
            answer.problem(422, "invalid_content")
        };
        let all = refused(&json!({"lead": "commune-agadir", "members": ["commune-martil", "commune-nowhere", "commune-martil"], "ends_on": "2025-02-28",
            "agreement_url": "x", "purpose": {}}));
        assert_eq!(places(&all), [("/agreement_url", "invalid_value"), ("/ends_on", "ends_before_it_begins"), ("/lead", "does_not_take_part"),
            ("/members/1", "unknown_member"), ("/members/2", "repeated"), ("/purpose", "empty")]);
        let many: Vec<String> = (0..501).map(|number| format!("commune-{number}")).collect();
        let members = json!(["commune-larache"]);
        for (change, place) in [
            (json!({"members": members}), ("/members", "too_few")),
            (json!({"members": []}), ("/lead", "does_not_take_part")),
            (json!({"lead": "commune-nowhere"}), ("/lead", "unknown_member")),
            (json!({"lead": "Larache!"}), ("/lead", "invalid_value")),
            (json!({"lead": "commune-0", "members": many}), ("/members", "too_many")),
            (json!({"ends_on_precision": "month"}), ("/ends_on_precision", "without_date")),
        ] {
            assert_eq!(places(&refused(&change))[0], place, "{change}");
        }
        assert_eq!(places(&refused(&json!({"members": vec!["x"; 501]}))).last(), Some(&("/members", "too_many")));
        for date in ["1850-01-01", "2025-3-01", "2025 - 03 - 01", "-2025-03-01"] {
            let body = with(collaboration(), &json!({"starts_on": date}));
            let problem = server.json("POST", COLLABORATIONS, &[secretary.header()], &body).problem(400, "invalid_body");
            assert_eq!(problem["errors"][0]["pointer"], "/starts_on");
            assert!(problem["detail"].as_str().unwrap().contains("is not a date of the form 2024-04-30"), "{problem}");
        }
        let found = made(server, COLLABORATIONS, &secretary, &collaboration());
        let problem = patch(server, &secretary, address(&found), &json!({"members": ["commune-martil", "commune-agadir"]})).problem(422, "invalid_content");
        assert_eq!(places(&problem), [("/lead", "does_not_take_part")]);
    }

    fn collaborations_are_found_by_the_day_on_which_they_run(server) {
        let secretary = server.account(Role::Secretariat);
        let add = |title: &str, other: Value| {
            made(server, COLLABORATIONS, &secretary, &with(with(collaboration(), &json!({"title": {"fr": title}})), &other));
        };
        add("Ouverte", json!({"starts_on": "2024-05-01"}));
        add("Mois", json!({"starts_on": "2024-03-01", "ends_on": "2024-06-01", "ends_on_precision": "month", "kind": "convention"}));
        add("Jour", json!({"starts_on": "2024-06-15", "ends_on": "2024-06-15", "lead": "commune-agadir", "members": ["commune-agadir", "commune-fes"]}));
        add("Cachée", json!({"starts_on": "2024-06-01", "publication": "draft"}));
        let found = |query: &str| {
            let page = server.get(&format!("{COLLABORATIONS}?{query}")).ok();
            titles(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        for (query, expected) in [
            ("on=2024-04-30", &["Mois"][..]),
            ("on=2024-06-15", &["Ouverte", "Mois", "Jour"]),
            ("on=2024-06-30", &["Ouverte", "Mois"]),
            ("on=2024-07-01", &["Ouverte"]),
            ("on=2200-12-31", &["Ouverte"]),
            ("on=2024-02-29", &[]),
            ("member=commune-martil", &["Ouverte", "Mois"]),
            ("member=commune-fes,commune-larache", &["Ouverte", "Mois", "Jour"]),
            ("region=09", &["Jour"]),
            ("region=03,01", &["Ouverte", "Mois", "Jour"]),
            ("kind=convention,other", &["Mois"]),
            ("q=arroser+jour", &["Jour"]),
            ("sort=starts_on", &["Mois", "Ouverte", "Jour"]),
            ("sort=-starts_on", &["Jour", "Ouverte", "Mois"]),
            ("sort=title_fr", &["Jour", "Mois", "Ouverte"]),
        ] {
            assert_eq!(found(query), expected, "{query}");
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = server.get(&format!("{COLLABORATIONS}?limit=1&sort=-starts_on{cursor}"));
            assert_documented("listCollaborations", &page);
            let page = page.ok();
            seen.extend(titles(&page).into_iter().map(str::to_owned));
            let Some(next) = page["page"]["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, ["Jour", "Ouverte", "Mois"]);
        server.get(&format!("{COLLABORATIONS}?sort=starts_on{cursor}")).problem(400, "invalid_cursor");
        let table = server.get(&format!("{COLLABORATIONS}?format=csv&fields=lead,members&kind=convention"));
        assert_eq!(table.text().lines().nth(1), Some("commune-larache,\"[\"\"commune-larache\"\",\"\"commune-martil\"\"]\""));
    }

    fn who_hosts_an_event_writes_it_and_the_secretariat_those_of_the_network(server) {
        let (focal, other, secretary) = (server.account(Role::FocalPoint), other(server), server.account(Role::Secretariat));
        let start = sequence(server);
        let answer = server.json("POST", EVENTS, &[focal.header()], &event());
        assert_documented("createEvent", &answer);
        let found = answer.json();
        let path = address(&found);
        assert_eq!((&found["host"], &found["ends_on"], &found["is_online"]), (&json!("commune-larache"), &json!("2025-10-07"), &json!(false)));
        let read = server.get(path);
        assert_documented("getEvent", &read);
        assert_eq!(read.ok(), found);
        patch(server, &other, path, &json!({"url": null})).problem(403, "not_your_member");
        server.json("POST", EVENTS, &[other.header()], &event()).problem(403, "not_your_member");
        // The network's own are the secretariat's, also those that it gives and takes away.
        let of_network = with(event(), &json!({"host": null, "members": [], "publication": "draft"}));
        server.json("POST", EVENTS, &[focal.header()], &of_network).problem(403, "not_your_member");
        patch(server, &focal, path, &json!({"host": null})).problem(403, "not_your_member");
        let network = made(server, EVENTS, &secretary, &of_network);
        assert_eq!((&network["host"], &network["members"], &network["links"]["host"]), (&Value::Null, &json!([]), &Value::Null));
        for who in [&focal, &other] {
            server.get_with(address(&network), &[who.header()]).problem(404, "not_found");
            patch(server, who, address(&network), &json!({"host": "commune-larache"})).problem(404, "not_found");
            let page = server.get_with(&format!("{EVENTS}?publication=draft"), &[who.header()]).ok();
            assert_eq!(page["data"], json!([]));
        }
        let page = server.get_with(&format!("{EVENTS}?publication=draft"), &[secretary.header()]).ok();
        assert_eq!(page["data"][0], network);
        patch(server, &secretary, address(&network), &json!({"publication": "published"})).ok();
        patch(server, &focal, address(&network), &json!({"url": null})).problem(403, "not_your_member");
        let taken = patch(server, &secretary, path, &json!({"host": null, "title": {"en": "Forum"}, "place": {"fr": "Larache"}, "ends_on": "2025-10-09"}));
        assert_documented("updateEvent", &taken);
        assert_eq!((&taken.ok()["host"], &taken.json()["ends_on"]), (&Value::Null, &json!("2025-10-09")));
        patch(server, &focal, path, &json!({"url": null})).problem(403, "not_your_member");
        let gone = server.send("DELETE", path, &[secretary.header(), ("If-Match", "\"2-json\"")]);
        assert_documented("deleteEvent", &gone);
        let operations: Vec<String> = told(server, start).into_iter().map(|(_, op)| op).collect();
        assert_eq!(operations, ["created", "created", "updated", "deleted"]);
    }

    fn events_take_place_somewhere_and_are_found_by_their_days(server) {
        let secretary = server.account(Role::Secretariat);
        for (change, expected) in [
            (json!({"country": "XX"}), &[("/country", "invalid_value")][..]),
            (json!({"country": null}), &[("/country", "missing_value"), ("/territory", "abroad")]),
            (json!({"country": "KE", "reach": "national"}), &[("/country", "abroad"), ("/territory", "abroad")]),
            (json!({"territory": "06.141.01.00"}), &[("/territory", "overlay")]),
            (json!({"ends_on": "2025-10-06"}), &[("/ends_on", "ends_before_it_begins")]),
            (json!({"starts_on": "1980-01-01", "ends_on": "2025-10-06"}), &[("/starts_on", "invalid_value")]),
            (json!({"host": "commune-agadir"}), &[("/host", "unknown_member")]),
            (json!({"members": ["commune-martil"]}), &[("/host", "does_not_take_part")]),
        ] {
            // Agadir is a member, and is not where nobody names it.
            let expected: Vec<_> = expected.iter().map(|(at, code)| (*at, if *code == "unknown_member" { "does_not_take_part" } else { code })).collect();
            let answer = server.json("POST", EVENTS, &[secretary.header()], &with(event(), &change));
            assert_eq!(places(&answer.problem(422, "invalid_content")), expected, "{change}");
        }
        let add = |title: &str, other: Value| {
            made(server, EVENTS, &secretary, &with(with(event(), &json!({"title": {"fr": title}})), &other));
        };
        add("Semaine", json!({"starts_on": "2025-05-26", "ends_on": "2025-06-01", "country": null, "territory": null, "is_online": true, "host": null, "members": []}));
        add("Juin", json!({"starts_on": "2025-06-10", "reach": "national"}));
        add("Dakar", json!({"starts_on": "2025-06-30", "ends_on": "2025-07-02", "country": "SN", "territory": null, "reach": "continental",
            "place": {"fr": "Dakar"}, "organiser": {"ar": "جمعية"}, "host": null, "members": ["commune-agadir"]}));
        let found = |query: &str| {
            let page = server.get(&format!("{EVENTS}?{query}"));
            assert_documented("listEvents", &page);
            titles(&page.ok()).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        for (query, expected) in [
            ("from=2025-06-01&until=2025-06-30", &["Semaine", "Juin", "Dakar"][..]),
            ("from=2025-06-02&until=2025-06-29", &["Juin"]),
            ("from=2025-07-01", &["Dakar"]),
            ("until=2025-06-09", &["Semaine"]),
            ("country=SN", &["Dakar"]),
            ("country=MA,SN", &["Juin", "Dakar"]),
            ("reach=national,continental", &["Juin", "Dakar"]),
            ("member=commune-martil", &["Juin"]),
            ("region=09", &["Dakar"]),
            ("q=%D8%AC%D9%85%D8%B9%D9%8A%D9%87", &["Dakar"]),
            ("sort=-starts_on", &["Dakar", "Juin", "Semaine"]),
            ("sort=title_ar", &["Dakar", "Juin", "Semaine"]),
        ] {
            assert_eq!(found(query), expected, "{query}");
        }
    }

    fn a_member_that_shares_something_stays_and_one_that_is_being_deleted_takes_part_in_nothing(server) {
        let (secretary, registrar) = (server.account(Role::Secretariat), server.account(Role::Registrar));
        let path = "/api/v1/members/commune-martil";
        let delete = || server.send("DELETE", path, &[registrar.header(), ("If-Match", "*")]);
        let martil = json!({"member": "commune-martil"});
        let shared = [
            made(server, COLLABORATIONS, &secretary, &collaboration()),
            made(server, EVENTS, &secretary, &event()),
            made(server, "/api/v1/practices", &secretary, &with(practice(), &martil)),
        ];
        for one in &shared {
            let problem = delete().problem(409, "not_now");
            assert_eq!(problem["errors"][0]["code"], "has_exchange", "{problem}");
            assert_eq!(server.send("DELETE", address(one), &[secretary.header(), ("If-Match", "*")]).status, 204);
        }
        // Either it is gone first, and nobody can name it, or it takes part, and stays.
        let answers = at_once(2, |number| match number {
            0 => delete(),
            _ => server.json("POST", COLLABORATIONS, &[secretary.header()], &collaboration()),
        });
        match [answers[0].status, answers[1].status] {
            [204, 422] => assert_eq!(places(&answers[1].json()), [("/members/0", "unknown_member")]),
            [409, 201] => assert_eq!(answers[0].json()["errors"][0]["code"], "has_exchange"),
            other => panic!("{other:?}: {} {}", answers[0].text(), answers[1].text()),
        }
    }

    fn a_part_counts_once_the_member_or_the_secretariat_has_confirmed_it(server) {
        let (focal, other, secretary) = (server.account(Role::FocalPoint), other(server), server.account(Role::Secretariat));
        let bodies = [(COLLABORATIONS, collaboration(), "Collaboration", "leads_it"), (EVENTS, event(), "Event", "hosts_it")];
        for (list, body, what, stays) in bodies {
            let counted = || {
                let found = tallies(server, &["commune-larache", "commune-martil", "commune-agadir"], &day(0));
                ["commune-larache", "commune-martil", "commune-agadir"].map(|slug| {
                    let (_, collaborations, events) = found.get(slug).copied().unwrap_or_default();
                    if list == EVENTS { events } else { collaborations }
                })
            };
            let certain = |found: &Value| found["confirmed_members"].clone();
            // What one says of another counts for who says it only.
            let found = made(server, list, &focal, &body);
            let path = address(&found);
            assert_eq!((&found["members"], certain(&found)), (&json!(["commune-larache", "commune-martil"]), json!(["commune-larache"])));
            assert_eq!(counted(), [1, 0, 0], "{list}");
            let card = server.get_with("/api/v1/members/commune-martil/scorecard", &[("Cache-Control", "no-cache")]).ok();
            let (figure, at) = if list == EVENTS { ("events_attended", 4) } else { ("collaborations_joined", 3) };
            let evidence = card["commitments"][at]["evidence"].as_array().unwrap();
            assert_eq!(evidence.iter().find(|found| found["code"] == figure).unwrap()["value"], 0, "{figure}");
            let start = sequence(server);
            let part = |member: &str| format!("{path}/members/{member}");
            let confirm = |who: &Account, member: &str, tag: &str| server.send("PUT", &part(member), &[who.header(), ("If-Match", tag)]);
            let remove = |who: &Account, member: &str, tag: &str| server.send("DELETE", &part(member), &[who.header(), ("If-Match", tag)]);
            confirm(&focal, "commune-martil", "*").problem(403, "not_your_member");
            remove(&focal, "commune-martil", "*").problem(403, "not_your_member");
            confirm(&other, "commune-larache", "*").problem(403, "not_your_member");
            confirm(&other, "commune-agadir", "*").problem(404, "not_found");
            server.send("PUT", &part("commune-martil"), &[other.header()]).problem(428, "precondition_required");
            confirm(&other, "commune-martil", "\"7-json\"").problem(412, "precondition_failed");
            let confirmed = confirm(&other, "commune-martil", "\"1-json\"");
            assert_documented(&format!("confirm{what}Member"), &confirmed);
            assert_eq!((certain(&confirmed.ok()), &confirmed.ok()["version"]), (json!(["commune-larache", "commune-martil"]), &json!(2)));
            assert_eq!(server.get(path).ok(), confirmed.ok());
            assert_eq!(counted(), [1, 1, 0], "{list}");
            assert_eq!(confirm(&other, &member_id(server, "commune-martil"), "*").ok()["version"], 2, "what is so stays so");
            // Who stays is still certain, who is new is not.
            let three = json!({"members": ["commune-agadir", "commune-larache", "commune-martil"]});
            assert_eq!(certain(&patch(server, &focal, path, &three).ok()), json!(["commune-larache", "commune-martil"]));
            assert_eq!(certain(&patch(server, &secretary, path, &json!({"source": "x"})).ok()), json!(["commune-larache", "commune-martil"]));
            assert_eq!(counted(), [1, 1, 0], "{list}");
            assert_eq!(certain(&confirm(&secretary, "commune-agadir", "*").ok()), three["members"]);
            assert_eq!(counted(), [1, 1, 1], "{list}");
            // A part is given back by whose it is, and the lead or host stays.
            remove(&other, "commune-agadir", "*").problem(403, "not_your_member");
            let gone = remove(&other, "commune-martil", "\"5-json\"");
            assert_documented(&format!("remove{what}Member"), &gone);
            remove(&other, "commune-martil", "*").problem(404, "not_found");
            let refused = remove(&focal, "commune-larache", "*").problem(409, "not_now");
            assert_eq!(places(&refused), [("", stays)]);
            assert_eq!(remove(&secretary, "commune-agadir", "*").status, 204);
            assert_eq!((server.get(path).ok()["members"].clone(), counted()), (json!(["commune-larache"]), [1, 0, 0]));
            // Who is alone now still writes it.
            assert_eq!(patch(server, &focal, path, &json!({"source": "y"})).ok()["source"], "y");
            let operations: Vec<String> = told(server, start).into_iter().map(|(_, op)| op).collect();
            assert_eq!(operations, ["updated"; 7]);
            // A draft is not there for who is only named in it.
            let draft = made(server, list, &focal, &with(body.clone(), &json!({"publication": "draft"})));
            let headers = [other.header(), ("If-Match", "*")];
            server.send("PUT", &format!("{}/members/commune-martil", address(&draft)), &headers).problem(404, "not_found");
            // What the secretariat names is certain.
            assert_eq!(certain(&made(server, list, &secretary, &body)), json!(["commune-larache", "commune-martil"]));
        }
    }

    fn what_was_named_before_there_were_confirmations_counts_as_it_did(server) {
        let (focal, members) = (server.account(Role::FocalPoint), ["commune-larache", "commune-martil"]);
        made(server, COLLABORATIONS, &focal, &collaboration());
        made(server, EVENTS, &focal, &event());
        for table in ["collaboration_member", "event_member"] {
            server.execute(&format!("UPDATE {table} SET confirmed_at = NULL")).unwrap();
        }
        assert!(tallies(server, &members, &day(0)).is_empty());
        // What the migration does to the rows that it finds; it is the same for both databases.
        let migration = include_str!("../../migrations/sqlite/2026-11-25-000017_confirmed_parts/up.sql");
        let filled: Vec<&str> = migration.lines().filter(|line| line.starts_with("UPDATE ")).collect();
        for sql in &filled {
            server.execute(sql.trim_end_matches(';')).unwrap();
        }
        let counted = BTreeMap::from(members.map(|slug| (slug.to_owned(), (0, 1, 1))));
        assert_eq!((filled.len(), tallies(server, &members, &day(0))), (2, counted));
    }

    fn the_audit_tells_who_has_confirmed_a_part(server) {
        let (focal, other, administrator) = (server.account(Role::FocalPoint), other(server), server.account(Role::Administrator));
        for (list, resource, body) in [(COLLABORATIONS, "collaborations", collaboration()), (EVENTS, "events", event())] {
            let found = made(server, list, &focal, &body);
            let part = format!("{}/members/commune-martil", address(&found));
            let headers = [other.header(), ("If-Match", "*")];
            server.send("PUT", &part, &headers).ok();
            server.send("PUT", &part, &headers).ok();
            let path = format!("/api/v1/audit?resource={resource}&account_id={}", other.id);
            let noted = server.get_with(&path, &[administrator.header()]).ok()["data"].clone();
            assert_eq!(noted.as_array().unwrap().len(), 1, "{noted}");
            assert_eq!(noted[0]["before"], json!({"confirmed_members": ["commune-larache"]}));
            assert_eq!(noted[0]["after"], json!({"confirmed_members": ["commune-larache", "commune-martil"]}));
        }
    }

    fn only_members_of_today_share_something_new(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let shared = [(COLLABORATIONS, collaboration()), (EVENTS, event())].map(|(list, body)| (list, made(server, list, &secretary, &body), body));
        let told = made(server, "/api/v1/practices", &secretary, &with(practice(), &json!({"member": "commune-martil"})));
        let left = json!({"to": "withdrawn", "on": "2026-02-01", "reason": "Asked for by the council"});
        server.json("POST", "/api/v1/members/commune-martil/transitions", &[secretary.header()], &left).ok();
        for (list, found, body) in &shared {
            for who in [&focal, &secretary] {
                let refused = server.json("POST", list, &[who.header()], body).problem(422, "invalid_content");
                assert_eq!(places(&refused), [("/members/0", "not_a_member")], "{list}");
            }
            // It stays where it is, and comes back only as a member.
            let path = address(found);
            assert_eq!(patch(server, &focal, path, &json!({"source": "x"})).ok()["members"], found["members"]);
            let both = json!({"members": ["commune-agadir", "commune-larache"]});
            patch(server, &focal, path, &both).ok();
            let three = json!({"members": ["commune-agadir", "commune-larache", "commune-martil"]});
            assert_eq!(places(&patch(server, &focal, path, &three).problem(422, "invalid_content")), [("/members/2", "not_a_member")]);
        }
        let another = with(practice(), &json!({"member": "commune-martil"}));
        let refused = server.json("POST", "/api/v1/practices", &[secretary.header()], &another).problem(422, "invalid_content");
        assert_eq!(places(&refused), [("/member", "not_a_member")]);
        patch(server, &secretary, address(&told), &json!({"source": "x"})).ok();
    }

    fn all_reasons_why_a_member_stays_are_told_and_no_drafts(server) {
        let (focal, secretary, registrar) = (server.account(Role::FocalPoint), server.account(Role::Secretariat), server.account(Role::Registrar));
        let path = "/api/v1/members/commune-martil";
        let delete = || server.send("DELETE", path, &[registrar.header(), ("If-Match", "*")]);
        let (draft, martil) = (json!({"publication": "draft"}), json!({"member": "commune-martil"}));
        // What others have not published yet does not keep it.
        let drafts = [(COLLABORATIONS, collaboration()), (EVENTS, event())].map(|(list, body)| made(server, list, &focal, &with(body, &draft)));
        let event = made(server, EVENTS, &secretary, &event());
        made(server, "/api/v1/practices", &secretary, &with(practice(), &martil));
        let hidden = made(server, "/api/v1/practices", &secretary, &with(with(practice(), &martil), &draft));
        let level = json!({"commitment": "visibility", "year": 2025, "level": 1, "explanation": {"fr": "Moyen"}, "assessed_on": "2026-01-20", "publication": "published"});
        let assessed = server.json("POST", &format!("{path}/assessments"), &[secretary.header()], &level);
        assert_eq!(assessed.status, 201, "{}", assessed.text());
        let account = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        let problem = delete().problem(409, "not_now");
        assert_eq!(places(&problem), [("", "has_accounts"), ("", "has_assessments"), ("", "has_exchange"), ("", "has_unpublished")]);
        let details: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|error| error["detail"].as_str().unwrap()).collect();
        assert_eq!(details[2], "The member has 1 practices, 0 collaborations and 1 events.");
        assert_eq!(details[3], "The member has something that is not published.");
        let practices = server.get("/api/v1/practices?member=commune-martil").ok();
        for gone in [address(&event), address(&practices["data"][0]), assessed.json()["links"]["self"].as_str().unwrap()] {
            assert_eq!(server.send("DELETE", gone, &[secretary.header(), ("If-Match", "*")]).status, 204, "{gone}");
        }
        let sql = format!("DELETE FROM account WHERE id = '{}'", account.id);
        server.execute(&sql).unwrap();
        assert_eq!(places(&delete().problem(409, "not_now")), [("", "has_unpublished")]);
        assert_eq!(server.send("DELETE", address(&hidden), &[secretary.header(), ("If-Match", "*")]).status, 204);
        assert_eq!(delete().status, 204);
        for draft in &drafts {
            let left = server.get_with(address(draft), &[focal.header()]).ok();
            assert_eq!((&left["members"], &left["version"]), (&json!(["commune-larache"]), &json!(2)), "{left}");
        }
    }

    fn an_event_of_one_day_is_moved_as_one(server) {
        let secretary = server.account(Role::Secretariat);
        let found = made(server, EVENTS, &secretary, &event());
        let days = |change: Value| {
            let after = patch(server, &secretary, address(&found), &change).ok();
            [&after["starts_on"], &after["ends_on"]].map(|day| day.as_str().unwrap().to_owned())
        };
        assert_eq!(days(json!({"starts_on": "2025-11-02"})), ["2025-11-02", "2025-11-02"]);
        assert_eq!(days(json!({"starts_on": "2025-09-30"})), ["2025-09-30", "2025-09-30"]);
        assert_eq!(days(json!({"starts_on": "2025-10-01", "ends_on": "2025-10-03"})), ["2025-10-01", "2025-10-03"]);
        assert_eq!(days(json!({"starts_on": "2025-10-02"})), ["2025-10-02", "2025-10-03"]);
        let problem = server.get(&format!("{EVENTS}?from=2025-06-02&until=2025-06-01")).problem(400, "invalid_parameter");
        assert_eq!(problem["errors"][0]["parameter"], "until");
        assert_eq!(server.get(&format!("{EVENTS}?from=2025-06-01&until=2025-06-01")).status, 200);
        let sahara = with(event(), &json!({"country": "EH", "territory": null}));
        let refused = server.json("POST", EVENTS, &[secretary.header()], &sahara).problem(422, "invalid_content");
        assert_eq!(places(&refused), [("/country", "invalid_value")]);
        server.get(&format!("{EVENTS}?country=EH")).problem(400, "invalid_parameter");
    }

    fn the_databases_themselves_refuse_what_the_rules_refuse(server) {
        let secretary = server.account(Role::Secretariat);
        made(server, "/api/v1/practices", &secretary, &practice());
        made(server, COLLABORATIONS, &secretary, &collaboration());
        made(server, EVENTS, &secretary, &event());
        for (what, sql) in [
            ("a published practice without a day", "UPDATE practice SET published_on = NULL"),
            ("a draft with a day", "UPDATE practice SET publication = 'draft'"),
            ("a practice of nobody", "UPDATE practice SET member_id = '0'"),
            ("a practice nowhere", "UPDATE practice SET territory_code = '99'"),
            ("a story that is no JSON", "UPDATE practice SET story = 'x'"),
            ("a principle twice", "INSERT INTO practice_principle SELECT practice_id, principle FROM practice_principle"),
            ("an unknown kind", "UPDATE collaboration SET kind = 'friendship'"),
            ("an end before the beginning", "UPDATE collaboration SET runs_until = '2025-02-28'"),
            ("half an end", "UPDATE collaboration SET ends_on = '2026-01-01'"),
            ("a lead that is nobody", "UPDATE collaboration SET lead_id = '0'"),
            ("who takes part twice", "INSERT INTO collaboration_member SELECT collaboration_id, member_id FROM collaboration_member"),
            ("an unknown reach", "UPDATE event SET reach = 'universal'"),
            ("a country that is none", "UPDATE event SET country = 'Morocco'"),
            ("a territory abroad", "UPDATE event SET country = 'KE'"),
            ("a territory of no country", "UPDATE event SET country = NULL"),
            ("an event that ends before it begins", "UPDATE event SET ends_on = '2025-10-06'"),
            ("a provenance that is a rumour", "UPDATE event SET provenance = 'rumour'"),
            ("a member that takes part and goes", "DELETE FROM member WHERE slug = 'commune-martil'"),
        ] {
            assert!(server.execute(sql).is_err(), "{what} is taken");
        }
    }

    fn what_members_share_is_counted_as_of_a_day(server) {
        let secretary = server.account(Role::Secretariat);
        let add = |list: &str, body: &Value, other: Value| made(server, list, &secretary, &with(body.clone(), &other));
        add("/api/v1/practices", &practice(), json!({}));
        add("/api/v1/practices", &practice(), json!({"publication": "draft"}));
        add(COLLABORATIONS, &collaboration(), json!({}));
        add(COLLABORATIONS, &collaboration(), json!({"starts_on": "2024-01-01", "starts_on_precision": "year"}));
        add(COLLABORATIONS, &collaboration(), json!({"publication": "draft"}));
        add(EVENTS, &event(), json!({}));
        add(EVENTS, &event(), json!({"host": null, "members": ["commune-martil"], "starts_on": day(30)}));
        let members = ["commune-agadir", "commune-larache", "commune-martil"];
        let expected = |larache: (i64, i64, i64), martil: (i64, i64, i64)| {
            BTreeMap::from([("commune-larache".to_owned(), larache), ("commune-martil".to_owned(), martil)])
        };
        assert_eq!(tallies(server, &members, &day(0)), expected((1, 2, 1), (0, 2, 1)));
        assert_eq!(tallies(server, &members, &day(-1)), expected((0, 2, 1), (0, 2, 1)));
        assert_eq!(tallies(server, &members, &day(30)), expected((1, 2, 1), (0, 2, 2)));
        assert_eq!(tallies(server, &members, "2025-02-28"), expected((0, 1, 0), (0, 1, 0)));
        assert!(tallies(server, &members, "2023-12-31").is_empty() && tallies(server, &[], &day(0)).is_empty());
    }
}

on_both_demonstrations! {
    fn what_members_share_is_invented_in_three_languages_with_drafts_that_nobody_else_sees(server) {
        let secretary = server.account(Role::Secretariat);
        for (list, all, drafts) in [("/api/v1/practices", 30, 4), (COLLABORATIONS, 15, 2), (EVENTS, 15, 2)] {
            let page = server.get(&format!("{list}?count=exact&limit=200")).ok();
            assert_eq!(page["page"]["total"], all - drafts, "{list}");
            for found in page["data"].as_array().unwrap() {
                assert_eq!((&found["provenance"], found["title"].as_object().unwrap().len()), (&json!("illustrative"), 3), "{found}");
            }
            let page = server.get_with(&format!("{list}?count=exact&publication=all"), &[secretary.header()]).ok();
            assert_eq!(page["page"]["total"], all, "{list}");
            let export = format!("/api/v1/exports/{}.ndjson", list.rsplit('/').next().unwrap());
            assert_eq!(server.get(&export).text().lines().count(), usize::try_from(all - drafts).unwrap(), "{list}");
        }
        let members = |list: &str| {
            let page = server.get(&format!("{list}?limit=200")).ok();
            let mut named: Vec<String> = page["data"].as_array().unwrap().iter().map(|found| found["member"].as_str().unwrap().to_owned()).collect();
            named.sort();
            named.dedup();
            named.len()
        };
        assert_eq!(members("/api/v1/practices"), 26);
        // Nothing is invented of those who are really members.
        let real = server.get("/api/v1/members?provenance=official,press&limit=200").ok();
        assert_eq!(real["page"]["next_cursor"], Value::Null);
        for member in real["data"].as_array().unwrap() {
            let slug = member["slug"].as_str().unwrap();
            let link = |name: &str| server.get(&format!("/api/v1/{name}?member={slug}")).ok()["data"].clone();
            for name in ["practices", "collaborations", "events"] {
                assert_eq!(link(name), json!([]), "{name} of {}", member["slug"]);
            }
        }
        let again = server.db.write_blocking(&OPERATOR, |tx| {
            let added = exchange::load_illustrative(tx)?;
            tx.audit(Deed::loaded("illustrative exchange", added));
            Ok::<_, StoreError>(added)
        });
        assert_eq!(again.unwrap(), 0);
    }
}
