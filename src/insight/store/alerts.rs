//! What alerts are made from, read rule by rule: each with one statement that enters an index at the place where the page
//! begins, and never more rows than a page has. However large the network is, their number is fixed.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::{count_star, exists, not};

use super::super::rules::{Alert, Edge, Filters, Place, Rule, Subject, edge_of_days, edge_of_moments, sort};
use crate::db::prelude::*;
use crate::{
    action_programs::{Deadline, Stage},
    db::{
        Backend, Conn, Lookup, Stamp, StoreError, current_sequence, json,
        schema::{
            action_program, action_program_deadline, consultation, contribution, evaluation, member, milestone, project,
        },
    },
    kernel::{
        clock::{day_end, day_of},
        date::PartialDate,
        id::{Address, Identifier, Slug},
        paging::{Direction, Found, Listing},
    },
    members,
    territories::look_up_regions,
};

diesel::alias!(contribution as earlier: Earlier, member as owners: Owners, project as of_owners: OfOwners);

/// A page of alerts.
#[derive(Debug)]
pub struct Alerts {
    /// The page.
    pub found: Found<Alert>,
    /// How many of what the page tells of are in no sequence, since nobody has looked at them: when that changes, the
    /// page does.
    pub unseen: i64,
}

/// Reads a page of the list that begins behind a place, with at most nine statements, five more for a count, and
/// one for each filter that names something.
///
/// # Errors
/// The database's; [`StoreError::UnknownNames`].
pub fn alerts(conn: &mut Conn, listing: &Listing<Filters>, after: Option<&Place>) -> Result<Alerts, StoreError> {
    let Listing { filters, limit, count, .. } = listing;
    let filters = &resolved(conn, filters)?;
    let direction = filters.order.direction;
    // Before the rows: who pulls the changes from there misses nothing.
    let sequence = current_sequence(conn)?;
    let page = Page { filters, direction, after, limit: i64::from(*limit) + 1 };
    let mut rows = Vec::new();
    let (mut total, mut unseen) = (0, 0);
    for rule in Rule::ALL.iter().copied().filter(|rule| filters.wants(*rule)) {
        match rule {
            Rule::AdoptionLate => rows.extend(page.programs(conn, rule, late_adoptions(filters))?),
            Rule::ConsultationOverdue => rows.extend(page.programs(conn, rule, overdue_consultations(filters))?),
            Rule::EvaluationMissing => rows.extend(page.programs(conn, rule, missing_evaluations(filters))?),
            Rule::IdeaUnanswered => {
                rows.extend(page.ideas(conn)?);
                rows.extend(page.unseen_ideas(conn)?);
            }
            Rule::MilestoneLate => rows.extend(page.milestones(conn)?),
        }
        if *count {
            let (all, of_unseen) = counted(conn, filters, rule)?;
            (total, unseen) = (total + all + of_unseen, unseen + of_unseen);
        }
    }
    sort(&mut rows, direction);
    let total = Some(total).filter(|_| *count);
    let mut found = Found::of(rows, *limit, (sequence, total), |last| last.place().position());
    unseen += count_ideas(conn, filters, &mut found.rows)?;
    Ok(Alerts { found, unseen })
}

/// The filters with slugs for all that they name.
fn resolved(conn: &mut Conn, filters: &Filters) -> Result<Filters, StoreError> {
    let (mut lookup, mut filters) = (Lookup::default(), filters.clone());
    members::look_up(conn, &mut lookup, &mut filters.members)?;
    look_up_regions(conn, &mut lookup, &filters.regions)?;
    lookup.done()?;
    Ok(filters)
}

/// How many alerts of a rule there are, and how many of those are about what nobody has looked at.
fn counted(conn: &mut Conn, filters: &Filters, rule: Rule) -> Result<(i64, i64), StoreError> {
    Ok(match rule {
        Rule::AdoptionLate => (late_adoptions(filters).count().get_result(conn)?, 0),
        Rule::ConsultationOverdue => (overdue_consultations(filters).count().get_result(conn)?, 0),
        Rule::EvaluationMissing => (missing_evaluations(filters).count().get_result(conn)?, 0),
        Rule::IdeaUnanswered => {
            (open_ideas(filters).count().get_result(conn)?, first_unseen_ideas(filters).count().get_result(conn)?)
        }
        Rule::MilestoneLate => (late_milestones(filters).count().get_result(conn)?, 0),
    })
}

/// Which part of the list is read.
struct Page<'a> {
    filters: &'a Filters,
    direction: Direction,
    after: Option<&'a Place>,
    limit: i64,
}

