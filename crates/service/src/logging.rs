//! The log on standard error, whose levels can be changed while the process runs.

use std::{
    io::Write as _,
    str::FromStr as _,
    sync::{OnceLock, PoisonError, RwLock},
};

use env_logger::{Builder, Env};
use log::{LevelFilter, Log, Metadata, Record};

use crate::kernel::clock;

/// The log of this process.
static LOG: OnceLock<Replaceable> = OnceLock::new();

/// A log that hands on to another one.
struct Replaceable(RwLock<env_logger::Logger>);

impl Replaceable {
    fn with<T>(&self, work: impl FnOnce(&env_logger::Logger) -> T) -> T {
        work(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Log for Replaceable {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.with(|log| log.enabled(metadata))
    }

    fn log(&self, record: &Record<'_>) {
        self.with(|log| log.log(record));
    }

    fn flush(&self) {
        self.with(Log::flush);
    }
}

/// A line for each record: when, how grave, which module, what. Further lines of a text are indented, so that no text looks like
/// a record of its own.
fn build(builder: &mut Builder) -> env_logger::Logger {
    let line = |out: &mut env_logger::fmt::Formatter, record: &Record<'_>| {
        let at = clock::now().format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let text = record.args().to_string().replace('\n', "\n    ");
        writeln!(out, "[{at} {:<5} {}] {text}", record.level(), record.target())
    };
    builder.format(line).build()
}

/// Begins to log what the environment says. Where another log was begun before, that one stays.
pub fn start(environment: Env<'_>) {
    let log = build(&mut Builder::from_env(environment));
    let filter = log.filter();
    if log::set_logger(LOG.get_or_init(|| Replaceable(RwLock::new(log)))).is_ok() {
        log::set_max_level(filter);
    }
}

/// Logs what a [checked](check) text says from now on, in the syntax of `RUST_LOG`.
pub fn set_levels(text: &str) {
    let log = build(Builder::new().parse_filters(text));
    let filter = log.filter();
    if let Some(replaceable) = LOG.get() {
        *replaceable.0.write().unwrap_or_else(PoisonError::into_inner) = log;
        log::set_max_level(filter);
    }
}

/// Whether a text is a list of levels, each for everything or for a module: a misspelt level would be taken for a module,
/// and nothing would be logged.
///
/// # Errors
/// A predicate for a sentence about the text.
pub fn check(text: &str) -> Result<(), String> {
    for part in text.split(',') {
        let (module, level) = part.split_once('=').map_or((None, part), |(module, level)| (Some(module), level));
        let is_module =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:".contains(&b));
        if LevelFilter::from_str(level).is_err() || module.is_some_and(|module| !is_module(module)) {
            return Err(format!(
                "has {part:?}, which is neither a level (error, warn, info, debug, trace, off) nor module=level"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_strictly() {
        for good in ["info", "warn,remacto_db=debug,remacto_service::auth=info", "off", "INFO,actix_server=error"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "inof", "info,", "remacto", "remacto::db=loud", "=info", "info, debug", "a b=info", "info/x"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
