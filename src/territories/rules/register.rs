//! Territories as a list that somebody else keeps: the columns of an import, what a row says, and what must be right
//! between a unit and those above it.

use super::{AreaType, Code, Kind, Location, LocationMatch, Record};
use crate::kernel::{
    decimal::Decimal,
    patch::Patch,
    register::{At, Cells, Column, Fault, RowReader},
};

const CODE: Option<&str> = Some(r"[0-9]{2}(\.[0-9]{3}(\.[0-9]{2}\.[0-9]{1,2})?)?");
const COUNT: Option<&str> = Some("[0-9]{1,12}");
const DEGREES: Option<&str> = Some(r"-?[0-9]{1,3}(\.[0-9]{1,6})?");

/// The columns of a list of territories.
pub const COLUMNS: &[Column] = &[
    Column::new(
        "code",
        &["code_hcp", "code_territoire"],
        ("Code of the Haut-Commissariat au Plan; the natural key.", "01.051.01.01"),
        CODE,
    ),
    Column::new(
        "kind",
        &["type", "nature"],
        ("Kind of unit; it stays.", "commune"),
        Some("region|prefecture|province|prefecture_of_arrondissements|commune|arrondissement"),
    ),
    Column::new("area_type", &["milieu"], ("For communes: urban or rural.", "rural"), Some("urban|rural")),
    Column::new(
        "parent_code",
        &["code_parent"],
        ("Code of the unit that it is a part of; empty for regions and prefectures of arrondissements.", "01.051"),
        CODE,
    ),
    Column::new(
        "region_code",
        &["code_region"],
        ("Code of the region that it lies in; its own for a region.", "01"),
        CODE,
    ),
    Column::new("name_fr", &["nom_fr", "nom"], ("Name in French.", "Ajdir"), None),
    Column::new("name_ar", &["nom_ar"], ("Name in Arabic.", "أجدير"), None),
    Column::new(
        "population_2024",
        &["population_rgph_2024"],
        ("Legal population of the census of 2024.", "10000"),
        COUNT,
    ),
    Column::new("households_2024", &["menages_2024"], ("Households of the census of 2024.", "2000"), COUNT),
    Column::new(
        "population_2014",
        &["population_rgph_2014"],
        ("Legal population of the census of 2014.", "9000"),
        COUNT,
    ),
    Column::new("latitude", &[], ("Degrees north of a point in it (WGS 84).", "35.2"), DEGREES),
    Column::new("longitude", &[], ("Degrees east of that point.", "-3.9"), DEGREES),
    Column::new("geonames_id", &["id_geonames"], ("The point's identifier in GeoNames.", "2530335"), COUNT),
    Column::new(
        "location_matched_by",
        &["rapprochement"],
        ("How the point was found.", "one_name"),
        Some("names_ar_and_latin|one_name"),
    ),
];

/// A row of a list of territories: what it says of the unit with a code.
#[derive(Debug)]
pub struct Line {
    /// Its place.
    pub at: At,
    /// The code.
    pub code: Code,
    kind: Patch<Kind>,
    area_type: Patch<AreaType>,
    parent_code: Patch<Code>,
    region_code: Patch<Code>,
    name_fr: Patch<String>,
    name_ar: Patch<String>,
    population_2024: Patch<i64>,
    households_2024: Patch<i64>,
    population_2014: Patch<i64>,
    point: Option<Box<Point>>,
}

#[derive(Debug)]
struct Point {
    latitude: Patch<Decimal>,
    longitude: Patch<Decimal>,
    geonames_id: Patch<i64>,
    matched_by: Patch<LocationMatch>,
}

fn count(text: &str) -> Result<i64, String> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| "is not a whole number of at most 12 digits".to_owned())
}

fn degrees(text: &str, most: i64) -> Result<Decimal, String> {
    let degrees: Decimal = text.parse().map_err(|_no_number| "is not a number of degrees with at most 6 places")?;
    if degrees.millionths().abs() <= most * 1_000_000 {
        Ok(degrees)
    } else {
        Err(format!("is not from -{most} to {most}"))
    }
}

impl Line {
    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(mut row: RowReader<'_>) -> Result<Self, Vec<Fault>> {
        let code = row.read::<Code>("code");
        let point = Point {
            latitude: row.read_with("latitude", |text| degrees(text, 90)),
            longitude: row.read_with("longitude", |text| degrees(text, 180)),
            geonames_id: row.read_with("geonames_id", count),
            matched_by: row.read("location_matched_by"),
        };
        let mut line = Self {
            at: row.at(),
            code: Code(String::new()),
            kind: row.read("kind"),
            area_type: row.read("area_type"),
            parent_code: row.read("parent_code"),
            region_code: row.read("region_code"),
            name_fr: row.line("name_fr", 200),
            name_ar: row.line("name_ar", 200),
            population_2024: row.read_with("population_2024", count),
            households_2024: row.read_with("households_2024", count),
            population_2014: row.read_with("population_2014", count),
            point: point.is_named().then(|| Box::new(point)),
        };
        match code {
            Patch::Value(code) => line.code = code,
            _ if row.has_fault("code") => {}
            _ => row.refuse("code", "missing_value", "code is missing; it says which territory the row is about."),
        }
        row.done(line)
    }

