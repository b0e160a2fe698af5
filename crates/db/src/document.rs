//! Documents as columns of queries on other tables: a list filters and orders by the columns of its own table, and takes the
//! public representations of the rows that it finds along, in the same statement.

use diesel::{
    expression::{ValidGrouping, is_aggregate},
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Binary, Nullable, Text, Timestamp},
};

use crate::prelude::*;

/// A column of the document of the resource whose id is in another column; null where it is not published. A subquery, since
/// a planner may begin a join with the documents.
macro_rules! document_column {
    ($(#[$about:meta])* $name:ident, $type:ty, $column:literal) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub struct $name<Id>(pub Id);

        impl<Id> Expression for $name<Id> {
            type SqlType = Nullable<$type>;
        }

        impl<Id: AppearsOnTable<Table>, Table> AppearsOnTable<Table> for $name<Id> {}

        impl<Id: SelectableExpression<Table>, Table> SelectableExpression<Table> for $name<Id> {}

        impl<Id, Grouping> ValidGrouping<Grouping> for $name<Id> {
            type IsAggregate = is_aggregate::Never;
        }

        impl<DB: diesel::backend::Backend, Id: QueryFragment<DB>> QueryFragment<DB> for $name<Id> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
                out.push_sql(concat!("(SELECT ", $column, " FROM document WHERE document.id = "));
                self.0.walk_ast(out.reborrow())?;
                out.push_sql(")");
                Ok(())
            }
        }
    };
}

document_column!(
    /// The public representation, as canonical JSON.
    DocumentBody, Text, "body"
);
document_column!(
    /// The SHA-256 of the public representation.
    DocumentHash, Binary, "sha256"
);
document_column!(
    /// When the public representation changed last.
    DocumentChangedAt, Timestamp, "changed_at"
);
