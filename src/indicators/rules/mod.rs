//! What is measured, for which periods, and what follows from it. Pure.

mod catalogue;
mod chart;
mod disaggregation;
mod measure;
mod period;
mod progress;

pub use self::{
    catalogue::{Catalogue, Entry, Scope, Unit, parse_reference, reference},
    chart::{Chart, NARROWEST, Point, ValueAxis, WIDEST, svg},
    disaggregation::{
        Category, Dimension, Disaggregation, MOST_CATEGORIES, MOST_DIMENSIONS, check_dimensions, check_parts, is_code,
    },
    measure::{Direction, Figures, Kind, Measure},
    period::{Frequency, Period, PeriodError},
    progress::{Basis, Dated, Progress, RULE, Reported, Standing, Status},
};
