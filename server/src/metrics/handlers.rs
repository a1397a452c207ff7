//! `GET /metrics`, for the operator.
//!
//! Without `METRICS_TOKEN` it answers programs of this machine; with it, whoever brings the token. To everybody else there
//! is no such address.
//!
//! **Invariant:** a request that came through a proxy is not of this machine, whatever address it shows.

use super::catalogue;
use crate::{app::App, auth, clock, db::entity::quarantine, ids, openapi::problems, problem, web::client::Peer};
use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use metrics::gauge;
use protocol::{Problem, ProblemCode};
use std::time::Duration;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long the database is waited for; the other figures are there without it.
const PATIENCE: Duration = Duration::from_secs(1);
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The route of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// The operator's figures
///
/// In Prometheus' text format. For programs on the server's own machine; with the setting METRICS_TOKEN, for whoever brings it as
/// a Bearer token.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    security(()),
    responses((status = 200, description = "The figures.", body = String, content_type = "text/plain"), problems::NotFound)
)]
async fn show(State(app): State<App>, peer: Peer, headers: HeaderMap) -> Response {
    if !is_operator(app.settings.metrics_token.as_deref(), &peer, &headers) {
        return problem::answer(Problem::new(ProblemCode::NotFound, "there is no /metrics"));
    }
    let (devices, writes) = app.metrics.pending().sum(clock::now());
    let held = tokio::time::timeout(PATIENCE, quarantine::count_waiting(app.db.readers())).await;
    app.metrics.record(|| {
        let held = held.ok().and_then(Result::ok).map_or(f64::NAN, |held| held as f64);
        gauge!(catalogue::QUARANTINED_WRITES).set(held);
        gauge!(catalogue::ACTIVE_SHAPES).set(app.hub.topics() as f64);
        gauge!(catalogue::PENDING_DEVICES).set(devices as f64);
        gauge!(catalogue::PENDING_WRITES).set(writes as f64);
    });
    app.metrics.look_at(&app.db);
    ([(header::CONTENT_TYPE, TEXT_FORMAT), (header::CACHE_CONTROL, "no-store")], app.metrics.render()).into_response()
}

fn is_operator(token: Option<&str>, peer: &Peer, headers: &HeaderMap) -> bool {
    match token {
        Some(token) => auth::bearer(headers).is_some_and(|given| ids::is_same_secret(given, token)),
        None => peer.is_this_machine,
    }
}
