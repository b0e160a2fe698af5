//! The sessions' rows and the one-time secrets for new passwords.

use crate::db::prelude::*;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{
    super::{
        passwords::hash_secret,
        refresh_tokens::{Known, Presented, RefreshToken, Refusal},
        sessions::{RESET_HOURS, Session, last_moment},
    },
    Account, deed, find,
};
use crate::{
    db::{
        Conn, Deed, Stamp, StoreError, Tx,
        schema::{account, password_reset, session},
    },
    kernel::audit::{Action, Collection},
};

/// The sessions' name in the audit.
const RESOURCE: Collection = Collection::Sessions;

#[derive(Queryable, Selectable)]
#[diesel(table_name = session)]
struct SessionRow {
    id: String,
    #[diesel(deserialize_as = Stamp)]
    created_at: NaiveDateTime,
    #[diesel(deserialize_as = Stamp)]
    used_at: NaiveDateTime,
    #[diesel(deserialize_as = Stamp)]
    expires_at: NaiveDateTime,
    user_agent: Option<String>,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        let (created_at, used_at) = (row.created_at.and_utc(), row.used_at.and_utc());
        Self { id: row.id, created_at, used_at, expires_at: row.expires_at.and_utc(), user_agent: row.user_agent }
    }
}

/// Keeps others from changing an account before the transaction ends.
fn lock_account(tx: &mut Tx<'_>, account_id: &str) -> Result<(), StoreError> {
    // SQLite's write transactions exclude each other anyway.
    if let Conn::Postgres(conn) = &mut *tx.conn {
        let row = account::table.filter(account::id.eq(account_id)).select(account::id);
        let _locked: Option<String> = row.for_update().first(conn).optional()?;
    }
    Ok(())
}

/// Begins a session of an account, with its first refresh token.
///
/// # Errors
/// [`StoreError::NotAdmitted`] for an account that was erased or disabled, or got another password, while its password was
/// checked, or the database's.
pub fn begin(tx: &mut Tx<'_>, owner: &Account, new: &Session, token: &RefreshToken) -> Result<(), StoreError> {
    lock_account(tx, &owner.id)?;
    let is_it = account::id.eq(&owner.id).and(account::secret_hash.eq(&owner.secret_hash.0));
    let may = account::table.filter(is_it.and(account::disabled_at.is_null()));
    if may.count().get_result::<i64>(tx.conn)? == 0 {
        return Err(StoreError::NotAdmitted("is no longer there, is disabled, or has got another password"));
    }
    diesel::insert_into(session::table)
        .values((
            session::id.eq(&new.id),
            session::account_id.eq(&owner.id),
            session::created_at.eq(new.created_at.naive_utc()),
            session::used_at.eq(new.used_at.naive_utc()),
            session::expires_at.eq(new.expires_at.naive_utc()),
            session::refresh_sha256.eq(token.hash()),
            session::family_sha256.eq(token.family_hash()),
            session::user_agent.eq(&new.user_agent),
        ))
        .execute(tx.conn)?;
    tx.audit(of_session(Action::Created, &new.id));
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = session)]
struct KnownRow {
    family_sha256: Option<String>,
    refresh_sha256: String,
    sibling_sha256: Option<String>,
    former_sha256: Option<String>,
    former_sibling_sha256: Option<String>,
    /// A change and a repetition set it; after a repetition there is no former token whose change it could be.
    #[diesel(deserialize_as = Stamp)]
    used_at: NaiveDateTime,
}

impl From<KnownRow> for Known {
    fn from(row: KnownRow) -> Self {
        Self {
            family: row.family_sha256,
            current: row.refresh_sha256,
            sibling: row.sibling_sha256,
            former: [row.former_sha256, row.former_sibling_sha256],
            changed_at: row.used_at.and_utc(),
        }
    }
}

