//! Where a request comes from, for the audit log and the limits.
//!
//! **Invariant:** what the caller says of itself is evidence and never a permission.

use super::address;
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{header, request::Parts},
};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

/// The longest user agent that the audit log keeps.
const MAX_AGENT_CHARS: usize = 300;

/// The caller's address and program, as far as they are known. Evidence, never a permission.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Network address of the caller, behind the proxies that are trusted.
    pub address: Option<String>,
    /// What the program calls itself.
    pub agent: Option<String>,
}

/// The caller's address, worked out once per request; see [`address::TrustedProxies`].
#[derive(Clone, Copy, Debug)]
pub struct CallerAddress(pub IpAddr);

/// Who is at the other end of the connection itself.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Whether it is a program of this machine, speaking for itself.
    pub is_this_machine: bool,
}

impl Client {
    /// The address as a number.
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.as_ref()?.parse().ok()
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self {
            address: parts.extensions.get::<CallerAddress>().map(|caller| caller.0.to_string()),
            agent: agent.map(|agent| agent.chars().take(MAX_AGENT_CHARS).collect()),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let is_loopback = |ConnectInfo(address): &ConnectInfo<SocketAddr>| address.ip().to_canonical().is_loopback();
        Ok(Self {
            is_this_machine: parts.extensions.get().is_some_and(is_loopback) && !address::is_forwarded(&parts.headers),
        })
    }
}
