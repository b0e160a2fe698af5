//! Validators: no tag ever stands for two answers.

use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::{
    action_programs::{patch, post, programme},
    support::{TestServer, accounts::Account, client::Answer, on_both},
};

const LARACHE: &str = "/api/v1/members/commune-larache";
const MEMBERS: &str = "/api/v1/members?limit=5&region=01";

/// The version that an answer's tag names.
pub fn version_in(answer: &Answer) -> &str {
    answer.header("etag").unwrap().split('-').next().unwrap()
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").unwrap().to_owned()
}

/// What somebody is answered who has the answer with a tag.
fn again(server: &TestServer, path: &str, who: Option<&Account>, tag: &str) -> Answer {
    let mut headers = vec![("If-None-Match", tag), ("Cache-Control", "no-cache")];
    headers.extend(who.map(Account::header));
    server.get_with(path, &headers)
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// One write of the walk.
fn step(server: &TestServer, secretary: &Account, dice: &mut Dice) {
    let website = format!("https://x.example/{}", dice.below(3));
    let member = json!({"kind": "municipality", "territory_code": "01.331.01.01", "name": {"fr": "Ksar"},
        "status": "candidate", "provenance": "official", "source": "s"});
    match dice.below(4) {
        0 | 1 => {
            patch(server, secretary, LARACHE, &json!({"website": website})).ok();
        }
        2 => {
            let status = post(server, secretary, "/api/v1/members", &member).status;
            assert!([201, 409].contains(&status), "{status}");
        }
        _ => {
            let listed = server.get("/api/v1/members?province=01.331&status=candidate").ok();
            for found in listed["data"].as_array().unwrap() {
                let address = found["links"]["self"].as_str().unwrap();
                let gone = server.send("DELETE", address, &[secretary.header(), ("If-Match", "*")]);
                assert_eq!(gone.status, 204, "{address}");
            }
        }
    }
}

on_both! {
    fn a_tag_stands_for_one_answer_over_any_writes(server) {
        let secretary = server.account(Role::Secretariat);
        let mut dice = Dice(20_261_130);
        let paths = [LARACHE, MEMBERS, "/api/v1/members?province=01.331", "/api/v1/changes?since=1679", "/api/v1/network/statistics"];
        let mut seen: Vec<(&str, String, Value)> = Vec::new();
        for _ in 0..24 {
            step(server, &secretary, &mut dice);
            for path in paths {
                let now = server.get_with(path, &[("Cache-Control", "no-cache")]);
                for (_, tag, body) in seen.iter().filter(|(of, ..)| *of == path) {
                    let is_same = *body == now.ok();
                    assert_eq!(again(server, path, None, tag).status == 304, is_same, "{path} {tag}");
                }
                if !seen.iter().any(|(of, known, _)| *of == path && *known == tag(&now)) {
                    seen.push((path, tag(&now), now.ok()));
                }
            }
        }
        assert!(seen.len() > 40, "{}", seen.len());
    }

    fn a_write_is_answered_with_the_tag_of_what_is_read_then(server) {
        let secretary = server.account(Role::Secretariat);
        let written = patch(server, &secretary, LARACHE, &json!({"website": "https://larache.example/"}));
        let read = server.get(LARACHE);
        assert_eq!((tag(&written), written.ok()), (tag(&read), read.ok()));
        let refused = server.json("PATCH", LARACHE, &[secretary.header(), ("If-Match", "\"1-x\"")], &json!({"website": null}));
        refused.problem(412, "precondition_failed");
        let current = tag(&refused);
        assert_eq!(again(server, LARACHE, None, &current).status, 200, "it names a version and no content");
        server.json("PATCH", LARACHE, &[secretary.header(), ("If-Match", &current)], &json!({"website": null})).ok();
    }

    fn what_can_be_done_next_is_told_to_each_caller(server) {
        let secretary = server.account(Role::Secretariat);
        let path = format!("{LARACHE}/transitions");
        let anonymous = server.get(&path);
        let own = server.get_with(&path, &[secretary.header()]);
        assert_ne!(anonymous.ok(), own.ok());
        assert_eq!(again(server, &path, Some(&secretary), &tag(&anonymous)).status, 200);
        assert_eq!(again(server, &path, None, &tag(&own)).status, 200);
    }

    fn a_period_that_is_locked_is_told(server) {
        let secretary = server.account(Role::Secretariat);
        let path = "/api/v1/reporting-periods?frequency=half_yearly";
        let before = server.get(path);
        let locked = json!({"state": "locked", "reason": "The report is out"});
        patch(server, &secretary, "/api/v1/reporting-periods/2025-H1", &locked).ok();
        assert_eq!(again(server, path, None, &tag(&before)).status, 200);
    }

    fn what_is_made_again_under_a_slug_is_told(server) {
        let secretary = server.account(Role::Secretariat);
        let make = || {
            let made = post(server, &secretary, "/api/v1/action-programs", &programme(1, "published"));
            assert_eq!(made.status, 201, "{}", made.text());
            made.header("location").unwrap().to_owned()
        };
        let path = make();
        let before = server.get(&path);
        assert_eq!(again(server, &path, None, &tag(&before)).status, 304);
        assert_eq!(server.send("DELETE", &path, &[secretary.header(), ("If-Match", "*")]).status, 204);
        assert_eq!(make(), path);
        let after = again(server, &path, None, &tag(&before));
        assert_eq!(after.status, 200);
        assert_eq!(after.ok()["version"], before.ok()["version"]);
    }
}
