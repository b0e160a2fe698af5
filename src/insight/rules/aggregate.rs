//! What follows for many from the figures of each: ratios from the sums of their parts, amounts that can be added up as
//! their sum, everything else as it is spread and counted. Shares, levels and answers are never averaged. Pure.

use std::collections::BTreeMap;

use crate::{
    indicators::{Kind, Measure},
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

    proptest! {
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
