//! Answers to writes: what was made or changed, as it is afterwards, with its address and its new `ETag`. They are for
//! who asked alone, and can be stored with the effect, so that a request that is sent twice is answered alike.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{etag::Variant, problem::Problem};

/// The header of an answer that was given before.
pub const REPLAYED: header::HeaderName = header::HeaderName::from_static("idempotency-replayed");

/// An answer to a write.
#[derive(Debug, Serialize, Deserialize)]
pub struct Written {
    status: u16,
    version: Option<i64>,
    location: Option<String>,
    body: Option<Box<RawValue>>,
    #[serde(skip)]
    replayed: bool,
}

impl Written {
    fn new(status: u16, version: Option<i64>, body: Option<Box<RawValue>>) -> Self {
        Self { status, version, location: None, body, replayed: false }
    }

    /// Something new is at an address.
    ///
    /// # Errors
    /// 500 for a body that has no JSON form, which is a defect.
    pub fn created(location: String, version: i64, body: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self { status: 201, location: Some(location), ..Self::changed(version, body)? })
    }

    /// Something is as the body says now.
    ///
    /// # Errors
    /// 500 for a body that has no JSON form, which is a defect.
    pub fn changed(version: i64, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::value::to_raw_value(body).map_err(Problem::internal)?;
        Ok(Self::new(200, Some(version), Some(body)))
    }

    /// Something is as its JSON says now.
    ///
    /// # Errors
    /// 500 for a text that is no JSON, which is a defect.
    pub fn changed_json(version: i64, json: Vec<u8>) -> Result<Self, Problem> {
        let json = String::from_utf8(json).map_err(Problem::internal)?;
        Ok(Self::new(200, Some(version), Some(RawValue::from_string(json).map_err(Problem::internal)?)))
    }

    /// The same of something new at an address.
    #[must_use]
    pub fn at(self, location: String) -> Self {
        Self { status: 201, location: Some(location), ..self }
    }

    /// Something that was asked for in a body, and has no version.
    ///
    /// # Errors
    /// 500 for a body that has no JSON form, which is a defect.
    pub fn told(body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::value::to_raw_value(body).map_err(Problem::internal)?;
        Ok(Self::new(200, None, Some(body)))
    }

    /// Something is gone.
    #[must_use]
    pub fn gone() -> Self {
        Self::new(204, None, None)
    }

    /// The same answer, given once more.
    #[must_use]
    pub fn again(self) -> Self {
        Self { replayed: true, ..self }
    }

    /// The answer in the variant that the request asks for.
    #[must_use]
    pub fn respond(self, variant: &Variant) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(version) = self.version {
            let body = self.body.as_deref().map_or("", RawValue::get);
            response.insert_header(header::ETag(variant.tag(version, &[body.as_bytes()])));
        }
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if self.replayed {
            response.insert_header((REPLAYED, "true"));
        }
        match self.body {
            Some(body) => response.content_type("application/json").body(body.get().to_owned()),
            None => response.finish(),
        }
    }
}
