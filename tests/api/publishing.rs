//! Documents: the write door makes them, several writers at once make them right, and they can be made anew.

use std::sync::Barrier;

use diesel::{ExpressionMethods as _, QueryDsl as _};
use remacto::{
    auth::roles::Role,
    db::{
        self, Actor, Db, StoreError, Tx,
        prelude::RunQueryDsl as _,
        schema::{document, indicator, member, territory},
    },
    kernel::{id::Identifier, kind::Kind},
    publishing,
    registry::REGISTRY,
};
use serde_json::{Value, json};

use crate::{
    imports::report,
    support::{TestServer, on_both, on_both_demonstrations, postgres, server::sqlite_database},
};

const TESTER: Actor = Actor::System("test");
const LARACHE: &str = "/api/v1/members/commune-larache";
/// The territory of that member, and others.
const SEAT: &str = "01.331.01.03";
const MARTIL: &str = "01.573.01.03";
const KSAR: &str = "01.331.01.01";
/// Past the kept answers.
const FRESH: &[(&str, &str)] = &[("Cache-Control", "no-cache")];

/// Changes a column of a territory, and the version of its row.
macro_rules! set_territory {
    ($tx:expr, $code:expr, $assignment:expr) => {{
        let row = territory::table.filter(territory::code.eq($code));
        diesel::update(row).set(($assignment, territory::version.eq(territory::version + 1))).execute($tx.conn)?;
        let id: String = row.select(territory::id).first($tx.conn)?;
        $tx.touched(Kind::Territories, Identifier::stored(id));
        $tx.audit(remacto::db::Deed::loaded("test", 1));
        Ok::<_, StoreError>(())
    }};
}

fn check(db: &Db) -> Vec<publishing::Discrepancy> {
    publishing::check(db, &REGISTRY, 10).unwrap()
}

fn sequence(server: &TestServer) -> i64 {
    server.get("/api/v1/changes/latest").ok()["sequence"].as_i64().unwrap()
}

/// The kinds whose documents a write has changed, in the order of the feed.
fn changed(server: &TestServer, write: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>) -> Vec<String> {
    let before = sequence(server);
    server.db.write_blocking(&TESTER, write).unwrap();
    let page = server.get(&format!("/api/v1/changes?since={before}")).ok();
    page["data"].as_array().unwrap().iter().map(|change| change["resource"].as_str().unwrap().to_owned()).collect()
}

fn patch(server: &TestServer, path: &str, bearer: (&str, &str), body: &Value) -> Value {
    server.json("PATCH", path, &[bearer, ("If-Match", "*")], body).ok()
}

