//! Which database the settings name. Decided once, at the start, with everything that would otherwise go
//! wrong silently: an unknown scheme, a missing host, a connection that would leave the machine in plain text.

use std::{fmt, path::PathBuf};

/// The database to open.
#[derive(Clone)]
pub enum Target {
    /// The embedded database in a file; its folder must exist.
    Sqlite(PathBuf),
    /// A PostgreSQL server, as libpq's connection URI.
    Postgres(PostgresUrl),
}

/// A libpq connection URI. It may hold a password, so it never prints itself.
#[derive(Clone)]
pub struct PostgresUrl(String);

/// Why a `DATABASE_URL` can't be used; a complete sentence about the setting that never quotes the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Neither `postgres://` nor `postgresql://` nor `sqlite:`.
    #[error("must begin with postgres://, postgresql:// or sqlite: (followed by a path)")]
    Scheme,
    /// No host: libpq would take one from its own environment variables.
    #[error("must name a host, or the socket's folder as ?host=/folder")]
    Host,
    /// A parameter that is no `sslmode` of libpq's.
    #[error("has an sslmode other than disable, allow, prefer, require, verify-ca, verify-full")]
    SslMode,
    /// This build has no TLS and the host is another machine.
    #[error(
        "names a host other than this machine, and this build has no TLS: build with --features postgres-tls, or say sslmode=disable where the network itself is trusted"
    )]
    PlainText,
}

impl Target {
    /// Reads a `DATABASE_URL`.
    ///
    /// # Errors
    /// [`TargetError`], see there.
    pub fn parse(url: &str) -> Result<Self, TargetError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(TargetError::Scheme) } else { Ok(Self::Sqlite(PathBuf::from(path))) };
        }
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let rest = rest.ok_or(TargetError::Scheme)?;
        check_transport(rest, cfg!(feature = "postgres-tls"))?;
        Ok(Self::Postgres(PostgresUrl(url.to_owned())))
    }
}

/// The rules about host and `sslmode` for what follows the scheme, with or without TLS in this build.
fn check_transport(rest: &str, tls: bool) -> Result<(), TargetError> {
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = before_query.split('/').next().unwrap_or_default();
    let address = authority.rsplit('@').next().unwrap_or_default();
    let mut hosts: Vec<String> = address.split(',').map(|one| host_of(one).to_owned()).collect();
    let mut ssl_mode = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "host" | "hostaddr" => hosts.extend(value.split(',').map(str::to_owned)),
            "sslmode" => ssl_mode = Some(value.into_owned()),
            _ => {}
        }
    }
    hosts.retain(|host| !host.is_empty());
    if hosts.is_empty() {
        return Err(TargetError::Host);
    }
    let known = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    if ssl_mode.as_deref().is_some_and(|mode| !known.contains(&mode)) {
        return Err(TargetError::SslMode);
    }
    let stays_here = hosts.iter().all(|host| is_this_machine(host));
    if tls || stays_here || ssl_mode.as_deref() == Some("disable") { Ok(()) } else { Err(TargetError::PlainText) }
}

/// The host of `host`, `host:port` or `[v6]:port`.
fn host_of(address: &str) -> &str {
    match address.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => address.split(':').next().unwrap_or_default(),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.starts_with('/')
        || host.starts_with("%2F")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl PostgresUrl {
    /// The URI with a bound on how long a connection may take, unless it says one itself.
    #[must_use]
    pub fn with_connect_timeout(&self, seconds: u32) -> String {
        if self.0.contains("connect_timeout=") {
            return self.0.clone();
        }
        let joint = if self.0.contains('?') { '&' } else { '?' };
        format!("{}{joint}connect_timeout={seconds}", self.0)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresUrl(***)")
    }
}

/// What the database is, for people and logs, without any secret.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite {}", path.display()),
            Self::Postgres(_) => f.write_str("PostgreSQL"),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_never_leaves_the_machine_unasked() {
        for here in ["u:p@localhost/db", "127.0.0.1:5433/db", "u@[::1]:5432/db", "/db?host=/var/run", "%2Ftmp/db"] {
            assert_eq!(check_transport(here, false), Ok(()), "{here}");
        }
        for away in [
            "u:p@db.example/db",
            "10.0.0.1/db?sslmode=prefer",
            "u:p@ss@db/db",
            "localhost,db.example/db",
            "localhost/db?hostaddr=10.1.1.1",
        ] {
            assert_eq!(check_transport(away, false), Err(TargetError::PlainText), "{away}");
            assert_eq!(check_transport(away, true), Ok(()), "{away}");
        }
        assert_eq!(check_transport("db/x?sslmode=disable", false), Ok(()));
        assert_eq!(check_transport("db/x?sslmode=of course", false), Err(TargetError::SslMode));
        assert_eq!(check_transport("/db", false), Err(TargetError::Host));
    }

    #[test]
    fn the_scheme_chooses_the_database() {
        assert!(matches!(Target::parse("sqlite:/tmp/x.db"), Ok(Target::Sqlite(_))));
        assert!(matches!(Target::parse("sqlite://x.db"), Ok(Target::Sqlite(_))));
        assert!(matches!(Target::parse("postgresql://localhost/x"), Ok(Target::Postgres(_))));
        assert_eq!(Target::parse("mysql://localhost/x").unwrap_err(), TargetError::Scheme);
        assert_eq!(Target::parse("x.db").unwrap_err(), TargetError::Scheme);
    }

    #[test]
    fn a_password_is_not_printed() {
        let target = Target::parse("postgres://u:hunter2@localhost/x").unwrap();
        assert!(!format!("{target:?} {target}").contains("hunter2"));
    }
}
