//! Carrying imports out, and the reports that they leave.

mod report;

use chrono::NaiveDate;
use serde_json::Value;

pub use self::report::{erase, find, forget, keep, list, rows, stored};
use super::rules::{Format, Mode, Order, Outcome, Report, Resource, Unreadable, each_row, most_rows};
use crate::{
    action_programs::ProjectList,
    db::{CHUNK, Deed, Importable, Keeper, StoreError, Turn, Tx, json},
    indicators::MeasurementList,
    kernel::{
        audit::Action,
        id::{Identifier, new_id},
        register::{Column, Fault, Ledger, RowReader},
    },
    members::MemberList,
    territories::TerritoryList,
};

/// The rows of a list, read and each by itself right, with what was wrong with others.
pub struct Content {
    rows: Rows,
    ledger: Ledger,
}

enum Rows {
    Members(Vec<<MemberList as Importable>::Row>),
    Territories(Vec<<TerritoryList as Importable>::Row>),
    Projects(Vec<<ProjectList as Importable>::Row>),
    Measurements(Vec<<MeasurementList as Importable>::Row>),
}

/// The columns of the lists of a collection.
#[must_use]
pub const fn columns(resource: Resource) -> &'static [Column] {
    match resource {
        Resource::Members => MemberList::COLUMNS,
        Resource::Territories => TerritoryList::COLUMNS,
        Resource::Projects => ProjectList::COLUMNS,
        Resource::Measurements => MeasurementList::COLUMNS,
    }
}

/// Whether the resources of a collection have a source, so that a list can replace all of it.
#[must_use]
pub const fn has_sources(resource: Resource) -> bool {
    match resource {
        Resource::Members => MemberList::HAS_SOURCES,
        Resource::Territories => TerritoryList::HAS_SOURCES,
        Resource::Projects => ProjectList::HAS_SOURCES,
        Resource::Measurements => MeasurementList::HAS_SOURCES,
    }
}

/// Reads a list. Nothing of the database is asked.
///
/// # Errors
/// What makes the whole file unreadable.
pub fn read(resource: Resource, format: Format, bytes: &[u8], today: NaiveDate) -> Result<Content, Unreadable> {
    let mut ledger = Ledger::default();
    let rows = match resource {
        Resource::Members => Rows::Members(read_rows::<MemberList>(format, bytes, today, &mut ledger)?),
        Resource::Territories => Rows::Territories(read_rows::<TerritoryList>(format, bytes, today, &mut ledger)?),
        Resource::Projects => Rows::Projects(read_rows::<ProjectList>(format, bytes, today, &mut ledger)?),
        Resource::Measurements => Rows::Measurements(read_rows::<MeasurementList>(format, bytes, today, &mut ledger)?),
    };
    Ok(Content { rows, ledger })
}

fn read_rows<R: Importable>(
    format: Format,
    bytes: &[u8],
    today: NaiveDate,
    ledger: &mut Ledger,
) -> Result<Vec<R::Row>, Unreadable> {
    let mut rows = Vec::with_capacity(most_rows(format, bytes));
    each_row(format, bytes, R::COLUMNS, &mut |at, cells| {
        ledger.counts.rows = at.row;
        match cells.and_then(|cells| R::read(RowReader::new(R::COLUMNS, cells, at), today)) {
            Ok(row) => rows.push(row),
            Err(faults) => ledger.refuse_all(faults),
        }
        !ledger.is_full()
    })?;
    Ok(rows)
}

/// Why an import did not run to its end.
pub enum Stopped {
    /// Another one is running.
    Busy,
    /// It is not the plan that was asked for.
    Outdated,
    /// There are problems.
    Refused(Box<Report>),
    /// The database failed.
    Store(StoreError),
}

impl<E: Into<StoreError>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

/// Runs an import and keeps its report, whose id it returns with it. A dry run does the same as a real one and takes it
/// back; a real one that has problems returns them as an error, so that its transaction is rolled back.
///
/// # Errors
/// [`Stopped`].
pub fn run(tx: &mut Tx<'_>, order: &Order, keeper: &Keeper, content: Content) -> Result<(Identifier, Report), Stopped> {
    if !tx.try_turn(Turn::Imports)? {
        return Err(Stopped::Busy);
    }
    let id = new_id();
    let Content { rows, ledger } = content;
    let report = match rows {
        Rows::Members(rows) => carry_out::<MemberList>(tx, (order, keeper), &id, (rows, ledger))?,
        Rows::Projects(rows) => carry_out::<ProjectList>(tx, (order, keeper), &id, (rows, ledger))?,
        Rows::Measurements(rows) => carry_out::<MeasurementList>(tx, (order, keeper), &id, (rows, ledger))?,
        Rows::Territories(rows) => carry_out::<TerritoryList>(tx, (order, keeper), &id, (rows, ledger))?,
    };
    keep(tx, &id, order.importer.as_ref(), &report)?;
    if report.outcome == Outcome::Applied {
        tx.audit(deed(&id, &report)?);
    }
    Ok((id, report))
}

