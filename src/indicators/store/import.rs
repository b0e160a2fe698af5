//! Lists of measurements that others push: what each row comes to, and carrying it out. Who speaks for one member reports that
//! member's figures only, and nothing becomes public by a list: somebody else approves what it reports.

use std::collections::{HashMap, HashSet};

use crate::db::prelude::*;
use chrono::NaiveDate;

use super::{
    super::rules::{
        COLUMNS, Catalogue, Definition, Hand, Indicator, Line, Measurement, Period, ReportingPeriod, cells, reference,
    },
    MEASUREMENTS, Names, Row, columns, definitions_of, find_periods,
    measurements::{MeasurementRow, of_periods},
    parts, read,
};
use crate::{
    action_programs,
    db::{
        Change, Conn, Importable, Keeper, Operation, StoreError, Turn, Tx, batch_insert, in_pieces, json,
        schema::{indicator, measurement},
    },
    kernel::{
        id::{Identifier, Slug},
        register::{Action, Column, Entry, Fault, Ledger, RowReader, Source, differences, each_once},
    },
};

/// Lists of measurements.
pub struct MeasurementList;

/// What is known beforehand.
pub struct Context {
    catalogue: &'static Catalogue,
    periods: HashMap<Period, ReportingPeriod>,
    /// The id of the only member that the list may be about.
    member: Option<String>,
    account: Option<(String, &'static str)>,
}

/// What a row makes of the store.
pub enum Write {
    /// It adds a report.
    Add(Box<Measurement>),
    /// It changes one, as it was.
    Change(Box<(Measurement, Measurement)>),
}

/// How many rows are written at once.
const AT_ONCE: usize = 2_000;

impl Importable for MeasurementList {
    type Row = Line;
    type Context = Context;
    type Write = Write;

    const COLUMNS: &'static [Column] = COLUMNS;
    const HAS_SOURCES: bool = false;

    fn read(row: RowReader<'_>, _today: NaiveDate) -> Result<Line, Vec<Fault>> {
        Line::read(row)
    }

    fn prepare(
        tx: &mut Tx<'_>,
        keeper: &Keeper,
        rows: &mut Vec<Line>,
        ledger: &mut Ledger,
    ) -> Result<Context, StoreError> {
        // Who publishes a programme writes many of the indicators that are locked here, and takes this turn as well.
        action_programs::take_turn(tx)?;
        tx.share_turn(Turn::Periods)?;
        let place = |line: &Line| ((line.indicator.clone(), line.period), line.at);
        let name = |line: &Line| format!("{} in {}", line.indicator, line.period);
        each_once(rows, ledger, place, ("period", name));
        let periods: HashSet<Period> = rows.iter().map(|line| line.period).collect();
        let periods = find_periods(tx.conn, &periods.into_iter().collect::<Vec<_>>())?;
        Ok(Context {
            catalogue: reference().map_err(StoreError::corrupt)?,
            periods: periods.into_iter().map(|found| (found.period, found)).collect(),
            member: keeper.member.clone(),
            account: tx.account().map(|(id, role)| (id.to_owned(), role)),
        })
    }

    fn plan(
        tx: &mut Tx<'_>,
        context: &mut Context,
        rows: Vec<Line>,
        ledger: &mut Ledger,
    ) -> Result<Vec<Write>, StoreError> {
        let slugs: HashSet<&Slug> = rows.iter().map(|line| &line.indicator).collect();
        let indicators = lock_all(tx.conn, &slugs.into_iter().map(Slug::as_str).collect::<Vec<_>>())?;
        let ids: Vec<&Identifier> = indicators.values().map(|of| &of.id).collect();
        let periods: HashSet<String> = rows.iter().map(|line| line.period.to_string()).collect();
        let found = of_periods(tx.conn, &ids, &periods.into_iter().collect::<Vec<_>>())?;
        let mut found: HashMap<(Identifier, Period), Measurement> =
            found.into_iter().map(|found| ((found.indicator_id.clone(), found.period), found)).collect();
        let is_former = |found: &&Measurement| {
            indicators
                .get(&found.indicator)
                .is_some_and(|of| of.definition_version != found.reported.definition_version)
        };
        let of_former: HashSet<&Identifier> =
            found.values().filter(is_former).map(|found| &found.indicator_id).collect();
        let former = definitions_of(tx.conn, &of_former.into_iter().collect::<Vec<_>>())?;
        let account = context.account.as_ref();
        let hand =
            Hand { account: account.map(|(id, _)| id.as_str()), role: account.map(|(_, role)| *role), at: tx.now() };
        let mut writes = Vec::new();
        for line in rows {
            let of = match context.indicator(&indicators, &line) {
                Ok(of) => of,
                Err(fault) => {
                    ledger.refuse(fault);
                    continue;
                }
            };
            let before = found.remove(&(of.id.clone(), line.period));
            // What is there is measured by the definition that it was reported by.
            let version = before.as_ref().map_or(of.definition_version, |before| before.reported.definition_version);
            let former = former.get(&(of.id.to_string(), version)).filter(|_| version != of.definition_version);
            let by = (former.unwrap_or(&of.facts.definition), version);
            match context.note(line, (of, before, by), hand, ledger) {
                Ok(write) => writes.extend(write),
                Err(faults) => ledger.refuse_all(faults),
            }
        }
        Ok(writes)
    }

