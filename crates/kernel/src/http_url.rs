//! Links: the `http` and `https` URLs that are stored, published and configured. One parser reads all of them, and what
//! it returns is a URI in the sense of RFC 3986, as the API document's `format: uri` says.

use std::fmt::Write as _;

use url::{Host, Url};

use super::text::{TextError, is_ignorable, parse_line};

/// The longest link, in characters, as it is stored.
pub const MOST_CHARS: usize = 500;

/// Why a text is no link; each is a complete predicate for a sentence about the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpUrlError {
    /// It is not even a line of text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// It has another scheme, or none.
    #[error("is no http(s) URL: it must begin with https:// or http://")]
    Scheme,
    /// A character that no URL has as it is.
    #[error(
        "is no http(s) URL: spaces, quotation marks, angle brackets, backslashes and invisible characters must be percent-encoded"
    )]
    Character,
    /// A user's name or password before the host.
    #[error("is no http(s) URL that may be shown: it has a user name or password before its host")]
    UserInfo,
    /// No host, or something that is neither a domain name nor an IP address.
    #[error("is no http(s) URL: its host is neither a domain name nor an IP address")]
    Host,
}

/// Reads a link. Its scheme is written in lower case, an international domain name in ASCII, and what a URI can't hold
/// as it is (letters that are not ASCII, for example) is percent-encoded. Everything else stays as it was written.
///
/// # Errors
/// [`HttpUrlError`], see there.
pub fn parse(text: &str) -> Result<String, HttpUrlError> {
    let text = parse_line(text, MOST_CHARS)?;
    let (url, authority, tail) = read(&text)?;
    let host = url.host_str().unwrap_or_default();
    let mut address = match url.port() {
        _ if authority.is_ascii() => format!("{}://{authority}", url.scheme()),
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    };
    encode(tail, &mut address);
    if address.len() > MOST_CHARS { Err(TextError::TooLong(MOST_CHARS).into()) } else { Ok(address) }
}

/// Reads a link for its parts.
///
/// # Errors
/// [`HttpUrlError`], see there.
pub fn parse_url(text: &str) -> Result<Url, HttpUrlError> {
    read(text).map(|(url, ..)| url)
}

/// The form in which a link is stored; empty for a text that is none, which its field's constraint has refused.
#[must_use]
pub fn stored(text: &str) -> String {
    parse(text).unwrap_or_default()
}

/// Whether a text is a link in its stored form.
#[must_use]
pub fn is_http_url(text: &str) -> bool {
    parse(text).is_ok_and(|address| address == text)
}

/// The parsed URL, its authority as it was written, and everything behind the authority.
fn read(text: &str) -> Result<(Url, &str, &str), HttpUrlError> {
    let is_raw =
        |c: char| c.is_whitespace() || c.is_control() || is_ignorable(c) || matches!(c, '"' | '<' | '>' | '\\');
    let (scheme, rest) = text.split_once("://").ok_or(HttpUrlError::Scheme)?;
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(HttpUrlError::Scheme);
    }
    if rest.contains(is_raw) {
        return Err(HttpUrlError::Character);
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err(HttpUrlError::UserInfo);
    }
    if authority.is_empty() || authority.contains('%') {
        return Err(HttpUrlError::Host);
    }
    let url = Url::parse(text).map_err(|_no_url| HttpUrlError::Host)?;
    let is_host = match url.host() {
        Some(Host::Domain(name)) => is_domain(name),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    };
    if is_host { Ok((url, authority, tail)) } else { Err(HttpUrlError::Host) }
}

/// Whether a name in ASCII has the lengths and characters of a domain name (RFC 1123, with the underscore that some
/// hosts have).
fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253 && name.strip_suffix('.').unwrap_or(name).split('.').all(is_label)
}

