//! What is loaded for demonstration.

use std::collections::HashSet;

use crate::db::prelude::*;

use super::{
    super::rules::{CollaborationFacts, EventFacts, Neighbour, PracticeFacts, Seed, Shared, Stored},
    collaborations, events, party, practices,
};
use crate::{
    action_programs::Publication,
    db::{
        Conn, StoreError, Tx, json,
        schema::{collaboration, event, member, practice},
    },
    kernel::{
        id::new_id,
        language::{Language, LanguageMap},
    },
    territories::Code,
};

/// Every member that was itself invented for demonstration and has joined, in the order of their slugs: nothing is invented
/// of others.
///
/// # Errors
/// The database's.
pub fn neighbours(conn: &mut Conn) -> Result<Vec<Neighbour>, StoreError> {
    type Found = (String, String, String, (Option<String>, Option<String>, Option<String>));
    let rows: Vec<Found> = member::table
        .filter(member::provenance.eq("illustrative").and(member::status.eq_any(["active", "suspended"])))
        .order(member::slug)
        .select((member::id, member::slug, member::territory_code, (member::name_fr, member::name_ar, member::name_en)))
        .load(conn)?;
    let neighbour = |(id, slug, territory, (fr, ar, en)): Found| {
        let territory = Code::try_from(territory).map_err(StoreError::corrupt)?;
        Ok(Neighbour { party: party(id, slug)?, name: LanguageMap { ar, fr, en }, territory })
    };
    rows.into_iter().map(neighbour).collect()
}

/// What a seed grows into.
fn grown<F: Shared>(tx: &Tx<'_>, seed: Seed<F>) -> Stored<F> {
    let Seed { owner, published_on, mut facts } = seed;
    facts.confirm_all(tx.now());
    Stored {
        id: new_id(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
        owner,
        publication: if published_on.is_some() { Publication::Published } else { Publication::Draft },
        published_on,
        facts,
    }
}

macro_rules! seeding {
    ($name:ident, $table:ident, $module:ident, $facts:ty, $owner:expr) => {
        /// Adds what has no other of its owner with the same title beside it, and returns how many.
        ///
        /// # Errors
        /// The database's.
        pub fn $name(tx: &mut Tx<'_>, seeds: Vec<Seed<$facts>>) -> Result<usize, StoreError> {
            let rows: Vec<(Option<String>, String)> = $table::table.select(($owner, $table::title)).load(tx.conn)?;
            let name = |(owner, title): (Option<String>, String)| {
                Ok((owner, json::read::<LanguageMap>(&title)?.read(Language::Fr).to_owned()))
            };
            let taken: HashSet<(Option<String>, String)> =
                rows.into_iter().map(name).collect::<Result<_, StoreError>>()?;
            let is_new = |seed: &Seed<$facts>| {
                let owner = seed.owner.as_ref().map(|owner| owner.id.to_string());
                !taken.contains(&(owner, seed.name().to_owned()))
            };
            let mut added = 0;
            for seed in seeds.into_iter().filter(is_new) {
                let new = grown(tx, seed);
                $module::insert(tx.conn, &new)?;
                tx.touched(<$facts>::KIND, new.id);
                added += 1;
            }
            Ok(added)
        }
    };
}
seeding!(seed_practices, practice, practices, PracticeFacts, practice::member_id.nullable());
seeding!(seed_collaborations, collaboration, collaborations, CollaborationFacts, collaboration::lead_id.nullable());
seeding!(seed_events, event, events, EventFacts, event::host_id);
