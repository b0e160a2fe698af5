//! The feed of changes: complete, in order, and honest about what it can no longer tell.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use diesel::{ExpressionMethods as _, QueryDsl as _, RunQueryDsl as _};
use remacto::{
    auth::roles::Role,
    changes,
    db::{Actor, Change, Db, Deed, Operation, StoreError, Tx, schema::member},
    kernel::{clock, id::Identifier, kind::Kind},
    registry::REGISTRY,
    territories,
};
use serde_json::{Value, json};

use crate::support::{TestServer, changes::change_territories, on_both};

const FEED: &str = "/api/v1/changes";
const TESTER: Actor = Actor::System("test");
/// How many changes the reference data makes.
const REFERENCE: i64 = 1_679;

fn rows(page: &Value) -> &Vec<Value> {
    page["data"].as_array().unwrap()
}

/// Follows the feed to its end.
fn pull(server: &TestServer, since: i64, query: &str) -> Vec<Value> {
    let (mut since, mut all) = (since, Vec::new());
    loop {
        let page = server.get(&format!("{FEED}?since={since}&{query}")).ok();
        all.extend(rows(&page).iter().cloned());
        since = page["page"]["next_since"].as_i64().unwrap();
        if page["page"]["has_more"] == false {
            return all;
        }
    }
}

/// Gives a member another name, as a writer does.
fn rename(tx: &mut Tx<'_>, slug: &str, name: &str) -> Result<(), StoreError> {
    let member = member::table.filter(member::slug.eq(slug));
    diesel::update(member).set((member::name_fr.eq(name), member::version.eq(member::version + 1))).execute(tx.conn)?;
    let (id, version) = member.select((member::id, member::version)).first(tx.conn)?;
    let (kind, id) = (Kind::Members, Identifier::stored(id));
    tx.record(Change { kind, id, operation: Operation::Updated, version }, None, None);
    Ok(())
}

fn write(db: &Db) {
    db.write_blocking(&TESTER, |tx| change_territories(tx, 1)).unwrap();
}

