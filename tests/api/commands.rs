//! The binary as an operator runs it.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use diesel::{
    Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _, sql_query,
};

use crate::support::{
    client::{Answer, Client},
    postgres,
    server::{SIGNING_KEY, sqlite_database},
};

fn remacto(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_remacto"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// A running `serve`.
pub struct Served {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    seen: String,
    address: SocketAddr,
    operations: SocketAddr,
}

impl Served {
    /// Starts the binary and reads its log until it says where it listens.
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let mut command = remacto(&["serve", "--bind", "127.0.0.1:0", "--ops-bind", "127.0.0.1:0", "--workers", "1"]);
        // PostgreSQL needs it, and it does no harm elsewhere.
        if settings.iter().any(|(name, _)| *name == "DATABASE_URL") {
            command.env("REMACTO_SIGNING_KEYS", SIGNING_KEY);
        }
        let mut child =
            command.envs(settings.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        let mut address_behind = |words: &str| loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "the server ended: {seen}");
            seen += &line;
            if let Some((_, address)) = line.split_once(words) {
                break address.trim().trim_end_matches("/metrics").trim_end_matches('/').parse().unwrap();
            }
        };
        let (address, operations) = (address_behind("start here: http://"), address_behind("metrics: http://"));
        Self { child, log, seen, address, operations }
    }

    /// What the operations listener tells.
    pub fn metrics(&self) -> String {
        Client::new(self.operations).send("GET", "/metrics", &[]).text().to_owned()
    }

    /// The first lines that it has written to standard output.
    pub fn printed(&mut self, lines: usize) -> Vec<String> {
        let printed = BufReader::new(self.child.stdout.take().unwrap()).lines().take(lines);
        printed.collect::<Result<_, _>>().unwrap()
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Ends it as a failing machine would.
    pub fn kill(self) {
        drop(self);
    }

    fn signal(&self) {
        self.send("-TERM");
    }

    fn send(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Makes the server read its settings again, and returns what it logs about it.
    fn hang_up(&mut self) -> String {
        self.send("-HUP");
        let before = self.seen.len();
        while !self.seen[before..].contains("SIGHUP: done") {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "the server ended: {}", self.seen);
            self.seen += &line;
        }
        self.seen[before..].to_owned()
    }

    /// Asks the server to stop, and returns its exit code and its log.
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.signal();
        std::io::Read::read_to_string(&mut self.log, &mut self.seen).unwrap();
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.seen))
    }
}

/// Also when a test fails, no server is left behind.
impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
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
    let folder = tempfile::tempdir().unwrap();
    for (name, value, takes) in [
        ("REMACTO_BIND", "nowhere", "must be address:port"),
        ("REMACTO_OPS_BIND", "yes", "or off"),
        ("DATABASE_URL", "mysql://secret@h/x", "must begin with postgres://"),
        ("DATABASE_URL", "postgres://secret@db.example/x", "sslmode=disable"),
        ("DATABASE_URL", "postgres:///x", "must name a host"),
        ("REMACTO_CORS_ORIGINS", "https://a.example/path", "must be an origin"),
        ("REMACTO_DATA_LICENCE", "MIT", "must be one of CC-BY-4.0"),
        ("REMACTO_TIME_ZONE", "Africa/Rabat", "must be the IANA name of a time zone"),
        ("REMACTO_FEED_RETENTION_DAYS", "0", "1..=36500"),
        ("REMACTO_SESSION_RETENTION_DAYS", "0", "1..=36500"),
        ("REMACTO_FOCAL_POINT_RETENTION_DAYS", "0", "1..=36500"),
        ("REMACTO_ACCOUNT_RETENTION_DAYS", "36501", "1..=36500"),
        ("REMACTO_CONTRIBUTION_CONTACT_RETENTION_DAYS", "0", "1..=36500"),
        ("REMACTO_PUBLIC_URL", "api.example", "must be an origin"),
        ("REMACTO_WORKERS", "0", "1..=256"),
        ("REMACTO_DB_CONNECTIONS", "many", "invalid digit"),
        ("REMACTO_HEAD_TIMEOUT_MS", "999", "1000..=60000"),
        ("REMACTO_RATE_LIMIT", "0", "1 to 10000000, or off"),
        ("REMACTO_ACCOUNT_RATE_LIMIT", "some", "1 to 10000000, or off"),
        ("REMACTO_CONTRIBUTION_RATE_LIMIT", "-1", "1 to 10000000, or off"),
        ("REMACTO_ISSUERS", "/nowhere.json", "can't be read"),
        ("REMACTO_LOG_LEVELS", "/nowhere", "can't be read"),
        ("REMACTO_REQUEST_TIMEOUT_MS", "1", "100..=60000"),
        ("REMACTO_SHUTDOWN_TIMEOUT_S", "301", "0..=300"),
    ] {
        let message =
            refusal(&remacto(&["serve"]).env("REMACTO_DATA_DIR", folder.path()).env(name, value).output().unwrap());
        let flag = format!("--{}", name.trim_start_matches("REMACTO_").to_lowercase().replace('_', "-"));
        assert!(message.contains(&flag) && message.contains(takes), "{name}={value}: {message}");
        assert!(name != "DATABASE_URL" || !message.contains("secret"), "{message}");
    }
}

