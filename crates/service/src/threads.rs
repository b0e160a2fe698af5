//! Threads for what would keep others from theirs: those that speak HTTP must never wait, and those that the database has
//! are as few as its connections. Hashing a password takes a core for tens of milliseconds besides, so its thread gives
//! way to all others. Linux has a nice value for each thread; elsewhere all stay alike.

use tokio::sync::oneshot;

/// Does something that takes long on a thread of its own; a new thread costs less than a tenth of a millisecond. Nothing
/// comes back when there can be none, or when the work panicked.
pub async fn apart<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (answer, answered) = oneshot::channel();
    let work = move || {
        // Who has gone away needs no answer.
        let _ = answer.send(work());
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(work).ok()?;
    answered.await.ok()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn what_is_done_apart_comes_back_unless_it_panics() {
        assert_eq!(apart("a", || 1).await, Some(1));
        assert_eq!(apart("b", || assert_eq!(1, 2)).await, None);
    }

    #[cfg(target_os = "linux")]
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
