//! What is wrong with content that has the right shape, all of it at once: each violation names its place by a JSON
//! pointer (RFC 6901), a stable code and a sentence. The constraints of single fields are declared with the
//! `validator` crate where the fields are; rules between fields add theirs.

use std::{borrow::Cow, fmt::Display, str::FromStr};

use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

use super::{http_url, text};

/// A property's name as a segment of a JSON pointer (RFC 6901).
#[must_use]
pub fn segment(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The place in the content; empty for the whole.
    pub pointer: String,
    /// Its stable code.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub detail: String,
}

impl Violation {
    /// A violation at a place.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// The most violations that are told of one content: whoever has mended so many finds the others then.
pub const MOST_VIOLATIONS: usize = 100;

/// Everything that is wrong. One more than [`MOST_VIOLATIONS`] is kept, which says that there are more.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Violations(Vec<Violation>);

/// The code of a value that breaks its field's constraint.
const INVALID_VALUE: &str = "invalid_value";

impl Violations {
    /// Notes a violation.
    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.note(Violation::new(pointer, code, detail));
    }

    fn note(&mut self, violation: Violation) {
        if self.0.len() <= MOST_VIOLATIONS {
            self.0.push(violation);
        }
    }

    /// Notes the violations of fields' constraints.
    pub fn add_fields(&mut self, checked: Result<(), ValidationErrors>) {
        if let Err(errors) = checked {
            let mut found = Vec::new();
            collect("", &errors, &mut found);
            // They come in no order, and which of them are noted must not depend on chance.
            found.sort();
            for violation in found {
                self.note(violation);
            }
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a place has a violation already, so that a rule needs not say it again.
    #[must_use]
    pub fn has(&self, pointer: &str) -> bool {
        self.0.iter().any(|violation| violation.pointer.starts_with(pointer))
    }

    /// Nothing, when nothing is wrong.
    ///
    /// # Errors
    /// All violations, in the order of their places.
    pub fn done(mut self) -> Result<(), Self> {
        self.0.sort();
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// The violations of the constraints of fields, at and below a place.
fn collect(at: &str, errors: &ValidationErrors, found: &mut Vec<Violation>) {
    for (field, kind) in errors.errors() {
        let at = format!("{at}/{field}");
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(&at, inner, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(&format!("{at}/{index}"), inner, found);
                }
            }
            ValidationErrorsKind::Field(broken) => {
                for error in broken {
                    let predicate = error.message.clone().unwrap_or_else(|| "is not allowed".into());
                    let name = at.rsplit('/').next().unwrap_or_default().to_owned();
                    found.push(Violation::new(at.clone(), INVALID_VALUE, format!("{name} {predicate}.")));
                }
            }
        }
    }
}

impl From<Vec<Violation>> for Violations {
    fn from(violations: Vec<Violation>) -> Self {
        let mut all = Self::default();
        for violation in violations {
            all.note(violation);
        }
        all
    }
}

impl From<Violation> for Violations {
    fn from(violation: Violation) -> Self {
        Self(vec![violation])
    }
}

impl IntoIterator for Violations {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn broken(predicate: impl Display) -> ValidationError {
    ValidationError::new(INVALID_VALUE).with_message(Cow::Owned(predicate.to_string()))
}

/// Constraint of a name or a short text: one line of at most 200 characters.
///
/// # Errors
/// What is wrong with it.
pub fn short_line(text: &str) -> Result<(), ValidationError> {
    text::parse_line(text, 200).map(drop).map_err(broken)
}

/// Constraint of a sentence or two: one line of at most 500 characters.
///
/// # Errors
/// What is wrong with it.
pub fn long_line(text: &str) -> Result<(), ValidationError> {
    text::parse_line(text, 500).map(drop).map_err(broken)
}

/// Constraint of a link: an `http(s)` URL of at most 500 characters.
///
/// # Errors
/// What is wrong with it.
pub fn web_address(text: &str) -> Result<(), ValidationError> {
    http_url::parse(text).map(drop).map_err(broken)
}

/// Constraint of a SHA-256 digest: 64 hexadecimal digits in lower case.
///
/// # Errors
/// That it is none.
pub fn sha256_digest(text: &str) -> Result<(), ValidationError> {
    let is_one = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_one { Ok(()) } else { Err(broken("is no SHA-256 of 64 hexadecimal digits in lower case")) }
}

/// Constraint of an e-mail address.
///
/// # Errors
/// What is wrong with it.
pub fn email_address(text: &str) -> Result<(), ValidationError> {
    text::parse_email(text).map(drop).map_err(|_none| broken("is no e-mail address"))
}

/// Constraint of a text that a type of ours reads.
///
/// # Errors
/// What the type says of it.
pub fn readable<T: FromStr<Err: Display>>(text: &str) -> Result<(), ValidationError> {
    text.parse::<T>().map(drop).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_a_hundred_and_one_are_kept() {
        let mut violations = Violations::default();
        for number in 0..1_000 {
            violations.add(format!("/{number}"), "invalid_value", "It is wrong.");
        }
        assert_eq!(violations.done().unwrap_err().into_iter().count(), MOST_VIOLATIONS + 1);
        let many = vec![Violation::new("/x", "invalid_value", "It is wrong."); 1_000];
        assert_eq!(Violations::from(many).into_iter().count(), MOST_VIOLATIONS + 1);
    }
}
