//! The kinds of resources that are published: one line a kind, those first whose facts others show.

use crate::{
    charter::CharterRecordOut,
    members::MemberOut,
    network::NetworkRecordOut,
    publishing::{Publication, Registry},
    territories::TerritoryOut,
};

/// All of them.
pub static REGISTRY: Registry = Registry::new(&[
    Publication::of::<TerritoryOut>(),
    Publication::of::<MemberOut>(),
    Publication::of::<NetworkRecordOut>(),
    Publication::of::<CharterRecordOut>(),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_stands_behind_those_whose_facts_it_shows() {
        assert!(REGISTRY.is_in_order());
    }
}
