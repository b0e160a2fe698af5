//! The accounts' rows and every query on credentials.

pub mod management;
pub mod sessions;

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::dsl::{AsSelect, exists};
use serde_json::json;

use super::{
    accounts::{Account, AccountKind, NewAccount, SecretHash, Standing, Terms},
    roles::Role,
    security_log::CountedEvent,
    tokens::Claims,
};
use crate::db::prelude::*;
use crate::{
    db::{
        Backend, Conn, Deed, StoreError, Turn, Tx, WriteError, batch_insert,
        schema::{account, account_member, member, revoked_token, session},
    },
    kernel::{
        audit::{Action, Collection},
        id::{Identifier, Slug, new_id},
        register::Source,
        violation::{Violation, Violations},
    },
};

/// The accounts' name in the audit.
const RESOURCE: Collection = Collection::Accounts;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = account, treat_none_as_default_value = false)]
struct AccountRow {
    id: String,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    kind: String,
    role: String,
    client_name: Option<String>,
    email: Option<String>,
    secret_hash: String,
    member_id: Option<String>,
    organisation: Option<String>,
    disabled_at: Option<NaiveDateTime>,
    former_secret_hash: Option<String>,
    epoch: i64,
}

fn role(text: &str) -> Result<Role, StoreError> {
    text.parse().map_err(StoreError::corrupt)
}

fn account((row, member_slug): (AccountRow, Option<String>)) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.id,
        kind: row.kind.parse().map_err(StoreError::corrupt)?,
        role: role(&row.role)?,
        name: row.client_name.or(row.email).unwrap_or_default(),
        member_id: row.member_id,
        member_slug,
        organisation: row.organisation,
        secret_hash: SecretHash(row.secret_hash),
        former_secret_hash: row.former_secret_hash.map(SecretHash),
        epoch: row.epoch,
        disabled: row.disabled_at.is_some(),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
    })
}

/// Accounts beside the members that they speak for.
type Accounts = diesel::helper_types::LeftJoinOn<
    account::table,
    member::table,
    diesel::helper_types::Eq<account::member_id, diesel::dsl::Nullable<member::id>>,
>;
type Columns = (AsSelect<AccountRow, Backend>, diesel::dsl::Nullable<member::slug>);

fn accounts() -> diesel::helper_types::Select<Accounts, Columns> {
    let joined = account::table.left_join(member::table.on(account::member_id.eq(member::id.nullable())));
    joined.select((AccountRow::as_select(), member::slug.nullable()))
}

/// The account with an id.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, id: &str) -> Result<Option<Account>, StoreError> {
    let found: Option<(AccountRow, Option<String>)> = accounts().filter(account::id.eq(id)).first(conn).optional()?;
    found.map(account).transpose()
}

/// The account behind a token, which for an outside issuer's is made up of what the token says: its organisation is the
/// issuer.
///
/// # Errors
/// [`StoreError::NotAdmitted`] for an account that is gone, or the database's.
pub fn own(conn: &mut Conn, claims: &Claims) -> Result<Account, StoreError> {
    if !claims.outside {
        return find(conn, &claims.sub)?.ok_or(StoreError::NotAdmitted("is no longer there"));
    }
    let slug = match &claims.member {
        Some(id) => member::table.filter(member::id.eq(id)).select(member::slug).first(conn).optional()?,
        None => None,
    };
    Ok(Account::outside(claims, slug))
}

/// The id of the member with a slug.
///
/// # Errors
/// The database's.
pub fn member_of_slug(conn: &mut Conn, slug: &Slug) -> Result<Option<String>, StoreError> {
    Ok(member::table.filter(member::slug.eq(slug.as_str())).select(member::id).first(conn).optional()?)
}

/// Whether an evaluator has been assigned a member. Who is vouched for by another issuer has been assigned none.
///
/// # Errors
/// The database's.
pub fn is_assigned(conn: &mut Conn, account_id: &str, member_id: &str) -> Result<bool, StoreError> {
    let own = account_member::account_id.eq(account_id).and(account_member::member_id.eq(member_id));
    Ok(diesel::select(exists(account_member::table.filter(own))).get_result(conn)?)
}

/// Whose lists an account pushes: those of its organisation, or of the machine by its name; of a person without an
/// organisation, whose address is personal, those of its role.
///
/// # Errors
/// [`StoreError::NotAdmitted`] for an account that is gone, or the database's.
pub fn source(conn: &mut Conn, claims: &Claims) -> Result<Source, StoreError> {
    let account = own(conn, claims)?;
    let machine = (account.kind == AccountKind::Client).then_some(account.name.as_str());
    let names = [account.organisation.as_deref(), machine, Some(account.role.as_str())];
    let source = names.into_iter().flatten().find_map(Source::of);
    source.ok_or_else(|| StoreError::corrupt("a role whose name is no source"))
}

