//! Where a request comes from. Behind proxies it is what they say, as far as each of them is trusted: of the addresses in
//! `X-Forwarded-For` only those count that a trusted proxy has put there; some proxies put a port behind an address. An IPv6
//! subscriber has a /64 and often a /56 to themselves, so that limits count the /56.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// A network, or a single address, of proxies that are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proxies(IpNet);

impl FromStr for Proxies {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network = text.parse().or_else(|_no_network| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_neither| "is neither an IP address nor a network like 10.0.0.0/8")
    }
}

/// The header of proxies.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// What limits count a request for, where `proxies` are trusted: the IPv4 address, or the /56 of the IPv6 address.
#[must_use]
pub fn address(req: &HttpRequest, proxies: &[Proxies]) -> IpAddr {
    network_of(host(req, proxies))
}

/// The address that a request comes from, where `proxies` are trusted.
#[must_use]
pub fn host(req: &HttpRequest, proxies: &[Proxies]) -> IpAddr {
    let peer = req.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    let told = req.headers().get_all(FORWARDED_FOR).flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    // An unreadable part is no address, and takes nothing away from those behind it.
    let told: Vec<&str> = told.map(|part| std::str::from_utf8(part).unwrap_or_default().trim()).collect();
    behind(peer, &told, proxies).to_canonical()
}

/// The first address from the right that no trusted proxy has.
fn behind(peer: IpAddr, told: &[&str], proxies: &[Proxies]) -> IpAddr {
    let is_trusted = |address: IpAddr| proxies.iter().any(|Proxies(network)| network.contains(&address.to_canonical()));
    let mut address = peer;
    for earlier in told.iter().rev() {
        if !is_trusted(address) {
            break;
        }
        let Some(earlier) = parse_node(earlier) else { break };
        address = earlier;
    }
    address
}

/// An address as proxies write it: alone, in brackets, or with a port (`192.0.2.1:4711`, `[2001:db8::1]:4711`).
fn parse_node(text: &str) -> Option<IpAddr> {
    let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let alone = match bracketed {
        Some(text) => text.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    };
    alone.or_else(|| text.parse().ok().map(|node: SocketAddr| node.ip()))
}

/// The bits of an IPv6 address that tell hosts of one subscriber apart: all behind the /56.
const SUBSCRIBER_BITS: u128 = (1 << 72) - 1;

/// What stands for a subscriber: the IPv4 address, or the /56 of the IPv6 address.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !SUBSCRIBER_BITS)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header, test::TestRequest};

    use super::*;

    fn found(peer: &str, told: &[&str]) -> String {
        let proxies = ["10.0.0.0/8", "::1", "fd00::/8"].map(|text| text.parse().unwrap());
        network_of(behind(peer.parse().unwrap(), told, &proxies)).to_string()
    }

    #[test]
    fn only_what_a_trusted_proxy_says_counts() {
        assert_eq!(found("192.0.2.1", &["198.51.100.7"]), "192.0.2.1", "a stranger can say anything");
        assert_eq!(found("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(found("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            found("10.0.0.1", &["203.0.113.9", "198.51.100.7", "10.2.3.4"]),
            "198.51.100.7",
            "the caller's own words are not believed"
        );
        assert_eq!(found("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(found("::1", &["10.0.0.2", "10.0.0.3"]), "10.0.0.2", "all of them are ours");
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_is_unreadable_takes_nothing_away_from_what_stands_behind_it() {
        let told = header::HeaderValue::from_bytes(b"\xff, 198.51.100.7:4711").unwrap();
        let req = TestRequest::default().peer_addr("10.0.0.1:1".parse().unwrap());
        let req = req.insert_header((header::HeaderName::from_static(FORWARDED_FOR), told)).to_http_request();
        assert_eq!(host(&req, &["10.0.0.0/8".parse().unwrap()]).to_string(), "198.51.100.7");
    }

    #[test]
    fn an_ipv6_subscriber_is_a_network() {
        assert_eq!(found("2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1::");
        assert_eq!(found("2001:db8:1:2ff:3:4:5:6", &[]), "2001:db8:1:200::");
        assert_eq!(found("10.0.0.1", &["2001:db8:1:2fe::99"]), "2001:db8:1:200::");
        assert_eq!(found("10.0.0.1", &["2001:db8:1:3fe::99"]), "2001:db8:1:300::");
    }

    #[test]
    fn an_address_may_have_brackets_and_a_port() {
        for (written, address) in [
            ("198.51.100.7:4711", "198.51.100.7"),
            ("[2001:db8:1:2::9]:443", "2001:db8:1::"),
            ("[2001:db8:1:2::9]", "2001:db8:1::"),
            ("[::ffff:198.51.100.7]:80", "198.51.100.7"),
        ] {
            assert_eq!(found("10.0.0.1", &[written]), address, "{written}");
            assert_eq!(found("10.0.0.1", &[written, "10.0.0.2:1"]), address, "{written} behind another proxy");
            assert_eq!(found("192.0.2.1", &[written]), "192.0.2.1", "{written} from a stranger");
        }
        for malformed in
            ["[198.51.100.7]", "198.51.100.7:", "198.51.100.7:99999", "[2001:db8::1", "2001:db8::1]", "[]:1", "_x:1"]
        {
            assert_eq!(found("10.0.0.1", &[malformed]), "10.0.0.1", "{malformed}");
        }
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        assert!("10.0.0.0/33".parse::<Proxies>().is_err() && "proxy".parse::<Proxies>().is_err());
    }
}
