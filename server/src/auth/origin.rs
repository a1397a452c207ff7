//! Refuses writes that another site's page sends with our cookie.
//!
//! `SameSite=Strict` holds browsers back already; this holds where a sibling subdomain or an old browser does not.
//!
//! **Invariant:** a request that a browser marks as cross-site changes nothing here.

use super::session;
use crate::{app::App, problem};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use protocol::{Problem, ProblemCode};

/// Middleware for everything that changes something.
pub async fn refuse_foreign_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let public = app.settings.public_url.as_ref().map(|url| url.origin.as_str());
    // A token in a header was put there by a program, not by a browser on somebody else's behalf.
    if request.method().is_safe() || session::bearer(headers).is_some() || is_ours(headers, public) {
        return next.run(request).await;
    }
    problem::answer(Problem::new(ProblemCode::Permission, "this request comes from another site"))
}

fn is_ours(headers: &HeaderMap, public: Option<&str>) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin" | "none") => return true,
        Some(_) => return false,
        None => {}
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    public.is_some_and(|public| origin.eq_ignore_ascii_case(public)) || (host.is_some() && host == text(header::HOST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_ours(&headers, Some("https://turns.example.com"))
    }

    #[test]
    fn only_our_own_pages_and_programs_write() {
        assert!(ours(&[]));
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")]));
        assert!(ours(&[("origin", "https://turns.example.com"), ("host", "10.0.0.7:8080")]));
        assert!(!ours(&[("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[
            ("sec-fetch-site", "same-site"),
            ("origin", "http://localhost:8080"),
            ("host", "localhost:8080")
        ]));
        assert!(!ours(&[("origin", "http://evil.example"), ("host", "localhost:8080")]));
        assert!(!ours(&[("origin", "null"), ("host", "localhost:8080")]));
    }
}
