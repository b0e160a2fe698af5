//! Validators: `"<version>-<content>"`. The content is a hash of the answer's bytes and of the variant in which they are sent, so
//! one tag never names two answers, whoever asks and whatever was deleted, made again or restored meanwhile. The version is that
//! of the resource's row: a change says by it what it is meant for.

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::header::{AcceptEncoding, ContentEncoding, ETag, Encoding, EntityTag, IfNoneMatch},
};

use sha2::{Digest as _, Sha256};

use crate::kernel::{language::Language, text::hex};

/// In which of several forms an answer is sent.
#[derive(Debug, Clone)]
pub struct Variant(String);

/// How many bytes of a SHA-256 a tag holds.
const HASH_BYTES: usize = 16;

impl Variant {
    /// Of an answer in a format and language, encoded as the request accepts it.
    #[must_use]
    pub fn of(req: &HttpRequest, format: &str, language: Option<Language>) -> Self {
        let mut variant = format.to_owned();
        let encoding = encoding(req).filter(|encoding| *encoding != IDENTITY);
        for part in [language.map(Language::as_str), encoding].into_iter().flatten() {
            variant.push('.');
            variant.push_str(part);
        }
        Self(variant)
    }

    /// The tag of an answer of these parts, about a resource at a version. For a list, the version is the sequence it was read at.
    #[must_use]
    pub fn tag(&self, version: i64, parts: &[&[u8]]) -> EntityTag {
        let mut hash = Sha256::new().chain_update(&self.0);
        for part in parts.iter().filter(|part| !part.is_empty()) {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let hash = hash.finalize();
        let (head, _) = hash.split_at(HASH_BYTES);
        EntityTag::new_strong(format!("{version}-{}", hex(head)))
    }
}

/// The tag of a resource at a version of which no answer has been written. `If-Match` takes it; it names no content.
#[must_use]
pub fn of_version(version: i64) -> EntityTag {
    EntityTag::new_strong(format!("{version}-version"))
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
