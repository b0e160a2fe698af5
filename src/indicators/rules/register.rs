//! Measurements as a list that is pushed: the columns of an import, and what a row makes of a report. A row names its report
//! by indicator and period; what a list has no column for (evidence) stays as it is. A list reports, and never reviews.

use std::collections::BTreeMap;

use super::{
    catalogue::Catalogue,
    disaggregation::Disaggregation,
    indicator::{Definition, Indicator},
    measure::{Figures, Kind},
    measurement::{Content, Hand, Measurement, Report, State, content},
    period::Period,
    reporting::check_period,
};
use crate::kernel::{
    clock::day_of,
    decimal::Decimal,
    id::Slug,
    patch::Patch,
    register::{At, Cells, Column, Fault, RowReader, Texts},
    text::shown,
    violation::{Violation, Violations},
};

const NUMBER: Option<&str> = Some(r"-?[0-9]{1,9}(\.[0-9]{1,6})?");
const NOTES: [&str; 3] = ["note_fr", "note_ar", "note_en"];
/// The longest note, in characters.
pub const NOTE_CHARS: usize = 2_000;
/// The longest reason, in characters.
const REASON_CHARS: usize = 500;

/// The columns of a list of measurements.
pub const COLUMNS: &[Column] = &[
    Column::new(
        "indicator",
        &["indicateur"],
        ("Slug of the indicator; with period the natural key.", "commune-larache-openness-norms-services-fully-online"),
        Some("[a-z0-9-]{1,200}"),
    ),
    Column::new(
        "period",
        &["periode"],
        ("The period: one that is over, of the indicator's frequency.", "2025-Q1"),
        Some("[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]|H[12]))?"),
    ),
    Column::new(
        "value",
        &["valeur"],
        ("The value; that of a ratio is computed and may be left empty.", "12.5"),
        NUMBER,
    ),
    Column::new("numerator", &["numerateur"], ("The numerator of a ratio.", "42"), NUMBER),
    Column::new("denominator", &["denominateur"], ("The denominator of a ratio.", "60"), NUMBER),
    Column::new(
        "disaggregation",
        &["ventilation"],
        (
            "How the value is made up: dimension:category=value, with semicolons between them; or the same as the JSON \
             that the API writes.",
            "sex:women=12;sex:men=14",
        ),
        None,
    ),
    Column::new("note_fr", &["note", "remarque"], ("What is to be said of it, in French.", "…"), None),
    Column::new("note_ar", &["remarque_ar"], ("The same in Arabic.", "…"), None),
    Column::new("note_en", &["remarque_en"], ("The same in English.", "…"), None),
    Column::new(
        "state",
        &["etat"],
        (
            "submitted for what is to be reviewed, draft for what is not ready. Without it a new report is a draft, and \
             one that is there stays what it is.",
            "submitted",
        ),
        Some("draft|submitted"),
    ),
    Column::new(
        "reason",
        &["motif"],
        ("Why what was approved is corrected, which everybody is told.", "Two services were counted twice"),
        None,
    ),
];

/// A row of a list of measurements.
#[derive(Debug)]
pub struct Line {
    /// Its place.
    pub at: At,
    /// Slug of the indicator.
    pub indicator: Slug,
    /// The period.
    pub period: Period,
    value: Patch<Decimal>,
    numerator: Patch<Decimal>,
    denominator: Patch<Decimal>,
    disaggregation: Patch<Disaggregation>,
    note: Texts,
    state: Patch<State>,
    reason: Patch<String>,
}

impl Line {
    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(mut row: RowReader<'_>) -> Result<Self, Vec<Fault>> {
        let (indicator, period) = (row.key("indicator", "measurement"), row.key("period", "measurement"));
        let (value, numerator, denominator) = (row.read("value"), row.read("numerator"), row.read("denominator"));
        let disaggregation = row.read_with("disaggregation", read_parts);
        let note = Texts::read(&mut row, NOTES, NOTE_CHARS);
        let state = row.read_with("state", |text| match text.parse() {
            Ok(state @ (State::Draft | State::Submitted)) => Ok(state),
            _ => Err("is neither draft nor submitted".to_owned()),
        });
        let (reason, at) = (row.line("reason", REASON_CHARS), row.at());
        // Without a key there is a fault, and no line.
        let (Some(indicator), Some(period)) = (indicator, period) else {
            return Err(row.done(()).err().unwrap_or_default());
        };
        row.done(Self { at, indicator, period, value, numerator, denominator, disaggregation, note, state, reason })
    }

