//! What callers change of programmes.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    super::rules::{Axis, Committee, Document, Planned, Program, Publication, Stakeholder},
    input::{AxisIn, CommitteeIn, DocumentIn, PlannedIn, ProgramIn, StakeholderIn},
};
use crate::kernel::{
    bounded,
    date::{Date, Precision, patched},
    language::LanguageMapPatch,
    patch::{Patch, replaced},
};

/// Changes of a programme (RFC 7396): what is absent stays, what is null is taken away. Member, cycle and provenance
/// stay; its stage changes by transitions. What its stage rests on can't be taken away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramPatch {
    /// The title by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub title: Patch<LanguageMapPatch>,
    /// What it is about, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub summary: Patch<LanguageMapPatch>,
    /// `published` shows it to everybody, `draft` takes it back, in the stage `draft` only.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Publication, nullable = false)]
    pub publication: Patch<Publication>,
    /// What was announced.
    #[serde(default)]
    #[schema(value_type = Option<PlannedPatch>)]
    pub planned: Patch<PlannedPatch>,
    /// When the follow-up committee validated it, or the first day of the month or year.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2025-07-10")]
    pub committee_validated_on: Patch<Date>,
    /// How much of that date is known; `day` for a new date unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Precision>)]
    pub committee_validated_on_precision: Patch<Precision>,
    /// The day of the council's session that adopted it, or the first day of the month or year.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2025-10-02")]
    pub council_session_on: Patch<Date>,
    /// How much of that date is known; `day` for a new date unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Precision>)]
    pub council_session_on_precision: Patch<Precision>,
    /// Reference of the council's decision.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Deliberation 41/2025", max_length = 200)]
    pub decision_reference: Patch<String>,
    /// Where the decision can be read, an http(s) URL.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri", example = "https://www.larache.ma/deliberations/41-2025", max_length = 500)]
    pub decision_url: Patch<String>,
    /// The first day of its implementation.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2026-01-01")]
    pub implementation_from: Patch<Date>,
    /// The last day; two years from the first where it is null.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2027-12-31")]
    pub implementation_until: Patch<Date>,
    /// The committee that follows it.
    #[serde(default)]
    #[schema(value_type = Option<CommitteePatch>)]
    pub committee: Patch<CommitteePatch>,
    /// Its priorities: the whole list anew; who gives their ids keeps them.
    #[serde(default, deserialize_with = "bounded::patched::<12, _, _>")]
    #[schema(value_type = Option<Vec<AxisIn>>, max_items = 12)]
    pub axes: Patch<Vec<AxisIn>>,
    /// Codes of the charter's commitments that it serves: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<20, _, _>")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["action-programs"]), max_items = 20)]
    pub commitments: Patch<Vec<String>>,
    /// Organisations that take part: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<100, _, _>")]
    #[schema(value_type = Option<Vec<StakeholderIn>>, max_items = 100)]
    pub stakeholders: Patch<Vec<StakeholderIn>>,
    /// Its documents: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<100, _, _>")]
    #[schema(value_type = Option<Vec<DocumentIn>>, max_items = 100)]
    pub documents: Patch<Vec<DocumentIn>>,
    /// The sources, in words.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Site of the commune", max_length = 500)]
    pub source: Patch<String>,
}

/// Changes of what was announced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedPatch {
    /// When co-creation begins, or the first day of the month or year.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2025-03-01")]
    pub co_creation_on: Patch<Date>,
    /// How much of that date is known; `day` for a new date unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Precision>)]
    pub co_creation_on_precision: Patch<Precision>,
    /// When the public is consulted on the draft projects, or the first day of the month or year.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2025-05-01")]
    pub consultation_on: Patch<Date>,
    /// How much of that date is known; `day` for a new date unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Precision>)]
    pub consultation_on_precision: Patch<Precision>,
    /// When the council adopts it, or the first day of the month or year.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2025-10-01")]
    pub adoption_on: Patch<Date>,
    /// How much of that date is known; `day` for a new date unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Precision>)]
    pub adoption_on_precision: Patch<Precision>,
}

/// Changes of the committee.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitteePatch {
    /// How many belong to it.
    #[serde(default, deserialize_with = "crate::kernel::number::replaced")]
    #[schema(value_type = u16, example = 15, minimum = 1, maximum = 65535, nullable = false)]
    pub size: Patch<u16>,
    /// How many of them are women.
    #[serde(default, deserialize_with = "crate::kernel::number::patched")]
    #[schema(value_type = Option<u16>, example = 7, minimum = 0, maximum = 65535)]
    pub women: Patch<u16>,
    /// How many of them belong to civil society.
    #[serde(default, deserialize_with = "crate::kernel::number::patched")]
    #[schema(value_type = Option<u16>, example = 8, minimum = 0, maximum = 65535)]
    pub civil_society: Patch<u16>,
    /// The function of who chairs it, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub chair_function: Patch<LanguageMapPatch>,
}

