//! Writes the elements of a chart. Whatever comes from outside is a text node and goes through [`escape`]; everything else is
//! ours. Coordinates are tenths of a pixel, whole numbers, so that the same chart is the same bytes everywhere; they run
//! from where reading begins, and are mirrored here for languages that are written from right to left.

use std::fmt::Write as _;

use crate::kernel::language::Language;

/// Tenths of a pixel.
pub type Tenths = i64;

/// Where a text stands in relation to its place.
#[derive(Debug, Clone, Copy)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// Light and dark, each text at a contrast of 4.5 or more to the paper (WCAG 2.2, 1.4.3).
pub const STYLE: &str = "\
text{font-family:system-ui,-apple-system,'Segoe UI','Noto Sans','Noto Sans Arabic','DejaVu Sans',Arial,sans-serif}\
.paper{fill:#ffffff}.title{fill:#1f2933;font-weight:600}.muted{fill:#52606d}\
.grid{stroke:#dde3ea;stroke-width:1}.axis{stroke:#7b8794;stroke-width:1}\
.series{fill:none;stroke:#0b5fa5;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}\
.dot{fill:#0b5fa5;stroke:#ffffff;stroke-width:1}.base{fill:#ffffff;stroke:#1f2933;stroke-width:2}\
.target{fill:none;stroke:#9a3412;stroke-width:1.5;stroke-dasharray:6 4}.mark{fill:#9a3412}\
.break{stroke:#52606d;stroke-width:1.5;stroke-dasharray:2 4}\
.label{paint-order:stroke;stroke:#ffffff;stroke-width:3;stroke-linejoin:round}\
.of-series{fill:#0b5fa5;font-weight:600}.of-target{fill:#9a3412}.of-base{fill:#1f2933}\
@media(prefers-color-scheme:dark){\
.paper{fill:#12181f}.title{fill:#f0f4f8}.muted{fill:#a7b6c6}\
.grid{stroke:#2c3a48}.axis{stroke:#7b8794}\
.series{stroke:#6cb6f0}.dot{fill:#6cb6f0;stroke:#12181f}.base{fill:#12181f;stroke:#f0f4f8}\
.target{stroke:#f7b27a}.mark{fill:#f7b27a}.break{stroke:#a7b6c6}\
.label{stroke:#12181f}.of-series{fill:#6cb6f0}.of-target{fill:#f7b27a}.of-base{fill:#f0f4f8}}";

/// A text without what markup would understand, and without characters that XML forbids or that reorder their neighbours.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FFFE}' | '\u{FFFF}' => {}
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// A length as SVG writes it.
fn px(tenths: Tenths) -> String {
    let (whole, part) = (tenths / 10, (tenths % 10).abs());
    let sign = if tenths < 0 && whole == 0 { "-" } else { "" };
    if part == 0 { whole.to_string() } else { format!("{sign}{whole}.{part}") }
}

/// A chart that is being written.
pub struct Canvas {
    svg: String,
    width: Tenths,
    is_mirrored: bool,
}

impl Canvas {
    /// Begins a chart with its size, its name and its content in words.
    pub fn new((width, height): (Tenths, Tenths), language: Language, title: &str, description: &str) -> Self {
        let (code, direction) = (language.as_str(), language.direction());
        let (w, h, title, description) = (px(width), px(height), escape(title), escape(description));
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
             lang=\"{code}\" xml:lang=\"{code}\" direction=\"{direction}\" aria-labelledby=\"title\" \
             aria-describedby=\"desc\">\n<title id=\"title\">{title}</title>\n<desc id=\"desc\">{description}</desc>\n\
             <style>{STYLE}</style>\n<rect class=\"paper\" x=\"0\" y=\"0\" width=\"{w}\" height=\"{h}\"/>\n"
        );
        Self { svg, width, is_mirrored: language == Language::Ar }
    }

    fn x(&self, x: Tenths) -> String {
        px(if self.is_mirrored { self.width - x } else { x })
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, (x1, y1): (Tenths, Tenths), (x2, y2): (Tenths, Tenths)) {
        let (x1, x2, y1, y2) = (self.x(x1), self.x(x2), px(y1), px(y2));
        self.push(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    /// A line through points.
    pub fn through(&mut self, class: &str, points: &[(Tenths, Tenths)]) {
        let places: Vec<String> = points.iter().map(|(x, y)| format!("{} {}", self.x(*x), px(*y))).collect();
        let places = places.join("L");
        self.push(format_args!("<path class=\"{class}\" d=\"M{places}\"/>"));
    }

    /// A dot that says what it is when it is pointed at.
    pub fn dot(&mut self, class: &str, (x, y): (Tenths, Tenths), radius: Tenths, says: &str) {
        let (x, y, radius, says) = (self.x(x), px(y), px(radius), escape(says));
        self.push(format_args!(
            "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"><title>{says}</title></circle>"
        ));
    }

    /// One line of text; `y` is the line that its letters stand on.
    pub fn text(&mut self, class: &str, size: Tenths, anchor: Anchor, (x, y): (Tenths, Tenths), text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y, size, text) = (self.x(x), px(y), px(size), escape(text));
        self.push(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a text can't fail.
        let _ = writeln!(self.svg, "{element}");
    }

    /// The whole.
    pub fn done(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_without_superfluous_digits() {
        let written: Vec<String> = [0, 5, 10, 123, -5, -15, 6400].map(px).into();
        assert_eq!(written, ["0", "0.5", "1", "12.3", "-0.5", "-1.5", "640"]);
    }

    #[test]
    fn nothing_in_a_text_is_markup_or_reorders_it() {
        assert_eq!(escape("<a href='x'>\"&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt;");
        assert_eq!(escape("a\0b\u{7}c\u{85}d\u{202E}e\u{2066}f\u{FFFF}g\nh"), "abcdefg h");
        assert_eq!(escape("\u{200E}−3 العرائش"), "\u{200E}−3 العرائش");
    }

    /// The colours of a class, light and dark.
    fn colours(property: &str, class: &str) -> [String; 2] {
        let (light, dark) = STYLE.split_once("@media").unwrap();
        [light, dark].map(|style| {
            let rule = style.split(&format!(".{class}{{")).nth(1).unwrap().split('}').next().unwrap();
            let value = rule.split(';').find_map(|line| line.strip_prefix(&format!("{property}:"))).unwrap();
            value.to_owned()
        })
    }

    fn luminance(colour: &str) -> f64 {
        let linear = |at: usize| {
            let part = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(1) + 0.7152 * linear(3) + 0.0722 * linear(5)
    }

    #[test]
    fn every_text_and_line_stands_out_from_the_paper_in_light_and_dark() {
        let paper = colours("fill", "paper");
        let texts = ["title", "muted", "of-series", "of-target", "of-base"].map(|class| ("fill", class, 4.5));
        let lines =
            [("stroke", "series", 4.5), ("stroke", "target", 4.5), ("stroke", "break", 4.5), ("stroke", "axis", 3.0)];
        for (property, class, least) in texts.into_iter().chain(lines) {
            for (colour, paper) in colours(property, class).iter().zip(&paper) {
                let [a, b] = [colour, paper].map(|colour| luminance(colour) + 0.05);
                assert!(a.max(b) / a.min(b) >= least, "{class} {colour} on {paper}: {}", a.max(b) / a.min(b));
            }
        }
    }
}
