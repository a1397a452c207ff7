//! Which address leads where, and what stands before it.
//!
//! **Invariant:** every address under `/api` answers JSON, a problem or a shape; every other one is the built app.

use crate::{admin, app::App, audit, auth, handover, health, limits, openapi, problem, reports, shapes, uploads, web, write};
use axum::{Router, extract::DefaultBodyLimit, http::Uri, middleware, response::Response};
use protocol::{Problem, ProblemCode};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
    decompression::RequestDecompressionLayer,
};
use utoipa_axum::router::OpenApiRouter;

/// Everything under `/api` but the files.
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(auth::routes())
        .merge(admin::routes())
        .merge(write::routes())
        .merge(write::quarantine_routes())
        .merge(shapes::routes())
        .merge(reports::routes())
        .merge(audit::routes())
        .merge(openapi::routes())
}

/// What the handlers' annotations say.
pub fn described() -> utoipa::openapi::OpenApi {
    let all = api().merge(handover::routes()).merge(uploads::routes()).merge(shapes::upstream::routes());
    all.merge(health::routes()).into_openapi()
}

/// The whole server as one service.
pub fn router(app: App) -> Router {
    // Files are neither read into memory nor compressed again; whoever refuses one leaves the rest of it.
    let files = metered(uploads::routes(), &app).layer(middleware::from_fn(web::body::drain_what_is_left));
    // It has a larger limit of its own than the framework's.
    let handed_over = metered(handover::routes(), &app)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(web::body::read_handed_over));
    let api = metered(api(), &app)
        .layer(middleware::from_fn(web::body::read_within_limit))
        // Batches come compressed; what they may have at most is counted behind this.
        .layer(RequestDecompressionLayer::new())
        // It passes over event streams. The app's files come compressed from the build, workbooks and documents from their makers.
        .layer(CompressionLayer::new().compress_when(is_not_packed()))
        .merge(files)
        .merge(handed_over)
        .layer(middleware::from_fn_with_state(app.clone(), auth::refuse_foreign_origin))
        .layer(middleware::from_fn(problem::in_json));
    Router::new()
        .merge(api)
        .merge(upstream())
        .merge(Router::from(health::routes()))
        .method_not_allowed_fallback(wrong_method)
        .fallback(elsewhere)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(middleware::from_fn(web::headers::protect))
        .layer(middleware::from_fn_with_state(app.clone(), web::follow::follow))
        .with_state(app)
}

/// Whole tables, for programs.
fn upstream() -> Router<App> {
    Router::from(shapes::upstream::routes())
        .layer(middleware::from_fn(web::body::read_within_limit))
        .layer(CompressionLayer::new())
}

fn is_not_packed() -> impl Predicate {
    let excel = NotForContentType::const_new("application/vnd.openxmlformats");
    DefaultPredicate::new().and(NotForContentType::const_new("application/pdf")).and(excel)
}

/// What signed-in people ask for, within their limits.
fn metered(routes: OpenApiRouter<App>, app: &App) -> Router<App> {
    Router::from(routes).layer(middleware::from_fn_with_state(app.clone(), limits::meter))
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