/// A file at the root of the project.
fn project_file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The settings of `serve`.
fn settings() -> BTreeSet<String> {
    let help = String::from_utf8(remacto(&["serve", "--help"]).output().unwrap().stdout).unwrap();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let named = help.split("[env: ").skip(1).filter_map(|rest| rest.split(['=', ']']).next());
    let settings: BTreeSet<String> = named.map(str::to_owned).chain(["RUST_LOG".to_owned()]).collect();
    assert!(settings.len() > 25, "{settings:?}");
    settings
}

#[test]
fn every_setting_is_in_the_help_and_in_the_readme() {
    let readme = project_file("README.md");
    for setting in settings() {
        assert!(readme.contains(&format!("`{setting}`")), "{setting} is missing from the README");
    }
}

/// Whether a text is the name of an environment variable.
fn is_variable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What `.env.example` sets or offers.
fn offered() -> BTreeSet<String> {
    let example = project_file(".env.example");
    let named = example.lines().filter_map(|line| Some(line.strip_prefix('#').unwrap_or(line).split_once('=')?.0));
    named.filter(|name| is_variable(name)).map(str::to_owned).collect()
}

/// What `docker-compose.yml` hands on to the API.
fn handed_on() -> BTreeSet<String> {
    let compose = project_file("docker-compose.yml");
    let (_, api) = compose.split_once("\n  api:\n").unwrap();
    let (_, environment) = api.split_once("\n    environment:\n").unwrap();
    let own = environment.lines().take_while(|line| line.starts_with("      "));
    let named = own.filter_map(|line| Some(line.trim().split_once(':')?.0));
    named.filter(|name| is_variable(name)).map(str::to_owned).collect()
}

/// What stands in one list and not in another, without the exceptions. Each of those must be one.
#[track_caller]
fn missing(of: &BTreeSet<String>, from: &BTreeSet<String>, exceptions: &[(&str, &str)]) -> Vec<String> {
    let mut missing: Vec<String> = of.difference(from).cloned().collect();
    for (name, reason) in exceptions {
        assert!(missing.iter().any(|found| found == name), "{name} is no exception ({reason})");
    }
    missing.retain(|found| !exceptions.iter().any(|(name, _)| name == found));
    missing
}

