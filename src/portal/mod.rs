//! The pages for people: where a newcomer begins, the interactive documentation, and what each kind of problem
//! means. Plain HTML that works without JavaScript, with one style sheet of our own.

mod http;
mod texts;

use actix_web::{dev::HttpServiceFactory, web};
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Mounts the pages.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::get_home)
        .service(http::list_problems)
        .service(http::get_problem_page)
        .service(http::get_style);
}

/// The interactive documentation below `/docs/`, with its assets from the binary. It describes the operations
/// and is none itself, so the OpenAPI document leaves it out.
#[must_use]
pub fn interactive_docs() -> impl HttpServiceFactory {
    let config = Config::from("/openapi.json").try_it_out_enabled(true).display_request_duration(true);
    (web::redirect("/docs", "/docs/").permanent(), SwaggerUi::new("/docs/{_:.*}").config(config))
}
