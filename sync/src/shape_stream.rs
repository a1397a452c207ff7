//! What a shape brings: rows, and the place in the log behind them.
//!
//! [`ShapeStream`] decides what to ask next; [`read_changes`] reads the answers.
//!
//! **Invariant:** rows and place are stored together; a place is never ahead of its rows.

mod answer;
mod machine;
mod pause;
mod silence;
mod state;
mod trust;

pub use answer::{ShapeAnswer, read_changes};
pub use machine::ShapeStream;
pub use silence::{Moment, Silence};
pub use state::{Effect, Event, Owed, Question, State};

use crate::outbox::{OutboxRecord, Receipt};
use domain::{Row, RowId, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

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
    /// The end of the log is reached: what has happened so far has been told by now.
    pub is_up_to_date: bool,
    /// When they came, in milliseconds since 1970.
    pub seen_at_ms: i64,
}

/// An echo that has not come after so long will not: the row came and went before its write was acknowledged.
const ECHO_OVERDUE_MS: u64 = 5 * 60 * 1_000;

impl ShapeBatch {
    /// Whether the batch brings an acknowledged write's echo. `synced` is the row after the batch.
    pub fn echoes(&self, record: &OutboxRecord, synced: Option<&Row>) -> bool {
        // A row that went may come back on the log's next page, where its echo stands.
        if synced.is_none() && !self.is_up_to_date {
            return false;
        }
        let is_removed = |change: &RowChange| matches!(change, RowChange::Remove(id) if *id == record.row_id);
        // That a row is not in a snapshot says nothing: the snapshot may be older than the write.
        let has_left = synced.is_none() && self.changes.iter().any(is_removed);
        // A clock that was set back meanwhile tells nothing either; and after a night the echo may stand on the log's next page.
        let is_overdue = |receipt: &Receipt| self.is_up_to_date && self.seen_at_ms.abs_diff(receipt.received_at_ms) > ECHO_OVERDUE_MS;
        record.is_echoed(synced, has_left || record.receipt.as_ref().is_some_and(is_overdue))
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
