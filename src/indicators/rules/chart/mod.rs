//! A series as a picture: a standalone SVG that says in words what it shows, runs from right to left in Arabic, and needs
//! neither script nor anything from elsewhere.
//!
//! Written by hand: of the plotting crates that are kept (`plotters`, `poloto`, `charts-rs`, `charming`, …) none writes a
//! title, a description and a language into its SVG, none mirrors its axes for Arabic, and none follows the reader's
//! preference for dark pages; what they do better, many kinds of charts, is not needed here.

mod description;
mod label;
mod markup;
mod plot;
mod scale;
mod words;

use self::{
    description::describe,
    label::Area,
    markup::{Anchor, Canvas, Tenths},
    plot::Plot,
};
use super::{
    measure::{Kind, Measure},
    period::{Frequency, Period},
    progress::Dated,
};
use crate::kernel::{decimal::Decimal, language::Language};

/// The least width of a chart, in pixels.
pub const NARROWEST: u32 = 240;
/// The greatest width of a chart, in pixels.
pub const WIDEST: u32 = 1_600;

/// What the axis of values is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueAxis {
    /// Any numbers.
    Open,
    /// 0 to 100, and further where a value is.
    Percent,
    /// No and yes.
    YesNo,
    /// Levels from 0 to the highest.
    Levels(u32),
}

impl ValueAxis {
    /// The axis for what an indicator measures.
    #[must_use]
    pub const fn of(measure: &Measure) -> Self {
        match measure.kind {
            Kind::Percentage => Self::Percent,
            Kind::Ratio if measure.scale == 100 => Self::Percent,
            Kind::YesNo => Self::YesNo,
            Kind::Scale => Self::Levels(measure.highest_level),
            Kind::Number | Kind::Ratio => Self::Open,
        }
    }

    /// Whether values stay what they are until the next one, instead of moving towards it.
    const fn is_stepped(self) -> bool {
        matches!(self, Self::YesNo | Self::Levels(_))
    }

    /// A value as people write it.
    fn write(self, millionths: i64, language: Language) -> String {
        match self {
            Self::YesNo if millionths == 0 || millionths == Decimal::ONE.millionths() => {
                words::yes_or_no(millionths != 0, language).to_owned()
            }
            _ => words::number(millionths, language),
        }
    }
}

/// A value of the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The period that it is of.
    pub period: Period,
    /// The value.
    pub value: Decimal,
    /// The version of the definition by which it was measured; another one breaks the series.
    pub definition: i64,
}

/// What is to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// The language of its words, and the direction that it runs in.
    pub language: Language,
    /// The width in pixels, from [`NARROWEST`] to [`WIDEST`]; the height follows from it.
    pub width: u32,
    /// What it shows.
    pub title: &'a str,
    /// What the unit is called.
    pub unit: &'a str,
    /// What the axis of values is.
    pub axis: ValueAxis,
    /// The periods that time is labelled with.
    pub frequency: Frequency,
    /// The values, in any order.
    pub points: &'a [Point],
    /// How many values there are beside them that were measured in another unit or as another kind of figure.
    pub others: usize,
    /// Where it began.
    pub baseline: Option<Dated>,
    /// Where it is to come, in any order.
    pub targets: &'a [Dated],
}

/// Sizes of letters, in tenths of a pixel.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    title: Tenths,
    text: Tenths,
}

/// The free edge around the chart.
const EDGE: Tenths = 120;

