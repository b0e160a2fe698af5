//! The database goes away, is slow, or has too much to do.

use std::{sync::mpsc, time::Duration};

use diesel::{
    Connection as _, PgConnection, RunQueryDsl as _, SqliteConnection, connection::SimpleConnection as _, sql_query,
};
use remacto::{
    db::{Db, StoreError, Target},
    reference::Purpose,
};

use crate::support::{
    TestServer, postgres,
    postgres::Installed,
    server::{fill, sqlite_database},
};

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
    let db = Db::open(&Target::Sqlite(file), 1).unwrap().with_deadline(Duration::from_mins(1));
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
