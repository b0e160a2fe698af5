//! The settings: flags, each with an environment variable, read here and nowhere else. A wrong value stops
//! the start with the setting's name and what it takes.

#![expect(clippy::doc_markdown, reason = "the settings' docs are the texts of --help")]

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use chrono::Days;
use chrono_tz::Tz;
use clap::Args;

use crate::{
    auth::{
        issuers::{self, Issuer},
        keys::Keys,
    },
    db::{Target, make_private_folder},
    kernel::{clock, http_url::parse_url},
    logging,
    web::{client::Proxies, rate_limit::Rate},
};

/// The file of the embedded database in its folder.
const FILE: &str = "remacto.db";

/// What a database is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Real data.
    Service,
    /// Invented data beside the real one.
    Demonstration,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy)]
pub struct Periods {
    /// Changes in the feed, and reports of what was imported.
    pub feed: Days,
    /// Sessions after their end.
    pub sessions: Days,
    /// Focal points after their last day.
    pub focal_points: Days,
    /// People's accounts after they were disabled.
    pub accounts: Days,
    /// How those who contributed can be reached, after the consultation's end.
    pub contribution_contacts: Days,
    /// From where people signed in or tried to.
    pub audit_addresses: Days,
}

/// Where the database is. Every command that opens it takes these.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// Folder of the embedded database; made when it is missing. Without it, ./remacto-data, and ./remacto-demo with --demo.
    #[arg(long, env = "REMACTO_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// PostgreSQL (postgres://user:password@host/name) or another SQLite file (sqlite:path). Without it, SQLite in the data folder.
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<DatabaseUrl>,
}

impl DatabaseArgs {
    /// The database to open for a purpose; the data folder is made and tried where it is needed.
    ///
    /// # Errors
    /// A sentence that names the setting and the folder.
    pub fn target(&self, purpose: Purpose) -> Result<Target, String> {
        if let Some(named) = self.named()? {
            return Ok(named);
        }
        let folder = self.folder(purpose);
        let refused = |error: std::io::Error| {
            format!("--data-dir (REMACTO_DATA_DIR): the folder {} can't be written: {error}", folder.display())
        };
        make_private_folder(folder).map_err(refused)?;
        let probe = folder.join(".writable");
        std::fs::write(&probe, b"").map_err(refused)?;
        std::fs::remove_file(&probe).map_err(refused)?;
        Ok(Target::Sqlite(folder.join(FILE)))
    }

    /// The database of a service, which must be there: nothing is made.
    ///
    /// # Errors
    /// A sentence that names the file and the settings.
    pub fn existing(&self) -> Result<Target, String> {
        let target = match self.named()? {
            Some(named) => named,
            None => Target::Sqlite(self.folder(Purpose::Service).join(FILE)),
        };
        match &target {
            Target::Sqlite(path) if !path.is_file() => Err(format!(
                "there is no database {}: name it with --data-dir (REMACTO_DATA_DIR) or --database-url (DATABASE_URL); remacto serve, migrate and seed make one",
                path.display()
            )),
            _ => Ok(target),
        }
    }

    /// The database that the settings name by a URL.
    fn named(&self) -> Result<Option<Target>, String> {
        let Some(DatabaseUrl(url)) = &self.database_url else { return Ok(None) };
        Target::parse(url).map(Some).map_err(|error| format!("--database-url (DATABASE_URL): it {error}"))
    }

    fn folder(&self, purpose: Purpose) -> &Path {
        let default = match purpose {
            Purpose::Service => "./remacto-data",
            Purpose::Demonstration => "./remacto-demo",
        };
        self.data_dir.as_deref().unwrap_or_else(|| Path::new(default))
    }
}

/// Where days begin and end. Every command takes it.
#[derive(Debug, Clone, Args)]
pub struct TimeArgs {
    /// Time zone that days belong to, by its IANA name: rounds open, periods end and lateness counts by its days. Instances that share a database must say the same.
    #[arg(long, env = "REMACTO_TIME_ZONE", default_value_t = clock::DEFAULT_ZONE, value_name = "NAME", value_parser = parse_zone, global = true)]
    pub time_zone: Tz,
}

