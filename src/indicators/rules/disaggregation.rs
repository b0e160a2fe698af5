//! How a value is made up: by sex, age group, area and whatever else the definition names. Each dimension splits the same
//! value, so where amounts of the unit can be added up, the parts of every dimension add up to it exactly; who is not
//! known by a dimension is counted under its category `unspecified`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::measure::Measure;
use crate::kernel::{
    bounded,
    decimal::Decimal,
    language::{Language, LanguageMap},
    text::{nearest, shown},
    violation::{Violations, segment},
};

/// Dimension → category → value.
pub type Disaggregation = BTreeMap<String, BTreeMap<String, Decimal>>;

/// Something that values are split by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IndicatorDimension)]
pub struct Dimension {
    /// Stable code.
    #[schema(example = "sex", pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub code: String,
    /// What it is called.
    pub label: LanguageMap,
    /// What it splits values into.
    #[serde(deserialize_with = "bounded::list::<MOST_CATEGORIES, _, _>")]
    #[schema(max_items = 40)]
    pub categories: Vec<Category>,
}

impl Dimension {
    /// Whether it is another one with all of its categories.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let has = |category: &Category| self.categories.iter().any(|own| own.code == category.code);
        self.code == other.code && other.categories.iter().all(has)
    }

    /// It with its labels in their stored form; what is wrong with them is noted when it is checked.
    #[must_use]
    pub fn normal(self) -> Self {
        let normal = |label: &LanguageMap| label.checked(&mut Violations::default(), "", LONGEST_LABEL);
        let category = |Category { code, label }: Category| Category { code, label: normal(&label) };
        Self {
            code: self.code,
            label: normal(&self.label),
            categories: self.categories.into_iter().map(category).collect(),
        }
    }
}

/// A part that values are split into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IndicatorCategory)]
pub struct Category {
    /// Stable code.
    #[schema(example = "women", pattern = "^[a-z][a-z0-9_]{0,39}$")]
    pub code: String,
    /// What it is called.
    pub label: LanguageMap,
}

/// The most dimensions of a definition.
pub const MOST_DIMENSIONS: usize = 8;
/// The most categories of a dimension.
pub const MOST_CATEGORIES: usize = 40;
/// The most parts of a value by a dimension: its categories, and who is not known by it.
pub const MOST_PARTS: usize = MOST_CATEGORIES + 1;
/// The longest label, in characters.
const LONGEST_LABEL: usize = 100;

/// Whether a text can be the code of a dimension, category or unit.
#[must_use]
pub fn is_code(text: &str) -> bool {
    let sound = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    sound && text.len() <= 40 && text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Checks the dimensions of a definition; `at` is their place. No code is that of a language: an object that has only
/// such names is a text by language.
pub fn check_dimensions(dimensions: &[Dimension], at: &str, violations: &mut Violations) {
    if dimensions.len() > MOST_DIMENSIONS {
        violations.add(at, "too_many", format!("A definition has at most {MOST_DIMENSIONS} dimensions."));
    }
    let mut seen = BTreeSet::new();
    for (number, dimension) in dimensions.iter().enumerate() {
        let at = format!("{at}/{number}");
        check_code(&dimension.code, &mut seen, &at, violations);
        let _ = dimension.label.checked(violations, &format!("{at}/label"), LONGEST_LABEL);
        let (few, many) = (dimension.categories.len() < 2, dimension.categories.len() > MOST_CATEGORIES);
        if few || many {
            let (code, detail) = if few {
                ("too_few", "A dimension has at least 2 categories.".to_owned())
            } else {
                ("too_many", format!("A dimension has at most {MOST_CATEGORIES} categories."))
            };
            violations.add(format!("{at}/categories"), code, detail);
        }
        let mut seen = BTreeSet::new();
        for (number, category) in dimension.categories.iter().enumerate() {
            let at = format!("{at}/categories/{number}");
            check_code(&category.code, &mut seen, &at, violations);
            let _ = category.label.checked(violations, &format!("{at}/label"), LONGEST_LABEL);
        }
    }
}

fn check_code<'a>(code: &'a str, seen: &mut BTreeSet<&'a str>, at: &str, violations: &mut Violations) {
    let at = format!("{at}/code");
    if !is_code(code) || code.parse::<Language>().is_ok() {
        let detail =
            "code is not a letter and up to 39 lower-case letters, digits and underscores, or it is a language.";
        violations.add(at, "invalid_value", detail);
    } else if !seen.insert(code) {
        violations.add(at, "duplicate", format!("{code} stands here twice."));
    }
}

