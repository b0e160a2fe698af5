//! The charter and its commitments.

use serde_json::{Value, json};

use crate::support::on_both;

const COMMITMENTS: [&str; 5] =
    ["openness-norms", "action-programs", "monitoring-evaluation", "territorial-synergy", "visibility"];

on_both! {
    fn the_charter_says_what_it_is_made_of_and_that_the_wording_is_ours(server) {
        let charter = server.get("/api/v1/charter").ok();
        assert_eq!(charter["charter_version"], "1");
        assert_eq!(charter["current"], true);
        assert_eq!(charter["official"], false);
        assert_eq!(charter["full_text_url"], "https://ctouvertes.collectivites-territoriales.gov.ma/a-propos.php");
        let count = |part: &str| charter[part].as_array().unwrap().len();
        assert_eq!((count("principles"), count("values"), count("objectives"), count("commitments")), (5, 2, 2, 5));
        for part in ["principles", "values", "objectives", "commitments"] {
            for item in charter[part].as_array().unwrap() {
                assert_eq!(item["official"], false);
                assert_eq!((item["title"].as_object().unwrap().len(), item["text"].as_object().unwrap().len()), (3, 3));
            }
        }
        assert_eq!(charter["versions"], json!([{"charter_version": "1", "current": true, "href": "/api/v1/charter?charter_version=1"}]));
        assert_eq!(server.get(charter["links"]["self"].as_str().unwrap()).ok(), charter);
    }

    fn the_five_commitments_have_codes_and_addresses(server) {
        let page = server.get("/api/v1/charter/commitments").ok();
        assert_eq!(page["page"], json!({"limit": 200, "next_cursor": null, "total": 5}));
        let commitments = page["data"].as_array().unwrap();
        let codes: Vec<&Value> = commitments.iter().map(|commitment| &commitment["code"]).collect();
        assert_eq!(codes, COMMITMENTS);
        for (position, commitment) in (1..).zip(commitments) {
            assert_eq!(commitment["position"], position);
            assert_eq!(&server.get(commitment["links"]["self"].as_str().unwrap()).ok(), commitment);
            let by_id = format!("/api/v1/charter/commitments/{}", commitment["id"].as_str().unwrap());
            assert_eq!(&server.get(&by_id).ok(), commitment);
        }
    }

    fn a_version_that_does_not_exist_is_refused(server) {
        for path in ["/api/v1/charter", "/api/v1/charter/commitments", "/api/v1/charter/commitments/visibility"] {
            server.get(&format!("{path}?charter_version=99")).problem(404, "not_found");
            server.get(&format!("{path}?charter_version=%2F")).problem(400, "invalid_parameter");
        }
    }

    fn a_language_prunes_the_charter(server) {
        let arabic = server.get("/api/v1/charter/commitments/visibility?lang=ar").ok();
        assert_eq!(arabic["title"].as_object().unwrap().keys().collect::<Vec<_>>(), ["ar"]);
        assert_eq!(arabic["lang_fallbacks"], json!([]));
    }
}