fn parse_zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_unknown: chrono_tz::ParseError| {
        "must be the IANA name of a time zone, like Africa/Casablanca or UTC".to_owned()
    })
}

/// A database's URL, which may hold a password: it is judged only where its refusal does not quote it.
#[derive(Clone)]
pub struct DatabaseUrl(String);

impl FromStr for DatabaseUrl {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(***)")
    }
}

/// Signing keys or the names of their files: not to be shown.
#[derive(Clone)]
pub struct SigningKeys(String);

impl FromStr for SigningKeys {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(***)")
    }
}

/// Where the operations listener is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpsBind {
    /// Nowhere.
    Off,
    /// At this address.
    At(SocketAddr),
}

impl FromStr for OpsBind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self::Off);
        }
        parse_address(text)
            .map(Self::At)
            .map_err(|_unused: String| "must be address:port, like 127.0.0.1:9464, or off".to_owned())
    }
}

impl fmt::Display for OpsBind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}

/// The settings of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Add illustrative members to a database made for it, and serve it on loopback only.
    #[arg(long, env = "REMACTO_DEMO")]
    pub demo: bool,
    /// Address and port of the API.
    #[arg(long, env = "REMACTO_BIND", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT", value_parser = parse_address)]
    pub bind: SocketAddr,
    /// Address and port of the metrics, or off. Keep it away from the public.
    #[arg(long, env = "REMACTO_OPS_BIND", default_value = "127.0.0.1:9464", value_name = "ADDRESS:PORT|off")]
    pub ops_bind: OpsBind,
    /// The address under which the outside reaches the API, like https://api.example.org; tokens name it as their issuer. Without it, http:// and the address of the API. Instances that share a database must say the same.
    #[arg(long, env = "REMACTO_PUBLIC_URL", value_name = "URL", value_parser = parse_origin)]
    pub public_url: Option<String>,
    /// The keys that tokens are signed with: Ed25519 keys as PEM (\n may stand for a line's end), or the names of files with them, separated by commas. The first private key signs, all verify. To change it, add the new key behind the old one at every instance, then put it in front at every instance, and take the old one away a quarter of an hour later; files are read again at SIGHUP. Without it, the embedded database makes one beside itself; PostgreSQL needs it.
    #[arg(
        long,
        env = "REMACTO_SIGNING_KEYS",
        value_name = "PEM|FILE,…",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub signing_keys: Option<SigningKeys>,
    /// Origins whose pages may write through a browser, separated by commas. Every origin may read.
    #[arg(long, env = "REMACTO_CORS_ORIGINS", value_delimiter = ',', value_name = "ORIGIN,…", value_parser = parse_origin)]
    pub cors_origins: Vec<String>,
    /// Proxies that are trusted to say in X-Forwarded-For where a request comes from: addresses or networks like 10.0.0.0/8, separated by commas. Without it, nobody is.
    #[arg(long, env = "REMACTO_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORK,…")]
    pub trusted_proxies: Vec<Proxies>,
    /// A JSON file with the OpenID Connect issuers whose tokens are believed; the README describes it. Without it, only tokens of this service are.
    #[arg(long, env = "REMACTO_ISSUERS", value_name = "FILE")]
    pub issuers: Option<PathBuf>,
    /// A file that says which log lines are written, in the syntax of RUST_LOG (info,remacto_db=debug), and stands above it. It is read again at SIGHUP, like the files of --signing-keys and --issuers.
    #[arg(long, env = "REMACTO_LOG_LEVELS", value_name = "FILE")]
    pub log_levels: Option<PathBuf>,
    /// Requests a minute that each address may send without a token, or off; each instance counts for itself.
    #[arg(long, env = "REMACTO_RATE_LIMIT", default_value = "1200", value_name = "NUMBER|off")]
    pub rate_limit: Rate,
    /// Requests a minute that each account may send with its tokens, or off; each instance counts for itself.
    #[arg(long, env = "REMACTO_ACCOUNT_RATE_LIMIT", default_value = "6000", value_name = "NUMBER|off")]
    pub account_rate_limit: Rate,
    /// Contributions an hour that each address may send to consultations, or off; each instance counts for itself.
    #[arg(long, env = "REMACTO_CONTRIBUTION_RATE_LIMIT", default_value = "20", value_name = "NUMBER|off")]
    pub contribution_rate_limit: Rate,
    /// The licence of the network's own data: CC-BY-4.0, CC0-1.0, ODbL-1.0 or ODC-By-1.0.
    #[arg(long, env = "REMACTO_DATA_LICENCE", default_value = "CC-BY-4.0", value_name = "SPDX")]
    pub data_licence: DataLicence,
    /// Folder below which each process keeps the files of its exports until it ends. Without it, where the system keeps temporary files.
    #[arg(long, env = "REMACTO_EXPORT_DIR", value_name = "FOLDER")]
    pub export_dir: Option<PathBuf>,
    /// How many days the feed keeps a change, 1 to 36500. A copy that was not refreshed for so long must be made anew.
    #[arg(long, env = "REMACTO_FEED_RETENTION_DAYS", default_value_t = 400, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=36_500))]
    pub feed_retention_days: u16,
    /// How many days a session is kept after its end, 1 to 36500, so that a stolen token is still known for what it is.
    #[arg(long, env = "REMACTO_SESSION_RETENTION_DAYS", default_value_t = 30, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=36_500))]
    pub session_retention_days: u16,
    /// How many days a focal point is kept after its last day, 1 to 36500; then it is erased.
    #[arg(long, env = "REMACTO_FOCAL_POINT_RETENTION_DAYS", default_value_t = 365, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=36_500))]
    pub focal_point_retention_days: u16,
    /// How many days a person's account is kept after it was disabled, 1 to 36500; then it is erased.
    #[arg(long, env = "REMACTO_ACCOUNT_RETENTION_DAYS", default_value_t = 365, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=36_500))]
    pub account_retention_days: u16,
    /// How many days it is kept after a consultation's end how those who contributed can be reached, 1 to 36500; then it is erased. A round of more than a year counts as one of a year.
    #[arg(long, env = "REMACTO_CONTRIBUTION_CONTACT_RETENTION_DAYS", default_value_t = 730, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=36_500))]
    pub contribution_contact_retention_days: u16,
    /// How many days the audit keeps from where somebody signed in or tried to, was granted a token or was refused something, 1 to 36500; then the address is erased, and failed attempts with it.
    #[arg(long, env = "REMACTO_AUDIT_ADDRESS_RETENTION_DAYS", default_value_t = 90, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=36_500))]
    pub audit_address_retention_days: u16,
    /// Threads that answer requests, 1 to 256. Without it, as many as there are cores.
    #[arg(long, env = "REMACTO_WORKERS", value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    /// Connections for reading, 1 to 100; PostgreSQL takes up to 8 more for writing. Without it, 8 to PostgreSQL and one for each worker to SQLite.
    #[arg(long, env = "REMACTO_DB_CONNECTIONS", value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub db_connections: Option<u32>,
    /// How long a request's head may take to arrive, and a body may pause, in milliseconds, 1000 to 60000. A client that leaves an answer unread for twelve times as long is cut off.
    #[arg(long, env = "REMACTO_HEAD_TIMEOUT_MS", default_value_t = 5_000, value_name = "MS", value_parser = clap::value_parser!(u64).range(1_000..=60_000))]
    pub head_timeout_ms: u64,
    /// How long a whole request body may take, however fast it comes, in seconds, 1 to 3600: a list to be imported has up to 32 MiB.
    #[arg(long, env = "REMACTO_BODY_TIMEOUT_S", default_value_t = 300, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub body_timeout_s: u64,
    /// How long a request may wait for the database and its answer, in milliseconds, 100 to 60000.
    #[arg(long, env = "REMACTO_REQUEST_TIMEOUT_MS", default_value_t = 10_000, value_name = "MS", value_parser = clap::value_parser!(u64).range(100..=60_000))]
    pub request_timeout_ms: u64,
    /// How long a shutdown waits for requests under way, in seconds, 0 to 300.
    #[arg(long, env = "REMACTO_SHUTDOWN_TIMEOUT_S", default_value_t = 30, value_name = "S", value_parser = clap::value_parser!(u16).range(0..=300))]
    pub shutdown_timeout_s: u16,
}

