//! What is public, as one document for each published resource: the write door makes it anew in the transaction that changes it,
//! and every reader takes it from there. A kind of resources declares itself once ([`Published`]) and stands in the registry.

mod answer;
mod body;
mod door;
mod page;
mod reindex;
mod store;

use serde::Serialize;

pub use self::{
    answer::{
        NoFrame, Shown, changed, changed_beside, completed, completed_rows, computed, listed, of_one_state, overlaid,
        presented, with_document,
    },
    body::Body,
    door::Registry,
    page::{ListRow, Listed, Selected, page, rows},
    reindex::{Discrepancy, check, is_complete, reindex},
    store::walk,
};
use crate::{
    db::{Conn, StoreError},
    kernel::{id::Identifier, kind::Kind},
};

/// A kind of published resources, as its documents show it.
pub trait Published: Serialize + Sized {
    /// The kind.
    const KIND: Kind;
    /// The form of the documents. It is raised whenever the same facts are written down differently: documents of an older form
    /// are then made anew. All kinds draw from one series of numbers.
    const REPRESENTATION: i64;
    /// The table whose rows are the resources, with their ids as `id`.
    const TABLE: &'static str;
    /// Which facts of other kinds a document shows.
    const DEPENDENCIES: &'static [Dependency] = &[];

    /// These resources as they are now, each with whether the public may read it; those that are gone are left out. A fixed number
    /// of statements. `version` and `updated_at` are those of the row; the document has its own.
    ///
    /// # Errors
    /// The database's.
    fn read(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<(bool, Self)>, StoreError>;

    /// The resource's id.
    fn id(&self) -> &str;

    /// The property that a document has without a value, with the JSON that a reader puts there: what is computed for a day, or
    /// what only this reader may see.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a value without a JSON form.
    fn overlay(&self) -> Result<Overlay, StoreError> {
        Ok(None)
    }
}

/// Declares a kind whose documents show only such facts of other kinds as never change, or whose change touches the documents by
/// itself (what belongs to a programme becomes visible with it, and follows its member to another region). `read` makes of what `find` finds whether it is public and how it
/// is represented, and `overlay` names the property that readers fill in.
macro_rules! published {
    ($out:ty {
        kind: $kind:ident,
        table: $table:literal,
        representation: $representation:literal,
        find: $find:path,
        read: |$found:ident| $read:expr $(,
        overlay: $overlay:ident)? $(,)?
    }) => {
        impl $crate::publishing::Published for $out {
            const KIND: $crate::kernel::kind::Kind = $crate::kernel::kind::Kind::$kind;
            const REPRESENTATION: i64 = $representation;
            const TABLE: &'static str = $table;

            fn read(
                conn: &mut $crate::db::Conn,
                ids: &[&$crate::kernel::id::Identifier],
            ) -> Result<Vec<(bool, Self)>, $crate::db::StoreError> {
                Ok($find(conn, ids)?.into_iter().map(|$found| $read).collect())
            }

            fn id(&self) -> &str {
                &self.id
            }
            $(
                fn overlay(&self) -> Result<$crate::publishing::Overlay, $crate::db::StoreError> {
                    Ok(Some((stringify!($overlay), $crate::db::json::write(&self.$overlay)?)))
                }
            )?
        }
    };
}
pub(crate) use published;

/// A property with the JSON that a reader puts there; nothing where documents are read as they are.
pub type Overlay = Option<(&'static str, String)>;

/// Facts of another kind that documents show.
#[derive(Debug, Clone, Copy)]
pub struct Dependency {
    /// The other kind, which stands before this one in the registry.
    pub on: Kind,
    /// The properties of its documents that are shown. Only when one of them differs are the documents made anew.
    pub facts: &'static [&'static str],
    /// The resources that show facts of these.
    pub find: fn(&mut Conn, &[&Identifier]) -> Result<Vec<Identifier>, StoreError>,
}

/// What [`Published::read`] finds: what the public may read as canonical JSON.
type Rendered = Vec<(Identifier, Option<Body>)>;

/// A kind in the registry.
#[derive(Debug, Clone, Copy)]
pub struct Publication {
    kind: Kind,
    representation: i64,
    table: &'static str,
    dependencies: &'static [Dependency],
    render: fn(&mut Conn, &[&Identifier]) -> Result<Rendered, StoreError>,
}

impl Publication {
    /// The entry of a kind.
    #[must_use]
    pub const fn of<P: Published>() -> Self {
        Self {
            kind: P::KIND,
            representation: P::REPRESENTATION,
            table: P::TABLE,
            dependencies: P::DEPENDENCIES,
            render: rendered::<P>,
        }
    }
}

fn rendered<P: Published>(conn: &mut Conn, ids: &[&Identifier]) -> Result<Rendered, StoreError> {
    let rendered = |(is_public, out): (bool, P)| {
        let id = Identifier::stored(out.id().to_owned());
        Ok((id, if is_public { Some(Body::of(&out)?) } else { None }))
    };
    P::read(conn, ids)?.into_iter().map(rendered).collect()
}
