//! What callers write about programmes; what they change stands in [`patch`](super::patch).

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::ToSchema;
use validator::Validate;

use super::super::rules::{
    Axis, Committee, Document, DocumentKind, Facts, Implementation, Move, Planned, Provenance, Publication, Stage,
    Stakeholder, StakeholderKind, check_facts,
};
use crate::{
    kernel::{
        bounded,
        date::{Date, PartialDate, Precision, check_date},
        http_url,
        id::{Identifier, Reference, Slug, new_id},
        language::{Language, LanguageMap},
        text,
        violation::{Violations, long_line, readable, sha256_digest, short_line, web_address},
    },
    members::EvidenceIn,
};

/// The longest title, in characters.
const TITLE_CHARS: usize = 200;
/// The longest summary, likewise.
const SUMMARY_CHARS: usize = 2_000;

/// A programme to be added. Member and cycle are its natural key and stay. It begins in the stage `draft`.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ProgramIn {
    /// Slug of the member.
    #[validate(custom(function = "readable::<Slug>"))]
    #[schema(example = "commune-larache", max_length = 100)]
    pub member: String,
    /// The number of the cycle, from 1; a member has one programme in a cycle.
    #[validate(range(min = 1, max = 99, message = "is not a number from 1 to 99"))]
    #[schema(example = 2, minimum = 1, maximum = 99)]
    #[serde(deserialize_with = "crate::kernel::number::whole")]
    pub cycle: i64,
    /// The title, in at least one language, each of at most 200 characters.
    pub title: LanguageMap,
    /// What it is about, each of at most 2,000 characters.
    #[serde(default)]
    pub summary: Option<LanguageMap>,
    /// `published` shows it to everybody; `draft` unless said otherwise.
    #[serde(default)]
    pub publication: Option<Publication>,
    /// What was announced.
    #[serde(default)]
    pub planned: PlannedIn,
    /// When the follow-up committee validated it, or the first day of the month or year.
    #[serde(default)]
    #[schema(example = "2025-07-10")]
    pub committee_validated_on: Option<Date>,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub committee_validated_on_precision: Option<Precision>,
    /// The day of the council's session that adopted it, or the first day of the month or year.
    #[serde(default)]
    #[schema(example = "2025-10-02")]
    pub council_session_on: Option<Date>,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub council_session_on_precision: Option<Precision>,
    /// Reference of the council's decision.
    #[serde(default)]
    #[validate(custom(function = "short_line"))]
    #[schema(example = "Deliberation 41/2025", max_length = 200)]
    pub decision_reference: Option<String>,
    /// Where the decision can be read, an http(s) URL.
    #[serde(default)]
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "https://www.larache.ma/deliberations/41-2025", max_length = 500)]
    pub decision_url: Option<String>,
    /// The first day of its implementation.
    #[serde(default)]
    #[schema(example = "2026-01-01")]
    pub implementation_from: Option<Date>,
    /// The last day; two years from the first unless said otherwise.
    #[serde(default)]
    #[schema(example = "2027-12-31")]
    pub implementation_until: Option<Date>,
    /// The committee that follows it: figures and a function, no names.
    #[serde(default)]
    #[validate(nested)]
    pub committee: Option<CommitteeIn>,
    /// Its priorities, in their order.
    #[serde(default, deserialize_with = "bounded::list::<12, _, _>")]
    #[validate(nested)]
    #[schema(max_items = 12)]
    pub axes: Vec<AxisIn>,
    /// Codes of the charter's commitments that it serves.
    #[serde(default, deserialize_with = "bounded::list::<20, _, _>")]
    #[schema(example = json!(["action-programs", "monitoring-evaluation"]), max_items = 20)]
    pub commitments: Vec<String>,
    /// Organisations that take part.
    #[serde(default, deserialize_with = "bounded::list::<100, _, _>")]
    #[validate(nested)]
    #[schema(max_items = 100)]
    pub stakeholders: Vec<StakeholderIn>,
    /// Its documents.
    #[serde(default, deserialize_with = "bounded::list::<100, _, _>")]
    #[validate(nested)]
    #[schema(max_items = 100)]
    pub documents: Vec<DocumentIn>,
    /// Where the knowledge comes from: `official` (unless said otherwise) or `press`.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<String>, example = "official", pattern = "^(official|press)$")]
    pub provenance: Option<Provenance>,
    /// The sources, in words.
    #[serde(default)]
    #[validate(custom(function = "long_line"))]
    #[schema(example = "Site of the commune", max_length = 500)]
    pub source: Option<String>,
}

/// What was announced of a programme.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedIn {
    /// When co-creation begins, or the first day of the month or year.
    #[serde(default)]
    #[schema(example = "2025-03-01")]
    pub co_creation_on: Option<Date>,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub co_creation_on_precision: Option<Precision>,
    /// When the public is consulted on the draft projects, or the first day of the month or year.
    #[serde(default)]
    #[schema(example = "2025-05-01")]
    pub consultation_on: Option<Date>,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub consultation_on_precision: Option<Precision>,
    /// When the council adopts it, or the first day of the month or year.
    #[serde(default)]
    #[schema(example = "2025-10-01")]
    pub adoption_on: Option<Date>,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub adoption_on_precision: Option<Precision>,
}

