//! Measurements as the API shows them: to everybody what was approved, to who reports and reviews the report, too.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::rules::{
    Address, Approved, Content, Disaggregation, Measurement, MeasurementFilters, MeasurementSortKey, Period, Readable,
    Report, Revision, State,
};
use super::{optional_parts, parts};
use crate::{
    kernel::{
        clock::rfc3339,
        codes::Flag,
        decimal::Decimal,
        evidence::EvidenceLink,
        language::LanguageMap,
        paging::{Direction, Order},
    },
    members::MemberAddress,
    web::{
        listing::list_query,
        page::PageOut,
        params::{Instant, Lang, One, Several, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the list of measurements.
    pub struct MeasurementQuery of MeasurementOut {
        /// Only measurements of the indicators with these slugs or ids; several by comma.
        #[example = "commune-larache-openness-norms-services-fully-online"]
        pub indicator: Several<Address>,
        /// Only measurements of the members with these slugs or ids; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only measurements for these periods; several by comma.
        #[example = "2025-H1,2025-H2"]
        pub period: Several<Period>,
        /// Only reports that have come so far, with the reports; with a token that may see them. Several by comma.
        pub state: Several<State>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), or `-created_at`.
        #[example = "-created_at"]
        pub sort: Order<MeasurementSortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl MeasurementQuery {
    /// Which measurements the query asks for; `readable` is whose reports the caller sees.
    #[must_use]
    pub fn filters(&self, readable: Readable) -> MeasurementFilters {
        MeasurementFilters {
            indicators: Several::values(self.indicator.clone()),
            members: Several::values(self.member.clone()),
            periods: Several::texts(&self.period),
            states: Several::values(self.state.clone()),
            readable,
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(Order { key: MeasurementSortKey::CreatedAt, direction: Direction::Ascending }),
        }
    }
}

query! {
    /// The parameters of a single measurement.
    pub struct MeasurementViewQuery {
        /// `true` shows the report, too, which may not be approved yet; with a token that may see it.
        #[example = "false"]
        pub report: One<Flag>,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// The value of an indicator for a period, as it was approved. What is not approved is null, and shown under `report` to who
/// may see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasurementOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of what everybody sees, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was first stored here.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When what everybody sees last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Slug of the indicator.
    #[schema(example = "commune-larache-openness-norms-services-fully-online")]
    pub indicator: String,
    /// Slug of the member; null for the network's own.
    #[schema(example = "commune-larache")]
    pub member: Option<String>,
    /// The period.
    pub period: Period,
    /// Its first day.
    #[schema(example = "2025-01-01")]
    pub from: NaiveDate,
    /// Its last day.
    #[schema(example = "2025-03-31")]
    pub until: NaiveDate,
    /// The last day on which it was reported in time.
    #[schema(example = "2025-05-15")]
    pub due_on: NaiveDate,
    /// Whether it was first submitted by then; null as long as it was not submitted.
    pub reported_in_time: Option<bool>,
    /// The version of the definition that it was measured by; null before it is approved, as all of the following.
    pub definition_version: Option<i64>,
    /// The value.
    pub value: Option<Decimal>,
    /// The numerator of a ratio.
    pub numerator: Option<Decimal>,
    /// The denominator of a ratio.
    pub denominator: Option<Decimal>,
    /// How the value is made up: dimension, category, value.
    #[schema(schema_with = optional_parts)]
    pub disaggregation: Option<Disaggregation>,
    /// What is to be said of it.
    pub note: Option<LanguageMap>,
    /// What it rests on.
    pub evidence: Option<Vec<EvidenceLink>>,
    /// Since when this value is what everybody sees.
    #[schema(example = "2025-05-20T09:30:00Z")]
    #[serde(serialize_with = "crate::kernel::clock::optional_rfc3339")]
    pub approved_at: Option<DateTime<Utc>>,
    /// How often it has been corrected since it was first approved.
    #[schema(example = 0, minimum = 0)]
    pub revision: i64,
    /// The report, for who reports and reviews; null for everybody else, and where it was not asked for.
    pub report: Option<MeasurementReportOut>,
    /// Where to go from here.
    pub links: MeasurementLinksOut,
}

/// A report: what is to be seen by everybody once somebody else has approved it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasurementReportOut {
    /// Counts the changes of the report and its reviews, from 1: who changes or reviews it names it in `If-Match`.
    #[schema(example = 3, minimum = 1)]
    pub version: i64,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// How far it has come.
    pub state: State,
    /// The version of the definition that it was measured by.
    #[schema(example = 1, minimum = 1)]
    pub definition_version: i64,
    /// The value.
    pub value: Decimal,
    /// The numerator of a ratio.
    pub numerator: Option<Decimal>,
    /// The denominator of a ratio.
    pub denominator: Option<Decimal>,
    /// How the value is made up.
    #[schema(schema_with = parts)]
    pub disaggregation: Disaggregation,
    /// What is to be said of it.
    pub note: Option<LanguageMap>,
    /// What it rests on.
    pub evidence: Vec<EvidenceLink>,
    /// Why what was approved is corrected.
    #[schema(example = json!(null))]
    pub reason: Option<String>,
    /// The role in which it was reported.
    #[schema(example = "focal_point")]
    pub reported_role: Option<String>,
    /// When it was submitted.
    #[schema(example = "2025-05-10T09:30:00Z")]
    #[serde(serialize_with = "crate::kernel::clock::optional_rfc3339")]
    pub submitted_at: Option<DateTime<Utc>>,
    /// When it was last reviewed.
    #[schema(example = json!(null))]
    #[serde(serialize_with = "crate::kernel::clock::optional_rfc3339")]
    pub reviewed_at: Option<DateTime<Utc>>,
    /// In which role.
    #[schema(example = json!(null))]
    pub reviewed_role: Option<String>,
    /// What who reviewed it wants changed.
    #[schema(example = json!(null))]
    pub review_note: Option<String>,
}

/// Links of a measurement.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasurementLinksOut {
    /// This measurement.
    #[schema(example = "/api/v1/measurements/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    #[serde(rename = "self")]
    pub this: String,
    /// What was approved before.
    #[schema(example = "/api/v1/measurements/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f/revisions")]
    pub revisions: String,
    /// Its indicator.
    #[schema(example = "/api/v1/indicators/commune-larache-openness-norms-services-fully-online")]
    pub indicator: String,
    /// The member; null for the network's own.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: Option<String>,
}

impl MeasurementOut {
    /// A measurement, with its report for who may see it.
    #[must_use]
    pub fn of(found: Measurement, with_report: bool) -> Self {
        let report = with_report.then(|| MeasurementReportOut::of(&found));
        let this = found.address();
        let links = MeasurementLinksOut {
            revisions: format!("{this}/revisions"),
            indicator: format!("/api/v1/indicators/{}", found.indicator),
            member: found.member.as_ref().map(|member| format!("/api/v1/members/{}", member.slug)),
            this,
        };
        let in_time = found.is_in_time();
        let approved_at = found.approved.as_ref().map(|approved| approved.at);
        let content = found.approved.map(|Approved { content, .. }| content);
        let (value, version) = (content.as_ref().map(|of| of.value), content.as_ref().map(|of| of.definition_version));
        let approved = content.map(|content| content.report);
        let (numerator, denominator) =
            (approved.as_ref().and_then(|of| of.numerator), approved.as_ref().and_then(|of| of.denominator));
        let note = approved.as_ref().and_then(|of| of.note.clone());
        let (disaggregation, evidence) = approved.map(|of| (of.disaggregation, of.evidence)).unzip();
        Self {
            id: found.id.into_string(),
            version: found.version,
            created_at: found.created_at,
            updated_at: found.updated_at,
            indicator: found.indicator.into_string(),
            member: found.member.map(|member| member.slug.into_string()),
            period: found.period,
            from: found.period.first_day(),
            until: found.period.last_day(),
            due_on: found.period.due_on(),
            reported_in_time: in_time,
            definition_version: version,
            value,
            numerator,
            denominator,
            disaggregation,
            note,
            evidence,
            approved_at,
            revision: found.revision,
            report,
            links,
        }
    }
}

impl MeasurementReportOut {
    fn of(found: &Measurement) -> Self {
        let Content { value, report, definition_version } = found.reported.clone();
        let Report { numerator, denominator, disaggregation, note, evidence } = report;
        Self {
            version: found.report_version,
            updated_at: found.report_changed_at,
            state: found.state,
            definition_version,
            value,
            numerator,
            denominator,
            disaggregation,
            note,
            evidence,
            reason: found.reason.clone(),
            reported_role: found.reported_role.clone(),
            submitted_at: found.submitted_at,
            reviewed_at: found.review.at,
            reviewed_role: found.review.role.clone(),
            review_note: found.review.note.clone(),
        }
    }
}

/// A page of measurements.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasurementPageOut {
    /// The measurements, in the order in which they were first stored.
    pub data: Vec<MeasurementOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1_679)]
    pub sequence: i64,
}

