//! The plans of filtered lists at the country's size: whatever is filtered, both databases enter by an index.

use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection,
    connection::SimpleConnection as _, sql_query, sql_types,
};
use remacto::{
    assessments,
    db::{Db, Deed, StoreError, Target},
    registry::REGISTRY,
};

use crate::support::{TestServer, accounts::OPERATOR, postgres, server::sqlite_database};

#[path = "../../benches/baselines/national.rs"]
mod national;

/// Fills a database with the country's members, programmes, projects and assessments, and gathers its statistics.
fn filled(target: &Target) {
    let db = Db::open(target, 1, &REGISTRY).unwrap();
    let load = db.write_blocking(&OPERATOR, |tx| {
        national::add_members(tx, national::INSTITUTIONS)?;
        let added = national::add_programs(tx)?;
        assert_eq!(national::add_indicators(tx, MEASURED)?, MEASURED * national::INDICATORS_EACH);
        assert!(assessments::load_illustrative(tx)? > 10_000);
        tx.audit(Deed::loaded("national load", added));
        for number in 1..=SHARED_A_MEMBER {
            tx.conn.batch_execute(&shared(number))?;
        }
        tx.conn.batch_execute("ANALYZE")?;
        Ok::<_, StoreError>(added)
    });
    assert_eq!(load.unwrap(), national::PROGRAMS);
}

/// How many programmes have indicators here.
const MEASURED: usize = 100;

/// How many practices every member has, and how many collaborations and events it leads and hosts.
const SHARED_A_MEMBER: usize = 5;

/// What adds one practice, collaboration and event of every member, with others taking part.
fn shared(number: usize) -> String {
    let id = format!("substr(m.id, 1, 34) || '0{number}'");
    let columns = "id, version, created_at, updated_at, title, title_fr_folded, title_ar_folded, search_text, documents, publication, published_on, provenance";
    let day = format!("2025-0{number}-01");
    let values = format!(
        "{id}, 1, '{day} 00:00:00', '{day} 00:00:00', '{{}}', m.slug, m.slug, m.slug, '[]', 'published', '{day}', 'official'"
    );
    let kind = ["twinning", "shared_service", "peer_learning", "joint_project", "convention"][number - 1];
    let (country, reach) = [("'MA'", "national"), ("'KE'", "continental")][number % 2];
    let link = |links: &str, link: &str| {
        format!(
            "INSERT INTO {links} ({link}, member_id, confirmed_at) SELECT {id}, m.id, '{day} 00:00:00' FROM member m;
             INSERT INTO {links} ({link}, member_id, confirmed_at) SELECT {id}, (SELECT min(o.id) FROM member o WHERE o.id > m.id), '{day} 00:00:00' FROM member m WHERE m.id < (SELECT max(id) FROM member);"
        )
    };
    let principle = ["transparency", "accountability"][number % 2];
    format!(
        "INSERT INTO practice ({columns}, member_id, territory_code, story) SELECT {values}, m.id, m.territory_code, '{{}}' FROM member m;
         INSERT INTO practice_principle (practice_id, principle) SELECT {id}, '{principle}' FROM member m;
         INSERT INTO collaboration ({columns}, lead_id, kind, purpose, starts_on, starts_on_precision, runs_until)
         SELECT {values}, m.id, '{kind}', '{{}}', '{day}', 'day', '2025-0{number}-20' FROM member m;
         INSERT INTO event ({columns}, host_id, reach, is_online, country, starts_on, ends_on)
         SELECT {values}, m.id, '{reach}', FALSE, {country}, '{day}', '2025-0{number}-03' FROM member m;
         {} {}",
        link("collaboration_member", "collaboration_id"),
        link("event_member", "event_id")
    )
}

