//! The network's catalogue of indicators, which members report against so that figures compare, and the units of all of
//! them: what the two files of reference data say, read once and checked in everything that readers rely on.

use std::{collections::BTreeSet, sync::LazyLock};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{
    disaggregation::{Dimension, check_dimensions, is_code},
    measure::{Direction, Kind, Measure},
    period::Frequency,
};
use crate::kernel::{
    codes::codes,
    id::Slug,
    language::{Language, LanguageMap},
    violation::Violations,
};

/// What an indicator is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndicatorScope)]
pub enum Scope {
    /// The network.
    Network,
    /// An open action programme.
    Programme,
    /// A project of a programme.
    Project,
    /// A commitment of the charter, as a member keeps it.
    Commitment,
}

codes!(Scope {
    Network => "network",
    Programme => "programme",
    Project => "project",
    Commitment => "commitment",
});

/// What values are counted in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IndicatorUnit)]
pub struct Unit {
    /// Stable code.
    #[schema(example = "percent", pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub code: String,
    /// What it is called.
    pub label: LanguageMap,
    /// What is written behind a number; null where the label is.
    #[schema(example = "%")]
    pub symbol: Option<String>,
    /// Whether amounts of it can be added up, so that the parts of a disaggregation must.
    pub additive: bool,
    /// What a ratio is multiplied by to be in this unit: 100 for percent, 1 for most.
    #[schema(example = 100, minimum = 1)]
    pub scale: u32,
}

/// An indicator of the catalogue, in one version of its definition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Stable code.
    pub code: Slug,
    /// The version of the definition, from 1; another one starts a new series.
    pub version: i64,
    /// What it is called.
    pub title: LanguageMap,
    /// What it measures.
    pub measures: LanguageMap,
    /// How it is computed.
    pub computation: LanguageMap,
    /// Code of the unit.
    pub unit: String,
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
    pub commitment: Option<Slug>,
    /// Whether the system computes it itself.
    pub computed: bool,
    /// Codes of the dimensions that its values may be split by.
    pub dimensions: Vec<String>,
    /// Where its figures come from.
    pub source: LanguageMap,
    /// Who in a local government answers for them.
    pub responsible_unit: LanguageMap,
    /// Whether this is the network's official wording; otherwise it is ours.
    pub official: bool,
}

/// The reference data of indicators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    /// The units.
    pub units: Vec<Unit>,
    /// What values can be split by.
    pub dimensions: Vec<Dimension>,
    /// The indicators.
    pub entries: Vec<Entry>,
}

