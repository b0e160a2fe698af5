//! Digests, and the mirror that proves by them that it has everything.

use std::{fmt::Write as _, process::Command};

use remacto::auth::roles::Role;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both},
};

const DIGEST: &str = "/api/v1/changes/digest";

fn digest(server: &TestServer, query: &str) -> Value {
    let answer = server.get(&format!("{DIGEST}?{query}"));
    assert_documented("getDigest", &answer);
    answer.ok()
}

fn sha256(text: &str) -> String {
    remacto::kernel::text::hex(&Sha256::digest(text))
}

fn push(server: &TestServer, who: &Account, list: &str) -> Answer {
    let headers = [who.header(), ("Content-Type", "text/csv")];
    server.send_body("POST", "/api/v1/imports?resource=members&dry_run=false", &headers, list)
}

/// Runs the reference mirror; says whether it ended equal, and what it said.
fn mirror(server: &TestServer, state: &std::path::Path) -> (bool, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mirror/mirror.py");
    let resources = "members,territories,network,charter";
    let address = format!("http://{}", server.address);
    let mut command = Command::new("python3");
    let output = command.arg(script).arg(address).arg(state).args(["--resource", resources]).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

on_both! {
    fn a_mirrors_digest_is_that_of_the_feed_in_canonical_form(server) {
        for (resource, count) in [("members", 38), ("territories", 1_639), ("network", 1), ("charter", 1)] {
            let mut rows: Vec<Value> = Vec::new();
            let mut since = 0;
            loop {
                let page = server.get(&format!("/api/v1/changes?since={since}&resource={resource}&limit=1000")).ok();
                rows.extend(page["data"].as_array().unwrap().iter().map(|change| change["data"].clone()));
                since = page["page"]["next_since"].as_i64().unwrap();
                if page["page"]["has_more"] == false { break }
            }
            rows.sort_by_key(|row| row["id"].as_str().unwrap().to_owned());
            let line = |row: &Value| serde_json_canonicalizer::to_string(row).unwrap() + "\n";
            let found = digest(server, &format!("resource={resource}"));
            assert_eq!((&found["count"], rows.len()), (&json!(count), count));
            assert_eq!(found["sha256"], sha256(&rows.iter().map(line).collect::<String>()), "{resource}");
            assert_eq!((&found["sequence"], &found["columns"], &found["by_region"]), (&json!(1_679), &Value::Null, &Value::Null));
            if count > 1 {
                let regions = digest(server, &format!("resource={resource}&by=region"));
                let regions = regions["by_region"].as_array().unwrap();
                let total: i64 = regions.iter().map(|region| region["count"].as_i64().unwrap()).sum();
                assert_eq!(total, i64::try_from(count).unwrap());
                let first = &regions[0];
                let own: String = rows.iter().filter(|row| row["region_code"] == first["region_code"]).map(line).collect();
                assert_eq!(first["sha256"], sha256(&own));
            }
        }
    }

    fn a_registers_digest_can_be_computed_by_sorting_lines(server) {
        let registrar = server.account(Role::Registrar);
        let list = "kind,territory_code,name_fr,status,joined_on,external_ids\nmunicipality,01.331.07.05,B,active,2024-04,y=2;x=1\nmunicipality,01.331.01.01,Ksar El Kebir,candidate,,\n";
        assert_eq!(push(server, &registrar, list).status, 201);
        let own = "resource=members&profile=register&provenance=import:test";
        let found = digest(server, own);
        let columns: Vec<&str> = found["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let template = server.get("/api/v1/imports/template?resource=members");
        assert_eq!(columns.join(","), template.text().trim_start_matches('\u{feff}').trim());
        let lines = "municipality\t01.331.01.01\tKsar El Kebir\t\t\tcandidate\t\t\t\t\t\t\nmunicipality\t01.331.07.05\tB\t\t\tactive\t2024-04\t2024-04\t\t\t\tx=1;y=2\n";
        assert_eq!((&found["count"], &found["sha256"]), (&json!(2), &json!(sha256(lines))));
        let some = digest(server, &format!("{own}&fields=territory_code,name_fr&status=active&by=region"));
        assert_eq!((&some["count"], &some["sha256"]), (&json!(1), &json!(sha256("01.331.07.05\tB\n"))));
        assert_eq!(some["by_region"][0]["sha256"], some["sha256"]);
        let all = digest(server, "resource=territories&profile=register&fields=code");
        assert_eq!((&all["count"], &all["columns"]), (&json!(1_639), &json!(["code"])));
    }

    fn a_digest_changes_with_its_collection_only(server) {
        let secretary = server.account(Role::Secretariat);
        let (members, territories) = (digest(server, "resource=members"), digest(server, "resource=territories"));
        server.json("PATCH", "/api/v1/members/commune-larache", &[secretary.header(), ("If-Match", "*")], &json!({"website": "https://l.example"})).ok();
        let (after, same) = (digest(server, "resource=members"), digest(server, "resource=territories"));
        assert_ne!(after["sha256"], members["sha256"]);
        assert_eq!((&same["sha256"], &same["sequence"]), (&territories["sha256"], &json!(1_680)));
        let tag = server.get(&format!("{DIGEST}?resource=members"));
        let again = server.get_with(&format!("{DIGEST}?resource=members"), &[("If-None-Match", tag.header("etag").unwrap())]);
        assert_eq!(again.status, 304);
    }

    fn what_has_no_such_digest_says_so(server) {
        for (query, name) in [
            ("", "resource"),
            ("resource=members&by=province", "by"),
            ("resource=charter&profile=register", "profile"),
            ("resource=network&by=region", "by"),
            ("resource=members&fields=kind", "fields"),
            ("resource=members&profile=register&fields=nope", "fields"),
            ("resource=territories&profile=register&status=active", "status"),
            ("resource=members&provenance=official", "provenance"),
        ] {
            let problem = server.get(&format!("{DIGEST}?{query}")).problem(400, "invalid_parameter");
            assert_eq!(problem["errors"][0]["parameter"], name, "{query}");
        }
    }

    fn a_mirror_ends_equal_whatever_is_written_meanwhile(server) {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json");
        let (equal, said) = mirror(server, &state);
        assert!(equal && said.contains("members 38 equal"), "{said}");
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| write_at_random(server));
            while !writer.is_finished() {
                mirror(server, &state);
            }
            writer.join().unwrap();
        });
        let (equal, said) = mirror(server, &state);
        assert!(equal, "{said}");
        let feed = server.get("/api/v1/changes?since=1679&limit=1000").ok();
        let ops: std::collections::BTreeSet<&str> = feed["data"].as_array().unwrap().iter().map(|change| change["op"].as_str().unwrap()).collect();
        assert_eq!(ops.into_iter().collect::<Vec<_>>(), ["created", "deleted", "updated"]);
        // A copy that was tampered with is found out, with the region.
        let mut copy: Value = serde_json::from_str(&std::fs::read_to_string(&state).unwrap()).unwrap();
        let (_, member) = copy["resources"]["members"].as_object_mut().unwrap().iter_mut().next().unwrap();
        member["source"] = json!("forged");
        let region = member["region_code"].as_str().unwrap().to_owned();
        std::fs::write(&state, copy.to_string()).unwrap();
        let (equal, said) = mirror(server, &state);
        assert!(!equal && said.contains(&format!("members differs in regions {region}")), "{said}");
    }
}

