//! The operations on exports.

mod artefacts;
mod dictionary;

use std::{path::Path as DiskPath, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, get, web::Data};

pub use self::artefacts::Artefacts;
use super::{
    dto::{ExportOut, ExportPageOut, ExportQuery},
    rules::{Described, Edition, FileName, Licence, Name, catalog, data_package},
};
use crate::{
    action_programs::{MilestoneOut, ProgramOut, ProjectOut},
    assessments::AssessmentOut,
    charter::CharterLineOut,
    consultations::{ConsultationOut, ContributionOut},
    db::Db,
    evaluations::EvaluationOut,
    exchange::{CollaborationOut, EventOut, PracticeOut},
    indicators::{IndicatorOut, MeasurementOut},
    kernel::language::LanguageMap,
    members::MemberOut,
    state::AppState,
    territories::TerritoryOut,
    web::{
        attribution::AttributionOut,
        download::Download,
        page::PageOut,
        path::Segment,
        problem::Problem,
        query::{NoParameters, Query},
        representation::View,
    },
};

/// List exports
///
/// Every public data set as a whole, with its files, their sizes and digests, its licence and its dictionary. To stay
/// fresh afterwards, pull the changes of its collection since its `sequence`.
#[utoipa::path(
    tag = "exports",
    operation_id = "listExports",
    params(ExportQuery),
    responses((status = 200, description = "The data sets.", body = ExportPageOut))
)]
#[get("/exports")]
pub async fn list_exports(
    req: HttpRequest,
    state: Data<AppState>,
    artefacts: Data<Artefacts>,
    Query(query): Query<ExportQuery>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, query.lang.map(|lang| lang.0))?;
    let sets = described(&state, &artefacts).await?;
    let sequence = newest(&sets);
    let data: Vec<ExportOut> = sets.into_iter().map(ExportOut::from).collect();
    let page = PageOut::whole(data.len());
    view.respond(&req, sequence, &ExportPageOut { data, page, sequence }, None)
}

/// Download an export
///
/// A whole data set, by its name in the list of exports, as `csv`, `ndjson` or `json`. The same `sequence` (the number
/// that the `ETag` begins with) has the same bytes; `Repr-Digest` is their SHA-256 (RFC 9530). An interrupted download goes
/// on with `Range` and `If-Range`. In CSV, an apostrophe stands in front of `=`, `+`, `-` and `@` at the start of a text and
/// behind each `;`, tab and line end in it, so that no spreadsheet takes a part of it for a formula; imports take it away.
#[utoipa::path(
    tag = "exports",
    operation_id = "getExport",
    params(("file" = String, Path, description = "The data set and its format.", example = "members.csv")),
    responses(
        (status = 200, description = "The whole file.", content(
            (String = "text/csv"), (String = "application/x-ndjson"), (Object = "application/json")
        )),
        (status = 206, description = "The part of it that was asked for.", content(
            (String = "text/csv"), (String = "application/x-ndjson"), (String = "application/json")
        )),
        (status = 416)
    )
)]
#[get("/exports/{file}")]
pub async fn get_export(
    req: HttpRequest,
    state: Data<AppState>,
    artefacts: Data<Artefacts>,
    path: Segment<FileName>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let FileName(name, format) = path.into_parsed()?;
    let artefact = artefacts.current(&state.db, name).await?;
    let edition = &artefact.edition;
    let file = edition.files.iter().find(|file| file.format == format).ok_or_else(Problem::not_found)?;
    let path = artefact.path(format);
    let download = Download { path, sequence: edition.sequence, length: file.bytes, sha256: file.sha256 };
    download.respond(&req, format.content_type(), &format!("{}.{}", name.as_str(), format.as_str())).await
}

/// Get the data package
///
/// The CSV files of the exports as a Frictionless data package, with a table schema of each. Its paths are relative to
/// its own address.
#[utoipa::path(
    tag = "exports",
    operation_id = "getDataPackage",
    responses((status = 200, description = "The data package.", body = Object))
)]
#[get("/datapackage.json")]
pub async fn get_data_package(
    req: HttpRequest,
    state: Data<AppState>,
    artefacts: Data<Artefacts>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?;
    let sets = described(&state, &artefacts).await?;
    let package = data_package(&sets, &state.public_url, own_licence(&state));
    view.respond(&req, newest(&sets), &package, None)
}