/// Draws a chart. The same chart is always the same text.
#[must_use]
pub fn svg(chart: &Chart<'_>) -> String {
    let width = Tenths::from(chart.width.clamp(NARROWEST, WIDEST)) * 10;
    let sizes = if width < 4_200 { Sizes { title: 135, text: 110 } } else { Sizes { title: 160, text: 125 } };
    let title = label::lines(chart.title, sizes.title, width - 2 * EDGE, 3);
    let unit = label::lines(chart.unit, sizes.text, width - 2 * EDGE, 1);
    let line = |size: Tenths| size * 13 / 10;
    let lines = |number: usize| Tenths::try_from(number).unwrap_or_default();
    let top = EDGE + lines(title.len()) * line(sizes.title) + lines(unit.len()) * line(sizes.text) + 80;
    let height = top + (width / 2).clamp(1_700, 4_600);
    let mut canvas = Canvas::new((width, height), chart.language, chart.title, &describe(chart));
    let mut y = EDGE;
    let heads = title.iter().map(|text| ("title", sizes.title, text));
    for (class, size, text) in heads.chain(unit.iter().map(|text| ("muted", sizes.text, text))) {
        canvas.text(class, size, Anchor::Start, (EDGE, y + size), text);
        y += line(size);
    }
    let space = Area { left: EDGE, top, right: width - EDGE, bottom: height - EDGE };
    if let Some(plot) = Plot::new(chart, sizes, space) {
        plot.draw(&mut canvas);
    } else {
        canvas.text("muted", sizes.text, Anchor::Middle, space.middle(), words::nothing(chart.language));
    }
    canvas.done()
}

