//! The data that is embedded in the binary, and how it gets into a database: once for each state of the data,
//! each set in one transaction, however many instances start at the same time. Demonstration data goes only into
//! databases that were made for it, and they say so: neither is it ever mistaken for the real list, nor is a real
//! database ever shown as a demonstration. The columns that are made from texts by folding are made anew in the same way
//! when the folding changes.

use sha2::{Digest as _, Sha256};

pub use crate::config::Purpose;
use crate::{
    action_programs, assessments, charter, consultations,
    db::{Actor, Db, Deed, StoreError, Tx, any_loaded, loaded_digest, note_loaded},
    evaluations, exchange, focal_points, indicators,
    kernel::{fold, text::hex},
    members, network, territories,
};

/// Who loads reference data.
const LOADER: Actor = Actor::System("reference data");

/// How often loading is tried again where other writers are in the way.
const ATTEMPTS: u32 = 3;

/// A set of data.
struct Set {
    name: &'static str,
    /// The embedded files, or what else tells one state of the data from another by its digest.
    files: &'static [&'static str],
    /// Makes the stored data that of the files and returns how many resources it touched.
    load: fn(&mut Tx<'_>) -> Result<usize, StoreError>,
}

/// The columns that are made from texts by folding. They come before all data, which is compared with what is there.
const FOLDED: Set = Set { name: "folded columns", files: &[fold::VERSION], load: refold };

/// The reference data, those sets first that others refer to.
const REFERENCE: &[Set] = &[
    Set { name: "territories", files: territories::REFERENCE, load: territories::load_reference },
    Set { name: "members", files: members::NAMED, load: members::load_named },
    Set { name: "network", files: network::REFERENCE, load: network::load_reference },
    Set { name: "charter", files: charter::REFERENCE, load: charter::load_reference },
];

/// Makes every folded column anew: the program folds texts in another way than the one that made them.
fn refold(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let registers = territories::refold(tx)? + members::refold(tx)?;
    Ok(registers + action_programs::refold(tx)? + indicators::refold(tx)? + exchange::refold(tx)?)
}

/// What a demonstration adds.
const DEMONSTRATION: &[Set] = &[
    Set { name: "illustrative members", files: members::ILLUSTRATIVE, load: members::load_illustrative },
    Set { name: "illustrative focal points", files: focal_points::ILLUSTRATIVE, load: focal_points::load_illustrative },
    Set { name: "illustrative programmes", files: action_programs::FILES, load: action_programs::load_illustrative },
    Set {
        name: "illustrative consultations",
        files: consultations::ILLUSTRATIVE,
        load: consultations::load_illustrative,
    },
    Set { name: "illustrative evaluations", files: evaluations::FILES, load: evaluations::load_illustrative },
    Set { name: "illustrative exchange", files: exchange::FILES, load: exchange::load_illustrative },
    Set { name: "illustrative assessments", files: assessments::ILLUSTRATIVE, load: assessments::load_illustrative },
    Set { name: "illustrative indicators", files: indicators::ILLUSTRATIVE, load: indicators::load_illustrative },
];

/// The name under which a database notes that it was made for demonstration.
const MARK: &str = "demonstration";

/// Why a database can't be filled.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It holds something, and was not made for demonstration.
    #[error(
        "--demo was not the one that made this database, and won't touch it: name another with --data-dir or --database-url"
    )]
    NotForDemonstration,
    /// It was made for demonstration.
    #[error("this database holds demonstration data: serve it with --demo, or name another one")]
    ForDemonstration,
    /// The database's refusal.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes sure, without writing, that a database with a schema can be used for the purpose.
///
/// # Errors
/// [`LoadError`].
pub fn check(db: &Db, purpose: Purpose) -> Result<(), LoadError> {
    let (marked, filled) = db.read_blocking(|conn| Ok((loaded_digest(conn, MARK)?.is_some(), any_loaded(conn)?)))?;
    judge(purpose, marked, filled).map(drop)
}

/// Whether the database has yet to be marked.
fn judge(purpose: Purpose, marked: bool, filled: bool) -> Result<bool, LoadError> {
    match (purpose, marked) {
        (Purpose::Service, false) | (Purpose::Demonstration, true) => Ok(false),
        (Purpose::Service, true) => Err(LoadError::ForDemonstration),
        (Purpose::Demonstration, false) if filled => Err(LoadError::NotForDemonstration),
        (Purpose::Demonstration, false) => Ok(true),
    }
}

/// Marks a database into which nothing was loaded yet as one for demonstration, if that is the purpose.
///
/// # Errors
/// [`LoadError`].
fn claim(db: &Db, purpose: Purpose) -> Result<(), LoadError> {
    if purpose == Purpose::Service {
        return check(db, purpose);
    }
    db.write_blocking(&LOADER, |tx| {
        // Another instance may be about to fill it for another purpose.
        tx.exclude_others()?;
        if judge(purpose, loaded_digest(tx.conn, MARK)?.is_some(), any_loaded(tx.conn)?)? {
            note_loaded(tx, MARK, &digest(&[MARK]))?;
        }
        Ok(())
    })
}

/// Loads every set that the database does not have in the state of this binary, and returns the names of
/// those, with how many resources each touched.
///
/// # Errors
/// [`LoadError`]; [`StoreError::Corrupt`] names the file and line of a fault in the embedded data.
pub fn load(db: &Db, purpose: Purpose) -> Result<Vec<(&'static str, usize)>, LoadError> {
    claim(db, purpose)?;
    let demonstration = if purpose == Purpose::Demonstration { DEMONSTRATION } else { &[] };
    let mut loaded = Vec::new();
    for set in std::iter::once(&FOLDED).chain(REFERENCE).chain(demonstration) {
        let digest = digest(set.files);
        if db.read_blocking(|conn| loaded_digest(conn, set.name))?.as_ref() == Some(&digest) {
            continue;
        }
        let load = |tx: &mut Tx<'_>| {
            tx.exclude_others()?;
            // Another instance may have loaded it while this one waited, or claimed the database.
            judge(purpose, loaded_digest(tx.conn, MARK)?.is_some(), true)?;
            if loaded_digest(tx.conn, set.name)?.as_ref() == Some(&digest) {
                return Ok(0);
            }
            let touched = (set.load)(tx)?;
            note_loaded(tx, set.name, &digest)?;
            tx.audit(Deed::loaded(set.name, touched));
            Ok::<_, LoadError>(touched)
        };
        let mut outcome = db.write_blocking(&LOADER, load);
        // Writers who are at the same rows may have been faster.
        for _ in 0..ATTEMPTS {
            if !matches!(outcome, Err(LoadError::Store(StoreError::Contended(_)))) {
                break;
            }
            outcome = db.write_blocking(&LOADER, load);
        }
        let touched = outcome?;
        // A new database has nothing that was folded before.
        if touched > 0 || set.name != FOLDED.name {
            loaded.push((set.name, touched));
        }
    }
    Ok(loaded)
}

fn digest(files: &[&str]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.len().to_le_bytes());
        hash.update(file.as_bytes());
    }
    hex(&hash.finalize())
}
