//! The database goes away, is slow, or has too much to do.

use std::{sync::mpsc, time::Duration};

use diesel::{
    Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _, sql_query,
};
use remacto::{
    auth::roles::Role,
    db::{self, Conn, Db, StoreError, Target},
    exports,
    reference::Purpose,
    registry::REGISTRY,
};
use serde_json::{Value, json};

use crate::support::{
    TestServer,
    accounts::{Account, OPERATOR},
    client::Answer,
    on_both, postgres,
    postgres::Installed,
    server::{fill, sqlite_database},
};

/// What PostgreSQL and SQLite say where no space is left.
const POSTGRES_FULL: &str = "could not extend file \"base/5/16384\": No space left on device";
const SQLITE_FULL: &str = "database or disk is full";

/// Makes every write to the table of clients and to that of probes fail with a message.
fn fail_writes(server: &TestServer, message: &str) {
    let failing = |table: &str, event: &str| match &server.target {
        Target::Sqlite(_) => format!(
            "CREATE TRIGGER {table}_{event}_fails BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        ),
        Target::Postgres(_) => format!(
            "CREATE TRIGGER {table}_{event}_fails BEFORE {event} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION fail()"
        ),
    };
    if matches!(server.target, Target::Postgres(_)) {
        let body = format!("BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'disk_full'; END");
        server.execute(&format!("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")).unwrap();
    }
    for (table, event) in [("account", "insert"), ("write_probe", "insert"), ("write_probe", "update")] {
        server.execute(&failing(table, event)).unwrap();
    }
}

fn let_writes_work(server: &TestServer) {
    for (table, event) in [("account", "insert"), ("write_probe", "insert"), ("write_probe", "update")] {
        let of_table =
            if matches!(server.target, Target::Postgres(_)) { format!(" ON {table}") } else { String::new() };
        server.execute(&format!("DROP TRIGGER {table}_{event}_fails{of_table}")).unwrap();
    }
}

fn add_client(server: &TestServer, administrator: &Account, name: &str) -> Answer {
    let body = json!({"name": name, "role": "partner"});
    server.json("POST", "/api/v1/clients", &[administrator.header()], &body)
}

fn readiness(server: &TestServer) -> Value {
    server.get("/health/ready").ok()
}

/// Whether the metrics say that writes fail for a cause.
fn is_failing(server: &TestServer, cause: &str) -> bool {
    let metrics = server.get_operations("/metrics");
    let line = format!("remacto_db_writes_failing{{cause=\"{cause}\"}} ");
    let value = metrics.text().lines().find_map(|found| found.strip_prefix(&line)).expect(&line).to_owned();
    value == "1"
}

on_both! {
    fn a_server_whose_writes_fail_says_so_and_serves_reads(server) {
        let administrator = server.account(Role::Administrator);
        let full = if matches!(server.target, Target::Sqlite(_)) { SQLITE_FULL } else { POSTGRES_FULL };
        fail_writes(server, full);
        let answer = add_client(server, &administrator, "one");
        answer.problem(507, "insufficient_storage");
        assert!(answer.header("retry-after").unwrap().parse::<u32>().is_ok() && !answer.text().contains("16384"));
        let fresh = TestServer::over(server.target.clone(), &[]);
        let failing = json!({"status": "ok", "writes": "failing", "cause": "no_space"});
        assert_eq!(readiness(&fresh), failing);
        assert_eq!(readiness(&fresh), failing, "nobody asks the database again");
        assert!(is_failing(&fresh, "no_space") && !is_failing(&fresh, "storage"));
        fresh.get_with("/api/v1/territories/01", &[("Cache-Control", "no-cache")]).ok();
        let_writes_work(server);
        assert_eq!(add_client(&fresh, &administrator, "one").status, 201);
        assert_eq!(readiness(&fresh), json!({"status": "ok", "writes": "ok", "cause": null}));
        assert!(!is_failing(&fresh, "no_space"));
    }

    fn an_unknown_error_of_the_database_is_no_defect_and_may_be_tried_again(server) {
        let administrator = server.account(Role::Administrator);
        fail_writes(server, "quelque chose est arrivé");
        let answer = add_client(server, &administrator, "one");
        answer.problem(503, "database_error");
        assert!(answer.header("retry-after").is_some() && !answer.text().contains("quelque chose"));
        let_writes_work(server);
        assert_eq!(add_client(server, &administrator, "one").status, 201);
    }

    fn instances_probe_beside_each_other(server) {
        let other = TestServer::over(server.target.clone(), &[]);
        for server in [server, &other] {
            assert_eq!(readiness(server)["writes"], "ok");
        }
        let rows = server.execute("UPDATE write_probe SET updated_at = '2020-01-01 00:00:00'").unwrap();
        assert_eq!(rows, 2, "each has a row of its own");
        let forget = |server: &TestServer| {
            server.db.write_blocking(&OPERATOR, |tx| db::forget_probes(tx, chrono::Utc::now())).unwrap()
        };
        assert_eq!((forget(server), forget(server)), (2, 0));
        assert_eq!(server.get("/api/v1/changes/latest").ok()["sequence"], 1_679, "no change comes of it");
    }

    fn an_export_on_a_full_disk_says_so(server) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("exports")).unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join("exports/territories.csv")).unwrap();
        let licence = ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/");
        let refused = exports::write_all(&server.db, folder.path(), "https://api.example", licence).unwrap_err();
        assert!(refused.contains("no space is left"), "{refused}");
    }
}

