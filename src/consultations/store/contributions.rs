//! Reading contributions.

use crate::db::prelude::*;
use chrono::{Days, NaiveDate, NaiveDateTime};
use diesel::dsl::AsSelect;
use serde::Serialize;

use super::{
    super::rules::{
        Answer, Contact, Content, Contribution, ContributionFilters, DecisionFilter, LONGEST_ROUND, Receipt, Standing,
    },
    owner, parsed,
};
use crate::{
    db::{
        Backend, Conn, Lookup, ReferenceKind, SequenceColumn, Stamp, StoreError, current_sequence, json,
        keyset::{keyset_by_id, paged},
        schema::{action_program, action_program_axis, consultation, contribution, member},
    },
    kernel::{
        clock::day_start,
        id::{Identifier, Slug},
        paging::{Found, Key, Listing, Position},
    },
};

/// What is stored of a contribution, without the digests of what is secret. What the audit keeps of it has neither the words
/// nor the contact: both may be about a person, and no entry of the audit is ever erased.
#[derive(Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = contribution, treat_none_as_default_value = false)]
pub(super) struct ContributionRow {
    #[serde(skip)]
    id: String,
    #[serde(skip)]
    version: i64,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    created_at: NaiveDateTime,
    #[serde(skip)]
    #[diesel(deserialize_as = Stamp)]
    updated_at: NaiveDateTime,
    consultation_id: String,
    axis_id: Option<String>,
    #[serde(skip)]
    body: String,
    body_language: String,
    #[serde(skip)]
    contact_name: Option<String>,
    #[serde(skip)]
    contact_email: Option<String>,
    moderation: String,
    #[serde(skip)]
    moderated_at: Option<NaiveDateTime>,
    withheld_because: Option<String>,
    decision: Option<String>,
    decided_on: Option<NaiveDate>,
    decision_reason: Option<String>,
    project_id: Option<String>,
}

impl ContributionRow {
    pub(super) fn of(found: &Contribution) -> Result<Self, StoreError> {
        let (content, standing) = (&found.content, &found.standing);
        let answer = standing.answer.as_ref();
        Ok(Self {
            id: found.id.to_string(),
            version: found.version,
            created_at: found.created_at.naive_utc(),
            updated_at: found.updated_at.naive_utc(),
            consultation_id: found.consultation_id.to_string(),
            axis_id: content.axis_id.as_ref().map(Identifier::to_string),
            body: content.text.clone(),
            body_language: content.language.as_str().to_owned(),
            contact_name: content.contact.name.clone(),
            contact_email: content.contact.email.clone(),
            moderation: standing.moderation.as_str().to_owned(),
            moderated_at: standing.moderated_at.map(|at| at.naive_utc()),
            withheld_because: standing.withheld_because.clone(),
            decision: answer.map(|answer| answer.decision.as_str().to_owned()),
            decided_on: answer.map(|answer| answer.decided_on),
            decision_reason: answer.map(|answer| json::write(&answer.reason)).transpose()?,
            project_id: answer.and_then(|answer| answer.project_id.as_ref().map(Identifier::to_string)),
        })
    }

    fn answer(&self) -> Result<Option<Answer>, StoreError> {
        let parts = self.decision.as_ref().zip(self.decided_on).zip(self.decision_reason.as_ref());
        let Some(((decision, decided_on), reason)) = parts else { return Ok(None) };
        let (decision, reason) = (parsed(decision)?, json::read(reason)?);
        Ok(Some(Answer { decision, decided_on, reason, project_id: self.project_id.clone().map(Identifier::stored) }))
    }
}

/// What a contribution takes from its consultation.
#[derive(Queryable, Selectable)]
#[diesel(table_name = consultation)]
pub(super) struct ConsultationPart {
    program_id: String,
    member_id: String,
    region_code: String,
    is_public: bool,
}

type Read = (ContributionRow, ConsultationPart, String, String);

