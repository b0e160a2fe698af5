//! Runs a shell command when this process ends, however it ends: a child waits on a pipe that only the
//! process's end closes.

use std::{
    process::{Command, Stdio},
    sync::Mutex,
};

/// The pipes that are held open until the process ends.
static HELD: Mutex<Vec<std::process::Child>> = Mutex::new(Vec::new());

/// Runs `script` (with `arguments` as `$1`, `$2`, …) at the end of this process.
pub fn at_exit(script: &str, arguments: &[&str]) {
    let child = Command::new("sh")
        .arg("-c")
        .arg(format!("trap '' INT TERM HUP; read -r _; {script}"))
        .arg("watchdog")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("sh starts");
    HELD.lock().expect("no test panics while holding this").push(child);
}
