//! A member's standing over time. A date that is known only to the month or the year is read as its first day, here
//! and in every comparison: one rule for lists, counts and the order of the history.

use chrono::NaiveDate;

use super::Status;
use crate::kernel::date::PartialDate;

/// A change of standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The standing from then on.
    pub status: Status,
    /// Since when; it may be unknown for the first entry.
    pub since: Option<PartialDate>,
    /// Why, where that is recorded.
    pub reason: Option<String>,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What a change of standing rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The reference of a decision or document.
    pub reference: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
}

/// A span of time with one standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// The entry that it begins with.
    pub entry: Entry,
    /// The first day on which it was over; `None` while it lasts.
    pub until: Option<NaiveDate>,
}

/// Why entries make no history; a complete predicate for a sentence about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// No entry at all.
    #[error("has no entry")]
    Empty,
    /// It begins with a standing that needs another one before it.
    #[error("begins neither as candidate nor as active")]
    Beginning,
    /// A standing follows one that it can't follow.
    #[error("goes from {} to {}, which no member does", .0.as_str(), .1.as_str())]
    Transition(Status, Status),
    /// An entry after the first has no date.
    #[error("has an entry after the first without a date")]
    Undated,
    /// An entry is dated before the one before it.
    #[error("is not in the order of its dates")]
    Order,
    /// A date of joining for who never did.
    #[error("knows of no joining")]
    NeverJoined,
}

/// The whole history of a member's standing: never empty, in the order of its dates, each step one that a member
/// can take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History(Vec<Entry>);

