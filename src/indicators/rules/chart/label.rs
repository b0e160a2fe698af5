//! Room for texts. How wide a text is only its reader's font knows, so it is estimated, rather too wide than too narrow;
//! labels are put where they cover the least of what is already there.

use unicode_normalization::char::is_combining_mark;

use super::markup::Tenths;

/// How wide a text of a size is, at the most, with usual fonts.
pub fn width(text: &str, size: Tenths) -> Tenths {
    let hundredths_of_em = |c: char| match c {
        c if is_combining_mark(c) || matches!(c, '\u{200B}'..='\u{200F}' | '\u{061C}') => 0,
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '!' | '|' | '\'' | '’' | ' ' | '\u{202F}' => 32,
        'm' | 'w' | 'M' | 'W' | '%' | '…' => 92,
        c if c.is_ascii_uppercase() => 70,
        '\u{0600}'..='\u{06FF}' => 56,
        c if c.is_ascii() || ('\u{00C0}'..'\u{0250}').contains(&c) => 60,
        _ => 100,
    };
    let em: i64 = text.chars().map(hundredths_of_em).sum();
    em * size / 100
}

/// Breaks a text into at most `most` lines of a width; what does not fit ends in an ellipsis.
pub fn lines(text: &str, size: Tenths, widest: Tenths, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let mut line = word.to_owned();
        while let Some(longer) = words.peek().map(|next| format!("{line} {next}")).filter(|l| width(l, size) <= widest)
        {
            line = longer;
            words.next();
        }
        if lines.len() + 1 == most {
            let rest: Vec<&str> = words.by_ref().collect();
            if !rest.is_empty() {
                line = format!("{line} {}", rest.join(" "));
            }
        }
        lines.push(cut(&line, size, widest));
    }
    lines
}

/// As much of a line as fits.
fn cut(line: &str, size: Tenths, widest: Tenths) -> String {
    if width(line, size) <= widest {
        return line.to_owned();
    }
    let mut kept = String::new();
    for c in line.chars() {
        if width(&format!("{kept}{c}…"), size) > widest {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// A piece of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// Where it begins.
    pub left: Tenths,
    /// Its upper edge.
    pub top: Tenths,
    /// Where it ends.
    pub right: Tenths,
    /// Its lower edge.
    pub bottom: Tenths,
}

impl Area {
    /// Around a point.
    pub const fn around((x, y): (Tenths, Tenths), wide: Tenths, high: Tenths) -> Self {
        Self { left: x - wide / 2, right: x + wide / 2, top: y - high / 2, bottom: y + high / 2 }
    }

    /// Its middle.
    pub const fn middle(&self) -> (Tenths, Tenths) {
        (i64::midpoint(self.left, self.right), i64::midpoint(self.top, self.bottom))
    }

    /// The same piece, moved so that it lies within another as far as that is large enough.
    #[must_use]
    pub fn within(self, other: &Self) -> Self {
        let shift = |low: Tenths, high: Tenths, least: Tenths, most: Tenths| {
            let back = (high - most).max(0);
            (least - (low - back)).max(0) - back
        };
        let across = shift(self.left, self.right, other.left, other.right);
        let down = shift(self.top, self.bottom, other.top, other.bottom);
        Self { left: self.left + across, right: self.right + across, top: self.top + down, bottom: self.bottom + down }
    }

    /// How much of it another one covers.
    fn covered_by(&self, other: &Self) -> i64 {
        let wide = (self.right.min(other.right) - self.left.max(other.left)).max(0);
        let high = (self.bottom.min(other.bottom) - self.top.max(other.top)).max(0);
        wide * high
    }
}

/// What is already there.
#[derive(Debug)]
pub struct Taken {
    bounds: Area,
    areas: Vec<Area>,
}

impl Taken {
    /// Nothing yet.
    pub const fn new(bounds: Area) -> Self {
        Self { bounds, areas: Vec::new() }
    }

    /// Notes that something is there.
    pub fn add(&mut self, area: Area) {
        self.areas.push(area);
    }

    /// Notes that a straight line is there: as a chain of pieces, of which a long line has at most 40.
    pub fn add_line(&mut self, line: &[(Tenths, Tenths)]) {
        let [(x1, y1), (x2, y2)] = line else { return };
        let pieces = ((x2 - x1).abs().max((y2 - y1).abs()) / 40).clamp(1, 40);
        for piece in 0..=pieces {
            let place = (x1 + (x2 - x1) * piece / pieces, y1 + (y2 - y1) * piece / pieces);
            self.add(Area::around(place, 30, 30));
        }
    }

    /// Of several places, moved within the bounds, takes the first that covers the least.
    pub fn take(&mut self, places: impl IntoIterator<Item = Area>) -> Option<Area> {
        let places = places.into_iter().map(|place| place.within(&self.bounds));
        let covers = |place: &Area| self.areas.iter().map(|area| place.covered_by(area)).sum::<i64>();
        let chosen = places.min_by_key(covers)?;
        self.areas.push(chosen);
        Some(chosen)
    }

    /// Takes a place unless something is there already or nearer than `gap` before or behind it.
    pub fn take_free(&mut self, area: Area, gap: Tenths) -> bool {
        let wider = Area { left: area.left - gap, right: area.right + gap, ..area };
        let is_free = self.areas.iter().all(|other| wider.covered_by(other) == 0);
        self.areas.extend(is_free.then_some(area));
        is_free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_text_is_broken_between_words_and_then_cut() {
        assert_eq!(lines("Ideas received", 130, 2_000, 2), ["Ideas received"]);
        assert_eq!(lines("Ideas received", 130, 900, 2), ["Ideas", "received"]);
        let cut = lines("Ideas received and answered with reasons", 130, 900, 2);
        assert!(cut.len() == 2 && cut[1].ends_with('…') && width(&cut[1], 130) <= 900, "{cut:?}");
        assert!(lines(" ", 130, 900, 2).is_empty());
    }

    #[test]
    fn a_label_goes_where_nothing_is() {
        let bounds = Area { left: 0, top: 0, right: 1_000, bottom: 1_000 };
        let mut taken = Taken::new(bounds);
        let (above, below) = (Area::around((500, 400), 200, 100), Area::around((500, 600), 200, 100));
        assert_eq!(taken.take([above, below]), Some(above));
        assert_eq!(taken.take([above, below]), Some(below));
        assert!(!taken.take_free(above, 0) && taken.take_free(Area::around((500, 800), 200, 100), 0));
        assert!(!taken.take_free(Area::around((720, 800), 200, 100), 30));
        let outside = taken.take([Area::around((0, 1_000), 200, 100)]).unwrap();
        assert_eq!((outside.left, outside.bottom), (0, 1_000));
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_there_are_not_too_many(text in "\\PC{0,80}", widest in 300i64..5_000, most in 1usize..4) {
            let lines = lines(&text, 130, widest, most);
            prop_assert!(lines.len() <= most);
            prop_assert!(lines.iter().all(|line| width(line, 130) <= widest), "{lines:?}");
        }
    }
}
