//! Accounts for the tests, and tokens as the server would sign them, or as somebody would who should not.

use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use remacto::{
    auth::{
        accounts::{AccountKind, NewAccount, SecretHash, Terms},
        keys::Keys,
        passwords::{hash_secret, new_secret},
        roles::Role,
        store,
        tokens::{Claims, Subject, Tokens},
    },
    db::{Actor, Db},
    kernel::id::new_id,
};

use super::{
    TestServer, secrets,
    server::{PUBLIC_URL, SIGNING_KEY},
};

/// Who makes the accounts.
pub const OPERATOR: Actor = Actor::System("test");

/// The issuer that all test servers are.
pub fn tokens() -> Tokens {
    Tokens::new(Keys::read(SIGNING_KEY).unwrap(), PUBLIC_URL)
}

/// An account with a token.
pub struct Account {
    /// Its id.
    pub id: String,
    /// Its client secret.
    pub secret: String,
    /// The Authorization header with a good token.
    pub bearer: String,
    /// What the token says.
    pub claims: Claims,
}

impl Account {
    /// A client with a role; a focal point speaks for the member with a slug.
    pub fn new(db: &Db, role: Role, member: Option<&str>) -> Self {
        Self::of(db, role, member, Some("Test"))
    }

    /// A client with a role, of an organisation.
    pub fn of(db: &Db, role: Role, member: Option<&str>, organisation: Option<&str>) -> Self {
        let secret = new_secret().unwrap();
        secrets::secret(&secret);
        secrets::secret(&hash_secret(&secret));
        let new = NewAccount {
            kind: AccountKind::Client,
            name: new_id().into_string(),
            terms: Terms::new(role, member.map(|slug| slug.parse().unwrap()), organisation.map(str::to_owned)),
            secret_hash: SecretHash(hash_secret(&secret)),
        };
        let (id, account) = db
            .write_blocking(&OPERATOR, |tx| {
                let id = store::create(tx, new.check().unwrap())?;
                let account = store::find(tx.conn, &id)?;
                Ok::<_, remacto::db::WriteError>((id, account.unwrap()))
            })
            .unwrap();
        let token = tokens().issue(account.subject(None), Utc::now()).unwrap();
        let claims = tokens().check(&token, Utc::now()).unwrap().as_ref().clone();
        Self { id, secret, bearer: format!("Bearer {token}"), claims }
    }

    /// The header for requests.
    pub fn header(&self) -> (&str, &str) {
        ("Authorization", &self.bearer)
    }

    /// A token that says something else, well signed.
    pub fn with(&self, change: impl FnOnce(&mut Claims)) -> String {
        let mut claims = self.claims.clone();
        change(&mut claims);
        format!("Bearer {}", signed(&claims))
    }
}

impl TestServer {
    /// An account of a role.
    pub fn account(&self, role: Role) -> Account {
        let member = (role == Role::FocalPoint).then_some("commune-larache");
        Account::new(&self.db, role, member)
    }
}

/// Claims, signed with the servers' key.
pub fn signed(claims: &impl serde::Serialize) -> String {
    let keys = Keys::read(SIGNING_KEY).unwrap();
    let (kid, key) = keys.signing();
    encode(&Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) }, claims, key).unwrap()
}

/// Claims, signed in another way.
pub fn signed_as(header: &Header, claims: &Claims, key: &EncodingKey) -> String {
    format!("Bearer {}", encode(header, claims, key).unwrap())
}

/// A token of an account that is nowhere.
pub fn token_of_nobody(role: Role) -> String {
    let subject =
        Subject { account: new_id().into_string(), kind: "client", role, member: None, epoch: 1, session: None };
    format!("Bearer {}", tokens().issue(subject, Utc::now()).unwrap())
}
