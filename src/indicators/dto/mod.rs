//! Indicators as the API shows them.

mod input;
mod measurement;
mod measurement_input;
mod patch;
mod period;
mod series;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::{
    PartialSchema as _, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, SchemaType, Type},
    },
};

pub use self::{
    input::IndicatorIn,
    measurement::{
        MeasurementOut, MeasurementPageOut, MeasurementQuery, MeasurementViewQuery, RevisionOut, RevisionPageOut,
    },
    measurement_input::{MeasurementIn, MeasurementPatch, MeasurementReviewIn},
    patch::IndicatorPatch,
    period::{ReportingPeriodOut, ReportingPeriodPageOut, ReportingPeriodPatch, ReportingPeriodQuery},
    series::{ChartQuery, SeriesOut, SeriesPointOut, SeriesQuery},
};
use super::rules::{
    Basis, Dated, Definition, Dimension, Direction, Facts, Filters, Frequency, Indicator, Kind, MOST_DIMENSIONS,
    MOST_PARTS, Period, Scope, SortKey, Standing, Status,
};
use crate::{
    action_programs::{Drafts, ProgramAddress, Provenance, Publication, PublicationFilter},
    kernel::{
        clock::rfc3339,
        decimal::Decimal,
        fold::search_words,
        id::{Identifier, Slug},
        language::LanguageMap,
        paging::{Direction as Sense, Order},
    },
    members::MemberAddress,
    territories::Code,
    web::{
        listing::list_query,
        page::PageOut,
        params::{Instant, Lang, One, SearchText, Several, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

/// How a value is made up, in the document: dimension, category, value.
fn parts() -> RefOr<Schema> {
    made_up(&[Type::Object])
}

/// The same where there may be nothing.
fn optional_parts() -> RefOr<Schema> {
    made_up(&[Type::Object, Type::Null])
}

fn made_up(types: &[Type]) -> RefOr<Schema> {
    let categories = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(Decimal::schema()))
        .max_properties(Some(MOST_PARTS));
    ObjectBuilder::new()
        .schema_type(types.iter().cloned().collect::<SchemaType>())
        .description(Some("How the value is made up: dimension, category, value."))
        .additional_properties(Some(categories))
        .max_properties(Some(MOST_DIMENSIONS))
        .examples([serde_json::json!({"sex": {"women": 41, "men": 43}})])
        .into()
}

list_query! {
    /// The parameters of the list of indicators.
    pub struct IndicatorQuery of IndicatorOut {
        /// Only indicators of these: `network`, `programme`, `project`, `commitment`; several by comma.
        #[example = "commitment"]
        pub scope: Several<Scope>,
        /// Only indicators of the members with these slugs or ids; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only indicators of members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only indicators of the programmes with these slugs or ids, and of their projects; several by comma.
        pub program: Several<ProgramAddress>,
        /// Only indicators of the projects with these identifiers; several by comma.
        pub project: Several<Identifier>,
        /// Only indicators of these commitments of the charter; several by comma.
        #[example = "openness-norms"]
        pub commitment: Several<Slug>,
        /// Only indicators that are reported against these entries of the network's catalogue; several by comma.
        #[example = "services-fully-online"]
        pub catalogue: Several<Slug>,
        /// Only indicators whose title or definition has all these words or parts of words. Accents, letter case and the
        /// Arabic letters that are written for one another do not matter.
        #[example = "services"]
        pub q: SearchText,
        /// `all` for what is not published, too, `draft` for that only; with a token that may see it.
        pub publication: One<PublicationFilter>,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `created_at` (default), `title_fr` or `title_ar`; descending with a `-` in front.
        #[example = "title_fr"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

impl IndicatorQuery {
    /// Which indicators the query asks for; `drafts` are those that the caller sees.
    #[must_use]
    pub fn filters(&self, drafts: Drafts) -> Filters {
        Filters {
            scopes: Several::values(self.scope.clone()),
            members: Several::values(self.member.clone()),
            regions: Several::texts(&self.region),
            programs: Several::values(self.program.clone()),
            projects: Several::values(self.project.clone()),
            commitments: Several::texts(&self.commitment),
            catalogue: Several::texts(&self.catalogue),
            words: self.q.as_ref().map(|q| search_words(&q.0)),
            publication: self.publication.map(|publication| publication.0),
            drafts,
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(Order { key: SortKey::CreatedAt, direction: Sense::Ascending }),
        }
    }
}

query! {
    /// The parameters of a single indicator.
    pub struct IndicatorViewQuery {
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// An indicator: what is measured, how, where it began, where it is to come, and how far it has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1; measurements have their own.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was first stored here.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// Short name, by which it is addressed.
    #[schema(example = "commune-larache-openness-norms-services-fully-online")]
    pub slug: String,
    /// Its code among the indicators of what it is of.
    #[schema(example = "services-fully-online")]
    pub code: String,
    /// What it is of.
    pub scope: Scope,
    /// Slug of the member; null for the network's own.
    #[schema(example = "commune-larache")]
    pub member: Option<String>,
    /// Code of the region that the member lies in.
    #[schema(example = "01")]
    pub region_code: Option<String>,
    /// Slug of the programme, of what belongs to one.
    #[schema(example = json!(null))]
    pub program: Option<String>,
    /// Identifier of the project, of what belongs to one.
    #[schema(example = json!(null), format = "uuid")]
    pub project_id: Option<String>,
    /// Code of the charter's commitment, of what belongs to one.
    #[schema(example = "openness-norms")]
    pub commitment: Option<String>,
    /// Code of the entry of the network's catalogue that it is reported against, so that figures of members compare; null
    /// for a definition of its own.
    #[schema(example = "services-fully-online")]
    pub catalogue: Option<String>,
    /// What it is called.
    pub title: LanguageMap,
    /// What it measures.
    pub measures: LanguageMap,
    /// How it is computed.
    pub computation: LanguageMap,
    /// Code of the unit.
    #[schema(example = "percent")]
    pub unit: String,
    /// What kind of figure it has.
    pub kind: Kind,
    /// The levels of a scale in words, from 0; empty for other kinds.
    pub levels: Vec<LanguageMap>,
    /// In which direction it improves.
    pub direction: Direction,
    /// How often it is reported.
    pub frequency: Frequency,
    /// What its values may be split by.
    pub dimensions: Vec<Dimension>,
    /// Where its figures come from.
    pub source: Option<LanguageMap>,
    /// Who answers for them.
    pub responsible_unit: Option<LanguageMap>,
    /// The version of the definition, from 1. Another way to measure is another version, and breaks the series.
    #[schema(example = 1, minimum = 1)]
    pub definition_version: i64,
    /// Where it began; null where nothing says so.
    pub baseline: Option<IndicatorDatedOut>,
    /// Where it is to come, by date.
    pub targets: Vec<IndicatorDatedOut>,
    /// Who sees it.
    pub publication: Publication,
    /// Where the knowledge of it comes from: `illustrative` is invented for demonstration.
    pub provenance: Provenance,
    /// How it stands; null in the change feed and in exports, which hold stored facts only.
    pub computed: Option<IndicatorStandingOut>,
    /// Where to go from here.
    pub links: IndicatorLinksOut,
}

/// A value on a date.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct IndicatorDatedOut {
    /// The value.
    pub value: Decimal,
    /// The date.
    #[schema(example = "2025-12-31")]
    pub on: NaiveDate,
}

impl From<Dated> for IndicatorDatedOut {
    fn from(Dated { value, on }: Dated) -> Self {
        Self { value, on }
    }
}

/// How an indicator stands on a day, computed from approved values by one rule, which the list of indicators explains.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorStandingOut {
    /// The day.
    #[schema(example = "2026-11-25")]
    pub computed_on: NaiveDate,
    /// How it stands.
    pub status: Status,
    /// The approved value of the latest period that has one, by the definition of now.
    pub latest_value: Option<Decimal>,
    /// That period.
    pub latest_period: Option<Period>,
    /// The target that counts on the day.
    pub target: Option<IndicatorDatedOut>,
    /// Whether it is met; null without a value or a target.
    pub target_met: Option<bool>,
    /// Which part of the way from the baseline to the target has been made, as it is; null without a baseline.
    pub progress: Option<Decimal>,
    /// The same from 0 to 1; exactly 1 when the target is met.
    pub progress_clamped: Option<Decimal>,
    /// Which part was to be expected by the last day of the latest value's period, or by the day where that is earlier; from 0 to 1.
    pub progress_expected: Option<Decimal>,
    /// The period after the latest value's, where its approved value should be there by the rule and is not.
    pub missing_period: Option<Period>,
}

impl IndicatorStandingOut {
    /// How an indicator stands on a day.
    #[must_use]
    pub fn of(basis: Basis<'_>, day: NaiveDate) -> Self {
        let Standing { target, is_met, progress, expected, missing, status } = basis.standing(day);
        Self {
            computed_on: day,
            status,
            latest_value: basis.latest.map(|latest| latest.value),
            latest_period: basis.latest.map(|latest| latest.period),
            target: target.map(IndicatorDatedOut::from),
            target_met: is_met,
            progress: progress.map(|progress| progress.unbounded),
            progress_clamped: progress.map(|progress| progress.clamped),
            progress_expected: expected,
            missing_period: missing,
        }
    }
}

/// Links of an indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorLinksOut {
    /// This indicator.
    #[schema(example = "/api/v1/indicators/commune-larache-openness-norms-services-fully-online")]
    #[serde(rename = "self")]
    pub this: String,
    /// Its approved values, period by period.
    #[schema(example = "/api/v1/indicators/commune-larache-openness-norms-services-fully-online/series")]
    pub series: String,
    /// The same as a picture.
    #[schema(example = "/api/v1/indicators/commune-larache-openness-norms-services-fully-online/chart.svg")]
    pub chart: String,
    /// Its measurements.
    #[schema(example = "/api/v1/measurements?indicator=commune-larache-openness-norms-services-fully-online")]
    pub measurements: String,
    /// The member; null for the network's own.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: Option<String>,
    /// The programme, of what belongs to one.
    #[schema(example = json!(null))]
    pub program: Option<String>,
    /// The project, of what belongs to one.
    #[schema(example = json!(null))]
    pub project: Option<String>,
}

/// A page of indicators.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorPageOut {
    /// The indicators, in the order that was asked for.
    pub data: Vec<IndicatorOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1_679)]
    pub sequence: i64,
}

