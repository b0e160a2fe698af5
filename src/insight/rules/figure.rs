//! The figures of the network's indicators: what is counted of each member or reported by it, put together over a selection
//! or a group of members, and what follows from it. Shares and medians are computed from what was added up, never averaged:
//! every member weighs what it has. Pure.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    aggregate::{Aggregate, Reported, spread},
    texts,
};
use crate::{
    indicators::{Dimension, Disaggregation, Kind, Measure},
    kernel::{codes::codes, decimal::Decimal, id::Identifier, language::LanguageMap},
    members::{Cohort, MemberKind},
    territories::Code,
};

/// An entry of the catalogue that the system computes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Computable {
    /// Projects, by how they stood.
    Projects,
    /// Milestones that were done.
    MilestonesDone,
    /// Milestones that were late.
    MilestonesLate,
    /// Contributions that had come in.
    IdeasReceived,
    /// Of them, those that were taken up.
    IdeasAccepted,
    /// Of them, those that were answered with reasons.
    IdeasAnswered,
    /// How long the answers took.
    DaysToAnswer,
    /// Who took part in consultations.
    Participants,
    /// Consultations that were over.
    Consultations,
    /// Women among the participants.
    WomenTakingPart,
    /// Young people among the participants.
    YouthTakingPart,
    /// Women on the committees.
    WomenOnCommittee,
    /// Civil society on the committees.
    CivilSocietyOnCommittee,
}

codes!(Computable {
    Projects => "projects-by-status",
    MilestonesDone => "milestones-done",
    MilestonesLate => "milestones-late",
    IdeasReceived => "ideas-received",
    IdeasAccepted => "ideas-accepted",
    IdeasAnswered => "ideas-answered-with-reasons",
    DaysToAnswer => "days-from-idea-to-answer",
    Participants => "consultation-participants",
    Consultations => "consultations-held",
    WomenTakingPart => "consultation-women-share",
    YouthTakingPart => "consultation-youth-share",
    WomenOnCommittee => "committee-women-share",
    CivilSocietyOnCommittee => "committee-civil-society-share",
});

/// What members are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NetworkIndicatorGrouping)]
pub enum Grouping {
    /// By the region that they lie in.
    Region,
    /// By their kind.
    Kind,
    /// By their cohort.
    Cohort,
}

codes!(Grouping { Region => "region", Kind => "kind", Cohort => "cohort" });

/// A member on a day, and what it is grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seated {
    /// The id.
    pub id: Identifier,
    /// The region.
    pub region: Code,
    /// The kind.
    pub kind: MemberKind,
    /// The cohort.
    pub cohort: Option<Cohort>,
}

/// A group of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// Those in a region.
    Region(Code),
    /// Those of a kind.
    Kind(MemberKind),
    /// Those of a cohort, or of none.
    Cohort(Option<Cohort>),
}

impl Group {
    fn of(by: Grouping, member: &Seated) -> Self {
        match by {
            Grouping::Region => Self::Region(member.region.clone()),
            Grouping::Kind => Self::Kind(member.kind),
            Grouping::Cohort => Self::Cohort(member.cohort.clone()),
        }
    }

    /// Its code; none for the members of no cohort.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Region(code) => Some(code.as_str()),
            Self::Kind(kind) => Some(kind.as_str()),
            Self::Cohort(cohort) => cohort.as_ref().map(Cohort::as_str),
        }
    }

    /// Its place among the groups: regions and cohorts by their codes, members of no cohort first, kinds in their order.
    fn place(&self) -> (Option<usize>, Option<String>) {
        match self {
            Self::Kind(kind) => (MemberKind::ALL.iter().position(|one| one == kind), None),
            Self::Region(_) | Self::Cohort(_) => (None, self.code().map(str::to_owned)),
        }
    }

    /// What it is called, where the names of the regions are these.
    #[must_use]
    pub fn label(&self, regions: &HashMap<String, LanguageMap>) -> LanguageMap {
        match self {
            Self::Region(code) => regions.get(code.as_str()).cloned().unwrap_or_default(),
            Self::Kind(kind) => kind.label(),
            Self::Cohort(Some(cohort)) => {
                let cohort = cohort.as_str();
                texts(format!("فوج {cohort}"), format!("Cohorte {cohort}"), format!("Cohort {cohort}"))
            }
            Self::Cohort(None) => texts("بدون فوج", "Sans cohorte", "No cohort"),
        }
    }
}