/// Checks how a value is made up, at `/disaggregation`. `value` is what the parts must add up to, where they must; without
/// one only the parts themselves are checked.
pub fn check_parts(
    parts: &Disaggregation,
    dimensions: &[Dimension],
    measure: &Measure,
    value: Option<Decimal>,
    violations: &mut Violations,
) {
    for (name, parts) in parts {
        let at = format!("/disaggregation/{}", segment(&shown(name)));
        let Some(dimension) = dimensions.iter().find(|dimension| dimension.code == *name) else {
            let known: Vec<&str> = dimensions.iter().map(|dimension| dimension.code.as_str()).collect();
            violations.add(at, "unknown_dimension", unknown(name, "dimensions of the definition", &known));
            continue;
        };
        check_categories(parts, dimension, measure, &at, violations);
        if let Some(value) = value.filter(|_| measure.adds_up() && !violations.has(&at)) {
            check_sum(parts, name, value, &at, violations);
        }
    }
}

fn check_categories(
    parts: &BTreeMap<String, Decimal>,
    dimension: &Dimension,
    measure: &Measure,
    at: &str,
    violations: &mut Violations,
) {
    if parts.is_empty() {
        violations.add(at, "empty", format!("{} has no category: leave the dimension out.", dimension.code));
    }
    let known: Vec<&str> = dimension.categories.iter().map(|category| category.code.as_str()).collect();
    for (name, part) in parts {
        let at = format!("{at}/{}", segment(&shown(name)));
        if !known.contains(&name.as_str()) {
            violations.add(at, "unknown_category", unknown(name, "categories of the dimension", &known));
        } else if let Err(why) = measure.check(*part) {
            violations.add(at, "invalid_value", format!("{name} {why}."));
        }
    }
}

fn unknown(name: &str, what: &str, known: &[&str]) -> String {
    let name = shown(name);
    match (nearest(&name, known), known) {
        (Some(nearest), _) => format!("{name} is none of the {what}. Did you mean {nearest}?"),
        (None, []) => format!("{name} is none of the {what}, which has none."),
        (None, known) => format!("{name} is none of the {what}: {}.", known.join(", ")),
    }
}

