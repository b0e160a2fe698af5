//! How documents are made in the transaction that changes them. Every other publication waits until this one has committed, so
//! each document is made of what has been published before.

use std::collections::HashMap;

use super::{
    Body, Dependency, Publication,
    store::{self, Stored, Written},
};
use crate::{
    db::{CHUNK, Change, Conn, Operation, Publisher, StoreError, Touched, Tx},
    kernel::{id::Identifier, kind::Kind},
};

/// All kinds that have documents, those first whose facts others show.
#[derive(Debug)]
pub struct Registry(&'static [Publication]);

/// A resource whose document was made, changed or removed.
struct Difference {
    id: Identifier,
    before: Option<Body>,
    after: Option<Body>,
}

impl Registry {
    /// Of these kinds, in the order of [`Kind`].
    #[must_use]
    pub const fn new(kinds: &'static [Publication]) -> Self {
        Self(kinds)
    }

    /// The kinds, in their order.
    #[must_use]
    pub const fn kinds(&self) -> &'static [Publication] {
        self.0
    }

    /// Whether each kind stands behind those whose facts it shows, in the order of [`Kind`].
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        let shows_earlier = |publication: &Publication| {
            publication.dependencies.iter().all(|dependency| dependency.on < publication.kind)
        };
        self.0.is_sorted_by_key(|publication| publication.kind) && self.0.iter().all(shows_earlier)
    }

    /// Adds those resources to the touched ones that show facts which differ. Of a kind without documents, all facts may differ.
    fn touch_dependents(
        &self,
        conn: &mut Conn,
        on: Kind,
        differences: &[Difference],
        touched: &mut Touched,
    ) -> Result<(), StoreError> {
        for publication in self.0 {
            for dependency in publication.dependencies.iter().filter(|dependency| dependency.on == on) {
                let changed: Vec<&Identifier> =
                    differences.iter().filter(|found| found.shows(dependency)).map(|found| &found.id).collect();
                if !changed.is_empty() {
                    let found = (dependency.find)(conn, &changed)?;
                    touched.entry(publication.kind).or_default().extend(found);
                }
            }
        }
        Ok(())
    }
}

impl Difference {
    /// Whether a fact differs that the dependency names.
    fn shows(&self, dependency: &Dependency) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                dependency.facts.iter().any(|fact| before.property(fact) != after.property(fact))
            }
            _ => true,
        }
    }
}

impl Publisher for Registry {
    fn publishes(&self, kind: Kind) -> bool {
        self.0.iter().any(|publication| publication.kind == kind)
    }

    fn is_concerned(&self, kind: Kind) -> bool {
        let dependencies = || self.0.iter().flat_map(|publication| publication.dependencies);
        self.publishes(kind) || dependencies().any(|dependency| dependency.on == kind)
    }

    fn representation(&self) -> i64 {
        self.0.iter().map(|publication| publication.representation).max().unwrap_or_default()
    }

    fn publish(&self, tx: &mut Tx<'_>, mut touched: Touched) -> Result<(), StoreError> {
        tx.lock_sequence()?;
        let without_documents: Vec<Kind> = touched.keys().copied().filter(|kind| !self.publishes(*kind)).collect();
        for kind in without_documents {
            let ids = touched.remove(&kind).unwrap_or_default().into_iter();
            let written: Vec<Difference> = ids.map(|id| Difference { id, before: None, after: None }).collect();
            self.touch_dependents(tx.conn, kind, &written, &mut touched)?;
        }
        let mut removals = Vec::new();
        for publication in self.0 {
            let ids: Vec<Identifier> = touched.remove(&publication.kind).unwrap_or_default().into_iter().collect();
            for ids in ids.chunks(CHUNK) {
                let differences = publish_some(tx, publication, ids, &mut removals)?;
                self.touch_dependents(tx.conn, publication.kind, &differences, &mut touched)?;
            }
        }
        // What belongs to something goes before it.
        for removal in removals.into_iter().rev() {
            tx.announce(removal)?;
        }
        Ok(())
    }
}

/// Makes the documents of some resources of a kind, and announces what was made or changed; what was removed is to be announced
/// when everything else has been.
fn publish_some(
    tx: &mut Tx<'_>,
    publication: &Publication,
    ids: &[Identifier],
    removals: &mut Vec<Change>,
) -> Result<Vec<Difference>, StoreError> {
    let ids: Vec<&Identifier> = ids.iter().collect();
    let mut stored = store::stored(tx.conn, &ids)?;
    let mut rendered: HashMap<Identifier, Option<Body>> = (publication.render)(tx.conn, &ids)?.into_iter().collect();
    let (mut written, mut removed, mut differences) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let before = stored.remove(id).map(|Stored { body, .. }| body);
        let after = rendered.remove(id);
        let change =
            |operation, version| Change { resource: publication.kind.into(), id: id.clone(), operation, version };
        let after = match (&before, after) {
            (Some(before), Some(Some(after))) if before.tells_the_same(&after) => continue,
            (None, None | Some(None)) => continue,
            (before, Some(Some(after))) => {
                let (operation, version) = match before {
                    Some(before) => (Operation::Updated, before.version()? + 1),
                    // The first version goes on from the row's.
                    None => (Operation::Created, after.version()?),
                };
                let body = after.at(version, tx.now())?;
                let sequence = tx.announce(change(operation, version))?;
                let (id, changed_at, is_replaced) = (id.clone(), tx.now().naive_utc(), before.is_some());
                written.push(Written { id, body: body.clone(), sequence, changed_at, is_replaced });
                Some(body)
            }
            (Some(before), there) => {
                let operation = if there.is_some() { Operation::Unpublished } else { Operation::Deleted };
                removals.push(change(operation, before.version()? + 1));
                removed.push(id.clone());
                None
            }
        };
        differences.push(Difference { id: id.clone(), before, after });
    }
    store::remove(tx.conn, &removed)?;
    store::write(tx.conn, (publication.kind, publication.representation), written)?;
    Ok(differences)
}