on_both! {
    fn each_fact_of_a_territory_changes_the_documents_that_show_it(server) {
        let both = ["territories", "members"];
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::latitude.eq(35_000_000))), both);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::longitude.eq(-6_000_000))), both);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::geonames_id.eq(7))), both);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::location_matched_by.eq("one_name"))), both);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::parent_code.eq("01.573"))), both);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::region_code.eq("02"))), both);
        let own = ["territories"];
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::name_fr.eq("L"))), own);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::name_ar.eq("ا"))), own);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::area_type.eq("rural"))), own);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::population_2024.eq(1))), own);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::households_2024.eq(1))), own);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::population_2014.eq(1))), own);
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::provenance.eq("import:x"))), own);
        // What nobody is shown changes nothing.
        let none: [&str; 0] = [];
        assert_eq!(changed(server, |tx| set_territory!(tx, SEAT, territory::search_text.eq("x"))), none);
        let member = server.get(LARACHE).ok();
        assert_eq!((&member["version"], &member["region_code"], &member["province_code"]), (&json!(7), &json!("02"), &json!("01.573")));
        assert_eq!(member["location"], json!({"latitude": 35, "longitude": -6, "geonames_id": 7, "matched_by": "one_name"}));
    }

    fn a_document_has_a_version_of_its_own_and_a_change_is_meant_for_the_row(server) {
        let secretary = server.account(Role::Secretariat);
        let before = server.get(LARACHE);
        server.db.write_blocking(&TESTER, |tx| set_territory!(tx, SEAT, territory::latitude.eq(1))).unwrap();
        let after = server.get(LARACHE);
        assert_eq!((&before.ok()["version"], &after.ok()["version"]), (&json!(1), &json!(2)));
        assert!(after.ok()["updated_at"].as_str() > before.ok()["updated_at"].as_str());
        // The row is as its reader has seen it: a change that was prepared before still fits.
        let headers = [secretary.header(), ("If-Match", before.header("etag").unwrap())];
        let patched = server.json("PATCH", LARACHE, &headers, &json!({"website": "https://larache.example/"}));
        assert_eq!(patched.ok()["version"], 3);
        server.json("PATCH", LARACHE, &headers, &json!({"website": null})).problem(412, "precondition_failed");
        assert_eq!(server.get("/api/v1/members?q=larache&kind=municipality").ok()["data"][0], {
            let mut member = patched.ok();
            for beside in ["included", "attributions"] {
                member.as_object_mut().unwrap().remove(beside);
            }
            member
        });
    }

    fn documents_are_made_anew_without_a_version_or_a_change(server) {
        let (sequence, member) = (sequence(server), server.get(LARACHE).ok());
        let digest = || server.get("/api/v1/changes/digest?resource=territories").ok()["sha256"].clone();
        let territories = digest();
        let id = |code: &str| {
            let row = territory::table.filter(territory::code.eq(code)).select(territory::id);
            server.db.read_blocking(|conn| Ok(row.first::<String>(conn)?)).unwrap()
        };
        let (seat, martil) = (id(SEAT), id(MARTIL));
        server.db.write_blocking(&TESTER, |tx| {
            diesel::delete(document::table.filter(document::id.eq(&seat))).execute(tx.conn)?;
            let martil = document::table.filter(document::id.eq(&martil));
            let body: String = martil.select(document::body).first(tx.conn)?;
            let values = (document::body.eq(body.replace("Martil", "Martyl")), document::version.eq(1));
            diesel::update(martil).set(values).execute(tx.conn)?;
            let larache = document::table.filter(document::slug.eq("commune-larache"));
            diesel::update(larache).set(document::id.eq("00000000-0000-7000-8000-000000000000")).execute(tx.conn)?;
            Ok::<_, StoreError>(())
        }).unwrap();
        // The program does not know of it yet.
        assert_eq!((digest(), server.get(LARACHE).ok()), (territories.clone(), member.clone()));
        let found: Vec<(Kind, bool, bool)> =
            check(&server.db).iter().map(|found| (found.kind, found.stored.is_some(), found.expected.is_some())).collect();
        assert_eq!(found, [
            (Kind::Territories, true, true), (Kind::Territories, false, true),
            (Kind::Members, true, false), (Kind::Members, false, true),
        ]);
        assert_eq!(publishing::reindex(&server.db, &REGISTRY, false).unwrap(), 0, "every kind is in its form");
        assert_eq!(publishing::reindex(&server.db, &REGISTRY, true).unwrap(), 4);
        assert_eq!(check(&server.db), []);
        assert_eq!(server.get_with(LARACHE, FRESH).ok(), member);
        assert_eq!((digest(), server.get("/api/v1/changes/latest").ok()["sequence"].as_i64()), (territories, Some(sequence)));
        // What was kept from before is not told again.
        server.get("/api/v1/members?limit=1").ok();
        server.db.write_blocking(&TESTER, |tx| {
            let larache = document::table.filter(document::slug.eq("commune-larache"));
            let body: String = larache.select(document::body).first(tx.conn)?;
            Ok::<_, StoreError>(diesel::update(larache).set(document::body.eq(body.replace("Larache", "L"))).execute(tx.conn)?)
        }).unwrap();
        assert_eq!(server.get_with(LARACHE, FRESH).ok()["name"]["fr"], "L");
        publishing::reindex(&server.db, &REGISTRY, true).unwrap();
        assert_eq!(server.get(LARACHE).ok(), member);
    }

    fn only_binaries_of_the_documents_form_publish(server) {
        let secretary = server.account(Role::Secretariat);
        let patch = || server.json("PATCH", LARACHE, &[secretary.header(), ("If-Match", "*")], &json!({"website": "https://x.example/"}));
        let set = |assignment: &str| server.execute(&format!("UPDATE sequence_counter SET {assignment}")).unwrap();
        for (before, after, told) in [
            ("claimed = claimed + 1", "claimed = claimed - 1", "older than the database"),
            ("representation = 0", "representation = claimed", "made anew"),
        ] {
            set(before);
            let problem = patch().problem(503, "database_unavailable");
            assert!(problem["detail"].as_str().unwrap().contains(told), "{problem}");
            assert_eq!(server.get_with(LARACHE, FRESH).ok()["website"], Value::Null);
            set(after);
        }
        set("claimed = claimed + 1");
        let refused = publishing::reindex(&server.db, &REGISTRY, true);
        assert!(matches!(refused, Err(StoreError::Superseded)), "{refused:?}");
        set("claimed = claimed - 1");
        assert_eq!(patch().ok()["version"], 2);
    }

    fn writers_of_what_documents_share_leave_none_behind(server) {
        let secretary = server.account(Role::Secretariat);
        let together = Barrier::new(8);
        std::thread::scope(|scope| {
            for writer in 0..8_i64 {
                let (together, secretary) = (&together, &secretary);
                scope.spawn(move || {
                    together.wait();
                    for round in 0..12_i64 {
                        let value = writer * 100 + round;
                        if writer == 7 {
                            // Whoever is seated on a territory that changes at the same moment shows it as it is then.
                            let made = server.json("POST", "/api/v1/members", &[secretary.header()], &json!({
                                "kind": "municipality", "territory_code": KSAR, "name": {"fr": "Ksar"}, "status": "candidate",
                                "provenance": "official", "source": "s",
                            }));
                            assert_eq!(made.status, 201, "{}", made.text());
                            if round < 11 {
                                let address = made.header("location").unwrap();
                                let gone = server.send("DELETE", address, &[secretary.header(), ("If-Match", "*")]);
                                assert_eq!(gone.status, 204, "{}", gone.text());
                            }
                        } else if writer % 2 == 0 {
                            let code = [SEAT, MARTIL, KSAR][usize::try_from(round % 3).unwrap()];
                            server.db.write_blocking(&TESTER, |tx| set_territory!(tx, code, territory::latitude.eq(value))).unwrap();
                        } else {
                            let path = if round % 2 == 0 { LARACHE } else { "/api/v1/members/commune-martil" };
                            patch(server, path, secretary.header(), &json!({"website": format!("https://x.example/{value}")}));
                        }
                    }
                });
            }
        });
        assert_eq!(check(&server.db), []);
        let page = server.get("/api/v1/changes?since=1679&limit=1000").ok();
        let of_larache = page["data"].as_array().unwrap().iter().filter(|change| change["data"]["slug"] == "commune-larache");
        let versions: Vec<i64> = of_larache.map(|change| change["version"].as_i64().unwrap()).collect();
        assert!(versions.iter().zip(2..).all(|(version, expected)| *version == expected), "{versions:?}");
        assert_eq!(server.get(LARACHE).ok()["version"].as_i64(), versions.last().copied());
    }
}

