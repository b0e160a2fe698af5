//! The operation on the audit.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

use super::{
    dto::{AuditEntryOut, AuditPageOut, AuditQuery},
    store,
};
use crate::{
    auth::{principal::Require, roles::AuditRead},
    state::AppState,
    web::{problem::Problem, query::Query, representation::View},
};

/// The list's name, in cursors and of downloaded files.
const LIST: &str = "audit";

/// Read the audit
///
/// Who did what, the newest first, with what was there before and after. For the administrator. Refused sign-ins, granted
/// tokens and refused requests are written every 10 seconds, and by the instance that answers before it reads, unless that
/// takes longer than 2 seconds. Their entries grow for an hour: `at` is when an entry was first written, `after.first_at` and
/// `after.last_at` when the events were.
#[utoipa::path(
    tag = "audit",
    operation_id = "listAudit",
    params(AuditQuery),
    security(("token" = ["audit:read"])),
    responses((status = 200, description = "A page of the audit.", content(
        (AuditPageOut = "application/json"), (String = "text/csv"), (AuditEntryOut = "application/x-ndjson")
    )))
)]
#[get("/audit")]
pub async fn list_audit(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Require<AuditRead>,
    Query(query): Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map(|lang| lang.0);
    let view = View::of_list(&req, LIST, language, query.format, query.fields.as_ref())?.private();
    let (listing, frame) = query.paging().of(LIST, query.filters(), false)?;
    state.security_log.flush_for_reader().await;
    let found = state.db.read_as(caller.principal, move |conn| store::list(conn, &listing)).await?;
    let (page, sequence) = (frame.page(&found), found.sequence);
    let next = page.next_cursor.clone();
    let data = found.rows.into_iter().map(AuditEntryOut::from).collect();
    view.respond(&req, sequence, &AuditPageOut { data, page, sequence }, next.as_deref())
}
