//! What a consultation is, and what the public contributes to it. Pure.

mod contribution;
mod receipt;
mod reference;
mod standing;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    contribution::{Contact, Content, Contribution, ContributionFilters, ContributionSortKey, DecisionFilter},
    receipt::{Receipt, SenderKey},
    reference::{SeedConsultation, SeedContribution, Texts, parse_texts},
    standing::{Answer, Decision, Moderation, Standing, Verdict, check_answer},
};
use crate::{
    action_programs::{Drafts, Owner, Provenance, PublicationFilter, Stage},
    kernel::{
        codes::{Flag, Pattern, codes},
        id::{Address, Identifier, Slug},
        language::LanguageMap,
        paging::Order,
        violation::Violations,
    },
};

/// How the public is consulted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConsultationKind)]
pub enum Kind {
    /// A meeting.
    Workshop,
    /// By this API: everybody can send contributions.
    Online,
    /// In writing, by other ways.
    Written,
}

codes!(Kind { Workshop => "workshop", Online => "online", Written => "written" });

/// The number of a round: 1 for ideas, 2 for the draft projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round(pub i64);

impl std::str::FromStr for Round {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1" => Ok(Self(1)),
            "2" => Ok(Self(2)),
            _ => Err("is not the number of a round, 1 or 2"),
        }
    }
}

impl Pattern for Round {
    fn pattern() -> String {
        "[12]".to_owned()
    }
}

/// Who took part, as far as it was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ConsultationParticipants)]
pub struct Participants {
    /// All of them.
    #[schema(example = 84, minimum = 0)]
    pub total: i64,
    /// Women; null where it was not counted.
    #[schema(example = 41, minimum = 0)]
    pub women: Option<i64>,
    /// Men; null where it was not counted.
    #[schema(example = 43, minimum = 0)]
    pub men: Option<i64>,
    /// Who was younger than 25; null where it was not counted.
    #[schema(example = 22, minimum = 0)]
    pub under_25: Option<i64>,
    /// Who was 25 to 59; null where it was not counted.
    #[schema(example = 50, minimum = 0)]
    pub aged_25_to_59: Option<i64>,
    /// Who was 60 or older; null where it was not counted.
    #[schema(example = 12, minimum = 0)]
    pub aged_60_and_over: Option<i64>,
    /// Who spoke for an association; null where it was not counted.
    #[schema(example = 17, minimum = 0)]
    pub of_associations: Option<i64>,
}

impl Participants {
    /// The parts with their names in a body.
    const fn parts(&self) -> [(&'static str, Option<i64>); 6] {
        [
            ("women", self.women),
            ("men", self.men),
            ("under_25", self.under_25),
            ("aged_25_to_59", self.aged_25_to_59),
            ("aged_60_and_over", self.aged_60_and_over),
            ("of_associations", self.of_associations),
        ]
    }

    fn check(&self, violations: &mut Violations) {
        for (name, count) in [("total", Some(self.total))].into_iter().chain(self.parts()) {
            if count.is_some_and(|count| !(0..=MOST_PARTICIPANTS).contains(&count)) {
                let detail = format!("{name} is not a number from 0 to {MOST_PARTICIPANTS}.");
                violations.add(format!("/participants/{name}"), "invalid_value", detail);
            }
        }
        let sum = |parts: &[Option<i64>]| parts.iter().flatten().fold(0_i64, |sum, part| sum.saturating_add(*part));
        for (place, what, sum) in [
            ("women", "Women and men", sum(&[self.women, self.men])),
            ("under_25", "The age groups", sum(&[self.under_25, self.aged_25_to_59, self.aged_60_and_over])),
            ("of_associations", "Those who spoke for associations", sum(&[self.of_associations])),
        ] {
            if self.total >= 0 && sum > self.total {
                let detail = format!("{what} are {sum}, more than all {} participants.", self.total);
                violations.add(format!("/participants/{place}"), "more_than_all", detail);
            }
        }
    }
}

/// For how many days what is sent to a round keeps its contact as if the round were running; one that stays open for longer
/// keeps none for ever.
pub const LONGEST_ROUND: u64 = 366;
/// More than a country has is a slip of the pen.
const MOST_PARTICIPANTS: i64 = 100_000_000;

/// What came of a consultation, written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ConsultationReport)]
pub struct Report {
    /// Where it can be read.
    #[schema(format = "uri", example = "https://www.larache.ma/consultation-rapport.pdf")]
    pub url: String,
    /// When it was published; null where nothing says so.
    #[schema(example = "2025-06-20")]
    pub published_on: Option<NaiveDate>,
}

/// What is said of a consultation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The number of the round.
    pub round: i64,
    /// How.
    pub kind: Kind,
    /// What it is called.
    pub title: LanguageMap,
    /// What it is about.
    pub description: Option<LanguageMap>,
    /// The first day.
    pub opens_on: NaiveDate,
    /// The last day.
    pub closes_on: NaiveDate,
    /// Where a workshop is.
    pub place: Option<LanguageMap>,
    /// Who took part.
    pub participants: Option<Participants>,
    /// What came of it.
    pub report: Option<Report>,
}