/// Orders a boxed query by a column, closed by an id, and begins at an edge.
macro_rules! begin_at {
    ($query:expr, $column:expr, $id:expr, $direction:expr, $edge:expr) => {
        match ($direction, $edge) {
            (Direction::Ascending, edge) => {
                let query = $query.order(($column.asc(), $id.asc()));
                match edge {
                    Edge::Open => query,
                    Edge::At(value) => query.filter($column.ge(value)),
                    Edge::Beyond(value) => query.filter($column.gt(value)),
                    Edge::Behind(value, id) => {
                        query.filter($column.ge(value).and($column.gt(value).or($id.gt(id.into_string()))))
                    }
                }
            }
            (Direction::Descending, edge) => {
                let query = $query.order(($column.desc(), $id.desc()));
                match edge {
                    Edge::Open => query,
                    Edge::At(value) => query.filter($column.le(value)),
                    Edge::Beyond(value) => query.filter($column.lt(value)),
                    Edge::Behind(value, id) => {
                        query.filter($column.le(value).and($column.lt(value).or($id.lt(id.into_string()))))
                    }
                }
            }
        }
    };
}

/// Keeps what belongs to published programmes of members that have not left, of the members and regions that are wanted.
macro_rules! wanted {
    ($query:expr, $filters:expr) => {{
        let filters: &Filters = $filters;
        let mut query =
            $query.filter(action_program::publication.eq("published").and(member::status.ne("withdrawn"))).into_boxed();
        if !filters.members.is_empty() {
            query = query.filter(member::slug.eq_any(Address::texts(&filters.members)));
        }
        if !filters.regions.is_empty() {
            query = query.filter(action_program::region_code.eq_any(&filters.regions));
        }
        query
    }};
}

/// Last days beside their programmes and members.
type Programs = diesel::helper_types::InnerJoinOn<
    diesel::helper_types::InnerJoinOn<
        action_program_deadline::table,
        action_program::table,
        diesel::helper_types::Eq<action_program_deadline::program_id, action_program::id>,
    >,
    member::table,
    diesel::helper_types::Eq<action_program::member_id, member::id>,
>;
type Boxed<'a, Tables> = diesel::helper_types::IntoBoxed<'a, Tables, Backend>;

/// The programmes that a last day has been too long ago for a rule.
fn programs(filters: &Filters, rule: Rule, what: Deadline) -> Boxed<'_, Programs> {
    let tables = action_program_deadline::table
        .inner_join(action_program::table.on(action_program_deadline::program_id.eq(action_program::id)))
        .inner_join(member::table.on(action_program::member_id.eq(member::id)));
    let is_over = action_program_deadline::last_on.le(filters.latest(rule));
    wanted!(tables, filters).filter(action_program_deadline::what.eq(what.as_str()).and(is_over))
}

/// The round that a programme's announced consultation is: the one on draft projects.
const DRAFT_PROJECTS: i64 = 2;

fn codes(stages: &[Stage]) -> Vec<&'static str> {
    stages.iter().map(|stage| stage.as_str()).collect()
}

fn late_adoptions(filters: &Filters) -> Boxed<'_, Programs> {
    let not_adopted = codes(&[Stage::Draft, Stage::CoCreation, Stage::Consultation, Stage::Validated]);
    let adopted_late = action_program::stage
        .eq(Stage::Adopted.as_str())
        .nullable()
        .and(action_program::council_session_on.gt(action_program_deadline::last_on.nullable()));
    programs(filters, Rule::AdoptionLate, Deadline::Adoption)
        .filter(action_program::stage.eq_any(not_adopted).nullable().or(adopted_late))
}

fn overdue_consultations(filters: &Filters) -> Boxed<'_, Programs> {
    let begun = consultation::table
        .filter(consultation::program_id.eq(action_program::id))
        .filter(consultation::round.eq(DRAFT_PROJECTS).and(consultation::opens_on.le(filters.today)));
    programs(filters, Rule::ConsultationOverdue, Deadline::Consultation)
        .filter(action_program::stage.eq_any(codes(&[Stage::Draft, Stage::CoCreation])))
        .filter(not(exists(begun)))
}

fn missing_evaluations(filters: &Filters) -> Boxed<'_, Programs> {
    let evaluated = evaluation::table
        .filter(evaluation::program_id.eq(action_program::id))
        .filter(evaluation::kind.eq("final").and(evaluation::publication.eq("published")));
    programs(filters, Rule::EvaluationMissing, Deadline::Implementation).filter(not(exists(evaluated)))
}

type Milestones = diesel::helper_types::InnerJoinOn<
    diesel::helper_types::InnerJoinOn<
        diesel::helper_types::InnerJoinOn<
            milestone::table,
            project::table,
            diesel::helper_types::Eq<milestone::project_id, project::id>,
        >,
        action_program::table,
        diesel::helper_types::Eq<project::program_id, action_program::id>,
    >,
    member::table,
    diesel::helper_types::Eq<action_program::member_id, member::id>,
>;