impl ProgramPatch {
    /// What would be said of the programme, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, program: &Program) -> ProgramIn {
        let facts = program.facts.clone();
        let (validated_on, validated_precision) =
            patched(self.committee_validated_on, self.committee_validated_on_precision, facts.committee_validated_on);
        let (session_on, session_precision) =
            patched(self.council_session_on, self.council_session_on_precision, facts.council_session_on);
        let implementation = facts.implementation;
        ProgramIn {
            member: program.owner.slug.to_string(),
            cycle: program.cycle,
            title: self.title.onto_map(Some(facts.title)).unwrap_or_default(),
            summary: self.summary.onto_map(facts.summary),
            publication: self.publication.onto(Some(program.publication)),
            planned: match self.planned {
                Patch::Absent => PlannedPatch::default().onto(facts.planned),
                Patch::Null => PlannedIn::default(),
                Patch::Value(patch) => patch.onto(facts.planned),
            },
            committee_validated_on: validated_on,
            committee_validated_on_precision: validated_precision,
            council_session_on: session_on,
            council_session_on_precision: session_precision,
            decision_reference: self.decision_reference.onto(facts.decision_reference),
            decision_url: self.decision_url.onto(facts.decision_url),
            implementation_from: self.implementation_from.onto(implementation.map(|time| time.from.into())),
            implementation_until: self.implementation_until.onto(implementation.and_then(|time| time.until).map(Date)),
            committee: match self.committee {
                Patch::Absent => facts.committee.map(CommitteeIn::from),
                Patch::Null => None,
                Patch::Value(patch) => Some(patch.onto(facts.committee)),
            },
            axes: self.axes.onto(Some(facts.axes.into_iter().map(AxisIn::from).collect())).unwrap_or_default(),
            commitments: self.commitments.onto(Some(facts.commitments)).unwrap_or_default(),
            stakeholders: self
                .stakeholders
                .onto(Some(facts.stakeholders.into_iter().map(StakeholderIn::from).collect()))
                .unwrap_or_default(),
            documents: self
                .documents
                .onto(Some(facts.documents.into_iter().map(DocumentIn::from).collect()))
                .unwrap_or_default(),
            provenance: Some(facts.provenance),
            source: self.source.onto(facts.source),
        }
    }
}

impl PlannedPatch {
    fn onto(self, planned: Planned) -> PlannedIn {
        let (co_creation_on, co_creation_on_precision) =
            patched(self.co_creation_on, self.co_creation_on_precision, planned.co_creation_on);
        let (consultation_on, consultation_on_precision) =
            patched(self.consultation_on, self.consultation_on_precision, planned.consultation_on);
        let (adoption_on, adoption_on_precision) =
            patched(self.adoption_on, self.adoption_on_precision, planned.adoption_on);
        PlannedIn {
            co_creation_on,
            co_creation_on_precision,
            consultation_on,
            consultation_on_precision,
            adoption_on,
            adoption_on_precision,
        }
    }
}

impl CommitteePatch {
    fn onto(self, committee: Option<Committee>) -> CommitteeIn {
        let current = committee.map(CommitteeIn::from);
        let current =
            current.unwrap_or(CommitteeIn { size: 0, women: None, civil_society: None, chair_function: None });
        CommitteeIn {
            size: self.size.onto(Some(current.size)).unwrap_or_default(),
            women: self.women.onto(current.women),
            civil_society: self.civil_society.onto(current.civil_society),
            chair_function: self.chair_function.onto_map(current.chair_function),
        }
    }
}

impl From<Committee> for CommitteeIn {
    fn from(committee: Committee) -> Self {
        let Committee { size, women, civil_society, chair_function } = committee;
        Self { size, women, civil_society, chair_function }
    }
}

impl From<Axis> for AxisIn {
    fn from(axis: Axis) -> Self {
        Self { id: Some(axis.id.into()), title: axis.title, principles: axis.principles }
    }
}

impl From<Stakeholder> for StakeholderIn {
    fn from(stakeholder: Stakeholder) -> Self {
        let Stakeholder { organisation, kind, role, contact } = stakeholder;
        Self { organisation, kind, role, contact }
    }
}

impl From<Document> for DocumentIn {
    fn from(document: Document) -> Self {
        let Document { title, kind, language, url, sha256, dated } = document;
        Self { title, kind, language, url, sha256, dated: dated.map(Date) }
    }
}
