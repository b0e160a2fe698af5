//! What an entry of the audit is, and how entries are looked for. Pure.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::kernel::{
    audit::{Action, Collection},
    codes::{Pattern, codes},
    id::is_id,
    paging::Order,
};

/// Something that somebody did.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The id.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// `system`, `client` or `user`.
    pub actor: String,
    /// The account's id; none for the system.
    pub account_id: Option<String>,
    /// The role that the account had.
    pub role: Option<String>,
    /// What the system was doing.
    pub task: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// What was done.
    pub action: String,
    /// The collection.
    pub resource: String,
    /// The resource's id.
    pub resource_id: Option<String>,
    /// The resource's version afterwards.
    pub version: Option<i64>,
    /// The import that it was a part of.
    pub import_id: Option<String>,
    /// What was there before, as far as it differs.
    pub before: Option<Value>,
    /// What is there now, likewise.
    pub after: Option<Value>,
    /// From where it was done, where that is noted and still kept.
    pub address: Option<String>,
}

/// By what an entry refers to a resource, an account, a request or an import: its id. What it names may be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceRef(String);

impl ResourceRef {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ResourceRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if is_id(text) || (sound && (1..=64).contains(&text.len())) {
            Ok(Self(text.to_owned()))
        } else {
            Err("is not an id of 1 to 64 letters, digits, hyphens, underscores and points")
        }
    }
}

impl Pattern for ResourceRef {
    fn pattern() -> String {
        "[A-Za-z0-9._-]{1,64}".to_owned()
    }
}

/// What the audit can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// The time.
    At,
}

codes!(SortKey { At => "at" });

/// Which entries are looked for, and in what order.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// The collection.
    pub resource: Option<Collection>,
    /// The resource's id.
    pub resource_id: Option<ResourceRef>,
    /// The account's id.
    pub account_id: Option<ResourceRef>,
    /// The request's id.
    pub request_id: Option<ResourceRef>,
    /// The import's id.
    pub import_id: Option<ResourceRef>,
    /// What was done.
    pub action: Option<Action>,
    /// Not before this moment.
    pub since: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<SortKey>,
}