impl ServeArgs {
    /// What the database is for.
    ///
    /// # Errors
    /// A sentence that names the setting, when a demonstration would listen on more than loopback.
    pub fn purpose(&self) -> Result<Purpose, String> {
        if !self.demo {
            return Ok(Purpose::Service);
        }
        let operations = match self.ops_bind {
            OpsBind::Off => None,
            OpsBind::At(address) => Some(("--ops-bind (REMACTO_OPS_BIND)", address)),
        };
        for (setting, address) in [("--bind (REMACTO_BIND)", self.bind)].into_iter().chain(operations) {
            if !address.ip().is_loopback() {
                return Err(format!("{setting}: --demo listens on loopback only, not on {address}"));
            }
        }
        Ok(Purpose::Demonstration)
    }

    /// [`ServeArgs::public_url`], or what follows from the address that the API listens at.
    #[must_use]
    pub fn public_url(&self, address: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{address}"))
    }

    /// The outside issuers whose tokens are believed.
    ///
    /// # Errors
    /// A sentence that names the setting and the file.
    pub fn issuers(&self) -> Result<Vec<Issuer>, String> {
        let Some(file) = &self.issuers else { return Ok(Vec::new()) };
        let refused = |why: String| format!("--issuers (REMACTO_ISSUERS): the file {} {why}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| refused(format!("can't be read: {error}")))?;
        issuers::read(&text).map_err(refused)
    }

    /// Which log lines are written, where a file says it.
    ///
    /// # Errors
    /// A sentence that names the setting and the file.
    pub fn log_levels(&self) -> Result<Option<String>, String> {
        let Some(file) = &self.log_levels else { return Ok(None) };
        let refused = |why: String| format!("--log-levels (REMACTO_LOG_LEVELS): the file {} {why}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| refused(format!("can't be read: {error}")))?;
        let text = text.trim().to_owned();
        logging::check(&text).map_err(refused)?;
        Ok(Some(text))
    }

    /// The keys that tokens are signed with.
    ///
    /// # Errors
    /// A sentence that names the setting or the file, and quotes no key.
    pub fn keys(&self, target: &Target) -> Result<Keys, String> {
        const SETTING: &str = "--signing-keys (REMACTO_SIGNING_KEYS)";
        match (&self.signing_keys, target) {
            (Some(SigningKeys(value)), _) if value.contains("-----BEGIN ") => {
                Keys::read(&value.replace("\\n", "\n")).map_err(|why| format!("{SETTING}: the value {why}"))
            }
            (Some(SigningKeys(files)), _) => {
                let read = |file: &str| {
                    std::fs::read_to_string(file.trim()).map_err(|error| format!("{SETTING}: the file {file}: {error}"))
                };
                let texts: Result<Vec<String>, String> = files.split(',').map(read).collect();
                Keys::read(&texts?.join("\n")).map_err(|why| format!("{SETTING}: the file {files} {why}"))
            }
            (None, Target::Sqlite(path)) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                Keys::of_folder(folder.unwrap_or_else(|| Path::new(".")))
            }
            (None, Target::Postgres(_)) => Err(format!(
                "{SETTING}: PostgreSQL needs it, because each instance would make keys that the others don't know; remacto key create makes one"
            )),
        }
    }

    /// How long what is spent or personal is kept.
    #[must_use]
    pub fn retention(&self) -> Periods {
        let days = |days: u16| Days::new(days.into());
        Periods {
            feed: days(self.feed_retention_days),
            sessions: days(self.session_retention_days),
            focal_points: days(self.focal_point_retention_days),
            accounts: days(self.account_retention_days),
            contribution_contacts: days(self.contribution_contact_retention_days),
            audit_addresses: days(self.audit_address_retention_days),
        }
    }

    /// [`ServeArgs::workers`], or as many as there are cores.
    #[must_use]
    pub fn workers(&self) -> u32 {
        let cores = || std::thread::available_parallelism().ok().and_then(|cores| u32::try_from(cores.get()).ok());
        self.workers.map(u32::from).or_else(cores).unwrap_or(2)
    }

    /// [`ServeArgs::db_connections`], or what suits a database: SQLite's readers compete for the cores with the
    /// workers; a connection to PostgreSQL spends most of its time waiting for it.
    #[must_use]
    pub fn connections(&self, target: &Target) -> u32 {
        let suitable = match target {
            Target::Sqlite(_) => self.workers(),
            Target::Postgres(_) => self.workers().max(8),
        };
        self.db_connections.unwrap_or(suitable)
    }

    /// [`ServeArgs::request_timeout_ms`] as a duration.
    #[must_use]
    pub const fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }
}

