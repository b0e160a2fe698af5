//! The rights of a person: to be told all that is held, to have it put right, to have it erased; and what goes by itself.

use chrono::{Days, Utc};
use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _, sql_query, sql_types,
};
use remacto::{
    auth::{
        accounts::{AccountKind, NewAccount, SecretHash, Terms},
        passwords::hash_password,
        roles::Role,
        store,
    },
    db::Target,
    retention::{self, Forgotten, Periods},
};
use serde_json::{Value, json};

use crate::{
    consultations::{address, made, open_round, program},
    openapi::assert_documented,
    support::{
        TestServer,
        accounts::{Account, OPERATOR},
        client::Answer,
        on_both, today,
    },
};

const PASSWORD: &str = "correct horse battery staple";
const EMAIL: &str = "amina@example.org";
const LARACHE: &str = "/api/v1/members/commune-larache/focal-points";
const MARTIL: &str = "/api/v1/members/commune-martil/focal-points";
const LIST: &str = "kind,territory_code,site_web\nmunicipality,01.573.01.03,https://www.martil.ma\n";

/// A person's account with a password; hashing one takes long, so all have the same.
fn person(server: &TestServer, email: &str, role: Role) -> String {
    static HASH: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let hash = HASH.get_or_init(|| hash_password(PASSWORD).unwrap()).clone();
    let (kind, name, terms) = (AccountKind::User, email.to_owned(), Terms::new(role, None, None));
    let new = NewAccount { kind, name, terms, secret_hash: SecretHash(hash) };
    server.db.write_blocking(&OPERATOR, |tx| store::create(tx, new.check().unwrap())).unwrap()
}

