//! Accounts: what is known of people and machines that may sign in. Pure.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    passwords::{ContextWords, hash_secret, no_password},
    roles::Role,
    tokens::{Claims, Subject},
};
use crate::{
    db::Actor,
    kernel::{codes::codes, id::Slug, paging::Order, text, violation::Violations},
};

/// What kind of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A machine, with an id and a secret.
    Client,
    /// A person, with an e-mail address and a password.
    User,
}

codes!(AccountKind { Client => "client", User => "user" });

/// The hash of a password or of a client's secret; never shown.
#[derive(Clone)]
pub struct SecretHash(pub String);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(***)")
    }
}

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id; of a client it is the client id.
    pub id: String,
    /// Its kind.
    pub kind: AccountKind,
    /// What it may do.
    pub role: Role,
    /// A client's name or a person's e-mail address, which is personal.
    pub name: String,
    /// The id of the member that a focal point speaks for.
    pub member_id: Option<String>,
    /// The slug of that member.
    pub member_slug: Option<String>,
    /// The organisation that it belongs to.
    pub organisation: Option<String>,
    /// The hash of its secret.
    pub secret_hash: SecretHash,
    /// The hash of a client's secret before that one, as long as it is good.
    pub former_secret_hash: Option<SecretHash>,
    /// Whether it may not sign in any more.
    pub disabled: bool,
    /// Counts the changes after which no token from before is good any more.
    pub epoch: i64,
    /// Its version.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl Account {
    /// Who an outside issuer vouches for. Nothing is stored of it; its organisation is the issuer.
    #[must_use]
    pub fn outside(claims: &Claims, member_slug: Option<String>) -> Self {
        let issued_at = DateTime::from_timestamp(claims.iat, 0).unwrap_or_default();
        Self {
            id: claims.sub.clone(),
            kind: AccountKind::User,
            role: claims.role,
            name: format!("{} of {}", claims.sub, claims.iss),
            member_id: claims.member.clone(),
            member_slug,
            organisation: Some(claims.iss.clone()),
            secret_hash: SecretHash(no_password()),
            former_secret_hash: None,
            disabled: false,
            epoch: claims.epoch,
            version: 1,
            created_at: issued_at,
            updated_at: issued_at,
        }
    }

    /// Whether this is a secret of the account (of a client).
    #[must_use]
    pub fn has_secret(&self, secret: &str) -> bool {
        // Hashes are compared, so that the time it takes says nothing about the secret.
        let hash = hash_secret(secret);
        self.secret_hash.0 == hash || self.former_secret_hash.as_ref().is_some_and(|former| former.0 == hash)
    }

    /// What its password must not be made of.
    #[must_use]
    pub fn context_words(&self) -> ContextWords {
        let texts = [Some(&self.name), self.organisation.as_ref(), self.member_slug.as_ref()];
        ContextWords::of(texts.into_iter().flatten().map(String::as_str))
    }

    /// Whether it is one of those without whom nobody could manage accounts.
    #[must_use]
    pub fn administers(&self) -> bool {
        self.role == Role::Administrator && !self.disabled
    }

    /// For whom its tokens are, of a session if it is a person.
    #[must_use]
    pub fn subject(&self, session: Option<String>) -> Subject {
        let (account, kind) = (self.id.clone(), self.kind.as_str());
        Subject { account, kind, role: self.role, member: self.member_id.clone(), epoch: self.epoch, session }
    }

    /// Who it is for the audit.
    #[must_use]
    pub fn actor(&self, request: &str) -> Actor {
        Actor::Account {
            id: self.id.clone(),
            kind: self.kind.as_str(),
            role: self.role.as_str(),
            request: request.to_owned(),
        }
    }
}

/// What a token's account is now, as far as the token depends on it.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The role.
    pub role: Role,
    /// The member.
    pub member_id: Option<String>,
    /// Whether it is disabled.
    pub disabled: bool,
    /// The epoch.
    pub epoch: i64,
    /// Whether the token itself was taken back.
    pub revoked: bool,
    /// Whether its session is going on; so for tokens without one.
    pub signed_in: bool,
}

impl Standing {
    /// Whether a token still says what is so.
    ///
    /// # Errors
    /// A predicate for a sentence about the account.
    pub fn admits(&self, claims: &Claims) -> Result<(), &'static str> {
        if self.disabled {
            Err("is disabled")
        } else if self.revoked {
            Err("has taken the token back")
        } else if !self.signed_in {
            Err("has signed out")
        } else if self.epoch != claims.epoch || self.role != claims.role || self.member_id != claims.member {
            Err("has been changed since the token was issued")
        } else {
            Ok(())
        }
    }
}

/// What an account is for, which can be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What it may do.
    pub role: Role,
    /// The member that a focal point speaks for.
    pub member: Option<Slug>,
    /// The organisation that it belongs to.
    pub organisation: Option<String>,
    /// The members that an evaluator has been assigned, in their order.
    pub assigned_members: Vec<Slug>,
    /// Whether it may not sign in.
    pub disabled: bool,
}

/// The most members of an evaluator.
pub const MOST_ASSIGNED: usize = 500;

impl Terms {
    /// Of an account that has just been made.
    #[must_use]
    pub const fn new(role: Role, member: Option<Slug>, organisation: Option<String>) -> Self {
        Self { role, member, organisation, assigned_members: Vec::new(), disabled: false }
    }

