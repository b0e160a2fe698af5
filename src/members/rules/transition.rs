//! How a member's standing changes: which step it can take, what stands in the way of each, and what a step must bring.
//! A candidate becomes a member, and who has left one again, only after adhering to the charter; who suspends or ends a
//! membership says why.

use chrono::NaiveDate;

use super::{Entry, Evidence, History, HistoryError, Member, Status};
use crate::kernel::{
    date::PartialDate,
    violation::{Violation, Violations},
};

/// A step to another standing.
#[derive(Debug, Clone)]
pub struct Step {
    /// The standing from then on.
    pub to: Status,
    /// Since when.
    pub on: PartialDate,
    /// Why.
    pub reason: Option<String>,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What stands in the way of a standing, whoever asks for it and on whichever day; nothing when the member can take it.
#[must_use]
pub fn obstacles(member: &Member, to: Status) -> Vec<Violation> {
    let mut found = Vec::new();
    if !member.status.may_become(to) {
        let (from, to) = (member.status.as_str(), to.as_str());
        found.push(Violation::new("/to", "not_from_here", format!("A member that is {from} does not become {to}.")));
    }
    if to == Status::Active && member.status != Status::Suspended && member.adhesions.is_empty() {
        let detail = "The member has not adhered to the charter: POST …/adhesion notes it.";
        found.push(Violation::new("/to", "adhesion_missing", detail));
    }
    found
}

impl Step {
    /// What the step itself lacks.
    #[must_use]
    pub fn faults(&self, today: NaiveDate) -> Violations {
        let mut faults = Violations::default();
        if matches!(self.to, Status::Suspended | Status::Withdrawn) && self.reason.is_none() {
            let detail = "Who suspends or ends a membership says why: reason is missing.";
            faults.add("/reason", "reason_missing", detail);
        }
        if self.on.first_day() > today {
            faults.add("/on", "in_the_future", "on lies in the future; a change is noted when it has happened.");
        }
        faults
    }

    /// The member and its history after the step.
    ///
    /// # Errors
    /// Everything that stands in the way.
    pub fn take(self, member: &Member, history: History) -> Result<(Member, History), Violations> {
        let mut reasons = Violations::default();
        for obstacle in obstacles(member, self.to) {
            reasons.add(obstacle.pointer, obstacle.code, obstacle.detail);
        }
        let adhered_on = member.adhesions.iter().map(|adhesion| adhesion.adhered_on.first_day()).min();
        let needs_adhesion = self.to == Status::Active && member.status != Status::Suspended;
        if let Some(adhered_on) = adhered_on.filter(|day| needs_adhesion && *day > self.on.first_day()) {
            let detail = format!("The member adhered to the charter on {adhered_on} only.");
            reasons.add("/on", "before_adhesion", detail);
        }
        let mut entries = history.into_entries();
        let last = entries.last().and_then(|entry| entry.since);
        if let Some(last) = last.filter(|last| last.first_day() > self.on.first_day()) {
            reasons.add("/on", "before_last_change", format!("The standing last changed on {last}."));
        }
        reasons.done()?;
        entries.push(Entry { status: self.to, since: Some(self.on), reason: self.reason, evidence: self.evidence });
        let history = History::new(entries)
            .map_err(|why: HistoryError| Violation::new("", "no_history", format!("The history then {why}.")))?;
        Ok((member.clone().standing(&history), history))
    }
}
