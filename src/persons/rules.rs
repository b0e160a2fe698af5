//! What can be held on a person. Pure.

use chrono::{DateTime, Utc};

use crate::{
    consultations::{Contact, Contribution},
    focal_points::{Correction, FocalPoint},
    kernel::{id::Identifier, violation::Violations},
};

/// All that is held on a person.
#[derive(Debug)]
pub struct Held {
    /// The e-mail address by which the person is found.
    pub email: String,
    /// Where the person is a focal point.
    pub focal_points: Vec<FocalPoint>,
    /// The person's account.
    pub account: Option<HeldAccount>,
    /// What the person contributed to consultations and can be reached for.
    pub contributions: Vec<Contribution>,
}

impl Held {
    /// Whether that is anything.
    #[must_use]
    pub const fn is_something(&self) -> bool {
        self.account.is_some() || !self.focal_points.is_empty() || !self.contributions.is_empty()
    }

    /// The id by which the audit names the person: of the account, or else of a focal point, or else of a contribution.
    #[must_use]
    pub fn id(&self) -> Option<Identifier> {
        let account = self.account.as_ref().map(|account| account.id.clone());
        let account = account.or_else(|| self.focal_points.first().map(|point| point.id.clone()));
        account.or_else(|| self.contributions.first().map(|contribution| contribution.id.clone()))
    }
}

/// How somebody who contributed can be reached, put right.
#[must_use]
pub fn corrected(contact: &Contact, correction: &Correction) -> Contact {
    let Contact { name, email } = contact.clone();
    Contact { name: correction.full_name.clone().or(name), email: correction.email.clone().or(email) }
}

/// An account with all that was made for it or by it. Hashes of secrets are left out.
#[derive(Debug)]
pub struct HeldAccount {
    /// The id.
    pub id: Identifier,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// What it may do.
    pub role: String,
    /// The slug of the member that it speaks for.
    pub member: Option<String>,
    /// The organisation that it belongs to.
    pub organisation: Option<String>,
    /// The slugs of the members that it has been assigned.
    pub assigned_members: Vec<String>,
    /// Since when it may not sign in.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Until when a one-time secret for a new password is good, if there is one.
    pub password_offered_until: Option<DateTime<Utc>>,
    /// Where it was signed in.
    pub sessions: Vec<HeldSession>,
    /// The reports of its imports.
    pub imports: Vec<HeldImport>,
    /// What it did.
    pub deeds: Vec<HeldDeeds>,
    /// From where it signed in, or somebody tried to.
    pub addresses: Vec<HeldAddress>,
    /// How many answers are kept to be given again.
    pub kept_answers: i64,
}

/// A session.
#[derive(Debug)]
pub struct HeldSession {
    /// The id.
    pub id: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub used_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What the person's program called itself.
    pub user_agent: Option<String>,
}

/// A report of an import.
#[derive(Debug)]
pub struct HeldImport {
    /// The id.
    pub id: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Of which collection.
    pub resource: String,
    /// What came of it.
    pub outcome: String,
}

/// Entries of the audit that say the same of an account.
#[derive(Debug)]
pub struct HeldDeeds {
    /// The collection.
    pub resource: String,
    /// What was done.
    pub action: String,
    /// How many entries.
    pub count: i64,
    /// When the first entry was first written.
    pub first_at: DateTime<Utc>,
    /// When the last entry was first written.
    pub last_at: DateTime<Utc>,
}

/// An address from which an account was used.
#[derive(Debug)]
pub struct HeldAddress {
    /// The address.
    pub address: String,
    /// How many entries of the audit have it.
    pub count: i64,
    /// When the first entry was first written.
    pub first_at: DateTime<Utc>,
    /// When the last entry was first written.
    pub last_at: DateTime<Utc>,
}

/// How much was erased.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Focal points.
    pub focal_points: usize,
    /// Accounts.
    pub accounts: usize,
    /// Sessions.
    pub sessions: usize,
    /// Reports of imports.
    pub import_reports: usize,
    /// Answers that were kept to be given again.
    pub kept_answers: usize,
    /// Contacts of contributions.
    pub contribution_contacts: usize,
    /// Addresses from which the account was used.
    pub addresses: usize,
}

/// Refuses to correct what nothing that is held has: an account alone has no name, number or language, and who contributed
/// has a name at most.
///
/// # Errors
/// Every property that has no place.
pub fn check_places(held: &Held, correction: &Correction) -> Result<(), Violations> {
    let mut violations = Violations::default();
    let (is_point, contributed) = (!held.focal_points.is_empty(), !held.contributions.is_empty());
    let named = [
        ("full_name", correction.full_name.is_some(), is_point || contributed),
        ("phone", correction.phone.is_named(), is_point),
        ("preferred_language", correction.preferred_language.is_some(), is_point),
    ];
    for (name, ..) in named.into_iter().filter(|(_, is_named, has_place)| *is_named && !has_place) {
        let detail = format!("The person is no focal point, and nothing else that is held has a {name}.");
        violations.add(format!("/changes/{name}"), "not_held", detail);
    }
    violations.done()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::patch::Patch;

    #[test]
    fn an_account_alone_has_only_an_address_to_correct() {
        let (email, none) = ("amina@example.org".to_owned(), Vec::new());
        let held = Held { email, focal_points: Vec::new(), account: None, contributions: none };
        let email = Some("new@example.org".to_owned());
        assert!(check_places(&held, &Correction { email, ..Correction::default() }).is_ok());
        let refused = check_places(&held, &Correction { phone: Patch::Null, ..Correction::default() }).unwrap_err();
        assert!(refused.has("/changes/phone"));
    }
}
