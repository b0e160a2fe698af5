//! What the network's indicators are computed from, member by member: what is published, as it was on a day. The database
//! counts; however many members are asked about, the number of statements is fixed, at most six for an indicator.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::{
    dsl::{count_star, exists, not, sql},
    expression::SqlLiteral,
    sql_types::{BigInt, Text},
};
use serde::Deserialize;

use super::{
    super::rules::{Computable, Known, Programme, Reported, Reports, Tallies, Tally},
    scorecard::{
        ANSWERS, ByMember, consultations, end_of, ideas_decided, ideas_received, programmes, received, staged,
    },
};
use crate::db::prelude::*;
use crate::{
    action_programs::Stage,
    db::{
        Conn, StoreError, json,
        schema::{action_program, consultation, contribution, indicator, measurement, milestone, project},
    },
    indicators::{Disaggregation, Entry},
    kernel::{
        clock::{Stretch, day_end, stretches},
        decimal::Decimal,
        id::Identifier,
    },
};

diesel::alias!(measurement as newer: Newer);

/// The decisions that take a contribution up: as a project of its own, or merged into one that others asked for, too.
const TAKEN_UP: [&str; 2] = ["accepted", "merged"];

/// What is known of some members for an entry of the catalogue, up to and including a day.
///
/// # Errors
/// The database's.
pub fn known(conn: &mut Conn, entry: &Entry, ids: &[&Identifier], day: NaiveDate) -> Result<Known, StoreError> {
    let code = entry.code.as_str();
    if !entry.computed {
        return Ok(Known::Reported(reported(conn, (code, entry.version), ids, day)?));
    }
    let what: Computable = code.parse().map_err(StoreError::corrupt)?;
    Ok(Known::Counted(what, tallies(conn, what, ids, day)?))
}

/// What is read of an approved report.
#[derive(Deserialize)]
struct Report {
    numerator: Option<Decimal>,
    denominator: Option<Decimal>,
    disaggregation: Disaggregation,
}

/// What members report against an entry of the catalogue: of each of their indicators the approved value of the latest
/// period that was over by a day, as far as they are measured by this version of it.
fn reported(
    conn: &mut Conn,
    (code, version): (&str, i64),
    ids: &[&Identifier],
    day: NaiveDate,
) -> Result<Reports, StoreError> {
    let is_newer = newer
        .filter(newer.field(measurement::indicator_id).eq(measurement::indicator_id))
        .filter(newer.field(measurement::until_on).gt(measurement::until_on))
        .filter(newer.field(measurement::until_on).le(day))
        .filter(newer.field(measurement::approved_definition_version).eq(version))
        .filter(newer.field(measurement::is_public).eq(true));
    let rows: Vec<(String, i64, String)> = measurement::table
        .inner_join(indicator::table.on(measurement::indicator_id.eq(indicator::id)))
        .filter(indicator::catalogue_code.eq(code).and(indicator::is_public.eq(true)))
        .filter(indicator::member_id.eq_any(ids.iter().map(|id| id.as_str())))
        .filter(measurement::is_public.eq(true).and(measurement::until_on.le(day)))
        .filter(measurement::approved_definition_version.eq(version))
        .filter(not(exists(is_newer)))
        .select((
            indicator::member_id.assume_not_null(),
            measurement::approved_value.assume_not_null(),
            measurement::approved_report.assume_not_null(),
        ))
        .load(conn)?;
    let mut reports = Reports::new();
    for (member, millionths, report) in rows {
        let value = Decimal::from_millionths(millionths).map_err(StoreError::corrupt)?;
        let Report { numerator, denominator, disaggregation } = json::read(&report)?;
        reports.entry(member).or_default().push(Reported { value, numerator, denominator, disaggregation });
    }
    Ok(reports)
}

