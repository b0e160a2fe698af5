//! The segments of a path that name something. A handler gets them parsed into their types and has no way to the raw text, so
//! that none reaches a statement. What no resource can be named by is not found: a handler says so with
//! [`Segment::parsed`] in its own time, because who may not do something at all is told that first.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Path};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The one segment of a path that names something.
#[derive(Debug)]
pub struct Segment<T>(Option<T>);

impl<T> Segment<T> {
    /// What the segment names.
    ///
    /// # Errors
    /// 404 for a text that can't name anything of the kind.
    pub fn parsed(&self) -> Result<&T, Problem> {
        self.0.as_ref().ok_or_else(Problem::not_found)
    }

    /// The same as an owned value.
    ///
    /// # Errors
    /// Likewise.
    pub fn into_parsed(self) -> Result<T, Problem> {
        self.0.ok_or_else(Problem::not_found)
    }
}

/// The two segments of a path that name something and a part of it.
#[derive(Debug)]
pub struct Segments<T, U>(Option<(T, U)>);

impl<T, U> Segments<T, U> {
    /// What the segments name.
    ///
    /// # Errors
    /// 404 where one of the texts can't name anything of its kind.
    pub fn parsed(&self) -> Result<&(T, U), Problem> {
        self.0.as_ref().ok_or_else(Problem::not_found)
    }

    /// The same as owned values.
    ///
    /// # Errors
    /// Likewise.
    pub fn into_parsed(self) -> Result<(T, U), Problem> {
        self.0.ok_or_else(Problem::not_found)
    }
}

/// The decoded texts of a path's segments.
fn texts<T: DeserializeOwned>(req: &HttpRequest, payload: &mut Payload) -> Option<T> {
    Path::<T>::from_request(req, payload).into_inner().ok().map(Path::into_inner)
}

impl<T: FromStr> FromRequest for Segment<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Ok(Self(texts::<String>(req, payload).and_then(|text| text.parse().ok()))))
    }
}

impl<T: FromStr, U: FromStr> FromRequest for Segments<T, U> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let parse = |(first, second): (String, String)| Some((first.parse().ok()?, second.parse().ok()?));
        ready(Ok(Self(texts(req, payload).and_then(parse))))
    }
}
