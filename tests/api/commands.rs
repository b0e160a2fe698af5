//! The binary as an operator runs it.

use std::{
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use diesel::{
    Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _, sql_query,
};

use crate::support::{client::Client, postgres, server::sqlite_database};

fn remacto(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remacto"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// A running `serve`.
struct Served {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    address: SocketAddr,
}

impl Served {
    /// Starts the binary and reads its log until it says where it listens.
    fn start(settings: &[(&str, &str)]) -> Self {
        let mut command = remacto(&["serve", "--bind", "127.0.0.1:0", "--ops-bind", "off", "--workers", "1"]);
        let mut child = command.envs(settings.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "the server ended: {seen}");
            seen += &line;
            if let Some((_, address)) = line.split_once("start here: http://") {
                break address.trim().trim_end_matches('/').parse().unwrap();
            }
        };
        Self { child, log, address }
    }

    fn client(&self) -> Client {
        Client::new(self.address)
    }

    fn signal(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Asks the server to stop, and returns its exit code and the rest of its log.
    fn stop(mut self) -> (Option<i32>, String) {
        self.signal();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.log, &mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

fn refusal(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_newcomer_gets_a_server_from_nothing_and_again_from_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("deep/er");
    for _ in 0..2 {
        let served = Served::start(&[("REMACTO_DATA_DIR", data.to_str().unwrap())]);
        let page = served.client().send("GET", "/api/v1/territories?kind=commune&count=exact&limit=1", &[]).ok();
        assert_eq!((&page["page"]["total"], &page["sequence"]), (&1_503.into(), &1_679.into()));
        let check = remacto(&["healthcheck", "--bind", &served.address.to_string()]).output().unwrap();
        assert!(check.status.success(), "{check:?}");
        let (code, log) = served.stop();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("stopped"), "{log}");
    }
    assert!(data.join("remacto.db").exists());
}

#[test]
fn the_same_binary_serves_postgres() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.empty_database();
    let served = Served::start(&[("DATABASE_URL", &url)]);
    assert_eq!(served.client().send("GET", "/api/v1/territories/04", &[]).ok()["code"], "04");
    assert_eq!(served.stop().0, Some(0));
}

#[test]
fn a_shutdown_lets_a_request_under_way_finish() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.filled_database();
    let mut served = Served::start(&[("DATABASE_URL", &url)]);
    let mut blocker = PgConnection::establish(&url).unwrap();
    blocker.batch_execute("BEGIN; LOCK TABLE territory IN ACCESS EXCLUSIVE MODE").unwrap();
    let client = served.client();
    let request = std::thread::spawn(move || client.send("GET", "/api/v1/territories/04", &[]));
    let waits =
        "SELECT count(*) AS rows FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sql_query(waits).get_result::<Count>(&mut blocker).unwrap().rows == 0 {}
    served.signal();
    let mut line = String::new();
    while !line.contains("graceful shutdown") {
        line.clear();
        assert!(served.log.read_line(&mut line).unwrap() > 0, "the server ended");
    }
    blocker.batch_execute("ROLLBACK").unwrap();
    assert_eq!(request.join().unwrap().ok()["code"], "04");
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_database_that_can_not_hold_arabic_is_refused() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.empty_database_with("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    let message = refusal(&remacto(&["migrate"]).env("DATABASE_URL", url).output().unwrap());
    assert!(message.contains("encoding is LATIN1; it must be UTF8"), "{message}");
}

#[test]
fn a_wrong_setting_is_refused_with_its_name_and_what_it_takes() {
    for (name, value, takes) in [
        ("REMACTO_BIND", "nowhere", "must be address:port"),
        ("REMACTO_OPS_BIND", "yes", "or off"),
        ("DATABASE_URL", "mysql://secret@h/x", "must begin with postgres://"),
        ("DATABASE_URL", "postgres://secret@db.example/x", "sslmode=disable"),
        ("DATABASE_URL", "postgres:///x", "must name a host"),
        ("REMACTO_CORS_ORIGINS", "https://a.example/path", "must be an origin"),
        ("REMACTO_DATA_LICENCE", "MIT", "must be one of CC-BY-4.0"),
        ("REMACTO_FEED_RETENTION_DAYS", "0", "1..=36500"),
        ("REMACTO_WORKERS", "0", "1..=256"),
        ("REMACTO_DB_CONNECTIONS", "many", "invalid digit"),
        ("REMACTO_HEAD_TIMEOUT_MS", "1", "100..=60000"),
        ("REMACTO_REQUEST_TIMEOUT_MS", "1", "100..=60000"),
        ("REMACTO_SHUTDOWN_TIMEOUT_S", "301", "0..=300"),
    ] {
        let message = refusal(&remacto(&["serve"]).env(name, value).output().unwrap());
        let flag = format!("--{}", name.trim_start_matches("REMACTO_").to_lowercase().replace('_', "-"));
        assert!(message.contains(&flag) && message.contains(takes), "{name}={value}: {message}");
        assert!(name != "DATABASE_URL" || !message.contains("secret"), "{message}");
    }
}

#[test]
fn every_setting_is_in_the_help_and_in_the_readme() {
    let help = String::from_utf8(remacto(&["serve", "--help"]).output().unwrap().stdout).unwrap();
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let settings: Vec<&str> = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next()).collect();
    assert_eq!(settings.len(), 13, "{settings:?}");
    for setting in settings {
        assert!(readme.contains(&format!("`{setting}`")), "{setting} is missing from the README");
    }
    assert!(readme.contains("`RUST_LOG`"));
}

#[test]
fn a_data_folder_that_can_not_be_written_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = file.path().join("data");
    let message = refusal(&remacto(&["serve", "--data-dir", folder.to_str().unwrap()]).output().unwrap());
    assert!(
        message.contains("--data-dir (REMACTO_DATA_DIR)") && message.contains(folder.to_str().unwrap()),
        "{message}"
    );
}

