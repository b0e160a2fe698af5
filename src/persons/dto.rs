//! What is asked for a person, and what the answers say.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;
use validator::Validate;

use super::rules::{Held, HeldAccount, HeldAddress, HeldDeeds, HeldImport, HeldSession, Receipt};
use crate::{
    consultations::{Contribution, Moderation},
    focal_points::{Correction, FocalPointOut, read_name, read_phone},
    kernel::{
        audit::{Action, Collection},
        clock::rfc3339,
        language::Language,
        patch::{Patch, replaced},
        text,
        violation::{Violations, email_address},
    },
};

/// A person.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PersonIn {
    /// The e-mail address by which the person is known, of an account, of focal points or of contributions.
    #[validate(custom(function = "email_address"))]
    #[schema(example = "amina@example.org", max_length = 254, format = "email")]
    pub email: String,
}

impl PersonIn {
    /// The e-mail address as it is stored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(self) -> Result<String, Violations> {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        violations.done()?;
        text::parse_email(&self.email).map_err(|_was_read| Violations::default())
    }
}

/// A person, and what is to be put right.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RectificationIn {
    /// The e-mail address by which the person is known so far.
    #[schema(example = "amina@example.org", max_length = 254, format = "email")]
    pub email: String,
    /// What is right; what is absent stays.
    pub changes: PersonPatch,
}

/// What is to be put right about a person. An account has the address only, the contact of a contribution the address and a
/// name; the rest is of focal points. Each of them is corrected.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonPatch {
    /// The e-mail address: of the account, of every focal point and of every contribution.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = String, example = "amina.alami@example.org", max_length = 254, format = "email", nullable = false)]
    pub email: Patch<String>,
    /// The person's name.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = String, example = "Amina Alami", max_length = 200, nullable = false)]
    pub full_name: Patch<String>,
    /// The telephone number, or null to take it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "+212 537 00 00 00", max_length = 60)]
    pub phone: Patch<String>,
    /// The language to write in.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Language, nullable = false)]
    pub preferred_language: Patch<Language>,
}

impl RectificationIn {
    /// The address so far, and what is to be put right, in their stored forms.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(self) -> Result<(String, Correction), Violations> {
        let mut violations = Violations::default();
        let email = |text: &str| text::parse_email(text).map_err(|_none| "is no e-mail address".to_owned());
        let mut read = |pointer: &str, value: Result<String, String>| {
            value.map_err(|why| violations.add(pointer, "invalid_value", format!("The value {why}."))).ok()
        };
        let known = read("/email", email(&self.email));
        let PersonPatch { email: new, full_name, phone, preferred_language } = self.changes;
        let new = new.onto(None).and_then(|text| read("/changes/email", email(&text)));
        let full_name = full_name.onto(None).and_then(|text| read("/changes/full_name", read_name(&text)));
        let phone = match phone {
            Patch::Value(text) => read("/changes/phone", read_phone(&text)).map_or(Patch::Absent, Patch::Value),
            unread => unread,
        };
        violations.done()?;
        let preferred_language = preferred_language.onto(None);
        Ok((known.unwrap_or_default(), Correction { full_name, email: new, phone, preferred_language }))
    }
}

/// All that is held on a person.
#[derive(Serialize, ToSchema)]
pub struct PersonOut {
    /// The e-mail address.
    #[schema(example = "amina@example.org", format = "email")]
    pub email: String,
    /// Where the person is a focal point.
    pub focal_points: Vec<FocalPointOut>,
    /// The person's account.
    pub account: Option<PersonAccountOut>,
    /// What the person contributed to consultations and can be reached for.
    pub contributions: Vec<PersonContributionOut>,
}

/// What somebody contributed to a consultation, with how they can be reached.
#[derive(Serialize, ToSchema)]
pub struct PersonContributionOut {
    /// Identifier.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Id of the consultation.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub consultation_id: String,
    /// When it was sent.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// The name; null where the person did not say it.
    #[schema(example = "Amina Alami")]
    pub name: Option<String>,
    /// What the person sent.
    #[schema(example = "Publier le budget avec des images simples.")]
    pub text: String,
    /// Whether everybody sees it, without name and address.
    pub moderation: Moderation,
}

