//! Accounts as the administrator manages them.

use std::collections::HashMap;

use crate::db::prelude::*;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::json;

use super::{
    super::{
        accounts::{Account, AccountKind, Filters, Terms},
        passwords::hash_secret,
    },
    AccountRow, accounts, assign, deed, member_id, member_ids, sessions,
};
use crate::{
    db::{
        Backend, Conn, StoreError, Turn, Tx, WriteError, current_sequence, difference,
        keyset::paged,
        schema::{account, account_member, member},
    },
    kernel::{
        audit::Action,
        id::{Identifier, Slug},
        paging::{Direction, Found, Key, Listing, Position},
        violation::Violation,
    },
};

/// An account with the members that it has been assigned.
#[derive(Debug, Clone)]
pub struct Managed {
    /// The account.
    pub account: Account,
    /// What it is for.
    pub terms: Terms,
}

/// Reads a page of the accounts of a kind, with three statements, and one more for a count. Ids are made in the order of
/// time.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, listing: &Listing<Filters>) -> Result<Found<Managed>, StoreError> {
    let sequence = current_sequence(conn)?;
    let ids = || filtered(&listing.filters).select(account::id);
    let total = if listing.count { Some(filtered(&listing.filters).count().get_result(conn)?) } else { None };
    let after = listing.after.as_ref().map(|position| position.id.as_str());
    let ids = match (listing.filters.order.direction, after) {
        (Direction::Ascending, None) => ids().order(account::id.asc()),
        (Direction::Ascending, Some(id)) => ids().order(account::id.asc()).filter(account::id.gt(id)),
        (Direction::Descending, None) => ids().order(account::id.desc()),
        (Direction::Descending, Some(id)) => ids().order(account::id.desc()).filter(account::id.lt(id)),
    };
    let ids: Vec<String> = paged(ids, listing.limit).load(conn)?;
    let found = of_ids(conn, &ids)?;
    let position =
        |last: &Managed| Position { key: Key::Text(String::new()), id: Identifier::stored(last.account.id.clone()) };
    Ok(Found::of(found, listing.limit, (sequence, total), position))
}

fn filtered(filters: &Filters) -> account::BoxedQuery<'_, Backend> {
    let mut query = account::table.filter(account::kind.eq(filters.kind.as_str())).into_boxed::<Backend>();
    if !filters.roles.is_empty() {
        query = query.filter(account::role.eq_any(filters.roles.iter().map(|role| role.as_str())));
    }
    if let Some(disabled) = filters.disabled {
        query = if disabled {
            query.filter(account::disabled_at.is_not_null())
        } else {
            query.filter(account::disabled_at.is_null())
        };
    }
    query
}

/// The accounts with these ids, in their order.
fn of_ids(conn: &mut Conn, ids: &[String]) -> Result<Vec<Managed>, StoreError> {
    let rows: Vec<(AccountRow, Option<String>)> = accounts().filter(account::id.eq_any(ids)).load(conn)?;
    let assigned: Vec<(String, String)> = account_member::table
        .inner_join(member::table.on(member::id.eq(account_member::member_id)))
        .filter(account_member::account_id.eq_any(ids))
        .order((account_member::account_id, member::slug))
        .select((account_member::account_id, member::slug))
        .load(conn)?;
    let slug = |text: &String| text.parse::<Slug>().map_err(StoreError::corrupt);
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let account = super::account(row)?;
        let own = assigned.iter().filter(|(id, _)| *id == account.id);
        let terms = Terms {
            role: account.role,
            member: account.member_slug.as_ref().map(slug).transpose()?,
            organisation: account.organisation.clone(),
            assigned_members: own.map(|(_, member)| slug(member)).collect::<Result<_, _>>()?,
            disabled: account.disabled,
        };
        found.insert(account.id.clone(), Managed { account, terms });
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The account of a kind with an id.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, kind: AccountKind, id: &str) -> Result<Option<Managed>, StoreError> {
    let found = of_ids(conn, &[id.to_owned()])?.pop();
    Ok(found.filter(|managed| managed.account.kind == kind))
}

/// Makes an account what is wanted. Unless only assigned members change, no token from before is good any more. Who may not
/// sign in any more is signed out everywhere. What changes nothing writes nothing.
///
/// # Errors
/// [`WriteError::NotNow`] where nobody would be left to manage accounts, [`WriteError::Invalid`] for members that are not
/// there, or the database's. The turn of accounts must have been taken.
pub fn update(tx: &mut Tx<'_>, before: &Managed, wanted: &Terms) -> Result<(), WriteError> {
    if before.terms == *wanted {
        return Ok(());
    }
    let id = &before.account.id;
    if before.account.administers() && (wanted.disabled || wanted.role != before.account.role) {
        is_not_the_last(tx, id)?;
    }
    let own_member = member_id(tx.conn, wanted.member.as_ref())?;
    let assigned = member_ids(tx.conn, &wanted.assigned_members)?;
    let now = tx.now().naive_utc();
    let was_disabled: Option<NaiveDateTime> =
        account::table.filter(account::id.eq(id)).select(account::disabled_at).first(tx.conn)?;
    let version = before.account.version + 1;
    // Which members are assigned is asked anew at every request.
    let assigned_anew = Terms { assigned_members: wanted.assigned_members.clone(), ..before.terms.clone() };
    let ends_tokens = i64::from(assigned_anew != *wanted);
    diesel::update(account::table.filter(account::id.eq(id)))
        .set((
            account::role.eq(wanted.role.as_str()),
            account::member_id.eq(own_member),
            account::organisation.eq(&wanted.organisation),
            account::disabled_at.eq(wanted.disabled.then(|| was_disabled.unwrap_or(now))),
            account::updated_at.eq(now),
            account::version.eq(account::version + 1),
            // Another transaction may have raised it since it was read.
            account::epoch.eq(account::epoch + ends_tokens),
        ))
        .execute(tx.conn)?;
    if before.terms.assigned_members != wanted.assigned_members {
        diesel::delete(account_member::table.filter(account_member::account_id.eq(id))).execute(tx.conn)?;
        assign(tx.conn, id, assigned)?;
    }
    if wanted.disabled {
        sessions::end_all(tx, id, None)?;
    }
    tx.audit(deed(Action::Updated, id, version, Some(audited(&before.terms)), Some(audited(wanted))));
    Ok(())
}

