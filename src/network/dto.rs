//! The network as the API shows it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::{
    ComparedKind, Comparison, Composition, CompositionFigure, CountedKind, Network, NetworkItem, Partner, Programme,
    Reason, Statement,
};
use crate::{
    kernel::{
        clock::rfc3339,
        date::{Date, PartialDate, Precision},
        language::LanguageMap,
    },
    members::{Cohort, MemberKind, Status},
    territories::Territory,
    web::params::{Lang, query},
};

query! {
    /// The parameters of the network.
    pub struct NetworkQuery {
        /// The day that the computed composition is about; today, in Morocco, unless said otherwise.
        #[example = "2024-06-30"]
        pub as_of: Date,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// What the network is.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkFactsOut {
    /// Identifier (UUID version 7) in this database.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub id: String,
    /// Counts the changes of this resource, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When it was first stored here.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: DateTime<Utc>,
    /// When it last changed here.
    #[serde(serialize_with = "rfc3339")]
    pub updated_at: DateTime<Utc>,
    /// The short name.
    #[schema(example = "REMACTO")]
    pub short_name: String,
    /// The official names.
    pub name: LanguageMap,
    /// The day it was established.
    #[schema(example = "2022-10-21")]
    pub established_on: NaiveDate,
    /// What it is.
    pub presentation: LanguageMap,
    /// Whether the presentation is the network's official wording; otherwise it is ours.
    pub presentation_official: bool,
    /// The programme it belongs to.
    pub programme: Programme,
    /// The network's own site.
    #[schema(format = "uri", example = "https://ctouvertes.collectivites-territoriales.gov.ma/")]
    pub website: String,
    /// The programme's objectives.
    pub objectives: Vec<NetworkItem>,
    /// The outcomes that the programme aims at.
    pub outcomes: Vec<NetworkItem>,
    /// Who oversees the programme and who carries it out.
    pub partners: Vec<Partner>,
    /// Where to go from here.
    pub links: NetworkLinksOut,
}

/// The network, and its composition on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkOut {
    /// What it is.
    #[serde(flatten)]
    pub facts: NetworkFactsOut,
    /// Its composition.
    pub composition: CompositionOut,
}

/// The network without anything that is computed, as it is in the feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkRecordOut {
    /// What it is.
    #[serde(flatten)]
    pub facts: NetworkFactsOut,
    /// What has been published about its composition.
    pub composition: PublishedCompositionOut,
}

/// What has been published about the composition of the network.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedCompositionOut {
    /// The statements.
    pub published: Vec<CompositionStatementOut>,
}

/// The composition of the network: what has been published about it, and what is computed from the members.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompositionOut {
    /// What has been published about it, statement by statement. None of them is corrected here: each says
    /// what its source says.
    pub published: Vec<CompositionStatementOut>,
    /// What is computed from the members for a day.
    pub computed: ComputedCompositionOut,
}

/// The composition of the network on a day, counted from its members. A member counts from the day it joined (the
/// first day of the month or year where no more is known) until the day it left, also while it is suspended.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComputedCompositionOut {
    /// The day.
    #[schema(example = "2024-06-30")]
    pub as_of: NaiveDate,
    /// The day on which this was computed, in Morocco.
    #[schema(example = "2026-11-23")]
    pub computed_on: NaiveDate,
    /// How many members.
    #[schema(example = 116, minimum = 0)]
    pub total: i64,
    /// By kind.
    pub by_kind: Vec<KindCountOut>,
    /// Members without a date of joining, who are in no other figure.
    #[schema(example = 1, minimum = 0)]
    pub undated: i64,
    /// Of the members, those whose date of joining is known only to a month or year that was not over on the day.
    #[schema(example = 7, minimum = 0)]
    pub imprecise: i64,
    /// Of the members, those that are invented for demonstration.
    #[schema(example = 0, minimum = 0)]
    pub illustrative: i64,
}

/// How many members of a kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindCountOut {
    /// The kind.
    pub kind: MemberKind,
    /// What they are called together.
    pub label: LanguageMap,
    /// How many.
    #[schema(example = 97, minimum = 0)]
    pub count: i64,
    /// The list of exactly these members.
    #[schema(example = "/api/v1/members?as_of=2024-06-30&status=active,suspended&kind=municipality")]
    pub members: String,
}

