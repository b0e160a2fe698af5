//! The members of the network: who is named in public, and what can be asked about them. The demonstration, which
//! has all states, is asked in `demonstration.rs`.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{TestServer, on_both};

const LIST: &str = "/api/v1/members";

fn slugs(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|row| row["slug"].as_str().unwrap()).collect()
}

fn total(server: &TestServer, query: &str) -> i64 {
    server.get(&format!("{LIST}?count=exact&limit=1&{query}")).ok()["page"]["total"].as_i64().unwrap()
}

/// Follows the links that the document has for what an operation gets, as a client does; returns how many.
fn followed(server: &TestServer, operation: &str, resource: &Value) -> usize {
    let document = server.get("/openapi.json").ok();
    let paths = document["paths"].as_object().unwrap();
    let gets =
        |id: &str| paths.iter().find(|(_, item)| item["get"]["operationId"] == id).unwrap_or_else(|| panic!("no {id}"));
    let links = gets(operation).1["get"]["responses"]["200"]["links"].as_object().unwrap();
    for (name, link) in links {
        let (path, item) = gets(link["operationId"].as_str().unwrap());
        let (parameter, value) = link["parameters"].as_object().unwrap().iter().next().unwrap();
        let value = resource.pointer(value.as_str().unwrap().strip_prefix("$response.body#").unwrap()).unwrap();
        let value = value.as_str().unwrap_or_else(|| panic!("{name} has no value"));
        let described =
            item["get"]["parameters"].as_array().unwrap().iter().find(|known| known["name"] == *parameter).unwrap();
        let address = match described["in"].as_str().unwrap() {
            "path" => path.replace(&format!("{{{parameter}}}"), value),
            _ => format!("{path}?{parameter}={value}"),
        };
        server.get(&address).ok();
    }
    links.len()
}

