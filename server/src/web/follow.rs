//! Follows each request: its id, where it comes from, one line in the log, its figures.
//!
//! **Invariant:** the log holds the route and never the query, a header, a body or a token; every line of a request carries
//! its id.

use super::client::CallerAddress;
use crate::{app::App, ids};
use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use std::{net::SocketAddr, time::Instant};
use tracing::{Instrument, Span, field::Empty};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_ID_CHARS: usize = 64;

/// Asked by machines every few seconds; nobody reads of it.
const PROBES: [&str; 3] = ["/health", "/ready", "/metrics"];

/// Outermost middleware.
pub async fn follow(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let caller = app.settings.trusted_proxies.caller(peer.ip(), request.headers());
        request.extensions_mut().insert(CallerAddress(caller));
    }
    let id = id_of(request.headers());
    let (method, route) = (method(request.method()), route(&request));
    let waits = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "live=true"));
    let span = tracing::info_span!("request", request_id = %id, method, route, user = Empty);
    let mut response = next.run(request).instrument(span.clone()).await;
    let (took, status) = (began.elapsed(), response.status().as_u16());
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| {
        if PROBES.contains(&route.as_str()) {
            tracing::debug!(status, duration_ms, "answered");
        } else {
            tracing::info!(status, duration_ms, "answered");
        }
    });
    app.metrics.answered(method, &route, status, (!waits).then_some(took));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Tells the log whose request this is.
pub fn note_user(user: domain::UserId) {
    Span::current().record("user", tracing::field::display(user));
}

/// The caller's own id, where it is one that a log can hold; else a new one.
fn id_of(headers: &HeaderMap) -> String {
    let is_sane = |id: &&str| (1..=MAX_ID_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(is_sane);
    given.map_or_else(|| ids::new_id().to_string(), str::to_owned)
}

/// The route's template. What matches none is the app's own files, or nothing: one name each, however many paths are tried.
fn route(request: &Request) -> String {
    let path = request.uri().path();
    match request.extensions().get::<MatchedPath>() {
        Some(matched) => matched.as_str().to_owned(),
        None if path == "/api" || path.starts_with("/api/") => "/api/…".to_owned(),
        None => "/…".to_owned(),
    }
}

/// A caller may make up methods; the figures have few.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sane_id_is_taken_from_the_caller() {
        let given = |id: &'static str| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_static(id))]);
            id_of(&headers)
        };
        assert_eq!(given("0199-af_3.b"), "0199-af_3.b");
        for wrong in ["", "a b", "x\"}", "id\tid", "0123456789012345678901234567890123456789012345678901234567890123x"] {
            assert_eq!(given(wrong).len(), 36, "{wrong:?} is replaced");
        }
    }
}
