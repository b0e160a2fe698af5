//! Alerts: from the day after the day that has passed, of what is public only, page by page.

use std::collections::BTreeSet;

use chrono::Days;
use diesel::{RunQueryDsl as _, sql_query};
use remacto::{auth::roles::Role, db::Conn};
use serde_json::{Value, json};

use crate::{
    evaluations::{advance, programme},
    openapi::assert_documented,
    support::{
        TestServer,
        accounts::{Account, OPERATOR},
        on_both, on_both_demonstrations, today,
    },
};

const NETWORK: &str = "/api/v1/network/alerts";
const LARACHE: &str = "/api/v1/members/commune-larache/alerts";
const PROGRAM: &str = "/api/v1/action-programs/commune-larache-cycle-1";

fn ago(days: u64) -> String {
    (today() - Days::new(days)).to_string()
}

/// The rules of the alerts on a page, with their days.
fn rules(page: &Value) -> Vec<(String, i64)> {
    let each = page["data"].as_array().unwrap().iter();
    each.map(|alert| (alert["rule"].as_str().unwrap().to_owned(), alert["days"].as_i64().unwrap())).collect()
}

fn of(server: &TestServer, rule: &str) -> Vec<Value> {
    server.get(&format!("{LARACHE}?rule={rule}")).ok()["data"].as_array().unwrap().clone()
}

fn patch(server: &TestServer, who: &Account, path: &str, body: &Value) -> Value {
    server.json("PATCH", path, &[who.header(), ("If-Match", "*")], body).ok()
}

/// Runs SQL on the server's database.
fn run(server: &TestServer, sql: &str) {
    let done = server.db.write_blocking(&OPERATOR, |tx| {
        match tx.conn {
            Conn::Sqlite(conn) => sql_query(sql).execute(conn)?,
            Conn::Postgres(conn) => sql_query(sql).execute(conn)?,
        };
        Ok::<_, remacto::db::StoreError>(())
    });
    done.unwrap();
}

