//! The operations on the network.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use chrono::NaiveDate;

use super::{
    dto::{Figures, NetworkOut, NetworkQuery, NetworkStatisticsOut},
    overview,
    rules::{Composition, compare},
    store,
};
use crate::{
    db::{Conn, StoreError, current_sequence},
    members,
    state::AppState,
    territories,
    web::{problem::Problem, query::Query, representation::View},
};

/// Get the network
///
/// What the network is, who is behind it, what has been published about its composition, and what the composition
/// is today or on any day.
#[utoipa::path(
    tag = "network",
    operation_id = "getNetwork",
    params(NetworkQuery),
    responses((status = 200, description = "The network.", body = NetworkOut))
)]
#[get("/network")]
pub async fn get_network(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<NetworkQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let today = state.clock.today();
    let day = query.as_of.map_or(today, |day| day.0);
    let found = state.db.read(move |conn| overview(conn, day)).await?;
    let (network, composition) = found.ok_or_else(Problem::not_found)?;
    let version = network.version;
    view.respond(&req, version, &NetworkOut::new(network, &composition, today), None)
}

/// Get the network's statistics
///
/// How many members the network has today or on any day, by kind, region, cohort and standing; each figure with the
/// list that it counts, and each published statement beside what is computed for its own day, with the difference
/// explained.
#[utoipa::path(
    tag = "network",
    operation_id = "getNetworkStatistics",
    params(NetworkQuery),
    responses((status = 200, description = "The statistics.", body = NetworkStatisticsOut))
)]
#[get("/network/statistics")]
pub async fn get_statistics(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<NetworkQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let today = state.clock.today();
    let day = query.as_of.map_or(today, |day| day.0);
    let figures = state.db.read(move |conn| figures(conn, day)).await?.ok_or_else(Problem::not_found)?;
    let sequence = figures.sequence;
    view.respond(&req, sequence, &NetworkStatisticsOut::new(figures, today), None)
}

fn figures(conn: &mut Conn, day: NaiveDate) -> Result<Option<Figures>, StoreError> {
    let sequence = current_sequence(conn)?;
    let Some(network) = store::find(conn)? else { return Ok(None) };
    let (tallies, regions) = (members::tally(conn)?, territories::regions(conn)?);
    let published = network.facts.composition_statements;
    Ok(Some(Figures {
        composition: Composition::on(day, &tallies),
        comparisons: published.iter().map(|statement| compare(statement, day, &tallies)).collect(),
        published,
        regions,
        sequence,
    }))
}
