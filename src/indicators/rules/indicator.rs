//! What an indicator is: of what, defined how, where it began and where it is to come. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    catalogue::{Catalogue, Entry, Scope},
    disaggregation::{Dimension, check_dimensions},
    measure::{Direction, Kind, Measure},
    period::{Frequency, Period},
    progress::{Basis, Dated, Reported, Standing},
};
use crate::{
    action_programs::{Drafts, Provenance, Publication, PublicationFilter},
    kernel::{
        self,
        codes::codes,
        id::{Identifier, Slug},
        language::LanguageMap,
        paging::Order,
        violation::Violations,
    },
};

/// How an indicator is addressed: by its slug or its id.
pub type Address = kernel::id::Address<Slug>;

/// What an indicator measures, and how: what it is reported by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = IndicatorDefinition)]
pub struct Definition {
    /// What it is called.
    pub title: LanguageMap,
    /// What it measures.
    pub measures: LanguageMap,
    /// How it is computed.
    pub computation: LanguageMap,
    /// Code of the unit; the units stand with the network's catalogue.
    #[schema(example = "percent")]
    pub unit: String,
    /// What kind of figure it has.
    pub kind: Kind,
    /// The levels of a scale in words, from 0; empty for other kinds.
    pub levels: Vec<LanguageMap>,
    /// In which direction it improves.
    pub direction: Direction,
    /// How often it is reported.
    pub frequency: Frequency,
    /// What its values may be split by.
    pub dimensions: Vec<Dimension>,
    /// Where its figures come from.
    pub source: Option<LanguageMap>,
    /// Who answers for them.
    pub responsible_unit: Option<LanguageMap>,
}

/// The most levels of a scale.
const MOST_LEVELS: usize = 11;

impl Definition {
    /// That of an entry of the network's catalogue.
    #[must_use]
    pub fn of_entry(catalogue: &Catalogue, entry: &Entry) -> Self {
        let entry_dimensions = catalogue.dimensions_of(entry);
        let Entry { title, measures, computation, unit, kind, levels, direction, frequency, .. } = entry.clone();
        Self {
            title,
            measures,
            computation,
            unit,
            kind,
            levels,
            direction,
            frequency,
            dimensions: entry_dimensions,
            source: Some(entry.source.clone()),
            responsible_unit: Some(entry.responsible_unit.clone()),
        }
    }

    /// Whether figures by this definition can stand in one series with figures by another: unit, kind, direction, frequency
    /// and the number of levels are the same, and it splits values by all that the other one does. Words can be mended and
    /// translated: whether they mean something else, only who writes them knows.
    #[must_use]
    pub fn continues(&self, other: &Self) -> bool {
        let measured = |of: &Self| (of.unit.clone(), of.kind, of.direction, of.frequency, of.levels.len());
        measured(self) == measured(other)
            && other.dimensions.iter().all(|dimension| self.dimensions.iter().any(|own| own.covers(dimension)))
    }

    /// Whether figures by them can be drawn on one axis: unit, kind and number of levels are the same.
    #[must_use]
    pub fn is_drawn_like(&self, other: &Self) -> bool {
        (&self.unit, self.kind, self.levels.len()) == (&other.unit, other.kind, other.levels.len())
    }

    /// What values must fit; `None` for a unit that there is none of.
    #[must_use]
    pub fn measure(&self, catalogue: &Catalogue) -> Option<Measure> {
        let unit = catalogue.unit(&self.unit)?;
        let highest_level = u32::try_from(self.levels.len().saturating_sub(1)).ok()?;
        Some(Measure { kind: self.kind, scale: unit.scale, highest_level, is_additive: unit.additive })
    }

    /// Notes what is wrong between the properties.
    pub fn check(&self, catalogue: &Catalogue, violations: &mut Violations) {
        if catalogue.unit(&self.unit).is_none() {
            let known: Vec<&str> = catalogue.units.iter().map(|unit| unit.code.as_str()).collect();
            violations.add("/unit", "unknown_unit", format!("unit is none of {}.", known.join(", ")));
        }
        if let Some(why) = catalogue.unit(&self.unit).and_then(|unit| self.kind.misfit(unit.scale)) {
            violations.add("/unit", "unfit_kind", why);
        }
        let is_scale = self.kind == Kind::Scale;
        if is_scale && !(2..=MOST_LEVELS).contains(&self.levels.len()) {
            let detail = format!("A scale has 2 to {MOST_LEVELS} levels in words.");
            violations.add("/levels", "wrong_number", detail);
        } else if !is_scale && !self.levels.is_empty() {
            let detail = format!("An indicator of the kind {} has no levels.", self.kind.as_str());
            violations.add("/levels", "unfit_kind", detail);
        }
        check_dimensions(&self.dimensions, "/dimensions", violations);
    }
}

