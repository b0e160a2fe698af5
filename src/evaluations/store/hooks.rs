//! What evaluations do when something happens to what they are about.

use super::EVALUATIONS;
use crate::{
    db::{Conn, Hooks, Objections, Removal, ResourceRef, StoreError, Tx, prelude::*, schema::evaluation},
    kernel::{id::Identifier, kind::Kind},
};

/// The hooks of evaluations.
#[derive(Debug)]
pub struct EvaluationHooks;

impl Hooks for EvaluationHooks {
    fn object(&self, conn: &mut Conn, to: Removal<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (count, detail) = match to {
            Removal::Hiding(Kind::ActionPrograms, id) | Removal::Deletion(Kind::ActionPrograms, id) => {
                let own = evaluation::table.filter(evaluation::program_id.eq(id.as_str()));
                (own.count().get_result(conn)?, "evaluations are about it.")
            }
            Removal::Deletion(Kind::Projects, id) => {
                let own = evaluation::table.filter(evaluation::project_id.eq(id.as_str()));
                (own.count().get_result(conn)?, "evaluations say something of this project.")
            }
            _ => return Ok(()),
        };
        objections.add("has_evaluations", count, detail);
        Ok(())
    }

    fn visibility_changed(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>, _is_public: bool) -> Result<(), StoreError> {
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
