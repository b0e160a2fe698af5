//! Where people are signed in: tokens that are changed, signing out, passwords, and who must wait.

use remacto::auth::{
    accounts::{AccountKind, NewAccount, SecretHash, Terms},
    passwords::{hash_password, new_secret},
    roles::Role,
    store,
};
use serde_json::{Value, json};

use crate::{
    openapi::assert_documented,
    support::{TestServer, accounts::OPERATOR, client::Answer, on_both},
};

const SESSIONS: &str = "/api/v1/auth/sessions";
const TOKEN: &str = "/api/v1/auth/token";
const PASSWORD: &str = "correct horse battery staple";
const OTHER: &str = "incorrect mule accumulator clamp";
const EMAIL: &str = "amina@example.org";

/// A person with a password; hashing one takes long, so all have the same.
fn person(server: &TestServer, email: &str) -> String {
    static HASH: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let hash = HASH.get_or_init(|| hash_password(PASSWORD).unwrap()).clone();
    let (kind, name, terms) = (AccountKind::User, email.to_owned(), Terms::new(Role::Partner, None, None));
    let new = NewAccount { kind, name, terms, secret_hash: SecretHash(hash) };
    server.db.write_blocking(&OPERATOR, |tx| store::create(tx, new.check().unwrap())).unwrap()
}

fn try_to_sign_in(server: &TestServer, email: &str, password: &str) -> Answer {
    server.json("POST", SESSIONS, &[("User-Agent", "Test/1")], &json!({"email": email, "password": password}))
}

