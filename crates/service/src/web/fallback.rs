//! What the router itself gets wrong: HEAD and unknown methods are 404 to it. One middleware answers HEAD as
//! GET without the body, and one fallback tells an unknown path from an unsupported method, both from the
//! routes of the OpenAPI document, so that there is no second list.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ResourceDef, ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
    web::Data,
};
use utoipa::openapi::{OpenApi, PathItem};

use super::problem::{METHOD_NOT_ALLOWED, Problem};

/// Answers HEAD as GET; the connection leaves the body out.
///
/// # Errors
/// Those of the services inside.
pub async fn head_as_get<B: MessageBody>(mut req: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    if req.method() == Method::HEAD {
        req.head_mut().method = Method::GET;
    }
    next.call(req).await
}

/// The paths that exist and what each of them supports.
pub struct RouteTable(Vec<(ResourceDef, String)>);

impl RouteTable {
    /// The routes of a document, and the interactive documentation, which it leaves out.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let described =
            document.paths.paths.iter().map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item)));
        let interactive = (ResourceDef::new("/docs/{_:.*}"), "GET, HEAD, OPTIONS".to_owned());
        Self(described.chain([interactive]).collect())
    }

    fn allowed(&self, path: &str) -> Option<&str> {
        self.0.iter().find(|(route, _)| route.is_match(path)).map(|(_, methods)| methods.as_str())
    }
}

fn methods(item: &PathItem) -> String {
    let known = [
        ("GET, HEAD", item.get.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
        ("PATCH", item.patch.is_some()),
        ("DELETE", item.delete.is_some()),
        ("OPTIONS", true),
    ];
    known.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// The answer where no route matched.
///
/// # Errors
/// 404 for an unknown path, 405 with `Allow` for an unsupported method.
#[expect(clippy::unused_async, reason = "actix takes asynchronous functions as handlers")]
pub async fn fallback(req: HttpRequest, routes: Data<RouteTable>) -> Result<HttpResponse, Problem> {
    let Some(methods) = routes.allowed(req.path()) else { return Err(Problem::not_found()) };
    if req.method() == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((header::ALLOW, methods)).finish());
    }
    let detail = format!("{} supports {methods}.", req.path());
    Err(Problem::new(&METHOD_NOT_ALLOWED, detail).with_header(header::ALLOW, methods))
}
