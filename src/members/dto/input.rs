//! What callers write about members.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, de::Error as _};
use utoipa::ToSchema;
use validator::Validate;

use super::super::rules::{
    Adhesion, Cohort, Confidence, Entry, Evidence, ExternalId, Facts, History, Member, MemberKind, Provenance, Status,
    Step, check_schemes, check_seat,
};
use crate::{
    kernel::{
        bounded,
        date::{Date, PartialDate, Precision, check_date, patched},
        http_url,
        language::{LanguageMap, LanguageMapPatch},
        patch::Patch,
        text,
        violation::{Violation, Violations, long_line, readable, short_line, web_address},
    },
    territories::{Code, Seat},
};

/// A member to be added. Kind and territory are its natural key and stay.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct MemberIn {
    /// The kind of member.
    pub kind: MemberKind,
    /// Code of the territory that it is seated on.
    #[validate(custom(function = "readable::<Code>"))]
    #[schema(example = "01.331.01.01", max_length = 20)]
    pub territory_code: String,
    /// The name, in at least one language, each of at most 200 characters.
    pub name: LanguageMap,
    /// Its standing: `candidate`, or `active` for who is a member already.
    pub status: OpeningStatus,
    /// For active members: since when, or the first day of the month or year; null where it is unknown.
    #[serde(default)]
    #[schema(example = "2024-04-01")]
    pub joined_on: Option<Date>,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub joined_on_precision: Option<Precision>,
    /// The cohort that it joined with: a year, or a month of it.
    #[serde(default)]
    #[validate(custom(function = "readable::<Cohort>"))]
    #[schema(example = "2024-04", max_length = 7)]
    pub cohort: Option<String>,
    /// Since when it takes part in OGP Local, or the first day of the month or year.
    #[serde(default)]
    #[schema(example = "2024-04-01")]
    pub ogp_local_since: Option<Date>,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub ogp_local_since_precision: Option<Precision>,
    /// Its own site, an http(s) URL.
    #[serde(default)]
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "http://communeessaouira.ma", max_length = 500)]
    pub website: Option<String>,
    /// Where the knowledge comes from: `official` or `press`.
    #[serde(deserialize_with = "stated")]
    #[schema(value_type = String, example = "official", pattern = "^(official|press)$")]
    pub provenance: Provenance,
    /// The sources, in words.
    #[validate(custom(function = "long_line"))]
    #[schema(example = "Decision of the network's steering committee", max_length = 500)]
    pub source: String,
    /// How sure the sources are.
    #[serde(default)]
    pub confidence: Option<Confidence>,
    /// What others call it, at most one identifier in each scheme.
    #[serde(default, deserialize_with = "bounded::list::<20, _, _>")]
    #[validate(nested)]
    #[schema(max_items = 20)]
    pub external_ids: Vec<ExternalIdIn>,
}

/// The standing that a member begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpeningStatus {
    /// Has asked to join.
    Candidate,
    /// Is a member.
    Active,
}

/// What somebody else calls a member.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ExternalIdIn {
    /// Whose identifiers these are, in lower-case letters, digits and hyphens.
    #[validate(custom(function = "readable::<crate::kernel::id::Slug>"))]
    #[schema(example = "ogp-local", pattern = "^[a-z0-9-]{1,100}$")]
    pub scheme: String,
    /// The identifier.
    #[validate(custom(function = "short_line"))]
    #[schema(example = "MAAGD0001", max_length = 200)]
    pub value: String,
}

/// Only what others can know: `illustrative` and imports are made otherwise.
fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Provenance, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "official" => Ok(Provenance::Official),
        "press" => Ok(Provenance::Press),
        _ => Err(D::Error::custom("is none of official, press")),
    }
}

fn stated_patch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Patch<Provenance>, D::Error> {
    stated(deserializer).map(Patch::Value)
}

/// A member's facts and, for who is to be added, the history that they begin with.
#[derive(Debug)]
pub struct Content {
    /// The facts.
    pub facts: Facts,
    /// The date of joining.
    pub joined_on: Option<PartialDate>,
    /// The standing that it begins with.
    pub status: OpeningStatus,
}

impl MemberIn {
    /// The territory that the body names, if it is a code at all.
    #[must_use]
    pub fn territory(&self) -> Option<Code> {
        self.territory_code.parse().ok()
    }

    /// What is wrong with the seat, which is what was found at [`MemberIn::territory`].
    #[must_use]
    pub fn faults_of_seat(&self, seat: Option<&Seat>) -> Violations {
        let mut violations = Violations::default();
        if self.territory().is_some() {
            check_seat(&mut violations, self.kind, &self.territory_code, seat);
        }
        violations
    }

