//! Who came in, who tried, and who went.
//!
//! **Invariant:** nothing that was typed is kept. People type passwords into the wrong field: an address that nobody has
//! is remembered as an attempt from a place, and no more.

use super::{Note, note};
use crate::{app::App, auth::Session, clock, problem::Result, web::client::Client};
use domain::{Timestamp, UserId};
use protocol::User;
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

/// A right password. In the transaction that begins the session.
pub async fn succeeded(tx: &impl ConnectionTrait, user: &User, client: &Client, session_id: Uuid, at: Timestamp) -> Result<()> {
    let entry = Note {
        by: Some(user.viewer()),
        operation: "sign-in",
        new: Some(json!({"user_id": user.id})),
        ..blank(client, session_id)
    };
    note(tx, entry, at).await
}

/// A wrong password of an account, or an address that nobody has: both cost the same, so that neither can be told by its time.
pub async fn failed(app: &App, account: Option<UserId>, client: &Client) -> Result<()> {
    let tx = app.db.write().await?;
    let entry = Note {
        operation: "sign-in-failed",
        new: account.map(|id| json!({"user_id": id})),
        ..blank(client, Uuid::nil())
    };
    note(&*tx, entry, clock::now()).await?;
    tx.commit().await
}

/// Somebody left.
pub async fn ended(tx: &impl ConnectionTrait, session: &Session, client: &Client, at: Timestamp) -> Result<()> {
    let entry = Note {
        by: Some(session.viewer()),
        operation: "sign-out",
        old: Some(json!({"user_id": session.user.id})),
        ..blank(client, session.id.0)
    };
    note(tx, entry, at).await
}

fn blank(client: &Client, session_id: Uuid) -> Note<'_> {
    Note {
        by: None,
        client,
        table: "sessions",
        row_id: session_id,
        on_behalf_of: None,
        operation: "",
        old: None,
        new: None,
    }
}
