//! Finished answers, kept in memory as long as nothing changes: most requests for public data ask for what was asked
//! before, and writing an answer down (and compressing it) costs more than everything else. An answer is kept with the
//! edition of the data that was current before it was made, and with the day, since some depend on today.
//!
//! `Cache-Control: no-cache` or `no-store` in a request goes past it (RFC 9111).

use std::sync::Arc;

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody, to_bytes},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, EntityTag, HeaderMap},
    },
    middleware::Next,
    web::{Bytes, Data},
};
use chrono::NaiveDate;
use quick_cache::{Weighter, sync::Cache};

use super::etag;
use crate::{db::Edition, state::AppState};

/// How much memory the answers take together, in bytes.
const CAPACITY: u64 = 8 << 20;
/// How many answers that is, about.
const USUAL_COUNT: usize = 1_000;
/// What an answer takes beside its address and body, about.
const OVERHEAD: usize = 1 << 10;

/// An answer that can be given again.
struct Answer {
    edition: Edition,
    day: NaiveDate,
    tag: EntityTag,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<String, Arc<Answer>> for ByBytes {
    fn weight(&self, address: &String, answer: &Arc<Answer>) -> u64 {
        u64::try_from(OVERHEAD + address.len() + answer.body.len()).unwrap_or(u64::MAX)
    }
}

/// The kept answers of a process.
pub struct Answers(Cache<String, Arc<Answer>, ByBytes>);

impl Default for Answers {
    fn default() -> Self {
        Self(Cache::with_weighter(USUAL_COUNT, CAPACITY, ByBytes))
    }
}

/// The middleware. It stands outside the compression, so that what is kept is compressed already.
///
/// # Errors
/// Those of the services inside.
pub async fn remember<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let (Some(state), Some(answers)) = (req.app_data::<Data<AppState>>(), req.app_data::<Data<Answers>>()) else {
        return Ok(next.call(req).await?.map_into_left_body());
    };
    let (state, answers) = (state.clone(), answers.clone());
    let Some(address) = address(&req) else { return Ok(next.call(req).await?.map_into_left_body()) };
    // Without an answer from the database the service inside says what is wrong with it.
    let Ok(edition) = state.db.edition().await else { return Ok(next.call(req).await?.map_into_left_body()) };
    let day = state.clock.today();
    if let Some(answer) = answers.0.get(&address).filter(|kept| kept.edition == edition && kept.day == day) {
        state.metrics.remembered();
        let response = answer.again(etag::is_known(req.request(), &answer.tag));
        return Ok(req.into_response(response).map_into_right_body());
    }
    let response = next.call(req).await?;
    let Some(tag) = keepable(&response) else { return Ok(response.map_into_left_body()) };
    let (req, response) = response.into_parts();
    let (head, body) = response.into_parts();
    let body = to_bytes(body).await.map_err(Into::into)?;
    let answer = Arc::new(Answer { edition, day, tag, headers: head.headers().clone(), body });
    let response = answer.again(false);
    answers.0.insert(address, answer);
    Ok(ServiceResponse::new(req, response).map_into_right_body())
}

impl Answer {
    /// The answer once more: whole, or only that the caller has it.
    fn again(&self, is_known: bool) -> HttpResponse {
        let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let mut response = HttpResponse::build(status);
        let of_body = [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_DISPOSITION, header::LINK];
        for (name, value) in &self.headers {
            if !is_known || !of_body.contains(name) {
                response.append_header((name.clone(), value.clone()));
            }
        }
        if is_known { response.finish() } else { response.body(self.body.clone()) }
    }
}

/// What an answer is kept under: everything of the request that it depends on. `None` for a request whose answer is
/// not kept.
fn address(req: &ServiceRequest) -> Option<String> {
    let headers = req.headers();
    let text = |name: header::HeaderName| headers.get(name).map_or(Some(""), |value| value.to_str().ok());
    let wants_fresh = ["no-cache", "no-store"].iter().any(|word| {
        headers.get_all(header::CACHE_CONTROL).any(|value| value.to_str().is_ok_and(|value| value.contains(word)))
    });
    // Who asks makes no difference: what depends on it is never kept.
    let is_public_read = req.method() == Method::GET && req.path().starts_with("/api/");
    if !is_public_read || wants_fresh || headers.get_all(header::ACCEPT).count() > 1 {
        return None;
    }
    let encoding = etag::encoding(req.request())?;
    Some(format!("{}\n{}\n{encoding}", req.uri().path_and_query()?, text(header::ACCEPT)?))
}

/// The validator of an answer that may be kept for everybody.
fn keepable<B>(response: &ServiceResponse<B>) -> Option<EntityTag> {
    let text = |name: header::HeaderName| response.headers().get(name)?.to_str().ok();
    let is_public = text(header::CACHE_CONTROL)?.starts_with("public");
    // What can be had in parts is a file, which is kept elsewhere.
    let is_file = response.headers().contains_key(header::ACCEPT_RANGES);
    if response.status() != StatusCode::OK || !is_public || is_file {
        return None;
    }
    text(header::ETAG)?.parse().ok()
}
