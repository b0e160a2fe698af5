//! The values that query parameters take, each with its own sentence for what it refuses and with the schema
//! that says the same in the OpenAPI document. They parse from text only, so that one value reads the same in
//! every list.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::openapi::{
    Ref, RefOr, Required,
    path::{Parameter as Described, ParameterBuilder, ParameterIn},
    schema::{AnyOfBuilder, KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type},
};

use crate::kernel::{
    clock::day_start,
    codes::Pattern,
    date::{Date, parse_timestamp},
    id::Slug,
    language::Language,
    paging::Order,
    text,
};

/// A value of a query parameter, described as exactly as it is read.
pub trait Parameter {
    /// Whether the operation can't do without it; its handler then refuses a request that lacks it.
    const REQUIRED: bool = false;

    /// The schema of the value.
    fn schema() -> RefOr<Schema>;
}

/// A parameter's place in the document.
#[must_use]
pub fn describe<T: Parameter>(name: &str, about: &str, example: Option<Value>) -> Described {
    let about = about.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(if T::REQUIRED { Required::True } else { Required::False })
        .description(Some(about))
        .schema(Some(T::schema()))
        .example(example)
        .build()
}

/// Declares the query of an operation. Every parameter may be missing ([`Must`] says that it must not); its schema comes from its type, so the document
/// can't say something else than the parser does.
#[macro_export]
macro_rules! query {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $($(#[doc = $described:literal])+ $(#[example = $example:literal])? pub $field:ident: $kind:ty,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, serde::Deserialize)]
        pub struct $name {
            $($(#[doc = $described])+ pub $field: Option<$kind>,)*
        }

        impl utoipa::IntoParams for $name {
            fn into_params(
                _place: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                vec![$({
                    let example: Option<serde_json::Value> = None$(.or(Some($example.into())))?;
                    $crate::web::params::describe::<$kind>(stringify!($field), concat!($($described, "\n"),+).trim(), example)
                },)*]
            }
        }
    };
}
pub use query;

macro_rules! deserialize_from_text {
    ($($name:ty),*) => {
        $(impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text::deserialize(deserializer)
            }
        })*
    };
}
deserialize_from_text!(Limit, FeedLimit, Sequence, Lang, Instant, SearchText, Count, Cursor);

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn formatted(format: KnownFormat) -> Object {
    string().format(Some(SchemaFormat::KnownFormat(format))).build()
}

/// The schema of a text that a regular expression describes as a whole.
fn matching(pattern: &str) -> RefOr<Schema> {
    string().pattern(Some(format!("^{pattern}$"))).into()
}

/// How many rows a page has at the most: 1 to 200, 50 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u8);

impl Limit {
    /// The number of rows.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match whole_number(text) {
            Some(limit @ 1..=200) => Ok(Self(limit)),
            _ => Err("is not a whole number from 1 to 200"),
        }
    }
}

impl Parameter for Limit {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(200))
            .default(Some(50.into()))
            .into()
    }
}

/// How many changes a page of the feed has at the most: 1 to 1,000, 500 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedLimit(u16);

impl FeedLimit {
    /// The number of changes.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for FeedLimit {
    fn default() -> Self {
        Self(500)
    }
}

impl FromStr for FeedLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match whole_number(text) {
            Some(limit @ 1..=1_000) => Ok(Self(limit)),
            _ => Err("is not a whole number from 1 to 1000"),
        }
    }
}

impl Parameter for FeedLimit {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(1_000));
        number.default(Some(500.into())).into()
    }
}

/// The number of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence(pub i64);

impl FromStr for Sequence {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        whole_number(text).map(Self).ok_or("is not the number of a change, a whole number from 0 on")
    }
}

impl Parameter for Sequence {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(i64::MAX)).into()
    }
}

/// A number written in digits only.
fn whole_number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The language that every text is pruned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lang(pub Language);

impl FromStr for Lang {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Parameter for Lang {
    fn schema() -> RefOr<Schema> {
        Ref::from_schema_name("Language").into()
    }
}

/// A moment: an RFC 3339 timestamp, or a date, which means the first moment of that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant(pub DateTime<Utc>);

impl FromStr for Instant {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let date = || text.parse::<Date>().ok().map(|date| day_start(date.day()));
        date().or_else(|| parse_timestamp(text)).map(Self).ok_or(
            "is neither a date (2024-06-30) nor an RFC 3339 timestamp (2024-06-30T12:00:00Z) of the years 1900 to 2200",
        )
    }
}

impl Parameter for Instant {
    fn schema() -> RefOr<Schema> {
        let formats = [formatted(KnownFormat::Date), formatted(KnownFormat::DateTime)];
        formats.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item).into()
    }
}

impl Parameter for Date {
    fn schema() -> RefOr<Schema> {
        formatted(KnownFormat::Date).into()
    }
}

/// A text to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(pub String);

/// The most characters of a search text.
const SEARCH_CHARS: usize = 100;

impl FromStr for SearchText {
    type Err = text::TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text::parse_search(text, SEARCH_CHARS).map(Self)
    }
}

