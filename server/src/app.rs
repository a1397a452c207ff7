//! The router and what its handlers share.
//!
//! **Invariant:** every address under `/api` answers JSON, a problem or a shape; every other one is the built app.

use crate::{
    admin, audit, auth,
    auth::Passwords,
    config::Settings,
    db::Db,
    limits::{self, Limiter},
    metrics::{self, Metrics},
    openapi::{self, problems},
    problem, reports, shapes,
    uploads::{self, Uploads},
    web,
    write::{self, WriteQueue},
};
use axum::{
    Json, Router,
    extract::State,
    http::Uri,
    middleware,
    response::{IntoResponse, Response},
};
use domain::UserId;
use protocol::{Problem, ProblemCode};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
use tokio::sync::{broadcast, watch};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What every handler can reach. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Settings as read at the start.
    pub settings: Arc<Settings>,
    /// The database.
    pub db: Db,
    /// The line in which writes wait.
    pub writes: WriteQueue,
    /// Photos and papers.
    pub uploads: Uploads,
    /// Password hashing, a few at a time.
    pub passwords: Passwords,
    /// How often somebody may ask.
    pub limiter: Limiter,
    /// What the operator watches.
    pub metrics: Metrics,
    /// Tells whose sessions have ended or changed; what waits on behalf of that person looks its session up again.
    pub sessions_changed: broadcast::Sender<UserId>,
    /// Becomes true when the server stops; whoever waits for news listens to it.
    pub stopping: watch::Receiver<bool>,
}

impl App {
    /// Completes when the server stops.
    pub async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        // A dropped sender means the same.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}

/// Everything under `/api` but the files.
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::routes())
        .merge(admin::routes())
        .merge(write::routes())
        .merge(shapes::routes())
        .merge(reports::routes())
        .merge(audit::routes())
        .merge(openapi::routes())
}

/// What asks how the server is. No limit and no session stands before it.
fn health_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(ready)).merge(metrics::routes())
}

/// What the handlers' annotations say.
pub fn described() -> utoipa::openapi::OpenApi {
    api().merge(uploads::routes()).merge(health_routes()).into_openapi()
}

/// The whole server as one service.
pub fn router(app: App) -> Router {
    // Files are neither read into memory nor compressed again; whoever refuses one leaves the rest of it.
    let files = metered(uploads::routes(), &app).layer(middleware::from_fn(web::body::drain_what_is_left));
    let api = metered(api(), &app)
        .layer(middleware::from_fn(web::body::read_within_limit))
        // It passes over event streams. The app's files come compressed from the build, workbooks and documents from their makers.
        .layer(CompressionLayer::new().compress_when(is_not_packed()))
        .merge(files)
        .layer(middleware::from_fn_with_state(app.clone(), auth::refuse_foreign_origin))
        .layer(middleware::from_fn(problem::in_json));
    Router::new()
        .merge(api)
        .merge(Router::from(health_routes()))
        .method_not_allowed_fallback(wrong_method)
        .fallback(elsewhere)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(middleware::from_fn(web::headers::protect))
        .layer(middleware::from_fn_with_state(app.clone(), web::follow::follow))
        .with_state(app)
}

fn is_not_packed() -> impl Predicate {
    let excel = NotForContentType::const_new("application/vnd.openxmlformats");
    DefaultPredicate::new().and(NotForContentType::const_new("application/pdf")).and(excel)
}

/// What signed-in people ask for, within their limits.
fn metered(routes: OpenApiRouter<App>, app: &App) -> Router<App> {
    Router::from(routes).layer(middleware::from_fn_with_state(app.clone(), limits::meter))
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
}

/// A database that takes longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

impl Health {
    const fn new(status: &'static str) -> Self {
        Self {
            status,
            version: env!("CARGO_PKG_VERSION"),
            reports: None,
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
        let ready = Health {
            reports,
            ..Health::new("ready")
        };
        return Json(ready).into_response();
    }
    problem::answer(Problem::new(ProblemCode::Unavailable, "the server is not ready"))
}

async fn wrong_method(uri: Uri) -> Response {
    let problem = Problem::new(ProblemCode::NotFound, format!("{} does not answer this method", uri.path()));
    let mut response = problem::answer(problem);
    *response.status_mut() = axum::http::StatusCode::METHOD_NOT_ALLOWED;
    response
}

async fn elsewhere(request: axum::extract::Request) -> Response {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        return problem::answer(Problem::new(ProblemCode::NotFound, format!("there is no {path}")));
    }
    web::assets::serve(request.method(), path, request.headers())
}
