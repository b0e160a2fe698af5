//! What callers write about projects.

use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::super::rules::{Address, Budget, Partner, Project, ProjectFacts, check_project, named_axis};
use crate::kernel::{
    bounded,
    date::Date,
    id::{Identifier, Reference, Slug},
    language::{LanguageMap, LanguageMapPatch},
    patch::{Patch, replaced},
    text,
    violation::{Violations, readable, short_line},
};

/// The longest title and the longest name of a unit or role, in characters.
pub const TITLE_CHARS: usize = 200;
/// The longest account of a problem or solution, likewise.
pub const TEXT_CHARS: usize = 2_000;
/// The longest of the results that are expected, likewise.
const RESULT_CHARS: usize = 500;
/// The most results and the most partners.
const MOST: usize = 50;

/// A project to be added to a programme. Programme and code are its natural key and stay.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ProjectIn {
    /// Slug or id of the programme.
    #[schema(value_type = String, example = "commune-larache-cycle-1", max_length = 100)]
    pub program: Reference<Address>,
    /// What its member calls it within the programme: lower-case letters, digits and hyphens. `p1`, `p2` and so on unless
    /// said otherwise.
    #[serde(default)]
    #[validate(custom(function = "readable::<Slug>"))]
    #[schema(example = json!(null), pattern = "^[a-z0-9-]{1,100}$")]
    pub code: Option<String>,
    /// The axis of the programme that it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), format = "uuid")]
    pub axis_id: Option<Reference<Identifier>>,
    /// The title, in at least one language, each of at most 200 characters.
    pub title: LanguageMap,
    /// The problem that it solves, each of at most 2,000 characters.
    #[serde(default)]
    pub problem: Option<LanguageMap>,
    /// How it solves it, each of at most 2,000 characters.
    #[serde(default)]
    pub solution: Option<LanguageMap>,
    /// What it shall bring, each of at most 500 characters.
    #[serde(default, deserialize_with = "bounded::list::<50, _, _>")]
    #[schema(max_items = 50)]
    pub expected_results: Vec<LanguageMap>,
    /// Who carries it out, in the member's administration, each of at most 200 characters.
    #[serde(default)]
    pub responsible_unit: Option<LanguageMap>,
    /// With whom.
    #[serde(default, deserialize_with = "bounded::list::<50, _, _>")]
    #[validate(nested)]
    #[schema(max_items = 50)]
    pub partners: Vec<PartnerIn>,
    /// What it costs.
    #[serde(default)]
    #[validate(nested)]
    pub budget: Option<BudgetIn>,
    /// Its first day.
    #[serde(default)]
    #[schema(example = "2026-01-01")]
    pub starts_on: Option<Date>,
    /// Its last day.
    #[serde(default)]
    #[schema(example = "2027-12-31")]
    pub ends_on: Option<Date>,
    /// What OGP Local calls it; no two projects have the same.
    #[serde(default)]
    #[validate(custom(function = "short_line"))]
    #[schema(example = json!(null), max_length = 200)]
    pub ogp_local_id: Option<String>,
}

/// An organisation with which a project is carried out.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PartnerIn {
    /// Its name.
    #[validate(custom(function = "short_line"))]
    #[schema(example = "Association des parents d'élèves", max_length = 200)]
    pub organisation: String,
    /// What it does in the project, each of at most 200 characters.
    #[serde(default)]
    pub role: Option<LanguageMap>,
}

/// What a project costs.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct BudgetIn {
    /// The amount, in hundredths of the currency.
    #[schema(example = 125_000_000, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    #[serde(deserialize_with = "crate::kernel::number::whole")]
    pub centimes: i64,
    /// The currency (ISO 4217); `MAD` unless said otherwise.
    #[serde(default = "dirham")]
    #[schema(example = "MAD", pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// Where the money comes from.
    #[serde(default)]
    #[validate(custom(function = "short_line"))]
    #[schema(example = "Budget communal", max_length = 200)]
    pub source: Option<String>,
}

fn dirham() -> String {
    "MAD".to_owned()
}

impl ProjectIn {
    /// What is said of the project, with what is wrong with it so far; `axes` are the ids of its programme's axes.
    #[must_use]
    pub fn read(self, axes: &[Identifier]) -> (Violations, ProjectFacts) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        for (name, count) in [("expected_results", self.expected_results.len()), ("partners", self.partners.len())] {
            if count > MOST {
                violations.add(format!("/{name}"), "too_many", format!("A project has at most {MOST} {name}."));
            }
        }
        let mut read = |pointer: &str, text: Option<LanguageMap>, most_chars| {
            text.map(|text| text.checked(&mut violations, pointer, most_chars))
        };
        let problem = read("/problem", self.problem, TEXT_CHARS);
        let solution = read("/solution", self.solution, TEXT_CHARS);
        let responsible_unit = read("/responsible_unit", self.responsible_unit, TITLE_CHARS);
        let title = self.title.checked(&mut violations, "/title", TITLE_CHARS);
        let results = self.expected_results.into_iter().enumerate();
        let expected_results = results
            .map(|(at, result)| result.checked(&mut violations, &format!("/expected_results/{at}"), RESULT_CHARS))
            .collect();
        let partners = self.partners.into_iter().enumerate();
        let partners = partners.map(|(at, partner)| partner.read(at, &mut violations)).collect();
        let facts = ProjectFacts {
            axis_id: named_axis(&mut violations, self.axis_id.as_ref(), axes),
            title,
            problem,
            solution,
            expected_results,
            responsible_unit,
            partners,
            budget: self.budget.map(Budget::from),
            starts_on: self.starts_on.map(Date::day),
            ends_on: self.ends_on.map(Date::day),
            ogp_local_id: self.ogp_local_id.as_deref().map(text::normal),
        };
        check_project(&mut violations, &facts);
        (violations, facts)
    }
}

