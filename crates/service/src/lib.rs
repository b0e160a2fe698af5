//! What every resource is served with, and what knows no resource.
//!
//! ```text
//! web        problems, parameters, pages, representations, middlewares
//! auth       roles, accounts, keys, tokens, extractors with a permission in their type
//! observe    access log, metrics, health
//! config     the settings; state: what every request can reach; logging: the log; threads: what threads share
//! ```

pub use db;
pub use kernel;

pub mod auth;
pub mod config;
pub mod logging;
pub mod observe;
pub mod state;
pub mod threads;
pub mod web;
