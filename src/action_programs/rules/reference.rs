//! The programmes that are loaded for demonstration: the few that official pages name, and invented ones in every state.
//! The invented ones are made from one file of texts by a fixed pattern, for as many members as are asked for, so that a
//! benchmark can have a whole country of them.

use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::{
    Axis, Budget, Committee, Document, DocumentKind, Facts, Implementation, MilestoneFacts, Moved, Owner, Planned,
    Program, ProjectFacts, Provenance, Publication, Reached, Stage, Stakeholder, StakeholderKind,
};
use crate::{
    kernel::{
        date::{PartialDate, deserialize_optional},
        id::{Slug, new_id},
        language::{Language, LanguageMap},
    },
    members::Evidence,
};

/// A programme to be loaded.
#[derive(Debug)]
pub struct Seed {
    /// Whose it is.
    pub owner: Owner,
    /// The number of the cycle.
    pub cycle: i64,
    /// Who sees it.
    pub publication: Publication,
    /// What is said of it.
    pub facts: Facts,
    /// How it came to its stage, forwards.
    pub moves: Vec<Moved>,
    /// Its projects.
    pub projects: Vec<SeedProject>,
}

/// A project to be loaded.
#[derive(Debug)]
pub struct SeedProject {
    /// What its member calls it.
    pub code: Slug,
    /// What is said of it.
    pub facts: ProjectFacts,
    /// Its milestones.
    pub milestones: Vec<MilestoneFacts>,
}

impl Seed {
    /// The stage that the moves lead to.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.moves.last().map_or(Stage::Draft, |last| last.to)
    }

    /// When the stages on the way were reached.
    #[must_use]
    pub fn reached(&self) -> Vec<Reached> {
        self.moves.iter().map(|moved| Reached { stage: moved.to, on: moved.on }).collect()
    }

    /// Its short name.
    ///
    /// # Errors
    /// A predicate for a sentence about the cycle.
    pub fn slug(&self) -> Result<Slug, &'static str> {
        Program::slug_of(&self.owner.slug, self.cycle)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    member: Slug,
    cycle: i64,
    title: LanguageMap,
    summary: LanguageMap,
    #[serde(deserialize_with = "deserialize_optional")]
    co_creation_on: Option<PartialDate>,
    axes: Vec<AxisText>,
    projects: Vec<NamedProject>,
    provenance: Provenance,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedProject {
    axis: Option<usize>,
    title: LanguageMap,
    ogp_local_id: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AxisText {
    title: LanguageMap,
    principles: Vec<String>,
}

impl AxisText {
    fn axis(&self) -> Axis {
        Axis { id: new_id(), title: self.title.clone(), principles: self.principles.clone() }
    }
}

/// Reads the programmes that official pages name; `owner` finds a member by its slug. Who is not there is left out.
///
/// # Errors
/// A sentence that names the file.
pub fn parse_named(json: &str, owner: impl Fn(&Slug) -> Option<Owner>) -> Result<Vec<Seed>, String> {
    let named: Vec<Named> = serde_json::from_str(json).map_err(|error| format!("named.json: {error}"))?;
    Ok(named.into_iter().filter_map(|named| Some(named.seed(owner(&named.member)?))).collect())
}

impl Named {
    fn seed(&self, owner: Owner) -> Seed {
        let axes: Vec<Axis> = self.axes.iter().map(AxisText::axis).collect();
        let project = |(number, project): (usize, &NamedProject)| SeedProject {
            code: code(number),
            facts: ProjectFacts {
                axis_id: project.axis.and_then(|at| Some(axes.get(at)?.id.clone())),
                title: project.title.clone(),
                ogp_local_id: project.ogp_local_id.clone(),
                ..nothing_known()
            },
            milestones: Vec::new(),
        };
        let projects = (1..).zip(&self.projects).map(project).collect();
        let facts = Facts {
            title: self.title.clone(),
            summary: Some(self.summary.clone()),
            planned: Planned::default(),
            committee_validated_on: None,
            council_session_on: None,
            decision_reference: None,
            decision_url: None,
            implementation: None,
            committee: None,
            axes,
            commitments: vec!["action-programs".to_owned()],
            stakeholders: Vec::new(),
            documents: Vec::new(),
            provenance: self.provenance,
            source: Some(self.source.clone()),
        };
        let moves = self.co_creation_on.map(|on| moved(Stage::Draft, Stage::CoCreation, on, None));
        let (cycle, publication) = (self.cycle, Publication::Published);
        Seed { owner, cycle, publication, facts, moves: moves.into_iter().collect(), projects }
    }
}

/// A project of which nothing is known but its title.
fn nothing_known() -> ProjectFacts {
    ProjectFacts {
        axis_id: None,
        title: LanguageMap::default(),
        problem: None,
        solution: None,
        expected_results: Vec::new(),
        responsible_unit: None,
        partners: Vec::new(),
        budget: None,
        starts_on: None,
        ends_on: None,
        ogp_local_id: None,
    }
}

fn moved(from: Stage, to: Stage, on: PartialDate, reference: Option<&str>) -> Moved {
    let reason = (to == Stage::Cancelled).then(|| "Illustrative: given up".to_owned());
    let evidence = Evidence { reference: reference.map(str::to_owned), url: None };
    Moved { from, to, on, role: None, reason, evidence }
}

/// `p1`, `p2` and so on.
fn code(number: usize) -> Slug {
    Slug::numbered("p", number)
}

/// The texts from which invented programmes are made, and the stages of their cycles.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    title: LanguageMap,
    summary: LanguageMap,
    axes: Vec<AxisText>,
    projects: Vec<ProjectText>,
    milestones: Vec<LanguageMap>,
    unit: LanguageMap,
    chair: LanguageMap,
    cycles: Vec<Vec<Standing>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectText {
    axis: usize,
    title: LanguageMap,
    problem: LanguageMap,
    solution: LanguageMap,
    result: LanguageMap,
}

/// How far an invented programme is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// A draft that is not published.
    Hidden,
    Draft,
    CoCreation,
    Consultation,
    Validated,
    Adopted,
    Implementation,
    Evaluation,
    Closed,
    Cancelled,
}