impl History {
    /// Checks entries, the oldest first.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn new(entries: Vec<Entry>) -> Result<Self, HistoryError> {
        let first = entries.first().ok_or(HistoryError::Empty)?;
        if !matches!(first.status, Status::Candidate | Status::Active) {
            return Err(HistoryError::Beginning);
        }
        for (before, after) in entries.iter().zip(entries.iter().skip(1)) {
            if !before.status.may_become(after.status) {
                return Err(HistoryError::Transition(before.status, after.status));
            }
            let since = after.since.ok_or(HistoryError::Undated)?;
            if before.since.is_some_and(|before| before.first_day() > since.first_day()) {
                return Err(HistoryError::Order);
            }
        }
        Ok(Self(entries))
    }

    /// The standing now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.last().map_or(Status::Candidate, |entry| entry.status)
    }

    /// The history without its last entry, if that is one of those to be taken back and another one is before it.
    #[must_use]
    pub fn without_last(mut self, is_taken_back: impl FnOnce(&Entry) -> bool) -> Option<Self> {
        if self.0.len() < 2 || !self.0.last().is_some_and(is_taken_back) {
            return None;
        }
        self.0.pop();
        Some(self)
    }

    /// Since when it has that standing.
    #[must_use]
    pub fn since(&self) -> Option<PartialDate> {
        self.0.last()?.since
    }

    /// When the member first became one; `None` for who never did and for an unknown date.
    #[must_use]
    pub fn joined_on(&self) -> Option<PartialDate> {
        self.0.iter().find(|entry| entry.status == Status::Active)?.since
    }

    /// When the member ceased to be one; `None` for who still is and for who only was a candidate.
    #[must_use]
    pub fn left_on(&self) -> Option<PartialDate> {
        let was_member = self.0.iter().any(|entry| entry.status.is_member());
        self.0.last().filter(|entry| entry.status == Status::Withdrawn && was_member)?.since
    }

    /// The entries, the oldest first.
    #[must_use]
    pub fn into_entries(self) -> Vec<Entry> {
        self.0
    }

    /// The same history with another date of joining, for what was known wrongly or not at all.
    ///
    /// # Errors
    /// The first rule that it breaks then.
    pub fn redated(mut self, joined_on: Option<PartialDate>) -> Result<Self, HistoryError> {
        let joining = self.0.iter_mut().find(|entry| entry.status == Status::Active);
        joining.ok_or(HistoryError::NeverJoined)?.since = joined_on;
        Self::new(self.0)
    }

    /// The history as spans of time, the oldest first.
    #[must_use]
    pub fn periods(&self) -> Vec<Period> {
        let ends = self.0.iter().skip(1).map(|next| next.since.map(PartialDate::first_day)).chain([None]);
        self.0.iter().cloned().zip(ends).map(|(entry, until)| Period { entry, until }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(status: Status, since: &str) -> Entry {
        Entry {
            status,
            since: (!since.is_empty()).then(|| since.parse().unwrap()),
            reason: None,
            evidence: Evidence::default(),
        }
    }

    fn history(entries: &[(Status, &str)]) -> Result<History, HistoryError> {
        History::new(entries.iter().map(|(status, since)| entry(*status, since)).collect())
    }

    use Status::{Active, Candidate, Suspended, Withdrawn};

    #[test]
    fn dates_and_standing_follow_from_the_entries() {
        let whole =
            history(&[(Candidate, "2022-06"), (Active, "2022-10-21"), (Suspended, "2024"), (Withdrawn, "2025-03")]);
        let whole = whole.unwrap();
        assert_eq!(whole.status(), Withdrawn);
        assert_eq!(whole.joined_on().unwrap().to_string(), "2022-10-21");
        assert_eq!(whole.left_on().unwrap().to_string(), "2025-03");
        let ends: Vec<_> = whole.periods().into_iter().map(|period| period.until.map(|day| day.to_string())).collect();
        let expected = [Some("2022-10-21"), Some("2024-01-01"), Some("2025-03-01"), None];
        assert_eq!(ends, expected.map(|day| day.map(str::to_owned)));
    }

    #[test]
    fn a_candidate_who_withdraws_never_left_the_network() {
        let never = history(&[(Candidate, ""), (Withdrawn, "2023")]).unwrap();
        assert_eq!((never.joined_on(), never.left_on()), (None, None));
    }

    #[test]
    fn what_is_no_history_is_refused() {
        assert_eq!(history(&[]), Err(HistoryError::Empty));
        assert_eq!(history(&[(Suspended, "2023")]), Err(HistoryError::Beginning));
        assert_eq!(history(&[(Active, "2023"), (Active, "2024")]), Err(HistoryError::Transition(Active, Active)));
        assert_eq!(history(&[(Active, "2023"), (Withdrawn, "")]), Err(HistoryError::Undated));
        assert_eq!(history(&[(Active, "2023"), (Withdrawn, "2022")]), Err(HistoryError::Order));
    }

    #[test]
    fn a_date_of_joining_can_be_corrected_as_long_as_the_order_stays() {
        let whole = || history(&[(Active, ""), (Withdrawn, "2025-03")]).unwrap();
        assert_eq!(whole().redated("2024".parse().ok()).unwrap().joined_on(), "2024".parse().ok());
        assert_eq!(whole().redated("2025-04".parse().ok()), Err(HistoryError::Order));
        let never = history(&[(Candidate, "2022"), (Withdrawn, "2023")]).unwrap();
        assert_eq!(never.redated("2022".parse().ok()), Err(HistoryError::NeverJoined));
        let second = history(&[(Candidate, "2022"), (Active, "2023")]).unwrap();
        assert_eq!(second.redated(None), Err(HistoryError::Undated));
    }

    proptest! {
        #[test]
        fn the_periods_of_a_history_follow_each_other_without_gap(
            steps in proptest::collection::vec((0usize..4, 0u32..4_000), 1..8),
        ) {
            let day = |days: u32| NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Days::new(days.into());
            let entries: Vec<Entry> = steps
                .iter()
                .map(|(status, days)| entry(Status::ALL[*status], &day(*days).to_string()))
                .collect();
            let Ok(history) = History::new(entries) else { return Ok(()) };
            let periods = history.periods();
            for (period, next) in periods.iter().zip(&periods[1..]) {
                prop_assert_eq!(period.until, next.entry.since.map(PartialDate::first_day));
                prop_assert!(period.until >= period.entry.since.map(PartialDate::first_day));
            }
            prop_assert_eq!(periods.last().unwrap().until, None);
            prop_assert_eq!(periods.last().unwrap().entry.status, history.status());
            if let (Some(joined), Some(left)) = (history.joined_on(), history.left_on()) {
                prop_assert!(joined.first_day() <= left.first_day());
            }
        }
    }
}
