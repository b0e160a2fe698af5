//! The demonstration: members in every state, a network of the size that was published, and the walls around it.

use std::{collections::BTreeSet, process::Command};

use remacto::{
    auth::roles::Role,
    db::{self, Db, Deed, StoreError, Target, current_sequence, loaded_digest},
    indicators, publishing,
    reference::{self, Purpose},
    registry::REGISTRY,
};
use serde_json::{Value, json};

use crate::{
    commands::Served,
    support::{TestServer, accounts::OPERATOR, on_both_demonstrations, postgres, server::sqlite_database},
};

const LIST: &str = "/api/v1/members";

fn composition(server: &TestServer, day: &str) -> Value {
    let network = server.get(&format!("/api/v1/network?as_of={day}")).ok();
    let computed = network["composition"]["computed"].clone();
    assert_eq!(computed["as_of"], day);
    computed
}

fn counts(kinds: &Value) -> Vec<i64> {
    kinds.as_array().unwrap().iter().map(|kind| kind["count"].as_i64().unwrap()).collect()
}

fn total(server: &TestServer, path: &str) -> i64 {
    let separator = if path.contains('?') { '&' } else { '?' };
    server.get(&format!("{path}{separator}count=exact&limit=1")).ok()["page"]["total"].as_i64().unwrap()
}

