//! The scale: five levels, the same for every commitment, worded in three languages so that two who assess mean the same.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{codes::Pattern, language::LanguageMap};

/// How a commitment is kept: 0, not at all, to 4, fully.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Level(i64);

impl Level {
    /// Every level, the lowest first.
    pub const ALL: [Self; 5] = [Self(0), Self(1), Self(2), Self(3), Self(4)];

    /// The level as a number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Level {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        if (0..=4).contains(&number) { Ok(Self(number)) } else { Err("is not a level from 0 to 4") }
    }
}

impl std::str::FromStr for Level {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [digit @ b'0'..=b'4'] => Ok(Self(i64::from(digit - b'0'))),
            _ => Err("is not a level from 0 to 4"),
        }
    }
}

impl Pattern for Level {
    fn pattern() -> String {
        "[0-4]".to_owned()
    }
}

/// A level by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AssessmentLevelCode)]
pub enum LevelCode {
    /// 0.
    NotStarted,
    /// 1.
    Begun,
    /// 2.
    PartlyKept,
    /// 3.
    LargelyKept,
    /// 4.
    FullyKept,
}

/// A level of the scale in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AssessmentLevel)]
pub struct Step {
    /// The level.
    #[schema(example = 2, minimum = 0, maximum = 4)]
    pub level: i64,
    /// Stable code.
    pub code: LevelCode,
    /// What it is called.
    pub label: LanguageMap,
    /// When a commitment is kept so.
    pub description: LanguageMap,
}

/// The scale, the lowest level first.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    levels: Vec<Step>,
}

impl Scale {
    /// What a level is called.
    #[must_use]
    pub fn label(&self, level: Level) -> LanguageMap {
        let step = self.levels.iter().find(|step| step.level == level.get());
        step.map(|step| step.label.clone()).unwrap_or_default()
    }

    /// The levels, the lowest first.
    #[must_use]
    pub fn into_levels(self) -> Vec<Step> {
        self.levels
    }
}

/// Reads the words of the scale.
///
/// # Errors
/// A sentence that names the file, also where it does not have every level once, in their order.
pub fn parse_scale(json: &str) -> Result<Scale, String> {
    let scale: Scale = serde_json::from_str(json).map_err(|error| format!("assessments/scale.json: {error}"))?;
    if scale.levels.iter().map(|step| step.level).eq(Level::ALL.map(Level::get)) {
        Ok(scale)
    } else {
        Err("assessments/scale.json: does not have the levels 0 to 4 in their order".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessments;

    #[test]
    fn every_level_has_its_words_in_three_languages() {
        let scale = assessments::scale().unwrap();
        let complete = |map: &LanguageMap| map.ar.is_some() && map.fr.is_some() && map.en.is_some();
        for level in Level::ALL {
            assert!(complete(&scale.label(level)), "{level:?}");
        }
        let levels = scale.into_levels();
        for (at, step) in levels.iter().enumerate() {
            assert!(complete(&step.description), "{step:?}");
            assert!(levels[..at].iter().all(|other| other.code != step.code && other.label != step.label), "{step:?}");
        }
    }

    #[test]
    fn a_file_with_other_levels_is_refused() {
        assert!(parse_scale(r#"{"levels": []}"#).unwrap_err().contains("0 to 4"));
        assert!(parse_scale("[]").is_err());
    }

    #[test]
    fn a_level_reads_the_same_from_text_and_number() {
        for level in Level::ALL {
            assert_eq!(level.get().to_string().parse(), Ok(level));
            assert_eq!(Level::try_from(level.get()), Ok(level));
        }
        for text in ["5", "-1", "", "00", "4.0", "٣"] {
            assert!(text.parse::<Level>().is_err(), "{text}");
        }
        assert!(Level::try_from(5).is_err() && Level::try_from(-1).is_err());
    }
}