/// The values in the order of time.
fn in_order(points: &[Point]) -> Vec<Point> {
    let mut points = points.to_vec();
    points.sort_by_key(|point| (point.period.last_day(), point.period, point.definition));
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use roxmltree::{Document, Node};

    fn dated(value: &str, on: &str) -> Dated {
        Dated { value: value.parse().unwrap(), on: on.parse().unwrap() }
    }

    fn points(text: &str) -> Vec<Point> {
        let point = |text: &str| {
            let parts: Vec<&str> = text.split(' ').collect();
            let definition = parts.get(2).map_or(1, |version| version.parse().unwrap());
            Point { period: parts[0].parse().unwrap(), value: parts[1].parse().unwrap(), definition }
        };
        text.split(", ").filter(|text| !text.is_empty()).map(point).collect()
    }

    fn chart<'a>(language: Language, points: &'a [Point], targets: &'a [Dated]) -> Chart<'a> {
        Chart {
            language,
            width: 640,
            title: "Services fully online",
            unit: "percent",
            axis: ValueAxis::Percent,
            frequency: Frequency::Quarterly,
            points,
            others: 0,
            baseline: Some(dated("20", "2023-12-31")),
            targets,
        }
    }

    fn of_class<'a>(document: &'a Document<'_>, class: &'a str) -> Vec<Node<'a, 'a>> {
        document.descendants().filter(|node| node.attribute("class") == Some(class)).collect()
    }

    fn words_of(document: &Document<'_>, name: &str) -> String {
        document.root_element().children().find(|node| node.has_tag_name(name)).unwrap().text().unwrap().to_owned()
    }

    fn number(node: &Node<'_, '_>, name: &str) -> f64 {
        node.attribute(name).unwrap().parse().unwrap()
    }

    const YEAR: &str = "2024-Q1 25, 2024-Q2 40.5, 2024-Q3 38, 2024-Q4 45";

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let (points, targets) = (points(YEAR), [dated("60", "2025-12-31")]);
        let svg = svg(&chart(Language::En, &points, &targets));
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!((root.attribute("role"), root.attribute("lang")), (Some("img"), Some("en")));
        assert_eq!(words_of(&document, "title"), "Services fully online");
        assert_eq!(
            words_of(&document, "desc"),
            "Unit: percent. Values by period: Q1 2024: 25; Q2 2024: 40.5; Q3 2024: 38; Q4 2024: 45. \
             Baseline: 20 on 31 December 2023. Target: 60 by 31 December 2025."
        );
        for told in [root.attribute("aria-labelledby"), root.attribute("aria-describedby")] {
            assert!(document.descendants().any(|node| node.attribute("id") == told));
        }
        assert_eq!((of_class(&document, "dot").len(), of_class(&document, "series").len()), (4, 1));
        let label = |class| of_class(&document, class)[0].text().unwrap().to_owned();
        assert_eq!(
            ["label of-series", "label of-target", "label of-base"].map(label),
            ["45", "Target 60", "Baseline 20"]
        );
    }

    #[test]
    fn arabic_runs_from_right_to_left_with_latin_digits() {
        let (points, targets) = (points(YEAR), [dated("60", "2025-12-31")]);
        let (arabic, english) =
            [Language::Ar, Language::En].map(|language| svg(&chart(language, &points, &targets))).into();
        let (arabic, english) = (Document::parse(&arabic).unwrap(), Document::parse(&english).unwrap());
        assert_eq!(arabic.root_element().attribute("direction"), Some("rtl"));
        for (a, e) in of_class(&arabic, "dot").iter().zip(of_class(&english, "dot")) {
            assert!((number(a, "cx") - (640.0 - number(&e, "cx"))).abs() < 0.01);
            assert_eq!(a.attribute("cy"), e.attribute("cy"));
        }
        let said = words_of(&arabic, "desc");
        assert!(said.contains("الفصل 2 2024: 40,5؛") && said.contains("في أفق 31 دجنبر 2025"), "{said}");
    }

    #[test]
    fn a_new_definition_breaks_the_series_and_says_so() {
        let points = points("2024-Q1 25, 2024-Q2 40, 2024-Q3 5 2, 2024-Q4 6 2");
        let svg = svg(&chart(Language::Fr, &points, &[]));
        let document = Document::parse(&svg).unwrap();
        assert_eq!((of_class(&document, "series").len(), of_class(&document, "break").len()), (2, 1));
        assert!(svg.contains(">Définition 2</text>"), "{svg}");
        let said = words_of(&document, "desc");
        assert!(
            said.contains("À partir de la définition 2, non comparable à ce qui précède : T3 2024 : 5 ; T4 2024 : 6.")
        );
        let across = number(&of_class(&document, "break")[0], "x1");
        let dots: Vec<f64> = of_class(&document, "dot").iter().map(|dot| number(dot, "cx")).collect();
        assert!(dots[1] < across && across < dots[2]);
    }

    #[test]
    fn a_period_without_a_value_is_a_gap() {
        let points = points("2024-Q1 25, 2024-Q2 40, 2024-Q4 45, 2025-Q1 50, 2025-Q3 60");
        let svg = svg(&chart(Language::En, &points, &[]));
        let document = Document::parse(&svg).unwrap();
        assert_eq!((of_class(&document, "series").len(), of_class(&document, "dot").len()), (2, 5));
    }

    #[test]
    fn yes_and_no_are_steps_and_words() {
        let points = points("2024-Q1 0, 2024-Q2 0, 2024-Q3 1");
        let yes_no = Chart { axis: ValueAxis::YesNo, baseline: None, ..chart(Language::Fr, &points, &[]) };
        let svg = svg(&yes_no);
        let document = Document::parse(&svg).unwrap();
        let steps: Vec<String> =
            of_class(&document, "muted").iter().filter_map(Node::text).map(str::to_owned).collect();
        assert!(
            steps.contains(&"Non".to_owned()) && steps.contains(&"Oui".to_owned()) && !steps.contains(&"0".to_owned())
        );
        assert_eq!(of_class(&document, "series")[0].attribute("d").unwrap().matches('L').count(), 4);
        assert!(words_of(&document, "desc").contains("T3 2024 : Oui"));
    }

    #[test]
    fn without_values_there_is_a_sentence_in_every_language() {
        for (language, says) in [
            (Language::Ar, "لا توجد أي قيمة معتمدة بعد"),
            (Language::Fr, "Aucune valeur approuvée pour l’instant"),
            (Language::En, "No approved value yet"),
        ] {
            let targets = [dated("60", "2025-12-31")];
            let svg = svg(&chart(language, &[], &targets));
            let document = Document::parse(&svg).unwrap();
            assert!(document.descendants().any(|node| node.has_tag_name("text") && node.text() == Some(says)));
            assert!(words_of(&document, "desc").contains(says));
            assert!(of_class(&document, "axis").is_empty());
        }
    }

    #[test]
    fn nothing_that_a_text_says_becomes_markup() {
        let hostile = "</text><script>alert(1)</script>&xxe;\"'<!-- ]]> \0\u{7}\u{202E}";
        let points = points(YEAR);
        let svg = svg(&Chart { title: hostile, unit: hostile, ..chart(Language::En, &points, &[]) });
        let document = Document::parse(&svg).unwrap();
        assert_eq!(words_of(&document, "title"), "</text><script>alert(1)</script>&xxe;\"'<!-- ]]> ");
        let known = ["svg", "title", "desc", "style", "rect", "line", "path", "circle", "text"];
        assert!(document.descendants().filter(Node::is_element).all(|node| known.contains(&node.tag_name().name())));
    }

    #[test]
    fn nothing_is_fetched_or_run() {
        let points = points(YEAR);
        let svg = svg(&chart(Language::En, &points, &[]));
        let document = Document::parse(&svg).unwrap();
        for attribute in document.descendants().flat_map(|node| node.attributes()) {
            assert!(!attribute.name().starts_with("on") && !["href", "src", "style"].contains(&attribute.name()));
        }
        let within = &svg["<svg xmlns=\"http://www.w3.org/2000/svg\"".len()..];
        assert!(!within.contains("url(") && !within.contains("//") && !within.contains("@import"));
    }

    #[test]
    fn the_same_chart_is_the_same_text_in_whatever_order_it_comes() {
        let (mut points, mut targets) = (points(YEAR), [dated("40", "2024-12-31"), dated("60", "2025-12-31")]);
        let first = svg(&chart(Language::En, &points, &targets));
        points.reverse();
        targets.reverse();
        assert_eq!(svg(&chart(Language::En, &points, &targets)), first);
        let at = |width| svg(&Chart { width, ..chart(Language::En, &points, &targets) });
        assert_eq!((at(0), at(u32::MAX)), (at(NARROWEST), at(WIDEST)));
    }

    /// Every number of a place, with the length that it must stay within.
    fn places(document: &Document<'_>) -> Vec<(f64, f64)> {
        let root = document.root_element();
        let (width, height) = (number(&root, "width"), number(&root, "height"));
        let mut found = Vec::new();
        for node in document.descendants().filter(|node| !node.has_tag_name("svg")) {
            for attribute in node.attributes() {
                match attribute.name() {
                    "x" | "x1" | "x2" | "cx" => found.push((attribute.value().parse().unwrap(), width)),
                    "y" | "y1" | "y2" | "cy" => found.push((attribute.value().parse().unwrap(), height)),
                    "d" => {
                        let path = attribute.value().trim_start_matches('M');
                        for (x, y) in path.split('L').map(|place| place.split_once(' ').unwrap()) {
                            found.extend([(x.parse().unwrap(), width), (y.parse().unwrap(), height)]);
                        }
                    }
                    _ => {}
                }
            }
        }
        found
    }

    proptest! {
        #[test]
        fn every_place_of_any_chart_is_a_number_within_it(
            width in 240u32..1_600, language in 0usize..3, axis in 0usize..4, frequency in 0usize..4,
            series in prop::collection::vec((0u64..60_000, -999_999_999_999_999i64..999_999_999_999_999, 1i64..4), 0..30),
            dates in prop::collection::vec((0u64..109_000, -999_999_999_999_999i64..999_999_999_999_999), 0..5),
            title in "\\PC{0,120}",
        ) {
            let day = |days| chrono::NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::Days::new(days);
            let value = |millionths| Decimal::from_millionths(millionths).unwrap();
            let frequency = Frequency::ALL[frequency];
            let points: Vec<Point> = series.iter().map(|(days, millionths, definition)| Point {
                period: Period::containing(day(*days), frequency).unwrap(), value: value(*millionths), definition: *definition,
            }).collect();
            let dated: Vec<Dated> = dates.iter().map(|(days, millionths)| Dated { value: value(*millionths), on: day(*days) }).collect();
            let axis = [ValueAxis::Open, ValueAxis::Percent, ValueAxis::YesNo, ValueAxis::Levels(4)][axis];
            let chart = Chart {
                others: 0,
                language: Language::ALL[language], width, title: &title, unit: "", axis, frequency, points: &points,
                baseline: dated.first().copied(), targets: dated.get(1..).unwrap_or_default(),
            };
            let svg = svg(&chart);
            let document = Document::parse(&svg).unwrap();
            for (place, most) in places(&document) {
                prop_assert!(place.is_finite() && (0.0..=most).contains(&place), "{place} of {most}");
            }
            let time_ticks = of_class(&document, "axis").len();
            prop_assert!(points.is_empty() || (1..=9).contains(&time_ticks), "{time_ticks}");
        }
    }
}
