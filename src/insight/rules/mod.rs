//! What is computed: alerts here, scorecards and the network's indicators in files of their own.
//!
//! Alerts: what has not happened although its day has passed. Nothing of them is stored: each rule counts from a day that
//! is, and an alert stands from the day on which the rule's time is up. Pure.

mod aggregate;
mod evidence;
mod figure;
mod order;
mod scorecard;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{
    aggregate::{Aggregate, Reported},
    evidence::{Evidence, Facts, Programme, Unit, evidence, figure_codes},
    figure::{Computable, Figure, Group, Grouping, Known, Reports, Seated, Tallies, Tally, grouped},
    order::{Edge, Place, edge_of_days, edge_of_moments, sort},
    scorecard::{Spoken, Standing, gap, latest, levels},
};
use crate::{
    action_programs::Stage,
    kernel::{
        codes::codes,
        date::PartialDate,
        id::{Address, Identifier, Slug},
        language::LanguageMap,
        paging::Order,
    },
};

/// Why there is an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertRule)]
pub enum Rule {
    /// The council has not adopted the programme by the last day that was announced, or did so later; until the
    /// implementation begins.
    AdoptionLate,
    /// The last day that was announced for the consultation on the draft projects has passed; neither has the programme come
    /// so far, nor has such a round begun.
    ConsultationOverdue,
    /// Thirty days after the last day of the implementation no final evaluation is published.
    EvaluationMissing,
    /// Thirty days after it came in, a contribution of the public has not been answered.
    IdeaUnanswered,
    /// The day by which a milestone was to be done has passed.
    MilestoneLate,
}

// In the order of their codes, in which alerts of the same moment stand.
codes!(Rule {
    AdoptionLate => "adoption_late",
    ConsultationOverdue => "consultation_overdue",
    EvaluationMissing => "evaluation_missing",
    IdeaUnanswered => "idea_unanswered",
    MilestoneLate => "milestone_late",
});

fn texts(ar: impl Into<String>, fr: impl Into<String>, en: impl Into<String>) -> LanguageMap {
    LanguageMap { ar: Some(ar.into()), fr: Some(fr.into()), en: Some(en.into()) }
}

impl Rule {
    /// How many days after the day that it counts from its alert appears.
    const fn patience(self) -> u64 {
        match self {
            Self::AdoptionLate | Self::ConsultationOverdue | Self::MilestoneLate => 1,
            // Thirty days pass, as OGP Local has it for assessments, and the next one is late.
            Self::EvaluationMissing | Self::IdeaUnanswered => 31,
        }
    }

    /// The first day of the alert that counts from a day.
    #[must_use]
    pub fn since(self, day: NaiveDate) -> NaiveDate {
        day.checked_add_days(Days::new(self.patience())).unwrap_or(NaiveDate::MAX)
    }

    /// The day that an alert counts from whose first day this is: whatever counts from it or an earlier one has an alert.
    #[must_use]
    pub fn counted_from(self, since: NaiveDate) -> NaiveDate {
        since.checked_sub_days(Days::new(self.patience())).unwrap_or(NaiveDate::MIN)
    }

    /// What the rule says.
    #[must_use]
    pub fn description(self) -> LanguageMap {
        match self {
            Self::AdoptionLate => texts(
                "لم يعتمد المجلس البرنامج في الأجل المعلن، أو اعتمده بعده",
                "Le conseil n'a pas adopté le programme à la date annoncée, ou l'a adopté plus tard",
                "The council has not adopted the programme by the announced date, or did so later",
            ),
            Self::ConsultationOverdue => texts(
                "لم تُفتح الاستشارة العمومية في الأجل المعلن",
                "La consultation publique n'a pas commencé à la date annoncée",
                "The public consultation has not begun by the announced date",
            ),
            Self::EvaluationMissing => texts(
                "لم يُنشر أي تقييم نهائي خلال ثلاثين يوما من نهاية التنفيذ",
                "Aucune évaluation finale n'est publiée trente jours après la fin de la mise en œuvre",
                "No final evaluation is published thirty days after the end of the implementation",
            ),
            Self::IdeaUnanswered => texts(
                "لم يُجب عن مساهمة من المواطنين خلال ثلاثين يوما",
                "Une contribution du public est restée sans réponse pendant trente jours",
                "A contribution of the public has not been answered for thirty days",
            ),
            Self::MilestoneLate => texts(
                "لم تُنجز مرحلة من مشروع في أجلها",
                "Un jalon de projet n'est pas réalisé à son échéance",
                "A milestone of a project is not done by its day",
            ),
        }
    }
}

