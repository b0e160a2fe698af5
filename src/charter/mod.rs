//! The charter that members adhere to: principles, values, objectives and the five commitments, version by
//! version. The wording is ours unless an item says that it is official; the full text stays at its source.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::{Conn, StoreError, Tx},
    kernel::{id::Identifier, kind::Kind, language::LanguageMap},
    publishing::Published,
};

pub use self::{
    dto::{CharterLineOut, CharterRecordOut},
    rules::InForce,
    store::{codes, find_version, look_up_commitments, look_up_principles},
};

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

impl Published for CharterRecordOut {
    const KIND: Kind = Kind::Charter;
    const REPRESENTATION: i64 = 1;
    const TABLE: &'static str = "charter_version";

    fn read(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<(bool, Self)>, StoreError> {
        let found = store::find_by_ids(conn, ids)?;
        Ok(found.into_iter().map(|version| (true, Self::from(version))).collect())
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// Codes and titles of the current version's commitments, in their order.
///
/// # Errors
/// The database's.
pub fn commitments(conn: &mut Conn) -> Result<Vec<(String, LanguageMap)>, StoreError> {
    let current = store::find(conn, None)?;
    let items = current.into_iter().flat_map(|current| current.text.commitments);
    Ok(items.map(|item| (item.code, item.title)).collect())
}

/// The lines of all versions of the charter.
///
/// # Errors
/// The database's.
pub fn lines(conn: &mut Conn) -> Result<Vec<CharterLineOut>, StoreError> {
    Ok(store::all(conn)?.into_iter().flat_map(dto::lines).collect())
}
