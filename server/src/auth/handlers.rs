//! `POST /api/auth/login`, `POST /api/auth/logout`, `GET /api/auth/session`.
//!
//! **Invariant:** the token leaves this machine once, in the answer to a right password; so does the key to seal with.

use super::{
    AnySession, SESSION_SECONDS, accounts, attempt, own, people,
    recognise::{Recognised, recognise},
    seal, session, sessions,
};
use crate::{
    app::App,
    audit, clock,
    db::entity::user,
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
use domain::{Timestamp, UserId};
use protocol::{LoginAnswer, LoginRequest, ProblemCode, SessionAnswer};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(current))
        .merge(own::routes())
        .merge(people::routes())
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
    let at = clock::now();
    let attempt = attempt::admit(&app, &client, &request.email, at).await?;
    let account = match recognise(app.db.readers(), &app.passwords, &request.email, request.password).await? {
        Recognised::Account(account) => account,
        Recognised::Nobody { meant } => return Err(refuse(&app, meant, &client).await),
    };
    let Some(token) = begin(&app, &account, &client, at).await? else {
        return Err(refuse(&app, Some(UserId(account.id.0)), &client).await);
    };
    attempt.succeeded().await;
    let user = accounts::public(*account)?;
    let seal_key = seal::key(app.db.readers(), user.id).await?;
    let cookie = cookie(&app, &token, SESSION_SECONDS);
    let shapes = session::shapes(&user);
    Ok((
        [(header::SET_COOKIE, cookie), no_store()],
        Json(LoginAnswer {
            user,
            token,
            shapes,
            seal_key: Some(seal_key),
        }),
    )
        .into_response())
}

async fn begin(app: &App, account: &user::Model, client: &Client, at: Timestamp) -> Result<Option<String>> {
    let tx = app.db.write().await?;
    let Some(begun) = sessions::begin(&tx, account, client, at).await? else {
        return Ok(None);
    };
    let user = accounts::public(account.clone())?;
    audit::sign_in::succeeded(&*tx, &user, client, begun.id.0, at).await?;
    tx.commit().await?;
    Ok(Some(begun.token))
}

async fn refuse(app: &App, meant: Option<UserId>, client: &Client) -> Failure {
    app.metrics.sign_in_failed();
    let noted = audit::sign_in::failed(app, meant, client).await;
    let refusal = Failure::refused(ProblemCode::Unauthenticated, "the email or the password is not right");
    noted.err().unwrap_or(refusal)
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
        end(&app, token, &client, clock::now()).await?;
    }
    Ok(([(header::SET_COOKIE, cookie(&app, "", 0)), no_store()], Json(LogoutAnswer { success: true })).into_response())
}

async fn end(app: &App, token: &str, client: &Client, at: Timestamp) -> Result<()> {
    let Some(session) = session::find(app, token, at).await? else {
        return Ok(());
    };
    let tx = app.db.write().await?;
    sessions::end(&tx, session.id, session.user.id).await?;
    audit::sign_in::ended(&*tx, &session, client, at).await?;
    tx.commit().await?;
    Ok(())
}

/// Who is signed in
#[utoipa::path(
    get,
    path = "/api/auth/session",
    tag = "auth",
    responses((status = 200, description = "The signed-in person and their shapes.", body = SessionAnswer))
)]
async fn current(AnySession(session): AnySession) -> Response {
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
