//! The charter that members adhere to: principles, values, objectives and the five commitments, version by
//! version. The wording is ours unless an item says that it is official; the full text stays at its source.

mod dto;
mod http;
mod rules;
mod store;

use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::db::{Conn, StoreError, Tx, json};

pub use self::dto::CharterOut;

/// Mounts the operations on the charter.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(http::get_charter).service(http::list_commitments).service(http::get_commitment);
}

/// The embedded charter.
pub const REFERENCE: &[&str] = &[include_str!("../../data/charter.json")];

/// Makes the stored charter that of the embedded file and returns how many versions it touched.
///
/// # Errors
/// The database's, or the place of a fault in the file.
pub fn load_reference(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let texts = rules::parse_reference(REFERENCE.concat().as_str()).map_err(StoreError::Corrupt)?;
    store::load(tx, texts)
}

/// What the versions of the charter with these ids are now, as the API shows them.
///
/// # Errors
/// The database's.
pub fn represent(conn: &mut Conn, ids: &[&str]) -> Result<Vec<(String, Value)>, StoreError> {
    let versions = store::versions(conn)?;
    let found = store::find_by_ids(conn, ids)?;
    let shown = |version: rules::CharterVersion| {
        Ok((version.id.clone(), json::value(&CharterOut::new(version, versions.clone()))?))
    };
    found.into_iter().map(shown).collect()
}
