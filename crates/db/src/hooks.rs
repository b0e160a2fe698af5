//! Hooks: what a room does when a room below it writes something that the upper room's resources belong to. Upper rooms register
//! their hooks beside the published kinds, so a lower room needs to know no table of theirs.

use std::fmt::Debug;

use kernel::{id::Identifier, kind::Kind};

use super::{Conn, StoreError, Tx};

/// A reason why a resource can't be deleted or hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The code of the reason.
    pub code: &'static str,
    /// The reason, a sentence.
    pub detail: String,
}

/// All reasons why a resource can't be deleted or hidden.
#[derive(Debug, Default)]
pub struct Objections {
    /// The reasons, in the order of the rooms.
    pub reasons: Vec<Objection>,
    /// Whether something unpublished is a reason as well. The caller may not see it, so it is told only that there is something.
    pub has_unpublished: bool,
}

impl Objections {
    /// Adds a reason if `count` is above zero. The sentence is the count and what follows it: `3` and `evaluations are about it.`
    pub fn add(&mut self, code: &'static str, count: i64, sentence: &str) {
        if count > 0 {
            self.reasons.push(Objection { code, detail: format!("{count} {sentence}") });
        }
    }

    /// Returns how many rows are published, given the number of rows for each value of the column `publication`. Sets
    /// `has_unpublished` if there are others.
    pub fn count_published(&mut self, counts: Vec<(String, i64)>) -> i64 {
        self.has_unpublished |= counts.iter().any(|(publication, _)| publication != "published");
        counts.into_iter().filter(|(publication, _)| publication == "published").map(|(_, count)| count).sum()
    }
}

/// A resource by its kind and id.
pub type ResourceRef<'a> = (Kind, &'a Identifier);

/// What is about to be taken away, about which other rooms are asked.
#[derive(Debug, Clone, Copy)]
pub enum Removal<'a> {
    /// A published resource is hidden again.
    Hiding(Kind, &'a Identifier),
    /// A resource is deleted.
    Deletion(Kind, &'a Identifier),
    /// An axis is removed from its programme.
    Axis(&'a Identifier),
}

/// The hooks of a room. The lower room calls them within the transaction that writes. A hook ignores kinds to which nothing of its
/// room belongs.
#[expect(unused_variables, reason = "a room that has nothing to do ignores what it is told")]
pub trait Hooks: Debug + Sync {
    /// Adds the room's objections to a removal.
    ///
    /// # Errors
    /// The database's.
    fn object(&self, conn: &mut Conn, to: Removal<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        Ok(())
    }

    /// Locks the rows that name a resource that is about to be deleted. The caller locks the resource afterwards, in the order in
    /// which writers of these rows lock.
    ///
    /// # Errors
    /// The database's.
    fn lock_for_deletion(&self, conn: &mut Conn, of: ResourceRef<'_>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Removes, or marks as touched, what is deleted together with a resource. The caller deletes the resource next.
    ///
    /// # Errors
    /// The database's.
    fn before_deletion(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Publishes or hides what belongs to a resource that has just been published or hidden.
    ///
    /// # Errors
    /// The database's.
    fn visibility_changed(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>, is_public: bool) -> Result<(), StoreError> {
        Ok(())
    }

    /// Copies the regions of these territories to what belongs to the members that are seated there. The caller splits a long list
    /// of codes into calls of at most [`CHUNK`](super::CHUNK).
    ///
    /// # Errors
    /// The database's.
    fn territories_changed(&self, tx: &mut Tx<'_>, codes: &[&str]) -> Result<(), StoreError> {
        Ok(())
    }
}
