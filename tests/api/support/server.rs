//! A real server over a fresh database, in this process.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use actix_web::dev::ServerHandle;
use clap::Parser as _;
use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _};
use remacto::{
    app,
    config::ServeArgs,
    db::{self, Db, StoreError, Target},
    publishing,
    reference::{self, Purpose},
    registry::REGISTRY,
};
use tempfile::TempDir;

use super::{client::Answer, client::Client, postgres, secrets};

/// A running server.
pub struct TestServer {
    /// Where the API listens.
    pub address: SocketAddr,
    /// Where the operations listener is.
    pub operations: SocketAddr,
    /// Its database, through the same pools.
    pub db: Db,
    /// Its database, to open on its own.
    pub target: Target,
    client: Client,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
    /// Deleted with the server.
    folder: Option<TempDir>,
    /// Whether rows were changed behind the program's back.
    is_altered: AtomicBool,
}

/// The key that test servers sign with: the example of RFC 8037, which is no secret.
pub const SIGNING_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
/// Where test servers say that they are.
pub const PUBLIC_URL: &str = "https://api.example";

/// The settings of `serve`, as its command line would give them.
#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: ServeArgs,
}

impl TestServer {
    /// A server over a fresh SQLite database with the reference data.
    pub fn on_sqlite() -> Self {
        Self::on_sqlite_with(&[])
    }

    /// The same with further settings.
    pub fn on_sqlite_with(settings: &[&str]) -> Self {
        let (folder, file) = sqlite_database();
        let mut server = Self::over(Target::Sqlite(file), settings);
        server.folder = Some(folder);
        server
    }

    /// A server over a fresh PostgreSQL database with the reference data; `None` where there is no PostgreSQL.
    pub fn on_postgres() -> Option<Self> {
        Self::on_postgres_with(&[])
    }

    /// The same with further settings.
    pub fn on_postgres_with(settings: &[&str]) -> Option<Self> {
        let url = postgres::shared()?.filled_database();
        Some(Self::over(Target::parse(&url).expect("a good URL"), settings))
    }

    /// A server over a fresh SQLite database with the demonstration data.
    pub fn demonstrating_on_sqlite() -> Self {
        let (folder, file) = sqlite_demonstration();
        let mut server = Self::over(Target::Sqlite(file), &["--demo"]);
        server.folder = Some(folder);
        server
    }

    /// A server over a fresh PostgreSQL database with the demonstration data; `None` where there is no PostgreSQL.
    pub fn demonstrating_on_postgres() -> Option<Self> {
        let url = postgres::shared()?.demonstration_database();
        Some(Self::over(Target::parse(&url).expect("a good URL"), &["--demo"]))
    }