/// The groups that some members form, in their order, none of them empty. Every member is in one.
#[must_use]
pub fn grouped(by: Grouping, members: &[Seated]) -> Vec<(Group, Vec<&Seated>)> {
    let mut groups = BTreeMap::new();
    for member in members {
        let group = Group::of(by, member);
        groups.entry(group.place()).or_insert_with(|| (group, Vec::new())).1.push(member);
    }
    groups.into_values().collect()
}

/// What is counted of a member, or of several together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The amount; of a ratio its numerator.
    pub amount: i64,
    /// The denominator of a ratio.
    pub out_of: i64,
    /// How the amount is made up.
    pub parts: BTreeMap<String, BTreeMap<String, i64>>,
    /// How many things took how many days.
    pub days: BTreeMap<i64, i64>,
}

impl Tally {
    /// An amount.
    #[must_use]
    pub fn amount(amount: i64) -> Self {
        Self { amount, ..Self::default() }
    }

    /// Adds an amount to a part.
    pub fn part(&mut self, dimension: &str, category: &str, amount: i64) {
        *self.parts.entry(dimension.to_owned()).or_default().entry(category.to_owned()).or_default() += amount;
    }

    /// Adds what is counted of others.
    pub fn add(&mut self, other: &Self) {
        self.amount += other.amount;
        self.out_of += other.out_of;
        for (dimension, parts) in &other.parts {
            for (category, amount) in parts {
                self.part(dimension, category, *amount);
            }
        }
        for (days, number) in &other.days {
            *self.days.entry(*days).or_default() += number;
        }
    }

    /// Whether there is anything to count.
    #[must_use]
    pub fn has_any(&self) -> bool {
        self.amount != 0 || self.out_of != 0 || !self.days.is_empty()
    }
}

/// What is counted, by the ids of members; those of whom nothing is may be left out.
pub type Tallies = HashMap<String, Tally>;

/// What members report, by their ids.
pub type Reports = HashMap<String, Vec<Reported>>;

/// What figures are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// What the system counts itself.
    Counted(Computable, Tallies),
    /// What members report.
    Reported(Reports),
}

/// A figure of some members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// How many members it is asked of.
    pub members: usize,
    /// Of them, those of whom anything is counted.
    pub members_counted: usize,
    /// What is known.
    pub of: Aggregate,
    /// How the value is made up: of every dimension of the definition all categories; nothing where parts don't add up.
    pub parts: Disaggregation,
}

impl Figure {
    /// The figure of some members, by a definition.
    #[must_use]
    pub fn of(known: &Known, (measure, dimensions): (&Measure, &[Dimension]), members: &[&Seated]) -> Self {
        match known {
            Known::Counted(what, tallies) => Self::counted((*what, tallies), (measure, dimensions), members),
            Known::Reported(reports) => Self::reported(reports, (measure, dimensions), members),
        }
    }

    fn counted(
        (what, tallies): (Computable, &Tallies),
        (measure, dimensions): (&Measure, &[Dimension]),
        members: &[&Seated],
    ) -> Self {
        let mut all = Tally::default();
        let mut members_counted = 0;
        for tally in members.iter().filter_map(|member| tallies.get(member.id.as_str())) {
            members_counted += usize::from(tally.has_any());
            all.add(tally);
        }
        let parts = parts(dimensions, &all);
        Self { members: members.len(), members_counted, of: aggregate(what, measure, &all), parts }
    }

    fn reported(reports: &Reports, (measure, dimensions): (&Measure, &[Dimension]), members: &[&Seated]) -> Self {
        let own: Vec<&Vec<Reported>> = members.iter().filter_map(|member| reports.get(member.id.as_str())).collect();
        let all: Vec<&Reported> = own.iter().copied().flatten().collect();
        let of = Aggregate::of_reports(measure, &all);
        let sum = of.value.filter(|_| measure.adds_up());
        let parts = sum.map(|sum| reported_parts(dimensions, &all, sum)).unwrap_or_default();
        Self { members: members.len(), members_counted: own.len(), of, parts }
    }
}

