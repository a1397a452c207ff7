//! A signed-in caller: a random token at theirs, its digest here.
//!
//! **Invariant:** a handler that takes a [`Session`] runs only for an active account with an unexpired session and a
//! password of its owner's own choosing; [`AnySession`] leaves the last out and is for the few handlers that lead there.

use super::{accounts, sessions};
use crate::{
    app::App,
    clock,
    db::entity::session,
    problem::{Failure, Result},
    web::follow,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use data_encoding::HEXLOWER;
use domain::{Timestamp, UserId, Viewer};
use protocol::{ProblemCode, User};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The cookie's name.
pub const COOKIE: &str = "turns_session";

/// Names a session to people; opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct SessionId(pub Uuid);

/// A signed-in caller.
#[derive(Clone, Debug)]
pub struct Session {
    /// Names this session to people.
    pub id: SessionId,
    /// Who it is.
    pub user: User,
    /// Names this session among all.
    pub token_digest: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A signed-in caller who may have to change the password first.
#[derive(Clone, Debug)]
pub struct AnySession(pub Session);

impl Session {
    /// The caller, as the rules of sight and permission take a person.
    pub fn viewer(&self) -> Viewer {
        self.user.viewer()
    }

    /// URL names of the caller's shapes.
    pub fn shapes(&self) -> Vec<String> {
        shapes(&self.user)
    }
}

/// URL names of a person's shapes; none for who must change the password first.
pub(super) fn shapes(user: &User) -> Vec<String> {
    if user.must_change_password {
        return vec![];
    }
    user.viewer().shapes().into_iter().map(|table| table.url_name().to_owned()).collect()
}

/// The answer to somebody who has no session.
pub fn sign_in_first() -> Failure {
    Failure::refused(ProblemCode::Unauthenticated, "sign in first")
}

impl FromRequestParts<App> for AnySession {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        // A middleware may have looked already.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let token = token(&parts.headers).ok_or_else(sign_in_first)?;
        let session = find(app, token, clock::now()).await?.ok_or_else(sign_in_first)?;
        follow::note_user(session.user.id);
        let session = Self(session);
        parts.extensions.insert(session.clone());
        Ok(session)
    }
}

impl FromRequestParts<App> for Session {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let AnySession(session) = AnySession::from_request_parts(parts, app).await?;
        if session.user.must_change_password {
            return Err(Failure::refused(ProblemCode::Permission, "change your password first"));
        }
        Ok(session)
    }
}

/// The session with this token; none where it has ended. That it is in use is noted.
pub(super) async fn find(app: &App, token: &str, at: Timestamp) -> Result<Option<Session>> {
    look(app, &digest(token), at).await
}

/// The session as it is by now; none where it has ended.
pub(super) async fn look_again(app: &App, session: &Session, at: Timestamp) -> Result<Option<Session>> {
    look(app, &session.token_digest, at).await
}

async fn look(app: &App, digest: &str, at: Timestamp) -> Result<Option<Session>> {
    if let Some(known) = app.sessions.get(digest, app.db.people(), at, app.settings.limits.look_again) {
        return Ok(Some(known));
    }
    // Boxed: most are known, and each request would carry the room for it along.
    Box::pin(look_up(app, digest, at)).await
}

async fn look_up(app: &App, digest: &str, at: Timestamp) -> Result<Option<Session>> {
    let moment = app.db.people().now();
    let Some(row) = sessions::by_digest(app.db.readers(), digest).await? else {
        return Ok(None);
    };
    let last_seen_at = Timestamp::from_micros(row.last_seen_at);
    let session = stands(app, row, at).await?;
    if let Some(session) = &session {
        sessions::note_seen(app, session.id, last_seen_at, at);
        app.sessions.put(session.clone(), moment, app.settings.limits.look_again);
    }
    Ok(session)
}

async fn stands(app: &App, row: session::Model, at: Timestamp) -> Result<Option<Session>> {
    if row.expires_at <= at.micros() {
        return Ok(None);
    }
    let account = accounts::by_id(app.db.readers(), UserId(row.user_id.0)).await?;
    let Some(account) = account.filter(|account| account.is_active) else {
        return Ok(None);
    };
    Ok(Some(Session {
        id: SessionId(row.id.0),
        user: accounts::public(account)?,
        token_digest: row.token_digest,
        expires_at: Timestamp::from_micros(row.expires_at),
    }))
}

/// The caller's token: the header before the cookie, so that an API client in a browser can be somebody else.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| cookie(headers))
}

/// `Authorization: Bearer …`
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// What of a token is stored.
pub(super) fn digest(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}

impl FromStr for SessionId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_token_is_found_in_header_and_cookie() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; turns_session=fromcookie; b=2"));
        assert_eq!(token(&headers), Some("fromcookie"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer fromheader"));
        assert_eq!(token(&headers), Some("fromheader"));
        headers.insert(header::COOKIE, HeaderValue::from_static("turns_session_old=x"));
        headers.remove(header::AUTHORIZATION);
        assert_eq!(token(&headers), None);
    }
}
