//! The rows of the data sets, as they are read for an export: a whole set from one state of the data.

use serde::Serialize;
use serde_json::Value;

use super::rules::Name;
use crate::{
    action_programs, assessments,
    changes::{self, State},
    charter, consultations,
    db::{Conn, StoreError, json},
    evaluations, exchange, indicators,
    kernel::kind::Kind,
    publishing,
};

/// How many rows are read at once.
const CHUNK: usize = 500;

/// Where the collection of a data set stands.
///
/// # Errors
/// The database's.
pub fn state(conn: &mut Conn, name: Name) -> Result<State, StoreError> {
    changes::state(conn, name.collection())
}

/// Takes the rows of a data set, some at a time, in the order of their ids.
///
/// # Errors
/// The database's, or what `take` returns.
pub fn each_rows(
    conn: &mut Conn,
    name: Name,
    mut take: impl FnMut(Vec<Value>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut last: Option<String> = None;
    loop {
        let after = last.as_deref();
        let rows = match name {
            Name::Members => documents(&publishing::walk(conn, Kind::Members, after, CHUNK)?)?,
            Name::Territories => documents(&publishing::walk(conn, Kind::Territories, after, CHUNK)?)?,
            Name::ActionPrograms => values(&action_programs::walk(conn, after, CHUNK)?)?,
            Name::Projects => values(&action_programs::walk_projects(conn, after, CHUNK)?)?,
            Name::Milestones => values(&action_programs::walk_milestones(conn, after, CHUNK)?)?,
            Name::Consultations => values(&consultations::walk(conn, after, CHUNK)?)?,
            Name::Contributions => values(&consultations::walk_contributions(conn, after, CHUNK)?)?,
            Name::Evaluations => values(&evaluations::walk(conn, after, CHUNK)?)?,
            Name::Practices => values(&exchange::walk_practices(conn, after, CHUNK)?)?,
            Name::Collaborations => values(&exchange::walk_collaborations(conn, after, CHUNK)?)?,
            Name::Events => values(&exchange::walk_events(conn, after, CHUNK)?)?,
            Name::Assessments => values(&assessments::walk(conn, after, CHUNK)?)?,
            Name::Indicators => values(&indicators::walk(conn, after, CHUNK)?)?,
            Name::Measurements => values(&indicators::walk_measurements(conn, after, CHUNK)?)?,
            // It is small, and always whole.
            Name::Charter => return take(values(&charter::lines(conn)?)?),
        };
        let Some(end) = rows.last() else { return Ok(()) };
        last = end.get("id").and_then(Value::as_str).map(str::to_owned);
        take(rows)?;
    }
}

fn documents(rows: &[(String, String)]) -> Result<Vec<Value>, StoreError> {
    rows.iter().map(|(_, text)| json::read(text)).collect()
}

fn values(rows: &[impl Serialize]) -> Result<Vec<Value>, StoreError> {
    rows.iter().map(json::value).collect()
}
