//! The write door: all or nothing, numbered in the order of the commits; and the reference data that goes
//! through it.

use std::{
    collections::BTreeSet,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
};

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use remacto::{
    db::{
        Actor, Db, Deed, StoreError, Target, Tx, current_sequence, migrate,
        schema::{change_entry, member},
    },
    kernel::{id::Identifier, kind::Kind},
    members, publishing,
    reference::{self, Purpose},
    registry::REGISTRY,
    territories,
};

use crate::support::{TestServer, changes::change_territories, on_both, postgres};

const TESTER: Actor = Actor::System("test");

/// The changes behind a number: sequence, resource, operation.
fn changes(db: &Db, since: i64) -> Vec<(i64, String, String)> {
    db.read_blocking(|conn| {
        let rows = change_entry::table.filter(change_entry::sequence.gt(since)).order(change_entry::sequence);
        Ok(rows.select((change_entry::sequence, change_entry::resource, change_entry::op)).load(conn)?)
    })
    .unwrap()
}

fn sequence(db: &Db) -> i64 {
    db.read_blocking(current_sequence).unwrap()
}

/// The same work, with the entry in the audit without which no change commits.
fn noted<T>(
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
) -> impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> {
    |tx| {
        tx.audit(Deed::loaded("test", 1));
        work(tx)
    }
}

