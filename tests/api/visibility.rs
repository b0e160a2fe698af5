//! Who may see what: the table of all columns is that of both live schemas, and markers in everything that is not public
//! are found nowhere where the public reads.

use std::collections::BTreeSet;

use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query, sql_types,
};
use remacto::{
    auth::roles::Role,
    db::{
        Target,
        visibility::{TABLES, Visibility},
    },
    registry::REGISTRY,
};
use serde_json::Value;

use crate::{
    commands::Served,
    support::{
        accounts::Account,
        postgres,
        server::{PUBLIC_URL, SIGNING_KEY, sqlite_demonstration},
    },
};

/// A text that is nowhere by itself.
const MARKER: &str = "canary7f3a";
/// The same as an id, a digest, a moment and a number.
const MARKER_ID: &str = "0badc0de-7f3a-7f3a-8f3a-0badc0de7f3a";
const MARKER_MOMENT: &str = "1987-06-05 04:03:02";
const MARKER_NUMBER: i64 = 987_654_321;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

const SQLITE_COLUMNS: &str = "SELECT t.name || '.' || c.name AS name FROM sqlite_master t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'";
const POSTGRES_COLUMNS: &str = "SELECT table_name || '.' || column_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";

/// Columns beside public ones that take no text: keys, counts and days that are made from public columns.
const UNMARKED: [&str; 24] = [
    "id",
    "singleton",
    "network_id",
    "joined_on_key",
    "milestones_total",
    "milestones_done",
    "is_public",
    "phase",
    "next_due_on",
    "runs_until",
    "state",
    "definition_version",
    "value",
    "report",
    "submitted_at",
    "reviewed_at",
    "report_version",
    "report_changed_at",
    "hands",
    "confirmed_at",
    "claimed",
    "representation",
    "unannounced",
    "publications",
];

/// Runs SQL on a database of either kind.
enum Sql {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Sql {
    fn open(target: &Target) -> Self {
        match target {
            Target::Sqlite(file) => Self::Sqlite(SqliteConnection::establish(&file.to_string_lossy()).unwrap()),
            Target::Postgres(url) => Self::Postgres(PgConnection::establish(&url.with_connect_timeout(5)).unwrap()),
        }
    }

    fn run(&mut self, sql: &str) {
        let done = match self {
            Self::Sqlite(conn) => sql_query(sql).execute(conn),
            Self::Postgres(conn) => sql_query(sql).execute(conn),
        };
        done.unwrap_or_else(|error| panic!("{error} in {sql}"));
    }

