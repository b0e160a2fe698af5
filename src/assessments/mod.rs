//! Assessments of how members keep the charter's commitments, year by year: what the member itself, organisations of civil
//! society and the secretariat find, on one scale whose levels are worded. Each level is explained, the voices stand side by
//! side, and none changes what another has said. What follows from them is computed elsewhere: see the scorecards.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    charter,
    db::{StoreError, Tx},
    publishing::published,
};

pub use self::{
    dto::AssessmentOut,
    rules::{Level, Scale, address},
    store::AssessmentHooks,
};

/// Mounts the operations on assessments.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::get_assessment_scale)
        .service(http::list_assessments)
        .service(http::list_member_assessments)
        .service(http::create_assessment)
        .service(http::get_assessment)
        .service(http::update_assessment)
        .service(http::delete_assessment);
}

/// The words of the scale.
const SCALE: &str = include_str!("../../data/assessments/scale.json");

/// The scale of all assessments.
///
/// # Errors
/// [`StoreError::Corrupt`] with the place of a fault in the embedded file, which is a defect.
pub fn scale() -> Result<Scale, StoreError> {
    rules::parse_scale(SCALE).map_err(StoreError::Corrupt)
}

/// The texts from which assessments are invented for demonstration.
pub const ILLUSTRATIVE: &[&str] = &[include_str!("../../data/assessments/illustrative.json")];

/// Adds invented assessments to the invented members that have none; returns how many.
///
/// # Errors
/// The database's, or the place of a fault in the file.
pub fn load_illustrative(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let texts = rules::parse_texts(&ILLUSTRATIVE.concat()).map_err(StoreError::Corrupt)?;
    let commitments = charter::codes(tx.conn, "commitment")?;
    let members = store::assessed(tx.conn)?;
    let seeds = texts.illustrate(&members, &commitments, tx.today());
    store::seed(tx, seeds)
}

published! {
    AssessmentOut {
        kind: Assessments,
        table: "assessment",
        representation: 2,
        find: store::find_by_ids,
        read: |found| (found.is_public(), Self::from(found)),
    }
}
