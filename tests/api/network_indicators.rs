//! The network's indicators: the catalogue, and figures that follow from what is published, for any day and any part of the
//! network.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use remacto::{auth::roles::Role, kernel::clock};
use serde_json::{Value, json};

use crate::{
    consultations::{self, day, patch},
    evaluations::{advance, evaluator, programme},
    openapi::assert_documented,
    support::{TestServer, accounts::Account, on_both, on_both_demonstrations, today},
};

const LIST: &str = "/api/v1/network/indicators";
const PROGRAM: &str = "/api/v1/action-programs/commune-larache-cycle-1";

/// All that is computed.
fn computed(server: &TestServer) -> Vec<String> {
    let page = server.get(&format!("{LIST}?computed=true")).ok();
    page["data"].as_array().unwrap().iter().map(|entry| entry["code"].as_str().unwrap().to_owned()).collect()
}

/// An indicator's figures, asked for anew.
#[track_caller]
fn asked(server: &TestServer, path: &str) -> Value {
    let answer = server.get_with(&format!("{LIST}/{path}"), &[("Cache-Control", "no-cache")]);
    assert_documented("getNetworkIndicator", &answer);
    answer.ok()
}

/// The value of the whole.
#[track_caller]
fn value(server: &TestServer, path: &str) -> Value {
    asked(server, path)["whole"]["value"].clone()
}

/// The categories of a dimension that anything is in.
fn parts(figures: &Value, dimension: &str) -> BTreeMap<String, i64> {
    let parts = figures["whole"]["disaggregation"][dimension].as_object().unwrap().iter();
    let parts = parts.map(|(category, amount)| (category.clone(), amount.as_i64().unwrap()));
    parts.filter(|(_, amount)| *amount != 0).collect()
}

fn is(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
    pairs.iter().map(|(category, amount)| ((*category).to_owned(), *amount)).collect()
}

fn step(server: &TestServer, project: &str, due_on: &str, done_on: &Value) -> String {
    let secretary = server.account(Role::Secretariat);
    let body = json!({"title": {"fr": "Étape"}, "due_on": due_on, "done_on": done_on});
    let made = server.json("POST", &format!("/api/v1/projects/{project}/milestones"), &[secretary.header()], &body);
    assert_eq!(made.status, 201, "{}", made.text());
    made.header("location").unwrap().to_owned()
}

/// Sends an idea to an open round and publishes it; returns its id.
fn idea(server: &TestServer, who: &Account, round: &Value, key: &str) -> String {
    let list = format!("{}/contributions", consultations::address(round));
    let sent = server.json("POST", &list, &[("Idempotency-Key", key)], &json!({"text": key, "language": "fr"}));
    assert_eq!(sent.status, 201, "{}", sent.text());
    let pending = server.get_with(&format!("{list}?moderation=pending"), &[who.header()]).ok();
    let path = pending["data"][0]["links"]["self"].as_str().unwrap().to_owned();
    server.json("POST", &format!("{path}/moderation"), &[who.header()], &json!({"to": "published"})).ok();
    pending["data"][0]["id"].as_str().unwrap().to_owned()
}

