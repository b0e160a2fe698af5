//! What callers write about consultations.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::super::rules::{Consultation, Facts, Kind, Participants, Report};
use crate::{
    action_programs::ProgramAddress,
    kernel::{
        date::Date,
        http_url,
        id::Reference,
        language::{LanguageMap, LanguageMapPatch},
        patch::{Patch, replaced},
        violation::{Violations, web_address},
    },
};

/// The longest title and the longest name of a place, in characters.
const TITLE_CHARS: usize = 200;
/// The longest description, likewise.
const DESCRIPTION_CHARS: usize = 2_000;

/// A consultation to be added to a programme, which stays.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ConsultationIn {
    /// Slug or id of the programme.
    #[schema(value_type = String, example = "commune-larache-cycle-1", max_length = 100)]
    pub program: Reference<ProgramAddress>,
    /// The round: 1 on ideas, 2 on draft projects.
    #[schema(example = 1, minimum = 1, maximum = 2)]
    #[serde(deserialize_with = "crate::kernel::number::whole")]
    pub round: i64,
    /// How it is held. An `online` one takes contributions while it is open.
    pub kind: Kind,
    /// What it is called, in at least one language, each of at most 200 characters.
    pub title: LanguageMap,
    /// What it is about, each of at most 2,000 characters.
    #[serde(default)]
    pub description: Option<LanguageMap>,
    /// The first day.
    #[schema(example = "2026-03-15")]
    pub opens_on: Date,
    /// The last day.
    #[schema(example = "2026-04-30")]
    pub closes_on: Date,
    /// Where a workshop is, each of at most 200 characters.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub place: Option<LanguageMap>,
    /// Who took part.
    #[serde(default)]
    pub participants: Option<ParticipantsIn>,
    /// What came of it, written down.
    #[serde(default)]
    #[validate(nested)]
    pub report: Option<ReportIn>,
}

/// Who took part, as far as it was counted. Parts are never more than all.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParticipantsIn {
    /// All of them.
    #[schema(example = 84, minimum = 0, maximum = 100_000_000)]
    #[serde(deserialize_with = "crate::kernel::number::whole")]
    pub total: i64,
    /// Women.
    #[serde(default, deserialize_with = "crate::kernel::number::optional")]
    #[schema(example = 41, minimum = 0, maximum = 100_000_000)]
    pub women: Option<i64>,
    /// Men.
    #[serde(default, deserialize_with = "crate::kernel::number::optional")]
    #[schema(example = 43, minimum = 0, maximum = 100_000_000)]
    pub men: Option<i64>,
    /// Who was younger than 25.
    #[serde(default, deserialize_with = "crate::kernel::number::optional")]
    #[schema(example = 22, minimum = 0, maximum = 100_000_000)]
    pub under_25: Option<i64>,
    /// Who was 25 to 59.
    #[serde(default, deserialize_with = "crate::kernel::number::optional")]
    #[schema(example = 50, minimum = 0, maximum = 100_000_000)]
    pub aged_25_to_59: Option<i64>,
    /// Who was 60 or older.
    #[serde(default, deserialize_with = "crate::kernel::number::optional")]
    #[schema(example = 12, minimum = 0, maximum = 100_000_000)]
    pub aged_60_and_over: Option<i64>,
    /// Who spoke for an association.
    #[serde(default, deserialize_with = "crate::kernel::number::optional")]
    #[schema(example = 17, minimum = 0, maximum = 100_000_000)]
    pub of_associations: Option<i64>,
}

/// What came of a consultation, written down.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReportIn {
    /// Where it can be read, an http(s) URL.
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "https://www.larache.ma/consultation-rapport.pdf", max_length = 500)]
    pub url: String,
    /// When it was published.
    #[serde(default)]
    #[schema(example = "2026-06-20")]
    pub published_on: Option<Date>,
}

