//! Making documents anew from the rows, and proving that they are what the rows say.

use std::collections::HashMap;

use super::{
    Body, Publication, Registry,
    store::{self, Stored, Written},
};
use crate::{
    db::{Actor, Conn, Db, Publisher as _, StoreError, Tx, snapshot},
    kernel::{id::Identifier, kind::Kind},
};

/// Who makes documents anew.
const REINDEXER: Actor = Actor::System("reindex");

/// How often a part is tried where other writers are in the way.
const ATTEMPTS: u32 = 3;

/// How many resources are read and written at once.
const BATCH: usize = 500;

/// A document that is not what the rows say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    /// The kind.
    pub kind: Kind,
    /// The resource's id.
    pub id: Identifier,
    /// What is stored; nothing where a document is missing.
    pub stored: Option<String>,
    /// What the rows say; nothing where there should be no document.
    pub expected: Option<String>,
}

/// How documents differ from what the rows say, and what would mend it.
#[derive(Default)]
struct Comparison {
    written: Vec<Written>,
    /// What has a document and should have none; with its last version where the resource is still there.
    removed: Vec<(Identifier, Option<i64>)>,
    discrepancies: Vec<Discrepancy>,
}

/// Makes the documents of every kind anew whose form is not the one of this binary, or of all kinds, and returns how many were
/// written. Neither version nor feed know of it. From its beginning older binaries can publish no more, and this one not before
/// its end; reads go on. What was done until an interruption need not be done again, since each batch is a transaction.
///
/// # Errors
/// The database's; [`StoreError::Superseded`] where a newer binary has begun to do the same.
pub fn reindex(db: &Db, registry: &Registry, all: bool) -> Result<usize, StoreError> {
    let own = registry.representation();
    let (forms, complete) = db.read_blocking(|conn| Ok((store::forms(conn)?, store::complete(conn)?)))?;
    if forms != (own, own) {
        locked(db, own, |tx, _| store::claim(tx, own))?;
    }
    let mut written = 0;
    for publication in registry.kinds() {
        let is_complete = complete.get(publication.kind.as_str()) == Some(&publication.representation);
        if all || !is_complete {
            written += reindex_kind(db, own, publication)?;
        }
    }
    if forms != (own, own) {
        locked(db, own, |tx, _| store::note_all_complete(tx, own))?;
    }
    Ok(written)
}

/// Does a part of the work while nobody publishes, unless a newer binary has begun to make documents; `work` is given the number
/// of the last change. It is tried again where other writers are in the way.
fn locked<T>(
    db: &Db,
    own: i64,
    mut work: impl FnMut(&mut Tx<'_>, i64) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut attempt = || {
        db.write_blocking(&REINDEXER, |tx| {
            let sequence = tx.exclude_publications()?;
            let (claimed, _) = store::forms(tx.conn)?;
            if claimed > own { Err(StoreError::Superseded) } else { work(tx, sequence) }
        })
    };
    for _ in 1..ATTEMPTS {
        match attempt() {
            Err(StoreError::Contended(_)) => {}
            outcome => return outcome,
        }
    }
    attempt()
}

fn reindex_kind(db: &Db, own: i64, publication: &Publication) -> Result<usize, StoreError> {
    let (mut after, mut written) = (None::<Identifier>, 0);
    loop {
        let (last, count) = locked(db, own, |tx, sequence| {
            let (ids, last) = batch(tx.conn, publication, after.as_ref())?;
            let compared = compare(tx.conn, publication, &ids.iter().collect::<Vec<_>>(), sequence)?;
            let count = compared.written.len() + compared.removed.len();
            apply(tx, publication, compared)?;
            if count > 0 {
                tx.note_unannounced()?;
            }
            if last.is_none() {
                store::note_complete(tx, publication.kind, publication.representation)?;
            }
            Ok((last, count))
        })?;
        written += count;
        if last.is_none() {
            return Ok(written);
        }
        after = last;
    }
}

/// Whether the documents are those of this binary.
///
/// # Errors
/// The database's.
pub fn is_complete(db: &Db, registry: &Registry) -> Result<bool, StoreError> {
    let own = registry.representation();
    Ok(db.read_blocking(store::forms)? == (own, own))
}

