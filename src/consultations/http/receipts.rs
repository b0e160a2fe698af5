//! What who contributed can do with the receipt, which is secret: its answers are for nobody else, and the log and the
//! metrics name routes, not addresses.

use actix_web::{HttpRequest, HttpResponse, delete, get, web::Data};
use chrono::NaiveDate;

use super::super::{
    dto::{ConsultationViewQuery, ContributionStatusOut},
    rules::{Contribution, Receipt},
    store,
};
use crate::{
    action_programs::{MilestoneOut, ProjectOut, as_published, find_project, milestones_of, take_turn},
    db::{Actor, Conn, StoreError, Tx},
    state::AppState,
    web::{
        path::Segment,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// Who contributes: the audit knows nothing more of them.
pub(super) const PUBLIC: Actor = Actor::System("contribution of the public");

/// Get what became of a contribution
///
/// For who sent it: whether everybody sees it or why not, how it was decided on, and the project that it became, as it
/// stands today.
#[utoipa::path(
    tag = "consultations",
    operation_id = "getContributionStatus",
    params(("receipt" = String, Path, description = "The receipt, which the sender was given.", example = "REMACTO-illustrative-receipt-0000000000000A"), ConsultationViewQuery),
    responses((status = 200, description = "What became of it.", body = ContributionStatusOut))
)]
#[get("/contributions/{receipt}")]
pub async fn get_contribution_status(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Receipt>,
    Query(query): Query<ConsultationViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let receipt = path.into_parsed()?;
    let today = state.clock.today();
    let read = move |conn: &mut Conn| {
        let Some(found) = store::find_by_receipt(conn, &receipt)? else { return Ok(None) };
        let became = became(conn, &found, today)?;
        Ok(Some((found, became)))
    };
    let (found, became) = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    let view = as_published(view, false);
    view.respond(&req, found.version, &ContributionStatusOut::of(found, &receipt, became), None)
}

/// Erase the contact of a contribution
///
/// By who sent it: nothing is kept of how they can be reached. What they contributed stays. Sent twice it is as good.
#[utoipa::path(
    tag = "consultations",
    operation_id = "eraseContributionContact",
    params(("receipt" = String, Path, description = "The receipt, which the sender was given.", example = "REMACTO-illustrative-receipt-0000000000000A")),
    responses((status = 204, description = "Nothing is kept of it."))
)]
#[delete("/contributions/{receipt}/contact")]
pub async fn erase_contribution_contact(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Receipt>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let receipt = path.into_parsed()?;
    let asked = receipt;
    // Who has no receipt waits for no turn.
    let found = state.db.read(move |conn| store::find_by_receipt(conn, &asked)).await?;
    found.ok_or_else(Problem::not_found)?;
    let erase = move |tx: &mut Tx<'_>| {
        take_turn(tx)?;
        let found = store::find_by_receipt(tx.conn, &receipt)?.ok_or_else(Problem::not_found)?;
        store::erase_contact(tx, &found)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(PUBLIC, erase).await?;
    Ok(written.respond(&variant))
}

/// The project that a contribution became, if everybody sees it, as it stands on a day, with its milestones.
fn became(
    conn: &mut Conn,
    found: &Contribution,
    today: NaiveDate,
) -> Result<Option<(ProjectOut, Vec<MilestoneOut>)>, StoreError> {
    let id = found.standing.answer.as_ref().and_then(|answer| answer.project_id.as_ref());
    let Some(id) = id else { return Ok(None) };
    let Some(project) = find_project(conn, id)?.filter(|project| project.is_public) else { return Ok(None) };
    let milestones = milestones_of(conn, &[id])?;
    let milestones = milestones.into_iter().map(|found| MilestoneOut::of(found, Some(today))).collect();
    Ok(Some((ProjectOut::of(project, Some(today)), milestones)))
}
