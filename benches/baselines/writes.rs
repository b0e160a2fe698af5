//! The statements of a change of a member, by Diesel alone: what the server does for a PATCH, in the same transaction with
//! the same serialisation (one writer on SQLite; row lock and counter row on PostgreSQL), and the same without the counter
//! row, which shows what the feed's guarantee costs.

use std::sync::{
    Mutex,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use diesel::{PgConnection, SqliteConnection, connection::SimpleConnection as _, dsl::exists, prelude::*};
use remacto::{
    db::schema::{
        account, audit_entry, change_entry, member, member_adhesion, member_external_id, revoked_token,
        sequence_counter, territory,
    },
    kernel::{clock, id::new_id},
};

use crate::{MemberRow, SeatRow, open_pg, open_sqlite, rate};

/// Numbers for changes that no counter row gives; from the clock on, so that they are new in every run.
static NUMBER: AtomicI64 = AtomicI64::new(0);
/// Which member is next.
static NEXT: AtomicUsize = AtomicUsize::new(0);

macro_rules! change {
    ($change:ident, $conn:ty, $lock:expr) => {
        fn $change(conn: &mut $conn, account_id: &str, slug: &str, with_counter: bool) -> QueryResult<()> {
            let revoked = exists(revoked_token::table.filter(revoked_token::jti.eq(account_id)));
            let asked: (String, Option<String>, Option<chrono::NaiveDateTime>, bool) = account::table
                .filter(account::id.eq(account_id))
                .select((account::role, account::member_id, account::disabled_at, revoked))
                .first(conn)?;
            std::hint::black_box(asked);
            let lock: fn(&mut $conn, &str) -> QueryResult<()> = $lock;
            lock(conn, slug)?;
            let (row, seat): (MemberRow, SeatRow) = member::table
                .inner_join(territory::table.on(member::territory_code.eq(territory::code)))
                .select((MemberRow::as_select(), SeatRow::as_select()))
                .filter(member::slug.eq(slug))
                .first(conn)?;
            std::hint::black_box(seat);
            let identifiers: Vec<(String, String, String)> =
                member_external_id::table.filter(member_external_id::member_id.eq_any([&row.id])).load(conn)?;
            let adhesions: Vec<(String, String)> = member_adhesion::table
                .filter(member_adhesion::member_id.eq_any([&row.id]))
                .select((member_adhesion::charter_version, member_adhesion::decision_reference))
                .load(conn)?;
            std::hint::black_box((identifiers, adhesions));
            let (now, number) = (clock::now().naive_utc(), NUMBER.fetch_add(1, Ordering::Relaxed));
            let website = format!("https://x.example/{number}");
            diesel::update(member::table.filter(member::id.eq(&row.id)))
                .set((
                    member::version.eq(row.version + 1),
                    member::updated_at.eq(now),
                    member::name_fr.eq(&row.name_fr),
                    member::name_ar.eq(&row.name_ar),
                    member::name_en.eq(&row.name_en),
                    member::status.eq(&row.status),
                    member::source.eq(&row.source),
                    member::website.eq(&website),
                ))
                .execute(conn)?;
            diesel::insert_into(audit_entry::table)
                .values((
                    audit_entry::id.eq(new_id().into_string()),
                    audit_entry::occurred_at.eq(now),
                    audit_entry::actor.eq("client"),
                    audit_entry::account_id.eq(account_id),
                    audit_entry::role.eq("secretariat"),
                    audit_entry::request_id.eq(new_id().into_string()),
                    audit_entry::action.eq("updated"),
                    audit_entry::resource.eq("members"),
                    audit_entry::resource_id.eq(&row.id),
                    audit_entry::version.eq(row.version + 1),
                    audit_entry::before_values.eq(format!("{{\"website\":{:?}}}", row.website.unwrap_or_default())),
                    audit_entry::after_values.eq(format!("{{\"website\":{website:?}}}")),
                ))
                .execute(conn)?;
            let sequence = if with_counter {
                diesel::update(sequence_counter::table)
                    .set(sequence_counter::value.eq(sequence_counter::value + 1))
                    .returning(sequence_counter::value)
                    .get_result(conn)?
            } else {
                number
            };
            diesel::insert_into(change_entry::table)
                .values((
                    change_entry::sequence.eq(sequence),
                    change_entry::resource.eq("members"),
                    change_entry::resource_id.eq(&row.id),
                    change_entry::op.eq("updated"),
                    change_entry::version.eq(row.version + 1),
                    change_entry::changed_at.eq(now),
                ))
                .execute(conn)?;
            Ok(())
        }
    };
}
change!(change_sqlite, SqliteConnection, |_, _| Ok(()));
change!(change_pg, PgConnection, |conn, slug| {
    let lock = member::table.select(member::id).filter(member::slug.eq(slug)).for_update();
    lock.first::<String>(conn).map(drop)
});

/// Changes a second in 8 threads.
pub fn measure(database: &str, account_id: &str, seconds: f64, with_counter: bool) -> f64 {
    NUMBER.store(clock::now().timestamp_micros(), Ordering::Relaxed);
    let some = member::table.select(member::slug).order(member::slug).limit(50);
    let next = |slugs: &[String]| slugs[NEXT.fetch_add(1, Ordering::Relaxed) % slugs.len()].clone();
    durably(
        database,
        seconds,
        (
            |conn: &mut PgConnection| some.load(conn).expect("members"),
            |conn: &mut SqliteConnection| some.load(conn).expect("members"),
        ),
        (
            |conn: &mut PgConnection, slugs: &[String]| {
                let slug = next(slugs);
                conn.transaction(|conn| change_pg(conn, account_id, &slug, with_counter)).expect("the change is made");
            },
            |conn: &mut SqliteConnection, slugs: &[String]| {
                let slug = next(slugs);
                let change = |conn: &mut SqliteConnection| change_sqlite(conn, account_id, &slug, with_counter);
                conn.immediate_transaction(change).expect("the change is made");
            },
        ),
    )
}

/// How often a second 8 threads write something durably, with what they are to write about.
pub fn durably(
    database: &str,
    seconds: f64,
    (some_pg, some_sqlite): (impl Fn(&mut PgConnection) -> Vec<String>, impl Fn(&mut SqliteConnection) -> Vec<String>),
    (write_pg, write_sqlite): (
        impl Fn(&mut PgConnection, &[String]) + Sync,
        impl Fn(&mut SqliteConnection, &[String]) + Sync,
    ),
) -> f64 {
    // A thread that fails must not leave the others waiting for it.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::exit(1);
    }));
    if database.starts_with("postgres") {
        let some = some_pg(&mut open_pg(database));
        let write = |conn: &mut PgConnection| {
            write_pg(conn, &some);
            1
        };
        return rate(seconds, || open_pg(database), write);
    }
    let mut first = open_sqlite(database);
    first
        .batch_execute("PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        .expect("the settings hold");
    let some = some_sqlite(&mut first);
    // One writer, as in the server: who finds it busy waits for it, and not for a timeout.
    let writer = Mutex::new(first);
    let write = |(): &mut ()| {
        write_sqlite(&mut writer.lock().expect("no writer has panicked"), &some);
        1
    };
    rate(seconds, || (), write)
}
