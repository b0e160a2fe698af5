//! What alerts and scorecards are made from.

mod alerts;
mod scorecard;

pub use self::{
    alerts::{Alerts, alerts},
    scorecard::{facts, heard, members_on, spoken},
};
