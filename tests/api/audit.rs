//! The audit: everything that is done, by whom, with what was there before and after; for the administrator only.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{Days, Utc};
use diesel::{
    BoolExpressionMethods as _, ExpressionMethods as _, QueryDsl as _, QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection as _, sql_query, sql_types,
};
use remacto::{
    auth::{
        accounts::{AccountKind, NewAccount, SecretHash, Terms},
        passwords::hash_password,
        roles::Role,
        store,
    },
    db::{Conn, StoreError, WriteError, schema::audit_entry},
    persons,
    retention::{self, Forgotten, Periods},
};
use serde_json::{Value, json};

use crate::support::{TestServer, accounts::OPERATOR, client::Answer, on_both};

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = sql_types::BigInt)]
    rows: i64,
}

const AUDIT: &str = "/api/v1/audit";
const LARACHE: &str = "/api/v1/members/commune-larache";

fn audit(server: &TestServer, query: &str) -> Vec<Value> {
    let administrator = server.account(Role::Administrator);
    let answer = server.get_with(&format!("{AUDIT}?{query}"), &[administrator.header()]);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.ok()["data"].as_array().unwrap().clone()
}

/// What an entry says of events that are counted, without their moments.
fn event(entry: &Value) -> (&str, Option<&str>, Option<&str>, Value) {
    let mut facts = entry["after"].clone();
    let [first, last] =
        ["first_at", "last_at"].map(|moment| facts.as_object_mut().unwrap().remove(moment).unwrap().to_string());
    assert!(first <= last && last.ends_with("Z\""), "{entry}");
    (entry["action"].as_str().unwrap(), entry["resource_id"].as_str(), entry["address"].as_str(), facts)
}

