//! What happened: a refused proof of who one is, a token that was granted, or a request that was refused. Pure.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::{accounts::Account, refresh_tokens::Refusal, tokens::Claims};
use crate::{
    db::Actor,
    kernel::audit::{Action, Collection},
};

/// Who notes what nobody's account did.
pub(super) const SIGN_IN: &str = "sign-in";

/// How somebody proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// A person's password.
    Password,
    /// A machine's secret.
    ClientSecret,
    /// A session's refresh token, with why it is refused.
    RefreshToken(Refusal),
    /// A one-time secret for a new password.
    OneTimeSecret,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    SignInRefused {
        named: [u8; 32],
        proof: Proof,
        account: Option<String>,
    },
    /// A token for a machine, or for a person's session.
    TokenGranted {
        account: String,
        session: Option<String>,
    },
    Forbidden {
        account: String,
        operation: String,
        code: &'static str,
    },
    /// More different events than are remembered.
    LeftOut,
}

/// Something that the audit hears of.
#[derive(Debug, Clone)]
pub struct Event {
    pub(super) kind: Kind,
    pub(super) actor: Actor,
    /// Whether its account is one of another issuer, of which nothing is stored.
    pub(super) is_outside: bool,
}

impl Event {
    /// An attempt to prove who one is has failed. `named` is what the attempt named, `account` whose that is, if anybody's.
    #[must_use]
    pub fn sign_in_refused(proof: Proof, named: &str, account: Option<&Account>) -> Self {
        let account = account.map(|account| account.id.clone());
        let kind = Kind::SignInRefused { named: Sha256::digest(named).into(), proof, account };
        Self { kind, actor: Actor::System(SIGN_IN), is_outside: false }
    }

    /// An account was given a token: a machine by its secret, or a person by the refresh token of a session.
    #[must_use]
    pub fn token_granted(account: &Account, session: Option<&str>, request: &str) -> Self {
        let kind = Kind::TokenGranted { account: account.id.clone(), session: session.map(str::to_owned) };
        Self { kind, actor: account.actor(request), is_outside: false }
    }

    /// A request was refused to who sent it.
    #[must_use]
    pub fn forbidden(claims: &Claims, actor: Actor, operation: String, code: &'static str) -> Self {
        let kind = Kind::Forbidden { account: claims.sub.clone(), operation, code };
        Self { kind, actor, is_outside: claims.outside }
    }

    /// Events were too many to be remembered.
    pub(super) const fn left_out() -> Self {
        Self { kind: Kind::LeftOut, actor: Actor::System(SIGN_IN), is_outside: false }
    }

    /// The account that it is about, if any.
    pub(super) fn account(&self) -> Option<&str> {
        match &self.kind {
            Kind::SignInRefused { account, .. } => account.as_deref(),
            Kind::TokenGranted { account, .. } | Kind::Forbidden { account, .. } => Some(account),
            Kind::LeftOut => None,
        }
    }

    /// What was done, to what, and further facts.
    pub(super) fn statement(&self) -> (Action, Collection, Value) {
        match &self.kind {
            Kind::SignInRefused { proof, .. } => {
                let facts = match proof {
                    Proof::Password => json!({"proof": "password"}),
                    Proof::ClientSecret => json!({"proof": "client_secret"}),
                    Proof::RefreshToken(why) => json!({"proof": "refresh_token", "reason": why.as_str()}),
                    Proof::OneTimeSecret => json!({"proof": "one_time_secret"}),
                };
                (Action::SignInRefused, Collection::Accounts, facts)
            }
            Kind::TokenGranted { session: None, .. } => {
                (Action::Granted, Collection::Tokens, json!({"grant": "client_credentials"}))
            }
            Kind::TokenGranted { session, .. } => {
                (Action::Granted, Collection::Tokens, json!({"grant": "refresh_token", "session_id": session}))
            }
            Kind::Forbidden { operation, code, .. } => {
                (Action::Refused, Collection::Permissions, json!({"operation": operation, "code": code}))
            }
            Kind::LeftOut => (Action::LeftOut, Collection::Audit, json!({})),
        }
    }
}
