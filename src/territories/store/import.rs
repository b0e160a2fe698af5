//! Lists of territories that others push: what each row comes to, and carrying it out.

use std::collections::{HashMap, HashSet};

use crate::db::prelude::*;
use chrono::NaiveDate;

use super::{
    super::rules::{Above, COLUMNS, Code, Line, Provenance, Record, Territory, cells, check},
    find_all,
    write::{add, call_territory_hooks, update},
};
use crate::{
    db::{Conn, Importable, Keeper, StoreError, Tx, in_pieces, schema::territory},
    kernel::{
        fold::compact,
        register::{
            Action, At, Column, Difference, Entry, Fault, Ledger, Likeness, RowReader, Source, differences, each_once,
        },
    },
};

/// Lists of territories. A unit that a row is about is from then on kept by who pushed it, not by the census files.
pub struct TerritoryList;

/// What is known beforehand.
pub struct Context {
    source: Source,
    /// Compact names of new units, by what they are a part of.
    names: HashMap<(String, Option<Code>), Code>,
}

/// What a row makes of the store.
pub struct Write {
    at: At,
    former: Option<Territory>,
    record: Record,
}

impl Importable for TerritoryList {
    type Row = Line;
    type Context = Context;
    type Write = Write;

    const COLUMNS: &'static [Column] = COLUMNS;
    const HAS_SOURCES: bool = false;

    fn read(row: RowReader<'_>, _today: NaiveDate) -> Result<Line, Vec<Fault>> {
        Line::read(row)
    }

    fn prepare(
        _tx: &mut Tx<'_>,
        keeper: &Keeper,
        rows: &mut Vec<Line>,
        ledger: &mut Ledger,
    ) -> Result<Context, StoreError> {
        each_once(rows, ledger, |line| (line.code.clone(), line.at), ("code", |line: &Line| line.code.to_string()));
        Ok(Context { source: keeper.source.clone(), names: HashMap::new() })
    }

    fn plan(
        tx: &mut Tx<'_>,
        context: &mut Context,
        rows: Vec<Line>,
        ledger: &mut Ledger,
    ) -> Result<Vec<Write>, StoreError> {
        let codes: Vec<Code> = rows.iter().map(|line| line.code.clone()).collect();
        lock(tx.conn, &codes)?;
        let stored = find_all(tx.conn, &codes)?;
        let mut stored: HashMap<Code, Territory> =
            stored.into_iter().map(|territory| (territory.record.code.clone(), territory)).collect();
        let mut writes = Vec::new();
        for line in rows {
            let (at, former) = (line.at, stored.remove(&line.code));
            match line.onto(former.as_ref().map(|former| &former.record)) {
                Ok(record) => writes.extend(context.note(at, former, record, ledger)),
                Err(faults) => ledger.refuse_all(faults),
            }
        }
        suspect(tx.conn, &writes, ledger)?;
        Ok(writes)
    }

    fn conclude(
        tx: &mut Tx<'_>,
        _context: Context,
        _replaces: bool,
        writes: &mut Vec<Write>,
        ledger: &mut Ledger,
    ) -> Result<usize, StoreError> {
        let above = above(tx.conn, writes)?;
        for write in writes.iter() {
            let faults = check(&write.record, write.at, |code| above.get(code));
            ledger.refuse_all(faults);
        }
        keep_together(tx.conn, writes, ledger)?;
        Ok(0)
    }

    fn apply(tx: &mut Tx<'_>, source: &Source, mut writes: Vec<Write>) -> Result<(), StoreError> {
        writes.sort_by_key(|write| write.record.kind.depth());
        let provenance = Provenance::Import(source.clone());
        let (known, new): (Vec<Write>, Vec<Write>) = writes.into_iter().partition(|write| write.former.is_some());
        // New units first: known ones may move below them.
        add(tx, new.into_iter().map(|write| write.record).collect(), &provenance)?;
        let codes: Vec<Code> = known.iter().map(|write| write.record.code.clone()).collect();
        for Write { former, record, .. } in known {
            if let Some(former) = former {
                update(tx, &former, record, &provenance)?;
            }
        }
        call_territory_hooks(tx, &codes)
    }
}

impl Context {
    /// Notes what a row comes to.
    fn note(&mut self, at: At, former: Option<Territory>, record: Record, ledger: &mut Ledger) -> Option<Write> {
        let key = record.code.to_string();
        if let Some(Provenance::Import(other)) = former.as_ref().map(|former| &former.provenance)
            && *other != self.source
        {
            let detail = format!("{key} is on the list of {other}; only that list changes it.");
            ledger.refuse(Fault::of(at, "code", "other_source", detail));
            return None;
        }
        let provenance = Provenance::Import(self.source.clone());
        let after = cells(&record);
        match former {
            Some(former) if former.record == record && former.provenance == provenance => {
                ledger.unchanged(&key, former.version);
                None
            }
            Some(former) => {
                let mut changed = differences(COLUMNS, Some(&cells(&former.record)), &after);
                if former.provenance != provenance {
                    changed.push(Difference::of_provenance(&former.provenance, &provenance));
                }
                let id = Some(former.id.clone());
                let entry = Entry { at: Some(at), action: Action::Updated, key, id, differences: changed };
                ledger.note(entry, former.version, &after);
                Some(Write { at, former: Some(former), record })
            }
            None => {
                let likely = (compact(&record.name_fr), record.parent_code.clone());
                if let Some(like) = self.names.get(&likely) {
                    let (like, name) = (like.to_string(), record.name_fr.clone());
                    ledger.suspect(Likeness { at, key: key.clone(), like, name });
                }
                self.names.insert(likely, record.code.clone());
                let changed = differences(COLUMNS, None, &after);
                let entry = Entry { at: Some(at), action: Action::Created, key, id: None, differences: changed };
                ledger.note(entry, 0, &after);
                Some(Write { at, former: None, record })
            }
        }
    }
}