/// What an alert is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A programme, with the council's session where it has adopted it, later than announced.
    Program {
        /// Its title.
        title: LanguageMap,
        /// When the council adopted it.
        adopted_on: Option<PartialDate>,
    },
    /// A milestone.
    Milestone {
        /// Id of its project.
        project_id: String,
        /// Its title.
        title: LanguageMap,
    },
    /// A contribution that everybody can read.
    Idea {
        /// Id of its consultation.
        consultation_id: String,
    },
    /// The contributions to a consultation that nobody has looked at yet, and of which nothing is public but how many
    /// they are.
    Ideas {
        /// The consultation's title.
        title: LanguageMap,
        /// How many wait for more than thirty days.
        count: i64,
    },
}

/// An alert.
#[derive(Debug, Clone)]
pub struct Alert {
    /// Why.
    pub rule: Rule,
    /// Id of what it is about.
    pub id: Identifier,
    /// What it is about.
    pub subject: Subject,
    /// The day that it counts from.
    pub counted_from: NaiveDate,
    /// When the contribution came in, or the first of several; `None` for what is no contribution.
    pub came_in_at: Option<DateTime<Utc>>,
    /// Slug of the programme.
    pub program: Slug,
    /// The programme's stage.
    pub stage: Stage,
    /// Slug of the member.
    pub member: Slug,
    /// Code of the region that the member lies in.
    pub region_code: String,
}

impl Alert {
    /// Its first day.
    #[must_use]
    pub fn since(&self) -> NaiveDate {
        self.rule.since(self.counted_from)
    }

    /// How many days it is late on a day, the first one counted; of what was done late, how many days it was late.
    #[must_use]
    pub fn days(&self, today: NaiveDate) -> i64 {
        match &self.subject {
            Subject::Program { adopted_on: Some(adopted_on), .. } => {
                (adopted_on.first_day() - self.counted_from).num_days()
            }
            _ => (today - self.since()).num_days() + 1,
        }
    }

    /// Where what it is about can be seen.
    #[must_use]
    pub fn address(&self) -> String {
        let id = &self.id;
        match &self.subject {
            Subject::Program { .. } => format!("/api/v1/action-programs/{}", self.program),
            Subject::Milestone { project_id, .. } => format!("/api/v1/projects/{project_id}/milestones/{id}"),
            Subject::Idea { consultation_id } => format!("/api/v1/consultations/{consultation_id}/contributions/{id}"),
            Subject::Ideas { .. } => format!("/api/v1/consultations/{id}"),
        }
    }

    /// What is the matter, in one sentence.
    #[must_use]
    pub fn detail(&self) -> LanguageMap {
        let day = self.counted_from;
        match (&self.subject, self.rule) {
            (Subject::Program { adopted_on: Some(on), .. }, _) => texts(
                format!("أُعلن عن الاعتماد في أجل أقصاه {day}، واعتمد المجلس البرنامج في {on}."),
                format!("Adoption annoncée pour le {day} au plus tard ; le conseil a adopté le programme le {on}."),
                format!(
                    "The adoption was announced for {day} at the latest; the council adopted the programme on {on}."
                ),
            ),
            (_, Rule::AdoptionLate) => texts(
                format!("أُعلن عن الاعتماد في أجل أقصاه {day}، ولم يعتمد المجلس البرنامج بعد."),
                format!("Adoption annoncée pour le {day} au plus tard ; le conseil n'a pas adopté le programme."),
                format!(
                    "The adoption was announced for {day} at the latest; the council has not adopted the programme."
                ),
            ),
            (_, Rule::ConsultationOverdue) => texts(
                format!("أُعلن عن الاستشارة في أجل أقصاه {day}، ولم تبدأ بعد."),
                format!("Consultation annoncée pour le {day} au plus tard ; elle n'a pas commencé."),
                format!("The consultation was announced for {day} at the latest; it has not begun."),
            ),
            (_, Rule::EvaluationMissing) => texts(
                format!("انتهى التنفيذ في {day}، ولم يُنشر أي تقييم نهائي."),
                format!("La mise en œuvre s'est terminée le {day} ; aucune évaluation finale n'est publiée."),
                format!("The implementation ended on {day}; no final evaluation is published."),
            ),
            (Subject::Ideas { count, .. }, _) => texts(
                format!("عدد المساهمات التي لم يُنظر فيها منذ أكثر من ثلاثين يوما: {count}؛ وردت أقدمها في {day}."),
                format!(
                    "Contributions que personne n'a examinées depuis plus de trente jours : {count} ; la première est du {day}."
                ),
                format!(
                    "Contributions that nobody has looked at for more than thirty days: {count}; the first one came in on {day}."
                ),
            ),
            (_, Rule::IdeaUnanswered) => texts(
                format!("وردت المساهمة في {day} ولم يُجب عنها."),
                format!("La contribution est arrivée le {day} et n'a pas reçu de réponse."),
                format!("The contribution came in on {day} and has not been answered."),
            ),
            (_, Rule::MilestoneLate) => texts(
                format!("كان أجل المرحلة {day}، ولم تُنجز بعد."),
                format!("L'échéance du jalon était le {day} ; il n'est pas réalisé."),
                format!("The milestone was due on {day} and is not done."),
            ),
        }
    }

