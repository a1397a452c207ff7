//! Waiting for news of one shape.
//!
//! **Invariant:** a session that has ended gets nothing more, not even from a request that was waiting.

use super::{answer::Answer, hub::Listening, offset::Offset, read::Reading, request::Request, shape::Shape};
use crate::{
    app::App,
    auth::{self, Over, Session},
    metrics::Waiting,
    problem::Result,
};
use std::sync::Arc;

/// Who waits takes what this server has heard of, and will hear the rest.
const EVEN_OLD: i64 = 0;

/// Somebody who follows a shape from a place on, and listens since before that place was looked at.
pub struct Follower {
    app: App,
    shape: Arc<Shape>,
    request: Request,
    listening: Listening,
    /// The last look, where it brought nothing.
    empty: Option<Answer>,
}

/// Who follows a shape.
pub enum Caller {
    /// Somebody who is signed in, for as long as that is so.
    Person(Session),
    /// A program that knows the server's secret.
    Program,
}

impl Caller {
    /// Completes when the caller is not any more who it was when the request came.
    pub async fn over(&self, app: &App) -> Over {
        match self {
            Self::Person(session) => session.over(app).await,
            Self::Program => std::future::pending().await,
        }
    }
}

/// What a follower finds.
pub enum Look {
    /// Something.
    News(Answer),
    /// The end of the log, and nothing before it.
    Nothing,
    /// Its place is not in the log any more.
    Gone,
}

impl Follower {
    /// Listens from now on: what is committed before the first look is heard, or seen by it.
    pub fn begin(app: &App, shape: &Arc<Shape>, request: &Request) -> Self {
        Self {
            app: app.clone(),
            shape: Arc::clone(shape),
            request: request.clone(),
            listening: app.hub.join(shape),
            empty: None,
        }
    }

    /// What there is from here on.
    pub async fn look(&mut self) -> Result<Look> {
        let reading = Reading {
            app: &self.app,
            shape: &self.shape,
            request: &self.request,
        };
        let answer = match reading.recent(EVEN_OLD) {
            Some(answer) => Some(answer),
            // Boxed: what waits would carry the room for it along.
            None => Box::pin(reading.stored()).await?,
        };
        let Some(answer) = answer else { return Ok(Look::Gone) };
        // Where `now` was is remembered: what comes while we wait is after it.
        self.request.offset = answer.next;
        if answer.is_up_to_date && !answer.has_data {
            self.empty = Some(answer);
            return Ok(Look::Nothing);
        }
        Ok(Look::News(answer))
    }

    /// Where the next look begins.
    pub const fn place(&self) -> Offset {
        self.request.offset
    }

    /// Waits for what comes after a look that brought nothing. Dropped on the way, it has passed over nothing.
    pub async fn news(&mut self) -> Result<Look> {
        loop {
            let heard = self.listening.news().await;
            match self.look().await? {
                Look::Nothing => {}
                found => {
                    heard.at.inspect(|at| self.app.metrics.delivered(at.elapsed()));
                    return Ok(found);
                }
            }
        }
    }
}

/// A live request: at once where there is something, else when something comes, else empty; none where the place is gone.
pub async fn wait(app: &App, caller: &Caller, shape: &Arc<Shape>, request: &Request) -> Result<Option<Answer>> {
    let mut follower = Follower::begin(app, shape, request);
    let _counted = app.metrics.listen(Waiting::Request);
    let mut found = follower.look().await?;
    if matches!(found, Look::Nothing) {
        found = tokio::select! {
            news = follower.news() => news?,
            () = tokio::time::sleep(app.settings.limits.long_poll) => Look::Nothing,
            () = app.stopped() => Look::Nothing,
            over = caller.over(app) => match over {
                Over::Ended => return Err(auth::sign_in_first()),
                // The caller sees other rows by now: what it asks next is answered by these.
                Over::Changed => Look::Nothing,
            },
        };
    }
    Ok(match found {
        Look::News(answer) => Some(Answer {
            // Where the client was, not where the look began that brought it.
            from: request.offset,
            ..answer
        }),
        Look::Nothing => follower.empty,
        Look::Gone => None,
    })
}
