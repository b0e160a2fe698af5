//! The statements of a report for a period, by Diesel alone: what the server does for a POST of a measurement, in the same
//! transaction with the same serialisation (one writer on SQLite; advisory and row locks on PostgreSQL).

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{Datelike as _, Days, Months, NaiveDate, NaiveDateTime};
use diesel::{PgConnection, SqliteConnection, connection::SimpleConnection as _, dsl::exists, prelude::*};
use remacto::{
    db::schema::{
        account, action_program, audit_entry, indicator, measurement, member, project, reporting_period, revoked_token,
    },
    kernel::{clock, id::new_id},
};

use crate::writes::durably;

/// Which report is next: of an indicator for a quarter.
static NEXT: AtomicUsize = AtomicUsize::new(0);
/// How many indicators are reported in turn.
const INDICATORS: i64 = 1_000;

/// The columns that the server reads for an indicator.
#[derive(Queryable, Selectable)]
#[diesel(table_name = indicator)]
#[expect(dead_code, reason = "only their reading is measured")]
struct IndicatorRow {
    id: String,
    version: i64,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    slug: String,
    scope: String,
    member_id: Option<String>,
    region_code: Option<String>,
    program_id: Option<String>,
    project_id: Option<String>,
    commitment: Option<String>,
    code: String,
    catalogue_code: Option<String>,
    definition: String,
    definition_version: i64,
    baseline_value: Option<i64>,
    baseline_on: Option<NaiveDate>,
    targets: String,
    publication: String,
    is_public: bool,
    provenance: String,
    latest_value: Option<i64>,
    latest_period: Option<String>,
}

/// What an indicator takes from what it belongs to.
type Names = (Option<String>, Option<String>, Option<String>, Option<String>);

macro_rules! report {
    ($report:ident, $conn:ty, $lock:expr) => {
        fn $report(conn: &mut $conn, account_id: &str, slug: &str, first: NaiveDate) -> QueryResult<()> {
            let revoked = exists(revoked_token::table.filter(revoked_token::jti.eq(account_id)));
            let asked: (String, Option<String>, Option<NaiveDateTime>, bool) = account::table
                .filter(account::id.eq(account_id))
                .select((account::role, account::member_id, account::disabled_at, revoked))
                .first(conn)?;
            std::hint::black_box(asked);
            let lock: fn(&mut $conn, &str) -> QueryResult<()> = $lock;
            lock(conn, slug)?;
            let names = (
                member::slug.nullable(),
                action_program::slug.nullable(),
                action_program::publication.nullable(),
                project::code.nullable(),
            );
            let (of, named): (IndicatorRow, Names) = indicator::table
                .left_join(member::table.on(member::id.nullable().eq(indicator::member_id)))
                .left_join(action_program::table.on(action_program::id.nullable().eq(indicator::program_id)))
                .left_join(project::table.on(project::id.nullable().eq(indicator::project_id)))
                .select((IndicatorRow::as_select(), names))
                .filter(indicator::slug.eq(slug))
                .first(conn)?;
            std::hint::black_box(named);
            let period = format!("{}-Q{}", first.year(), first.month0() / 3 + 1);
            let state: Option<(String, String)> = reporting_period::table
                .filter(reporting_period::code.eq(&period))
                .select((reporting_period::code, reporting_period::state))
                .first(conn)
                .optional()?;
            let there: Option<(String, String, i64)> = measurement::table
                .inner_join(indicator::table.on(measurement::indicator_id.eq(indicator::id)))
                .left_join(member::table.on(member::id.nullable().eq(measurement::member_id)))
                .filter(measurement::indicator_id.eq(&of.id).and(measurement::period.eq(&period)))
                .select((measurement::id, measurement::state, measurement::version))
                .first(conn)
                .optional()?;
            assert!(there.is_none(), "nothing has been reported for {slug} in {period}");
            std::hint::black_box(state);
            let (id, now) = (new_id().into_string(), clock::now().naive_utc());
            let last = first + Months::new(3) - Days::new(1);
            let made = format!("{{\"indicator_id\":{:?},\"period\":{period:?},\"value\":12000000}}", of.id);
            diesel::insert_into(measurement::table)
                .values((
                    (
                        measurement::id.eq(&id),
                        measurement::version.eq(1),
                        measurement::created_at.eq(now),
                        measurement::updated_at.eq(now),
                        measurement::indicator_id.eq(&of.id),
                        measurement::member_id.eq(&of.member_id),
                        measurement::period.eq(&period),
                        measurement::from_on.eq(first),
                        measurement::until_on.eq(last),
                        measurement::due_on.eq(last + Days::new(45)),
                        measurement::state.eq("submitted"),
                        measurement::definition_version.eq(of.definition_version),
                        measurement::value.eq(12_000_000),
                    ),
                    (
                        measurement::report.eq("{\"numerator\":null,\"denominator\":null,\"disaggregation\":{},\"note\":null,\"evidence\":[]}"),
                        measurement::reported_by.eq(account_id),
                        measurement::reported_role.eq("secretariat"),
                        measurement::submitted_at.eq(now),
                        measurement::first_submitted_at.eq(now),
                        measurement::revision.eq(0),
                        measurement::is_late.eq(true),
                        measurement::is_public.eq(false),
                        measurement::report_version.eq(1),
                        measurement::report_changed_at.eq(now),
                        measurement::hands.eq(format!("[{account_id:?}]")),
                    ),
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
                    audit_entry::action.eq("created"),
                    audit_entry::resource.eq("measurements"),
                    audit_entry::resource_id.eq(&id),
                    audit_entry::version.eq(1),
                    audit_entry::after_values.eq(made),
                ))
                .execute(conn)?;
            Ok(())
        }
    };
}
report!(report_sqlite, SqliteConnection, |_, _| Ok(()));
report!(report_pg, PgConnection, |conn, slug| {
    conn.batch_execute("SELECT pg_advisory_xact_lock_shared(1, 1)")?;
    let lock = indicator::table.select(indicator::id).filter(indicator::slug.eq(slug)).for_no_key_update();
    lock.first::<String>(conn).map(drop)
});

/// Reports a second in 8 threads, each for a quarter that has none, from the `start`th after the beginning of 1950 on.
pub fn measure(database: &str, account_id: &str, seconds: f64, start: usize) -> f64 {
    NEXT.store(start, Ordering::Relaxed);
    let beginning = NaiveDate::from_ymd_opt(1950, 1, 1).expect("a day");
    let next = |slugs: &[String]| {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let quarter = u32::try_from(number / slugs.len()).expect("few quarters");
        (slugs[number % slugs.len()].clone(), beginning + Months::new(3 * quarter))
    };
    let some = indicator::table
        .filter(indicator::kind.eq("number").and(indicator::is_public.eq(true)))
        .select(indicator::slug)
        .order(indicator::id)
        .limit(INDICATORS);
    durably(
        database,
        seconds,
        (
            |conn: &mut PgConnection| some.load(conn).expect("indicators"),
            |conn: &mut SqliteConnection| some.load(conn).expect("indicators"),
        ),
        (
            |conn: &mut PgConnection, slugs: &[String]| {
                let (slug, first) = next(slugs);
                conn.transaction(|conn| report_pg(conn, account_id, &slug, first)).expect("the report is made");
            },
            |conn: &mut SqliteConnection, slugs: &[String]| {
                let (slug, first) = next(slugs);
                conn.immediate_transaction(|conn| report_sqlite(conn, account_id, &slug, first))
                    .expect("the report is made");
            },
        ),
    )
}
