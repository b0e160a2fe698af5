//! Reporting periods as the API shows and takes them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::super::rules::{Frequency, Period, PeriodState, ReportingPeriod};
use crate::{
    kernel::{
        clock::optional_rfc3339,
        patch::{Patch, replaced},
        text,
        violation::{Violations, long_line},
    },
    web::{
        page::PageOut,
        params::{One, query},
    },
};

query! {
    /// The parameters of the list of reporting periods.
    pub struct ReportingPeriodQuery {
        /// Of this frequency: `monthly`, `quarterly` (default), `half_yearly`, `yearly`.
        #[example = "quarterly"]
        pub frequency: One<Frequency>,
    }
}

/// A period that figures are reported for.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportingPeriodOut {
    /// Its code.
    pub code: Period,
    /// Counts the changes of its state, from 1.
    #[schema(example = 1, minimum = 1)]
    pub version: i64,
    /// When its state last changed; null where it never did.
    #[schema(example = json!(null))]
    #[serde(serialize_with = "optional_rfc3339")]
    pub updated_at: Option<DateTime<Utc>>,
    /// How long it is.
    pub frequency: Frequency,
    /// Its first day.
    #[schema(example = "2025-01-01")]
    pub from: NaiveDate,
    /// Its last day.
    #[schema(example = "2025-03-31")]
    pub until: NaiveDate,
    /// The last day on which its figures are reported in time.
    #[schema(example = "2025-05-15")]
    pub due_on: NaiveDate,
    /// Whether it takes reports.
    pub state: PeriodState,
    /// Why.
    #[schema(example = json!(null))]
    pub reason: Option<String>,
    /// Where to go from here.
    pub links: ReportingPeriodLinksOut,
}

/// Links of a reporting period.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportingPeriodLinksOut {
    /// This period.
    #[schema(example = "/api/v1/reporting-periods/2025-Q1")]
    #[serde(rename = "self")]
    pub this: String,
}

impl From<ReportingPeriod> for ReportingPeriodOut {
    fn from(found: ReportingPeriod) -> Self {
        let ReportingPeriod { period, version, updated_at, state, reason } = found;
        Self {
            code: period,
            version,
            updated_at,
            frequency: period.frequency(),
            from: period.first_day(),
            until: period.last_day(),
            due_on: period.due_on(),
            state,
            reason,
            links: ReportingPeriodLinksOut { this: format!("/api/v1/reporting-periods/{period}") },
        }
    }
}

/// The periods of a frequency.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportingPeriodPageOut {
    /// The periods since the network's first programmes, the latest first.
    pub data: Vec<ReportingPeriodOut>,
    /// Where this page stands: it is all of them.
    pub page: PageOut,
}

/// Changes of whether a period takes reports (RFC 7396).
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReportingPeriodPatch {
    /// `locked` settles its figures, `open` takes reports again.
    #[serde(default, deserialize_with = "replaced")]
    #[schema(value_type = PeriodState, nullable = false)]
    pub state: Patch<PeriodState>,
    /// Why, in a line of at most 500 characters. Another state without a reason has none.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "The annual report is out", max_length = 500)]
    pub reason: Patch<String>,
}

impl ReportingPeriodPatch {
    /// What a period would be.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn onto(self, before: &ReportingPeriod) -> Result<(PeriodState, Option<String>), Violations> {
        #[derive(Validate)]
        struct Line {
            #[validate(custom(function = "long_line"))]
            reason: Option<String>,
        }
        let state = self.state.onto(None).unwrap_or(before.state);
        // Why it was locked is not why it is open.
        let reason = before.reason.clone().filter(|_| state == before.state);
        let line = Line { reason: self.reason.onto(reason) };
        let mut violations = Violations::default();
        violations.add_fields(line.validate());
        violations.done()?;
        Ok((state, line.reason.as_deref().map(text::normal)))
    }
}
