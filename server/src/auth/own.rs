//! One's own password and sessions.
//!
//! **Invariant:** a changed password ends every other session of its owner, whoever holds it.

use super::{
    AnySession, SessionId, accounts, attempt, password_rules,
    recognise::verify,
    session::{Session, sign_in_first},
    sessions,
};
use crate::{
    app::App,
    audit::{self, Note},
    clock,
    db::entity::{session, user},
    openapi::problems,
    problem::{Failure, Result},
    web::{body::JsonBody, client::Client, fields::WrongFields, instant::Instant},
};
use axum::{
    Json,
    extract::{Path, State},
};
use domain::Timestamp;
use protocol::{PasswordChange, ProblemCode};
use sea_orm::DbErr;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(change_password)).routes(routes!(list)).routes(routes!(end))
}

/// Sessions, the last used first.
#[derive(Serialize, ToSchema)]
pub struct Sessions {
    /// Those that have not expired.
    pub sessions: Vec<SessionEntry>,
}

/// One sign-in that lasts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionEntry {
    /// To end it by.
    id: SessionId,
    /// When somebody signed in.
    created_at: Instant,
    /// Up to five minutes behind.
    last_seen_at: Instant,
    /// When it ends by itself.
    expires_at: Instant,
    /// Where it was begun from.
    address: Option<String>,
    /// What the program called itself.
    agent: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

/// How many sessions have ended.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionsEnded {
    /// Always true.
    pub success: bool,
    /// So many.
    pub sessions_ended: u64,
}

/// Change your password
///
/// Ends every other session of yours. Whoever was given a one-time password can do nothing else before.
#[utoipa::path(
    post,
    path = "/api/auth/password",
    tag = "account",
    request_body(content = PasswordChange, example = json!({"current": "turns-demo", "new": "maple basement heron"})),
    responses((status = 200, description = "Changed. This session goes on.", body = SessionsEnded), problems::Validation)
)]
async fn change_password(State(app): State<App>, AnySession(session): AnySession, client: Client, JsonBody(body): JsonBody) -> Result<Json<SessionsEnded>> {
    let change: PasswordChange =
        serde_json::from_value(body).map_err(|_| Failure::refused(ProblemCode::Validation, "send the current and the new password"))?;
    let account = accounts::by_id(app.db.readers(), session.user.id).await?.ok_or_else(sign_in_first)?;
    check(&app, &account, &client, &change).await?;
    let hash = app.passwords.hash(change.new).await.map_err(|error| DbErr::Custom(error.to_string()))?;
    let sessions_ended = replace(&app, &session, &client, account, hash, clock::now()).await?;
    Ok(Json(SessionsEnded::so_many(sessions_ended)))
}

async fn check(app: &App, account: &user::Model, client: &Client, change: &PasswordChange) -> Result<()> {
    // Whoever finds a tablet unlocked must not try passwords on it either.
    let attempt = attempt::admit(app, client, &account.email, clock::now()).await?;
    if !verify(&app.passwords, change.current.clone(), Some(account.password_hash.clone())).await? {
        return Err(WrongFields::only("current", "is not your password"));
    }
    attempt.succeeded().await;
    if change.new == change.current {
        return Err(WrongFields::only("new", "must be another one than now"));
    }
    password_rules::check(&change.new, &account.email, &account.name).map_err(|weak| WrongFields::only("new", weak))
}

async fn replace(app: &App, session: &Session, client: &Client, proven: user::Model, hash: String, at: Timestamp) -> Result<u64> {
    let tx = app.db.write().await?;
    let account = accounts::by_id(&*tx, session.user.id).await?.ok_or_else(sign_in_first)?;
    if account.password_hash != proven.password_hash {
        return Err(WrongFields::only("current", "is not your password any more"));
    }
    let changed = user::Model {
        password_hash: hash,
        must_change_password: false,
        updated_at: at.micros(),
        ..account
    };
    accounts::update(&*tx, changed).await?;
    let ended = sessions::end_all(&tx, session.user.id, Some(session.id)).await?;
    let note = Note {
        by: Some(session.viewer()),
        client,
        table: "users",
        row_id: session.user.id.0,
        on_behalf_of: None,
        operation: "change-password",
        old: None,
        new: Some(json!({"sessions_ended": ended})),
    };
    audit::note(&*tx, note, at).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Where you are signed in
#[utoipa::path(
    get,
    path = "/api/auth/sessions",
    tag = "account",
    operation_id = "own_sessions",
    responses((status = 200, description = "Your sessions, the last used first.", body = Sessions))
)]
async fn list(State(app): State<App>, session: Session) -> Result<Json<Sessions>> {
    let rows = sessions::of_user(app.db.readers(), session.user.id, clock::now()).await?;
    Ok(Json(Sessions::new(rows, &session)))
}

/// End one of your sessions
#[utoipa::path(
    delete,
    path = "/api/auth/sessions/{id}",
    tag = "account",
    operation_id = "end_own_session",
    params(("id" = String, Path, description = "The session.")),
    responses((status = 200, description = "Ended, with everything that waited on its behalf.", body = SessionsEnded), problems::NotFound)
)]
async fn end(State(app): State<App>, session: Session, client: Client, Path(id): Path<String>) -> Result<Json<SessionsEnded>> {
    let no_such = || Failure::refused(ProblemCode::NotFound, "you have no such session");
    let id: SessionId = id.parse().map_err(|_| no_such())?;
    let at = clock::now();
    let tx = app.db.write().await?;
    let found = sessions::by_id(&*tx, id).await?;
    if !found.is_some_and(|found| found.user_id.0 == session.user.id.0 && found.expires_at > at.micros()) {
        return Err(no_such());
    }
    sessions::end(&tx, id, session.user.id).await?;
    let ended = Session { id, ..session };
    audit::sign_in::ended(&*tx, &ended, &client, at).await?;
    tx.commit().await?;
    Ok(Json(SessionsEnded::so_many(1)))
}

impl SessionsEnded {
    /// The answer after so many have ended.
    pub fn so_many(sessions_ended: u64) -> Self {
        Self { success: true, sessions_ended }
    }
}

impl Sessions {
    /// As `asking` is told of them.
    pub fn new(rows: Vec<session::Model>, asking: &Session) -> Self {
        let entry = |row: session::Model| SessionEntry {
            id: SessionId(row.id.0),
            created_at: Instant::from_micros(row.created_at),
            last_seen_at: Instant::from_micros(row.last_seen_at),
            expires_at: Instant::from_micros(row.expires_at),
            address: row.address,
            agent: row.user_agent,
            current: row.id.0 == asking.id.0,
        };
        Self {
            sessions: rows.into_iter().map(entry).collect(),
        }
    }
}
