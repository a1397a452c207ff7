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
//! **Invariant:** rows and place are stored together; a place is never ahead of its rows.

mod answer;

pub use answer::{ShapeAnswer, read_changes};

use crate::outbox::{OutboxRecord, WriteState, settle::pause_ms};
use domain::{Row, RowId, Table};
use protocol::ShapeRequest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Where a stream goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The shape's log.
    pub handle: String,
    /// The place in it.
    pub offset: String,
}

/// One row's change, as it is to be stored.
#[derive(Clone, Debug, PartialEq)]
pub enum RowChange {
    /// The whole row.
    Put(Row),
    /// Some columns, in PostgreSQL's text form.
    Patch {
        /// Which row.
        id: RowId,
        /// Column → text or null.
        columns: Map<String, Json>,
    },
    /// The row left the shape.
    Remove(RowId),
}

/// Changes and the place behind them: stored in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeBatch {
    /// Which table.
    pub table: Table,
    /// These rows replace all others of the table.
    pub reset: bool,
    /// In the order of the log.
    pub changes: Vec<RowChange>,
    /// Where the stream goes on after them.
    pub place: Place,
    /// When they came, in milliseconds since 1970.
    pub seen_at_ms: i64,
}

/// An echo that has not come after so long will not: the row came and went before its write was acknowledged.
const ECHO_OVERDUE_MS: i64 = 5 * 60 * 1_000;

impl ShapeBatch {
    /// Whether the batch brings an acknowledged write's echo. `synced` is the row after the batch.
    pub fn echoes(&self, record: &OutboxRecord, synced: Option<&Row>) -> bool {
        let removed = self
            .changes
            .iter()
            .any(|change| matches!(change, RowChange::Remove(id) if *id == record.row_id));
        let left = synced.is_none() && (removed || self.reset);
        let overdue = record
            .receipt
            .as_ref()
            .is_some_and(|receipt| self.seen_at_ms.saturating_sub(receipt.received_at_ms) > ECHO_OVERDUE_MS);
        record.is_echoed(synced, left || (overdue && record.state == WriteState::Acked))
    }
}

impl RowChange {
    /// Which row.
    pub fn id(&self) -> RowId {
        match self {
            Self::Put(row) => row.id(),
            Self::Patch { id, .. } | Self::Remove(id) => *id,
        }
    }

    /// The id of a row that is put.
    pub fn put_id(&self) -> Option<RowId> {
        matches!(self, Self::Put(_)).then(|| self.id())
    }

    /// Changes a row in memory. A patch of a row that is not there does nothing; the store reports it as a gap.
    pub fn apply_to(&self, row: &mut Option<Row>) {
        match self {
            Self::Put(put) => *row = Some(put.clone()),
            Self::Patch { columns, .. } => {
                if let Some(row) = row {
                    // Unreadable columns were refused when the answer was read.
                    let _ = row.merge_pg_json(columns);
                }
            }
            Self::Remove(_) => *row = None,
        }
    }
}

/// One table's stream.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeStream {
    table: Table,
    state: State,
    /// The doorbell has named the table since the last request went out.
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
    /// The doorbell was away and is back: there may be news.
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
            // Not begun, or resting: the next request goes out after this news.
            (state @ (State::Idle | State::Resting(_)), Event::Rang | Event::CatchUp) => self.stand(state),

            (State::Resting(then), Event::Rested) => self.resume(*then),
            (state @ (State::Idle | State::Snapshot(..) | State::Following(_) | State::Current(_) | State::Asking(_)), Event::Rested) => self.stand(state),
        }
    }

    fn stand(&mut self, state: State) -> Vec<Effect> {
        self.state = state;
        vec![]
    }

    fn begin(&mut self) -> Vec<Effect> {
        self.rang = false;
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
        self.rang = false;
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
            State::Following(place) | State::Current(place) | State::Asking(place) => self.follow(place),
            State::Resting(then) => self.resume(*then),
            State::Stopped => self.stand(State::Stopped),
        }
    }
}
