//! Signing in, and what becomes of tokens that are not what they should be.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use remacto::auth::{
    accounts::{AccountKind, NewAccount, SecretHash, Terms},
    keys::{self, Keys},
    passwords::hash_password,
    roles::Role,
    store,
};
use serde_json::{Value, json};

use crate::{
    openapi::assert_documented,
    support::{
        TestServer,
        accounts::{OPERATOR, signed, signed_as, token_of_nobody},
        client::Answer,
        on_both,
        server::{PUBLIC_URL, SIGNING_KEY},
    },
};

const ME: &str = "/api/v1/auth/me";
const TOKEN: &str = "/api/v1/auth/token";
const REVOKE: &str = "/api/v1/auth/revoke";
const SESSIONS: &str = "/api/v1/auth/sessions";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn ask_for_token(server: &TestServer, authorization: &str, form: &str) -> Answer {
    server.send_body("POST", TOKEN, &[FORM, ("Authorization", authorization)], form)
}

fn me(server: &TestServer, bearer: &str) -> Answer {
    server.get_with(ME, &[("Authorization", bearer)])
}

fn bearer(answer: &Answer) -> String {
    format!("Bearer {}", answer.json()["access_token"].as_str().unwrap())
}

/// A person with a password.
fn user(server: &TestServer, email: &str, password: &str) -> String {
    let new = NewAccount {
        kind: AccountKind::User,
        name: email.to_owned(),
        terms: Terms::new(Role::Secretariat, None, None),
        secret_hash: SecretHash(hash_password(password).unwrap()),
    };
    server.db.write_blocking(&OPERATOR, |tx| store::create(tx, new.check().unwrap())).unwrap()
}

