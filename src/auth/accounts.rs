//! Accounts: what is known of people and machines that may sign in. Pure.

use super::{
    passwords::hash_secret,
    roles::Role,
    tokens::{Claims, Subject},
};
use crate::{
    db::Actor,
    kernel::{codes::codes, id::Slug, text},
};

/// What kind of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Whether it may not sign in any more.
    pub disabled: bool,
}

impl Account {
    /// Whether this is the account's secret (of a client).
    #[must_use]
    pub fn has_secret(&self, secret: &str) -> bool {
        // Hashes are compared, so that the time it takes says nothing about the secret.
        self.secret_hash.0 == hash_secret(secret)
    }

    /// For whom its tokens are, of a session if it is a person.
    #[must_use]
    pub fn subject(&self, session: Option<String>) -> Subject {
        let (account, kind) = (self.id.clone(), self.kind.as_str());
        Subject { account, kind, role: self.role, member: self.member_id.clone(), session }
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
        } else if self.role != claims.role || self.member_id != claims.member {
            Err("has been changed since the token was issued")
        } else {
            Ok(())
        }
    }
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its kind.
    pub kind: AccountKind,
    /// What it may do.
    pub role: Role,
    /// A client's name or a person's e-mail address.
    pub name: String,
    /// The member that a focal point speaks for.
    pub member: Option<Slug>,
    /// The organisation that it belongs to.
    pub organisation: Option<String>,
    /// The hash of its secret.
    pub secret_hash: SecretHash,
}

impl NewAccount {
    /// Checks what can be checked without the database, and gives names their stored form.
    ///
    /// # Errors
    /// A sentence.
    pub fn check(self) -> Result<Self, String> {
        let name = match self.kind {
            AccountKind::Client => text::parse_line(&self.name, 100).map_err(|why| format!("The name {why}."))?,
            AccountKind::User => email(&self.name)?,
        };
        if (self.role == Role::FocalPoint) != self.member.is_some() {
            return Err("A focal point speaks for one member, and nobody else does.".to_owned());
        }
        let organisation = self.organisation.as_deref().map(|name| text::parse_line(name, 200)).transpose();
        let organisation = organisation.map_err(|why| format!("The organisation {why}."))?;
        if self.role == Role::Evaluator && organisation.is_none() {
            return Err("An evaluator belongs to an organisation.".to_owned());
        }
        Ok(Self { name, organisation, ..self })
    }
}

/// An e-mail address as it is stored and looked for: in lower case.
///
/// # Errors
/// A sentence, for what is none.
pub fn email(text: &str) -> Result<String, String> {
    let address = text.trim().to_lowercase();
    if address.len() <= 254 && validator::ValidateEmail::validate_email(&address) {
        Ok(address)
    } else {
        Err("The e-mail address is none.".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(role: Role, member: Option<&str>, organisation: Option<&str>) -> Result<NewAccount, String> {
        NewAccount {
            kind: AccountKind::User,
            role,
            name: " Amina@Example.ORG ".to_owned(),
            member: member.map(|slug| slug.parse().unwrap()),
            organisation: organisation.map(str::to_owned),
            secret_hash: SecretHash("hunter2".to_owned()),
        }
        .check()
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
            sid: None,
            iat: 0,
            nbf: 0,
            exp: 0,
            jti: String::new(),
        };
        let (role, member_id) = (Role::FocalPoint, Some("m".to_owned()));
        let now = Standing { role, member_id, disabled: false, revoked: false, signed_in: true };
        assert_eq!(now.admits(&claims), Ok(()));
        assert!(Standing { disabled: true, ..now.clone() }.admits(&claims).is_err());
        assert!(Standing { revoked: true, ..now.clone() }.admits(&claims).is_err());
        assert!(Standing { signed_in: false, ..now.clone() }.admits(&claims).is_err());
        assert!(Standing { role: Role::Partner, ..now.clone() }.admits(&claims).is_err());
        assert!(Standing { member_id: Some("n".to_owned()), ..now }.admits(&claims).is_err());
    }
}
