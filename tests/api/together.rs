//! Many at once: writers who race, requests that arrive twice, several instances on one database, and a machine that
//! fails in the middle of it all.

use std::{
    collections::BTreeMap,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query, sql_types,
};
use remacto::{
    auth::{roles::Role, store},
    db::{Db, Target},
    registry::REGISTRY,
};
use serde_json::{Value, json};

use crate::{
    commands::Served,
    support::{
        TestServer,
        accounts::{Account, OPERATOR},
        client::{Answer, Client},
        on_both, postgres,
        server::{PUBLIC_URL, SIGNING_KEY, sqlite_database},
    },
    tags::version_in,
};

const LARACHE: &str = "/api/v1/members/commune-larache";

/// The slugs of some members.
fn slugs(server: &TestServer, count: usize) -> Vec<String> {
    let page = server.get(&format!("/api/v1/members?limit={count}")).ok();
    page["data"].as_array().unwrap().iter().map(|member| member["slug"].as_str().unwrap().to_owned()).collect()
}

fn new_member() -> Value {
    json!({"kind": "municipality", "territory_code": "01.331.01.01", "name": {"fr": "X"}, "status": "candidate",
        "provenance": "official", "source": "s"})
}

/// The same request from many threads at the same moment.
pub fn at_once(count: usize, send: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let together = Barrier::new(count);
    std::thread::scope(|scope| {
        let (together, send) = (&together, &send);
        let threads: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn(move || {
                    together.wait();
                    send(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

on_both! {
    fn of_twelve_writers_on_one_version_one_wins(server) {
        let secretary = server.account(Role::Secretariat);
        let tag = server.get(LARACHE).header("etag").unwrap().to_owned();
        let answers = at_once(12, |number| {
            let headers = [secretary.header(), ("If-Match", tag.as_str())];
            server.json("PATCH", LARACHE, &headers, &json!({"website": format!("https://x.example/{number}")}))
        });
        let (won, lost): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 11));
        for answer in lost {
            answer.problem(412, "precondition_failed");
            assert_eq!(version_in(answer), version_in(won[0]));
        }
        assert_eq!(server.get(LARACHE).ok()["website"], won[0].json()["website"]);
        assert_eq!(server.get("/api/v1/changes?since=1679").ok()["data"].as_array().unwrap().len(), 1);
    }

    fn a_hundred_identical_requests_have_one_effect_and_equal_answers(server) {
        let registrar = server.account(Role::Registrar);
        let answers = at_once(100, |_| {
            server.json("POST", "/api/v1/members", &[registrar.header(), ("Idempotency-Key", "once")], &new_member())
        });
        for answer in &answers {
            assert_eq!((answer.status, &answer.body), (201, &answers[0].body), "{}", answer.text());
            assert_eq!(answer.header("location"), answers[0].header("location"));
        }
        let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == Some("true")).count();
        assert_eq!(replayed, 99);
        assert_eq!(server.get("/api/v1/changes?since=1679").ok()["data"].as_array().unwrap().len(), 1);
    }

    fn members_with_one_key_are_added_once(server) {
        let registrar = server.account(Role::Registrar);
        let answers = at_once(12, |_| server.json("POST", "/api/v1/members", &[registrar.header()], &new_member()));
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        answers.iter().filter(|answer| answer.status != 201).for_each(|answer| {
            answer.problem(409, "already_exists");
        });
    }

    fn identifiers_that_two_members_want_go_to_one(server) {
        let registrar = server.account(Role::Registrar);
        let members = slugs(server, 8);
        let answers = at_once(members.len(), |number| {
            let path = format!("/api/v1/members/{}", members[number]);
            let body = json!({"external_ids": [{"scheme": "s", "value": "1"}]});
            server.json("PATCH", &path, &[registrar.header(), ("If-Match", "*")], &body)
        });
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), members.len() - 1);
    }

    fn a_reader_of_the_feed_sees_exactly_what_eight_writers_wrote(server) {
        let (writers, rounds) = (8, 8);
        let secretary = server.account(Role::Secretariat);
        let members = slugs(server, writers);
        let (done, together) = (AtomicBool::new(false), Barrier::new(writers + 1));
        let (seen, mut written) = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                together.wait();
                let (mut seen, mut since) = (Vec::new(), 1_679);
                loop {
                    let finished = done.load(Ordering::Acquire);
                    let page = server.get(&format!("/api/v1/changes?since={since}&limit=7")).ok();
                    seen.extend(page["data"].as_array().unwrap().clone());
                    since = page["page"]["next_since"].as_i64().unwrap();
                    if finished && page["page"]["has_more"] == false {
                        return seen;
                    }
                }
            });
            let threads: Vec<_> = members
                .iter()
                .map(|slug| {
                    let (together, secretary) = (&together, &secretary);
                    scope.spawn(move || {
                        together.wait();
                        let patch = |round: usize| {
                            let path = format!("/api/v1/members/{slug}");
                            let body = json!({"website": format!("https://x.example/{round}")});
                            let answer = server.json("PATCH", &path, &[secretary.header(), ("If-Match", "*")], &body).ok();
                            (answer["id"].as_str().unwrap().to_owned(), answer["version"].as_i64().unwrap())
                        };
                        (0..rounds).map(patch).collect::<Vec<_>>()
                    })
                })
                .collect();
            let written: Vec<(String, i64)> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
            done.store(true, Ordering::Release);
            (reader.join().unwrap(), written)
        });
        let numbers: Vec<i64> = seen.iter().map(|change| change["sequence"].as_i64().unwrap()).collect();
        assert_eq!(numbers, (1_680..1_680 + 64).collect::<Vec<i64>>(), "in order, nothing skipped, nothing twice");
        let mut told: Vec<(String, i64)> =
            seen.iter().map(|c| (c["id"].as_str().unwrap().to_owned(), c["version"].as_i64().unwrap())).collect();
        told.sort();
        written.sort();
        assert_eq!(told, written);
    }

    fn two_instances_are_one_service(server) {
        let other = TestServer::over(server.target.clone(), &[]);
        let registrar = server.account(Role::Registrar);
        // One effect and one answer, wherever the request arrives.
        let answers = at_once(24, |number| {
            let instance = if number % 2 == 0 { server } else { &other };
            instance.json("POST", "/api/v1/members", &[registrar.header(), ("Idempotency-Key", "k")], &new_member())
        });
        assert!(answers.iter().all(|answer| (answer.status, &answer.body) == (201, &answers[0].body)));
        // A reader of one hears of the writes at the other, and no write is lost between the two.
        let writes = at_once(12, |number| {
            let instance = if number % 2 == 0 { server } else { &other };
            let body = json!({"website": format!("https://x.example/{number}")});
            instance.json("PATCH", LARACHE, &[registrar.header(), ("If-Match", "*")], &body)
        });
        assert!(writes.iter().all(|answer| answer.status == 200));
        for instance in [server, &other] {
            let feed = instance.get("/api/v1/changes?since=1680&wait=5").ok();
            let versions: Vec<i64> = feed["data"].as_array().unwrap().iter().map(|c| c["version"].as_i64().unwrap()).collect();
            assert_eq!(versions, (2..14).collect::<Vec<i64>>());
        }
        // Disabled at one, refused at the other at once, although it remembers the token.
        store_disabled(&server.db, &registrar);
        for instance in [server, &other] {
            instance.json("PATCH", LARACHE, &[registrar.header(), ("If-Match", "*")], &json!({"website": null})).problem(401, "invalid_token");
            instance.get_with("/api/v1/auth/me", &[registrar.header()]).problem(401, "invalid_token");
        }
    }
}

