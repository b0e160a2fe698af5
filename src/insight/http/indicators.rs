//! The operations on the network's indicators.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use chrono::NaiveDate;

use super::{
    super::{
        dto::{
            Computed, Figures, NetworkIndicatorFiguresOut, NetworkIndicatorOut, NetworkIndicatorPageOut,
            NetworkIndicatorQuery, NetworkIndicatorsQuery,
        },
        rules::{Figure, Grouping, grouped},
        store,
    },
    scorecard::day_of,
};
use crate::{
    charter,
    db::{Conn, Lookup, StoreError, current_sequence, snapshot},
    indicators::{self, Catalogue, Entry},
    kernel::{
        id::{Identifier, Slug},
        language::LanguageMap,
    },
    state::AppState,
    territories,
    web::{page::PageOut, params::Several, path::Segment, problem::Problem, query::Query, representation::View},
};

fn catalogue() -> Result<&'static Catalogue, StoreError> {
    indicators::reference().map_err(StoreError::corrupt)
}

/// List the network's indicators
///
/// The catalogue that members report against, so that figures compare: every indicator with its full definition, and the
/// units and dimensions that they share.
#[utoipa::path(
    tag = "network indicators",
    operation_id = "listNetworkIndicators",
    params(NetworkIndicatorsQuery),
    responses((status = 200, description = "The indicators.", body = NetworkIndicatorPageOut), (status = 422))
)]
#[get("/network/indicators")]
pub async fn list_network_indicators(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<NetworkIndicatorsQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let commitments = Several::texts(&query.commitment);
    let read = move |conn: &mut Conn| {
        let mut lookup = Lookup::default();
        charter::look_up_commitments(conn, &mut lookup, &commitments)?;
        lookup.done()?;
        current_sequence(conn)
    };
    let sequence = state.db.read(read).await?;
    let catalogue = catalogue()?;
    let wanted = catalogue.entries.iter().filter(|entry| query.wants(entry));
    let data: Vec<NetworkIndicatorOut> = wanted.filter_map(|entry| NetworkIndicatorOut::of(catalogue, entry)).collect();
    let page = PageOut::whole(data.len());
    let (units, dimensions) = (catalogue.units.clone(), catalogue.dimensions.clone());
    view.respond(&req, sequence, &NetworkIndicatorPageOut { data, page, sequence, units, dimensions }, None)
}

/// Get a network indicator's figures
///
/// The definition, and the figure of all members on a day or of some of them, with `by` of each group of them, too.
/// Everything follows from what is published now about that day, and whoever had left by then is not in it. What members
/// report is put together from the approved values of their latest periods.
#[utoipa::path(
    tag = "network indicators",
    operation_id = "getNetworkIndicator",
    params(("code" = String, Path, description = "Code of the indicator.", example = "projects-by-status"), NetworkIndicatorQuery),
    responses((status = 200, description = "The indicator and its figures.", body = NetworkIndicatorFiguresOut), (status = 422))
)]
#[get("/network/indicators/{code}")]
pub async fn get_network_indicator(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Slug>,
    Query(query): Query<NetworkIndicatorQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let today = state.clock.today();
    let day = day_of(query.as_of, today)?;
    let entry = current(catalogue()?, path.parsed()?).ok_or_else(Problem::not_found)?;
    let by = query.by.map(|by| by.0);
    let selection = store::Selection {
        members: Several::values(query.member.clone()),
        regions: Several::values(query.region),
        kinds: Several::values(query.kind),
    };
    let read = move |conn: &mut Conn| snapshot(conn, |conn| of_entry(conn, entry, (by, &selection), (day, today)));
    let found = state.db.read(read).await?;
    view.respond(&req, found.sequence, &found, None)
}

/// What of the query chooses members, as a query: of the figures, and of the list of members.
fn asked(by: Option<Grouping>, selection: &store::Selection) -> (String, String) {
    let store::Selection { members, regions, kinds } = selection;
    let joined = |name: &str, values: Vec<String>| {
        if values.is_empty() { String::new() } else { format!("&{name}={}", values.join(",")) }
    };
    let of_list = joined("region", regions.iter().map(ToString::to_string).collect())
        + &joined("kind", kinds.iter().map(|kind| kind.as_str().to_owned()).collect());
    let by = by.map(|by| format!("&by={}", by.as_str())).unwrap_or_default();
    (by + &joined("member", members.iter().map(ToString::to_string).collect()) + &of_list, of_list)
}

/// The last version of an entry.
fn current<'a>(catalogue: &'a Catalogue, code: &Slug) -> Option<&'a Entry> {
    catalogue.entries.iter().filter(|entry| entry.code == *code).max_by_key(|entry| entry.version)
}

fn of_entry(
    conn: &mut Conn,
    entry: &Entry,
    (by, selection): (Option<Grouping>, &store::Selection),
    (as_of, computed_on): (NaiveDate, NaiveDate),
) -> Result<NetworkIndicatorFiguresOut, StoreError> {
    let catalogue = catalogue()?;
    let unknown = || StoreError::corrupt("an indicator without a unit");
    let (indicator, measure) =
        NetworkIndicatorOut::of(catalogue, entry).zip(catalogue.measure(entry)).ok_or_else(unknown)?;
    let sequence = current_sequence(conn)?;
    let (members, undated) = store::members_on(conn, as_of, selection)?;
    let ids: Vec<&Identifier> = members.iter().map(|member| &member.id).collect();
    let known = store::known(conn, entry, &ids, as_of)?;
    let regions = if by == Some(Grouping::Region) { territories::regions(conn)? } else { Vec::new() };
    let name = |region: territories::Territory| {
        let name = LanguageMap { ar: Some(region.record.name_ar), fr: Some(region.record.name_fr), en: None };
        (region.record.code.into_string(), name)
    };
    let figure = |own: &[&_]| Figure::of(&known, (&measure, &indicator.dimensions), own);
    let groups = by.map(|by| grouped(by, &members)).unwrap_or_default();
    let figures = Figures {
        whole: figure(&members.iter().collect::<Vec<_>>()),
        undated,
        by,
        groups: groups.into_iter().map(|(group, own)| (group, figure(&own))).collect(),
        asked: asked(by, selection),
        regions: regions.into_iter().map(name).collect(),
    };
    Ok(NetworkIndicatorFiguresOut::of(Computed { as_of, computed_on, sequence }, indicator, figures))
}
