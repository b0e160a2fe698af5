//! Projects and milestones: what is stored of them, and how they stand on a day.

use chrono::Days;
use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    action_programs::{LARACHE_1, PROGRAMS, all, brought_to, changes, patch, post, programme},
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both, on_both_demonstrations, today},
};

const PROJECTS: &str = "/api/v1/projects";

/// A day so many days from today.
fn day(offset: i64) -> String {
    let today = today();
    let days = Days::new(offset.unsigned_abs());
    let day = if offset < 0 { today.checked_sub_days(days) } else { today.checked_add_days(days) };
    day.unwrap().to_string()
}

/// A programme of Larache's with one project; the project's path.
fn project(server: &TestServer, who: &Account, more: &Value) -> String {
    post(server, who, PROGRAMS, &programme(1, "published"));
    let mut body =
        json!({"program": "commune-larache-cycle-1", "title": {"fr": "Budget citoyen", "ar": "ميزانية المواطن"}});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = post(server, who, PROJECTS, &body);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_documented("createProject", &made);
    made.header("location").unwrap().to_owned()
}

fn status(server: &TestServer, path: &str) -> (Value, Value, Value) {
    let computed = server.get(path).ok()["computed"].clone();
    assert_eq!(computed["computed_on"], day(0));
    (computed["status"].clone(), computed["late_since"].clone(), computed["days_late"].clone())
}

