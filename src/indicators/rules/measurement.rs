//! What is reported for a period, and how it becomes public: somebody reports, somebody else reviews. What was approved stays
//! public while it is being corrected, and known after it has been. Pure.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    catalogue::Catalogue,
    disaggregation::{Disaggregation, check_parts},
    indicator::{Definition, Indicator, Keeper},
    measure::Figures,
    period::Period,
};
use crate::kernel::{
    clock::day_of,
    codes::codes,
    decimal::Decimal,
    evidence::{EvidenceLink, check_evidence},
    id::{Address, Identifier, Slug, new_id},
    language::LanguageMap,
    paging::Order,
    violation::{Violation, Violations},
};

/// How far a report has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MeasurementState)]
pub enum State {
    /// Who reports is still at it.
    Draft,
    /// It waits for somebody else to review it.
    Submitted,
    /// It is what everybody sees.
    Approved,
    /// Who reviewed it wants it changed, and says what.
    Returned,
}

codes!(State { Draft => "draft", Submitted => "submitted", Approved => "approved", Returned => "returned" });

/// What who reviews makes of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MeasurementVerdict)]
pub enum Verdict {
    /// Everybody sees it.
    Approve,
    /// It is to be changed; a note says what.
    Return,
}

/// What is reported beside the value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The numerator of a ratio.
    pub numerator: Option<Decimal>,
    /// The denominator of a ratio.
    pub denominator: Option<Decimal>,
    /// How the value is made up.
    pub disaggregation: Disaggregation,
    /// What is to be said of it.
    pub note: Option<LanguageMap>,
    /// What it rests on.
    pub evidence: Vec<EvidenceLink>,
}

/// A value with all that is reported of it, by one version of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The value.
    pub value: Decimal,
    /// What is reported beside it.
    pub report: Report,
    /// The version of the definition.
    pub definition_version: i64,
}

/// The content that figures and a report make, with what is wrong with them noted; `None` where there is no value.
#[must_use]
pub fn content(
    (figures, report): (&Figures, Report),
    (definition, definition_version): (&Definition, i64),
    catalogue: &Catalogue,
    violations: &mut Violations,
) -> Option<Content> {
    let measure = definition.measure(catalogue)?;
    let value = measure.value(figures, violations);
    check_parts(&report.disaggregation, &definition.dimensions, &measure, value, violations);
    check_evidence(&report.evidence, violations);
    Some(Content { value: value?, report, definition_version })
}

/// What everybody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The value.
    pub content: Content,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// A stored measurement.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// The id.
    pub id: Identifier,
    /// Counts the changes of what everybody sees.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When what everybody sees last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes of the report, with every review.
    pub report_version: i64,
    /// When the report last changed.
    pub report_changed_at: DateTime<Utc>,
    /// Id of the indicator.
    pub indicator_id: Identifier,
    /// Slug of the indicator.
    pub indicator: Slug,
    /// Whose it is; nobody's for the network's.
    pub member: Option<Keeper>,
    /// The period.
    pub period: Period,
    /// How far the report has come.
    pub state: State,
    /// What is reported.
    pub reported: Content,
    /// Why it is corrected.
    pub reason: Option<String>,
    /// Id of the account that reported it; none for what was loaded.
    pub reported_by: Option<String>,
    /// Ids of all accounts that had a hand in it since it was last approved: none of them approves it.
    pub hands: Vec<String>,
    /// The role in which it was reported.
    pub reported_role: Option<String>,
    /// When it was submitted.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When it was submitted for the first time, which tells whether that was in time.
    pub first_submitted_at: Option<DateTime<Utc>>,
    /// Who reviewed it and what came of it.
    pub review: Review,
    /// What everybody sees.
    pub approved: Option<Approved>,
    /// How often what was approved has been corrected.
    pub revision: i64,
    /// Whether the indicator is public.
    pub of_public: bool,
}

/// What came of the last review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// In which role.
    pub role: Option<String>,
    /// What is to be changed.
    pub note: Option<String>,
}

/// What was approved and has been corrected since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The number, from 1.
    pub number: i64,
    /// What was approved.
    pub former: Approved,
    /// When something else was.
    pub replaced_at: DateTime<Utc>,
    /// The role in which it was corrected.
    pub role: Option<String>,
    /// Why.
    pub reason: String,
}

