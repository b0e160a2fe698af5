//! The text of a document: canonical JSON (RFC 8785), in which the places of `version` and `updated_at` are known. These two
//! belong to the document and not to the resource's row: they change when the rest does.

use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    db::StoreError,
    kernel::{
        canonical::{self, properties},
        clock::rfc3339,
    },
};

/// About how long a document is, so that its buffer need not grow.
const USUAL_BYTES: usize = 2 * 1024;

/// The text of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    text: String,
    updated_at: Range<usize>,
    version: Range<usize>,
}

impl AsRef<str> for Body {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl Body {
    /// Writes a representation down.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for one without a JSON form, or without `version` and `updated_at`.
    pub fn of(representation: &impl Serialize) -> Result<Self, StoreError> {
        let mut text = Vec::with_capacity(USUAL_BYTES);
        serde_json_canonicalizer::to_writer(representation, &mut text).map_err(StoreError::corrupt)?;
        Self::stored(String::from_utf8(text).map_err(StoreError::corrupt)?)
    }

    /// A text that [`Body::of`] has written.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for another text.
    pub fn stored(text: String) -> Result<Self, StoreError> {
        let (mut updated_at, mut version) = (None, None);
        for (name, place) in properties(&text) {
            match name {
                "updated_at" => updated_at = Some(place),
                "version" => version = Some(place),
                _ => {}
            }
        }
        match (updated_at, version) {
            (Some(updated_at), Some(version)) if updated_at.end < version.start => {
                Ok(Self { text, updated_at, version })
            }
            _ => Err(StoreError::corrupt("a document has no version or no time of its last change")),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version that it tells.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where that is no number.
    pub fn version(&self) -> Result<i64, StoreError> {
        let version = self.text.get(self.version.clone()).unwrap_or_default();
        version.parse().map_err(StoreError::corrupt)
    }

    /// The value of a property, as canonical JSON.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&str> {
        canonical::property(&self.text, name)
    }

    /// The text itself.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    /// By what the resource is addressed beside its id: its slug or code, if it has one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where that is no text.
    pub fn slug(&self) -> Result<Option<String>, StoreError> {
        let slug = self.property("slug").or_else(|| self.property("code"));
        slug.map(|slug| serde_json::from_str(slug).map_err(StoreError::corrupt)).transpose()
    }

    /// When it was changed last.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where that is no moment.
    pub fn updated_at(&self) -> Result<DateTime<Utc>, StoreError> {
        let moment = self.text.get(self.updated_at.clone()).unwrap_or_default();
        serde_json::from_str(moment).map_err(StoreError::corrupt)
    }

    /// The same text with another value of a property, which is canonical JSON.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where there is no such property.
    pub fn with_property(&self, name: &str, value: &str) -> Result<Self, StoreError> {
        Self::stored(with_property(&self.text, name, value)?)
    }

    /// Whether both tell the same, their versions and the times of their last changes aside.
    #[must_use]
    pub fn tells_the_same(&self, other: &Self) -> bool {
        self.facts() == other.facts()
    }

    /// The text without version and time.
    fn facts(&self) -> [Option<&str>; 3] {
        let Self { text, updated_at, version } = self;
        [text.get(..updated_at.start), text.get(updated_at.end..version.start), text.get(version.end..)]
    }

    /// The same text with another version and time.
    ///
    /// # Errors
    /// None that is known: the time has a JSON form.
    pub fn at(&self, version: i64, updated_at: DateTime<Utc>) -> Result<Self, StoreError> {
        let updated_at = serde_json::to_string(&Moment(updated_at)).map_err(StoreError::corrupt)?;
        self.with(&version.to_string(), &updated_at)
    }

    /// The same text with the version and time of another one.
    ///
    /// # Errors
    /// Those of [`Body::stored`].
    pub fn as_of(&self, other: &Self) -> Result<Self, StoreError> {
        let part = |place: &Range<usize>| other.text.get(place.clone()).unwrap_or_default();
        self.with(part(&other.version), part(&other.updated_at))
    }

    fn with(&self, version: &str, updated_at: &str) -> Result<Self, StoreError> {
        let [before, between, behind] = self.facts().map(Option::unwrap_or_default);
        Self::stored([before, updated_at, between, version, behind].concat())
    }
}

/// A document with another value of a property, which is canonical JSON.
///
/// # Errors
/// [`StoreError::Corrupt`] where there is no such property.
pub fn with_property(document: &str, name: &str, value: &str) -> Result<String, StoreError> {
    let place = properties(document).find(|(found, _)| *found == name).map(|(_, place)| place);
    let place = place.ok_or_else(|| StoreError::corrupt(format!("a document has no property {name}")))?;
    let around = (document.get(..place.start), document.get(place.end..));
    let (Some(before), Some(behind)) = around else { return Err(StoreError::corrupt("a document is cut")) };
    Ok([before, value, behind].concat())
}

#[derive(Serialize)]
struct Moment(#[serde(serialize_with = "rfc3339")] DateTime<Utc>);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn body(facts: &Value, version: i64) -> Body {
        let mut value =
            json!({"updated_at": "2026-11-30T12:00:00.000000Z", "version": version, "zone": facts, "a": facts});
        value["links"] = json!({"version": 7, "updated_at": "\"version\":8,"});
        Body::of(&value).unwrap()
    }

    #[test]
    fn version_and_time_are_the_resources_own_and_can_be_replaced() {
        let first = body(&json!(["x", {"version": 9}]), 3);
        assert_eq!(first.version().unwrap(), 3);
        let at = "2027-01-02T03:04:05.000006Z".parse().unwrap();
        let second = first.at(12, at).unwrap();
        assert!(second.tells_the_same(&first) && second != first);
        assert_eq!(second.property("updated_at"), Some("\"2027-01-02T03:04:05.000006Z\""));
        assert_eq!(second.property("version"), Some("12"));
        assert_eq!(first.as_of(&second).unwrap(), second);
        assert!(!body(&json!(1), 3).tells_the_same(&body(&json!(2), 3)));
    }

    #[test]
    fn what_has_no_version_is_no_document() {
        for text in ["", "{}", "[]", "{\"version\":1}", "{\"updated_at\":\"x\"}", "null"] {
            assert!(Body::stored(text.to_owned()).is_err(), "{text}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn each_property_is_found_where_a_parser_finds_it(facts in any_json(), version in 1_i64..i64::MAX / 4096) {
            let body = body(&facts, version);
            let value: Value = serde_json::from_str(body.as_str()).unwrap();
            let found: Vec<(String, Value)> = properties(body.as_str())
                .map(|(name, place)| (name.to_owned(), serde_json::from_str(&body.as_str()[place]).unwrap()))
                .collect();
            let expected: Vec<(String, Value)> = value.as_object().unwrap().clone().into_iter().collect();
            prop_assert_eq!(found, expected);
        }
    }
}