#[test]
fn an_address_in_use_is_named() {
    let (folder, _file) = sqlite_database();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let holder = TcpListener::bind(taken).unwrap();
    let data = folder.path().to_str().unwrap();
    let message = refusal(&remacto(&["serve", "--data-dir", data, "--bind", &taken.to_string()]).output().unwrap());
    assert!(message.contains(&format!("can't listen on {taken}")), "{message}");
    drop(holder);
}

fn pretend_newer(file: &Path) {
    let mut conn = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')").execute(&mut conn).unwrap();
}

#[test]
fn a_database_of_a_newer_binary_is_left_alone() {
    let (folder, file) = sqlite_database();
    pretend_newer(&file);
    let message = refusal(&remacto(&["serve", "--data-dir", folder.path().to_str().unwrap()]).output().unwrap());
    assert!(message.contains("newer binary") && message.contains("29991231000000"), "{message}");
    let mut conn = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    let count = |conn: &mut SqliteConnection, table: &str| {
        let sql = format!("SELECT count(*) AS rows FROM {table}");
        sql_query(sql).get_result::<Count>(conn).unwrap().rows
    };
    assert_eq!((count(&mut conn, "__diesel_schema_migrations"), count(&mut conn, "change_entry")), (7, 1_679));
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
}

#[test]
fn migrations_and_seeds_can_be_run_on_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data-dir", folder.path().to_str().unwrap()];
    let run = |command: &[&str]| {
        let output = remacto(&[command, &data[..]].concat()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run(&["migrate"]).contains("6 migrations ran"));
    assert!(run(&["migrate"]).contains("0 migrations ran"));
    assert!(run(&["seed"]).contains("loaded: territories, 1639 resources"));
    assert!(!run(&["seed"]).contains("loaded:"));
    assert!(run(&["migrate", "--down"]).contains("all migrations undone"));
    assert!(run(&["seed"]).contains("migrated: "));
}

#[test]
fn a_server_that_is_away_fails_its_health_check() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let message = refusal(&remacto(&["healthcheck", "--bind", &away.to_string()]).output().unwrap());
    assert!(message.contains("no answer from"), "{message}");
}

#[test]
fn the_openapi_document_is_printed() {
    let output = remacto(&["openapi"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), remacto::openapi::text().unwrap());
}

#[test]
fn the_access_log_has_one_line_a_request_and_no_ones_search() {
    let (folder, _file) = sqlite_database();
    let served = Served::start(&[("REMACTO_DATA_DIR", folder.path().to_str().unwrap())]);
    let client = served.client();
    client.send("GET", "/api/v1/territories?q=whatisearch", &[("X-Request-Id", "request-0001")]).ok();
    client.send(
        "GET",
        "/api/v1/territories/04?nope=whatisearch",
        &[("X-Request-Id", "request-0002"), ("Authorization", "Bearer hunter2")],
    );
    client.send("GET", "/whatisearch", &[("X-Request-Id", "request-0003")]);
    let (_, log) = served.stop();
    let line = |id: &str| {
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(&format!("id={id} "))).collect();
        assert_eq!(lines.len(), 1, "{log}");
        lines[0].to_owned()
    };
    let first = line("request-0001");
    assert!(first.contains("method=GET route=/api/v1/territories status=200 duration_us="), "{first}");
    assert!(first.ends_with("caller=anonymous"), "{first}");
    assert!(
        line("request-0002").contains("route=/api/v1/territories/{code} status=400")
            && line("request-0002").ends_with("caller=unverified")
    );
    assert!(line("request-0003").contains("route=(none) status=404"));
    assert!(!log.contains("whatisearch") && !log.contains("hunter2"), "{log}");
}
