//! Requests that are sent twice. Who brings a key has one effect and gets one answer, however often and wherever the
//! request arrives: the key is claimed at the beginning of the effect's transaction and the answer is written at its
//! end. A second request with the key waits for the first one's transaction: on SQLite for the write lock, on
//! PostgreSQL for the row.

use crate::prelude::*;
use chrono::{DateTime, Days, NaiveDateTime, Utc};
use diesel::dsl::exists;

use super::{Conn, StoreError, Tx, schema::idempotency_answer};

/// The one operation whose kept answers are about a person.
pub const MAKING_FOCAL_POINTS: &str = "createFocalPoint";

/// For how many days an answer is kept.
const KEPT_DAYS: u64 = 1;

/// The request that a key stands for.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Whose key it is.
    pub account_id: String,
    /// For which operation.
    pub operation: &'static str,
    /// The key.
    pub key: String,
    /// Digest of the whole request, as 64 hexadecimal digits.
    pub request_sha256: String,
}

/// What a claim found.
#[derive(Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The key is new: do the work, then [`Claim::keep`] the answer.
    New,
    /// The same request was answered with this.
    Answered(String),
    /// The key belongs to another request.
    Taken,
}

#[derive(Insertable)]
#[diesel(table_name = idempotency_answer, treat_none_as_default_value = false)]
struct Row<'a> {
    account_id: &'a str,
    operation: &'a str,
    idempotency_key: &'a str,
    request_sha256: &'a str,
    created_at: NaiveDateTime,
}

impl Claim {
    /// Takes the key, or finds who has it.
    ///
    /// # Errors
    /// The database's.
    pub fn make(&self, tx: &mut Tx<'_>) -> Result<Claimed, StoreError> {
        let created_at = tx.now().naive_utc();
        let same_key = idempotency_answer::account_id
            .eq(&self.account_id)
            .and(idempotency_answer::operation.eq(self.operation))
            .and(idempotency_answer::idempotency_key.eq(&self.key));
        let old = idempotency_answer::created_at.lt(oldest_kept(tx.now()));
        if diesel::delete(idempotency_answer::table.filter(same_key.and(old))).execute(tx.conn)? > 0 {
            tx.note_erasure();
        }
        let row = Row {
            account_id: &self.account_id,
            operation: self.operation,
            idempotency_key: &self.key,
            request_sha256: &self.request_sha256,
            created_at,
        };
        let insert = diesel::insert_into(idempotency_answer::table).values(row).on_conflict_do_nothing();
        let inserted = match &mut *tx.conn {
            Conn::Sqlite(conn) => insert.execute(conn)?,
            Conn::Postgres(conn) => insert.execute(conn)?,
        };
        if inserted == 1 {
            return Ok(Claimed::New);
        }
        let columns = (idempotency_answer::request_sha256, idempotency_answer::answer);
        let found: (String, Option<String>) =
            idempotency_answer::table.filter(same_key).select(columns).first(tx.conn)?;
        match found {
            (sha256, Some(answer)) if sha256 == self.request_sha256 => Ok(Claimed::Answered(answer)),
            _ => Ok(Claimed::Taken),
        }
    }

    /// Keeps the answer, in the transaction of its effect.
    ///
    /// # Errors
    /// The database's.
    pub fn keep(&self, tx: &mut Tx<'_>, answer: &str) -> Result<(), StoreError> {
        let same_key = idempotency_answer::account_id
            .eq(&self.account_id)
            .and(idempotency_answer::operation.eq(self.operation))
            .and(idempotency_answer::idempotency_key.eq(&self.key));
        diesel::update(idempotency_answer::table.filter(same_key))
            .set(idempotency_answer::answer.eq(answer))
            .execute(tx.conn)?;
        Ok(())
    }
}

fn oldest_kept(now: DateTime<Utc>) -> NaiveDateTime {
    (now - Days::new(KEPT_DAYS)).naive_utc()
}

/// Forgets the answers that name a focal point, because what they say of it must not stay, and returns how
/// many. The same request would have its effect anew then.
///
/// # Errors
/// The database's.
pub fn forget_answers_naming(tx: &mut Tx<'_>, id: &str) -> Result<usize, StoreError> {
    // The operation first: most answers, and the large ones, are not looked into.
    let of_operation = idempotency_answer::operation.eq(MAKING_FOCAL_POINTS);
    let naming = of_operation.and(idempotency_answer::answer.like(format!("%{id}%")));
    Ok(diesel::delete(idempotency_answer::table.filter(naming)).execute(tx.conn)?)
}

/// Forgets the answers that an account was given, and returns how many.
///
/// # Errors
/// The database's.
pub fn forget_answers_to(tx: &mut Tx<'_>, account_id: &str) -> Result<usize, StoreError> {
    let own = idempotency_answer::account_id.eq(account_id);
    Ok(diesel::delete(idempotency_answer::table.filter(own)).execute(tx.conn)?)
}

/// Forgets the answers that are too old, and returns how many.
///
/// # Errors
/// The database's.
pub fn forget_answers(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
    let old = idempotency_answer::created_at.lt(oldest_kept(tx.now()));
    if !diesel::select(exists(idempotency_answer::table.filter(old))).get_result::<bool>(tx.conn)? {
        return Ok(0);
    }
    // Some of them are about people.
    tx.note_erasure();
    Ok(diesel::delete(idempotency_answer::table.filter(old)).execute(tx.conn)?)
}
