//! The operations on the charter.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

use super::{
    dto::{CharterOut, CharterQuery, CommitmentOut, CommitmentPageOut, commitments},
    rules::{Address, Code},
    store,
};
use crate::{
    db::current_sequence,
    state::AppState,
    web::{
        page::PageOut,
        path::Segment,
        problem::{NOT_FOUND, Problem},
        query::Query,
        representation::View,
    },
};

/// Get the charter
///
/// Principles, values, objectives and commitments, in the current version or in the one that is asked for.
#[utoipa::path(
    tag = "charter",
    operation_id = "getCharter",
    params(CharterQuery),
    responses((status = 200, description = "A version of the charter.", body = CharterOut), (status = 404, description = "There is no such version."))
)]
#[get("/charter")]
pub async fn get_charter(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<CharterQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let code = query.charter_version;
    let found = state
        .db
        .read(move |conn| {
            let sequence = current_sequence(conn)?;
            Ok((sequence, store::find(conn, code.as_ref())?, store::versions(conn)?))
        })
        .await?;
    let (sequence, charter, versions) = found;
    // The list of versions changes without this version changing: only the sequence covers both.
    view.respond(&req, sequence, &CharterOut::new(charter.ok_or_else(unknown_version)?, versions), None)
}

/// List the charter's commitments
///
/// The five commitments of every member.
#[utoipa::path(
    tag = "charter",
    operation_id = "listCommitments",
    params(CharterQuery),
    responses((status = 200, description = "The commitments.", body = CommitmentPageOut), (status = 404, description = "There is no such version."))
)]
#[get("/charter/commitments")]
pub async fn list_commitments(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<CharterQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let code = query.charter_version;
    let found = state.db.read(move |conn| Ok((current_sequence(conn)?, store::find(conn, code.as_ref())?)));
    let (sequence, charter) = found.await?;
    let charter = charter.ok_or_else(unknown_version)?;
    let data: Vec<CommitmentOut> = commitments(&charter).into_iter().map(|(_, commitment)| commitment).collect();
    let page = PageOut::whole(data.len());
    view.respond(&req, sequence, &CommitmentPageOut { data, page, sequence }, None)
}

/// Get a commitment
///
/// By its code or its id.
#[utoipa::path(
    tag = "charter",
    operation_id = "getCommitment",
    params(("code" = String, Path, description = "Code of the commitment, or id.", example = "action-programs"), CharterQuery),
    responses((status = 200, description = "The commitment.", body = CommitmentOut))
)]
#[get("/charter/commitments/{code}")]
pub async fn get_commitment(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    Query(query): Query<CharterQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let address = path.into_parsed()?;
    let code: Option<Code> = query.charter_version;
    let charter = state.db.read(move |conn| store::find(conn, code.as_ref())).await?.ok_or_else(unknown_version)?;
    let found = commitments(&charter).into_iter().find(|(item, _)| item.is_at(&address));
    let (_, commitment) = found.ok_or_else(Problem::not_found)?;
    view.respond(&req, commitment.version, &commitment, None)
}

fn unknown_version() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such version of the charter.")
}
