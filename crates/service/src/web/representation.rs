//! The one place where a representation is made: format, language, validator, freshness, links.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, Accept, EntityTag},
    },
};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::{
    RefOr,
    schema::{ObjectBuilder, Schema, Type},
};

use super::{
    etag::{self, Known, Variant},
    localize,
    params::{Parameter, Several},
    problem::{INVALID_PARAMETER, NOT_ACCEPTABLE, Place, Problem},
    tabular::{self, Column, ColumnOf, Tabular},
};
use crate::kernel::{codes::codes, language::Language, text};

/// How long anonymous answers stay fresh, and may be served while they are fetched again.
pub const FRESHNESS: &str = "public, max-age=60, stale-while-revalidate=300";
/// For an answer that must be asked for every time.
const ALWAYS_ASK: &str = "no-cache";
/// For an answer that depends on who asks.
const NEVER_KEEP: &str = "no-store";

/// What a page of 50 and a single resource usually take, so that their buffers need not grow.
const LIST_BYTES: usize = 32 * 1024;
const RESOURCE_BYTES: usize = 2 * 1024;

/// A format in which a resource can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// CSV, RFC 4180.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// GeoJSON, RFC 7946.
    Geojson,
    /// JSON-LD.
    Jsonld,
}

codes!(Format { Json => "json", Csv => "csv", Ndjson => "ndjson", Geojson => "geojson", Jsonld => "jsonld" });

impl Format {
    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Csv => ("text", "csv"),
            Self::Ndjson => ("application", "x-ndjson"),
            Self::Geojson => ("application", "geo+json"),
            Self::Jsonld => ("application", "ld+json"),
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Geojson => "application/geo+json",
            Self::Jsonld => "application/ld+json",
        }
    }
}

/// The formats of a list, as the parameter `format` takes them.
pub trait ListFormats: Into<Format> {
    /// All of them, the first where the caller does not mind.
    const ALL: &'static [Format];
}

/// A format of a list whose rows have no place on a map.
#[derive(Debug, Clone, Copy)]
pub struct TableFormat(Format);

impl ListFormats for TableFormat {
    const ALL: &'static [Format] = &[Format::Json, Format::Csv, Format::Ndjson];
}

/// A format of a list whose rows have a `location`.
#[derive(Debug, Clone, Copy)]
pub struct MapFormat(Format);

impl ListFormats for MapFormat {
    const ALL: &'static [Format] = &[Format::Json, Format::Csv, Format::Ndjson, Format::Geojson];
}

