//! How documents are made in the transaction that changes them. They are rendered before others have to wait. Then the counter of
//! changes is locked, so that every other publication waits until this one has committed, and what others have published since
//! the rendering decides whether it is done again: so each document is made of all that was published before.

use std::collections::{BTreeSet, HashMap};

use super::{
    Body, Dependency, Publication,
    store::{self, Stored, Written},
};
use crate::{
    db::{CHUNK, Change, Conn, Hooks, Operation, Publisher, StoreError, Touched, Tx, current_sequence},
    kernel::{id::Identifier, kind::Kind},
};

/// All kinds that have documents, those first whose facts others show, and the hooks of their rooms.
#[derive(Debug)]
pub struct Registry {
    kinds: &'static [Publication],
    hooks: &'static [&'static dyn Hooks],
}

/// A resource whose document is to be made, changed or removed.
struct Difference {
    id: Identifier,
    before: Option<Body>,
    after: Option<Body>,
    /// Whether the resource is there, published or not.
    is_there: bool,
}

impl Difference {
    const fn is_new(&self) -> bool {
        self.before.is_none() && self.after.is_some()
    }
}

/// What a publication comes to, kind by kind in their order.
struct Plan {
    /// The number of the last change before it was made.
    since: i64,
    /// The kinds of what was written: others may show facts of it.
    sources: BTreeSet<Kind>,
    /// Whether the public reads, or has read, anything of it.
    is_public: bool,
    /// What is not there any more and was not published.
    gone: Vec<Identifier>,
    /// Everything that was rendered, whether it differs or not.
    rendered: Touched,
    differences: Vec<(&'static Publication, Vec<Difference>)>,
}

impl Registry {
    /// Of these kinds, in the order of [`Kind`], and the hooks of their rooms.
    #[must_use]
    pub const fn new(kinds: &'static [Publication], hooks: &'static [&'static dyn Hooks]) -> Self {
        Self { kinds, hooks }
    }

    /// The kinds, in their order.
    #[must_use]
    pub const fn kinds(&self) -> &'static [Publication] {
        self.kinds
    }

    /// Whether each kind stands behind those whose facts it shows, in the order of [`Kind`].
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        let shows_earlier = |publication: &Publication| {
            publication.dependencies.iter().all(|dependency| dependency.on < publication.kind)
        };
        self.kinds.is_sorted_by_key(|publication| publication.kind) && self.kinds.iter().all(shows_earlier)
    }

    /// Adds those resources to the touched ones that show facts which differ.
    fn touch_dependents(
        &self,
        conn: &mut Conn,
        on: Kind,
        differences: &[Difference],
        touched: &mut Touched,
    ) -> Result<(), StoreError> {
        for publication in self.kinds {
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
    fn hooks(&self) -> &'static [&'static dyn Hooks] {
        self.hooks
    }

    fn representation(&self) -> i64 {
        self.kinds.iter().map(|publication| publication.representation).max().unwrap_or_default()
    }

    fn publish(&self, tx: &mut Tx<'_>, touched: Touched) -> Result<bool, StoreError> {
        // What takes long is done before others have to wait, and again where they have been faster.
        let since = current_sequence(tx.conn)?;
        let mut plan = self.plan(tx.conn, since, touched.clone())?;
        if !plan.gone.is_empty() {
            store::take_withdrawn(tx.conn, &plan.gone.iter().collect::<Vec<_>>())?;
        }
        if !plan.is_public {
            return Ok(false);
        }
        if tx.lock_sequence()? != since && self.is_outdated(tx.conn, &plan)? {
            plan = self.plan(tx.conn, since, touched)?;
        }
        carry_out(tx, plan)?;
        Ok(true)
    }
}

impl Registry {
    /// Renders what was touched, and what shows facts of it that differ.
    fn plan(&self, conn: &mut Conn, since: i64, mut touched: Touched) -> Result<Plan, StoreError> {
        let mut sources: BTreeSet<Kind> = touched.keys().copied().collect();
        let (mut rendered, mut differences, mut gone, mut is_public) = (Touched::new(), Vec::new(), Vec::new(), false);
        for publication in self.kinds {
            let Some(ids) = touched.remove(&publication.kind) else { continue };
            let mut found = Vec::new();
            let all: Vec<&Identifier> = ids.iter().collect();
            for ids in all.chunks(CHUNK) {
                let compared = compare(conn, publication, ids)?;
                found.extend(compared.differences);
                gone.extend(compared.gone);
                is_public |= compared.is_public;
            }
            self.touch_dependents(conn, publication.kind, &found, &mut touched)?;
            sources.insert(publication.kind);
            rendered.insert(publication.kind, ids);
            differences.push((publication, found));
        }
        Ok(Plan { since, sources, is_public, gone, rendered, differences })
    }