/// Appends path, query and fragment, with what RFC 3986 does not allow there percent-encoded.
fn encode(tail: &str, address: &mut String) {
    let mut in_fragment = false;
    for (at, c) in tail.char_indices() {
        let behind = tail.get(at + 1..at + 3);
        let is_escape = behind.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let is_kept = match c {
            '%' => is_escape,
            '#' => !std::mem::replace(&mut in_fragment, true),
            '[' | ']' | '^' | '`' | '{' | '|' | '}' => false,
            c => c.is_ascii(),
        };
        if is_kept {
            address.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing into a string does not fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_link_is_kept_as_it_was_written() {
        for link in [
            "https://www.larache.ma/services/2025-h2.pdf",
            "http://communeessaouira.ma",
            "https://martil.ma/?page=1&of=2#top",
            "https://example.org:8443/a%20b/l'eau_(1);v=2",
            "http://[2001:db8::1]:8080/",
            "http://192.0.2.7/x",
            "https://xn--mgbah1a3hjkrd.example/",
            "https://example.org./",
        ] {
            assert_eq!(parse(link).as_deref(), Ok(link));
            assert!(is_http_url(link));
        }
    }

    #[test]
    fn what_no_uri_holds_is_encoded() {
        for (written, stored) in [
            (" HTTPS://example.org/a ", "https://example.org/a"),
            ("https://larache.ma/é?q=خ#ب", "https://larache.ma/%C3%A9?q=%D8%AE#%D8%A8"),
            ("https://عربي.example:81/", "https://xn--ngbrx4e.example:81/"),
            ("https://example.org/?a[]=1|2&b={c}^`", "https://example.org/?a%5B%5D=1%7C2&b=%7Bc%7D%5E%60"),
            ("https://example.org/100%/%4", "https://example.org/100%25/%254"),
            ("https://example.org/#a#b", "https://example.org/#a%23b"),
        ] {
            assert_eq!(parse(written).as_deref(), Ok(stored), "{written}");
            assert!(!is_http_url(written) && is_http_url(stored));
        }
    }

    #[test]
    fn what_is_no_link_is_refused_with_its_reason() {
        use HttpUrlError::{Character, Host, Scheme, Text, UserInfo};
        for (text, why) in [
            ("https://evil/\"><script>", Character),
            ("http://a\\@b", Character),
            ("https://a b.example/", Character),
            ("https://example.org/a b", Character),
            ("https://example.org/\u{200B}", Character),
            ("https://xn--", Host),
            ("https://xn--a-ecp.ru/", Host),
            ("https://", Host),
            ("https:///path", Host),
            ("https://?q", Host),
            ("https://:80/", Host),
            ("https://a..b/", Host),
            ("https://.example.org/", Host),
            ("https://exa%6Dple.org/", Host),
            ("https://[::1/", Host),
            ("https://300.300.300.300/", Host),
            ("https://example.org:99999/", Host),
            ("https://exa$mple.org/", Host),
            ("https://user@example.org/", UserInfo),
            ("https://user:secret@example.org/", UserInfo),
            ("https://@example.org/", UserInfo),
            ("javascript:alert(1)", Scheme),
            ("javascript://example.org/%0Aalert(1)", Scheme),
            ("ftp://example.org/", Scheme),
            ("https:example.org", Scheme),
            ("//example.org/", Scheme),
            ("www.example.org", Scheme),
            ("", Text(TextError::Empty)),
            ("https://example.org/\u{202E}", Text(TextError::Bidirectional)),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
            assert!(!is_http_url(text), "{text}");
        }
        let long = format!("https://example.org/{}", "é".repeat(100));
        assert_eq!(parse(&long), Err(Text(TextError::TooLong(MOST_CHARS))), "it is counted as it is stored");
        assert_eq!(parse(&format!("https://{}.org/", "a".repeat(64))), Err(Host));
    }

    proptest! {
        #[test]
        fn what_is_stored_is_a_uri_and_its_own_stored_form(tail in "(/\\PC{0,20})?(\\?\\PC{0,10})?(#\\PC{0,10})?") {
            if let Ok(address) = parse(&format!("https://larache.ma{tail}")) {
                let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=%".contains(c);
                prop_assert!(address.chars().all(is_allowed), "{}", address);
                prop_assert!(Url::parse(&address).is_ok());
                prop_assert_eq!(parse(&address), Ok(address));
            }
        }
    }
}