impl Standing {
    const fn stage(self) -> Stage {
        match self {
            Self::Hidden | Self::Draft => Stage::Draft,
            Self::CoCreation => Stage::CoCreation,
            Self::Consultation => Stage::Consultation,
            Self::Validated => Stage::Validated,
            Self::Adopted => Stage::Adopted,
            Self::Implementation => Stage::Implementation,
            Self::Evaluation => Stage::Evaluation,
            Self::Closed => Stage::Closed,
            Self::Cancelled => Stage::Cancelled,
        }
    }
}

/// Reads the texts.
///
/// # Errors
/// A sentence that names the file.
pub fn parse_texts(json: &str) -> Result<Texts, String> {
    serde_json::from_str(json).map_err(|error| format!("illustrative.json: {error}"))
}

impl Texts {
    /// The invented programmes of members, one in each cycle, with so many projects each; where there is no number, three
    /// to six.
    #[must_use]
    pub fn illustrate(&self, owners: &[Owner], projects: Option<usize>) -> Vec<Seed> {
        let of_owner = |(number, owner): (usize, &Owner)| -> Vec<Seed> {
            let cycles = (1..).zip(&self.cycles);
            let of_cycle = cycles.filter_map(|(cycle, standings)| {
                let standing = standings.get(number % standings.len().max(1))?;
                Some(self.program(owner, (number, cycle), *standing, projects.unwrap_or(3 + number % 4)))
            });
            of_cycle.collect()
        };
        owners.iter().enumerate().flat_map(of_owner).collect()
    }

    fn program(&self, owner: &Owner, at: (usize, i64), standing: Standing, projects: usize) -> Seed {
        let (number, cycle) = at;
        let calendar = Calendar { year: 2022 + i32::try_from(2 * cycle).unwrap_or(2) };
        let stage = standing.stage();
        let (reached, cancelled) =
            (|needed: Stage| stage != Stage::Cancelled && stage >= needed, stage == Stage::Cancelled);
        let axes: Vec<Axis> = self.axes.iter().map(AxisText::axis).collect();
        let seeds = (0..projects).map(|at_project| self.project(&axes, (number, at_project), stage, calendar));
        let facts = Facts {
            title: numbered(&self.title, cycle),
            summary: Some(self.summary.clone()),
            planned: calendar.planned(number),
            committee_validated_on: reached(Stage::Validated).then(|| calendar.day(-1, 7, 10)),
            council_session_on: reached(Stage::Adopted).then(|| calendar.day(-1, 10, 2)),
            decision_reference: reached(Stage::Adopted).then(|| format!("Deliberation {}", number + 1)),
            decision_url: None,
            implementation: (!cancelled && stage >= Stage::Validated)
                .then(|| Implementation { from: calendar.first_day(), until: None }),
            committee: (stage > Stage::Draft).then(|| self.committee(number)),
            axes: axes.clone(),
            commitments: commitments(number),
            stakeholders: vec![stakeholder()],
            documents: reached(Stage::Adopted).then(|| document(calendar.date(-1, 10, 2))).into_iter().collect(),
            provenance: Provenance::Illustrative,
            source: Some("Invented for demonstration; not from any official source".to_owned()),
        };
        let publication = if standing == Standing::Hidden { Publication::Draft } else { Publication::Published };
        let moves = calendar.moves(stage);
        Seed { owner: owner.clone(), cycle, publication, facts, moves, projects: seeds.collect() }
    }

