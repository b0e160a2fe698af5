//! Looks up the territories that the filters of lists name by their codes.

use crate::db::prelude::*;

use super::super::rules::Kind;
use crate::db::{Conn, Lookup, ReferenceKind, StoreError, schema::territory};

const REGION: ReferenceKind = ReferenceKind { parameter: "region", code: "unknown_region", noun: "region" };
const PROVINCE: ReferenceKind =
    ReferenceKind { parameter: "province", code: "unknown_province", noun: "prefecture or province" };

/// Looks up regions.
///
/// # Errors
/// The database's.
pub fn look_up_regions<T: AsRef<str>>(conn: &mut Conn, lookup: &mut Lookup, codes: &[T]) -> Result<(), StoreError> {
    of_kinds(conn, lookup, (REGION, codes), &[Kind::Region])
}

/// Looks up prefectures and provinces.
///
/// # Errors
/// The database's.
pub fn look_up_provinces<T: AsRef<str>>(conn: &mut Conn, lookup: &mut Lookup, codes: &[T]) -> Result<(), StoreError> {
    of_kinds(conn, lookup, (PROVINCE, codes), &[Kind::Prefecture, Kind::Province])
}

/// Looks up territories of any kind, which a parameter names.
///
/// # Errors
/// The database's.
pub fn look_up_territories<T: AsRef<str>>(
    conn: &mut Conn,
    lookup: &mut Lookup,
    (parameter, codes): (&'static str, &[T]),
) -> Result<(), StoreError> {
    let reference = ReferenceKind { parameter, code: "unknown_territory", noun: "territory" };
    of_kinds(conn, lookup, (reference, codes), Kind::ALL)
}

fn of_kinds<T: AsRef<str>>(
    conn: &mut Conn,
    lookup: &mut Lookup,
    (reference, codes): (ReferenceKind, &[T]),
    kinds: &[Kind],
) -> Result<(), StoreError> {
    lookup.codes(reference, codes, |codes| {
        let named = territory::table.filter(territory::code.eq_any(codes.iter().copied()));
        let of_kind = named.filter(territory::kind.eq_any(kinds.iter().map(|kind| kind.as_str())));
        Ok(of_kind.select(territory::code).load(conn)?)
    })
}