impl ConsultationIn {
    /// What is said of the consultation, with what is wrong with it so far.
    #[must_use]
    pub fn read(self, today: NaiveDate) -> (Violations, Facts) {
        let mut violations = Violations::default();
        violations.add_fields(self.validate());
        let mut read = |pointer: &str, text: Option<LanguageMap>, most_chars| {
            text.map(|text| text.checked(&mut violations, pointer, most_chars))
        };
        let title = read("/title", Some(self.title), TITLE_CHARS).unwrap_or_default();
        let description = read("/description", self.description, DESCRIPTION_CHARS);
        let place = read("/place", self.place, TITLE_CHARS);
        let report = |report: ReportIn| Report {
            url: http_url::stored(&report.url),
            published_on: report.published_on.map(Date::day),
        };
        let facts = Facts {
            round: self.round,
            kind: self.kind,
            title,
            description,
            opens_on: self.opens_on.day(),
            closes_on: self.closes_on.day(),
            place,
            participants: self.participants.map(Participants::from),
            report: self.report.map(report),
        };
        facts.check(&mut violations, today);
        (violations, facts)
    }
}

impl From<ParticipantsIn> for Participants {
    fn from(counted: ParticipantsIn) -> Self {
        let ParticipantsIn { total, women, men, under_25, aged_25_to_59, aged_60_and_over, of_associations } = counted;
        Self { total, women, men, under_25, aged_25_to_59, aged_60_and_over, of_associations }
    }
}

/// Changes of a consultation (RFC 7396): what is absent stays, what is null is taken away. The programme stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsultationPatch {
    /// The round: 1 on ideas, 2 on draft projects.
    #[serde(default, deserialize_with = "crate::kernel::number::replaced")]
    #[schema(value_type = i64, example = 1, minimum = 1, maximum = 2, nullable = false)]
    pub round: Patch<i64>,
    /// How it is held. Where contributions were sent, it stays.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Kind, nullable = false)]
    pub kind: Patch<Kind>,
    /// What it is called, by language; null takes one away.
    #[serde(default)]
    #[schema(value_type = LanguageMapPatch, nullable = false)]
    pub title: Patch<LanguageMapPatch>,
    /// What it is about, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub description: Patch<LanguageMapPatch>,
    /// The first day.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Date, example = "2026-03-15", nullable = false)]
    pub opens_on: Patch<Date>,
    /// The last day.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = Date, example = "2026-04-30", nullable = false)]
    pub closes_on: Patch<Date>,
    /// Where a workshop is, by language.
    #[serde(default)]
    #[schema(value_type = Option<LanguageMapPatch>)]
    pub place: Patch<LanguageMapPatch>,
    /// Who took part.
    #[serde(default)]
    #[schema(value_type = Option<ParticipantsPatch>)]
    pub participants: Patch<ParticipantsPatch>,
    /// What came of it, written down.
    #[serde(default)]
    #[schema(value_type = Option<ReportPatch>)]
    pub report: Patch<ReportPatch>,
}

/// Changes of who took part.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParticipantsPatch {
    /// All of them.
    #[serde(default, deserialize_with = "crate::kernel::number::replaced")]
    #[schema(value_type = i64, example = 84, minimum = 0, maximum = 100_000_000, nullable = false)]
    pub total: Patch<i64>,
    /// Women.
    #[serde(default, deserialize_with = "crate::kernel::number::patched")]
    #[schema(value_type = Option<i64>, example = 41, minimum = 0, maximum = 100_000_000)]
    pub women: Patch<i64>,
    /// Men.
    #[serde(default, deserialize_with = "crate::kernel::number::patched")]
    #[schema(value_type = Option<i64>, example = 43, minimum = 0, maximum = 100_000_000)]
    pub men: Patch<i64>,
    /// Who was younger than 25.
    #[serde(default, deserialize_with = "crate::kernel::number::patched")]
    #[schema(value_type = Option<i64>, example = 22, minimum = 0, maximum = 100_000_000)]
    pub under_25: Patch<i64>,
    /// Who was 25 to 59.
    #[serde(default, deserialize_with = "crate::kernel::number::patched")]
    #[schema(value_type = Option<i64>, example = 50, minimum = 0, maximum = 100_000_000)]
    pub aged_25_to_59: Patch<i64>,
    /// Who was 60 or older.
    #[serde(default, deserialize_with = "crate::kernel::number::patched")]
    #[schema(value_type = Option<i64>, example = 12, minimum = 0, maximum = 100_000_000)]
    pub aged_60_and_over: Patch<i64>,
    /// Who spoke for an association.
    #[serde(default, deserialize_with = "crate::kernel::number::patched")]
    #[schema(value_type = Option<i64>, example = 17, minimum = 0, maximum = 100_000_000)]
    pub of_associations: Patch<i64>,
}