/// What is counted of some members for an indicator.
fn tallies(conn: &mut Conn, what: Computable, ids: &[&Identifier], day: NaiveDate) -> Result<Tallies, StoreError> {
    match what {
        Computable::Projects => projects(conn, ids, day),
        Computable::MilestonesDone => milestones(conn, ids, day, |programme| programme.milestones_done),
        Computable::MilestonesLate => milestones(conn, ids, day, Programme::milestones_late),
        Computable::IdeasReceived => Ok(amounts(ideas_received(conn, ids, day)?)),
        Computable::IdeasAccepted => Ok(amounts(ideas_decided(conn, ids, day, &TAKEN_UP)?)),
        Computable::IdeasAnswered => answered(conn, ids, day),
        Computable::DaysToAnswer => days_to_answer(conn, ids, day),
        Computable::Participants => participants(conn, ids, day),
        Computable::Consultations => held(conn, ids, day),
        Computable::WomenTakingPart => shares(conn, ids, day, &WOMEN),
        Computable::YouthTakingPart => shares(conn, ids, day, &YOUTH),
        Computable::WomenOnCommittee => committees(conn, ids, day, |committee| committee.women),
        Computable::CivilSocietyOnCommittee => committees(conn, ids, day, |committee| committee.civil_society),
    }
}

fn amounts(counts: ByMember) -> Tallies {
    counts.into_iter().map(|(member, amount)| (member, Tally::amount(amount))).collect()
}

fn milestones(
    conn: &mut Conn,
    ids: &[&Identifier],
    day: NaiveDate,
    count: impl Fn(&Programme) -> i64,
) -> Result<Tallies, StoreError> {
    let mut counts = ByMember::new();
    for programme in programmes(conn, ids, day)? {
        *counts.entry(programme.member_id.to_string()).or_default() += count(&programme);
    }
    Ok(amounts(counts))
}

