//! What follows for many from the figures of each: ratios from the sums of their parts, amounts that can be added up as
//! their sum, everything else as it is spread and counted. Shares, levels and answers are never averaged. Pure.

use std::collections::BTreeMap;

use crate::{
    indicators::{Disaggregation, Kind, Measure},
    kernel::decimal::Decimal,
};

/// The least, the middle and the greatest of some values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The least.
    pub minimum: Decimal,
    /// The one in the middle, or halfway between the two in the middle.
    pub median: Decimal,
    /// The greatest.
    pub maximum: Decimal,
}

/// What is known of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aggregate {
    /// Over how many things.
    pub observations: i64,
    /// The one value that stands for all; none where there is no such value, or nothing to compute it from.
    pub value: Option<Decimal>,
    /// Of a ratio, the sum of the numerators, as far as a number can hold it.
    pub numerator: Option<Decimal>,
    /// Of a ratio, the sum of the denominators, as far as a number can hold it.
    pub denominator: Option<Decimal>,
    /// How the single values are spread.
    pub spread: Option<Spread>,
    /// How many have which value, where there are only a few.
    pub counts: Vec<(Decimal, i64)>,
}

/// What a member reports, approved by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The value.
    pub value: Decimal,
    /// The numerator of a ratio.
    pub numerator: Option<Decimal>,
    /// The denominator of a ratio.
    pub denominator: Option<Decimal>,
    /// How the value is made up.
    pub disaggregation: Disaggregation,
}

/// A sum in millionths, as far as 64 bits hold it.
fn sum(values: impl Iterator<Item = Decimal>) -> Option<i64> {
    i64::try_from(values.map(|value| i128::from(value.millionths())).sum::<i128>()).ok()
}

fn number(millionths: Option<i64>) -> Option<Decimal> {
    millionths.and_then(|millionths| Decimal::from_millionths(millionths).ok())
}

impl Aggregate {
    /// What follows from single reports that a definition takes. Of a ratio the sums of numerators and denominators and their
    /// quotient, of amounts that can be added up their sum; of everything else there is no one value. How the values are
    /// spread and how many have which, where the kind has only a few, in any case.
    #[must_use]
    pub fn of_reports(measure: &Measure, reports: &[&Reported]) -> Self {
        let Some(observations) = i64::try_from(reports.len()).ok().filter(|number| *number > 0) else {
            return Self::default();
        };
        let mut values: BTreeMap<Decimal, i64> = BTreeMap::new();
        for report in reports {
            *values.entry(report.value).or_default() += 1;
        }
        let highest = match measure.kind {
            Kind::YesNo => Some(1),
            Kind::Scale => Some(i64::from(measure.highest_level)),
            Kind::Number | Kind::Percentage | Kind::Ratio => None,
        };
        let levels = highest.into_iter().flat_map(|highest| 0..=highest);
        let levels = levels.filter_map(|level| Decimal::from_whole(level).ok());
        let mut found = Self {
            observations,
            spread: spread(&values).filter(|_| measure.kind != Kind::YesNo),
            counts: levels.map(|level| (level, values.get(&level).copied().unwrap_or_default())).collect(),
            ..Self::default()
        };
        if measure.kind == Kind::Ratio {
            let numerator = sum(reports.iter().filter_map(|report| report.numerator));
            let denominator = sum(reports.iter().filter_map(|report| report.denominator));
            found.value =
                numerator.zip(denominator).and_then(|(over, under)| Decimal::ratio(over, under, measure.scale, 6));
            (found.numerator, found.denominator) = (number(numerator), number(denominator));
        } else if measure.adds_up() {
            found.value = number(sum(reports.iter().map(|report| report.value)));
        }
        found
    }
}

