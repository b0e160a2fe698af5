//! Lists of measurements: pushed by who reports them, previewed and applied as previewed, reviewed by somebody else like what is
//! reported one by one.

use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    action_programs::{PROGRAMS, patch, post, programme},
    indicators::{SERVICES, made, own_definition, services, with},
    measurements::{LIST, approved, evaluator, review},
    support::{TestServer, accounts::Account, client::Answer, on_both},
    together::at_once,
};

const SLUG: &str = "commune-larache-openness-norms-services-fully-online";
const TREES: &str = "commune-larache-visibility-arbres";

fn import(server: &TestServer, who: &Account, options: &str, list: &str) -> Answer {
    let headers = [who.header(), ("Content-Type", "text/csv")];
    server.send_body("POST", &format!("/api/v1/imports?resource=measurements{options}"), &headers, list)
}

/// Larache's services and its trees.
fn two_indicators(server: &TestServer, focal: &Account) {
    made(server, focal, &services("published"));
    made(server, focal, &with(own_definition(), &json!({"member": "commune-larache", "commitment": "visibility"})));
}

/// The reports in some states that somebody sees, the oldest first.
fn reports(server: &TestServer, who: &Account, states: &str) -> Vec<Value> {
    let found = server.get_with(&format!("{LIST}?state={states}"), &[who.header()]).ok();
    found["data"].as_array().unwrap().clone()
}