/// A session that goes on and that nobody else changes meanwhile, with its account's id and its tokens.
fn lock(tx: &mut Tx<'_>, id: &str) -> Result<Option<(String, Session, Known)>, StoreError> {
    if let Conn::Postgres(conn) = &mut *tx.conn {
        let row = session::table.filter(session::id.eq(id)).select(session::id);
        let _locked: Option<String> = row.for_update().first(conn).optional()?;
    }
    let going_on = session::ended_at.is_null().and(session::expires_at.gt(tx.now().naive_utc()));
    let found: Option<(String, SessionRow, KnownRow)> = session::table
        .filter(session::id.eq(id).and(going_on))
        .select((session::account_id, SessionRow::as_select(), KnownRow::as_select()))
        .first(tx.conn)
        .optional()?;
    Ok(found.map(|(account_id, row, known)| (account_id, row.into(), known.into())))
}

/// What came of a refresh token.
pub enum Refreshed {
    /// It was changed for the next one.
    Good(Box<Account>, Session),
    /// It is not good; where it was spent, its session has ended with that.
    Refused(Refusal),
}

/// Changes a refresh token for the next one, or gives a former one another token once more, as [`Known`] says. Of several at
/// once with the same token, on whichever instance, at most two are served.
///
/// # Errors
/// The database's.
pub fn refresh(tx: &mut Tx<'_>, token: &RefreshToken, next: &RefreshToken) -> Result<Refreshed, StoreError> {
    let (id, now) = (token.session(), tx.now());
    let Some((account_id, mut session, known)) = lock(tx, id)? else { return Ok(Refreshed::Refused(Refusal::Ended)) };
    let known = match known.recognise(token, now) {
        Presented::Current => known.changed(next, now),
        Presented::Former => {
            tx.audit(of_session(Action::Repeated, id));
            known.repeated(next)
        }
        Presented::Spent => {
            end_where(tx, &account_id, Some(id), None, Action::Reused)?;
            return Ok(Refreshed::Refused(Refusal::Spent));
        }
        Presented::Foreign => return Ok(Refreshed::Refused(Refusal::Foreign)),
    };
    let Some(account) = find(tx.conn, &account_id)?.filter(|account| !account.disabled) else {
        end_where(tx, &account_id, Some(id), None, Action::Ended)?;
        return Ok(Refreshed::Refused(Refusal::Disabled));
    };
    session.used_at = now;
    session.expires_at = last_moment(session.created_at, now);
    let [former, former_sibling] = known.former;
    diesel::update(session::table.filter(session::id.eq(id)))
        .set((
            session::used_at.eq(now.naive_utc()),
            session::expires_at.eq(session.expires_at.naive_utc()),
            session::family_sha256.eq(known.family),
            session::refresh_sha256.eq(known.current),
            session::sibling_sha256.eq(known.sibling),
            session::former_sha256.eq(former),
            session::former_sibling_sha256.eq(former_sibling),
        ))
        .execute(tx.conn)?;
    Ok(Refreshed::Good(Box::new(account), session))
}

/// An account's sessions that go on, the newest first.
///
/// # Errors
/// The database's.
pub fn of_account(conn: &mut Conn, account_id: &str, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
    let going_on = session::ended_at.is_null().and(session::expires_at.gt(now.naive_utc()));
    let rows: Vec<SessionRow> = session::table
        .filter(session::account_id.eq(account_id).and(going_on))
        .order(session::id.desc())
        .select(SessionRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Session::from).collect())
}

/// Ends a session of an account; says whether it was going on.
///
/// # Errors
/// The database's.
pub fn end(tx: &mut Tx<'_>, account_id: &str, id: &str) -> Result<bool, StoreError> {
    Ok(end_where(tx, account_id, Some(id), None, Action::Ended)? > 0)
}

/// The account of the session with an id.
///
/// # Errors
/// The database's.
pub fn owner(conn: &mut Conn, id: &str) -> Result<Option<Account>, StoreError> {
    let owner = session::table.filter(session::id.eq(id)).select(session::account_id);
    let owner: Option<String> = owner.first(conn).optional()?;
    owner.map_or(Ok(None), |owner| find(conn, &owner))
}

