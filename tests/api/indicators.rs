//! Indicators: of the network, programmes, projects and commitments; by the catalogue or by definitions of their own, of which
//! another version breaks the series; drafts that nobody sees; and charts in three languages.

use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    action_programs::{PROGRAMS, brought_to, patch, post, programme},
    measurements::{approved, evaluator, review},
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both},
};

pub const LIST: &str = "/api/v1/indicators";
pub const SERVICES: &str = "/api/v1/indicators/commune-larache-openness-norms-services-fully-online";

/// Larache's services that are fully online, against the catalogue.
pub fn services(publication: &str) -> Value {
    json!({"catalogue": "services-fully-online", "member": "commune-larache", "publication": publication,
        "baseline": {"value": 60, "on": "2023-12-31"}, "targets": [{"value": 75.5, "on": "2025-12-31"}, {"value": 90, "on": "2030-12-31"}]})
}

/// A definition of its own.
pub fn own_definition() -> Value {
    json!({"code": "arbres", "title": {"fr": "Arbres plantés", "ar": "الأشجار المغروسة"}, "measures": {"fr": "Le verdissement"},
        "computation": {"fr": "Compte des arbres"}, "unit": "persons", "kind": "number", "direction": "up", "frequency": "quarterly",
        "dimensions": [{"code": "sex", "label": {"fr": "Sexe"}, "categories": [{"code": "women", "label": {"fr": "Femmes"}}, {"code": "men", "label": {"fr": "Hommes"}}]}],
        "publication": "published"})
}

pub fn with(mut body: Value, other: &Value) -> Value {
    body.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    body
}

