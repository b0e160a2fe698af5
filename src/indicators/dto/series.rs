//! The series of an indicator: its approved values, period by period, as they are drawn and pulled.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::rules::{Approved, Content, Definition, Frequency, Indicator, Measurement, NARROWEST, Period, WIDEST},
    IndicatorDatedOut,
};
use crate::{
    kernel::{clock::rfc3339, codes::Pattern, decimal::Decimal, language::LanguageMap},
    web::{
        page::PageOut,
        params::{Lang, One, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

query! {
    /// The parameters of a series.
    pub struct SeriesQuery {
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
        /// The format, over the Accept header.
        #[example = "csv"]
        pub format: TableFormat,
    }
}

query! {
    /// The parameters of a chart.
    pub struct ChartQuery {
        /// The language of its words, and the direction that it runs in; French unless said otherwise.
        #[example = "ar"]
        pub lang: Lang,
        /// Its width in pixels, from 240 to 1600; 640 unless said otherwise.
        #[example = "640"]
        pub width: One<Width>,
    }
}

/// The width of a chart.
#[derive(Debug, Clone, Copy)]
pub struct Width(pub u32);

impl std::str::FromStr for Width {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        let width = text.parse().ok().filter(|width| digits && (NARROWEST..=WIDEST).contains(width));
        width.map(Self).ok_or_else(|| format!("is not a width from {NARROWEST} to {WIDEST}"))
    }
}

impl Pattern for Width {
    fn pattern() -> String {
        "(2[4-9][0-9]|[3-9][0-9]{2}|1[0-5][0-9]{2}|1600)".to_owned()
    }
}

/// The approved values of an indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesOut {
    /// Slug of the indicator.
    #[schema(example = "commune-larache-openness-norms-services-fully-online")]
    pub indicator: String,
    /// What it is called.
    pub title: LanguageMap,
    /// Code of the unit.
    #[schema(example = "percent")]
    pub unit: String,
    /// How often it is reported.
    pub frequency: Frequency,
    /// Where it began.
    pub baseline: Option<IndicatorDatedOut>,
    /// Where it is to come.
    pub targets: Vec<IndicatorDatedOut>,
    /// The definitions that it has had, the oldest first. Figures by different ones do not compare.
    pub definitions: Vec<SeriesDefinitionOut>,
    /// The values, by period.
    pub data: Vec<SeriesPointOut>,
    /// Where this page stands: it is all of them.
    pub page: PageOut,
    /// Number of the last change that this series can have seen.
    #[schema(example = 1_679)]
    pub sequence: i64,
}

/// A version of a definition.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesDefinitionOut {
    /// The version.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// Since when it holds.
    #[schema(example = "2024-01-01")]
    pub since: NaiveDate,
    /// The definition.
    #[serde(flatten)]
    pub definition: Definition,
}

/// A value of a series.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeriesPointOut {
    /// The period.
    pub period: Period,
    /// Its first day.
    #[schema(example = "2025-01-01")]
    pub from: NaiveDate,
    /// Its last day.
    #[schema(example = "2025-03-31")]
    pub until: NaiveDate,
    /// The value.
    pub value: Decimal,
    /// The numerator of a ratio.
    pub numerator: Option<Decimal>,
    /// The denominator of a ratio.
    pub denominator: Option<Decimal>,
    /// The version of the definition that it was measured by.
    #[schema(example = 1, minimum = 1)]
    pub definition_version: i64,
    /// Whether it does not compare with the value before, because it is measured in another way.
    pub breaks: bool,
    /// How often it has been corrected.
    #[schema(example = 0, minimum = 0)]
    pub revision: i64,
    /// Since when this value is what everybody sees.
    #[serde(serialize_with = "rfc3339")]
    pub approved_at: DateTime<Utc>,
    /// Identifier of the measurement.
    #[schema(example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f", format = "uuid")]
    pub measurement_id: String,
}

impl Tabular for SeriesPointOut {
    const COLUMNS: &'static [Column] = &[
        ("period", "/period"),
        ("from", "/from"),
        ("until", "/until"),
        ("value", "/value"),
        ("numerator", "/numerator"),
        ("denominator", "/denominator"),
        ("definition_version", "/definition_version"),
        ("breaks", "/breaks"),
        ("revision", "/revision"),
        ("approved_at", "/approved_at"),
        ("measurement_id", "/measurement_id"),
    ];
}

impl SeriesOut {
    /// The series of an indicator, with the definitions that it has had.
    #[must_use]
    pub fn of(
        indicator: Indicator,
        definitions: Vec<(i64, NaiveDate, Definition)>,
        measured: Vec<Measurement>,
        sequence: i64,
    ) -> Self {
        let mut before = None;
        let point = |found: Measurement| {
            let Approved { content, at } = found.approved?;
            let Content { value, report, definition_version } = content;
            let breaks = before.replace(definition_version).is_some_and(|before| before != definition_version);
            Some(SeriesPointOut {
                period: found.period,
                from: found.period.first_day(),
                until: found.period.last_day(),
                value,
                numerator: report.numerator,
                denominator: report.denominator,
                definition_version,
                breaks,
                revision: found.revision,
                approved_at: at,
                measurement_id: found.id.into_string(),
            })
        };
        let data: Vec<SeriesPointOut> = measured.into_iter().filter_map(point).collect();
        let facts = indicator.facts;
        let defined = |(version, since, definition)| SeriesDefinitionOut { version, since, definition };
        Self {
            indicator: indicator.slug.into_string(),
            title: facts.definition.title,
            unit: facts.definition.unit,
            frequency: facts.definition.frequency,
            baseline: facts.baseline.map(IndicatorDatedOut::from),
            targets: facts.targets.into_iter().map(IndicatorDatedOut::from).collect(),
            definitions: definitions.into_iter().map(defined).collect(),
            page: PageOut::whole(data.len()),
            data,
            sequence,
        }
    }
}
