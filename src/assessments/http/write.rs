//! The operations that change assessments.

use actix_web::{HttpRequest, HttpResponse, delete, patch, post, web::Data};

use super::super::{
    dto::{AssessmentIn, AssessmentOut, AssessmentPatch},
    rules::{Assessment, check_commitment, check_member},
    store,
};
use crate::{
    action_programs::Publication,
    auth::{
        principal::{Body, Principal, Require},
        roles::AssessmentsWrite,
    },
    charter,
    db::{Tx, WriteError},
    evaluations::{Author, another_voice, author, speaking},
    kernel::id::Identifier,
    members::{self, Member, MemberAddress},
    publishing::changed,
    state::AppState,
    web::{
        idempotency::Once,
        path::{Segment, Segments},
        precondition::Precondition,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// Add an assessment
///
/// Of how a member kept one of the charter's commitments in a year. The voice follows from the account: a focal point speaks
/// as the member itself, an evaluator as the organisation that has been assigned the member, the secretariat as itself. A
/// voice says the same once; a second time is a 409 that names the first. So is an assessment of who was no member on any day
/// of the year.
#[utoipa::path(
    tag = "assessments",
    operation_id = "createAssessment",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache")),
    request_body = AssessmentIn,
    security(("token" = ["assessments:write"])),
    responses((status = 201, description = "The assessment.", body = AssessmentOut), (status = 409))
)]
#[post("/members/{id}/assessments")]
pub async fn create_assessment(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<MemberAddress>,
    body: Body<AssessmentsWrite, AssessmentIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createAssessment", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let member = seen(tx, path.parsed()?)?;
        let author = speaking::<AssessmentsWrite>(tx.conn, &body.principal, (&member.id, &member.slug))?;
        once.answer(tx, |tx| created(tx, &member, author, body.content?))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change an assessment
///
/// A merge patch (RFC 7396), by who has said it. `If-Match` is required. A change that changes nothing leaves the version as
/// it is.
#[utoipa::path(
    tag = "assessments",
    operation_id = "updateAssessment",
    params(
        ("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"),
        ("assessment_id" = String, Path, description = "Identifier of the assessment.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    request_body(content(
        (AssessmentPatch = "application/merge-patch+json"), (AssessmentPatch = "application/json")
    )),
    security(("token" = ["assessments:write"])),
    responses((status = 200, description = "The assessment.", body = AssessmentOut))
)]
#[patch("/members/{id}/assessments/{assessment_id}")]
pub async fn update_assessment(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<MemberAddress, Identifier>,
    body: Body<AssessmentsWrite, AssessmentPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let before = own(tx, path.parsed()?, &body.principal)?;
        let wanted = body.content?;
        precondition.check(before.version)?;
        let after = patched(tx, &before, wanted)?;
        changed(tx, after.version, &AssessmentOut::from(after))
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete an assessment
///
/// By who has said it. `If-Match` is required. The feed keeps the tombstone of what was published.
#[utoipa::path(
    tag = "assessments",
    operation_id = "deleteAssessment",
    params(
        ("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"),
        ("assessment_id" = String, Path, description = "Identifier of the assessment.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")
    ),
    security(("token" = ["assessments:write"])),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/members/{id}/assessments/{assessment_id}")]
pub async fn delete_assessment(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segments<MemberAddress, Identifier>,
    caller: Require<AssessmentsWrite>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let delete = move |tx: &mut Tx<'_>| {
        let gone = own(tx, path.parsed()?, &principal)?;
        precondition.check(gone.version)?;
        store::delete(tx, &gone)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

/// The member at an address of a path; nobody else writes its assessments meanwhile.
fn seen(tx: &mut Tx<'_>, address: &MemberAddress) -> Result<Member, Problem> {
    members::lock(tx, address)?.ok_or_else(Problem::not_found)
}

/// The assessment at an address of a path, if the principal may change it. Another's draft is not there.
fn own(
    tx: &mut Tx<'_>,
    (member, id): &(MemberAddress, Identifier),
    principal: &Principal,
) -> Result<Assessment, Problem> {
    let member = seen(tx, member)?;
    let found = store::find(tx.conn, &member.id, id)?;
    let found = found.ok_or_else(Problem::not_found)?;
    let author = author::<AssessmentsWrite>(tx.conn, principal, &member.id)?;
    let is_own = author.is_some_and(|author| author.is_same_as(&found.author));
    if !found.is_public() && !is_own {
        return Err(Problem::not_found());
    }
    speaking::<AssessmentsWrite>(tx.conn, principal, (&member.id, &member.slug))?;
    if is_own { Ok(found) } else { Err(another_voice(&found.author)) }
}

fn created(tx: &mut Tx<'_>, member: &Member, author: Author, input: AssessmentIn) -> Result<Written, Problem> {
    let publication = input.publication.unwrap_or(Publication::Draft);
    let (mut violations, subject, facts) = input.read(tx.today());
    check_commitment(&mut violations, &subject.commitment, &charter::codes(tx.conn, "commitment")?);
    violations.done()?;
    let history = members::history(tx.conn, &member.id)?;
    check_member(&history, subject.year).map_err(|why| WriteError::NotNow(why.into()))?;
    let made = store::create(tx, member, (subject, author), (publication, facts))?;
    let address = made.address();
    Ok(changed(tx, made.version, &AssessmentOut::from(made))?.at(address))
}

/// Writes what a patch makes of an assessment. Its year stays one in which who is assessed was a member, also for who has
/// withdrawn since.
fn patched(tx: &mut Tx<'_>, before: &Assessment, patch: AssessmentPatch) -> Result<Assessment, Problem> {
    let input = patch.onto(before);
    let publication = input.publication.unwrap_or(before.publication);
    let (violations, _, facts) = input.read(tx.today());
    violations.done()?;
    Ok(store::update(tx, before, (publication, facts))?)
}