#[test]
fn settings_example_and_compose_know_the_same() {
    let (settings, offered, handed_on) = (settings(), offered(), handed_on());
    let by_image = [
        ("REMACTO_BIND", "the image sets it"),
        ("REMACTO_OPS_BIND", "the image sets it"),
        ("REMACTO_DATA_DIR", "the image sets it; with PostgreSQL nothing is kept there"),
        ("REMACTO_DEMO", "a demonstration listens on loopback, where nobody reaches a container"),
        ("REMACTO_EXPORT_DIR", "the container can write to its /tmp only"),
    ];
    assert_eq!(missing(&settings, &offered, &[]), [""; 0], "settings that .env.example does not offer");
    assert_eq!(missing(&settings, &handed_on, &by_image), [""; 0], "settings that docker-compose.yml drops");
    let of_database = ("POSTGRES_PASSWORD", "it is for the image of PostgreSQL");
    assert_eq!(missing(&offered, &settings, &[of_database]), [""; 0], "what .env.example offers and is no setting");
    let dropped = [&by_image[..], &[of_database]].concat();
    assert_eq!(missing(&offered, &handed_on, &dropped), [""; 0], "what .env.example offers and compose drops");
    let of_libpq = ("PGPASSWORD", "libpq reads it");
    assert_eq!(missing(&handed_on, &settings, &[of_libpq]), [""; 0], "what compose hands on and is no setting");
    assert_eq!(missing(&handed_on, &offered, &[of_libpq]), [""; 0], "what compose hands on and nobody is told of");
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

/// How many migrations there are.
fn migrations() -> usize {
    std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap().count()
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
    let rows = (count(&mut conn, "__diesel_schema_migrations"), count(&mut conn, "change_entry"));
    assert_eq!(rows, (i64::try_from(migrations()).unwrap() + 1, 1_679));
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    rows: i64,
}

/// How many migrations there are.
#[test]
fn migrations_and_seeds_can_be_run_on_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = ["--data-dir", folder.path().to_str().unwrap()];
    let run = |command: &[&str]| {
        let output = remacto(&[command, &data[..]].concat()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(run(&["migrate"]).contains(&format!("{} migrations ran", migrations())));
    assert!(run(&["migrate"]).contains("0 migrations ran"));
    assert!(run(&["seed"]).contains("loaded: territories, 1639 resources"));
    assert!(!run(&["seed"]).contains("loaded:"));
    assert!(run(&["migrate", "--down", "--yes-delete", "remacto.db", "--steps", "10000"]).contains("undone: "));
    assert!(run(&["seed"]).contains("migrated: "));
}

/// Migrations are undone one at a time, by the database's name, while nobody uses it. `database` are the settings of one
/// with the reference data, `name` is its name.
fn undo_migrations(database: &[(&str, &str)], name: &str) {
    let run = |arguments: &[&str]| remacto(arguments).envs(database.iter().copied()).output().unwrap();
    let status = || {
        let output = run(&["migrate", "--status"]);
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let states: Vec<String> = lines.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        let count = |state: &str| states.iter().filter(|found| *found == state).count();
        assert_eq!(count("applied") + count("pending"), lines.lines().count());
        (count("applied"), count("pending"))
    };
    assert_eq!(status(), (migrations(), 0));
    let message = refusal(&run(&["migrate", "--down"]));
    assert!(message.contains(&format!("--yes-delete={name}")), "{message}");
    let message = refusal(&run(&["migrate", "--down", "--yes-delete", "another"]));
    assert!(message.contains("nothing was undone"), "{message}");
    assert!(!run(&["migrate", "--steps", "2"]).status.success(), "forward there are no steps");
    let down = ["migrate", "--down", "--yes-delete", name];
    let served = Served::start(database);
    served.client().send("GET", "/api/v1/territories/04", &[]).ok();
    let message = refusal(&run(&down));
    assert!(message.contains("another process uses the database"), "{message}");
    // A server that was killed holds nothing.
    served.kill();
    // PostgreSQL notices that its client is gone when it is done with its session.
    let mut undone = run(&down);
    while !undone.status.success() {
        assert!(refusal(&undone).contains("another process uses the database"));
        undone = run(&down);
    }
    assert_eq!(status(), (migrations() - 1, 1));
    let message = refusal(&run(&["client", "list"]));
    assert!(message.contains("1 migrations have not run") && message.contains("remacto migrate"), "{message}");
    assert!(run(&[&down[..], &["--steps", "2"]].concat()).status.success());
    assert_eq!(status(), (migrations() - 3, 3));
    assert!(run(&["migrate"]).status.success());
    assert_eq!(status(), (migrations(), 0));
}

#[test]
fn migrations_are_undone_with_care_on_sqlite() {
    let (folder, _file) = sqlite_database();
    undo_migrations(&[("REMACTO_DATA_DIR", folder.path().to_str().unwrap())], "remacto.db");
}

#[test]
fn migrations_are_undone_with_care_on_postgres() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.filled_database();
    let name = url.rsplit('/').next().unwrap().split('?').next().unwrap();
    undo_migrations(&[("DATABASE_URL", &url)], name);
}

#[test]
fn no_command_makes_a_database_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let (data, list) = (folder.path().join("typo"), folder.path().join("list.csv"));
    std::fs::write(&list, "code\n").unwrap();
    let (list, to) = (list.to_str().unwrap(), folder.path().join("out"));
    let empty = postgres::shared().map(postgres::Cluster::empty_database);
    for command in [
        &["client", "create", "--name", "x", "--role", "partner"][..],
        &["client", "disable", "--id", "x"],
        &["client", "rotate", "--id", "x"],
        &["client", "list"],
        &["user", "create", "--email", "a@b.org", "--role", "partner", "--password-stdin"],
        &["user", "enable", "--email", "a@b.org"],
        &["user", "reset", "--email", "a@b.org"],
        &["user", "list"],
        &["import", "--resource", "territories", "--source", "x", list],
        &["export", "--to", to.to_str().unwrap()],
        &["migrate", "--status"],
        &["migrate", "--down", "--yes-delete", "remacto.db"],
    ] {
        let input = "correct horse battery staple\n";
        let message = refusal(&run_with_input(&[command, &["--data-dir", data.to_str().unwrap()]].concat(), input));
        assert!(message.contains("there is no database") && message.contains("--data-dir"), "{command:?}: {message}");
        assert!(!data.exists(), "{command:?}");
        let file = format!("sqlite:{}", folder.path().join("typo.db").display());
        let message = refusal(&run_with_input(&[command, &["--database-url", &file]].concat(), input));
        assert!(message.contains("there is no database"), "{command:?}: {message}");
        if let Some(url) = empty.as_ref().filter(|_| command[0] != "migrate") {
            let message = refusal(&run_with_input(&[command, &["--database-url", url]].concat(), input));
            assert!(message.contains("is empty: remacto migrate"), "{command:?}: {message}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "only the list is there");
}

#[test]
fn accounts_are_listed_and_a_secret_is_changed_from_the_command_line() {
    let (folder, _file) = sqlite_database();
    let data = ["--data-dir", folder.path().to_str().unwrap()];
    let run = |command: &[&str]| {
        let output = run_with_input(&[command, &data[..]].concat(), "correct horse battery staple\n");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let header = "id\tname\trole\tmember\torganisation\tstate\tcreated_at\n";
    assert_eq!((run(&["client", "list"]), run(&["user", "list"])), (header.to_owned(), header.to_owned()));
    assert_eq!(run(&["client", "list", "--json"]), "[]\n");
    let value = |printed: &str, name: &str| {
        printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap().to_owned()
    };
    let printed = run(&["client", "create", "--name", "register", "--role", "registrar", "--organisation", "Ministry"]);
    let (id, former) = (value(&printed, "client_id"), value(&printed, "client_secret"));
    let user =
        ["user", "create", "--email", "amina@example.org", "--role", "focal_point", "--member", "commune-larache"];
    let person = value(&run(&[&user[..], &["--password-stdin"]].concat()), "id");
    run(&["user", "disable", "--email", "amina@example.org"]);
    let clients = run(&["client", "list"]);
    assert!(clients.starts_with(&format!("{header}{id}\tregister\tregistrar\t\tMinistry\tenabled\t")), "{clients}");
    let users: serde_json::Value = serde_json::from_str(&run(&["user", "list", "--json"])).unwrap();
    let expected = serde_json::json!([person, "amina@example.org", "focal_point", "commune-larache", null, "disabled"]);
    let columns = ["id", "name", "role", "member", "organisation", "state"];
    assert_eq!(serde_json::Value::from_iter(columns.map(|column| users[0][column].clone())), expected);
    assert_eq!(users.as_array().unwrap().len(), 1);
    let secret = value(&run(&["client", "rotate", "--id", &id]), "client_secret");
    assert_ne!(secret, former);
    let served = Served::start(&[("REMACTO_DATA_DIR", folder.path().to_str().unwrap())]);
    for secret in [&former, &secret] {
        assert_eq!(token(&served.client(), &id, secret), 200, "both are good for now");
    }
    let last = value(&run(&["client", "rotate", "--id", &id]), "client_secret");
    assert_eq!([&former, &secret, &last].map(|secret| token(&served.client(), &id, secret)), [401, 200, 200]);
    let message = refusal(&remacto(&[&["client", "rotate", "--id", &person], &data[..]].concat()).output().unwrap());
    assert!(message.contains("no client with this id"), "{message}");
}

/// The status of a machine's request for a token.
fn token(client: &Client, id: &str, secret: &str) -> u16 {
    tokens(client, id, secret).status
}

/// The answer to a machine's request for a token.
fn tokens(client: &Client, id: &str, secret: &str) -> Answer {
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{id}:{secret}"));
    let headers =
        [("Authorization", &*format!("Basic {basic}")), ("Content-Type", "application/x-www-form-urlencoded")];
    client.send_body("POST", "/api/v1/auth/token", &headers, "grant_type=client_credentials")
}

#[cfg(unix)]
#[test]
fn the_embedded_database_is_its_owners_alone_however_it_was_found() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let settings = [("REMACTO_DATA_DIR", data.to_str().unwrap())];
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let files = || {
        let entries = std::fs::read_dir(&data).unwrap();
        let files = entries.map(|entry| entry.unwrap().path());
        files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), mode(&path))).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        let served = Served::start(&settings);
        served.client().send("GET", "/api/v1/territories/04", &[]).ok();
        let found = files();
        assert!(found.iter().all(|(_, mode)| *mode == 0o600), "{found:?}");
        for name in ["remacto.db", "remacto.db-wal", "remacto.db-shm", "signing-keys.pem"] {
            assert!(found.iter().any(|(file, _)| file == name), "{name}: {found:?}");
        }
        assert_eq!(mode(&data), 0o700);
        // What an earlier version has left open, with its log, is closed at the next start.
        served.kill();
        set(&data, 0o755);
        for (name, _) in files() {
            set(&data.join(name), 0o644);
        }
    }
}

