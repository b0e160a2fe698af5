//! What the operator sees: one log line a request, metrics by route pattern, health.

pub mod access;
pub mod health;
pub mod metrics;
pub mod request_id;
