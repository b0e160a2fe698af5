//! The operations on imports.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header,
    post,
    web::{Data, block},
};
use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    dto::{
        ImportListQuery, ImportOut, ImportPageOut, ImportQuery, ImportRowOut, ImportRowPageOut, ImportRowQuery,
        ImportRowsIn, ImportTemplateQuery,
    },
    rules::{Format, Importer, Mode, Order, Report, Resource, Stored, TemplateFormat, Unreadable},
    store::{self, Content, Stopped},
};
use crate::{
    auth::{
        self,
        principal::{Principal, Require, Upload},
        roles::{
            ImportsRead, ImportsRun, MeasurementsReport, MembersMove, MembersUpdate, MembersWrite, Needs as _,
            Permission, ProgramsWrite, Role, TerritoriesWrite,
        },
        tokens::Claims,
    },
    db::{Conn, Keeper, StoreError, Tx},
    kernel::{
        codes::Flag,
        id::{Identifier, new_id},
        register::{Column, Fault},
        text::hex,
    },
    state::AppState,
    web::{
        idempotency::Once,
        params::One,
        path::Segment,
        problem::{
            CONTENT_TOO_LARGE, FORBIDDEN, IMPORT_RUNNING, INVALID_BODY, INVALID_CONTENT, INVALID_PARAMETER,
            PLAN_OUTDATED, Place as FaultPlace, Problem, UNKNOWN_PROPERTY,
        },
        query::{NoParameters, Query},
        representation::View,
        turns::{Place, Turn},
        written::Written,
    },
};

/// The lists' names, in cursors and of downloaded files.
const LIST: &str = "imports";
const ROWS: &str = "import-rows";

/// Import a list
///
/// Members, territories, projects or measurements as CSV (with the columns of the template or their French aliases; UTF-8,
/// commas or semicolons), NDJSON or a JSON array, at most 32 MiB and 100,000 rows. A row names its member by kind and
/// territory, or by an identifier that the member has; its territory by code, its project by programme and code, its
/// measurement by indicator and period. Who may do one by one all that a list does may list it, under the same rules: a focal
/// point its own member's projects and measurements, a registrar members (with their standing) and territories. A column
/// that the list does not have leaves what is there, an empty cell takes it away. All or nothing: a real import with problems changes nothing (422, with every place), a dry run is the real import taken back.
/// Members that a list names belong to its source from then on; those of another source are refused. What a list reports is a
/// draft or waits for review, like what is reported one by one. Rows don't depend on their order. A row that is not quoted by
/// RFC 4180 and a file that was cut off are refused with their line. An account has one upload or import at a time (429
/// `import_in_progress`); imports of others are waited for. Every resource that is changed has an entry of its own in the audit.
#[utoipa::path(
    tag = "imports",
    operation_id = "createImport",
    params(ImportQuery),
    request_body(content((String = "text/csv"), (Object = "application/x-ndjson"), (ImportRowsIn = "application/json"))),
    security(("token" = ["imports:run"])),
    responses((status = 201, description = "The report.", body = ImportOut), (status = 409))
)]
#[post("/imports")]
pub async fn create_import(
    req: HttpRequest,
    state: Data<AppState>,
    body: Upload<ImportsRun>,
    Query(query): Query<ImportQuery>,
) -> Result<HttpResponse, Problem> {
    let variant = View::of_resource(&req, None)?.variant(&req);
    let once = Once::of(&req, body.principal.key_owner(), "createImport", &body.bytes)?;
    let turn = state.turns.turn().await?;
    // The account is asked before its list is read, too: reading one is much work to do for nobody.
    let claims = body.principal.claims().clone();
    let keeper = state.db.read_as(body.principal.clone(), move |conn| keeper(conn, &claims)).await?;
    // The turn and the place are held until the transaction is over, and, should the client go away before, until what is
    // under way has done its work.
    let (held, (principal, order, content)) = read(body, &query, (turn, state.clock.today())).await?;
    let held = Arc::new(held);
    let within = Arc::clone(&held);
    let refused = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&refused);
    let import = move |tx: &mut Tx<'_>| {
        let _within = within;
        let done = store::run(tx, &order, &keeper, content);
        let (id, report) = done.map_err(|stopped| problem(stopped, &slot))?;
        let created_at = tx.now();
        let location = format!("/api/v1/imports/{id}");
        Written::created(location, 1, &ImportOut::from(Stored { id, created_at, report }))
    };
    let written = state.db.write(principal.clone(), move |tx| once.answer(tx, import)).await;
    let refused = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (written, refused) {
        (Err(problem), Some(refused)) => keep_refused(&state, principal, refused, problem).await,
        (written, _) => Ok(written?.respond(&variant)),
    }
}

