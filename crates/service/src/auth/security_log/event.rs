//! What happened: a refused proof of who one is, a token that was granted, or a request that was refused. Pure.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::{accounts::Account, refresh_tokens::Refusal, tokens::Claims};
use crate::{
    db::Actor,
    kernel::{
        audit::{Action, Collection},
        codes::codes,
    },
};

/// Who notes what nobody's account did.
pub(super) const SIGN_IN: &str = "sign-in";

/// How somebody proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// A person's password, with why it is refused.
    Password(PasswordRefusal),
    /// A machine's secret.
    ClientSecret,
    /// A session's refresh token, with why it is refused.
    RefreshToken(Refusal),
    /// A one-time secret for a new password.
    OneTimeSecret,
}

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PasswordRefusal {
    /// It is not the password of the account, or there is no such account.
    Wrong,
    /// It was not checked, because too many attempts had failed before.
    TooMany,
    /// It is right, and the account is disabled.
    Disabled,
}

codes!(PasswordRefusal {
    Wrong => "wrong",
    TooMany => "too_many",
    Disabled => "disabled",
});

/// The classes of events. Each class has its own places in memory, so that many events of one class leave the others
/// theirs. Events are written in the order of their classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Class {
    /// Requests that were refused to an account.
    Refusals,
    /// Refused proofs that name an account.
    SignIns,
    /// Refused proofs that name no account.
    Anonymous,
    /// Tokens that were granted.
    Grants,
}

codes!(Class {
    Refusals => "refusals",
    SignIns => "sign_ins",
    Anonymous => "anonymous",
    Grants => "grants",
});

impl Class {
    /// How many different events of the class are remembered.
    pub(super) const fn most(self) -> usize {
        match self {
            Self::Anonymous => 500,
            Self::Refusals | Self::SignIns | Self::Grants => 2_000,
        }
    }

    /// How many of them may be about the same account and have an address. Anybody can try to sign in to an account that
    /// they know, from as many networks as they have.
    pub(super) const fn most_of_account(self) -> usize {
        match self {
            Self::SignIns => 50,
            Self::Anonymous | Self::Refusals | Self::Grants => 200,
        }
    }
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
        role: &'static str,
        session: Option<String>,
    },
    Forbidden {
        account: String,
        role: &'static str,
        operation: String,
        code: &'static str,
    },
    /// More different events of a class than are remembered.
    LeftOut {
        of: Class,
    },
}

impl Kind {
    /// The class whose places it takes.
    pub(super) const fn class(&self) -> Class {
        match self {
            Self::SignInRefused { account: None, .. } => Class::Anonymous,
            Self::SignInRefused { .. } => Class::SignIns,
            Self::TokenGranted { .. } => Class::Grants,
            Self::Forbidden { .. } => Class::Refusals,
            Self::LeftOut { of } => *of,
        }
    }

    /// The account that it is about, if any.
    pub(super) fn account(&self) -> Option<&str> {
        match self {
            Self::SignInRefused { account, .. } => account.as_deref(),
            Self::TokenGranted { account, .. } | Self::Forbidden { account, .. } => Some(account),
            Self::LeftOut { .. } => None,
        }
    }
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
        let (id, role) = (account.id.clone(), account.role.as_str());
        let kind = Kind::TokenGranted { account: id, role, session: session.map(str::to_owned) };
        Self { kind, actor: account.actor(request), is_outside: false }
    }

    /// A request was refused to who sent it.
    #[must_use]
    pub fn forbidden(claims: &Claims, actor: Actor, operation: String, code: &'static str) -> Self {
        let kind = Kind::Forbidden { account: claims.sub.clone(), role: claims.role.as_str(), operation, code };
        Self { kind, actor, is_outside: claims.outside }
    }

    /// Events of a class were too many to be remembered.
    pub(super) const fn left_out(of: Class) -> Self {
        Self { kind: Kind::LeftOut { of }, actor: Actor::System(SIGN_IN), is_outside: false }
    }

    /// What was done, to what, and further facts.
    pub(super) fn statement(&self) -> (Action, Collection, Value) {
        match &self.kind {
            Kind::SignInRefused { proof, .. } => {
                let facts = match proof {
                    Proof::Password(why) => json!({"proof": "password", "reason": why.as_str()}),
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
            Kind::LeftOut { of } => (Action::LeftOut, Collection::Audit, json!({"of": of.as_str()})),
        }
    }
}