#[track_caller]
fn sign_in(server: &TestServer) -> Value {
    let answer = try_to_sign_in(server, EMAIL, PASSWORD);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_documented("createSession", &answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let tokens = answer.json();
    assert_eq!(answer.header("location").unwrap(), format!("{SESSIONS}/{}", tokens["session_id"].as_str().unwrap()));
    tokens
}

fn form(server: &TestServer, path: &str, form: &str) -> Answer {
    server.send_body("POST", path, &[("Content-Type", "application/x-www-form-urlencoded")], form)
}

fn refresh(server: &TestServer, token: &Value) -> Answer {
    form(server, TOKEN, &format!("grant_type=refresh_token&refresh_token={}", token.as_str().unwrap()))
}

fn bearer(tokens: &Value) -> String {
    format!("Bearer {}", tokens["access_token"].as_str().unwrap())
}

fn me(server: &TestServer, tokens: &Value) -> u16 {
    server.get_with("/api/v1/auth/me", &[("Authorization", &bearer(tokens))]).status
}

fn sessions(server: &TestServer, tokens: &Value) -> Vec<Value> {
    let answer = server.get_with(SESSIONS, &[("Authorization", &bearer(tokens))]);
    assert_documented("listSessions", &answer);
    answer.ok()["data"].as_array().unwrap().clone()
}

#[track_caller]
fn is_invalid_grant(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_grant")), "{}", answer.text());
}

on_both! {
    fn a_session_goes_on_by_changing_its_token(server) {
        person(server, EMAIL);
        let first = sign_in(server);
        let second = refresh(server, &first["refresh_token"]);
        assert_documented("createToken", &second);
        let second = second.ok();
        assert_eq!(second["session_id"], first["session_id"]);
        assert_ne!(second["refresh_token"], first["refresh_token"]);
        assert!(second["session_expires_at"].as_str() >= first["session_expires_at"].as_str());
        assert_eq!((me(server, &first), me(server, &second)), (200, 200), "an access token is good for its time");
        let third = refresh(server, &second["refresh_token"]).ok();
        assert_eq!(me(server, &third), 200);
        // On another instance, too.
        let elsewhere = TestServer::over(server.target.clone(), &[]);
        assert_eq!(refresh(&elsewhere, &third["refresh_token"]).status, 200);
    }

    fn a_token_that_comes_back_ends_its_session_and_no_other(server) {
        person(server, EMAIL);
        let (stolen, other) = (sign_in(server), sign_in(server));
        let thief = refresh(server, &stolen["refresh_token"]).ok();
        is_invalid_grant(&refresh(server, &stolen["refresh_token"]));
        is_invalid_grant(&refresh(server, &thief["refresh_token"]));
        assert_eq!((me(server, &thief), me(server, &stolen), me(server, &other)), (401, 401, 200));
        assert_eq!(refresh(server, &other["refresh_token"]).status, 200);
        let administrator = server.account(Role::Administrator);
        let audit = server.get_with("/api/v1/audit?resource=sessions&action=reused", &[administrator.header()]).ok();
        assert_eq!((audit["data"].as_array().unwrap().len(), &audit["data"][0]["resource_id"]), (1, &stolen["session_id"]));
    }

    fn of_many_at_once_with_one_token_at_most_one_is_served(server) {
        person(server, EMAIL);
        let tokens = sign_in(server);
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| refresh(server, &tokens["refresh_token"]))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        answers.iter().filter(|answer| answer.status != 200).for_each(is_invalid_grant);
    }

    fn tokens_that_are_none_are_refused_in_the_words_of_oauth(server) {
        person(server, EMAIL);
        let tokens = sign_in(server);
        let text = tokens["refresh_token"].as_str().unwrap();
        let nobody = text.replace(tokens["session_id"].as_str().unwrap(), "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f");
        for token in ["x", "", tokens["access_token"].as_str().unwrap(), &nobody, &text[..text.len() - 1]] {
            is_invalid_grant(&refresh(server, &json!(token)));
        }
        let missing = form(server, TOKEN, "grant_type=refresh_token");
        assert_eq!((missing.status, &missing.json()["error"]), (400, &json!("invalid_request")));
        assert_eq!(refresh(server, &tokens["refresh_token"]).status, 200, "what was no token has done no harm");
        let key = [("Idempotency-Key", "a")];
        server.json("POST", SESSIONS, &key, &json!({"email": EMAIL, "password": PASSWORD})).problem(400, "invalid_header");
    }

    fn one_sees_and_ends_ones_own_sessions(server) {
        person(server, EMAIL);
        person(server, "other@example.org");
        let (one, two) = (sign_in(server), sign_in(server));
        let list = sessions(server, &one);
        let seen: Vec<_> = list.iter().map(|s| (s["id"].clone(), s["current"].clone(), s["user_agent"].clone())).collect();
        assert_eq!(seen, [(two["session_id"].clone(), json!(false), json!("Test/1")), (one["session_id"].clone(), json!(true), json!("Test/1"))]);
        let stranger = try_to_sign_in(server, "other@example.org", PASSWORD).json();
        let path = list[0]["links"]["self"].as_str().unwrap();
        server.send("DELETE", path, &[("Authorization", &bearer(&stranger))]).problem(404, "not_found");
        let ended = server.send("DELETE", path, &[("Authorization", &bearer(&one))]);
        assert_eq!(ended.status, 204);
        assert_documented("endSession", &ended);
        server.send("DELETE", path, &[("Authorization", &bearer(&one))]).problem(404, "not_found");
        assert_eq!((me(server, &two), me(server, &one), sessions(server, &one).len()), (401, 200, 1));
        is_invalid_grant(&refresh(server, &two["refresh_token"]));
        // To take the refresh token back is to sign out.
        let revoked = form(server, "/api/v1/auth/revoke", &format!("token={}", one["refresh_token"].as_str().unwrap()));
        assert_eq!((revoked.status, me(server, &one)), (200, 401));
        server.get(SESSIONS).problem(401, "unauthenticated");
    }

    fn a_disabled_person_gets_no_tokens_any_more(server) {
        let id = person(server, EMAIL);
        let tokens = sign_in(server);
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &id, true)).unwrap();
        is_invalid_grant(&refresh(server, &tokens["refresh_token"]));
        assert_eq!((me(server, &tokens), try_to_sign_in(server, EMAIL, PASSWORD).status), (401, 401));
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &id, false)).unwrap();
        is_invalid_grant(&refresh(server, &tokens["refresh_token"]));
    }

    fn a_password_is_changed_by_who_knows_it_and_other_sessions_end(server) {
        person(server, EMAIL);
        let (here, there) = (sign_in(server), sign_in(server));
        let change = |current: &str, new: &str| {
            let body = json!({"current_password": current, "new_password": new});
            server.json("POST", "/api/v1/auth/password", &[("Authorization", &bearer(&here))], &body)
        };
        assert_eq!(change("wrong", OTHER).problem(422, "invalid_content")["errors"][0]["pointer"], "/current_password");
        assert_eq!(change(PASSWORD, "short").problem(422, "invalid_content")["errors"][0]["pointer"], "/new_password");
        let changed = change(PASSWORD, OTHER);
        assert_eq!((changed.status, changed.body.len()), (204, 0));
        assert_documented("changePassword", &changed);
        assert_eq!((me(server, &here), me(server, &there)), (200, 401));
        assert_eq!((try_to_sign_in(server, EMAIL, PASSWORD).status, try_to_sign_in(server, EMAIL, OTHER).status), (401, 201));
        let machine = server.account(Role::Partner);
        let body = json!({"current_password": PASSWORD, "new_password": OTHER});
        server.json("POST", "/api/v1/auth/password", &[machine.header()], &body).problem(403, "forbidden");
        let audit = server.get_with("/api/v1/audit?resource=accounts&action=password_changed", &[server.account(Role::Administrator).header()]);
        assert!(audit.ok()["data"].as_array().unwrap().len() == 1 && !audit.text().contains("argon2"));
    }

    fn a_one_time_secret_sets_a_password_once(server) {
        let id = person(server, EMAIL);
        let tokens = sign_in(server);
        let offer = || {
            let secret = new_secret().unwrap();
            server.db.write_blocking(&OPERATOR, |tx| store::sessions::offer_password(tx, &id, &secret)).unwrap();
            secret
        };
        let (lapsed, secret) = (offer(), offer());
        let set = |secret: &str, password: &str| {
            server.json("POST", "/api/v1/auth/password-reset", &[], &json!({"secret": secret, "new_password": password}))
        };
        for wrong in ["x", &lapsed] {
            assert_eq!(set(wrong, OTHER).problem(422, "invalid_content")["errors"][0]["pointer"], "/secret", "{wrong}");
        }
        assert_eq!(set(&secret, "short").problem(422, "invalid_content")["errors"][0]["pointer"], "/new_password");
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| set(&secret, OTHER))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
        for answer in &answers {
            assert_documented("setPassword", answer);
        }
        assert_eq!((me(server, &tokens), try_to_sign_in(server, EMAIL, OTHER).status), (401, 201));
    }

    fn who_fails_too_often_waits_and_others_do_not(server) {
        person(server, EMAIL);
        for _ in 0..5 {
            try_to_sign_in(server, EMAIL, "wrong").problem(401, "invalid_credentials");
        }
        let refused = try_to_sign_in(server, EMAIL, PASSWORD);
        refused.problem(429, "too_many_attempts");
        assert_documented("createSession", &refused);
        let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        // An account that is not there is told the same.
        for _ in 0..5 {
            try_to_sign_in(server, "nobody@example.org", "wrong").problem(401, "invalid_credentials");
        }
        try_to_sign_in(server, "nobody@example.org", "wrong").problem(429, "too_many_attempts");
        person(server, "other@example.org");
        assert_eq!(try_to_sign_in(server, "other@example.org", PASSWORD).status, 201);
        // A stranger can't pretend to be somewhere else; a trusted proxy can say where they are.
        let from = |server: &TestServer, address: &str| {
            let body = json!({"email": EMAIL, "password": PASSWORD});
            server.json("POST", SESSIONS, &[("X-Forwarded-For", address)], &body).status
        };
        assert_eq!(from(server, "198.51.100.7"), 429);
        let behind_proxy = TestServer::over(server.target.clone(), &["--trusted-proxies", "127.0.0.1,::1"]);
        let wrong = json!({"email": EMAIL, "password": "wrong"});
        for _ in 0..5 {
            behind_proxy.json("POST", SESSIONS, &[("X-Forwarded-For", "203.0.113.9")], &wrong).problem(401, "invalid_credentials");
        }
        assert_eq!((from(&behind_proxy, "203.0.113.9"), from(&behind_proxy, "198.51.100.7")), (429, 201));
    }
}