    /// A server over a database as it is.
    pub fn over(target: Target, settings: &[&str]) -> Self {
        let fixed = ["serve", "--bind", "127.0.0.1:0", "--ops-bind", "127.0.0.1:0", "--workers", "1"];
        // The same for all servers, so that a token of one instance is good at another; tests sign with it, too.
        let keys = ["--signing-keys", SIGNING_KEY, "--public-url", PUBLIC_URL];
        // High enough for every scenario that is not about them.
        let limits = ["--rate-limit", "1000000", "--account-rate-limit", "1000000"];
        let limits = limits.iter().filter(|_| !settings.contains(&"--rate-limit"));
        let contributions = ["--contribution-rate-limit", "1000000"];
        let contributions = contributions.iter().filter(|_| !settings.contains(&"--contribution-rate-limit"));
        let line = Line::try_parse_from(fixed.iter().chain(&keys).chain(limits).chain(contributions).chain(settings))
            .expect("good settings");
        let deadline = line.args.request_timeout();
        let db = Db::open(&target, 4, &REGISTRY).expect("the pools can be made").with_deadline(deadline);
        secrets::listen();
        let (ready, started) = mpsc::channel();
        let served = db.clone();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let running = app::start(&line.args, served).expect("the server starts");
                let operations = running.operations_address.expect("the operations listener is on");
                ready.send((running.address, operations, running.api.handle())).expect("the test waits");
                running.wait().await.expect("the server runs");
            });
        });
        let (address, operations, handle) = started.recv().expect("the server starts");
        Self {
            address,
            operations,
            db,
            target,
            client: Client::new(address),
            handle,
            thread: Some(thread),
            folder: None,
            is_altered: AtomicBool::new(false),
        }
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.client.send("GET", path, &[])
    }

    /// GET with headers.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.client.send("GET", path, headers)
    }

    /// Any method, with a JSON body and headers.
    pub fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &serde_json::Value) -> Answer {
        let typed = [headers, &[("Content-Type", "application/json")]].concat();
        self.client.send_body(method, path, &typed, &body.to_string())
    }

    /// Any method, with a body and headers.
    pub fn send_body(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.client.send_body(method, path, headers, body)
    }

    /// Any method, with headers.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.client.send(method, path, headers)
    }

    /// The bytes that come back for these bytes, until the server closes the connection.
    pub fn raw(&self, request: &[u8]) -> String {
        self.client.raw(request)
    }

    /// Runs a statement behind the program's back.
    pub fn execute(&self, sql: &str) -> Result<usize, diesel::result::Error> {
        self.is_altered.store(true, Ordering::Relaxed);
        match &self.target {
            Target::Sqlite(file) => {
                let mut conn = SqliteConnection::establish(&file.to_string_lossy()).expect("the database opens");
                conn.batch_execute("PRAGMA busy_timeout = 30000; PRAGMA foreign_keys = ON")
                    .expect("settings are taken");
                diesel::sql_query(sql).execute(&mut conn)
            }
            Target::Postgres(url) => {
                let conn = diesel::PgConnection::establish(&url.with_connect_timeout(5));
                diesel::sql_query(sql).execute(&mut conn.expect("the database opens"))
            }
        }
    }

    /// Every scenario ends with the proof that the public reads what the rows say, unless the scenario changed the rows itself or
    /// the database is gone.
    fn documents_are_what_the_rows_say(&self) {
        if self.is_altered.load(Ordering::Relaxed) {
            return;
        }
        match publishing::check(&self.db, &REGISTRY, 3) {
            Ok(found) => assert_eq!(found, [], "documents differ from the rows"),
            Err(why @ StoreError::Corrupt(_)) => panic!("{why}"),
            Err(why) => log::info!("the documents can't be compared: {why}"),
        }
    }

    /// GET from the operations listener.
    pub fn get_operations(&self, path: &str) -> Answer {
        Client::new(self.operations).send("GET", path, &[])
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.documents_are_what_the_rows_say();
            secrets::shown(self.get_operations("/metrics").text());
        }
        let handle = self.handle.clone();
        actix_web::rt::System::new().block_on(handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Migrates a database and loads the data for a purpose.
pub fn fill(target: &Target, purpose: Purpose) {
    db::migrate(target).expect("the migrations run");
    let db = Db::open(target, 1, &REGISTRY).expect("the pools can be made");
    publishing::reindex(&db, &REGISTRY, false).expect("the documents are made");
    reference::load(&db, purpose).expect("the data loads");
}

/// A fresh SQLite database with the reference data, in a folder of its own.
pub fn sqlite_database() -> (TempDir, PathBuf) {
    static TEMPLATE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    copy_of(&TEMPLATE, Purpose::Service)
}

/// The same with the demonstration data.
pub fn sqlite_demonstration() -> (TempDir, PathBuf) {
    static TEMPLATE: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    copy_of(&TEMPLATE, Purpose::Demonstration)
}

fn copy_of(template: &OnceLock<(TempDir, PathBuf)>, purpose: Purpose) -> (TempDir, PathBuf) {
    let (_, template) = template.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("template.db");
        fill(&Target::Sqlite(file.clone()), purpose);
        (folder, file)
    });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("remacto.db");
    let mut conn = SqliteConnection::establish(&template.to_string_lossy()).expect("the template opens");
    // The pool that filled it may still be closing its connections.
    conn.batch_execute("PRAGMA busy_timeout = 30000").expect("a time limit can be set");
    diesel::sql_query("VACUUM INTO ?")
        .bind::<diesel::sql_types::Text, _>(file.to_string_lossy().into_owned())
        .execute(&mut conn)
        .expect("the template can be copied");
    (folder, file)
}