on_both! {
    fn a_machine_gets_a_token_for_its_secret(server) {
        let account = server.account(Role::Registrar);
        let answer = ask_for_token(server, &basic(&account.id, &account.secret), "grant_type=client_credentials");
        let token = answer.ok();
        assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let names: Vec<&String> = token.as_object().unwrap().keys().collect();
        assert_eq!(names, ["access_token", "token_type", "expires_in"], "what a machine has not is absent, not null");
        assert_documented("createToken", &answer);
        let own = me(server, &bearer(&answer)).ok();
        assert_eq!((&own["id"], &own["role"], &own["kind"]), (&json!(account.id), &json!("registrar"), &json!("client")));
        let permissions = json!(["account:read", "members:write", "members:update", "members:move", "members:adhere", "territories:write", "imports:run", "imports:read"]);
        assert_eq!(own["permissions"], permissions);
        assert_eq!(me(server, &bearer(&answer)).header("cache-control"), Some("no-store"));
    }

    fn a_machine_may_say_its_secret_in_the_form(server) {
        let (account, other) = (server.account(Role::Registrar), server.account(Role::Registrar));
        let send = |path: &str, headers: &[(&str, &str)], form: &str| server.send_body("POST", path, &[&[FORM], headers].concat(), form);
        let post = |form: &str| send(TOKEN, &[], &format!("grant_type=client_credentials&{form}"));
        let in_form = format!("client_id={}&client_secret={}", account.id, account.secret);
        let token = post(&in_form);
        assert_documented("createToken", &token);
        assert_eq!(me(server, &bearer(&token)).ok()["id"], json!(account.id));
        let refused = |answer: Answer, status: u16, error: &str| {
            assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(error)), "{}", answer.text());
        };
        refused(post(&format!("client_id={}&client_secret=guess", account.id)), 401, "invalid_client");
        refused(post(&format!("client_id={}&client_secret={}", other.id, account.secret)), 401, "invalid_client");
        refused(post(&format!("client_id=a%00b&client_secret={}", account.secret)), 401, "invalid_client");
        refused(post(&format!("client_id={}", account.id)), 401, "invalid_client");
        refused(post(&format!("client_secret={}", account.secret)), 400, "invalid_request");
        // One way is enough, and two are refused even where both are right.
        let header = basic(&account.id, &account.secret);
        let both = |path: &str, form: &str| send(path, &[("Authorization", &header)], form);
        refused(both(TOKEN, &format!("grant_type=client_credentials&{in_form}")), 400, "invalid_request");
        refused(both(TOKEN, &format!("grant_type=client_credentials&client_id={}", other.id)), 400, "invalid_request");
        assert_eq!(both(TOKEN, &format!("grant_type=client_credentials&client_id={}", account.id)).status, 200);
        let text = bearer(&token).trim_start_matches("Bearer ").to_owned();
        refused(both(REVOKE, &format!("token={text}&{in_form}")), 400, "invalid_request");
        refused(send(REVOKE, &[account.header()], &format!("token={text}&{in_form}")), 400, "invalid_request");
        refused(send(REVOKE, &[], &format!("token={text}&client_id={}&client_secret=guess", account.id)), 401, "invalid_client");
        me(server, &bearer(&token)).ok();
        assert_eq!(send(REVOKE, &[], &format!("token={text}&{in_form}")).status, 200);
        me(server, &bearer(&token)).problem(401, "invalid_token");
    }

    fn the_token_endpoint_refuses_in_the_words_of_oauth(server) {
        let account = server.account(Role::Registrar);
        let good = basic(&account.id, &account.secret);
        let refused = |answer: Answer, status: u16, error: &str| {
            assert_eq!(answer.status, status, "{}", answer.text());
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let body = answer.json();
            assert_eq!(body["error"], error, "{body}");
            assert_eq!(body["error_description"], body["detail"]);
            assert_eq!(body["status"], status);
            answer
        };
        let wrong = refused(ask_for_token(server, &basic(&account.id, "guess"), "grant_type=client_credentials"), 401, "invalid_client");
        assert!(wrong.header("www-authenticate").unwrap().starts_with("Basic "));
        for credentials in ["", "Basic ???", "Basic bm9jb2xvbg==", &basic("nobody", &account.secret), &account.bearer] {
            refused(ask_for_token(server, credentials, "grant_type=client_credentials"), 401, "invalid_client");
        }
        refused(ask_for_token(server, &good, "grant_type=password"), 400, "unsupported_grant_type");
        refused(ask_for_token(server, &good, "scope=x"), 400, "invalid_request");
        refused(ask_for_token(server, &good, "grant_type=client_credentials&grant_type=client_credentials"), 400, "invalid_request");
        refused(server.json("POST", TOKEN, &[("Authorization", &good)], &json!({})), 415, "invalid_request");
        // Nobody signs in as a machine with a password.
        let id = user(server, "amina@example.org", "correct horse battery");
        refused(ask_for_token(server, &basic(&id, "correct horse battery"), "grant_type=client_credentials"), 401, "invalid_client");
    }

    fn a_person_signs_in_with_a_password(server) {
        let id = user(server, "Amina@example.org", "correct horse battery");
        let sign_in = |email: &str, password: &str| server.json("POST", SESSIONS, &[], &json!({"email": email, "password": password}));
        let answer = sign_in(" amina@EXAMPLE.org", "correct horse battery");
        assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
        let own = me(server, &bearer(&answer)).ok();
        assert_eq!((&own["id"], &own["kind"], &own["name"]), (&json!(id), &json!("user"), &json!("amina@example.org")));
        let mut told = Vec::new();
        for (email, password) in [
            ("amina@example.org", "wrong horse battery"),
            ("nobody@example.org", "correct horse battery"),
            ("no address", "correct horse battery"),
            ("amina@example.org", &"x".repeat(10_000)),
        ] {
            let problem = sign_in(email, password).problem(401, "invalid_credentials");
            told.push(problem["detail"].clone());
        }
        told.dedup();
        assert_eq!(told.len(), 1, "which of them it is remains unsaid");
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &id, true)).unwrap();
        sign_in("amina@example.org", "correct horse battery").problem(401, "invalid_credentials");
        server.json("POST", SESSIONS, &[], &json!({"email": "a@b.org"})).problem(400, "invalid_body");
        server.json("POST", SESSIONS, &[], &json!({"email": "a@b.org", "password": "x", "otp": 1})).problem(400, "unknown_property");
    }

    fn a_token_that_is_not_what_it_should_be_is_refused_everywhere(server) {
        let account = server.account(Role::Administrator);
        let keys = Keys::read(SIGNING_KEY).unwrap();
        let (kid, key) = keys.signing();
        let header = |algorithm| Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
        let now = chrono::Utc::now().timestamp();
        let public = URL_SAFE_NO_PAD.decode(keys.public()[0]["x"].as_str().unwrap()).unwrap();
        let other = Keys::read(&keys::generate().unwrap()).unwrap();
        let good = account.bearer.clone();
        let part = |at: usize| good.trim_start_matches("Bearer ").split('.').nth(at).unwrap().to_owned();
        let none = format!("Bearer {}.{}.", URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"none","kid":"{kid}"}}"#)), part(1));
        let lower = format!("Bearer {}.{}.", URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"nOnE","kid":"{kid}"}}"#)), part(1));
        let missing = |name: &str| {
            let mut claims = serde_json::to_value(&account.claims).unwrap();
            claims.as_object_mut().unwrap().remove(name);
            format!("Bearer {}", signed(&claims))
        };
        let mut refused = vec![
            ("alg none", none),
            ("alg nOnE", lower),
            ("HS256 with the public key", signed_as(&header(Algorithm::HS256), &account.claims, &EncodingKey::from_secret(&public))),
            ("HS256 with the key's text", signed_as(&header(Algorithm::HS256), &account.claims, &EncodingKey::from_secret(SIGNING_KEY.as_bytes()))),
            ("an unknown kid", signed_as(&Header { kid: Some("x".to_owned()), ..header(Algorithm::EdDSA) }, &account.claims, key)),
            ("no kid", signed_as(&Header::new(Algorithm::EdDSA), &account.claims, key)),
            ("another key under our kid", signed_as(&header(Algorithm::EdDSA), &account.claims, other.signing().1)),
            ("a wrong audience", account.with(|claims| claims.aud = format!("{PUBLIC_URL}/api/v2"))),
            ("a wrong issuer", account.with(|claims| "https://evil.example".clone_into(&mut claims.iss))),
            ("a future nbf", account.with(|claims| claims.nbf = now + 60)),
            ("a past exp", account.with(|claims| claims.exp = now - 60)),
            ("a subject that is no id", account.with(|claims| "1' OR 1".clone_into(&mut claims.sub))),
            ("a crit header", signed_as(&Header { crit: Some(vec!["b64".to_owned()]), ..header(Algorithm::EdDSA) }, &account.claims, key)),
            ("a cut token", good[..good.len() - 3].to_owned()),
            ("another payload", format!("Bearer {}.{}.{}", part(0), URL_SAFE_NO_PAD.encode("{}"), part(2))),
            ("8 kB", format!("Bearer {}", "x".repeat(8_192))),
            ("no token", "Bearer ".to_owned()),
            ("two tokens", format!("{good}, {good}")),
            ("another scheme", good.replace("Bearer", "Token")),
        ];
        refused.extend(["iss", "aud", "sub", "exp", "nbf", "jti", "role", "iat", "kind"].map(|name| (name, missing(name))));
        for (what, token) in &refused {
            for path in [ME, "/api/v1/members?limit=1", "/api/v1/audit"] {
                let answer = server.get_with(path, &[("Authorization", token)]);
                assert_eq!(answer.status, 401, "{what} at {path}: {}", answer.text());
                let problem = answer.problem(401, "invalid_token");
                assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{what}");
                assert!(!problem.to_string().contains(token.trim_start_matches("Bearer ").get(..20).unwrap_or("never")), "{what} is quoted");
            }
        }
        me(server, &good).ok();
        assert_eq!(server.send("GET", ME, &[("Authorization", &good), ("Authorization", &good)]).status, 401);
    }

    fn a_taken_back_token_is_no_good_for_what_is_private(server) {
        let (account, other) = (server.account(Role::Registrar), server.account(Role::Registrar));
        let good = basic(&account.id, &account.secret);
        let token = ask_for_token(server, &good, "grant_type=client_credentials");
        let revoke = |authorization: &str, token: &str| {
            server.send_body("POST", REVOKE, &[FORM, ("Authorization", authorization)], &format!("token={token}&token_type_hint=access_token"))
        };
        let text = bearer(&token).trim_start_matches("Bearer ").to_owned();
        assert_eq!(revoke(&basic(&other.id, &other.secret), &text).json()["error"], "unauthorized_client");
        assert_eq!(revoke(&basic(&account.id, "guess"), &text).status, 401);
        me(server, &bearer(&token)).ok();
        assert_eq!(revoke(&good, &text).status, 200);
        assert_eq!(revoke(&good, &text).status, 200, "once more is the same");
        assert_eq!(revoke(&good, "nonsense").status, 200);
        me(server, &bearer(&token)).problem(401, "invalid_token");
        me(server, &account.bearer).ok();
        // A person's way: the token itself.
        assert_eq!(revoke(&account.bearer, account.bearer.trim_start_matches("Bearer ")).status, 200);
        me(server, &account.bearer).problem(401, "invalid_token");
        assert_eq!(revoke(&account.bearer, &text).status, 401);
        assert_eq!(server.send_body("POST", REVOKE, &[FORM, ("Authorization", &good)], "x=1").json()["error"], "invalid_request");
    }

    fn metadata_and_keys_let_others_check_tokens(server) {
        let metadata = server.get("/.well-known/oauth-authorization-server").ok();
        assert_eq!(metadata["issuer"], PUBLIC_URL);
        assert_eq!(metadata["token_endpoint"], format!("{PUBLIC_URL}{TOKEN}"));
        assert_eq!(metadata["response_types_supported"], json!(["none"]), "the list is required, and not empty");
        for endpoint in ["token", "revocation"] {
            let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
            assert_eq!(methods, &json!(["client_secret_basic", "client_secret_post", "none"]));
        }
        let keys = server.get("/.well-known/jwks.json").ok();
        let own = Keys::read(SIGNING_KEY).unwrap();
        assert_eq!(keys["keys"], Value::from(own.public()));
        assert!(!keys.to_string().contains("\"d\""), "a private key is shown");
        let token = server.account(Role::Partner).bearer;
        let header = jsonwebtoken::decode_header(token.trim_start_matches("Bearer ")).unwrap();
        assert_eq!((header.alg, header.kid.as_deref()), (Algorithm::EdDSA, keys["keys"][0]["kid"].as_str()));
    }

    fn public_answers_are_the_same_with_a_token(server) {
        let account = server.account(Role::Partner);
        for path in ["/api/v1/members?limit=2", "/api/v1/members/commune-larache", "/api/v1/network"] {
            let (with, without) = (server.get_with(path, &[account.header()]), server.get(path));
            assert_eq!((with.status, &with.body), (200, &without.body), "{path}");
            assert_eq!(with.header("etag"), without.header("etag"), "{path}");
        }
        // A token of an account that is not there any more does no harm where everybody may read.
        assert_eq!(server.get_with("/api/v1/members", &[("Authorization", &token_of_nobody(Role::Partner))]).status, 200);
        me(server, &token_of_nobody(Role::Partner)).problem(401, "invalid_token");
    }
}
