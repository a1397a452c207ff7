//! One table's shape stream as a state machine: what to ask next, what to store.
//!
//! [`ShapeStream::on`] decides; an edge fetches and stores. Every state meets every event in one `match` without a rest, and
//! `tests/shape_stream_table.rs` has the same as a table to read.
//!
//! | | is asked | then |
//! |---|---|---|
//! | `Snapshot` | from the beginning, page by page | everything swaps in at once, when it is up to date |
//! | `Following` | not live, from a stored place | each page is stored with its place |
//! | `Live` | live: the doorbell has rung | the same |
//! | `Current` | nothing: it waits for the doorbell | a ring asks |
//! | `Resting`, `Refused` | nothing, for a while, after a fault | asks again what it asked |
//!
//! **Invariant:** one question at a time, and from every state but `Stopped` the stream can get up to date.

use super::{
    Effect, Event, Owed, Place, Question, RowChange, ShapeAnswer, ShapeBatch, State,
    pause::{REFUSED_PAUSE_MS, pause_ms},
    trust::{Trust, trust},
};
use crate::outbox::settle::Now;
use domain::{Row, RowId, Table};
use protocol::ShapeRequest;
use std::collections::BTreeMap;

/// One table's stream.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeStream {
    table: Table,
    state: State,
    owed: Owed,
    /// Faults since the stream was last up to date.
    faults: u32,
    /// How often the log was lost since a place in one was last good for more. A snapshot alone does not count: where every place is
    /// refused, each refusal would bring everything anew.
    losses: u32,
    /// The log that was lost last. The server must not give it again, and a cache between must not answer with it.
    expired: Option<String>,
}