/// What the audit says of an import as a whole; every resource that it changes has an entry of its own beside this one.
fn deed(id: &Identifier, report: &Report) -> Result<Deed, StoreError> {
    let Report { resource, mode, source, plan_hash, counts, .. } = report;
    let after = json::value(&(source, mode, plan_hash, counts))?;
    let names = ["source", "mode", "plan_hash", "counts"].into_iter().map(str::to_owned);
    let after = names.zip(after.as_array().cloned().unwrap_or_default()).collect();
    let (resource, id) = (resource.collection(), Some(id.to_string()));
    Ok(Deed { action: Action::Imported, resource, id, version: None, before: None, after: Some(Value::Object(after)) })
}

fn carry_out<R: Importable>(
    tx: &mut Tx<'_>,
    (order, keeper): (&Order, &Keeper),
    id: &Identifier,
    content: (Vec<R::Row>, Ledger),
) -> Result<Report, Stopped> {
    let (report, writes) = plan::<R>(tx, (order, keeper), id, content)?;
    if order.dry_run {
        if report.outcome == Outcome::Refused {
            report::drop_rows(tx, id)?;
        } else {
            tx.taken_back(|tx| R::apply(tx, &keeper.source, writes))?;
        }
        return Ok(report);
    }
    if order.plan_hash.is_some() && order.plan_hash != report.plan_hash {
        return Err(Stopped::Outdated);
    }
    if report.outcome == Outcome::Refused {
        return Err(Stopped::Refused(Box::new(report)));
    }
    tx.begin_import(id);
    R::apply(tx, &keeper.source, writes)?;
    Ok(report)
}

/// What an import of the rows would do, with a note of every row that is not as the resource was.
fn plan<R: Importable>(
    tx: &mut Tx<'_>,
    (order, keeper): (&Order, &Keeper),
    id: &Identifier,
    (mut rows, mut ledger): (Vec<R::Row>, Ledger),
) -> Result<(Report, Vec<R::Write>), StoreError> {
    let mut context = R::prepare(tx, keeper, &mut rows, &mut ledger)?;
    let (mut writes, mut position) = (Vec::new(), 0);
    let mut rows = rows.into_iter();
    while !ledger.is_full() {
        let chunk: Vec<R::Row> = rows.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        writes.extend(R::plan(tx, &mut context, chunk, &mut ledger)?);
        report::note_rows(tx, id, &mut position, std::mem::take(&mut ledger.entries))?;
    }
    // A row that could not be read names nobody: what it is about must not seem to be missing.
    let replaces = order.mode == Mode::Replace && ledger.faults.is_empty();
    let in_force = R::conclude(tx, context, replaces, &mut writes, &mut ledger)?;
    report::note_rows(tx, id, &mut position, std::mem::take(&mut ledger.entries))?;
    let withdrawals_to_confirm = order.to_confirm(ledger.counts.withdrawn, in_force);
    if let Some(number) = withdrawals_to_confirm {
        let detail = format!(
            "{number} of {in_force} in force would end, more than a tenth: confirm_withdrawals={number} says that this is meant."
        );
        ledger.refuse(Fault { at: None, column: None, code: "withdrawals_to_confirm".into(), detail });
    }
    let is_sound = ledger.faults.is_empty();
    let outcome = match (is_sound, order.dry_run) {
        (false, _) => Outcome::Refused,
        (true, true) => Outcome::Previewed,
        (true, false) => Outcome::Applied,
    };
    let report = Report {
        resource: order.resource,
        mode: order.mode,
        dry_run: order.dry_run,
        source: keeper.source.clone(),
        format: order.format,
        outcome,
        plan_hash: is_sound.then(|| ledger.plan_hash(&order.options(&keeper.source))),
        content_sha256: order.content_sha256.clone(),
        counts: ledger.counts(),
        faults_complete: !ledger.is_full(),
        faults: ledger.faults,
        likenesses: ledger.likenesses,
        withdrawals_to_confirm,
    };
    Ok((report, writes))
}
