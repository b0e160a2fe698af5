//! Access tokens: JWTs (RFC 7519) signed with `EdDSA`, short-lived, and believed only when everything about them is as it
//! was written here. Checking a signature costs more than most answers, so a token that was found good is remembered,
//! by its hash, until it expires.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode, errors::ErrorKind};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{keys::Keys, roles::Role};
use crate::kernel::id::{is_id, new_id};

/// How long a token is good for, in seconds.
pub const LIFETIME_S: i64 = 900;
/// How far clocks may differ, in seconds.
pub(super) const LEEWAY_S: u64 = 10;
/// The longest token that is looked at, in bytes; ours have less than 700, those of others up to some thousand.
pub(super) const MAX_BYTES: usize = 8_192;
/// How many tokens are remembered.
const REMEMBERED: usize = 10_000;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: this service's public URL.
    pub iss: String,
    /// What it is for: this service's API.
    pub aud: String,
    /// The account's id.
    pub sub: String,
    /// Whether the account is a `client` or a `user`.
    pub kind: String,
    /// The account's role.
    pub role: Role,
    /// The id of the member that the account speaks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The account's epoch. A token from before there were epochs is of the first one.
    #[serde(default = "first_epoch")]
    pub epoch: i64,
    /// The id of the session that it belongs to; of people only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// From when on it is good.
    pub nbf: i64,
    /// Until when it is good.
    pub exp: i64,
    /// The token's own id.
    pub jti: String,
    /// Whether another issuer vouches for it: then no account's row stands behind it.
    #[serde(skip)]
    pub outside: bool,
}

const fn first_epoch() -> i64 {
    1
}

impl Claims {
    /// As what the account acts: its role, with the member that a focal point speaks for. What was answered to an account
    /// that was something else then is not shown to it.
    #[must_use]
    pub fn standing(&self) -> String {
        let role = self.role.as_str();
        self.member.as_ref().map_or_else(|| role.to_owned(), |member| format!("{role}:{member}"))
    }
}

/// For whom a token is issued.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The account's id.
    pub account: String,
    /// `client` or `user`.
    pub kind: &'static str,
    /// The account's role.
    pub role: Role,
    /// The id of the member that the account speaks for.
    pub member: Option<String>,
    /// The account's epoch.
    pub epoch: i64,
    /// The id of the session.
    pub session: Option<String>,
}

/// Why a token is not believed; a predicate for a sentence about it that helps who has an honest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Its time is over.
    #[error("has expired")]
    Expired,
    /// Its time has not come.
    #[error("is not valid yet")]
    Immature,
    /// It was issued by or for somebody else.
    #[error("was not issued by this service for this API")]
    Foreign,
    /// Its key is not one of ours.
    #[error("is signed with a key that is not in use here")]
    UnknownKey,
    /// Its issuer gives it no role here.
    #[error("gives nobody a role here")]
    NoRole,
    /// It makes a focal point of no member.
    #[error("names no member that is here")]
    NoMember,
    /// Whether it is good can't be said now.
    #[error("can't be checked now: its issuer does not say its keys")]
    NoKeys,
    /// It could not be taken back in time.
    #[error("is good for longer than a day")]
    TooLong,
    /// Anything else: who made it knows best.
    #[error("is malformed or its signature is wrong")]
    Malformed,
}

/// How long a token of another issuer is believed without a look at its key, in seconds.
const OUTSIDE_S: i64 = 3_600;

/// What a token that was found good says, and until when it need not be looked at again.
#[derive(Clone)]
struct Remembered {
    claims: Arc<Claims>,
    until: i64,
}

/// Issues and checks tokens.
pub struct Tokens {
    keys: RwLock<Arc<Keys>>,
    issuer: String,
    audience: String,
    validation: Validation,
    remembered: Cache<[u8; 32], Remembered>,
    /// How often everything was forgotten: what was checked before that is not remembered after it.
    generation: AtomicU64,
}