    fn committee(&self, number: usize) -> Committee {
        let part = |share: usize| u16::try_from(4 + (number + share) % 5).ok();
        Committee { size: 15, women: part(0), civil_society: part(2), chair_function: Some(self.chair.clone()) }
    }

    fn project(&self, axes: &[Axis], at: (usize, usize), stage: Stage, calendar: Calendar) -> SeedProject {
        let (number, position) = at;
        let text = self.projects.get((number + position) % self.projects.len().max(1));
        // What is not adopted yet begins a year later than it was meant to.
        let postponed = if stage < Stage::Adopted { 365 } else { 0 };
        let start = calendar.first_day() + Days::new(postponed + 30 * u64::try_from(position % 6).unwrap_or(0));
        let facts = text.map(|text| ProjectFacts {
            axis_id: axes.get(text.axis).map(|axis| axis.id.clone()),
            title: text.title.clone(),
            problem: Some(text.problem.clone()),
            solution: Some(text.solution.clone()),
            expected_results: vec![text.result.clone()],
            responsible_unit: Some(self.unit.clone()),
            partners: Vec::new(),
            budget: (position % 2 == 0).then(|| budget(number + position)),
            starts_on: Some(start),
            ends_on: Some(calendar.first_day() + Days::new(postponed + 729)),
            ogp_local_id: None,
        });
        let milestones = (1_i64..).zip(&self.milestones).map(|(place, title)| {
            let due_on = start + Days::new(150 * u64::try_from(place).unwrap_or(0));
            MilestoneFacts {
                position: place,
                title: title.clone(),
                due_on,
                done_on: calendar.done(stage, at, place, due_on),
                evidence: Evidence::default(),
            }
        });
        SeedProject {
            code: code(position + 1),
            facts: facts.unwrap_or_else(nothing_known),
            milestones: milestones.collect(),
        }
    }
}

/// A title with the number of the cycle.
fn numbered(title: &LanguageMap, cycle: i64) -> LanguageMap {
    let text = |text: &Option<String>| text.as_ref().map(|text| text.replace('%', &cycle.to_string()));
    LanguageMap { ar: text(&title.ar), fr: text(&title.fr), en: text(&title.en) }
}

fn commitments(number: usize) -> Vec<String> {
    let more = ["monitoring-evaluation", "openness-norms", "territorial-synergy", "visibility"];
    let mut codes = vec!["action-programs".to_owned()];
    codes.extend(more.get(number % 5).map(|code| (*code).to_owned()));
    codes.sort();
    codes
}

fn stakeholder() -> Stakeholder {
    Stakeholder {
        organisation: "Association illustrative".to_owned(),
        kind: StakeholderKind::Association,
        role: None,
        contact: Some("https://association.example".to_owned()),
    }
}

/// The programme itself, of the day of the council's session.
fn document(dated: NaiveDate) -> Document {
    let title = LanguageMap { fr: Some("Programme illustratif".to_owned()), ..LanguageMap::default() };
    Document {
        title,
        kind: DocumentKind::Programme,
        language: Language::Fr,
        url: "https://documents.example/programme.pdf".to_owned(),
        sha256: None,
        dated: Some(dated),
    }
}

fn budget(number: usize) -> Budget {
    let centimes = 10_000_000 * i64::try_from(1 + number % 9).unwrap_or(1);
    Budget { centimes, currency: "MAD".to_owned(), source: None }
}

/// The time table of an invented cycle whose implementation begins with a year.
#[derive(Debug, Clone, Copy)]
struct Calendar {
    year: i32,
}

