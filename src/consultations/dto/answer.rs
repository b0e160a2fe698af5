//! What the public sends and is told, and what the member makes of it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::{
    super::rules::{Answer, Contact, Content, Contribution, Decision, Moderation, Receipt, Verdict},
    contribution::ContributionDecisionOut,
};
use crate::{
    action_programs::{MilestoneOut, ProjectOut, named_axis},
    kernel::{
        clock::rfc3339,
        date::Date,
        id::{Identifier, Reference},
        language::{Language, LanguageMap},
        text,
        violation::{Violations, email_address, long_line, short_line},
    },
};

/// The longest contribution, in characters.
const TEXT_CHARS: usize = 4_000;
/// The longest reason of a decision, likewise.
const REASON_CHARS: usize = 2_000;

/// What somebody sends to an open online round.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ContributionIn {
    /// The axis of the programme that it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), format = "uuid")]
    pub axis_id: Option<Reference<Identifier>>,
    /// In your own words, of at most 4,000 characters; it may have several lines.
    #[validate(custom(function = "several_lines"))]
    #[schema(example = "Publier le budget avec des images simples.", max_length = 4000)]
    pub text: String,
    /// The language that it is written in.
    pub language: Language,
    /// How you can be reached, if you want to be. Only who answers you sees it, and you can erase it at any time.
    #[serde(default)]
    #[validate(nested)]
    pub contact: Option<ContactIn>,
}

/// How who contributes can be reached.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ContactIn {
    /// The name.
    #[serde(default)]
    #[validate(custom(function = "short_line"))]
    #[schema(example = "Amina Alami", max_length = 200)]
    pub name: Option<String>,
    /// The e-mail address, kept in lower case.
    #[serde(default)]
    #[validate(custom(function = "email_address"))]
    #[schema(example = "amina@example.org", max_length = 254, format = "email")]
    pub email: Option<String>,
}

fn several_lines(text: &str) -> Result<(), ValidationError> {
    let refuse = |why: text::TextError| ValidationError::new("invalid_value").with_message(why.to_string().into());
    text::parse_text(text, TEXT_CHARS).map(drop).map_err(refuse)
}

impl ContributionIn {
    /// What was sent, with what is wrong with it so far; `axes` are the ids of the programme's axes.
    #[must_use]
    pub fn read(self, axes: &[Identifier]) -> (Violations, Content) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let axis_id = named_axis(&mut violations, self.axis_id.as_ref(), axes);
        let contact = self.contact.map(|contact| Contact {
            name: contact.name.as_deref().map(text::normal),
            // It was read just now.
            email: contact.email.and_then(|email| text::parse_email(&email).ok()),
        });
        let content = Content {
            axis_id,
            text: text::parse_text(&self.text, TEXT_CHARS).unwrap_or_default(),
            language: self.language,
            contact: contact.unwrap_or_default(),
        };
        (violations, content)
    }
}

/// What whoever contributed gets: the receipt is told here only, and stored nowhere.
#[derive(Serialize, ToSchema)]
pub struct ContributionReceiptOut {
    /// By which you, and nobody else, can see what becomes of it.
    #[schema(example = "REMACTO-illustrative-receipt-0000000000000A", pattern = "^[A-Za-z0-9_-]{43}$")]
    pub receipt: String,
    /// Id of the consultation.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub consultation_id: String,
    /// When it arrived.
    #[serde(serialize_with = "rfc3339")]
    pub submitted_at: DateTime<Utc>,
    /// Where to go from here.
    pub links: ContributionReceiptLinksOut,
}

/// Links of a receipt.
#[derive(Serialize, ToSchema)]
pub struct ContributionReceiptLinksOut {
    /// What becomes of it. The address is as secret as the receipt in it.
    #[schema(example = "/api/v1/contributions/REMACTO-illustrative-receipt-0000000000000A")]
    #[serde(rename = "self")]
    pub this: String,
    /// The consultation.
    #[schema(example = "/api/v1/consultations/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    pub consultation: String,
}

/// What became of a contribution, for who sent it.
#[derive(Serialize, ToSchema)]
pub struct ContributionStatusOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it arrived.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Slug of the programme.
    #[schema(example = "commune-larache-cycle-1")]
    pub program: String,
    /// Slug of the member.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// The axis of the programme that it belongs to; null where you named none.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub axis_id: Option<String>,
    /// What you sent.
    #[schema(example = "Publier le budget avec des images simples.")]
    pub text: String,
    /// The language that it is written in.
    pub language: Language,
    /// Whether everybody sees it.
    pub moderation: Moderation,
    /// When that was decided; null as long as nobody has looked at it.
    #[schema(example = "2026-03-20T09:00:00.000000Z")]
    pub moderated_at: Option<DateTime<Utc>>,
    /// Why it is withheld; null where it is not.
    #[schema(example = json!(null))]
    pub withheld_because: Option<String>,
    /// How it was decided on; null as long as it was not.
    pub decision: Option<ContributionDecisionOut>,
    /// The project that it became, as it stands today; null where it became none, or none that is published.
    pub project: Option<ProjectOut>,
    /// The project's milestones, in their order; null without a project.
    pub milestones: Option<Vec<MilestoneOut>>,
    /// Whether it is still stored how you can be reached.
    pub has_contact: bool,
    /// Where to go from here.
    pub links: ContributionReceiptLinksOut,
}

