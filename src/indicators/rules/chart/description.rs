//! A chart in words, for those who do not see it.

use super::{super::progress::Dated, Chart, Point, in_order, words};
use crate::kernel::decimal::Decimal;

/// What the chart shows, in words.
pub fn describe(chart: &Chart<'_>) -> String {
    let language = chart.language;
    let write = |value: Decimal| chart.axis.write(value.millionths(), language);
    let mut sentences = Vec::new();
    if !chart.unit.trim().is_empty() {
        sentences.push(words::unit_sentence(chart.unit.trim(), language));
    }
    let points = in_order(chart.points);
    for (number, of_definition) in points.chunk_by(|a, b| a.definition == b.definition).enumerate() {
        let definition = of_definition.first().map_or(1, |point| point.definition);
        let value =
            |point: &Point| words::period_value(&words::period(point.period, language), &write(point.value), language);
        let values: Vec<String> = of_definition.iter().map(value).collect();
        let heading = words::values_heading(definition, number == 0, language);
        sentences.push(format!("{heading} {}.", values.join(words::separator(language))));
    }
    if points.is_empty() {
        sentences.push(format!("{}.", words::nothing(language)));
    }
    if chart.others > 0 {
        sentences.push(words::others_sentence(chart.others, language));
    }
    if let Some(Dated { value, on }) = chart.baseline {
        sentences.push(words::baseline_sentence(&write(value), &words::date(on, language), language));
    }
    let mut targets = chart.targets.to_vec();
    targets.sort_by_key(|target| target.on);
    for Dated { value, on } in targets {
        sentences.push(words::target_sentence(&write(value), &words::date(on, language), language));
    }
    sentences.join(" ")
}