impl Parameter for SearchText {
    fn schema() -> RefOr<Schema> {
        let sound = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffd-\uffff]+$";
        string().min_length(Some(1)).max_length(Some(SEARCH_CHARS)).pattern(Some(sound)).into()
    }
}

/// Whether `page.total` is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Count exactly.
    Exact,
}

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "exact" { Ok(Self::Exact) } else { Err("takes only exact") }
    }
}

impl Parameter for Count {
    fn schema() -> RefOr<Schema> {
        string().enum_values(Some(["exact"])).into()
    }
}

/// The mark of a page, as the page before gave it; read by [`super::cursor`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

impl FromStr for Cursor {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Parameter for Cursor {
    fn schema() -> RefOr<Schema> {
        matching("[A-Za-z0-9_-]+")
    }
}

/// One of a few codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct One<T>(pub T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer).map(Self)
    }
}

impl<T: Pattern> Parameter for One<T> {
    fn schema() -> RefOr<Schema> {
        one_of::<T>()
    }
}

/// The schema of a value: its codes, or else its pattern.
fn one_of<T: Pattern>() -> RefOr<Schema> {
    match T::codes() {
        Some(codes) => string().enum_values(Some(codes.iter().copied())).into(),
        None => matching(&T::pattern()),
    }
}

/// One of a few codes, that must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Must<T>(pub T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Must<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer).map(Self)
    }
}

impl<T: Pattern> Parameter for Must<T> {
    const REQUIRED: bool = true;

    fn schema() -> RefOr<Schema> {
        one_of::<T>()
    }
}

/// Several values of one parameter, separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Several<T>(pub Vec<T>);

/// The most values that one parameter takes.
const MOST_VALUES: usize = 50;

impl<T> Several<T> {
    /// The values; none where the parameter is not given, which does not filter.
    #[must_use]
    pub fn values(parameter: Option<Self>) -> Vec<T> {
        parameter.map(|several| several.0).unwrap_or_default()
    }
}

impl<T: ToString> Several<T> {
    /// The values as texts; none where the parameter is not given.
    #[must_use]
    pub fn texts(parameter: &Option<Self>) -> Vec<String> {
        parameter.iter().flat_map(|several| &several.0).map(ToString::to_string).collect()
    }
}

impl<T: FromStr<Err: fmt::Display>> FromStr for Several<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let values: Vec<&str> = text.split(',').collect();
        if values.len() > MOST_VALUES {
            return Err(format!("has more than {MOST_VALUES} values"));
        }
        let parsed: Result<Vec<T>, T::Err> = values.into_iter().map(str::parse).collect();
        parsed.map(Self).map_err(|error| error.to_string())
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Several<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

impl<T: Pattern> Parameter for Several<T> {
    fn schema() -> RefOr<Schema> {
        let one = T::pattern();
        matching(&format!("{one}(,{one}){{0,{}}}", MOST_VALUES - 1))
    }
}

impl<K: Pattern> Parameter for Order<K> {
    fn schema() -> RefOr<Schema> {
        matching(&Self::pattern())
    }
}

impl Parameter for Slug {
    fn schema() -> RefOr<Schema> {
        matching(&Self::pattern())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::codes::Flag;

    #[test]
    fn documents_list_codes_and_describe_other_values_by_a_pattern() {
        let schema = |schema: RefOr<Schema>| serde_json::to_value(schema).unwrap();
        let flag = serde_json::json!({"type": "string", "enum": ["true", "false"]});
        assert_eq!((schema(One::<Flag>::schema()), schema(Must::<Flag>::schema())), (flag.clone(), flag));
        let slug = serde_json::json!({"type": "string", "pattern": "^[a-z0-9-]{1,100}$"});
        assert_eq!(schema(One::<Slug>::schema()), slug);
    }

    #[test]
    fn limits_are_1_to_200() {
        for text in ["0", "201", "abc", "", "-1", "+5", "1.5", "99999999999999999999", "٥"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
        assert_eq!("200".parse::<Limit>().map(Limit::get), Ok(200));
    }

    #[test]
    fn moments_are_dates_or_timestamps() {
        let moment = |text: &str| text.parse::<Instant>().map(|moment| moment.0.to_rfc3339());
        assert_eq!(moment("2024-06-30").as_deref(), Ok("2024-06-29T23:00:00+00:00"), "the day of Morocco");
        assert_eq!(moment("2024-06-30T12:00:00+01:00").as_deref(), Ok("2024-06-30T11:00:00+00:00"));
        assert_eq!(moment("2200-12-31T23:59:59-12:00").as_deref(), Ok("2201-01-01T11:59:59+00:00"));
        for text in ["2026-13-45", "2024-6-3", "yesterday", "", "2024-02-30", "99999-01-01", "1899-12-31", "2201-01-01"]
        {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn several_values_are_separated_by_commas() {
        assert_eq!("1,2".parse::<Several<u8>>(), Ok(Several(vec![1, 2])));
        assert!("1,,2".parse::<Several<u8>>().is_err());
        assert!(vec!["1"; 51].join(",").parse::<Several<u8>>().is_err());
    }
}