/// Ends the session of a refresh token, if it was ever issued for that session: who signs out with a token whose change was
/// not answered signs out, too.
///
/// # Errors
/// The database's.
pub fn sign_out(tx: &mut Tx<'_>, token: &RefreshToken) -> Result<(), StoreError> {
    let Some((account_id, _, known)) = lock(tx, token.session())? else { return Ok(()) };
    if known.recognise(token, tx.now()) != Presented::Foreign {
        end(tx, &account_id, token.session())?;
    }
    Ok(())
}

/// Ends all sessions of an account, but for one.
///
/// # Errors
/// The database's.
pub fn end_all(tx: &mut Tx<'_>, account_id: &str, but: Option<&str>) -> Result<usize, StoreError> {
    end_where(tx, account_id, None, but, Action::Ended)
}

fn end_where(
    tx: &mut Tx<'_>,
    account_id: &str,
    only: Option<&str>,
    but: Option<&str>,
    action: Action,
) -> Result<usize, StoreError> {
    let own = session::table.filter(session::account_id.eq(account_id).and(session::ended_at.is_null()));
    let ids: Vec<String> = own.select(session::id).order(session::id).load(tx.conn)?;
    let ending = |id: &&String| only.is_none_or(|only| only == id.as_str()) && but != Some(id.as_str());
    let ids: Vec<String> = ids.iter().filter(ending).cloned().collect();
    let now = tx.now().naive_utc();
    let ended = diesel::update(session::table.filter(session::id.eq_any(&ids).and(session::ended_at.is_null())))
        .set(session::ended_at.eq(now))
        .execute(tx.conn)?;
    for id in ids {
        tx.audit(of_session(action, &id));
    }
    Ok(ended)
}

/// Gives an account another password in the place of one that was verified.
///
/// # Errors
/// [`StoreError::NotAdmitted`] for an account that got another password while the former one was verified, or the database's.
pub fn replace_password(tx: &mut Tx<'_>, owner: &Account, hash: &str, keep: Option<&str>) -> Result<(), StoreError> {
    lock_account(tx, &owner.id)?;
    let is_verified = account::id.eq(&owner.id).and(account::secret_hash.eq(&owner.secret_hash.0));
    if account::table.filter(is_verified).count().get_result::<i64>(tx.conn)? == 0 {
        return Err(StoreError::NotAdmitted("has got another password"));
    }
    set_password(tx, &owner.id, hash, keep)
}

/// Gives an account another password. Its other sessions end with the old one, and so do offers of a new one. Where no
/// session is kept, no token from before is good any more.
///
/// # Errors
/// The database's.
pub fn set_password(tx: &mut Tx<'_>, account_id: &str, hash: &str, keep: Option<&str>) -> Result<(), StoreError> {
    let row = account::table.filter(account::id.eq(account_id));
    let now = tx.now().naive_utc();
    diesel::update(row)
        .set((
            account::secret_hash.eq(hash),
            account::updated_at.eq(now),
            account::version.eq(account::version + 1),
            account::epoch.eq(account::epoch + i64::from(keep.is_none())),
        ))
        .execute(tx.conn)?;
    let version = row.select(account::version).first(tx.conn)?;
    tx.audit(deed(Action::PasswordChanged, account_id, version, None, None));
    diesel::delete(password_reset::table.filter(password_reset::account_id.eq(account_id))).execute(tx.conn)?;
    end_all(tx, account_id, keep)?;
    Ok(())
}

