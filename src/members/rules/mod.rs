//! What a member is. Pure.

mod content;
mod history;
mod reference;
mod register;
mod transition;

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    kernel::{
        self,
        codes::{Pattern, codes},
        date::{PartialDate, Precision},
        fold::{fold, search_text},
        id::{Identifier, Slug},
        language::{Language, LanguageMap},
        paging::Order,
        register::Source,
        violation::Violation,
    },
    territories::{Code, Kind, Location, Seat},
};

pub use self::{
    content::{check_schemes, check_seat, read_adhesion},
    history::{Entry, Evidence, History, HistoryError, Period},
    reference::parse_reference,
    register::{COLUMNS, Line, Wanted, cells, vanishing},
    transition::{Step, kept_elsewhere, obstacles},
};

/// The kind of a member of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// A region's council.
    Region,
    /// The council of a prefecture or a province.
    PrefectureOrProvince,
    /// A commune's council.
    Municipality,
    /// A member that is none of these.
    Institution,
}

codes!(MemberKind {
    Region => "region",
    PrefectureOrProvince => "prefecture_or_province",
    Municipality => "municipality",
    Institution => "institution",
});

impl MemberKind {
    /// Whether a member of this kind can be seated on a territory of that kind. Nobody is seated on the
    /// prefectures of arrondissements, which overlay the prefecture 06.141.
    #[must_use]
    pub const fn fits(self, seat: Kind) -> bool {
        match self {
            Self::Region => matches!(seat, Kind::Region),
            Self::PrefectureOrProvince => matches!(seat, Kind::Prefecture | Kind::Province),
            Self::Municipality => matches!(seat, Kind::Commune),
            Self::Institution => !matches!(seat, Kind::PrefectureOfArrondissements),
        }
    }

    /// What members of this kind are called together, in the words of this API. A published statement keeps its
    /// own words.
    #[must_use]
    pub fn label(self) -> LanguageMap {
        let (ar, fr, en) = match self {
            Self::Region => ("جهات", "Régions", "Regions"),
            Self::PrefectureOrProvince => ("عمالات وأقاليم", "Préfectures et provinces", "Prefectures and provinces"),
            Self::Municipality => ("جماعات", "Communes", "Municipalities"),
            Self::Institution => ("مؤسسات أخرى", "Autres institutions", "Other institutions"),
        };
        LanguageMap { ar: Some(ar.to_owned()), fr: Some(fr.to_owned()), en: Some(en.to_owned()) }
    }
}

/// A member's standing in the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MemberStatus)]
pub enum Status {
    /// Has asked to join; not a member yet.
    Candidate,
    /// A member.
    Active,
    /// Still a member; its part in the network rests.
    Suspended,
    /// No longer a member.
    Withdrawn,
}

codes!(Status {
    Candidate => "candidate",
    Active => "active",
    Suspended => "suspended",
    Withdrawn => "withdrawn",
});

impl Status {
    /// Whether those of this standing count as members: active and suspended ones do.
    #[must_use]
    pub const fn is_member(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }

    /// Whether this standing can be followed by that one.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Candidate | Self::Suspended => matches!(next, Self::Active | Self::Withdrawn),
            Self::Active => matches!(next, Self::Suspended | Self::Withdrawn),
            Self::Withdrawn => matches!(next, Self::Active),
        }
    }
}

/// Where the knowledge of a member comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Provenance {
    /// A page of a public institution or of an international organisation that the member belongs to.
    Official,
    /// The press, or what follows from a published figure.
    Press,
    /// Invented for demonstration.
    Illustrative,
    /// A list that the named source has pushed.
    Import(Source),
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Official => f.write_str("official"),
            Self::Press => f.write_str("press"),
            Self::Illustrative => f.write_str("illustrative"),
            Self::Import(source) => write!(f, "import:{source}"),
        }
    }
}

