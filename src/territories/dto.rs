//! Territories as the API shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::rules::{AreaType, Code, Filters, Kind, Location, SortKey, Territory};
use crate::{
    kernel::{
        clock::rfc3339,
        decimal::Decimal,
        fold::search_words,
        language::LanguageMap,
        paging::{Direction, Order},
    },
    web::{
        attribution::AttributionOut,
        listing::list_query,
        page::PageOut,
        params::{Instant, Lang, SearchText, Several, query},
        representation::TableFormat,
        tabular::{Column, Tabular},
    },
};

list_query! {
    /// The parameters of the list of territories.
    pub struct TerritoryQuery of TerritoryOut {
        /// Only these kinds; several by comma.
        #[example = "commune"]
        pub kind: Several<Kind>,
        /// Only children of the territories with these codes; several by comma.
        #[example = "01.331,01.571"]
        pub parent: Several<Code>,
        /// Only what lies in the regions with these codes, the regions themselves among it; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only territories whose Arabic or French name or code has all these words or parts of words. Accents,
        /// letter case and the Arabic letters that are written for one another do not matter.
        #[example = "tetouan"]
        pub q: SearchText,
        /// Only what changed at or after this moment: a date, which means the first moment of that day in Morocco, or an RFC 3339 timestamp.
        #[example = "2024-06-30"]
        pub updated_since: Instant,
        /// The order: `code` (default), `name_fr`, `name_ar` or `population_2024`; descending with a `-` in front.
        #[example = "-population_2024"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

list_query! {
    /// The parameters of the list of a territory's children.
    pub struct TerritoryChildrenQuery of TerritoryOut {
        /// Only these kinds; several by comma.
        #[example = "prefecture,province"]
        pub kind: Several<Kind>,
        /// The order: `code` (default), `name_fr`, `name_ar` or `population_2024`; descending with a `-` in front.
        #[example = "-population_2024"]
        pub sort: Order<SortKey>,
        /// The format, over the Accept header.
        #[example = "json"]
        pub format: TableFormat,
    }
}

const DEFAULT_ORDER: Order<SortKey> = Order { key: SortKey::Code, direction: Direction::Ascending };

impl TerritoryQuery {
    /// Which rows in what order the query asks for.
    #[must_use]
    pub fn filters(&self) -> Filters {
        Filters {
            kinds: Several::values(self.kind.clone()),
            parents: Several::values(self.parent.clone()),
            regions: Several::values(self.region.clone()),
            words: self.q.as_ref().map(|q| search_words(&q.0)),
            updated_since: self.updated_since.map(|moment| moment.0),
            order: self.sort.unwrap_or(DEFAULT_ORDER),
        }
    }
}

impl TerritoryChildrenQuery {
    /// Which children of the territory with a code in what order the query asks for.
    #[must_use]
    pub fn filters(&self, parent: Code) -> Filters {
        Filters {
            kinds: Several::values(self.kind.clone()),
            parents: vec![parent],
            regions: Vec::new(),
            words: None,
            updated_since: None,
            order: self.sort.unwrap_or(DEFAULT_ORDER),
        }
    }
}

query! {
    /// The parameters of a single territory.
    pub struct TerritoryViewQuery {
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
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
    /// A point in it, from GeoNames; null where no place could be matched.
    pub location: Option<Location>,
    /// Who keeps what is said of it: `census` for the files of the census, `import:<source>` for a list that was pushed.
    #[schema(example = "census", pattern = "^(census|import:[a-z0-9-]{1,40})$")]
    pub provenance: String,
    /// Where to go from here.
    pub links: TerritoryLinksOut,
}

/// Links of a territory. Where else it leads, the document tells as `links` of the operation `getTerritory`.
#[derive(Debug, Serialize, ToSchema)]
pub struct TerritoryLinksOut {
    /// This territory.
    #[schema(example = "/api/v1/territories/01.511.01.0")]
    #[serde(rename = "self")]
    pub this: String,
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
    #[schema(value_type = Vec<AttributionOut>)]
    pub attributions: [&'static AttributionOut; 2],
}

/// A territory with the credit for its data.
#[derive(Debug, Serialize, ToSchema)]
pub struct TerritoryDetailOut {
    /// The territory.
    #[serde(flatten)]
    pub territory: TerritoryOut,
    /// Whose data this is and on what terms.
    #[schema(value_type = Vec<AttributionOut>)]
    pub attributions: [&'static AttributionOut; 2],
}

/// What stands beside territories in an answer: whose data this is and on what terms.
#[derive(Debug, Serialize)]
pub struct Credit {
    attributions: [&'static AttributionOut; 2],
}

impl Default for Credit {
    fn default() -> Self {
        Self { attributions: AttributionOut::of_territories() }
    }
}

impl Tabular for TerritoryOut {
    const COLUMNS: &'static [Column] = &[
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
        ("latitude", "/location/latitude"),
        ("longitude", "/location/longitude"),
        ("geonames_id", "/location/geonames_id"),
        ("location_matched_by", "/location/matched_by"),
        ("provenance", "/provenance"),
        ("id", "/id"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("updated_at", "/updated_at"),
    ];
}

impl From<Territory> for TerritoryOut {
    fn from(territory: Territory) -> Self {
        let Territory { id, version, created_at, updated_at, provenance, record } = territory;
        let population_change_percent = record.population_change_percent();
        let links = TerritoryLinksOut { this: format!("/api/v1/territories/{}", record.code) };
        Self {
            id: id.into_string(),
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
            location: record.location,
            provenance: provenance.to_string(),
            links,
        }
    }
}
