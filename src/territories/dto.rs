//! Territories as the API shows them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::rules::{AreaType, Code, Kind, SortKey, Territory};
use crate::{
    kernel::{clock::rfc3339, decimal::Decimal, language::LanguageMap, paging::Order},
    web::{
        attribution::AttributionOut,
        page::PageOut,
        params::{Count, Instant, Lang, Limit, SearchText, Several},
        representation::Format,
        tabular::Column,
    },
};

/// The parameters of the list of territories.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TerritoryQuery {
    /// Only these kinds; several by comma.
    #[param(value_type = String, required = false, example = "prefecture,province")]
    pub kind: Option<Several<Kind>>,
    /// Only children of the territories with these codes; several by comma.
    #[param(value_type = String, required = false, example = "01.511")]
    pub parent: Option<Several<Code>>,
    /// Only what lies in the regions with these codes, the regions themselves among it; several by comma.
    #[param(value_type = String, required = false, example = "01,04")]
    pub region: Option<Several<Code>>,
    /// Only territories whose Arabic or French name or code has all these words or parts of words. Accents,
    /// letter case and the Arabic letters that are written for one another do not matter. At most 100 characters.
    #[param(value_type = String, required = false, example = "tetouan")]
    pub q: Option<SearchText>,
    /// Only what changed at or after this moment: a date, or an RFC 3339 timestamp.
    #[param(value_type = String, required = false, example = "2024-06-30")]
    pub updated_since: Option<Instant>,
    /// The order: `code` (default), `name_fr`, `name_ar` or `population_2024`; descending with a `-` in front.
    #[param(value_type = String, required = false, example = "-population_2024")]
    pub sort: Option<Order<SortKey>>,
    /// The most rows of a page, 1 to 200; 50 unless said otherwise.
    #[param(value_type = u8, required = false, minimum = 1, maximum = 200, example = 50)]
    pub limit: Option<Limit>,
    /// `page.next_cursor` of the page before; all other parameters but `limit` must stay the same.
    #[param(value_type = String, required = false)]
    pub cursor: Option<String>,
    /// `exact` fills `page.total`.
    #[param(value_type = String, required = false, pattern = "^exact$", example = "exact")]
    pub count: Option<Count>,
    /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
    #[param(value_type = crate::kernel::language::Language, required = false, example = "ar")]
    pub lang: Option<Lang>,
    /// The format, over the Accept header.
    #[param(value_type = String, required = false, pattern = "^(json|csv|ndjson)$", example = "csv")]
    pub format: Option<Format>,
    /// The columns of CSV or NDJSON, by comma, in this order.
    #[param(value_type = String, required = false, example = "code,name_fr,population_2024")]
    pub fields: Option<Several<String>>,
}

/// The parameters of the list of a territory's children.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TerritoryChildrenQuery {
    /// Only these kinds; several by comma.
    #[param(value_type = String, required = false, example = "prefecture,province")]
    pub kind: Option<Several<Kind>>,
    /// The order: `code` (default), `name_fr`, `name_ar` or `population_2024`; descending with a `-` in front.
    #[param(value_type = String, required = false, example = "-population_2024")]
    pub sort: Option<Order<SortKey>>,
    /// The most rows of a page, 1 to 200; 50 unless said otherwise.
    #[param(value_type = u8, required = false, minimum = 1, maximum = 200, example = 50)]
    pub limit: Option<Limit>,
    /// `page.next_cursor` of the page before; all other parameters but `limit` must stay the same.
    #[param(value_type = String, required = false)]
    pub cursor: Option<String>,
    /// `exact` fills `page.total`.
    #[param(value_type = String, required = false, pattern = "^exact$", example = "exact")]
    pub count: Option<Count>,
    /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
    #[param(value_type = crate::kernel::language::Language, required = false, example = "ar")]
    pub lang: Option<Lang>,
    /// The format, over the Accept header.
    #[param(value_type = String, required = false, pattern = "^(json|csv|ndjson)$", example = "csv")]
    pub format: Option<Format>,
    /// The columns of CSV or NDJSON, by comma, in this order.
    #[param(value_type = String, required = false, example = "code,name_fr,population_2024")]
    pub fields: Option<Several<String>>,
}

impl TerritoryChildrenQuery {
    /// The same as a query of the whole list, below one parent.
    #[must_use]
    pub fn below(self, parent: Code) -> TerritoryQuery {
        let Self { kind, sort, limit, cursor, count, lang, format, fields } = self;
        let parent = Some(Several(vec![parent]));
        TerritoryQuery {
            kind,
            parent,
            region: None,
            q: None,
            updated_since: None,
            sort,
            limit,
            cursor,
            count,
            lang,
            format,
            fields,
        }
    }
}

/// The parameters of a single territory.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TerritoryViewQuery {
    /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
    #[param(value_type = crate::kernel::language::Language, required = false, example = "ar")]
    pub lang: Option<Lang>,
}