impl FromStr for Provenance {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "official" => Ok(Self::Official),
            "press" => Ok(Self::Press),
            "illustrative" => Ok(Self::Illustrative),
            other => match other.strip_prefix("import:").map(str::parse) {
                Some(Ok(source)) => Ok(Self::Import(source)),
                _ => Err("is none of official, press, illustrative, import:<source>"),
            },
        }
    }
}

impl Pattern for Provenance {
    fn pattern() -> String {
        "(official|press|illustrative|import:[a-z0-9-]{1,40})".to_owned()
    }
}

impl Serialize for Provenance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How sure the sources are that this member belongs to the network, and to its cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MemberConfidence)]
pub enum Confidence {
    /// A source names it as a member, with its cohort.
    Stated,
    /// That it is a member follows from a published figure.
    Inferred,
    /// A source names it; its cohort follows from the source's date.
    CohortInferred,
    /// A source names it; nothing says its cohort.
    CohortNotStated,
}

codes!(Confidence {
    Stated => "stated",
    Inferred => "inferred",
    CohortInferred => "cohort_inferred",
    CohortNotStated => "cohort_not_stated",
});

/// The cohort that a member joined with: a year, or a month of it where a year had several.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Cohort(String);

impl Cohort {
    /// The cohort as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Cohort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<PartialDate>() {
            Ok(date) if date.precision() != Precision::Day && text < "2200" => Ok(Self(text.to_owned())),
            _ => Err("is no cohort of the form 2022 or 2024-12"),
        }
    }
}

impl Pattern for Cohort {
    fn pattern() -> String {
        "(19|20|21)[0-9]{2}(-(0[1-9]|1[0-2]))?".to_owned()
    }
}

/// A cohort to look for, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum CohortFilter {
    /// Members without a cohort.
    None,
    /// Members of this one.
    Of(Cohort),
}

impl FromStr for CohortFilter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::None);
        }
        text.parse().map(Self::Of).map_err(|_not_one: &str| "is no cohort of the form 2022 or 2024-12, and not none")
    }
}

impl Pattern for CohortFilter {
    fn pattern() -> String {
        format!("(none|{})", Cohort::pattern())
    }
}

/// What somebody else calls a member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub struct ExternalId {
    /// Whose identifiers these are: the network's site, OGP Local, a ministry's register.
    #[schema(example = "ogp-local")]
    pub scheme: String,
    /// The identifier.
    #[schema(example = "MAAGD0001")]
    pub value: String,
}

/// What is known about a member, its history apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The kind; with the territory it is the natural key.
    pub kind: MemberKind,
    /// The code of the territory that the member is seated on.
    pub territory_code: Code,
    /// The name, at least in one language.
    pub name: LanguageMap,
    /// The cohort that it joined with.
    pub cohort: Option<Cohort>,
    /// Since when it takes part in OGP Local.
    pub ogp_local_since: Option<PartialDate>,
    /// Its own site.
    pub website: Option<String>,
    /// Where the knowledge comes from.
    pub provenance: Provenance,
    /// The sources, in words.
    pub source: String,
    /// How sure the sources are.
    pub confidence: Option<Confidence>,
    /// What others call it, at most one in each scheme, in the order of the schemes.
    pub external_ids: Vec<ExternalId>,
}

impl Facts {
    /// The text that `q=` searches: the names and the territory's code.
    #[must_use]
    pub fn search_text(&self) -> String {
        let names = [&self.name.fr, &self.name.ar, &self.name.en].into_iter().flatten();
        search_text(names.map(String::as_str), Some(self.territory_code.as_str()))
    }

    /// The name that lists are sorted by in a language: the one that a reader of it is shown, folded.
    #[must_use]
    pub fn sort_name(&self, language: Language) -> String {
        fold(self.name.read(language))
    }
}

/// A member's adhesion to a version of the charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adhesion {
    /// The code of the charter's version.
    pub charter_version: String,
    /// Since when.
    pub adhered_on: PartialDate,
    /// The decision by which it adhered.
    pub decision_reference: String,
    /// Where the decision can be read.
    pub document_url: Option<String>,
}

