//! What stands before a password: the limit.
//!
//! **Invariant:** a password is hashed only after its attempt was counted; a flood of them burns no processor.

use super::{accounts, sessions};
use crate::{
    app::App,
    limits::{Attempt, Budget, Exceeded},
    problem::{Failure, Result},
    web::client::Client,
};
use domain::{Timestamp, UserId};

/// Counts an attempt to prove oneself; refuses where there were too many.
pub async fn admit<'a>(app: &'a App, client: &Client, email: &str, at: Timestamp) -> Result<Attempt<'a>> {
    let refused = |exceeded: Exceeded| {
        app.metrics.rate_limited(Budget::Auth);
        Failure::from(exceeded)
    };
    let attempt = app.limiter.attempt(client.ip(), email, at).await.map_err(refused)?;
    match attempt.exceeded() {
        Some(exceeded) if !is_known_there(app, client, email, at).await? => Err(refused(exceeded)),
        _ => Ok(attempt),
    }
}

/// Whether the account has a session that was begun at this network address.
async fn is_known_there(app: &App, client: &Client, email: &str, at: Timestamp) -> Result<bool> {
    let Some(account) = accounts::by_email(app.db.readers(), email).await? else {
        return Ok(false);
    };
    let theirs = sessions::of_user(app.db.readers(), UserId(account.id.0), at).await?;
    Ok(client.address.is_some() && theirs.iter().any(|session| session.address == client.address))
}
