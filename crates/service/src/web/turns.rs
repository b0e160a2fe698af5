//! Whose list arrives and is imported next. A process holds few lists in memory and imports one at a time; an account has one
//! upload with its import under way, and those who wait are served in the order in which they came. So an account that sends
//! one list after the other stands behind everybody else each time. The counts are those of one process; that one import runs
//! at a time on the whole database is for the database to say.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::http::header;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::problem::{IMPORT_IN_PROGRESS, IMPORT_RUNNING, Problem};

/// How many lists may arrive at once; each takes up to 32 MiB.
const MOST_UPLOADS: usize = 4;
/// How many accounts may have an upload under way or wait for it.
const MOST_ACCOUNTS: usize = 64;
/// How long somebody waits for a place or a turn before being told to come again.
const MOST_WAIT: Duration = Duration::from_mins(1);
/// When an account that has an import under way may ask again, in seconds.
const RETRY_AFTER_S: &str = "5";

/// The places and turns of a process.
#[derive(Clone)]
pub struct Turns {
    accounts: Arc<Mutex<HashSet<String>>>,
    places: Arc<Semaphore>,
    imports: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            accounts: Arc::default(),
            places: Arc::new(Semaphore::new(MOST_UPLOADS)),
            imports: Arc::new(Semaphore::new(1)),
        }
    }
}

/// The right of an account to have an upload under way, until it is dropped.
#[derive(Debug)]
struct Admission {
    account: String,
    accounts: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.account);
    }
}

/// A place for a list in memory, until it is dropped.
#[derive(Debug)]
pub struct Place {
    // Fields are dropped in this order: the account may come again when its place is free.
    _permit: OwnedSemaphorePermit,
    _admission: Admission,
}

/// The right to import, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Turns {
    /// A place for the list of an account, which is waited for.
    ///
    /// # Errors
    /// 429 for an account that has one already, 503 when too many wait or for too long.
    pub async fn place(&self, account: &str) -> Result<Place, Problem> {
        let admission = self.admit(account)?;
        let permit = waited(&self.places).await?;
        Ok(Place { _permit: permit, _admission: admission })
    }

    /// The turn to import, which is waited for.
    ///
    /// # Errors
    /// 503 when that takes too long.
    pub async fn turn(&self) -> Result<Turn, Problem> {
        Ok(Turn { _permit: waited(&self.imports).await? })
    }

    fn admit(&self, account: &str) -> Result<Admission, Problem> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.contains(account) {
            let detail = "An upload or import of this account is under way; an account has one at a time.";
            return Err(Problem::new(&IMPORT_IN_PROGRESS, detail).with_header(header::RETRY_AFTER, RETRY_AFTER_S));
        }
        if accounts.len() >= MOST_ACCOUNTS {
            return Err(Problem::new(&IMPORT_RUNNING, "Too many lists wait to be imported."));
        }
        accounts.insert(account.to_owned());
        Ok(Admission { account: account.to_owned(), accounts: Arc::clone(&self.accounts) })
    }
}

/// The next permit: those who wait get theirs in the order in which they came.
async fn waited(permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    let late =
        |_late| Problem::new(&IMPORT_RUNNING, "Other lists are imported before this one; it waited for a minute.");
    let permit = timeout(MOST_WAIT, Arc::clone(permits).acquire_owned()).await.map_err(late)?;
    permit.map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::Future,
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    /// What a future says when it is asked once; with nothing that wakes it, time does not pass for it.
    fn ask<T>(future: &mut Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    fn in_runtime(test: impl FnOnce()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        test();
    }

    #[test]
    fn an_account_has_one_upload_and_another_when_that_is_over() {
        in_runtime(|| {
            let turns = Turns::default();
            let first = ask(&mut pin!(turns.place("a"))).unwrap().unwrap();
            let refused = ask(&mut pin!(turns.place("a"))).unwrap().unwrap_err();
            assert_eq!(refused.body("").code, "import_in_progress");
            let other = ask(&mut pin!(turns.place("b"))).unwrap();
            assert!(other.is_ok(), "another account is not concerned");
            drop(first);
            assert!(ask(&mut pin!(turns.place("a"))).unwrap().is_ok());
        });
    }

    #[test]
    fn who_sends_list_after_list_stands_behind_everybody_who_waits() {
        in_runtime(|| {
            let turns = Turns::default();
            let mut held: Vec<Place> = ["greedy", "b", "c", "d"]
                .map(|account| ask(&mut pin!(turns.place(account))).unwrap().unwrap())
                .into_iter()
                .collect();
            let mut waiting = pin!(turns.place("modest"));
            assert!(ask(&mut waiting).is_none(), "all places are taken");
            drop(held.remove(0));
            let mut again = pin!(turns.place("greedy"));
            assert!(ask(&mut again).is_none(), "the place that became free is promised to who waits");
            let modest = ask(&mut waiting).unwrap().unwrap();
            assert!(ask(&mut again).is_none());
            drop(modest);
            assert!(ask(&mut again).is_some());
        });
    }

    #[test]
    fn imports_take_turns_in_the_order_in_which_their_lists_are_there() {
        in_runtime(|| {
            let turns = Turns::default();
            let running = ask(&mut pin!(turns.turn())).unwrap().unwrap();
            let (mut first, mut second) = (pin!(turns.turn()), pin!(turns.turn()));
            assert!(ask(&mut first).is_none() && ask(&mut second).is_none());
            drop(running);
            assert!(ask(&mut second).is_none());
            let running = ask(&mut first).unwrap().unwrap();
            assert!(ask(&mut second).is_none());
            drop(running);
            assert!(ask(&mut second).unwrap().is_ok());
        });
    }

    #[test]
    fn those_who_wait_are_bounded_and_leave_nothing_behind() {
        in_runtime(|| {
            let turns = Turns::default();
            let admitted: Vec<_> = (0..MOST_ACCOUNTS).map(|at| turns.admit(&at.to_string()).unwrap()).collect();
            let refused = turns.admit("one more").unwrap_err();
            assert_eq!(refused.body("").code, "import_running");
            drop(admitted);
            assert!(turns.accounts.lock().unwrap().is_empty());
            {
                let taken: Vec<Place> = (0..MOST_UPLOADS)
                    .map(|at| ask(&mut pin!(turns.place(&at.to_string()))).unwrap().unwrap())
                    .collect();
                let mut gone = pin!(turns.place("gone"));
                assert!(ask(&mut gone).is_none() && taken.len() == MOST_UPLOADS);
            }
            assert!(turns.accounts.lock().unwrap().is_empty(), "a client that went away no longer waits");
        });
    }
}