    fn columns(&mut self) -> BTreeSet<String> {
        let columns: Vec<Column> = match self {
            Self::Sqlite(conn) => sql_query(SQLITE_COLUMNS).load(conn).unwrap(),
            Self::Postgres(conn) => sql_query(POSTGRES_COLUMNS).load(conn).unwrap(),
        };
        columns.into_iter().map(|column| column.name).collect()
    }
}

/// Writes what is reported and not approved, of an indicator that everybody sees, and an indicator that nobody does.
fn mark_reports(sql: &mut Sql, map: &str) {
    let report = format!(r#"{{"numerator":null,"denominator":null,"disaggregation":{{}},"note":{map},"evidence":[]}}"#);
    sql.run(&format!("INSERT INTO measurement (id, version, created_at, updated_at, indicator_id, member_id, period, from_on, until_on, due_on, state,
        definition_version, value, report, reason, reported_role, submitted_at, first_submitted_at, revision, is_late, is_public)
        SELECT '{MARKER_ID}', {MARKER_NUMBER}, '{MARKER_MOMENT}', '{MARKER_MOMENT}', id, member_id, '1999', '1999-01-01', '1999-12-31', '2000-01-01', 'submitted',
        1, {MARKER_NUMBER}, '{report}', '{MARKER}', '{MARKER}', '{MARKER_MOMENT}', '{MARKER_MOMENT}', 0, FALSE, FALSE
        FROM indicator WHERE slug = 'commune-azla-openness-norms-services-fully-online'"));
    let definition = format!(
        r#"{{"title":{map},"measures":{map},"computation":{map},"unit":"persons","kind":"number","levels":[],"direction":"up","frequency":"yearly","dimensions":[],"source":null,"responsible_unit":null}}"#
    );
    sql.run(&format!("INSERT INTO indicator (id, version, created_at, updated_at, slug, scope, code, title, title_fr_folded, title_ar_folded, search_text, definition,
        definition_version, unit, kind, direction, frequency, targets, publication, is_public, provenance)
        VALUES ('{MARKER_ID}', {MARKER_NUMBER}, '{MARKER_MOMENT}', '{MARKER_MOMENT}', '{MARKER}', 'network', '{MARKER}', '{map}', '{MARKER}', '{MARKER}', '{MARKER}', '{definition}',
        1, 'persons', 'number', 'up', 'yearly', '[]', 'draft', FALSE, 'official')"));
}

/// Writes markers into every column that is not public, as far as its constraints take one; the others can't hold
/// anything that would be worth hiding. Returns the columns that were marked.
fn mark(sql: &mut Sql) -> BTreeSet<String> {
    let digest = MARKER.repeat(7)[..64].to_owned();
    let id = MARKER_ID;
    let values = |column: &str| match column {
        "id" | "account_id" | "jti" | "resource_id" => format!("'{id}'"),
        "created_at" | "updated_at" | "used_at" | "occurred_at" | "expires_at" | "ended_at" | "disabled_at"
        | "loaded_at" => {
            format!("'{MARKER_MOMENT}'")
        }
        "version" | "epoch" | "position" | "row_number" | "line_number" => MARKER_NUMBER.to_string(),
        "email" => format!("'{MARKER}@{MARKER}.example'"),
        digested if digested.ends_with("sha256") || digested.ends_with("secret_hash") => format!("'{digest}'"),
        "answer" | "before_values" | "after_values" | "differences" => format!("'{{\"x\":\"{MARKER}\"}}'"),
        "joined_on_key" => "'9999-12-31'".to_owned(),
        "serves_from" | "serves_until" => format!("'{}'", &MARKER_MOMENT[..10]),
        "phone" => format!("'+{MARKER_NUMBER}'"),
        _ => format!("'{MARKER}'"),
    };
    // Rows of their own for tables that are all internal, with what their constraints want where a marker can't stand.
    let report = format!(
        r#"{{"resource":"members","mode":"upsert","dry_run":true,"source":"{MARKER}","format":"csv","outcome":"previewed","plan_hash":null,"content_sha256":"{MARKER}","counts":{{"rows":1,"created":0,"updated":0,"unchanged":0,"withdrawn":0,"refused":1}},"faults":[],"faults_complete":true,"likenesses":[],"withdrawals_to_confirm":null}}"#
    );
    let fixed = |table: &str, column: &str| match (table, column) {
        ("account", "kind") => Some("'user'".to_owned()),
        ("account", "role") => Some("'partner'".to_owned()),
        ("account", "client_name" | "member_id") | ("audit_entry", "task") => Some("NULL".to_owned()),
        ("focal_point", "preferred_language") => Some("'fr'".to_owned()),
        ("account_member" | "focal_point", "member_id") => Some("(SELECT min(id) FROM member)".to_owned()),
        ("audit_entry", "actor") => Some("'client'".to_owned()),
        ("import_report", "outcome") => Some("'previewed'".to_owned()),
        ("import_report", "report") => Some(format!("'{report}'")),
        ("audit_entry" | "import_row", "import_id") => Some(format!("'{id}'")),
        ("import_row", "action") => Some("'created'".to_owned()),
        _ => None,
    };
    let mut marked = BTreeSet::new();
    for (table, columns) in TABLES {
        let hidden: Vec<&str> =
            columns.iter().filter(|(_, seen)| *seen != Visibility::Public).map(|(name, _)| *name).collect();
        if hidden.len() == columns.len() {
            let list: Vec<String> =
                hidden.iter().map(|column| fixed(table, column).unwrap_or_else(|| values(column))).collect();
            sql.run(&format!("INSERT INTO {table} ({}) VALUES ({})", hidden.join(", "), list.join(", ")));
            marked.extend(hidden.iter().map(|column| format!("{table}.{column}")));
        } else {
            // Columns beside public ones: keys that hold rows together and what is made from public columns.
            for column in hidden.into_iter().filter(|column| !UNMARKED.contains(column)) {
                let value = match (*table, column) {
                    // Digests, each of which is there once and as long as all are.
                    ("contribution", "receipt_sha256" | "receipt_mask" | "key_sha256" | "request_sha256") => {
                        format!("substr({column}, 1, 54) || '{MARKER}'")
                    }
                    ("measurement", "hands") => format!("'[\"{MARKER}\"]'"),
                    _ => format!("{column} || ' {MARKER}'"),
                };
                sql.run(&format!("UPDATE {table} SET {column} = {value}"));
                marked.insert(format!("{table}.{column}"));
            }
        }
    }
    // What somebody has not published of a programme that is.
    let map = format!(r#"{{"fr":"{MARKER}"}}"#);
    sql.run(&format!("INSERT INTO evaluation (id, version, created_at, updated_at, program_id, kind, voice, organisation, is_independent, evaluated_on, answers, publication)
        VALUES ('{MARKER_ID}', {MARKER_NUMBER}, '{MARKER_MOMENT}', '{MARKER_MOMENT}', (SELECT min(id) FROM action_program WHERE publication = 'published'),
        'mid_term', 'civil_society', '{MARKER}', FALSE, '{}', '[{{\"question\":{map},\"answer\":\"yes\",\"explanation\":{map},\"evidence_url\":null}}]', 'draft')", &MARKER_MOMENT[..10]));
    // What members have not published of what they share.
    let (moment, on) = (format!("{MARKER_NUMBER}, '{MARKER_MOMENT}', '{MARKER_MOMENT}'"), &MARKER_MOMENT[..10]);
    let member = "(SELECT min(id) FROM member)";
    let own = format!("'{map}', '{MARKER}', '{MARKER}', '{MARKER}', '[]', 'draft', 'official', '{MARKER}'");
    let columns = "id, version, created_at, updated_at, title, title_fr_folded, title_ar_folded, search_text, documents, publication, provenance, source";
    for (table, more, values) in [
        ("practice", "member_id, territory_code, story", format!("{member}, '01', '{map}'")),
        (
            "collaboration",
            "lead_id, kind, purpose, starts_on, starts_on_precision, runs_until",
            format!("{member}, 'other', '{map}', '{on}', 'day', '{on}'"),
        ),
        (
            "event",
            "host_id, reach, is_online, starts_on, ends_on, organiser",
            format!("{member}, 'national', TRUE, '{on}', '{on}', '{map}'"),
        ),
    ] {
        sql.run(&format!("INSERT INTO {table} ({columns}, {more}) VALUES ('{MARKER_ID}', {moment}, {own}, {values})"));
    }
    for (table, link) in [("collaboration_member", "collaboration_id"), ("event_member", "event_id")] {
        sql.run(&format!(
            "INSERT INTO {table} ({link}, member_id, confirmed_at) VALUES ('{MARKER_ID}', {member}, '{MARKER_MOMENT}')"
        ));
    }
    mark_reports(sql, &map);
    // And how it finds that a member keeps a commitment.
    sql.run(&format!("INSERT INTO assessment (id, version, created_at, updated_at, member_id, commitment, year, voice, organisation, level, explanation, evidence, assessed_on, publication)
        VALUES ('{MARKER_ID}', {MARKER_NUMBER}, '{MARKER_MOMENT}', '{MARKER_MOMENT}', (SELECT id FROM member WHERE slug = 'commune-larache'),
        'visibility', 2025, 'civil_society', '{MARKER}', 4, '{map}', '[{{\"title\":{map},\"url\":\"https://{MARKER}.example\",\"sha256\":null}}]', '{}', 'draft')", &MARKER_MOMENT[..10]));
    // A machine's account, too, and a change of an address.
    sql.run(&format!("INSERT INTO account (id, version, created_at, updated_at, kind, role, client_name, secret_hash, organisation)
        VALUES ('{}', 1, '{MARKER_MOMENT}', '{MARKER_MOMENT}', 'client', 'partner', '{MARKER}', '{digest}', '{MARKER}')", id.replace("7f3a-8", "7f3b-8")));
    marked
}

/// Everything that the public, the operator and the auditor can read; personal data must be in none of it, and what is
/// internal only where those read who work with it.
#[expect(clippy::too_many_lines, reason = "one walk through everything that can be read")]
fn look(target: &Target, settings: &[(&str, &str)]) {
    let administrator = Account::new(&remacto::db::Db::open(target, 1, &REGISTRY).unwrap(), Role::Administrator, None);
    let marked = mark(&mut Sql::open(target));
    let some = ["account.email", "focal_point.full_name", "member.search_text", "import_row.differences"];
    let some = [some.as_slice(), &["contribution.contact_email", "contribution.withheld_because"]].concat();
    assert!(some.iter().all(|column| marked.contains(*column)), "{marked:?}");
    let settings = [
        settings,
        &[("REMACTO_SIGNING_KEYS", SIGNING_KEY), ("REMACTO_PUBLIC_URL", PUBLIC_URL), ("REMACTO_DEMO", "true")],
    ]
    .concat();
    let served = Served::start(&settings);
    let client = served.client();
    let markers = [MARKER, MARKER_ID, "1987-06-05", "987654321"];
    let clean = |what: &str, text: &str| {
        for marker in markers {
            assert!(!text.contains(marker), "{marker} in {what}: {text}");
        }
    };
    let document = remacto::openapi::document().unwrap();
    // A round to which was contributed what is published, pending and withheld.
    let first = |path: &str| client.send("GET", path, &[]).json()["data"][0]["id"].as_str().unwrap().to_owned();
    let round =
        format!("/api/v1/consultations/{}", first("/api/v1/consultations?open=false&kind=online&round=1&limit=1"));
    let idea = first(&format!("{round}/contributions"));
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(operation) = item.get("get").filter(|operation| operation["security"] == serde_json::json!([])) else {
            continue;
        };
        let mut path = path.replace("/api/v1/consultations/{id}", &round).replace("{contribution_id}", &idea);
        for parameter in
            operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "path")
        {
            path = path.replace(
                &format!("{{{}}}", parameter["name"].as_str().unwrap()),
                parameter["example"].as_str().unwrap(),
            );
        }
        let has = |name: &str| {
            operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["name"] == name)
        };
        let required = if has("resource")
            && ["getDigest", "getImportTemplate"].contains(&operation["operationId"].as_str().unwrap())
        {
            "resource=members"
        } else {
            ""
        };
        let mut queries = vec![required.to_owned()];
        if has("limit") && has("sort") {
            queries.extend(
                [
                    "limit=200",
                    "limit=2&count=exact",
                    "q=canary7f3a",
                    "sort=-name_fr&limit=3",
                    "format=csv&limit=200",
                    "format=ndjson&limit=200",
                ]
                .map(str::to_owned),
            );
        }
        if has("since") {
            queries.push("since=0&limit=1000".to_owned());
        }
        for query in queries {
            let target = format!("{path}?{query}");
            let target = target.trim_end_matches('?');
            let answer = client.send("GET", target, &[]);
            assert!(answer.status < 500, "{target}: {}", answer.status);
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            // A page says what was asked for in the address of its next page.
            clean(target, &text.replace("q=canary7f3a", ""));
            seen += 1;
        }
    }
    for file in [
        "members",
        "territories",
        "charter",
        "action_programs",
        "projects",
        "milestones",
        "consultations",
        "contributions",
        "evaluations",
        "practices",
        "collaborations",
        "events",
        "assessments",
        "indicators",
        "measurements",
    ]
    .iter()
    .flat_map(|name| ["csv", "ndjson", "json"].map(|format| format!("{name}.{format}")))
    {
        let answer = client.send("GET", &format!("/api/v1/exports/{file}"), &[]);
        assert_eq!(answer.status, 200);
        clean(&file, answer.text());
    }
    assert!(seen > 40, "{seen} answers");
    let first = client.send("GET", "/api/v1/action-programs?limit=1", &[]).json();
    let evaluations = format!("/api/v1/action-programs/{}/evaluations", first["data"][0]["id"].as_str().unwrap());
    for query in ["", "?count=exact", "?format=csv", "?format=ndjson"] {
        let answer = client.send("GET", &format!("{evaluations}{query}"), &[]);
        assert_eq!(answer.status, 200);
        clean(&evaluations, answer.text());
    }
    for list in [evaluations.as_str(), "/api/v1/practices", "/api/v1/collaborations", "/api/v1/events"] {
        assert_eq!(client.send("GET", &format!("{list}/{MARKER_ID}"), &[]).status, 404, "{list}");
    }
    let measured = "/api/v1/indicators/commune-azla-openness-norms-services-fully-online/series";
    for path in [measured, &format!("{measured}?format=csv"), "/api/v1/measurements?limit=200&sort=-created_at"] {
        clean(path, client.send("GET", path, &[]).text());
    }
    for path in ["indicators", "measurements"] {
        assert_eq!(client.send("GET", &format!("/api/v1/{path}/{MARKER_ID}"), &[]).status, 404, "{path}");
    }
    let larache = "/api/v1/members/commune-larache";
    for path in ["/assessments", "/assessments?count=exact", "/assessments?format=csv", "/scorecard"] {
        let answer = client.send("GET", &format!("{larache}{path}"), &[]);
        assert_eq!(answer.status, 200);
        clean(path, answer.text());
    }
    assert_eq!(client.send("GET", &format!("{larache}/assessments/{MARKER_ID}"), &[]).status, 404);
    // What personal data changed, the audit says only that it did; its own entries are the administrator's to read.
    let audit = client.send("GET", "/api/v1/audit?limit=200", &[administrator.header()]);
    let audit: Value = serde_json::from_slice(&audit.body).unwrap();
    let of_accounts = audit["data"].as_array().unwrap().iter().filter(|entry| entry["resource"] == "accounts");
    for entry in of_accounts {
        clean("the audit", &entry.to_string());
    }
    // What is asked for stands in no log either: its lines name routes.
    let metrics = served.metrics();
    clean("the metrics", &metrics);
    clean("the log", &served.stop().1);
}

#[test]
fn every_column_is_in_the_table_and_none_is_too_many() {
    let described: BTreeSet<String> = TABLES
        .iter()
        .flat_map(|(table, columns)| columns.iter().map(move |(column, _)| format!("{table}.{column}")))
        .collect();
    let (_folder, file) = sqlite_demonstration();
    assert_eq!(Sql::open(&Target::Sqlite(file)).columns(), described);
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.demonstration_database();
    assert_eq!(Sql::open(&Target::parse(&url).unwrap()).columns(), described);
}

#[test]
fn what_is_not_public_is_found_nowhere_on_sqlite() {
    let (folder, file) = sqlite_demonstration();
    look(&Target::Sqlite(file), &[("REMACTO_DATA_DIR", folder.path().to_str().unwrap())]);
}

#[test]
fn what_is_not_public_is_found_nowhere_on_postgres() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.demonstration_database();
    look(&Target::parse(&url).unwrap(), &[("DATABASE_URL", &url)]);
}
