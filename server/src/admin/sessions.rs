//! `/api/admin/…/sessions`: where somebody is signed in, and the end of it.
//!
//! **Invariant:** a session that is ended here gets nothing more, not even through a request that waits.

use super::{
    Administrator,
    keeping::{self, By},
    users::{by, user_id},
};
use crate::{
    app::App,
    audit::{self, Note},
    auth::{
        SessionId, accounts,
        own::{Sessions, SessionsEnded},
        sessions,
    },
    clock,
    db::Transaction,
    openapi::problems,
    problem::{Failure, Result},
    web::client::Client,
};
use axum::{
    Json,
    extract::{Path, State},
};
use domain::{Timestamp, UserId};
use protocol::ProblemCode;
use serde_json::json;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, end_all)).routes(routes!(end))
}

/// Where somebody is signed in
#[utoipa::path(
    get,
    path = "/api/admin/users/{id}/sessions",
    tag = "admin",
    operation_id = "sessions",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "Their sessions, the last used first.", body = Sessions), problems::NotFound)
)]
async fn list(State(app): State<App>, Administrator(session): Administrator, Path(id): Path<String>) -> Result<Json<Sessions>> {
    let id = user_id(&id)?;
    accounts::by_id(app.db.readers(), id).await?.ok_or_else(keeping::no_such_account)?;
    let rows = sessions::of_user(app.db.readers(), id, clock::now()).await?;
    Ok(Json(Sessions::new(rows, &session)))
}

/// End somebody's sessions
#[utoipa::path(
    delete,
    path = "/api/admin/users/{id}/sessions",
    tag = "admin",
    operation_id = "end_sessions",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "Ended, with everything that waited on their behalf.", body = SessionsEnded), problems::NotFound)
)]
async fn end_all(State(app): State<App>, administrator: Administrator, client: Client, Path(id): Path<String>) -> Result<Json<SessionsEnded>> {
    let (id, at, by) = (user_id(&id)?, clock::now(), by(administrator, client));
    let tx = app.db.write().await?;
    require_may_end(&tx, &by, id).await?;
    let ended = sessions::end_all(&tx, id, None).await?;
    if ended > 0 {
        note(&tx, &by, id, Uuid::nil(), ended, at).await?;
    }
    tx.commit().await?;
    Ok(Json(SessionsEnded::so_many(ended)))
}

/// End a session
#[utoipa::path(
    delete,
    path = "/api/admin/sessions/{id}",
    tag = "admin",
    operation_id = "end_session",
    params(("id" = String, Path, description = "The session.")),
    responses((status = 200, description = "Ended, with everything that waited on its behalf.", body = SessionsEnded), problems::NotFound)
)]
async fn end(State(app): State<App>, administrator: Administrator, client: Client, Path(id): Path<String>) -> Result<Json<SessionsEnded>> {
    let no_such = || Failure::refused(ProblemCode::NotFound, "there is no such session");
    let id: SessionId = id.parse().map_err(|_| no_such())?;
    let (at, by) = (clock::now(), by(administrator, client));
    let tx = app.db.write().await?;
    let found = sessions::by_id(&*tx, id).await?.filter(|found| found.expires_at > at.micros());
    let user = UserId(found.ok_or_else(no_such)?.user_id.0);
    require_may_end(&tx, &by, user).await?;
    sessions::end(&tx, id, user).await?;
    note(&tx, &by, user, id.0, 1, at).await?;
    tx.commit().await?;
    Ok(Json(SessionsEnded::so_many(1)))
}

async fn require_may_end(tx: &Transaction, by: &By, user: UserId) -> Result<()> {
    let account = keeping::find(tx, user).await?;
    Ok(by.keeper().may_end_sessions(keeping::standing(&account)?)?)
}

async fn note(tx: &Transaction, by: &By, user: UserId, session: Uuid, ended: u64, at: Timestamp) -> Result<()> {
    let entry = Note {
        by: by.viewer,
        client: &by.client,
        table: "sessions",
        row_id: session,
        on_behalf_of: None,
        operation: "end-session",
        old: Some(json!({"user_id": user, "sessions": ended})),
        new: None,
    };
    audit::note(&**tx, entry, at).await
}