/// Who does something to a report, in a role, and when.
#[derive(Debug, Clone, Copy)]
pub struct Hand<'a> {
    /// Id of the account; none for what is loaded.
    pub account: Option<&'a str>,
    /// The role.
    pub role: Option<&'a str>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Measurement {
    /// A report that is begun.
    #[must_use]
    pub fn begun(of: &Indicator, (period, reported): (Period, Content), hand: Hand<'_>) -> Self {
        Self {
            id: new_id(),
            version: 1,
            created_at: hand.at,
            updated_at: hand.at,
            report_version: 1,
            report_changed_at: hand.at,
            indicator_id: of.id.clone(),
            indicator: of.slug.clone(),
            member: of.place.member.clone(),
            period,
            state: State::Draft,
            reported,
            reason: None,
            reported_by: hand.account.map(str::to_owned),
            hands: hand.account.map(str::to_owned).into_iter().collect(),
            reported_role: hand.role.map(str::to_owned),
            submitted_at: None,
            first_submitted_at: None,
            review: Review::default(),
            approved: None,
            revision: 0,
            of_public: of.is_public(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/measurements/{}", self.id)
    }

    /// Whether it was first submitted by the day on which it was due; `None` before it was.
    #[must_use]
    pub fn is_in_time(&self) -> Option<bool> {
        self.first_submitted_at.map(|at| day_of(at) <= self.period.due_on())
    }

    /// Whether everybody sees it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.of_public && self.approved.is_some()
    }

    /// The measurement with another report. What was approved before stays what everybody sees until the correction is
    /// approved, too, and needs a reason; who reports again what is approved takes a correction back.
    ///
    /// # Errors
    /// A correction without a reason.
    pub fn report(
        &self,
        content: Content,
        (submits, reason): (bool, Option<String>),
        hand: Hand<'_>,
    ) -> Result<Self, Violation> {
        let mut after = self.clone();
        let is_new = self.reported != content;
        if self.approved.as_ref().is_some_and(|approved| approved.content == content) {
            (after.reported, after.reason, after.state) = (content, None, State::Approved);
            after.hands.clear();
            return Ok(after);
        }
        if self.approved.is_some() && reason.is_none() {
            let detail = "What was approved is corrected for a reason, which everybody is told: reason is missing.";
            return Err(Violation::new("/reason", "reason_missing", detail));
        }
        if is_new || self.state != State::Submitted {
            after.reported_by = hand.account.map(str::to_owned);
            after.reported_role = hand.role.map(str::to_owned);
        }
        (after.reported, after.reason) = (content, reason.filter(|_| self.approved.is_some()));
        let changes = is_new || after.reason != self.reason || submits != (self.state == State::Submitted);
        let account = hand.account.filter(|_| changes);
        let account = account.filter(|account| !after.hands.iter().any(|known| known == account));
        after.hands.extend(account.map(str::to_owned));
        if submits {
            if is_new || self.state != State::Submitted {
                after.submitted_at = Some(hand.at);
            }
            after.first_submitted_at = after.first_submitted_at.or(Some(hand.at));
            after.state = State::Submitted;
        } else {
            after.state = State::Draft;
        }
        Ok(after)
    }

    /// The measurement after a review, and what it has replaced.
    ///
    /// # Errors
    /// Why it can't be reviewed so.
    pub fn review(
        &self,
        (verdict, note): (Verdict, Option<String>),
        hand: Hand<'_>,
    ) -> Result<(Self, Option<Revision>), Violations> {
        let mut reasons = Violations::default();
        if self.state != State::Submitted {
            let detail = format!("The report is {}; what is submitted is reviewed.", self.state.as_str());
            reasons.add("", "not_submitted", detail);
        }
        if hand.account.is_some_and(|account| self.hands.iter().any(|known| known == account)) {
            reasons.add("", "own_report", "Nobody reviews what they have had a hand in themselves.");
        }
        reasons.done()?;
        let mut after = self.clone();
        after.review = Review { at: Some(hand.at), role: hand.role.map(str::to_owned), note };
        if verdict == Verdict::Return {
            after.state = State::Returned;
            return Ok((after, None));
        }
        after.state = State::Approved;
        let former = after.approved.replace(Approved { content: self.reported.clone(), at: hand.at });
        let revision = former.filter(|former| former.content != self.reported).map(|former| Revision {
            number: self.revision + 1,
            former,
            replaced_at: hand.at,
            role: self.reported_role.clone(),
            reason: self.reason.clone().unwrap_or_default(),
        });
        after.revision += i64::from(revision.is_some());
        after.reason = None;
        after.hands.clear();
        Ok((after, revision))
    }
}

/// What measurements can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum MeasurementSortKey {
    /// When it was first stored.
    CreatedAt,
}

codes!(MeasurementSortKey { CreatedAt => "created_at" });

/// Whose reports somebody sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Readable {
    /// Nobody's.
    None,
    /// Everybody's.
    All,
    /// Those of the member with an id.
    Of(String),
    /// Those of the members that have been assigned to the account with an id.
    Assigned(String),
}

