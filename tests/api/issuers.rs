//! Tokens of an outside issuer, which is a small server of the test's own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use remacto::auth::roles::Role;
use serde_json::{Value, json};

use crate::support::TestServer;

/// Made with openssl for these tests, and used nowhere else.
const RSA: &[u8] = include_bytes!("keys/rsa.der");
const P256: &[u8] = include_bytes!("keys/p256.der");

/// An `OpenID` Connect provider: metadata, keys, and tokens.
struct Provider {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let mut header = String::new();
                while reader.read_line(&mut header).unwrap() > 2 {
                    header.clear();
                }
                count.fetch_add(1, Ordering::Relaxed);
                let body = if line.contains("/.well-known/openid-configuration") {
                    json!({"issuer": format!("http://{address}"), "jwks_uri": format!("http://{address}/keys")})
                } else {
                    json!({"keys": [public(Algorithm::RS256), public(Algorithm::ES256), {"kty": "odd", "kid": "odd"}]})
                };
                let body = body.to_string();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                // Who has gone away needs no answer.
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        Self { address, asked }
    }

    fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The operator's file about it.
    fn described(&self) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let issuers = json!([{
            "issuer": self.name(), "audience": "remacto", "algorithms": ["RS256", "ES256"], "role_claim": "/groups",
            "roles": [
                {"claim": "network", "role": "secretariat"},
                {"claim": "register", "role": "registrar"},
                {"claim": "commune", "role": "focal_point"}
            ],
            "member_claim": "/commune"
        }]);
        file.write_all(issuers.to_string().as_bytes()).unwrap();
        file
    }

    fn claims(&self, groups: &Value) -> Value {
        json!({
            "iss": self.name(), "aud": "remacto", "sub": "amina", "groups": groups, "commune": "commune-larache",
            "exp": Utc::now().timestamp() + 600,
        })
    }

    fn bearer(&self, algorithm: Algorithm, groups: &Value) -> String {
        signed(algorithm, kid(algorithm), &self.claims(groups))
    }
}

fn key(algorithm: Algorithm) -> EncodingKey {
    if algorithm == Algorithm::ES256 { EncodingKey::from_ec_der(P256) } else { EncodingKey::from_rsa_der(RSA) }
}

fn kid(algorithm: Algorithm) -> &'static str {
    if algorithm == Algorithm::ES256 { "p256" } else { "rsa" }
}

fn public(algorithm: Algorithm) -> Value {
    let mut jwk = Jwk::from_encoding_key(&key(algorithm), algorithm).unwrap();
    jwk.common.key_id = Some(kid(algorithm).to_owned());
    serde_json::to_value(jwk).unwrap()
}

fn signed(algorithm: Algorithm, kid: &str, claims: &Value) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    format!("Bearer {}", encode(&header, claims, &key(algorithm)).unwrap())
}

