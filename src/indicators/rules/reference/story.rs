//! What becomes of the reports of an invented indicator: most are approved, and each state occurs.

use chrono::{DateTime, Days, TimeDelta, Utc};
use serde::Deserialize;

use super::{
    super::{Content, Definition, Hand, Indicator, Measurement, Period, Report, Revision, Scope, Verdict, content},
    World,
    course::Course,
};
use crate::kernel::{clock::day_start, violation::Violations};

/// What becomes of the reports of an indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Story {
    /// All are approved.
    Steady,
    /// All are approved, and every other one came too late.
    Late,
    /// The last one is not finished.
    Drafted,
    /// The last one waits for its review.
    Submitted,
    /// The last one was returned.
    Returned,
    /// The one before the last was corrected.
    Corrected,
    /// It was corrected twice.
    CorrectedTwice,
    /// A correction of the last one waits for its review.
    Correcting,
    /// A correction of the last one was returned.
    CorrectionReturned,
    /// The last two are missing.
    Silent,
    /// There is none.
    Untold,
    /// All are approved, and there is nowhere that it is to come.
    Unaimed,
    /// All are approved, and the indicator is not published.
    Hidden,
}

/// What becomes of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Draft,
    Submitted,
    Returned,
    /// Approved, after so many corrections.
    Approved(u8),
    /// Approved, while a correction is submitted.
    Correcting,
    /// Approved, while a correction is returned.
    CorrectionReturned,
}

impl Story {
    /// What becomes of the report that `left` are left of, itself included: the last one has 1.
    fn fate(self, left: usize) -> Option<Fate> {
        match (self, left) {
            (Self::Untold, _) | (Self::Silent, ..=2) => None,
            (Self::Drafted, 1) => Some(Fate::Draft),
            (Self::Submitted, 1) => Some(Fate::Submitted),
            (Self::Returned, 1) => Some(Fate::Returned),
            (Self::Corrected, 2) => Some(Fate::Approved(1)),
            (Self::CorrectedTwice, 2) => Some(Fate::Approved(2)),
            (Self::Correcting, 1) => Some(Fate::Correcting),
            (Self::CorrectionReturned, 1) => Some(Fate::CorrectionReturned),
            _ => Some(Fate::Approved(0)),
        }
    }
}

/// The role in which figures of members are reported, and those in which they are reviewed.
const REPORTER: &str = "focal_point";
const REVIEWERS: [&str; 2] = ["evaluator", "secretariat"];
/// The role that reports and, in another person, reviews figures of the network.
const SECRETARIAT: &str = "secretariat";

