//! Indicators: what the network, a programme, a project or a commitment of the charter is measured by, and how far it has
//! come. Figures are reported for periods and reviewed by others; whatever can be derived from them is computed and never
//! typed.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    action_programs,
    db::{StoreError, Tx},
    publishing::published,
};

pub use self::{
    dto::{IndicatorOut, MeasurementOut},
    rules::{
        Catalogue, Dimension, Direction, Disaggregation, Entry, Frequency, Kind, Measure, REFERENCE, Scope, Unit,
        reference,
    },
    store::{IndicatorHooks, MeasurementList, refold},
};

/// Mounts the operations on indicators, measurements and reporting periods.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::list_indicators)
        .service(http::create_indicator)
        .service(http::get_indicator)
        .service(http::update_indicator)
        .service(http::delete_indicator)
        .service(http::get_indicator_series)
        .service(http::get_indicator_chart)
        .service(http::list_measurements)
        .service(http::create_measurement)
        .service(http::get_measurement)
        .service(http::update_measurement)
        .service(http::delete_measurement)
        .service(http::review_measurement)
        .service(http::list_measurement_revisions)
        .service(http::list_reporting_periods)
        .service(http::get_reporting_period)
        .service(http::update_reporting_period);
}

/// The texts and figures from which indicators are invented for demonstration.
pub const ILLUSTRATIVE: &[&str] = &[include_str!("../../data/indicators/illustrative.json")];

/// Adds invented indicators, with what was reported of them, of the network and of invented members, programmes and
/// projects; returns how many indicators. What is there is left alone.
///
/// # Errors
/// The database's, or the place of a fault in the files.
pub fn load_illustrative(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    action_programs::take_turn(tx)?;
    let texts = rules::parse_texts(&ILLUSTRATIVE.concat()).map_err(StoreError::Corrupt)?;
    let catalogue = rules::reference().map_err(StoreError::corrupt)?;
    let places = store::places(tx.conn)?;
    let seeds = texts.illustrate(&places, catalogue, tx.now());
    store::seed(tx, seeds.into_iter())
}

/// Adds `each` indicators with eight approved values to each of the first `programs` invented programmes, published or not,
/// and returns how many indicators: what to measure the system with.
///
/// # Errors
/// The database's, or the place of a fault in the files.
pub fn load_in_full(tx: &mut Tx<'_>, programs: usize, each: usize) -> Result<usize, StoreError> {
    action_programs::take_turn(tx)?;
    let texts = rules::parse_texts(&ILLUSTRATIVE.concat()).map_err(StoreError::Corrupt)?;
    let catalogue = rules::reference().map_err(StoreError::corrupt)?;
    let (places, now) = (store::programs(tx.conn)?, tx.now());
    let of_place = |(number, place)| texts.in_full(place, (number, each), catalogue, now);
    store::seed(tx, places.iter().take(programs).enumerate().flat_map(of_place))
}

published! {
    IndicatorOut {
        kind: Indicators,
        table: "indicator",
        representation: 2,
        find: store::find_by_ids,
        read: |found| (found.is_public(), Self::of(found, None)),
        overlay: computed,
    }
}

published! {
    MeasurementOut {
        kind: Measurements,
        table: "measurement",
        representation: 2,
        find: store::find_measurements_by_ids,
        read: |found| (found.is_public(), Self::of(found, false)),
        overlay: report,
    }
}
