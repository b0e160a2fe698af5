//! Alerts and scorecards as the API shows them.

mod alerts;
mod scorecard;

pub use self::{
    alerts::{AlertOut, AlertPageOut, MemberAlertQuery, NetworkAlertQuery},
    scorecard::{Computed, NetworkScorecardOut, NetworkScorecardQuery, ScorecardOut, ScorecardQuery},
};
