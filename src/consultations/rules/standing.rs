//! What becomes of a contribution, as a state machine. It is pending until the member has looked at it, then published or
//! withheld, and can go from one of these to the other. A published one is answered with a decision, which can be corrected
//! and stays when the contribution is withheld afterwards.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{
    codes::codes,
    id::Identifier,
    language::LanguageMap,
    violation::{Violation, Violations},
};

/// Whether the public sees a contribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContributionModeration)]
pub enum Moderation {
    /// The member has not looked at it yet.
    Pending,
    /// Everybody sees it.
    Published,
    /// Nobody but the member, the secretariat and who sent it sees it, who is told why.
    Withheld,
}

codes!(Moderation { Pending => "pending", Published => "published", Withheld => "withheld" });

/// How a contribution was decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ContributionDecision)]
pub enum Decision {
    /// It becomes a project, or became one.
    Accepted,
    /// It is a part of a project that others asked for, too.
    Merged,
    /// It does not become a project.
    Rejected,
}

codes!(Decision { Accepted => "accepted", Merged => "merged", Rejected => "rejected" });

/// A reasoned decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How.
    pub decision: Decision,
    /// When.
    pub decided_on: NaiveDate,
    /// Why.
    pub reason: LanguageMap,
    /// The project that it became.
    pub project_id: Option<Identifier>,
}

/// What who moderates says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everybody shall see it.
    Publish,
    /// Nobody shall, for a reason.
    Withhold(String),
}

/// Where a contribution stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Who sees it.
    pub moderation: Moderation,
    /// Since when, once somebody has looked at it.
    pub moderated_at: Option<DateTime<Utc>>,
    /// Why it is withheld.
    pub withheld_because: Option<String>,
    /// The decision.
    pub answer: Option<Answer>,
}

impl Standing {
    /// That of a contribution which was just sent.
    pub const PENDING: Self =
        Self { moderation: Moderation::Pending, moderated_at: None, withheld_because: None, answer: None };

    /// Where it stands after a verdict.
    ///
    /// # Errors
    /// Where the verdict does not lead anywhere else.
    pub fn moderate(&self, verdict: Verdict, now: DateTime<Utc>) -> Result<Self, Violations> {
        let (moderation, withheld_because) = match verdict {
            Verdict::Publish => (Moderation::Published, None),
            Verdict::Withhold(reason) => (Moderation::Withheld, Some(reason)),
        };
        if moderation == self.moderation {
            let detail = format!("The contribution is {} already.", moderation.as_str());
            return Err(Violation::new("/to", "not_from_here", detail).into());
        }
        Ok(Self { moderation, moderated_at: Some(now), withheld_because, answer: self.answer.clone() })
    }

    /// Where it stands after a decision.
    ///
    /// # Errors
    /// Where the public does not see what would be decided on.
    pub fn decide(&self, answer: Answer) -> Result<Self, Violations> {
        if self.moderation != Moderation::Published {
            let detail =
                format!("Only a published contribution is decided on; this one is {}.", self.moderation.as_str());
            return Err(Violation::new("", "not_published", detail).into());
        }
        Ok(Self { answer: Some(answer), ..self.clone() })
    }
}

/// Adds the violations of a decision on a contribution that was sent on a given day. `project` says whether the programme
/// has the project that the decision names, if it names one.
pub fn check_answer(
    violations: &mut Violations,
    answer: &Answer,
    project: Option<bool>,
    (sent_on, today): (NaiveDate, NaiveDate),
) {
    match (answer.decision, project) {
        (Decision::Merged, None) => {
            violations.add("/project_id", "project_missing", "What is merged names the project.");
        }
        (Decision::Rejected, Some(_)) => {
            violations.add("/project_id", "not_wanted", "What is rejected became no project.");
        }
        (_, Some(false)) => {
            violations.add("/project_id", "unknown_project", "The programme has no such project.");
        }
        _ => {}
    }
    if answer.decided_on > today {
        violations.add("/decided_on", "in_the_future", "decided_on lies in the future.");
    }
    if answer.decided_on < sent_on {
        let detail = format!("The contribution was sent on {sent_on} only.");
        violations.add("/decided_on", "before_it_was_sent", detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;
    use proptest::prelude::*;

    fn answer(decision: Decision, project: bool, day: i64) -> Answer {
        let decided_on = "2026-01-01".parse::<NaiveDate>().unwrap() + chrono::TimeDelta::days(day);
        let project_id = project.then(crate::kernel::id::new_id);
        Answer { decision, decided_on, reason: LanguageMap::default(), project_id }
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Publish,
        Withhold,
        Decide(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![Just(Step::Publish), Just(Step::Withhold), (0usize..3).prop_map(Step::Decide)];
        prop::collection::vec(step, 0..12)
    }

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(Moderation::ALL, Moderation::as_str);
        assert_codes(Decision::ALL, Decision::as_str);
    }

    proptest! {
        #[test]
        fn whatever_is_done_to_it_it_is_as_the_databases_want_it(steps in steps()) {
            let mut standing = Standing::PENDING;
            for step in steps {
                let before = standing.clone();
                let after = match step {
                    Step::Publish => standing.moderate(Verdict::Publish, DateTime::UNIX_EPOCH),
                    Step::Withhold => standing.moderate(Verdict::Withhold("x".to_owned()), DateTime::UNIX_EPOCH),
                    Step::Decide(at) => standing.decide(answer(Decision::ALL[at], false, 0)),
                };
                // What is offered and what is refused, said a second time.
                let moves = match step {
                    Step::Publish => before.moderation != Moderation::Published,
                    Step::Withhold => before.moderation != Moderation::Withheld,
                    Step::Decide(_) => before.moderation == Moderation::Published,
                };
                prop_assert_eq!(after.is_ok(), moves);
                standing = after.unwrap_or(before.clone());
                prop_assert_eq!(standing.moderation == Moderation::Pending, standing.moderated_at.is_none());
                prop_assert_eq!(standing.moderation == Moderation::Withheld, standing.withheld_because.is_some());
                prop_assert!(standing.answer.is_none() || standing.moderation != Moderation::Pending);
                prop_assert!(before.answer.is_none() || standing.answer.is_some(), "a decision is never lost");
                prop_assert!(before.moderation == Moderation::Pending || standing.moderation != Moderation::Pending);
            }
        }

        #[test]
        fn a_decision_names_a_project_of_its_programme_or_none(
            decision in 0usize..3, named: bool, has: bool, day in -1i64..3,
        ) {
            let decision = Decision::ALL[decision];
            let mut violations = Violations::default();
            let (sent, today) = (answer(decision, false, 0).decided_on, answer(decision, false, 1).decided_on);
            check_answer(&mut violations, &answer(decision, named, day), named.then_some(has), (sent, today));
            let project = match decision {
                Decision::Accepted => !named || has,
                Decision::Merged => named && has,
                Decision::Rejected => !named,
            };
            prop_assert_eq!(violations.done().is_ok(), project && (0..=1).contains(&day));
        }
    }
}
