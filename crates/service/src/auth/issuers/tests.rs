use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::*;
use crate::{auth::keys, kernel::clock};

const ISSUER: &str = "https://login.example/realms/state";

fn described() -> Value {
    json!({
        "issuer": ISSUER, "audience": "remacto", "algorithms": ["EdDSA"], "role_claim": "/realm_access/roles",
        "roles": [{"claim": "speaks", "role": "focal_point"}, {"claim": "reads", "role": "partner"}], "member_claim": "/member",
    })
}

fn issuer() -> Issuer {
    serde_json::from_value(described()).unwrap()
}

/// A key of the issuer's: its id, and what signs with it.
struct Signer {
    kid: String,
    key: EncodingKey,
    public: Value,
}

impl Signer {
    fn new() -> Self {
        let keys = keys::Keys::read(&keys::generate().unwrap()).unwrap();
        let (kid, key) = keys.signing();
        Self { kid: kid.to_owned(), key: key.clone(), public: keys.public().remove(0) }
    }

    fn token(&self, claims: &Value) -> String {
        encode(&Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) }, claims, &self.key).unwrap()
    }
}

/// An issuer that answers with the keys that it has at the moment, or not at all.
#[derive(Default)]
struct Provider {
    keys: Mutex<Vec<Value>>,
    down: Mutex<bool>,
    asked: AtomicUsize,
}

impl Provider {
    fn with(keys: &[&Signer]) -> Arc<Self> {
        let provider = Self::default();
        provider.have(keys);
        Arc::new(provider)
    }

    fn have(&self, keys: &[&Signer]) {
        *self.keys.lock().unwrap() = keys.iter().map(|key| key.public.clone()).collect();
    }

