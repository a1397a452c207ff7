//! Where a request comes from, for the audit log.
//!
//! **Invariant:** what the caller says of itself is evidence and never a permission.

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{header, request::Parts},
};
use std::{convert::Infallible, net::SocketAddr};

/// The longest user agent that the audit log keeps.
const MAX_AGENT_CHARS: usize = 300;

/// The caller's address and program, as far as they are known. Evidence, never a permission.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Network address of the other end of the connection.
    pub address: Option<String>,
    /// What the program calls itself.
    pub agent: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|ConnectInfo(address)| address.ip().to_string());
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self {
            address,
            agent: agent.map(|agent| agent.chars().take(MAX_AGENT_CHARS).collect()),
        })
    }
}
