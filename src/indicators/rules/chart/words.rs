//! The words, numbers and dates of a chart in three languages. Digits are Latin in all of them, as is usual in Morocco, and
//! so are the months' names those that are usual there.

use chrono::{Datelike as _, NaiveDate};

use super::super::period::{Frequency, Period};
use crate::kernel::language::Language;

/// Keeps a sign before its number where the text runs from right to left.
const LEFT_TO_RIGHT_MARK: char = '\u{200E}';

/// Says something in the language that is read.
macro_rules! say {
    ($language:expr, $ar:expr, $fr:expr, $en:expr $(,)?) => {
        match $language {
            Language::Ar => $ar,
            Language::Fr => $fr,
            Language::En => $en,
        }
    };
}

/// A number of millionths as people write it.
pub fn number(millionths: i64, language: Language) -> String {
    let (group, point) = say!(language, ('.', ','), ('\u{202F}', ','), (',', '.'));
    let magnitude = millionths.unsigned_abs();
    let (whole, part) = ((magnitude / 1_000_000).to_string(), magnitude % 1_000_000);
    let mut text = String::new();
    if millionths < 0 {
        text.extend((language == Language::Ar).then_some(LEFT_TO_RIGHT_MARK));
        text.push('\u{2212}');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if part > 0 {
        text.push(point);
        text.push_str(format!("{part:06}").trim_end_matches('0'));
    }
    text
}

/// Says how many values are left out, since they were measured otherwise.
pub fn others_sentence(count: usize, language: Language) -> String {
    say!(
        language,
        format!("قيم مقيسة بطريقة أخرى، غير مرسومة: {count}."),
        format!("Valeurs mesurées autrement, qui ne sont pas dessinées : {count}."),
        format!("Values measured otherwise, which are not drawn: {count}."),
    )
}

/// A month's name; `brief` where there is little room.
fn month(number: u32, brief: bool, language: Language) -> &'static str {
    const AR: [&str; 12] =
        ["يناير", "فبراير", "مارس", "أبريل", "ماي", "يونيو", "يوليوز", "غشت", "شتنبر", "أكتوبر", "نونبر", "دجنبر"];
    const FR: [[&str; 12]; 2] = [
        [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."],
    ];
    const EN: [[&str; 12]; 2] = [
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    ];
    let [full_fr, brief_fr] = &FR;
    let [full_en, brief_en] = &EN;
    let names = match (language, brief) {
        (Language::Ar, _) => &AR,
        (Language::Fr, false) => full_fr,
        (Language::Fr, true) => brief_fr,
        (Language::En, false) => full_en,
        (Language::En, true) => brief_en,
    };
    let at = usize::try_from(number.saturating_sub(1)).unwrap_or_default();
    names.get(at).copied().unwrap_or_default()
}

/// A date in words.
pub fn date(day: NaiveDate, language: Language) -> String {
    let (name, year) = (month(day.month(), false, language), day.year());
    match (language, day.day()) {
        (Language::Fr, 1) => format!("1er {name} {year}"),
        (_, day) => format!("{day} {name} {year}"),
    }
}

/// A period in short.
pub fn period(period: Period, language: Language) -> String {
    let (year, number) = (period.first_day().year(), period.number());
    match period.frequency() {
        Frequency::Monthly => format!("{} {year}", month(number, true, language)),
        Frequency::Quarterly => format!("{}{number} {year}", say!(language, "الفصل ", "T", "Q")),
        Frequency::HalfYearly => format!("{}{number} {year}", say!(language, "النصف ", "S", "H")),
        Frequency::Yearly => year.to_string(),
    }
}

/// Yes or no.
pub fn yes_or_no(is_so: bool, language: Language) -> &'static str {
    if is_so { say!(language, "نعم", "Oui", "Yes") } else { say!(language, "لا", "Non", "No") }
}

/// A target, in short.
pub fn target(value: &str, language: Language) -> String {
    say!(language, format!("المستهدف {value}"), format!("Cible {value}"), format!("Target {value}"))
}