/// The same token with the other signature that ECDSA allows: (r, n - s) for (r, s).
fn with_other_signature(token: &str) -> String {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let digit = i16::from(u8::from_str_radix(&ORDER[2 * at..2 * at + 2], 16).unwrap());
        let difference = digit - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        signature[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Two tests of a scenario with a provider and a server that believes it.
macro_rules! with_provider {
    ($(fn $name:ident($provider:ident, $server:ident) $body:block)*) => {
        $(mod $name {
            use super::*;

            fn scenario($provider: &Provider, $server: &TestServer) $body

            #[test]
            fn on_sqlite() {
                let provider = Provider::start();
                let file = provider.described();
                scenario(&provider, &TestServer::on_sqlite_with(&["--issuers", file.path().to_str().unwrap()]));
            }

            #[test]
            fn on_postgres() {
                let provider = Provider::start();
                let file = provider.described();
                let server = TestServer::on_postgres_with(&["--issuers", file.path().to_str().unwrap()]);
                if let Some(server) = server {
                    scenario(&provider, &server);
                }
            }
        })*
    };
}

const ME: &str = "/api/v1/auth/me";

with_provider! {
    fn somebody_of_the_issuer_writes_and_the_audit_knows_who_it_was(provider, server) {
        let network = provider.bearer(Algorithm::RS256, &json!(["other", "network"]));
        let me = server.get_with(ME, &[("Authorization", &network)]).ok();
        assert_eq!((&me["role"], &me["organisation"]), (&json!("secretariat"), &json!(provider.name())));
        let also = provider.bearer(Algorithm::ES256, &json!("network"));
        assert_eq!(server.get_with(ME, &[("Authorization", &also)]).ok()["id"], me["id"], "whatever the key");
        let patch = json!({"website": "https://larache.example/"});
        let headers = [("Authorization", network.as_str()), ("If-Match", "*"), ("Idempotency-Key", "one")];
        server.json("PATCH", "/api/v1/members/commune-larache", &headers[..2], &patch).ok();
        let administrator = server.account(Role::Administrator);
        let audit = server.get_with(&format!("/api/v1/audit?account_id={}", me["id"].as_str().unwrap()), &[administrator.header()]).ok();
        assert_eq!((&audit["data"][0]["action"], &audit["data"][0]["role"]), (&json!("updated"), &json!("secretariat")));
        let move_back = json!({"to": "suspended", "on": "2026-01-01", "reason": "x"});
        let transitions = "/api/v1/members/commune-larache/transitions";
        let first = server.json("POST", transitions, &[headers[0], headers[2]], &move_back);
        let again = server.json("POST", transitions, &[headers[0], headers[2]], &move_back);
        assert_eq!((first.status, again.status, again.header("idempotency-replayed")), (200, 200, Some("true")));
    }

    fn who_speaks_for_a_member_speaks_for_no_other_and_nobody_administers(provider, server) {
        let own = provider.bearer(Algorithm::RS256, &json!(["commune"]));
        let patch = |member: &str| {
            let headers = [("Authorization", own.as_str()), ("If-Match", "*")];
            server.json("PATCH", &format!("/api/v1/members/{member}"), &headers, &json!({"website": "https://x.example/"}))
        };
        patch("commune-larache").ok();
        patch("commune-agadir").problem(403, "not_your_member");
        server.get_with("/api/v1/audit", &[("Authorization", &own)]).problem(403, "forbidden");
        let body = json!({"current_password": "x", "new_password": "correct horse battery"});
        server.json("POST", "/api/v1/auth/password", &[("Authorization", &own)], &body).problem(403, "forbidden");
        let mut nowhere = provider.claims(&json!(["commune"]));
        nowhere["commune"] = "commune-nowhere".into();
        let lost = signed(Algorithm::RS256, "rsa", &nowhere);
        server.get_with(ME, &[("Authorization", &lost)]).problem(401, "invalid_token");
        let nobody = provider.bearer(Algorithm::RS256, &json!(["administrator"]));
        server.get_with("/api/v1/members", &[("Authorization", &nobody)]).problem(401, "invalid_token");
    }

    fn a_registrar_of_the_issuer_pushes_lists_under_the_issuers_name(provider, server) {
        let register = provider.bearer(Algorithm::ES256, &json!(["register"]));
        let headers = [("Authorization", register.as_str()), ("Content-Type", "text/csv")];
        let list = "kind,territory_code,name_fr,name_ar,status,since\nmunicipality,01.511.01.0,Tanger,طنجة,active,2024-01-01\n";
        let answer = server.send_body("POST", "/api/v1/imports?resource=members", &headers, list);
        assert_ne!(answer.status, 401, "{}", answer.text());
        assert_ne!(answer.status, 403, "{}", answer.text());
    }

    fn a_token_can_be_taken_back_and_the_others_stay(provider, server) {
        let one = provider.bearer(Algorithm::RS256, &json!(["network"]));
        let other = provider.bearer(Algorithm::ES256, &json!(["network"]));
        let form = [("Authorization", one.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let token = format!("token={}", &one["Bearer ".len()..]);
        assert_eq!(server.send_body("POST", "/api/v1/auth/revoke", &form, &token).status, 200);
        server.get_with(ME, &[("Authorization", &one)]).problem(401, "invalid_token");
        server.get_with(ME, &[("Authorization", &other)]).ok();
    }

    fn a_second_signature_of_the_same_revives_no_token(provider, server) {
        let one = provider.bearer(Algorithm::ES256, &json!(["network"]));
        let twin = with_other_signature(&one);
        assert_ne!(one, twin);
        server.get_with(ME, &[("Authorization", &twin)]).ok();
        let form = [("Authorization", one.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        assert_eq!(server.send_body("POST", "/api/v1/auth/revoke", &form, &format!("token={}", &one["Bearer ".len()..])).status, 200);
        server.get_with(ME, &[("Authorization", &twin)]).problem(401, "invalid_token");
    }

    fn an_administrator_takes_anybodys_token_back_and_others_do_not(provider, server) {
        let token = provider.bearer(Algorithm::RS256, &json!(["network"]));
        let form = format!("token={}", &token["Bearer ".len()..]);
        let revoke = |role: Role| {
            let account = server.account(role);
            let headers = [account.header(), ("Content-Type", "application/x-www-form-urlencoded")];
            server.send_body("POST", "/api/v1/auth/revoke", &headers, &form).status
        };
        assert_eq!(revoke(Role::Secretariat), 400);
        server.get_with(ME, &[("Authorization", &token)]).ok();
        assert_eq!(revoke(Role::Administrator), 200);
        server.get_with(ME, &[("Authorization", &token)]).problem(401, "invalid_token");
    }

    fn keys_that_are_not_known_are_not_asked_for_again_and_again(provider, server) {
        server.get_with(ME, &[("Authorization", &provider.bearer(Algorithm::RS256, &json!(["network"])))]).ok();
        for number in 0..20 {
            let token = signed(Algorithm::RS256, &format!("key{number}"), &provider.claims(&json!(["network"])));
            server.get_with(ME, &[("Authorization", &token)]).problem(401, "invalid_token");
        }
        // Metadata and keys, once each.
        assert_eq!(provider.asked.load(Ordering::Relaxed), 2);
        let unlisted = signed(Algorithm::RS512, "rsa", &provider.claims(&json!(["network"])));
        server.get_with(ME, &[("Authorization", &unlisted)]).problem(401, "invalid_token");
        server.get_with(ME, &[server.account(Role::Partner).header()]).ok();
    }
}