/// How many members in a region.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegionCountOut {
    /// Code of the region.
    #[schema(example = "01")]
    pub region_code: String,
    /// Its name.
    pub name: LanguageMap,
    /// How many.
    #[schema(example = 12, minimum = 0)]
    pub count: i64,
    /// The list of exactly these members.
    #[schema(example = "/api/v1/members?as_of=2024-06-30&status=active,suspended&region=01")]
    pub members: String,
}

/// How many members of a cohort.
#[derive(Debug, Serialize, ToSchema)]
pub struct CohortCountOut {
    /// The cohort; null for members of none.
    #[schema(example = "2022")]
    pub cohort: Option<String>,
    /// How many.
    #[schema(example = 66, minimum = 0)]
    pub count: i64,
    /// The list of exactly these members.
    #[schema(example = "/api/v1/members?as_of=2024-06-30&status=active,suspended&cohort=2022")]
    pub members: String,
}

/// How many have a standing.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusCountOut {
    /// The standing.
    pub status: Status,
    /// How many.
    #[schema(example = 116, minimum = 0)]
    pub count: i64,
    /// The list of exactly these.
    #[schema(example = "/api/v1/members?as_of=2024-06-30&status=active")]
    pub members: String,
}

/// The network in figures on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkStatisticsOut {
    /// The day.
    #[schema(example = "2024-06-30")]
    pub as_of: NaiveDate,
    /// The day on which this was computed, in Morocco.
    #[schema(example = "2026-11-23")]
    pub computed_on: NaiveDate,
    /// Number of the last change that the figures can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// How many members; the figures by kind, region and cohort each add up to it.
    #[schema(example = 116, minimum = 0)]
    pub total: i64,
    /// By kind, all kinds.
    pub by_kind: Vec<KindCountOut>,
    /// By region, all regions.
    pub by_region: Vec<RegionCountOut>,
    /// By cohort, those that have any, and those of none.
    pub by_cohort: Vec<CohortCountOut>,
    /// By standing: whoever has one on the day, candidates and withdrawn members too, who are not in the total.
    pub by_status: Vec<StatusCountOut>,
    /// Members without a date of joining, by kind: they are in no other figure.
    pub undated: Vec<KindCountOut>,
    /// Of the members, those whose date of joining is known only to a month or year that was not over on the day.
    #[schema(example = 7, minimum = 0)]
    pub imprecise: i64,
    /// Of the members, those that are invented for demonstration.
    #[schema(example = 0, minimum = 0)]
    pub illustrative: i64,
    /// What has been published about the composition.
    pub published: Vec<CompositionStatementOut>,
    /// Each published statement beside what is computed for its own day.
    pub comparisons: Vec<ComparisonOut>,
    /// Where to go from here.
    pub links: StatisticsLinksOut,
}

/// A published statement beside what is computed for its day.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonOut {
    /// Code of the statement.
    #[schema(example = "december-2024")]
    pub statement: String,
    /// The day: the last one that the statement's date can mean; for one without a date, the day asked for.
    #[schema(example = "2024-12-31")]
    pub compared_on: NaiveDate,
    /// Kind by kind, those that the statement has figures for.
    pub by_kind: Vec<KindComparisonOut>,
    /// What explains the differences; empty where there is none.
    pub reasons: Vec<ReasonOut>,
}

/// One published figure beside the computed one.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindComparisonOut {
    /// The kind that the published figure is read as.
    pub kind: MemberKind,
    /// What the statement says.
    #[schema(example = 199, minimum = 0)]
    pub published: i64,
    /// How many are counted here.
    #[schema(example = 99, minimum = 0)]
    pub computed: i64,
    /// Computed less published.
    #[schema(example = -100)]
    pub difference: i64,
    /// The list of exactly the members that are counted.
    #[schema(example = "/api/v1/members?as_of=2024-12-31&status=active,suspended&kind=municipality")]
    pub members: String,
}

