//! Validators, freshness, compression, and who may read from a browser.

use remacto::{
    auth::roles::Role,
    db::{Actor, Db},
    registry::REGISTRY,
};

use crate::support::{TestServer, changes::rename_territory, on_both};

const ONE: &str = "/api/v1/territories/01";
const LIST: &str = "/api/v1/territories?limit=5";

on_both! {
    fn public_answers_may_be_kept_and_revalidated(server) {
        server.db.clock().set("2026-12-01T12:00:00Z".parse().unwrap());
        for path in [ONE, LIST, "/api/v1", "/api/v1/network", "/api/v1/charter", "/api/v1/charter/commitments"] {
            let answer = server.get(path);
            assert_eq!(answer.header("cache-control"), Some("public, max-age=60, stale-while-revalidate=300"), "{path}");
            assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"), "{path}");
            let tag = answer.header("etag").expect(path).to_owned();
            let again = server.get_with(path, &[("If-None-Match", &tag)]);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
            assert_eq!(again.header("etag"), Some(tag.as_str()));
            assert_eq!(again.header("cache-control"), answer.header("cache-control"));
            assert_eq!(again.header("vary"), answer.header("vary"));
        }
        // None is called fresh when the day is over, an hour before it is in UTC; not even one that is kept here.
        for _ in 0..2 {
            server.db.clock().set("2026-12-01T22:58:30Z".parse().unwrap());
            let answer = server.get("/api/v1/network");
            let freshness = answer.header("cache-control").unwrap().split(['=', ',']);
            let seconds: i64 = freshness.filter_map(|part| part.parse::<i64>().ok()).sum();
            assert!((1..=90).contains(&seconds), "{seconds}");
        }
    }

    fn a_validator_names_version_and_content(server) {
        let tag = |path: &str, headers: &[(&str, &str)]| server.get_with(path, headers).header("etag").unwrap().to_owned();
        let plain = tag(ONE, &[]);
        assert!(plain.starts_with("\"1-") && plain.len() == 36, "{plain}");
        let variants = [
            plain.clone(),
            tag(&format!("{ONE}?lang=ar"), &[]),
            tag(&format!("{ONE}?lang=fr"), &[]),
            tag(ONE, &[("Accept-Encoding", "gzip")]),
            tag(ONE, &[("Accept-Encoding", "br")]),
        ];
        for (at, variant) in variants.iter().enumerate() {
            assert!(!variants[..at].contains(variant), "{variants:?}");
        }
        let list = server.get(LIST);
        let sequence = list.ok()["sequence"].as_i64().unwrap();
        assert!(list.header("etag").unwrap().starts_with(&format!("\"{sequence}-")));
        assert_ne!(tag(LIST, &[("Accept", "text/csv")]), tag(LIST, &[("Accept", "application/x-ndjson")]));
    }

    fn if_none_match_takes_lists_weak_tags_and_the_star(server) {
        let tag = server.get(ONE).header("etag").unwrap().to_owned();
        for known in [format!("\"x\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            assert_eq!(server.get_with(ONE, &[("If-None-Match", &known)]).status, 304, "{known}");
        }
        assert_eq!(server.get_with(ONE, &[("If-None-Match", "\"1-version\"")]).status, 200);
    }

    fn a_copy_in_one_encoding_does_not_answer_for_another(server) {
        let tag = server.get_with(ONE, &[("Accept-Encoding", "br")]).header("etag").unwrap().to_owned();
        assert_eq!(server.get_with(ONE, &[("If-None-Match", &tag)]).status, 200);
        let again = server.get_with(ONE, &[("If-None-Match", &tag), ("Accept-Encoding", "br")]);
        assert_eq!(again.status, 304);
        assert_eq!(again.header("content-encoding"), None);
    }

    fn answers_are_compressed_on_request(server) {
        let plain = server.get("/api/v1/territories?limit=200");
        assert_eq!(plain.header("content-encoding"), None);
        for encoding in ["br", "gzip"] {
            let packed = server.get_with("/api/v1/territories?limit=200", &[("Accept-Encoding", encoding)]);
            assert_eq!(packed.header("content-encoding"), Some(encoding));
            assert!(packed.body.len() * 5 < plain.body.len(), "{encoding}: {} of {}", packed.body.len(), plain.body.len());
        }
        server.get_with(ONE, &[("Accept-Encoding", "identity;q=0, compress")]).problem(406, "not_acceptable");
    }

    fn a_head_request_has_the_headers_of_get_and_no_body(server) {
        for path in [ONE, LIST, "/api/v1", "/health/live", "/openapi.json", "/problems"] {
            let get = server.get(path);
            let head = server.send("HEAD", path, &[]);
            assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
            for name in ["etag", "content-type", "content-length", "cache-control", "vary"] {
                assert_eq!(head.header(name), get.header(name), "{path} {name}");
            }
        }
        assert_eq!(server.send("HEAD", "/api/v1/territories/99", &[]).status, 404);
        assert_eq!(server.send("HEAD", "/nowhere", &[]).status, 404);
    }

    fn every_answer_protects_browsers(server) {
        for path in [ONE, "/nowhere", "/", "/problems", "/docs/", "/openapi.json", "/health/live"] {
            let answer = server.get(path);
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
            let policy = answer.header("content-security-policy").expect(path);
            assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
            assert_eq!(answer.header("set-cookie"), None);
        }
    }

    fn every_page_of_the_world_may_read_and_none_may_write(server) {
        let read = server.get_with(ONE, &[("Origin", "https://anyone.example")]);
        assert_eq!(read.header("access-control-allow-origin"), Some("*"));
        assert!(read.header("access-control-expose-headers").unwrap().contains("ETag"));
        let ask = |method: &str| {
            server.send("OPTIONS", ONE, &[("Origin", "https://anyone.example"), ("Access-Control-Request-Method", method)])
        };
        let read = ask("GET");
        assert_eq!((read.status, read.header("access-control-allow-origin")), (204, Some("*")));
        assert!(read.header("access-control-allow-headers").unwrap().contains("If-None-Match"));
        let write = ask("POST");
        assert_eq!((write.status, write.header("access-control-allow-origin")), (204, None));
    }
}

#[test]
fn pages_of_configured_origins_may_write() {
    let server =
        crate::support::TestServer::on_sqlite_with(&["--cors-origins", "https://portal.example,http://localhost:3000"]);
    let ask = |origin: &str| {
        let answer = server.send("OPTIONS", ONE, &[("Origin", origin), ("Access-Control-Request-Method", "POST")]);
        (answer.header("access-control-allow-origin").map(str::to_owned), answer.header("vary").map(str::to_owned))
    };
    let (allowed, vary) = ask("https://portal.example");
    assert_eq!(allowed.as_deref(), Some("https://portal.example"));
    assert_eq!(vary.as_deref(), Some("Accept, Accept-Encoding, Origin"));
    assert_eq!(ask("https://portal.example.evil.example").0, None);
    assert_eq!(ask("http://portal.example").0, None);
}

/// Renames a region, as a writer does: with its change entry.
fn rename(db: &Db, name: &str) {
    db.write_blocking(&Actor::System("test"), |tx| rename_territory(tx, "01", name)).unwrap();
}

fn name(server: &TestServer) -> String {
    server.get(ONE).ok()["name"]["fr"].as_str().unwrap().to_owned()
}

fn statements(server: &TestServer, path: &str, headers: &[(&str, &str)]) -> (u16, u64) {
    let before = server.db.query_count();
    let status = server.get_with(path, headers).status;
    (status, server.db.query_count() - before)
}

/// How many answers were given once more from memory.
fn remembered(server: &TestServer) -> u64 {
    let metrics = server.get_operations("/metrics");
    let line = metrics.text().lines().find(|line| line.starts_with("remacto_answers_remembered_total ")).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

on_both! {
    fn what_was_asked_before_is_answered_without_asking_the_database_for_it_again(server) {
        for path in [ONE, LIST, "/api/v1/network", "/api/v1/members?format=geojson", "/api/v1/members?format=csv"] {
            let headers = [("Accept-Encoding", "br")];
            let first = server.get_with(path, &headers);
            // At the most the question which edition is current.
            assert!(statements(server, path, &headers).1 <= 1, "{path}");
            let again = server.get_with(path, &headers);
            assert_eq!((again.status, &again.body), (first.status, &first.body), "{path}");
            for name in ["etag", "content-type", "content-encoding", "content-disposition", "link", "cache-control", "vary"] {
                assert_eq!(again.header(name), first.header(name), "{path}: {name}");
            }
            assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
            let known = [("Accept-Encoding", "br"), ("If-None-Match", again.header("etag").unwrap())];
            let current = server.get_with(path, &known);
            assert_eq!((current.status, current.body.len()), (304, 0), "{path}");
            assert_eq!((current.header("etag"), current.header("content-type")), (again.header("etag"), None));
        }
        let shown = server.get_operations("/metrics");
        assert!(!shown.text().contains("remacto_answers_remembered_total 0"), "{}", shown.text());
    }

    fn an_own_write_is_seen_by_the_next_request(server) {
        for round in 0..20 {
            let new = format!("Nord {round}");
            name(server);
            rename(&server.db, &new);
            assert_eq!(name(server), new);
        }
    }

    fn a_write_of_another_instance_is_seen_in_a_moment(server) {
        let other = Db::open(&server.target, 2, &REGISTRY).unwrap();
        name(server);
        rename(&other, "Nord");
        let fresh = server.get_with(ONE, &[("Cache-Control", "no-cache")]).ok();
        assert_eq!(fresh["name"]["fr"], "Nord");
        let asked = std::time::Instant::now();
        while name(server) != "Nord" {
            assert!(asked.elapsed().as_secs() < 10, "the write is never seen");
        }
    }

    fn refusals_private_requests_and_variants_are_told_apart(server) {
        server.get(&format!("{LIST}&kind=region")).ok();
        server.get(&format!("{LIST}&kind=town")).problem(400, "invalid_parameter");
        server.get(&format!("{LIST}&kind=town")).problem(400, "invalid_parameter");
        let csv = server.get_with(LIST, &[("Accept", "text/csv")]);
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(server.get(LIST).header("content-type"), Some("application/json"));
        server.get_with(LIST, &[("Accept", "application/xml")]).problem(406, "not_acceptable");
        assert_eq!(server.get_with(LIST, &[("Accept-Encoding", "gzip")]).header("content-encoding"), Some("gzip"));
        assert_eq!(server.get(LIST).header("content-encoding"), None);
        for _ in 0..2 {
            server.get_with(LIST, &[("Accept-Encoding", "identity;q=0, *;q=0")]).problem(406, "not_acceptable");
        }
        server.get(ONE).ok();
        let partner = server.account(Role::Partner);
        server.get(ONE).ok();
        let before = remembered(server);
        server.get_with(ONE, &[partner.header()]).ok();
        assert_eq!(remembered(server), before + 1, "who asks makes no difference");
        assert_eq!(statements(server, ONE, &[("Authorization", "Bearer x")]), (401, 0));
        assert!(statements(server, ONE, &[("Cache-Control", "no-store")]).1 >= 1);
        let head = server.send("HEAD", ONE, &[]);
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}