    fn conclude(
        _tx: &mut Tx<'_>,
        _context: Context,
        _replaces: bool,
        _writes: &mut Vec<Write>,
        _ledger: &mut Ledger,
    ) -> Result<usize, StoreError> {
        Ok(0)
    }

    // Nobody else sees a report before it is approved, so neither the feed nor another resource hears of it, only the audit.
    fn apply(tx: &mut Tx<'_>, _source: &Source, writes: Vec<Write>) -> Result<(), StoreError> {
        for piece in writes.chunks(AT_ONCE) {
            let mut new = Vec::with_capacity(piece.len());
            for write in piece {
                match write {
                    Write::Add(report) => {
                        note(tx, None, report)?;
                        new.push(MeasurementRow::of(report)?);
                    }
                    Write::Change(change) => {
                        let (before, after) = &**change;
                        let own = measurement::table.filter(measurement::id.eq(after.id.as_str()));
                        diesel::update(own).set(MeasurementRow::of(after)?).execute(tx.conn)?;
                        note(tx, Some(before), after)?;
                    }
                }
            }
            batch_insert!(tx.conn, measurement::table, &new);
        }
        Ok(())
    }
}

impl Context {
    /// The indicator that a row names, if whoever keeps the list reports it.
    fn indicator<'a>(&self, indicators: &'a HashMap<Slug, Indicator>, line: &Line) -> Result<&'a Indicator, Fault> {
        let fault = |code, detail| Fault::of(line.at, "indicator", code, detail);
        let is_own = |of: &Indicator| self.member.is_none() || self.member.as_deref() == of.place.member_id();
        match indicators.get(&line.indicator) {
            // A draft of another member is not there for who does not speak for it.
            Some(of) if !is_own(of) && of.is_public() => {
                Err(fault("not_your_member", format!("{} is not your member's.", line.indicator)))
            }
            Some(of) if is_own(of) => Ok(of),
            _ => Err(fault("unknown_indicator", format!("There is no indicator {}.", line.indicator))),
        }
    }

    /// Notes what a row comes to.
    fn note(
        &self,
        line: Line,
        (of, before, by): (&Indicator, Option<Measurement>, (&Definition, i64)),
        hand: Hand<'_>,
        ledger: &mut Ledger,
    ) -> Result<Option<Write>, Vec<Fault>> {
        let (at, period, key) = (line.at, line.period, format!("{} {}", line.indicator, line.period));
        let Some(after) = line.onto(before.as_ref(), (of, by), self.catalogue, hand)? else {
            ledger.unchanged(&key, before.map_or(0, |before| before.report_version));
            return Ok(None);
        };
        if let Some(Err(why)) = self.periods.get(&period).map(ReportingPeriod::check_open) {
            return Err(vec![Fault::of(at, "period", why.code, why.detail)]);
        }
        let is = cells(&after);
        let was = before.as_ref().map(cells);
        let (action, version) = match &before {
            None => (Action::Created, 0),
            Some(before) => (Action::Updated, before.report_version),
        };
        let entry = Entry {
            at: Some(at),
            action,
            key,
            id: before.as_ref().map(|before| before.id.clone()),
            differences: differences(COLUMNS, was.as_ref(), &is),
        };
        ledger.note(entry, version, &is);
        Ok(Some(match before {
            None => Write::Add(Box::new(after)),
            Some(before) => {
                let after = Measurement { report_version: version + 1, report_changed_at: hand.at, ..after };
                Write::Change(Box::new((before, after)))
            }
        }))
    }
}

/// Notes a report for the audit.
fn note(tx: &mut Tx<'_>, before: Option<&Measurement>, after: &Measurement) -> Result<(), StoreError> {
    let operation = if before.is_none() { Operation::Created } else { Operation::Updated };
    let (id, version) = (after.id.clone(), after.report_version);
    let stored = |found: &Measurement| json::value(&MeasurementRow::of(found)?);
    let values = || Ok((before.map(stored).transpose()?, Some(stored(after)?)));
    tx.record_row(Change { kind: MEASUREMENTS, id, operation, version }, values)
}

/// The indicators with these slugs, which nobody else changes meanwhile.
fn lock_all(conn: &mut Conn, slugs: &[&str]) -> Result<HashMap<Slug, Indicator>, StoreError> {
    // SQLite's write transactions exclude each other anyway.
    if let Conn::Postgres(conn) = &mut *conn {
        let own = indicator::table.filter(indicator::slug.eq_any(slugs.iter().copied()));
        let _locked: Vec<String> = own.order(indicator::id).select(indicator::id).for_no_key_update().load(conn)?;
    }
    let rows: Vec<(Row, Names)> = in_pieces(conn, slugs, |conn, slugs| {
        Ok(parts().select(columns()).filter(indicator::slug.eq_any(slugs.iter().copied())).load(conn)?)
    })?;
    rows.into_iter().map(|row| read(row).map(|found| (found.slug.clone(), found))).collect()
}
