//! What rooms do when a room below them writes something that their resources belong to. Rooms register their hooks with the
//! kinds that are published, so that no room needs to know the tables of those above it.

use std::fmt::Debug;

use kernel::{id::Identifier, kind::Kind};

use super::{Conn, StoreError, Tx};

/// A reason why a resource stays: others have a part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The code of the reason.
    pub code: &'static str,
    /// The reason, a sentence.
    pub detail: String,
}

impl Objection {
    /// An objection if there is anything of what it is about; `detail` is given how many.
    pub fn of_count(code: &'static str, count: i64, detail: impl FnOnce(i64) -> String) -> Option<Self> {
        (count > 0).then(|| Self { code, detail: detail(count) })
    }
}

/// Why a resource can't be deleted or hidden.
#[derive(Debug, Default)]
pub struct Objections {
    /// The reasons, in the order of the rooms.
    pub reasons: Vec<Objection>,
    /// Whether there is another one that who asks may not know: it is not published.
    pub has_unpublished: bool,
}

impl Objections {
    /// Adds a reason, if there is one.
    pub fn add(&mut self, reason: Option<Objection>) {
        self.reasons.extend(reason);
    }

    /// How many are published, of numbers by the column `publication`; notes whether there are others.
    pub fn count_published(&mut self, counts: Vec<(String, i64)>) -> i64 {
        self.has_unpublished |= counts.iter().any(|(publication, _)| publication != "published");
        counts.into_iter().filter(|(publication, _)| publication == "published").map(|(_, count)| count).sum()
    }
}

/// A resource by its kind and id.
pub type Of<'a> = (Kind, &'a Identifier);

/// The hooks of a room. Each is called within the transaction that writes, and does nothing for kinds that the room has nothing
/// of.
#[expect(unused_variables, reason = "a room that has nothing to do ignores what it is told")]
pub trait Hooks: Debug + Sync {
    /// Adds why a published resource can't be hidden again.
    ///
    /// # Errors
    /// The database's.
    fn object_to_hiding(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        Ok(())
    }

    /// Adds why a resource can't be deleted.
    ///
    /// # Errors
    /// The database's.
    fn object_to_deletion(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        Ok(())
    }

    /// Adds why an axis of a programme can't be taken away.
    ///
    /// # Errors
    /// The database's.
    fn object_to_axis_removal(
        &self,
        conn: &mut Conn,
        axis_id: &Identifier,
        objections: &mut Objections,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// Locks what could come to belong to a resource that is about to be deleted, before the resource itself is locked.
    ///
    /// # Errors
    /// The database's.
    fn lock_for_deletion(&self, conn: &mut Conn, of: Of<'_>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Takes away or notes what goes with a resource, which is deleted next.
    ///
    /// # Errors
    /// The database's.
    fn before_deletion(&self, tx: &mut Tx<'_>, of: Of<'_>) -> Result<(), StoreError> {
        Ok(())
    }

    /// Shows or hides what belongs to a resource that was published or hidden.
    ///
    /// # Errors
    /// The database's.
    fn visibility_changed(&self, tx: &mut Tx<'_>, of: Of<'_>, is_public: bool) -> Result<(), StoreError> {
        Ok(())
    }

    /// Gives what belongs to members on these territories the regions in which these are now; `codes` is one of several pieces.
    ///
    /// # Errors
    /// The database's.
    fn territories_changed(&self, tx: &mut Tx<'_>, codes: &[&str]) -> Result<(), StoreError> {
        Ok(())
    }
}