macro_rules! format_parameter {
    ($($name:ident),*) => {
        $(impl From<$name> for Format {
            fn from(parameter: $name) -> Self {
                parameter.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|format| format.as_str() == text);
                found.copied().map(Self).ok_or_else(|| {
                    let names: Vec<&str> = Self::ALL.iter().map(|format| format.as_str()).collect();
                    format!("is none of {}", names.join(", "))
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text::deserialize(deserializer)
            }
        }

        impl Parameter for $name {
            fn schema() -> RefOr<Schema> {
                let names: Vec<&str> = Self::ALL.iter().map(|format| format.as_str()).collect();
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
            }
        })*
    };
}
format_parameter!(TableFormat, MapFormat);

/// How the caller wants to see an answer.
#[derive(Debug, Clone)]
pub struct View {
    format: Format,
    language: Option<Language>,
    freshness: &'static str,
    rows: Option<Rows>,
}

/// The rows of a list in another form than JSON.
#[derive(Debug, Clone)]
struct Rows {
    list: &'static str,
    columns: Vec<Column>,
    chosen: bool,
}

impl View {
    /// The view of a single resource: JSON.
    ///
    /// # Errors
    /// 406 when the caller accepts no JSON.
    pub fn of_resource(req: &HttpRequest, language: Option<Language>) -> Result<Self, Problem> {
        Ok(Self { format: negotiate(req, &[Format::Json])?, language, freshness: FRESHNESS, rows: None })
    }

    /// The view of linked data: JSON-LD, or the same as plain JSON.
    ///
    /// # Errors
    /// 406 when the caller accepts neither.
    pub fn of_linked_data(req: &HttpRequest) -> Result<Self, Problem> {
        let format = negotiate(req, &[Format::Jsonld, Format::Json])?;
        Ok(Self { format, language: None, freshness: FRESHNESS, rows: None })
    }

    /// The same view of an answer that nobody shall keep without asking again.
    #[must_use]
    pub fn unkept(self) -> Self {
        Self { freshness: ALWAYS_ASK, ..self }
    }

    /// The same view of an answer that is only for who asks: nobody shall keep it.
    #[must_use]
    pub fn private(self) -> Self {
        Self { freshness: NEVER_KEEP, ..self }
    }

    /// The view of the list with this name, of resources `T` in one of the formats `F`.
    ///
    /// # Errors
    /// 406 when the caller accepts none of the formats, 400 for `fields` without a table.
    pub fn of_list<F: ListFormats, T: Tabular>(
        req: &HttpRequest,
        list: &'static str,
        language: Option<Language>,
        format: Option<F>,
        fields: Option<&Several<ColumnOf<T>>>,
    ) -> Result<Self, Problem> {
        let format = match format {
            Some(format) => format.into(),
            None => negotiate(req, F::ALL)?,
        };
        if fields.is_some() && !matches!(format, Format::Csv | Format::Ndjson) {
            let why = "chooses the columns of CSV and NDJSON; ask for one of them by format=";
            return Err(Problem::parameter(&INVALID_PARAMETER, "fields", why));
        }
        let rows = Some(Rows { list, columns: tabular::choose(fields), chosen: fields.is_some() });
        Ok(Self { format, language, freshness: FRESHNESS, rows })
    }

    /// The view of something that exists in one form only, with a media type of its own.
    #[must_use]
    pub const fn of_file(media_type: &'static str) -> FileView {
        FileView { media_type }
    }

    /// Refuses a parameter that adds something beside the rows where there is no such place.
    ///
    /// # Errors
    /// 400 for a view as CSV or NDJSON.
    pub fn has_frame(&self, parameter: &str) -> Result<(), Problem> {
        if matches!(self.format, Format::Csv | Format::Ndjson) {
            let why = "adds to the frame of a JSON page, which CSV and NDJSON don't have";
            return Err(Problem::parameter(&INVALID_PARAMETER, parameter, why));
        }
        Ok(())
    }

    /// The variant that the answer's validator names.
    #[must_use]
    pub fn variant(&self, req: &HttpRequest) -> Variant {
        Variant::of(req, self.format.as_str(), self.language)
    }

    /// The answer with `body` at a version, or 304 when the caller has it already. For a list the version is
    /// the sequence it was read at and `next` the cursor of the next page.
    ///
    /// # Errors
    /// 500 when the body can't be written down, which is a defect.
    pub fn respond(
        &self,
        req: &HttpRequest,
        version: i64,
        body: &impl Serialize,
        next: Option<&str>,
    ) -> Result<HttpResponse, Problem> {
        self.for_request(req).written(version, body, next)?.respond(req)
    }

    /// The same with a body that is JSON already.
    ///
    /// # Errors
    /// Likewise.
    pub fn respond_json(&self, req: &HttpRequest, version: i64, json: String) -> Result<HttpResponse, Problem> {
        self.for_request(req).written_json(version, json.into_bytes(), None)?.respond(req)
    }

    /// The view with all that its answer depends on of the request, so that the answer can be written on another thread.
    #[must_use]
    pub fn for_request(&self, req: &HttpRequest) -> Writer {
        Writer { variant: self.variant(req), known: Known::of(req), view: self.clone() }
    }

    fn write(&self, body: &impl Serialize) -> Result<Vec<u8>, csv::Error> {
        let json = |error: serde_json::Error| csv::Error::from(std::io::Error::from(error));
        if matches!(self.format, Format::Json | Format::Jsonld) && self.language.is_none() {
            let mut bytes = Vec::with_capacity(if self.rows.is_some() { LIST_BYTES } else { RESOURCE_BYTES });
            serde_json::to_writer(&mut bytes, body).map_err(json)?;
            return Ok(bytes);
        }
        self.write_document(serde_json::to_value(body).map_err(json)?)
    }

    /// The same of a body that is JSON already.
    fn write_json(&self, body: Vec<u8>) -> Result<Vec<u8>, csv::Error> {
        if matches!(self.format, Format::Json | Format::Jsonld) && self.language.is_none() {
            return Ok(body);
        }
        let document = serde_json::from_slice(&body).map_err(|error| csv::Error::from(std::io::Error::from(error)))?;
        self.write_document(document)
    }

    fn write_document(&self, mut document: Value) -> Result<Vec<u8>, csv::Error> {
        let json = |error: serde_json::Error| csv::Error::from(std::io::Error::from(error));
        if let Some(language) = self.language {
            localize::localize(&mut document, language);
        }
        let Some(rows) = &self.rows else { return serde_json::to_vec(&document).map_err(json) };
        let data = document.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        match self.format {
            Format::Json | Format::Jsonld => serde_json::to_vec(&document).map_err(json),
            Format::Geojson => serde_json::to_vec(&tabular::geojson(document)).map_err(json),
            Format::Csv => tabular::csv(&rows.columns, data),
            Format::Ndjson => tabular::ndjson(rows.chosen.then_some(rows.columns.as_slice()), data).map_err(json),
        }
    }
}

/// Writes an answer down.
#[derive(Debug)]
pub struct Writer {
    view: View,
    variant: Variant,
    known: Known,
}

impl Writer {
    /// The answer with `body` at a version, as [`View::respond`] gives it.
    ///
    /// # Errors
    /// 500 when the body can't be written down, which is a defect.
    pub fn written(self, version: i64, body: &impl Serialize, next: Option<&str>) -> Result<Sheet, Problem> {
        let bytes = self.view.write(body).map_err(Problem::internal)?;
        Ok(self.sheet(version, bytes, next))
    }

    /// The answer with a body that is JSON already, as [`splice`](super::splice) makes it.
    ///
    /// # Errors
    /// 500 when it can't be written down in the format that was asked for, which is a defect.
    pub fn written_json(self, version: i64, json: Vec<u8>, next: Option<&str>) -> Result<Sheet, Problem> {
        let bytes = self.view.write_json(json).map_err(Problem::internal)?;
        Ok(self.sheet(version, bytes, next))
    }

    fn sheet(self, version: i64, bytes: Vec<u8>, next: Option<&str>) -> Sheet {
        // The next page stands in a header of tables.
        let tag = self.variant.tag(version, &[&bytes, next.unwrap_or_default().as_bytes()]);
        let body = if self.known.has(&tag) { None } else { Some(bytes) };
        Sheet { view: self.view, tag, body, next: next.map(str::to_owned) }
    }
}

/// An answer that has been written down.
#[derive(Debug)]
pub struct Sheet {
    view: View,
    tag: EntityTag,
    /// Nothing where the caller has it already.
    body: Option<Vec<u8>>,
    next: Option<String>,
}

impl Sheet {
    /// The answer to the request that it was written for.
    ///
    /// # Errors
    /// None: it is what a handler ends with.
    pub fn respond(self, req: &HttpRequest) -> Result<HttpResponse, Problem> {
        let status = if self.body.is_some() { StatusCode::OK } else { StatusCode::NOT_MODIFIED };
        let mut response = HttpResponse::build(status);
        response.insert_header(etag::header(self.tag)).insert_header((header::CACHE_CONTROL, self.view.freshness));
        let Some(body) = self.body else { return Ok(response.finish()) };
        if let Some(cursor) = self.next {
            response.insert_header((header::LINK, format!("<{}>; rel=\"next\"", next_page(req, &cursor))));
        }
        if let (Format::Csv, Some(rows)) = (self.view.format, &self.view.rows) {
            let file = format!("attachment; filename=\"{}.csv\"", rows.list);
            response.insert_header((header::CONTENT_DISPOSITION, file));
        }
        Ok(response.content_type(self.view.format.content_type()).body(body))
    }
}

/// The view of something that exists in one form only.
#[derive(Debug, Clone, Copy)]
pub struct FileView {
    media_type: &'static str,
}

impl FileView {
    /// The answer with a picture of a resource at a version, or 304 when the caller has it already. What is not published is kept
    /// nowhere.
    #[must_use]
    pub fn picture(self, req: &HttpRequest, (version, is_public): (i64, bool), picture: String) -> HttpResponse {
        let tag = Variant::of(req, "svg", None).tag(version, &[picture.as_bytes()]);
        let known = is_public && etag::is_known(req, &tag);
        let mut response = HttpResponse::build(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        let freshness = if is_public { FRESHNESS } else { NEVER_KEEP };
        response.insert_header(etag::header(tag)).insert_header((header::CACHE_CONTROL, freshness));
        if known { response.finish() } else { response.content_type(self.media_type).body(picture) }
    }

    /// The answer with bytes at a version, as a file with a name, or 304 when the caller has it already.
    #[must_use]
    pub fn file(self, req: &HttpRequest, version: i64, name: &str, bytes: Vec<u8>) -> HttpResponse {
        let (_, subtype) =
            self.media_type.split(';').next().and_then(|essence| essence.split_once('/')).unwrap_or_default();
        let ending = subtype.rsplit('+').next().unwrap_or_default();
        let tag = Variant::of(req, ending, None).tag(version, &[&bytes]);
        let known = etag::is_known(req, &tag);
        let mut response = HttpResponse::build(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        response.insert_header(etag::header(tag)).insert_header((header::CACHE_CONTROL, FRESHNESS));
        if known {
            return response.finish();
        }
        let file = format!("attachment; filename=\"{name}.{ending}\"");
        response.insert_header((header::CONTENT_DISPOSITION, file)).content_type(self.media_type).body(bytes)
    }
}

/// The address of this request with another cursor.
fn next_page(req: &HttpRequest, cursor: &str) -> String {
    let kept = form_urlencoded::parse(req.query_string().as_bytes()).filter(|(name, _)| name != "cursor");
    let query =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair("cursor", cursor).finish();
    format!("{}?{query}", req.path())
}

/// Chooses the format that the Accept header likes best; the first of `offered` where it does not mind.
fn negotiate(req: &HttpRequest, offered: &[Format]) -> Result<Format, Problem> {
    let first = offered.first().copied().unwrap_or(Format::Json);
    let Some(Accept(ranges)) = req.get_header::<Accept>().filter(|accept| !accept.0.is_empty()) else {
        return Ok(first);
    };
    let mut best: Option<(header::Quality, Format)> = None;
    for format in offered {
        let (main, sub) = format.media_type();
        // The most specific range that covers the format decides, whatever the others say.
        let decisive = ranges
            .iter()
            .filter_map(|range| {
                // The essence, because the subtype alone is without its suffix (+json).
                let rank = match range.item.essence_str().split_once('/')? {
                    ("*", "*") => 0,
                    (m, "*") if m == main => 1,
                    (m, s) if m == main && s == sub => 2,
                    _ => return None,
                };
                Some((rank, range.quality))
            })
            .max_by_key(|(rank, _)| *rank);
        if let Some((_, quality)) = decisive
            && quality > header::Quality::ZERO
            && best.is_none_or(|(other, _)| quality > other)
        {
            best = Some((quality, *format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| {
        let names: Vec<String> =
            offered.iter().map(|format| format.media_type()).map(|(m, s)| format!("{m}/{s}")).collect();
        let detail = format!("This resource exists as {}.", names.join(", "));
        Problem::new(&NOT_ACCEPTABLE, detail.clone()).with_fault(Place::Header("Accept"), detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    const LIST: &[Format] = TableFormat::ALL;

    fn choice(accept: &str) -> Option<Format> {
        negotiate(&TestRequest::get().insert_header(("Accept", accept)).to_http_request(), LIST).ok()
    }

    #[test]
    fn the_most_liked_format_is_chosen() {
        assert_eq!(choice("*/*"), Some(Format::Json));
        assert_eq!(choice("text/csv"), Some(Format::Csv));
        assert_eq!(choice("text/*"), Some(Format::Csv));
        assert_eq!(choice("application/json;q=0.5, application/x-ndjson"), Some(Format::Ndjson));
        assert_eq!(choice("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), Some(Format::Json));
        assert_eq!(choice("*/*, application/json;q=0"), Some(Format::Csv));
        let map = TestRequest::get().insert_header(("Accept", "application/geo+json, */*;q=0.1")).to_http_request();
        assert_eq!(negotiate(&map, MapFormat::ALL).ok(), Some(Format::Geojson));
    }

    #[test]
    fn what_does_not_exist_is_not_acceptable() {
        assert_eq!(choice("application/xml"), None);
        assert_eq!(choice("application/json;q=0"), None);
    }

    #[test]
    fn the_next_page_keeps_the_other_parameters() {
        let req = TestRequest::get().uri("/api/v1/things?q=F%C3%A8s&cursor=old&limit=2").to_http_request();
        assert_eq!(next_page(&req, "new"), "/api/v1/things?q=F%C3%A8s&limit=2&cursor=new");
    }
}
