//! The rows of practices, collaborations and events, and every query on them. The three are kept alike: what differs is
//! which columns they have and who takes part. Who writes one locks its row first, and then the members that it names.

mod collaborations;
mod events;
mod hooks;
mod practices;
mod seed;
mod tally;

use crate::db::prelude::*;

pub use self::{
    collaborations::{
        create as create_collaboration, delete as delete_collaboration, find as find_collaboration,
        find_by_ids as find_collaborations_by_ids, list as list_collaborations, lock as lock_collaboration,
        update as update_collaboration,
    },
    events::{
        create as create_event, delete as delete_event, find as find_event, find_by_ids as find_events_by_ids,
        list as list_events, lock as lock_event, update as update_event,
    },
    hooks::ExchangeHooks,
    practices::{
        create as create_practice, delete as delete_practice, find as find_practice,
        find_by_ids as find_practices_by_ids, list as list_practices, lock as lock_practice, update as update_practice,
    },
    seed::{neighbours, seed_collaborations, seed_events, seed_practices},
    tally::{Tally, tallies},
};
use super::rules::{Filters, MOST_MEMBERS, Party, Shared, Stored};
use crate::{
    db::{Change, Conn, Lookup, Operation, StoreError, Tx, schema::member},
    kernel::id::{Identifier, Slug},
    members,
    territories::look_up_regions,
};

/// Makes the columns that all three are searched and sorted by anew, as texts are folded now.
///
/// # Errors
/// The database's.
pub fn refold(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    Ok(practices::refold(tx)? + collaborations::refold(tx)? + events::refold(tx)?)
}

/// The members with these slugs, which no other transaction deletes before this one ends. Who names far too many is told of
/// the first ones only.
///
/// # Errors
/// The database's.
pub fn parties(tx: &mut Tx<'_>, slugs: &[Slug]) -> Result<Vec<Party>, StoreError> {
    let named = slugs.iter().take(MOST_MEMBERS + 1).map(Slug::as_str);
    let query = member::table.filter(member::slug.eq_any(named)).order(member::id).select((member::id, member::slug));
    let rows: Vec<(String, String)> = match &mut *tx.conn {
        // SQLite's write transactions exclude each other anyway.
        Conn::Sqlite(conn) => query.load(conn)?,
        // What a reference to a member's row locks, too: members may be changed meanwhile, and linked to by others.
        Conn::Postgres(conn) => query.for_key_share().load(conn)?,
    };
    rows.into_iter().map(|(id, slug)| party(id, slug)).collect()
}

/// Which of some members, by their ids, are neither active nor suspended.
///
/// # Errors
/// The database's.
pub fn outside(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Identifier>, StoreError> {
    let named = member::table.filter(member::id.eq_any(ids.iter().map(|id| id.as_str())));
    let outside = named.filter(member::status.ne_all(["active", "suspended"])).select(member::id);
    Ok(outside.load(conn)?.into_iter().map(Identifier::stored).collect())
}

fn party(id: String, slug: String) -> Result<Party, StoreError> {
    Ok(Party { id: Identifier::stored(id), slug: Slug::try_from(slug).map_err(StoreError::corrupt)? })
}

/// Reads a column whose text has a type of its own.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(StoreError::corrupt)
}

fn change<F: Shared>(stored: &Stored<F>, operation: Operation) -> Change {
    Change { kind: F::KIND, id: stored.id.clone(), operation, version: stored.version }
}

/// Looks up what a list of any of the three can be asked for, and replaces ids by slugs.
fn look_up(conn: &mut Conn, lookup: &mut Lookup, filters: &mut Filters) -> Result<(), StoreError> {
    members::look_up(conn, lookup, &mut filters.members)?;
    look_up_regions(conn, lookup, &filters.regions)
}

/// Keeps what a list of any of the three can be asked for; `$owner` is the column with whose a row is.
macro_rules! filtered_alike {
    ($query:expr, $table:ident, $owner:expr, $filters:expr) => {{
        use $crate::{
            action_programs::{Drafts, PublicationFilter},
            db::search::{any_of, search},
        };
        let (query, filters) = ($query, $filters);
        let mut query = match (filters.publication, &filters.drafts) {
            (None, _) | (Some(PublicationFilter::All), Drafts::None) => {
                query.filter($table::publication.eq("published"))
            }
            (Some(PublicationFilter::All), Drafts::All) => query,
            (Some(PublicationFilter::All), Drafts::Of(member)) => {
                query.filter($table::publication.eq("published").or($owner.eq(member)))
            }
            (Some(PublicationFilter::Draft), Drafts::None) => query.filter($table::id.eq("")),
            (Some(PublicationFilter::Draft), Drafts::All) => query.filter($table::publication.eq("draft")),
            (Some(PublicationFilter::Draft), Drafts::Of(member)) => {
                query.filter($table::publication.eq("draft").and($owner.eq(member)))
            }
        };
        query = any_of!(query, $table::provenance, filters.provenances.as_slice());
        if let Some(words) = &filters.words {
            query = search!(query, $table::search_text, words);
        }
        if let Some(since) = filters.updated_since {
            query = query.filter($table::updated_at.ge(since.naive_utc()));
        }
        query
    }};
}
use filtered_alike;