on_both! {
    fn everything_public_is_in_the_feed_once_and_in_order(server) {
        let all = pull(server, 0, "limit=1000");
        let numbers: Vec<i64> = all.iter().map(|change| change["sequence"].as_i64().unwrap()).collect();
        assert_eq!(numbers, (1..=REFERENCE).collect::<Vec<_>>());
        let mut counts = BTreeMap::new();
        for change in &all {
            assert_eq!((&change["op"], &change["version"]), (&json!("created"), &json!(1)));
            assert_eq!(change["data"]["id"], change["id"]);
            *counts.entry(change["resource"].as_str().unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts, BTreeMap::from([("charter", 1), ("members", 38), ("network", 1), ("territories", 1_639)]));
    }

    fn a_change_brings_what_the_resource_is_now_without_what_is_computed(server) {
        let of = |resource: &str| pull(server, 0, &format!("resource={resource}&limit=1000"));
        let by_id = |path: &str| server.get(path).ok();
        let larache = of("members").into_iter().find(|change| change["data"]["slug"] == "commune-larache").unwrap();
        let mut shown = by_id("/api/v1/members/commune-larache");
        for beside in ["included", "attributions"] {
            shown.as_object_mut().unwrap().remove(beside);
        }
        assert_eq!(larache["data"], shown);
        let mut network = by_id("/api/v1/network");
        network["composition"].as_object_mut().unwrap().remove("computed").unwrap();
        assert_eq!(of("network")[0]["data"], network);
        let mut charter = by_id("/api/v1/charter");
        // The list of all versions is a part of none of them.
        charter.as_object_mut().unwrap().remove("versions").unwrap();
        assert_eq!(of("charter")[0]["data"], charter);
        assert_eq!(of("members,charter").len(), 39);
    }

    fn a_copy_that_begins_with_a_list_misses_nothing(server) {
        let sequence = server.get("/api/v1/members?limit=1").ok()["sequence"].as_i64().unwrap();
        assert_eq!(sequence, REFERENCE);
        write(&server.db);
        let page = server.get(&format!("{FEED}?since={sequence}")).ok();
        assert_eq!(rows(&page).len(), 1);
        assert_eq!((&rows(&page)[0]["op"], &rows(&page)[0]["version"]), (&json!("updated"), &json!(2)));
        assert_eq!(page["page"], json!({"limit": 500, "next_since": REFERENCE + 1, "has_more": false}));
        assert_eq!((&page["sequence"], &page["forgotten"]), (&json!(REFERENCE + 1), &json!(0)));
        let after = server.get(&format!("{FEED}?since={}", REFERENCE + 1)).ok();
        assert_eq!((rows(&after).len(), &after["page"]["next_since"]), (0, &json!(REFERENCE + 1)));
    }

    fn a_filtered_reader_moves_on_past_what_it_does_not_read(server) {
        write(&server.db);
        let page = server.get(&format!("{FEED}?since={REFERENCE}&resource=members")).ok();
        assert_eq!((rows(&page).len(), &page["page"]["next_since"]), (0, &json!(REFERENCE + 1)));
        let first = server.get(&format!("{FEED}?since=0&resource=members&limit=5")).ok();
        assert_eq!((rows(&first).len(), &first["page"]["has_more"]), (5, &json!(true)));
        assert_eq!(first["page"]["next_since"], rows(&first)[4]["sequence"]);
    }

    fn what_is_gone_leaves_a_tombstone_and_is_not_replayed(server) {
        let id: String = server.db.read_blocking(|conn| {
            Ok(member::table.filter(member::slug.eq("commune-martil")).select(member::id).first(conn)?)
        }).unwrap();
        server.db.write_blocking(&TESTER, |tx| {
            diesel::delete(member::table.filter(member::id.eq(&id))).execute(tx.conn)?;
            tx.record(Change { kind: Kind::Members, id: Identifier::stored(id.clone()), operation: Operation::Deleted, version: 2 }, None, None);
            Ok::<_, StoreError>(())
        }).unwrap();
        let of_martil: Vec<Value> =
            pull(server, 0, "resource=members").into_iter().filter(|change| change["id"] == id.as_str()).collect();
        let told: Vec<(&Value, &Value)> = of_martil.iter().map(|change| (&change["op"], &change["data"])).collect();
        assert_eq!(told, [(&json!("created"), &Value::Null), (&json!("deleted"), &Value::Null)]);
    }

    fn members_change_with_the_territory_that_they_show(server) {
        let before = server.get("/api/v1/members/commune-larache");
        let mut records = territories::parse_reference(territories::REFERENCE).unwrap();
        let seat = records.iter_mut().find(|record| record.code.as_str() == "01.331.01.03").unwrap();
        seat.location = None;
        server.db.write_blocking(&TESTER, |tx| {
            let loaded = territories::load(tx, records)?;
            tx.audit(Deed::loaded("test", loaded));
            Ok::<_, StoreError>(())
        }).unwrap();
        let told = pull(server, REFERENCE, "");
        let told: Vec<(&Value, &Value, &Value)> = told.iter().map(|c| (&c["resource"], &c["op"], &c["version"])).collect();
        let updated = json!("updated");
        assert_eq!(told, [(&json!("territories"), &updated, &json!(2)), (&json!("members"), &updated, &json!(2))]);
        let after = server.get("/api/v1/members/commune-larache");
        assert_eq!((&after.ok()["version"], &after.ok()["location"]), (&json!(2), &Value::Null));
        assert_ne!(after.header("etag"), before.header("etag"));
    }

    fn a_reader_who_waits_is_told_at_once(server) {
        let asked = Instant::now();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| server.get(&format!("{FEED}?since={REFERENCE}&wait=25")).ok());
            write(&server.db);
            assert_eq!(rows(&waiting.join().unwrap()).len(), 1);
        });
        assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    }

    fn a_reader_who_waits_hears_of_other_instances_too_and_only_of_what_it_asked_for(server) {
        let other = Db::open(&server.target, 2, &REGISTRY).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| server.get(&format!("{FEED}?since={REFERENCE}&wait=25&resource=members")).ok());
            write(&other);
            other.write_blocking(&TESTER, |tx| rename(tx, "commune-larache", "Larache la Belle")).unwrap();
            let page = waiting.join().unwrap();
            assert_eq!((rows(&page).len(), &rows(&page)[0]["resource"]), (1, &json!("members")));
            assert_eq!(page["page"]["next_since"], REFERENCE + 2);
        });
    }

    fn patience_ends(server) {
        let asked = Instant::now();
        let page = server.get(&format!("{FEED}?since={REFERENCE}&wait=1")).ok();
        assert_eq!(rows(&page).len(), 0);
        assert!(asked.elapsed() >= Duration::from_secs(1));
    }

    fn what_is_forgotten_is_said_to_be(server) {
        assert_eq!(changes::forget(&server.db, clock::now() - chrono::Days::new(1)).unwrap(), 0);
        assert_eq!(usize::try_from(REFERENCE).unwrap(), changes::forget(&server.db, clock::now()).unwrap());
        write(&server.db);
        let problem = server.get(&format!("{FEED}?since=0")).problem(410, "changes_forgotten");
        assert_eq!(problem["errors"][0]["parameter"], "since");
        assert!(problem["detail"].as_str().unwrap().contains("1679"), "{problem}");
        server.get(FEED).problem(410, "changes_forgotten");
        server.get(&format!("{FEED}?since={}", REFERENCE - 1)).problem(410, "changes_forgotten");
        assert_eq!(rows(&server.get(&format!("{FEED}?since={REFERENCE}")).ok()).len(), 1);
        let latest = server.get("/api/v1/changes/latest").ok();
        assert_eq!((&latest["sequence"], &latest["forgotten"]), (&json!(REFERENCE + 1), &json!(REFERENCE)));
    }

    fn a_copy_of_another_database_is_told_so(server) {
        let problem = server.get(&format!("{FEED}?since={}", REFERENCE + 1)).problem(409, "sequence_ahead");
        assert_eq!(problem["errors"][0]["parameter"], "since");
        server.get(&format!("{FEED}?since=9223372036854775807&wait=25")).problem(409, "sequence_ahead");
    }

    fn a_restored_backup_is_another_generation_and_copies_are_told_so(server) {
        let of = |path: &str| server.get(path).ok()["generation"].as_str().unwrap().to_owned();
        let before = of("/api/v1/changes/latest");
        assert_eq!((of(&format!("{FEED}?since=0&limit=1&generation={before}")), of("/api/v1/changes/digest?resource=members")), (before.clone(), before.clone()));
        server.get(&format!("{FEED}?since=0&generation={}", before.to_uppercase())).problem(400, "invalid_parameter");
        let generation = server.db.write_blocking(&TESTER, changes::begin_generation).unwrap().to_string();
        assert_ne!(generation, before);
        let told = ["/api/v1/changes/latest", "/api/v1/changes/digest?resource=members", "/api/v1/changes?since=1679"].map(of);
        assert_eq!(told, [generation.clone(), generation.clone(), generation.clone()], "also what was kept is told anew");
        for since in [0, REFERENCE, REFERENCE + 1] {
            let problem = server.get(&format!("{FEED}?since={since}&generation={before}&wait=25")).problem(409, "generation_changed");
            assert!(problem["errors"][0]["parameter"] == "generation" && problem["detail"].as_str().unwrap().contains(&generation), "{problem}");
        }
        server.get(&format!("{FEED}?since={REFERENCE}&generation={generation}")).ok();
        let administrator = server.account(Role::Administrator);
        let trail = server.get_with("/api/v1/audit?action=restored", &[administrator.header()]).ok();
        assert_eq!(trail["data"][0]["after"]["generation"], generation);
    }

    fn the_feed_is_asked_for_every_time(server) {
        for path in [format!("{FEED}?since=0&limit=1"), format!("{FEED}/latest")] {
            let answer = server.get(&path);
            assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
            let known = [("If-None-Match", answer.header("etag").unwrap())];
            assert_eq!(server.get_with(&path, &known).status, 304, "{path}");
            write(&server.db);
            assert_eq!(server.get_with(&path, &known).status, 200, "{path}");
        }
    }

    fn wrong_parameters_are_named(server) {
        for (query, name) in [
            ("since=-1", "since"), ("since=x", "since"), ("since=9223372036854775808", "since"), ("limit=0", "limit"),
            ("limit=1001", "limit"), ("wait=26", "wait"), ("wait=1.5", "wait"), ("resource=users", "resource"),
        ] {
            let problem = server.get(&format!("{FEED}?{query}")).problem(400, "invalid_parameter");
            assert_eq!(problem["errors"][0]["parameter"], name, "{query}");
        }
    }

    fn a_page_takes_a_fixed_number_of_statements(server) {
        let statements = |path: &str| {
            let before = server.db.query_count();
            // Past the kept answers, which ask now and then whether they are current.
            server.get_with(path, &[("Cache-Control", "no-cache")]).ok();
            server.db.query_count() - before
        };
        for _ in 0..8 {
            server.get_with(&format!("{FEED}?limit=1"), &[("Cache-Control", "no-cache")]).ok();
        }
        assert_eq!(statements(&format!("{FEED}?limit=10&resource=territories")), 2);
        assert_eq!(statements(&format!("{FEED}?limit=1000&resource=territories")), 2);
        assert_eq!(statements(&format!("{FEED}?since=1639&limit=30&resource=members")), 2);
    }

    fn a_polling_reader_sees_exactly_what_eight_writers_committed(server) {
        let done = AtomicBool::new(false);
        let seen = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let (mut since, mut seen) = (REFERENCE, Vec::new());
                loop {
                    let last_round = done.load(Ordering::Acquire);
                    let page = server.get(&format!("{FEED}?since={since}&limit=7")).ok();
                    seen.extend(rows(&page).iter().map(|change| change["sequence"].as_i64().unwrap()));
                    since = page["page"]["next_since"].as_i64().unwrap();
                    if last_round && page["page"]["has_more"] == false {
                        return seen;
                    }
                }
            });
            let writers: Vec<_> = (0..8)
                .map(|_| {
                    let db = Db::open(&server.target, 2, &REGISTRY).unwrap();
                    scope.spawn(move || for _ in 0..12 { write(&db); })
                })
                .collect();
            for writer in writers {
                writer.join().unwrap();
            }
            done.store(true, Ordering::Release);
            reader.join().unwrap()
        });
        assert_eq!(seen, (REFERENCE + 1..=REFERENCE + 96).collect::<Vec<_>>());
    }
}
