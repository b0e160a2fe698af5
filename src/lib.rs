//! The open-data API of REMACTO, the Moroccan Network of Open Local Governments.
//!
//! ```text
//! main → cli → app → <resource>::configure
//! kernel     words that everything shares; pure (crates/kernel)
//! db         pools, the read and write doors, schema, migrations (crates/db)
//! web        problems, parameters, pages, representations, middlewares            ┐
//! auth       roles, accounts, keys, tokens, extractors with a permission in their type │ crates/service
//! observe    access log, metrics, health                                          │
//! config, state, logging, threads: settings, what every request reaches, the log  ┘
//! publishing the documents that the public reads: the write door makes them, readers copy them
//! registry   the kinds of resources that are published, one line a kind
//! reference  what is embedded, and how it gets into the database
//! reload     what SIGHUP reads again
//! retention  what is spent, too old or no longer needed goes by itself
//! territories, members, focal_points, network, charter, action_programs, evaluations, consultations, indicators,
//! exchange, assessments, changes, imports, exports, audit, persons, insight
//!            the resources: mod, dto, rules, store, http each
//! portal     the pages for people: /, /docs, /problems
//! ```
//!
//! A request's way: request id → log and metrics → refusals written as problems, security headers → CORS →
//! bounds → who asks → kept answers → compression → route → the permission in the extractor's type → `db.read` or
//! `db.write` → representation. See `tests/architecture.rs` for who may use whom.

/// Answers are made of many small texts that one thread makes and another one frees.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use db;
pub use kernel;
pub use service::{auth, config, logging, observe, state, threads, web};

pub mod action_programs;
pub mod app;
pub mod assessments;
pub mod audit;
pub mod changes;
pub mod charter;
pub mod cli;
pub mod consultations;
pub mod evaluations;
pub mod exchange;
pub mod exports;
pub mod focal_points;
pub mod imports;
pub mod index;
pub mod indicators;
pub mod insight;
pub mod members;
pub mod network;
pub mod openapi;
pub mod persons;
pub mod portal;
pub mod publishing;
pub mod reference;
pub mod registry;
pub mod reload;
pub mod retention;
pub mod territories;
