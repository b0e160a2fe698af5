//! The operations on alerts and scorecards.

mod alerts;
mod scorecard;

pub use self::{
    alerts::{list_member_alerts, list_network_alerts},
    scorecard::{get_member_scorecard, get_network_scorecard},
};
