//! Searching in folded columns, the same way in every list.

/// Keeps the rows of a boxed query whose folded column has all of the folded words (`&[String]`). No word at all
/// finds nothing: it comes from a text without a letter or digit, which no row has.
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
pub(crate) use search;
