//! Charges the requests of signed-in people.
//!
//! A write, a report or a file is charged before its work. A shape is charged after it, because only then one knows whether
//! it brought anything: a device that asks and hears nothing new, or hears a little live, pays nothing.
//!
//! **Invariant:** what each address costs stands in one place here, by method and route.

use super::{
    answer::{Exceeded, Standing},
    limiter::Limiter,
    quota::Budget,
    window::Spend,
};
use crate::{app::App, auth::Session, clock};
use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use domain::Timestamp;

/// On a shape's answer: it counts.
#[derive(Clone, Copy, Debug)]
pub struct Counts;

/// When a request is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charge {
    Before(Budget),
    /// Where the answer carries [`Counts`].
    After(Budget),
}

/// Middleware. Whoever is not signed in is refused by the handler, which costs next to nothing.
pub async fn meter(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let Some(charge) = route.and_then(|route| charge(request.method(), route)) else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    // The handler takes the same session out of the request again, without looking it up twice.
    let session = Session::from_request_parts(&mut parts, &app).await;
    let request = Request::from_parts(parts, body);
    let Ok(session) = session else { return next.run(request).await };
    let purse = Purse {
        app: &app,
        whose: session.user.id.to_string(),
        now: clock::now(),
    };
    purse.run(charge, request, next).await
}

/// One person's counts.
struct Purse<'a> {
    app: &'a App,
    whose: String,
    now: Timestamp,
}

impl Purse<'_> {
    async fn run(&self, charge: Charge, request: Request, next: Next) -> Response {
        let (budget, spend) = match charge {
            Charge::Before(budget) => (budget, Spend::One),
            Charge::After(budget) => (budget, Spend::Nothing),
        };
        let Some(mut standing) = self.standing(budget, spend).await else {
            return next.run(request).await;
        };
        if !standing.verdict.is_allowed {
            self.app.metrics.rate_limited(budget);
            return axum::response::IntoResponse::into_response(Exceeded(standing));
        }
        let mut response = next.run(request).await;
        if matches!(charge, Charge::After(_)) && response.extensions().get::<Counts>().is_some() {
            standing = self.standing(budget, Spend::One).await.unwrap_or(standing);
        }
        standing.tell(&mut response);
        response
    }

    async fn standing(&self, budget: Budget, spend: Spend) -> Option<Standing> {
        let limiter: &Limiter = &self.app.limiter;
        let (quota, verdict) = limiter.spend(budget, &self.whose, spend, self.now).await?;
        Some(Standing { budget, quota, verdict })
    }
}

fn charge(method: &Method, route: &str) -> Option<Charge> {
    let is = |prefix: &str| route.starts_with(prefix);
    // What is asked without its body costs the same work.
    let method = if method == Method::HEAD { &Method::GET } else { method };
    match *method {
        Method::GET if route == "/api/sync/live" => Some(Charge::Before(Budget::Shapes)),
        Method::GET | Method::POST if is("/api/sync/") => Some(Charge::After(Budget::Shapes)),
        Method::GET if is("/api/reports/export") => Some(Charge::Before(Budget::Exports)),
        Method::GET if is("/api/reports/") => Some(Charge::Before(Budget::Reports)),
        Method::POST if is("/api/write/") || is("/api/quarantine/") => Some(Charge::Before(Budget::Writes)),
        Method::POST | Method::PUT if is("/api/upload") => Some(Charge::Before(Budget::Uploads)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_price() {
        for (method, route, expected) in [
            (Method::POST, "/api/write/batch", Some(Charge::Before(Budget::Writes))),
            (Method::POST, "/api/write/{table}", Some(Charge::Before(Budget::Writes))),
            (Method::POST, "/api/quarantine/{id}/adopt", Some(Charge::Before(Budget::Writes))),
            (Method::GET, "/api/quarantine", None),
            (Method::GET, "/api/sync/{table}", Some(Charge::After(Budget::Shapes))),
            (Method::HEAD, "/api/sync/{table}", Some(Charge::After(Budget::Shapes))),
            (Method::POST, "/api/sync/{table}", Some(Charge::After(Budget::Shapes))),
            (Method::OPTIONS, "/api/sync/{table}", None),
            (Method::GET, "/api/sync/live", Some(Charge::Before(Budget::Shapes))),
            (Method::GET, "/api/reports/dashboard", Some(Charge::Before(Budget::Reports))),
            (Method::GET, "/api/reports/export", Some(Charge::Before(Budget::Exports))),
            (Method::POST, "/api/upload", Some(Charge::Before(Budget::Uploads))),
            (Method::GET, "/api/auth/session", None),
            (Method::POST, "/api/auth/login", None),
            (Method::GET, "/api/audit", None),
        ] {
            assert_eq!(charge(&method, route), expected, "{method} {route}");
        }
    }
}
