//! Projects as a list that somebody else keeps: the columns of an import, and what a row says. A row names its project by
//! programme and code; what a list has no column for (results, partners, milestones) stays as it is.

use chrono::NaiveDate;

use super::{Budget, ProjectFacts, check_project};
use crate::kernel::{
    date::{Date, DayError},
    id::{Identifier, Slug},
    language::LanguageMap,
    patch::Patch,
    register::{At, Cells, Column, Fault, RowReader, Texts},
    violation::Violations,
};

const DATE: Option<&str> = Some("(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-[0-3][0-9]");
const SLUG: Option<&str> = Some("[a-z0-9-]{1,100}");

/// The columns of a list of projects.
pub const COLUMNS: &[Column] = &[
    Column::new(
        "program",
        &["programme"],
        ("Slug of the programme; with code the natural key.", "commune-larache-cycle-1"),
        SLUG,
    ),
    Column::new("code", &["code_projet"], ("What its member calls it within the programme.", "p1"), SLUG),
    Column::new(
        "axis",
        &["axe"],
        ("The axis that it belongs to, by its place in the programme: 1, 2 and so on.", "2"),
        Some("[1-9][0-9]?"),
    ),
    Column::new(
        "title_fr",
        &["titre_fr", "titre"],
        ("Title in French; a project has a title in at least one language.", "Budget citoyen"),
        None,
    ),
    Column::new("title_ar", &["titre_ar"], ("Title in Arabic.", "ميزانية المواطن"), None),
    Column::new("title_en", &["titre_en"], ("Title in English.", "Citizens' budget"), None),
    Column::new("problem_fr", &["probleme_fr", "probleme"], ("The problem that it solves, in French.", "…"), None),
    Column::new("problem_ar", &["probleme_ar"], ("The same in Arabic.", "…"), None),
    Column::new("problem_en", &["probleme_en"], ("The same in English.", "…"), None),
    Column::new("solution_fr", &["solution"], ("How it solves it, in French.", "…"), None),
    Column::new("solution_ar", &[], ("The same in Arabic.", "…"), None),
    Column::new("solution_en", &[], ("The same in English.", "…"), None),
    Column::new(
        "responsible_unit_fr",
        &["unite_responsable_fr", "unite_responsable"],
        ("Who carries it out, in French.", "Service financier"),
        None,
    ),
    Column::new("responsible_unit_ar", &["unite_responsable_ar"], ("The same in Arabic.", "…"), None),
    Column::new("responsible_unit_en", &["unite_responsable_en"], ("The same in English.", "…"), None),
    Column::new(
        "budget_centimes",
        &["budget_en_centimes"],
        ("What it costs, in hundredths of the currency.", "125000000"),
        Some("[0-9]{1,16}"),
    ),
    Column::new(
        "budget_currency",
        &["devise"],
        ("The currency (ISO 4217); MAD where the list does not say it.", "MAD"),
        Some("[A-Z]{3}"),
    ),
    Column::new("budget_source", &["financement"], ("Where the money comes from.", "Budget communal"), None),
    Column::new("starts_on", &["debut"], ("Its first day.", "2026-01-01"), DATE),
    Column::new("ends_on", &["fin"], ("Its last day.", "2027-12-31"), DATE),
    Column::new("ogp_local_id", &["ogp_local"], ("What OGP Local calls it.", "MAAGD0001"), None),
];

/// A row of a list of projects.
#[derive(Debug)]
pub struct Line {
    /// Its place.
    pub at: At,
    /// Slug of the programme.
    pub program: Slug,
    /// What its member calls it.
    pub code: Slug,
    axis: Patch<usize>,
    title: Texts,
    problem: Texts,
    solution: Texts,
    responsible_unit: Texts,
    budget_centimes: Patch<i64>,
    budget_currency: Patch<String>,
    budget_source: Patch<String>,
    starts_on: Patch<NaiveDate>,
    ends_on: Patch<NaiveDate>,
    ogp_local_id: Patch<String>,
}

