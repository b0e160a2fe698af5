//! What the server is measured against by `benches/run.py`: a raw actix-web handler that serves the same bytes
//! from memory, and a loop over Diesel alone on the same queries, each thread with a connection of its own and
//! nothing else to do.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

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
use remacto::db::schema::territory::dsl as t;

#[derive(Parser)]
enum Baseline {
    /// Serve a file's bytes from memory, at every path.
    Raw {
        #[arg(long)]
        bind: SocketAddr,
        #[arg(long)]
        file: PathBuf,
    },
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
}

#[derive(Clone, Copy, ValueEnum)]
enum Query {
    /// One territory by its code.
    One,
    /// A page of 50, as the server asks for it: with one row more, to see whether there is another page.
    Page,
}

const THREADS: usize = 8;

fn main() {
    // Cargo adds its own flag to every benchmark.
    match Baseline::parse_from(std::env::args().filter(|argument| argument != "--bench")) {
        Baseline::Raw { bind, file } => raw(bind, std::fs::read(file).expect("the file can be read")),
        Baseline::Loop { database, query, seconds } => {
            let rate = if database.starts_with("postgres") {
                rate(
                    query,
                    seconds,
                    || PgConnection::establish(&database).expect("the database opens"),
                    one_pg,
                    page_pg,
                )
            } else {
                rate(query, seconds, || sqlite(&database), one_sqlite, page_sqlite)
            };
            println!("{rate:.0}");
        }
    }
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

fn sqlite(file: &str) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(file).expect("the database opens");
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

macro_rules! queries {
    ($one:ident, $page:ident, $conn:ty) => {
        fn $one(conn: &mut $conn) -> usize {
            let query = t::territory.select(columns!()).filter(t::code.eq("01.511.01.0"));
            usize::from(query.first::<Row>(conn).is_ok())
        }

        fn $page(conn: &mut $conn) -> usize {
            let query = t::territory.select(columns!()).order((t::code.asc(), t::id.asc())).limit(51);
            query.load::<Row>(conn).expect("the query runs").len()
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
queries!(one_sqlite, page_sqlite, SqliteConnection);
queries!(one_pg, page_pg, PgConnection);

/// Queries a second over all threads.
fn rate<C>(
    query: Query,
    seconds: f64,
    open: impl Fn() -> C + Sync,
    one: impl Fn(&mut C) -> usize + Sync,
    page: impl Fn(&mut C) -> usize + Sync,
) -> f64 {
    let (done, count, together) = (AtomicBool::new(false), AtomicU64::new(0), Barrier::new(THREADS + 1));
    let elapsed = std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut conn = open();
                let mut own = 0;
                let mut run = || match query {
                    Query::One => assert_eq!(one(&mut conn), 1),
                    Query::Page => assert_eq!(page(&mut conn), 51),
                };
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
