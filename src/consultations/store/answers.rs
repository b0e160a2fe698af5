//! Writing contributions: what the public sends, once for each key, and what the member makes of it.

use crate::db::prelude::*;

use super::{
    super::rules::{Consultation, Content, Contribution, Receipt, SenderKey, Standing},
    CONTRIBUTIONS,
    contributions::{ContributionRow, find_contribution},
};
use crate::{
    action_programs::take_turn,
    db::{Change, Conn, Operation, StoreError, Tx, WriteError, json, schema::contribution},
    kernel::id::{Identifier, new_id},
};

/// The digests of what is secret about a contribution.
#[derive(Insertable)]
#[diesel(table_name = contribution, treat_none_as_default_value = false)]
pub(super) struct Secrets {
    receipt_sha256: String,
    receipt_mask: String,
    key_sha256: String,
    request_sha256: String,
}

impl Secrets {
    pub(super) fn of(consultation: &str, (key, request): (&SenderKey, &[u8]), receipt: &Receipt) -> Self {
        Self {
            receipt_sha256: receipt.sha256(),
            receipt_mask: key.mask(consultation, receipt),
            key_sha256: key.sha256(consultation),
            request_sha256: key.request_sha256(consultation, request),
        }
    }
}

/// What became of something that was sent with a key.
pub enum Sent {
    /// It is stored.
    New(Contribution),
    /// The same was sent before, and had this receipt.
    Again(Contribution, Receipt),
    /// Something else was sent with the key.
    Other,
}

/// Stores what somebody sends to a consultation, which must be locked, unless it was sent before. Whether it may be sent, and
/// what is right with its content, `check` says of what is new.
///
/// # Errors
/// What `check` returns, or the database's.
pub fn contribute(
    tx: &mut Tx<'_>,
    consultation: &Consultation,
    (key, request): (&SenderKey, &[u8]),
    receipt: &Receipt,
    check: impl FnOnce(&mut Tx<'_>) -> Result<Content, WriteError>,
) -> Result<Sent, WriteError> {
    if let Some(sent) = sent_before(tx.conn, consultation, (key, request))? {
        return Ok(sent);
    }
    let new = Contribution {
        id: new_id(),
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
        consultation_id: consultation.id.clone(),
        program_id: consultation.program_id.clone(),
        program: consultation.program.clone(),
        program_is_public: consultation.is_public,
        owner: consultation.owner.clone(),
        content: check(tx)?,
        standing: Standing::PENDING,
    };
    let row = ContributionRow::of(&new)?;
    let after = json::value(&row)?;
    let secrets = Secrets::of(&consultation.id, (key, request), receipt);
    let insert = diesel::insert_into(contribution::table).values((row, secrets)).on_conflict_do_nothing();
    let inserted = match &mut *tx.conn {
        Conn::Sqlite(conn) => insert.execute(conn)?,
        Conn::Postgres(conn) => insert.execute(conn)?,
    };
    if inserted == 0 {
        // Another instance was faster, and has committed.
        let sent = sent_before(tx.conn, consultation, (key, request))?;
        return sent.ok_or_else(|| StoreError::corrupt("a key that is taken and not there").into());
    }
    // Nobody sees it yet, so only the audit hears of it.
    tx.record(change(&new, Operation::Created), None, Some(after));
    Ok(Sent::New(new))
}

/// What was sent with a key, if something was.
fn sent_before(
    conn: &mut Conn,
    consultation: &Consultation,
    (key, request): (&SenderKey, &[u8]),
) -> Result<Option<Sent>, StoreError> {
    let columns = (contribution::id, contribution::receipt_mask, contribution::request_sha256);
    let same_key = contribution::key_sha256.eq(key.sha256(&consultation.id));
    let found: Option<(String, String, String)> =
        contribution::table.filter(same_key).select(columns).first(conn).optional()?;
    let Some((id, mask, request_sha256)) = found else { return Ok(None) };
    if request_sha256 != key.request_sha256(&consultation.id, request) {
        return Ok(Some(Sent::Other));
    }
    let receipt = key.unmask(&consultation.id, &mask).ok_or_else(|| StoreError::corrupt("a mask of no receipt"))?;
    let found = find_contribution(conn, &Identifier::stored(id))?;
    Ok(found.map(|found| Sent::Again(found, receipt)))
}

/// The contribution with an id, which nobody else changes meanwhile.
///
/// # Errors
/// The database's.
pub fn lock_contribution(tx: &mut Tx<'_>, id: &Identifier) -> Result<Option<Contribution>, StoreError> {
    take_turn(tx)?;
    find_contribution(tx.conn, id)
}

/// Writes where a [`lock_contribution`]ed contribution stands now and returns it; nothing where nothing differs.
///
/// # Errors
/// The database's.
pub fn set_standing(tx: &mut Tx<'_>, before: &Contribution, standing: Standing) -> Result<Contribution, StoreError> {
    if before.standing == standing {
        return Ok(before.clone());
    }
    let after = Contribution { standing, version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    let answer = after.standing.answer.as_ref();
    diesel::update(contribution::table.filter(contribution::id.eq(after.id.as_str())))
        .set((
            contribution::version.eq(after.version),
            contribution::updated_at.eq(after.updated_at.naive_utc()),
            contribution::moderation.eq(after.standing.moderation.as_str()),
            contribution::moderated_at.eq(after.standing.moderated_at.map(|at| at.naive_utc())),
            contribution::withheld_because.eq(&after.standing.withheld_because),
            contribution::decision.eq(answer.map(|answer| answer.decision.as_str())),
            contribution::decided_on.eq(answer.map(|answer| answer.decided_on)),
            contribution::decision_reason.eq(answer.map(|answer| json::write(&answer.reason)).transpose()?),
            contribution::project_id.eq(answer.and_then(|answer| answer.project_id.as_deref())),
        ))
        .execute(tx.conn)?;
    // For the audit it was there before the public saw it.
    let was = json::value(&ContributionRow::of(before)?)?;
    let now = json::value(&ContributionRow::of(&after)?)?;
    tx.record(change(&after, Operation::Updated), Some(was), Some(now));
    Ok(after)
}

fn change(found: &Contribution, operation: Operation) -> Change {
    Change { kind: CONTRIBUTIONS, id: found.id.clone(), operation, version: found.version }
}