fn read((row, consultation, program, member): Read) -> Result<Contribution, StoreError> {
    let answer = row.answer()?;
    Ok(Contribution {
        program: Slug::try_from(program).map_err(StoreError::corrupt)?,
        program_is_public: consultation.is_public,
        program_id: Identifier::stored(consultation.program_id),
        owner: owner(consultation.member_id, member, consultation.region_code)?,
        content: Content {
            axis_id: row.axis_id.map(Identifier::stored),
            text: row.body,
            language: parsed(&row.body_language)?,
            contact: Contact { name: row.contact_name, email: row.contact_email },
        },
        standing: Standing {
            moderation: parsed(&row.moderation)?,
            moderated_at: row.moderated_at.map(|at| at.and_utc()),
            withheld_because: row.withheld_because,
            answer,
        },
        id: Identifier::stored(row.id),
        version: row.version,
        created_at: row.created_at.and_utc(),
        updated_at: row.updated_at.and_utc(),
        consultation_id: Identifier::stored(row.consultation_id),
    })
}

/// Contributions beside their consultations, programmes and members.
pub(super) type Parts = diesel::helper_types::InnerJoinOn<
    diesel::helper_types::InnerJoinOn<
        diesel::helper_types::InnerJoinOn<
            contribution::table,
            consultation::table,
            diesel::helper_types::Eq<contribution::consultation_id, consultation::id>,
        >,
        action_program::table,
        diesel::helper_types::Eq<consultation::program_id, action_program::id>,
    >,
    member::table,
    diesel::helper_types::Eq<consultation::member_id, member::id>,
>;

pub(super) fn parts() -> Parts {
    contribution::table
        .inner_join(consultation::table.on(contribution::consultation_id.eq(consultation::id)))
        .inner_join(action_program::table.on(consultation::program_id.eq(action_program::id)))
        .inner_join(member::table.on(consultation::member_id.eq(member::id)))
}

type Columns =
    (AsSelect<ContributionRow, Backend>, AsSelect<ConsultationPart, Backend>, action_program::slug, member::slug);

fn columns() -> Columns {
    (ContributionRow::as_select(), ConsultationPart::as_select(), action_program::slug, member::slug)
}

/// The contribution with an id, whoever sees it.
///
/// # Errors
/// The database's.
pub fn find_contribution(conn: &mut Conn, id: &Identifier) -> Result<Option<Contribution>, StoreError> {
    let row = parts().select(columns()).filter(contribution::id.eq(id.as_str())).first(conn).optional()?;
    row.map(read).transpose()
}

/// The contribution that a receipt is of.
///
/// # Errors
/// The database's.
pub fn find_by_receipt(conn: &mut Conn, receipt: &Receipt) -> Result<Option<Contribution>, StoreError> {
    let own = contribution::receipt_sha256.eq(receipt.sha256());
    let row = parts().select(columns()).filter(own).first(conn).optional()?;
    row.map(read).transpose()
}

