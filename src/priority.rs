//! How readily a thread gives way to others. Hashing a password takes a core for tens of milliseconds; what has little to
//! do should not wait so long for a processor because somebody signs in. Linux has a nice value for each thread; elsewhere
//! all stay alike.

/// How nice a thread that gives way is, 0 to 19: each level leaves it four fifths of the share that it had, of a processor
/// that somebody else wants, too.
const NICENESS: i32 = 12;

/// Makes the calling thread give way to all others, for ever: nobody may take it back without special rights.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        log::debug!("a thread can't give way: {error}");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_thread_itself_gives_way() {
        let of_thread = || rustix::process::getpriority_process(None).unwrap();
        let before = of_thread();
        let other = std::thread::spawn(move || {
            give_way();
            of_thread()
        });
        assert_eq!(other.join().unwrap(), before.max(NICENESS));
        assert_eq!(of_thread(), before);
    }
}
