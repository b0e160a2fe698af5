//! What the member makes of contributions. It answers also when its programme is over: what was sent deserves an answer, and
//! what must not be seen can be withheld at any time.

use actix_web::{HttpRequest, HttpResponse, post, web::Data};

use super::super::{
    dto::{ContributionDecisionIn, ContributionModerationIn, ContributionOut},
    rules::{Contribution, check_answer},
    store,
};
use crate::{
    action_programs::{find_project, may_write},
    auth::{
        principal::{Body, Principal},
        roles::ContributionsModerate,
    },
    db::{Tx, WriteError},
    kernel::{clock::day_of, id::Identifier},
    publishing::changed,
    state::AppState,
    web::{
        idempotency::Once,
        path::Segments,
        precondition::Precondition,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// Publish or withhold a contribution
///
/// What is published can be withheld, for a reason that who sent it is told, and the other way round. `If-Match` is honoured
/// where it is given.
#[utoipa::path(
    tag = "consultations",
    operation_id = "moderateContribution",
    params(
        ("id" = String, Path, description = "Identifier of the consultation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("contribution_id" = String, Path, description = "Identifier of the contribution.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    request_body = ContributionModerationIn,
    security(("token" = ["contributions:moderate"])),
    responses((status = 200, description = "The contribution.", body = ContributionOut), (status = 409), (status = 412))
)]
#[post("/consultations/{id}/contributions/{contribution_id}/moderation")]
pub async fn moderate_contribution(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, Identifier>,
    body: Body<ContributionsModerate, ContributionModerationIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "moderateContribution", &body.bytes)?;
    let moderate = move |tx: &mut Tx<'_>| {
        let before = own(tx, path.parsed()?, &body.principal)?;
        once.answer(tx, |tx| {
            let input = body.content?;
            precondition.check_given(before.version)?;
            let standing = before.standing.moderate(input.read()?, tx.now()).map_err(WriteError::NotNow)?;
            let found = store::set_standing(tx, &before, standing)?;
            answered(tx, found)
        })
    };
    let written = state.db.write(principal, moderate).await?;
    Ok(written.respond(&variant))
}

/// Decide on a contribution
///
/// With reasons, on one that everybody sees. A decision can be corrected by another one; the audit keeps the former.
/// `If-Match` is honoured where it is given.
#[utoipa::path(
    tag = "consultations",
    operation_id = "decideContribution",
    params(
        ("id" = String, Path, description = "Identifier of the consultation.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("contribution_id" = String, Path, description = "Identifier of the contribution.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    request_body = ContributionDecisionIn,
    security(("token" = ["contributions:moderate"])),
    responses((status = 200, description = "The contribution.", body = ContributionOut), (status = 409), (status = 412))
)]
#[post("/consultations/{id}/contributions/{contribution_id}/decision")]
pub async fn decide_contribution(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<Identifier, Identifier>,
    body: Body<ContributionsModerate, ContributionDecisionIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "decideContribution", &body.bytes)?;
    let decide = move |tx: &mut Tx<'_>| {
        let before = own(tx, path.parsed()?, &body.principal)?;
        once.answer(tx, |tx| {
            let input = body.content?;
            precondition.check_given(before.version)?;
            decided(tx, &before, input)
        })
    };
    let written = state.db.write(principal, decide).await?;
    Ok(written.respond(&variant))
}

fn decided(tx: &mut Tx<'_>, before: &Contribution, input: ContributionDecisionIn) -> Result<Written, Problem> {
    let is_named = input.project_id.is_some();
    let (mut violations, answer) = input.read(tx.today());
    let project = match &answer.project_id {
        Some(id) => find_project(tx.conn, id)?,
        None => None,
    };
    let is_there = project.is_some_and(|project| project.program_id == before.program_id);
    let project = is_named.then_some(is_there);
    check_answer(&mut violations, &answer, project, (day_of(before.created_at), tx.today()));
    violations.done()?;
    let standing = before.standing.decide(answer).map_err(WriteError::NotNow)?;
    let found = store::set_standing(tx, before, standing)?;
    answered(tx, found)
}

/// The answer, which is kept for a while: nothing personal is in it.
fn answered(tx: &mut Tx<'_>, found: Contribution) -> Result<Written, Problem> {
    changed(tx, found.version, &ContributionOut::of(found, true))
}

/// The contribution at a path, if the principal may answer it; nobody else changes it meanwhile.
fn own(
    tx: &mut Tx<'_>,
    (consultation, id): &(Identifier, Identifier),
    principal: &Principal,
) -> Result<Contribution, Problem> {
    let found = store::lock_contribution(tx, id)?;
    let found = found.filter(|found| found.consultation_id == *consultation);
    let found = found.ok_or_else(Problem::not_found)?;
    may_write::<ContributionsModerate>(principal, found.is_public(), &found.owner.id)?;
    Ok(found)
}
