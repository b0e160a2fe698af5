//! Keyset paging: a page begins behind the last row of the one before, so page 1,000 costs what page 1 costs
//! and rows that come or go in between shift nothing.

use diesel::{
    RunQueryDsl,
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::QueryResult,
    sql_types::{BigInt, Text},
};

use super::{Backend, Conn};

/// The key of rows that stand in the order of their ids alone: no text. An expression of its own, because Diesel prepares a
/// statement with literal SQL anew every time.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct NoKey;

impl Expression for NoKey {
    type SqlType = Text;
}

impl<Table> AppearsOnTable<Table> for NoKey {}

impl<Table> SelectableExpression<Table> for NoKey {}

impl<Grouping> ValidGrouping<Grouping> for NoKey {
    type IsAggregate = is_aggregate::Never;
}

impl<DB: diesel::backend::Backend> QueryFragment<DB> for NoKey {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("''");
        Ok(())
    }
}

/// A query cut to a page of `limit` rows and one more, which tells whether there is another page. It must have no limit of
/// its own.
pub fn paged<Q>(query: Q, limit: u8) -> Paged<Q> {
    Paged { query, rows: i64::from(limit) + 1 }
}

/// See [`paged`].
#[derive(Debug, Clone, Copy)]
pub struct Paged<Q> {
    query: Q,
    rows: i64,
}

/// The limits that most ask for: none, and what clients commonly say.
const COMMON: [i64; 4] = [20, 50, 100, 200];

impl<Q: Query> Query for Paged<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> QueryId for Paged<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> RunQueryDsl<Conn> for Paged<Q> {}

impl<Q: QueryFragment<Backend>> QueryFragment<Backend> for Paged<Q> {
    /// PostgreSQL takes a limit that it does not know for a tenth of the table, never keeps a plan for such a page of a large
    /// one and plans it anew each time, which takes longer than reading it. So common limits stand in the statement; others are
    /// bound, or there would be a prepared statement for each of them.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        self.query.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT ");
        match COMMON.into_iter().find(|limit| limit + 1 == self.rows) {
            Some(limit) => out.push_sql(&(limit + 1).to_string()),
            None => out.push_bind_param::<BigInt, _>(&self.rows)?,
        }
        Ok(())
    }
}

/// Orders a boxed query by a never-null column, closed by the unique `id` column, and begins behind `after`
/// (`Option<(key, id)>`). The shape `key >= x AND (key > x OR id > y)` lets both databases enter the index
/// at `x`, which the textbook form `key > x OR (key = x AND id > y)` does not.
#[macro_export]
macro_rules! keyset {
    ($query:expr, $column:expr, $id:expr, $direction:expr, $after:expr) => {{
        let query = $query;
        match $direction {
            $crate::kernel::paging::Direction::Ascending => {
                let query = query.order(($column.asc(), $id.asc()));
                match $after {
                    Some((key, id)) => query.filter($column.ge(key).and($column.gt(key).or($id.gt(id)))),
                    None => query,
                }
            }
            $crate::kernel::paging::Direction::Descending => {
                let query = query.order(($column.desc(), $id.desc()));
                match $after {
                    Some((key, id)) => query.filter($column.le(key).and($column.lt(key).or($id.lt(id)))),
                    None => query,
                }
            }
        }
    }};
}
pub use keyset;

/// The same for an order by the id alone, which is the order in which rows were first stored. `$after` is a
/// [`kernel::paging::Position`], if any.
#[macro_export]
macro_rules! keyset_by_id {
    ($query:expr, $id:expr, $direction:expr, $after:expr) => {{
        let query = $query;
        let after: Option<&$crate::kernel::paging::Position> = $after;
        match ($direction, after) {
            ($crate::kernel::paging::Direction::Ascending, None) => query.order($id.asc()),
            ($crate::kernel::paging::Direction::Ascending, Some(last)) => {
                query.order($id.asc()).filter($id.gt(last.id.as_str()))
            }
            ($crate::kernel::paging::Direction::Descending, None) => query.order($id.desc()),
            ($crate::kernel::paging::Direction::Descending, Some(last)) => {
                query.order($id.desc()).filter($id.lt(last.id.as_str()))
            }
        }
    }};
}
pub use keyset_by_id;
