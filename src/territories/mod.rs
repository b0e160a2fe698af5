//! Morocco's territorial units: 12 regions, 75 prefectures and provinces, 1,503 communes, and the units of
//! the census beside them (8 prefectures of arrondissements, 41 arrondissements), with the codes of the
//! Haut-Commissariat au Plan and the figures of the censuses of 2024 and 2014. Members are seated on them.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::{Conn, StoreError, Tx},
    kernel::{id::Identifier, kind, register::Cells},
    publishing::Published,
};

pub use self::{
    dto::TerritoryOut,
    rules::{Code, Kind, Location, Record, Territory, parse_reference},
    store::{
        LocationColumns, Seat, TerritoryList, find_all, load, look_up_provinces, look_up_regions, look_up_territories,
        refold, regions, seats,
    },
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

/// Makes the stored territories those of the embedded files.
///
/// # Errors
/// The database's, or the file and line of a fault in the files.
pub fn load_reference(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let records = rules::parse_reference(REFERENCE).map_err(StoreError::Corrupt)?;
    store::load(tx, records)
}

impl Published for TerritoryOut {
    const KIND: kind::Kind = kind::Kind::Territories;
    const REPRESENTATION: i64 = 1;
    const TABLE: &'static str = "territory";

    fn read(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<(bool, Self)>, StoreError> {
        let found = store::find_by_ids(conn, ids)?;
        Ok(found.into_iter().map(|territory| (true, Self::from(territory))).collect())
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// The territories as rows of a register, some at a time, in the order of their ids: id, region and cells. `after` is the last
/// one seen.
///
/// # Errors
/// The database's.
pub fn walk_register(
    conn: &mut Conn,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(Identifier, String, Cells)>, StoreError> {
    let row = |found: Territory| (found.id, found.record.region_code.to_string(), rules::cells(&found.record));
    Ok(store::walk(conn, after, limit)?.into_iter().map(row).collect())
}