#[test]
fn a_full_database_file_is_one_of_no_space() {
    let server = TestServer::on_sqlite();
    let administrator = server.account(Role::Administrator);
    let set = |pragma: &str| {
        let set = |tx: &mut db::Tx<'_>| Ok::<_, StoreError>(tx.conn.batch_execute(pragma)?);
        server.db.write_blocking(&OPERATOR, set).unwrap();
    };
    // The file can't grow beyond what it has.
    set("PRAGMA max_page_count = 1");
    let mut answers = (0..200).map(|number| add_client(&server, &administrator, &format!("client {number}")));
    let refused = answers.find(|answer| answer.status != 201).expect("the file is full");
    refused.problem(507, "insufficient_storage");
    set("PRAGMA max_page_count = 1000000");
    assert_eq!(add_client(&server, &administrator, "one more").status, 201);
}

#[test]
fn a_damaged_database_file_is_told_from_a_defect() {
    let server = TestServer::on_sqlite();
    server.get("/api/v1/territories/01").ok();
    let Target::Sqlite(file) = &server.target else { unreachable!() };
    let length = usize::try_from(std::fs::metadata(file).unwrap().len()).unwrap();
    // The first page, which says what the file is, stays; what was read before is still in memory.
    let damaged = std::fs::File::options().write(true).open(file).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&damaged, &vec![0xa5; length - 4096], 4096).unwrap();
    server.get("/api/v1/charter").problem(503, "storage_failed");
    server.get("/health/live").ok();
}

#[test]
fn a_database_file_that_was_renamed_is_noticed() {
    let server = TestServer::on_sqlite();
    let administrator = server.account(Role::Administrator);
    let read = || server.get_with("/api/v1/territories/01", &[("Cache-Control", "no-cache")]);
    read().ok();
    let Target::Sqlite(file) = &server.target else { unreachable!() };
    let away = file.with_extension("away");
    std::fs::rename(file, &away).unwrap();
    add_client(&server, &administrator, "one").problem(503, "storage_failed");
    assert_eq!(readiness(&server), json!({"status": "ok", "writes": "failing", "cause": "database_moved"}));
    assert!(is_failing(&server, "database_moved"));
    read().ok();
    assert!(!file.exists(), "no empty database takes its place");
    // Another file at the path is not taken for the database.
    std::fs::copy(&away, file).unwrap();
    add_client(&server, &administrator, "one").problem(503, "storage_failed");
    std::fs::rename(&away, file).unwrap();
    assert_eq!(add_client(&server, &administrator, "one").status, 201);
    assert_eq!(readiness(&server)["writes"], "ok");
}

/// What PostgreSQL says to a lock that is waited for too long, read by the program.
fn wait_too_long(db: &Db, url: &str) -> StoreError {
    let mut blocker = PgConnection::establish(url).unwrap();
    blocker.batch_execute("BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE").unwrap();
    let waits = |tx: &mut db::Tx<'_>| {
        let Conn::Postgres(conn) = &mut *tx.conn else { unreachable!() };
        Ok::<_, StoreError>(conn.batch_execute("SET LOCAL lock_timeout = 1; SELECT * FROM locked")?)
    };
    db.write_blocking(&OPERATOR, waits).unwrap_err()
}

