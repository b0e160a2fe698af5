//! The part of a chart between its axes, with what stands on them. All places run from the axis of values along time;
//! the canvas mirrors them where reading does.

use super::{
    super::progress::Dated,
    Chart, Point, Sizes, ValueAxis, in_order,
    label::{self, Area, Taken},
    markup::{Anchor, Canvas, Tenths},
    scale::{Scale, Steps, time_labels},
    words,
};
use crate::kernel::decimal::Decimal;

/// Between a text and what it belongs to.
const GAP: Tenths = 60;
/// Between the first and the last value and the ends of the axis of time.
const INSET: Tenths = 140;

/// A chart with all its places.
pub struct Plot<'a> {
    chart: &'a Chart<'a>,
    sizes: Sizes,
    /// In the order of time.
    points: Vec<Point>,
    /// Likewise.
    targets: Vec<Dated>,
    steps: Steps,
    /// Between the axes.
    inner: Area,
    /// All that may be written on.
    space: Area,
    time: Scale,
    value: Scale,
}

impl<'a> Plot<'a> {
    /// Finds the places; `None` where there is no value.
    pub fn new(chart: &'a Chart<'a>, sizes: Sizes, space: Area) -> Option<Self> {
        let points = in_order(chart.points);
        let mut targets = chart.targets.to_vec();
        targets.sort_by_key(|target| target.on);
        let days = points.iter().map(|point| point.period.last_day());
        let days = days.chain(targets.iter().chain(&chart.baseline).map(|dated| dated.on));
        let days: Vec<i64> = days.map(day_number).collect();
        let values =
            points.iter().map(|point| point.value).chain(targets.iter().chain(&chart.baseline).map(|d| d.value));
        let values: Vec<i64> = values.map(Decimal::millionths).collect();
        points.first()?;
        let (first, last) = (days.iter().min()?, days.iter().max()?);
        let broken = points.windows(2).any(is_break);
        let top = space.top + if broken { sizes.text + GAP } else { 0 };
        let bottom = space.bottom - sizes.text - GAP;
        let steps = steps(chart.axis, (*values.iter().min()?, *values.iter().max()?), (bottom - top) / 450);
        let widest =
            steps.values().map(|value| label::width(&chart.axis.write(value, chart.language), sizes.text)).max();
        let left = space.left + widest.unwrap_or_default() + GAP;
        let inner = Area { left, top, right: space.right, bottom };
        let time = Scale { domain: (*first, *last), range: (left + INSET, space.right - INSET) };
        let value = Scale { domain: (steps.low, steps.high), range: (bottom, top) };
        Some(Self { chart, sizes, points, targets, steps, inner, space, time, value })
    }

    /// Draws everything, what matters most above the rest.
    pub fn draw(&self, canvas: &mut Canvas) {
        self.draw_values(canvas);
        self.draw_time(canvas);
        self.draw_targets(canvas);
        self.draw_breaks(canvas);
        self.draw_series(canvas);
        self.draw_baseline(canvas);
        self.draw_labels(canvas);
    }

    fn write(&self, value: Decimal) -> String {
        self.chart.axis.write(value.millionths(), self.chart.language)
    }

    fn place(&self, point: &Point) -> (Tenths, Tenths) {
        self.place_of(Dated { value: point.value, on: point.period.last_day() })
    }

    fn place_of(&self, dated: Dated) -> (Tenths, Tenths) {
        (self.time.at(day_number(dated.on)), self.value.at(dated.value.millionths()))
    }

    /// The axis of values, with a line at every step.
    fn draw_values(&self, canvas: &mut Canvas) {
        for value in self.steps.values() {
            let (y, text) = (self.value.at(value), self.chart.axis.write(value, self.chart.language));
            canvas.line("grid", (self.inner.left, y), (self.inner.right, y));
            let place = (self.inner.left - GAP, y + self.sizes.text * 35 / 100);
            canvas.text("muted", self.sizes.text, Anchor::End, place, &text);
        }
        canvas.line("axis", (self.inner.left, self.inner.bottom), (self.inner.right, self.inner.bottom));
    }

