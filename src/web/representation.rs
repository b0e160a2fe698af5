//! The one place where a representation is made: format, language, validator, freshness, links. A cache of
//! finished answers belongs here and nowhere else.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{self, Accept},
    },
};
use serde::Serialize;
use serde_json::Value;

use super::{
    etag, localize,
    params::Several,
    problem::{INVALID_PARAMETER, NOT_ACCEPTABLE, Place, Problem},
    tabular::{self, Column},
};
use crate::kernel::{language::Language, text};

/// How long anonymous answers stay fresh, and may be served while they are fetched again.
const FRESHNESS: &str = "public, max-age=60, stale-while-revalidate=300";

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
}

impl Format {
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Csv => ("text", "csv"),
            Self::Ndjson => ("application", "x-ndjson"),
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

impl std::str::FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Csv),
            "ndjson" => Ok(Self::Ndjson),
            _ => Err("is none of json, csv, ndjson"),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Format {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

/// How the caller wants to see an answer.
#[derive(Debug)]
pub struct View {
    format: Format,
    language: Option<Language>,
    setting: Option<&'static str>,
    table: Option<Table>,
}

/// The table form of a list.
#[derive(Debug)]
struct Table {
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
        Ok(Self { format: negotiate(req, &[Format::Json])?, language, setting: None, table: None })
    }

    /// The same view of an answer that shows a setting of the server: its validator changes with the setting.
    #[must_use]
    pub fn showing(self, setting: &'static str) -> Self {
        Self { setting: Some(setting), ..self }
    }

    /// The view of a list that also exists as a table.
    ///
    /// # Errors
    /// 406 when the caller accepts none of the formats, 400 for `fields` that are unknown or without a table.
    pub fn of_list(
        req: &HttpRequest,
        language: Option<Language>,
        format: Option<Format>,
        fields: Option<&Several<String>>,
        (list, columns): (&'static str, &'static [Column]),
    ) -> Result<Self, Problem> {
        let format = match format {
            Some(format) => format,
            None => negotiate(req, &[Format::Json, Format::Csv, Format::Ndjson])?,
        };
        if format == Format::Json && fields.is_some() {
            let why = "chooses the columns of CSV and NDJSON; ask for one of them by format=";
            return Err(Problem::parameter(&INVALID_PARAMETER, "fields", why));
        }
        let fields = fields.map(|fields| fields.0.as_slice());
        let columns = tabular::choose(columns, fields)?;
        Ok(Self { format, language, setting: None, table: Some(Table { list, columns, chosen: fields.is_some() }) })
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
        let tag = etag::tag(version, self.format.name(), self.language, self.setting, req);
        let known = etag::is_known(req, &tag);
        let status = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let mut response = HttpResponse::build(status);
        response.insert_header(etag::header(tag)).insert_header((header::CACHE_CONTROL, FRESHNESS));
        if known {
            return Ok(response.finish());
        }
        if let Some(cursor) = next {
            response.insert_header((header::LINK, format!("<{}>; rel=\"next\"", next_page(req, cursor))));
        }
        let bytes = self.write(body, &mut response).map_err(Problem::internal)?;
        Ok(response.content_type(self.format.content_type()).body(bytes))
    }

    fn write(&self, body: &impl Serialize, response: &mut HttpResponseBuilder) -> Result<Vec<u8>, csv::Error> {
        let json = |error: serde_json::Error| csv::Error::from(std::io::Error::from(error));
        if self.format == Format::Json && self.language.is_none() {
            let mut bytes = Vec::with_capacity(if self.table.is_some() { LIST_BYTES } else { RESOURCE_BYTES });
            serde_json::to_writer(&mut bytes, body).map_err(json)?;
            return Ok(bytes);
        }
        let mut document = serde_json::to_value(body).map_err(json)?;
        if let Some(language) = self.language {
            localize::localize(&mut document, language);
        }
        let rows = document.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        match (self.format, &self.table) {
            (Format::Csv, Some(table)) => {
                let file = format!("attachment; filename=\"{}.csv\"", table.list);
                response.insert_header((header::CONTENT_DISPOSITION, file));
                tabular::csv(&table.columns, rows)
            }
            (Format::Ndjson, Some(table)) => {
                tabular::ndjson(table.chosen.then_some(table.columns.as_slice()), rows).map_err(json)
            }
            _ => serde_json::to_vec(&document).map_err(json),
        }
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
                let rank = match (range.item.type_().as_str(), range.item.subtype().as_str()) {
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

    const LIST: &[Format] = &[Format::Json, Format::Csv, Format::Ndjson];

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
