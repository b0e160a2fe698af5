//! Filtering by folded words and by values, the same way in every list.

/// Keeps the rows of a boxed query whose search text (`kernel::fold::search_text`: without the spaces within each text) has
/// all of the folded words (`&[String]`). No word at all finds nothing: it comes from a text without a letter or digit, which no row has.
#[macro_export]
macro_rules! search {
    ($query:expr, $column:expr, $words:expr) => {{
        let mut query = $query;
        if $words.is_empty() {
            query = query.filter($column.eq(""));
        }
        for word in $words {
            // Folded words are letters and digits only: there is no wildcard to escape.
            query = query.filter($column.like(format!("%{word}%")));
        }
        query
    }};
}
pub use search;

/// Keeps the rows of a boxed query whose column is one of some values (a slice); none of them does not filter. A single
/// value is compared as such: then an index on column and order gives the rows in their order.
#[macro_export]
macro_rules! any_of {
    ($query:expr, $column:expr, $values:expr) => {
        match $values {
            [] => $query,
            [one] => $query.filter($column.eq(one.to_owned())),
            several => $query.filter($column.eq_any(several.to_vec())),
        }
    };
}
pub use any_of;