/// All rows of a list.
fn all(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> Vec<Value> {
    let (mut rows, mut at) = (Vec::new(), path.to_owned());
    loop {
        let page = server.get_with(&at, headers).ok();
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["page"]["next_cursor"].as_str() else { return rows };
        at = format!("{path}&cursor={cursor}");
    }
}

on_both_demonstrations! {
    fn the_computed_composition_is_the_published_one_on_its_days(server) {
        for (day, kinds, all) in [
            ("2022-10-20", [0, 0, 0, 0], 0),
            ("2022-10-21", [12, 4, 50, 0], 66),
            ("2024-06-30", [12, 7, 97, 0], 116),
            ("2024-12-31", [12, 8, 99, 0], 119),
        ] {
            let computed = composition(server, day);
            assert_eq!((counts(&computed["by_kind"]), &computed["total"]), (kinds.to_vec(), &json!(all)), "{day}");
            assert_eq!(computed["undated"], 1);
            let statistics = server.get(&format!("/api/v1/network/statistics?as_of={day}")).ok();
            assert_eq!((counts(&statistics["by_kind"]), &statistics["total"]), (kinds.to_vec(), &json!(all)));
        }
    }

    fn every_figure_leads_to_the_members_that_it_counts(server) {
        for day in ["2022-10-21", "2024-06-30", "2025-10-15"] {
            let statistics = server.get(&format!("/api/v1/network/statistics?as_of={day}")).ok();
            let mut figures = 0;
            for group in ["by_kind", "by_region", "by_cohort", "by_status", "undated"] {
                for figure in statistics[group].as_array().unwrap() {
                    assert_eq!(total(server, figure["members"].as_str().unwrap()), figure["count"], "{figure}");
                    figures += 1;
                }
            }
            assert!(figures > 20, "{statistics}");
            for group in ["by_kind", "by_region", "by_cohort"] {
                assert_eq!(counts(&statistics[group]).iter().sum::<i64>(), statistics["total"], "{group}");
            }
            assert_eq!(statistics["by_region"].as_array().unwrap().len(), 12);
            assert_eq!(total(server, statistics["links"]["members"].as_str().unwrap()), statistics["total"]);
            for comparison in statistics["comparisons"].as_array().unwrap() {
                for kind in comparison["by_kind"].as_array().unwrap() {
                    assert_eq!(total(server, kind["members"].as_str().unwrap()), kind["computed"], "{kind}");
                }
            }
        }
    }

    fn a_published_statement_stands_beside_the_computed_one_and_the_difference_is_explained(server) {
        let statistics = server.get("/api/v1/network/statistics?as_of=2024-06-30").ok();
        let comparisons = statistics["comparisons"].as_array().unwrap();
        let by_code = |code: &str| comparisons.iter().find(|comparison| comparison["statement"] == code).expect(code);
        let figures = |code: &str| -> Vec<(i64, i64, i64)> {
            let number = |kind: &Value, name: &str| kind[name].as_i64().unwrap();
            let kinds = by_code(code)["by_kind"].as_array().unwrap();
            kinds.iter().map(|kind| (number(kind, "published"), number(kind, "computed"), number(kind, "difference"))).collect()
        };
        assert_eq!(by_code("creation-2022")["compared_on"], "2022-10-21");
        assert_eq!(figures("creation-2022"), [(12, 12, 0), (4, 4, 0), (50, 50, 0)]);
        assert_eq!(by_code("creation-2022")["reasons"], json!([]));
        // An undated statement is compared with the day that was asked for.
        assert_eq!(figures("presentation-en"), [(12, 12, 0), (7, 7, 0), (97, 97, 0)]);
        assert_eq!(by_code("december-2024")["compared_on"], "2024-12-31");
        assert_eq!(figures("december-2024"), [(12, 12, 0), (17, 8, -9), (199, 99, -100)]);
        let reasons = by_code("december-2024")["reasons"].as_array().unwrap();
        let reason = |code: &str, kind: &str| {
            let found = reasons.iter().find(|reason| reason["code"] == code && reason["kind"] == kind);
            found.unwrap_or_else(|| panic!("{code} {kind} in {reasons:?}"))["count"].as_i64().unwrap()
        };
        assert_eq!(reason("not_on_record", "prefecture_or_province"), 9);
        assert_eq!((reason("not_on_record", "municipality"), reason("undated_members", "municipality")), (99, 1));
        for reason in reasons {
            assert_eq!(reason["text"].as_object().unwrap().len(), 3, "{reason}");
        }
    }

    fn standings_change_with_the_day(server) {
        let suspended = |day: &str| total(server, &format!("{LIST}?as_of={day}&status=suspended"));
        assert_eq!((suspended("2024-08-31"), suspended("2024-09-01")), (0, 1));
        assert_eq!((suspended("2025-01-14"), suspended("2025-01-15")), (1, 0));
        assert_eq!(total(server, &format!("{LIST}?status=withdrawn")), 2);
        let page = server.get(&format!("{LIST}?status=withdrawn&sort=joined_on")).ok();
        let gone = &page["data"][0];
        assert_eq!((&gone["left_on"], &gone["left_on_precision"]), (&json!("2025-03-01"), &json!("month")));
        let slug = gone["slug"].as_str().unwrap();
        let standing = |day: &str| {
            let page = server.get(&format!("{LIST}?as_of={day}&q={}", gone["territory_code"].as_str().unwrap())).ok();
            page["data"][0]["status"].as_str().unwrap().to_owned()
        };
        assert_eq!((standing("2025-02-28").as_str(), standing("2025-03-01").as_str()), ("active", "withdrawn"));
        let history = server.get(&format!("{LIST}/{slug}/history")).ok();
        assert_eq!(history["data"][0]["until"], "2025-03-01");
        assert_eq!(history["data"][1]["status"], "withdrawn");
    }

    fn candidates_are_listed_and_not_counted(server) {
        let page = server.get(&format!("{LIST}?status=candidate")).ok();
        assert_eq!(page["data"].as_array().unwrap().len(), 5);
        assert!(page["data"].as_array().unwrap().iter().all(|member| member["joined_on"].is_null()));
        let statistics = server.get("/api/v1/network/statistics?as_of=2025-12-31").ok();
        let candidates = statistics["by_status"].as_array().unwrap().iter().find(|s| s["status"] == "candidate").unwrap();
        // One of the five has no date at all.
        assert_eq!(candidates["count"], 4);
    }

    fn what_is_invented_says_so(server) {
        assert_eq!(total(server, &format!("{LIST}?provenance=illustrative")), 90);
        let computed = composition(server, "2022-10-21");
        assert_eq!(computed["illustrative"], 40);
        let page = server.get(&format!("{LIST}?provenance=illustrative&limit=1")).ok();
        assert!(page["data"][0]["source"].as_str().unwrap().contains("not from any official list"));
        assert_eq!(page["data"][0]["external_ids"][0]["scheme"], "demo-register");
        for (language, words) in [("en", "invented for demonstration"), ("fr", "inventés pour la démonstration"), ("ar", "للعرض فقط")] {
            let html = server.get(&format!("/?lang={language}"));
            assert!(html.text().contains(words), "{language}");
        }
    }

    fn indicators_are_invented_with_every_status_over_the_network(server) {
        let indicators = all(server, "/api/v1/indicators?limit=200", &[]);
        let values = |pointer: &str| -> BTreeSet<&str> {
            indicators.iter().filter_map(|of| of.pointer(pointer).and_then(Value::as_str)).collect()
        };
        let statuses = values("/computed/status");
        for status in ["on_track", "at_risk", "off_track", "achieved", "no_data", "overdue"] {
            assert!(statuses.contains(status), "{status}: {statuses:?}");
        }
        assert_eq!(values("/scope").into_iter().collect::<Vec<_>>(), ["commitment", "network", "programme", "project"]);
        assert_eq!(values("/kind").len(), 5);
        assert!(values("/member").len() >= 60, "{}", values("/member").len());
        assert!(values("/program").len() >= 20 && values("/region_code").len() == 12);
        assert!(values("/code").len() >= 20, "{:?}", values("/code"));
        assert!(indicators.iter().all(|of| of["provenance"] == "illustrative" && of["publication"] == "published"));
        let secretary = server.account(Role::Secretariat);
        let drafts = all(server, "/api/v1/indicators?publication=draft&limit=200", &[secretary.header()]);
        assert!(!drafts.is_empty() && drafts.iter().all(|of| of["publication"] == "draft"));
        assert_eq!(server.get(drafts[0]["links"]["self"].as_str().unwrap()).status, 404);
    }

    fn figures_are_invented_in_every_state_and_nobody_sees_more_than_was_approved(server) {
        let secretary = server.account(Role::Secretariat);
        let counted = |path: &str, headers: &[(&str, &str)]| {
            let page = server.get_with(&format!("/api/v1/measurements?count=exact&limit=1{path}"), headers).ok();
            page["page"]["total"].as_i64().unwrap()
        };
        for state in ["draft", "submitted", "returned", "approved"] {
            assert!(counted(&format!("&state={state}"), &[secretary.header()]) > 10, "{state}");
        }
        assert!(counted("", &[]) > 2_000, "{}", counted("", &[]));
        let shown = all(server, "/api/v1/measurements?limit=200", &[]);
        assert_eq!(i64::try_from(shown.len()).unwrap(), counted("", &[]));
        assert!(shown.iter().all(|of| of["value"].is_number() && of["report"].is_null()));
        assert!(shown.iter().any(|of| of["reported_in_time"] == false) && shown.iter().any(|of| of["reported_in_time"] == true));
        assert!(shown.iter().any(|of| !of["disaggregation"]["sex"]["women"].is_null()));
        let corrected = shown.iter().find(|of| of["revision"] == 2).unwrap();
        let revisions = server.get(&format!("/api/v1/measurements/{}/revisions", corrected["id"].as_str().unwrap())).ok();
        let former = revisions["data"].as_array().unwrap();
        assert_eq!(former.len(), 2);
        assert!(former.iter().all(|of| !of["reason"].as_str().unwrap().is_empty() && of["value"] != corrected["value"]));
    }

    fn the_latest_value_of_an_invented_indicator_is_that_of_its_series_and_another_definition_breaks_it(server) {
        let of = "/api/v1/indicators?limit=200&q=days%20process%20requests";
        let mut indicators = all(server, of, &[]);
        indicators.retain(|of| of["code"] == "days-to-process-online-requests");
        let mut breaks = 0;
        for indicator in indicators.iter().take(12) {
            let series = server.get(indicator["links"]["series"].as_str().unwrap()).ok();
            let points = series["data"].as_array().unwrap();
            let computed = &indicator["computed"];
            let now = &indicator["definition_version"];
            let last = points.iter().rfind(|point| point["definition_version"] == *now);
            assert_eq!(computed["latest_value"], last.map_or(Value::Null, |last| last["value"].clone()), "{indicator}");
            // Those that values were measured by, and that of now.
            let used: BTreeSet<i64> = points.iter().map(|point| &point["definition_version"]).chain([now]).map(|version| version.as_i64().unwrap()).collect();
            let told: BTreeSet<i64> = series["definitions"].as_array().unwrap().iter().map(|of| of["version"].as_i64().unwrap()).collect();
            assert_eq!(told, used, "{series}");
            breaks += points.iter().filter(|point| point["breaks"] == true).count();
        }
        assert!(indicators.len() > 50 && breaks > 5, "{breaks}");
    }

    fn a_programme_s_indicators_come_with_latest_value_target_and_progress_in_four_statements_at_the_most(server) {
        let program = all(server, "/api/v1/indicators?scope=programme", &[])[0]["program"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/indicators?program={program}&limit=20");
        let counted = |path: &str| {
            let statements = || {
                let before = server.db.query_count();
                let page = server.get_with(path, &[("Cache-Control", "no-cache")]).ok();
                (page, server.db.query_count() - before)
            };
            // Past the question for the current edition.
            (0..3).map(|_| statements()).min_by_key(|(_, count)| *count).unwrap()
        };
        let (page, count) = counted(&path);
        let rows = page["data"].as_array().unwrap();
        assert!(rows.iter().any(|row| !row["computed"]["latest_value"].is_null() && !row["computed"]["progress"].is_null()), "{page}");
        assert!(count <= 4, "{count}");
        let (whole, of_whole) = counted("/api/v1/indicators?limit=200");
        assert!(whole["data"].as_array().unwrap().len() == 200 && of_whole <= 4, "{of_whole}");
    }

    fn what_is_invented_of_indicators_is_invented_once(server) {
        let before = (total(server, "/api/v1/indicators"), total(server, "/api/v1/measurements"));
        let sequence = server.db.read_blocking(current_sequence).unwrap();
        let again = server.db.write_blocking(&OPERATOR, |tx| {
            let added = indicators::load_illustrative(tx)?;
            tx.audit(Deed::loaded("illustrative indicators", added));
            Ok::<_, StoreError>(added)
        });
        assert_eq!(again.unwrap(), 0);
        assert_eq!(server.db.read_blocking(current_sequence).unwrap(), sequence);
        assert_eq!((total(server, "/api/v1/indicators"), total(server, "/api/v1/measurements")), before);
        // What the load to measure with adds to two programmes.
        let added = server.db.write_blocking(&OPERATOR, |tx| {
            let added = indicators::load_in_full(tx, 2, 20)?;
            tx.audit(Deed::loaded("load", added));
            Ok::<_, StoreError>(added)
        });
        assert_eq!(added.unwrap(), 40);
        let after = (total(server, "/api/v1/indicators"), total(server, "/api/v1/measurements"));
        assert!(after.0 > before.0 && after.1 - before.1 == 8 * (after.0 - before.0), "{before:?} {after:?}");
    }

    fn focal_points_are_invented_and_seen_by_who_may(server) {
        let path = |member: &str| format!("/api/v1/members/{member}/focal-points");
        server.get(&path("commune-larache")).problem(401, "unauthenticated");
        let secretary = server.account(Role::Secretariat);
        for (member, count) in [("commune-larache", 2), ("commune-imzouren", 1), ("province-khouribga", 1)] {
            let page = server.get_with(&path(member), &[secretary.header()]).ok();
            let people = page["data"].as_array().unwrap();
            assert_eq!(people.len(), count, "{member}");
            assert!(people.iter().all(|person| person["full_name"].as_str().unwrap().contains("Illustrative")), "{page}");
        }
        let today = server.get_with(&format!("{}?as_of=2025-01-01", path("commune-larache")), &[secretary.header()]).ok();
        assert_eq!(today["data"].as_array().unwrap().len(), 1);
    }

    fn the_home_page_shows_the_live_composition(server) {
        let computed = server.get("/api/v1/network").ok()["composition"]["computed"].clone();
        let html = server.get("/?lang=en");
        assert!(html.text().contains(&format!("<strong>{}</strong> members", computed["total"])), "{}", html.text());
        for kind in computed["by_kind"].as_array().unwrap().iter().filter(|kind| kind["count"] != 0) {
            let figure = format!("<strong>{}</strong> <span>{}</span>", kind["count"], kind["label"]["en"].as_str().unwrap());
            assert!(html.text().contains(&figure), "{figure}");
        }
        let links: Vec<&str> = html.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for link in links.into_iter().filter(|link| link.starts_with('/')) {
            assert_eq!(server.get(&link.replace("&amp;", "&")).status, 200, "{link}");
        }
    }
}

fn serve(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remacto"));
    command.args(["serve", "--ops-bind", "off"]).args(arguments).env_clear().envs(environment.iter().copied());
    let output = command.output().unwrap();
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_demonstration_listens_on_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    for (arguments, setting) in [
        (["--demo", "--bind", "0.0.0.0:0"], "--bind (REMACTO_BIND)"),
        (["--demo", "--bind", "192.0.2.1:8080"], "--bind (REMACTO_BIND)"),
        (["--demo", "--bind", "[::]:0"], "--bind (REMACTO_BIND)"),
        (["--demo", "--ops-bind", "0.0.0.0:0"], "--ops-bind (REMACTO_OPS_BIND)"),
    ] {
        let arguments: Vec<&str> = arguments.into_iter().chain(["--data-dir", data]).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_remacto"));
        let output = command.arg("serve").args(&arguments).env_clear().output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && message.contains(setting) && message.contains("loopback only"),
            "{message}"
        );
    }
    assert!(!std::path::Path::new(data).exists(), "a refused demonstration leaves nothing behind");
}

fn loaded_digest_of_mark(db: &Db) -> Option<String> {
    db.read_blocking(|conn| loaded_digest(conn, "demonstration")).unwrap()
}

#[test]
fn a_demonstration_does_not_touch_a_database_that_it_did_not_make() {
    let (folder, file) = sqlite_database();
    let former = Db::open(&Target::Sqlite(file), 1, &REGISTRY).unwrap();
    let sequence = |db: &Db| db.read_blocking(current_sequence).unwrap();
    let before = sequence(&former);
    let message = serve(&["--demo", "--data-dir", folder.path().to_str().unwrap()], &[]);
    assert!(message.contains("--demo was not the one that made this database"), "{message}");
    assert_eq!((sequence(&former), loaded_digest_of_mark(&former)), (before, None));
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.filled_database();
    let message = serve(&["--demo"], &[("DATABASE_URL", &url)]);
    assert!(message.contains("--demo was not the one that made this database"), "{message}");
}

#[test]
fn a_demonstration_database_is_not_served_as_the_real_one() {
    let (folder, _file) = crate::support::server::sqlite_demonstration();
    let message = serve(&["--data-dir", folder.path().to_str().unwrap()], &[]);
    assert!(message.contains("holds demonstration data"), "{message}");
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.demonstration_database();
    let message = serve(&[], &[("DATABASE_URL", &url)]);
    assert!(message.contains("holds demonstration data"), "{message}");
}

/// Signs in with each of the accounts that a demonstration prints; returns what it printed.
fn sign_in_with_all(settings: &[(&str, &str)]) -> Vec<String> {
    let mut served = Served::start(settings);
    let printed = served.printed(1 + Role::ALL.len());
    for (line, role) in printed.iter().skip(1).zip(Role::ALL) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [told, email, password] = words[..] else { panic!("{line}") };
        let body = json!({"email": email, "password": password}).to_string();
        let answer =
            served.client().send_body("POST", "/api/v1/auth/sessions", &[("Content-Type", "application/json")], &body);
        assert_eq!((told, answer.status), (role.as_str(), 201), "{}", answer.text());
        let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
        let own = served.client().send("GET", "/api/v1/auth/me", &[("Authorization", &bearer)]).ok();
        assert_eq!((own["role"].as_str(), own["name"].as_str()), (Some(told), Some(email)));
        if *role == Role::Administrator {
            let users = served.client().send("GET", "/api/v1/users?role=evaluator", &[("Authorization", &bearer)]).ok();
            let assigned = &users["data"][0]["assigned_members"];
            assert_eq!(assigned, &json!(["commune-berkane", "commune-imzouren", "commune-outat-el-haj"]));
        }
    }
    let log = served.stop().1;
    for line in printed.iter().skip(1) {
        assert!(!log.contains(line.split_whitespace().last().unwrap()), "a password is in the log");
    }
    printed
}

#[test]
fn a_demonstration_has_an_account_for_each_role_and_new_passwords_each_time() {
    let (folder, _file) = crate::support::server::sqlite_demonstration();
    let settings = [("REMACTO_DEMO", "true"), ("REMACTO_DATA_DIR", folder.path().to_str().unwrap())];
    let (first, second) = (sign_in_with_all(&settings), sign_in_with_all(&settings));
    assert!(first.iter().skip(1).zip(second.iter().skip(1)).all(|(first, second)| first != second));
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.demonstration_database();
    sign_in_with_all(&[("REMACTO_DEMO", "true"), ("DATABASE_URL", &url)]);
}

#[test]
fn a_demonstration_that_crashed_before_it_was_filled_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let target = Target::Sqlite(folder.path().join("remacto.db"));
    db::migrate(&target).unwrap();
    let db = Db::open(&target, 1, &REGISTRY).unwrap();
    publishing::reindex(&db, &REGISTRY, false).unwrap();
    assert_eq!(reference::load(&db, Purpose::Demonstration).unwrap().len(), 12);
    assert!(reference::load(&db, Purpose::Demonstration).unwrap().is_empty(), "nothing is loaded twice");
    assert!(reference::check(&db, Purpose::Service).is_err());
}
