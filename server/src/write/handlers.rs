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
    problem::{Failure, Result},
    web::{body::JsonBody, client::Client},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::post,
};
use domain::{Table, WriteId};
use protocol::{BatchRequest, MAX_BATCH_WRITES, ProblemCode};
use serde::Serialize;

/// The routes of this module.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/write/batch", post(write_batch))
        .route("/api/write/{table}", post(write_one))
}

/// [`protocol::BatchAnswer`] with the receipts as the bytes that they are.
#[derive(Serialize)]
struct BatchAnswer {
    success: bool,
    results: Vec<Answer>,
}

async fn write_one(State(app): State<App>, session: Session, client: Client, Path(table): Path<String>, JsonBody(body): JsonBody) -> Result<Response> {
    let table = Table::from_name(&table).ok_or_else(|| Failure::from(intent::unknown_table(&table)))?;
    let intent = Intent::read(body, Some(table), WriteId(ids::new_id())).map_err(|unreadable| unreadable.problem)?;
    let batch = Batch {
        author: Author::new(&session, client),
        intents: vec![Ok(intent)],
        is_atomic: true,
        at: clock::now(),
    };
    let answers = app.writes.submit(batch).await?;
    Ok(Json(answers.into_iter().next()).into_response())
}

async fn write_batch(State(app): State<App>, session: Session, client: Client, JsonBody(body): JsonBody) -> Result<Response> {
    let request = read_batch(body, &session)?;
    let intents = request
        .operations
        .into_iter()
        .map(|json| Intent::read(json, None, WriteId(ids::new_id())))
        .collect();
    let batch = Batch {
        author: Author::new(&session, client),
        intents,
        is_atomic: request.atomic,
        at: clock::now(),
    };
    let results = app.writes.submit(batch).await?;
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