on_both! {
    fn a_project_is_added_with_all_that_belongs_to_it(server) {
        let focal = server.account(Role::FocalPoint);
        let path = project(server, &focal, &json!({
            "problem": {"fr": "Illisible"}, "solution": {"fr": "En clair"}, "expected_results": [{"fr": "Un budget en clair"}],
            "responsible_unit": {"fr": "Finances"}, "partners": [{"organisation": "Association X", "role": {"fr": "Relecture"}}],
            "budget": {"centimes": 125_000_000, "source": "Budget communal"}, "starts_on": "2024-01-01", "ends_on": "2025-12-31",
            "ogp_local_id": "MALAR0001",
        }));
        let read = server.get(&path);
        assert_documented("getProject", &read);
        let made = read.ok();
        assert_eq!((&made["code"], &made["program"], &made["member"]), (&json!("p1"), &json!("commune-larache-cycle-1"), &json!("commune-larache")));
        assert_eq!(made["budget"], json!({"centimes": 125_000_000, "currency": "MAD", "source": "Budget communal"}));
        assert_eq!(server.get(&format!("{PROJECTS}?q=illisible")).ok()["data"][0]["id"], made["id"]);
        let feed = server.get("/api/v1/changes?since=1679&resource=projects").ok();
        assert_eq!((&feed["data"][0]["op"], &feed["data"][0]["data"]["computed"]), (&json!("created"), &Value::Null), "nothing computed in the feed");
        let line = server.get("/api/v1/exports/projects.ndjson");
        assert!(line.text().contains("\"computed\":null"), "{}", line.text());
        // Codes and identifiers are there once.
        let next = post(server, &focal, PROJECTS, &json!({"program": "commune-larache-cycle-1", "title": {"fr": "x"}, "code": "p1", "ogp_local_id": "MALAR0001"}));
        let problem = next.problem(409, "already_exists");
        assert_eq!(problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect::<Vec<_>>(), ["/code", "/ogp_local_id"]);
        let second = post(server, &focal, PROJECTS, &json!({"program": "commune-larache-cycle-1", "title": {"fr": "x"}}));
        assert_eq!(second.json()["code"], "p2");
    }

    fn all_that_is_wrong_with_a_project_is_said_at_once(server) {
        let focal = server.account(Role::FocalPoint);
        post(server, &focal, PROGRAMS, &programme(1, "published"));
        let wrong = json!({"program": "commune-larache-cycle-1", "code": "P 1", "axis_id": "x", "title": {}, "problem": {"fr": "x".repeat(2_001)},
            "expected_results": [{}], "partners": [{"organisation": ""}], "budget": {"centimes": -1, "currency": "dh"},
            "starts_on": "2024-01-01", "ends_on": "2023-01-01", "ogp_local_id": ""});
        let answer = post(server, &focal, PROJECTS, &wrong);
        let problem = answer.problem(422, "invalid_content");
        let places: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(places, ["/axis_id", "/budget/centimes", "/budget/currency", "/code", "/ends_on", "/expected_results/0", "/ogp_local_id",
            "/partners/0/organisation", "/problem/fr", "/title"]);
        let nowhere = post(server, &focal, PROJECTS, &json!({"program": "commune-larache-cycle-9", "title": {"fr": "x"}}));
        assert_eq!(nowhere.problem(422, "invalid_content")["errors"][0]["code"], "unknown_program");
    }

    fn a_patch_changes_what_it_names_and_merges_what_is_nested(server) {
        let focal = server.account(Role::FocalPoint);
        let path = project(server, &focal, &json!({"budget": {"centimes": 100, "source": "x"}, "problem": {"fr": "Illisible"}}));
        let answer = patch(server, &focal, &path, &json!({"budget": {"centimes": 200}, "problem": {"ar": "غير مقروء"}, "solution": {"fr": "y"}}));
        assert_documented("updateProject", &answer);
        let after = answer.ok();
        assert_eq!(after["budget"], json!({"centimes": 200, "currency": "MAD", "source": "x"}));
        assert_eq!((&after["problem"]["fr"], &after["problem"]["ar"], &after["version"]), (&json!("Illisible"), &json!("غير مقروء"), &json!(2)));
        let emptied = patch(server, &focal, &path, &json!({"budget": null, "problem": {"fr": null, "ar": null}})).ok();
        assert_eq!((&emptied["budget"], &emptied["problem"]), (&Value::Null, &Value::Null));
        assert_eq!(patch(server, &focal, &path, &json!({"problem": null})).ok()["version"], 3, "a change that changes nothing");
        patch(server, &focal, &path, &json!({"budget": {"source": "z"}})).problem(422, "invalid_content");
    }

    fn how_a_project_stands_follows_from_its_milestones_and_today(server) {
        let focal = server.account(Role::FocalPoint);
        let path = project(server, &focal, &json!({"starts_on": day(10), "ends_on": day(100)}));
        let steps = format!("{path}/milestones");
        assert_eq!(status(server, &path), (json!("not_started"), Value::Null, json!(0)));
        patch(server, &focal, &path, &json!({"starts_on": day(0)})).ok();
        assert_eq!(status(server, &path).0, "in_progress");
        let first = post(server, &focal, &steps, &json!({"title": {"fr": "Diagnostic"}, "due_on": day(0)}));
        assert_documented("createMilestone", &first);
        assert_eq!((first.status, &first.json()["position"]), (201, &json!(1)));
        assert_eq!(status(server, &path).0, "in_progress", "due today is not late");
        let at = first.header("location").unwrap().to_owned();
        let moved = patch(server, &focal, &at, &json!({"due_on": day(-3)}));
        assert_documented("updateMilestone", &moved);
        assert_eq!(moved.ok()["computed"], json!({"computed_on": day(0), "is_late": true, "days_late": 3}));
        assert_eq!(status(server, &path), (json!("late"), json!(day(-3)), json!(3)));
        let second = post(server, &focal, &steps, &json!({"title": {"fr": "Essai"}, "due_on": day(30)}));
        assert_eq!(second.json()["position"], 2);
        let done = json!({"done_on": day(-1), "evidence": {"reference": "Report 3"}});
        let done = patch(server, &focal, &at, &done).ok();
        assert_eq!((&done["computed"]["is_late"], &done["computed"]["days_late"], &done["evidence_reference"]), (&json!(true), &json!(2), &json!("Report 3")));
        assert_eq!(status(server, &path).0, "in_progress");
        patch(server, &focal, second.header("location").unwrap(), &json!({"done_on": day(0)})).ok();
        assert_eq!(status(server, &path).0, "completed");
        let computed = server.get(&path).ok()["computed"].clone();
        assert_eq!((&computed["milestones_total"], &computed["milestones_done"]), (&json!(2), &json!(2)));
        // A milestone is no change of its project.
        assert_eq!(server.get(&path).ok()["version"], 2);
        assert_eq!(changes(server).iter().filter(|(resource, ..)| resource == "projects").count(), 2);
        let gone = server.send("DELETE", second.header("location").unwrap(), &[focal.header(), ("If-Match", "*")]);
        assert_eq!(gone.status, 204);
        assert_eq!(server.get(&path).ok()["computed"]["milestones_total"], 1);
        let listed = server.get(&format!("{steps}?count=exact"));
        assert_documented("listMilestones", &listed);
        assert_eq!(listed.ok()["page"]["total"], 1);
    }

    fn what_is_wrong_with_a_milestone_is_said(server) {
        let focal = server.account(Role::FocalPoint);
        let path = project(server, &focal, &json!({}));
        let steps = format!("{path}/milestones");
        let wrong = json!({"position": 0, "title": {}, "due_on": "1950-01-01", "done_on": day(1), "evidence": {"url": "x"}});
        let problem = post(server, &focal, &steps, &wrong).problem(422, "invalid_content");
        let places: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(places, ["/done_on", "/due_on", "/evidence/url", "/position", "/title"]);
        let early = json!({"title": {"fr": "x"}, "due_on": day(1), "evidence": {"reference": "x"}});
        assert_eq!(post(server, &focal, &steps, &early).problem(422, "invalid_content")["errors"][0]["code"], "not_done");
        // Another project's milestone is not here.
        let made = post(server, &focal, &steps, &json!({"title": {"fr": "x"}, "due_on": day(1)}));
        let other = post(server, &focal, PROJECTS, &json!({"program": "commune-larache-cycle-1", "title": {"fr": "y"}}));
        let id = made.json()["id"].as_str().unwrap().to_owned();
        server.get(&format!("{}/milestones/{id}", other.header("location").unwrap())).problem(404, "not_found");
        let etag = made.header("etag").unwrap().to_owned();
        server.json("PATCH", made.header("location").unwrap(), &[focal.header(), ("If-Match", &etag)], &json!({"position": 7})).ok();
        server.json("PATCH", made.header("location").unwrap(), &[focal.header(), ("If-Match", &etag)], &json!({"position": 8})).problem(412, "precondition_failed");
    }

    fn a_project_can_be_deleted_until_the_council_has_adopted_it(server) {
        let focal = server.account(Role::FocalPoint);
        brought_to(server, &focal, 1, "2024-01-01", "consultation");
        let second = post(server, &focal, PROJECTS, &json!({"program": "commune-larache-cycle-1", "title": {"fr": "y"}}));
        let path = second.header("location").unwrap();
        post(server, &focal, &format!("{path}/milestones"), &json!({"title": {"fr": "x"}, "due_on": day(1)}));
        assert_eq!(server.send("DELETE", path, &[focal.header(), ("If-Match", "*")]).status, 204);
        let told = changes(server);
        let deleted: Vec<&str> = told.iter().filter(|(_, op, _)| op == "deleted").map(|(resource, ..)| resource.as_str()).collect();
        assert_eq!(deleted, ["milestones", "projects"]);
        let last = server.get(PROJECTS).ok()["data"][0]["id"].as_str().unwrap().to_owned();
        let refused = server.send("DELETE", &format!("{PROJECTS}/{last}"), &[focal.header(), ("If-Match", "*")]);
        assert_eq!(refused.problem(409, "not_now")["errors"][0]["code"], "last_project");
        for to in ["validated", "adopted"] {
            post(server, &focal, &format!("{LARACHE_1}/transitions"), &json!({"to": to, "on": "2024-01-01"})).ok();
        }
        let refused = server.send("DELETE", &format!("{PROJECTS}/{last}"), &[focal.header(), ("If-Match", "*")]);
        assert_eq!(refused.problem(409, "not_now")["errors"][0]["code"], "adopted");
    }

    fn a_programme_with_ten_projects_and_forty_milestones_takes_five_statements(server) {
        let secretary = server.account(Role::Secretariat);
        post(server, &secretary, PROGRAMS, &programme(1, "published"));
        for number in 0..10 {
            let made = post(server, &secretary, PROJECTS, &json!({"program": "commune-larache-cycle-1", "title": {"fr": format!("Projet {number}")}}));
            for _ in 0..4 {
                let step = json!({"title": {"fr": "x"}, "due_on": day(number)});
                assert_eq!(post(server, &secretary, &format!("{}/milestones", made.header("location").unwrap()), &step).status, 201);
            }
        }
        let path = format!("{LARACHE_1}?include=projects,milestones");
        let statements = || {
            let before = server.db.query_count();
            let found = server.get_with(&path, &[("Cache-Control", "no-cache")]).ok();
            assert_eq!((found["included"]["projects"].as_array().unwrap().len(), found["included"]["milestones"].as_array().unwrap().len()), (10, 40));
            server.db.query_count() - before
        };
        let least = (0..4).map(|_| statements()).min().unwrap();
        assert!(least <= 5, "{least} statements");
    }
}

