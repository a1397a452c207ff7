//! Carries out what one table's [`ShapeStream`] decides.
//!
//! **Invariant:** one thing at a time; what happens meanwhile waits in the inbox.

use super::Audience;
use crate::{
    clock::BrowserClock,
    http::Http,
    scope::Nudge,
    store::{IdbStore, StoreError},
};
use domain::Table;
use futures::{StreamExt, channel::mpsc::UnboundedReceiver};
use std::rc::Rc;
use sync::{
    Applied, ShapeBatch, Store,
    shape_stream::{Effect, Event, Question, ShapeStream, State},
};

/// After the storage failed.
const STORAGE_PAUSE_MS: i64 = 10_000;

/// One table's stream with everything it needs.
pub struct Stream<A> {
    pub table: Table,
    pub store: IdbStore,
    pub http: Http,
    pub nudge: Nudge,
    pub audience: Rc<A>,
    pub inbox: UnboundedReceiver<Event>,
}

impl<A: Audience> Stream<A> {
    /// Runs until the session or the inbox ends.
    pub async fn run(mut self) {
        let mut machine = ShapeStream::new(self.table);
        let mut next = self.inbox.next().await;
        while let Some(event) = next {
            let ended = event == Event::Unauthenticated;
            let event = self.with_place(event).await;
            let effects = machine.on(event, BrowserClock.now());
            self.audience.stream_stands(self.table, in_words(machine.state()));
            if ended {
                return self.audience.session_ended();
            }
            next = match self.carry_out(effects).await {
                Some(event) => Some(event),
                None => self.inbox.next().await,
            };
        }
    }

    /// A stream starts where the store says.
    async fn with_place(&self, event: Event) -> Event {
        match event {
            Event::Started(None) => Event::Started(self.store.place(self.table).await.unwrap_or_default()),
            other => other,
        }
    }

    /// Does what was decided and says what came of it.
    async fn carry_out(&self, effects: Vec<Effect>) -> Option<Event> {
        let mut outcome = None;
        for effect in effects {
            outcome = match effect {
                Effect::Fetch(request) => Some(self.http.fetch_shape(&request).await),
                Effect::Rest { pause_ms } => {
                    self.nudge.pause(pause_ms).await;
                    Some(Event::Rested)
                }
                Effect::Store(batch) => match self.keep(&batch).await {
                    None => None,
                    // What was to follow would follow on from rows that are not there.
                    interrupted => return interrupted,
                },
            };
        }
        outcome
    }

    async fn keep(&self, batch: &ShapeBatch) -> Option<Event> {
        match self.store.apply_shape(batch).await {
            Ok(Applied { has_gap: true, .. }) => Some(Event::FoundGap),
            Ok(applied) => {
                self.audience.stored(batch, &applied);
                None
            }
            Err(StoreError::NotOurs) => Some(Event::Unauthenticated),
            Err(StoreError::UnreadableRow(_)) => Some(Event::FoundGap),
            Err(error) => {
                self.audience.storage_failed(&error);
                self.nudge.pause(STORAGE_PAUSE_MS).await;
                // The machine is ahead of the store now: back to where that stands.
                Some(Event::Started(None))
            }
        }
    }
}

fn in_words(state: &State) -> &'static str {
    match state {
        State::Idle => "not begun",
        State::Asked(Question::Snapshot(..)) => "first sync",
        State::Asked(Question::Following(_)) => "catching up",
        State::Asked(Question::Live(_)) => "fetching news",
        State::Current(_) => "up to date",
        State::Resting(_) => "pausing after a fault",
        State::Refused(_) => "refused by the server",
        State::Stopped => "stopped",
    }
}
