//! What the operator sees.

use crate::support::on_both;

on_both! {
    fn an_answer_carries_the_callers_request_id_if_it_is_sound(server) {
        let id = |brought: &str| {
            server.get_with("/health/live", &[("X-Request-Id", brought)]).header("x-request-id").unwrap().to_owned()
        };
        assert_eq!(id("my-request_1.2"), "my-request_1.2");
        for forged in ["short", "has space in it", &"x".repeat(65), "line\tbreak-abc", "quote\"quote"] {
            let made = id(forged);
            assert_ne!(made, forged);
            assert!(remacto::kernel::id::is_id(&made), "{made}");
        }
        assert_ne!(server.get("/health/live").header("x-request-id"), server.get("/health/live").header("x-request-id"));
    }

    fn a_healthy_server_says_so(server) {
        let ready = serde_json::json!({"status": "ok", "writes": "ok", "cause": null});
        for (path, body) in [("/health/live", serde_json::json!({"status": "ok"})), ("/health/ready", ready)] {
            let answer = server.get(path);
            assert_eq!(answer.ok(), body);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }

    fn metrics_count_by_route_pattern_on_their_own_listener(server) {
        for code in ["01", "02", "03"] {
            server.get(&format!("/api/v1/territories/{code}")).ok();
        }
        server.get("/api/v1/territories/99");
        server.get("/nowhere/else");
        server.send("HEAD", "/health/live", &[]);
        let metrics = server.get_operations("/metrics");
        let text = metrics.text();
        let count = |labels: &str| {
            let line = format!("remacto_http_request_duration_seconds_count{{{labels}}} ");
            text.lines().find_map(|found| found.strip_prefix(&line)).unwrap_or_else(|| panic!("{labels} in {text}")).to_owned()
        };
        assert_eq!(count("method=\"GET\",route=\"/api/v1/territories/{code}\",status=\"200\""), "3");
        assert_eq!(count("method=\"GET\",route=\"/api/v1/territories/{code}\",status=\"404\""), "1");
        assert_eq!(count("method=\"GET\",route=\"(none)\",status=\"404\""), "1");
        assert_eq!(count("method=\"HEAD\",route=\"/health/live\",status=\"200\""), "1");
        assert!(text.contains("remacto_db_statements_total ") && text.trim_end().ends_with("# EOF"), "{text}");
        assert!(!text.contains("/nowhere"));
        assert_eq!(server.get("/metrics").status, 404);
    }
}