impl World<'_> {
    /// What is reported for a period, the `at`th, with `left` of them left; `None` where nothing is, or the rules refuse it.
    pub(super) fn reports(
        &self,
        of: &Indicator,
        (period, at, left): (Period, usize, usize),
        (course, story): (&Course<'_>, Story),
        measured: (&Definition, i64),
    ) -> Option<(Measurement, Vec<Revision>)> {
        let fate = story.fate(left)?;
        let corrections = match fate {
            Fate::Approved(corrections) => corrections,
            Fate::Correcting | Fate::CorrectionReturned => 1,
            Fate::Draft | Fate::Submitted | Fate::Returned => 0,
        };
        let amount = course.amount(period, (at, left));
        let write = |by: u8| self.content((course, course.mistaken(amount, by.into())), (at, by == 0), measured);
        let desk =
            Desk { world: self, of, period, is_late: story == Story::Late && at % 2 == 1, number: at + course.number };
        let (mut found, mut revisions) = (desk.reported(write(corrections)?, fate != Fate::Draft)?, Vec::new());
        match fate {
            Fate::Draft | Fate::Submitted => return Some((found, revisions)),
            Fate::Returned => return Some((desk.returned(&found, 10)?, revisions)),
            _ => found = desk.approved(&found, 10)?.0,
        }
        for by in (0..corrections).rev() {
            let days = 20 * u64::from(corrections - by);
            found = desk.corrected(&found, write(by)?, days)?;
            match fate {
                Fate::Correcting => {}
                Fate::CorrectionReturned => found = desk.returned(&found, days + 10)?,
                _ => {
                    let (after, revision) = desk.approved(&found, days + 10)?;
                    found = after;
                    revisions.extend(revision);
                }
            }
        }
        Some((found, revisions))
    }

    /// What is reported of an amount; what nobody has to correct may have a note.
    fn content(
        &self,
        (course, amount): (&Course<'_>, i64),
        (at, is_final): (usize, bool),
        (definition, version): (&Definition, i64),
    ) -> Option<Content> {
        let (figures, texts, number) = (course.figures(amount), self.texts, at + course.number);
        let evidence = texts.evidence.get(number % 3);
        let report = Report {
            numerator: figures.numerator,
            denominator: figures.denominator,
            disaggregation: course.parts(amount, &definition.dimensions),
            note: texts.notes.get(number % 5).filter(|_| is_final).cloned(),
            evidence: evidence.into_iter().cloned().collect(),
        };
        let mut violations = Violations::default();
        let content = content((&figures, report), (definition, version), self.catalogue, &mut violations)?;
        violations.done().ok().map(|()| content)
    }
}

/// Where one report is written and reviewed.
struct Desk<'a> {
    world: &'a World<'a>,
    of: &'a Indicator,
    period: Period,
    /// Whether the report comes when it should have been there.
    is_late: bool,
    /// A number, so that not all have the same texts.
    number: usize,
}

impl Desk<'_> {
    /// A report that is begun and, unless it is a draft, submitted.
    fn reported(&self, content: Content, submits: bool) -> Option<Measurement> {
        let hand = self.reporter(0);
        let begun = Measurement::begun(self.of, (self.period, content.clone()), hand);
        let found = begun.report(content, (submits, None), hand).ok()?;
        // It is first stored when it is loaded.
        Some(Measurement { created_at: self.world.now, updated_at: self.world.now, ..found })
    }

    /// A report with a correction, so many days after the first report.
    fn corrected(&self, found: &Measurement, content: Content, days: u64) -> Option<Measurement> {
        let reason = self.text(&self.world.texts.reasons)?;
        found.report(content, (true, Some(reason)), self.reporter(days)).ok()
    }

    fn returned(&self, found: &Measurement, days: u64) -> Option<Measurement> {
        let note = self.text(&self.world.texts.review_notes)?;
        Some(found.review((Verdict::Return, Some(note)), self.reviewer(days)).ok()?.0)
    }

    fn approved(&self, found: &Measurement, days: u64) -> Option<(Measurement, Option<Revision>)> {
        found.review((Verdict::Approve, None), self.reviewer(days)).ok()
    }

    fn text(&self, texts: &[String]) -> Option<String> {
        texts.get(self.number % texts.len().max(1)).cloned()
    }

    fn reporter(&self, days: u64) -> Hand<'_> {
        let role = if self.of.place.scope == Scope::Network { SECRETARIAT } else { REPORTER };
        Hand { account: None, role: Some(role), at: self.moment(days) }
    }

    fn reviewer(&self, days: u64) -> Hand<'_> {
        let role = REVIEWERS.get(self.number % REVIEWERS.len()).filter(|_| self.of.place.scope != Scope::Network);
        Hand { account: None, role: Some(role.copied().unwrap_or(SECRETARIAT)), at: self.moment(days) }
    }

    /// So many days after the first report, but not in the future.
    fn moment(&self, days: u64) -> DateTime<Utc> {
        let first =
            if self.is_late { self.period.due_on() + Days::new(5) } else { self.period.last_day() + Days::new(15) };
        let at = day_start(first + Days::new(days)) + TimeDelta::hours(11);
        at.min(self.world.now)
    }
}
