//! Asking for a subset by body, where it would be too long for an address.
//!
//! A `POST` here reads. A browser's that comes from another site is refused all the same, with those that write.
//!
//! **Invariant:** a body decides which rows are wanted and nothing else: what is not read here is passed over.

use super::Wish;
use crate::{
    app::App,
    auth::Session,
    openapi::problems,
    problem::Result,
    shapes::{
        handlers,
        refusal::{Invalid, InvalidRequest},
        upstream,
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use protocol::ShapeMessage;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use utoipa::ToSchema;

/// Which rows of a shape are wanted; all where nothing is said. It may stand under `subset`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes what `Wish` reads")]
struct SubsetBody {
    /// Only rows of which this SQL condition is true, as in the shape's own `where`.
    r#where: Option<String>,
    /// The values of `$1`, `$2` … in `where`, by number.
    #[schema(value_type = Option<Object>)]
    params: Option<Map<String, Value>>,
    /// Columns with commas between them, each with `ASC` or `DESC` and `NULLS FIRST` or `NULLS LAST` behind it.
    order_by: Option<String>,
    /// At most so many rows; not without an order.
    #[schema(minimum = 1)]
    limit: Option<u32>,
    /// After so many others; not without an order.
    offset: Option<u32>,
}

/// A shape's log, or some of its rows where those were asked for.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only describes what an answer holds")]
pub enum ShapeAnswer {
    Log(Vec<ShapeMessage>),
    Subset(SubsetAnswer),
}

/// Some of a shape's rows.
#[derive(Serialize, ToSchema)]
pub struct SubsetAnswer {
    /// Which transactions are in the rows: `xmin`, `xmax` and `xip_list`, as PostgreSQL names those of a snapshot.
    metadata: Value,
    /// The rows, as a snapshot tells them.
    data: Vec<ShapeMessage>,
}

/// Read some rows of {table}
///
/// What `subset__…` ask for in a query, by a body. Nothing is written.
#[utoipa::path(
    post,
    path = "/api/sync/{table}",
    tag = "sync",
    params(
        ("table" = String, Path, description = "URL name of the table."),
        ("offset" = String, Query, description = "Where the log is followed from, or `-1`, or `now`.", example = "-1", pattern = r"^(-1|now|\d+_(\d+|inf))$"),
        ("handle" = Option<String>, Query, description = "`electric-handle` of the last answer, where there was one."),
        ("where" = Option<String>, Query, description = "The shape's own condition, as when its log is followed; so are `params[1]`, `columns` and `replica`."),
    ),
    request_body = SubsetBody,
    responses(
        (status = 200, description = "The rows as they stand.", body = SubsetAnswer, headers(
            ("electric-snapshot" = bool, description = "`true`."),
            ("electric-handle" = String, description = "Names the shape’s log."),
            ("electric-offset" = String, description = "Where to follow the log from."),
            ("electric-schema" = String, description = "The columns' types, as JSON."),
        )),
        (status = 400, description = "A parameter is not right, or the body is not JSON.", body = WrongSubset),
        (status = 409, description = "The place in the log is gone: begin again.", body = Vec<ShapeMessage>),
        problems::NotFound,
    )
)]
pub async fn read_subset(
    State(app): State<App>,
    session: Session,
    Path(table): Path<String>,
    Query(parameters): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    match read_body(&body) {
        Ok(wish) => handlers::answer(app, session, &table, &parameters, Some(wish), &headers).await,
        Err(wrong) => Ok(wrong.into_response()),
    }
}

/// Read some rows of a whole table
///
/// For programs, with the secret of the setting UPSTREAM_SECRET: as `POST /api/sync/{table}`, over every row and column.
#[utoipa::path(
    post,
    path = "/v1/shape",
    tag = "sync",
    security(()),
    params(
        ("table" = String, Query, description = "The table's name in SQL."),
        ("secret" = String, Query, description = "The setting UPSTREAM_SECRET."),
        ("offset" = String, Query, description = "As in `/api/sync/{table}`, and so are the other parameters."),
    ),
    request_body = SubsetBody,
    responses(
        (status = 200, description = "The rows as they stand.", body = SubsetAnswer),
        (status = 400, description = "A parameter is not right, or the body is not JSON.", body = WrongSubset),
        (status = 401, description = "The secret is another.", body = serde_json::Value),
        (status = 409, description = "The place in the log is gone: begin again.", body = Vec<ShapeMessage>),
        problems::NotFound,
    )
)]
pub async fn read_table_subset(State(app): State<App>, Query(parameters): Query<HashMap<String, String>>, headers: HeaderMap, body: Bytes) -> Result<Response> {
    if let Some(refusal) = upstream::refused(&app, &parameters)? {
        return Ok(refusal);
    }
    match read_body(&body) {
        Ok(wish) => upstream::answer(app, &parameters, Some(wish), &headers).await,
        Err(wrong) => Ok(wrong.into_response()),
    }
}

/// A body that asks for nothing.
enum WrongBody {
    NotJson(String),
    Invalid(Invalid),
}

/// What is told of a wrong request with a body.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only describes what an answer holds")]
enum WrongSubset {
    Invalid(InvalidRequest),
    NotJson(NotJson),
}

/// The body was not an object of JSON.
#[derive(Serialize, ToSchema)]
struct NotJson {
    error: &'static str,
    details: String,
}

fn read_body(body: &Bytes) -> Result<Wish, WrongBody> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(asked)) => Wish::in_body(&asked).map_err(WrongBody::Invalid),
        Ok(_) => Err(WrongBody::NotJson("an object is expected".to_owned())),
        Err(error) => Err(WrongBody::NotJson(error.to_string())),
    }
}

impl IntoResponse for WrongBody {
    /// In Electric's form.
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(invalid) => invalid.into_response(),
            Self::NotJson(details) => {
                let error = "Invalid JSON in request body";
                let body = NotJson { error, details };
                (StatusCode::BAD_REQUEST, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
            }
        }
    }
}