    /// What the body says, if nothing is wrong with it, nor was before.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(self, mut violations: Violations, today: NaiveDate) -> Result<Content, Violations> {
        violations.add_fields(self.validate());
        let code = self.territory();
        let name = self.name.checked(&mut violations, "/name", 200);
        let joined_on = (self.joined_on, self.joined_on_precision);
        let joined_on = check_date(&mut violations, "joined_on", joined_on, today);
        let ogp_local_since = (self.ogp_local_since, self.ogp_local_since_precision);
        let ogp_local_since = check_date(&mut violations, "ogp_local_since", ogp_local_since, today);
        if self.status == OpeningStatus::Candidate && self.joined_on.is_some() {
            violations.add("/joined_on", "not_joined", "A candidate has not joined yet.");
        }
        let mut external_ids: Vec<ExternalId> = self.external_ids.into_iter().map(ExternalId::from).collect();
        check_schemes(&mut violations, &external_ids);
        external_ids.sort();
        violations.done()?;
        let facts = Facts {
            kind: self.kind,
            territory_code: code.ok_or_else(Violations::default)?,
            name,
            cohort: self.cohort.and_then(|cohort| cohort.parse().ok()),
            ogp_local_since,
            website: self.website.as_deref().map(http_url::stored),
            provenance: self.provenance,
            source: text::normal(&self.source),
            confidence: self.confidence,
            external_ids,
        };
        Ok(Content { facts, joined_on, status: self.status })
    }
}

impl Content {
    /// The history that a member begins with.
    ///
    /// # Errors
    /// What is wrong with it, which [`MemberIn::read`] has ruled out.
    pub fn history(&self) -> Result<History, Violations> {
        let status = match self.status {
            OpeningStatus::Candidate => Status::Candidate,
            OpeningStatus::Active => Status::Active,
        };
        let entry = Entry { status, since: self.joined_on, reason: None, evidence: Evidence::default() };
        History::new(vec![entry])
            .map_err(|why| Violation::new("/status", "no_history", format!("The history {why}.")).into())
    }
}

impl From<ExternalIdIn> for ExternalId {
    fn from(id: ExternalIdIn) -> Self {
        Self { scheme: id.scheme, value: text::normal(&id.value) }
    }
}

/// Changes of a member (RFC 7396): what is absent stays, what is null is taken away. Kind and territory stay; its standing
/// changes by transitions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberPatch {
    /// Names by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub name: Patch<LanguageMapPatch>,
    /// Corrects the date of joining, or the first day of the month or year; of who has joined.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2024-04-01")]
    pub joined_on: Patch<Date>,
    /// How much of that date is known; `day` for a new date unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Precision>)]
    pub joined_on_precision: Patch<Precision>,
    /// The cohort that it joined with: a year, or a month of it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "2024-04", max_length = 7)]
    pub cohort: Patch<String>,
    /// Since when it takes part in OGP Local, or the first day of the month or year.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2024-04-01")]
    pub ogp_local_since: Patch<Date>,
    /// How much of that date is known; `day` for a new date unless said otherwise.
    #[serde(default)]
    #[schema(value_type = Option<Precision>)]
    pub ogp_local_since_precision: Patch<Precision>,
    /// Its own site, an http(s) URL.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri", example = "https://www.larache.ma", max_length = 500)]
    pub website: Patch<String>,
    /// Where the knowledge comes from: `official` or `press`.
    #[serde(default, deserialize_with = "stated_patch")]
    #[schema(value_type = String, example = "official", pattern = "^(official|press)$", nullable = false)]
    pub provenance: Patch<Provenance>,
    /// The sources, in words.
    #[serde(default)]
    #[schema(value_type = String, example = "Decision of the network's steering committee", max_length = 500, nullable = false)]
    pub source: Patch<String>,
    /// How sure the sources are.
    #[serde(default)]
    #[schema(value_type = Option<Confidence>)]
    pub confidence: Patch<Confidence>,
    /// What others call it: the whole list anew.
    #[serde(default, deserialize_with = "bounded::patched::<20, _, _>")]
    #[schema(value_type = Option<Vec<ExternalIdIn>>, max_items = 20)]
    pub external_ids: Patch<Vec<ExternalIdIn>>,
}

