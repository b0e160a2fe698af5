//! What a focal point is. Pure.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::{
    codes::codes,
    delimited,
    id::{Identifier, Slug},
    language::Language,
    paging::Order,
    patch::Patch,
    text,
    violation::Violations,
};

/// The longest name, in characters.
const LONGEST_NAME: usize = 200;
/// The years that a date can be of; outside of them it is a slip of the pen.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// A telephone number in the international form of E.164: `+`, the country's code and the rest, 8 to 15 digits in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone(String);

impl Phone {
    /// The number as it is stored.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl FromStr for Phone {
    type Err = &'static str;

    /// Spaces, points and hyphens are for the eye only.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
        let digits = number.strip_prefix('+').unwrap_or_default();
        let is_one = (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        // No country's code begins with a zero.
        if is_one && !digits.starts_with('0') {
            Ok(Self(number))
        } else {
            Err("is no telephone number of the form +212 537 00 00 00, with 8 to 15 digits")
        }
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name as it is stored.
///
/// # Errors
/// A predicate for a sentence about the name.
pub fn read_name(text: &str) -> Result<String, String> {
    text::parse_line(text, LONGEST_NAME).map_err(|why| why.to_string())
}

/// A telephone number as it is stored.
///
/// # Errors
/// A predicate for a sentence about the number.
pub fn read_phone(text: &str) -> Result<String, String> {
    text.parse().map(Phone::into_string).map_err(str::to_owned)
}

/// From when until when somebody serves, both days included; unknown or open where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub until: Option<NaiveDate>,
}

impl Period {
    /// Notes what is wrong with it.
    pub fn check(self, violations: &mut Violations) {
        for (name, day) in [("serves_from", self.from), ("serves_until", self.until)] {
            if day.is_some_and(|day| !YEARS.contains(&day.year())) {
                let detail = format!("{name} is not of the years {} to {}.", YEARS.start(), YEARS.end());
                violations.add(format!("/{name}"), "invalid_value", detail);
            }
        }
        if self.from.zip(self.until).is_some_and(|(from, until)| until < from) {
            violations.add("/serves_until", "ends_before_it_begins", "serves_until lies before serves_from.");
        }
    }
}

/// What somebody has said of a focal point, in its stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The person's name.
    pub full_name: String,
    /// The e-mail address, in lower case: a person is found by it.
    pub email: String,
    /// The telephone number.
    pub phone: Option<String>,
    /// The language to write in.
    pub preferred_language: Language,
    /// When the person serves.
    pub period: Period,
}

/// Somebody whom the network calls about a member.
#[derive(Debug, Clone)]
pub struct FocalPoint {
    /// The id.
    pub id: Identifier,
    /// Counts its changes.
    pub version: i64,
    /// When it was first stored.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The member's id.
    pub member_id: Identifier,
    /// The member's slug.
    pub member: Slug,
    /// What is known of the person.
    pub content: Content,
}

impl FocalPoint {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> String {
        format!("/api/v1/members/{}/focal-points/{}", self.member, self.id)
    }
}

/// What is wrong about a person and has to be put right wherever it stands, in its stored form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correction {
    /// The name.
    pub full_name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone number, which can be taken away.
    pub phone: Patch<String>,
    /// The language to write in.
    pub preferred_language: Option<Language>,
}

impl Correction {
    /// The same content, put right.
    #[must_use]
    pub fn of(&self, content: &Content) -> Content {
        let Content { full_name, email, phone, preferred_language, period } = content.clone();
        Content {
            full_name: self.full_name.clone().unwrap_or(full_name),
            email: self.email.clone().unwrap_or(email),
            phone: self.phone.clone().onto(phone),
            preferred_language: self.preferred_language.unwrap_or(preferred_language),
            period,
        }
    }
}

/// What focal points can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SortKey {
    /// When they were first stored.
    CreatedAt,
}

codes!(SortKey { CreatedAt => "created_at" });

/// Which focal points are looked for, and in what order.
#[derive(Debug, Clone, Serialize)]
pub struct Filters {
    /// The member's id.
    pub member_id: Identifier,
    /// Only who serves on this day.
    pub as_of: Option<NaiveDate>,
    /// The order.
    pub order: Order<SortKey>,
}

/// A focal point of the embedded file, with the member's slug.
#[derive(Debug)]
pub struct Record {
    /// The member's slug.
    pub member: Slug,
    /// What is said of the person.
    pub content: Content,
}

#[derive(Deserialize)]
struct Line {
    member: String,
    full_name: String,
    email: String,
    phone: Option<String>,
    preferred_language: String,
    serves_from: Option<NaiveDate>,
    serves_until: Option<NaiveDate>,
}

