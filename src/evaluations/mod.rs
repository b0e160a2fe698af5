//! Evaluations of open action programmes: what the member itself, organisations of civil society and the secretariat find
//! of a programme at its beginning, half-way and at its end, and of its projects. The voices stand side by side, and none
//! changes what another has said.

mod dto;
mod http;
mod rules;
mod store;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::{StoreError, Tx},
    publishing::published,
};

pub use self::{
    dto::EvaluationOut,
    http::{admitted, another_voice, author, is_own, speaking},
    rules::{Author, Voice},
    store::EvaluationHooks,
};

/// Mounts the operations on evaluations.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::list_evaluations)
        .service(http::create_evaluation)
        .service(http::get_evaluation)
        .service(http::update_evaluation)
        .service(http::delete_evaluation);
}

/// The texts from which evaluations are invented for demonstration, so that all voices and values can be seen.
const ILLUSTRATIVE: &str = include_str!("../../data/evaluations/illustrative.json");

/// The files of the demonstration.
pub const FILES: &[&str] = &[ILLUSTRATIVE];

/// Adds invented evaluations to the invented programmes that have none; returns how many.
///
/// # Errors
/// The database's, or the place of a fault in the file.
pub fn load_illustrative(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let texts = rules::parse_texts(ILLUSTRATIVE).map_err(StoreError::Corrupt)?;
    let programs = store::evaluated(tx.conn)?;
    let seeds = texts.illustrate(&programs, tx.today());
    store::seed(tx, seeds)
}

published! {
    EvaluationOut {
        kind: Evaluations,
        table: "evaluation",
        representation: 2,
        find: store::find_by_ids,
        read: |found| (found.is_public(), Self::from(found)),
    }
}
