//! Whether anything is reported for a period: it must be over, and of the indicator's frequency, and one that is locked takes
//! nothing any more. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{indicator::Definition, period::Period};
use crate::kernel::{codes::codes, violation::Violation};

/// Whether a period takes reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportingPeriodState)]
pub enum PeriodState {
    /// It does.
    Open,
    /// Its figures are settled: nothing is reported, corrected or reviewed any more.
    Locked,
}

codes!(PeriodState { Open => "open", Locked => "locked" });

/// A period with whether it takes reports.
#[derive(Debug, Clone)]
pub struct ReportingPeriod {
    /// The period.
    pub period: Period,
    /// Counts its changes, from 1: as every period begins.
    pub version: i64,
    /// When that last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Whether it takes reports.
    pub state: PeriodState,
    /// Why.
    pub reason: Option<String>,
}

impl ReportingPeriod {
    /// One that was never touched.
    #[must_use]
    pub const fn untouched(period: Period) -> Self {
        Self { period, version: 1, updated_at: None, state: PeriodState::Open, reason: None }
    }

    /// Refuses what would change its figures.
    ///
    /// # Errors
    /// That it is locked, and why.
    pub fn check_open(&self) -> Result<(), Violation> {
        if self.state == PeriodState::Open {
            return Ok(());
        }
        let why = self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Err(Violation::new("/period", "period_locked", format!("The period {} is locked{why}.", self.period)))
    }
}

/// Why nothing is reported for a period, if so.
///
/// # Errors
/// A period that is not the definition's, or has not begun.
pub fn check_period(period: Period, definition: &Definition, today: NaiveDate) -> Result<(), Violation> {
    if period.frequency() != definition.frequency {
        let detail =
            format!("The indicator is reported {}: {period} is no such period.", definition.frequency.as_str());
        return Err(Violation::new("/period", "wrong_frequency", detail));
    }
    if period.last_day() >= today {
        let detail = format!("{period} is not over: it ends on {}.", period.last_day());
        return Err(Violation::new("/period", "not_over", detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Direction, Frequency, Kind},
        *,
    };
    use crate::kernel::{codes::assert_codes, language::LanguageMap};

    #[test]
    fn json_and_databases_spell_the_states_alike() {
        assert_codes(PeriodState::ALL, PeriodState::as_str);
    }

    #[test]
    fn periods_are_reported_when_they_are_over() {
        let definition = |frequency| Definition {
            title: LanguageMap::default(),
            measures: LanguageMap::default(),
            computation: LanguageMap::default(),
            unit: String::new(),
            kind: Kind::Number,
            levels: Vec::new(),
            direction: Direction::Up,
            frequency,
            dimensions: Vec::new(),
            source: None,
            responsible_unit: None,
        };
        let quarterly = definition(Frequency::Quarterly);
        let check = |period: &str, today: &str| {
            check_period(period.parse().unwrap(), &quarterly, today.parse().unwrap()).err().map(|why| why.code)
        };
        assert_eq!(check("2025-Q1", "2025-04-01"), None);
        assert_eq!(check("2025-Q1", "2025-03-31"), Some("not_over"));
        assert_eq!(check("2025", "2026-04-01"), Some("wrong_frequency"));
    }
}
