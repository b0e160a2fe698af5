//! What every endpoint has in common on its way in and out: refusals, parameters, pages and cursors,
//! representations and their validators, and the middlewares around them all.

pub mod attribution;
pub mod body;
pub mod cache;
pub mod client;
pub mod cors;
pub mod cursor;
pub mod download;
pub mod etag;
pub mod fallback;
pub mod headers;
pub mod idempotency;
pub mod limits;
pub mod listing;
pub mod localize;
pub mod page;
pub mod params;
pub mod path;
pub mod precondition;
pub mod problem;
pub mod query;
pub mod rate_limit;
pub mod representation;
pub mod splice;
pub mod tabular;
pub mod turns;
pub mod unread;
pub mod written;
