//! Outside issuers: people whom an `OpenID` Connect provider has signed in, a ministry's or a city's, use its tokens here.
//! Which issuers are believed, for which audience, with which algorithms and with which roles, says a file of the
//! operator's; nothing that a token says of itself widens that, and none makes an administrator.
//!
//! Who it is follows from issuer and subject together (`OpenID` Connect Core, section 5.7): their digest is the id that the
//! audit names. There is no account's row that could be disabled, so a token must not be good for longer than a day. Its key
//! is looked for anew each hour, so that an issuer that withdraws one is heard; who has a token can take it back here.

mod fetch;
mod keys;

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::{fetch::Fetch, keys::Keys};
use super::{
    roles::Role,
    tokens::{Claims, LEEWAY_S, MAX_BYTES, TokenError, refusal},
};
use crate::kernel::id::{Slug, id_of};

/// The longest time that a token may still be good for, in seconds.
const LONGEST_S: i64 = 86_400;

/// An issuer, as the operator describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Its identifier, exactly as its tokens name it; its metadata is found below (`OpenID` Connect Discovery).
    issuer: String,
    /// What its tokens for this API name as their audience.
    audience: String,
    /// The algorithms that it signs with.
    algorithms: Vec<Algorithm>,
    /// Where a token says what somebody is: a JSON pointer (RFC 6901) to a text or a list of texts.
    role_claim: String,
    /// Which of those texts give which role; the first one that a token has counts.
    roles: Vec<Mapping>,
    /// Where a token says which member a focal point speaks for: a JSON pointer to the member's slug.
    #[serde(default)]
    member_claim: Option<String>,
}

/// A text in a token, and the role that it gives.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    claim: String,
    role: Role,
}

impl Issuer {
    /// Its identifier.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.issuer
    }

    fn check(&self) -> Result<(), String> {
        let name = &self.issuer;
        let signs = |algorithm: &Algorithm| ![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512].contains(algorithm);
        let pointers = [Some(&self.role_claim), self.member_claim.as_ref()];
        let speaks = self.roles.iter().any(|mapping| mapping.role == Role::FocalPoint);
        let why = if !fetch::is_safe(name) {
            "must be an https address, or http on loopback"
        } else if name.contains(['?', '#']) {
            "has a query or a fragment"
        } else if self.audience.is_empty() {
            "has no audience"
        } else if self.algorithms.is_empty() || !self.algorithms.iter().all(signs) {
            "needs algorithms, all of them with public keys: RS256, ES256, EdDSA, …"
        } else if self.roles.is_empty() {
            "gives nobody a role"
        } else if self.roles.iter().any(|mapping| mapping.role == Role::Administrator) {
            "would make administrators: only accounts of this service are"
        } else if !pointers.into_iter().flatten().all(|pointer| pointer.starts_with('/')) {
            "has a claim that is no JSON pointer, like /roles"
        } else if speaks != self.member_claim.is_some() {
            "needs member_claim where it makes focal points, and only there"
        } else {
            return Ok(());
        };
        Err(format!("the issuer {name} {why}"))
    }

    /// The role that a token's claims give.
    fn role(&self, claims: &Value) -> Option<Role> {
        let said = claims.pointer(&self.role_claim)?;
        let says = |text: &str| match said {
            Value::Array(items) => items.iter().any(|item| item == text),
            single => single == text,
        };
        self.roles.iter().find(|mapping| says(&mapping.claim)).map(|mapping| mapping.role)
    }

    /// The slug of the member that a token's claims name.
    fn member(&self, claims: &Value) -> Option<Slug> {
        claims.pointer(self.member_claim.as_ref()?)?.as_str()?.parse().ok()
    }
}

/// Reads the operator's file.
///
/// # Errors
/// A predicate for a sentence about the file.
pub fn read(text: &str) -> Result<Vec<Issuer>, String> {
    let issuers: Vec<Issuer> = serde_json::from_str(text).map_err(|error| format!("is no list of issuers: {error}"))?;
    let mut names = HashSet::new();
    for issuer in &issuers {
        issuer.check().map_err(|why| format!("is wrong: {why}"))?;
        if !names.insert(&issuer.issuer) {
            return Err(format!("names {} twice", issuer.issuer));
        }
    }
    Ok(issuers)
}

/// The issuers that are believed, with their keys.
pub struct Issuers {
    known: RwLock<Vec<Known>>,
    fetch: Fetch,
}

/// An issuer with its keys.
type Known = (Arc<Issuer>, Arc<Keys>);

/// What an outside token says, as far as it can be said without the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The claims; the member is not in them yet.
    pub claims: Claims,
    /// The slug of the member that a focal point speaks for.
    pub member: Option<Slug>,
}

