//! Accounts as the administrator manages them: made, changed, disabled, given secrets, and never shown with one.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    openapi::assert_documented,
    support::{TestServer, accounts::Account, client::Answer, on_both},
};

const USERS: &str = "/api/v1/users";
const CLIENTS: &str = "/api/v1/clients";
const PASSWORD: &str = "correct horse battery staple";

#[track_caller]
fn made(server: &TestServer, administrator: &Account, path: &str, body: &Value) -> Value {
    let answer = server.json("POST", path, &[administrator.header()], body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_documented(if path == USERS { "createUser" } else { "createClient" }, &answer);
    assert_eq!(answer.header("location"), answer.json()["links"]["self"].as_str());
    answer.json()
}

fn patch(server: &TestServer, administrator: &Account, account: &Value, body: &Value) -> Answer {
    let path = account["links"]["self"].as_str().unwrap();
    let current = server.get_with(path, &[administrator.header()]);
    let tag = current.header("etag").unwrap().to_owned();
    server.json("PATCH", path, &[administrator.header(), ("If-Match", &tag)], body)
}

fn sign_in(server: &TestServer, password: &str) -> Answer {
    server.json("POST", "/api/v1/auth/sessions", &[], &json!({"email": "amina@example.org", "password": password}))
}

fn token(server: &TestServer, id: &Value, secret: &Value) -> u16 {
    let basic = STANDARD.encode(format!("{}:{}", id.as_str().unwrap(), secret.as_str().unwrap()));
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", &format!("Basic {basic}"))];
    server.send_body("POST", "/api/v1/auth/token", &headers, "grant_type=client_credentials").status
}

on_both! {
    fn a_person_is_invited_signs_in_and_is_disabled(server) {
        let administrator = server.account(Role::Administrator);
        let body = json!({"name": " Amina@Example.org ", "role": "focal_point", "member": "commune-larache"});
        let user = made(server, &administrator, USERS, &body);
        assert_eq!((&user["name"], &user["kind"], &user["member"], &user["disabled"]), (&json!("amina@example.org"), &json!("user"), &json!("commune-larache"), &json!(false)));
        assert_eq!(sign_in(server, PASSWORD).status, 401, "there is no password yet");
        let set = |secret: &Value| {
            let body = json!({"secret": secret, "new_password": PASSWORD});
            server.json("POST", "/api/v1/auth/password-reset", &[], &body).status
        };
        assert_eq!(set(&user["one_time_secret"]["secret"]), 204);
        let tokens = sign_in(server, PASSWORD).json();
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let me = |server: &TestServer| server.get_with("/api/v1/auth/me", &[("Authorization", &bearer)]);
        assert_eq!(me(server).ok()["member"], "commune-larache");
        let disabled = patch(server, &administrator, &user, &json!({"disabled": true}));
        assert_documented("updateUser", &disabled);
        assert_eq!((&disabled.ok()["disabled"], &disabled.json()["version"]), (&json!(true), &json!(3)));
        assert_eq!((me(server).status, sign_in(server, PASSWORD).status), (401, 401));
        patch(server, &administrator, &user, &json!({"disabled": false})).ok();
        assert_eq!((me(server).status, sign_in(server, PASSWORD).status), (401, 201), "its sessions have ended");
        // Who has forgotten the password is offered another one.
        let path = format!("{}/password-reset", user["links"]["self"].as_str().unwrap());
        let offer = server.send("POST", &path, &[administrator.header()]);
        assert_documented("offerPassword", &offer);
        assert_eq!((set(&offer.ok()["secret"]), set(&offer.ok()["secret"])), (204, 422));
    }

    fn a_changed_account_is_asked_to_get_new_tokens(server) {
        let administrator = server.account(Role::Administrator);
        let client = made(server, &administrator, CLIENTS, &json!({"name": "register", "role": "partner"}));
        assert_eq!(token(server, &client["id"], &client["client_secret"]), 200);
        let unchanged = patch(server, &administrator, &client, &json!({"role": "partner"}));
        assert_eq!(unchanged.ok()["version"], 1, "what changes nothing writes nothing");
        let changed = patch(server, &administrator, &client, &json!({"role": "evaluator", "organisation": "Averroès", "assigned_members": ["commune-martil", "commune-larache"]}));
        assert_documented("updateClient", &changed);
        assert_eq!((&changed.ok()["assigned_members"], &changed.json()["role"]), (&json!(["commune-larache", "commune-martil"]), &json!("evaluator")));
        let path = client["links"]["self"].as_str().unwrap();
        let fetched = server.get_with(path, &[administrator.header()]);
        assert_documented("getClient", &fetched);
        assert_eq!((fetched.ok(), fetched.header("cache-control")), (changed.json(), Some("no-store")));
        server.json("PATCH", path, &[administrator.header()], &json!({"role": "partner"})).problem(428, "precondition_required");
        server.json("PATCH", path, &[administrator.header(), ("If-Match", "\"1-json\"")], &json!({"role": "partner"})).problem(412, "precondition_failed");
        server.get_with(&path.replace("clients", "users"), &[administrator.header()]).problem(404, "not_found");
        let audit = server.get_with(&format!("/api/v1/audit?resource_id={}&action=updated", client["id"].as_str().unwrap()), &[administrator.header()]).ok();
        assert_eq!((&audit["data"][0]["before"]["role"], &audit["data"][0]["after"]["organisation"]), (&json!("partner"), &json!("Averroès")));
    }

    fn what_is_wrong_with_an_account_is_said_at_once(server) {
        let administrator = server.account(Role::Administrator);
        let refused = |path: &str, body: &Value| {
            let problem = server.json("POST", path, &[administrator.header()], body).problem(422, "invalid_content");
            problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(refused(USERS, &json!({"name": "nobody", "role": "evaluator", "member": "commune-larache"})), ["/member", "/name", "/organisation"]);
        assert_eq!(refused(USERS, &json!({"name": "a@b.example", "role": "focal_point", "member": "Larache!"})), ["/member"]);
        assert_eq!(refused(USERS, &json!({"name": "a@b.example", "role": "focal_point", "member": "commune-nowhere"})), ["/member"]);
        assert_eq!(refused(CLIENTS, &json!({"name": "x", "role": "evaluator", "organisation": "A", "assigned_members": ["commune-larache", "commune-nowhere"]})), ["/assigned_members/1"]);
        assert_eq!(refused(CLIENTS, &json!({"name": "x", "role": "partner", "assigned_members": ["commune-larache"]})), ["/assigned_members"]);
        made(server, &administrator, CLIENTS, &json!({"name": "x", "role": "partner"}));
        server.json("POST", CLIENTS, &[administrator.header()], &json!({"name": "x", "role": "partner"})).problem(409, "already_exists");
        let key = [administrator.header(), ("Idempotency-Key", "a")];
        server.json("POST", CLIENTS, &key, &json!({"name": "y", "role": "partner"})).problem(400, "invalid_header");
        server.json("POST", USERS, &[administrator.header()], &json!({"name": "a@b.example", "role": "king"})).problem(400, "invalid_body");
        server.json("POST", USERS, &[administrator.header()], &json!({"name": "a@b.example", "role": "partner", "secret_hash": "x"})).problem(400, "unknown_property");
    }

    fn the_last_administrator_stays(server) {
        let one = server.account(Role::Administrator);
        let list = server.get_with(&format!("{CLIENTS}?role=administrator&disabled=false&count=exact"), &[one.header()]);
        assert_documented("listClients", &list);
        assert_eq!(list.ok()["page"]["total"], 1);
        let own = list.json()["data"][0].clone();
        for change in [json!({"disabled": true}), json!({"role": "partner"})] {
            let problem = patch(server, &one, &own, &change).problem(409, "not_now");
            assert_eq!(problem["errors"][0]["code"], "last_administrator");
        }
        // Two administrators who disable each other at once: one of them stays.
        let two = server.account(Role::Administrator);
        let other = server.get_with(&format!("{CLIENTS}/{}", two.id), &[one.header()]).json();
        let disable = json!({"disabled": true});
        let path = |account: &Value| account["links"]["self"].as_str().unwrap().to_owned();
        let send = |who: &Account, whom: &str| server.json("PATCH", whom, &[who.header(), ("If-Match", "*")], &disable).status;
        let (other, own) = (path(&other), path(&own));
        let (first, second) = std::thread::scope(|scope| {
            let (first, second) = (scope.spawn(|| send(&one, &other)), scope.spawn(|| send(&two, &own)));
            (first.join().unwrap(), second.join().unwrap())
        });
        assert!([(200, 401), (401, 200), (200, 409), (409, 200)].contains(&(first, second)), "{first} {second}");
    }

    fn two_secrets_of_a_machine_are_good_at_once_and_not_three(server) {
        let administrator = server.account(Role::Administrator);
        let client = made(server, &administrator, CLIENTS, &json!({"name": "register", "role": "registrar"}));
        let path = client["links"]["self"].as_str().unwrap();
        let rotate = || {
            let answer = server.send("POST", &format!("{path}/secret"), &[administrator.header()]);
            assert_documented("rotateClientSecret", &answer);
            answer.ok()["client_secret"].clone()
        };
        let good = |secret: &Value| token(server, &client["id"], secret) == 200;
        let (first, second) = (client["client_secret"].clone(), rotate());
        assert!(good(&first) && good(&second));
        let third = rotate();
        assert!(!good(&first) && good(&second) && good(&third));
        let drop = |tag: &str| server.send("DELETE", &format!("{path}/former-secret"), &[administrator.header(), ("If-Match", tag)]);
        assert_eq!((drop("\"1-json\"").status, drop("*").status, drop("*").status), (412, 204, 404));
        assert!(!good(&second) && good(&third));
    }

    fn no_answer_holds_a_hash_or_an_old_secret(server) {
        let administrator = server.account(Role::Administrator);
        let client = made(server, &administrator, CLIENTS, &json!({"name": "register", "role": "registrar"}));
        let user = made(server, &administrator, USERS, &json!({"name": "amina@example.org", "role": "partner"}));
        let secrets = [client["client_secret"].clone(), user["one_time_secret"]["secret"].clone()];
        let paths = [
            USERS.to_owned(),
            CLIENTS.to_owned(),
            format!("{USERS}?format=csv"),
            format!("{CLIENTS}?format=ndjson"),
            user["links"]["self"].as_str().unwrap().to_owned(),
            client["links"]["self"].as_str().unwrap().to_owned(),
            "/api/v1/audit?limit=200".to_owned(),
        ];
        for path in paths {
            let answer = server.get_with(&path, &[administrator.header()]);
            assert_eq!(answer.status, 200, "{path}");
            for secret in &secrets {
                let secret = secret.as_str().unwrap();
                let hash = remacto::auth::passwords::hash_secret(secret);
                assert!(!answer.text().contains(secret) && !answer.text().contains(&hash), "{path}");
            }
            assert!(!answer.text().contains("argon2") && !answer.text().contains("secret_hash"), "{path}");
        }
    }
}
