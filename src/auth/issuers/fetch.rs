//! Fetches an issuer's metadata and keys. What comes back is bounded in size and time, and never followed elsewhere.

use std::{net::IpAddr, sync::Arc, time::Duration};

use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

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
    let Ok(uri) = address.parse::<ureq::http::Uri>() else { return false };
    let host = uri.host().map(|host| host.trim_matches(['[', ']']));
    match uri.scheme_str() {
        Some("https") => host.is_some_and(|host| !host.is_empty()),
        Some("http") => host
            .is_some_and(|host| host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())),
        _ => false,
    }
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
        for bad in
            ["http://login.example", "ftp://127.0.0.1", "https://", "login.example", "http://127.0.0.1.example/", ""]
        {
            assert!(!is_safe(bad), "{bad}");
        }
    }
}
