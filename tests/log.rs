//! Looks for every secret that the HTTP suite has used in everything that it has logged: the log, the metrics and the
//! refusals. It reads what `tests/api` has left, which Cargo runs before.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{collections::BTreeSet, fs, path::Path};

use aho_corasick::AhoCorasick;

/// What is shorter may stand in a log by chance.
const SHORTEST: usize = 8;

/// The notes of a kind, of all processes of the suite.
fn notes(kind: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("suite-log");
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let of_kind = entries.filter(|path| path.extension().is_some_and(|ending| ending == kind));
    of_kind.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()).collect()
}

fn secrets(kind: &str) -> BTreeSet<String> {
    notes(kind).lines().filter(|secret| secret.len() >= SHORTEST).map(str::to_owned).collect()
}

/// The lines of a text that have one of some words.
fn found<'a>(text: &'a str, words: &BTreeSet<String>) -> Vec<&'a str> {
    let words = AhoCorasick::new(words).unwrap();
    text.lines().filter(|line| words.is_match(*line)).take(10).collect()
}

#[test]
fn the_log_of_the_whole_suite_holds_none_of_its_secrets() {
    let (log, secrets, personal) = (notes("log"), secrets("secrets"), secrets("personal"));
    if log.is_empty() || secrets.is_empty() {
        assert!(std::env::var_os("CI").is_none(), "the suite has left no notes");
        println!("Nothing was looked for: run the whole `cargo test`.");
        return;
    }
    assert_eq!(found(&log, &secrets), [""; 0], "secrets in the log");
    assert_eq!(found(&log, &personal), [""; 0], "who it is about in the log");
    assert_eq!(found(&notes("refusals"), &secrets), [""; 0], "secrets in refusals");
    // What was looked for is what a whole run uses, and would be found.
    if std::env::var_os("CI").is_some() {
        assert!(
            log.lines().count() > 10_000 && secrets.len() > 500,
            "{} lines, {} secrets",
            log.lines().count(),
            secrets.len()
        );
    }
    let planted = format!("{log}\n{}", secrets.first().unwrap());
    assert_eq!(found(&planted, &secrets).len(), 1);
}