on_both_demonstrations! {
    fn what_belongs_to_a_member_moves_with_its_territory_to_another_region(server) {
        const AGDZ: &str = "commune-agdz";
        let registrar = server.account(Role::Registrar);
        let kinds = ["action-programs", "consultations", "indicators", "projects"];
        let regions = |kind: &str| -> Vec<Value> {
            let path = format!("/api/v1/{kind}?member={AGDZ}&limit=200");
            server.get_with(&path, FRESH).ok()["data"].as_array().unwrap().iter().map(|row| row["region_code"].clone()).collect()
        };
        let before = kinds.map(regions);
        for (kind, regions) in kinds.iter().zip(&before) {
            assert!(!regions.is_empty() && regions.iter().all(|region| region == "08"), "{kind} {regions:?}");
        }
        let seat = server.get(&format!("/api/v1/members/{AGDZ}")).ok()["territory_code"].as_str().unwrap().to_owned();
        let list = format!("code,parent_code,region_code\n{seat},01.331,01\n");
        let since = sequence(server);
        let dry = report(server, &registrar, "resource=territories", &list);
        assert_eq!((sequence(server), kinds.map(regions)), (since, before.clone()), "a dry run changes nothing");
        let real = report(server, &registrar, "resource=territories&dry_run=false", &list);
        assert_eq!(real["plan_hash"], dry["plan_hash"]);
        for (kind, before) in kinds.iter().zip(&before) {
            assert_eq!(regions(kind), vec![json!("01"); before.len()], "{kind}");
        }
        let page = server.get(&format!("/api/v1/changes?since={since}&limit=1000")).ok();
        let mut told: Vec<&str> = page["data"].as_array().unwrap().iter().map(|change| change["resource"].as_str().unwrap()).collect();
        told.dedup();
        assert_eq!(told, ["territories", "members", "action_programs", "projects", "consultations", "indicators"]);
        // Each row that moved has an entry of its own, drafts too.
        let administrator = server.account(Role::Administrator);
        let import = real["links"]["self"].as_str().unwrap().rsplit('/').next().unwrap();
        let entries = |kind: &str| -> usize {
            let path = format!("/api/v1/audit?import_id={import}&resource={kind}&limit=200");
            server.get_with(&path, &[administrator.header()]).ok()["data"].as_array().unwrap().len()
        };
        for (kind, public) in kinds.iter().zip(&before) {
            assert!(entries(&kind.replace('-', "_")) >= public.len(), "{kind}");
        }
        let own: i64 = server.db.read_blocking(|conn| {
            let own = member::table.filter(member::slug.eq(AGDZ)).select(member::id);
            Ok(indicator::table.filter(indicator::member_id.eq_any(own.nullable())).count().get_result(conn)?)
        }).unwrap();
        assert_eq!(i64::try_from(entries("indicators")), Ok(own));
    }
}