impl MemberPatch {
    /// The properties that the patch names.
    #[must_use]
    pub fn named(&self) -> Vec<&'static str> {
        let all = [
            ("name", self.name.is_named()),
            ("joined_on", self.joined_on.is_named()),
            ("joined_on_precision", self.joined_on_precision.is_named()),
            ("cohort", self.cohort.is_named()),
            ("ogp_local_since", self.ogp_local_since.is_named()),
            ("ogp_local_since_precision", self.ogp_local_since_precision.is_named()),
            ("website", self.website.is_named()),
            ("provenance", self.provenance.is_named()),
            ("source", self.source.is_named()),
            ("confidence", self.confidence.is_named()),
            ("external_ids", self.external_ids.is_named()),
        ];
        all.iter().filter(|(_, named)| *named).map(|(name, _)| *name).collect()
    }

    /// What the member would be, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, member: &Member) -> MemberIn {
        let Facts {
            kind, territory_code, name, cohort, ogp_local_since, website, provenance, source, confidence, ..
        } = member.facts.clone();
        let ids = member.facts.external_ids.iter();
        let ids = ids.map(|id| ExternalIdIn { scheme: id.scheme.clone(), value: id.value.clone() }).collect();
        let (joined_on, joined_on_precision) = patched(self.joined_on, self.joined_on_precision, member.joined_on);
        let (ogp_local_since, ogp_local_since_precision) =
            patched(self.ogp_local_since, self.ogp_local_since_precision, ogp_local_since);
        MemberIn {
            kind,
            territory_code: territory_code.into_string(),
            name: self.name.onto_map(Some(name)).unwrap_or_default(),
            // Its own standing is no part of a patch.
            status: OpeningStatus::Active,
            joined_on,
            joined_on_precision,
            cohort: self.cohort.onto(cohort.map(|cohort| cohort.as_str().to_owned())),
            ogp_local_since,
            ogp_local_since_precision,
            website: self.website.onto(website),
            provenance: self.provenance.onto(None).unwrap_or(provenance),
            // A text that must be there and is taken away is empty, and refused as such.
            source: self.source.onto(Some(source)).unwrap_or_default(),
            confidence: self.confidence.onto(confidence),
            external_ids: self.external_ids.onto(Some(ids)).unwrap_or_default(),
        }
    }
}

/// A step to another standing.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct MemberTransitionIn {
    /// The standing from then on.
    pub to: Status,
    /// Since when, or the first day of the month or year.
    #[schema(example = "2026-03-01")]
    pub on: Date,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub on_precision: Option<Precision>,
    /// Why; who suspends or ends a membership must say it.
    #[serde(default)]
    #[validate(custom(function = "long_line"))]
    #[schema(example = "Asked for by the council", max_length = 500)]
    pub reason: Option<String>,
    /// What it rests on.
    #[serde(default)]
    #[validate(nested)]
    pub evidence: Option<EvidenceIn>,
}

/// What a change rests on.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct EvidenceIn {
    /// The reference of a decision or document.
    #[serde(default)]
    #[validate(custom(function = "short_line"))]
    #[schema(example = "Deliberation 12/2026", max_length = 200)]
    pub reference: Option<String>,
    /// Where it can be read, an http(s) URL.
    #[serde(default)]
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "https://www.larache.ma/deliberations/12-2026", max_length = 500)]
    pub url: Option<String>,
}

impl From<EvidenceIn> for Evidence {
    fn from(evidence: EvidenceIn) -> Self {
        Self {
            reference: evidence.reference.as_deref().map(text::normal),
            url: evidence.url.as_deref().map(http_url::stored),
        }
    }
}

impl MemberTransitionIn {
    /// The step, if nothing is wrong with it.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn read(self, today: NaiveDate) -> Result<Step, Violations> {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let on = check_date(&mut violations, "on", (Some(self.on), self.on_precision), NaiveDate::MAX);
        let evidence = self.evidence.map(Evidence::from);
        let reason = self.reason.as_deref().map(text::normal);
        let step = on.map(|on| Step { to: self.to, on, reason, evidence: evidence.unwrap_or_default() });
        for fault in step.iter().flat_map(|step| step.faults(today)) {
            violations.add(fault.pointer, fault.code, fault.detail);
        }
        violations.done()?;
        step.ok_or_else(Violations::default)
    }
}

/// An adhesion to the charter.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AdhesionIn {
    /// Code of the charter's version.
    #[validate(custom(function = "readable::<crate::kernel::id::Slug>"))]
    #[schema(example = "1", max_length = 100)]
    pub charter_version: String,
    /// Since when, or the first day of the month or year.
    #[schema(example = "2026-02-05")]
    pub adhered_on: Date,
    /// How much of that date is known; `day` unless said otherwise.
    #[serde(default)]
    pub adhered_on_precision: Option<Precision>,
    /// The decision by which it adhered.
    #[validate(custom(function = "short_line"))]
    #[schema(example = "Deliberation 7/2026", max_length = 200)]
    pub decision_reference: String,
    /// Where the decision can be read, an http(s) URL.
    #[serde(default)]
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "https://www.larache.ma/deliberations/7-2026", max_length = 500)]
    pub document_url: Option<String>,
}

impl AdhesionIn {
    /// The adhesion, with what is wrong with it so far.
    #[must_use]
    pub fn read(self, today: NaiveDate) -> (Violations, Adhesion) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let adhered_on = (Some(self.adhered_on), self.adhered_on_precision);
        let adhered_on = check_date(&mut violations, "adhered_on", adhered_on, today);
        let adhesion = Adhesion {
            charter_version: self.charter_version,
            adhered_on: adhered_on.unwrap_or_else(|| PartialDate::of_day(today)),
            decision_reference: text::normal(&self.decision_reference),
            document_url: self.document_url.as_deref().map(http_url::stored),
        };
        (violations, adhesion)
    }
}