fn store_disabled(db: &Db, account: &Account) {
    assert!(db.write_blocking(&OPERATOR, |tx| store::set_disabled(tx, &account.id, true)).unwrap());
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = sql_types::BigInt)]
    rows: i64,
}

/// How much is half: members whose version is not what feed and audit say, and a counter that is not the last number. In
/// one statement, hence of one moment.
const HALF: &str = "SELECT (SELECT count(*) FROM member m
    WHERE m.version <> 1 + (SELECT count(*) FROM change_entry c WHERE c.resource = 'members' AND c.resource_id = m.id AND c.op = 'updated')
       OR m.version <> 1 + (SELECT count(*) FROM audit_entry a WHERE a.resource = 'members' AND a.resource_id = m.id AND a.action = 'updated'))
    + (SELECT count(*) FROM sequence_counter s WHERE s.value <> (SELECT max(sequence) FROM change_entry))
    + (SELECT count(*) FROM idempotency_answer WHERE answer IS NULL) AS rows";

/// Kills the real binary in the middle of writes, again and again.
fn survive(target: &Target, settings: &[(&str, &str)]) {
    const KILLS: usize = 50;
    let db = Db::open(target, 1, &REGISTRY).unwrap();
    let secretary = Account::new(&db, Role::Secretariat, None);
    let settings = [settings, &[("REMACTO_SIGNING_KEYS", SIGNING_KEY), ("REMACTO_PUBLIC_URL", PUBLIC_URL)]].concat();
    let members = ["commune-larache", "commune-martil", "commune-agadir", "region-tanger-tetouan-al-hoceima"];
    let mut acknowledged: BTreeMap<&str, (i64, String)> = BTreeMap::new();
    for kill in 0..KILLS {
        let served = Served::start(&settings);
        let (told, acknowledgements) = mpsc::channel();
        std::thread::scope(|scope| {
            for member in members {
                let (told, client, bearer) = (told.clone(), served.client(), secretary.bearer.as_str());
                scope.spawn(move || write_until_killed(&client, member, bearer, kill, &told));
            }
            drop(told);
            // After some writes were acknowledged, while others are under way.
            for (member, version, website) in acknowledgements.iter().take(1 + kill % 7) {
                acknowledged.insert(member, (version, website));
            }
            served.kill();
            for (member, version, website) in acknowledgements {
                acknowledged.insert(member, (version, website));
            }
        });
        let half = match target {
            Target::Sqlite(file) => {
                sql_query(HALF).get_result::<Count>(&mut SqliteConnection::establish(&file.to_string_lossy()).unwrap())
            }
            Target::Postgres(url) => {
                sql_query(HALF).get_result(&mut PgConnection::establish(&url.with_connect_timeout(5)).unwrap())
            }
        };
        assert_eq!(half.unwrap().rows, 0, "after kill {kill}");
    }
    let server = TestServer::over(target.clone(), &[]);
    assert!(acknowledged.len() == members.len(), "every member was written: {acknowledged:?}");
    for (member, (version, website)) in acknowledged {
        let stored = server.get(&format!("/api/v1/members/{member}")).ok();
        let now = stored["version"].as_i64().unwrap();
        assert!(now >= version, "{member} lost version {version}");
        assert!(now > version || stored["website"] == website, "{member} lost {website}");
    }
}