impl Calendar {
    fn date(self, years: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year + years, month, day).unwrap_or_default()
    }

    fn day(self, years: i32, month: u32, day: u32) -> PartialDate {
        PartialDate::of_day(self.date(years, month, day))
    }

    fn first_day(self) -> NaiveDate {
        self.date(0, 1, 1)
    }

    /// What was announced; every fourth council adopts later than it said.
    fn planned(self, number: usize) -> Planned {
        let adoption = if number % 4 == 2 { (6, 30) } else { (10, 31) };
        Planned {
            co_creation_on: Some(self.day(-1, 3, 1)),
            consultation_on: Some(self.day(-1, 5, 15)),
            adoption_on: Some(self.day(-1, adoption.0, adoption.1)),
        }
    }

    fn moves(self, stage: Stage) -> Vec<Moved> {
        let on_the_way = [
            (Stage::Draft, Stage::CoCreation, self.day(-1, 3, 4), None),
            (Stage::CoCreation, Stage::Consultation, self.day(-1, 5, 12), None),
            (Stage::Consultation, Stage::Validated, self.day(-1, 7, 10), Some("Minutes of the committee")),
            (Stage::Validated, Stage::Adopted, self.day(-1, 10, 2), Some("Minutes of the council")),
            (Stage::Adopted, Stage::Implementation, self.day(0, 1, 1), None),
            (Stage::Implementation, Stage::Evaluation, self.day(2, 1, 12), None),
            (Stage::Evaluation, Stage::Closed, self.day(2, 4, 20), Some("Report of the evaluation")),
        ];
        if stage == Stage::Cancelled {
            let first = on_the_way.into_iter().take(1);
            let last = (Stage::CoCreation, Stage::Cancelled, self.day(-1, 9, 1), None);
            return first.chain([last]).map(|(from, to, on, reference)| moved(from, to, on, reference)).collect();
        }
        let done = on_the_way.into_iter().filter(|(_, to, ..)| *to <= stage);
        done.map(|(from, to, on, reference)| moved(from, to, on, reference)).collect()
    }

    /// When a milestone was done: those of a programme that is over all were, some of them late; of one under way the
    /// first ones, and every third project is behind.
    fn done(self, stage: Stage, (number, project): (usize, usize), place: i64, due_on: NaiveDate) -> Option<NaiveDate> {
        let is_behind = (number + project) % 3 == 0;
        let delay = if is_behind { 20 } else { 0 };
        let done = (due_on + Days::new(delay)) - Days::new(10);
        let is_done = match stage {
            Stage::Evaluation | Stage::Closed => true,
            Stage::Implementation if self.year < 2026 => place < 4,
            Stage::Implementation => place == 1 && !is_behind,
            _ => false,
        };
        is_done.then_some(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action_programs::{ILLUSTRATIVE, NAMED};

    fn owner(slug: &str) -> Owner {
        Owner { id: new_id(), slug: slug.parse().unwrap(), region_code: "01".to_owned().try_into().unwrap() }
    }

    #[test]
    fn what_is_invented_occurs_in_every_stage_and_says_that_it_is_invented() {
        let texts = parse_texts(ILLUSTRATIVE).unwrap();
        let owners: Vec<Owner> = (0..12).map(|number| owner(&format!("commune-{number}"))).collect();
        let seeds = texts.illustrate(&owners, None);
        assert_eq!(seeds.len(), 24);
        for stage in Stage::ALL {
            assert!(seeds.iter().any(|seed| seed.stage() == *stage), "{stage:?}");
        }
        assert!(seeds.iter().all(|seed| seed.facts.provenance == Provenance::Illustrative));
        assert!(seeds.iter().any(|seed| seed.publication == Publication::Draft));
        for owner in &owners {
            let running = seeds.iter().filter(|seed| seed.owner == *owner && seed.stage() == Stage::Implementation);
            assert!(running.count() <= 1, "{owner:?}");
        }
        assert_eq!(texts.illustrate(&owners[..1], Some(10))[0].projects.len(), 10);
    }

    #[test]
    fn what_is_named_stands_at_its_members_only() {
        let found = parse_named(NAMED, |slug| (slug.as_str() == "commune-fnideq").then(|| owner("commune-fnideq")));
        let [fnideq] = &found.unwrap()[..] else { panic!("one programme") };
        assert_eq!((fnideq.facts.axes.len(), fnideq.stage()), (4, Stage::CoCreation));
        assert_eq!(fnideq.slug().unwrap().as_str(), "commune-fnideq-cycle-1");
    }
}
