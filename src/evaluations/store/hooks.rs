//! What evaluations do when something happens to what they are about.

use super::EVALUATIONS;
use crate::{
    db::{Conn, Hooks, Objection, Objections, Of, StoreError, Tx, prelude::*, schema::evaluation},
    kernel::{id::Identifier, kind::Kind},
};

/// The hooks of evaluations.
#[derive(Debug)]
pub struct EvaluationHooks;

impl Hooks for EvaluationHooks {
    fn object_to_hiding(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let own = evaluation::table.filter(evaluation::program_id.eq(id.as_str()));
        let detail = |count| format!("{count} evaluations are about it.");
        objections.add(Objection::of_count("has_evaluations", own.count().get_result(conn)?, detail));
        Ok(())
    }

    fn object_to_deletion(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (Kind::Projects, id) = of else { return self.object_to_hiding(conn, of, objections) };
        let own = evaluation::table.filter(evaluation::project_id.eq(id.as_str()));
        let detail = |count| format!("{count} evaluations say something of this project.");
        objections.add(Objection::of_count("has_evaluations", own.count().get_result(conn)?, detail));
        Ok(())
    }

    fn visibility_changed(&self, tx: &mut Tx<'_>, of: Of<'_>, _is_public: bool) -> Result<(), StoreError> {
        let (Kind::ActionPrograms, id) = of else { return Ok(()) };
        let published = evaluation::program_id.eq(id.as_str()).and(evaluation::publication.eq("published"));
        let evaluations: Vec<String> = diesel::update(evaluation::table.filter(published))
            .set(evaluation::updated_at.eq(tx.now().naive_utc()))
            .returning(evaluation::id)
            .load(tx.conn)?;
        tx.touched_all(EVALUATIONS, evaluations.into_iter().map(Identifier::stored));
        Ok(())
    }
}
