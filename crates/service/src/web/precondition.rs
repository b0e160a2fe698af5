//! `If-Match`: a change says which version it is meant for, so that it never overwrites what its author has not seen.
//! Tags are compared by the version in them: a change that was prepared from the Arabic answer fits the French one.

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::header::{self, EntityTag, IfMatch},
};

use super::{
    etag,
    problem::{PRECONDITION_FAILED, PRECONDITION_REQUIRED, Place, Problem},
};

/// What a request expects of the resource that it changes.
#[derive(Debug, Clone)]
pub struct Precondition {
    expected: Option<Expected>,
}

#[derive(Debug, Clone)]
enum Expected {
    Anything,
    Tags(Vec<EntityTag>),
}

impl Precondition {
    /// From the request.
    #[must_use]
    pub fn of(req: &HttpRequest) -> Self {
        let expected = match req.get_header::<IfMatch>() {
            Some(IfMatch::Any) => Some(Expected::Anything),
            Some(IfMatch::Items(tags)) => Some(Expected::Tags(tags)),
            // A value that is no list of tags matches nothing.
            None => req.headers().contains_key(header::IF_MATCH).then(|| Expected::Tags(Vec::new())),
        };
        Self { expected }
    }

    /// [`Precondition::check`] where `If-Match` is not required.
    ///
    /// # Errors
    /// 412.
    pub fn check_given(&self, version: i64) -> Result<(), Problem> {
        if self.expected.is_some() { self.check(version) } else { Ok(()) }
    }

    /// Whether the resource, which is at a version, is as the request expects.
    ///
    /// # Errors
    /// 428 without `If-Match`, 412 with the current `ETag` for another version.
    pub fn check(&self, version: i64) -> Result<(), Problem> {
        let place = Place::Header("If-Match");
        match &self.expected {
            None => {
                let detail = "If-Match is missing: send the ETag of the version that this change is meant for.";
                Err(Problem::new(&PRECONDITION_REQUIRED, detail).with_fault(place, detail))
            }
            Some(Expected::Tags(tags)) if !tags.iter().any(|tag| etag::version(tag) == Some(version)) => {
                let detail = "The resource has changed: read it again, and send the ETag of that answer.";
                let problem = Problem::new(&PRECONDITION_FAILED, detail).with_fault(place, detail);
                Err(problem.with_header(header::ETAG, etag::of_version(version).to_string()))
            }
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn status(if_match: Option<&str>) -> u16 {
        let mut request = TestRequest::patch();
        if let Some(tags) = if_match {
            request = request.insert_header(("If-Match", tags));
        }
        let req = request.to_http_request();
        let precondition = Precondition::of(&req);
        precondition.check(3).map_or_else(|problem| problem.kind().status, |()| 200)
    }

    #[test]
    fn versions_are_compared_and_nothing_else() {
        assert_eq!(status(None), 428);
        assert_eq!(status(Some("\"3-json.0.1.0\"")), 200);
        assert_eq!(status(Some("\"2-json\", \"3-json.ar.br\"")), 200);
        assert_eq!(status(Some("*")), 200);
        for other in ["\"2-json\"", "\"33-json\"", "W/\"3-json\"", "\"3\"", "3-json", ""] {
            assert_eq!(status(Some(other)), 412, "{other}");
        }
    }
}
