//! The handlers of the pages.

use actix_web::{HttpResponse, get, http::header, web::Data};
use askama::Template;

use super::texts::{Texts, texts};
use crate::{
    kernel::language::Language,
    members::MemberKind,
    network,
    state::AppState,
    web::{
        params::{Lang, query},
        path::Segment,
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
    today: String,
    total: i64,
    /// The kinds that have members: code, label, how many.
    kinds: Vec<(MemberKind, String, i64)>,
    undated: i64,
    illustrative: i64,
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

query! {
    /// The parameters of the home page.
    pub struct HomeQuery {
        /// The page's language; French unless said otherwise.
        #[example = "ar"]
        pub lang: Lang,
    }
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
    let today = state.clock.today();
    let found = state.db.read(move |conn| network::overview(conn, today)).await?;
    let (network, composition) = found.ok_or_else(Problem::not_found)?;
    let kinds = composition.by_kind.iter().filter(|kind| kind.count > 0);
    page(&Home {
        language,
        texts: texts(language),
        name: network.facts.name.read(language).to_owned(),
        presentation: network.facts.presentation.read(language).to_owned(),
        established_on: network.facts.established_on.to_string(),
        short_name: network.facts.short_name,
        today: today.to_string(),
        total: composition.total,
        kinds: kinds.map(|kind| (kind.kind, kind.kind.label().read(language).to_owned(), kind.count)).collect(),
        undated: composition.undated.iter().map(|kind| kind.count).sum(),
        illustrative: composition.illustrative.iter().map(|kind| kind.count).sum(),
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

/// The code of a kind of problem, as a path names it.
pub struct Code(&'static Kind);

impl std::str::FromStr for Code {
    type Err = &'static str;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        problem::kind(code).map(Self).ok_or("is no code of a problem")
    }
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
pub async fn get_problem_page(path: Segment<Code>, _query: Query<NoParameters>) -> Result<HttpResponse, Problem> {
    page(&ProblemPage { kind: path.into_parsed()?.0 })
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
