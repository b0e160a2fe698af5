//! The operations that change indicators.

use actix_web::{HttpRequest, HttpResponse, delete, patch, post, web::Data};

use super::super::{
    dto::{IndicatorIn, IndicatorOut, IndicatorPatch},
    rules::{Address, Definition, Entry, Facts, Indicator, Keeper, Place, Scope, reference},
    store,
};
use crate::{
    action_programs::{self, Publication, check_open, locked_member, may_write},
    auth::{
        principal::{Body, Principal, Require},
        roles::{IndicatorsWrite, Role},
    },
    charter,
    db::{StoreError, Tx},
    kernel::{id::Slug, text::shown, violation::Violations},
    publishing::changed,
    state::AppState,
    web::{
        idempotency::Once,
        path::Segment,
        precondition::Precondition,
        problem::{FORBIDDEN, Problem},
        query::{NoParameters, Query},
        representation::View,
        written::Written,
    },
};

/// Add an indicator
///
/// Of a programme (`program`), a project (`project_id`), how a member keeps a commitment of the charter (`member` and
/// `commitment`), or, by the secretariat and without any of them, of the network. Against an entry of the network's catalogue
/// (`catalogue`) or with a definition of its own.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "createIndicator",
    request_body = IndicatorIn,
    security(("token" = ["indicators:write"])),
    responses((status = 201, description = "The indicator.", body = IndicatorOut), (status = 409))
)]
#[post("/indicators")]
pub async fn create_indicator(
    req: HttpRequest,
    state: Data<AppState>,
    body: Body<IndicatorsWrite, IndicatorIn>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let principal = body.principal.clone();
    let once = Once::of(&req, principal.key_owner(), "createIndicator", &body.bytes)?;
    let create = move |tx: &mut Tx<'_>| {
        let input = body.content?;
        let place = place(tx, &input, &body.principal)?;
        once.answer(tx, |tx| created(tx, place, input))
    };
    let written = state.db.write(principal, create).await?;
    Ok(written.respond(&variant))
}

/// Change an indicator
///
/// A merge patch (RFC 7396). `If-Match` is required. Another unit, kind, direction, frequency or number of levels, fewer dimensions,
/// or words that mean something else (`new_definition`) start a new version of the definition, and the series breaks visibly:
/// how it stands is judged by values of the new version only. What nobody has seen and nothing is reported by is changed in
/// place. A change that changes nothing leaves the version as it is.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "updateIndicator",
    params(("id" = String, Path, description = "Slug or id of the indicator.", example = "commune-larache-openness-norms-services-fully-online")),
    request_body(content(
        (IndicatorPatch = "application/merge-patch+json"), (IndicatorPatch = "application/json")
    )),
    security(("token" = ["indicators:write"])),
    responses((status = 200, description = "The indicator.", body = IndicatorOut), (status = 409))
)]
#[patch("/indicators/{id}")]
pub async fn update_indicator(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    body: Body<IndicatorsWrite, IndicatorPatch>,
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
        let (version, out) = (after.version, IndicatorOut::of(after, Some(tx.today())));
        changed(tx, version, &out)
    };
    let written = state.db.write(principal, update).await?;
    Ok(written.respond(&variant))
}

