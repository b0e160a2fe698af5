//! Signing in, as the API shows it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    accounts::Account,
    roles::{PERMISSIONS, Role},
    tokens::{Claims, LIFETIME_S, Tokens},
};

/// A form of the token endpoint (RFC 6749, section 4.4.2).
#[derive(Deserialize, ToSchema)]
pub struct TokenForm {
    /// `client_credentials`.
    #[schema(value_type = String, example = "client_credentials", pattern = "^client_credentials$")]
    pub grant_type: Option<String>,
}

/// A form of the revocation endpoint (RFC 7009, section 2.1).
#[derive(Deserialize, ToSchema)]
pub struct RevocationForm {
    /// The access token to take back.
    #[schema(value_type = String, example = "eyJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl")]
    pub token: Option<String>,
    /// `access_token`; other hints are ignored, as the standard says.
    #[schema(value_type = String, example = "access_token", nullable = false)]
    #[expect(dead_code, reason = "there is one kind of token, so that the hint changes nothing")]
    pub token_type_hint: Option<String>,
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
}

impl TokenOut {
    /// Around a fresh token.
    #[must_use]
    pub const fn new(access_token: String) -> Self {
        Self { access_token, token_type: "Bearer", expires_in: LIFETIME_S }
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
    #[schema(example = json!(["client_credentials"]))]
    pub grant_types_supported: [&'static str; 1],
    /// None: there is no authorization endpoint.
    #[schema(value_type = Vec<String>, example = json!([]))]
    pub response_types_supported: [&'static str; 0],
    /// How clients prove who they are when they get a token.
    #[schema(example = json!(["client_secret_basic"]))]
    pub token_endpoint_auth_methods_supported: [&'static str; 1],
    /// How they do so when they take one back.
    #[schema(example = json!(["client_secret_basic"]))]
    pub revocation_endpoint_auth_methods_supported: [&'static str; 1],
}

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
            grant_types_supported: ["client_credentials"],
            response_types_supported: [],
            token_endpoint_auth_methods_supported: ["client_secret_basic"],
            revocation_endpoint_auth_methods_supported: ["client_secret_basic"],
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
