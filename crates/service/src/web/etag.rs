//! Validators: `"<version>-<variant>"`, where the variant covers everything else that changes the bytes
//! (format, language, encoding, the program's version).

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::header::{AcceptEncoding, ContentEncoding, ETag, Encoding, EntityTag, IfNoneMatch},
};

use crate::kernel::language::Language;

/// Everything but the version that a representation's bytes depend on.
#[derive(Debug, Clone)]
pub struct Variant(String);

impl Variant {
    /// Of an answer in a format and language, encoded as the request accepts it; `setting` is a setting of the server or
    /// another version that the answer shows.
    #[must_use]
    pub fn of(req: &HttpRequest, format: &str, language: Option<Language>, setting: Option<&str>) -> Self {
        let mut variant = format.to_owned();
        let encoding = encoding(req).filter(|encoding| *encoding != IDENTITY);
        let parts = [language.map(Language::as_str), encoding, setting, Some(env!("CARGO_PKG_VERSION"))];
        for part in parts.into_iter().flatten() {
            variant.push('.');
            variant.push_str(part);
        }
        Self(variant)
    }

    /// The tag of the representation at a version. For a list, the version is the sequence it was read at.
    #[must_use]
    pub fn at(&self, version: i64) -> EntityTag {
        EntityTag::new_strong(format!("{version}-{}", self.0))
    }
}

/// The version that a tag of ours names.
#[must_use]
pub fn version(tag: &EntityTag) -> Option<i64> {
    tag.tag().split_once('-')?.0.parse().ok().filter(|_| !tag.weak)
}

/// What the caller says that it has.
#[derive(Debug)]
pub struct Known(Option<IfNoneMatch>);

impl Known {
    /// From the request.
    #[must_use]
    pub fn of(req: &HttpRequest) -> Self {
        Self(req.get_header())
    }

    /// Whether the representation with this tag is among it.
    #[must_use]
    pub fn has(&self, tag: &EntityTag) -> bool {
        match &self.0 {
            Some(IfNoneMatch::Any) => true,
            Some(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
            None => false,
        }
    }
}

/// Whether the caller already has the representation with this tag.
#[must_use]
pub fn is_known(req: &HttpRequest, tag: &EntityTag) -> bool {
    Known::of(req).has(tag)
}

/// The header for a tag.
#[must_use]
pub fn header(tag: EntityTag) -> ETag {
    ETag(tag)
}

/// A body as it is.
const IDENTITY: &str = "identity";

/// The encoding that the compression middleware will choose: it negotiates with the same function over
/// the same list. `None` where the caller accepts none of them.
#[must_use]
pub fn encoding(req: &HttpRequest) -> Option<&'static str> {
    let offered = [Encoding::identity(), Encoding::brotli(), Encoding::gzip(), Encoding::deflate()];
    let Some(accepted) = req.get_header::<AcceptEncoding>() else { return Some(IDENTITY) };
    match accepted.negotiate(offered.iter())? {
        Encoding::Known(ContentEncoding::Brotli) => Some("br"),
        Encoding::Known(ContentEncoding::Gzip) => Some("gzip"),
        Encoding::Known(ContentEncoding::Deflate) => Some("deflate"),
        _ => Some(IDENTITY),
    }
}
