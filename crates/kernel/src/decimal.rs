//! Fixed-point numbers: whole millionths in 64 bits. Both databases store them as `BIGINT`, sums are exact,
//! and with fewer than 16 significant digits they survive the floating point of any JSON client.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// Millionths in one.
const ONE: i64 = 1_000_000;
/// The first magnitude that is too large: 10⁹, in millionths.
const LIMIT: i64 = 1_000_000_000 * ONE;

/// Why there is no such number; a complete predicate for a sentence about the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not a decimal number at all.
    #[error("is not a decimal number")]
    Syntax,
    /// More than six places after the point.
    #[error("has more than 6 decimal places")]
    Places,
    /// A magnitude of 10⁹ or more.
    #[error("is not between -10^9 and 10^9")]
    Range,
}

/// A number with at most six decimal places and a magnitude below 10⁹.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    millionths: i64,
}

impl Decimal {
    /// Nought.
    pub const ZERO: Self = Self { millionths: 0 };
    /// One.
    pub const ONE: Self = Self { millionths: ONE };
    /// The smallest number.
    pub const MIN: Self = Self { millionths: 1 - LIMIT };
    /// The largest number.
    pub const MAX: Self = Self { millionths: LIMIT - 1 };

    /// The number of `millionths` / 1 000 000.
    ///
    /// # Errors
    /// [`DecimalError::Range`] from 10⁹ on.
    pub const fn from_millionths(millionths: i64) -> Result<Self, DecimalError> {
        if millionths <= -LIMIT || millionths >= LIMIT {
            return Err(DecimalError::Range);
        }
        Ok(Self { millionths })
    }

    /// The number in whole millionths, as the databases store it.
    #[must_use]
    pub const fn millionths(self) -> i64 {
        self.millionths
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`DecimalError::Range`] from 10⁹ on.
    pub fn from_whole(whole: i64) -> Result<Self, DecimalError> {
        whole.checked_mul(ONE).ok_or(DecimalError::Range).and_then(Self::from_millionths)
    }

    /// Whether it has no fraction.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.millionths % ONE == 0
    }

    /// The sum; `None` where it is out of range.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_millionths(self.millionths + other.millionths).ok()
    }

    /// The difference; `None` where it is out of range.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Self::from_millionths(self.millionths - other.millionths).ok()
    }

    /// `self / divisor × scale`, rounded to six decimal places, halves away from zero. `None` for a zero divisor or a
    /// result out of range.
    #[must_use]
    pub fn divided_by(self, divisor: Self, scale: u32) -> Option<Self> {
        Self::ratio(self.millionths, divisor.millionths, scale, 6)
    }

    /// `numerator / denominator × scale`, rounded to `places` (0 to 6) decimal places, halves away from
    /// zero. `None` for a zero denominator or a result out of range.
    #[must_use]
    pub fn ratio(numerator: i64, denominator: i64, scale: u32, places: u32) -> Option<Self> {
        let step = 10_i128.checked_pow(6_u32.checked_sub(places)?)?;
        let exact = i128::from(numerator) * i128::from(scale) * i128::from(ONE);
        let divisor = i128::from(denominator).checked_mul(step)?;
        if divisor == 0 {
            return None;
        }
        let (quotient, rest) = (exact / divisor, exact % divisor);
        let away = if (exact < 0) == (divisor < 0) { 1 } else { -1 };
        let rounded = if rest.abs() * 2 >= divisor.abs() { quotient + away } else { quotient };
        let millionths = i64::try_from(rounded * step).ok()?;
        Self::from_millionths(millionths).ok()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.millionths.unsigned_abs();
        let (whole, part) = (magnitude / ONE.unsigned_abs(), magnitude % ONE.unsigned_abs());
        let sign = if self.millionths < 0 { "-" } else { "" };
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let places = format!("{part:06}");
        write!(f, "{sign}{whole}.{}", places.trim_end_matches('0'))
    }
}

