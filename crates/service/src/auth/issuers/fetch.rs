//! Fetches an issuer's metadata and keys. What comes back is bounded in size and time, and never followed elsewhere.

use std::{sync::Arc, time::Duration};

use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};
use url::Host;

use crate::kernel::http_url::parse_url;

/// Fetches a document; blocking. The error is a predicate for a sentence about the address.
pub type Fetch = Arc<dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync>;

/// How long one document may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest document, in bytes.
const MAX_BYTES: u64 = 256 << 10;

/// Fetches over HTTP, where the system's certificate authorities are trusted.
pub fn over_http() -> Fetch {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = Agent::config_builder().tls_config(tls).timeout_global(Some(TIMEOUT)).max_redirects(0);
    // Not through a proxy of the environment: what is asked for on this machine must not come from another.
    let config = config.proxy(None);
    let agent: Agent = config.build().into();
    Arc::new(move |address| {
        if !is_safe(address) {
            return Err("is neither https nor on loopback".to_owned());
        }
        let mut answer = agent.get(address).call().map_err(|error| format!("can't be had: {error}"))?;
        let bytes = answer.body_mut().with_config().limit(MAX_BYTES).read_to_vec();
        bytes.map_err(|error| format!("can't be read: {error}"))
    })
}

/// Whether nobody on the way can put a key of their own into what is fetched from an address.
pub fn is_safe(address: &str) -> bool {
    let Ok(url) = parse_url(address) else { return false };
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || is_here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        for good in ["https://login.example/realms/a", "http://127.0.0.1:80/", "http://localhost:8080", "http://[::1]/"]
        {
            assert!(is_safe(good), "{good}");
        }
        for bad in [
            "http://login.example",
            "ftp://127.0.0.1",
            "https://",
            "login.example",
            "http://127.0.0.1.example/",
            "",
            "https://user@login.example",
            "https://a b.example/",
        ] {
            assert!(!is_safe(bad), "{bad}");
        }
    }
}
