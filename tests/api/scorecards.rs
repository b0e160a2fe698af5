//! Scorecards: what is published, as it was on a day; the voices side by side, counts with their formulas, and no total.

use std::collections::BTreeMap;

use chrono::Days;
use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    assessments::{made, said},
    consultations, contributions,
    evaluations::{advance, evaluator, programme},
    indicators, measurements,
    openapi::assert_documented,
    support::{TestServer, on_both, on_both_demonstrations, today},
};

const CARD: &str = "/api/v1/members/commune-larache/scorecard";
const NETWORK: &str = "/api/v1/network/scorecard";

/// A commitment of a scorecard.
fn commitment<'a>(card: &'a Value, code: &str) -> &'a Value {
    let found = card["commitments"].as_array().unwrap().iter().find(|commitment| commitment["code"] == code);
    found.unwrap_or_else(|| panic!("no {code} in {card}"))
}

/// The voices of a commitment: who, and which level.
fn voices(card: &Value, code: &str) -> Vec<(String, i64)> {
    let each = commitment(card, code)["voices"].as_array().unwrap().iter();
    each.map(|voice| (voice["organisation"].as_str().unwrap().to_owned(), voice["level"].as_i64().unwrap())).collect()
}

/// All figures of a scorecard by their codes.
fn figures(card: &Value) -> BTreeMap<String, i64> {
    let commitments = card["commitments"].as_array().unwrap().iter();
    let all = commitments.flat_map(|commitment| commitment["evidence"].as_array().unwrap());
    all.map(|figure| (figure["code"].as_str().unwrap().to_owned(), figure["value"].as_i64().unwrap())).collect()
}

/// The figures of a card that are not zero.
fn counted(card: &Value) -> Vec<(String, i64)> {
    figures(card).into_iter().filter(|(_, value)| *value != 0).collect()
}

fn on(server: &TestServer, day: &str) -> Value {
    server.get(&format!("{CARD}?as_of={day}")).ok()
}

fn is(pairs: &[(&str, i64)]) -> Vec<(String, i64)> {
    let mut pairs: Vec<(String, i64)> = pairs.iter().map(|(code, value)| ((*code).to_owned(), *value)).collect();
    pairs.sort();
    pairs
}

/// Runs SQL on the server's database.
fn run(server: &TestServer, sql: &str) {
    server.execute(sql).unwrap();
}