/// What the audit says of what an account is for.
fn audited(terms: &Terms) -> serde_json::Value {
    let Terms { role, member, organisation, assigned_members, disabled } = terms;
    let assigned: Vec<&str> = assigned_members.iter().map(Slug::as_str).collect();
    json!({
        "role": role.as_str(), "member": member.as_ref().map(Slug::as_str), "organisation": organisation,
        "assigned_members": assigned, "disabled": disabled,
    })
}

/// Takes the turn of accounts, so that two administrators can't disable each other at once.
///
/// # Errors
/// The database's.
pub fn take_turn(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.take_turns(Turn::Accounts)
}

/// Refuses to do without an administrator who is the last one.
///
/// # Errors
/// [`WriteError::NotNow`], or the database's.
pub(super) fn is_not_the_last(tx: &mut Tx<'_>, id: &str) -> Result<(), WriteError> {
    let others = account::role.eq("administrator").and(account::disabled_at.is_null()).and(account::id.ne(id));
    let others: i64 = account::table.filter(others).count().get_result(tx.conn)?;
    if others > 0 {
        return Ok(());
    }
    let detail = "This is the last administrator; without one nobody could manage accounts.";
    Err(WriteError::NotNow(Violation::new("", "last_administrator", detail).into()))
}

/// Gives a person's account another e-mail address, which nobody else has. Its sessions go on. The turn of accounts must
/// have been taken.
///
/// # Errors
/// The database's.
pub fn rename(tx: &mut Tx<'_>, person: &Account, email: &str) -> Result<(), StoreError> {
    if person.name == email {
        return Ok(());
    }
    let (version, now) = (person.version + 1, tx.now().naive_utc());
    diesel::update(account::table.filter(account::id.eq(&person.id)))
        .set((account::email.eq(email), account::version.eq(version), account::updated_at.eq(now)))
        .execute(tx.conn)?;
    tx.note_erasure();
    let (before, after) = difference(json!({"email": person.name}), json!({"email": email}));
    tx.audit(deed(Action::Updated, &person.id, version, Some(before), Some(after)));
    Ok(())
}

/// Erases an account with its sessions, one-time secrets and assigned members, and returns how many sessions that were.
/// The turn of accounts must have been taken.
///
/// # Errors
/// [`WriteError::NotNow`] where nobody would be left to manage accounts, or the database's.
pub fn erase(tx: &mut Tx<'_>, gone: &Account) -> Result<usize, WriteError> {
    if gone.administers() {
        is_not_the_last(tx, &gone.id)?;
    }
    tx.note_erasure();
    let erased = sessions::erase_all(tx, &gone.id)?;
    diesel::delete(account::table.filter(account::id.eq(&gone.id))).execute(tx.conn)?;
    tx.audit(deed(Action::Erased, &gone.id, gone.version + 1, None, None));
    Ok(erased)
}

/// A person's account that has been disabled since before a moment.
///
/// # Errors
/// The database's.
pub fn long_disabled(conn: &mut Conn, before: DateTime<Utc>) -> Result<Option<Account>, StoreError> {
    let old = account::kind.eq(AccountKind::User.as_str()).and(account::disabled_at.lt(before.naive_utc()));
    let id: Option<String> =
        account::table.filter(old).order(account::disabled_at).select(account::id).first(conn).optional()?;
    id.map_or(Ok(None), |id| super::find(conn, &id))
}

/// Gives a client a new secret; the one that was good before stays good beside it, and one before that does not, nor any
/// token that it may have got.
///
/// # Errors
/// The database's.
pub fn rotate_secret(tx: &mut Tx<'_>, client: &Account, secret: &str) -> Result<(), StoreError> {
    let hashes = (Some(client.secret_hash.0.as_str()), hash_secret(secret));
    set_secrets(tx, client, Action::SecretRotated, hashes)
}

/// Takes a client's former secret away, and with it the tokens that it may have got; says whether there was one.
///
/// # Errors
/// The database's.
pub fn drop_former_secret(tx: &mut Tx<'_>, client: &Account) -> Result<bool, StoreError> {
    if client.former_secret_hash.is_none() {
        return Ok(false);
    }
    set_secrets(tx, client, Action::FormerSecretDropped, (None, client.secret_hash.0.clone()))?;
    Ok(true)
}

fn set_secrets(
    tx: &mut Tx<'_>,
    client: &Account,
    action: Action,
    (former, current): (Option<&str>, String),
) -> Result<(), StoreError> {
    let (version, now) = (client.version + 1, tx.now().naive_utc());
    // Nobody knows with which of its secrets a token was got.
    let epoch = client.epoch + i64::from(client.former_secret_hash.is_some());
    diesel::update(account::table.filter(account::id.eq(&client.id)))
        .set((
            account::secret_hash.eq(current),
            account::former_secret_hash.eq(former),
            account::epoch.eq(epoch),
            account::version.eq(version),
            account::updated_at.eq(now),
        ))
        .execute(tx.conn)?;
    tx.audit(deed(action, &client.id, version, None, None));
    Ok(())
}
