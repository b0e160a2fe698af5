//! What a caller can get wrong. Every refusal is a problem document that names the place.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::support::{TestServer, on_both};

const LIST: &str = "/api/v1/territories";

fn parameter(server: &TestServer, query: &str, code: &str, name: &str) -> String {
    let problem = server.get(&format!("{LIST}?{query}")).problem(400, code);
    assert_eq!(problem["errors"][0]["parameter"], name, "{query}: {problem}");
    problem["detail"].as_str().unwrap().to_owned()
}

on_both! {
    fn an_unknown_parameter_is_refused_with_a_hint(server) {
        assert_eq!(parameter(server, "knid=commune", "unknown_parameter", "knid"), "knid is unknown. Did you mean kind?");
        assert!(parameter(server, "zz=1", "unknown_parameter", "zz").contains("Known are: kind, parent, region, q"));
        for path in ["/api/v1", "/api/v1/network", "/api/v1/charter", "/health/live", "/health/ready", "/openapi.json", "/", "/problems"] {
            server.get(&format!("{path}?nope=1")).problem(400, "unknown_parameter");
        }
        let all = server.get(&format!("{LIST}?a=1&b=2")).problem(400, "unknown_parameter");
        assert_eq!(all["errors"].as_array().unwrap().len(), 2);
    }

    fn a_wrong_value_is_refused_by_name(server) {
        for (query, name) in [
            ("limit=0", "limit"), ("limit=201", "limit"), ("limit=abc", "limit"), ("limit=", "limit"),
            ("kind=town", "kind"), ("kind=", "kind"), ("kind=commune,", "kind"),
            ("parent=1", "parent"), ("region=x", "region"),
            ("updated_since=2024-13-45", "updated_since"), ("updated_since=yesterday", "updated_since"),
            ("sort=colour", "sort"), ("sort=--code", "sort"), ("count=about", "count"),
            ("lang=de", "lang"), ("lang=FR", "lang"), ("format=xml", "format"),
            ("format=csv&fields=nope", "fields"), ("fields=code", "fields"),
            ("q=", "q"), ("q=%00", "q"), ("q=a%00b", "q"), ("q=%E2%80%AEabc", "q"),
            ("format=geojson", "format"),
        ] {
            let detail = parameter(server, query, "invalid_parameter", name);
            assert!(detail.starts_with(name), "{query}: {detail}");
        }
        let long = "a".repeat(101);
        assert_eq!(parameter(server, &format!("q={long}"), "invalid_parameter", "q"), "q is longer than 100 characters.");
        parameter(server, "limit=5&limit=6", "repeated_parameter", "limit");
    }

    fn a_cursor_that_is_none_is_refused(server) {
        for cursor in ["x", "", "AAAA", "WzEsIngiLCJ5IiwieiJd", "%F0%9F%98%80"] {
            parameter(server, &format!("cursor={cursor}"), "invalid_cursor", "cursor");
        }
    }

    fn a_target_that_is_too_long_is_refused(server) {
        server.get(&format!("{LIST}?q={}", "a".repeat(10_240))).problem(414, "uri_too_long");
        server.get(&format!("/{}", "a".repeat(9_216))).problem(414, "uri_too_long");
        assert_eq!(server.get(&format!("/{}", "a".repeat(8_000))).status, 404);
    }

    fn malformed_percent_encoding_is_refused(server) {
        for target in ["/api/v1/territories?q=%zz", "/api/v1/territories?q=%", "/api/v1/territories/%4", "/api/v1/territories?q=%ff%fe"] {
            let answer = server.raw(format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
            assert!(answer.starts_with("HTTP/1.1 400 "), "{target}: {answer}");
            assert!(answer.contains("\"code\":\"malformed_url\""), "{target}: {answer}");
        }
    }

    fn an_address_that_can_be_none_is_404_without_asking_the_database(server) {
        for segment in ["nope", "1", "01.", "01.511.01.0x", "0193-bad", "%00", "01%2F511", "%D8%A7", "..", "01931F6E-7A2B-7C3D-8E4F-5A6B7C8D9E0F"] {
            let before = server.db.query_count();
            let past_the_kept_answers = [("Cache-Control", "no-cache")];
            server.get_with(&format!("{LIST}/{segment}"), &past_the_kept_answers).problem(404, "not_found");
            assert_eq!(server.db.query_count(), before, "{segment}");
        }
        server.get(&format!("{LIST}/99")).problem(404, "not_found");
        server.get(&format!("{LIST}/99/children")).problem(404, "not_found");
        server.get(&format!("{LIST}/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")).problem(404, "not_found");
        server.get("/api/v1/charter/commitments/NOPE").problem(404, "not_found");
        server.get("/api/v1/nope").problem(404, "not_found");
        server.get("/api/v2").problem(404, "not_found");
        server.get("/problems/nope").problem(404, "not_found");
        server.get("/docs/nope.js").problem(404, "not_found");
    }

    fn an_unsupported_method_is_405_with_what_is_supported(server) {
        for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            let answer = server.send(method, LIST, &[]);
            answer.problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"), "{method}");
        }
        server.send("DELETE", "/docs/", &[]).problem(405, "method_not_allowed");
        server.send("DELETE", "/health/live", &[]).problem(405, "method_not_allowed");
        server.send("POST", "/nowhere", &[]).problem(404, "not_found");
        let options = server.send("OPTIONS", "/api/v1/territories/01", &[]);
        assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    }

    fn a_format_that_does_not_exist_is_406_and_named(server) {
        for path in [LIST, "/api/v1/territories/01", "/api/v1", "/api/v1/network", "/api/v1/charter"] {
            let problem = server.get_with(path, &[("Accept", "application/xml")]).problem(406, "not_acceptable");
            assert_eq!(problem["errors"][0]["header"], "Accept");
            assert!(problem["detail"].as_str().unwrap().contains("application/json"));
        }
        server.get_with("/api/v1/territories/01", &[("Accept", "text/csv")]).problem(406, "not_acceptable");
    }

    fn headers_and_bodies_have_bounds(server) {
        let long = "a".repeat(17_000);
        server.get_with(LIST, &[("X-Long", &long)]).problem(431, "headers_too_large");
        let request = format!("GET {LIST} HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
        let answer = server.raw(request.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("content_too_large"), "{answer}");
    }
}

#[test]
fn a_request_that_arrives_too_slowly_is_cut() {
    let server = TestServer::on_sqlite_with(&["--head-timeout-ms", "1500"]);
    let answer = server.raw(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // One that trickles is cut too: the time counts from the connection's start, not from the last byte.
    let mut trickle = TcpStream::connect(server.address).unwrap();
    trickle.set_read_timeout(Some(std::time::Duration::from_millis(20))).unwrap();
    let cut = (0..500).any(|_| trickle.write_all(b"X").is_err() || trickle.read(&mut [0; 512]).is_ok());
    assert!(cut, "a trickling connection stays open");
    server.get("/health/live").ok();
}

#[test]
fn what_is_no_http_is_refused() {
    let server = TestServer::on_sqlite();
    for request in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
    {
        let answer = server.raw(request);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    server.get("/health/live").ok();
}