/// Offers an account to set a new password with a one-time secret, and returns until when. An earlier offer lapses.
///
/// # Errors
/// The database's.
pub fn offer_password(tx: &mut Tx<'_>, account_id: &str, secret: &str) -> Result<DateTime<Utc>, StoreError> {
    let (now, expires_at) = (tx.now(), tx.now() + TimeDelta::hours(RESET_HOURS));
    diesel::delete(password_reset::table.filter(password_reset::account_id.eq(account_id))).execute(tx.conn)?;
    diesel::insert_into(password_reset::table)
        .values((
            password_reset::secret_sha256.eq(hash_secret(secret)),
            password_reset::account_id.eq(account_id),
            password_reset::created_at.eq(now.naive_utc()),
            password_reset::expires_at.eq(expires_at.naive_utc()),
        ))
        .execute(tx.conn)?;
    let version = account::table.filter(account::id.eq(account_id)).select(account::version).first(tx.conn)?;
    tx.audit(deed(Action::PasswordOffered, account_id, version, None, None));
    Ok(expires_at)
}

/// Whose one-time secret it is; none for one that is not good now.
///
/// # Errors
/// The database's.
pub fn offered_to(conn: &mut Conn, secret: &str, now: DateTime<Utc>) -> Result<Option<Account>, StoreError> {
    let is_it = password_reset::secret_sha256.eq(hash_secret(secret));
    let offers = password_reset::table.filter(is_it.and(password_reset::expires_at.gt(now.naive_utc())));
    let id: Option<String> = offers.select(password_reset::account_id).first(conn).optional()?;
    id.map_or(Ok(None), |id| find(conn, &id))
}

/// Whose one-time secret it is, which is good no more from now on. None, and nothing is written, for one that is not good or
/// whose account is disabled.
///
/// # Errors
/// The database's.
pub fn redeem_offer(tx: &mut Tx<'_>, secret: &str) -> Result<Option<Account>, StoreError> {
    let now = tx.now().naive_utc();
    let is_it = password_reset::secret_sha256.eq(hash_secret(secret)).and(password_reset::expires_at.gt(now));
    let found = password_reset::table.filter(is_it.clone()).select(password_reset::account_id);
    let found: Option<String> = found.first(tx.conn).optional()?;
    let Some(account_id) = found else { return Ok(None) };
    let account = find(tx.conn, &account_id)?.filter(|account| !account.disabled);
    // Who deletes the row has it: of several at once one is served.
    if account.is_none() || diesel::delete(password_reset::table.filter(is_it)).execute(tx.conn)? == 0 {
        return Ok(None);
    }
    Ok(account)
}

/// Erases all sessions of an account, and returns how many.
pub(super) fn erase_all(tx: &mut Tx<'_>, account_id: &str) -> Result<usize, StoreError> {
    let own = session::table.filter(session::account_id.eq(account_id));
    let ids: Vec<String> = own.select(session::id).order(session::id).load(tx.conn)?;
    let erased = diesel::delete(own).execute(tx.conn)?;
    for id in ids {
        tx.audit(of_session(Action::Erased, &id));
    }
    Ok(erased)
}

/// Forgets sessions that ended or expired before a moment, and offers that have lapsed; at most so many of the sessions.
/// Returns how many.
///
/// # Errors
/// The database's.
pub fn forget(tx: &mut Tx<'_>, before: DateTime<Utc>, most: i64) -> Result<usize, StoreError> {
    let before = before.naive_utc();
    let old: Vec<String> = session::table
        .filter(session::expires_at.lt(before).or(session::ended_at.lt(before)))
        .limit(most)
        .select(session::id)
        .load(tx.conn)?;
    let sessions = diesel::delete(session::table.filter(session::id.eq_any(old))).execute(tx.conn)?;
    if sessions > 0 {
        tx.note_erasure();
        let after = Some(serde_json::json!({"count": sessions}));
        tx.audit(Deed { action: Action::Erased, resource: RESOURCE, id: None, version: None, before: None, after });
    }
    let now = tx.now().naive_utc();
    let offers = diesel::delete(password_reset::table.filter(password_reset::expires_at.lt(now))).execute(tx.conn)?;
    Ok(sessions + offers)
}

fn of_session(action: Action, id: &str) -> Deed {
    Deed { action, resource: RESOURCE, id: Some(id.to_owned()), version: None, before: None, after: None }
}