/// List imports
///
/// The reports of the account's imports and dry runs, the newest first; for the secretariat and the administrator those of
/// everybody.
#[utoipa::path(
    tag = "imports",
    operation_id = "listImports",
    params(ImportListQuery),
    security(("token" = ["imports:read"])),
    responses((status = 200, description = "A page of reports.", content(
        (ImportPageOut = "application/json"), (String = "text/csv"), (ImportOut = "application/x-ndjson")
    )))
)]
#[get("/imports")]
pub async fn list_imports(
    req: HttpRequest,
    state: Data<AppState>,
    caller: Require<ImportsRead>,
    Query(query): Query<ImportListQuery>,
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map(|lang| lang.0);
    let view = View::of_list(&req, LIST, language, query.format, query.fields.as_ref())?.private();
    let (listing, frame) = query.paging().of(LIST, query.filters(own(&caller.principal)), false)?;
    let found = state.db.read_as(caller.principal, move |conn| store::list(conn, &listing)).await?;
    let (page, sequence) = (frame.page(&found), found.sequence);
    let next = page.next_cursor.clone();
    let data = found.rows.into_iter().map(ImportOut::from).collect();
    view.respond(&req, sequence, &ImportPageOut { data, page, sequence }, next.as_deref())
}

/// Get the template of a list
///
/// The columns that an import takes: as the header line of a table, or as a JSON Schema of a row with what each column
/// says, how it is written, and its French aliases.
#[utoipa::path(
    tag = "imports",
    operation_id = "getImportTemplate",
    params(ImportTemplateQuery),
    responses((status = 200, description = "The template.", content(
        (String = "text/csv"), (Object = "application/schema+json")
    )))
)]
#[get("/imports/template")]
pub async fn get_import_template(
    req: HttpRequest,
    Query(query): Query<ImportTemplateQuery>,
) -> Result<HttpResponse, Problem> {
    let resource = query.resource.ok_or_else(|| Problem::missing_parameter("resource"))?.0;
    let columns = store::columns(resource);
    let name = format!("{}-template", resource.as_str());
    match query.format.map_or(TemplateFormat::Csv, |format| format.0) {
        TemplateFormat::Csv => {
            let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
            let text = format!("\u{feff}{}\r\n", names.join(","));
            Ok(View::of_file("text/csv; charset=utf-8; header=present").file(&req, 1, &name, text.into_bytes()))
        }
        TemplateFormat::Schema => {
            let text = serde_json::to_vec_pretty(&schema(resource.as_str(), columns)).map_err(Problem::internal)?;
            Ok(View::of_file("application/schema+json").file(&req, 1, &name, text))
        }
    }
}

/// Get an import
///
/// What an import or a dry run did or would do.
#[utoipa::path(
    tag = "imports",
    operation_id = "getImport",
    params(("id" = String, Path, description = "Identifier of the import.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f")),
    security(("token" = ["imports:read"])),
    responses((status = 200, description = "The report.", body = ImportOut))
)]
#[get("/imports/{id}")]
pub async fn get_import(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<ImportsRead>,
    _query: Query<NoParameters>,
) -> Result<HttpResponse, Problem> {
    let view = View::of_resource(&req, None)?.private();
    let stored = stored(&state, caller.principal, path.into_parsed()?).await?;
    view.respond(&req, 1, &ImportOut::from(stored), None)
}

