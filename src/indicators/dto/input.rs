//! What callers write about indicators; what they change stands in [`patch`](super::patch).

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::super::rules::{Catalogue, Dated, Definition, Dimension, Direction, Facts, Frequency, Kind};
use crate::{
    action_programs::{ProgramAddress, Provenance, Publication, stated},
    kernel::{
        bounded,
        date::Date,
        decimal::Decimal,
        id::{Identifier, Reference, Slug},
        language::LanguageMap,
        violation::{Violations, readable},
    },
};

/// The longest title, in characters.
const TITLE_CHARS: usize = 200;
/// The longest text of a definition, likewise.
const TEXT_CHARS: usize = 2_000;

/// An indicator to be added: of a programme, of a project, of how a member keeps a commitment of the charter, or, by the
/// secretariat, of the network. What it is of and its code are its natural key and stay.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct IndicatorIn {
    /// Its code, in small letters, digits and hyphens; that of the catalogue's entry unless said otherwise.
    #[serde(default)]
    #[validate(custom(function = "readable::<Slug>"))]
    #[schema(example = "services-fully-online", max_length = 100)]
    pub code: Option<String>,
    /// Code of the entry of the network's catalogue that it is reported against. Then the definition is the catalogue's, and
    /// nothing of it is written here.
    #[serde(default)]
    #[validate(custom(function = "readable::<Slug>"))]
    #[schema(example = "services-fully-online", max_length = 100)]
    pub catalogue: Option<String>,
    /// Slug or id of the programme that it is of.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), max_length = 100)]
    pub program: Option<Reference<ProgramAddress>>,
    /// Identifier of the project that it is of.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), format = "uuid")]
    pub project_id: Option<Reference<Identifier>>,
    /// Slug of the member that keeps the commitment.
    #[serde(default)]
    #[validate(custom(function = "readable::<Slug>"))]
    #[schema(example = "commune-larache", max_length = 100)]
    pub member: Option<String>,
    /// Code of the charter's commitment that it is of; of the catalogue's entry unless said otherwise.
    #[serde(default)]
    #[validate(custom(function = "readable::<Slug>"))]
    #[schema(example = "openness-norms", max_length = 100)]
    pub commitment: Option<String>,
    /// What it is called, each of at most 200 characters.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub title: Option<LanguageMap>,
    /// What it measures, each of at most 2,000 characters.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub measures: Option<LanguageMap>,
    /// How it is computed, each of at most 2,000 characters.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub computation: Option<LanguageMap>,
    /// Code of the unit.
    #[serde(default)]
    #[schema(example = json!(null), max_length = 40)]
    pub unit: Option<String>,
    /// What kind of figure it has.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub kind: Option<Kind>,
    /// The levels of a scale in words, from 0; for that kind, and only there.
    #[serde(default, deserialize_with = "bounded::list::<11, _, _>")]
    #[schema(example = json!([]), max_items = 11)]
    pub levels: Vec<LanguageMap>,
    /// In which direction it improves.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub direction: Option<Direction>,
    /// How often it is reported.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub frequency: Option<Frequency>,
    /// What its values may be split by.
    #[serde(default, deserialize_with = "bounded::list::<8, _, _>")]
    #[schema(example = json!([]), max_items = 8)]
    pub dimensions: Vec<Dimension>,
    /// Where its figures come from, each of at most 2,000 characters.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub source: Option<LanguageMap>,
    /// Who answers for them, each of at most 200 characters.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub responsible_unit: Option<LanguageMap>,
    /// Where it began.
    #[serde(default)]
    pub baseline: Option<DatedIn>,
    /// Where it is to come, in the order of the dates.
    #[serde(default, deserialize_with = "bounded::list::<40, _, _>")]
    #[schema(max_items = 40)]
    pub targets: Vec<DatedIn>,
    /// `published` shows it to everybody; `draft` unless said otherwise.
    #[serde(default)]
    pub publication: Option<Publication>,
    /// Where the knowledge of it comes from: `official` (unless said otherwise) or `press`.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<String>, example = "official", pattern = "^(official|press)$")]
    pub provenance: Option<Provenance>,
}

