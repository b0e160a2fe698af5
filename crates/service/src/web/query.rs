//! The strict reader of query strings: a parameter that the operation does not know, one given twice or one
//! that its type refuses is a 400 that names it. Nothing is ever ignored.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::de::DeserializeOwned;
use serde_aux::serde_introspection::serde_introspect;

use super::problem::{Fault, INVALID_PARAMETER, Place, Problem, REPEATED_PARAMETER, UNKNOWN_PARAMETER};
use crate::kernel::text::{nearest, shown};

/// The query string, read into `T`: a struct of `Option`s, whose serde names are the known parameters.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(parse(req.query_string()).map(Self))
    }
}

/// An operation without query parameters: any is unknown.
#[derive(serde::Deserialize)]
pub struct NoParameters {}

/// Reads a query string, or a form of the same encoding (`application/x-www-form-urlencoded`).
///
/// # Errors
/// 400 for the first parameter that is unknown, repeated or refused by its type.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let known = serde_introspect::<T>();
    let unknown: Vec<Fault> = pairs
        .iter()
        .filter(|(name, _)| !known.contains(&name.as_ref()))
        .map(|(name, _)| fault(name, UNKNOWN_PARAMETER.code, unknown_detail(name, known)))
        .collect();
    if !unknown.is_empty() {
        return Err(Problem::parameters(&UNKNOWN_PARAMETER, unknown));
    }
    for (at, (name, _)) in pairs.iter().enumerate() {
        if pairs.iter().skip(at + 1).any(|(other, _)| other == name) {
            return Err(Problem::parameter(&REPEATED_PARAMETER, name, "is given more than once"));
        }
    }
    let deserializer = serde_html_form::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let name = error.path().to_string();
        Problem::parameter(&INVALID_PARAMETER, &name, error.inner())
    })
}

/// [`parse`] for a form of OAuth, in which parameters that are not known are to be ignored (RFC 6749, section 3.2).
///
/// # Errors
/// 400 for the first known parameter that is repeated or refused by its type.
pub fn parse_known<T: DeserializeOwned>(form: &str) -> Result<T, Problem> {
    let known = serde_introspect::<T>();
    let pairs = form_urlencoded::parse(form.as_bytes()).filter(|(name, _)| known.contains(&name.as_ref()));
    parse(&form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

fn fault(name: &str, code: &'static str, detail: String) -> Fault {
    Fault { place: Place::Parameter(shown(name)), code: code.into(), detail }
}

fn unknown_detail(name: &str, known: &[&str]) -> String {
    let name = shown(name);
    match (nearest(&name, known), known) {
        (_, []) => format!("{name} is unknown: this operation takes no parameters."),
        (Some(nearest), _) => format!("{name} is unknown. Did you mean {nearest}?"),
        (None, known) => format!("{name} is unknown. Known are: {}.", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::params::Limit;

    #[derive(Debug, serde::Deserialize)]
    struct Sample {
        limit: Option<Limit>,
        region: Option<String>,
    }

    #[test]
    fn known_parameters_are_read() {
        let sample: Sample = parse("limit=7&region=F%C3%A8s").unwrap();
        assert_eq!(sample.limit.map(Limit::get), Some(7));
        assert_eq!(sample.region.as_deref(), Some("Fès"));
    }

    #[test]
    fn a_misspelt_parameter_is_refused_with_the_nearest_name() {
        let problem = parse::<Sample>("regoin=01").unwrap_err();
        assert_eq!(problem.to_string(), "unknown_parameter: regoin is unknown. Did you mean region?");
        let problem = parse::<Sample>("zzz=01").unwrap_err();
        assert!(problem.to_string().contains("Known are: limit, region."));
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        assert_eq!(parse::<Sample>("limit=1&limit=1").unwrap_err().kind(), &REPEATED_PARAMETER);
    }

    #[test]
    fn a_refused_value_names_its_parameter() {
        let problem = parse::<Sample>("limit=abc").unwrap_err();
        assert_eq!(problem.to_string(), "invalid_parameter: limit is not a whole number from 1 to 200.");
    }
}