on_both! {
    fn signing_in_is_noted_with_its_address_and_failing_once_an_hour(server) {
        let server = &TestServer::over(server.target.clone(), &["--trusted-proxies", "127.0.0.1,::1"]);
        let new = NewAccount {
            kind: AccountKind::User,
            name: "amina@example.org".to_owned(),
            terms: Terms::new(Role::Partner, None, None),
            secret_hash: SecretHash(hash_password("correct horse battery").unwrap()),
        };
        let id = server.db.write_blocking(&OPERATOR, |tx| store::create(tx, new.check().unwrap())).unwrap();
        let sign_in = |email: &str, password: &str, from: &str| -> Answer {
            server.json("POST", "/api/v1/auth/sessions", &[("X-Forwarded-For", from)], &json!({"email": email, "password": password}))
        };
        let tokens = sign_in("amina@example.org", "correct horse battery", "203.0.113.9").json();
        for _ in 0..3 {
            sign_in("amina@example.org", "hunter2-hunter2", "203.0.113.9").problem(401, "invalid_credentials");
            sign_in("nobody@example.org", "hunter2-hunter2", "2001:db8::7").problem(401, "invalid_credentials");
        }
        sign_in("amina@example.org", "hunter2-hunter2", "203.0.113.10").problem(401, "invalid_credentials");
        let begun = audit(server, "action=created&resource=sessions");
        assert_eq!((&begun[0]["address"], &begun[0]["resource_id"], &begun[0]["account_id"]), (&json!("203.0.113.9"), &tokens["session_id"], &json!(id)));
        let failed = audit(server, "action=sign_in_refused&sort=at");
        let times = |count: u32| json!({"proof": "password", "reason": "wrong", "count": count});
        let expected = [
            ("sign_in_refused", Some(id.as_str()), Some("203.0.113.9"), times(3)),
            ("sign_in_refused", Some(id.as_str()), Some("203.0.113.10"), times(1)),
            ("sign_in_refused", None, Some("2001:db8::7"), times(3)),
        ];
        assert_eq!(failed.iter().map(event).collect::<Vec<_>>(), expected);
        // Within the hour the count of the same entry grows, but for another instance, which has its own at its end.
        sign_in("amina@example.org", "hunter2-hunter2", "203.0.113.10").problem(401, "invalid_credentials");
        let counted = audit(server, "action=sign_in_refused&sort=at");
        assert_eq!((&counted[1]["id"], event(&counted[1]).3), (&failed[1]["id"], times(2)));
        let wrong = json!({"email": "amina@example.org", "password": "hunter2-hunter2"});
        TestServer::over(server.target.clone(), &[]).json("POST", "/api/v1/auth/sessions", &[], &wrong).problem(401, "invalid_credentials");
        let failed = audit(server, "action=sign_in_refused&sort=at");
        assert_eq!(failed.iter().map(event).collect::<Vec<_>>()[3..], [("sign_in_refused", Some(id.as_str()), Some("127.0.0.1"), times(1))]);
        assert!(failed.iter().all(|entry| entry["actor"] == "system" && entry["task"] == "sign-in" && entry["resource"] == "accounts"), "{failed:?}");
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &id, true)).unwrap();
        sign_in("amina@example.org", "correct horse battery", "203.0.113.12").problem(401, "invalid_credentials");
        let disabled = audit(server, "action=sign_in_refused").swap_remove(0);
        assert_eq!(event(&disabled), ("sign_in_refused", Some(id.as_str()), Some("203.0.113.12"), json!({"proof": "password", "reason": "disabled", "count": 1})));
        let administrator = server.account(Role::Administrator);
        let whole = server.get_with(&format!("{AUDIT}?limit=200"), &[administrator.header()]);
        assert!(!whole.text().contains("hunter2") && !whole.text().contains("example.org"), "{}", whole.text());
        let table = server.get_with(&format!("{AUDIT}?format=csv&fields=action,address&resource=sessions"), &[administrator.header()]);
        assert_eq!(table.text().lines().last(), Some("created,203.0.113.9"));

        // After their time the addresses are gone, and the attempts with them, also one whose address was erased before.
        let erase = diesel::update(audit_entry::table.find(disabled["id"].as_str().unwrap())).set(audit_entry::remote_address.eq(None::<String>));
        server.db.write_blocking(&OPERATOR, |tx| Ok::<_, StoreError>(erase.execute(tx.conn)?)).unwrap();
        let kept = Days::new(90);
        let periods = Periods { feed: kept, sessions: kept, focal_points: kept, accounts: kept, contribution_contacts: kept, audit_addresses: kept };
        assert_eq!(retention::forget(&server.db, &periods, 2), Forgotten::default());
        let then = (Utc::now() - Days::new(91)).naive_utc();
        let counted = audit_entry::remote_address.is_not_null().or(audit_entry::action.eq("sign_in_refused"));
        let age = diesel::update(audit_entry::table.filter(counted)).set(audit_entry::occurred_at.eq(then));
        server.db.write_blocking(&OPERATOR, |tx| Ok::<_, StoreError>(age.execute(tx.conn)?)).unwrap();
        assert_eq!(retention::forget(&server.db, &periods, 2), Forgotten { audit_addresses: 6, ..Forgotten::default() });
        assert_eq!(audit(server, "action=sign_in_refused"), Vec::<Value>::new());
        let begun = audit(server, "action=created&resource=sessions");
        assert_eq!((begun.len(), &begun[0]["address"]), (1, &Value::Null));
        let noted = audit(server, "action=erased&resource=audit");
        assert!(noted.iter().all(|entry| entry["task"] == "retention of personal data"), "{noted:?}");
    }

    fn tokens_of_machines_and_what_a_role_does_not_allow_are_noted(server) {
        let (client, administrator) = (server.account(Role::FocalPoint), server.account(Role::Administrator));
        let grant = |id: &str, secret: &str| {
            let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
            let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", basic.as_str())];
            server.send_body("POST", "/api/v1/auth/token", &headers, "grant_type=client_credentials").status
        };
        assert_eq!((grant(&client.id, &client.secret), grant(&client.id, &client.secret)), (200, 200));
        assert_eq!((grant(&client.id, "wrong"), grant("hunter2", "wrong")), (401, 401));
        let granted = audit(server, "resource=tokens");
        let said = json!({"grant": "client_credentials", "count": 2});
        assert_eq!(granted.iter().map(event).collect::<Vec<_>>(), [("granted", None, Some("127.0.0.1"), said)]);
        assert_eq!((&granted[0]["account_id"], &granted[0]["role"]), (&json!(client.id), &json!("focal_point")));
        let failed = audit(server, "action=sign_in_refused&sort=at");
        let said = json!({"proof": "client_secret", "count": 1});
        let expected = [("sign_in_refused", Some(client.id.as_str()), Some("127.0.0.1"), said.clone()), ("sign_in_refused", None, Some("127.0.0.1"), said)];
        assert_eq!(failed.iter().map(event).collect::<Vec<_>>(), expected);

        for _ in 0..2 {
            server.get_with(AUDIT, &[client.header()]).problem(403, "forbidden");
        }
        let martil = json!({"member": "commune-martil", "title": {"fr": "X"}, "story": {"fr": "X"}, "principles": ["transparency"], "publication": "draft"});
        server.json("POST", "/api/v1/practices", &[client.header()], &martil).problem(403, "not_your_member");
        // Nobody's role is at fault here.
        server.get(AUDIT).problem(401, "unauthenticated");
        let refused = audit(server, "action=refused&sort=at");
        let said = [
            json!({"operation": "GET /api/v1/audit", "code": "forbidden", "count": 2}),
            json!({"operation": "POST /api/v1/practices", "code": "not_your_member", "count": 1}),
        ];
        assert_eq!(refused.iter().map(|entry| event(entry).3).collect::<Vec<_>>(), said);
        assert!(refused.iter().all(|entry| entry["account_id"] == json!(client.id) && entry["address"] == "127.0.0.1"), "{refused:?}");
        // None of them waits for another write, and none is lost for it.
        server
            .db
            .write_blocking(&OPERATOR, |tx| {
                if let Conn::Postgres(conn) = &mut *tx.conn {
                    conn.batch_execute("LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE")?;
                }
                assert_eq!(grant(&client.id, &client.secret), 200);
                server.get_with(AUDIT, &[client.header()]).problem(403, "forbidden");
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let counts = |query: &str| audit(server, query).iter().map(|entry| entry["after"]["count"].clone()).collect::<Vec<_>>();
        assert_eq!((counts("action=granted"), counts("action=refused&sort=at")), (vec![json!(3)], vec![json!(3), json!(1)]));
        let text = Value::from(audit(server, "limit=200")).to_string();
        assert!(!text.contains("hunter2") && !text.contains(&administrator.secret), "{text}");
    }

    fn an_attempt_that_was_not_checked_says_so(server) {
        // A password that is too long is refused without hashing, so the attempts are quicker than the shortest wait.
        let body = json!({"email": "nobody@example.org", "password": "x".repeat(201)});
        for _ in 0..9 {
            let status = server.json("POST", "/api/v1/auth/sessions", &[], &body).status;
            assert!([401, 429].contains(&status), "{status}");
        }
        let entries = audit(server, "action=sign_in_refused&sort=at");
        let told: Vec<(&str, u64)> = entries.iter().map(|entry| (entry["after"]["reason"].as_str().unwrap(), entry["after"]["count"].as_u64().unwrap())).collect();
        let [("wrong", checked), ("too_many", unchecked)] = told[..] else { panic!("{told:?}") };
        assert!(checked >= 5 && checked + unchecked == 9, "{told:?}");
    }

    fn an_event_that_can_not_be_written_keeps_no_other_from_being_written(server) {
        let (client, administrator) = (server.account(Role::Partner), server.account(Role::Administrator));
        server.execute("CREATE UNIQUE INDEX one_refusal ON audit_entry (action) WHERE action = 'refused'").unwrap();
        let refused = |path: &str| server.get_with(path, &[client.header()]).problem(403, "forbidden");
        refused(AUDIT);
        refused("/api/v1/users");
        server.json("POST", "/api/v1/auth/sessions", &[], &json!({"email": "nobody@example.org", "password": "x".repeat(201)})).problem(401, "invalid_credentials");
        let actions = |query: &str| audit(server, query).iter().map(|entry| entry["after"]["operation"].clone()).collect::<Vec<_>>();
        assert_eq!(actions("action=refused"), [json!("GET /api/v1/audit")]);
        assert_eq!(actions("action=sign_in_refused").len(), 1);
        server.execute("DROP INDEX one_refusal").unwrap();
        refused("/api/v1/clients");
        assert_eq!(actions("action=refused&sort=at"), [json!("GET /api/v1/audit"), json!("GET /api/v1/clients")]);
        assert!(!audit(server, &format!("account_id={}", client.id)).is_empty() && administrator.id != client.id);
    }

    fn an_erasure_that_is_under_way_leaves_no_address_behind(server) {
        let (client, administrator) = (server.account(Role::Partner), server.account(Role::Administrator));
        server.get_with(AUDIT, &[client.header()]).problem(403, "forbidden");
        std::thread::scope(|scope| {
            let erased = server.db.write_blocking(&OPERATOR, |tx| {
                let account = store::find(tx.conn, &client.id)?.unwrap();
                let receipt = persons::erase_account(tx, &account)?;
                let reader = scope.spawn(|| server.get_with(AUDIT, &[administrator.header()]).ok());
                // On SQLite one transaction is under way at once anyway.
                if let Conn::Postgres(conn) = &mut *tx.conn {
                    let waits = "SELECT count(*) AS rows FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid";
                    while sql_query(waits).get_result::<Count>(conn)?.rows == 0 && !reader.is_finished() {}
                }
                Ok::<_, WriteError>(receipt)
            });
            assert_eq!(erased.unwrap().accounts, 1);
        });
        let entries = audit(server, &format!("account_id={}", client.id));
        assert_eq!((entries.len(), &entries[0]["action"], &entries[0]["address"]), (1, &json!("refused"), &Value::Null));
    }

    fn a_change_is_noted_with_who_what_and_what_was_there(server) {
        let secretary = server.account(Role::Secretariat);
        let before = server.get(LARACHE).ok();
        let headers = [secretary.header(), ("If-Match", "*"), ("X-Request-Id", "request-0042")];
        server.json("PATCH", LARACHE, &headers, &json!({"website": "https://www.larache.ma", "external_ids": [{"scheme": "s", "value": "1"}]})).ok();
        let entries = audit(server, "resource=members");
        assert_eq!(entries.len(), 1, "{entries:?}");
        let entry = &entries[0];
        assert_eq!((&entry["actor"], &entry["account_id"], &entry["role"]), (&json!("client"), &json!(secretary.id), &json!("secretariat")));
        assert_eq!((&entry["action"], &entry["resource_id"], &entry["version"]), (&json!("updated"), &before["id"], &json!(2)));
        assert_eq!(entry["request_id"], "request-0042");
        assert_eq!(entry["before"], json!({"website": null, "external_ids": []}));
        assert_eq!(entry["after"], json!({"website": "https://www.larache.ma", "external_ids": [{"scheme": "s", "value": "1"}]}));
        let of_request = audit(server, "request_id=request-0042");
        assert_eq!(of_request, entries);
    }

    fn what_is_refused_is_not_noted(server) {
        let secretary = server.account(Role::Secretariat);
        server.json("PATCH", LARACHE, &[secretary.header(), ("If-Match", "*")], &json!({"website": "x"})).problem(422, "invalid_content");
        server.json("PATCH", LARACHE, &[secretary.header(), ("If-Match", "\"9-json\"")], &json!({"website": null})).problem(412, "precondition_failed");
        assert_eq!(audit(server, "resource=members"), Vec::<Value>::new());
    }

    fn the_whole_life_of_a_member_can_be_read(server) {
        let secretary = server.account(Role::Secretariat);
        let body = json!({"kind": "municipality", "territory_code": "01.331.01.01", "name": {"fr": "X"}, "status": "active",
            "provenance": "official", "source": "s"});
        let made = server.json("POST", "/api/v1/members", &[secretary.header()], &body).json();
        let path = made["links"]["self"].as_str().unwrap();
        let step = json!({"to": "suspended", "on": "2026-01-01", "reason": "x"});
        server.json("POST", &format!("{path}/transitions"), &[secretary.header()], &step).ok();
        assert_eq!(server.send("DELETE", path, &[secretary.header(), ("If-Match", "*")]).status, 204);
        let id = made["id"].as_str().unwrap();
        let entries = audit(server, &format!("resource=members&resource_id={id}&sort=at"));
        let told: Vec<(&Value, &Value)> = entries.iter().map(|entry| (&entry["action"], &entry["version"])).collect();
        assert_eq!(told, [(&json!("created"), &json!(1)), (&json!("updated"), &json!(2)), (&json!("deleted"), &json!(3))]);
        assert_eq!((&entries[0]["before"], &entries[0]["after"]["name_fr"]), (&Value::Null, &json!("X")));
        assert_eq!((&entries[1]["before"], &entries[1]["after"]), (&json!({"status": "active"}), &json!({"status": "suspended"})));
        assert_eq!((&entries[2]["after"], &entries[2]["before"]["status"]), (&Value::Null, &json!("suspended")));
    }

    fn accounts_are_noted_without_what_is_personal_or_secret(server) {
        let account = server.account(Role::Partner);
        server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &account.id, true)).unwrap();
        let entries = audit(server, &format!("resource=accounts&resource_id={}", account.id));
        let told: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
        assert_eq!(told, [&json!("disabled"), &json!("created")], "the newest first");
        assert_eq!((&entries[0]["actor"], &entries[0]["task"]), (&json!("system"), &json!("test")));
        let text = Value::from(entries).to_string();
        assert!(!text.contains("secret") && !text.contains("hash"), "{text}");
    }

    fn reference_data_is_one_entry_a_set(server) {
        let entries = audit(server, "resource=reference&sort=at");
        let sets: Vec<&Value> = entries.iter().map(|entry| &entry["after"]["set"]).collect();
        assert_eq!(sets, ["folded columns", "territories", "members", "network", "charter"]);
        assert_eq!(entries[1]["after"]["touched"], 1_639);
    }

    fn the_audit_is_paged_filtered_and_to_be_had_as_a_table(server) {
        let administrator = server.account(Role::Administrator);
        for _ in 0..5 {
            server.account(Role::Partner);
        }
        let get = |query: &str| server.get_with(&format!("{AUDIT}?{query}"), &[administrator.header()]);
        for sort in ["at", "-at"] {
            let whole: Vec<Value> = get(&format!("sort={sort}&limit=200")).ok()["data"].as_array().unwrap().clone();
            let (mut walked, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = get(&format!("sort={sort}&limit=3&count=exact{cursor}")).ok();
                assert_eq!(page["page"]["total"], whole.len());
                walked.extend(page["data"].as_array().unwrap().clone());
                let Some(next) = page["page"]["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(walked, whole, "{sort}");
        }
        assert_eq!(get("since=2199-01-01").ok()["data"], json!([]));
        assert_eq!(get("until=2000-01-01").ok()["data"], json!([]));
        assert_eq!(get("action=created&resource=accounts&count=exact").ok()["page"]["total"], 6);
        assert_eq!(get(&format!("account_id={}", administrator.id)).ok()["data"], json!([]));
        let table = get("format=csv&fields=action,resource&resource=reference");
        assert_eq!(table.text().lines().next(), Some("action,resource"));
        // A code with a slip in it is no filter that finds nothing.
        for (query, known) in [("resource=member", "members"), ("action=create", "created"), ("action=UPDATED", "updated")] {
            let problem = get(query).problem(400, "invalid_parameter");
            let detail = problem["errors"][0]["detail"].as_str().unwrap();
            assert!(detail.contains("is none of") && detail.contains(known), "{problem}");
        }
        get("resource_id=a%20b").problem(400, "invalid_parameter");
        // What is gone, or never was, has no entries.
        assert_eq!(get("resource_id=commune-nope").ok()["data"], json!([]));
    }
}
