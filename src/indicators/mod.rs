//! Indicators: what the network, a programme, a project or a commitment of the charter is measured by, and how far it has
//! come. Figures are reported for periods and reviewed by others; whatever can be derived from them is computed and never
//! typed.

pub mod rules;

pub use self::rules::{
    Catalogue, Dimension, Direction, Entry, Frequency, Kind, Measure, Scope, Unit, reference,
};

/// The embedded units and the network's catalogue of indicators.
pub const REFERENCE: &[&str] =
    &[include_str!("../../data/indicators/units.json"), include_str!("../../data/indicators/catalogue.json")];