/// The person with an e-mail address, in lower case.
///
/// # Errors
/// The database's.
pub fn find_user(conn: &mut Conn, email: &str) -> Result<Option<Account>, StoreError> {
    let found: Option<(AccountRow, Option<String>)> =
        accounts().filter(account::email.eq(email)).first(conn).optional()?;
    found.map(account).transpose()
}

/// Whether a token's account still allows what the token says, with one statement.
///
/// # Errors
/// [`StoreError::NotAdmitted`], or the database's.
pub fn admit(conn: &mut Conn, claims: &Claims) -> Result<(), StoreError> {
    type Found = (String, Option<String>, Option<NaiveDateTime>, i64, bool, bool);
    let revoked = exists(revoked_token::table.filter(revoked_token::jti.eq(&claims.jti)));
    if claims.outside {
        let revoked: bool = diesel::select(revoked).get_result(conn)?;
        return if revoked { Err(StoreError::NotAdmitted("has taken the token back")) } else { Ok(()) };
    }
    let sid = claims.sid.as_deref().unwrap_or_default();
    let own = session::id.eq(sid).and(session::account_id.eq(&claims.sub)).and(session::ended_at.is_null());
    let columns = (
        account::role,
        account::member_id,
        account::disabled_at,
        account::epoch,
        revoked,
        exists(session::table.filter(own)),
    );
    let found: Option<Found> =
        account::table.filter(account::id.eq(&claims.sub)).select(columns).first(conn).optional()?;
    let found = found.ok_or(StoreError::NotAdmitted("is no longer there"))?;
    let (role_code, member_id, disabled_at, epoch, revoked, going_on) = found;
    let signed_in = claims.sid.is_none() || going_on;
    let (role, disabled) = (role(&role_code)?, disabled_at.is_some());
    let standing = Standing { role, member_id, disabled, epoch, revoked, signed_in };
    standing.admits(claims).map_err(StoreError::NotAdmitted)
}

/// Makes an account and returns its id.
///
/// # Errors
/// [`WriteError::Taken`] for a name or address that another account has, [`WriteError::Invalid`] for a member that is
/// not there.
pub fn create(tx: &mut Tx<'_>, new: NewAccount) -> Result<String, WriteError> {
    tx.take_turns(Turn::Accounts)?;
    let same_name: i64 = match new.kind {
        AccountKind::Client => account::table.filter(account::client_name.eq(&new.name)).count().get_result(tx.conn)?,
        AccountKind::User => account::table.filter(account::email.eq(&new.name)).count().get_result(tx.conn)?,
    };
    if same_name > 0 {
        let violation = Violation::new("/name", "already_exists", "There is an account of this name already.");
        return Err(WriteError::Taken(violation.into()));
    }
    let Terms { role, member, organisation, assigned_members, disabled } = new.terms;
    let member_id = member_id(tx.conn, member.as_ref())?;
    let assigned = member_ids(tx.conn, &assigned_members)?;
    let now = tx.now().naive_utc();
    let (client_name, email) = match new.kind {
        AccountKind::Client => (Some(new.name), None),
        AccountKind::User => (None, Some(new.name)),
    };
    let row = AccountRow {
        id: new_id().into_string(),
        version: 1,
        created_at: now,
        updated_at: now,
        kind: new.kind.as_str().to_owned(),
        role: role.as_str().to_owned(),
        client_name,
        email,
        secret_hash: new.secret_hash.0,
        member_id,
        organisation,
        disabled_at: disabled.then_some(now),
        former_secret_hash: None,
        epoch: 1,
    };
    let id = row.id.clone();
    // What is personal (e-mail) and what is secret is left out.
    let after = json!({"kind": row.kind, "role": row.role, "client_name": row.client_name, "member_id": row.member_id});
    tx.audit(deed(Action::Created, &id, 1, None, Some(after)));
    diesel::insert_into(account::table).values(row).execute(tx.conn)?;
    assign(tx.conn, &id, assigned)?;
    Ok(id)
}

/// The id of a member that must be there.
fn member_id(conn: &mut Conn, member: Option<&Slug>) -> Result<Option<String>, WriteError> {
    let Some(slug) = member else { return Ok(None) };
    let missing = || Violation::new("/member", "unknown_member", format!("There is no member {slug}."));
    Ok(Some(member_of_slug(conn, slug)?.ok_or_else(|| WriteError::Invalid(Violations::from(missing())))?))
}

/// The ids of members that must be there.
fn member_ids(conn: &mut Conn, members: &[Slug]) -> Result<Vec<String>, WriteError> {
    let slugs = members.iter().map(Slug::as_str);
    let found: Vec<(String, String)> =
        member::table.filter(member::slug.eq_any(slugs)).select((member::slug, member::id)).load(conn)?;
    let mut violations = Violations::default();
    for (at, slug) in
        members.iter().enumerate().filter(|(_, slug)| !found.iter().any(|(known, _)| known == slug.as_str()))
    {
        let detail = format!("There is no member {slug}.");
        violations.add(format!("/assigned_members/{at}"), "unknown_member", detail);
    }
    violations.done().map_err(WriteError::Invalid)?;
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// Assigns members to an evaluator who has none.
fn assign(conn: &mut Conn, id: &str, member_ids: Vec<String>) -> Result<(), StoreError> {
    let rows: Vec<AssignedRow> =
        member_ids.into_iter().map(|member_id| AssignedRow { account_id: id.to_owned(), member_id }).collect();
    batch_insert!(conn, account_member::table, &rows);
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = account_member, treat_none_as_default_value = false)]
struct AssignedRow {
    account_id: String,
    member_id: String,
}