/// A hundred writes of all kinds: lists, patches, steps, deletions.
fn write_at_random(server: &TestServer) {
    let secretary = server.account(Role::Secretariat);
    let mut seed: u64 = 20_261_124;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let codes: Vec<String> = server.get("/api/v1/territories?kind=commune&region=02&limit=60").ok()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|commune| commune["code"].as_str().unwrap().to_owned())
        .collect();
    let mut imported = 0;
    for round in 0..100 {
        let members = server.get("/api/v1/members?limit=200").ok();
        let members = members["data"].as_array().unwrap();
        let member = members[random(members.len())]["links"]["self"].as_str().unwrap().to_owned();
        let headers = [secretary.header(), ("If-Match", "*")];
        match random(5) {
            0 => {
                let mut list = "kind,territory_code,name_fr,status\n".to_owned();
                for at in 0..=random(20) {
                    writeln!(list, "municipality,{},Nom {round},active", codes[at * 2]).unwrap();
                }
                // A list that would bring back who has left is refused as a whole.
                let answer = push(server, &secretary, &list);
                assert!([201, 422].contains(&answer.status), "{}", answer.text());
                imported += usize::from(answer.status == 201);
            }
            1 => {
                server.send("DELETE", &member, &headers);
            }
            2 => {
                let step = json!({"to": "withdrawn", "on": "2026-01-01", "reason": "x"});
                server.json("POST", &format!("{member}/transitions"), &[secretary.header()], &step);
            }
            _ => {
                let website = json!({"website": format!("https://x.example/{round}")});
                server.json("PATCH", &member, &headers, &website);
            }
        }
    }
    assert!(imported > 0, "no list was taken");
}
