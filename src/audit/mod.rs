//! The audit as the administrator reads it: who did what, with what was there before and after. Entries are written by
//! the door for writes, in the transaction of what they are about; here they are read, and what is personal in them is taken
//! away in time.

mod dto;
mod http;
mod rules;
mod store;

pub use self::store::{erase_addresses, forget_addresses};
use utoipa_actix_web::service_config::ServiceConfig;

/// Mounts the operation on the audit.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(http::list_audit);
}
