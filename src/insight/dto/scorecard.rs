//! Scorecards as the API shows them.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

use super::super::rules::{Evidence, Facts, Spoken, Standing, Unit, evidence, figure_codes, gap, latest, levels};
use crate::{
    assessments::{self, Scale},
    evaluations::Voice,
    kernel::{
        date::{Date, PartialDate, Precision},
        language::LanguageMap,
    },
    members::{Member, MemberKind},
    territories::Code,
    web::params::{Lang, Several, query},
};

query! {
    /// The parameters of a member's scorecard.
    pub struct ScorecardQuery {
        /// The day that everything is computed for, not in the future; today, in Morocco, unless said otherwise.
        #[example = "2025-12-31"]
        pub as_of: Date,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

query! {
    /// The parameters of the network's scorecard.
    pub struct NetworkScorecardQuery {
        /// The day that everything is computed for, not in the future; today, in Morocco, unless said otherwise.
        #[example = "2025-12-31"]
        pub as_of: Date,
        /// Only members in the regions with these codes; several by comma.
        #[example = "01,04"]
        pub region: Several<Code>,
        /// Only members of these kinds; several by comma.
        #[example = "municipality"]
        pub kind: Several<MemberKind>,
        /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
        #[example = "ar"]
        pub lang: Lang,
    }
}

/// How a member keeps the charter's commitments on a day: what the voices say, side by side, and what can be counted. There
/// is no total: a level is no quantity, and the commitments ask for different things.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardOut {
    /// Slug of the member.
    #[schema(example = "commune-larache")]
    pub member: String,
    /// The day, of which it says what is known now.
    #[schema(example = "2025-12-31")]
    pub as_of: NaiveDate,
    /// The day on which this was computed, in Morocco.
    #[schema(example = "2026-11-25")]
    pub computed_on: NaiveDate,
    /// Number of the last change that this can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// The last adhesion to the charter by the day; null where none is known.
    pub adhesion: Option<ScorecardAdhesionOut>,
    /// The commitments of the current charter, in its order.
    pub commitments: Vec<ScorecardCommitmentOut>,
    /// Where to go from here.
    pub links: ScorecardLinksOut,
}

/// A member's adhesion to the charter.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardAdhesionOut {
    /// Code of the charter's version.
    #[schema(example = "1")]
    pub charter_version: String,
    /// Since when, or the first day of the month or year.
    #[schema(example = "2022-10-21")]
    pub adhered_on: NaiveDate,
    /// How much of the date is known.
    pub adhered_on_precision: Precision,
}

/// A commitment in a member's scorecard.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardCommitmentOut {
    /// Code of the commitment.
    #[schema(example = "action-programs")]
    pub code: String,
    /// A short name.
    pub title: LanguageMap,
    /// What each voice last said of it in a published assessment that was made by the day: the member first, then civil
    /// society, organisation by organisation, then the secretariat.
    pub voices: Vec<ScorecardVoiceOut>,
    /// By how many levels these voices differ at the most; null where there are not two.
    #[schema(example = 2, minimum = 0, maximum = 4)]
    pub gap: Option<i64>,
    /// What can be counted of it.
    pub evidence: Vec<ScorecardEvidenceOut>,
}

/// What a voice last said of a commitment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardVoiceOut {
    /// Who assesses.
    pub voice: Voice,
    /// The organisation that assesses.
    #[schema(example = "Association des usagers")]
    pub organisation: String,
    /// How the commitment was kept.
    #[schema(example = 2, minimum = 0, maximum = 4)]
    pub level: i64,
    /// What that level is called.
    pub level_label: LanguageMap,
    /// The year that was assessed.
    #[schema(example = 2025, minimum = 2022)]
    pub year: i64,
    /// The day of the assessment.
    #[schema(example = "2026-02-15")]
    pub assessed_on: NaiveDate,
    /// Where to go from here.
    pub links: ScorecardVoiceLinksOut,
}

/// Links of what a voice said.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardVoiceLinksOut {
    /// The assessment, with explanation and evidence.
    #[schema(example = "/api/v1/members/commune-larache/assessments/01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    pub assessment: String,
}

/// A figure that is counted, with its formula.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardEvidenceOut {
    /// Stable code.
    #[schema(value_type = FigureCode)]
    pub code: String,
    /// The figure.
    #[schema(example = 2, minimum = 0)]
    pub value: i64,
    /// What is counted.
    pub unit: Unit,
    /// How it is counted, in words.
    pub formula: LanguageMap,
}

/// The codes of figures, for the document: some of them are made from stages and voices.
struct FigureCode;

impl PartialSchema for FigureCode {
    fn schema() -> RefOr<Schema> {
        let description = "What is counted, by a stable code.";
        let kind = ObjectBuilder::new().schema_type(Type::String).description(Some(description));
        kind.enum_values(Some(figure_codes())).examples(["consultations_held"]).into()
    }
}

