//! What a statement rests on: a link to something that can be read, with the digest by which a reader can tell whether it is
//! still what it was.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    http_url,
    language::LanguageMap,
    violation::{Violations, sha256_digest, web_address},
};

/// Something that a statement rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EvidenceLink {
    /// What it is.
    pub title: LanguageMap,
    /// Where it can be seen.
    #[schema(format = "uri", example = "https://www.larache.ma/services/2025-h2.pdf")]
    pub url: String,
    /// SHA-256 of the file, as 64 hexadecimal digits, so that a reader can tell whether it is still the same.
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", pattern = "^[0-9a-f]{64}$")]
    pub sha256: Option<String>,
}

/// Something that a statement rests on.
#[derive(Debug, Clone, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct EvidenceLinkIn {
    /// What it is, in at least one language, each of at most 200 characters.
    pub title: LanguageMap,
    /// Where it can be seen, an http(s) URL.
    #[validate(custom(function = "web_address"))]
    #[schema(format = "uri", example = "https://www.larache.ma/services/2025-h2.pdf", max_length = 500)]
    pub url: String,
    /// SHA-256 of the file, as 64 hexadecimal digits in lower case.
    #[serde(default)]
    #[validate(custom(function = "sha256_digest"))]
    #[schema(example = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", pattern = "^[0-9a-f]{64}$")]
    pub sha256: Option<String>,
}

/// The longest title, in characters.
const TITLE_CHARS: usize = 200;
/// The most links of a statement.
const MOST_LINKS: usize = 20;

impl From<EvidenceLink> for EvidenceLinkIn {
    fn from(EvidenceLink { title, url, sha256 }: EvidenceLink) -> Self {
        Self { title, url, sha256 }
    }
}

/// The links that stand under `evidence`, with what is wrong with their titles noted.
pub fn read_evidence(links: Vec<EvidenceLinkIn>, violations: &mut Violations) -> Vec<EvidenceLink> {
    let read = |(at, EvidenceLinkIn { title, url, sha256 }): (usize, EvidenceLinkIn)| EvidenceLink {
        title: title.checked(violations, &format!("/evidence/{at}/title"), TITLE_CHARS),
        url: http_url::stored(&url),
        sha256,
    };
    links.into_iter().enumerate().map(read).collect()
}

/// Notes that there are more links than anybody reads.
pub fn check_evidence(links: &[EvidenceLink], violations: &mut Violations) {
    if links.len() > MOST_LINKS {
        violations.add("/evidence", "too_many", format!("There are at most {MOST_LINKS} pieces of evidence."));
    }
}
