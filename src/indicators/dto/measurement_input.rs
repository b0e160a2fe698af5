//! What callers report, and what they make of what others report.

use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use validator::Validate;

use super::super::rules::{
    Address, Catalogue, Content, Definition, Disaggregation, Figures, MOST_DIMENSIONS, MOST_PARTS, Measurement,
    NOTE_CHARS, Period, Report, Verdict, content,
};
use super::{optional_parts, parts};
use crate::kernel::{
    bounded::{self, LimitedMap},
    decimal::Decimal,
    evidence::{EvidenceLinkIn, read_evidence},
    id::Reference,
    language::{LanguageMap, LanguageMapPatch},
    patch::{Patch, replaced},
    text,
    violation::{Violations, long_line},
};

/// A disaggregation as it comes, with no more of anything than there can be.
type Parts = LimitedMap<MOST_DIMENSIONS, LimitedMap<MOST_PARTS, Decimal>>;

fn disaggregation(LimitedMap(parts): Parts) -> Disaggregation {
    parts.into_iter().map(|(dimension, LimitedMap(parts))| (dimension, parts)).collect()
}

fn read_parts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Disaggregation, D::Error> {
    Parts::deserialize(deserializer).map(disaggregation)
}

fn read_optional_parts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Patch<Disaggregation>, D::Error> {
    let parts = Option::<Parts>::deserialize(deserializer)?;
    Ok(parts.map_or(Patch::Null, |parts| Patch::Value(disaggregation(parts))))
}

/// The report of an indicator for a period, which are its natural key and stay. Nobody else sees it before it is approved.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct MeasurementIn {
    /// Slug or id of the indicator.
    #[schema(value_type = String, example = "commune-larache-openness-norms-services-fully-online", max_length = 200)]
    pub indicator: Reference<Address>,
    /// The period: one that is over, of the indicator's frequency.
    pub period: Period,
    /// The value; for a ratio it is computed, and may be left away.
    #[serde(default)]
    pub value: Option<Decimal>,
    /// The numerator of a ratio.
    #[serde(default)]
    #[schema(example = 42)]
    pub numerator: Option<Decimal>,
    /// The denominator of a ratio.
    #[serde(default)]
    #[schema(example = 60)]
    pub denominator: Option<Decimal>,
    /// How the value is made up: dimension, category, value. Where amounts of the unit can be added up, the parts of each
    /// dimension add up to the value.
    #[serde(default, deserialize_with = "read_parts")]
    #[schema(schema_with = parts)]
    pub disaggregation: Disaggregation,
    /// What is to be said of it, each of at most 2,000 characters.
    #[serde(default)]
    pub note: Option<LanguageMap>,
    /// What it rests on.
    #[serde(default, deserialize_with = "bounded::list::<20, _, _>")]
    #[validate(nested)]
    #[schema(max_items = 20)]
    pub evidence: Vec<EvidenceLinkIn>,
    /// Whether it is submitted for review; not unless said otherwise.
    #[serde(default)]
    #[schema(example = true)]
    pub submit: bool,
    /// Why what was approved is corrected, which everybody is told; for corrections only.
    #[serde(skip)]
    #[validate(custom(function = "long_line"))]
    pub reason: Option<String>,
}

/// What is reported, read: the content, whether it is submitted, and why it is corrected.
pub type ReadReport = (Option<Content>, bool, Option<String>);

impl MeasurementIn {
    /// What is reported by a version of a definition, with what is wrong with it so far.
    #[must_use]
    pub fn read(self, by: (&Definition, i64), catalogue: &Catalogue) -> (Violations, ReadReport) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let note = self.note.map(|note| note.checked_text(&mut violations, "/note", NOTE_CHARS));
        let evidence = read_evidence(self.evidence, &mut violations);
        let figures = Figures { value: self.value, numerator: self.numerator, denominator: self.denominator };
        let (numerator, denominator) = (self.numerator, self.denominator);
        let report = Report { numerator, denominator, disaggregation: self.disaggregation, note, evidence };
        let content = content((&figures, report), by, catalogue, &mut violations);
        (violations, (content, self.submit, self.reason.as_deref().map(text::normal)))
    }
}

