//! Keyset paging: a page begins behind the last row of the one before, so page 1,000 costs what page 1 costs
//! and rows that come or go in between shift nothing.

/// Orders a boxed query by a never-null column, closed by the unique `id` column, and begins behind `after`
/// (`Option<(key, id)>`). The shape `key >= x AND (key > x OR id > y)` lets both databases enter the index
/// at `x`, which the textbook form `key > x OR (key = x AND id > y)` does not.
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
pub(crate) use keyset;