impl ShapeStream {
    /// A stream that has not begun.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            state: State::Idle,
            owed: Owed::Nothing,
            faults: 0,
            losses: 0,
            expired: None,
        }
    }

    /// Where it stands.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Whether everything that the doorbell has told of is here.
    pub fn is_current(&self) -> bool {
        matches!(self.state, State::Current(_)) && self.owed == Owed::Nothing
    }

    /// Decides.
    pub fn on(&mut self, event: Event, now: Now) -> Vec<Effect> {
        use State::{Asked, Current, Idle, Refused, Resting, Stopped};
        let state = std::mem::replace(&mut self.state, Idle);
        match (state, event) {
            (Idle | Asked(_) | Current(_) | Resting(_) | Refused(_) | Stopped, Event::Started(Some(place))) => self.follow(place),
            (Idle | Asked(_) | Current(_) | Resting(_) | Refused(_) | Stopped, Event::Started(None)) => self.ask(Question::beginning()),
            (Idle | Asked(_) | Current(_) | Resting(_) | Refused(_) | Stopped, Event::Unauthenticated) => self.stand(Stopped),
            (
                Stopped,
                Event::Answered(_)
                | Event::MustRefetch
                | Event::Failed { .. }
                | Event::NotUnderstood
                | Event::Denied
                | Event::GaveWay
                | Event::Rang
                | Event::CatchUp
                | Event::Woke
                | Event::Rested
                | Event::FoundGap,
            ) => self.stand(Stopped),

            (Asked(question), Event::Answered(answer)) => self.take(question, answer, now),
            (Asked(question), Event::MustRefetch) => self.lose(question.place().cloned(), now),
            (Asked(question), Event::Failed { retry_after_ms }) => self.rest(question, retry_after_ms, now),
            (Asked(question), Event::NotUnderstood) => self.mistrust(&question, now),
            (Asked(question), Event::Denied) => self.refuse(question, now),
            (Asked(question), Event::GaveWay) => self.ask(question.without_waiting()),
            // Answers to what was asked in a life before.
            (
                state @ (Idle | Current(_) | Resting(_) | Refused(_)),
                Event::Answered(_) | Event::MustRefetch | Event::Failed { .. } | Event::NotUnderstood | Event::Denied | Event::GaveWay,
            ) => self.stand(state),

            (Current(place), Event::Rang) => self.answer_ring(place),
            (state @ (Idle | Asked(_) | Resting(_) | Refused(_)), Event::Rang) => self.owe(state, self.owed_for_a_ring()),
            (Current(place), Event::CatchUp) => self.follow(place),
            (state @ Asked(_), Event::CatchUp) => self.owe(state, Owed::Look),
            // The next request goes out after this.
            (state @ (Idle | Resting(_) | Refused(_)), Event::CatchUp) => self.stand(state),

            (Current(place), Event::Woke) => self.follow(place),
            // What a live question waited for is there by now, or the doorbell rings when it is back.
            (Asked(question) | Resting(question) | Refused(question), Event::Woke) => self.ask(question.without_waiting()),
            (Resting(question) | Refused(question), Event::Rested) => self.ask(question),
            (state @ Idle, Event::Woke) | (state @ (Idle | Asked(_) | Current(_)), Event::Rested) => self.stand(state),

            (Idle | Asked(_) | Current(_), Event::FoundGap) => self.lose(None, now),
            (Resting(_), Event::FoundGap) => self.stand(Resting(Question::beginning())),
            (Refused(_), Event::FoundGap) => self.stand(Refused(Question::beginning())),
        }
    }

    fn stand(&mut self, state: State) -> Vec<Effect> {
        self.state = state;
        vec![]
    }

    fn owe(&mut self, state: State, owed: Owed) -> Vec<Effect> {
        self.owed = self.owed.max(owed);
        self.stand(state)
    }

    /// Reference data changes a few times a year: a ring for it is looked into, and never waited for.
    const fn owed_for_a_ring(&self) -> Owed {
        if self.table.is_reference() { Owed::Look } else { Owed::Live }
    }

    fn answer_ring(&mut self, place: Place) -> Vec<Effect> {
        self.owed = self.owed_for_a_ring();
        self.go_on(place)
    }

    fn follow(&mut self, place: Place) -> Vec<Effect> {
        self.ask(Question::Following(place))
    }

    fn ask(&mut self, question: Question) -> Vec<Effect> {
        let place = question.place();
        let live = matches!(question, Question::Live(_));
        let request = ShapeRequest {
            offset: place.map_or_else(|| protocol::shape::BEGINNING.to_owned(), |place| place.offset.clone()),
            handle: place.map(|place| place.handle.clone()),
            expired_handle: self.expired.clone(),
            live,
            ..ShapeRequest::beginning(self.table)
        };
        // Any request that goes out from now on is a look; only a live one waits for what rang.
        if live || self.owed == Owed::Look {
            self.owed = Owed::Nothing;
        }
        self.state = State::Asked(question);
        vec![Effect::Fetch(request)]
    }

    fn take(&mut self, question: Question, answer: ShapeAnswer, now: Now) -> Vec<Effect> {
        match (trust(&question, &answer), question) {
            (Trust::OtherLog, question) => self.lose(question.place().cloned(), now),
            (Trust::Stale, question) => self.rest(question, None, now),
            (Trust::Good, Question::Snapshot(_, rows)) => self.collect(rows, answer),
            (Trust::Good, Question::Following(_) | Question::Live(_)) => self.advance(answer),
        }
    }

    fn collect(&mut self, mut rows: BTreeMap<RowId, Row>, answer: ShapeAnswer) -> Vec<Effect> {
        for change in &answer.changes {
            let mut row = rows.remove(&change.id());
            change.apply_to(&mut row);
            if let Some(row) = row {
                rows.insert(change.id(), row);
            }
        }
        if !answer.up_to_date {
            return self.ask(Question::Snapshot(Some(answer.place), rows));
        }
        let changes = rows.into_values().map(RowChange::Put).collect();
        let store = self.store(true, changes, &answer);
        self.arrive(store, answer.place)
    }

    fn advance(&mut self, mut answer: ShapeAnswer) -> Vec<Effect> {
        self.losses = 0;
        let store = self.store(false, std::mem::take(&mut answer.changes), &answer);
        if answer.up_to_date {
            return self.arrive(store, answer.place);
        }
        let mut effects = vec![store];
        effects.extend(self.follow(answer.place));
        effects
    }

    fn store(&self, reset: bool, changes: Vec<RowChange>, answer: &ShapeAnswer) -> Effect {
        Effect::Store(ShapeBatch {
            table: self.table,
            reset,
            changes,
            place: answer.place.clone(),
            is_up_to_date: answer.up_to_date,
        })
    }

    /// Up to date; goes on with what came up while the answer was on its way.
    fn arrive(&mut self, store: Effect, place: Place) -> Vec<Effect> {
        self.faults = 0;
        let mut effects = vec![store];
        effects.extend(self.go_on(place));
        effects
    }

    /// Once up to date a ring is asked for live: some servers answer other requests before they have all rows
    /// (seen in Electric 1.7.12 while it writes a very large transaction).
    fn go_on(&mut self, place: Place) -> Vec<Effect> {
        match self.owed {
            Owed::Nothing => self.stand(State::Current(place)),
            Owed::Look => self.follow(place),
            Owed::Live => self.ask(Question::Live(place)),
        }
    }

    fn rest(&mut self, question: Question, retry_after_ms: Option<i64>, now: Now) -> Vec<Effect> {
        self.faults = self.faults.saturating_add(1);
        self.state = State::Resting(question);
        vec![Effect::Rest {
            pause_ms: pause_ms(self.faults, retry_after_ms, now.jitter),
        }]
    }

    /// The log is lost. The first time everything is fetched anew at once; a server that says so again and again is given time.
    fn lose(&mut self, at: Option<Place>, now: Now) -> Vec<Effect> {
        self.expired = at.map(|place| place.handle).or(self.expired.take());
        self.losses = self.losses.saturating_add(1);
        if self.losses == 1 {
            return self.ask(Question::beginning());
        }
        self.state = State::Resting(Question::beginning());
        vec![Effect::Rest {
            pause_ms: pause_ms(self.losses - 1, None, now.jitter),
        }]
    }

    /// A place that the server cannot make sense of is given up, once; after that it is the server that cannot be made sense of.
    fn mistrust(&mut self, question: &Question, now: Now) -> Vec<Effect> {
        if question.place().is_some() && self.losses == 0 {
            return self.lose(None, now);
        }
        self.refuse(Question::beginning(), now)
    }

    fn refuse(&mut self, question: Question, now: Now) -> Vec<Effect> {
        self.state = State::Refused(question);
        vec![Effect::Rest {
            pause_ms: REFUSED_PAUSE_MS + (REFUSED_PAUSE_MS as f64 / 4.0 * now.jitter.clamp(0.0, 1.0)) as i64,
        }]
    }
}
