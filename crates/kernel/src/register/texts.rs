//! A text in three languages, of which a list has a column for each.

use super::RowReader;
use crate::{language::LanguageMap, patch::Patch};

/// A text in three languages, as far as a row has columns for it.
#[derive(Debug)]
pub struct Texts {
    fr: Patch<String>,
    ar: Patch<String>,
    en: Patch<String>,
}

impl Texts {
    /// Reads the columns of French, Arabic and English, in this order.
    pub fn read(row: &mut RowReader<'_>, columns: [&'static str; 3], most_chars: usize) -> Self {
        let [fr, ar, en] = columns;
        Self { fr: row.line(fr, most_chars), ar: row.line(ar, most_chars), en: row.line(en, most_chars) }
    }

    /// What the text becomes; none where no language is left.
    #[must_use]
    pub fn onto(self, current: Option<LanguageMap>) -> Option<LanguageMap> {
        let LanguageMap { fr, ar, en } = current.unwrap_or_default();
        let map = LanguageMap { fr: self.fr.onto(fr), ar: self.ar.onto(ar), en: self.en.onto(en) };
        Some(map).filter(|map| *map != LanguageMap::default())
    }

    /// The cells of a text, in the order of the columns.
    #[must_use]
    pub fn cells(map: Option<&LanguageMap>) -> [Option<String>; 3] {
        let LanguageMap { fr, ar, en } = map.cloned().unwrap_or_default();
        [fr, ar, en]
    }
}
