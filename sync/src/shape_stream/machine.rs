//! One table's shape stream as a state machine: what to ask next, what to store.
//!
//! [`ShapeStream::on`] decides; an edge fetches and stores. Every state meets every event in one `match`.
//!
//! | | is asked | then |
//! |---|---|---|
//! | `Snapshot` | from the beginning, page by page | everything swaps in at once, when it is up to date |
//! | `Following` | not live, from a stored place | each page is stored with its place |
//! | `Current` | nothing: it waits for the doorbell | a ring asks live |
//! | `Asking` | live: the doorbell has rung | |
//! | `Resting` | nothing, for a while, after a fault | asks again what it asked |
//!
//! **Invariant:** one question at a time, and from every state but `Stopped` the stream can get up to date.

use super::{Place, RowChange, ShapeAnswer, ShapeBatch};
use crate::outbox::backoff::pause_ms;
use domain::{Row, RowId, Table};
use protocol::ShapeRequest;
use std::collections::BTreeMap;

/// One table's stream.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeStream {
    table: Table,
    state: State,
    /// The doorbell has named the table, and no live request has gone out since. Others do not count: where Electric keeps the
    /// shapes, a ring can come before it has the change.
    rang: bool,
    /// Faults since the stream was last up to date.
    faults: u32,
}

/// Where a stream stands.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Nothing has happened yet.
    Idle,
    /// Collecting from the beginning: everything so far, and where the next page begins.
    Snapshot(Option<Place>, BTreeMap<RowId, Row>),
    /// Catching up from a stored place.
    Following(Place),
    /// Up to date, waiting for the doorbell.
    Current(Place),
    /// The doorbell rang: a live request is out.
    Asking(Place),
    /// After a fault: what is taken up again when the pause is over.
    Resting(Box<State>),
    /// The session has ended: nothing more is asked.
    Stopped,
}

/// What happens to a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It begins, from where the store says.
    Started(Option<Place>),
    /// An answer.
    Answered(ShapeAnswer),
    /// 409: the log is gone.
    MustRefetch,
    /// No answer, or a fault, which may say how long to wait.
    Failed {
        /// From `Retry-After`.
        retry_after_ms: Option<i64>,
    },
    /// 401: the session has ended.
    Unauthenticated,
    /// The doorbell named this table: there is news.
    Rang,
    /// The doorbell was away and is back, or has rung again: there may be news, and most often there is none.
    CatchUp,
    /// The pause is over.
    Rested,
    /// What was stored does not fit together: begin again.
    FoundGap,
}

/// What the edge does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the server.
    Fetch(ShapeRequest),
    /// Store, then go on.
    Store(ShapeBatch),
    /// Come back with [`Event::Rested`] after so long, and a little by chance.
    Rest {
        /// Milliseconds.
        pause_ms: i64,
    },
}

impl ShapeStream {
    /// A stream that has not begun.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            state: State::Idle,
            rang: false,
            faults: 0,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether everything that the doorbell has told of is here.
    pub fn is_current(&self) -> bool {
        matches!(self.state, State::Current(_)) && !self.rang
    }

    /// Decides. `now_ms` stamps the batches.
    pub fn on(&mut self, event: Event, now_ms: i64) -> Vec<Effect> {
        let state = std::mem::replace(&mut self.state, State::Idle);
        match (state, event) {
            (_, Event::Started(Some(place))) => self.follow(place),
            (_, Event::Started(None) | Event::FoundGap) => self.begin(),
            (_, Event::Unauthenticated) => self.stand(State::Stopped),
            (State::Stopped, _) => self.stand(State::Stopped),

            // The first time at once; a server that says so again and again is given time.
            (_, Event::MustRefetch) if self.faults == 0 => {
                self.faults = 1;
                self.begin()
            }
            (_, Event::MustRefetch) => self.rest(State::Idle, None),
            (State::Resting(then), Event::Failed { retry_after_ms }) => self.rest(*then, retry_after_ms),
            (then, Event::Failed { retry_after_ms }) => self.rest(then, retry_after_ms),

            (State::Snapshot(_, rows), Event::Answered(answer)) => self.collect(rows, answer, now_ms),
            (State::Following(_) | State::Asking(_), Event::Answered(answer)) => self.advance(answer, now_ms),
            // The late answer of a life before.
            (state @ (State::Idle | State::Current(_) | State::Resting(_)), Event::Answered(_)) => self.stand(state),

            (State::Current(place), Event::Rang) => self.ask(place),
            (State::Current(place), Event::CatchUp) => self.follow(place),
            (state @ (State::Snapshot(..) | State::Following(_) | State::Asking(_)), Event::Rang | Event::CatchUp) => {
                self.rang = true;
                self.stand(state)
            }
            (state @ (State::Idle | State::Resting(_)), Event::Rang) => {
                self.rang = true;
                self.stand(state)
            }
            // Not begun, or resting: the next request goes out after this.
            (state @ (State::Idle | State::Resting(_)), Event::CatchUp) => self.stand(state),

            (State::Resting(then), Event::Rested) => self.resume(*then),
            (state @ (State::Idle | State::Snapshot(..) | State::Following(_) | State::Current(_) | State::Asking(_)), Event::Rested) => self.stand(state),
        }
    }