/// The category of whoever is not known by a dimension.
const UNSPECIFIED: &str = "unspecified";

/// How the sum of some reports is made up; whatever they do not split is unspecified, where the dimension has such a
/// category.
fn reported_parts(dimensions: &[Dimension], reports: &[&Reported], sum: Decimal) -> Disaggregation {
    let amount = |dimension: &str, category: &str| {
        let parts = reports.iter().filter_map(|report| report.disaggregation.get(dimension)?.get(category));
        parts.map(|part| part.millionths()).sum::<i64>()
    };
    let of = |dimension: &Dimension| {
        let mut parts: BTreeMap<String, i64> = dimension
            .categories
            .iter()
            .map(|category| (category.code.clone(), amount(&dimension.code, &category.code)))
            .collect();
        let rest = sum.millionths() - parts.values().sum::<i64>();
        if let Some(unspecified) = parts.get_mut(UNSPECIFIED) {
            *unspecified += rest;
        }
        let number = |(code, millionths)| Some((code, Decimal::from_millionths(millionths).ok()?));
        parts.into_iter().filter_map(number).collect()
    };
    dimensions.iter().map(|dimension| (dimension.code.clone(), of(dimension))).collect()
}

/// What follows from what was counted.
fn aggregate(what: Computable, measure: &Measure, tally: &Tally) -> Aggregate {
    let whole = |number: i64| Decimal::from_whole(number).ok();
    if what == Computable::DaysToAnswer {
        let days = tally.days.iter().filter_map(|(days, number)| Some((whole(*days)?, *number)));
        let spread = spread(&days.collect());
        return Aggregate {
            observations: tally.days.values().sum(),
            value: spread.map(|spread| spread.median),
            spread,
            ..Aggregate::default()
        };
    }
    if measure.kind == Kind::Ratio {
        return Aggregate {
            observations: tally.out_of,
            value: Decimal::ratio(tally.amount, tally.out_of, measure.scale, 6),
            numerator: whole(tally.amount),
            denominator: whole(tally.out_of),
            ..Aggregate::default()
        };
    }
    Aggregate { observations: tally.amount, value: whole(tally.amount), ..Aggregate::default() }
}