fn check_sum(parts: &BTreeMap<String, Decimal>, name: &str, value: Decimal, at: &str, violations: &mut Violations) {
    let sum = parts.values().try_fold(Decimal::ZERO, |sum, part| sum.checked_add(*part));
    if sum != Some(value) {
        let sum = sum.map_or_else(|| "more than a value can be".to_owned(), |sum| sum.to_string());
        let detail = format!("The parts by {name} add up to {sum}, and the value is {value}.");
        violations.add(at, "does_not_add_up", detail);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::measure::{Kind, Measure},
        *,
    };
    use proptest::prelude::*;

    fn map(text: &str) -> LanguageMap {
        LanguageMap { en: Some(text.to_owned()), ..LanguageMap::default() }
    }

    fn dimension(code: &str, categories: &[&str]) -> Dimension {
        let category = |code: &&str| Category { code: (*code).to_owned(), label: map("Label") };
        Dimension { code: code.to_owned(), label: map("Label"), categories: categories.iter().map(category).collect() }
    }

    fn dimensions() -> Vec<Dimension> {
        vec![dimension("sex", &["women", "men", "unspecified"]), dimension("area", &["urban", "rural"])]
    }

    const COUNT: Measure = Measure { kind: Kind::Number, scale: 1, highest_level: 0, is_additive: true };

    /// The places of what is wrong, with their codes.
    fn wrong(json: &str, measure: Measure, value: i64) -> Vec<(String, &'static str)> {
        let parts: Disaggregation = serde_json::from_str(json).unwrap();
        let mut violations = Violations::default();
        let value = Decimal::from_whole(value).unwrap();
        check_parts(&parts, &dimensions(), &measure, Some(value), &mut violations);
        let found = violations.done().err().into_iter().flatten();
        found.map(|violation| (violation.pointer, violation.code)).collect()
    }

    #[test]
    fn parts_of_an_amount_add_up_to_it_in_every_dimension() {
        assert_eq!(wrong(r#"{"sex": {"women": 12.25, "men": 14.75}, "area": {"rural": 27}}"#, COUNT, 27), []);
        assert_eq!(
            wrong(r#"{"sex": {"women": 12, "men": 14}, "area": {"rural": 27}}"#, COUNT, 27),
            [("/disaggregation/sex".to_owned(), "does_not_add_up")]
        );
        assert_eq!(
            wrong(r#"{"sex": {"women": 27.000001}}"#, COUNT, 27),
            [("/disaggregation/sex".to_owned(), "does_not_add_up")]
        );
    }

    #[test]
    fn parts_of_what_cannot_be_added_stand_for_themselves() {
        let shares = Measure { kind: Kind::Percentage, ..COUNT };
        assert_eq!(wrong(r#"{"sex": {"women": 60, "men": 55}}"#, shares, 57), []);
        assert_eq!(
            wrong(r#"{"sex": {"women": 160}}"#, shares, 57),
            [("/disaggregation/sex/women".to_owned(), "invalid_value")]
        );
        let average = Measure { is_additive: false, ..COUNT };
        assert_eq!(wrong(r#"{"sex": {"women": 3, "men": 4}}"#, average, 3), []);
    }

    #[test]
    fn names_that_the_definition_does_not_know_are_refused_with_a_hint() {
        assert_eq!(
            wrong(r#"{"sexe": {"women": 1}, "a/b": {}, "sex": {"woman": 1}, "area": {}}"#, COUNT, 1),
            [
                ("/disaggregation/area".to_owned(), "empty"),
                ("/disaggregation/a~1b".to_owned(), "unknown_dimension"),
                ("/disaggregation/sex/woman".to_owned(), "unknown_category"),
                ("/disaggregation/sexe".to_owned(), "unknown_dimension"),
            ]
        );
        assert!(unknown("woman", "categories of the dimension", &["women", "men"]).contains("Did you mean women?"));
    }

    #[test]
    fn a_definition_names_each_dimension_and_category_once_and_none_like_a_language() {
        let wrong = |dimensions: &[Dimension]| {
            let mut violations = Violations::default();
            check_dimensions(dimensions, "/dimensions", &mut violations);
            violations.done().err().into_iter().flatten().map(|violation| violation.pointer).collect::<Vec<_>>()
        };
        assert!(wrong(&dimensions()).is_empty());
        assert_eq!(
            wrong(&[dimension("language", &["ar", "fr"])]),
            ["/dimensions/0/categories/0/code", "/dimensions/0/categories/1/code"]
        );
        assert_eq!(wrong(&[dimension("sex", &["women", "women"])]), ["/dimensions/0/categories/1/code"]);
        assert_eq!(wrong(&[dimension("sex", &["women"])]), ["/dimensions/0/categories"]);
        assert_eq!(wrong(&[dimensions(), dimensions()].concat()), ["/dimensions/2/code", "/dimensions/3/code"]);
        assert_eq!(wrong(&[dimension("Sex", &["a", "b"])]), ["/dimensions/0/code"]);
    }

    proptest! {
        #[test]
        fn exactly_the_parts_that_add_up_are_taken(
            parts in prop::collection::vec(-5_000_000i64..5_000_000, 1..4), off in -2i64..3,
        ) {
            let decimal = |millionths: i64| Decimal::from_millionths(millionths).unwrap();
            let value = decimal(parts.iter().sum::<i64>() + off);
            let names = ["women", "men", "unspecified"];
            let by_sex = names.iter().zip(&parts).map(|(name, part)| ((*name).to_owned(), decimal(*part))).collect();
            let mut violations = Violations::default();
            let parts = Disaggregation::from([("sex".to_owned(), by_sex)]);
            check_parts(&parts, &dimensions(), &COUNT, Some(value), &mut violations);
            prop_assert_eq!(violations.done().is_ok(), off == 0);
        }
    }
}
