//! What a territorial unit is, and how the census files are read. Pure.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{
    decimal::Decimal,
    fold::fold,
    id::is_id,
    paging::{Order, Position},
};

/// What kind of unit a territory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
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

impl Kind {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Region, "region"),
        (Self::Prefecture, "prefecture"),
        (Self::Province, "province"),
        (Self::PrefectureOfArrondissements, "prefecture_of_arrondissements"),
        (Self::Commune, "commune"),
        (Self::Arrondissement, "arrondissement"),
    ];

    /// The name that stands in JSON and in the databases.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

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

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind);
        found.ok_or("is none of region, prefecture, province, prefecture_of_arrondissements, commune, arrondissement")
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

impl AreaType {
    /// The name that stands in JSON and in the databases.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Urban => "urban",
            Self::Rural => "rural",
        }
    }
}

impl FromStr for AreaType {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "urban" => Ok(Self::Urban),
            "rural" => Ok(Self::Rural),
            _ => Err("is neither urban nor rural"),
        }
    }
}

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

impl FromStr for Code {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

/// How a territory is addressed in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// By its code.
    Code(Code),
    /// By its id.
    Id(String),
}

impl Address {
    /// Reads a path segment; `None` for what can't be the address of any territory.
    #[must_use]
    pub fn parse(segment: &str) -> Option<Self> {
        if is_id(segment) {
            return Some(Self::Id(segment.to_owned()));
        }
        segment.parse().ok().map(Self::Code)
    }
}

/// A stored territory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Territory {
    /// The id.
    pub id: String,
    /// Counts the changes of the row.
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// What the census says.
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
}

impl Record {
    /// The text that `q=` searches: both names and the code, folded.
    #[must_use]
    pub fn search_text(&self) -> String {
        format!("{} {} {}", fold(&self.name_fr), fold(&self.name_ar), fold(self.code.as_str()))
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

impl FromStr for SortKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "code" => Ok(Self::Code),
            "name_fr" => Ok(Self::NameFr),
            "name_ar" => Ok(Self::NameAr),
            "population_2024" => Ok(Self::Population2024),
            _ => Err("is none of code, name_fr, name_ar, population_2024, or one of them with a - in front"),
        }
    }
}

/// Which territories a list has, and in what order. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// Kinds, any of which.
    pub kinds: Vec<Kind>,
    /// Codes of parents, any of which.
    pub parents: Vec<Code>,
    /// Codes of regions, any of which.
    pub regions: Vec<Code>,
    /// Folded words, all of which.
    pub words: Vec<String>,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<SortKey>,
}

/// A page of a list to be read.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Which list.
    pub filters: Filters,
    /// Begin behind this row.
    pub after: Option<Position>,
    /// The most rows.
    pub limit: u8,
    /// Whether to count the whole list.
    pub count: bool,
}

/// The folded words of a search text.
///
/// # Errors
/// When no letter or digit is left.
pub fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let words: Vec<String> = fold(text).split_whitespace().map(str::to_owned).collect();
    if words.is_empty() { Err("has no letter or digit") } else { Ok(words) }
}

/// A line of any of the four files; what a file does not have is absent.
#[derive(Deserialize)]
struct Line {
    code: String,
    name_fr: String,
    name_ar: String,
    r#type: Option<String>,
    region_code: Option<String>,
    province_code: Option<String>,
    commune_code: Option<String>,
    population_2024: i64,
    households_2024: i64,
    #[serde(default)]
    population_2014: Option<i64>,
}

/// Reads the census files (CSV texts with a header line: regions, provinces, communes, arrondissements) into
/// records, parents before children.
///
/// # Errors
/// A sentence that names the file and the line.
pub fn parse_reference(files: &[&str]) -> Result<Vec<Record>, String> {
    let [regions, provinces, communes, arrondissements] = files else {
        return Err(format!("there are {} census files, not four", files.len()));
    };
    let mut records = Vec::with_capacity(1_650);
    each_line("regions.csv", regions, |line| {
        let code: Code = line.code.parse()?;
        records.push(record(line, Kind::Region, None, code)?);
        Ok(())
    })?;
    each_line("provinces.csv", provinces, |line| {
        let region: Code = required(line.region_code.as_deref())?.parse()?;
        let kind: Kind = required(line.r#type.as_deref())?.parse()?;
        let parent = (kind != Kind::PrefectureOfArrondissements).then(|| region.clone());
        records.push(record(line, kind, parent, region)?);
        Ok(())
    })?;
    each_line("communes.csv", communes, |line| {
        let region: Code = required(line.region_code.as_deref())?.parse()?;
        let province: Code = required(line.province_code.as_deref())?.parse()?;
        records.push(record(line, Kind::Commune, Some(province), region)?);
        Ok(())
    })?;
    each_line("arrondissements.csv", arrondissements, |line| {
        let commune: Code = required(line.commune_code.as_deref())?.parse()?;
        let seat = records.iter().find(|other| other.code == commune).ok_or("names an unknown commune")?;
        let region = seat.region_code.clone();
        records.push(record(line, Kind::Arrondissement, Some(commune), region)?);
        Ok(())
    })?;
    Ok(records)
}

fn required(cell: Option<&str>) -> Result<&str, &'static str> {
    cell.filter(|cell| !cell.is_empty()).ok_or("has an empty cell")
}

