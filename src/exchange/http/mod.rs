//! The operations on practices, collaborations and events. What is not published is seen by whose it is and the secretariat;
//! for everybody else it is not there.

mod collaborations;
mod events;
mod parts;
mod practices;

pub use self::{
    collaborations::{
        create_collaboration, delete_collaboration, get_collaboration, list_collaborations, update_collaboration,
    },
    events::{create_event, delete_event, get_event, list_events, update_event},
    parts::{confirm_collaboration_member, confirm_event_member, remove_collaboration_member, remove_event_member},
    practices::{create_practice, delete_practice, get_practice, list_practices, update_practice},
};
use super::{
    rules::{Confirmed, Party, Shared, Stored, check_joined, check_territory, confirmed},
    store,
};
use crate::{
    action_programs::may_write_of,
    auth::{
        principal::{Caller, Principal},
        roles::{ExchangeDraft, ExchangeWrite},
    },
    db::{Conn, StoreError, Tx},
    kernel::{
        id::{Identifier, Slug},
        violation::Violations,
    },
    territories::{self, Code},
    web::problem::Problem,
};

/// What was found, if the caller sees it.
fn seen<F: Shared>(
    conn: &mut Conn,
    caller: &Caller,
    found: Option<Stored<F>>,
) -> Result<Option<Stored<F>>, StoreError> {
    let Some(found) = found else { return Ok(None) };
    let is_seen = found.is_public() || caller.covers::<ExchangeDraft>(conn, found.owner_id())?;
    Ok(Some(found).filter(|_| is_seen))
}

/// What was found, if the principal may write it.
///
/// # Errors
/// 404 for a draft of another member, 403 for what everybody sees.
fn own<F: Shared>(principal: &Principal, found: Option<Stored<F>>) -> Result<Stored<F>, Problem> {
    let found = found.ok_or_else(Problem::not_found)?;
    may_write_of::<ExchangeDraft, ExchangeWrite>(principal, found.is_public(), found.owner_id())?;
    Ok(found)
}

/// The members that a body names, if what it says may be said of its owner, which is `owner` or the network; one that is no
/// member is for the content's rules to refuse.
///
/// # Errors
/// 403 for another member's, and for the network's.
fn named(
    tx: &mut Tx<'_>,
    principal: &Principal,
    owner: Option<&String>,
    members: &[Slug],
) -> Result<Vec<Party>, Problem> {
    let parties = store::parties(tx, members)?;
    match owner {
        None => principal.may_touch::<ExchangeWrite>("")?,
        Some(slug) => {
            if let Some(party) = find(&parties, slug) {
                principal.may_touch::<ExchangeWrite>(&party.id)?;
            }
        }
    }
    Ok(parties)
}

/// Notes who takes part anew (`members`, named by `slugs`) and is no member of the network on this day.
fn check_new(
    conn: &mut Conn,
    violations: &mut Violations,
    (slugs, members): (&[String], &[Party]),
    were: &[Party],
) -> Result<(), StoreError> {
    let new: Vec<&Party> = members.iter().filter(|party| !were.contains(party)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let ids: Vec<&Identifier> = new.iter().map(|party| &party.id).collect();
    check_joined(violations, slugs, &new, &store::outside(conn, &ids)?);
    Ok(())
}

/// Of whom it is certain that they take part when the principal names them, beside those of whom it was before.
fn certain(
    tx: &Tx<'_>,
    principal: &Principal,
    now: (&[Party], Option<&Party>),
    before: (&[Party], &Confirmed),
) -> Confirmed {
    confirmed(now, before, (principal.covers::<ExchangeWrite>(""), tx.now()))
}

fn find<'a>(parties: &'a [Party], slug: &str) -> Option<&'a Party> {
    parties.iter().find(|party| party.slug.as_str() == slug)
}

/// Notes a territory that nothing can be told of.
fn check_place(conn: &mut Conn, violations: &mut Violations, code: &Code) -> Result<(), StoreError> {
    let found = territories::find_all(conn, std::slice::from_ref(code))?;
    check_territory(violations, code, found.first());
    Ok(())
}
