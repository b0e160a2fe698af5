//! Signing in and accounts, as the API shows them.

mod accounts;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use self::accounts::{
    AccountIn, AccountListQuery, AccountOut, AccountPageOut, AccountPatch, NewClientOut, NewUserOut, OneTimeSecretOut,
};
use super::{
    accounts::Account,
    refresh_tokens::RefreshToken,
    roles::{PERMISSIONS, Role},
    sessions::Session,
    tokens::{Claims, LIFETIME_S, Tokens},
};
use crate::{
    kernel::clock::{optional_rfc3339, rfc3339},
    web::page::PageOut,
};

/// A form of the token endpoint (RFC 6749, sections 4.4.2 and 6).
#[derive(Deserialize, ToSchema)]
pub struct TokenForm {
    /// `client_credentials` for a machine, `refresh_token` for a person's session.
    #[schema(value_type = String, example = "client_credentials", pattern = "^(client_credentials|refresh_token)$")]
    pub grant_type: Option<String>,
    /// With `refresh_token`: the session's refresh token. The answer has the next one.
    #[schema(nullable = false)]
    pub refresh_token: Option<String>,
    /// The client's id, where it proves who it is by this form and not by HTTP Basic authentication.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", nullable = false)]
    pub client_id: Option<String>,
    /// The client's secret, likewise.
    #[schema(format = "password", nullable = false)]
    pub client_secret: Option<String>,
}

/// A form of the revocation endpoint (RFC 7009, section 2.1).
#[derive(Deserialize, ToSchema)]
pub struct RevocationForm {
    /// The access token to take back, or the refresh token whose session is to end.
    #[schema(value_type = String, example = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl")]
    pub token: Option<String>,
    /// `access_token` or `refresh_token`; a hint is not needed, and a wrong one does no harm.
    #[schema(example = "access_token", nullable = false)]
    #[expect(dead_code, reason = "the two kinds of tokens are told apart without it")]
    pub token_type_hint: Option<String>,
    /// The client's id, where it proves who it is by this form and not by HTTP Basic authentication.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", nullable = false)]
    pub client_id: Option<String>,
    /// The client's secret, likewise.
    #[schema(format = "password", nullable = false)]
    pub client_secret: Option<String>,
}

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionIn {
    /// E-mail address.
    #[schema(example = "amina@example.org", max_length = 254, format = "email")]
    pub email: String,
    /// Password.
    #[schema(example = "correct horse battery staple", max_length = 200, format = "password")]
    pub password: String,
}

/// Somebody's new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordIn {
    /// The password that is good now.
    #[schema(example = "correct horse battery staple", max_length = 200, format = "password")]
    pub current_password: String,
    /// The new one, 12 to 200 characters that are hard to guess: not made of common passwords or words, of repetitions,
    /// sequences or dates, or of what is known of the account.
    #[schema(example = "incorrect mule accumulator clamp", min_length = 12, max_length = 200, format = "password")]
    pub new_password: String,
}

/// A new password for who has a one-time secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetIn {
    /// The one-time secret, as the administrator handed it on.
    #[schema(example = "remacto_h2T0nQ5vJ8mX1cL6yB3wK9rF4sD7gP0aZ5uE8iN2oVq", max_length = 200)]
    pub secret: String,
    /// The new password, 12 to 200 characters that are hard to guess: not made of common passwords or words, of repetitions,
    /// sequences or dates, or of what is known of the account.
    #[schema(example = "incorrect mule accumulator clamp", min_length = 12, max_length = 200, format = "password")]
    pub new_password: String,
}

/// An access token (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
pub struct TokenOut {
    /// The token, for `Authorization: Bearer`.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl")]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// For how many seconds the token is good.
    #[schema(example = 900, minimum = 1)]
    pub expires_in: i64,
    /// What gets the next pair of tokens; absent for machines, which have their secret. Within 30 seconds after it was used
    /// it gets another pair once more, in case an answer is lost. A token that is used later or more often ends the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "remacto_rt_01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f.h2T0nQ5vJ8mX1cL6yB3wK9rF4sD7gP0aZ5uE8iN2oVq.Zx8Kq1Lw5Tn0Yb3Rf7Hd2Mc6Vp9Js4Ga1Ue8Io3Nk7Q.c1Vd5Wn8Lq2Xe7Rb0Tz4Ky",
        nullable = false
    )]
    pub refresh_token: Option<String>,
    /// Until when the session can be taken up again, if it is not used meanwhile; absent for machines.
    #[serde(serialize_with = "optional_rfc3339", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub session_expires_at: Option<DateTime<Utc>>,
    /// The session; absent for machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid", nullable = false)]
    pub session_id: Option<String>,
}

impl TokenOut {
    /// Around a fresh token, of a session if it is a person's.
    #[must_use]
    pub fn new(access_token: String, session: Option<(&Session, &RefreshToken)>) -> Self {
        Self {
            access_token,
            token_type: "Bearer",
            expires_in: LIFETIME_S,
            refresh_token: session.map(|(_, token)| token.text()),
            session_expires_at: session.map(|(session, _)| session.expires_at),
            session_id: session.map(|(session, _)| session.id.clone()),
        }
    }
}

