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

pub use answer::{BodyRead, BodyReader, ShapeAnswer, UnreadableAnswer, read_changes};
pub use machine::ShapeStream;
pub use silence::{Moment, Silence};
pub use state::{Effect, Event, Owed, Question, State};

use crate::outbox::{OutboxRecord, Receipt, WriteState};
use domain::{Row, RowId, Table, Value};
use serde::{Deserialize, Serialize};

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
    /// Some columns.
    Patch {
        /// Which row.
        id: RowId,
        /// A column's position in its table, and its value.
        columns: Vec<(usize, Value)>,
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
}

/// An echo is given up when its table has been looked at so often since the receipt came, and was up to date and had nothing new each time: the row
/// came and went before its write was acknowledged. The first of these looks may have been asked for before there was a receipt, and a standby may
/// answer one that is some seconds behind.
const LOOKS_WITHOUT_ECHO: u32 = 3;

impl ShapeBatch {
    /// What the batch says about an acknowledged write: the record as it shall stand, settled where this is its echo or there will be none. Nothing
    /// where it says nothing. `synced` is the row after the batch.
    pub fn heard_by(&self, record: &OutboxRecord, synced: Option<&Row>) -> Option<OutboxRecord> {
        if record.table != self.table || record.state != WriteState::Acked {
            return None;
        }
        let mut heard = record.clone();
        if let Some(receipt) = heard.receipt.as_mut().filter(|_| self.is_quiet_look()) {
            receipt.quiet_looks = receipt.quiet_looks.saturating_add(1);
        }
        let is_overdue = |receipt: &Receipt| receipt.quiet_looks >= LOOKS_WITHOUT_ECHO;
        if self.echoes(record, synced) || heard.receipt.as_ref().is_some_and(is_overdue) {
            return Some(heard.in_state(WriteState::Settled));
        }
        (heard != *record).then_some(heard)
    }

    /// Whether the log was at its end and had nothing new beside what is there.
    const fn is_quiet_look(&self) -> bool {
        self.is_up_to_date && (self.reset || self.changes.is_empty())
    }

    fn echoes(&self, record: &OutboxRecord, synced: Option<&Row>) -> bool {
        // A row that went may come back on the log's next page, where its echo stands.
        if synced.is_none() && !self.is_up_to_date {
            return false;
        }
        let is_removed = |change: &RowChange| matches!(change, RowChange::Remove(id) if *id == record.row_id);
        // That a row is not in a snapshot says nothing: the snapshot may be older than the write.
        let has_left = synced.is_none() && self.changes.iter().any(is_removed);
        record.is_echoed(synced, has_left)
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
                    columns.iter().for_each(|(index, value)| row.set_at(*index, value.clone()));
                }
            }
            Self::Remove(_) => *row = None,
        }
    }
}
