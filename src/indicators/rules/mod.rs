//! What is measured, for which periods, and what follows from it. Pure.

mod catalogue;
mod chart;
mod disaggregation;
mod indicator;
mod measure;
mod measurement;
mod period;
mod progress;

pub use self::{
    catalogue::{Catalogue, Entry, Scope, Unit, parse_reference, reference},
    chart::{Chart, NARROWEST, Point, ValueAxis, WIDEST, svg},
    disaggregation::{
        Category, Dimension, Disaggregation, MOST_CATEGORIES, MOST_DIMENSIONS, check_dimensions, check_parts, is_code,
    },
    indicator::{Definition, Facts, Filters, Indicator, Keeper, Place, SortKey},
    measure::{Direction, Figures, Kind, Measure},
    measurement::{
        Approved, Content, Evidence, Hand, Measurement, MeasurementFilters, MeasurementSortKey, PeriodState, Report,
        ReportingPeriod, Review, Revision, State, Verdict, check_period, content,
    },
    period::{Frequency, Period, PeriodError},
    progress::{Basis, Dated, Progress, RULE, Reported, Standing, Status},
};