fn sign_in(server: &TestServer, email: &str) -> Value {
    let body = json!({"email": email, "password": PASSWORD});
    let answer = server.json("POST", "/api/v1/auth/sessions", &[("User-Agent", "Canary/7")], &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn bearer(tokens: &Value) -> String {
    format!("Bearer {}", tokens["access_token"].as_str().unwrap())
}

fn add(server: &TestServer, authorization: &str, path: &str, key: &str, email: &str) -> Value {
    let body =
        json!({"full_name": "Amina Alami", "email": email, "phone": "+212537000000", "preferred_language": "fr"});
    let answer = server.json("POST", path, &[("Authorization", authorization), ("Idempotency-Key", key)], &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// A person of whom everything is held that can be: an account of the secretariat that is signed in and has imported,
/// focal points of two members, a contribution to a consultation, and answers that are kept.
struct Amina {
    account: String,
    tokens: Value,
    points: [Value; 2],
    import: Value,
}

fn amina(server: &TestServer) -> Amina {
    let account = person(server, EMAIL, Role::Secretariat);
    let (tokens, other) = (sign_in(server, EMAIL), server.account(Role::Secretariat));
    let points =
        [add(server, &bearer(&tokens), LARACHE, "own", EMAIL), add(server, &other.bearer, MARTIL, "other", EMAIL)];
    let headers = [("Authorization", bearer(&tokens)), ("Content-Type", "text/csv".to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let import = server.send_body("POST", "/api/v1/imports?resource=members&dry_run=false", &headers, LIST);
    assert_eq!(import.status, 201, "{}", import.text());
    contribute(server, "Amina Alami", EMAIL);
    Amina { account, tokens, points, import: import.json() }
}

/// Somebody contributes to an open round, of a programme that is made for it.
fn contribute(server: &TestServer, name: &str, email: &str) {
    if server.get("/api/v1/action-programs").ok()["data"].as_array().unwrap().is_empty() {
        program(server, "published");
        made(server, &server.account(Role::Secretariat), &open_round());
    }
    let round = server.get("/api/v1/consultations").ok()["data"][0].clone();
    let body = json!({"text": "Planter des arbres", "language": "fr", "contact": {"name": name, "email": email}});
    let path = format!("{}/contributions", address(&round));
    let answer = server.json("POST", &path, &[("Idempotency-Key", &format!("key-of-{email}-0123456789"))], &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
}

fn ask(server: &TestServer, who: &Account, what: &str, body: &Value) -> Answer {
    server.json("POST", &format!("/api/v1/persons/{what}"), &[who.header()], body)
}

fn refresh(server: &TestServer, tokens: &Value) -> u16 {
    let form = format!("grant_type=refresh_token&refresh_token={}", tokens["refresh_token"].as_str().unwrap());
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    server.send_body("POST", "/api/v1/auth/token", &headers, &form).status
}

fn me(server: &TestServer, tokens: &Value) -> u16 {
    server.get_with("/api/v1/auth/me", &[("Authorization", &bearer(tokens))]).status
}

fn audit(server: &TestServer, administrator: &Account, query: &str) -> Vec<Value> {
    let path = format!("/api/v1/audit?limit=200&sort=at&{query}");
    server.get_with(&path, &[administrator.header()]).ok()["data"].as_array().unwrap().clone()
}

#[derive(QueryableByName)]
struct Text {
    #[diesel(sql_type = sql_types::Text)]
    text: String,
}

fn texts(target: &Target, sqlite: &str, postgres: &str) -> Vec<String> {
    let rows: Vec<Text> = match target {
        Target::Sqlite(file) => {
            sql_query(sqlite).load(&mut SqliteConnection::establish(&file.to_string_lossy()).unwrap()).unwrap()
        }
        Target::Postgres(url) => {
            sql_query(postgres).load(&mut PgConnection::establish(&url.with_connect_timeout(5)).unwrap()).unwrap()
        }
    };
    rows.into_iter().map(|row| row.text).collect()
}

/// The columns of all tables in which one of these texts stands.
fn places_of(target: &Target, words: &[&str]) -> Vec<String> {
    let columns = texts(
        target,
        "SELECT t.name || '.' || c.name AS text FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'",
        "SELECT table_name || '.' || column_name AS text FROM information_schema.columns WHERE table_schema = 'public'",
    );
    assert!(columns.len() > 100, "{columns:?}");
    let holds = |column: &String| {
        let (table, name) = column.split_once('.').unwrap();
        words.iter().any(|word| {
            let sql =
                format!("SELECT '{column}' AS text FROM {table} WHERE lower(CAST({name} AS TEXT)) LIKE '%{word}%'");
            !texts(target, &sql, &sql).is_empty()
        })
    };
    columns.into_iter().filter(holds).collect()
}

fn days(days: u64) -> Periods {
    let kept = Days::new(days);
    Periods {
        feed: Days::new(400),
        sessions: kept,
        focal_points: kept,
        accounts: kept,
        contribution_contacts: kept,
        audit_addresses: kept,
    }
}

on_both! {
    fn a_person_is_told_all_that_is_held(server) {
        let (amina, administrator) = (amina(server), server.account(Role::Administrator));
        let answer = ask(server, &administrator, "access", &json!({"email": " AMINA@example.org "}));
        assert_documented("accessPerson", &answer);
        assert_eq!((answer.header("cache-control"), answer.header("etag")), (Some("no-store"), None));
        let held = answer.ok();
        assert_eq!((&held["email"], &held["focal_points"]), (&json!(EMAIL), &json!(amina.points)));
        let contribution = &held["contributions"][0];
        assert_eq!((&contribution["name"], &contribution["text"], &contribution["moderation"]), (&json!("Amina Alami"), &json!("Planter des arbres"), &json!("pending")));
        let account = &held["account"];
        assert_eq!((&account["id"], &account["role"], &account["disabled_at"]), (&json!(amina.account), &json!("secretariat"), &Value::Null));
        let session = &account["sessions"][0];
        assert_eq!((&session["id"], &session["user_agent"], &session["ended_at"]), (&amina.tokens["session_id"], &json!("Canary/7"), &Value::Null));
        assert_eq!((&account["imports"][0]["id"], &account["imports"][0]["outcome"]), (&amina.import["id"], &json!("applied")));
        assert_eq!((&account["kept_answers"], &account["password_offered_until"]), (&json!(1), &Value::Null));
        let deeds: Vec<(&str, &str, i64)> = account["deeds"].as_array().unwrap().iter()
            .map(|deed| (deed["resource"].as_str().unwrap(), deed["action"].as_str().unwrap(), deed["count"].as_i64().unwrap())).collect();
        let address = &account["addresses"][0];
        assert_eq!((&address["address"], &address["count"]), (&json!("127.0.0.1"), &json!(1)));
        assert!(address["first_at"] == address["last_at"] && address["first_at"].as_str() >= session["created_at"].as_str());
        assert!(deeds.contains(&("focal_points", "created", 1)) && deeds.contains(&("members", "imported", 1)), "{deeds:?}");
        for hidden in ["argon2", "secret_hash", "sha256"] {
            assert!(!answer.text().contains(hidden), "{hidden}");
        }
        let offer = format!("/api/v1/users/{}/password-reset", amina.account);
        server.send("POST", &offer, &[administrator.header()]).ok();
        let again = ask(server, &administrator, "access", &json!({"email": EMAIL})).ok();
        assert!(again["account"]["password_offered_until"].is_string());
        let entries = audit(server, &administrator, "resource=persons");
        assert_eq!(entries.len(), 2);
        let told = (&entries[0]["action"], &entries[0]["resource_id"], &entries[0]["before"], &entries[0]["after"]);
        assert_eq!(told, (&json!("accessed"), &json!(amina.account), &Value::Null, &Value::Null));
    }

    fn who_is_only_a_focal_point_is_found_too_and_nobody_is_a_404(server) {
        let administrator = server.account(Role::Administrator);
        let point = add(server, &server.account(Role::Secretariat).bearer, LARACHE, "one", EMAIL);
        let held = ask(server, &administrator, "access", &json!({"email": EMAIL})).ok();
        assert_eq!((&held["account"], &held["focal_points"][0]), (&Value::Null, &point));
        assert_eq!(audit(server, &administrator, "resource=persons")[0]["resource_id"], point["id"]);
        for what in ["access", "erasure"] {
            ask(server, &administrator, what, &json!({"email": "nobody@example.org"})).problem(404, "not_found");
            ask(server, &administrator, what, &json!({"email": "nobody"})).problem(422, "invalid_content");
            ask(server, &administrator, what, &json!({"email": EMAIL, "name": "x"})).problem(400, "unknown_property");
        }
        ask(server, &administrator, "rectification", &json!({"email": "nobody@example.org", "changes": {}})).problem(404, "not_found");
        for what in ["access", "rectification", "erasure"] {
            let path = format!("/api/v1/persons/{what}");
            let body = json!({"email": EMAIL, "changes": {}});
            let problem = server.json("POST", &path, &[administrator.header(), ("Idempotency-Key", "a")], &body).problem(400, "invalid_header");
            assert!(problem["detail"].as_str().unwrap().contains("personal"), "{problem}");
            server.get_with(&path, &[administrator.header()]).problem(405, "method_not_allowed");
        }
    }

    fn what_is_wrong_about_a_person_is_put_right_wherever_it_stands(server) {
        let (amina, administrator) = (amina(server), server.account(Role::Administrator));
        let new = "alami@example.org";
        server.get_with("/api/v1/audit", &[("Authorization", &bearer(&amina.tokens))]).problem(403, "forbidden");
        let changes = json!({"email": "Alami@example.org", "full_name": " Amina El Alami ", "phone": null});
        let answer = ask(server, &administrator, "rectification", &json!({"email": EMAIL, "changes": changes}));
        assert_documented("rectifyPerson", &answer);
        let held = answer.ok();
        let deeds = held["account"]["deeds"].as_array().unwrap();
        assert!(deeds.iter().any(|deed| deed["action"] == "refused"), "what was only counted is held, too: {deeds:?}");
        assert_eq!((&held["email"], &held["account"]["id"], &held["account"]["version"]), (&json!(new), &json!(amina.account), &json!(2)));
        for point in held["focal_points"].as_array().unwrap() {
            assert_eq!((&point["email"], &point["full_name"], &point["phone"], &point["version"]), (&json!(new), &json!("Amina El Alami"), &Value::Null, &json!(2)));
        }
        assert_eq!(held["focal_points"].as_array().unwrap().len(), 2);
        assert_eq!(held["contributions"][0]["name"], "Amina El Alami");
        assert_eq!((me(server, &amina.tokens), refresh(server, &amina.tokens)), (200, 200), "nobody is signed out");
        sign_in(server, new);
        assert_eq!(places_of(&server.target, &[EMAIL]), Vec::<String>::new(), "not in kept answers either");
        let same = ask(server, &administrator, "rectification", &json!({"email": new, "changes": {"email": new}})).ok();
        assert_eq!(same["account"]["version"], 2, "what changes nothing writes nothing");
        let entries = audit(server, &administrator, "action=updated&resource=accounts");
        assert_eq!((entries.len(), &entries[0]["after"]), (1, &json!({"email": "changed"})));
        ask(server, &administrator, "access", &json!({"email": EMAIL})).problem(404, "not_found");
    }

    fn an_address_of_somebody_else_is_refused_and_nothing_is_changed(server) {
        let (amina, administrator) = (amina(server), server.account(Role::Administrator));
        person(server, "btissam@example.org", Role::Partner);
        add(server, &server.account(Role::Secretariat).bearer, MARTIL, "two", "chaimae@example.org");
        let rectify = |changes: Value| ask(server, &administrator, "rectification", &json!({"email": EMAIL, "changes": changes}));
        for other in ["btissam@example.org", "chaimae@example.org"] {
            let problem = rectify(json!({"email": other, "full_name": "X"})).problem(409, "already_exists");
            assert_eq!(problem["errors"][0]["pointer"], "/changes/email", "{problem}");
        }
        let problem = rectify(json!({"email": "x", "full_name": " ", "phone": "1"})).problem(422, "invalid_content");
        let pointers: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
        assert_eq!(pointers, ["/changes/email", "/changes/full_name", "/changes/phone"]);
        rectify(json!({"full_name": null})).problem(400, "invalid_body");
        let of_account = json!({"email": "btissam@example.org", "changes": {"full_name": "B", "preferred_language": "ar"}});
        let problem = ask(server, &administrator, "rectification", &of_account).problem(422, "invalid_content");
        assert_eq!((&problem["errors"][0]["pointer"], &problem["errors"][1]["pointer"]), (&json!("/changes/full_name"), &json!("/changes/preferred_language")));
        assert_eq!(ask(server, &administrator, "access", &json!({"email": EMAIL})).ok()["focal_points"], json!(amina.points));
    }

    fn who_is_erased_leaves_no_trace_but_that_something_was_done(server) {
        let (amina, administrator) = (amina(server), server.account(Role::Administrator));
        let offer = || server.send("POST", &format!("/api/v1/users/{}/password-reset", amina.account), &[administrator.header()]).ok();
        // The first secret is used, which ends the session from the same address; the second one is not.
        let new = json!({"secret": offer()["secret"], "new_password": "another correct horse battery"});
        assert_eq!(server.json("POST", "/api/v1/auth/password-reset", &[], &new).status, 204);
        offer();
        let held = ask(server, &administrator, "access", &json!({"email": EMAIL})).ok();
        assert_eq!((&held["account"]["addresses"][0]["address"], &held["account"]["addresses"][0]["count"]), (&json!("127.0.0.1"), &json!(3)));
        let words = [EMAIL, "alami", "212537000000", "canary/7"];
        assert!(places_of(&server.target, &words).len() >= 5, "{:?}", places_of(&server.target, &words));
        let answer = ask(server, &administrator, "erasure", &json!({"email": EMAIL}));
        assert_documented("erasePerson", &answer);
        assert_eq!(answer.ok(), json!({"focal_points": 2, "accounts": 1, "sessions": 1, "import_reports": 1, "kept_answers": 2, "contribution_contacts": 1, "addresses": 3}));
        let entries = audit(server, &administrator, "");
        assert!(entries.len() < 200 && entries.iter().all(|entry| entry["address"].is_null()), "{entries:?}");
        assert_eq!(places_of(&server.target, &words), Vec::<String>::new());
        assert_eq!((me(server, &amina.tokens), refresh(server, &amina.tokens)), (401, 400));
        for what in ["access", "erasure"] {
            ask(server, &administrator, what, &json!({"email": EMAIL})).problem(404, "not_found");
        }
        // By ids, the audit still knows what was done, and that it was erased.
        let erased = audit(server, &administrator, "action=erased");
        let mut told: Vec<(&str, &str)> = erased.iter().map(|entry| (entry["resource"].as_str().unwrap(), entry["resource_id"].as_str().unwrap())).collect();
        let id = |value: &Value| value.as_str().unwrap().to_owned();
        let [one, two] = [&amina.points[0]["id"], &amina.points[1]["id"]].map(id);
        let (session, import) = (id(&amina.tokens["session_id"]), id(&amina.import["id"]));
        let mut expected = vec![("accounts", amina.account.as_str()), ("sessions", &session), ("imports", &import), ("focal_points", &one), ("focal_points", &two)];
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected);
        assert!(!audit(server, &administrator, &format!("account_id={}", amina.account)).is_empty());
        // Others are left alone, and the address is free.
        person(server, EMAIL, Role::Partner);
    }

    fn who_only_contributed_has_the_same_rights(server) {
        contribute(server, "Amina Alami", EMAIL);
        let administrator = server.account(Role::Administrator);
        let held = ask(server, &administrator, "access", &json!({"email": EMAIL})).ok();
        assert_eq!((&held["account"], &held["focal_points"], held["contributions"].as_array().unwrap().len()), (&Value::Null, &json!([]), 1));
        assert_eq!(audit(server, &administrator, "resource=persons")[0]["resource_id"], held["contributions"][0]["id"]);
        let rectify = |changes: Value| ask(server, &administrator, "rectification", &json!({"email": EMAIL, "changes": changes}));
        let problem = rectify(json!({"phone": "+212537000000"})).problem(422, "invalid_content");
        assert_eq!(problem["errors"][0]["code"], "not_held");
        assert_eq!(rectify(json!({"full_name": "Amina El Alami"})).ok()["contributions"][0]["name"], "Amina El Alami");
        let none = json!({"focal_points": 0, "accounts": 0, "sessions": 0, "import_reports": 0, "kept_answers": 0, "contribution_contacts": 1, "addresses": 0});
        assert_eq!(ask(server, &administrator, "erasure", &json!({"email": EMAIL})).ok(), none);
        assert_eq!(places_of(&server.target, &[EMAIL, "alami"]), Vec::<String>::new());
        let actions: Vec<Value> = audit(server, &administrator, "resource=contributions").into_iter().map(|entry| entry["action"].clone()).collect();
        assert_eq!(actions, ["created", "contact_corrected", "contact_erased"]);
        ask(server, &administrator, "access", &json!({"email": EMAIL})).problem(404, "not_found");
    }

    fn contacts_go_by_themselves_long_after_the_round(server) {
        for number in 0..3 {
            contribute(server, "Canary", &format!("canary{number}@example.org"));
        }
        assert_eq!(retention::forget(&server.db, &days(30), 2), Forgotten::default());
        let ago = |days: u64| (today() - Days::new(days)).to_string();
        server.execute(&format!("UPDATE consultation SET opens_on = '{}', closes_on = '{}'", ago(99), ago(30))).unwrap();
        assert_eq!(retention::forget(&server.db, &days(30), 2), Forgotten::default(), "not before they are over");
        server.execute(&format!("UPDATE consultation SET closes_on = '{}'", ago(31))).unwrap();
        assert_eq!(retention::forget(&server.db, &days(30), 2), Forgotten { contribution_contacts: 3, ..Forgotten::default() });
        assert_eq!(places_of(&server.target, &["canary"]), Vec::<String>::new());
        let entries = audit(server, &server.account(Role::Administrator), "action=contact_erased");
        assert!(entries.len() == 3 && entries.iter().all(|entry| entry["task"] == "retention of personal data"), "{entries:?}");
    }

    fn a_round_without_end_keeps_no_contact_for_ever(server) {
        contribute(server, "Canary", "canary@example.org");
        let ago = |days: u64| (today() - Days::new(days)).to_string();
        server.execute(&format!("UPDATE consultation SET opens_on = '{}', closes_on = '2199-12-31'", ago(999))).unwrap();
        server.execute(&format!("UPDATE contribution SET created_at = '{} 12:00:00'", ago(30 + 366))).unwrap();
        assert_eq!(retention::forget(&server.db, &days(30), 2), Forgotten::default());
        server.execute(&format!("UPDATE contribution SET created_at = '{} 12:00:00'", ago(31 + 366))).unwrap();
        assert_eq!(retention::forget(&server.db, &days(30), 2), Forgotten { contribution_contacts: 1, ..Forgotten::default() });
    }

    fn the_last_administrator_can_not_be_erased(server) {
        let id = person(server, EMAIL, Role::Administrator);
        let tokens = sign_in(server, EMAIL);
        let point = add(server, &server.account(Role::Secretariat).bearer, LARACHE, "one", EMAIL);
        let erase = || server.json("POST", "/api/v1/persons/erasure", &[("Authorization", &bearer(&tokens))], &json!({"email": EMAIL}));
        let problem = erase().problem(409, "not_now");
        assert_eq!(problem["errors"][0]["code"], "last_administrator");
        let held = server.json("POST", "/api/v1/persons/access", &[("Authorization", &bearer(&tokens))], &json!({"email": EMAIL})).ok();
        assert_eq!((&held["account"]["id"], &held["focal_points"][0]), (&json!(id), &point), "all or nothing");
        let other = server.account(Role::Administrator);
        erase().ok();
        assert_eq!(me(server, &tokens), 401);
        ask(server, &other, "erasure", &json!({"email": EMAIL})).problem(404, "not_found");
    }

    fn nobody_else_asks_for_a_person(server) {
        add(server, &server.account(Role::Secretariat).bearer, LARACHE, "one", EMAIL);
        for role in Role::ALL.iter().filter(|role| **role != Role::Administrator) {
            for what in ["access", "rectification", "erasure"] {
                ask(server, &server.account(*role), what, &json!({"email": EMAIL})).problem(403, "forbidden");
            }
        }
    }

    fn what_is_personal_goes_by_itself_in_pieces(server) {
        let (amina, secretary) = (amina(server), server.account(Role::Secretariat));
        let (today, now) = (today(), Utc::now().naive_utc());
        let left = |email: &str, days: u64| {
            let body = json!({"full_name": "Canary", "email": email, "preferred_language": "ar", "serves_until": today - Days::new(days)});
            server.json("POST", LARACHE, &[secretary.header(), ("Idempotency-Key", email)], &body).json()
        };
        let old: Vec<Value> = (0..5).map(|n| left(&format!("old{n}@example.org"), 31)).collect();
        let recent = left("recent@example.org", 30);
        let (gone, kept) = (person(server, "gone@example.org", Role::Secretariat), person(server, "kept@example.org", Role::Partner));
        let tokens = sign_in(server, "gone@example.org");
        for n in 0..3 {
            let bearer = bearer(&tokens);
            let headers = [("Authorization", bearer.as_str()), ("Content-Type", "text/csv")];
            assert_eq!(server.send_body("POST", "/api/v1/imports?resource=members", &headers, LIST).status, 201, "{n}");
        }
        for id in [&gone, &kept] {
            server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, id, true)).unwrap();
        }
        let ago = |days: u64| (now - Days::new(days)).format("%F %T").to_string();
        server.execute(&format!("UPDATE account SET disabled_at = '{}' WHERE email = 'gone@example.org'", ago(31))).unwrap();
        server.execute(&format!("UPDATE account SET disabled_at = '{}' WHERE email = 'kept@example.org'", ago(29))).unwrap();
        // A machine's account is nobody's, and an enabled one is in use.
        server.execute(&format!("UPDATE account SET disabled_at = '{}' WHERE id = '{}'", ago(99), server.account(Role::Partner).id)).unwrap();
        server.execute(&format!("UPDATE session SET ended_at = '{}' WHERE account_id = '{}'", ago(31), amina.account)).unwrap();
        let forgotten = retention::forget(&server.db, &days(30), 2);
        assert_eq!(forgotten, Forgotten { changes: 0, spent: 0, sessions: 1, focal_points: 5, accounts: 1, contribution_contacts: 0, audit_addresses: 0 });
        assert_eq!(retention::forget(&server.db, &days(30), 2), Forgotten::default(), "nothing is left to do");
        assert_eq!(places_of(&server.target, &["old0@example", "old4@example", "gone@example"]), Vec::<String>::new());
        assert_eq!(server.get_with(recent["links"]["self"].as_str().unwrap(), &[secretary.header()]).ok(), recent);
        let administrator = server.account(Role::Administrator);
        ask(server, &administrator, "access", &json!({"email": "kept@example.org"})).ok();
        let entries = audit(server, &administrator, "action=erased");
        assert!(entries.iter().all(|entry| entry["task"] == "retention of personal data"), "{entries:?}");
        let of = |resource: &str| entries.iter().filter(|entry| entry["resource"] == resource).map(|entry| entry["resource_id"].clone()).collect::<Vec<_>>();
        assert_eq!((of("focal_points").len(), of("imports").len(), of("accounts")), (5, 3, vec![json!(gone)]));
        assert!(old.iter().all(|point| of("focal_points").contains(&point["id"])));
    }
}

/// Whether a text stands in a file of the embedded database: its own, its log, or the log's index.
fn is_in_files(server: &TestServer, text: &str) -> bool {
    let Target::Sqlite(file) = &server.target else { unreachable!() };
    let entries = std::fs::read_dir(file.parent().unwrap()).unwrap();
    let mut contents = entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    contents.any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[test]
fn what_was_erased_is_in_no_file_of_the_embedded_database() {
    const WORDS: [&str; 3] = ["Amina Alami", EMAIL, "+212537000000"];
    let server = TestServer::on_sqlite();
    let administrator = server.account(Role::Administrator);
    amina(&server);
    for word in WORDS {
        assert!(is_in_files(&server, word), "{word}");
    }
    ask(&server, &administrator, "erasure", &json!({"email": EMAIL})).ok();
    for word in WORDS {
        assert!(!is_in_files(&server, word), "{word}");
    }
    assert!(!server.db.log_holds_erased());
    // Whom the network calls about a member goes with the member.
    let secretary = server.account(Role::Secretariat);
    add(&server, &secretary.bearer, "/api/v1/members/commune-martil/focal-points", "two", EMAIL);
    let deleted = server.send("DELETE", "/api/v1/members/commune-martil", &[secretary.header(), ("If-Match", "*")]);
    assert_eq!((deleted.status, is_in_files(&server, EMAIL)), (204, false), "{}", deleted.text());
}

#[test]
fn a_reader_of_an_older_state_delays_the_emptying_of_the_log_and_does_not_prevent_it() {
    let server = TestServer::on_sqlite();
    let administrator = server.account(Role::Administrator);
    add(&server, &server.account(Role::Secretariat).bearer, LARACHE, "one", EMAIL);
    let Target::Sqlite(file) = &server.target else { unreachable!() };
    let mut reader = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    reader.batch_execute("BEGIN; SELECT count(*) FROM focal_point").unwrap();
    ask(&server, &administrator, "erasure", &json!({"email": EMAIL})).ok();
    assert!(is_in_files(&server, EMAIL) && server.db.log_holds_erased());
    reader.batch_execute("ROLLBACK").unwrap();
    // As the server does it every minute.
    server.db.empty_log().unwrap();
    assert!(!is_in_files(&server, EMAIL) && !server.db.log_holds_erased());
    // A rectification leaves nothing of what was there before either.
    add(&server, &server.account(Role::Secretariat).bearer, LARACHE, "two", EMAIL);
    let changes = json!({"email": EMAIL, "changes": {"email": "nadia@example.org"}});
    ask(&server, &administrator, "rectification", &changes).ok();
    assert!(!is_in_files(&server, EMAIL) && is_in_files(&server, "nadia@example.org"));
}
