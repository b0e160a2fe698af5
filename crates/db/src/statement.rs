//! How statements are run. A query has a type of its own, and Diesel compiles the whole way to both databases for each of them: a
//! third of the program's code was that. Here a query loses its type before it is run, so that this way is compiled once.

use diesel::{
    connection::{DefaultLoadingMode, LoadConnection},
    deserialize::FromSqlRow,
    expression::QueryMetadata,
    prelude::*,
    query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId},
    query_dsl::{CompatibleType, methods::LimitDsl},
    result::{Error, QueryResult},
    sql_types::Untyped,
};

/// A statement of which only the backend is known. It has no static id: its text is written down at every run, and the connection
/// looks the prepared statement up by it, unless it is one that is not kept (a list of values on SQLite).
struct Statement<'q, DB>(&'q dyn QueryFragment<DB>);

impl<DB: diesel::backend::Backend> Query for Statement<'_, DB> {
    type SqlType = Untyped;
}

impl<DB> QueryId for Statement<'_, DB> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: diesel::backend::Backend> QueryFragment<DB> for Statement<'_, DB> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }
}

/// A connection that statements are run on.
pub trait Runs: Connection<Backend: QueryMetadata<Untyped>> + LoadConnection<DefaultLoadingMode> {}

impl<C: Connection<Backend: QueryMetadata<Untyped>> + LoadConnection<DefaultLoadingMode>> Runs for C {}

/// How a row of the type `ST` is read as a `U`.
pub type Read<ST, U, C> = <ST as CompatibleType<U, <C as Connection>::Backend>>::SqlType;

/// The methods of Diesel's trait of the same name, which the prelude of this module replaces.
pub trait RunQueryDsl<C: Runs>: Sized {
    /// All rows.
    ///
    /// # Errors
    /// The database's, or that of a value that can't be read.
    fn load<U>(self, conn: &mut C) -> QueryResult<Vec<U>>
    where
        Self: AsQuery<Query: QueryFragment<C::Backend>>,
        Self::SqlType: CompatibleType<U, C::Backend>,
        U: FromSqlRow<Read<Self::SqlType, U, C>, C::Backend>,
    {
        let query = self.as_query();
        let mut found = Vec::new();
        for row in LoadConnection::load(conn, Statement(&query))? {
            found.push(U::build_from_row(&row?).map_err(Error::DeserializationError)?);
        }
        Ok(found)
    }

    /// All rows, as [`RunQueryDsl::load`] reads them: the usual word for what a writing statement returns.
    ///
    /// # Errors
    /// The database's, or that of a value that can't be read.
    fn get_results<U>(self, conn: &mut C) -> QueryResult<Vec<U>>
    where
        Self: AsQuery<Query: QueryFragment<C::Backend>>,
        Self::SqlType: CompatibleType<U, C::Backend>,
        U: FromSqlRow<Read<Self::SqlType, U, C>, C::Backend>,
    {
        self.load(conn)
    }

    /// The first row of those that the statement finds.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none, the database's, or that of a value that can't be read.
    fn get_result<U>(self, conn: &mut C) -> QueryResult<U>
    where
        Self: AsQuery<Query: QueryFragment<C::Backend>>,
        Self::SqlType: CompatibleType<U, C::Backend>,
        U: FromSqlRow<Read<Self::SqlType, U, C>, C::Backend>,
    {
        let query = self.as_query();
        let row = LoadConnection::load(conn, Statement(&query))?.next().ok_or(Error::NotFound)??;
        U::build_from_row(&row).map_err(Error::DeserializationError)
    }

    /// The first row; the database is asked for no other.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none, the database's, or that of a value that can't be read.
    fn first<U>(self, conn: &mut C) -> QueryResult<U>
    where
        Self: LimitDsl<Output: RunQueryDsl<C> + AsQuery<Query: QueryFragment<C::Backend>>>,
        <Self::Output as AsQuery>::SqlType: CompatibleType<U, C::Backend>,
        U: FromSqlRow<Read<<Self::Output as AsQuery>::SqlType, U, C>, C::Backend>,
    {
        self.limit(1).get_result(conn)
    }

    /// Runs a statement and tells how many rows it changed.
    ///
    /// # Errors
    /// The database's.
    fn execute(self, conn: &mut C) -> QueryResult<usize>
    where
        Self: QueryFragment<C::Backend>,
    {
        conn.execute_returning_count(&Statement(&self))
    }
}

impl<C: Runs, Q: diesel::RunQueryDsl<C>> RunQueryDsl<C> for Q {}