fn answered(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Tallies, StoreError> {
    let answered = ideas_decided(conn, ids, day, &ANSWERS)?;
    let share = |(member, out_of): (String, i64)| {
        let amount = answered.get(&member).copied().unwrap_or_default();
        (member, Tally { amount, out_of, ..Tally::default() })
    };
    Ok(ideas_received(conn, ids, day)?.into_iter().map(share).collect())
}

fn held(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Tallies, StoreError> {
    let mut tallies = Tallies::new();
    for (member, kind, number) in consultations(conn, ids, day)? {
        let tally = tallies.entry(member).or_default();
        tally.amount += number;
        tally.part("consultation_kind", &kind, number);
    }
    Ok(tallies)
}

/// The number of days from the day on which a contribution came in to its answer, as an expression. The databases know UTC
/// only, so that they are told how far clocks were ahead of it, and until when.
fn days_of_answer(conn: &Conn, stretches: &[Stretch]) -> String {
    let ahead = |seconds: i32| match conn {
        Conn::Sqlite(_) => format!("'{seconds:+} seconds'"),
        Conn::Postgres(_) => format!("INTERVAL '{seconds} seconds'"),
    };
    let (last, before) = stretches.split_last().map_or((0, stretches), |(last, before)| (last.ahead_s, before));
    let branch = |Stretch { until, ahead_s }: &Stretch| {
        let until = until.format("%Y-%m-%d %H:%M:%S");
        format!("WHEN contribution.created_at < '{until}' THEN {} ", ahead(*ahead_s))
    };
    let branches = before.iter().map(branch).collect::<Vec<_>>().concat();
    let ahead = if before.is_empty() { ahead(last) } else { format!("CASE {branches}ELSE {} END", ahead(last)) };
    match conn {
        Conn::Sqlite(_) => format!(
            "CAST(julianday(contribution.decided_on) - julianday(date(contribution.created_at, {ahead})) AS INTEGER)"
        ),
        Conn::Postgres(_) => {
            format!("CAST(contribution.decided_on - CAST(contribution.created_at + {ahead} AS DATE) AS BIGINT)")
        }
    }
}

/// How many days answers took, counted by the database.
fn days_to_answer(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Tallies, StoreError> {
    let days = days_of_answer(conn, &stretches(day_end(day)));
    let counted = sql::<(Text, BigInt, BigInt)>(&format!("consultation.member_id, {days}, count(*)"));
    let rows: Vec<(String, i64, i64)> = received!(ids, day)
        .filter(contribution::decided_on.le(day))
        .group_by(sql::<(Text, BigInt)>(&format!("consultation.member_id, {days}")))
        .select(counted)
        .load(conn)?;
    let mut tallies = Tallies::new();
    for (member, days, number) in rows {
        tallies.entry(member).or_default().days.insert(days, number);
    }
    Ok(tallies)
}

/// The sum of an expression over the rows of a group; 0 of none. PostgreSQL would give it another type than its parts have.
fn sum(expression: &str) -> SqlLiteral<BigInt> {
    sql(&format!("CAST(coalesce(sum({expression}), 0) AS BIGINT)"))
}

/// Keeps the consultations of some members on published programmes that were over by a day, a group for each member.
macro_rules! over {
    ($ids:expr, $day:expr) => {
        consultation::table
            .inner_join(action_program::table.on(consultation::program_id.eq(action_program::id)))
            .filter(
                consultation::member_id.eq_any($ids.iter().map(|id| id.as_str())).and(consultation::closes_on.le($day)),
            )
            .filter(action_program::publication.eq("published"))
            .group_by(consultation::member_id)
    };
}

/// Categories of participants: their dimension, their code and their column.
const CATEGORIES: [(&str, &str, &str); 6] = [
    ("sex", "women", "participants_women"),
    ("sex", "men", "participants_men"),
    ("age_group", "under_25", "participants_under_25"),
    ("age_group", "aged_25_to_59", "participants_25_to_59"),
    ("age_group", "aged_60_and_over", "participants_60_and_over"),
    ("association", "of_associations", "participants_of_associations"),
];

/// Who took part; whoever was not counted in a split is in none of its other categories.
fn participants(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Tallies, StoreError> {
    type Found = (String, i64, (i64, i64, i64, i64, i64, i64), i64);
    let [women, men, young, middle, old, associations] = CATEGORIES.map(|(.., column)| sum(column));
    // Who was counted and did not speak for an association.
    let others =
        sum("CASE WHEN participants_of_associations IS NOT NULL THEN participants - participants_of_associations END");
    let rows: Vec<Found> = over!(ids, day)
        .select((consultation::member_id, sum("participants"), (women, men, young, middle, old, associations), others))
        .load(conn)?;
    let mut tallies = Tallies::new();
    for (member, amount, (women, men, young, middle, old, associations), others) in rows {
        let mut tally = Tally::amount(amount);
        let known = CATEGORIES.iter().zip([women, men, young, middle, old, associations]);
        for ((dimension, category, _), number) in known {
            tally.part(dimension, category, number);
        }
        tally.part("association", "others", others);
        for dimension in ["sex", "age_group", "association"] {
            let known: i64 = tally.parts.get(dimension).into_iter().flat_map(|parts| parts.values()).sum();
            tally.part(dimension, "unspecified", amount - known);
        }
        tallies.insert(member, tally);
    }
    Ok(tallies)
}

/// A share of the participants, over the consultations that counted all of these columns: the first of them in all.
type Columns = [&'static str];

const WOMEN: [&str; 2] = ["participants_women", "participants_men"];
const YOUTH: [&str; 3] = ["participants_under_25", "participants_25_to_59", "participants_60_and_over"];

fn shares(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate, columns: &Columns) -> Result<Tallies, StoreError> {
    // A sum with an unknown part is unknown, and left out.
    let all = columns.join(" + ");
    let first = columns.first().copied().unwrap_or_default();
    let amount = sum(&format!("CASE WHEN {all} IS NOT NULL THEN {first} END"));
    let rows: Vec<(String, i64, i64)> =
        over!(ids, day).select((consultation::member_id, amount, sum(&all))).load(conn)?;
    let share = |(member, amount, out_of)| (member, Tally { amount, out_of, ..Tally::default() });
    Ok(rows.into_iter().map(share).collect())
}

/// The figures of a committee, as they are stored.
#[derive(Deserialize)]
struct Committee {
    size: i64,
    women: Option<i64>,
    civil_society: Option<i64>,
}

/// A share of the committees of the programmes that were there and not over, as far as it is known.
fn committees(
    conn: &mut Conn,
    ids: &[&Identifier],
    day: NaiveDate,
    part: impl Fn(&Committee) -> Option<i64>,
) -> Result<Tallies, StoreError> {
    let mut tallies = Tallies::new();
    let programmes = staged(conn, ids, day)?.into_iter();
    for programme in programmes.filter(|programme| programme.stage.is_some_and(|stage| !stage.is_over())) {
        let committee: Option<Committee> = programme.committee.as_deref().map(json::read).transpose()?;
        let known = committee.and_then(|committee| Some((part(&committee)?, committee.size)));
        if let Some((amount, out_of)) = known {
            tallies.entry(programme.member_id.into_string()).or_default().add(&Tally {
                amount,
                out_of,
                ..Tally::default()
            });
        }
    }
    Ok(tallies)
}

/// Projects of programmes that were there, by how they stood on the day. The rule is that of a project's own status
/// (`action_programs`), with the milestones that were done by then and the stage that the programme had come to.
fn projects(conn: &mut Conn, ids: &[&Identifier], day: NaiveDate) -> Result<Tallies, StoreError> {
    let programmes = staged(conn, ids, day)?;
    let of_project = || milestone::table.filter(milestone::project_id.eq(project::id));
    let is_open = || milestone::done_on.is_null().or(milestone::done_on.assume_not_null().gt(day));
    let has_open = || exists(of_project().filter(is_open()));
    let is_complete = || exists(of_project()).and(not(has_open()));
    let has_overdue = || exists(of_project().filter(milestone::due_on.lt(day)).filter(is_open()));
    let has_ended = || project::ends_on.is_not_null().and(project::ends_on.assume_not_null().lt(day));
    let has_begun = || {
        let is_done = milestone::done_on.is_not_null().and(milestone::done_on.assume_not_null().le(day));
        let by_date = project::starts_on.is_not_null().and(project::starts_on.assume_not_null().le(day));
        by_date.or(exists(of_project().filter(is_done)))
    };
    let own = || {
        project::table
            .filter(project::member_id.eq_any(ids.iter().map(|id| id.as_str())).and(project::is_public.eq(true)))
            .group_by(project::program_id)
            .select((project::program_id, count_star()))
    };
    let all = by_id(own().load(conn)?);
    let completed = by_id(own().filter(is_complete()).load(conn)?);
    let is_late = has_overdue().or(has_ended().and(not(is_complete())));
    let late = by_id(own().filter(is_late).load(conn)?);
    let not_started = by_id(own().filter(not(has_begun())).filter(not(has_overdue().or(has_ended()))).load(conn)?);
    let mut tallies = Tallies::new();
    for programme in programmes {
        let Some(stage) = programme.stage else { continue };
        let number = |counts: &HashMap<String, i64>| counts.get(programme.id.as_str()).copied().unwrap_or_default();
        let total = number(&all);
        let known = [("completed", number(&completed)), ("late", number(&late)), ("not_started", number(&not_started))];
        let rest = total - known.iter().map(|(_, number)| number).sum::<i64>();
        let tally = tallies.entry(programme.member_id.into_string()).or_default();
        tally.amount += total;
        if stage == Stage::Cancelled {
            tally.part("status", "cancelled", total);
            continue;
        }
        for (status, number) in known.into_iter().chain([("in_progress", rest)]) {
            tally.part("status", status, number);
        }
    }
    Ok(tallies)
}

fn by_id(rows: Vec<(String, i64)>) -> HashMap<String, i64> {
    rows.into_iter().collect()
}
