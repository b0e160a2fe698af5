//! The network's indicators as the API shows them.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::rules::{Aggregate, Figure, Group, Grouping},
    Computed,
};
use crate::{
    indicators::{Catalogue, Dimension, Direction, Disaggregation, Entry, Frequency, Kind, Scope, Unit},
    kernel::{codes::Flag, date::Date, decimal::Decimal, id::Slug, language::LanguageMap},
    members::{MemberAddress, MemberKind},
    territories::Code,
    web::{
        page::PageOut,
        params::{Lang, One, Several, query},
    },
};

query! {
    /// The parameters of the network's catalogue.
    pub struct NetworkIndicatorsQuery {
        /// Only indicators of these; several by comma.
        #[example = "programme,project"]
        pub scope: Several<Scope>,
        /// Only indicators that are computed (`true`) or reported by the members (`false`).
        #[example = "true"]
        pub computed: One<Flag>,
        /// Only indicators that speak to these commitments of the charter; several by comma.
        #[example = "action-programs"]
        pub commitment: Several<Slug>,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

query! {
    /// The parameters of an indicator's figures.
    pub struct NetworkIndicatorQuery {
        /// Also the figure of each of these groups of members.
        #[example = "region"]
        pub by: One<Grouping>,
        /// The day that everything is computed for, not in the future; today, in Morocco, unless said otherwise.
        #[example = "2025-12-31"]
        pub as_of: Date,
        /// Only these members, by their slugs, also where their date of joining is unknown; several by comma.
        #[example = "commune-larache"]
        pub member: Several<MemberAddress>,
        /// Only members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only members of these kinds; several by comma.
        #[example = "municipality"]
        pub kind: Several<MemberKind>,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

impl NetworkIndicatorsQuery {
    /// Whether an entry is wanted.
    pub fn wants(&self, entry: &Entry) -> bool {
        let is_of = |commitments: &Several<Slug>| {
            entry.commitment.as_ref().is_some_and(|commitment| commitments.0.contains(commitment))
        };
        self.scope.as_ref().is_none_or(|scopes| scopes.0.contains(&entry.scope))
            && self.computed.is_none_or(|computed| entry.computed == (computed.0 == Flag::True))
            && self.commitment.as_ref().is_none_or(is_of)
    }
}

/// An indicator of the network's catalogue: its full definition. Members that report against it mean the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkIndicatorOut {
    /// Stable code.
    #[schema(example = "projects-by-status")]
    pub code: String,
    /// The version of the definition, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// What it is called.
    pub title: LanguageMap,
    /// What it measures.
    pub measures: LanguageMap,
    /// How it is computed.
    pub computation: LanguageMap,
    /// What it is counted in.
    pub unit: Unit,
    /// In which direction it improves.
    pub direction: Direction,
    /// What kind of figure it has.
    pub kind: Kind,
    /// The levels of a scale in words, from 0; empty for other kinds.
    pub levels: Vec<LanguageMap>,
    /// How often it is reported.
    pub frequency: Frequency,
    /// What it is of.
    pub scope: Scope,
    /// Code of the commitment of the charter that it speaks to.
    #[schema(example = "action-programs")]
    pub commitment: Option<String>,
    /// Whether the system computes it itself; otherwise members report it.
    pub computed: bool,
    /// What its values may be split by.
    pub dimensions: Vec<Dimension>,
    /// Where its figures come from.
    pub source: LanguageMap,
    /// Who in a local government answers for them.
    pub responsible_unit: LanguageMap,
    /// Whether this is the network's official wording; otherwise it is ours.
    pub official: bool,
    /// Where to go from here.
    pub links: NetworkIndicatorLinksOut,
}

/// Links of an indicator of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkIndicatorLinksOut {
    /// The indicator, with its figures for today.
    #[schema(example = "/api/v1/network/indicators/projects-by-status")]
    #[serde(rename = "self")]
    pub this: String,
    /// The commitment of the charter that it speaks to.
    #[schema(example = "/api/v1/charter/commitments/action-programs")]
    pub commitment: Option<String>,
}

/// The network's catalogue of indicators, in its order.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkIndicatorPageOut {
    /// The indicators.
    pub data: Vec<NetworkIndicatorOut>,
    /// Where the page stands in the list: it has all of it.
    pub page: PageOut,
    /// Number of the last change when this was read.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// All units that the network counts in.
    pub units: Vec<Unit>,
    /// All dimensions that values are split by.
    pub dimensions: Vec<Dimension>,
}

/// An indicator of the catalogue and its figures on a day, from what is published now about that day. What is computed covers
/// everything up to and including the day, whatever period the definition speaks of; of what members report it is the
/// approved value of each one's latest period that was over by then.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkIndicatorFiguresOut {
    /// The definition.
    pub indicator: NetworkIndicatorOut,
    /// How the figures are computed, in the definition's words.
    pub formula: LanguageMap,
    /// The day.
    #[schema(example = "2025-12-31")]
    pub as_of: NaiveDate,
    /// The day on which this was computed, in Morocco.
    #[schema(example = "2026-11-25")]
    pub computed_on: NaiveDate,
    /// Number of the last change that this can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// Members without a date of joining, who are in no figure but one that is asked for them by name.
    #[schema(example = 1, minimum = 0)]
    pub undated: usize,
    /// The figure of all members that are asked about.
    pub whole: NetworkFigureOut,
    /// What the groups are formed by; null where none are asked for.
    pub by: Option<Grouping>,
    /// The figure of each group that any of these members are in; every one is in exactly one. Only amounts add up to the
    /// whole: shares and medians of the whole are computed anew.
    pub groups: Vec<NetworkIndicatorGroupOut>,
    /// Where to go from here.
    pub links: NetworkFiguresLinksOut,
}