/// Every filter of the lists, alone; `q` can't use an index, since it looks for parts of words.
const LISTS: &[&str] = &[
    "/api/v1/action-programs?",
    "/api/v1/action-programs?member=commune-agadir",
    "/api/v1/action-programs?region=01",
    "/api/v1/action-programs?region=01,04",
    "/api/v1/action-programs?stage=validated",
    "/api/v1/action-programs?cycle=2",
    "/api/v1/action-programs?principle=transparency",
    "/api/v1/action-programs?commitment=visibility",
    "/api/v1/action-programs?provenance=illustrative",
    "/api/v1/action-programs?updated_since=2020-01-01",
    "/api/v1/action-programs?updated_since=2199-01-01",
    "/api/v1/action-programs?sort=title_fr",
    "/api/v1/action-programs?sort=-title_ar",
    "/api/v1/projects?",
    "/api/v1/projects?program=commune-agadir-cycle-1",
    "/api/v1/projects?member=commune-agadir",
    "/api/v1/projects?region=01",
    "/api/v1/projects?principle=transparency",
    "/api/v1/projects?commitment=visibility",
    "/api/v1/projects?status=not_started",
    "/api/v1/projects?status=in_progress",
    "/api/v1/projects?status=late",
    "/api/v1/projects?status=completed",
    "/api/v1/projects?status=cancelled",
    "/api/v1/projects?updated_since=2020-01-01",
    "/api/v1/projects?updated_since=2199-01-01",
    "/api/v1/projects?sort=title_fr",
    "/api/v1/projects?sort=-title_ar",
    "/api/v1/consultations?",
    "/api/v1/consultations?program=commune-agadir-cycle-1",
    "/api/v1/consultations?member=commune-agadir",
    "/api/v1/consultations?region=01",
    "/api/v1/consultations?round=2",
    "/api/v1/consultations?kind=online",
    "/api/v1/consultations?open=true",
    "/api/v1/consultations?open=false",
    "/api/v1/consultations?updated_since=2020-01-01",
    "/api/v1/consultations?updated_since=2199-01-01",
    "/api/v1/consultations?sort=-opens_on",
    "/api/v1/action-programs/commune-agadir-cycle-1/evaluations?",
    "/api/v1/action-programs/commune-agadir-cycle-1/evaluations?voice=self",
    "/api/v1/practices?",
    "/api/v1/practices?member=commune-agadir",
    "/api/v1/practices?region=01",
    "/api/v1/practices?principle=transparency",
    "/api/v1/practices?territory=01.331.01.03",
    "/api/v1/practices?provenance=official",
    "/api/v1/practices?updated_since=2199-01-01",
    "/api/v1/practices?sort=title_fr",
    "/api/v1/practices?sort=-title_ar",
    "/api/v1/collaborations?",
    "/api/v1/collaborations?member=commune-agadir",
    "/api/v1/collaborations?region=01",
    "/api/v1/collaborations?kind=twinning",
    "/api/v1/collaborations?on=2025-03-15",
    "/api/v1/collaborations?sort=-starts_on",
    "/api/v1/events?",
    "/api/v1/events?member=commune-agadir",
    "/api/v1/events?region=01",
    "/api/v1/events?reach=continental",
    "/api/v1/events?country=KE,SN",
    "/api/v1/events?from=2025-03-01&until=2025-03-31",
    "/api/v1/events?from=2025-06-01",
    "/api/v1/events?sort=starts_on",
];

/// The rules of alerts, alone; each has one statement for its rows, ideas have two.
const ALERTS: &[&str] = &[
    "/api/v1/network/alerts?rule=adoption_late",
    "/api/v1/network/alerts?rule=consultation_overdue&sort=since",
    "/api/v1/network/alerts?rule=evaluation_missing",
    "/api/v1/network/alerts?rule=idea_unanswered",
    "/api/v1/network/alerts?rule=milestone_late",
    "/api/v1/network/alerts?rule=milestone_late&sort=since",
    "/api/v1/network/alerts?rule=milestone_late&region=01",
    "/api/v1/members/commune-agadir/alerts?rule=milestone_late",
];