/// Changes of a report (RFC 7396): what is absent stays, what is null is taken away. Indicator and period stay. What was
/// approved stays what everybody sees until the correction is approved, too; who reports again what is approved takes the
/// correction back. A report is measured by the definition that it was first reported by.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasurementPatch {
    /// The value; for a ratio it is computed.
    #[serde(default)]
    #[schema(value_type = Option<Decimal>)]
    pub value: Patch<Decimal>,
    /// The numerator of a ratio.
    #[serde(default)]
    #[schema(value_type = Option<Decimal>)]
    pub numerator: Patch<Decimal>,
    /// The denominator of a ratio.
    #[serde(default)]
    #[schema(value_type = Option<Decimal>)]
    pub denominator: Patch<Decimal>,
    /// How the value is made up: all of it anew.
    #[serde(default, deserialize_with = "read_optional_parts")]
    #[schema(schema_with = optional_parts)]
    pub disaggregation: Patch<Disaggregation>,
    /// What is to be said of it, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub note: Patch<LanguageMapPatch>,
    /// What it rests on: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<20, _, _>")]
    #[schema(value_type = Option<Vec<EvidenceLinkIn>>, max_items = 20)]
    pub evidence: Patch<Vec<EvidenceLinkIn>>,
    /// Whether it is submitted for review; where it is absent, what was submitted stays so.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = bool, example = true, nullable = false)]
    pub submit: Patch<bool>,
    /// Why what was approved is corrected, which everybody is told; corrections must say it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Two services were counted twice", max_length = 500)]
    pub reason: Patch<String>,
}

impl MeasurementPatch {
    /// What would be reported, in the form in which it would be added: one reader serves both. `submits` is whether it is
    /// submitted already.
    #[must_use]
    pub fn onto(self, found: &Measurement, (submits, is_ratio): (bool, bool)) -> MeasurementIn {
        let Report { numerator, denominator, disaggregation, note, evidence } = found.reported.report.clone();
        // The value of a ratio follows from its parts, unless somebody states it.
        let value = Some(found.reported.value).filter(|_| !is_ratio);
        let evidence = evidence.into_iter().map(EvidenceLinkIn::from).collect();
        MeasurementIn {
            indicator: Reference::from(found.indicator.as_str()),
            period: found.period,
            value: self.value.onto(value),
            numerator: self.numerator.onto(numerator),
            denominator: self.denominator.onto(denominator),
            disaggregation: self.disaggregation.onto(Some(disaggregation)).unwrap_or_default(),
            note: self.note.onto_map(note),
            evidence: self.evidence.onto(Some(evidence)).unwrap_or_default(),
            submit: self.submit.onto(Some(submits)).unwrap_or_default(),
            reason: self.reason.onto(found.reason.clone()),
        }
    }
}

/// What somebody makes of what somebody else has submitted.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct MeasurementReviewIn {
    /// `approve` shows it to everybody, `return` asks for changes.
    pub verdict: Verdict,
    /// What is to be changed; who returns a report must say it.
    #[serde(default)]
    #[validate(custom(function = "long_line"))]
    #[schema(example = "The denominator counts services that were closed", max_length = 500)]
    pub note: Option<String>,
}

impl MeasurementReviewIn {
    /// The verdict.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(self) -> Result<(Verdict, Option<String>), Violations> {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        if self.verdict == Verdict::Return && self.note.is_none() {
            violations.add(
                "/note",
                "missing_value",
                "Who returns a report says what is to be changed: note is missing.",
            );
        }
        violations.done()?;
        Ok((self.verdict, self.note.as_deref().map(text::normal)))
    }
}
