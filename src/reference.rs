//! The reference data that is embedded in the binary, and how it gets into a database: once for each state of
//! the data, each set in one transaction, however many instances start at the same time.

use sha2::{Digest as _, Sha256};

use crate::{
    charter,
    db::{Actor, Db, StoreError, Tx, loaded_digest, note_loaded},
    network, territories,
};

/// Who loads reference data.
const LOADER: Actor = Actor::System("reference data");

/// A set of reference data.
struct Set {
    name: &'static str,
    /// The embedded files; their digest tells one state of the data from another.
    files: &'static [&'static str],
    /// Makes the stored data that of the files and returns how many resources it touched.
    load: fn(&mut Tx<'_>) -> Result<usize, StoreError>,
}

/// All sets, those that others refer to first.
const SETS: &[Set] = &[
    Set { name: "territories", files: territories::REFERENCE, load: territories::load_reference },
    Set { name: "network", files: network::REFERENCE, load: network::load_reference },
    Set { name: "charter", files: charter::REFERENCE, load: charter::load_reference },
];

/// Loads every set that the database does not have in the state of this binary, and returns the names of
/// those, with how many resources each touched.
///
/// # Errors
/// The database's, or [`StoreError::Corrupt`] with the file and line of a fault in the embedded data.
pub fn load(db: &Db) -> Result<Vec<(&'static str, usize)>, StoreError> {
    let mut loaded = Vec::new();
    for set in SETS {
        let digest = digest(set.files);
        if db.read_blocking(|conn| loaded_digest(conn, set.name))?.as_ref() == Some(&digest) {
            continue;
        }
        let touched = db.write_blocking(&LOADER, |tx| {
            tx.exclude_others()?;
            // Another instance may have loaded it while this one waited.
            if loaded_digest(tx.conn, set.name)?.as_ref() == Some(&digest) {
                return Ok(0);
            }
            let touched = (set.load)(tx)?;
            note_loaded(tx, set.name, &digest)?;
            Ok::<_, StoreError>(touched)
        })?;
        loaded.push((set.name, touched));
    }
    Ok(loaded)
}

fn digest(files: &[&str]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.len().to_le_bytes());
        hash.update(file.as_bytes());
    }
    hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
