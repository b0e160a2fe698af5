//! A day is a day of Morocco: what depends on today changes at midnight in Rabat, an hour before it does in UTC.

use chrono::{DateTime, Days, Utc};
use remacto::{
    auth::roles::Role,
    retention::{self, Forgotten, Periods},
};
use serde_json::{Value, json};

use crate::{
    consultations::{LIST, PROGRAM, address, made, patch, places, program},
    support::{TestServer, accounts::Account, on_both},
};

/// Half an hour before midnight in Rabat, and half an hour after it, when UTC still shows the same day.
const BEFORE: &str = "2026-12-01T22:30:00Z";
const AFTER: &str = "2026-12-01T23:30:00Z";

fn set_clock(server: &TestServer, moment: &str) {
    server.db.clock().set(moment.parse::<DateTime<Utc>>().unwrap());
}

/// A round that is open on 2 December only.
fn round(server: &TestServer, focal: &Account) -> Value {
    program(server, "published");
    let body = json!({"program": "commune-larache-cycle-1", "round": 1, "kind": "online", "title": {"fr": "Vos idées"},
        "opens_on": "2026-12-02", "closes_on": "2026-12-02"});
    made(server, focal, &body)
}

fn contribute(server: &TestServer, round: &Value) -> crate::support::client::Answer {
    let body = json!({"text": "Planter des arbres", "language": "fr", "contact": {"email": "amina@example.org"}});
    let headers = [("Idempotency-Key", "a-key-that-nobody-guesses")];
    server.json("POST", &format!("{}/contributions", address(round)), &headers, &body)
}