/// Every contribution whose sender left an e-mail address.
///
/// # Errors
/// The database's.
pub(super) fn with_email(conn: &mut Conn, email: &str) -> Result<Vec<Contribution>, StoreError> {
    let query = parts().select(columns()).filter(contribution::contact_email.eq(email));
    let rows: Vec<_> = query.order(contribution::id).load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Contributions whose senders can still be reached, although the round closed before a day or would have, had it not lasted
/// for very long; at most so many.
///
/// # Errors
/// The database's.
pub(super) fn with_contact(conn: &mut Conn, before: NaiveDate, most: i64) -> Result<Vec<Contribution>, StoreError> {
    let is_known = contribution::contact_name.is_not_null().or(contribution::contact_email.is_not_null());
    let sent_before = day_start(before.checked_sub_days(Days::new(LONGEST_ROUND)).unwrap_or(before)).naive_utc();
    let is_over = consultation::closes_on.lt(before).or(contribution::created_at.lt(sent_before));
    let query = parts().select(columns()).filter(is_over).filter(is_known);
    let rows: Vec<_> = query.order(contribution::id).limit(most).load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Those with these ids, whoever sees them.
///
/// # Errors
/// The database's.
pub fn find_contributions_by_ids(conn: &mut Conn, ids: &[&Identifier]) -> Result<Vec<Contribution>, StoreError> {
    let query = parts().select(columns()).filter(contribution::id.eq_any(ids.iter().map(|id| id.as_str())));
    let rows: Vec<_> = query.load(conn)?;
    rows.into_iter().map(read).collect()
}

/// Reads a page of a consultation's contributions, with one statement, and one more each for an empty page, a count and a
/// filter that names axes.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn list_contributions(
    conn: &mut Conn,
    listing: &Listing<ContributionFilters>,
) -> Result<Found<Contribution>, StoreError> {
    let Listing { filters, after, limit, count } = listing;
    let mut lookup = Lookup::default();
    look_up_axes(conn, &mut lookup, filters)?;
    lookup.done()?;
    let total = if *count { Some(filtered(filters).count().get_result(conn)?) } else { None };
    // In one statement, hence of one snapshot: the sequence says exactly what the rows have seen.
    let (row, consultation, program, slug) = columns();
    let query = filtered(filters).select((row, consultation, program, slug, SequenceColumn));
    let query = keyset_by_id!(query, contribution::id, filters.order.direction, after.as_ref());
    let rows: Vec<(ContributionRow, ConsultationPart, String, String, i64)> = paged(query, *limit).load(conn)?;
    let sequence = match rows.first() {
        Some((.., sequence)) => *sequence,
        None => current_sequence(conn)?,
    };
    let rows = rows.into_iter().map(|(row, consultation, program, slug, _)| read((row, consultation, program, slug)));
    let position = |last: &Contribution| Position { key: Key::Text(String::new()), id: last.id.clone() };
    Ok(Found::of(rows.collect::<Result<_, _>>()?, *limit, (sequence, total), position))
}

const AXIS: ReferenceKind = ReferenceKind { parameter: "axis", code: "unknown_axis", noun: "axis of the programme" };

/// Looks up the axes that a filter names among those of the consultation's programme.
fn look_up_axes(conn: &mut Conn, lookup: &mut Lookup, filters: &ContributionFilters) -> Result<(), StoreError> {
    lookup.codes(AXIS, &filters.axes, |ids| {
        let own = action_program_axis::table
            .inner_join(consultation::table.on(consultation::program_id.eq(action_program_axis::program_id)))
            .filter(consultation::id.eq(filters.consultation_id.as_str()));
        let named = own.filter(action_program_axis::id.eq_any(ids.iter().copied()));
        Ok(named.select(action_program_axis::id).load(conn)?)
    })
}

fn filtered(filters: &ContributionFilters) -> diesel::helper_types::IntoBoxed<'_, Parts, Backend> {
    let mut query =
        parts().filter(contribution::consultation_id.eq(filters.consultation_id.as_str())).into_boxed::<Backend>();
    if !filters.moderations.is_empty() {
        let codes = filters.moderations.iter().map(|moderation| moderation.as_str());
        query = query.filter(contribution::moderation.eq_any(codes));
    }
    if !filters.axes.is_empty() {
        query = query.filter(contribution::axis_id.eq_any(filters.axes.iter().map(Identifier::as_str)));
    }
    if !filters.decisions.is_empty() {
        let codes: Vec<&str> = filters.decisions.iter().map(|decision| decision.as_str()).collect();
        let is_decided_so = contribution::decision.eq_any(codes);
        query = if filters.decisions.contains(&DecisionFilter::None) {
            query.filter(is_decided_so.or(contribution::decision.is_null()).assume_not_null())
        } else {
            query.filter(is_decided_so.assume_not_null())
        };
    }
    if let Some(since) = filters.updated_since {
        query = query.filter(contribution::updated_at.ge(since.naive_utc()));
    }
    query
}