/// Where somebody is signed in.
#[derive(Serialize, ToSchema)]
pub struct SessionOut {
    /// Identifier.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Since when.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last got new tokens.
    #[serde(serialize_with = "rfc3339")]
    pub used_at: DateTime<Utc>,
    /// Until when it can be taken up again, if it is not used meanwhile.
    #[serde(serialize_with = "rfc3339")]
    pub expires_at: DateTime<Utc>,
    /// How the program calls itself that signed in.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0")]
    pub user_agent: Option<String>,
    /// Whether it is the one of the token that asks.
    pub current: bool,
    /// Where to go from here.
    pub links: SessionLinksOut,
}

/// Links of a session.
#[derive(Serialize, ToSchema)]
pub struct SessionLinksOut {
    /// The session, to be deleted.
    #[schema(example = "/api/v1/auth/sessions/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
}

/// Somebody's sessions, always one page.
#[derive(Serialize, ToSchema)]
pub struct SessionPageOut {
    /// The sessions that go on, the newest first.
    pub data: Vec<SessionOut>,
    /// Where this page stands: it is the only one.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl SessionOut {
    /// A session, beside the one that asks.
    #[must_use]
    pub fn new(session: Session, current: Option<&str>) -> Self {
        let Session { id, created_at, used_at, expires_at, user_agent } = session;
        let (this, current) = (format!("/api/v1/auth/sessions/{id}"), current == Some(id.as_str()));
        Self { id, created_at, used_at, expires_at, user_agent, current, links: SessionLinksOut { this } }
    }
}

/// The account that asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnAccountOut {
    /// Identifier; of a client it is the client id.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// `client` for a machine, `user` for a person.
    #[schema(example = "client", pattern = "^(client|user)$")]
    pub kind: &'static str,
    /// A client's name or a person's e-mail address.
    #[schema(example = "register of the ministry")]
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The same in detail.
    #[schema(example = json!(["account:read", "members:write"]))]
    pub permissions: Vec<&'static str>,
    /// Slug of the member that it speaks for; only for focal points.
    #[schema(example = "commune-larache")]
    pub member: Option<String>,
    /// The organisation that it belongs to.
    #[schema(example = "Averroès")]
    pub organisation: Option<String>,
    /// Until when the token is good, in seconds since 1970.
    #[schema(example = 1_795_600_000)]
    pub expires_at: i64,
}

impl OwnAccountOut {
    /// An account with one of its tokens.
    #[must_use]
    pub fn new(account: Account, claims: &Claims) -> Self {
        let given = PERMISSIONS.iter().filter(|permission| permission.is_given_to(account.role));
        Self {
            id: account.id,
            kind: account.kind.as_str(),
            name: account.name,
            role: account.role,
            permissions: given.map(|permission| permission.name).collect(),
            member: account.member_slug,
            organisation: account.organisation,
            expires_at: claims.exp,
        }
    }
}

/// What a client of OAuth needs to know (RFC 8414, section 2).
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorizationServerOut {
    /// This service as an issuer of tokens: its public URL.
    #[schema(example = "https://api.example.org", format = "uri")]
    pub issuer: String,
    /// Where machines get tokens.
    #[schema(example = "https://api.example.org/api/v1/auth/token", format = "uri")]
    pub token_endpoint: String,
    /// Where tokens are taken back.
    #[schema(example = "https://api.example.org/api/v1/auth/revoke", format = "uri")]
    pub revocation_endpoint: String,
    /// Where the public keys are.
    #[schema(example = "https://api.example.org/.well-known/jwks.json", format = "uri")]
    pub jwks_uri: String,
    /// Where the API is described.
    #[schema(example = "https://api.example.org/docs/", format = "uri")]
    pub service_documentation: String,
    /// How tokens are got.
    #[schema(value_type = Vec<String>, example = json!(["client_credentials", "refresh_token"]))]
    pub grant_types_supported: [&'static str; 2],
    /// Only `none`, with which nothing is issued: there is no authorization endpoint. The standard requires the list and
    /// forbids an empty one.
    #[schema(value_type = Vec<String>, example = json!(["none"]))]
    pub response_types_supported: [&'static str; 1],
    /// How clients prove who they are when they get a token; not at all for a refresh token.
    #[schema(value_type = Vec<String>, example = json!(["client_secret_basic", "client_secret_post", "none"]))]
    pub token_endpoint_auth_methods_supported: [&'static str; 3],
    /// How they do so when they take one back.
    #[schema(value_type = Vec<String>, example = json!(["client_secret_basic", "client_secret_post", "none"]))]
    pub revocation_endpoint_auth_methods_supported: [&'static str; 3],
}

/// How clients prove who they are.
const AUTH_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

impl AuthorizationServerOut {
    /// Of this service.
    #[must_use]
    pub fn of(tokens: &Tokens) -> Self {
        let at = |path: &str| format!("{}{path}", tokens.issuer());
        Self {
            issuer: tokens.issuer().to_owned(),
            token_endpoint: at("/api/v1/auth/token"),
            revocation_endpoint: at("/api/v1/auth/revoke"),
            jwks_uri: at("/.well-known/jwks.json"),
            service_documentation: at("/docs/"),
            grant_types_supported: ["client_credentials", "refresh_token"],
            response_types_supported: ["none"],
            token_endpoint_auth_methods_supported: AUTH_METHODS,
            revocation_endpoint_auth_methods_supported: AUTH_METHODS,
        }
    }
}

/// The public keys (RFC 7517, section 5).
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySetOut {
    /// The keys, as Ed25519 public keys (RFC 8037).
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Value>,
}