/// Which measurements a list has. Empty lists of values do not filter.
#[derive(Debug, Clone, Serialize)]
pub struct MeasurementFilters {
    /// Slugs or ids of indicators, any of which.
    pub indicators: Vec<Address<Slug>>,
    /// Slugs of members, any of which.
    pub members: Vec<Address<Slug>>,
    /// Codes of periods, any of which.
    pub periods: Vec<String>,
    /// States of reports, any of which: then what is not approved is wanted, too.
    pub states: Vec<State>,
    /// Whose reports the caller sees.
    pub readable: Readable,
    /// Changed since this moment, inclusive.
    pub updated_since: Option<DateTime<Utc>>,
    /// The order.
    pub order: Order<MeasurementSortKey>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;
    use proptest::prelude::*;

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(State::ALL, State::as_str);
    }

    fn content(value: i64) -> Content {
        Content { value: Decimal::from_whole(value).unwrap(), report: Report::default(), definition_version: 1 }
    }

    fn hand(account: &str) -> Hand<'_> {
        Hand { account: Some(account), role: Some("focal_point"), at: DateTime::UNIX_EPOCH }
    }

    fn draft() -> Measurement {
        Measurement {
            id: new_id(),
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            report_version: 1,
            report_changed_at: DateTime::UNIX_EPOCH,
            indicator_id: new_id(),
            indicator: "x".parse().unwrap(),
            member: None,
            period: "2025-Q1".parse().unwrap(),
            state: State::Draft,
            reported: content(0),
            reason: None,
            reported_by: Some("a".to_owned()),
            hands: vec!["a".to_owned()],
            reported_role: None,
            submitted_at: None,
            first_submitted_at: None,
            review: Review::default(),
            approved: None,
            revision: 0,
            of_public: true,
        }
    }

    proptest! {
        /// Whatever is done in whatever order: what everybody sees was submitted by somebody and approved by somebody else,
        /// and every value that was ever seen is the one of now or stands in the revisions, in order.
        #[test]
        fn what_is_public_was_approved_by_somebody_else_and_nothing_seen_is_lost(
            steps in proptest::collection::vec((0usize..4, 0i64..4, 0usize..3, any::<bool>()), 1..30),
        ) {
            let accounts = ["a", "b", "c"];
            let (mut now, mut seen, mut revisions) = (draft(), Vec::new(), Vec::new());
            let mut touched = vec!["a"];
            for (step, value, who, with_reason) in steps {
                let who = hand(accounts[who]);
                let reason = with_reason.then(|| "x".to_owned());
                let before = now.clone();
                match step {
                    0 | 1 => if let Ok(after) = now.report(content(value), (step == 1, reason), who) {
                        now = after;
                        if now.reported != before.reported || now.state == State::Submitted && before.state != State::Submitted {
                            touched.extend(who.account);
                        }
                    },
                    _ => {
                        let verdict = if step == 2 { Verdict::Approve } else { Verdict::Return };
                        if let Ok((after, revision)) = now.review((verdict, Some("x".to_owned())), who) {
                            prop_assert_eq!(before.state, State::Submitted);
                            prop_assert!(!touched.iter().any(|account| who.account == Some(*account)), "{:?} by {:?}", touched, who);
                            if verdict == Verdict::Approve {
                                if seen.last() != Some(&after.reported) { seen.push(after.reported.clone()); }
                                prop_assert_eq!(after.approved.as_ref().map(|approved| &approved.content), Some(&before.reported));
                            }
                            revisions.extend(revision);
                            now = after;
                        }
                    }
                }
                if now.state == State::Approved {
                    touched.clear();
                } else {
                    // Until it is approved, a report changes nothing that everybody sees.
                    prop_assert_eq!(&now.approved, &before.approved);
                }
            }
            let shown = revisions.iter().map(|revision| revision.former.content.clone());
            let shown: Vec<Content> = shown.chain(now.approved.iter().map(|approved| approved.content.clone())).collect();
            prop_assert_eq!(shown, seen);
            prop_assert!(revisions.iter().zip(1..).all(|(revision, number)| revision.number == number && !revision.reason.is_empty()));
            prop_assert_eq!(usize::try_from(now.revision).unwrap(), revisions.len());
        }
    }

    #[test]
    fn a_report_is_in_time_until_its_last_day_is_over_in_morocco() {
        let reported = |at: &str| Measurement { first_submitted_at: Some(at.parse().unwrap()), ..draft() };
        assert_eq!(draft().is_in_time(), None);
        assert_eq!(draft().period.due_on().to_string(), "2025-05-15");
        assert_eq!(reported("2025-05-15T22:59:59Z").is_in_time(), Some(true));
        assert_eq!(reported("2025-05-15T23:00:00Z").is_in_time(), Some(false));
    }

    #[test]
    fn a_correction_says_why_and_an_approval_of_one_s_own_is_refused() {
        let submitted = draft().report(content(1), (true, None), hand("a")).unwrap();
        let refused = submitted.review((Verdict::Approve, None), hand("a")).unwrap_err();
        assert!(refused.has(""));
        let (approved, _) = submitted.review((Verdict::Approve, None), hand("b")).unwrap();
        assert_eq!(approved.report(content(2), (true, None), hand("a")).unwrap_err().code, "reason_missing");
        assert_eq!(approved.report(content(1), (true, None), hand("a")).unwrap().state, State::Approved);
        // Taking a correction back is none, and moves nothing that everybody sees.
        let corrected = approved.report(content(2), (true, Some("x".to_owned())), hand("a")).unwrap();
        let back = corrected.report(content(1), (false, None), hand("c")).unwrap();
        assert_eq!((back.state, &back.approved, back.revision), (State::Approved, &approved.approved, 0));
    }
}
