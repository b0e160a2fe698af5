//! What is measured, for which periods, and what follows from it. Pure.

mod catalogue;
mod chart;
mod disaggregation;
mod indicator;
mod measure;
mod measurement;
mod period;
mod progress;
mod reference;
mod register;
mod reporting;

pub use self::{
    catalogue::{Catalogue, Entry, REFERENCE, Scope, Unit, reference},
    chart::{Chart, NARROWEST, Point, ValueAxis, WIDEST, svg},
    disaggregation::{Dimension, Disaggregation, MOST_DIMENSIONS, MOST_PARTS},
    indicator::{Address, Definition, Facts, Filters, Indicator, Keeper, Place, SortKey},
    measure::{Direction, Figures, Kind, Measure},
    measurement::{
        Approved, Content, Hand, Measurement, MeasurementFilters, MeasurementSortKey, Readable, Report, Review,
        Revision, State, Verdict, content,
    },
    period::{Frequency, Period},
    progress::{Basis, Dated, OwnBasis, RULE, Reported, Standing, Status},
    reference::{Ground, SeedIndicator, parse_texts},
    register::{COLUMNS, Line, NOTE_CHARS, cells},
    reporting::{PeriodState, ReportingPeriod, check_period},
};
