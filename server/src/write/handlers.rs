//! `POST /api/write/{table}` and `POST /api/write/batch`.
//!
//! **Invariant:** a write that has begun is finished, even when its caller hangs up: the line carries it out, and the
//! caller asks again with the same id.

use super::{
    author::Author,
    batch::Batch,
    intent::{self, Intent},
    receipt::Answer,
};
use crate::{
    app::App,
    auth::Session,
    clock, ids,
    openapi::problems,
    problem::{Failure, Result},
    web::{body::JsonBody, client::Client},
};
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::{Table, WriteId};
use protocol::{BatchRequest, MAX_BATCH_WRITES, ProblemCode};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(write_batch)).routes(routes!(write_one))
}

/// [`protocol::BatchAnswer`] with the receipts as the bytes that they are.
#[derive(Serialize)]
struct BatchAnswer {
    success: bool,
    results: Vec<Answer>,
}

/// Write to {table}
///
/// The answer to an applied write is its receipt: the same write again, by its `writeId`, gets the same bytes.
#[utoipa::path(
    post,
    path = "/api/write/{table}",
    tag = "write",
    params(("table" = String, Path, description = "URL name of the table.")),
    request_body = protocol::WireWrite,
    responses(
        (status = 200, description = "The write is applied, now or before.", body = protocol::WriteAnswer),
        problems::Permission,
        problems::NotFound,
        problems::Conflict,
        problems::Validation,
        problems::Blocked,
    )
)]
async fn write_one(State(app): State<App>, session: Session, client: Client, Path(table): Path<String>, JsonBody(body): JsonBody) -> Result<Response> {
    let table = Table::from_name(&table).ok_or_else(|| Failure::from(intent::unknown_table(&table)))?;
    let intent = Intent::read(body, Some(table), WriteId(ids::new_id())).map_err(|unreadable| unreadable.problem)?;
    let watch = app.metrics.watch_writes("one", vec![Some((intent.table, intent.operation))]);
    let batch = Batch {
        author: Author::new(&session, client),
        intents: vec![Ok(intent)],
        is_atomic: true,
        at: clock::now(),
    };
    let answers = app.writes.submit(batch).await;
    watch.answered(answers.as_deref());
    Ok(Json(answers?.into_iter().next()).into_response())
}

/// Write many rows
///
/// Up to a hundred writes, in order: all or nothing, or (`atomic: false`) each on its own with an answer of its own.
#[utoipa::path(
    post,
    path = "/api/write/batch",
    tag = "write",
    request_body = BatchRequest,
    responses(
        (status = 200, description = "The batch was read. Without `atomic` each result says for itself whether its write is applied.", body = protocol::BatchAnswer),
        problems::Permission,
        problems::NotFound,
        problems::Conflict,
        problems::Validation,
        problems::Blocked,
    )
)]
async fn write_batch(State(app): State<App>, session: Session, client: Client, JsonBody(body): JsonBody) -> Result<Response> {
    let request = read_batch(body, &session)?;
    if let Some(waiting) = request.waiting {
        app.metrics.device_has_pending(&session.token_digest, waiting, clock::now());
    }
    let intents: Vec<_> = request
        .operations
        .into_iter()
        .map(|json| Intent::read(json, None, WriteId(ids::new_id())))
        .collect();
    let asked = intents.iter().map(|intent| intent.as_ref().ok().map(|intent| (intent.table, intent.operation)));
    let watch = app.metrics.watch_writes("batch", asked.collect());
    let batch = Batch {
        author: Author::new(&session, client),
        intents,
        is_atomic: request.atomic,
        at: clock::now(),
    };
    let results = app.writes.submit(batch).await;
    watch.answered(results.as_deref());
    let results = results?;
    Ok(Json(BatchAnswer { success: true, results }).into_response())
}

fn read_batch(body: serde_json::Value, session: &Session) -> Result<BatchRequest> {
    let request: BatchRequest =
        serde_json::from_value(body).map_err(|error| Failure::refused(ProblemCode::Validation, format!("this is not a batch: {error}")))?;
    if request.user_id.is_some_and(|user| user != session.user.id) {
        return Err(Failure::refused(
            ProblemCode::Unauthenticated,
            "these writes are another user’s; sign in as that user to send them",
        ));
    }
    if request.operations.len() > MAX_BATCH_WRITES {
        return Err(Failure::refused(
            ProblemCode::Validation,
            format!("a batch has at most {MAX_BATCH_WRITES} writes"),
        ));
    }
    Ok(request)
}
