//! Digests by which two copies are proved equal, without sending either. Two canonical forms: `mirror` for copies of the
//! feed, `register` for lists that somebody else keeps. Both are made for being computed elsewhere with little:
//!
//! - `mirror`: of each resource, in the order of the ids, its public representation as canonical JSON (RFC 8785), each
//!   followed by a line feed;
//! - `register`: of each resource, the cells of the import's columns, joined by tabs, each line followed by a line feed,
//!   the lines in the order of their bytes (`LC_ALL=C sort`).
//!
//! The digest is the SHA-256 of that text in UTF-8.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::kernel::{
    codes::codes,
    register::{Cells, line},
    text::hex,
};

/// Which canonical form a digest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DigestProfile)]
pub enum Profile {
    /// The public representation.
    Mirror,
    /// The columns of an import.
    Register,
}

codes!(Profile { Mirror => "mirror", Register => "register" });

/// What digests can be made of separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ByRegion {
    /// Each region.
    Region,
}

codes!(ByRegion { Region => "region" });

/// The digest of some resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digested {
    /// How many.
    pub count: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// Takes the canonical texts of resources.
pub trait Canonical {
    /// The digest of all that was taken, and of each region's.
    fn digests(self) -> (Digested, BTreeMap<String, Digested>);
}

#[derive(Default)]
struct Running {
    count: u64,
    hash: Sha256,
}

impl Running {
    fn take(&mut self, text: &[u8]) {
        self.count += 1;
        self.hash.update(text);
    }

    fn digested(self) -> Digested {
        Digested { count: self.count, sha256: hex(&self.hash.finalize()) }
    }
}

/// The form `mirror`. Resources must come in the order of their ids.
#[derive(Default)]
pub struct Mirror {
    all: Running,
    regions: BTreeMap<String, Running>,
}

impl Mirror {
    /// Takes the canonical JSON of a resource, of a region if it lies in one.
    pub fn take(&mut self, text: &str, region: Option<&str>) {
        let text = text.as_bytes();
        self.all.take(text);
        self.all.hash.update(b"\n");
        if let Some(region) = region {
            let running = running(&mut self.regions, region);
            running.take(text);
            running.hash.update(b"\n");
        }
    }
}

/// What is running for a region.
fn running<'r, T: Default>(regions: &'r mut BTreeMap<String, T>, region: &str) -> &'r mut T {
    regions.entry(region.to_owned()).or_default()
}

impl Canonical for Mirror {
    fn digests(self) -> (Digested, BTreeMap<String, Digested>) {
        let regions = self.regions.into_iter().map(|(region, running)| (region, running.digested()));
        (self.all.digested(), regions.collect())
    }
}

/// The form `register`, of some columns.
pub struct Register {
    columns: Vec<usize>,
    lines: Vec<(String, String)>,
}

impl Register {
    /// Of the columns at these places, in this order.
    #[must_use]
    pub const fn of(columns: Vec<usize>) -> Self {
        Self { columns, lines: Vec::new() }
    }

    /// Takes a resource of a region.
    pub fn take(&mut self, cells: &Cells, region: &str) {
        let cells = self.columns.iter().map(|at| cells.get(*at).and_then(Option::as_deref));
        self.lines.push((line(cells), region.to_owned()));
    }
}

impl Canonical for Register {
    fn digests(mut self) -> (Digested, BTreeMap<String, Digested>) {
        self.lines.sort_unstable();
        let (mut all, mut regions) = (Running::default(), BTreeMap::<String, Running>::new());
        for (line, region) in &self.lines {
            all.take(line.as_bytes());
            running(&mut regions, region).take(line.as_bytes());
        }
        (all.digested(), regions.into_iter().map(|(region, running)| (region, running.digested())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(text: &str) -> String {
        hex(&Sha256::digest(text))
    }

    #[test]
    fn a_mirror_is_canonical_json_line_by_line() {
        let mut mirror = Mirror::default();
        mirror.take("{\"a\":\"\u{e9}\"}", Some("01"));
        mirror.take("{}", None);
        let (all, regions) = mirror.digests();
        let first = "{\"a\":\"\u{e9}\"}\n";
        assert_eq!(all, Digested { count: 2, sha256: sha256(&format!("{first}{{}}\n")) });
        assert_eq!(regions["01"], Digested { count: 1, sha256: sha256(first) });
    }

    #[test]
    fn a_register_is_sorted_lines_of_chosen_cells() {
        let mut register = Register::of(vec![1, 0]);
        register.take(&vec![Some("b".to_owned()), None], "02");
        register.take(&vec![Some("a".to_owned()), None], "01");
        register.take(&vec![Some("a".to_owned()), Some("B".to_owned())], "01");
        let (all, regions) = register.digests();
        assert_eq!(all, Digested { count: 3, sha256: sha256("\ta\n\tb\nB\ta\n") });
        assert_eq!(regions["01"], Digested { count: 2, sha256: sha256("\ta\nB\ta\n") });
    }
}