impl std::str::FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(places) {
            return Err(DecimalError::Syntax);
        }
        if places.len() > 6 {
            return Err(DecimalError::Places);
        }
        let too_large = |_: std::num::ParseIntError| DecimalError::Range;
        let whole: i64 = whole.parse().map_err(too_large)?;
        let part: i64 = format!("{places:0<6}").parse().map_err(too_large)?;
        let magnitude = whole.checked_mul(ONE).and_then(|millionths| millionths.checked_add(part));
        let magnitude = magnitude.ok_or(DecimalError::Range)?;
        Self::from_millionths(if negative { -magnitude } else { magnitude })
    }
}

/// A JSON number: an integer where there is no fraction, else the shortest form that reads back the same.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_whole() {
            return serializer.serialize_i64(self.millionths / ONE);
        }
        let nearest: f64 = self.to_string().parse().map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(nearest)
    }
}

struct DecimalVisitor;

impl de::Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
        Decimal::from_whole(number).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
        let whole = i64::try_from(number).map_err(|_too_large| E::custom(DecimalError::Range))?;
        self.visit_i64(whole)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
        // The shortest digits that mean this number, without an exponent: what was written, for up to 15 of them.
        number.to_string().parse().map_err(E::custom)
    }
}

/// A JSON number. The reader gives what has a fraction or an exponent as floating point, so the digits are taken from its
/// shortest text: all that a [`Decimal`] can have come through unchanged, more than six places are refused, and only digits
/// beyond the seventeenth, which no floating point holds, are lost before they get here.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(DecimalVisitor)
    }
}

// No `multipleOf`: validators that compute in floating point find that 0.1 is no multiple of 0.000001.
impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        const DESCRIPTION: &str = "A decimal number with at most 6 places, exactly as it was written: it is stored as \
                                   whole millionths, and has few enough digits for any client's floating point.";
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some(DESCRIPTION))
            .minimum(Some(-999_999_999.999_999))
            .maximum(Some(999_999_999.999_999))
            .examples([12.5])
            .into()
    }
}

impl ToSchema for Decimal {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_without_superfluous_digits() {
        for text in ["0", "12", "-3.5", "0.000001", "999999999.999999", "-0.1"] {
            let number: Decimal = text.parse().unwrap();
            assert_eq!(number.to_string(), text);
            let in_json = serde_json::to_string(&number).unwrap();
            assert_eq!(in_json.parse::<f64>().unwrap().to_bits(), text.parse::<f64>().unwrap().to_bits(), "{in_json}");
        }
        assert_eq!("1.50".parse::<Decimal>().unwrap().to_string(), "1.5");
    }

    #[test]
    fn what_is_no_number_is_refused_with_its_reason() {
        assert_eq!("1.2345678".parse::<Decimal>(), Err(DecimalError::Places));
        assert_eq!("1000000000".parse::<Decimal>(), Err(DecimalError::Range));
        assert_eq!("99999999999999999999".parse::<Decimal>(), Err(DecimalError::Range));
        for text in ["", "-", ".5", "5.", "1e3", "+1", "1,5", "NaN", "٣"] {
            assert_eq!(text.parse::<Decimal>(), Err(DecimalError::Syntax), "{text}");
        }
    }

    #[test]
    fn a_ratio_rounds_halves_away_from_zero() {
        let percent = |a, b| Decimal::ratio(a, b, 100, 2).map(|number| number.to_string());
        assert_eq!(percent(1, 3).as_deref(), Some("33.33"));
        assert_eq!(percent(2, 3).as_deref(), Some("66.67"));
        assert_eq!(percent(-1, 8).as_deref(), Some("-12.5"));
        assert_eq!(Decimal::ratio(1, 8, 1, 2).map(|n| n.to_string()).as_deref(), Some("0.13"));
        assert_eq!(Decimal::ratio(-1, 8, 1, 2).map(|n| n.to_string()).as_deref(), Some("-0.13"));
        assert_eq!(percent(1, 0), None);
    }

    fn read(json: &str) -> Result<String, String> {
        let read: Result<Decimal, _> = serde_json::from_str(json);
        read.map(|number| number.to_string()).map_err(|why| why.to_string())
    }

    #[test]
    fn json_numbers_are_read_digit_by_digit() {
        for (json, text) in [
            ("3", "3"),
            ("-3", "-3"),
            ("3.0", "3"),
            ("0.1", "0.1"),
            ("1.5e3", "1500"),
            ("25e-6", "0.000025"),
            ("-0.0", "0"),
            ("999999999.999999", "999999999.999999"),
        ] {
            assert_eq!(read(json).as_deref(), Ok(text), "{json}");
        }
    }

