//! The API's own description, `GET /api/openapi.json`, and a page to read and try it, `/api/docs`.
//!
//! Paths, parameters and bodies come from the annotations on the handlers; rows and writes from the tables'
//! description in `domain`; what the middleware can answer is added by rule. So a handler's annotation holds only what
//! is its own.
//!
//! **Invariant:** nothing in the document is written down twice; it cannot say something else than the program does.

mod addresses;
mod document;
pub(crate) mod problems;
mod rows;
mod writes;

use crate::{app::App, router};
use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
};
use std::sync::LazyLock;
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The version of the API's form, which outside programs and older apps rely on. Every form is written down, see `tests/forms/`.
pub const API_VERSION: u16 = 2;

const PATH: &str = "/api/openapi.json";

/// Made at the first request: it is the same for every server of this version.
static TEXT: LazyLock<String> = LazyLock::new(text);

/// The routes of this module.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_document)).merge(page().into())
}

/// Swagger UI, carried inside the program. What is tried goes with the session's cookie, like any request of this site.
fn page() -> Router<App> {
    let config = Config::from(PATH)
        // Without the bar to look at other servers' documents: the policy forbids that anyway.
        .use_base_layout()
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .doc_expansion("none")
        .filter(true);
    SwaggerUi::new("/api/docs").config(config).into()
}

/// The document as JSON text.
pub fn text() -> String {
    format!("{:#}", document::complete(router::described()))
}

/// This document
///
/// OpenAPI 3.1, generated from the program that answers it.
#[utoipa::path(
    get,
    path = PATH,
    tag = "description",
    security(()),
    responses((status = 200, description = "The description of this server's API.", body = inline(serde_json::Map<String, serde_json::Value>)))
)]
async fn read_document() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (headers, TEXT.as_str()).into_response()
}
