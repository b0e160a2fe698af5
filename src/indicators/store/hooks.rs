//! What indicators and measurements do when something happens to members, programmes and projects, and to territories.

use diesel::dsl::count_star;

use super::INDICATORS;
use crate::{
    action_programs::{move_to_region, take_turn},
    db::{
        Conn, Hooks, Objection, Objections, Of, StoreError, Tx,
        prelude::*,
        schema::{indicator, measurement, member, territory},
    },
    kernel::{id::Identifier, kind::Kind},
};

/// Shows or hides the approved values of indicators, which a condition on measurements names.
macro_rules! show_measurements {
    ($tx:expr, $of:expr, $is_public:expr) => {
        let approved = $of.and(measurement::approved_at.is_not_null());
        let shown: Vec<String> = diesel::update(measurement::table.filter(approved))
            .set((measurement::is_public.eq($is_public), measurement::updated_at.eq($tx.now().naive_utc())))
            .returning(measurement::id)
            .load($tx.conn)?;
        $tx.touched_all($crate::kernel::kind::Kind::Measurements, shown.into_iter().map(Identifier::stored));
    };
}
/// The hooks of indicators.
#[derive(Debug)]
pub struct IndicatorHooks;

impl Hooks for IndicatorHooks {
    fn object_to_hiding(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let measured: i64 = measurement::table
            .inner_join(indicator::table.on(indicator::id.eq(measurement::indicator_id)))
            .filter(indicator::program_id.eq(id.as_str()).and(measurement::approved_at.is_not_null()))
            .count()
            .get_result(conn)?;
        let detail = |count| format!("{count} approved values are public.");
        objections.add(Objection::of_count("has_measurements", measured, detail));
        Ok(())
    }

    fn object_to_deletion(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        self.object_to_hiding(conn, of, objections)?;
        let (kind, id) = of;
        match kind {
            Kind::Members => {
                let own = indicator::table.filter(indicator::member_id.eq(id.as_str()));
                let found: Vec<(bool, i64)> =
                    own.group_by(indicator::is_public).select((indicator::is_public, count_star())).load(conn)?;
                objections.has_unpublished |= found.iter().any(|(is_public, _)| !is_public);
                let public = found.iter().filter(|(is_public, _)| *is_public).map(|(_, count)| count).sum();
                let detail = |count| format!("The member has {count} indicators.");
                objections.add(Objection::of_count("has_indicators", public, detail));
            }
            Kind::ActionPrograms => {
                let own = indicator::table.filter(indicator::program_id.eq(id.as_str()));
                let detail = |count| format!("{count} indicators are of it; delete them first.");
                objections.add(Objection::of_count("has_indicators", own.count().get_result(conn)?, detail));
            }
            Kind::Projects => {
                let own = indicator::table.filter(indicator::project_id.eq(id.as_str()));
                let detail = |count| format!("{count} indicators are of this project; delete them first.");
                objections.add(Objection::of_count("has_indicators", own.count().get_result(conn)?, detail));
            }
            _ => {}
        }
        Ok(())
    }

    fn visibility_changed(&self, tx: &mut Tx<'_>, of: Of<'_>, is_public: bool) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let published = indicator::program_id.eq(id.as_str()).and(indicator::publication.eq("published"));
        let indicators: Vec<String> = diesel::update(indicator::table.filter(published))
            .set((indicator::is_public.eq(is_public), indicator::updated_at.eq(tx.now().naive_utc())))
            .returning(indicator::id)
            .load(tx.conn)?;
        tx.touched_all(INDICATORS, indicators.into_iter().map(Identifier::stored));
        let of = indicator::table.filter(published).select(indicator::id);
        show_measurements!(tx, measurement::indicator_id.eq_any(of), is_public);
        Ok(())
    }

    fn territories_changed(&self, tx: &mut Tx<'_>, codes: &[&str]) -> Result<(), StoreError> {
        let moved: Vec<(String, String)> = member::table
            .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
            .inner_join(indicator::table.on(indicator::member_id.eq(member::id.nullable())))
            .filter(member::territory_code.eq_any(codes.iter().copied()))
            .filter(indicator::region_code.ne(territory::region_code.nullable()))
            .select((member::id, territory::region_code))
            .distinct()
            .load(tx.conn)?;
        if !moved.is_empty() {
            take_turn(tx)?;
        }
        let now = tx.now().naive_utc();
        moved.iter().try_for_each(|(member_id, region)| move_indicators(tx, member_id, region, now))
    }
}

move_to_region!(move_indicators, indicator, INDICATORS);