/// A value on a date.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IndicatorDatedIn)]
pub struct DatedIn {
    /// The value.
    pub value: Decimal,
    /// The date.
    #[schema(example = "2027-12-31")]
    pub on: Date,
}

impl From<DatedIn> for Dated {
    fn from(DatedIn { value, on }: DatedIn) -> Self {
        Self { value, on: on.day() }
    }
}

impl From<Dated> for DatedIn {
    fn from(Dated { value, on }: Dated) -> Self {
        Self { value, on: Date(on) }
    }
}

impl IndicatorIn {
    /// The code of the catalogue's entry that it names.
    #[must_use]
    pub fn entry(&self) -> Option<Slug> {
        self.catalogue.as_deref().and_then(|code| code.parse().ok())
    }

    /// What is said of the indicator, with what is wrong with it so far; `given` is the definition of the catalogue's entry
    /// that it names. Nothing is said where parts of the definition are missing.
    #[must_use]
    pub fn read(
        self,
        given: Option<Definition>,
        catalogue: &Catalogue,
        today: NaiveDate,
    ) -> (Violations, Option<Facts>) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let (baseline, targets) =
            (self.baseline.map(Dated::from), self.targets.iter().copied().map(Dated::from).collect());
        let provenance = self.provenance.unwrap_or(Provenance::Official);
        let definition = match given {
            Some(given) => {
                self.refuse_typed(&mut violations);
                Some(given)
            }
            None => self.definition(&mut violations),
        };
        let mut facts = definition.map(|definition| Facts { definition, baseline, targets, provenance });
        if let Some(facts) = &mut facts {
            facts.check(catalogue, &mut violations, today);
            let dimensions = std::mem::take(&mut facts.definition.dimensions);
            facts.definition.dimensions = dimensions.into_iter().map(Dimension::normal).collect();
        }
        (violations, facts)
    }

    /// Refuses what the catalogue says.
    fn refuse_typed(&self, violations: &mut Violations) {
        for (name, is_typed) in [
            ("title", self.title.is_some()),
            ("measures", self.measures.is_some()),
            ("computation", self.computation.is_some()),
            ("unit", self.unit.is_some()),
            ("kind", self.kind.is_some()),
            ("levels", !self.levels.is_empty()),
            ("direction", self.direction.is_some()),
            ("frequency", self.frequency.is_some()),
            ("dimensions", !self.dimensions.is_empty()),
            ("source", self.source.is_some()),
            ("responsible_unit", self.responsible_unit.is_some()),
        ] {
            if is_typed {
                let detail = format!("{name} is the catalogue's, so that figures of members compare: leave it away.");
                violations.add(format!("/{name}"), "from_catalogue", detail);
            }
        }
    }

    fn definition(self, violations: &mut Violations) -> Option<Definition> {
        let mut missing = |is_missing: bool, name: &str| {
            if is_missing {
                let detail = format!("{name} is missing; only an entry of the catalogue says it for you.");
                violations.add(format!("/{name}"), "missing_value", detail);
            }
        };
        missing(self.title.is_none(), "title");
        missing(self.measures.is_none(), "measures");
        missing(self.computation.is_none(), "computation");
        missing(self.unit.is_none(), "unit");
        missing(self.kind.is_none(), "kind");
        missing(self.direction.is_none(), "direction");
        missing(self.frequency.is_none(), "frequency");
        let mut text = |name: &str, text: Option<LanguageMap>, most_chars| {
            text.map(|text| text.checked(violations, &format!("/{name}"), most_chars))
        };
        let title = text("title", self.title, TITLE_CHARS);
        let measures = text("measures", self.measures, TEXT_CHARS);
        let computation = text("computation", self.computation, TEXT_CHARS);
        let source = text("source", self.source, TEXT_CHARS);
        let responsible_unit = text("responsible_unit", self.responsible_unit, TITLE_CHARS);
        let levels = self.levels.into_iter().enumerate();
        let levels =
            levels.map(|(at, level)| level.checked(violations, &format!("/levels/{at}"), TITLE_CHARS)).collect();
        Some(Definition {
            title: title?,
            measures: measures?,
            computation: computation?,
            unit: self.unit?,
            kind: self.kind?,
            levels,
            direction: self.direction?,
            frequency: self.frequency?,
            dimensions: self.dimensions,
            source,
            responsible_unit,
        })
    }
}
