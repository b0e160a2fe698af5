//! The network's presentation and its published composition.

use serde_json::{Value, json};

use crate::support::on_both;

on_both! {
    fn the_network_presents_itself_in_three_languages(server) {
        let network = server.get("/api/v1/network").ok();
        assert_eq!(network["short_name"], "REMACTO");
        assert_eq!(network["name"]["en"], "Moroccan Network of Open Local Governments");
        assert_eq!(network["name"]["fr"], "Réseau Marocain des Collectivités Territoriales Ouvertes");
        assert_eq!(network["name"]["ar"], "الشبكة المغربية للجماعات الترابية المنفتحة");
        assert_eq!(network["established_on"], "2022-10-21");
        assert_eq!(network["presentation_official"], false);
        for text in [&network["presentation"], &network["programme"]["description"]] {
            assert_eq!(text.as_object().unwrap().len(), 3);
        }
        assert_eq!(network["objectives"].as_array().unwrap().len(), 2);
        assert_eq!(network["outcomes"].as_array().unwrap().len(), 3);
        let roles: Vec<&Value> = network["partners"].as_array().unwrap().iter().map(|partner| &partner["role"]).collect();
        assert_eq!(roles, ["overseer", "implementing_partner", "implementing_partner"]);
        assert_eq!(network["links"]["self"], "/api/v1/network");
    }

    fn every_published_figure_keeps_its_words_date_and_source(server) {
        let network = server.get("/api/v1/network").ok();
        let statements = network["composition"]["published"].as_array().unwrap();
        let figures = |code: &str| -> Vec<i64> {
            let statement = statements.iter().find(|statement| statement["code"] == code).expect(code);
            assert!(statement["source"]["fr"].is_string());
            statement["figures"].as_array().unwrap().iter().map(|figure| figure["count"].as_i64().unwrap()).collect()
        };
        assert_eq!(figures("creation-2022"), [12, 4, 50]);
        assert_eq!(figures("presentation-ar"), [12, 7, 97]);
        assert_eq!(figures("presentation-en"), [12, 7, 97]);
        assert_eq!(figures("april-2024"), [12, 7, 107]);
        assert_eq!(figures("december-2024"), [12, 17, 199]);
        let by_code = |code: &str| statements.iter().find(|statement| statement["code"] == code).unwrap();
        assert_eq!(by_code("presentation-en")["stated_on"], Value::Null);
        assert_eq!(by_code("presentation-en")["figures"][0], json!({"count": 12, "label": {"en": "institutions"}, "read_as": "region"}));
        assert_eq!(by_code("april-2024")["stated_on"], "2024-04-01");
        assert_eq!(by_code("april-2024")["stated_on_precision"], "month");
        assert_eq!(by_code("creation-2022")["stated_on_precision"], "day");
        assert_eq!(by_code("december-2024")["total"], 228);
    }

    fn a_language_prunes_every_text_and_says_where_another_stands_in(server) {
        let english = server.get("/api/v1/network?lang=en").ok();
        assert_eq!(english["name"], json!({"en": "Moroccan Network of Open Local Governments"}));
        let fallbacks = english["lang_fallbacks"].as_array().unwrap();
        assert!(fallbacks.contains(&json!("/composition/published/1/figures/0/label")), "{fallbacks:?}");
        for pointer in fallbacks {
            let text = english.pointer(pointer.as_str().unwrap()).expect("the pointer leads to a text");
            assert!(text.get("en").is_none() && text.as_object().unwrap().len() == 1, "{pointer}");
        }
    }

    fn the_index_leads_to_every_collection(server) {
        let index = server.get("/api/v1").ok();
        assert_eq!(index["data_licence"]["code"], "CC-BY-4.0");
        assert_eq!(index["sequence"], 1_679);
        let links = index["links"].as_object().unwrap();
        for name in ["self", "network", "charter", "charter_commitments", "territories", "documentation", "openapi", "problems"] {
            let path = links.get(name).unwrap_or_else(|| panic!("{name} is missing")).as_str().unwrap();
            assert_eq!(server.get(path).status, 200, "{path}");
        }
    }
}

#[test]
fn the_data_licence_is_a_setting() {
    let server = crate::support::TestServer::on_sqlite_with(&["--data-licence", "ODbL-1.0"]);
    let index = server.get("/api/v1");
    assert_eq!(index.ok()["data_licence"]["code"], "ODbL-1.0");
    let other = crate::support::TestServer::on_sqlite().get("/api/v1");
    assert_ne!(index.header("etag"), other.header("etag"));
}
