//! What a change is, and where a reader of the feed may begin. Pure.

mod digest;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::{
    codes::{Pattern, codes},
    id::Identifier,
};

pub use crate::kernel::{generation::Generation, kind::Kind as Resource};

pub use self::digest::{ByRegion, Canonical, Digested, Mirror, Profile, Register};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChangeOperation)]
pub enum Op {
    /// The resource became public.
    Created,
    /// A public property changed.
    Updated,
    /// It is gone; this entry is its tombstone.
    Deleted,
    /// It is no longer public; for a copy the same as gone.
    Unpublished,
}

codes!(Op { Created => "created", Updated => "updated", Deleted => "deleted", Unpublished => "unpublished" });

/// An entry of the feed.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number.
    pub sequence: i64,
    /// The collection.
    pub resource: Resource,
    /// The resource's id.
    pub id: Identifier,
    /// What happened.
    pub op: Op,
    /// The resource's version after it.
    pub version: i64,
    /// When it was written.
    pub at: DateTime<Utc>,
}

/// The name of a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name(pub String);

impl std::str::FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sound = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if sound && (1..=40).contains(&text.len()) { Ok(Self(text.to_owned())) } else { Err("names no column") }
    }
}

impl Pattern for Name {
    fn pattern() -> String {
        "[a-z0-9_]{1,40}".to_owned()
    }
}

/// How far the feed reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Which database it is.
    pub generation: Generation,
    /// The number up to which changes are no longer kept.
    pub forgotten: i64,
    /// The number of the last change.
    pub last: i64,
}

/// Where a collection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// Which database it is.
    pub generation: Generation,
    /// The number of the last change of any collection.
    pub sequence: i64,
    /// The number of its own last change that is kept; where none is, up to which none are.
    pub own: i64,
    /// When that was written.
    pub at: NaiveDateTime,
    /// How often something was written that the feed does not tell.
    pub unannounced: i64,
}

impl State {
    /// The state of the collection alone.
    #[must_use]
    pub const fn of_collection(self) -> Self {
        Self { sequence: 0, ..self }
    }
}

/// Why a reader can't go on from a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The copy is of another database, or of this one before a backup was restored.
    Elsewhere,
    /// Changes behind it are no longer kept.
    Forgotten,
    /// It is ahead of the last change: the copy is of another database, or this one was restored from a backup.
    Ahead,
}

impl Extent {
    /// Whether a reader who has seen everything up to a number, of a generation if that is known, can go on from there.
    ///
    /// # Errors
    /// Why not.
    pub fn admits(self, since: i64, generation: Option<Generation>) -> Result<(), Lost> {
        if generation.is_some_and(|generation| generation != self.generation) {
            Err(Lost::Elsewhere)
        } else if since < self.forgotten {
            Err(Lost::Forgotten)
        } else if since > self.last {
            Err(Lost::Ahead)
        } else {
            Ok(())
        }
    }
}

/// From where a reader goes on after a page that began behind `since`: behind its last entry where it is full, else
/// behind everything that had happened when the page was read, entries of other resources among it.
#[must_use]
pub fn next_since(last_entry: Option<i64>, is_full: bool, extent: Extent) -> i64 {
    match last_entry {
        Some(sequence) if is_full => sequence,
        // An entry may be newer than the extent, which was read before it.
        Some(sequence) => sequence.max(extent.last),
        None => extent.last,
    }
}

/// How long a reader waits for a change, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub u8);

/// The longest wait.
pub const LONGEST_WAIT: u8 = 25;

impl std::str::FromStr for Wait {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(seconds @ 0..=LONGEST_WAIT) if digits => Ok(Self(seconds)),
            _ => Err("is not a whole number of seconds from 0 to 25"),
        }
    }
}

impl Pattern for Wait {
    fn pattern() -> String {
        "(0|[1-9]|1[0-9]|2[0-5])".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;
    use proptest::prelude::*;

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(Op::ALL, Op::as_str);
    }

    #[test]
    fn a_reader_goes_on_from_what_is_kept() {
        let generation = Generation::begun();
        let extent = Extent { generation, forgotten: 10, last: 20 };
        assert_eq!(extent.admits(9, None), Err(Lost::Forgotten));
        assert_eq!((extent.admits(10, None), extent.admits(20, Some(generation))), (Ok(()), Ok(())));
        assert_eq!(extent.admits(21, Some(generation)), Err(Lost::Ahead));
        assert_eq!(extent.admits(15, Some(Generation::begun())), Err(Lost::Elsewhere));
    }

    proptest! {
        #[test]
        fn a_reader_never_goes_back_and_never_past_what_it_has_seen(since in 0i64..100, more in 0i64..100, newer in 0i64..3, full: bool, any: bool) {
            let extent = Extent { generation: Generation::begun(), forgotten: 0, last: since + more };
            let entry = any.then_some((since + more + newer).max(since + 1));
            let next = next_since(entry, full && any, extent);
            prop_assert!(next >= since);
            prop_assert!(next <= entry.unwrap_or(extent.last).max(extent.last));
        }
    }
}