/// A database from before there were documents is brought to the present one: nothing is told anew.
fn upgrade(untouched: db::Target, target: &db::Target) {
    let digest = |server: &TestServer| {
        ["territories", "members", "network", "charter"]
            .map(|kind| server.get(&format!("/api/v1/changes/digest?resource={kind}")).ok()["sha256"].clone())
    };
    let before = TestServer::over(untouched, &[]);
    let steps = db::steps(target).unwrap();
    let later = steps.iter().rev().take_while(|step| !step.name.contains("documents")).count();
    db::revert(target, later + 1).unwrap();
    db::migrate(target).unwrap();
    let db = Db::open(target, 1, &REGISTRY).unwrap();
    let refused = db.write_blocking(&TESTER, |tx| set_territory!(tx, SEAT, territory::latitude.eq(1)));
    assert!(matches!(refused, Err(StoreError::Incomplete)), "{refused:?}");
    let members: i64 = db.read_blocking(|conn| Ok(member::table.count().get_result(conn)?)).unwrap();
    let territories: i64 = db.read_blocking(|conn| Ok(territory::table.count().get_result(conn)?)).unwrap();
    let written = publishing::reindex(&db, &REGISTRY, false).unwrap();
    assert_eq!(i64::try_from(written).unwrap(), members + territories + 2, "network and charter besides");
    drop(db);
    let server = TestServer::over(target.clone(), &[]);
    assert_eq!(server.get(LARACHE).ok(), before.get(LARACHE).ok());
    assert_eq!(digest(&server), digest(&before));
}

#[test]
fn a_database_without_documents_is_given_them_on_sqlite() {
    let ((_folder, file), (_other_folder, other)) = (sqlite_database(), sqlite_database());
    upgrade(db::Target::Sqlite(other), &db::Target::Sqlite(file));
}

#[test]
fn a_database_without_documents_is_given_them_on_postgres() {
    let Some(cluster) = postgres::shared() else { return };
    let database = || db::Target::parse(&cluster.filled_database()).unwrap();
    upgrade(database(), &database());
}