#[track_caller]
pub fn made(server: &TestServer, who: &Account, body: &Value) -> Value {
    let answer = post(server, who, LIST, body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_documented("createIndicator", &answer);
    answer.json()
}

fn codes(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().unwrap().iter();
    errors.map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect()
}

fn remove(server: &TestServer, who: &Account, path: &str) -> Answer {
    server.send("DELETE", path, &[who.header(), ("If-Match", "*")])
}

fn told(server: &TestServer) -> Vec<(String, String)> {
    let feed = server.get("/api/v1/changes?since=1679").ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    feed["data"].as_array().unwrap().iter().map(|change| (text(&change["resource"]), text(&change["op"]))).collect()
}

on_both! {
    fn an_indicator_of_the_catalogue_has_its_definition_and_says_how_it_stands(server) {
        let focal = server.account(Role::FocalPoint);
        let found = made(server, &focal, &services("published"));
        assert_eq!(found["links"]["self"], SERVICES);
        let read = server.get(SERVICES);
        assert_documented("getIndicator", &read);
        assert_eq!(read.ok(), found);
        assert_eq!((&found["scope"], &found["commitment"], &found["member"], &found["region_code"]), (&json!("commitment"), &json!("openness-norms"), &json!("commune-larache"), &json!("01")));
        assert_eq!((&found["unit"], &found["kind"], &found["frequency"], &found["definition_version"]), (&json!("percent"), &json!("ratio"), &json!("half_yearly"), &json!(1)));
        assert_eq!(found["title"].as_object().unwrap().len(), 3);
        assert_eq!(found["targets"][0], json!({"value": 75.5, "on": "2025-12-31"}));
        let computed = &found["computed"];
        assert_eq!((&computed["status"], &computed["latest_value"], &computed["target"]["value"]), (&json!("no_data"), &Value::Null, &json!(90)));
        assert_eq!(server.get(&format!("{LIST}/{}", found["id"].as_str().unwrap())).ok(), found);
        assert_eq!(told(server), [("indicators".to_owned(), "created".to_owned())]);
        let feed = server.get("/api/v1/changes?since=1679").ok();
        assert!(feed["data"][0]["data"]["computed"].is_null() && feed["data"][0]["data"]["slug"] == found["slug"]);
        assert!(server.get("/api/v1/exports/indicators.csv").text().contains("services-fully-online"));
        assert_eq!(server.get("/api/v1/changes/digest?resource=indicators").ok()["count"], 1);
        // Once there it is named; and the catalogue is not written over.
        post(server, &focal, LIST, &services("draft")).problem(409, "already_exists");
        let typed = with(services("draft"), &json!({"code": "other", "unit": "persons", "title": {"fr": "x"}}));
        assert_eq!(codes(&post(server, &focal, LIST, &typed).problem(422, "invalid_content")), [("/code", "from_catalogue"), ("/title", "from_catalogue"), ("/unit", "from_catalogue")]);
        let changed = patch(server, &focal, SERVICES, &json!({"direction": "down"})).problem(422, "invalid_content");
        assert_eq!(codes(&changed), [("/direction", "from_catalogue")]);
        let emptied = patch(server, &focal, SERVICES, &json!({"title": null, "dimensions": []})).problem(422, "invalid_content");
        assert_eq!(codes(&emptied), [("/dimensions", "from_catalogue"), ("/title", "from_catalogue")]);
        patch(server, &focal, SERVICES, &json!([null, null])).problem(400, "invalid_body");
        let later = patch(server, &focal, SERVICES, &json!({"targets": [{"value": 80, "on": "2026-12-31"}]}));
        assert_documented("updateIndicator", &later);
        assert_eq!((&later.ok()["version"], &later.ok()["definition_version"]), (&json!(2), &json!(1)));
        assert_eq!(patch(server, &focal, SERVICES, &json!({"baseline": {"value": 60, "on": "2023-12-31"}})).ok()["version"], 2, "nothing changes");
        let again = server.json("PATCH", SERVICES, &[focal.header(), ("If-Match", "\"1-json\"")], &json!({"baseline": null}));
        again.problem(412, "precondition_failed");
        server.json("PATCH", SERVICES, &[focal.header()], &json!({"baseline": null})).problem(428, "precondition_required");
        let gone = remove(server, &focal, SERVICES);
        assert_eq!(gone.status, 204);
        assert_eq!(told(server).last(), Some(&("indicators".to_owned(), "deleted".to_owned())));
        server.get(SERVICES).problem(404, "not_found");
    }

    fn an_indicator_is_of_one_thing_that_is_there_and_its_keeper_s(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let martil = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        brought_to(server, &focal, 1, "2024-01-01", "implementation");
        let project = server.get("/api/v1/projects").ok()["data"][0].clone();
        let of = |other: Value| with(own_definition(), &other);
        let program = made(server, &focal, &of(json!({"program": "commune-larache-cycle-1"})));
        assert_eq!((&program["scope"], &program["slug"]), (&json!("programme"), &json!("commune-larache-cycle-1-arbres")));
        let of_project = made(server, &focal, &of(json!({"project_id": project["id"]})));
        assert_eq!((&of_project["scope"], &of_project["program"], &of_project["links"]["project"]), (&json!("project"), &json!("commune-larache-cycle-1"), &project["links"]["self"]));
        let network = made(server, &secretary, &own_definition());
        assert_eq!((&network["scope"], &network["member"], &network["slug"]), (&json!("network"), &Value::Null, &json!("network-arbres")));
        let refused = |who: &Account, other: Value| post(server, who, LIST, &of(with(json!({"code": "b"}), &other)));
        let of_member = json!({"member": "commune-larache", "commitment": "visibility"});
        for place in [json!({"program": "commune-larache-cycle-1"}), json!({"project_id": project["id"]}), of_member.clone()] {
            refused(&martil, place).problem(403, "not_your_member");
        }
        for (other, expected) in [
            (json!({}), ("", "missing_place")),
            (json!({"program": "commune-nowhere-cycle-1"}), ("/program", "unknown_program")),
            (json!({"project_id": network["id"]}), ("/project_id", "unknown_project")),
            (json!({"member": "commune-nowhere", "commitment": "visibility"}), ("/member", "unknown_member")),
            (json!({"member": "commune-larache"}), ("/commitment", "missing_value")),
            (json!({"member": "commune-larache", "commitment": "beauty"}), ("/commitment", "unknown_code")),
            (json!({"program": "commune-larache-cycle-1", "member": "commune-larache"}), ("", "several_places")),
        ] {
            assert_eq!(codes(&refused(&focal, other).problem(422, "invalid_content")), [expected]);
        }
        let wrong_scope = json!({"catalogue": "services-fully-online", "program": "commune-larache-cycle-1"});
        assert_eq!(codes(&post(server, &focal, LIST, &wrong_scope).problem(422, "invalid_content")), [("/catalogue", "wrong_scope")]);
        let computed = json!({"catalogue": "milestones-late", "program": "commune-larache-cycle-1"});
        assert_eq!(codes(&post(server, &focal, LIST, &computed).problem(422, "invalid_content")), [("/catalogue", "computed")]);
        let unknown = with(services("draft"), &json!({"catalogue": "beauty"}));
        assert_eq!(codes(&post(server, &focal, LIST, &unknown).problem(422, "invalid_content"))[0], ("/catalogue", "unknown_code"));
        // Another member's, and the network's, are not this account's to write.
        for path in ["/api/v1/indicators/commune-larache-cycle-1-arbres", "/api/v1/indicators/network-arbres"] {
            assert_eq!(patch(server, &martil, path, &json!({"targets": []})).status, 403, "{path}");
            assert_eq!(remove(server, &martil, path).status, 403, "{path}");
        }
        // What belongs to a programme is not hidden or deleted beneath it.
        let gone = remove(server, &secretary, &format!("/api/v1/projects/{}", project["id"].as_str().unwrap()));
        gone.problem(409, "not_now");
    }

    fn all_that_is_wrong_with_a_definition_is_said_at_once(server) {
        let secretary = server.account(Role::Secretariat);
        let wrong = json!({"title": {"fr": "a\u{202e}b"}, "measures": {}, "kind": "scale", "unit": "beauty", "direction": "up", "frequency": "yearly",
            "levels": [{"fr": "Bas"}], "dimensions": [{"code": "SEX", "label": {}, "categories": []}],
            "baseline": {"value": 9, "on": "2199-01-01"}, "targets": [{"value": 1, "on": "2026-01-01"}, {"value": 1, "on": "2025-01-01"}]});
        let problem = post(server, &secretary, LIST, &wrong).problem(422, "invalid_content");
        let places: Vec<&str> = codes(&problem).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(places, ["/code", "/computation", "/measures", "/title/fr"], "{problem}");
        let wrong = with(wrong, &json!({"code": "x", "computation": {"fr": "x"}}));
        let problem = post(server, &secretary, LIST, &wrong).problem(422, "invalid_content");
        let places: Vec<&str> = codes(&problem).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(places, ["/baseline/on", "/dimensions/0/categories", "/dimensions/0/code", "/dimensions/0/label", "/levels", "/measures", "/targets", "/title/fr", "/unit"], "{problem}");
        let precise = with(own_definition(), &json!({"targets": [{"value": 1.234_567_8, "on": "2030-01-01"}]}));
        post(server, &secretary, LIST, &precise).problem(400, "invalid_body");
        let typo = post(server, &secretary, LIST, &with(own_definition(), &json!({"frequenzy": "yearly"}))).problem(400, "unknown_property");
        assert_eq!(typo["errors"][0]["pointer"], "/frequenzy");
    }

    fn another_way_to_measure_breaks_the_series_visibly(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        let body = with(own_definition(), &json!({"member": "commune-larache", "commitment": "visibility"}));
        let found = made(server, &focal, &body);
        let path = found["links"]["self"].as_str().unwrap();
        let slug = found["slug"].as_str().unwrap();
        approved(server, (&focal, &other), &json!({"indicator": slug, "period": "2024-Q4", "value": 10}));
        let titled = patch(server, &focal, path, &json!({"title": {"en": "Trees"}})).ok();
        assert_eq!((&titled["definition_version"], &titled["title"]["fr"]), (&json!(1), &json!("Arbres plantés")), "another title changes no figure");
        let translated = patch(server, &focal, path, &json!({"computation": {"ar": "عدد الأشجار"}})).ok();
        assert_eq!((&translated["definition_version"], &translated["computed"]["latest_value"]), (&json!(1), &json!(10)), "nor does a translation");
        let living = json!({"computation": {"fr": "Compte des arbres vivants après un an"}, "new_definition": true});
        let changed = patch(server, &focal, path, &living).ok();
        assert_eq!(changed["definition_version"], 2);
        let computed = &changed["computed"];
        assert_eq!((&computed["latest_value"], &computed["status"], &computed["missing_period"]), (&Value::Null, &json!("no_data"), &Value::Null), "nothing is judged by what was measured otherwise");
        approved(server, (&focal, &other), &json!({"indicator": slug, "period": "2025-Q1", "value": 7}));
        let series = server.get(&format!("{path}/series"));
        assert_documented("getIndicatorSeries", &series);
        let series = series.ok();
        let points: Vec<(&Value, &Value, &Value, &Value)> = series["data"].as_array().unwrap().iter().map(|p| (&p["period"], &p["value"], &p["definition_version"], &p["breaks"])).collect();
        assert_eq!(points, [(&json!("2024-Q4"), &json!(10), &json!(1), &json!(false)), (&json!("2025-Q1"), &json!(7), &json!(2), &json!(true))]);
        assert_eq!(server.get(path).ok()["computed"]["latest_value"], 7);
        let definitions = series["definitions"].as_array().unwrap();
        assert_eq!((definitions.len(), &definitions[0]["computation"]["fr"], &definitions[0]["title"]["en"]), (2, &json!("Compte des arbres"), &json!("Trees")));
        let csv = server.get(&format!("{path}/series?format=csv")).text().to_owned();
        assert!(csv.contains("2025-Q1,2025-01-01,2025-03-31,7,,,2,true,0,"), "{csv}");
        assert_eq!(server.get(&format!("{path}/series?lang=ar")).ok()["title"], json!({"ar": "الأشجار المغروسة"}));
    }

    fn another_unit_lets_baseline_and_targets_lapse_and_a_correction_of_before_is_not_the_latest(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        let body = with(own_definition(), &json!({"member": "commune-larache", "commitment": "visibility", "baseline": {"value": 1, "on": "2023-12-31"}, "targets": [{"value": 9, "on": "2030-12-31"}]}));
        let path = made(server, &focal, &body)["links"]["self"].as_str().unwrap().to_owned();
        let slug = "commune-larache-visibility-arbres";
        let before = approved(server, (&focal, &other), &json!({"indicator": slug, "period": "2025-Q1", "value": 10}));
        let changed = patch(server, &focal, &path, &json!({"unit": "percent", "kind": "percentage", "dimensions": []})).ok();
        assert_eq!((&changed["baseline"], &changed["targets"], &changed["definition_version"]), (&Value::Null, &json!([]), &json!(2)));
        patch(server, &focal, &before, &json!({"value": 11, "reason": "x", "submit": true})).ok();
        review(server, &other, &before, &json!({"verdict": "approve"})).ok();
        let found = server.get(&path).ok();
        assert_eq!((&found["computed"]["latest_value"], &found["computed"]["status"]), (&Value::Null, &json!("no_data")));
        let misfit = patch(server, &focal, &path, &json!({"unit": "persons"})).problem(422, "invalid_content");
        assert_eq!(codes(&misfit), [("/unit", "unfit_kind")]);
        let chart = server.get(&format!("{path}/chart.svg?lang=en")).text().to_owned();
        assert!(chart.contains("Values measured otherwise, which are not drawn: 1.") && !chart.contains("<circle"), "{chart}");
        let stated = patch(server, &focal, &path, &json!({"unit": "persons", "kind": "number", "targets": [{"value": 20, "on": "2030-12-31"}]})).ok();
        assert_eq!(stated["targets"], json!([{"value": 20, "on": "2030-12-31"}]));
    }

    fn what_was_written_in_a_draft_stays_there(server) {
        let focal = server.account(Role::FocalPoint);
        let secret = json!({"member": "commune-larache", "commitment": "visibility", "publication": "draft", "measures": {"fr": "Dossier de M. X"}});
        let path = made(server, &focal, &with(own_definition(), &secret))["links"]["self"].as_str().unwrap().to_owned();
        let published = patch(server, &focal, &path, &json!({"measures": {"fr": "Le verdissement"}, "unit": "projects", "new_definition": true, "publication": "published"})).ok();
        assert_eq!(published["definition_version"], 1);
        let series = server.get(&format!("{path}/series")).text().to_owned();
        assert!(series.contains("Le verdissement") && !series.contains("Dossier"), "{series}");
    }

    fn a_member_counts_once_in_the_network_s_figure(server) {
        let focal = server.account(Role::FocalPoint);
        let other = |more: Value| post(server, &focal, LIST, &with(services("published"), &more)).problem(422, "invalid_content");
        assert_eq!(codes(&other(json!({"code": "mine"}))), [("/code", "from_catalogue")]);
        assert_eq!(codes(&other(json!({"commitment": "visibility"}))), [("/commitment", "from_catalogue")]);
        made(server, &focal, &with(services("published"), &json!({"code": "services-fully-online", "commitment": "openness-norms"})));
    }

    fn what_becomes_public_is_found_by_when_it_did(server) {
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        let path = made(server, &focal, &services("draft"))["links"]["self"].as_str().unwrap().to_owned();
        let report = json!({"indicator": "commune-larache-openness-norms-services-fully-online", "period": "2025-H1", "numerator": 45, "denominator": 60});
        approved(server, (&focal, &secretary), &report);
        let published = patch(server, &focal, &path, &json!({"publication": "published"})).ok();
        let since = published["updated_at"].as_str().unwrap();
        let found = server.get(&format!("/api/v1/measurements?updated_since={since}")).ok();
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
    }

    fn what_was_handed_in_keeps_its_indicator(server) {
        let focal = server.account(Role::FocalPoint);
        let path = made(server, &focal, &services("published"))["links"]["self"].as_str().unwrap().to_owned();
        let report = json!({"indicator": "commune-larache-openness-norms-services-fully-online", "period": "2025-H1", "numerator": 45, "denominator": 60});
        let address = post(server, &focal, "/api/v1/measurements", &report).header("location").unwrap().to_owned();
        patch(server, &focal, &address, &json!({"submit": true})).ok();
        assert_eq!(codes(&remove(server, &focal, &path).problem(409, "not_now")), [("", "has_reports")]);
        patch(server, &focal, &address, &json!({"submit": false})).ok();
        assert_eq!(remove(server, &focal, &path).status, 204);
    }

    fn a_draft_is_nowhere_until_it_and_its_programme_are_published(server) {
        let focal = server.account(Role::FocalPoint);
        let martil = Account::new(&server.db, Role::FocalPoint, Some("commune-martil"));
        post(server, &focal, PROGRAMS, &programme(1, "draft"));
        let body = with(own_definition(), &json!({"program": "commune-larache-cycle-1"}));
        let found = made(server, &focal, &body);
        let path = found["links"]["self"].as_str().unwrap();
        let draft = made(server, &focal, &services("draft"));
        for path in [path, draft["links"]["self"].as_str().unwrap()] {
            for place in [path.to_owned(), format!("{path}/series"), format!("{path}/chart.svg")] {
                server.get(&place).problem(404, "not_found");
                server.get_with(&place, &[martil.header()]).problem(404, "not_found");
                let own = server.get_with(&place, &[focal.header()]);
                assert_eq!((own.status, own.header("cache-control")), (200, Some("no-store")), "{place}");
            }
            patch(server, &martil, path, &json!({"targets": []})).problem(404, "not_found");
        }
        let total = |query: &str, who: Option<&Account>| {
            let headers: Vec<_> = who.iter().map(|who| who.header()).collect();
            server.get_with(&format!("{LIST}?count=exact&{query}"), &headers).ok()["page"]["total"].as_i64().unwrap()
        };
        assert_eq!([total("", None), total("q=arbres", None), total("", Some(&focal)), total("publication=all", Some(&martil))], [0; 4]);
        assert_eq!([total("publication=all", Some(&focal)), total("publication=draft", Some(&focal))], [2, 2]);
        server.get(&format!("{LIST}?publication=all")).problem(401, "unauthenticated");
        assert!(told(server).is_empty() && server.get("/api/v1/exports/indicators.ndjson").text().is_empty());
        // What is reported of a draft's programme is named by nobody else, either.
        let named = post(server, &martil, "/api/v1/measurements", &json!({"indicator": found["slug"], "period": "2025-Q1", "value": 1}));
        assert_eq!(codes(&named.problem(422, "invalid_content")), [("/indicator", "unknown_indicator")]);
        patch(server, &focal, "/api/v1/action-programs/commune-larache-cycle-1", &json!({"publication": "published"})).ok();
        assert!(told(server).contains(&("indicators".to_owned(), "created".to_owned())), "{:?}", told(server));
        server.get(path).ok();
        assert_eq!(total("program=commune-larache-cycle-1", None), 1);
        let listed = server.get(&format!("{LIST}?scope=programme&sort=-title_fr&member=commune-larache&region=01&q=plantes"));
        assert_documented("listIndicators", &listed);
        assert_eq!(listed.ok()["data"].as_array().unwrap().len(), 1);
        assert_eq!(total("commitment=visibility", None) + total("catalogue=services-fully-online", None), 0);
        patch(server, &focal, "/api/v1/action-programs/commune-larache-cycle-1", &json!({"publication": "draft"})).ok();
        assert_eq!(told(server).iter().rev().nth(1), Some(&("indicators".to_owned(), "unpublished".to_owned())), "before its programme");
        server.get(path).problem(404, "not_found");
    }

    fn a_chart_is_drawn_in_three_languages_and_lets_no_markup_through(server) {
        let (focal, other) = (server.account(Role::FocalPoint), evaluator(server));
        let body = with(own_definition(), &json!({"member": "commune-larache", "commitment": "visibility", "title": {"fr": "<script>alert(1)</script> & co", "ar": "الأشجار"}}));
        let found = made(server, &focal, &body);
        for (period, value) in [("2024-Q4", 10), ("2025-Q1", 12), ("2025-Q2", 9)] {
            approved(server, (&focal, &other), &json!({"indicator": found["slug"], "period": period, "value": value}));
        }
        let chart = found["links"]["chart"].as_str().unwrap();
        let french = server.get(chart);
        assert_eq!((french.header("content-type"), french.header("content-security-policy")), (Some("image/svg+xml"), Some("default-src 'none'; style-src 'unsafe-inline'; sandbox")));
        assert!(!french.text().contains("<script") && french.text().contains("&lt;script&gt;"), "{}", french.text());
        assert!(french.text().contains("lang=\"fr\"") && french.text().contains("<title") && french.text().contains("<desc"));
        let arabic = server.get(&format!("{chart}?lang=ar&width=320")).text().to_owned();
        assert!(arabic.contains("lang=\"ar\"") && arabic.contains("rtl") && arabic.contains("الأشجار"), "{arabic}");
        let tag = french.header("etag").unwrap();
        assert_eq!(server.get_with(chart, &[("If-None-Match", tag)]).status, 304);
        assert_ne!(server.get(&format!("{chart}?width=641")).header("etag"), Some(tag));
        for width in ["239", "1601", "x", "-5", "0640"] {
            server.get(&format!("{chart}?width={width}")).problem(400, "invalid_parameter");
        }
        server.get(&format!("{chart}?colour=red")).problem(400, "unknown_parameter");
    }
}
