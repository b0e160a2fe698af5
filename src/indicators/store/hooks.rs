//! What indicators and measurements do when something happens to members, programmes and projects, and to territories.

use diesel::dsl::count_star;

use super::INDICATORS;
use crate::{
    action_programs::copy_region,
    db::{
        Conn, Hooks, Objections, Removal, ResourceRef, StoreError, Tx,
        prelude::*,
        schema::{indicator, measurement, member, territory},
    },
    kernel::{id::Identifier, kind::Kind},
};

/// Publishes or hides approved measurements. `$of` is a condition on `measurement` that selects their indicators.
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
    fn object(&self, conn: &mut Conn, to: Removal<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        if let Removal::Hiding(Kind::ActionPrograms, id) | Removal::Deletion(Kind::ActionPrograms, id) = to {
            let measured = measurement::table
                .inner_join(indicator::table.on(indicator::id.eq(measurement::indicator_id)))
                .filter(indicator::program_id.eq(id.as_str()).and(measurement::approved_at.is_not_null()));
            objections.add("has_measurements", measured.count().get_result(conn)?, "approved values are public.");
        }
        let (count, detail) = match to {
            Removal::Deletion(Kind::Members, id) => {
                let own = indicator::table.filter(indicator::member_id.eq(id.as_str()));
                let counts: Vec<(bool, i64)> =
                    own.group_by(indicator::is_public).select((indicator::is_public, count_star())).load(conn)?;
                objections.has_unpublished |= counts.iter().any(|(is_public, _)| !is_public);
                let public = counts.iter().filter(|(is_public, _)| *is_public).map(|(_, count)| count).sum();
                (public, "indicators belong to the member.")
            }
            Removal::Deletion(Kind::ActionPrograms, id) => {
                let own = indicator::table.filter(indicator::program_id.eq(id.as_str()));
                (own.count().get_result(conn)?, "indicators are of it; delete them first.")
            }
            Removal::Deletion(Kind::Projects, id) => {
                let own = indicator::table.filter(indicator::project_id.eq(id.as_str()));
                (own.count().get_result(conn)?, "indicators are of this project; delete them first.")
            }
            _ => return Ok(()),
        };
        objections.add("has_indicators", count, detail);
        Ok(())
    }

    fn visibility_changed(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>, is_public: bool) -> Result<(), StoreError> {
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
        copy_region!(tx, codes, indicator, INDICATORS);
        Ok(())
    }
}