/// What a focal point may change of its own member: what only the member itself knows.
pub const FOCAL_POINT_PROPERTIES: &[&str] = &["website"];

/// A member as it is written: facts, history and adhesions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The facts.
    pub facts: Facts,
    /// What its standing was, from when on.
    pub history: History,
    /// To which versions of the charter it adheres, in the order of their codes.
    pub adhesions: Vec<Adhesion>,
}

impl Record {
    /// The short name for addresses. It carries the kind of territory, since a commune and a province may share
    /// their name (`commune-larache`, `province-larache`); where several territories of a kind do, the code's
    /// digits follow. It depends on the seat only, so that it does not depend on who joined first.
    ///
    /// # Errors
    /// A predicate for a sentence about the seat, when the kind of member does not fit it or it has no Latin name.
    pub fn slug(&self, seat: &Seat) -> Result<Slug, &'static str> {
        if !self.facts.kind.fits(seat.kind) {
            return Err("does not fit the kind of member");
        }
        let prefix = match (self.facts.kind, seat.kind) {
            (MemberKind::Institution, _) => "institution",
            (_, kind) => kind.as_str(),
        };
        let name = match self.facts.kind {
            MemberKind::Institution => self.facts.name.read(Language::Fr),
            _ => &seat.name_fr,
        };
        let digits = self.facts.territory_code.as_str().replace('.', "");
        let is_unique = seat.name_is_unique && self.facts.kind != MemberKind::Institution;
        let suffix = if is_unique { String::new() } else { format!(" {digits}") };
        Slug::of(&format!("{prefix} {name}{suffix}")).ok_or("has no Latin name")
    }
}

/// How a member is addressed in a path: by its slug or its id.
pub type Address = kernel::id::Address<Slug>;

/// A stored member.
#[derive(Debug, Clone)]
pub struct Member {
    /// The id.
    pub id: Identifier,
    /// Counts the changes, of the history and identifiers too.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The short name.
    pub slug: Slug,
    /// The facts.
    pub facts: Facts,
    /// The standing: today's, or that of the day that was asked for.
    pub status: Status,
    /// When it first became a member.
    pub joined_on: Option<PartialDate>,
    /// When it ceased to be one.
    pub left_on: Option<PartialDate>,
    /// To which versions of the charter it adheres, in the order of their codes.
    pub adhesions: Vec<Adhesion>,
    /// Where it is seated.
    pub seat: MemberSeat,
}

/// What a member takes from the territory it is seated on.
#[derive(Debug, Clone)]
pub struct MemberSeat {
    /// The territory's version.
    pub version: i64,
    /// The territory's kind.
    pub kind: Kind,
    /// The region.
    pub region_code: Code,
    /// The unit that the territory is a part of.
    pub parent_code: Option<Code>,
    /// A point in it.
    pub location: Option<Location>,
}

impl Member {
    /// The same member with the standing that follows from a history.
    #[must_use]
    pub fn standing(self, history: &History) -> Self {
        let (status, joined_on, left_on) = (history.status(), history.joined_on(), history.left_on());
        Self { status, joined_on, left_on, ..self }
    }

    /// The same member with one more adhesion.
    ///
    /// # Errors
    /// That it adheres to that version already.
    pub fn adhering(mut self, adhesion: Adhesion) -> Result<Self, Violation> {
        let same = self.adhesions.iter().find(|other| other.charter_version == adhesion.charter_version);
        if let Some(same) = same {
            let (version, since, by) = (&same.charter_version, same.adhered_on, &same.decision_reference);
            let detail = format!("The member adheres to version {version} since {since} already, by {by}.");
            return Err(Violation::new("/charter_version", "already_exists", detail));
        }
        self.adhesions.push(adhesion);
        self.adhesions.sort_by(|a, b| a.charter_version.cmp(&b.charter_version));
        Ok(self)
    }