/// What is computed of a part of the network; of all of it everything is read, whatever the way.
const FIGURES: &[&str] = &[
    "/api/v1/network/indicators/projects-by-status?member=commune-agadir",
    "/api/v1/network/indicators/milestones-late?member=commune-agadir",
    "/api/v1/network/indicators/ideas-answered-with-reasons?member=commune-agadir",
    "/api/v1/network/indicators/days-from-idea-to-answer?member=commune-agadir",
    "/api/v1/network/indicators/consultation-participants?member=commune-agadir",
    "/api/v1/network/indicators/consultations-held?member=commune-agadir",
    "/api/v1/network/indicators/committee-women-share?member=commune-agadir",
];

/// The statements that figures are computed from.
fn figure_statements(server: &TestServer, path: &str) -> Vec<String> {
    let ask = || server.get_with(path, &[("Cache-Control", "no-cache")]).ok();
    let (_, statements) = server.db.statements_during(ask);
    let found: Vec<String> = statements.into_iter().filter(|sql| sql.contains(" FROM ")).collect();
    assert!(found.iter().any(|sql| sql.contains("member_status")), "{path} asks for no members: {found:?}");
    found
}

/// Lists of assessments. PostgreSQL reads all members at once beside them where that is quicker.
const ASSESSMENTS: &[&str] = &[
    "/api/v1/assessments?",
    "/api/v1/assessments?member=commune-agadir",
    "/api/v1/assessments?region=01",
    "/api/v1/assessments?year=2025",
    "/api/v1/assessments?commitment=visibility&year=2025",
    "/api/v1/assessments?updated_since=2199-01-01",
    "/api/v1/members/commune-agadir/assessments?voice=self",
];

/// A member's scorecard, of which every statement enters by an index.
const CARD: &str = "/api/v1/members/commune-agadir/scorecard";

/// The statements of a member's scorecard, those on the charter apart, which is small.
fn card_statements(server: &TestServer) -> Vec<String> {
    let ask = || server.get_with(CARD, &[("Cache-Control", "no-cache")]).ok();
    let (_, statements) = server.db.statements_during(ask);
    let found: Vec<String> =
        statements.into_iter().filter(|sql| sql.contains(" FROM ") && !sql.contains("charter_")).collect();
    assert!(found.len() > 10, "{found:?}");
    found
}

/// The statements that read the rows of alerts.
fn alert_statements(server: &TestServer, path: &str) -> Vec<String> {
    let ask = || server.get_with(&format!("{path}&limit=50"), &[("Cache-Control", "no-cache")]).ok();
    let (_, statements) = server.db.statements_during(ask);
    let found: Vec<String> = statements.into_iter().filter(|sql| sql.contains("withdrawn")).collect();
    assert!(!found.is_empty(), "{path} reads no rows");
    found
}

/// The statements that a list sends: the one that reads its rows, those for what belongs to them, and those that look up what
/// its filters name; without those on the charter, which is small.
fn statements(server: &TestServer, path: &str) -> Vec<String> {
    let ask = || server.get_with(&format!("{path}&limit=50"), &[("Cache-Control", "no-cache")]).ok();
    let (_, statements) = server.db.statements_during(ask);
    let found: Vec<String> =
        statements.into_iter().filter(|sql| sql.contains(" FROM ") && !sql.contains("charter_item")).collect();
    assert!(found.iter().any(|sql| sql.contains("sequence_counter")), "{path} reads no rows: {found:?}");
    found
}

/// A statement and its values, as Diesel shows them.
fn parts(shown: &str) -> (&str, Vec<String>) {
    let (sql, values) = shown.split_once(" -- binds: [").unwrap();
    let values = values.strip_suffix(']').unwrap();
    let mut found = Vec::new();
    let (mut value, mut quoted, mut depth) = (String::new(), false, 0);
    for c in values.chars() {
        depth += i32::from(c == '[') - i32::from(c == ']');
        match c {
            '"' => {
                quoted = !quoted;
                value.push('\'');
            }
            ',' if !quoted && depth == 0 => found.push(std::mem::take(&mut value)),
            c => value.push(c),
        }
    }
    found.push(value);
    let literal = |value: &String| {
        let value = value.trim();
        if value == "[]" {
            return "'{}'".to_owned();
        }
        if value.starts_with('[') {
            return format!("ARRAY{value}");
        }
        let is_plain = value.starts_with('\'') || value.parse::<i64>().is_ok() || value == "true" || value == "false";
        if is_plain { value.to_owned() } else { format!("'{value}'") }
    };
    (sql, found.iter().map(literal).collect())
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = sql_types::Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = sql_types::Text, column_name = "QUERY PLAN")]
    line: String,
}