fn each_line(file: &str, text: &str, mut take: impl FnMut(Line) -> Result<(), &'static str>) -> Result<(), String> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for (at, line) in reader.deserialize::<Line>().enumerate() {
        let line = line.map_err(|error| format!("{file}: {error}"))?;
        take(line).map_err(|why| format!("{file}, line {}: {why}", at + 2))?;
    }
    Ok(())
}

fn record(line: Line, kind: Kind, parent_code: Option<Code>, region_code: Code) -> Result<Record, &'static str> {
    let area_type = match kind {
        Kind::Commune => Some(required(line.r#type.as_deref())?.parse()?),
        _ => None,
    };
    Ok(Record {
        code: line.code.parse()?,
        kind,
        area_type,
        parent_code,
        region_code,
        name_fr: line.name_fr,
        name_ar: line.name_ar,
        population_2024: line.population_2024,
        households_2024: line.households_2024,
        population_2014: line.population_2014,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashSet};

    fn reference() -> Vec<Record> {
        parse_reference(super::super::REFERENCE).unwrap()
    }

    fn of(kind: Kind) -> Vec<Record> {
        reference().into_iter().filter(|record| record.kind == kind).collect()
    }

    #[test]
    fn the_files_hold_what_the_laws_and_the_census_say() {
        let count = |kind| of(kind).len();
        assert_eq!(count(Kind::Region), 12);
        assert_eq!(count(Kind::Prefecture) + count(Kind::Province), 75);
        assert_eq!(count(Kind::PrefectureOfArrondissements), 8);
        assert_eq!(count(Kind::Commune), 1_503);
        assert_eq!(count(Kind::Arrondissement), 41);
        assert_eq!(of(Kind::Region).iter().map(|region| region.population_2024).sum::<i64>(), 36_828_330);
    }

    #[test]
    fn codes_are_unique_as_texts_and_two_units_differ_by_one_digit() {
        let records = reference();
        let codes: HashSet<&Code> = records.iter().map(|record| &record.code).collect();
        assert_eq!(codes.len(), records.len());
        let kind = |code: &str| records.iter().find(|record| record.code.as_str() == code).map(|record| record.kind);
        assert_eq!(kind("06.141.01.0"), Some(Kind::Commune));
        assert_eq!(kind("06.141.01.00"), Some(Kind::PrefectureOfArrondissements));
    }

    #[test]
    fn parents_come_first_and_their_populations_are_the_sums_of_their_children() {
        let mut seen: BTreeMap<Code, i64> = BTreeMap::new();
        let mut sums: BTreeMap<Code, i64> = BTreeMap::new();
        for record in reference() {
            if let Some(parent) = &record.parent_code {
                assert!(seen.contains_key(parent), "{} comes before its parent", record.code);
                *sums.entry(parent.clone()).or_default() += record.population_2024;
            }
            seen.insert(record.code, record.population_2024);
        }
        for (parent, sum) in sums {
            assert_eq!(seen[&parent], sum, "{parent}");
        }
    }

    #[test]
    fn the_prefectures_of_arrondissements_overlay_one_prefecture_and_have_no_parent() {
        let overlay = of(Kind::PrefectureOfArrondissements);
        assert!(overlay.iter().all(|unit| unit.parent_code.is_none() && unit.region_code.as_str() == "06"));
        assert!(
            reference().iter().all(|unit| overlay.iter().all(|over| unit.parent_code.as_ref() != Some(&over.code)))
        );
    }

    #[test]
    fn four_communes_lack_a_figure_for_2014_and_the_others_change_as_the_census_says() {
        let without: Vec<String> =
            of(Kind::Commune).into_iter().filter(|c| c.population_2014.is_none()).map(|c| c.name_fr).collect();
        assert_eq!(without, ["Mijik", "Lagouira", "Aghouinite", "Zoug"]);
        let mut stated = csv::Reader::from_reader(include_str!("../../data/territories/communes.csv").as_bytes());
        let headers = stated.headers().unwrap().clone();
        let column = |name| headers.iter().position(|header| header == name).unwrap();
        let communes = of(Kind::Commune);
        for (commune, line) in communes.iter().zip(stated.records()) {
            let line = line.unwrap();
            assert_eq!(&line[column("code")], commune.code.as_str());
            let stated = &line[column("change_pct")];
            let computed = commune.population_change_percent();
            assert_eq!(computed, (!stated.is_empty()).then(|| stated.parse().unwrap()), "{}", commune.code);
        }
    }

    #[test]
    fn an_address_is_a_code_or_an_id() {
        assert!(matches!(Address::parse("01.511.01.0"), Some(Address::Code(_))));
        assert!(matches!(Address::parse("01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), Some(Address::Id(_))));
        for nothing in ["", "1", "001", "01.5", "01.511.1", "01.511.01", "01.511.01.001", "rabat", "01;drop", "٠١"] {
            assert_eq!(Address::parse(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_broken_file_names_its_line() {
        let header = "code,name_fr,name_ar,population_2024,households_2024\n";
        let files = |regions| parse_reference(&[regions, header, header, header]);
        let text = format!("{header}01,A,ا,1,1\nxx,B,ب,1,1\n");
        assert!(files(&text).unwrap_err().starts_with("regions.csv, line 3: is not a code"));
        let text = format!("{header}01,A,ا,many,1\n");
        assert!(files(&text).unwrap_err().contains("line: 2"));
    }
}
