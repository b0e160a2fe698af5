//! The public keys of an issuer by their ids. They are fetched when a token names one that is not known, and now and then
//! so that those that were withdrawn are forgotten; never more often than once a minute, whatever tokens say, also when
//! the issuer does not answer.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::fetch::{Fetch, is_safe};
use crate::{auth::tokens::TokenError, threads::apart};

/// How long after one attempt the next one is made at the earliest.
const PAUSE: TimeDelta = TimeDelta::minutes(1);
/// After how long keys are looked for again although all are known.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// How long keys are believed of an issuer that does not answer any more.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// The most keys of an issuer.
const MOST_KEYS: usize = 100;
/// The smallest RSA modulus, in characters of base64url: 2,048 bits.
const MIN_MODULUS_CHARS: usize = 341;

/// A key and what it may be used for.
struct Key {
    family: AlgorithmFamily,
    /// Of an elliptic curve, the only algorithm; of others, what the issuer says.
    algorithm: Option<Algorithm>,
    key: Arc<DecodingKey>,
}

/// The keys that an issuer had at a time.
#[derive(Default)]
struct Known {
    keys: HashMap<String, Key>,
    fetched_at: Option<DateTime<Utc>>,
}

impl Known {
    fn is_younger_than(&self, age: TimeDelta, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_some_and(|at| now - at < age)
    }

    fn key(&self, kid: &str, algorithm: Algorithm) -> Option<Arc<DecodingKey>> {
        let key = self.keys.get(kid).filter(|key| key.family == algorithm.family())?;
        let fits = key.algorithm.is_none_or(|only| only == algorithm);
        fits.then(|| Arc::clone(&key.key))
    }
}

/// The keys of one issuer.
pub struct Keys {
    issuer: String,
    fetch: Fetch,
    known: Arc<RwLock<Known>>,
    /// When they were last asked for; held while they are, so that one asks and the others wait for it.
    asked_at: Mutex<Option<DateTime<Utc>>>,
}

impl Keys {
    /// Of an issuer; none are known yet.
    pub fn of(issuer: &str, fetch: Fetch) -> Self {
        Self { issuer: issuer.to_owned(), fetch, known: Arc::default(), asked_at: Mutex::new(None) }
    }

    /// The key with an id, for an algorithm.
    ///
    /// # Errors
    /// [`TokenError::UnknownKey`], or [`TokenError::NoKeys`] where none are known.
    pub async fn key(
        &self,
        kid: &str,
        algorithm: Algorithm,
        now: DateTime<Utc>,
    ) -> Result<Arc<DecodingKey>, TokenError> {
        if let Some(key) = self.known_for(kid, algorithm, FRESH, now) {
            return Ok(key);
        }
        let mut asked_at = self.asked_at.lock().await;
        // Somebody else may have asked meanwhile.
        if let Some(key) = self.known_for(kid, algorithm, FRESH, now) {
            return Ok(key);
        }
        if asked_at.is_none_or(|at| now - at >= PAUSE) {
            *asked_at = Some(now);
            self.ask(now).await;
        }
        let are_known = || self.known.read().unwrap_or_else(PoisonError::into_inner).is_younger_than(KEPT, now);
        let why = || if are_known() { TokenError::UnknownKey } else { TokenError::NoKeys };
        self.known_for(kid, algorithm, KEPT, now).ok_or_else(why)
    }

    fn known_for(
        &self,
        kid: &str,
        algorithm: Algorithm,
        age: TimeDelta,
        now: DateTime<Utc>,
    ) -> Option<Arc<DecodingKey>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.is_younger_than(age, now) { known.key(kid, algorithm) } else { None }
    }

    /// Asks for the keys. They are kept by the thread that fetches them, so that a caller who goes away meanwhile can't
    /// keep them from the others.
    async fn ask(&self, now: DateTime<Utc>) {
        let (issuer, fetch, known) = (self.issuer.clone(), Arc::clone(&self.fetch), Arc::clone(&self.known));
        let work = move || match fetch_keys(&issuer, &fetch) {
            Ok(keys) => {
                log::info!("the issuer {issuer} has {} keys that can be used", keys.len());
                *known.write().unwrap_or_else(PoisonError::into_inner) = Known { keys, fetched_at: Some(now) };
            }
            Err(why) => log::warn!("the keys of the issuer {issuer} are not to be had: {why}"),
        };
        if apart("issuer", work).await.is_none() {
            log::error!("the fetching of the keys of the issuer {} was broken off", self.issuer);
        }
    }
}

fn fetch_keys(issuer: &str, fetch: &Fetch) -> Result<HashMap<String, Key>, String> {
    #[derive(Deserialize)]
    struct Metadata {
        issuer: String,
        jwks_uri: String,
    }
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let failed = |address: &str, why: String| format!("{address} {why}");
    let metadata = fetch(&address).map_err(|why| failed(&address, why))?;
    let metadata: Metadata =
        serde_json::from_slice(&metadata).map_err(|error| failed(&address, format!("is no metadata: {error}")))?;
    if metadata.issuer != issuer {
        return Err(failed(&address, "is the metadata of another issuer".to_owned()));
    }
    let address = metadata.jwks_uri;
    if !is_safe(&address) {
        return Err(failed(&address, "is neither https nor on loopback".to_owned()));
    }
    let set = fetch(&address).map_err(|why| failed(&address, why))?;
    let set: Set = serde_json::from_slice(&set).map_err(|error| failed(&address, format!("is no JWK set: {error}")))?;
    // A key that is not understood must not keep the others.
    Ok(set.keys.into_iter().filter_map(usable).take(MOST_KEYS).collect())
}

/// A key that signatures can be checked with, under its id.
fn usable(key: Value) -> Option<(String, Key)> {
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let kid = jwk.common.key_id.clone().filter(|_| signs)?;
    let said = match &jwk.common.key_algorithm {
        Some(name) => Some(name.to_string().parse::<Algorithm>().ok()?),
        None => None,
    };
    let (family, only) = match &jwk.algorithm {
        AlgorithmParameters::RSA(key) if key.n.len() >= MIN_MODULUS_CHARS => (AlgorithmFamily::Rsa, None),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (AlgorithmFamily::Ec, Some(Algorithm::ES256))
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
            (AlgorithmFamily::Ec, Some(Algorithm::ES384))
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (AlgorithmFamily::Ed, Some(Algorithm::EdDSA))
        }
        _ => return None,
    };
    let agrees = said.is_none_or(|said| said.family() == family && only.is_none_or(|only| only == said));
    let key = DecodingKey::from_jwk(&jwk).ok().filter(|_| agrees)?;
    Some((kid, Key { family, algorithm: only.or(said), key: Arc::new(key) }))
}