on_both! {
    fn a_round_opens_and_closes_at_midnight_in_rabat(server) {
        set_clock(server, BEFORE);
        let focal = server.account(Role::FocalPoint);
        let round = round(server, &focal);
        let computed = || server.get(address(&round)).ok()["computed"].clone();
        let open = || server.get(&format!("{LIST}?open=true"));
        let refused = contribute(server, &round).problem(409, "not_now");
        assert_eq!(places(&refused), [("", "not_open_yet")]);
        assert_eq!(computed(), json!({"computed_on": "2026-12-01", "is_open": false}));
        let kept = open();
        assert_eq!(kept.json()["data"], json!([]));
        let tag = kept.header("etag").unwrap();
        assert_eq!(server.get_with(&format!("{LIST}?open=true"), &[("If-None-Match", tag)]).status, 304);

        set_clock(server, AFTER);
        // Nothing was written meanwhile: it is the day that makes another answer.
        assert_eq!(server.get_with(&format!("{LIST}?open=true"), &[("If-None-Match", tag)]).status, 200);
        assert_eq!(open().ok()["data"][0]["id"], round["id"]);
        assert_eq!(computed(), json!({"computed_on": "2026-12-02", "is_open": true}));
        assert_eq!(contribute(server, &round).status, 201);
        // A date that stands for a moment is the day's first one in Rabat.
        let list = format!("{}/contributions?moderation=all&updated_since=", address(&round));
        let since = |day: &str| server.get_with(&format!("{list}{day}"), &[focal.header()]).ok()["data"].as_array().unwrap().len();
        assert_eq!((since("2026-12-02"), since("2026-12-03")), (1, 0));

        set_clock(server, "2026-12-02T23:30:00Z");
        assert_eq!(computed(), json!({"computed_on": "2026-12-03", "is_open": false}));
        // Thirty days later the contact goes, when the thirty-first day begins in Rabat.
        let periods = Periods {
            feed: Days::new(400), sessions: Days::new(400), focal_points: Days::new(400), accounts: Days::new(400),
            contribution_contacts: Days::new(30), audit_addresses: Days::new(400),
        };
        set_clock(server, "2027-01-01T22:30:00Z");
        assert_eq!(retention::forget(&server.db, &periods, 10).contribution_contacts, 0);
        set_clock(server, "2027-01-01T23:30:00Z");
        let forgotten = retention::forget(&server.db, &periods, 10);
        assert_eq!(Forgotten { contribution_contacts: 1, ..forgotten }, forgotten);
    }

    fn lateness_alerts_and_figures_count_days_of_morocco(server) {
        set_clock(server, BEFORE);
        let (focal, secretary) = (server.account(Role::FocalPoint), server.account(Role::Secretariat));
        program(server, "published");
        patch(server, &secretary, PROGRAM, &json!({"planned": {"adoption_on": "2026-12-01"}})).ok();
        let body = json!({"program": "commune-larache-cycle-1", "title": {"fr": "Arbres"}, "starts_on": "2026-12-02"});
        let project = server.json("POST", "/api/v1/projects", &[focal.header()], &body).json();
        let milestones = format!("{}/milestones", address(&project));
        let milestone = |due_on: &str, done_on: Value| {
            let body = json!({"title": {"fr": "Planter"}, "due_on": due_on, "done_on": done_on});
            server.json("POST", &milestones, &[focal.header()], &body)
        };
        assert_eq!(milestone("2026-12-01", Value::Null).status, 201);
        let status = || server.get(address(&project)).ok()["computed"].clone();
        let alerts = || server.get("/api/v1/network/alerts?sort=since").ok();
        assert_eq!((&status()["status"], &status()["computed_on"]), (&json!("not_started"), &json!("2026-12-01")));
        assert_eq!((&alerts()["data"], &alerts()["computed_on"]), (&json!([]), &json!("2026-12-01")));
        let done = milestone("2026-12-31", json!("2026-12-02")).problem(422, "invalid_content");
        assert_eq!(places(&done), [("/done_on", "in_the_future")]);
        let card = "/api/v1/members/commune-larache/scorecard";
        server.get(&format!("{card}?as_of=2026-12-02")).problem(400, "invalid_parameter");
        server.get("/api/v1/network/indicators/milestones-late?as_of=2026-12-02").problem(400, "invalid_parameter");

        set_clock(server, AFTER);
        assert_eq!(milestone("2026-12-31", json!("2026-12-02")).status, 201);
        let late = status();
        assert_eq!((&late["status"], &late["late_since"], &late["days_late"]), (&json!("late"), &json!("2026-12-01"), &json!(1)));
        let found = alerts();
        let each = found["data"].as_array().unwrap().iter();
        let each: Vec<(&Value, &Value, &Value)> = each.map(|alert| (&alert["rule"], &alert["since"], &alert["days"])).collect();
        let (since, one) = (json!("2026-12-02"), json!(1));
        assert_eq!(each, [(&json!("adoption_late"), &since, &one), (&json!("milestone_late"), &since, &one)]);
        for path in [card, "/api/v1/network/scorecard", "/api/v1/network/indicators/milestones-late", "/api/v1/network/statistics"] {
            let found = server.get(path).ok();
            assert_eq!((&found["as_of"], &found["computed_on"]), (&since, &since), "{path}");
        }
        assert_eq!(server.get("/api/v1/network").ok()["composition"]["computed"]["computed_on"], since);
        assert_eq!(server.get("/api/v1/network/indicators/milestones-late").ok()["whole"]["value"], 1);
    }

    fn a_period_is_over_when_its_last_day_is_over_in_rabat(server) {
        let seen = |moment: &str| {
            set_clock(server, moment);
            server.get("/api/v1/reporting-periods/2026-12").status
        };
        assert_eq!((seen("2026-12-31T22:30:00Z"), seen("2026-12-31T23:30:00Z")), (404, 200));
        // In Ramadan the clocks of Morocco show UTC.
        let seen = |moment: &str| {
            set_clock(server, moment);
            server.get("/api/v1/reporting-periods/2026-02").status
        };
        assert_eq!((seen("2026-02-28T23:30:00Z"), seen("2026-03-01T00:00:01Z")), (404, 200));
    }
}