on_both! {
    fn everything_in_the_reference_data_is_in_the_feed(server) {
        let all = changes(&server.db, 0);
        assert_eq!(all.len(), 1_679);
        assert!(all.iter().zip(1..).all(|((sequence, _, op), expected)| *sequence == expected && op == "created"));
        let of = |resource: &str| all.iter().filter(|(_, found, _)| found == resource).count();
        assert_eq!((of("territories"), of("members")), (1_639, 38));
        assert_eq!((of("network"), of("charter")), (1, 1));
    }

    fn loading_the_same_data_again_changes_nothing(server) {
        assert_eq!(reference::load(&server.db, Purpose::Service).unwrap(), []);
        let loaded = server.db.write_blocking(&TESTER, territories::load_reference).unwrap();
        assert_eq!((loaded, sequence(&server.db)), (0, 1_679));
    }

    fn named_members_are_added_where_they_are_missing_and_left_alone_where_they_are_there(server) {
        server
            .db
            .write_blocking(&TESTER, |tx| {
                let martil = member::table.filter(member::slug.eq("commune-martil"));
                let id = Identifier::stored(martil.select(member::id).first(tx.conn)?);
                diesel::delete(martil).execute(tx.conn)?;
                tx.touched(Kind::Members, id);
                let larache = member::table.filter(member::slug.eq("commune-larache"));
                diesel::update(larache).set(member::source.eq("kept by hand")).execute(tx.conn)?;
                let id = Identifier::stored(larache.select(member::id).first(tx.conn)?);
                tx.touched(Kind::Members, id);
                tx.audit(Deed::loaded("by hand", 1));
                Ok::<_, StoreError>(())
            })
            .unwrap();
        assert_eq!(server.db.write_blocking(&TESTER, noted(members::load_named)).unwrap(), 1);
        assert_eq!(changes(&server.db, 1_681), [(1_682, String::from("members"), String::from("created"))]);
        assert_eq!(server.get("/api/v1/members/commune-larache").ok()["source"], "kept by hand");
        assert_eq!(server.get("/api/v1/members/commune-martil").ok()["cohort"], "2024");
    }

    fn changed_reference_data_touches_just_what_changed(server) {
        let before = server.get("/api/v1/territories/01.511.01.0").ok();
        let mut records = territories::parse_reference(territories::REFERENCE).unwrap();
        records.retain(|record| record.code.as_str() != "01.511.01.05");
        let tangier = records.iter_mut().find(|record| record.code.as_str() == "01.511.01.0").unwrap();
        tangier.population_2024 += 1;
        tangier.name_fr = String::from("Tanger la Blanche");
        let loaded = server.db.write_blocking(&TESTER, noted(|tx| territories::load(tx, records))).unwrap();
        assert_eq!(loaded, 2);
        let operations: Vec<String> = changes(&server.db, 1_679).into_iter().map(|(_, _, op)| op).collect();
        assert_eq!(operations, ["updated", "deleted"]);
        let after = server.get("/api/v1/territories/01.511.01.0").ok();
        assert_eq!((&after["id"], &after["created_at"]), (&before["id"], &before["created_at"]));
        assert_eq!((&after["version"], &after["population_2024"]), (&2.into(), &1_275_429.into()));
        assert!(after["updated_at"].as_str() > before["updated_at"].as_str());
        assert_eq!(server.get("/api/v1/territories?q=tanger+blanche").ok()["data"][0]["code"], "01.511.01.0");
        server.get("/api/v1/territories/01.511.01.05").problem(404, "not_found");
        assert_eq!(server.get("/api/v1").ok()["sequence"], 1_681);
    }

    fn a_change_that_leaves_no_trace_in_the_audit_is_not_made(server) {
        let outcome = server.db.write_blocking(&TESTER, |tx| {
            let martil = member::table.filter(member::slug.eq("commune-martil"));
            let id = Identifier::stored(martil.select(member::id).first(tx.conn)?);
            diesel::delete(martil).execute(tx.conn)?;
            tx.touched(Kind::Members, id);
            Ok::<_, StoreError>(())
        });
        assert!(matches!(outcome, Err(StoreError::Corrupt(_))), "{outcome:?}");
        server.get("/api/v1/members/commune-martil").ok();
    }

    fn a_failed_transaction_leaves_nothing_behind(server) {
        let outcome = server.db.write_blocking(&TESTER, |tx| {
            change_territories(tx, 3)?;
            diesel::delete(change_entry::table).execute(tx.conn)?;
            Err::<(), StoreError>(StoreError::corrupt("on purpose"))
        });
        assert!(outcome.is_err());
        assert_eq!((sequence(&server.db), changes(&server.db, 0).len()), (1_679, 1_679));
        server.db.write_blocking(&TESTER, |tx| change_territories(tx, 2)).unwrap();
        assert_eq!(changes(&server.db, 1_679).into_iter().map(|(n, ..)| n).collect::<Vec<_>>(), [1_680, 1_681]);
    }

    fn the_read_door_does_not_write(server) {
        let outcome = server.db.read_blocking(|conn| Ok(diesel::delete(change_entry::table).execute(conn)?));
        assert!(matches!(outcome, Err(StoreError::ReadOnly(_))), "{outcome:?}");
        assert_eq!(changes(&server.db, 0).len(), 1_679);
    }

    fn a_reader_never_skips_a_change_of_eight_writers(server) {
        let (writers, rounds) = (8, 12);
        let (done, together) = (AtomicBool::new(false), Barrier::new(writers + 1));
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                together.wait();
                let mut seen = Vec::new();
                loop {
                    let finished = done.load(Ordering::Acquire);
                    let since = seen.last().map_or(1_679, |(sequence, ..): &(i64, String, String)| *sequence);
                    seen.extend(changes(&server.db, since));
                    if finished {
                        return seen;
                    }
                }
            });
            let threads: Vec<_> = (0..writers)
                .map(|writer| {
                    let together = &together;
                    scope.spawn(move || {
                        together.wait();
                        for round in 0..rounds {
                            let count = 1 + (writer + round) % 3;
                            server.db.write_blocking(&TESTER, |tx| change_territories(tx, count)).unwrap();
                        }
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
            done.store(true, Ordering::Release);
            let seen: Vec<i64> = reader.join().unwrap().into_iter().map(|(sequence, ..)| sequence).collect();
            assert_eq!(seen, (1_680..=sequence(&server.db)).collect::<Vec<_>>());
            assert_eq!(seen.len(), (0..writers).flat_map(|w| (0..rounds).map(move |r| 1 + (w + r) % 3)).sum::<usize>());
        });
    }
}

/// Several instances start on one empty database at the same time.
fn start_together(target: &Target) {
    let together = Barrier::new(4);
    let loaded: BTreeSet<usize> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    migrate(target).unwrap();
                    let db = Db::open(target, 1, &REGISTRY).unwrap();
                    publishing::reindex(&db, &REGISTRY, false).unwrap();
                    reference::load(&db, Purpose::Service)
                        .unwrap()
                        .into_iter()
                        .map(|(_, touched)| touched)
                        .sum::<usize>()
                })
            })
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let server = TestServer::over(target.clone(), &[]);
    assert_eq!(sequence(&server.db), 1_679, "each loaded {loaded:?}");
    assert_eq!(server.get("/api/v1/territories?kind=commune&count=exact&limit=1").ok()["page"]["total"], 1_503);
}

#[test]
fn instances_may_start_together_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    start_together(&Target::Sqlite(folder.path().join("x.db")));
}

#[test]
fn instances_may_start_together_on_postgres() {
    let Some(cluster) = postgres::shared() else { return };
    start_together(&Target::parse(&cluster.empty_database()).unwrap());
}
