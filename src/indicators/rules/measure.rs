//! What a figure can be: the kinds of indicators, and which values fit them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{codes::codes, decimal::Decimal, violation::Violations};

/// What kind of figure an indicator has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndicatorKind)]
pub enum Kind {
    /// A number of something.
    Number,
    /// A share in percent, from 0 to 100, that is reported as such.
    Percentage,
    /// `numerator / denominator`, times the unit's scale (100 for percent): both are reported, the value is computed.
    Ratio,
    /// 1 for yes, 0 for no.
    YesNo,
    /// A level, from 0 to the highest one of the definition.
    Scale,
}

codes!(Kind {
    Number => "number",
    Percentage => "percentage",
    Ratio => "ratio",
    YesNo => "yes_no",
    Scale => "scale",
});

/// In which direction a value improves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IndicatorDirection)]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
}

codes!(Direction { Up => "up", Down => "down" });

impl Direction {
    /// Whether `value` is at `target` or beyond it.
    #[must_use]
    pub fn reaches(self, value: Decimal, target: Decimal) -> bool {
        match self {
            Self::Up => value >= target,
            Self::Down => value <= target,
        }
    }
}

impl Kind {
    /// Why values of the kind can't be counted in a unit whose ratios are multiplied by `scale`, if so.
    #[must_use]
    pub fn misfit(self, scale: u32) -> Option<&'static str> {
        (self == Self::Percentage && scale != 100).then_some("A percentage is counted in percent.")
    }
}

/// What the values of an indicator must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// The kind.
    pub kind: Kind,
    /// What a ratio of the unit is multiplied by: 100 for percent, 1 for most.
    pub scale: u32,
    /// The highest level of a scale; of no meaning for other kinds.
    pub highest_level: u32,
    /// Whether amounts of the unit can be added up.
    pub is_additive: bool,
}

/// The figures of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// The value.
    pub value: Option<Decimal>,
    /// The numerator of a ratio.
    pub numerator: Option<Decimal>,
    /// The denominator of a ratio.
    pub denominator: Option<Decimal>,
}

impl Measure {
    /// Whether parts add up to the whole: numbers of a unit that can be added up. Shares, ratios and levels never do.
    #[must_use]
    pub const fn adds_up(&self) -> bool {
        self.is_additive && matches!(self.kind, Kind::Number)
    }

    /// The value that figures report; `None` where something is wrong with them, and then it is noted what.
    #[must_use]
    pub fn value(&self, figures: &Figures, violations: &mut Violations) -> Option<Decimal> {
        if self.kind == Kind::Ratio {
            return self.quotient(figures, violations);
        }
        let kind = self.kind.as_str();
        let parts = [("numerator", figures.numerator), ("denominator", figures.denominator)];
        for (name, _) in parts.iter().filter(|(_, part)| part.is_some()) {
            let detail = format!("An indicator of the kind {kind} has no {name}.");
            violations.add(format!("/{name}"), "unfit_kind", detail);
        }
        let Some(value) = figures.value else {
            violations.add("/value", "missing_value", "value is missing.");
            return None;
        };
        if let Err(why) = self.check(value) {
            violations.add("/value", "invalid_value", format!("value {why}."));
            return None;
        }
        Some(value).filter(|_| parts.iter().all(|(_, part)| part.is_none()))
    }

    fn quotient(&self, figures: &Figures, violations: &mut Violations) -> Option<Decimal> {
        let parts = [("numerator", figures.numerator), ("denominator", figures.denominator)];
        for (name, _) in parts.into_iter().filter(|(_, part)| part.is_none()) {
            let detail = format!("A ratio is reported by its numerator and denominator: {name} is missing.");
            violations.add(format!("/{name}"), "missing_value", detail);
        }
        let (numerator, denominator) = (figures.numerator?, figures.denominator?);
        if denominator <= Decimal::ZERO {
            violations.add("/denominator", "invalid_value", "denominator is not greater than 0.");
            return None;
        }
        let Some(value) = numerator.divided_by(denominator, self.scale) else {
            violations.add("/numerator", "invalid_value", "numerator / denominator is not between -10^9 and 10^9.");
            return None;
        };
        if let Some(stated) = figures.value.filter(|stated| *stated != value) {
            let scale = self.scale;
            let detail = format!("value is computed: {numerator} / {denominator} × {scale} is {value}, not {stated}.");
            violations.add("/value", "computed_value", detail);
            return None;
        }
        Some(value)
    }

