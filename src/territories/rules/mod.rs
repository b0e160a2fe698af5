//! What a territorial unit is. Pure.

mod census;
mod register;

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{
    self,
    codes::{Pattern, codes},
    decimal::Decimal,
    fold::search_text,
    id::Identifier,
    paging::Order,
    register::Source,
};

pub use self::{
    census::parse_reference,
    register::{Above, COLUMNS, Line, cells, check},
};

/// What kind of unit a territory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TerritoryKind)]
pub enum Kind {
    /// One of the 12 regions (law 111-14).
    Region,
    /// One of the 13 prefectures, the urban twin of the province (law 112-14).
    Prefecture,
    /// One of the 62 provinces (law 112-14).
    Province,
    /// One of the 8 prefectures of arrondissements of Casablanca: they overlay the prefecture 06.141, have
    /// neither communes nor a council of a member's kind, and are never summed with the others.
    PrefectureOfArrondissements,
    /// One of the 1,503 communes (law 113-14).
    Commune,
    /// One of the 41 arrondissements of the six largest communes.
    Arrondissement,
}

codes!(Kind {
    Region => "region",
    Prefecture => "prefecture",
    Province => "province",
    PrefectureOfArrondissements => "prefecture_of_arrondissements",
    Commune => "commune",
    Arrondissement => "arrondissement",
});

impl Kind {
    /// How far below the country a unit of this kind stands; a parent stands higher than its children.
    #[must_use]
    pub const fn depth(self) -> u8 {
        match self {
            Self::Region => 1,
            Self::Prefecture | Self::Province | Self::PrefectureOfArrondissements => 2,
            Self::Commune => 3,
            Self::Arrondissement => 4,
        }
    }
}

/// Whether a commune is a municipality in the old sense or a rural commune, as the census files it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AreaType {
    /// Urban commune.
    Urban,
    /// Rural commune.
    Rural,
}

codes!(AreaType { Urban => "urban", Rural => "rural" });

/// A code of the Haut-Commissariat au Plan: `01`, `01.511`, `01.511.01.0` or `01.511.01.01`. An opaque name:
/// nothing is ever read from its parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Code(String);

impl Code {
    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The code as an owned text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let points_where_due = text.bytes().enumerate().all(|(at, byte)| match at {
            2 | 6 | 9 => byte == b'.',
            _ => byte.is_ascii_digit(),
        });
        if points_where_due && matches!(text.len(), 2 | 6 | 11 | 12) {
            Ok(Self(text))
        } else {
            Err("is not a code of the form 01, 01.511, 01.511.01.0 or 01.511.01.01")
        }
    }
}

impl Pattern for Code {
    fn pattern() -> String {
        r"[0-9]{2}(\.[0-9]{3}(\.[0-9]{2}\.[0-9]{1,2})?)?".to_owned()
    }
}

impl FromStr for Code {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

/// How a territory is addressed in a path: by its code or its id.
pub type Address = kernel::id::Address<Code>;

/// Who keeps what is said of a territory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// The program, by the embedded files of the census.
    Census,
    /// Who pushed a list of territories.
    Import(Source),
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Census => f.write_str("census"),
            Self::Import(source) => write!(f, "import:{source}"),
        }
    }
}

impl FromStr for Provenance {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("import:").map(str::parse) {
            None if text == "census" => Ok(Self::Census),
            Some(Ok(source)) => Ok(Self::Import(source)),
            _ => Err("is none of census, import:<source>"),
        }
    }
}

/// A stored territory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// The id.
    pub id: Identifier,
    /// Counts the changes of the row.
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// Who keeps what is said of it.
    pub provenance: Provenance,
    /// What is said of it.
    pub record: Record,
}

/// What the census says of one territory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The code.
    pub code: Code,
    /// The kind.
    pub kind: Kind,
    /// Urban or rural, for communes.
    pub area_type: Option<AreaType>,
    /// The code of the unit that it is a part of, as stated. Regions and prefectures of arrondissements have none.
    pub parent_code: Option<Code>,
    /// The code of the region that it lies in; a region's own for itself.
    pub region_code: Code,
    /// The French name.
    pub name_fr: String,
    /// The Arabic name.
    pub name_ar: String,
    /// Legal population, census of 2024.
    pub population_2024: i64,
    /// Households, census of 2024.
    pub households_2024: i64,
    /// Legal population, census of 2014; four communes have none, and the files state it for communes only.
    pub population_2014: Option<i64>,
    /// A point in it, where one is known.
    pub location: Option<Location>,
}

/// A point that stands for a territory: the place of GeoNames with its name, not a centroid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Location {
    /// Degrees north of the equator (WGS 84).
    #[schema(value_type = f64, example = 35.7721, minimum = -90, maximum = 90)]
    pub latitude: Decimal,
    /// Degrees east of Greenwich (WGS 84).
    #[schema(value_type = f64, example = -5.80989, minimum = -180, maximum = 180)]
    pub longitude: Decimal,
    /// The place's identifier in GeoNames.
    #[schema(example = 2_530_335, minimum = 1)]
    pub geonames_id: i64,
    /// How sure it is that place and territory are the same.
    pub matched_by: LocationMatch,
}

/// How a place of GeoNames was found to be a territory, within its region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LocationMatch {
    /// Both the Arabic and the Latin name are the same.
    NamesArAndLatin,
    /// One of the names is the same.
    OneName,
}

codes!(LocationMatch { NamesArAndLatin => "names_ar_and_latin", OneName => "one_name" });

impl Record {
    /// The text that `q=` searches: both names and the code.
    #[must_use]
    pub fn search_text(&self) -> String {
        search_text([&*self.name_fr, &*self.name_ar].into_iter(), Some(self.code.as_str()))
    }

    /// By how many percent the population changed from the census of 2014 to that of 2024, rounded to two
    /// places; `None` without a figure for 2014.
    #[must_use]
    pub fn population_change_percent(&self) -> Option<Decimal> {
        let before = self.population_2014?;
        Decimal::ratio(self.population_2024 - before, before, 100, 2)
    }
}

/// What a list of territories can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// The code, byte by byte.
    Code,
    /// The folded French name.
    NameFr,
    /// The folded Arabic name.
    NameAr,
    /// The population of 2024.
    Population2024,
}

codes!(SortKey { Code => "code", NameFr => "name_fr", NameAr => "name_ar", Population2024 => "population_2024" });

/// Which territories a list has, and in what order. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// Kinds, any of which.
    pub kinds: Vec<Kind>,
    /// Codes of parents, any of which.
    pub parents: Vec<Code>,
    /// Codes of regions, any of which.
    pub regions: Vec<Code>,
    /// Folded words, all of which; none of them finds nothing.
    pub words: Option<Vec<String>>,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<SortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(Kind::ALL, Kind::as_str);
        assert_codes(AreaType::ALL, AreaType::as_str);
        assert_codes(LocationMatch::ALL, LocationMatch::as_str);
    }

    #[test]
    fn an_address_is_a_code_or_an_id() {
        assert!(matches!(Address::parse("01.511.01.0"), Some(Address::Code(_))));
        assert!(matches!(Address::parse("01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), Some(Address::Id(_))));
        for nothing in ["", "1", "001", "01.5", "01.511.1", "01.511.01", "01.511.01.001", "rabat", "01;drop", "٠١"] {
            assert_eq!(Address::parse(nothing), None, "{nothing}");
        }
    }
}