/// Delete an indicator
///
/// With the drafts of its reports; one with reports that were handed in stays (409). `If-Match` is required. The feed keeps the
/// tombstone of what was published.
#[utoipa::path(
    tag = "monitoring",
    operation_id = "deleteIndicator",
    params(("id" = String, Path, description = "Slug or id of the indicator.", example = "commune-larache-openness-norms-services-fully-online")),
    security(("token" = ["indicators:write"])),
    responses((status = 204, description = "It is gone."), (status = 409))
)]
#[delete("/indicators/{id}")]
pub async fn delete_indicator(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    caller: Require<IndicatorsWrite>,
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

/// Whether the principal may write an indicator, or report for it: its member's focal point or the secretariat; the network's
/// own the secretariat only.
pub(super) fn may_keep<P: crate::auth::roles::Needs>(principal: &Principal, of: &Indicator) -> Result<(), Problem> {
    match of.place.member_id() {
        Some(member) => may_write::<P>(principal, of.is_public(), member),
        None if principal.claims().role == Role::Secretariat => Ok(()),
        None if of.is_public() => Err(Problem::new(&FORBIDDEN, "The network's indicators are the secretariat's.")),
        None => Err(Problem::not_found()),
    }
}

/// The indicator at an address, if the principal may write it; nobody else changes it meanwhile.
fn own(tx: &mut Tx<'_>, address: &Address, principal: &Principal) -> Result<Indicator, Problem> {
    // Its programme is not published or taken back meanwhile: the indicator would not follow it.
    action_programs::take_turn(tx)?;
    let found = store::lock(tx, address)?.ok_or_else(Problem::not_found)?;
    may_keep::<IndicatorsWrite>(principal, &found)?;
    Ok(found)
}

/// Where a new indicator belongs, or what is wrong with what the body says of that.
type Placed = Result<Place, Violations>;

fn nowhere(pointer: &str, code: &'static str, detail: String) -> Placed {
    let mut violations = Violations::default();
    violations.add(pointer, code, detail);
    Err(violations)
}

/// Where the body wants its indicator to belong, if the principal may add one there; nobody else changes that meanwhile.
fn place(tx: &mut Tx<'_>, input: &IndicatorIn, principal: &Principal) -> Result<Placed, Problem> {
    let named = [input.program.is_some(), input.project_id.is_some(), input.member.is_some()];
    if named.iter().filter(|is_named| **is_named).count() > 1 {
        let detail = "An indicator is of one of program, project_id, and member with commitment.".to_owned();
        return Ok(nowhere("", "several_places", detail));
    }
    if let Some(program) = &input.program {
        let found = match program.named() {
            Some(address) => store::program_place(tx, address)?,
            None => None,
        };
        return in_program(found, principal, ("/program", "unknown_program", program.shown()));
    }
    if let Some(id) = &input.project_id {
        let found = match id.named() {
            Some(id) => store::project_place(tx, id)?,
            None => None,
        };
        return in_program(found, principal, ("/project_id", "unknown_project", id.shown()));
    }
    match &input.member {
        Some(member) => of_member(tx, member, input, principal),
        None if principal.claims().role == Role::Secretariat => Ok(Ok(Place {
            scope: Scope::Network,
            member: None,
            program: None,
            project: None,
            commitment: None,
            is_public: true,
        })),
        None => {
            let detail =
                "Name program, project_id, or member with commitment; the network's own are the secretariat's.";
            Ok(nowhere("", "missing_place", detail.to_owned()))
        }
    }
}

fn in_program(
    found: Option<(Place, crate::action_programs::Program)>,
    principal: &Principal,
    (pointer, code, named): (&str, &'static str, &str),
) -> Result<Placed, Problem> {
    let is_seen =
        |place: &Place, owner: &str| place.is_public || principal.covers::<crate::auth::roles::ProgramsDraft>(owner);
    let Some((place, program)) = found.filter(|(place, program)| is_seen(place, &program.owner.id)) else {
        return Ok(nowhere(pointer, code, format!("There is no {named}.")));
    };
    principal.may_touch::<IndicatorsWrite>(&program.owner.id)?;
    check_open(&program)?;
    Ok(Ok(place))
}

fn of_member(tx: &mut Tx<'_>, slug: &str, input: &IndicatorIn, principal: &Principal) -> Result<Placed, Problem> {
    let Some(member) = locked_member(tx, slug)? else {
        return Ok(nowhere("/member", "unknown_member", format!("There is no member {}.", shown(slug))));
    };
    principal.may_touch::<IndicatorsWrite>(&member.id)?;
    let given = input.entry().and_then(|code| entry(&code).ok().flatten()).and_then(|entry| entry.commitment.clone());
    let Some(commitment) = input.commitment.clone().or_else(|| given.map(Slug::into_string)) else {
        let detail = "An indicator of a member is of a commitment of the charter: commitment is missing.".to_owned();
        return Ok(nowhere("/commitment", "missing_value", detail));
    };
    if !charter::codes(tx.conn, "commitment")?.contains(&commitment) {
        let detail = format!("The charter has no commitment {}.", shown(&commitment));
        return Ok(nowhere("/commitment", "unknown_code", detail));
    }
    let region_code = member.seat.region_code.to_string();
    Ok(Ok(Place {
        scope: Scope::Commitment,
        member: Some(Keeper { id: member.id, slug: member.slug, region_code }),
        program: None,
        project: None,
        commitment: Some(commitment),
        is_public: true,
    }))
}

/// The entry of the catalogue with a code.
fn entry(code: &Slug) -> Result<Option<&'static Entry>, StoreError> {
    let catalogue = reference().map_err(StoreError::corrupt)?;
    Ok(catalogue.entries.iter().find(|entry| entry.code == *code))
}

fn created(tx: &mut Tx<'_>, place: Placed, input: IndicatorIn) -> Result<Written, Problem> {
    let publication = input.publication.unwrap_or(Publication::Draft);
    let (code, named) = (input.code.clone(), input.entry());
    let catalogue = reference().map_err(StoreError::corrupt)?;
    let found = named.as_ref().map(entry).transpose()?.flatten();
    let given = found.map(|found| Definition::of_entry(catalogue, found));
    let unknown = input.catalogue.clone().filter(|_| found.is_none());
    let (mut violations, facts) = input.read(given, catalogue, tx.today());
    if let Some(unknown) = unknown {
        // Nothing else is wrong with a definition that was to be the catalogue's.
        violations = Violations::default();
        let detail = format!("The network's catalogue has no {}.", shown(&unknown));
        violations.add("/catalogue", "unknown_code", detail);
    }
    if let Some(found) = found {
        check_entry(found, (place.as_ref().ok(), code.as_deref()), &mut violations);
    }
    let code: Option<Slug> = match (code, found) {
        (Some(code), _) => code.parse().ok(),
        (None, Some(found)) => Some(found.code.clone()),
        (None, None) => {
            violations.add(
                "/code",
                "missing_value",
                "code is missing; only an entry of the catalogue says it for you.",
            );
            None
        }
    };
    let place = match place {
        Ok(place) => Some(place),
        Err(faults) => {
            faults.into_iter().for_each(|fault| violations.add(fault.pointer, fault.code, fault.detail));
            None
        }
    };
    violations.done()?;
    let (Some(place), Some(code), Some(facts)) = (place, code, facts) else {
        return Err(Problem::internal("an indicator that was checked and is nothing"));
    };
    let version = found.map_or(1, |found| found.version);
    let made = store::create(tx, place, (code, named, version), (publication, facts))?;
    let (address, version, out) = (made.address(), made.version, IndicatorOut::of(made, Some(tx.today())));
    Ok(changed(tx, version, &out)?.at(address))
}

/// Notes why an entry of the catalogue is not reported there.
fn check_entry(entry: &Entry, (place, named): (Option<&Place>, Option<&str>), violations: &mut Violations) {
    if entry.computed {
        let detail = format!("{} is computed from what the programmes say; nobody reports it.", entry.code);
        violations.add("/catalogue", "computed", detail);
    }
    if let Some(place) = place.filter(|place| place.scope != entry.scope) {
        let (code, of, scope) = (&entry.code, entry.scope.as_str(), place.scope.as_str());
        let detail = format!("{code} is an indicator of the scope {of}, not {scope}.");
        violations.add("/catalogue", "wrong_scope", detail);
    }
    // A member counts once in the network's figure: under the catalogue's code, for its commitment.
    if named.is_some_and(|named| named != entry.code.as_str()) {
        violations.add("/code", "from_catalogue", format!("code is the catalogue's, {}: leave it away.", entry.code));
    }
    let commitments = place.and_then(|place| place.commitment.as_deref()).zip(entry.commitment.as_ref());
    if let Some((_, own)) = commitments.filter(|(named, own)| *named != own.as_str()) {
        let detail = format!("commitment is the catalogue's, {own}: leave it away.");
        violations.add("/commitment", "from_catalogue", detail);
    }
}

/// Writes what a patch makes of an indicator.
fn patched(tx: &mut Tx<'_>, before: &Indicator, patch: IndicatorPatch) -> Result<Indicator, Problem> {
    let catalogue = reference().map_err(StoreError::corrupt)?;
    let given = before.catalogue.as_ref().map(|_| before.facts.definition.clone());
    let typed = if given.is_some() { patch.defines() } else { Vec::new() };
    let is_new = patch.new_definition;
    let input = patch.onto(before);
    let publication = input.publication.unwrap_or(before.publication);
    let (mut violations, facts) = input.read(given, catalogue, tx.today());
    // Taking something away leaves no trace in what would be said.
    for name in typed {
        let pointer = format!("/{name}");
        if !violations.has(&pointer) {
            violations.add(pointer, "from_catalogue", format!("{name} is the catalogue's, and stays."));
        }
    }
    violations.done()?;
    let facts: Facts = facts.ok_or_else(|| Problem::internal("a definition that was checked and is none"))?;
    Ok(store::update(tx, before, (publication, facts), is_new)?)
}
