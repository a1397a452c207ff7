//! Waiting for news of one shape.
//!
//! **Invariant:** a session that has ended gets nothing more, not even from a request that was waiting.

use super::{answer::Answer, handlers::read, request::Request, shape::Shape};
use crate::{
    app::App,
    auth::{self, Over, Session},
    db::Commit,
    metrics::Waiting,
    problem::Result,
};
use std::{sync::Arc, time::Instant};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Somebody who follows a shape from a place on, and listens since before that place was looked at.
pub struct Follower {
    app: App,
    shape: Shape,
    request: Request,
    commits: Receiver<Arc<Commit>>,
    /// The last look, where it brought nothing.
    empty: Option<Answer>,
}

impl Follower {
    /// Listens from now on: what is committed before the first look is heard, or seen by it.
    pub fn begin(app: &App, shape: &Shape, request: &Request) -> Self {
        Self {
            app: app.clone(),
            shape: shape.clone(),
            request: request.clone(),
            commits: app.db.commits(),
            empty: None,
        }
    }

    /// The next answer with something in it, as soon as there is one; none where the place is gone. Dropped on the way, it
    /// has passed over nothing.
    pub async fn news(&mut self) -> Result<Option<Answer>> {
        let mut committed_at = None;
        loop {
            let answer = read(&self.app, &self.shape, &self.request).await?;
            let is_empty = answer.as_ref().is_some_and(|answer| answer.is_up_to_date && !answer.has_data);
            if let Some(answer) = &answer {
                // Where `now` was is remembered: what comes while we wait is after it.
                self.request.offset = answer.next;
            }
            if !is_empty {
                committed_at.inspect(|at: &Instant| self.app.metrics.delivered(at.elapsed()));
                return Ok(answer);
            }
            self.empty = answer;
            committed_at = self.relevant().await;
        }
    }

    /// Completes when something is committed that concerns the shape, or may; tells when that was.
    async fn relevant(&mut self) -> Option<Instant> {
        loop {
            match self.commits.recv().await {
                Ok(commit) if commit.changes.iter().any(|change| self.shape.concerns(change)) => return Some(commit.at),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return None,
                // The database has closed: the server stops, and says so by itself.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

/// A live request: at once where there is something, else when something comes, else empty.
pub async fn wait(app: &App, session: &Session, shape: &Shape, request: &Request) -> Result<Option<Answer>> {
    let mut follower = Follower::begin(app, shape, request);
    let over = session.over(app);
    let deadline = tokio::time::sleep(app.settings.limits.long_poll);
    let _listening = app.metrics.listen(Waiting::Request, [shape.handle.clone()]);
    tokio::select! {
        biased;
        over = over => match over {
            Over::Ended => return Err(auth::sign_in_first()),
            // The caller sees other rows by now: what it asks next is answered by these.
            Over::Changed => {}
        },
        news = follower.news() => return news,
        () = deadline => {}
        () = app.stopped() => {}
    }
    match follower.empty {
        Some(empty) => Ok(Some(empty)),
        // Interrupted in the middle of the first look.
        None => read(app, shape, request).await,
    }
}