    /// Its place in the list.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of(self)
    }
}

/// What alerts can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// Since when they stand.
    Since,
}

codes!(SortKey { Since => "since" });

/// Which alerts a list has. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// Rules, any of which.
    pub rules: Vec<Rule>,
    /// Slugs of members, any of which.
    pub members: Vec<Address<Slug>>,
    /// Codes of regions, any of which.
    pub regions: Vec<String>,
    /// The day on which they stand.
    #[serde(skip)]
    pub today: NaiveDate,
    /// The order.
    pub order: Order<SortKey>,
}

impl Filters {
    /// Whether alerts of a rule are wanted.
    #[must_use]
    pub fn wants(&self, rule: Rule) -> bool {
        self.rules.is_empty() || self.rules.contains(&rule)
    }

    /// The last day that alerts of a rule count from today.
    #[must_use]
    pub fn latest(&self, rule: Rule) -> NaiveDate {
        rule.counted_from(self.today)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{clock, codes::assert_codes, paging::Direction};
    use chrono::TimeDelta;
    use proptest::prelude::*;

    fn day(offset: i64) -> NaiveDate {
        "2026-01-01".parse::<NaiveDate>().unwrap() + chrono::TimeDelta::days(offset)
    }

    #[test]
    fn json_spells_the_codes_as_parameters_do_and_their_order_is_that_of_the_codes() {
        assert_codes(Rule::ALL, Rule::as_str);
        assert!(Rule::ALL.is_sorted() && Rule::ALL.is_sorted_by_key(|rule| rule.as_str()));
    }

    #[test]
    fn thirty_days_pass_before_an_answer_or_an_evaluation_is_late() {
        let end = "2025-12-31".parse().unwrap();
        assert_eq!(Rule::EvaluationMissing.since(end).to_string(), "2026-01-31");
        assert_eq!(Rule::IdeaUnanswered.since(end).to_string(), "2026-01-31");
        assert_eq!(Rule::MilestoneLate.since(end).to_string(), "2026-01-01");
    }

    pub(super) fn alert((rule, offset, seconds, id): (usize, i64, u32, u8)) -> Alert {
        let rule = Rule::ALL[rule];
        let came_in_at = clock::day_start(day(offset)) + TimeDelta::seconds(seconds.into());
        Alert {
            rule,
            id: Identifier::stored(format!("{id:03}")),
            subject: Subject::Idea { consultation_id: String::new() },
            counted_from: day(offset),
            came_in_at: (rule == Rule::IdeaUnanswered).then_some(came_in_at),
            program: "p".parse().unwrap(),
            stage: Stage::Draft,
            member: "m".parse().unwrap(),
            region_code: String::new(),
        }
    }

    proptest! {
        #[test]
        fn an_alert_appears_exactly_on_the_day_after_its_time_is_up(rule in 0usize..5, offset in -400i64..400, ahead in -3i64..50) {
            let (rule, fact) = (Rule::ALL[rule], day(offset));
            let today = rule.since(fact) + chrono::TimeDelta::days(ahead);
            let filters = Filters {
                rules: Vec::new(),
                members: Vec::new(),
                regions: Vec::new(),
                today,
                order: Order { key: SortKey::Since, direction: Direction::Ascending },
            };
            // The store asks whether the fact lies on or before the latest day.
            prop_assert_eq!(fact <= filters.latest(rule), ahead >= 0);
            prop_assert_eq!(rule.counted_from(rule.since(fact)), fact);
            if ahead >= 0 {
                let alert = alert((0, offset, 0, 0));
                prop_assert_eq!(Alert { rule, ..alert }.days(today), ahead + 1);
            }
        }
    }
}