    /// What the territory would be: what the row says, over what is there.
    ///
    /// # Errors
    /// What a new territory must have and the row lacks, and a kind that would change.
    pub fn onto(self, former: Option<&Record>) -> Result<Record, Vec<Fault>> {
        let mut faults = Vec::new();
        let at = self.at;
        let mut missing = |column: &'static str| {
            let detail = format!("{column} is missing; every territory has one.");
            faults.push(Fault::of(at, column, "missing_value", detail));
        };
        macro_rules! required {
            ($column:ident) => {{
                let value = self.$column.onto(former.map(|former| former.$column.clone()));
                if value.is_none() {
                    missing(stringify!($column));
                }
                value
            }};
        }
        let (kind, region_code) = (required!(kind), required!(region_code));
        let (french, arabic) = (required!(name_fr), required!(name_ar));
        let (population_2024, households_2024) = (required!(population_2024), required!(households_2024));
        let area_type = self.area_type.onto(former.and_then(|former| former.area_type));
        let parent_code = self.parent_code.onto(former.and_then(|former| former.parent_code.clone()));
        let population_2014 = self.population_2014.onto(former.and_then(|former| former.population_2014));
        let location = former.and_then(|former| former.location);
        let location = match self.point {
            None => Ok(location),
            Some(point) => point.onto(location),
        };
        let location = location.unwrap_or_else(|column| {
            let detail = "A point has latitude, longitude, geonames_id and location_matched_by, or none of them.";
            faults.push(Fault::of(at, column, "missing_value", detail));
            None
        });
        if let (Some(former), Some(kind)) = (former, kind)
            && former.kind != kind
        {
            let detail = format!("{} is a {}, and the kind of a territory stays.", self.code, former.kind.as_str());
            faults.push(Fault::of(at, "kind", "kind_stays", detail));
        }
        match (kind, region_code, french, arabic, population_2024, households_2024) {
            (
                Some(kind),
                Some(region_code),
                Some(french),
                Some(arabic),
                Some(population_2024),
                Some(households_2024),
            ) if faults.is_empty() => Ok(Record {
                code: self.code,
                kind,
                area_type,
                parent_code,
                region_code,
                name_fr: french,
                name_ar: arabic,
                population_2024,
                households_2024,
                population_2014,
                location,
            }),
            _ => Err(faults),
        }
    }
}

impl Point {
    const fn is_named(&self) -> bool {
        self.latitude.is_named()
            || self.longitude.is_named()
            || self.geonames_id.is_named()
            || self.matched_by.is_named()
    }

    /// The point behind a row, or the column that it lacks.
    fn onto(self, former: Option<Location>) -> Result<Option<Location>, &'static str> {
        let latitude = self.latitude.onto(former.map(|point| point.latitude));
        let longitude = self.longitude.onto(former.map(|point| point.longitude));
        let geonames_id = self.geonames_id.onto(former.map(|point| point.geonames_id));
        let matched_by = self.matched_by.onto(former.map(|point| point.matched_by));
        match (latitude, longitude, geonames_id, matched_by) {
            (None, None, None, None) => Ok(None),
            (Some(latitude), Some(longitude), Some(geonames_id), Some(matched_by)) => {
                Ok(Some(Location { latitude, longitude, geonames_id, matched_by }))
            }
            (None, ..) => Err("latitude"),
            (_, None, ..) => Err("longitude"),
            (_, _, None, _) => Err("geonames_id"),
            _ => Err("location_matched_by"),
        }
    }
}

/// A unit above another one, as far as the one below must fit it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Above {
    /// Its kind.
    pub kind: Kind,
    /// The code of its region.
    pub region_code: Code,
}

/// What is wrong between a territory and those above it, which `above` finds by their codes.
pub fn check<'a>(record: &Record, at: At, above: impl Fn(&Code) -> Option<&'a Above>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut refuse = |column, code, detail: String| faults.push(Fault::of(at, column, code, detail));
    if (record.kind == Kind::Commune) != record.area_type.is_some() {
        refuse("area_type", "unfit_value", "Communes, and only they, are urban or rural.".to_owned());
    }
    let is_own_region = record.region_code == record.code;
    if (record.kind == Kind::Region) != is_own_region {
        refuse("region_code", "unfit_value", "A region, and nothing else, has its own code as region_code.".to_owned());
    } else if !is_own_region && above(&record.region_code).is_none_or(|region| region.kind != Kind::Region) {
        refuse("region_code", "unknown_territory", format!("There is no region {}.", record.region_code));
    }
    let stands_alone = matches!(record.kind, Kind::Region | Kind::PrefectureOfArrondissements);
    let kind = record.kind.as_str();
    match &record.parent_code {
        None if stands_alone => {}
        None => refuse("parent_code", "missing_value", format!("A {kind} is a part of another unit.")),
        Some(_) if stands_alone => {
            refuse("parent_code", "unfit_value", format!("A {kind} is stated to be a part of nothing."));
        }
        Some(parent) => match above(parent) {
            None => refuse("parent_code", "unknown_territory", format!("There is no territory {parent}.")),
            Some(found)
                if found.kind.depth() + 1 != record.kind.depth() || found.kind == Kind::PrefectureOfArrondissements =>
            {
                let detail = format!("A {kind} is no part of a {}, which {parent} is.", found.kind.as_str());
                refuse("parent_code", "unfit_territory", detail);
            }
            Some(found) if found.region_code != record.region_code => {
                let detail = format!("{parent} lies in region {}.", found.region_code);
                refuse("region_code", "unfit_value", detail);
            }
            Some(_) => {}
        },
    }
    faults
}

