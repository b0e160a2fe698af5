//! What stores import: Diesel's prelude, with statements that [lose their type](super::statement) before they are run.

pub use diesel::prelude::*;

pub use super::statement::RunQueryDsl;
