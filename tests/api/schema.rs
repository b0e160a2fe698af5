//! The two migration trees: they run up, down and up again, and make the same schema on both databases, the
//! one that `schema.rs` describes.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query, sql_types,
};
use remacto::db::{self, Target};

use crate::support::{postgres, server::sqlite_database};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = sql_types::Text)]
    line: String,
}

/// The facts of a schema, one a line, in words that both databases share.
type Facts = BTreeSet<String>;

const SQLITE_FACTS: &str = "
    SELECT 'column ' || t.name || '.' || c.name || ' ' || CASE WHEN c.\"notnull\" THEN 'required' ELSE 'nullable' END AS line
      FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'
    UNION ALL
    SELECT 'key ' || t.name || '.' || c.name || ' ' || c.pk
      FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND c.pk > 0 AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'
    UNION ALL
    SELECT 'reference ' || t.name || '.' || f.\"from\" || ' to ' || f.\"table\" || '.' || f.\"to\" || ' ' || lower(f.on_delete)
      FROM sqlite_master t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'
    UNION ALL
    SELECT 'unique ' || t.name || ' (' || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')'
      FROM sqlite_master t, pragma_index_list(t.name) i WHERE t.type = 'table' AND i.\"unique\" AND i.origin <> 'pk' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'
    UNION ALL
    SELECT 'index ' || t.name || ' (' || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) || ')'
      FROM sqlite_master t, pragma_index_list(t.name) i WHERE t.type = 'table' AND NOT i.\"unique\" AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'";

const POSTGRES_FACTS: &str = "
    SELECT 'column ' || table_name || '.' || column_name || ' ' || CASE is_nullable WHEN 'NO' THEN 'required' ELSE 'nullable' END AS line
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'
    UNION ALL
    SELECT 'key ' || c.conrelid::regclass || '.' || a.attname || ' ' || array_position(c.conkey, a.attnum)
      FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
     WHERE c.contype = 'p' AND c.connamespace = 'public'::regnamespace AND c.conrelid::regclass::text NOT LIKE '\\_\\_%'
    UNION ALL
    SELECT 'reference ' || c.conrelid::regclass || '.' || a.attname || ' to ' || c.confrelid::regclass || '.' || b.attname || ' '
           || CASE c.confdeltype WHEN 'a' THEN 'no action' WHEN 'c' THEN 'cascade' ELSE c.confdeltype::text END
      FROM pg_constraint c, unnest(c.conkey, c.confkey) AS k(here, there), pg_attribute a, pg_attribute b
     WHERE c.contype = 'f' AND a.attrelid = c.conrelid AND a.attnum = k.here AND b.attrelid = c.confrelid AND b.attnum = k.there
    UNION ALL
    SELECT CASE WHEN i.indisunique THEN 'unique ' ELSE 'index ' END || i.indrelid::regclass || ' ('
           || (SELECT string_agg(a.attname, ', ' ORDER BY k.at) FROM unnest(i.indkey::int[]) WITH ORDINALITY k(attnum, at)
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) || ')'
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE NOT i.indisprimary AND c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '\\_\\_%'";

