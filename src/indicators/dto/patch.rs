//! What callers change of indicators.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::rules::{Definition, Dimension, Direction, Frequency, Indicator, Kind},
    input::{DatedIn, IndicatorIn},
};
use crate::{
    action_programs::Publication,
    kernel::{
        bounded,
        language::{LanguageMap, LanguageMapPatch},
        patch::{Patch, replaced},
    },
};

/// Changes of an indicator (RFC 7396): what is absent stays, what is null is taken away. What it is of, its code and its
/// provenance stay. Of one that is reported against the catalogue, only baseline, targets and publication change. With another
/// unit, kind, direction or number of levels, baseline and targets lapse unless they are stated anew.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorPatch {
    /// What it is called, by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub title: Patch<LanguageMapPatch>,
    /// What it measures, by language.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub measures: Patch<LanguageMapPatch>,
    /// How it is computed, by language.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub computation: Patch<LanguageMapPatch>,
    /// Code of the unit. Another one is another version of the definition.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = String, example = "percent", nullable = false, max_length = 40)]
    pub unit: Patch<String>,
    /// What kind of figure it has. Another one is another version of the definition.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Kind, nullable = false)]
    pub kind: Patch<Kind>,
    /// The levels of a scale in words, from 0: the whole list anew. Another number of them is another version of the definition.
    #[serde(default, deserialize_with = "bounded::patched::<11, _, _>")]
    #[schema(value_type = Option<Vec<LanguageMap>>, max_items = 11)]
    pub levels: Patch<Vec<LanguageMap>>,
    /// In which direction it improves. The other one is another version of the definition.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Direction, nullable = false)]
    pub direction: Patch<Direction>,
    /// How often it is reported. Another one is another version of the definition.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Frequency, nullable = false)]
    pub frequency: Patch<Frequency>,
    /// What its values may be split by: the whole list anew. Taking something away is another version of the definition.
    #[serde(default, deserialize_with = "bounded::patched::<8, _, _>")]
    #[schema(value_type = Option<Vec<Dimension>>, max_items = 8)]
    pub dimensions: Patch<Vec<Dimension>>,
    /// Where its figures come from, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub source: Patch<LanguageMapPatch>,
    /// Who answers for them, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub responsible_unit: Patch<LanguageMapPatch>,
    /// Where it began.
    #[serde(default)]
    #[schema(value_type = Option<DatedIn>)]
    pub baseline: Patch<DatedIn>,
    /// Where it is to come: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<40, _, _>")]
    #[schema(value_type = Option<Vec<DatedIn>>, max_items = 40)]
    pub targets: Patch<Vec<DatedIn>>,
    /// `true` says that the words mean something else than before: then they, too, are another version of the definition, and
    /// the series breaks. Without it they are mended or translated, and by itself it changes nothing.
    #[serde(default)]
    #[schema(example = false)]
    pub new_definition: bool,
    /// `published` shows it to everybody; `draft` takes it back, as long as no value is public.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Publication, nullable = false)]
    pub publication: Patch<Publication>,
}

impl IndicatorPatch {
    /// The properties of a definition that the patch names.
    #[must_use]
    pub fn defines(&self) -> Vec<&'static str> {
        let named = [
            ("title", self.title.is_named()),
            ("measures", self.measures.is_named()),
            ("computation", self.computation.is_named()),
            ("unit", self.unit.is_named()),
            ("kind", self.kind.is_named()),
            ("levels", self.levels.is_named()),
            ("direction", self.direction.is_named()),
            ("frequency", self.frequency.is_named()),
            ("dimensions", self.dimensions.is_named()),
            ("source", self.source.is_named()),
            ("responsible_unit", self.responsible_unit.is_named()),
            ("new_definition", self.new_definition),
        ];
        named.into_iter().filter(|(_, is_named)| *is_named).map(|(name, _)| name).collect()
    }

    /// What would be said of the indicator, in the form in which it would be added: one reader serves both. Of one that is
    /// reported against the catalogue, it holds of the definition only what the patch names, which is refused.
    #[must_use]
    pub fn onto(self, indicator: &Indicator) -> IndicatorIn {
        let facts = indicator.facts.clone();
        let current = Some(facts.definition).filter(|_| indicator.catalogue.is_none());
        let of = |part: fn(&Definition) -> LanguageMap| current.as_ref().map(part);
        let is_like = current.as_ref().is_none_or(|current| {
            !matches!(&self.unit, Patch::Value(unit) if *unit != current.unit)
                && !matches!(self.kind, Patch::Value(kind) if kind != current.kind)
                && !matches!(self.direction, Patch::Value(direction) if direction != current.direction)
                && !matches!(&self.levels, Patch::Value(levels) if levels.len() != current.levels.len())
        });
        IndicatorIn {
            title: self.title.onto_map(of(|current| current.title.clone())),
            measures: self.measures.onto_map(of(|current| current.measures.clone())),
            computation: self.computation.onto_map(of(|current| current.computation.clone())),
            unit: self.unit.onto(current.as_ref().map(|current| current.unit.clone())),
            kind: self.kind.onto(current.as_ref().map(|current| current.kind)),
            levels: self.levels.onto(current.as_ref().map(|current| current.levels.clone())).unwrap_or_default(),
            direction: self.direction.onto(current.as_ref().map(|current| current.direction)),
            frequency: self.frequency.onto(current.as_ref().map(|current| current.frequency)),
            dimensions: self
                .dimensions
                .onto(current.as_ref().map(|current| current.dimensions.clone()))
                .unwrap_or_default(),
            source: self.source.onto_map(current.as_ref().and_then(|current| current.source.clone())),
            responsible_unit: self.responsible_unit.onto_map(current.and_then(|current| current.responsible_unit)),
            baseline: self.baseline.onto(facts.baseline.filter(|_| is_like).map(DatedIn::from)),
            targets: self
                .targets
                .onto(is_like.then(|| facts.targets.into_iter().map(DatedIn::from).collect()))
                .unwrap_or_default(),
            publication: self.publication.onto(Some(indicator.publication)),
            provenance: Some(facts.provenance),
            ..IndicatorIn::default()
        }
    }
}
