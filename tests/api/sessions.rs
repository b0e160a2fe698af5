//! Where people are signed in: tokens that are changed, signing out, passwords, and who must wait.

use chrono::{TimeDelta, Utc};
use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use remacto::{
    auth::{
        accounts::{AccountKind, NewAccount, SecretHash, Terms},
        passwords::{hash_password, hash_secret, new_secret, random},
        refresh_tokens::RefreshToken,
        roles::Role,
        store,
    },
    db::{StoreError, schema::session},
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

/// Moves the last change of a session's refresh token into the past.
fn pass(server: &TestServer, tokens: &Value, seconds: i64) {
    let id = tokens["session_id"].as_str().unwrap();
    let then = (Utc::now() - TimeDelta::seconds(seconds)).naive_utc();
    let update = diesel::update(session::table.filter(session::id.eq(id))).set(session::used_at.eq(then));
    server.db.write_blocking(&OPERATOR, |tx| Ok::<_, StoreError>(update.execute(tx.conn)?)).unwrap();
}

/// How often the audit says that something was done to a session.
fn audited(server: &TestServer, action: &str, tokens: &Value) -> usize {
    let administrator = server.account(Role::Administrator);
    let path = format!("/api/v1/audit?action={action}&resource_id={}", tokens["session_id"].as_str().unwrap());
    server.get_with(&path, &[administrator.header()]).ok()["data"].as_array().unwrap().len()
}

/// What the audit says of refused proofs or of granted tokens: the account or session, how often, and further facts.
fn counted(server: &TestServer, action: &str) -> Vec<Value> {
    let administrator = server.account(Role::Administrator);
    let path = format!("/api/v1/audit?action={action}&sort=at");
    let entries = server.get_with(&path, &[administrator.header()]).ok()["data"].as_array().unwrap().clone();
    assert!(entries.iter().all(|entry| entry["address"] == "127.0.0.1"), "{entries:?}");
    let facts = |entry: Value| {
        let mut facts = entry["after"].clone();
        for moment in ["first_at", "last_at"] {
            assert!(facts.as_object_mut().unwrap().remove(moment).is_some(), "{entry}");
        }
        facts["account"] = if action == "granted" { entry["account_id"].clone() } else { entry["resource_id"].clone() };
        facts
    };
    entries.into_iter().map(facts).collect()
}

fn refused_token(reason: &str, count: u32, account: Option<&str>) -> Value {
    json!({"proof": "refresh_token", "reason": reason, "count": count, "account": account})
}

fn parse(token: &str) -> bool {
    RefreshToken::parse(token).is_some()
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

    fn a_spent_token_ends_its_session_and_no_other(server) {
        let id = person(server, EMAIL);
        let (stolen, other) = (sign_in(server), sign_in(server));
        let thief = refresh(server, &stolen["refresh_token"]).ok();
        pass(server, &stolen, 31);
        is_invalid_grant(&refresh(server, &stolen["refresh_token"]));
        is_invalid_grant(&refresh(server, &thief["refresh_token"]));
        assert_eq!((me(server, &thief), me(server, &stolen), me(server, &other)), (401, 401, 200));
        assert_eq!(refresh(server, &other["refresh_token"]).status, 200);
        assert_eq!((audited(server, "reused", &stolen), audited(server, "reused", &other)), (1, 0));
        let granted = |tokens: &Value| json!({"grant": "refresh_token", "session_id": tokens["session_id"], "count": 1, "account": id});
        assert_eq!(counted(server, "granted"), [granted(&stolen), granted(&other)]);
        assert_eq!(counted(server, "sign_in_refused"), [refused_token("spent", 1, Some(&id)), refused_token("ended", 1, Some(&id))]);
        // However old it is.
        let mut tokens = refresh(server, &sign_in(server)["refresh_token"]).ok();
        let old = tokens.clone();
        for _ in 0..5 {
            tokens = refresh(server, &tokens["refresh_token"]).ok();
        }
        is_invalid_grant(&refresh(server, &old["refresh_token"]));
        is_invalid_grant(&refresh(server, &tokens["refresh_token"]));
        assert_eq!(me(server, &tokens), 401);
    }

    fn a_forged_token_changes_nothing(server) {
        let account = person(server, EMAIL);
        let tokens = sign_in(server);
        let next = refresh(server, &tokens["refresh_token"]).ok();
        let id = tokens["session_id"].as_str().unwrap();
        let whole = next["refresh_token"].as_str().unwrap();
        let parts: Vec<&str> = whole.split('.').collect();
        let random = || random().unwrap();
        let forged = [
            RefreshToken::new(id).unwrap().text(),
            format!("remacto_rt_{id}.{}", random()),
            format!("{}.{}.{}.{}", parts[0], parts[1], random(), parts[3]),
            format!("{}.{}", parts[0], parts[2]),
            format!("{}.{}.{}", parts[0], parts[1], parts[2]),
        ];
        for token in &forged {
            is_invalid_grant(&refresh(server, &json!(token)));
            assert_eq!(form(server, "/api/v1/auth/revoke", &format!("token={token}")).status, if parse(token) { 200 } else { 401 }, "{token}");
        }
        assert_eq!((me(server, &next), audited(server, "reused", &tokens), audited(server, "ended", &tokens)), (200, 0, 0));
        assert_eq!(refresh(server, &next["refresh_token"]).status, 200);
        is_invalid_grant(&refresh(server, &json!(RefreshToken::new(&account).unwrap().text())));
        let refused = [refused_token("foreign", 3, Some(&account)), refused_token("malformed", 2, None), refused_token("unknown", 1, None)];
        assert_eq!(counted(server, "sign_in_refused"), refused);
        let granted = json!({"grant": "refresh_token", "session_id": id, "count": 2, "account": account});
        assert_eq!(counted(server, "granted"), [granted]);
    }

    fn a_token_whose_answer_was_lost_gets_another_once(server) {
        person(server, EMAIL);
        let lost = sign_in(server);
        let first = refresh(server, &lost["refresh_token"]).ok();
        pass(server, &lost, 25);
        let again = refresh(server, &lost["refresh_token"]);
        assert_documented("createToken", &again);
        let again = again.ok();
        assert_ne!(again["refresh_token"], first["refresh_token"]);
        assert_eq!((me(server, &first), me(server, &again), audited(server, "repeated", &lost)), (200, 200, 1));
        // Both go on, each in time behind the other, on whichever instance.
        let elsewhere = TestServer::over(server.target.clone(), &[]);
        let one = refresh(&elsewhere, &again["refresh_token"]).ok();
        let other = refresh(server, &first["refresh_token"]).ok();
        assert_eq!((me(server, &one), me(server, &other)), (200, 200));
        let one = refresh(server, &one["refresh_token"]).ok();
        // The other one comes too late.
        pass(server, &lost, 31);
        is_invalid_grant(&refresh(&elsewhere, &other["refresh_token"]));
        assert_eq!((me(server, &one), audited(server, "reused", &lost)), (401, 1));
        // A third time is once too often, although it is in time.
        let lost = sign_in(server);
        let answers: Vec<u16> = (0..3).map(|_| refresh(server, &lost["refresh_token"]).status).collect();
        assert_eq!((answers, me(server, &lost)), (vec![200, 200, 400], 401));
    }

    fn who_signs_out_with_a_token_whose_change_was_not_answered_signs_out(server) {
        person(server, EMAIL);
        let lost = sign_in(server);
        let next = refresh(server, &lost["refresh_token"]).ok();
        let revoked = form(server, "/api/v1/auth/revoke", &format!("token={}", lost["refresh_token"].as_str().unwrap()));
        assert_eq!((revoked.status, me(server, &next), audited(server, "ended", &lost)), (200, 401, 1));
        is_invalid_grant(&refresh(server, &next["refresh_token"]));
    }

    fn a_session_from_before_families_goes_on(server) {
        person(server, EMAIL);
        let tokens = sign_in(server);
        let (id, secret) = (tokens["session_id"].as_str().unwrap(), random().unwrap());
        let row = session::table.filter(session::id.eq(id));
        let before = (session::refresh_sha256.eq(hash_secret(&secret)), session::family_sha256.eq(None::<String>));
        let update = diesel::update(row).set(before);
        server.db.write_blocking(&OPERATOR, |tx| Ok::<_, StoreError>(update.execute(tx.conn)?)).unwrap();
        let old = json!(format!("remacto_rt_{id}.{secret}"));
        let next = refresh(server, &old).ok();
        let sibling = refresh(server, &old).ok();
        assert_eq!((me(server, &next), refresh(server, &sibling["refresh_token"]).status), (200, 200));
        is_invalid_grant(&refresh(server, &old));
        assert_eq!(me(server, &next), 401, "a third time ends the session");
    }

    fn of_many_at_once_with_one_token_two_are_served(server) {
        person(server, EMAIL);
        let tokens = sign_in(server);
        let elsewhere = TestServer::over(server.target.clone(), &[]);
        let at_once = |count: usize, token: &Value| -> Vec<Answer> {
            std::thread::scope(|scope| {
                let instances = [server, &elsewhere].into_iter().cycle().take(count);
                let threads: Vec<_> = instances.map(|instance| scope.spawn(move || refresh(instance, token))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            })
        };
        let two: Vec<Value> = at_once(2, &tokens["refresh_token"]).iter().map(Answer::ok).collect();
        assert_eq!((me(server, &two[0]), me(server, &two[1])), (200, 200));
        let answers = at_once(6, &two[0]["refresh_token"]);
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
        answers.iter().filter(|answer| answer.status != 200).for_each(is_invalid_grant);
        assert_eq!(me(server, &two[0]), 401, "four too many");
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
        assert_eq!(me(server, &tokens), 401, "what was good before stays good no more");
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
        for weak in ["password1234", "aaaaaaaaaaaa", "            ", EMAIL, "remacto-2026-remacto"] {
            let problem = change(PASSWORD, weak).problem(422, "invalid_content");
            assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]), (&json!("/new_password"), &json!("weak_password")), "{weak}");
        }
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
        for weak in ["short", "password1234", EMAIL] {
            assert_eq!(set(&secret, weak).problem(422, "invalid_content")["errors"][0]["pointer"], "/new_password", "{weak}");
        }
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| set(&secret, OTHER))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
        for answer in &answers {
            assert_documented("setPassword", answer);
        }
        assert_eq!((me(server, &tokens), try_to_sign_in(server, EMAIL, OTHER).status), (401, 201));
        let used = answers.iter().filter(|answer| answer.status == 422).count();
        assert_eq!(counted(server, "sign_in_refused"), [json!({"proof": "one_time_secret", "count": 2 + used, "account": null})]);
        let changed = server.get_with("/api/v1/audit?action=password_changed", &[server.account(Role::Administrator).header()]).ok();
        assert_eq!(changed["data"][0]["address"], "127.0.0.1");
    }

    fn who_fails_too_often_waits_and_others_do_not(server) {
        person(server, EMAIL);
        // It is refused without being hashed, so that the attempts are quicker than the shortest wait.
        let too_long = "x".repeat(201);
        for _ in 0..5 {
            try_to_sign_in(server, EMAIL, &too_long).problem(401, "invalid_credentials");
        }
        let refused = try_to_sign_in(server, EMAIL, PASSWORD);
        refused.problem(429, "too_many_attempts");
        // A stranger can't pretend to be somewhere else; a trusted proxy can say where they are.
        let from = |server: &TestServer, address: &str| {
            let body = json!({"email": EMAIL, "password": PASSWORD});
            server.json("POST", SESSIONS, &[("X-Forwarded-For", address)], &body).status
        };
        assert_eq!(from(server, "198.51.100.7"), 429);
        assert_documented("createSession", &refused);
        let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        // An account that is not there is told the same.
        for _ in 0..5 {
            try_to_sign_in(server, "nobody@example.org", &too_long).problem(401, "invalid_credentials");
        }
        try_to_sign_in(server, "nobody@example.org", &too_long).problem(429, "too_many_attempts");
        person(server, "other@example.org");
        assert_eq!(try_to_sign_in(server, "other@example.org", PASSWORD).status, 201);
        let behind_proxy = TestServer::over(server.target.clone(), &["--trusted-proxies", "127.0.0.1,::1"]);
        let wrong = json!({"email": EMAIL, "password": too_long});
        for _ in 0..5 {
            behind_proxy.json("POST", SESSIONS, &[("X-Forwarded-For", "203.0.113.9")], &wrong).problem(401, "invalid_credentials");
        }
        assert_eq!((from(&behind_proxy, "203.0.113.9"), from(&behind_proxy, "198.51.100.7")), (429, 201));
        // With a port it is the same address; of IPv6 a /56 counts.
        assert_eq!((from(&behind_proxy, "203.0.113.9:4711"), from(&behind_proxy, "203.0.113.8:4711")), (429, 201));
        for host in 0..5 {
            let address = format!("[2001:db8:0:1{host}::1]:4711");
            behind_proxy.json("POST", SESSIONS, &[("X-Forwarded-For", &address)], &wrong).problem(401, "invalid_credentials");
        }
        assert_eq!((from(&behind_proxy, "2001:db8:0:1f::7"), from(&behind_proxy, "2001:db8:0:100::7")), (429, 201));
    }
}