impl ToSchema for FigureCode {
    fn name() -> std::borrow::Cow<'static, str> {
        "ScorecardFigureCode".into()
    }
}

/// Links of a member's scorecard.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardLinksOut {
    /// This scorecard, of this day.
    #[schema(example = "/api/v1/members/commune-larache/scorecard?as_of=2025-12-31")]
    #[serde(rename = "self")]
    pub this: String,
    /// The member.
    #[schema(example = "/api/v1/members/commune-larache")]
    pub member: String,
    /// All assessments of the member.
    #[schema(example = "/api/v1/members/commune-larache/assessments")]
    pub assessments: String,
    /// What the levels mean.
    #[schema(example = "/api/v1/charter/assessment-scale")]
    pub scale: String,
}

/// How the network's members keep the charter's commitments on a day: how many stand at each level, voice by voice, and what
/// can be counted of all of them. Levels are counted and never averaged.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkScorecardOut {
    /// The day, of which it says what is known now.
    #[schema(example = "2025-12-31")]
    pub as_of: NaiveDate,
    /// The day on which this was computed, in Morocco.
    #[schema(example = "2026-11-25")]
    pub computed_on: NaiveDate,
    /// Number of the last change that this can have seen.
    #[schema(example = 1679, minimum = 0)]
    pub sequence: i64,
    /// How many were members on the day, also while suspended, of the regions and kinds that are asked for: all figures are
    /// about them.
    #[schema(example = 116, minimum = 0)]
    pub members: usize,
    /// Codes of the regions that are asked for; empty for all.
    #[schema(example = json!(["01", "04"]))]
    pub regions: Vec<String>,
    /// The kinds that are asked for; empty for all.
    pub kinds: Vec<MemberKind>,
    /// Members without a date of joining, who are in no other figure.
    #[schema(example = 1, minimum = 0)]
    pub undated: usize,
    /// The commitments of the current charter, in its order.
    pub commitments: Vec<NetworkScorecardCommitmentOut>,
    /// Where to go from here.
    pub links: NetworkScorecardLinksOut,
}

/// A commitment in the network's scorecard.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkScorecardCommitmentOut {
    /// Code of the commitment.
    #[schema(example = "action-programs")]
    pub code: String,
    /// A short name.
    pub title: LanguageMap,
    /// Voice by voice, how many members stand at each level.
    pub voices: Vec<NetworkScorecardVoiceOut>,
    /// What can be counted of it, of all these members together.
    pub evidence: Vec<ScorecardEvidenceOut>,
}

/// How many members stand at each level, as a voice last found by the day.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkScorecardVoiceOut {
    /// Who assesses.
    pub voice: Voice,
    /// Every level. Where organisations of civil society differ, a member stands at each of their levels.
    pub levels: Vec<NetworkScorecardLevelOut>,
    /// How many members this voice speaks of.
    #[schema(example = 60, minimum = 0)]
    pub members_assessed: usize,
    /// How many it does not speak of.
    #[schema(example = 56, minimum = 0)]
    pub members_without: usize,
}

/// How many members stand at a level.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkScorecardLevelOut {
    /// The level.
    #[schema(example = 2, minimum = 0, maximum = 4)]
    pub level: i64,
    /// What it is called.
    pub level_label: LanguageMap,
    /// How many members.
    #[schema(example = 14, minimum = 0)]
    pub members: usize,
}

/// Links of the network's scorecard.
#[derive(Debug, Serialize, ToSchema)]
pub struct NetworkScorecardLinksOut {
    /// This scorecard, of this day, these regions and these kinds.
    #[schema(example = "/api/v1/network/scorecard?as_of=2025-12-31&region=01,04&kind=municipality")]
    #[serde(rename = "self")]
    pub this: String,
    /// The assessments of all members.
    #[schema(example = "/api/v1/assessments")]
    pub assessments: String,
    /// What the levels mean.
    #[schema(example = "/api/v1/charter/assessment-scale")]
    pub scale: String,
}

/// Where the scale is.
const SCALE: &str = "/api/v1/charter/assessment-scale";

/// When something was computed, and for when.
#[derive(Debug, Clone, Copy)]
pub struct Computed {
    /// The day that it is about.
    pub as_of: NaiveDate,
    /// The day on which it was computed.
    pub computed_on: NaiveDate,
    /// Number of the last change that it can have seen.
    pub sequence: i64,
}

/// Codes and titles of the charter's commitments.
pub type Commitments = Vec<(String, LanguageMap)>;

