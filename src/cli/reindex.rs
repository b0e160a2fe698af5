//! Making the public documents anew.

use clap::Args;

use super::{accounts::open, print};
use crate::{
    config::DatabaseArgs,
    publishing::{self, Discrepancy},
    registry::REGISTRY,
};

/// The most discrepancies that are listed.
const MOST_LISTED: usize = 1_000;

#[derive(Args)]
pub struct ReindexArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Write nothing: list the documents that are not what the rows say, and fail if there are any.
    #[arg(long)]
    check: bool,
}

/// Makes every document anew, while servers may run; none of them changes its version, and the feed has no entry of it.
pub fn reindex(args: &ReindexArgs) -> Result<(), String> {
    let db = open(&args.database)?;
    if !args.check {
        let written = publishing::reindex(&db, &REGISTRY, true).map_err(|error| error.to_string())?;
        return print(&format!("documents written: {written}\n"));
    }
    let found = publishing::check(&db, &REGISTRY, MOST_LISTED).map_err(|error| error.to_string())?;
    for Discrepancy { kind, id, stored, expected } in &found {
        let text = |document: &Option<String>| document.clone().unwrap_or_else(|| "no document".to_owned());
        let kind = kind.as_str();
        print(&format!("{kind} {id}\n  stored:   {}\n  expected: {}\n", text(stored), text(expected)))?;
    }
    match found.len() {
        0 => print("every document is what the rows say\n"),
        MOST_LISTED => Err(format!("at least {MOST_LISTED} documents are not what the rows say")),
        some => Err(format!("{some} documents are not what the rows say")),
    }
}