/// Reads the embedded file of invented focal points.
///
/// # Errors
/// A sentence that names the line.
pub fn parse_reference(csv: &str) -> Result<Vec<Record>, String> {
    let record = |(number, line): (u32, Result<Line, String>)| {
        line.and_then(|line| record(&line)).map_err(|why| format!("focal points, line {number}: {why}"))
    };
    delimited::each(csv).map(record).collect()
}

fn record(line: &Line) -> Result<Record, String> {
    let content = Content {
        full_name: read_name(&line.full_name).map_err(|why| format!("full_name {why}"))?,
        email: text::parse_email(&line.email).map_err(|why| format!("email {why}"))?,
        phone: line.phone.as_deref().map(read_phone).transpose().map_err(|why| format!("phone {why}"))?,
        preferred_language: line.preferred_language.parse().map_err(|why| format!("preferred_language {why}"))?,
        period: Period { from: line.serves_from, until: line.serves_until },
    };
    Ok(Record { member: line.member.parse().map_err(|why| format!("member {why}"))?, content })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::focal_points::ILLUSTRATIVE;
    use proptest::prelude::*;

    fn faults(from: Option<NaiveDate>, until: Option<NaiveDate>) -> Result<(), Violations> {
        let mut violations = Violations::default();
        Period { from, until }.check(&mut violations);
        violations.done()
    }

    proptest! {
        #[test]
        fn a_number_is_the_same_however_it_is_set(digits in "[1-9][0-9]{7,14}", gap in "[ .-]{0,2}") {
            let set = digits.chars().fold(String::new(), |text, digit| text + &format!("{digit}{gap}"));
            let phone: Phone = format!("+{gap}{set}").parse().unwrap();
            prop_assert_eq!(phone.to_string(), format!("+{digits}"));
            prop_assert_eq!(phone.to_string().parse::<Phone>().unwrap(), phone);
        }

        #[test]
        fn what_is_stored_as_a_number_is_one(text in "\\PC{0,20}") {
            if let Ok(phone) = text.parse::<Phone>() {
                let stored = phone.to_string();
                prop_assert!((9..=16).contains(&stored.len()) && stored.starts_with('+'));
                prop_assert!(stored[1..].bytes().all(|byte| byte.is_ascii_digit()));
            }
        }

        #[test]
        fn a_period_is_refused_when_it_ends_before_it_begins(from in 0i32..100_000, until in 0i32..100_000) {
            let day = |days| NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + chrono::TimeDelta::days(i64::from(days));
            prop_assert_eq!(faults(Some(day(from)), Some(day(until))).is_ok(), from <= until);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "+",
            "0537000000",
            "+1234567",
            "+1234567890123456",
            "+0212537000",
            "+212 537 00 00 0x",
            "++21253700000",
        ] {
            assert!(text.parse::<Phone>().is_err(), "{text}");
        }
        assert_eq!("+212 537-00.00 00".parse::<Phone>().unwrap().to_string(), "+212537000000");
    }

    #[test]
    fn open_periods_are_right_and_slips_of_the_pen_are_not() {
        let day = |year| NaiveDate::from_ymd_opt(year, 6, 1);
        assert!(faults(None, None).is_ok() && faults(day(2024), None).is_ok() && faults(None, day(2024)).is_ok());
        assert!(faults(day(20_240), None).unwrap_err().has("/serves_from"));
        assert!(faults(None, day(24)).unwrap_err().has("/serves_until"));
    }

    #[test]
    fn a_correction_leaves_what_it_does_not_name() {
        let record = parse_reference(ILLUSTRATIVE[0]).unwrap().remove(0);
        assert_eq!(Correction::default().of(&record.content), record.content);
        let correction =
            Correction { phone: Patch::Null, full_name: Some("New Name".to_owned()), ..Correction::default() };
        let corrected = correction.of(&record.content);
        assert_eq!((corrected.phone, corrected.full_name.as_str()), (None, "New Name"));
        assert_eq!(corrected.email, record.content.email);
    }

    #[test]
    fn the_invented_people_say_that_they_are_invented() {
        for record in parse_reference(ILLUSTRATIVE[0]).unwrap() {
            let content = record.content;
            assert!(
                content.full_name.contains("Illustrative") && content.email.ends_with("@example.org"),
                "{content:?}"
            );
        }
        assert!(
            parse_reference(
                "member,full_name,email,phone,preferred_language,serves_from,serves_until\nx,,a@b.org,,fr,,\n"
            )
            .unwrap_err()
            .contains("line 2")
        );
    }
}
