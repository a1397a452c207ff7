//! Which address a request comes from, where proxies stand in between.
//!
//! A proxy appends the address that it heard from to a header; what stands further left was there before and may be
//! anybody's invention. So the list is read from the right, for as long as one of our own proxies is speaking.
//!
//! **Invariant:** what a stranger writes into a header changes nothing.

use axum::http::HeaderMap;
use ipnet::IpNet;
use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// A longer chain of proxies is nobody's.
const MOST_HOPS: usize = 32;

/// The proxies whose word is taken. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// The text is no list of addresses and networks.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a list of addresses and networks")]
pub struct NoProxies;

impl TrustedProxies {
    /// The caller's address, for a connection from `peer`.
    pub fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.holds(peer) {
            return peer;
        }
        let told = [forwarded_for(headers), forwarded(headers)].map(|hops| (!hops.is_empty()).then(|| self.last_stranger(peer, hops)));
        match told {
            [Some(one), Some(other)] if one == other => one,
            // Our proxy writes one of the two headers; the other came from outside. Which is which cannot be known here.
            [Some(_), Some(_)] | [None, None] => peer,
            [Some(one), None] | [None, Some(one)] => one,
        }
    }

    fn holds(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// From the right: the first that is no proxy of ours. An unreadable hop ends the walk at the proxy that told it.
    fn last_stranger(&self, peer: IpAddr, hops: Vec<&str>) -> IpAddr {
        let mut caller = peer;
        for hop in hops.into_iter().rev().take(MOST_HOPS) {
            let Some(address) = address(hop) else { return caller };
            caller = address;
            if !self.holds(address) {
                return caller;
            }
        }
        caller
    }
}

impl FromStr for TrustedProxies {
    type Err = NoProxies;
    fn from_str(text: &str) -> Result<Self, NoProxies> {
        let network = |text: &str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| NoProxies);
        text.split(',').map(|part| network(part.trim())).collect::<Result<_, _>>().map(Self)
    }
}

/// Whether a header says that a proxy has passed the request on.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    ["x-forwarded-for", "forwarded", "x-real-ip", "via"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// `X-Forwarded-For: client, proxy`
fn forwarded_for(headers: &HeaderMap) -> Vec<&str> {
    elements(headers, "x-forwarded-for").collect()
}

/// `Forwarded: for=client;proto=https, for="[2001:db8::1]:4711"`
fn forwarded(headers: &HeaderMap) -> Vec<&str> {
    elements(headers, "forwarded")
        .map(|element| for_parameter(element).unwrap_or("unknown"))
        .collect()
}

fn for_parameter(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    })
}

fn elements<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter();
    // A value that is no text is a hop that cannot be read; it must not vanish.
    values.flat_map(|value| value.to_str().unwrap_or("unknown").split(',')).map(str::trim)
}

/// An address, with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse().ok().map(|socket: SocketAddr| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn caller(trusted: &str, peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        let trusted = if trusted.is_empty() {
            TrustedProxies::default()
        } else {
            trusted.parse().unwrap()
        };
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        trusted.caller(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn a_strangers_headers_are_not_believed() {
        let spoofed = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=1.1.1.1")];
        assert_eq!(caller("", "203.0.113.9", &spoofed), "203.0.113.9");
        assert_eq!(caller("10.0.0.0/8", "203.0.113.9", &spoofed), "203.0.113.9");
    }

    #[test]
    fn the_right_hop_is_the_last_that_our_proxies_heard_from() {
        for (headers, expected) in [
            (vec![("x-forwarded-for", "198.51.100.7")], "198.51.100.7"),
            (vec![("x-forwarded-for", "1.1.1.1, 198.51.100.7")], "198.51.100.7"),
            (vec![("x-forwarded-for", "1.1.1.1, 198.51.100.7, 10.0.0.3")], "198.51.100.7"),
            (vec![("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.7")], "198.51.100.7"),
            (vec![("x-forwarded-for", "198.51.100.7:4711")], "198.51.100.7"),
            (vec![("x-forwarded-for", "[2001:db8::1]:443")], "2001:db8::1"),
            (vec![("x-forwarded-for", "::ffff:198.51.100.7")], "198.51.100.7"),
            (vec![("forwarded", "for=1.1.1.1, proto=https;For=\"[2001:db8::1]:4711\";by=x")], "2001:db8::1"),
            (vec![("forwarded", "for=198.51.100.7;proto=https, for=10.1.1.1")], "198.51.100.7"),
            (vec![("x-forwarded-for", "10.0.0.8, 10.0.0.3")], "10.0.0.8"),
            // Unreadable: no further than the proxy that told it.
            (vec![("x-forwarded-for", "198.51.100.7, nonsense")], "10.0.0.2"),
            (vec![("x-forwarded-for", "198.51.100.7, unknown, 10.0.0.3")], "10.0.0.3"),
            (vec![("forwarded", "for=_hidden")], "10.0.0.2"),
            (vec![], "10.0.0.2"),
        ] {
            assert_eq!(caller("10.0.0.0/8, ::1", "10.0.0.2", &headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn two_headers_that_disagree_name_nobody() {
        let both = [("x-forwarded-for", "198.51.100.7"), ("forwarded", "for=1.1.1.1")];
        assert_eq!(caller("10.0.0.2", "10.0.0.2", &both), "10.0.0.2");
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        assert!("10.0.0.0/8,192.0.2.1, fd00::/8".parse::<TrustedProxies>().is_ok());
        for wrong in ["", "10.0.0.0/40", "proxy.example", "10.0.0.1,,10.0.0.2"] {
            assert_eq!(wrong.parse::<TrustedProxies>(), Err(NoProxies), "{wrong}");
        }
    }
}
