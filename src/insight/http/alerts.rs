//! The operations on alerts.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use chrono::NaiveDate;

use super::super::{
    dto::{AlertOut, AlertPageOut, MemberAlertQuery, NetworkAlertQuery},
    rules::{Filters, Place},
    store::{self, Alerts},
};
use crate::{
    db::Conn,
    kernel::paging::Listing,
    members::{self, MemberAddress},
    state::AppState,
    web::{
        listing::Frame,
        path::Segment,
        problem::{INVALID_CURSOR, Problem},
        query::Query,
        representation::View,
    },
};

/// The lists' names, in cursors and of downloaded files.
const OF_NETWORK: &str = "network-alerts";
const OF_MEMBER: &str = "member-alerts";

/// List the network's alerts
///
/// What has not happened in the published programmes although its day has passed, of all members that have not left: each
/// with the rule, since when, and where to look. They are computed for today. Of contributions that nobody has looked at
/// yet it says only how many there are.
#[utoipa::path(
    tag = "alerts",
    operation_id = "listNetworkAlerts",
    params(NetworkAlertQuery),
    responses((status = 200, description = "A page of alerts.", content(
        (AlertPageOut = "application/json"), (String = "text/csv"), (AlertOut = "application/x-ndjson")
    )), (status = 422))
)]
#[get("/network/alerts")]
pub async fn list_network_alerts(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<NetworkAlertQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, OF_NETWORK, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let today = state.clock.today();
    let (listing, frame) = query.paging().of(OF_NETWORK, query.filters(today), false)?;
    let after = place(&listing)?;
    let alerts = state.db.read(move |conn| store::alerts(conn, &listing, after.as_ref())).await?;
    respond(&req, view, frame, alerts, today)
}

/// List a member's alerts
///
/// What has not happened in its published programmes although its day has passed; nothing for a member that has left. They
/// are computed for today.
#[utoipa::path(
    tag = "alerts",
    operation_id = "listMemberAlerts",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"), MemberAlertQuery),
    responses((status = 200, description = "A page of alerts.", content(
        (AlertPageOut = "application/json"), (String = "text/csv"), (AlertOut = "application/x-ndjson")
    )))
)]
#[get("/members/{id}/alerts")]
pub async fn list_member_alerts(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<MemberAddress>,
    Query(query): Query<MemberAlertQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_list(&req, OF_MEMBER, query.lang.map(|lang| lang.0), query.format, query.fields.as_ref())?;
    let today = state.clock.today();
    let address = path.into_parsed()?;
    let (listing, frame) = query.paging().of(OF_MEMBER, query.filters(address.clone(), today), false)?;
    let after = place(&listing)?;
    let read = move |conn: &mut Conn| {
        let Some(member) = members::find(conn, &address)? else { return Ok(None) };
        let mut listing = listing.clone();
        listing.filters.members = vec![MemberAddress::Code(member.slug)];
        store::alerts(conn, &listing, after.as_ref()).map(Some)
    };
    let alerts = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    respond(&req, view, frame, alerts, today)
}

/// The place behind which a page begins.
fn place(listing: &Listing<Filters>) -> Result<Option<Place>, Problem> {
    let damaged = || Problem::parameter(&INVALID_CURSOR, "cursor", "is damaged or was not made by this API");
    listing.after.as_ref().map(|position| Place::read(position).ok_or_else(damaged)).transpose()
}

fn respond(
    req: &HttpRequest,
    view: View,
    frame: Frame,
    Alerts { found, unseen }: Alerts,
    today: NaiveDate,
) -> Result<HttpResponse, Problem> {
    // What nobody has looked at yet is in no sequence: an answer that counts it must be asked for every time.
    let view = if unseen > 0 { view.unkept() } else { view };
    let (page, sequence) = (frame.page(&found), found.sequence);
    let next = page.next_cursor.clone();
    let data = found.rows.into_iter().map(|alert| AlertOut::of(alert, today)).collect();
    view.respond(req, sequence, &AlertPageOut { data, page, sequence, computed_on: today }, next.as_deref())
}