/// A person's account, and all that was made for it or by it. Passwords and tokens are stored as hashes, which are not
/// shown.
#[derive(Serialize, ToSchema)]
pub struct PersonAccountOut {
    /// Identifier.
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
    /// What it may do.
    #[schema(example = "focal_point")]
    pub role: String,
    /// Slug of the member that it speaks for.
    #[schema(example = "commune-larache")]
    pub member: Option<String>,
    /// The organisation that it belongs to.
    #[schema(example = "Averroès")]
    pub organisation: Option<String>,
    /// Slugs of the members that it has been assigned.
    #[schema(example = json!([]))]
    pub assigned_members: Vec<String>,
    /// Since when it may not sign in.
    #[serde(serialize_with = "moment")]
    pub disabled_at: Option<DateTime<Utc>>,
    /// Until when a one-time secret for a new password is good; null where none was handed out.
    #[serde(serialize_with = "moment")]
    pub password_offered_until: Option<DateTime<Utc>>,
    /// Where it was signed in, as far as that is still kept.
    pub sessions: Vec<PersonSessionOut>,
    /// The reports of its imports that are still kept.
    pub imports: Vec<PersonImportOut>,
    /// What it did, from the audit.
    pub deeds: Vec<PersonDeedsOut>,
    /// From where it signed in or somebody tried to, was granted a token or was refused something, as far as that is still
    /// kept: the last 1,000 addresses.
    #[schema(max_items = 1_000)]
    pub addresses: Vec<PersonAddressOut>,
    /// How many answers to its requests are kept, for a day, to be given again.
    #[schema(example = 0, minimum = 0)]
    pub kept_answers: i64,
}

/// Where somebody was signed in.
#[derive(Serialize, ToSchema)]
pub struct PersonSessionOut {
    /// Identifier.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// When it began.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    #[serde(serialize_with = "rfc3339")]
    pub used_at: DateTime<Utc>,
    /// When it ends by itself.
    #[serde(serialize_with = "rfc3339")]
    pub expires_at: DateTime<Utc>,
    /// When it ended; null as long as it goes on.
    #[serde(serialize_with = "moment")]
    pub ended_at: Option<DateTime<Utc>>,
    /// What the person's program called itself.
    #[schema(example = "Mozilla/5.0")]
    pub user_agent: Option<String>,
}

/// A report of an import that somebody made.
#[derive(Serialize, ToSchema)]
pub struct PersonImportOut {
    /// Identifier.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// Of which collection.
    #[schema(value_type = Collection, example = "members")]
    pub resource: String,
    /// What came of it.
    #[schema(example = "applied")]
    pub outcome: String,
}

/// Something that somebody did, once or more often.
#[derive(Serialize, ToSchema)]
pub struct PersonDeedsOut {
    /// The collection.
    #[schema(value_type = Collection, example = "members")]
    pub resource: String,
    /// What was done.
    #[schema(value_type = Action, example = "updated")]
    pub action: String,
    /// How many entries of the audit say so. An entry may count several events: see `GET /audit`.
    #[schema(example = 2, minimum = 1)]
    pub count: i64,
    /// When the first entry was first written.
    #[serde(serialize_with = "rfc3339")]
    pub first_at: DateTime<Utc>,
    /// When the last entry was first written.
    #[serde(serialize_with = "rfc3339")]
    pub last_at: DateTime<Utc>,
}

/// An address from which an account was used.
#[derive(Serialize, ToSchema)]
pub struct PersonAddressOut {
    /// The address.
    #[schema(example = "203.0.113.9")]
    pub address: String,
    /// How many entries of the audit have it. An entry may count several events: see `GET /audit`.
    #[schema(example = 2, minimum = 1)]
    pub count: i64,
    /// When the first entry was first written.
    #[serde(serialize_with = "rfc3339")]
    pub first_at: DateTime<Utc>,
    /// When the last entry was first written.
    #[serde(serialize_with = "rfc3339")]
    pub last_at: DateTime<Utc>,
}