/// A contribution that came in some days ago, in a moderation.
fn contribution(server: &TestServer, consultation: &str, number: u32, days: u64, moderation: &str) -> String {
    let id = format!("01931f6e-7a2b-7c3d-8e4f-{number:012}");
    let at = format!("{} 12:00:00", ago(days));
    let moderated = if moderation == "pending" { "NULL".to_owned() } else { format!("'{at}'") };
    let because = if moderation == "withheld" { "'x'" } else { "NULL" };
    run(server, &format!("INSERT INTO contribution (id, version, created_at, updated_at, consultation_id, body, body_language,
        receipt_sha256, receipt_mask, key_sha256, request_sha256, moderation, moderated_at, withheld_because)
        VALUES ('{id}', 1, '{at}', '{at}', '{consultation}', 'hidden-idea', 'fr', '{number:064}', '{number:064}', '{number:064}', '{number:064}', '{moderation}', {moderated}, {because})"));
    id
}

/// A consultation on Larache's programme.
fn consultation(server: &TestServer) -> String {
    let id = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f";
    run(server, &format!("INSERT INTO consultation (id, version, created_at, updated_at, program_id, member_id, region_code, round, kind, title, opens_on, closes_on)
        SELECT '{id}', 1, updated_at, updated_at, id, member_id, region_code, 1, 'online', '{{\"fr\":\"Vos idées\"}}', '2023-03-10', '2023-04-10' FROM action_program"));
    id.to_owned()
}

on_both! {
    fn what_was_announced_is_late_from_the_day_after(server) {
        programme(server, "commune-larache", "co_creation");
        let secretary = server.account(Role::Secretariat);
        assert_eq!(server.get(LARACHE).ok()["data"], json!([]));
        let plan = |planned: Value| patch(server, &secretary, PROGRAM, &json!({"planned": planned}));
        plan(json!({"consultation_on": ago(0), "adoption_on": ago(0)}));
        assert_eq!(rules(&server.get(LARACHE).ok()), []);
        plan(json!({"consultation_on": ago(1), "adoption_on": ago(3)}));
        let answer = server.get(LARACHE);
        assert_documented("listMemberAlerts", &answer);
        let page = answer.ok();
        assert_eq!(rules(&page), [("consultation_overdue".to_owned(), 1), ("adoption_late".to_owned(), 3)]);
        let alert = &page["data"][1];
        assert_eq!((&alert["since"], &alert["computed_on"], &page["computed_on"]), (&json!(ago(2)), &json!(ago(0)), &json!(ago(0))));
        assert_eq!((&alert["member"], &alert["program"], &alert["stage"]), (&json!("commune-larache"), &json!("commune-larache-cycle-1"), &json!("co_creation")));
        assert_eq!((&alert["links"]["subject"], &alert["links"]["member"], &alert["title"]["fr"]), (&json!(PROGRAM), &json!("/api/v1/members/commune-larache"), &json!("Programme")));
        for text in [&alert["detail"], &alert["rule_description"]] {
            assert_eq!(text.as_object().unwrap().len(), 3, "{text}");
        }
        assert_eq!(server.get(&format!("{LARACHE}?lang=ar")).ok()["data"][0]["detail"].as_object().unwrap().len(), 1);
        // Announced for a month, it is late when the month is over.
        plan(json!({"consultation_on": format!("{}-01", &ago(0)[..7]), "consultation_on_precision": "month", "adoption_on": null}));
        assert_eq!(rules(&server.get(LARACHE).ok()), []);
        plan(json!({"consultation_on": "2023-05-01", "consultation_on_precision": "month", "adoption_on": "2023-09-30"}));
        assert_eq!(of(server, "consultation_overdue")[0]["since"], "2023-06-01");
        // Nor is it where the round on the draft projects has begun, whatever the stage says.
        let round = json!({"program": "commune-larache-cycle-1", "round": 1, "kind": "workshop", "title": {"fr": "x"}, "opens_on": "2023-04-20", "closes_on": "2023-06-20"});
        let made = server.json("POST", "/api/v1/consultations", &[secretary.header()], &round);
        let round = made.header("location").unwrap();
        assert_eq!(of(server, "consultation_overdue").len(), 1, "a round on ideas is none on draft projects");
        patch(server, &secretary, round, &json!({"round": 2}));
        assert_eq!(of(server, "consultation_overdue"), Vec::<Value>::new());
        assert_eq!(server.send("DELETE", round, &[secretary.header(), ("If-Match", "*")]).status, 204);
        assert_eq!(of(server, "consultation_overdue").len(), 1);
        // What has come so far is not overdue any more; adopted too late it was late by so many days, until it is carried out.
        advance(server, "commune-larache-cycle-1", "co_creation", "consultation");
        assert_eq!(of(server, "consultation_overdue"), Vec::<Value>::new());
        advance(server, "commune-larache-cycle-1", "consultation", "adopted");
        let adopted = of(server, "adoption_late");
        assert_eq!((&adopted[0]["since"], &adopted[0]["days"]), (&json!("2023-10-01"), &json!(2)));
        assert!(adopted[0]["detail"]["en"].as_str().unwrap().contains("2023-10-02"), "{adopted:?}");
        plan(json!({"adoption_on": "2023-10-02"}));
        assert_eq!(of(server, "adoption_late"), Vec::<Value>::new());
        plan(json!({"adoption_on": "2023-09-30"}));
        advance(server, "commune-larache-cycle-1", "adopted", "implementation");
        assert_eq!(of(server, "adoption_late"), Vec::<Value>::new());
    }

    fn milestones_are_late_as_long_as_they_are_open(server) {
        let project = programme(server, "commune-larache", "implementation");
        let secretary = server.account(Role::Secretariat);
        let path = format!("/api/v1/projects/{project}/milestones");
        let add = |title: &str, due_on: String| {
            let body = json!({"title": {"fr": title}, "due_on": due_on});
            server.json("POST", &path, &[secretary.header()], &body).header("location").unwrap().to_owned()
        };
        let (late, _) = (add("En retard", ago(10)), add("Aujourd'hui", ago(0)));
        let alerts = of(server, "milestone_late");
        assert_eq!((alerts.len(), &alerts[0]["title"]["fr"], &alerts[0]["days"], &alerts[0]["since"]), (1, &json!("En retard"), &json!(10), &json!(ago(9))));
        assert_eq!((&alerts[0]["project_id"], &alerts[0]["links"]["subject"]), (&json!(project), &json!(late)));
        assert_eq!(server.get(&late).ok()["id"], alerts[0]["milestone_id"]);
        patch(server, &secretary, &late, &json!({"done_on": ago(1)}));
        assert_eq!(of(server, "milestone_late"), Vec::<Value>::new());
        patch(server, &secretary, &late, &json!({"done_on": null}));
        assert_eq!(of(server, "milestone_late").len(), 1);
        // A programme that is over has none left.
        advance(server, "commune-larache-cycle-1", "implementation", "closed");
        assert_eq!(of(server, "milestone_late"), Vec::<Value>::new());
    }

    fn a_final_evaluation_is_missing_a_month_after_the_end_until_one_is_published(server) {
        programme(server, "commune-larache", "implementation");
        let (secretary, focal) = (server.account(Role::Secretariat), server.account(Role::FocalPoint));
        patch(server, &secretary, PROGRAM, &json!({"implementation_until": ago(30)}));
        assert_eq!(of(server, "evaluation_missing"), Vec::<Value>::new());
        patch(server, &secretary, PROGRAM, &json!({"implementation_until": ago(31)}));
        let alerts = of(server, "evaluation_missing");
        assert_eq!((alerts.len(), &alerts[0]["days"], &alerts[0]["since"]), (1, &json!(1), &json!(ago(0))));
        patch(server, &secretary, PROGRAM, &json!({"implementation_until": null}));
        // It ends at the latest when its evaluation begins.
        advance(server, "commune-larache-cycle-1", "implementation", "evaluation");
        assert_eq!(of(server, "evaluation_missing")[0]["since"], "2026-01-31");
        let body = |kind: &str, publication: &str| {
            json!({"kind": kind, "evaluated_on": "2026-01-20", "completion": "complete", "opened_government": "major", "publication": publication})
        };
        let list = format!("{PROGRAM}/evaluations");
        server.json("POST", &list, &[focal.header()], &body("mid_term", "published"));
        let draft = server.json("POST", &list, &[focal.header()], &body("final", "draft")).header("location").unwrap().to_owned();
        assert_eq!(of(server, "evaluation_missing").len(), 1, "neither a draft nor another kind will do");
        patch(server, &focal, &draft, &json!({"publication": "published"}));
        assert_eq!(of(server, "evaluation_missing"), Vec::<Value>::new());
        patch(server, &focal, &draft, &json!({"publication": "draft"}));
        assert_eq!(of(server, "evaluation_missing").len(), 1);
    }

    fn an_idea_waits_thirty_days_and_what_nobody_has_looked_at_is_only_counted(server) {
        programme(server, "commune-larache", "co_creation");
        let consultation = consultation(server);
        let shown = contribution(server, &consultation, 1, 31, "published");
        contribution(server, &consultation, 2, 30, "published");
        let unseen = [contribution(server, &consultation, 3, 45, "pending"), contribution(server, &consultation, 4, 40, "pending")];
        contribution(server, &consultation, 5, 2, "pending");
        contribution(server, &consultation, 6, 50, "withheld");
        let answer = server.get(&format!("{LARACHE}?rule=idea_unanswered&count=exact"));
        assert_documented("listMemberAlerts", &answer);
        let page = answer.ok();
        assert_eq!((rules(&page), &page["page"]["total"]), (vec![("idea_unanswered".to_owned(), 1), ("idea_unanswered".to_owned(), 15)], &json!(2)));
        let [one, many] = &page["data"].as_array().unwrap()[..] else { panic!("{page}") };
        let address = format!("/api/v1/consultations/{consultation}");
        assert_eq!((&one["contribution_id"], &one["count"], &one["links"]["subject"]), (&json!(shown), &json!(1), &json!(format!("{address}/contributions/{shown}"))));
        assert_eq!((&many["contribution_id"], &many["count"], &many["links"]["subject"]), (&Value::Null, &json!(2), &json!(address)));
        assert_eq!((&many["consultation_id"], &many["title"]["fr"]), (&json!(consultation), &json!("Vos idées")));
        for path in [LARACHE, NETWORK, &format!("{NETWORK}?format=csv"), &format!("{NETWORK}?format=ndjson")] {
            let text = server.get(path).text().to_owned();
            assert!(!text.contains("hidden-idea") && unseen.iter().all(|id| !text.contains(id)), "{path}: {text}");
        }
        // Nobody keeps a count that no sequence tells of, and when it changes the validator does.
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        run(server, &format!("UPDATE contribution SET moderation = 'withheld', moderated_at = created_at, withheld_because = 'x' WHERE id = '{}'", unseen[0]));
        let known = [("If-None-Match", answer.header("etag").unwrap())];
        let after = server.get_with(&format!("{LARACHE}?rule=idea_unanswered&count=exact"), &known);
        assert_eq!((after.ok()["data"][1]["count"].as_i64(), &after.ok()["data"][1]["since"]), (Some(1), &json!(ago(9))));
        run(server, &format!("UPDATE contribution SET moderation = 'withheld', moderated_at = created_at, withheld_because = 'x' WHERE id = '{}'", unseen[1]));
        run(server, &format!("UPDATE contribution SET decision = 'rejected', decided_on = '2026-01-01', decision_reason = '{{\"fr\":\"Non\"}}' WHERE id = '{shown}'"));
        let quiet = server.get_with(&format!("{LARACHE}?rule=idea_unanswered"), &[("Cache-Control", "no-cache")]);
        assert_eq!((quiet.ok()["data"].clone(), quiet.header("cache-control").unwrap().starts_with("public")), (json!([]), true));
    }

    fn what_is_not_published_and_who_has_left_have_no_alerts(server) {
        let secretary = server.account(Role::Secretariat);
        let draft = json!({"member": "commune-martil", "cycle": 1, "title": {"fr": "hidden-programme"}, "planned": {"adoption_on": "2023-01-01", "consultation_on": "2023-01-01"}});
        assert_eq!(server.json("POST", "/api/v1/action-programs", &[secretary.header()], &draft).status, 201);
        let focal = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        for headers in [&[][..], &[focal.header()], &[secretary.header()]] {
            let page = server.get_with("/api/v1/members/commune-martil/alerts?count=exact", headers).ok();
            assert_eq!((&page["data"], &page["page"]["total"]), (&json!([]), &json!(0)), "a token makes no difference");
        }
        patch(server, &secretary, "/api/v1/action-programs/commune-martil-cycle-1", &json!({"publication": "published"}));
        assert_eq!(server.get(&format!("{NETWORK}?count=exact")).ok()["page"]["total"], 2);
        let left = json!({"to": "withdrawn", "on": ago(1), "reason": "Asked for by the council"});
        server.json("POST", "/api/v1/members/commune-martil/transitions", &[secretary.header()], &left).ok();
        assert_eq!(server.get(&format!("{NETWORK}?count=exact")).ok()["page"]["total"], 0);
        assert_eq!(server.get("/api/v1/members/commune-martil/alerts").ok()["data"], json!([]));
        server.get("/api/v1/members/commune-nowhere/alerts").problem(404, "not_found");
        server.get(&format!("{NETWORK}?rule=weather")).problem(400, "invalid_parameter");
    }
}

on_both_demonstrations! {
    fn pages_of_any_size_make_up_the_whole_list_with_as_many_statements(server) {
        let answer = server.get(&format!("{NETWORK}?limit=200&count=exact"));
        assert_documented("listNetworkAlerts", &answer);
        let whole = answer.ok();
        let total = whole["page"]["total"].as_u64().unwrap();
        assert!(total > 100, "{total}");
        for (sort, size) in [("-since", 7), ("since", 23), ("-since", 200)] {
            let (mut found, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = server.get(&format!("{NETWORK}?sort={sort}&limit={size}{cursor}")).ok();
                found.extend(page["data"].as_array().unwrap().clone());
                let Some(next) = page["page"]["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(json!(found.len()), json!(total), "{sort} {size}");
            let subjects: BTreeSet<String> = found.iter().map(|alert| format!("{} {}", alert["rule"], alert["links"]["subject"])).collect();
            assert_eq!(json!(subjects.len()), json!(total), "each once");
            let days: Vec<&str> = found.iter().map(|alert| alert["since"].as_str().unwrap()).collect();
            assert!(if sort == "since" { days.is_sorted() } else { days.iter().rev().is_sorted() });
            if sort == "-since" {
                let first = whole["data"].as_array().unwrap();
                assert_eq!(&found[..first.len()], first);
            }
        }
        let queries = |path: &str| {
            let before = server.db.query_count();
            server.get_with(path, &[("Cache-Control", "no-cache")]).ok();
            server.db.query_count() - before
        };
        let (few, many) = (queries(&format!("{NETWORK}?limit=1")), queries(&format!("{NETWORK}?limit=200")));
        assert!(few <= many && many <= 9, "{few} and {many} statements");
    }

    fn every_alert_leads_to_what_it_is_about(server) {
        let mut seen = BTreeSet::new();
        for rule in ["adoption_late", "consultation_overdue", "evaluation_missing", "idea_unanswered", "milestone_late"] {
            for alert in server.get(&format!("{NETWORK}?rule={rule}&limit=5")).ok()["data"].as_array().unwrap() {
                seen.insert(rule);
                for link in ["subject", "program", "member"] {
                    assert_eq!(server.get(alert["links"][link].as_str().unwrap()).status, 200, "{alert}");
                }
            }
        }
        assert_eq!(seen.len(), 5, "the demonstration shows {seen:?}");
        // By member and by region the network's list is that of its parts.
        let all = server.get(&format!("{NETWORK}?limit=200&sort=since")).ok();
        let member = all["data"][0]["member"].as_str().unwrap().to_owned();
        let (own, part) = (server.get(&format!("/api/v1/members/{member}/alerts?limit=200")).ok(), server.get(&format!("{NETWORK}?member={member}&limit=200")).ok());
        assert_eq!(own["data"], part["data"]);
        let count = |query: &str| server.get(&format!("{NETWORK}?count=exact&limit=1{query}")).ok()["page"]["total"].as_u64().unwrap();
        let regions: u64 = (1..=12).map(|region| count(&format!("&region={region:02}"))).sum();
        assert_eq!(regions, count(""));
        let rules = ["adoption_late", "consultation_overdue", "evaluation_missing", "idea_unanswered", "milestone_late"];
        assert_eq!(rules.iter().map(|rule| count(&format!("&rule={rule}"))).sum::<u64>(), count(""));
        let foreign = server.get(&format!("{NETWORK}?limit=1")).ok()["page"]["next_cursor"].as_str().unwrap().to_owned();
        server.get(&format!("{NETWORK}?sort=since&cursor={foreign}")).problem(400, "invalid_cursor");
    }
}