fn parts(dimensions: &[Dimension], tally: &Tally) -> Disaggregation {
    let of = |dimension: &Dimension| {
        let known = tally.parts.get(&dimension.code);
        let part = |code: &String| known.and_then(|parts| parts.get(code)).copied().unwrap_or_default();
        let number = |code: &String| Some((code.clone(), Decimal::from_whole(part(code)).ok()?));
        dimension.categories.iter().filter_map(|category| number(&category.code)).collect()
    };
    dimensions.iter().map(|dimension| (dimension.code.clone(), of(dimension))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        indicators::{Catalogue, reference},
        kernel::codes::assert_codes,
    };
    use proptest::prelude::*;

    fn catalogue() -> &'static Catalogue {
        reference().unwrap()
    }

    /// What an entry asks for.
    fn asked(what: Computable) -> (Measure, Vec<Dimension>) {
        let entry = catalogue().entries.iter().find(|entry| entry.code.as_str() == what.as_str()).unwrap();
        (catalogue().measure(entry).unwrap(), catalogue().dimensions_of(entry))
    }

    fn figure(what: Computable, members: &[Seated], tallies: &Tallies) -> Figure {
        let (measure, dimensions) = asked(what);
        let known = Known::Counted(what, tallies.clone());
        Figure::of(&known, (&measure, &dimensions), &members.iter().collect::<Vec<_>>())
    }

    #[test]
    fn reports_are_put_together_with_what_they_do_not_split_unspecified() {
        let entry =
            catalogue().entries.iter().find(|entry| entry.code.as_str() == "staff-trained-in-openness").unwrap();
        let (measure, dimensions) = (catalogue().measure(entry).unwrap(), catalogue().dimensions_of(entry));
        let number = |number: i64| Decimal::from_whole(number).unwrap();
        let report = |value: i64, women: Option<i64>| Reported {
            value: number(value),
            numerator: None,
            denominator: None,
            disaggregation: women
                .map(|women| {
                    let parts = [("women".to_owned(), number(women)), ("men".to_owned(), number(value - women))];
                    Disaggregation::from([("sex".to_owned(), parts.into())])
                })
                .unwrap_or_default(),
        };
        let members = [seated(1, (1, 0, 0)), seated(2, (1, 0, 0)), seated(3, (1, 0, 0))];
        let members: Vec<&Seated> = members.iter().collect();
        let reports =
            Reports::from([("1".to_owned(), vec![report(7, Some(4))]), ("3".to_owned(), vec![report(5, None)])]);
        let found = Figure::of(&Known::Reported(reports.clone()), (&measure, &dimensions), &members);
        assert_eq!((found.members, found.members_counted, found.of.value), (3, 2, Some(number(12))));
        let parts: Vec<(&str, Decimal)> =
            found.parts["sex"].iter().map(|(code, part)| (code.as_str(), *part)).collect();
        assert_eq!(parts, [("men", number(3)), ("unspecified", number(5)), ("women", number(4))]);
        let nobody = Figure::of(&Known::Reported(reports), (&measure, &dimensions), &members[1..2]);
        assert_eq!((nobody.of.value, nobody.members_counted, nobody.parts.len()), (None, 0, 0));
    }

    fn seated(number: usize, (region, kind, cohort): (u8, usize, usize)) -> Seated {
        Seated {
            id: Identifier::stored(number.to_string()),
            region: format!("{region:02}").parse().unwrap(),
            kind: MemberKind::ALL[kind],
            cohort: ["2022", "2024-12"].get(cohort).map(|cohort| cohort.parse().unwrap()),
        }
    }

    #[test]
    fn whatever_the_catalogue_calls_computed_is_computed_and_nothing_else() {
        let computed: Vec<&str> =
            catalogue().entries.iter().filter(|entry| entry.computed).map(|entry| entry.code.as_str()).collect();
        let known: Vec<&str> = Computable::ALL.iter().map(|what| what.as_str()).collect();
        assert_eq!(computed, known);
        assert_codes(Grouping::ALL, Grouping::as_str);
    }

    #[test]
    fn groups_stand_in_their_order_with_names_in_three_languages() {
        let members = [seated(1, (12, 3, 1)), seated(2, (1, 0, 2)), seated(3, (1, 2, 0))];
        let codes = |by: Grouping| {
            let groups = grouped(by, &members);
            let names = HashMap::from([("01".to_owned(), texts("أ", "b", "c"))]);
            assert!(groups.iter().all(|(group, _)| group.code() == Some("12") || group.label(&names).en.is_some()));
            groups.iter().map(|(group, own)| (group.code().unwrap_or("-").to_owned(), own.len())).collect::<Vec<_>>()
        };
        let is =
            |pairs: &[(&str, usize)]| pairs.iter().map(|(code, own)| ((*code).to_owned(), *own)).collect::<Vec<_>>();
        assert_eq!(codes(Grouping::Region), is(&[("01", 2), ("12", 1)]));
        assert_eq!(codes(Grouping::Kind), is(&[("region", 1), ("municipality", 1), ("institution", 1)]));
        assert_eq!(codes(Grouping::Cohort), is(&[("-", 1), ("2022", 1), ("2024-12", 1)]));
    }

    #[test]
    fn a_share_is_of_all_that_was_added_up_and_unknown_where_that_is_nothing() {
        let members = [seated(1, (1, 0, 0)), seated(2, (1, 0, 0)), seated(3, (1, 0, 0))];
        let tally = |amount, out_of| Tally { amount, out_of, ..Tally::default() };
        let tallies = Tallies::from([
            ("1".to_owned(), tally(1, 1)),
            ("2".to_owned(), tally(0, 5)),
            ("3".to_owned(), tally(0, 0)),
        ]);
        let found = figure(Computable::IdeasAnswered, &members, &tallies);
        assert_eq!((found.members, found.members_counted), (3, 2));
        assert_eq!(found.of.value.unwrap().to_string(), "16.666667");
        let ends = [found.of.numerator, found.of.denominator].map(|end| end.unwrap().to_string());
        assert_eq!((ends[0].as_str(), ends[1].as_str()), ("1", "6"));
        let nothing = figure(Computable::IdeasAnswered, &members[2..], &tallies);
        assert_eq!((nothing.of.value, nothing.of.denominator, nothing.members_counted), (None, Some(Decimal::ZERO), 0));
    }

    #[test]
    fn a_median_is_over_all_answers_and_halved_between_two() {
        let members = [seated(1, (1, 0, 0)), seated(2, (1, 0, 0))];
        let tally = |days: &[(i64, i64)]| Tally { days: days.iter().copied().collect(), ..Tally::default() };
        let tallies =
            Tallies::from([("1".to_owned(), tally(&[(0, 1), (9, 1)])), ("2".to_owned(), tally(&[(4, 1), (900, 1)]))]);
        let found = figure(Computable::DaysToAnswer, &members, &tallies);
        assert_eq!((found.of.value.unwrap().to_string().as_str(), found.of.observations), ("6.5", 4));
        let spread = found.of.spread.unwrap();
        assert_eq!((spread.minimum.to_string().as_str(), spread.maximum.to_string().as_str()), ("0", "900"));
        assert_eq!(figure(Computable::DaysToAnswer, &members, &Tallies::new()).of.value, None);
    }

    #[test]
    fn every_category_of_a_dimension_is_there() {
        let mut tally = Tally::amount(5);
        tally.part("status", "late", 2);
        tally.part("status", "completed", 3);
        let found = figure(Computable::Projects, &[seated(1, (1, 0, 0))], &Tallies::from([("1".to_owned(), tally)]));
        let parts: Vec<(&str, i64)> = found.parts["status"]
            .iter()
            .map(|(code, amount)| (code.as_str(), amount.millionths() / 1_000_000))
            .collect();
        assert_eq!(parts, [("cancelled", 0), ("completed", 3), ("in_progress", 0), ("late", 2), ("not_started", 0)]);
    }

    proptest! {
        #[test]
        fn groups_add_up_to_the_whole(
            all in prop::collection::vec(((1u8..13, 0usize..4, 0usize..3), 0i64..50, 0i64..9, 0i64..400), 0..40),
            by in 0usize..3,
        ) {
            let members: Vec<Seated> = all.iter().enumerate().map(|(at, (seat, ..))| seated(at, *seat)).collect();
            let tally = |(_, amount, more, days): &((u8, usize, usize), i64, i64, i64)| {
                let mut tally = Tally { out_of: amount + more, days: BTreeMap::from([(*days, more + 1)]), ..Tally::amount(*amount) };
                tally.part("consultation_kind", "workshop", *amount);
                tally
            };
            let tallies: Tallies = all.iter().enumerate().map(|(at, one)| (at.to_string(), tally(one))).collect();
            for what in [Computable::Consultations, Computable::IdeasAnswered, Computable::DaysToAnswer] {
                let (measure, dimensions) = asked(what);
                let known = Known::Counted(what, tallies.clone());
                let of = |own: &[&Seated]| Figure::of(&known, (&measure, &dimensions), own);
                let whole = of(&members.iter().collect::<Vec<_>>());
                let groups: Vec<Figure> =
                    grouped(Grouping::ALL[by], &members).into_iter().map(|(_, own)| of(&own)).collect();
                prop_assert_eq!(whole.members, members.len());
                prop_assert_eq!(groups.iter().map(|group| group.members).sum::<usize>(), whole.members);
                prop_assert_eq!(groups.iter().map(|group| group.members_counted).sum::<usize>(), whole.members_counted);
                prop_assert_eq!(groups.iter().map(|group| group.of.observations).sum::<i64>(), whole.of.observations);
                let values = groups.iter().filter_map(|group| group.of.value);
                if what == Computable::Consultations {
                    let sum = values.map(Decimal::millionths).sum::<i64>();
                    prop_assert_eq!(Some(sum), whole.of.value.map(Decimal::millionths));
                    prop_assert_eq!(whole.parts["consultation_kind"]["workshop"].millionths(), sum);
                } else if let Some(value) = whole.of.value.filter(|_| what == Computable::IdeasAnswered) {
                    // The share of the whole lies between those of the groups.
                    let values: Vec<Decimal> = values.collect();
                    prop_assert!(values.iter().min().unwrap() <= &value && &value <= values.iter().max().unwrap());
                }
            }
        }
    }
}
