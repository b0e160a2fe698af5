//! Exports: whole data sets as files, and what machines are told of them.

use std::process::Command;

use remacto::{auth::roles::Role, kernel::text::hex};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    openapi::assert_documented,
    support::{TestServer, on_both, server::PUBLIC_URL},
};

fn exports(server: &TestServer) -> Vec<Value> {
    let answer = server.get("/api/v1/exports");
    assert_documented("listExports", &answer);
    answer.ok()["data"].as_array().unwrap().clone()
}

fn rename(server: &TestServer, name: &str) {
    let secretary = server.account(Role::Secretariat);
    let patch = json!({"name": {"fr": name}});
    server.json("PATCH", "/api/v1/members/commune-larache", &[secretary.header(), ("If-Match", "*")], &patch).ok();
}

on_both! {
    fn every_file_is_what_the_list_says_of_it(server) {
        let sets = exports(server);
        let names: Vec<&str> = sets.iter().map(|set| set["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["members", "territories", "charter", "action_programs", "projects", "milestones", "consultations", "contributions", "evaluations", "practices", "collaborations", "events", "assessments", "indicators", "measurements"]);
        for set in &sets {
            assert_eq!(set["files"].as_array().unwrap().len(), 3);
            for file in set["files"].as_array().unwrap() {
                let answer = server.get(file["href"].as_str().unwrap());
                assert_eq!((answer.status, answer.header("accept-ranges")), (200, Some("bytes")));
                assert_eq!((json!(answer.body.len()), json!(hex(&Sha256::digest(&answer.body)))), (file["bytes"].clone(), file["sha256"].clone()));
                assert!(answer.header("etag").unwrap().starts_with(&format!("\"{}-", set["sequence"])));
                assert!(answer.header("content-type").unwrap().starts_with(file["media_type"].as_str().unwrap()));
                assert!(answer.header("repr-digest").unwrap().starts_with("sha-256=:"));
                let rows = match file["format"].as_str().unwrap() {
                    "csv" => csv::Reader::from_reader(answer.body.as_slice()).records().map(Result::unwrap).count(),
                    "ndjson" => answer.text().lines().inspect(|line| assert!(serde_json::from_str::<Value>(line).is_ok())).count(),
                    _ => {
                        let whole = answer.json();
                        assert_eq!((&whole["name"], &whole["sequence"]), (&set["name"], &set["sequence"]));
                        whole["data"].as_array().unwrap().len()
                    }
                };
                assert_eq!(json!(rows), set["rows"], "{file}");
            }
            let header = server.get(set["files"][0]["href"].as_str().unwrap());
            let columns: Vec<&str> = set["dictionary"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
            assert_eq!(header.text().lines().next().unwrap(), columns.join(","));
        }
        let territories = &sets[1];
        assert_eq!((&territories["rows"], &territories["licence"]["code"]), (&json!(1_639), &json!("CC-BY-4.0")));
        assert!(territories["credits"][0]["fr"].as_str().unwrap().contains("Haut-Commissariat au Plan"));
    }

    fn the_rows_are_those_of_the_lists(server) {
        let exported = server.get("/api/v1/exports/members.ndjson");
        let mut exported: Vec<Value> = exported.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut listed = server.get("/api/v1/members?limit=200").ok()["data"].as_array().unwrap().clone();
        for rows in [&mut exported, &mut listed] {
            rows.sort_by_key(|row| row["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(exported, listed);
        let table = server.get("/api/v1/exports/members.csv");
        let list = server.get("/api/v1/members?limit=200&format=csv");
        let lines = |text: &str| {
            let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(table.text()), lines(list.text()));
    }

    fn the_same_sequence_has_the_same_bytes_and_another_has_others(server) {
        let file = "/api/v1/exports/members.csv";
        let (first, territories) = (server.get(file), server.get("/api/v1/exports/territories.csv"));
        let second = TestServer::over(server.target.clone(), &[]);
        let elsewhere = second.get(file);
        assert_eq!((&first.body, first.header("etag")), (&elsewhere.body, elsewhere.header("etag")), "another instance");
        rename(server, "=HYPERLINK(\"x\")");
        let after = server.get(file);
        assert_ne!(after.header("etag"), first.header("etag"));
        assert!(after.text().contains(",\"'=HYPERLINK(\"\"x\"\")\","), "a formula is defused");
        let same = server.get("/api/v1/exports/territories.csv");
        assert_eq!((&same.body, same.header("etag")), (&territories.body, territories.header("etag")));
        assert_eq!(second.get(file).body, after.body, "the other instance knows it at once");
        let known = server.get_with(file, &[("If-None-Match", after.header("etag").unwrap())]);
        assert_eq!((known.status, known.body.len()), (304, 0));
        let stale = server.get_with(file, &[("If-None-Match", first.header("etag").unwrap())]);
        assert_eq!(stale.status, 200);
    }

    fn a_part_is_the_part_that_was_asked_for(server) {
        let file = "/api/v1/exports/territories.ndjson";
        let whole = server.get(file);
        let (length, tag) = (whole.body.len(), whole.header("etag").unwrap());
        let part = |headers: &[(&str, &str)]| server.get_with(file, headers);
        for (range, from, to) in [("bytes=0-0", 0, 1), ("bytes=100-299", 100, 300), ("bytes=-5", length - 5, length), (&format!("bytes={}-", length - 7), length - 7, length), ("bytes=10-99999999", 10, length)] {
            let answer = part(&[("Range", range), ("Accept-Encoding", "gzip, br")]);
            assert_eq!((answer.status, answer.body.as_slice()), (206, &whole.body[from..to]), "{range}");
            assert_eq!(answer.header("content-range"), Some(format!("bytes {from}-{}/{length}", to - 1).as_str()));
            assert_eq!((answer.header("etag"), answer.header("content-length")), (Some(tag), Some((to - from).to_string().as_str())));
        }
        assert_eq!(part(&[("Range", "bytes=5-9"), ("If-Range", tag)]).status, 206);
        for headers in [[("Range", "bytes=5-9"), ("If-Range", "\"1-other\"")], [("Range", "bytes=5-9,20-30"), ("X", "y")], [("Range", "lines=1-2"), ("X", "y")], [("Range", "bytes=9-5"), ("X", "y")], [("Range", "bytes=5-9"), ("If-Range", "Tue, 24 Nov 2026 00:00:00 GMT")]] {
            let answer = part(&headers);
            assert_eq!((answer.status, answer.body.len()), (200, length), "{headers:?}");
        }
        let beyond = part(&[("Range", &format!("bytes={length}-"))]);
        beyond.problem(416, "range_not_satisfiable");
        assert_eq!(beyond.header("content-range"), Some(format!("bytes */{length}").as_str()));
        assert_eq!(part(&[("Range", "bytes=5-9"), ("If-None-Match", tag)]).status, 304);
        let head = server.send("HEAD", file, &[]);
        assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some(length.to_string().as_str()), 0));
        for nothing in ["members.xml", "accounts.csv", "members", "..%2Fremacto.db", "members.csv.gz"] {
            server.get(&format!("/api/v1/exports/{nothing}")).problem(404, "not_found");
        }
        for compressed in ["gzip", "br"] {
            let answer = part(&[("Accept-Encoding", compressed)]);
            assert_eq!(answer.body, whole.body, "the digest is of these bytes");
            assert_eq!(answer.header("content-encoding"), None);
        }
    }

    fn files_that_somebody_has_cleaned_up_are_written_again(server) {
        let folder = tempfile::tempdir().unwrap();
        let other = TestServer::over(server.target.clone(), &["--export-dir", folder.path().to_str().unwrap()]);
        let before = other.get("/api/v1/exports/members.csv");
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        let after = other.get("/api/v1/exports/members.csv");
        assert_eq!((after.status, &after.body, after.header("etag")), (200, &before.body, before.header("etag")));
    }

    fn the_descriptions_name_what_is_there(server) {
        let package = server.get("/api/v1/datapackage.json");
        assert_documented("getDataPackage", &package);
        let package = package.ok();
        for resource in package["resources"].as_array().unwrap() {
            let file = server.get(&format!("/api/v1/{}", resource["path"].as_str().unwrap()));
            assert_eq!((json!(file.body.len()), json!(format!("sha256:{}", hex(&Sha256::digest(&file.body))))), (resource["bytes"].clone(), resource["hash"].clone()));
            let names: Vec<&str> = resource["schema"]["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
            assert_eq!(names.join(","), file.text().lines().next().unwrap());
        }
        let catalog = server.get("/api/v1/catalog");
        assert_eq!(catalog.header("content-type"), Some("application/ld+json"));
        assert_documented("getCatalog", &catalog);
        let as_json = server.get_with("/api/v1/catalog", &[("Accept", "application/json")]);
        assert_eq!((as_json.header("content-type"), as_json.json()), (Some("application/json"), catalog.json()));
        server.get_with("/api/v1/catalog", &[("Accept", "text/turtle")]).problem(406, "not_acceptable");
        for set in catalog.json()["dcat:dataset"].as_array().unwrap() {
            for text in [&set["dct:title"], &set["dct:description"]] {
                assert!(["ar", "fr", "en"].iter().all(|language| text[*language].is_string()), "{text}");
            }
            for file in set["dcat:distribution"].as_array().unwrap() {
                let path = file["dcat:downloadURL"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
                let answer = server.get(path);
                assert_eq!(file["dcat:byteSize"], answer.body.len().to_string());
                assert_eq!(file["spdx:checksum"]["spdx:checksumValue"], hex(&Sha256::digest(&answer.body)));
            }
        }
        let listed = server.get("/api/v1/exports?lang=ar").ok();
        assert!(listed["data"][0]["title"]["fr"].is_null() && listed["data"][0]["title"]["ar"].is_string());
    }

    fn the_command_line_writes_the_same_files(server) {
        let folder = tempfile::tempdir().unwrap();
        let url = match &server.target {
            remacto::db::Target::Sqlite(file) => format!("sqlite:{}", file.display()),
            remacto::db::Target::Postgres(url) => url.with_connect_timeout(5),
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_remacto"));
        command.args(["export", "--database-url", &url, "--public-url", PUBLIC_URL, "--to"]).arg(folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for set in exports(server) {
            for file in set["files"].as_array().unwrap() {
                let href = file["href"].as_str().unwrap();
                let written = std::fs::read(folder.path().join(href.strip_prefix("/api/v1/").unwrap())).unwrap();
                assert_eq!(written, server.get(href).body, "{href}");
            }
        }
        for (file, path) in [("datapackage.json", "/api/v1/datapackage.json"), ("catalog.jsonld", "/api/v1/catalog")] {
            let written: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join(file)).unwrap()).unwrap();
            assert_eq!(written, server.get(path).json(), "{file}");
        }
    }
}
