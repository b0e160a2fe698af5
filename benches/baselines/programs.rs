//! What `benches/programs.py` measures a programme against: a handler written by hand for this one answer, with the same
//! statements over its own pool, that passes stored JSON on as it is and knows neither languages nor validators.

use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    Connection, PgConnection, SqliteConnection,
    connection::SimpleConnection as _,
    prelude::*,
    r2d2::{ConnectionManager, Pool},
};
use remacto::db::{
    SequenceColumn,
    schema::{
        action_program, action_program_axis, action_program_axis_principle, action_program_commitment, member,
        milestone, project,
    },
};
use serde::Serialize;
use serde_json::value::RawValue;

/// A programme as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = action_program)]
struct ProgramRow {
    id: String,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    slug: String,
    region_code: String,
    cycle: i64,
    title: String,
    summary: Option<String>,
    publication: String,
    stage: String,
    stage_since: Option<NaiveDate>,
    reached: String,
    planned: String,
    council_session_on: Option<NaiveDate>,
    decision_reference: Option<String>,
    implementation_from: Option<NaiveDate>,
    implementation_until: Option<NaiveDate>,
    committee: Option<String>,
    stakeholders: String,
    documents: String,
    provenance: String,
    source: Option<String>,
}

/// A project as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = project)]
struct ProjectRow {
    id: String,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    code: String,
    axis_id: Option<String>,
    title: String,
    problem: Option<String>,
    solution: Option<String>,
    expected_results: String,
    responsible_unit: Option<String>,
    partners: String,
    budget_centimes: Option<i64>,
    budget_currency: Option<String>,
    starts_on: Option<NaiveDate>,
    ends_on: Option<NaiveDate>,
    milestones_total: i64,
    milestones_done: i64,
    next_due_on: NaiveDate,
}

/// A milestone as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = milestone)]
struct MilestoneRow {
    id: String,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    project_id: String,
    position: i64,
    title: String,
    due_on: NaiveDate,
    done_on: Option<NaiveDate>,
}

#[derive(Serialize)]
struct Axis {
    id: String,
    title: Box<RawValue>,
    principles: Vec<String>,
}

#[derive(Serialize)]
struct ProjectOut {
    id: String,
    version: i64,
    created_at: String,
    updated_at: String,
    program: String,
    member: String,
    code: String,
    axis_id: Option<String>,
    title: Box<RawValue>,
    problem: Option<Box<RawValue>>,
    solution: Option<Box<RawValue>>,
    expected_results: Box<RawValue>,
    responsible_unit: Option<Box<RawValue>>,
    partners: Box<RawValue>,
    budget_centimes: Option<i64>,
    budget_currency: Option<String>,
    starts_on: Option<NaiveDate>,
    ends_on: Option<NaiveDate>,
    milestones_total: i64,
    milestones_done: i64,
    is_late: bool,
    this: String,
}

#[derive(Serialize)]
struct MilestoneOut {
    id: String,
    version: i64,
    created_at: String,
    updated_at: String,
    project_id: String,
    position: i64,
    title: Box<RawValue>,
    due_on: NaiveDate,
    done_on: Option<NaiveDate>,
    is_late: bool,
    this: String,
}

#[derive(Serialize)]
struct ProgramOut {
    id: String,
    version: i64,
    created_at: String,
    updated_at: String,
    slug: String,
    member: String,
    region_code: String,
    cycle: i64,
    title: Box<RawValue>,
    summary: Option<Box<RawValue>>,
    publication: String,
    stage: String,
    stage_since: Option<NaiveDate>,
    reached: Box<RawValue>,
    planned: Box<RawValue>,
    council_session_on: Option<NaiveDate>,
    decision_reference: Option<String>,
    implementation_from: Option<NaiveDate>,
    implementation_until: Option<NaiveDate>,
    committee: Option<Box<RawValue>>,
    axes: Vec<Axis>,
    commitments: Vec<String>,
    stakeholders: Box<RawValue>,
    documents: Box<RawValue>,
    provenance: String,
    source: Option<String>,
    sequence: i64,
    projects: Vec<ProjectOut>,
    milestones: Vec<MilestoneOut>,
}

fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).expect("stored JSON")
}

fn moment(at: NaiveDateTime) -> String {
    at.and_utc().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// What the statements find.
struct Found {
    row: ProgramRow,
    member: String,
    sequence: i64,
    axes: Vec<(String, String, Option<String>)>,
    commitments: Vec<String>,
    projects: Vec<(ProjectRow, String, String)>,
    milestones: Vec<(MilestoneRow, bool)>,
}

macro_rules! handler {
    ($name:ident, $conn:ty) => {
        fn $name(conn: &mut $conn, slug: &str) -> Found {
            let (row, member_slug, sequence): (ProgramRow, String, i64) = action_program::table
                .inner_join(member::table.on(action_program::member_id.eq(member::id)))
                .filter(action_program::slug.eq(slug))
                .select((ProgramRow::as_select(), member::slug, SequenceColumn))
                .first(conn)
                .expect("the programme is there");
            let axes: Vec<(String, String, Option<String>)> = action_program_axis::table
                .left_join(
                    action_program_axis_principle::table
                        .on(action_program_axis_principle::axis_id.eq(action_program_axis::id)),
                )
                .filter(action_program_axis::program_id.eq_any([&row.id]))
                .order((
                    action_program_axis::program_id,
                    action_program_axis::position,
                    action_program_axis_principle::principle,
                ))
                .select((
                    action_program_axis::id,
                    action_program_axis::title,
                    action_program_axis_principle::principle.nullable(),
                ))
                .load(conn)
                .expect("the axes are read");
            let commitments: Vec<String> = action_program_commitment::table
                .filter(action_program_commitment::program_id.eq_any([&row.id]))
                .order((action_program_commitment::program_id, action_program_commitment::commitment))
                .select(action_program_commitment::commitment)
                .load(conn)
                .expect("the commitments are read");
            let projects: Vec<(ProjectRow, String, String)> = project::table
                .inner_join(action_program::table.on(project::program_id.eq(action_program::id)))
                .inner_join(member::table.on(project::member_id.eq(member::id)))
                .filter(project::program_id.eq_any([&row.id]))
                .order((project::program_id, project::id))
                .select((ProjectRow::as_select(), action_program::slug, member::slug))
                .load(conn)
                .expect("the projects are read");
            let ids: Vec<&String> = projects.iter().map(|(project, ..)| &project.id).collect();
            let milestones: Vec<(MilestoneRow, bool)> = milestone::table
                .inner_join(project::table.on(milestone::project_id.eq(project::id)))
                .filter(milestone::project_id.eq_any(ids))
                .order((milestone::project_id, milestone::position, milestone::id))
                .select((MilestoneRow::as_select(), project::is_public))
                .load(conn)
                .expect("the milestones are read");
            Found { row, member: member_slug, sequence, axes, commitments, projects, milestones }
        }
    };
}
handler!(from_sqlite, SqliteConnection);
handler!(from_pg, PgConnection);

/// The answer that is made of it.
fn written(found: Found) -> ProgramOut {
    let (row, today) = (found.row, remacto::kernel::clock::Clock::default().today());
    let mut axes: Vec<Axis> = Vec::new();
    for (id, title, principle) in found.axes {
        match axes.last_mut().filter(|last| last.id == id) {
            Some(last) => last.principles.extend(principle),
            None => axes.push(Axis { id, title: raw(title), principles: principle.into_iter().collect() }),
        }
    }
    let milestones = found.milestones.into_iter().map(|(step, _)| MilestoneOut {
        this: format!("/api/v1/projects/{}/milestones/{}", step.project_id, step.id),
        created_at: moment(step.created_at),
        updated_at: moment(step.updated_at),
        is_late: step.done_on.unwrap_or(today) > step.due_on,
        id: step.id,
        version: step.version,
        project_id: step.project_id,
        position: step.position,
        title: raw(step.title),
        due_on: step.due_on,
        done_on: step.done_on,
    });
    let projects = found.projects.into_iter().map(|(project, program, member)| ProjectOut {
        this: format!("/api/v1/projects/{}", project.id),
        created_at: moment(project.created_at),
        updated_at: moment(project.updated_at),
        is_late: project.next_due_on < today,
        id: project.id,
        version: project.version,
        program,
        member,
        code: project.code,
        axis_id: project.axis_id,
        title: raw(project.title),
        problem: project.problem.map(raw),
        solution: project.solution.map(raw),
        expected_results: raw(project.expected_results),
        responsible_unit: project.responsible_unit.map(raw),
        partners: raw(project.partners),
        budget_centimes: project.budget_centimes,
        budget_currency: project.budget_currency,
        starts_on: project.starts_on,
        ends_on: project.ends_on,
        milestones_total: project.milestones_total,
        milestones_done: project.milestones_done,
    });
    ProgramOut {
        created_at: moment(row.created_at),
        updated_at: moment(row.updated_at),
        id: row.id,
        version: row.version,
        slug: row.slug,
        member: found.member,
        region_code: row.region_code,
        cycle: row.cycle,
        title: raw(row.title),
        summary: row.summary.map(raw),
        publication: row.publication,
        stage: row.stage,
        stage_since: row.stage_since,
        reached: raw(row.reached),
        planned: raw(row.planned),
        council_session_on: row.council_session_on,
        decision_reference: row.decision_reference,
        implementation_from: row.implementation_from,
        implementation_until: row.implementation_until,
        committee: row.committee.map(raw),
        axes,
        commitments: found.commitments,
        stakeholders: raw(row.stakeholders),
        documents: raw(row.documents),
        provenance: row.provenance,
        source: row.source,
        sequence: found.sequence,
        projects: projects.collect(),
        milestones: milestones.collect(),
    }
}

/// Serves the programme with a slug at every path.
pub fn serve(bind: SocketAddr, database: &str, slug: &str, connections: u32) {
    if database.starts_with("postgres") {
        run::<PgConnection>(bind, database, slug, connections, from_pg, |_| {});
    } else {
        let setup = |conn: &mut SqliteConnection| conn.batch_execute("PRAGMA query_only = ON").expect("a setting");
        run::<SqliteConnection>(bind, database, slug, connections, from_sqlite, setup);
    }
}

fn run<C>(
    bind: SocketAddr,
    database: &str,
    slug: &str,
    connections: u32,
    program: fn(&mut C, &str) -> Found,
    setup: fn(&mut C),
) where
    C: Connection + diesel::r2d2::R2D2Connection + 'static,
{
    let pool = Pool::builder().max_size(connections).build(ConnectionManager::<C>::new(database));
    let pool = pool.expect("the database opens");
    let slug = slug.to_owned();
    let served = HttpServer::new(move || {
        let (pool, slug) = (pool.clone(), slug.clone());
        let answer = move || {
            let (pool, slug) = (pool.clone(), slug.clone());
            async move {
                let work = move || {
                    let mut conn = pool.get().expect("a connection");
                    setup(&mut conn);
                    serde_json::to_vec(&written(program(&mut conn, &slug))).expect("JSON")
                };
                let body = web::block(work).await.expect("the work ends");
                HttpResponse::Ok().content_type("application/json").body(body)
            }
        };
        App::new().default_service(web::to(answer))
    });
    let served = served.worker_max_blocking_threads(usize::try_from(connections).expect("few connections"));
    actix_web::rt::System::new().block_on(served.bind(bind).expect("the address is free").run()).expect("it serves");
}