on_both! {
    fn the_voices_stand_side_by_side_with_their_gap(server) {
        let answer = server.get(CARD);
        assert_documented("getMemberScorecard", &answer);
        let empty = answer.ok();
        let codes: Vec<&Value> = empty["commitments"].as_array().unwrap().iter().map(|commitment| &commitment["code"]).collect();
        assert_eq!(codes, [&json!("openness-norms"), &json!("action-programs"), &json!("monitoring-evaluation"), &json!("territorial-synergy"), &json!("visibility")]);
        assert_eq!((voices(&empty, "visibility"), &commitment(&empty, "visibility")["gap"]), (Vec::new(), &Value::Null));
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let (one, two) = (evaluator(server, "Averroès", Some("commune-larache")), evaluator(server, "Observatoire", Some("commune-larache")));
        made(server, &secretary, &said("visibility", 2024, 2));
        let alone = server.get(CARD).ok();
        assert_eq!((voices(&alone, "visibility"), &commitment(&alone, "visibility")["gap"]), (vec![("Test".to_owned(), 2)], &Value::Null));
        made(server, &two, &said("visibility", 2025, 0));
        made(server, &focal, &said("visibility", 2025, 4));
        made(server, &focal, &said("visibility", 2024, 1));
        made(server, &one, &said("visibility", 2024, 3));
        made(server, &one, &said("openness-norms", 2024, 3));
        let mut draft = said("visibility", 2025, 0);
        draft["publication"] = json!("draft");
        made(server, &secretary, &draft);
        let answer = server.get(CARD);
        assert_documented("getMemberScorecard", &answer);
        let card = answer.ok();
        // Of each voice the latest year: the member first, then civil society by name, then the secretariat.
        let expected: Vec<(String, i64)> = [("Larache", 4), ("Averroès", 3), ("Observatoire", 0), ("Test", 2)].map(|(who, level)| (who.to_owned(), level)).into();
        assert_eq!(voices(&card, "visibility"), expected);
        assert_eq!((&commitment(&card, "visibility")["gap"], &commitment(&card, "openness-norms")["gap"]), (&json!(4), &Value::Null));
        let voice = &commitment(&card, "visibility")["voices"][0];
        assert_eq!((&voice["voice"], &voice["year"], &voice["assessed_on"]), (&json!("self"), &json!(2025), &json!("2025-12-01")));
        let scale = server.get("/api/v1/charter/assessment-scale").ok();
        assert_eq!(voice["level_label"], scale["levels"][4]["label"]);
        assert_eq!(server.get(voice["links"]["assessment"].as_str().unwrap()).ok()["level"], 4);
        for link in ["self", "member", "assessments", "scale"] {
            assert_eq!(server.get(card["links"][link].as_str().unwrap()).status, 200, "{link}");
        }
        // A day before sees what had been said by then.
        assert_eq!(voices(&on(server, "2025-11-30"), "visibility"), [("Larache".to_owned(), 1), ("Averroès".to_owned(), 3), ("Test".to_owned(), 2)]);
        assert_eq!(voices(&on(server, "2025-12-01"), "visibility"), expected);
        assert_eq!(voices(&on(server, "2024-11-30"), "visibility"), []);
        let arabic = server.get(&format!("{CARD}?lang=ar")).ok();
        assert_eq!(commitment(&arabic, "visibility")["voices"][0]["level_label"].as_object().unwrap().len(), 1);
        assert!(!card.to_string().contains("total") && !card.to_string().contains("score\""), "there is no magic number");
    }

    fn figures_count_what_is_published_on_the_day(server) {
        assert_eq!(counted(&on(server, "2022-01-01")), []);
        let project = programme(server, "commune-larache", "evaluation");
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let program = "/api/v1/action-programs/commune-larache-cycle-1";
        let adhesion = json!({"charter_version": "1", "adhered_on": "2023-02-10", "decision_reference": "7/2023"});
        assert_eq!(server.json("POST", "/api/v1/members/commune-larache/adhesion", &[focal.header()], &adhesion).status, 201);
        let document = |dated: Value| json!({"title": {"fr": "Rapport"}, "kind": "report", "language": "fr", "url": "https://x.example/1", "dated": dated});
        let documents = json!({"documents": [document(json!("2023-06-01")), document(json!("2024-06-01")), document(Value::Null)]});
        server.json("PATCH", program, &[secretary.header(), ("If-Match", "*")], &documents).ok();
        let steps = format!("/api/v1/projects/{project}/milestones");
        for (due_on, done_on) in [("2024-03-31", json!("2024-03-20")), ("2024-06-30", json!("2024-08-01")), ("2024-09-30", Value::Null)] {
            let step = json!({"title": {"fr": "Étape"}, "due_on": due_on, "done_on": done_on});
            assert_eq!(server.json("POST", &steps, &[focal.header()], &step).status, 201);
        }
        let evaluation = json!({"kind": "mid_term", "evaluated_on": "2025-01-20", "publication": "published"});
        for who in [&focal, &secretary] {
            assert_eq!(server.json("POST", &format!("{program}/evaluations"), &[who.header()], &evaluation).status, 201);
        }
        let other = evaluator(server, "Averroès", Some("commune-larache"));
        let mut draft = evaluation.clone();
        draft["publication"] = json!("draft");
        assert_eq!(server.json("POST", &format!("{program}/evaluations"), &[other.header()], &draft).status, 201);

        // Before its first move the programme was not there.
        assert_eq!(counted(&on(server, "2023-02-09")), []);
        assert_eq!(counted(&on(server, "2023-02-10")), is(&[("adhesions_in_force", 1)]));
        let undated = ("documents_undated", 1);
        assert_eq!(counted(&on(server, "2023-03-01")), is(&[("adhesions_in_force", 1), undated, ("programmes_in_co_creation", 1)]));
        assert_eq!(counted(&on(server, "2023-07-09")), is(&[("adhesions_in_force", 1), ("documents_published", 1), undated, ("programmes_in_consultation", 1)]));
        assert_eq!(figures(&on(server, "2023-07-10"))["programmes_in_validated"], 1);
        // Late from the day after the last day, until it is done.
        let common = [("adhesions_in_force", 1), undated, ("programmes_in_implementation", 1)];
        let with = |more: &[(&str, i64)]| is(&[&common[..], more].concat());
        assert_eq!(counted(&on(server, "2024-06-30")), with(&[("documents_published", 2), ("milestones_done", 1)]));
        assert_eq!(counted(&on(server, "2024-07-01")), with(&[("documents_published", 2), ("milestones_done", 1), ("milestones_late", 1)]));
        assert_eq!(counted(&on(server, "2024-08-01")), with(&[("documents_published", 2), ("milestones_done", 2)]));
        let both = [("documents_published", 2), ("milestones_done", 2), ("milestones_late", 1), ("evaluations_by_self", 1), ("evaluations_by_secretariat", 1)];
        assert_eq!(counted(&on(server, "2025-01-19")), with(&both[..3]));
        assert_eq!(counted(&on(server, "2025-01-20")), with(&both));
        let now = server.get(CARD).ok();
        assert_eq!((figures(&now)["programmes_in_evaluation"], figures(&now)["milestones_late"]), (1, 1));
        assert_eq!(now["adhesion"], json!({"charter_version": "1", "adhered_on": "2023-02-10", "adhered_on_precision": "day"}));
        assert_eq!(on(server, "2023-02-09")["adhesion"], Value::Null);
        // A programme that is over has nothing late, as in the alerts.
        advance(server, "commune-larache-cycle-1", "evaluation", "closed");
        assert_eq!(figures(&server.get(CARD).ok())["milestones_late"], 0);
        assert_eq!(figures(&on(server, "2025-01-20"))["milestones_late"], 1);
        // Who has withdrawn has no adhesion in force any more.
        let left = json!({"to": "withdrawn", "on": "2026-05-01", "reason": "Asked for by the council"});
        server.json("POST", "/api/v1/members/commune-larache/transitions", &[secretary.header()], &left).ok();
        let after = server.get(CARD).ok();
        assert_eq!((figures(&after)["adhesions_in_force"], &after["adhesion"]), (0, &Value::Null));
        assert_eq!(figures(&on(server, "2026-04-30"))["adhesions_in_force"], 1);
    }

    fn consultations_and_ideas_count_once_they_are_public(server) {
        let secretary = server.account(Role::Secretariat);
        consultations::program(server, "published");
        let round = consultations::made(server, &secretary, &consultations::open_round());
        let (_, idea) = contributions::published(server, &secretary, &round);
        let member = round["member"].as_str().unwrap().to_owned();
        let card = || server.get_with(&format!("/api/v1/members/{member}/scorecard"), &[("Cache-Control", "no-cache")]).ok();
        let ideas = |card: &Value| (figures(card)["consultations_held"], figures(card)["ideas_received"], figures(card)["ideas_answered"]);
        assert_eq!(ideas(&card()), (0, 1, 0), "the round goes on");
        let body = json!({"decision": "rejected", "reason": {"fr": "Hors compétence"}});
        let decided = server.json("POST", &format!("{idea}/decision"), &[secretary.header(), ("If-Match", "*")], &body);
        assert_eq!(decided.status, 200, "{}", decided.text());
        assert_eq!(ideas(&card()), (0, 1, 1));
        let yesterday = (today() - Days::new(1)).to_string();
        let before = server.get(&format!("/api/v1/members/{member}/scorecard?as_of={yesterday}")).ok();
        assert_eq!(ideas(&before), (0, 0, 0), "nothing had come in");
        run(server, &format!("UPDATE consultation SET opens_on = '2024-01-01', closes_on = '{yesterday}'"));
        assert_eq!(ideas(&card()), (1, 1, 1));
        run(server, "UPDATE contribution SET moderation = 'withheld', withheld_because = 'x'");
        assert_eq!(ideas(&card()), (1, 0, 0), "what nobody sees counts nowhere");
    }

    fn figures_count_from_the_day_on_which_they_were_first_reported(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        indicators::made(server, &focal, &indicators::services("published"));
        let figure = |period: &str| json!({"indicator": "commune-larache-openness-norms-services-fully-online", "period": period, "numerator": 45, "denominator": 60});
        for period in ["2024-H1", "2024-H2", "2025-H1"] {
            measurements::approved(server, (&focal, &secretary), &figure(period));
        }
        // The periods were over long ago, and nobody had reported anything.
        let reported = |day: &str| {
            let all = figures(&on(server, day));
            (all["figures_reported_in_time"], all["figures_reported_late"])
        };
        let today = today();
        assert_eq!(reported(&(today - Days::new(1)).to_string()), (0, 0));
        assert_eq!(reported(&today.to_string()), (0, 3));
        run(server, "UPDATE measurement SET first_submitted_at = '2024-08-30 22:59:59', is_late = FALSE WHERE period = '2024-H1'");
        run(server, "UPDATE measurement SET first_submitted_at = '2025-05-01 23:00:00' WHERE period = '2024-H2'");
        assert_eq!([reported("2024-08-29"), reported("2024-08-30"), reported("2025-05-01"), reported("2025-05-02")], [(0, 0), (1, 0), (1, 0), (1, 1)]);
        let network = |day: &str| figures(&server.get(&format!("{NETWORK}?as_of={day}")).ok())["figures_reported_in_time"];
        assert_eq!((network("2024-08-29"), network("2024-08-30")), (0, 1));
    }

    fn what_is_not_published_is_not_counted(server) {
        let secretary = server.account(Role::Secretariat);
        let draft = json!({"member": "commune-larache", "cycle": 1, "title": {"fr": "hidden-programme"},
            "documents": [{"title": {"fr": "D"}, "kind": "report", "language": "fr", "url": "https://x.example/1", "dated": "2024-01-01"}]});
        assert_eq!(server.json("POST", "/api/v1/action-programs", &[secretary.header()], &draft).status, 201);
        let project = json!({"program": "commune-larache-cycle-1", "title": {"fr": "Projet"}});
        let project = server.json("POST", "/api/v1/projects", &[secretary.header()], &project).json();
        let step = json!({"title": {"fr": "Étape"}, "due_on": "2024-03-31"});
        let steps = format!("{}/milestones", project["links"]["self"].as_str().unwrap());
        assert_eq!(server.json("POST", &steps, &[secretary.header()], &step).status, 201);
        for headers in [&[][..], &[secretary.header()]] {
            assert_eq!(counted(&server.get_with(CARD, headers).ok()), [], "a token makes no difference");
            let network = server.get_with(NETWORK, headers).ok();
            assert_eq!(figures(&network)["programmes_in_draft"] + figures(&network)["milestones_late"], 0);
        }
        let program = "/api/v1/action-programs/commune-larache-cycle-1";
        server.json("PATCH", program, &[secretary.header(), ("If-Match", "*")], &json!({"publication": "published"})).ok();
        let fresh = server.get(CARD).ok();
        assert_eq!(counted(&fresh), is(&[("programmes_in_draft", 1), ("documents_published", 1), ("milestones_late", 1)]));
        // It was not stored here the day before.
        let yesterday = (today() - Days::new(1)).to_string();
        assert_eq!(counted(&on(server, &yesterday)), is(&[("documents_published", 1)]));
    }

    fn the_network_is_counted_and_never_averaged(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let (one, two) = (evaluator(server, "Averroès", Some("commune-larache")), evaluator(server, "Observatoire", Some("commune-larache")));
        let answer = server.get(NETWORK);
        assert_documented("getNetworkScorecard", &answer);
        let members = server.get("/api/v1/network").ok()["composition"]["computed"]["total"].clone();
        assert_eq!(answer.ok()["members"], members);
        made(server, &focal, &said("visibility", 2024, 1));
        made(server, &focal, &said("visibility", 2025, 4));
        made(server, &one, &said("visibility", 2025, 1));
        made(server, &one, &said("visibility", 2024, 4));
        made(server, &two, &said("visibility", 2025, 3));
        for (member, level) in [("commune-martil", 3), ("commune-agadir", 1)] {
            let list = format!("/api/v1/members/{member}/assessments");
            assert_eq!(server.json("POST", &list, &[secretary.header()], &said("visibility", 2025, level)).status, 201);
        }
        let of = |card: &Value, at: usize| {
            let voice = &commitment(card, "visibility")["voices"][at];
            let levels: Vec<i64> = voice["levels"].as_array().unwrap().iter().map(|level| level["members"].as_i64().unwrap()).collect();
            let all = voice["members_assessed"].as_i64().unwrap() + voice["members_without"].as_i64().unwrap();
            assert_eq!(json!(all), card["members"], "{voice}");
            (voice["voice"].as_str().unwrap().to_owned(), levels, voice["members_assessed"].as_i64().unwrap())
        };
        let answer = server.get(NETWORK);
        assert_documented("getNetworkScorecard", &answer);
        let card = answer.ok();
        assert_eq!(of(&card, 0), ("self".to_owned(), vec![0, 0, 0, 0, 1], 1));
        // Where organisations differ, the member stands at each of their levels, and is still one.
        assert_eq!(of(&card, 1), ("civil_society".to_owned(), vec![0, 1, 0, 1, 0], 1));
        assert_eq!(of(&card, 2), ("secretariat".to_owned(), vec![0, 1, 0, 1, 0], 2));
        let region = server.get(&format!("{NETWORK}?region=09")).ok();
        assert_eq!((of(&region, 0).2, of(&region, 2)), (0, ("secretariat".to_owned(), vec![0, 1, 0, 0, 0], 1)));
        assert_eq!(of(&server.get(&format!("{NETWORK}?kind=region")).ok(), 2).2, 0);
        // It says what was asked for, and where that is.
        let some = server.get(&format!("{NETWORK}?kind=municipality&region=01,09&as_of=2025-12-31")).ok();
        assert_eq!((&some["regions"], &some["kinds"]), (&json!(["01", "09"]), &json!(["municipality"])));
        assert_eq!((&card["regions"], &card["kinds"]), (&json!([]), &json!([])));
        assert_eq!(some["links"]["self"], format!("{NETWORK}?as_of=2025-12-31&region=01,09&kind=municipality"));
        for card in [&some, &card] {
            assert_eq!(&server.get(card["links"]["self"].as_str().unwrap()).ok(), card);
        }
        assert_eq!(of(&server.get(&format!("{NETWORK}?kind=municipality&region=01,09")).ok(), 2).2, 2);
        let then = server.get(&format!("{NETWORK}?as_of=2024-12-31")).ok();
        assert_eq!((of(&then, 0).1, of(&then, 1).1, of(&then, 2).2), (vec![0, 1, 0, 0, 0], vec![0, 0, 0, 0, 1], 0));
        let founded = server.get(&format!("{NETWORK}?as_of=2022-10-20")).ok();
        assert_eq!((&founded["members"], of(&founded, 0).2), (&json!(0), 0));
        // Who is no member any more is in no figure.
        let left = json!({"to": "withdrawn", "on": "2026-02-01", "reason": "Asked for by the council"});
        server.json("POST", "/api/v1/members/commune-martil/transitions", &[secretary.header()], &left).ok();
        let after = server.get(NETWORK).ok();
        assert_eq!((of(&after, 2), after["members"].as_i64()), (("secretariat".to_owned(), vec![0, 1, 0, 0, 0], 1), members.as_i64().map(|all| all - 1)));
    }

    fn a_day_that_has_not_come_is_refused_and_answers_are_kept_until_something_changes(server) {
        let tomorrow = (today() + Days::new(1)).to_string();
        for path in [CARD, NETWORK] {
            let problem = server.get(&format!("{path}?as_of={tomorrow}")).problem(400, "invalid_parameter");
            assert_eq!(problem["errors"][0]["parameter"], "as_of");
            server.get(&format!("{path}?as_of=2025")).problem(400, "invalid_parameter");
            server.get(&format!("{path}?region=01&weather=fine")).problem(400, "unknown_parameter");
            let first = server.get(path);
            assert!(first.header("cache-control").unwrap().starts_with("public"));
            let known = [("If-None-Match", first.header("etag").unwrap())];
            assert_eq!(server.get_with(path, &known).status, 304);
            let before = server.db.query_count();
            assert_eq!(server.get(path).text(), first.text());
            assert!(server.db.query_count() - before <= 1, "a kept answer asks for the edition at the most");
            let focal = server.account(Role::FocalPoint);
            made(server, &focal, &said(if path == CARD { "visibility" } else { "openness-norms" }, 2025, 2));
            let after = server.get_with(path, &known);
            assert_eq!((after.status, after.text() == first.text()), (200, false));
        }
        server.get("/api/v1/members/commune-nowhere/scorecard").problem(404, "not_found");
        server.get("/api/v1/members/commune-nowhere/scorecard?as_of=2025").problem(400, "invalid_parameter");
    }
}

