//! The handlers of the pages.

use actix_web::{
    HttpResponse, get,
    http::header,
    web::{Data, Path},
};
use askama::Template;
use serde::Deserialize;
use utoipa::IntoParams;

use super::texts::{Texts, texts};
use crate::{
    kernel::language::Language,
    network,
    state::AppState,
    web::{
        params::Lang,
        problem::{self, KINDS, Kind, Problem},
        query::{NoParameters, Query},
    },
};

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    language: Language,
    texts: Texts,
    short_name: String,
    name: String,
    presentation: String,
    established_on: String,
    version: &'static str,
}

#[derive(Template)]
#[template(path = "problems.html")]
struct ProblemIndex {
    kinds: &'static [&'static Kind],
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    kind: &'static Kind,
}

/// The parameters of the home page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HomeQuery {
    /// The page's language; French unless said otherwise.
    #[param(value_type = Language, required = false, example = "ar")]
    pub lang: Option<Lang>,
}

fn page(template: &impl Template) -> Result<HttpResponse, Problem> {
    let html = template.render().map_err(Problem::internal)?;
    let fresh = (header::CACHE_CONTROL, "public, max-age=60");
    Ok(HttpResponse::Ok().insert_header(fresh).content_type("text/html; charset=utf-8").body(html))
}

/// The home page
///
/// Where a newcomer begins, in three languages.
#[utoipa::path(
    tag = "documentation",
    operation_id = "getHome",
    params(HomeQuery),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/")]
pub async fn get_home(state: Data<AppState>, Query(query): Query<HomeQuery>) -> Result<HttpResponse, Problem> {
    let language = query.lang.map_or(Language::Fr, |lang| lang.0);
    let network = state.db.read(network::find).await?.ok_or_else(Problem::not_found)?;
    page(&Home {
        language,
        texts: texts(language),
        name: network.facts.name.read(language).to_owned(),
        presentation: network.facts.presentation.read(language).to_owned(),
        established_on: network.facts.established_on.to_string(),
        short_name: network.facts.short_name,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// All kinds of problems
///
/// Every code that a problem document of this API can have.
#[utoipa::path(
    tag = "documentation",
    operation_id = "listProblems",
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/problems")]
pub async fn list_problems(_query: Query<NoParameters>) -> Result<HttpResponse, Problem> {
    page(&ProblemIndex { kinds: KINDS })
}

/// A kind of problem
///
/// What happened when a problem document has this code, and how to mend it.
#[utoipa::path(
    tag = "documentation",
    operation_id = "getProblemPage",
    params(("code" = String, Path, description = "Code of the problem.", example = "invalid_parameter")),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html"))
)]
#[get("/problems/{code}")]
pub async fn get_problem_page(path: Path<String>, _query: Query<NoParameters>) -> Result<HttpResponse, Problem> {
    page(&ProblemPage { kind: problem::kind(&path).ok_or_else(Problem::not_found)? })
}

/// The pages' style sheet
///
/// The only asset of the pages.
#[utoipa::path(
    tag = "documentation",
    operation_id = "getStyle",
    responses((status = 200, description = "The style sheet.", body = String, content_type = "text/css"))
)]
#[get("/assets/portal.css")]
pub async fn get_style(_query: Query<NoParameters>) -> HttpResponse {
    let fresh = (header::CACHE_CONTROL, "public, max-age=3600");
    HttpResponse::Ok()
        .insert_header(fresh)
        .content_type("text/css; charset=utf-8")
        .body(include_str!("../../assets/portal.css"))
}
