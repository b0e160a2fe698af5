//! Notes everything that the suite logs and every secret that it uses, so that `tests/log.rs` can look for the ones in
//! the other when the suite has ended. Secrets are noted where they pass: in what the client sends and receives.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use log::{Level, LevelFilter, Log, Metadata, Record};
use serde_json::Value;

/// Notes older than this are of an earlier run.
const OLD: Duration = Duration::from_hours(1);

/// What hands a secret over, by its name in a body.
const SECRETS: [&str; 9] = [
    "access_token",
    "client_secret",
    "current_password",
    "new_password",
    "password",
    "receipt",
    "refresh_token",
    "secret",
    "token",
];
/// What is about a person, by its name in a body: the person may read it in an answer, and nobody in a log.
const PERSONAL: [&str; 3] = ["email", "full_name", "phone"];

/// The files of this process.
struct Notes {
    /// The log and the metrics.
    log: Mutex<File>,
    /// Refusals, which must not repeat a secret.
    refusals: Mutex<File>,
    secrets: Mutex<File>,
    personal: Mutex<File>,
}

static NOTES: LazyLock<Notes> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("suite-log");
    fs::create_dir_all(&folder).expect("a folder for notes");
    for entry in fs::read_dir(&folder).expect("the folder can be read").flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > OLD) {
            // Another process may have done so.
            let _ = fs::remove_file(entry.path());
        }
    }
    let file = |kind: &str| {
        let path: PathBuf = folder.join(format!("{}.{kind}", std::process::id()));
        Mutex::new(File::create(path).expect("a file for notes"))
    };
    Notes { log: file("log"), refusals: file("refusals"), secrets: file("secrets"), personal: file("personal") }
});

fn write(file: &Mutex<File>, line: &str) {
    let mut file = file.lock().expect("no test panics while holding this");
    file.write_all(format!("{}\n", line.replace('\n', " ")).as_bytes()).expect("notes can be written");
}

struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The client's own words are not the server's; what moves every byte would drown the rest.
        let target = metadata.target();
        let is_clients = target.starts_with("ureq") || target.starts_with("rustls");
        !is_clients && (metadata.level() <= Level::Debug || target.starts_with("remacto"))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            write(&NOTES.log, &format!("{} {} {}", record.level(), record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

/// Notes all that is logged from now on.
pub fn listen() {
    // Only the first server of a process sets it.
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(LevelFilter::Trace);
    }
}

/// Notes a secret.
pub fn secret(text: &str) {
    write(&NOTES.secrets, text);
}

/// Notes what the operations listener shows.
pub fn shown(text: &str) {
    text.lines().for_each(|line| write(&NOTES.log, line));
}

/// Notes what is secret in a request.
pub fn sent(headers: &[(&str, &str)], body: &str) {
    for (_, value) in headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
        let Some((_, credentials)) = value.split_once(' ') else { continue };
        secret(credentials);
        let basic = STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((_, password)) = basic.as_deref().and_then(|basic| basic.split_once(':')) {
            secret(password);
        }
    }
    match serde_json::from_str(body) {
        Ok(body) => look_into(&body),
        Err(_no_json) => form_urlencoded::parse(body.as_bytes())
            .filter(|(name, _)| SECRETS.contains(&&**name))
            .for_each(|(_, value)| secret(&value)),
    }
}

/// Notes what is secret in an answer, and the answer itself if it is a refusal.
pub fn received(status: u16, body: &[u8]) {
    if let Ok(body) = serde_json::from_slice(body) {
        look_into(&body);
    }
    if status >= 400 {
        write(&NOTES.refusals, &String::from_utf8_lossy(body));
    }
}

fn look_into(value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(look_into),
        Value::Object(properties) => {
            for (name, value) in properties {
                match value {
                    Value::String(text) if SECRETS.contains(&name.as_str()) => secret(text),
                    Value::String(text) if PERSONAL.contains(&name.as_str()) => write(&NOTES.personal, text),
                    other => look_into(other),
                }
            }
        }
        _ => {}
    }
}
