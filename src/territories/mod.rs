//! Morocco's territorial units: 12 regions, 75 prefectures and provinces, 1,503 communes, and the units of
//! the census beside them (8 prefectures of arrondissements, 41 arrondissements), with the codes of the
//! Haut-Commissariat au Plan and the figures of the censuses of 2024 and 2014. Members are seated on them.

mod dto;
mod http;
mod rules;
mod store;

use crate::db::{StoreError, Tx};
use utoipa_actix_web::service_config::ServiceConfig;

pub use self::{
    dto::TerritoryOut,
    rules::{Code, Kind, Location, Record, Territory, parse_reference},
    store::{LocationColumns, Seat, find_all, load, regions, seats},
};

/// Mounts the operations on territories.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(http::list_territories).service(http::get_territory).service(http::list_territory_children);
}

/// The embedded files: regions, provinces, communes and arrondissements of the census, and points of GeoNames.
pub const REFERENCE: &[&str] = &[
    include_str!("../../data/territories/regions.csv"),
    include_str!("../../data/territories/provinces.csv"),
    include_str!("../../data/territories/communes.csv"),
    include_str!("../../data/territories/arrondissements.csv"),
    include_str!("../../data/territories/coordinates.csv"),
];

/// Makes the stored territories those of the embedded files and returns how many it touched.
///
/// # Errors
/// The database's, or the file and line of a fault in the files.
pub fn load_reference(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let records = rules::parse_reference(REFERENCE).map_err(StoreError::Corrupt)?;
    store::load(tx, records)
}
