//! The one place that asks the machine for the time, so that everything else receives it as a value.

use chrono::{DateTime, SubsecRound as _, Utc};

/// The present moment in UTC, in whole microseconds: the finest step that both databases keep.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
