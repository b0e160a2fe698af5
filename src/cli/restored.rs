//! What is to be done after a backup was restored.

use super::{
    accounts::{OPERATOR, open},
    print,
};
use crate::{changes, config::DatabaseArgs};

/// Gives the database another generation: copies elsewhere learn that they have to be made anew, since changes that they have
/// seen may be gone, and their numbers will mean others.
pub fn restored(args: &DatabaseArgs) -> Result<(), String> {
    let db = open(args)?;
    let generation = db.write_blocking(&OPERATOR, changes::begin_generation).map_err(|error| error.to_string())?;
    print(&format!("generation={generation}\n"))
}
