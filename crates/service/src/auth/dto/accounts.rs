//! Accounts as the administrator sees them. No hash and no secret is ever shown, but for the one that was just made.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{
    accounts::{AccountKind, Filters, SortKey, Terms},
    roles::Role,
    store::management::Managed,
};
use crate::{
    kernel::{
        bounded,
        clock::rfc3339,
        codes::Flag,
        id::Slug,
        paging::{Direction, Order},
        patch::Patch,
        violation::Violations,
    },
    web::{
        listing::list_query,
        page::PageOut,
        params::{One, Several},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the lists of accounts.
    pub struct AccountListQuery of AccountOut {
        /// Only accounts of these roles; several by comma.
        #[example = "administrator,secretariat"]
        pub role: Several<Role>,
        /// `true` for those that may not sign in, `false` for the others.
        #[example = "false"]
        pub disabled: One<Flag>,
        /// The order: `created_at` (default), the oldest first, or `-created_at`.
        #[example = "created_at"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl AccountListQuery {
    /// Which accounts of a kind the query asks for.
    #[must_use]
    pub fn filters(&self, kind: AccountKind) -> Filters {
        Filters {
            kind,
            roles: Several::values(self.role.clone()),
            disabled: self.disabled.as_ref().map(|flag| flag.0 == Flag::True),
            order: self.sort.unwrap_or(Order { key: SortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountIn {
    /// A person's e-mail address, or the name by which people know a machine; no two accounts have the same.
    #[schema(example = "amina@example.org", max_length = 254)]
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// For focal points: the slug of the member that they speak for.
    #[serde(default)]
    #[schema(example = "commune-larache")]
    pub member: Option<String>,
    /// The organisation that it belongs to; evaluators must have one.
    #[serde(default)]
    #[schema(example = "Averroès", max_length = 200)]
    pub organisation: Option<String>,
    /// For evaluators: the slugs of the members that they have been assigned.
    #[serde(default, deserialize_with = "bounded::list::<500, _, _>")]
    #[schema(example = json!([]), max_items = 500)]
    pub assigned_members: Vec<String>,
}

impl AccountIn {
    /// The name, and what the account is for.
    ///
    /// # Errors
    /// Slugs that are none.
    pub fn read(self) -> Result<(String, Terms), Violations> {
        let mut violations = Violations::default();
        let terms = Terms {
            role: self.role,
            member: self.member.and_then(|slug| read_slug(&mut violations, "/member", &slug)),
            organisation: self.organisation,
            assigned_members: read_slugs(&mut violations, &self.assigned_members),
            disabled: false,
        };
        violations.done().map(|()| (self.name, terms))
    }
}

fn read_slug(violations: &mut Violations, pointer: &str, text: &str) -> Option<Slug> {
    let slug = Slug::from_str(text);
    slug.map_err(|why| violations.add(pointer, "invalid_value", format!("The member {why}."))).ok()
}

fn read_slugs(violations: &mut Violations, texts: &[String]) -> Vec<Slug> {
    let read = |(at, text): (usize, &String)| read_slug(violations, &format!("/assigned_members/{at}"), text);
    texts.iter().enumerate().filter_map(read).collect()
}

/// Changes of an account (RFC 7396): what is absent stays, what is null is taken away. Tokens that say something else are
/// not believed any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    /// What it may do.
    #[serde(default)]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// For focal points: the slug of the member that they speak for.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "commune-larache")]
    pub member: Patch<String>,
    /// The organisation that it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Averroès", max_length = 200)]
    pub organisation: Patch<String>,
    /// For evaluators: all members that they have been assigned, anew.
    #[serde(default, deserialize_with = "bounded::patched::<500, _, _>")]
    #[schema(value_type = Option<Vec<String>>, example = json!([]), max_items = 500)]
    pub assigned_members: Patch<Vec<String>>,
    /// Whether it may not sign in. Disabling signs it out everywhere.
    #[serde(default)]
    #[schema(nullable = false)]
    pub disabled: Option<bool>,
}

impl AccountPatch {
    /// What an account would be for.
    ///
    /// # Errors
    /// Slugs that are none.
    pub fn onto(self, terms: Terms) -> Result<Terms, Violations> {
        let mut violations = Violations::default();
        let member = match self.member {
            Patch::Absent => terms.member,
            Patch::Null => None,
            Patch::Value(slug) => read_slug(&mut violations, "/member", &slug),
        };
        let assigned_members = match self.assigned_members {
            Patch::Absent => terms.assigned_members,
            Patch::Null => Vec::new(),
            Patch::Value(slugs) => read_slugs(&mut violations, &slugs),
        };
        violations.done()?;
        Ok(Terms {
            role: self.role.unwrap_or(terms.role),
            member,
            organisation: self.organisation.onto(terms.organisation),
            assigned_members,
            disabled: self.disabled.unwrap_or(terms.disabled),
        })
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountOut {
    /// Identifier; of a client it is the client id.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts its changes.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// `client` for a machine, `user` for a person.
    #[schema(example = "user", pattern = "^(client|user)$")]
    pub kind: &'static str,
    /// A client's name or a person's e-mail address.
    #[schema(example = "amina@example.org")]
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Slug of the member that a focal point speaks for.
    #[schema(example = "commune-larache")]
    pub member: Option<String>,
    /// The organisation that it belongs to.
    #[schema(example = "Averroès")]
    pub organisation: Option<String>,
    /// Slugs of the members that an evaluator has been assigned.
    #[schema(example = json!([]))]
    pub assigned_members: Vec<String>,
    /// Whether it may not sign in.
    pub disabled: bool,
    /// Of a client, whether the secret before the current one is good, too.
    pub has_former_secret: bool,
    /// Where to go from here.
    pub links: AccountLinksOut,
}

/// Links of an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountLinksOut {
    /// The account.
    #[schema(example = "/api/v1/users/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountPageOut {
    /// The accounts, in the order that was asked for.
    pub data: Vec<AccountOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

/// A person's account that was just made, with what its owner sets the first password with.
#[derive(Serialize, ToSchema)]
pub struct NewUserOut {
    /// The account.
    #[serde(flatten)]
    pub account: AccountOut,
    /// What the person sets a password with; never shown again.
    pub one_time_secret: OneTimeSecretOut,
}

/// What somebody sets a password with, once.
#[derive(Serialize, ToSchema)]
pub struct OneTimeSecretOut {
    /// For `POST /api/v1/auth/password-reset`; never shown again.
    #[schema(example = "remacto_h2T0nQ5vJ8mX1cL6yB3wK9rF4sD7gP0aZ5uE8iN2oVq")]
    pub secret: String,
    /// Until when it is good.
    #[serde(serialize_with = "rfc3339")]
    pub expires_at: DateTime<Utc>,
}

/// A machine's account, with its new secret.
#[derive(Serialize, ToSchema)]
pub struct NewClientOut {
    /// The account.
    #[serde(flatten)]
    pub account: AccountOut,
    /// The new secret; never shown again.
    #[schema(example = "remacto_h2T0nQ5vJ8mX1cL6yB3wK9rF4sD7gP0aZ5uE8iN2oVq")]
    pub client_secret: String,
}

impl Tabular for AccountOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("kind", "/kind"),
        ("name", "/name"),
        ("role", "/role"),
        ("member", "/member"),
        ("organisation", "/organisation"),
        ("assigned_members", "/assigned_members"),
        ("disabled", "/disabled"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
        ("version", "/version"),
    ];
}

/// Where an account is.
#[must_use]
pub fn address_of(kind: AccountKind, id: &str) -> String {
    match kind {
        AccountKind::User => format!("/api/v1/users/{id}"),
        AccountKind::Client => format!("/api/v1/clients/{id}"),
    }
}

impl From<Managed> for AccountOut {
    fn from(Managed { account, terms }: Managed) -> Self {
        let text = Slug::to_string;
        Self {
            links: AccountLinksOut { this: address_of(account.kind, &account.id) },
            id: account.id,
            version: account.version,
            created_at: account.created_at,
            updated_at: account.updated_at,
            kind: account.kind.as_str(),
            name: account.name,
            role: terms.role,
            member: terms.member.as_ref().map(text),
            organisation: terms.organisation,
            assigned_members: terms.assigned_members.iter().map(text).collect(),
            disabled: terms.disabled,
            has_former_secret: account.former_secret_hash.is_some(),
        }
    }
}
