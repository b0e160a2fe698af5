//! What is held on a person's account, read from wherever it lies. The columns of secrets are not read.

use crate::db::prelude::*;
use chrono::NaiveDateTime;

use super::rules::{HeldAccount, HeldAddress, HeldDeeds, HeldImport, HeldSession};
use crate::{
    db::{
        Conn, Stamp, StoreError,
        schema::{
            account, account_member, audit_entry, idempotency_answer, import_report, member, password_reset, session,
        },
    },
    kernel::{audit::Collection, id::Identifier},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = account)]
struct AccountRow {
    version: i64,
    #[diesel(deserialize_as = Stamp)]
    created_at: NaiveDateTime,
    #[diesel(deserialize_as = Stamp)]
    updated_at: NaiveDateTime,
    role: String,
    organisation: Option<String>,
    disabled_at: Option<NaiveDateTime>,
}

/// The account with an id, and all that was made for it or by it, with nine statements.
///
/// # Errors
/// The database's.
pub fn held_account(conn: &mut Conn, id: &Identifier) -> Result<Option<HeldAccount>, StoreError> {
    let joined = account::table.left_join(member::table.on(account::member_id.eq(member::id.nullable())));
    let row: Option<(AccountRow, Option<String>)> = joined
        .filter(account::id.eq(id.as_str()))
        .select((AccountRow::as_select(), member::slug.nullable()))
        .first(conn)
        .optional()?;
    let Some((row, member)) = row else { return Ok(None) };
    let offered =
        password_reset::table.filter(password_reset::account_id.eq(id.as_str())).select(password_reset::expires_at);
    let offered: Option<NaiveDateTime> = offered.first(conn).optional()?;
    let kept = idempotency_answer::table.filter(idempotency_answer::account_id.eq(id.as_str())).count();
    Ok(Some(HeldAccount {
        id: id.to_owned(),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        role: row.role,
        member,
        organisation: row.organisation,
        assigned_members: assigned_members(conn, id)?,
        disabled_at: row.disabled_at.map(|at| at.and_utc()),
        password_offered_until: offered.map(|at| at.and_utc()),
        sessions: sessions(conn, id)?,
        imports: imports(conn, id)?,
        deeds: deeds(conn, id)?,
        addresses: addresses(conn, id)?,
        kept_answers: kept.get_result(conn)?,
    }))
}

fn assigned_members(conn: &mut Conn, id: &Identifier) -> Result<Vec<String>, StoreError> {
    let assigned = account_member::table.inner_join(member::table.on(member::id.eq(account_member::member_id)));
    let own = assigned.filter(account_member::account_id.eq(id.as_str())).order(member::slug);
    Ok(own.select(member::slug).load(conn)?)
}

fn sessions(conn: &mut Conn, id: &Identifier) -> Result<Vec<HeldSession>, StoreError> {
    type Row = (String, NaiveDateTime, NaiveDateTime, NaiveDateTime, Option<NaiveDateTime>, Option<String>);
    let columns = (
        session::id,
        session::created_at,
        session::used_at,
        session::expires_at,
        session::ended_at,
        session::user_agent,
    );
    let rows: Vec<Row> =
        session::table.filter(session::account_id.eq(id.as_str())).order(session::id).select(columns).load(conn)?;
    let read = |(id, created_at, used_at, expires_at, ended_at, user_agent): Row| HeldSession {
        id,
        created_at: created_at.and_utc(),
        used_at: used_at.and_utc(),
        expires_at: expires_at.and_utc(),
        ended_at: ended_at.map(|at| at.and_utc()),
        user_agent,
    };
    Ok(rows.into_iter().map(read).collect())
}

fn imports(conn: &mut Conn, id: &Identifier) -> Result<Vec<HeldImport>, StoreError> {
    type Row = (String, NaiveDateTime, String, String);
    let columns = (import_report::id, import_report::created_at, import_report::resource, import_report::outcome);
    let own = import_report::table.filter(import_report::account_id.eq(id.as_str())).order(import_report::id);
    let rows: Vec<Row> = own.select(columns).load(conn)?;
    let read = |(id, created_at, resource, outcome): Row| HeldImport {
        id,
        created_at: created_at.and_utc(),
        resource,
        outcome,
    };
    Ok(rows.into_iter().map(read).collect())
}

/// What an account did, as entries of the audit by collection and action.
fn deeds(conn: &mut Conn, id: &Identifier) -> Result<Vec<HeldDeeds>, StoreError> {
    type Row = (String, String, i64, Option<NaiveDateTime>, Option<NaiveDateTime>);
    let (first, last) = (diesel::dsl::min(audit_entry::occurred_at), diesel::dsl::max(audit_entry::occurred_at));
    let rows: Vec<Row> = audit_entry::table
        .filter(audit_entry::account_id.eq(id.as_str()))
        .group_by((audit_entry::resource, audit_entry::action))
        .order((audit_entry::resource, audit_entry::action))
        .select((audit_entry::resource, audit_entry::action, diesel::dsl::count_star(), first, last))
        .load(conn)?;
    let read = |(resource, action, count, first, last): Row| {
        let (first, last) = first.zip(last).ok_or_else(|| StoreError::corrupt("a group of no entries"))?;
        Ok(HeldDeeds { resource, action, count, first_at: first.and_utc(), last_at: last.and_utc() })
    };
    rows.into_iter().map(read).collect()
}

/// The most addresses that are told of an account: those of the last uses.
const MOST_ADDRESSES: i64 = 1_000;

/// From where an account was used, the addresses with the last entries first.
fn addresses(conn: &mut Conn, id: &Identifier) -> Result<Vec<HeldAddress>, StoreError> {
    type Row = (Option<String>, i64, Option<NaiveDateTime>, Option<NaiveDateTime>);
    let (first, last) = (diesel::dsl::min(audit_entry::occurred_at), diesel::dsl::max(audit_entry::occurred_at));
    let about = audit_entry::resource.eq(Collection::Accounts.as_str()).and(audit_entry::resource_id.eq(id.as_str()));
    let rows: Vec<Row> = audit_entry::table
        .filter(about.or(audit_entry::account_id.eq(id.as_str())).and(audit_entry::remote_address.is_not_null()))
        .group_by(audit_entry::remote_address)
        .order((last.desc(), audit_entry::remote_address))
        .limit(MOST_ADDRESSES)
        .select((audit_entry::remote_address, diesel::dsl::count_star(), first, last))
        .load(conn)?;
    let read = |(address, count, first, last): Row| {
        let (first, last) = first.zip(last).ok_or_else(|| StoreError::corrupt("a group of no entries"))?;
        let address = address.ok_or_else(|| StoreError::corrupt("an address that is none"))?;
        Ok(HeldAddress { address, count, first_at: first.and_utc(), last_at: last.and_utc() })
    };
    rows.into_iter().map(read).collect()
}