/// Get the catalogue
///
/// The exports in the words of DCAT-AP, as JSON-LD in Arabic, French and English.
#[utoipa::path(
    tag = "exports",
    operation_id = "getCatalog",
    responses((status = 200, description = "The catalogue.", content(
        (Object = "application/ld+json"), (Object = "application/json")
    )))
)]
#[get("/catalog")]
pub async fn get_catalog(
    req: HttpRequest,
    state: Data<AppState>,
    artefacts: Data<Artefacts>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_linked_data(&req)?;
    let sets = described(&state, &artefacts).await?;
    let catalog = catalog(&sets, &state.public_url, own_licence(&state));
    view.respond(&req, newest(&sets), &catalog, None)
}

fn own_licence(state: &AppState) -> Licence {
    Licence { code: state.data_licence.code, url: state.data_licence.url }
}

/// The number of the last change that any of the data sets holds.
fn newest(sets: &[Described]) -> i64 {
    sets.iter().map(|set| set.edition.sequence).max().unwrap_or_default()
}

async fn described(state: &AppState, artefacts: &Arc<Artefacts>) -> Result<Vec<Described>, Problem> {
    let mut sets = Vec::new();
    for name in Name::ALL {
        let edition = Arc::clone(&artefacts.current(&state.db, *name).await?.edition);
        sets.push(describe(edition, own_licence(state)));
    }
    Ok(sets)
}

/// A data set with everything that is said of it; `own` is the licence of the network's own data.
fn describe(edition: Arc<Edition>, own: Licence) -> Described {
    let credits = |all: &[&AttributionOut]| -> Vec<LanguageMap> { all.iter().map(|one| one.credit.clone()).collect() };
    let census = AttributionOut::census();
    let (fields, licence, credits) = match edition.name {
        Name::Members => (dictionary::fields::<MemberOut>(), own, credits(&[AttributionOut::geonames()])),
        Name::Territories => {
            let licence = Licence { code: census.licence, url: census.licence_url };
            (dictionary::fields::<TerritoryOut>(), licence, credits(&AttributionOut::of_territories()))
        }
        Name::Charter => (dictionary::fields::<CharterLineOut>(), own, Vec::new()),
        Name::ActionPrograms => (dictionary::fields::<ProgramOut>(), own, Vec::new()),
        Name::Projects => (dictionary::fields::<ProjectOut>(), own, Vec::new()),
        Name::Milestones => (dictionary::fields::<MilestoneOut>(), own, Vec::new()),
        Name::Consultations => (dictionary::fields::<ConsultationOut>(), own, Vec::new()),
        Name::Contributions => (dictionary::fields::<ContributionOut>(), own, Vec::new()),
        Name::Evaluations => (dictionary::fields::<EvaluationOut>(), own, Vec::new()),
        Name::Practices => (dictionary::fields::<PracticeOut>(), own, Vec::new()),
        Name::Collaborations => (dictionary::fields::<CollaborationOut>(), own, Vec::new()),
        Name::Events => (dictionary::fields::<EventOut>(), own, Vec::new()),
        Name::Assessments => (dictionary::fields::<AssessmentOut>(), own, Vec::new()),
        Name::Indicators => (dictionary::fields::<IndicatorOut>(), own, Vec::new()),
        Name::Measurements => (dictionary::fields::<MeasurementOut>(), own, Vec::new()),
    };
    Described { edition, fields, licence, credits }
}

/// Writes every data set, with both descriptions, into a folder. `home` is the address that the catalogue names.
///
/// # Errors
/// A sentence about the database or the folder.
pub fn write_all(db: &Db, folder: &DiskPath, home: &str, licence: (&'static str, &'static str)) -> Result<(), String> {
    let own = Licence { code: licence.0, url: licence.1 };
    let files = folder.join(super::rules::FILES);
    let at = |path: &DiskPath, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    std::fs::create_dir_all(&files).map_err(|error| at(&files, &error))?;
    let mut sets = Vec::new();
    for name in Name::ALL {
        let (_, edition) = artefacts::write(db, *name, &files).map_err(|error| at(&files, &error))?;
        sets.push(describe(Arc::new(edition), own));
    }
    let descriptions =
        [("datapackage.json", data_package(&sets, home, own)), ("catalog.jsonld", catalog(&sets, home, own))];
    for (name, description) in descriptions {
        let path = folder.join(name);
        let text = serde_json::to_string_pretty(&description).map_err(|error| at(&path, &error))?;
        std::fs::write(&path, text + "\n").map_err(|error| at(&path, &error))?;
    }
    Ok(())
}