/// The committee that follows a programme.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CommitteeIn {
    /// How many belong to it.
    #[schema(example = 15, minimum = 1, maximum = 65535)]
    #[serde(deserialize_with = "crate::kernel::number::whole")]
    pub size: u16,
    /// How many of them are women.
    #[serde(default, deserialize_with = "crate::kernel::number::optional")]
    #[schema(example = 7, minimum = 0, maximum = 65535)]
    pub women: Option<u16>,
    /// How many of them belong to civil society.
    #[serde(default, deserialize_with = "crate::kernel::number::optional")]
    #[schema(example = 8, minimum = 0, maximum = 65535)]
    pub civil_society: Option<u16>,
    /// The function of who chairs it, each of at most 200 characters; no name.
    #[serde(default)]
    pub chair_function: Option<LanguageMap>,
}

/// A priority of a programme.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AxisIn {
    /// The id of an axis that the programme has already; a new axis is given one.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = json!(null), format = "uuid")]
    pub id: Option<Reference<Identifier>>,
    /// What it is called, in the member's own words, each of at most 200 characters.
    pub title: LanguageMap,
    /// Codes of the principles of openness that it is mapped to; none where it is not.
    #[serde(default, deserialize_with = "bounded::list::<20, _, _>")]
    #[schema(example = json!(["transparency"]), max_items = 20)]
    pub principles: Vec<String>,
}

/// An organisation that takes part.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StakeholderIn {
    /// Its name.
    #[validate(custom(function = "short_line"))]
    #[schema(example = "Association des parents d'élèves", max_length = 200)]
    pub organisation: String,
    /// What kind of organisation it is.
    pub kind: StakeholderKind,
    /// What it does in the programme, each of at most 200 characters.
    #[serde(default)]
    pub role: Option<LanguageMap>,
    /// A public contact of the organisation; everybody sees it.
    #[serde(default)]
    #[validate(custom(function = "short_line"))]
    #[schema(example = "https://association.example", max_length = 200)]
    pub contact: Option<String>,
}

/// A document.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DocumentIn {
    /// What it is called, each of at most 200 characters.
    pub title: LanguageMap,
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// The language that it is written in.
    pub language: Language,
    /// Where it can be read, an http(s) URL.
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "https://www.larache.ma/programme-ouverture.pdf", max_length = 500)]
    pub url: String,
    /// SHA-256 of the file, as 64 hexadecimal digits in lower case.
    #[serde(default)]
    #[validate(custom(function = "sha256_digest"))]
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", pattern = "^[0-9a-f]{64}$")]
    pub sha256: Option<String>,
    /// Its date.
    #[serde(default)]
    #[schema(example = "2026-02-05")]
    pub dated: Option<Date>,
}

/// Reads where knowledge comes from: only what others can know, since `illustrative` is loaded.
///
/// # Errors
/// What is no such code.
pub fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Provenance>, D::Error> {
    match Option::<String>::deserialize(deserializer)?.as_deref() {
        None => Ok(None),
        Some("official") => Ok(Some(Provenance::Official)),
        Some("press") => Ok(Some(Provenance::Press)),
        Some(_) => Err(D::Error::custom("is none of official, press")),
    }
}

impl ProgramIn {
    /// What is said of the programme, with what is wrong with it so far. Axes that are new get their ids; `known` are
    /// those that the programme has.
    #[must_use]
    pub fn read(self, known: &[Axis], today: NaiveDate) -> (Violations, Facts) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let validated_on = (self.committee_validated_on, self.committee_validated_on_precision);
        let session_on = (self.council_session_on, self.council_session_on_precision);
        if self.implementation_from.is_none() && self.implementation_until.is_some() {
            let detail = "implementation_until says when the implementation ends, and implementation_from is missing.";
            violations.add("/implementation_until", "without_beginning", detail);
        }
        let until = self.implementation_until.map(Date::day);
        let mut commitments: Vec<String> = self.commitments;
        commitments.sort();
        let facts = Facts {
            title: self.title.checked(&mut violations, "/title", TITLE_CHARS),
            summary: self.summary.map(|text| text.checked(&mut violations, "/summary", SUMMARY_CHARS)),
            planned: self.planned.read(&mut violations),
            committee_validated_on: check_date(&mut violations, "committee_validated_on", validated_on, today),
            council_session_on: check_date(&mut violations, "council_session_on", session_on, today),
            decision_reference: self.decision_reference.as_deref().map(text::normal),
            decision_url: self.decision_url.as_deref().map(http_url::stored),
            implementation: self.implementation_from.map(|from| Implementation { from: from.day(), until }),
            committee: self.committee.map(|committee| committee.read(&mut violations)),
            axes: read_axes(self.axes, known, &mut violations),
            commitments,
            stakeholders: read_each(self.stakeholders, "/stakeholders", &mut violations, StakeholderIn::read),
            documents: read_each(self.documents, "/documents", &mut violations, DocumentIn::read),
            provenance: self.provenance.unwrap_or(Provenance::Official),
            source: self.source.as_deref().map(text::normal),
        };
        check_facts(&mut violations, &facts);
        (violations, facts)
    }
}