fn late_milestones(filters: &Filters) -> Boxed<'_, Milestones> {
    let tables = milestone::table
        .inner_join(project::table.on(milestone::project_id.eq(project::id)))
        .inner_join(action_program::table.on(project::program_id.eq(action_program::id)))
        .inner_join(member::table.on(action_program::member_id.eq(member::id)));
    let latest = filters.latest(Rule::MilestoneLate);
    let mut query = wanted!(tables, filters)
        .filter(milestone::done_on.is_null().and(milestone::due_on.le(latest)))
        .filter(action_program::stage.ne_all(codes(&[Stage::Closed, Stage::Cancelled])));
    // So that a part of the network is read by its projects, and not by all that is late.
    if !filters.members.is_empty() {
        let members = owners
            .filter(owners.field(member::slug).eq_any(Address::texts(&filters.members)))
            .select(owners.field(member::id));
        let has_late = of_owners.field(project::next_due_on).le(latest);
        let own = of_owners.filter(of_owners.field(project::member_id).eq_any(members).and(has_late));
        query = query.filter(milestone::project_id.eq_any(own.select(of_owners.field(project::id))));
    }
    query
}

type Ideas = diesel::helper_types::InnerJoinOn<
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
    diesel::helper_types::Eq<action_program::member_id, member::id>,
>;

fn ideas(filters: &Filters) -> Boxed<'_, Ideas> {
    let tables = contribution::table
        .inner_join(consultation::table.on(contribution::consultation_id.eq(consultation::id)))
        .inner_join(action_program::table.on(consultation::program_id.eq(action_program::id)))
        .inner_join(member::table.on(action_program::member_id.eq(member::id)));
    wanted!(tables, filters)
        .filter(contribution::decision.is_null().and(contribution::created_at.lt(waiting_since(filters))))
        .filter(action_program::stage.ne_all(codes(&[Stage::Closed, Stage::Cancelled])))
}

/// What came in before this moment has been waiting for too long.
fn waiting_since(filters: &Filters) -> NaiveDateTime {
    day_end(filters.latest(Rule::IdeaUnanswered)).naive_utc()
}

fn open_ideas(filters: &Filters) -> Boxed<'_, Ideas> {
    ideas(filters).filter(contribution::moderation.eq("published"))
}

/// Of each consultation the first contribution that nobody has looked at.
fn first_unseen_ideas(filters: &Filters) -> Boxed<'_, Ideas> {
    let (created_at, id) = (earlier.field(contribution::created_at), earlier.field(contribution::id));
    let before = created_at
        .lt(contribution::created_at)
        .or(created_at.eq(contribution::created_at).and(id.lt(contribution::id)));
    let another = earlier
        .filter(earlier.field(contribution::consultation_id).eq(contribution::consultation_id))
        .filter(earlier.field(contribution::moderation).eq("pending").and(before));
    ideas(filters).filter(contribution::moderation.eq("pending")).filter(not(exists(another)))
}

/// What every alert takes from its programme and member.
#[derive(Queryable, Selectable)]
#[diesel(table_name = action_program)]
struct ProgramPart {
    slug: String,
    stage: String,
    region_code: String,
}

/// An alert about something with an id, that counts from a day.
fn alert(
    (rule, id, subject): (Rule, String, Subject),
    counted_from: NaiveDate,
    (program, member): (ProgramPart, String),
) -> Result<Alert, StoreError> {
    Ok(Alert {
        rule,
        id: Identifier::stored(id),
        subject,
        counted_from,
        came_in_at: None,
        program: Slug::try_from(program.slug).map_err(StoreError::corrupt)?,
        stage: program.stage.parse().map_err(StoreError::corrupt)?,
        member: Slug::try_from(member).map_err(StoreError::corrupt)?,
        region_code: program.region_code,
    })
}

/// An alert about contributions, that counts from the day on which the first of them came in.
fn of_ideas(
    what: (Rule, String, Subject),
    came_in_at: Stamp,
    whose: (ProgramPart, String),
) -> Result<Alert, StoreError> {
    let came_in_at = NaiveDateTime::from(came_in_at).and_utc();
    Ok(Alert { came_in_at: Some(came_in_at), ..alert(what, day_of(came_in_at), whose)? })
}

/// What is read of a programme: id and title, the last day, the council's session.
type ProgramRow = ((String, String), NaiveDate, (Option<NaiveDate>, Option<String>), ProgramPart, String);

fn of_program(rule: Rule, row: ProgramRow) -> Result<Alert, StoreError> {
    let ((id, title), last_on, (session, precision), program, member) = row;
    let adopted_on = PartialDate::from_columns(session, precision.as_deref()).map_err(StoreError::corrupt)?;
    // A programme that is adopted has an alert by this rule only where it was late.
    let adopted_on = adopted_on.filter(|_| rule == Rule::AdoptionLate && program.stage == Stage::Adopted.as_str());
    let subject = Subject::Program { title: json::read(&title)?, adopted_on };
    alert((rule, id, subject), last_on, (program, member))
}