/// Disables an account, which signs it out everywhere, or enables it again; returns whether that changes anything. No token
/// from before is good any more.
///
/// # Errors
/// [`WriteError::NotNow`] where nobody would be left to manage accounts, or the database's.
pub fn set_disabled(tx: &mut Tx<'_>, id: &str, disabled: bool) -> Result<bool, WriteError> {
    tx.take_turns(Turn::Accounts)?;
    if disabled && find(tx.conn, id)?.is_some_and(|account| account.administers()) {
        management::is_not_the_last(tx, id)?;
    }
    let now = tx.now().naive_utc();
    let account = account::table.filter(account::id.eq(id));
    let disabled_at = disabled.then_some(now);
    let columns = (
        account::disabled_at.eq(disabled_at),
        account::updated_at.eq(now),
        account::version.eq(account::version + 1),
        account::epoch.eq(account::epoch + 1),
    );
    let changed = if disabled {
        diesel::update(account.filter(account::disabled_at.is_null())).set(columns).execute(tx.conn)?
    } else {
        diesel::update(account.filter(account::disabled_at.is_not_null())).set(columns).execute(tx.conn)?
    };
    if changed == 0 {
        return Ok(false);
    }
    let version = account::table.filter(account::id.eq(id)).select(account::version).first(tx.conn)?;
    tx.audit(deed(if disabled { Action::Disabled } else { Action::Enabled }, id, version, None, None));
    if disabled {
        sessions::end_all(tx, id, None)?;
    }
    Ok(true)
}

/// Writes events of signing in to the audit, or how often they have happened by now, and returns the ids of their entries.
///
/// An entry about an account that was erased meanwhile has no address: it would bring back what was erased. An erasure that
/// comes later waits until the entries are committed, and finds them.
///
/// # Errors
/// The database's.
pub fn note_security_events(tx: &mut Tx<'_>, events: &[CountedEvent]) -> Result<Vec<Identifier>, StoreError> {
    let named: BTreeSet<&str> = events.iter().filter_map(CountedEvent::stored_account).collect();
    let known = account::table.filter(account::id.eq_any(named)).order(account::id).select(account::id);
    let known: Vec<String> = match &mut *tx.conn {
        // SQLite's write transactions exclude each other anyway.
        Conn::Sqlite(conn) => known.load(conn)?,
        Conn::Postgres(conn) => known.for_key_share().load(conn)?,
    };
    let known: HashSet<&str> = known.iter().map(String::as_str).collect();
    let mut ids = Vec::with_capacity(events.len());
    for event in events {
        let mut entry = event.entry();
        entry.address = entry.address.filter(|_| event.stored_account().is_none_or(|id| known.contains(id)));
        ids.push(entry.id.clone());
        tx.audit_counted(entry)?;
    }
    Ok(ids)
}

/// Takes a token back.
///
/// # Errors
/// The database's.
pub fn revoke(tx: &mut Tx<'_>, claims: &Claims) -> Result<(), StoreError> {
    let expires_at = DateTime::from_timestamp(claims.exp, 0).unwrap_or(DateTime::<Utc>::MAX_UTC).naive_utc();
    let row = (revoked_token::jti.eq(&claims.jti), revoked_token::expires_at.eq(expires_at));
    let insert = diesel::insert_into(revoked_token::table).values(row).on_conflict_do_nothing();
    let inserted = match &mut *tx.conn {
        Conn::Sqlite(conn) => insert.execute(conn)?,
        Conn::Postgres(conn) => insert.execute(conn)?,
    };
    if inserted == 1 {
        tx.audit(Deed {
            action: Action::Revoked,
            resource: Collection::Tokens,
            id: Some(claims.jti.clone()),
            version: None,
            before: None,
            after: None,
        });
    }
    Ok(())
}

/// Forgets tokens that were taken back and have expired by now, and returns how many. An hour is waited for, so that no
/// difference of clocks revives one.
///
/// # Errors
/// The database's.
pub fn forget_revoked(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let before = (tx.now() - chrono::TimeDelta::hours(1)).naive_utc();
    Ok(diesel::delete(revoked_token::table.filter(revoked_token::expires_at.lt(before))).execute(tx.conn)?)
}

fn deed(
    action: Action,
    id: &str,
    version: i64,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) -> Deed {
    Deed { action, resource: RESOURCE, id: Some(id.to_owned()), version: Some(version), before, after }
}