    /// Checks what can be checked without the database, and gives everything its stored form.
    fn check(mut self, violations: &mut Violations) -> Self {
        if (self.role == Role::FocalPoint) != self.member.is_some() {
            violations.add("/member", "unfit_role", "A focal point speaks for one member, and nobody else does.");
        }
        match self.organisation.as_deref().map(|name| text::parse_line(name, 200)) {
            Some(Ok(name)) => self.organisation = Some(name),
            Some(Err(why)) => violations.add("/organisation", "invalid_value", format!("The organisation {why}.")),
            None if self.role == Role::Evaluator => {
                violations.add("/organisation", "missing_value", "An evaluator belongs to an organisation.");
            }
            None => {}
        }
        self.assigned_members.sort();
        self.assigned_members.dedup();
        if self.role != Role::Evaluator && !self.assigned_members.is_empty() {
            violations.add("/assigned_members", "unfit_role", "Members are assigned to evaluators only.");
        }
        if self.assigned_members.len() > MOST_ASSIGNED {
            let detail = format!("An evaluator has at most {MOST_ASSIGNED} members.");
            violations.add("/assigned_members", "too_many", detail);
        }
        self
    }

    /// [`Terms`] in their stored form.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn checked(self) -> Result<Self, Violations> {
        let mut violations = Violations::default();
        let terms = self.check(&mut violations);
        violations.done().map(|()| terms)
    }
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its kind.
    pub kind: AccountKind,
    /// A client's name or a person's e-mail address.
    pub name: String,
    /// What it is for.
    pub terms: Terms,
    /// The hash of its secret.
    pub secret_hash: SecretHash,
}

impl NewAccount {
    /// Checks what can be checked without the database, and gives everything its stored form.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(self) -> Result<Self, Violations> {
        let mut violations = Violations::default();
        let name = match self.kind {
            AccountKind::Client => text::parse_line(&self.name, 100).map_err(|why| format!("The name {why}.")),
            AccountKind::User => text::parse_email(&self.name).map_err(|why| format!("The e-mail address {why}.")),
        };
        let name = name.unwrap_or_else(|why| {
            violations.add("/name", "invalid_value", why);
            String::new()
        });
        let terms = self.terms.check(&mut violations);
        violations.done().map(|()| Self { name, terms, ..self })
    }
}

/// What accounts can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// When they were made.
    CreatedAt,
}

codes!(SortKey { CreatedAt => "created_at" });

/// Which accounts are looked for, and in what order.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// Of which kind.
    pub kind: AccountKind,
    /// What they may do, any of which.
    pub roles: Vec<Role>,
    /// Whether they may not sign in.
    pub disabled: Option<bool>,
    /// The order.
    pub order: Order<SortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(role: Role, member: Option<&str>, organisation: Option<&str>) -> Result<NewAccount, Violations> {
        let (kind, name) = (AccountKind::User, " Amina@Example.ORG ".to_owned());
        let terms = Terms::new(role, member.map(|slug| slug.parse().unwrap()), organisation.map(str::to_owned));
        NewAccount { kind, name, terms, secret_hash: SecretHash("hunter2".to_owned()) }.check()
    }

    #[test]
    fn members_are_assigned_to_evaluators_once_each() {
        let assigned_members = vec!["b".parse().unwrap(), "a".parse().unwrap(), "b".parse().unwrap()];
        let terms =
            |role| Terms { assigned_members: assigned_members.clone(), ..Terms::new(role, None, Some("A".to_owned())) };
        let checked = terms(Role::Evaluator).checked().unwrap().assigned_members;
        assert_eq!(checked.iter().map(Slug::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert!(terms(Role::Partner).checked().unwrap_err().has("/assigned_members"));
    }

    #[test]
    fn roles_have_what_they_need() {
        assert_eq!(new(Role::Secretariat, None, None).unwrap().name, "amina@example.org");
        assert!(new(Role::FocalPoint, Some("commune-larache"), None).is_ok());
        assert!(
            new(Role::FocalPoint, None, None).is_err() && new(Role::Partner, Some("commune-larache"), None).is_err()
        );
        assert!(new(Role::Evaluator, None, None).is_err() && new(Role::Evaluator, None, Some("Averroès")).is_ok());
    }

    #[test]
    fn a_hash_is_not_printed() {
        assert!(!format!("{:?}", new(Role::Partner, None, None).unwrap()).contains("hunter2"));
    }

    #[test]
    fn a_token_must_say_what_is_so_now() {
        let claims = Claims {
            iss: String::new(),
            aud: String::new(),
            sub: String::new(),
            kind: String::new(),
            role: Role::FocalPoint,
            member: Some("m".to_owned()),
            epoch: 3,
            sid: None,
            iat: 0,
            nbf: 0,
            exp: 0,
            jti: String::new(),
            outside: false,
        };
        let (role, member_id) = (Role::FocalPoint, Some("m".to_owned()));
        let now = Standing { role, member_id, disabled: false, epoch: 3, revoked: false, signed_in: true };
        assert_eq!(now.admits(&claims), Ok(()));
        assert!(Standing { disabled: true, ..now.clone() }.admits(&claims).is_err());
        assert!(Standing { revoked: true, ..now.clone() }.admits(&claims).is_err());
        assert!(Standing { signed_in: false, ..now.clone() }.admits(&claims).is_err());
        assert!(Standing { epoch: 4, ..now.clone() }.admits(&claims).is_err());
        assert!(Standing { role: Role::Partner, ..now.clone() }.admits(&claims).is_err());
        assert!(Standing { member_id: Some("n".to_owned()), ..now }.admits(&claims).is_err());
    }
}