/// Runs a command with something on its standard input, and returns what it prints.
fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut command = remacto(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_restored_backup_is_given_another_generation_from_the_command_line() {
    let (folder, _file) = sqlite_database();
    let data = ["--data-dir", folder.path().to_str().unwrap()];
    let run = || {
        let output = remacto(&[&["restored"], &data[..]].concat()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (first, second) = (run(), run());
    assert!(first.starts_with("generation=") && first.trim_end().len() == 43 && first != second, "{first} {second}");
}

#[test]
fn accounts_are_made_and_disabled_from_the_command_line() {
    let (folder, _file) = sqlite_database();
    let data = ["--data-dir", folder.path().to_str().unwrap()];
    let run = |command: &[&str]| {
        let output = remacto(&[command, &data[..]].concat()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (printed, log) = run(&["client", "create", "--name", "register", "--role", "registrar"]);
    let value =
        |name: &str| printed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap().to_owned();
    let (id, secret) = (value("client_id"), value("client_secret"));
    assert!(!log.contains(&secret), "{log}");
    let create =
        ["user", "create", "--email", "Amina@example.org", "--role", "focal_point", "--member", "commune-larache"];
    let user = [&create[..], &["--password-stdin"], &data].concat();
    assert!(run_with_input(&user, "correct horse battery\n").status.success());

    let served = Served::start(&[("REMACTO_DATA_DIR", folder.path().to_str().unwrap())]);
    let client = served.client();
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let basic = format!(
        "Basic {}",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{id}:{secret}"))
    );
    let token = || {
        client.send_body(
            "POST",
            "/api/v1/auth/token",
            &[form, ("Authorization", &basic)],
            "grant_type=client_credentials",
        )
    };
    let bearer = format!("Bearer {}", token().ok()["access_token"].as_str().unwrap());
    assert_eq!(client.send("GET", "/api/v1/auth/me", &[("Authorization", &bearer)]).ok()["name"], "register");
    let sign_in = || {
        let body = r#"{"email": "amina@example.org", "password": "correct horse battery"}"#;
        client.send_body("POST", "/api/v1/auth/sessions", &[("Content-Type", "application/json")], body)
    };
    let person = format!("Bearer {}", sign_in().json()["access_token"].as_str().unwrap());
    assert_eq!(client.send("GET", "/api/v1/auth/me", &[("Authorization", &person)]).ok()["member"], "commune-larache");

    assert_eq!(run(&["client", "disable", "--id", &id]).0, "disabled\n");
    assert_eq!(run(&["client", "disable", "--id", &id]).0, "was disabled already\n");
    client.send("GET", "/api/v1/auth/me", &[("Authorization", &bearer)]).problem(401, "invalid_token");
    assert_eq!(token().status, 401);
    assert_eq!(run(&["user", "disable", "--email", "amina@example.org"]).0, "disabled\n");
    client.send("GET", "/api/v1/auth/me", &[("Authorization", &person)]).problem(401, "invalid_token");
    assert_eq!(sign_in().status, 401);
    assert_eq!(run(&["user", "enable", "--email", "amina@example.org"]).0, "enabled\n");
    assert_eq!(sign_in().status, 201);
    assert_eq!(run(&["client", "enable", "--id", &id]).0, "enabled\n");
    token().ok();
    let (_, log) = served.stop();
    for hidden in [&secret, "correct horse battery", "amina@example.org", &bearer[7..], &person[7..]] {
        assert!(!log.contains(hidden), "{hidden} is in the log");
    }
}

#[test]
fn the_last_administrator_is_not_disabled_from_the_command_line_either() {
    let (folder, _file) = sqlite_database();
    let data = ["--data-dir", folder.path().to_str().unwrap()];
    let run = |command: &[&str]| remacto(&[command, &data[..]].concat()).output().unwrap();
    let create = |name: &str| {
        let printed = run(&["client", "create", "--name", name, "--role", "administrator"]).stdout;
        let printed = String::from_utf8(printed).unwrap();
        printed.lines().find_map(|line| line.strip_prefix("client_id=")).unwrap().to_owned()
    };
    let one = create("one");
    let message = refusal(&run(&["client", "disable", "--id", &one]));
    assert!(message.contains("the last administrator"), "{message}");
    let two = create("two");
    assert!(run(&["client", "disable", "--id", &one]).status.success());
    assert!(refusal(&run(&["client", "disable", "--id", &two])).contains("the last administrator"));
    assert!(run(&["client", "enable", "--id", &one]).status.success());
    assert!(run(&["client", "disable", "--id", &two]).status.success());
}

#[test]
fn an_account_that_can_not_be_is_refused_in_a_sentence() {
    let (folder, _file) = sqlite_database();
    let data = ["--data-dir", folder.path().to_str().unwrap()];
    assert!(
        remacto(&[&["client", "create", "--name", "x", "--role", "partner"], &data[..]].concat())
            .output()
            .unwrap()
            .status
            .success()
    );
    for (command, says) in [
        (&["client", "create", "--name", "x", "--role", "partner"][..], "of this name already"),
        (&["client", "create", "--name", "y", "--role", "king"], "is none of partner"),
        (&["client", "create", "--name", "y", "--role", "focal_point"], "speaks for one member"),
        (&["client", "create", "--name", "y", "--role", "partner", "--member", "commune-larache"], "nobody else does"),
        (
            &["client", "create", "--name", "y", "--role", "focal_point", "--member", "commune-x"],
            "There is no member commune-x",
        ),
        (&["client", "create", "--name", "y", "--role", "evaluator"], "belongs to an organisation"),
        (&["client", "disable", "--id", "x"], "no account with this id"),
        (&["user", "disable", "--email", "a@b.org"], "no account with this e-mail"),
        (&["user", "create", "--email", "a@b.org", "--role", "partner"], "--password-stdin"),
    ] {
        let message = refusal(&remacto(&[command, &data[..]].concat()).output().unwrap());
        assert!(message.contains(says), "{command:?}: {message}");
    }
    let user = [&["user", "create", "--role", "partner", "--password-stdin"], &data[..]].concat();
    let short = refusal(&run_with_input(&[&user[..], &["--email", "a@b.org"]].concat(), "hunter2\n"));
    assert!(short.contains("has 7 characters, not 12 to 200") && !short.contains("hunter2"), "{short}");
    for weak in ["password1234", "amina.b@example.org"] {
        let create = [&user[..], &["--email", "amina.b@example.org"]].concat();
        let refused = refusal(&run_with_input(&create, &format!("{weak}\n")));
        assert!(refused.contains("too easy to guess") && !refused.contains(weak), "{refused}");
    }
    let nobody = refusal(&run_with_input(&[&user[..], &["--email", "nobody"]].concat(), "correct horse battery\n"));
    assert!(nobody.contains("e-mail address is none"), "{nobody}");
}

#[test]
fn signing_keys_are_made_kept_and_changed() {
    let (folder, _file) = sqlite_database();
    let data = folder.path().to_str().unwrap();
    let kids = |settings: &[(&str, &str)]| {
        let served = Served::start(&[&[("REMACTO_DATA_DIR", data)], settings].concat());
        let keys = served.client().send("GET", "/.well-known/jwks.json", &[]).ok();
        served.stop();
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let made = kids(&[]);
    assert_eq!((made.len(), kids(&[])), (1, made.clone()), "the key is kept");
    let new = String::from_utf8(remacto(&["key", "create"]).output().unwrap().stdout).unwrap();
    let file = folder.path().join("new.pem");
    std::fs::write(&file, &new).unwrap();
    let both = format!("{},{}", file.display(), folder.path().join("signing-keys.pem").display());
    let changed = kids(&[("REMACTO_SIGNING_KEYS", &both)]);
    assert!(changed.len() == 2 && changed[1] == made[0], "{changed:?}");
    assert_eq!(kids(&[("REMACTO_SIGNING_KEYS", &new.replace('\n', "\\n"))]), changed[..1], "in one line");
    for (value, says) in [
        ("/nowhere.pem", "the file /nowhere.pem"),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "no Ed25519 key"),
    ] {
        let mut command = remacto(&["serve", "--data-dir", data, "--bind", "127.0.0.1:0", "--ops-bind", "off"]);
        let message = refusal(&command.env("REMACTO_SIGNING_KEYS", value).output().unwrap());
        assert!(
            message.contains("--signing-keys") && message.contains(says) && !message.contains("hunter2"),
            "{message}"
        );
    }
}

#[test]
fn a_hangup_reads_keys_issuers_and_log_levels_again() {
    let (folder, _file) = sqlite_database();
    let data = folder.path().to_str().unwrap();
    let output = |arguments: &[&str]| String::from_utf8(remacto(arguments).output().unwrap().stdout).unwrap();
    let (old, new) = (output(&["key", "create"]), output(&["key", "create"]));
    let printed = output(&["client", "create", "--name", "x", "--role", "partner", "--data-dir", data]);
    let values: Vec<&str> = printed.lines().map(|line| line.split_once('=').unwrap().1).collect();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (keys, issuers, levels) = (file("keys.pem"), file("issuers.json"), file("levels"));
    let write = |file: &str, text: &str| std::fs::write(file, text).unwrap();
    write(&keys, &old);
    write(&issuers, "[]");
    write(&levels, "info\n");
    let mut served = Served::start(&[
        ("REMACTO_DATA_DIR", data),
        ("REMACTO_SIGNING_KEYS", &keys),
        ("REMACTO_ISSUERS", &issuers),
        ("REMACTO_LOG_LEVELS", &levels),
    ]);
    let client = served.client();
    let kids = || {
        let set = client.send("GET", "/.well-known/jwks.json", &[]).ok();
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let token = || format!("Bearer {}", tokens(&client, values[0], values[1]).ok()["access_token"].as_str().unwrap());
    let me = |token: &str| client.send("GET", "/api/v1/auth/me", &[("Authorization", token)]).status;
    let (first, of_old) = (kids(), token());
    assert_eq!((first.len(), me(&of_old)), (1, 200));
    // The new key behind the old one, then in front of it, then alone.
    write(&keys, &format!("{old}{new}"));
    assert!(served.hang_up().contains(&format!("signs with {}, believes", first[0])));
    let both = kids();
    assert_eq!((both.len(), &both[0]), (2, &first[0]));
    write(&keys, &format!("{new}{old}"));
    assert!(served.hang_up().contains(&format!("signs with {}, believes", both[1])));
    let of_new = token();
    assert_eq!((me(&of_old), me(&of_new)), (200, 200));
    write(&keys, &new);
    served.hang_up();
    assert_eq!((kids(), me(&of_old), me(&of_new)), (vec![both[1].clone()], 401, 200));
    // What is wrong changes nothing, each by itself.
    write(&keys, "hunter2");
    write(&issuers, "{}");
    write(&levels, "loud");
    let log = served.hang_up();
    for what in ["the former signing keys stay", "the former issuers stay", "the former log levels stay"] {
        assert!(log.contains(what) && !log.contains("hunter2"), "{what}: {log}");
    }
    assert_eq!((kids(), me(&of_new)), (vec![both[1].clone()], 200));
    // A client's token names an issuer only once that is believed.
    let issuer = r#"[{"issuer": "https://login.example", "audience": "remacto", "algorithms": ["ES256"],
        "role_claim": "/roles", "roles": [{"claim": "a", "role": "partner"}]}]"#;
    write(&keys, &new);
    write(&issuers, issuer);
    write(&levels, "info,remacto::access=off");
    let log = served.hang_up();
    assert!(log.contains("the signing keys are the same") && log.contains("https://login.example"), "{log}");
    client.send("GET", "/api/v1/territories/04", &[("X-Request-Id", "not-in-the-log")]).ok();
    let (code, log) = served.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("remacto::access") && !log.contains("not-in-the-log"), "{log}");
}

#[test]
fn postgres_wants_signing_keys_that_all_instances_share() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.filled_database();
    let mut command = remacto(&["serve", "--bind", "127.0.0.1:0", "--ops-bind", "off"]);
    let message = refusal(&command.env("DATABASE_URL", url).output().unwrap());
    assert!(message.contains("REMACTO_SIGNING_KEYS") && message.contains("remacto key create"), "{message}");
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
    assert!(first.ends_with("caller=anonymous account=-"), "{first}");
    assert!(
        line("request-0002").contains("status=401") && line("request-0002").ends_with("caller=unverified account=-")
    );
    assert!(line("request-0003").contains("route=(none) status=404"));
    assert!(!log.contains("whatisearch") && !log.contains("hunter2"), "{log}");
}