impl Facts {
    /// Notes what is wrong between the properties.
    pub fn check(&self, violations: &mut Violations, today: NaiveDate) {
        if ![1, 2].contains(&self.round) {
            violations.add("/round", "invalid_value", "round is neither 1 (ideas) nor 2 (draft projects).");
        }
        let published_on = self.report.as_ref().and_then(|report| report.published_on);
        let days = [
            ("/opens_on", Some(self.opens_on)),
            ("/closes_on", Some(self.closes_on)),
            ("/report/published_on", published_on),
        ];
        for (pointer, day) in days {
            if day.is_some_and(|day| !(1990..=2199).contains(&day.year())) {
                let name = pointer.rsplit('/').next().unwrap_or_default();
                violations.add(pointer, "invalid_value", format!("{name} is not of the years 1990 to 2199."));
            }
        }
        if self.closes_on < self.opens_on {
            violations.add("/closes_on", "ends_before_it_begins", "closes_on lies before opens_on.");
        }
        if self.place.is_some() && self.kind != Kind::Workshop {
            violations.add("/place", "no_place", "Only a workshop has a place.");
        }
        if published_on.is_some_and(|day| day > today) {
            violations.add("/report/published_on", "in_the_future", "published_on lies in the future.");
        }
        if let Some(participants) = self.participants {
            participants.check(violations);
        }
    }
}

/// A stored consultation.
#[derive(Debug, Clone)]
pub struct Consultation {
    /// The id.
    pub id: Identifier,
    /// Counts its changes; contributions have their own.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Id of the programme.
    pub program_id: Identifier,
    /// Slug of the programme.
    pub program: Slug,
    /// The programme's stage.
    pub stage: Stage,
    /// Where the knowledge of the programme comes from.
    pub provenance: Provenance,
    /// Whether the programme is published, and so the consultation.
    pub is_public: bool,
    /// Whose it is.
    pub owner: Owner,
    /// What is said of it.
    pub facts: Facts,
}

impl Consultation {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/consultations/{}", self.id)
    }

    /// Whether it takes place on a day: both days count, and a programme that is over consults nobody.
    #[must_use]
    pub fn is_open(&self, today: NaiveDate) -> bool {
        !self.stage.is_over() && self.facts.opens_on <= today && today <= self.facts.closes_on
    }

    /// Why nobody can send a contribution on a day, if so, with the dates; whom nobody would answer, where the member has
    /// left the network, is told, too.
    ///
    /// # Errors
    /// All reasons.
    pub fn takes_contributions(&self, has_left: bool, today: NaiveDate) -> Result<(), Violations> {
        let mut reasons = Violations::default();
        let Facts { kind, opens_on, closes_on, .. } = &self.facts;
        if *kind != Kind::Online {
            let detail = format!("Contributions are sent to online rounds; this one is {}.", kind.as_str());
            reasons.add("", "not_online", detail);
        }
        if !self.is_public {
            reasons.add("", "not_published", "The programme is not published.");
        }
        if self.stage.is_over() {
            reasons.add("", "program_over", format!("The programme is {}.", self.stage.as_str()));
        }
        if has_left {
            reasons.add("", "member_left", "The member has left the network.");
        }
        let span = format!("It is open from {opens_on} until {closes_on}; today is {today}.");
        if today < *opens_on {
            reasons.add("", "not_open_yet", format!("The round has not begun. {span}"));
        } else if today > *closes_on {
            reasons.add("", "closed", format!("The round is over. {span}"));
        }
        reasons.done()
    }
}

/// Refuses what contributions rest on: where they were sent stays an online round, and opened before they came.
///
/// # Errors
/// Every reason.
pub fn check_kept(before: &Facts, after: &Facts, contributions: i64) -> Result<(), Violations> {
    let mut reasons = Violations::default();
    let mut keep = |is_lost: bool, pointer: &str, why: &str| {
        if is_lost && contributions > 0 {
            reasons.add(
                pointer,
                "has_contributions",
                format!("{contributions} contributions were sent to this round; {why}."),
            );
        }
    };
    keep(before.kind != after.kind, "/kind", &format!("it stays {}", before.kind.as_str()));
    keep(before.opens_on != after.opens_on, "/opens_on", &format!("it opened on {}", before.opens_on));
    reasons.done()
}

