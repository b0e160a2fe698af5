//! Files that are served as they are: whole or in part (RFC 9110, section 14), with a validator and a digest, from the
//! disk, so that their length does not matter.

use std::{io::SeekFrom, path::PathBuf};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        StatusCode,
        header::{self, ByteRangeSpec, ContentRange, ContentRangeSpec, EntityTag, HeaderName, IfRange, Range},
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{
    etag,
    problem::{Problem, RANGE_NOT_SATISFIABLE},
    representation::FRESHNESS,
};
use crate::{db::StoreError, kernel::text::hex};

/// How much of a file is read at once, in bytes.
const PIECE: usize = 1 << 16;

/// A file on disk that never changes under its name.
#[derive(Debug)]
pub struct Download {
    /// Where it is.
    pub path: PathBuf,
    /// The number of the last change that it holds.
    pub sequence: i64,
    /// How long it is, in bytes.
    pub length: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

impl Download {
    /// The file, or the part that the request asks for, or that the caller has it already.
    ///
    /// # Errors
    /// 416 for a part that is not there.
    pub async fn respond(self, req: &HttpRequest, content_type: &str, name: &str) -> Result<HttpResponse, Problem> {
        let tag = self.tag();
        let known = etag::is_known(req, &tag);
        let part = if known { None } else { self.part(req, &tag)? };
        let status = match (known, part) {
            (true, _) => StatusCode::NOT_MODIFIED,
            (false, Some(_)) => StatusCode::PARTIAL_CONTENT,
            (false, None) => StatusCode::OK,
        };
        let mut response = HttpResponse::build(status);
        response.insert_header(etag::header(tag)).insert_header((header::CACHE_CONTROL, FRESHNESS));
        if known {
            return Ok(response.finish());
        }
        response.insert_header((header::ACCEPT_RANGES, "bytes"));
        let (first, last) = part.unwrap_or((0, self.length.saturating_sub(1)));
        if part.is_some() {
            let range = Some((first, last));
            response.insert_header(ContentRange(ContentRangeSpec::Bytes { range, instance_length: Some(self.length) }));
        }
        let length = if self.length == 0 { 0 } else { last - first + 1 };
        let mut file = tokio::fs::File::open(&self.path).await.map_err(StoreError::from)?;
        file.seek(SeekFrom::Start(first)).await.map_err(StoreError::from)?;
        let pieces = ReaderStream::with_capacity(file.take(length), PIECE);
        response
            .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
            .insert_header((
                HeaderName::from_static("repr-digest"),
                format!("sha-256=:{}:", STANDARD.encode(self.sha256)),
            ))
            // The digest and the parts are those of these bytes: nothing compresses them on the way.
            .insert_header((header::CONTENT_ENCODING, "identity"))
            .content_type(content_type);
        Ok(response.body(SizedStream::new(length, pieces)))
    }

    fn tag(&self) -> EntityTag {
        let digest: String = hex(&self.sha256).chars().take(16).collect();
        EntityTag::new_strong(format!("{}-{digest}", self.sequence))
    }

    /// The first and last byte of the part that is asked for. A request for several parts gets the whole, and so does one
    /// that began with another version of the file.
    fn part(&self, req: &HttpRequest, tag: &EntityTag) -> Result<Option<(u64, u64)>, Problem> {
        let same = match req.get_header::<IfRange>() {
            Some(IfRange::EntityTag(known)) => known.strong_eq(tag),
            Some(IfRange::Date(_)) => false,
            None => !req.headers().contains_key(header::IF_RANGE),
        };
        let specs = match req.get_header::<Range>() {
            Some(Range::Bytes(specs)) if same => specs,
            _ => return Ok(None),
        };
        let [spec] = specs.as_slice() else { return Ok(None) };
        if let ByteRangeSpec::FromTo(from, to) = spec
            && from > to
        {
            return Ok(None);
        }
        spec.to_satisfiable_range(self.length).map(Some).ok_or_else(|| {
            let detail = format!("The file has {} bytes.", self.length);
            Problem::new(&RANGE_NOT_SATISFIABLE, detail)
                .with_header(header::CONTENT_RANGE, format!("bytes */{}", self.length))
        })
    }
}