/// Something that explains a difference.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonOut {
    /// Stable code: `not_on_record`, `undated_members`, `beyond_statement`, `imprecise_dates`,
    /// `illustrative_members` or `undated_statement`.
    #[schema(example = "not_on_record")]
    pub code: String,
    /// The kind of members that it concerns; null where it concerns the whole statement.
    pub kind: Option<MemberKind>,
    /// How many members it concerns.
    #[schema(example = 100, minimum = 1)]
    pub count: Option<i64>,
    /// In words.
    pub text: LanguageMap,
}

/// Links of the statistics.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatisticsLinksOut {
    /// These figures.
    #[schema(example = "/api/v1/network/statistics?as_of=2024-06-30")]
    #[serde(rename = "self")]
    pub this: String,
    /// The network.
    #[schema(example = "/api/v1/network")]
    pub network: &'static str,
    /// The members on the day.
    #[schema(example = "/api/v1/members?as_of=2024-06-30&status=active,suspended")]
    pub members: String,
}

/// A published statement about the composition.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompositionStatementOut {
    /// Stable code.
    #[schema(example = "december-2024")]
    pub code: String,
    /// The date that it speaks about, or its first day where only month or year are known; null for an undated page.
    #[schema(example = "2024-12-01")]
    pub stated_on: Option<NaiveDate>,
    /// How much of the date is known.
    pub stated_on_precision: Option<Precision>,
    /// Who says it.
    pub source: LanguageMap,
    /// Where it says it; null where no page is known.
    #[schema(format = "uri")]
    pub source_url: Option<String>,
    /// What a reader should know about it.
    pub note: Option<LanguageMap>,
    /// The total, where the source states one itself.
    #[schema(example = 228, minimum = 0)]
    pub total: Option<i64>,
    /// Its figures, in its own words.
    pub figures: Vec<CompositionFigure>,
}

/// Links of the network.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkLinksOut {
    /// The network.
    #[schema(example = "/api/v1/network")]
    #[serde(rename = "self")]
    pub this: &'static str,
    /// Its charter.
    #[schema(example = "/api/v1/charter")]
    pub charter: &'static str,
    /// Its members.
    #[schema(example = "/api/v1/members")]
    pub members: &'static str,
    /// It in figures.
    #[schema(example = "/api/v1/network/statistics")]
    pub statistics: &'static str,
}

impl From<Statement> for CompositionStatementOut {
    fn from(statement: Statement) -> Self {
        Self {
            code: statement.code,
            stated_on: statement.stated_on.map(PartialDate::first_day),
            stated_on_precision: statement.stated_on.map(PartialDate::precision),
            source: statement.source,
            source_url: statement.source_url,
            note: statement.note,
            total: statement.total,
            figures: statement.figures,
        }
    }
}

impl NetworkOut {
    /// The network with its composition on a day.
    #[must_use]
    pub fn new(network: Network, composition: &Composition, computed_on: NaiveDate) -> Self {
        let NetworkRecordOut { facts, composition: PublishedCompositionOut { published } } = network.into();
        let computed = ComputedCompositionOut {
            as_of: composition.as_of,
            computed_on,
            total: composition.total,
            by_kind: kinds(&composition.by_kind, &members_on(composition.as_of)),
            undated: total(&composition.undated),
            imprecise: total(&composition.imprecise),
            illustrative: total(&composition.illustrative),
        };
        Self { facts, composition: CompositionOut { published, computed } }
    }
}

impl From<Network> for NetworkRecordOut {
    fn from(network: Network) -> Self {
        let Network { id, version, created_at, updated_at, facts } = network;
        let published = facts.composition_statements.into_iter().map(CompositionStatementOut::from).collect();
        let facts = NetworkFactsOut {
            id: id.into_string(),
            version,
            created_at,
            updated_at,
            short_name: facts.short_name,
            name: facts.name,
            established_on: facts.established_on,
            presentation: facts.presentation,
            presentation_official: facts.presentation_official,
            programme: facts.programme,
            website: facts.website,
            objectives: facts.objectives,
            outcomes: facts.outcomes,
            partners: facts.partners,
            links: NetworkLinksOut {
                this: "/api/v1/network",
                charter: "/api/v1/charter",
                members: "/api/v1/members",
                statistics: "/api/v1/network/statistics",
            },
        };
        Self { facts, composition: PublishedCompositionOut { published } }
    }
}

