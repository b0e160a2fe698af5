//! `Idempotency-Key`: a request that is sent twice, because its answer was lost, has one effect and gets one answer.
//! The key belongs to the account, as what it acts, and the operation. The answer is stored in the transaction of the effect; a refusal
//! is not stored, since it has no effect.

use actix_web::HttpRequest;
use sha2::{Digest as _, Sha256};

use super::{
    problem::{INVALID_HEADER, KEY_REUSED, Place, Problem},
    written::Written,
};
use crate::{
    db::{Claim, Claimed, Tx},
    kernel::text::hex,
};

/// The name of the header.
const HEADER: &str = "Idempotency-Key";
/// The longest key.
const MAX_KEY_BYTES: usize = 200;

/// Whose key it is.
#[derive(Debug, Clone)]
pub struct KeyOwner {
    /// The account's id.
    pub account: String,
    /// As what the account acts. An account that has become something else is not given the answers from before.
    pub standing: String,
}

/// A request that may have been sent before.
#[derive(Debug)]
pub struct Once(Option<Claim>);

impl Once {
    /// Refuses a key where nothing may be kept of a request and its answer, because a secret is in one of them, or what
    /// is known of a person.
    ///
    /// # Errors
    /// 400 for a key.
    pub fn refused(req: &HttpRequest) -> Result<(), Problem> {
        if !req.headers().contains_key(HEADER) {
            return Ok(());
        }
        let detail = format!("{HEADER} is not taken here: what would be kept is secret or personal.");
        Err(Problem::new(&INVALID_HEADER, detail.clone()).with_fault(Place::Header(HEADER), detail))
    }

    /// The key of a request that must have one, as `read` takes it; `rule` is a predicate that says what it takes.
    ///
    /// # Errors
    /// 400 without a key, or for one that is none.
    pub fn key<K>(req: &HttpRequest, read: impl FnOnce(&str) -> Option<K>, rule: &str) -> Result<K, Problem> {
        let mut keys = req.headers().get_all(HEADER);
        let key = keys.next().and_then(|key| key.to_str().ok()).filter(|_| keys.next().is_none());
        key.and_then(read).ok_or_else(|| {
            let detail = format!("{HEADER} {rule}.");
            Problem::new(&INVALID_HEADER, detail.clone()).with_fault(Place::Header(HEADER), detail)
        })
    }

    /// From a request of an account for an operation with a body.
    ///
    /// # Errors
    /// 400 for a key that is none.
    pub fn of(req: &HttpRequest, owner: KeyOwner, operation: &'static str, body: &[u8]) -> Result<Self, Problem> {
        if !req.headers().contains_key(HEADER) {
            return Ok(Self(None));
        }
        let is_sound =
            |key: &str| (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
        let rule = format!("must be given once, as 1 to {MAX_KEY_BYTES} visible ASCII characters");
        let key = Self::key(req, |key| is_sound(key).then(|| key.to_owned()), &rule)?;
        let mut digest = Sha256::new();
        for part in [owner.standing.as_bytes(), req.path().as_bytes(), req.query_string().as_bytes(), body] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
        let request_sha256 = hex(&digest.finalize());
        Ok(Self(Some(Claim { account_id: owner.account, operation, key, request_sha256 })))
    }

    /// The answer: that of the first request with this key, or that of `work`, which is stored with its effect.
    ///
    /// # Errors
    /// What `work` returns; 422 when the key was used for another request.
    pub fn answer(
        self,
        tx: &mut Tx<'_>,
        work: impl FnOnce(&mut Tx<'_>) -> Result<Written, Problem>,
    ) -> Result<Written, Problem> {
        let Some(claim) = self.0 else { return work(tx) };
        match claim.make(tx)? {
            Claimed::Answered(answer) => {
                let written: Written = serde_json::from_str(&answer).map_err(Problem::internal)?;
                Ok(written.again())
            }
            Claimed::Taken => {
                Err(reused("for another request within the last 24 hours, or by the account in another role"))
            }
            Claimed::New => {
                let written = work(tx)?;
                claim.keep(tx, &serde_json::to_string(&written).map_err(Problem::internal)?)?;
                Ok(written)
            }
        }
    }
}

/// The refusal of a key that was used for something else, which `what` says.
#[must_use]
pub fn reused(what: &str) -> Problem {
    let detail = format!("This {HEADER} was used {what}.");
    Problem::new(&KEY_REUSED, detail.clone()).with_fault(Place::Header(HEADER), detail)
}
