//! What scorecards are made from: what is published, as it was on a day. However many members are asked about, the number
//! of statements is fixed.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::{count, count_star, exists, not};
use serde::Deserialize;

use super::super::rules::{Facts, Programme, Seated, Spoken, Standing};
use crate::db::prelude::*;
use crate::{
    action_programs::Stage,
    assessments::Level,
    db::{
        Conn, Lookup, Stamp, StoreError, json,
        schema::{
            action_program, action_program_move, assessment, consultation, contribution, evaluation, measurement,
            member, member_adhesion, member_status, milestone, project, territory,
        },
        search::any_of,
    },
    evaluations::{Author, Voice},
    exchange,
    kernel::{
        clock::day_end,
        id::{Address, Identifier, Slug},
    },
    members::{self, MemberKind},
    territories::{Code, look_up_regions},
};

diesel::alias!(assessment as later: Later);

/// Reads a column whose text has a type of its own.
fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(StoreError::corrupt)
}

/// The first moment after a day.
pub(super) fn end_of(day: NaiveDate) -> NaiveDateTime {
    day_end(day).naive_utc()
}

/// Which members are asked about; an empty list does not filter.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Slugs or ids of members.
    pub members: Vec<Address<Slug>>,
    /// Regions.
    pub regions: Vec<Code>,
    /// Kinds.
    pub kinds: Vec<MemberKind>,
}

/// Those of a selection who were members on a day, in the order of their ids, and how many more are members without a date
/// of joining; these count only where they are named.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn members_on(conn: &mut Conn, day: NaiveDate, selection: &Selection) -> Result<(Vec<Seated>, usize), StoreError> {
    type Found = (String, String, String, Option<String>, bool);
    let (mut lookup, mut selection) = (Lookup::default(), selection.clone());
    members::look_up(conn, &mut lookup, &mut selection.members)?;
    look_up_regions(conn, &mut lookup, &selection.regions)?;
    lookup.done()?;
    let (from_on, until_on) = (member_status::from_on, member_status::until_on);
    let mut query = member::table
        .inner_join(territory::table.on(member::territory_code.eq(territory::code)))
        .inner_join(member_status::table.on(member_status::member_id.eq(member::id)))
        .filter(member_status::status.eq_any(["active", "suspended"]))
        .filter(from_on.is_null().or(from_on.assume_not_null().le(day)))
        .filter(until_on.is_null().or(until_on.assume_not_null().gt(day)))
        .order(member::id)
        .select((member::id, territory::region_code, member::kind, member::cohort, from_on.is_not_null()))
        .into_boxed();
    let regions: Vec<&str> = selection.regions.iter().map(Code::as_str).collect();
    let kinds: Vec<&str> = selection.kinds.iter().map(|kind| kind.as_str()).collect();
    query = any_of!(query, territory::region_code, regions.as_slice());
    query = any_of!(query, member::kind, kinds.as_slice());
    query = any_of!(query, member::slug, Address::texts(&selection.members).as_slice());
    let rows: Vec<Found> = query.load(conn)?;
    let is_named = !selection.members.is_empty();
    let (counted, undated): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(.., is_dated)| *is_dated || is_named);
    let seated = |(id, region, kind, cohort, _): Found| {
        let cohort = cohort.as_deref().map(parsed).transpose()?;
        Ok(Seated { id: Identifier::stored(id), region: parsed(&region)?, kind: parsed(&kind)?, cohort })
    };
    Ok((counted.into_iter().map(seated).collect::<Result<_, StoreError>>()?, undated.len()))
}

/// What is published of a member's assessments that were made by a day, with one statement.
///
/// # Errors
/// The database's.
pub fn spoken(conn: &mut Conn, member_id: &Identifier, day: NaiveDate) -> Result<Vec<Spoken>, StoreError> {
    type Found = (String, String, String, String, i64, i64, NaiveDate);
    let rows: Vec<Found> = assessment::table
        .filter(assessment::member_id.eq(member_id.as_str()).and(assessment::publication.eq("published")))
        .filter(assessment::assessed_on.le(day))
        .order(assessment::id)
        .select((
            assessment::id,
            assessment::commitment,
            assessment::voice,
            assessment::organisation,
            assessment::level,
            assessment::year,
            assessment::assessed_on,
        ))
        .load(conn)?;
    let spoken = |(id, commitment, voice, organisation, level, year, assessed_on): Found| {
        let author = Author { voice: parsed(&voice)?, organisation };
        let level = Level::try_from(level).map_err(StoreError::corrupt)?;
        Ok(Spoken { id: Identifier::stored(id), commitment, author, level, year, assessed_on })
    };
    rows.into_iter().map(spoken).collect()
}

