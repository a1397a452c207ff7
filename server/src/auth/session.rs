//! Sessions: a random token at the caller, its digest here.
//!
//! **Invariant:** a handler that takes a [`Session`] runs only for an active account with an unexpired session.

use super::{SESSION_SECONDS, accounts};
use crate::{
    app::App,
    audit, clock,
    db::entity::{session, user},
    ids,
    problem::{Failure, Result},
    web::client::Client,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use domain::{Timestamp, UserId, Viewer};
use protocol::{ProblemCode, User};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, prelude::TextUuid};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The cookie's name.
pub const COOKIE: &str = "turns_session";

/// A signed-in caller.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who it is.
    pub user: User,
    /// Names this session among all.
    pub token_digest: String,
    /// Names it to people and in the audit log; tells nothing of the token.
    pub id: Uuid,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl Session {
    /// The caller, as the rules of sight and permission take a person.
    pub fn viewer(&self) -> Viewer {
        self.user.viewer()
    }

    /// URL names of the caller's shapes.
    pub fn shapes(&self) -> Vec<String> {
        self.viewer().shapes().into_iter().map(|table| table.url_name().to_owned()).collect()
    }
}

impl FromRequestParts<App> for Session {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let unauthenticated = || Failure::refused(ProblemCode::Unauthenticated, "sign in first");
        let token = token(&parts.headers).ok_or_else(unauthenticated)?;
        find(app, token, clock::now()).await?.ok_or_else(unauthenticated)
    }
}

/// Begins a session; gives its token, which is not kept.
pub(super) async fn begin(app: &App, user: &User, client: &Client, at: Timestamp) -> Result<String> {
    let (token, id) = (ids::new_secret(), ids::new_id());
    let model = session::Model {
        token_digest: digest(&token),
        id: TextUuid(id),
        user_id: TextUuid(user.id.0),
        created_at: at.micros(),
        expires_at: at.micros() + SESSION_SECONDS * 1_000_000,
        last_seen_at: at.micros(),
        address: client.address.clone(),
        user_agent: client.agent.clone(),
    };
    let tx = app.db.write().await?;
    // Ended sessions are swept when a new one begins: no timer, and never many.
    session::Entity::delete_many()
        .filter(session::Column::ExpiresAt.lte(at.micros()))
        .exec(&*tx)
        .await?;
    session::Entity::insert(model.into_active_model()).exec_without_returning(&*tx).await?;
    audit::sign_in::succeeded(&*tx, user, client, id, at).await?;
    tx.commit().await?;
    Ok(token)
}

/// Ends a session and everything that listens on its behalf.
pub(super) async fn end(app: &App, token: &str, client: &Client, at: Timestamp) -> Result<()> {
    let token_digest = digest(token);
    let session = find(app, token, at).await?;
    let tx = app.db.write().await?;
    if let Some(session) = session {
        audit::sign_in::ended(&*tx, &session, client, at).await?;
    }
    session::Entity::delete_by_id(token_digest.clone()).exec(&*tx).await?;
    tx.commit().await?;
    // Nobody listening is no error.
    let _ = app.signed_out.send(token_digest);
    Ok(())
}

/// The caller's token: the header before the cookie, so that an API client in a browser can be somebody else.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| cookie(headers))
}

/// `Authorization: Bearer …`
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

async fn find(app: &App, token: &str, at: Timestamp) -> Result<Option<Session>> {
    let found = session::Entity::find_by_id(digest(token)).one(app.db.readers()).await?;
    let Some(found) = found.filter(|session| session.expires_at > at.micros()) else {
        return Ok(None);
    };
    let account: Option<user::Model> = accounts::by_id(app.db.readers(), UserId(found.user_id.0)).await?;
    let Some(account) = account.filter(|account| account.is_active) else {
        return Ok(None);
    };
    Ok(Some(Session {
        user: accounts::public(account)?,
        token_digest: found.token_digest,
        id: found.id.0,
        expires_at: Timestamp::from_micros(found.expires_at),
    }))
}

fn digest(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
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