impl Tabular for MeasurementOut {
    const COLUMNS: &'static [Column] = &[
        ("indicator", "/indicator"),
        ("member", "/member"),
        ("period", "/period"),
        ("from", "/from"),
        ("until", "/until"),
        ("due_on", "/due_on"),
        ("reported_in_time", "/reported_in_time"),
        ("definition_version", "/definition_version"),
        ("value", "/value"),
        ("numerator", "/numerator"),
        ("denominator", "/denominator"),
        ("disaggregation", "/disaggregation"),
        ("note_fr", "/note/fr"),
        ("note_ar", "/note/ar"),
        ("note_en", "/note/en"),
        ("evidence", "/evidence"),
        ("approved_at", "/approved_at"),
        ("revision", "/revision"),
        ("id", "/id"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

/// What was approved and has been corrected since.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisionOut {
    /// The number, from 1: the oldest.
    #[schema(example = 1, minimum = 1)]
    pub number: i64,
    /// The version of the definition that it was measured by.
    #[schema(example = 1, minimum = 1)]
    pub definition_version: i64,
    /// The former value.
    pub value: Decimal,
    /// The numerator of a ratio.
    pub numerator: Option<Decimal>,
    /// The denominator of a ratio.
    pub denominator: Option<Decimal>,
    /// How the value was made up.
    #[schema(schema_with = parts)]
    pub disaggregation: Disaggregation,
    /// What was said of it.
    pub note: Option<LanguageMap>,
    /// What it rested on.
    pub evidence: Vec<EvidenceLink>,
    /// Since when it was what everybody saw.
    #[serde(serialize_with = "rfc3339")]
    pub approved_at: DateTime<Utc>,
    /// Until when.
    #[serde(serialize_with = "rfc3339")]
    pub replaced_at: DateTime<Utc>,
    /// The role in which it was corrected.
    #[schema(example = "focal_point")]
    pub role: Option<String>,
    /// Why.
    #[schema(example = "Two services were counted twice")]
    pub reason: String,
}

impl From<Revision> for RevisionOut {
    fn from(Revision { number, former, replaced_at, role, reason }: Revision) -> Self {
        let Content { value, report, definition_version } = former.content;
        let Report { numerator, denominator, disaggregation, note, evidence } = report;
        Self {
            number,
            definition_version,
            value,
            numerator,
            denominator,
            disaggregation,
            note,
            evidence,
            approved_at: former.at,
            replaced_at,
            role,
            reason,
        }
    }
}

/// What of a measurement was approved before.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevisionPageOut {
    /// The revisions, the oldest first; what is approved now is the measurement.
    pub data: Vec<RevisionOut>,
    /// Where this page stands: it is all of them.
    pub page: PageOut,
}
