//! The part of a chart between its axes, with what stands on them. All places run from the axis of values along time;
//! the canvas mirrors them where reading does.

use super::{
    super::{period::Period, progress::Dated},
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
        let row = sizes.text + GAP;
        let top = space.top + if broken { 2 * row } else { row };
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

    /// The labels of time with their places: at most eight, all of the same distance, as many as do not touch. Where not
    /// even two of them fit, the first and the last period.
    fn time_labels(&self) -> Vec<(Period, Area)> {
        let day = |number: i64| i32::try_from(number).ok().and_then(chrono::NaiveDate::from_num_days_from_ce_opt);
        let (Some(first), Some(last)) = (day(self.time.domain.0), day(self.time.domain.1)) else { return Vec::new() };
        let placed = |periods: Vec<Period>| -> Option<Vec<(Period, Area)>> {
            let mut taken = Taken::new(self.space);
            let places: Vec<(Period, Area)> =
                periods.into_iter().map(|period| (period, self.time_label(period))).collect();
            places.iter().all(|(_, area)| taken.take_free(*area, GAP)).then_some(places)
        };
        let labels = |most: usize| time_labels(first, last, self.chart.frequency, most);
        let evenly = (1..=8).rev().filter_map(|most| placed(labels(most)));
        let evenly = evenly.max_by_key(Vec::len).unwrap_or_default();
        let all = labels(usize::MAX);
        match (evenly.as_slice(), all.as_slice()) {
            ([_], [first, .., last]) => placed(vec![*first, *last]).unwrap_or(evenly),
            _ => evenly,
        }
    }

    fn time_label(&self, period: Period) -> Area {
        let wide = label::width(&words::period(period, self.chart.language), self.sizes.text);
        let place = (self.time.at(day_number(period.last_day())), self.space.bottom - self.sizes.text / 2);
        Area::around(place, wide, self.sizes.text).within(&self.space)
    }

    fn draw_time(&self, canvas: &mut Canvas) {
        for (period, area) in self.time_labels() {
            let x = self.time.at(day_number(period.last_day()));
            canvas.line("axis", (x, self.inner.bottom), (x, self.inner.bottom + 40));
            self.write_in(canvas, "muted", &area, &words::period(period, self.chart.language));
        }
    }

    fn write_in(&self, canvas: &mut Canvas, class: &str, area: &Area, text: &str) {
        let (x, y) = area.middle();
        canvas.text(class, self.sizes.text, Anchor::Middle, (x, y + self.sizes.text * 35 / 100), text);
    }

    /// Each target's line: up to its date, from that of the target before it.
    fn target_lines(&self) -> impl Iterator<Item = (&Dated, [(Tenths, Tenths); 2])> {
        let mut from = self.inner.left;
        self.targets.iter().map(move |target| {
            let (x, y) = self.place_of(*target);
            (target, [(std::mem::replace(&mut from, x), y), (x, y)])
        })
    }

    fn draw_targets(&self, canvas: &mut Canvas) {
        let language = self.chart.language;
        for (target, [from, to]) in self.target_lines() {
            canvas.line("target", from, to);
            let says = words::target_sentence(&self.write(target.value), &words::date(target.on, language), language);
            canvas.dot("mark", to, 30, &says);
        }
    }

    /// Where a new version of the definition begins, halfway between the values that it parts.
    fn breaks(&self) -> impl Iterator<Item = (&Point, Tenths)> {
        self.points.windows(2).filter(|pair| is_break(pair)).filter_map(|pair| {
            let [before, after] = pair else { return None };
            Some((after, i64::midpoint(self.place(before).0, self.place(after).0)))
        })
    }

    fn draw_breaks(&self, canvas: &mut Canvas) {
        let row = self.space.top + self.sizes.text / 2;
        let mut taken = Taken::new(self.space);
        for (after, x) in self.breaks() {
            canvas.line("break", (x, self.inner.top), (x, self.inner.bottom));
            // Where breaks crowd, only the number, or nothing: the description says it, too.
            for text in [words::definition(after.definition, self.chart.language), after.definition.to_string()] {
                let wide = label::width(&text, self.sizes.text);
                let area = Area::around((x, row), wide, self.sizes.text).within(&self.space);
                if taken.take_free(area, GAP) {
                    self.write_in(canvas, "muted", &area, &text);
                    break;
                }
            }
        }
    }

    /// The series' lines: broken where a period has no value, and where the definition changes.
    fn series_lines(&self) -> impl Iterator<Item = Vec<(Tenths, Tenths)>> {
        self.points.chunk_by(is_joined).map(|run| {
            let mut places: Vec<(Tenths, Tenths)> = Vec::new();
            for place in run.iter().map(|point| self.place(point)) {
                let before = places.last().copied().filter(|_| self.chart.axis.is_stepped());
                places.extend(before.map(|(_, y)| (place.0, y)));
                places.push(place);
            }
            places
        })
    }

    fn draw_series(&self, canvas: &mut Canvas) {
        for places in self.series_lines().filter(|places| places.len() > 1) {
            canvas.through("series", &places);
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

    /// What labels must not hide: dots and lines.
    fn drawn(&self) -> Taken {
        let mut taken = Taken::new(Area { top: self.inner.top - self.sizes.text - GAP, ..self.inner });
        let dots = self.points.iter().map(|point| self.place(point));
        for dot in dots.chain(self.targets.iter().chain(&self.chart.baseline).map(|dated| self.place_of(*dated))) {
            taken.add(Area::around(dot, 80, 80));
        }
        for line in self.series_lines() {
            line.windows(2).for_each(|pair| taken.add_line(pair));
        }
        self.target_lines().for_each(|(_, line)| taken.add_line(&line));
        self.breaks().for_each(|(_, x)| taken.add_line(&[(x, self.inner.top), (x, self.inner.bottom)]));
        taken
    }

    /// The latest value, the targets and the baseline, where they hide the least.
    fn draw_labels(&self, canvas: &mut Canvas) {
        let language = self.chart.language;
        let latest = self.points.last().map(|point| ("label of-series", self.place(point), self.write(point.value)));
        let targets = self.targets.iter().rev().map(|target| {
            let text = words::target(&self.write(target.value), language);
            ("label of-target", self.place_of(*target), text)
        });
        let baseline = self.chart.baseline.map(|baseline| {
            let text = words::baseline(&self.write(baseline.value), language);
            ("label of-base", self.place_of(baseline), text)
        });
        let mut taken = self.drawn();
        for (class, place, text) in latest.into_iter().chain(baseline).chain(targets) {
            if let Some(area) = taken.take(self.candidates(place, &text)) {
                self.write_in(canvas, class, &area, &text);
            }
        }
    }

    /// Places for a label, the best first: above and below, towards either side, beside, and then further away.
    fn candidates(&self, (x, y): (Tenths, Tenths), text: &str) -> impl Iterator<Item = Area> {
        let (wide, high) = (label::width(text, self.sizes.text), self.sizes.text);
        let (half, near) = (wide / 2, high / 2 + GAP);
        let row = |down: Tenths| [0, half, -half].map(|across| [(across, -down), (across, down)]);
        let beside = [(half + GAP, 0), (-half - GAP, 0)];
        let moves = row(near).into_iter().flatten().chain(beside).chain(row(near + high).into_iter().flatten());
        moves.map(move |(across, down)| Area::around((x + across, y + down), wide, high))
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
