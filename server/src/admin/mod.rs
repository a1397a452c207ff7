//! The administrators' own API: accounts, their sessions, and from which amount somebody must approve.
//!
//! Read it in this order: [`rules`] (who may do what to whom), [`keeping`] (doing it, in one transaction with its audit
//! entry), [`users`] and [`sessions`] (HTTP), [`thresholds`]. Stages and property types are rows like any other: they are
//! written through `POST /api/write/turn-stages` and `/api/write/property-types`.
//!
//! **Invariant:** whatever changes here is audited in the same transaction, without secrets.

pub mod keeping;
pub mod rules;
pub mod thresholds;

mod account;
mod sessions;
mod users;

pub use account::{name, role};

use crate::{
    app::App,
    auth::Session,
    problem::{Failure, Result},
};
use axum::{extract::FromRequestParts, http::request::Parts};
use protocol::ProblemCode;
use utoipa_axum::router::OpenApiRouter;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(users::routes())
        .merge(sessions::routes())
        .merge(thresholds::routes())
}

/// A signed-in administrator; everybody else is refused.
#[derive(Clone, Debug)]
pub struct Administrator(pub Session);

impl FromRequestParts<App> for Administrator {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let session = Session::from_request_parts(parts, app).await?;
        if session.user.role.is_admin() {
            return Ok(Self(session));
        }
        Err(Failure::refused(ProblemCode::Permission, "this is for administrators"))
    }
}

impl From<rules::Forbidden> for Failure {
    fn from(forbidden: rules::Forbidden) -> Self {
        Self::refused(ProblemCode::Permission, forbidden.to_string())
    }
}