/// What an indicator belongs to, and what that shares with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it is of.
    pub scope: Scope,
    /// Whose it is; nobody's for the network's.
    pub member: Option<Keeper>,
    /// Id and slug of the programme, of what belongs to one.
    pub program: Option<(Identifier, Slug)>,
    /// Id and code of the project.
    pub project: Option<(Identifier, Slug)>,
    /// Code of the charter's commitment.
    pub commitment: Option<String>,
    /// Whether what it belongs to is published.
    pub is_public: bool,
}

/// The member that an indicator belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    /// The id.
    pub id: Identifier,
    /// The slug.
    pub slug: Slug,
    /// Code of the region that it lies in.
    pub region_code: String,
}

impl Place {
    /// The short name of an indicator with a code there.
    #[must_use]
    pub fn slug_of(&self, code: &Slug) -> String {
        let member = self.member.as_ref().map(|member| &member.slug);
        match (&self.program, &self.project, &self.commitment, member) {
            (Some((_, program)), Some((_, project)), ..) => format!("{program}-{project}-{code}"),
            (Some((_, program)), None, ..) => format!("{program}-{code}"),
            (None, _, Some(commitment), Some(member)) => format!("{member}-{commitment}-{code}"),
            _ => format!("network-{code}"),
        }
    }

    /// The id of the member, if it is one's.
    #[must_use]
    pub fn member_id(&self) -> Option<&str> {
        self.member.as_ref().map(|member| member.id.as_str())
    }
}

/// What is said of an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// How it is defined.
    pub definition: Definition,
    /// Where it began.
    pub baseline: Option<Dated>,
    /// Where it is to come, by date.
    pub targets: Vec<Dated>,
    /// Where the knowledge of it comes from.
    pub provenance: Provenance,
}

/// The most targets of an indicator.
const MOST_TARGETS: usize = 40;

impl Facts {
    /// Notes what is wrong between the properties.
    pub fn check(&self, catalogue: &Catalogue, violations: &mut Violations, today: NaiveDate) {
        self.definition.check(catalogue, violations);
        let measure = self.definition.measure(catalogue);
        let mut fits = |value, pointer: String| {
            if let Some(Err(why)) = measure.map(|measure| measure.check(value)) {
                violations.add(pointer, "invalid_value", format!("value {why}."));
            }
        };
        if let Some(baseline) = self.baseline {
            fits(baseline.value, "/baseline/value".to_owned());
        }
        for (at, target) in self.targets.iter().enumerate() {
            fits(target.value, format!("/targets/{at}/value"));
        }
        if self.baseline.is_some_and(|baseline| baseline.on > today) {
            violations.add("/baseline/on", "in_the_future", "A baseline is where it began: on lies in the future.");
        }
        if self.targets.len() > MOST_TARGETS {
            violations.add("/targets", "too_many", format!("An indicator has at most {MOST_TARGETS} targets."));
        }
        let days = self.baseline.iter().map(|baseline| baseline.on).chain(self.targets.iter().map(|target| target.on));
        let days: Vec<NaiveDate> = days.collect();
        if !days.is_sorted_by(|a, b| a < b) {
            let detail = "Targets stand in the order of their dates, each date once, all behind the baseline's.";
            violations.add("/targets", "wrong_order", detail);
        }
        if days.iter().any(|day| Period::containing(*day, Frequency::Yearly).is_err()) {
            violations.add("/targets", "invalid_value", "A date is of no year from 1900 to 2200.");
        }
    }
}

/// A stored indicator.
#[derive(Debug, Clone)]
pub struct Indicator {
    /// The id.
    pub id: Identifier,
    /// Counts its changes; measurements have their own.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The short name.
    pub slug: Slug,
    /// What it belongs to.
    pub place: Place,
    /// Its code there.
    pub code: Slug,
    /// Code of the entry of the network's catalogue that it is reported against.
    pub catalogue: Option<Slug>,
    /// The version of its definition.
    pub definition_version: i64,
    /// What is said of it.
    pub facts: Facts,
    /// Who is to see it.
    pub publication: Publication,
    /// The approved value of the latest period that has one.
    pub latest: Option<Reported>,
}

impl Indicator {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/indicators/{}", self.slug)
    }

    /// Whether everybody sees it: it is published, and what it belongs to as well.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.publication == Publication::Published && self.place.is_public
    }

    /// What its standing is computed from.
    #[must_use]
    pub fn basis(&self) -> Basis<'_> {
        let Facts { definition, baseline, targets, .. } = &self.facts;
        let (direction, frequency) = (definition.direction, definition.frequency);
        Basis { direction, frequency, baseline: *baseline, targets, latest: self.latest }
    }

    /// How it stands on a day.
    #[must_use]
    pub fn standing(&self, day: NaiveDate) -> Standing {
        self.basis().standing(day)
    }
}

/// What indicators can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// When it was first stored.
    CreatedAt,
    /// The French title.
    TitleFr,
    /// The Arabic title.
    TitleAr,
}

codes!(SortKey { CreatedAt => "created_at", TitleFr => "title_fr", TitleAr => "title_ar" });

