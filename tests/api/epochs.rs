//! What an account was: no token from before a change is good, and nobody is shown what was answered to somebody else, be it
//! the same account in another role or for another member.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use remacto::auth::{roles::Role, store};
use serde_json::{Value, json};

use crate::{
    practices::practice,
    support::{
        TestServer,
        accounts::{Account, OPERATOR, signed},
        client::Answer,
        on_both,
    },
};

const CLIENTS: &str = "/api/v1/clients";

/// A new token of a machine.
fn token(server: &TestServer, id: &str, secret: &str) -> String {
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", &basic)];
    let answer = server.send_body("POST", "/api/v1/auth/token", &headers, "grant_type=client_credentials");
    format!("Bearer {}", answer.ok()["access_token"].as_str().unwrap())
}

fn me(server: &TestServer, bearer: &str) -> u16 {
    server.get_with("/api/v1/auth/me", &[("Authorization", bearer)]).status
}

fn patch(server: &TestServer, administrator: &Account, id: &str, body: &Value) {
    let headers = [administrator.header(), ("If-Match", "*")];
    server.json("PATCH", &format!("{CLIENTS}/{id}"), &headers, body).ok();
}

on_both! {
    fn a_token_from_before_a_change_is_never_good_again(server) {
        let (administrator, client) = (server.account(Role::Administrator), server.account(Role::Partner));
        let changes = [
            (json!({"disabled": true}), json!({"disabled": false})),
            (json!({"role": "registrar"}), json!({"role": "partner"})),
            (json!({"role": "focal_point", "member": "commune-larache"}), json!({"role": "partner", "member": null})),
            (json!({"organisation": "Another"}), json!({"organisation": "Test"})),
        ];
        let mut former = vec![client.bearer.clone()];
        for (there, back) in &changes {
            let bearer = token(server, &client.id, &client.secret);
            assert_eq!(me(server, &bearer), 200);
            patch(server, &administrator, &client.id, there);
            assert_eq!(me(server, &bearer), 401, "{there}");
            patch(server, &administrator, &client.id, back);
            former.push(bearer);
        }
        // The same from the command line.
        let bearer = token(server, &client.id, &client.secret);
        for disabled in [true, false] {
            server.db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &client.id, disabled)).unwrap();
        }
        former.push(bearer);
        let before_epochs = {
            let mut claims = serde_json::to_value(&client.claims).unwrap();
            claims.as_object_mut().unwrap().remove("epoch");
            format!("Bearer {}", signed(&claims))
        };
        former.push(before_epochs.clone());
        for bearer in &former {
            assert_eq!(me(server, bearer), 401);
            let write = server.json("POST", "/api/v1/practices", &[("Authorization", bearer)], &practice());
            assert!([401, 403].contains(&write.status), "{}", write.text());
        }
        assert_eq!(me(server, &token(server, &client.id, &client.secret)), 200);
        // Which members are assigned is asked anew each time.
        patch(server, &administrator, &client.id, &json!({"role": "evaluator"}));
        let bearer = token(server, &client.id, &client.secret);
        patch(server, &administrator, &client.id, &json!({"assigned_members": ["commune-martil"]}));
        assert_eq!(me(server, &bearer), 200);
        // A token from before there were epochs is good as long as nothing has changed.
        let untouched = server.account(Role::Partner);
        let mut claims = serde_json::to_value(&untouched.claims).unwrap();
        claims.as_object_mut().unwrap().remove("epoch");
        assert_eq!(me(server, &format!("Bearer {}", signed(&claims))), 200);
    }

    fn a_secret_that_is_taken_away_takes_its_tokens_along(server) {
        let (administrator, client) = (server.account(Role::Administrator), server.account(Role::Registrar));
        let path = format!("{CLIENTS}/{}", client.id);
        let rotate = || {
            let answer = server.send("POST", &format!("{path}/secret"), &[administrator.header()]).ok();
            answer["client_secret"].as_str().unwrap().to_owned()
        };
        let second = rotate();
        assert_eq!(me(server, &client.bearer), 200, "both secrets are good");
        let third = rotate();
        assert_eq!(me(server, &client.bearer), 401, "the first one is not");
        let (by_second, by_third) = (token(server, &client.id, &second), token(server, &client.id, &third));
        let dropped = server.send("DELETE", &format!("{path}/former-secret"), &[administrator.header(), ("If-Match", "*")]);
        assert_eq!((dropped.status, me(server, &by_second), me(server, &by_third)), (204, 401, 401));
        assert_eq!(me(server, &token(server, &client.id, &third)), 200);
    }

    fn who_speaks_for_another_member_is_not_shown_what_was_the_former_ones(server) {
        let (administrator, secretary) = (server.account(Role::Administrator), server.account(Role::Secretariat));
        let focal = server.account(Role::FocalPoint);
        let create = |bearer: &str| -> Answer {
            let headers = [("Authorization", bearer), ("Idempotency-Key", "once")];
            let mut body = practice();
            body.as_object_mut().unwrap().insert("publication".to_owned(), json!("draft"));
            server.json("POST", "/api/v1/practices", &headers, &body)
        };
        let list = "indicator,period,value\nnowhere,2025-Q1,1\n";
        let import = |bearer: &str| {
            let headers = [("Authorization", bearer), ("Content-Type", "text/csv"), ("Idempotency-Key", "list")];
            server.send_body("POST", "/api/v1/imports?resource=measurements", &headers, list)
        };
        let first = create(&focal.bearer);
        assert_eq!((first.status, create(&focal.bearer).json() == first.json()), (201, true), "{}", first.text());
        let report = import(&focal.bearer);
        assert_eq!(report.status, 201, "{}", report.text());
        let path = report.json()["links"]["self"].as_str().unwrap().to_owned();
        let read = |bearer: &str, path: &str| server.get_with(path, &[("Authorization", bearer)]);
        let reports = |bearer: &str| read(bearer, "/api/v1/imports").ok()["data"].as_array().unwrap().len();
        assert_eq!((read(&focal.bearer, &path).status, reports(&focal.bearer)), (200, 1));

        patch(server, &administrator, &focal.id, &json!({"member": "commune-martil"}));
        assert_eq!((create(&focal.bearer).status, import(&focal.bearer).status, read(&focal.bearer, &path).status), (401, 401, 401));
        let moved = token(server, &focal.id, &focal.secret);
        create(&moved).problem(403, "not_your_member");
        import(&moved).problem(422, "idempotency_key_reused");
        read(&moved, &path).problem(404, "not_found");
        read(&moved, &format!("{path}/rows")).problem(404, "not_found");
        assert_eq!((reports(&moved), reports(&secretary.bearer)), (0, 1));
        // The same account as a registrar, who imports, too.
        patch(server, &administrator, &focal.id, &json!({"role": "registrar", "member": null}));
        let registrar = token(server, &focal.id, &focal.secret);
        assert_eq!((read(&registrar, &path).status, reports(&registrar)), (404, 0));
        // Who comes back sees it again.
        patch(server, &administrator, &focal.id, &json!({"role": "focal_point", "member": "commune-larache"}));
        let back = token(server, &focal.id, &focal.secret);
        assert_eq!((read(&back, &path).status, create(&back).json()["id"].clone()), (200, first.json()["id"].clone()));
    }
}
