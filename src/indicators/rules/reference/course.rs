//! The figures of an invented indicator: from where it begins towards where it is to come, at its pace.

use chrono::{Days, Months, NaiveDate};

use super::{
    super::{Dated, Dimension, Disaggregation, Figures, Frequency, Kind, Period, measure::Measure},
    Amounts,
};
use crate::kernel::{decimal::Decimal, violation::Violations};

/// The days that figures are about.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The first day.
    pub since: NaiveDate,
    /// The last day, on which the target is to be met.
    pub until: NaiveDate,
}

impl Span {
    /// That of what runs on these days; else the last two years that are over, and one more to come.
    pub fn of(runs: Option<(NaiveDate, NaiveDate)>, frequency: Frequency, today: NaiveDate) -> Option<Self> {
        if let Some((since, until)) = runs {
            return Some(Self { since, until });
        }
        // What is over ends where the period of today begins.
        let open = Period::containing(today, frequency).ok()?.first_day();
        Some(Self { since: open - Months::new(24), until: open + Months::new(12) - Days::new(1) })
    }

    /// The periods in it that are over.
    pub fn periods(self, frequency: Frequency, today: NaiveDate) -> impl Iterator<Item = Period> {
        let is_over = move |period: &Period| period.last_day() < today && period.last_day() <= self.until;
        Period::between(self.since, self.until, frequency)
            .filter(move |period| period.first_day() >= self.since && is_over(period))
    }
}

/// How the figures of an indicator go.
#[derive(Debug, Clone, Copy)]
pub struct Course<'a> {
    /// What they must fit.
    pub measure: Measure,
    /// Where they begin and where they are to come.
    pub amounts: &'a Amounts,
    /// The number of the place.
    pub number: usize,
    /// How fast they come on, in percent of what is expected.
    pub pace: i64,
    /// The days that they are about.
    pub span: Span,
}

impl Course<'_> {
    /// Where it began: the day before the first.
    pub fn baseline(&self) -> Option<Dated> {
        Some(Dated { value: self.value(self.ends().0)?, on: self.begins_on() })
    }

    /// Where it is to come: a third of the way after a year, and all of it in the end.
    pub fn targets(&self) -> Vec<Dated> {
        let (from, to) = self.ends();
        let after_a_year = (from + (to - from) / 3, self.begins_on() + Months::new(12));
        let dated = |(amount, on)| Some(Dated { value: self.value(amount)?, on });
        [after_a_year, (to, self.span.until)].into_iter().filter_map(dated).collect()
    }

    /// What is counted for a period, the `at`th: it comes a little sooner or later, but for the last one, `left` being 1.
    pub fn amount(&self, period: Period, (at, left): (usize, usize)) -> i64 {
        let (from, to) = self.ends();
        let days = |on: NaiveDate| (on - self.begins_on()).num_days();
        let wobble = if left == 1 { 0 } else { i64::try_from((at * 7 + self.number * 3) % 9).unwrap_or(0) - 4 };
        let all = 100 * days(self.span.until).max(1);
        let come = (to - from) * (self.pace + wobble) * days(period.last_day());
        self.fitting(from + come.div_euclid(all))
    }

    /// The figures of an amount.
    pub fn figures(&self, amount: i64) -> Figures {
        let whole = |amount| Decimal::from_whole(amount).ok();
        match self.amounts.of {
            Some(of) => Figures { value: None, numerator: whole(amount), denominator: whole(of) },
            None => Figures { value: whole(amount), ..Figures::default() },
        }
    }

    /// How an amount is made up: more than half of it by the first part of each dimension, and so on. What does not add up
    /// is a little more or less in each part.
    pub fn parts(&self, amount: i64, dimensions: &[Dimension]) -> Disaggregation {
        let split = |dimension: &Dimension| {
            let mut left = amount;
            let last = dimension.categories.len().saturating_sub(1);
            let part = |(at, code): (usize, &String)| {
                let step = i64::try_from(at).unwrap_or(0);
                let own = if !self.measure.adds_up() {
                    self.fitting(amount + 3 - 4 * step)
                } else if at == last {
                    left
                } else {
                    (left * 11 + 19) / 20
                };
                left -= own;
                Some((code.clone(), Decimal::from_whole(own).ok()?))
            };
            let codes = dimension.categories.iter().map(|category| &category.code).enumerate();
            (dimension.code.clone(), codes.filter_map(part).collect())
        };
        dimensions.iter().map(split).collect()
    }

    /// Something that could have been written instead, `by` beside an amount; never the same as with one more or less.
    pub fn mistaken(&self, amount: i64, by: i64) -> i64 {
        if self.measure.kind == Kind::YesNo {
            return (amount + by) % 2;
        }
        self.fitting(if amount >= by { amount - by } else { amount + by })
    }

    fn begins_on(&self) -> NaiveDate {
        self.span.since - Days::new(1)
    }

    /// Where this place begins and where it is to come.
    fn ends(&self) -> (i64, i64) {
        let apart = i64::try_from(self.number % 5).unwrap_or(0) * self.amounts.spread;
        (self.fitting(self.amounts.from + apart), self.fitting(self.amounts.to + apart))
    }

    /// The nearest amount that fits.
    fn fitting(&self, amount: i64) -> i64 {
        let highest = match self.measure.kind {
            Kind::Ratio => self.amounts.of.unwrap_or(0),
            Kind::Percentage => 100,
            Kind::YesNo => 1,
            Kind::Scale => self.measure.highest_level.into(),
            Kind::Number => 999_999_999,
        };
        amount.clamp(0, highest)
    }

    fn value(&self, amount: i64) -> Option<Decimal> {
        self.measure.value(&self.figures(amount), &mut Violations::default())
    }
}
