//! Lists in and data sets out, from the command line: by the code that the API uses.

use std::{fs, path::PathBuf};

use clap::Args;
use sha2::{Digest as _, Sha256};

use super::{accounts::open_complete, print};
use crate::{
    config::{DatabaseArgs, ExportArgs},
    db::{Actor, Db, Keeper},
    exports,
    imports::{self, Format, ImportOut, Mode, Order, Report, Resource, Stopped, Stored, Unreadable},
    kernel::{clock::Clock, id::Identifier, register::Source, text::hex},
};

/// Who imports here.
const OPERATOR: Actor = Actor::System("import from the command line");

#[derive(Args)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The collection that the list is of: members, territories, projects or measurements.
    #[arg(long)]
    resource: Resource,
    /// upsert: the list stands for what it names. replace, for members: it stands for all of its source.
    #[arg(long, default_value = "upsert")]
    mode: Mode,
    /// Whose list it is: 1 to 40 lower-case letters, digits and hyphens.
    #[arg(long)]
    source: Source,
    /// true: change nothing, and say what would be changed. false: import.
    #[arg(long, value_name = "true|false", default_value_t = true, action = clap::ArgAction::Set)]
    dry_run: bool,
    /// With replace, how many members may be withdrawn; needed where it is more than a tenth of those in force.
    #[arg(long, value_name = "NUMBER")]
    confirm_withdrawals: Option<u32>,
    /// The plan_hash of a dry run: import only if that is exactly what would be done.
    #[arg(long, value_name = "HASH")]
    plan_hash: Option<String>,
    /// How the list is written: csv, ndjson or json. Without it, the file's ending says it.
    #[arg(long)]
    format: Option<Format>,
    /// The list.
    file: PathBuf,
}

/// Imports a list and prints the report; a list with problems is an error.
pub(super) fn import(args: ImportArgs) -> Result<(), String> {
    let at_file = |why: &str| format!("{}: {why}", args.file.display());
    if args.mode == Mode::Replace && !imports::has_sources(args.resource) {
        return Err(format!("--mode replace: {} have no source whose list could be whole", args.resource.as_str()));
    }
    let ending = args.file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let format = args.format.map_or_else(|| ending.parse(), Ok);
    let format = format.map_err(|_unknown| at_file("its ending says no format: give --format"))?;
    let bytes = fs::read(&args.file).map_err(|error| at_file(&error.to_string()))?;
    let content = imports::read(args.resource, format, &bytes, Clock::default().today());
    let content = content.map_err(|why| at_file(&unreadable(why)))?;
    let order = Order {
        resource: args.resource,
        mode: args.mode,
        dry_run: args.dry_run,
        confirm_withdrawals: args.confirm_withdrawals,
        plan_hash: args.plan_hash,
        format,
        content_sha256: hex(&Sha256::digest(&bytes)),
        importer: None,
    };
    drop(bytes);
    let db = open_complete(&args.database)?;
    let keeper = Keeper { source: args.source, member: None };
    match db.write_blocking(&OPERATOR, |tx| imports::run(tx, &order, &keeper, content)) {
        Ok((id, report)) => show(&db, &id, &report),
        Err(Stopped::Refused(report)) => {
            let id = crate::kernel::id::new_id();
            let kept = db.write_blocking(&OPERATOR, |tx| imports::keep(tx, &id, None, &report));
            kept.map_err(|error| error.to_string())?;
            show(&db, &id, &report)
        }
        Err(Stopped::Busy) => Err("Another import is running.".to_owned()),
        Err(Stopped::Outdated) => Err("The import would not do what the dry run said; nothing was changed.".to_owned()),
        Err(Stopped::Store(error)) => Err(error.to_string()),
    }
}

fn show(db: &Db, id: &Identifier, report: &Report) -> Result<(), String> {
    let problems = report.faults.len();
    let stored: Option<Stored> =
        db.read_blocking(|conn| imports::stored(conn, id)).map_err(|error| error.to_string())?;
    let stored = stored.ok_or("the report is gone")?;
    print(&(serde_json::to_string_pretty(&ImportOut::from(stored)).map_err(|error| error.to_string())? + "\n"))?;
    if problems == 0 { Ok(()) } else { Err(format!("the list has {problems} problems; nothing was changed")) }
}

fn unreadable(why: Unreadable) -> String {
    match why {
        Unreadable::Form(detail) | Unreadable::Column { detail, .. } => detail,
        Unreadable::TooLong => "A list has at most 100,000 rows.".to_owned(),
    }
}

/// Writes every public data set with its descriptions into a folder.
pub(super) fn export(args: &ExportArgs) -> Result<(), String> {
    let licence = (args.data_licence.code, args.data_licence.url);
    exports::write_all(&open_complete(&args.database)?, &args.to, &args.public_url, licence)?;
    log::info!("exported to {}", args.to.display());
    Ok(())
}
