//! Where the service may call: rules over a URL before its name is looked up, and over every address that it names.
//!
//! Who configures a URL is trusted with a project, not with the network that the service stands in (OWASP ASVS 5.0,
//! 13.2.4 and 13.2.5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Where the service may call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Whether http and addresses of this machine are fine where the URL names this machine: development mode.
    pub loopback: bool,
    /// Hosts whose addresses may lie in the operator's own network; written as URLs write them.
    pub allowed_hosts: Vec<String>,
}

/// A URL that may be called, as soon as its name's addresses are found to be fine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingUrl(Url);

/// The service does not call there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReachable {
    /// It is no URL, or carries a user, a password or a fragment.
    #[error("is no URL of a server: write scheme, host and path, without user, password or fragment")]
    Malformed,
    /// It is not https.
    #[error("must be https://; http:// is for this machine in development mode only")]
    Scheme,
    /// An address that is not part of the public internet.
    #[error(
        "lies in a network that is not the public internet; the operator of the service can allow the host \
         (outgoing_hosts in the configuration)"
    )]
    Private,
}

impl Reach {
    /// Reads a URL; where its host is an address, that is judged at once.
    ///
    /// # Errors
    /// [`NotReachable`] with the rule that it breaks.
    pub fn url(&self, text: &str) -> Result<OutgoingUrl, NotReachable> {
        let url = Url::parse(text).map_err(|_| NotReachable::Malformed)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let host = url.host().filter(|_| plain).ok_or(NotReachable::Malformed)?;
        match url.scheme() {
            "https" => {}
            "http" if self.loopback && is_loopback(&host) => {}
            _ => return Err(NotReachable::Scheme),
        }
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
        };
        if let Some(address) = address {
            self.address(url.host_str().unwrap_or_default(), address)?;
        }
        Ok(OutgoingUrl(url))
    }

    /// Judges one address that `host` stands for.
    ///
    /// # Errors
    /// [`NotReachable::Private`] if it is not for the public and nobody allowed the host.
    pub fn address(&self, host: &str, address: IpAddr) -> Result<(), NotReachable> {
        let named =
            |allowed: &String| allowed.trim_end_matches('.').eq_ignore_ascii_case(host.trim_end_matches('.'));
        let own = self.loopback && is_loopback_name(host) && address.is_loopback();
        if own || is_public(address) || self.allowed_hosts.iter().any(named) {
            Ok(())
        } else {
            Err(NotReachable::Private)
        }
    }
}

impl OutgoingUrl {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Its host, as URLs write it.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_loopback_name(name),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Names that RFC 6761 (section 6.3) keeps for this machine, and its addresses as URLs write them.
fn is_loopback_name(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || name.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether an address is part of the public internet (the special-purpose registries of RFC 6890, and multicast).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Networks of IPv4 that are not for the public: address and length of the prefix.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // behind a carrier's NAT, and some clouds' metadata
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // this machine
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, and most clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, and broadcast
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    !SPECIAL_V4.iter().any(|(network, length)| {
        let mask = u32::MAX << (32 - length);
        address.to_bits() & mask == network.to_bits()
    })
}

/// Within what is given out to the public: networks that are not for it all the same.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, ORCHID, benchmarks
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, which leads to any IPv4 address
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |(network, length): &(Ipv6Addr, u32)| {
        let mask = u128::MAX << (128 - length);
        address.to_bits() & mask == network.to_bits()
    };
    // Behind NAT64 stands the IPv4 address in the last four bytes (RFC 6052): that is the one that is called.
    if within(&(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96)) {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Only 2000::/3 is given out; this leaves out loopback, mapped, unique local, link-local and multicast addresses.
    within(&(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)) && !SPECIAL_V6.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCTION: Reach = Reach { loopback: false, allowed_hosts: Vec::new() };
    const DEVELOPMENT: Reach = Reach { loopback: true, allowed_hosts: Vec::new() };

    #[test]
    fn threat_48_only_addresses_of_the_public_internet_are_called() {
        let private = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in private {
            let address: IpAddr = address.parse().unwrap();
            assert!(!is_public(address), "{address}");
            for reach in [PRODUCTION, DEVELOPMENT] {
                assert_eq!(reach.address("keys.example", address), Err(NotReachable::Private), "{address}");
            }
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "64:ff9b::808:808",
            "2001:200::1",
            "2600:1f00::1",
            "2a00:1450:4001::1",
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(PRODUCTION.address("keys.example", address), Ok(()), "{address}");
        }
    }

    #[test]
    fn threat_48_a_url_is_https_and_names_nothing_but_a_server() {
        let url = |text| PRODUCTION.url(text).map(|url| url.as_str().to_owned());
        for sound in ["https://keys.example/a?b=c", "https://keys.example:8443/", "https://8.8.8.8/"] {
            assert_eq!(url(sound), Ok(sound.to_owned()));
        }
        for (broken, why) in [
            ("http://keys.example/", NotReachable::Scheme),
            ("http://127.0.0.1/", NotReachable::Scheme),
            ("file:///etc/passwd", NotReachable::Malformed),
            ("ftp://keys.example/", NotReachable::Scheme),
            ("data:application/json,{}", NotReachable::Malformed),
            ("keys.example", NotReachable::Malformed),
            ("", NotReachable::Malformed),
            ("https://user@keys.example/", NotReachable::Malformed),
            ("https://:word@keys.example/", NotReachable::Malformed),
            ("https://keys.example/#x", NotReachable::Malformed),
            ("https://127.0.0.1/", NotReachable::Private),
            ("https://2130706433/", NotReachable::Private),
            ("https://0x7f.1/", NotReachable::Private),
            ("https://0177.0.0.1/", NotReachable::Private),
            ("https://[::1]/", NotReachable::Private),
            ("https://[::ffff:127.0.0.1]/", NotReachable::Private),
            ("https://169.254.169.254/latest/meta-data", NotReachable::Private),
        ] {
            assert_eq!(url(broken), Err(why), "{broken}");
        }
    }

    #[test]
    fn in_development_this_machine_may_be_called_by_its_own_names_and_nothing_else_may() {
        for own in
            ["http://localhost:8080/", "http://127.0.0.1:1/", "http://[::1]:1/", "https://a.localhost/"]
        {
            assert!(DEVELOPMENT.url(own).is_ok(), "{own}");
        }
        let home = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(DEVELOPMENT.address("localhost", home), Ok(()));
        assert_eq!(DEVELOPMENT.address("localhost", "10.0.0.1".parse().unwrap()), Err(NotReachable::Private));
        assert_eq!(DEVELOPMENT.address("localhost.evil.example", home), Err(NotReachable::Private));
        assert_eq!(DEVELOPMENT.url("http://localhost.evil.example/"), Err(NotReachable::Scheme));
        assert_eq!(DEVELOPMENT.url("http://192.168.0.1/"), Err(NotReachable::Scheme));
    }

    #[test]
    fn a_host_that_the_operator_allowed_may_lie_in_the_operators_network_and_still_speaks_tls() {
        let reach = Reach { loopback: false, allowed_hosts: vec!["Login.Corp.example".to_owned()] };
        let private = "10.1.2.3".parse().unwrap();
        assert_eq!(reach.address("login.corp.example.", private), Ok(()));
        assert_eq!(reach.address("other.corp.example", private), Err(NotReachable::Private));
        assert_eq!(reach.address("login.corp.example.evil.example", private), Err(NotReachable::Private));
        assert_eq!(reach.url("http://login.corp.example/"), Err(NotReachable::Scheme));
    }
}
