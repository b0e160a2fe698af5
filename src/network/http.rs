//! The operation on the network.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

use super::{
    dto::{NetworkOut, NetworkQuery},
    store,
};
use crate::{
    state::AppState,
    web::{problem::Problem, query::Query, representation::View},
};

/// Get the network
///
/// What the network is, who is behind it, and what has been published about its composition.
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
    let network = state.db.read(store::find).await?.ok_or_else(Problem::not_found)?;
    let version = network.version;
    view.respond(&req, version, &NetworkOut::from(network), None)
}