on_both! {
    fn the_catalogue_has_full_definitions_and_is_kept_until_something_changes(server) {
        let answer = server.get(LIST);
        assert_documented("listNetworkIndicators", &answer);
        let page = answer.ok();
        let entries = page["data"].as_array().unwrap();
        assert!(entries.len() >= 20 && page["page"]["total"] == entries.len());
        for entry in entries {
            for text in ["title", "measures", "computation", "source", "responsible_unit"] {
                assert_eq!(entry[text].as_object().unwrap().len(), 3, "{entry}");
            }
            assert!(entry["unit"]["label"]["ar"].is_string() && entry["version"] == 1);
            assert!(entry["dimensions"].as_array().unwrap().iter().all(|dimension| dimension["categories"][0]["label"]["fr"].is_string()));
            assert!(page["units"].as_array().unwrap().contains(&entry["unit"]));
            let commitment = entry["links"]["commitment"].as_str().unwrap();
            assert_eq!(server.get(commitment).status, 200, "{commitment}");
        }
        let count = |query: &str| server.get(&format!("{LIST}?{query}")).ok()["data"].as_array().unwrap().len();
        assert_eq!(count("computed=true") + count("computed=false"), entries.len());
        assert_eq!(count("scope=programme") + count("scope=project,commitment"), entries.len());
        assert_eq!(count("commitment=visibility"), entries.iter().filter(|entry| entry["commitment"] == "visibility").count());
        assert_eq!(count("scope=network"), 0);
        server.get(&format!("{LIST}?commitment=nothing")).problem(422, "unknown_reference");
        server.get(&format!("{LIST}?computed=maybe")).problem(400, "invalid_parameter");
        server.get(&format!("{LIST}?scop=programme")).problem(400, "unknown_parameter");
        let arabic = server.get(&format!("{LIST}?lang=ar")).ok();
        assert_eq!(arabic["data"][0]["title"].as_object().unwrap().len(), 1);
        let tag = answer.header("etag").unwrap();
        assert_eq!(server.get_with(LIST, &[("If-None-Match", tag)]).status, 304);
        // Every entry answers with its definition and figures, whoever asks.
        for entry in entries {
            let code = entry["code"].as_str().unwrap();
            let found = asked(server, code);
            assert_eq!((&found["indicator"], &found["formula"]), (entry, &entry["computation"]));
            let focal = server.account(Role::FocalPoint);
            assert_eq!(server.get_with(&format!("{LIST}/{code}"), &[focal.header()]).ok()["whole"], found["whole"]);
            let narrow = format!("{LIST}/{code}?as_of=2025-12-31&by=kind&member=commune-larache&region=01&kind=municipality");
            let links = server.get(&narrow).ok()["links"].clone();
            assert_eq!(links["self"], narrow);
            assert!(links["members"].as_str().unwrap().ends_with("&region=01&kind=municipality"), "{links}");
            for link in ["self", "catalogue", "members"] {
                assert_eq!(server.get(found["links"][link].as_str().unwrap()).status, 200, "{link}");
            }
        }
        server.get(&format!("{LIST}/weather")).problem(404, "not_found");
        server.get(&format!("{LIST}/milestones-done?as_of={}", day(1))).problem(400, "invalid_parameter");
        server.get(&format!("{LIST}/milestones-done?by=weather")).problem(400, "invalid_parameter");
    }

    fn projects_and_milestones_are_counted_as_they_were_on_the_day(server) {
        let project = programme(server, "commune-larache", "evaluation");
        let given_up = programme(server, "commune-agadir", "co_creation");
        step(server, &given_up, "2023-04-30", &Value::Null);
        step(server, &project, "2024-03-31", &json!("2024-03-20"));
        step(server, &project, "2024-06-30", &json!("2024-08-01"));
        step(server, &project, "2024-09-30", &json!("2024-11-01"));
        let secretary = server.account(Role::Secretariat);
        let gone = json!({"to": "cancelled", "on": "2023-06-01", "reason": "Given up"});
        server.json("POST", "/api/v1/action-programs/commune-agadir-cycle-1/transitions", &[secretary.header()], &gone).ok();
        let status = |member: &str, day: &str| {
            let found = asked(server, &format!("projects-by-status?member={member}&as_of={day}"));
            assert_eq!(found["whole"]["members"], 1);
            let parts = parts(&found, "status");
            assert_eq!(found["whole"]["value"], parts.values().sum::<i64>());
            parts.into_keys().collect::<String>()
        };
        for (day, expected) in [("2023-02-28", ""), ("2023-03-01", "not_started"), ("2024-03-19", "not_started"), ("2024-03-20", "in_progress"),
            ("2024-06-30", "in_progress"), ("2024-07-01", "late"), ("2024-07-31", "late"), ("2024-08-01", "in_progress"),
            ("2024-10-01", "late"), ("2024-11-01", "completed"), ("2026-01-12", "completed")] {
            assert_eq!(status("commune-larache", day), expected, "{day}");
        }
        for (day, expected) in [("2023-04-30", "not_started"), ("2023-05-01", "late"), ("2023-05-31", "late"), ("2023-06-01", "cancelled")] {
            assert_eq!(status("commune-agadir", day), expected, "{day}");
        }
        let milestones = |day: &str| ["done", "late"].map(|what| value(server, &format!("milestones-{what}?as_of={day}")).as_i64().unwrap());
        assert_eq!(milestones("2023-05-31"), [0, 1]);
        assert_eq!(milestones("2023-06-01"), [0, 0], "nothing is late in what was given up");
        assert_eq!((milestones("2024-03-19"), milestones("2024-03-20")), ([0, 0], [1, 0]));
        assert_eq!((milestones("2024-07-01"), milestones("2024-10-01"), milestones("2024-11-01")), ([1, 1], [2, 1], [3, 0]));

        // By groups, and of parts of the network.
        let found = asked(server, "projects-by-status?by=region");
        assert_eq!((&found["whole"]["value"], &found["whole"]["members_counted"], &found["by"]), (&json!(2), &json!(2), &json!("region")));
        let groups: BTreeMap<&str, &Value> =
            found["groups"].as_array().unwrap().iter().map(|group| (group["code"].as_str().unwrap(), &group["figure"]["value"])).collect();
        assert_eq!((groups["01"], groups["09"], groups["06"]), (&json!(1), &json!(1), &json!(0)));
        let region = &found["groups"][0];
        assert!(region["label"]["fr"].is_string() && region["label"]["ar"].is_string());
        assert_eq!(value(server, "projects-by-status?region=09"), 1);
        assert_eq!(value(server, "projects-by-status?region=01,09&kind=municipality"), 2);
        assert_eq!(value(server, "projects-by-status?kind=region"), 0);
        let kinds = asked(server, "milestones-done?by=kind");
        let kinds: Vec<&Value> = kinds["groups"].as_array().unwrap().iter().map(|group| &group["code"]).collect();
        assert_eq!(kinds[..2], [&json!("region"), &json!("prefecture_or_province")]);
        let cohorts = asked(server, "milestones-done?by=cohort&member=commune-larache");
        assert_eq!((cohorts["groups"].as_array().unwrap().len(), &cohorts["groups"][0]["figure"]["value"]), (1, &json!(3)));
        // Who has left is in no figure from that day on.
        let left = json!({"to": "withdrawn", "on": "2026-05-01", "reason": "Asked for by the council"});
        server.json("POST", "/api/v1/members/commune-larache/transitions", &[secretary.header()], &left).ok();
        assert_eq!((value(server, "milestones-done"), value(server, "milestones-done?as_of=2026-04-30")), (json!(0), json!(3)));
        assert_eq!(asked(server, "milestones-done?member=commune-larache")["whole"]["members"], 0);
    }

    fn consultations_and_ideas_count_once_they_are_public_and_over(server) {
        let secretary = server.account(Role::Secretariat);
        consultations::program(server, "published");
        let round = consultations::made(server, &secretary, &consultations::open_round());
        let ids = ["a", "b", "c"].map(|key| idea(server, &secretary, &round, &format!("the-key-of-the-idea-{key}")));
        let workshop = json!({"program": "commune-larache-cycle-1", "round": 1, "kind": "workshop", "title": {"fr": "Atelier"}, "opens_on": day(-3), "closes_on": day(-2)});
        consultations::made(server, &secretary, &workshop);
        assert_eq!(value(server, "consultations-held"), 1, "the round goes on");
        let run = |sql: String| assert!(server.execute(&sql).unwrap() > 0, "{sql}");
        run(format!("UPDATE consultation SET closes_on = '{}' WHERE kind = 'online'", day(-1)));
        run("UPDATE consultation SET participants = 84, participants_women = 41, participants_men = 43, participants_under_25 = 22, participants_25_to_59 = 50, \
            participants_60_and_over = 12, participants_of_associations = 17 WHERE kind = 'online'".to_owned());
        run("UPDATE consultation SET participants = 30, participants_women = 20, participants_under_25 = 30 WHERE kind = 'workshop'".to_owned());
        let held = asked(server, "consultations-held");
        assert_eq!((&held["whole"]["value"], parts(&held, "consultation_kind")), (&json!(2), is(&[("online", 1), ("workshop", 1)])));
        assert_eq!(value(server, &format!("consultations-held?as_of={}", day(-2))), 1);
        assert_eq!(value(server, &format!("consultations-held?as_of={}", day(-3))), 0);
        let people = asked(server, "consultation-participants");
        assert_eq!(people["whole"]["value"], 114);
        assert_eq!(parts(&people, "sex"), is(&[("women", 61), ("men", 43), ("unspecified", 10)]));
        assert_eq!(parts(&people, "age_group"), is(&[("under_25", 52), ("aged_25_to_59", 50), ("aged_60_and_over", 12)]));
        assert_eq!(parts(&people, "association"), is(&[("of_associations", 17), ("others", 67), ("unspecified", 30)]));
        // Shares are over the rounds that counted everybody of whom they are shares.
        let women = &asked(server, "consultation-women-share")["whole"];
        assert_eq!((&women["numerator"], &women["denominator"], &women["value"]), (&json!(41), &json!(84), &json!(48.809_524)));
        let young = &asked(server, "consultation-youth-share")["whole"];
        assert_eq!((&young["numerator"], &young["denominator"], &young["value"]), (&json!(22), &json!(84), &json!(26.190_476)));
        let nobody = asked(server, &format!("consultation-women-share?as_of={}", day(-2)));
        assert_eq!((&nobody["whole"]["value"], &nobody["whole"]["denominator"]), (&Value::Null, &json!(0)));

        let answered = |id: &str, decision: &str, came: i64, decided: i64| {
            // Half an hour into the day, when UTC still shows the day before.
            let at = (clock::day_start(day(came).parse().unwrap()) + chrono::TimeDelta::minutes(30)).naive_utc();
            run(format!("UPDATE contribution SET created_at = '{at}' WHERE id = '{id}'"));
            run(format!("UPDATE contribution SET decision = '{decision}', decided_on = '{}', decision_reason = '{{\"fr\": \"x\"}}' WHERE id = '{id}'", day(decided)));
        };
        assert_eq!((value(server, "ideas-received"), value(server, "ideas-answered-with-reasons")), (json!(3), json!(0)));
        assert_eq!(value(server, "days-from-idea-to-answer"), Value::Null);
        answered(&ids[0], "rejected", -20, -5);
        answered(&ids[1], "merged", -8, -6);
        let share = &asked(server, "ideas-answered-with-reasons")["whole"];
        assert_eq!((&share["numerator"], &share["denominator"], &share["value"]), (&json!(2), &json!(3), &json!(66.666_667)));
        assert_eq!(value(server, "ideas-accepted"), 1);
        let days = &asked(server, "days-from-idea-to-answer")["whole"];
        assert_eq!((&days["value"], &days["minimum"], &days["maximum"], &days["observations"]), (&json!(8.5), &json!(2), &json!(15), &json!(2)));
        let before = |code: &str, offset: i64| value(server, &format!("{code}?as_of={}", day(offset)));
        assert_eq!((before("days-from-idea-to-answer", -6), before("ideas-answered-with-reasons", -6)), (json!(2), json!(50)));
        assert_eq!((before("ideas-received", -9), before("ideas-received", -21), before("ideas-accepted", -7)), (json!(1), json!(0), json!(0)));
        run(format!("UPDATE contribution SET moderation = 'withheld', withheld_because = 'x' WHERE id = '{}'", ids[1]));
        assert_eq!((value(server, "ideas-received"), value(server, "ideas-accepted"), value(server, "days-from-idea-to-answer")), (json!(2), json!(0), json!(15)));
    }

    fn committees_weigh_what_they_have_as_long_as_their_programmes_go_on(server) {
        programme(server, "commune-larache", "evaluation");
        programme(server, "commune-agadir", "implementation");
        let secretary = server.account(Role::Secretariat);
        let committee = |path: &str, size: i64, women: Value, civil_society: Value| {
            patch(server, &secretary, path, &json!({"committee": {"size": size, "women": women, "civil_society": civil_society, "chair_function": null}})).ok();
        };
        committee(PROGRAM, 15, json!(7), json!(8));
        committee("/api/v1/action-programs/commune-agadir-cycle-1", 9, Value::Null, json!(3));
        let share = |code: &str, day: &str| {
            let found = asked(server, &format!("committee-{code}-share?as_of={day}"))["whole"].clone();
            (found["numerator"].clone(), found["denominator"].clone(), found["value"].clone())
        };
        assert_eq!(share("women", "2024-06-01"), (json!(7), json!(15), json!(46.666_667)));
        assert_eq!(share("civil-society", "2024-06-01"), (json!(11), json!(24), json!(45.833_333)));
        assert_eq!(share("civil-society", "2023-02-01"), (json!(0), json!(0), Value::Null), "no programme was there");
        advance(server, "commune-larache-cycle-1", "evaluation", "closed");
        assert_eq!(share("civil-society", "2026-04-19").1, 24);
        assert_eq!(share("civil-society", "2026-04-20"), (json!(3), json!(9), json!(33.333_333)));
    }

    fn drafts_count_nowhere(server) {
        let secretary = server.account(Role::Secretariat);
        consultations::program(server, "draft");
        patch(server, &secretary, PROGRAM, &json!({"committee": {"size": 15, "women": 7, "civil_society": 8, "chair_function": null}})).ok();
        let project = server.json("POST", "/api/v1/projects", &[secretary.header()], &json!({"program": "commune-larache-cycle-1", "title": {"fr": "Projet"}})).json();
        step(server, project["id"].as_str().unwrap(), "2024-03-31", &json!("2024-03-20"));
        step(server, project["id"].as_str().unwrap(), "2024-03-31", &Value::Null);
        let workshop = json!({"program": "commune-larache-cycle-1", "round": 1, "kind": "workshop", "title": {"fr": "Atelier"}, "opens_on": day(-3), "closes_on": day(-2)});
        consultations::made(server, &secretary, &workshop);
        server.execute("UPDATE consultation SET participants = 84, participants_women = 41, participants_men = 43").unwrap();
        let nothing = |value: &Value| value.is_null() || value == 0;
        for code in computed(server) {
            for headers in [&[][..], &[secretary.header()]] {
                let found = server.get_with(&format!("{LIST}/{code}?member=commune-larache"), headers).ok();
                assert!(nothing(&found["whole"]["value"]) && found["whole"]["members_counted"] == 0, "{found}");
            }
        }
        patch(server, &secretary, PROGRAM, &json!({"publication": "published"})).ok();
        let values: Vec<Value> = ["projects-by-status", "milestones-done", "milestones-late", "consultations-held", "consultation-participants", "committee-women-share"]
            .map(|code| value(server, code)).into();
        assert_eq!(values, [json!(1), json!(1), json!(1), json!(1), json!(84), json!(46.666_667)]);
    }

    fn what_members_report_is_put_together_from_their_latest_approved_values(server) {
        let secretary = server.account(Role::Secretariat);
        programme(server, "commune-larache", "implementation");
        programme(server, "commune-agadir", "implementation");
        let reported = |member: &str, code: &str, period: &str, figures: &Value| {
            let evaluator = evaluator(server, "Averroès", Some(member));
            let focal = Account::of(&server.db, Role::FocalPoint, Some(member), None);
            let indicator = json!({"catalogue": code, "member": member, "publication": "published"});
            let made = server.json("POST", "/api/v1/indicators", &[secretary.header()], &indicator);
            assert!([201, 409].contains(&made.status), "{}", made.text());
            let slug = format!("{member}-openness-norms-{code}");
            let mut body = json!({"indicator": slug, "period": period, "submit": true});
            body.as_object_mut().unwrap().extend(figures.as_object().unwrap().clone());
            let made = server.json("POST", "/api/v1/measurements", &[focal.header()], &body);
            assert_eq!(made.status, 201, "{}", made.text());
            (evaluator, made.header("location").unwrap().to_owned())
        };
        let approve = |(evaluator, path): &(Account, String)| {
            let review = json!({"verdict": "approve"});
            let done = server.json("POST", &format!("{path}/review"), &[evaluator.header(), ("If-Match", "*")], &review);
            assert!(done.status < 300, "{}", done.text());
        };
        let share = |numerator: i64, denominator: i64| json!({"numerator": numerator, "denominator": denominator});
        let code = "services-fully-online";
        assert_eq!(value(server, code), Value::Null);
        approve(&reported("commune-larache", code, "2024-H1", &share(10, 40)));
        let waiting = reported("commune-larache", code, "2024-H2", &share(30, 40));
        approve(&reported("commune-agadir", code, "2024-H1", &share(20, 20)));
        let found = asked(server, &format!("{code}?by=region"));
        let whole = &found["whole"];
        assert_eq!((&whole["numerator"], &whole["denominator"], &whole["value"], &whole["observations"]), (&json!(30), &json!(60), &json!(50), &json!(2)));
        assert_eq!((&whole["minimum"], &whole["maximum"], &whole["members_counted"]), (&json!(25), &json!(100), &json!(2)));
        let groups = found["groups"].as_array().unwrap().iter().filter(|group| group["figure"]["observations"] != 0);
        assert_eq!(groups.map(|group| group["figure"]["value"].clone()).collect::<Vec<_>>(), [json!(25), json!(100)]);
        // Another approved value takes the place of the former one, from the end of its period on.
        approve(&waiting);
        assert_eq!(value(server, code), json!(83.333_333));
        assert_eq!((value(server, &format!("{code}?as_of=2024-12-30")), value(server, &format!("{code}?as_of=2024-12-31"))), (json!(50), json!(83.333_333)));
        assert_eq!(value(server, &format!("{code}?as_of=2024-06-29")), Value::Null);
        let people = "staff-trained-in-openness";
        approve(&reported("commune-larache", people, "2024-H1", &json!({"value": 7, "disaggregation": {"sex": {"women": 4, "men": 3}}})));
        approve(&reported("commune-agadir", people, "2024-H1", &json!({"value": 5})));
        let found = asked(server, people);
        assert_eq!((&found["whole"]["value"], parts(&found, "sex")), (&json!(12), is(&[("women", 4), ("men", 3), ("unspecified", 5)])));
        let yes_no = "information-officer-designated";
        let period = "2024";
        approve(&reported("commune-larache", yes_no, period, &json!({"value": 1})));
        let found = asked(server, yes_no);
        assert_eq!((&found["whole"]["value"], &found["whole"]["counts"]), (&Value::Null, &json!([{"value": 0, "count": 0}, {"value": 1, "count": 1}])));
    }
}