fn facts(target: &Target, url: &str) -> Facts {
    let lines: Vec<Line> = match target {
        Target::Sqlite(file) => {
            sql_query(SQLITE_FACTS).load(&mut SqliteConnection::establish(&file.to_string_lossy()).unwrap())
        }
        Target::Postgres(_) => sql_query(POSTGRES_FACTS).load(&mut PgConnection::establish(url).unwrap()),
    }
    .unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

/// The columns of `schema.rs`, in the words of the facts.
fn described_columns() -> Facts {
    let mut table = String::new();
    let mut columns = Facts::new();
    for line in include_str!("../../crates/db/src/schema.rs").lines() {
        let line = line.trim();
        if let Some((column, kind)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) {
            let nullable = if kind.starts_with("Nullable<") { "nullable" } else { "required" };
            columns.insert(format!("column {table}.{column} {nullable}"));
        } else if let Some((name, _)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            name.clone_into(&mut table);
        }
    }
    columns
}

fn columns(facts: &Facts) -> Facts {
    facts.iter().filter(|fact| fact.starts_with("column ")).cloned().collect()
}

#[test]
fn both_trees_make_the_same_schema_and_schema_rs_describes_it() {
    let (_folder, file) = sqlite_database();
    let sqlite = facts(&Target::Sqlite(file), "");
    assert_eq!(columns(&sqlite), described_columns());
    assert!(
        sqlite.iter().any(|fact| fact == "reference territory.parent_code to territory.code no action"),
        "{sqlite:#?}"
    );
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.filled_database();
    let postgres = facts(&Target::parse(&url).unwrap(), &url);
    let only_here = |a: &Facts, b: &Facts| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!((only_here(&sqlite, &postgres), only_here(&postgres, &sqlite)), (Vec::new(), Vec::new()));
}

/// Where both trees are.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");

/// A migration without its triggers, which are written differently: each is proved by what the databases refuse.
fn without_triggers(sql: &str) -> String {
    let own = ["CREATE FUNCTION", "CREATE TRIGGER"].iter().filter_map(|word| sql.find(word)).min();
    let shared = sql[..own.unwrap_or(sql.len())].lines();
    shared.filter(|line| !line.starts_with("DROP TRIGGER") && !line.starts_with("DROP FUNCTION")).collect()
}

#[test]
fn both_trees_have_the_same_checks_and_types() {
    /// The statements of a migration with what differs by design made equal.
    fn common(sql: &str, sqlite: bool) -> String {
        let mut sql = sql.to_owned();
        if sqlite {
            for column in [
                "presentation_official",
                "official",
                "is_current",
                "is_independent",
                "is_public",
                "is_online",
                "is_late",
            ] {
                for default in ["", " DEFAULT FALSE"] {
                    sql = sql.replace(
                        &format!("{column} INTEGER NOT NULL{default} CHECK ({column} IN (0, 1))"),
                        &format!("{column} BOOLEAN NOT NULL{default}"),
                    );
                }
            }
            for column in [
                "created_at",
                "updated_at",
                "changed_at",
                "loaded_at",
                "disabled_at",
                "expires_at",
                "occurred_at",
                "used_at",
                "ended_at",
                "moderated_at",
                "submitted_at",
                "reviewed_at",
                "approved_at",
                "replaced_at",
                "confirmed_at",
            ] {
                sql = sql.replace(&format!("{column} TEXT"), &format!("{column} TIMESTAMP"));
            }
            for column in [
                "established_on",
                "stated_on",
                "in_force_from",
                "joined_on",
                "left_on",
                "ogp_local_since",
                "from_on",
                "until_on",
                "adhered_on",
                "serves_from",
                "serves_until",
                "stage_since",
                "committee_validated_on",
                "council_session_on",
                "implementation_from",
                "implementation_until",
                "moved_on",
                "starts_on",
                "ends_on",
                "next_due_on",
                "last_on",
                "due_on",
                "done_on",
                "opens_on",
                "closes_on",
                "reported_on",
                "decided_on",
                "evaluated_on",
                "published_on",
                "runs_until",
                "assessed_on",
                "baseline_on",
                "since",
            ] {
                sql = sql.replace(&format!(" {column} TEXT"), &format!(" {column} DATE"));
            }
            sql = sql.replace(" STRICT;", ";").replace("INTEGER", "BIGINT").replace(" BLOB ", " BYTEA ");
        } else {
            sql = sql
                .replace(" COLLATE \"C\"", "")
                .replace("replace(gen_random_uuid()::text, '-', '')", "lower(hex(randomblob(16)))")
                .replace("json_build_array(reported_by)::text", "json_array(reported_by)");
            while let Some(end) = sql.find("::jsonb IS NOT NULL") {
                let start = sql[..end].rfind('(').unwrap() + 1;
                let column = sql[start..end].to_owned();
                sql.replace_range(start..end + "::jsonb IS NOT NULL".len(), &format!("json_valid({column})"));
            }
        }
        without_triggers(&sql)
    }
    let names = |tree: &str| {
        let entries = std::fs::read_dir(format!("{ROOT}/{tree}")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<BTreeSet<_>>()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    for name in names("sqlite") {
        for file in ["up.sql", "down.sql"] {
            let read = |tree: &str| std::fs::read_to_string(format!("{ROOT}/{tree}/{name}/{file}")).unwrap();
            assert_eq!(common(&read("sqlite"), true), common(&read("postgres"), false), "{name}/{file}");
        }
    }
}

fn up_down_up(target: &Target, url: &str) {
    let all = db::migrate(target).unwrap();
    assert!(!all.is_empty());
    let before = facts(target, url);
    assert!(db::migrate(target).unwrap().is_empty());
    db::revert_all(target).unwrap();
    assert_eq!(facts(target, url), Facts::new());
    assert_eq!(db::migrate(target).unwrap(), all);
    assert_eq!(facts(target, url), before);
}

#[test]
fn migrations_run_up_down_and_up_again_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    up_down_up(&Target::Sqlite(folder.path().join("x.db")), "");
}

#[test]
fn migrations_run_up_down_and_up_again_on_postgres() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.empty_database();
    up_down_up(&Target::parse(&url).unwrap(), &url);
}

#[test]
fn the_databases_themselves_refuse_what_the_rules_refuse() {
    let larache = "(SELECT id FROM member WHERE slug = 'commune-larache')";
    let focal_point = |member: &str, email: &str, phone: &str, language: &str, until: &str| {
        format!(
            "INSERT INTO focal_point (id, version, created_at, updated_at, member_id, full_name, email, phone, preferred_language, serves_from, serves_until)
             VALUES ('0badc0de-7f3a-7f3a-8f3a-0badc0de7f3a', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00', {member}, 'A', {email}, {phone}, {language}, '2021-01-01', {until})"
        )
    };
    let good = focal_point(larache, "'a@b.org'", "'+212537000000'", "'fr'", "NULL");
    let people = [
        ("a focal point of nobody", focal_point("'0'", "'a@b.org'", "NULL", "'fr'", "NULL")),
        ("a focal point without an address", focal_point(larache, "'a'", "NULL", "'fr'", "NULL")),
        ("a focal point without a number's plus", focal_point(larache, "'a@b.org'", "'0537000000'", "'fr'", "NULL")),
        ("a focal point of an unknown language", focal_point(larache, "'a@b.org'", "NULL", "'es'", "NULL")),
        ("a focal point who leaves before coming", focal_point(larache, "'a@b.org'", "NULL", "'fr'", "'2020-12-31'")),
    ];
    let mut bad: BTreeMap<&str, &str> = BTreeMap::from([
        ("less than nothing forgotten", "UPDATE sequence_counter SET forgotten = -1"),
        ("a number that an older binary gives", "UPDATE sequence_counter SET value = value + 1"),
        ("a second counter", "INSERT INTO sequence_counter (id, value) VALUES (2, 0)"),
        ("an unknown kind", "UPDATE territory SET kind = 'town' WHERE code = '01'"),
        ("a commune without area type", "UPDATE territory SET area_type = NULL WHERE code = '01.511.01.0'"),
        ("a province without parent", "UPDATE territory SET parent_code = NULL WHERE code = '01.511'"),
        ("an overlay with a parent", "UPDATE territory SET parent_code = '06' WHERE code = '06.141.01.00'"),
        ("an unknown parent", "UPDATE territory SET parent_code = '77.777' WHERE code = '01.511.01.0'"),
        ("a negative population", "UPDATE territory SET population_2024 = -1 WHERE code = '01'"),
        ("a code twice", "UPDATE territory SET code = '02.113' WHERE code = '02.167'"),
        ("a deleted parent", "DELETE FROM territory WHERE code = '01'"),
        ("a second network", "UPDATE network SET singleton = 2"),
        ("text that is no JSON", "UPDATE network SET name = 'REMACTO'"),
        ("half a date", "UPDATE composition_statement SET stated_on_precision = NULL WHERE stated_on IS NOT NULL"),
        ("an unknown partner's role", "UPDATE network_partner SET role = 'friend'"),
        ("a member of an unknown kind", "UPDATE member SET kind = 'town' WHERE slug = 'commune-larache'"),
        ("a region seated on a commune", "UPDATE member SET kind = 'region' WHERE slug = 'commune-larache'"),
        (
            "a commune seated on a province",
            "UPDATE member SET territory_code = '01.331' WHERE slug = 'commune-larache'",
        ),
        (
            "a member on a prefecture of arrondissements",
            "UPDATE member SET kind = 'institution', territory_code = '06.141.01.00', territory_kind = 'prefecture_of_arrondissements' WHERE slug = 'commune-larache'",
        ),
        (
            "a seat of two members of a kind",
            "UPDATE member SET territory_code = '01.573.01.03' WHERE slug = 'commune-larache'",
        ),
        ("a member on no territory", "UPDATE member SET territory_code = '99.999' WHERE slug = 'commune-larache'"),
        ("a slug twice", "UPDATE member SET slug = 'commune-martil' WHERE slug = 'commune-larache'"),
        ("a member without a name", "UPDATE member SET name_fr = NULL, name_ar = NULL, name_en = NULL"),
        (
            "a member who left before joining",
            "UPDATE member SET status = 'withdrawn', left_on = '2022-10-20', left_on_precision = 'day' WHERE slug = 'commune-larache'",
        ),
        (
            "a member who left and is active",
            "UPDATE member SET left_on = '2025-10-20', left_on_precision = 'day' WHERE slug = 'commune-larache'",
        ),
        ("half a date of joining", "UPDATE member SET joined_on_precision = NULL WHERE slug = 'commune-larache'"),
        ("a candidate who has joined", "UPDATE member SET status = 'candidate' WHERE slug = 'commune-larache'"),
        ("an unknown provenance", "UPDATE member SET provenance = 'rumour'"),
        ("an import from nowhere", "UPDATE member SET provenance = 'import:'"),
        ("an unknown standing", "UPDATE member_status SET status = 'asleep'"),
        ("a period that ends before it begins", "UPDATE member_status SET until_on = '2000-01-01'"),
        ("an undated second period", "UPDATE member_status SET position = 2, from_on = NULL, from_on_precision = NULL"),
        ("half a point", "UPDATE territory SET latitude = NULL WHERE code = '01.511.01.0'"),
        ("a point off the globe", "UPDATE territory SET latitude = 90000001 WHERE code = '01.511.01.0'"),
        ("an unknown operation", "UPDATE change_entry SET op = 'touched'"),
    ]);
    bad.extend(people.iter().map(|(what, sql)| (*what, sql.as_str())));
    let (_folder, file) = sqlite_database();
    let mut sqlite = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    sql_query("PRAGMA foreign_keys = ON").execute(&mut sqlite).unwrap();
    for (what, sql) in &bad {
        assert!(sql_query(*sql).execute(&mut sqlite).is_err(), "SQLite takes {what}");
    }
    sql_query(&good).execute(&mut sqlite).unwrap();
    assert!(
        sql_query(good.replace("0badc0de-", "1badc0de-")).execute(&mut sqlite).is_err(),
        "SQLite takes an address twice"
    );
    let Some(cluster) = postgres::shared() else { return };
    let mut postgres = PgConnection::establish(&cluster.filled_database()).unwrap();
    for (what, sql) in &bad {
        assert!(sql_query(*sql).execute(&mut postgres).is_err(), "PostgreSQL takes {what}");
    }
    sql_query(&good).execute(&mut postgres).unwrap();
    assert!(
        sql_query(good.replace("0badc0de-", "1badc0de-")).execute(&mut postgres).is_err(),
        "PostgreSQL takes an address twice"
    );
}

#[test]
fn the_databases_themselves_refuse_a_level_beyond_the_scale_and_a_voice_that_speaks_twice() {
    let larache = "(SELECT id FROM member WHERE slug = 'commune-larache')";
    let assessment = |id: u8,
                      member: &str,
                      year: i64,
                      (voice, organisation): (&str, &str),
                      level: i64,
                      explanation: &str| {
        format!(
            "INSERT INTO assessment (id, version, created_at, updated_at, member_id, commitment, year, voice, organisation, level, explanation, evidence, assessed_on, publication)
             VALUES ('{id}badc0de-7f3a-7f3a-8f3a-0badc0de7f3a', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00', {member}, 'visibility', {year}, '{voice}', '{organisation}', {level}, '{explanation}', '[]', '2026-01-01', 'published')"
        )
    };
    let (own, society) = (("self", "Larache"), ("civil_society", "A"));
    let assessed = [
        ("an assessment of nobody", assessment(2, "'0'", 2025, own, 2, "{}")),
        ("an assessment before the network", assessment(2, larache, 2021, own, 2, "{}")),
        ("a level beyond the scale", assessment(2, larache, 2025, own, 5, "{}")),
        ("a level below the scale", assessment(2, larache, 2025, own, -1, "{}")),
        ("an assessment by an unknown voice", assessment(2, larache, 2025, ("rumour", "A"), 2, "{}")),
        ("an assessment by nobody", assessment(2, larache, 2025, ("secretariat", ""), 2, "{}")),
        ("an explanation that is no JSON", assessment(2, larache, 2025, own, 2, "because")),
    ];
    let said = [
        assessment(0, larache, 2025, own, 2, "{}"),
        assessment(1, larache, 2025, society, 2, "{}"),
        assessment(2, larache, 2025, ("civil_society", "B"), 2, "{}"),
        assessment(3, larache, 2024, society, 2, "{}"),
    ];
    let said_twice = [
        assessment(4, larache, 2025, ("self", "Another name"), 3, "{}"),
        assessment(4, larache, 2025, society, 3, "{}"),
    ];
    let (_folder, file) = sqlite_database();
    let mut sqlite = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    sql_query("PRAGMA foreign_keys = ON").execute(&mut sqlite).unwrap();
    // First into an empty table, where nothing but what is wrong stands in the way.
    for (what, sql) in &assessed {
        assert!(sql_query(sql).execute(&mut sqlite).is_err(), "SQLite takes {what}");
    }
    for sql in &said {
        sql_query(sql).execute(&mut sqlite).unwrap();
    }
    assert!(
        said_twice.iter().all(|sql| sql_query(sql).execute(&mut sqlite).is_err()),
        "SQLite lets a voice repeat itself"
    );
    let Some(cluster) = postgres::shared() else { return };
    let mut postgres = PgConnection::establish(&cluster.filled_database()).unwrap();
    for (what, sql) in &assessed {
        assert!(sql_query(sql).execute(&mut postgres).is_err(), "PostgreSQL takes {what}");
    }
    for sql in &said {
        sql_query(sql).execute(&mut postgres).unwrap();
    }
    let takes = |sql: &String, conn: &mut PgConnection| sql_query(sql).execute(conn).is_ok();
    assert!(!said_twice.iter().any(|sql| takes(sql, &mut postgres)), "PostgreSQL lets a voice repeat itself");
}

#[test]
fn the_bundled_sqlite_is_built_as_the_project_says() {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    let options: Vec<Line> =
        sql_query("SELECT compile_options AS line FROM pragma_compile_options").load(&mut conn).unwrap();
    for expected in ["DEFAULT_MEMSTATUS=0", "ENABLE_QPSG", "THREADSAFE=2"] {
        assert!(options.iter().any(|option| option.line == expected), "{expected} is missing: see .cargo/config.toml");
    }
}