    /// Whether a value fits the kind.
    ///
    /// # Errors
    /// Why not; a complete predicate for a sentence about the value.
    pub fn check(&self, value: Decimal) -> Result<(), String> {
        let highest = Decimal::from_whole(self.highest_level.into()).unwrap_or(Decimal::ZERO);
        let hundred = Decimal::from_whole(100).unwrap_or(Decimal::MAX);
        match self.kind {
            Kind::Number | Kind::Ratio => Ok(()),
            Kind::Percentage if (Decimal::ZERO..=hundred).contains(&value) => Ok(()),
            Kind::Percentage => Err("is not a percentage from 0 to 100".to_owned()),
            Kind::YesNo if [Decimal::ZERO, Decimal::ONE].contains(&value) => Ok(()),
            Kind::YesNo => Err("is neither 1 for yes nor 0 for no".to_owned()),
            Kind::Scale if value.is_whole() && (Decimal::ZERO..=highest).contains(&value) => Ok(()),
            Kind::Scale => Err(format!("is not a level from 0 to {highest}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::assert_codes;
    use proptest::prelude::*;

    #[test]
    fn json_and_databases_spell_the_codes_alike() {
        assert_codes(Kind::ALL, Kind::as_str);
        assert_codes(Direction::ALL, Direction::as_str);
    }

    fn number(text: &str) -> Option<Decimal> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    fn measure(kind: Kind, scale: u32) -> Measure {
        Measure { kind, scale, highest_level: 4, is_additive: true }
    }

    /// The value of figures, or the places of what is wrong.
    fn reported(kind: Kind, [value, numerator, denominator]: [&str; 3]) -> Result<Decimal, Vec<String>> {
        let figures = Figures { value: number(value), numerator: number(numerator), denominator: number(denominator) };
        let mut violations = Violations::default();
        let value = measure(kind, 100).value(&figures, &mut violations);
        assert_eq!(
            value.is_none(),
            violations.has("/value") || violations.has("/numerator") || violations.has("/denominator")
        );
        match violations.done() {
            Ok(()) => Ok(value.unwrap()),
            Err(violations) => Err(violations.into_iter().map(|violation| violation.pointer).collect()),
        }
    }

    #[test]
    fn every_kind_takes_its_values_and_no_others() {
        for (kind, value, fits) in [
            (Kind::Number, "-12.5", true),
            (Kind::Percentage, "0", true),
            (Kind::Percentage, "100", true),
            (Kind::Percentage, "100.000001", false),
            (Kind::Percentage, "-0.000001", false),
            (Kind::YesNo, "1", true),
            (Kind::YesNo, "0", true),
            (Kind::YesNo, "0.5", false),
            (Kind::Scale, "4", true),
            (Kind::Scale, "5", false),
            (Kind::Scale, "-1", false),
            (Kind::Scale, "2.5", false),
        ] {
            assert_eq!(reported(kind, [value, "", ""]).is_ok(), fits, "{kind:?} {value}");
        }
        assert_eq!(reported(Kind::Number, ["", "", ""]), Err(vec!["/value".to_owned()]));
    }

    #[test]
    fn a_ratio_is_computed_from_its_parts_and_never_typed() {
        assert_eq!(reported(Kind::Ratio, ["", "18", "30"]), Ok("60".parse().unwrap()));
        assert_eq!(reported(Kind::Ratio, ["33.333333", "1", "3"]), Ok("33.333333".parse().unwrap()));
        assert_eq!(reported(Kind::Ratio, ["33.34", "1", "3"]), Err(vec!["/value".to_owned()]));
        assert_eq!(
            reported(Kind::Ratio, ["60", "", ""]),
            Err(vec!["/denominator".to_owned(), "/numerator".to_owned()])
        );
        for denominator in ["0", "-3"] {
            assert_eq!(reported(Kind::Ratio, ["", "1", denominator]), Err(vec!["/denominator".to_owned()]));
        }
        assert_eq!(reported(Kind::Ratio, ["", "999999999", "0.000001"]), Err(vec!["/numerator".to_owned()]));
    }

    #[test]
    fn only_a_ratio_has_parts() {
        assert_eq!(reported(Kind::Percentage, ["60", "18", ""]), Err(vec!["/numerator".to_owned()]));
    }

    proptest! {
        #[test]
        fn a_value_that_is_taken_fits_its_kind(kind in 0usize..5, value in -3_000_000i64..120_000_000) {
            let measure = measure(Kind::ALL[kind], 1);
            let value = Decimal::from_millionths(value).unwrap();
            let figures = Figures { value: Some(value), numerator: Some(value), denominator: Some(Decimal::ONE) };
            let figures = if measure.kind == Kind::Ratio { figures } else { Figures { value: Some(value), ..Figures::default() } };
            let mut violations = Violations::default();
            let taken = measure.value(&figures, &mut violations);
            prop_assert_eq!(taken.is_some(), violations.done().is_ok());
            prop_assert_eq!(taken.is_some(), measure.check(value).is_ok());
            prop_assert!(taken.is_none_or(|taken| taken == value));
        }
    }
}
