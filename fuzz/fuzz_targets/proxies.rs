//! Forwarded headers: whoever writes into them is believed only as far as proxies that the operator named wrote them.

#![no_main]
#![allow(dead_code, reason = "the included file is part of the service; not all of it is asked here")]

use arbitrary::Arbitrary;
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[path = "../../crates/server/src/http/client_address.rs"]
mod client_address;

use client_address::{Network, TrustedProxies};

#[derive(Arbitrary, Debug)]
struct Input {
    networks: Vec<Written>,
    peer: Address,
    values: Vec<Vec<Hop>>,
    protos: Vec<Vec<u8>>,
}

#[derive(Arbitrary, Debug)]
enum Written {
    Text(String),
    Network { address: Address, bits: Option<u8>, masked: bool },
}

/// Few addresses, so that networks and hops meet.
#[derive(Arbitrary, Debug, Clone, Copy)]
enum Address {
    Near(u8),
    Mapped(u8),
    Six(u8),
    V4([u8; 4]),
    V6([u8; 16]),
}

#[derive(Arbitrary, Debug)]
enum Hop {
    Address(Address, u8),
    Text(String),
    Bytes(Vec<u8>),
}

impl Address {
    fn ip(self) -> IpAddr {
        match self {
            Self::Near(last) => Ipv4Addr::new(10, 0, 0, last).into(),
            Self::Mapped(last) => Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped().into(),
            Self::Six(last) => Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last.into()).into(),
            Self::V4(bytes) => bytes.into(),
            Self::V6(bytes) => bytes.into(),
        }
    }
}

fn bits_of(address: IpAddr) -> Vec<bool> {
    let bytes = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect()
}

/// A network as its leading bits, read bit by bit.
#[derive(Debug)]
struct Prefix(Vec<bool>, usize);

impl Prefix {
    fn holds(&self, address: IpAddr) -> bool {
        let bits = bits_of(address);
        bits.len() == self.1 && bits.starts_with(&self.0)
    }
}

impl Written {
    fn text(&self) -> (String, Option<Prefix>) {
        let (address, bits, masked) = match self {
            Self::Text(text) => return (text.clone(), None),
            Self::Network { address, bits, masked } => (address.ip(), *bits, *masked),
        };
        let width = bits_of(address).len();
        let kept = bits.map_or(width, usize::from);
        let address = if masked { cut(address, kept) } else { address };
        let text = bits.map_or(address.to_string(), |bits| format!("{address}/{bits}"));
        let all = bits_of(address);
        let sound = kept <= width
            && all[kept.min(width)..].iter().all(|bit| !bit)
            && address == address.to_canonical();
        (text, sound.then(|| Prefix(all[..kept].to_vec(), width)))
    }
}

fn cut(address: IpAddr, kept: usize) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            Ipv4Addr::from(u32::from(v4) & u32::MAX.checked_shl(32 - kept.min(32) as u32).unwrap_or(0)).into()
        }
        IpAddr::V6(v6) => {
            Ipv6Addr::from(u128::from(v6) & u128::MAX.checked_shl(128 - kept.min(128) as u32).unwrap_or(0))
                .into()
        }
    }
}

impl Hop {
    /// As it is written, and what it stands for.
    fn written(&self) -> (Vec<u8>, Option<IpAddr>) {
        match self {
            Self::Text(text) => (text.as_bytes().to_vec(), None),
            Self::Bytes(bytes) => (bytes.clone(), None),
            Self::Address(address, form) => {
                let ip = address.ip();
                let text = match (form % 4, ip) {
                    (0, _) => ip.to_string(),
                    (1, IpAddr::V4(v4)) => format!("{v4}:4711"),
                    (1, IpAddr::V6(v6)) => format!("[{v6}]:4711"),
                    (2, IpAddr::V6(v6)) => format!("[{v6}]"),
                    _ => format!("  {ip}\t"),
                };
                (text.into_bytes(), Some(ip.to_canonical()))
            }
        }
    }
}

fuzz_target!(|input: Input| {
    let (mut networks, mut prefixes) = (Vec::new(), Vec::new());
    for written in &input.networks {
        let (text, expected) = written.text();
        let read = text.parse::<Network>();
        if matches!(written, Written::Network { .. }) {
            assert_eq!(read.is_ok(), expected.is_some(), "{text}");
        }
        // Texts out of nothing are only to be read without a panic: what they mean is what the others mean.
        if let (Ok(network), Some(prefix)) = (read, expected) {
            networks.push(network);
            prefixes.push(prefix);
        }
    }
    let proxies = TrustedProxies::new(networks);
    let trusted = |address: IpAddr| prefixes.iter().any(|prefix| prefix.holds(address));

    let (mut headers, mut hops) = (HeaderMap::new(), Vec::new());
    for value in &input.values {
        let written: Vec<_> = value.iter().map(Hop::written).collect();
        let bytes = written.iter().map(|(bytes, _)| bytes.clone()).collect::<Vec<_>>().join(&b","[..]);
        let Ok(value) = HeaderValue::from_bytes(&bytes) else { continue };
        // Between commas stands what was written, unless a text brought commas or what no header text holds.
        let plain = value.to_str().is_ok();
        if written.is_empty() {
            hops.push((None, false));
        }
        for (bytes, address) in written {
            hops.push(if !plain || bytes.contains(&b',') {
                (None, false)
            } else {
                (address, address.is_some())
            });
        }
        headers.append("x-forwarded-for", value);
    }
    for proto in &input.protos {
        if let Ok(value) = HeaderValue::from_bytes(proto) {
            headers.append("x-forwarded-proto", value);
        }
    }

    let peer = input.peer.ip();
    let client = proxies.client(peer, &headers);
    assert_eq!(client, client.to_canonical(), "one caller, one address");
    if !trusted(peer.to_canonical()) {
        assert_eq!(client, peer.to_canonical(), "a stranger names another caller");
        assert!(!proxies.saw_tls(peer, &headers), "a stranger claims TLS");
    }
    // The whole answer is foreseen where every hop from the right was written by this target.
    let mut nearest = peer.to_canonical();
    for (address, known) in hops.iter().rev() {
        if !known {
            return;
        }
        match address {
            Some(address) if trusted(nearest) => nearest = *address,
            _ => break,
        }
    }
    assert_eq!(client, nearest);
});