/// How much was erased.
#[derive(Serialize, ToSchema)]
pub struct ErasureOut {
    /// Focal points.
    #[schema(example = 1, minimum = 0)]
    pub focal_points: usize,
    /// Accounts.
    #[schema(example = 1, minimum = 0)]
    pub accounts: usize,
    /// Sessions.
    #[schema(example = 2, minimum = 0)]
    pub sessions: usize,
    /// Reports of imports.
    #[schema(example = 0, minimum = 0)]
    pub import_reports: usize,
    /// Answers that were kept to be given again.
    #[schema(example = 0, minimum = 0)]
    pub kept_answers: usize,
    /// Contacts of contributions; what was contributed stays.
    #[schema(example = 0, minimum = 0)]
    pub contribution_contacts: usize,
    /// Addresses from which the account was used; the entries of the audit stay.
    #[schema(example = 3, minimum = 0)]
    pub addresses: usize,
}

#[expect(clippy::ref_option, reason = "serde hands a reference over")]
fn moment<S: Serializer>(moment: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => rfc3339(moment, serializer),
        None => serializer.serialize_none(),
    }
}

impl From<Held> for PersonOut {
    fn from(held: Held) -> Self {
        Self {
            email: held.email,
            focal_points: held.focal_points.into_iter().map(FocalPointOut::from).collect(),
            account: held.account.map(PersonAccountOut::from),
            contributions: held.contributions.into_iter().map(PersonContributionOut::from).collect(),
        }
    }
}

impl From<Contribution> for PersonContributionOut {
    fn from(held: Contribution) -> Self {
        let Contribution { id, consultation_id, created_at, content, standing, .. } = held;
        let (name, moderation) = (content.contact.name, standing.moderation);
        Self {
            id: id.into_string(),
            consultation_id: consultation_id.into_string(),
            created_at,
            name,
            text: content.text,
            moderation,
        }
    }
}

impl From<HeldAccount> for PersonAccountOut {
    fn from(held: HeldAccount) -> Self {
        Self {
            id: held.id.into_string(),
            version: held.version,
            created_at: held.created_at,
            updated_at: held.updated_at,
            role: held.role,
            member: held.member,
            organisation: held.organisation,
            assigned_members: held.assigned_members,
            disabled_at: held.disabled_at,
            password_offered_until: held.password_offered_until,
            sessions: held.sessions.into_iter().map(PersonSessionOut::from).collect(),
            imports: held.imports.into_iter().map(PersonImportOut::from).collect(),
            deeds: held.deeds.into_iter().map(PersonDeedsOut::from).collect(),
            addresses: held.addresses.into_iter().map(PersonAddressOut::from).collect(),
            kept_answers: held.kept_answers,
        }
    }
}

impl From<HeldSession> for PersonSessionOut {
    fn from(held: HeldSession) -> Self {
        let HeldSession { id, created_at, used_at, expires_at, ended_at, user_agent } = held;
        Self { id, created_at, used_at, expires_at, ended_at, user_agent }
    }
}

impl From<HeldImport> for PersonImportOut {
    fn from(held: HeldImport) -> Self {
        let HeldImport { id, created_at, resource, outcome } = held;
        Self { id, created_at, resource, outcome }
    }
}

impl From<HeldDeeds> for PersonDeedsOut {
    fn from(held: HeldDeeds) -> Self {
        let HeldDeeds { resource, action, count, first_at, last_at } = held;
        Self { resource, action, count, first_at, last_at }
    }
}

impl From<HeldAddress> for PersonAddressOut {
    fn from(held: HeldAddress) -> Self {
        let HeldAddress { address, count, first_at, last_at } = held;
        Self { address, count, first_at, last_at }
    }
}

impl From<Receipt> for ErasureOut {
    fn from(receipt: Receipt) -> Self {
        let Receipt {
            focal_points,
            accounts,
            sessions,
            import_reports,
            kept_answers,
            contribution_contacts,
            addresses,
        } = receipt;
        Self { focal_points, accounts, sessions, import_reports, kept_answers, contribution_contacts, addresses }
    }
}