fn read_each<T, U>(
    items: Vec<T>,
    pointer: &str,
    violations: &mut Violations,
    read: impl Fn(T, &str, &mut Violations) -> U,
) -> Vec<U> {
    items.into_iter().enumerate().map(|(at, item)| read(item, &format!("{pointer}/{at}"), violations)).collect()
}

fn read_axes(axes: Vec<AxisIn>, known: &[Axis], violations: &mut Violations) -> Vec<Axis> {
    let mut read: Vec<Axis> = Vec::with_capacity(axes.len());
    for (at, axis) in axes.into_iter().enumerate() {
        let title = axis.title.checked(violations, &format!("/axes/{at}/title"), TITLE_CHARS);
        let id = axis.id.as_ref().and_then(Reference::named);
        if axis.id.is_some() {
            let is = |other: &Axis| Some(&other.id) == id;
            if !known.iter().any(is) {
                let detail = "The programme has no such axis; leave id away for a new one.";
                violations.add(format!("/axes/{at}/id"), "unknown_axis", detail);
            } else if read.iter().any(is) {
                violations.add(format!("/axes/{at}/id"), "repeated", "This axis stands here twice.");
            }
        }
        let mut principles = axis.principles;
        principles.sort();
        let id = id.cloned().unwrap_or_else(new_id);
        read.push(Axis { id, title, principles });
    }
    read
}

impl PlannedIn {
    fn read(self, violations: &mut Violations) -> Planned {
        let mut inner = Violations::default();
        let mut read = |name, date| check_date(&mut inner, name, date, NaiveDate::MAX);
        let planned = Planned {
            co_creation_on: read("co_creation_on", (self.co_creation_on, self.co_creation_on_precision)),
            consultation_on: read("consultation_on", (self.consultation_on, self.consultation_on_precision)),
            adoption_on: read("adoption_on", (self.adoption_on, self.adoption_on_precision)),
        };
        for fault in inner {
            violations.add(format!("/planned{}", fault.pointer), fault.code, fault.detail);
        }
        planned
    }
}

impl CommitteeIn {
    fn read(self, violations: &mut Violations) -> Committee {
        let Self { size, women, civil_society, chair_function } = self;
        let chair_function =
            chair_function.map(|text| text.checked(violations, "/committee/chair_function", TITLE_CHARS));
        Committee { size, women, civil_society, chair_function }
    }
}

impl StakeholderIn {
    fn read(self, pointer: &str, violations: &mut Violations) -> Stakeholder {
        Stakeholder {
            organisation: text::normal(&self.organisation),
            kind: self.kind,
            role: self.role.map(|role| role.checked(violations, &format!("{pointer}/role"), TITLE_CHARS)),
            contact: self.contact.as_deref().map(text::normal),
        }
    }
}

impl DocumentIn {
    /// The document, with what is wrong with it noted below `pointer`.
    #[must_use]
    pub fn read(self, pointer: &str, violations: &mut Violations) -> Document {
        Document {
            title: self.title.checked(violations, &format!("{pointer}/title"), TITLE_CHARS),
            kind: self.kind,
            language: self.language,
            url: http_url::stored(&self.url),
            sha256: self.sha256,
            dated: self.dated.map(Date::day),
        }
    }
}

/// A move to another stage.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ProgramTransitionIn {
    /// The stage from then on.
    pub to: Stage,
    /// When, or the first day of the month or year.
    #[schema(example = "2026-03-01")]
    pub on: Date,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub on_precision: Option<Precision>,
    /// Why; who gives a programme up or moves it backwards must say it.
    #[serde(default)]
    #[validate(custom(function = "long_line"))]
    #[schema(example = "The committee asks for another round", max_length = 500)]
    pub reason: Option<String>,
    /// What it rests on.
    #[serde(default)]
    #[validate(nested)]
    pub evidence: Option<EvidenceIn>,
}

impl ProgramTransitionIn {
    /// The move, with what is wrong with it so far.
    #[must_use]
    pub fn read(self, role: &str, today: NaiveDate) -> (Violations, Move) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let on = check_date(&mut violations, "on", (Some(self.on), self.on_precision), NaiveDate::MAX);
        let step = Move {
            to: self.to,
            on: on.unwrap_or_else(|| PartialDate::of_day(today)),
            reason: self.reason.as_deref().map(text::normal),
            evidence: self.evidence.map(Into::into).unwrap_or_default(),
            role: Some(role.to_owned()),
        };
        (violations, step)
    }
}
