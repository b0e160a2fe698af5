//! What somebody contributes to a consultation. Pure.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Moderation, Standing};
use crate::{
    action_programs::Owner,
    kernel::{
        codes::codes,
        id::{Identifier, Slug},
        language::Language,
        paging::Order,
    },
};

/// How who contributed can be reached; who does not want to be says nothing. Personal data of law 09-08.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// The name.
    pub name: Option<String>,
    /// The e-mail address, in lower case: a person is found by it.
    pub email: Option<String>,
}

impl Contact {
    /// Whether anything is known.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.name.is_some() || self.email.is_some()
    }
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(***)")
    }
}

/// What somebody sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The axis of the programme that it belongs to.
    pub axis_id: Option<Identifier>,
    /// In the sender's own words.
    pub text: String,
    /// The language that they are written in.
    pub language: Language,
    /// How the sender can be reached.
    pub contact: Contact,
}

/// A stored contribution.
#[derive(Debug, Clone)]
pub struct Contribution {
    /// The id.
    pub id: Identifier,
    /// Counts the changes of what is not personal.
    pub version: i64,
    /// When it was sent.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Id of the consultation.
    pub consultation_id: Identifier,
    /// Id of the programme.
    pub program_id: Identifier,
    /// Slug of the programme.
    pub program: Slug,
    /// Whether the programme is published.
    pub program_is_public: bool,
    /// The member that is consulted.
    pub owner: Owner,
    /// What was sent.
    pub content: Content,
    /// What became of it.
    pub standing: Standing,
}

impl Contribution {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/consultations/{}/contributions/{}", self.consultation_id, self.id)
    }

    /// Whether everybody sees it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.program_is_public && self.standing.moderation == Moderation::Published
    }
}

/// Which decisions a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DecisionFilter {
    /// None yet.
    None,
    /// Accepted.
    Accepted,
    /// Merged.
    Merged,
    /// Rejected.
    Rejected,
}

codes!(DecisionFilter { None => "none", Accepted => "accepted", Merged => "merged", Rejected => "rejected" });

/// What contributions can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ContributionSortKey {
    /// When it was sent.
    CreatedAt,
}

codes!(ContributionSortKey { CreatedAt => "created_at" });

/// Which contributions a list has, and in what order. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct ContributionFilters {
    /// Id of the consultation.
    pub consultation_id: Identifier,
    /// Who sees them, any of which.
    pub moderations: Vec<Moderation>,
    /// Ids of axes, any of which.
    pub axes: Vec<Identifier>,
    /// How they were decided on, any of which.
    pub decisions: Vec<DecisionFilter>,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<ContributionSortKey>,
}
