//! One question at a time, however many tables there are.
//!
//! A browser has six connections to a server that speaks HTTP/1.1, for all tabs and for the worker together; nine tables that
//! ask at once would leave none for a write. Each gets its turn; a live question, which may wait for long and for nothing,
//! gives way after a moment when another wants to ask.
//!
//! **Invariant:** of all clones of a turnstile one question is out, and a question that nobody waits for any more is not.

use crate::{
    http::Http,
    scope::{self, Nudge},
};
use futures::{
    future::{Either, select},
    lock::{Mutex, MutexGuard},
};
use protocol::ShapeRequest;
use std::{cell::Cell, pin::pin, rc::Rc};
use sync::shape_stream::Event;

/// What rang is there after this, if it is there at all: Electric takes some milliseconds, and when it takes longer the doorbell
/// rings once more.
const LIVE_TURN_MS: i64 = 250;

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Turnstile(Rc<Inner>);

#[derive(Default)]
struct Inner {
    turn: Mutex<()>,
    in_line: Cell<u32>,
    arrival: Nudge,
}

impl Turnstile {
    /// Asks when it is this question's turn.
    pub async fn ask(&self, http: &Http, request: &ShapeRequest) -> Event {
        let _turn = self.wait_in_line().await;
        let answer = pin!(http.fetch_shape(request));
        if !request.live {
            return answer.await;
        }
        match select(answer, pin!(self.is_wanted())).await {
            Either::Left((event, _)) => event,
            Either::Right(_) => Event::GaveWay,
        }
    }

    async fn wait_in_line(&self) -> MutexGuard<'_, ()> {
        let _place = PlaceInLine::take(&self.0);
        self.0.turn.lock().await
    }

    /// Completes when the turn is over and somebody is in line.
    async fn is_wanted(&self) {
        scope::sleep(LIVE_TURN_MS).await;
        while self.0.in_line.get() == 0 {
            self.0.arrival.next().await;
        }
    }
}

/// Left when the turn comes, and when it is not waited for any more.
struct PlaceInLine<'a>(&'a Inner);

impl<'a> PlaceInLine<'a> {
    fn take(inner: &'a Inner) -> Self {
        inner.in_line.update(|count| count + 1);
        inner.arrival.now();
        Self(inner)
    }
}

impl Drop for PlaceInLine<'_> {
    fn drop(&mut self) {
        self.0.in_line.update(|count| count - 1);
    }
}