    fn stand(&mut self, state: State) -> Vec<Effect> {
        self.state = state;
        vec![]
    }

    fn begin(&mut self) -> Vec<Effect> {
        self.state = State::Snapshot(None, BTreeMap::new());
        vec![Effect::Fetch(ShapeRequest::beginning(self.table))]
    }

    fn follow(&mut self, place: Place) -> Vec<Effect> {
        let fetch = self.request(&place, false);
        self.state = State::Following(place);
        vec![fetch]
    }

    /// Once up to date a stream asks live: some servers answer other requests before they have all rows
    /// (seen in Electric 1.7.12 while it writes a very large transaction).
    fn ask(&mut self, place: Place) -> Vec<Effect> {
        let fetch = self.request(&place, true);
        self.state = State::Asking(place);
        vec![fetch]
    }

    fn request(&mut self, place: &Place, live: bool) -> Effect {
        self.rang &= !live;
        Effect::Fetch(ShapeRequest {
            table: self.table,
            offset: place.offset.clone(),
            handle: Some(place.handle.clone()),
            live,
            cursor: None,
        })
    }

    fn collect(&mut self, mut rows: BTreeMap<RowId, Row>, answer: ShapeAnswer, now_ms: i64) -> Vec<Effect> {
        for change in &answer.changes {
            let mut row = rows.remove(&change.id());
            change.apply_to(&mut row);
            if let Some(row) = row {
                rows.insert(change.id(), row);
            }
        }
        if !answer.up_to_date {
            let fetch = self.request(&answer.place, false);
            self.state = State::Snapshot(Some(answer.place), rows);
            return vec![fetch];
        }
        let changes = rows.into_values().map(RowChange::Put).collect();
        let store = Effect::Store(ShapeBatch {
            table: self.table,
            reset: true,
            changes,
            place: answer.place.clone(),
            seen_at_ms: now_ms,
        });
        self.arrive(store, answer.place)
    }

    fn advance(&mut self, answer: ShapeAnswer, now_ms: i64) -> Vec<Effect> {
        let store = Effect::Store(ShapeBatch {
            table: self.table,
            reset: false,
            changes: answer.changes,
            place: answer.place.clone(),
            seen_at_ms: now_ms,
        });
        if answer.up_to_date {
            return self.arrive(store, answer.place);
        }
        let mut effects = vec![store];
        effects.extend(self.follow(answer.place));
        effects
    }

    /// Up to date; asks on when the doorbell rang while the answer was on its way.
    fn arrive(&mut self, store: Effect, place: Place) -> Vec<Effect> {
        self.faults = 0;
        let mut effects = vec![store];
        if self.rang {
            effects.extend(self.ask(place));
        } else {
            self.state = State::Current(place);
        }
        effects
    }

    fn rest(&mut self, then: State, retry_after_ms: Option<i64>) -> Vec<Effect> {
        self.faults += 1;
        self.state = State::Resting(Box::new(then));
        vec![Effect::Rest {
            pause_ms: retry_after_ms.unwrap_or_else(|| pause_ms(self.faults, 1.0)),
        }]
    }

    fn resume(&mut self, then: State) -> Vec<Effect> {
        match then {
            State::Snapshot(Some(place), rows) => {
                let fetch = self.request(&place, false);
                self.state = State::Snapshot(Some(place), rows);
                vec![fetch]
            }
            State::Idle | State::Snapshot(None, _) => self.begin(),
            State::Following(place) | State::Current(place) => self.follow(place),
            // What rang has still not been heard.
            State::Asking(place) => self.ask(place),
            State::Resting(then) => self.resume(*then),
            State::Stopped => self.stand(State::Stopped),
        }
    }
}
