//! Looks up the indicators and the entries of the catalogue that the filters of lists name.

use crate::db::prelude::*;

use super::super::rules::{Readable, reference};
use crate::{
    db::{By, Conn, Lookup, ReferenceKind, StoreError, schema::indicator},
    kernel::id::{Address, Slug},
};

const INDICATOR: ReferenceKind = ReferenceKind { parameter: "indicator", code: "unknown_indicator", noun: "indicator" };
const ENTRY: ReferenceKind =
    ReferenceKind { parameter: "catalogue", code: "unknown_catalogue_entry", noun: "entry of the catalogue" };

/// Looks up indicators that somebody sees who reads some reports, by slug or id, and replaces ids by slugs.
///
/// # Errors
/// The database's.
pub(super) fn look_up(
    conn: &mut Conn,
    lookup: &mut Lookup,
    named: &mut [Address<Slug>],
    readable: &Readable,
) -> Result<(), StoreError> {
    lookup.addresses(INDICATOR, named, |by| {
        let mut indicators = indicator::table.select((indicator::id, indicator::slug)).into_boxed();
        let is_public = indicator::is_public.eq(true);
        indicators = match readable {
            Readable::None | Readable::Assigned(_) => indicators.filter(is_public),
            Readable::Of(member) => indicators.filter(is_public.or(indicator::member_id.assume_not_null().eq(member))),
            Readable::All => indicators,
        };
        Ok(match by {
            By::Slugs(slugs) => {
                indicators.filter(indicator::slug.eq_any(slugs.iter().map(|slug| slug.as_str()))).load(conn)?
            }
            By::Ids(ids) => indicators.filter(indicator::id.eq_any(ids.iter().map(|id| id.as_str()))).load(conn)?,
        })
    })
}

/// Looks up entries of the embedded catalogue by their codes.
///
/// # Errors
/// [`StoreError::Corrupt`] for a catalogue that can't be read.
pub(super) fn look_up_entries(lookup: &mut Lookup, codes: &[String]) -> Result<(), StoreError> {
    lookup.codes(ENTRY, codes, |_| {
        let catalogue = reference().map_err(StoreError::corrupt)?;
        Ok(catalogue.entries.iter().map(|entry| entry.code.to_string()).collect())
    })
}
