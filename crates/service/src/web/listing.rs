//! What every list has in common: the parameters that walk through it and the way from them to a page of the
//! store and back. A list's own query names only its filters, order and formats.

use serde::Serialize;

use super::{
    cursor::{self, Fingerprint},
    page::PageOut,
    params::{Cursor, Limit},
    problem::Problem,
    representation::{Sheet, Writer},
    splice,
};
use crate::kernel::paging::{Found, Listing};

/// Declares the query of a list of some resource: its own parameters, and after them those that every list has.
#[macro_export]
macro_rules! list_query {
    (
        $(#[$about:meta])*
        pub struct $name:ident of $row:ty {
            $($(#[doc = $described:literal])+ $(#[example = $example:literal])? pub $field:ident: $kind:ty,)*
        }
    ) => {
        $crate::web::params::query! {
            $(#[$about])*
            pub struct $name {
                $($(#[doc = $described])+ $(#[example = $example])? pub $field: $kind,)*
                /// The most rows of a page, 1 to 200; 50 unless said otherwise.
                #[example = 50]
                pub limit: $crate::web::params::Limit,
                /// `page.next_cursor` of the page before; all other parameters but `limit` must stay the same.
                pub cursor: $crate::web::params::Cursor,
                /// `exact` fills `page.total`.
                #[example = "exact"]
                pub count: $crate::web::params::Count,
                /// Prunes every text to this language, or to the one that stands in for it (French, Arabic, English).
                #[example = "ar"]
                pub lang: $crate::web::params::Lang,
                /// The columns of CSV or NDJSON, by comma, in this order; JSON always has all of them.
                pub fields: $crate::web::params::Several<$crate::web::tabular::ColumnOf<$row>>,
            }
        }

        impl $name {
            /// Where in the list the page begins and how much it has.
            pub fn paging(&self) -> $crate::web::listing::Paging {
                $crate::web::listing::Paging::new(self.limit, self.cursor.clone(), self.count.is_some())
            }
        }
    };
}
pub use list_query;

/// Where in a list a page begins and how much it has.
#[derive(Debug, Clone)]
pub struct Paging {
    limit: Limit,
    cursor: Option<Cursor>,
    count: bool,
}

/// What the cursors of a page are bound to.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    fingerprint: Fingerprint,
    limit: u8,
}

impl Paging {
    /// From the parameters.
    #[must_use]
    pub fn new(limit: Option<Limit>, cursor: Option<Cursor>, count: bool) -> Self {
        Self { limit: limit.unwrap_or_default(), cursor, count }
    }

    /// The page that is asked for, of the list with this name and these filters; `numeric` says whether the
    /// order's key is a number.
    ///
    /// # Errors
    /// 400 for a cursor that is damaged or belongs to another list.
    pub fn of<F: Serialize>(
        self,
        list: &'static str,
        filters: F,
        numeric: bool,
    ) -> Result<(Listing<F>, Frame), Problem> {
        let fingerprint = Fingerprint::of(list, &filters);
        let after = self.cursor.map(|cursor| cursor::decode(fingerprint, &cursor.0, numeric)).transpose()?;
        let limit = self.limit.get();
        Ok((Listing { filters, after, limit, count: self.count }, Frame { fingerprint, limit }))
    }
}

/// What stands beside the rows of a page.
#[derive(Serialize)]
struct Beside<'b, B> {
    page: PageOut,
    sequence: i64,
    #[serde(flatten)]
    own: &'b B,
}

impl Frame {
    /// The answer with a page of stored rows, with what the list has of its own beside them.
    ///
    /// # Errors
    /// 500 for something that has no JSON form, which is a defect.
    pub fn written<T: AsRef<str>>(
        &self,
        writer: Writer,
        found: &Found<T>,
        own: &impl Serialize,
    ) -> Result<Sheet, Problem> {
        let (page, sequence) = (self.page(found), found.sequence);
        let next = page.next_cursor.clone();
        let json = splice::page(&found.rows, &Beside { page, sequence, own }).map_err(Problem::internal)?;
        writer.written_json(sequence, json, next.as_deref())
    }

    /// The frame around a page that was found.
    #[must_use]
    pub fn page<T>(&self, found: &Found<T>) -> PageOut {
        let next_cursor = found.next.as_ref().map(|position| cursor::encode(self.fingerprint, position));
        PageOut { limit: self.limit, next_cursor, total: found.total }
    }
}
