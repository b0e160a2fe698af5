//! Lists that others push: what they come to, that a dry run is the real run, and that nothing is done by halves.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Barrier, mpsc},
    time::Duration,
};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection, sql_query};
use remacto::{
    auth::roles::Role,
    db::{Db, Target},
    reference::{self, Purpose},
    registry::REGISTRY,
};
use serde_json::{Value, json};

use crate::{
    commands::Served,
    openapi::assert_documented,
    support::{
        TestServer,
        accounts::Account,
        client::Answer,
        on_both, postgres,
        server::{PUBLIC_URL, SIGNING_KEY, sqlite_database},
    },
};

const CSV: &str = "text/csv";
const IMPORTS: &str = "/api/v1/imports";

/// Sends a list.
fn push(server: &TestServer, who: &Account, query: &str, kind: &str, list: &str) -> Answer {
    server.send_body("POST", &format!("{IMPORTS}?{query}"), &[who.header(), ("Content-Type", kind)], list)
}

/// Sends a list that is taken, and returns the report.
#[track_caller]
pub fn report(server: &TestServer, who: &Account, query: &str, list: &str) -> Value {
    let answer = push(server, who, query, CSV, list);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_documented("createImport", &answer);
    answer.json()
}

/// The 1,503 communes as a list of members.
fn communes() -> String {
    let mut reader = csv::Reader::from_reader(include_str!("../../data/territories/communes.csv").as_bytes());
    let names = reader.headers().unwrap().clone();
    let at = |name: &str| names.iter().position(|known| known == name).unwrap();
    let (code, french, arabic) = (at("code"), at("name_fr"), at("name_ar"));
    let mut list = "kind,territory_code,name_fr,name_ar,status,joined_on\n".to_owned();
    for row in reader.records() {
        let row = row.unwrap();
        writeln!(list, "municipality,{},\"{}\",\"{}\",active,2022-10-21", &row[code], &row[french], &row[arabic])
            .unwrap();
    }
    list
}

/// The header of a list and its first rows.
fn head(list: &str, rows: usize) -> String {
    list.split_inclusive('\n').take(1 + rows).collect()
}

fn sequence(server: &TestServer) -> i64 {
    server.get("/api/v1/changes/latest").ok()["sequence"].as_i64().unwrap()
}

