//! Where a call comes from when proxies stand before the service.
//!
//! `X-Forwarded-*` is what anyone writes into it. It counts only on a connection from a proxy that the operator named,
//! and then only as far as such proxies wrote it: from the right, up to the first address that is none of theirs.

use http::{HeaderMap, HeaderName};
use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The proxies whose word is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// Addresses that share their first bits: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// The text names no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a proxy is written as an address or a network whose other bits are 0, such as 10.0.0.0/8 or fd00::/8"
)]
pub struct InvalidNetwork;

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) if bits.len() <= 3 && bits.bytes().all(|b| b.is_ascii_digit()) => {
                (address, Some(bits.parse().map_err(|_| InvalidNetwork)?))
            }
            Some(_) => return Err(InvalidNetwork),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let network = Self { address, bits: bits.unwrap_or(most) };
        // Host bits are a slip of someone who meant another network.
        let sound =
            network.bits <= most && address == address.to_canonical() && network.first() == number(address);
        if sound { Ok(network) } else { Err(InvalidNetwork) }
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && number(address) & self.mask() == number(self.address)
    }

    fn first(self) -> u128 {
        number(self.address) & self.mask()
    }

    fn mask(self) -> u128 {
        let width = if self.address.is_ipv4() { 32 } else { 128 };
        u128::MAX.checked_shl(u32::from(width - self.bits)).unwrap_or(0)
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

impl TrustedProxies {
    /// Trusts these networks, and nobody if there are none.
    #[must_use]
    pub const fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The address of whoever made the call: the right-most hop that is no trusted proxy.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        let values: Vec<&str> =
            headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or("")).collect();
        for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
            // What a proxy of ours cannot have written ends the chain: the last hop known for sure is the caller.
            match hop_address(hop.trim()) {
                Some(address) if self.trusts(nearest) => nearest = address,
                _ => break,
            }
        }
        nearest
    }

    /// Whether the call came to a trusted proxy over TLS.
    pub(crate) fn saw_tls(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let proto = headers.get_all(FORWARDED_PROTO).iter().next_back();
        let last = proto.and_then(|value| value.to_str().ok()).and_then(|value| value.rsplit(',').next());
        self.trusts(peer.to_canonical()) && last.is_some_and(|last| last.trim().eq_ignore_ascii_case("https"))
    }

    /// Whether this is a proxy whose word is taken.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// An address as proxies write it: alone, or with the port that some add.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let alone = hop.parse::<IpAddr>().ok();
    let address = alone.or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()));
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    address.or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(networks.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn client(trusted: &TrustedProxies, peer: &str, forwarded: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        trusted.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_caller_is_the_right_most_hop_that_is_no_trusted_proxy() {
        let ours = proxies(&["10.0.0.0/8", "fd00::/8"]);
        for (peer, forwarded, caller) in [
            ("10.0.0.1", &["203.0.113.7"][..], "203.0.113.7"),
            ("10.0.0.1", &["198.51.100.1, 203.0.113.7, 10.2.3.4"], "203.0.113.7"),
            ("10.0.0.1", &["198.51.100.1, 203.0.113.7", "10.2.3.4"], "203.0.113.7"),
            ("::ffff:10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("fd00::1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("10.0.0.1", &["10.0.0.9"], "10.0.0.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(client(&ours, peer, forwarded), caller, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn threat_41_nobody_chooses_an_address_by_writing_the_header() {
        let ours = proxies(&["10.0.0.0/8"]);
        assert_eq!(client(&ours, "203.0.113.7", &["1.2.3.4"]), "203.0.113.7", "not by a proxy of ours");
        assert_eq!(client(&ours, "10.0.0.1", &["1.2.3.4, 203.0.113.7"]), "203.0.113.7", "nor before one");
        assert_eq!(client(&ours, "10.0.0.1", &["1.2.3.4, x, 10.2.2.2"]), "10.2.2.2", "nor over rubble");
        assert_eq!(client(&ours, "10.0.0.1", &["1.2.3.4,"]), "10.0.0.1");
        assert_eq!(client(&TrustedProxies::default(), "127.0.0.1", &["1.2.3.4"]), "127.0.0.1");
    }

    #[test]
    fn a_network_has_one_form_and_holds_what_it_says() {
        for bad in [
            "",
            "x",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "::ffff:10.0.0.0/104",
        ] {
            assert_eq!(bad.parse::<Network>(), Err(InvalidNetwork), "{bad}");
        }
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("192.0.2.1", "192.0.2.1") && !holds("192.0.2.1", "192.0.2.2"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1") && !holds("2001:db8::/32", "2001:db9::"));
        assert!(holds("::/0", "::1") && !holds("::/0", "1.1.1.1"));
    }

    #[test]
    fn tls_before_a_proxy_counts_if_the_proxy_does() {
        let headers = HeaderMap::from_iter([(FORWARDED_PROTO, HeaderValue::from_static("http, https"))]);
        assert!(proxies(&["10.0.0.0/8"]).saw_tls("10.0.0.1".parse().unwrap(), &headers));
        assert!(!proxies(&["10.0.0.0/8"]).saw_tls("192.0.2.1".parse().unwrap(), &headers));
        assert!(!proxies(&["10.0.0.0/8"]).saw_tls("10.0.0.1".parse().unwrap(), &HeaderMap::new()));
    }
}
