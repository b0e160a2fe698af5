//! Reads the files of the census and the points that were matched to its units. Parents are stated in the files,
//! column by column, and are taken from there only.

use std::collections::HashMap;

use serde::{Deserialize, de::DeserializeOwned};

use super::{Code, Kind, Location, Record};
use crate::kernel::delimited;

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

/// A line of the file of points.
#[derive(Deserialize)]
struct PointLine {
    territory_code: String,
    latitude: String,
    longitude: String,
    geonames_id: i64,
    matched_by: String,
}

/// Reads the census files (CSV texts with a header line: regions, provinces, communes, arrondissements) and the
/// file of points into records, parents before children.
///
/// # Errors
/// A sentence that names the file and the line.
pub fn parse_reference(files: &[&str]) -> Result<Vec<Record>, String> {
    let [regions, provinces, communes, arrondissements, points] = files else {
        return Err(format!("there are {} files, not five", files.len()));
    };
    let mut records = Vec::with_capacity(1_650);
    each_line("regions.csv", regions, |line: Line| {
        let code: Code = line.code.parse()?;
        records.push(record(line, Kind::Region, None, code)?);
        Ok(())
    })?;
    each_line("provinces.csv", provinces, |line: Line| {
        let region: Code = required(line.region_code.as_deref())?.parse()?;
        let kind: Kind = required(line.r#type.as_deref())?.parse()?;
        let parent = (kind != Kind::PrefectureOfArrondissements).then(|| region.clone());
        records.push(record(line, kind, parent, region)?);
        Ok(())
    })?;
    each_line("communes.csv", communes, |line: Line| {
        let region: Code = required(line.region_code.as_deref())?.parse()?;
        let province: Code = required(line.province_code.as_deref())?.parse()?;
        records.push(record(line, Kind::Commune, Some(province), region)?);
        Ok(())
    })?;
    each_line("arrondissements.csv", arrondissements, |line: Line| {
        let commune: Code = required(line.commune_code.as_deref())?.parse()?;
        let seat = records.iter().find(|other| other.code == commune).ok_or("names an unknown commune")?;
        let region = seat.region_code.clone();
        records.push(record(line, Kind::Arrondissement, Some(commune), region)?);
        Ok(())
    })?;
    locate(&mut records, points)?;
    Ok(records)
}

/// Gives the records their points.
fn locate(records: &mut [Record], points: &str) -> Result<(), String> {
    let mut by_code: HashMap<String, &mut Record> =
        records.iter_mut().map(|record| (record.code.to_string(), record)).collect();
    each_line("coordinates.csv", points, |line: PointLine| {
        let record = by_code.get_mut(&line.territory_code).ok_or("names an unknown territory")?;
        let degrees = |text: &str| text.parse().ok().ok_or("has a coordinate that is no number");
        record.location = Some(Location {
            latitude: degrees(&line.latitude)?,
            longitude: degrees(&line.longitude)?,
            geonames_id: line.geonames_id,
            matched_by: line.matched_by.parse()?,
        });
        Ok(())
    })
}

fn required(cell: Option<&str>) -> Result<&str, &'static str> {
    cell.filter(|cell| !cell.is_empty()).ok_or("has an empty cell")
}

fn each_line<T: DeserializeOwned>(
    file: &str,
    text: &str,
    mut take: impl FnMut(T) -> Result<(), &'static str>,
) -> Result<(), String> {
    for (number, line) in delimited::each::<T>(text) {
        let taken = line.and_then(|line| take(line).map_err(str::to_owned));
        taken.map_err(|why| format!("{file}, line {number}: {why}"))?;
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
        location: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, HashSet};

    fn reference() -> Vec<Record> {
        parse_reference(crate::territories::REFERENCE).unwrap()
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
        let mut stated = csv::Reader::from_reader(include_str!("../../../data/territories/communes.csv").as_bytes());
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
    fn a_broken_file_names_its_line() {
        let header = "code,name_fr,name_ar,population_2024,households_2024\n";
        let files = |regions| parse_reference(&[regions, header, header, header, ""]);
        let text = format!("{header}01,A,ا,1,1\nxx,B,ب,1,1\n");
        assert!(files(&text).unwrap_err().starts_with("regions.csv, line 3: is not a code"));
        let text = format!("{header}01,A,ا,many,1\n");
        assert!(files(&text).unwrap_err().starts_with("regions.csv, line 2: "));
        let text = format!("{header}01,\"A \"b\"\",ا,1,1\n");
        assert!(files(&text).unwrap_err().starts_with("regions.csv, line 2: has text after"));
    }
}
