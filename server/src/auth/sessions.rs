//! Sessions as rows: begun, seen, listed and ended.
//!
//! **Invariant:** whatever ends sessions notes it in its transaction ([`Transaction::person_changed`]), so that what waits on
//! their behalf ends too.

use super::{
    SESSION_SECONDS, accounts,
    session::{self, SessionId},
};
use crate::{
    app::App,
    db::{
        Transaction,
        entity::{session as row, user},
    },
    ids,
    problem::Result,
    web::client::Client,
};
use domain::{Timestamp, UserId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, prelude::TextUuid, sea_query::Expr};

/// How far `last_seen_at` may be behind: a write for every request would cost more than it tells.
const SEEN_EVERY_MICROS: i64 = 5 * 60 * 1_000_000;

/// A session that has just begun.
pub(super) struct Begun {
    /// Its token, which is not kept.
    pub token: String,
    /// Names it to people.
    pub id: SessionId,
}

/// Begins a session of an account that has proven itself; none where the account has changed meanwhile.
pub(super) async fn begin(tx: &Transaction, proven: &user::Model, client: &Client, at: Timestamp) -> Result<Option<Begun>> {
    let user = UserId(proven.id.0);
    let account = accounts::by_id(&**tx, user).await?;
    if !account.is_some_and(|account| account.is_active && account.password_hash == proven.password_hash) {
        return Ok(None);
    }
    // Ended sessions are swept when a new one begins: no timer, and never many.
    row::Entity::delete_many().filter(row::Column::ExpiresAt.lte(at.micros())).exec(&**tx).await?;
    let (token, id) = (ids::new_secret(), SessionId(ids::new_id()));
    let model = row::Model {
        token_digest: session::digest(&token),
        id: TextUuid(id.0),
        user_id: TextUuid(user.0),
        created_at: at.micros(),
        expires_at: at.micros() + SESSION_SECONDS * 1_000_000,
        last_seen_at: at.micros(),
        address: client.address.clone(),
        user_agent: client.agent.clone(),
    };
    row::Entity::insert(model.into_active_model()).exec_without_returning(&**tx).await?;
    accounts::note_sign_in(&**tx, user, at).await?;
    Ok(Some(Begun { token, id }))
}

/// Remembers, some minutes late and beside the answer, that a session is in use.
pub(super) fn note_seen(app: &App, id: SessionId, last_seen_at: Timestamp, at: Timestamp) {
    let too_old = at.micros() - SEEN_EVERY_MICROS;
    if last_seen_at.micros() > too_old {
        return;
    }
    let db = app.db.clone();
    tokio::spawn(async move {
        let seen = async {
            let tx = db.write().await?;
            // Of several requests at once, one writes.
            row::Entity::update_many()
                .col_expr(row::Column::LastSeenAt, Expr::value(at.micros()))
                .filter(row::Column::Id.eq(TextUuid(id.0)))
                .filter(row::Column::LastSeenAt.lte(too_old))
                .exec(&*tx)
                .await?;
            tx.commit().await
        };
        if let Err(error) = seen.await {
            tracing::warn!(%error, "it was not noted that a session is in use");
        }
    });
}

/// The sessions of a person that have not expired, the last used first.
pub async fn of_user(db: &impl ConnectionTrait, user: UserId, at: Timestamp) -> Result<Vec<row::Model>> {
    let query = row::Entity::find()
        .filter(row::Column::UserId.eq(TextUuid(user.0)))
        .filter(row::Column::ExpiresAt.gt(at.micros()));
    Ok(query.order_by_desc(row::Column::LastSeenAt).order_by_desc(row::Column::Id).all(db).await?)
}

/// A session by its id.
pub async fn by_id(db: &impl ConnectionTrait, id: SessionId) -> Result<Option<row::Model>> {
    Ok(row::Entity::find().filter(row::Column::Id.eq(TextUuid(id.0))).one(db).await?)
}

/// A session by the digest of its token.
pub(super) async fn by_digest(db: &impl ConnectionTrait, digest: &str) -> Result<Option<row::Model>> {
    Ok(row::Entity::find_by_id(digest).one(db).await?)
}

/// Ends a session of a person.
pub async fn end(tx: &Transaction, id: SessionId, user: UserId) -> Result<()> {
    tx.person_changed(user);
    row::Entity::delete_many().filter(row::Column::Id.eq(TextUuid(id.0))).exec(&**tx).await?;
    Ok(())
}

/// Ends the sessions of a person, but for one where one is to stay; gives how many.
pub async fn end_all(tx: &Transaction, user: UserId, but: Option<SessionId>) -> Result<u64> {
    tx.person_changed(user);
    let mut query = row::Entity::delete_many().filter(row::Column::UserId.eq(TextUuid(user.0)));
    if let Some(SessionId(id)) = but {
        query = query.filter(row::Column::Id.ne(TextUuid(id)));
    }
    Ok(query.exec(&**tx).await?.rows_affected)
}
