//! Whether the process lives, and whether it can serve.

use actix_web::{HttpResponse, get, http::header, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db::{MigrationStatus, migration_status},
    state::AppState,
    web::{
        problem::{NOT_READY, Problem},
        query::{NoParameters, Query},
    },
};

/// The state of the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthOut {
    /// `ok`; everything else is a problem document.
    #[schema(example = "ok")]
    pub status: &'static str,
}

fn ok() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(HealthOut { status: "ok" })
}

/// Whether the process lives
///
/// Answers without asking anything else, so that a supervisor restarts only what is really stuck.
#[utoipa::path(tag = "operations", operation_id = "getLiveness", responses((status = 200, description = "The process lives.", body = HealthOut)))]
#[get("/health/live")]
pub async fn live(_query: Query<NoParameters>) -> HttpResponse {
    ok()
}

/// Whether the server can serve
///
/// Asks the database and compares its migrations with those of this binary.
#[utoipa::path(
    tag = "operations",
    operation_id = "getReadiness",
    responses(
        (status = 200, description = "The database answers and has the schema of this binary.", body = HealthOut),
        (status = 503, description = "The database is away or has another schema.", body = crate::web::problem::ProblemOut, content_type = "application/problem+json"),
    )
)]
#[get("/health/ready")]
pub async fn ready(_query: Query<NoParameters>, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    // One at a time, since nobody is told to wait with this question: many of them must not fill the database's queue.
    let _turn = state.readiness.lock().await;
    let status = state.db.read(migration_status).await?;
    if status == (MigrationStatus { pending: 0, unknown: Vec::new() }) {
        return Ok(ok());
    }
    let detail =
        format!("{} migrations are pending, {} are unknown to this binary.", status.pending, status.unknown.len());
    Err(Problem::new(&NOT_READY, detail))
}
