//! `GET /health` and `GET /ready`: for whoever watches the process.
//!
//! **Invariant:** no limit and no session stands before these.

use crate::{app::App, metrics, openapi::problems, problem};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use protocol::{Problem, ProblemCode};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module, and the figures of [`metrics`].
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(ready)).merge(metrics::routes())
}

/// How the server is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok` or `ready`.
    status: &'static str,
    /// The program's version.
    version: &'static str,
    /// Where reports are read from: `replica`, or `primary` while the replica is away. Only where there is a replica.
    #[serde(skip_serializing_if = "Option::is_none")]
    reports: Option<&'static str>,
    /// Whether Electric `answers` for shapes, or is `away`; writes go on without it. Only where it does so instead of the built-in engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    electric: Option<&'static str>,
}

/// A database that takes longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

impl Health {
    const fn new(status: &'static str) -> Self {
        Self {
            status,
            version: env!("CARGO_PKG_VERSION"),
            reports: None,
            electric: None,
        }
    }
}

/// Whether the program runs
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses((status = 200, description = "It runs.", body = Health)))]
async fn health() -> Json<Health> {
    Json(Health::new("ok"))
}

/// Whether the server takes requests
///
/// Ready while the database answers and the server does not stop.
#[utoipa::path(get, path = "/ready", tag = "health", security(()), responses((status = 200, description = "It takes requests.", body = Health), problems::Unavailable))]
async fn ready(State(app): State<App>) -> Response {
    use crate::db::counters;
    let asked = tokio::time::timeout(PATIENCE, counters::current(app.db.readers(), counters::CHANGE_POSITION));
    if matches!(asked.await, Ok(Ok(_))) && !*app.stopping.borrow() {
        let replica = app.db.replica_status();
        let reports = replica.configured.then_some(if replica.healthy { "replica" } else { "primary" });
        let electric = app.electric.as_ref().map(|electric| if electric.is_away() { "away" } else { "answers" });
        let ready = Health {
            reports,
            electric,
            ..Health::new("ready")
        };
        return Json(ready).into_response();
    }
    problem::answer(Problem::new(ProblemCode::Unavailable, "the server is not ready"))
}