/// The settings of `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Folder for datapackage.json, catalog.jsonld and exports/; made when it is missing.
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,
    /// The address under which the outside reaches the API; the catalogue names it.
    #[arg(long, env = "REMACTO_PUBLIC_URL", value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = parse_origin)]
    pub public_url: String,
    /// The licence of the network's own data: CC-BY-4.0, CC0-1.0, ODbL-1.0 or ODC-By-1.0.
    #[arg(long, env = "REMACTO_DATA_LICENCE", default_value = "CC-BY-4.0", value_name = "SPDX")]
    pub data_licence: DataLicence,
}

/// The setting of `healthcheck`.
#[derive(Debug, Clone, Args)]
pub struct HealthcheckArgs {
    /// Address and port of the API.
    #[arg(long, env = "REMACTO_BIND", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT", value_parser = parse_address)]
    pub bind: SocketAddr,
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let text = text.replace("localhost:", "127.0.0.1:");
    text.parse().map_err(|_unused: std::net::AddrParseError| {
        "must be address:port, like 127.0.0.1:8080 or [::1]:8080".to_owned()
    })
}

fn parse_origin(text: &str) -> Result<String, String> {
    let is_origin = parse_url(text).is_ok_and(|url| {
        let (_, authority) = text.split_once("://").unwrap_or_default();
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte);
        text.starts_with(url.scheme()) && authority.bytes().all(is_plain)
    });
    let refused = || "must be an origin in lower case, like https://portal.example, without a path".to_owned();
    is_origin.then(|| text.to_owned()).ok_or_else(refused)
}

/// A licence for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataLicence {
    /// SPDX identifier.
    pub code: &'static str,
    /// Where its text is.
    pub url: &'static str,
}

impl DataLicence {
    const ALL: [Self; 4] = [
        Self { code: "CC-BY-4.0", url: "https://creativecommons.org/licenses/by/4.0/" },
        Self { code: "CC0-1.0", url: "https://creativecommons.org/publicdomain/zero/1.0/" },
        Self { code: "ODbL-1.0", url: "https://opendatacommons.org/licenses/odbl/1-0/" },
        Self { code: "ODC-By-1.0", url: "https://opendatacommons.org/licenses/by/1-0/" },
    ];
}

impl FromStr for DataLicence {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|licence| licence.code == text);
        found.ok_or("must be one of CC-BY-4.0, CC0-1.0, ODbL-1.0, ODC-By-1.0")
    }
}

/// What `RUST_LOG` says: which log lines are written.
#[must_use]
pub fn log_filter() -> env_logger::Env<'static> {
    env_logger::Env::new().filter_or("RUST_LOG", "info")
}