    /// The code of the prefecture or province that the member lies in or is.
    #[must_use]
    pub fn province_code(&self) -> Option<&Code> {
        match self.seat.kind {
            Kind::Prefecture | Kind::Province => Some(&self.facts.territory_code),
            Kind::Commune => self.seat.parent_code.as_ref(),
            _ => None,
        }
    }
}

/// How many members share what a composition is computed from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The kind.
    pub kind: MemberKind,
    /// The region.
    pub region_code: Code,
    /// The cohort.
    pub cohort: Option<Cohort>,
    /// Whether they are invented.
    pub illustrative: bool,
    /// When they first became members.
    pub joined_on: Option<PartialDate>,
    /// Their standing during the period.
    pub status: Status,
    /// Its first day; unknown for members without a date.
    pub from: Option<NaiveDate>,
    /// The first day on which it was over, if it is.
    pub until: Option<NaiveDate>,
    /// How many.
    pub count: i64,
}

/// What a list of members can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// The folded French name, or the one that stands in for it.
    NameFr,
    /// The folded Arabic name, or the one that stands in for it.
    NameAr,
    /// The first day that the date of joining can mean; members without one come last.
    JoinedOn,
}

codes!(SortKey { NameFr => "name_fr", NameAr => "name_ar", JoinedOn => "joined_on" });

/// Whether members without a date of joining are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Undated {
    /// Only those.
    Only,
}

codes!(Undated { Only => "only" });

/// What a list of members can bring along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// The territories that the members are seated on.
    Territory,
}

codes!(Include { Territory => "territory" });

/// Which members a list has, and in what order. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// Kinds, any of which.
    pub kinds: Vec<MemberKind>,
    /// Codes of regions, any of which.
    pub regions: Vec<Code>,
    /// Codes of prefectures and provinces, any of which.
    pub provinces: Vec<Code>,
    /// Standings, any of which: today's, or those of the day.
    pub statuses: Vec<Status>,
    /// Cohorts, any of which.
    pub cohorts: Vec<CohortFilter>,
    /// Provenances, any of which.
    pub provenances: Vec<Provenance>,
    /// Folded words, all of which; none of them finds nothing.
    pub words: Option<Vec<String>>,
    /// The day that the list is about.
    pub as_of: Option<NaiveDate>,
    /// Only members without a date of joining.
    pub undated: Option<Undated>,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<SortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(MemberKind::ALL, MemberKind::as_str);
        assert_codes(Status::ALL, Status::as_str);
        assert_codes(Confidence::ALL, Confidence::as_str);
    }

    #[test]
    fn nobody_is_seated_on_a_prefecture_of_arrondissements() {
        for kind in MemberKind::ALL {
            assert!(!kind.fits(Kind::PrefectureOfArrondissements), "{kind:?}");
        }
        assert!(MemberKind::PrefectureOrProvince.fits(Kind::Prefecture));
        assert!(!MemberKind::PrefectureOrProvince.fits(Kind::Commune));
        assert!(!MemberKind::Municipality.fits(Kind::Arrondissement));
    }

    #[test]
    fn provenances_are_written_as_they_are_read() {
        for text in ["official", "press", "illustrative", "import:dgct"] {
            assert_eq!(text.parse::<Provenance>().unwrap().to_string(), text);
        }
        for text in ["", "import:", "import:DGCT", "rumour"] {
            assert!(text.parse::<Provenance>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_cohort_is_a_year_or_a_month() {
        assert!("2022".parse::<Cohort>().is_ok() && "2024-12".parse::<Cohort>().is_ok());
        for text in ["", "2022-10-21", "2024-13", "none", "2200"] {
            assert!(text.parse::<Cohort>().is_err(), "{text}");
        }
        assert_eq!("none".parse(), Ok(CohortFilter::None));
    }
}