/// The figure of a group of members.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkIndicatorGroupOut {
    /// Code of the region, the kind or the cohort; null for members of no cohort.
    #[schema(example = "01")]
    pub code: Option<String>,
    /// What the group is called.
    pub label: LanguageMap,
    /// The figure.
    pub figure: NetworkFigureOut,
}

/// A figure of some members.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkFigureOut {
    /// How many were members on the day, also while suspended: the figure is about them.
    #[schema(example = 116, minimum = 0)]
    pub members: usize,
    /// Of them, those that anything is known of.
    #[schema(example = 41, minimum = 0)]
    pub members_counted: usize,
    /// How many things the figure is over: of what is computed, an amount itself, what a share is a share of, or the single
    /// values of a median; of what members report, the reports.
    #[schema(example = 84, minimum = 0)]
    pub observations: i64,
    /// The figure: an amount is added up, a ratio is the sum of the numerators by that of the denominators, days are a median
    /// over all; null where there is nothing to compute it from, and for percentages, answers and levels that members
    /// report, of which no one value stands for all.
    pub value: Option<Decimal>,
    /// Of a ratio, the numerator; null for other kinds.
    pub numerator: Option<Decimal>,
    /// Of a ratio, the denominator; null for other kinds.
    pub denominator: Option<Decimal>,
    /// The least single value; null where single values are not told apart.
    pub minimum: Option<Decimal>,
    /// The single value in the middle, or halfway between the two in the middle; null where single values are not told apart.
    pub median: Option<Decimal>,
    /// The greatest single value; null where single values are not told apart.
    pub maximum: Option<Decimal>,
    /// How many reports say which: of answers (1 for yes, 0 for no) and levels only.
    pub counts: Vec<NetworkFigureCountOut>,
    /// How the value is made up: dimension → category → amount, all categories of every dimension that the definition names;
    /// empty where there is no value that parts add up to. What reports do not split is `unspecified`.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, f64>>)]
    pub disaggregation: Disaggregation,
}

/// How many reports have a value.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkFigureCountOut {
    /// The value.
    pub value: Decimal,
    /// How many.
    #[schema(example = 12, minimum = 0)]
    pub count: i64,
}