/// The cells of a territory.
#[must_use]
pub fn cells(record: &Record) -> Cells {
    let point = record.location;
    vec![
        Some(record.code.to_string()),
        Some(record.kind.as_str().to_owned()),
        record.area_type.map(|area| area.as_str().to_owned()),
        record.parent_code.as_ref().map(ToString::to_string),
        Some(record.region_code.to_string()),
        Some(record.name_fr.clone()),
        Some(record.name_ar.clone()),
        Some(record.population_2024.to_string()),
        Some(record.households_2024.to_string()),
        record.population_2014.map(|population| population.to_string()),
        point.map(|point| point.latitude.to_string()),
        point.map(|point| point.longitude.to_string()),
        point.map(|point| point.geonames_id.to_string()),
        point.map(|point| point.matched_by.as_str().to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kernel::register::Cell,
        territories::{REFERENCE, parse_reference},
    };
    use std::{borrow::Cow, collections::HashMap};

    const AT: At = At { row: 1, line: None };

    fn read(cells: &Cells) -> Result<Line, Vec<Fault>> {
        let cells: Vec<_> = cells
            .iter()
            .map(|cell| cell.as_deref().map_or(Patch::Null, |text| Patch::Value(Cow::Borrowed(text))))
            .collect();
        Line::read(RowReader::new(COLUMNS, &cells, AT))
    }

    #[test]
    fn every_unit_of_the_census_is_written_and_read_back_and_fits() {
        let records = parse_reference(REFERENCE).unwrap();
        let above: HashMap<&Code, Above> = records
            .iter()
            .map(|record| (&record.code, Above { kind: record.kind, region_code: record.region_code.clone() }))
            .collect();
        for record in &records {
            assert_eq!(cells(record).len(), COLUMNS.len());
            let read = read(&cells(record)).unwrap().onto(None).unwrap();
            assert_eq!(read, *record);
            assert_eq!(check(record, AT, |code| above.get(code)), [], "{}", record.code);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_where_it_stands() {
        let records = parse_reference(REFERENCE).unwrap();
        let commune = records.iter().find(|record| record.kind == Kind::Commune).unwrap();
        let found = |change: &dyn Fn(&mut Record)| {
            let mut record = commune.clone();
            change(&mut record);
            let region = Above { kind: Kind::Region, region_code: commune.region_code.clone() };
            let province = Above { kind: Kind::Province, region_code: commune.region_code.clone() };
            let parent = commune.parent_code.clone().unwrap();
            let above = HashMap::from([(commune.region_code.clone(), region), (parent, province)]);
            let faults = check(&record, AT, |code| above.get(code));
            faults.into_iter().map(|fault| fault.column.unwrap().into_owned()).collect::<Vec<_>>()
        };
        assert!(found(&|_| {}).is_empty());
        assert_eq!(found(&|record| record.area_type = None), ["area_type"]);
        assert_eq!(found(&|record| record.parent_code = None), ["parent_code"]);
        assert_eq!(found(&|record| record.parent_code = "99.999".parse().ok()), ["parent_code"]);
        assert_eq!(found(&|record| record.parent_code = Some(commune.region_code.clone())), ["parent_code"]);
        assert_eq!(found(&|record| record.region_code = "99".parse().unwrap()), ["region_code", "region_code"]);
    }

    #[test]
    fn a_new_unit_needs_everything_and_a_known_one_keeps_what_is_not_said() {
        let records = parse_reference(REFERENCE).unwrap();
        let known = records.last().unwrap();
        let mut only_name: Vec<Cell> = COLUMNS.iter().map(|_| Patch::Absent).collect();
        only_name[0] = Patch::Value(Cow::Owned(known.code.to_string()));
        only_name[5] = Patch::Value(Cow::Borrowed("Neuf"));
        let line = || Line::read(RowReader::new(COLUMNS, &only_name, AT)).unwrap();
        assert_eq!(line().onto(Some(known)).unwrap(), Record { name_fr: "Neuf".to_owned(), ..known.clone() });
        let missing: Vec<_> = line().onto(None).unwrap_err().into_iter().map(|fault| fault.column.unwrap()).collect();
        assert_eq!(missing, ["kind", "region_code", "name_ar", "population_2024", "households_2024"]);
    }
}