#[test]
fn every_filter_uses_an_index_on_sqlite() {
    let (_folder, file) = sqlite_database();
    let target = Target::Sqlite(file.clone());
    filled(&target);
    let server = TestServer::over(target, &[]);
    // Some rows were written behind the program's back, and are nowhere published.
    server.execute("ANALYZE").unwrap();
    let mut conn = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    let statements = LISTS.iter().flat_map(|path| statements(&server, path).into_iter().map(|sql| (*path, sql)));
    let figures = FIGURES.iter().flat_map(|path| figure_statements(&server, path).into_iter().map(|sql| (*path, sql)));
    let of_alerts = ALERTS.iter().flat_map(|path| alert_statements(&server, path).into_iter().map(|sql| (*path, sql)));
    let of_assessments =
        ASSESSMENTS.iter().flat_map(|path| self::statements(&server, path).into_iter().map(|sql| (*path, sql)));
    let of_card = card_statements(&server).into_iter().map(|sql| (CARD, sql));
    let mut covered = 0;
    for (path, statement) in figures.chain(statements).chain(of_alerts).chain(of_assessments).chain(of_card) {
        // The plan does not depend on the values: SQLite is built with ENABLE_QPSG.
        let (sql, _) = parts(&statement);
        let steps: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut conn).unwrap();
        let details: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
        let scans = details.iter().filter(|step| step.starts_with("SCAN") && !step.contains("INDEX"));
        let scans: Vec<&String> = scans.filter(|step| *step != "SCAN sequence_counter").collect();
        assert!(scans.is_empty(), "{path}: {details:#?}");
        // At the country's size it is the index alone that makes a scorecard of all members quick.
        if path == CARD && sql.contains("FROM `measurement`") {
            let is_covered = details.iter().any(|step| step.contains("COVERING INDEX measurement_of_scorecards"));
            assert!(is_covered, "{details:#?}");
            covered += 1;
        }
    }
    assert_eq!(covered, 1, "the figures of reports are read with one statement");
}

#[test]
fn every_filter_uses_an_index_on_postgres() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.filled_database();
    let target = Target::parse(&url).unwrap();
    filled(&target);
    let server = TestServer::over(target, &[]);
    // Some rows were written behind the program's back, and are nowhere published.
    server.execute("ANALYZE").unwrap();
    let mut conn = PgConnection::establish(&url).unwrap();
    conn.batch_execute("SET random_page_cost = 1.1").unwrap();
    let statements = LISTS.iter().flat_map(|path| statements(&server, path).into_iter().map(|sql| (*path, sql)));
    let figures = FIGURES.iter().flat_map(|path| figure_statements(&server, path).into_iter().map(|sql| (*path, sql)));
    let of_alerts = ALERTS.iter().flat_map(|path| alert_statements(&server, path).into_iter().map(|sql| (*path, sql)));
    for (path, statement) in figures.chain(statements).chain(of_alerts) {
        let (sql, values) = parts(&statement);
        let mut sql = sql.to_owned();
        for (number, value) in (1..).zip(&values).collect::<Vec<_>>().into_iter().rev() {
            sql = sql.replace(&format!("${number}"), value);
        }
        let plan: Vec<Plan> = sql_query(format!("EXPLAIN {sql}")).load(&mut conn).unwrap();
        let lines: Vec<String> = plan.into_iter().map(|plan| plan.line).collect();
        // Beside rows that were found by an index, all members may be the quicker way to their names.
        let small = if path.contains("member=") { "sequence_counter" } else { "on member " };
        let scans = lines.iter().filter(|line| line.contains("Seq Scan"));
        let scans = scans.filter(|line| !line.contains("sequence_counter") && !line.contains(small));
        assert_eq!(scans.count(), 0, "{path}: {lines:#?}\n{sql}");
    }
}