/// Links of an indicator's figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkFiguresLinksOut {
    /// These figures.
    #[schema(example = "/api/v1/network/indicators/projects-by-status?as_of=2025-12-31")]
    #[serde(rename = "self")]
    pub this: String,
    /// The catalogue.
    #[schema(example = "/api/v1/network/indicators")]
    pub catalogue: &'static str,
    /// The members on the day, in these regions and of these kinds.
    #[schema(example = "/api/v1/members?as_of=2025-12-31&status=active,suspended")]
    pub members: String,
}

/// Where the catalogue is.
const CATALOGUE: &str = "/api/v1/network/indicators";

impl NetworkIndicatorOut {
    /// An entry of the catalogue with its unit and dimensions; `None` where its unit is unknown, which in a parsed catalogue
    /// none is.
    #[must_use]
    pub fn of(catalogue: &Catalogue, entry: &Entry) -> Option<Self> {
        let commitment = entry.commitment.as_ref().map(Slug::as_str);
        Some(Self {
            unit: catalogue.unit(&entry.unit)?.clone(),
            dimensions: catalogue.dimensions_of(entry),
            links: NetworkIndicatorLinksOut {
                this: format!("{CATALOGUE}/{}", entry.code),
                commitment: commitment.map(|code| format!("/api/v1/charter/commitments/{code}")),
            },
            code: entry.code.to_string(),
            version: entry.version,
            title: entry.title.clone(),
            measures: entry.measures.clone(),
            computation: entry.computation.clone(),
            direction: entry.direction,
            kind: entry.kind,
            levels: entry.levels.clone(),
            frequency: entry.frequency,
            scope: entry.scope,
            commitment: commitment.map(str::to_owned),
            computed: entry.computed,
            source: entry.source.clone(),
            responsible_unit: entry.responsible_unit.clone(),
            official: entry.official,
        })
    }
}

/// The figures of an indicator.
#[derive(Debug)]
pub struct Figures {
    /// Of all members that are asked about.
    pub whole: Figure,
    /// Members without a date of joining.
    pub undated: usize,
    /// What the groups are formed by.
    pub by: Option<Grouping>,
    /// Of each group.
    pub groups: Vec<(Group, Figure)>,
    /// The names of the regions by their codes.
    pub regions: HashMap<String, LanguageMap>,
    /// What of the query chooses members, as a query: of the figures, and of the list of members.
    pub asked: (String, String),
}

impl NetworkIndicatorFiguresOut {
    /// An indicator with its figures.
    #[must_use]
    pub fn of(computed: Computed, indicator: NetworkIndicatorOut, figures: Figures) -> Self {
        let Computed { as_of, computed_on, sequence } = computed;
        let Figures { whole, undated, by, groups, regions, asked: (asked, of_list) } = figures;
        let group = |(group, figure): (Group, Figure)| NetworkIndicatorGroupOut {
            code: group.code().map(str::to_owned),
            label: group.label(&regions),
            figure: figure.into(),
        };
        Self {
            formula: indicator.computation.clone(),
            as_of,
            computed_on,
            sequence,
            undated,
            whole: whole.into(),
            by,
            groups: groups.into_iter().map(group).collect(),
            links: NetworkFiguresLinksOut {
                this: format!("{}?as_of={as_of}{asked}", indicator.links.this),
                catalogue: CATALOGUE,
                members: format!("/api/v1/members?as_of={as_of}&status=active,suspended{of_list}"),
            },
            indicator,
        }
    }
}

impl From<Figure> for NetworkFigureOut {
    fn from(figure: Figure) -> Self {
        let Figure { members, members_counted, of, parts } = figure;
        let Aggregate { observations, value, numerator, denominator, spread, counts } = of;
        let count = |(value, count): (Decimal, i64)| NetworkFigureCountOut { value, count };
        Self {
            members,
            members_counted,
            observations,
            value,
            numerator,
            denominator,
            minimum: spread.map(|spread| spread.minimum),
            median: spread.map(|spread| spread.median),
            maximum: spread.map(|spread| spread.maximum),
            counts: counts.into_iter().map(count).collect(),
            disaggregation: parts,
        }
    }
}