/// Changes of what came of a consultation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportPatch {
    /// Where it can be read, an http(s) URL.
    #[serde(default)]
    #[schema(value_type = String, format = "uri", example = "https://www.larache.ma/consultation-rapport.pdf", max_length = 500, nullable = false)]
    pub url: Patch<String>,
    /// When it was published.
    #[serde(default)]
    #[schema(value_type = Option<Date>, example = "2026-06-20")]
    pub published_on: Patch<Date>,
}

impl ConsultationPatch {
    /// What would be said of the consultation, in the form in which it would be added: one reader serves both.
    #[must_use]
    pub fn onto(self, before: &Consultation) -> ConsultationIn {
        let facts = before.facts.clone();
        ConsultationIn {
            program: Reference::from(before.program.as_str()),
            round: self.round.onto(None).unwrap_or(facts.round),
            kind: self.kind.onto(None).unwrap_or(facts.kind),
            title: self.title.onto_map(Some(facts.title)).unwrap_or_default(),
            description: self.description.onto_map(facts.description),
            opens_on: self.opens_on.onto(None).unwrap_or(Date(facts.opens_on)),
            closes_on: self.closes_on.onto(None).unwrap_or(Date(facts.closes_on)),
            place: self.place.onto_map(facts.place),
            participants: match self.participants {
                Patch::Absent => facts.participants.map(ParticipantsIn::from),
                Patch::Null => None,
                Patch::Value(patch) => Some(patch.onto(facts.participants)),
            },
            report: match self.report {
                Patch::Absent => facts.report.map(ReportIn::from),
                Patch::Null => None,
                Patch::Value(patch) => Some(patch.onto(facts.report)),
            },
        }
    }
}

impl ParticipantsPatch {
    fn onto(self, counted: Option<Participants>) -> ParticipantsIn {
        ParticipantsIn {
            // A count that nobody has said is none, and refused as such.
            total: self.total.onto(counted.map(|counted| counted.total)).unwrap_or(-1),
            women: self.women.onto(counted.and_then(|counted| counted.women)),
            men: self.men.onto(counted.and_then(|counted| counted.men)),
            under_25: self.under_25.onto(counted.and_then(|counted| counted.under_25)),
            aged_25_to_59: self.aged_25_to_59.onto(counted.and_then(|counted| counted.aged_25_to_59)),
            aged_60_and_over: self.aged_60_and_over.onto(counted.and_then(|counted| counted.aged_60_and_over)),
            of_associations: self.of_associations.onto(counted.and_then(|counted| counted.of_associations)),
        }
    }
}

impl ReportPatch {
    fn onto(self, report: Option<Report>) -> ReportIn {
        let (url, published_on) = report.map(|report| (report.url, report.published_on)).unzip();
        // A text that must be there and is taken away is empty, and refused as such.
        ReportIn {
            url: self.url.onto(url).unwrap_or_default(),
            published_on: self.published_on.onto(published_on.flatten().map(Date)),
        }
    }
}

impl From<Participants> for ParticipantsIn {
    fn from(counted: Participants) -> Self {
        let Participants { total, women, men, under_25, aged_25_to_59, aged_60_and_over, of_associations } = counted;
        Self { total, women, men, under_25, aged_25_to_59, aged_60_and_over, of_associations }
    }
}

impl From<Report> for ReportIn {
    fn from(report: Report) -> Self {
        let Report { url, published_on } = report;
        Self { url, published_on: published_on.map(Date) }
    }
}
