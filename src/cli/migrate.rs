//! The database's schema from the command line: forward, back, and what has run.

use std::fmt::Write as _;

use clap::Args;

use super::{COMMAND_CONNECTIONS, complete_documents, print};
use crate::{
    config::DatabaseArgs,
    db::{self, Db, Target},
    reference::Purpose,
    registry::REGISTRY,
};

#[derive(Args)]
pub(super) struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Print each migration after whether it has run (applied, pending, or unknown to this binary), and change nothing.
    #[arg(long, conflicts_with = "down")]
    status: bool,
    /// Undo migrations instead, newest first. This deletes data: it takes --yes-delete, and no process may use the database.
    #[arg(long)]
    down: bool,
    /// With --down: how many migrations are undone.
    #[arg(long, value_name = "NUMBER", requires = "down", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    steps: u16,
    /// With --down: the name of the database whose data may be deleted; that of the file, or PostgreSQL's.
    #[arg(long, value_name = "NAME", requires = "down")]
    yes_delete: Option<String>,
}

pub(super) fn migrate(args: &MigrateArgs) -> Result<(), String> {
    if args.status {
        return status(&args.database.existing()?);
    }
    if args.down {
        return down(&args.database.existing()?, args);
    }
    let target = args.database.target(Purpose::Service)?;
    let ran = db::migrate(&target).map_err(|error| error.to_string())?;
    log::info!("{} migrations ran in {target}", ran.len());
    let db = Db::open(&target, COMMAND_CONNECTIONS, &REGISTRY).map_err(|error| error.to_string())?;
    complete_documents(&db)?;
    warn(&target)
}

/// Logs what an administrator should do about a database.
pub(super) fn warn(target: &Target) -> Result<(), String> {
    if let Some(advice) = db::advice(target).map_err(|error| error.to_string())? {
        log::warn!("{advice}");
    }
    Ok(())
}

fn status(target: &Target) -> Result<(), String> {
    let mut text = String::new();
    for step in db::steps(target).map_err(|error| error.to_string())? {
        let state = match (step.known, step.applied) {
            (false, _) => "unknown",
            (true, true) => "applied",
            (true, false) => "pending",
        };
        writeln!(text, "{state} {}", step.name).map_err(|error| error.to_string())?;
    }
    print(&text)
}

fn down(target: &Target, args: &MigrateArgs) -> Result<(), String> {
    let name = db::database_name(target).map_err(|error| error.to_string())?;
    match &args.yes_delete {
        None => return Err(format!("--down deletes data of {target}: confirm it with --yes-delete={name}")),
        Some(given) if *given != name => {
            return Err(format!("--yes-delete names {given}, and the database is {name}: nothing was undone"));
        }
        Some(_confirmed) => {}
    }
    let undone = db::revert(target, args.steps.into()).map_err(|error| error.to_string())?;
    for name in &undone {
        log::info!("undone: {name}");
    }
    log::info!("{} migrations undone in {target}", undone.len());
    Ok(())
}