impl ScorecardOut {
    /// The scorecard of a member.
    #[must_use]
    pub fn of(
        computed: Computed,
        member: &Member,
        commitments: Commitments,
        (scale, spoken, facts): (&Scale, &[Spoken], &Facts),
    ) -> Self {
        let commitment = |(code, title): (String, LanguageMap)| {
            let voices = latest(spoken, &code);
            ScorecardCommitmentOut {
                gap: gap(&voices),
                voices: voices.into_iter().map(|one| ScorecardVoiceOut::of(one, member, scale)).collect(),
                evidence: figures(&code, facts),
                code,
                title,
            }
        };
        let Computed { as_of, computed_on, sequence } = computed;
        let address = format!("/api/v1/members/{}", member.slug);
        Self {
            member: member.slug.to_string(),
            as_of,
            computed_on,
            sequence,
            adhesion: (facts.adhesions > 0).then(|| ScorecardAdhesionOut::of(member, as_of)).flatten(),
            commitments: commitments.into_iter().map(commitment).collect(),
            links: ScorecardLinksOut {
                this: format!("{address}/scorecard?as_of={as_of}"),
                assessments: format!("{address}/assessments"),
                member: address,
                scale: SCALE.to_owned(),
            },
        }
    }
}

impl ScorecardAdhesionOut {
    /// The last adhesion of a member by a day.
    fn of(member: &Member, day: NaiveDate) -> Option<Self> {
        let by_then = member.adhesions.iter().filter(|adhesion| adhesion.adhered_on.first_day() <= day);
        let last = by_then.max_by_key(|adhesion| adhesion.adhered_on.first_day())?;
        Some(Self {
            charter_version: last.charter_version.clone(),
            adhered_on: last.adhered_on.first_day(),
            adhered_on_precision: PartialDate::precision(last.adhered_on),
        })
    }
}

impl ScorecardVoiceOut {
    fn of(spoken: Spoken, member: &Member, scale: &Scale) -> Self {
        Self {
            voice: spoken.author.voice,
            organisation: spoken.author.organisation,
            level: spoken.level.get(),
            level_label: scale.label(spoken.level),
            year: spoken.year,
            assessed_on: spoken.assessed_on,
            links: ScorecardVoiceLinksOut { assessment: assessments::address(member.slug.as_str(), &spoken.id) },
        }
    }
}

fn figures(commitment: &str, facts: &Facts) -> Vec<ScorecardEvidenceOut> {
    let figure = |Evidence { code, value, unit, formula }| ScorecardEvidenceOut { code, value, unit, formula };
    evidence(commitment, facts).into_iter().map(figure).collect()
}

/// Where the network's scorecard of a day is, of some regions and kinds.
fn address(as_of: NaiveDate, regions: &[Code], kinds: &[MemberKind]) -> String {
    let regions: Vec<&str> = regions.iter().map(Code::as_str).collect();
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let asked = [("region", regions), ("kind", kinds)].into_iter().filter(|(_, values)| !values.is_empty());
    let asked: Vec<String> = asked.map(|(name, values)| format!("&{name}={}", values.join(","))).collect();
    format!("/api/v1/network/scorecard?as_of={as_of}{}", asked.concat())
}

impl NetworkScorecardOut {
    /// The scorecard of some members, and how many more are undated.
    #[must_use]
    pub fn of(
        computed: Computed,
        (regions, kinds): (&[Code], &[MemberKind]),
        (members, undated): (usize, usize),
        commitments: Commitments,
        (scale, standings, facts): (&Scale, &[Standing], &Facts),
    ) -> Self {
        let commitment = |(code, title): (String, LanguageMap)| NetworkScorecardCommitmentOut {
            voices: Voice::ALL
                .iter()
                .map(|voice| NetworkScorecardVoiceOut::of(*voice, levels(standings, &code, *voice), members, scale))
                .collect(),
            evidence: figures(&code, facts),
            code,
            title,
        };
        let Computed { as_of, computed_on, sequence } = computed;
        Self {
            as_of,
            computed_on,
            sequence,
            members,
            regions: regions.iter().map(Code::to_string).collect(),
            kinds: kinds.to_vec(),
            undated,
            commitments: commitments.into_iter().map(commitment).collect(),
            links: NetworkScorecardLinksOut {
                this: address(as_of, regions, kinds),
                assessments: "/api/v1/assessments".to_owned(),
                scale: SCALE.to_owned(),
            },
        }
    }
}

impl NetworkScorecardVoiceOut {
    fn of(
        voice: Voice,
        (levels, assessed): ([(assessments::Level, usize); 5], usize),
        members: usize,
        scale: &Scale,
    ) -> Self {
        let level = |(level, members): (assessments::Level, usize)| NetworkScorecardLevelOut {
            level: level.get(),
            level_label: scale.label(level),
            members,
        };
        Self {
            voice,
            levels: levels.into_iter().map(level).collect(),
            members_assessed: assessed,
            members_without: members.saturating_sub(assessed),
        }
    }
}