/// List an import's rows
///
/// What each row comes to, cell by cell, in the order of the natural keys. Rows that say what is there already are left
/// out, and so are those of a list that was refused.
#[utoipa::path(
    tag = "imports",
    operation_id = "listImportRows",
    params(("id" = String, Path, description = "Identifier of the import.", example = "01931f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f"), ImportRowQuery),
    security(("token" = ["imports:read"])),
    responses((status = 200, description = "A page of rows.", content(
        (ImportRowPageOut = "application/json"), (String = "text/csv"), (ImportRowOut = "application/x-ndjson")
    )))
)]
#[get("/imports/{id}/rows")]
pub async fn list_import_rows(
    req: HttpRequest,
    state: Data<AppState>,
    path: Segment<Identifier>,
    caller: Require<ImportsRead>,
    Query(query): Query<ImportRowQuery>,
) -> Result<HttpResponse, Problem> {
    let language = query.lang.map(|lang| lang.0);
    let view = View::of_list(&req, ROWS, language, query.format, query.fields.as_ref())?.private();
    let id = stored(&state, caller.principal.clone(), path.into_parsed()?).await?.id;
    let (listing, frame) = query.paging().of(ROWS, query.filters(id), true)?;
    let found = state.db.read_as(caller.principal, move |conn| store::rows(conn, &listing)).await?;
    let (page, sequence) = (frame.page(&found), found.sequence);
    let next = page.next_cursor.clone();
    let data = found.rows.into_iter().map(ImportRowOut::from).collect();
    view.respond(&req, sequence, &ImportRowPageOut { data, page, sequence }, next.as_deref())
}

/// Whose reports somebody sees: their own, from as what they act now; the secretariat and the administrator everybody's.
fn own(principal: &Principal) -> Option<Importer> {
    let sees_all = matches!(principal.claims().role, Role::Secretariat | Role::Administrator);
    (!sees_all).then(|| importer(principal))
}

fn importer(principal: &Principal) -> Importer {
    let claims = principal.claims();
    Importer { account_id: claims.sub.clone(), standing: claims.standing() }
}

async fn stored(state: &AppState, principal: Principal, id: Identifier) -> Result<Stored, Problem> {
    let own = own(&principal);
    let found = state.db.read_as(principal, move |conn| store::find(conn, &id, own.as_ref())).await?;
    found.ok_or_else(Problem::not_found)
}

/// Whose list it is, and the member that it may be about where the account speaks for one only.
fn keeper(conn: &mut Conn, claims: &Claims) -> Result<Keeper, StoreError> {
    let member = claims.member.clone().filter(|_| claims.role == Role::FocalPoint);
    Ok(Keeper { source: auth::store::source(conn, claims)?, member })
}

fn busy() -> Problem {
    Problem::new(&IMPORT_RUNNING, "Another import is running; one runs at a time.")
}

/// What is asked for, and the list, read on a blocking thread; with the turn and the place that it has.
async fn read(
    body: Upload<ImportsRun>,
    query: &ImportQuery,
    (turn, today): (Turn, NaiveDate),
) -> Result<((Turn, Place), (Principal, Order, Content)), Problem> {
    let resource = query.resource.as_ref().ok_or_else(|| Problem::missing_parameter("resource"))?.0;
    may_list(body.principal.claims().role, resource)?;
    let mode = query.mode.as_ref().map_or(Mode::Upsert, |mode| mode.0);
    if mode == Mode::Replace && !store::has_sources(resource) {
        let why = format!("can't be replace for {}: they have no source whose list could be whole", resource.as_str());
        return Err(Problem::parameter(&INVALID_PARAMETER, "mode", why));
    }
    if query.confirm_withdrawals.is_some() && mode == Mode::Upsert {
        let why = "is for mode=replace: upsert withdraws nothing";
        return Err(Problem::parameter(&INVALID_PARAMETER, "confirm_withdrawals", why));
    }
    let format = match body.media_type? {
        "text/csv" => Format::Csv,
        "application/x-ndjson" => Format::Ndjson,
        _ => Format::Json,
    };
    let (bytes, held) = (body.bytes, (turn, body.place));
    let content = move || (hex(&Sha256::digest(&bytes)), store::read(resource, format, &bytes, today), held);
    let (content_sha256, content, held) = block(content).await.map_err(Problem::internal)?;
    let order = Order {
        resource,
        mode,
        dry_run: query.dry_run.as_ref().is_none_or(|flag| flag.0 == Flag::True),
        confirm_withdrawals: query.confirm_withdrawals.as_ref().map(|number| number.0.0),
        plan_hash: query.plan_hash.clone().map(|One(hash)| hash.into_string()),
        format,
        content_sha256,
        importer: Some(importer(&body.principal)),
    };
    Ok((held, (body.principal, order, content.map_err(unreadable)?)))
}

