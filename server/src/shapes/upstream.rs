//! `GET /v1/shape?table=…`: whole tables, for a program that decides itself who may see what of them: another server of ours,
//! a warehouse, whatever follows Electric.
//!
//! **Invariant:** without the setting `UPSTREAM_SECRET` there is no such address; without the secret nothing is told, not even
//! whether a table is there.

use super::{
    handlers::follow,
    live::Caller,
    request::{Invalid, InvalidRequest, Request},
    shape::Shape,
};
use crate::{
    app::App,
    openapi::problems,
    problem::{Failure, Result},
};
use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::Table;
use protocol::{ProblemCode, ShapeMessage};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read_table))
}

/// Follow a whole table
///
/// For programs, with the secret of the setting UPSTREAM_SECRET: as `/api/sync/{table}`, with every row and column.
#[utoipa::path(
    get,
    path = "/v1/shape",
    tag = "sync",
    security(()),
    params(
        ("table" = String, Query, description = "The table's name in SQL."),
        ("secret" = String, Query, description = "The setting UPSTREAM_SECRET."),
        ("offset" = String, Query, description = "As in `/api/sync/{table}`, and so are the other parameters."),
    ),
    responses(
        (status = 200, description = "Messages, in order.", body = Vec<ShapeMessage>),
        (status = 400, description = "A parameter is not right.", body = InvalidRequest),
        (status = 401, description = "The secret is another.", body = serde_json::Value),
        (status = 409, description = "The place in the log is gone: begin again.", body = Vec<ShapeMessage>),
        problems::NotFound,
    )
)]
async fn read_table(State(app): State<App>, Query(parameters): Query<HashMap<String, String>>, headers: HeaderMap) -> Result<Response> {
    let Some(secret) = &app.settings.upstream_secret else {
        return Err(Failure::refused(ProblemCode::NotFound, "there is no /v1/shape"));
    };
    let given = parameters.get("secret").map(String::as_str).unwrap_or_default();
    // Digests, so that the time of comparing tells nothing of the secret.
    if Sha256::digest(given) != Sha256::digest(secret) {
        let message = json!({"message": "Unauthorized - Invalid API secret"});
        return Ok((StatusCode::UNAUTHORIZED, Json(message)).into_response());
    }
    let asked = Request::read(&parameters).and_then(|request| Ok((request, named(&parameters)?)));
    match asked {
        Ok((request, table)) => {
            let shape = Shape::whole(table, app.db.epoch());
            follow(app, Caller::Program, shape, request, &headers).await
        }
        Err(invalid) => Ok(invalid.into_response()),
    }
}

/// `turns`, `public.turns` or `"public"."turns"`.
fn named(parameters: &HashMap<String, String>) -> Result<Table, Invalid> {
    let text = parameters.get("table").map(String::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or(Invalid("table", "can't be blank".into()))?;
    let (schema, name) = text.split_once('.').unwrap_or(("public", text));
    let [schema, name] = [schema, name].map(|name| match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => name.to_lowercase(),
    });
    let known = Table::ALL.into_iter().find(|table| schema == "public" && table.sql_name() == name);
    known.ok_or_else(|| {
        let hint = "If the table name contains capitals or special characters you must quote it.";
        Invalid("table", format!("Table \"{schema}\".\"{name}\" does not exist. {hint}").into())
    })
}