/// What consultations can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// When it was first stored.
    CreatedAt,
    /// The first day.
    OpensOn,
}

codes!(SortKey { CreatedAt => "created_at", OpensOn => "opens_on" });

/// Which consultations a list has, and in what order. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// Slugs or ids of programmes, any of which.
    pub programs: Vec<Address<Slug>>,
    /// Slugs of members, any of which.
    pub members: Vec<Address<Slug>>,
    /// Codes of regions, any of which.
    pub regions: Vec<String>,
    /// Numbers of rounds, any of which.
    pub rounds: Vec<i64>,
    /// How, any of which.
    pub kinds: Vec<Kind>,
    /// Whether they take place on the day `today`.
    pub open: Option<Flag>,
    /// The day on which they do.
    #[serde(skip)]
    pub today: NaiveDate,
    /// Of programmes that are not published, too or only.
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
    use crate::kernel::codes::assert_codes;
    use crate::kernel::id::new_id;
    use proptest::prelude::*;

    pub fn day(offset: i64) -> NaiveDate {
        "2026-01-01".parse::<NaiveDate>().unwrap() + chrono::TimeDelta::days(offset)
    }

    fn facts(opens: i64, closes: i64) -> Facts {
        Facts {
            round: 1,
            kind: Kind::Online,
            title: LanguageMap { fr: Some("Idées".to_owned()), ..LanguageMap::default() },
            description: None,
            opens_on: day(opens),
            closes_on: day(closes),
            place: None,
            participants: None,
            report: None,
        }
    }

    fn consultation(facts: Facts, stage: Stage, is_public: bool) -> Consultation {
        let owner = Owner {
            id: new_id(),
            slug: "commune-larache".parse().unwrap(),
            region_code: "01".to_owned().try_into().unwrap(),
        };
        Consultation {
            id: new_id(),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            program_id: new_id(),
            program: "commune-larache-cycle-1".parse().unwrap(),
            stage,
            provenance: Provenance::Official,
            is_public,
            owner,
            facts,
        }
    }

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(Kind::ALL, Kind::as_str);
    }

    proptest! {
        #[test]
        fn contributions_are_taken_exactly_while_an_online_round_of_a_published_programme_is_open(
            opens in 0i64..20, length in 0i64..10, today in 0i64..40, kind in 0usize..3, stage in 0usize..9, is_public: bool, has_left: bool,
        ) {
            let (kind, stage) = (Kind::ALL[kind], Stage::ALL[stage]);
            let consultation = consultation(Facts { kind, ..facts(opens, opens + length) }, stage, is_public);
            let open = (opens..=opens + length).contains(&today) && !stage.is_over();
            prop_assert_eq!(consultation.is_open(day(today)), open);
            let taken = consultation.takes_contributions(has_left, day(today));
            prop_assert_eq!(taken.is_ok(), open && is_public && kind == Kind::Online && !has_left);
        }

        #[test]
        fn parts_are_never_more_than_all(
            total in 0i64..20, women in prop::option::of(0i64..20), men in prop::option::of(0i64..20), young in prop::option::of(0i64..20),
        ) {
            let participants = Participants {
                total, women, men, under_25: young, aged_25_to_59: None, aged_60_and_over: None, of_associations: None,
            };
            let mut violations = Violations::default();
            Facts { participants: Some(participants), ..facts(0, 1) }.check(&mut violations, day(0));
            let sound = women.unwrap_or(0) + men.unwrap_or(0) <= total && young.unwrap_or(0) <= total;
            prop_assert_eq!(violations.done().is_ok(), sound);
        }
    }

    #[test]
    fn what_does_not_fit_together_is_said_with_its_place() {
        let wrong = Facts {
            round: 3,
            place: Some(LanguageMap::default()),
            report: Some(Report { url: String::new(), published_on: Some(day(9)) }),
            ..facts(5, 4)
        };
        let mut violations = Violations::default();
        wrong.check(&mut violations, day(8));
        let places: Vec<String> =
            violations.done().unwrap_err().into_iter().map(|violation| violation.pointer).collect();
        assert_eq!(places, ["/closes_on", "/place", "/report/published_on", "/round"]);
    }

    #[test]
    fn where_something_was_sent_stays_online_and_opened_before() {
        let written = Facts { kind: Kind::Written, ..facts(0, 1) };
        assert!(check_kept(&facts(0, 1), &written, 0).is_ok() && check_kept(&written, &written, 1).is_ok());
        assert!(check_kept(&facts(0, 1), &written, 1).unwrap_err().has("/kind"));
        assert!(check_kept(&facts(0, 3), &facts(0, 1), 1).is_ok());
        assert!(check_kept(&facts(0, 3), &facts(1, 3), 1).unwrap_err().has("/opens_on"));
    }
}