/// Keeps the rows that a member takes part in: one with a slug, one in a region. `$links` is the table of who takes part.
macro_rules! with_members {
    ($query:expr, $table:ident, $links:ident, $link:ident, $filters:expr) => {{
        let (mut query, filters) = ($query, $filters);
        if !filters.members.is_empty() {
            let named = $links::table
                .inner_join(member::table.on(member::id.eq($links::member_id)))
                .filter(member::slug.eq_any($crate::kernel::id::Address::texts(&filters.members)))
                .select($links::$link);
            query = query.filter($table::id.eq_any(named));
        }
        if !filters.regions.is_empty() {
            let seated = member::table
                .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
                .filter(territory::region_code.eq_any(&filters.regions))
                .select(member::id);
            let near = $links::table.filter($links::member_id.eq_any(seated)).select($links::$link);
            query = query.filter($table::id.eq_any(near));
        }
        query
    }};
}
use with_members;

/// Who takes part, by what they take part in, in the order of their slugs, with one statement.
macro_rules! taking_part {
    ($links:ident, $link:ident) => {
        fn taking_part(conn: &mut Conn, rows: &[Row]) -> Result<HashMap<String, (Vec<Party>, Confirmed)>, StoreError> {
            let links: Vec<(String, String, String, Option<Stamp>)> = $links::table
                .inner_join(member::table.on(member::id.eq($links::member_id)))
                .filter($links::$link.eq_any(rows.iter().map(|row| row.id.as_str())))
                .order(member::slug)
                .select(($links::$link, member::id, member::slug, $links::confirmed_at))
                .load(conn)?;
            let mut found: HashMap<String, (Vec<Party>, Confirmed)> = HashMap::new();
            for (id, member_id, slug, confirmed_at) in links {
                let (members, confirmed) = found.entry(id).or_default();
                if let Some(since) = confirmed_at {
                    confirmed.insert(Identifier::stored(member_id.clone()), NaiveDateTime::from(since).and_utc());
                }
                members.push(party(member_id, slug)?);
            }
            Ok(found)
        }

        #[derive(Insertable)]
        #[diesel(table_name = $links, treat_none_as_default_value = false)]
        struct Link<'a> {
            $link: &'a str,
            member_id: &'a str,
            confirmed_at: Option<NaiveDateTime>,
        }

        /// Makes those who take part in something with an id these, each as certainly as it is known.
        fn write_links(
            conn: &mut Conn,
            id: &Identifier,
            (members, confirmed): (&[Party], &Confirmed),
        ) -> Result<(), StoreError> {
            diesel::delete($links::table.filter($links::$link.eq(id.as_str()))).execute(conn)?;
            let link = |party: &'_ Party| confirmed.get(&party.id).map(DateTime::naive_utc);
            let rows: Vec<Link<'_>> = members
                .iter()
                .map(|party| Link { $link: id, member_id: &party.id, confirmed_at: link(party) })
                .collect();
            batch_insert!(conn, $links::table, &rows);
            Ok(())
        }
    };
}
use taking_part;