/// The problems of a report: row, column, code.
fn problems(report: &Value) -> Vec<(i64, &str, &str)> {
    let problem = |problem: &'_ Value| problem["row"].as_i64().unwrap();
    let found = report["problems"].as_array().unwrap().iter();
    let mut found: Vec<_> = found
        .map(|found| (problem(found), found["column"].as_str().unwrap_or_default(), found["code"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    found
}

fn told(server: &TestServer) -> usize {
    server.get("/api/v1/changes?since=1679&resource=measurements").ok()["data"].as_array().unwrap().len()
}

on_both! {
    fn lists_of_measurements_are_previewed_applied_as_previewed_and_reviewed_by_others(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        two_indicators(server, &focal);
        let list = format!("indicateur;periode;valeur;numerateur;denominateur;ventilation;note;etat\n\
            {TREES};2025-Q1;10;;;sex:women=6; sex:men=4 ;Au port;submitted\n\
            {TREES};2025-Q2;12;;;;;\n\
            {SLUG};2025-H1;;45;60;;;submitted\n").replace("=6; sex", "=6\u{1}sex").replace(';', ",").replace('\u{1}', ";");
        let preview = import(server, &focal, "", &list);
        assert_eq!(preview.status, 201, "{}", preview.text());
        let preview = preview.json();
        assert_eq!((&preview["outcome"], &preview["counts"]["created"]), (&json!("previewed"), &json!(3)), "{preview}");
        assert!(reports(server, &focal, "draft,submitted").is_empty(), "a preview leaves nothing");
        let hash = preview["plan_hash"].as_str().unwrap();
        let done = import(server, &focal, &format!("&dry_run=false&plan_hash={hash}"), &list);
        assert_eq!((done.status, &done.json()["plan_hash"]), (201, &json!(hash)), "{}", done.text());
        let rows = server.get_with(&format!("{}/rows", done.json()["links"]["self"].as_str().unwrap()), &[focal.header()]).ok();
        let services = rows["data"].as_array().unwrap().iter().find(|row| row["key"] == format!("{SLUG} 2025-H1")).unwrap().clone();
        let fields: Vec<(&str, &str)> = services["differences"].as_array().unwrap().iter().map(|d| (d["field"].as_str().unwrap(), d["after"].as_str().unwrap())).collect();
        assert_eq!(fields, [("indicator", SLUG), ("period", "2025-H1"), ("value", "75"), ("numerator", "45"), ("denominator", "60"), ("state", "submitted")]);
        assert_eq!(reports(server, &focal, "draft").len(), 1);
        let waiting = reports(server, &other, "submitted");
        assert_eq!(waiting.len(), 2);
        let trees = waiting.iter().find(|report| report["indicator"] == TREES).unwrap();
        assert_eq!((&trees["value"], &trees["report"]["disaggregation"]["sex"], &trees["report"]["note"]["fr"]), (&Value::Null, &json!({"women": 6, "men": 4}), &json!("Au port")));
        assert_eq!((told(server), server.get(&format!("{LIST}?count=exact")).ok()["page"]["total"].clone()), (0, json!(0)), "nothing is public by a list");
        let path = trees["links"]["self"].as_str().unwrap();
        review(server, &focal, path, &json!({"verdict": "approve"})).problem(403, "forbidden");
        review(server, &other, path, &json!({"verdict": "approve"})).ok();
        assert_eq!((told(server), &server.get(path).ok()["value"]), (1, &json!(10)));
        let again = import(server, &focal, "&dry_run=false", &list).json();
        assert_eq!((&again["counts"]["unchanged"], told(server)), (&json!(3), 1), "{again}");
        let trail = server.get_with("/api/v1/audit?resource=measurements&action=imported", &[server.account(Role::Administrator).header()]).ok();
        assert_eq!(trail["data"].as_array().unwrap().len(), 2, "one entry for each list as a whole");
        let first = trail["data"][1]["import_id"].as_str().unwrap();
        let of_first = server.get_with(&format!("/api/v1/audit?import_id={first}&action=created"), &[server.account(Role::Administrator).header()]).ok();
        let states: Vec<&Value> = of_first["data"].as_array().unwrap().iter().map(|entry| &entry["after"]["state"]).collect();
        assert_eq!(states.len(), 3, "and one for each report: {of_first}");
        assert!(of_first.to_string().contains("draft") && !of_first.to_string().contains("Au port"), "notes stay in the reports: {of_first}");
        let template = server.get("/api/v1/imports/template?resource=measurements");
        assert!(template.text().trim_start_matches('\u{feff}').starts_with("indicator,period,value,numerator"));
    }

    fn who_pushes_a_list_approves_none_of_it(server) {
        let (secretary, colleague, focal) = (server.account(Role::Secretariat), server.account(Role::Secretariat), server.account(Role::FocalPoint));
        two_indicators(server, &focal);
        made(server, &secretary, &with(own_definition(), &json!({"code": "x"})));
        let list = format!("indicator,period,value,state\nnetwork-x,2025-Q1,3,submitted\n{TREES},2025-Q1,3,submitted\n");
        assert_eq!(import(server, &secretary, "&dry_run=false", &list).json()["counts"]["created"], 2);
        for report in reports(server, &secretary, "submitted") {
            let path = report["links"]["self"].as_str().unwrap();
            let refused = review(server, &secretary, path, &json!({"verdict": "approve"})).problem(409, "not_now");
            assert_eq!(refused["errors"][0]["code"], "own_report");
            review(server, &colleague, path, &json!({"verdict": "approve"})).ok();
        }
        import(server, &server.account(Role::Registrar), "", &list).problem(403, "forbidden");
        import(server, &evaluator(server), "", &list).problem(403, "forbidden");
    }

    fn a_list_corrects_with_a_reason_and_leaves_what_it_has_no_column_for(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        two_indicators(server, &focal);
        let body = json!({"indicator": SLUG, "period": "2025-H1", "numerator": 45, "denominator": 60, "note": {"ar": "بدون الميناء"},
            "evidence": [{"title": {"fr": "Rapport"}, "url": "https://x.example/r.pdf"}]});
        let path = approved(server, (&focal, &other), &body);
        let list = |reason: &str| format!("indicator,period,numerator,state,reason\n{SLUG},2025-H1,44,submitted,{reason}\n");
        assert_eq!(problems(&import(server, &focal, "", &list("")).json()), [(1, "reason", "reason_missing")]);
        assert_eq!(import(server, &focal, "&dry_run=false", &list("Counted twice")).json()["counts"]["updated"], 1);
        let pending = server.get_with(&format!("{path}?report=true"), &[focal.header()]).ok();
        assert_eq!((&pending["value"], &pending["report"]["value"], &pending["report"]["note"]["ar"]), (&json!(75), &json!(73.333_333), &json!("بدون الميناء")));
        assert_eq!((&pending["report"]["evidence"][0]["url"], told(server)), (&json!("https://x.example/r.pdf"), 1));
        review(server, &other, &path, &json!({"verdict": "approve"})).ok();
        assert_eq!(server.get(&format!("{path}/revisions")).ok()["data"][0]["reason"], "Counted twice");
        // What was approved by a former definition and is listed again as it was is no correction.
        let redefined = with(own_definition(), &json!({"code": "eau", "member": "commune-larache", "commitment": "visibility"}));
        let water = made(server, &focal, &redefined);
        let slug = water["slug"].as_str().unwrap();
        approved(server, (&focal, &other), &json!({"indicator": slug, "period": "2025-Q1", "value": 7}));
        patch(server, &focal, water["links"]["self"].as_str().unwrap(), &json!({"frequency": "yearly"})).ok();
        let same = import(server, &focal, "", &format!("indicator,period,value\n{slug},2025-Q1,7\n{slug},2025,9\n")).json();
        assert_eq!((&same["counts"]["unchanged"], &same["counts"]["created"]), (&json!(1), &json!(1)), "{same}");
    }

    fn a_list_of_measurements_with_problems_changes_nothing_and_names_every_place(server) {
        let (focal, martil) = (server.account(Role::FocalPoint), Account::new(&server.db, Role::FocalPoint, Some("commune-martil")));
        two_indicators(server, &focal);
        post(server, &focal, PROGRAMS, &programme(1, "draft"));
        made(server, &focal, &with(own_definition(), &json!({"program": "commune-larache-cycle-1"})));
        let list = format!("indicator,period,value,numerator,denominator,disaggregation,state\n\
            {TREES},2025-H1,1,,,,\n\
            {TREES},2199-Q1,1,,,,\n\
            {TREES},2025-Q1,1,,,sex:women=2,\n\
            {TREES},2025-Q1,1,,,,\n\
            {TREES},2025-Q2,,,,,\n\
            {TREES},2025-Q3,1,,,age:old=1,approved\n\
            {SLUG},2025-H1,1,45,60,,\n\
            {SLUG},2024-H2,,45,0,,\n\
            {SLUG},2024-H1,,x,60,women=2,\n\
            nowhere,2025-Q1,1,,,,\n\
            ,2025-Q9,1,,,,\n");
        let report = import(server, &focal, "", &list).json();
        let expected = [
            (1, "period", "wrong_frequency"), (2, "period", "not_over"), (3, "disaggregation", "does_not_add_up"),
            (4, "period", "repeated_key"), (5, "value", "missing_value"), (6, "state", "invalid_value"),
            (7, "value", "computed_value"), (8, "denominator", "invalid_value"),
            (9, "disaggregation", "invalid_value"), (9, "numerator", "invalid_value"),
            (10, "indicator", "unknown_indicator"), (11, "indicator", "missing_value"), (11, "period", "invalid_value"),
        ];
        assert_eq!(problems(&report), expected, "{report}");
        import(server, &focal, "&dry_run=false", &list).problem(422, "invalid_content");
        assert!(reports(server, &focal, "draft,submitted").is_empty());
        let foreign = |slug: &str| {
            let report = import(server, &martil, "", &format!("indicator,period,value\n{slug},2025-Q1,1\n")).json();
            report["problems"][0]["code"].as_str().unwrap().to_owned()
        };
        assert_eq!((foreign(TREES).as_str(), foreign("commune-larache-cycle-1-arbres").as_str()), ("not_your_member", "unknown_indicator"));
        assert_eq!(import(server, &focal, "&mode=replace", &list).status, 400);
    }

    fn a_list_says_what_a_locked_period_has_and_changes_nothing_of_it(server) {
        let (focal, other, secretary) = (server.account(Role::FocalPoint), evaluator(server), server.account(Role::Secretariat));
        two_indicators(server, &focal);
        approved(server, (&focal, &other), &json!({"indicator": TREES, "period": "2025-Q1", "value": 7}));
        let draft = post(server, &focal, LIST, &json!({"indicator": SLUG, "period": "2025-H1", "numerator": 1, "denominator": 2}));
        for period in ["2025-Q1", "2025-H1"] {
            patch(server, &secretary, &format!("/api/v1/reporting-periods/{period}"), &json!({"state": "locked"})).ok();
        }
        let list = |value: i64| format!("indicator,period,value,reason\n{TREES},2025-Q1,{value},x\n");
        assert_eq!(import(server, &focal, "", &list(7)).json()["counts"]["unchanged"], 1);
        assert_eq!(problems(&import(server, &focal, "", &list(8)).json()), [(1, "period", "period_locked")]);
        let path = draft.header("location").unwrap();
        server.send("DELETE", path, &[focal.header(), ("If-Match", "*")]).problem(409, "not_now");
        assert_eq!(server.get(SERVICES).ok()["computed"]["status"], "no_data");
    }

    fn a_list_and_a_report_of_the_same_at_once_leave_one(server) {
        let focal = server.account(Role::FocalPoint);
        two_indicators(server, &focal);
        let instance = TestServer::over(server.target.clone(), &[]);
        let answers = at_once(2, |number| if number == 0 {
            import(server, &focal, "&dry_run=false", &format!("indicator,period,value\n{TREES},2025-Q1,7\n"))
        } else {
            post(&instance, &focal, LIST, &json!({"indicator": TREES, "period": "2025-Q1", "value": 8}))
        });
        assert_eq!(answers[0].status, 201, "{}", answers[0].text());
        let first = answers[1].status == 201;
        assert!(first || answers[1].status == 409, "{}", answers[1].text());
        let found = reports(server, &focal, "draft");
        assert_eq!((found.len(), &found[0]["report"]["value"]), (1, &json!(7)), "the list comes last, or alone");
        assert_eq!(answers[0].json()["counts"][if first { "updated" } else { "created" }], 1);
    }
}
