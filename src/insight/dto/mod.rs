//! Alerts, scorecards and the network's indicators as the API shows them.

mod alerts;
mod indicators;
mod scorecard;

pub use self::{
    alerts::{AlertOut, AlertPageOut, MemberAlertQuery, NetworkAlertQuery},
    indicators::{
        Figures, NetworkIndicatorFiguresOut, NetworkIndicatorOut, NetworkIndicatorPageOut, NetworkIndicatorQuery,
        NetworkIndicatorsQuery,
    },
    scorecard::{Computed, NetworkScorecardOut, NetworkScorecardQuery, ScorecardOut, ScorecardQuery},
};
