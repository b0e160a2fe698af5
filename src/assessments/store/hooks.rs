//! What assessments do when a member is deleted.

use diesel::dsl::count_star;

use crate::{
    db::{Conn, Hooks, Objection, Objections, Of, StoreError, prelude::*, schema::assessment},
    kernel::kind::Kind,
};

/// The hooks of assessments.
#[derive(Debug)]
pub struct AssessmentHooks;

impl Hooks for AssessmentHooks {
    fn object_to_deletion(&self, conn: &mut Conn, of: Of<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let (Kind::Members, id) = of else { return Ok(()) };
        let own = assessment::table.filter(assessment::member_id.eq(id.as_str()));
        let counts = own.group_by(assessment::publication).select((assessment::publication, count_star()));
        let published = objections.count_published(counts.load(conn)?);
        let detail = |count| format!("The member has {count} assessments.");
        objections.add(Objection::of_count("has_assessments", published, detail));
        Ok(())
    }
}
