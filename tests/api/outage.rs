//! The database goes away and comes back.

use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, sql_query};
use remacto::db::Target;

use crate::support::{TestServer, postgres, postgres::Installed, server::fill};

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
    fill(&target);
    let server = TestServer::over(target, &[]);
    let one = "/api/v1/territories/01";
    server.get(one).ok();
    postgres.stop();
    for _ in 0..2 {
        let answer = server.get(one);
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
