//! What callers write in assessments. Who says it is never in the body: it follows from the account.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::super::rules::{Assessment, Facts, Level, Subject, check_facts};
use crate::{
    action_programs::Publication,
    kernel::{
        bounded,
        date::Date,
        evidence::{EvidenceLinkIn, read_evidence},
        language::{LanguageMap, LanguageMapPatch},
        patch::{Patch, replaced},
        violation::Violations,
    },
};

/// The longest explanation, in characters.
const EXPLANATION_CHARS: usize = 2_000;

/// An assessment to be added. Commitment, year and author are its natural key and stay; the author follows from the account.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AssessmentIn {
    /// Code of the charter's commitment.
    #[schema(example = "action-programs", max_length = 100)]
    pub commitment: String,
    /// The year that is assessed, from 2022 to the present one.
    #[serde(deserialize_with = "crate::kernel::number::whole")]
    #[schema(example = 2025, minimum = 2022, maximum = 2199)]
    pub year: i64,
    /// How the commitment was kept, on the scale of `GET /api/v1/charter/assessment-scale`.
    #[serde(deserialize_with = "crate::kernel::number::whole")]
    #[schema(example = 2, minimum = 0, maximum = 4)]
    pub level: i64,
    /// Why it is this level, in at least one language, each of at most 2,000 characters.
    pub explanation: LanguageMap,
    /// What it rests on.
    #[serde(default, deserialize_with = "bounded::list::<20, _, _>")]
    #[validate(nested)]
    #[schema(max_items = 20)]
    pub evidence: Vec<EvidenceLinkIn>,
    /// The day of the assessment, not before the year that is assessed.
    #[schema(example = "2026-02-15")]
    pub assessed_on: Date,
    /// `published` shows it to everybody; `draft` unless said otherwise.
    #[serde(default)]
    pub publication: Option<Publication>,
}

impl AssessmentIn {
    /// What is said, with what is wrong with it so far.
    #[must_use]
    pub fn read(self, today: NaiveDate) -> (Violations, Subject, Facts) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let level = Level::try_from(self.level).unwrap_or_else(|why| {
            violations.add("/level", "invalid_value", format!("level {why}."));
            Level::ALL[0]
        });
        let subject = Subject { commitment: self.commitment, year: self.year };
        let facts = Facts {
            level,
            explanation: self.explanation.checked(&mut violations, "/explanation", EXPLANATION_CHARS),
            evidence: read_evidence(self.evidence, &mut violations),
            assessed_on: self.assessed_on.day(),
        };
        check_facts(&mut violations, &subject, &facts, today);
        (violations, subject, facts)
    }
}

/// Changes of an assessment (RFC 7396): what is absent stays, what is null is taken away. Commitment, year and author stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssessmentPatch {
    /// How the commitment was kept.
    #[serde(default, deserialize_with = "crate::kernel::number::replaced")]
    #[schema(value_type = i64, example = 2, minimum = 0, maximum = 4, nullable = false)]
    pub level: Patch<i64>,
    /// Why it is this level, by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub explanation: Patch<LanguageMapPatch>,
    /// What it rests on: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<20, _, _>")]
    #[schema(value_type = Option<Vec<EvidenceLinkIn>>, max_items = 20)]
    pub evidence: Patch<Vec<EvidenceLinkIn>>,
    /// The day of the assessment.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Date, example = "2026-02-15", nullable = false)]
    pub assessed_on: Patch<Date>,
    /// `published` shows it to everybody, `draft` takes it back.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Publication, nullable = false)]
    pub publication: Patch<Publication>,
}

impl AssessmentPatch {
    /// What would be said, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, assessment: &Assessment) -> AssessmentIn {
        let Assessment { subject, facts, publication, .. } = assessment.clone();
        let evidence = facts.evidence.into_iter().map(EvidenceLinkIn::from).collect();
        AssessmentIn {
            commitment: subject.commitment,
            year: subject.year,
            level: self.level.onto(None).unwrap_or_else(|| facts.level.get()),
            explanation: self.explanation.onto_map(Some(facts.explanation)).unwrap_or_default(),
            evidence: self.evidence.onto(Some(evidence)).unwrap_or_default(),
            assessed_on: self.assessed_on.onto(None).unwrap_or(Date(facts.assessed_on)),
            publication: self.publication.onto(Some(publication)),
        }
    }
}