/// Which indicators a list has, and in what order. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// Scopes, any of which.
    pub scopes: Vec<Scope>,
    /// Slugs of members, any of which.
    pub members: Vec<Address>,
    /// Codes of regions, any of which.
    pub regions: Vec<String>,
    /// Slugs or ids of programmes, any of which.
    pub programs: Vec<Address>,
    /// Ids of projects, any of which.
    pub projects: Vec<Identifier>,
    /// Codes of commitments, any of which.
    pub commitments: Vec<String>,
    /// Codes of the catalogue, any of which.
    pub catalogue: Vec<String>,
    /// Folded words, all of which; none of them finds nothing.
    pub words: Option<Vec<String>>,
    /// What is not published, too or only.
    pub publication: Option<PublicationFilter>,
    /// Whose drafts the caller sees.
    pub drafts: Drafts,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<SortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        indicators::rules::{catalogue, disaggregation::Category},
        kernel::decimal::Decimal,
    };

    fn reference() -> &'static Catalogue {
        catalogue::reference().unwrap()
    }

    fn definition(code: &str) -> Definition {
        let entry = reference().entries.iter().find(|entry| entry.code.as_str() == code).unwrap();
        Definition::of_entry(reference(), entry)
    }

    fn dated(value: &str, on: &str) -> Dated {
        Dated { value: value.parse().unwrap(), on: on.parse().unwrap() }
    }

    fn facts(baseline: Option<Dated>, targets: Vec<Dated>) -> Facts {
        Facts { definition: definition("services-fully-online"), baseline, targets, provenance: Provenance::Official }
    }

    fn places(facts: &Facts) -> Vec<String> {
        let mut violations = Violations::default();
        facts.check(reference(), &mut violations, "2026-01-01".parse().unwrap());
        violations.done().err().into_iter().flatten().map(|violation| violation.pointer).collect()
    }

    #[test]
    fn every_entry_of_the_catalogue_is_a_sound_definition() {
        for entry in &reference().entries {
            let sound = Facts { definition: Definition::of_entry(reference(), entry), ..facts(None, Vec::new()) };
            assert_eq!(places(&sound), Vec::<String>::new(), "{}", entry.code);
        }
    }

    #[test]
    fn another_measure_breaks_the_series_and_another_title_does_not() {
        let before = definition("services-fully-online");
        let titled = Definition { title: LanguageMap::default(), source: None, ..before.clone() };
        assert!(titled.continues(&before));
        for other in [
            Definition { unit: "persons".to_owned(), ..before.clone() },
            Definition { kind: Kind::Number, ..before.clone() },
            Definition { frequency: Frequency::Monthly, ..before.clone() },
            Definition { levels: vec![LanguageMap::default()], ..before.clone() },
        ] {
            assert!(!other.continues(&before));
        }
        let translated = Definition { computation: LanguageMap::default(), ..before.clone() };
        assert!(translated.continues(&before), "words are mended and translated");
        let split = |categories: &[&str]| {
            let category = |code: &&str| Category { code: (*code).to_owned(), label: LanguageMap::default() };
            let categories = categories.iter().map(category).collect();
            let dimension = Dimension { code: "sex".to_owned(), label: LanguageMap::default(), categories };
            Definition { dimensions: vec![dimension], ..before.clone() }
        };
        assert!(split(&["women", "men", "unspecified"]).continues(&split(&["women", "men"])));
        assert!(!split(&["women", "men"]).continues(&split(&["women", "men", "unspecified"])));
        assert!(!Definition { dimensions: Vec::new(), ..before.clone() }.continues(&split(&["women", "men"])));
    }

    #[test]
    fn targets_lie_behind_the_baseline_in_their_order() {
        let (first, second) = (dated("70", "2026-06-30"), dated("90", "2027-12-31"));
        assert_eq!(places(&facts(Some(dated("60", "2025-12-31")), vec![first, second])), Vec::<String>::new());
        assert_eq!(places(&facts(None, vec![second, first])), ["/targets"]);
        assert_eq!(places(&facts(None, vec![first, first])), ["/targets"]);
        assert_eq!(places(&facts(Some(dated("60", "2026-06-30")), vec![first])), ["/baseline/on", "/targets"]);
        assert_eq!(Decimal::ONE.to_string(), "1");
    }

    #[test]
    fn a_scale_has_words_and_nothing_else_has() {
        let level = LanguageMap { fr: Some("Bas".to_owned()), ..LanguageMap::default() };
        let scale = |kind, levels: usize| Facts {
            definition: Definition { kind, levels: vec![level.clone(); levels], ..definition("services-fully-online") },
            ..facts(None, Vec::new())
        };
        assert_eq!(places(&scale(Kind::Scale, 5)), Vec::<String>::new());
        assert_eq!(places(&scale(Kind::Scale, 1)), ["/levels"]);
        assert_eq!(places(&scale(Kind::Number, 5)), ["/levels"]);
    }
}
