//! The HTTP suite: every scenario runs against a real server made by the real app builder, on SQLite and on
//! PostgreSQL, in parallel, with a fresh database each.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod support;

mod accounts;
mod action_programs;
mod alerts;
mod assessments;
mod audit;
mod authorization;
mod bad_input;
mod bounds;
mod caching;
mod changes;
mod charter;
mod commands;
mod consultations;
mod contributions;
mod demonstration;
mod digests;
mod epochs;
mod evaluations;
mod exchange;
mod exports;
mod focal_points;
mod imports;
mod indicators;
mod issuers;
mod limits;
mod measurement_imports;
mod measurements;
mod member_writes;
mod members;
mod midnight;
mod network;
mod network_indicators;
mod observing;
mod openapi;
mod outage;
mod pages;
mod paging;
mod persons;
mod plans;
mod practices;
mod program_guards;
mod projects;
mod publishing;
mod raw_input;
mod schema;
mod scorecards;
mod sessions;
mod tags;
mod territories;
mod texts;
mod together;
mod tokens;
mod visibility;
mod writing;