    /// What the report of an indicator for the row's period becomes: of `before`, or a new one; `by` is the definition that it is
    /// measured by, with its version: that of the report, or of now for a new one. Nothing where the row says what is there.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn onto(
        self,
        before: Option<&Measurement>,
        (of, by): (&Indicator, (&Definition, i64)),
        catalogue: &Catalogue,
        hand: Hand<'_>,
    ) -> Result<Option<Measurement>, Vec<Fault>> {
        let (at, period, definition) = (self.at, self.period, by.0);
        let former = before.map(|before| &before.reported);
        let of_former = former.map(|former| former.report.clone()).unwrap_or_default();
        let report = Report {
            numerator: self.numerator.onto(of_former.numerator),
            denominator: self.denominator.onto(of_former.denominator),
            disaggregation: self.disaggregation.onto(Some(of_former.disaggregation)).unwrap_or_default(),
            note: self.note.onto(of_former.note),
            evidence: of_former.evidence,
        };
        let states_value = matches!(self.value, Patch::Value(_));
        let value = self.value.onto(former.map(|former| former.value));
        // A state can't be taken away.
        let state = self.state.onto(None);
        let reason = self.reason.onto(before.and_then(|before| before.reason.clone()));
        let is_ratio = definition.kind == Kind::Ratio;
        if let Some(before) = before
            && report == before.reported.report
            && value.map_or(is_ratio, |value| value == before.reported.value)
            && (before.state == State::Approved || state.is_none_or(|state| state == before.state))
            && (before.approved.is_none() || reason == before.reason || before.state == State::Approved)
        {
            return Ok(None);
        }
        // The value of a ratio follows from its parts, unless the row states it.
        let value = value.filter(|_| states_value || !is_ratio);
        let figures = Figures { value, numerator: report.numerator, denominator: report.denominator };
        let mut violations = Violations::default();
        let content = content((&figures, report), by, catalogue, &mut violations);
        let fits = if before.is_none() { check_period(period, definition, day_of(hand.at)) } else { Ok(()) };
        if let Err(Violation { pointer, code, detail }) = fits {
            violations.add(pointer, code, detail);
        }
        let submits = state.or_else(|| before.map(|before| before.state)) == Some(State::Submitted);
        let after = content
            .filter(|_| violations.is_empty())
            .map(|content| report_of(before, of, (period, content), (submits, reason), hand));
        match after {
            Some(Ok(after)) => Ok(Some(after)),
            Some(Err(why)) => Err(vec![fault(at, why)]),
            None => Err(violations.into_iter().map(|why| fault(at, why)).collect()),
        }
    }
}

/// The report that a row makes.
fn report_of(
    before: Option<&Measurement>,
    of: &Indicator,
    (period, content): (Period, Content),
    how: (bool, Option<String>),
    hand: Hand<'_>,
) -> Result<Measurement, Violation> {
    match before {
        Some(before) => before.report(content, how, hand),
        None => Measurement::begun(of, (period, content.clone()), hand).report(content, (how.0, None), hand),
    }
}

fn fault(at: At, why: Violation) -> Fault {
    let name = why.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
    let column = COLUMNS.iter().map(|column| column.name).find(|column| *column == name).unwrap_or_default();
    Fault::of(at, column, why.code, why.detail)
}

/// Reads `dimension:category=value;dimension:category=value`, or the same as the JSON that the API writes.
fn read_parts(text: &str) -> Result<Disaggregation, String> {
    if text.starts_with('{') {
        return serde_json::from_str(text)
            .map_err(|_error| "is no JSON object of dimensions with their categories".to_owned());
    }
    let mut parts = Disaggregation::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let split = part.split_once('=').and_then(|(names, value)| Some((names.split_once(':')?, value)));
        let Some(((dimension, category), value)) = split else {
            return Err("is not written as dimension:category=value;dimension:category=value".to_owned());
        };
        let (dimension, category) = (dimension.trim().to_owned(), category.trim().to_owned());
        let value: Decimal = value.trim().parse().map_err(|why| format!("has a value that {why}"))?;
        let of_dimension: &mut BTreeMap<_, _> = parts.entry(dimension.clone()).or_default();
        if of_dimension.insert(category.clone(), value).is_some() {
            return Err(format!("names {}:{} twice", shown(&dimension), shown(&category)));
        }
    }
    Ok(parts)
}

/// The cells of a report.
#[must_use]
pub fn cells(found: &Measurement) -> Cells {
    let Content { value, report, .. } = &found.reported;
    let parts = report.disaggregation.iter().flat_map(|(dimension, categories)| {
        categories.iter().map(move |(category, value)| format!("{dimension}:{category}={value}"))
    });
    let parts: Vec<String> = parts.collect();
    let number = |number: Option<Decimal>| number.map(|number| number.to_string());
    let mut cells = vec![
        Some(found.indicator.to_string()),
        Some(found.period.to_string()),
        Some(value.to_string()),
        number(report.numerator),
        number(report.denominator),
        (!parts.is_empty()).then(|| parts.join(";")),
    ];
    cells.extend(Texts::cells(report.note.as_ref()));
    cells.extend([Some(found.state.as_str().to_owned()), found.reason.clone()]);
    cells
}
