//! `/api/admin/users`: accounts made, changed and given one-time passwords.
//!
//! **Invariant:** a one-time password is in one answer, and nowhere else in clear.

use super::{
    Administrator,
    account::{Account, NewUser, UserChanges, read},
    keeping::{self, By, StoredPassword},
};
use crate::{
    app::App,
    auth::accounts,
    clock, ids,
    openapi::problems,
    problem::Result,
    web::{body::JsonBody, client::Client},
};
use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::UserId;
use sea_orm::DbErr;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(show, change))
        .routes(routes!(reset_password))
}

/// Every account, by name.
#[derive(Serialize, ToSchema)]
struct Accounts {
    /// Active and not.
    users: Vec<Account>,
}

/// One account.
#[derive(Serialize, ToSchema)]
struct OneAccount {
    /// As it is now.
    user: Account,
}

/// An account with a new one-time password.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WithPassword {
    /// As it is now.
    user: Account,
    /// Shown this once; opens nothing but the change of it.
    one_time_password: String,
    /// How many sessions of the person have ended.
    sessions_ended: u64,
}

/// An account as it is after a change.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangedAccount {
    /// As it is now.
    user: Account,
    /// How many sessions of the person have ended.
    sessions_ended: u64,
    /// How many active properties name this person as manager or senior manager: they stay so until handed over.
    properties_managed: u64,
}

/// List accounts
#[utoipa::path(
    get,
    path = "/api/admin/users",
    tag = "admin",
    operation_id = "accounts",
    responses((status = 200, description = "Every account, by name.", body = Accounts))
)]
async fn list(State(app): State<App>, _: Administrator) -> Result<Json<Accounts>> {
    let users = accounts::all(app.db.readers()).await?.into_iter().map(Account::read).collect::<Result<_>>()?;
    Ok(Json(Accounts { users }))
}

/// Make an account
///
/// Its password is made here and shown this once; the person must change it at the first sign-in.
#[utoipa::path(
    post,
    path = "/api/admin/users",
    tag = "admin",
    operation_id = "add_account",
    request_body(content = NewUser, example = json!({"email": "noa@example.com", "name": "Noa Field", "role": "PROPERTY_MANAGER"})),
    responses((status = 201, description = "Made.", body = WithPassword), problems::Validation)
)]
async fn add(State(app): State<App>, administrator: Administrator, client: Client, JsonBody(body): JsonBody) -> Result<Response> {
    let person = read::<NewUser>(body)?.check()?;
    let (password, hash) = one_time_password(&app).await?;
    let password_kept = StoredPassword { hash, is_one_time: true };
    let tx = app.db.write().await?;
    let made = keeping::add(&tx, &by(administrator, client), person, password_kept, clock::now()).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, once(password, Account::read(made)?, 0)).into_response())
}

/// Read an account
#[utoipa::path(
    get,
    path = "/api/admin/users/{id}",
    tag = "admin",
    operation_id = "account",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The account.", body = OneAccount), problems::NotFound)
)]
async fn show(State(app): State<App>, _: Administrator, Path(id): Path<String>) -> Result<Json<OneAccount>> {
    let account = accounts::by_id(app.db.readers(), user_id(&id)?).await?.ok_or_else(keeping::no_such_account)?;
    Ok(Json(OneAccount { user: Account::read(account)? }))
}

/// Change an account
///
/// What is not named stays. The last change wins, and all are audited. A person who is deactivated is signed out everywhere
/// at once; the answer says how many active properties are still theirs to manage. Nobody changes their own role or
/// deactivates themselves, only a super administrator changes administrators, and the last one stays.
#[utoipa::path(
    patch,
    path = "/api/admin/users/{id}",
    tag = "admin",
    operation_id = "change_account",
    params(("id" = String, Path, description = "The account.")),
    request_body(content = UserChanges, example = json!({"isActive": false})),
    responses((status = 200, description = "As it is now.", body = ChangedAccount), problems::NotFound)
)]
async fn change(
    State(app): State<App>,
    administrator: Administrator,
    client: Client,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Result<Json<ChangedAccount>> {
    let id = user_id(&id)?;
    let changes = read::<UserChanges>(body)?.check()?;
    let tx = app.db.write().await?;
    let changed = keeping::change(&tx, &by(administrator, client), id, changes, clock::now()).await?;
    tx.commit().await?;
    Ok(Json(ChangedAccount {
        user: Account::read(changed.account)?,
        sessions_ended: changed.sessions_ended,
        properties_managed: changed.properties_managed,
    }))
}

/// Give a new one-time password
///
/// Ends the person's sessions. Until they have changed it, it opens nothing but the change of it.
#[utoipa::path(
    post,
    path = "/api/admin/users/{id}/reset-password",
    tag = "admin",
    operation_id = "reset_password",
    params(("id" = String, Path, description = "The account.")),
    responses((status = 200, description = "The password, shown this once.", body = WithPassword), problems::NotFound)
)]
async fn reset_password(State(app): State<App>, administrator: Administrator, client: Client, Path(id): Path<String>) -> Result<Response> {
    let id = user_id(&id)?;
    let (password, hash) = one_time_password(&app).await?;
    let tx = app.db.write().await?;
    let (account, ended) = keeping::reset_password(&tx, &by(administrator, client), id, hash, clock::now()).await?;
    tx.commit().await?;
    Ok(once(password, Account::read(account)?, ended))
}

/// Who does it, for the rules and for the audit log.
pub fn by(Administrator(session): Administrator, client: Client) -> By {
    By {
        viewer: Some(session.viewer()),
        client,
    }
}

/// The account that an address names.
pub fn user_id(text: &str) -> Result<UserId> {
    text.parse().map_err(|_| keeping::no_such_account())
}

async fn one_time_password(app: &App) -> Result<(String, String)> {
    let password = ids::new_password();
    let hash = app.passwords.hash(password.clone()).await.map_err(|error| DbErr::Custom(error.to_string()))?;
    Ok((password, hash))
}

fn once(one_time_password: String, user: Account, sessions_ended: u64) -> Response {
    let answer = WithPassword {
        user,
        one_time_password,
        sessions_ended,
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}