    /// The axis of time: at most eight labels, fewer where they would touch.
    fn draw_time(&self, canvas: &mut Canvas) {
        let day = |number: i64| i32::try_from(number).ok().and_then(chrono::NaiveDate::from_num_days_from_ce_opt);
        let (Some(first), Some(last)) = (day(self.time.domain.0), day(self.time.domain.1)) else { return };
        let text = |period| words::period(period, self.chart.language);
        let widest = self.points.iter().map(|point| label::width(&text(point.period), self.sizes.text)).max();
        let room = (self.inner.right - self.inner.left) / (widest.unwrap_or_default() + 2 * GAP).max(1);
        let most = usize::try_from(room.clamp(1, 8)).unwrap_or(1);
        let mut taken = Taken::new(self.space);
        for period in time_labels(first, last, self.chart.frequency, most) {
            let x = self.time.at(day_number(period.last_day()));
            let text = text(period);
            let y = self.space.bottom - self.sizes.text / 2;
            let wide = label::width(&text, self.sizes.text);
            let area = Area::around((x, y), wide, self.sizes.text).within(&self.space);
            if taken.is_free(&area) {
                taken.add(area);
                canvas.line("axis", (x, self.inner.bottom), (x, self.inner.bottom + 40));
                self.write_in(canvas, "muted", &area, &text);
            }
        }
    }

    fn write_in(&self, canvas: &mut Canvas, class: &str, area: &Area, text: &str) {
        let (x, y) = area.middle();
        canvas.text(class, self.sizes.text, Anchor::Middle, (x, y + self.sizes.text * 35 / 100), text);
    }

    /// Each target as a dashed line up to its date, from that of the target before it.
    fn draw_targets(&self, canvas: &mut Canvas) {
        let mut from = self.inner.left;
        for target in &self.targets {
            let (x, y) = self.place_of(*target);
            canvas.line("target", (from, y), (x, y));
            let says = words::target_sentence(
                &self.write(target.value),
                &words::date(target.on, self.chart.language),
                self.chart.language,
            );
            canvas.dot("mark", (x, y), 30, &says);
            from = x;
        }
    }

    /// Where a new version of the definition begins: a line across, halfway between the values that it parts.
    fn draw_breaks(&self, canvas: &mut Canvas) {
        let row = self.space.top + self.sizes.text / 2;
        let mut taken = Taken::new(self.space);
        for pair in self.points.windows(2).filter(|pair| is_break(pair)) {
            let [before, after] = pair else { continue };
            let x = i64::midpoint(self.place(before).0, self.place(after).0);
            canvas.line("break", (x, self.inner.top), (x, self.inner.bottom));
            let texts = [words::definition(after.definition, self.chart.language), after.definition.to_string()];
            for text in texts {
                let wide = label::width(&text, self.sizes.text);
                let area = Area::around((x, row), wide, self.sizes.text).within(&self.space);
                if taken.is_free(&area) {
                    taken.add(area);
                    self.write_in(canvas, "muted", &area, &text);
                    break;
                }
            }
        }
    }

    /// The line is broken where a period has no value, and where the definition changes.
    fn draw_series(&self, canvas: &mut Canvas) {
        for run in self.points.chunk_by(is_joined) {
            let mut places: Vec<(Tenths, Tenths)> = Vec::new();
            for place in run.iter().map(|point| self.place(point)) {
                let before = places.last().copied().filter(|_| self.chart.axis.is_stepped());
                places.extend(before.map(|(_, y)| (place.0, y)));
                places.push(place);
            }
            if run.len() > 1 {
                canvas.through("series", &places);
            }
        }
        for point in &self.points {
            let period = words::period(point.period, self.chart.language);
            let says = words::period_value(&period, &self.write(point.value), self.chart.language);
            canvas.dot("dot", self.place(point), self.radius(), &says);
        }
    }