impl ContributionReceiptLinksOut {
    fn of(receipt: &Receipt, consultation_id: &str) -> Self {
        Self { this: address(receipt), consultation: format!("/api/v1/consultations/{consultation_id}") }
    }
}

/// Where who sent a contribution finds it.
fn address(receipt: &Receipt) -> String {
    format!("/api/v1/contributions/{}", receipt.text())
}

impl ContributionReceiptOut {
    /// The receipt of a contribution.
    #[must_use]
    pub fn of(found: Contribution, receipt: &Receipt) -> Self {
        Self {
            receipt: receipt.text(),
            submitted_at: found.created_at,
            links: ContributionReceiptLinksOut::of(receipt, &found.consultation_id),
            consultation_id: found.consultation_id.into_string(),
        }
    }
}

impl ContributionStatusOut {
    /// What became of a contribution, with the project that it became.
    #[must_use]
    pub fn of(found: Contribution, receipt: &Receipt, became: Option<(ProjectOut, Vec<MilestoneOut>)>) -> Self {
        let (project, milestones) = became.unzip();
        let (content, standing) = (found.content, found.standing);
        Self {
            id: found.id.into_string(),
            version: found.version,
            created_at: found.created_at,
            updated_at: found.updated_at,
            program: found.program.into_string(),
            member: found.owner.slug.into_string(),
            axis_id: content.axis_id.map(Identifier::into_string),
            text: content.text,
            language: content.language,
            moderation: standing.moderation,
            moderated_at: standing.moderated_at,
            withheld_because: standing.withheld_because,
            decision: standing.answer.map(ContributionDecisionOut::from),
            project,
            milestones,
            has_contact: content.contact.is_known(),
            links: ContributionReceiptLinksOut::of(receipt, &found.consultation_id),
        }
    }
}

/// Where a contribution can be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModeratedTo {
    /// Everybody sees it.
    Published,
    /// Only who sent it, the member and the secretariat see it.
    Withheld,
}

/// Whether everybody shall see a contribution.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ContributionModerationIn {
    /// Who sees it from now on.
    pub to: ModeratedTo,
    /// Why it is withheld, which must be said then, and to who sent it is. Nothing where it is published.
    #[serde(default)]
    #[validate(custom(function = "long_line"))]
    #[schema(example = json!(null), max_length = 500)]
    pub reason: Option<String>,
}

impl ContributionModerationIn {
    /// What is said.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(self) -> Result<Verdict, Violations> {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let reason = self.reason.as_deref().map(text::normal);
        let verdict = match (self.to, reason) {
            (ModeratedTo::Published, None) => Verdict::Publish,
            (ModeratedTo::Withheld, Some(reason)) => Verdict::Withhold(reason),
            (ModeratedTo::Published, Some(_)) => {
                violations.add("/reason", "not_wanted", "What is published needs no reason.");
                Verdict::Publish
            }
            (ModeratedTo::Withheld, None) => {
                violations.add(
                    "/reason",
                    "reason_missing",
                    "Who withholds a contribution says why: reason is missing.",
                );
                Verdict::Publish
            }
        };
        violations.done().map(|()| verdict)
    }
}

/// A reasoned decision on a contribution. It takes the place of the former one, which the audit keeps.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContributionDecisionIn {
    /// How.
    pub decision: Decision,
    /// Why, in at least one language, each of at most 2,000 characters.
    pub reason: LanguageMap,
    /// The project of the same programme that it became. What is merged needs one, what is accepted may get one later, what
    /// is rejected has none.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), format = "uuid")]
    pub project_id: Option<Reference<Identifier>>,
    /// When; today unless said otherwise.
    #[serde(default)]
    #[schema(example = "2026-05-02")]
    pub decided_on: Option<Date>,
}

impl ContributionDecisionIn {
    /// The decision, with what is wrong with it so far.
    #[must_use]
    pub fn read(self, today: NaiveDate) -> (Violations, Answer) {
        let mut violations = Violations::default();
        let reason = self.reason.checked(&mut violations, "/reason", REASON_CHARS);
        let decided_on = self.decided_on.map_or(today, Date::day);
        let project_id = self.project_id.as_ref().and_then(Reference::named).cloned();
        (violations, Answer { decision: self.decision, decided_on, reason, project_id })
    }
}