    fn issuers(self: &Arc<Self>) -> Issuers {
        let provider = Arc::clone(self);
        let fetch: Fetch = Arc::new(move |address| {
            if *provider.down.lock().unwrap() {
                provider.asked.fetch_add(1, Ordering::Relaxed);
                return Err("is away".to_owned());
            }
            let answer = if address.ends_with("/.well-known/openid-configuration") {
                provider.asked.fetch_add(1, Ordering::Relaxed);
                json!({"issuer": ISSUER, "jwks_uri": "https://login.example/keys"})
            } else {
                json!({"keys": *provider.keys.lock().unwrap()})
            };
            Ok(answer.to_string().into_bytes())
        });
        Issuers::fetching(vec![issuer()], &fetch)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

fn claims() -> Value {
    let now = clock::now().timestamp();
    json!({"iss": ISSUER, "aud": ["account", "remacto"], "sub": "1234", "exp": now + 300, "realm_access": {"roles": ["reads"]}})
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    claims
}

#[actix_web::test]
async fn a_token_is_somebodys_of_that_issuer() {
    let signer = Signer::new();
    let issuers = Provider::with(&[&signer]).issuers();
    let found = issuers.check(&signer.token(&claims()), clock::now()).await.unwrap();
    assert_eq!((found.claims.role, found.claims.outside, found.member), (Role::Partner, true, None));
    let again = issuers.check(&signer.token(&with("jti", "other")), clock::now()).await.unwrap();
    assert_eq!(again.claims.sub, found.claims.sub, "the same subject is the same principal");
    assert_ne!(again.claims.jti, found.claims.jti, "and can take one token back and keep the other");
    assert_ne!(principal(ISSUER, "1234"), principal("https://other.example", "1234"));
    assert_ne!(principal("ab", "c"), principal("a", "bc"));
}

#[actix_web::test]
async fn what_is_not_as_the_operator_says_is_refused() {
    let signer = Signer::new();
    let issuers = Provider::with(&[&signer]).issuers();
    let now = clock::now().timestamp();
    for (claims, why) in [
        (with("aud", "another"), TokenError::Foreign),
        (with("iss", "https://login.example"), TokenError::Foreign),
        (with("exp", now - 60), TokenError::Expired),
        (with("nbf", now + 60), TokenError::Immature),
        (with("exp", now + 2 * LONGEST_S), TokenError::TooLong),
        (with("exp", 1e300), TokenError::Malformed),
        (with("sub", ""), TokenError::Malformed),
        (with("realm_access", json!({"roles": ["administrator"]})), TokenError::NoRole),
        (with("realm_access", Value::Null), TokenError::NoRole),
        (with("realm_access", json!({"roles": ["speaks"]})), TokenError::NoMember),
    ] {
        assert_eq!(issuers.check(&signer.token(&claims), clock::now()).await, Err(why), "{claims}");
    }
    let stranger = Signer::new();
    let forged = Signer { kid: signer.kid.clone(), ..stranger };
    assert_eq!(issuers.check(&forged.token(&claims()), clock::now()).await, Err(TokenError::Malformed));
    // The public key as the secret of a symmetric algorithm.
    let header = Header { kid: Some(signer.kid.clone()), ..Header::new(Algorithm::HS256) };
    let key = EncodingKey::from_secret(signer.public["x"].as_str().unwrap().as_bytes());
    let token = encode(&header, &claims(), &key).unwrap();
    assert_eq!(issuers.check(&token, clock::now()).await, Err(TokenError::Malformed));
    let anonymous = encode(&Header::new(Algorithm::EdDSA), &claims(), &signer.key).unwrap();
    assert_eq!(issuers.check(&anonymous, clock::now()).await, Err(TokenError::UnknownKey));
}

#[actix_web::test]
async fn the_issuer_is_asked_at_most_once_a_minute_whatever_tokens_say() {
    let (old, new) = (Signer::new(), Signer::new());
    let provider = Provider::with(&[&old]);
    let issuers = provider.issuers();
    let start = clock::now();
    let good = |signer: &Signer| signer.token(&with("exp", start.timestamp() + 20_000));
    assert!(issuers.check(&good(&old), start).await.is_ok());
    for _ in 0..50 {
        assert_eq!(issuers.check(&good(&Signer::new()), start).await, Err(TokenError::UnknownKey));
    }
    assert_eq!(provider.asked(), 1);
    // A new key is known within a minute, and one that was withdrawn is forgotten with it.
    provider.have(&[&new]);
    assert_eq!(issuers.check(&good(&new), start + TimeDelta::seconds(59)).await, Err(TokenError::UnknownKey));
    assert!(issuers.check(&good(&new), start + TimeDelta::seconds(60)).await.is_ok());
    assert_eq!(issuers.check(&good(&old), start + TimeDelta::seconds(61)).await, Err(TokenError::UnknownKey));
    assert_eq!(provider.asked(), 2);
}

#[actix_web::test]
async fn keys_are_looked_for_anew_and_outlive_an_issuer_that_is_away() {
    let signer = Signer::new();
    let provider = Provider::with(&[&signer]);
    let issuers = provider.issuers();
    let start = clock::now();
    let token = signer.token(&with("exp", start.timestamp() + LONGEST_S));
    assert!(issuers.check(&token, start).await.is_ok());
    *provider.down.lock().unwrap() = true;
    for minutes in [59, 61, 61, 61, 120] {
        assert!(issuers.check(&token, start + TimeDelta::minutes(minutes)).await.is_ok(), "{minutes}");
    }
    assert_eq!(provider.asked(), 3, "after an hour, and an hour later, and not for every token");
    assert_eq!(issuers.check(&token, start + TimeDelta::hours(25)).await, Err(TokenError::NoKeys));
}

#[actix_web::test]
#[expect(clippy::await_holding_lock, reason = "the provider answers on a thread of its own, and shall wait")]
async fn who_goes_away_meanwhile_keeps_the_keys_from_nobody() {
    let signer = Signer::new();
    let provider = Provider::with(&[&signer]);
    let issuers = provider.issuers();
    let (token, now) = (signer.token(&claims()), clock::now());
    // Asked once, and dropped before the issuer answers.
    let gate = provider.down.lock().unwrap();
    let first = tokio::time::timeout(std::time::Duration::ZERO, issuers.check(&token, now)).await;
    assert!(first.is_err());
    drop(gate);
    while provider.asked() == 0 {
        tokio::task::yield_now().await;
    }
    // Within the same minute nobody may ask again: the keys must have been kept, as soon as their thread is done.
    while issuers.check(&token, now).await == Err(TokenError::NoKeys) {
        tokio::task::yield_now().await;
    }
    assert!(issuers.check(&token, now).await.is_ok());
    assert_eq!(provider.asked(), 1);
}

#[actix_web::test]
async fn who_waits_for_keys_does_not_ask_again() {
    let signer = Signer::new();
    let provider = Provider::with(&[&signer]);
    let issuers = provider.issuers();
    let token = signer.token(&claims());
    let now = clock::now();
    let (one, two, three) =
        tokio::join!(issuers.check(&token, now), issuers.check(&token, now), issuers.check(&token, now));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(provider.asked(), 1);
}

type Change = dyn Fn(&mut Value);

#[test]
fn the_operators_file_is_read_strictly() {
    let refused = |change: &Change| {
        let mut issuer = described();
        change(&mut issuer);
        read(&json!([issuer]).to_string()).unwrap_err()
    };
    assert!(read(&json!([described()]).to_string()).is_ok() && read("[]").is_ok());
    let cases: [(&str, &Change); 11] = [
        ("administrators", &|issuer| issuer["roles"][1]["role"] = "administrator".into()),
        ("https", &|issuer| issuer["issuer"] = "http://login.example".into()),
        ("fragment", &|issuer| issuer["issuer"] = "https://login.example/?a".into()),
        ("algorithms", &|issuer| issuer["algorithms"] = json!(["HS256"])),
        ("algorithms", &|issuer| issuer["algorithms"] = json!([])),
        ("unknown variant", &|issuer| issuer["algorithms"] = json!(["none"])),
        ("audience", &|issuer| issuer["audience"] = "".into()),
        ("nobody a role", &|issuer| issuer["roles"] = json!([])),
        ("JSON pointer", &|issuer| issuer["role_claim"] = "roles".into()),
        ("member_claim", &|issuer| issuer["member_claim"] = Value::Null),
        ("unknown field", &|issuer| issuer["jwks"] = "x".into()),
    ];
    for (why, change) in cases {
        let refused = refused(change);
        assert!(refused.contains(why), "{why}: {refused}");
    }
    assert!(read(&json!([described(), described()]).to_string()).unwrap_err().contains("twice"));
}

#[actix_web::test]
async fn issuers_can_be_replaced_and_those_that_stay_are_not_asked_again() {
    let signer = Signer::new();
    let provider = Provider::with(&[&signer]);
    let issuers = provider.issuers();
    let (token, now) = (signer.token(&claims()), clock::now());
    assert!(issuers.check(&token, now).await.is_ok());
    issuers.replace(vec![issuer()]);
    assert!(issuers.check(&token, now).await.is_ok());
    assert_eq!(provider.asked(), 1);
    issuers.replace(Vec::new());
    assert!(!issuers.are_named_by(&token));
    assert_eq!(issuers.check(&token, now).await, Err(TokenError::Foreign));
}