impl Page<'_> {
    fn edge(&self, rule: Rule) -> Edge<NaiveDate> {
        edge_of_days(rule, self.direction, self.after)
    }

    fn programs(&self, conn: &mut Conn, rule: Rule, query: Boxed<'_, Programs>) -> Result<Vec<Alert>, StoreError> {
        let query = query.limit(self.limit).select((
            (action_program::id, action_program::title),
            action_program_deadline::last_on,
            (action_program::council_session_on, action_program::council_session_on_precision),
            ProgramPart::as_select(),
            member::slug,
        ));
        let (last_on, id) = (action_program_deadline::last_on, action_program_deadline::program_id);
        let rows: Vec<ProgramRow> = begin_at!(query, last_on, id, self.direction, self.edge(rule)).load(conn)?;
        rows.into_iter().map(|row| of_program(rule, row)).collect()
    }

    fn milestones(&self, conn: &mut Conn) -> Result<Vec<Alert>, StoreError> {
        type Row = ((String, NaiveDate, String, String), ProgramPart, String);
        let (rule, column) = (Rule::MilestoneLate, milestone::due_on);
        let query = late_milestones(self.filters).limit(self.limit).select((
            (milestone::id, column, milestone::project_id, milestone::title),
            ProgramPart::as_select(),
            member::slug,
        ));
        let query = begin_at!(query, column, milestone::id, self.direction, self.edge(rule));
        let rows: Vec<Row> = query.load(conn)?;
        let read = |((id, day, project_id, title), program, member): Row| {
            let subject = Subject::Milestone { project_id, title: json::read(&title)? };
            alert((rule, id, subject), day, (program, member))
        };
        rows.into_iter().map(read).collect()
    }

    fn ideas(&self, conn: &mut Conn) -> Result<Vec<Alert>, StoreError> {
        type Row = ((String, Stamp, String), ProgramPart, String);
        let (rule, column) = (Rule::IdeaUnanswered, contribution::created_at);
        let query = open_ideas(self.filters).limit(self.limit).select((
            (contribution::id, column, contribution::consultation_id),
            ProgramPart::as_select(),
            member::slug,
        ));
        let edge = edge_of_moments(rule, self.direction, self.after);
        let query = begin_at!(query, column, contribution::id, self.direction, edge);
        let rows: Vec<Row> = query.load(conn)?;
        let read = |((id, at, consultation_id), program, member): Row| {
            of_ideas((rule, id, Subject::Idea { consultation_id }), at, (program, member))
        };
        rows.into_iter().map(read).collect()
    }

    /// One alert of a consultation; how many wait is counted for those that make it onto the page.
    fn unseen_ideas(&self, conn: &mut Conn) -> Result<Vec<Alert>, StoreError> {
        type Row = ((String, Stamp, String), ProgramPart, String);
        let (rule, column) = (Rule::IdeaUnanswered, contribution::created_at);
        let query = first_unseen_ideas(self.filters).limit(self.limit).select((
            (consultation::id, column, consultation::title),
            ProgramPart::as_select(),
            member::slug,
        ));
        let edge = edge_of_moments(rule, self.direction, self.after);
        let query = begin_at!(query, column, consultation::id, self.direction, edge);
        let rows: Vec<Row> = query.load(conn)?;
        let read = |((id, at, title), program, member): Row| {
            let subject = Subject::Ideas { title: json::read(&title)?, count: 0 };
            of_ideas((rule, id, subject), at, (program, member))
        };
        rows.into_iter().map(read).collect()
    }
}

/// Gives the alerts about what nobody has looked at their counts, with one statement where there are any; returns the sum.
fn count_ideas(conn: &mut Conn, filters: &Filters, alerts: &mut [Alert]) -> Result<i64, StoreError> {
    let unseen = |alert: &&Alert| matches!(alert.subject, Subject::Ideas { .. });
    let ids: Vec<&str> = alerts.iter().filter(unseen).map(|alert| alert.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    let counts: Vec<(String, i64)> = contribution::table
        .filter(contribution::consultation_id.eq_any(ids))
        .filter(contribution::moderation.eq("pending").and(contribution::created_at.lt(waiting_since(filters))))
        .group_by(contribution::consultation_id)
        .select((contribution::consultation_id, count_star()))
        .load(conn)?;
    let sum = counts.iter().map(|(_, count)| count).sum();
    let counts: HashMap<String, i64> = counts.into_iter().collect();
    for alert in alerts {
        if let Subject::Ideas { count, .. } = &mut alert.subject {
            *count = counts.get(alert.id.as_str()).copied().unwrap_or_default();
        }
    }
    Ok(sum)
}