    /// Whether something has been published since a plan was made that it could show, or that could show something of it: the
    /// same resources, others of a kind whose facts they show, or others of a kind that shows facts of theirs.
    fn is_outdated(&self, conn: &mut Conn, plan: &Plan) -> Result<bool, StoreError> {
        let mut related = BTreeSet::new();
        for publication in self.kinds {
            for Dependency { on, .. } in publication.dependencies {
                if plan.rendered.contains_key(&publication.kind) {
                    related.insert(*on);
                }
                if plan.sources.contains(on) {
                    related.insert(publication.kind);
                }
            }
        }
        let concerns = |(kind, id): &(Kind, Identifier)| {
            related.contains(kind) || plan.rendered.get(kind).is_some_and(|ids| ids.contains(id))
        };
        match store::changed_since(conn, plan.since)? {
            Some(changed) => Ok(changed.iter().any(concerns)),
            None => Ok(true),
        }
    }
}

/// What comparing some resources came to.
#[derive(Default)]
struct Compared {
    differences: Vec<Difference>,
    /// Whether any of them is published, or was.
    is_public: bool,
    /// Those that are not there any more and were not published.
    gone: Vec<Identifier>,
}

/// Compares the documents of some resources of a kind with what the rows say.
fn compare(conn: &mut Conn, publication: &Publication, ids: &[&Identifier]) -> Result<Compared, StoreError> {
    let mut stored = store::stored(conn, ids)?;
    let mut rendered: HashMap<Identifier, Option<Body>> = (publication.render)(conn, ids)?.into_iter().collect();
    let mut compared = Compared::default();
    for id in ids.iter().copied() {
        let before = stored.remove(id).map(|Stored { body, .. }| body);
        let found = rendered.remove(id);
        let (is_there, after) = (found.is_some(), found.flatten());
        let is_same = match (&before, &after) {
            (Some(before), Some(after)) => before.tells_the_same(after),
            (before, after) => before.is_none() && after.is_none(),
        };
        compared.is_public |= before.is_some() || after.is_some();
        if before.is_none() && !is_there {
            compared.gone.push(id.clone());
        }
        if !is_same {
            compared.differences.push(Difference { id: id.clone(), before, after, is_there });
        }
    }
    Ok(compared)
}

/// Writes what differs and announces it: first what was made or changed, then what was removed, so that what belongs to something
/// goes before it.
fn carry_out(tx: &mut Tx<'_>, plan: Plan) -> Result<(), StoreError> {
    let mut removals = Vec::new();
    for (publication, differences) in plan.differences {
        let (mut written, mut removed, mut withdrawn) = (Vec::new(), Vec::new(), Vec::new());
        let new: Vec<&Identifier> = differences.iter().filter(|found| found.is_new()).map(|found| &found.id).collect();
        let earlier = store::take_withdrawn(tx.conn, &new)?;
        for Difference { id, before, after, is_there } in differences {
            let change = |operation, version| Change { kind: publication.kind, id: id.clone(), operation, version };
            let former = before.as_ref().map(Body::version).transpose()?;
            match (former, after) {
                (_, Some(after)) => {
                    // The first version goes on from the row's, or from the last one that was published.
                    let last = former.or_else(|| earlier.get(&id).copied()).unwrap_or_default();
                    let (operation, version) = match former {
                        Some(_) => (Operation::Updated, last + 1),
                        None => (Operation::Created, after.version()?.max(last + 1)),
                    };
                    let body = after.at(version, tx.now())?;
                    let sequence = tx.announce(change(operation, version))?;
                    let (changed_at, is_replaced) = (tx.now().naive_utc(), former.is_some());
                    tx.keep_document(&id, body.as_str());
                    written.push(Written { id, body, sequence, changed_at, is_replaced });
                }
                (Some(former), None) => {
                    let operation = if is_there { Operation::Unpublished } else { Operation::Deleted };
                    removals.push(change(operation, former + 1));
                    if is_there {
                        withdrawn.push((id.clone(), former + 1));
                    }
                    removed.push(id);
                }
                (None, None) => {}
            }
        }
        store::remove(tx.conn, &removed)?;
        store::note_withdrawn(tx.conn, &withdrawn)?;
        store::write(tx.conn, (publication.kind, publication.representation), written)?;
    }
    for removal in removals.into_iter().rev() {
        tx.announce(removal)?;
    }
    Ok(())
}