/// A whole data set.
fn exported(server: &TestServer, name: &str) -> Vec<Value> {
    let answer = server.get(&format!("/api/v1/exports/{name}.ndjson"));
    assert_eq!(answer.status, 200, "{name}");
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn date(value: &Value) -> Option<NaiveDate> {
    value.as_str().map(|text| text[..10].parse().unwrap())
}

/// What the figures must be, from the public data sets alone: of counts the count, of shares both ends.
fn recomputed(server: &TestServer, today: NaiveDate) -> BTreeMap<&'static str, (i64, i64)> {
    let mut members = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(&format!("/api/v1/members?status=active,suspended&limit=200&as_of={today}{cursor}")).ok();
        members
            .extend(page["data"].as_array().unwrap().iter().map(|member| member["slug"].as_str().unwrap().to_owned()));
        let Some(next) = page["page"]["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let own = |name: &str| -> Vec<Value> {
        exported(server, name).into_iter().filter(|row| members.contains(row["member"].as_str().unwrap())).collect()
    };
    let programs: BTreeMap<String, Value> = own("action_programs")
        .into_iter()
        .map(|program| (program["slug"].as_str().unwrap().to_owned(), program))
        .collect();
    let projects: BTreeMap<String, Value> =
        own("projects").into_iter().map(|project| (project["id"].as_str().unwrap().to_owned(), project)).collect();
    let stage = |program: &Value| programs[program.as_str().unwrap()]["stage"].as_str().unwrap().to_owned();
    let mut found: BTreeMap<&'static str, (i64, i64)> = BTreeMap::new();
    let mut add = |code, amount: i64, out_of: i64| {
        let sum = found.entry(code).or_default();
        *sum = (sum.0 + amount, sum.1 + out_of);
    };
    add("projects-by-status", i64::try_from(projects.len()).unwrap(), 0);
    for step in exported(server, "milestones") {
        let Some(project) = projects.get(step["project_id"].as_str().unwrap()) else { continue };
        let (is_done, is_over) = (
            date(&step["done_on"]).is_some_and(|day| day <= today),
            ["closed", "cancelled"].contains(&stage(&project["program"]).as_str()),
        );
        add("milestones-done", i64::from(is_done), 0);
        add("milestones-late", i64::from(!is_done && !is_over && date(&step["due_on"]).unwrap() < today), 0);
    }
    for round in own("consultations").iter().filter(|round| date(&round["closes_on"]).unwrap() <= today) {
        add("consultations-held", 1, 0);
        let number = |name: &str| round["participants"][name].as_i64();
        add("consultation-participants", number("total").unwrap_or(0), 0);
        if let Some((women, men)) = number("women").zip(number("men")) {
            add("consultation-women-share", women, women + men);
        }
        if let (Some(young), Some(middle), Some(old)) =
            (number("under_25"), number("aged_25_to_59"), number("aged_60_and_over"))
        {
            add("consultation-youth-share", young, young + middle + old);
        }
    }
    for idea in own("contributions") {
        let decided = date(&idea["decision"]["decided_on"]).is_some_and(|day| day <= today);
        let is_taken_up = decided && idea["decision"]["decision"] != "rejected";
        add("ideas-received", 1, 0);
        add("ideas-accepted", i64::from(is_taken_up), 0);
        add("ideas-answered-with-reasons", i64::from(decided), 1);
    }
    for program in
        programs.values().filter(|program| !["closed", "cancelled"].contains(&program["stage"].as_str().unwrap()))
    {
        let committee = &program["committee"];
        for (code, part) in [("committee-women-share", "women"), ("committee-civil-society-share", "civil_society")] {
            if let Some(part) = committee[part].as_i64() {
                add(code, part, committee["size"].as_i64().unwrap());
            }
        }
    }
    found
}