impl Tokens {
    /// For the service at a public URL (without a slash at its end).
    #[must_use]
    pub fn new(keys: Keys, public_url: &str) -> Self {
        let (issuer, audience) = (public_url.to_owned(), format!("{public_url}/api/v1"));
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "nbf", "exp"]);
        let (keys, remembered) = (RwLock::new(Arc::new(keys)), Cache::new(REMEMBERED));
        Self { keys, issuer, audience, validation, remembered, generation: AtomicU64::default() }
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Signs and checks with other keys from now on.
    pub fn replace_keys(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        self.forget();
    }

    /// Looks at every token again, because who may sign them has changed.
    pub fn forget(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.remembered.clear();
    }

    /// What [`Tokens::remember`] must be told, taken before a token is checked.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// This service's public URL, which is its name as an issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A token for somebody whose account is in order.
    ///
    /// # Errors
    /// The signature's, which a good key does not give rise to.
    pub fn issue(&self, subject: Subject, now: DateTime<Utc>) -> Result<String, jsonwebtoken::errors::Error> {
        let keys = self.keys();
        let (kid, key) = keys.signing();
        let iat = now.timestamp();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: subject.account,
            kind: subject.kind.to_owned(),
            role: subject.role,
            member: subject.member,
            epoch: subject.epoch,
            sid: subject.session,
            iat,
            nbf: iat,
            exp: iat + LIFETIME_S,
            jti: new_id().into_string(),
            outside: false,
        };
        encode(&Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) }, &claims, key)
    }

    /// What a token says that was found good before; nothing for one that has not been seen.
    ///
    /// # Errors
    /// [`TokenError::Expired`].
    pub fn known(&self, token: &str, now: DateTime<Utc>) -> Result<Option<Arc<Claims>>, TokenError> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let Some(Remembered { claims, until }) = self.remembered.get(&hash) else { return Ok(None) };
        if claims.exp <= now.timestamp() {
            self.remembered.remove(&hash);
            return Err(TokenError::Expired);
        }
        Ok((until > now.timestamp()).then_some(claims))
    }

    /// Notes that a token was found good now; of another issuer it must be found so again now and then. Nothing is noted
    /// where keys or issuers have changed since the [generation](Tokens::generation) before the check.
    #[must_use]
    pub fn remember(&self, token: &str, claims: Claims, (now, generation): (DateTime<Utc>, u64)) -> Arc<Claims> {
        let until = if claims.outside { claims.exp.min(now.timestamp() + OUTSIDE_S) } else { claims.exp };
        let claims = Arc::new(claims);
        let hash: [u8; 32] = Sha256::digest(token).into();
        if self.generation() == generation {
            self.remembered.insert(hash, Remembered { claims: Arc::clone(&claims), until });
            // It may have been forgotten in between.
            if self.generation() != generation {
                self.remembered.remove(&hash);
            }
        }
        claims
    }

    /// What a token of this service says, if it is to be believed.
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Arc<Claims>, TokenError> {
        if let Some(claims) = self.known(token, now)? {
            return Ok(claims);
        }
        let generation = self.generation();
        Ok(self.remember(token, self.verify(token)?, (now, generation)))
    }

    fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        let header = decode_header(token).map_err(|_malformed| TokenError::Malformed)?;
        if header.alg != Algorithm::EdDSA || header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let keys = self.keys();
        let key = header.kid.and_then(|kid| keys.verifying(&kid)).ok_or(TokenError::UnknownKey)?;
        let claims = decode::<Claims>(token, key, &self.validation).map_err(|error| refusal(&error))?;
        let claims = claims.claims;
        let ids = [Some(&claims.sub), Some(&claims.jti), claims.sid.as_ref()];
        let is_ours =
            ids.into_iter().flatten().all(|id| is_id(id)) && ["client", "user"].contains(&claims.kind.as_str());
        if is_ours { Ok(claims) } else { Err(TokenError::Malformed) }
    }
}

/// Why a token is refused, in our words.
pub(super) fn refusal(error: &jsonwebtoken::errors::Error) -> TokenError {
    match error.kind() {
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::ImmatureSignature => TokenError::Immature,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => TokenError::Foreign,
        _ => TokenError::Malformed,
    }
}
