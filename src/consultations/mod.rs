//! Consultations: the rounds in which a member consults the public on a programme, on ideas first and on draft projects
//! then; and contributions, what the public sends to the online ones. Nobody sees a contribution before the member has
//! looked at it. It is answered with a reasoned decision, and who sent it can follow it by a receipt from the idea to the
//! project and its milestones.
//!
//! Everybody can contribute, without an account. Hence three rules. How somebody can be reached is personal data: it is
//! shown to who moderates and asks for it, and to nobody else, is in no list, feed, export or log, and can be erased by the
//! receipt. The
//! receipt is a secret that is told once, and stored only so that it can't be read from a copy of the database
//! (`rules/receipt.rs` says how). And the `Idempotency-Key` must be given, since a lost answer would lose the receipt: it
//! takes the place of the table of kept answers, which must not hold a secret.

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
    dto::{ConsultationOut, ContributionOut},
    rules::{Contact, Contribution, Moderation},
    store::{ConsultationHooks, correct_contact, erase_contact, forget_contacts, of_person},
};

/// Mounts the operations on consultations and contributions.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::list_consultations)
        .service(http::create_consultation)
        .service(http::get_consultation)
        .service(http::update_consultation)
        .service(http::delete_consultation)
        .service(http::list_contributions)
        .service(http::create_contribution)
        .service(http::get_contribution)
        .service(http::moderate_contribution)
        .service(http::decide_contribution)
        .service(http::get_contribution_status)
        .service(http::erase_contribution_contact);
}

/// The texts from which consultations are invented for demonstration.
pub const ILLUSTRATIVE: &[&str] = &[include_str!("../../data/consultations/illustrative.json")];

/// The receipt of an invented contribution that became a project: the document's example, so that it can be tried.
const EXAMPLE: &str = "REMACTO-illustrative-receipt-0000000000000A";

/// Adds invented consultations and contributions to the invented programmes that have none.
///
/// # Errors
/// The database's, or the place of a fault in the file.
pub fn load_illustrative(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let texts = rules::parse_texts(&ILLUSTRATIVE.concat()).map_err(StoreError::Corrupt)?;
    let example: rules::Receipt = EXAMPLE.parse().map_err(StoreError::corrupt)?;
    store::seed(tx, &texts, example)
}

published! {
    ConsultationOut {
        kind: Consultations,
        table: "consultation",
        representation: 2,
        find: store::find_by_ids,
        read: |found| (found.is_public, Self::of(found, None)),
        overlay: computed,
    }
}

published! {
    ContributionOut {
        kind: Contributions,
        table: "contribution",
        representation: 2,
        find: store::find_contributions_by_ids,
        read: |found| (found.is_public(), Self::of(found, false)),
        overlay: for_moderators,
    }
}