/// Where some members stand on a day, as each voice last found of each commitment, with one statement: the members are
/// counted from it. Every organisation of civil society is a voice of its own; where they differ, a member stands at each of
/// their levels.
///
/// # Errors
/// The database's.
pub fn standings(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Vec<Standing>, StoreError> {
    let is_later = later
        .filter(later.field(assessment::member_id).eq(assessment::member_id))
        .filter(later.field(assessment::commitment).eq(assessment::commitment))
        .filter(later.field(assessment::year).gt(assessment::year))
        .filter(later.field(assessment::voice).eq(assessment::voice))
        .filter(
            later
                .field(assessment::organisation)
                .eq(assessment::organisation)
                .or(assessment::voice.ne(Voice::CivilSociety.as_str())),
        )
        .filter(later.field(assessment::publication).eq("published"))
        .filter(later.field(assessment::assessed_on).le(day));
    let rows: Vec<(String, String, String, i64)> = assessment::table
        .filter(
            assessment::member_id.eq_any(ids.iter().map(|id| id.as_str())).and(assessment::publication.eq("published")),
        )
        .filter(assessment::assessed_on.le(day))
        .filter(not(exists(is_later)))
        .select((assessment::commitment, assessment::voice, assessment::member_id, assessment::level))
        .distinct()
        .load(conn)?;
    let standing = |(commitment, voice, member_id, level): (String, String, String, i64)| {
        let level = Level::try_from(level).map_err(StoreError::corrupt)?;
        Ok(Standing { commitment, voice: parsed(&voice)?, member_id: Identifier::stored(member_id), level })
    };
    rows.into_iter().map(standing).collect()
}

/// What is known of some members on a day, with fourteen statements.
///
/// # Errors
/// The database's.
pub fn facts(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Facts, StoreError> {
    let all = |counts: ByMember| counts.values().sum();
    let (reported_in_time, reported_late) = reports(conn, ids, day)?;
    let shared: Vec<exchange::Tally> = exchange::tallies(conn, ids, day)?.into_values().collect();
    let sum = |count: fn(&exchange::Tally) -> i64| shared.iter().map(count).sum();
    Ok(Facts {
        reported_in_time,
        reported_late,
        practices: sum(|tally| tally.practices),
        collaborations: sum(|tally| tally.collaborations),
        events: sum(|tally| tally.events),
        adhesions: adhesions(conn, ids, day)?,
        in_ogp_local: in_ogp_local(conn, ids, day)?,
        programmes: programmes(conn, ids, day)?,
        consultations: consultations(conn, ids, day)?.into_iter().map(|(.., number)| number).sum(),
        ideas_received: all(ideas_received(conn, ids, day)?),
        ideas_answered: all(ideas_decided(conn, ids, day, &ANSWERS)?),
        evaluations: evaluations(conn, ids, day)?,
    })
}

/// Approved figures for periods that were over, and that had been reported by then: in time and late.
fn reports(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<(i64, i64), StoreError> {
    let own = measurement::member_id.eq_any(ids.iter().map(|id| id.as_str()));
    let found: Vec<(bool, i64)> = measurement::table
        .filter(own.and(measurement::is_public.eq(true)).and(measurement::until_on.le(day)))
        .filter(measurement::first_submitted_at.lt(end_of(day)))
        .group_by(measurement::is_late)
        .select((measurement::is_late, count_star()))
        .load(conn)?;
    let sum = |late| found.iter().filter(|(is_late, _)| *is_late == late).map(|(_, count)| count).sum();
    Ok((sum(false), sum(true)))
}

/// Members that had adhered to the charter and had not withdrawn from the network.
fn adhesions(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<i64, StoreError> {
    let withdrawn = member_status::table
        .filter(member_status::member_id.eq(member_adhesion::member_id).and(member_status::status.eq("withdrawn")))
        .filter(member_status::from_on.is_null().or(member_status::from_on.assume_not_null().le(day)))
        .filter(member_status::until_on.is_null().or(member_status::until_on.assume_not_null().gt(day)));
    let own = member_adhesion::table.filter(member_adhesion::member_id.eq_any(ids.iter().map(|id| id.as_str())));
    let in_force = own.filter(member_adhesion::adhered_on.le(day)).filter(not(exists(withdrawn)));
    Ok(in_force.select(count(member_adhesion::member_id).aggregate_distinct()).first(conn)?)
}

fn in_ogp_local(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<i64, StoreError> {
    let own = member::table.filter(member::id.eq_any(ids.iter().map(|id| id.as_str())));
    Ok(own.filter(member::ogp_local_since.le(day)).count().get_result(conn)?)
}

/// The date of a document, as far as it is stored.
#[derive(Deserialize)]
struct Dated {
    dated: Option<NaiveDate>,
}

/// A published programme and its stage on a day.
pub(super) struct Staged {
    /// The id.
    pub id: Identifier,
    /// Id of its member.
    pub member_id: Identifier,
    /// Its stage on the day; none for one that was not there yet.
    pub stage: Option<Stage>,
    /// Its committee, as it is stored.
    pub committee: Option<String>,
    documents: String,
}

/// The published programmes of some members as they were on a day, with two statements.
pub(super) fn staged(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Vec<Staged>, StoreError> {
    type Found = (String, String, Stamp, Option<String>, String);
    let ids = || ids.iter().map(|id| id.as_str());
    let rows: Vec<Found> = action_program::table
        .filter(action_program::member_id.eq_any(ids()).and(action_program::publication.eq("published")))
        .select((
            action_program::id,
            action_program::member_id,
            action_program::created_at,
            action_program::committee,
            action_program::documents,
        ))
        .load(conn)?;
    let moves: Vec<(String, String)> = action_program_move::table
        .inner_join(action_program::table.on(action_program_move::program_id.eq(action_program::id)))
        .filter(action_program::member_id.eq_any(ids()).and(action_program::publication.eq("published")))
        .filter(action_program_move::moved_on.le(day))
        .order((action_program_move::program_id, action_program_move::position))
        .select((action_program_move::program_id, action_program_move::to_stage))
        .load(conn)?;
    let mut stages: HashMap<String, Vec<Stage>> = HashMap::new();
    for (program, stage) in moves {
        stages.entry(program).or_default().push(parsed(&stage)?);
    }
    let with_stage = |(id, member_id, stored_at, committee, documents): Found| {
        let stored_at = NaiveDateTime::from(stored_at).and_utc();
        let stage = Programme::stage_on(day, stored_at, stages.get(&id).map_or(&[], Vec::as_slice));
        Staged { id: Identifier::stored(id), member_id: Identifier::stored(member_id), stage, committee, documents }
    };
    Ok(rows.into_iter().map(with_stage).collect())
}

/// The same with what is counted of each, with two statements more.
pub(super) fn programmes(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Vec<Programme>, StoreError> {
    let rows = staged(conn, ids, day)?;
    let (done, due) = milestones(conn, ids, day)?;
    let number = |counts: &ByProgramme, id: &str| counts.get(id).copied().unwrap_or_default();
    let programme = |Staged { id, member_id, stage, documents, .. }: Staged| {
        let documents: Vec<Dated> = json::read(&documents)?;
        let counted = |is_counted: fn(&Dated, NaiveDate) -> bool| {
            i64::try_from(documents.iter().filter(|document| is_counted(document, day)).count())
        };
        Ok(Programme {
            member_id,
            stage,
            documents_dated: counted(|document, day| document.dated.is_some_and(|dated| dated <= day))
                .map_err(StoreError::corrupt)?,
            documents_undated: counted(|document, _| document.dated.is_none()).map_err(StoreError::corrupt)?,
            milestones_done: number(&done, &id),
            milestones_due: number(&due, &id),
        })
    };
    rows.into_iter().map(programme).collect()
}

/// Counts by the id of a programme.
type ByProgramme = HashMap<String, i64>;

/// How many milestones were done by a day, and how many were due before it and not done.
fn milestones(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<(ByProgramme, ByProgramme), StoreError> {
    let own = milestone::table
        .inner_join(project::table.on(milestone::project_id.eq(project::id)))
        .filter(project::member_id.eq_any(ids.iter().map(|id| id.as_str())).and(project::is_public.eq(true)));
    let counted = (project::program_id, count_star());
    let done: Vec<(String, i64)> =
        own.clone().filter(milestone::done_on.le(day)).group_by(project::program_id).select(counted).load(conn)?;
    let is_open = milestone::done_on.is_null().or(milestone::done_on.assume_not_null().gt(day));
    let due: Vec<(String, i64)> =
        own.filter(milestone::due_on.lt(day).and(is_open)).group_by(project::program_id).select(counted).load(conn)?;
    Ok((done.into_iter().collect(), due.into_iter().collect()))
}

/// How many consultations were over by a day, by member and kind.
pub(super) fn consultations(
    conn: &mut Conn,
    ids: &[&Identifier],
    day: NaiveDate,
) -> Result<Vec<(String, String, i64)>, StoreError> {
    let held = consultation::table
        .inner_join(action_program::table.on(consultation::program_id.eq(action_program::id)))
        .filter(consultation::member_id.eq_any(ids.iter().map(|id| id.as_str())).and(consultation::closes_on.le(day)))
        .filter(action_program::publication.eq("published"))
        .group_by((consultation::member_id, consultation::kind))
        .select((consultation::member_id, consultation::kind, count_star()));
    Ok(held.load(conn)?)
}

/// Counts by the id of a member.
pub(super) type ByMember = HashMap<String, i64>;

/// Keeps the published contributions of some members that had come in by a day.
macro_rules! received {
    ($ids:expr, $day:expr) => {
        contribution::table
            .inner_join(consultation::table.on(contribution::consultation_id.eq(consultation::id)))
            .inner_join(action_program::table.on(consultation::program_id.eq(action_program::id)))
            .filter(
                consultation::member_id
                    .eq_any($ids.iter().map(|id| id.as_str()))
                    .and(action_program::publication.eq("published")),
            )
            .filter(contribution::moderation.eq("published").and(contribution::created_at.lt(end_of($day))))
    };
}
pub(super) use received;

/// How many published contributions had come in by a day.
pub(super) fn ideas_received(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<ByMember, StoreError> {
    let counted = (consultation::member_id, count_star());
    let rows: Vec<(String, i64)> = received!(ids, day).group_by(consultation::member_id).select(counted).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// The decisions that answer a contribution: each states its reasons.
pub(super) const ANSWERS: [&str; 3] = ["accepted", "merged", "rejected"];

/// How many of them had been decided on by then, in one of these ways.
pub(super) fn ideas_decided(
    conn: &mut Conn,
    ids: &[&Identifier],
    day: NaiveDate,
    decisions: &[&str],
) -> Result<ByMember, StoreError> {
    let rows: Vec<(String, i64)> = received!(ids, day)
        .filter(contribution::decided_on.le(day).and(contribution::decision.eq_any(decisions.to_vec())))
        .group_by(consultation::member_id)
        .select((consultation::member_id, count_star()))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

fn evaluations(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Vec<(Voice, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = evaluation::table
        .inner_join(action_program::table.on(evaluation::program_id.eq(action_program::id)))
        .filter(
            action_program::member_id
                .eq_any(ids.iter().map(|id| id.as_str()))
                .and(action_program::publication.eq("published")),
        )
        .filter(evaluation::publication.eq("published").and(evaluation::evaluated_on.le(day)))
        .group_by(evaluation::voice)
        .select((evaluation::voice, count_star()))
        .load(conn)?;
    rows.into_iter().map(|(voice, number)| Ok((parsed(&voice)?, number))).collect()
}
