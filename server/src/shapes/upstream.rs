//! `GET /v1/shape?table=…`: whole tables, for a program that decides itself who may see what of them: another server of ours,
//! a warehouse, whatever follows Electric.
//!
//! **Invariant:** without the setting `UPSTREAM_SECRET` there is no such address; without the secret nothing is told, not even
//! whether a table is there.

use super::{
    handlers::follow,
    known::Sight,
    live::Caller,
    methods,
    refusal::{Invalid, InvalidRequest},
    request::Request,
    subset::{self, ShapeAnswer},
};
use crate::{app::App, ids, openapi::problems, problem::Result};
use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::Table;
use protocol::ShapeMessage;
use serde_json::json;
use std::collections::HashMap;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    let read = routes!(read_table, subset::read_table_subset, methods::table_options);
    OpenApiRouter::new().routes(read.map(|methods| methods.fallback(methods::refuse)))
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
        (status = 200, description = "Messages, in order; with `subset__…`: rows.", body = ShapeAnswer),
        (status = 400, description = "A parameter is not right.", body = InvalidRequest),
        (status = 401, description = "The secret is another.", body = serde_json::Value),
        (status = 409, description = "The place in the log is gone: begin again.", body = Vec<ShapeMessage>),
        problems::NotFound,
    )
)]
async fn read_table(State(app): State<App>, Query(parameters): Query<HashMap<String, String>>, headers: HeaderMap) -> Result<Response> {
    match refused(&app, &parameters)? {
        None => answer(app, &parameters, None, &headers).await,
        Some(refusal) => Ok(refusal),
    }
}

/// What a caller is told that does not know the secret.
pub(super) fn refused(app: &App, parameters: &HashMap<String, String>) -> Result<Option<Response>> {
    let secret = methods::is_there(app)?;
    let given = parameters.get("secret").map(String::as_str).unwrap_or_default();
    if ids::is_same_secret(given, secret) {
        return Ok(None);
    }
    let message = json!({"message": "Unauthorized - Invalid API secret"});
    let refusal = (StatusCode::UNAUTHORIZED, [(header::CACHE_CONTROL, "no-store")], Json(message));
    Ok(Some(refusal.into_response()))
}

/// The answer to who knows the secret; `subset` is what a body asks for.
pub(super) async fn answer(app: App, parameters: &HashMap<String, String>, subset: Option<subset::Wish>, headers: &HeaderMap) -> Result<Response> {
    let asked = Request::read(parameters).and_then(|request| Ok((request, named(parameters)?)));
    match asked {
        Ok((mut request, table)) => {
            request.subset = subset.or(request.subset);
            let sight = Sight::whole(table);
            follow(app, Caller::Program, sight, request, headers).await
        }
        Err(invalid) => Ok(invalid.into_response()),
    }
}

/// `turns`, `public.turns` or `"public"."turns"`.
fn named(parameters: &HashMap<String, String>) -> Result<Table, Invalid> {
    let text = parameters.get("table").map(String::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or(Invalid::of("table", "can't be blank"))?;
    let (schema, name) = text.split_once('.').unwrap_or(("public", text));
    let [schema, name] = [schema, name].map(|name| match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => name.to_lowercase(),
    });
    let known = Table::ALL.into_iter().find(|table| schema == "public" && table.sql_name() == name);
    known.ok_or_else(|| {
        let hint = "If the table name contains capitals or special characters you must quote it.";
        Invalid::of("table", format!("Table \"{schema}\".\"{name}\" does not exist. {hint}"))
    })
}
