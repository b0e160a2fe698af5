//! How much somebody may send, and how slowly.

use remacto::{auth::roles::Role, kernel::id::new_id};

use crate::{openapi::assert_documented, support::TestServer};

const LIST: &str = "/api/v1/territories?limit=1";

fn limited() -> TestServer {
    let settings = ["--rate-limit", "5", "--account-rate-limit", "8", "--trusted-proxies", "127.0.0.1"];
    TestServer::on_sqlite_with(&settings)
}

/// The header that says who asks, of a proxy that is trusted.
const fn from(address: &str) -> (&str, &str) {
    ("X-Forwarded-For", address)
}

#[test]
fn an_address_that_asks_too_much_waits_and_others_do_not() {
    let server = limited();
    let me = from("192.0.2.1");
    for left in (0..5).rev() {
        let answer = server.get_with(LIST, &[me]);
        answer.ok();
        assert_eq!(answer.header("ratelimit-policy"), Some("\"address\";q=5;w=60"));
        assert!(answer.header("ratelimit").unwrap().starts_with(&format!("\"address\";r={left};t=")));
    }
    let refused = server.get_with(LIST, &[me, ("Origin", "https://portal.example")]);
    refused.problem(429, "too_many_requests");
    assert_documented("listTerritories", &refused);
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=12).contains(&wait), "one of five comes back in twelve seconds: {wait}");
    assert_eq!(refused.header("ratelimit"), Some("\"address\";r=0;t=60"));
    let exposed = refused.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("RateLimit-Policy") && exposed.contains("Retry-After"), "{exposed}");
    for path in ["/docs/", "/api/v1/nothing", "/openapi.json"] {
        assert_eq!(server.get_with(path, &[me]).status, 429, "{path}");
    }
    server.get_with("/health/ready", &[me]).ok();
    server.get_with(LIST, &[from("192.0.2.2")]).ok();
    assert_eq!(server.get_with(LIST, &[from("2001:db8::1")]).status, 200);
}

#[test]
fn an_account_has_a_limit_of_its_own_wherever_it_is() {
    let server = limited();
    let account = server.account(Role::Partner);
    let (spent, other) = (from("192.0.2.1"), from("192.0.2.2"));
    for _ in 0..5 {
        server.get_with(LIST, &[spent]).ok();
    }
    // A token that nobody has seen yet costs the address, or guessing would be free.
    assert_eq!(server.get_with(LIST, &[spent, account.header()]).status, 429);
    let first = server.get_with(LIST, &[other, account.header()]);
    assert_eq!(first.header("ratelimit-policy"), Some("\"account\";q=8;w=60"));
    for _ in 0..7 {
        server.get_with(LIST, &[spent, account.header()]).ok();
    }
    let refused = server.get_with(LIST, &[from("192.0.2.3"), account.header()]);
    assert!(
        refused.problem(429, "too_many_requests")["detail"].as_str().unwrap().starts_with("Each account may send 8")
    );
    // Another token of the account, which counts for the address first: the refusal is about the account.
    let another = account.with(|claims| claims.jti = new_id().into_string());
    let refused = server.get_with(LIST, &[from("192.0.2.4"), ("Authorization", &another)]);
    refused.problem(429, "too_many_requests");
    assert_eq!(refused.header("ratelimit-policy"), Some("\"account\";q=8;w=60"));
    assert_eq!(refused.header("ratelimit"), Some("\"account\";r=0;t=60"));
    server.get_with(LIST, &[from("192.0.2.3"), server.account(Role::Partner).header()]).ok();
}

#[test]
fn tokens_that_are_not_believed_count_for_the_address() {
    let server = limited();
    let statuses = |number: u8| {
        let token = format!("Bearer a.b.{number}");
        server.get_with(LIST, &[from("192.0.2.1"), ("Authorization", &token)]).status
    };
    assert_eq!((0..7).map(statuses).collect::<Vec<_>>(), [401, 401, 401, 401, 401, 429, 429]);
    // A header that is no token at all, too.
    let basic = |_| server.get_with(LIST, &[from("192.0.2.2"), ("Authorization", "Basic x")]).status;
    assert_eq!((0..7).map(basic).collect::<Vec<_>>(), [401, 401, 401, 401, 401, 429, 429]);
}

#[test]
fn without_limits_nothing_is_said_of_them() {
    let server = TestServer::on_sqlite_with(&["--rate-limit", "off", "--account-rate-limit", "off"]);
    assert_eq!(server.get(LIST).header("ratelimit"), None);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let server = TestServer::on_sqlite_with(&["--head-timeout-ms", "1000"]);
    let head = "POST /api/v1/auth/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    let began = std::time::Instant::now();
    // Until the server closes the connection.
    let answer = server.raw(format!("{head}{{").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "{answer}");
    let (chunked, _) = head.split_once("Content-Length").unwrap();
    let answer = server.raw(format!("{chunked}Transfer-Encoding: chunked\r\n\r\n2\r\n{{\"\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(began.elapsed().as_secs() < 20, "the connection was not closed");
    // All of it has an end, however patient the server is between two pieces.
    let server = TestServer::on_sqlite_with(&["--head-timeout-ms", "60000", "--body-timeout-s", "1"]);
    let answer = server.raw(format!("{head}{{").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("within 1 seconds"), "{answer}");
}

#[test]
fn a_body_that_nobody_reads_keeps_no_connection() {
    let server = TestServer::on_sqlite_with(&["--head-timeout-ms", "1000"]);
    for request in ["POST /api/v1/members", "GET /api/v1/members", "DELETE /api/v1/nothing"] {
        for body in ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"] {
            // Until the server closes the connection: soon, and not when the client has waited for its own time limit.
            let began = std::time::Instant::now();
            let answer = server.raw(format!("{request} HTTP/1.1\r\nHost: a\r\n{body}").as_bytes());
            assert!(answer.starts_with("HTTP/1.1 ") && began.elapsed().as_secs() < 20, "{request} {body}: {answer}");
        }
    }
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let server = TestServer::on_sqlite_with(&["--head-timeout-ms", "1000"]);
    let answer = server.raw(b"GET /api/v1/members HTTP/1.1\r\nHost:");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}
