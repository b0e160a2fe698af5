//! What practices, collaborations and events do when a member is deleted.

use diesel::dsl::count_star;
use serde_json::json;

use crate::{
    db::{
        Conn, Deed, Hooks, Objection, Objections, Removal, ResourceRef, StoreError, Tx,
        prelude::*,
        schema::{collaboration, collaboration_member, event, event_member, member, practice},
    },
    kernel::{
        audit::{Action, Collection},
        kind::Kind,
    },
};

/// The hooks of the exchange.
#[derive(Debug)]
pub struct ExchangeHooks;

impl Hooks for ExchangeHooks {
    /// A draft of another owner that names the member is no objection.
    fn object(&self, conn: &mut Conn, to: Removal<'_>, objections: &mut Objections) -> Result<(), StoreError> {
        let Removal::Deletion(Kind::Members, id) = to else { return Ok(()) };
        macro_rules! published {
            ($query:expr, $publication:expr) => {{
                let counts = $query.group_by($publication).select(($publication, count_star()));
                objections.count_published(counts.load(conn)?)
            }};
        }
        let practices = published!(practice::table.filter(practice::member_id.eq(id.as_str())), practice::publication);
        let collaborations = published!(
            collaboration::table
                .inner_join(
                    collaboration_member::table.on(collaboration_member::collaboration_id.eq(collaboration::id))
                )
                .filter(collaboration_member::member_id.eq(id.as_str()))
                .filter(collaboration::publication.eq("published").or(collaboration::lead_id.eq(id.as_str()))),
            collaboration::publication
        );
        let events = published!(
            event::table
                .inner_join(event_member::table.on(event_member::event_id.eq(event::id)))
                .filter(event_member::member_id.eq(id.as_str()))
                .filter(event::publication.eq("published").or(event::host_id.assume_not_null().eq(id.as_str()))),
            event::publication
        );
        if practices + collaborations + events > 0 {
            let detail =
                format!("The member has {practices} practices, {collaborations} collaborations and {events} events.");
            objections.reasons.push(Objection { code: "has_exchange", detail });
        }
        Ok(())
    }

    /// Locks the drafts that name the member.
    fn lock_for_deletion(&self, conn: &mut Conn, of: ResourceRef<'_>) -> Result<(), StoreError> {
        let (Kind::Members, id) = of else { return Ok(()) };
        // SQLite's write transactions exclude each other anyway.
        let Conn::Postgres(conn) = conn else { return Ok(()) };
        let links = collaboration_member::table.filter(collaboration_member::member_id.eq(id.as_str()));
        let drafts = collaboration::table.filter(collaboration::publication.eq("draft"));
        let drafts = drafts.filter(collaboration::id.eq_any(links.select(collaboration_member::collaboration_id)));
        let _: Vec<String> = drafts.select(collaboration::id).for_update().load(conn)?;
        let links = event_member::table.filter(event_member::member_id.eq(id.as_str()));
        let drafts = event::table.filter(event::publication.eq("draft"));
        let drafts = drafts.filter(event::id.eq_any(links.select(event_member::event_id)));
        let _: Vec<String> = drafts.select(event::id).for_update().load(conn)?;
        Ok(())
    }

    /// Removes the member from the drafts that name it, with an audit entry for each draft.
    fn before_deletion(&self, tx: &mut Tx<'_>, of: ResourceRef<'_>) -> Result<(), StoreError> {
        let (Kind::Members, id) = of else { return Ok(()) };
        let slug: String = member::table.filter(member::id.eq(id.as_str())).select(member::slug).first(tx.conn)?;
        macro_rules! leave {
            ($table:ident, $links:ident, $link:ident, $resource:expr) => {
                let links = $links::table.filter($links::member_id.eq(id.as_str()));
                let named: Vec<(String, i64)> =
                    diesel::update($table::table.filter($table::id.eq_any(links.select($links::$link))))
                        .set(($table::version.eq($table::version + 1), $table::updated_at.eq(tx.now().naive_utc())))
                        .returning(($table::id, $table::version))
                        .load(tx.conn)?;
                diesel::delete(links).execute(tx.conn)?;
                for (id, version) in named {
                    let before = Some(json!({"removed_member": slug}));
                    let (action, resource, version) = (Action::Updated, $resource, Some(version));
                    tx.audit(Deed { action, resource, id: Some(id), version, before, after: Some(json!({})) });
                }
            };
        }
        leave!(collaboration, collaboration_member, collaboration_id, Collection::Collaborations);
        leave!(event, event_member, event_id, Collection::Events);
        Ok(())
    }
}
