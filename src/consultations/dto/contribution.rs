//! Contributions as the API shows them, to everybody and to who moderates.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::rules::{
    Answer, Contact, Contribution, ContributionFilters, ContributionSortKey, Decision, DecisionFilter, Moderation,
};
use crate::{
    kernel::{
        clock::rfc3339,
        codes::{Flag, codes},
        id::Identifier,
        language::{Language, LanguageMap},
        paging::{Direction, Order},
    },
    web::{
        listing::list_query,
        page::PageOut,
        params::{Instant, Lang, One, Several, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

/// Which contributions who moderates asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModerationFilter {
    /// Those that nobody has looked at yet.
    Pending,
    /// Those that everybody sees.
    Published,
    /// Those that are withheld.
    Withheld,
    /// All of them.
    All,
}

codes!(ModerationFilter { Pending => "pending", Published => "published", Withheld => "withheld", All => "all" });

list_query! {
    /// The parameters of the list of a consultation's contributions.
    pub struct ContributionQuery of ContributionOut {
        /// `pending`, `published`, `withheld` or `all`, for who moderates; without it, those that everybody sees.
        pub moderation: One<ModerationFilter>,
        /// Only contributions to the axes with these ids; several by comma.
        pub axis: Several<Identifier>,
        /// Only those that were decided on so; `none` for those without a decision; several by comma.
        #[example = "none,accepted"]
        pub decision: Several<DecisionFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), the oldest first, or `-created_at`.
        #[example = "created_at"]
        pub sort: Order<ContributionSortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl ContributionQuery {
    /// Which contributions of a consultation the query asks for.
    #[must_use]
    pub fn filters(&self, consultation_id: Identifier) -> ContributionFilters {
        let moderations = match self.moderation.map(|moderation| moderation.0) {
            None | Some(ModerationFilter::Published) => vec![Moderation::Published],
            Some(ModerationFilter::Pending) => vec![Moderation::Pending],
            Some(ModerationFilter::Withheld) => vec![Moderation::Withheld],
            Some(ModerationFilter::All) => Vec::new(),
        };
        ContributionFilters {
            consultation_id,
            moderations,
            axes: Several::values(self.axis.clone()),
            decisions: Several::values(self.decision.clone()),
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(Order { key: ContributionSortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

query! {
    /// The parameters of a single contribution.
    pub struct ContributionViewQuery {
        /// `true` brings along what only who moderates sees, also how the sender can be reached; with a token that may.
        pub contact: One<Flag>,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// What somebody contributed to a consultation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContributionOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was sent.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Id of the consultation.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub consultation_id: String,
    /// Slug of the programme.
    #[schema(example = "commune-larache-cycle-1")]
    pub program: String,
    /// Slug of the member.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// The axis of the programme that it belongs to; null where the sender named none.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub axis_id: Option<String>,
    /// What was sent, in the sender's own words; it may have several lines.
    #[schema(example = "Publier le budget avec des images simples.")]
    pub text: String,
    /// The language that it is written in.
    pub language: Language,
    /// Whether everybody sees it.
    pub moderation: Moderation,
    /// When that was decided; null as long as nobody has looked at it.
    #[schema(example = "2026-03-20T09:00:00.000000Z")]
    pub moderated_at: Option<DateTime<Utc>>,
    /// How it was decided on; null as long as it was not.
    pub decision: Option<ContributionDecisionOut>,
    /// What only who moderates sees; null for everybody else.
    pub for_moderators: Option<ForModeratorsOut>,
    /// Where to go from here.
    pub links: ContributionLinksOut,
}

/// A reasoned decision on a contribution.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContributionDecisionOut {
    /// How.
    pub decision: Decision,
    /// When.
    #[schema(example = "2026-05-02")]
    pub decided_on: NaiveDate,
    /// Why.
    pub reason: LanguageMap,
    /// The project that it became; null where it became none, or none yet.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub project_id: Option<String>,
}

/// What only who moderates sees of a contribution.
#[derive(Debug, Serialize, ToSchema)]
pub struct ForModeratorsOut {
    /// Whether the sender can be reached.
    pub has_contact: bool,
    /// Why it is withheld; null where it is not.
    #[schema(example = json!(null))]
    pub withheld_because: Option<String>,
}

/// How the sender of a contribution can be reached. Personal.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContributionContactOut {
    /// The name; null where the sender did not say it.
    #[schema(example = "Amina Alami")]
    pub name: Option<String>,
    /// The e-mail address; null where the sender did not say it.
    #[schema(example = "amina@example.org", format = "email")]
    pub email: Option<String>,
}

/// Links of a contribution.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContributionLinksOut {
    /// This contribution.
    #[schema(
        example = "/api/v1/consultations/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f/contributions/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"
    )]
    #[serde(rename = "self")]
    pub this: String,
    /// Its consultation.
    #[schema(example = "/api/v1/consultations/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    pub consultation: String,
    /// The project that it became; null where it became none.
    #[schema(example = "/api/v1/projects/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    pub project: Option<String>,
}

/// A page of a consultation's contributions.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContributionPageOut {
    /// The contributions, in the order that was asked for.
    pub data: Vec<ContributionOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
}

/// A contribution, with how its sender can be reached for who moderates.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContributionDetailOut {
    /// The contribution.
    #[serde(flatten)]
    pub contribution: ContributionOut,
    /// How the sender can be reached; null without `contact=true`, and where the sender did not say it.
    pub contact: Option<ContributionContactOut>,
}

/// What stands beside a contribution.
#[derive(Debug, Serialize)]
pub struct ContributionBeside {
    /// [`ContributionDetailOut::contact`].
    pub contact: Option<ContributionContactOut>,
}

impl Tabular for ContributionOut {
    const COLUMNS: &'static [Column] = &[
        ("id", "/id"),
        ("consultation_id", "/consultation_id"),
        ("program", "/program"),
        ("member", "/member"),
        ("axis_id", "/axis_id"),
        ("text", "/text"),
        ("language", "/language"),
        ("moderation", "/moderation"),
        ("moderated_at", "/moderated_at"),
        ("decision", "/decision/decision"),
        ("decided_on", "/decision/decided_on"),
        ("reason_fr", "/decision/reason/fr"),
        ("reason_ar", "/decision/reason/ar"),
        ("reason_en", "/decision/reason/en"),
        ("project_id", "/decision/project_id"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

impl ContributionOut {
    /// A contribution as everybody sees it, or as who moderates does.
    #[must_use]
    pub fn of(found: Contribution, moderates: bool) -> Self {
        let (content, standing) = (found.content.clone(), found.standing.clone());
        let for_moderators =
            ForModeratorsOut { has_contact: content.contact.is_known(), withheld_because: standing.withheld_because };
        let project = standing.answer.as_ref().and_then(|answer| answer.project_id.as_ref());
        let links = ContributionLinksOut {
            this: found.address(),
            consultation: format!("/api/v1/consultations/{}", found.consultation_id),
            project: project.map(|id| format!("/api/v1/projects/{id}")),
        };
        Self {
            id: found.id.into_string(),
            version: found.version,
            created_at: found.created_at,
            updated_at: found.updated_at,
            consultation_id: found.consultation_id.into_string(),
            program: found.program.into_string(),
            member: found.owner.slug.into_string(),
            axis_id: content.axis_id.map(Identifier::into_string),
            text: content.text,
            language: content.language,
            moderation: standing.moderation,
            moderated_at: standing.moderated_at,
            decision: standing.answer.map(ContributionDecisionOut::from),
            for_moderators: Some(for_moderators).filter(|_| moderates),
            links,
        }
    }
}

impl ContributionDetailOut {
    /// A contribution as everybody sees it, or as who moderates does, with the contact where it is wanted.
    #[must_use]
    pub fn of(found: Contribution, moderates: bool, with_contact: bool) -> Self {
        let contact = found.content.contact.clone();
        let contact = Some(contact).filter(|contact| moderates && with_contact && contact.is_known());
        Self { contribution: ContributionOut::of(found, moderates), contact: contact.map(ContributionContactOut::from) }
    }
}

impl From<Answer> for ContributionDecisionOut {
    fn from(answer: Answer) -> Self {
        let Answer { decision, decided_on, reason, project_id } = answer;
        Self { decision, decided_on, reason, project_id: project_id.map(Identifier::into_string) }
    }
}

impl From<Contact> for ContributionContactOut {
    fn from(contact: Contact) -> Self {
        let Contact { name, email } = contact;
        Self { name, email }
    }
}