impl IndicatorOut {
    /// An indicator, as it stands on a day where that is asked for.
    #[must_use]
    pub fn of(found: Indicator, day: Option<NaiveDate>) -> Self {
        let computed = day.map(|day| IndicatorStandingOut::of(found.basis(), day));
        let this = found.address();
        let Indicator { place, facts, .. } = found;
        let Facts { definition, baseline, targets, provenance } = facts;
        let Definition { title, measures, computation, unit, kind, levels, direction, frequency, dimensions, .. } =
            definition;
        let links = IndicatorLinksOut {
            series: format!("{this}/series"),
            chart: format!("{this}/chart.svg"),
            measurements: format!("/api/v1/measurements?indicator={}", found.slug),
            member: place.member.as_ref().map(|member| format!("/api/v1/members/{}", member.slug)),
            program: place.program.as_ref().map(|(_, slug)| format!("/api/v1/action-programs/{slug}")),
            project: place.project.as_ref().map(|(id, _)| format!("/api/v1/projects/{id}")),
            this,
        };
        Self {
            id: found.id.into_string(),
            version: found.version,
            created_at: found.created_at,
            updated_at: found.updated_at,
            slug: found.slug.into_string(),
            code: found.code.into_string(),
            scope: place.scope,
            region_code: place.member.as_ref().map(|member| member.region_code.clone()),
            member: place.member.map(|member| member.slug.into_string()),
            program: place.program.map(|(_, slug)| slug.into_string()),
            project_id: place.project.map(|(id, _)| id.into_string()),
            commitment: place.commitment,
            catalogue: found.catalogue.map(Slug::into_string),
            title,
            measures,
            computation,
            unit,
            kind,
            levels,
            direction,
            frequency,
            dimensions,
            source: definition.source,
            responsible_unit: definition.responsible_unit,
            definition_version: found.definition_version,
            baseline: baseline.map(IndicatorDatedOut::from),
            targets: targets.into_iter().map(IndicatorDatedOut::from).collect(),
            publication: found.publication,
            provenance,
            computed,
            links,
        }
    }
}

