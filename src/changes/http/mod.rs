//! The operations on the feed.

mod digest;

use std::time::{Duration, Instant};

pub use self::digest::{Digests, get_digest};
use super::{
    dto::{ChangeFrame, ChangeHead, ChangePageOut, ChangeQuery, FeedPageOut, LatestChangeOut},
    rules::{Entry, Extent, Generation, Lost, Resource, next_since},
    store,
};
use crate::{
    db::{Conn, Db, StoreError},
    state::AppState,
    web::{
        params::Several,
        problem::{CHANGES_FORGOTTEN, GENERATION_CHANGED, Place, Problem, SEQUENCE_AHEAD},
        query::{NoParameters, Query},
        representation::View,
        splice,
    },
};
use actix_web::{HttpRequest, HttpResponse, get, web::Data};

/// Pull changes
///
/// What happened to published resources since a number, in the order in which it became visible. Nothing is ever
/// skipped: who has seen number n has seen all before it. A resource that changed several times stands there as often,
/// each time with what it is now. `wait` holds the answer back until there is something to tell.
#[utoipa::path(
    tag = "changes",
    operation_id = "listChanges",
    params(ChangeQuery),
    responses((status = 200, description = "A page of the feed.", body = ChangePageOut), (status = 409), (status = 410))
)]
#[get("/changes")]
pub async fn list_changes(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<ChangeQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.unkept();
    let since = query.since.map_or(0, |since| since.0);
    let resources = Several::values(query.resource);
    let limit = query.limit.unwrap_or_default().get();
    let patience = Duration::from_secs(query.wait.map_or(0, |wait| wait.0.0.into()));
    let begins = (since, query.generation.map(|generation| generation.0));
    let (extent, changes) = wait_for(&state.db, begins, (resources, limit), patience).await?;
    let is_full = changes.rows.len() >= usize::from(limit);
    let next_since = next_since(changes.last, is_full, extent);
    let page = FeedPageOut { limit, next_since, has_more: is_full };
    let frame = ChangeFrame { page, generation: extent.generation, sequence: extent.last, forgotten: extent.forgotten };
    let json = splice::page(&changes.rows, &frame).map_err(Problem::internal)?;
    view.for_request(&req).written_json(extent.last, json, None)?.respond(&req)
}

/// Get the feed's extent
///
/// The number of the last change, and from where on changes are kept.
#[utoipa::path(
    tag = "changes",
    operation_id = "getLatestChange",
    responses((status = 200, description = "How far the feed reaches.", body = LatestChangeOut))
)]
#[get("/changes/latest")]
pub async fn get_latest_change(
    req: HttpRequest,
    state: Data<AppState>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.unkept();
    let (extent, latest) = state.db.read(|conn| Ok((store::extent(conn)?, store::latest(conn)?))).await?;
    let Extent { generation, forgotten, last: sequence } = extent;
    let at = latest.map(|entry| entry.at);
    view.respond(&req, sequence, &LatestChangeOut { generation, sequence, at, forgotten }, None)
}

/// Entries as JSON.
struct Changes {
    rows: Vec<String>,
    /// The number of the last one.
    last: Option<i64>,
}

/// The entries of a page, each with what its resource is now.
fn changes(conn: &mut Conn, since: i64, resources: &[Resource], limit: u16) -> Result<Changes, StoreError> {
    let entries = store::entries(conn, since, resources, limit)?;
    let last = entries.last().map(|(entry, _)| entry.sequence);
    let row = |(entry, document): (Entry, Option<String>)| {
        let document = document.as_deref().unwrap_or("null");
        let mut json = Vec::with_capacity(ROW_BYTES + document.len());
        splice::push_with(&mut json, &ChangeHead::from(entry), "data", document).map_err(StoreError::corrupt)?;
        String::from_utf8(json).map_err(StoreError::corrupt)
    };
    Ok(Changes { rows: entries.into_iter().map(row).collect::<Result<_, _>>()?, last })
}

/// About how long an entry is without the document.
const ROW_BYTES: usize = 256;

/// Reads a page, again and again until it has an entry or the time is up.
async fn wait_for(
    db: &Db,
    (since, generation): (i64, Option<Generation>),
    (resources, limit): (Vec<Resource>, u16),
    patience: Duration,
) -> Result<(Extent, Changes), Problem> {
    let started = Instant::now();
    let mut seen = since;
    loop {
        let wanted = resources.clone();
        let read = move |conn: &mut Conn| {
            let extent = store::extent(conn)?;
            if extent.admits(since, generation).is_err() {
                return Ok((extent, Changes { rows: Vec::new(), last: None }));
            }
            Ok((extent, changes(conn, seen, &wanted, limit)?))
        };
        let (extent, changes) = db.read(read).await?;
        extent.admits(since, generation).map_err(|lost| refusal(lost, extent))?;
        let left = patience.saturating_sub(started.elapsed());
        if !changes.rows.is_empty() || left.is_zero() {
            return Ok((extent, changes));
        }
        // Whatever came until the extent was read is of other collections.
        seen = extent.last;
        db.changed_since(extent.last, left).await?;
    }
}

fn refusal(lost: Lost, extent: Extent) -> Problem {
    let Extent { generation, forgotten, last } = extent;
    let (kind, parameter, why) = match lost {
        Lost::Elsewhere => {
            (&GENERATION_CHANGED, "generation", format!("generation is not {generation}, which this database has now."))
        }
        Lost::Forgotten => {
            let why = format!("since is less than {forgotten}, up to which changes are no longer kept.");
            (&CHANGES_FORGOTTEN, "since", why)
        }
        Lost::Ahead => {
            let why = format!("since is greater than {last}, the number of the last change here.");
            (&SEQUENCE_AHEAD, "since", why)
        }
    };
    Problem::new(kind, why.clone()).with_fault(Place::Parameter(parameter.to_owned()), why)
}
