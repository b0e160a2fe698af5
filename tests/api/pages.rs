//! The pages for people.

use remacto::web::problem::KINDS;

use crate::support::on_both;

on_both! {
    fn the_home_page_speaks_three_languages(server) {
        for (query, language, direction, word) in [
            ("", "fr", "ltr", "Commencer"),
            ("?lang=fr", "fr", "ltr", "Réseau Marocain des Collectivités Territoriales Ouvertes"),
            ("?lang=ar", "ar", "rtl", "الشبكة المغربية للجماعات الترابية المنفتحة"),
            ("?lang=en", "en", "ltr", "Moroccan Network of Open Local Governments"),
        ] {
            let page = server.get(&format!("/{query}"));
            assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
            let html = page.text();
            assert!(html.contains(&format!("<html lang=\"{language}\" dir=\"{direction}\">")), "{html}");
            assert!(html.contains(word), "{html}");
            assert!(!html.contains("<script") && !html.contains("src=\"http"), "{html}");
        }
        server.get("/?lang=de").problem(400, "invalid_parameter");
    }

    fn every_link_of_the_home_page_leads_somewhere(server) {
        let page = server.get("/?lang=en");
        let links: Vec<&str> = page.text().split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.len() > 10);
        for link in links.into_iter().filter(|link| link.starts_with('/')) {
            assert_eq!(server.get(&link.replace("&amp;", "&")).status, 200, "{link}");
        }
    }

    fn every_kind_of_problem_has_its_page(server) {
        let index = server.get("/problems");
        for kind in KINDS {
            assert!(index.text().contains(&format!("href=\"/problems/{}\"", kind.code)));
            let page = server.get(&format!("/problems/{}", kind.code));
            assert_eq!(page.status, 200);
            let text = page.text().replace("&#39;", "'").replace("&#34;", "\"");
            assert!(text.contains(kind.title) && text.contains(kind.explanation) && text.contains(kind.remedy), "{text}");
        }
    }

    fn the_documentation_has_its_assets_with_it(server) {
        let short = server.get("/docs");
        assert_eq!((short.status, short.header("location")), (308, Some("/docs/")));
        let page = server.get("/docs/");
        assert_eq!(page.status, 200);
        let assets: Vec<String> = page
            .text()
            .split(['"', '\''])
            .filter(|word| word.rsplit_once('.').is_some_and(|(_, ending)| ["js", "css", "png"].contains(&ending)))
            .map(|asset| format!("/docs/{}", asset.trim_start_matches("./")))
            .collect();
        assert!(assets.len() >= 4, "{assets:?}");
        for asset in assets {
            assert_eq!(server.get(&asset).status, 200, "{asset}");
        }
        assert!(server.get("/docs/swagger-initializer.js").text().contains("/openapi.json"));
    }
}
