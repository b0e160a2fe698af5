//! `GET /api/v1`: the door of the API, from which every collection can be found.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use serde::Serialize;
use utoipa::{ToSchema, openapi::OpenApi};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    db::current_sequence,
    state::AppState,
    web::{
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
    },
};

/// The index of the API.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexOut {
    /// Name of the API.
    #[schema(example = "REMACTO open data API")]
    pub title: &'static str,
    /// Version of the program that answers.
    #[schema(example = "0.1.0")]
    pub api_version: &'static str,
    /// Number of the last change of any published resource.
    #[schema(example = 1641, minimum = 0)]
    pub sequence: i64,
    /// The licence of the network's own data; data of others carries its own attribution.
    pub data_licence: DataLicenceOut,
    /// Path of every collection, by name, and of the documentation.
    #[schema(example = json!({"territories": "/api/v1/territories"}))]
    pub links: BTreeMap<String, String>,
}

/// A licence for data.
#[derive(Debug, Serialize, ToSchema)]
pub struct DataLicenceOut {
    /// SPDX identifier.
    #[schema(example = "CC-BY-4.0")]
    pub code: &'static str,
    /// The licence's text.
    #[schema(example = "https://creativecommons.org/licenses/by/4.0/", format = "uri")]
    pub url: &'static str,
}

/// The collections, by name.
pub struct Collections(BTreeMap<String, String>);

impl Collections {
    /// Every path below `/api/v1` that everybody can read without naming a resource, the documentation, and where those
    /// who have an account learn how to get a token.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter().filter(|(path, item)| {
            item.get.as_ref().is_some_and(|operation| operation.security.is_none()) && !path.contains('{')
        });
        let below = paths.filter_map(|(path, _)| {
            let name = path.strip_prefix("/api/v1")?;
            let name = if name.is_empty() { "self" } else { name.trim_start_matches('/') };
            Some((name.replace(['/', '-'], "_"), path.clone()))
        });
        let server = "/.well-known/oauth-authorization-server";
        let pages = [
            ("authorization_server", server),
            ("documentation", "/docs/"),
            ("openapi", "/openapi.json"),
            ("problems", "/problems"),
        ];
        let pages = pages.map(|(name, path)| (name.to_owned(), path.to_owned()));
        Self(below.chain(pages).collect())
    }
}

/// Get the index
///
/// Links to every collection, the licence of the data and the number of the last change.
#[utoipa::path(tag = "index", operation_id = "getIndex", responses((status = 200, description = "The index.", body = IndexOut)))]
#[get("")]
pub async fn get_index(
    req: HttpRequest,
    state: Data<AppState>,
    collections: Data<Collections>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?;
    let sequence = state.db.read(current_sequence).await?;
    let data_licence = DataLicenceOut { code: state.data_licence.code, url: state.data_licence.url };
    let body = IndexOut {
        title: "REMACTO open data API",
        api_version: env!("CARGO_PKG_VERSION"),
        sequence,
        data_licence,
        links: collections.0.clone(),
    };
    view.respond(&req, sequence, &body, None)
}

/// Mounts the index.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(get_index);
}