impl Tabular for IndicatorOut {
    const COLUMNS: &'static [Column] = &[
        ("slug", "/slug"),
        ("code", "/code"),
        ("scope", "/scope"),
        ("member", "/member"),
        ("region_code", "/region_code"),
        ("program", "/program"),
        ("project_id", "/project_id"),
        ("commitment", "/commitment"),
        ("catalogue", "/catalogue"),
        ("title_fr", "/title/fr"),
        ("title_ar", "/title/ar"),
        ("title_en", "/title/en"),
        ("measures_fr", "/measures/fr"),
        ("measures_ar", "/measures/ar"),
        ("measures_en", "/measures/en"),
        ("computation_fr", "/computation/fr"),
        ("computation_ar", "/computation/ar"),
        ("computation_en", "/computation/en"),
        ("unit", "/unit"),
        ("kind", "/kind"),
        ("levels", "/levels"),
        ("direction", "/direction"),
        ("frequency", "/frequency"),
        ("dimensions", "/dimensions"),
        ("source_fr", "/source/fr"),
        ("source_ar", "/source/ar"),
        ("source_en", "/source/en"),
        ("responsible_unit_fr", "/responsible_unit/fr"),
        ("responsible_unit_ar", "/responsible_unit/ar"),
        ("responsible_unit_en", "/responsible_unit/en"),
        ("definition_version", "/definition_version"),
        ("baseline_value", "/baseline/value"),
        ("baseline_on", "/baseline/on"),
        ("targets", "/targets"),
        ("publication", "/publication"),
        ("provenance", "/provenance"),
        ("id", "/id"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}
