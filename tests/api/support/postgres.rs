//! A PostgreSQL server for the tests: the one of `TEST_DATABASE_URL`, or an installed one that is started in a
//! temporary folder (as an unprivileged user when this is root) and stopped when the tests end. Ours writes its messages
//! in French, so that the whole suite shows that nothing depends on the language of the server.

use std::{
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};
use remacto::{db::Target, reference::Purpose};

use super::{server::fill, watchdog};

/// A running server.
pub struct Cluster {
    /// Its URL up to the database's name.
    base: String,
    /// The query of its URL.
    query: String,
}

/// The server for all tests of this process; `None` where there is none, which is a failure in CI.
pub fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let found = match std::env::var("TEST_DATABASE_URL") {
            Ok(url) => Some(Cluster::at(&url)),
            Err(_) => Installed::find().map(|installed| installed.start().cluster),
        };
        if found.is_none() {
            let notice = "PostgreSQL was not tested: no TEST_DATABASE_URL and no installed server (initdb) was found.";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{notice}");
            watchdog::at_exit("printf '\\n%s\\n' \"$1\" >&2", &[notice]);
        }
        found
    });
    shared.as_ref()
}

impl Cluster {
    fn at(url: &str) -> Self {
        let (address, query) = url.split_once('?').map_or((url, String::new()), |(a, q)| (a, format!("?{q}")));
        let slash = address.rfind('/').filter(|at| *at > address.find("://").map_or(0, |at| at + 2));
        Self { base: slash.map_or(address, |at| &address[..at]).to_owned(), query }
    }

    /// The URL of a database of this server.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.query)
    }

    /// Runs a statement on the server, not in one of its databases.
    pub fn run(&self, sql: &str) {
        let mut conn = PgConnection::establish(&self.url("postgres")).expect("the server takes connections");
        conn.batch_execute(sql).expect(sql);
    }

    /// The URL of a database of this server for another role.
    pub fn url_as(&self, role: &str, database: &str) -> String {
        let (scheme, address) = self.base.split_once("://").expect("a URL");
        let host = address.rsplit('@').next().expect("an address");
        format!("{scheme}://{role}@{host}/{database}{}", self.query)
    }

    /// A new empty database.
    pub fn empty_database(&self) -> String {
        self.empty_database_with("")
    }

    /// A new empty database with options of `CREATE DATABASE`.
    pub fn empty_database_with(&self, options: &str) -> String {
        let name = unique_name();
        self.run(&format!("CREATE DATABASE {name} {options}"));
        self.url(&name)
    }

    /// A new database with schema and reference data.
    pub fn filled_database(&self) -> String {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        self.copy_of(&TEMPLATE, Purpose::Service)
    }

    /// The URL of a fresh database with the demonstration data.
    pub fn demonstration_database(&self) -> String {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        self.copy_of(&TEMPLATE, Purpose::Demonstration)
    }

    fn copy_of(&self, template: &OnceLock<String>, purpose: Purpose) -> String {
        let template = template.get_or_init(|| {
            let name = unique_name();
            self.run(&format!("CREATE DATABASE {name}"));
            fill(&Target::parse(&self.url(&name)).expect("a good URL"), purpose);
            let expected = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
            self.run(&format!("{expected} = '{name}'"));
            name
        });
        let name = unique_name();
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        self.url(&name)
    }
}

/// A name that nothing else on the server has.
pub fn unique_name() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    format!("remacto_test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// An installed PostgreSQL.
pub struct Installed {
    programs: PathBuf,
}

/// A server of our own, which can be stopped and started again.
pub struct OwnServer {
    /// Where it listens.
    pub cluster: Cluster,
    programs: PathBuf,
    folder: PathBuf,
}

impl Installed {
    /// The newest installed server.
    pub fn find() -> Option<Self> {
        let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()))
            .filter(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
            .collect();
        found.sort();
        found.pop().map(|programs| Self { programs })
    }

    /// Makes a cluster in a temporary folder and starts it.
    pub fn start(self) -> OwnServer {
        let folder = tempfile::Builder::new().prefix("remacto-pg-").tempdir().expect("a temporary folder").keep();
        if let Some((user, group)) = unprivileged() {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).expect("root may give a folder away");
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let cluster = Cluster::at(&format!("postgres://postgres@127.0.0.1:{port}/postgres"));
        let server = OwnServer { cluster, programs: self.programs, folder };
        let data = server.folder.join("data");
        server.run(
            "initdb",
            &["-D", text(&data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"],
        );
        let settings = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nfsync = off\n\
             full_page_writes = off\nmax_connections = 300\nlc_messages = 'C.UTF-8'\n",
            text(&server.folder)
        );
        std::fs::write(data.join("postgresql.auto.conf"), settings).expect("the settings can be written");
        let stop = format!("{} -D \"$1/data\" -m immediate -s stop; rm -rf \"$1\"", server.shell_program("pg_ctl"));
        watchdog::at_exit(&format!("{{ {stop}; }} 2>/dev/null"), &[text(&server.folder)]);
        server.start();
        server
    }
}

impl OwnServer {
    /// Starts the server and waits until it takes connections.
    pub fn start(&self) {
        let (data, log) = (self.folder.join("data"), self.folder.join("log"));
        self.run("pg_ctl", &["-D", text(&data), "-l", text(&log), "-w", "-s", "start"]);
    }

    /// Stops the server at once, as a failing machine would.
    pub fn stop(&self) {
        self.run("pg_ctl", &["-D", text(&self.folder.join("data")), "-m", "immediate", "-w", "-s", "stop"]);
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir(&self.folder).stdin(std::process::Stdio::null());
        // In the locale C.UTF-8, which every system has, the C library takes the language of messages from here.
        command.env_remove("LC_ALL").env("LANGUAGE", "fr");
        // A server that inherits the pipes of this process would keep them open.
        command.stdout(std::process::Stdio::null());
        if let Some((user, group)) = unprivileged() {
            command.gid(group).uid(user);
        }
        let status = command.status().expect("the program starts");
        assert!(status.success(), "{program} {arguments:?}: {status}");
    }

    /// The program as a word of a shell script that may run as root.
    fn shell_program(&self, program: &str) -> String {
        let path = format!("'{}'", text(&self.programs.join(program)));
        match unprivileged() {
            Some((user, group)) => format!("setpriv --reuid={user} --regid={group} --clear-groups {path}"),
            None => path,
        }
    }
}

/// The user and group to run a server as, when this is root: PostgreSQL refuses root.
fn unprivileged() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    if is_root { ids("postgres").or_else(|| ids("nobody")) } else { None }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}
