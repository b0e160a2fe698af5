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

use crate::support::{
    client::Client,
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
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn signal(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Asks the server to stop, and returns its exit code and its log.
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.signal();
        std::io::Read::read_to_string(&mut self.log, &mut self.seen).unwrap();
        (self.child.wait().unwrap().code(), self.seen)
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
    assert_eq!(settings.len(), 25, "{settings:?}");
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
    assert_eq!(
        (count(&mut conn, "__diesel_schema_migrations"), count(&mut conn, "change_entry")),
        (1 + migrations(), 1_679)
    );
}

/// How many migrations there are.
fn migrations() -> i64 {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    std::fs::read_dir(folder).unwrap().count().try_into().unwrap()
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
    assert!(run(&["migrate"]).contains(&format!("{} migrations ran", migrations())));
    assert!(run(&["migrate"]).contains("0 migrations ran"));
    assert!(run(&["seed"]).contains("loaded: territories, 1639 resources"));
    assert!(!run(&["seed"]).contains("loaded:"));
    assert!(run(&["migrate", "--down"]).contains("all migrations undone"));
    assert!(run(&["seed"]).contains("migrated: "));
}

/// Runs a command with something on its standard input, and returns what it prints.
fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut command = remacto(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
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
