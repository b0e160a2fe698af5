//! Morocco's territorial units: the lists, their filters, and the traps in the data.

use serde_json::Value;

use crate::support::{TestServer, on_both};

const LIST: &str = "/api/v1/territories";

fn codes(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap().to_owned()).collect()
}

fn total(server: &TestServer, query: &str) -> i64 {
    server.get(&format!("{LIST}?count=exact&limit=1&{query}")).ok()["page"]["total"].as_i64().unwrap()
}

on_both! {
    fn the_country_is_there_as_laws_and_census_say(server) {
        assert_eq!(total(server, "kind=region"), 12);
        assert_eq!(total(server, "kind=prefecture,province"), 75);
        assert_eq!(total(server, "kind=prefecture_of_arrondissements"), 8);
        assert_eq!(total(server, "kind=commune"), 1_503);
        assert_eq!(total(server, "kind=arrondissement"), 41);
        assert_eq!(total(server, "kind=commune&region=04"), 114);
    }

    fn one_territory_has_everything_and_its_credit(server) {
        let tangier = server.get(&format!("{LIST}/01.511.01.0")).ok();
        assert_eq!(tangier["code"], "01.511.01.0");
        assert_eq!(tangier["kind"], "commune");
        assert_eq!(tangier["area_type"], "urban");
        assert_eq!(tangier["name"], serde_json::json!({"ar": "طنجة", "fr": "Tanger"}));
        assert_eq!(tangier["parent_code"], "01.511");
        assert_eq!(tangier["region_code"], "01");
        assert_eq!(tangier["population_2024"], 1_275_428);
        assert_eq!(tangier["households_2024"], 362_062);
        assert_eq!(tangier["population_2014"], 947_952);
        assert_eq!(tangier["population_change_percent"], 34.55);
        assert_eq!(tangier["version"], 1);
        assert_eq!(tangier["links"]["self"], "/api/v1/territories/01.511.01.0");
        assert_eq!(tangier["attributions"][0]["licence"], "CC-BY-4.0");
        let location = &tangier["location"];
        assert_eq!((&location["latitude"], &location["longitude"]), (&35.76727.into(), &(-5.79975).into()));
        assert_eq!(location["matched_by"], "names_ar_and_latin");
        assert!(tangier["attributions"][1]["credit"]["en"].as_str().unwrap().contains("GeoNames"));
        assert_eq!(server.get(&format!("{LIST}/01")).ok()["location"], Value::Null);
        assert!(tangier["attributions"][0]["credit"]["en"].as_str().unwrap().contains("Haut-Commissariat au Plan"));
    }

    fn a_territory_is_found_by_its_id_too(server) {
        let by_code = server.get(&format!("{LIST}/04")).ok();
        let by_id = server.get(&format!("{LIST}/{}", by_code["id"].as_str().unwrap())).ok();
        assert_eq!(by_code, by_id);
    }

    fn two_units_whose_codes_differ_by_one_digit_stay_two(server) {
        assert_eq!(server.get(&format!("{LIST}/06.141.01.0")).ok()["kind"], "commune");
        assert_eq!(server.get(&format!("{LIST}/06.141.01.00")).ok()["kind"], "prefecture_of_arrondissements");
        assert_eq!(codes(&server.get(&format!("{LIST}/06.141.01.0/children?limit=200")).ok()).len(), 16);
        assert!(codes(&server.get(&format!("{LIST}/06.141.01.00/children")).ok()).is_empty());
    }

    fn the_prefectures_of_arrondissements_have_no_parent_and_are_nobodys_children(server) {
        let overlay = server.get(&format!("{LIST}?kind=prefecture_of_arrondissements")).ok();
        for unit in overlay["data"].as_array().unwrap() {
            assert_eq!(unit["parent_code"], Value::Null);
            assert_eq!(unit["links"]["parent"], Value::Null);
            assert_eq!(unit["region_code"], "06");
        }
        let children = server.get(&format!("{LIST}/06/children?limit=200")).ok();
        assert_eq!(codes(&children).len(), 9);
        let sum: i64 = children["data"].as_array().unwrap().iter().map(|c| c["population_2024"].as_i64().unwrap()).sum();
        assert_eq!(server.get(&format!("{LIST}/06")).ok()["population_2024"], sum);
    }

    fn a_commune_without_a_figure_for_2014_says_null(server) {
        let lagouira = server.get(&format!("{LIST}/12.066.01.03")).ok();
        assert_eq!(lagouira["population_2014"], Value::Null);
        assert_eq!(lagouira["population_change_percent"], Value::Null);
        assert_eq!(lagouira["population_2024"], 3_127);
    }

    fn filters_narrow_and_combine(server) {
        assert_eq!(total(server, "parent=01.511"), 12);
        assert_eq!(total(server, "parent=01.511&kind=commune"), 12);
        assert_eq!(total(server, "parent=01.511,01.573"), 17);
        assert_eq!(total(server, "region=12&kind=region"), 1);
        assert_eq!(total(server, "region=12&kind=prefecture,province,commune"), 15);
        server.get(&format!("{LIST}?parent=99.999")).problem(422, "unknown_reference");
        assert_eq!(total(server, "updated_since=2020-01-01"), 1_639);
        assert_eq!(total(server, "updated_since=2200-01-01T00:00:00Z"), 0);
    }

    fn search_does_not_mind_accents_case_or_arabic_spelling(server) {
        let found = |q: &str| codes(&server.get_with(&format!("{LIST}?kind=commune&q={q}"), &[]).ok());
        assert_eq!(found("t%C3%A9touan"), ["01.571.01.11"]);
        assert_eq!(found("TETOUAN"), found("t%C3%A9touan"));
        // تطوان
        assert_eq!(found("%D8%AA%D8%B7%D9%88%D8%A7%D9%86"), found("tetouan"));
        // أكادير and اكادير
        let agadir = found("%D8%A3%D9%83%D8%A7%D8%AF%D9%8A%D8%B1");
        assert!(agadir.contains(&"09.001.01.01".to_owned()), "{agadir:?}");
        assert_eq!(found("%D8%A7%D9%83%D8%A7%D8%AF%D9%8A%D8%B1"), agadir);
        assert_eq!(found("sidi+bennour"), ["06.467.01.07"]);
        assert_eq!(found("bennour%20sidi"), ["06.467.01.07"]);
        assert!(found("06.467.01.07").contains(&"06.467.01.07".to_owned()));
        assert!(found("100%25").is_empty());
        assert!(found("---").is_empty());
    }

    fn sorting_follows_the_folded_names_and_the_figures(server) {
        let largest = server.get(&format!("{LIST}?kind=commune&sort=-population_2024&limit=2")).ok();
        assert_eq!(codes(&largest), ["06.141.01.0", "01.511.01.0"]);
        let names = |query: &str, language: &str| -> Vec<String> {
            let page = server.get(&format!("{LIST}?{query}")).ok();
            page["data"].as_array().unwrap().iter().map(|row| row["name"][language].as_str().unwrap().to_owned()).collect()
        };
        let regions = names("kind=region&sort=name_fr", "fr");
        assert_eq!(regions[..3], ["Béni Mellal-Khénifra", "Casablanca-Settat", "Dakhla-Oued Ed-Dahab"]);
        let mut backwards = names("kind=region&sort=-name_fr", "fr");
        backwards.reverse();
        assert_eq!(backwards, regions);
        assert_eq!(names("kind=region&sort=name_ar", "ar").len(), 12);
    }

    fn a_list_exists_as_csv_and_ndjson(server) {
        let csv = server.get(&format!("{LIST}?kind=region&format=csv&limit=2&fields=code,name_fr,population_2024"));
        assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
        assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"territories.csv\""));
        assert_eq!(csv.text(), "code,name_fr,population_2024\r\n01,Tanger-Tétouan-Al Hoceima,4030222\r\n02,Oriental,2294665\r\n");
        assert!(csv.header("link").unwrap().contains("format=csv"));
        let lines = server.get_with(&format!("{LIST}?kind=region"), &[("Accept", "application/x-ndjson")]);
        assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
        let rows: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let json = server.get(&format!("{LIST}?kind=region")).ok();
        assert_eq!(&Value::Array(rows), &json["data"]);
    }

    fn one_language_is_enough_for_a_portal(server) {
        let arabic = server.get(&format!("{LIST}/04?lang=ar")).ok();
        assert_eq!(arabic["name"], serde_json::json!({"ar": "الرباط-سلا-القنيطرة"}));
        assert_eq!(arabic["lang_fallbacks"], serde_json::json!([]));
        let english = server.get(&format!("{LIST}?kind=region&limit=1&lang=en")).ok();
        assert_eq!(english["data"][0]["name"], serde_json::json!({"fr": "Tanger-Tétouan-Al Hoceima"}));
        assert_eq!(english["lang_fallbacks"], serde_json::json!(["/data/0/name"]));
        assert_eq!(english["attributions"][0]["credit"].as_object().unwrap().len(), 1);
    }

    fn a_list_takes_one_statement_whatever_its_length(server) {
        let statements = |path: &str| {
            let before = server.db.query_count();
            server.get_with(path, &[("Cache-Control", "no-cache")]).ok();
            server.db.query_count() - before
        };
        // The first request on a connection pays for its setup; all four connections are warmed up here.
        for _ in 0..8 {
            server.get_with(&format!("{LIST}/01"), &[("Cache-Control", "no-cache")]).ok();
        }
        assert_eq!(statements(&format!("{LIST}?limit=1")), 1);
        assert_eq!(statements(&format!("{LIST}?limit=200&kind=commune&q=a&sort=-name_ar")), 1);
        assert_eq!(statements(&format!("{LIST}?limit=200&count=exact")), 2);
        assert_eq!(statements(&format!("{LIST}/01.511.01.0")), 1);
        assert_eq!(statements(&format!("{LIST}/01.511/children")), 2);
    }
}
