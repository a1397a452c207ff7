//! The end of a session, for what waits on its behalf.
//!
//! A sign-out or an administrator is heard at once; the command line and other servers on the same database, through the
//! change log, within half a second. What changes the database past all of them is seen when the session is looked up again.
//!
//! **Invariant:** what waits on a session that has ended or changed goes on for no longer than until the next look
//! ([`crate::config::Limits::look_again`]).

use super::session::{self, Session};
use crate::{app::App, clock};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// Why a session is not what it was when the request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Signed out, ended by somebody, expired, or the account is no longer active.
    Ended,
    /// The person is another by now: another role, say.
    Changed,
}

impl Session {
    /// Completes when the session is not any more what it was when the request came.
    pub async fn over(&self, app: &App) -> Over {
        let mut changes = app.db.people().listen();
        let left_micros = self.expires_at.micros() - clock::now().micros();
        let expired = tokio::time::sleep(Duration::from_micros(u64::try_from(left_micros).unwrap_or(0)));
        // The first tick comes at once: for what happened before we listened.
        let mut ticks = tokio::time::interval(app.settings.limits.look_again);
        tokio::pin!(expired);
        loop {
            tokio::select! {
                () = &mut expired => return Over::Ended,
                _ = ticks.tick() => {}
                changed = changes.recv() => match changed {
                    Ok(user) if user != self.user.id => continue,
                    Err(RecvError::Closed) => return Over::Ended,
                    // Ours, or too many to know whose.
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                }
            }
            // Boxed: what waits would carry the room for it along.
            if let Some(over) = Box::pin(self.is_over(app)).await {
                return over;
            }
        }
    }

    async fn is_over(&self, app: &App) -> Option<Over> {
        match session::look_again(app, self, clock::now()).await {
            Ok(None) => Some(Over::Ended),
            Ok(Some(now)) => (now.user != self.user).then_some(Over::Changed),
            // A database that does not answer now will be asked again.
            Err(error) => {
                tracing::warn!(%error, "a waiting request could not look its session up");
                None
            }
        }
    }
}