    #[test]
    fn json_that_is_no_such_number_is_refused_with_its_reason() {
        for (json, why) in [
            ("0.0000001", "more than 6 decimal places"),
            ("0.30000000000000004", "more than 6 decimal places"),
            ("1e300", "not between"),
            ("1000000000", "not between"),
            ("18446744073709551615", "not between"),
            ("-9223372036854775808", "not between"),
            ("\"12.5\"", "expected a number"),
            ("null", "expected a number"),
            ("true", "expected a number"),
        ] {
            let refused = read(json).unwrap_err();
            assert!(refused.contains(why), "{json}: {refused}");
        }
    }

    #[test]
    fn the_schema_has_the_bounds_of_the_type() {
        let schema = serde_json::to_value(Decimal::schema()).unwrap();
        assert_eq!(schema["type"], "number");
        for (bound, number) in [("minimum", Decimal::MIN), ("maximum", Decimal::MAX)] {
            assert_eq!(serde_json::from_value::<Decimal>(schema[bound].clone()).unwrap(), number);
        }
    }

    proptest! {
        #[test]
        fn numbers_are_ordered_and_added_as_what_they_mean(
            a in -LIMIT + 1..LIMIT, b in -LIMIT + 1..LIMIT,
        ) {
            let [x, y] = [a, b].map(|millionths| Decimal::from_millionths(millionths).unwrap());
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            let held = |sum: i64| (-LIMIT < sum && sum < LIMIT).then_some(sum);
            prop_assert_eq!(x.checked_add(y).map(Decimal::millionths), held(a + b));
            prop_assert_eq!(x.checked_sub(y).map(Decimal::millionths), held(a - b));
            if let Some(sum) = x.checked_add(y) {
                prop_assert_eq!(sum.checked_sub(y), Some(x));
            }
        }

        #[test]
        fn a_quotient_times_its_divisor_is_the_dividend(whole in -30_000i64..30_000, divisor in 1i64..30_000) {
            let [product, divisor] = [whole * divisor, divisor].map(|n| Decimal::from_whole(n).unwrap());
            prop_assert_eq!(product.divided_by(divisor, 1), Decimal::from_whole(whole).ok());
            prop_assert_eq!(product.divided_by(divisor, 100), Decimal::from_whole(whole * 100).ok());
            prop_assert_eq!(product.divided_by(Decimal::ZERO, 1), None);
        }

        #[test]
        fn no_json_number_makes_the_reader_panic(number: f64) {
            let _ = serde_json::from_str::<Decimal>(&number.to_string());
            let _ = serde_json::from_value::<Decimal>(number.into());
        }

        #[test]
        fn text_and_json_bring_the_same_number_back(millionths in -LIMIT + 1..LIMIT) {
            let number = Decimal::from_millionths(millionths).unwrap();
            prop_assert_eq!(number.to_string().parse::<Decimal>(), Ok(number));
            let json = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(serde_json::from_str::<Decimal>(&json).unwrap(), number);
            prop_assert_eq!(serde_json::from_value::<Decimal>(serde_json::to_value(number).unwrap()).unwrap(), number);
            let through_a_client: f64 = serde_json::from_str(&serde_json::to_string(&number).unwrap()).unwrap();
            prop_assert_eq!(format!("{through_a_client:.6}"), format!("{}{}.{:06}",
                if millionths < 0 { "-" } else { "" }, millionths.abs() / ONE, millionths.abs() % ONE));
        }

        #[test]
        fn a_ratio_is_within_half_a_step_of_the_exact_value(a in -1_000_000i64..1_000_000, b in 1i64..1_000_000, places in 0u32..=6) {
            if let Some(number) = Decimal::ratio(a, b, 1, places) {
                let step = 10_i128.pow(6 - places);
                let error = i128::from(number.millionths()) * i128::from(b) - i128::from(a) * i128::from(ONE);
                prop_assert!(error.abs() * 2 <= step * i128::from(b));
                prop_assert_eq!(i128::from(number.millionths()) % step, 0);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,30}") {
            let _ = text.parse::<Decimal>();
        }
    }
}