/// A baseline, in short.
pub fn baseline(value: &str, language: Language) -> String {
    say!(language, format!("خط الأساس {value}"), format!("Référence {value}"), format!("Baseline {value}"))
}

/// A version of the definition, in short.
pub fn definition(version: i64, language: Language) -> String {
    say!(language, format!("التعريف {version}"), format!("Définition {version}"), format!("Definition {version}"))
}

/// What stands where there is nothing to draw.
pub fn nothing(language: Language) -> &'static str {
    say!(language, "لا توجد أي قيمة معتمدة بعد", "Aucune valeur approuvée pour l’instant", "No approved value yet",)
}

/// Says what the unit is.
pub fn unit_sentence(unit: &str, language: Language) -> String {
    say!(language, format!("الوحدة: {unit}."), format!("Unité : {unit}."), format!("Unit: {unit}."))
}

/// Introduces the values of a version of the definition.
pub fn values_heading(version: i64, is_first: bool, language: Language) -> String {
    if is_first {
        return say!(language, "القيم حسب الفترة:", "Valeurs par période :", "Values by period:").to_owned();
    }
    say!(
        language,
        format!("ابتداء من التعريف {version}، ولا تقارن بما قبله:"),
        format!("À partir de la définition {version}, non comparable à ce qui précède :"),
        format!("From definition {version} on, not comparable with what is before it:"),
    )
}

/// A period with its value.
pub fn period_value(period: &str, value: &str, language: Language) -> String {
    say!(language, format!("{period}: {value}"), format!("{period} : {value}"), format!("{period}: {value}"))
}

/// What stands between the parts of a list.
pub fn separator(language: Language) -> &'static str {
    say!(language, "؛ ", " ; ", "; ")
}

/// Says where it began.
pub fn baseline_sentence(value: &str, on: &str, language: Language) -> String {
    say!(
        language,
        format!("خط الأساس: {value} في {on}."),
        format!("Valeur de référence : {value} au {on}."),
        format!("Baseline: {value} on {on}."),
    )
}

/// Says where it is to come.
pub fn target_sentence(value: &str, on: &str, language: Language) -> String {
    say!(
        language,
        format!("القيمة المستهدفة: {value} في أفق {on}."),
        format!("Cible : {value} au {on}."),
        format!("Target: {value} by {on}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_each_language_does() {
        let all = |millionths| Language::ALL.iter().map(|language| number(millionths, *language)).collect::<Vec<_>>();
        assert_eq!(all(12_500_000), ["12,5", "12,5", "12.5"]);
        assert_eq!(all(1_234_567_000_001), ["1\u{202F}234\u{202F}567,000001", "1.234.567,000001", "1,234,567.000001"]);
        assert_eq!(all(-250_000), ["\u{2212}0,25", "\u{200E}\u{2212}0,25", "\u{2212}0.25"]);
        assert_eq!(all(0), ["0", "0", "0"]);
        assert_eq!(all(100_000_000), ["100", "100", "100"]);
        assert_eq!(number(-1, Language::Ar).chars().next(), Some(LEFT_TO_RIGHT_MARK));
    }

    #[test]
    fn periods_and_dates_are_read_in_every_language() {
        let all = |code: &str| {
            let period = code.parse().unwrap();
            Language::ALL.iter().map(|language| super::period(period, *language)).collect::<Vec<_>>()
        };
        assert_eq!(all("2025-08"), ["août 2025", "غشت 2025", "Aug 2025"]);
        assert_eq!(all("2025-Q1"), ["T1 2025", "الفصل 1 2025", "Q1 2025"]);
        assert_eq!(all("2025-H2"), ["S2 2025", "النصف 2 2025", "H2 2025"]);
        assert_eq!(all("2025"), ["2025", "2025", "2025"]);
        let day = "2025-12-01".parse().unwrap();
        let dates: Vec<String> = Language::ALL.iter().map(|language| date(day, *language)).collect();
        assert_eq!(dates, ["1er décembre 2025", "1 دجنبر 2025", "1 December 2025"]);
    }
}
