//! The operations on territories.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

use super::{
    dto::{
        Credit, TerritoryChildrenQuery, TerritoryDetailOut, TerritoryOut, TerritoryPageOut, TerritoryQuery,
        TerritoryViewQuery,
    },
    rules::{Address, Filters, SortKey},
    store,
};
use crate::{
    db::{Conn, StoreError},
    kernel::paging::{Found, Listing},
    publishing::Listed,
    state::AppState,
    web::{
        listing::{Frame, Paging},
        path::Segment,
        problem::Problem,
        query::Query,
        representation::View,
        splice,
    },
};

/// The lists' names, in cursors and of downloaded files.
const LIST: &str = "territories";
const CHILDREN_LIST: &str = "territory-children";

/// List territories
///
/// Morocco's territorial units with the figures of the censuses of 2024 and 2014. The eight prefectures of
/// arrondissements overlay the prefecture 06.141: leave them out of sums over prefectures and provinces
/// (`kind=prefecture,province`).
#[utoipa::path(
    tag = "territories",
    operation_id = "listTerritories",
    params(TerritoryQuery),
    responses((status = 200, description = "A page of territories.", content(
        (TerritoryPageOut = "application/json"), (String = "text/csv"), (TerritoryOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/territories")]
pub async fn list_territories(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<TerritoryQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, LIST, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let asked = asked(LIST, query.paging(), query.filters())?;
    respond_with_list(&req, &state, &view, asked, store::list).await
}

/// Get a territory
///
/// By its code or its id.
#[utoipa::path(
    tag = "territories",
    operation_id = "getTerritory",
    params(("code" = String, Path, description = "Code of the Haut-Commissariat au Plan, or id.", example = "01.511.01.0"), TerritoryViewQuery),
    responses((status = 200, description = "The territory.", body = TerritoryDetailOut))
)]
#[get("/territories/{code}")]
pub async fn get_territory(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    Query(query): Query<TerritoryViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let address = path.into_parsed()?;
    let found = state.db.read(move |conn| store::find_document(conn, &address)).await?;
    let (version, document) = found.ok_or_else(Problem::not_found)?;
    let json = splice::object(&document, &Credit::default()).map_err(Problem::internal)?;
    view.for_request(&req).written_json(version, json, None)?.respond(&req)
}

/// List a territory's children
///
/// The units whose stated parent it is: a region's prefectures and provinces, a province's communes, a
/// commune's arrondissements.
#[utoipa::path(
    tag = "territories",
    operation_id = "listTerritoryChildren",
    params(("code" = String, Path, description = "Code of the Haut-Commissariat au Plan, or id.", example = "01"), TerritoryChildrenQuery),
    responses((status = 200, description = "A page of territories.", content(
        (TerritoryPageOut = "application/json"), (String = "text/csv"), (TerritoryOut = "application/x-ndjson")
    )))
)]
#[get("/territories/{code}/children")]
pub async fn list_territory_children(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Address>,
    Query(query): Query<TerritoryChildrenQuery>,
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map(|lang| lang.0);
    let view = View::of_list(&req, CHILDREN_LIST, language, query.format, query.fields.as_ref())?;
    let address = path.into_parsed()?;
    let found = state.db.read(move |conn| store::find(conn, &address)).await?;
    let parent = found.ok_or_else(Problem::not_found)?.record.code;
    let asked = asked(CHILDREN_LIST, query.paging(), query.filters(parent))?;
    respond_with_list(&req, &state, &view, asked, store::list_known).await
}

/// The page that is asked for, with the frame around it.
fn asked(list: &'static str, paging: Paging, filters: Filters) -> Result<(Listing<Filters>, Frame), Problem> {
    let numeric = filters.order.key == SortKey::Population2024;
    paging.of(list, filters, numeric)
}

async fn respond_with_list(
    req: &HttpRequest,
    state: &AppState,
    view: &View,
    (listing, frame): (Listing<Filters>, Frame),
    read: fn(&mut Conn, &Listing<Filters>) -> Result<Found<Listed>, StoreError>,
) -> Result<HttpResponse, Problem> {
    let writer = view.for_request(req);
    let write = move |found: Found<Listed>| frame.written(writer, &found, &Credit::default());
    state.db.read_then(move |conn| read(conn, &listing), write).await??.respond(req)
}