fn import(server: &TestServer, who: &Account, options: &str, list: &str) -> Answer {
    let headers = [who.header(), ("Content-Type", "text/csv")];
    server.send_body("POST", &format!("/api/v1/imports?resource=projects{options}"), &headers, list)
}

on_both! {
    fn lists_of_projects_are_pushed_previewed_and_applied_as_previewed(server) {
        let (focal, secretariat) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        post(server, &focal, PROGRAMS, &programme(1, "published"));
        post(server, &focal, PROGRAMS, &programme(2, "draft"));
        let known = project_in(server, &focal);
        let list = "programme,code_projet,axe,titre,titre_ar,budget_en_centimes,debut,fin,ogp_local\n\
            commune-larache-cycle-1,p1,1,Budget en clair,,5000,2024-01-01,,MALAR0001\n\
            commune-larache-cycle-1,jeunes,2,Conseil des jeunes,مجلس الشباب,,,,\n\
            commune-larache-cycle-2,p1,,Eau,,,,,\n";
        let preview = import(server, &focal, "", list);
        assert_eq!(preview.status, 201, "{}", preview.text());
        let preview = preview.json();
        assert_eq!((&preview["outcome"], &preview["counts"]["created"], &preview["counts"]["updated"]), (&json!("previewed"), &json!(2), &json!(1)));
        assert_eq!(server.get(&format!("{PROJECTS}?count=exact")).ok()["page"]["total"], 1);
        let rows = server.get_with(&format!("{}/rows", preview["links"]["self"].as_str().unwrap()), &[focal.header()]).ok();
        let of_p1 = rows["data"].as_array().unwrap().iter().find(|row| row["key"] == "commune-larache-cycle-1 p1").unwrap().clone();
        let fields: Vec<&str> = of_p1["differences"].as_array().unwrap().iter().map(|d| d["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["axis", "title_fr", "title_ar", "budget_centimes", "budget_currency", "starts_on", "ogp_local_id"]);
        let hash = preview["plan_hash"].as_str().unwrap();
        let before = changes(server).len();
        let done = import(server, &focal, &format!("&dry_run=false&plan_hash={hash}"), list);
        assert_eq!((done.status, &done.json()["outcome"], &done.json()["plan_hash"]), (201, &json!("applied"), &json!(hash)), "{}", done.text());
        let told: Vec<(String, i64)> = changes(server)[before..].iter().map(|(_, op, version)| (op.clone(), *version)).collect();
        assert_eq!(told, [("updated".to_owned(), 2), ("created".to_owned(), 1)], "in the order of the ids, and nothing of the draft");
        // The audit has an entry of each, of the draft's too.
        let import_id = done.json()["id"].as_str().unwrap().to_owned();
        let administrator = server.account(Role::Administrator);
        let trail = server.get_with(&format!("/api/v1/audit?resource=projects&import_id={import_id}"), &[administrator.header()]).ok();
        let entries: Vec<(&str, &Value)> = trail["data"].as_array().unwrap().iter().map(|entry| (entry["action"].as_str().unwrap(), &entry["after"]["ogp_local_id"])).collect();
        assert_eq!(entries, [("imported", &Value::Null), ("created", &Value::Null), ("updated", &json!("MALAR0001")), ("created", &Value::Null)]);
        let after = server.get(&known).ok();
        assert_eq!((&after["title"], &after["budget"]["centimes"], &after["problem"]["fr"]), (&json!({"fr": "Budget en clair"}), &json!(5000), &json!("Illisible")));
        let again = import(server, &secretariat, "&dry_run=false", list).json();
        assert_eq!((&again["counts"]["unchanged"], changes(server).len()), (&json!(3), before + 2));
        // What members do is no register: a registrar neither writes it nor is shown a draft.
        import(server, &server.account(Role::Registrar), "", list).problem(403, "forbidden");
        let template = server.get("/api/v1/imports/template?resource=projects");
        assert!(template.text().trim_start_matches('\u{feff}').starts_with("program,code,axis,title_fr"));
    }

    fn a_list_with_problems_changes_nothing_and_names_every_place(server) {
        let focal = server.account(Role::FocalPoint);
        let martil = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        post(server, &focal, PROGRAMS, &programme(1, "published"));
        post(server, &focal, PROGRAMS, &programme(2, "draft"));
        let list = "program,code,axis,title_fr,starts_on,ends_on,ogp_local_id,budget_centimes,budget_source\n\
            commune-larache-cycle-1,a,9,x,,,,,\n\
            commune-larache-cycle-1,b,,,,,,,\n\
            commune-larache-cycle-1,c,,x,2024-02-01,2024-01-01,,,\n\
            commune-larache-cycle-1,c,,x,,,,,\n\
            commune-larache-cycle-1,d,,x,,,SAME,,\n\
            commune-larache-cycle-1,e,,x,,,SAME,,\n\
            commune-larache-cycle-1,f,,x,,,,,Budget\n\
            commune-larache-cycle-1,g,,x,01/02/2024,,,-5,\n\
            commune-nowhere-cycle-1,h,,x,,,,,\n\
            ,i,,x,,,,,\n";
        let report = import(server, &focal, "", list).json();
        let problem = |problem: &Value| (problem["row"].as_i64().unwrap(), problem["column"].as_str().unwrap().to_owned(), problem["code"].as_str().unwrap().to_owned());
        let mut found: Vec<_> = report["problems"].as_array().unwrap().iter().map(problem).collect();
        found.sort();
        let expected = [(1, "axis", "unknown_axis"), (2, "title_fr", "missing_value"), (3, "ends_on", "ends_before_it_begins"),
            (4, "code", "repeated_key"), (6, "ogp_local_id", "repeated_identifier"), (7, "budget_source", "without_amount"),
            (8, "budget_centimes", "invalid_value"), (8, "starts_on", "invalid_value"), (9, "program", "unknown_program"), (10, "program", "missing_value")];
        let expected: Vec<_> = expected.iter().map(|(row, column, code)| (*row, (*column).to_owned(), (*code).to_owned())).collect();
        assert_eq!(found, expected, "{report}");
        import(server, &focal, "&dry_run=false", list).problem(422, "invalid_content");
        // Another member's programme is not this account's to list, and a draft of it is not even there.
        let foreign = |program: &str| {
            let report = import(server, &martil, "", &format!("program,code,title_fr\n{program},x,x\n")).json();
            report["problems"][0]["code"].as_str().unwrap().to_owned()
        };
        assert_eq!((foreign("commune-larache-cycle-1").as_str(), foreign("commune-larache-cycle-2").as_str()), ("not_your_member", "unknown_program"));
        let members = server.send_body("POST", "/api/v1/imports?resource=members", &[focal.header(), ("Content-Type", "text/csv")], "kind,territory_code\n");
        members.problem(403, "forbidden");
        assert_eq!(server.get(&format!("{PROJECTS}?count=exact")).ok()["page"]["total"], 0);
    }
}

/// A project of Larache's first programme.
fn project_in(server: &TestServer, who: &Account) -> String {
    let body = json!({"program": "commune-larache-cycle-1", "title": {"fr": "Budget citoyen", "ar": "ميزانية المواطن"}, "problem": {"fr": "Illisible"}});
    post(server, who, PROJECTS, &body).header("location").unwrap().to_owned()
}

on_both_demonstrations! {
    fn every_filter_of_projects_finds_what_it_names_and_nothing_else(server) {
        let everything = all(server, PROJECTS);
        let programs = all(server, PROGRAMS);
        let program = |row: &Value| programs.iter().find(|program| program["slug"] == row["program"]).unwrap().clone();
        let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let check = |query: &str, fits: &dyn Fn(&Value) -> bool| {
            let expected: Vec<Value> = everything.iter().filter(|row| fits(row)).cloned().collect();
            assert!(!expected.is_empty() && expected.len() < everything.len(), "{query} tells nothing apart");
            assert_eq!(ids(&all(server, &format!("{PROJECTS}?{query}"))), ids(&expected), "{query}");
        };
        for status in ["not_started", "in_progress", "late", "completed", "cancelled"] {
            check(&format!("status={status}"), &|row| row["computed"]["status"] == status);
        }
        check("status=late,completed", &|row| row["computed"]["status"] == "late" || row["computed"]["status"] == "completed");
        check("program=commune-tetouan-cycle-1", &|row| row["program"] == "commune-tetouan-cycle-1");
        let id = program(&everything[20])["id"].as_str().unwrap().to_owned();
        check(&format!("program={id},commune-agadir-cycle-1"), &|row| program(row)["id"] == id || row["member"] == "commune-agadir");
        check("member=commune-sidi-bennour", &|row| row["member"] == "commune-sidi-bennour");
        check("region=01,04", &|row| row["region_code"] == "01" || row["region_code"] == "04");
        check("principle=digitalisation", &|row| {
            let axes = program(row)["axes"].clone();
            let own = axes.as_array().unwrap().iter().find(|axis| axis["id"] == row["axis_id"]).cloned().unwrap_or_default();
            own["principles"].as_array().is_some_and(|principles| principles.contains(&json!("digitalisation")))
        });
        check("commitment=openness-norms", &|row| program(row)["commitments"].as_array().unwrap().contains(&json!("openness-norms")));
        check("q=%D8%A7%D9%84%D9%85%D9%8A%D8%B2%D8%A7%D9%86%D9%8A%D8%A9", &|row| ["title", "problem", "solution"].iter().any(|text| row[text]["ar"].as_str().is_some_and(|text| text.contains("الميزانية"))));
        let with = server.get(&format!("{PROJECTS}?limit=3&status=completed&include=milestones")).ok();
        assert_eq!(with["included"]["milestones"].as_array().unwrap().len(), 12);
        let french = server.get(&format!("{PROJECTS}?limit=1&lang=ar&status=completed")).ok();
        assert!(french["data"][0]["title"]["fr"].is_null() && french["data"][0]["title"]["ar"].is_string());
        let mut by_title: Vec<Value> = all(server, &format!("{PROJECTS}?sort=-title_ar"));
        by_title.reverse();
        assert_eq!(ids(&by_title), ids(&all(server, &format!("{PROJECTS}?sort=title_ar"))));
    }
}
