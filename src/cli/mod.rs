//! The command line: what an operator can do with the binary.

#![expect(clippy::doc_markdown, reason = "the commands' docs are the texts of --help")]

mod account_list;
mod accounts;
mod exchange;
mod migrate;
mod reindex;
mod restored;

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};

use self::{
    accounts::{ClientCommand, KeyCommand, UserCommand},
    exchange::ImportArgs,
    migrate::MigrateArgs,
    reindex::ReindexArgs,
};
use crate::{
    app,
    config::{self, DatabaseArgs, ExportArgs, HealthcheckArgs, ServeArgs, TimeArgs},
    db::{self, Db, Target},
    kernel::clock,
    logging, openapi, publishing,
    reference::{self, Purpose},
    registry::REGISTRY,
    reload::Hangups,
};

/// The open-data API of REMACTO, the Moroccan Network of Open Local Governments.
///
/// Log lines go to standard error; RUST_LOG chooses them (default: info). Every setting of a command stands in
/// its own --help.
#[derive(Parser)]
#[command(name = "remacto", version)]
struct Cli {
    #[command(flatten)]
    time: TimeArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Migrate the database, load the reference data if it is not there, and serve the API.
    Serve(Box<ServeArgs>),
    /// Bring the database to this binary's schema and documents, say where it stands, or undo migrations.
    Migrate(MigrateArgs),
    /// Migrate, and load the reference data that the database does not have.
    Seed(DatabaseArgs),
    /// Make the public documents of all resources anew from the database's rows, or compare them.
    Reindex(ReindexArgs),
    /// Say that a backup was restored: copies elsewhere have to be made anew, and are told so.
    Restored(DatabaseArgs),
    /// Accounts of machines.
    #[command(subcommand)]
    Client(ClientCommand),
    /// Accounts of people.
    #[command(subcommand)]
    User(UserCommand),
    /// Keys that tokens are signed with.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Import a list of members or territories, or say what would happen, and print the report.
    Import(Box<ImportArgs>),
    /// Write every public data set, with its descriptions for machines, into a folder.
    Export(ExportArgs),
    /// Print the OpenAPI document.
    Openapi,
    /// Ask a running server whether it is ready; the exit code says it.
    Healthcheck(HealthcheckArgs),
}

/// How many connections the commands other than `serve` use.
const COMMAND_CONNECTIONS: u32 = 1;

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    let started = Instant::now();
    logging::start(config::log_filter());
    let Cli { time, command } = Cli::parse();
    if let Err(other) = clock::set_zone(time.time_zone) {
        log::error!("days belong to {other} already");
        return ExitCode::FAILURE;
    }
    let outcome = match command {
        Command::Serve(args) => serve(&args, started),
        Command::Migrate(args) => migrate::migrate(&args),
        Command::Seed(args) => seed(&args).map(drop),
        Command::Reindex(args) => reindex::reindex(&args),
        Command::Restored(args) => restored::restored(&args),
        Command::Client(command) => accounts::client(command),
        Command::User(command) => accounts::user(command),
        Command::Key(command) => accounts::key(&command),
        Command::Import(args) => exchange::import(*args),
        Command::Export(args) => exchange::export(&args),
        Command::Openapi => print_openapi(),
        Command::Healthcheck(args) => healthcheck(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            log::error!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &ServeArgs, started: Instant) -> Result<(), String> {
    if let Some(levels) = args.log_levels()? {
        logging::set_levels(&levels);
    }
    let system = actix_web::rt::System::new();
    // From now on SIGHUP does not end the process; what it would read again is not read yet.
    let hangups = system.block_on(async { Hangups::listen() });
    hangups.map_err(|error| format!("SIGHUP can't be listened for: {error}"))?;
    let purpose = args.purpose()?;
    let target = args.database.target(purpose)?;
    let db = prepare(&target, args.connections(&target), purpose)?.with_deadline(args.request_timeout());
    if purpose == Purpose::Demonstration {
        accounts::demonstrate(&db)?;
    }
    let serving = async {
        let running = app::start(args, db).map_err(|error| error.to_string())?;
        let address = running.address;
        log::info!("ready in {} ms", started.elapsed().as_millis());
        log::info!("start here: http://{address}/");
        log::info!("try the API: http://{address}/docs/");
        if let Some(operations) = running.operations_address {
            log::info!("metrics: http://{operations}/metrics");
        }
        running.wait().await.map_err(|error| error.to_string())
    };
    system.block_on(serving)?;
    log::info!("stopped");
    Ok(())
}

/// Opens the database in the state that the binary needs. One that is not for the purpose is left as it is.
fn prepare(target: &Target, connections: u32, purpose: Purpose) -> Result<Db, String> {
    log::info!("database: {target}");
    let db = Db::open(target, connections, &REGISTRY).map_err(|error| error.to_string())?;
    if db::has_schema(target).map_err(|error| error.to_string())? {
        reference::check(&db, purpose).map_err(|error| error.to_string())?;
    }
    for name in db::migrate(target).map_err(|error| error.to_string())? {
        log::info!("migrated: {name}");
    }
    migrate::warn(target)?;
    complete_documents(&db)?;
    for (name, touched) in reference::load(&db, purpose).map_err(|error| error.to_string())? {
        log::info!("loaded: {name}, {touched} resources");
    }
    Ok(db)
}

/// Makes the public documents anew that are not in the form of this binary.
fn complete_documents(db: &Db) -> Result<(), String> {
    let written = publishing::reindex(db, &REGISTRY, false).map_err(|error| error.to_string())?;
    if written > 0 {
        log::info!("public documents made anew: {written}");
    }
    Ok(())
}

fn seed(args: &DatabaseArgs) -> Result<Db, String> {
    prepare(&args.target(Purpose::Service)?, COMMAND_CONNECTIONS, Purpose::Service)
}

fn print_openapi() -> Result<(), String> {
    print(openapi::text().map_err(ToString::to_string)?)
}

/// Writes to standard output; who stops reading has read enough.
fn print(text: &str) -> Result<(), String> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("can't write: {error}")),
        _ => Ok(()),
    }
}

/// Asks `/health/ready` in plain HTTP, so that an image needs no other tool.
fn healthcheck(args: &HealthcheckArgs) -> Result<(), String> {
    let address = reachable(args.bind);
    let failed = |error: io::Error| format!("no answer from {address}: {error}");
    let patience = Duration::from_secs(4);
    let mut stream = TcpStream::connect_timeout(&address, patience).map_err(failed)?;
    stream.set_read_timeout(Some(patience)).map_err(failed)?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(format!("not ready: {}", answer.lines().next().unwrap_or("an empty answer")))
}

/// Where to reach a server that listens at an address: at "any address", over loopback.
fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}