/// The queries that are the same for all three. The module has a `Row`, `completed` and `write_parts` for what stands in
/// other tables, `audited`, and `resolved`, `filtered`, `ordered` and `key` for its list.
macro_rules! shelf {
    ($table:ident, $facts:ty, $filters:ty) => {
        /// The columns that are made from the others, so that both databases search and sort alike.
        #[derive(Insertable, AsChangeset)]
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        struct Derived {
            title_fr_folded: String,
            title_ar_folded: String,
            search_text: String,
        }

        impl Derived {
            fn of(facts: &$facts) -> Self {
                Self {
                    title_fr_folded: sort_title(facts.title(), Language::Fr),
                    title_ar_folded: sort_title(facts.title(), Language::Ar),
                    search_text: facts.search_text(),
                }
            }
        }

        /// The one with an id, published or not.
        ///
        /// # Errors
        /// The database's.
        pub fn find(conn: &mut Conn, id: &Identifier) -> Result<Option<Stored<$facts>>, StoreError> {
            let own = $table::table.filter($table::id.eq(id.as_str())).select(Row::as_select());
            let row: Option<Row> = own.first(conn).optional()?;
            Ok(completed(conn, row.into_iter().collect())?.into_iter().next())
        }

        /// The same, which no other transaction changes before this one ends.
        ///
        /// # Errors
        /// The database's.
        pub fn lock(tx: &mut Tx<'_>, id: &Identifier) -> Result<Option<Stored<$facts>>, StoreError> {
            // SQLite's write transactions exclude each other anyway.
            if let Conn::Postgres(conn) = &mut *tx.conn {
                let own = $table::table.filter($table::id.eq(id.as_str())).select($table::id).for_update();
                if own.first::<String>(conn).optional()?.is_none() {
                    return Ok(None);
                }
            }
            find(tx.conn, id)
        }

        /// Those with these ids, published or not.
        ///
        /// # Errors
        /// The database's.
        pub fn find_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Stored<$facts>>, StoreError> {
            let all = $table::table.select(Row::as_select());
            let rows = all.filter($table::id.eq_any(ids.iter().map(|id| id.as_str()))).load(conn)?;
            completed(conn, rows)
        }

        /// Makes the columns that are searched and sorted by anew, as texts are folded now.
        ///
        /// # Errors
        /// The database's.
        pub fn refold(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
            let limit = i64::try_from($crate::db::CHUNK).map_err(StoreError::corrupt)?;
            let (mut touched, mut after) = (0, String::new());
            loop {
                let behind = $table::table.filter($table::id.gt(&after)).select(Row::as_select());
                let rows: Vec<Row> = behind.order($table::id).limit(limit).load(tx.conn)?;
                let Some(last) = rows.last() else { return Ok(touched) };
                after.clone_from(&last.id);
                touched += rows.len();
                for found in completed(tx.conn, rows)? {
                    diesel::update($table::table.filter($table::id.eq(found.id.as_str())))
                        .set(Derived::of(&found.facts))
                        .execute(tx.conn)?;
                }
            }
        }

        /// Reads a page of the list: its rows with one statement, what stands in other tables with one each, and one more
        /// each for an empty page, a count and a filter that names something.
        ///
        /// # Errors
        /// The database's; [`StoreError::UnknownNames`].
        pub fn list(conn: &mut Conn, listing: &Listing<$filters>) -> Result<Found<Stored<$facts>>, StoreError> {
            let Listing { filters, after, limit, count } = listing;
            let filters = &resolved(conn, filters)?;
            let total = if *count { Some(filtered(filters).count().get_result(conn)?) } else { None };
            // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
            let query = ordered(filtered(filters), filters.order, after.as_ref());
            let query = query.select((Row::as_select(), SequenceColumn));
            let rows: Vec<(Row, i64)> = $crate::db::keyset::paged(query, *limit).load(conn)?;
            let sequence = match rows.first() {
                Some((_, sequence)) => *sequence,
                None => current_sequence(conn)?,
            };
            let position = |last: &Row| {
                Ok::<_, StoreError>(Position {
                    key: key(last, filters.order.key)?,
                    id: Identifier::stored(last.id.clone()),
                })
            };
            let mut rows: Vec<Row> = rows.into_iter().map(|(row, _)| row).collect();
            let has_more = rows.len() > usize::from(*limit);
            rows.truncate(usize::from(*limit));
            let next = rows.last().filter(|_| has_more).map(position).transpose()?;
            Ok(Found { sequence, rows: completed(conn, rows)?, next, total })
        }

        /// Adds one. The members that it names must be there.
        ///
        /// # Errors
        /// The database's.
        pub fn create(
            tx: &mut Tx<'_>,
            owner: Option<Party>,
            (publication, facts): (Publication, $facts),
        ) -> Result<Stored<$facts>, StoreError> {
            let new = Stored {
                id: new_id(),
                version: 1,
                created_at: tx.now(),
                updated_at: tx.now(),
                owner,
                publication: Publication::Draft,
                published_on: None,
                facts,
            };
            let new = new.shown(publication, tx.today());
            insert(tx.conn, &new)?;
            let after = audited(&new)?;
            tx.record(change(&new, Operation::Created), None, Some(after));
            Ok(new)
        }

        /// Writes the rows of a new one.
        pub(super) fn insert(conn: &mut Conn, new: &Stored<$facts>) -> Result<(), StoreError> {
            let values = (Row::of(new)?, Derived::of(&new.facts));
            diesel::insert_into($table::table).values(values).execute(conn)?;
            write_parts(conn, new)
        }

        /// Writes what a [`lock`]ed one has become and returns it; nothing where nothing differs.
        ///
        /// # Errors
        /// The database's.
        pub fn update(
            tx: &mut Tx<'_>,
            before: &Stored<$facts>,
            mut after: Stored<$facts>,
        ) -> Result<Stored<$facts>, StoreError> {
            let (was, now) = (audited(before)?, audited(&after)?);
            if was == now {
                return Ok(before.clone());
            }
            (after.version, after.updated_at) = (before.version + 1, tx.now());
            diesel::update($table::table.filter($table::id.eq(after.id.as_str())))
                .set((Row::of(&after)?, Derived::of(&after.facts)))
                .execute(tx.conn)?;
            write_parts(tx.conn, &after)?;
            let change = change(&after, Operation::between(before.is_public(), after.is_public()));
            tx.record(change, Some(was), Some(now));
            Ok(after)
        }

        /// Deletes a [`lock`]ed one. The feed keeps the tombstone of one that was published.
        ///
        /// # Errors
        /// The database's.
        pub fn delete(tx: &mut Tx<'_>, gone: &Stored<$facts>) -> Result<(), StoreError> {
            let before = audited(gone)?;
            diesel::delete($table::table.filter($table::id.eq(gone.id.as_str()))).execute(tx.conn)?;
            let change = Change { version: gone.version + 1, ..change(gone, Operation::Deleted) };
            tx.record(change, Some(before), None);
            Ok(())
        }
    };
}
use shelf;
