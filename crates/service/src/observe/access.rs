//! One line in the log and one observation in the metrics for every request. The line has the route's
//! pattern, never the path or the query: what people search for stays theirs.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::Next,
    web::Data,
};

use super::request_id::{HEADER, RequestId};
use crate::{auth::principal::Principal, state::AppState};

/// The name of the access log among the log targets.
const TARGET: &str = "remacto::access";

/// The middleware.
///
/// # Errors
/// Those of the services inside.
pub async fn observe<B: MessageBody>(req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let id = RequestId::of(req.headers());
    let method = req.method().clone();
    let speaks = req.headers().contains_key(header::AUTHORIZATION);
    let header = HeaderValue::from_str(id.as_str());
    req.extensions_mut().insert(id.clone());
    let mut response = next.call(req).await?;
    if let Ok(header) = header {
        response.headers_mut().insert(HEADER, header);
    }
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    let pattern = response.request().match_pattern();
    let route = pattern.as_deref().unwrap_or("(none)");
    if let Some(state) = response.request().app_data::<Data<AppState>>() {
        state.metrics.observe(&method, route, status, elapsed);
    }
    let extensions = response.request().extensions();
    let (role, account) = match extensions.get::<Principal>().map(Principal::claims) {
        Some(claims) => (claims.role.as_str(), claims.sub.as_str()),
        // A claim that nothing has checked, or that was not believed.
        None => (if speaks { "unverified" } else { "anonymous" }, "-"),
    };
    log::info!(
        target: TARGET,
        "id={} method={method} route={route} status={status} duration_us={} caller={role} account={account}",
        id.as_str(),
        elapsed.as_micros()
    );
    drop(extensions);
    Ok(response)
}
