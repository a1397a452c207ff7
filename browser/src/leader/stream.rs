//! Carries out what one table's [`ShapeStream`] decides.
//!
//! **Invariant:** one question or one pause is under way; a new one takes its place.

use super::{Audience, StreamState, tidying::Tidying, turnstile::Turnstile};
use crate::{
    clock::BrowserClock,
    http::Http,
    scope::Nudge,
    store::{DeviceStore, StoreError},
};
use domain::Table;
use futures::{
    FutureExt, StreamExt,
    channel::mpsc::UnboundedReceiver,
    future::{Either, LocalBoxFuture, join, pending, select},
};
use std::{cell::Cell, rc::Rc};
use sync::{
    Applied, ShapeBatch, Store,
    shape_stream::{Effect, Event, Question, ShapeStream, State},
};

/// After the storage failed; doubled each time, so that a full device does not fetch for nothing all day.
const STORAGE_PAUSE_MS: i64 = 10_000;
const MOST_DOUBLINGS: u32 = 6;

/// One table's stream.
pub struct Stream<A> {
    pub hands: Hands<A>,
    pub inbox: UnboundedReceiver<Event>,
}

/// Everything that carrying out needs.
pub struct Hands<A> {
    pub table: Table,
    pub store: DeviceStore,
    /// How often in a row something could not be stored.
    pub failures: Cell<u32>,
    pub http: Http,
    pub turnstile: Turnstile,
    pub tidying: Tidying,
    pub nudge: Nudge,
    pub audience: Rc<A>,
}

impl<A: Audience> Stream<A> {
    /// Runs until the session or the inbox ends.
    pub async fn run(self) {
        let Self { hands, mut inbox } = self;
        let mut machine = ShapeStream::new(hands.table);
        let mut under_way = nothing();
        loop {
            let event = match select(inbox.next(), &mut under_way).await {
                Either::Left((None, _)) => return,
                Either::Left((Some(event), _)) => event,
                Either::Right((outcome, _)) => {
                    under_way = nothing();
                    outcome
                }
            };
            let mut next_event = Some(event);
            while let Some(event) = next_event.take() {
                let ended = event == Event::Unauthenticated;
                let event = hands.with_place(event).await;
                let effects = machine.on(event, BrowserClock.now());
                hands.audience.stream_stands(hands.table, standing(machine.state()));
                if ended {
                    return hands.audience.session_ended();
                }
                match hands.carry_out(effects).await {
                    Ok(None) => {}
                    Ok(Some(next)) => under_way = next,
                    // Before anything that waits in the inbox: what that asks for would follow on from rows that are not there.
                    Err(interruption) => next_event = Some(interruption),
                }
            }
        }
    }
}

/// What comes of a question or a pause. Dropped, the question is taken back.
type UnderWay<'a> = LocalBoxFuture<'a, Event>;

fn nothing<'a>() -> UnderWay<'a> {
    pending().boxed_local()
}

impl<A: Audience> Hands<A> {
    /// A stream starts where the store says.
    async fn with_place(&self, event: Event) -> Event {
        match event {
            Event::Started(None) => {
                let place = self.store.place(self.table).await.unwrap_or_default();
                self.audience.begins_at(self.table, place.as_ref());
                Event::Started(place)
            }
            other => other,
        }
    }

    /// Stores what is to be stored, and begins what comes next; `None` where that goes on that is under way. What could not be
    /// stored interrupts.
    async fn carry_out(&self, effects: Vec<Effect>) -> Result<Option<UnderWay<'_>>, Event> {
        let mut next = None;
        for effect in effects {
            next = match effect {
                Effect::Fetch(request) => Some(async move { self.turnstile.ask(&self.http, &request).await }.boxed_local()),
                Effect::Rest { pause_ms } => Some(self.nudge.pause(pause_ms).map(|()| Event::Rested).boxed_local()),
                Effect::Store(batch) => match self.keep(&batch).await {
                    None => None,
                    Some(interruption) => return Err(interruption),
                },
            };
        }
        Ok(next)
    }

    async fn keep(&self, batch: &ShapeBatch) -> Option<Event> {
        let (applied, prepared) = join(self.store.apply_shape(batch), self.audience.prepare(batch)).await;
        match applied {
            Ok(Applied { has_gap: true, .. }) => Some(Event::FoundGap),
            Ok(applied) => {
                self.failures.set(0);
                self.tidying.note_stored();
                self.audience.stored(batch, prepared, &applied).await;
                None
            }
            Err(StoreError::NotOurs) => Some(Event::Unauthenticated),
            Err(StoreError::UnreadableRow(_)) => Some(Event::FoundGap),
            Err(error) => {
                self.audience.storage_failed(&error);
                let failures = self.failures.get();
                self.failures.set(failures.saturating_add(1));
                self.nudge.pause(STORAGE_PAUSE_MS << failures.min(MOST_DOUBLINGS)).await;
                // The machine is ahead of the store now: back to where that stands.
                Some(Event::Started(None))
            }
        }
    }
}

fn standing(state: &State) -> StreamState {
    StreamState {
        how: in_words(state),
        rows_so_far: match state {
            State::Asked(Question::Snapshot(_, rows)) => Some(rows.len()),
            _ => None,
        },
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