/// A territorial unit of Morocco.
#[derive(Debug, Serialize, ToSchema)]
pub struct TerritoryOut {
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
    /// Code of the Haut-Commissariat au Plan. Opaque: `06.141.01.0` and `06.141.01.00` are two units, and
    /// parents are stated, never part of the code.
    #[schema(example = "01.511.01.0", pattern = r"^\d{2}(\.\d{3}(\.\d{2}\.\d{1,2})?)?$")]
    pub code: String,
    /// The kind of unit.
    pub kind: Kind,
    /// Urban or rural; null for what is not a commune.
    pub area_type: Option<AreaType>,
    /// Name in French and Arabic, as the census writes it.
    pub name: LanguageMap,
    /// Code of the unit that this one is a part of; null for regions, and for the prefectures of
    /// arrondissements, which overlay the prefecture 06.141 and must not be summed with it.
    #[schema(example = "01.511")]
    pub parent_code: Option<String>,
    /// Code of the region that it lies in; a region's own code for itself.
    #[schema(example = "01")]
    pub region_code: String,
    /// Legal population of the census of 2024, in persons.
    #[schema(example = 1_275_428, minimum = 0)]
    pub population_2024: i64,
    /// Households of the census of 2024.
    #[schema(example = 362_062, minimum = 0)]
    pub households_2024: i64,
    /// Legal population of the census of 2014, in persons; stated for communes only, and not for four of them.
    #[schema(example = 947_952, minimum = 0)]
    pub population_2014: Option<i64>,
    /// Change of the population from 2014 to 2024 in percent, (2024 − 2014) / 2014 × 100, rounded to two
    /// places; null without a figure for 2014.
    #[schema(value_type = Option<f64>, example = 34.55)]
    pub population_change_percent: Option<Decimal>,
    /// Where to go from here.
    pub links: TerritoryLinksOut,
}

/// Links of a territory.
#[derive(Debug, Serialize, ToSchema)]
pub struct TerritoryLinksOut {
    /// This territory.
    #[schema(example = "/api/v1/territories/01.511.01.0")]
    #[serde(rename = "self")]
    pub this: String,
    /// The unit that it is a part of.
    #[schema(example = "/api/v1/territories/01.511")]
    pub parent: Option<String>,
    /// The units that are a part of it.
    #[schema(example = "/api/v1/territories/01.511.01.0/children")]
    pub children: String,
}

/// A page of territories.
#[derive(Debug, Serialize, ToSchema)]
pub struct TerritoryPageOut {
    /// The territories, in the order that was asked for.
    pub data: Vec<TerritoryOut>,
    /// Where this page stands.
    pub page: PageOut,
    /// Number of the last change that this page can have seen; pull the changes since then to keep a copy fresh.
    #[schema(example = 1641, minimum = 0)]
    pub sequence: i64,
    /// Whose data this is and on what terms.
    #[schema(value_type = AttributionOut)]
    pub attribution: &'static AttributionOut,
}

/// A territory with the credit for its data.
#[derive(Debug, Serialize, ToSchema)]
pub struct TerritoryDetailOut {
    /// The territory.
    #[serde(flatten)]
    pub territory: TerritoryOut,
    /// Whose data this is and on what terms.
    #[schema(value_type = AttributionOut)]
    pub attribution: &'static AttributionOut,
}

/// The columns of a list of territories as a table.
pub const COLUMNS: &[Column] = &[
    ("code", "/code"),
    ("kind", "/kind"),
    ("area_type", "/area_type"),
    ("name_fr", "/name/fr"),
    ("name_ar", "/name/ar"),
    ("parent_code", "/parent_code"),
    ("region_code", "/region_code"),
    ("population_2024", "/population_2024"),
    ("households_2024", "/households_2024"),
    ("population_2014", "/population_2014"),
    ("population_change_percent", "/population_change_percent"),
    ("id", "/id"),
    ("version", "/version"),
    ("created_at", "/created_at"),
    ("updated_at", "/updated_at"),
];

impl From<Territory> for TerritoryOut {
    fn from(territory: Territory) -> Self {
        let Territory { id, version, created_at, updated_at, record } = territory;
        let population_change_percent = record.population_change_percent();
        let this = format!("/api/v1/territories/{}", record.code);
        let links = TerritoryLinksOut {
            children: format!("{this}/children"),
            parent: record.parent_code.as_ref().map(|code| format!("/api/v1/territories/{code}")),
            this,
        };
        Self {
            id,
            version,
            created_at,
            updated_at,
            code: record.code.into_string(),
            kind: record.kind,
            area_type: record.area_type,
            name: LanguageMap { ar: Some(record.name_ar), fr: Some(record.name_fr), en: None },
            parent_code: record.parent_code.map(Code::into_string),
            region_code: record.region_code.into_string(),
            population_2024: record.population_2024,
            households_2024: record.households_2024,
            population_2014: record.population_2014,
            population_change_percent,
            links,
        }
    }
}
