//! The audit as the API shows it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::rules::{Entry, Filters, ResourceRef, SortKey};
use crate::{
    kernel::{
        audit::{Action, Collection},
        clock::rfc3339,
        paging::{Direction, Order},
    },
    web::{
        listing::list_query,
        page::PageOut,
        params::{Instant, One},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the audit.
    pub struct AuditQuery of AuditEntryOut {
        /// Only what was done to this collection.
        #[example = "members"]
        pub resource: One<Collection>,
        /// Only what was done to the resource with this id.
        pub resource_id: One<ResourceRef>,
        /// Only what the account with this id did.
        pub account_id: One<ResourceRef>,
        /// Only what the request with this id did. An entry with a `count` has the id of the first request that it counts.
        pub request_id: One<ResourceRef>,
        /// Only what the import with this id did: its own entry, and one of every resource that it changed.
        pub import_id: One<ResourceRef>,
        /// Only this. Of sessions, `reused` is the end by a refresh token that came back, and `repeated` one whose answer was
        /// lost. `sign_in_refused` is a refused proof of who one is (a password, a client secret, a refresh token, a one-time
        /// secret), with a `reason`: of a password `wrong`, `too_many` (it was not checked, because too many attempts had
        /// failed) or `disabled`. `granted` is a token for a machine or by a refresh token, `refused` a request that the
        /// account's role or member did not allow, `left_out` how many of these were too many to be told apart, and `of` which
        /// (`anonymous`, `sign_ins`, `refusals`, `grants`). These four have a `count`: the same by the same from the same
        /// network within an hour, at the same instance, is one entry whose count grows. Refused sign-ins to one account from
        /// more than 50 networks within an hour are counted on one entry without an address.
        #[example = "updated"]
        pub action: One<Action>,
        /// Only entries whose `at` is not before this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2026-01-01"]
        pub since: Instant,
        /// Only entries whose `at` is before this moment.
        #[example = "2100-01-01"]
        pub until: Instant,
        /// The order: `at`, the oldest first, or `-at` (default), the newest first. Who copies the audit reads the last hour
        /// again each time: entries with a `count` may have grown.
        #[example = "-at"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl AuditQuery {
    /// Which entries in what order the query asks for.
    #[must_use]
    pub fn filters(&self) -> Filters {
        let reference = |one: &Option<One<ResourceRef>>| one.as_ref().map(|one| one.0.clone());
        Filters {
            resource: self.resource.map(|one| one.0),
            resource_id: reference(&self.resource_id),
            account_id: reference(&self.account_id),
            request_id: reference(&self.request_id),
            import_id: reference(&self.import_id),
            action: self.action.map(|one| one.0),
            since: self.since.map(|moment| moment.0),
            until: self.until.map(|moment| moment.0),
            order: self.sort.unwrap_or(Order { key: SortKey::At, direction: Direction::Descending }),
        }
    }
}

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntryOut {
    /// Identifier of the entry; entries are in its order.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// When the entry was first written. Where it has a `count`, `first_at` and `last_at` in `after` say when the events were.
    #[serde(serialize_with = "rfc3339")]
    pub at: DateTime<Utc>,
    /// `system` for the program itself, `client` for a machine, `user` for a person.
    #[schema(example = "client", pattern = "^(system|client|user)$")]
    pub actor: String,
    /// The account's id; null for the system.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub account_id: Option<String>,
    /// The role that the account had; null for the system.
    #[schema(example = "registrar")]
    pub role: Option<String>,
    /// What the system was doing; null for accounts.
    #[schema(example = "reference data")]
    pub task: Option<String>,
    /// The id of the request, as in its answer and in the log; where the entry has a `count`, of the first one. Null for the
    /// system.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    pub request_id: Option<String>,
    /// What was done.
    #[schema(value_type = Action, example = "updated")]
    pub action: String,
    /// The collection.
    #[schema(value_type = Collection, example = "members")]
    pub resource: String,
    /// The resource's id; null where it is about several.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    pub resource_id: Option<String>,
    /// The resource's version afterwards.
    #[schema(example = 2, minimum = 1)]
    pub version: Option<i64>,
    /// The import that it was a part of, by the id of its report; null outside of imports.
    #[schema(example = json!(null), format = "uuid")]
    pub import_id: Option<String>,
    /// What was stored before, for an update only what differs; of what is personal only that it changed.
    #[schema(value_type = Option<Object>, example = json!({"website": null}))]
    pub before: Option<Value>,
    /// What is stored now; likewise.
    #[schema(value_type = Option<Object>, example = json!({"website": "https://www.larache.ma"}))]
    pub after: Option<Value>,
    /// From where somebody signed in or tried to, set a password with a one-time secret, was granted a token or was refused
    /// something; null for anything else, and when its time is over (90 days, unless the operator says otherwise).
    #[schema(example = "203.0.113.9")]
    pub address: Option<String>,
}

/// A page of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPageOut {
    /// The entries, in the order that was asked for.
    pub data: Vec<AuditEntryOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

impl Tabular for AuditEntryOut {
    const COLUMNS: &'static [Column] = &[
        ("at", "/at"),
        ("actor", "/actor"),
        ("account_id", "/account_id"),
        ("role", "/role"),
        ("task", "/task"),
        ("request_id", "/request_id"),
        ("action", "/action"),
        ("resource", "/resource"),
        ("resource_id", "/resource_id"),
        ("version", "/version"),
        ("import_id", "/import_id"),
        ("before", "/before"),
        ("after", "/after"),
        ("address", "/address"),
        ("id", "/id"),
    ];
}

impl From<Entry> for AuditEntryOut {
    fn from(entry: Entry) -> Self {
        let Entry {
            id,
            at,
            actor,
            account_id,
            role,
            task,
            request_id,
            action,
            resource,
            resource_id,
            version,
            import_id,
            before,
            after,
            address,
        } = entry;
        Self {
            id,
            at,
            actor,
            account_id,
            role,
            task,
            request_id,
            action,
            resource,
            resource_id,
            version,
            import_id,
            before,
            after,
            address,
        }
    }
}
