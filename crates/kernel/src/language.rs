//! The three languages of the network and texts written in some of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{codes::codes, patch::Patch, text, violation::Violations};

/// A language that texts are served in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Arabic, written from right to left.
    Ar,
    /// French.
    Fr,
    /// English.
    En,
}

// The ISO 639-1 codes, in the order in which one language stands in for another.
codes!(Language { Fr => "fr", Ar => "ar", En => "en" });

impl Language {
    /// The writing direction, as HTML's `dir` names it.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Ar => "rtl",
            Self::Fr | Self::En => "ltr",
        }
    }

    /// The languages to try for a reader of `self`: the asked one, then French, Arabic, English.
    pub fn preference(self) -> impl Iterator<Item = Self> {
        std::iter::once(self).chain(Self::ALL.iter().copied().filter(move |other| *other != self))
    }
}

/// A text for people, by language. A language in which the text does not exist is absent; with `?lang=`
/// only the language that is served remains.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ar": "الرباط", "fr": "Rabat"}))]
pub struct LanguageMap {
    /// The text in Arabic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 5000)]
    pub ar: Option<String>,
    /// The text in French.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 5000)]
    pub fr: Option<String>,
    /// The text in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 5000)]
    pub en: Option<String>,
}

impl LanguageMap {
    /// The text in one language, if it exists.
    #[must_use]
    pub fn get(&self, language: Language) -> Option<&str> {
        match language {
            Language::Ar => self.ar.as_deref(),
            Language::Fr => self.fr.as_deref(),
            Language::En => self.en.as_deref(),
        }
    }

    /// The text for a reader of `language`: in that language, else in the one that stands in for it.
    /// Empty only for a map without any text, which no stored map is.
    #[must_use]
    pub fn read(&self, language: Language) -> &str {
        language.preference().find_map(|candidate| self.get(candidate)).unwrap_or_default()
    }
}

/// Changes of a text by language: null takes a language away.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LanguageMapPatch {
    /// The text in Arabic, or null to take it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "العرائش", max_length = 5000)]
    pub ar: Patch<String>,
    /// The text in French, or null to take it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Larache", max_length = 5000)]
    pub fr: Patch<String>,
    /// The text in English, or null to take it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Larache", max_length = 5000)]
    pub en: Patch<String>,
}

impl LanguageMapPatch {
    /// The map behind the patch; empty where nothing is left.
    #[must_use]
    pub fn onto(self, current: LanguageMap) -> LanguageMap {
        LanguageMap { ar: self.ar.onto(current.ar), fr: self.fr.onto(current.fr), en: self.en.onto(current.en) }
    }
}

impl Patch<LanguageMapPatch> {
    /// The map behind the patch; none where it is taken away or nothing is left of it.
    #[must_use]
    pub fn onto_map(self, current: Option<LanguageMap>) -> Option<LanguageMap> {
        match self {
            Self::Absent => current,
            Self::Null => None,
            Self::Value(patch) => {
                Some(patch.onto(current.unwrap_or_default())).filter(|map| *map != LanguageMap::default())
            }
        }
    }
}

impl LanguageMap {
    /// The map in its stored form, each text one line of at most `most_chars`; what is wrong, an empty map among it, is
    /// noted at `pointer`.
    #[must_use]
    pub fn checked(&self, violations: &mut Violations, pointer: &str, most_chars: usize) -> Self {
        self.checked_by(text::parse_line, violations, pointer, most_chars)
    }

    /// The same of texts that may have several lines.
    #[must_use]
    pub fn checked_text(&self, violations: &mut Violations, pointer: &str, most_chars: usize) -> Self {
        self.checked_by(text::parse_text, violations, pointer, most_chars)
    }

    fn checked_by(
        &self,
        parse: fn(&str, usize) -> Result<String, text::TextError>,
        violations: &mut Violations,
        pointer: &str,
        most_chars: usize,
    ) -> Self {
        let field = pointer.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
        let mut read = |language: Language| {
            let text = self.get(language)?;
            let language = language.as_str();
            let refuse = |why: text::TextError| {
                violations.add(
                    format!("{pointer}/{language}"),
                    "invalid_value",
                    format!("The {field} in {language} {why}."),
                );
            };
            parse(text, most_chars).map_err(refuse).ok()
        };
        let checked = Self { ar: read(Language::Ar), fr: read(Language::Fr), en: read(Language::En) };
        if *self == Self::default() {
            violations.add(pointer, "empty", format!("{field} must have at least one of ar, fr, en."));
        }
        checked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asked_language_comes_first_then_french_arabic_english() {
        let order = |language: Language| language.preference().map(Language::as_str).collect::<Vec<_>>();
        assert_eq!(order(Language::En), ["en", "fr", "ar"]);
        assert_eq!(order(Language::Ar), ["ar", "fr", "en"]);
        assert_eq!(order(Language::Fr), ["fr", "ar", "en"]);
    }

    #[test]
    fn a_missing_language_is_absent_from_the_json() {
        let map = LanguageMap { fr: Some("Rabat".to_owned()), ..LanguageMap::default() };
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"fr":"Rabat"}"#);
        assert_eq!(map.read(Language::Ar), "Rabat");
    }

    #[test]
    fn only_a_text_may_have_several_lines() {
        let map = LanguageMap { fr: Some(" a\r\nb ".to_owned()), ..LanguageMap::default() };
        let mut violations = Violations::default();
        assert_eq!(map.checked_text(&mut violations, "/story", 9).fr.as_deref(), Some("a\nb"));
        assert_eq!(violations, Violations::default());
        assert_eq!(map.checked(&mut violations, "/title", 9).fr, None);
        assert!(violations.has("/title/fr"));
    }
}