/// Keeps other transactions from changing units before this one ends. SQLite's write transactions exclude each other
/// anyway.
fn lock(conn: &mut Conn, codes: &[Code]) -> Result<(), StoreError> {
    if let Conn::Postgres(conn) = conn {
        let rows = territory::table.filter(territory::code.eq_any(codes.iter().map(Code::as_str)));
        let _locked: Vec<String> = rows.order(territory::id).select(territory::id).for_update().load(conn)?;
    }
    Ok(())
}

/// The units that stand above those that are written, as they will be.
fn above(conn: &mut Conn, writes: &[Write]) -> Result<HashMap<Code, Above>, StoreError> {
    let named: HashSet<&Code> = writes
        .iter()
        .flat_map(|Write { record, .. }| [Some(&record.region_code), record.parent_code.as_ref()])
        .flatten()
        .collect();
    let codes: Vec<&Code> = named.iter().copied().collect();
    let stored: Vec<(String, String, String)> = in_pieces(conn, &codes, |conn, codes| {
        let rows = territory::table.filter(territory::code.eq_any(codes.iter().map(|code| code.as_str())));
        Ok(rows.select((territory::code, territory::kind, territory::region_code)).load(conn)?)
    })?;
    let mut above = HashMap::with_capacity(stored.len());
    for (code, kind, region_code) in stored {
        let kind = kind.parse().map_err(StoreError::corrupt)?;
        let region_code = region_code.try_into().map_err(StoreError::corrupt)?;
        above.insert(code.try_into().map_err(StoreError::corrupt)?, Above { kind, region_code });
    }
    for Write { record, .. } in writes.iter().filter(|write| named.contains(&write.record.code)) {
        let unit = Above { kind: record.kind, region_code: record.region_code.clone() };
        above.insert(record.code.clone(), unit);
    }
    Ok(above)
}

/// Notes new units that have the name of another one with the same parent.
fn suspect(conn: &mut Conn, writes: &[Write], ledger: &mut Ledger) -> Result<(), StoreError> {
    let new = || writes.iter().filter(|write| write.former.is_none());
    let parents: HashSet<&str> = new().filter_map(|write| Some(write.record.parent_code.as_ref()?.as_str())).collect();
    let parents: Vec<&str> = parents.into_iter().collect();
    let columns = (territory::name_fr, territory::parent_code, territory::code);
    let mut others: Vec<(String, Option<String>, String)> = in_pieces(conn, &parents, |conn, parents| {
        let beside = territory::table.filter(territory::parent_code.eq_any(parents.iter().copied()));
        Ok(beside.select(columns).load(conn)?)
    })?;
    if new().any(|write| write.record.parent_code.is_none()) {
        let regions = territory::table.filter(territory::parent_code.is_null());
        others.extend(regions.select(columns).load::<(String, Option<String>, String)>(conn)?);
    }
    let others: HashMap<(String, Option<String>), String> =
        others.into_iter().map(|(name, parent, code)| ((compact(&name), parent), code)).collect();
    for Write { at, record, .. } in new() {
        let parent = record.parent_code.as_ref().map(ToString::to_string);
        if let Some(like) = others.get(&(compact(&record.name_fr), parent)) {
            let (key, like, name) = (record.code.to_string(), like.clone(), record.name_fr.clone());
            ledger.suspect(Likeness { at: *at, key, like, name });
        }
    }
    Ok(())
}

/// A unit that moves to another region takes what is a part of it along, in the same list.
fn keep_together(conn: &mut Conn, writes: &[Write], ledger: &mut Ledger) -> Result<(), StoreError> {
    let is_elsewhere = |write: &&Write| {
        write.former.as_ref().is_some_and(|former| former.record.region_code != write.record.region_code)
    };
    let moved: HashMap<&str, &Write> =
        writes.iter().filter(is_elsewhere).map(|write| (write.record.code.as_str(), write)).collect();
    let codes: Vec<&str> = moved.keys().copied().collect();
    let children: Vec<(String, Option<String>)> = in_pieces(conn, &codes, |conn, codes| {
        let children = territory::table.filter(territory::parent_code.eq_any(codes.iter().copied()));
        Ok(children.select((territory::code, territory::parent_code)).order(territory::code).load(conn)?)
    })?;
    let written: HashSet<&str> = writes.iter().map(|write| write.record.code.as_str()).collect();
    for (child, parent) in children.iter().filter(|(child, _)| !written.contains(child.as_str())) {
        if let Some(parent) = parent.as_deref().and_then(|parent| moved.get(parent)) {
            let detail = format!("{child} is a part of {} and would stay in the other region.", parent.record.code);
            ledger.refuse(Fault::of(parent.at, "region_code", "leaves_parts_behind", detail));
        }
    }
    Ok(())
}