impl Issuers {
    /// With keys that are fetched when the first token comes.
    #[must_use]
    pub fn new(issuers: Vec<Issuer>) -> Self {
        Self::fetching(issuers, &fetch::over_http())
    }

    fn fetching(issuers: Vec<Issuer>, fetch: &Fetch) -> Self {
        let these = Self { known: RwLock::default(), fetch: Arc::clone(fetch) };
        these.replace(issuers);
        these
    }

    /// Believes other issuers from now on. Of those that were believed before, the keys stay known.
    pub fn replace(&self, issuers: Vec<Issuer>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let with_keys = |issuer: Issuer| {
            let before =
                known.iter().find(|(known, _)| known.issuer == issuer.issuer).map(|(_, keys)| Arc::clone(keys));
            let keys = before.unwrap_or_else(|| Arc::new(Keys::of(&issuer.issuer, Arc::clone(&self.fetch))));
            (Arc::new(issuer), keys)
        };
        *known = issuers.into_iter().map(with_keys).collect();
    }

    /// Whether a token names one of these issuers. It is not verified by that.
    #[must_use]
    pub fn are_named_by(&self, token: &str) -> bool {
        self.named_by(token).is_some()
    }

    fn named_by(&self, token: &str) -> Option<Known> {
        #[derive(Deserialize)]
        struct Named {
            iss: String,
        }
        if self.known.read().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return None;
        }
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let named: Named = serde_json::from_slice(&payload).ok()?;
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(issuer, _)| issuer.issuer == named.iss).cloned()
    }

    /// What a token says, if it is to be believed. The issuer is asked for its keys when it names one that is not known.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Vouched, TokenError> {
        let (issuer, keys) = self.named_by(token).ok_or(TokenError::Foreign)?;
        if token.len() > MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        let header = decode_header(token).map_err(|_malformed| TokenError::Malformed)?;
        if !issuer.algorithms.contains(&header.alg) || header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let kid = header.kid.ok_or(TokenError::UnknownKey)?;
        let key = keys.key(&kid, header.alg, now).await?;
        let claims = decode::<Value>(token, &key, &validation(&issuer, header.alg)).map_err(|error| refusal(&error))?;
        vouched(&issuer, token, &claims.claims, now)
    }
}

fn validation(issuer: &Issuer, algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY_S;
    validation.validate_nbf = true;
    validation.set_issuer(&[&issuer.issuer]);
    validation.set_audience(&[&issuer.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation
}

/// Turns the claims of a verified token into ours.
fn vouched(issuer: &Issuer, token: &str, claims: &Value, now: DateTime<Utc>) -> Result<Vouched, TokenError> {
    let subject = claims.get("sub").and_then(Value::as_str).filter(|subject| !subject.is_empty());
    let subject = subject.ok_or(TokenError::Malformed)?;
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64).map(whole_seconds);
    let exp = seconds("exp").ok_or(TokenError::Malformed)?;
    if exp - now.timestamp() > LONGEST_S {
        return Err(TokenError::TooLong);
    }
    let role = issuer.role(claims).ok_or(TokenError::NoRole)?;
    let member = if role == Role::FocalPoint { Some(issuer.member(claims).ok_or(TokenError::NoMember)?) } else { None };
    // Without the signature, of which an elliptic curve has two for the same: one of them revives no token taken back.
    let signed = token.rsplit_once('.').map_or(token, |(signed, _signature)| signed);
    let iat = seconds("iat").unwrap_or_else(|| now.timestamp());
    let claims = Claims {
        iss: issuer.issuer.clone(),
        aud: issuer.audience.clone(),
        sub: principal(&issuer.issuer, subject),
        kind: "user".to_owned(),
        role,
        member: None,
        epoch: 0,
        sid: None,
        iat,
        nbf: seconds("nbf").unwrap_or(iat),
        exp,
        jti: id_of(&Sha256::digest(signed).into()).into_string(),
        outside: true,
    };
    Ok(Vouched { claims, member })
}

/// Whole seconds of a `NumericDate` (RFC 7519), which may have a fraction.
fn whole_seconds(date: f64) -> i64 {
    // Through text, since a float that is too large for an integer has no honest conversion.
    format!("{:.0}", date.floor()).parse().unwrap_or(i64::MAX)
}

/// The id of who an issuer calls by a subject.
fn principal(issuer: &str, subject: &str) -> String {
    let mut digest = Sha256::new();
    for part in [issuer, subject] {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    id_of(&digest.finalize().into()).into_string()
}

#[cfg(test)]
mod tests;
