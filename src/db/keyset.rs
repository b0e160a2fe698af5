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

/// The same for an order by the id alone, which is the order in which rows were first stored. `$after` is a
/// [`crate::kernel::paging::Position`], if any.
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
pub(crate) use keyset_by_id;
