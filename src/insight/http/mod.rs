//! The operations on alerts, scorecards and the network's indicators.

mod alerts;
mod indicators;
mod scorecard;

pub use self::{
    alerts::{list_member_alerts, list_network_alerts},
    indicators::{get_network_indicator, list_network_indicators},
    scorecard::{get_member_scorecard, get_network_scorecard},
};
