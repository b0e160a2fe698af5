//! What consultations and contributions do when something happens to their programme, its projects and its axes, and to
//! territories.

use crate::{
    action_programs::{move_to_region, take_turn},
    db::{
        Conn, Hooks, Objection, Objections, Of, StoreError, Tx,
        prelude::*,
        schema::{consultation, contribution, member, territory},
    },
    kernel::{id::Identifier, kind::Kind},
};

use super::{CONSULTATIONS, CONTRIBUTIONS};

/// The hooks of consultations.
#[derive(Debug)]
pub struct ConsultationHooks;

impl Hooks for ConsultationHooks {
    fn object_to_hiding(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let sent: i64 = contribution::table
            .inner_join(consultation::table.on(consultation::id.eq(contribution::consultation_id)))
            .filter(consultation::program_id.eq(id.as_str()))
            .count()
            .get_result(conn)?;
        let detail = |count| format!("{count} contributions were sent to it.");
        objections.add(Objection::of_count("has_contributions", sent, detail));
        Ok(())
    }

    fn object_to_deletion(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (Kind::Projects, id) = of else { return self.object_to_hiding(conn, of, objections) };
        let own = contribution::table.filter(contribution::project_id.eq(id.as_str()));
        let detail = |count| format!("{count} contributions of the public became this project.");
        objections.add(Objection::of_count("has_contributions", own.count().get_result(conn)?, detail));
        Ok(())
    }

    fn object_to_axis_removal(
        &self,
        conn: &mut Conn,
        axis_id: &Identifier,
        objections: &mut Objections,
    ) -> Result<(), StoreError> {
        let own = contribution::table.filter(contribution::axis_id.eq(axis_id.as_str()));
        let detail = |count| format!("{count} contributions belong to the axis {axis_id}.");
        objections.add(Objection::of_count("axis_in_use", own.count().get_result(conn)?, detail));
        Ok(())
    }

    fn before_deletion(&self, tx: &mut Tx<'_>, of: Of<'_>) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let own = consultation::table.filter(consultation::program_id.eq(id.as_str()));
        let gone: Vec<String> = own.select(consultation::id).load(tx.conn)?;
        tx.touched_all(CONSULTATIONS, gone.into_iter().map(Identifier::stored));
        Ok(())
    }

    fn visibility_changed(&self, tx: &mut Tx<'_>, of: Of<'_>, is_public: bool) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let (own, now) = (consultation::table.filter(consultation::program_id.eq(id.as_str())), tx.now().naive_utc());
        let consultations: Vec<String> = diesel::update(own)
            .set((consultation::is_public.eq(is_public), consultation::updated_at.eq(now)))
            .returning(consultation::id)
            .load(tx.conn)?;
        let published = contribution::consultation_id
            .eq_any(own.select(consultation::id))
            .and(contribution::moderation.eq("published"));
        let contributions: Vec<String> = diesel::update(contribution::table.filter(published))
            .set(contribution::updated_at.eq(now))
            .returning(contribution::id)
            .load(tx.conn)?;
        tx.touched_all(CONSULTATIONS, consultations.into_iter().map(Identifier::stored));
        tx.touched_all(CONTRIBUTIONS, contributions.into_iter().map(Identifier::stored));
        Ok(())
    }

    fn territories_changed(&self, tx: &mut Tx<'_>, codes: &[&str]) -> Result<(), StoreError> {
        let moved: Vec<(String, String)> = member::table
            .inner_join(territory::table.on(territory::code.eq(member::territory_code)))
            .inner_join(consultation::table.on(consultation::member_id.eq(member::id)))
            .filter(member::territory_code.eq_any(codes.iter().copied()))
            .filter(consultation::region_code.ne(territory::region_code))
            .select((member::id, territory::region_code))
            .distinct()
            .load(tx.conn)?;
        if !moved.is_empty() {
            take_turn(tx)?;
        }
        let now = tx.now().naive_utc();
        moved.iter().try_for_each(|(member_id, region)| move_consultations(tx, member_id, region, now))
    }
}

move_to_region!(move_consultations, consultation, CONSULTATIONS);