/// Everything that a list of a collection can do, by the permissions that the API asks for it one by one.
const fn permissions(resource: Resource) -> &'static [&'static Permission] {
    match resource {
        Resource::Members => &[MembersWrite::PERMISSION, MembersUpdate::PERMISSION, MembersMove::PERMISSION],
        Resource::Territories => &[TerritoriesWrite::PERMISSION],
        Resource::Projects => &[ProgramsWrite::PERMISSION],
        Resource::Measurements => &[MeasurementsReport::PERMISSION],
    }
}

/// Whether a role lists a collection: only who may do one by one all that a list can do.
fn may_list(role: Role, resource: Resource) -> Result<(), Problem> {
    let lacking = permissions(resource).iter().find(|permission| !permission.is_given_to(role));
    lacking.map_or(Ok(()), |permission| {
        let (list, name, roles) = (resource.as_str(), permission.name, permission.roles());
        let detail =
            format!("A list of {list} takes {name}, which has {roles}; the account's role is {}.", role.as_str());
        Err(Problem::new(&FORBIDDEN, detail))
    })
}

/// The refusal of a file that can't be read.
fn unreadable(why: Unreadable) -> Problem {
    match why {
        Unreadable::Form(detail) => {
            Problem::new(&INVALID_BODY, detail.clone()).with_fault(FaultPlace::Pointer(String::new()), detail)
        }
        Unreadable::Column { name, detail } => Problem::new(&UNKNOWN_PROPERTY, detail.clone())
            .with_fault(FaultPlace::Pointer(format!("/0/{name}")), detail),
        Unreadable::TooLong => Problem::new(&CONTENT_TOO_LARGE, "A list has at most 100,000 rows."),
    }
}

/// The refusal of an import that did not run to its end; a report with problems goes to the slot, to be kept.
fn problem(stopped: Stopped, slot: &Mutex<Option<Box<Report>>>) -> Problem {
    match stopped {
        Stopped::Busy => busy(),
        Stopped::Outdated => {
            Problem::new(&PLAN_OUTDATED, "The import would not do what the dry run said; nothing was changed.")
        }
        Stopped::Store(error) => error.into(),
        Stopped::Refused(report) => {
            let place = |fault: &Fault| match (fault.at, &fault.column) {
                (Some(at), Some(column)) => format!("/{}/{column}", at.row - 1),
                (Some(at), None) => format!("/{}", at.row - 1),
                (None, _) => String::new(),
            };
            let detail = format!("The list has {} problems; nothing was changed.", report.faults.len());
            let faults = report.faults.iter();
            let faults =
                faults.map(|fault| (FaultPlace::Pointer(place(fault)), fault.code.clone(), fault.detail.clone()));
            let problem = Problem::new(&INVALID_CONTENT, detail).with_faults(faults);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
            problem
        }
    }
}

/// Keeps the report of a real import that was refused, in a transaction of its own, and says where it is.
async fn keep_refused(
    state: &AppState,
    principal: Principal,
    report: Box<Report>,
    problem: Problem,
) -> Result<HttpResponse, Problem> {
    let id = new_id();
    let (kept, importer) = (id.clone(), importer(&principal));
    state.db.write(principal, move |tx| store::keep(tx, &kept, Some(&importer), &report)).await?;
    Err(problem.with_header(header::LOCATION, format!("/api/v1/imports/{id}")))
}

/// The JSON Schema of a row.
fn schema(resource: &str, columns: &[Column]) -> Value {
    let property = |column: &Column| {
        let mut schema = json!({"type": ["string", "null"], "description": column.about, "examples": [column.example]});
        if let (Some(pattern), Some(schema)) = (column.pattern, schema.as_object_mut()) {
            schema.insert("pattern".to_owned(), format!("^({pattern})$").into());
        }
        if let (false, Some(schema)) = (column.aliases.is_empty(), schema.as_object_mut()) {
            schema.insert("x-aliases".to_owned(), column.aliases.into());
        }
        (column.name.to_owned(), schema)
    };
    let properties: Map<String, Value> = columns.iter().map(property).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("A row of a list of {resource}"),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}