on_both_demonstrations! {
    fn figures_of_the_demonstration_follow_from_its_public_data_sets(server) {
        let today = today();
        let expected = recomputed(server, today);
        for code in computed(server) {
            let found = asked(server, &code);
            let whole = &found["whole"];
            if code == "days-from-idea-to-answer" {
                let mut days: Vec<i64> = exported(server, "contributions").iter().filter_map(|idea| {
                    let came_in_at = idea["created_at"].as_str()?.parse().ok()?;
                    Some((date(&idea["decision"]["decided_on"])? - clock::day_of(came_in_at)).num_days())
                }).collect();
                days.sort_unstable();
                assert_eq!(whole["observations"], days.len());
                let twice = days[(days.len() - 1) / 2] + days[days.len() / 2];
                assert_eq!(whole["value"].as_f64().unwrap().to_bits(), (f64::from(i32::try_from(twice).unwrap()) / 2.0).to_bits());
                continue;
            }
            let (amount, out_of) = expected[code.as_str()];
            let is_share = !whole["denominator"].is_null();
            let is = if is_share { (whole["numerator"].as_i64(), whole["denominator"].as_i64()) } else { (whole["value"].as_i64(), Some(0)) };
            assert_eq!(is, (Some(amount), Some(out_of)), "{code}");
            assert!(amount > 0, "the demonstration shows no {code}");
            for (dimension, parts) in whole["disaggregation"].as_object().unwrap() {
                let sum: i64 = parts.as_object().unwrap().values().map(|part| part.as_i64().unwrap()).sum();
                assert_eq!(sum, amount, "{code} by {dimension}");
            }
        }
        let statuses = &asked(server, "projects-by-status")["whole"]["disaggregation"]["status"];
        let members = server.get(&format!("/api/v1/members?count=exact&limit=1&status=active,suspended&as_of={today}")).ok()["page"]["total"].clone();
        assert_eq!(asked(server, "projects-by-status")["whole"]["members"], members);
        for (status, amount) in statuses.as_object().unwrap() {
            // The list has the projects of members that have left, too.
            let listed = server.get(&format!("/api/v1/projects?status={status}&count=exact&limit=1")).ok()["page"]["total"].as_i64().unwrap();
            assert!(listed >= amount.as_i64().unwrap() && (amount != 0 || listed == 0), "{status}: {listed} listed, {amount} counted");
        }
    }

    fn groups_add_up_to_the_whole_with_as_many_statements_for_one_member_as_for_all(server) {
        let queries = |path: &str| {
            let before = server.db.query_count();
            server.get_with(path, &[("Cache-Control", "no-cache")]).ok();
            server.db.query_count() - before
        };
        for code in computed(server) {
            for by in ["region", "kind", "cohort"] {
                for day in ["2024-06-30", "2026-01-31"] {
                    let found = asked(server, &format!("{code}?by={by}&as_of={day}"));
                    let sum = |name: &str| found["groups"].as_array().unwrap().iter().filter_map(|group| group["figure"][name].as_i64()).sum::<i64>();
                    let names = ["members", "members_counted", "observations", "numerator", "denominator"];
                    for name in names.into_iter().chain(["value"].into_iter().filter(|_| found["indicator"]["unit"]["additive"] == true)) {
                        assert_eq!(sum(name), found["whole"][name].as_i64().unwrap_or(0), "{code} by {by}: {name}");
                    }
                }
            }
            let (all, one) = (queries(&format!("{LIST}/{code}")), queries(&format!("{LIST}/{code}?member=commune-larache&as_of=2025-06-30")));
            let grouped = queries(&format!("{LIST}/{code}?by=region"));
            // One statement more looks up the member that is named.
            assert!(one == all + 1 && grouped == all + 1 && grouped <= 12, "{code}: {all}, {one}, {grouped} statements");
        }
    }
}
