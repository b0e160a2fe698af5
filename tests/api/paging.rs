//! Walking through a list by cursor.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::{TestServer, on_both};

/// Follows `next` to the end and returns all rows.
fn walk(server: &TestServer, query: &str) -> Vec<Value> {
    let mut path = format!("/api/v1/territories?{query}");
    let mut rows = Vec::new();
    loop {
        let answer = server.get(&path);
        let page = answer.ok();
        rows.extend(page["data"].as_array().unwrap().clone());
        let cursor = page["page"]["next_cursor"].as_str();
        let link = answer.header("link");
        assert_eq!(cursor.is_some(), link.is_some());
        let Some(link) = link else { return rows };
        let target = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).expect("a next link");
        assert!(target.contains(&format!("cursor={}", cursor.unwrap())));
        path = String::from(target);
    }
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["id"].as_str().unwrap()).collect()
}

on_both! {
    fn every_order_shows_every_row_once(server) {
        for sort in ["code", "-code", "name_fr", "-name_fr", "name_ar", "-name_ar", "population_2024", "-population_2024"] {
            let rows = walk(server, &format!("sort={sort}&limit=137"));
            let unique: HashSet<&str> = ids(&rows).into_iter().collect();
            assert_eq!((rows.len(), unique.len()), (1_639, 1_639), "{sort}");
        }
    }

    fn a_descending_walk_is_the_ascending_one_backwards(server) {
        let mut up = walk(server, "kind=commune&region=01&sort=name_fr&limit=7");
        let down = walk(server, "kind=commune&region=01&sort=-name_fr&limit=50");
        up.reverse();
        assert_eq!(ids(&up), ids(&down));
        assert_eq!(up.len(), 146);
    }

    fn the_limit_may_change_between_pages_and_nothing_else(server) {
        let first = server.get("/api/v1/territories?kind=commune&sort=name_fr&limit=10").ok();
        let cursor = first["page"]["next_cursor"].as_str().unwrap();
        let next = server.get(&format!("/api/v1/territories?kind=commune&sort=name_fr&limit=3&cursor={cursor}")).ok();
        assert_eq!(next["data"].as_array().unwrap().len(), 3);
        for other in ["kind=commune&sort=-name_fr", "kind=commune&sort=name_ar", "kind=region&sort=name_fr", "kind=commune&sort=name_fr&q=a", "sort=name_fr"] {
            let answer = server.get(&format!("/api/v1/territories?{other}&cursor={cursor}"));
            let problem = answer.problem(400, "invalid_cursor");
            assert_eq!(problem["errors"][0]["parameter"], "cursor", "{other}");
        }
        server.get(&format!("/api/v1/territories/01/children?cursor={cursor}")).problem(400, "invalid_cursor");
    }

    fn the_last_page_ends_the_list(server) {
        let page = server.get("/api/v1/territories?kind=region&limit=12").ok();
        assert_eq!(page["page"]["next_cursor"], Value::Null);
        assert_eq!(page["page"]["limit"], 12);
        assert_eq!(page["page"]["total"], Value::Null);
        let page = server.get("/api/v1/territories?kind=region&limit=11&count=exact").ok();
        assert!(page["page"]["next_cursor"].is_string());
        assert_eq!(page["page"]["total"], 12);
    }

    fn both_databases_sort_byte_by_byte(server) {
        let rows = walk(server, "kind=commune&sort=name_ar&limit=200");
        let folded: Vec<String> = rows.iter().map(|row| remacto::kernel::fold::fold(row["name"]["ar"].as_str().unwrap())).collect();
        let mut sorted = folded.clone();
        sorted.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        assert_eq!(folded, sorted);
    }
}
