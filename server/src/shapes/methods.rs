//! The methods of a shape's address beside `GET` and `POST`.
//!
//! `OPTIONS` says which there are. It allows no other site's page to ask: `/api/sync` is for our own pages, which a browser lets ask
//! without, and `/v1/shape` for programs: a page that knew its secret would have given it away.
//!
//! **Invariant:** none of them reads or changes anything.

use crate::{
    app::App,
    problem::{Failure, Result},
};
use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::ProblemCode;
use serde_json::json;

const ALLOWED: &str = "GET, HEAD, POST, OPTIONS";

/// Ask how {table} may be asked
///
/// The answer's `Allow` names the methods.
#[utoipa::path(
    options,
    path = "/api/sync/{table}",
    tag = "sync",
    security(()),
    params(("table" = String, Path, description = "URL name of the table.")),
    responses((status = 204, description = "`Allow` names the methods.", headers(("allow" = String, description = "Methods, with commas between them."))))
)]
pub async fn shape_options() -> Response {
    (StatusCode::NO_CONTENT, [(header::ALLOW, ALLOWED)]).into_response()
}

/// Ask how a whole table may be asked
///
/// The answer's `Allow` names the methods.
#[utoipa::path(
    options,
    path = "/v1/shape",
    tag = "sync",
    security(()),
    responses(
        (status = 204, description = "`Allow` names the methods.", headers(("allow" = String, description = "Methods, with commas between them."))),
        crate::openapi::problems::NotFound,
    )
)]
pub async fn table_options(State(app): State<App>) -> Result<Response> {
    is_there(&app)?;
    Ok(shape_options().await)
}

/// Any other method of `/v1/shape`, in Electric's words. `DELETE` makes Electric forget what it keeps of a shape; nothing is kept here.
pub async fn refuse(State(app): State<App>, method: Method) -> Result<Response> {
    is_there(&app)?;
    let message = json!({"message": format!("{method} not allowed")});
    Ok((StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, ALLOWED)], Json(message)).into_response())
}

/// Refuses where the server opens no whole tables.
pub fn is_there(app: &App) -> Result<&str> {
    let secret = app.settings.upstream_secret.as_deref();
    secret.ok_or_else(|| Failure::refused(ProblemCode::NotFound, "there is no /v1/shape"))
}
