//! The names in the filters of a list. A filter takes what a path takes; a name that nothing has, or that belongs to what the
//! caller may not see, refuses the whole list ([`StoreError::UnknownNames`]): an empty page would read like an answer.
//!
//! Each room looks its own names up, with one statement for the slugs and one for the ids, and only where a filter is given.

use std::collections::{BTreeMap, BTreeSet};

use super::StoreError;
use kernel::{
    id::{Address, Identifier, Slug},
    text::shown,
};

/// The most unknown names that one refusal lists.
const MOST_UNKNOWN: usize = 100;

/// What a filter names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceKind {
    /// The query parameter.
    pub parameter: &'static str,
    /// The code of a name that nothing has.
    pub code: &'static str,
    /// What is named, for a sentence.
    pub noun: &'static str,
}

/// A name that nothing has, as far as the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    /// The query parameter.
    pub parameter: &'static str,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub detail: String,
}

/// What resources are looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// Their slugs.
    Slugs(&'a [&'a Slug]),
    /// Their ids.
    Ids(&'a [&'a Identifier]),
}

/// Looks up all names of a list's filters, so that one refusal has all that are unknown.
#[derive(Debug, Default)]
pub struct Lookup {
    unknown: Vec<UnknownName>,
}

impl Lookup {
    /// Replaces the ids among slugs and ids by the slugs of what has them. `find` returns pairs of id and slug of what the
    /// caller may see.
    ///
    /// # Errors
    /// Those of `find`.
    pub fn addresses(
        &mut self,
        reference: ReferenceKind,
        named: &mut [Address<Slug>],
        mut find: impl FnMut(By<'_>) -> Result<Vec<(String, String)>, StoreError>,
    ) -> Result<(), StoreError> {
        let (mut ids, mut slugs) = (Vec::new(), Vec::new());
        for name in &*named {
            match name {
                Address::Code(slug) => slugs.push(slug),
                Address::Id(id) => ids.push(id),
            }
        }
        let mut known = BTreeMap::new();
        if !slugs.is_empty() {
            known.extend(find(By::Slugs(&slugs))?.into_iter().map(|(_, slug)| (slug.clone(), slug)));
        }
        if !ids.is_empty() {
            known.extend(find(By::Ids(&ids))?);
        }
        for name in named {
            match known.get(name.as_str()) {
                Some(slug) => *name = Address::Code(slug.parse().map_err(StoreError::corrupt)?),
                None => self.refuse(reference, name.as_str()),
            }
        }
        Ok(())
    }

    /// Notes those of some codes or ids that `find` does not return.
    ///
    /// # Errors
    /// Those of `find`.
    pub fn codes<T: AsRef<str>>(
        &mut self,
        reference: ReferenceKind,
        named: &[T],
        find: impl FnOnce(&[&str]) -> Result<Vec<String>, StoreError>,
    ) -> Result<(), StoreError> {
        if named.is_empty() {
            return Ok(());
        }
        let named: Vec<&str> = named.iter().map(AsRef::as_ref).collect();
        let known: BTreeSet<String> = find(&named)?.into_iter().collect();
        for name in named.into_iter().filter(|name| !known.contains(*name)) {
            self.refuse(reference, name);
        }
        Ok(())
    }

    fn refuse(&mut self, ReferenceKind { parameter, code, noun }: ReferenceKind, name: &str) {
        if self.unknown.len() < MOST_UNKNOWN {
            let detail = format!("There is no {noun} {}.", shown(name));
            self.unknown.push(UnknownName { parameter, code, detail });
        }
    }

    /// Nothing, where every name is known.
    ///
    /// # Errors
    /// [`StoreError::UnknownNames`].
    pub fn done(self) -> Result<(), StoreError> {
        if self.unknown.is_empty() { Ok(()) } else { Err(StoreError::UnknownNames(self.unknown)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::id::new_id;

    const MEMBER: ReferenceKind = ReferenceKind { parameter: "member", code: "unknown_member", noun: "member" };

    #[test]
    fn ids_become_slugs_and_all_unknown_names_are_told() {
        let (known, unknown) = (new_id(), new_id());
        let named = ["a", known.as_str(), "b", unknown.as_str()];
        let mut named = named.map(|name| name.parse::<Address<Slug>>().unwrap());
        let mut asked = 0;
        let mut lookup = Lookup::default();
        let find = |by: By<'_>| {
            asked += 1;
            Ok(match by {
                By::Slugs(slugs) => {
                    assert_eq!(slugs.iter().map(|slug| slug.as_str()).collect::<Vec<_>>(), ["a", "b"]);
                    vec![("1".to_owned(), "a".to_owned())]
                }
                By::Ids(ids) => {
                    assert_eq!(ids, [&known, &unknown]);
                    vec![(known.to_string(), "c".to_owned())]
                }
            })
        };
        lookup.addresses(MEMBER, &mut named, find).unwrap();
        assert_eq!((asked, named[0].as_str(), named[1].as_str()), (2, "a", "c"));
        let Err(StoreError::UnknownNames(refused)) = lookup.done() else { panic!("nothing is unknown") };
        let details: Vec<&str> = refused.iter().map(|name| name.detail.as_str()).collect();
        assert_eq!(details, ["There is no member b.".to_owned(), format!("There is no member {unknown}.")]);
    }

    #[test]
    fn nothing_is_asked_where_nothing_is_named() {
        let mut lookup = Lookup::default();
        lookup.addresses(MEMBER, &mut [], |_| Err(StoreError::Aborted)).unwrap();
        lookup.codes::<String>(MEMBER, &[], |_| Err(StoreError::Aborted)).unwrap();
        assert!(lookup.done().is_ok());
    }

    #[test]
    fn a_refusal_has_a_bound() {
        let named: Vec<String> = (0..300).map(|number| number.to_string()).collect();
        let mut lookup = Lookup::default();
        lookup.codes(MEMBER, &named, |_| Ok(Vec::new())).unwrap();
        assert!(matches!(lookup.done(), Err(StoreError::UnknownNames(refused)) if refused.len() == MOST_UNKNOWN));
    }
}
