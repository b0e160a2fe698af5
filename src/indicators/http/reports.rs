//! The operations that report figures and review them.

use actix_web::{HttpRequest, HttpResponse, delete, patch, post, web::Data};

use super::{
    super::{
        dto::{MeasurementIn, MeasurementOut, MeasurementPatch, MeasurementReviewIn},
        rules::{
            Address, Content, Hand, Indicator, Kind, Measurement, Period, State, Verdict, check_period, reference,
        },
        store,
    },
    write::may_keep,
};
use crate::{
    auth::{
        principal::{Body, Principal, Require},
        roles::{MeasurementsReport, MeasurementsReview, ProgramsDraft, Role},
    },
    db::{StoreError, Turn, Tx, WriteError},
    evaluations::speaking,
    kernel::{
        id::Identifier,
        violation::{Violation, Violations},
    },
    publishing::changed,
    state::AppState,
    web::{
        idempotency::Once,
        path::Segment,
        precondition::Precondition,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// Report a figure
///
/// Of an indicator for a period that is over, by the member's focal point or the secretariat. It is public when somebody else
/// has approved it. A period that is locked takes no report (409).
#[utoipa::path(
    tag = "monitoring",
    operation_id = "createMeasurement",
    request_body = MeasurementIn,
    security(("token" = ["measurements:report"])),
    responses((status = 201, description = "The measurement with its report.", body = MeasurementOut), (status = 409))
)]
#[post("/measurements")]
pub async fn create_measurement(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<MeasurementsReport, MeasurementIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createMeasurement", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let input = body.content?;
        let of = named(tx, input.indicator.named(), &body.principal)?;
        once.answer(tx, |tx| created(tx, of.as_ref(), input, &body.principal))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change a report
///
/// A merge patch (RFC 7396). `If-Match` is required and names the version of the report (`report.version`, the `ETag` of what
/// shows the report). What was approved is corrected with a reason, stays what everybody sees
/// until the correction is approved, and is kept among the revisions then. A period that is locked is not changed (409).
#[utoipa::path(
    tag = "monitoring",
    operation_id = "updateMeasurement",
    params(("id" = String, Path, description = "Identifier of the measurement.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body(content(
        (MeasurementPatch = "application/merge-patch+json"), (MeasurementPatch = "application/json")
    )),
    security(("token" = ["measurements:report"])),
    responses((status = 200, description = "The measurement with its report.", body = MeasurementOut), (status = 409))
)]
#[patch("/measurements/{id}")]
pub async fn update_measurement(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<MeasurementsReport, MeasurementPatch>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let update = move |tx: &mut Tx<'_>| {
        let (of, before) = own(tx, path.parsed()?, &body.principal)?;
        let wanted = body.content?;
        precondition.check(before.report_version)?;
        let after = patched(tx, &of, &before, (wanted, &body.principal))?;
        changed(tx, after.report_version, &MeasurementOut::of(after, true))
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete a report
///
/// One that was never approved, of a period that is not locked (409). `If-Match` is required.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "deleteMeasurement",
    params(("id" = String, Path, description = "Identifier of the measurement.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["measurements:report"])),
    responses((status = 204, description = "It is gone."), (status = 409))
)]
#[delete("/measurements/{id}")]
pub async fn delete_measurement(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<MeasurementsReport>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = caller.principal.clone();
    let delete = move |tx: &mut Tx<'_>| {
        let (_, gone) = own(tx, path.parsed()?, &principal)?;
        precondition.check(gone.report_version)?;
        check_open(tx, gone.period)?;
        store::delete_measurement(tx, &gone)?;
        Ok::<_, Problem>(Written::gone())
    };
    let written = state.db.write(caller.principal, delete).await?;
    Ok(written.respond(&variant))
}

/// Review a report
///
/// Approve what somebody else has submitted, or return it with a note; by an evaluator who has been assigned the member, or
/// the secretariat, and never what one has had a hand in. `If-Match` is required, so that nobody approves what they have not seen:
/// it names the version of the report (`report.version`).
#[utoipa::path(
    tag = "monitoring",
    operation_id = "reviewMeasurement",
    params(("id" = String, Path, description = "Identifier of the measurement.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    request_body = MeasurementReviewIn,
    security(("token" = ["measurements:review"])),
    responses((status = 200, description = "The measurement with its report.", body = MeasurementOut), (status = 409), (status = 412), (status = 428))
)]
#[post("/measurements/{id}/review")]
pub async fn review_measurement(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    body: Body<MeasurementsReview, MeasurementReviewIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let precondition = Precondition::of(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "reviewMeasurement", &body.bytes)?;
    let review = move |tx: &mut Tx<'_>| {
        let (of, before) = reviewed(tx, path.parsed()?, &body.principal)?;
        once.answer(tx, |tx| {
            let input = body.content?;
            precondition.check(before.report_version)?;
            let after = judged(tx, &of, &before, (input.read()?, &body.principal))?;
            changed(tx, after.report_version, &MeasurementOut::of(after, true))
        })
    };
    let written = state.db.write(principal, review).await?;
    Ok(written.respond(&variant))
}

/// Who does something, in which role, and when.
fn hand<'a>(tx: &Tx<'_>, principal: &'a Principal) -> Hand<'a> {
    let claims = principal.claims();
    Hand { account: Some(&claims.sub), role: Some(claims.role.as_str()), at: tx.now() }
}