on_both_demonstrations! {
    fn the_network_is_the_sum_of_its_members_with_as_many_statements(server) {
        let network = server.get(NETWORK).ok();
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        let mut assessed = 0;
        let mut gaps = std::collections::BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let page = server.get(&format!("/api/v1/members?status=active,suspended&limit=200&as_of={}{cursor}", network["as_of"].as_str().unwrap())).ok();
            for member in page["data"].as_array().unwrap() {
                let card = server.get(&format!("/api/v1/members/{}/scorecard", member["slug"].as_str().unwrap())).ok();
                for (code, value) in figures(&card) {
                    *sums.entry(code).or_default() += value;
                }
                let voices = commitment(&card, "visibility")["voices"].as_array().unwrap().clone();
                assessed += i64::from(voices.iter().any(|voice| voice["voice"] == "civil_society"));
                gaps.extend(card["commitments"].as_array().unwrap().iter().filter_map(|commitment| commitment["gap"].as_i64()));
            }
            let Some(next) = page["page"]["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(figures(&network), sums);
        assert_eq!(commitment(&network, "visibility")["voices"][1]["members_assessed"], json!(assessed));
        assert!(assessed > 0 && gaps.len() > 2, "{assessed} {gaps:?}");
        for code in ["adhesions_in_force", "documents_published", "consultations_held", "ideas_answered", "milestones_done", "milestones_late",
            "evaluations_by_civil_society", "programmes_in_implementation", "programmes_in_closed", "members_in_ogp_local", "figures_reported_in_time", "figures_reported_late",
            "practices_published", "collaborations_joined", "events_attended"] {
            assert!(sums[code] > 0, "the demonstration shows no {code}");
        }
        let queries = |path: &str| {
            let before = server.db.query_count();
            server.get_with(path, &[("Cache-Control", "no-cache")]).ok();
            server.db.query_count() - before
        };
        let (member, all, some) = (queries(CARD), queries(NETWORK), queries(&format!("{NETWORK}?region=01&as_of=2024-06-30")));
        // One statement more looks up the region that is named.
        assert!(member <= 26 && all <= 26 && some == all + 1, "{member}, {all} and {some} statements");
    }
}
