//! What assessments do when a member is deleted.

use diesel::dsl::count_star;

use crate::{
    db::{Conn, Hooks, Objections, Removal, StoreError, prelude::*, schema::assessment},
    kernel::kind::Kind,
};

/// The hooks of assessments.
#[derive(Debug)]
pub struct AssessmentHooks;

impl Hooks for AssessmentHooks {
    fn object(&self, conn: &mut Conn, to: Removal<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let Removal::Deletion(Kind::Members, id) = to else { return Ok(()) };
        let own = assessment::table.filter(assessment::member_id.eq(id.as_str()));
        let counts = own.group_by(assessment::publication).select((assessment::publication, count_star()));
        let published = objections.count_published(counts.load(conn)?);
        objections.add("has_assessments", published, "assessments belong to the member.");
        Ok(())
    }
}