/// Writes as fast as it can until the server is gone; tells what was acknowledged.
fn write_until_killed(
    client: &Client,
    member: &'static str,
    bearer: &str,
    kill: usize,
    told: &mpsc::Sender<(&'static str, i64, String)>,
) {
    for number in 0.. {
        let website = format!("https://x.example/{kill}/{number}");
        let headers = [("Authorization", bearer), ("If-Match", "*"), ("Content-Type", "application/merge-patch+json")];
        let body = json!({"website": website}).to_string();
        let Some(answer) = client.try_send_body("PATCH", &format!("/api/v1/members/{member}"), &headers, &body) else {
            return;
        };
        assert_eq!(answer.status, 200, "{}", answer.text());
        let version = answer.json()["version"].as_i64().unwrap();
        let _ = told.send((member, version, website));
    }
}

#[test]
fn what_was_acknowledged_survives_fifty_kills_on_sqlite() {
    let (folder, file) = sqlite_database();
    survive(&Target::Sqlite(file), &[("REMACTO_DATA_DIR", folder.path().to_str().unwrap())]);
}

#[test]
fn what_was_acknowledged_survives_fifty_kills_on_postgres() {
    let Some(cluster) = postgres::shared() else { return };
    let url = cluster.filled_database();
    survive(&Target::parse(&url).unwrap(), &[("DATABASE_URL", &url)]);
}