/// How some values are spread, from how many there are of each; `None` of none at all.
#[must_use]
pub fn spread(values: &BTreeMap<Decimal, i64>) -> Option<Spread> {
    let number: i64 = values.values().sum();
    let (minimum, maximum) = (*values.keys().next()?, *values.keys().next_back()?);
    // The value at a place in their order, from 0.
    let at = |place: i64| {
        let mut passed = 0;
        values.iter().find_map(|(value, number)| {
            passed += number;
            (passed > place).then_some(*value)
        })
    };
    let (lower, upper) = (at((number - 1) / 2)?, at(number / 2)?);
    let median = Decimal::ratio(lower.millionths() + upper.millionths(), 2 * Decimal::ONE.millionths(), 1, 6)?;
    Some(Spread { minimum, median, maximum })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn measure(kind: Kind, is_additive: bool) -> Measure {
        Measure { kind, scale: 100, highest_level: 4, is_additive }
    }

    fn report((value, denominator): (i64, i64)) -> Reported {
        Reported {
            value: Decimal::from_whole(value).unwrap(),
            numerator: Decimal::from_whole(value).ok(),
            denominator: Decimal::from_whole(denominator).ok(),
            disaggregation: Disaggregation::default(),
        }
    }

    fn of(measure: &Measure, reports: &[Reported]) -> Aggregate {
        Aggregate::of_reports(measure, &reports.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_ratio_of_many_weighs_each_by_its_denominator() {
        let found = of(&measure(Kind::Ratio, false), &[report((1, 1)), report((0, 99))]);
        assert_eq!(
            (found.value, found.denominator, found.observations),
            (Decimal::from_whole(1).ok(), Decimal::from_whole(100).ok(), 2)
        );
    }

    #[test]
    fn answers_and_levels_are_counted_and_never_averaged() {
        let reports = [report((1, 1)), report((1, 1)), report((0, 1))];
        let found = of(&measure(Kind::YesNo, false), &reports);
        let counts: Vec<i64> = found.counts.iter().map(|(_, number)| *number).collect();
        assert_eq!((counts, found.value, found.spread), (vec![1, 2], None, None));
        let levels = of(&measure(Kind::Scale, false), &reports);
        let counts: Vec<i64> = levels.counts.iter().map(|(_, number)| *number).collect();
        assert_eq!((counts, levels.value, levels.spread.unwrap().median), (vec![1, 2, 0, 0, 0], None, Decimal::ONE));
    }

    #[test]
    fn sums_that_no_number_holds_are_unknown_and_their_quotient_is_not() {
        let found =
            of(&measure(Kind::Ratio, false), &[report((600_000_000, 800_000_000)), report((600_000_000, 800_000_000))]);
        assert_eq!((found.numerator, found.denominator, found.value), (None, None, Decimal::from_whole(75).ok()));
        let many = [report((999_999_999, 1)), report((999_999_999, 1))];
        assert_eq!(of(&measure(Kind::Number, true), &many).value, None);
    }

    proptest! {
        #[test]
        fn what_follows_from_reports_keeps_to_their_kind(
            all in prop::collection::vec((0i64..5, 1i64..50), 0..40), kind in 0usize..5, is_additive: bool,
        ) {
            let kind = Kind::ALL[kind];
            let all: Vec<(i64, i64)> =
                all.into_iter().map(|(value, under)| (if kind == Kind::YesNo { value % 2 } else { value }, under)).collect();
            let reports: Vec<Reported> = all.iter().copied().map(report).collect();
            let found = of(&measure(kind, is_additive), &reports);
            prop_assert_eq!(usize::try_from(found.observations), Ok(all.len()));
            let values: i64 = all.iter().map(|(value, _)| value).sum();
            let unders: i64 = all.iter().map(|(_, under)| under).sum();
            match kind {
                _ if all.is_empty() => prop_assert_eq!(&found, &Aggregate::default()),
                Kind::Ratio => prop_assert_eq!(found.value, Decimal::ratio(values, unders, 100, 6)),
                Kind::Number if is_additive => prop_assert_eq!(found.value, Decimal::from_whole(values).ok()),
                _ => prop_assert_eq!(found.value, None),
            }
            let counted: i64 = found.counts.iter().map(|(_, number)| number).sum();
            prop_assert_eq!(counted, if matches!(kind, Kind::YesNo | Kind::Scale) { found.observations } else { 0 });
            let mut two = reports.clone();
            two.reverse();
            prop_assert_eq!(of(&measure(kind, is_additive), &two), found, "the order does not matter");
        }

        #[test]
        fn the_median_is_the_middle_of_all_values_in_their_order(mut all in prop::collection::vec(-50i64..50, 0..40)) {
            let number = |millionths: i64| Decimal::from_millionths(millionths).unwrap();
            let mut values = BTreeMap::new();
            for value in &all {
                *values.entry(number(*value * 2)).or_default() += 1;
            }
            all.sort_unstable();
            let found = spread(&values);
            prop_assert_eq!(found.is_some(), !all.is_empty());
            if let Some(found) = found {
                let middle = all[(all.len() - 1) / 2] + all[all.len() / 2];
                prop_assert_eq!(found.median, number(middle));
                prop_assert_eq!((found.minimum, found.maximum), (number(all[0] * 2), number(all[all.len() - 1] * 2)));
            }
        }
    }
}