/// Everything public about members, apart from what every database has of its own.
fn content(server: &TestServer) -> Vec<Value> {
    let mut members = Vec::new();
    let mut path = "/api/v1/members?limit=200".to_owned();
    loop {
        let page = server.get(&path).ok();
        members.extend(page["data"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["page"]["next_cursor"].as_str() else { break };
        path = format!("/api/v1/members?limit=200&cursor={cursor}");
    }
    for member in &mut members {
        let member = member.as_object_mut().unwrap();
        for own in ["id", "created_at", "updated_at"] {
            member.shift_remove(own);
        }
    }
    members
}

fn counts(report: &Value) -> [i64; 6] {
    ["rows", "created", "updated", "unchanged", "withdrawn", "refused"]
        .map(|name| report["counts"][name].as_i64().unwrap())
}

fn problems(report: &Value) -> Vec<(Value, String, String)> {
    let all = report["problems"].as_array().unwrap().iter();
    all.map(|p| {
        let column = p["column"].as_str().unwrap_or_default().to_owned();
        (p["row"].clone(), column, p["code"].as_str().unwrap().to_owned())
    })
    .collect()
}

on_both! {
    fn the_communes_as_members_twice(server) {
        let (registrar, list) = (server.account(Role::Registrar), communes());
        let before = sequence(server);
        let dry = report(server, &registrar, "resource=members", &list);
        assert_eq!((&dry["dry_run"], &dry["outcome"], sequence(server)), (&json!(true), &json!("previewed"), before));
        let real = report(server, &registrar, "resource=members&dry_run=false", &list);
        for same in ["counts", "plan_hash", "problems", "possible_duplicates", "content_sha256"] {
            assert_eq!(real[same], dry[same], "{same}");
        }
        let [rows, created, updated, unchanged, withdrawn, refused] = counts(&real);
        assert_eq!((rows, created + updated, unchanged, withdrawn, refused), (1_503, 1_503, 0, 0, 0));
        assert_eq!(sequence(server), before + 1_503);
        let page = server.get("/api/v1/members?provenance=import:test&kind=municipality&count=exact&limit=1").ok();
        assert_eq!(page["page"]["total"], 1_503);
        // Once more: nothing to do, and nothing done.
        let again = report(server, &registrar, "resource=members&dry_run=false", &list);
        assert_eq!((&again["outcome"], counts(&again)), (&json!("applied"), [1_503, 0, 0, 1_503, 0, 0]));
        assert_eq!(sequence(server), before + 1_503);
        let administrator = server.account(Role::Administrator);
        let audit = server.get_with("/api/v1/audit?action=imported&sort=at", &[administrator.header()]).ok();
        let entries = audit["data"].as_array().unwrap();
        assert_eq!(entries.len(), 2, "one entry an import: {entries:?}");
        assert_eq!((&entries[0]["after"]["source"], &entries[0]["after"]["counts"]["rows"]), (&json!("test"), &json!(1_503)));
        assert_eq!(entries[0]["account_id"], registrar.id);
        // Every member that the list changed has an entry of its own under the import's.
        let id = real["links"]["self"].as_str().unwrap().rsplit('/').next().unwrap();
        let of_import = |query: &str| {
            let path = format!("/api/v1/audit?import_id={id}&count=exact&limit=1&sort=at{query}");
            server.get_with(&path, &[administrator.header()]).ok()
        };
        assert_eq!(of_import("")["page"]["total"], 1_504);
        assert_eq!((&of_import("&action=created")["page"]["total"], &of_import("&action=updated")["page"]["total"]), (&json!(created), &json!(updated)));
        assert_eq!(of_import("&action=imported")["data"][0]["resource_id"], id);
        let larache = server.get("/api/v1/members/commune-larache").ok();
        let entry = of_import(&format!("&resource=members&resource_id={}", larache["id"].as_str().unwrap()))["data"][0].clone();
        assert_eq!((&entry["action"], &entry["version"], &entry["account_id"]), (&json!("updated"), &json!(2), &json!(registrar.id)));
        assert_eq!(entry["after"]["provenance"], "import:test");
        let fields = |values: &Value| values.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields(&entry["before"]), fields(&entry["after"]), "only what differs");
        assert!(entry["before"].get("territory_code").is_none(), "{entry}");
        let new = of_import("&action=created")["data"][0].clone();
        assert_eq!((&new["before"], &new["after"]["status"], &new["version"]), (&Value::Null, &json!("active"), &json!(1)));
    }

    fn a_dry_run_is_what_happens_unless_said_otherwise(server) {
        let registrar = server.account(Role::Registrar);
        let list = "kind,territory_code,nom,statut\nmunicipality,01.331.01.01,Ksar El Kebir,candidate\n";
        for query in ["resource=members", "resource=members&dry_run=true", "resource=members&mode=upsert"] {
            assert_eq!(report(server, &registrar, query, list)["outcome"], "previewed");
        }
        server.get("/api/v1/members/commune-ksar-el-kebir").problem(404, "not_found");
        for wrong in ["dry-run=false", "dryRun=false", "dry_run=no", "dry_run=0", "dryrun=false"] {
            let answer = push(server, &registrar, &format!("resource=members&{wrong}"), CSV, list);
            assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
        }
        assert_eq!(report(server, &registrar, "resource=members&dry_run=false", list)["outcome"], "applied");
        let member = server.get("/api/v1/members/commune-ksar-el-kebir").ok();
        assert_eq!((&member["status"], &member["provenance"], &member["source"]), (&json!("candidate"), &json!("import:test"), &json!("List of test")));
    }

    fn the_same_list_in_any_dress_and_order_has_one_result(server) {
        let registrar = server.account(Role::Registrar);
        let rows = ["municipality,01.331.01.01,\"A, sila\",x=1", "municipality,01.331.01.03,Larache,", "region,01,Nord,x=2"];
        let list = |rows: &[&str]| format!("kind,territory_code,name_fr,external_ids\n{}\n", rows.join("\n"));
        let plain = list(&rows);
        let with_status = |list: &str| list.replace("external_ids\n", "external_ids,status\n").lines().map(|line| {
            if line.contains("01.331.01.01") { format!("{line},candidate\n") }
            else if line.starts_with("kind") { format!("{line}\n") }
            else { format!("{line},active\n") }
        }).collect::<String>();
        let plain = with_status(&plain);
        let expected = report(server, &registrar, "resource=members", &plain);
        assert_eq!(expected["outcome"], "previewed", "{expected}");
        let semicolons = "type;code_territoire;nom_fr;identifiants;statut\r\nmunicipality;01.331.01.01;A, sila;x=1;candidate\r\nmunicipality;01.331.01.03;Larache;;active\r\nregion;01;Nord;x=2;active\r\n";
        let turned = with_status(&list(&[rows[2], rows[1], rows[0]]));
        let (crlf, bom) = (plain.replace('\n', "\r\n"), format!("\u{feff}{plain}"));
        for dressed in [semicolons, turned.as_str(), crlf.as_str(), bom.as_str()] {
            let found = report(server, &registrar, "resource=members", dressed);
            assert_eq!((&found["plan_hash"], &found["counts"]), (&expected["plan_hash"], &expected["counts"]), "{dressed}");
        }
        let lines = "{\"kind\":\"region\",\"territory_code\":\"01\",\"name_fr\":\"Nord\",\"external_ids\":[{\"scheme\":\"x\",\"value\":\"2\"}],\"status\":\"active\"}\n{\"kind\":\"municipality\",\"territory_code\":\"01.331.01.03\",\"name_fr\":\"Larache\",\"external_ids\":null,\"status\":\"active\"}\n{\"kind\":\"municipality\",\"territory_code\":\"01.331.01.01\",\"name_fr\":\"A, sila\",\"external_ids\":\"x=1\",\"status\":\"candidate\"}";
        let array = format!("[{}]", lines.replace('\n', ","));
        for (kind, text) in [("application/x-ndjson", lines), ("application/json", array.as_str())] {
            let found = push(server, &registrar, "resource=members", kind, text).json();
            assert_eq!((&found["plan_hash"], &found["counts"]), (&expected["plan_hash"], &expected["counts"]), "{kind}: {found}");
        }
    }

    fn every_fault_of_a_list_is_named_at_once_and_nothing_is_done(server) {
        let registrar = server.account(Role::Registrar);
        let list = "kind,territory_code,name_fr,status,status_since,joined_on,cohort,website,external_ids\n\
            town,01.331.01.01,A,active,,,,,\n\
            municipality,1.2,A,active,,,,,\n\
            municipality,99.999.99.99,A,active,,,,,\n\
            region,01.331.01.03,A,active,,,,,\n\
            municipality,01.331.07.05,A,asleep,,,,,\n\
            municipality,01.331.07.17,A,,,,,,\n\
            municipality,01.331.07.03,A,active,,2024-13,,,\n\
            municipality,01.331.07.01,A,active,,2999,,,\n\
            municipality,01.331.07.15,A,active,,,22,,\n\
            municipality,01.331.07.11,A,active,,,,ftp://x,\n\
            municipality,01.331.09.03,A,active,,,,,x\n\
            municipality,01.331.09.13,A\u{202e},active,,,,,\n\
            municipality,,A,active,,,,,\n\
            ,,A,active,,,,,\n\
            ,,A,active,,,,,nobody=7\n\
            municipality,01.331.09.01,,active,,,,,\n\
            municipality,01.331.09.05,A,candidate,,2022,,,\n\
            municipality,01.331.09.15,A,active,2023,2022,,,\n\
            municipality,01.331.09.15,A,active,,,,,\n\
            municipality,01.331.01.03,Larache,candidate,,,,,\n\
            municipality,01.573.01.03,Martil,active,2024,,,,\n\
            municipality,01.331.11.11,A\n\
            municipality,01.331.11.13,\"Commune \"Dar Chaoui\"\",active,,,,,\n\
            municipality,01.331.11.15,A\"A,active,,,,,\n\
            municipality,01.331.11.17,\"A,active,,,,,\n";
        let answer = push(server, &registrar, "resource=members", CSV, list);
        assert_documented("createImport", &answer);
        let dry = answer.json();
        assert_eq!((answer.status, &dry["outcome"], &dry["plan_hash"], &dry["problems_complete"]), (201, &json!("refused"), &Value::Null, &json!(true)));
        let mut found = problems(&dry);
        found.sort_by_key(|(row, ..)| row.as_i64());
        let expected: Vec<(Value, String, String)> = [
            (1, "kind", "invalid_value"),
            (2, "territory_code", "invalid_value"),
            (3, "territory_code", "unknown_territory"),
            (4, "territory_code", "unfit_territory"),
            (5, "status", "invalid_value"),
            (6, "status", "missing_value"),
            (7, "joined_on", "invalid_value"),
            (8, "joined_on", "invalid_value"),
            (9, "cohort", "invalid_value"),
            (10, "website", "invalid_value"),
            (11, "external_ids", "invalid_value"),
            (12, "name_fr", "invalid_value"),
            (13, "territory_code", "missing_value"),
            (14, "kind", "missing_value"),
            (15, "external_ids", "unknown_member"),
            (16, "name_fr", "missing_value"),
            (17, "joined_on", "not_joined"),
            (18, "status_since", "unfit_value"),
            (19, "territory_code", "repeated_key"),
            (20, "status", "not_from_here"),
            (21, "joined_on", "unfit_value"),
            (22, "", "wrong_cell_count"),
            (23, "", "malformed_row"),
            (24, "", "malformed_row"),
            (25, "", "malformed_row"),
        ]
        .map(|(row, column, code)| (json!(row), column.to_owned(), code.to_owned()))
        .to_vec();
        assert_eq!(found, expected);
        assert_eq!(dry["problems"][0]["line"], 2);
        let broken = dry["problems"].as_array().unwrap().iter().filter(|problem| problem["code"] == "malformed_row");
        assert_eq!(broken.map(|problem| problem["line"].as_i64().unwrap()).collect::<Vec<_>>(), [24, 25, 26]);
        assert_eq!(dry["counts"]["refused"], 25);
        // The real import finds the same, says so with its status, and keeps its report.
        let before = sequence(server);
        let real = push(server, &registrar, "resource=members&dry_run=false", CSV, list);
        let problem = real.problem(422, "invalid_content");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 25);
        assert!(problem["errors"].as_array().unwrap().iter().any(|e| e["pointer"] == "/2/territory_code" && e["code"] == "unknown_territory"));
        assert_eq!(sequence(server), before);
        let kept = server.get_with(real.header("location").unwrap(), &[registrar.header()]).ok();
        assert_eq!((&kept["outcome"], &kept["dry_run"], &kept["problems"]), (&json!("refused"), &json!(false), &dry["problems"]));
        let rows = server.get_with(&format!("{}/rows", real.header("location").unwrap()), &[registrar.header()]).ok();
        assert_eq!(rows["data"], json!([]));
    }

    fn a_thousand_faults_are_enough(server) {
        let registrar = server.account(Role::Registrar);
        let list = format!("kind,territory_code\n{}", "town,01\n".repeat(1_500));
        let dry = push(server, &registrar, "resource=members", CSV, &list).json();
        assert_eq!((dry["problems"].as_array().unwrap().len(), &dry["problems_complete"]), (1_000, &json!(false)));
    }

    fn files_that_are_no_lists_are_refused_as_such(server) {
        let registrar = server.account(Role::Registrar);
        let post = |query: &str, kind: &str, body: &str| push(server, &registrar, query, kind, body);
        let members = "resource=members";
        post(members, "text/xml", "<x/>").problem(415, "unsupported_media_type");
        post(members, "text/csv; charset=windows-1252", "kind\n").problem(415, "unsupported_media_type");
        post(members, CSV, "kind,teritory_code\n").problem(400, "unknown_property");
        post(members, CSV, "kind,type\n").problem(400, "unknown_property");
        post(members, CSV, " ").problem(400, "invalid_body");
        post(members, "application/json", "{}").problem(400, "invalid_body");
        post(members, "application/json", "[{]").problem(400, "invalid_body");
        post(members, CSV, &format!("external_ids\n{}", "x=1\n".repeat(100_001))).problem(413, "content_too_large");
        post("", CSV, "kind\n").problem(400, "invalid_parameter");
        post("resource=network", CSV, "kind\n").problem(400, "invalid_parameter");
        post("resource=territories&mode=replace", CSV, "code\n").problem(400, "invalid_parameter");
        post("resource=members&confirm_withdrawals=1", CSV, "kind\n").problem(400, "invalid_parameter");
        let authorization = registrar.header().1.to_owned();
        let raw = |body: &[u8]| {
            let head = format!("POST {IMPORTS}?{members} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Type: text/csv\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            server.raw(&[head.as_bytes(), body].concat())
        };
        assert!(raw(b"kind,nom\nregion,F\xe8s\n").contains("Windows-1252"), "{}", raw(b"kind,nom\nregion,F\xe8s\n"));
        assert!(raw(b"\xff\xfek\0").contains("UTF-16"));
        let head = format!("POST {IMPORTS}?{members} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Type: text/csv\r\nContent-Length: 33554433\r\n\r\n");
        assert!(server.raw(head.as_bytes()).starts_with("HTTP/1.1 413"));
    }

    fn members_are_known_by_their_identifiers_whichever_row_comes_first(server) {
        let registrar = server.account(Role::Registrar);
        let first = "kind,territory_code,nom,status,external_ids\nmunicipality,01.331.01.01,Ksar El Kebir,candidate,m=1\nmunicipality,01.331.07.05,B,candidate,m=2\n";
        report(server, &registrar, "resource=members&dry_run=false", first);
        // Each takes the other's identifier; a third is known only by one that a later row gives it.
        let swap = "kind,territory_code,name_ar,external_ids\n,,جديد,n=9\nmunicipality,01.331.01.01,,m=2\nmunicipality,01.331.07.05,,n=9\n";
        let refused = push(server, &registrar, "resource=members", CSV, swap).json();
        assert_eq!(problems(&refused), [(json!(3), "territory_code".to_owned(), "repeated_key".to_owned())]);
        let swap = "kind,territory_code,external_ids\nmunicipality,01.331.01.01,m=2\nmunicipality,01.331.07.05,m=1\n";
        let done = report(server, &registrar, "resource=members&dry_run=false", swap);
        assert_eq!(counts(&done), [2, 0, 2, 0, 0, 0]);
        // The rows of an import have no ids of their own, and their list has pages all the same.
        let path = format!("{}?limit=1", done["links"]["rows"].as_str().unwrap());
        let first = server.get_with(&path, &[registrar.header()]).ok();
        let next = format!("{path}&cursor={}", first["page"]["next_cursor"].as_str().unwrap());
        let second = server.get_with(&next, &[registrar.header()]).ok();
        let key = |page: &Value| page["data"][0]["key"].clone();
        assert_eq!([key(&first), key(&second)], ["municipality 01.331.01.01", "municipality 01.331.07.05"]);
        assert!(second["page"]["next_cursor"].is_null());
        let ksar = server.get("/api/v1/members/commune-ksar-el-kebir").ok();
        assert_eq!(ksar["external_ids"], json!([{"scheme": "m", "value": "2"}]));
        assert_eq!(ksar["name"], json!({"fr": "Ksar El Kebir"}), "a column that is not there leaves what is there");
        let by_id = "external_ids,name_en,site_web\nm=2,Ksar El Kebir,https://ksar.example\n";
        report(server, &registrar, "resource=members&dry_run=false", by_id);
        assert_eq!(server.get("/api/v1/members/commune-ksar-el-kebir").ok()["website"], "https://ksar.example");
        // An identifier of somebody else, and one that two rows claim.
        let taken = "kind,territory_code,external_ids\nmunicipality,01.331.01.03,m=1\nregion,01,z=1\nmunicipality,01.331.01.01,z=1\n";
        let refused = push(server, &registrar, "resource=members", CSV, taken).json();
        let codes: Vec<String> = problems(&refused).into_iter().map(|(_, _, code)| code).collect();
        assert!(codes.contains(&"already_exists".to_owned()) && codes.contains(&"repeated_identifier".to_owned()), "{codes:?}");
    }

    fn an_empty_cell_takes_away_and_the_report_says_what_changed(server) {
        let registrar = server.account(Role::Registrar);
        let list = "kind,territory_code,nom,site_web,cohorte,ogp_local_depuis,statut,date_adhesion\nmunicipality,01.331.01.01,Ksar El Kebir,https://a.example,2024-04,2024,active,2024-04\n";
        report(server, &registrar, "resource=members&dry_run=false", list);
        let change = "kind,territory_code,nom,site_web,joined_on\nmunicipality,01.331.01.01,Ksar-el-Kébir,,2024-04-30\n";
        let dry = report(server, &registrar, "resource=members", change);
        let rows = server.get_with(dry["links"]["rows"].as_str().unwrap(), &[registrar.header()]);
        assert_documented("listImportRows", &rows);
        let rows = rows.ok();
        assert_eq!((rows["data"].as_array().unwrap().len(), &rows["data"][0]["action"], &rows["data"][0]["key"]), (1, &json!("updated"), &json!("municipality 01.331.01.01")));
        let differences = rows["data"][0]["differences"].as_array().unwrap();
        let fields: Vec<&str> = differences.iter().map(|difference| difference["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["name_fr", "status_since", "joined_on", "website"]);
        assert_eq!(differences[3], json!({"field": "website", "before": "https://a.example", "after": null}));
        report(server, &registrar, "resource=members&dry_run=false", change);
        let member = server.get("/api/v1/members/commune-ksar-el-kebir").ok();
        assert_eq!((&member["website"], &member["joined_on"], &member["cohort"]), (&Value::Null, &json!("2024-04-30"), &json!("2024-04")));
        let csv = server.get_with(&format!("{}?format=csv", dry["links"]["rows"].as_str().unwrap()), &[registrar.header()]);
        assert!(csv.text().starts_with("row,line,action,key,resource_id,differences\r\n1,2,updated,municipality 01.331.01.01,"), "{}", csv.text());
    }

    fn standing_changes_by_steps_that_a_member_can_take(server) {
        let (registrar, secretary) = (server.account(Role::Registrar), server.account(Role::Secretariat));
        let row = |status: &str| format!("kind,territory_code,nom,status,status_since\nmunicipality,01.331.01.01,Ksar El Kebir,{status}\n");
        report(server, &registrar, "resource=members&dry_run=false", &row("candidate,2024"));
        let refused = push(server, &registrar, "resource=members", CSV, &row("active,2025")).json();
        assert_eq!(problems(&refused), [(json!(1), "status".to_owned(), "adhesion_missing".to_owned())]);
        let adhesion = json!({"charter_version": "1", "adhered_on": "2025-01-01", "decision_reference": "7/2025"});
        let path = "/api/v1/members/commune-ksar-el-kebir/adhesion";
        assert_eq!(server.json("POST", path, &[secretary.header()], &adhesion).status, 201);
        report(server, &registrar, "resource=members&dry_run=false", &row("active,2025-02"));
        let moved = push(server, &registrar, "resource=members", CSV, &row("active,2025-03")).json();
        assert_eq!(problems(&moved), [(json!(1), "status_since".to_owned(), "not_moved".to_owned())]);
        report(server, &registrar, "resource=members&dry_run=false", &row("suspended,2025-06"));
        let history = server.get("/api/v1/members/commune-ksar-el-kebir/history").ok();
        let steps: Vec<&str> = history["data"].as_array().unwrap().iter().map(|period| period["status"].as_str().unwrap()).collect();
        assert_eq!(steps, ["candidate", "active", "suspended"]);
        assert_eq!(history["data"][2]["reason"], "According to the list of test");
        let back = push(server, &registrar, "resource=members", CSV, &row("withdrawn,2025-05")).json();
        assert_eq!(problems(&back), [(json!(1), "status_since".to_owned(), "before_last_change".to_owned())]);
        // Who has left already when first heard of.
        let gone = "kind,territory_code,nom,status,status_since,joined_on\nmunicipality,01.331.07.05,B,withdrawn,2024,2022\n";
        report(server, &registrar, "resource=members&dry_run=false", gone);
        let page = server.get("/api/v1/members?status=withdrawn").ok();
        assert_eq!((&page["data"][0]["joined_on"], &page["data"][0]["left_on"]), (&json!("2022-01-01"), &json!("2024-01-01")));
    }

    fn a_registrar_moves_a_standing_by_a_list_and_by_the_api_for_the_same_reasons(server) {
        let (registrar, secretary) = (server.account(Role::Registrar), server.account(Role::Secretariat));
        let path = "/api/v1/members/commune-larache";
        let allowed = |who: &Account| -> Vec<(String, bool)> {
            let steps = server.get_with(&format!("{path}/transitions"), &[who.header()]).ok();
            let step = |step: &Value| (step["to"].as_str().unwrap().to_owned(), step["allowed"] == true);
            steps["data"].as_array().unwrap().iter().map(step).collect()
        };
        // What the API offers is what a list does, for everybody who may do either.
        for who in [&registrar, &secretary] {
            for (to, allowed) in allowed(who).into_iter().filter(|(to, _)| to != "active") {
                let list = format!("kind,territory_code,status\nmunicipality,01.331.01.03,{to}\n");
                let dry = push(server, who, "resource=members", CSV, &list).json();
                assert_eq!(dry["outcome"] == "previewed", allowed, "{to}: {dry}");
            }
        }
        for role in [Role::Partner, Role::Evaluator, Role::FocalPoint, Role::Administrator] {
            let who = server.account(role);
            assert!(allowed(&who).iter().all(|(_, allowed)| !allowed), "{role:?}");
            assert_eq!(push(server, &who, "resource=members", CSV, "kind\n").status, 403, "{role:?}");
            let step = json!({"to": "suspended", "on": "2026-01-01", "reason": "x"});
            assert_eq!(server.json("POST", &format!("{path}/transitions"), &[who.header()], &step).status, 403, "{role:?}");
        }
        let moves = |who: &Account, step: &Value| server.json("POST", &format!("{path}/transitions"), &[who.header()], step);
        moves(&registrar, &json!({"to": "suspended", "on": "2026-01-01"})).problem(422, "invalid_content");
        let done = moves(&registrar, &json!({"to": "suspended", "on": "2026-01-01", "reason": "Asked for"}));
        assert_eq!((done.status, &done.json()["status"]), (200, &json!("suspended")));
        report(server, &registrar, "resource=members&dry_run=false", "kind,territory_code,status\nmunicipality,01.331.01.03,active\n");
        // On that list now, it is no other registrar's, whichever way that one comes; the secretariat still may.
        let other = Account::of(&server.db, Role::Registrar, None, Some("Ministère de l'Intérieur"));
        assert!(allowed(&other).iter().all(|(_, allowed)| !allowed));
        let step = json!({"to": "suspended", "on": "2026-01-02", "reason": "x"});
        let any = [other.header(), ("If-Match", "*")];
        let adhesion = json!({"charter_version": "1", "adhered_on": "2024-05-01", "decision_reference": "7/2024"});
        for refused in [
            moves(&other, &step),
            server.json("PATCH", path, &any, &json!({"website": null})),
            server.send("DELETE", path, &any),
            server.json("POST", &format!("{path}/adhesion"), &[other.header()], &adhesion),
        ] {
            assert_eq!(refused.problem(409, "not_now")["errors"][0]["code"], "other_source");
        }
        let list = "kind,territory_code,status\nmunicipality,01.331.01.03,suspended\n";
        assert!(problems(&push(server, &other, "resource=members", CSV, list).json()).iter().any(|(_, _, code)| code == "other_source"));
        assert_eq!(server.get(path).ok()["version"], 3);
    }

    fn who_may_write_one_by_one_may_list_and_nobody_else(server) {
        for role in Role::ALL {
            let who = server.account(*role);
            for (resource, column) in [("members", "kind"), ("projects", "program"), ("measurements", "indicator")] {
                let one = server.json("POST", &format!("/api/v1/{resource}"), &[who.header()], &json!({})).status;
                let list = push(server, &who, &format!("resource={resource}"), CSV, &format!("{column}\n")).status;
                assert_eq!(one == 403, list == 403, "{role:?} {resource}: {one} and {list}");
                assert!(list == 403 || list == 201, "{role:?} {resource}: {list}");
            }
        }
    }

    fn replace_ends_only_what_its_own_source_has_and_only_when_meant(server) {
        let registrar = server.account(Role::Registrar);
        let list = communes();
        let some = head(&list, 100);
        report(server, &registrar, "resource=members&mode=replace&dry_run=false", &some);
        let named = server.get("/api/v1/members?provenance=official,press&count=exact&limit=1").ok()["page"]["total"].clone();
        let (fewer, less) = (head(&list, 90), head(&list, 89));
        // A tenth is meant by itself, more is not.
        assert_eq!(report(server, &registrar, "resource=members&mode=replace", &fewer)["counts"]["withdrawn"], 10);
        let dry = push(server, &registrar, "resource=members&mode=replace", CSV, &less).json();
        assert_eq!((&dry["outcome"], &dry["withdrawals_to_confirm"]), (&json!("refused"), &json!(11)));
        let before = sequence(server);
        for wrong in ["", "&confirm_withdrawals=10", "&confirm_withdrawals=12"] {
            let query = format!("resource=members&mode=replace&dry_run=false{wrong}");
            let problem = push(server, &registrar, &query, CSV, &less).problem(422, "invalid_content");
            assert_eq!(problem["errors"][0]["code"], "withdrawals_to_confirm");
        }
        assert_eq!(sequence(server), before);
        let done = report(server, &registrar, "resource=members&mode=replace&dry_run=false&confirm_withdrawals=11", &less);
        assert_eq!(counts(&done), [89, 0, 0, 89, 11, 0]);
        assert_eq!(sequence(server), before + 11);
        let gone = server.get("/api/v1/members?provenance=import:test&status=withdrawn&limit=200&count=exact").ok();
        assert_eq!(gone["page"]["total"], 11);
        let history = server.get(&format!("/api/v1/members/{}/history", gone["data"][0]["slug"].as_str().unwrap())).ok();
        assert_eq!(history["data"][1]["reason"], "No longer on the list of test");
        assert_eq!(server.get("/api/v1/members?provenance=official,press&count=exact&limit=1").ok()["page"]["total"], named);
        let feed = server.get(&format!("/api/v1/changes?since={before}")).ok();
        assert!(feed["data"].as_array().unwrap().iter().all(|change| change["op"] == "updated" && change["data"]["status"] == "withdrawn"));
        // Nobody else's list can touch them.
        let other = Account::of(&server.db, Role::Registrar, None, Some("Ministère de l'Intérieur"));
        let theirs = head(&list, 2);
        let refused = push(server, &other, "resource=members", CSV, &theirs).json();
        assert_eq!(refused["source"], "ministere-de-linterieur");
        assert_eq!(problems(&refused)[0].2, "other_source");
        let empty = report(server, &other, "resource=members&mode=replace&dry_run=false", "kind,territory_code\n");
        assert_eq!(counts(&empty), [0, 0, 0, 0, 0, 0]);
    }

    fn who_vanished_from_a_list_goes_on_when_it_names_them_again(server) {
        let registrar = server.account(Role::Registrar);
        let head = "kind,territory_code,name_fr,status,status_since,joined_on\n";
        let row = |code: &str| format!("municipality,{code},X,active,2024-04,2024-04\n");
        let rows: String = ["01.331.07.05", "01.331.07.17", "01.331.07.03"].iter().map(|code| row(code)).collect::<Vec<_>>().concat();
        let whole = format!("{head}{rows}");
        let replace = |query: &str, list: &str| report(server, &registrar, &format!("resource=members&mode=replace&dry_run=false{query}"), list);
        replace("", &whole);
        let digest = || server.get("/api/v1/changes/digest?resource=members&profile=register&provenance=import:test").ok()["sha256"].clone();
        let before = digest();
        let shorter = whole.replace(&row("01.331.07.17"), "");
        assert_eq!(counts(&replace("&confirm_withdrawals=1", &shorter)), [2, 0, 0, 2, 1, 0]);
        let back = replace("", &whole);
        assert_eq!((counts(&back), digest()), ([3, 0, 1, 2, 0, 0], before), "as if nothing had been");
        let page = server.get("/api/v1/members?provenance=import:test&status=active&count=exact").ok();
        assert_eq!(page["page"]["total"], 3);
        // Whom somebody has withdrawn for a reason stays so.
        let path = page["data"][0]["links"]["self"].as_str().unwrap();
        let secretary = server.account(Role::Secretariat);
        let step = json!({"to": "withdrawn", "on": "2026-01-01", "reason": "Decision of the council"});
        server.json("POST", &format!("{path}/transitions"), &[secretary.header()], &step).ok();
        let refused = push(server, &registrar, "resource=members&mode=replace", CSV, &whole).json();
        assert!(problems(&refused).iter().any(|(_, _, code)| code == "adhesion_missing"), "{refused}");
    }

    fn a_list_that_is_taken_once_is_taken_again(server) {
        let registrar = server.account(Role::Registrar);
        let list = |status: &str, since: &str, joined: &str| format!("kind,territory_code,name_fr,status,status_since,joined_on\nmunicipality,01.331.07.05,X,{status},{since},{joined}\n");
        let contradictory = push(server, &registrar, "resource=members", CSV, &list("active", "2024-04", "")).json();
        assert_eq!(problems(&contradictory), [(json!(1), "joined_on".to_owned(), "unfit_value".to_owned())]);
        for (status, since, joined) in [("active", "", ""), ("active", "2024-04", "2024-04"), ("active", "", "2024-05"), ("suspended", "2025", "2024-05")] {
            let list = list(status, since, joined);
            report(server, &registrar, "resource=members&dry_run=false", &list);
            assert_eq!(counts(&report(server, &registrar, "resource=members", &list)), [1, 0, 0, 1, 0, 0], "{list}");
        }
    }

    fn a_row_that_can_not_be_read_does_not_seem_to_be_missing(server) {
        let registrar = server.account(Role::Registrar);
        let list = head(&communes(), 20);
        report(server, &registrar, "resource=members&mode=replace&dry_run=false", &list);
        let broken = list.replace(",active,2022-10-21", ",active,yesterday");
        let refused = push(server, &registrar, "resource=members&mode=replace", CSV, &broken).json();
        assert_eq!((&refused["counts"]["withdrawn"], &refused["withdrawals_to_confirm"]), (&json!(0), &Value::Null));
        assert!(problems(&refused).iter().all(|(_, column, _)| column == "joined_on"), "{refused}");
    }

    fn a_plan_that_is_outdated_is_not_carried_out(server) {
        let (registrar, secretary) = (server.account(Role::Registrar), server.account(Role::Secretariat));
        let list = "kind,territory_code,site_web\nmunicipality,01.331.01.03,https://larache.example\n";
        let plan = report(server, &registrar, "resource=members", list)["plan_hash"].as_str().unwrap().to_owned();
        let query = format!("resource=members&dry_run=false&plan_hash={plan}");
        let patch = json!({"source": "Something else"});
        server.json("PATCH", "/api/v1/members/commune-larache", &[secretary.header(), ("If-Match", "*")], &patch).ok();
        let before = sequence(server);
        let answer = push(server, &registrar, &query, CSV, list);
        answer.problem(409, "plan_outdated");
        assert_documented("createImport", &answer);
        push(server, &registrar, &query, CSV, &list.replace("larache.", "l.")).problem(409, "plan_outdated");
        assert_eq!(sequence(server), before);
        let plan = report(server, &registrar, "resource=members", list)["plan_hash"].as_str().unwrap().to_owned();
        let query = format!("resource=members&dry_run=false&plan_hash={plan}");
        assert_eq!(report(server, &registrar, &query, list)["plan_hash"], plan.as_str());
        push(server, &registrar, &query, CSV, list).problem(409, "plan_outdated");
        push(server, &registrar, "resource=members&plan_hash=abc", CSV, list).problem(400, "invalid_parameter");
    }

    fn what_is_sent_twice_is_done_once_and_answered_twice(server) {
        let registrar = server.account(Role::Registrar);
        let list = "kind,territory_code,site_web\nmunicipality,01.331.01.03,https://larache.example\n";
        let send = |key: &str, list: &str| {
            let headers = [registrar.header(), ("Content-Type", CSV), ("Idempotency-Key", key)];
            server.send_body("POST", &format!("{IMPORTS}?resource=members&dry_run=false"), &headers, list)
        };
        let (first, again) = (send("a", list), send("a", list));
        assert_eq!((first.status, again.header("idempotency-replayed"), &first.body), (201, Some("true"), &again.body));
        send("a", &list.replace("larache.", "l.")).problem(422, "idempotency_key_reused");
        // A refusal is not kept: the same key is good for the corrected list.
        send("b", "kind,territory_code\ntown,1\n").problem(422, "invalid_content");
        assert_eq!(send("b", list).status, 201);
    }

    fn imports_at_once_are_one_after_the_other(server) {
        let (list, together) = (communes(), Barrier::new(4));
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let send = || scope.spawn(|| {
                let registrar = server.account(Role::Registrar);
                together.wait();
                push(server, &registrar, "resource=members&dry_run=false", CSV, &list)
            });
            let threads: Vec<_> = (0..4).map(|_| send()).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut made: Vec<i64> = answers.iter().map(|answer| counts(&answer.json())[1]).collect();
        made.sort_unstable();
        assert_eq!((made[..3].to_vec(), made[3] > 1_000), (vec![0, 0, 0], true), "only one of them made members");
        let again = report(server, &server.account(Role::Registrar), "resource=members", &list);
        assert_eq!(again["counts"]["unchanged"], 1_503);
    }

    fn an_account_has_one_upload_at_a_time_and_others_have_theirs(server) {
        // What is sent of a list is waited for as long as the test may take.
        let server = TestServer::over(server.target.clone(), &["--head-timeout-ms", "60000"]);
        let (one, other) = (server.account(Role::Registrar), server.account(Role::Registrar));
        let list = "kind,territory_code,nom\nmunicipality,01.331.01.03,Larache\n";
        let head = format!("POST {IMPORTS}?resource=members HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Type: text/csv\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", one.bearer, list.len());
        let (send, answers) = mpsc::channel();
        std::thread::scope(|scope| {
            // Two uploads of one account, of which nothing more comes: one has the place, and the other is refused.
            let mut uploads: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(server.address).unwrap()).collect();
            for (number, upload) in uploads.iter_mut().enumerate() {
                upload.write_all(head.as_bytes()).unwrap();
                let (mut upload, send) = (upload.try_clone().unwrap(), send.clone());
                upload.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
                scope.spawn(move || {
                    // Only the head: the server leaves a refused connection open for as long as it is patient.
                    let (mut answer, mut byte) = (Vec::new(), [0]);
                    while !answer.ends_with(b"\r\n\r\n") && upload.read(&mut byte).unwrap() == 1 {
                        answer.push(byte[0]);
                    }
                    send.send((number, String::from_utf8(answer).unwrap())).unwrap();
                });
            }
            let (refused, answer) = answers.recv().unwrap();
            assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
            let again = push(&server, &one, "resource=members", CSV, list);
            again.problem(429, "import_in_progress");
            assert_eq!(again.header("retry-after"), Some("5"));
            assert_documented("createImport", &again);
            assert_eq!(push(&server, &other, "resource=members", CSV, list).status, 201);
            uploads[1 - refused].write_all(list.as_bytes()).unwrap();
            let (_, answer) = answers.recv().unwrap();
            assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        });
        assert_eq!(push(&server, &one, "resource=members", CSV, list).status, 201);
    }

    fn reports_are_for_who_imported_and_the_secretariat(server) {
        let (one, other) = (server.account(Role::Registrar), server.account(Role::Registrar));
        let secretary = server.account(Role::Secretariat);
        let made = report(server, &one, "resource=members", "kind,territory_code,nom\nmunicipality,01.331.01.03,Larache\n");
        let path = made["links"]["self"].as_str().unwrap();
        let own = server.get_with(path, &[one.header()]);
        assert_documented("getImport", &own);
        assert_eq!((own.ok(), own.header("cache-control")), (made.clone(), Some("no-store")));
        let administrator = server.account(Role::Administrator);
        for path in [path.to_owned(), format!("{path}/rows")] {
            server.get_with(&path, &[administrator.header()]).ok();
            server.get_with(&path, &[other.header()]).problem(404, "not_found");
            server.get_with(&path, &[secretary.header()]).ok();
            server.get(&path).problem(401, "unauthenticated");
        }
        let list = |who: &Account| server.get_with(&format!("{IMPORTS}?outcome=previewed&count=exact"), &[who.header()]).ok()["page"]["total"].clone();
        assert_eq!((list(&one), list(&other), list(&secretary), list(&administrator)), (json!(1), json!(0), json!(1), json!(1)));
        assert_eq!(push(server, &administrator, "resource=members", CSV, "kind\n").status, 403);
    }

    fn territories_are_pushed_too_in_any_order_and_stay_their_keepers(server) {
        let registrar = server.account(Role::Registrar);
        let list = "code,kind,area_type,parent_code,region_code,name_fr,name_ar,population_2024,households_2024\n\
            01.999.01.01,commune,rural,01.999,01,Nouvelle,جديدة,10,2\n\
            01.999,province,,01,01,Nouvelle Province,إقليم,10,2\n\
            01.331.01.03,commune,urban,01.331,01,Larache la Neuve,العرائش,1,1\n";
        let larache = server.get("/api/v1/members/commune-larache").ok();
        let before = sequence(server);
        let dry = report(server, &registrar, "resource=territories", list);
        assert_eq!((counts(&dry), sequence(server)), ([3, 2, 1, 0, 0, 0], before));
        let real = report(server, &registrar, "resource=territories&dry_run=false", list);
        assert_eq!(real["plan_hash"], dry["plan_hash"]);
        assert_eq!(server.get("/api/v1/territories/01.999/children").ok()["data"][0]["name"]["fr"], "Nouvelle");
        assert_eq!(server.get("/api/v1/territories/01.331.01.03").ok()["provenance"], "import:test");
        // Members change only with what they show of their seats.
        assert_eq!(sequence(server), before + 3);
        assert_eq!(server.get("/api/v1/members/commune-larache").ok()["version"], larache["version"]);
        let administrator = server.account(Role::Administrator);
        let path = format!("/api/v1/audit?sort=at&import_id={}", real["links"]["self"].as_str().unwrap().rsplit('/').next().unwrap());
        let entries = server.get_with(&path, &[administrator.header()]).ok();
        let told = |entry: &Value| (entry["resource"].as_str().unwrap().to_owned(), entry["action"].as_str().unwrap().to_owned());
        let mut found: Vec<(String, String)> = entries["data"].as_array().unwrap().iter().map(told).collect();
        found.sort();
        let line = |resource: &str, action: &str| (resource.to_owned(), action.to_owned());
        assert_eq!(found, [line("territories", "created"), line("territories", "created"),
            line("territories", "imported"), line("territories", "updated")]);
        let moved = entries["data"].as_array().unwrap().iter().find(|entry| told(entry) == line("territories", "updated")).unwrap();
        assert_eq!((&moved["before"]["name_fr"], &moved["after"]["name_fr"]), (&json!("Larache"), &json!("Larache la Neuve")));
        let again = report(server, &registrar, "resource=territories&dry_run=false", list);
        assert_eq!((counts(&again), sequence(server)), ([3, 0, 0, 3, 0, 0], before + 3));
        // The census files are loaded anew, as by a newer program: what was pushed is left alone.
        let forget = "DELETE FROM reference_load WHERE name = 'territories'";
        match &server.target {
            Target::Sqlite(file) => sql_query(forget).execute(&mut SqliteConnection::establish(&file.to_string_lossy()).unwrap()),
            Target::Postgres(url) => sql_query(forget).execute(&mut PgConnection::establish(&url.with_connect_timeout(5)).unwrap()),
        }
        .unwrap();
        reference::load(&server.db, Purpose::Service).unwrap();
        assert_eq!((sequence(server), &server.get("/api/v1/territories/01.331.01.03").ok()["name"]["fr"]), (before + 3, &json!("Larache la Neuve")));
        let wrong = "code,kind,parent_code,region_code,name_fr\n01.331.01.03,province,01,01,X\n01.999.01.01,commune,01.571,02,X\n07.777,province,01,01,X\n";
        let refused = push(server, &registrar, "resource=territories", CSV, wrong).json();
        let found: Vec<(Value, String)> = problems(&refused).into_iter().map(|(row, _, code)| (row, code)).collect();
        assert!(found.contains(&(json!(1), "kind_stays".to_owned())), "{found:?}");
        assert!(found.contains(&(json!(3), "missing_value".to_owned())), "{found:?}");
        let moved = "code,region_code\n01.999,02\n";
        let refused = push(server, &registrar, "resource=territories", CSV, moved).json();
        let found: Vec<String> = problems(&refused).into_iter().map(|(_, _, code)| code).collect();
        assert_eq!(found, ["unfit_value", "leaves_parts_behind"]);
        // A row need not repeat what is so.
        let renamed = report(server, &registrar, "resource=territories&dry_run=false", "code,nom\n01.999.01.01,Tout Neuf\n");
        assert_eq!((counts(&renamed), sequence(server)), ([1, 0, 1, 0, 0, 0], before + 4));
    }

    fn a_name_that_is_there_already_is_pointed_out(server) {
        let registrar = server.account(Role::Registrar);
        let list = "kind,territory_code,nom,statut\nmunicipality,01.331.01.01,LARÂCHE,active\nmunicipality,01.331.07.05,Same,active\nmunicipality,01.331.07.17,same,active\n";
        let found = report(server, &registrar, "resource=members", list)["possible_duplicates"].clone();
        let keys: Vec<(&str, &str)> = found.as_array().unwrap().iter().map(|one| (one["key"].as_str().unwrap(), one["like"].as_str().unwrap())).collect();
        assert!(keys.contains(&("municipality 01.331.01.01", "municipality 01.331.01.03")), "{keys:?}");
        assert!(keys.contains(&("municipality 01.331.07.17", "municipality 01.331.07.05")), "{keys:?}");
    }

    fn the_template_is_what_an_import_takes(server) {
        let registrar = server.account(Role::Registrar);
        for resource in ["members", "territories"] {
            let template = server.get(&format!("{IMPORTS}/template?resource={resource}"));
            assert_eq!(template.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
            let query = format!("resource={resource}");
            assert_eq!(counts(&report(server, &registrar, &query, template.text())), [0; 6]);
            let schema = server.get(&format!("{IMPORTS}/template?resource={resource}&format=schema")).ok();
            let names: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names.join(","), template.text().trim_start_matches('\u{feff}').trim());
            for (name, column) in schema["properties"].as_object().unwrap() {
                for alias in column["x-aliases"].as_array().into_iter().flatten() {
                    let alias = alias.as_str().unwrap();
                    assert_eq!(report(server, &registrar, &query, &format!("{alias}\n"))["outcome"], "previewed", "{name}");
                }
            }
        }
    }
}

/// Imports with the real binary, killed in the middle, again and again: all or nothing.
fn survive(target: &Target, settings: &[(&str, &str)]) {
    let db = Db::open(target, 1, &REGISTRY).unwrap();
    let registrar = Account::new(&db, Role::Registrar, None);
    drop(db);
    let settings = [settings, &[("REMACTO_SIGNING_KEYS", SIGNING_KEY), ("REMACTO_PUBLIC_URL", PUBLIC_URL)]].concat();
    let list = communes();
    let mut done = 0;
    for kill in 0..12_u64 {
        let list = list.replace(",active,2022-10-21", &format!(",active,{}", 2000 + kill));
        let served = Served::start(&settings);
        let client = served.client();
        let answer = std::thread::scope(|scope| {
            let headers = [("Authorization", registrar.bearer.as_str()), ("Content-Type", CSV)];
            let path = format!("{IMPORTS}?resource=members&dry_run=false");
            let import = scope.spawn(move || client.try_send_body("POST", &path, &headers, &list));
            let started = std::time::Instant::now();
            while started.elapsed().as_millis() < u128::from(20 + kill * 35) && !import.is_finished() {
                std::thread::yield_now();
            }
            served.kill();
            import.join().unwrap()
        });
        let after = TestServer::over(target.clone(), &[]);
        let years: Vec<String> = content(&after)
            .iter()
            .filter(|member| member["provenance"] == "import:test")
            .map(|member| member["joined_on"].as_str().unwrap()[..4].to_owned())
            .collect();
        assert!(years.is_empty() || years.len() == 1_503, "{} members", years.len());
        assert!(years.iter().all(|year| *year == years[0]), "half of a list");
        if answer.is_some_and(|answer| answer.status == 201) {
            done += 1;
            assert_eq!(years[0], (2000 + kill).to_string(), "an import that was acknowledged is there");
        }
        // What the feed tells is what there is: the entries of an import stand or fall with its rows.
        let digest = after.get("/api/v1/changes/digest?resource=members").ok();
        let feed = after.get("/api/v1/changes?since=0&resource=members&limit=1000").ok();
        assert_eq!(digest["sequence"], sequence(&after));
        assert_eq!(feed["data"].as_array().unwrap().iter().filter(|change| change["data"].is_null()).count(), 0);
    }
    assert!(done < 12, "no import was interrupted");
}

#[test]
fn an_import_is_all_or_nothing_whenever_it_is_killed_on_sqlite() {
    let (folder, file) = sqlite_database();
    survive(&Target::Sqlite(file), &[("REMACTO_DATA_DIR", folder.path().to_str().unwrap())]);
}

#[test]
fn an_import_is_all_or_nothing_whenever_it_is_killed_on_postgres() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.filled_database();
    survive(&Target::parse(&url).unwrap(), &[("DATABASE_URL", &url)]);
}
