//! What a resource must offer so that lists of it can be imported: reading a row (pure), planning what rows come to
//! without writing anything, and carrying the plan out. The import itself, with its guards and reports, is one piece
//! for all of them.

use chrono::NaiveDate;

use super::{Conn, StoreError, Tx};
use kernel::register::{Column, Fault, Ledger, RowReader, Source};

/// How many rows are planned at once.
pub const CHUNK: usize = 2_000;

/// Who keeps a list.
#[derive(Debug, Clone)]
pub struct Keeper {
    /// Whose list it is.
    pub source: Source,
    /// The id of the only member that the list may be about; of all where there is none.
    pub member: Option<String>,
}

/// A resource of which lists can be imported.
pub trait Importable: Sized {
    /// A row as it was read.
    type Row: Send + 'static;
    /// What is known beforehand of what the rows are about.
    type Context;
    /// What a row makes of the store.
    type Write;

    /// The columns of its lists, the natural key among them.
    const COLUMNS: &'static [Column];
    /// Whether its resources have a source, so that a list can stand for all of a source.
    const HAS_SOURCES: bool;

    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn read(row: RowReader<'_>, today: NaiveDate) -> Result<Self::Row, Vec<Fault>>;

    /// Finds out what the rows of a keeper's list are about, and puts them into the order of their natural keys, so that
    /// nothing depends on their order in the file.
    ///
    /// # Errors
    /// The database's.
    fn prepare(
        tx: &mut Tx<'_>,
        keeper: &Keeper,
        rows: &mut Vec<Self::Row>,
        ledger: &mut Ledger,
    ) -> Result<Self::Context, StoreError>;

    /// What some of the rows come to.
    ///
    /// # Errors
    /// The database's.
    fn plan(
        tx: &mut Tx<'_>,
        context: &mut Self::Context,
        rows: Vec<Self::Row>,
        ledger: &mut Ledger,
    ) -> Result<Vec<Self::Write>, StoreError>;

    /// Checks what can be said only of all rows together and, where the list stands for all of its source, ends what
    /// no row has named. Returns how many resources of the source were in force before.
    ///
    /// # Errors
    /// The database's.
    fn conclude(
        tx: &mut Tx<'_>,
        context: Self::Context,
        replaces: bool,
        writes: &mut Vec<Self::Write>,
        ledger: &mut Ledger,
    ) -> Result<usize, StoreError>;

    /// Carries the plan of a source's list out.
    ///
    /// # Errors
    /// The database's.
    fn apply(tx: &mut Tx<'_>, source: &Source, writes: Vec<Self::Write>) -> Result<(), StoreError>;
}

/// All of what a query of many keys finds, asked for in pieces that both databases take.
///
/// # Errors
/// The database's.
pub fn in_pieces<K, T>(
    conn: &mut Conn,
    keys: &[K],
    mut load: impl FnMut(&mut Conn, &[K]) -> Result<Vec<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    for piece in keys.chunks(CHUNK) {
        found.extend(load(conn, piece)?);
    }
    Ok(found)
}