#[test]
fn postgres_that_speaks_french_is_understood_and_asked_for_english() {
    let Some(cluster) = postgres::shared() else { return };
    let message = PgConnection::establish(&cluster.url("postgres")).unwrap().batch_execute("SELECT 1 / 0").unwrap_err();
    if std::env::var_os("TEST_DATABASE_URL").is_some() {
        // A server that is not ours may speak English.
        return;
    }
    assert_eq!(message.to_string(), "division par zéro", "the installed PostgreSQL has no French messages");
    let (role, database) = (postgres::unique_name(), postgres::unique_name());
    cluster.run(&format!("CREATE ROLE {role} LOGIN"));
    cluster.run(&format!("CREATE DATABASE {database} OWNER {role}"));
    let url = cluster.url(&database);
    let (own, foreign) = (Target::parse(&url).unwrap(), Target::parse(&cluster.url_as(&role, &database)).unwrap());
    let mut conn = PgConnection::establish(&url).unwrap();
    conn.batch_execute("CREATE TABLE locked (id INTEGER); GRANT ALL ON locked TO PUBLIC").unwrap();
    // Who may choose the language is answered in English.
    assert_eq!(db::advice(&own).unwrap(), None);
    assert!(matches!(wait_too_long(&Db::open(&own, 1, &REGISTRY).unwrap(), &url), StoreError::Contended(_)));
    // Who may not is told what an administrator must run; until then an error that is not understood is no defect.
    let advice = db::advice(&foreign).unwrap().expect("an advice");
    let grant = format!("GRANT SET ON PARAMETER lc_messages TO {role};");
    assert!(advice.ends_with(&grant), "{advice}");
    assert!(matches!(wait_too_long(&Db::open(&foreign, 1, &REGISTRY).unwrap(), &url), StoreError::Unknown(_)));
    conn.batch_execute(&grant).unwrap();
    assert_eq!(db::advice(&foreign).unwrap(), None);
    assert!(matches!(wait_too_long(&Db::open(&foreign, 1, &REGISTRY).unwrap(), &url), StoreError::Contended(_)));
}

#[test]
fn the_server_says_that_the_database_is_gone_and_recovers_by_itself() {
    if postgres::shared().is_none() {
        return;
    }
    let Some(installed) = Installed::find() else {
        // TEST_DATABASE_URL names a server that is not ours to stop.
        return;
    };
    let postgres = installed.start();
    let target = Target::parse(&postgres.cluster.empty_database()).unwrap();
    fill(&target, Purpose::Service);
    let server = TestServer::over(target, &[]);
    let one = "/api/v1/territories/01";
    server.get(one).ok();
    postgres.stop();
    for _ in 0..2 {
        // Past the kept answers, which are trusted for the tenth of a second that it takes to notice.
        let answer = server.get_with(one, &[("Cache-Control", "no-cache")]);
        answer.problem(503, "database_unavailable");
        assert!(answer.header("retry-after").unwrap().parse::<u32>().is_ok());
    }
    server.get("/health/ready").problem(503, "database_unavailable");
    server.get("/health/live").ok();
    postgres.start();
    server.get(one).ok();
    server.get("/api/v1/territories?limit=200").ok();
    server.get("/health/ready").ok();
}

#[test]
fn a_database_of_another_schema_is_not_ready() {
    let server = TestServer::on_sqlite();
    server.get("/health/ready").ok();
    let forget =
        "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM __diesel_schema_migrations)";
    let Target::Sqlite(file) = &server.target else { unreachable!() };
    let mut conn = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
    sql_query(forget).execute(&mut conn).unwrap();
    server.get("/health/ready").problem(503, "not_ready");
}

#[test]
fn a_request_that_waits_too_long_is_given_up_with_a_word() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.filled_database();
    let server = TestServer::over(Target::parse(&url).unwrap(), &["--request-timeout-ms", "300"]);
    let mut blocker = PgConnection::establish(&url).unwrap();
    blocker.batch_execute("BEGIN; LOCK TABLE territory IN ACCESS EXCLUSIVE MODE").unwrap();
    let answer = server.get("/api/v1/territories/01");
    answer.problem(503, "deadline_exceeded");
    assert!(answer.header("retry-after").is_some());
    blocker.batch_execute("ROLLBACK").unwrap();
    server.get("/api/v1/territories/01").ok();
}

#[test]
fn a_full_queue_refuses_more_at_once() {
    let (_folder, file) = sqlite_database();
    let db = Db::open(&Target::Sqlite(file), 1, &REGISTRY).unwrap().with_deadline(Duration::from_mins(1));
    let (release, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    // The sender moves in, so that a failure lets the held connection go.
    actix_web::rt::System::new().block_on(async move {
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let begun = std::sync::Mutex::new(Some(begun));
        let holder = actix_web::rt::spawn({
            let db = db.clone();
            async move {
                let work = move |_: &mut remacto::db::Conn| {
                    begun.lock().unwrap().take().unwrap().send(()).unwrap();
                    let _ = wait.lock().unwrap().recv();
                    Ok(())
                };
                db.read(work).await
            }
        });
        has_begun.await.unwrap();
        let mut reads: Vec<_> = (0..70)
            .map(|_| {
                let db = db.clone();
                actix_web::rt::spawn(async move { db.read(|_| Ok(())).await })
            })
            .collect();
        // Those that find the queue full are answered while the one connection is still held.
        for refused in reads.split_off(64) {
            assert!(matches!(refused.await.unwrap(), Err(StoreError::Overloaded)));
        }
        release.send(()).unwrap();
        holder.await.unwrap().unwrap();
        for read in reads {
            read.await.unwrap().unwrap();
        }
    });
}
