//! Arrays and maps of request bodies, read only as far as they may go: what is longer is refused before more of it is read,
//! and long before anything is asked of the database. To be used with `#[serde(deserialize_with = "…")]`; the schema says
//! the same number as `max_items`.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

use super::patch::Patch;

/// How a refusal for too many items begins; the sentence that is told follows. Readers of bodies tell it from others by it.
pub const TOO_MANY: &str = "too many items: ";

/// An array of at most `MOST` items.
///
/// # Errors
/// [`TOO_MANY`], or what the array or an item is refused for.
pub fn list<'de, const MOST: usize, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Items::<MOST, T>(PhantomData))
}

/// An array of at most `MOST` items that a patch replaces or, with null, takes away.
///
/// # Errors
/// [`TOO_MANY`], or what the array or an item is refused for.
pub fn patched<'de, const MOST: usize, D, T>(deserializer: D) -> Result<Patch<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Limited<MOST, T>>::deserialize(deserializer)?.map_or(Patch::Null, |list| Patch::Value(list.0)))
}

/// An array of at most `MOST` items that a patch replaces and can't take away.
///
/// # Errors
/// [`TOO_MANY`], or what the array or an item is refused for; `null` is.
pub fn replaced<'de, const MOST: usize, D, T>(deserializer: D) -> Result<Patch<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    list::<MOST, D, T>(deserializer).map(Patch::Value)
}

/// A map of at most `MOST` entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitedMap<const MOST: usize, T>(pub BTreeMap<String, T>);

impl<'de, const MOST: usize, T: Deserialize<'de>> Deserialize<'de> for LimitedMap<MOST, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries::<MOST, T>(PhantomData)).map(Self)
    }
}

struct Limited<const MOST: usize, T>(Vec<T>);

impl<'de, const MOST: usize, T: Deserialize<'de>> Deserialize<'de> for Limited<MOST, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        list::<MOST, D, T>(deserializer).map(Self)
    }
}

struct Items<const MOST: usize, T>(PhantomData<T>);

impl<'de, const MOST: usize, T: Deserialize<'de>> Visitor<'de> for Items<MOST, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element()? {
            if read.len() == MOST {
                return Err(A::Error::custom(format_args!("{TOO_MANY}at most {MOST} may stand here")));
            }
            read.push(item);
        }
        Ok(read)
    }
}

struct Entries<const MOST: usize, T>(PhantomData<T>);

impl<'de, const MOST: usize, T: Deserialize<'de>> Visitor<'de> for Entries<MOST, T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut read = BTreeMap::new();
        while let Some((name, value)) = entries.next_entry()? {
            if read.len() == MOST && !read.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{TOO_MANY}at most {MOST} may stand here")));
            }
            read.insert(name, value);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "list::<2, _, _>")]
        list: Vec<u8>,
        #[serde(default, deserialize_with = "patched::<2, _, _>")]
        patch: Patch<Vec<u8>>,
        #[serde(default, deserialize_with = "replaced::<2, _, _>")]
        whole: Patch<Vec<u8>>,
        map: Option<LimitedMap<1, u8>>,
    }

    fn read(json: &str) -> Result<Sample, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_too_long_is_read() {
        let found = read(r#"{"list": [1, 2], "patch": null, "whole": [3], "map": {"a": 1}}"#).unwrap();
        assert_eq!((found.list, found.patch, found.whole), (vec![1, 2], Patch::Null, Patch::Value(vec![3])));
        assert_eq!(found.map.unwrap().0["a"], 1);
        let nothing = read("{}").unwrap();
        assert_eq!((nothing.patch, nothing.whole), (Patch::Absent, Patch::Absent));
        assert_eq!(read(r#"{"patch": []}"#).unwrap().patch, Patch::Value(Vec::new()));
    }

    #[test]
    fn what_is_too_long_is_refused_before_the_rest_is_read() {
        // Behind the item too many, nothing is even looked at.
        for json in [
            r#"{"list": [1, 2, 3 nonsense"#,
            r#"{"patch": [1, 2, 3 nonsense"#,
            r#"{"whole": [1, 2, 3 nonsense"#,
            r#"{"map": {"a": 1, "b": 2 nonsense"#,
        ] {
            assert!(read(json).unwrap_err().starts_with(TOO_MANY), "{json}");
        }
        assert!(read(r#"{"whole": null}"#).is_err());
        assert!(read(r#"{"list": 1}"#).unwrap_err().contains("expected an array"));
    }
}