/// The list of the members on a day.
fn members_on(day: NaiveDate) -> String {
    format!("/api/v1/members?as_of={day}&status=active,suspended")
}

fn kinds(figures: &[CountedKind], list: &str) -> Vec<KindCountOut> {
    let out = |figure: &CountedKind| KindCountOut {
        kind: figure.kind,
        label: figure.kind.label(),
        count: figure.count,
        members: format!("{list}&kind={}", figure.kind.as_str()),
    };
    figures.iter().map(out).collect()
}

fn total(figures: &[CountedKind]) -> i64 {
    figures.iter().map(|figure| figure.count).sum()
}

/// What the statistics are made of.
pub struct Figures {
    /// The composition on the day.
    pub composition: Composition,
    /// Each published statement beside what is computed for its day.
    pub comparisons: Vec<Comparison>,
    /// The published statements.
    pub published: Vec<Statement>,
    /// The regions.
    pub regions: Vec<Territory>,
    /// The number of the last change that all this can have seen.
    pub sequence: i64,
}

impl NetworkStatisticsOut {
    /// The figures as the API shows them.
    #[must_use]
    pub fn new(figures: Figures, computed_on: NaiveDate) -> Self {
        let Figures { composition, comparisons, published, regions, sequence } = figures;
        let day = composition.as_of;
        let members = members_on(day);
        let region = |region: Territory| RegionCountOut {
            count: composition.by_region.get(&region.record.code).copied().unwrap_or_default(),
            members: format!("{members}&region={}", region.record.code),
            region_code: region.record.code.into_string(),
            name: LanguageMap { ar: Some(region.record.name_ar), fr: Some(region.record.name_fr), en: None },
        };
        let cohort = |(cohort, count): (Option<Cohort>, i64)| {
            let cohort = cohort.map(|cohort| cohort.as_str().to_owned());
            CohortCountOut {
                members: format!("{members}&cohort={}", cohort.as_deref().unwrap_or("none")),
                cohort,
                count,
            }
        };
        let status = |(status, count): (Status, i64)| StatusCountOut {
            status,
            count,
            members: format!("/api/v1/members?as_of={day}&status={}", status.as_str()),
        };
        Self {
            as_of: day,
            computed_on,
            sequence,
            total: composition.total,
            by_kind: kinds(&composition.by_kind, &members),
            by_region: regions.into_iter().map(region).collect(),
            by_cohort: composition.by_cohort.clone().into_iter().map(cohort).collect(),
            by_status: composition.by_status.iter().copied().map(status).collect(),
            undated: kinds(&composition.undated, &format!("{members}&undated=only")),
            imprecise: total(&composition.imprecise),
            illustrative: total(&composition.illustrative),
            published: published.into_iter().map(CompositionStatementOut::from).collect(),
            comparisons: comparisons.into_iter().map(ComparisonOut::from).collect(),
            links: StatisticsLinksOut {
                this: format!("/api/v1/network/statistics?as_of={day}"),
                network: "/api/v1/network",
                members,
            },
        }
    }
}

impl From<Comparison> for ComparisonOut {
    fn from(comparison: Comparison) -> Self {
        let list = members_on(comparison.compared_on);
        let kind = |compared: &ComparedKind| KindComparisonOut {
            kind: compared.kind,
            published: compared.published,
            computed: compared.computed,
            difference: compared.computed - compared.published,
            members: format!("{list}&kind={}", compared.kind.as_str()),
        };
        let reason = |reason: Reason| ReasonOut {
            code: reason.code.to_owned(),
            kind: reason.kind,
            count: reason.count,
            text: reason.text,
        };
        Self {
            by_kind: comparison.by_kind.iter().map(kind).collect(),
            statement: comparison.statement,
            compared_on: comparison.compared_on,
            reasons: comparison.reasons.into_iter().map(reason).collect(),
        }
    }
}