impl Line {
    /// Reads a row.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(mut row: RowReader<'_>) -> Result<Self, Vec<Fault>> {
        let (program, code) = (row.key("program", "project"), row.key("code", "project"));
        let axis = row.read_with("axis", |text| match text.parse() {
            Ok(place @ 1..=99) => Ok(place),
            _ => Err("is not the place of an axis: 1, 2 and so on".to_owned()),
        });
        let title = Texts::read(&mut row, ["title_fr", "title_ar", "title_en"], 200);
        let problem = Texts::read(&mut row, ["problem_fr", "problem_ar", "problem_en"], 2_000);
        let solution = Texts::read(&mut row, ["solution_fr", "solution_ar", "solution_en"], 2_000);
        let units = ["responsible_unit_fr", "responsible_unit_ar", "responsible_unit_en"];
        let responsible_unit = Texts::read(&mut row, units, 200);
        let budget_centimes = row.read_with("budget_centimes", |text| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let number = text.parse().ok().filter(|_| digits);
            number.ok_or_else(|| "is not a whole number of centimes".to_owned())
        });
        let (budget_currency, budget_source) = (row.line("budget_currency", 3), row.line("budget_source", 200));
        let (starts_on, ends_on) = (row.read_with("starts_on", day), row.read_with("ends_on", day));
        let ogp_local_id = row.line("ogp_local_id", 200);
        let at = row.at();
        // Without a key there is a fault, and no line.
        let (Some(program), Some(code)) = (program, code) else { return Err(row.done(()).err().unwrap_or_default()) };
        row.done(Self {
            at,
            program,
            code,
            axis,
            title,
            problem,
            solution,
            responsible_unit,
            budget_centimes,
            budget_currency,
            budget_source,
            starts_on,
            ends_on,
            ogp_local_id,
        })
    }

    /// What the project becomes: of `former`, or a new one; `axes` are the ids of its programme's axes.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn onto(self, former: Option<&ProjectFacts>, axes: &[Identifier]) -> Result<ProjectFacts, Vec<Fault>> {
        let (at, former) = (self.at, former.cloned());
        let mut faults = Vec::new();
        let place = self.axis.clone();
        let axis_id = match self.axis {
            Patch::Absent => former.as_ref().and_then(|former| former.axis_id.clone()),
            Patch::Null => None,
            Patch::Value(place) => axes.get(place.saturating_sub(1)).cloned(),
        };
        if let (Patch::Value(place), None) = (place, &axis_id) {
            let detail = format!("The programme has {} axes, and no axis {place}.", axes.len());
            faults.push(Fault::of(at, "axis", "unknown_axis", detail));
        }
        let title = self.title.onto(former.as_ref().map(|former| former.title.clone()));
        if title.is_none() {
            let detail = "A project has a title in at least one language.";
            faults.push(Fault::of(at, "title_fr", "missing_value", detail));
        }
        let part = |part: fn(&ProjectFacts) -> &Option<LanguageMap>| former.as_ref().and_then(|f| part(f).clone());
        let budget = former.as_ref().and_then(|former| former.budget.clone());
        let centimes = self.budget_centimes.onto(budget.as_ref().map(|budget| budget.centimes));
        let currency = self.budget_currency.onto(budget.as_ref().map(|budget| budget.currency.clone()));
        let source = self.budget_source.onto(budget.and_then(|budget| budget.source));
        if centimes.is_none() && source.is_some() {
            let detail = "budget_source says where money comes from, and budget_centimes is missing.";
            faults.push(Fault::of(at, "budget_source", "without_amount", detail));
        }
        let currency = currency.unwrap_or_else(|| "MAD".to_owned());
        let facts = ProjectFacts {
            axis_id,
            title: title.unwrap_or_default(),
            problem: self.problem.onto(part(|former| &former.problem)),
            solution: self.solution.onto(part(|former| &former.solution)),
            expected_results: former.as_ref().map(|former| former.expected_results.clone()).unwrap_or_default(),
            responsible_unit: self.responsible_unit.onto(part(|former| &former.responsible_unit)),
            partners: former.as_ref().map(|former| former.partners.clone()).unwrap_or_default(),
            budget: centimes.map(|centimes| Budget { centimes, currency, source }),
            starts_on: self.starts_on.onto(former.as_ref().and_then(|former| former.starts_on)),
            ends_on: self.ends_on.onto(former.as_ref().and_then(|former| former.ends_on)),
            ogp_local_id: self.ogp_local_id.onto(former.as_ref().and_then(|former| former.ogp_local_id.clone())),
        };
        let mut violations = Violations::default();
        check_project(&mut violations, &facts);
        for violation in violations {
            faults.push(Fault::of(at, column_of(&violation.pointer), violation.code, violation.detail));
        }
        if faults.is_empty() { Ok(facts) } else { Err(faults) }
    }
}

/// The column in which a property stands.
fn column_of(pointer: &str) -> &'static str {
    match pointer {
        "/axis_id" => "axis",
        "/budget/centimes" => "budget_centimes",
        "/budget/currency" => "budget_currency",
        "/starts_on" => "starts_on",
        "/ends_on" => "ends_on",
        _ => "",
    }
}

fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map(Date::day).map_err(|why: DayError| why.to_string())
}

/// The cells of a project; `axes` are the ids of its programme's axes.
#[must_use]
pub fn cells((program, code): (&Slug, &Slug), facts: &ProjectFacts, axes: &[Identifier]) -> Cells {
    let place = facts.axis_id.as_ref().and_then(|id| axes.iter().position(|axis| axis == id));
    let budget = facts.budget.as_ref();
    let mut cells = vec![Some(program.to_string()), Some(code.to_string()), place.map(|place| (place + 1).to_string())];
    cells.extend(Texts::cells(Some(&facts.title)));
    cells.extend(Texts::cells(facts.problem.as_ref()));
    cells.extend(Texts::cells(facts.solution.as_ref()));
    cells.extend(Texts::cells(facts.responsible_unit.as_ref()));
    cells.extend([
        budget.map(|budget| budget.centimes.to_string()),
        budget.map(|budget| budget.currency.clone()),
        budget.and_then(|budget| budget.source.clone()),
        facts.starts_on.map(|day| day.to_string()),
        facts.ends_on.map(|day| day.to_string()),
        facts.ogp_local_id.clone(),
    ]);
    cells
}
