//! What every scenario stands on: databases, a running server, a client.

pub mod accounts;
pub mod changes;
pub mod client;
pub mod postgres;
pub mod secrets;
pub mod server;
pub mod watchdog;

pub use self::server::TestServer;

/// Today, where the servers are.
pub fn today() -> chrono::NaiveDate {
    remacto::kernel::clock::Clock::default().today()
}

/// Makes two tests of each scenario: one on SQLite, one on PostgreSQL.
macro_rules! on_both {
    ($(fn $name:ident($server:ident) $body:block)*) => {
        $crate::support::on_both! { on_sqlite, on_postgres: $(fn $name($server) $body)* }
    };
    ($sqlite:ident, $postgres:ident: $(fn $name:ident($server:ident) $body:block)*) => {
        $(mod $name {
            #[allow(unused_imports, reason = "not every scenario uses every import of its file")]
            use super::*;

            fn scenario($server: &crate::support::TestServer) $body

            #[test]
            fn on_sqlite() {
                scenario(&crate::support::TestServer::$sqlite());
            }

            #[test]
            fn on_postgres() {
                if let Some(server) = crate::support::TestServer::$postgres() {
                    scenario(&server);
                }
            }
        })*
    };
}
pub(crate) use on_both;

/// The same over the demonstration data.
macro_rules! on_both_demonstrations {
    ($($scenarios:tt)*) => {
        $crate::support::on_both! { demonstrating_on_sqlite, demonstrating_on_postgres: $($scenarios)* }
    };
}
pub(crate) use on_both_demonstrations;