/// The indicator that a report names, if it is there for the principal and may be reported for; nobody else changes it
/// meanwhile, nor locks a period.
fn named(tx: &mut Tx<'_>, address: Option<&Address>, principal: &Principal) -> Result<Option<Indicator>, Problem> {
    tx.share_turn(Turn::Periods)?;
    let Some(address) = address else { return Ok(None) };
    let Some(found) = store::lock(tx, address)? else { return Ok(None) };
    let member = found.place.member_id().unwrap_or_default();
    if !found.is_public() && !principal.covers::<ProgramsDraft>(member) {
        return Ok(None);
    }
    may_keep::<MeasurementsReport>(principal, &found)?;
    Ok(Some(found))
}

/// The measurement with an id and its indicator, if the principal may report it; nobody else changes them meanwhile.
fn own(tx: &mut Tx<'_>, id: &Identifier, principal: &Principal) -> Result<(Indicator, Measurement), Problem> {
    tx.share_turn(Turn::Periods)?;
    let (of, found) = store::lock_measurement(tx, id)?.ok_or_else(Problem::not_found)?;
    let member = of.place.member_id().unwrap_or_default();
    if !found.is_public() && !principal.covers::<MeasurementsReport>(member) {
        return Err(Problem::not_found());
    }
    may_keep::<MeasurementsReport>(principal, &of)?;
    Ok((of, found))
}

/// The same for who reviews: a report that is not public is not there for an evaluator without the assignment, nor one of an
/// indicator that the evaluator can't see.
fn reviewed(tx: &mut Tx<'_>, id: &Identifier, principal: &Principal) -> Result<(Indicator, Measurement), Problem> {
    tx.share_turn(Turn::Periods)?;
    let (of, found) = store::lock_measurement(tx, id)?.ok_or_else(Problem::not_found)?;
    let speaks = match &of.place.member {
        Some(member) => speaking::<MeasurementsReview>(tx.conn, principal, (&member.id, &member.slug)).map(|_| ()),
        None => may_keep::<MeasurementsReport>(principal, &of),
    };
    let is_handed_in = found.state != State::Draft || found.is_public();
    let is_there = of.is_public() && is_handed_in || principal.claims().role != Role::Evaluator;
    match speaks {
        Ok(()) if is_there => Ok((of, found)),
        Err(refusal) if found.is_public() => Err(refusal),
        _ => Err(Problem::not_found()),
    }
}

/// Refuses what concerns a period that is locked.
fn check_open(tx: &mut Tx<'_>, period: Period) -> Result<(), Problem> {
    locked(tx, period)?.map_or(Ok(()), |why| Err(WriteError::NotNow(why.into()).into()))
}

/// Why a period takes nothing, if it is locked.
fn locked(tx: &mut Tx<'_>, period: Period) -> Result<Option<Violation>, StoreError> {
    Ok(store::find_period(tx.conn, period)?.check_open().err())
}

/// Writes what a review makes of a report.
fn judged(
    tx: &mut Tx<'_>,
    of: &Indicator,
    before: &Measurement,
    (verdict, principal): ((Verdict, Option<String>), &Principal),
) -> Result<Measurement, Problem> {
    let locked = locked(tx, before.period)?;
    let done = before.review(verdict, hand(tx, principal));
    let done = match (done, locked) {
        (Ok(done), None) => done,
        (Ok(_), Some(why)) => return Err(WriteError::NotNow(why.into()).into()),
        (Err(mut reasons), why) => {
            if let Some(Violation { pointer, code, detail }) = why {
                reasons.add(pointer, code, detail);
            }
            return Err(WriteError::NotNow(reasons).into());
        }
    };
    Ok(store::review(tx, of, before, done)?)
}

fn created(
    tx: &mut Tx<'_>,
    of: Option<&Indicator>,
    input: MeasurementIn,
    principal: &Principal,
) -> Result<Written, Problem> {
    let Some(of) = of else {
        let detail = format!("There is no indicator {}.", input.indicator.shown());
        let mut violations = Violations::default();
        violations.add("/indicator", "unknown_indicator", detail);
        return Err(violations.into());
    };
    let (period, catalogue) = (input.period, reference().map_err(StoreError::corrupt)?);
    let definition = &of.facts.definition;
    let (mut violations, (content, submits, _)) = input.read((definition, of.definition_version), catalogue);
    if let Err(why) = check_period(period, definition, tx.today()) {
        violations.add(why.pointer, why.code, why.detail);
    }
    violations.done()?;
    check_open(tx, period)?;
    let content: Content = content.ok_or_else(|| Problem::internal("a value that was checked and is none"))?;
    let made = store::create_measurement(tx, of, (period, content, submits), hand(tx, principal))?;
    let address = made.address();
    Ok(changed(tx, made.report_version, &MeasurementOut::of(made, true))?.at(address))
}

/// Writes what a patch makes of a report.
fn patched(
    tx: &mut Tx<'_>,
    of: &Indicator,
    before: &Measurement,
    (patch, principal): (MeasurementPatch, &Principal),
) -> Result<Measurement, Problem> {
    let catalogue = reference().map_err(StoreError::corrupt)?;
    let version = before.reported.definition_version;
    let definition = store::definition_in(tx.conn, of, version)?;
    let submits = before.state == State::Submitted;
    let input = patch.onto(before, (submits, definition.kind == Kind::Ratio));
    let (violations, (content, submits, reason)) = input.read((&definition, version), catalogue);
    violations.done()?;
    let content = content.ok_or_else(|| Problem::internal("a value that was checked and is none"))?;
    let after = before.report(content, (submits, reason), hand(tx, principal));
    let after = after.map_err(|why| WriteError::Invalid(why.into()))?;
    check_open(tx, before.period)?;
    Ok(store::update_measurement(tx, before, after)?)
}
