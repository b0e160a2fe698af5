//! Where a request comes from. Behind proxies it is what they say, as far as each of them is trusted: of the addresses in
//! `X-Forwarded-For` only those count that a trusted proxy has put there. An IPv6 host has a whole /64 to itself, so that
//! network stands for it.

use std::{
    net::{IpAddr, Ipv6Addr},
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

/// The address that a request comes from, where `proxies` are trusted.
#[must_use]
pub fn address(req: &HttpRequest, proxies: &[Proxies]) -> IpAddr {
    let peer = req.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    let told =
        req.headers().get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let told: Vec<&str> = told.map(str::trim).collect();
    network_of(behind(peer, &told, proxies))
}

/// The first address from the right that no trusted proxy has.
fn behind(peer: IpAddr, told: &[&str], proxies: &[Proxies]) -> IpAddr {
    let is_trusted = |address: IpAddr| proxies.iter().any(|Proxies(network)| network.contains(&address.to_canonical()));
    let mut address = peer;
    for earlier in told.iter().rev() {
        if !is_trusted(address) {
            break;
        }
        let Ok(earlier) = earlier.parse() else { break };
        address = earlier;
    }
    address
}

/// What stands for a host: its IPv4 address, or the /64 of its IPv6 address.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
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
    fn an_ipv6_host_is_its_network() {
        assert_eq!(found("2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(found("10.0.0.1", &["2001:db8:1:2::99"]), "2001:db8:1:2::");
    }

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        assert!("10.0.0.0/33".parse::<Proxies>().is_err() && "proxy".parse::<Proxies>().is_err());
    }
}
