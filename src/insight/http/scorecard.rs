//! The operations on scorecards.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use chrono::NaiveDate;

use super::super::{
    dto::{Computed, NetworkScorecardOut, NetworkScorecardQuery, ScorecardOut, ScorecardQuery},
    store,
};
use crate::{
    assessments, charter,
    db::{Conn, StoreError, current_sequence, snapshot},
    kernel::{date::Date, id::Identifier},
    members::{self, MemberAddress},
    state::AppState,
    web::{
        params::Several,
        path::Segment,
        problem::{INVALID_PARAMETER, Problem},
        query::Query,
        representation::View,
    },
};

/// Get a member's scorecard
///
/// Commitment by commitment what the member itself, organisations of civil society and the secretariat last said, with the
/// gap between them, and beside it what can be counted, each figure with its formula in words. Everything is computed from
/// what is published now, for today or any day before. There is no total.
#[utoipa::path(
    tag = "scorecards",
    operation_id = "getMemberScorecard",
    params(("id" = String, Path, description = "Slug or id of the member.", example = "commune-larache"), ScorecardQuery),
    responses((status = 200, description = "The scorecard.", body = ScorecardOut))
)]
#[get("/members/{id}/scorecard")]
pub async fn get_member_scorecard(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<MemberAddress>,
    Query(query): Query<ScorecardQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let today = state.clock.today();
    let day = day_of(query.as_of, today)?;
    let address = path.into_parsed()?;
    let read = move |conn: &mut Conn| snapshot(conn, |conn| of_member(conn, &address, (day, today)));
    let card = state.db.read(read).await?.ok_or_else(Problem::not_found)?;
    view.respond(&req, card.sequence, &card, None)
}

/// Get the network's scorecard
///
/// Commitment by commitment and voice by voice how many members stand at each level, and what can be counted of all of them,
/// for today or any day before; of some regions or kinds of members only where they are named. Counts, never averages.
#[utoipa::path(
    tag = "scorecards",
    operation_id = "getNetworkScorecard",
    params(NetworkScorecardQuery),
    responses((status = 200, description = "The scorecard.", body = NetworkScorecardOut), (status = 422))
)]
#[get("/network/scorecard")]
pub async fn get_network_scorecard(
    req: HttpRequest,
    state: Data<AppState>,
    Query(query): Query<NetworkScorecardQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let today = state.clock.today();
    let day = day_of(query.as_of, today)?;
    let (regions, kinds) = (Several::values(query.region), Several::values(query.kind));
    let selection = store::Selection { members: Vec::new(), regions, kinds };
    let read = move |conn: &mut Conn| snapshot(conn, |conn| of_network(conn, &selection, (day, today)));
    let card = state.db.read(read).await?;
    view.respond(&req, card.sequence, &card, None)
}

/// The day that is asked about.
pub(super) fn day_of(as_of: Option<Date>, today: NaiveDate) -> Result<NaiveDate, Problem> {
    let day = as_of.map_or(today, |day| day.0);
    if day > today {
        let why = "lies in the future: figures say what is known of a day that has come";
        return Err(Problem::parameter(&INVALID_PARAMETER, "as_of", why));
    }
    Ok(day)
}

fn of_member(
    conn: &mut Conn,
    address: &MemberAddress,
    (as_of, computed_on): (NaiveDate, NaiveDate),
) -> Result<Option<ScorecardOut>, StoreError> {
    let sequence = current_sequence(conn)?;
    let Some(member) = members::find(conn, address)? else { return Ok(None) };
    let (commitments, scale) = (charter::commitments(conn)?, assessments::scale()?);
    let spoken = store::spoken(conn, &member.id, as_of)?;
    let facts = store::facts(conn, &[&member.id], as_of)?;
    let computed = Computed { as_of, computed_on, sequence };
    Ok(Some(ScorecardOut::of(computed, &member, commitments, (&scale, &spoken, &facts))))
}

fn of_network(
    conn: &mut Conn,
    selection: &store::Selection,
    (as_of, computed_on): (NaiveDate, NaiveDate),
) -> Result<NetworkScorecardOut, StoreError> {
    let sequence = current_sequence(conn)?;
    let (members, undated) = store::members_on(conn, as_of, selection)?;
    let (commitments, scale) = (charter::commitments(conn)?, assessments::scale()?);
    let ids: Vec<&Identifier> = members.iter().map(|member| &member.id).collect();
    let standings = store::standings(conn, &ids, as_of)?;
    let facts = store::facts(conn, &ids, as_of)?;
    let computed = Computed { as_of, computed_on, sequence };
    let asked = (selection.regions.as_slice(), selection.kinds.as_slice());
    let counted = (ids.len(), undated);
    Ok(NetworkScorecardOut::of(computed, asked, counted, commitments, (&scale, &standings, &facts)))
}
