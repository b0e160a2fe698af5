//! The frame around a page of a list.

use serde::Serialize;
use utoipa::ToSchema;

/// Where a page stands in its list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PageOut {
    /// The most rows that a page has.
    #[schema(example = 50, minimum = 1, maximum = 200)]
    pub limit: u8,
    /// Cursor of the next page, for the `cursor` parameter of the same list; null on the last page.
    #[schema(example = "WzEsInY0VmhfUkpBS2pZIiwiMDEuMDUxIiwiMDE5M…")]
    pub next_cursor: Option<String>,
    /// How many rows the whole list has, if `count=exact` asked for it.
    #[schema(example = 1503, minimum = 0)]
    pub total: Option<i64>,
}

impl PageOut {
    /// The frame around a list that is so short that one page holds all of it.
    #[must_use]
    pub fn whole(rows: usize) -> Self {
        Self { limit: 200, next_cursor: None, total: i64::try_from(rows).ok() }
    }
}
