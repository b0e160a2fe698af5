//! What members share: practices that others can learn from, collaborations with other territorial entities, and events at
//! which they are seen. It is what the charter's commitments to synergy and to visibility are measured by.

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
    dto::{CollaborationOut, EventOut, PracticeOut},
    store::{ExchangeHooks, Tally, refold, tallies},
};

/// Mounts the operations on practices, collaborations and events.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::list_practices)
        .service(http::create_practice)
        .service(http::get_practice)
        .service(http::update_practice)
        .service(http::delete_practice)
        .service(http::list_collaborations)
        .service(http::create_collaboration)
        .service(http::get_collaboration)
        .service(http::update_collaboration)
        .service(http::delete_collaboration)
        .service(http::confirm_collaboration_member)
        .service(http::remove_collaboration_member)
        .service(http::list_events)
        .service(http::create_event)
        .service(http::get_event)
        .service(http::update_event)
        .service(http::delete_event)
        .service(http::confirm_event_member)
        .service(http::remove_event_member);
}

/// The texts from which practices are invented for demonstration.
const PRACTICES: &str = include_str!("../../data/exchange/practices.json");
/// The same of collaborations.
const COLLABORATIONS: &str = include_str!("../../data/exchange/collaborations.json");
/// The same of events.
const EVENTS: &str = include_str!("../../data/exchange/events.json");

/// The files of the demonstration.
pub const FILES: &[&str] = &[PRACTICES, COLLABORATIONS, EVENTS];

/// Adds the invented practices, collaborations and events that are not there; returns how many.
///
/// # Errors
/// The database's, or the place of a fault in the files.
pub fn load_illustrative(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let neighbours = store::neighbours(tx.conn)?;
    let practices = rules::illustrate_practices(PRACTICES, &neighbours).map_err(StoreError::Corrupt)?;
    let collaborations = rules::illustrate_collaborations(COLLABORATIONS, &neighbours).map_err(StoreError::Corrupt)?;
    let events = rules::illustrate_events(EVENTS, &neighbours).map_err(StoreError::Corrupt)?;
    let added = store::seed_practices(tx, practices)? + store::seed_collaborations(tx, collaborations)?;
    Ok(added + store::seed_events(tx, events)?)
}

published! {
    PracticeOut {
        kind: Practices,
        table: "practice",
        representation: 2,
        find: store::find_practices_by_ids,
        read: |found| (found.is_public(), Self::from(found)),
    }
}

published! {
    CollaborationOut {
        kind: Collaborations,
        table: "collaboration",
        representation: 2,
        find: store::find_collaborations_by_ids,
        read: |found| (found.is_public(), Self::from(found)),
    }
}

published! {
    EventOut {
        kind: Events,
        table: "event",
        representation: 2,
        find: store::find_events_by_ids,
        read: |found| (found.is_public(), Self::from(found)),
    }
}
