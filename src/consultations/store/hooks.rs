//! What consultations and contributions do when something happens to their programme, its projects and its axes, and to
//! territories.

use crate::{
    action_programs::copy_region,
    db::{
        Conn, Hooks, Objections, Removal, ResourceRef, StoreError, Tx,
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
    fn object(&self, conn: &mut Conn, to: Removal<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (code, count, detail) = match to {
            Removal::Hiding(Kind::ActionPrograms, id) | Removal::Deletion(Kind::ActionPrograms, id) => {
                let sent = contribution::table
                    .inner_join(consultation::table.on(consultation::id.eq(contribution::consultation_id)))
                    .filter(consultation::program_id.eq(id.as_str()));
                ("has_contributions", sent.count().get_result(conn)?, "contributions were sent to it.")
            }
            Removal::Deletion(Kind::Projects, id) => {
                let own = contribution::table.filter(contribution::project_id.eq(id.as_str()));
                ("has_contributions", own.count().get_result(conn)?, "contributions of the public became this project.")
            }
            Removal::Axis(id) => {
                let own = contribution::table.filter(contribution::axis_id.eq(id.as_str()));
                ("axis_in_use", own.count().get_result(conn)?, "contributions belong to the axis.")
            }
            _ => return Ok(()),
        };
        objections.add(code, count, detail);
        Ok(())
    }

    fn before_deletion(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let own = consultation::table.filter(consultation::program_id.eq(id.as_str()));
        let gone: Vec<String> = own.select(consultation::id).load(tx.conn)?;
        tx.touched_all(CONSULTATIONS, gone.into_iter().map(Identifier::stored));
        Ok(())
    }

    fn visibility_changed(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>, is_public: bool) -> Result<(), StoreError> {
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
        copy_region!(tx, codes, consultation, CONSULTATIONS);
        Ok(())
    }
}
