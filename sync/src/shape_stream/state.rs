//! Where a stream can stand, what can happen to it, and what it can want.
//!
//! **Invariant:** a state says all about what is asked; nothing is asked in `Idle`, `Current`, `Resting`, `Refused` and `Stopped`.

use super::{Place, ShapeAnswer, ShapeBatch};
use domain::{Row, RowId};
use protocol::ShapeRequest;
use std::collections::BTreeMap;

/// Where a stream stands.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Nothing has happened yet.
    Idle,
    /// This is asked, and not answered yet.
    Asked(Question),
    /// Up to date, waiting for the doorbell.
    Current(Place),
    /// After a fault: what is asked again when the pause is over.
    Resting(Question),
    /// The server has refused it and will most likely do so again: the person is told, and it is asked again after a long pause.
    Refused(Question),
    /// The session has ended: nothing more is asked.
    Stopped,
}

/// What a stream asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// A page of everything: where it begins, and what came before it. Nothing is stored until the last is here.
    Snapshot(Option<Place>, BTreeMap<RowId, Row>),
    /// What there is behind a stored place, without waiting.
    Following(Place),
    /// What comes behind it: the doorbell has rung.
    Live(Place),
}

impl Question {
    /// From the beginning.
    pub const fn beginning() -> Self {
        Self::Snapshot(None, BTreeMap::new())
    }

    /// Where it begins; none for the beginning.
    pub const fn place(&self) -> Option<&Place> {
        match self {
            Self::Snapshot(place, _) => place.as_ref(),
            Self::Following(place) | Self::Live(place) => Some(place),
        }
    }

    /// The same, answered at once.
    pub fn without_waiting(self) -> Self {
        match self {
            Self::Live(place) => Self::Following(place),
            Self::Snapshot(..) | Self::Following(_) => self,
        }
    }
}

/// What happens to a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It begins, from where the store says.
    Started(Option<Place>),
    /// An answer.
    Answered(ShapeAnswer),
    /// 409: the log is gone, or never was.
    MustRefetch,
    /// No answer, or a fault, which may say how long to wait.
    Failed {
        /// From `Retry-After`.
        retry_after_ms: Option<i64>,
    },
    /// 400: the server cannot make sense of the question.
    NotUnderstood,
    /// 403 or 404: this table is not for this user, or not of this server.
    Denied,
    /// 401: the session has ended.
    Unauthenticated,
    /// A live question was given up for another table's.
    GaveWay,
    /// The doorbell named this table: there is news.
    Rang,
    /// The doorbell was away and is back, or has rung again, or it is time to look: there may be news, and most often there is none.
    CatchUp,
    /// Nothing was heard for so long that whatever is asked went over a connection that is dead by now.
    Woke,
    /// The pause is over.
    Rested,
    /// What was to be stored does not fit what is there: begin again.
    FoundGap,
}

/// What the edge does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the server; what was asked before and is not answered is given up.
    Fetch(ShapeRequest),
    /// Store, then go on.
    Store(ShapeBatch),
    /// Come back with [`Event::Rested`] after so long.
    Rest {
        /// Milliseconds, measured from now and not until a time of day: clocks are set, and wrong.
        pause_ms: i64,
    },
}

/// What shall be asked when what is asked is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owed {
    /// Nothing.
    #[default]
    Nothing,
    /// A look without waiting: there may be news.
    Look,
    /// A live question. Others do not do: where Electric keeps the shapes, a ring can come before it has the change.
    Live,
}
