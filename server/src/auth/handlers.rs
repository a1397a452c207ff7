//! `POST /api/auth/login`, `POST /api/auth/logout`, `GET /api/auth/session`.
//!
//! **Invariant:** the token leaves this machine once, in the answer to a right password.

use super::{SESSION_SECONDS, Session, accounts, session};
use crate::{
    app::App,
    audit, clock,
    openapi::problems,
    problem::{Failure, Result},
    web::{body::JsonBody, client::Client},
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use domain::UserId;
use protocol::{LoginAnswer, LoginRequest, ProblemCode, SessionAnswer};
use sea_orm::DbErr;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(logout)).routes(routes!(current))
}

/// The answer to signing out.
#[derive(Serialize, ToSchema)]
struct LogoutAnswer {
    /// Always true.
    success: bool,
}

/// Sign in
///
/// Sets the session's cookie and gives the same session's token.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "auth",
    security(()),
    request_body(content = LoginRequest, example = json!({"email": "manager@example.com", "password": "turns-demo"})),
    responses(
        (status = 200, description = "Signed in.", body = LoginAnswer, headers(("Set-Cookie" = String, description = "The session."))),
        problems::Unauthenticated,
        problems::Validation,
    )
)]
async fn login(State(app): State<App>, client: Client, JsonBody(body): JsonBody) -> Result<Response> {
    let request: LoginRequest = serde_json::from_value(body).map_err(|_| Failure::refused(ProblemCode::Validation, "send an email and a password"))?;
    let account = accounts::by_email(app.db.readers(), &request.email).await?;
    let known = account.as_ref().map(|account| UserId(account.id.0));
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let is_right = app
        .passwords
        .verify(request.password, stored)
        .await
        .map_err(|error| DbErr::Custom(error.to_string()))?;
    let account = account.filter(|account| is_right && account.is_active);
    let user = match account {
        Some(account) => accounts::public(account)?,
        None => {
            audit::sign_in::failed(&app, known, &client).await?;
            return Err(Failure::refused(ProblemCode::Unauthenticated, "the email or the password is not right"));
        }
    };
    let token = session::begin(&app, &user, &client, clock::now()).await?;
    let shapes = user.viewer().shapes().into_iter().map(|table| table.url_name().to_owned()).collect();
    let cookie = cookie(&app, &token, SESSION_SECONDS);
    Ok(([(header::SET_COOKIE, cookie), no_store()], Json(LoginAnswer { user, token, shapes })).into_response())
}

/// Sign out
///
/// Ends the session of this request, wherever else it is used. Without a session it is signing out all the same.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "auth",
    security((), ("session" = []), ("token" = [])),
    responses(
        (status = 200, description = "Signed out.", body = LogoutAnswer, headers(("Set-Cookie" = String, description = "The session, ended."))),
        problems::Permission,
    )
)]
async fn logout(State(app): State<App>, client: Client, headers: HeaderMap) -> Result<Response> {
    if let Some(token) = session::token(&headers) {
        session::end(&app, token, &client, clock::now()).await?;
    }
    Ok(([(header::SET_COOKIE, cookie(&app, "", 0)), no_store()], Json(LogoutAnswer { success: true })).into_response())
}

/// Who is signed in
#[utoipa::path(
    get,
    path = "/api/auth/session",
    tag = "auth",
    responses((status = 200, description = "The signed-in person and their shapes.", body = SessionAnswer))
)]
async fn current(session: Session) -> Response {
    let shapes = session.shapes();
    ([no_store()], Json(SessionAnswer { user: session.user, shapes })).into_response()
}

fn cookie(app: &App, token: &str, max_age: i64) -> String {
    let secure = app.settings.public_url.as_ref().is_some_and(|url| url.is_https);
    format!(
        "{}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age}{}",
        session::COOKIE,
        if secure { "; Secure" } else { "" }
    )
}

fn no_store() -> (header::HeaderName, String) {
    (header::CACHE_CONTROL, "no-store".to_owned())
}
