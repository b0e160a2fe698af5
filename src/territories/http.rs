//! The operations on territories.

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Data, Path},
};

use super::{
    dto::{
        COLUMNS, TerritoryChildrenQuery, TerritoryDetailOut, TerritoryOut, TerritoryPageOut, TerritoryQuery,
        TerritoryViewQuery,
    },
    rules::{Address, Filters, Listing, SortKey, words},
    store,
};
use crate::{
    kernel::paging::{Direction, Order},
    state::AppState,
    web::{
        attribution::AttributionOut,
        cursor::{self, Fingerprint},
        page::PageOut,
        params::Several,
        problem::{INVALID_PARAMETER, Problem},
        query::Query,
        representation::View,
    },
};

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
    )))
)]
#[get("/territories")]
pub async fn list_territories(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<TerritoryQuery>,
) -> Result<HttpResponse, Problem> {
    respond_with_list(&req, &state, query, "territories").await
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
    path: Path<String>,
    Query(query): Query<TerritoryViewQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let address = Address::parse(&path).ok_or_else(Problem::not_found)?;
    let found = state.db.read(move |conn| store::find(conn, &address)).await?;
    let territory = found.ok_or_else(Problem::not_found)?;
    let version = territory.version;
    let body = TerritoryDetailOut { territory: territory.into(), attribution: AttributionOut::census() };
    view.respond(&req, version, &body, None)
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
    path: Path<String>,
    Query(query): Query<TerritoryChildrenQuery>,
) -> Result<HttpResponse, Problem> {
    let address = Address::parse(&path).ok_or_else(Problem::not_found)?;
    let found = state.db.read(move |conn| store::find(conn, &address)).await?;
    let parent = found.ok_or_else(Problem::not_found)?.record.code;
    respond_with_list(&req, &state, query.below(parent), "territory-children").await
}

async fn respond_with_list(
    req: &HttpRequest,
    state: &AppState,
    query: TerritoryQuery,
    list: &'static str,
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map(|lang| lang.0);
    let view = View::of_list(req, language, query.format, query.fields.as_ref(), (list, COLUMNS))?;
    let limit = query.limit.unwrap_or_default().get();
    let (listing, fingerprint) = listing(query, list)?;
    let found = state.db.read(move |conn| store::list(conn, &listing)).await?;
    let next_cursor = found.next.map(|position| cursor::encode(fingerprint, &position));
    let body = TerritoryPageOut {
        data: found.rows.into_iter().map(TerritoryOut::from).collect(),
        page: PageOut { limit, next_cursor: next_cursor.clone(), total: found.total },
        sequence: found.sequence,
        attribution: AttributionOut::census(),
    };
    view.respond(req, found.sequence, &body, next_cursor.as_deref())
}

/// The list that a query asks for, and the fingerprint that its cursors are bound to.
fn listing(query: TerritoryQuery, list: &'static str) -> Result<(Listing, Fingerprint), Problem> {
    fn all<T>(values: Option<Several<T>>) -> Vec<T> {
        values.map(|several| several.0).unwrap_or_default()
    }
    let words = query.q.map_or(Ok(Vec::new()), |q| words(&q.0));
    let filters = Filters {
        kinds: all(query.kind),
        parents: all(query.parent),
        regions: all(query.region),
        words: words.map_err(|why| Problem::parameter(&INVALID_PARAMETER, "q", why))?,
        updated_since: query.updated_since.map(|moment| moment.0),
        order: query.sort.unwrap_or(Order { key: SortKey::Code, direction: Direction::Ascending }),
    };
    let fingerprint = Fingerprint::of(list, &filters);
    let numeric = filters.order.key == SortKey::Population2024;
    let after = query.cursor.map(|cursor| cursor::decode(fingerprint, &cursor, numeric)).transpose()?;
    let limit = query.limit.unwrap_or_default().get();
    Ok((Listing { filters, after, limit, count: query.count.is_some() }, fingerprint))
}