on_both! {
    fn a_member_leads_to_all_that_is_known_of_it(server) {
        let member = server.get("/api/v1/members/commune-larache").ok();
        assert_eq!(member["links"], json!({"self": "/api/v1/members/commune-larache"}));
        assert_eq!(followed(server, "getMember", &member), 12);
        let territory = server.get("/api/v1/territories/01.331.01.03").ok();
        assert_eq!(followed(server, "getTerritory", &territory), 2);
    }

    fn the_members_named_in_public_are_there_and_nobody_else(server) {
        assert_eq!(total(server, ""), 38);
        assert_eq!(total(server, "kind=region"), 12);
        assert_eq!(total(server, "kind=prefecture_or_province"), 1);
        assert_eq!(total(server, "kind=municipality"), 25);
        assert_eq!(total(server, "provenance=illustrative"), 0);
        assert_eq!(total(server, "provenance=official,press"), 38);
    }

    fn one_member_has_everything(server) {
        let larache = server.get(&format!("{LIST}/commune-larache")).ok();
        assert_eq!(larache["kind"], "municipality");
        assert_eq!(larache["name"], json!({"ar": "العرائش", "fr": "Larache"}));
        assert_eq!((&larache["territory_code"], &larache["territory_kind"]), (&json!("01.331.01.03"), &json!("commune")));
        assert_eq!((&larache["region_code"], &larache["province_code"]), (&json!("01"), &json!("01.331")));
        assert_eq!(larache["status"], "active");
        assert_eq!((&larache["joined_on"], &larache["joined_on_precision"]), (&json!("2022-10-21"), &json!("day")));
        assert_eq!((&larache["left_on"], &larache["left_on_precision"]), (&Value::Null, &Value::Null));
        assert_eq!(larache["cohort"], "2022");
        assert_eq!((&larache["provenance"], &larache["confidence"]), (&json!("press"), &json!("cohort_inferred")));
        assert_eq!(larache["source"], "al-intifada.com/archives/181948");
        assert_eq!(larache["external_ids"], json!([]));
        let point = json!({"latitude": 35.19321, "longitude": -6.15572, "geonames_id": 2_543_549, "matched_by": "names_ar_and_latin"});
        assert_eq!(larache["location"], point);
        assert_eq!(larache["links"]["self"], "/api/v1/members/commune-larache");
        assert_eq!(larache["included"], Value::Null);
        assert_eq!(larache["attributions"][0]["credit"]["en"], "GeoNames (geonames.org), points of places");
        let by_id = server.get(&format!("{LIST}/{}", larache["id"].as_str().unwrap())).ok();
        assert_eq!(by_id, larache);
    }

    fn a_commune_and_a_province_of_one_name_are_two_members(server) {
        let province = server.get(&format!("{LIST}/province-larache")).ok();
        assert_eq!((&province["kind"], &province["province_code"]), (&json!("prefecture_or_province"), &json!("01.331")));
        assert_eq!((&province["joined_on"], &province["joined_on_precision"]), (&json!("2024-12-01"), &json!("month")));
        assert_eq!(slugs(&server.get(&format!("{LIST}?q=larache")).ok()), ["province-larache", "commune-larache"]);
        let region = server.get(&format!("{LIST}/region-rabat-sale-kenitra")).ok();
        assert_eq!((&region["region_code"], &region["province_code"]), (&json!("04"), &Value::Null));
    }

    fn an_address_that_is_nobodys_is_404(server) {
        for segment in ["nobody", "Commune-Larache", "%00", "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", "larache"] {
            server.get(&format!("{LIST}/{segment}")).problem(404, "not_found");
            server.get(&format!("{LIST}/{segment}/history")).problem(404, "not_found");
        }
    }

    fn filters_narrow_and_combine(server) {
        assert_eq!(total(server, "region=01"), 7);
        assert_eq!(total(server, "region=01&kind=municipality"), 5);
        assert_eq!(total(server, "province=01.331"), 2);
        assert_eq!(total(server, "province=01.331,01.573&kind=municipality"), 3);
        server.get(&format!("{LIST}?province=01")).problem(422, "unknown_reference");
        assert_eq!(total(server, "status=active"), 38);
        assert_eq!(total(server, "status=candidate,withdrawn"), 0);
        assert_eq!(total(server, "cohort=2022"), 26);
        assert_eq!(total(server, "cohort=2024,2024-12"), 8);
        assert_eq!(total(server, "cohort=none"), 1);
        assert_eq!(total(server, "cohort=none,2025"), 4);
        assert_eq!(total(server, "provenance=import:dgct"), 0);
        assert_eq!(total(server, "undated=only"), 1);
        assert_eq!(total(server, "updated_since=2020-01-01"), 38);
        assert_eq!(total(server, "updated_since=2200-01-01"), 0);
    }

    fn search_minds_neither_accents_nor_spelling_nor_order(server) {
        let found = |q: &str| total(server, &format!("q={q}"));
        assert_eq!((found("TETOUAN"), found("t%C3%A9touan")), (2, 2));
        assert_eq!(found("ghiat+sidi"), 1);
        // اكادير without its hamza
        assert_eq!(found("%D8%A7%D9%83%D8%A7%D8%AF%D9%8A%D8%B1"), 1);
        assert_eq!(found("09.001.01.01"), 1);
        assert_eq!((found("nowhere"), found("---")), (0, 0));
    }

    fn the_list_is_about_a_day_when_one_is_asked_for(server) {
        let on = |day: &str, query: &str| total(server, &format!("as_of={day}&{query}"));
        assert_eq!(on("2022-10-20", ""), 0);
        assert_eq!(on("2022-10-21", ""), 26);
        assert_eq!(on("2023-12-31", ""), 26);
        // "2024" and "2024-12" are read as their first days.
        assert_eq!(on("2024-01-01", ""), 31);
        assert_eq!((on("2024-11-30", ""), on("2024-12-01", "")), (31, 34));
        assert_eq!(on("2026-01-01", "status=active"), 37);
        assert_eq!((on("2026-01-01", "undated=only"), on("2026-01-01", "status=withdrawn")), (1, 0));
        let page = server.get(&format!("{LIST}?as_of=2024-12-01&kind=prefecture_or_province")).ok();
        assert_eq!((&page["as_of"], slugs(&page)), (&json!("2024-12-01"), vec!["province-larache"]));
    }

    fn every_order_shows_every_member_once(server) {
        for sort in ["name_fr", "-name_fr", "name_ar", "-name_ar", "joined_on", "-joined_on"] {
            let (mut seen, mut path) = (HashSet::new(), format!("{LIST}?sort={sort}&limit=7"));
            loop {
                let page = server.get(&path).ok();
                seen.extend(slugs(&page).into_iter().map(str::to_owned));
                let Some(cursor) = page["page"]["next_cursor"].as_str() else { break };
                path = format!("{LIST}?sort={sort}&limit=7&cursor={cursor}");
            }
            assert_eq!(seen.len(), 38, "{sort}");
        }
        let undated_last = server.get(&format!("{LIST}?sort=joined_on&limit=200")).ok();
        assert_eq!(slugs(&undated_last).last(), Some(&"commune-temsia"));
        let cursor = server.get(&format!("{LIST}?limit=2&as_of=2024-01-01")).ok()["page"]["next_cursor"].clone();
        let other_day = format!("{LIST}?limit=2&as_of=2024-01-02&cursor={}", cursor.as_str().unwrap());
        server.get(&other_day).problem(400, "invalid_cursor");
    }

    fn territories_come_along_once_each_in_a_fixed_number_of_statements(server) {
        let page = server.get(&format!("{LIST}?province=01.331&include=territory")).ok();
        let codes: Vec<&str> =
            page["included"]["territories"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["01.331", "01.331.01.03"]);
        assert_eq!(page["attributions"].as_array().unwrap().len(), 2);
        let one = server.get(&format!("{LIST}/commune-larache?include=territory"));
        assert_eq!(one.ok()["included"]["territories"][0]["population_2024"], 133_731);
        assert_ne!(one.header("etag"), server.get(&format!("{LIST}/commune-larache")).header("etag"));
        let problem = server.get(&format!("{LIST}?include=territory&format=csv")).problem(400, "invalid_parameter");
        assert_eq!(problem["errors"][0]["parameter"], "include");
        let statements = |path: &str| {
            let before = server.db.query_count();
            server.get_with(path, &[("Cache-Control", "no-cache")]).ok();
            server.db.query_count() - before
        };
        for _ in 0..8 {
            server.get_with(LIST, &[("Cache-Control", "no-cache")]).ok();
        }
        assert_eq!((statements(&format!("{LIST}?limit=1")), statements(&format!("{LIST}?limit=200"))), (1, 1));
        assert_eq!(statements(&format!("{LIST}?limit=200&include=territory")), 2);
        assert_eq!(statements(&format!("{LIST}?limit=200&as_of=2024-12-31&count=exact")), 3);
        assert_eq!(statements(&format!("{LIST}/commune-larache")), 1);
        assert_eq!(statements(&format!("{LIST}/commune-larache?include=territory")), 2);
    }

    fn the_list_exists_as_a_table_and_as_lines(server) {
        let fields = "slug,joined_on,joined_on_precision,latitude";
        let csv = server.get(&format!("{LIST}?q=larache&format=csv&fields={fields}"));
        assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"members.csv\""));
        assert_eq!(
            csv.text(),
            format!("{fields}\r\nprovince-larache,2024-12-01,month,\r\ncommune-larache,2022-10-21,day,35.19321\r\n")
        );
        let lines = server.get_with(LIST, &[("Accept", "application/x-ndjson")]);
        let rows: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(&Value::Array(rows), &server.get(LIST).ok()["data"]);
    }

    fn the_list_exists_as_a_map(server) {
        let answer = server.get(&format!("{LIST}?q=larache&format=geojson&lang=en"));
        assert_eq!(answer.header("content-type"), Some("application/geo+json"));
        let collection = answer.ok();
        assert_eq!(collection["type"], "FeatureCollection");
        let [province, commune] = collection["features"].as_array().unwrap().as_slice() else { panic!("{collection}") };
        assert_eq!(commune["type"], "Feature");
        assert_eq!(commune["id"], commune["properties"]["id"]);
        assert_eq!(commune["geometry"], json!({"type": "Point", "coordinates": [-6.15572, 35.19321]}));
        assert_eq!((&province["geometry"], &province["properties"]["slug"]), (&Value::Null, &json!("province-larache")));
        assert_eq!(collection["lang_fallbacks"], json!(["/features/0/properties/name", "/features/1/properties/name"]));
        assert_eq!(collection["attributions"][0]["licence"], "CC-BY-4.0");
        let first = server.get_with(&format!("{LIST}?limit=5"), &[("Accept", "application/geo+json")]);
        assert!(first.header("link").is_some() && first.ok()["page"]["next_cursor"].is_string());
        let problem = server.get(&format!("{LIST}?format=geojson&fields=slug")).problem(400, "invalid_parameter");
        assert_eq!(problem["errors"][0]["parameter"], "fields");
    }

    fn a_history_of_one_period_begins_when_the_member_joined(server) {
        let history = server.get(&format!("{LIST}/province-larache/history")).ok();
        let period = json!({"status": "active", "from": "2024-12-01", "from_precision": "month", "until": null, "reason": null, "evidence_reference": null, "evidence_url": null});
        assert_eq!(history["data"], json!([period]));
        assert_eq!(history["page"], json!({"limit": 200, "next_cursor": null, "total": 1}));
        let undated = server.get(&format!("{LIST}/commune-temsia/history")).ok();
        assert_eq!((&undated["data"][0]["from"], &undated["data"][0]["status"]), (&Value::Null, &json!("active")));
    }

    fn a_wrong_value_is_refused_by_name(server) {
        for (query, name) in [
            ("kind=town", "kind"), ("status=asleep", "status"), ("cohort=22", "cohort"), ("cohort=2022-10-21", "cohort"),
            ("provenance=import:", "provenance"), ("province=x", "province"), ("as_of=2024-02-30", "as_of"),
            ("as_of=2024", "as_of"), ("undated=maybe", "undated"), ("include=everything", "include"),
            ("sort=slug", "sort"), ("format=kml", "format"), ("limit=0", "limit"),
        ] {
            let problem = server.get(&format!("{LIST}?{query}")).problem(400, "invalid_parameter");
            assert_eq!(problem["errors"][0]["parameter"], name, "{query}");
        }
        let hint = server.get(&format!("{LIST}?satus=active")).problem(400, "unknown_parameter");
        assert_eq!(hint["detail"], "satus is unknown. Did you mean status?");
    }

    fn a_copy_is_revalidated_and_pruned_to_a_language(server) {
        for path in [format!("{LIST}/commune-fes"), format!("{LIST}?limit=3"), format!("{LIST}/commune-fes/history")] {
            let answer = server.get(&path);
            let tag = answer.header("etag").unwrap().to_owned();
            assert_eq!(server.get_with(&path, &[("If-None-Match", &tag)]).status, 304, "{path}");
        }
        assert!(server.get(&format!("{LIST}/commune-fes")).header("etag").unwrap().starts_with("\"1-"));
        let arabic = server.get(&format!("{LIST}/commune-fes?lang=ar")).ok();
        assert_eq!(arabic["name"], json!({"ar": "فاس"}));
    }
}