    /// Dots are smaller where there are many.
    fn radius(&self) -> Tenths {
        let many = Tenths::try_from(self.points.len()).unwrap_or(Tenths::MAX);
        if (self.inner.right - self.inner.left) / many.max(1) < 120 { 22 } else { 38 }
    }

    fn draw_baseline(&self, canvas: &mut Canvas) {
        if let Some(baseline) = self.chart.baseline {
            let on = words::date(baseline.on, self.chart.language);
            let says = words::baseline_sentence(&self.write(baseline.value), &on, self.chart.language);
            canvas.dot("base", self.place_of(baseline), 42, &says);
        }
    }

    /// The latest value, the targets and the baseline, where they hide the least.
    fn draw_labels(&self, canvas: &mut Canvas) {
        let bounds = Area { top: self.inner.top - GAP, bottom: self.inner.bottom - 10, ..self.inner };
        let mut taken = Taken::new(bounds);
        let places: Vec<(Tenths, Tenths)> = self.points.iter().map(|point| self.place(point)).collect();
        for place in &places {
            taken.add(Area::around(*place, 80, 80));
        }
        for pair in places.windows(2) {
            if let [(x1, y1), (x2, y2)] = pair {
                for quarter in 1..4 {
                    let place = (x1 + (x2 - x1) * quarter / 4, y1 + (y2 - y1) * quarter / 4);
                    taken.add(Area::around(place, 40, 40));
                }
            }
        }
        let language = self.chart.language;
        let baseline = self.chart.baseline.map(|baseline| {
            let text = words::baseline(&self.write(baseline.value), language);
            ("label of-base", self.place_of(baseline), text)
        });
        let latest = self.points.last().zip(places.last());
        let latest = latest.map(|(point, place)| ("label of-series", *place, self.write(point.value)));
        let targets = self.targets.iter().rev().map(|target| {
            let text = words::target(&self.write(target.value), language);
            ("label of-target", self.place_of(*target), text)
        });
        for (_, place, _) in targets.clone().chain(baseline.clone()) {
            taken.add(Area::around(place, 80, 80));
        }
        for (class, place, text) in latest.into_iter().chain(targets).chain(baseline) {
            if let Some(area) = taken.take(self.candidates(place, &text)) {
                self.write_in(canvas, class, &area, &text);
            }
        }
    }

    /// Places for a label: above and below, towards either side, then further away.
    fn candidates(&self, (x, y): (Tenths, Tenths), text: &str) -> impl Iterator<Item = Area> {
        let (wide, high) = (label::width(text, self.sizes.text) + 20, self.sizes.text);
        let away = high / 2 + GAP;
        let across = [0, -wide / 2, wide / 2, -wide, wide];
        let down = [-away, away, -away - high, away + high];
        down.into_iter().flat_map(move |dy| across.map(|dx| Area::around((x + dx, y + dy), wide, high)))
    }
}

/// The steps of an axis that has to hold two values, where `most` have room.
fn steps(axis: ValueAxis, (low, high): (i64, i64), most: i64) -> Steps {
    let one = Decimal::ONE.millionths();
    let most = most.clamp(2, 8);
    match axis {
        ValueAxis::Open => Steps::holding(low, high, most, 1),
        ValueAxis::Percent => Steps::holding(low.min(0), high.max(100 * one), most, 1),
        ValueAxis::YesNo => Steps::holding(low.min(0), high.max(one), most, one),
        ValueAxis::Levels(highest) => Steps::holding(low.min(0), high.max(i64::from(highest) * one), most, one),
    }
}

/// Whether two values that follow one another were measured by different versions of the definition.
fn is_break(pair: &[Point]) -> bool {
    matches!(pair, [before, after] if before.definition != after.definition)
}

/// Whether a line may lead from one value to the next.
fn is_joined(before: &Point, after: &Point) -> bool {
    before.definition == after.definition && before.period.next().is_some_and(|next| next == after.period)
}

/// A day as a number.
fn day_number(day: chrono::NaiveDate) -> i64 {
    chrono::Datelike::num_days_from_ce(&day).into()
}
