//! The audit: everything that is done, by whom, with what was there before and after; for the administrator only.

use remacto::auth::{roles::Role, store};
use serde_json::{Value, json};

use crate::support::{TestServer, accounts::OPERATOR, on_both};

const AUDIT: &str = "/api/v1/audit";
const LARACHE: &str = "/api/v1/members/commune-larache";

fn audit(server: &TestServer, query: &str) -> Vec<Value> {
    let administrator = server.account(Role::Administrator);
    let answer = server.get_with(&format!("{AUDIT}?{query}"), &[administrator.header()]);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.ok()["data"].as_array().unwrap().clone()
}

on_both! {
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
        assert_eq!(sets, ["territories", "members", "network", "charter"]);
        assert_eq!(entries[0]["after"]["touched"], 1_639);
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
        assert_eq!(get("since=2999-01-01").ok()["data"], json!([]));
        assert_eq!(get("until=2000-01-01").ok()["data"], json!([]));
        assert_eq!(get("action=created&resource=accounts&count=exact").ok()["page"]["total"], 6);
        assert_eq!(get(&format!("account_id={}", administrator.id)).ok()["data"], json!([]));
        let table = get("format=csv&fields=action,resource&resource=reference");
        assert_eq!(table.text().lines().next(), Some("action,resource"));
        get("resource=a%20b").problem(400, "invalid_parameter");
    }
}
