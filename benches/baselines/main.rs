//! What the server is measured against by `benches/run.py`: a raw actix-web handler that serves the same bytes
//! from memory, and a loop over Diesel alone on the same queries, each thread with a connection of its own and
//! nothing else to do. And what makes a network of full size: a member on every seat of the country.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first surprise"
)]

mod documents;
mod load;
mod national;
mod programs;
mod reports;
mod writes;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use clap::{Parser, ValueEnum};
use diesel::{PgConnection, SqliteConnection, connection::SimpleConnection as _, prelude::*};
use remacto::db::{
    Actor, Db, Deed, StoreError, Target, Tx,
    schema::{member, member_external_id, territory, territory::dsl as t},
};
use remacto::registry::REGISTRY;

#[derive(Parser)]
enum Baseline {
    /// Send requests on a schedule, whatever the answers do, and print what came back.
    Load(load::Args),
    /// Serve a file's bytes from memory, at every path.
    Raw {
        #[arg(long)]
        bind: SocketAddr,
        #[arg(long)]
        file: PathBuf,
    },
    /// Put a member on every seat that has none, and eight institutions beside them: 1,598 in all.
    Fill {
        /// A SQLite file or a PostgreSQL URL.
        #[arg(long)]
        database: String,
    },
    /// Put a member on every seat that has none and thirteen institutions beside them, and give each two programmes of ten
    /// projects: 3,206 in all.
    FillPrograms {
        /// A SQLite file or a PostgreSQL URL.
        #[arg(long)]
        database: String,
    },
    /// Give programmes of a database that has some twenty indicators each, with eight approved values each.
    FillIndicators {
        /// A SQLite file or a PostgreSQL URL.
        #[arg(long)]
        database: String,
        /// How many programmes, those of the first members by name first.
        #[arg(long, default_value_t = national::PROGRAMS)]
        programs: usize,
    },
    /// Let a database gather its statistics.
    Analyse {
        /// A SQLite file or a PostgreSQL URL.
        #[arg(long)]
        database: String,
    },
    /// Serve one programme with its projects and milestones as a handler written by hand would.
    Program {
        #[arg(long)]
        bind: SocketAddr,
        /// A SQLite file or a PostgreSQL URL.
        #[arg(long)]
        database: String,
        #[arg(long)]
        slug: String,
        /// How many connections to the database it has.
        #[arg(long, default_value_t = 4)]
        connections: u32,
    },
    /// Serve one answer over the table of documents as a handler written by hand would.
    Documents(documents::Args),
    /// Run a query in 8 threads for some seconds and print how often a second.
    Loop {
        /// A SQLite file or a PostgreSQL URL.
        #[arg(long)]
        database: String,
        #[arg(long)]
        query: Query,
        #[arg(long, default_value_t = 4.0)]
        seconds: f64,
    },
    /// Change members in 8 threads for some seconds, as a PATCH does, and print how often a second.
    Write {
        /// A SQLite file or a PostgreSQL URL.
        #[arg(long)]
        database: String,
        /// The id of the account that is asked and noted.
        #[arg(long)]
        account: String,
        #[arg(long, default_value_t = 4.0)]
        seconds: f64,
        /// Number the changes without the counter row: the feed would skip some.
        #[arg(long)]
        without_counter: bool,
    },
    /// Report figures in 8 threads for some seconds, as a POST does, and print how often a second.
    Report {
        /// A SQLite file or a PostgreSQL URL.
        #[arg(long)]
        database: String,
        /// The id of the account that is asked and noted.
        #[arg(long)]
        account: String,
        #[arg(long, default_value_t = 4.0)]
        seconds: f64,
        /// The first report, of those for a thousand indicators and each quarter from 1950 on.
        #[arg(long, default_value_t = 0)]
        start: usize,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Query {
    /// One territory by its code.
    One,
    /// A page of 50, as the server asks for it: with one row more, to see whether there is another page.
    Page,
    /// One member by its slug, and its identifiers.
    Member,
    /// A page of 50 active or suspended municipalities by name, likewise, and their identifiers.
    Members,
}

const THREADS: usize = 8;

fn main() {
    // Cargo adds its own flag to every benchmark.
    match Baseline::parse_from(std::env::args().filter(|argument| argument != "--bench")) {
        Baseline::Load(args) => load::run(&args),
        Baseline::Raw { bind, file } => raw(bind, std::fs::read(file).expect("the file can be read")),
        Baseline::Fill { database } => fill(&database),
        Baseline::FillPrograms { database } => fill_programs(&database),
        Baseline::FillIndicators { database, programs } => {
            println!("{}", seeded(&database, |tx| national::add_indicators(tx, programs)));
        }
        Baseline::Analyse { database } => {
            seeded(&database, |_| Ok(0));
        }
        Baseline::Program { bind, database, slug, connections } => {
            programs::serve(bind, &database, &slug, connections);
        }
        Baseline::Documents(args) => documents::serve(args),
        Baseline::Loop { database, query, seconds } => {
            let rate = if database.starts_with("postgres") {
                rate(seconds, || open_pg(&database), |conn| run_pg(query, conn))
            } else {
                rate(seconds, || sqlite(&database), |conn| run_sqlite(query, conn))
            };
            println!("{rate:.0}");
        }
        Baseline::Write { database, account, seconds, without_counter } => {
            println!("{:.0}", writes::measure(&database, &account, seconds, !without_counter));
        }
        Baseline::Report { database, account, seconds, start } => {
            println!("{:.0}", reports::measure(&database, &account, seconds, start));
        }
    }
}

fn fill(database: &str) {
    let added = seeded(database, |tx| national::add_members(tx, 8));
    println!("{added}");
}

fn fill_programs(database: &str) {
    seeded(database, |tx| national::add_members(tx, national::INSTITUTIONS));
    let added = seeded(database, national::add_programs);
    assert_eq!(added, national::PROGRAMS, "the database had programmes already");
    println!("{added}");
}

/// The database that is meant: a SQLite file or a PostgreSQL URL.
fn target(database: &str) -> Target {
    Target::parse(database).unwrap_or_else(|_| Target::Sqlite(PathBuf::from(database)))
}

/// Adds something to a database in one transaction, and lets it gather its statistics.
fn seeded(database: &str, add: impl FnOnce(&mut Tx<'_>) -> Result<usize, StoreError>) -> usize {
    let db = Db::open(&target(database), 1, &REGISTRY).expect("the database opens");
    let benchmark = Actor::System("benchmark");
    let added = db.write_blocking(&benchmark, |tx| {
        let added = add(tx)?;
        tx.audit(Deed::loaded("benchmark", added));
        // Not a minute later, in the middle of a measurement.
        tx.conn.batch_execute("ANALYZE")?;
        Ok::<_, StoreError>(added)
    });
    added.expect("the rows are written")
}

fn raw(bind: SocketAddr, bytes: Vec<u8>) {
    let bytes = web::Bytes::from(bytes);
    let served = HttpServer::new(move || {
        let bytes = bytes.clone();
        let answer = move || {
            let bytes = bytes.clone();
            async { HttpResponse::Ok().content_type("application/json").body(bytes) }
        };
        App::new().default_service(web::to(answer))
    });
    actix_web::rt::System::new().block_on(served.bind(bind).expect("the address is free").run()).expect("it serves");
}

fn open_pg(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("the database opens")
}

fn open_sqlite(file: &str) -> SqliteConnection {
    SqliteConnection::establish(file).expect("the database opens")
}

fn sqlite(file: &str) -> SqliteConnection {
    let mut conn = open_sqlite(file);
    conn.batch_execute("PRAGMA query_only = ON").unwrap();
    conn
}

/// The columns that the server reads for a territory.
#[derive(Queryable)]
#[expect(dead_code, reason = "only their reading is measured")]
struct Row {
    id: String,
    version: i64,
    created_at: chrono::NaiveDateTime,
    updated_at: chrono::NaiveDateTime,
    code: String,
    kind: String,
    area_type: Option<String>,
    parent_code: Option<String>,
    region_code: String,
    name_fr: String,
    name_ar: String,
    population_2024: i64,
    households_2024: i64,
    population_2014: Option<i64>,
}

/// The columns that the server reads for a member, and of its territory.
#[derive(Queryable, Selectable)]
#[diesel(table_name = member)]
#[expect(dead_code, reason = "only their reading is measured")]
struct MemberRow {
    id: String,
    version: i64,
    created_at: chrono::NaiveDateTime,
    updated_at: chrono::NaiveDateTime,
    slug: String,
    kind: String,
    territory_code: String,
    territory_kind: String,
    name_fr: Option<String>,
    name_ar: Option<String>,
    name_en: Option<String>,
    status: String,
    joined_on: Option<chrono::NaiveDate>,
    joined_on_precision: Option<String>,
    left_on: Option<chrono::NaiveDate>,
    left_on_precision: Option<String>,
    cohort: Option<String>,
    ogp_local_since: Option<chrono::NaiveDate>,
    ogp_local_since_precision: Option<String>,
    website: Option<String>,
    provenance: String,
    source: String,
    confidence: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = territory)]
#[expect(dead_code, reason = "only their reading is measured")]
struct SeatRow {
    version: i64,
    region_code: String,
    parent_code: Option<String>,
    latitude: Option<i64>,
    longitude: Option<i64>,
    geonames_id: Option<i64>,
    location_matched_by: Option<String>,
}

macro_rules! queries {
    ($run:ident, $conn:ty) => {
        /// Runs a query once and returns how many rows it found.
        fn $run(query: Query, conn: &mut $conn) -> usize {
            let seated = member::table
                .inner_join(territory::table.on(member::territory_code.eq(territory::code)))
                .select((MemberRow::as_select(), SeatRow::as_select()));
            let members: Vec<(MemberRow, SeatRow)> = match query {
                Query::One => {
                    let query = t::territory.select(columns!()).filter(t::code.eq("01.511.01.0"));
                    return usize::from(query.first::<Row>(conn).is_ok());
                }
                Query::Page => {
                    let query = t::territory.select(columns!()).order((t::code.asc(), t::id.asc())).limit(51);
                    return query.load::<Row>(conn).expect("the query runs").len();
                }
                Query::Member => seated.filter(member::slug.eq("commune-agadir")).load(conn).expect("the query runs"),
                Query::Members => seated
                    .filter(member::kind.eq_any(["municipality"]))
                    .filter(member::status.eq_any(["active", "suspended"]))
                    .order((member::name_fr_folded.asc(), member::id.asc()))
                    .limit(51)
                    .load(conn)
                    .expect("the query runs"),
            };
            let identifiers: Vec<(String, String, String)> = member_external_id::table
                .filter(member_external_id::member_id.eq_any(members.iter().take(50).map(|(member, _)| &member.id)))
                .order((member_external_id::member_id, member_external_id::scheme))
                .load(conn)
                .expect("the query runs");
            std::hint::black_box(identifiers);
            members.len()
        }
    };
}
macro_rules! columns {
    () => {
        (
            t::id,
            t::version,
            t::created_at,
            t::updated_at,
            t::code,
            t::kind,
            t::area_type,
            t::parent_code,
            t::region_code,
            t::name_fr,
            t::name_ar,
            t::population_2024,
            t::households_2024,
            t::population_2014,
        )
    };
}
queries!(run_sqlite, SqliteConnection);
queries!(run_pg, PgConnection);

/// Queries a second over all threads.
fn rate<C>(seconds: f64, open: impl Fn() -> C + Sync, query: impl Fn(&mut C) -> usize + Sync) -> f64 {
    let (done, count, together) = (AtomicBool::new(false), AtomicU64::new(0), Barrier::new(THREADS + 1));
    let elapsed = std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut conn = open();
                let mut own = 0;
                let mut run = || assert!([1, 51].contains(&query(&mut conn)), "the query found something else");
                run();
                together.wait();
                while !done.load(Ordering::Relaxed) {
                    run();
                    own += 1;
                }
                count.fetch_add(own, Ordering::Relaxed);
            });
        }
        together.wait();
        let started = Instant::now();
        std::thread::sleep(Duration::from_secs_f64(seconds));
        done.store(true, Ordering::Relaxed);
        started.elapsed()
    });
    let count = u32::try_from(count.into_inner()).expect("fewer than 4 billion queries");
    f64::from(count) / elapsed.as_secs_f64()
}
