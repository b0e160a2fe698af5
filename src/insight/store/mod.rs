//! What alerts, scorecards and the network's indicators are made from.

mod alerts;
mod indicators;
mod scorecard;

pub use self::{
    alerts::{Alerts, alerts},
    indicators::known,
    scorecard::{Selection, facts, members_on, spoken, standings},
};