impl PartnerIn {
    fn read(self, at: usize, violations: &mut Violations) -> Partner {
        let role = self.role.map(|role| role.checked(violations, &format!("/partners/{at}/role"), TITLE_CHARS));
        Partner { organisation: text::normal(&self.organisation), role }
    }
}

impl From<BudgetIn> for Budget {
    fn from(budget: BudgetIn) -> Self {
        let BudgetIn { centimes, currency, source } = budget;
        Self { centimes, currency, source: source.as_deref().map(text::normal) }
    }
}

impl From<Budget> for BudgetIn {
    fn from(budget: Budget) -> Self {
        let Budget { centimes, currency, source } = budget;
        Self { centimes, currency, source }
    }
}

impl From<Partner> for PartnerIn {
    fn from(partner: Partner) -> Self {
        let Partner { organisation, role } = partner;
        Self { organisation, role }
    }
}

/// Changes of a project (RFC 7396): what is absent stays, what is null is taken away. Programme and code stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectPatch {
    /// The axis of the programme that it belongs to.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), format = "uuid")]
    pub axis_id: Patch<Reference<Identifier>>,
    /// The title by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub title: Patch<LanguageMapPatch>,
    /// The problem that it solves, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub problem: Patch<LanguageMapPatch>,
    /// How it solves it, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub solution: Patch<LanguageMapPatch>,
    /// What it shall bring: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<50, _, _>")]
    #[schema(value_type = Option<Vec<LanguageMap>>, max_items = 50)]
    pub expected_results: Patch<Vec<LanguageMap>>,
    /// Who carries it out, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub responsible_unit: Patch<LanguageMapPatch>,
    /// With whom: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<50, _, _>")]
    #[schema(value_type = Option<Vec<PartnerIn>>, max_items = 50)]
    pub partners: Patch<Vec<PartnerIn>>,
    /// What it costs.
    #[serde(default)]
    #[schema(value_type = Option<BudgetPatch>)]
    pub budget: Patch<BudgetPatch>,
    /// Its first day.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2026-01-01")]
    pub starts_on: Patch<Date>,
    /// Its last day.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2027-12-31")]
    pub ends_on: Patch<Date>,
    /// What OGP Local calls it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), max_length = 200)]
    pub ogp_local_id: Patch<String>,
}

/// Changes of what a project costs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetPatch {
    /// The amount, in hundredths of the currency.
    #[serde(default, deserialize_with = "crate::kernel::number::replaced")]
    #[schema(value_type = i64, example = 125_000_000, minimum = 0, maximum = 9_007_199_254_740_991_i64, nullable = false)]
    pub centimes: Patch<i64>,
    /// The currency (ISO 4217).
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = String, example = "MAD", pattern = "^[A-Z]{3}$", nullable = false)]
    pub currency: Patch<String>,
    /// Where the money comes from.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Budget communal", max_length = 200)]
    pub source: Patch<String>,
}

impl ProjectPatch {
    /// What would be said of the project, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, project: &Project) -> ProjectIn {
        let facts = project.facts.clone();
        let partners = facts.partners.into_iter().map(PartnerIn::from).collect();
        ProjectIn {
            program: Reference::from(project.program.as_str()),
            code: Some(project.code.to_string()),
            axis_id: self.axis_id.onto(facts.axis_id.map(Reference::from)),
            title: self.title.onto_map(Some(facts.title)).unwrap_or_default(),
            problem: self.problem.onto_map(facts.problem),
            solution: self.solution.onto_map(facts.solution),
            expected_results: self.expected_results.onto(Some(facts.expected_results)).unwrap_or_default(),
            responsible_unit: self.responsible_unit.onto_map(facts.responsible_unit),
            partners: self.partners.onto(Some(partners)).unwrap_or_default(),
            budget: match self.budget {
                Patch::Absent => facts.budget.map(BudgetIn::from),
                Patch::Null => None,
                Patch::Value(patch) => Some(patch.onto(facts.budget)),
            },
            starts_on: self.starts_on.onto(facts.starts_on.map(Date)),
            ends_on: self.ends_on.onto(facts.ends_on.map(Date)),
            ogp_local_id: self.ogp_local_id.onto(facts.ogp_local_id),
        }
    }
}

impl BudgetPatch {
    fn onto(self, budget: Option<Budget>) -> BudgetIn {
        let Budget { centimes, currency, source } =
            // An amount that nobody has said is none, and refused as such.
            budget.unwrap_or(Budget { centimes: -1, currency: dirham(), source: None });
        BudgetIn {
            centimes: self.centimes.onto(Some(centimes)).unwrap_or(-1),
            currency: self.currency.onto(Some(currency)).unwrap_or_default(),
            source: self.source.onto(source),
        }
    }
}