fn apply(tx: &mut Tx<'_>, publication: &Publication, compared: Comparison) -> Result<(), StoreError> {
    let Comparison { mut written, removed, .. } = compared;
    let withdrawn: Vec<(Identifier, i64)> =
        removed.iter().filter_map(|(id, last)| Some((id.clone(), (*last)?))).collect();
    let removed: Vec<Identifier> = removed.into_iter().map(|(id, _)| id).collect();
    store::remove(tx.conn, &removed)?;
    store::note_withdrawn(tx.conn, &withdrawn)?;
    let new: Vec<&Identifier> = written.iter().filter(|new| !new.is_replaced).map(|new| &new.id).collect();
    let earlier = store::take_withdrawn(tx.conn, &new)?;
    for document in &mut written {
        if let Some(last) = earlier.get(&document.id) {
            let (version, updated_at) = (document.body.version()?.max(last + 1), document.body.updated_at()?);
            document.body = document.body.at(version, updated_at)?;
        }
    }
    store::write(tx.conn, (publication.kind, publication.representation), written)
}

/// The documents that are not what the rows say, of all kinds, from one state of the data; at most `most`.
///
/// # Errors
/// The database's.
pub fn check(db: &Db, registry: &Registry, most: usize) -> Result<Vec<Discrepancy>, StoreError> {
    db.read_blocking(|conn| {
        snapshot(conn, |conn| {
            let mut found = Vec::new();
            for publication in registry.kinds() {
                let mut after = None;
                while found.len() < most {
                    let (ids, last) = batch(conn, publication, after.as_ref())?;
                    found.extend(compare(conn, publication, &ids.iter().collect::<Vec<_>>(), 0)?.discrepancies);
                    if last.is_none() {
                        break;
                    }
                    after = last;
                }
            }
            found.truncate(most);
            Ok(found)
        })
    })
}

/// The resources of a kind behind an id, some of them, with those documents among them that have no resource any more; and the
/// last id where there may be more.
fn batch(
    conn: &mut Conn,
    kind: &Publication,
    after: Option<&Identifier>,
) -> Result<(Vec<Identifier>, Option<Identifier>), StoreError> {
    let mut ids = store::ids(conn, kind.table, after, BATCH)?;
    let last = if ids.len() < BATCH { None } else { ids.last().cloned() };
    ids.extend(store::ids_between(conn, kind.kind, after, last.as_ref())?);
    ids.sort_unstable();
    ids.dedup();
    Ok((ids, last))
}

/// Compares documents with what the rows say. A document that is there keeps its version, time and number.
fn compare(
    conn: &mut Conn,
    publication: &Publication,
    ids: &[&Identifier],
    sequence: i64,
) -> Result<Comparison, StoreError> {
    let mut rendered: HashMap<Identifier, Option<Body>> = (publication.render)(conn, ids)?.into_iter().collect();
    let mut stored = store::stored(conn, ids)?;
    let mut comparison = Comparison::default();
    for id in ids.iter().copied() {
        let before = stored.remove(id);
        let found = rendered.remove(id);
        let is_there = found.is_some();
        let after = found.flatten();
        let after = match (&before, after) {
            (Some(before), Some(body)) => Some(body.as_of(&before.body)?),
            (_, after) => after,
        };
        let is_same = before.as_ref().map(|before| &before.body) == after.as_ref();
        if !is_same {
            let text = |body: &Body| body.as_str().to_owned();
            comparison.discrepancies.push(Discrepancy {
                kind: publication.kind,
                id: id.clone(),
                stored: before.as_ref().map(|before| text(&before.body)),
                expected: after.as_ref().map(text),
            });
        }
        match (before, after) {
            (Some(before), None) => {
                let last = if is_there { Some(before.body.version()?) } else { None };
                comparison.removed.push((id.clone(), last));
            }
            (None, Some(body)) => {
                let (id, changed_at) = (id.clone(), body.updated_at()?.naive_utc());
                comparison.written.push(Written { id, body, sequence, changed_at, is_replaced: false });
            }
            (Some(before), Some(body)) if !is_same || before.representation != publication.representation => {
                let (id, Stored { sequence, changed_at, .. }) = (id.clone(), before);
                comparison.written.push(Written { id, body, sequence, changed_at, is_replaced: true });
            }
            _ => {}
        }
    }
    Ok(comparison)
}
