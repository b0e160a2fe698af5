//! Exact fractions, for comparing what is only rounded when it is shown.

use std::cmp::Ordering;

/// A fraction of two whole numbers, not reduced; its denominator is greater than 0.
///
/// Both are less than 2⁶⁰ in magnitude, as all stored numbers and the differences between them are, so that the products
/// with which fractions are compared and multiplied stay exact in 128 bits.
#[derive(Debug, Clone, Copy)]
pub struct Fraction {
    over: i64,
    under: i64,
}

/// The first magnitude that is too large.
const LIMIT: i64 = 1 << 60;

impl Fraction {
    /// Nought.
    pub const ZERO: Self = Self { over: 0, under: 1 };
    /// One.
    pub const ONE: Self = Self { over: 1, under: 1 };

    /// `over / under`; `None` where `under` is 0 or a number is too large.
    #[must_use]
    pub fn new(over: i64, under: i64) -> Option<Self> {
        let is_held = |number: i64| -LIMIT < number && number < LIMIT;
        if under == 0 || !is_held(over) || !is_held(under) {
            return None;
        }
        Some(if under < 0 { Self { over: -over, under: -under } } else { Self { over, under } })
    }

    /// The numerator.
    #[must_use]
    pub const fn over(self) -> i64 {
        self.over
    }

    /// The denominator.
    #[must_use]
    pub const fn under(self) -> i64 {
        self.under
    }

    /// Compares it with a part of another one: `part` times `other`.
    #[must_use]
    pub fn cmp_part(self, (part, whole): (u8, u8), other: Self) -> Ordering {
        // Less than 2¹²⁰ times 2⁸.
        let product = |a: i64, b: i64, factor: u8| i128::from(a) * i128::from(b) * i128::from(factor);
        product(self.over, other.under, whole).cmp(&product(other.over, self.under, part))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_part((1, 1), *other)
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Fraction {}

/// Fractions in another way, for tests: they are never multiplied out, but compared digit by digit of their continued
/// fractions.
pub mod reference {
    use std::cmp::Ordering;

    /// Compares a / b with c / d, for positive b and d.
    #[must_use]
    pub fn compare((a, b): (i128, i128), (c, d): (i128, i128)) -> Ordering {
        let (whole, other) = (a.div_euclid(b), c.div_euclid(d));
        let (rest, left) = (a.rem_euclid(b), c.rem_euclid(d));
        whole.cmp(&other).then_with(|| match (rest, left) {
            (0, 0) => Ordering::Equal,
            (0, _) => Ordering::Less,
            (_, 0) => Ordering::Greater,
            // Of what is left, the reciprocals are compared the other way round.
            _ => compare((d, left), (b, rest)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{reference::compare, *};
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![-20i64..20, -2_000_000_000_000_000i64..2_000_000_000_000_000, 1 - LIMIT..LIMIT]
    }

    #[test]
    fn what_is_no_fraction_is_refused() {
        assert_eq!((Fraction::new(1, 0), Fraction::new(LIMIT, 1), Fraction::new(0, -LIMIT)), (None, None, None));
        assert_eq!(Fraction::new(3, -6), Fraction::new(-1, 2));
    }

    #[test]
    fn the_reference_orders_fractions() {
        assert_eq!(compare((1, 2), (2, 4)), Ordering::Equal);
        assert_eq!(compare((-1, 2), (1, 3)), Ordering::Less);
        assert_eq!(compare((-1, 3), (-1, 2)), Ordering::Greater);
        assert_eq!(compare((22, 7), (355, 113)), Ordering::Greater);
    }

    proptest! {
        #[test]
        fn fractions_are_compared_exactly(a in number(), b in number(), c in number(), d in number(), part in 0u8..=4, whole in 1u8..=4) {
            prop_assume!(b != 0 && d != 0);
            let [x, y] = [(a, b), (c, d)].map(|(over, under)| Fraction::new(over, under).unwrap());
            let positive = |over: i64, under: i64| {
                let sign = i128::from(under.signum());
                (i128::from(over) * sign, i128::from(under) * sign)
            };
            prop_assert_eq!(x.cmp(&y), compare(positive(a, b), positive(c, d)));
            prop_assert_eq!(x == y, x.cmp(&y) == Ordering::Equal);
            let (over, under) = positive(c, d);
            let of_part = compare(positive(a, b), (over * i128::from(part), under * i128::from(whole)));
            prop_assert_eq!(x.cmp_part((part, whole), y), of_part);
        }

        #[test]
        fn equal_fractions_are_equal_however_they_are_written(a in -1_000_000i64..1_000_000, b in 1i64..1_000_000, times in 1i64..1_000_000) {
            let [x, y] = [(a, b), (a * times, b * times)].map(|(over, under)| Fraction::new(over, under).unwrap());
            prop_assert_eq!(x, y);
            let above = Fraction::new(a * times + 1, b * times).unwrap();
            prop_assert!(above > x);
        }
    }
}