impl Catalogue {
    /// The unit of a code.
    #[must_use]
    pub fn unit(&self, code: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.code == code)
    }

    /// The dimensions that an entry names, in the order in which it does.
    #[must_use]
    pub fn dimensions_of(&self, entry: &Entry) -> Vec<Dimension> {
        let find = |code: &String| self.dimensions.iter().find(|dimension| dimension.code == *code);
        entry.dimensions.iter().filter_map(find).cloned().collect()
    }

    /// What the values of an entry must fit; `None` where its unit is unknown, which in a parsed catalogue none is.
    #[must_use]
    pub fn measure(&self, entry: &Entry) -> Option<Measure> {
        let unit = self.unit(&entry.unit)?;
        let highest_level = u32::try_from(entry.levels.len().saturating_sub(1)).ok()?;
        Some(Measure { kind: entry.kind, scale: unit.scale, highest_level, is_additive: unit.additive })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitsFile {
    units: Vec<Unit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogueFile {
    dimensions: Vec<Dimension>,
    entries: Vec<Entry>,
}

/// The embedded reference data.
pub const REFERENCE: [&str; 2] =
    [include_str!("../../../data/indicators/units.json"), include_str!("../../../data/indicators/catalogue.json")];

static CATALOGUE: LazyLock<Result<Catalogue, String>> = LazyLock::new(|| {
    let [units, catalogue] = REFERENCE;
    parse_reference(units, catalogue)
});

/// The network's catalogue, read once.
///
/// # Errors
/// What is wrong with the embedded files, which a test looks for.
pub fn reference() -> Result<&'static Catalogue, &'static str> {
    CATALOGUE.as_ref().map_err(String::as_str)
}

/// Reads `data/indicators/units.json` and `data/indicators/catalogue.json`.
///
/// # Errors
/// Sentences that name the file and the places.
pub fn parse_reference(units: &str, catalogue: &str) -> Result<Catalogue, String> {
    let UnitsFile { units } = read("units.json", units)?;
    let mut violations = Violations::default();
    check_units(&units, &mut violations);
    settled("units.json", violations)?;
    let CatalogueFile { dimensions, entries } = read("catalogue.json", catalogue)?;
    let catalogue = Catalogue { units, dimensions, entries };
    let mut violations = Violations::default();
    check_dimensions(&catalogue.dimensions, "/dimensions", &mut violations);
    for (at, dimension) in catalogue.dimensions.iter().enumerate() {
        in_three_languages(&dimension.label, &format!("/dimensions/{at}/label"), 100, &mut violations);
        for (number, category) in dimension.categories.iter().enumerate() {
            let at = format!("/dimensions/{at}/categories/{number}/label");
            in_three_languages(&category.label, &at, 100, &mut violations);
        }
    }
    check_entries(&catalogue, &mut violations);
    settled("catalogue.json", violations)?;
    Ok(catalogue)
}

fn read<T: DeserializeOwned>(file: &str, json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("indicators/{file}: {error}"))
}

fn settled(file: &str, violations: Violations) -> Result<(), String> {
    let told = |violations: Violations| {
        let faults = violations.into_iter().map(|fault| format!("{}: {}", fault.pointer, fault.detail));
        format!("indicators/{file}: {}", faults.collect::<Vec<_>>().join(" "))
    };
    violations.done().map_err(told)
}

/// Checks a text of ours: there in all languages, in its stored form.
fn in_three_languages(map: &LanguageMap, at: &str, most_chars: usize, violations: &mut Violations) {
    let stored = map.checked(violations, at, most_chars);
    for language in Language::ALL {
        let code = language.as_str();
        match (map.get(*language), stored.get(*language)) {
            (None, _) => violations.add(at, "missing_language", format!("There is no text in {code}.")),
            (Some(text), Some(stored)) if text != stored => {
                violations.add(at, "not_normal", format!("The text in {code} has space around it or is not composed."));
            }
            _ => {}
        }
    }
}

fn check_units(units: &[Unit], violations: &mut Violations) {
    let mut seen = BTreeSet::new();
    for (at, unit) in units.iter().enumerate() {
        let at = format!("/units/{at}");
        if !is_code(&unit.code) {
            violations.add(format!("{at}/code"), "invalid_value", format!("{} is no code.", unit.code));
        }
        if !seen.insert(&unit.code) {
            violations.add(format!("{at}/code"), "duplicate", format!("{} stands here twice.", unit.code));
        }
        if unit.scale == 0 {
            violations.add(format!("{at}/scale"), "invalid_value", "scale is not at least 1.");
        }
        in_three_languages(&unit.label, &format!("{at}/label"), 100, violations);
    }
}

fn check_entries(catalogue: &Catalogue, violations: &mut Violations) {
    let mut seen = BTreeSet::new();
    for (at, entry) in catalogue.entries.iter().enumerate() {
        let at = format!("/entries/{at}");
        let code = &entry.code;
        if !seen.insert((code, entry.version)) {
            violations.add(format!("{at}/code"), "duplicate", format!("{code} stands here twice."));
        }
        if entry.version < 1 {
            violations.add(format!("{at}/version"), "invalid_value", "version is not at least 1.");
        }
        for (name, text, most_chars) in [
            ("title", &entry.title, 200),
            ("measures", &entry.measures, 1_000),
            ("computation", &entry.computation, 1_000),
            ("source", &entry.source, 1_000),
            ("responsible_unit", &entry.responsible_unit, 200),
        ] {
            in_three_languages(text, &format!("{at}/{name}"), most_chars, violations);
        }
        check_kind(catalogue, entry, &at, violations);
        if entry.scope == Scope::Commitment && entry.commitment.is_none() {
            let detail = "An indicator of a commitment names it: commitment is missing.";
            violations.add(format!("{at}/commitment"), "missing_value", detail);
        }
        for code in &entry.dimensions {
            if !catalogue.dimensions.iter().any(|dimension| dimension.code == *code) {
                violations.add(format!("{at}/dimensions"), "unknown", format!("{code} is no dimension."));
            }
        }
        if entry.dimensions.iter().collect::<BTreeSet<_>>().len() < entry.dimensions.len() {
            violations.add(format!("{at}/dimensions"), "duplicate", "A dimension stands here twice.");
        }
    }
}

/// Checks what kind, unit and levels have to do with one another.
fn check_kind(catalogue: &Catalogue, entry: &Entry, at: &str, violations: &mut Violations) {
    let Some(unit) = catalogue.unit(&entry.unit) else {
        violations.add(format!("{at}/unit"), "unknown", format!("{} is no unit.", entry.unit));
        return;
    };
    if let Some(why) = entry.kind.misfit(unit.scale) {
        violations.add(format!("{at}/unit"), "unfit_kind", why);
    }
    let levels = entry.levels.len();
    match entry.kind {
        Kind::Scale if !(2..=11).contains(&levels) => {
            violations.add(format!("{at}/levels"), "invalid_value", "A scale has 2 to 11 levels.");
        }
        Kind::Scale => {}
        _ if levels > 0 => violations.add(format!("{at}/levels"), "unfit_kind", "Only a scale has levels."),
        _ => {}
    }
    for (number, level) in entry.levels.iter().enumerate() {
        in_three_languages(level, &format!("{at}/levels/{number}"), 200, violations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{charter, kernel::codes::assert_codes};
    use serde_json::{Value, json};

    fn catalogue() -> Catalogue {
        parse_reference(REFERENCE[0], REFERENCE[1]).unwrap()
    }

    #[test]
    fn json_and_databases_spell_the_scopes_alike() {
        assert_codes(Scope::ALL, Scope::as_str);
    }

    #[test]
    fn the_catalogue_has_the_starter_set_and_computes_what_the_system_knows() {
        let catalogue = catalogue();
        let find = |code: &str| catalogue.entries.iter().find(|entry| entry.code.as_str() == code).unwrap();
        for code in [
            "projects-by-status",
            "milestones-done",
            "milestones-late",
            "ideas-received",
            "ideas-accepted",
            "ideas-answered-with-reasons",
            "days-from-idea-to-answer",
            "consultation-participants",
            "committee-women-share",
            "committee-civil-society-share",
        ] {
            assert!(find(code).computed, "{code}");
        }
        for code in ["documents-published-proactively", "services-fully-online"] {
            assert!(!find(code).computed, "{code}");
        }
        assert!(catalogue.entries.len() >= 20);
        for kind in Kind::ALL {
            assert!(catalogue.entries.iter().any(|entry| entry.kind == *kind), "{kind:?}");
        }
        let participants = find("consultation-participants");
        let dimensions: Vec<String> =
            catalogue.dimensions_of(participants).into_iter().map(|dimension| dimension.code).collect();
        assert_eq!(dimensions, ["sex", "age_group", "association"]);
        assert!(catalogue.measure(participants).unwrap().adds_up());
        assert_eq!(catalogue.measure(find("civil-society-involvement")).unwrap().highest_level, 4);
    }

    #[test]
    fn every_commitment_that_is_named_is_one_of_the_charters() {
        let charter: Value = serde_json::from_str(charter::REFERENCE[0]).unwrap();
        let commitments: Vec<&str> = charter["versions"][0]["commitments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|commitment| commitment["code"].as_str().unwrap())
            .collect();
        let named: BTreeSet<String> =
            catalogue().entries.iter().filter_map(|entry| Some(entry.commitment.clone()?.into_string())).collect();
        assert!(named.iter().all(|code| commitments.contains(&code.as_str())), "{named:?}");
        assert_eq!(named.len(), commitments.len());
    }

    /// What is said of the embedded files after a change.
    fn fault(change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let [mut units, mut catalogue] = [0, 1].map(|at| serde_json::from_str::<Value>(REFERENCE[at]).unwrap());
        change(&mut units, &mut catalogue);
        parse_reference(&units.to_string(), &catalogue.to_string()).unwrap_err()
    }

    #[test]
    fn a_fault_is_named_with_its_file_and_place() {
        let no_unit = fault(|_, catalogue| catalogue["entries"][3]["unit"] = json!("parsecs"));
        assert_eq!(no_unit, "indicators/catalogue.json: /entries/3/unit: parsecs is no unit.");
        let no_english = fault(|_, catalogue| {
            catalogue["entries"][0]["title"].as_object_mut().unwrap().remove("en");
        });
        assert_eq!(no_english, "indicators/catalogue.json: /entries/0/title: There is no text in en.");
        let twice = fault(|_, catalogue| catalogue["entries"][1] = catalogue["entries"][0].clone());
        assert_eq!(twice, "indicators/catalogue.json: /entries/1/code: projects-by-status stands here twice.");
        let twice = fault(|units, _| units["units"][1]["code"] = json!("percent"));
        assert_eq!(twice, "indicators/units.json: /units/1/code: percent stands here twice.");
        let no_arabic = fault(|units, _| units["units"][0]["label"] = json!({"fr": "pour cent", "en": "percent"}));
        assert_eq!(no_arabic, "indicators/units.json: /units/0/label: There is no text in ar.");
        for (change, place) in [
            (json!({"dimensions": ["shoe_size"]}), "/entries/2/dimensions"),
            (json!({"levels": [{"ar": "ا", "fr": "a", "en": "a"}]}), "/entries/2/levels"),
            (json!({"kind": "scale"}), "/entries/2/levels"),
            (json!({"kind": "percentage"}), "/entries/2/unit"),
            (json!({"version": 0}), "/entries/2/version"),
            (json!({"scope": "commitment", "commitment": null}), "/entries/2/commitment"),
            (json!({"measures": {"ar": " ا", "fr": "a", "en": "a"}}), "/entries/2/measures"),
        ] {
            let told = fault(|_, catalogue| {
                let entry = catalogue["entries"][2].as_object_mut().unwrap();
                entry.extend(change.as_object().unwrap().clone());
            });
            assert!(told.contains(place), "{told}");
        }
        assert!(fault(|_, catalogue| catalogue["entries"][0]["colour"] = json!("red")).contains("colour"));
    }
}
